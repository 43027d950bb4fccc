"""Memory of C's, whose address a callback gets."""

import contextlib
import ctypes
from typing import TYPE_CHECKING, Any

from .buffers import In
from .structures import function_address
from .values import DeclarationError, Value, type_code

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration


class ReceivedMemory(Value):
    """Memory whose address a callback gets: a ``memoryview``, until the callback returns.

    The view is of a copy, because nothing can take back the views that may be made of it: a
    part of it that is kept for longer is no memory of C's.
    """

    can_be_null = True
    is_plain = False
    phase = 1

    def __init__(self, where: str, python_type: Any, word: In) -> None:
        self.word = word
        super().__init__(where, "callback parameter", python_type, word.ctype, ())

    def check_types(self, where: str, declared: Any) -> None:
        """A ``memoryview``, and its size."""
        self.c_name = self.word.c_name
        if self.python_type is not memoryview:
            raise DeclarationError(
                f"{where}: memoryview stands for {self.word!r} in a Callback, not {declared}"
            )
        if not (self.word.names or isinstance(self.word.size.given, int)):
            raise DeclarationError(
                f"{where}: {self.word!r} needs the number of its items, or the name of the"
                ' parameter that has it, such as "length"'
            )

    def resolve(self, declaration: "Declaration", argument: "Argument | None" = None) -> None:
        """Find the parameters of its size."""
        if argument is not None:
            self.word.resolve(declaration, argument)
            self.named = argument.named

    def _count(self, call: "CallState") -> int:
        return self.word.size.count(self.where, call, self.named)

    def restore(self, result: Any, call: "CallState | None") -> Any:
        """Copy the memory; of ``Out``, copy it back at the end of the callback."""
        address = _address_in(result)
        if call is None or (not address and self.nullable):
            return None
        count = self._count(call)
        if not address and count:
            return None
        size = count * self.word.item_size
        data = copy_memory(address, size)
        room = bytearray(data) if self.word.writable else data
        view: Any = memoryview(room)
        if self.word.item_kind != "void":
            view = view.cast(type_code(self.word.item))

        def finish() -> None:
            if size and self.word.writable:
                ctypes.memmove(address, bytes(room), size)
            with contextlib.suppress(BufferError):  # of an object that has its buffer
                view.release()

        call.cleanups.append(finish)
        return view

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """If Python calls such a function of C's: a buffer of at least that many items."""
        if call.given[argument.position] is None and self.nullable:
            return None
        view, count = call.view(argument, self.word), self._count(call)
        if view.items < count:
            raise ValueError(f"{argument.where} has {view.items} items, not {count}")
        return ctypes.cast(view.address, self.ctype)


def _address_in(raw: Any) -> int:
    """The address that a pointer of ctypes holds. It makes an int of a ``void *``."""
    if raw is None or isinstance(raw, int):
        return raw or 0
    return function_address(raw)


def copy_memory(address: int, size: int) -> bytes:
    """The memory at an address: ``string_at`` takes an int as its size."""
    pieces = range(0, size, _MOST)
    return b"".join(ctypes.string_at(address + at, min(_MOST, size - at)) for at in pieces)


_MOST = 2**30
