"""Check declarations against the library itself: its exports and its debug information.

A header says what a library should be. The file that Python loads may differ: it may be of
another version, lack some functions, or be older than a field of a struct.
"""

import ctypes
import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..headers.header import Header
from ..headers.processes import CannotJudgeError
from .claims import Claims
from .dwarf import BuiltType, Kind, Member, Signature, signatures
from .extra import import_extra
from .findings import in_order
from .judge import Judgement
from .model import Declarations, Field, Function, Struct, Type, kind_of
from .report import Finding

LOADED = "loaded"
"""Given instead of a file, this means the libraries that the modules load."""

_STALE = (
    "each side uses its own layout: wrong values, a crash, or memory is overwritten. Rebuild"
    " the library, or judge by the header that it was built from"
)


@dataclass(frozen=True)
class Library:
    """A shared library.

    Attributes:
        file: its path.
        exports: the addresses of its functions in the file, by name.
        built: the functions whose types its debug information has.
    """

    file: str
    exports: dict[str, int]
    built: dict[str, Signature]

    @property
    def name(self) -> str:
        """The name of its file."""
        return os.path.basename(self.file)


def judge_by_libraries(
    files: Iterable[str],
    declarations: Declarations,
    judgement: Judgement,
    found: list[Finding],
    only: re.Pattern[str],
) -> tuple[list[Finding], dict[str, int]]:
    """Check declarations against the libraries (``files``, or LOADED) that have the functions.

    Returns all findings, and how many exports and signatures were checked, of names that match
    ``only``. Of those that were found against the headers, the ones about functions that these
    lack are replaced, according to whether the libraries have them.

    Raises CannotJudgeError if a file is missing, is no library, or has none of the functions.
    """
    claims, header = judgement.claims, judgement.header
    wanted = {each.name for each in declarations.functions}
    paths: dict[str, None] = {}
    for file in files:
        paths.update(dict.fromkeys(_loaded(declarations, header) if file == LOADED else [file]))
    libraries = [_read(each, wanted) for each in paths]
    words = _Words(declarations, claims, header, libraries)
    if not words.functions:
        raise CannotJudgeError(
            f"{words.names} has none of the {len(wanted)} functions that the modules look up:"
            " it is another library"
        )
    kept, known = words.with_exports(found), {each.key for each in found}
    told = [*words.not_exported(), *words.built_otherwise(found), *words.not_described()]
    judged = {
        "exports": len({each.name for each in words.functions if only.search(each.name)}),
        "signatures": len(
            {name for each in libraries for name in each.built if only.search(name)}
        ),
    }
    return in_order([*kept, *(each for each in told if each.key not in known)]), judged


def _loaded(declarations: Declarations, header: Header) -> list[str]:
    """The library files in which functions of the header were found."""
    found = [
        each.loaded
        for each in declarations.functions
        if each.loaded and each.name in header.identifiers
    ]
    if not found:
        raise CannotJudgeError(
            "the modules have loaded no library that has functions of the headers: with"
            f" --library, name its file instead of {LOADED!r}"
        )
    return found


def _read(file: str, wanted: set[str]) -> Library:
    if not os.path.isfile(file):
        raise CannotJudgeError(
            f"--library {file}: there is no such file; {LOADED!r} stands for the libraries that"
            " the modules load"
        )
    lief = import_extra("lief")
    lief.logging.disable()
    binary = lief.parse(file)
    if binary is None or isinstance(binary, lief.COFF.Binary):
        raise CannotJudgeError(
            f"--library {file} is no shared library (of ELF, PE or Mach-O): if it is a linker"
            " script, name the file in it"
        )
    if not isinstance(binary, lief.ELF.Binary):
        # Mach-O has an underscore before each C name.
        start = "_" if isinstance(binary, lief.MachO.Binary) else ""
        names = {each.name.removeprefix(start): 0 for each in binary.exported_functions}
        return Library(file, names, {})
    kinds = (lief.ELF.Symbol.TYPE.FUNC, lief.ELF.Symbol.TYPE.GNU_IFUNC)
    exports = {
        str(each.name): int(each.value)
        for each in binary.exported_symbols
        if each.type in kinds
    }
    described = {
        str(each.name): int(each.value)
        for each in binary.exported_symbols
        if each.type == kinds[0] and each.name in wanted
    }
    if not _is_for_this_python(file):
        return Library(file, exports, {})
    return Library(file, exports, signatures(file, described))


