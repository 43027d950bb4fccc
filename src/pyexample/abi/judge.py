"""Compile the claims: one run for all of them, a second one for those that fail."""

import ctypes
import functools
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ..headers.asm import assemble_variables
from ..headers.c_as_cxx import (
    MODES,
    differs_in_cxx,
    is_read_otherwise,
    owns_bool,
    prologue,
    without_bodies,
)
from ..headers.c_tokens import plain
from ..headers.compiler import BrokeDownError, Compiler, write_lines
from ..headers.header import Header, files_of, scan
from ..headers.processes import CannotJudgeError, TookTooLongError
from .by_value import PLATFORM_MACROS
from .claims import END, RULES, BitField, Claim, Claims
from .model import Declarations

_ENUM = RULES.partition("enum ct_verdict {")[2].partition("}")[0]
VERDICTS = re.findall(r"^ +ct_(\w+)", _ENUM, re.MULTILINE)
"""The names of the verdicts in claims.h: the first one agrees."""

_CANARY = 'static_assert(sizeof(ct_tell<0, ct_any>), "");'
"""A claim that never holds: without an error for it, the compiler has not read that far."""

_PROBES = "ct_probes"
"""After this word, the preprocessor expands macros, one a line."""


@dataclass
class Failure:
    """A claim that does not hold, and the compiler's messages about it.

    ``answers`` has the answers to the claim's questions: the template arguments that the
    compiler printed. Questions that it could not answer are missing.
    """

    claim: Claim
    messages: list[str]
    answers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def message(self) -> str:
        """The compiler's first message that has none of the rules' own names in it."""
        others = (each for each in self.messages if "ct_" not in each)
        return next(others, "the compiler does not accept it")

    def numbers(self, question: str) -> list[int]:
        """The answer to a question about numbers; empty if there is none."""
        return [int(text.rstrip("lLuU")) for text in self.answers.get(question, [])]

    def verdict(self, question: str) -> tuple[str, str]:
        """The answer to a question about a type: a name in VERDICTS, and C's type."""
        if question not in self.answers:
            return "", ""
        number, c_type = self.answers[question]
        return VERDICTS[int(number.rstrip("lL"))], c_type


@dataclass
class Judgement:
    """The result of compiling the claims.

    ``faults`` are breakdowns of the compiler, each with the declaration. ``before`` are the
    lines of C++ that include the headers.
    """

    claims: Claims
    header: Header
    failures: list[Failure]
    faults: list[str]
    before: list[str]

    def counts(self, only: re.Pattern[str]) -> dict[str, int]:
        """The number of functions, structs, fields and constants judged, of matching names."""
        claims = [each for each in self.claims.claims if only.search(each.subject)]
        kinds = [each.kind for each in claims]
        return {
            "functions": len({each.subject for each in claims if each.kind == "function"}),
            "structs": kinds.count("struct"),
            "fields": kinds.count("field"),
            "constants": kinds.count("constant"),
        }


def judge(
    declarations: Declarations,
    headers: list[str],
    compiler: Compiler,
    structs: dict[str, str],
    source: str,
) -> Judgement:
    """Check declarations against headers, as written in an ``#include``.

    ``structs`` has the C names of Structures that differ; ``source`` is the .cpp file to write.
    Raises CannotJudgeError if the compiler did not reach the claims.
    """
    first_error: CannotJudgeError | None = None
    modes, as_cxx_at_last = list(MODES), False
    while modes:
        mode = modes.pop(0)
        try:
            return _judge_in(
                mode, declarations, headers, compiler, structs, source, as_cxx_at_last
            )
        except (TookTooLongError, _IsOfAnotherPlatformError):
            raise  # whatever the mode
        except _IsAnotherInCxxError:
            modes.insert(2, MODES[0])
            as_cxx_at_last = True
        except CannotJudgeError as error:
            first_error = first_error or error
    raise first_error or AssertionError(MODES)


class _IsOfAnotherPlatformError(CannotJudgeError):
    """The compiler's types are not those of this Python."""


class _IsAnotherInCxxError(Exception):
    """The header has a part for C++ only, but the library is written in C."""


