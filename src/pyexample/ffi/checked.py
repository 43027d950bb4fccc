"""Calls of declared functions through ctypes, with every argument checked.

This slow path defines what is checked, and works on every Python.
"""

import ctypes
from collections.abc import Callable
from typing import Any, TypeGuard

from .adoption import make
from .buffers import In
from .calls import CallState, Effect, hold_signals
from .declaration import Argument, Declaration
from .failure import calling_with_errno
from .libfastcall import Returned, place_of_result, places_of
from .lifetimes import Closer, Life
from .records import close_by, forget, tell_c_what_closes
from .values import (
    DeclarationError,
    ParameterWord,
    Value,
    content_of,
    members_of,
    plain,
)
from .views import check_overlap

Function = Callable[..., Any]


def checked_call(declaration: Declaration, c_function: Any) -> Function:
    """Returns a Python function that checks its arguments, then calls ``c_function``.

    The declaration was applied to ``c_function``, of ctypes.
    """
    result = declaration.result
    if result:
        c_function.restype = result.given_ctype
        c_function = hold_signals(c_function)
    effects = declaration.effects
    asking = declaration.asking
    pass_to_c, failures = _passer(declaration), _failures(declaration)
    finish = _finisher(declaration)
    number = len(declaration.parameters)

    def call(*given: Any, **keywords: Any) -> Any:
        if keywords or len(given) != number:
            raise _wrong_number(declaration, given, keywords)
        state = CallState(given)
        try:
            state.enter()
            pass_to_c(state)
            begun = _begin(effects, state) if effects else ()
            returned = _call(declaration, c_function, state)
            if asking:
                returned = _call_again(declaration, c_function, state, returned, pass_to_c)
            state.failures = failures(returned, state)
            for each in begun:
                each.settle(taken=not state.failures)
            return finish(returned, state)
        finally:
            state.in_c = False
            try:
                state.leave()
            except BaseException:
                state.leave()
                raise

    return call


def closing_call(
    declaration: Declaration, c_function: Any, content: bytes | None = None
) -> Function:
    """Returns a function that closes a handle: it calls C once per handle.

    ``content`` is that of its builtin function, if there is one.
    """
    result = declaration.result
    if result:
        c_function.restype = result.given_ctype
    target = _closed_argument(declaration)
    spec: Any = target.spec
    pass_to_c, failures = _passer(declaration), _failures(declaration)
    finish = _finisher(declaration)

    def close_in_c(life: Life, given: tuple[Any, ...] | None) -> Any:
        if given is None:
            given = _implicit_arguments(declaration, spec.closes, life)
        state = CallState(given)
        try:
            state.enter()
            pass_to_c(state)
            state.converted[target.index] = spec.pass_address(life.given)
            steps = calling_with_errno(state, c_function)
            # No code may come between these lines. An exception during the call, such as a
            # signal handler's, does not prove that C has not closed the handle.
            state.in_c = life.is_taken_back = life.has_ended = True
            returned, state.error_number = steps
            state.in_c = False
            state.failures = failures(returned, state)
            if state.failures:
                life.is_taken_back = not spec.closes.if_succeeds
                # For the error, since this handle is closed at the moment.
                handle = make(life.kind, life.given)
                if life.is_taken_back:
                    forget(handle)
                state.replace(target.position, handle)
            return finish(returned, state)
        finally:
            state.in_c = False
            try:
                state.leave()
            except BaseException:
                state.leave()
                raise

    declaration.closer = close_in_c
    _set_closer(declaration, target, close_in_c, content)
    number = len(declaration.parameters)
    gives = result is not None and result.python_type is not None

    def call(*given: Any, **keywords: Any) -> Any:
        if keywords or len(given) != number:
            raise _wrong_number(declaration, given, keywords)
        handle: Any = given[target.position]
        if handle is None:
            spec.to_c(handle)  # raises an error if None is not declared
            return None
        if gives or not isinstance(handle, spec.python_type):
            spec.convert(handle)  # raises an error if it is closed, or no such handle
        return close_by(handle, close_in_c, given)

    return call


