"""Callbacks that libfastcall makes: see ``fastcall_callback_type`` in ``fastcall.h``."""

import ctypes
from collections.abc import Callable
from ctypes import c_double, c_float, c_int64, c_uint8, c_uint64, c_void_p
from types import SimpleNamespace
from typing import Any

from .answers import Answer
from .calls import innermost
from .declaration import Argument, Declaration
from .libfastcall import KINDS, RULES, CArgument, CValue, NotServedError, start
from .pointers import Pointer
from .values import Value, content_of, is_pointer, type_code


class CCallback(ctypes.Structure):
    """``fastcall_callback_type``."""

    _fields_ = (
        ("careful_calls", c_void_p),
        ("failed", c_uint64),
        ("thunk_count", c_int64),
        ("next", c_int64),
        ("thunks", c_uint8 * 8),
        ("arguments", c_uint8),
        ("is_plain", c_uint8),
    )


class CallbackType(bytes):
    """A ``fastcall_callback_type``. Its first four attributes are those that it says.

    Attributes:
        received: the ctypes types and places of the arguments.
        held: objects whose addresses are in it.
    """

    failed: Any
    escaped: Callable[[BaseException], Any]
    careful: Callable[[bytes, Callable[..., Any] | None], Any]
    answer: Callable[[Any], Any]
    received: list[tuple[Any, int]]
    held: list[Any]
    release: Callable[["CallbackType"], None] | None = None

    def __del__(self) -> None:
        if self.release:
            self.release(self)

    def arguments_in(self, content: bytes) -> list[Any]:
        """The arguments of C, as ctypes converts them."""
        return [
            content_of(ctype.from_buffer_copy(content, place)) for ctype, place in self.received
        ]


def describe(declaration: Declaration, answer: Answer, failed: Any) -> CallbackType:
    """What libfastcall must know of a type of callbacks. Raises NotServedError."""
    engine = start()
    if not answer.is_plain:
        raise NotServedError(f"{answer.where}: what it gives to C by address is not served")
    held: list[Any] = [innermost]
    specs = [_checked(each) for each in declaration.arguments]
    try:
        values, is_plain = [_describe_plain(each, held) for each in specs], True
    except NotServedError:
        values, is_plain = [_describe_place(each) for each in specs], False
    content = CCallback(
        careful_calls=id(innermost),
        failed=_register(answer.result, failed),
        arguments=len(values),
        is_plain=is_plain,
    )
    described = CallbackType(b"".join([content, *values, _describe_answer(answer)]))
    reason = engine.prepare_callback(described)
    if reason is not None:
        raise NotServedError(reason.decode())
    first, size = ctypes.sizeof(CCallback), ctypes.sizeof(CValue)
    described.received = [
        (spec.ctype, CValue.from_buffer_copy(described, first + at * size).offset)
        for at, spec in enumerate(specs)
    ]
    described.held = held
    described.release = engine.release_thunks
    return described


def _checked(argument: Argument) -> Value:
    """The value that C passes, if that is in one register, or one word of the stack."""
    spec: Any = argument.spec
    is_simple = type_code(spec.ctype) not in ("", "g")
    if is_simple or is_pointer(spec.ctype) or hasattr(spec.ctype, "_flags_"):
        return spec  # type: ignore[no-any-return]
    raise NotServedError(f"{argument.where}: the type {spec.c_name} is not served")


def _describe_plain(spec: Value, held: list[Any]) -> CValue:
    """What libfastcall converts by itself. Raises NotServedError."""
    described: dict[str, Any]
    if isinstance(spec, Pointer) and not spec.contents:
        described = {"kind": KINDS["pointer"], "conversion": spec.ctype}
        if not spec.nullable:
            described["rule"] = RULES["zero"]
    else:
        described = spec.describe_back()
    if "conversion" in described:
        held.append(described["conversion"])
        described["conversion"] = id(described["conversion"])
    return CValue(**{"size": ctypes.sizeof(spec.ctype), **described})


def _describe_place(spec: Value) -> CValue:
    """Which register it is in."""
    kind = "float" if spec.ctype in (c_float, c_double) else "address"
    return CValue(kind=KINDS[kind], size=ctypes.sizeof(spec.ctype))


def _describe_answer(answer: Answer) -> CArgument:
    result = answer.result
    if result is None or result.python_type is None:
        return CArgument(kind=KINDS["void"])
    where: Any = SimpleNamespace(where=answer.where)
    return CArgument(size=ctypes.sizeof(result.ctype), **result.describe(where))


def _register(result: Value | None, failed: Any) -> int:
    """What C gets as ``failed``, in a register."""
    if isinstance(failed, float) and result:
        return int.from_bytes(bytes(result.ctype(failed)), "little")
    return int(failed or 0) & 2**64 - 1
