"""Handles: opaque pointers that C returns, and that are closed exactly once.

A subclass of Handle stands for one C type, such as ``sqlite3 *``. Declared functions return its
instances. The declared function that closes one has ``CLOSES`` after the C type of that
parameter. That function, ``handle.close()``, the end of ``with``, the end of the handle's life
and the end of Python all close it. Whichever comes first does; the others do nothing.
"""

import ctypes
import functools
import weakref
from collections.abc import Callable, Hashable, Iterable
from os import getpid
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from . import calls as calls  # which sees to forks
from .libfastcall import engine_if_any, running
from .values import with_article

if TYPE_CHECKING:
    from typing_extensions import Self

    _Memory = object
else:
    # With libfastcall, an instance holds its address where C reads it and Python cannot.
    _Memory = engine.make_handle_type() if (engine := engine_if_any()) else object


class Handle(_Memory):
    """An opaque pointer that C returned. Write a subclass for each C type.

    Closing a closed handle does nothing; passing it to C raises ValueError. Closing a handle
    while it, or a child of it, is an argument of a call that has not returned raises
    RuntimeError. A borrowed handle, which C passed to a callback, belongs to C; so does a
    handle of a type that no declared function CLOSES. Its ``close()`` raises ValueError, and
    nothing is closed at the end of its life.

    In a child of ``os.fork``, a handle from the parent is closed in C only by ``close()`` and
    by the declared function, because the connection, or whatever else it stands for, is still
    the parent's. The end of ``with``, of its life or of Python only marks it as closed.

    Attributes:
        parent: of a subclass: the class of handles from which its handles are made. A handle
            keeps its parent alive, and is closed before it.
        parents: of an instance: the handles that it was made from.
        close_in_c: set by the declaration of the function that closes it.
    """

    parent: ClassVar["type[Handle] | None"] = None
    close_in_c: ClassVar[Callable[[Any], None] | None] = None
    parents: "tuple[Handle, ...]" = ()
    _owner_type: "ClassVar[type[Owner]]"
    _life: "_Life"
    _kept: "dict[Hashable, list[Kept]]"

    def __new__(cls, *_: object, **__: object) -> "Self":
        """Refuse: ``adopt`` makes one."""
        raise TypeError(f"{with_article(cls.__name__)} is made by C, not by Python")

    @classmethod
    def adopt(
        cls, address: "int | Owner", given: Iterable[object] = (), *, owned: bool = True
    ) -> "Self":
        """Make the handle for an address that C returned.

        ``given`` holds the arguments of the call, among them its parents. If it is not
        ``owned``, it is borrowed: C closes it. Raises ValueError if ``address`` is null or out
        of range, TypeError if it is not an integer.
        """
        owner: Any = None
        if isinstance(address, Owner):
            owner, address = address, address.value or 0
        if ctypes.c_void_p(address).value != address:  # which makes None of 0, and wraps
            raise ValueError(f"{with_article(cls.__name__)} has an address, not {address!r}")
        handle = super().__new__(cls)
        # The child holds its parents, so that they live longer. What is left when it is
        # gone, its _Life, holds no handle: that would be a cycle beyond the reach of gc.
        handle.parents = tuple(each for each in given if isinstance(each, cls.parent or ()))
        handle._kept = {}
        parents = [each._life for each in handle.parents]
        take_address = None
        if engine := running():
            take_address = functools.partial(_take_address, engine.set_address, id(handle))
        reference = weakref.ref(handle, take_address)
        handle._life = _Life(cls, reference, address, owned, parents)
        if owner is not None:
            owner.life = handle._life  # before anything else closes that
        handle._life.join_parents()
        if owned:
            weakref.finalize(handle, handle._life.close, implicitly=True)
        if owner is not None:
            # Not by an attribute, for ``__del__`` to look at: what a signal's handler raises
            # in a ``__del__`` is lost.
            owner.__class__ = ctypes.c_void_p
        return handle

    @classmethod
    def owner_type(cls) -> "type[Owner]":
        """The ctypes type that a result, or what C fills in, has until it is adopted."""
        if "_owner_type" not in vars(cls):
            cls._owner_type = type("Owner", (Owner,), {"kind": cls})
        return cls._owner_type

    @property
    def closed(self) -> bool:
        """Whether the handle is closed."""
        return not self._life.address

    def close(self) -> None:
        """Close the handle, its children first. Does nothing if it is closed.

        Raises what the closing function raises. If that function's Status says that it failed,
        the handle stays open.
        """
        if self._life.address and not self._life.is_closable:
            raise ValueError(
                f"this {type(self).__name__} is C's to close: it was lent, or no declared"
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
        """Mark it as closed in Python, without a call: C closes it, or has closed it."""
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
        """The address, as ctypes passes it. Raises ValueError if the handle is closed."""
        address = self._life.address
        if not address:
            raise ValueError(f"the {type(self).__name__} is closed")
        return ctypes.c_void_p(address)

    # What ctypes passes for it to a raw function.
    _as_parameter_ = property(pointer)

    def use(self, cleanups: list[Callable[[], object]]) -> None:
        """Prevent it from being closed until the function added to ``cleanups`` is called."""
        user = object()
        cleanups.append(functools.partial(self._life.users.pop, user, None))
        self._life.users[user] = None

    def keep(self, slot: Hashable, item: object) -> "Kept":
        """Keep ``item``, which is about to be passed to C, alive until this handle is closed.

        Or until another item has been passed to C for the same ``slot``: see Kept.
        """
        # Of one that is C's own, nothing tells when it is closed.
        kept = self._kept if self._life.is_closable else _kept_for_good
        return Kept(kept.setdefault((self._life.given, slot), []), item)


class Owner(ctypes.c_void_p):
    """An address that C gave, and that no handle has yet: closed at the end of its life.

    ctypes makes it before Python can look for signals. Ctrl-C while C was running is raised
    before the next line of Python, which would else lose an address.
    """

    kind: ClassVar[type[Handle]]
    life: "_Life | None" = None
    """That of a handle that is being made of it. To close it twice does nothing."""

    def __del__(self) -> None:
        if self.life:
            self.life.close(implicitly=True)
        elif self.value:
            self.kind.adopt(self.value)  # a handle whose life ends here


class Kept:
    """An object that C was passed, to keep in place of the one that it has in a slot.

    It is held before C is called, and the earlier one until C has returned. Where two threads
    fill one slot at a time, nothing tells which object C has in the end: both are held, until
    a later call replaces them.
    """

    def __init__(self, slot: "list[Kept]", item: object) -> None:
        self.item = item
        self.slot = slot
        self.call_is_over = False
        self.earlier = [each for each in slot if each.call_is_over]
        slot.append(self)

    def settle(self, *, taken: bool) -> None:
        """C has returned: whether it has taken this one, or has the earlier one still."""
        for each in self.earlier if taken else [self]:
            if each in self.slot:
                self.slot.remove(each)
        self.finish()

    def finish(self) -> None:
        """The call is over. Where ``settle`` was not called, C may have either."""
        self.call_is_over = True
        self.slot, self.earlier = [], []


_kept_for_good: dict[Hashable, list[Kept]] = {}


class _Life:
    """What it takes to close a handle, also when the handle itself is gone.

    Attributes:
        given: the address that C gave.
        address: the same; None where it is closed.
        is_taken_back: set when C is called to close it, and taken back if that fails.
        children: in the order in which they were made.
        users: an item for each call that has it among its arguments, but for libfastcall's.
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
        self.users: dict[object, None] = {}
        self.is_taken_back = False
        self._closing: dict[None, object] = {}  # set by the one who closes it, atomically
        self._set_address(address)

    def join_parents(self) -> None:
        """Have each parent close it first, from here on."""
        for parent in self.parents:
            parent.children[self] = None

    @property
    def is_closable(self) -> bool:
        """Whether it is for Python to close, and there is a function for that."""
        return self.owned and self.kind.close_in_c is not None

    def close(self, *, implicitly: bool) -> None:
        """Close it, unless it is closed already or another thread is about to.

        ``implicitly``: nobody asked for it. A child of a fork then leaves it to its parent.
        """
        me = object()
        try:
            if self._closing.setdefault(None, me) is not me:
                return
            # Taken away before the users are counted, so that none comes in between.
            self._set_address(None)
            # Asked before any child is closed: it is all or nothing.
            if used := self.used() or self._close_children(implicitly):
                raise RuntimeError(
                    f"the {used.kind.__name__} is in use by a call that has not returned"
                )
            if self.is_closable and self.kind.close_in_c and not self._is_of_parent(implicitly):
                self.kind.close_in_c(self)
            else:
                self.is_taken_back = True
        except BaseException:
            # Once C has it back, it is closed, whatever was raised meanwhile.
            if not self.is_taken_back and self._closing.get(None) is me:
                self._set_address(self.given)
                self._closing.clear()
            raise
        finally:
            if self.is_taken_back:
                try:
                    self._leave_parents()
                except BaseException:  # a signal came, as in CallState.leave
                    self._leave_parents()
                    raise

    def forget(self) -> None:
        """Let it be closed, and call nothing."""
        self._closing[None] = None
        self._set_address(None)
        self._leave_parents()

    def _is_of_parent(self, implicitly: bool) -> bool:
        return implicitly and self.process != getpid()

    def _leave_parents(self) -> None:
        for parent in self.parents:
            parent.children.pop(self, None)

    def _close_children(self, implicitly: bool) -> "_Life | None":
        """Close them, the last one first. One that is left is closed by another thread."""
        for child in reversed(list(self.children)):
            child.close(implicitly=implicitly)
        return next(iter(list(self.children)), None)

    def _set_address(self, address: int | None) -> None:
        self.address = address
        handle = self.handle()
        if handle is not None and (engine := running()):
            engine.set_address(id(handle), address)

    def used(self) -> "_Life | None":
        """Which of it and its children is an argument of a call that has not returned."""
        handle = self.handle()
        engine = running()
        in_c = engine.count_users(handle) if engine and handle is not None else 0
        if self.users or in_c:
            return self
        return next(filter(None, [child.used() for child in list(self.children)]), None)


def _take_address(set_address: Callable[[int, None], object], handle: int, _: object) -> None:
    """Take the address from the memory of a handle that is garbage, as its closing does.

    gc clears the references to it first, then has it closed; what is found with it may have
    a ``__del__`` that passes it to C after that. It uses no name of this module, which has
    none any more at the end of Python.
    """
    set_address(handle, None)


# Of an instance that nobody adopted, such as object.__new__ makes: it is closed.
Handle._life = _Life(  # pyright: ignore[reportPrivateUsage]
    Handle, lambda: None, 0, owned=False, parents=[]
)
Handle._kept = {}  # pyright: ignore[reportPrivateUsage]
