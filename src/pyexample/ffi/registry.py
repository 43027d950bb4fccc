"""The open handles, by their address: those that libfastcall finds, and all others."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .libfastcall import running
from .records import is_there, life_of

if TYPE_CHECKING:
    from .handles import Handle


class Row(list["weakref.ref[Handle]"]):
    """The handles of one address, the newest last. Each of them keeps the row."""

    def handles(self) -> list[Handle]:
        """Those that exist, the newest first."""
        found = [each() for each in reversed(self)]
        return [each for each in found if each is not None]


_open: weakref.WeakValueDictionary[Any, Row] = weakref.WeakValueDictionary()
"""By type and address, the handles. One C type is one class, with kin.

This is for those that libfastcall does not find.
"""


def find_all(kind: type[Handle], address: int) -> list[Handle]:
    """The open handles of this address and of the same C type, the newest first."""
    engine = running()
    row = _open.get((kind._root, address))
    found: list[Handle] = [] if row is None else row.handles()
    if engine and kind.c_class is not None:
        found = [*engine.find(kind.c_class, address), *found]
    return [each for each in found if is_there(each)]


def register(handle: Handle) -> None:
    """Let it be found."""
    engine, described = running(), type(handle).c_class
    if engine and described is not None:
        engine.register(handle, described)
        return
    row = _open.setdefault((handle._root, life_of(handle).given), Row())
    # Each step is atomic, since other threads do this, too.
    row.append(weakref.ref(handle))
    handle._row = row
    for gone in [each for each in row if each() is None]:
        with suppress(ValueError):  # another thread has removed it
            row.remove(gone)
