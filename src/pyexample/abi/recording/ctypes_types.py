"""The types of ctypes: make aliases distinct, name them, and find misspelled attributes."""

import ctypes
import difflib
from typing import Any

ct: Any = ctypes  # its private parts have no type hints

_KNOWN = """c_bool c_char c_wchar c_byte c_ubyte c_short c_ushort c_int c_uint c_long c_ulong
 c_longlong c_ulonglong c_float c_double c_longdouble c_char_p c_wchar_p c_void_p py_object
 c_float_complex c_double_complex c_longdouble_complex
 c_int8 c_uint8 c_int16 c_uint16 c_int32 c_uint32 c_int64 c_uint64 c_size_t c_ssize_t c_time_t
"""

NAMES: dict[Any, str] = {}
"""The simple types of ctypes, and their names."""


def keep_types_apart() -> None:
    """Replace c_size_t and the other aliases by distinct types."""
    for name in _KNOWN.split():
        known: Any = getattr(ctypes, name, None)
        if known is not None and known in NAMES:  # an alias
            body = {"_type_": known._type_, "__module__": "ctypes"}
            known = type(name, (ct._SimpleCData,), body)
            setattr(ctypes, name, known)
        if known is not None:
            NAMES[known] = name


DATA: Any = ct._SimpleCData.__mro__[-2]
"""The base class of all ctypes types."""


def is_class(value: Any, *bases: Any) -> bool:
    """Whether a value is a class derived from one of these, whatever its __class__ says."""
    if not issubclass(type(value), type):
        return False
    derived_from = type.__dict__["__mro__"].__get__(value)
    return any(each in derived_from for each in bases)


def is_number(value: Any) -> bool:
    """Whether a value is an int, whatever its __class__ says."""
    return issubclass(type(value), int)


def strays(names: Any, known: list[str]) -> list[list[str]]:
    """Attributes that ctypes ignores, each with the one that is probably meant."""
    found: list[list[str]] = []
    for name in names:
        if not isinstance(name, str) or name in known or name.startswith("__"):
            continue
        plain = {each.strip("_"): each for each in known}
        meant = difflib.get_close_matches(
            name.lower().replace("_", ""), list(plain), n=1, cutoff=0.75
        )
        if meant:
            found.append([name, plain[meant[0]]])
    return found


def plain_attributes(cls: type) -> list[str]:
    """The data attributes of a class: no fields, methods, properties or classes."""
    attributes: dict[str, object] = dict(vars(cls))
    return [
        name
        for name, value in attributes.items()
        if not (hasattr(type(value), "__get__") or isinstance(value, type))
    ]


def name_of(value: Any) -> str:
    """The name of a class, or of the class of anything else."""
    if not is_class(value, object):
        return type(value).__name__
    return str(type.__dict__["__name__"].__get__(value))
