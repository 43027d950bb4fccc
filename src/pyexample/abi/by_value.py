"""Decide whether ctypes and C pass a struct by value alike, by the rules of three ABIs.

ctypes lists the types of a struct's fields for libffi, which computes offsets from their
alignment. libffi does not know ``_pack_``, overlapping fields of a Union, or bit-fields that
share a unit; so it may compute wrong offsets, and from these choose the wrong registers.

- System V on x86-64 ("Parameter Passing" in the psABI, 3.2.3; ``classify_argument`` in libffi's
  src/x86/ffi64.c): each eight bytes go in a register for integers or for floats, by what is in
  them.
- AAPCS64, of Linux, macOS and Windows (6.8.2; ``is_vfp_type`` in libffi's
  src/aarch64/ffi.c): one to four floats of one type and nothing else go in registers for
  floats. All others are passed by size alone.
- Windows on x86-64 ("x64 calling convention"): by size alone. ctypes cannot be wrong.

The rules of other platforms are not known here.
"""

import ctypes
import sys
from collections.abc import Callable, Iterator
from typing import Literal

from .model import Declarations, Type, kind_of

Rules = Literal["System V", "AAPCS64", "Windows"]

PLATFORM_MACROS = ("_WIN32", "__x86_64__", "_M_X64", "__ILP32__", "__aarch64__", "_M_ARM64")
"""Macros that compilers define for these platforms; __ILP32__ is x32, which differs."""

_Leaf = tuple[int, int, bool]
"""A number in a struct: its offset, its size, and whether it is a float."""

FLOATS = ("c_float", "c_double", "c_longdouble")
_INTEGER, _SSE = 1, 2
_MEMORY: list[int] = []

# ctypes lists the items of an array only in structs of at most so many bytes. For a larger
# one, it lists a pointer (MAX_STRUCT_SIZE in Modules/_ctypes/stgdict.c; gh-110190).
_SAYS_32 = sys.version_info >= (3, 12, 1) or (3, 11, 7) <= sys.version_info < (3, 12)
_LARGEST_WITH_ITEMS = 32 if _SAYS_32 else 16


def rules_of(is_defined: Callable[[str], bool]) -> Rules | None:
    """The rules of a platform, found by the macros that its compiler defines."""
    if is_defined("__aarch64__") or is_defined("_M_ARM64"):
        return None if is_defined("__ILP32__") else "AAPCS64"
    if not (is_defined("__x86_64__") or is_defined("_M_X64")) or is_defined("__ILP32__"):
        return None
    return "Windows" if is_defined("_WIN32") else "System V"


def is_misplaced(declarations: Declarations, index: int, rules: Rules | None) -> bool:
    """Whether ctypes passes a Structure or Union by value in other registers than C."""
    struct = declarations.structs[index]
    if not struct.complete:
        return False
    if rules == "System V":
        if struct.size > 16:  # in memory, for both
            return False
        real = _classes(list(_leaves(declarations, index, 0)), struct.size)
        return real != _classes(list(_taken(declarations, index)), struct.size)
    return rules == "AAPCS64" and (
        _is_homogeneous(declarations, index) != _is_taken_for_homogeneous(declarations, index)
    )


def _is_homogeneous(declarations: Declarations, index: int) -> bool:
    """Whether it is one to four floats of one type, without padding (AAPCS64, 5.9.5)."""
    kinds = {*_kinds(declarations, index, sys.maxsize)}
    count = _count(declarations, ["struct", index])
    size = _float_size(kinds)
    return 0 < count <= 4 and count * size == declarations.structs[index].size


def _is_taken_for_homogeneous(declarations: Declarations, index: int) -> bool:
    """Whether libffi treats it as such a struct, given its size and the listed types."""
    kinds = {*_kinds(declarations, index, _LARGEST_WITH_ITEMS)}
    size = _float_size(kinds)
    whole = declarations.structs[index].size
    return size > 0 and whole % size == 0 and whole // size <= 4


def _float_size(kinds: set[str]) -> int:
    """The size of the floats if all numbers are floats of one type; otherwise 0."""
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    return ctypes.sizeof(getattr(ctypes, kind)) if kind in FLOATS else 0


def _kinds(declarations: Declarations, index: int, largest: int) -> Iterator[str]:
    """The kinds of numbers in a struct; arrays count as their items up to some size of it."""
    struct = declarations.structs[index]
    for each in struct.fields:
        item = each.type
        while kind_of(item) == "swapped" or (
            kind_of(item) == "array" and struct.size <= largest
        ):
            item = item[1]
        if kind_of(item) == "struct":
            yield from _kinds(declarations, int(item[1]), largest)
        elif each.size:
            yield item if isinstance(item, str) and not each.bits else "other"


def _count(declarations: Declarations, ctype: Type) -> int:
    """The number of numbers in a type; for a union, in its largest member."""
    kind = kind_of(ctype)
    if kind == "array":
        return int(ctype[2]) * _count(declarations, ctype[1])
    if kind != "struct":
        return 1
    struct = declarations.structs[int(ctype[1])]
    counts = [_count(declarations, each.type) for each in struct.fields]
    return max(counts, default=0) if struct.union else sum(counts)


def _classes(leaves: list[_Leaf], size: int) -> list[int]:
    """The class of each eight bytes; empty if the struct is passed in memory."""
    found = [0] * ((size + 7) // 8)
    for offset, width, is_float in leaves:
        if width > 8 or offset % width:
            return _MEMORY
        if offset // 8 < len(found):
            kind = _SSE if is_float else _INTEGER
            found[offset // 8] = _INTEGER if _INTEGER in (kind, found[offset // 8]) else _SSE
    return found


def _leaves(declarations: Declarations, index: int, start: int) -> Iterator[_Leaf]:
    """The numbers in a struct, at their real offsets."""
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
    """The same numbers, at the offsets that libffi computes."""
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
