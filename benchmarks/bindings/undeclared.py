"""By ctypes without argtypes: whoever calls says of what type an argument is."""

from ctypes import c_double as c_double
from ctypes import c_float as c_float
from ctypes import c_int64 as c_int64
from ctypes import c_size_t as c_size_t
from ctypes import c_void_p as c_void_p

from pyexample.libexample import library

from .calls import library as calls

# Function objects of our own: those that are attributes have been declared.
square = library.cdll["square"]
mixed = calls.cdll["mixed"]
square_items = calls.cdll["square_items"]
square_items.restype = None
visit = calls.cdll["visit"]
