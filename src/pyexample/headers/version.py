"""Find the version of a library in the macros of its headers."""

import re
from collections.abc import Iterable

from .header import Header

_TEXT = re.compile(r"(?:.*_)?(?:VERSION|VER|VERSION_?STR(?:ING)?|VER_STR(?:ING)?|VERSION_TEXT)")
_ORDER = ("MAJOR", "MINOR", "PATCH", "RELEASE", "MICRO", "REVISION", "PATCHLEVEL")
_PART = re.compile(
    r"(?P<before>.*?)_?(?P<part>MAJOR|MINOR|PATCH(?:LEVEL)?|RELEASE|MICRO|REVISION|SUBMINOR|BUILD)"
    r"(?P<behind>_?(?:VERSION|VER|NUMBER))?"
)


def versions(header: Header) -> list[str]:
    """The macros that name a version: ``MYLIB_VERSION "1.2"``, or ``MYLIB_MAJOR 1 ...``.

    Macros of the headers themselves are preferred to those of the library's other headers.
    """
    theirs = [each for each in header.unit.macros.values() if each.file in header.files]
    theirs = [each for each in theirs if each.file not in header.unit.system] or theirs
    own = [each for each in theirs if header.declares(each)]
    for macros in (own, theirs):
        for name, body in ((_TEXT, r'"[^"]*\d[^"]*"'), (_PART, r"\(?\d+\)?")):
            found = [
                f"{each.name} {each.body.strip()}"
                for each in macros
                if name.fullmatch(each.name.upper()) and re.fullmatch(body, each.body.strip())
            ]
            if found:
                return found
    return []


def number(said: Iterable[str]) -> str:
    """The version that such macros give, as 1.2.3; "" if they give none, or several."""
    found: set[str] = set()
    parts: dict[tuple[str, str], dict[str, str]] = {}
    for name, _, body in (each.partition(" ") for each in said):
        match = _PART.fullmatch(name.upper())
        if whole := re.fullmatch(r'"v?(\d+(?:\.\d+){1,3})"', body):
            found.add(whole[1])
        elif match and "VER" in name.upper():
            key = (match["before"], match["behind"] or "")
            parts.setdefault(key, {})[match["part"]] = body.strip("()")
    for numbers in parts.values():
        if "MAJOR" in numbers and "MINOR" in numbers:
            found.add(".".join(numbers[part] for part in _ORDER if part in numbers))
    return found.pop() if len(found) == 1 else ""
