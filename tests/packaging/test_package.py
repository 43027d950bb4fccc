"""What is published: the wheel, the source distribution, and the version that they carry."""

import re
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

import lief
import pytest
from packaging.tags import platform_tags
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from support import (
    HEADER,
    ROOT,
    Argument,
    CMake,
    Environment,
    build_wheel,
    copy_sources,
    declared,
    files_below,
    project_files,
    run,
    shared_library_names,
)

# The shared libraries that are in a wheel, without what each system adds to the names.
LIBRARIES = ["example", "fastcall"]

NAME = canonicalize_name("pyexample")
VERSION = declared("EXAMPLE_VERSION")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sdist(ROOT, tmp_path_factory.mktemp("sdist"))


# --- The wheel ------------------------------------------------------------------------


def test_one_wheel_serves_every_python_on_this_platform(wheel: Path) -> None:
    name, version, build, tags = parse_wheel_filename(wheel.name)
    assert (name, str(version), build) == (NAME, VERSION, ())
    (tag,) = tags
    assert (tag.interpreter, tag.abi) == ("py3", "none")
    assert tag.platform in platform_tags()
    with ZipFile(wheel) as archive:
        text = archive.read(f"pyexample-{VERSION}.dist-info/WHEEL").decode()
    assert f"Tag: {tag}\n" in text
    assert "Root-Is-Purelib: false\n" in text


def test_wheel_has_the_package_its_libraries_and_nothing_else(wheel: Path) -> None:
    names = wheel_names(wheel)
    libraries = {name for name in names if name.startswith("pyexample/lib/")}
    metadata = {name for name in names if name.startswith(f"pyexample-{VERSION}.dist-info/")}
    assert names - libraries - metadata == package_files()
    assert {name.split("/", 1)[1] for name in metadata} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }
    assert len(libraries) == len(LIBRARIES)
    for name in LIBRARIES:
        assert libraries & {f"pyexample/lib/{file}" for file in shared_library_names(name)}


