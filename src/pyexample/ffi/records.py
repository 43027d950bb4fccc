"""The record of a handle: libfastcall has it, until Python must know more and takes it over.

A class of handles may have members of any name, so what Python does with them is in functions.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import atexit
import functools
import sys
import weakref
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from . import calls as calls  # for its fork handler
from .libfastcall import engine_if_any, running
from .lifetimes import Closer, Life, Shown

if TYPE_CHECKING:
    from .handles import Handle

    class HandleMemory:
        """What libfastcall knows of a handle: see ``fastcall_make_handle_type``."""

        _address: int
        _given: int
        _parent: Handle | None
        _is_owned: int
        _is_given: int
        _number: int
        _class: int
        _is_of_this_process: bool

        def _close_in_c(self) -> bool: ...

elif engine := engine_if_any():
    # It holds the address, which Python code cannot write.
    HandleMemory = engine.make_handle_type()
else:

    class HandleMemory:
        """The same, where Python knows all of it from the beginning."""

        _address = _given = _class = _is_given = 0
        _parent = None
        _is_of_this_process = True

        def _close_in_c(self) -> bool:
            return False


def is_handle(given: object) -> TypeGuard[Handle]:
    """Whether it is one, of any class."""
    return isinstance(given, HandleMemory)


special_closers: dict[int, Closer] = {}
"""What closes handles, if not the function of their type: by their class in libfastcall."""


def describe_class(kind: type[Handle]) -> int | None:
    """The address of what libfastcall is to know of a class of handles, or None without it."""
    engine = running()
    if engine is None:
        return None
    described: int = engine.describe_handles(id(kind), id(kind._root), engine.handles)
    return described


def tell_c_what_closes(described: int | None, content: bytes | None) -> None:
    """Let libfastcall close handles of a class, by the content of a builtin function."""
    engine = running()
    if engine and described is not None:
        engine.set_closer(described, content)


def life_of(handle: Handle) -> Life:
    """The record of who owns it. From now on, Python closes it, not libfastcall.

    The handles that it needs are taken over first, then those that need it, and at the end what
    C keeps for all of them.
    """
    waiting: list[Handle] = []
    taken: list[Handle] = []
    each: Handle | None = handle
    while each is not None and each._life is None:
        waiting.append(each)
        each = each._parent
    while waiting:  # there may be more of them than Python has stack for
        taken.append(waiting.pop())
        waiting += reversed(_take_over(taken[-1]))
    take_over_kept(taken)
    return cast("Life", handle._life)


def _take_over(handle: Handle) -> tuple[Handle, ...]:
    """Take it over, after what it needs. Returns those that need it."""
    if handle._life is not None:
        return ()
    engine = running()
    children: tuple[Handle, ...] = engine.take_over(handle) if engine else ()
    parents = parents_of(handle)
    closer = special_closers.get(handle._class)
    at_end: list[Callable[[], object]] = []
    owned = is_owned(handle)
    new = new_life(handle, handle._given, parents, at_end, owned=owned, closer=closer)
    # Atomic, since two threads may do this at once.
    variables = handle.__dict__
    variables.setdefault("_kept", {})
    if handle._is_given and handle._address:
        variables.setdefault("_owner", handle._parent)
    variables.setdefault("_parents", parents)
    if variables.setdefault("_life", new) is not new:
        return ()
    if not handle._is_of_this_process:
        new.process = 0
    if handle._address:
        new.address = handle._address
        new.join_parents()
        end_with(handle, new, at_end)
    elif handle._is_given:  # by a call that has not returned
        new.is_gone = True
        new.join_parents()
    else:
        new.forget()
    return children


def take_over_kept(handles: list[Handle]) -> None:
    """Take over what C keeps for them, in the order in which it was made to.

    After an exception of a signal handler, something may be kept twice.
    """
    engine = running()
    if engine:
        kept = [(described, each) for each in handles for described in engine.list_kept(each)]
        for described, handle in sorted(kept, key=lambda each: each[0][-1]):
            described[0].keep_late(described, handle)
        for each in handles:
            engine.drop_kept(each)


def new_life(
    handle: Handle,
    address: int,
    parents: tuple[Handle, ...],
    at_end: list[Callable[[], object]],
    *,
    owned: bool,
    closer: Closer | None = None,
) -> Life:
    """A record, which is not the handle's yet. ``at_end`` is called when that is gone."""
    # Life refers to no handle: gc could not collect such a cycle.
    if engine := running():  # a ``__del__`` may yet pass it to C
        at_end.append(functools.partial(engine.set_address, id(handle), None))
    reference = weakref.ref(handle, functools.partial(_call_all, at_end))
    lives = [life_of(each) for each in parents]
    shown = handle.__dict__.setdefault("_shown", {})
    return Life(type(handle), reference, address, owned, closer, lives, shown)


