"""Words for the fields of structures, and arrays in them whose items are checked."""

import ctypes
import functools
import operator
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from .kinds import Integer, make_value, type_name
from .pointees import store
from .scalars import Bool
from .sizes import UNCHECKED
from .structures import Characters, CTypesObject, is_kin
from .values import DeclarationError, Modifier, Value, c_name, limits, type_code

if TYPE_CHECKING:
    from typing_extensions import ParamSpec, Self

    P = ParamSpec("P")

S = TypeVar("S")
T = TypeVar("T")

DEFAULT: Any = object()
"""Follows ``=`` in a structure: the constructor may leave the field out.

Then it has what the structure's ``default`` gives, else it is zero. Type checkers expect an
argument for every other field.
"""


class Bits(Modifier):
    """After an integer type: a bit-field of that many bits. After c_bool: of one."""

    roles = ("field",)

    def __init__(self, count: int, /) -> None:
        self.count = count

    def modify(self, where: str, value: Value) -> None:
        """Give the field closer limits."""
        most = 8 * ctypes.sizeof(value.ctype)
        if not (isinstance(value, Integer) or (isinstance(value, Bool) and self.count == 1)):
            raise value.cannot_follow(where, self)
        if type(self.count) is not int or not 0 < self.count <= most:
            raise DeclarationError(
                f"{where}: {value.c_name} has bit-fields of 1 to {most} bits, not"
                f" {self.count!r}"
            )
        if isinstance(value, Integer):
            self._limit(where, value)
        else:  # ctypes ignores the width of a c_bool (CPython: bool_set), or refuses it (PyPy)
            value.ctype = ctypes.c_uint8
        value.c_name += f" : {self.count}"

    def _limit(self, where: str, value: Integer) -> None:
        low, high = 0, (1 << self.count) - 1
        if limits(value.ctype)[0]:
            low, high = -(1 << self.count - 1), (1 << self.count - 1) - 1
        members = list(value.enumeration or ())
        given = [value.low, value.high] if value.is_narrowed else members
        if beyond := [each for each in given if not low <= each <= high]:
            raise DeclarationError(f"{where}: {beyond[0]!s} goes beyond {self.count} bits")
        if not value.is_narrowed:
            value.low, value.high = low, high


class Anonymous(Modifier):
    """After a structure or union: its fields are the outer structure's, too."""

    roles = ("field",)

    def modify(self, where: str, value: Value) -> None:
        """Of a structure only."""
        if not issubclass(value.ctype, (ctypes.Structure, ctypes.Union)):
            raise value.cannot_follow(where, self)


class CountedBy(Modifier):
    """After a flexible array, ``c_int * 0``: the field that has the number of its items.

    It is needed to read such an array in C's memory.
    """

    roles = ("field",)

    def __init__(self, name: str, /) -> None:
        self.names = (name,)

    def modify(self, where: str, value: Value) -> None:
        """Of a flexible array only."""
        if not (isinstance(value, ArrayField) and value.is_flexible):
            raise value.cannot_follow(where, self)


if TYPE_CHECKING:
    _TextArray: Any

    class Array(Sequence[T]):
        """The Python type of an array in a structure: ``Annotated[Array[int], c_int * 4]``.

        Items are converted and checked like fields.
        """

        @overload
        def __getitem__(self, index: int, /) -> T: ...
        @overload
        def __getitem__(self, index: slice, /) -> Sequence[T]: ...
        def __getitem__(self, index: Any, /) -> Any: ...
        def __len__(self) -> int: ...
        @overload
        def __setitem__(self, index: int, value: T, /) -> None: ...
        @overload
        def __setitem__(self, index: slice, value: Iterable[T], /) -> None: ...
        def __setitem__(self, index: Any, value: Any, /) -> None: ...
        def __get__(self, instance: object, owner: object, /) -> Self: ...
        def __set__(
            self, instance: object, value: Sequence[T] | ctypes.Array[Any], /
        ) -> None: ...

else:

    class Array(Generic[T]):
        """The Python type of an array in a structure: ``Annotated[Array[int], c_int * 4]``.

        Items are converted and checked like fields.
        """

        item: Value
        __slots__ = ()

        count = Sequence.count
        index = Sequence.index

        def __getitem__(self, index):
            """An item, or a list for a slice."""
            if isinstance(index, slice):
                return [self[each] for each in range(*index.indices(len(self)))]
            return self.item.from_c(super().__getitem__(index))

        def __setitem__(self, index, value):
            """Check the item, or for a slice each of them."""
            if not isinstance(index, slice):
                put = functools.partial(super().__setitem__, index)
                value = to_field(self.item, value)
                if self and self.item.can_be_kept:
                    place = operator.index(index) % len(self)
                    store(self, place * ctypes.sizeof(self._type_), self._type_, value, put)
                else:
                    put(value)
                return
            places, values = range(*index.indices(len(self))), [*value]
            if len(places) != len(values):
                raise ValueError(f"{len(places)} items are replaced, not {len(values)}")
            for place, each in zip(places, values, strict=True):
                self[place] = each

        def __repr__(self):
            return repr([*self])

    Sequence.register(Array)

    class _TextArray(Array):
        """An array of arrays of characters, of which ctypes makes no text."""

        __slots__ = ()

        def __getitem__(self, index):
            if isinstance(index, slice):
                return super().__getitem__(index)
            return ctypes.Array.__getitem__(self, index).value

        def __setitem__(self, index, value):
            if isinstance(index, slice):
                super().__setitem__(index, value)
            else:
                ctypes.Array.__getitem__(self, index).value = self.item.to_c(value)


