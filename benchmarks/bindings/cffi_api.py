"""By cffi in API mode: ``python cffi_api.py peer_cffi.c`` writes the extension's source."""

import sys
from typing import Any

import cffi

DECLARATIONS = """
int32_t square(int32_t number);
int32_t mixed(int8_t a, double b, uint16_t c, float d, const char *e, int64_t f);
void square_items(const int32_t *numbers, int32_t *out, size_t count);
typedef int32_t (*visitor)(int32_t number, void *data);
int32_t visit(int32_t count, visitor function, void *data);
typedef struct { double x, y; } point;
double point_in(point p);
point point_out(double x, double y);
typedef struct { int64_t begin, end; } span;
int64_t span_in(span s);
span span_out(int64_t begin, int64_t end);
typedef struct { double x, y, z; } vector;
double vector_in(vector v);
vector vector_out(double x, double y, double z);
typedef struct { int64_t version; double weights[16]; } params;
double params_in(params p);
params params_out(void);
"""
CALLBACKS = 'extern "Python" int32_t call_back(int32_t number, void *data);'


def arguments(ffi: Any) -> tuple[Any, ...]:
    """A point, a span, a vector and params."""
    given = {
        "point *": (1.5, 2.5),
        "span *": (3, 4),
        "vector *": (1.5, 2.5, 3.5),
        "params *": (3, (0.5, *[0.0] * 14, 2.5)),
    }
    return tuple(ffi.new(kind, fields)[0] for kind, fields in given.items())


if __name__ == "__main__":
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS + CALLBACKS)
    ffi.set_source("peer_cffi", '#include "calls.h"\n#include "example.h"\n')
    ffi.emit_c_code(sys.argv[1])
