"""Buffers as arguments, in both ways: zero-copy, checked, counted, released."""

import array
import ctypes
import mmap
import sys
import threading
import time
from collections.abc import Callable
from ctypes import c_int, c_int16, c_int32, c_size_t, c_ubyte
from typing import Annotated, Any

import numpy as np
import pytest
from support import HIGHEST_ADDRESS, Package

from pyexample.ffi import Buffer, Count, In, Library, Out

SOURCE = """
#include <stdint.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#define wait_ms Sleep
#else
#include <unistd.h>
static void wait_ms(unsigned ms) { usleep(1000 * ms); }
#endif

const void *first;
size_t count;

int64_t sum(const int32_t *numbers, size_t n)
{ int64_t s = 0; first = numbers; count = n; while (n) s += numbers[--n]; return s; }

int32_t negate(size_t n, const int32_t *numbers, int32_t scale, int32_t *out)
{ first = numbers; count = n; for (size_t i = 0; i < n; i++) out[i] = -numbers[i] * scale;
  return scale; }

void copy(const void *from, size_t n, void *to, size_t m) { memmove(to, from, n < m ? n : m); }
void shift(const void *from, size_t n, void *to, size_t m) { memmove(to, from, n < m ? n : m); }
size_t bytes(const void *memory, size_t n) { first = memory; count = n; return n; }
int fill(void *memory, int n) { memset(memory, 7, (size_t)n); return n; }
int few(const unsigned char *memory, int16_t n) { (void)memory; return n; }
double mean(const double *x, size_t n)
{ double s = 0; for (size_t i = 0; i < n; i++) s += x[i]; return s / (double)n; }
int waits(const unsigned char *memory, size_t n)
{ (void)memory; (void)n; wait_ms(60); return 1; }
"""

Int64 = Annotated[int, ctypes.c_int64]
Size = Annotated[int, c_size_t]


