"""The common case of a call through ctypes, compiled to straight-line Python.

Where libfastcall does not make a builtin function, a declared function is Python code. The
careful call of checked.py decides everything while it runs, which takes ten times as long as
the call of C. So the case in which every argument is surely right is compiled, as dataclasses
compile their methods; everything else is handed to the careful call, which has the words.

For ``def half(number: Annotated[int, c_int]) -> Annotated[int, c_int, Raises(error),
Returned(int, c_int)]`` that is::

    def call(a0=missing, /, *rest, **keywords):
        if type(a0) is int and -2147483648 <= a0 <= 2147483647 and not (rest or keywords):
            b1 = v0()
            if callbacks:
                result = call_with_state(c_function, a0, byref(b1))
            else:
                result = c_function(a0, byref(b1))
            if result != 0: return finish((a0,), result, {1: b1})
            return b1.value
        given = [each for each in (a0,) if each is not missing]
        return careful(*given, *rest, **keywords)

The views of buffers are looked at, and released, in between: ``with memoryview(a0) as m0:``.
"""

import ctypes
import functools
import itertools
from _thread import get_ident
from collections.abc import Callable, Iterable
from types import CodeType
from typing import TYPE_CHECKING, Any

from .answers import Answer
from .calls import call_with_state, callbacks, hold_signals, lent
from .checked import finish_call
from .declaration import Argument, Declaration
from .values import Value, content_of, plain

if TYPE_CHECKING:
    from .values import Name

_MISSING = object()

_SIMPLE = ctypes.c_int.__base__

_RULES = {"zero": "{0} == 0", "nonzero": "{0} != 0", "negative": "{0} < 0"}
"""What rules mean for an integer."""


def straight_call(
    declaration: Declaration, c_function: Any, careful: Callable[..., Any]
) -> Callable[..., Any]:
    """Returns ``careful``, or a function that does the same, faster if all is surely right."""
    names: dict[str, Any] = {}
    source = _source(declaration, functools.partial(_name, names))
    if source is None or hold_signals(c_function) is not c_function:
        return careful
    space: dict[str, Any] = {
        "byref": ctypes.byref,
        "c_function": c_function,
        "call_with_state": call_with_state,
        "callbacks": callbacks,
        "careful": careful,
        "content_of": content_of,
        "finish": finish_call(declaration),
        "get_ident": get_ident,
        "lent": lent,
        "missing": _MISSING,
        "plain": plain,
        **names,
    }
    return _made(source, space)


def straight_callback(
    values: Iterable[tuple[int, Value]], answer: Answer
) -> Callable[..., Any]:
    """Returns what calls the callable of a pointer, if only the values have to be converted."""
    names: dict[str, Any] = {}
    name = functools.partial(_name, names)
    given = [value.straight(f"arguments[{at}]", name) for at, value in values]
    sure = answer.result and answer.result.sure_or_none("returned", name)
    condition, result = sure or ("False", "None")
    source = "\n".join(
        [
            "def call(pointer, arguments, state):",
            f"    returned = pointer.function({', '.join(given)})",
            f"    return {result} if {condition} else careful(returned)",
        ]
    )
    return _made(source, {"careful": answer.in_c, **names})


def _sure(argument: Argument, given: str, name: "Name") -> tuple[str, str] | None:
    spec = argument.spec
    if argument.effects:
        return None
    if isinstance(spec, Value):
        return spec.sure_or_none(given, name)
    return spec.sure(argument, given, name)


def _look(declaration: Declaration, name: "Name") -> tuple[list[str], list[str]]:
    """The numbers of the buffers; what must hold of ``m0``, the view of ``a0``, and so on.

    That also stores the address, as ``p0``.
    """
    words: list[tuple[Argument, Any]] = [
        (each, each.spec) for each in declaration.arguments if not isinstance(each.spec, Value)
    ]
    conditions: list[str] = []
    for each, spec in sorted(words, key=lambda word: word[1].phase):
        conditions += spec.sure_of_views(each, name)
    buffers = [(each.position, spec.writable) for each, spec in words if spec.is_buffer]
    for (i, one), (j, other) in itertools.combinations(buffers, 2):
        if one or other:
            conditions.append(f"(p{i} + m{i}.nbytes <= p{j} or p{j} + m{j}.nbytes <= p{i})")
    return [str(i) for i, _ in buffers], conditions


