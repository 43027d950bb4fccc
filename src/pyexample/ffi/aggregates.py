"""What libfastcall must know of a structure that is passed by value: see ``aggregates.h``."""

import ctypes
from collections.abc import Iterator
from typing import Any

from .libfastcall import CStruct, NotServedError, Returned
from .values import type_code

_INTEGERS = frozenset("bBhHiIlLqQ?cuPzZO")
"""The type codes of what goes to integer registers."""


def by_value(where: str, ctype: Any) -> CStruct:
    """Describe a structure. Raises NotServedError."""
    size, alignment = ctypes.sizeof(ctype), ctypes.alignment(ctype)
    if not 0 < size <= Returned.structure.size:
        raise NotServedError(f"{where}: a structure of {size} bytes is not served")
    members = [*_members(where, ctype, 0)]
    codes = {code for _, code in members}
    is_homogeneous = len(members) <= 4 and codes in ({"f"}, {"d"})
    others = [at // 8 for at, code in members if code not in "fd"]
    return CStruct(
        type=id(ctype),
        size=size,
        alignment=alignment,
        is_wide="g" in codes,
        float_eighths=sum(1 << at for at in (0, 1) if at not in others),
        floats=len(members) if is_homogeneous else 0,
    )


def _members(where: str, ctype: Any, start: int) -> Iterator[tuple[int, str]]:
    """The offset and the type code of each number and pointer."""
    if hasattr(ctype, "_length_"):
        step = ctypes.sizeof(ctype._type_)
        for index in range(ctype._length_):
            yield from _members(where, ctype._type_, start + index * step)
    elif hasattr(ctype, "_fields_"):
        yield from _fields(where, ctype, start)
    else:
        code = type_code(ctype)
        is_pointer = hasattr(ctype, "contents") or hasattr(ctype, "_flags_")
        if code == "g" and ctypes.sizeof(ctype) == ctypes.sizeof(ctypes.c_double):
            code = "d"
        if not (is_pointer or code in _INTEGERS or code in tuple("fdg")):
            raise NotServedError(f"{where}: a {ctype.__name__} in a structure is not served")
        yield start, "P" if is_pointer else code


def _fields(where: str, ctype: Any, start: int) -> Iterator[tuple[int, str]]:
    """Those of a structure, which ctypes lays out after its base class."""
    end = 0
    if hasattr(ctype.__base__, "_fields_"):
        yield from _fields(where, ctype.__base__, start)
        end = ctypes.sizeof(ctype.__base__)
    for field in ctype.__dict__.get("_fields_", ()):
        alignment = ctypes.alignment(field[1])
        offset = -(-end // alignment) * alignment
        yield from _members(where, field[1], start + offset)
        end = offset + ctypes.sizeof(field[1])
    alignment = ctypes.alignment(ctype)
    if -(-end // alignment) * alignment != ctypes.sizeof(ctype):
        raise NotServedError(f"{where}: the layout of {ctype.__name__} is not served")
