"""The memory of buffers, as a call uses it."""

import ctypes
import itertools
import sys
from array import array
from typing import TYPE_CHECKING, Any

from .buffers import ITEM_KINDS, In
from .libfastcall import python_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from .declaration import Argument

_FORMATS = {
    **ITEM_KINDS,
    "n": "signed",
    "N": "unsigned",
    "c": "unsigned",
    "e": "half",
    **dict.fromkeys("uw", "character"),
    **dict.fromkeys(["Zf", "Zd"], "complex"),
}
"""By the type code of the struct module, and of PEP 3118, which have more than ctypes."""


class View:
    """An object's buffer, until ``release`` is called.

    Attributes:
        items, item_size: the number of items, and their size in bytes, as C counts them.
        address: of the first one; 0 for None.
        memory: all addresses.
    """

    def __init__(self, argument: "Argument", spec: In, given: Any) -> None:
        """Raises TypeError or BufferError if ``given`` does not fit ``spec``."""
        where = argument.where
        is_null = self.is_null = given is None and spec.accepts_none(argument)
        buffer: Any = b"" if is_null else given
        try:
            view = self._view = memoryview(buffer)
        except TypeError:
            exporter: object = given
            if hasattr(type(exporter), "__buffer__"):
                raise  # its own error says more
            raise TypeError(f"{where} must be a buffer, not {type(given).__name__}") from None
        self.stride = 0
        if not is_null:
            _check(where, spec, view, argument.has_stride)
            self.stride = _stride(where, spec, view) if argument.has_stride else 0
        self.item_size = view.itemsize if argument.counts_items else spec.item_size
        self.items = view.nbytes // self.item_size
        self.address = 0 if is_null else address_of(view)
        self.memory = range(self.address, self.address + _extent(view))
        alignment = ctypes.sizeof(spec.part) if spec.part else 1
        if self.memory and self.address % alignment:
            raise BufferError(f"{where} must be aligned to {alignment} bytes: pass a copy")
        plain: object = buffer
        if not type(plain).__flags__ & _HEAPTYPE:  # it lives for ever, and is written in C
            exporters.add(type(plain))

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of items, as C counts them."""
        view: Any = self._view
        if view.itemsize < self.item_size:  # the last dimension is C's item
            return view.shape[:-1]  # type: ignore[no-any-return]
        last = (view.shape or (1,))[-1] * view.itemsize // self.item_size
        return (*view.shape[:-1], last)

    def check_end(self, where: str) -> None:
        """Raises ValueError if the last item is not 0."""
        data = bytes(self._view)
        if not data or any(data[-self.item_size :]):
            raise ValueError(f"{where} must end with an item that is 0")

    def keep(self, cleanups: "list[Callable[[], object]]") -> None:
        """Keep it for longer than the call of these ``cleanups``."""
        if self.release in cleanups:
            cleanups.remove(self.release)

    def release(self) -> None:
        """Release the buffer."""
        self._view.release()


def _check(where: str, spec: In, view: memoryview, has_stride: bool) -> None:
    if not _fits(spec, view):
        raise TypeError(
            f"{where} must have items of {spec.item_name}, not of {_item_name(view)}"
        )
    is_contiguous = view.c_contiguous if spec.order == "C" else view.f_contiguous
    if not (is_contiguous or has_stride):
        kind, copy = ("C", "") if spec.order == "C" else ("Fortran", '"F"')
        raise BufferError(
            f"{where} must be {kind}-contiguous: pass a copy (of a NumPy array, its"
            f" .copy({copy}))"
        )
    if spec.writable and view.readonly:
        raise BufferError(f"{where} must be writable")


def _stride(where: str, spec: In, view: Any) -> int:
    """The number of items from one row to the next; in Fortran's order, from one column."""
    if view.ndim < 2:
        raise ValueError(f"{where} must have {len(spec.size.dimensions)} dimensions")
    step = 1 if spec.order == "C" else -1
    (_, *inner), (stride, *steps) = view.shape[::step], view.strides[::step]
    extent = view.itemsize
    for count, each in zip(inner[::-1], steps[::-1], strict=True):
        if count > 1 and each != extent:
            raise BufferError(f"{where} must have no gaps but those between rows: pass a copy")
        extent *= count
    if stride < extent or stride % spec.item_size:
        raise BufferError(f"{where} must have rows that do not overlap: pass a copy")
    return int(max(1, stride // spec.item_size))


def _extent(view: Any) -> int:
    """The number of bytes from its first one to its last."""
    if view.contiguous:
        return int(view.nbytes)
    steps = zip(view.shape, view.strides, strict=True)
    last = sum((count - 1) * step for count, step in steps)
    return int(last + view.itemsize) if view.nbytes else 0


def _fits(spec: In, view: memoryview) -> bool:
    """Whether the items are C's, or so many of them are one of C's: rows, complex numbers."""
    kind = _kind(view)
    if spec.item_kind == "void":
        return view.nbytes % spec.item_size == 0
    if kind == "complex":  # laid out as two floats: C11 6.2.5
        is_pair = (spec.length, spec.item_kind) == (2, "float")
        return is_pair and view.itemsize == spec.item_size
    shape: Any = view.shape
    is_alike = kind == spec.item_kind and view.itemsize == ctypes.sizeof(spec.part)
    return is_alike and (not spec.length or shape[1:][-1:] == (spec.length,))


exporters: set[type] = {bytes, bytearray, memoryview, array}
"""Types of buffers that are no code of a program's: NumPy's too, after it has passed one."""

_HEAPTYPE = 1 << 9  # https://docs.python.org/3/c-api/typeobj.html#c.Py_TPFLAGS_HEAPTYPE


def formats_of(kind: str) -> frozenset[str]:
    """How views call items of that kind, in this machine's byte order."""
    orders = ("", "@", "=", "<" if sys.byteorder == "little" else ">")
    codes = [code for code, each in _FORMATS.items() if each == kind]
    return frozenset(order + code for order in orders for code in codes)


def check_overlap(buffers: "list[tuple[Argument, In]]", views: dict[int, View]) -> None:
    """Raises ValueError if C would write into another buffer of the call."""
    for (argument, spec), (other, _) in itertools.permutations(buffers, 2):
        here, there = views[argument.position].memory, views[other.position].memory
        shared = max(here.start, there.start) < min(here.stop, there.stop)
        if spec.writable and shared and not (spec.in_place and here == there):
            same = here == there and not spec.in_place
            hint = ": if C may write to what it reads, declare Out(..., in_place=True)" * same
            raise ValueError(f"{argument.where} overlaps {other.name!r}{hint}")


def _kind(view: memoryview) -> str:
    foreign = (">", "!") if sys.byteorder == "little" else ("<",)
    if view.format.startswith(foreign) and view.itemsize > 1:
        return ""
    return _FORMATS.get(view.format.lstrip("@=<>!"), "")


def _item_name(view: memoryview) -> str:
    kind, bits = _kind(view), 8 * view.itemsize
    names = {"signed": f"int{bits}_t", "unsigned": f"uint{bits}_t", "bool": "bool"}
    names |= {"half": "half", "character": "wchar_t"}
    floats = {"float32": "float", "float64": "double", "complex64": "float _Complex"}
    name = names.get(kind) or floats.get(f"{kind}{bits}")
    return name or f"{view.itemsize} bytes (format {view.format!r})"


def address_of(view: memoryview) -> int:
    """The address of its first byte."""
    if not hasattr(ctypes, "pythonapi"):  # PyPy. Its cffi would refuse a view with gaps
        of_pypy: Any = view
        return int(of_pypy._pypy_raw_address())
    buffer = _PyBuffer()
    _get_buffer(view, buffer, _PYBUF_STRIDES)
    _release_buffer(buffer)
    return buffer[0] or 0


# The first word is the address. Made here, because threads must not make array types at once:
# ctypes' table is not locked (PyCArrayType_from_ctype, CPython 3.13).
_PyBuffer = ctypes.c_void_p * 11
_PYBUF_STRIDES = 0x18  # https://docs.python.org/3/c-api/buffer.html

if hasattr(ctypes, "pythonapi"):
    _api = python_api()
    # The process shares those of ctypes.pythonapi.
    _get_buffer = ctypes.PYFUNCTYPE(
        ctypes.c_int, ctypes.py_object, ctypes.c_void_p, ctypes.c_int
    )(("PyObject_GetBuffer", _api))
    _release_buffer = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(("PyBuffer_Release", _api))
