"""C arrays that a call makes of Python sequences."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from ctypes import c_char_p, c_double, c_int, c_size_t, c_void_p
from typing import Annotated, Any

import pytest
from support import Package, collect, is_in_c

from pyexample.ffi import (
    TERMINATED,
    ArrayOf,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    DeclarationError,
    Handle,
    In,
    Library,
    Owned,
    struct,
)
from pyexample.ffi.declaration import Declaration
from pyexample.ffi.values import NEVER

SOURCE = r"""
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
int lengths(const char *const *texts, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) sum += texts[i] ? (int)strlen(texts[i]) : 100;
    return texts ? sum : -1;
}
int until_null(const char *const *texts) {
    int n = 0;
    while (texts[n]) n++;
    return n;
}
double total(const double *numbers, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += numbers[i];
    return sum;
}
typedef struct { int x, y, z; } point;
int dots(const point *points, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += points[i].x * points[i].y;
    return sum;
}
int *box(int n) { int *it = malloc(sizeof *it); *it = n; return it; }
void unbox(int *it) { free(it); }
const int *made_of(int *const *them, size_t n) { return n ? them[0] : NULL; }
int visit(int *const *them, size_t n, int (*call)(void)) {
    int sum = call();
    for (size_t i = 0; i < n; i++) sum += *them[i];
    return sum;
}
int boxes(int *const *them, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) sum += them[i] ? *them[i] : 1000;
    return sum;
}
"""

Int = Annotated[int, c_int]


@struct(init=False)
class Point(ctypes.Structure):
    x: Int
    y: Int
    z: Int


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    return Library("c", f"{package.name}.module")


def test_texts(library: Library) -> None:
    @library.function
    def lengths(
        texts: Annotated[
            Sequence[str | None] | None, ArrayOf(c_char_p), Count(c_size_t, "texts")
        ],
        /,
    ) -> Int: ...

    assert lengths(["a", "ää", ""]) == 5
    assert lengths(("x", None)) == 101
    assert lengths([]) == 0
    assert lengths(None) == -1
    assert lengths(["x" * 1000] * 1000) == 10**6
    with pytest.raises(TypeError, match=r"'texts', item \(char \*\) must be str, not int"):
        lengths(["a", 7])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="must not contain NUL"):
        lengths(["a\0b"])
    for wrong in ("abc", b"abc", {"a"}, 7, iter("a")):
        with pytest.raises(TypeError, match="must be a sequence, such as a list, not"):
            lengths(wrong)  # type: ignore[arg-type]


def test_a_null_after_the_last_one(library: Library) -> None:
    @library.function
    def until_null(
        texts: Annotated[Sequence[bytes], ArrayOf(c_char_p, TERMINATED)], /
    ) -> Int: ...

    assert [until_null([b"a"] * n) for n in (0, 1, 40)] == [0, 1, 40]
    with pytest.raises(TypeError, match="must be a sequence"):
        until_null(None)  # type: ignore[arg-type]


def test_numbers_and_structures(library: Library) -> None:
    @library.function
    def total(
        numbers: Annotated[Sequence[float], ArrayOf(c_double, "n")], n: Int, /
    ) -> Annotated[float, c_double]: ...
    @library.function
    def dots(
        points: Annotated[Sequence[Point], ArrayOf(Point), Count(c_int, "points")], /
    ) -> Int: ...

    assert total([1, 2.5, 3], 3) == 6.5
    with pytest.raises(ValueError, match=r"must have 3 \(n\) items, not 1$"):
        total([1], 3)
    assert dots([Point(1, 2, 0), Point(3, 4, 0)]) == 14
    assert dots([]) == 0
    assert is_in_c(dots)
    assert all("not served" not in reason for reason in library.fallbacks.values())
    if sys.implementation.name == "cpython":  # PyPy takes a tuple for a structure
        with pytest.raises(TypeError, match="Point"):
            dots([(1, 2, 3)])  # type: ignore[list-item]


def test_handles(library: Library) -> None:
    class Box(Handle):
        pass

    class Sum(Handle):
        """The first box."""

    @library.function
    def box(n: Int, /) -> Annotated[Box, c_void_p, Owned]: ...
    @library.function
    def unbox(it: Annotated[Box, c_void_p, Closes], /) -> None: ...
    @library.function
    def boxes(
        them: Annotated[Sequence[Box | None], ArrayOf(c_void_p), Count(c_size_t, "them")], /
    ) -> Int: ...

    @library.function
    def made_of(
        them: Annotated[Sequence[Box], ArrayOf(c_void_p), Count(c_size_t, "them")], /
    ) -> Annotated[Sum, c_void_p, Borrowed]: ...

    one, two = box(1), box(2)
    assert made_of([one, two]).parents == (one, two)
    assert boxes([one, two, None, one]) == 1004
    unbox(one)
    with pytest.raises(ValueError, match=r"'them', item \(Box \*\) is closed"):
        boxes([two, one])
    collect()
    assert boxes([two]) == 2


def test_what_happens_to_the_sequence_during_the_call(library: Library, path: str) -> None:
    @Callback
    def on_visit() -> Int:
        raise NotImplementedError

    class Box(Handle):
        pass

    @library.function
    def box(n: Int, /) -> Annotated[Box, c_void_p, Owned]: ...
    @library.function
    def unbox(it: Annotated[Box, c_void_p, Closes], /) -> None: ...
    @library.function
    def visit(
        them: Annotated[Sequence[Box], ArrayOf(c_void_p), Count(c_size_t, "them")],
        call: Annotated[Callable[[], int], on_visit],
        /,
    ) -> Int: ...

    def change() -> int:
        with pytest.raises(RuntimeError, match="in use"):
            unbox(first)
        boxes.clear()
        collect()
        return 0

    boxes = [box(n) for n in range(100)]
    first = boxes[0]
    assert visit(boxes, change) == sum(range(100))
    assert boxes == []
    unbox(first)
    if path == "builtin":
        assert library.fallbacks == {}


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_sequence_of_its_own_kind(library: Library, kind: Any) -> None:
    """Its __iter__ decides; and it is asked once."""

    class Other(kind):  # type: ignore[misc]
        def __iter__(self) -> Iterator[float]:
            asked.append(self)
            return iter([1.5, 2])

    @library.function
    def total(
        numbers: Annotated[Sequence[float], ArrayOf(c_double), Count(c_int, "numbers")], /
    ) -> Annotated[float, c_double]: ...

    asked: list[Any] = []
    assert total(Other([7])) == 3.5
    assert len(asked) == 1
    assert total(kind([7])) == 7


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Annotated[list[str], ArrayOf(c_char_p)], "how many items C reads is not declared"),
        (
            Annotated[str, ArrayOf(c_char_p)],
            "Sequence[...] of a Python type stands for ArrayOf(",
        ),
        (Annotated[Buffer, ArrayOf(c_int, 3)], "Sequence[...] of a Python type stands for"),
        (
            Annotated[Sequence[int], ArrayOf(c_char_p, 3)],
            "item: bytes or str stands for char *",
        ),
        (
            Annotated[Sequence[str], In(c_int, 3)],
            f"ArrayOf({c_int.__name__}, ...) makes an array of a sequence",
        ),
    ],
)
def test_what_is_refused(annotation: Any, said: str) -> None:
    def function(it, /):  # type: ignore[no-untyped-def]
        ...

    function.__annotations__ = {"it": annotation, "return": None}
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)


def test_callbacks_in_a_sequence_of_structures() -> None:
    @Callback
    def on_number(number: Int, /) -> Int:
        raise NotImplementedError

    @struct
    class Watcher(ctypes.Structure):
        call: Annotated[Callable[[int], int], on_number]

    def function(
        watchers: Annotated[Sequence[Watcher], ArrayOf(Watcher), Count(c_int, "watchers")], /
    ) -> None:
        raise NotImplementedError

    Declaration(function)
    with pytest.raises(DeclarationError, match=r"field Watcher.call .* would wait for ever"):
        Declaration(function, NEVER)


def test_buffers_of_other_items() -> None:
    with pytest.raises(DeclarationError, match="ArrayOf makes an array of a Python sequence"):
        In(c_char_p)
