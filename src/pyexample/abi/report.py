"""The findings of a check, as data and as text for people, programs and GitHub."""

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
"""The meaning of each grade, the worst first. The first two are errors, the others notes."""


@dataclass(frozen=True)
class Finding:
    """One difference between Python and C; a declaration may have several.

    Attributes:
        grade: one of GRADES.
        kind: the difference in a word: "width", "kind", "count", "layout", "missing", ...
        subject: the declaration: "function", "Struct", "Struct.field", "CONSTANT".
        argument: the part of a function: "argument 1", "result", or "" for all of it.
        file: the file of the Python declaration, or the header; "" if not known.
        line: the line in that file, from 1; 0 if not known.
        what: the difference in a sentence.
        python: the declaration in Python.
        c: the declaration in C.
        c_place: the file and line of that: "mylib.h:5", or "" if not known.
        happens: the effect at run time.
        paste: a Python declaration of a function that Python lacks; "" unless the report lists
            these.
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
        """An "error" if the binary interface differs, otherwise a "note"."""
        return "error" if self.grade in ("breaks", "elsewhere") else "note"

    @property
    def key(self) -> tuple[str, str, str]:
        """The subject, kind and argument, which identify it in a file of allowed findings."""
        return self.subject, self.kind, self.argument

    @property
    def declaration(self) -> tuple[str, str, int]:
        """The name, file and line of the declaration, equal for all findings about it."""
        return self.subject.partition(".")[0], self.file, self.line

    def __str__(self) -> str:
        return _tell([self])


@dataclass
class Report:
    """The result of a check: true if it fails, hence ``assert not check(...)``.

    Attributes:
        findings: the worst first, in the order of the files.
        judged: how many functions, structs, fields and constants were checked.
        compiler: the compiler that checked them.
        strict: whether notes fail too.
        coverage: whether the text lists what is not checked or not declared.
        remarks: sentences about the check itself, such as the version of the headers.
        faults: bugs of ours and breakdowns of the compiler, each with the declaration that
            could not be checked. If there is one, nothing is proven.
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
        """The findings that the text lists: those of coverage only on request."""
        everything = self.strict or self.coverage
        return [each for each in self.findings if everything or each.grade != "coverage"]

    @property
    def status(self) -> int:
        """The exit status: 0 proven, 1 failed, 2 something could not be checked."""
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
        """What was checked, the outcome, and how many findings of each kind there are."""
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
        """The report as a dictionary that JSON can hold."""
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
        """The report as GitHub's workflow commands, which annotate lines of a pull request."""
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
    """The text of the findings about one declaration."""
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
    """A number and a noun: no errors, 1 error, 2 errors."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def relative(file: str) -> str:
    """The path of a file, relative to the current folder if it is in or below it."""
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
