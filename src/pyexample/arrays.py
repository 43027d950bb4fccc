"""Functions over arrays: their declarations, and what a declaration cannot say.

``square_array`` and ``sum_of_squares`` allocate results and explain overflows.
"""
# The declared functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import struct
import sys
from array import array
from ctypes import c_char_p, c_int32, c_size_t, c_uint64
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, overload

from .ffi import Buffer, Count, In, Out
from .libexample import library

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Squares = TypeVar("Squares")

# Releasing the GIL costs some 40 ns, as much as a few hundred numbers do: it is held for
# what takes a few nanoseconds, and released for so many bytes of buffers and more.
RELEASE_GIL = 64 * 1024


@library.function(release_gil=RELEASE_GIL)
def example_square_array(
    numbers: Annotated[Buffer, In(c_int32)],
    squares: Annotated[
        Buffer, Out(c_int32, in_place=True), Count(c_size_t, "numbers", "squares")
    ],
    /,
) -> Annotated[int, c_size_t]:
    """Square numbers until one whose square does not fit in an int32_t.

    Args:
        numbers: C-contiguous int32 items.
        squares: as many int32 items, writable: ``numbers`` itself, or memory that does not
            overlap it.

    Returns:
        How many numbers are left, 0 if all were squared. The items of ``squares`` before them
        are squares; the others are unchanged.
    """
    ...


class Uint128(ctypes.Structure):
    """``example_uint128``: high * 2**64 + low."""

    _fields_ = (("low", c_uint64), ("high", c_uint64))
    low: int
    high: int


@library.function
def example_sum_of_squares(
    numbers: Annotated[Buffer, In(c_int32), Count(c_size_t, "numbers")], /
) -> Annotated[Uint128, Uint128]:
    """The exact sum of the squares of numbers.

    Args:
        numbers: C-contiguous int32 items.
    """
    ...


@library.function(release_gil=False)
def example_simd() -> Annotated[str, c_char_p]:
    """Which kernel the array functions use on this processor: "avx2" or "portable"."""
    ...


@overload
def square_array(  # type: ignore[overload-overlap, unused-ignore]
    numbers: "NDArray[np.int32]", out: None = None
) -> "NDArray[np.int32]": ...
@overload
def square_array(numbers: Buffer, out: None = None) -> "array[int]": ...
@overload
def square_array(numbers: "Buffer | NDArray[np.int32]", out: Squares) -> Squares: ...
def square_array(numbers: Any, out: Any = None) -> Any:
    """The squares of int32 numbers.

    The numbers are not copied. During a call with large arrays, other Python threads can run.

    Args:
        numbers: any object with the buffer protocol whose items are int32, C-contiguous,
            of any number of dimensions: a NumPy array, an ``array.array("i")``, a
            memoryview, a ctypes array, shared memory.
        out: a buffer of the same kind for the squares, writable, with as many items. It may be
            ``numbers`` itself; otherwise the two must not overlap.

    Returns:
        ``out``, if it was passed. Otherwise a new NumPy array of the same shape for a NumPy
        array, and an ``array.array("i")`` for anything else.

    Raises:
        OverflowError: a number is outside -46340..46340, so its square does not fit in an
            int32. The message says which number is the first. The items of ``out`` before it
            are squares; the others are unchanged.
        TypeError: an argument is not a buffer, or its items are not int32.
        ValueError: ``out`` has another number of items, or overlaps ``numbers`` in part.
        BufferError: an argument is not C-contiguous or not aligned, or ``out`` is read-only.
    """
    if out is None:
        out = _empty_like(numbers)
    left = example_square_array(numbers, out)
    if left:
        raise _overflow(numbers, left)
    return out


def sum_of_squares(numbers: "Buffer | NDArray[np.int32]") -> int:
    """The exact sum of the squares of int32 numbers. It cannot overflow.

    Args:
        numbers: as for ``square_array``; they are not copied.

    Raises:
        TypeError: ``numbers`` is not a buffer, or its items are not int32.
        BufferError: ``numbers`` is not C-contiguous or not aligned.
    """
    buffer: Any = numbers  # which NumPy's is to type checkers from Python 3.12 on
    total = example_sum_of_squares(buffer)
    return total.high << 64 | total.low


def _empty_like(numbers: Any) -> Any:
    # NumPy is never imported: whoever passes an array of its own has done so.
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(numbers, numpy.ndarray):
        return numpy.empty(numbers.shape, numpy.int32)
    try:
        size = memoryview(numbers).nbytes
    except TypeError:
        size = 0  # no buffer: the call will say so
    return array("i", bytes(size // 4 * 4))


def _overflow(numbers: Any, left: int) -> OverflowError:
    index = memoryview(numbers).nbytes // 4 - left
    (number,) = struct.unpack_from("=i", numbers, 4 * index)
    return OverflowError(
        f"square_array(): number {index} (counted from 0, in memory order) is {number}, and"
        f" its square does not fit in an int32; the {index} before it were squared"
    )
