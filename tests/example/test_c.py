"""The C library: it compiles everywhere, is correct, and exports what its header declares."""

import platform
import re
import shutil
import sys
from pathlib import Path

import lief
import pytest
import wheel_checks
from support import HEADER, ROOT, Argument, CMake, Missing, Tool, declared, first_quickly, run

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="about ELF")
not_windows = pytest.mark.skipif(sys.platform == "win32", reason="gcc's way to name things")

STANDARDS = ["c89", "c99", "c11", "c++98", "c++11", "c++20"]
FUNCTIONS = wheel_checks.declared(HEADER, "EXAMPLE_API")
CONSUMER = ROOT / "tests" / "packaging" / "consumers" / "consumer.c"


@pytest.fixture(scope="module", params=["gcc", pytest.param("clang", marks=pytest.mark.slow)])
def compiler(request: pytest.FixtureRequest, tool: Tool) -> str:
    return tool(request.param)


@pytest.fixture(scope="module")
def build(compiler: str, cmake: CMake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What users get, and the C tests; a warning is an error."""
    folder = tmp_path_factory.mktemp("build")
    options = [f"-DEXAMPLE_{name}=ON" for name in ("PYTHON", "TESTS", "WERROR")]
    release = [f"-DCMAKE_C_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Release"]
    cmake.configure(ROOT, folder, *release, *options)
    cmake.build(folder)
    return folder


@pytest.fixture(scope="module")
def library(build: Path) -> Path:
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return build / f"libexample{suffix}"


def test_c_tests_pass(build: Path, cmake: CMake) -> None:
    cmake.test(build, "-LE", "slow")


@pytest.mark.full
def test_slow_c_tests_pass(build: Path, cmake: CMake) -> None:
    cmake.test(build, "-L", "slow")


@pytest.mark.slow
@not_windows
def test_c_tests_pass_under_sanitizers(compiler: str, cmake: CMake, sources: Path) -> None:
    run_under_sanitizers(cmake, compiler, sources)


@pytest.mark.slow
@not_windows
@pytest.mark.parametrize(
    ("bug", "finding"),
    [
        ("volatile int n = 46341; n = n * n;", "signed integer overflow"),
        ("volatile char c, *volatile p = &c; p[1] = 0;", "stack-buffer-overflow"),
    ],
    ids=["undefined", "address"],
)
def test_sanitizers_find_a_planted_bug(
    bug: str, finding: str, tool: Tool, cmake: CMake, sources: Path
) -> None:
    """Without this, nobody would notice that the preset had lost a flag."""
    with (sources / "src" / "c" / "example.c").open("a") as file:
        file.write(f"__attribute__((constructor)) static void planted(void) {{ {bug} }}\n")
    with pytest.raises(AssertionError, match=finding):
        run_under_sanitizers(cmake, tool("gcc"), sources)


def run_under_sanitizers(cmake: CMake, compiler: str, sources: Path) -> None:
    """By the preset alone, as a developer does it."""
    preset: list[Argument] = ["--preset", "sanitizers"]
    run([cmake.program, *preset, f"-DCMAKE_C_COMPILER={compiler}"], cwd=sources)
    run([cmake.program, "--build", *preset], cwd=sources)
    run([cmake.ctest, *preset], cwd=sources)


@pytest.mark.parametrize("standard", first_quickly(STANDARDS))
@not_windows
def test_header_serves_a_program_in_each_standard(
    standard: str, compiler: str, library: Path, tool: Tool, tmp_path: Path
) -> None:
    """Compiled on its own merits and linked: C++ finds the functions only as extern "C"."""
    language = "c++" if "++" in standard else "c"
    if language == "c++":
        compiler = tool({"gcc": "g++", "clang": "clang++"}[Path(compiler).name])
    strict = [f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Wundef", "-Werror"]
    program = tmp_path / "program"
    source = tmp_path / "program.c"
    # Before any other header, and twice.
    source.write_text(f"#include <example.h>\n{CONSUMER.read_text()}")
    compile_source: list[Argument] = [
        compiler,
        *strict,
        f"-I{HEADER.parent}",
        "-x",
        language,
        source,
    ]
    link: list[Argument] = [
        "-x",
        "none",
        library,
        f"-Wl,-rpath,{library.parent}",
        "-o",
        program,
    ]
    run([*compile_source, *link])
    assert run([program]) == "The square of 7 is 49.\n"


@not_windows
def test_header_defines_no_macro_but_its_own(compiler: str, tmp_path: Path) -> None:
    def macros(*includes: str) -> set[str]:
        source = tmp_path / "source.c"
        source.write_text("".join(f"#include <{include}>\n" for include in includes))
        text = run([compiler, "-dM", "-E", f"-I{HEADER.parent}", source])
        return set(re.findall(r"^#define (\w+)", text, re.MULTILINE))

    foreign = {
        name
        for name in macros("example.h") - macros("stddef.h", "stdint.h")
        if not name.startswith("EXAMPLE_")
    }
    assert not foreign


@not_windows
def test_exports_are_what_the_header_declares(library: Path) -> None:
    assert wheel_checks.exported(parse(library)) == FUNCTIONS


@linux_only
def test_shared_library_is_named_by_its_abi(library: Path) -> None:
    elf = parse_elf(library)
    soname = elf.get(lief.ELF.DynamicEntry.TAG.SONAME)
    assert isinstance(soname, lief.ELF.DynamicSharedObject)
    assert soname.name == f"libexample.so.{declared('EXAMPLE_ABI_VERSION')}"


@linux_only
@pytest.mark.parametrize("kind", ["shared", "static"])
def test_code_is_position_independent(
    kind: str, compiler: str, cmake: CMake, library: Path, tmp_path: Path
) -> None:
    """The static library too: whoever links it may be making a shared one."""
    if kind == "static":
        build = tmp_path / "static"
        # A compiler that makes everything position independent unasked would hide a lack.
        flags = ["-DCMAKE_C_FLAGS=-fno-pie", "-DBUILD_SHARED_LIBS=OFF"]
        cmake.configure(ROOT, build, f"-DCMAKE_C_COMPILER={compiler}", *flags)
        cmake.build(build)
        library = tmp_path / "libwhole.so"
        whole: list[Argument] = [
            "-Wl,--whole-archive",
            build / "libexample.a",
            "-Wl,--no-whole-archive",
        ]
        run([compiler, "-shared", "-Wl,-z,text", *whole, "-o", library])
    elf = parse_elf(library)
    assert not elf.has(lief.ELF.DynamicEntry.TAG.TEXTREL)


def test_every_asm_statement_is_volatile() -> None:
    """Otherwise a compiler may move it: xgetbv to before the check that allows it."""
    sources = list((ROOT / "src").rglob("*.[ch]"))
    statements = [
        match[0]
        for path in sources
        for match in re.finditer(r"\b(?:__asm__|__asm)\b.*", path.read_text())
        if "(" in match[0]
    ]
    assert statements
    assert not [each for each in statements if not re.match(r"\w+ volatile\b", each)]


@linux_only
@pytest.mark.skipif(platform.machine() != "x86_64", reason="about x86-64")
@pytest.mark.parametrize(
    ("processor", "kernel"), [("Nehalem", "portable"), ("core2duo", "portable")]
)
def test_a_processor_without_avx2_gets_what_it_can_run(
    processor: str, kernel: str, compiler: str, library: Path, tool: Tool, tmp_path: Path
) -> None:
    """Nor is it asked by instructions that it does not have: it has no xgetbv."""
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(
        "#include <stdio.h>\n#include <example.h>\n"
        "int main(void) { return puts(example_simd()) < 0; }\n"
    )
    link: list[Argument] = [library, f"-Wl,-rpath,{library.parent}", "-o", program]
    run([compiler, f"-I{HEADER.parent}", source, *link])
    assert run([tool("qemu-x86_64-static"), "-cpu", processor, program]) == f"{kernel}\n"


@linux_only
@pytest.mark.parametrize("name", ["example", "fastcall"])
def test_no_function_of_its_own_is_looked_up(name: str, library: Path) -> None:
    """A namesake elsewhere would be called in its place."""
    elf = parse_elf(library.with_name(f"lib{name}.so"))
    looked_up = {str(each.symbol.name) for each in elf.pltgot_relocations if each.symbol}
    assert looked_up.isdisjoint(str(each.name) for each in elf.exported_symbols)


@linux_only
def test_library_needs_nothing_but_the_c_library(library: Path) -> None:
    elf = parse_elf(library)
    assert set(elf.libraries) <= {"libc.so.6"}


def test_windows_libraries_are_on_their_own(cmake: CMake, tool: Tool, tmp_path: Path) -> None:
    tool("x86_64-w64-mingw32-gcc")
    cmake.configure(ROOT, tmp_path, "--preset", "windows-x64", "-DEXAMPLE_PYTHON=ON")
    cmake.build(tmp_path)
    assert wheel_checks.exported(parse(tmp_path / "libexample.dll")) == FUNCTIONS
    for name in ("example", "fastcall"):
        # Nothing that a Windows without MinGW does not have.
        binary = parse(tmp_path / f"lib{name}.dll")
        assert isinstance(binary, lief.PE.Binary)
        assert {name.lower() for name in binary.libraries} <= {"kernel32.dll", "msvcrt.dll"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "compiler", "emulators"),
    [
        ("windows-x64", "x86_64-w64-mingw32-gcc", ["wine64", "wine"]),
        ("linux-arm64", "aarch64-linux-gnu-gcc", ["qemu-aarch64", "qemu-aarch64-static"]),
    ],
)
def test_c_tests_pass_elsewhere(
    preset: str,
    compiler: str,
    emulators: list[str],
    cmake: CMake,
    missing: Missing,
    tmp_path: Path,
) -> None:
    if not shutil.which(compiler) or not any(map(shutil.which, emulators)):
        missing(f"no {compiler}, or none of {emulators}")
    cmake.configure(ROOT, tmp_path, "--preset", preset)
    cmake.build(tmp_path)
    cmake.test(tmp_path, "-LE", "slow")


def parse(library: Path) -> wheel_checks.Binary:
    """Keep what this returns in a variable: what is got from it does not keep it alive."""
    binary = lief.parse(library)
    assert isinstance(binary, wheel_checks.Binary)
    return binary


def parse_elf(library: Path) -> lief.ELF.Binary:
    binary = parse(library)
    assert isinstance(binary, lief.ELF.Binary)
    return binary
