"""A file of known findings: which are allowed, and why.

The file is TOML, with a table for each finding::

    [[finding]]
    subject = "mylib_version"    # as in the report; *, ? and [...] are patterns in these three
    kind = "signedness"
    argument = "result"
    digest = "0f3a62d1c9e0"      # of both declarations; without it, any declarations match
    reason = "a packed number, read as such"
"""

import fnmatch
import glob
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .. import toml
from ..headers.processes import CannotJudgeError
from .report import Finding, relative

_HEADING = """\
# Findings of pyexample abi that are known, written by --update-baseline and left out by
# --allow. What changes on either side gets another digest, and is reported again.
"""
_KEYS = ("subject", "kind", "argument", "digest", "reason")
_INTEGER = re.compile(r"\b(?:(?:unsigned|signed|long|short|int|char)\b ?)+")


@dataclass(frozen=True)
class Known:
    """An entry of the file, and its first line."""

    subject: str
    kind: str
    argument: str
    digest: str
    reason: str
    line: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """The three patterns, for the key of a finding."""
        return self.subject, self.kind, self.argument

    def matches(self, finding: Finding) -> bool:
        """Whether the entry is about this finding, whatever the declarations are."""
        return all(map(fnmatch.fnmatchcase, finding.key, self.key))

    def allows(self, finding: Finding) -> bool:
        """Whether the entry is about this finding with these declarations."""
        return self.matches(finding) and self.digest in ("", digest(finding))


def digest(finding: Finding) -> str:
    """Twelve hexadecimal digits of both declarations, equal for every compiler.

    g++ has "long unsigned int" and "const char*", clang++ "unsigned long" and "const char *".
    """
    # For an argument, a result or a field, the sentence has both types. The rest of the
    # declaration does not matter.
    is_part = finding.argument or "." in finding.subject
    said = "\n".join((finding.what, *(() if is_part else (finding.python, finding.c))))
    plain = _INTEGER.sub(_sorted, said)
    return hashlib.sha256("".join(plain.split()).encode(errors="replace")).hexdigest()[:12]


def _sorted(match: re.Match[str]) -> str:
    words = sorted(match[0].split())
    return " ".join(each for each in words if each != "int" or len(words) == 1) + " "


def read(file: str) -> list[Known]:
    """Read a file. Raises CannotJudgeError if it cannot be read, or is another kind of file."""
    tables = toml.read(file)
    found = toml.array(tables.pop("finding", []))
    entries = [entry for each in found or () if (entry := toml.table(each)) is not None]
    if tables or found is None or len(entries) < len(found):
        other = next(iter(tables), "finding")
        raise CannotJudgeError(f"{file}: expected [[finding]] tables only, not {other!r}")
    lines = _lines(file)
    if len(lines) != len(entries):  # written in another way, as an array for example
        lines = [1] * len(entries)
    return [
        _known(f"{file}:{line}", entry, line)
        for line, entry in zip(lines, entries, strict=True)
    ]


def _lines(file: str) -> list[int]:
    with open(file, encoding="utf-8") as stream:
        return [
            number
            for number, line in enumerate(stream, 1)
            if re.match(r"\s*\[\[\s*finding\s*\]\]", line)
        ]


def _known(where: str, entry: dict[str, Any], line: int) -> Known:
    for key, value in entry.items():
        if key not in _KEYS:
            raise CannotJudgeError(f"{where}: {key!r} is none of {', '.join(_KEYS)}")
        if not isinstance(value, str):
            raise CannotJudgeError(f"{where}: {key} is a string, not {value!r}")
    subject, kind, argument, digest_, reason = (entry.get(key, "") for key in _KEYS)
    known = Known(subject, kind, argument, digest_, reason, line)
    if not (known.subject and known.kind):
        raise CannotJudgeError(f"{where}: a subject and a kind are needed, as in the report")
    if not (known.digest or known.reason.strip()):
        raise CannotJudgeError(
            f"{where}: without a digest, {known.subject} is allowed whatever it declares:"
            " give a reason"
        )
    return known


def without(
    findings: Iterable[Finding], file: str, is_partial: bool
) -> tuple[list[Finding], int]:
    """Leave out the findings that a file allows, and report entries that allow nothing.

    If only some declarations were checked (``is_partial``), unused entries are fine. Returns
    the findings that are left, and how many were left out.
    """
    known = read(file)
    used: set[Known] = set()
    left: list[Finding] = []
    allowed = 0
    for finding in findings:
        entries = [each for each in known if each.matches(finding)]
        allowing = [each for each in entries if each.allows(finding)]
        used.update(allowing)
        if allowing:
            allowed += 1
            continue
        if entries:
            used.update(entries)
            where = f"{os.path.basename(file)}:{entries[0].line}"
            finding = replace(
                finding, what=f"{finding.what} (it has changed since {where} was written)"
            )
        left.append(finding)
    for each in known:
        if each not in used and not is_partial:
            what = f"nothing is found that this allows ({each.kind}): remove it"
            about = (each.subject, each.argument, file, each.line)
            left.append(Finding("meaning", "allowed", *about, what))
    return left, allowed


def update(findings: Iterable[Finding], file: str) -> str:
    """Write these findings to a file, and keep the reasons that are in it.

    Entries without a digest are written by hand. They stay while they allow something.

    Returns a summary. Raises CannotJudgeError if the file cannot be written, or is of another
    kind.
    """
    toml.reader(file)  # without a reader, --allow could not use the file
    before = read(file) if os.path.exists(file) else []
    found = list(findings)
    by_hand = [each for each in before if not each.digest and any(map(each.allows, found))]
    rest = [each for each in found if not any(known.allows(each) for known in by_hand)]
    old = {each.key: each for each in before if each.digest}
    written: dict[Known, None] = {}
    added = changed = 0
    for each in rest:
        entry = Known(*_patterns(each), digest(each), "")
        was = [
            known for known in before if known.digest == entry.digest and known.matches(each)
        ]
        if was:
            entry = replace(entry, reason=was[0].reason)
        elif _patterns(each) in old:
            changed += 1
            reason = old[_patterns(each)].reason
            entry = replace(entry, reason=f"(it has changed since) {reason}" if reason else "")
        else:
            added += 1
        written[entry] = None
    keys = {_patterns(each) for each in rest}
    gone = [each for each in before if each not in by_hand and each.key not in keys]
    entries = [*by_hand, *written]
    _write(file, entries)
    lines = [
        f"{relative(file)}: {len(entries)} known, of which {added} new and {changed} changed;"
        f" {len(gone)} gone"
    ]
    lines += [
        f"  gone: {each.subject} [{', '.join(filter(None, (each.kind, each.argument)))}]"
        for each in gone
    ]
    return "\n".join(lines)


def _patterns(finding: Finding) -> tuple[str, str, str]:
    """The three patterns that match only the key of this finding."""
    subject, kind, argument = map(glob.escape, finding.key)
    return subject, kind, argument


def _write(file: str, entries: Iterable[Known]) -> None:
    parts = [_HEADING]
    for each in entries:
        lines = [f"{key} = {toml.quote(getattr(each, key))}\n" for key in _KEYS]
        parts.append("\n[[finding]]\n" + "".join(lines))
    # All or nothing: the old file has reasons in it that somebody wrote.
    draft = f"{file}.new"
    try:
        with open(draft, "w", encoding="utf-8", newline="\n") as stream:
            stream.write("".join(parts))
        os.replace(draft, file)
    except OSError as error:
        raise CannotJudgeError(f"{file} cannot be written: {error.strerror}") from None
