"""Calls of declared functions through ctypes, with every argument checked.

This slow path defines what is checked, and works on every Python.
"""

import ctypes
import itertools
from collections.abc import Callable
from typing import Any

from .buffers import View
from .calls import CallState, hold_signals
from .conversions import POINTERS, from_c, to_c
from .declaration import Argument, Declaration
from .handles import Handle, Kept
from .values import Count, DeclarationError, In, Returned, Value, with_article

Function = Callable[..., Any]


def checked_call(declaration: Declaration, c_function: Any) -> Function:
    """Returns a Python function that checks its arguments, then calls ``c_function``.

    The declaration was applied to ``c_function``, of ctypes.
    """
    if declaration.result:
        c_function.restype = given_type(declaration.result)
        c_function = hold_signals(c_function)
    convert = _converter(declaration)
    finish = _finisher(declaration)
    status = declaration.result.status if declaration.result else None
    keeping = [
        (index, argument.parameters)
        for index, argument in enumerate(declaration.arguments)
        if isinstance(argument.spec, Value) and argument.spec.keep
    ]
    index_of = {
        each.position: index
        for index, each in enumerate(declaration.arguments)
        if isinstance(each.spec, Value)
    }

    def keep(given: tuple[Any, ...], converted: list[Any], state: CallState) -> list[Kept]:
        kept: list[Kept] = []
        for index, (handle, *others) in keeping:
            names = tuple(_plain(converted[index_of[other]]) for other in others)
            slot = (declaration.name, index, *names)
            kept.append(Handle.keep(given[handle], slot, converted[index]))
            state.cleanups.append(kept[-1].finish)
        return kept

    number = len(declaration.parameters)

    def call(*given: Any, **keywords: Any) -> Any:
        if keywords or len(given) != number:
            raise _wrong_number(declaration, given, keywords)
        state = CallState()
        try:
            state.enter()
            converted, outputs = convert(given, state.cleanups)
            kept = keep(given, converted, state) if keeping else ()
            state.in_c = True
            result = c_function(*converted)
            state.in_c = False
            for each in kept:
                each.settle(taken=not (status and status.fails(result)))
            return finish(result, outputs, given, state)
        finally:
            state.in_c = False
            try:
                state.leave()
            except BaseException:
                state.leave()
                raise

    return call


def closing_call(declaration: Declaration, c_function: Function) -> Function:
    """Returns a function that closes a handle: it calls C once per handle."""
    result = declaration.result
    takes_it_alone = [each.is_handle for each in declaration.arguments] == [True]
    if not takes_it_alone or (result and (not result.status or result.python_type is not None)):
        raise DeclarationError(
            f"{declaration.name}(): a function that CLOSES takes one handle, which is not None,"
            " and returns nothing, or None for a Status"
        )
    kind = declaration.closes
    where = declaration.arguments[0].where
    if "close_in_c" in vars(kind):
        raise DeclarationError(f"{where}: another function CLOSES it")
    status = result.status if result else None
    unexpected = make_unexpected(declaration)

    def close_in_c(life: Any) -> None:
        address = ctypes.c_void_p(life.given)
        state = CallState()
        try:
            state.enter()
            # No code may come between these lines. An exception during the call, such as a
            # signal handler's, does not prove that C has not closed the handle.
            state.in_c = life.is_taken_back = True
            code = c_function(address)
            state.in_c = False
            if status and status.fails(code):
                life.is_taken_back = False
            state.raise_error()
            if not life.is_taken_back:
                unexpected(code, kind.adopt(life.given, owned=False))
        finally:
            state.in_c = False
            try:
                state.leave()
            except BaseException:
                state.leave()
                raise

    kind.close_in_c = staticmethod(close_in_c)

    def call(*given: Any, **keywords: Any) -> None:
        if keywords or len(given) != 1:
            raise _wrong_number(declaration, given, keywords)
        if not isinstance(given[0], kind):
            raise TypeError(
                f"{where} must be {with_article(kind.__name__)}, not {type(given[0]).__name__}"
            )
        Handle.close(given[0])  # a subclass's close() may call this

    return call


def _plain(converted: Any) -> Any:
    return converted.value if isinstance(converted, ctypes.c_void_p) else converted


