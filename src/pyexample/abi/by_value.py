"""Whether ctypes passes a struct by value where C looks for it.

ctypes tells libffi the types of a struct's fields, one after the other; libffi places them by
their alignment, and does not know of ``_pack_``, of fields that share their place in a Union,
or of bit-fields that share a unit. From where it takes them to be it derives the registers.
The rules are those of "Parameter Passing" in the System V ABI's x86-64 supplement, and of
``classify_argument`` in libffi's src/x86/ffi64.c. Windows passes by size alone; for other
processors nothing is said here.
"""

import os
import platform
import sys
from collections.abc import Iterator

from .model import Declarations, Type, kind_of

_Leaf = tuple[int, int, bool]
"""A number in a struct: where it begins, its size, and whether it is a float."""

FLOATS = ("c_float", "c_double", "c_longdouble")
_INTEGER, _SSE = 1, 2
_MEMORY: list[int] = []


def is_misplaced(declarations: Declarations, index: int) -> bool:
    """Whether a Structure or Union, passed by value, is in other registers than C's struct."""
    if os.name != "posix" or platform.machine() not in ("x86_64", "AMD64"):
        return False
    if sys.maxsize < 2**32:
        return False
    struct = declarations.structs[index]
    if struct.size > 16 or not struct.complete:  # in memory, for both
        return False
    real = _classes(list(_leaves(declarations, index, 0)), struct.size)
    return real != _classes(list(_taken(declarations, index)), struct.size)


def _classes(leaves: list[_Leaf], size: int) -> list[int]:
    """The class of each eight bytes; none where the whole is passed in memory."""
    found = [0] * ((size + 7) // 8)
    for offset, width, is_float in leaves:
        if width > 8 or offset % width:
            return _MEMORY
        if offset // 8 < len(found):
            kind = _SSE if is_float else _INTEGER
            found[offset // 8] = _INTEGER if _INTEGER in (kind, found[offset // 8]) else _SSE
    return found


def _leaves(declarations: Declarations, index: int, start: int) -> Iterator[_Leaf]:
    """The numbers in a struct, where they really are."""
    for each in declarations.structs[index].fields:
        if each.bits:
            mask = int(each.mask)
            bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
            yield from ((start + bit // 8, 1, False) for bit in bits)
        else:
            size = declarations.structs[index].size
            yield from _numbers(declarations, each.type, start + each.offset, each.size or size)


def _numbers(
    declarations: Declarations, ctype: Type, offset: int, size: int
) -> Iterator[_Leaf]:
    kind = kind_of(ctype)
    if kind == "struct":
        yield from _leaves(declarations, int(ctype[1]), offset)
    elif kind == "array":
        count = int(ctype[2])
        for number in range(count):
            item = size // count
            yield from _numbers(declarations, ctype[1], offset + number * item, item)
    elif kind == "swapped":
        yield from _numbers(declarations, ctype[1], offset, size)
    else:
        yield offset, size, ctype in FLOATS


def _taken(declarations: Declarations, index: int) -> Iterator[_Leaf]:
    """The same numbers, where libffi takes them to be."""
    at = 0
    for each in declarations.structs[index].fields:
        if not each.size:
            continue
        at = -(-at // each.alignment) * each.alignment
        if kind_of(each.type) == "struct":
            inner = int(each.type[1])
            yield from (
                (at + first, size, is_float)
                for first, size, is_float in _taken(declarations, inner)
            )
        else:
            yield from _numbers(declarations, each.type, at, each.size)
        at += each.size
