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
from ctypes import c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_void_p
from typing import Any

from .declaration import Argument, Declaration
from .loader import LibraryLoadError, load
from .values import NEVER, Count, In, Value

# From here to _Python: fastcall.h, mirrored.
_ABI_VERSION = 3
_MAX_ARGUMENTS = 16
_MAX_BUFFERS = 8
_MAX_HANDLES = 4
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
    "handle": "h",
    "buffer": "b",
    "count": "n",
    "code": "c",
    "struct": "t",
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
        ("conversion", c_void_p),
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

    declaration: Declaration
    callee: Any
    conversion: Any
    """What its descriptor has the address of."""

    # Three attributes that C looks up, seldom: imported and made only then.

    @functools.cached_property
    def checked(self) -> Callable[..., Any]:
        """The checked call, which gets the arguments that are not accepted here."""
        from .checked import checked_call

        return checked_call(self.declaration, self.callee)

    @functools.cached_property
    def unexpected(self) -> Callable[..., Any]:
        """What is called with a result that none is."""
        from .checked import refuse

        return refuse(self.declaration)

    def raise_pending(self) -> None:
        """Raise what a callback of this thread raised."""
        from .callbacks import raise_pending

        raise_pending()

    def __reduce__(self) -> tuple[Any, ...]:
        from importlib import import_module

        return import_module, (self.declaration.function.__module__,)


def builtin(
    declaration: Declaration, c_function: Any, callee: Any, kind: type[Function]
) -> Any:
    """A builtin function that calls ``c_function`` as ``declaration`` says.

    Whatever it does not accept itself it passes on to a checked call of ``callee``, which is
    the same function. ``kind`` is what its ``__self__`` will be. Raises NotServedError where
    it cannot be made.
    """
    engine = _engine()
    conversion = _conversion(declaration.result)
    function = kind(_describe(declaration, c_function, conversion))
    function.declaration = declaration
    function.callee = callee
    function.conversion = conversion
    return engine(function)


def _conversion(result: Value | None) -> Any:
    """The dict or the type that makes the Python object of some results."""
    if result is None:
        return None
    if result.kind == "other":
        return result.ctype
    if result.status and result.status.error:
        from .conversions import from_c

        convert = from_c("result", result)
        nothing = result.python_type is None
        return {code: None if nothing else convert(code) for code in result.status.success}
    return {each.value: each for each in result.enumeration} if result.enumeration else None


def _describe(declaration: Declaration, c_function: Any, conversion: Any) -> bytes:
    """The content of a descriptor, but for what ``fastcall_prepare`` fills in."""
    arguments = declaration.arguments
    buffers = [each.position for each in arguments if isinstance(each.spec, In)]
    handles = [each for each in arguments if getattr(each.spec, "kind", "") == "handle"]
    if (
        len(arguments) > _MAX_ARGUMENTS
        or len(buffers) > _MAX_BUFFERS
        or len(handles) > _MAX_HANDLES
    ):
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
        conversion=id(conversion),
        release_at=declaration.release_at,
        name=end,
        doc=end + len(name),
        parameters=len(declaration.parameters),
        arguments=len(arguments),
        result=_kind_of_result(result) if result else ord(_KINDS["void"]),
        result_size=ctypes.sizeof(result.ctype) if result else 0,
        result_nullable=result.nullable if result else False,
    )
    return b"".join((bytes(descriptor), *described, name, doc.encode()))


def _describe_argument(argument: Argument, buffers: list[int]) -> _Argument:
    spec = argument.spec
    described = _Argument(parameter=argument.position, size=ctypes.sizeof(spec.ctype))
    if isinstance(spec, Value):
        described.kind = _kind(argument.where, spec, _pointer_or_kind(spec))
        described.low, described.high = spec.low, spec.high
        described.nullable = spec.nullable or spec.python_type is Any
        described.type = id(spec.python_type if spec.kind == "handle" else spec.ctype)
    elif isinstance(spec, In):
        described.kind, described.size = ord(_KINDS["buffer"]), spec.size
        described.shift = spec.size.bit_length() - 1
        described.item = ord(_KINDS[spec.item_kind])
        described.writable, described.in_place = spec.writable, spec.in_place
    elif isinstance(spec, Count):
        described.kind = ord(_KINDS["count"])
        described.high = min(spec.high, NEVER)
        described.buffers = sum(1 << buffers.index(at) for at in argument.parameters)
    else:
        raise NotServedError(f"{argument.where}: what is Returned is not served")
    return described


