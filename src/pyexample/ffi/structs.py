"""Structures with typed fields, whose assignments are checked."""

import ctypes
from collections.abc import Callable
from typing import Any, TypeVar

from .conversions import from_c, to_c
from .values import DeclarationError, Value, annotations, value_of

S = TypeVar("S", bound=ctypes.Structure | ctypes.Union)


def struct(cls: type[S]) -> type[S]:
    """Give a ctypes structure or union the fields that are annotated in it (a decorator).

    ``x: Annotated[int, c_int32]`` is declared as a parameter of a function is, with what may
    stand behind its C type. What is assigned to a field, or passed when an instance is made,
    is checked as an argument is. ``_pack_`` and the like are set as ctypes has it.
    """
    fields = {
        name: value_of(f"{cls.__name__}.{name}", annotation)
        for name, annotation in annotations(cls).items()
        if not name.startswith("_")
    }
    if "_fields_" in cls.__dict__:
        raise DeclarationError(f"{cls.__name__} has _fields_ already: annotate them instead")
    structure: Any = cls
    structure._fields_ = [(name, spec.ctype) for name, spec in fields.items()]
    for name, spec in fields.items():
        if spec.kind != "other":
            where = f"{cls.__name__}.{name} ({spec.c_name})"
            setattr(cls, name, _Field(where, spec, getattr(cls, name)))
    structure.__repr__ = _repr
    return cls


class _Field:
    """A field of a structure that checks what is assigned to it."""

    def __init__(self, where: str, spec: Value, field: Any) -> None:
        self.field = field
        self.to_c: Callable[[Any], Any] = to_c(where, spec)
        self.from_c = from_c(spec)

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.field  # ctypes' own, with its offset and size
        return self.from_c(self.field.__get__(instance, owner))

    def __set__(self, instance: Any, value: Any) -> None:
        self.field.__set__(instance, self.to_c(value))


def _repr(self: Any) -> str:
    fields = [f"{name}={getattr(self, name)!r}" for name, *_ in self._fields_]
    return f"{type(self).__name__}({', '.join(fields)})"
