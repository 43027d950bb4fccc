"""Bind a C library with ctypes: find it, load it, declare its functions, call them.

Nothing here knows which library or which package it serves.
"""

from .declaration import Buffer, Count, DeclarationError, In, Out
from .library import Library
from .loader import Attempt, LibraryLoadError

__all__ = [
    "Attempt",
    "Buffer",
    "Count",
    "DeclarationError",
    "In",
    "Library",
    "LibraryLoadError",
    "Out",
]
