"""The CMake project: what it installs, who can use it, and what it leaves alone.

Everything is tried with the oldest cmake that the project accepts and with the newest.
"""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import lief
import pytest
import wheel_checks
from support import (
    HEADER,
    ROOT,
    Argument,
    CMake,
    Missing,
    Tool,
    attempt,
    cmakes,
    copy_sources,
    declared,
    files_below,
    first_quickly,
    project_files,
    run,
    shared_library_names,
)

CONSUMERS = ROOT / "tests" / "packaging" / "consumers"
SQUARE_OF_SEVEN = "The square of 7 is 49.\n"
VERSION = declared("EXAMPLE_VERSION")
MAJOR, MINOR = map(int, VERSION.split(".")[:2])
OLDEST = "3.25"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="about names on Linux")
not_windows = pytest.mark.skipif(sys.platform == "win32", reason="not used on Windows")


@pytest.fixture(scope="module", params=first_quickly(["newest", "oldest"]))
def cmake(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, missing: Missing
) -> CMake:
    """Each end of what the project accepts; takes the place of the general fixture."""
    if request.param == "newest":
        return cmakes()[-1]
    oldest = [cmake for cmake in cmakes() if cmake.version.startswith(f"{OLDEST}.")]
    if not oldest:
        missing(f"cmake {OLDEST} is not on PATH")
    return oldest[0]


