"""Squares of integers, computed in C.

>>> import pyexample
>>> pyexample.square(7)
49

The C library is loaded when one of these functions is first used, not when the package is
imported. If it cannot be loaded, ``python -m pyexample doctor`` explains why.
"""

# Type checkers know this name. The module typing takes longer to import than all of this.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from . import abi as abi
    from . import arrays as arrays
    from . import ffi as ffi
    from . import libexample as libexample
    from .arrays import square_array, sum_of_squares
    from .libexample import square

    __version__: str

__all__ = ["__version__", "square", "square_array", "sum_of_squares"]

_MODULES = ["abi", "arrays", "ffi", "libexample"]


def __getattr__(name: str) -> "Any":
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return _module(name)  # importing it has made it an attribute
    module = _module("libexample")
    if not hasattr(module, name):
        module = _module("arrays")
    value = getattr(module, name)
    globals()[name] = value  # asked for once
    return value


def _module(name: str) -> "Any":
    import sys

    # What importlib.import_module does, without importing importlib.
    __import__(f"{__name__}.{name}")
    return sys.modules[f"{__name__}.{name}"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