class Bound:
    """The library above, declared."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.sum = library.function(release_gil=False)(_sum)
        self.negate = library.function(_negate)
        self.copy = library.function(_copy)
        self.shift = library.function(_shift)
        self.bytes = library.function(_bytes)
        self.fill = library.function(_fill)
        self.few = library.function(_few)
        self.mean = library.function(_mean)
        self.waits = library.function(release_gil=1000)(_waits)

    @property
    def first(self) -> int | None:
        """The address that C got last."""
        return ctypes.c_void_p.in_dll(self.library.cdll, "first").value

    @property
    def count(self) -> int:
        """The count that C got last."""
        return c_size_t.in_dll(self.library.cdll, "count").value


def _named(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def rename(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__name__ = name
        return function

    return rename


@_named("sum")
def _sum(numbers: Annotated[Buffer, In(c_int32), Count(c_size_t, "numbers")], /) -> Int64:
    raise NotImplementedError


@_named("negate")
def _negate(
    numbers: Annotated[Buffer, Count(c_size_t, "numbers", "out"), In(c_int32)],
    scale: Annotated[int, c_int32],
    out: Annotated[Buffer, Out(c_int32, in_place=True)],
    /,
) -> Annotated[int, c_int32]:
    raise NotImplementedError


@_named("copy")
def _copy(
    source: Annotated[Buffer, In(None), Count(c_size_t, "source")],
    target: Annotated[Buffer, Out(None), Count(c_size_t, "target")],
    /,
) -> None:
    raise NotImplementedError


@_named("shift")
def _shift(
    source: Annotated[Buffer, In(None), Count(c_size_t, "source")],
    target: Annotated[Buffer, Out(None, in_place=True), Count(c_size_t, "target")],
    /,
) -> None:
    raise NotImplementedError


@_named("bytes")
def _bytes(memory: Annotated[Buffer, In(None), Count(c_size_t, "memory")], /) -> Size:
    raise NotImplementedError


@_named("fill")
def _fill(
    memory: Annotated[Buffer, Out(None), Count(c_int, "memory")], /
) -> Annotated[int, c_int]:
    raise NotImplementedError


@_named("few")
def _few(
    memory: Annotated[Buffer, In(c_ubyte), Count(c_int16, "memory")], /
) -> Annotated[int, c_int]:
    raise NotImplementedError


@_named("mean")
def _mean(
    x: Annotated[Buffer, In(ctypes.c_double), Count(c_size_t, "x")], /
) -> Annotated[float, ctypes.c_double]:
    raise NotImplementedError


@_named("waits")
def _waits(
    memory: Annotated[Buffer, In(c_ubyte), Count(c_size_t, "memory")], /
) -> Annotated[int, c_int]:
    raise NotImplementedError


@pytest.fixture
def c(package: Package, path: str) -> Bound:
    package.compile(SOURCE)
    bound = Bound(Library("c", f"{package.name}.module"))
    assert bool(bound.library.fallbacks) == (path == "ctypes")
    return bound


def shared_memory() -> memoryview:
    memory = mmap.mmap(-1, 12)
    memory[:] = np.array([1, 2, 3], np.int32).tobytes()
    return memoryview(memory).cast("i")


INT32: dict[str, Callable[[], Any]] = {
    "array": lambda: array.array("i", [1, 2, 3]),
    "ctypes": lambda: (c_int32 * 3)(1, 2, 3),
    "NumPy": lambda: np.array([1, 2, 3], np.int32),
    "NumPy intc": lambda: np.array([1, 2, 3], np.intc),
    "NumPy, 2 dimensions": lambda: np.array([[1], [2], [3]], np.int32),
    "NumPy, a part": lambda: np.arange(9, dtype=np.int32)[1:4],
    "memoryview": lambda: memoryview(array.array("i", [1, 2, 3])),
    "memoryview of bytes": lambda: memoryview(np.array([1, 2, 3], np.int32).tobytes()).cast(
        "i"
    ),
    "mmap": shared_memory,
    "long": lambda: np.array([1, 2, 3], np.dtype("l" if np.dtype("l").itemsize == 4 else "i")),
}


@pytest.mark.parametrize("kind", INT32)
def test_what_has_int32_items(c: Bound, kind: str) -> None:
    numbers = INT32[kind]()
    address = np.frombuffer(numbers, np.uint8).ctypes.data
    assert c.sum(numbers) == 6
    assert c.count == 3
    assert c.first == address  # nothing was copied


def test_empty(c: Bound) -> None:
    assert c.sum(array.array("i")) == 0
    assert c.sum(np.zeros((0, 3), np.int32)) == 0
    assert c.count == 0
    assert c.bytes(b"") == 0


@pytest.mark.parametrize(
    "memory",
    [
        b"12345",
        bytearray(5),
        np.zeros(5, "S1"),
        np.zeros((1, 5), "i1"),
        np.zeros(1, [("a", "u1"), ("b", "<u4")]),
    ],
)
def test_items_of_any_type_are_counted_in_bytes(c: Bound, memory: Any) -> None:
    assert c.bytes(memory) == 5


def test_written(c: Bound) -> None:
    out = bytearray(5)
    assert c.fill(memoryview(out)[1:4]) == 3
    assert out == b"\0\7\7\7\0"


def test_counted_between(c: Bound) -> None:
    out = np.zeros(3, np.int32)
    assert c.negate(array.array("i", [1, 2, 3]), 10, out) == 10
    assert out.tolist() == [-10, -20, -30]


def test_in_place(c: Bound) -> None:
    numbers: Any = np.array([1, 2, 3], np.int32)
    c.negate(numbers, 1, numbers)
    assert numbers.tolist() == [-1, -2, -3]
    c.negate(numbers, 1, memoryview(numbers))
    assert numbers.tolist() == [1, 2, 3]


def test_doubles(c: Bound) -> None:
    assert c.mean(array.array("d", [1.0, 2.0])) == 1.5
    assert c.mean(np.array([1.0, 2.0], ">f8" if sys.byteorder == "big" else "<f8")) == 1.5


NUMBERS = "sum() parameter 'numbers' (const int32_t *) "
OUT = "negate() parameter 'out' (int32_t *) "
BASE = np.arange(16, dtype=np.int32)
SWAPPED = np.zeros(3, ">i4" if sys.byteorder == "little" else "<i4")


def unaligned() -> Any:
    return np.frombuffer(bytearray(13), np.int32, 3, offset=1)


@pytest.mark.parametrize(
    ("numbers", "error", "message"),
    [
        ([1, 2], TypeError, "must be a buffer, not list"),
        (7, TypeError, "must be a buffer, not int"),
        (None, TypeError, "must be a buffer, not NoneType"),
        (array.array("I", [1]), TypeError, "must have items of int32_t, not of uint32_t"),
        (array.array("h", [1]), TypeError, "must have items of int32_t, not of int16_t"),
        (array.array("f", [1]), TypeError, "must have items of int32_t, not of float"),
        (np.zeros(3), TypeError, "must have items of int32_t, not of double"),
        (np.zeros(3, bool), TypeError, "must have items of int32_t, not of bool"),
        (b"1234", TypeError, "must have items of int32_t, not of uint8_t"),
        (
            SWAPPED,
            TypeError,
            # 'i', or 'l' on Windows
            f"must have items of int32_t, not of 4 bytes (format {SWAPPED.data.format!r})",
        ),
        (
            np.zeros(3, "U1"),
            TypeError,
            "must have items of int32_t, not of 4 bytes (format '1w')",
        ),
        (
            BASE[::2],
            BufferError,
            "must be C-contiguous: pass a copy (of a NumPy array, its .copy())",
        ),
        (
            BASE.reshape(4, 4).T,
            BufferError,
            "must be C-contiguous: pass a copy (of a NumPy array, its .copy())",
        ),
        (unaligned(), BufferError, "must be aligned to 4 bytes: pass a copy"),
    ],
)
def test_refused(
    c: Bound, numbers: Any, error: type[Exception], message: str, path: str
) -> None:
    with pytest.raises(error) as caught:
        c.sum(numbers)
    assert caught.type is error
    assert str(caught.value) == NUMBERS + message


@pytest.mark.parametrize(
    ("numbers", "out", "error", "message"),
    [
        (
            BASE[:3],
            bytes(12),
            TypeError,
            OUT + "must have items of int32_t, not of uint8_t",
        ),
        (BASE[:3], memoryview(bytes(12)).cast("i"), BufferError, OUT + "must be writable"),
        (
            BASE[:3],
            np.zeros(4, np.int32),
            ValueError,
            f"negate() parameter 'numbers' (uint{HIGHEST_ADDRESS.bit_length()}_t) counts the"
            " items of 'numbers' and of 'out': 3 and 4, not equally many",
        ),
        (BASE[:3], BASE[1:4], ValueError, OUT + "overlaps 'numbers'"),
        (BASE[1:4], BASE[:3], ValueError, OUT + "overlaps 'numbers'"),
        (BASE[:3], BASE[2:5], ValueError, OUT + "overlaps 'numbers'"),
        (BASE[:3], BASE[:2], ValueError, OUT + "overlaps 'numbers'"),
    ],
)
def test_outputs_refused(
    c: Bound, numbers: Any, out: Any, error: type[Exception], message: str
) -> None:
    before = BASE.copy()
    with pytest.raises(error) as caught:
        c.negate(numbers, 1, out)
    assert caught.type is error
    assert str(caught.value) == message
    assert (before == BASE).all()


def test_the_same_memory_is_refused_where_it_was_not_declared(c: Bound) -> None:
    memory = bytearray(b"12345")
    with pytest.raises(ValueError, match=r"parameter 'target' .* overlaps 'source'"):
        c.copy(memory, memory)
    c.shift(memory, memory)
    c.copy(b"abc", memory)
    assert memory == b"abc45"


def test_in_place_is_from_the_first_byte_to_the_last(c: Bound) -> None:
    memory = memoryview(bytearray(b"12345"))
    for source, target in ((memory[:3], memory), (memory, memory[:3])):
        with pytest.raises(ValueError, match=r"parameter 'target' .* overlaps 'source'"):
            c.shift(source, target)


def test_neighbours_do_not_overlap(c: Bound) -> None:
    numbers = np.arange(6, dtype=np.int32)
    c.negate(numbers[:3], 1, numbers[3:])
    assert numbers.tolist() == [0, 1, 2, 0, -1, -2]
    c.negate(numbers[3:], 1, numbers[:3])
    assert numbers.tolist() == [0, 1, 2, 0, -1, -2]


def test_more_items_than_the_count_can_say(c: Bound) -> None:
    assert c.few(bytes(2**15 - 1)) == 2**15 - 1
    with pytest.raises(OverflowError) as caught:
        c.few(bytes(2**15))
    assert str(caught.value) == "few() parameter 'memory' (int16_t) cannot count 32768 items"


def test_every_buffer_is_released(c: Bound) -> None:
    numbers, out = bytearray(12), bytearray(12)
    good, writable = memoryview(numbers).cast("i"), memoryview(out).cast("i")
    c.negate(good, 1, writable)
    c.negate(good, 1, good)
    for arguments in (
        (good, 1, writable[:2]),
        (good, 1, good[1:]),
        (good, 1.5, writable),
        (good, 1, [1]),
        (good, 1, bytes(12)),
    ):
        with pytest.raises((TypeError, ValueError, BufferError)):
            c.negate(*arguments)
    del arguments
    good.release()
    writable.release()
    numbers.append(1)  # BufferError where somebody still holds the buffer
    out.append(1)


@pytest.mark.parametrize(("size", "released"), [(999, False), (1000, True)])
def test_the_gil_is_released_for_large_buffers(
    c: Bound, size: int, released: bool, path: str
) -> None:
    ticks = []

    def tick() -> None:
        for _ in range(20):
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.perf_counter()
    assert c.waits(bytes(size)) == 1
    end = time.perf_counter()
    thread.join()
    during = [tick for tick in ticks if begin + 0.01 < tick < end - 0.01]
    free_threaded = not getattr(sys, "_is_gil_enabled", lambda: True)()
    # ctypes cannot decide by size: it always releases the GIL.
    assert bool(during) == (released or free_threaded or path == "ctypes")