def _converter(declaration: Declaration) -> Callable[..., tuple[list[Any], list[Any]]]:
    """Returns a function that converts arguments and allocates outputs.

    It adds what the call must release to ``cleanups``.
    """
    arguments = declaration.arguments
    converters = {
        index: to_c(argument.where, argument.spec)
        for index, argument in enumerate(arguments)
        if isinstance(argument.spec, Value)
    }

    def convert(
        given: tuple[Any, ...], cleanups: list[Callable[[], object]]
    ) -> tuple[list[Any], list[Any]]:
        converted: list[Any] = []
        outputs: list[Any] = []
        views: dict[int, View] = {}
        for index, argument in enumerate(arguments):
            spec, value = argument.spec, None  # None: a Count, see below
            if isinstance(spec, Value):
                value = converters[index](given[argument.position])
                if isinstance(value, Handle):
                    # A subclass may override these.
                    Handle.use(value, cleanups)
                    value = Handle.pointer(value)
            elif isinstance(spec, In):
                view = View(argument.where, spec, given[argument.position])
                views[argument.position] = view
                cleanups.append(view.release)
                value = ctypes.cast(view.address, spec.ctype)
            elif isinstance(spec, Returned):
                outputs.append(given_type(spec.value)())
                value = ctypes.byref(outputs[-1])
            converted.append(value)
        if views:
            _check_overlap(arguments, views)
        for index, argument in enumerate(arguments):
            if isinstance(argument.spec, Count):
                converted[index] = _count(argument, argument.spec, views)
        return converted, outputs

    return convert


def _finisher(declaration: Declaration) -> Function:
    """Returns a function that converts what C returned, or raises an error."""
    result = declaration.result
    status = result.status if result else None
    specs = [each.value for each in declaration.returned]
    if result and not status:
        specs.insert(0, result)
    converters = [from_c(_result(declaration, spec), spec) for spec in specs]
    unexpected = make_unexpected(declaration)
    special = result and (
        status or result.enumeration or result.narrowed or result.kind in POINTERS
    )
    as_it_is = not (special or declaration.returned)

    def finish(
        returned: Any, outputs: list[Any], given: tuple[Any, ...], state: CallState
    ) -> Any:
        if as_it_is:
            state.raise_error()
            return returned
        contents = [*map(_content, outputs)]
        if result and not status:
            contents.insert(0, returned)
        # Before anything is raised: what C allocated must be freed.
        values: list[Any] = []
        problems: list[ValueError] = []
        for convert, content in zip(converters, contents, strict=True):
            try:
                values.append(convert(content, given))
            except ValueError as error:  # normal after a failure
                values.append(None)
                problems[:] = [error]
        state.raise_error()
        if result and status:
            code = unexpected(returned, *given, *values)
            if result.python_type is not None:
                return code
        if problems:
            raise problems.pop()
        return tuple(values) if len(values) > 1 else values[0] if values else None

    return finish


def _result(declaration: Declaration, spec: Value) -> str:
    return f"{declaration.name}() result ({spec.c_name})"


def given_type(spec: Value) -> Any:
    """The ctypes type of a result or output before conversion."""
    return spec.python_type.owner_type() if spec.kind == "handle" else spec.ctype


def _content(output: Any) -> Any:
    return output.value if type(output).__base__ is ctypes.c_int.__base__ else output


def make_unexpected(declaration: Declaration) -> Function:
    """Returns ``unexpected(result, *arguments)``, for results that Python must interpret.

    Those are a code that is no success, an integer that the enumeration lacks, and None for an
    undeclared null pointer. It raises the error, or returns the converted result.
    """
    result = declaration.result
    status = result.status if result else None
    convert = from_c(_result(declaration, result), result) if result else None

    def unexpected(value: Any, *given: Any) -> Any:
        if status and status.error and status.fails(value):
            raise status.error(value, declaration.name, given)
        return convert(value) if convert else None

    return unexpected


def _check_overlap(arguments: list[Argument], views: dict[int, View]) -> None:
    buffers = [(each, each.spec) for each in arguments if isinstance(each.spec, In)]
    for (argument, spec), (other, _) in itertools.permutations(buffers, 2):
        here, there = views[argument.position].memory, views[other.position].memory
        shared = max(here.start, there.start) < min(here.stop, there.stop)
        if spec.writable and shared and not (spec.in_place and here == there):
            raise ValueError(f"{argument.where} overlaps {other.name!r}")


def _count(argument: Argument, spec: Count, views: dict[int, View]) -> int:
    first, *rest = spec.names
    count = views[argument.parameters[0]].items
    for name, position in zip(rest, argument.parameters[1:], strict=True):
        if views[position].items != count:
            raise ValueError(
                f"{argument.where} counts the items of {first!r} and of {name!r}:"
                f" {count} and {views[position].items}, not equally many"
            )
    if count > spec.high:
        raise OverflowError(f"{argument.where} cannot count {count} items")
    return count


def _wrong_number(
    declaration: Declaration, given: tuple[Any, ...], keywords: dict[str, Any]
) -> TypeError:
    names = declaration.parameters
    if keywords:
        return TypeError(f"{declaration.name}() takes no keyword arguments")
    wanted = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
    listed = f" ({', '.join(names)})" if names else ""
    return TypeError(f"{declaration.name}() takes {wanted}{listed}, not {len(given)}")
