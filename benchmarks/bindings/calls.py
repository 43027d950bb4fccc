"""By pyexample: builtins, or with BENCHMARKS_FASTCALL=0 Python functions around ctypes."""
# mypy: disable-error-code="empty-body"

from ctypes import c_char_p, c_double, c_float, c_int8, c_int32, c_int64, c_size_t, c_uint16
from typing import Annotated

from pyexample import square as square
from pyexample.ffi import Buffer, Count, In, Library, Out

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
