"""The declarations of C headers: functions, records, enums, typedefs, macros.

Nothing here is computed: the length of an array, the width of a bit-field and the value of
an enumerator or a macro are text from the header, which only the compiler evaluates. Types
refer to the objects that declare them, so two types of one ``Unit`` are equal if and only if
C spells them the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Union

# Types


@dataclass(frozen=True)
class Basic:
    """A type of the language: "int", "unsigned long", "_Bool", "double _Complex", "void".

    Its name is the shortest one; a char is "char", "signed char" or "unsigned char".
    """

    name: str
    qualifiers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Named:
    """A type that is named by a typedef."""

    typedef: "Typedef"
    qualifiers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tagged:
    """A struct, a union or an enum, with or without a tag or a body."""

    declared: "Record | Enum"
    qualifiers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pointer:
    """A pointer; the qualifiers are its own, not those of its target."""

    target: "Type"
    qualifiers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Array:
    """An array. Its length is a C expression, or "" for a flexible one.

    The qualifiers are those in the brackets of a parameter, which qualify the pointer that is
    passed. All others belong to the items.
    """

    item: "Type"
    length: str
    qualifiers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Parameter:
    """A parameter as the header writes it; the name is "" if it has none.

    Its attributes are those of a ``Declaration``. They make no other type of a function.
    """

    type: "Type"
    name: str = ""
    attributes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def passed(self) -> "Type":
        """The type that is passed: for an array or a function, a pointer (C11 6.7.6.3)."""
        whole = resolve(self.type)
        if isinstance(whole, Array):
            return Pointer(whole.item, whole.qualifiers)
        return Pointer(self.type) if isinstance(whole, FunctionType) else self.type


@dataclass(frozen=True)
class FunctionType:
    """The type of a function. ``f()`` has no prototype: C leaves its parameters open."""

    result: "Type"
    parameters: tuple[Parameter, ...] = ()
    variadic: bool = False
    has_prototype: bool = True


Type = Union[Basic, Named, Tagged, Pointer, Array, FunctionType]  # noqa: UP007 - forward names


# Declarations


@dataclass(eq=False, repr=False, kw_only=True)
class Declaration:
    """The common attributes of all declarations.

    Attributes:
        file: the file, as the preprocessor names it.
        line: the first line of the declaration, from 1 on.
        comment: the text of the comments directly before it, and behind it, or "".
        attributes: "packed", "aligned(8)", "deprecated", "stdcall", 'asm("name")': those of
            ``__attribute__``, ``__declspec``, ``[[...]]``, ``_Alignas``, and the words for
            calling conventions, without the underscores around them. "_Nonnull" and
            "_Nullable" are about a pointer, or about what a function returns.
    """

    file: str = ""
    line: int = 0
    comment: str = ""
    attributes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        name = getattr(self, "name", "") or getattr(self, "tag", "")
        return f"<{type(self).__name__} {name!r} at {self.file}:{self.line}>"


@dataclass(eq=False, repr=False)
class Function(Declaration):
    """A function.

    Attributes:
        has_body: whether all its declarations are definitions, as for an inline function.
        label: its name in the library, if ``asm("...")`` gives it another one.
    """

    name: str
    type: FunctionType
    is_static: bool = False
    has_body: bool = False
    label: str = ""


@dataclass(eq=False, repr=False)
class Variable(Declaration):
    """A global variable."""

    name: str
    type: Type
    is_static: bool = False


@dataclass(eq=False, repr=False)
class Typedef(Declaration):
    """A typedef name for a type."""

    name: str
    type: Type


@dataclass(eq=False, repr=False)
class Field(Declaration):
    """A member of a record; the name is "" for an anonymous one, and for a gap of bits.

    Attributes:
        bits: the width of a bit-field, a C expression; "" for any other member.
    """

    name: str
    type: Type
    bits: str = ""


@dataclass(eq=False, repr=False)
class Record(Declaration):
    """A struct or union.

    Attributes:
        tag: its tag, or "".
        alias: the typedef name of a record without a tag.
        fields: None if the headers do not define it, or if they could not be parsed.
        pack: the greatest alignment of its fields, from ``#pragma pack``; "" if not limited.
        outer: the record that it is defined in; C++ looks for its tag there.
    """

    keyword: Literal["struct", "union"]
    tag: str
    alias: str = ""
    fields: list[Field] | None = None
    pack: str = ""
    outer: "Record | None" = None


@dataclass(eq=False, repr=False)
class Enumerator(Declaration):
    """A constant of an enum. The value is an expression; "" for one more than the last."""

    name: str
    value: str


@dataclass(eq=False, repr=False)
class Enum(Declaration):
    """An enum.

    Attributes:
        tag, alias: as those of a ``Record``.
        constants: None if the headers do not define it.
        underlying: its integer type, if that is written after a colon.
        outer: the record that it is defined in; C++ looks for its constants there.
    """

    tag: str
    alias: str = ""
    constants: list[Enumerator] | None = None
    underlying: Type | None = None
    outer: "Record | None" = None
    keyword: Literal["enum"] = "enum"


@dataclass(eq=False, repr=False)
class Macro(Declaration):
    """An object-like macro, and its replacement text."""

    name: str
    body: str


@dataclass(eq=False, repr=False)
class Refusal(Declaration):
    """A declaration that could not be parsed.

    Attributes:
        name: the name that it seems to declare.
        text: the beginning of its text.
        reason: the reason.
        is_cxx: whether it is C++, which is of no interest for a C library.
    """

    name: str
    text: str
    reason: str
    is_cxx: bool = False


@dataclass
class Unit:
    """All declarations of a source file and its headers, in the order of the text.

    Attributes:
        functions, variables, typedefs, macros: the declarations by name.
        tags: structs, unions and enums by tag, since these share a namespace in C.
        records, enums: all of these, also those without a tag.
        refusals: declarations that could not be parsed. None is left out silently.
        faults: bugs of ours, each with the declaration that caused it.
        names: every word outside of directives and function bodies, by file.
        system: the files that the compiler marks as system headers.
    """

    functions: dict[str, Function] = field(default_factory=dict[str, Function])
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])
    typedefs: dict[str, Typedef] = field(default_factory=dict[str, Typedef])
    macros: dict[str, Macro] = field(default_factory=dict[str, Macro])
    tags: dict[str, Record | Enum] = field(default_factory=dict[str, Record | Enum])
    records: list[Record] = field(default_factory=list[Record])
    enums: list[Enum] = field(default_factory=list[Enum])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    faults: list[str] = field(default_factory=list[str])
    names: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    system: set[str] = field(default_factory=set[str])


# Queries about types


def qualified(ctype: Type, qualifiers: Iterable[str]) -> Type:
    """The type with these qualifiers added; for an array, to its items."""
    if not qualifiers or isinstance(ctype, FunctionType):
        return ctype
    if isinstance(ctype, Array):
        return replace(ctype, item=qualified(ctype.item, qualifiers))
    return replace(ctype, qualifiers=ctype.qualifiers.union(qualifiers))


def resolve(ctype: Type) -> Type:
    """The type that a typedef name finally stands for; any other type unchanged."""
    while isinstance(ctype, Named):
        ctype = qualified(ctype.typedef.type, ctype.qualifiers)
    return ctype


def record_of(ctype: Type) -> Record | None:
    """The struct or union that a type is; None if it is another one."""
    whole = resolve(ctype)
    if isinstance(whole, Tagged) and isinstance(whole.declared, Record):
        return whole.declared
    return None


def function_of(ctype: Type) -> FunctionType | None:
    """The type of a function, or of the one that a pointer points to; else None."""
    whole = resolve(ctype)
    if isinstance(whole, Pointer):
        whole = resolve(whole.target)
    return whole if isinstance(whole, FunctionType) else None


_TYPE_ATTRIBUTES = ("vector_size(", "ext_vector_type(", "mode(", "neon_", "__arm")


def is_changed(typedef: Typedef) -> bool:
    """Whether an attribute changes the type that a typedef names."""
    return any(each.startswith(_TYPE_ATTRIBUTES) for each in typedef.attributes)


def behind(ctype: Type) -> Type:
    """A type without its pointers, arrays and qualifiers."""
    while isinstance(ctype, Pointer | Array):
        ctype = ctype.target if isinstance(ctype, Pointer) else ctype.item
    return ctype if isinstance(ctype, FunctionType) else replace(ctype, qualifiers=frozenset())


def spell(ctype: Type, name: str = "") -> str:
    """The C declaration of a name, or of no name, with this type."""
    if isinstance(ctype, Pointer):
        words = " ".join([*sorted(ctype.qualifiers), name]).strip()
        is_nested = isinstance(ctype.target, Array | FunctionType)
        return spell(ctype.target, f"(*{words})" if is_nested else f"*{words}")
    if isinstance(ctype, Array):
        length = " ".join([*sorted(ctype.qualifiers), ctype.length]).strip()
        return spell(ctype.item, f"{name}[{length}]")
    if isinstance(ctype, FunctionType):
        listed = [spell(each.type, each.name) for each in ctype.parameters]
        listed += ["..."] if ctype.variadic else []
        listed += ["void"] if ctype.has_prototype and not listed else []
        return spell(ctype.result, f"{name}({', '.join(listed)})")
    if isinstance(ctype, Basic):
        base = ctype.name
    elif isinstance(ctype, Named):
        base = ctype.typedef.name
    else:
        declared = ctype.declared
        base = f"{declared.keyword} {declared.tag or '{...}'}"
        base = base if declared.tag else declared.alias or base
    return " ".join([*sorted(ctype.qualifiers), base, name]).strip()
