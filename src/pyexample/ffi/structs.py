"""Structures whose fields are checked when they are assigned."""

import ctypes
import typing
import weakref
from typing import Any, TypeVar

from .callbacks import CallbackValue
from .declaration import annotations, split_annotation
from .handles import HandleValue
from .kinds import make_value
from .pointers import CTypesObject, Pointer, function_address
from .values import DeclarationError, Value

S = TypeVar("S", bound=ctypes.Structure | ctypes.Union)


def struct(cls: type[S]) -> type[S]:
    """Give a ctypes structure or union the fields that are annotated in it (a decorator).

    ``x: Annotated[int, c_int32]`` declares a field like a parameter. Values that are assigned,
    or passed to the constructor, are checked like arguments. A null pointer is read as None, a
    function pointer as a function that calls C with checked arguments. ``_pack_`` and similar
    attributes work as in ctypes.
    """
    fields = {
        name: _field(f"{cls.__name__}.{name}", annotation)
        for name, annotation in annotations(cls).items()
        if typing.get_origin(annotation) is not typing.ClassVar
    }
    if "_fields_" in cls.__dict__:
        raise DeclarationError(f"{cls.__name__} has _fields_ already: annotate them instead")
    if defaults := fields.keys() & cls.__dict__.keys():
        raise DeclarationError(f"{cls.__name__}.{min(defaults)}: C's fields have no defaults")
    structure: Any = cls
    structure._fields_ = [(name, spec.ctype) for name, spec in fields.items()]
    for name in cls.__dict__.keys() & {*_names(cls)} - fields.keys():
        delattr(cls, name)  # PyPy's copy of an inherited field, unchecked
    for name, spec in fields.items():
        if type(spec) is not CTypesObject:
            setattr(cls, name, _Field(spec, getattr(cls, name)))
    structure.__repr__ = _repr
    # CPython before 3.13 caches a union's attributes; this clears the cache.
    structure.__bases__ = cls.__bases__
    return cls


def _field(where: str, annotation: Any) -> Value:
    python_type, ctype, *words = split_annotation(where, annotation)
    spec = make_value(where, "field", python_type, ctype, *words)
    if isinstance(spec, HandleValue):
        # Nobody knows its owner: it would be closed after each read, or never.
        raise DeclarationError(f"{where}: a field holds an address, an int, not a handle")
    return spec


class _Field:
    def __init__(self, spec: Value, field: Any) -> None:
        self.field = field
        self.spec = spec
        self.callback = spec.callback if isinstance(spec, CallbackValue) else None
        self.is_object = isinstance(spec, (CallbackValue, Pointer))

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.field  # with offset and size
        value = self.field.__get__(instance, owner)
        if value is None or (self.is_object and not value):
            return None
        if not self.callback:
            return self.spec.from_c(value)
        # A view of the field, which may change.
        address = function_address(value)
        return self.callback.function(address, _pointers.get(address))

    def __set__(self, instance: Any, value: Any) -> None:
        c_value = self.spec.to_c(value)
        if self.callback and c_value:
            _pointers[function_address(c_value)] = c_value
        self.field.__set__(instance, self.callback.whole(c_value) if self.callback else c_value)


_pointers: "weakref.WeakValueDictionary[int, Any]" = weakref.WeakValueDictionary()
"""By address: what fields were set to. Functions that are read from fields keep it."""


def _names(cls: Any) -> list[str]:
    return [name for kin in cls.__mro__[::-1] for name, *_ in kin.__dict__.get("_fields_", ())]


def _repr(self: Any) -> str:
    fields = [f"{name}={_shown(self, name)}" for name in _names(type(self))]
    return f"{type(self).__name__}({', '.join(fields)})"


def _shown(self: Any, name: str) -> str:
    try:
        value = getattr(self, name)
    except ValueError as error:  # written by C
        return f"<{error}>"
    return repr([*value] if isinstance(value, ctypes.Array) else value)
