"""Turn the claims that failed into findings: the difference, and its effect at run time."""

import operator
import os
import re
from collections.abc import Callable, Iterable, Iterator

from ..headers import c_model
from ..headers.c_model import spell
from ..headers.header import Header
from .claims import Claim, Claims
from .counterparts import is_same_name, structs_in
from .difference import Difference, breaks, unjudged
from .judge import VERDICTS, Failure, Judgement
from .model import Constant, Declarations, Field, Function, Struct, Type, Variable, kind_of
from .report import GRADES, Finding, Grade, count
from .worded import classes_of, of_words
from .words import HAPPENS, WORDS

_FIRST_ERROR = VERDICTS.index("width")

_ELSEWHERE = "Python reads and writes other fields of C's"
_LACKING = "Python leaves the fields that it lacks at zero, or at random values"
_PADDING = re.compile(r"pad|gap|fill|reserved|unused|dummy|^_*\d*$", re.IGNORECASE)


_OPEN = unjudged(
    "C does not say which arguments it takes, as in int f();",
    "correct if the library expects these arguments; only the result is judged",
)


Paste = Callable[[list[c_model.Function], dict[c_model.Record, str]], dict[str, str]]
"""Returns the declarations of functions by their names, given these functions and the Handle
class of each opaque struct."""


