"""Which kind of value a declaration makes."""

from typing import Any

from .later import import_later
from .scalars import BY_CODE, FilePath, Integer, Truth, is_path_type
from .values import (
    ArgumentWord,
    DeclarationError,
    Value,
    check_ctype,
    members_of,
    type_code,
    without_none,
)


def make_value(where: str, role: str, python_type: Any, ctype: Any, *words: object) -> Value:
    """``Annotated[python_type, ctype, *words]``: see ``Value``. Raises DeclarationError.

    A Callback and a Handle class name their kind, because their modules may not be loaded.
    """
    if isinstance(ctype, ArgumentWord) and ctype.is_buffer and role in _MEMORY:
        module, name = _MEMORY[role]
        memory: Value = getattr(import_later(module), name)(
            where, role, python_type, ctype, words
        )
        return memory
    if isinstance(ctype, ArgumentWord):
        raise DeclarationError(
            f"{where}: {ctype!r} is for parameters only: expected a ctypes type"
        )
    kind = getattr(ctype, "value_kind", None)
    if kind is None:
        check_ctype(where, ctype)
        kind = _kind_of(role, without_none(python_type)[0], ctype)
    value: Value = kind(where, role, python_type, ctype, words)
    return value


_MEMORY = {
    "result": ("items", "Items"),
    "output": ("items", "Items"),
    "callback result": ("received", "GivenMemory"),
    "field": ("counted", "CountedItems"),
}
"""By where it stands: the module and the class of memory that a buffer's word declares."""

_HANDLES = tuple("PbhilqBHILQ")
"""The type codes of handles."""


def _kind_of(role: str, python_type: Any, ctype: Any) -> Any:
    code = type_code(ctype)
    target = getattr(ctype, "_type_", None) if hasattr(ctype, "contents") else None
    if (code or type_code(target)) in _HANDLES:
        for each in members_of(python_type):
            if hasattr(each, "value_kind"):  # a Handle, perhaps to be passed as T **
                return each.value_kind
    kind = BY_CODE.get(code)
    if kind is Integer and python_type is bool:
        return Truth
    if code in ("z", "Z") and any(map(is_path_type, members_of(python_type))):
        return FilePath
    return kind or import_later("structures").kind_of(role, python_type, ctype)
