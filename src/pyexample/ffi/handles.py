"""Handles: opaque pointers that C gives, and that are given back to it once.

A subclass of Handle stands for one type of C, such as ``sqlite3 *``. Its instances come
from C, as results of declared functions. The declared function that takes one back has
``CLOSES`` behind that parameter; ``handle.close()``, ``with``, the end of the handle's life
and the end of Python do what it does, whichever comes first.
"""

import ctypes
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, ClassVar, NoReturn

from ..libfastcall import HandleMemory

if TYPE_CHECKING:
    from typing_extensions import Self


class Handle(ctypes.Structure):
    """An opaque pointer of C. Subclass it for each type of handle.

    To close it twice does nothing. To use it once it is closed is a ValueError; to close it
    while it or a child of it is an argument of a call that has not returned, a RuntimeError.

    Attributes:
        parent: in a subclass, another one: a handle that is made from one of those keeps
            it alive, and closes before it.
        parents: of an instance: the handles that it was made from.
        close_in_c: set by the declaration of the function that closes it.
    """

    parent: ClassVar["type[Handle] | None"] = None
    close_in_c: ClassVar[Callable[[int], object] | None] = None
    _fields_ = HandleMemory._fields_
    _life: "_Life"
    parents: "tuple[Handle, ...]"
    _kept: dict[Hashable, object]

    def __init__(self) -> None:
        raise TypeError(f"a {type(self).__name__} is made by C, not by Python")

    @classmethod
    def adopt(cls, address: int, given: Iterable[object] = (), *, owned: bool = True) -> "Self":
        """The handle for an address that C returned.

        ``given`` is what it was made from. One that is not owned stays C's to close.
        """
        memory = HandleMemory(address, 0)
        handle = cls.from_buffer(memory)
        # The child holds its parents, so that they live longer. What is left when it is
        # gone, its _Life, holds no handle: that would be a cycle beyond the reach of gc.
        handle.parents = tuple(each for each in given if isinstance(each, cls.parent or ()))
        handle._kept = {}
        handle._life = _Life(cls, memory, owned, [each._life for each in handle.parents])
        if handle._life.close_in_c or handle.parents:
            import weakref

            weakref.finalize(handle, handle._life.close)
        return handle

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return not self._life.address

    def close(self) -> None:
        """Give it back to C, its children first. Nothing happens where it is closed."""
        if self._life.close():
            self._kept.clear()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        address = self._life.address
        return f"<{type(self).__name__} {f'at {address:#x}' if address else 'closed'}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled: it is C's")

    def pointer(self) -> ctypes.c_void_p:
        """The opaque pointer. Raises ValueError where it is closed."""
        address = self._life.address
        if not address:
            raise ValueError(f"the {type(self).__name__} is closed")
        return ctypes.c_void_p(address)

    # What ctypes passes for it to a raw function that has argtypes. To one that has none, pass
    # pointer(): the handle itself would go as the structure that it is, by value.
    _as_parameter_ = property(pointer)

    def use(self) -> Callable[[], object]:
        """Keep it from being closed, until what is returned is called."""
        users = self._life.users
        users.append(None)
        return users.pop

    def keep(self, slot: Hashable, item: object) -> None:
        """Keep ``item`` alive until it is closed, or until another one has the same slot."""
        if self._life.close_in_c:
            self._kept[slot] = item
        else:  # C's own: nothing tells when it is closed
            _kept_for_good[self._life.address, slot] = item


_kept_for_good: dict[Hashable, object] = {}


class _Life:
    """What it takes to close a handle, also when the handle itself is gone."""

    def __init__(
        self, kind: type[Handle], memory: HandleMemory, owned: bool, parents: "list[_Life]"
    ) -> None:
        self.name = kind.__name__
        self.memory = memory  # what libfastcall reads
        self.address = memory.address  # what Python reads
        self.close_in_c = kind.close_in_c if owned else None
        self.parents = parents
        self.children: dict[_Life, None] = {}  # in the order in which they were made
        self.users: list[None] = []  # an item for each call, but for those that memory counts
        # Emptied by whoever closes it: list.pop is atomic, with the GIL and without.
        self.open = [self.address]
        for parent in parents:
            parent.children[self] = None

    def close(self) -> bool:
        """Close it, unless it is closed already; whether it was done here."""
        try:
            address = self.open.pop()
        except IndexError:
            return False
        try:
            # Taken away before the users are counted, so that none comes in between.
            self._set(None)
            # Asked before any child is closed: it is all or nothing.
            if used := self.used() or self._close_children():
                raise RuntimeError(f"the {used.name} is in use by a call that has not returned")
            if self.close_in_c and address:
                self.close_in_c(address)
        except BaseException:
            self._set(address)
            self.open.append(address)
            raise
        for parent in self.parents:
            parent.children.pop(self, None)
        return True

    def _close_children(self) -> "_Life | None":
        """Close them, the last one first. One that is left is closed by another thread."""
        for child in reversed(list(self.children)):
            child.close()
        return next(iter(list(self.children)), None)

    def _set(self, address: int | None) -> None:
        self.address = address
        self.memory.set_address(address)

    def used(self) -> "_Life | None":
        """Which of it and its children is an argument of a call that has not returned."""
        if self.users or self.memory.count_users():
            return self
        return next(filter(None, [child.used() for child in list(self.children)]), None)
