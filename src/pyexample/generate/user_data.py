"""Guess which ``void *`` is user data: a callback gets what a function got beside it."""

from collections.abc import Callable, Iterator, Sequence

from ..headers.c_model import Function, Parameter, Record, Type
from ..headers.c_tokens import word_set
from .api import Api
from .names import words_of
from .notes import pairs, python_names
from .ownership import is_closing
from .types import CallbackKey, Kind, Types, Unknown, is_void

_SURELY = word_set("user userdata udata ud arg ctx context opaque closure cookie baton client")
_MAYBE = word_set("data payload param params priv private state app")
"""Words that an item may have, too, if a callback gets one."""
_ENDING = word_set(
    "free destroy destroyed destructor dtor del delete dealloc release cleanup unref drop close"
)
"""Words of callbacks that end the life of something, which C may well look into."""


def find_user_data(api: Api, types: Types, said: Callable[[str], str | None]) -> None:
    """Note in ``types`` which callbacks get user data.

    Those do that get it from every function that takes them: what a callback gets otherwise,
    from a field of a struct or from another function, may be any address.

    Args:
        api: what the headers declare.
        types: the types that are named.
        said: returns what the spec says about "function.parameter".
    """
    places = {each: _user_data(types, each[0].parameters) for each in types.callbacks}
    taken = {it for each in api.functions for it in _taken(types, each)}
    types.user_data = {
        each: at
        for each, at in places.items()
        if at is not None and each in taken and not each[0].variadic
    }
    lost = set(_taken_by_others(api, types))
    while True:
        types.user_data = {it: at for it, at in types.user_data.items() if it not in lost}
        # Without these, what stands beside them may be no user data for others either.
        lost = {
            each
            for function in api.functions
            if not _has_user_data(types, function, said)
            for each in _taken(types, function)
        }
        if lost.isdisjoint(types.user_data):
            return


def user_data_of(types: Types, function: Function) -> int | None:
    """The parameter of a function that is user data for a callback beside it; or None."""
    parameters = function.type.parameters
    kinds = [types.kind_or_none(each.passed) for each in parameters]
    callbacks = {
        at: kind.callback[0]
        for at, (each, kind) in enumerate(zip(parameters, kinds, strict=True))
        if kind and kind.ctype and kind.callback in types.user_data and not _ends(each, kind)
    }
    at = _user_data(types, parameters) if callbacks and not is_closing(function) else None
    if at is None or parameters[at].name or at - 1 in callbacks:
        return at
    # What stands before a callback that gets nothing else may be what the callback frees.
    return at if at + 1 in callbacks and len(callbacks[at + 1].parameters) > 1 else None


def _has_user_data(types: Types, function: Function, said: Callable[[str], str | None]) -> bool:
    """Whether the callbacks that a function takes get user data, or NULL."""
    at = user_data_of(types, function)
    if at is None:
        return False
    try:
        name = python_names(function.type.parameters)[at]
    except Unknown:  # the function is left out
        return False
    words = said(f"{function.name}.{name}")
    return words is None or "UserData" in words or words.startswith("Constant(")


def _user_data(types: Types, parameters: Sequence[Parameter]) -> int | None:
    """The parameter that is user data by its name, or for want of another pointer; or None."""
    sized = pairs(types, parameters)
    found = [
        at
        for at, each in enumerate(parameters)
        if at not in sized and _is_any_pointer(types, each)
    ]
    surely = [at for at in found if not _SURELY.isdisjoint(_words(parameters[at]))]
    if len(surely) == 1:
        return surely[0]
    if len(found) != 1:
        return None
    words = _words(parameters[found[0]])
    return found[0] if not words or not _MAYBE.isdisjoint(words) else None


def _words(parameter: Parameter) -> set[str]:
    """The words of a parameter's name, without numbers: that of ctx2 is ctx."""
    return {each.rstrip("0123456789") for each in words_of(parameter.name)}


def _is_any_pointer(types: Types, parameter: Parameter) -> bool:
    """Whether a parameter is ``void *``, through which C may write, and no handle."""
    kind = types.kind_or_none(parameter.passed)
    is_any = kind is not None and kind.name == "pointer" and is_void(kind.target)
    return is_any and kind is not None and not types.is_const(kind.target)


def _ends(parameter: Parameter, kind: Kind) -> bool:
    """Whether a callback ends the life of something, by its name or that of its type."""
    words = {*words_of(parameter.name), *words_of(kind.alias)}
    return not _ENDING.isdisjoint(words)


def _callbacks(types: Types, ctype: Type) -> Iterator[CallbackKey]:
    """The types of callbacks that a type is, points to, or has as items."""
    kind = types.kind_or_none(ctype)
    if kind is not None and kind.callback is not None:
        yield kind.callback
    elif kind is not None and kind.name in ("pointer", "array"):
        yield from _callbacks(types, kind.target)


def _taken(types: Types, function: Function) -> Iterator[CallbackKey]:
    """The types of callbacks that a function takes."""
    for each in function.type.parameters:
        yield from _callbacks(types, each.passed)


def _taken_by_others(api: Api, types: Types) -> Iterator[CallbackKey]:
    """The types of callbacks that anything but a function takes itself."""
    records = [each for each in (*types.structs, *types.handles) if isinstance(each, Record)]
    others = [it.type for each in records for it in each.fields or ()]
    others += [each.type for each in api.variables]
    others += [it.passed for each, _ in types.callbacks for it in each.parameters]
    for each in others:
        yield from _callbacks(types, each)
