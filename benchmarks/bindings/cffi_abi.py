"""By cffi in ABI mode: the same shared libraries that pyexample loads."""

import cffi

from pyexample.libexample import library

from .calls import library as calls
from .cffi_api import DECLARATIONS

ffi = cffi.FFI()
ffi.cdef(DECLARATIONS)
from_buffer = ffi.from_buffer
square = ffi.dlopen(library.path).square
_calls = ffi.dlopen(calls.path)
mixed = _calls.mixed
square_items = _calls.square_items
visit = _calls.visit
