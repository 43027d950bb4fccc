"""Find the version of a library in the macros of its headers."""

import re

from .header import Header

_TEXT = re.compile(r"(?:.*_)?(?:VERSION|VER|VERSION_?STR(?:ING)?|VER_STR(?:ING)?)")
_PART = re.compile(
    r"(?P<before>.*?)_?(?P<part>MAJOR|MINOR|PATCH(?:LEVEL)?|MICRO|REVISION|SUBMINOR|BUILD)"
    r"(?P<behind>_?(?:VERSION|VER|NUMBER))?"
)
_ORDER = ("MAJOR", "MINOR")


def versions(header: Header) -> list[str]:
    """The macros that name a version: ``MYLIB_VERSION "1.2"``, or ``MYLIB_MAJOR 1 ...``.

    Macros of the headers themselves are preferred to those of the library's other headers.
    """
    theirs = [each for each in header.unit.macros.values() if each.name in header.constants]
    theirs = [each for each in theirs if each.file not in header.unit.system] or theirs
    own = [each for each in theirs if header.declares(each)]
    for macros in (own, theirs):
        texts = [
            f"{each.name} {each.body.strip()}"
            for each in macros
            if _TEXT.fullmatch(each.name.upper())
            and re.fullmatch(r'"[^"]*\d[^"]*"', each.body.strip())
        ]
        if texts:
            return texts
        parts = [
            f"{each.name} {each.body.strip()}"
            for each in macros
            if _PART.fullmatch(each.name.upper())
            and re.fullmatch(r"\(?\d+\)?", each.body.strip())
        ]
        if parts:
            return parts
    return []
