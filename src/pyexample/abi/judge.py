"""Let a compiler judge claims: one run for all of them, a second one for those that fail."""

import ctypes
import os
import re
from collections.abc import Iterable

from .claims import MODES, Claim, Claims, prologue
from .compiler import Compiler
from .header import Header, scan, without_bodies
from .model import Declarations
from .processes import CannotJudgeError, TookTooLongError

with open(os.path.join(os.path.dirname(__file__), "claims.h"), encoding="utf-8") as _stream:
    _RULES = _stream.read()

_ENUM = _RULES.partition("enum ct_verdict {")[2].partition("}")[0]
VERDICTS = re.findall(r"^ +ct_(\w+)", _ENUM, re.MULTILINE)
"""The names of the verdicts in claims.h: the first one agrees."""

_CANARY = 'static_assert(sizeof(ct_tell<0, ct_any>), "");'
"""A claim that never holds. Where no error is reported for it, the compiler has not read it."""


class Failure:
    """A claim that does not hold.

    Attributes:
        claim: it.
        messages: the compiler's.
        answers: to the claim's questions: the template arguments that the compiler
            printed. What it could not answer is missing.
    """

    def __init__(self, claim: Claim, messages: list[str]) -> None:
        self.claim = claim
        self.messages = messages
        self.answers: dict[str, list[str]] = {}

    @property
    def message(self) -> str:
        """The compiler's first message."""
        return self.messages[0]

    def numbers(self, question: str) -> list[int]:
        """The answer to a question about numbers; none where there is none."""
        return [int(text.rstrip("lLuU")) for text in self.answers.get(question, [])]

    def verdict(self, question: str) -> tuple[str, str]:
        """The answer to a question about a type: a name in VERDICTS, and C's type."""
        if question not in self.answers:
            return "", ""
        number, c_type = self.answers[question]
        return VERDICTS[int(number.rstrip("lL"))], c_type


class Judgement:
    """What a compiler said of declarations.

    Attributes:
        claims: that were judged.
        header: the names that the headers declare.
        failures: the claims that do not hold.
    """

    def __init__(self, claims: Claims, header: Header, failures: list[Failure]) -> None:
        self.claims = claims
        self.header = header
        self.failures = failures

    def counts(self, only: re.Pattern[str]) -> dict[str, int]:
        """How many functions, structs, fields and constants with such a name were judged."""
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
    """Judge declarations by headers.

    Args:
        declarations: what Python declares.
        headers: as they would stand in an ``#include``.
        compiler: the judge.
        structs: the C name of Python's structs, where it is another one.
        source: the .cpp file to write.

    Raises:
        CannotJudgeError: the compiler did not get as far as the claims.
    """
    first_error: CannotJudgeError | None = None
    for mode in MODES:
        try:
            return _judge_in(mode, declarations, headers, compiler, structs, source)
        except TookTooLongError:
            raise
        except CannotJudgeError as error:
            first_error = first_error or error
    raise first_error or AssertionError(MODES)


def _judge_in(
    mode: str,
    declarations: Declarations,
    headers: list[str],
    compiler: Compiler,
    structs: dict[str, str],
    source: str,
) -> Judgement:
    before = [*_RULES.splitlines(), *prologue(headers, mode).splitlines()]
    _write(source, before)
    preprocessed = compiler.preprocess(source)
    header = scan(preprocessed, source, headers)
    if mode == "C without bodies":
        before = without_bodies(preprocessed, source)
        before.append(f'#line {len(before) + 2} "{os.path.basename(source)}"')
    claims = Claims(declarations, header, compiler.native, structs)
    if not claims.claims:
        raise CannotJudgeError(
            "nothing to judge: what the modules declare"
            f" (functions: {len(declarations.functions)}, structs: {len(declarations.structs)},"
            f" constants: {len(declarations.constants)}) is not in the headers"
        )
    failures = _failures(compiler, source, before, claims)
    failed = [each.claim for each in failures]
    asked = [(index, name) for index, each in enumerate(failed) for name in each.questions]
    if asked:
        questions = [
            f'static_assert(sizeof({failed[index].questions[name]}), "");'
            for index, name in asked
        ]
        found = _compile(compiler, source, before, [*claims.aliases, *questions])
        for row, (index, name) in enumerate(asked, len(claims.aliases)):
            if told := _told(found.get(row, [])):
                failures[index].answers[name] = told
        _write(source, [*before, *_lines(compiler, claims)])  # for whoever keeps the file
    return Judgement(claims, header, failures)


def _failures(
    compiler: Compiler, source: str, before: list[str], claims: Claims
) -> list[Failure]:
    found = _compile(compiler, source, before, _lines(compiler, claims))
    start = len(claims.aliases)
    if start in found:
        raise CannotJudgeError(
            f"{' '.join(compiler.command)} compiles for another platform than this Python's:"
            " say which one with --target"
        )
    return [
        Failure(claim, found[row])
        for row, claim in enumerate(claims.claims, start + 1)
        if row in found
    ]


def _lines(compiler: Compiler, claims: Claims) -> list[str]:
    return [
        *claims.aliases,
        _platform_claim() if compiler.native else "",
        *(
            each.line if each.kind == "count" else f'static_assert({each.line}, "");'
            for each in claims.claims
        ),
    ]


def _compile(
    compiler: Compiler, source: str, before: list[str], lines: list[str]
) -> dict[int, list[str]]:
    """The compiler's messages about each line, by its index."""
    _write(source, [*before, *lines, _CANARY])
    first = len(before) + 1
    found = compiler.check(source, first)
    if found.elsewhere or first + len(lines) not in found.by_line:
        listed = "\n".join(f"  {line}" for line in found.elsewhere[:12])
        raise CannotJudgeError(f"the header does not compile:\n{listed}")
    return {line - first: messages for line, messages in found.by_line.items()}


def _platform_claim() -> str:
    sizes = {
        "void *": ctypes.sizeof(ctypes.c_void_p),
        "long": ctypes.sizeof(ctypes.c_long),
        "wchar_t": ctypes.sizeof(ctypes.c_wchar),
    }
    claims = [f"sizeof({name}) == {size}" for name, size in sizes.items()]
    return f'static_assert({" && ".join(claims)}, "");'


def _write(source: str, lines: Iterable[str]) -> None:
    with open(source, "w", encoding="utf-8") as stream:
        stream.write("\n".join([*lines, ""]))


def _told(messages: list[str]) -> list[str]:
    """The template arguments in a message about ct_tell or ct_tell_values.

    Of ct_tell there are two, a number and a type, which has commas of its own.
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
