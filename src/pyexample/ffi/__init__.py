"""Bind a C library with ctypes: declare its functions with types, call them with checks.

Nothing here knows which library or which package it serves.
"""

from typing import TYPE_CHECKING, Any

from .later import import_later
from .library import Library
from .loading import Attempt, LibraryLoadError
from .values import DeclarationError

if TYPE_CHECKING:
    from .buffers import Buffer, Count, In, ItemSize, Out, Stride, c_half
    from .callbacks import Callback, SameThread
    from .constants import Constant
    from .failure import Raises
    from .fields import DEFAULT, Anonymous, Array, Bits, CountedBy, allocate
    from .handles import Handle
    from .memory import Filled, Length, Written
    from .outputs import InOut, Returned
    from .ownership import Borrowed, Closes, GivenTo, Keep, Owned
    from .pointers import POINTER
    from .releases import Releases
    from .scalars import Encoding
    from .sequences import ArrayOf
    from .sizes import TERMINATED, UNCHECKED
    from .structs import struct
    from .userdata import UserData
    from .variables import Variable

__all__ = [
    "DEFAULT",
    "POINTER",
    "TERMINATED",
    "UNCHECKED",
    "Anonymous",
    "Array",
    "ArrayOf",
    "Attempt",
    "Bits",
    "Borrowed",
    "Buffer",
    "Callback",
    "Closes",
    "Constant",
    "Count",
    "CountedBy",
    "DeclarationError",
    "Encoding",
    "Filled",
    "GivenTo",
    "Handle",
    "In",
    "InOut",
    "ItemSize",
    "Keep",
    "Length",
    "Library",
    "LibraryLoadError",
    "Out",
    "Owned",
    "Raises",
    "Releases",
    "Returned",
    "SameThread",
    "Stride",
    "UserData",
    "Variable",
    "Written",
    "allocate",
    "c_half",
    "struct",
]

_MODULES = {
    **dict.fromkeys(
        ("Buffer", "Count", "In", "ItemSize", "Out", "Stride", "c_half"), "buffers"
    ),
    **dict.fromkeys(("Callback", "SameThread"), "callbacks"),
    **dict.fromkeys(
        ("DEFAULT", "Anonymous", "Array", "Bits", "CountedBy", "allocate"), "fields"
    ),
    **dict.fromkeys(("Borrowed", "Closes", "GivenTo", "Keep", "Owned"), "ownership"),
    **dict.fromkeys(("InOut", "Returned"), "outputs"),
    **dict.fromkeys(("Filled", "Length", "Written"), "memory"),
    **dict.fromkeys(("TERMINATED", "UNCHECKED"), "sizes"),
    "ArrayOf": "sequences",
    "Constant": "constants",
    "Encoding": "scalars",
    "Handle": "handles",
    "POINTER": "pointers",
    "Raises": "failure",
    "Releases": "releases",
    "UserData": "userdata",
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
