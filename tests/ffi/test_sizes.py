"""How many items of a buffer C accesses: fixed sizes, minima, parameters, NULL, item sizes."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import os
import sys
from array import array
from ctypes import c_char, c_double, c_int, c_int16, c_size_t, c_uint8, c_void_p
from typing import Annotated, Any

import pytest
from support import Package, is_in_c

from pyexample.ffi import (
    TERMINATED,
    UNCHECKED,
    Buffer,
    Count,
    DeclarationError,
    In,
    ItemSize,
    Library,
    Out,
)
from pyexample.ffi.declaration import Declaration

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
int key_sum(const unsigned char key[4]) { return key[0] + key[1] + key[2] + key[3]; }
int32_t many(const int32_t *items, size_t n) { return items ? (int32_t)n : -1; }
void fill(short out[3]) { for (int i = 0; i < 3; i++) out[i] = (short)(i + 1); }
double area(const double *cells, int rows, int columns) {
    double sum = 0;
    for (int i = 0; i < rows * columns; i++) sum += cells[i];
    return sum;
}
int until_zero(const int *items) { int n = 0; while (items[n]) n++; return n; }
int any_bytes(const void *p) { return *(const char *)p; }
size_t weigh(const void *items, size_t n, size_t size) { return 1000 * n + size; }
static int compare(const void *a, const void *b) { return memcmp(a, b, 1); }
void sorted(void *items, size_t n, size_t size) { qsort(items, n, size, compare); }
"""

Int = Annotated[int, c_int]


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    return Library("c", f"{package.name}.module")


def test_a_fixed_size(library: Library) -> None:
    @library.function
    def key_sum(key: Annotated[Buffer, In(c_uint8, 4)], /) -> Int: ...

    assert key_sum(bytes([1, 2, 3, 4])) == 10
    for wrong in (b"", b"123", b"12345", bytearray(2**16)):
        with pytest.raises(ValueError, match=rf"'key' .* must have 4 items, not {len(wrong)}$"):
            key_sum(wrong)
    with pytest.raises(TypeError, match="must be a buffer, not NoneType"):
        key_sum(None)  # type: ignore[arg-type]


def test_a_least_size(library: Library) -> None:
    @library.function
    def key_sum(key: Annotated[Buffer, In(c_uint8, at_least=4)], /) -> Int: ...

    assert key_sum(bytes([1, 2, 3, 4, 5])) == 10
    with pytest.raises(ValueError, match=r"must have at least 4 items, not 3$"):
        key_sum(b"123")


def test_a_least_size_that_depends(library: Library) -> None:
    Cells = Annotated[Buffer | None, In(c_double, at_least="rows")]  # noqa: N806

    @library.function
    def area(
        cells: Cells, rows: Int, columns: Annotated[int, c_int, range(1, 2)], /
    ) -> Annotated[float, c_double]: ...
    @library.function(symbol="area")
    def computed(
        cells: Annotated[Buffer, In(c_double, at_least=lambda _, n, m: n * m)],
        n: Int,
        m: Int,
        /,
    ) -> Annotated[float, c_double]: ...

    numbers = array("d", [1, 2, 3, 4, 5, 6])
    assert [area(numbers, rows, 1) for rows in (0, 5, 6)] == [0, 15, 21]
    assert area(None, 0, 1) == 0
    for given, rows, found in ((numbers, 7, 6), (None, 1, 0)):
        said = rf"^area\(\) .* must have at least {rows} \(rows\) items, not {found}$"
        with pytest.raises(ValueError, match=said):
            area(given, rows, 1)
    with pytest.raises(ValueError, match="would have -1 items"):
        area(numbers, -1, 1)
    assert computed(numbers, 2, 2) == 10
    with pytest.raises(ValueError, match=r"must have at least 9 items, not 6$"):
        computed(numbers, 3, 3)


def test_what_c_writes_has_a_size_too(library: Library) -> None:
    @library.function
    def fill(out: Annotated[Buffer, Out(c_int16, 3)], /) -> None: ...

    out = array("h", [0, 0, 0])
    fill(out)
    assert out.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"must have 3 items, not 2$"):
        fill(array("h", [0, 0]))


def test_a_size_that_parameters_say(library: Library) -> None:
    @library.function
    def area(
        cells: Annotated[Buffer, In(c_double, ("rows", "columns"))], rows: Int, columns: Int, /
    ) -> Annotated[float, c_double]: ...

    assert area(array("d", [1, 2, 3, 4, 5, 6]), 2, 3) == 21
    for rows, columns in ((2, 2), (3, 3), (0, 1)):
        with pytest.raises(
            ValueError,
            match=rf"must have {rows * columns} \(rows \* columns\) items, not 6$",
        ):
            area(array("d", [1, 2, 3, 4, 5, 6]), rows, columns)
    for rows, columns in ((-2, -3), (-1, 6)):  # C would get as many as there are
        with pytest.raises(ValueError, match=rf"would have {rows} items$"):
            area(array("d", [1, 2, 3, 4, 5, 6]), rows, columns)
    assert area(array("d"), 0, 9) == 0


