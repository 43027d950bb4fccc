"""Values on their way to C, where they are checked, and back."""

import ctypes
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

from .values import Value

Given = Iterable[object]

POINTERS = ("string", "address", "handle")

_INFINITY = float("inf")


def to_c(where: str, spec: Value) -> Callable[[Any], Any]:
    """What makes of a Python value what ctypes passes for it, or raises an error."""
    convert = functools.partial(_CONVERTERS[spec.kind], where, spec)
    if not spec.nullable or spec.kind in ("callback", "other"):
        return convert
    return lambda given: None if given is None else convert(given)


def from_c(where: str, spec: Value) -> Callable[..., Any]:
    """What makes of a value that ctypes returned the Python value, or raises ValueError.

    It may be passed the arguments of the call as well, from which handles are made.
    """
    of_kind = _member if spec.enumeration else _FROM_C.get(spec.kind, _same)
    convert = functools.partial(of_kind, where, spec)
    if spec.nullable or spec.kind not in POINTERS:
        return convert

    def convert_some(*given: Any, **how: Any) -> Any:
        value = convert(*given, **how)
        if value is None:
            raise ValueError(f"{where} is a null pointer, which its declaration rules out")
        return value

    return convert_some


def _same(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    return result


def _member(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    try:
        return spec.enumeration(result)
    except ValueError:
        raise ValueError(f"{where} is {result}, no {spec.enumeration.__name__}") from None


def _adopt(where: str, spec: Value, result: Any, given: Given = (), owned: bool = True) -> Any:
    return spec.python_type.adopt(result, given, owned=owned) if result else None


def _copy(where: str, spec: Value, result: Any, given: Given = ()) -> Any:
    if spec.freed_by is None:
        return _decode(spec, result)
    try:
        return _decode(spec, result.value)
    finally:
        if address := ctypes.cast(result, ctypes.c_void_p).value:
            spec.freed_by.function(address)


def _decode(spec: Value, text: bytes | None) -> Any:
    if text is None or spec.python_type is bytes:
        return text
    return text.decode(spec.encoding.name, spec.encoding.errors)


_FROM_C = {"handle": _adopt, "string": _copy}


def _integer(where: str, spec: Value, given: Any) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        if _has(given, "__index__"):
            raise  # its own error says more
        raise TypeError(f"{where} must be an integer, not {_type_name(given)}") from None
    if not spec.low <= number <= spec.high:
        # Python refuses to format an integer of more than 4,300 digits.
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
        given, own = operator.index(given), False  # PyPy does not look for it
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
    # A subclass is what C gets of it, whatever its methods say; and an object may have a
    # __class__ of another's.
    if not issubclass(type(given), spec.python_type):
        expected = spec.python_type.__name__
        raise TypeError(f"{where} must be {expected}, not {_type_name(given)}")
    encoding = spec.encoding
    is_bytes = spec.python_type is bytes
    text: bytes = given if is_bytes else str.encode(given, encoding.name, encoding.errors)
    nul = bytes.find(text, 0)
    if nul >= 0:
        raise ValueError(
            f"{where} must not contain NUL, which ends a string in C:"
            f" there is one at byte {nul}"
        )
    return text


def _other(where: str, spec: Value, given: Any) -> Any:
    if given is None and not (spec.nullable or spec.python_type is Any):
        raise TypeError(f"{where} must not be None")
    try:
        spec.ctype.from_param(given)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    return given


def _handle(where: str, spec: Value, given: Any) -> Any:
    if not isinstance(given, spec.python_type):
        expected = spec.python_type.__name__
        raise TypeError(f"{where} must be a {expected}, not {_type_name(given)}")
    if given.closed:
        raise ValueError(f"{where} is closed")
    return given


def _callback(where: str, spec: Value, given: Any) -> Any:
    if not callable(given) and not (given is None and spec.nullable):
        raise TypeError(f"{where} must be callable, not {_type_name(given)}")
    return spec.callback.make(given)


_CONVERTERS: dict[str, Callable[[str, Value, Any], Any]] = {
    **dict.fromkeys(("signed", "unsigned", "address"), _integer),
    "bool": _bool,
    "float": _float,
    "string": _string,
    "handle": _handle,
    "callback": _callback,
    "other": _other,
}


def _type_name(given: object) -> str:
    return type(given).__name__


def _method(given: object, name: str) -> Any:
    # Looked up as Python itself does: on the type, not on the instance.
    return getattr(type(given), name, None)


def _has(given: object, name: str) -> bool:
    return _method(given, name) is not None
