"""10^8 fast calls and 10^5 of arrays, in threads, with errors: all right, nothing lost."""

import gc
import random
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import FASTCALL_IS_SERVED

from pyexample import square, square_array, sum_of_squares

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux tells it"),
    pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="without fast calls it takes hours"),
]

THREADS = 4
ROOT_MAX = 46340


def resident() -> int:
    """The bytes of memory that this process has, by proc(5)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def in_threads(work: Callable[[int], None], times: int) -> None:
    """Call ``work`` so many times, with the number of the call."""
    with ThreadPoolExecutor(THREADS) as pool:
        for job in [pool.submit(work, number) for number in range(times)]:
            job.result()


def assert_nothing_is_lost(work: Callable[[int], None], times: int) -> None:
    """What one call in a hundred keeps would be seen: Python's objects, and all memory."""
    in_threads(work, times // 10)  # what is allocated once
    gc.collect()
    memory, blocks = resident(), sys.getallocatedblocks()
    in_threads(work, times)
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 1000
    assert resident() - memory < 4 << 20
    assert threading.active_count() == 1


def assert_refused(error: type[Exception], call: Any, *given: Any, **named: Any) -> None:
    try:
        call(*given, **named)
    except error:
        return
    raise AssertionError(f"{call} took {given} and {named}")


def test_fast_calls() -> None:
    numbers = range(-ROOT_MAX, ROOT_MAX + 1)
    squares = [number * number for number in numbers]

    def work(_: int) -> None:
        for _ in range(10):
            assert [*map(square, numbers)] == squares
            for _ in range(10):
                assert_refused(OverflowError, square, ROOT_MAX + 1)
                assert_refused(OverflowError, square, -(2**100))
                assert_refused(TypeError, square, "7")
                assert_refused(TypeError, square)
                assert_refused(TypeError, square, number=7)

    assert_nothing_is_lost(work, 10**8 // (10 * len(numbers)))


def test_array_calls() -> None:
    def work(seed: int) -> None:
        generator = np.random.default_rng(seed)
        rest = random.Random(seed)  # noqa: S311
        for _ in range(25):
            # On both sides of the size from which the GIL is released.
            shape = [rest.randint(1, 31) for _ in range(rest.randint(0, 3))]
            numbers = generator.integers(-ROOT_MAX, ROOT_MAX + 1, shape, np.int32)
            expected = numbers.astype(np.int64) ** 2
            assert (np.asarray(square_array(numbers)) == expected).all()
            assert sum_of_squares(numbers) == expected.sum()
            out = np.empty_like(numbers)
            assert square_array(numbers, out) is out
            assert (out == expected).all()
            refuse(numbers, rest)

    assert_nothing_is_lost(work, 10**5 // (4 * 25))


def refuse(numbers: Any, rest: random.Random) -> None:
    """One of the ways in which a call of an array fails; each lets go of what it held."""
    kind = rest.randrange(6)
    if kind == 0:
        assert_refused(TypeError, square_array, numbers.astype(np.float32))
    elif kind == 1:
        assert_refused(ValueError, square_array, numbers, np.empty(numbers.size + 1, np.int32))
    elif kind == 2:
        constant = np.empty_like(numbers)
        constant.setflags(write=False)
        assert_refused(BufferError, square_array, numbers, constant)
    elif kind == 3:
        assert_refused(
            BufferError, sum_of_squares, np.zeros((2, numbers.size + 1), "i")[:, ::2]
        )
    elif kind == 4:
        both = np.zeros(numbers.size + 2, np.int32)
        assert_refused(ValueError, square_array, both[:-1], both[1:])
    else:
        wrong = numbers.copy()
        wrong[(*(length // 2 for length in wrong.shape),)] = ROOT_MAX + 1
        assert_refused(OverflowError, square_array, wrong)
