"""Write claims: C++ lines that compile if and only if a declaration agrees with a header."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..headers.c_as_cxx import spelled
from ..headers.c_model import Array, Basic, FunctionType, Pointer, record_of, resolve
from ..headers.c_model import Type as CType
from ..headers.header import Header
from .by_value import Rules, is_misplaced, rules_of
from .counterparts import Counterparts, Place, is_row, is_union_of_pointers, is_wrapper
from .model import CXX, Constant, Declarations, Function, Struct, Type, Variable, kind_of

with open(os.path.join(os.path.dirname(__file__), "claims.h"), encoding="utf-8") as _stream:
    RULES = _stream.read()
_WORDS_OF_THE_RULES = frozenset(
    word for word in re.findall(r"[A-Za-z_]\w*", RULES) if not word.startswith("ct_")
)

END = "}"
"""The line after all claims. It closes the namespace that the preparation opens."""


@dataclass
class Claim:
    """A line that should compile, and the questions to ask if it does not.

    Attributes:
        kind: "function", "size", "variable", "struct", "layout", "field", "count" or
            "constant".
        of: the declaration.
        line: the condition; for "count", a line of C++; for "constant", a value that must be 0.
        questions: ``ct_tell`` types whose arguments are the answers, by names of ours.
        is_open: whether C leaves arguments open: those of ``int f();``, or of a callback.
        struct: the index of a struct, or of a field's struct.
        within: the name of a field's struct.
        argument: for "size": which argument of a function, from 1.
    """

    kind: str
    of: Any
    line: str
    questions: dict[str, str] = field(default_factory=dict[str, str])
    struct: int | None = None
    within: str = ""
    is_open: bool = False
    argument: int = 0

    @property
    def subject(self) -> str:
        """The subject, as in a finding."""
        return f"{self.within}.{self.of.name}" if self.within else str(self.of.name)


class Claims:
    """The claims about some declarations, once a header's names are known.

    Attributes:
        constants: claims about constants, which need the header's macros.
        preparation: the lines after these: they undefine macros that would rewrite the rest,
            and name the structs.
        others: all other claims, one a line, in order.
        structs: the C struct that each Structure stands for.
        textless: constants whose macro in C is not an expression, and its text.
        renamed: functions that the header names otherwise: it has a macro that replaces one by
            another, or an asm label that gives one this name.
        labels: the names in the library of functions that have such a label.
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
        self.textless: list[tuple[Constant, str]] = []
        self.renamed: dict[str, str] = {}
        self.bits: list[BitField] = []
        defined = {name for name, text in expansions.items() if text != name}
        self._rules: Rules | None = rules_of(defined.__contains__)
        prefix = expansions.get("__USER_LABEL_PREFIX__", "").replace(
            "__USER_LABEL_PREFIX__", ""
        )
        self.labels = labels_of(header, prefix)
        unlabelled = {label: name for name, label in self.labels.items()}
        for name in {each.name for each in declarations.functions}:
            if stands_for := _renamed(name, header, unlabelled):
                self.renamed[name] = stands_for
        self.structs = Counterparts(declarations, header, native, renamed, self.renamed)
        mirrors = [] if native else _mirrors(declarations)
        self._aliases = [*mirrors, *self.structs.aliases]
        for index in sorted(self.structs.names):
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
                    self.others += self._sizes(function)
        for variable in declarations.variables:
            if variable.name in header.identifiers:
                with declarations.each(variable.name):
                    self.others.append(self._variable(variable))
        for constant in declarations.constants:
            with declarations.each(constant.name):
                self._constant(constant, expansions)
        self.preparation = [*self._undefines(macros), self._defaults(), *self._aliases]

    def has(self, function: Function) -> bool:
        """Whether the headers have the name of a function."""
        return function.name in self._header.identifiers or function.name in self.renamed

    @property
    def claims(self) -> list[Claim]:
        """All of them, in the order of the file."""
        return [*self.constants, *self.others]

    def _defaults(self) -> str:
        """A line that opens a namespace, and declares a default for each alias before it.

        If an alias does not compile, the default is used. Otherwise its name would be unknown
        in the rest of the file: compilers write many messages for each use of it, and search
        all names for a similar one, which takes half of the time of a large header.
        """
        names = [name for name, _ in self.structs.names.values()]
        aliases = " ".join(f"using {name} = ct_none;" for name in names)
        return f"struct ct_none; {aliases} namespace ct_here {{"

    def is_placed(self, ctype: Type) -> bool:
        """Whether it is known how C passes a type by value, and in callbacks."""
        if kind_of(ctype) == "callback":
            return all(map(self.is_placed, (ctype[1], *ctype[2])))
        return kind_of(ctype) != "struct" or self._rules is not None

    def _undefines(self, macros: Iterable[str]) -> list[str]:
        """The lines that undefine macros which would rewrite the claims and the rules."""
        text = "\n".join([*self._aliases, *(each.line for each in self.others)])
        text += "".join(map(str, (each.questions for each in self.others)))
        words = {*re.findall(r"[A-Za-z_]\w*", text), *_WORDS_OF_THE_RULES}
        return [f"#undef {name}" for name in sorted(words.intersection(macros))]

    def cxx(self, ctype: Type) -> str:
        """A type as written in claims."""
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
        """The type of an argument or a result."""
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
        if index in self.structs.names:
            word = "ct_same" if struct.complete else "ct_hidden"
            own = f"{word}<{self.structs.names[index][0]}>"
        elif not struct.complete:
            return "ct_opaque"
        kinds = [each.type for each in struct.fields]
        if is_union_of_pointers(struct):
            return f"ct_alternatives<{', '.join([own, *map(self.cxx, kinds)])}>"
        if index in self.structs.complex:
            return f"ct_alternatives<{own}, __complex__ {self.cxx(kinds[0])}>"
        if is_wrapper(struct):
            return f"ct_wrapper<{own}, {self._cxx_inner(kinds[0])}>"
        if is_row(struct) and index not in self.structs.names:
            return f"ct_row<{own}, {self._cxx_inner(kinds[0])}, {len(kinds)}>"
        return own

    def _cxx_inner(self, ctype: Type) -> str:
        """The type of a field. A pointer has no target, since that may be this struct."""
        is_pointer = kind_of(ctype) in ("pointer", "callback")
        return "ct_pointer<void>" if is_pointer else self.cxx(ctype)

    # Claims about structs

    def _struct(self, index: int) -> list[Claim]:
        struct = self._declarations.structs[index]
        alias, _ = self.structs.names[index]
        if not struct.complete:
            return []
        size, alignment = (
            (f"{struct.size}LL", f"{struct.alignment}LL")
            if self._native
            else (f"(long long)sizeof(ct_m{index})", f"(long long)alignof(ct_m{index})")
        )
        c_size, c_alignment = f"ct_size<{alias}>()", f"ct_alignment<{alias}>()"
        layout = f"({c_size} == {size} && {c_alignment} == {alignment})"
        # An opaque struct is sometimes declared with a single dummy field.
        is_dummy = len(struct.fields) == 1
        layout = f"({c_size} == 0 || {layout})" if is_dummy else layout
        numbers = f"{size}, {c_size}, {alignment}, {c_alignment}"
        category = f"ct_category_of<{alias}> == ct_is_struct"
        claims = [
            Claim("struct", struct, category, {"type": f"ct_tell<0, {alias}>"}, index),
            Claim("layout", struct, layout, {"layout": f"ct_tell_values<{numbers}>"}, index),
        ]
        record = self.structs.records[index]
        if record is not None and record.fields is None:
            return claims
        members = self.structs.members(index)
        for each in self.structs.places(index, f"ct_m{index}"):
            claims += self._field(struct, index, each)
        if not struct.union and struct.fields:
            known = [
                each
                for each in struct.fields
                if each.name not in struct.anonymous
                and not self.structs.is_anonymous(each, members)
            ]
            named = [self.structs.member(index, each.name) for each in known]
            places = {each.partition(".")[0] for each in named if each}
            number = max(1, len(places) + len(struct.fields) - len(named))
            names = ", ".join(f"a{each}" for each in range(number))
            line = f"void ct_n{index}({alias} &s) {{ auto &[{names}] = s; }}"
            claims.append(Claim("count", struct, line, {}, index))
        return claims

    def _field(self, struct: Struct, index: int, place: Place) -> list[Claim]:
        each = place.field
        alias, _ = self.structs.names[index]
        member = self.structs.member(index, each.name)
        if member is None:
            return self._gap(struct, index, place)
        c_type = f"ct_field({alias}, {spelled(member)})"
        record = self.structs.records[index]
        found = self.structs.type_of(record, member) if record else None
        specified = _specified(each.type, found) if found else each.type
        whole = resolve(found) if found else None
        is_bool = isinstance(whole, Basic) and whole.name == "_Bool"
        if each.bits == 1 and each.type in ("c_uint8", "c_ubyte") and is_bool:
            specified = "c_bool"  # of which ctypes has no bit-fields
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

    def _gap(self, struct: Struct, index: int, place: Place) -> list[Claim]:
        """The claim that a field unknown to C lies where C has no member."""
        if place.field.bits and not struct.union:
            self.bits.append(BitField(index, None, len(self.bits), "", "", place))
            return []
        line = self._is_gap(struct, index, place)
        return [Claim("field", place.field, line, {}, index, struct.name)]

    def _is_gap(self, struct: Struct, index: int, place: Place) -> str:
        each, members = place.field, self.structs.members(index)
        alias = self.structs.names[index][0]
        size = f"{each.size}LL"
        if not self._native:
            size = f"(long long)sizeof({place.mirror}::m_{each.name})"
        if struct.union:
            return f"{size} <= ct_size<{alias}>()"
        if place.is_alternative:
            others = [
                f"({place.offset} == ct_offset({alias}, {spelled(name)})"
                f" && {size} <= ct_size<ct_field({alias}, {spelled(name)})>())"
                for name, member in members.items()
                if member.is_alternative and not member.field.bits
            ]
            return " || ".join(others) or "false"
        if any(member.field.bits for member in members.values()):
            return "false"
        apart: list[str] = []
        for name in map(spelled, members):
            start = f"ct_offset({alias}, {name})"
            end = f"{start} + ct_size<ct_field({alias}, {name})>()"
            apart.append(f"({place.offset} + {size} <= {start} || {end} <= {place.offset})")
        return " && ".join(apart) or "false"

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

    def _sizes(self, function: Function) -> Iterator[Claim]:
        """Claims that memory has as many items as the length of C's parameter.

        C11 6.7.6.3 makes a pointer of such a parameter: only ``static`` in it binds the caller,
        but the other lengths say how much C accesses, too.
        """
        name = self.renamed.get(function.name, function.name)
        prototype = self._header.functions.get(name)
        if prototype is None or function.arguments is None:
            return
        parameters = prototype.type.parameters
        taken = {each.name for each in parameters}
        rows = zip(function.arguments, function.words, parameters, strict=False)
        for number, (ctype, words, parameter) in enumerate(rows):
            whole = resolve(parameter.type)
            items = ctype[2] if kind_of(ctype) == "array" else words.items
            if items is None or not isinstance(whole, Array) or not whole.length:
                continue
            item = ctype[1]
            one = resolve(whole.item)
            if (
                kind_of(item) == "array"
                and isinstance(one, Basic)
                and "_Complex" not in one.name
            ):
                items, item = items * item[2], item[1]  # rows, for an array of numbers
            if kind_of(item) == "struct" and record_of(whole.item) is None:
                continue  # a struct with a field for each item
            if taken.intersection(re.findall(r"[A-Za-z_]\w*", whole.length)):
                continue  # only a call tells
            parameter_type = f"ct_parameter<decltype({spelled(name)}), {number}>"
            size = f"ct_size<ct_bare<typename ct_target_of<{parameter_type}>::type>>()"
            # Buffers of any items are counted in bytes.
            length = f"(long long)({whole.length})" + f" * {size}" * (item in (None, "c_char"))
            tell = {"size": f"ct_tell_values<{length}, {items}LL>"}
            yield Claim("size", function, f"{length} <= {items}", tell, argument=number + 1)

    def _variable(self, variable: Variable) -> Claim:
        c_type = f"decltype({spelled(variable.name)})"
        verdict = f"ct_member<{self.cxx(variable.type)}, ct_bare<{c_type}>>"
        is_const = f"ct_is_const<{c_type}>"
        questions = {
            "type": f"ct_tell<{verdict}, {c_type}>",
            "const": f"ct_tell_values<(long long){is_const}>",
        }
        line = f"{verdict} == 0"
        if variable.is_writable:
            line += f" && !{is_const}"
        return Claim("variable", variable, line, questions)

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
                verdict = "(ct_width + 0)"  # no integer type of C is so large
            value = f"ct_tell_values<ct_number({spelled(name)}), {verdict}>"
            self.constants.append(Claim("constant", constant, verdict, {"value": value}))
            return


