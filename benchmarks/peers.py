"""What is measured: the calls, and the peers that make them."""

from typing import NamedTuple

CALLS = {
    "square": "square(7)",
    "mixed": 'mixed(-1, 2.5, 3, 4.5, b"five", -6)',
    "square_items": "square_items(numbers, out)",
    "visit": "visit(1, given)",
    "visits": "visit(1000, given)",
    "point_in": "point_in(a_point)",
    "point_out": "point_out(1.5, 2.5)",
    "span_in": "span_in(a_span)",
    "span_out": "span_out(3, 4)",
    "vector_in": "vector_in(a_vector)",
    "vector_out": "vector_out(1.5, 2.5, 3.5)",
    "params_in": "params_in(a_params)",
    "params_out": "params_out()",
}
"""By the name of the C function: how it is called, by all who call it in the same way."""

TITLES = {
    "square": "`square(7)`",
    "mixed": "`mixed(int8_t, double, uint16_t, float, const char *, int64_t)`",
    "square_items": "`square_items(numbers, out)`: NumPy arrays of 8 `int32_t`",
    "visit": "`visit(1, given)`: it calls a Python function once",
    "visits": "`visit(1000, given)`: it calls a Python function 1000 times",
    "point_in": "`point_in(point)`: a structure of two `double`, by value",
    "point_out": "`point_out(double, double)`, which returns it",
    "span_in": "`span_in(span)`: of two `int64_t`",
    "span_out": "`span_out(int64_t, int64_t)`, which returns it",
    "vector_in": "`vector_in(vector)`: of three `double`",
    "vector_out": "`vector_out(double, double, double)`, which returns it",
    "params_in": "`params_in(params)`: of 136 bytes",
    "params_out": "`params_out(void)`, which returns it",
}

STRUCTS = [name for name in CALLS if name.endswith(("_in", "_out"))]
ARGUMENTS = ("a_point", "a_span", "a_vector", "a_params")
"""What each binding makes for the calls with structures."""

GIVEN = """\
def given(number, data):
    return number + 1
"""

SETUP = """\
import numpy as np
numbers = np.arange(1, 9, dtype=np.int32)
out = np.zeros(8, np.int32)
"""

RESULTS = {
    "square": "49",
    "mixed": "105",  # -1 + 2.5 + 3 + 4.5 + ord("f") - 6
    "square_items": "[1, 4, 9, 16, 25, 36, 49, 64]",
    "visit": "1",
    "visits": "500500",
    "point_in": "4.0",
    "point_out": "(1.5, 2.5)",
    "span_in": "7",
    "span_out": "(3, 4)",
    "vector_in": "7.5",
    "vector_out": "(1.5, 2.5, 3.5)",
    "params_in": "6.0",
    "params_out": "(3, 2.5)",
}
"""What each call returns, to see that it was made."""

SHOWN = {
    "square_items": "out.tolist()",
    "point_out": "(result.x, result.y)",
    "span_out": "(result.begin, result.end)",
    "vector_out": "(result.x, result.y, result.z)",
    "params_out": "(result.version, result.weights[15])",
}
"""Where that is, if not in ``result``."""


class Peer(NamedTuple):
    """A way to call C.

    Attributes:
        name: what ``--only`` and the tables call it.
        setup: what makes the functions known.
        calls: how they are called, where that is not as in CALLS; None: not measured.
        module: the name of its extension module in CMakeLists.txt.
        package: the Python package that it is built or run with.
    """

    name: str
    setup: str
    calls: dict[str, str | None] = {}  # noqa: RUF012 (never written)
    module: str | None = None
    package: str | None = None

    def statement(self, call: str) -> str | None:
        """How it makes a call."""
        return self.calls.get(call, CALLS[call])


NO_STRUCTS: dict[str, str | None] = dict.fromkeys(STRUCTS)


def _names(module: str, *more: str, structs: bool = True) -> str:
    missing = ["visits", *([] if structs else STRUCTS)]
    known = [each for each in CALLS if each not in missing]
    names = ", ".join([*known, *(ARGUMENTS if structs else ()), *more])
    return f"from benchmarks.bindings.{module} import {names}\n"


