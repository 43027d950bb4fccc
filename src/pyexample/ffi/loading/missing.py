"""Why a library lacks a function: the usual causes, and similar names in it."""

import ctypes
import mmap
import re

from .symbols import why_no_function

_MOST = 5

_NAME = re.compile(rb"(?<=\0)[A-Za-z_]\w{1,127}(?=\0)")


def describe_missing(library: ctypes.CDLL, path: str, *names: str) -> str:
    """Advice if ``library``, loaded from ``path``, lacks ``names[0]``.

    Others are what the same function may be called as well.
    """
    causes = [
        "its file is not among the sources of the library",
        "it is not marked for export, where others are hidden",
        "the library is older than it: build and install it again",
        'it is C++ without extern "C"',
    ]
    near = near_names(library, path, *names)
    spelt = f": there is {', '.join(near)}" if near else ""
    return f"The usual causes: {'; '.join(causes)}; it is spelt in another way{spelt}."


def near_names(library: ctypes.CDLL, path: str, *names: str) -> list[str]:
    """Functions of the library with names near to these, the nearest first.

    ``names[0]`` is not one of them.

    Files hold exported names as texts between NULs. None if it cannot be read.
    """
    import difflib

    try:
        with (
            open(path, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
        ):
            found = {match[0].decode() for match in _NAME.finditer(text)}
    except (OSError, ValueError):  # a system library, an empty file
        return []
    # Mach-O prefixes names with an underscore.
    found |= {each[1:] for each in found if each.startswith("_")}
    known = {each.lower(): each for each in sorted(found) if each != names[0]}
    near: dict[str, None] = {}
    for name in (each.lower() for each in dict.fromkeys(names)):
        close = difflib.get_close_matches(name, known, n=4 * _MOST, cutoff=0.7)
        # One lacks a prefix of the other.
        longer = [
            each for each in known if each.endswith(f"_{name}") or name.endswith(f"_{each}")
        ]
        near.update(dict.fromkeys(known[each] for each in (*close, *longer)))
    return [each for each in near if _has(library, each)][:_MOST]


def _has(library: ctypes.CDLL, name: str) -> bool:
    try:
        library[name]
    except (AttributeError, ValueError):
        return False
    return why_no_function(library, name) is None