def test_a_size_that_a_function_says(library: Library) -> None:
    @library.function
    def key_sum(key: Annotated[Buffer, In(c_uint8, lambda key: 4)], /) -> Int: ...

    assert key_sum(bytes([1, 2, 3, 4])) == 10
    assert is_in_c(key_sum)
    with pytest.raises(ValueError, match=r"must have 4 items, not 3$"):
        key_sum(b"123")

    asked: list[Any] = []

    @library.function(symbol="key_sum")
    def told(key: Annotated[Buffer, In(c_uint8, lambda key: asked[0])], /) -> Int: ...

    for size, error, said in (
        (2.5, TypeError, "its size must be an integer, not float"),
        (-1, ValueError, "would have -1 items"),
        (2**60, ValueError, "would have 1152921504606846976 items"),
    ):
        asked[:] = [size]
        with pytest.raises(error, match=rf"^told\(\) parameter 'key' .*{said}$"):
            told(b"1234")


def test_null_has_no_items(library: Library) -> None:
    @library.function
    def many(
        items: Annotated[Buffer | None, In(c_int, "n")], n: Annotated[int, c_size_t], /
    ) -> Int: ...

    assert many(None, 0) == -1
    with pytest.raises(ValueError, match=r"must have 5 \(n\) items, not 0$"):
        many(None, 5)


def test_a_zero_ends_it(library: Library) -> None:
    @library.function
    def until_zero(items: Annotated[Buffer, In(c_int, TERMINATED)], /) -> Int: ...

    assert until_zero(array("i", [7, 256, 0])) == 2
    assert is_in_c(until_zero)
    # If builtin functions are served here at all, this is one.
    assert all("not served" not in reason for reason in library.fallbacks.values())
    for wrong in (array("i"), array("i", [0, 1])):
        with pytest.raises(ValueError, match="must end with an item that is 0"):
            until_zero(wrong)


def test_null(library: Library) -> None:
    @library.function
    def many(
        items: Annotated[Buffer | None, In(c_int), Count(c_size_t, "items")], /
    ) -> Int: ...

    assert (many(None), many(array("i", [1, 2]))) == (-1, 2)
    # If builtin functions are served here at all, this is one.
    assert all("not served" not in reason for reason in library.fallbacks.values())


def test_the_size_of_an_item(library: Library) -> None:
    @library.function
    def weigh(
        items: Annotated[
            Buffer | None, In(None), Count(c_size_t, "items"), ItemSize(c_size_t, "items")
        ],
        /,
    ) -> Annotated[int, c_size_t]: ...

    assert weigh(array("d", [1, 2, 3])) == 3008
    assert weigh(b"ab") == 2001
    assert weigh(None) == 1
    assert is_in_c(weigh)

    @library.function
    def sorted(  # noqa: A001
        items: Annotated[
            Buffer, Out(c_int), Count(c_size_t, "items"), ItemSize(c_size_t, "items")
        ],
        /,
    ) -> None: ...

    numbers = array("i", [3, 1, 2])
    sorted(numbers)
    if sys.byteorder == "little":
        assert numbers.tolist() == [1, 2, 3]
    assert is_in_c(sorted)
    assert all("not served" not in reason for reason in library.fallbacks.values())


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            In(c_char),
            "how many items C reads is not declared. Write a Count, a size such as In(",
        ),
        (
            Out(None),
            "how many items C writes is not declared. Write a Count, a size such as Out(",
        ),
        (In(c_char, "no"), "In needs the names of integer parameters, not no"),
        (In(c_char, "it"), "In needs the names of integer parameters, not it"),
        (In(c_char, ("n", "x")), "In needs the names of integer parameters, not x"),
    ],
)
def test_what_is_refused(word: Any, said: str) -> None:
    def function(it: Annotated[Buffer, word], x: Annotated[float, c_double], n: Int, /) -> None:
        raise NotImplementedError

    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)


def test_sizes_that_are_none() -> None:
    for wrong in (0, -1, 2**63):
        with pytest.raises(DeclarationError, match="is no number of items, from 1 on"):
            In(c_char, wrong)
        with pytest.raises(DeclarationError, match="is no number of items, from 1 on"):
            Out(c_char, at_least=wrong)
    for other in (1.5, (), ("n", 1.5), (2, 3), c_size_t, b"n"):
        with pytest.raises(DeclarationError, match="is no number of items"):
            In(c_char, other)  # type: ignore[arg-type]
    for no_least in (TERMINATED, UNCHECKED, ("n", "m")):
        with pytest.raises(DeclarationError, match="at_least is a number, the name of"):
            In(c_char, at_least=no_least)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="a size or at_least, not both"):
        In(c_char, 3, at_least="n")
    with pytest.raises(DeclarationError, match="a size or at_least, not both"):
        In(c_char, 3, at_least=3)
    with pytest.raises(DeclarationError, match=r"ItemSize: .* is not an integer type"):
        ItemSize(c_void_p, "it")


def test_unchecked(library: Library) -> None:
    @library.function
    def any_bytes(p: Annotated[Buffer, In(None, UNCHECKED)], /) -> Int: ...

    assert any_bytes(b"a") == 97
