"""Builtin functions for declared C functions, as fast as a C extension: see ``fastcall.h``."""

import ctypes
from collections.abc import Callable
from ctypes import c_void_p
from typing import Any

from .declaration import Argument, Declaration
from .later import import_later, made_once
from .libfastcall import (
    KINDS,
    CArgument,
    CStruct,
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
        """The checked call."""
        make: Callable[..., Callable[..., Any]] = import_later("checked").checked_call
        return make(self.declaration, self.callee(self.declaration))

    @made_once
    def unexpected(self) -> Callable[..., Any]:
        """See ``checked.make_unexpected``."""
        make: Callable[..., Callable[..., Any]] = import_later("checked").make_unexpected
        return make(self.declaration)

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
    held: list[Any] = [engine.ctypes]
    function = kind(_describe(declaration, address, held))
    function.declaration, function.held = declaration, held
    return engine.builtin(function, declaration.function.__module__)


def text_signature(declaration: Declaration) -> str:
    """The signature, in the form that builtin functions have."""
    return f"({', '.join((*declaration.parameters, '/'))})" if declaration.parameters else "()"


def _describe(declaration: Declaration, function: int, held: list[Any]) -> bytes:
    filled = [each for each in declaration.arguments if each.spec.output]
    outputs = declaration.outputs
    arguments = [_describe_argument(each, held) for each in declaration.arguments]
    for number, argument in enumerate(filled, 1):
        arguments[argument.index].output = number
    values = [_describe_result(declaration, held)]
    values += [_describe_value(each, held) for each in outputs]
    *places, end = places_of(each.ctype for each in outputs)
    if end > Returned.structure.offset:
        raise NotServedError("so much that C fills in is not served")
    if values[0].offset >= Returned.structure.offset:
        end = ctypes.sizeof(Returned)
    for value, place in zip(values[1:], places, strict=True):
        value.offset = place
    name = declaration.name.encode() + b"\0"
    # type.__text_signature__, for inspect.signature.
    signature = f"{declaration.name}{text_signature(declaration)}"
    doc = f"{signature}\n--\n\n{declaration.function.__doc__ or ''}\0"
    parts = [*arguments, *values]
    strings = ctypes.sizeof(Descriptor) + sum(map(ctypes.sizeof, parts))
    descriptor = Descriptor(
        function=function,
        release_at=declaration.release_at,
        name=strings,
        doc=strings + len(name),
        parameters=len(declaration.parameters),
        arguments=len(arguments),
        values=len(values),
        returned_size=end,
        uses_errno=declaration.uses_errno,
        is_variadic=declaration.fixed is not None,
        fixed=declaration.fixed or 0,
    )
    return b"".join((descriptor, *parts, name, doc.encode()))


def _describe_argument(argument: Argument, held: list[Any]) -> CArgument:
    described: dict[str, Any] = argument.spec.describe(argument)
    described.setdefault("size", ctypes.sizeof(argument.spec.ctype))
    if "structure" in described:
        described["items"] = _address_of(described.pop("structure"), held)
    elif "items" in described:  # a pointer
        described["ctypes"] = ctypes.addressof(held[0])
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
        held.append(described["free"])
        described["free"], _ = _address_and_size(described["free"], KINDS["address"], c_void_p)
    if "conversion" in described:
        held.append(described["conversion"])
        described["conversion"] = id(described["conversion"])
    return CValue(
        size=ctypes.sizeof(value.ctype), is_returned=value.failure is None, **described
    )


def _address_of(structure: CStruct, held: list[Any]) -> int:
    structure.ctypes = ctypes.addressof(held[0])
    held.append(structure)
    return ctypes.addressof(structure)


def _address_and_size(function: Any, kind: int, ctype: Any) -> tuple[int, int]:
    """What a builtin function calls in C, and the size of the result, for a call from C.

    It has one argument, and accepts every value of that type. Raises NotServedError.
    """
    content = getattr(function, "__self__", None)
    if isinstance(content, Function):
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
