"""What C keeps for a handle, or for good, and what its fields point to."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import ctypes
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .lifetimes import Life
from .pointees import OF_C, Pointees
from .records import is_owned, life_of, parents_of

if TYPE_CHECKING:
    from .handles import Handle


class Held(Protocol):
    """An object that C keeps.

    Attributes:
        given, converted: what the function got, and C.
        handles: those in it.
    """

    given: Any
    converted: Any
    handles: list[Life]

    def hold(self, holder: object, keeper: Life | None) -> None:
        """Keep it until ``release(holder)``. Handles in it are closed after ``keeper``."""

    def release(self, holder: object) -> None:
        """C does not need it any more."""


Slots = dict[Any, "list[Kept]"]

kept_for_good: Slots = {}
"""What C keeps for as long as the process runs."""


class Kept:
    """An object that C keeps in a slot instead of the previous one, or beside ``every`` one.

    Both are kept until C has returned; if two threads fill a slot at once, for longer, because
    nobody knows which object C has.
    """

    def __init__(
        self,
        slots: Slots,
        key: Hashable,
        item: Held,
        keeper: Life | None = None,
        *,
        every: bool = False,
    ) -> None:
        self.item = item
        item.hold(self, keeper)
        self.slot = slots.setdefault(key, [])
        self.call_is_over = False
        self.earlier = [] if every else [each for each in self.slot if each.call_is_over]
        self.slot.append(self)

    def cancel(self) -> None:
        """C was not called."""
        self.settle(taken=False)

    def settle(self, *, taken: bool) -> None:
        """C has returned: release the previous objects, or this if not ``taken``."""
        for each in self.earlier if taken else [self]:
            try:
                self.slot.remove(each)
            except ValueError:  # another thread has released it
                continue
            each.release()
        self.finish()

    def release(self) -> None:
        """C does not need the object any more."""
        self.item.release(self)

    def finish(self) -> None:
        """The call is over. Without ``settle``, C may have either."""
        self.call_is_over = True
        self.slot, self.earlier = [], []


def keep(
    handle: Handle, where: str, slot: Hashable, item: Held, *, every: bool = False
) -> Kept:
    """Keep ``item`` alive until the handle is closed, or another replaces it in ``slot``."""
    slots, keeper = _place_of(handle)
    for each in item.handles:
        if keeper and each.needs(keeper) and not each.descends_from(keeper):
            raise ValueError(f"{where} needs {handle!r}, which cannot keep it")
    return Kept(slots, (life_of(handle).given, slot), item, keeper, every=every)


def kept_slots(handle: Handle) -> Slots:
    """What C keeps for it, by slot."""
    slots, given = _place_of(handle)[0], life_of(handle).given
    keys = [key for key in [*slots] if key[0] == given]
    return {key[1]: slots[key] for key in keys}


def keep_as(handle: Handle, original: Handle) -> None:
    """C keeps for this what it keeps for the original, of which it is a copy."""
    for slot, entries in kept_slots(original).items():
        for each in [*entries]:
            key = life_of(handle).given, slot
            Kept(handle._kept, key, each.item, life_of(handle), every=True).finish()


def pass_on_kept(handle: Handle, owner: Handle | None) -> None:
    """C keeps for the new owner what it keeps for this; for None, for good."""
    pointees_kept_by([owner] if owner else []).update(life_of(handle).pointees)
    slots, keeper = _place_of(handle)
    _move(handle._kept, list(handle._kept), slots, keeper)


def take_kept_back(handle: Handle) -> None:
    """C keeps it for this again: the handle comes back from its owner."""
    life = life_of(handle)
    _take_pointees(life, pointees_kept_by([handle]))
    slots = _place_of(handle)[0]
    _move(slots, [key for key in [*slots] if key[0] == life.given], handle._kept, life)


def _place_of(handle: Handle) -> tuple[Slots, Life | None]:
    """Where that is, and what is closed before it. C closes its own at any time."""
    keeper: Handle | None = handle
    while keeper is not None and not life_of(keeper).is_closable:
        keeper = keeper._owner
    return (kept_for_good, None) if keeper is None else (keeper._kept, life_of(keeper))


def _move(slots: Slots, keys: list[Any], to: Slots, keeper: Life | None) -> None:
    """C keeps what is in these slots for another handle."""
    if slots is to:
        return
    for key in keys:
        slot = slots.pop(key, [])
        to.setdefault(key, []).extend(slot)
        for kept in slot:
            kept.item.hold(kept, keeper)


def pointees_kept_by(lenders: Sequence[Handle]) -> Pointees:
    """What memory that belongs to one of them points to: its owner keeps it."""
    while len(lenders) == 1:
        if is_owned(lenders[0]):
            return life_of(lenders[0]).pointees
        lenders = parents_of(lenders[0])
    return OF_C  # nobody knows which of them


def _take_pointees(life: Life, pointees: Pointees) -> None:
    """Keep what the fields of a handle point to, of which others may keep more."""
    ctype = life.kind.c_struct
    if ctype is not None:
        end = life.given + ctypes.sizeof(ctype)
        found = [key for key in [*pointees] if life.given <= key[0] < end]
        life.pointees.update({key: pointees[key] for key in found})
