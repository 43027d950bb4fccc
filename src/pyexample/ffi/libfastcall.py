"""Binds libfastcall, which makes builtin functions of C functions: see fastcall.h.

It is not linked against Python, and gets the addresses of the functions of Python's stable ABI
that it needs.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from ctypes import (
    c_char,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
    py_object,
)
from itertools import accumulate
from typing import Any

from .later import made_once
from .loading import LibraryLoadError, load
from .loading.symbols import library_with

HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether the GIL protects libfastcall's handles, and what C keeps for them."""

ABI_VERSION = 17
KINDS = {
    name: ord(code)
    for name, code in {
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
        "callback": "c",
        "made": "y",
        "constant": "k",
        "filled": "m",
        "items": "a",
        "length": "l",
        "struct": "t",
        "half": "e",
        "character": "w",
    }.items()
}
DIVIDE = 255
RULES = {
    name: ord(code)
    for name, code in {
        "zero": "z",
        "nonzero": "n",
        "negative": "-",
        "inside": "i",
        "outside": "o",
        "checked": "c",
        "always": "a",
    }.items()
}
AGAIN = {True: ord("l"), "nul": ord("n"), "negative": ord("-")}
KEEPERS = {None: 254, "return": 255}
OWNERS = {"Owned": ord("o"), "counted": ord("c"), "Borrowed": ord("b")}


class CRelease(ctypes.Structure):
    """``fastcall_release``."""

    _fields_ = (
        ("self", c_void_p),
        ("argument", c_uint8),
        ("keeper", c_uint8),
        ("object", c_uint8),
    )


class CArgument(ctypes.Structure):
    """``fastcall_argument``."""

    _fields_ = (
        ("low", c_int64),
        ("high", c_int64),
        ("type", c_void_p),
        ("items", c_void_p),
        ("ctypes", c_void_p),
        ("kind", c_uint8),
        ("size", c_uint8),
        ("shift", c_uint8),
        ("parameter", c_uint8),
        ("nullable", c_uint8),
        ("item", c_uint8),
        ("writable", c_uint8),
        ("in_place", c_uint8),
        ("buffers", c_uint8),
        ("is_size", c_uint8),
        ("is_exact", c_uint8),
        ("is_terminated", c_uint8),
        ("memory", c_uint8),
        ("factors", c_uint16),
        ("output", c_uint8),
        ("keeper", c_uint8),
        ("is_every", c_uint8),
        ("slots", c_uint16),
        ("is_any", c_uint8),
        ("is_given", c_uint8),
        ("owner", c_uint8),
        ("stays_on_failure", c_uint8),
        ("location", c_uint8),
        ("offset", c_uint8),
        ("way", c_uint8),
        ("rest", c_uint8),
    )


class CValue(ctypes.Structure):
    """``fastcall_value``."""

    _fields_ = (
        ("low", c_int64),
        ("high", c_int64),
        ("conversion", c_void_p),
        ("receive", c_void_p),
        ("check", c_void_p),
        ("free", c_void_p),
        ("number", c_int64),
        ("size_function", c_void_p),
        ("item_size", c_uint32),
        ("factors", c_uint16),
        ("offset", c_uint16),
        ("size", c_uint16),
        ("lenders", c_uint16),
        ("kind", c_uint8),
        ("rule", c_uint8),
        ("owner", c_uint8),
        ("item", c_uint8),
        ("length", c_uint8),
        ("again", c_uint8),
        ("is_limited", c_uint8),
        ("check_size", c_uint8),
        ("is_returned", c_uint8),
        ("is_indirect", c_uint8),
        ("is_failure", c_uint8),
    )


class Returned(ctypes.Structure):
    """``fastcall_returned``."""

    _fields_ = (
        ("result", c_uint64 * 2),
        ("error_number", c_int64),
        ("outputs", c_uint64 * 32),
        ("structure", c_uint64 * 64),
        ("memories", c_void_p * 17),
    )


class Descriptor(ctypes.Structure):
    """``fastcall_descriptor``, which begins with a PyMethodDef."""

    _fields_ = (
        ("ml_name", c_void_p),
        ("ml_meth", c_void_p),
        ("ml_flags", c_int),
        ("ml_doc", c_void_p),
        ("function", c_void_p),
        ("release_at", c_int64),
        ("releases", c_void_p),
        ("kept", c_void_p),
        ("name", c_uint32),
        ("doc", c_uint32),
        ("parameters", c_uint8),
        ("arguments", c_uint8),
        ("values", c_uint8),
        ("returned_size", c_uint16),
        ("uses_errno", c_uint8),
        ("closes", c_uint8),
        ("fills", c_uint8),
        ("is_sized", c_uint8),
        ("may_stay_open", c_uint8),
        ("has_effects", c_uint8),
        ("release_count", c_uint8),
        ("is_variadic", c_uint8),
        ("fixed", c_uint8),
        ("shape", c_uint8),
        ("float_slots", c_uint8),
        ("result", c_uint8),
        ("is_simple", c_uint8),
        ("is_managed", c_uint8),
    )


