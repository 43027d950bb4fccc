"""What the types of C are in Python: classes, ctypes types, and annotations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..headers.c_model import (
    Array,
    Basic,
    Enum,
    FunctionType,
    Named,
    Pointer,
    Record,
    Tagged,
    Type,
    Typedef,
    function_of,
    is_changed,
    qualified,
    resolve,
    spell,
)
from ..headers.scalars import SCALARS
from .api import Api
from .items import split

_NOT_INTEGERS = {
    "c_bool": "bool", "c_char": "bytes", "c_wchar": "str",
    "c_float": "float", "c_double": "float", "c_longdouble": "float",
}  # fmt: skip
_BYTES = ("c_char", "c_byte", "c_ubyte", "c_int8", "c_uint8")


class Unknown(Exception):  # noqa: N818 - it is an answer, not an error
    """A C type cannot be declared; the message says why."""


class Note(NamedTuple):
    """An annotation: the Python type, and the words after it.

    Attributes:
        alias: the header's own name for the type, or "".
        more: words about further arguments of C, which are no part of an alias.
    """

    python: str
    words: tuple[str, ...]
    alias: str = ""
    more: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"Annotated[{', '.join((self.python, *self.words, *self.more))}]"

    def plus(self, *words: str) -> "Note":
        """The same with further words about it."""
        return self._replace(words=(*self.words, *words))

    def beside(self, word: str) -> "Note":
        """The same with a word about another argument of C."""
        return self._replace(more=(*self.more, word))

    @property
    def own(self) -> "Note":
        """The same without what is about further arguments."""
        return self._replace(more=())


def note_of(text: str) -> Note | None:
    """An annotation from its text; None for anything else."""
    before, inside, after = split(text.strip())
    if (before, after) != ("Annotated[", "]"):
        return None
    return Note(inside[0], tuple(inside[1:]))


_VOID = Basic("void")

CallbackKey = tuple[FunctionType, str]
"""A type of callbacks: the function's type, and the name that C has for it, or ""."""


