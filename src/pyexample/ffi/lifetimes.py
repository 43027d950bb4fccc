"""Who owns what C made, for how long C keeps what it was passed, and how handles are closed."""

import ctypes
import functools
import gc
import weakref
from collections.abc import Callable, Hashable
from contextlib import suppress
from os import getpid
from sys import implementation
from typing import TYPE_CHECKING, Any, Protocol

from .libfastcall import running
from .pointees import Pointees

if TYPE_CHECKING:
    from .handles import Handle


VIEWS_KEEP = implementation.name == "cpython"
"""Whether a memoryview keeps the object of ctypes that it shows: not on PyPy."""


class Closer(Protocol):
    """A function that closes handles in C: see ``checked.closing_call``."""

    def __call__(self, life: "Life", given: tuple[Any, ...] | None, /) -> Any:
        """Close it. ``given`` are the function's arguments; None: nobody called it."""


class Life:
    """Closes a handle, which it can outlive.

    Attributes:
        given: the address from C.
        address: the same, or None if closed.
        owned: whether Python closes it.
        closer: the function that does, if it is not the type's.
        is_taken_back: set before C closes it, cleared if that fails.
        parents: what it needs: it is closed before them.
        users: the calls that use it, except libfastcall's, each with how it ends.
        pointees: what its fields were set to.
    """

    def __init__(
        self,
        kind: "type[Handle]",
        handle: Callable[[], Any],
        address: int,
        owned: bool,
        closer: Closer | None,
        parents: "list[Life]",
    ) -> None:
        self.kind = kind
        self.handle = handle
        self.given = address
        self.address: int | None = None
        self.owned = owned
        self._closer = closer
        self.process = getpid()
        self.parents = parents
        self.children: dict[Life, None] = {}
        self.users: dict[object, Callable[[], object]] = {}
        self.is_taken_back = False
        self.pointees: Pointees = {}
        self._shown: list[tuple[Callable[[], Any], Callable[[], Any] | None]] = []
        self._closing: dict[None, object] = {}  # setdefault is atomic
        self._set_address(address)

    @property
    def closer(self) -> Closer | None:
        """The function that closes it, or None."""
        return self._closer or self.kind.closer

    @property
    def is_closable(self) -> bool:
        """Whether Python can close it."""
        return self.owned and self.closer is not None

    def join_parents(self) -> None:
        """From now on, it is closed before its parents."""
        for parent in self.parents:
            parent.children[self] = None

    def needs(self, parent: "Life") -> bool:
        """Whether it, or what it needs, needs ``parent``."""
        return self is parent or any(each.needs(parent) for each in self.parents)

    def close(
        self,
        *,
        implicitly: bool,
        closer: Closer | None = None,
        given: tuple[Any, ...] | None = None,
    ) -> Any:
        """Close it, unless it is closed or being closed. Returns what C returned.

        If nobody asked for it (``implicitly``), a child of a fork does not close it in C.
        """
        me = object()
        returned = None
        try:
            if self._closing.setdefault(None, me) is not me:
                return None
            # Before the users are counted: no call starts in between.
            self._set_address(None)
            if used := self.used() or self._close_children(implicitly):
                raise RuntimeError(
                    f"the {used.kind.__name__} is in use by a call that has not returned"
                )
            self._hide()
            closer = closer or self.closer
            if self.owned and closer and not self._is_of_parent(implicitly):
                returned = closer(self, given)
            else:
                self.is_taken_back = True
        except BaseException:
            # Once C has closed it, it stays closed.
            if not self.is_taken_back and self._closing.get(None) is me:
                self._set_address(self.given)
                self._closing.clear()
            raise
        finally:
            if self.is_taken_back:
                try:
                    self._leave_parents()
                except BaseException:  # of a signal handler
                    self._leave_parents()
                    raise
        return returned

    def show(self, memory: Any, view: memoryview | None = None) -> None:
        """It is not closed while an object shows its memory. A view is released before."""
        self._shown = [each for each in self._shown if each[0]() is not None]
        reference = None if view is None else weakref.ref(view)
        self._shown.append((weakref.ref(memory), reference))

    def _hide(self) -> None:
        """Release all views. Raises RuntimeError if something else uses the memory."""
        for memory, view in self._shown:
            shown = view and view()
            try:
                if shown is not None:
                    shown.release()
            except BufferError:
                pass  # NumPy has it, for example
            if not VIEWS_KEEP and view is None and memory() is not None:
                gc.collect()  # PyPy's objects stay for longer than they are used
            if (VIEWS_KEEP or view is None) and memory() is not None:
                what = "a view" if view else "a structure that was read from it"
                raise RuntimeError(f"memory of the {self.kind.__name__} is in use by {what}")

    def forget(self) -> None:
        """Mark it as closed: C closes it."""
        with suppress(RuntimeError):
            self._hide()
        self._closing[None] = None
        self._set_address(None)
        self._leave_parents()

    def _is_of_parent(self, implicitly: bool) -> bool:
        return implicitly and self.process != getpid()

    def _leave_parents(self) -> None:
        self.pointees.clear()
        for parent in self.parents:
            parent.children.pop(self, None)

    def _close_children(self, implicitly: bool) -> "Life | None":
        """Returns one that another thread is closing."""
        for child in reversed(list(self.children)):
            child.close(implicitly=implicitly)
        return next(iter(list(self.children)), None)

    def _set_address(self, address: int | None) -> None:
        self.address = address
        handle = self.handle()
        if handle is not None and (engine := running()):
            engine.set_address(id(handle), address)

    def use(self, cleanups: list[Callable[[], object]]) -> None:
        """Prevent closing until the new one of ``cleanups`` is called, or deleted uncalled.

        PyPy does not run every ``finally`` when its stack ends.
        """
        user = object()
        cleanups.append(functools.partial(self.users.pop, user, None))
        self.users[user] = weakref.ref(cleanups[-1])

    def count_users(self) -> int:
        """How many calls use it, as often as they do."""
        handle = self.handle()
        engine = running()
        in_c = engine.count_users(handle) if engine and handle is not None else 0
        return in_c + sum(end() is not None for end in list(self.users.values()))

    def used(self) -> "Life | None":
        """The first of it and its children that a call uses."""
        if self.count_users():
            return self
        return next(filter(None, [child.used() for child in list(self.children)]), None)


