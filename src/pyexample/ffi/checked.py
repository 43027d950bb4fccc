"""The call of a declared function through ctypes, with every argument checked.

This is what the checks mean. It works on every Python; where there is a faster way to
call, that way hands over to this one whatever it does not accept.
"""

import ctypes
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .declaration import Argument, Count, Declaration, In, Value

if TYPE_CHECKING:
    from .buffers import View

Convert = Callable[[Any], Any]

_INFINITY = float("inf")


def checked_call(
    declaration: Declaration, c_function: Callable[..., Any]
) -> Callable[..., Any]:
    """A Python function that checks its arguments, then calls ``c_function``.

    ``c_function`` is a function of a ctypes library that the declaration was applied to.
    """
    name = declaration.name
    wanted = len(declaration.parameters)
    converters = {
        argument.position: _converter(argument.where, argument.spec)
        for argument in declaration.arguments
        if isinstance(argument.spec, Value)
    }
    convert_result = _result_converter(declaration)

    @functools.wraps(declaration.function)
    def call(*given: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"{name}() takes no keyword arguments")
        if len(given) != wanted:
            raise TypeError(_wrong_count(declaration, len(given)))
        views: dict[int, View] = {}
        try:
            result = c_function(*_convert(declaration.arguments, converters, given, views))
        finally:
            for view in views.values():
                view.release()
        return convert_result(result) if convert_result else result

    return call


def _convert(
    arguments: list[Argument],
    converters: dict[int, Convert],
    given: tuple[Any, ...],
    views: "dict[int, View]",
) -> list[Any]:
    """What C gets. ``views`` is filled with the buffers, by the position of the parameter."""
    converted: list[Any] = []
    for argument in arguments:
        position, spec = argument.position, argument.spec
        if isinstance(spec, Value):
            converted.append(converters[position](given[position]))
        elif isinstance(spec, In):
            from .buffers import View  # seldom needed: fast calls do without

            view = views[position] = View(argument.where, spec, given[position])
            converted.append(ctypes.cast(view.address, spec.ctype))
        else:
            converted.append(None)  # a count, which may stand before its buffer
    _check_overlap(arguments, views)
    for index, argument in enumerate(arguments):
        if isinstance(argument.spec, Count):
            converted[index] = _count(argument, argument.spec, views)
    return converted


def _check_overlap(arguments: list[Argument], views: "dict[int, View]") -> None:
    buffers = [
        (argument, argument.spec, views[argument.position])
        for argument in arguments
        if isinstance(argument.spec, In)
    ]
    for argument, spec, view in buffers:
        for other_argument, _, other in buffers:
            if view is other or not spec.writable or not view.overlaps(other):
                continue
            if not (spec.in_place and view.is_same_memory(other)):
                raise ValueError(f"{argument.where} overlaps {other_argument.name!r}")


def _count(argument: Argument, spec: Count, views: "dict[int, View]") -> int:
    first, *rest = spec.buffers
    count = views[argument.buffers[0]].items
    for name, position in zip(rest, argument.buffers[1:], strict=True):
        if views[position].items != count:
            raise ValueError(
                f"{argument.where} counts the items of {first!r} and of {name!r}:"
                f" {count} and {views[position].items}, not equally many"
            )
    if count > spec.high:
        raise OverflowError(f"{argument.where} cannot count {count} items")
    return count


def refuse_null(declaration: Declaration) -> Callable[[], Any]:
    """What is called when C returns a null pointer that was not declared: it raises."""

    def refuse() -> Any:
        raise ValueError(
            f"{declaration.name}() returned a null pointer, which its declaration rules out"
        )

    return refuse


def _wrong_count(declaration: Declaration, given: int) -> str:
    names = declaration.parameters
    plural = "" if len(names) == 1 else "s"
    listed = f" ({', '.join(names)})" if names else ""
    return f"{declaration.name}() takes {len(names)} argument{plural}{listed}, not {given}"


def _converter(where: str, spec: Value) -> Convert:
    convert = _CONVERTERS[spec.kind](where, spec)
    if not spec.nullable or spec.kind == "other":
        return convert
    return lambda given: None if given is None else convert(given)


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
            raise TypeError(f"{where} must be a number, not {_type_name(given)}") from None
        except OverflowError:
            raise OverflowError(f"{where} cannot hold so large a number") from None
        if abs(number) < _INFINITY and abs(spec.ctype(number).value) == _INFINITY:
            raise OverflowError(f"{where} cannot hold {number}")
        return number

    return convert


def _string(where: str, spec: Value) -> Convert:
    python_type = spec.python_type

    def convert(given: Any) -> bytes:
        if not isinstance(given, python_type):
            raise TypeError(f"{where} must be {python_type.__name__}, not {_type_name(given)}")
        text = given if isinstance(given, bytes) else str.encode(given)
        if 0 in text:
            raise ValueError(
                f"{where} must not contain NUL, which ends a string in C:"
                f" there is one at byte {text.index(0)}"
            )
        return text

    return convert


def _other(where: str, spec: Value) -> Convert:
    def convert(given: Any) -> Any:
        try:
            spec.ctype.from_param(given)
        except TypeError as error:
            raise TypeError(f"{where}: {error}") from None
        return given

    return convert


_CONVERTERS: dict[str, Callable[[str, Value], Convert]] = {
    "signed": _integer,
    "unsigned": _integer,
    "address": _integer,
    "bool": _bool,
    "float": _float,
    "string": _string,
    "other": _other,
}


def _result_converter(declaration: Declaration) -> Convert | None:
    """What is still to be done to a result as ctypes returns it."""
    spec = declaration.result
    if spec is None or spec.kind not in ("string", "address"):
        return None
    refuse = refuse_null(declaration)

    def convert(result: Any) -> Any:
        if result is None:
            return None if spec.nullable else refuse()
        return result.decode() if spec.python_type is str else result

    return convert


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
