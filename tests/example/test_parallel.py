"""Arrays in threads, in Dask and in code that Numba compiles."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
from support import ROOT, Missing, run

import pyexample
from pyexample.libexample import library

NUMBERS = np.random.default_rng(7).integers(-46340, 46341, 1_000_003, dtype=np.int32)
SQUARES = NUMBERS.astype(np.int64) ** 2


def test_threads_square_parts_of_an_array() -> None:
    out = np.empty_like(NUMBERS)
    parts = zip(np.array_split(NUMBERS, 8), np.array_split(out, 8), strict=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda part: pyexample.square_array(*part), parts))
    assert (out == SQUARES).all()


@pytest.fixture
def needs(missing: Missing) -> Callable[[str], None]:
    """Skip the test, or fail where nothing may be missing, without a Python package."""

    def need(package: str) -> None:
        if find_spec(package) is None:
            missing(f"{package} is not installed")

    return need


@pytest.mark.slow
def test_dask_squares_blocks(needs: Missing) -> None:
    needs("dask")
    import dask.array as da

    squares = da.from_array(NUMBERS, chunks=100_000).map_blocks(
        pyexample.square_array, dtype=np.int32
    )
    assert (squares.compute(scheduler="threads", num_workers=2) == SQUARES).all()
    assert squares.dtype == np.int32


@pytest.mark.slow
def test_dask_on_a_cluster_of_processes(needs: Missing) -> None:
    needs("distributed")
    count = 10_000_500
    expected = sum(n**2 for n in range(1000)) * (count // 1000) + sum(n**2 for n in range(500))
    printed = run([sys.executable, ROOT / "examples" / "dask_squares.py", str(count)])
    assert int(printed) == expected


@pytest.mark.slow
def test_numba_calls_the_raw_function(needs: Missing) -> None:
    needs("numba")
    import numba

    square = library.cdll.square

    @numba.njit
    def total(numbers):  # type: ignore[no-untyped-def]
        result = 0
        for number in numbers:
            result += square(number)
        return result

    assert total(NUMBERS) == SQUARES.sum()
