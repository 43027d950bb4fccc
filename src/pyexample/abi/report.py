"""What was found, as data and as text for people, programs and GitHub."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Literal

Severity = Literal["error", "note"]
"""An error is a difference of the binary interface; a note one of meaning, or of coverage."""


@dataclass
class Finding:
    """One disagreement between Python and C.

    Attributes:
        severity: "error" or "note".
        kind: what is wrong, in a word: "width", "kind", "count", "layout", "missing", ...
        subject: the declaration: "function", "Struct.field", "CONSTANT".
        file: of the Python declaration, or of the header; "" where it is not known.
        line: in that file, from 1; 0 where it is not known.
        what: a sentence that names the difference.
        python: what Python declares.
        c: what C has, as the compiler prints it.
        happens: what that does at run time.
        paste: of a function that Python lacks: a declaration of it.
    """

    severity: Severity
    kind: str
    subject: str
    file: str
    line: int
    what: str
    python: str = ""
    c: str = ""
    happens: str = ""
    paste: str = ""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        where = f"{_relative(self.file)}{line}: " if self.file else ""
        lines = [f"{where}{self.severity}: {self.subject}: {self.what}"]
        lines += [f"    Python declares  {self.python}"] if self.python else []
        lines += [f"    C has            {self.c}"] if self.c else []
        lines += [f"    At run time      {self.happens}"] if self.happens else []
        lines += (
            ["", *(f"    {line}".rstrip() for line in self.paste.splitlines()), ""]
            if self.paste
            else []
        )
        return "\n".join(lines)


@dataclass
class Report:
    """What a check has found: true where something fails, so ``assert not check(...)``.

    Attributes:
        findings: errors first, in the order of the files.
        judged: how many functions, structs, fields and constants were.
        compiler: the judge.
        strict: whether notes fail too.
    """

    findings: list[Finding]
    judged: dict[str, int]
    compiler: str
    headers: list[str] = field(default_factory=list[str])
    modules: list[str] = field(default_factory=list[str])
    strict: bool = False

    @property
    def failures(self) -> list[Finding]:
        """The findings that fail the check."""
        return [each for each in self.findings if self.strict or each.severity == "error"]

    def __bool__(self) -> bool:
        return bool(self.failures)

    def __repr__(self) -> str:
        return f"<Report: {self.summary()}>"

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), self.summary()])

    def summary(self) -> str:
        """One line: what was judged by whom, and the outcome."""
        errors = sum(each.severity == "error" for each in self.findings)
        notes = len(self.findings) - errors
        judged = ", ".join(
            _count(count, what.removesuffix("s"))
            for what, count in self.judged.items()
            if count
        )
        outcome = f"{_count(errors, 'error')}, {_count(notes, 'note')}"
        return (
            f"{', '.join(self.modules)} against {', '.join(self.headers)}: "
            f"{judged} judged by {self.compiler}: {outcome}"
        )

    def json(self) -> str:
        """The report as JSON."""
        return json.dumps(
            {
                "proven": not self,
                "modules": self.modules,
                "headers": self.headers,
                "compiler": self.compiler,
                "judged": self.judged,
                "findings": [asdict(each) for each in self.findings],
            },
            indent=2,
        )

    def github(self) -> str:
        """The report as GitHub's workflow commands, which mark lines in a pull request."""
        lines = [
            f"::{'error' if each in self.failures else 'notice'} {_place(each)}"
            f"title={_escape(f'{each.subject}: {each.kind}', ':,')}"
            f"::{_escape(_body(each))}"
            for each in self.findings
        ]
        return "\n".join([*lines, self.summary()])


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _relative(file: str) -> str:
    relative = (
        os.path.relpath(file) if os.path.splitdrive(file)[0] in ("", os.getcwd()[:2]) else file
    )
    return file if relative.startswith("..") else relative


def _place(finding: Finding) -> str:
    if not finding.file:
        return ""
    return f"file={_escape(_relative(finding.file), ':,')},line={finding.line},"


def _body(finding: Finding) -> str:
    parts = [finding.what, finding.python and f"Python declares: {finding.python}"]
    parts += [finding.c and f"C has: {finding.c}", finding.happens, finding.paste]
    return "\n".join(part for part in parts if part)


def _escape(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
