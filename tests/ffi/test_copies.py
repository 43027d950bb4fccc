"""Memory of C's that comes back as a copy: libfastcall makes it, where it can."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import ctypes
import math
import os
import sys
from ctypes import (
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int16,
    c_longlong,
    c_size_t,
    c_uint8,
    c_void_p,
)
from typing import Annotated, Any

import pytest
from support import Package, collect, is_in_c

from pyexample.ffi import (
    TERMINATED,
    Count,
    Filled,
    In,
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    Written,
)

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static int made;
int alive(void) { return made; }
void release(void *memory) { made--; *(char *)memory = '?'; free(memory); }

static const unsigned char some[] = "zw\xc3\xb6lf\0 and more";
const void *bytes_at(int at, int n, int m) {
    (void)n, (void)m;
    return at < 0 ? NULL : some + at;
}
void *bytes_of_my_own(int at, int n) {
    char *memory = at < 0 ? NULL : malloc(n > 0 ? (size_t)n : 1);
    made += memory != NULL;
    return memory ? memcpy(memory, some + at, n > 0 ? (size_t)n : 0) : NULL;
}
static const int64_t wide[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
static const float floats[] = {0.5f, -1.5f, 1e30f};
static const unsigned char truths[] = {0, 1, 2, 255};
const void *numbers(int which) {
    return which == 8 ? (const void *)wide : which == 4 ? (const void *)floats : truths;
}
void *paged(int n) { /* its last item is the last of the memory */
    char *memory = malloc((size_t)n);
    made++;
    return memset(memory, 7, (size_t)n);
}
int store(int n, const void **data, size_t *size) {
    *data = n < 0 ? NULL : some;
    *size = (size_t)(n < 0 ? 0 : n);
    return n == 9 ? 5 : 0;
}
const void *failing(int how) { return how ? (const void *)(intptr_t)-how : some; }
int store_error(int n, void **error) {
    *error = n ? bytes_of_my_own(0, n) : NULL;
    return 7;
}
long long written(long long n, const void **data) { *data = some; return n; }
int fill(int n, int size, int wide, unsigned char *room, int items, int *valid) {
    for (int i = 0; i < size * wide; i++) room[i] = (unsigned char)(i + 1);
    *valid = n;
    return size - items;
}
typedef struct { char filler[70000]; int last; } large;
void fill_large(int n, large *them) { for (int i = 0; i < n; i++) them[i].last = i; }
"""

Int = Annotated[int, c_int]


class Large(ctypes.Structure):
    _fields_ = (("filler", c_char * 70000), ("last", c_int))


def failed(code: int, *_: Any) -> Exception:
    return RuntimeError(code)


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    return Library("c", f"{package.name}.module")


@pytest.fixture
def release(library: Library) -> Any:
    @library.function
    def release(memory: Annotated[int | None, c_void_p], /) -> None: ...

    return release


@pytest.fixture
def alive(library: Library) -> Any:
    @library.function
    def alive() -> Int: ...

    return alive


def check_made_in_c(path: str, *functions: Any) -> None:
    """These are builtin functions, if there are any; Python has interpreted nothing."""
    assert path != "builtin" or all(each.__self__ for each in functions)
    assert all(map(is_in_c, functions))


def test_as_many_as_is_said(library: Library, path: str) -> None:
    @library.function(symbol="bytes_at")
    def four(at: Int, n: Int, m: Int, /) -> Annotated[bytes, In(c_char, 4)]: ...
    @library.function(symbol="bytes_at")
    def named(at: Int, n: Int, m: Int, /) -> Annotated[bytes, In(c_char, "n")]: ...
    @library.function(symbol="bytes_at")
    def product(at: Int, n: Int, m: Int, /) -> Annotated[bytes, In(c_char, ("n", 2, "m"))]: ...
    @library.function(symbol="bytes_at")
    def computed(
        at: Int, n: Int, m: Int, /
    ) -> Annotated[bytes, In(c_char, lambda at, n, m: n - m)]: ...
    @library.function(symbol="bytes_at")
    def array(at: Int, n: Int, m: Int, /) -> Annotated[bytearray, In(c_uint8, "n")]: ...
    @library.function(symbol="bytes_at")
    def text(at: Int, n: Int, m: Int, /) -> Annotated[str, In(c_char, "n")]: ...
    @library.function(symbol="bytes_at")
    def numbers(at: Int, n: Int, m: Int, /) -> Annotated[list[int], In(c_uint8, "m")]: ...

    assert four(0, 0, 0) == b"zw\xc3\xb6"
    assert [named(0, n, 0) for n in (0, 1, 7, 10)] == [
        b"",
        b"z",
        b"zw\xc3\xb6lf\0",
        b"zw\xc3\xb6lf\0 an",
    ]
    assert product(1, 2, 2) == b"w\xc3\xb6lf\0 a"
    assert product(1, 2, 0) == b""
    assert computed(0, 5, 2) == b"zw\xc3"
    assert array(0, 3, 0) == bytearray(b"zw\xc3")
    assert type(array(0, 3, 0)) is bytearray
    assert text(0, 10, 0) == "zwölf\0 an", "a NUL ends nothing"
    assert text(0, 0, 0) == ""
    assert numbers(0, 0, 3) == [ord("z"), ord("w"), 0xC3]
    assert numbers(0, 0, 0) == []
    check_made_in_c(path, four, named, product, computed, array, text, numbers)


