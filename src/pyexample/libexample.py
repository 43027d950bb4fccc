"""The binding: the library, and declarations of the functions of example.h.

Those over arrays are declared in ``arrays``, so that they take no time before they are needed.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

from ctypes import c_char_p, c_int32
from typing import Annotated

from .ffi import Library

library = Library("example", __name__, abi_version=("example_abi_version", 1))


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


@library.function(release_gil=False)
def example_version() -> Annotated[str, c_char_p]:
    """The version of the library that was loaded: major.minor.patch."""
    ...


@library.function(release_gil=False)
def example_abi_version() -> Annotated[int, c_int32]:
    """The version of the binary interface of the library that was loaded."""
    ...


__version__ = example_version()
