"""Builtin functions for declared C functions, as fast as a C extension: see ``fastcall.h``."""

import ctypes
import functools
import types
from collections.abc import Callable
from typing import Any

from .declaration import Argument, Declaration
from .later import import_later, made_once
from .libfastcall import (
    KINDS,
    CArgument,
    CTypes,
    Descriptor,
    NotServedError,
    address_of,
    start,
)
from .values import NEVER, Count, In, Value, with_article


class Function(bytes):
    """The descriptor of a builtin function, which is its ``__self__``.

    Each library has a subclass, whose name ``repr`` shows. It is pickled, as is the builtin, as
    its module's name.
    """

    cdll: ctypes.CDLL
    callee: Callable[[Declaration], Callable[..., Any]]
    """The ctypes function for a declaration."""
    declaration: Declaration
    held: tuple[Any, ...]
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
    result, conversion = _describe_result(declaration.result)
    address = address_of(kind.cdll, declaration.name)
    function = kind(_describe(declaration, address, result, id(conversion), engine.ctypes))
    items = [_items(argument.spec) for argument in declaration.arguments]
    function.declaration, function.held = declaration, (conversion, items, engine.ctypes)
    return engine.builtin(function, declaration.function.__module__)


def text_signature(declaration: Declaration) -> str:
    """The signature, in the form that builtin functions have."""
    return f"({', '.join((*declaration.parameters, '/'))})" if declaration.parameters else "()"


def _describe(
    declaration: Declaration, function: int, result: int, conversion: int, its_ctypes: CTypes
) -> bytes:
    arguments = declaration.arguments
    buffers = [each.position for each in arguments if isinstance(each.spec, In)]
    described = [_describe_argument(each, buffers, its_ctypes) for each in arguments]
    back = declaration.result
    name = declaration.name.encode() + b"\0"
    # type.__text_signature__, for inspect.signature.
    signature = f"{declaration.name}{text_signature(declaration)}"
    doc = f"{signature}\n--\n\n{declaration.function.__doc__ or ''}\0"
    end = ctypes.sizeof(Descriptor) + sum(map(ctypes.sizeof, described))
    descriptor = Descriptor(
        function=function,
        conversion=conversion,
        release_at=declaration.release_at,
        name=end,
        doc=end + len(name),
        parameters=len(declaration.parameters),
        arguments=len(arguments),
        result=result,
        result_size=ctypes.sizeof(back.ctype) if back else 0,
        result_nullable=back.nullable if back else False,
    )
    return b"".join((descriptor, *described, name, doc.encode()))


def _items(spec: Any) -> Any:
    is_pointer = isinstance(spec, Value) and hasattr(spec.ctype, "contents")
    items = getattr(spec.ctype, "_type_", None) if is_pointer else None
    # Of a type without a size, only pointers fit: the slow path refuses anything else.
    return items if items is None or ctypes.sizeof(items) else types.NoneType


def _describe_argument(argument: Argument, buffers: list[int], its_ctypes: CTypes) -> CArgument:
    spec = argument.spec
    described = CArgument(parameter=argument.position, size=ctypes.sizeof(spec.ctype))
    if isinstance(spec, Value):
        items = _items(spec)
        if items and any("from_param" in vars(each) for each in spec.ctype.__mro__):
            raise NotServedError(f"{argument.where}: a from_param of its own is not served")
        described.kind = _kind(argument.where, spec, spec.kind)
        described.low, described.high = spec.low, spec.high
        described.nullable = spec.nullable or spec.python_type is Any
        described.type = id(spec.python_type if spec.kind == "handle" else spec.ctype)
        described.items, described.ctypes = id(items), ctypes.addressof(its_ctypes)
    elif isinstance(spec, In):
        described.kind, described.size = KINDS["buffer"], spec.size
        described.shift = spec.size.bit_length() - 1
        described.item = KINDS[spec.item_kind]
        described.writable, described.in_place = spec.writable, spec.in_place
    elif isinstance(spec, Count):
        described.kind = KINDS["count"]
        described.high = min(spec.high, NEVER)
        described.buffers = sum(1 << buffers.index(at) for at in argument.parameters)
    else:
        raise NotServedError(f"{argument.where}: Returned is not served")
    return described


def _describe_result(spec: Value | None) -> tuple[int, Any]:
    """The kind of a result, and the dict or function that converts it."""
    status = spec.status if spec else None
    fails = bool(status and status.error)
    if spec is None or (status and not fails and spec.python_type is None):
        return KINDS["void"], None
    if spec.kind == "handle" or spec.freed_by:
        raise NotServedError(
            f"result: {with_article(spec.c_name)} that must be released is not served"
        )
    if spec.narrowed or spec.kind == "pointer":
        what = "a range of its own" if spec.narrowed else "a pointer to what ctypes knows"
        raise NotServedError(f"result: {what} is not served")
    if fails or spec.enumeration:
        if spec.kind != "signed" or ctypes.sizeof(spec.ctype) != ctypes.sizeof(ctypes.c_int32):
            raise NotServedError(f"result: codes of {spec.c_name} are not served")
        codes = status.success if status and fails else [*map(int, spec.enumeration)]
        if len(codes) > _MOST_CODES:
            raise NotServedError(f"result: more than {_MOST_CODES} codes are not served")
        nothing, member = spec.python_type is None, spec.enumeration or int
        return KINDS["code"], {code: None if nothing else member(code) for code in codes}
    if _is_two_words(spec.ctype):
        # Like ctypes, without the class's __new__ and __init__.
        metaclass: Any = type(ctypes.Structure)
        return KINDS["struct"], functools.partial(metaclass.from_buffer_copy, spec.ctype)
    return _kind("result", spec, spec.kind), None


_MOST_CODES = 4096


def _kind(where: str, spec: Value, kind: str) -> int:
    if kind == "string":
        kind = spec.python_type.__name__
        if spec.encoding.name != "utf-8" or spec.encoding.errors != "strict":
            raise NotServedError(f"{where}: the encoding {spec.encoding.name} is not served")
    if kind not in KINDS:
        raise NotServedError(f"{where}: the type {spec.c_name} is not served")
    return KINDS[kind]


def _is_two_words(ctype: Any) -> bool:
    """Whether it is returned as two integer words: see convention.h."""
    return (
        ctype.__base__ is ctypes.Structure  # no inherited fields
        and "_pack_" not in ctype.__dict__
        and not hasattr(ctype, "_check_retval_")  # ctypes calls it
        and 8 < ctypes.sizeof(ctype) <= 16
        and all(
            len(each) == 2 and getattr(each[1], "_type_", "") in tuple("bBhHiIlLqQ?P")
            for each in ctype._fields_
        )
    )
