"""A C library with a function of each kind, and their declarations."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable
from ctypes import (
    POINTER,
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_uint8,
    c_uint64,
    c_void_p,
)
from typing import Annotated, Any

from pyexample.ffi import Library

SOURCE = """
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#define wait_ms Sleep
#else
#include <unistd.h>
static void wait_ms(unsigned ms) { usleep(1000 * ms); }
#endif

_Atomic uint64_t calls;
uint64_t u64(uint64_t n) { calls++; return n; }
uint8_t u8(uint8_t n) { calls++; return n; }
bool negate(bool b) { calls++; return !b; }
float f32(float n) { calls++; return n; }
double f64(double n) { calls++; return n; }
uint64_t length(const char *text) { calls++; return text ? strlen(text) : 999; }
const char *octets(const char *text) { calls++; return text; }
const char *string(const char *text) { calls++; return text; }
const char *ascii_or_null(const char *text) { calls++; return text; }
void *address(void *p) { calls++; return p; }
void *null_address(void *p) { calls++; return p; }
int deref(int *p) { calls++; return p ? *p : -1; }
void nothing(void) { calls++; }
int six(int8_t a, double b, uint16_t c, float d, const char *e, int64_t f)
{ calls++; return a == -1 && b == 2.5 && c == 3 && d == 4.5f && !strcmp(e, "5") && f == -6; }
int sleep_held(int ms) { wait_ms((unsigned)ms); return ms; }
int sleep_released(int ms) { wait_ms((unsigned)ms); return ms; }
"""


Bytes = Annotated[bytes, c_char_p]
BytesOrNone = Annotated[bytes | None, c_char_p]
Str = Annotated[str, c_char_p]
Address = Annotated[int, c_void_p]
AddressOrNone = Annotated[int | None, c_void_p]
Int = Annotated[int, c_int]
UInt64 = Annotated[int, c_uint64]
Double = Annotated[float, c_double]
Float = Annotated[float, c_float]


def u64(n: UInt64, /) -> UInt64: ...
def u8(n: Annotated[int, c_uint8, range(10, 21)], /) -> Annotated[int, c_uint8]: ...
def negate(b: Annotated[bool, c_bool], /) -> Annotated[bool, c_bool]: ...
def f32(n: Float, /) -> Float: ...
def f64(n: Double, /) -> Double: ...
def length(text: BytesOrNone, /) -> UInt64: ...
def octets(text: Bytes, /) -> BytesOrNone: ...
def string(text: Str, /) -> Str: ...
def ascii_or_null(text: BytesOrNone, /) -> Str: ...
def address(p: AddressOrNone, /) -> AddressOrNone: ...
def null_address(p: AddressOrNone, /) -> Address: ...
def deref(p: Annotated[Any, POINTER(c_int)], /) -> Int: ...
def nothing() -> None: ...
def six(
    a: Annotated[int, ctypes.c_int8],
    b: Double,
    c: Annotated[int, ctypes.c_uint16],
    d: Float,
    e: Bytes,
    f: Annotated[int, ctypes.c_int64],
    /,
) -> Int: ...
def sleep_held(ms: Int, /) -> Int: ...
def sleep_released(ms: Int, /) -> Int: ...


HELD: list[Callable[..., Any]] = [
    u64, u8, negate, f32, f64, length, octets, string, ascii_or_null, address, null_address,
    deref, nothing, six, sleep_held,
]  # fmt: skip


class Bound:
    """The library, with its functions as attributes."""

    def __init__(self, library: Library) -> None:
        self.library = library
        for function in HELD:
            setattr(self, function.__name__, library.function(release_gil=False)(function))
        self.sleep_released = library.function(sleep_released)
        self._calls = c_uint64.in_dll(library.cdll, "calls")

    def __getattr__(self, name: str) -> Any:
        """Only for type checkers, who do not know the attributes."""
        raise AttributeError(name)

    @property
    def calls(self) -> int:
        """How often C was called."""
        return self._calls.value
