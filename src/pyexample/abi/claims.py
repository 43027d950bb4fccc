"""Write claims: C++ lines that compile if, and only if, a declaration agrees with a header."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .c_model import behind, spell
from .header import Header
from .model import CXX, Constant, Declarations, Field, Function, Struct, Type, kind_of

_KEYWORDS = (
    "alignas alignof asm catch char16_t char32_t class const_cast constexpr decltype delete"
    " dynamic_cast explicit export friend mutable namespace new noexcept nullptr operator"
    " private protected public reinterpret_cast static_cast template this thread_local throw"
    " try typeid typename using virtual and and_eq bitand bitor compl not not_eq or or_eq xor"
    " xor_eq"
)
_OPERATORS = "and and_eq bitand bitor compl not not_eq or or_eq xor xor_eq"
_C_HEADERS = (
    "assert ctype errno float limits math setjmp signal stdarg stdbool stdio stdlib string"
)
_C_WORDS = {
    "_Bool": "bool",
    "restrict": "__restrict",
    "_Noreturn": "",
    "_Static_assert(...)": "",
    "_Alignas(n)": "__attribute__((aligned(n)))",
    "_Atomic": "",
    "_Complex": "__complex__",
}

_RESERVED = frozenset(_KEYWORDS.split())

MODES = ("C++", "C", "C without bodies", "C++ alone")
"""How headers are included, each for those that the one before it does not compile: as C++
within extern "C"; as C with what is no C++; the same without functions' bodies; as C++."""


@dataclass
class Claim:
    """A line that is to compile, and what to ask where it does not.

    Attributes:
        kind: "function", "struct", "layout", "field", "count" or "constant".
        of: the declaration.
        line: C++.
        questions: by a name of ours, ``ct_tell`` types whose arguments are the answer.
        struct: of a struct's field: the struct.
    """

    kind: str
    of: Any
    line: str
    questions: dict[str, str] = field(default_factory=dict[str, str])
    struct: Struct | None = None

    @property
    def subject(self) -> str:
        """What it is about, as a finding's subject has it."""
        if self.kind == "field" and self.struct is not None:
            return f"{self.struct.name}.{self.of.name}"
        return str(self.of.name)


def prologue(headers: Iterable[str], mode: str) -> str:
    """The lines that include the headers, in one of the MODES."""
    includes = "".join(f'#include "{_path(header)}"\n' for header in headers)
    if mode == "C++ alone":
        return includes
    if mode == "C++":
        return f'extern "C" {{\n{includes}}}\n'
    before = "".join(f"#include <{name}.h>\n" for name in _C_HEADERS.split())
    names = sorted(_RESERVED - frozenset(_OPERATORS.split()))
    defines = "".join(f"#define {word} {word}_\n" for word in names)
    defines += "".join(f"#define {word} {text}\n" for word, text in _C_WORDS.items())
    undefines = "".join(f"#undef {word}\n" for word in names)
    undefines += "".join(f"#undef {word.partition('(')[0]}\n" for word in _C_WORDS)
    return (
        f'{before}#undef __cplusplus\n{defines}extern "C" {{\n{includes}}}\n'
        f"{undefines}#define __cplusplus 201703L\n"
    )


def _path(header: str) -> str:
    # Of a file in the current directory the compiler would know only beside the source.
    return os.path.abspath(header).replace("\\", "/") if os.path.isfile(header) else header


