"""A file of findings that are known: which are allowed, why, and what both sides say there.

The file is TOML, with a table for each finding::

    [[finding]]
    subject = "mylib_version"    # as in the report; *, ? and [...] are patterns in these three
    kind = "signedness"
    argument = "result"
    digest = "0f3a62d1c9e0"      # of what Python and C say; without it, whatever they say
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

from . import toml
from .processes import CannotJudgeError
from .report import Finding

_HEADING = """\
# Findings of pyexample abi that are known, written by --update-baseline and left out by
# --allow. What changes on either side gets another digest, and is reported again.
"""
_KEYS = ("subject", "kind", "argument", "digest", "reason")
_INTEGER = re.compile(r"\b(?:(?:unsigned|signed|long|short|int|char)\b ?)+")


@dataclass(frozen=True)
class Known:
    """An entry of the file, and the line where it begins."""

    subject: str
    kind: str
    argument: str
    digest: str
    reason: str
    line: int = 0

    def matches(self, finding: Finding) -> bool:
        """Whether it is about this finding, whatever the two sides say."""
        patterns = (self.subject, self.kind, self.argument)
        return all(map(fnmatch.fnmatchcase, finding.key, patterns))

    def allows(self, finding: Finding) -> bool:
        """Whether it is about this finding as it is."""
        return self.matches(finding) and self.digest in ("", digest(finding))


def digest(finding: Finding) -> str:
    """Twelve hexadecimal digits of what both sides say, the same by every compiler.

    g++ has "long unsigned int" and "const char*", clang++ "unsigned long" and "const char *".
    """
    # Of an argument, a result or a field both types are in the sentence; what the rest of
    # the declaration says is of no importance.
    is_part = finding.argument or "." in finding.subject
    said = "\n".join((finding.what, *(() if is_part else (finding.python, finding.c))))
    plain = _INTEGER.sub(_sorted, said)
    return hashlib.sha256("".join(plain.split()).encode(errors="replace")).hexdigest()[:12]


def _sorted(match: re.Match[str]) -> str:
    words = sorted(match[0].split())
    return " ".join(each for each in words if each != "int" or len(words) == 1) + " "


def read(file: str) -> list[Known]:
    """The entries of a file.

    Raises:
        CannotJudgeError: it cannot be read, or is something else.
    """
    tables = toml.read(file)
    found = toml.array(tables.pop("finding", []))
    entries = [entry for each in found or () if (entry := toml.table(each)) is not None]
    if tables or found is None or len(entries) < len(found):
        other = next(iter(tables), "finding")
        raise CannotJudgeError(f"{file}: expected [[finding]] tables only, not {other!r}")
    lines = _lines(file)
    if len(lines) != len(entries):  # it is written in another way: as an array, say
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
            raise CannotJudgeError(f"{where}: {key} is a text, not {value!r}")
    subject, kind, argument, digest_, reason = (entry.get(key, "") for key in _KEYS)
    known = Known(subject, kind, argument, digest_, reason, line)
    if not (known.subject and known.kind):
        raise CannotJudgeError(f"{where}: a subject and a kind are needed, as in the report")
    if not (known.digest or known.reason.strip()):
        raise CannotJudgeError(
            f"{where}: without a digest, {known.subject} is allowed whatever both sides say:"
            " a reason is needed"
        )
    return known


def without(
    findings: Iterable[Finding], file: str, is_partial: bool
) -> tuple[list[Finding], int]:
    """Leave out what a file allows, and note what it allows in vain.

    Args:
        findings: all that there are.
        file: of those that are known.
        is_partial: whether there may be others, so that nothing is known to be in vain.

    Returns:
        The findings that are left, and how many are not.
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
            left.append(
                Finding(
                    "meaning", "allowed", each.subject, each.argument, file, each.line, what
                )
            )
    return left, allowed


def update(findings: Iterable[Finding], file: str) -> str:
    """Write a file of these findings, with the reasons that it has had for them.

    Entries without a digest, which are written by hand, stay while they allow something.

    Returns:
        What has been written, in a sentence or more.

    Raises:
        CannotJudgeError: it cannot be written, or is another kind of file.
    """
    toml.reader(file)  # without one nothing could be allowed by what is written
    before = read(file) if os.path.exists(file) else []
    found = list(findings)
    by_hand = [each for each in before if not each.digest and any(map(each.allows, found))]
    rest = [each for each in found if not any(known.allows(each) for known in by_hand)]
    old = {(each.subject, each.kind, each.argument): each for each in before if each.digest}
    written: dict[tuple[str, str, str, str], Known] = {}
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
        written[entry.subject, entry.kind, entry.argument, entry.digest] = entry
    keys = {_patterns(each) for each in rest}
    gone = [
        each
        for each in before
        if each not in by_hand and (each.subject, each.kind, each.argument) not in keys
    ]
    entries = [*by_hand, *written.values()]
    _write(file, entries)
    lines = [
        f"{file}: {len(entries)} known, of which {added} new and {changed} changed;"
        f" {len(gone)} gone"
    ]
    lines += [
        f"  gone: {each.subject} [{', '.join(filter(None, (each.kind, each.argument)))}]"
        for each in gone
    ]
    return "\n".join(lines)


def _patterns(finding: Finding) -> tuple[str, str, str]:
    """The three patterns that only this finding's key is matched by."""
    subject, kind, argument = map(glob.escape, finding.key)
    return subject, kind, argument


def _write(file: str, entries: Iterable[Known]) -> None:
    parts = [_HEADING]
    for each in entries:
        lines = [f"{key} = {toml.quote(getattr(each, key))}\n" for key in _KEYS]
        parts.append("\n[[finding]]\n" + "".join(lines))
    # All of it, or nothing: what is there has reasons in it that somebody wrote.
    draft = f"{file}.new"
    try:
        with open(draft, "w", encoding="utf-8", newline="\n") as stream:
            stream.write("".join(parts))
        os.replace(draft, file)
    except OSError as error:
        raise CannotJudgeError(f"{file} cannot be written: {error.strerror}") from None
