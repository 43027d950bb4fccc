"""Find the C struct that each Structure stands for, and the member for each field."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..headers.c_as_cxx import KEYWORDS, spelled
from ..headers.c_model import (
    Array,
    Basic,
    FunctionType,
    Pointer,
    Record,
    Tagged,
    behind,
    record_of,
    resolve,
    spell,
)
from ..headers.c_model import Type as CType
from ..headers.header import Header, Member
from .by_value import FLOATS
from .model import CXX, Declarations, Field, Struct, Type, Words, kind_of


class Counterparts:
    """The C struct that each Structure stands for, and the member for each field.

    Attributes:
        names: the C struct of each Structure, by index: its alias and C++ name.
        aliases: the lines that define the aliases.
        records: the definitions of these structs; None if the headers have none.
        anonymous: Structures whose fields are in an anonymous struct in C.
        complex: Structures of two floats that stand for a complex number.
    """

    def __init__(
        self,
        declarations: Declarations,
        header: Header,
        native: bool,
        renamed: dict[str, str],
        functions: dict[str, str],
    ) -> None:
        """Find the structs and members.

        ``native`` says that offsets are those of this platform; ``renamed`` has the C names of
        Structures that the user has given, ``functions`` those by which macros replace others.
        """
        self._declarations = declarations
        self._header = header
        self._native = native
        self._functions = functions
        self.names: dict[int, tuple[str, str]] = {}
        self.aliases: list[str] = []
        self.records: dict[int, Record | None] = {}
        self.anonymous: set[int] = set()
        self.complex: set[int] = set()
        self._replaced: set[int] = set()
        self._decided: set[int] = set()
        self._in_fields: list[_Use] = []
        self._find_structs(renamed)

    @property
    def settled(self) -> set[int]:
        """The Structures that need no struct of their own in C.

        C has their fields in an anonymous struct; or they stand for something simpler: a Union
        of pointers for a pointer, two floats for a complex number, several fields of one type
        for an array; or the user has said so.
        """
        return self.anonymous | self._replaced | self.complex | self._decided

    def _find_structs(self, renamed: dict[str, str]) -> None:
        """Find each Structure's C struct: as the user says, by its name, or by its use."""
        for index, struct in enumerate(self._declarations.structs):
            spelling = renamed.get(struct.name)
            if spelling:
                spelling = self._header.record_like(spelling) or spelling
            elif spelling is None:
                spelling = self._header.record_like(struct.name)
            if spelling:
                record = self._header.record(spelling)
                self._name(index, spelled(spelling), spelling, record)
            elif spelling is not None and struct.name in renamed:
                self._decided.add(index)
        for index in list(self.names):
            self._find_in_fields(index)
        used = self._used()
        self.complex |= {
            each.index
            for each in (*used, *self._in_fields)
            if each.is_complex and self._is_pair(each.index)
        } - {*self.names}
        for each in used:
            if each.struct is not None and not self._stands_for_less(each):
                self._name_used(each)
        uses = [*used, *self._in_fields]
        self._replaced |= {each.index for each in uses if self._stands_for_less(each)}
        self._replaced -= {*self.names}
        self._find_alike([each for each in uses if each.struct is not None])

    def _stands_for_less(self, use: "_Use") -> bool:
        """Whether a Structure is used in place of a pointer, a number, or an array of C."""
        struct = self._declarations.structs[use.index]
        if is_union_of_pointers(struct):
            return use.struct is None or use.levels != 0
        if _is_wrapped_pointer(struct) and use.levels == 1:
            return True
        if use.struct is None:
            return not use.is_void and (is_wrapper(struct) or is_row(struct))
        return (
            is_row(struct)
            and kind_of(struct.fields[0].type) == "struct"
            and not any(
                isinstance(resolve(each.type), Tagged) for each in use.struct.fields or ()
            )
        )

    def _is_pair(self, index: int) -> bool:
        """Whether a Structure is two floats, as a complex number is (C11 6.2.5)."""
        struct = self._declarations.structs[index]
        kinds = [each.type for each in struct.fields]
        return (
            not struct.union and len(kinds) == 2 and kinds[0] == kinds[1] and kinds[0] in FLOATS
        )

    def _name(self, index: int, cxx: str, spelling: str, record: Record | None) -> None:
        if record is not None and record.fields is None and self._header.is_unread(record):
            record = None  # only the compiler knows its members
        alias = f"ct_c{index}"
        self.names[index] = (alias, spelling)
        self.records[index] = record
        self.aliases.append(f"using {alias} = {cxx};")

    def _find_in_fields(self, index: int) -> None:
        alias, spelling = self.names[index]
        record = self.records[index]
        members = self.members(index)
        for place in self.places(index):
            for outer in place.path[:-1]:
                self._leave_out(outer.type)
            each = place.field
            inner = _struct_in(each.type)
            member = self.member(index, each.name)
            if member is None:
                continue  # perhaps a field for another platform
            expression = f"ct_field({alias}, {spelled(member)})"
            found = self.type_of(record, member) if record else None
            if found is None:
                if inner is not None and not members:
                    self._name_inner(inner, expression, f"{spelling}::{member}", None)
                continue
            for use in _uses(each.type, expression, found, f"{spelling}::{member}"):
                self._in_fields.append(use)
                if use.struct is not None and not self._stands_for_less(use):
                    self._name_used(use)

    def _name_used(self, use: "_Use") -> None:
        self._name_inner(use.index, use.expression, use.spelling, use.struct)

    def _name_inner(
        self, index: int, expression: str, spelling: str, record: Record | None
    ) -> None:
        is_known = index in self.names or index in self._decided
        if not is_known and self._declarations.structs[index].complete:
            self._name(index, f"ct_reached<{expression}>", spelling, record)
            self._find_in_fields(index)

    def _leave_out(self, ctype: Type) -> None:
        """Record a Structure whose fields are in an anonymous struct in C."""
        index = _struct_in(ctype)
        if index is not None:
            self.anonymous.add(index)

    def _used(self) -> list["_Use"]:
        """The uses of Structures in functions, with C's types, the most frequent first."""
        uses: list[_Use] = []
        by_name = {each.name: index for index, each in enumerate(self._declarations.structs)}
        for function in self._declarations.functions:
            name = self._functions.get(function.name, function.name)
            prototype = self._header.functions.get(name)
            if prototype is None:
                continue
            c_function = f"decltype({spelled(name)})"
            uses += _uses(
                _with_fields(function.result, function.words[-1], by_name),
                f"ct_signature<{c_function}>::result",
                prototype.type.result,
                name,
            )
            given = zip(function.arguments or [], function.words, strict=False)
            for number, ((ctype, words), parameter) in enumerate(
                zip(given, prototype.type.parameters, strict=False)
            ):
                expression = f"ct_parameter<{c_function}, {number}>"
                ctype = _with_fields(ctype, words, by_name)
                uses += _uses(ctype, expression, parameter.type, name)
        count = Counter((each.index, each.struct) for each in uses)
        return sorted(uses, key=lambda each: -count[each.index, each.struct])

    def _find_alike(self, uses: list["_Use"]) -> None:
        """Let a class stand for several C structs that have the same fields."""
        named = set(self.records.values())
        done: set[tuple[int, int]] = set()
        for each in uses:
            record = self.records.get(each.index)
            if record is None or each.struct is None or each.struct in named:
                continue
            key = (id(record), id(each.struct))
            if key not in done and _is_like(record, each.struct):
                done.add(key)
                types = f"{self.names[each.index][0]}, ct_reached<{each.expression}>"
                types = re.sub(r"\b(ct_c\d+)\b", r"ct_here::\1", types)
                line = f"template <> constexpr bool ct_alike<{types}> = true;"
                # A specialisation must be in the namespace of its template.
                self.aliases.append(f"}} {line} namespace ct_here {{")

    def members(self, index: int) -> dict[str, Member]:
        """The members of a Structure's C struct; empty if the header does not define it."""
        record = self.records.get(index)
        return self._header.members_of(record) if record else {}

    def type_of(self, record: Record, path: str) -> CType | None:
        """The type of a member, or of a member's member: "a.b"."""
        name, _, rest = path.partition(".")
        member = self._header.members_of(record).get(name)
        if member is None:
            return None
        if not rest:
            return member.field.type
        inner = record_of(member.field.type)
        return self.type_of(inner, rest) if inner else None

    def member(self, index: int, name: str) -> str | None:
        """The C name of a field: "b", or "a.b" if Python has the fields of an inner struct.

        A name that is a keyword of the other language has underscores added. None if C has no
        such field; the name itself if C's fields are not known.
        """
        struct, members = self._declarations.structs[index], self.members(index)
        if not members:
            return name.rstrip("_") if name.rstrip("_") in KEYWORDS else name
        others = {each.name for each in struct.fields if each.name != name}
        if found := _like(name, [each for each in members if each not in others]):
            return found
        names = [each.name for each in struct.fields]
        taken = {_like(each, members) for each in names}
        paths = [
            each
            for each in self._paths(self.records[index])
            if each.partition(".")[0] not in taken
        ]
        for key in ([each.replace(".", "_") for each in paths], [*map(_last, paths)]):
            by_name = dict(zip(key, paths, strict=True))
            found = _like(name, by_name) if len(by_name) == len(paths) else None
            if found:
                return by_name[found]
        if name not in names or struct.anonymous:
            return None
        for candidates in (list(members), list(self._paths(self.records[index]))):
            if len(names) == len(candidates):
                counterpart = candidates[names.index(name)]
                if counterpart not in taken:
                    return counterpart
        return self._by_place(index).get(name)

    def _by_place(self, index: int) -> dict[str, str]:
        """C's members for renamed fields, found by their neighbours."""
        struct, members = self._declarations.structs[index], self.members(index)
        order = list(members)
        known = {each.name: _like(each.name, order) for each in struct.fields}
        found: dict[str, str] = {}
        waiting: list[str] = []
        start = 0
        for each in [] if struct.union else [*struct.fields, None]:
            member = known[each.name] if each else None
            if each and member is None:
                if each.name not in struct.anonymous and not self.is_anonymous(each, members):
                    waiting.append(each.name)
                continue
            end = order.index(member) if member else len(order)
            free = [it for it in order[start:end] if it not in known.values()]
            found |= dict(zip(waiting, free, strict=False))
            start, waiting = max(start, end + 1), []
        return found

    def _paths(self, record: Record | None) -> Iterator[str]:
        """The members of a struct, with those of inner structs as "a.b"."""
        members = self._header.members_of(record) if record else {}
        for name, member in members.items():
            target = record_of(member.field.type)
            is_struct = target is not None and target.keyword == "struct"
            inner = list(self._paths(target)) if is_struct else []
            yield from (f"{name}.{each}" for each in inner)
            if not inner:
                yield name

    def lacking(self, index: int) -> list[str]:
        """The members of a C struct that its Structure lacks."""
        members = self.members(index)
        found = [self.member(index, each.field.name) or "" for each in self.places(index)]
        known = {*found}
        paths = [each for each in found if "." in each]
        lacking = [each for each in members if each not in known]
        for name in list(lacking):
            if any(each.startswith(f"{name}.") for each in paths):
                place = lacking.index(name)
                inner = [
                    each
                    for each in self._paths(self.records[index])
                    if each.startswith(f"{name}.") and each not in known
                ]
                lacking[place : place + 1] = inner
        return lacking

    def unknown(self, index: int) -> list["Place"]:
        """The fields of a Structure that its C struct lacks."""
        places = self.places(index)
        found = [it for it in places if self.member(index, it.field.name) is None]
        for each in found:
            each.is_alternative |= self._declarations.structs[index].union
        return found

    def places(self, index: int, mirror: str = "") -> Iterator["Place"]:
        """Each field that C knows by name, and its place."""
        struct = self._declarations.structs[index]
        return self._promoted(struct.fields, struct.anonymous, mirror, (), self.members(index))

    def _promoted(
        self,
        fields: list[Field],
        anonymous: list[str],
        mirror: str,
        path: tuple[Field, ...],
        members: Iterable[str],
    ) -> Iterator["Place"]:
        for each in fields:
            inner = _struct_in(each.type)
            whole = (*path, each)
            if inner is not None and (
                each.name in anonymous or self.is_anonymous(each, members)
            ):
                struct = self._declarations.structs[inner]
                yield from self._promoted(
                    struct.fields, struct.anonymous, mirror, whole, members
                )
            else:
                is_alternative = any(
                    self._declarations.structs[int(it.type[1])].union for it in path
                )
                yield Place(whole, mirror, self._native, is_alternative)

    def is_anonymous(self, each: Field, members: Iterable[str]) -> bool:
        """Whether a field's struct is an anonymous one in C."""
        inner = _struct_in(each.type)
        if kind_of(each.type) != "struct" or inner is None or _like(each.name, members):
            return False
        struct = self._declarations.structs[inner]
        fields = self._promoted(struct.fields, struct.anonymous, "", (), members)
        names = {_like(deeper.field.name, members) for deeper in fields}
        return bool(names) and None not in names


