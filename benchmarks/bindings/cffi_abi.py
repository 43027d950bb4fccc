"""By cffi in ABI mode: the same shared libraries that pyexample loads."""

import cffi

from pyexample.libexample import library

from .calls import library as calls
from .cffi_api import DECLARATIONS, arguments

ffi = cffi.FFI()
ffi.cdef(DECLARATIONS)
from_buffer = ffi.from_buffer
square = ffi.dlopen(library.path).square
_calls = ffi.dlopen(calls.path)
mixed = _calls.mixed
square_items = _calls.square_items
visit = _calls.visit
point_in, point_out = _calls.point_in, _calls.point_out
span_in, span_out = _calls.span_in, _calls.span_out
vector_in, vector_out = _calls.vector_in, _calls.vector_out
params_in, params_out = _calls.params_in, _calls.params_out
a_point, a_span, a_vector, a_params = arguments(ffi)
