# cython: language_level=3
"""By Cython."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint16_t

cdef extern from "example.h":
    int32_t c_square "square"(int32_t number)

cdef extern from "calls.h":
    int32_t c_mixed "mixed"(
        int8_t a, double b, uint16_t c, float d, const char *e, int64_t f)
    ctypedef int32_t (*visitor)(int32_t number, void *data) except? -1
    int32_t c_visit "visit"(int32_t count, visitor function, void *data) except? -1
    void c_square_items "square_items"(const int32_t *numbers, int32_t *out, size_t count)


def square(int32_t number, /):
    return c_square(number)


def mixed(int8_t a, double b, uint16_t c, float d, const char *e, int64_t f, /):
    return c_mixed(a, b, c, d, e, f)


def square_items(const int32_t[::1] numbers, int32_t[::1] out, /):
    if numbers.shape[0] != out.shape[0]:
        raise ValueError("numbers and out must have equally many items")
    if numbers.shape[0]:
        c_square_items(&numbers[0], &out[0], <size_t>numbers.shape[0])


cdef int32_t call_back(int32_t number, void *data) except? -1:
    return (<object>data)(number, None)


def visit(int32_t count, given, /):
    return c_visit(count, call_back, <void *>given)