def _name(names: dict[str, Any], value: Any) -> str:
    """Make an object known to the compiled function. Returns how that calls it."""
    name = f"v{len(names)}"
    names[name] = value
    return name


def _made(source: str, space: dict[str, Any]) -> Callable[..., Any]:
    """The function ``call`` of a source, whose global variables are ``space``."""
    exec(_compiled(source), space)  # noqa: S102 - nothing of it comes from outside
    call: Callable[..., Any] = space["call"]
    return call


@functools.cache
def _compiled(source: str) -> CodeType:
    """Functions with the same kinds of arguments and results have the same source."""
    return compile(source, f"<{__name__}>", "exec")


def _source(declaration: Declaration, name: "Name") -> str | None:
    """The compiled function, or None if something needs the careful call each time."""
    if declaration.fixed is not None or declaration.uses_errno or declaration.asking:
        return None
    parameters = [f"a{number}" for number in range(len(declaration.parameters))]
    conditions: list[str] = []
    passed: list[str] = []
    rooms: dict[str, str] = {}
    for each in declaration.arguments:
        sure = _sure(each, "".join(parameters[each.position : each.position + 1]), name)
        if sure is None:
            return None
        condition, value = sure
        if condition:
            conditions.append(condition)
        if each.spec.output:
            rooms[f"b{each.index}"] = value
            value = f"byref(b{each.index})"
        passed.append(value)
    results = _results(declaration, rooms)
    if not all(value.converts_alone for value in results.values()):
        return None
    conditions.append("not (rest or keywords)")
    given = "".join(f"{each}, " for each in parameters)
    outputs = ", ".join(f"{each[1:]}: {each}" for each in rooms)
    failures = [_failure(value, content, name) for content, value in results.items()]
    shown = [
        value.straight(content, name)
        for content, value in results.items()
        if value.python_type is not None and _is_shown(value, content)
    ]
    checked = [
        value.straight(content, name)
        for content, value in results.items()
        if value.is_limited and not _is_shown(value, content)
    ]
    called = [
        *(f"{room} = {value}" for room, value in rooms.items()),
        "if callbacks:",
        f"    result = call_with_state({', '.join(['c_function', *passed])})",
        "else:",
        f"    result = c_function({', '.join(passed)})",
        *(
            f"if {failure}: return finish(({given}), result, {{{outputs}}})"
            for failure in filter(None, failures)
        ),
        *checked,
        f"return {', '.join(shown) or None}",
    ]
    looks = [f"if {' and '.join(conditions)}:"]
    buffers, conditions = _look(declaration, name)
    if buffers:
        views = ", ".join(f"memoryview(a{i}) as m{i}" for i in buffers)
        looks += [f"with {views}:", f"if {' and '.join(conditions)}:"]
        called = [
            *(f"lent[id(m{i})] = get_ident(), m{i}" for i in buffers),
            "try:",
            *(f"    {line}" for line in called),
            "finally:",
            *(f"    lent.pop(id(m{i}), None)" for i in buffers),
        ]
    lines = [
        f"def call({given.replace(',', '=missing,')}{'/, ' * bool(given)}*rest, **keywords):",
        *(f"{'    ' * depth}{look}" for depth, look in enumerate(looks, 1)),
        *(f"{'    ' * (len(looks) + 1)}{line}" for line in called),
        f"    given = [each for each in ({given}) if each is not missing]",
        "    return careful(*given, *rest, **keywords)",
    ]
    return "\n".join(lines)


def _results(declaration: Declaration, rooms: Iterable[str]) -> dict[str, Value]:
    """The result and what C fills in, by the expression for what ctypes has of it."""
    results = {} if declaration.result is None else {"result": declaration.result}
    for room, value in zip(rooms, declaration.outputs, strict=True):
        is_simple = getattr(value.given_ctype, "__base__", None) is _SIMPLE
        results[f"{room}.value" if is_simple else f"content_of({room})"] = value
    return results


def _is_shown(value: Value, content: str) -> bool:
    """Whether the Python function returns it, if it is declared with a Python type."""
    return content == "result" or not value.failure


def _failure(value: Value, content: str, name: "Name") -> str:
    """The condition under which it may mean that the function failed, or ""."""
    failure: Any = value.failure
    if not failure:
        return ""
    if failure.none:
        return "True"  # which is for ``finish`` to say
    if value.rule in _RULES and value.kind in ("signed", "unsigned"):
        return _RULES[value.rule].format(content)
    return f"{name(value.fails)}(plain({content}))"