@dataclass(frozen=True)
class Kind:
    """What a C type is.

    Attributes:
        name: "void", "number", "enum", "struct", "handle", "callback", "pointer" or "array".
        ctype: its type of ctypes, in an expression; of a handle, that of its address.
        python: the Python type of its values, or the class.
        target: what a pointer points to, the items of an array, or a callback's type.
        length: the number of items of an array; None if it is flexible.
        alias: the header's own name for a number.
    """

    name: str
    ctype: str = ""
    python: str = ""
    target: Type = _VOID
    length: int | None = None
    alias: str = ""

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer, of which there may be a number of items."""
        return self.name == "number" and self.python == "int"

    @property
    def callback(self) -> CallbackKey | None:
        """The type of callbacks that it is; None for anything else."""
        if self.name != "callback" or not isinstance(self.target, FunctionType):
            return None
        return self.target, self.alias

    @property
    def is_byte(self) -> bool:
        """Whether buffers of it may have any items."""
        return self.ctype in _BYTES


class Types:
    """The Python counterparts of an API's types.

    Attributes:
        structs, enums: the classes of records and enums that are declared.
        handles: the classes of opaque structs, of structs that only C makes, and of names for
            ``void``.
        callbacks: the names of types of callbacks.
        user_data: which of their parameters is what was passed beside the callback, if any.
    """

    def __init__(
        self,
        api: Api,
        instead: Callable[[str], str | None],
        said: Callable[[str], Note | None],
    ) -> None:
        """Nothing is declared yet.

        Args:
            api: what the headers declare.
            instead: returns the type of the language that stands for one of the header's.
            said: returns the spec's annotation of "struct.field" or "callback.parameter".
        """
        self._api = api
        self._instead = instead
        self.said = said
        self.structs: dict[Record, str] = {}
        self.enums: dict[Enum, str] = {}
        self.handles: dict[Record | Typedef, str] = {}
        self.callbacks: dict[CallbackKey, str] = {}
        self.user_data: dict[CallbackKey, int] = {}
        self._enum_types: dict[Enum, str] = {}

    def kind(self, ctype: Type) -> Kind:
        """What a type is. Raises Unknown if it cannot be declared."""
        if isinstance(ctype, Named):
            return self._named(ctype)
        if isinstance(ctype, Basic):
            if ctype.name == "void":
                return Kind("void")
            return self._number(SCALARS.get(ctype.name), ctype.name)
        if isinstance(ctype, Tagged):
            return self._tagged(ctype.declared)
        if isinstance(ctype, Array):
            length = self._api.length(ctype.length) if ctype.length else 0
            if length is None:
                raise Unknown(f"the length of {spell(ctype)} is not known")
            return Kind("array", target=ctype.item, length=length or None)
        if isinstance(ctype, Pointer):
            return self._pointer(ctype)
        return self._callback(ctype, "")

    def kind_or_none(self, ctype: Type) -> Kind | None:
        """What a type is; None if it cannot be declared."""
        try:
            return self.kind(ctype)
        except Unknown:
            return None

    def pointed(self, kind: Kind | None) -> Kind | None:
        """What a pointer points to; None if that cannot be declared, or it is no pointer."""
        if kind is None or kind.name != "pointer":
            return None
        return self.kind_or_none(kind.target)

    def _named(self, ctype: Named) -> Kind:
        typedef = ctype.typedef
        if instead := self._instead(typedef.name):
            return self.kind(Basic(instead, ctype.qualifiers))
        if typedef.name in SCALARS and not self._api.is_own(typedef):
            return self._number(SCALARS[typedef.name], typedef.name)
        if "va_list" in typedef.name and not self._api.is_own(typedef):
            raise Unknown("a va_list")
        if is_changed(typedef):
            raise Unknown(f"{typedef.name}, a type that ctypes lacks")
        if typedef in self.handles:
            return Kind("handle", "c_void_p", self.handles[typedef])
        whole = qualified(typedef.type, ctype.qualifiers)
        function = function_of(whole)
        if function is not None:
            return self._callback(function, typedef.name)
        kind = self.kind(whole)
        if kind.name == "number" and self._api.is_own(typedef):
            alias = kind.alias if _is_same_name(typedef) else typedef.name
            return Kind("number", kind.ctype, kind.python, alias=alias)
        return kind

    def _number(self, ctype: str | None, name: str) -> Kind:
        if ctype is None:
            raise Unknown(
                "a va_list" if "va_list" in name else f"{name}, a type that ctypes lacks"
            )
        return Kind("number", ctype, _NOT_INTEGERS.get(ctype, "int"))

    def _tagged(self, declared: Record | Enum) -> Kind:
        if isinstance(declared, Enum):
            ctype = self.enum_type(declared)
            if declared in self.enums:
                return Kind("enum", ctype, self.enums[declared])
            return Kind("number", ctype, "int")
        if declared in self.structs:
            return Kind(
                "struct", self.structs[declared], self.structs[declared], Tagged(declared)
            )
        raise Unknown(f"{spell(Tagged(declared))}, whose fields are not known")

    def enum_type(self, enum: Enum) -> str:
        """The integer type of an enum (C11 6.7.2.2), as GCC and clang choose it."""
        if enum not in self._enum_types:
            self._enum_types[enum] = self._chosen_type(enum)
        return self._enum_types[enum]

    def _chosen_type(self, enum: Enum) -> str:
        if enum.underlying is not None:
            return self.kind(enum.underlying).ctype
        values = [self._api.values.get(each.name, 0) for each in enum.constants or ()]
        numbers = [each for each in values if isinstance(each, int)]
        low, high = min(numbers, default=0), max(numbers, default=0)
        if low < 0:
            return "c_int" if low >= -(2**31) and high < 2**31 else "c_longlong"
        return "c_uint" if high < 2**32 else "c_ulonglong"

    def _pointer(self, ctype: Pointer) -> Kind:
        target = ctype.target
        function = function_of(target)
        if function is not None and not isinstance(resolve(target), Pointer):
            name = target.typedef.name if isinstance(target, Named) else ""
            return self._callback(function, name)
        if handle := self._handle(target):
            return Kind("handle", "c_void_p", handle, target)
        return Kind("pointer", target=target)

    def _handle(self, target: Type) -> str:
        while isinstance(target, Named):
            if target.typedef in self.handles and is_void(target):
                return self.handles[target.typedef]
            target = target.typedef.type
        if isinstance(target, Tagged) and isinstance(target.declared, Record):
            return self.handles.get(target.declared, "")
        return ""

    def _callback(self, function: FunctionType, name: str) -> Kind:
        ctype = self.callbacks.get((function, name), "")
        return Kind("callback", ctype, alias=name, target=function)

    def is_const(self, ctype: Type) -> bool:
        """Whether a type is const."""
        whole = resolve(ctype)
        return "const" in getattr(whole, "qualifiers", ())


def _is_same_name(typedef: Typedef) -> bool:
    """Whether a name of a type is another name for one of the language's: my_uint32_t."""
    base = typedef.type
    return isinstance(base, Named) and typedef.name.lower().endswith(base.typedef.name.lower())


def is_void(ctype: Type) -> bool:
    """Whether a type is void, by whatever name."""
    whole = resolve(ctype)
    return isinstance(whole, Basic) and whole.name == "void"


def names_of_types(typedef: Typedef) -> str:
    """What a name of a type is for: "struct", "pointer", "void", "void pointer" or ""."""
    whole = resolve(typedef.type)
    if isinstance(whole, Tagged):
        return "struct"
    if isinstance(whole, Pointer):
        target = resolve(whole.target)
        if isinstance(target, Tagged):
            return "pointer"
        return "void pointer" if isinstance(target, Basic) and target.name == "void" else ""
    return "void" if isinstance(whole, Basic) and whole.name == "void" else ""
