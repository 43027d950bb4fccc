"""Handles are given to C, or come back, and are closed before what they then need.

Several handles may stand for one object of C's. The owned one is closed last of them.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .kept import take_kept_back
from .libfastcall import running
from .records import finalize, life_of, parents_of, take_over_kept

if TYPE_CHECKING:
    from .handles import Handle
    from .lifetimes import Closer


def give_to(owner: Handle, handle: Handle) -> None:
    """C owns the handle, as the other one's, which it needs from now on."""
    _need(handle, (*parents_of(handle), owner))
    handle._owner = owner


def give_back(handle: Handle) -> None:
    """It was not given to its owner after all."""
    take_kept_back(handle)
    _need(handle, _before_owner(handle))
    handle._owner, life_of(handle).owned = None, True


def owner_of(handle: Handle) -> Handle | None:
    """The one to which it was given."""
    return handle._owner


def reopen(handle: Handle) -> None:
    """C has not closed it, nor been given it, and Python took it over meanwhile."""
    life = life_of(handle)
    if life.is_gone:
        life.reopen()
        take_over_kept([handle])
    else:
        give_back(handle)
    finalize(handle, life)


def own_again(
    handle: Handle,
    borrowed: Iterable[Handle],
    parents: tuple[Handle, ...],
    closer: Closer | None,
    owner: Any,
) -> None:
    """C gives a borrowed handle back, or what it is borrowed from has lost it.

    It needs the ``parents``, and what it needed before it was given away. The other
    ``borrowed`` ones refer to the same object of C's, and are closed before it. An exception of
    a signal handler leaves it borrowed, or all is done but for what C does not need any more.
    """
    life = life_of(handle)
    others = [each for each in borrowed if each is not handle]
    before = _before_owner(handle) if handle._owner is not None else ()
    more = [each for each in parents if not is_in(each, before)]
    take_kept_back(handle)
    _need(handle, without([handle, *others], (*before, *more)))
    tie(others, handle)
    life.set_closer(closer)
    finalize(handle, life, at_exit=True)
    # No code may come between these lines: either nobody owns it, or the handle does.
    handle._owner, life.owned = None, True
    if owner is not None:
        owner.__class__ = owner.plain
    if engine := running():
        engine.leave_parent(handle)


def tie(borrowed: Iterable[Handle], handle: Handle) -> None:
    """Close the borrowed ones before the handle that owns what they refer to."""
    for each in borrowed:
        if not life_of(each).needs(life_of(handle)):
            _need(each, (*parents_of(each), handle))
            finalize(each, life_of(each))


def without(borrowed: Sequence[Handle], parents: tuple[Handle, ...]) -> tuple[Handle, ...]:
    """The parents of a handle that are not borrowed ones of its address, nor need them."""
    lives = [life_of(each) for each in borrowed]
    if not lives:
        return parents
    return tuple(each for each in parents if not any(map(life_of(each).needs, lives)))


def is_in(handle: Handle, handles: Iterable[Handle]) -> bool:
    """Whether it is one of them: equal ones may be several."""
    return id(handle) in map(id, handles)


def _need(handle: Handle, parents: tuple[Handle, ...]) -> None:
    """From now on, it is closed before these, and before no others but what C keeps it for."""
    life_of(handle).need([life_of(each) for each in parents])
    handle._parents = parents


def _before_owner(handle: Handle) -> tuple[Handle, ...]:
    """What it needed before it was given to its owner: perhaps that, too."""
    parents = [*parents_of(handle)]
    for place in reversed(range(len(parents))):
        if parents[place] is handle._owner:
            del parents[place]
            break
    return tuple(parents)
