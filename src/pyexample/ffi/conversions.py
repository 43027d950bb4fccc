"""Conversions of values to C, with checks, and back."""

import ctypes
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

from .values import Value, with_article

Given = Iterable[object]

POINTERS = ("string", "wide string", "address", "handle", "pointer")

_INFINITY = float("inf")


def to_c(where: str, spec: Value) -> Callable[[Any], Any]:
    """Returns a function that converts a Python value for ctypes, or raises an error."""
    convert = functools.partial(_CONVERTERS[spec.kind], where, spec)
    if not spec.nullable or spec.kind in ("callback", "pointer", "other"):
        return convert
    return lambda given: None if given is None else convert(given)


def from_c(where: str, spec: Value) -> Callable[..., Any]:
    """Returns a function that converts what ctypes returned, or raises ValueError.

    It takes the call's arguments too: the parents of a handle are among them.
    """
    special = _member if spec.enumeration else _within if spec.narrowed else None
    of_kind = special or _FROM_C.get(spec.kind, _same)
    convert = functools.partial(of_kind, where, spec)
    if spec.nullable or spec.kind not in POINTERS:
        return convert

    def convert_some(*given: Any, **how: Any) -> Any:
        value = convert(*given, **how)
        if value is None:
            raise ValueError(f"{where} is a null pointer, which its declaration rules out")
        return value

    return convert_some


def function_address(pointer: Any) -> int:
    """The address in a function pointer of ctypes."""
    # ctypes.cast would make a cycle.
    return ctypes.c_void_p.from_buffer_copy(pointer).value or 0


