"""square(), as the package's users call it."""

import inspect
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyexample
from pyexample.libexample import library

ROOT_MAX = 46340  # the greatest integer whose square is below 2**31
assert ROOT_MAX**2 < 2**31 <= (ROOT_MAX + 1) ** 2


@given(st.integers(-ROOT_MAX, ROOT_MAX))
def test_square(number: int) -> None:
    assert pyexample.square(number) == number**2


@pytest.mark.parametrize("number", [-ROOT_MAX, -1, 0, 1, 7, ROOT_MAX])
def test_square_is_an_int(number: int) -> None:
    square = pyexample.square(number)
    assert type(square) is int
    assert square == number**2


@pytest.mark.parametrize("convert", [np.int8, np.uint8, np.int32, np.int64, np.uint64, bool])
def test_whatever_has_index_is_an_integer(convert: Any) -> None:
    assert pyexample.square(convert(1)) == 1


def test_index_is_called_once() -> None:
    class Counting:
        calls = 0

        def __index__(self) -> int:
            self.calls += 1
            return 7

    number = Counting()
    assert pyexample.square(number) == 49  # type: ignore[arg-type]
    assert number.calls == 1


@pytest.mark.parametrize("number", [ROOT_MAX + 1, -ROOT_MAX - 1, 2**31, -(2**31), 2**63, 2**70])
def test_overflow_names_function_parameter_type_and_value(number: int) -> None:
    with pytest.raises(OverflowError) as caught:
        pyexample.square(number)
    assert str(caught.value) == (
        f"square() parameter 'number' (int32_t) must be in -46340..46340, not {number}"
    )


def test_overflow_of_a_number_too_long_to_print() -> None:
    with pytest.raises(OverflowError, match=r"not an integer of 16610 bits$"):
        pyexample.square(10**5000)


@pytest.mark.parametrize("argument", [7.0, "7", b"7", None, [7], 7j, np.float64(7)])
def test_no_integer(argument: Any) -> None:
    with pytest.raises(TypeError) as caught:
        pyexample.square(argument)
    assert str(caught.value) == (
        "square() parameter 'number' (int32_t) must be an integer,"
        f" not {type(argument).__name__}"
    )


def test_an_error_of_index_comes_through() -> None:
    class Broken:
        def __index__(self) -> int:
            raise ZeroDivisionError("from __index__")

    with pytest.raises(ZeroDivisionError, match="from __index__"):
        pyexample.square(Broken())  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [(), (7, 8), (7, 8, 9)])
def test_wrong_number_of_arguments(arguments: Any) -> None:
    with pytest.raises(TypeError) as caught:
        pyexample.square(*arguments)
    assert str(caught.value) == f"square() takes 1 argument (number), not {len(arguments)}"


def test_no_keywords() -> None:
    with pytest.raises(TypeError, match=r"square\(\) takes no keyword arguments"):
        pyexample.square(number=7)  # type: ignore[call-arg]


def test_it_presents_itself_truly() -> None:
    assert list(inspect.signature(pyexample.square).parameters) == ["number"]
    (parameter,) = inspect.signature(pyexample.square).parameters.values()
    assert parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    assert pyexample.square.__name__ == "square"
    assert pyexample.square.__module__ == "pyexample.libexample"
    documentation = inspect.getdoc(pyexample.square)
    assert documentation is not None
    assert documentation.startswith("The square of a number.")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_pickled_by_name(protocol: int) -> None:
    pickled = pickle.dumps(pyexample.square, protocol)
    assert pickle.loads(pickled) is pyexample.square  # noqa: S301
    # In another process, where every address is another one.
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())(7))"
    command = [sys.executable, "-c", code]
    assert (
        subprocess.run(command, input=pickled, capture_output=True, check=True).stdout
        == b"49\n"
    )


def test_the_raw_function_is_plain_ctypes() -> None:
    import ctypes

    raw = library.cdll.square
    assert raw.argtypes == [ctypes.c_int32]
    assert raw.restype is ctypes.c_int32
    assert raw(7) == 49
    # It wraps, as C does: 46341**2 is 2**32 - 2147479015.
    assert raw(46341) == 46341**2 - 2**32


def test_names_are_loaded_when_they_are_used() -> None:
    assert set(pyexample.__all__) <= set(dir(pyexample))
    with pytest.raises(AttributeError, match="has no attribute 'cube'"):
        pyexample.cube  # noqa: B018
    code = (
        "import sys, pyexample\n"
        "assert 'ctypes' not in sys.modules\n"
        "pyexample.square\n"
        "assert 'ctypes' in sys.modules\n"
        "assert not {'inspect', 'pathlib', 'importlib.resources', 'numpy'} & sys.modules.keys()"
    )
    # -I -S: nothing that site imports.
    path = pyexample.__path__[0].rpartition("pyexample")[0]
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({path!r})\n{code}"],
        check=True,
    )