def _begin(effects: list[tuple[Argument, ParameterWord]], state: CallState) -> list[Effect]:
    """Do what the words say, just before C is called: all of it, or nothing."""
    begun: list[Effect] = []
    try:
        for argument, word in effects:
            for effect in word.begin(state, argument):
                begun.append(effect)
    except BaseException:
        for each in begun:
            each.cancel()
        raise
    return begun


def _failures(declaration: Declaration) -> Callable[[Any, CallState], list[Value]]:
    """Returns ``failures(returned, state)``: the outputs and the result that mean failure.

    It is called before anything is converted or freed.
    """
    outputs, result = declaration.outputs, declaration.result
    if not [value for value in declaration.results if value.failure]:
        return lambda returned, state: []

    def failures(returned: Any, state: CallState) -> list[Value]:
        contents = [*zip(outputs, _contents(state), strict=True)]
        if result:
            contents.append((result, returned))
        try:
            return [
                value
                for value, content in contents
                if value.failure and value.fails(plain(content))
            ]
        except BaseException:  # of a predicate
            state.raise_error()  # that of a callback came first
            raise

    return failures


def _contents(state: CallState) -> list[Any]:
    return [content_of(state.outputs[index]) for index in sorted(state.outputs)]


def _call(declaration: Declaration, c_function: Any, state: CallState) -> Any:
    """Call C with the converted arguments."""
    state.in_c = True
    if declaration.uses_errno:
        returned, state.error_number = calling_with_errno(state, c_function)
    else:
        returned = c_function(*state.converted)
    state.returned = returned  # no call comes before this, so no signal handler
    state.in_c = False
    return returned


def _call_again(
    declaration: Declaration,
    c_function: Any,
    state: CallState,
    returned: Any,
    pass_to_c: Callable[[CallState], None],
) -> Any:
    """Call C again if it asks for more memory. Returns the result of the last call."""
    asking = declaration.asking
    for _ in range(_MOST_TRIES):
        for word in asking:
            if hasattr(word, "store"):
                word.store(state, returned)
        more = {
            word.name: word.needs(state, returned)
            for word in asking
            if word.name in state.memories
            and state.memories[word.name].can_grow_to(word.needs(state, returned))
        }
        if not more or state.error is not None:
            return returned
        state.sizes.update(more)
        pass_to_c(state)
        returned = _call(declaration, c_function, state)
    raise ValueError(f"{declaration.name}() asks for more memory each time that it is called")


_MOST_TRIES = 4


def _closed_argument(declaration: Declaration) -> Argument:
    """The handle that a function closes. Raises DeclarationError."""
    target, *others = [each for each in declaration.arguments if _closes(each)]
    effects = [word for _, word in declaration.effects]
    for word in (*others, *effects, *declaration.asking):
        shown = word.where if isinstance(word, Argument) else repr(word)
        raise DeclarationError(
            f"{target.where}: a function that Closes one handle does nothing else: {shown} is"
            " not served beside it"
        )
    return target


def _closes(argument: Argument) -> bool:
    return bool(getattr(argument.spec, "closes", None))


def _set_closer(
    declaration: Declaration, target: Argument, closer: Closer, content: bytes | None
) -> None:
    """Let Python call it by itself, unless it says that it must not."""
    spec: Any = target.spec
    if not spec.closes.implicit:
        return
    known = [*spec.closes.arguments, *declaration.handles, target.name]
    unknown = [name for name in declaration.parameters if name not in known]
    if unknown:
        raise DeclarationError(
            f"{target.where}: what does Python pass for {', '.join(unknown)} when it closes the"
            f" handle itself? Write Closes({unknown[0]}=...), or Closes(implicit=False)"
        )
    for kind in members_of(spec.python_type):
        if "closer" in vars(kind):
            raise DeclarationError(
                f"{target.where}: another function Closes it. Write Closes(implicit=False)"
                " after the one that Python is not to call by itself"
            )
        kind.closer = staticmethod(closer)
        is_simple = len(declaration.parameters) == 1 and not declaration.outputs
        kind.closer_in_c = content if is_simple else None
        tell_c_what_closes(kind.c_class, kind.closer_in_c)