class Python(ctypes.Structure):
    """``fastcall_python``."""

    _fields_ = (
        ("functions", c_void_p),
        ("none", c_void_p),
        ("true", c_void_p),
        ("false", c_void_p),
        ("int_type", c_void_p),
        ("float_type", c_void_p),
        ("type_type", c_void_p),
        ("function_type", c_void_p),
        ("type_error", c_void_p),
        ("value_error", c_void_p),
        ("buffer_error", c_void_p),
        ("exporter", c_void_p),
        ("type_offset", c_size_t),
        ("bytes_offset", c_size_t),
    )


PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "adopt": (py_object, c_void_p, c_void_p, py_object, c_void_p),
    "after_fork": (None,),
    "count_users": (c_int64, py_object),
    "drop_kept": (None, py_object),
    "describe_handles": (c_void_p, c_void_p, c_void_p, c_void_p),
    "expect_callbacks": (None,),
    "find": (py_object, c_void_p, c_void_p),
    "leave_parent": (None, py_object),
    "list_kept": (py_object, py_object),
    "list_open": (py_object, c_void_p),
    "make_handle_type": (py_object,),
    "make_handles": (c_void_p,),
    "prepare": (c_char_p, py_object),
    "prepare_callback": (c_char_p, py_object),
    "register": (None, py_object, c_void_p),
    "release_thunks": (None, py_object),
    "set_address": (None, c_void_p, c_void_p),
    "set_closer": (None, c_void_p, py_object),
    "show": (None, py_object),
    "take_over": (py_object, py_object),
}
"""The result and the arguments of the functions that the engine calls."""


class NotServedError(Exception):
    """A function cannot be called in this way; the message says why."""


class Engine:
    """libfastcall, loaded and initialised.

    Its functions are those of fastcall.h, without ``fastcall_``.
    """

    def __init__(self) -> None:
        if sys.implementation.name != "cpython":
            raise NotServedError(f"{sys.implementation.name} is not CPython")
        if ctypes.sizeof(c_void_p) != 8:
            raise NotServedError("this Python is not a 64-bit one")
        package = __name__.rsplit(".", 2)[0]
        try:
            # PyDLL: it uses Python's API.
            library, _ = load(
                package,
                "fastcall",
                abi_version=("fastcall_abi_version", ABI_VERSION),
                kind=ctypes.PyDLL,
            )
        except LibraryLoadError as error:
            raise NotServedError(str(error)) from None
        _initialise(library)
        self._library = library
        # The process shares the attributes of ctypes.pythonapi.
        self._new_builtin = python_api()["PyCFunction_NewEx"]
        self._new_builtin.argtypes = [c_void_p, py_object, py_object]
        self._new_builtin.restype = py_object

    def __getattr__(self, name: str) -> Any:
        """A function, whose prototype is set when it is first needed."""
        if name not in PROTOTYPES:
            raise AttributeError(f"libfastcall has no function {name}")
        function = self._library[f"fastcall_{name}"]
        function.restype, *function.argtypes = PROTOTYPES[name]
        setattr(self, name, function)
        return function

    def builtin(self, descriptor: bytes, module: str) -> Any:
        """A builtin function with this ``__self__`` and ``__module__``.

        Raises NotServedError for a signature that is not served.
        """
        reason = self.prepare(descriptor)
        if reason is not None:
            raise NotServedError(reason.decode())
        return self._new_builtin(id(descriptor) + _bytes_offset(), descriptor, module)

    @made_once
    def handles(self) -> int:
        """The table of the open handles of this interpreter."""
        made: int = self.make_handles()
        return made

    def open_handles(self) -> tuple[Any, ...]:
        """Those in the table."""
        found: tuple[Any, ...] = self.list_open(self.handles)
        return found

    def guard(self, function: Any) -> Any:
        """The function that ctypes calls for a callback, so that no exception escapes.

        See ``fastcall_callback`` for the attributes of ``function``.
        """
        self.expect_callbacks()
        function.method = self._on_callback  # must outlive the builtin
        return self._new_builtin(ctypes.addressof(function.method), function, None)

    @made_once
    def _on_callback(self) -> Descriptor:
        """The function ``fastcall_callback``, as a method."""
        self._callback_name = c_char_p(b"callback")  # CPython's repr reads it
        return Descriptor(
            ml_name=ctypes.cast(self._callback_name, c_void_p).value,
            ml_meth=address_of(self._library, "fastcall_callback"),
            ml_flags=_METH_FASTCALL,
        )


