"""Bind a C library with ctypes: declare its functions with types, call them with checks.

Nothing here knows which library or which package it serves.
"""

from typing import TYPE_CHECKING, Any

from .later import import_later
from .library import Library
from .loading import Attempt, LibraryLoadError
from .values import (
    CLOSES,
    SAME_THREAD,
    Buffer,
    Count,
    DeclarationError,
    Encoding,
    FreedBy,
    In,
    Keep,
    Out,
    Returned,
    Status,
)

if TYPE_CHECKING:
    from .callbacks import Callback
    from .handles import Handle
    from .structs import struct

__all__ = [
    "CLOSES",
    "SAME_THREAD",
    "Attempt",
    "Buffer",
    "Callback",
    "Count",
    "DeclarationError",
    "Encoding",
    "FreedBy",
    "Handle",
    "In",
    "Keep",
    "Library",
    "LibraryLoadError",
    "Out",
    "Returned",
    "Status",
    "struct",
]

_SELDOM_NEEDED = {"Callback": "callbacks", "Handle": "handles", "struct": "structs"}


def __getattr__(name: str) -> Any:
    if name not in _SELDOM_NEEDED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_later(_SELDOM_NEEDED[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