def _specified(ctype: Type, c_type: CType) -> Type:
    """A type without the arguments of callbacks that C does not specify: ``int (*)()``."""
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


@dataclass
class BitField:
    """A bit-field whose bits the compiler has to find.

    ``claim`` is the claim about its type; if C has no such field, it is None, and ``member`` is
    "". ``c`` and ``python`` are the masks, as in ``Field``; None if they are not known.
    ``is_missing`` says that C has no such field.
    """

    struct: int
    claim: Claim | None
    number: int
    alias: str
    member: str
    place: Place
    c: int | None = None
    python: int | None = None
    is_missing: bool = False

    def lines(self, native: bool) -> list[str]:
        """Definitions of structs in which only the bits of this field are set."""
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


def labels_of(header: Header, prefix: str) -> dict[str, str]:
    """The names in the library of functions whose asm label differs from their name.

    The prefix is that of all C names in object files, "_" on macOS. It is a part of labels.
    """
    labels = {
        each.name: each.label.removeprefix(prefix)
        for each in header.functions.values()
        if each.label
    }
    return {name: label for name, label in labels.items() if label != name}


def _renamed(name: str, header: Header, unlabelled: dict[str, str]) -> str | None:
    """The function of the header that one is, although the header has none of that name."""
    if name in header.functions:
        return None
    macro = header.unit.macros.get(name)
    body = macro.body.strip() if macro else ""
    return body if body in header.functions else unlabelled.get(name)


_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\S')


def _is_expression(text: str) -> bool:
    """Whether a macro's text may be an expression, so that it cannot break the claim's line."""
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


def _mirrors(declarations: Declarations) -> list[str]:
    """Each Structure in C++, so that another platform's compiler lays it out."""
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