_started: Engine | str | None = None
"""The engine, or why there is none."""


def start() -> Engine:
    """The engine of this process. Raises NotServedError."""
    global _started
    if _started is None:
        try:
            _started = Engine()
        except NotServedError as reason:
            _started = str(reason)
    if isinstance(_started, str):
        raise NotServedError(_started)
    return _started


def engine_if_any() -> Engine | None:
    """The engine, started if possible, or None."""
    try:
        return start()
    except NotServedError:
        return None


def running() -> Engine | None:
    """The engine if it was started, or None."""
    return _started if isinstance(_started, Engine) else None


def python_api() -> ctypes.PyDLL:
    """The C API of this Python.

    ``ctypes.pythonapi`` lacks it if a program has loaded libpython with RTLD_LOCAL.
    """
    try:
        address_of(ctypes.pythonapi, "Py_IncRef")
    except ValueError:
        return library_with(id(int)) or ctypes.pythonapi
    return ctypes.pythonapi


def place_of_result(ctype: Any) -> int:
    """The offset in Returned of a result of this ctypes type."""
    is_large = ctypes.sizeof(ctype) > Returned.result.size
    place: int = (Returned.structure if is_large else Returned.result).offset
    return place


def places_of(outputs: Iterable[Any]) -> list[int]:
    """The offsets in Returned of values of these ctypes types, and of the end."""
    word = ctypes.sizeof(c_uint64)
    sizes = [-(-ctypes.sizeof(each) // word) * word for each in outputs]
    return [*accumulate(sizes, initial=Returned.outputs.offset)]


def address_of(library: ctypes.CDLL, name: str) -> int:
    """The address of a function. Raises ValueError."""
    # As a variable: no function object is made.
    return ctypes.addressof(c_char.in_dll(library, name))


_METH_FASTCALL = 0x80  # https://docs.python.org/3/c-api/structures.html#c.METH_FASTCALL


def _bytes_offset() -> int:
    """The offset of the content in CPython's bytes, before a NUL."""
    return bytes.__basicsize__ - 1


class _Exporter:  # pyright: ignore[reportUnusedClass]
    def __buffer__(self, flags: int) -> memoryview:
        raise NotImplementedError  # never called


def _api_address(api: ctypes.CDLL, name: str) -> int:
    """The address of a function of python_api.h, which has notes on those that differ."""
    if name == "PyThreadState_GetUnchecked":
        names = (name, "_PyThreadState_UncheckedGet")
        return next((address_of(api, each) for each in names if hasattr(api, each)), 0)
    if name == "PyObject_Vectorcall" and sys.version_info < (3, 11):
        name = "PyObject_VectorcallDict"
    return address_of(api, name)


def describe_python(library: ctypes.CDLL) -> tuple[Python, Any]:
    """The struct for libfastcall, and the addresses in it. Raises NotServedError."""
    library.fastcall_imports.restype = c_char_p
    names = library.fastcall_imports().decode().split()
    try:
        api = python_api()
        functions = [_api_address(api, name) for name in names]
    except ValueError as error:
        raise NotServedError(f"this Python lacks a function: {error}") from None
    addresses = (c_void_p * len(functions))(*functions)
    python = Python(
        functions=ctypes.addressof(addresses),
        none=id(None),
        true=id(True),
        false=id(False),
        int_type=id(int),
        float_type=id(float),
        type_type=id(type),
        function_type=id(type(_api_address)),
        type_error=id(TypeError),
        value_error=id(ValueError),
        buffer_error=id(BufferError),
        exporter=id(_Exporter) if sys.version_info >= (3, 12) else None,
        # The last field of PyObject (object.h).
        type_offset=object.__basicsize__ - ctypes.sizeof(c_void_p),
        bytes_offset=_bytes_offset(),
    )
    return python, addresses


def _initialise(library: ctypes.CDLL) -> None:
    python, _functions = describe_python(library)
    library.fastcall_initialise.argtypes = [c_void_p]
    library.fastcall_initialise.restype = c_char_p
    reason = library.fastcall_initialise(ctypes.byref(python))
    if reason is not None:
        raise NotServedError(reason.decode())
