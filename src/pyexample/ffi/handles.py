"""Handles: opaque pointers that C returns, and that are closed exactly once.

A function that CLOSES it, ``handle.close()``, the end of ``with``, garbage collection or the
end of Python closes a handle, whichever comes first.
"""

import ctypes
import functools
import weakref
from collections.abc import Callable, Hashable, Iterable
from os import getpid
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from . import calls as calls  # for its fork handler
from .libfastcall import engine_if_any, running
from .values import with_article

if TYPE_CHECKING:
    from typing_extensions import Self

    _Memory = object
else:
    # Holds the address, which Python code cannot write.
    _Memory = engine.make_handle_type() if (engine := engine_if_any()) else object


class Handle(_Memory):
    """An opaque pointer that C returned. Write a subclass for each C type.

    Closing a closed handle does nothing; passing it to C raises ValueError. Closing a handle
    while it, or a child of it, is an argument of a call that has not returned raises
    RuntimeError. C owns a borrowed handle, which it passed to a callback, and one whose type no
    declared function CLOSES: ``close()`` raises ValueError, and nothing else closes it.

    In a child of ``os.fork``, a handle from the parent is closed in C only by ``close()`` and
    the declared function, because its connection or file is the parent's.

    Attributes:
        parent: of a subclass: the class of handles from which its handles are made. A handle
            keeps its parent alive, and is closed before it.
        parents: the handles that it was made from.
        close_in_c: set by the declaration that CLOSES it.
    """

    parent: ClassVar["type[Handle] | None"] = None
    close_in_c: ClassVar[Callable[[Any], None] | None] = None
    parents: "tuple[Handle, ...]" = ()
    _owner_type: "ClassVar[type[Owner]]"
    _life: "_Life"
    _kept: "dict[Hashable, list[Kept]]"

    def __new__(cls, *_: object, **__: object) -> "Self":
        """Raises TypeError: ``adopt`` makes handles."""
        raise TypeError(f"{with_article(cls.__name__)} is made by C, not by Python")

    @classmethod
    def adopt(
        cls, address: "int | Owner", given: Iterable[object] = (), *, owned: bool = True
    ) -> "Self":
        """Make the handle for an address from C, with its parents among ``given``.

        C closes it if not ``owned``. Raises ValueError if ``address`` is null or out of range,
        TypeError if it is no int.
        """
        owner: Any = None
        if isinstance(address, Owner):
            owner, address = address, address.value or 0
        if not isinstance(address, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"{with_article(cls.__name__)} has an address, an int, not {address!r}"
            )
        if ctypes.c_void_p(address).value != address:  # None for 0, else truncated
            raise ValueError(f"{with_article(cls.__name__)} has an address, not {address!r}")
        handle = super().__new__(cls)
        # _Life refers to no handle: gc could not collect such a cycle.
        handle.parents = tuple(each for each in given if isinstance(each, cls.parent or ()))
        handle._kept = {}
        parents = [each._life for each in handle.parents]
        take_address = None
        if engine := running():
            take_address = functools.partial(_take_address, engine.set_address, id(handle))
        reference = weakref.ref(handle, take_address)
        handle._life = _Life(cls, reference, address, owned, parents)
        if owner is not None:
            owner.life = handle._life  # before anything can close that
        handle._life.join_parents()
        if owned:
            weakref.finalize(handle, handle._life.close, implicitly=True)
        if owner is not None:
            # Not an attribute: ``__del__`` would lose an exception of a signal handler.
            owner.__class__ = ctypes.c_void_p
        return handle

    @classmethod
    def owner_type(cls) -> "type[Owner]":
        """The ctypes type before it is adopted."""
        if "_owner_type" not in vars(cls):
            cls._owner_type = type("Owner", (Owner,), {"kind": cls})
        return cls._owner_type

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return not self._life.address

    def close(self) -> None:
        """Close the handle, its children first. Does nothing if it is closed.

        Raises what the closing function raises; the handle stays open if its Status says that
        it failed.
        """
        if self._life.address and not self._life.is_closable:
            raise ValueError(
                f"this {type(self).__name__} is C's to close: it is borrowed, or no declared"
                " function CLOSES it"
            )
        self._close(implicitly=False)

    def _close(self, *, implicitly: bool) -> None:
        try:
            self._life.close(implicitly=implicitly)
        finally:
            if not self._life.address:
                self._kept.clear()

    def forget(self) -> None:
        """Mark it as closed: C closes it."""
        self._life.forget()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self._close(implicitly=True)

    def __repr__(self) -> str:
        address = self._life.address
        return f"<{type(self).__name__} {f'at {address:#x}' if address else 'closed'}>"

    def __reduce__(self) -> NoReturn:
        name = with_article(type(self).__name__)
        raise TypeError(f"{name} cannot be copied or pickled: it is C's")

    def pointer(self) -> ctypes.c_void_p:
        """The address for ctypes. Raises ValueError if the handle is closed."""
        address = self._life.address
        if not address:
            raise ValueError(f"the {type(self).__name__} is closed")
        return ctypes.c_void_p(address)

    # For raw functions of ctypes.
    _as_parameter_ = property(pointer)

    def use(self, cleanups: list[Callable[[], object]]) -> None:
        """Prevent closing until the new one of ``cleanups`` is called, or deleted uncalled.

        PyPy does not run every ``finally`` when its stack ends.
        """
        user = object()
        cleanups.append(functools.partial(self._life.users.pop, user, None))
        self._life.users[user] = weakref.ref(cleanups[-1])

    def keep(self, slot: Hashable, item: object) -> "Kept":
        """Keep ``item`` alive until this is closed, or another is in ``slot``."""
        # C closes its own at any time.
        kept = self._kept if self._life.is_closable else _kept_for_good
        return Kept(kept.setdefault((self._life.given, slot), []), item)


