"""Bind a C library with ctypes: find it, load it, declare its functions, call them.

Nothing here knows which library or which package it serves.
"""

from .callbacks import Callback
from .handles import CLOSES, Handle
from .library import Library
from .loader import Attempt, LibraryLoadError
from .structs import struct
from .values import (
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

__all__ = [
    "CLOSES",
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
