"""How handles are closed: each once, after what needs it, while no call uses it."""

import functools
import gc
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from os import getpid
from sys import implementation, is_finalizing
from typing import TYPE_CHECKING, Any, Protocol

from .libfastcall import running
from .pointees import Pointees

if TYPE_CHECKING:
    from .handle_values import HandleValue
    from .handles import Handle
    from .kept import Slots


VIEWS_KEEP = implementation.name == "cpython"
"""Whether a memoryview keeps the object of ctypes that it shows: not on PyPy."""


Shown = dict[int, tuple[Callable[[], Any], Callable[[], Any] | None]]
"""Weak references to an object of ctypes, and to the view of it, if there is one; by its id."""


class Closer(Protocol):
    """A function that closes handles in C: see ``checked.closing_call``."""

    def __call__(self, life: "Life", given: tuple[Any, ...] | None, /) -> Any:
        """Close it. ``given`` are the function's arguments; None: nobody called it."""


class Life:
    """Closes a handle, which it can outlive.

    Attributes:
        given: the address from C.
        address: the same, or None if closed, or if a call is about to close it.
        owned: whether Python closes it.
        closer: the function that does, if it is not the type's.
        is_taken_back: set before C closes it, cleared if that fails.
        is_gone: whether C has closed it, or has been given it.
        has_ended: whether ``end`` has asked C to close it, or found that it must not.
        is_lent: whether it is a callback's, until that returns.
        was_asked: whether it has asked C. PyPy ends a handle twice, and C may have refused.
        parents: what it was made from, or given to: it is closed before them.
        children: what is closed before it.
        kept: the handles that C keeps for it: it is closed before them, too.
        keepers: by the id of a Kept: for what C keeps it; None: for good.
        waiting: what ends when it is closed.
        users: the calls that use it, except libfastcall's, each with how it ends.
        pointees: what its fields were set to.
        finalizer: what ends it with the handle, if it must end.
        shown: the objects that show its memory: it is not closed meanwhile.
    """

    def __init__(
        self,
        kind: "type[Handle]",
        handle: Callable[[], Any],
        address: int,
        owned: bool,
        closer: Closer | None,
        parents: "list[Life]",
        shown: "Shown",
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
        self.kept: list[Life] = []
        self.keepers: dict[int, Life | None] = {}
        self.waiting: list[Life] = []
        self.users: dict[object, Callable[[], object]] = {}
        self.is_taken_back = self.is_gone = self.has_ended = self.was_asked = False
        self.is_lent = False
        self.pointees: Pointees = {}
        self.finalizer: weakref.finalize[Any, Any] | None = None
        self.shown = shown
        self._closing: dict[None, object] = {}  # setdefault is atomic

    @property
    def closer(self) -> Closer | None:
        """The function that closes it, or None."""
        return self._closer or self.kind.closer

    @property
    def is_closable(self) -> bool:
        """Whether Python can close it."""
        return self.owned and self.closer is not None

    @property
    def is_there(self) -> bool:
        """Whether it is open, or another thread only tries to close it."""
        return not (self.is_gone or self.is_taken_back)

    def join_parents(self) -> None:
        """From now on, it is closed before its parents."""
        for parent in self.parents:
            parent.children[self] = None

    def need(self, parents: "list[Life]") -> None:
        """It is closed before these instead of its parents. It may be called again."""
        for each in parents:
            each.children[self] = None
        for each in self.parents:
            if each not in (*parents, *self.kept):
                self.leave_parent(each)
        self.parents = parents

    def set_closer(self, closer: Closer | None) -> None:
        """The function that closes it from now on, or None: that of its type."""
        self._closer = closer

    def leave_parent(self, parent: "Life") -> None:
        """It need not be closed before that any more."""
        parent.children.pop(self, None)

    def needs(self, other: "Life") -> bool:
        """Whether it is closed before ``other``, or is that."""
        return other in _reach(self, lambda life: [*life.parents, *life.kept])

    def descends_from(self, other: "Life") -> bool:
        """The same, because it was made from ``other``, or given to it."""
        return other in _reach(self, lambda life: life.parents)

    def family(self) -> "list[Life]":
        """It and what is closed before it, in the order in which they are closed."""
        return _reach(self, lambda life: reversed(list(life.children)))

    def keep_for(self, holder: int, keeper: "Life | None") -> None:
        """C keeps it until ``let_go(holder)``: it is closed after ``keeper``, or never.

        If it is a child of that, it is closed with that, and not by itself.
        """
        self.let_go(holder)
        self.keepers[holder] = keeper
        if keeper is not None and not self.needs(keeper):
            keeper.kept.append(self)
            self.children[keeper] = None

    def let_go(self, holder: int) -> None:
        """C does not keep it for this holder."""
        keeper = self.keepers.pop(holder, None)
        if keeper is not None and self in keeper.kept:
            keeper.kept.remove(self)
            if self not in (*keeper.parents, *keeper.kept):
                keeper.leave_parent(self)

    def check_closable(self) -> None:
        """Raises ValueError if C keeps it, or what is closed before it, for something else."""
        family = [] if self.address is None else self.family()
        for life in family:
            for keeper in list(life.keepers.values()):
                name = life.kind.__name__
                if keeper is None:
                    raise ValueError(
                        f"C keeps this {name}: it can be closed when another is in its place"
                    )
                if keeper.is_there and keeper not in family:
                    raise ValueError(
                        f"C keeps this {name} for a {keeper.kind.__name__}: close that, or"
                        " pass another in its place"
                    )

    def end(self) -> None:
        """Nothing refers to the handle: close it, unless C keeps it.

        When Python ends, a variable of a module may still refer to it, or to memory of it, or
        a thread may use it: then C's objects end with the process.
        """
        if self.was_asked:
            return
        self.has_ended = False
        try:
            self.check_closable()
            for life in self.family():
                life._hide()
        except (ValueError, RuntimeError):
            self.has_ended = True
        else:
            self.has_ended = self.used() is not None or self._waits()
            if not self.has_ended:
                try:
                    self.close(implicitly=True)
                finally:
                    self.was_asked = self.has_ended

    def _waits(self) -> bool:
        """Whether it ends later, since what is closed before it is being closed just now.

        PyPy ends handles at any time, one amid the end of another.
        """
        for life in self.family()[:-1]:
            if life._closing:
                life.waiting.append(self)
                return any(life in other.children for other in (*life.parents, *life.kept))
        return False

    def end_again(self, is_finalizing: Callable[[], bool] = is_finalizing) -> None:
        """Do it, if a signal handler has prevented that, even before its first instruction.

        Later, what C keeps for it is gone, and C could not close it.
        """
        is_open = self.owned and self.address is not None
        if is_open and not self.has_ended and not is_finalizing():
            self.end()

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
        returned, is_mine = None, False
        try:
            if self._closing.setdefault(None, me) is not me:
                return None
            is_mine = True
            # Before the users are counted: no call starts in between.
            self.set_address(None)
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
        finally:
            # Not another call, during which C closes it. If it is, nothing is called before
            # ``_settle``, so that no signal handler prevents that.
            if is_mine or self._closing.get(None) is me:
                try:
                    self._settle()
                except BaseException:  # of a signal handler
                    self._settle()
                    raise
        return returned

    def _hide(self) -> None:
        """Release all views. Raises RuntimeError if something else uses the memory."""
        for memory, view in [*self.shown.values()]:
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
        self.set_address(None)
        self._leave()

    def end_loan(self) -> None:
        """C has it again, unless C has given it to the caller meanwhile."""
        self.is_lent = False
        if not self.owned:
            self.forget()

    def reopen(self) -> None:
        """It was not closed after all, nor given to anything meanwhile."""
        self.is_gone, self.owned = False, True
        self.join_parents()
        self._closing.clear()
        self.set_address(self.given)

    def _is_of_parent(self, implicitly: bool) -> bool:
        return implicitly and self.process != getpid()

    def _settle(self) -> None:
        """It is closed, if C has closed it; else it stays open."""
        if self.is_taken_back:
            self._leave()
            return
        self.set_address(self.given)
        if self.is_gone:  # given away meanwhile
            self.set_address(None)
        self._closing.clear()

    def _leave(self) -> None:
        """It needs nothing any more."""
        self.is_gone = True
        self.pointees.clear()
        for parent in (*self.parents, *self.kept):
            self.leave_parent(parent)
        handle = self.handle()
        slots: Slots = {} if handle is None else handle._kept
        while slots:
            for kept in list(slots.popitem()[1]):
                kept.release()
        while self.waiting:
            self.waiting.pop().end()

    def _close_children(self, implicitly: bool) -> "Life | None":
        """Returns one that another thread is closing."""
        for life in self.family()[:-1]:
            life.close(implicitly=implicitly)
        return next(iter(list(self.children)), None)

    def set_address(self, address: int | None) -> None:
        """Let calls use it; with None, no new one."""
        self.address = address
        handle = self.handle()
        if handle is not None and (engine := running()):
            engine.set_address(id(handle), address or None)  # only Python knows of an integer 0

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
        return next((life for life in reversed(self.family()) if life.count_users()), None)


def _reach(start: Life, step: Callable[[Life], Iterable[Life]]) -> list[Life]:
    """``start`` and all to which ``step`` leads from it, each after those to which it leads.

    There may be more of them, one behind the other, than Python has stack for.
    """
    found: list[Life] = []
    seen = {start}
    path = [(start, iter([*step(start)]))]
    while path:
        life, others = path[-1]
        other = next((each for each in others if each not in seen), None)
        if other is None:
            found.append(life)
            path.pop()
        else:
            seen.add(other)
            path.append((other, iter([*step(other)])))
    return found


class Owner:
    """What C returned, without a handle: closed when deleted. It is also of the C type.

    ctypes makes it before Python handles signals: Ctrl-C during the call loses no address.
    """

    value: Any
    declared: "HandleValue"
    closer: Closer | None
    plain: Any
    parents: Callable[[], "Iterable[Handle]"]
    life: Life | None = None  # of the handle that is being made
    same: "Sequence[Handle] | None" = None  # see ``adopt``
    passed: int | None = None  # what C got there, which has an owner

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close what has no handle yet."""
        if self.life:
            self.life.close(implicitly=True)
        elif self.value != self.passed and not self.declared.is_none(self.value):
            self.declared.own_unseen(self)