def test_wheel_is_small(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        sizes = {each.filename: each.compress_size for each in archive.infolist()}
    assert sum(size for name, size in sizes.items() if "/lib/" in name) < 37_000
    # What an installed binding needs when it runs, rather than when it is developed.
    development = tuple(
        f"pyexample/{it}/" for it in ("abi", "bind", "ffi/c", "generate", "headers", "new")
    )
    # The language of declarations is most of it.
    assert (
        sum(size for name, size in sizes.items() if not name.startswith(development)) < 225_000
    )
    assert wheel.stat().st_size < 535_000


def test_no_library_needs_python(wheel: Path, tmp_path: Path) -> None:
    for path in unpacked_libraries(wheel, tmp_path):
        library = lief.parse(path)
        assert isinstance(library, lief.ELF.Binary | lief.PE.Binary | lief.MachO.Binary)
        needed = [str(name) for name in library.libraries]
        assert not [name for name in needed if "python" in name.lower()]
        # Python's own functions could be left open, for whoever loads it to provide.
        if isinstance(library, lief.ELF.Binary):
            names = [str(symbol.name) for symbol in library.dynamic_symbols]
            assert not [name for name in names if name.startswith("Py")]


@pytest.mark.slow
def test_libraries_that_lie_about_are_not_packaged(wheel: Path, sources: Path) -> None:
    package = sources / "src" / "pyexample"
    (package / "lib").mkdir()
    stale = {
        package / folder / file
        for folder in ("", "lib", "ffi")
        for name in ("example", "stale")
        for file in shared_library_names(name)
    }
    for path in [*stale, package / "lib" / "libexample.so.1"]:
        path.write_text("stale")
    again = build_wheel(sources, sources / "out")
    assert wheel_names(again) == wheel_names(wheel)
    for path in unpacked_libraries(again, sources / "unpacked"):
        assert path.read_bytes() != b"stale"


@pytest.mark.slow
def test_a_static_library_is_not_packaged_silently(sources: Path) -> None:
    """Python could not load it, so that the wheel would be one without any library."""
    with pytest.raises(AssertionError, match="Python cannot load a static library"):
        build_wheel(sources, sources / "out", {"CMAKE_ARGS": "-DBUILD_SHARED_LIBS=OFF"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUILD_SHARED_LIBS", "OFF"),
        ("CMAKE_ARGS", "-DCMAKE_INSTALL_LIBDIR=lib64"),
        ("CMAKE_ARGS", "-DCMAKE_RELEASE_POSTFIX=-r -DCMAKE_UNITY_BUILD=ON"),
        ("CMAKE_ARGS", "-DCMAKE_BUILD_TYPE=Debug -DCMAKE_DEBUG_POSTFIX=d"),
        ("CMAKE_BUILD_TYPE", "Debug"),
        ("CMAKE_GENERATOR", "Ninja Multi-Config"),
        ("CMAKE_INSTALL_PREFIX", "elsewhere"),
        ("DESTDIR", "elsewhere"),
    ],
)
def test_wheel_has_its_library_whatever_the_environment_says(
    name: str, value: str, wheel: Path, tmp_path: Path
) -> None:
    folder = str(tmp_path / "elsewhere")
    built = build_wheel(ROOT, tmp_path, {name: value.replace("elsewhere", folder)})
    assert wheel_names(built) == wheel_names(wheel)


# --- The source distribution ----------------------------------------------------------


# What .ci/run starts is in the repository only.
OURS_ALONE = (
    ".ci/",
    ".clang-format",
    ".editorconfig",
    ".gitattributes",
    ".github/",
    ".pre-commit-hooks.yaml",
)


def test_sdist_has_every_source_and_nothing_else(sdist: Path, tmp_path: Path) -> None:
    name, version = parse_sdist_filename(sdist.name)
    assert (name, str(version)) == (NAME, VERSION)
    top = f"pyexample-{VERSION}/"
    with tarfile.open(sdist) as archive:
        names = {entry.name.removeprefix(top) for entry in archive if not entry.isdir()}
    sources = files_below(copy_sources(tmp_path))
    ours_alone = {name for name in sources if name.startswith(OURS_ALONE)}
    assert names == sources - ours_alone | {"PKG-INFO"}


def test_sdist_has_nothing_that_lies_about(sdist: Path, sources: Path, tmp_path: Path) -> None:
    """An installation, a copy, notes: git would say that they are untracked."""
    for name in ("prefix/lib/libexample.so.1", "prefix/include/example.h", "notes", "a.out"):
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_text("untracked")
    again = make_sdist(sources, tmp_path / "again")
    with tarfile.open(sdist) as before, tarfile.open(again) as after:
        assert set(after.getnames()) == set(before.getnames())


@pytest.mark.slow
def test_an_unpacked_sdist_passes_its_own_tests(sdist: Path, tmp_path: Path) -> None:
    """Those that look at the project itself, where git knows nothing of it."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    files = ("packaging/test_package", "packaging/test_workflows", "new/test_new")
    tests = [f"tests/{name}.py" for name in (*files, "test_docs", "test_planted")]
    options = ["-q", "-rs", "-p", "no:cacheprovider"]
    printed = run([sys.executable, "-m", "pytest", *options, *tests], cwd=folder)
    assert "not in the source distribution" in printed  # of what was skipped


@pytest.mark.slow
def test_sdist_makes_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    built = build_wheel(sdist, tmp_path)
    assert built.name == wheel.name
    assert wheel_names(built) == wheel_names(wheel)


# --- The repository -------------------------------------------------------------------


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git repository")
def test_nothing_that_is_built_is_in_git() -> None:
    git: list[Argument] = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT]
    assert run([*git, "ls-files", "--cached", "--ignored", "--exclude-standard"]) == ""
    assert not [name for name in project_files() if b"\0" in (ROOT / name).read_bytes()]


def test_version_is_written_once() -> None:
    literal = re.compile(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])")
    generated = (".github/requirements/", "PKG-INFO")
    files = [name for name in project_files() if not name.startswith(generated)]
    found = {name for name in files if literal.search((ROOT / name).read_text("utf-8"))}
    assert found - {"CHANGELOG.md"} == {HEADER.relative_to(ROOT).as_posix()}


@pytest.mark.slow
def test_everything_has_the_header_s_version(
    sources: Path, tmp_path: Path, environment: Environment, cmake: CMake
) -> None:
    header = sources / HEADER.relative_to(ROOT)
    header.write_text(header.read_text().replace(f'"{VERSION}"', '"98.76.54"'))

    wheel = build_wheel(sources, tmp_path)
    environment.install("--no-index", wheel)
    assert str(parse_wheel_filename(wheel.name)[1]) == "98.76.54"
    assert run([environment.scripts / "pyexample", "--version"]) == "pyexample 98.76.54\n"
    loaded = "import pyexample; print(pyexample.__version__)"
    assert environment.python(loaded) == "98.76.54\n"

    build, prefix = tmp_path / "build", tmp_path / "prefix"
    cmake.configure(sources, build)
    cmake.build(build)
    cmake.install(build, "--prefix", prefix)
    (pc,) = prefix.rglob("example.pc")
    assert "\nVersion: 98.76.54\n" in pc.read_text()
    (package,) = prefix.rglob("exampleConfigVersion.cmake")
    assert 'set(PACKAGE_VERSION "98.76.54")' in package.read_text()
    if sys.platform == "linux":
        assert list(prefix.rglob("libexample.so.98.76.54"))


# --- Helpers --------------------------------------------------------------------------


def make_sdist(source: Path, folder: Path) -> Path:
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation"]
    run([*build, "--outdir", folder, source])
    (path,) = folder.glob("*.tar.gz")
    return path


def wheel_names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    return set(names)


def unpacked_libraries(wheel: Path, folder: Path) -> Iterable[Path]:
    with ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202  (our own)
    return sorted((folder / "pyexample" / "lib").iterdir())


def package_files() -> set[str]:
    """What of the package is written by hand."""
    package = ROOT / "src" / "pyexample"
    suffixes = {".py", ".c", ".h", ".cmake", ".in"}
    sources = (path for path in package.rglob("*.*") if path.suffix in suffixes)
    return {f"pyexample/{path.relative_to(package).as_posix()}" for path in sources} | {
        "pyexample/ffi/LICENSE",
        "pyexample/py.typed",
    }