def _kind_of_result(spec: Value) -> int:
    if spec.kind == "handle" or spec.freed_by:
        raise NotServedError(f"result: a {spec.c_name} that is to be given back is not served")
    fails = bool(spec.status and spec.status.error)
    if spec.status and not fails and spec.python_type is None:
        return ord(_KINDS["void"])
    if fails or spec.enumeration:
        if spec.kind != "signed" or ctypes.sizeof(spec.ctype) != ctypes.sizeof(c_int32):
            raise NotServedError(f"result: codes of {spec.c_name} are not served")
        return ord(_KINDS["code"])
    return _kind("result", spec, "struct" if _is_two_words(spec.ctype) else spec.kind)


def _pointer_or_kind(spec: Value) -> str:
    return "pointer" if spec.kind == "other" and hasattr(spec.ctype, "contents") else spec.kind


def _kind(where: str, spec: Value, kind: str) -> int:
    if kind == "string":
        kind = spec.python_type.__name__
        if spec.encoding.name != "utf-8" or spec.encoding.errors != "strict":
            raise NotServedError(f"{where}: the encoding {spec.encoding.name} is not served")
    if kind not in _KINDS:
        raise NotServedError(f"{where}: the type {spec.c_name} is not served")
    return ord(_KINDS[kind])


def _is_two_words(ctype: Any) -> bool:
    """Whether it is a structure that comes back as two words of integers: see abi.h."""
    # One whose fields are all its own, and that is made as ctypes makes it: with no __init__.
    if (
        ctype.__base__ is not ctypes.Structure
        or ctype.__init__ is not ctypes.Structure.__init__
        or not 8 < ctypes.sizeof(ctype) <= 16
    ):
        return False
    simple = all(
        getattr(each[1], "_type_", "") in tuple("bBhHiIlLqQ?P") for each in ctype._fields_
    )
    return (
        simple
        and all(len(each) == 2 for each in ctype._fields_)
        and "_pack_" not in ctype.__dict__
    )


_METH_FASTCALL = 0x80  # https://docs.python.org/3/c-api/structures.html#c.METH_FASTCALL

_BYTES_OFFSET = bytes.__basicsize__ - 1
"""Where a bytes object holds its content: at its end, with the NUL that is behind it."""

_pending: list[c_int32] = []
"""``fastcall_pending``, once there is an engine."""

_guards: list[Callable[[Any], Any]] = []
"""What makes builtins of callbacks, with ``fastcall_callback``, once there is an engine."""


def guard(function: Any) -> Any:
    """What ctypes is to call for a callback, so that no exception escapes to it."""
    return _guards[0](function) if _guards else function


def tell_pending(count: int) -> None:
    """Say how many exceptions wait to be raised by calls that have not returned."""
    for each in _pending:
        each.value = count


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
    _pending.append(c_int32.in_dll(library, "fastcall_pending"))
    prepare = library.fastcall_prepare
    prepare.argtypes = [ctypes.py_object]
    prepare.restype = c_char_p
    # A prototype of our own: those of ctypes.pythonapi are shared by the whole process.
    new_builtin = ctypes.PYFUNCTYPE(
        ctypes.py_object, c_void_p, ctypes.py_object, ctypes.py_object
    )(("PyCFunction_NewEx", ctypes.pythonapi))

    # A descriptor begins with a PyMethodDef.
    on_callback = _Descriptor(
        ml_meth=_address(library.fastcall_callback), ml_flags=_METH_FASTCALL
    )

    def guarded(function: Any) -> Any:
        function.method = on_callback  # which must outlive the builtin
        return new_builtin(ctypes.addressof(on_callback), function, None)

    _guards.append(guarded)

    def engine(function: Function) -> Any:
        reason = prepare(function)
        if reason is not None:
            raise NotServedError(reason.decode())
        module = function.declaration.function.__module__
        return new_builtin(id(function) + _BYTES_OFFSET, function, module)

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
