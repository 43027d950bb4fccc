"""Squares of integers, computed in C.

>>> import pyexample
>>> pyexample.square(7)
49

The C library is loaded when one of these names is first used, so that the package can
always be imported: ``python -m pyexample doctor`` then says why the library cannot be.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .arrays import square_array, sum_of_squares
    from .libexample import square

    __version__: str

__all__ = ["__version__", "square", "square_array", "sum_of_squares"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import libexample

    if hasattr(libexample, name):
        value = getattr(libexample, name)
    else:
        from . import arrays

        value = getattr(arrays, name)
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
