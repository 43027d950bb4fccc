"""Calls of declared functions through ctypes, with every argument checked.

This slow path defines what is checked, and works on every Python.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from .calls import CallState
from .declaration import Declaration
from .failure import calling_with_errno
from .handles import Handle
from .values import DeclarationError, Value, with_article
from .views import check_overlap

Function = Callable[..., Any]


def checked_call(declaration: Declaration, c_function: Any) -> Function:
    """Returns a Python function that checks its arguments, then calls ``c_function``.

    The declaration was applied to ``c_function``, of ctypes.
    """
    result, arguments = declaration.result, declaration.arguments
    if result:
        c_function.restype = result.given_ctype
    early = [each for each in arguments if not each.spec.is_late]
    late = [each for each in arguments if each.spec.is_late]
    variadic, uses_errno = declaration.variadic, declaration.uses_errno
    keeping = [(each, each.spec.keep) for each in arguments if each.spec.keep]
    finish = _finisher(declaration)
    number = len(declaration.parameters)

    def call(*given: Any, **keywords: Any) -> Any:
        if keywords or len(given) != number:
            raise _wrong_number(declaration, given, keywords)
        state = CallState(given)
        try:
            state.enter()
            converted = state.converted = [None] * len(arguments)
            for each in early:
                converted[each.index] = each.spec.pass_to_c(state, each)
            if state.views:
                check_overlap(arguments, state.views)
            for each in late:
                converted[each.index] = each.spec.pass_to_c(state, each)
            for each in variadic:  # which have no argtypes
                converted[each.index] = each.spec.ctype.from_param(converted[each.index])
            kept = [keep.hold(state, each, declaration.name) for each, keep in keeping]
            state.in_c = True
            if uses_errno:
                steps = calling_with_errno(state, c_function, converted)
                returned, state.error_number = steps
            else:
                returned = c_function(*converted)
            state.in_c = False
            for one in kept:
                one.settle(taken=not (result and result.failure and result.fails(returned)))
            return finish(returned, state)
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
    if not takes_it_alone or (result and result.python_type is not None):
        raise DeclarationError(
            f"{declaration.name}(): a function that Closes takes one handle, which is not None,"
            " and returns None, for void or for a result that is not returned"
        )
    kind = declaration.closes
    where = declaration.arguments[0].where
    if "close_in_c" in vars(kind):
        raise DeclarationError(f"{where}: another function Closes it")
    unexpected = make_unexpected(declaration)

    def close_in_c(life: Any) -> None:
        address = ctypes.c_void_p(life.given)
        state = CallState()
        try:
            state.enter()
            steps = calling_with_errno(state, c_function, [address])
            # No code may come between these lines. An exception during the call, such as a
            # signal handler's, does not prove that C has not closed the handle.
            state.in_c = life.is_taken_back = True
            code, number = steps
            state.in_c = False
            if result and result.failure and result.fails(code):
                life.is_taken_back = False
            state.raise_error()
            if not life.is_taken_back:
                given = kind.adopt(life.given, owned=False)
                unexpected(code, given, error_number=number)
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


def _finisher(declaration: Declaration) -> Callable[[Any, CallState], Any]:
    """Returns a function that converts what C returned, or raises an error."""
    result, outputs = declaration.result, declaration.outputs
    gives = result is not None and result.python_type is not None
    if not outputs and (result is None or result.is_plain):

        def finish_plain(returned: Any, state: CallState) -> Any:
            state.raise_error()
            return returned if gives else None

        return finish_plain

    def finish(returned: Any, state: CallState) -> Any:
        # Before anything is raised: what C allocated must be freed.
        values: list[Any] = []
        problems: list[ValueError] = []
        contents = [*map(_content, state.outputs)]
        for value, content in zip(outputs, contents, strict=True):
            values.append(_restore(value, content, state.given, problems))
        back = _restore(result, returned, state.given, problems) if result and gives else None
        state.raise_error()
        for value, content, restored in zip(outputs, contents, values, strict=True):
            if value.failure and value.fails(content):
                raise value.failure.exception(
                    restored, declaration.name, (*state.given, *values), state.error_number
                )
        if result and result.failure and result.fails(returned):
            raise result.failure.exception(
                returned, declaration.name, (*state.given, *values), state.error_number
            )
        if problems:
            raise problems.pop()
        shown = [back] if gives else []
        shown += [
            each for value, each in zip(outputs, values, strict=True) if not value.failure
        ]
        return tuple(shown) if len(shown) > 1 else shown[0] if shown else None

    return finish


def _restore(
    value: Value, content: Any, given: tuple[Any, ...], problems: list[ValueError]
) -> Any:
    try:
        return value.from_c(content, given)
    except ValueError as error:  # normal after a failure
        problems[:] = [error]
        return None


def _content(output: Any) -> Any:
    return output.value if type(output).__base__ is ctypes.c_int.__base__ else output


def make_unexpected(declaration: Declaration) -> Function:
    """Returns ``unexpected(result, *arguments)``, for results that Python must interpret.

    Those are a code that means failure, an integer that the enumeration lacks, and None for an
    undeclared null pointer. It raises the error, or returns the converted result.
    """
    result = declaration.result

    def unexpected(value: Any, *given: Any, error_number: int = 0) -> Any:
        if result is None:
            return None
        if result.failure and result.fails(value):
            raise result.failure.exception(value, declaration.name, given, error_number)
        return result.from_c(value) if result.python_type is not None else None

    return unexpected


def _wrong_number(
    declaration: Declaration, given: tuple[Any, ...], keywords: dict[str, Any]
) -> TypeError:
    names = declaration.parameters
    if keywords:
        return TypeError(f"{declaration.name}() takes no keyword arguments")
    wanted = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
    listed = f" ({', '.join(names)})" if names else ""
    return TypeError(f"{declaration.name}() takes {wanted}{listed}, not {len(given)}")