@dataclass
class _Use:
    """A use of a Structure, and C's type for it.

    ``levels`` is the number of pointers that C has there in addition to Python's.
    """

    index: int
    expression: str
    struct: Record | None
    spelling: str
    levels: int
    is_complex: bool = False
    is_void: bool = False


def _uses(ctype: Type, expression: str, c_type: CType, where: str) -> Iterator[_Use]:
    """The Structures in a type, given C's type as C++ ``expression`` and as ``c_type``."""
    left, levels = _reached(c_type)
    while kind_of(ctype) in ("pointer", "array", "in", "out", "converts"):
        levels -= kind_of(ctype) != "converts"
        ctype = ctype[1]
    target = resolve(left)
    if kind_of(ctype) == "struct":
        record = record_of(target)
        is_named = record is None or record.tag or record.alias
        spelling = spell(left) if is_named else where
        is_complex = isinstance(target, Basic) and target.name.endswith("_Complex")
        is_void = target == Basic("void")
        yield _Use(int(ctype[1]), expression, record, spelling, levels, is_complex, is_void)
    elif kind_of(ctype) == "callback" and isinstance(target, FunctionType):
        function = f"ct_reached<{expression}>"
        yield from _uses(ctype[1], f"ct_signature<{function}>::result", target.result, where)
        for number, (inner, parameter) in enumerate(
            zip(ctype[2], target.parameters, strict=False)
        ):
            yield from _uses(
                inner, f"ct_parameter<{function}, {number}>", parameter.type, where
            )