@pytest.fixture(scope="module", params=first_quickly(["shared", "static"]))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def build(cmake: CMake, kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    # By default it is shared, so that nothing is said then.
    cmake.configure(ROOT, folder, *["-DBUILD_SHARED_LIBS=OFF"] * (kind == "static"))
    cmake.build(folder)
    return folder


@pytest.fixture(scope="module")
def prefix(cmake: CMake, build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library is installed, after it was moved. The path has a space in it."""
    folder = tmp_path_factory.mktemp("installed")
    cmake.install(build, "--prefix", folder / "before")
    return (folder / "before").rename(folder / "moved here")


# --- find_package ---------------------------------------------------------------------


def test_find_package(cmake: CMake, kind: str, prefix: Path, tmp_path: Path) -> None:
    consumer = CONSUMERS / "find_package"
    cmake.configure(consumer, tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", *RELEASE)
    cmake.build(tmp_path)
    assert run_consumer(tmp_path, prefix) == SQUARE_OF_SEVEN
    # A static library has become part of the program, a shared one has not.
    assert (b"libexample" in program(tmp_path).read_bytes()) == (kind == "shared")


def test_find_package_takes_only_what_fits(cmake: CMake, prefix: Path, tmp_path: Path) -> None:
    fits = {
        f"{MAJOR}.{MINOR}": True,
        VERSION: True,
        f"{MAJOR}.{MINOR + 1}": False,
        f"{MAJOR + 1}.0": False,
        f"{MAJOR - 1}.0": False,
        f"{VERSION} COMPONENTS unheard_of": False,
    }
    lines = ["cmake_minimum_required(VERSION 3.25)", "project(consumer LANGUAGES NONE)"]
    for wanted in fits:
        lines.append(f"unset(example_DIR CACHE)\nfind_package(example {wanted} CONFIG)")
        said = "${example_FOUND} ${example_CONSIDERED_CONFIGS}\\n"
        lines.append(f'file(APPEND "${{PROJECT_BINARY_DIR}}/found" "{said}")')
    (tmp_path / "CMakeLists.txt").write_text("\n".join(lines))
    cmake.configure(tmp_path, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    answers = (tmp_path / "build" / "found").read_text().splitlines()
    for (wanted, found), answer in zip(fits.items(), answers, strict=True):
        assert answer.startswith(f"{int(found)} {prefix}"), wanted


# --- add_subdirectory, FetchContent ---------------------------------------------------


def test_add_subdirectory(cmake: CMake, kind: str, tmp_path: Path) -> None:
    shared = f"-DBUILD_SHARED_LIBS={'ON' if kind == 'shared' else 'OFF'}"
    cmake.configure(CONSUMERS / "add_subdirectory", tmp_path, shared, *RELEASE)
    cmake.build(tmp_path)
    assert run_consumer(tmp_path, tmp_path) == SQUARE_OF_SEVEN
    assert (b"libexample" in program(tmp_path).read_bytes()) == (kind == "shared")


def test_fetch_content(cmake: CMake, tmp_path: Path) -> None:
    fetched = f"-DFETCHCONTENT_SOURCE_DIR_EXAMPLE={ROOT}"
    cmake.configure(CONSUMERS / "fetch_content", tmp_path, fetched, *RELEASE)
    cmake.build(tmp_path)
    assert run_consumer(tmp_path, tmp_path) == SQUARE_OF_SEVEN


@pytest.mark.slow
def test_a_parent_project_stays_as_it_was(cmake: CMake, tmp_path: Path) -> None:
    """This project leaves no other trace than an empty one of its name does."""
    build = tmp_path / "build"
    before = cache_with_subdirectory(cmake, build, empty_project(tmp_path / "empty"))
    shutil.rmtree(build)
    after = cache_with_subdirectory(cmake, build, ROOT)
    assert {
        name for name in after.keys() - before.keys() if not name.startswith("EXAMPLE_")
    } == set()
    assert {name: after.get(name) for name in before} == before

    cmake.build(build)
    cmake.install(build, "--prefix", tmp_path / "prefix")
    assert not files_below(tmp_path / "prefix")
    assert "Total Tests: 0" in run([cmake.ctest, "--test-dir", build, "--show-only"])


def test_a_parent_project_may_ask_for_the_install_rules(cmake: CMake, tmp_path: Path) -> None:
    build, prefix = tmp_path / "build", tmp_path / "prefix"
    cmake.configure(CONSUMERS / "add_subdirectory", build, "-DEXAMPLE_INSTALL=ON", *RELEASE)
    cmake.build(build)
    cmake.install(build, "--prefix", prefix)
    assert "include/example.h" in files_below(prefix)


# --- pkg-config -----------------------------------------------------------------------


@not_windows
def test_pkg_config(tool: Tool, kind: str, prefix: Path, tmp_path: Path) -> None:
    (pc,) = prefix.rglob("example.pc")
    flags = build_with_pkg_config(tool, pc, tmp_path)
    assert ("-DEXAMPLE_STATIC" in flags) == (kind == "static")
    (libdir,) = shlex.split(pkg_config(tool, pc, "--variable=libdir"))
    assert Path(libdir).resolve().is_relative_to(prefix.resolve())


@not_windows
def test_pkg_config_names_the_library_of_its_configuration(
    cmake: CMake, tool: Tool, tmp_path: Path
) -> None:
    build, prefix = tmp_path / "build", tmp_path / "prefix"
    cmake.configure(ROOT, build, "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_DEBUG_POSTFIX=-debug")
    cmake.build(build)
    cmake.install(build, "--prefix", prefix)
    (pc,) = prefix.rglob("example.pc")
    assert "-lexample-debug" in build_with_pkg_config(tool, pc, tmp_path)


@pytest.mark.slow
@not_windows
@pytest.mark.parametrize(
    "folders",
    [
        {"LIBDIR": "lib/x86_64-linux-gnu", "INCLUDEDIR": "include/a/b"},
        {"LIBDIR": "{absolute}/lib"},
        {"INCLUDEDIR": "{absolute}/include"},
    ],
    ids=["multi-arch", "absolute lib", "absolute include"],
)
def test_it_is_found_wherever_it_is_installed(
    folders: dict[str, str], cmake: CMake, tool: Tool, tmp_path: Path
) -> None:
    build, configured = tmp_path / "build", tmp_path / "configured"
    absolute = {name: path.format(absolute=tmp_path) for name, path in folders.items()}
    options = [f"-DCMAKE_INSTALL_{name}={path}" for name, path in absolute.items()]
    cmake.configure(ROOT, build, f"-DCMAKE_INSTALL_PREFIX={configured}", *options)
    cmake.build(build)
    if folders.get("LIBDIR") == "{absolute}/lib":  # a .pc there cannot follow a moved prefix
        cmake.install(build)
    else:
        cmake.install(build, "--prefix", tmp_path / "elsewhere")
        (tmp_path / "elsewhere").rename(tmp_path / "moved here")

    (pc,) = [path for path in tmp_path.rglob("example.pc") if build not in path.parents]
    build_with_pkg_config(tool, pc, tmp_path)
    assert pkg_config(tool, pc, "--modversion").strip() == VERSION

    package = f"-Dexample_DIR={pc.parent.parent / 'cmake' / 'example'}"
    cmake.configure(CONSUMERS / "find_package", tmp_path / "consumers", package, *RELEASE)
    cmake.build(tmp_path / "consumers")
    assert run_consumer(tmp_path / "consumers", tmp_path) == SQUARE_OF_SEVEN


# --- What is installed ----------------------------------------------------------------


@linux_only
def test_each_component_installs_its_part(
    cmake: CMake, kind: str, build: Path, tmp_path: Path
) -> None:
    def installed(*component: str) -> set[str]:
        prefix = tmp_path / "-".join(["prefix", *component])
        cmake.install(build, "--prefix", prefix, *[f"--component={name}" for name in component])
        return {name.replace(f"{libdir}/", "lib/") for name in files_below(prefix)}

    libdir = cache(build)["CMAKE_INSTALL_LIBDIR"]
    abi = declared("EXAMPLE_ABI_VERSION")
    runtime = {f"lib/libexample.so.{abi}", f"lib/libexample.so.{VERSION}"}
    development = {
        "include/example.h",
        "lib/cmake/example/exampleConfig.cmake",
        "lib/cmake/example/exampleConfigVersion.cmake",
        "lib/cmake/example/exampleTargets-release.cmake",
        "lib/cmake/example/exampleTargets.cmake",
        "lib/pkgconfig/example.pc",
    }
    if kind == "shared":
        development |= {"lib/libexample.so"}  # what a linker looks for, not a program
    else:
        development |= {"lib/libexample.a"}
        runtime = set()
    assert installed("example_runtime") == runtime
    assert installed("example_development") == development
    assert installed() == runtime | development  # and nothing of Python's


@not_windows
def test_destdir(cmake: CMake, build: Path, tmp_path: Path) -> None:
    stage, prefix = tmp_path / "stage", tmp_path / "prefix"
    cmake.install(build, "--prefix", prefix, env={"DESTDIR": str(stage)})
    assert not prefix.exists()
    assert (stage / prefix.relative_to("/") / "include" / "example.h").is_file()


# --- How it is built ------------------------------------------------------------------


def test_the_user_s_flags_are_honoured(cmake: CMake, tmp_path: Path) -> None:
    export = "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"
    cmake.configure(
        ROOT, tmp_path, export, env={"CFLAGS": "-DHONOURED", "CMAKE_GENERATOR": "Ninja"}
    )
    commands = json.loads((tmp_path / "compile_commands.json").read_text())
    assert commands
    assert all("-DHONOURED" in command["command"].split() for command in commands)


@pytest.mark.parametrize("chosen", [None, "Debug"])
def test_it_is_optimised_unless_told_otherwise(
    chosen: str | None, cmake: CMake, tmp_path: Path
) -> None:
    options = [f"-DCMAKE_BUILD_TYPE={chosen}"] if chosen else []
    cmake.configure(ROOT, tmp_path, *options, env={"CMAKE_GENERATOR": "Ninja"})
    assert cache(tmp_path)["CMAKE_BUILD_TYPE"] == (chosen or "Release")


@pytest.mark.slow
def test_several_configurations_in_one_build(cmake: CMake, tmp_path: Path) -> None:
    build, prefix = tmp_path / "build", tmp_path / "prefix"
    cmake.configure(ROOT, build, env={"CMAKE_GENERATOR": "Ninja Multi-Config"})
    assert not cache(build).get("CMAKE_BUILD_TYPE")
    for configuration in ("Debug", "Release"):
        run([cmake.program, "--build", build, "--config", configuration])
        run([cmake.program, "--install", build, "--config", configuration, "--prefix", prefix])
    targets = {path.name for path in prefix.rglob("exampleTargets-*.cmake")}
    assert targets == {"exampleTargets-debug.cmake", "exampleTargets-release.cmake"}


NAMES_OF_LIBRARIES = [
    *("CMAKE_DEBUG_POSTFIX", "CMAKE_SHARED_LIBRARY_PREFIX", "CMAKE_SHARED_LIBRARY_SUFFIX")
]

# What packagers set for the whole of a build, or a project for those below it.
GLOBAL_VARIABLES = {
    "CMAKE_UNITY_BUILD": "ON",
    "CMAKE_INTERPROCEDURAL_OPTIMIZATION": "ON",
    "CMAKE_POSITION_INDEPENDENT_CODE": "OFF",
    "CMAKE_C_VISIBILITY_PRESET": "default",
    "CMAKE_C_EXTENSIONS": "ON",
    "CMAKE_C_STANDARD": "90",
    "CMAKE_DEBUG_POSTFIX": "d",
    "CMAKE_RELEASE_POSTFIX": "-release",
    "CMAKE_WINDOWS_EXPORT_ALL_SYMBOLS": "ON",
    "CMAKE_LIBRARY_OUTPUT_DIRECTORY": "libraries",
    "CMAKE_RUNTIME_OUTPUT_DIRECTORY": "programs",
}


@pytest.mark.parametrize("by", first_quickly(["command line", "parent"]))
def test_global_variables_do_no_harm(by: str, cmake: CMake, tmp_path: Path) -> None:
    """Each is honoured, or without effect where it would make another library of it."""
    build, source = tmp_path / "build", ROOT
    variables = {
        name: str(tmp_path / value) if name.endswith("DIRECTORY") else value
        for name, value in GLOBAL_VARIABLES.items()
    }
    options = [f"-D{name}={value}" for name, value in variables.items()]
    if by == "parent":
        source = tmp_path / "parent"
        source.mkdir()
        lines = [f'set({name} "{value}")' for name, value in variables.items()]
        (source / "CMakeLists.txt").write_text(
            "\n".join(
                [
                    *("cmake_minimum_required(VERSION 3.25)", "project(parent C)", *lines),
                    "enable_testing()",
                    f'add_subdirectory("{ROOT.as_posix()}" below)',
                ]
            )
        )
        options = []
    cmake.configure(source, build, "-DEXAMPLE_TESTS=ON", *options, *RELEASE)
    cmake.build(build)
    cmake.test(build, "-LE", "slow")
    if sys.platform == "linux":
        library = lief.parse(tmp_path / "libraries" / f"libexample-release.so.{VERSION}")
        assert isinstance(library, lief.ELF.Binary)
        functions = wheel_checks.declared(HEADER, "EXAMPLE_API")
        assert wheel_checks.exported(library) == functions


@not_windows
@pytest.mark.parametrize("name", first_quickly(NAMES_OF_LIBRARIES))
@pytest.mark.parametrize("generator", first_quickly(["Ninja", "Ninja Multi-Config"]))
def test_the_python_package_s_libraries_keep_their_names(
    name: str, generator: str, cmake: CMake, tmp_path: Path
) -> None:
    """For the loader looks for no other."""
    build, prefix = tmp_path / "build", tmp_path / "prefix"
    # After project(), as the project around this one sets it: the platform's files set some.
    (tmp_path / "set.cmake").write_text(f"set({name} _x)\n")
    options = [
        f"-DCMAKE_PROJECT_INCLUDE={tmp_path / 'set.cmake'}",
        "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
        "-DEXAMPLE_PYTHON=ON",
    ]
    if generator == "Ninja":
        options.append("-DCMAKE_BUILD_TYPE=Debug")
    cmake.configure(ROOT, build, *options, env={"CMAKE_GENERATOR": generator})
    run([cmake.program, "--build", build, "--config", "Debug"])
    run([cmake.program, "--install", build, "--config", "Debug", "--prefix", prefix])
    assert files_below(prefix) == {
        f"pyexample/lib/{file}"
        for library in ("example", "fastcall")
        for file in shared_library_names(library)
    }


def test_a_package_without_libraries_is_refused(cmake: CMake, tmp_path: Path) -> None:
    options = ["-DEXAMPLE_PYTHON=ON", "-DCMAKE_SKIP_INSTALL_RULES=ON"]
    with pytest.raises(AssertionError, match="CMAKE_SKIP_INSTALL_RULES is on"):
        cmake.configure(ROOT, tmp_path, *options)


@not_windows
def test_without_a_compiler_it_says_what_to_install(cmake: CMake, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    ninja = shutil.which("ninja")
    assert ninja
    (alone / "ninja").symlink_to(ninja)
    without = {"PATH": str(alone), "CC": "", "CMAKE_GENERATOR": "Ninja"}
    with pytest.raises(AssertionError) as caught:
        cmake.configure(ROOT, tmp_path / "build", env=without)
    for words in ("no C compiler was found", "apt install gcc", "xcode-select --install"):
        assert words in str(caught.value)


def test_with_a_compiler_it_says_nothing_of_it(cmake: CMake, tmp_path: Path) -> None:
    assert "no C compiler" not in attempt_to_configure(cmake, tmp_path, {})
    named = attempt_to_configure(cmake, tmp_path / "named", {"CC": "nonesuch"})
    assert "nonesuch" in named
    assert "no C compiler was found" not in named


# --- What it calls --------------------------------------------------------------------

NAMESAKE = "int square(int number) { return -number; }\n"


@pytest.fixture(scope="module")
def calls_itself(cmake: CMake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """libexample with a function more, which calls square(): linked as it is, by gcc."""
    sources = copy_sources(tmp_path_factory.mktemp("calls itself") / "sources")
    with (sources / "src" / "c" / "example.c").open("a") as file:
        file.write(
            "EXAMPLE_API int32_t example_fourth_power(int32_t number);\n"
            "int32_t example_fourth_power(int32_t number) { return square(square(number)); }\n"
        )
    build = sources / "build"
    cmake.configure(sources, build, *RELEASE)
    cmake.build(build)
    return build / "libexample.so"


@linux_only
@pytest.mark.parametrize("where", ["program", "preloaded"])
def test_a_namesake_is_not_called_in_place_of_the_library_s_own(
    where: str, calls_itself: Path, tool: Tool, tmp_path: Path
) -> None:
    (tmp_path / "namesake.c").write_text(NAMESAKE)
    program = tmp_path / "program"
    (tmp_path / "program.c").write_text(
        "#include <stdio.h>\nint square(int), example_fourth_power(int);\n"
        'int main(void) { printf("%d %d\\n", square(3), example_fourth_power(3)); return 0; }\n'
    )
    link: list[Argument] = [calls_itself, f"-Wl,-rpath,{calls_itself.parent}", "-o", program]
    namesake = [tmp_path / "namesake.c"] if where == "program" else []
    run([tool("cc"), tmp_path / "program.c", *namesake, *link])
    preload = {}
    if where == "preloaded":
        library = tmp_path / "namesake.so"
        run([tool("cc"), "-shared", "-fPIC", tmp_path / "namesake.c", "-o", library])
        preload = {"LD_PRELOAD": str(library)}
    # The program calls the namesake, as ELF says; the library calls its own.
    assert run([program], env=preload) == "-3 81\n"


@linux_only
def test_interposition_can_be_asked_for(cmake: CMake, tmp_path: Path) -> None:
    names = ("EXAMPLE_HAVE_BSYMBOLIC_FUNCTIONS", "EXAMPLE_HAVE_BSYMBOLIC")
    cmake.configure(ROOT, tmp_path, *[f"-D{name}=OFF" for name in names])
    assert "-Bsymbolic" not in run([cmake.program, "--build", tmp_path, "--verbose"])


def test_a_new_version_in_the_header_is_seen_by_the_next_build(
    cmake: CMake, sources: Path, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    cmake.configure(sources, build)
    cmake.build(build)
    header = sources / HEADER.relative_to(ROOT)
    header.write_text(header.read_text().replace(f'"{VERSION}"', '"98.76.54"'))
    cmake.build(build)
    assert cache(build)["CMAKE_PROJECT_VERSION"] == "98.76.54"


def test_cmake_knows_nothing_of_the_python_build() -> None:
    """A branch on SKBUILD would be taken in a project that adds this one, too."""
    files = [
        ROOT / name
        for name in project_files()
        if re.search(r"CMakeLists|\.cmake(\.in)?$", name)
    ]
    assert ROOT / "CMakeLists.txt" in files
    assert not [path for path in files if "SKBUILD" in path.read_text()]


# --- Helpers --------------------------------------------------------------------------

RELEASE = ["-DCMAKE_BUILD_TYPE=Release"]


def program(build: Path) -> Path:
    """The consumer that was built."""
    names = ("consumer", "consumer.exe")
    (path,) = [
        path for path in build.rglob("consumer*") if path.name in names and path.is_file()
    ]
    return path


def run_consumer(build: Path, libraries: Path) -> str:
    """What the consumer prints; on Windows a DLL must be found along PATH."""
    folders = {str(path.parent) for path in libraries.rglob("*.dll")}
    path = {"PATH": ";".join(folders)} if folders else {}
    return run([program(build)], env=path)


def attempt_to_configure(cmake: CMake, build: Path, env: dict[str, str]) -> str:
    """All that cmake says, whether it succeeds or not."""
    done = attempt([cmake.program, "-S", ROOT, "-B", build], env=env)
    return done.stdout + done.stderr


def empty_project(folder: Path) -> Path:
    folder.mkdir()
    text = f"project(example VERSION {VERSION} LANGUAGES C)\n"
    (folder / "CMakeLists.txt").write_text(f"cmake_minimum_required(VERSION 3.25)\n{text}")
    return folder


def cache_with_subdirectory(cmake: CMake, build: Path, sources: Path) -> dict[str, str]:
    """The cache of a project that adds ``sources``, without what names that folder."""
    parent = build.with_name("parent")
    parent.mkdir(exist_ok=True)
    (parent / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(parent C)\nenable_testing()\n"
        f'add_subdirectory("{sources.as_posix()}" subdirectory)\n'
    )
    cmake.configure(parent, build)
    return {name: value for name, value in cache(build).items() if value != str(sources)}


def cache(build: Path) -> dict[str, str]:
    """The variables in a build's cache."""
    text = (build / "CMakeCache.txt").read_text()
    return dict(re.findall(r"^([^#/\n][^:\n]*):\w+=(.*)$", text, re.MULTILINE))


def pkg_config(tool: Tool, pc: Path, *options: str) -> str:
    command: list[Argument] = [tool("pkg-config"), *options, "example"]
    return run(command, env={"PKG_CONFIG_LIBDIR": str(pc.parent)})


def build_with_pkg_config(tool: Tool, pc: Path, folder: Path) -> list[str]:
    """Build the consumer as a makefile does, run it, and return the flags that were used."""
    flags = shlex.split(pkg_config(tool, pc, "--cflags", "--libs"))
    (libdir,) = shlex.split(pkg_config(tool, pc, "--variable=libdir"))
    source = CONSUMERS / "consumer.c"
    run([tool("cc"), source, *flags, f"-Wl,-rpath,{libdir}", "-o", folder / "consumer"])
    assert run([folder / "consumer"]) == SQUARE_OF_SEVEN
    return flags
