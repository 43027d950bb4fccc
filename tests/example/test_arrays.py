"""square_array() and sum_of_squares(), against Python's own integers."""

import array
import ctypes
import platform
import subprocess
import sys
import threading
import time
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HAS_GIL

import pyexample
from pyexample.arrays import RELEASE_GIL, example_simd

ROOT_MAX = 46340
ROOTS = st.integers(-ROOT_MAX, ROOT_MAX)
INT32 = st.integers(-(2**31), 2**31 - 1)
UNTOUCHED = 0x5A5A5A5A


@pytest.fixture
def arrays(path: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of square_array(), with functions called in one way or the other."""
    modules = []
    for name in ("pyexample.libexample", "pyexample.arrays"):
        spec = find_spec(name)
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setitem(sys.modules, name, module)  # what the next one imports from
        modules.append(module)
    binding, result = modules
    assert ("example_square_array" in binding.library.fallbacks) == (path == "ctypes")
    return result


def unaligned_copy(numbers: list[int], offset: int) -> Any:
    """An int32 array that begins ``offset`` items behind a boundary of 64 bytes."""
    room = np.full(len(numbers) + 48, UNTOUCHED, np.int32)
    start = -room.ctypes.data // 4 % 16 + offset
    part = room[start : start + len(numbers)]
    part[:] = numbers
    return part


def test_squares(arrays: ModuleType) -> None:
    @settings(deadline=None)
    @given(st.lists(ROOTS, max_size=300), st.integers(0, 15), st.integers(0, 15))
    def every(numbers: list[int], offset: int, other: int) -> None:
        given_ = unaligned_copy(numbers, offset)
        out = unaligned_copy([0] * len(numbers), other)
        assert arrays.square_array(given_, out) is out
        assert out.tolist() == [number**2 for number in numbers]
        assert out.base[out.base != UNTOUCHED].size <= out.size
        assert given_.tolist() == numbers
        assert arrays.square_array(given_, given_) is given_
        assert given_.tolist() == [number**2 for number in numbers]

    every()


def test_overflow_at_any_position(arrays: ModuleType) -> None:
    bad = INT32.filter(lambda number: abs(number) > ROOT_MAX)

    @settings(deadline=None)
    @given(st.lists(ROOTS, max_size=300), bad, st.lists(INT32, max_size=100))
    @hypothesis.example([], 46341, [])
    @hypothesis.example([1], -(2**31), [2**31 - 1])
    def every(right: list[int], wrong: int, rest: list[int]) -> None:
        numbers = array.array("i", [*right, wrong, *rest])
        out = array.array("i", [UNTOUCHED]) * len(numbers)
        with pytest.raises(OverflowError) as caught:
            arrays.square_array(numbers, out)
        assert str(caught.value) == (
            f"square_array(): number {len(right)} (counted from 0, in memory order) is {wrong},"
            " and its square does not fit in an int32;"
            f" the {len(right)} before it were squared"
        )
        assert out.tolist() == [n**2 for n in right] + [UNTOUCHED] * (len(rest) + 1)
        with pytest.raises(OverflowError, match=f"number {len(right)} .* is {wrong},"):
            arrays.square_array(numbers)
        with pytest.raises(OverflowError, match=f"number {len(right)} .* is {wrong},"):
            arrays.square_array(numbers, numbers)
        assert numbers.tolist() == [n**2 for n in right] + [wrong, *rest]

    every()


def test_sum_of_squares(arrays: ModuleType) -> None:
    @settings(deadline=None)
    @given(st.lists(INT32, max_size=300), st.integers(0, 15))
    @hypothesis.example([-(2**31)] * 300, 1)
    # The lower halves of the squares carry into bit 64, through upper ones that are all 1.
    @hypothesis.example([*[-(2**31), 65535] * 2, -(2**31), 0, 2**31 - 1, 0], 0)
    def every(numbers: list[int], offset: int) -> None:
        total = arrays.sum_of_squares(unaligned_copy(numbers, offset))
        assert type(total) is int
        assert total == sum(number**2 for number in numbers)

    every()


def test_a_sum_beyond_64_bits(arrays: ModuleType) -> None:
    numbers = np.full(1_000_003, -(2**31), np.int32)
    assert arrays.sum_of_squares(numbers) == 1_000_003 * 2**62


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4), (2, 3, 4)])
def test_a_new_array_of_the_same_shape(arrays: ModuleType, shape: tuple[int, ...]) -> None:
    numbers = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    squares = arrays.square_array(numbers)
    assert type(squares) is np.ndarray
    assert squares.dtype == np.int32
    assert squares.shape == shape
    assert not np.shares_memory(squares, numbers)
    assert squares.ravel().tolist() == [number**2 for number in numbers.ravel().tolist()]


@pytest.mark.parametrize(
    "numbers",
    [
        array.array("i", [1, -2, 3]),
        memoryview(array.array("i", [1, -2, 3])),
        (ctypes.c_int32 * 3)(1, -2, 3),
        memoryview(np.array([1, -2, 3], np.int32)),  # type: ignore[arg-type, unused-ignore]
    ],
)
def test_a_new_array_of_the_standard_library(arrays: ModuleType, numbers: Any) -> None:
    assert arrays.square_array(numbers) == array.array("i", [1, 4, 9])
    assert arrays.sum_of_squares(numbers) == 14


BASE = np.arange(16, dtype=np.int32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2],), TypeError, "must be a buffer, not list"),
        ((None,), TypeError, "must be a buffer, not NoneType"),
        ((np.arange(3.0),), TypeError, "items of int32_t, not of double"),
        ((np.arange(3, dtype=np.int64),), TypeError, "items of int32_t, not of int64_t"),
        ((b"12345678",), TypeError, "items of int32_t, not of uint8_t"),
        ((BASE[::2],), BufferError, "must be C-contiguous: pass a copy"),
        ((BASE, BASE[::2]), BufferError, "must be C-contiguous: pass a copy"),
        ((BASE, np.zeros(16)), TypeError, "items of int32_t, not of double"),
        ((BASE, [0] * 16), TypeError, "must be a buffer, not list"),
        ((BASE[:4], np.zeros(3, np.int32)), ValueError, "4 and 3, not equally many"),
        ((BASE[:4], np.zeros(5, np.int32)), ValueError, "4 and 5, not equally many"),
        ((BASE[:4], BASE[1:5]), ValueError, "overlaps 'numbers'"),
        ((BASE, memoryview(bytes(64)).cast("i")), BufferError, "must be writable"),
    ],
)
def test_refused(
    arrays: ModuleType, arguments: Any, error: type[Exception], message: str
) -> None:
    before = BASE.copy()
    with pytest.raises(error, match=r"^example_square_array\(\) parameter") as caught:
        arrays.square_array(*arguments)
    assert message in str(caught.value)
    assert caught.type is error
    assert (before == BASE).all()


@pytest.mark.parametrize("numbers", [[1], np.arange(3.0), BASE[::2]])
def test_sum_refused(arrays: ModuleType, numbers: Any) -> None:
    with pytest.raises((TypeError, BufferError), match=r"^example_sum_of_squares\(\) param"):
        arrays.sum_of_squares(numbers)


def test_numpy_is_not_imported() -> None:
    code = (
        "import sys, array, pyexample\n"
        "assert pyexample.square_array(array.array('i', [7]))[0] == 49\n"
        "assert pyexample.sum_of_squares(array.array('i', [7])) == 49\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not HAS_GIL, reason="there is no GIL to release")
def test_two_threads_overlap_on_large_arrays(arrays: ModuleType) -> None:
    """While one thread is in C, another one runs Python."""
    numbers = np.ones(2**25, np.int32)
    out = np.ones_like(numbers)
    assert numbers.nbytes + out.nbytes > RELEASE_GIL
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.0005):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    calls = []
    for _ in range(10):
        begin = time.perf_counter()
        arrays.square_array(numbers, out)
        calls.append((begin, time.perf_counter()))
    stop.set()
    thread.join()
    # Well within a call: at its ends the interpreter itself may switch.
    within = [t for t in ticks for begin, end in calls if begin + 0.001 < t < end - 0.001]
    assert len(within) >= len(calls)


def test_simd() -> None:
    assert example_simd() in ("avx2", "portable")
    # Elsewhere, /proc/cpuinfo may be that of the machine on which qemu runs.
    if sys.platform == "linux" and platform.machine() == "x86_64":
        with open("/proc/cpuinfo") as file:
            avx2 = " avx2 " in file.read()
        assert (example_simd() == "avx2") == avx2


def test_the_face() -> None:
    assert pyexample.square_array(array.array("i", [7]))[0] == 49
    assert pyexample.sum_of_squares(array.array("i", [7, -1])) == 50
