"""What was found, as data and as text for people, programs and GitHub."""

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Grade = Literal["breaks", "elsewhere", "meaning", "coverage"]
Severity = Literal["error", "note"]

GRADES: dict[Grade, str] = {
    "breaks": "breaks on the platform that is judged",
    "elsewhere": "breaks on another platform only",
    "meaning": "the same bits, of another meaning",
    "coverage": "not judged, or not declared",
}
"""What a finding's grade says, the worst first. The first two are errors, the others notes."""


@dataclass(frozen=True)
class Finding:
    """One thing that Python and C disagree about; a declaration may have several.

    Attributes:
        grade: one of GRADES.
        kind: what is wrong, in a word: "width", "kind", "count", "layout", "missing", ...
        subject: the declaration: "function", "Struct", "Struct.field", "CONSTANT".
        argument: of a function: "argument 1", "result", or "" where it is all of it.
        file: of the Python declaration, or of the header; "" where it is not known.
        line: in that file, from 1; 0 where it is not known.
        what: a sentence that names the difference.
        python: what Python declares.
        c: what C has.
        c_place: where C has it: "mylib.h:5", or "" where it is not known.
        happens: what that does at run time.
        paste: of a function that Python lacks: a declaration of it.
    """

    grade: Grade
    kind: str
    subject: str
    argument: str
    file: str
    line: int
    what: str
    python: str = ""
    c: str = ""
    c_place: str = ""
    happens: str = ""
    paste: str = ""

    @property
    def severity(self) -> Severity:
        """An "error" is a difference of the binary interface, a "note" any other."""
        return "error" if self.grade in ("breaks", "elsewhere") else "note"

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, in a file of findings that are allowed."""
        return self.subject, self.kind, self.argument

    @property
    def declaration(self) -> tuple[str, str, int]:
        """What findings about one declaration have in common."""
        return self.subject.partition(".")[0], self.file, self.line

    def __str__(self) -> str:
        return _tell([self])


@dataclass
class Report:
    """What a check has found: true where something fails, so ``assert not check(...)``.

    Attributes:
        findings: the worst first, in the order of the files.
        judged: how many functions, structs, fields and constants were.
        compiler: the judge.
        strict: whether notes fail too.
        coverage: whether the text lists what is not judged or not declared.
        remarks: what else there is to know of how it was judged: sentences.
        faults: mistakes of ours and breakdowns of the compiler, each with the declaration that
            could not be judged. Where there is one nothing is proven.
    """

    findings: list[Finding]
    judged: dict[str, int]
    compiler: str
    headers: list[str] = field(default_factory=list[str])
    modules: list[str] = field(default_factory=list[str])
    strict: bool = False
    coverage: bool = False
    remarks: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])

    @property
    def failures(self) -> list[Finding]:
        """The findings that fail the check."""
        return [each for each in self.findings if self.strict or each.severity == "error"]

    @property
    def shown(self) -> list[Finding]:
        """The findings that are listed one by one: coverage only where it is asked for."""
        everything = self.strict or self.coverage
        return [each for each in self.findings if everything or each.grade != "coverage"]

    @property
    def status(self) -> int:
        """The exit status: 0 proven, 1 something fails, 2 not all of it could be judged."""
        return 2 if self.faults else int(bool(self.failures))

    def __bool__(self) -> bool:
        return self.status != 0

    def __repr__(self) -> str:
        return f"<Report: {self.summary().splitlines()[0]}>"

    def __str__(self) -> str:
        by_declaration: dict[object, list[Finding]] = {}
        for each in self.shown:
            by_declaration.setdefault(each.declaration, []).append(each)
        details = [*map(_tell, by_declaration.values())]
        return "\n".join([self.summary(), *([""] if details else []), *details])

    def summary(self) -> str:
        """What was judged by whom, and the outcome; then how much of which kind was found."""
        errors = sum(each.severity == "error" for each in self.findings)
        notes = len(self.findings) - errors
        judged = ", ".join(
            count(number, what.removesuffix("s"))
            for what, number in self.judged.items()
            if number
        )
        outcome = f"{count(errors, 'error')}, {count(notes, 'note')}"
        lines = [
            f"{', '.join(self.modules)} against {', '.join(self.headers)}: "
            f"{judged or 'nothing'} judged by {self.compiler}: {outcome}"
        ]
        for grade, says in GRADES.items():
            kinds = Counter(each.kind for each in self.findings if each.grade == grade)
            if kinds:
                listed = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
                lines.append(f"  {says}: {listed}")
        if len(self.shown) < len(self.findings):
            lines[-1] += " (listed with --coverage)"
        lines += [f"  {each}" for each in self.remarks]
        lines += [f"  {_fault(each)}" for each in self.faults]
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """The report as what JSON holds."""
        return {
            "proven": not self,
            "modules": self.modules,
            "headers": self.headers,
            "compiler": self.compiler,
            "judged": self.judged,
            "remarks": self.remarks,
            "faults": self.faults,
            "findings": [{"severity": each.severity, **asdict(each)} for each in self.findings],
        }

    def json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.data(), indent=2)

    def github(self) -> str:
        """The report as GitHub's workflow commands, which mark lines in a pull request."""
        lines = [
            f"::{'error' if each in self.failures else 'notice'} {_place(each)}"
            f"title={_escape(f'{each.subject}: {each.kind}', ':,')}"
            f"::{_escape(_body(each))}"
            for each in self.shown
        ]
        lines += [f"::error title=not judged::{_escape(_fault(each))}" for each in self.faults]
        return "\n".join([*lines, self.summary()])


def _fault(fault: str) -> str:
    return f"not judged: {fault}"


def _tell(findings: list[Finding]) -> str:
    """The findings about one declaration, which is shown once."""
    first = findings[0]
    line = f":{first.line}" if first.line else ""
    where = f"{relative(first.file)}{line}: " if first.file else ""
    lines: list[str] = []
    for each in findings:
        key = f"{each.kind}, {each.argument}" if each.argument else each.kind
        lines.append(f"{where}{each.severity}: {each.subject}: {each.what} [{key}]")
    c = f"{first.c}  ({first.c_place})" if first.c_place else first.c
    happens = "; ".join(dict.fromkeys(each.happens for each in findings if each.happens))
    lines += [f"    Python declares  {first.python}"] if first.python else []
    lines += [f"    C has            {c}"] if c else []
    lines += [f"    At run time      {happens}"] if happens else []
    for each in findings:
        pasted = each.paste.splitlines()
        lines += ["", *(f"    {line}".rstrip() for line in pasted), ""] if pasted else []
    return "\n".join(lines)


def count(number: int, noun: str) -> str:
    """A number of things in words: no errors, 1 error, 2 errors."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def relative(file: str) -> str:
    """A file as it is written here, where it is in this folder or below."""
    relative = (
        os.path.relpath(file) if os.path.splitdrive(file)[0] in ("", os.getcwd()[:2]) else file
    )
    return file if relative.startswith("..") else relative


def _place(finding: Finding) -> str:
    if not finding.file:
        return ""
    return f"file={_escape(relative(finding.file), ':,')},line={finding.line},"


def _body(finding: Finding) -> str:
    parts = [finding.what, finding.python and f"Python declares: {finding.python}"]
    parts += [finding.c and f"C has: {finding.c}", finding.happens, finding.paste]
    return "\n".join(part for part in parts if part)


def _escape(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
