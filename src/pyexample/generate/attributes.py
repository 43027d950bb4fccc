"""What the attributes of a function say about its parameters and its result.

GCC's manual, "Common Function Attributes", has access, malloc, returns_nonnull and
warn_unused_result; clang's, "Nullability Attributes", _Nonnull and _Nullable.
"""

import re
from typing import NamedTuple

from ..headers.c_model import Function


class Access(NamedTuple):
    """How a function uses what a pointer points to.

    Attributes:
        mode: "read_only", "write_only" or "read_write".
        size: which parameter has the number of items; None if that is not said.
    """

    mode: str
    size: int | None


_ACCESS = re.compile(r"access\(\s*_*(read_only|write_only|read_write)_*\s*,([\d,\s]+)\)")
_MALLOC = re.compile(r"malloc\(\s*(\w+)\s*(?:,\s*1\s*)?\)")


def accesses(function: Function) -> dict[int, Access]:
    """What ``access`` says of parameters, by their number from 0 on."""
    found: dict[int, Access] = {}
    count = len(function.type.parameters)
    for each in function.attributes:
        if match := _ACCESS.fullmatch(each):
            places = [int(place) - 1 for place in match[2].split(",")]
            if all(0 <= place < count for place in places):
                found[places[0]] = Access(match[1], places[1] if places[1:] else None)
    return found


def freed_by(function: Function) -> str:
    """The function that frees what comes back, as ``malloc`` says; or ""."""
    for each in function.attributes:
        if match := _MALLOC.fullmatch(each):
            return match[1]
    return ""


def is_never_null(function: Function) -> bool:
    """Whether a result is said to be never NULL."""
    return _last(function.attributes) == "_Nonnull" or "returns_nonnull" in function.attributes


def must_be_looked_at(function: Function) -> bool:
    """Whether a caller that ignores the result is warned."""
    return not {"warn_unused_result", "nodiscard"}.isdisjoint(function.attributes)


def may_be_null(attributes: tuple[str, ...]) -> bool:
    """Whether these are the attributes of a pointer that may be NULL."""
    return _last(attributes) == "_Nullable"


def _last(attributes: tuple[str, ...]) -> str:
    """What is said of a pointer itself, not of a pointer that it points to."""
    said = [each for each in attributes if each in ("_Nonnull", "_Nullable")]
    return said[-1] if said else ""