def _judge_in(
    mode: str,
    declarations: Declarations,
    headers: list[str],
    compiler: Compiler,
    structs: dict[str, str],
    source: str,
    as_cxx_at_last: bool,
) -> Judgement:
    names = sorted({name for each in declarations.constants for name in each.names})
    names += [*PLATFORM_MACROS, "__USER_LABEL_PREFIX__"]
    before = [*RULES.splitlines(), *prologue(headers, mode).splitlines()]
    preprocessed, probes = _preprocess(compiler, source, before, names)
    if mode in ("C", "C without bodies") and owns_bool(preprocessed):
        before = [*RULES.splitlines(), *prologue(headers, mode, owns_bool=True).splitlines()]
        preprocessed, probes = _preprocess(compiler, source, before, names)
    # g++ inserts a line that begins with "#" if a macro is from a system header.
    probes = "".join(row for row in probes.splitlines(True) if not row.startswith("#"))
    expansions = [" ".join(each.split()) for each in re.split(r"\bct_probe\b", probes)[1:]]
    files = files_of(preprocessed, headers)
    if mode == MODES[0] and not as_cxx_at_last and any(map(_is_another_in_cxx, files)):
        raise _IsAnotherInCxxError
    folder, name = os.path.split(source)
    # Without the folder, which is another one each time, the same text is read once.
    header, is_moved = _read(
        preprocessed.replace(folder, ""), name, tuple(headers), mode == "C without bodies"
    )
    if is_moved:
        before = without_bodies(preprocessed, source)
        before.append(f'#line {len(before) + 2} "{name}"')
    macros = set(re.findall(r"^\s*#\s*define\s+(\w+)", preprocessed, re.MULTILINE))
    claims = Claims(
        declarations,
        header,
        compiler.native,
        structs,
        dict(zip(names, expansions, strict=True)) if len(names) == len(expansions) else {},
        {each for each in macros if not each.startswith("ct_")},
    )
    text = _Text(compiler, source, before, claims)
    failures = _failures(text)
    asked = [(each, name) for each in failures for name in each.claim.questions]
    if asked:
        early = [each for each in asked if each[0].claim.kind == "constant"]
        late = [each for each in asked if each[0].claim.kind != "constant"]
        told = [each.claim.questions[name] for each, name in (*early, *late)]
        found = text.compile(
            [f"{each} ct_q{number};" for number, each in enumerate(told[: len(early)])],
            [f'static_assert(sizeof({each}), "");' for each in told[len(early) :]],
        )
        for messages, (failure, name) in zip(found, [*early, *late], strict=True):
            text.note_breakdown(messages, failure.claim.subject)
            if answers := _told(messages):
                failure.answers[name] = answers
    _find_bits(text, failures)
    text.write(*text.claims_of(claims))  # for --keep
    return Judgement(claims, header, failures, list(dict.fromkeys(text.faults)), before)


@functools.lru_cache(maxsize=1)  # what writes a binding judges it, again and again
def _read(
    preprocessed: str, own: str, headers: tuple[str, ...], is_moved: bool
) -> tuple[Header, bool]:
    """What the headers declare, and whether inner structs stand outside, as C reads them."""
    header = scan(preprocessed, own, headers)
    is_moved = is_moved or is_read_otherwise(
        preprocessed, (each.type for each in header.functions.values())
    )
    return header.with_inner_ones_outside() if is_moved else header, is_moved


def _preprocess(
    compiler: Compiler, source: str, before: list[str], names: list[str]
) -> tuple[str, str]:
    """Preprocess the headers. Returns their text, and the expansions of some names."""
    write_lines(source, [*before, _PROBES, *(f"ct_probe {name}" for name in names)])
    preprocessed, _, probes = compiler.preprocess(source).partition(f"\n{_PROBES}\n")
    return preprocessed, probes


def _is_another_in_cxx(file: str) -> bool:
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return differs_in_cxx(stream.read())
    except OSError:
        return False


@dataclass
class _Text:
    """The source file to compile: rules, headers, and claims or questions about them."""

    compiler: Compiler
    source: str
    before: list[str]
    claims: Claims
    faults: list[str] = field(default_factory=list[str])

    def claims_of(self, claims: Claims) -> tuple[list[str], list[str]]:
        """The lines of all claims: before and after the header's macros are undefined."""
        early = [
            f"ct_holds<{each.line} == 0>::yes ct_k{number};"
            for number, each in enumerate(claims.constants)
        ]
        late = [
            each.line if each.kind == "count" else f'static_assert({each.line}, "");'
            for each in claims.others
        ]
        return early, late

    def write(self, early: list[str], late: list[str]) -> list[str]:
        """Write the file. Returns the lines after the headers."""
        lines = [*early, *self.claims.preparation, *late, _CANARY]
        write_lines(self.source, [*self.before, *lines, END])
        return lines

    def compile(self, early: list[str], late: list[str]) -> list[list[str]]:
        """The compiler's messages about each line, in order.

        If the compiler breaks down on a line, its message is a ``_Breakdown``, and the other
        lines are compiled without it. Raises BrokeDownError if it breaks down on the headers.
        """
        try:
            return self._compile(early, late)
        except BrokeDownError as error:
            self._compile([], [])
            wrong = self._breaks_down_on(early, late, range(len(early) + len(late)))
            found = self._compile(*_some(early, late, lambda row: row not in wrong))
            for row in wrong:
                found[row] = [_Breakdown(str(error))]
            return found

    def _breaks_down_on(
        self, early: list[str], late: list[str], rows: Collection[int]
    ) -> list[int]:
        """The lines on which the compiler breaks down, found by bisection."""
        try:
            self._compile(*_some(early, late, lambda row: row in rows))
        except BrokeDownError:
            if len(rows) == 1:
                return list(rows)
            half = len(rows) // 2
            each = list(rows)
            return [
                *self._breaks_down_on(early, late, each[:half]),
                *self._breaks_down_on(early, late, each[half:]),
            ]
        return []

    def note_breakdown(self, messages: list[str], subject: str) -> bool:
        """Record it if the compiler broke down on a declaration, and return whether."""
        found = [f"{subject}: {each}" for each in messages if isinstance(each, _Breakdown)]
        self.faults += found
        return bool(found)

    def _compile(self, early: list[str], late: list[str]) -> list[list[str]]:
        lines = self.write(early, late)
        first = len(self.before) + 1
        found = self.compiler.check(self.source, first)
        if found.elsewhere or first + len(lines) - 1 not in found.by_line:
            listed = "\n".join(f"  {line}" for line in found.elsewhere[:12])
            raise CannotJudgeError(f"the header does not compile:\n{listed}")
        rows = [*range(len(early)), *range(len(lines) - 1 - len(late), len(lines) - 1)]
        return [list(map(self._readable, found.by_line.get(first + row, []))) for row in rows]

    def _readable(self, message: str) -> str:
        """A message with our names for structs replaced by those of the header."""

        def name(match: re.Match[str]) -> str:
            index = int(match[1])
            known = self.claims.structs.names.get(index)
            return known[1] if known else match[0]

        message = re.sub(r"\bct_c(\d+) \{aka ([^{}]*)\}", r"\2", message)
        return plain(re.sub(r"\bct_c(\d+)\b", name, message))


