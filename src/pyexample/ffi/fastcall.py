"""Builtin functions for declared C functions, as fast as a C extension: see ``fastcall.h``."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_void_p
from typing import TYPE_CHECKING, Any

from .declaration import Argument, Declaration
from .later import import_later, made_once
from .libfastcall import (
    AGAIN,
    HAS_GIL,
    KEEPERS,
    KINDS,
    OWNERS,
    RULES,
    CArgument,
    CRelease,
    CValue,
    Descriptor,
    NotServedError,
    Returned,
    address_of,
    place_of_result,
    places_of,
    start,
)
from .values import Value, limits

if TYPE_CHECKING:
    from .aggregates import CStruct


class Function(bytes):
    """The descriptor of a builtin function, which is its ``__self__``.

    Each library has a subclass, whose name ``repr`` shows. It is pickled, as is the builtin, as
    its module's name.
    """

    cdll: ctypes.CDLL
    callee: Callable[[Declaration], Callable[..., Any]]
    """The ctypes function for a declaration."""
    declaration: Declaration
    held: list[Any]
    """Objects whose addresses are in the descriptor."""

    # C looks these up, seldom.

    @made_once
    def slow_path(self) -> Callable[..., Any]:
        """The checked call. What C keeps for good, Python keeps from then on."""
        checked = import_later("checked")
        if any(word.is_for_good for _, word in self.declaration.effects):
            import_later("ownership").take_over_kept(self)
        callee = self.callee(self.declaration)
        call: Callable[..., Any] = (
            checked.closing_call(self.declaration, callee, self)
            if self.declaration.closes
            else checked.checked_call(self.declaration, callee)
        )
        return call

    @made_once
    def unexpected(self) -> Callable[..., Any]:
        """See ``checked.make_unexpected``."""
        make: Callable[..., Callable[..., Any]] = import_later("checked").make_unexpected
        return make(self.declaration)

    @made_once
    def abandon(self) -> Callable[..., Any]:
        """See ``checked.abandon``."""
        function: Callable[..., Any] = import_later("checked").abandon
        return function

    @made_once
    def keep_late(self) -> Callable[..., Any]:
        """See ``ownership.keep_late``."""
        function: Callable[..., Any] = import_later("ownership").keep_late
        return function

    @made_once
    def keep_for_result(self) -> Callable[..., Any]:
        """See ``ownership.keep_for_result``."""
        function: Callable[..., Any] = import_later("ownership").keep_for_result
        return function

    @made_once
    def release_late(self) -> Callable[..., Any]:
        """See ``releases.make_release_late``."""
        make: Callable[..., Callable[..., Any]] = import_later("releases").make_release_late
        return make(self.declaration)

    @made_once
    def reopen(self) -> Callable[..., Any]:
        """See ``giving.reopen``."""
        function: Callable[..., Any] = import_later("giving").reopen
        return function

    @made_once
    def forget(self) -> Callable[..., Any]:
        """See ``records.forget``."""
        function: Callable[..., Any] = import_later("records").forget
        return function

    def __reduce__(self) -> tuple[Any, ...]:
        from importlib import import_module

        return import_module, (self.declaration.function.__module__,)


def builtin(declaration: Declaration, kind: type[Function]) -> Any:
    """A builtin function that calls the C function as declared.

    ``slow_path`` gets what it does not accept. ``kind`` is the type of its ``__self__``. Raises
    NotServedError if it cannot be made.
    """
    engine = start()
    if not text_signature(declaration).isascii():
        raise NotServedError("inspect reads no signature of a builtin that is not ASCII")
    address = address_of(kind.cdll, declaration.symbol)
    held: list[Any] = []
    function = kind(_describe(declaration, address, held))
    function.declaration, function.held = declaration, held
    made = engine.builtin(function, declaration.function.__module__)
    if declaration.closes:
        _ = function.slow_path  # which is what closes the handles of the type
    return made


def text_signature(declaration: Declaration) -> str:
    """The signature, in the form that builtin functions have."""
    return f"({', '.join((*declaration.parameters, '/'))})" if declaration.parameters else "()"


def _describe(declaration: Declaration, function: int, held: list[Any]) -> bytes:
    filled = [each for each in declaration.arguments if each.spec.output]
    stored = [each for each in declaration.arguments if each.spec.stored]
    outputs = declaration.outputs
    names = {value.memory_name: number for number, value in enumerate(outputs, 1)}
    arguments = [_describe_argument(each, names, held) for each in declaration.arguments]
    for number, argument in enumerate([*filled, *stored], 1):
        arguments[argument.index].output = number
    releases = _describe_effects(declaration, arguments, held)
    values = [_describe_result(declaration, held)]
    values += [_describe_value(each, held) for each in outputs]
    values += [_describe_stored(each.spec.stored) for each in stored]
    ctypes_of = [*(each.ctype for each in outputs), *(each.spec.stored for each in stored)]
    *places, end = places_of(ctypes_of)
    if end > Returned.structure.offset:
        raise NotServedError("so much that C fills in is not served")
    if values[0].offset >= Returned.structure.offset:
        end = Returned.memories.offset
    for value, place in zip(values[1:], places, strict=True):
        value.offset = place
    owned = sum(each.owner in (OWNERS["Owned"], OWNERS["counted"]) for each in values)
    if owned > 1 and any(each.keeper == KEEPERS["return"] for each in arguments):
        raise NotServedError("to keep something for several handles is not served")
    for word in declaration.asking:
        spec = next((each for each in stored if each.spec is word), None)
        value = values[names.get(word.name, 0)]
        if value.rule == RULES["always"] and not word.again:
            continue  # Python knows what to do
        if value.kind not in (KINDS["filled"], KINDS["items"]):
            raise NotServedError(f"{word!r}: a length of such memory is not served")
        value.length = 1 if spec is None else arguments[spec.index].output + 1
        if word.again:
            value.again = AGAIN["nul" if getattr(word, "nul", False) else word.again]
    sequences = [each for each in declaration.lenders.values() if each.spec.is_buffer]
    for each in values:
        if any(each.lenders & 1 << argument.position for argument in sequences):
            each.rule = RULES["always"]  # Python finds the handles in them
    if any(each.again for each in values):
        _check_twice(declaration, arguments, values)
    if declaration.effects or declaration.may_stay_open:
        _check_failures(declaration, values)
    name = declaration.name.encode() + b"\0"
    # type.__text_signature__, for inspect.signature.
    signature = f"{declaration.name}{text_signature(declaration)}"
    doc = f"{signature}\n--\n\n{declaration.function.__doc__ or ''}\0"
    parts = [*arguments, *values]
    strings = ctypes.sizeof(Descriptor) + sum(map(ctypes.sizeof, parts))
    descriptor = Descriptor(
        function=function,
        release_at=declaration.release_at,
        releases=ctypes.addressof(releases),
        name=strings,
        doc=strings + len(name),
        parameters=len(declaration.parameters),
        arguments=len(arguments),
        values=len(values),
        returned_size=end,
        uses_errno=declaration.uses_errno,
        closes=declaration.closes,
        fills=any(each.kind == KINDS["filled"] for each in values),
        is_sized=any(
            each.kind == KINDS["filled"]
            or (each.kind == KINDS["buffer"] and (each.factors or each.type))
            for each in arguments
        ),
        may_stay_open=declaration.may_stay_open,
        has_effects=bool(declaration.effects),
        release_count=len(releases),
        is_variadic=declaration.fixed is not None,
        fixed=declaration.fixed or 0,
    )
    return b"".join((descriptor, *parts, name, doc.encode()))


def _describe_effects(
    declaration: Declaration, arguments: list[CArgument], held: list[Any]
) -> Any:
    """Describe what C does with arguments. Returns the array of what it releases."""
    releases: list[CRelease] = []
    if declaration.effects and not HAS_GIL:
        raise NotServedError("what a call does with handles is not served without a GIL")
    for argument, word in declaration.effects:
        described = word.describe(argument)
        releases += described.pop("releases", ())
        if "function" in described:
            described["type"] = _hold(described.pop("function"), held)
        for name, value in described.items():
            setattr(arguments[argument.index], name, value)
    words = {type(word) for _, word in declaration.effects}
    if len(words) > 1 or sum(each.is_given for each in arguments) > 1:
        raise NotServedError(
            "to give away several handles, or to do that and keep others, is not served"
        )
    held.append((CRelease * len(releases))(*releases))
    return held[-1]


def _check_failures(declaration: Declaration, described: list[CValue]) -> None:
    """Raises NotServedError if libfastcall does not know whether the function has failed."""
    values = (declaration.result, *declaration.outputs)
    for value, its in zip(values, described, strict=False):  # the others are lengths
        if value and value.failure and its.rule == RULES["always"]:
            raise NotServedError(f"{value.where}: such a failure is not served beside the rest")


def _check_twice(
    declaration: Declaration, arguments: list[CArgument], values: list[CValue]
) -> None:
    """C may be called again. Raises NotServedError if the first call leaves something."""
    memory = [KINDS[each] for each in ("filled", "length", "void")]
    if any(each.output and each.kind not in memory for each in arguments):
        raise NotServedError("to call C again with InOut as it was before is not served")
    if declaration.effects or any(each.free or each.receive for each in values):
        raise NotServedError("what is Owned, of a function that is called again, is not served")


def _describe_stored(ctype: Any) -> CValue:
    """An integer that only libfastcall needs."""
    kind = KINDS["signed" if limits(ctype)[0] else "unsigned"]
    return CValue(kind=kind, size=ctypes.sizeof(ctype))


def _describe_argument(argument: Argument, names: dict[str, int], held: list[Any]) -> CArgument:
    described: dict[str, Any] = argument.spec.describe(argument)
    described.setdefault("size", ctypes.sizeof(argument.spec.ctype))
    if "function" in described:
        described["type"] = _hold(described.pop("function"), held)
    if "memory" in described:
        described["memory"] = names[described["memory"]]
    if "structure" in described:
        described["items"] = _address_of(described.pop("structure"), held)
    elif "array" in described:
        item = described.pop("array")
        if "structure" in item:
            item["items"] = _address_of(item.pop("structure"), held)
        held.append(CArgument(**item))
        described["items"] = ctypes.addressof(held[-1])
    elif "items" in described or described["kind"] == KINDS["made"]:
        described["ctypes"] = _describe_ctypes(held)
    return CArgument(parameter=argument.position, **described)


def _describe_result(declaration: Declaration, held: list[Any]) -> CValue:
    if declaration.result is None:
        return CValue(kind=KINDS["void"])
    value = _describe_value(declaration.result, held)
    value.offset = place_of_result(declaration.result.ctype)
    value.is_returned = declaration.result.python_type is not None
    return value


def _describe_value(value: Value, held: list[Any]) -> CValue:
    described = value.describe_back()
    if "structure" in described:
        described["conversion"] = _address_of(described.pop("structure"), held)
        return CValue(size=ctypes.sizeof(value.ctype), is_returned=True, **described)
    if "check" in described:
        held.append(described["check"])
        described["check"], described["check_size"] = _address_and_size(
            described["check"], KINDS[value.kind], value.ctype
        )
    if "free" in described:
        described = _describe_free(value, described, held)
    for name in ("conversion", "receive", "size_function"):
        if described.get(name) is not None:
            described[name] = _hold(described[name], held)
    if "handle_class" in described:
        described["conversion"] = described.pop("handle_class")
    described = {"size": ctypes.sizeof(value.ctype), **described}
    is_failure = value.failure is not None
    return CValue(is_returned=not is_failure, is_failure=is_failure, **described)


def _describe_free(value: Value, described: dict[str, Any], held: list[Any]) -> dict[str, Any]:
    """Let C free a copied value; or Python, by a function that is none of C's."""
    free = described["free"]
    try:
        address, _ = _address_and_size(free, KINDS["address"], c_void_p)
    except NotServedError:
        if not value.is_received:
            raise
        return value.describe_for_python()
    held.append(free)
    return {**described, "free": address}


