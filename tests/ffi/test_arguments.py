"""Arguments that the caller does not pass, and those whose new value comes back."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from ctypes import (
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
    c_wchar_p,
)
from enum import IntEnum
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import HIGHEST_ADDRESS, Package

from pyexample.ffi import (
    Callback,
    Constant,
    DeclarationError,
    Handle,
    InOut,
    Library,
    Raises,
    Returned,
)

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <string.h>
int none(void) { return 1; }
int seven(int a) { return a; }
int among(int a, uint64_t b, int c, int8_t d, void *e, uint32_t f)
{ return a == -1 && b == 0x8000000000000005 && d == -2 && !e && f == 0xFFFFFFFF ? c : -7; }
int null(int a, int *out, void (*f)(void), const char *text, int b)
{ return out || f || text ? -7 : a + b; }
double others(double a, const char *text, float b, char c)
{ return !strcmp(text, "1.2") && c == 'x' ? a + b : -7; }
typedef struct { int x, y; } point;
int of_point(point at, int n) { return at.x + at.y + n; }
int halve(size_t *n, int by, double *d, int *left)
{ *left = (int)(*n % 2); *n /= 2; *d += by; return by; }
void flip(_Bool *a, char *b, int *c, void **d) { *a = !*a; ++*b; *c = !*c; *d = NULL; }
int double_it(uint8_t *n) { if (*n > 100) return -1; *n = (uint8_t)(2 * *n); return 0; }
"""

Int = Annotated[int, c_int]


class Code(IntEnum):
    SEVEN = 7


class Point(Structure):
    _fields_ = (("x", c_int), ("y", c_int))


@Callback
def nothing() -> None: ...


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE)
    return Library("c", f"{package.name}.module")


def is_fast(path: str, function: Any) -> bool:
    return (type(function) is BuiltinFunctionType) == (path == "builtin")


@pytest.mark.parametrize("value", [7, Code.SEVEN])
def test_a_function_that_takes_nothing_else(library: Library, path: str, value: int) -> None:
    @library.function
    def seven() -> Annotated[int, c_int, Constant(c_int, value)]: ...

    assert is_fast(path, seven)
    assert seven() == 7
    with pytest.raises(TypeError, match=r"^seven\(\) takes 0 arguments, not 1$"):
        seven(1)  # type: ignore[call-arg]


@pytest.mark.parametrize("release_gil", [False, True])
def test_among_others(library: Library, path: str, release_gil: bool) -> None:
    """Before and after those that are passed, in C's order; the bits of narrow ones."""

    @library.function(release_gil=release_gil)
    def among(
        c: Annotated[
            int,
            Constant(c_int, -1),
            Constant(c_uint64, 2**63 + 5),
            c_int,
            Constant(ctypes.c_int8, -2),
            Constant(c_void_p, None),
            Constant(c_uint32, 2**32 - 1),
        ],
        /,
    ) -> Int: ...

    assert is_fast(path, among)
    assert [among(each) for each in (5, -(2**31))] == [5, -(2**31)]


def test_null(library: Library, path: str) -> None:
    @library.function
    def null(
        a: Annotated[
            int,
            c_int,
            Constant(POINTER(c_int), None),
            Constant(nothing, None),
            Constant(c_char_p, None),
        ],
        b: Int,
        /,
    ) -> Int: ...

    assert is_fast(path, null)
    assert null(2, 3) == 5


def test_other_types(library: Library, path: str) -> None:
    @library.function
    def others(
        a: Annotated[
            float,
            c_double,
            Constant(c_char_p, b"1.2"),
            Constant(c_float, 1),
            Constant(c_char, b"x"),
        ],
        /,
    ) -> Annotated[float, c_double]: ...

    assert others(0.5) == 1.5
    if path == "builtin":
        assert "such a Constant is not served" in library.fallbacks["others"]

    @library.function
    def of_point(n: Annotated[int, Constant(Point, Point(2, 3)), c_int], /) -> Int: ...

    assert of_point(1) == 6


