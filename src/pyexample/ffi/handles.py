"""Handles: opaque pointers that C returns, and that are closed exactly once.

A function that Closes it, ``handle.close()``, the end of ``with``, garbage collection or the
end of Python closes a handle, whichever comes first.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from sys import implementation
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from .adoption import adopt
from .handle_values import HandleValue, IntegerHandleValue
from .kept import Slots
from .libfastcall import HAS_GIL
from .lifetimes import Life
from .records import (
    HandleMemory,
    address_in,
    close,
    close_explicitly,
    describe_class,
    given_address,
    life_of,
    open_address,
    parents_of,
)
from .registry import Row
from .values import DeclarationError, Value, with_article

if TYPE_CHECKING:
    from typing_extensions import Self


class Handle(HandleMemory):
    """An opaque pointer that C returned. Write a subclass for each C type.

    ``class Fd(Handle, invalid=-1)`` is for integers, of any C type, of which those are none:
    one, or several, ``invalid=(0, -1)``, or ``()``. None stands for the first of them.

    Closing a closed handle does nothing; passing it to C raises ValueError. Closing a handle
    while it, or a child of it, is an argument of a call that has not returned raises
    RuntimeError. C owns a borrowed handle, and one whose type no declared function Closes:
    ``close()`` raises ValueError, and nothing else closes it.

    Two open handles of one address are equal, if their types are related.

    In a child of ``os.fork``, a handle from the parent is closed in C only by ``close()`` and
    the declared function, because its connection or file is the parent's.

    Attributes:
        closer: set by the declaration of the function that Closes it.
        closer_in_c: the content of that as a builtin function, if it needs nothing else.
        c_class: the address of what libfastcall knows of the class, or None: it does not
            find the handles.
        c_struct: the ctypes structure at its address, if ``struct`` declares its fields.
    """

    closer: ClassVar[Callable[..., Any] | None] = None
    closer_in_c: ClassVar[bytes | None] = None
    c_class: ClassVar[int | None] = None
    c_struct: ClassVar[Any] = None
    value_kind: ClassVar[type[Value]] = HandleValue
    _root: ClassVar[type[Handle]]
    _life: Life | None = None
    _parents: tuple[Handle, ...] = ()
    invalid: ClassVar[tuple[int, ...] | None] = None
    _kept: Slots
    _owner: Handle | None = None
    _row: Row

    def __init_subclass__(cls, *, invalid: int | tuple[int, ...] | None = None) -> None:
        """Declare one. Raises DeclarationError if ``invalid`` is no integers."""
        super().__init_subclass__()
        if invalid is not None:
            given: tuple[Any, ...] = invalid if isinstance(invalid, tuple) else (invalid,)
            if not all(isinstance(each, int) for each in given):
                raise DeclarationError(f"{cls.__name__}: invalid is integers, not {invalid!r}")
            cls.invalid, cls.value_kind = given, IntegerHandleValue
        if Handle in cls.__bases__:
            cls._root = cls
        # A ``__del__`` takes the place of libfastcall's, which garbage needs.
        is_plain = getattr(cls, "__del__", None) is getattr(HandleMemory, "__del__", None)
        is_known = HAS_GIL and cls.invalid is None and is_plain
        cls.c_class = describe_class(cls) if is_known else None

    def __new__(cls, *_: object, **__: object) -> Self:
        """Raises TypeError: ``adopt`` makes handles."""
        raise TypeError(f"{with_article(cls.__name__)} is made by C, not by Python")

    @classmethod
    def adopt(cls, address: int, parents: Iterable[Handle] = (), *, owned: bool = True) -> Self:
        """The handle for an address that no declared function returned.

        It is closed before its ``parents``; C closes it if not ``owned``. Raises ValueError if
        ``address`` is null or out of range, TypeError if it is no integer.
        """
        return adopt(cls, address, parents, owned=owned)

    if implementation.name == "pypy":

        def __del__(self) -> None:
            """Close it while what C keeps for it is there, and before its parents.

            PyPy frees all that is garbage at once, but for what such an object refers to.
            """
            if self._life is not None and self._life.owned:
                self._life.end()

    def _end(self) -> None:
        """It is garbage that libfastcall leaves to Python, which calls this."""
        life_of(self).end()

    @property
    def parents(self) -> tuple[Handle, ...]:
        """The handles that it needs: it keeps them alive, and is closed before them."""
        return parents_of(self)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return address_in(self) is None

    def close(self) -> None:
        """Close the handle, its children first. Does nothing if it is closed.

        Raises what the closing function raises. After that, the handle stays open if the
        function is declared with ``Closes(if_succeeds=True)``.
        """
        if not self._close_in_c():
            close_explicitly(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._close_in_c():
            close(self, implicitly=True)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Handle):
            return NotImplemented
        related = isinstance(self, type(other)) or isinstance(other, type(self))
        address = address_in(self)
        return related and address is not None and address == address_in(other)

    def __hash__(self) -> int:
        return hash(given_address(self))

    def __repr__(self) -> str:
        address = address_in(self)
        at = f"at {address:#x}" if self.invalid is None and address else str(address)
        return f"<{type(self).__name__} {'closed' if address is None else at}>"

    def __reduce__(self) -> NoReturn:
        name = with_article(type(self).__name__)
        raise TypeError(f"{name} cannot be copied or pickled: it is C's")

    @property
    def value(self) -> int:
        """The integer, or the address. Raises ValueError if the handle is closed."""
        return open_address(self)

    def pointer(self) -> ctypes.c_void_p:
        """The address for ctypes. Raises ValueError if the handle is closed."""
        return ctypes.c_void_p(open_address(self))

    @property
    def _as_parameter_(self) -> Any:  # for raw functions of ctypes
        value = open_address(self)
        return ctypes.c_void_p(value) if self.invalid is None else value


Handle._root = Handle
Handle._kept = {}