def test_items_of_each_size(library: Library, path: str) -> None:
    @library.function(symbol="numbers")
    def wide(which: Int, /) -> Annotated[list[int], In(ctypes.c_int64, 5)]: ...
    @library.function(symbol="numbers")
    def unsigned(which: Int, /) -> Annotated[list[int], In(ctypes.c_uint64, 5)]: ...
    @library.function(symbol="numbers")
    def floats(which: Int, /) -> Annotated[list[float], In(c_float, 3)]: ...
    @library.function(symbol="numbers")
    def signed(which: Int, /) -> Annotated[list[int], In(ctypes.c_int8, 4)]: ...
    @library.function(symbol="numbers")
    def truths(which: Int, /) -> Annotated[list[bool], In(c_bool, 4)]: ...
    @library.function(symbol="numbers")
    def doubles(which: Int, /) -> Annotated[list[float], In(c_double, 5)]: ...

    assert wide(8) == [-(2**63), -1, 0, 1, 2**63 - 1]
    assert unsigned(8) == [2**63, 2**64 - 1, 0, 1, 2**63 - 1]
    assert floats(4) == [0.5, -1.5, pytest.approx(1e30)]
    assert signed(1) == [0, 1, 2, -1]
    assert [*map(id, truths(1))] == [*map(id, (False, True, True, True))]
    assert math.isnan(doubles(8)[1])
    check_made_in_c(path, wide, unsigned, floats, signed, truths, doubles)


def test_what_c_allocates_is_freed(
    library: Library, path: str, release: Any, alive: Any
) -> None:
    @library.function(symbol="bytes_of_my_own")
    def data(
        at: Int, n: Int, /
    ) -> Annotated[bytes | None, In(c_char, "n"), Owned(release)]: ...
    @library.function(symbol="bytes_of_my_own")
    def text(at: Int, n: Int, /) -> Annotated[str, In(c_char, "n"), Owned(release)]: ...
    @library.function
    def paged(n: Int, /) -> Annotated[list[int], Out(c_uint8, "n"), Owned(release)]: ...

    assert data(0, 3) == b"zw\xc3"
    assert data(0, 0) == b""
    assert data(-1, 3) is None
    assert text(0, 6) == "zwölf"
    assert paged(5) == [7] * 5
    assert alive() == 0
    check_made_in_c(path, data, text, paged)
    with pytest.raises(UnicodeDecodeError):
        text(0, 3)
    with pytest.raises(ValueError, match="is a null pointer, which its declaration rules out"):
        text(-1, 3)
    with pytest.raises(ValueError, match="would have -3 items"):
        data(0, -3)
    collect()
    assert alive() == 0


def test_a_python_function_frees_it(library: Library, release: Any, alive: Any) -> None:
    freed: list[int] = []

    def let_go(address: int) -> None:
        freed.append(address)
        release(address)

    @library.function(symbol="bytes_of_my_own")
    def data(at: Int, n: Int, /) -> Annotated[bytes, In(c_char, "n"), Owned(let_go)]: ...

    assert [data(0, 3), data(2, 2)] == [b"zw\xc3", b"\xc3\xb6"]
    assert (len(freed), alive()) == (2, 0)


def test_the_size_raises(library: Library, release: Any, alive: Any) -> None:
    def size(at: int, n: int) -> int:
        return 12 // n

    @library.function(symbol="bytes_of_my_own")
    def data(at: Int, n: Int, /) -> Annotated[bytes, In(c_char, size), Owned(release)]: ...

    assert data(0, 12) == b"z"
    with pytest.raises(ZeroDivisionError):
        data(0, 0)
    collect()
    assert alive() == 0


@pytest.mark.parametrize("wrong", [-1, 2**48, 2**70, "three", None, 1.5])
def test_no_number_of_items(library: Library, wrong: Any) -> None:
    @library.function(symbol="bytes_at")
    def data(at: Int, n: Int, m: Int, /) -> Annotated[bytes, In(c_char, lambda *_: wrong)]: ...

    with pytest.raises((TypeError, ValueError), match=r"would have|must be an integer"):
        data(0, 1, 1)


def test_null(library: Library, path: str) -> None:
    @library.function(symbol="bytes_at")
    def maybe(at: Int, n: Int, m: Int, /) -> Annotated[bytes | None, In(c_char, "n")]: ...
    @library.function(symbol="bytes_at")
    def surely(at: Int, n: Int, m: Int, /) -> Annotated[bytes, In(c_char, "n")]: ...
    @library.function(symbol="bytes_at")
    def raising(
        at: Int, n: Int, m: Int, /
    ) -> Annotated[bytes, In(c_char, "n"), Raises(failed)]: ...

    assert maybe(-1, 3, 0) is None
    check_made_in_c(path, maybe)
    assert surely(-1, 0, 0) == b""
    with pytest.raises(ValueError, match="is a null pointer"):
        surely(-1, 1, 0)
    assert raising(0, 1, 0) == b"z"
    with pytest.raises(RuntimeError):
        raising(-1, 1, 0)