class Claims:
    """The claims about some declarations, once a header's names are known.

    Attributes:
        claims: one a line, in order.
        aliases: the lines before them, that name the structs.
        counterparts: the C struct of each Structure, by index: an alias and its spelling.
        anonymous: the Structures whose fields C has in an anonymous struct.
    """

    def __init__(
        self, declarations: Declarations, header: Header, native: bool, renamed: dict[str, str]
    ) -> None:
        self._declarations = declarations
        self._header = header
        self._native = native
        self.claims: list[Claim] = []
        self.aliases: list[str] = []
        self.counterparts: dict[int, tuple[str, str]] = {}
        self.anonymous: set[int] = set()
        if not native:
            self.aliases += _mirrors(declarations)
        self._find_structs(renamed)
        for index in sorted(self.counterparts):
            with declarations.each(declarations.structs[index].name):
                self.claims += self._struct(index)
        written: set[str] = set()
        for function in declarations.functions:
            if function.name in header.identifiers:
                with declarations.each(function.name):
                    claim = self._function(function)
                    if claim.line not in written:  # looked up once more
                        self.claims.append(claim)
                    written.add(claim.line)
        for constant in declarations.constants:
            with declarations.each(constant.name):
                self.claims += self._constant(constant)

    def cxx(self, ctype: Type) -> str:
        """A type as the claims write it."""
        if ctype is None:
            return "void"
        if isinstance(ctype, str):
            return CXX[ctype]
        kind, rest = kind_of(ctype), ctype[1:]
        if kind == "struct":
            index = int(rest[0])
            if index in self.counterparts:
                return f"ct_same<{self.counterparts[index][0]}>"
            complete = self._declarations.structs[index].complete
            return f"ct_struct<{index}>" if complete else "ct_opaque"
        if kind == "array":
            return f"ct_array<{self.cxx(rest[0])}, {rest[1]}>"
        if kind == "callback":
            return f"ct_callback<{', '.join(self.cxx(each) for each in (rest[0], *rest[1]))}>"
        if kind == "any":
            return "ct_any"
        if kind == "swapped":
            return self.cxx(rest[0])
        return f"ct_{kind}<{self.cxx(rest[0])}>"

    def _find_structs(self, renamed: dict[str, str]) -> None:
        """Find each Structure's C struct: as told, of that name, or where it is used."""
        for index, struct in enumerate(self._declarations.structs):
            spelling = renamed.get(struct.name)
            if spelling:
                spelling = self._header.record_like(spelling) or spelling
            else:
                spelling = self._header.record_like(struct.name)
            if spelling:
                self._name(index, spelling, spelling)
        for index in list(self.counterparts):
            self._find_in_fields(index)
        for index, expression, spelling in self._used():
            if index not in self.counterparts and self._declarations.structs[index].complete:
                self._name(index, f"ct_reached<{expression}>", spelling)
                self._find_in_fields(index)

    def _name(self, index: int, cxx: str, spelling: str) -> None:
        alias = f"ct_c{index}"
        self.counterparts[index] = (alias, spelling)
        self.aliases.append(f"using {alias} = {cxx};")

    def _find_in_fields(self, index: int) -> None:
        struct = self._declarations.structs[index]
        alias, spelling = self.counterparts[index]
        for each in struct.fields:
            inner = _struct_in(each.type)
            if inner is None or inner in self.counterparts:
                continue
            members = self._header.members(spelling)
            if each.name in struct.anonymous or self._is_anonymous(each, members):
                self._leave_out(inner)
                continue
            if self._declarations.structs[inner].complete:
                member = self.member(struct, each.name, spelling)
                self._name(
                    inner, f"ct_reached<ct_field({alias}, {member})>", f"{spelling}::{member}"
                )
                self._find_in_fields(inner)

    def _leave_out(self, index: int) -> None:
        """Note a Structure whose fields C has in an anonymous struct, and those within it."""
        self.anonymous.add(index)
        struct = self._declarations.structs[index]
        for each in struct.fields:
            inner = _struct_in(each.type)
            if inner is not None and each.name in struct.anonymous:
                self._leave_out(inner)

    def _used(self) -> Iterator[tuple[int, str, str]]:
        """Which structs functions use, most frequent first, and how C calls them there."""
        uses: dict[tuple[int, str], list[str]] = {}
        for function in self._declarations.functions:
            prototype = self._header.functions.get(function.name)
            if prototype is None:
                continue
            c_function = f"ct_signature<decltype({function.name})>"
            places = [(function.result, f"{c_function}::result", prototype.type.result)]
            for number, (ctype, parameter) in enumerate(
                zip(function.arguments or [], prototype.type.parameters, strict=False)
            ):
                c_parameter = f"ct_parameter<decltype({function.name}), {number}>"
                places.append((ctype, c_parameter, parameter.type))
            for ctype, expression, c_type in places:
                index = _struct_in(ctype)
                if index is not None:
                    name = spell(behind(c_type))
                    uses.setdefault((index, name), []).append(expression)
        for (index, name), expressions in sorted(uses.items(), key=lambda item: -len(item[1])):
            yield index, expressions[0], name

    def member(self, struct: Struct, name: str, spelling: str) -> str:
        """How C calls a field: names that are none in the other language get underscores."""
        members = self._header.members(spelling)
        keyword = f"{name.rstrip('_')}_" if name.rstrip("_") in _RESERVED else name
        for candidate in (name, keyword, name.strip("_"), f"{name}_", f"_{name}"):
            if candidate in members:
                # In the mode that includes C as C, a keyword is spelled with one.
                return f"{candidate}_" if candidate in _RESERVED else candidate
        names = [each.name for each in struct.fields]
        if len(names) == len(members) and not struct.anonymous:
            counterpart = list(members)[names.index(name)]
            if counterpart not in names:
                return counterpart
        return keyword

    def _struct(self, index: int) -> list[Claim]:
        struct = self._declarations.structs[index]
        alias, spelling = self.counterparts[index]
        if not struct.complete:
            return []
        size, alignment = (
            (f"{struct.size}LL", f"{struct.alignment}LL")
            if self._native
            else (f"(long long)sizeof(ct_m{index})", f"(long long)alignof(ct_m{index})")
        )
        c_size, c_alignment = f"(long long)sizeof({alias})", f"(long long)alignof({alias})"
        layout = f"{c_size} == {size} && {c_alignment} == {alignment}"
        numbers = f"{size}, {c_size}, {alignment}, {c_alignment}"
        claims = [
            Claim(
                "struct",
                struct,
                f"ct_category_of<{alias}> == ct_is_struct",
                {"type": f"ct_tell<0, {alias}>"},
                struct,
            ),
            Claim("layout", struct, layout, {"layout": f"ct_tell_values<{numbers}>"}, struct),
        ]
        members = self._header.members(spelling)
        for each, offset in self._promoted(
            struct.fields, struct.anonymous, 0, f"ct_m{index}", members
        ):
            claims.append(self._field(struct, index, each, offset))
        if not struct.union and struct.fields:
            names = ", ".join(f"a{number}" for number in range(len(struct.fields)))
            line = f"void ct_n{index}({alias} &s) {{ auto &[{names}] = s; }}"
            claims.append(Claim("count", struct, line, {}, struct))
        return claims

    def lacking(self, struct: Struct, spelling: str) -> list[str]:
        """The members of a C struct that its Structure has no field for."""
        members = self._header.members(spelling)
        fields = self._promoted(struct.fields, struct.anonymous, 0, "", members)
        known = {self.member(struct, each.name, spelling) for each, _ in fields}
        return [each for each in members if each not in known and f"{each}_" not in known]

    def _promoted(
        self,
        fields: list[Field],
        anonymous: list[str],
        offset: int,
        mirror: str,
        members: Iterable[str],
    ) -> Iterator[tuple[Field, str]]:
        """Each field that C knows by name, and the expression of its offset."""
        for each in fields:
            place = (
                f"{offset + each.offset}LL"
                if self._native
                else f"(long long)offsetof({mirror}, m_{each.name})"
            )
            inner = _struct_in(each.type)
            if inner is not None and (
                each.name in anonymous or self._is_anonymous(each, members)
            ):
                struct = self._declarations.structs[inner]
                for deeper, text in self._promoted(
                    struct.fields,
                    struct.anonymous,
                    offset + each.offset,
                    f"ct_m{inner}",
                    members,
                ):
                    yield deeper, text if self._native else f"{place} + {text}"
            else:
                yield each, place

    def _is_anonymous(self, each: Field, members: Iterable[str]) -> bool:
        """Whether C has the fields of a field's struct, but no name for that one."""
        inner = _struct_in(each.type)
        if each.name in members or kind_of(each.type) != "struct" or inner is None:
            return False
        struct = self._declarations.structs[inner]
        fields = self._promoted(struct.fields, struct.anonymous, 0, "", members)
        names = {deeper.name for deeper, _ in fields}
        return bool(names) and names <= set(members)

    def _field(self, struct: Struct, index: int, each: Field, offset: str) -> Claim:
        alias, spelling = self.counterparts[index]
        member = self.member(struct, each.name, spelling)
        c_type = f"ct_field({alias}, {member})"
        verdict = f"ct_member<{self.cxx(each.type)}, {c_type}>"
        questions = {"type": f"ct_tell<{verdict}, {c_type}>"}
        if each.bits:
            line = f"{verdict} == 0 && {self._bits(struct, index, each, member, questions)}"
        else:
            place = f"(long long)offsetof({alias}, {member})"
            line = f"{verdict} == 0 && {place} == {offset}"
            questions["offset"] = f"ct_tell_values<{place}, {offset}>"
        return Claim("field", each, line, questions, struct)

    def _bits(
        self, struct: Struct, index: int, each: Field, member: str, questions: dict[str, str]
    ) -> str:
        """The claim about a bit-field: its width, and its place among the fields."""
        alias, spelling = self.counterparts[index]
        number = len(self.aliases)
        bits, place = f"ct_b{number}", f"ct_p{number}"
        self.aliases.append(f"ct_define_bits({bits}, {alias}, {member})")
        questions["bits"] = f"ct_tell_values<{bits}()>"
        claim = f"{bits}() == {each.bits}"
        members = self._header.members(spelling)
        if (
            each in struct.fields
            and not struct.union
            and len(members) in (0, len(struct.fields))
        ):
            names = [f"a{number}" for number in range(len(struct.fields))]
            mine = names[struct.fields.index(each)]
            self.aliases.append(
                f"ct_define_place({place}, {alias}, {member}, {mine}, {', '.join(names)})"
            )
            questions["place"] = f"ct_tell_values<(int){place}()>"
            claim += f" && {place}()"
        return claim

    def _function(self, function: Function) -> Claim:
        c_function = f"decltype({function.name})"
        questions = {"type": f"ct_tell<0, {c_function}>"}
        result = f"ct_signature<{c_function}>::result"
        verdict = f"ct_result<{self.cxx(function.result)}, {result}>"
        questions["result"] = f"ct_tell<{verdict}, {result}>"
        if function.arguments is None:
            line = f"ct_undeclared<{c_function}> == 0 && {verdict} == 0"
            questions["undeclared"] = f"ct_tell_values<(long long)ct_undeclared<{c_function}>>"
            return Claim("function", function, line, questions)
        types = [self.cxx(each) for each in function.arguments]
        line = f"ct_function<{', '.join([c_function, self.cxx(function.result), *types])}> == 0"
        questions["count"] = (
            f"ct_tell_values<(long long)ct_signature<{c_function}>::count,"
            f" (long long)ct_signature<{c_function}>::variadic>"
        )
        for number, ctype in enumerate(types):
            parameter = f"ct_parameter<{c_function}, {number}>"
            questions[f"argument {number}"] = (
                f"ct_tell<ct_argument<{ctype}, {parameter}>, {parameter}>"
            )
        return Claim("function", function, line, questions)

    def _constant(self, constant: Constant) -> Iterator[Claim]:
        for name in constant.names:
            keyword = f"{name}_" if name in _RESERVED else name  # as C's are in the mode "C"
            if name in self._header.constants or keyword in self._header.constants:
                bits = constant.value & 0xFFFFFFFFFFFFFFFF
                verdict = f"ct_constant({keyword}, {bits}ULL)"
                if not -(2**63) <= constant.value < 2**64:
                    verdict = "ct_width"  # no integer of C's is so large
                value = f"ct_tell_values<(long long)({keyword}), (long long){verdict}>"
                yield Claim("constant", constant, f"{verdict} == 0", {"value": value})
                return


def _struct_in(ctype: Type) -> int | None:
    """The struct that a type is, points to, or is an array of."""
    while kind_of(ctype) in ("pointer", "array", "in", "out"):
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
