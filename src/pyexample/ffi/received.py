"""Memory between C and a callback: that whose address it gets, and that which it gives."""

import contextlib
import ctypes
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .buffers import In, Out
from .items import Items, copy_memory
from .kinds import make_value
from .sizes import TERMINATED
from .values import Value, pointer_to
from .views import View

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument


class ReceivedMemory(Items):
    """Memory whose address a callback gets, as bytes, str, a list or a ``memoryview``.

    A view can be used until the callback returns. It is of a copy, because nothing can take
    back the views that may be made of it: a part of it that is kept for longer is no memory of
    C's. What was written into a view of ``Out`` is C's when the callback returns.
    """

    phase = 1

    def show(self, address: int, size: int, call: "CallState", owned: Any = None) -> memoryview:
        """Copy the memory; of ``Out``, copy it back at the end of the callback."""
        data = copy_memory(address, size)
        room = bytearray(data) if self.word.writable else data
        view = self.cast(memoryview(room))

        def finish() -> None:
            if size and self.word.writable:
                ctypes.memmove(address, bytes(room), size)
            with contextlib.suppress(BufferError):  # of an object that has its buffer
                view.release()

        call.cleanups.append(finish)
        return view

    def for_checker(self) -> dict[str, Any]:
        """Whether Python writes there, and the handles in a list."""
        direction = "out" if self.word.writable else "in"
        return {**super().for_checker(), "direction": direction}

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """If Python calls such a function of C's: a buffer of at least that many items."""
        given: Any = call.given[argument.position]
        if given is None and self.nullable:
            return None
        if self.form is list:
            raise TypeError(
                f"{argument.where}: C made this function for itself: Python cannot"
                " pass lists to it"
            )
        data = given.encode() if isinstance(given, str) and self.form is str else given
        view = View(argument, self.word, data)
        call.cleanups.append(view.release)
        if self.word.size.given is TERMINATED:
            view.check_end(argument.where)
        elif view.items < (count := self._count(view.address, call)):
            raise ValueError(f"{argument.where} has {view.items} items, not {count}")
        return pointer_to(view.address, self.ctype)


class PointedNumber(Value):
    """A number whose address C passes to a callback, which gets the number.

    Attributes:
        number: the same without the pointer.
    """

    can_be_null = True
    is_plain = False

    def check_types(self, where: str, declared: Any) -> None:
        """As of the number."""
        super().check_types(where, declared)
        self.number = make_value(where, self.role, self.python_type, self.ctype._type_)

    def refine(self, where: str, word: Any) -> None:
        """It is said of the number."""
        self.number.refine(where, word)

    def restore(self, result: Any, call: "CallState | None") -> Any:
        """What the pointer points to."""
        return self.number.from_c(result[0], call) if result else None

    def convert(self, given: Any) -> Any:
        """If Python calls such a function of C's: the address of a copy."""
        return self.ctype(self.ctype._type_(self.number.to_c(given)))

    def describe_back(self) -> dict[str, Any]:
        """Of the number."""
        size = ctypes.sizeof(self.ctype._type_)
        return {**self.number.describe_back(), "size": size, "is_indirect": True}


class GivenMemory(Items):
    """Memory that a callable returns, and whose address C gets.

    Any buffer stands for bytes. Whoever holds its view keeps it alive, and where it is.
    """

    def _forms(self) -> list[type]:
        if type(self.word) not in (In, Out):  # items that are handles, texts, structures
            return []
        forms = (bytes, str, list) if self.word.item_size == 1 else (list,)
        return [each for each in super()._forms() if each in forms]

    def answer(self, given: Any, call: "CallState") -> View | None:
        """A view of it, of the size that is declared; and its number of items, for C."""
        view = None if given is None and self.nullable else self._view(given, call)
        length = view.items if view else 0
        call.store_length(self.memory_name, ctypes.c_int64(length))
        return view

    def address_of(self, view: View | None) -> int:
        """Where C finds it: there, or in a copy of C's own."""
        if view is None or not self.allocate:
            return view.address if view else 0
        size = len(view.memory)
        address: int = self.allocate(size) or 0
        if size and not address:
            raise MemoryError(f"{self.where}: C has no room for {size} bytes")
        ctypes.memmove(address, view.address, size)
        return address

    def _view(self, given: Any, call: "CallState") -> View:
        size = self.word.size
        if self.form is str and isinstance(given, str) and size.given is TERMINATED:
            given += "\0"
        view = self.view(given)
        if size.given is TERMINATED:
            view.check_end(self.where)
        argument: Any = SimpleNamespace(where=self.where, sized_by=self.named)
        size.check(argument, view, call)
        return view
