"""The words for buffers: an address that C gets, and the number of items."""

import ctypes
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from .later import import_later
from .libfastcall import DIVIDE, KINDS, NotServedError
from .sizes import TERMINATED, GivenSize, Least, Size
from .values import (
    NEVER,
    ArgumentWord,
    DeclarationError,
    Value,
    c_name,
    check_ctype,
    limits,
    members_of,
    pointer_to,
    show,
    type_code,
    without_none,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer

    from .calls import CallState
    from .declaration import Argument, Declaration
    from .values import Name
else:

    class Buffer:
        """The buffer protocol (PEP 688)."""


ITEM_KINDS = {
    **dict.fromkeys("bhilq", "signed"),
    **dict.fromkeys("BHILQ", "unsigned"),
    **dict.fromkeys("fd", "float"),
    "?": "bool",
}
"""By the type code of a ctypes type, which is the same as that of a memoryview."""


class c_half(ctypes.c_uint16):  # noqa: N801
    """The items of buffers of floats of 16 bits: ``In(c_half)``. C calls them uint16_t."""


_NO_BUFFERS = (int, float, complex, str, list, tuple, dict, set)


class In(ArgumentWord):
    """The C argument ``const T *``: the address of a buffer that C reads.

    ``In(c_int32)`` accepts any object with the buffer protocol whose items are int32_t, with
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *`` and ``In(c_char)`` is ``const char *``: both accept any items, and count
    bytes. ``In(c_double * 2)`` accepts complex numbers, and rows of two.

    How many items C accesses must be declared, because C would access others: by a ``Count``,
    or as the size. That is a number, ``In(c_uint8, 32)``; the name of a parameter,
    ``In(c_double, "n")``; a function of the Python arguments; ``TERMINATED`` or ``UNCHECKED``.
    More are accepted with ``at_least=24``, ``at_least="n"`` or a function there.
    ``In(c_double, ("rows", "columns"))`` is a shape, of parameters, numbers, and dimensions
    that a ``Count`` passes to C. A buffer of one dimension needs that many items; any other
    must have that shape, and with ``order="F"`` be contiguous like a Fortran array, column by
    column.

    With ``Buffer | None``, None is a null pointer, and its Count is 0.

    In a Callback, it is memory of C's that the callable gets as a ``memoryview``, or copied to
    bytes, str or a list. Its size is that of parameters, a number, or ``TERMINATED``. In a
    structure, another field has the size.
    """

    writable = False
    in_place = False
    is_parameter = is_buffer = can_be_kept = True
    forms: tuple[type, ...] = (bytes, bytearray, str, list, memoryview)
    """What such memory of C's may become, where the items permit it: see items.py."""
    words: tuple[object, ...] = ()
    """Those about each item."""

    def __init__(
        self,
        item: Any,
        size: GivenSize | None = None,
        /,
        *,
        at_least: Least | None = None,
        order: Literal["C", "F"] = "C",
    ) -> None:
        """Declare it. Raises DeclarationError."""
        self.length: int = getattr(item, "_length_", 0)
        self.part: Any = item._type_ if self.length else item
        self.item_kind = self._kind_of(self.part)
        if item and not ctypes.sizeof(item):
            raise DeclarationError(f"items of {show(item)} have no size")
        self.ctype: Any = ctypes.POINTER(item) if item else ctypes.c_void_p
        self.item = item
        self.item_size = ctypes.sizeof(item) if item else 1
        self.item_name = _item_name(self.part, self.length)
        self.c_name = f"{'' if self.writable else 'const '}{self.item_name} *"
        self.size = Size("In and Out", size, at_least)
        self.names = self.size.names
        self.order: str = order
        if order not in ("C", "F"):
            raise DeclarationError(f'In and Out: order is "C" or "F", not {order!r}')

    def _kind_of(self, item: Any) -> str:
        """Of the items: one of KINDS. Raises DeclarationError."""
        if item in (None, ctypes.c_char):
            return "void"
        check_ctype("In and Out", item)
        kind = {**ITEM_KINDS, "u": "character"}.get(type_code(item), "")
        if item is c_half:
            kind = "half"
        if not kind:
            raise DeclarationError(
                f"In and Out: items of {item!r} are not served in a buffer: ArrayOf makes an"
                " array of a Python sequence"
            )
        return kind

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters of its size."""
        argument.sized_by = self.size.find(declaration, argument.where, self)

    def check_sized(self, declaration: "Declaration", argument: "Argument") -> None:
        """Its number of items is that of a Count, or the size."""
        counts = [each.spec for each in declaration.arguments if isinstance(each.spec, Count)]
        is_counted = any(argument.name in each.names for each in counts)
        is_sized = self.size.given is not None or self.size.low or self.size.depends
        if not (is_sized or is_counted):
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
            plain: Any = typing.get_origin(each) or each
            is_type = isinstance(plain, type)
            is_sequence = plain in (list, tuple, Sequence)
            if plain is None or is_sequence or (is_type and issubclass(plain, _NO_BUFFERS)):
                hint = ""
                if is_sequence and self.item:
                    hint = f": ArrayOf({show(self.item)}, ...) makes an array of a sequence"
                raise DeclarationError(
                    f"{where}: Buffer stands for {self!r}, not {python_type}{hint}"
                )
            if is_type and issubclass(plain, bytes) and self.writable:
                raise DeclarationError(
                    f"{where}: C writes there, and bytes cannot be written: Buffer or bytearray"
                    f" stands for {self!r}. Memory that the call makes is Filled(bytes, ...)"
                )
        return self

    def received(self, where: str, python_type: Any) -> Value:
        """Memory of C's."""
        kind = import_later("received").ReceivedMemory
        received: Value = kind(where, "callback parameter", python_type, self, ())
        return received

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of the buffer."""
        return pointer_to(call.view(argument, self).address, self.ctype)

    def count(self, call: "CallState", argument: "Argument") -> int:
        """The number of its items."""
        return int(call.views[argument.position].items)

    def check_size(self, call: "CallState", argument: "Argument") -> None:
        """Compare the number of items with the size. Raises ValueError."""
        self.check_view(call.views[argument.position], call, argument)

    def check_view(self, view: Any, call: "CallState", argument: "Argument") -> None:
        """The same, of one that is passed for ``argument``."""
        if view.is_null and not self.size.depends:
            return
        if self.size.given is TERMINATED:
            view.check_end(argument.where)
        self.size.check(argument, view, call)

    def sure(self, argument: "Argument", given: str, name: "Name") -> tuple[str, str] | None:
        """One of a plain type. ``sure_of_views`` is about what is in it."""
        is_plain = self.item_kind in KINDS and not self.length and self.order == "C"
        is_counted = argument.counts_items or argument.has_stride
        if not is_plain or is_counted or not self.size.is_plain(argument.sized_by):
            return None
        known = name(import_later("views").exporters)
        address = f"{name(pointer_to)}(p{argument.position}, {name(self.ctype)})"
        return f"type({given}) in {known}", address

    def sure_of_views(self, argument: "Argument", name: "Name") -> list[str]:
        """What View checks; and its address."""
        views = import_later("views")
        view = f"m{argument.position}"
        conditions = [f"{view}.c_contiguous"]
        if self.item_kind != "void":
            formats = name(views.formats_of(self.item_kind))
            conditions += [
                f"{view}.itemsize == {self.item_size}",
                f"{view}.format in {formats}",
            ]
        if self.writable:
            conditions.append(f"not {view}.readonly")
        low, high = self.size.sure(argument.sized_by)
        conditions.append(f"{low} <= {self.items_in(argument)} <= {high}")
        alignment = ctypes.sizeof(self.part) if self.part else 1
        found = f"(p{argument.position} := {name(views.address_of)}({view}))"
        return [*conditions, f"{found} % {alignment} == 0"]

    def items_in(self, argument: "Argument") -> str:
        """The number of its items, in compiled Python."""
        return f"m{argument.position}.nbytes // {self.item_size}"

    def for_checker(self) -> dict[str, Any]:
        """Who writes there, and how many items there are at least."""
        return {"direction": "out" if self.writable else "in", "items": self.size.low}

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        if len(self.size.dimensions) > 1:
            raise NotServedError(f"{argument.where}: a shape is not served")
        if self.item_kind not in KINDS or self.length or self.order != "C":
            raise NotServedError(f"{argument.where}: items of {self.item_name} are not served")
        return {
            "kind": KINDS["buffer"],
            **self.size.describe(argument.where, argument.sized_by),
            "size": self.item_size,
            "shift": DIVIDE if argument.counts_items else self.item_size.bit_length() - 1,
            "item": KINDS[self.item_kind],
            "is_terminated": self.size.given is TERMINATED,
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
        size: GivenSize | None = None,
        /,
        *,
        at_least: Least | None = None,
        order: Literal["C", "F"] = "C",
        in_place: bool = False,
    ) -> None:
        super().__init__(item, size, at_least=at_least, order=order)
        self.in_place = in_place


class _Number(ArgumentWord):
    """An integer that C gets about buffers."""

    phase = 2

    def __init__(self, ctype: Any, /, *buffers: str) -> None:
        self.ctype = integer_type(type(self).__name__, ctype)
        self.high = limits(ctype)[1]
        self.c_name = c_name(ctype)
        self.names = buffers


class Count(_Number):
    """The C argument, such as ``size_t``, for the number of items of a buffer.

    ``Count(c_size_t, "numbers")`` is the number of items of the parameter ``numbers``. If there
    are several names, all these buffers must have equally many. ``Count(c_int, "rows")`` is a
    dimension of the buffers that name it: ``In(c_double, ("rows", "columns"))``.
    """

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the buffers."""
        named = {**_buffers(declaration), **declaration.memories}
        for name in self.dimensions(declaration):
            named[name] = next(each for each in _shaped(declaration) if name in each.spec.names)
        argument.named = declaration.find(argument.where, self, "buffer", named)

    def dimensions(self, declaration: "Declaration") -> tuple[str, ...]:
        """The name, if it is a dimension of a buffer's."""
        known = {*declaration.parameters, *declaration.memories}
        shaped = {name for each in _shaped(declaration) for name in each.spec.names}
        return tuple(name for name in self.names if name in shaped and name not in known)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> int:
        """Count the items of the buffers, which were passed before."""
        first, *others = argument.named
        count = _count(call, first, self.names[0])
        for other, name in zip(others, self.names[1:], strict=True):
            items = _count(call, other, name)
            if items != count:
                raise ValueError(
                    f"{argument.where} counts the items of {first.name!r} and of"
                    f" {other.name!r}: {count} and {items}, not equally many"
                )
        if count > self.high:
            raise OverflowError(f"{argument.where} cannot count {count} items")
        return int(count)

    def sure(self, argument: "Argument", given: str, name: "Name") -> tuple[str, str] | None:
        """Of buffers, not of a dimension."""
        counted = [each.name for each in argument.named if isinstance(each.spec, In)]
        if [*self.names] != counted:
            return None
        return "", self._items_in(argument)[0]

    def sure_of_views(self, argument: "Argument", name: "Name") -> list[str]:
        """They have equally many, and C can count them."""
        first, *others = self._items_in(argument)
        return [f"{first} <= {self.high}", *(f"{first} == {each}" for each in others)]

    def _items_in(self, argument: "Argument") -> list[str]:
        buffers: list[Any] = [each.spec for each in argument.named]
        return [spec.items_in(each) for each, spec in zip(argument.named, buffers, strict=True)]

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        fields: dict[str, Any] = {"kind": KINDS["count"], "high": min(self.high, NEVER)}
        buffers = [each.spec for each in argument.named if isinstance(each.spec, In)]
        if len(buffers) == len(argument.named):
            if any(len(each.size.dimensions) > 1 for each in buffers):
                raise NotServedError(f"{argument.where}: a dimension is not served")
            return {**fields, "buffers": sum(1 << each.buffer for each in argument.named)}
        if len(argument.named) > 1:
            raise NotServedError(f"{argument.where}: such a Count is not served")
        return {**fields, "memory": self.names[0]}


class ItemSize(_Number):
    """The C argument, such as ``size_t``, for the size in bytes of one item of a buffer.

    ``ItemSize(c_size_t, "items")`` is that of the parameter ``items``. If that is declared as
    ``In(None)`` or ``Out(None)``, it may have items of any type, and its Count counts them.
    """

    def __init__(self, ctype: Any, buffer: str, /) -> None:
        super().__init__(ctype, buffer)

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the buffer."""
        buffers = _buffers(declaration)
        argument.named = declaration.find(argument.where, self, "buffer", buffers)
        argument.named[0].counts_items = True

    def pass_to_c(self, call: "CallState", argument: "Argument") -> int:
        """The size of an item of the buffer, which was passed before."""
        return int(call.views[argument.named[0].position].item_size)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        return {
            "kind": KINDS["count"],
            "high": min(self.high, NEVER),
            "buffers": 1 << argument.named[0].buffer,
            "is_size": True,
        }


class Stride(_Number):
    """The C argument, such as ``int``, for the stride of a buffer, in items.

    ``Stride(c_int, "matrix")`` is the number of items from one row of the parameter ``matrix``
    to the next, or from one column, if it has ``order="F"``: LAPACK's leading dimension. There
    may be others in between, so ``matrix`` may be part of a larger array; another buffer of the
    call that lies between its rows overlaps it.
    """

    def __init__(self, ctype: Any, buffer: str, /) -> None:
        super().__init__(ctype, buffer)

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the buffer, whose shape must be declared: else C's rows are not."""
        shaped = {each.name: each for each in _shaped(declaration)}
        hint = ': a buffer whose shape is declared, such as In(c_double, ("rows", "columns"))'
        argument.named = declaration.find(argument.where, self, "buffer", shaped, hint)
        argument.named[0].has_stride = True

    def pass_to_c(self, call: "CallState", argument: "Argument") -> int:
        """The stride of the buffer, which was passed before."""
        stride = int(call.views[argument.named[0].position].stride)
        if stride > self.high:
            raise OverflowError(f"{argument.where} cannot be {stride}")
        return stride


def _count(call: "CallState", argument: "Argument", name: str) -> int:
    spec: Any = argument.spec  # a buffer
    if name in (argument.name, spec.memory_name):
        return int(spec.count(call, argument))
    view, dimensions = call.views[argument.position], spec.size.dimensions
    if view.is_null or len(dimensions) == 1:
        return int(view.items)
    if len(view.shape) != len(dimensions):
        raise ValueError(
            f"{argument.where} must have {len(dimensions)} dimensions, not {len(view.shape)}"
        )
    return int(view.shape[dimensions.index(name)])


def _shaped(declaration: "Declaration") -> "list[Any]":
    """The buffers whose size names dimensions. A minimum names parameters."""
    return [
        each
        for each in declaration.arguments
        if isinstance(each.spec, In) and each.spec.names and each.spec.size.given is not None
    ]


def _buffers(declaration: "Declaration") -> "dict[str, Argument]":
    return {each.name: each for each in declaration.arguments if each.spec.is_buffer}


def _item_name(part: Any, length: int) -> str:
    name = "void" if part is None else "half" if part is c_half else c_name(part)
    return f"{name}[{length}]" if length else name


def integer_type(word: str, ctype: Any) -> Any:
    """``ctype``, an integer type. Raises DeclarationError, which names ``word``."""
    check_ctype(word, ctype)
    if ITEM_KINDS.get(type_code(ctype)) not in ("signed", "unsigned"):
        raise DeclarationError(f"{word}: {ctype!r} is not an integer type")
    return ctype
