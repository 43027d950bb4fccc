"""Handles are made for addresses from C, or found: an open one may stand for the object."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import ctypes
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .giving import is_in, own_again, owner_of, tie, without
from .kept import Held, keep
from .libfastcall import running
from .lifetimes import Closer, Owner
from .records import (
    HandleMemory,
    end_with,
    is_owned,
    life_of,
    new_life,
    parents_of,
    tell_c_what_closes,
)
from .registry import find_all, register
from .values import with_article

if TYPE_CHECKING:
    from .handles import Handle

    H = TypeVar("H", bound=Handle)


def adopt(
    kind: type[H],
    address: int | Owner,
    parents: Iterable[Handle] = (),
    *,
    owned: bool = True,
    closer: Closer | None = None,
    kept: Sequence[tuple[str, Hashable, Held]] = (),
    same: Sequence[Handle] | None = None,
) -> H:
    """The handle for an address from C.

    It is closed before its ``parents``; C closes it if not ``owned``. ``closer`` closes it
    instead of the function that Closes its type. ``kept`` is passed to ``keep``. Raises
    ValueError if ``address`` is null or out of range, TypeError if it is no integer.

    A borrowed handle is the one that is open for the same address, if there is one. So is
    an owned one, if that was borrowed until now: see ``own_again``. ``same`` are those that
    are open for the address, and C's object ends with this one, or None: ``find_all``.
    """
    owner: Any = address if isinstance(address, Owner) else None
    address = _checked(kind, address if owner is None else owner.value or 0)
    parents = tuple(parents)
    if not owned:
        return _borrow(kind, address, parents)
    tell_c_what_closes(kind.c_class, kind.closer_in_c)
    found = find_all(kind, address) if same is None else same
    borrowed = [each for each in found if not life_of(each).is_closable]
    # One for which C is to keep something is new.
    candidates = [] if kept else [each for each in borrowed if isinstance(each, kind)]
    if candidates:
        handle = min(candidates, key=_is_of_c)
        own_again(handle, borrowed, parents, closer, owner)
        return handle
    is_plain = owner is not None and closer is None and not kept and not borrowed
    made: H | None = _make_in_c(kind, address, parents, owner) if is_plain else None
    if made is None:
        made = make(
            kind,
            address,
            parents,
            owned=True,
            closer=closer,
            owner=owner,
            kept=kept,
            borrowed=borrowed,
        )
        register(made)
    return made


def lend(kind: type[H], address: int, cleanups: list[Callable[[], object]]) -> H:
    """The handle that a callback gets. A new one is C's again after the ``cleanups``."""
    found = _living(kind, find_all(kind, address))
    if found is None:
        found = make(kind, address)
        life = life_of(found)
        life.is_lent = True
        cleanups.append(life.end_loan)
        register(found)
    return found


def make(
    kind: type[H],
    address: int,
    parents: tuple[Handle, ...] = (),
    *,
    owned: bool = False,
    closer: Closer | None = None,
    owner: Any = None,
    kept: Sequence[tuple[str, Hashable, Held]] = (),
    borrowed: Sequence[Handle] = (),
) -> H:
    """Make one, even if there is another of this address. ``owner`` holds it until now.

    The ``borrowed`` ones refer to the same object of C's, and are closed before it.
    """
    handle: Any = HandleMemory.__new__(kind)
    handle._kept = {}
    at_end: list[Callable[[], object]] = []
    parents = without(borrowed, parents)
    life = new_life(handle, address, parents, at_end, owned=owned, closer=closer)
    handle._parents = parents
    handle._life = life
    tie(borrowed, handle)
    if owner is not None:
        owner.life = life  # before anything can close that, as PyPy's ``__del__`` does
    life.set_address(address)
    life.join_parents()
    for where, slot, item in kept:  # before anything else closes it
        keep(handle, where, slot, item).settle(taken=True)
    end_with(handle, life, at_end)
    if owner is not None:
        # Not an attribute: ``__del__`` would lose an exception of a signal handler.
        owner.__class__ = owner.plain
    return cast("H", handle)


def _checked(kind: type[Handle], address: Any) -> int:
    name = with_article(kind.__name__)
    if not isinstance(address, int):
        raise TypeError(f"{name} has an address, an int, not {address!r}")
    if kind.invalid is None:
        is_wrong = ctypes.c_void_p(address).value != address  # None for 0, else truncated
    else:
        is_wrong = address in kind.invalid
    if is_wrong:
        raise ValueError(f"{name} has an address, not {address!r}")
    return address


def _living(kind: type[H], found: Iterable[Handle], parents: Sequence[Handle] = ()) -> H | None:
    """The first that lives as long as a new one would that is borrowed from the parents."""
    for each in found:
        lives = [each, *parents_of(each)]
        needs_all = {*map(id, parents)} <= {*map(id, lives)}
        if each._life is not None and each._life.is_lent:  # it ends earlier than others
            needs_all = needs_all and is_in(each, parents)
        if isinstance(each, kind) and (is_owned(each) or needs_all):
            return each
    return None


def _borrow(kind: type[H], address: int, parents: tuple[Handle, ...]) -> H:
    """A handle that C owns. One of another class, that the caller closes, is a parent."""
    found = find_all(kind, address)
    handle = _living(kind, found, parents)
    if handle is None:
        owners = [each for each in found if is_owned(each)]
        parents = (*parents, *[each for each in owners if not is_in(each, parents)])
        handle = _make_in_c(kind, address, parents, None)
    if handle is None:
        handle = make(kind, address, parents)
        register(handle)
    return handle


def _make_in_c(
    kind: type[Handle], address: int, parents: Sequence[Handle], owner: Owner | None
) -> Any:
    """A new handle, which libfastcall closes, if it can make it, or None.

    If there is an ``owner``, that has no address from then on; else the handle is borrowed.
    """
    engine = running()
    parent = parents[0] if parents else None
    is_of_c = len(parents) < 2 and (parent is None or parent._life is None)
    has_closer = owner is None or kind.closer_in_c is not None
    if not engine or kind.c_class is None or not (is_of_c and has_closer):
        return None
    if owner is None:
        return engine.adopt(kind.c_class, address, parent, None)
    made = engine.adopt(kind.c_class, address, parent, ctypes.addressof(cast("Any", owner)))
    if made is not None:
        owner.__class__ = owner.plain  # has no ``__del__``, which would lose an exception
    return made


def _is_of_c(handle: Handle) -> bool:
    """Whether the caller did not give it away, but got it from C."""
    return owner_of(handle) is None