def _hold(held_object: object, held: list[Any]) -> int:
    """The address of a Python object, which lives as long as the descriptor."""
    held.append(held_object)
    return id(held_object)


def _describe_ctypes(held: list[Any]) -> int:
    described = import_later("aggregates").describe_ctypes()
    held.append(described)
    return ctypes.addressof(described)


def _address_of(structure: CStruct, held: list[Any]) -> int:
    structure.ctypes = _describe_ctypes(held)
    held.append(structure)
    return ctypes.addressof(structure)


def _address_and_size(function: Any, kind: int, ctype: Any) -> tuple[int, int]:
    """What a builtin function calls in C, and the size of the result, for a call from C.

    It has one argument, and accepts every value of that type. Raises NotServedError.
    """
    content = getattr(function, "__self__", None)
    if isinstance(content, Function) and content:  # a fallback has no descriptor
        descriptor = Descriptor.from_buffer_copy(content)
        argument = CArgument.from_buffer_copy(content, ctypes.sizeof(descriptor))
        result = CValue.from_buffer_copy(content, descriptor.name - ctypes.sizeof(CValue))
        low, high = (0, 0) if kind == KINDS["address"] else limits(ctype)
        wanted = CArgument(kind=kind, size=ctypes.sizeof(ctype), low=low, high=high)
        fits = all(
            getattr(argument, name) == getattr(wanted, name)
            for name in ("kind", "size", "low", "high")
        )
        if fits and descriptor.arguments == descriptor.values == 1 and not result.rule:
            return descriptor.function, result.size
    raise NotServedError(f"{function!r} in a declaration is not served")
