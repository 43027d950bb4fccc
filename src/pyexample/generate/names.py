"""Give everything in a binding a name that Python can have, and that nothing else has."""

import ctypes
import keyword
import re
import unicodedata
from collections.abc import Iterable

from .. import ffi

FFI = frozenset(ffi.__all__)
"""The words of pyexample.ffi that declarations are written in."""

CTYPES = frozenset(
    each for each in dir(ctypes) if each.startswith("c_") or each in ("Structure", "Union")
)
"""The types of ctypes that declarations name."""

_MODULES = {
    "collections.abc": ("Callable", "Sequence"),
    "enum": ("IntEnum", "IntFlag"),
    "typing": ("Annotated", "Any"),
}


def imports(words: Iterable[str]) -> dict[str, list[str]]:
    """What a module imports from where, if its text has these words."""
    used = set(words)
    return {
        "collections.abc": sorted(used.intersection(_MODULES["collections.abc"])),
        "ctypes": sorted(used & CTYPES - {"Structure", "Union"}, key=_natural),
        "enum": sorted(used.intersection(_MODULES["enum"])),
        "typing": sorted(used.intersection(_MODULES["typing"])),
    }


def _natural(name: str) -> list[str | int]:
    """The order of isort, for which 8 comes before 16."""
    return [int(each) if each.isdecimal() else each for each in re.split(r"(\d+)", name)]


CHECK = "check_version"
"""The function of a module that refuses other versions of the library."""

_RESERVED = {
    *FFI,
    *CTYPES,
    *(each for names in _MODULES.values() for each in names),
    *("FILES", "ctypes", "function", "hold", "library", "os"),
    CHECK,
    *("bool", "bytes", "float", "int", "list", "memoryview", "object", "str", "tuple"),
    *("Exception", "RuntimeError", "MemoryError", "OSError", "next", "isinstance"),
}


class Names:
    """The names of a module's own, by what has them."""

    def __init__(self) -> None:
        self._taken = set(_RESERVED)

    def give(self, wanted: str, otherwise: str = "_") -> str:
        """A name like the wanted one that nothing else has.

        Raises ValueError if Python can have no such name.
        """
        name = python_name(wanted)
        while name in self._taken:
            name += otherwise
        self._taken.add(name)
        return name


def python_name(word: str) -> str:
    """A name of C as one of Python, which normalises names (PEP 3131: to NFKC).

    Raises ValueError if it can be none.
    """
    is_normal = unicodedata.is_normalized("NFKC", word)
    if not (word.isidentifier() and is_normal) or word == "__debug__":
        raise ValueError(f"the name {word}, which Python cannot have")
    if word.startswith("__") and word.endswith("__") and word.strip("_"):
        word = f"_{word.strip('_')}"  # such a name means something to Python itself
    return f"{word}_" if keyword.iskeyword(word) else word


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: "sqlite3_prepareV2" has three."""
    parts = re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", name)
    return [each.lower() for each in parts]


def capitalised(name: str) -> str:
    """A name as that of a type: "source_size" becomes "SourceSize"."""
    parts = [each for each in re.split(r"_+", name) if each]
    return "".join(f"{each[:1].upper()}{each[1:]}" for each in parts) or "Value"