def reached(ctype: CType) -> CType:
    """A type without its pointers and arrays, including those in typedefs."""
    return _reached(ctype)[0]


def _reached(ctype: CType) -> tuple[CType, int]:
    """A type without its pointers and arrays, and how many there are."""
    levels = 0
    while isinstance(whole := resolve(ctype), Pointer | Array):
        ctype = whole.target if isinstance(whole, Pointer) else whole.item
        levels += 1
    return behind(ctype), levels


def _is_like(one: Record, other: Record) -> bool:
    """Whether two C structs have the same fields, apart from their names."""
    if (one.keyword, one.pack, one.attributes) != (other.keyword, other.pack, other.attributes):
        return False
    if one.fields is None or other.fields is None or len(one.fields) != len(other.fields):
        return False
    return all(
        a.bits == b.bits and a.attributes == b.attributes and _is_like_type(a.type, b.type)
        for a, b in zip(one.fields, other.fields, strict=True)
    )


def _is_like_type(one: CType, other: CType) -> bool:
    one, other = resolve(one), resolve(other)
    if isinstance(one, Array) and isinstance(other, Array):
        return one.length == other.length and _is_like_type(one.item, other.item)
    if isinstance(one, Pointer) and isinstance(other, Pointer):
        return reached(one) == reached(other)
    if isinstance(one, Tagged) and isinstance(other, Tagged):
        a, b = one.declared, other.declared
        return a is b or (isinstance(a, Record) and isinstance(b, Record) and _is_like(a, b))
    return behind(one) == behind(other)


