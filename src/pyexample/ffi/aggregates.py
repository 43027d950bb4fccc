"""What libfastcall must know of objects of ctypes, and of structures: see ``aggregates.h``."""

import ctypes
import functools
from collections.abc import Iterator
from ctypes import c_int, c_size_t, c_uint8, c_uint16, c_void_p
from typing import Any

from .libfastcall import NotServedError, Returned, python_api
from .values import is_pointer, type_code

_INTEGERS = frozenset("bBhHiIlLqQ?cuPzZO")
"""The type codes of what goes to integer registers."""

_TP_NEW = 65  # Py_tp_new, Include/typeslots.h, which is in the stable ABI


class CTypes(ctypes.Structure):
    """``fastcall_ctypes``."""

    _fields_ = (
        ("array", c_void_p),
        ("pointer", c_void_p),
        ("reference", c_void_p),
        ("reference_offset", c_size_t),
        ("memory_offset", c_size_t),
        ("objects_offset", c_size_t),
        ("new_instance", c_void_p),
        ("no_arguments", c_void_p),
    )


class CStruct(ctypes.Structure):
    """``fastcall_struct``."""

    _fields_ = (
        ("type", c_void_p),
        ("ctypes", c_void_p),
        ("size", c_uint16),
        ("alignment", c_uint8),
        ("is_wide", c_uint8),
        ("float_eighths", c_uint8),
        ("floats", c_uint8),
    )


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


@functools.cache
def describe_ctypes() -> CTypes:
    """The same for every function."""
    one = c_int()
    reference, pointer = ctypes.byref(one), ctypes.pointer(one)

    def offset_of(address: int, object_: Any) -> int:
        words = c_void_p * (type(object_).__basicsize__ // ctypes.sizeof(c_void_p))
        held = [*words.from_address(id(object_))]
        if address not in held:
            raise NotServedError("this Python lays out objects of ctypes in another way")
        return held.index(address) * ctypes.sizeof(c_void_p)

    get_slot = python_api()["PyType_GetSlot"]
    get_slot.argtypes = [ctypes.py_object, c_int]
    get_slot.restype = c_void_p
    return CTypes(
        array=id(ctypes.Array),
        pointer=id(ctypes._Pointer),  # pyright: ignore[reportPrivateUsage]
        reference=id(type(reference)),
        reference_offset=offset_of(ctypes.addressof(one), reference),
        memory_offset=offset_of(ctypes.addressof(one), one),
        objects_offset=offset_of(id(pointer._objects), pointer),
        new_instance=get_slot(ctypes.Structure, _TP_NEW),
        no_arguments=id(()),
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
        is_address = is_pointer(ctype) or hasattr(ctype, "_flags_")
        if code == "g" and ctypes.sizeof(ctype) == ctypes.sizeof(ctypes.c_double):
            code = "d"
        if not (is_address or code in _INTEGERS or code in tuple("fdg")):
            raise NotServedError(f"{where}: a {ctype.__name__} in a structure is not served")
        yield start, "P" if is_address else code


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