@pytest.mark.parametrize(
    ("ctype", "value", "said"),
    [
        (c_int, None, r"Constant\(.*, None\): int32_t is no pointer, it is not NULL"),
        (c_double, None, "double is no pointer"),
        (Point, None, "Point is no pointer"),
        (c_int, "x", "int or bool stands for int32_t"),
        (c_int, 0.5, "int or bool stands for int32_t"),
        (c_int, 2**31, "must be in"),
        (c_uint8, -1, "must be in"),
        (c_void_p, HIGHEST_ADDRESS + 1, "must be in"),
        (c_char_p, "a\0b", "must not contain NUL"),
        (c_wchar_p, b"a", "str stands for"),
        (c_bool, 1, "bool stands for bool"),
        (7, 1, "is not a ctypes type"),
        (7, None, "is not a ctypes type"),
        (Point, 7, "Point"),
    ],
)
def test_what_the_type_cannot_hold(ctype: Any, value: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        Constant(ctype, value)


def test_values_that_change(library: Library, path: str) -> None:
    """They come back with those that C fills in, in C's order; what was passed stays."""

    @library.function
    def halve(
        n: Annotated[int, InOut(c_size_t)],
        by: Int,
        d: Annotated[float, InOut(c_double), Returned(int, c_int)],
        /,
    ) -> Annotated[tuple[int, int, float, int], c_int]: ...

    assert halve(7, 2, 0.5) == (2, 3, 2.5, 1)
    assert halve(2**40, 0, 1) == (0, 2**39, 1.0, 0)
    where = r"^halve\(\) parameter 'n' \(uint\d+_t\) must be"
    with pytest.raises(OverflowError, match=f"{where} in 0.."):
        halve(-1, 2, 0.5)
    with pytest.raises(TypeError, match=f"{where} an integer, not str"):
        halve("x", 2, 0.5)  # type: ignore[arg-type]
    assert ("halve" in library.fallbacks) == (path == "ctypes")


def test_values_of_every_kind(library: Library) -> None:
    @library.function
    def flip(
        a: Annotated[bool, InOut(c_bool)],
        b: Annotated[bytes, InOut(c_char)],
        c: Annotated[bool, InOut(c_int)],
        d: Annotated[int | None, InOut(c_void_p)],
        /,
    ) -> Annotated[tuple[bool, bytes, bool, int | None], None]: ...

    assert flip(True, b"a", False, 4096) == (False, b"b", True, None)
    assert flip(False, b"b", True, None) == (True, b"c", False, None)


def test_words_of_a_value_that_changes(library: Library) -> None:
    def error(result: int, function: str, values: tuple[Any, ...]) -> Exception:
        return RuntimeError(f"{function} {result} {values}")

    @library.function
    def double_it(
        n: Annotated[int, InOut(c_uint8, range(201))], /
    ) -> Annotated[int, c_int, Raises(error)]: ...

    assert double_it(100) == 200
    with pytest.raises(RuntimeError, match=r"^double_it -1 \(150, 150\)$"):
        double_it(150)
    with pytest.raises(OverflowError, match=r"must be in 0\.\.200, not 201"):
        double_it(201)


class Box(Handle):
    pass


@pytest.mark.parametrize(
    ("python_type", "word", "said"),
    [
        (
            str,
            InOut(c_char_p),
            "InOut is for numbers, truth values, characters, addresses",
        ),
        (Box, InOut(c_void_p), r"who closes the Box\? Write Owned after the C type if"),
        (Point, InOut(Point), "A structure that C changes is a POINTER to it"),
        (int, InOut(c_double), "float stands for double"),
        (int | None, InOut(c_int), "cannot be None"),
        (int, InOut(c_int, range(2**40)), "goes beyond int32_t"),
        (int, InOut(c_int, 7), "7 cannot follow int32_t"),
    ],
)
def test_what_cannot_change(library: Library, python_type: Any, word: InOut, said: str) -> None:
    def seven(a, /):  # type: ignore[no-untyped-def]
        ...

    seven.__annotations__ = {"a": Annotated[python_type, word], "return": None}
    with pytest.raises(DeclarationError, match=said):
        library.function(seven)


def test_where_they_may_not_stand(library: Library) -> None:
    with pytest.raises(DeclarationError, match=r"int.> comes back, not <class 'str'>"):

        @library.function
        def halve(n: Annotated[int, InOut(c_size_t)], /) -> Annotated[str, None]: ...

    with pytest.raises(DeclarationError, match=r"InOut\(.*\) is for parameters only"):

        @library.function
        def none() -> Annotated[int, c_int, InOut(c_int)]: ...

    for word in (Constant(c_int, 0), InOut(c_int)):
        with pytest.raises(DeclarationError, match=r"gets values only|cannot follow int32_t"):

            @Callback
            def f(n: Annotated[int, c_int, word], /) -> None: ...
