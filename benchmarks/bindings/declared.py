"""By ctypes with argtypes: the raw functions behind pyexample's."""

from ctypes import POINTER, c_int32

from pyexample.libexample import library

from .calls import a_params as a_params
from .calls import a_point as a_point
from .calls import a_span as a_span
from .calls import a_vector as a_vector
from .calls import library as calls

square = library.cdll.square
mixed = calls.cdll.mixed
square_items = calls.cdll.square_items
visit = calls.cdll.visit
sort_items = calls.cdll.sort_items
Visitor = visit.argtypes[1]
Compare = sort_items.argtypes[2]
point_in, point_out = calls.cdll.point_in, calls.cdll.point_out
span_in, span_out = calls.cdll.span_in, calls.cdll.span_out
vector_in, vector_out = calls.cdll.vector_in, calls.cdll.vector_out
params_in, params_out = calls.cdll.params_in, calls.cdll.params_out
items = POINTER(c_int32)  # what its argtypes have
