"""The binding: a declaration for each function of example.h."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from ctypes import c_char_p, c_int32, c_size_t, c_uint64
from typing import Annotated

from .ffi import Buffer, Count, In, Library, Out

library = Library("example", __name__, abi_version=("example_abi_version", 1))

# Releasing the GIL costs some 40 ns, as much as a few hundred numbers do: it is held for
# what takes a few nanoseconds, and released for so many bytes of buffers and more.
RELEASE_GIL = 64 * 1024


@library.function(release_gil=False)
def square(number: Annotated[int, c_int32, range(-46340, 46341)], /) -> Annotated[int, c_int32]:
    """The square of a number.

    Args:
        number: -46340..46340, the range in which the square fits in an int32_t.

    Raises:
        OverflowError: ``number`` is outside that range.
        TypeError: ``number`` is not an integer.
    """
    ...


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


@library.function(release_gil=False)
def example_version() -> Annotated[str, c_char_p]:
    """The version of the library that was loaded: major.minor.patch."""
    ...


@library.function(release_gil=False)
def example_abi_version() -> Annotated[int, c_int32]:
    """The version of the binary interface of the library that was loaded."""
    ...


__version__ = example_version()
