"""Builtin functions for declared C functions: calls at the speed of a C extension.

A small library of our own, libfastcall, does the work; its ``fastcall.h`` says how, and is
mirrored here. It is linked against no Python: it gets the addresses of the few functions
of Python's stable ABI that it needs from ``ctypes.pythonapi``.
"""

import ctypes
import functools
import itertools
import sys
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_uint8, c_uint32, c_void_p
from typing import Any

from .checked import refuse_null
from .declaration import NEVER, Argument, Declaration, In, Value
from .loader import LibraryLoadError, load

# From here to _Python: fastcall.h, mirrored.
_ABI_VERSION = 1
_MAX_ARGUMENTS = 16
_MAX_BUFFERS = 8
_KINDS = {
    "void": "v",
    "signed": "i",
    "unsigned": "u",
    "bool": "?",
    "float": "f",
    "bytes": "z",
    "str": "s",
    "address": "P",
    "pointer": "p",
    "buffer": "b",
    "count": "n",
}


class _Argument(ctypes.Structure):
    """``fastcall_argument``."""

    _fields_ = (
        ("low", c_int64),
        ("high", c_int64),
        ("type", c_void_p),
        ("kind", c_uint8),
        ("size", c_uint8),
        ("shift", c_uint8),
        ("parameter", c_uint8),
        ("nullable", c_uint8),
        ("item", c_uint8),
        ("writable", c_uint8),
        ("in_place", c_uint8),
        ("buffers", c_uint8),
        ("place", c_uint8),
        ("offset", c_uint8),
    )


class _Descriptor(ctypes.Structure):
    """``fastcall_descriptor``."""

    _fields_ = (
        ("ml_name", c_void_p),
        ("ml_meth", c_void_p),
        ("ml_flags", c_int),
        ("ml_doc", c_void_p),
        ("function", c_void_p),
        ("release_at", c_int64),
        ("name", c_uint32),
        ("doc", c_uint32),
        ("parameters", c_uint8),
        ("arguments", c_uint8),
        ("result", c_uint8),
        ("result_size", c_uint8),
        ("result_nullable", c_uint8),
        ("shape", c_uint8),
        ("float_slots", c_uint8),
    )


class _Python(ctypes.Structure):
    """``fastcall_python``."""

    _fields_ = (
        ("functions", c_void_p),
        ("none", c_void_p),
        ("true", c_void_p),
        ("false", c_void_p),
        ("int_type", c_void_p),
        ("float_type", c_void_p),
        ("type_type", c_void_p),
        ("type_offset", c_size_t),
        ("bytes_offset", c_size_t),
    )


class NotServedError(Exception):
    """A function cannot be called in this way; the message says why."""


class Function(bytes):
    """The descriptor of a builtin function, which is its ``__self__``.

    Each library has a subclass, named after it, so that the builtin presents itself as
    ``libfoo.bar``. It is pickled, and with it the builtin, as its module's name.
    """

    module: str
    checked: Callable[..., Any]
    refuse_null: Callable[[], Any]

    def __reduce__(self) -> tuple[Any, ...]:
        from importlib import import_module  # seldom needed

        return import_module, (self.module,)


def builtin(
    declaration: Declaration, c_function: Any, checked: Callable[..., Any], kind: type[Function]
) -> Any:
    """A builtin function that calls ``c_function`` as ``declaration`` says.

    Whatever it does not accept itself it passes on to ``checked``. ``kind`` is what its
    ``__self__`` will be. Raises NotServedError where it cannot be made.
    """
    engine = _engine()
    function = kind(_describe(declaration, c_function))
    function.module = declaration.function.__module__
    function.checked = checked
    function.refuse_null = refuse_null(declaration)
    return engine(function)


def _describe(declaration: Declaration, c_function: Any) -> bytes:
    """The content of a descriptor, but for what ``fastcall_prepare`` fills in."""
    arguments = declaration.arguments
    buffers = [each.position for each in arguments if isinstance(each.spec, In)]
    if len(arguments) > _MAX_ARGUMENTS or len(buffers) > _MAX_BUFFERS:
        raise NotServedError("it has more arguments than are served")
    result = declaration.result
    described = [bytes(_describe_argument(argument, buffers)) for argument in arguments]
    name = declaration.name.encode() + b"\0"
    signature = ", ".join((*declaration.parameters, "/")) if declaration.parameters else ""
    # inspect.signature reads this form (type.__text_signature__).
    doc = f"{declaration.name}({signature})\n--\n\n{declaration.function.__doc__ or ''}\0"
    end = ctypes.sizeof(_Descriptor) + sum(map(len, described))
    descriptor = _Descriptor(
        function=_address(c_function),
        release_at=declaration.release_at,
        name=end,
        doc=end + len(name),
        parameters=len(declaration.parameters),
        arguments=len(arguments),
        result=_kind("result", result) if result else ord(_KINDS["void"]),
        result_size=ctypes.sizeof(result.ctype) if result else 0,
        result_nullable=result.nullable if result else False,
    )
    return b"".join((bytes(descriptor), *described, name, doc.encode()))