class Place:
    """The place of a field in a Structure, or in an inner one that is anonymous in C.

    ``is_alternative`` says that it is a member of a union.
    """

    def __init__(
        self, path: tuple[Field, ...], mirror: str, native: bool, is_alternative: bool
    ) -> None:
        self.is_alternative = is_alternative
        self.field = path[-1]
        self.path = path
        self.mirror = mirror
        number = sum(each.offset for each in path)
        names = ".".join(f"m_{each.name}" for each in path)
        self.offset = f"{number}LL" if native else f"ct_offset({mirror}, {names})"

    @property
    def mask(self) -> int:
        """The bits that ctypes sets, at this offset; the lowest are in the first byte."""
        return int(self.field.mask) << 8 * sum(each.offset for each in self.path[:-1])


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _like(name: str, members: Iterable[str]) -> str | None:
    """The member of that name, or of one that differs in underscores around it or in case."""
    members = list(members)
    for candidate in (name, name.strip("_"), f"{name}_", f"_{name}"):
        if candidate in members:
            return candidate
    found = [each for each in members if _plain(each) == _plain(name) != ""]
    return found[0] if len(found) == 1 else None


def _is_pointer(ctype: Type) -> bool:
    return kind_of(ctype) in ("pointer", "callback") or ctype in (
        "c_void_p",
        "c_char_p",
        "c_wchar_p",
    )