class Owner(ctypes.c_void_p):
    """An address from C without a handle: closed when deleted.

    ctypes makes it before Python handles signals: Ctrl-C during the call loses no address.
    """

    kind: "type[Handle]"
    closer: Closer | None
    life: Life | None = None  # of the handle that is being made

    def __del__(self) -> None:
        if self.life:
            self.life.close(implicitly=True)
        elif self.value:
            self.kind.adopt(self.value, closer=self.closer)  # closed at once


class Held(Protocol):
    """An object that C keeps."""

    def release(self) -> None:
        """C does not need it any more."""


Slots = dict[Hashable, "list[Kept]"]

kept_for_good: Slots = {}
"""What C keeps for as long as the process runs."""


class Kept:
    """An object that C keeps in a slot instead of the previous one.

    Both are kept until C has returned; if two threads fill a slot at once, for longer, because
    nobody knows which object C has.
    """

    def __init__(self, slots: Slots, key: Hashable, item: "Held") -> None:
        self.item = item
        self.slot = slots.setdefault(key, [])
        self.call_is_over = False
        self.earlier = [each for each in self.slot if each.call_is_over]
        self.slot.append(self)

    def cancel(self) -> None:
        """C was not called."""
        self.settle(taken=False)

    def settle(self, *, taken: bool) -> None:
        """C has returned: release the previous objects, or this if not ``taken``."""
        for each in self.earlier if taken else [self]:
            if each in self.slot:
                self.slot.remove(each)
                each.release()
        self.finish()

    def release(self) -> None:
        """C does not need the object any more."""
        self.item.release()

    def finish(self) -> None:
        """The call is over. Without ``settle``, C may have either."""
        self.call_is_over = True
        self.slot, self.earlier = [], []
