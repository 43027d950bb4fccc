"""By ctypes with argtypes: the raw functions behind pyexample's."""

from ctypes import POINTER, c_int32

from pyexample.libexample import library

from .calls import library as calls

square = library.cdll.square
mixed = calls.cdll.mixed
square_items = calls.cdll.square_items
visit = calls.cdll.visit
sort_items = calls.cdll.sort_items
Visitor = visit.argtypes[1]
Compare = sort_items.argtypes[2]
items = POINTER(c_int32)  # what its argtypes have