def _is_for_this_python(file: str) -> bool:
    """Whether an ELF file has the class, byte order and machine of this Python.

    System V gABI, "ELF Header": e_ident[EI_CLASS], e_ident[EI_DATA], e_machine.
    """
    try:
        with open(file, "rb") as stream, open(sys.executable, "rb") as python:
            theirs, ours = stream.read(20), python.read(20)
    except OSError:
        return False
    return (theirs[4:6], theirs[18:20]) == (ours[4:6], ours[18:20])


class _Words:
    """The findings about the libraries.

    Attributes:
        functions: the declared functions that are looked up in these libraries.
        names: the names of the libraries.
    """

    def __init__(
        self,
        declarations: Declarations,
        claims: Claims,
        header: Header,
        libraries: list[Library],
    ) -> None:
        self._declarations = declarations
        self._claims = claims
        self._header = header
        self._libraries = libraries
        self._exports = {name: each for each in libraries for name in each.exports}
        self.names = " and ".join(each.name for each in libraries)
        theirs = {each.library for each in declarations.functions if each.name in self._exports}
        self.functions = [each for each in declarations.functions if each.library in theirs]

    def with_exports(self, found: list[Finding]) -> list[Finding]:
        """The findings, except that a function which only the header lacks is no error."""
        theirs = {each.name for each in self.functions}
        kept: list[Finding] = []
        for each in found:
            library = self._exports.get(each.subject)
            if each.kind != "not in the header" or each.subject not in theirs:
                kept.append(each)
            elif library is not None:
                judged = each.subject in library.built
                kept.append(
                    replace(
                        each,
                        grade="coverage",
                        kind="exported only",
                        what=f"the headers declare no such function, but {library.name} exports"
                        " it: it is private, or was dropped from the header, or the header is"
                        " of another version",
                        happens="judged by the debug information alone"
                        if judged
                        else "not judged",
                    )
                )
        return kept

    def not_exported(self) -> Iterator[Finding]:
        """The declared functions that the libraries lack."""
        lacking = [
            each
            for each in self.functions
            if each.is_declared and each.name not in self._exports
        ]
        wanted = {each.name for each in lacking if not each.is_optional}
        for function in lacking:
            why = self._why_not_exported(function.name)
            finding = self._finding(function, "not exported", "", why)
            if function.name not in wanted:
                finding = replace(
                    finding,
                    grade="coverage",
                    what=f"looked up, but the module can do without it: {why}",
                    happens="the module does without it",
                )
            yield finding

    def _why_not_exported(self, name: str) -> str:
        unit = self._header.unit
        if name in self._header.functions:
            return (
                f"the header declares it, but {self.names} does not export it: built without"
                " it, or of another version than the header"
            )
        if name in unit.functions or name in unit.macros:
            what = "as an inline function" if name in unit.functions else "as a macro"
            return f"the header has it {what}, which no library exports: a mistake"
        known = {each.name for each in self._declarations.functions}
        candidates = [each for each in self._exports if each not in known]
        similar = difflib.get_close_matches(name, candidates, 1, 0.85)
        what = f"neither the headers nor {self.names} have it"
        if similar:
            return f"{what}, which has {similar[0]}: misspelled, or renamed by a version"
        return f"{what}, nor anything similar: of an older or a newer version, or never there"

    def not_described(self) -> Iterator[Finding]:
        """The libraries without debug information about the functions."""
        for each in self._libraries:
            if not each.built:
                what = (
                    "it has no debug information about these functions (gcc -g): its exports"
                    " were judged, the types that it was built with were not"
                )
                yield Finding(
                    "coverage", "no debug information", each.name, "", each.file, 0, what
                )

    def built_otherwise(self, found: list[Finding]) -> Iterator[Finding]:
        """The types that differ from those that a library was built with.

        A declaration that has an error against the headers is not reported again.
        """
        told = {(each.subject, each.argument) for each in found if each.severity == "error"}
        met: set[tuple[int, str]] = set()
        for function in self.functions:
            library = self._exports.get(function.name)
            signature = library.built.get(function.name) if library else None
            if library is None or signature is None:
                continue
            for argument, what in self._function(function, signature):
                if (function.name, argument) not in told:
                    yield self._finding(
                        function, "built otherwise", argument, what, library, signature
                    )
            for ctype, built in self._values(function, signature):
                for subject, struct, what in self._structs(ctype, built, met):
                    if (subject, "") not in told and (struct.name, "") not in told:
                        yield Finding(
                            "breaks", "built otherwise", subject, "", struct.file, struct.line,
                            f"{what} in {library.name}",
                            f"class {struct.name}: {struct.size} bytes", happens=_STALE,
                        )  # fmt: skip

    def _values(
        self, function: Function, signature: Signature
    ) -> Iterator[tuple[Type, BuiltType]]:
        yield function.result, signature.result
        parameters = [ctype for _, ctype in signature.parameters]
        yield from zip(function.arguments or [], parameters, strict=False)

    def _function(self, function: Function, signature: Signature) -> Iterator[tuple[str, str]]:
        """The differences of arguments and result."""
        arguments, parameters = function.arguments, signature.parameters
        if arguments is not None:
            count, built = len(arguments), len(parameters)
            if count < built or (count > built and not signature.variadic):
                plural = "" if count == 1 else "s"
                yield "", f"{count} argument{plural}, it was built with {built}"
            for number, (ctype, (name, parameter)) in enumerate(
                zip(arguments, parameters, strict=False), 1
            ):
                if what := self._difference(ctype, parameter):
                    named = f" ({name})" if name else ""
                    yield f"argument {number}", f"argument {number}{named} is {what}"
        is_taken = function.result is not None and signature.result.kind != "void"
        if is_taken and (what := self._difference(function.result, signature.result)):
            yield "result", f"result is {what}"

    def _difference(self, ctype: Type, built: BuiltType) -> str:
        """How a type differs from the one that the library was built with; "" if equal."""
        kind, size = self._kind(ctype)
        if not kind or not built.kind:
            return ""
        alike = {kind, built.kind} <= {"integer", "pointer"} or kind == built.kind
        if alike and (size == built.size or not built.size or not size):
            return ""
        return f"{self._declarations.python(ctype)} ({size} bytes), it was built with {built}"

    def _kind(self, ctype: Type) -> tuple[Kind, int]:
        """How a call passes a type, and its size in bytes; "" if that is not known."""
        if isinstance(ctype, str):
            size = ctypes.sizeof(getattr(ctypes, ctype))
            if ctype in ("c_float", "c_double", "c_longdouble"):
                return "float", size
            pointers = ("c_char_p", "c_wchar_p", "c_void_p", "py_object")
            return ("pointer" if ctype in pointers else "integer"), size
        if kind_of(ctype) in ("pointer", "array", "callback", "in", "out"):
            return "pointer", ctypes.sizeof(ctypes.c_void_p)
        if kind_of(ctype) == "struct":
            struct = self._declarations.structs[int(ctype[1])]
            return "struct", struct.size if struct.complete else 0
        return "", 0

    # Structs

    def _structs(
        self, ctype: Type, built: BuiltType, met: set[tuple[int, str]]
    ) -> Iterator[tuple[str, Struct, str]]:
        """The differences of a struct, its fields, and the structs that these refer to."""
        while kind_of(ctype) in ("pointer", "array", "in", "out"):
            ctype = ctype[1]
        record = built.record
        if kind_of(ctype) != "struct" or record is None:
            return
        index = int(ctype[1])
        struct = self._declarations.structs[index]
        _, spelling = self._claims.structs.names.get(index, ("", ""))
        declared = self._header.record(spelling)
        # Only the name shows that it is the same struct.
        names = {declared.tag, declared.alias, spelling} if declared else {spelling}
        if (index, record.name) in met or record.name not in names:
            return
        met.add((index, record.name))
        members = record.members()
        pairs = [
            (each, each.offset, member)
            for each in struct.fields
            if (member := _member(members, self._claims.structs.member(index, each.name) or ""))
        ]
        pairs += [
            (each, at, members[each.name])
            for each, at in self._promoted(struct, 0, members)
            if each.name in members
        ]
        if not pairs:
            return  # a stand-in for a struct that is only passed on
        differences: list[str] = []
        if struct.size != record.size:
            differences.append(f"{struct.size} bytes, it is {record.size} bytes large")
        declared_members = self._claims.structs.members(index)
        for what, names in (
            ("it lacks", declared_members.keys() - members.keys()),
            ("it also has", members.keys() - declared_members.keys()),
        ):
            if names:
                differences.append(f"{what} {', '.join(sorted(names))}")
        if differences:
            yield struct.name, struct, "; ".join(differences)
        for each, at, member in pairs:
            if what := self._field(each, at, member):
                yield f"{struct.name}.{each.name}", struct, what
            yield from self._structs(each.type, member.type, met)

    def _promoted(
        self, struct: Struct, start: int, members: dict[str, Member]
    ) -> Iterator[tuple[Field, int]]:
        """The fields of anonymous structs within, and their offsets in bytes."""
        for each in struct.fields:
            if kind_of(each.type) == "struct" and (
                each.name in struct.anonymous or each.name not in members
            ):
                inner = self._declarations.structs[int(each.type[1])]
                at = start + each.offset
                yield from ((it, at + it.offset) for it in inner.fields)
                yield from self._promoted(inner, at, members)

    def _field(self, each: Field, at: int, member: Member) -> str:
        bits = each.bits or 8 * each.size
        position = 8 * at
        if each.bits:
            mask = int(each.mask)
            position = (mask & -mask).bit_length() - 1 + 8 * (at - each.offset)
        if position != member.position:
            return f"at {_place(position)}, it is at {_place(member.position)}"
        if member.bits and bits != member.bits:
            return f"{_size(bits)} wide, it is {_size(member.bits)}"
        kinds = {self._kind(each.type)[0], member.type.kind}
        if "float" in kinds and kinds <= {"float", "integer", "pointer"} and len(kinds) > 1:
            return f"{self._declarations.python(each.type)}, it is {member.type}"
        return ""

    def _finding(
        self,
        function: Function,
        kind: str,
        argument: str,
        what: str,
        library: Library | None = None,
        signature: Signature | None = None,
    ) -> Finding:
        return Finding(
            "breaks", kind, function.name, argument, function.file, function.line,
            f"{what} in {library.name}" if library else what,
            self._declarations.python_function(function),
            str(signature or ""), library.name if library else "",
            _STALE if library else "AttributeError, when the function is looked up",
        )  # fmt: skip


def _member(members: dict[str, Member], path: str) -> Member | None:
    """A member, or a member's member: "a.b"."""
    name, _, rest = path.partition(".")
    member = members.get(name)
    if member is None or not rest:
        return member
    inner = _member(member.type.record.members(), rest) if member.type.record else None
    return inner and replace(inner, position=member.position + inner.position)


def _place(bits: int) -> str:
    return f"bit {bits}" if bits % 8 else f"byte {bits // 8}"


def _size(bits: int) -> str:
    return f"{bits} bits" if bits % 8 else f"{bits // 8} bytes"
