"""What the memory of structures points to is kept alive.

ctypes keeps what a field was set to in a dict of the object through which it was set, and for a
copied structure it keeps only the source's dict. That is too short for C's memory, which
outlives such objects, and for a copy whose source is set again. So what Python sets is kept
here too, by the address of the pointer: as long as that memory, or until it is set again.
"""

import ctypes
import functools
import sys
from collections.abc import Callable
from typing import Any

from .values import fields_of, type_code

Pointees = dict[tuple[int, int], Any]
"""By the address of a pointer, and 0; or of a copied object, and its size."""

OF_C: Pointees = {}
"""What C's memory points to. Nobody knows how long C uses that."""

_ANY_POINTER: Any = ctypes.POINTER(ctypes.c_int).__base__
_IS_CPYTHON = sys.implementation.name == "cpython"


def pointees_of(memory: Any) -> Pointees:
    """What the memory points to, of which an object of ctypes shows a part."""
    root = _root(memory)
    if "_pointees" not in root.__dict__:
        # PyPy does not tell who has the memory.
        is_ours = root._b_base_ is None and (root._b_needsfree_ or not _IS_CPYTHON)
        root.__dict__["_pointees"] = {} if is_ours else OF_C
        if is_ours and _is_container(type(root)):
            ctypes.pointer(root)  # gives it the dict that each copy by ctypes keeps
            by_ctypes = _kept_by_ctypes(root)
            for item in [by_ctypes[key] for key in by_ctypes if type(key) is int]:
                keep_beside(root, item)  # see keep_in_structure in effects.h
            by_ctypes["pointees"] = root.__dict__["_pointees"]
    found: Pointees = root.__dict__["_pointees"]
    return found


def show_memory(ctype: Any, address: int, keeper: Any, pointees: Pointees = OF_C) -> Any:
    """An object for C's memory. It keeps ``keeper``."""
    memory = ctype.from_address(address)
    memory.__dict__.update(_keeper=keeper, _pointees=pointees)
    return memory


def is_of_c(memory: Any) -> bool:
    """Whether C made it, and nobody but C knows how large it is."""
    return "_keeper" in memory.__dict__ or isinstance(memory._b_base_, _ANY_POINTER)


def store(
    memory: Any, offset: int, ctype: Any, value: Any, put: Callable[[Any], object]
) -> None:
    """``put`` a value into a field or item of the memory, and keep what it points to."""
    if isinstance(value, tuple):
        value = ctype(*value)
    places = _places(ctype)
    if not places:
        put(value)
        return
    if type_code(ctype) == "z" and isinstance(value, bytes):
        value = ctype(value)  # of whose text PyPy makes a copy
    found: Pointees = {} if value is None else {(0, 0): value}
    stored: Any = value
    is_copied = isinstance(value, ctype) and _is_container(ctype)
    if is_copied:
        found, stored = pointees_in(value), _bare_copy(value)  # ctypes keeps the copy's dict
    put(stored)
    pointees, address = pointees_of(memory), ctypes.addressof(memory) + offset
    if is_copied:
        _kept_by_ctypes(stored)["pointees"] = pointees
    for at, size in places:
        item = found.get((at, size))
        if item is None:
            pointees.pop((address + at, size), None)
        else:
            pointees[address + at, size] = item


def has_pointers(ctype: Any) -> bool:
    """Whether an object of this type may point to something."""
    return bool(_places(ctype))


def keep_beside(structure: Any, item: object) -> None:
    """Keep an object as long as a structure that C has returned, and each copy of that."""
    pointees = pointees_of(structure)
    key = ctypes.addressof(structure), ctypes.sizeof(structure)
    pointees[key] = pointees.get(key), item


def copy_of(value: Any) -> Any:
    """A copy of an object of ctypes."""
    copy = _bare_copy(value)
    copy_over(copy, value)
    return copy


def copy_over(memory: Any, value: Any) -> None:
    """Copy an object of ctypes to the beginning of the memory of another."""

    def put(stored: Any) -> None:
        ctypes.memmove(target, ctypes.addressof(stored), ctypes.sizeof(stored))

    target = ctypes.addressof(memory)
    store(memory, 0, type(value), value, put)


def pointees_in(value: Any) -> Pointees:
    """What a structure, array or pointer points to now."""
    root, pointees, address = _root(value), pointees_of(value), ctypes.addressof(value)
    places = _places(value.__class__)
    found = {(at, size): pointees.get((address + at, size)) for at, size in places}
    by_ctypes = _kept_by_ctypes(root)
    if found and by_ctypes and not hasattr(root, "_is_checked"):  # which may have set it
        found[places[-1]] = found[places[-1]], dict(by_ctypes)
    return found


def _bare_copy(value: Any) -> Any:
    # PyPy makes no memoryview of a pointer to a structure that has such a pointer.
    data = ctypes.string_at(ctypes.addressof(value), ctypes.sizeof(value))
    return value.__class__.from_buffer_copy(data)


def _root(memory: Any) -> Any:
    while (base := memory._b_base_) is not None and not isinstance(base, _ANY_POINTER):
        memory = base
    return memory


def _kept_by_ctypes(memory: Any) -> dict[Any, Any]:
    kept: dict[Any, Any] = memory._objects  # or what a simple object keeps, or None
    return kept if type(kept) is dict else {}


def _is_container(ctype: Any) -> bool:
    """Whether it is a structure, array or pointer, which may change later."""
    return not type_code(ctype) and not hasattr(ctype, "_flags_")


@functools.lru_cache(1024)
def _places(ctype: Any) -> tuple[tuple[int, int], ...]:
    """The keys of all that an object of this type may point to, if its address is 0."""
    if hasattr(ctype, "_length_"):
        step = ctypes.sizeof(ctype._type_)
        inner = [(at * step, ctype._type_) for at in range(ctype._length_)]
    elif hasattr(ctype, "_fields_"):
        inner = [(getattr(ctype, each[0]).offset, each[1]) for each in fields_of(ctype)]
    else:
        return () if type_code(ctype) not in ("", "z", "Z", "O", "P") else ((0, 0),)
    found = [(offset + at, size) for offset, kind in inner for at, size in _places(kind)]
    return (*found, (0, ctypes.sizeof(ctype))) if found else ()
