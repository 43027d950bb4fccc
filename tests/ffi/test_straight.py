"""The compiled call of straight.py: the same as the careful call, and what it is made for."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import sys
from array import array
from collections.abc import Callable
from ctypes import POINTER, c_bool, c_char_p, c_double, c_float, c_int, c_void_p
from enum import IntEnum
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import (
    TERMINATED,
    Buffer,
    Constant,
    Count,
    Handle,
    In,
    InOut,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    straight,
)

SOURCE = """
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
typedef struct { double x, y; } point;
int same(int n) { return n; }
int color(int n) { return n; }
bool negate(bool b) { return !b; }
int is_odd(int n) { return n & 2; }
float f32(float n) { return n; }
double f64(double n) { return n; }
const char *octets(const char *text) { return text; }
const char *text(const char *text) { return text; }
void *address(void *p) { return p; }
int freed;
void release(void *p) { freed++; free(p); }
char *copy(const char *text)
{ return text && *text ? strcpy(malloc(strlen(text) + 1), text) : NULL; }
int halve(int n, int *half, bool *odd) { *half = n / 2; *odd = n & 1; return n == 9 ? -9 : 0; }
int grow(int *n, int by) { *n = (int)((unsigned)*n + (unsigned)by); return *n < 0; }
point turn(point p) { point q = {p.y, p.x}; return q; }
double sum(const point *p) { return p ? p->x + p->y : -1; }
int total(const int *numbers, size_t count)
{ int t = 0; while (count--) t += *numbers++; return t; }
int copy_some(const int *from, size_t count, int *to, int n)
{ for (int i = 0; i < n; i++) to[i] = i < (int)count ? from[i] : -1; return n; }
"""


class Point(ctypes.Structure):
    _fields_ = (("x", c_double), ("y", c_double))


class Derived(Point):
    pass


class Color(IntEnum):
    RED = 1
    BLUE = 5


class FailedError(Exception):
    pass


def failed(code: int, function: str, values: tuple[Any, ...]) -> FailedError:
    return FailedError(code, function, values)


def bind(library: Library) -> dict[str, Any]:
    """By the name: a function that is compiled."""
    Int = Annotated[int, c_int]  # noqa: N806

    @library.function
    def same(
        n: Annotated[int, c_int, range(-5, 6)], /
    ) -> Annotated[int, c_int, range(-4, 9)]: ...
    @library.function
    def color(n: Annotated[Color, c_int], /) -> Annotated[Color, c_int]: ...
    @library.function
    def negate(b: Annotated[bool, c_bool], /) -> Annotated[bool, c_bool]: ...
    @library.function
    def is_odd(n: Annotated[bool, c_int], /) -> Annotated[bool, c_int]: ...
    @library.function
    def f32(n: Annotated[float, c_float], /) -> Annotated[float, c_float]: ...
    @library.function
    def f64(n: Annotated[float, c_double], /) -> Annotated[float, c_double]: ...
    @library.function
    def octets(t: Annotated[bytes, c_char_p], /) -> Annotated[bytes, c_char_p]: ...
    @library.function
    def text(
        t: Annotated[str | None, c_char_p], /
    ) -> Annotated[str, c_char_p, Raises(failed, when="zero")]: ...
    @library.function
    def address(p: Annotated[int | None, c_void_p], /) -> Annotated[int, c_void_p]: ...
    @library.function
    def release(p: Annotated[int, c_void_p], /) -> None: ...
    @library.function
    def copy(
        t: Annotated[str, c_char_p], /
    ) -> Annotated[str | None, c_char_p, Owned(release)]: ...
    @library.function
    def halve(
        n: Int, /
    ) -> Annotated[
        tuple[int, bool],
        c_int,
        Raises(failed, when="negative"),
        Returned(int, c_int),
        Returned(bool, c_bool),
    ]: ...
    @library.function
    def grow(
        n: Annotated[int, InOut(c_int), Constant(c_int, 3)], /
    ) -> Annotated[int, c_int, Raises(failed)]: ...
    @library.function
    def turn(p: Annotated[Point, Point], /) -> Annotated[Point, Point]: ...
    @library.function
    def sum(p: Annotated[Point | None, POINTER(Point)], /) -> Annotated[float, c_double]: ...  # noqa: A001

    del release
    return {k: v for k, v in locals().items() if k not in ("library", "Int")}


VALUES: list[Any] = [
    0, 1, 5, 6, 9, -4, -5, -6, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**64, True, False,
    None, Color.RED, 0.0, 1.5, 3e38, 3.4e38, 3.5e38, -3.5e38, 1e300, float("inf"), float("nan"),
    b"", b"bytes", b"with \0", "", "text", "with \0", "Grüße", "\udc80", bytearray(b"x"),
    Point(1, 2), Derived(3, 4), ctypes.byref(Point(1, 2)), ctypes.pointer(Point(1, 2)),
    object(),
]  # fmt: skip


def outcome(call: Callable[..., Any], *given: Any, **keywords: Any) -> str:
    """What it returns, with its type; or what it raises."""
    try:
        result = call(*given, **keywords)
    except Exception as error:
        return repr(error)
    if isinstance(result, Point):
        return f"{type(result)} {result.x} {result.y}"
    return f"{type(result)} {result!r}"


@pytest.fixture
def library(package: Package, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv("BOUND_FASTCALL", "0")
    package.compile(SOURCE)
    return Library("c", "bound.module")


def is_compiled(function: Any) -> bool:
    return bool(function.func.__code__.co_filename == f"<{straight.__name__}>")


@pytest.mark.parametrize("expects_callbacks", [False, True])
def test_it_does_what_the_careful_call_does(
    library: Library, monkeypatch: pytest.MonkeyPatch, expects_callbacks: bool
) -> None:
    for name, function in bind(library).items():
        if name == "copy" and sys.implementation.name == "pypy":
            continue  # signals wait there until what is Owned has an owner: ``hold_signals``
        assert is_compiled(function), name
        space = function.func.__globals__
        monkeypatch.setitem(space, "callbacks", [True] * expects_callbacks)
        careful: Any = space["careful"]
        was_careful: list[Any] = []

        def handed_over(
            *given: Any, careful: Any = careful, to: Any = was_careful, **more: Any
        ) -> Any:
            to.append(given)
            return careful(*given, **more)

        monkeypatch.setitem(space, "careful", handed_over)
        for value in VALUES:
            assert outcome(function, value) == outcome(careful, value), (name, value)
        assert 0 < len(was_careful) < len(VALUES), name  # the rest was compiled
        for given in ((), (1, 2), (None, None, None)):
            assert outcome(function, *given) == outcome(careful, *given), (name, given)
        assert outcome(function, x=1) == outcome(careful, x=1)


def test_owned_texts_are_freed_once(library: Library) -> None:
    copy = bind(library)["copy"]
    freed = c_int.in_dll(library.cdll, "freed")
    assert [copy("a"), copy(""), copy("b")] == ["a", None, "b"]
    assert freed.value == 2


def test_buffers(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    @library.function
    def copy_some(
        source: Annotated[Buffer, In(c_int), Count(ctypes.c_size_t, "source")],
        to: Annotated[Buffer, Out(c_int, at_least="n")],
        n: Annotated[int, c_int],
        /,
    ) -> Annotated[int, c_int]: ...

    function: Any = copy_some
    assert is_compiled(function)
    careful, was_careful = function.func.__globals__["careful"], []

    def handed_over(*given: Any) -> Any:
        was_careful.append(given)
        return careful(*given)

    monkeypatch.setitem(function.func.__globals__, "careful", handed_over)

    class Kin(bytearray):
        pass

    numbers = array("i", range(1, 7))
    content = bytearray(bytes(numbers))
    values: list[Any] = [
        numbers, array("I", [1, 2]), array("f", [1]), array("i"), bytes(8), content, Kin(8),
        memoryview(numbers)[::2], memoryview(numbers)[:3], memoryview(numbers)[3:],
        memoryview(content).cast("i"), memoryview(content).cast("i", (2, 3)), None, "text", 7,
        memoryview(bytes(numbers)).cast("i"), memoryview(content)[1:5], (c_int * 3)(1, 2, 3),
    ]  # fmt: skip
    for source in values:
        for to in values:
            for n in (-1, 0, 3, 4, 2**31):
                before = [bytes(each) for each in (numbers, content)]
                found = outcome(careful, source, to, n)
                after = [bytes(each) for each in (numbers, content)]
                memoryview(numbers).cast("B")[:] = before[0]
                content[:] = before[1]
                assert outcome(function, source, to, n) == found, (source, to, n)
                assert [bytes(each) for each in (numbers, content)] == after
                memoryview(numbers).cast("B")[:] = before[0]
                content[:] = before[1]
    assert 0 < len(was_careful) < 5 * len(values) ** 2
    del was_careful[:]
    other = array("i", [0] * 6)
    assert copy_some(numbers, other, 6) == 6
    assert other == numbers
    assert was_careful == []
    other.append(7)  # nothing holds it


def test_what_needs_more_is_left_to_the_careful_call(library: Library) -> None:
    class Box(Handle):
        pass

    @library.function
    def total(
        numbers: Annotated[Buffer, In(c_int, TERMINATED), Count(ctypes.c_size_t, "numbers")], /
    ) -> Annotated[int, c_int]: ...
    @library.function(symbol="address")
    def of_box(box: Annotated[Box, c_void_p], /) -> Annotated[int, c_void_p]: ...
    @library.function(symbol="same")
    def or_errno(n: Annotated[int, c_int], /) -> Annotated[None, c_int, Raises(OSError)]: ...

    functions: list[Any] = [total, of_box, or_errno]
    assert not any(map(is_compiled, functions))


def test_equal_sources_are_compiled_once(library: Library) -> None:
    functions = bind(library)
    code = functions["f64"].func.__code__

    @library.function(symbol="f64")
    def another(n: Annotated[float, c_double], /) -> Annotated[float, c_double]: ...

    given: Any = another
    assert given.func.__code__ is code
