"""Write claims: C++ lines that compile if, and only if, a declaration agrees with a header."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .by_value import FLOATS, Rules, is_misplaced, rules_of
from .c_as_cxx import KEYWORDS, spelled
from .c_model import Array, Basic, FunctionType, Pointer, Record, Tagged, behind, resolve, spell
from .c_model import Type as CType
from .header import Header, Member
from .model import CXX, Constant, Declarations, Field, Function, Struct, Type, kind_of

with open(os.path.join(os.path.dirname(__file__), "claims.h"), encoding="utf-8") as _stream:
    RULES = _stream.read()
_WORDS_OF_THE_RULES = frozenset(
    word for word in re.findall(r"[A-Za-z_]\w*", RULES) if not word.startswith("ct_")
)

END = "}"
"""What stands behind all claims: the end of the name space that the preparation opens."""


@dataclass
class Claim:
    """A line that is to compile, and what to ask where it does not.

    Attributes:
        kind: "function", "struct", "layout", "field", "count" or "constant".
        of: the declaration.
        line: what is to be true; of "count", a line of C++; of "constant", what is to be 0.
        questions: by a name of ours, ``ct_tell`` types whose arguments are the answer.
        is_open: whether C does not say what is passed: to ``int f();``, or by a callback.
        struct: of a struct and its fields: its index.
        within: of a field: its struct's name.
    """

    kind: str
    of: Any
    line: str
    questions: dict[str, str] = field(default_factory=dict[str, str])
    struct: int | None = None
    within: str = ""
    is_open: bool = False

    @property
    def subject(self) -> str:
        """What it is about, as a finding's subject has it."""
        return f"{self.within}.{self.of.name}" if self.within else str(self.of.name)


