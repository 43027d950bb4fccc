"""A declared function is one of the library's own: not a namesake elsewhere, not a variable."""

import sys
from ctypes import c_int
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import DeclarationError, Library, LibraryLoadError
from pyexample.ffi.loading import symbols

POSIX = pytest.mark.skipif(
    sys.platform in ("win32", "cygwin"), reason="GetProcAddress finds no namesakes"
)
GLIBC = pytest.mark.skipif(symbols._dladdr1 is None, reason="glibc tells what a symbol is")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux' own libraries")


# Debian's gcc leaves out a library of which nothing is used.
NEEDED = [] if sys.platform == "darwin" else ["-Wl,--no-as-needed"]
RPATH = "-Wl,-rpath,@loader_path" if sys.platform == "darwin" else "-Wl,-rpath,$ORIGIN"


def declare(library: Library, name: str) -> Any:
    def function() -> Annotated[int, c_int]:
        raise NotImplementedError

    function.__name__ = function.__qualname__ = name
    return library.function(function)


def refusal(library: Library, name: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        declare(library, name)
    text = str(caught.value)
    assert text.startswith(f"{name}() is declared, but {library.path} has no such function")
    return text


def bound(package: Package, source: str, *flags: Any, name: str = "c") -> Library:
    package.compile(source, name, *flags)
    return Library(name, f"{package.name}.module")


# In programs and in libraries it stands by a name that glibc and macOS have as well.
NAMESAKES = ["getentropy", "hcreate", "time", "getpid", "abort"]


@POSIX
@pytest.mark.parametrize("library", ["c", "m", "anything"])
def test_a_namesake_in_the_c_library(package: Package, path: str, library: str) -> None:
    """Whatever the library is called: "c" is libc.so, in a folder of its own."""
    source = 'int puts(const char *); int seven(void) { return puts("") * 0 + 7; }'
    ours = bound(package, source, *NEEDED, name=library)
    assert declare(ours, "seven")() == 7
    for name in NAMESAKES:
        assert "that has it, which the library needs" in refusal(ours, name)


@POSIX
def test_a_namesake_in_another_library_of_the_package(package: Package, path: str) -> None:
    needed = package.compile("int six(void) { return 6; }", "needed")
    source = "int six(void); int seven(void) { return six() + 1; }"
    ours = bound(package, source, needed, RPATH)
    assert declare(ours, "seven")() == 7
    assert str(needed) in refusal(ours, "six") or sys.platform == "darwin"


@POSIX
def test_a_namesake_of_its_own(package: Package, path: str) -> None:
    """What the library has itself is used, though others have it as well."""
    ours = bound(package, "int getentropy(void) { return 7; } int time(void) { return 8; }")
    assert declare(ours, "getentropy")() == 7
    assert declare(ours, "time")() == 8


@POSIX
def test_a_library_that_is_loaded_by_way_of_a_link(package: Package, path: str) -> None:
    elsewhere = Package(package.folder.parent / "elsewhere", "real")
    package.library("c").symlink_to(elsewhere.compile("int seven(void) { return 7; }"))
    assert declare(Library("c", "bound.module"), "seven")() == 7


@GLIBC
def test_a_function_that_is_chosen_at_run_time(package: Package, path: str) -> None:
    source = """
    static int seven_here(void) { return 7; }
    static int (*choose(void))(void) { return seven_here; }
    int seven(void) __attribute__((ifunc("choose")));
    """
    assert declare(bound(package, source), "seven")() == 7


@GLIBC
def test_an_alias_and_a_weak_function(package: Package, path: str) -> None:
    source = """
    int here(void) { return 7; }
    int alias(void) __attribute__((alias("here")));
    __attribute__((weak)) int weak(void) { return 8; }
    """
    ours = bound(package, source)
    assert [declare(ours, name)() for name in ("here", "alias", "weak")] == [7, 7, 8]


@GLIBC
def test_a_function_written_in_assembly(package: Package, path: str) -> None:
    """Its symbol may have no type."""
    source = (
        'int seven_(void) { return 7; } __asm__(".globl seven\\n.set seven, seven_ + 0\\n");'
    )
    assert declare(bound(package, source), "seven")() == 7


@LINUX
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("libc.so.6", "getpid"),
        ("libc.so.6", "time"),  # the kernel's own, in the vDSO
        ("libm.so.6", "abs"),  # libc.so.6 has it
        ("libpthread.so.0", "pthread_yield"),
        ("libdl.so.2", "dlerror"),
    ],
)
def test_the_c_library_is_one_in_several_files(
    package: Package, path: str, file: str, name: str
) -> None:
    try:
        library = Library("system", package.name, system={"linux": file})
    except LibraryLoadError:
        pytest.skip("not this C library")
    if not hasattr(library.cdll, name):
        pytest.skip("not this C library")
    declare(library, name)


@LINUX
def test_a_system_library_has_what_is_its_own(package: Package, path: str) -> None:
    if sys.implementation.name == "pypy":
        pytest.skip("PyPy tells this only of libraries that are loaded by path")
    libz = Library("z", package.name, system={"linux": "libz.so.1"})
    declare(libz, "zlibVersion")
    assert "that has it, which the library needs" in refusal(libz, "getpid")


VARIABLES = """
int variable = 1;
const int constant = 2;
int zeroed;
__thread int of_this_thread = 3;
int c_abi = 2;
"""


@GLIBC
@pytest.mark.parametrize("name", ["variable", "constant", "zeroed", "of_this_thread"])
def test_a_variable_is_no_function(package: Package, path: str, name: str) -> None:
    assert refusal(bound(package, VARIABLES), name).endswith(": that is a variable")


@LINUX
@pytest.mark.parametrize("name", ["variable", "zeroed", "of_this_thread"])
def test_a_variable_where_symbols_have_no_type(
    package: Package, path: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with musl: by the memory that it is in."""
    monkeypatch.setattr(symbols, "_dladdr1", None)
    ours = bound(package, VARIABLES + "int seven(void) { return 7; }")
    assert declare(ours, "seven")() == 7
    assert refusal(ours, name).endswith(": that is a variable")


@GLIBC
def test_the_abi_version_is_a_variable(package: Package) -> None:
    package.compile(VARIABLES)
    with pytest.raises(LibraryLoadError) as caught:
        Library("c", f"{package.name}.module", abi_version=("c_abi", 2))
    assert caught.value.attempts[-1].reason == (
        "it has no function c_abi(): that is a variable"
    )


@POSIX
def test_the_abi_version_of_another_library(package: Package) -> None:
    needed = package.compile("int c_abi(void) { return 2; }", "needed")
    source = "int c_abi(void); int seven(void) { return c_abi() + 5; }"
    package.compile(source, "c", needed, RPATH)
    with pytest.raises(LibraryLoadError) as caught:
        Library("c", f"{package.name}.module", abi_version=("c_abi", 2))
    assert "it has no function c_abi(): it is " in str(caught.value)


@LINUX
def test_where_nothing_is_told_nothing_is_refused(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_dladdr", "_dladdr1", "_dlinfo"):
        monkeypatch.setattr(symbols, name, None)
    declare(Library("m", package.name, system={"linux": "libm.so.6"}), "abs")


@POSIX
def test_by_the_path_of_the_file(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and in PyPy, which give no link_map."""
    monkeypatch.setattr(symbols, "_dlinfo", None)
    ours = bound(package, "int seven(void) { return 7; }", *NEEDED)
    assert declare(ours, "seven")() == 7
    assert "that has it, which the library needs" in refusal(ours, "getpid")
