"""By pyexample: builtins, or with BENCHMARKS_FASTCALL=0 Python functions around ctypes."""
# mypy: disable-error-code="empty-body"

from collections.abc import Callable
from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int8,
    c_int32,
    c_int64,
    c_size_t,
    c_uint16,
    c_void_p,
)
from typing import Annotated

from pyexample import square as square
from pyexample.ffi import Buffer, Callback, Count, In, Library, Out, SameThread

library = Library("calls", __name__)


@library.function(release_gil=False)
def mixed(
    a: Annotated[int, c_int8],
    b: Annotated[float, c_double],
    c: Annotated[int, c_uint16],
    d: Annotated[float, c_float],
    e: Annotated[bytes, c_char_p],
    f: Annotated[int, c_int64],
    /,
) -> Annotated[int, c_int32]: ...


@library.function(release_gil=False)
def square_items(
    numbers: Annotated[Buffer, In(c_int32)],
    out: Annotated[Buffer, Out(c_int32), Count(c_size_t, "numbers", "out")],
    /,
) -> None: ...


@Callback
def visitor(
    number: Annotated[int, c_int32], data: Annotated[int | None, c_void_p], /
) -> Annotated[int, c_int32]: ...


@library.function(release_gil=False)
def visit(
    count: Annotated[int, c_int32],
    function: Annotated[Callable[[int, int | None], int], visitor, SameThread],
    data: Annotated[int | None, c_void_p],
    /,
) -> Annotated[int, c_int32]: ...


Item = Annotated[int, POINTER(c_int32)]


@Callback
def compare(one: Item, other: Item, /) -> Annotated[int, c_int]: ...


@library.function(release_gil=False)
def sort_items(
    items: Annotated[Buffer, Out(c_int32), Count(c_size_t, "items")],
    order: Annotated[Callable[[int, int], int], compare, SameThread],
    /,
) -> None: ...


class Point(Structure):
    _fields_ = (("x", c_double), ("y", c_double))


class Span(Structure):
    _fields_ = (("begin", c_int64), ("end", c_int64))


class Vector(Structure):
    _fields_ = (("x", c_double), ("y", c_double), ("z", c_double))


class Params(Structure):
    _fields_ = (("version", c_int64), ("weights", c_double * 16))


a_point, a_span, a_vector = Point(1.5, 2.5), Span(3, 4), Vector(1.5, 2.5, 3.5)
a_params = Params(3, (0.5, *[0.0] * 14, 2.5))

Double = Annotated[float, c_double]
Int64 = Annotated[int, c_int64]


@library.function(release_gil=False)
def point_in(p: Annotated[Point, Point], /) -> Double: ...
@library.function(release_gil=False)
def point_out(x: Double, y: Double, /) -> Annotated[Point, Point]: ...
@library.function(release_gil=False)
def span_in(s: Annotated[Span, Span], /) -> Int64: ...
@library.function(release_gil=False)
def span_out(begin: Int64, end: Int64, /) -> Annotated[Span, Span]: ...
@library.function(release_gil=False)
def vector_in(v: Annotated[Vector, Vector], /) -> Double: ...
@library.function(release_gil=False)
def vector_out(x: Double, y: Double, z: Double, /) -> Annotated[Vector, Vector]: ...
@library.function(release_gil=False)
def params_in(p: Annotated[Params, Params], /) -> Double: ...
@library.function(release_gil=False)
def params_out() -> Annotated[Params, Params]: ...