class Claims:
    """The claims about some declarations, once a header's names are known.

    Attributes:
        constants: those about constants, which stand where the header's macros still do.
        preparation: the lines behind them: no macro rewrites what follows, and structs get
            names.
        others: all other claims, one a line, in order.
        counterparts: the C struct of each Structure, by index: an alias and its spelling.
        anonymous: the Structures whose fields C has in an anonymous struct.
        textless: constants for which C has a macro that is no expression, and its text.
        renamed: the function that a macro of the header puts in the place of another one.
        bits: the bit-fields.
    """

    def __init__(
        self,
        declarations: Declarations,
        header: Header,
        native: bool,
        renamed: dict[str, str],
        expansions: dict[str, str],
        macros: Iterable[str],
    ) -> None:
        self._declarations = declarations
        self._header = header
        self._native = native
        self.constants: list[Claim] = []
        self.others: list[Claim] = []
        self._aliases: list[str] = []
        self.counterparts: dict[int, tuple[str, str]] = {}
        self._records: dict[int, Record | None] = {}
        self.anonymous: set[int] = set()
        self._replaced: set[int] = set()
        self._complex: set[int] = set()
        self._decided: set[int] = set()
        self.textless: list[tuple[Constant, str]] = []
        self.renamed: dict[str, str] = {}
        self.bits: list[BitField] = []
        self._rules: Rules | None = rules_of(
            lambda macro: expansions.get(macro, macro) != macro
        )
        if not native:
            self._aliases += _mirrors(declarations)
        for name in {each.name for each in declarations.functions}:
            if stands_for := _renamed(name, header):
                self.renamed[name] = stands_for
        self._find_structs(renamed)
        for index in sorted(self.counterparts):
            with declarations.each(declarations.structs[index].name):
                self.others += self._struct(index)
        written: set[str] = set()
        for function in declarations.functions:
            if self.has(function):
                with declarations.each(function.name):
                    claim = self._function(function)
                    if claim.line not in written:  # looked up once more
                        self.others.append(claim)
                    written.add(claim.line)
        for constant in declarations.constants:
            with declarations.each(constant.name):
                self._constant(constant, expansions)
        self.preparation = [*self._undefines(macros), self._defaults(), *self._aliases]

    def has(self, function: Function) -> bool:
        """Whether the headers have something of a function's name."""
        return function.name in self._header.identifiers or function.name in self.renamed

    @property
    def claims(self) -> list[Claim]:
        """All of them, in the order of the file."""
        return [*self.constants, *self.others]

    @property
    def settled(self) -> set[int]:
        """The Structures that need no struct of their own in C.

        C has their fields in an anonymous one; or they stand for something simpler: a Union of
        pointers for a pointer, two floats for a complex number, several fields of one type for
        an array; or whoever checks has said so.
        """
        return self.anonymous | self._replaced | self._complex | self._decided

    def _defaults(self) -> str:
        """A line that opens a name space, in which each alias hides one that is no struct of C.

        Where the alias itself does not compile, its name would otherwise be unknown in all
        that is behind it. Of each use of it a compiler writes many messages, and looks for a
        similar name among all that there are: half of the time of a large header.
        """
        names = [name for name, _ in self.counterparts.values()]
        aliases = " ".join(f"using {name} = ct_none;" for name in names)
        return f"struct ct_none; {aliases} namespace ct_here {{"

    def is_placed(self, ctype: Type) -> bool:
        """Whether it is known in which registers C has a type, by value and in callbacks."""
        if kind_of(ctype) == "callback":
            return all(map(self.is_placed, (ctype[1], *ctype[2])))
        return kind_of(ctype) != "struct" or self._rules is not None

    def _undefines(self, macros: Iterable[str]) -> list[str]:
        """What keeps the header's macros from rewriting the claims and the rules."""
        text = "\n".join([*self._aliases, *(each.line for each in self.others)])
        text += "".join(map(str, (each.questions for each in self.others)))
        words = {*re.findall(r"[A-Za-z_]\w*", text), *_WORDS_OF_THE_RULES}
        return [f"#undef {name}" for name in sorted(words.intersection(macros))]

    def cxx(self, ctype: Type) -> str:
        """A type as the claims write it."""
        if ctype is None:
            return "void"
        if isinstance(ctype, str):
            return CXX[ctype]
        kind, rest = kind_of(ctype), ctype[1:]
        if kind == "struct":
            return self._cxx_struct(int(rest[0]))
        if kind == "array":
            return f"ct_array<{self.cxx(rest[0])}, {rest[1]}>"
        if kind == "callback":
            types = [self._cxx_value(each) for each in (rest[0], *rest[1])]
            return f"ct_callback<{', '.join(types)}>"
        if kind == "any":
            return "ct_any"
        if kind == "converts":
            return self._cxx_value(rest[0])
        if kind == "swapped":
            return self.cxx(rest[0])
        return f"ct_{kind}<{self.cxx(rest[0])}>"

    def _cxx_value(self, ctype: Type) -> str:
        """The type of what is passed or returned."""
        written = self.cxx(ctype)
        if kind_of(ctype) == "swapped":
            return f"ct_backward<{written}>"
        is_struct = kind_of(ctype) == "struct"
        if is_struct and is_misplaced(self._declarations, int(ctype[1]), self._rules):
            return f"ct_torn<{written}>"
        return written

    def _cxx_struct(self, index: int) -> str:
        struct = self._declarations.structs[index]
        own = f"ct_struct<{index}>"
        if index in self.counterparts:
            word = "ct_same" if struct.complete else "ct_hidden"
            own = f"{word}<{self.counterparts[index][0]}>"
        elif not struct.complete:
            return "ct_opaque"
        kinds = [each.type for each in struct.fields]
        if _is_union_of_pointers(struct):
            return f"ct_alternatives<{', '.join([own, *map(self.cxx, kinds)])}>"
        if index in self._complex:
            return f"ct_alternatives<{own}, __complex__ {self.cxx(kinds[0])}>"
        if _is_wrapper(struct):
            return f"ct_wrapper<{own}, {self._cxx_inner(kinds[0])}>"
        if _is_row(struct) and index not in self.counterparts:
            return f"ct_row<{own}, {self._cxx_inner(kinds[0])}, {len(kinds)}>"
        return own

    def _cxx_inner(self, ctype: Type) -> str:
        """The type of a field, of a pointer nothing else: its target may be this struct."""
        is_pointer = kind_of(ctype) in ("pointer", "callback")
        return "ct_pointer<void>" if is_pointer else self.cxx(ctype)

    # Which struct is which

    def _find_structs(self, renamed: dict[str, str]) -> None:
        """Find each Structure's C struct: as told, of that name, or where it is used."""
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
        self._in_fields: list[_Use] = []
        for index in list(self.counterparts):
            self._find_in_fields(index)
        used = self._used()
        self._complex |= {
            each.index
            for each in (*used, *self._in_fields)
            if each.is_complex and self._is_pair(each.index)
        } - {*self.counterparts}
        for each in used:
            if each.struct is not None and not self._stands_for_less(each):
                self._name_used(each)
        uses = [*used, *self._in_fields]
        self._replaced |= {each.index for each in uses if self._stands_for_less(each)}
        self._replaced -= {*self.counterparts}
        self._find_alike([each for each in uses if each.struct is not None])

    def _stands_for_less(self, use: "_Use") -> bool:
        """Whether a Structure is used where C has a pointer, a number, or an array."""
        struct = self._declarations.structs[use.index]
        if _is_union_of_pointers(struct):
            return use.struct is None or use.levels != 0
        if _is_wrapped_pointer(struct) and use.levels == 1:
            return True
        if use.struct is None:
            return not use.is_void and (_is_wrapper(struct) or _is_row(struct))
        return (
            _is_row(struct)
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
        alias = f"ct_c{index}"
        self.counterparts[index] = (alias, spelling)
        self._records[index] = record
        self._aliases.append(f"using {alias} = {cxx};")

    def _find_in_fields(self, index: int) -> None:
        struct = self._declarations.structs[index]
        alias, spelling = self.counterparts[index]
        record = self._records[index]
        members = self.members(index)
        for place in self._promoted(struct.fields, struct.anonymous, "", (), members):
            for outer in place.path[:-1]:
                self._leave_out(outer.type)
            each = place.field
            inner = _struct_in(each.type)
            member = self.member(index, each.name)
            if member is None:
                continue  # one of another platform, perhaps
            expression = f"ct_field({alias}, {spelled(member)})"
            found = self._type_of(record, member) if record else None
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
        is_known = index in self.counterparts or index in self._decided
        if not is_known and self._declarations.structs[index].complete:
            self._name(index, f"ct_reached<{expression}>", spelling, record)
            self._find_in_fields(index)

    def _leave_out(self, ctype: Type) -> None:
        """Note a Structure whose fields C has in an anonymous struct."""
        index = _struct_in(ctype)
        if index is not None:
            self.anonymous.add(index)

    def _used(self) -> list["_Use"]:
        """The structs that functions use, as C has them there, the most frequent first."""
        uses: list[_Use] = []
        for function in self._declarations.functions:
            name = self.renamed.get(function.name, function.name)
            prototype = self._header.functions.get(name)
            if prototype is None:
                continue
            c_function = f"decltype({spelled(name)})"
            uses += _uses(
                function.result,
                f"ct_signature<{c_function}>::result",
                prototype.type.result,
                name,
            )
            for number, (ctype, parameter) in enumerate(
                zip(function.arguments or [], prototype.type.parameters, strict=False)
            ):
                expression = f"ct_parameter<{c_function}, {number}>"
                uses += _uses(ctype, expression, parameter.type, name)
        count = Counter((each.index, each.struct) for each in uses)
        return sorted(uses, key=lambda each: -count[each.index, each.struct])

    def _find_alike(self, uses: list["_Use"]) -> None:
        """Let a class stand for several structs of C that have the same fields."""
        named = set(self._records.values())
        done: set[tuple[int, int]] = set()
        for each in uses:
            record = self._records.get(each.index)
            if record is None or each.struct is None or each.struct in named:
                continue
            key = (id(record), id(each.struct))
            if key not in done and _is_like(record, each.struct):
                done.add(key)
                types = f"{self.counterparts[each.index][0]}, ct_reached<{each.expression}>"
                types = re.sub(r"\b(ct_c\d+)\b", r"ct_here::\1", types)
                line = f"template <> constexpr bool ct_alike<{types}> = true;"
                # Where the template itself is, as C++ wants it.
                self._aliases.append(f"}} {line} namespace ct_here {{")

    # Which field is which

    def members(self, index: int) -> dict[str, Member]:
        """The members of a Structure's C struct; none where the header does not say."""
        record = self._records.get(index)
        return self._header.members_of(record) if record else {}

    def _type_of(self, record: Record, path: str) -> CType | None:
        """The type of a member, or of a member's member: "a.b"."""
        name, _, rest = path.partition(".")
        member = self._header.members_of(record).get(name)
        if member is None:
            return None
        target = resolve(member.field.type)
        if not rest:
            return member.field.type
        is_record = isinstance(target, Tagged) and isinstance(target.declared, Record)
        return self._type_of(target.declared, rest) if is_record else None  # type: ignore

    def member(self, index: int, name: str) -> str | None:
        """How C calls a field: "b", or "a.b" where Python has the fields of an inner struct.

        Names that are none in the other language get underscores. None where C has no such
        field; where its fields are not known, the name itself.
        """
        struct, members = self._declarations.structs[index], self.members(index)
        if not members:
            return name.rstrip("_") if name.rstrip("_") in KEYWORDS else name
        if found := _like(name, members):
            return found
        names = [each.name for each in struct.fields]
        taken = {_like(each, members) for each in names}
        paths = [
            each
            for each in self._paths(self._records[index])
            if each.partition(".")[0] not in taken
        ]
        for key in ([each.replace(".", "_") for each in paths], [*map(_last, paths)]):
            by_name = dict(zip(key, paths, strict=True))
            found = _like(name, by_name) if len(by_name) == len(paths) else None
            if found:
                return by_name[found]
        if name not in names or struct.anonymous:
            return None
        for candidates in (list(members), list(self._paths(self._records[index]))):
            if len(names) == len(candidates):
                counterpart = candidates[names.index(name)]
                if counterpart not in taken:
                    return counterpart
        return self._by_place(index).get(name)

    def _by_place(self, index: int) -> dict[str, str]:
        """C's members for the fields of other names that stand between the same neighbours."""
        struct, members = self._declarations.structs[index], self.members(index)
        order = list(members)
        known = {each.name: _like(each.name, order) for each in struct.fields}
        found: dict[str, str] = {}
        waiting: list[str] = []
        start = 0
        for each in [] if struct.union else [*struct.fields, None]:
            member = known[each.name] if each else None
            if each and member is None:
                if each.name not in struct.anonymous and not self._is_anonymous(each, members):
                    waiting.append(each.name)
                continue
            end = order.index(member) if member else len(order)
            free = [it for it in order[start:end] if it not in known.values()]
            found |= dict(zip(waiting, free, strict=False))
            start, waiting = max(start, end + 1), []
        return found

    def _paths(self, record: Record | None) -> Iterator[str]:
        """The members of a struct, inner structs by their own members: "a.b"."""
        members = self._header.members_of(record) if record else {}
        for name, member in members.items():
            target = resolve(member.field.type)
            is_struct = isinstance(target, Tagged) and target.declared.keyword == "struct"
            inner = list(self._paths(target.declared)) if is_struct else []  # type: ignore
            yield from (f"{name}.{each}" for each in inner)
            if not inner:
                yield name

    def lacking(self, index: int) -> list[str]:
        """The members of a C struct that its Structure has no field for."""
        struct, members = self._declarations.structs[index], self.members(index)
        fields = self._promoted(struct.fields, struct.anonymous, "", (), members)
        found = [self.member(index, each.field.name) or "" for each in fields]
        known = {*found}
        paths = [each for each in found if "." in each]
        lacking = [each for each in members if each not in known]
        for name in list(lacking):
            if any(each.startswith(f"{name}.") for each in paths):
                place = lacking.index(name)
                inner = [
                    each
                    for each in self._paths(self._records[index])
                    if each.startswith(f"{name}.") and each not in known
                ]
                lacking[place : place + 1] = inner
        return lacking

    def unknown(self, index: int) -> list["_Place"]:
        """The fields of a Structure that its C struct has no member for."""
        struct, members = self._declarations.structs[index], self.members(index)
        fields = self._promoted(struct.fields, struct.anonymous, "", (), members)
        found = [it for it in fields if self.member(index, it.field.name) is None]
        for each in found:
            each.is_alternative |= struct.union
        return found

    # Claims about structs

    def _struct(self, index: int) -> list[Claim]:
        struct = self._declarations.structs[index]
        alias, _ = self.counterparts[index]
        if not struct.complete:
            return []
        size, alignment = (
            (f"{struct.size}LL", f"{struct.alignment}LL")
            if self._native
            else (f"(long long)sizeof(ct_m{index})", f"(long long)alignof(ct_m{index})")
        )
        c_size, c_alignment = f"ct_size<{alias}>()", f"ct_alignment<{alias}>()"
        layout = f"({c_size} == {size} && {c_alignment} == {alignment})"
        # A field that stands for nothing lets a class have one, where C says nothing of it.
        is_dummy = len(struct.fields) == 1
        layout = f"({c_size} == 0 || {layout})" if is_dummy else layout
        numbers = f"{size}, {c_size}, {alignment}, {c_alignment}"
        category = f"ct_category_of<{alias}> == ct_is_struct"
        claims = [
            Claim("struct", struct, category, {"type": f"ct_tell<0, {alias}>"}, index),
            Claim("layout", struct, layout, {"layout": f"ct_tell_values<{numbers}>"}, index),
        ]
        record = self._records[index]
        if record is not None and record.fields is None:
            return claims
        members = self.members(index)
        for each in self._promoted(
            struct.fields, struct.anonymous, f"ct_m{index}", (), members
        ):
            claims += self._field(struct, index, each)
        if not struct.union and struct.fields:
            named = [
                self.member(index, each.name)
                for each in struct.fields
                if each.name not in struct.anonymous and not self._is_anonymous(each, members)
            ]
            places = {each.partition(".")[0] for each in named if each}
            number = max(1, len(places) + len(struct.fields) - len(named))
            names = ", ".join(f"a{each}" for each in range(number))
            line = f"void ct_n{index}({alias} &s) {{ auto &[{names}] = s; }}"
            claims.append(Claim("count", struct, line, {}, index))
        return claims

    def _promoted(
        self,
        fields: list[Field],
        anonymous: list[str],
        mirror: str,
        path: tuple[Field, ...],
        members: Iterable[str],
    ) -> Iterator["_Place"]:
        """Each field that C knows by name, and where it is."""
        for each in fields:
            inner = _struct_in(each.type)
            whole = (*path, each)
            if inner is not None and (
                each.name in anonymous or self._is_anonymous(each, members)
            ):
                struct = self._declarations.structs[inner]
                yield from self._promoted(
                    struct.fields, struct.anonymous, mirror, whole, members
                )
            else:
                is_alternative = any(
                    self._declarations.structs[int(it.type[1])].union for it in path
                )
                yield _Place(whole, mirror, self._native, is_alternative)

    def _is_anonymous(self, each: Field, members: Iterable[str]) -> bool:
        """Whether C has the fields of a field's struct, but no name for that one."""
        inner = _struct_in(each.type)
        if kind_of(each.type) != "struct" or inner is None or _like(each.name, members):
            return False
        struct = self._declarations.structs[inner]
        fields = self._promoted(struct.fields, struct.anonymous, "", (), members)
        names = {_like(deeper.field.name, members) for deeper in fields}
        return bool(names) and None not in names

    def _field(self, struct: Struct, index: int, place: "_Place") -> list[Claim]:
        each = place.field
        alias, _ = self.counterparts[index]
        member = self.member(index, each.name)
        if member is None:
            return self._gap(struct, index, place)
        c_type = f"ct_field({alias}, {spelled(member)})"
        record = self._records[index]
        found = self._type_of(record, member) if record else None
        specified = _specified(each.type, found) if found else each.type
        verdict = f"ct_member<{self.cxx(specified)}, {c_type}>"
        questions = {"type": f"ct_tell<{verdict}, {c_type}>"}
        line = f"{verdict} == 0"
        if each.bits:
            claim = Claim("field", each, line, questions, index, struct.name)
            number = len(self.bits)
            self.bits.append(BitField(index, claim, number, alias, member, place))
            return [claim]
        offset = f"ct_offset({alias}, {spelled(member)})"
        questions["offset"] = f"ct_tell_values<{offset}, {place.offset}>"
        line = f"{line} && {offset} == {place.offset}"
        is_open = specified != each.type
        return [Claim("field", each, line, questions, index, struct.name, is_open)]

    def _gap(self, struct: Struct, index: int, place: "_Place") -> list[Claim]:
        """The claim about a field that C has no name for: it is where C has nothing."""
        each, members = place.field, self.members(index)
        alias = self.counterparts[index][0]
        size = f"{each.size}LL"
        if not self._native:
            size = f"(long long)sizeof({place.mirror}::m_{each.name})"
        if struct.union:
            line = f"{size} <= ct_size<{alias}>()"
            return [Claim("field", each, line, {}, index, struct.name)]
        if each.bits:
            self.bits.append(BitField(index, None, len(self.bits), "", "", place))
            return []
        if place.is_alternative:
            others = [
                f"({place.offset} == ct_offset({alias}, {spelled(name)})"
                f" && {size} <= ct_size<ct_field({alias}, {spelled(name)})>())"
                for name, member in members.items()
                if member.is_alternative and not member.field.bits
            ]
            line = " || ".join(others) or "false"
            return [Claim("field", each, line, {}, index, struct.name)]
        apart: list[str] = []
        for name, member in members.items():
            if member.field.bits:
                return [Claim("field", each, "false", {}, index, struct.name)]
            name = spelled(name)
            start = f"ct_offset({alias}, {name})"
            end = f"{start} + ct_size<ct_field({alias}, {name})>()"
            apart.append(f"({place.offset} + {size} <= {start} || {end} <= {place.offset})")
        line = " && ".join(apart) or "false"
        return [Claim("field", each, line, {}, index, struct.name)]

    # Claims about functions and constants

    def _function(self, function: Function) -> Claim:
        name = self.renamed.get(function.name, function.name)
        prototype = self._header.functions.get(name)
        declared_result, arguments = function.result, function.arguments
        if prototype is not None:
            declared_result = _specified(declared_result, prototype.type.result)
            arguments = arguments and _specified_arguments(arguments, prototype.type)
        is_open = (declared_result, arguments) != (function.result, function.arguments)
        c_function = f"decltype({spelled(name)})"
        questions = {"type": f"ct_tell<0, {c_function}>"}
        result = f"ct_signature<{c_function}>::result"
        python_result = self._cxx_value(declared_result)
        verdict = f"ct_result<{python_result}, {result}>"
        questions["result"] = f"ct_tell<{verdict}, {result}>"
        if arguments is None:
            line = f"ct_undeclared<{c_function}> == 0 && {verdict} == 0"
            questions["undeclared"] = (
                f"ct_tell_values<(long long)(ct_category_of<{c_function}> == ct_is_function),"
                f" (long long)ct_undeclared<{c_function}>>"
            )
            return Claim("function", function, line, questions, is_open=is_open)
        types = [self._cxx_value(each) for each in arguments]
        line = f"ct_function<{', '.join([c_function, python_result, *types])}> == 0"
        questions["count"] = (
            f"ct_tell_values<(long long)(ct_category_of<{c_function}> == ct_is_function),"
            f" (long long)ct_signature<{c_function}>::count,"
            f" (long long)ct_signature<{c_function}>::variadic,"
            f" (long long)ct_arguments<{', '.join([c_function, *types])}>()>"
        )
        for number, ctype in enumerate(types):
            parameter = f"ct_parameter<{c_function}, {number}>"
            questions[f"argument {number}"] = (
                f"ct_tell<ct_argument<{ctype}, {parameter}>, {parameter}>"
            )
        return Claim("function", function, line, questions, is_open=is_open)

    def _constant(self, constant: Constant, expansions: dict[str, str]) -> None:
        for name in constant.names:
            if name not in self._header.constants:
                continue
            text = expansions.get(name, name)
            if not _is_expression(text):
                self.textless.append((constant, text))
                return
            bits = constant.value & 0xFFFFFFFFFFFFFFFF
            verdict = f"ct_constant({spelled(name)}, {bits}ULL)"
            if not -(2**63) <= constant.value < 2**64:
                verdict = "(ct_width + 0)"  # no integer of C's is so large
            value = f"ct_tell_values<ct_number({spelled(name)}), {verdict}>"
            self.constants.append(Claim("constant", constant, verdict, {"value": value}))
            return


@dataclass
class _Use:
    """A Structure, and what C has where it is used.

    ``levels`` says how many pointers C has there more than Python.
    """

    index: int
    expression: str
    struct: Record | None
    spelling: str
    levels: int
    is_complex: bool = False
    is_void: bool = False


def _uses(ctype: Type, expression: str, c_type: CType, where: str) -> Iterator[_Use]:
    """The Structures in a type; ``expression`` is C++ for C's, ``c_type`` the header's."""
    levels = _levels(c_type)
    while kind_of(ctype) in ("pointer", "array", "in", "out", "converts"):
        levels -= kind_of(ctype) != "converts"
        ctype = ctype[1]
    left = reached(c_type)
    target = resolve(left)
    if kind_of(ctype) == "struct":
        record = target.declared if isinstance(target, Tagged) else None
        record = record if isinstance(record, Record) else None
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
    """What is left of a type without its pointers and arrays, those of typedefs too."""
    while isinstance(whole := resolve(ctype), Pointer | Array):
        ctype = whole.target if isinstance(whole, Pointer) else whole.item
    return behind(ctype)


def _specified(ctype: Type, c_type: CType) -> Type:
    """A type without the arguments of callbacks that C leaves open: ``int (*)()``."""
    kind, whole = kind_of(ctype), resolve(c_type)
    if kind in ("pointer", "array", "in", "out") and isinstance(whole, Pointer | Array):
        inner = whole.target if isinstance(whole, Pointer) else whole.item
        return [kind, _specified(ctype[1], inner), *ctype[2:]]
    if kind == "callback":
        target = resolve(whole.target) if isinstance(whole, Pointer) else whole
        if isinstance(target, FunctionType):
            result = _specified(ctype[1], target.result)
            return [kind, result, _specified_arguments(ctype[2], target)]
    return ctype


def _specified_arguments(arguments: list[Type], function: FunctionType) -> list[Type]:
    if not function.has_prototype:
        return []
    given = len(function.parameters)
    pairs = zip(arguments, function.parameters, strict=False)
    return [*(_specified(each, it.type) for each, it in pairs), *arguments[given:]]


def _levels(ctype: CType) -> int:
    """How many pointers and arrays a type has, those of typedefs too."""
    levels = 0
    while isinstance(whole := resolve(ctype), Pointer | Array):
        ctype = whole.target if isinstance(whole, Pointer) else whole.item
        levels += 1
    return levels


def _is_like(one: Record, other: Record) -> bool:
    """Whether two structs of C have the same fields, whatever these are called."""
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


class _Place:
    """Where a field is: of a Structure, or of one in it whose fields C has as its own.

    ``is_alternative`` says that others are in its place, in a union.
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
        """The bits that ctypes sets, here; the first byte of the struct has the lowest ones."""
        return int(self.field.mask) << 8 * sum(each.offset for each in self.path[:-1])


@dataclass
class BitField:
    """A bit-field, of which the compiler is asked where its bits are.

    ``claim`` is the one about its type; None, and ``member`` is "", where C has no such field.
    ``c`` and ``python`` are the bits, as in ``Field``; None where they are not known.
    ``is_missing`` says that C has no such field.
    """

    struct: int
    claim: Claim | None
    number: int
    alias: str
    member: str
    place: _Place
    c: int | None = None
    python: int | None = None
    is_missing: bool = False

    def lines(self, native: bool) -> list[str]:
        """Structs in which nothing but the bits of this field are set."""
        variable = "static __attribute__((used)) {} ct_{}{} = {};"
        lines: list[str] = []
        if self.member:
            member = spelled(self.member)
            value = f"(ct_field({self.alias}, {member}))(~0ULL)"
            text = _initialiser(member.split("."), value)
            lines.append(variable.format(self.alias, "v", self.number, text))
        if not native:
            names = [f"m_{each.name}" for each in self.place.path]
            value = f"(ct_field({self.place.mirror}, {'.'.join(names)}))(~0ULL)"
            text = _initialiser(names, value)
            lines.append(variable.format(self.place.mirror, "w", self.number, text))
        return lines


def _initialiser(path: list[str], value: str) -> str:
    for each in reversed(path):
        value = f"{{.{each} = {value}}}"
    return value


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _like(name: str, members: Iterable[str]) -> str | None:
    """The member of that name; one that differs in underscores around it, or in case."""
    members = list(members)
    for candidate in (name, name.strip("_"), f"{name}_", f"_{name}"):
        if candidate in members:
            return candidate
    found = [each for each in members if _plain(each) == _plain(name) != ""]
    return found[0] if len(found) == 1 else None


def _renamed(name: str, header: Header) -> str | None:
    """The function that a macro puts in the place of one that the header does not declare."""
    macro = header.unit.macros.get(name)
    if macro is None or name in header.functions:
        return None
    body = macro.body.strip()
    return body if body in header.functions else None


def _is_pointer(ctype: Type) -> bool:
    return kind_of(ctype) in ("pointer", "callback") or ctype in (
        "c_void_p",
        "c_char_p",
        "c_wchar_p",
    )


def _is_union_of_pointers(struct: Struct) -> bool:
    """Whether it stands for a pointer, whose target may have several types."""
    return (
        struct.complete and struct.union and all(_is_pointer(it.type) for it in struct.fields)
    )


def _is_wrapper(struct: Struct) -> bool:
    """Whether its one field is a pointer or an integer, as which it is passed by value."""
    kinds = [each.type for each in struct.fields if not each.bits]
    if struct.union or len(kinds) != 1 or len(struct.fields) != 1:
        return False
    is_integer = isinstance(kinds[0], str) and kinds[0] not in (*FLOATS, *_COMPLEX)
    return is_integer or _is_pointer(kinds[0])


def _is_wrapped_pointer(struct: Struct) -> bool:
    return _is_wrapper(struct) and _is_pointer(struct.fields[0].type)


_COMPLEX = [name for name in CXX if name.endswith("_complex")]


def _is_row(struct: Struct) -> bool:
    """Whether its fields lie as the items of an array do."""
    kinds = [each.type for each in struct.fields]
    is_alike = len(kinds) > 1 and all(each == kinds[0] for each in kinds)
    return is_alike and not struct.union and not any(each.bits for each in struct.fields)


_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\S')


def _is_expression(text: str) -> bool:
    """Whether a macro's text may be an expression: a claim with it ends where it did."""
    open_: list[str] = []
    pieces = _PIECE.findall(text)
    for each in pieces:
        if each in "([{":
            open_.append(each)
        elif each in ")]}":
            if not open_ or open_.pop() + each not in ("()", "[]", "{}"):
                return False
        elif each in ";\"'\\#" and "{" not in open_:
            return False
    return bool(pieces) and not open_


def is_same_name(name: str, member: str) -> bool:
    """Whether a field and C's member, or member's member, differ in spelling at most."""
    plain = _plain(name)
    return plain in (_plain(_last(member)), _plain(member.replace(".", "_")))


def _plain(name: str) -> str:
    return name.strip("_").lower()


def structs_in(ctype: Type) -> Iterator[int]:
    """The structs that a type is made of, those that callbacks take too."""
    kind = kind_of(ctype)
    if kind == "struct":
        yield int(ctype[1])
    elif kind == "callback":
        for each in (ctype[1], *ctype[2]):
            yield from structs_in(each)
    elif kind and kind != "any":
        yield from structs_in(ctype[1])


def _struct_in(ctype: Type) -> int | None:
    """The struct that a type is, points to, or is an array of."""
    while kind_of(ctype) in ("pointer", "array", "in", "out", "converts"):
        ctype = ctype[1]
    return int(ctype[1]) if kind_of(ctype) == "struct" else None


def _mirrors(declarations: Declarations) -> list[str]:
    """Each Structure as C++, for another platform's compiler to lay out."""
    lines: list[str] = []
    done: set[int] = set()

    def declarator(ctype: Type, name: str) -> str:
        while kind_of(ctype) == "array":
            name, ctype = f"{name}[{ctype[2]}]", ctype[1]
        if kind_of(ctype) == "swapped":
            ctype = ctype[1]
        if isinstance(ctype, str) and not CXX[ctype].startswith(("ct_pointer", "ct_object")):
            return f"{CXX[ctype]} {name}"
        if kind_of(ctype) == "struct":
            write(int(ctype[1]))
            return f"ct_m{ctype[1]} {name}"
        return f"void *{name}"

    def write(index: int) -> None:
        if index in done:
            return
        done.add(index)
        struct = declarations.structs[index]
        members = "".join(
            f" {declarator(each.type, f'm_{each.name}')}{f' : {each.bits}' * bool(each.bits)};"
            for each in struct.fields
        )
        align = f"alignas({struct.align}) " if struct.align else ""
        kind = "union" if struct.union else "struct"
        text = f"{kind} {align}ct_m{index} {{{members} }};"
        if struct.pack:
            lines.append(f"#pragma pack(push, {struct.pack})")
        lines.append(text)
        if struct.pack:
            lines.append("#pragma pack(pop)")

    for index in range(len(declarations.structs)):
        write(index)
    return lines