def test_an_address_that_means_failure(library: Library) -> None:
    """The predicate and the exception get what ctypes makes of it, whatever the items are."""
    invalid = c_void_p(-1).value

    @library.function
    def failing(how: Int, /) -> Annotated[
        list[int], In(c_int16, 1), Raises(failed, when=lambda address: address == invalid)
    ]: ...  # fmt: skip

    assert failing(0) == [int.from_bytes(b"zw", sys.byteorder)]
    with pytest.raises(RuntimeError, match=str(invalid)):
        failing(1)


@pytest.mark.parametrize("kind", [Annotated[str, c_char_p], Annotated[bytes, In(c_char, 5)]])
def test_what_is_owned_and_means_failure(
    library: Library, release: Any, alive: Any, kind: Any
) -> None:
    """The exception is made of it before it is freed; nothing copies it."""

    def explain(given: Any, *_: Any) -> Exception:
        text = given if isinstance(given, bytes) else ctypes.string_at(given)
        return RuntimeError(text.decode())

    @library.function(symbol="bytes_of_my_own")
    def run(
        at: Int, n: Int, /
    ) -> Annotated[kind, Owned(release), Raises(explain, when="nonzero")]: ...

    with pytest.raises(RuntimeError, match=" and"):
        run(7, 10)
    collect()
    assert alive() == 0


@pytest.mark.parametrize("form", [bytes, bytearray, str, list[int]])
def test_null_is_no_error(library: Library, release: Any, alive: Any, form: Any) -> None:
    item = c_uint8 if form == list[int] else c_char

    @library.function
    def store_error(n: Int, /) -> Annotated[
        int, c_int, Returned(form, In(item, lambda n: 6 // n), Owned(release), Raises(failed)),
    ]: ...  # fmt: skip

    assert store_error(0) == 7
    with pytest.raises(RuntimeError):
        store_error(2)
    collect()
    assert alive() == 0


def test_with_a_length(library: Library, path: str) -> None:
    @library.function
    def store(n: Int, /) -> Annotated[
        bytes | None, c_int, Raises(failed),
        Returned(bytes | None, In(c_char), name="data"), Length(c_size_t, "data"),
    ]: ...  # fmt: skip
    @library.function
    def written(n: Annotated[int, c_longlong], /) -> Annotated[
        list[int], c_longlong, Written("data"), Returned(list[int], In(c_uint8), name="data"),
    ]: ...  # fmt: skip

    assert store(4) == b"zw\xc3\xb6"
    assert store(-1) is None
    assert written(2) == [ord("z"), ord("w")]
    check_made_in_c(path, store, written)
    with pytest.raises(RuntimeError, match="5"):
        store(9)
    for wrong in (-1, -(2**63), 2**63 - 1, 2**48):
        with pytest.raises(ValueError, match="would have"):
            written(wrong)


def test_lists_that_c_fills(library: Library, path: str) -> None:
    @library.function
    def fill(n: Int, size: Int, wide: Int, /) -> Annotated[
        list[int], c_int, Raises(failed),
        Filled(list[int], c_int16, "size", name="them"), Count(c_int, "them"),
        Length(c_int, "them"),
    ]: ...  # fmt: skip
    @library.function(symbol="fill")
    def fill_array(n: Int, size: Int, wide: Int, /) -> Annotated[
        bytearray, c_int, Raises(failed),
        Filled(bytearray, c_uint8, "size", name="them"), Count(c_int, "them"),
        Length(c_int, "them"),
    ]: ...  # fmt: skip

    shorts = [int.from_bytes(each, sys.byteorder) for each in (b"\1\2", b"\3\4", b"\5\6")]
    assert [fill(n, 3, 2) for n in (0, 2, 3)] == [[], shorts[:2], shorts]
    assert fill_array(2, 3, 1) == bytearray(b"\1\2")
    assert type(fill_array(0, 0, 1)) is bytearray
    check_made_in_c(path, fill, fill_array)
    for wrong in (-1, 4):
        with pytest.raises(ValueError, match=f"C says that it wrote {wrong} of 3 items"):
            fill(wrong, 3, 2)


def test_items_of_more_bytes_than_fit_in_16_bits(library: Library) -> None:
    @library.function
    def fill_large(n: Int, /) -> Annotated[
        list[Large], None, Filled(list[Large], Large, "n", name="them"),
    ]: ...  # fmt: skip

    assert [each.last for each in fill_large(3)] == [0, 1, 2]


def test_what_python_copies(library: Library) -> None:
    @library.function(symbol="bytes_at")
    def ended(at: Int, n: Int, m: Int, /) -> Annotated[bytes, In(c_char, TERMINATED)]: ...

    assert ended(0, 0, 0) == b"zw\xc3\xb6lf"
