"""The words for buffers: an address that C gets, and the number of items."""

import ctypes
import types
import typing
from typing import TYPE_CHECKING, Any

from .libfastcall import KINDS
from .values import (
    NEVER,
    ArgumentWord,
    DeclarationError,
    c_name,
    check_ctype,
    is_union,
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

_NO_BUFFERS = (int, float, complex, str, list, tuple, dict, set)


class In(ArgumentWord):
    """The C argument ``const T *``: the address of a buffer that C reads.

    ``In(c_int32)`` accepts any object with the buffer protocol whose items are int32_t, with
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *`` and ``In(c_char)`` is ``const char *``: both accept any items, and count
    bytes.
    """

    writable = False
    in_place = False
    is_parameter = is_buffer = True

    def __init__(self, item: Any, /) -> None:
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

    def for_parameter(self, where: str, python_type: Any) -> "In":
        """Refuse types that have no buffer."""
        for each in typing.get_args(python_type) if is_union(python_type) else (python_type,):
            if each in (None, types.NoneType):
                raise DeclarationError(
                    f"{where}: {self!r} cannot be None: pass an empty buffer, or declare the"
                    " address, Annotated[int | None, c_void_p]"
                )
            plain = typing.get_origin(each) or each
            if isinstance(plain, type) and issubclass(plain, _NO_BUFFERS):
                raise DeclarationError(
                    f"{where}: Buffer stands for {self!r}, not {python_type}"
                )
        return self

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
    """

    writable = True

    def __init__(self, item: Any, /, *, in_place: bool = False) -> None:
        super().__init__(item)
        self.in_place = in_place


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
