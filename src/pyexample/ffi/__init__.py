"""Bind a C library with ctypes: declare its functions with types, call them with checks.

Nothing here knows which library or which package it serves.
"""

from typing import TYPE_CHECKING, Any

from .buffers import Count, In, Out
from .later import import_later
from .library import Library
from .loading import Attempt, LibraryLoadError
from .scalars import Encoding
from .values import Buffer, DeclarationError

if TYPE_CHECKING:
    from .callbacks import Callback, Keep, SameThread
    from .constants import Constant
    from .failure import Raises
    from .handles import Closes, Handle
    from .outputs import InOut, Returned
    from .ownership import FreedBy
    from .structs import struct
    from .variables import Variable

__all__ = [
    "Attempt",
    "Buffer",
    "Callback",
    "Closes",
    "Constant",
    "Count",
    "DeclarationError",
    "Encoding",
    "FreedBy",
    "Handle",
    "In",
    "InOut",
    "Keep",
    "Library",
    "LibraryLoadError",
    "Out",
    "Raises",
    "Returned",
    "SameThread",
    "Variable",
    "struct",
]

_MODULES = {
    **dict.fromkeys(("Callback", "Keep", "SameThread"), "callbacks"),
    **dict.fromkeys(("Closes", "Handle"), "handles"),
    **dict.fromkeys(("InOut", "Returned"), "outputs"),
    "Constant": "constants",
    "FreedBy": "ownership",
    "Raises": "failure",
    "Variable": "variables",
    "struct": "structs",
}
"""Where the words are that not every library needs."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_later(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
