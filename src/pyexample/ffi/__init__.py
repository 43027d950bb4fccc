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
    from .failure import Raises
    from .fields import DEFAULT, Anonymous, Array, Bits, CountedBy, allocate
    from .handles import Closes, Handle
    from .outputs import Returned
    from .ownership import FreedBy
    from .pointers import POINTER
    from .structs import struct

__all__ = [
    "DEFAULT",
    "POINTER",
    "Anonymous",
    "Array",
    "Attempt",
    "Bits",
    "Buffer",
    "Callback",
    "Closes",
    "Count",
    "CountedBy",
    "DeclarationError",
    "Encoding",
    "FreedBy",
    "Handle",
    "In",
    "Keep",
    "Library",
    "LibraryLoadError",
    "Out",
    "Raises",
    "Returned",
    "SameThread",
    "allocate",
    "struct",
]

_MODULES = {
    **dict.fromkeys(("Callback", "Keep", "SameThread"), "callbacks"),
    **dict.fromkeys(("Closes", "Handle"), "handles"),
    **dict.fromkeys(
        ("DEFAULT", "Anonymous", "Array", "Bits", "CountedBy", "allocate"), "fields"
    ),
    "FreedBy": "ownership",
    "POINTER": "pointers",
    "Raises": "failure",
    "Returned": "outputs",
    "struct": "structs",
}
"""Where the words are that not every library needs."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_later(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