class _Breakdown(str):
    """The message about a line on which the compiler broke down."""


def _some(
    early: list[str], late: list[str], is_kept: Callable[[int], bool]
) -> tuple[list[str], list[str]]:
    """The same lines, with those that are not kept left empty."""
    rows = [row if is_kept(number) else "" for number, row in enumerate([*early, *late])]
    return rows[: len(early)], rows[len(early) :]


def _failures(text: _Text) -> list[Failure]:
    claims = text.claims
    early, late = text.claims_of(claims)
    platform = [_platform_claim()] if text.compiler.native else []
    found = text.compile(early, [*platform, *late])
    if platform and found.pop(len(early)):
        raise _IsOfAnotherPlatformError(
            f"{' '.join(text.compiler.command)} compiles for another platform than this"
            " Python's",
            ": name that with --target",
        )
    return [
        Failure(claim, messages)
        for claim, messages in zip(claims.claims, found, strict=True)
        if messages and not text.note_breakdown(messages, claim.subject)
    ]


def _find_bits(text: _Text, failures: list[Failure]) -> None:
    """Find the bits of each bit-field, by compiling structs in which only these are set."""
    unknown = {id(each.claim) for each in failures if "type" not in each.answers}
    for each in text.claims.bits:
        each.is_missing = id(each.claim) in unknown
        each.c = None if each.member else 0
    fields = [each for each in text.claims.bits if not each.is_missing]
    native = text.compiler.native
    for each in fields:
        each.python = each.place.mask if native else None
    values = _values(text, fields)
    for each in fields:
        each.c = values.get(f"ct_v{each.number}", each.c)
        if not native:
            each.python = values.get(f"ct_w{each.number}")


def _values(text: _Text, fields: list[BitField]) -> dict[str, int]:
    """The bits of these fields, except in structs on which the compiler breaks down."""
    try:
        return _assembled(text, fields)
    except BrokeDownError as error:
        structs = list(dict.fromkeys(each.struct for each in fields))
        if len(structs) == 1:
            name = next(each.claim.within for each in fields if each.claim)
            text.faults.append(f"{name}: {error}")
            return {}
        first = structs[: len(structs) // 2]
        return {
            **_values(text, [each for each in fields if each.struct in first]),
            **_values(text, [each for each in fields if each.struct not in first]),
        }


def _assembled(text: _Text, fields: list[BitField]) -> dict[str, int]:
    native = text.compiler.native
    rows = [(each.number, line) for each in fields for line in each.lines(native)]
    before = [*text.before, *text.claims.preparation]
    found = assemble_variables(text.compiler, text.source, before, rows)
    return {name: int.from_bytes(value, "little") for name, value in found.items()}


def _platform_claim() -> str:
    sizes = {
        "void *": ctypes.sizeof(ctypes.c_void_p),
        "long": ctypes.sizeof(ctypes.c_long),
        "wchar_t": ctypes.sizeof(ctypes.c_wchar),
    }
    claims = [f"sizeof({name}) == {size}" for name, size in sizes.items()]
    return f'static_assert({" && ".join(claims)}, "");'


def _told(messages: list[str]) -> list[str]:
    """The template arguments in a message about ct_tell or ct_tell_values.

    ct_tell has two, a number and a type, which may contain commas.
    """
    for text in messages:
        match = re.search(r"ct_tell(_values)?<", text)
        if match is None:
            continue
        parts: list[str] = []
        depth, start = 1, match.end()
        for place in range(start, len(text)):
            depth += (text[place] in "<([{") - (text[place] in ">)]}")
            is_comma = text[place] == "," and depth == 1 and (match[1] or not parts)
            if not depth or is_comma:
                parts.append(text[start:place].strip())
                start = place + 1
            if not depth:
                return parts
    return []