_OURS: dict[str, str | None] = {
    "visit": "visit(1, given, None)",
    "visits": "visit(1000, given, None)",
}
_HANDLE: dict[str, str | None] = {
    "visit": "visit(1, call_back, new_handle(given))",
    "visits": "visit(1000, call_back, handle)",
}
_HANDLES = """\
new_handle, from_handle = ffi.new_handle, ffi.from_handle
def call_back(number, data):
    return from_handle(data)(number, None)
handle = new_handle(given)
"""

PEERS = [
    Peer(
        "pyexample",
        _names("calls")
        + "from types import BuiltinFunctionType\n"
        + f"for each in square, mixed, square_items, visit, {', '.join(STRUCTS)}:\n"
        + "    assert type(each) is BuiltinFunctionType, f'{each} is not a builtin'\n",
        _OURS,
    ),
    Peer(
        "pyexample, FASTCALL=0",
        "import os\n"
        + "os.environ.update(PYEXAMPLE_FASTCALL='0', BENCHMARKS_FASTCALL='0')\n"
        + _names("calls"),
        _OURS,
    ),
    Peer(
        "ctypes",
        _names("declared", "items", "Visitor") + "made = Visitor(given)\n",
        {
            "visit": "visit(1, Visitor(given), None)",
            "visits": "visit(1000, made, None)",
            # Measured: an ndpointer takes longer.
            "square_items": "square_items(numbers.ctypes.data_as(items),"
            " out.ctypes.data_as(items), numbers.size)",
        },
    ),
    Peer(
        "ctypes, no argtypes",
        _names(
            "undeclared",
            "c_double",
            "c_float",
            "c_int64",
            "c_size_t",
            "c_void_p",
            structs=False,
        )
        + "from benchmarks.bindings.declared import Visitor\n"
        + "made = Visitor(given)\n",
        {
            **NO_STRUCTS,
            "visit": "visit(1, Visitor(given), None)",
            "visits": "visit(1000, made, None)",
            "mixed": 'mixed(-1, c_double(2.5), 3, c_float(4.5), b"five", c_int64(-6))',
            "square_items": "square_items(c_void_p(numbers.ctypes.data),"
            " c_void_p(out.ctypes.data), c_size_t(numbers.size))",
        },
    ),
    Peer(
        "cffi, API",
        "from benchmarks.bindings.peer_cffi import ffi, lib\n"
        "from_buffer = ffi.from_buffer\n"
        "square, mixed, square_items = lib.square, lib.mixed, lib.square_items\n"
        f"visit = lib.visit\n{_HANDLES}"
        "from benchmarks.bindings.cffi_api import arguments\n"
        f"{', '.join(ARGUMENTS)} = arguments(ffi)\n"
        f"{', '.join(STRUCTS)} = {', '.join(map('lib.{}'.format, STRUCTS))}\n"
        "ffi.def_extern('call_back')(call_back)\n"
        "call_back = lib.call_back\n",
        {
            **_HANDLE,
            "square_items": "square_items(from_buffer('int32_t[]', numbers),"
            " from_buffer('int32_t[]', out, True), numbers.size)",
        },
        module="cffi",
        package="cffi",
    ),
    Peer(
        "cffi, ABI",
        f"{_names('cffi_abi', 'from_buffer', 'ffi')}{_HANDLES}"
        "call_back = ffi.callback('visitor', call_back)\n",
        {
            **_HANDLE,
            "square_items": "square_items(from_buffer('int32_t[]', numbers),"
            " from_buffer('int32_t[]', out, True), numbers.size)",
        },
        package="cffi",
    ),
    Peer("pybind11", _names("peer_pybind11"), module="pybind11", package="pybind11"),
    Peer("nanobind", _names("peer_nanobind"), module="nanobind", package="nanobind"),
    Peer(
        "Cython",
        _names("peer_cython", structs=False),
        NO_STRUCTS,
        module="cython",
        package="Cython",
    ),
    Peer(
        "C extension", _names("peer_extension", structs=False), NO_STRUCTS, module="extension"
    ),
    Peer("abs", "", {**dict.fromkeys(CALLS), "square": "abs(7)"}),
    Peer(
        "np.square",
        "square_items = np.square\n",
        {**dict.fromkeys(CALLS), "square_items": "square_items(numbers, out=out)"},
    ),
]
