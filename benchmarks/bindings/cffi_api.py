"""By cffi in API mode: ``python cffi_api.py peer_cffi.c`` writes the extension's source."""

import sys

import cffi

DECLARATIONS = """
int32_t square(int32_t number);
int32_t mixed(int8_t a, double b, uint16_t c, float d, const char *e, int64_t f);
void square_items(const int32_t *numbers, int32_t *out, size_t count);
typedef int32_t (*visitor)(int32_t number, void *data);
int32_t visit(int32_t count, visitor function, void *data);
"""
CALLBACKS = 'extern "Python" int32_t call_back(int32_t number, void *data);'

if __name__ == "__main__":
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS + CALLBACKS)
    ffi.set_source("peer_cffi", '#include "calls.h"\n#include "example.h"\n')
    ffi.emit_c_code(sys.argv[1])
