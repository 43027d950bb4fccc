"""The words for buffers: an address that C gets, and the number of items."""

import ctypes
import typing
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .later import import_later
from .libfastcall import KINDS, NotServedError
from .values import (
    NEVER,
    ArgumentWord,
    DeclarationError,
    Value,
    c_name,
    check_ctype,
    limits,
    members_of,
    show,
    type_code,
    without_none,
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

_NO_BUFFERS = (int, float, complex, str, list, tuple, dict, set)


class _Unsized:
    """A number of items that no number says."""

    def __init__(self, name: str) -> None:
        self.__name__ = name


UNCHECKED = _Unsized("UNCHECKED")
"""``In(c_char, UNCHECKED)``: nobody says how many items C accesses. Nothing checks it."""

TERMINATED = _Unsized("TERMINATED")
"""``In(c_int, TERMINATED)``: an item that is 0, or NULL, is the last one."""

Size = int | str | tuple[str, ...] | Callable[..., int] | _Unsized


class In(ArgumentWord):
    """The C argument ``const T *``: the address of a buffer that C reads.

    ``In(c_int32)`` accepts any object with the buffer protocol whose items are int32_t, with
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *`` and ``In(c_char)`` is ``const char *``: both accept any items, and count
    bytes.

    How many items C accesses must be declared, because C would access others: by a ``Count``,
    or as the size. That is a number, ``In(c_uint8, 32)``, of which ``at_least=24`` asks for no
    more; the name of a parameter, ``In(c_double, "n")``, or of several, which are multiplied; a
    function of the Python arguments; ``TERMINATED`` or ``UNCHECKED``.

    With ``Buffer | None``, None is a null pointer, and its Count is 0.

    In a Callback, it is memory of C's that the callable gets as a ``memoryview``. Its size is
    that of parameters, or a number.
    """

    writable = False
    in_place = False
    is_parameter = is_buffer = can_be_kept = True

    def __init__(
        self, item: Any, size: Size | None = None, /, *, at_least: int | None = None
    ) -> None:
        """Declare it. Raises DeclarationError."""
        self.item_kind = self._kind_of(item)
        if size is not None and at_least is not None:
            raise DeclarationError("In and Out: a size or at_least, not both")
        for number in (size, at_least):
            if isinstance(number, int) and not 0 < number < NEVER:
                raise DeclarationError(f"In and Out: {number} is no number of items, from 1 on")
        if not (
            size is None or isinstance(size, (int, str, tuple, _Unsized)) or callable(size)
        ):
            raise DeclarationError(f"In and Out: {size!r} is no number of items")
        self.ctype: Any = ctypes.POINTER(item) if item else ctypes.c_void_p
        self.item = item
        self.item_size = ctypes.sizeof(item) if item else 1
        self.item_name = c_name(item) if item else "void"
        self.c_name = f"{'' if self.writable else 'const '}{self.item_name} *"
        self.size: Any = size
        self.given: Any = (size, at_least)
        self.low = at_least or (size if isinstance(size, int) else 0)
        self.high = size if isinstance(size, int) else NEVER
        self.names: tuple[str, ...] = (size,) if isinstance(size, str) else ()
        if isinstance(size, tuple):
            self.names = size

    def _kind_of(self, item: Any) -> str:
        """Of the items: one of KINDS. Raises DeclarationError."""
        if item in (None, ctypes.c_char):
            return "void"
        check_ctype("In and Out", item)
        kind = ITEM_KINDS.get(type_code(item), "")
        if not kind:
            raise DeclarationError(
                f"In and Out: items of {item!r} are not served in a buffer: ArrayOf makes an"
                " array of a Python sequence"
            )
        return kind

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters of its size."""
        if self.names:
            integers = declaration.integers
            argument.named = declaration.find(argument.where, self, "integer", integers)

    def check_sized(self, declaration: "Declaration", argument: "Argument") -> None:
        """Refuse a buffer of whose size nothing is declared. Raises DeclarationError."""
        counts = [each.spec for each in declaration.arguments if isinstance(each.spec, Count)]
        is_counted = any(argument.name in each.names for each in counts)
        if self.size is None and self.low == 0 and not is_counted:
            verb, word = "writes" if self.writable else "reads", type(self).__name__
            name = show(self.item)
            raise DeclarationError(
                f"{argument.where}: how many items C {verb} is not declared. Write a Count, a"
                f" size such as {word}({name}, 32), {word}({name}, at_least=24) or"
                f' {word}({name}, "n"), or {word}({name}, UNCHECKED)'
            )

    def accepts_none(self, argument: "Argument") -> bool:
        """Whether None is a null pointer."""
        return without_none(argument.python_type)[1]

    def for_parameter(self, where: str, python_type: Any) -> "In":
        """Refuse types that have no buffer."""
        for each in members_of(python_type):
            plain = typing.get_origin(each) or each
            if plain is None or (isinstance(plain, type) and issubclass(plain, _NO_BUFFERS)):
                raise DeclarationError(
                    f"{where}: Buffer stands for {self!r}, not {python_type}"
                )
        return self

    def received(self, where: str, python_type: Any) -> Value:
        """A view of the memory."""
        received: Value = import_later("received").ReceivedMemory(where, python_type, self)
        return received

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of the buffer."""
        return ctypes.cast(call.view(argument, self).address, self.ctype)

    def count(self, call: "CallState", argument: "Argument") -> int:
        """The number of its items."""
        return int(call.views[argument.position].items)

    def check_size(self, call: "CallState", argument: "Argument") -> None:
        """Compare the number of items with the size. Raises ValueError."""
        view = call.views[argument.position]
        is_null = call.given[argument.position] is None
        if is_null and not (self.names or callable(self.size)):
            return
        if self.size is TERMINATED:
            view.check_end(argument.where)
        low, high = self.low, self.high
        if self.names:
            low = high = product_of(call.converted[each.index] for each in argument.named)
        elif callable(self.size):
            count: Any = self.size
            low = high = int(count(*call.given))
        if not low <= view.items <= high:
            least = "" if low == high else "at least "
            product = f" ({' * '.join(self.names)})" if self.names else ""
            raise ValueError(
                f"{argument.where} must have {least}{low}{product} items, not {view.items}"
            )

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        if self.names or self.size is TERMINATED or callable(self.size):
            raise NotServedError(f"{argument.where}: a size that is not a number is not served")
        return {
            "kind": KINDS["buffer"],
            "low": self.low,
            "high": self.high,
            "size": self.item_size,
            "shift": self.item_size.bit_length() - 1,
            "item": KINDS[self.item_kind],
            "writable": self.writable,
            "in_place": self.in_place,
            "nullable": self.accepts_none(argument),
        }


class Out(In):
    """The C argument ``T *``: the address of a writable buffer that C writes.

    It is declared like ``In``. It must not overlap another buffer of the call. With
    ``in_place=True``, it may be exactly the same memory as another one.

    In a Callback, what the callable has written into its ``memoryview`` is C's when it returns.
    """

    writable = True

    def __init__(
        self,
        item: Any,
        size: Size | None = None,
        /,
        *,
        at_least: int | None = None,
        in_place: bool = False,
    ) -> None:
        super().__init__(item, size, at_least=at_least)
        self.in_place = in_place


class Count(ArgumentWord):
    """The C argument, such as ``size_t``, for the number of items of a buffer.

    ``Count(c_size_t, "numbers")`` is the number of items of the parameter ``numbers``. If there
    are several names, all these buffers must have equally many.
    """

    phase = 2

    def __init__(self, ctype: Any, /, *buffers: str) -> None:
        self.ctype = integer_type("Count", ctype)
        self.high = limits(ctype)[1]
        self.c_name = c_name(ctype)
        self.names = buffers

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the buffers."""
        named = {**_buffers(declaration), **declaration.memories}
        argument.named = declaration.find(argument.where, self, "buffer", named)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> int:
        """Count the items of the buffers, which were passed before."""
        first, *others = argument.named
        count = _count(call, first)
        for other in others:
            items = _count(call, other)
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


class ItemSize(ArgumentWord):
    """The C argument, such as ``size_t``, for the size in bytes of one item of a buffer.

    ``ItemSize(c_size_t, "items")`` is that of the parameter ``items``. If that is declared as
    ``In(None)`` or ``Out(None)``, it may have items of any type, and its Count counts them.
    """

    phase = 2

    def __init__(self, ctype: Any, buffer: str, /) -> None:
        self.ctype = integer_type("ItemSize", ctype)
        self.c_name = c_name(ctype)
        self.names = (buffer,)

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the buffer."""
        buffers = _buffers(declaration)
        argument.named = declaration.find(argument.where, self, "buffer", buffers)
        argument.named[0].counts_items = True

    def pass_to_c(self, call: "CallState", argument: "Argument") -> int:
        """The size of an item of the buffer, which was passed before."""
        return int(call.views[argument.named[0].position].item_size)


def product_of(numbers: Iterable[int]) -> int:
    """All of them, multiplied."""
    product = 1
    for number in numbers:
        product *= number
    return product


def _count(call: "CallState", argument: "Argument") -> int:
    spec: Any = argument.spec  # a buffer
    return int(spec.count(call, argument))


def _buffers(declaration: "Declaration") -> "dict[str, Argument]":
    return {each.name: each for each in declaration.arguments if each.spec.is_buffer}


def integer_type(word: str, ctype: Any) -> Any:
    """``ctype``, an integer type. Raises DeclarationError, which names ``word``."""
    check_ctype(word, ctype)
    if ITEM_KINDS.get(type_code(ctype)) not in ("signed", "unsigned"):
        raise DeclarationError(f"{word}: {ctype!r} is not an integer type")
    return ctype