def is_union_of_pointers(struct: Struct) -> bool:
    """Whether it stands for a pointer to one of several types."""
    return (
        struct.complete and struct.union and all(_is_pointer(it.type) for it in struct.fields)
    )


def is_wrapper(struct: Struct) -> bool:
    """Whether its one field is a pointer or an integer, and it is passed by value like that."""
    kinds = [each.type for each in struct.fields if not each.bits]
    if struct.union or len(kinds) != 1 or len(struct.fields) != 1:
        return False
    is_integer = isinstance(kinds[0], str) and kinds[0] not in (*FLOATS, *_COMPLEX)
    return is_integer or _is_pointer(kinds[0])


def _is_wrapped_pointer(struct: Struct) -> bool:
    return is_wrapper(struct) and _is_pointer(struct.fields[0].type)


_COMPLEX = [name for name in CXX if name.endswith("complex")]


def is_row(struct: Struct) -> bool:
    """Whether its fields are laid out like the items of an array."""
    kinds = [each.type for each in struct.fields]
    is_alike = len(kinds) > 1 and all(each == kinds[0] for each in kinds)
    return is_alike and not struct.union and not any(each.bits for each in struct.fields)


def is_same_name(name: str, member: str) -> bool:
    """Whether the names of a field and a member (also "a.b") differ in spelling at most."""
    plain = _plain(name)
    return plain in (_plain(_last(member)), _plain(member.replace(".", "_")))


def _plain(name: str) -> str:
    return name.strip("_").lower()


def structs_in(ctype: Type) -> Iterator[int]:
    """The structs in a type, including those in callbacks."""
    kind = kind_of(ctype)
    if kind == "struct":
        yield int(ctype[1])
    elif kind == "callback":
        for each in (ctype[1], *ctype[2]):
            yield from structs_in(each)
    elif kind and kind != "any":
        yield from structs_in(ctype[1])


def _with_fields(ctype: Type, words: Words, by_name: dict[str, int]) -> Type:
    """A pointer to the Structure with the fields of a handle, if it has one."""
    name = words.handle[0] if words.handle else ""
    is_handle = ctype == "c_void_p" and name in by_name
    return ["pointer", ["struct", by_name[name]]] if is_handle else ctype


def _struct_in(ctype: Type) -> int | None:
    """The struct in a type, behind pointers and arrays."""
    while kind_of(ctype) in ("pointer", "array", "in", "out", "converts"):
        ctype = ctype[1]
    return int(ctype[1]) if kind_of(ctype) == "struct" else None