def _same(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    return result


def _within(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    if not spec.low <= result <= spec.high:
        raise ValueError(f"{where} is {result}, which is not in {spec.low}..{spec.high}")
    return result


def _member(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    try:
        return spec.enumeration(_within(where, spec, result) if spec.narrowed else result)
    except ValueError:
        raise ValueError(f"{where} is {result}, no {spec.enumeration.__name__}") from None


def _point(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    if not result:
        return None
    return result.contents if spec.contents else result


def _adopt(where: str, spec: Value, result: Any, given: Given = (), owned: bool = True) -> Any:
    return spec.python_type.adopt(result, given, owned=owned) if result else None


def _copy(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    if spec.freed_by is None:
        return _decode(spec, result)
    try:
        return _decode(spec, result.value)
    finally:
        result.free()


def _decode(spec: Value, text: Any) -> Any:
    if text is None or isinstance(text, spec.python_type):
        return text
    return text.decode(spec.encoding.name, spec.encoding.errors)


_FROM_C = {"handle": _adopt, "string": _copy, "wide string": _copy, "pointer": _point}


def _integer(where: str, spec: Value, given: Any) -> int:
    try:
        number = int.__int__(operator.index(given))  # no subclass
    except TypeError:
        if _has(given, "__index__"):
            raise  # its own error says more
        raise TypeError(f"{where} must be an integer, not {_type_name(given)}") from None
    if not spec.low <= number <= spec.high:
        # Python formats at most 4,300 digits.
        bits = number.bit_length()
        shown = number if bits <= 128 else f"an integer of {bits} bits"
        raise OverflowError(f"{where} must be in {spec.low}..{spec.high}, not {shown}")
    return number


def _bool(where: str, spec: Value, given: Any) -> bool:
    if given is True or given is False:
        return given
    raise TypeError(f"{where} must be a bool, not {_type_name(given)}")


def _float(where: str, spec: Value, given: Any) -> float:
    if _has(given, "__float__"):
        own = _method(given, "__float__") not in (int.__float__, float.__float__)
    elif _has(given, "__index__"):
        given, own = operator.index(given), False  # for PyPy
    else:
        raise TypeError(f"{where} must be a number, not {_type_name(given)}")
    try:
        number = ctypes.c_double(given).value
    except OverflowError:
        if own:
            raise  # its own error says more
        raise OverflowError(f"{where} cannot hold so large a number") from None
    if abs(number) < _INFINITY and abs(spec.ctype(number).value) == _INFINITY:
        raise OverflowError(f"{where} cannot hold {number}")
    return number


def _string(where: str, spec: Value, given: Any) -> bytes:
    # isinstance believes a __class__ of the object's own.
    if not issubclass(type(given), spec.python_type):
        expected = spec.python_type.__name__
        raise TypeError(f"{where} must be {expected}, not {_type_name(given)}")
    encoding = spec.encoding
    is_bytes = spec.python_type is bytes
    text: bytes = given if is_bytes else str.encode(given, encoding.name, encoding.errors)
    at = bytes.find(text, 0)  # not a subclass's method
    if at >= 0:
        raise ValueError(_NUL.format(where, "byte", at))
    return text


_NUL = "{} must not contain NUL, which ends a string in C: there is one at {} {}"


def _wide_string(where: str, spec: Value, given: Any) -> ctypes.c_wchar_p:
    if not isinstance(given, str):
        raise TypeError(f"{where} must be str, not {_type_name(given)}")
    at = str.find(given, "\0")
    if at >= 0:
        raise ValueError(_NUL.format(where, "character", at))
    # It owns the memory, which a result may point into.
    return ctypes.c_wchar_p(given)


def _character(where: str, spec: Value, given: Any) -> Any:
    kind = spec.python_type
    if not isinstance(given, kind):
        raise TypeError(f"{where} must be {kind.__name__}, not {_type_name(given)}")
    if kind.__len__(given) != 1:
        raise ValueError(f"{where} must be one {spec.kind}, not {kind.__len__(given)}")
    if kind is str and ord(given) >> 8 * ctypes.sizeof(spec.ctype):  # on Windows
        raise ValueError(f"{where} cannot hold {given!r}, which is two of them in C")
    return given


def _characters(where: str, spec: Value, given: Any) -> Any:
    kind, length = spec.python_type, spec.ctype._length_
    if not isinstance(given, kind):
        raise TypeError(f"{where} must be {kind.__name__}, not {_type_name(given)}")
    if kind.__len__(given) > length:
        raise ValueError(f"{where} cannot hold {kind.__len__(given)} of them")
    nul: Any
    nul, unit = ("\0", "character") if kind is str else (b"\0", "byte")
    at = kind.find(given, nul)
    if at >= 0:  # ctypes would read no further
        raise ValueError(f"{_NUL.format(where, unit, at)}: declare c_uint8 * {length} for data")
    return given


def _other(where: str, spec: Value, given: Any) -> Any:
    if given is None and not (spec.nullable or spec.python_type is Any):
        raise TypeError(f"{where} must not be None")
    try:
        spec.ctype.from_param(given)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    return given


def _pointer(where: str, spec: Value, given: Any) -> Any:
    given = _other(where, spec, given)
    items = spec.ctype._type_
    if not ctypes.sizeof(items) and _size(getattr(given, "_obj", given)) == 0:  # of byref()
        raise TypeError(
            f"{where}: {items.__name__} has no fields, so this is no memory that C could use:"
            " pass a pointer that C returned, or declare the fields; for an address only,"
            " declare a Handle or c_void_p"
        )
    return given


def _size(given: Any) -> int | None:
    try:
        return ctypes.sizeof(given)
    except TypeError:  # None, for example
        return None


def _handle(where: str, spec: Value, given: Any) -> Any:
    if not isinstance(given, spec.python_type):
        expected = with_article(spec.python_type.__name__)
        raise TypeError(f"{where} must be {expected}, not {_type_name(given)}")
    if not given._life.address:  # a subclass may override ``closed``
        raise ValueError(f"{where} is closed")
    return given


def _callback(where: str, spec: Value, given: Any) -> Any:
    if not callable(given) and not (given is None and spec.nullable):
        raise TypeError(f"{where} must be callable, not {_type_name(given)}")
    pointer = getattr(given, "c_pointer", None)  # see Callback.function
    if isinstance(pointer, spec.callback.prototype):
        return pointer
    return spec.callback.make(given)


_CONVERTERS: dict[str, Callable[[str, Value, Any], Any]] = {
    **dict.fromkeys(("signed", "unsigned", "address"), _integer),
    "bool": _bool,
    **dict.fromkeys(("float", "long double"), _float),
    **dict.fromkeys(("byte", "character"), _character),
    "characters": _characters,
    "string": _string,
    "wide string": _wide_string,
    "handle": _handle,
    "callback": _callback,
    "pointer": _pointer,
    "other": _other,
}


def _type_name(given: object) -> str:
    return type(given).__name__


def _method(given: object, name: str) -> Any:
    # Like Python, on the type.
    return getattr(type(given), name, None)


def _has(given: object, name: str) -> bool:
    return _method(given, name) is not None