def findings(
    declarations: Declarations, judgement: Judgement, paste: Paste | None
) -> list[Finding]:
    """All findings, the worst first; with declarations to paste, if ``paste`` writes them."""
    words = _Words(declarations, judgement.claims, judgement.header)
    found = list(words.of_functions(judgement.failures))
    found += words.of_variables(judgement.failures)
    found += words.of_structs(judgement.failures)
    found += words.of_constants(judgement.failures)
    found += words.of_words()
    found += words.of_sizes(judgement.failures)
    found += words.not_in_header()
    found += words.not_in_python(paste)
    found += words.unread()
    return in_order(found)


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Each once, the worst first."""
    order = list(GRADES)
    return sorted(
        dict.fromkeys(found),
        key=lambda each: (order.index(each.grade), each.file, each.line, each.subject),
    )


class _Words:
    def __init__(self, declarations: Declarations, claims: Claims, header: Header) -> None:
        self._declarations = declarations
        self._claims = claims
        self._structs = claims.structs
        self._header = header

    # Functions

    def of_functions(self, failures: list[Failure]) -> Iterator[Finding]:
        for failure in failures:
            if failure.claim.kind == "function":
                with self._declarations.each(failure.claim.of.name):
                    yield from self._function(failure)
        for function in self._declarations.functions:
            if self._claims.has(function):
                yield from self._findings_of(function, self._undecided(function))
        for claim in self._claims.others:
            if claim.kind == "function" and claim.is_open:
                yield from self._findings_of(claim.of, [_OPEN])

    def _undecided(self, function: Function) -> list[Difference]:
        """The differences of a function that the compiler is not asked about."""
        found = [_stray(name, meant) for name, meant in function.strays]
        arguments = function.arguments or []
        undecided = [each for each in arguments if kind_of(each) in ("any", "converts")]
        if undecided:
            names = ", ".join(map(self._declarations.python, undecided))
            what = f"{names} decides at run time what is passed"
            found.append(unjudged(what))
        if not all(map(self._claims.is_placed, (function.result, *arguments))):
            what = "how this platform passes a struct by value is not known here"
            found.append(unjudged(what))
        return found

    def _function(self, failure: Failure) -> Iterator[Finding]:
        function: Function = failure.claim.of
        _, whole = failure.verdict("type")
        counted = failure.numbers("undeclared" if function.arguments is None else "count")
        if not (counted and counted[0]):
            is_declared = function.is_declared
            what = "in C, this name is not a function"
            what += f": {whole or failure.message}"
            happens = "data is called as if it were code: a crash" if whole else "not judged"
            grade: Grade = "breaks" if is_declared else "coverage"
            kind = "kind" if whole else "unjudged"
            yield from self._findings_of(function, [Difference(grade, kind, what, happens)])
            return
        differences = list(self._arguments(failure, function))
        left = function.result == "c_int" and not function.result_is_set
        where = "result, where restype was left at its default," if left else "result"
        differences += self._value(failure, "result", where, function.result)
        if not differences:
            differences = [breaks("unjudged", failure.message, "not judged")]
        # Of a class of pyexample.ffi, all its uses tell at which level it is.
        classes = [f"argument {n}" for n, it in enumerate(function.words, 1) if it.handle]
        differences = [
            each
            for each in differences
            if not (function.is_worded and each.kind == "handle" and each.argument in classes)
        ]
        yield from self._findings_of(function, differences, whole)

    def _arguments(self, failure: Failure, function: Function) -> Iterator[Difference]:
        if function.arguments is None:
            yield from self._no_argtypes(failure)
            return
        prototype = self._prototype(function)
        if prototype and not prototype.type.has_prototype:
            return
        given = len(function.arguments)
        _, count, variadic, worst = failure.numbers("count")
        if VERDICTS[worst] == "promoted":
            for number in range(count, given):
                if function.arguments[number] == "c_float":
                    yield breaks(
                        "promoted",
                        f"argument {number + 1} is c_float, after the fixed ones of a variadic"
                        " function: C passes a double there",
                        "C reads a double, of which only half was passed: declare c_double",
                        f"argument {number + 1}",
                    )
        elif variadic and given > count:
            yield Difference(
                "elsewhere",
                "variadic",
                f"{given} arguments, {given - count} of them after the fixed ones of a"
                " variadic function",
                "right on most platforms; Apple's arm64 passes variadic arguments elsewhere",
            )
        elif given != count:
            yield breaks(
                "count",
                f"{given} argument{'' if given == 1 else 's'}, C has {count}",
                "C reads arguments that are not passed: whatever is in their registers"
                if given < count
                else "an argument that is passed is not read, and those after it are misread",
            )
        names = [each.name for each in prototype.type.parameters] if prototype else []
        swapped: list[str] = []
        for number, ctype in enumerate(function.arguments[:count]):
            name = names[number] if number < len(names) else ""
            where = f"argument {number + 1}{f' ({name})' if name else ''}"
            for each in self._value(failure, f"argument {number}", where, ctype):
                if VERDICTS[worst] == "swapped" and each.kind == "address":
                    swapped.append(each.what.partition(":")[0])
                else:
                    yield each
        if swapped:
            yield breaks(
                "swapped",
                f"{'; '.join(swapped)}: a pointer and a number have changed places",
                "C follows the number as a pointer: a crash",
            )

    def _prototype(self, function: Function) -> c_model.Function | None:
        name = self._claims.renamed.get(function.name, function.name)
        return self._header.functions.get(name)

    def _no_argtypes(self, failure: Failure) -> Iterator[Difference]:
        _, code = failure.numbers("undeclared")
        if not code:
            return
        harmful = code >= _FIRST_ERROR
        yield Difference(
            "breaks" if harmful else "meaning",
            "no argtypes",
            "argtypes is not set",
            "a Python int is passed as a C int, whatever C expects: it is cut off, or C reads"
            " another register; missing arguments are not noticed"
            if harmful
            else "missing arguments are not noticed",
        )

    def _value(
        self, failure: Failure, question: str, where: str, ctype: Type
    ) -> Iterator[Difference]:
        verdict, c_type = failure.verdict(question)
        if verdict in ("", "agrees"):
            return
        role = question.partition(" ")[0]
        grade: Grade = "breaks" if VERDICTS.index(verdict) >= _FIRST_ERROR else "meaning"
        if verdict == "extra":
            grade = "elsewhere"
        happens = HAPPENS.get(verdict) or HAPPENS["field" if role == "type" else role, verdict]
        what = (
            f"{where} is {self._declarations.python(ctype)}, C has {c_type}: {WORDS[verdict]}"
        )
        argument = where.partition(" (")[0].partition(",")[0] if role != "type" else ""
        yield Difference(grade, verdict.replace("_", " "), what, happens, argument)

    def _findings_of(
        self, function: Function, differences: list[Difference], c_type: str = ""
    ) -> Iterator[Finding]:
        prototype = self._prototype(function)
        c, c_place = c_type, ""
        if prototype:
            c = f"{spell(prototype.type, prototype.name)};"
            c_place = f"{os.path.basename(prototype.file)}:{prototype.line}"
        for each in differences:
            yield Finding(
                each.grade, each.kind, function.name, each.argument,
                function.file, function.line, each.what,
                self._declarations.python_function(function), c, c_place, each.happens,
            )  # fmt: skip

    # Variables

    def of_variables(self, failures: list[Failure]) -> Iterator[Finding]:
        for failure in failures:
            if failure.claim.kind == "variable":
                with self._declarations.each(failure.claim.of.name):
                    for each in self._variable(failure):
                        yield self._of_variable(failure.claim.of, each, failure)
        for variable in self._declarations.variables:
            if variable.name not in self._header.identifiers:
                what = "the headers declare no such variable"
                happens = "whatever the library has by that name is read"
                each = Difference("breaks", "not in the header", what, happens)
                yield self._of_variable(variable, each)

    def _variable(self, failure: Failure) -> Iterator[Difference]:
        variable: Variable = failure.claim.of
        differences = list(self._value(failure, "type", "it", variable.type))
        if variable.is_writable and failure.numbers("const") == [1]:
            what = "it is const in C, and declared to be writable"
            happens = "writing to memory that is read only ends the process"
            differences.append(Difference("breaks", "written", what, happens))
        if not differences:
            what = f"in C, this name is not a variable: {failure.message}"
            differences.append(Difference("breaks", "unjudged", what, "not judged"))
        yield from differences

    def _of_variable(
        self, variable: Variable, each: Difference, failure: Failure | None = None
    ) -> Finding:
        return Finding(
            each.grade, each.kind, variable.name, "", variable.file, variable.line, each.what,
            f"{variable.name}: {self._declarations.python(variable.type)}",
            failure.verdict("type")[1] if failure else "", happens=each.happens,
        )  # fmt: skip

    # Words

    def of_words(self) -> Iterator[Finding]:
        for function, difference in of_words(self._known_functions()):
            yield from self._findings_of(function, [difference])

    def _known_functions(self) -> list[tuple[Function, c_model.Function]]:
        functions = [(each, self._prototype(each)) for each in self._declarations.functions]
        return [(function, found) for function, found in functions if found]

    def of_sizes(self, failures: list[Failure]) -> Iterator[Finding]:
        for failure in failures:
            numbers = failure.numbers("size")  # none if C's length is no constant
            if failure.claim.kind == "size" and numbers:
                function: Function = failure.claim.of
                yield from self._findings_of(function, [self._size(failure.claim, *numbers)])

    def _size(self, claim: Claim, c: int, python: int) -> Difference:
        prototype = self._prototype(claim.of)
        assert prototype  # noqa: S101 - the claim is about its parameter
        parameter = prototype.type.parameters[claim.argument - 1]
        has, where = spell(parameter.type, parameter.name), f"argument {claim.argument}"
        if not python:
            what = f"{where} is memory whose size no number tells, C has {has}"
            return Difference("meaning", "size", what, HAPPENS["size"], where)
        item = claim.of.arguments[claim.argument - 1][1]
        unit = "byte" if item in (None, "c_char") else "item"
        what = f"{where} has {count(python, unit)} at least, C has {has}"
        return breaks("size", what, HAPPENS["size"], where)

    # Structs

    def of_structs(self, failures: list[Failure]) -> Iterator[Finding]:
        by_struct: dict[int, list[Failure]] = {}
        for failure in failures:
            if failure.claim.struct is not None:
                by_struct.setdefault(failure.claim.struct, []).append(failure)
        used = self._used()
        open_: dict[int | None, list[str]] = {}
        for claim in self._claims.others:
            if claim.is_open:
                open_.setdefault(claim.struct, []).append(claim.of.name)
        for index, struct in enumerate(self._declarations.structs):
            strays = [("", _stray(name, meant)) for name, meant in struct.strays]
            yield from self._findings_in(struct, "", strays)
            if index in self._structs.names:
                _, spelling = self._structs.names[index]
                with self._declarations.each(struct.name):
                    own = self._struct(index, spelling, by_struct.get(index, []))
                    differences = [*own, *self._bits(index), *self._by_itself(index)]
                    differences += [("", each) for each in self._twins(index)]
                    differences += [(name, _OPEN) for name in open_.get(index, ())]
                    yield from self._findings_in(struct, spelling, differences)
                    if not any(each.grade == "breaks" for _, each in differences):
                        padding = self._padding(index)
                        yield from self._findings_in(struct, spelling, padding)
            elif struct.complete and index not in self._structs.settled:
                what = "the headers have no struct of that name: not judged"
                what = f"functions use it, and {what}" if index in used else what
                difference = Difference(
                    "breaks" if index in used else "coverage",
                    "unmatched",
                    f"{what}. Name it with --struct {struct.name}=C, or say that C has none"
                    f" with --struct {struct.name}=",
                    "",
                )
                yield from self._findings_in(struct, "", [("", difference)])

    def _used(self) -> set[int]:
        """The structs in the declarations of the header's functions."""
        return {
            index
            for function in self._declarations.functions
            if self._claims.has(function)
            for ctype in (function.result, *(function.arguments or ()))
            for index in structs_in(ctype)
        }

    def _findings_in(
        self, struct: Struct, spelling: str, differences: list[tuple[str, Difference]]
    ) -> Iterator[Finding]:
        for field, each in differences:
            yield Finding(
                each.grade, each.kind, f"{struct.name}.{field}" if field else struct.name,
                each.argument, struct.file, struct.line, each.what,
                f"class {struct.name}: {struct.size} bytes, {len(struct.fields)} fields",
                spelling, happens=each.happens,
            )  # fmt: skip

    def _struct(
        self, index: int, spelling: str, failures: list[Failure]
    ) -> list[tuple[str, Difference]]:
        by_kind = {each.claim.kind: each for each in failures}
        if "struct" in by_kind or ("layout" in by_kind and not by_kind["layout"].answers):
            failure = by_kind.get("struct") or by_kind["layout"]
            what = f"the headers do not say what {spelling} is: {failure.message}"
            return [("", Difference("breaks", "unjudged", what, "not judged"))]
        found: list[tuple[str, Difference]] = []
        for failure in failures:
            if failure.claim.kind == "field":
                each: Field = failure.claim.of
                found += [(each.name, it) for it in self._field(failure, each, spelling)]
        grows = any(it.kind == "flexible" for _, it in found)
        layout = [] if grows else list(self._layout(index, by_kind))
        return [*(("", each) for each in layout), *found]

    def _layout(self, index: int, by_kind: dict[str, Failure]) -> Iterator[Difference]:
        struct = self._declarations.structs[index]
        lacking = self._structs.lacking(index)
        missing = f"; Python lacks {', '.join(lacking)}" if lacking else ""
        unknown = [
            each.field.name for each in self._structs.unknown(index) if not each.is_alternative
        ]
        missing += f"; C has no {', '.join(unknown)}" if unknown else ""
        if "layout" in by_kind:
            size, c_size, alignment, c_alignment = by_kind["layout"].numbers("layout")
            if not c_size:
                what = "the headers do not define it: it is private to the library"
                yield unjudged(what)
                return
            if size != c_size:
                what = f"{size} bytes, C has {c_size}{missing}"
            else:
                what = f"aligned to {alignment} bytes, C to {c_alignment}{missing}"
            yield breaks(
                "layout",
                what,
                "C reads and writes past the end of what Python passes, and by value the"
                " arguments after it are misplaced"
                if size < c_size
                else "in arrays, in other structs and by value, each side looks elsewhere",
            )
        elif "count" in by_kind:
            message = " ".join(by_kind["count"].messages)
            told = re.search(r"(?:decomposes in|binds )to (\d+)", message)
            members = self._structs.members(index)
            known = [members[each] for each in lacking if each in members]
            if len(known) == len(lacking) == 1 and known[0].is_flexible:
                what = f"Python lacks {spell(members[lacking[0]].field.type, lacking[0])}"
                yield Difference("meaning", "flexible", what, HAPPENS["flexible"])
                return
            if (
                lacking
                and len(known) == len(lacking)
                and all(each.is_alternative for each in known)
            ):
                happens = "Python has no access to that member of the union"
                yield Difference(
                    "meaning", "count", f"Python lacks {', '.join(lacking)}", happens
                )
                return
            if "an anonymous" not in message:
                has = f", C has {told[1]}" if told else ", C has another number"
                yield breaks("count", f"{len(struct.fields)} fields{has}{missing}", _LACKING)
            elif not members:
                what = f"the fields cannot be counted: {message}"
                yield breaks("unjudged", what, "not judged")
            elif lacking:  # of an anonymous struct only the header's text says this
                yield breaks("count", f"Python lacks {', '.join(lacking)}", _LACKING)

    def _field(self, failure: Failure, each: Field, spelling: str) -> Iterator[Difference]:
        verdict, _ = failure.verdict("type")
        if self._is_another(failure, each):
            verdict = ""
        if not verdict:
            others = "; others are in its place" if not failure.claim.questions else ""
            yield breaks(
                "field",
                f"{spelling} has no such field{others or f': {failure.message}'}",
                "Python reads and writes whatever C has at that offset",
            )
            return
        differences = list(self._value(failure, "type", "it", each.type))
        moved = failure.numbers("offset")
        if moved and moved[0] != moved[1]:
            what = f"at byte {moved[1]}, C has it at {moved[0]}"
            differences.append(breaks("offset", what, _ELSEWHERE))
        if not differences:
            differences.append(breaks("unjudged", failure.message, "not judged"))
        yield from differences

    def _is_another(self, failure: Failure, each: Field) -> bool:
        """Whether the member was guessed by its offset, and is another one than the field."""
        member = self._structs.member(failure.claim.struct or 0, each.name)
        if member is None or is_same_name(each.name, member):
            return False
        verdict, _ = failure.verdict("type")
        is_elsewhere = len(set(failure.numbers("offset"))) == 2
        return is_elsewhere or VERDICTS.index(verdict or "width") >= _FIRST_ERROR

    def _bits(self, index: int) -> Iterator[tuple[str, Difference]]:
        """The bit-fields whose bits differ."""
        own = [it for it in self._claims.bits if it.struct == index]
        taken = 0
        for it in own:
            taken |= it.c or 0
        for it in own:
            each = it.place.field
            if kind_of(each.type) or (it.c is not None and it.c == it.python):
                continue
            if not it.member:
                if (it.python or 0) & taken:
                    what = f"C has no such field, and others in {_where(it.python or 0)}"
                    yield each.name, breaks("field", what, _ELSEWHERE)
            elif it.c is None or it.python is None:
                member = self._structs.members(index).get(it.member)
                width = member.field.bits if member else ""
                if width.isdecimal() and int(width) != each.bits:
                    what = f"{each.bits} bits wide, C has {width}"
                    yield each.name, breaks("bits", what, _ELSEWHERE)
                elif not it.is_missing:
                    what = "which bits it has in C is not known"
                    yield each.name, unjudged(what)
            elif bin(it.c).count("1") != each.bits:
                what = f"{each.bits} bits wide, C has {bin(it.c).count('1')}"
                yield each.name, breaks("bits", what, _ELSEWHERE)
            else:
                what = f"ctypes has it in {_where(it.python)}, C in {_where(it.c)}"
                yield each.name, breaks("bits", what, _ELSEWHERE)

    def _padding(self, index: int) -> list[tuple[str, Difference]]:
        """The fields that C lacks, where it has padding or other members of a union.

        Fields whose names say that they are padding are not reported.
        """
        what = "C has no such field, and nothing else in its place"
        happens = "Python reads and writes bytes that C ignores"
        found = [
            (place.field.name, Difference("meaning", "padding", what, happens))
            for place in self._structs.unknown(index)
            if not (place.is_alternative or _PADDING.search(place.field.name))
        ]
        what = "C's union has no such member"
        happens = "Python reads the bytes of the other members as another type"
        found += [
            (place.field.name, Difference("meaning", "alternative", what, happens))
            for place in self._structs.unknown(index)
            if place.is_alternative
        ]
        return found

    def _by_itself(self, index: int) -> Iterator[tuple[str, Difference]]:
        """The differences that the compiler is not asked about: names, and byte order."""
        struct = self._declarations.structs[index]
        for each in struct.fields:
            member = self._structs.member(index, each.name)
            if member and not is_same_name(each.name, member):
                happens = "correct if both mean the same; otherwise they are mixed up"
                yield (
                    each.name,
                    Difference("meaning", "renamed", f"C calls it {member}", happens),
                )
            if kind_of(each.type) == "swapped":
                what = f"{self._declarations.python(each.type)}: the bytes in the other order"
                happens = "correct only if C keeps the bytes in that order, too"
                yield each.name, Difference("meaning", "byte order", what, happens)

    def _twins(self, index: int) -> Iterator[Difference]:
        """Another class for the same C struct: an instance of one is none of the other."""
        structs, records = self._declarations.structs, self._structs.records
        for other in records:
            is_same = records[index] is not None and records[other] is records[index]
            if is_same and other < index and other not in structs[index].bases:
                place = f"{os.path.basename(structs[other].file)}:{structs[other].line}"
                what = f"class {structs[other].name} ({place}) is the same C struct"
                happens = "ctypes takes neither for the other, not even through a pointer"
                yield Difference("meaning", "twice", what, happens)

    # Constants

    def of_constants(self, failures: list[Failure]) -> Iterator[Finding]:
        for failure in failures:
            if failure.claim.kind == "constant":
                with self._declarations.each(failure.claim.of.name):
                    yield self._constant(failure)
        for constant, text in self._claims.textless:
            what = f"in C, this name is a macro but not a constant: {text[:60] or 'empty'}"
            yield self._of_constant("coverage", "unjudged", constant, what)

    def _constant(self, failure: Failure) -> Finding:
        constant: Constant = failure.claim.of
        if "value" not in failure.answers:
            what = f"in C, this name is not a constant: {failure.message}"
            return self._of_constant("coverage", "unjudged", constant, what)
        value, code = failure.numbers("value")
        grade: Grade = "breaks" if code >= _FIRST_ERROR else "meaning"
        c = "a string" if VERDICTS[code] == "kind" else str(value)
        happens = "the same bits, if C keeps them in an integer of the same size"
        happens = "C reads another value" if grade == "breaks" else happens
        what = f"{constant.value}, C has {c}"
        return self._of_constant(grade, "constant", constant, what, c, happens)

    @staticmethod
    def _of_constant(
        grade: Grade, kind: str, constant: Constant, what: str, c: str = "", happens: str = ""
    ) -> Finding:
        return Finding(
            grade, kind, constant.name, "", constant.file, constant.line, what,
            str(constant.value) if c else "", c, happens=happens,
        )  # fmt: skip

    # Declarations that only one side has

    def not_in_header(self) -> Iterator[Finding]:
        # Known by a function of its own: the system's functions are another library's.
        known = {
            each.library
            for each in self._declarations.functions
            if self._claims.has(each) and self._header.is_own(each.name)
        }
        seen: set[str] = set()
        for function in self._declarations.functions:
            label = self._claims.labels.get(function.name, "")
            stands_for = self._claims.renamed.get(function.name, "")
            is_labelled = self._claims.labels.get(stands_for) == function.name
            is_there = function.name in self._header.identifiers and not (stands_for or label)
            is_known = is_there or is_labelled or function.name in seen
            if is_known or not function.is_declared:
                continue
            if function.library not in known:
                continue  # of another library, which has nothing in these headers
            seen.add(function.name)
            what = "the headers declare no such function"
            what += f": a macro puts {stands_for} in its place" if stands_for else ""
            if label:
                what = f"the header says that its name in the library is {label} (an asm label)"
            happens = (
                "if the library has no such function either: AttributeError, or another"
                " library's function is called"
            )
            grade: Grade = "breaks"
            if function.is_optional and not (stands_for or label):
                grade = "coverage"
                what += ", and the module can do without it"
                happens = "not judged"
            difference = Difference(grade, "not in the header", what, happens)
            yield from self._findings_of(function, [difference])

    def not_in_python(self, paste: Paste | None) -> Iterator[Finding]:
        declared = {each.name for each in self._declarations.functions}
        declared |= {self._claims.renamed.get(each, each) for each in declared}
        # In the order of the report, so that a class is written before it is used.
        order = operator.attrgetter("file", "line", "name")
        missing = [
            each
            for each in sorted(self._header.functions.values(), key=order)
            if each.name not in declared and self._header.declares(each)
        ]
        texts: dict[str, str] = {}
        if missing and paste is not None:
            with self._declarations.each("declarations to paste"):
                texts = paste(missing, classes_of(self._known_functions()))
        for prototype in missing:
            yield Finding(
                *("coverage", "missing", prototype.name, "", prototype.file, prototype.line),
                "Python does not declare this function",
                c=f"{spell(prototype.type, prototype.name)};",
                paste=texts.get(prototype.name, ""),
            )

    def unread(self) -> Iterator[Finding]:
        """The declarations that could not be parsed, unless they are C++."""
        declared = {each.name for each in self._declarations.functions}
        for refusal in self._header.unit.refusals:
            if refusal.is_cxx or refusal.name in declared or not self._header.declares(refusal):
                continue
            yield Finding(
                "coverage", "unread", refusal.name or refusal.text, "",
                refusal.file, refusal.line,
                f"the header's declaration is not understood: {refusal.reason}",
                c=refusal.text, happens="not known whether Python lacks it",
            )  # fmt: skip


def _stray(name: str, meant: str) -> Difference:
    what = f"{name} is set, which ctypes ignores: {meant} is meant"
    return breaks("misspelled", what, "the declaration has no effect")


def _where(mask: int) -> str:
    """The bits of a mask in words: "bits 8 to 15"."""
    if not mask:
        return "no bits at all"
    first, last = (mask & -mask).bit_length() - 1, mask.bit_length() - 1
    if mask != (1 << last + 1) - (1 << first):
        return f"the bits {mask:#x}"
    return f"bit {first}" if first == last else f"bits {first} to {last}"