def _implicit_arguments(declaration: Declaration, closes: Any, life: Life) -> tuple[Any, ...]:
    """The arguments of a closing function that nobody called."""
    values: dict[str, Any] = {**closes.arguments}
    for name, argument in declaration.handles.items():
        kind = argument.spec.python_type  # type: ignore[union-attr]
        found = [each for each in life.parents if issubclass(each.kind, kind)]
        if found and name not in values and not _closes(argument):
            values[name] = make(found[0].kind, found[0].given)
    return tuple(values.get(name) for name in declaration.parameters)


def _passer(declaration: Declaration) -> Callable[[CallState], None]:
    """Returns what converts the arguments of a call.

    It holds what C needs of them until the call is over.
    """
    arguments, variadic = declaration.arguments, declaration.variadic
    passed = [each for each in arguments if not _closes(each)]
    early = [each for phase in (0, 1) for each in passed if each.spec.phase == phase]
    late = [each for each in passed if each.spec.phase == 2]
    buffers = [(each, each.spec) for each in arguments if isinstance(each.spec, In)]

    def pass_to_c(state: CallState) -> None:
        converted: list[Any] = [None] * len(arguments)
        state.converted = converted
        for each in early:
            converted[each.index] = each.spec.pass_to_c(state, each)
        if len(buffers) > 1:
            check_overlap(buffers, state.views)
        for each in late:
            converted[each.index] = each.spec.pass_to_c(state, each)
        for each, spec in buffers:
            spec.check_size(state, each)
        for each in variadic:  # which have no argtypes
            converted[each.index] = each.spec.ctype.from_param(converted[each.index])

    return pass_to_c


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
        failure = result.failure if result else None
        state.is_empty = failure is not None and failure.means_nothing(plain(returned))
        # Before anything is raised: what C allocated must be freed.
        problems: list[Exception] = []
        is_good = result not in state.failures  # else there may be nothing at its address
        back = None
        if result and gives and is_good:
            back = _restore(result, returned, state, problems)
        values = [
            _restore(value, content, state, problems)
            for value, content in zip(outputs, _contents(state), strict=True)
        ]
        state.raise_error()
        for value, restored in zip(outputs, values, strict=True):
            if value.failure and value in state.failures:
                raise value.failure.exception(
                    restored, declaration.name, (*state.given, *values), state.error_number
                )
        if failure and not is_good:
            raise failure.exception(
                plain(returned), declaration.name, (*state.given, *values), state.error_number
            )
        if state.is_empty:
            return None
        if problems:
            del problems[1:]
            raise problems.pop()  # nothing here refers to it: that would be a cycle
        shown = [back] if gives else []
        shown += [
            each for value, each in zip(outputs, values, strict=True) if not value.failure
        ]
        return tuple(shown) if len(shown) > 1 else shown[0] if shown else None

    if result is None or not (result.owned and result.failure):
        return finish

    def finish_and_free(returned: Any, state: CallState) -> Any:
        try:
            return finish(returned, state)
        finally:
            if result in state.failures:  # else it was when it was converted
                returned.free()

    return finish_and_free


def _restore(value: Value, content: Any, state: CallState, problems: list[Exception]) -> Any:
    try:
        return value.from_c(content, state)
    except Exception as error:  # normal after a failure; or of an enumeration's _missing_
        problems.append(error)
        return None


def finish_call(declaration: Declaration) -> Function:
    """Returns ``finish(given, returned, outputs)``, for a call during which no Python code ran.

    ``outputs`` are what C has filled in, by the index of the argument.
    """
    finish, failures = _finisher(declaration), _failures(declaration)

    def finish_without_state(
        given: tuple[Any, ...], returned: Any, outputs: dict[int, Any]
    ) -> Any:
        state = CallState(given)
        state.outputs = outputs
        state.failures = failures(returned, state)
        return finish(returned, state)

    return finish_without_state