def _describe_argument(argument: Argument, buffers: list[int]) -> _Argument:
    spec = argument.spec
    described = _Argument(parameter=argument.position, size=ctypes.sizeof(spec.ctype))
    if isinstance(spec, Value):
        described.kind = _kind(argument.where, spec)
        described.low, described.high = spec.low, spec.high
        # ctypes itself takes None for every pointer type.
        described.nullable = spec.nullable or spec.kind == "other"
        described.type = id(spec.ctype)
    elif isinstance(spec, In):
        described.kind, described.size = ord(_KINDS["buffer"]), spec.size
        described.shift = spec.size.bit_length() - 1
        described.item = ord(_KINDS[spec.item_kind])
        described.writable, described.in_place = spec.writable, spec.in_place
    else:
        described.kind = ord(_KINDS["count"])
        described.high = min(spec.high, NEVER)
        described.buffers = sum(1 << buffers.index(position) for position in argument.buffers)
    return described


def _kind(where: str, spec: Value) -> int:
    kind = spec.kind
    if kind == "string":
        kind = spec.python_type.__name__
    elif where != "result" and kind == "other" and hasattr(spec.ctype, "contents"):
        kind = "pointer"
    if kind not in _KINDS:
        raise NotServedError(f"{where}: the type {spec.c_name} is not served")
    return ord(_KINDS[kind])


_BYTES_OFFSET = bytes.__basicsize__ - 1
"""Where a bytes object holds its content: at its end, with the NUL that is behind it."""

Engine = Callable[[Function], Any]


@functools.cache
def _engine_or_reason() -> Engine | str:
    try:
        return _start()
    except NotServedError as reason:
        return str(reason)


def _engine() -> Engine:
    engine = _engine_or_reason()
    if isinstance(engine, str):
        raise NotServedError(engine)
    return engine


def _start() -> Engine:
    """Load libfastcall and tell it of this Python."""
    if sys.implementation.name != "cpython":
        raise NotServedError(f"{sys.implementation.name} is not CPython")
    if ctypes.sizeof(c_void_p) != 8:
        raise NotServedError("this Python is not a 64-bit one")
    package = __name__.rpartition(".")[0].rpartition(".")[0]
    try:
        loaded, _ = load(package, "fastcall", abi=("fastcall_abi_version", _ABI_VERSION))
    except LibraryLoadError as error:
        raise NotServedError(str(error)) from None
    # PyDLL, since it uses Python's API.
    library = ctypes.PyDLL(loaded._name, handle=loaded._handle)
    _initialise(library)
    prepare = library.fastcall_prepare
    prepare.argtypes = [ctypes.py_object]
    prepare.restype = c_char_p
    # A prototype of our own: those of ctypes.pythonapi are shared by the whole process.
    new_builtin = ctypes.PYFUNCTYPE(
        ctypes.py_object, c_void_p, ctypes.py_object, ctypes.py_object
    )(("PyCFunction_NewEx", ctypes.pythonapi))

    def engine(function: Function) -> Any:
        reason = prepare(function)
        if reason is not None:
            raise NotServedError(reason.decode())
        return new_builtin(id(function) + _BYTES_OFFSET, function, function.module)

    return engine


def _initialise(library: ctypes.CDLL) -> None:
    name_of = library.fastcall_import
    name_of.restype = c_char_p
    names = iter(map(name_of, itertools.count()).__next__, None)
    try:
        functions = [ctypes.pythonapi[name.decode()] for name in names]
    except AttributeError as error:
        raise NotServedError(f"this Python lacks a function: {error}") from None
    addresses = (c_void_p * len(functions))(*map(_address, functions))
    python = _Python(
        functions=ctypes.addressof(addresses),
        none=id(None),
        true=id(True),
        false=id(False),
        int_type=id(int),
        float_type=id(float),
        type_type=id(type),
        # The type is the last field of an object's head (PyObject in object.h).
        type_offset=object.__basicsize__ - ctypes.sizeof(c_void_p),
        bytes_offset=_BYTES_OFFSET,
    )
    library.fastcall_initialise.restype = c_char_p
    reason = library.fastcall_initialise(ctypes.byref(python))
    if reason is not None:
        raise NotServedError(reason.decode())


def _address(function: Any) -> int | None:
    return ctypes.cast(function, c_void_p).value
