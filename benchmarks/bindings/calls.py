"""By pyexample: builtins, or with BENCHMARKS_FASTCALL=0 Python functions around ctypes."""
# mypy: disable-error-code="empty-body"

from collections.abc import Callable
from ctypes import (
    POINTER,
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