class Owner(ctypes.c_void_p):
    """An address from C without a handle: closed when deleted.

    ctypes makes it before Python handles signals: Ctrl-C during the call loses no address.
    """

    kind: ClassVar[type[Handle]]
    life: "_Life | None" = None  # of the handle that is being made

    def __del__(self) -> None:
        if self.life:
            self.life.close(implicitly=True)
        elif self.value:
            self.kind.adopt(self.value)  # closed at once


class Kept:
    """An object that C keeps in a slot instead of the previous one.

    Both are kept until C has returned; if two threads fill a slot at once, for longer, because
    nobody knows which object C has.
    """

    def __init__(self, slot: "list[Kept]", item: object) -> None:
        self.item = item
        self.slot = slot
        self.call_is_over = False
        self.earlier = [each for each in slot if each.call_is_over]
        slot.append(self)

    def settle(self, *, taken: bool) -> None:
        """C has returned: release the previous objects, or this if not ``taken``."""
        for each in self.earlier if taken else [self]:
            if each in self.slot:
                self.slot.remove(each)
        self.finish()

    def finish(self) -> None:
        """The call is over. Without ``settle``, C may have either."""
        self.call_is_over = True
        self.slot, self.earlier = [], []


_kept_for_good: dict[Hashable, list[Kept]] = {}


class _Life:
    """Closes a handle, which it can outlive.

    Attributes:
        given: the address from C.
        address: the same, or None if closed.
        is_taken_back: set before C closes it, cleared if that fails.
        users: the calls that use it, except libfastcall's, each with how it ends.
    """

    def __init__(
        self,
        kind: type[Handle],
        handle: Callable[[], Any],
        address: int,
        owned: bool,
        parents: "list[_Life]",
    ) -> None:
        self.kind = kind
        self.handle = handle
        self.given = address
        self.address: int | None = None
        self.owned = owned
        self.process = getpid()
        self.parents = parents
        self.children: dict[_Life, None] = {}
        self.users: dict[object, Callable[[], object]] = {}
        self.is_taken_back = False
        self._closing: dict[None, object] = {}  # setdefault is atomic
        self._set_address(address)

    def join_parents(self) -> None:
        for parent in self.parents:
            parent.children[self] = None

    @property
    def is_closable(self) -> bool:
        return self.owned and self.kind.close_in_c is not None

    def close(self, *, implicitly: bool) -> None:
        """Close it, unless it is closed or being closed.

        If nobody asked for it (``implicitly``), a child of a fork does not close it in C.
        """
        me = object()
        try:
            if self._closing.setdefault(None, me) is not me:
                return
            # Before the users are counted: no call starts in between.
            self._set_address(None)
            if used := self.used() or self._close_children(implicitly):
                raise RuntimeError(
                    f"the {used.kind.__name__} is in use by a call that has not returned"
                )
            if self.is_closable and self.kind.close_in_c and not self._is_of_parent(implicitly):
                self.kind.close_in_c(self)
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

    def forget(self) -> None:
        self._closing[None] = None
        self._set_address(None)
        self._leave_parents()

    def _is_of_parent(self, implicitly: bool) -> bool:
        return implicitly and self.process != getpid()

    def _leave_parents(self) -> None:
        for parent in self.parents:
            parent.children.pop(self, None)

    def _close_children(self, implicitly: bool) -> "_Life | None":
        """Returns one that another thread is closing."""
        for child in reversed(list(self.children)):
            child.close(implicitly=implicitly)
        return next(iter(list(self.children)), None)

    def _set_address(self, address: int | None) -> None:
        self.address = address
        handle = self.handle()
        if handle is not None and (engine := running()):
            engine.set_address(id(handle), address)

    def used(self) -> "_Life | None":
        """The first of it and its children that a call uses."""
        handle = self.handle()
        engine = running()
        in_c = engine.count_users(handle) if engine and handle is not None else 0
        if in_c or any(end() for end in list(self.users.values())):
            return self
        return next(filter(None, [child.used() for child in list(self.children)]), None)


def _take_address(set_address: Callable[[int, None], object], handle: int, _: object) -> None:
    """Clear the address in a handle that is garbage: a ``__del__`` may yet pass it to C.

    This needs no name of this module, since those are gone at the end of Python.
    """
    set_address(handle, None)


# Instances that ``object.__new__`` makes are closed.
Handle._life = _Life(  # pyright: ignore[reportPrivateUsage]
    Handle, lambda: None, 0, owned=False, parents=[]
)
Handle._kept = {}  # pyright: ignore[reportPrivateUsage]
