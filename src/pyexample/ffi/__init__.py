"""Bind a C library with ctypes: declare its functions with types, call them with checks.

Nothing here knows which library or which package it serves.
"""

from typing import TYPE_CHECKING, Any

from ..loading import Attempt as Attempt
from ..loading import LibraryLoadError as LibraryLoadError
from .later import import_later
from .library import Library as Library
from .values import CLOSES as CLOSES
from .values import SAME_THREAD as SAME_THREAD
from .values import Buffer as Buffer
from .values import Count as Count
from .values import DeclarationError as DeclarationError
from .values import Encoding as Encoding
from .values import FreedBy as FreedBy
from .values import In as In
from .values import Keep as Keep
from .values import Out as Out
from .values import Returned as Returned
from .values import Status as Status

if TYPE_CHECKING:
    from .callbacks import Callback as Callback
    from .handles import Handle as Handle
    from .structs import struct as struct

_SELDOM_NEEDED = {"Callback": "callbacks", "Handle": "handles", "struct": "structs"}


def __getattr__(name: str) -> Any:
    if name not in _SELDOM_NEEDED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_later(_SELDOM_NEEDED[name]), name)
