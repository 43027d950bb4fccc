"""square(), as the package's users call it."""

import inspect
import pickle
import pydoc
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from types import BuiltinFunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import FASTCALL_IS_SERVED

import pyexample
from pyexample.libexample import library

Square = Callable[..., int]

ROOT_MAX = 46340  # the greatest integer whose square is below 2**31
assert ROOT_MAX**2 < 2**31 <= (ROOT_MAX + 1) ** 2


@pytest.fixture
def square(path: str) -> Square:
    """square(), called in one way or the other."""
    spec = find_spec("pyexample.libexample")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)  # another one: that in sys.modules stays as it is
    spec.loader.exec_module(module)
    assert (type(module.square) is BuiltinFunctionType) == (path == "builtin")
    function: Square = module.square
    return function


def test_square(square: Square) -> None:
    @given(st.integers(-ROOT_MAX, ROOT_MAX))
    def every(number: int) -> None:
        assert square(number) == number**2

    every()


@pytest.mark.parametrize("path", ["builtin"], indirect=True)
def test_a_builtin_hands_over_only_what_it_does_not_accept(square: Square) -> None:
    handed_over: list[Any] = []
    function: Any = square
    function.__self__.slow_path = handed_over.append
    for number in (-ROOT_MAX, -1, 0, True, ROOT_MAX):
        assert square(number) == number**2
    assert not handed_over
    refused = [ROOT_MAX + 1, -ROOT_MAX - 1, 2**64, 7.0, None]
    for argument in refused:
        assert square(argument) is None
    assert handed_over == refused


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="this Python or processor has no fast calls")
def test_the_public_functions_are_builtins() -> None:
    assert library.fallbacks == {}
    assert type(pyexample.square) is BuiltinFunctionType


@pytest.mark.parametrize("number", [-ROOT_MAX, -1, 0, 1, 7, ROOT_MAX])
def test_square_is_an_int(square: Square, number: int) -> None:
    result = square(number)
    assert type(result) is int
    assert result == number**2


@pytest.mark.parametrize("convert", [np.int8, np.uint8, np.int32, np.int64, np.uint64, bool])
def test_whatever_has_index_is_an_integer(square: Square, convert: Any) -> None:
    assert square(convert(1)) == 1


def test_index_is_called_once(square: Square) -> None:
    class Counting:
        calls = 0

        def __index__(self) -> int:
            self.calls += 1
            return 7

    number = Counting()
    assert square(number) == 49
    assert number.calls == 1


OUTSIDE = "parameter 'number' (int32_t) must be in -46340..46340, not "
NO_INTEGER = "parameter 'number' (int32_t) must be an integer, not "
REFUSED: list[tuple[Any, type[Exception], str]] = [
    *(((it,), TypeError, NO_INTEGER + type(it).__name__) for it in (7.0, "7", b"7", None)),
    *(((it,), TypeError, NO_INTEGER + type(it).__name__) for it in ([7], 7j, np.float64(7))),
    *(((it,), OverflowError, f"{OUTSIDE}{it}") for it in (ROOT_MAX + 1, -ROOT_MAX - 1)),
    *(((it,), OverflowError, f"{OUTSIDE}{it}") for it in (2**31, -(2**31), 2**63, 2**70)),
    ((10**5000,), OverflowError, f"{OUTSIDE}an integer of 16610 bits"),
    ((), TypeError, "takes 1 argument (number), not 0"),
    ((7, 8), TypeError, "takes 1 argument (number), not 2"),
    ((7, 8, 9), TypeError, "takes 1 argument (number), not 3"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), REFUSED)
def test_refused(square: Square, arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        square(*arguments)
    assert str(caught.value) == f"square() {message}"


def test_an_error_of_index_comes_through(square: Square) -> None:
    class Broken:
        def __index__(self) -> int:
            raise ZeroDivisionError("from __index__")

    with pytest.raises(ZeroDivisionError, match="from __index__"):
        square(Broken())


def test_no_keywords(square: Square) -> None:
    with pytest.raises(TypeError, match=r"square\(\) takes no keyword arguments"):
        square(number=7)
    with pytest.raises(TypeError, match=r"square\(\) takes no keyword arguments"):
        square(7, number=8)


def test_it_presents_itself_truly(square: Square) -> None:
    (parameter,) = inspect.signature(square).parameters.values()
    assert parameter.name == "number"
    assert parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    assert square.__name__ == "square"
    assert square.__module__ == "pyexample.libexample"
    assert pydoc.render_doc(square).count("The square of a number.") == 1
    assert "square" in repr(square)
    documentation = inspect.getdoc(square)
    assert documentation is not None
    assert documentation.startswith("The square of a number.")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_pickled_by_name(protocol: int) -> None:
    pickled = pickle.dumps(pyexample.square, protocol)
    assert pickle.loads(pickled) is pyexample.square  # noqa: S301
    # In another process, where every address is another one.
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())(7))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=pickled, capture_output=True, check=True)
    assert done.stdout.split() == [b"49"]


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
        "unneeded = {'inspect', 'pathlib', 'importlib.resources', 'numpy',\n"
        "            'pyexample.arrays'}\n"
        "if sys.platform != 'win32':  # where the first candidate of two may not be there\n"
        "    unneeded.add('pyexample.ffi.loading.diagnosis')\n"
        "assert not unneeded & sys.modules.keys()"
    )
    # -I -S: nothing that site imports.
    path = pyexample.__path__[0].rpartition("pyexample")[0]
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({path!r})\n{code}"],
        check=True,
    )
