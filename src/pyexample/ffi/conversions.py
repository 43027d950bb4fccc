"""Values on their way to C, where they are checked, and back."""

import ctypes
import operator
from collections.abc import Callable, Iterable
from typing import Any

from .values import Value

Convert = Callable[[Any], Any]

_INFINITY = float("inf")


def to_c(where: str, spec: Value) -> Convert:
    """What makes of a Python value what ctypes passes for it, or raises an error."""
    convert = _CONVERTERS[spec.kind](where, spec)
    if not spec.nullable or spec.kind in ("callback", "other"):
        return convert
    return lambda given: None if given is None else convert(given)


def from_c(where: str, spec: Value) -> Callable[..., Any]:
    """What makes of a value that ctypes returned the Python value; None of a null pointer.

    It may be passed the arguments of the call as well, from which handles are made.
    """
    if spec.kind == "string":
        return _string_from_c(spec)
    enumeration, handle = spec.enumeration, spec.python_type

    def adopt(result: Any, given: Iterable[object] = ()) -> Any:
        return handle.adopt(result, given) if result else None

    def member(result: Any, given: Iterable[object] = ()) -> Any:
        try:
            return enumeration(result)
        except ValueError:
            raise ValueError(f"{where} is {result}, no {enumeration.__name__}") from None

    def same(result: Any, given: Iterable[object] = ()) -> Any:
        return result

    return adopt if spec.kind == "handle" else member if enumeration else same


def _string_from_c(spec: Value) -> Callable[..., Any]:
    encoding = spec.encoding
    free = spec.freed_by.function if spec.freed_by else None

    def decode(text: bytes | None) -> Any:
        if text is None or spec.python_type is bytes:
            return text
        return text.decode(encoding.name, encoding.errors)

    def convert(result: Any, given: Iterable[object] = ()) -> Any:
        if free is None:
            return decode(result)
        try:
            return decode(result.value)
        finally:
            if address := ctypes.cast(result, ctypes.c_void_p).value:
                free(address)

    return convert


def _integer(where: str, spec: Value) -> Convert:
    low, high = spec.low, spec.high

    def convert(given: Any) -> int:
        try:
            number = operator.index(given)
        except TypeError:
            if _has(given, "__index__"):
                raise  # its own error says more
            raise TypeError(f"{where} must be an integer, not {_type_name(given)}") from None
        if not low <= number <= high:
            raise OverflowError(f"{where} must be in {low}..{high}, not {_short(number)}")
        return number

    return convert


def _bool(where: str, spec: Value) -> Convert:
    def convert(given: Any) -> bool:
        if given is True or given is False:
            return given
        raise TypeError(f"{where} must be a bool, not {_type_name(given)}")

    return convert


def _float(where: str, spec: Value) -> Convert:
    def convert(given: Any) -> float:
        try:
            number = ctypes.c_double(given).value
        except TypeError:
            if _has(given, "__float__"):
                raise  # its own error says more
            if _has(given, "__index__"):  # which PyPy does not look for
                return convert(operator.index(given))
            raise TypeError(f"{where} must be a number, not {_type_name(given)}") from None
        except OverflowError:
            raise OverflowError(f"{where} cannot hold so large a number") from None
        if abs(number) < _INFINITY and abs(spec.ctype(number).value) == _INFINITY:
            raise OverflowError(f"{where} cannot hold {number}")
        return number

    return convert


def _string(where: str, spec: Value) -> Convert:
    python_type, encoding = spec.python_type, spec.encoding

    def convert(given: Any) -> bytes:
        if not isinstance(given, python_type):
            raise TypeError(f"{where} must be {python_type.__name__}, not {_type_name(given)}")
        text = (
            given
            if isinstance(given, bytes)
            else str.encode(given, encoding.name, encoding.errors)
        )
        if 0 in text:
            raise ValueError(
                f"{where} must not contain NUL, which ends a string in C:"
                f" there is one at byte {text.index(0)}"
            )
        return text

    return convert


def _other(where: str, spec: Value) -> Convert:
    def convert(given: Any) -> Any:
        if given is None and not (spec.nullable or spec.python_type is Any):
            raise TypeError(f"{where} must not be None")
        try:
            spec.ctype.from_param(given)
        except TypeError as error:
            raise TypeError(f"{where}: {error}") from None
        return given

    return convert


def _handle(where: str, spec: Value) -> Convert:
    def convert(given: Any) -> Any:
        if not isinstance(given, spec.python_type):
            expected = spec.python_type.__name__
            raise TypeError(f"{where} must be a {expected}, not {_type_name(given)}")
        if given.closed:
            raise ValueError(f"{where} is closed")
        return given

    return convert


def _callback(where: str, spec: Value) -> Convert:
    def convert(given: Any) -> Any:
        if given is None and spec.nullable:
            return spec.callback.make(None)
        if not callable(given):
            raise TypeError(f"{where} must be callable, not {_type_name(given)}")
        return spec.callback.make(given)

    return convert


_CONVERTERS: dict[str, Callable[[str, Value], Convert]] = {
    "signed": _integer,
    "unsigned": _integer,
    "address": _integer,
    "bool": _bool,
    "float": _float,
    "string": _string,
    "handle": _handle,
    "callback": _callback,
    "other": _other,
}


def _type_name(given: object) -> str:
    return type(given).__name__


def _has(given: object, method: str) -> bool:
    # Looked up as Python itself does: on the type, not on the instance.
    return hasattr(type(given), method)


def _short(number: int) -> str:
    # Python refuses to format an integer of more than 4,300 digits.
    if number.bit_length() <= 128:
        return str(number)
    return f"an integer of {number.bit_length()} bits"