def make_unexpected(declaration: Declaration) -> Function:
    """Returns ``unexpected(received, *arguments)``, for what Python must interpret.

    That is a code that means failure, an integer that the enumeration lacks, an undeclared
    null pointer, or a handle of which libfastcall does not know enough. ``received`` has its
    Returned as bytes, an Owner for each handle that the caller owns, and perhaps a tuple of
    what C is to keep. It raises the error, or returns what came back, converted.
    """
    result, outputs = declaration.result, declaration.outputs
    if _is_alone(result, declaration):
        return _make_from_result(result, len(declaration.arguments))
    stored: list[Any] = [each.spec for each in declaration.arguments if each.spec.stored]
    places = places_of([each.ctype for each in outputs] + [each.stored for each in stored])
    finish, failures = _finisher(declaration), _failures(declaration)
    words = [each for each in declaration.asking if hasattr(each, "store")]

    def unexpected(received: tuple[Any, ...], *given: Any) -> Any:
        content, *owners = received
        kept = owners.pop() if owners and type(owners[-1]) is tuple else ()

        def take(value: Value, place: int) -> Any:
            if value.is_received:
                return value.receive(owners.pop(0))
            return value.read(content, place)

        state = CallState(given)
        state.converted = [None] * len(declaration.arguments)
        try:
            state.enter()
            if result:
                state.returned = content_of(take(result, place_of_result(result.ctype)))
            for described in kept:
                described[0].keep_for_result(described, state)
            place = Returned.error_number.offset
            state.error_number = ctypes.c_int64.from_buffer_copy(content, place).value
            for index, value in enumerate(outputs):
                made = state.outputs[index] = take(value, places[index])
                if value.is_received and value.memory_name:
                    state.memories[value.memory_name] = made
            for spec, place in zip(stored, places[len(outputs) :], strict=False):
                if not isinstance(spec, Value):  # else it is a handle that was closed
                    state.store_length(spec.name, spec.stored.from_buffer_copy(content, place))
            for word in words:
                word.store(state, state.returned)
            state.failures = failures(state.returned, state)
            return finish(state.returned, state)
        finally:
            state.in_c = False
            try:
                state.leave()
            except BaseException:
                state.leave()
                raise

    return unexpected


def _is_alone(result: Value | None, declaration: Declaration) -> TypeGuard[Value]:
    """Whether nothing but the result comes back, which nobody must free, and cannot fail."""
    if result is None or result.python_type is None or result.is_received or result.failure:
        return False
    has_more = declaration.outputs or declaration.asking or declaration.effects
    return not has_more and not any(each.spec.stored for each in declaration.arguments)


def _make_from_result(result: Value, arguments: int) -> Function:
    """Returns ``unexpected`` for such a function, of so many arguments in C."""
    place = place_of_result(result.ctype)

    def convert(received: tuple[bytes], *given: Any) -> Any:
        state = CallState(given)
        state.converted = [None] * arguments
        return result.from_c(content_of(result.read(received[0], place)), state)

    return convert


def abandon(received: tuple[Any, ...], *given: Any) -> None:
    """Close what an interrupted ``unexpected`` has not."""
    state = CallState(given)
    state.outputs = dict(enumerate(received))
    try:
        state.enter()
    finally:
        state.leave()


def _wrong_number(
    declaration: Declaration, given: tuple[Any, ...], keywords: dict[str, Any]
) -> TypeError:
    names = declaration.parameters
    if keywords:
        return TypeError(f"{declaration.name}() takes no keyword arguments")
    wanted = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
    listed = f" ({', '.join(names)})" if names else ""
    return TypeError(f"{declaration.name}() takes {wanted}{listed}, not {len(given)}")