def end_with(handle: Handle, life: Life, at_end: list[Callable[[], object]]) -> None:
    """Close it when nothing refers to it any more."""
    at_end.append(life.end_again)
    finalize(handle, life)  # which is called first


def finalize(handle: Handle, life: Life, *, at_exit: bool = False) -> None:
    """End it with the handle, if that matters: at the end of Python, if it is owned."""
    if life.finalizer is None and (life.owned or life.parents or at_exit):
        life.finalizer = weakref.finalize(handle, life.end)
    if life.finalizer is not None:
        life.finalizer.atexit = life.owned or at_exit


def _call_all(functions: list[Callable[[], object]], _: object) -> None:
    """Call them, the last one first: a handle is garbage.

    This needs no name of this module, since those are gone at the end of Python.
    """
    while functions:
        functions.pop()()


def parents_of(handle: Handle) -> tuple[Handle, ...]:
    """The handles that it needs."""
    if handle._life is None:
        return () if handle._parent is None else (handle._parent,)
    return handle._parents


def is_owned(handle: Handle) -> bool:
    """Whether the caller closes it, not C."""
    life = handle._life
    return bool(handle._address and handle._is_owned) if life is None else life.owned


def is_there(handle: Handle) -> bool:
    """Whether it is open, or seems closed only while it is known whether it can be."""
    life = handle._life
    return bool(handle._address) if life is None else life.is_there


def address_in(handle: Handle) -> int | None:
    """The address, or the integer, or None if it is closed."""
    life = handle._life
    return (handle._address or None) if life is None else life.address


def open_address(handle: Handle) -> int:
    """The same. Raises ValueError if it is closed."""
    address = address_in(handle)
    if address is None:
        raise ValueError(f"the {type(handle).__name__} is closed")
    return address


def given_address(handle: Handle) -> int:
    """The same, even if it is closed.

    Another thread hides the address of an open handle until it knows whether it can close it.
    """
    return handle._given if handle._life is None else handle._life.given


def close_explicitly(handle: Handle) -> None:
    """Somebody asks for it. Raises ValueError if it is open, and C's to close."""
    life = handle._life
    has_closer = handle.closer is not None or handle._class in special_closers
    is_closable = (is_owned(handle) and has_closer) if life is None else life.is_closable
    if address_in(handle) is not None and not is_closable:
        raise ValueError(
            f"this {type(handle).__name__} is C's to close: it is borrowed, or no declared"
            " function Closes it"
        )
    close(handle, implicitly=False)


def close_by(handle: Handle, closer: Closer, given: tuple[Any, ...]) -> Any:
    """Close it by a function that was called with ``given``. Returns its result."""
    if address_in(handle) is not None and not is_owned(handle):
        raise ValueError(f"this {type(handle).__name__} is C's to close: it is borrowed")
    return close(handle, implicitly=False, closer=closer, given=given)


def close(
    handle: Handle,
    *,
    implicitly: bool,
    closer: Closer | None = None,
    given: tuple[Any, ...] | None = None,
) -> Any:
    """See ``Life.close``. Raises ValueError if C keeps it."""
    life = life_of(handle)
    life.check_closable()
    return life.close(implicitly=implicitly, closer=closer, given=given)


def forget(handle: Handle) -> None:
    """Mark it as closed: C closes it."""
    life_of(handle).forget()


def show_until_closed(handle: Handle, memory: Any, view: memoryview | None = None) -> None:
    """The handle is not closed while an object shows its memory; a view is released before."""
    engine = running()
    if engine:
        engine.show(handle)
    shown: Shown = handle.__dict__.setdefault("_shown", {})
    gone = functools.partial(_remove, shown, id(memory))
    shown[id(memory)] = weakref.ref(memory, gone), None if view is None else weakref.ref(view)


def _remove(shown: Shown, key: int, _: object) -> None:
    shown.pop(key, None)


def _close_at_exit() -> None:
    """As ``weakref.finalize`` does for those that Python closes: the newest first."""
    engine = running()
    found: Any = engine.open_handles() if engine else ()
    handles = [each for each in found if each._life is None and is_owned(each)]
    for each in sorted(handles, key=attrgetter("_number"), reverse=True):
        try:
            life_of(each).end()
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)


if running():
    atexit.register(_close_at_exit)
