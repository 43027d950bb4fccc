"""The words for buffers: an address that C gets, and the number of items."""

import contextlib
import ctypes
import math
import operator
from typing import TYPE_CHECKING, Any

from .libfastcall import KINDS
from .values import (
    NEVER,
    ArgumentWord,
    DeclarationError,
    Value,
    c_name,
    check_ctype,
    limits,
    type_code,
)

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration

ITEM_KINDS = {
    **dict.fromkeys("bhilq", "signed"),
    **dict.fromkeys("BHILQ", "unsigned"),
    **dict.fromkeys("fd", "float"),
    "?": "bool",
}
"""By the type code of a ctypes type."""


class In(ArgumentWord):
    """The C argument ``const T *``: the address of a buffer that C reads.

    ``In(c_int32)`` accepts any object with the buffer protocol whose items are int32_t, with
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *`` and ``In(c_char)`` is ``const char *``: both accept any items, and count
    bytes.

    In a Callback, it is memory of C's that the callable gets as a ``memoryview``. The number of
    its items is that of a parameter, ``In(c_char, "length")``, the product of several,
    ``In(c_char, ("size", "count"))``, or a constant.
    """

    writable = False
    in_place = False
    is_buffer = True

    def __init__(self, item: Any, size: Any = (), /) -> None:
        self.sizes: tuple[str | int, ...] = size if isinstance(size, tuple) else (size,)
        if not all(isinstance(each, (str, int)) for each in self.sizes):
            raise DeclarationError(f"In and Out: {size!r} is no name of a parameter, no number")
        kind = "void"
        if item not in (None, ctypes.c_char):
            check_ctype("In and Out", item)
            kind = ITEM_KINDS.get(type_code(item), "")
        if not kind:
            raise DeclarationError(f"In and Out: items of {item!r} are not served")
        self.ctype: Any = ctypes.POINTER(item) if item else ctypes.c_void_p
        self.item = item
        self.item_kind = kind
        self.size = ctypes.sizeof(item) if item else 1
        self.item_name = c_name(item) if item else "void"
        self.c_name = f"{'' if self.writable else 'const '}{self.item_name} *"

    def received(self, where: str, python_type: Any) -> Value:
        """A view of the memory."""
        return ReceivedMemory(where, python_type, self)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of the buffer."""
        return ctypes.cast(call.view(argument, self).address, self.ctype)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        return {
            "kind": KINDS["buffer"],
            "size": self.size,
            "shift": self.size.bit_length() - 1,
            "item": KINDS[self.item_kind],
            "writable": self.writable,
            "in_place": self.in_place,
        }


class Out(In):
    """The C argument ``T *``: the address of a writable buffer that C writes.

    It must not overlap another buffer of the call. With ``in_place=True``, it may be exactly
    the same memory as another one.

    In a Callback, what the callable has written into its ``memoryview`` is C's when it returns.
    """

    writable = True

    def __init__(self, item: Any, size: Any = (), /, *, in_place: bool = False) -> None:
        super().__init__(item, size)
        self.in_place = in_place


class ReceivedMemory(Value):
    """Memory whose address a callback gets: a ``memoryview``, until the callback returns.

    The view is of a copy, because nothing can take back the views that may be made of it: a
    part of it that is kept for longer is no memory of C's.
    """

    can_be_null = True
    is_plain = False

    sizes: list[Any]

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
        if not self.word.sizes:
            raise DeclarationError(
                f"{where}: {self.word!r} needs the number of its items, or the name of the"
                ' parameter that has it, such as "length"'
            )

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters that have the size."""
        named = {each.name: each for each in declaration.arguments}
        self.sizes = [
            named.get(each) if isinstance(each, str) else each for each in self.word.sizes
        ]
        for size, found in zip(self.word.sizes, self.sizes, strict=True):
            if isinstance(found, int):
                continue
            code = type_code(found.spec.ctype) if found else ""
            if ITEM_KINDS.get(code) not in ("signed", "unsigned"):
                raise DeclarationError(
                    f"{argument.where}: {self.word!r} needs the name of an integer parameter,"
                    f" not {size!r}"
                )

    def _count(self, arguments: tuple[Any, ...]) -> int:
        numbers = [
            each if isinstance(each, int) else operator.index(arguments[each.position])
            for each in self.sizes
        ]
        if any(each < 0 for each in numbers):
            raise ValueError(f"{self.where} has {' * '.join(map(str, numbers))} items")
        return math.prod(numbers)

    def receive(self, call: "CallState", raw: Any, arguments: tuple[Any, ...]) -> Any:
        """Copy the memory; of ``Out``, copy it back at the end of ``call``."""
        address = _address_in(raw)
        if not address and self.nullable:
            return None
        count = self._count(arguments)
        if not address and count:
            return self.from_c(None)
        size = count * self.word.size
        data = _copy(address, size)
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
        view, count = call.view(argument, self.word), self._count(call.given)
        if view.items < count:
            raise ValueError(f"{argument.where} has {view.items} items, not {count}")
        return ctypes.cast(view.address, self.ctype)


def _address_in(raw: Any) -> int:
    """The address that a pointer of ctypes holds. It makes an int of a ``void *``."""
    if raw is None or isinstance(raw, int):
        return raw or 0
    return ctypes.c_void_p.from_buffer_copy(raw).value or 0


def _copy(address: int, size: int) -> bytes:
    """The memory at an address: ``string_at`` takes an int as its size."""
    pieces = range(0, size, _MOST)
    return b"".join(ctypes.string_at(address + at, min(_MOST, size - at)) for at in pieces)


_MOST = 2**30


class Count(ArgumentWord):
    """The C argument, such as ``size_t``, for the number of items of a buffer.

    ``Count(c_size_t, "numbers")`` is the number of items of the parameter ``numbers``. If there
    are several names, all these buffers must have equally many.
    """

    is_late = True

    def __init__(self, ctype: Any, /, *buffers: str) -> None:
        check_ctype("Count", ctype)
        if ITEM_KINDS.get(type_code(ctype)) not in ("signed", "unsigned"):
            raise DeclarationError(f"Count: {ctype!r} is not an integer type")
        self.ctype = ctype
        self.high = limits(ctype)[1]
        self.c_name = c_name(ctype)
        self.names = buffers

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the buffers."""
        buffers = {each.name: each for each in declaration.arguments if each.spec.is_buffer}
        argument.named = declaration.find(argument, self, buffers)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> int:
        """Count the items of the buffers, which were passed before."""
        first, *others = argument.named
        count = call.views[first.position].items
        for other in others:
            items = call.views[other.position].items
            if items != count:
                raise ValueError(
                    f"{argument.where} counts the items of {first.name!r} and of"
                    f" {other.name!r}: {count} and {items}, not equally many"
                )
        if count > self.high:
            raise OverflowError(f"{argument.where} cannot count {count} items")
        return int(count)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        return {
            "kind": KINDS["count"],
            "high": min(self.high, NEVER),
            "buffers": sum(1 << each.buffer for each in argument.named),
        }
