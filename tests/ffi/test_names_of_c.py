"""What C's functions are called, which of them a library has, and which library it is."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import inspect
import pickle
import sys
from ctypes import c_char_p, c_int, c_int32, c_void_p
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import (
    Closes,
    DeclarationError,
    Handle,
    Library,
    LibraryLoadError,
    Returned,
    doctor,
)

SOURCE = """
#include <stdint.h>
#include <string.h>
int own_add_8(int a, int b) { return a + b; }
int own_version(void) { return 3; }
int negate(int a) { return -a; }
double own_of(void *what) { return what ? 1 : 0; }
int own_count = 7;
"""

Int = Annotated[int, c_int]
NAME = "bound.module"


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE)
    return Library("c", NAME, prefix="own_", suffix="_8")


def is_fast(path: str, function: Any) -> bool:
    return (type(function) is BuiltinFunctionType) == (path == "builtin")


def test_a_prefix_and_a_suffix(library: Library, path: str) -> None:
    @library.function
    def add(a: Int, b: Int, /) -> Int: ...

    assert is_fast(path, add)
    assert add(2, 3) == 5
    assert add.__name__ == "add"
    assert "add(a, b, /)" in f"add{inspect.signature(add)}"
    with pytest.raises(TypeError, match=r"^add\(\) parameter 'a' \(int32_t\) must be"):
        add("x", 3)  # type: ignore[arg-type]
    assert library.cdll.own_add_8.argtypes == [c_int, c_int]
    assert list(library.declarations) == ["add"]


def test_a_symbol(library: Library, path: str) -> None:
    """The whole of the C name."""

    @library.function(symbol="negate", release_gil=False)
    def minus(a: Int, /) -> Int: ...

    assert is_fast(path, minus)
    assert minus(7) == -7
    with pytest.raises(TypeError, match=r"^minus\(\) takes 1 argument"):
        minus()  # type: ignore[call-arg]


def test_several_declarations_of_one_symbol(library: Library, path: str) -> None:
    """Each has argument types of its own; the raw function has the first ones."""

    @library.function(symbol="own_of")
    def of_text(what: Annotated[str | None, c_char_p], /) -> Annotated[float, ctypes.c_double]:
        raise NotImplementedError

    @library.function(symbol="own_of")
    def of_address(what: Annotated[int, c_void_p], /) -> Annotated[float, ctypes.c_double]: ...

    @library.function(symbol="own_of")
    def of_number() -> Annotated[tuple[float, int], ctypes.c_double, Returned(int, c_int32)]:
        raise NotImplementedError

    assert (of_text("x"), of_text(None), of_address(1), of_address(0)) == (1, 0, 1, 0)
    assert of_number() == (1.0, 0)
    assert of_text(None) == 0
    assert library.cdll.own_of.argtypes == [c_char_p]
    assert set(library.declarations) == {"of_text", "of_address", "of_number"}


def test_it_is_pickled_by_its_python_name(
    library: Library, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = type(sys)(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)

    def add(a: Int, b: Int, /) -> Int: ...

    add.__module__ = NAME
    module.add = library.function(add)
    assert pickle.loads(pickle.dumps(module.add)) is module.add  # noqa: S301


def test_a_name_that_is_missing(library: Library) -> None:
    """Both names are in the message, and near ones to both."""
    for name, there in (("ad", "own_add_8"), ("own_add_8", "own_add_8"), ("negate", "negate")):

        def function() -> None: ...

        function.__name__ = name
        with pytest.raises(DeclarationError) as caught:
            library.function(function)
        said = str(caught.value)
        begin = f"{name}(), in C own_{name}_8(), is declared, but {library.path} has no such"
        assert said.startswith(begin)
        if sys.platform != "win32":
            assert f"there is {there}" in said
    with pytest.raises(DeclarationError, match=r"^x\(\), in C none\(\), is declared"):

        @library.function(symbol="none")
        def x() -> None: ...


@pytest.mark.parametrize("symbol", ["", "a\0b", 7, b"negate"])
def test_what_is_no_symbol(library: Library, symbol: Any) -> None:
    with pytest.raises(DeclarationError, match=r"^symbol is the name of a C function, not "):

        @library.function(symbol=symbol)
        def x() -> None: ...


def test_what_a_library_has(library: Library) -> None:
    for name in ("add", "own_add_8", "negate", "own_version", "own_count"):
        assert name in library
    assert "minus" not in library
    for name in ("subtract", "", "a\0b", "printf", "getpid"):
        assert name not in library
    assert 7 not in library

    @library.function(symbol="negate")
    def minus(a: Int, /) -> Int: ...

    assert "minus" in library, "by the name that is declared"


class Box(Handle):
    pass


def test_a_function_that_may_be_missing(library: Library, path: str) -> None:
    @library.function(optional=True)
    def add(a: Int, b: Int, /) -> Int: ...

    @library.function(optional=True, symbol="own_newer")
    def newer(a: Int, /) -> Int:
        """Of version 4."""
        raise NotImplementedError

    @library.function(optional=True)
    def close(box: Annotated[Box, c_void_p, Closes], /) -> None: ...

    assert is_fast(path, add)
    assert add(2, 3) == 5
    said = rf"^newer\(\): .*{library.path[-6:]} has no own_newer\(\)$"
    for wrong in ((1,), (), ("x",)):
        with pytest.raises(NotImplementedError, match=said):
            newer(*wrong)
    with pytest.raises(NotImplementedError, match=r"own_close_8"):
        close(Box.adopt(7, owned=False))
    assert "add" in library
    assert "newer" not in library
    assert "close" not in library
    assert newer.__doc__ == "Of version 4."
    assert str(inspect.signature(newer)) == "(a, /)"
    assert library.fallbacks["newer"] == "the library lacks it"
    assert not hasattr(library.cdll, "own_newer")
    shown = doctor._functions(library)
    assert "newer: missing, and optional" in shown
    assert shown[0].startswith("add: a builtin" if path == "builtin" else "add: through ctypes")


def test_a_variable_is_no_function_that_may_be_missing(library: Library) -> None:
    if sys.platform == "linux":
        with pytest.raises(DeclarationError, match="that is a variable"):

            @library.function(optional=True, symbol="own_count")
            def count() -> None: ...


def checked_version(library: Any) -> str | None:
    version = library.own_version()
    return None if version == 3 else f"its version is {version}, not 3"


def test_the_version(package: Package, path: str) -> None:
    package.compile(SOURCE)
    assert Library("c", NAME, version=checked_version).path
    package.compile(SOURCE.replace("return 3", "return 4"), "d")
    with pytest.raises(LibraryLoadError) as caught:
        Library("d", NAME, version=checked_version)
    assert "its version is 4, not 3" in [each.reason for each in caught.value.attempts]
    wrong: Any
    for wrong in (True, False, 3, ""):
        with pytest.raises(DeclarationError, match=r"^version returns None, or says what is"):
            Library("c", NAME, version=lambda _: wrong)  # noqa: B023
    with pytest.raises(ZeroDivisionError):
        Library("c", NAME, version=lambda _: str(1 / 0))


@pytest.mark.skipif(sys.platform != "linux", reason="the names are Linux'")
def test_several_names_of_a_system_library(package: Package, path: str) -> None:
    names = ("libnothing.so.9", "libm.so.6", "libc.so.6")
    library = Library("m", NAME, system={"linux": names})
    assert library.path == "libm.so.6"
    assert [each.path for each in library.attempts] == ["libnothing.so.9", "libm.so.6"]
    assert library.attempts[0].reason
    assert Library("m", NAME, system={"linux": [*names]}).path == "libm.so.6"

    def only_libc(loaded: ctypes.CDLL) -> str | None:
        return None if hasattr(loaded, "getpid") else "this is not it"

    chosen = Library("m", NAME, system={"linux": names}, version=only_libc)
    assert chosen.path == names[1 if hasattr(ctypes.CDLL(names[1]), "getpid") else 2]
    with pytest.raises(LibraryLoadError) as caught:
        Library("m", NAME, system={"linux": names}, version=lambda _: "too old")
    assert [each.reason for each in caught.value.attempts][1:] == ["too old", "too old"]
    with pytest.raises(LibraryLoadError, match="No name of it is declared for linux"):
        Library("m", NAME, system={"linux": ()})
