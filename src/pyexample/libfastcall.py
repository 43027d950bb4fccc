"""libfastcall, which makes builtin functions of C functions: fastcall.h, mirrored.

It is linked against no Python: it gets the addresses of the few functions of Python's
stable ABI that it needs from ``python_api``.
"""

import ctypes
import sys
from ctypes import c_char, c_char_p, c_int, c_int64, c_size_t, c_uint8, c_uint32, c_void_p
from typing import Any

from .loading import LibraryLoadError, load
from .loading.symbols import library_with

ABI_VERSION = 5
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
        "code": "c",
        "struct": "t",
    }.items()
}


class CArgument(ctypes.Structure):
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


class Descriptor(ctypes.Structure):
    """``fastcall_descriptor``, which begins with a PyMethodDef."""

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
        ("type_offset", c_size_t),
        ("bytes_offset", c_size_t),
    )


class HandleMemory(ctypes.Structure):
    """``fastcall_handle``. Once handles are used, it is read and written by C, atomically."""

    _fields_ = (("address", c_void_p), ("users", c_int64))
    address: int | None
    users: int

    def set_address(self, address: int | None) -> None:
        """Set the address, in one order with ``count_users`` for all threads."""
        if engine := running():
            engine.set_address(ctypes.byref(self), address)
        else:
            self.address = address

    def count_users(self) -> int:
        """How many calls of libfastcall have it among their arguments."""
        engine = running()
        return engine.count_users(ctypes.byref(self)) if engine else 0


class NotServedError(Exception):
    """A function cannot be called in this way; the message says why."""


class Engine:
    """libfastcall, loaded and told of this Python.

    Attributes:
        add_pending, set_address, count_users: functions of fastcall.h.
    """

    def __init__(self) -> None:
        """Raises NotServedError where it cannot be used."""
        if sys.implementation.name != "cpython":
            raise NotServedError(f"{sys.implementation.name} is not CPython")
        if ctypes.sizeof(c_void_p) != 8:
            raise NotServedError("this Python is not a 64-bit one")
        package = __name__.rpartition(".")[0]
        try:
            # PyDLL, since it uses Python's API.
            library, _ = load(
                package,
                "fastcall",
                abi=("fastcall_abi_version", ABI_VERSION),
                kind=ctypes.PyDLL,
            )
        except LibraryLoadError as error:
            raise NotServedError(str(error)) from None
        _initialise(library)
        self._prepare = library.fastcall_prepare
        self._prepare.argtypes = [ctypes.py_object]
        self._prepare.restype = c_char_p
        self.add_pending = library.fastcall_add_pending
        self.add_pending.argtypes = [c_int64]
        self.add_pending.restype = c_int64
        self._told = 0
        self.set_address = library.fastcall_set_address
        self.set_address.argtypes = [c_void_p, c_void_p]
        self.set_address.restype = None
        self.count_users = library.fastcall_count_users
        self.count_users.argtypes = [c_void_p]
        self.count_users.restype = c_int64
        self._on_callback = Descriptor(
            ml_meth=address_of(library, "fastcall_callback"), ml_flags=_METH_FASTCALL
        )
        # A function object of our own: pythonapi's attributes are shared by the process.
        self._new_builtin = python_api()["PyCFunction_NewEx"]
        self._new_builtin.argtypes = [c_void_p, ctypes.py_object, ctypes.py_object]
        self._new_builtin.restype = ctypes.py_object

    def builtin(self, descriptor: bytes, module: str) -> Any:
        """A builtin function with ``descriptor`` as its ``__self__``, and that ``__module__``.

        Raises NotServedError for a signature that is not served.
        """
        reason = self._prepare(descriptor)
        if reason is not None:
            raise NotServedError(reason.decode())
        return self._new_builtin(id(descriptor) + _bytes_offset(), descriptor, module)

    def tell_pending(self, count: int) -> None:
        """Say how much is left to be done by calls of this Python that have not returned."""
        self.add_pending(count - self._told)
        self._told = count

    def guard(self, function: Any) -> Any:
        """What ctypes is to call for a callback, so that no exception escapes to it.

        ``function.failed`` is called with an exception that came in before it could begin.
        """
        function.method = self._on_callback  # which must outlive the builtin
        return self._new_builtin(ctypes.addressof(self._on_callback), function, None)


_started: Engine | str | None = None
"""The engine, or why there is none; None: nobody has asked yet."""


def start() -> Engine:
    """The engine of this process. Raises NotServedError where there is none."""
    global _started
    if _started is None:
        try:
            _started = Engine()
        except NotServedError as reason:
            _started = str(reason)
    if isinstance(_started, str):
        raise NotServedError(_started)
    return _started


def running() -> Engine | None:
    """The engine, where some function is called by it."""
    return _started if isinstance(_started, Engine) else None


def python_api() -> ctypes.PyDLL:
    """The C API of this Python.

    ``ctypes.pythonapi`` has what the program and all that it was linked against exports: not
    the libpython that a program has loaded for itself (dlopen with RTLD_LOCAL). That is found
    by what is in it.
    """
    try:
        address_of(ctypes.pythonapi, "Py_IncRef")
    except ValueError:
        return library_with(id(int)) or ctypes.pythonapi
    return ctypes.pythonapi


def address_of(library: ctypes.CDLL, name: str) -> int:
    """The address of a function of a library. Raises ValueError where it has none."""
    # As if it were a variable: no function object is made for it, and none is cast.
    return ctypes.addressof(c_char.in_dll(library, name))


_METH_FASTCALL = 0x80  # https://docs.python.org/3/c-api/structures.html#c.METH_FASTCALL


def _bytes_offset() -> int:
    """Where CPython's bytes hold their content: at the end, with the NUL that is behind it."""
    return bytes.__basicsize__ - 1


def _initialise(library: ctypes.CDLL) -> None:
    library.fastcall_imports.restype = c_char_p
    names = library.fastcall_imports().decode().split()
    try:
        api = python_api()
        functions = [address_of(api, name) for name in names]
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
        # The type is the last field of an object's head (PyObject in object.h).
        type_offset=object.__basicsize__ - ctypes.sizeof(c_void_p),
        bytes_offset=_bytes_offset(),
    )
    library.fastcall_initialise.restype = c_char_p
    reason = library.fastcall_initialise(ctypes.byref(python))
    if reason is not None:
        raise NotServedError(reason.decode())
