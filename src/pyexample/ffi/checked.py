"""The call of a declared function through ctypes, with every argument checked.

This is what the checks mean. It works on every Python; where there is a faster way to
call, that way hands over to this one whatever it does not accept.
"""

import ctypes
import functools
import math
import operator
from collections.abc import Callable
from typing import Any

from .declaration import Declaration, Parameter, Value

Convert = Callable[[Any], Any]


def checked_call(
    declaration: Declaration, c_function: Callable[..., Any]
) -> Callable[..., Any]:
    """A Python function that checks its arguments, then calls ``c_function``.

    ``c_function`` is a function of a ctypes library that the declaration was applied to.
    """
    name = declaration.name
    converters = [_CONVERTERS[each.kind](each) for each in declaration.parameters]
    convert_result = _result_converter(declaration)

    @functools.wraps(declaration.function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"{name}() takes no keyword arguments")
        if len(arguments) != len(converters):
            raise TypeError(_wrong_count(declaration, len(arguments)))
        result = c_function(*map(_apply, converters, arguments))
        return convert_result(result) if convert_result else result

    return call


def _apply(convert: Convert, argument: Any) -> Any:
    return convert(argument)


def _wrong_count(declaration: Declaration, given: int) -> str:
    names = [parameter.name for parameter in declaration.parameters]
    plural = "" if len(names) == 1 else "s"
    listed = f" ({', '.join(names)})" if names else ""
    return f"{declaration.name}() takes {len(names)} argument{plural}{listed}, not {given}"


def _integer(parameter: Parameter) -> Convert:
    where, low, high = parameter.where, parameter.low, parameter.high

    def convert(argument: Any) -> int:
        try:
            number = operator.index(argument)
        except TypeError:
            if _has(argument, "__index__"):
                raise  # its own error says more
            raise TypeError(f"{where} must be an integer, not {_type_name(argument)}") from None
        if not low <= number <= high:
            raise OverflowError(f"{where} must be in {low}..{high}, not {_short(number)}")
        return number

    return convert


def _address(parameter: Parameter) -> Convert:
    return _or_null(parameter, _integer(parameter))


def _or_null(parameter: Parameter, convert: Convert) -> Convert:
    if not parameter.nullable:
        return convert
    return lambda argument: None if argument is None else convert(argument)


def _bool(parameter: Parameter) -> Convert:
    def convert(argument: Any) -> bool:
        if argument is True or argument is False:
            return argument
        raise TypeError(f"{parameter.where} must be a bool, not {_type_name(argument)}")

    return convert


def _float(parameter: Parameter) -> Convert:
    ctype = parameter.ctype

    def convert(argument: Any) -> float:
        try:
            number = ctypes.c_double(argument).value
        except TypeError:
            if _has(argument, "__float__"):
                raise
            raise TypeError(
                f"{parameter.where} must be a number, not {_type_name(argument)}"
            ) from None
        except OverflowError:
            raise OverflowError(f"{parameter.where} cannot hold so large a number") from None
        if math.isfinite(number) and not math.isfinite(ctype(number).value):
            raise OverflowError(f"{parameter.where} cannot hold {number}")
        return number

    return convert


def _string(parameter: Parameter) -> Convert:
    python_type = parameter.python_type

    def convert(argument: Any) -> bytes:
        if not isinstance(argument, python_type):
            raise TypeError(
                f"{parameter.where} must be {python_type.__name__}, not {_type_name(argument)}"
            )
        text = argument if isinstance(argument, bytes) else str.encode(argument)
        if 0 in text:
            raise ValueError(
                f"{parameter.where} must not contain NUL, which ends a string in C:"
                f" there is one at byte {text.index(0)}"
            )
        return text

    return _or_null(parameter, convert)


def _other(parameter: Parameter) -> Convert:
    from_param = parameter.ctype.from_param

    def convert(argument: Any) -> Any:
        try:
            from_param(argument)
        except TypeError as error:
            raise TypeError(f"{parameter.where}: {error}") from None
        return argument

    return convert


_CONVERTERS: dict[str, Callable[[Parameter], Convert]] = {
    "integer": _integer,
    "address": _address,
    "bool": _bool,
    "float": _float,
    "string": _string,
    "other": _other,
}


def _result_converter(declaration: Declaration) -> Convert | None:
    """What is still to be done to a result as ctypes returns it."""
    result = declaration.result
    if result is None or result.kind not in ("string", "address"):
        return None
    return functools.partial(_pointer_result, declaration.name, result)


def _pointer_result(name: str, declared: Value, result: Any) -> Any:
    if result is None:
        if declared.nullable:
            return None
        raise ValueError(f"{name}() returned a null pointer, which its declaration rules out")
    return result.decode() if declared.python_type is str else result


def _type_name(argument: object) -> str:
    return type(argument).__name__


def _has(argument: object, method: str) -> bool:
    # Looked up as Python itself does: on the type, not on the instance.
    return hasattr(type(argument), method)


def _short(number: int) -> str:
    # Python refuses to format an integer of more than 4,300 digits.
    if number.bit_length() <= 128:
        return str(number)
    return f"an integer of {number.bit_length()} bits"