def to_field(spec: Value, value: Any) -> Any:
    """Convert it, unless ctypes itself checks it: an object of its own, or a tuple for one."""
    return value if type(spec) is CTypesObject else spec.to_c(value)


class ArrayField(Value):
    """An array in a structure. Its items are a kind of value of their own.

    Attributes:
        item: that kind.
        is_flexible: whether its length is 0: C11 6.7.2.1, flexible array member.
        with_length: returns the ctypes type of such an array, of another length.
    """

    can_be_kept = True
    with_length: Callable[[int], Any]

    def check_types(self, where: str, declared: Any) -> None:
        """Derive a type of arrays whose items are checked."""
        length = self.ctype._length_
        self.is_flexible = length == 0
        if self.nullable:
            name = f"{c_name(self.ctype._type_)}[{length or ''}]"
            raise DeclarationError(f"{where}: {name} is no pointer, it cannot be None")
        self.item = make_value(f"{where}[]", "field", self._item_type(where), self.ctype._type_)
        self.follows = self.item.follows
        self.with_length = functools.lru_cache(_MOST_LENGTHS)(self._with_length)
        self.ctype = self.with_length(length)
        self.c_name = f"{self.item.c_name}[{length or ''}]"

    def _item_type(self, where: str) -> Any:
        python_type = self.python_type
        if typing.get_origin(python_type) is Array:
            return typing.get_args(python_type)[0]
        if not is_kin(python_type, self.ctype, False):
            raise DeclarationError(
                f"{where}: Array[int], or what its items are, or {c_name(self.ctype)} or Any"
                f" stands for {c_name(self.ctype)}, not {self.python_type}"
            )
        return _default_type(self.ctype._type_)

    def _with_length(self, length: int) -> Any:
        base: Any = _TextArray if isinstance(self.item, Characters) else Array
        plain: Any = self.item.ctype * length
        return type(plain)(plain.__name__, (base, plain), {"item": self.item})

    def refine(self, where: str, word: Any) -> None:
        """What is not about the array is about its items."""
        if isinstance(word, CountedBy) or word is UNCHECKED:
            super().refine(where, word)
        else:
            self.item.refine(f"{where}[]", word)

    def convert(self, given: Any) -> Any:
        """An array of it, or a sequence of items, at most as many as it has."""
        if isinstance(given, self.ctype):
            return given
        if not isinstance(given, (Sequence, ctypes.Array)) or isinstance(given, str):
            raise TypeError(f"{self.where} must be a sequence, not {type_name(given)}")
        items = [*cast(Iterable[Any], given)]
        if len(items) > self.ctype._length_:
            raise ValueError(f"{self.where} cannot hold {len(items)} items")
        return self.ctype(*items)


_MOST_LENGTHS = 64
"""Flexible arrays of so many lengths need no new type each time."""


def _default_type(ctype: Any) -> Any:
    """The Python type of items that are declared as Any: what ctypes makes of them."""
    code = type_code(ctype)
    if hasattr(ctype, "_length_") and type_code(ctype._type_) in tuple("cu"):
        return bytes if type_code(ctype._type_) == "c" else str
    for codes, python_type in _DEFAULT_TYPES.items():
        if code and code in codes:
            return python_type
    return Any


_DEFAULT_TYPES: dict[str, Any] = {
    "bhilqBHILQ": int, "fdg": float, "?": bool, "c": bytes, "u": str, "z": bytes | None,
    "Z": str | None, "P": int | None,
}  # fmt: skip


def allocate(
    kind: "Callable[P, S]", items: int, /, *values: "P.args", **named: "P.kwargs"
) -> S:
    """Make a structure with room for so many items in its flexible array, its last field.

    The other arguments are the constructor's. The field that the array is ``CountedBy`` has the
    number of items, if they do not set it.
    """
    allocate_in: Any = getattr(kind, "_allocate", None)  # see structs.py
    if allocate_in is None:
        raise TypeError(f"{getattr(kind, '__name__', kind)} has no flexible array, c_int * 0")
    made: S = allocate_in(kind, items)
    made.__init__(*values, **named)  # type: ignore[misc]
    return made
