"""Right and wrong declarations, each with the verdict that it must get.

The three columns are C, Python, and the verdict: "agrees", or a finding's severity and
kind. For a function, Python is its restype, then its argtypes behind a semicolon: without
one, argtypes is not set; without anything, neither is restype. An idiom is declared with
pyexample.ffi: its parameters, and its result. What is right and wrong is that of 64-bit Linux
and macOS; 64-bit Windows, where a long has 32 bits, follows where it differs.
"""

import re
from dataclasses import dataclass

PRELUDE_C = """
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <wchar.h>

enum color { RED, GREEN };
typedef enum { LEFT = -1, RIGHT = 1 } side;
struct point { int x; int y; };
struct size { int width; int height; };
typedef struct { double r, g, b; } rgb;
union number { int i; float f; };
struct opaque;
struct dummy;
typedef struct opaque *handle;
typedef struct opaque opaque_t;
struct keeper { struct point at; struct keeper *next; void (*done)(struct keeper *); };
typedef int (*compare)(const void *, const void *);
typedef void (*progress)(double, void *);
typedef struct point (*make_point)(int);
typedef int number_array[4];
typedef int32_t id;
typedef id id_again;
void free(void *memory);
struct typed_point { int x; int y; };
typedef double complex_pair[2];
"""

PRELUDE_PYTHON = """
import ctypes
from ctypes import *
from enum import IntEnum

class point(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]
class size(Structure):
    _fields_ = [("width", c_int), ("height", c_int)]
class rgb(Structure):
    _fields_ = [("r", c_double), ("g", c_double), ("b", c_double)]
class pair(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]
class flags(Structure):
    _fields_ = [("a", c_uint, 4), ("b", c_uint, 4)]
class flags_or_int(Union):
    _anonymous_ = ("bits",)
    _fields_ = [("bits", flags), ("i", c_int)]
class number(Union):
    _fields_ = [("i", c_int), ("f", c_float)]
class opaque(Structure):
    pass
class Anything(Structure):
    pass
class dummy(Structure):
    _fields_ = [("_opaque_struct", c_int)]
class keeper(Structure):
    pass
keeper._fields_ = [("at", point), ("next", POINTER(keeper)), ("done", CFUNCTYPE(None, POINTER(keeper)))]
class Handle(c_void_p):
    pass
class Decides:
    @classmethod
    def from_param(cls, value):
        return value

lib = CDLL("table")
"""

PRELUDE_IDIOMS = """
import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Optional
from pyexample.ffi import (
    Anonymous, Array, ArrayOf, Bits, Borrowed, Buffer, Callback, Closes, Constant, Count, CountedBy, Encoding,
    Filled, UNCHECKED, GivenTo, In, InOut, ItemSize, Length, Library, Out, Owned, POINTER, Raises, Returned, Stride,
    Written, c_half, struct,
)
from pyexample.ffi import Handle as OwnedHandle

ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin", "win32"], "table"))

class Opaque(OwnedHandle):
    pass
class Another(OwnedHandle):
    pass
class Code(IntEnum):
    GOOD = 0
def error(code, function, values):
    return OSError(code)
@ffi.function
def free(memory: Annotated[int | None, c_void_p], /) -> None: ...
@Callback
def comparing(
    one: Annotated[int, c_void_p], other: Annotated[int, c_void_p], /
) -> Annotated[int, c_int]: ...
@Callback
def telling(done: Annotated[float, c_double], data: Annotated[int | None, c_void_p], /) -> None: ...
@struct
class typed_point(Structure):
    x: Annotated[int, c_int]
    y: Annotated[int, c_int, range(100)]
@Callback
def writing(
    data: Annotated[memoryview, In(c_char, "n")], n: Annotated[int, c_size_t],
    user: Annotated[Optional[int], c_void_p], /
) -> Annotated[int, c_size_t]: ...
@Callback
def on_row(
    user: Annotated[Optional[int], c_void_p], n: Annotated[int, c_int],
    values: Annotated[list[Optional[str]], ArrayOf(c_char_p, "n")],
    names: Annotated[list[str], ArrayOf(c_char_p, "n")], /
) -> Annotated[int, c_int]: ...
@Callback
def filling(
    room: Annotated[memoryview, Out(c_char, "n")], n: Annotated[int, c_size_t], /
) -> Annotated[int, c_size_t]: ...
@Callback
def watching(
    h: Annotated[Opaque, c_void_p], text: Annotated[Optional[str], c_char_p], /
) -> None: ...
@Callback
def making(n: Annotated[int, c_int], /) -> Annotated[typed_point, typed_point]: ...
@Callback
def pointing(
    n: Annotated[int, c_int], /
) -> Annotated[Optional[typed_point], POINTER(typed_point)]: ...
"""

FUNCTIONS = """
# Integers by value
int f(int)                            | c_int; c_int                | agrees
void f(void)                          | None;                       | agrees
void f()                              | None;                       | agrees
signed char f(signed char)            | c_byte; c_byte              | agrees
unsigned char f(unsigned char)        | c_ubyte; c_ubyte            | agrees
char f(char)                          | c_char; c_char              | agrees
char f(char)                          | c_byte; c_ubyte             | agrees
int8_t f(uint8_t)                     | c_int8; c_uint8             | agrees
short f(unsigned short)               | c_short; c_ushort           | agrees
int16_t f(uint16_t)                   | c_int16; c_uint16           | agrees
int32_t f(uint32_t)                   | c_int32; c_uint32           | agrees
int64_t f(uint64_t)                   | c_int64; c_uint64           | agrees
long f(unsigned long)                 | c_long; c_ulong             | agrees
long long f(unsigned long long)       | c_longlong; c_ulonglong     | agrees
long f(long)                          | c_longlong; c_int64         | agrees; Windows: error width
int64_t f(long long)                  | c_long; c_ssize_t           | agrees; Windows: error width
size_t f(size_t)                      | c_size_t; c_size_t          | agrees
ptrdiff_t f(intptr_t)                 | c_ssize_t; c_ssize_t        | agrees
uintptr_t f(uintptr_t)                | c_size_t; c_size_t          | agrees
time_t f(time_t)                      | c_long; c_long              | agrees; Windows: error width
wchar_t f(wchar_t)                    | c_wchar; c_wchar            | agrees
wchar_t f(wchar_t)                    | c_int; c_int                | agrees; Windows: error width
bool f(bool)                          | c_bool; c_bool              | agrees
_Bool f(_Bool)                        | c_bool; c_bool              | agrees
id f(id_again)                        | c_int32; c_int32            | agrees
const int f(const int)                | c_int; c_int                | agrees
int f(volatile int)                   | c_int; c_int                | agrees
enum color f(enum color)              | c_int; c_int                | agrees
enum color f(enum color)              | c_uint; c_uint              | agrees
side f(side)                          | c_int; c_int                | agrees
int f(short)                          | c_int; c_int                | error width
int f(int)                            | c_int; c_short              | error width
int f(long)                           | c_int; c_int                | error width; Windows: agrees
int f(int64_t)                        | c_int; c_int32              | error width
long f(int)                           | c_int; c_int                | error width; Windows: agrees
int f(int)                            | c_long; c_int               | error width; Windows: agrees
size_t f(void)                        | c_int;                      | error width
size_t f(void)                        | c_uint32;                   | error width
int f(size_t)                         | c_int; c_uint               | error width
int f(char)                           | c_int; c_int                | error width
int8_t f(void)                        | c_int16;                    | error width
int f(bool)                           | c_int; c_int                | error width
bool f(void)                          | c_int;                      | error width
int f(void)                           | c_bool;                     | error width
int f(enum color)                     | c_int; c_byte               | error width
enum color f(void)                    | c_long;                     | error width; Windows: agrees
int f(wchar_t)                        | c_int; c_short              | error width; Windows: note signedness
int f(unsigned int)                   | c_int; c_int                | note signedness
unsigned int f(int)                   | c_int; c_int                | note signedness
int f(int)                            | c_int; c_uint               | note signedness
int64_t f(void)                       | c_uint64;                   | note signedness
size_t f(void)                        | c_ssize_t;                  | note signedness
uint8_t f(int8_t)                     | c_uint8; c_uint8            | note signedness
short f(void)                         | c_ushort;                   | note signedness
bool f(bool)                          | c_bool; c_uint8             | note truth
uint8_t f(void)                       | c_bool;                     | note truth

# Floats
float f(float)                        | c_float; c_float            | agrees
double f(double)                      | c_double; c_double          | agrees
long double f(long double)            | c_longdouble; c_longdouble  | agrees
float f(float)                        | c_float; c_double           | error width
double f(double)                      | c_float; c_double           | error width
double f(double)                      | c_double; c_float           | error width
long double f(void)                   | c_double;                   | error width
double f(long)                        | c_double; c_double          | error kind
float f(int)                          | c_float; c_float            | error kind
int f(float)                          | c_int; c_int                | error kind
long f(void)                          | c_double;                   | error kind
double f(void)                        | c_long;                     | error kind
double f(void)                        | c_int;                      | error kind

# Numbers of arguments
int f(int, int)                       | c_int; c_int, c_int         | agrees
int f(int)                            | c_int; c_int, c_int         | error count
int f(int, int)                       | c_int; c_int                | error count
int f(void)                           | c_int; c_int                | error count
int f(int)                            | c_int;                      | error count
int f(int, double, char *)            | c_int; c_int, c_double      | error count
int f(int, double)                    | c_int; c_double, c_int      | error kind
int f(char *, int)                    | c_int; c_int, c_char_p      | error width

# Pointers
int f(int *)                          | c_int; POINTER(c_int)       | agrees
int f(const int *)                    | c_int; POINTER(c_int)       | agrees
int f(int *)                          | c_int; c_void_p             | agrees
int f(void *)                         | c_int; POINTER(c_int)       | agrees
int f(const void *)                   | c_int; c_void_p             | agrees
int f(int[])                          | c_int; POINTER(c_int)       | agrees
int f(int[4])                         | c_int; POINTER(c_int)       | agrees
int f(int[4])                         | c_int; c_int * 4            | agrees
int f(int *)                          | c_int; c_int * 4            | agrees
int f(number_array)                   | c_int; c_int * 4            | agrees
int f(int (*)[4])                     | c_int; POINTER(c_int * 4)   | agrees
int f(int *restrict_)                 | c_int; POINTER(c_int)       | agrees
char *f(const char *)                 | c_char_p; c_char_p          | agrees
const char *f(char *)                 | c_char_p; POINTER(c_char)   | agrees
unsigned char *f(const uint8_t *)     | c_char_p; c_char_p          | agrees
void *f(void *)                       | c_char_p; c_char_p          | agrees
char *f(const char *)                 | c_void_p; c_void_p          | agrees
wchar_t *f(const wchar_t *)           | c_wchar_p; c_wchar_p        | agrees
char **f(char **)                     | POINTER(c_char_p); POINTER(c_char_p) | agrees
int f(char **)                        | c_int; POINTER(POINTER(c_char)) | agrees
int f(void **)                        | c_int; POINTER(c_void_p)    | agrees
int f(int **)                         | c_int; POINTER(POINTER(c_int)) | agrees
int f(int **)                         | c_int; POINTER(c_void_p)    | agrees
int f(int ***)                        | c_int; POINTER(POINTER(c_void_p)) | agrees
int f(size_t *)                       | c_int; POINTER(c_size_t)    | agrees
int f(long *)                         | c_int; POINTER(c_int64)     | agrees; Windows: error target width
int f(float *, double *)              | c_int; POINTER(c_float), POINTER(c_double) | agrees
int f(bool *)                         | c_int; POINTER(c_bool)      | agrees
int f(enum color *)                   | c_int; POINTER(c_int)       | agrees
int f(va_list)                        | c_int; c_void_p             | agrees
FILE *f(FILE *)                       | c_void_p; c_void_p          | agrees
void *f(void)                         | py_object;                  | agrees
int f(struct opaque *)                | c_int; py_object            | agrees
int f(int *)                          | c_int; POINTER(c_long)      | error target width; Windows: agrees
int f(long *)                         | c_int; POINTER(c_int)       | error target width; Windows: agrees
int f(size_t *)                       | c_int; POINTER(c_uint32)    | error target width
int f(double *)                       | c_int; POINTER(c_float)     | error target width
int f(short *)                        | c_int; POINTER(c_char)      | error target width
int f(int *)                          | c_int; c_char_p             | error target width
int f(wchar_t *)                      | c_int; c_char_p             | error target width
char *f(void)                         | c_wchar_p;                  | error target width
int f(bool *)                         | c_int; POINTER(c_int)       | error target width
int f(int *)                          | c_int; POINTER(c_float)     | error target
double *f(void)                       | POINTER(c_long);            | error target
int f(struct point *)                 | c_int; POINTER(c_int)       | error target
int f(int *)                          | c_int; POINTER(point)       | error target
int f(int *)                          | c_int; py_object            | error target
int f(compare)                        | c_int; POINTER(c_int)       | error target
int f(int *)                          | c_int; CFUNCTYPE(c_int)     | error target
int f(int **)                         | c_int; POINTER(c_int)       | error level
int f(int *)                          | c_int; POINTER(POINTER(c_int)) | error level
char **f(void)                        | c_char_p;                   | error level
int f(char **)                        | c_int; c_char_p             | error level
int f(char *)                         | c_int; POINTER(c_char_p)    | error level
int f(struct point **)                | c_int; POINTER(point)       | error level
int f(struct point *)                 | c_int; POINTER(c_void_p)    | error level
int f(int)                            | c_int; POINTER(c_int)       | error kind
int f(int *)                          | c_int; c_int                | error width
void *f(void)                         | c_int;                      | error width
void *f(void)                         | ;                           | error width
char *f(void)                         | c_int;                      | error width
void *f(int)                          | c_uint32; c_int             | error width
int f(double)                         | c_int; c_void_p             | error kind
double f(void)                        | c_void_p;                   | error kind
int f(double *)                       | c_int; c_double             | error kind
int f(uintptr_t)                      | c_int; c_void_p             | note address
int f(void *)                         | c_int; c_size_t             | note address
void *f(void)                         | c_uint64;                   | note address
int f(unsigned int *)                 | c_int; POINTER(c_int)       | note signedness
int f(uint8_t *)                      | c_int; POINTER(c_int8)      | note signedness
int f(uint8_t *)                      | c_int; POINTER(c_bool)      | note truth

# Structs
struct point f(struct point)          | point; point                | agrees
int f(struct point *)                 | c_int; POINTER(point)       | agrees
int f(const struct point *)           | c_int; POINTER(point)       | agrees
struct point *f(void)                 | POINTER(point);             | agrees
int f(struct point **)                | c_int; POINTER(POINTER(point)) | agrees
int f(struct point[3])                | c_int; point * 3            | agrees
rgb f(rgb)                            | rgb; rgb                    | agrees
int f(union number)                   | c_int; number               | agrees
int f(union number *)                 | c_int; POINTER(number)      | agrees
int f(struct opaque *)                | c_int; POINTER(opaque)      | agrees
opaque_t *f(handle)                   | POINTER(opaque); POINTER(opaque) | agrees
handle f(handle)                      | c_void_p; c_void_p          | agrees
handle f(handle)                      | Handle; Handle              | agrees
int f(handle *)                       | c_int; POINTER(c_void_p)    | agrees
int f(handle *)                       | c_int; POINTER(Handle)      | agrees
int f(handle *)                       | c_int; POINTER(POINTER(opaque)) | agrees
int f(handle)                         | c_int; POINTER(Anything)    | agrees
int f(struct keeper *)                | c_int; POINTER(keeper)      | agrees
int f(struct point)                   | c_int; size                 | error other
int f(struct point *)                 | c_int; POINTER(size)        | error other
int f(handle)                         | c_int; POINTER(point)       | error other
int f(struct point *)                 | c_int; POINTER(opaque)      | error other
struct point f(void)                  | size;                       | error other
struct point f(void)                  | c_int;                      | error kind
struct point f(void)                  | c_long;                     | error kind
struct point f(void)                  | None;                       | error kind
int f(struct point)                   | c_int; POINTER(point)       | error kind
int f(struct point *)                 | c_int; point                | error kind
int f(struct point)                   | c_int; c_long               | error kind
int f(union number)                   | c_int; c_int                | error kind
int f(handle *)                       | c_int; POINTER(opaque)      | error level
int f(handle)                         | c_int; POINTER(c_void_p)    | note handle

# Callbacks
int f(compare)                        | c_int; CFUNCTYPE(c_int, c_void_p, c_void_p) | agrees
int f(compare)                        | c_int; c_void_p             | agrees
int f(int (*)(int))                   | c_int; CFUNCTYPE(c_int, c_int) | agrees
int f(void (*)(void))                 | c_int; CFUNCTYPE(None)      | agrees
int f(progress, void *)               | c_int; CFUNCTYPE(None, c_double, c_void_p), c_void_p | agrees
compare f(void)                       | CFUNCTYPE(c_int, c_void_p, c_void_p); | agrees
int f(compare *)                      | c_int; POINTER(CFUNCTYPE(c_int, c_void_p, c_void_p)) | agrees
int f(make_point)                     | c_int; CFUNCTYPE(point, c_int) | agrees
int f(void (*)(struct point *))       | c_int; CFUNCTYPE(None, POINTER(point)) | agrees
int f(void *)                         | c_int; CFUNCTYPE(None)      | agrees
int f(compare)                        | c_int; CFUNCTYPE(c_int, c_void_p) | error count
int f(progress)                       | c_int; CFUNCTYPE(None, c_double) | error count
int f(progress)                       | c_int; CFUNCTYPE(None, c_float, c_void_p) | error width
int f(progress)                       | c_int; CFUNCTYPE(None, c_long, c_void_p) | error kind
int f(compare)                        | c_int; CFUNCTYPE(c_long, c_void_p, c_void_p) | error width; Windows: agrees
int f(void (*)(struct point *))       | c_int; CFUNCTYPE(None, POINTER(size)) | error other
int f(int)                            | c_int; CFUNCTYPE(c_int)     | error kind
int f(int (*)(unsigned))              | c_int; CFUNCTYPE(c_int, c_int) | note signedness
int f(int (*)(int))                   | c_int; CFUNCTYPE(None, c_int) | error unset
void f(void (*)(int))                 | None; CFUNCTYPE(c_void_p, c_int) | note ignored

# Variadic functions
int f(const char *, ...)              | c_int; c_char_p             | agrees
int f(const char *, ...)              | c_int; c_char_p, c_int      | error variadic
int f(const char *, int, ...)         | c_int; c_char_p             | error count
int f(const char *, ...)              | c_int; c_int                | error width
void f(void (*)(const char *, ...))   | None; CFUNCTYPE(None, c_char_p, c_void_p) | error extra
void f(void (*)(const char *, ...))   | None; CFUNCTYPE(None, c_char_p, c_float) | error promoted
void f(void (*)(void *, size_t))      | None; CFUNCTYPE(None, c_size_t, c_void_p) | error swapped

# Left out
int f(void)                           | c_int                       | agrees
int f(void)                           |                             | agrees
int f(int)                            | c_int                       | note no argtypes
int f(long)                           | c_int                       | error no argtypes; Windows: note no argtypes
int f(double)                         | c_int                       | error no argtypes
int f(char *)                         | c_int                       | error no argtypes
void *f(void)                         | c_void_p                    | agrees
void *f(void)                         |                             | error width
struct point *f(void)                 |                             | error width
double f(void)                        |                             | error kind
int64_t f(void)                       |                             | error width
void f(void)                          | c_int;                      | note garbage
void f(void)                          | c_void_p;                   | note garbage
void f(void)                          | c_char_p;                   | error kind
int f(void)                           | None;                       | note dropped
void *f(void)                         | None;                       | note dropped
void f(int)                           | None; Decides               | note unjudged
"""

STRUCTS = """
struct s { int a; };                            | ("a", c_int)                                 | agrees
struct s { int a; long b; };                    | ("a", c_int), ("b", c_long)                  | agrees
typedef struct { char a; double b; char c; } s; | ("a", c_char), ("b", c_double), ("c", c_char) | agrees
struct s { uint8_t a[16]; };                    | ("a", c_uint8 * 16)                          | agrees
struct s { int a[2][3]; };                      | ("a", c_int * 3 * 2)                         | agrees
struct s { char name[32]; };                    | ("name", c_char * 32)                        | agrees
struct s { char *p; void *q; };                 | ("p", c_char_p), ("q", c_void_p)             | agrees
struct s { struct point at; };                  | ("at", point)                                | agrees
struct s { struct point at[2]; };               | ("at", point * 2)                            | agrees
struct s { struct point *at; };                 | ("at", POINTER(point))                       | agrees
struct s { union number n; };                   | ("n", number)                                | agrees
struct s { compare c; };                        | ("c", CFUNCTYPE(c_int, c_void_p, c_void_p))  | agrees
struct s { compare c; };                        | ("c", c_void_p)                              | agrees
struct s { enum color c; bool b; };             | ("c", c_int), ("b", c_bool)                  | agrees
struct s { const char *const p; volatile int v; }; | ("p", c_char_p), ("v", c_int)             | agrees
struct s { unsigned a : 3; unsigned b : 5; };   | ("a", c_uint, 3), ("b", c_uint, 5)           | agrees
struct s { unsigned char a : 4, b : 4; };       | ("a", c_ubyte, 4), ("b", c_ubyte, 4)         | agrees
struct s { int a : 3; int b : 5; int c; };      | ("a", c_int, 3), ("b", c_int, 5), ("c", c_int) | agrees
struct s { uint64_t a : 40; uint64_t b : 24; }; | ("a", c_uint64, 40), ("b", c_uint64, 24)     | agrees
struct s { unsigned a : 20; unsigned b : 20; }; | ("a", c_uint, 20), ("b", c_uint, 20)         | agrees
struct s { union { int i; float f; }; int k; }; | ("u", number), ("k", c_int)                  | agrees
struct s { struct { int x; int y; }; int z; };  | ("u", point), ("z", c_int); _anonymous_ = ("u",) | agrees
struct s { int n; int data[]; };                | ("n", c_int), ("data", c_int * 0)            | agrees
struct s { int from_; int class_; };            | ("from", c_int), ("class", c_int)            | agrees
struct s { int _reserved; int a; };             | ("reserved", c_int), ("a", c_int)            | agrees
struct s { char a; int b; } __attribute__((packed)); | ("a", c_char), ("b", c_int); _pack_ = 1 | agrees
struct s { struct s *next; int v; };            | ("next", c_void_p), ("v", c_int)             | agrees
struct s { struct { int x, y; } in; };          | ("in", pair)                                 | agrees
struct s { long double l; };                    | ("l", c_longdouble)                          | agrees
union s { int i; double d; char c[12]; };       | union ("i", c_int), ("d", c_double), ("c", c_char * 12) | agrees
struct s { int a; int b; };                     | ("a", c_int)                                 | error layout
struct s { int a; };                            | ("a", c_int), ("b", c_int)                   | error layout
struct s { int a; long b; };                    | ("a", c_int), ("b", c_int)                   | error layout; Windows: agrees
struct s { long a; };                           | ("a", c_int)                                 | error layout; Windows: agrees
struct s { char name[32]; };                    | ("name", c_char * 16)                        | error layout
struct s { char a; int b; } __attribute__((packed)); | ("a", c_char), ("b", c_int)             | error layout
struct s { char a; int b; };                    | ("a", c_char), ("b", c_int); _pack_ = 1      | error layout
struct s { struct point at; };                  | ("at", POINTER(point))                       | error layout
struct s { struct point at; void *p; };         | ("at", POINTER(point)), ("p", c_void_p)      | error kind
struct s { int a; char b; };                    | ("a", c_int)                                 | error layout
struct s { int a; char b; char c; };            | ("a", c_int), ("b", c_char)                  | error count
struct s { double d; int a; int b; };           | ("d", c_double), ("a", c_int)                | error count
struct s { int a; int b; };                     | ("b", c_int), ("a", c_int)                   | error offset
struct s { int a; float b; };                   | ("a", c_int), ("b", c_int)                   | error kind
struct s { int a; int b; };                     | ("a", c_int), ("b", c_float)                 | error kind
struct s { short a; int b; };                   | ("a", c_int), ("b", c_int)                   | error width
struct s { char a; struct { char x, y; } b; };  | ("a", c_char), ("b", c_char * 2)             | note bytes
struct s { int *p; };                           | ("p", POINTER(c_long))                       | error target width; Windows: agrees
struct s { int *p; };                           | ("p", c_long)                                | note address; Windows: error layout
struct s { struct point at; };                  | ("at", size)                                 | error other
struct s { int a[4]; };                         | ("a", c_int * 2), ("b", c_int * 2)           | error length
struct s { int a[2][4]; };                      | ("a", c_int * 2 * 4)                         | error length
struct s { compare c; };                        | ("c", CFUNCTYPE(c_int, c_void_p))            | error count
struct s { unsigned a : 3; unsigned b : 5; };   | ("a", c_uint, 4), ("b", c_uint, 4)           | error bits
struct s { unsigned a : 3; unsigned b : 3; };   | ("b", c_uint, 3), ("a", c_uint, 3)           | error bits
struct s { unsigned a : 3; unsigned b : 5; };   | ("a", c_uint, 3), ("b", c_uint)              | error layout
struct s { unsigned a : 3; };                   | ("a", c_int, 3)                              | note signedness
struct s { int a; };                            | ("a", c_uint)                                | note signedness
struct s { int n; int data[]; };                | ("n", c_int), ("data", c_int * 1)            | note flexible
struct s { int n; int data[]; };                | ("n", c_int)                                 | note flexible
struct s { union { int i; float f; }; char k; }; | ("i", c_int)                                | error layout
struct s { union { int i; float f; }; char k, l; }; | ("u", number), ("k", c_char)             | error count
struct s { union { struct { unsigned a : 4, b : 4; }; int i; }; }; | ("u", flags_or_int)        | agrees
struct s { union { struct { unsigned a : 3, b : 4; }; int i; }; }; | ("u", flags_or_int)        | error bits
struct s { union { int i; float f; }; char k; }; | ("i", c_int), ("k", c_char)               | note count
struct s { unsigned long long a : 3; unsigned b : 30; int c; }; | ("a", c_ulonglong, 3), ("b", c_uint, 30), ("c", c_int) | error bits; Windows: agrees
# With pyexample.ffi.struct
struct s { unsigned a : 3; int b : 5; };        | typed a: Annotated[int, c_uint, Bits(3)] & b: Annotated[int, c_int, Bits(5)] | agrees
struct s { unsigned a : 3; int b : 5; };        | typed a: Annotated[int, c_uint, Bits(4)] & b: Annotated[int, c_int, Bits(4)] | error bits
struct s { bool a : 1; bool b : 1; };           | typed a: Annotated[bool, c_bool, Bits(1)] & b: Annotated[bool, c_bool, Bits(1)] | agrees
struct s { bool a : 1; unsigned char b : 1; };  | ("a", c_ubyte, 1), ("b", c_ubyte, 1)         | agrees
struct s { bool a : 1; };                       | ("a", c_byte, 1)                             | note truth
struct s { struct s *next; int v; };            | typed next: Annotated[Optional["s"], POINTER("s")] & v: Annotated[int, c_int] | agrees
struct s { struct s *next; int v; };            | typed next: Annotated[Optional[typed_point], POINTER(typed_point)] & v: Annotated[int, c_int] | error other
struct s { struct s *next[2]; };                | typed next: Annotated[Array[Optional["s"]], POINTER("s") * 2] | agrees
struct s { struct { int x; int y; }; int z; };  | typed u: Annotated[typed_point, typed_point, Anonymous] & z: Annotated[int, c_int] | agrees
struct s { struct { int x; float y; }; int z; }; | typed u: Annotated[typed_point, typed_point, Anonymous] & z: Annotated[int, c_int] | error kind
struct s { int a[4]; const char *b[2]; };       | typed a: Annotated[Array[int], c_int * 4, range(9)] & b: Annotated[Array[Optional[str]], c_char_p * 2] | agrees
struct s { int a[2][3]; };                      | typed a: Annotated[Array[Array[int]], c_int * 3 * 2] | agrees
struct s { int a[2][3]; };                      | typed a: Annotated[Array[Array[int]], c_int * 2 * 3] | error length
struct s { int n; int data[]; };                | typed n: Annotated[int, c_int] & data: Annotated[Array[int], c_int * 0, CountedBy("n")] | agrees
struct s { int n; long data[]; };               | typed n: Annotated[int, c_int] & data: Annotated[Array[int], c_int * 0, CountedBy("n")] | error layout; Windows: agrees
struct s { compare c; };                        | typed c: Annotated[Optional[Callable[[int, int], int]], comparing] | agrees
struct s { progress c; };                       | typed c: Annotated[Optional[Callable[[int, int], int]], comparing] | error kind
# ctypes lays these three out in another way than the compilers do
struct s { unsigned char a : 3; unsigned b : 9; }; | ("a", c_ubyte, 3), ("b", c_uint, 9)        | error layout; Windows: agrees
struct s { unsigned a : 9; unsigned char b : 3; }; | ("a", c_uint, 9), ("b", c_ubyte, 3)        | error bits; Windows: agrees
struct s { char c; unsigned a : 9; char d; };   | ("c", c_char), ("a", c_uint, 9), ("d", c_char) | error layout; Windows: agrees
struct s { unsigned short a : 9; unsigned short b : 9; int c; }; | ("a", c_ushort, 9), ("b", c_ushort, 9), ("c", c_int) | agrees
struct s { unsigned a : 30; unsigned long b : 30; }; | ("a", c_uint, 30), ("b", c_ulong, 30)    | error layout; Windows: agrees
struct s { int n; struct point at[]; };         | ("n", c_int), ("at", point)                  | note flexible
struct s { int n; struct point at[0]; };        | ("n", c_int), ("at", point)                  | note flexible
struct s { int n; struct point at[0]; };        | ("n", c_int), ("at", size)                   | error layout
struct s { uint32_t a; };                       | big ("a", c_uint32)                          | note byte order
struct s { int old; };                          | ("new_name", c_int)                          | note renamed
union s { int i; double d; };                   | union ("i", c_int), ("d", c_float)           | error layout
union s { int i; float f; };                    | union ("i", c_int), ("f", c_int)             | error kind
union s { int i; float f; };                    | ("i", c_int), ("f", c_float)                 | error layout
struct s { int i; float f; };                   | union ("i", c_int), ("f", c_float)           | error layout
struct s { void (*h)(void); };                  | ("h", CFUNCTYPE(c_int))                      | note ignored
"""

CONSTANTS = """
#define X 5                     | 5                  | agrees
#define X (1 << 4)              | 16                 | agrees
#define X -1                    | -1                 | agrees
#define X 0xFFFFFFFFu           | 0xFFFFFFFF         | agrees
#define X 0xFFFFFFFFFFFFFFFFull | 2**64 - 1          | agrees
#define X 'a'                   | 97                 | agrees
#define X true                  | True               | agrees
enum { X = 7 };                 | 7                  | agrees
enum { X };                     | 0                  | agrees
static const int X = 3;         | 3                  | agrees
#define X "text"                | 5                  | error constant
#define X 1.5                   | 1                  | error constant
#define X 5                     | 6                  | error constant
enum { X = 7 };                 | 8                  | error constant
enum { X = -7 };                | 7                  | error constant
#define X 0x100000000           | 0                  | error constant
#define X 0xFFFFFFFFu           | -1                 | note constant
#define X -1                    | 0xFFFFFFFF         | note constant
enum { X_A = 1 };               | IntEnum("X", "A")  | agrees
enum { X_A = 1 };               | IntEnum("X", {"A": 2}) | error constant
"""


IDIOMS = """
# Handles
int f(struct opaque *)          | h: Annotated[Opaque, c_void_p] -> Annotated[int, c_int] | agrees
struct opaque *f(void)          | -> Annotated[Opaque, c_void_p, Owned] | agrees
void f(handle)                  | h: Annotated[Opaque, c_void_p, Closes] -> None | agrees
void f(handle *)                | h: Annotated[Opaque, POINTER(c_void_p), Closes(implicit=False)] -> None | agrees
void f(handle)                  | h: Annotated[Opaque, POINTER(c_void_p), Closes(implicit=False)] -> None | error level
void f(handle *)                | h: Annotated[Opaque, c_void_p, Closes(implicit=False)] -> None | error level
void f(void *)                  | h: Annotated[Opaque, POINTER(c_void_p), Closes(implicit=False)] -> None | agrees
void f(void **)                 | h: Annotated[Opaque, c_void_p, Closes(implicit=False)] -> None | error level
const struct opaque *f(void)    | -> Annotated[Opaque, c_void_p, Borrowed] | agrees
const struct opaque *f(void)    | -> Annotated[Opaque, c_void_p, Owned] | note owner
handle f(handle, handle)        | h: Annotated[Opaque, c_void_p], i: Annotated[Opaque, c_void_p, GivenTo("h")] -> Annotated[Opaque, c_void_p, Borrowed("h")] | agrees
void f(int)                     | h: Annotated[Another, c_void_p, Closes] -> None | error kind
int f(void)                     | -> Annotated[Optional[Opaque], c_void_p, Borrowed] | error kind
# Out-parameters
void f(int *)                   | -> Annotated[int, None, Returned(int, c_int)] | agrees
double f(double, int *)         | n: Annotated[float, c_double, Returned(int, c_int)] -> Annotated[tuple[float, int], c_double] | agrees
int f(const char *, handle *)   | n: Annotated[str, c_char_p, Returned(Opaque, c_void_p, Owned)] -> Annotated[Opaque, c_int, Raises(error)] | agrees
void f(char **)                 | -> Annotated[Optional[str], None, Returned(Optional[str], c_char_p, Owned(free))] | agrees
void f(char **)                 | -> Annotated[str, None, Returned(str, c_char_p)] | note owner
void f(const char **)           | -> Annotated[str, None, Returned(str, c_char_p)] | agrees
void f(const unsigned char **)  | -> Annotated[str, None, Returned(str, c_char_p)] | agrees
void f(const char **)           | -> Annotated[str, None, Returned(str, c_char_p, Owned(free))] | note owner
void f(handle)                  | -> Annotated[Opaque, None, Returned(Opaque, c_void_p, Owned)] | error level
void f(struct point *)          | -> Annotated[point, None, Returned(point, point)] | agrees
void f(struct point [2])        | -> Annotated[point, None, Returned(point, point)] | error size
void f(int [2])                 | -> Annotated[int, None, Returned(int, c_int)] | error size
void f(int [2])                 | -> Annotated[Any, None, Returned(Any, c_int * 2)] | agrees
void f(int [2])                 | a: Annotated[Any, c_int * 2] -> None | agrees
void f(int [3])                 | a: Annotated[Any, c_int * 2] -> None | error size
void f(int [1])                 | n: Annotated[int, InOut(c_int)] -> Annotated[int, None] | agrees
void f(int [2])                 | n: Annotated[int, InOut(c_int)] -> Annotated[int, None] | error size
void f(short *)                 | -> Annotated[int, None, Returned(int, c_int)] | error target width
void f(double *)                | -> Annotated[int, None, Returned(int, c_int64)] | error target
void f(int, int *)              | -> Annotated[int, None, Returned(int, c_int)] | error count
void f(int)                     | -> Annotated[int, None, Returned(int, c_int)] | error kind
void f(size_t *)                | n: Annotated[int, InOut(c_size_t)] -> Annotated[int, None] | agrees
void f(unsigned *)              | n: Annotated[int, InOut(c_size_t)] -> Annotated[int, None] | error target width
void f(size_t)                  | n: Annotated[int, InOut(c_size_t)] -> Annotated[int, None] | note address
void f(const size_t *)          | n: Annotated[int, InOut(c_size_t)] -> Annotated[int, None] | error only read
void f(const int *)             | -> Annotated[int, None, Returned(int, c_int)] | error only read
# Arguments that are not passed
int f(int, int *, void (*)(int)) | n: Annotated[int, c_int, Constant(c_void_p, None), Constant(c_void_p, None)] -> Annotated[int, c_int] | agrees
int f(int, int *)               | n: Annotated[int, c_int, Constant(POINTER(c_int), None)] -> Annotated[int, c_int] | agrees
int f(int, const char *)        | n: Annotated[int, c_int, Constant(c_char_p, b"1.2")] -> Annotated[int, c_int] | agrees
int f(int, int)                 | n: Annotated[int, c_int, Constant(c_void_p, None)] -> Annotated[int, c_int] | error kind
int f(int)                      | n: Annotated[int, c_int, Constant(c_int, 0)] -> Annotated[int, c_int] | error count
# Failures and enumerations
int f(void)                     | -> Annotated[None, c_int, Raises(error)] | agrees
int f(void)                     | -> Annotated[Code, c_int, Raises(error, unless=Code)] | agrees
enum color f(enum color)        | c: Annotated[Code, c_int] -> Annotated[Code, c_int] | agrees
long f(void)                    | -> Annotated[None, c_int, Raises(error)] | error width; Windows: agrees
short f(void)                   | -> Annotated[None, c_int] | error width
# Truth values
int f(unsigned char)            | b: Annotated[bool, c_ubyte] -> Annotated[bool, c_int] | agrees
void f(int *)                   | -> Annotated[bool, None, Returned(bool, c_int)] | agrees
bool f(void)                    | -> Annotated[bool, c_int] | error width
int f(bool)                     | b: Annotated[bool, c_int] -> Annotated[bool, c_int] | error width
# Strings
const char *f(const char *)     | s: Annotated[str, c_char_p] -> Annotated[Optional[str], c_char_p] | agrees
char *f(const char *)           | s: Annotated[str, c_char_p, Encoding("latin-1")] -> Annotated[str, c_char_p, Owned(free)] | agrees
const char *f(void)             | -> Annotated[str, c_char_p, Owned(free)] | note owner
char *f(void)                   | -> Annotated[str, c_char_p] | note owner
char *f(void)                   | -> Annotated[str, c_char_p, Borrowed] | agrees
const wchar_t *f(void)          | -> Annotated[str, c_wchar_p, Owned(free)] | note owner
const unsigned char *f(const unsigned char *) | s: Annotated[str, c_char_p] -> Annotated[Optional[bytes], c_char_p] | agrees
void f(char *)                  | s: Annotated[str, c_char_p] -> None | note written
void f(char *)                  | s: Annotated[os.PathLike[str], c_char_p] -> None | note written
void f(char *const)             | s: Annotated[str, c_char_p] -> None | note written
char f(void)                    | -> Annotated[str, c_char_p, Owned(free)] | error kind
int f(const unsigned char *, size_t) | s: Annotated[Buffer, In(c_char), Count(c_size_t, "s")] -> Annotated[int, c_int] | agrees
int f(const char *, size_t)     | s: Annotated[Buffer, In(c_ubyte), Count(c_size_t, "s")] -> Annotated[int, c_int] | agrees
const unsigned char *f(size_t *) | -> Annotated[bytes, In(c_char), Length(c_size_t, "return")] | agrees
const unsigned char *f(size_t *) | -> Annotated[bytes, In(c_char), Length(c_size_t, "return"), Owned(free)] | note owner
unsigned char *f(const size_t *) | -> Annotated[bytes, In(c_char), Length(c_size_t, "return")] | error only read
# Sizes that C has, too
int f(const uint8_t [32])       | s: Annotated[Buffer, In(c_uint8, 32)] -> Annotated[int, c_int] | agrees
int f(const uint8_t key[static 32]) | s: Annotated[Buffer, In(c_uint8, 16)] -> Annotated[int, c_int] | error size
int f(const uint8_t key[const 32]) | s: Annotated[Buffer, In(c_uint8, at_least=31)] -> Annotated[int, c_int] | error size
int f(const unsigned char [GREEN + 23]) | s: Annotated[Buffer, In(c_char, 23)] -> Annotated[int, c_int] | error size
int f(const unsigned char [24]) | s: Annotated[Buffer, In(c_char, at_least=32)] -> Annotated[int, c_int] | agrees
int f(const uint8_t [32])       | s: Annotated[Buffer, In(c_uint8, UNCHECKED)] -> Annotated[int, c_int] | note size
int f(const uint32_t [8])       | s: Annotated[Buffer, In(c_uint32, 8)] -> Annotated[int, c_int] | agrees
int f(const uint32_t [8])       | s: Annotated[Buffer, In(None, 32)] -> Annotated[int, c_int] | agrees
int f(const uint32_t [8])       | s: Annotated[Buffer, In(None, 8)] -> Annotated[int, c_int] | error size
int f(int n, const double a[n]) | n: Annotated[int, c_int], a: Annotated[Buffer, In(c_double, "n")] -> Annotated[int, c_int] | agrees
int f(int GREEN, const double a[GREEN]) | n: Annotated[int, c_int], a: Annotated[Buffer, In(c_double, "n")] -> Annotated[int, c_int] | agrees
void f(unsigned char [32])      | -> Annotated[bytes, None, Filled(bytes, c_uint8, 16)] | error size
void f(const double [8])        | s: Annotated[Buffer, In(c_double * 2, 4)] -> None | agrees
void f(const double _Complex [4]) | s: Annotated[Buffer, In(c_double * 2, 4)] -> None | agrees
void f(const double _Complex [4]) | s: Annotated[Buffer, In(c_double * 2, 2)] -> None | error size
void f(const double [9])        | s: Annotated[Buffer, In(c_double * 2, 4)] -> None | error size
void f(double [4][2])           | s: Annotated[Buffer, Out(c_double * 2, 4)] -> None | agrees
void f(double [5][2])           | s: Annotated[Buffer, Out(c_double * 2, 4)] -> None | error size
void f(number_array)            | -> Annotated[list[int], None, Filled(list[int], c_int, 4)] | agrees
void f(number_array)            | -> Annotated[list[int], None, Filled(list[int], c_int, 3)] | error size
void f(const number_array)      | s: Annotated[Sequence[int], ArrayOf(c_int, 3)] -> None | error size
# Sequences
void f(const char *const *, int) | s: Annotated[Sequence[str], ArrayOf(c_char_p), Count(c_int, "s")] -> None | agrees
void f(char **, int)            | s: Annotated[Sequence[str], ArrayOf(c_char_p), Count(c_int, "s")] -> None | agrees
void f(const char *, int)       | s: Annotated[Sequence[str], ArrayOf(c_char_p), Count(c_int, "s")] -> None | error level
void f(handle *, int)           | s: Annotated[Sequence[Opaque], ArrayOf(c_void_p), Count(c_int, "s")] -> None | agrees
void f(handle, int)             | s: Annotated[Sequence[Opaque], ArrayOf(c_void_p), Count(c_int, "s")] -> None | error level
void f(const int **, int)       | s: Annotated[Sequence[int], ArrayOf(c_int), Count(c_int, "s")] -> None | error level
void f(const struct point *, int) | s: Annotated[Sequence[point], ArrayOf(point), Count(c_int, "s")] -> None | agrees
void f(const struct point **, int) | s: Annotated[Sequence[point], ArrayOf(point), Count(c_int, "s")] -> None | error level
int f(const char *, int)        | s: Annotated[Buffer, In(c_char), Count(c_int, "s")] -> Annotated[int, c_int] | agrees
int f(const void *, size_t)     | s: Annotated[Buffer, In(None), Count(c_size_t, "s")] -> Annotated[int, c_int] | agrees
int f(char *, int)              | s: Annotated[Buffer, In(c_char), Count(c_int, "s")] -> Annotated[int, c_int] | error written
int f(const char *, size_t)     | s: Annotated[Buffer, In(c_char), Count(c_int, "s")] -> Annotated[int, c_int] | error width
int f(const char *)             | s: Annotated[os.PathLike[str], c_char_p] -> Annotated[int, c_int] | agrees
int f(void)                     | s: Annotated[os.PathLike[str], c_char_p] -> Annotated[int, c_int] | error count
void f(const int *, size_t)     | s: Annotated[Buffer, Out(c_int), Count(c_size_t, "s")] -> None | error only read
void f(short *, size_t)         | s: Annotated[Buffer, Out(c_int), Count(c_size_t, "s")] -> None | error target width
void f(int **, size_t)          | s: Annotated[Buffer, Out(c_int), Count(c_size_t, "s")] -> None | error level
void f(int *, size_t, size_t)   | s: Annotated[Buffer, Out(c_int), Count(c_size_t, "s"), ItemSize(c_size_t, "s")] -> None | agrees
int f(const unsigned char *)    | s: Annotated[Buffer, In(c_ubyte, 32)] -> Annotated[int, c_int] | agrees
int f(int, char *, size_t)      | n: Annotated[int, c_int, Filled(bytes, c_char, 9, name="s"), Count(c_size_t, "s")] -> Annotated[bytes, c_int, Written("s")] | agrees
int f(int, short *, size_t)     | n: Annotated[int, c_int, Filled(bytes, c_char, 9, name="s"), Count(c_size_t, "s")] -> Annotated[bytes, c_int, Written("s")] | error target width
int f(char *, size_t *)         | -> Annotated[bytes, c_int, Raises(error), Filled(bytes, c_char, 9, name="s"), Length(c_size_t, "s", capacity=True)] | agrees
int f(char *, int *)            | -> Annotated[bytes, c_int, Raises(error), Filled(bytes, c_char, 9, name="s"), Length(c_size_t, "s", capacity=True)] | error target width
const float *f(handle)          | h: Annotated[Opaque, c_void_p] -> Annotated[memoryview, In(c_float, 3), Borrowed] | agrees
float f(handle)                 | h: Annotated[Opaque, c_void_p] -> Annotated[memoryview, In(c_float, 3), Borrowed] | error kind
const char *const *f(int)       | n: Annotated[int, c_int] -> Annotated[list[str], ArrayOf(c_char_p, "n")] | agrees
const char *f(int)              | n: Annotated[int, c_int] -> Annotated[list[str], ArrayOf(c_char_p, "n")] | error level
int f(const char **, size_t *)  | -> Annotated[bytes, c_int, Raises(error), Returned(bytes, In(c_char), name="s"), Length(c_size_t, "s")] | agrees
int f(unsigned char **, size_t *) | -> Annotated[bytes, c_int, Raises(error), Returned(bytes, In(c_ubyte), Owned(free), name="s"), Length(c_size_t, "s")] | agrees
int f(const char *, size_t *)   | -> Annotated[bytes, c_int, Raises(error), Returned(bytes, In(c_char), name="s"), Length(c_size_t, "s")] | error level
int f(const int **, size_t *)   | -> Annotated[bytes, c_int, Raises(error), Returned(bytes, In(c_char), name="s"), Length(c_size_t, "s")] | error target width
int f(handle *, int)            | -> Annotated[list[Opaque], c_int, Written("s"), Filled(list[Opaque], c_void_p, 9, Owned(independent=True), name="s"), Count(c_int, "s")] | agrees
int f(handle, int)              | -> Annotated[list[Opaque], c_int, Written("s"), Filled(list[Opaque], c_void_p, 9, Owned(independent=True), name="s"), Count(c_int, "s")] | note handle
int f(const char **, int)       | -> Annotated[list[str], c_int, Written("s"), Filled(list[str], c_char_p, 9, name="s"), Count(c_int, "s")] | agrees
int f(struct typed_point *, int) | -> Annotated[list[typed_point], c_int, Written("s"), Filled(list[typed_point], typed_point, 9, name="s"), Count(c_int, "s")] | agrees
int f(struct size *, int)       | -> Annotated[list[typed_point], c_int, Written("s"), Filled(list[typed_point], typed_point, 9, name="s"), Count(c_int, "s")] | error other
int f(wchar_t *, int)           | -> Annotated[str, c_int, Written("s"), Filled(str, c_wchar, 9, name="s"), Count(c_int, "s")] | agrees
void f(const double _Complex *, int) | s: Annotated[Buffer, In(c_double * 2), Count(c_int, "s")] -> None | agrees
void f(complex_pair *, int)     | s: Annotated[Buffer, Out(c_double * 2), Count(c_int, "s")] -> None | agrees
void f(const complex_pair *, int) | s: Annotated[list[complex], ArrayOf(c_double * 2), Count(c_int, "s")] -> None | agrees
void f(double _Complex *)       | -> Annotated[complex, None, Returned(complex, c_double * 2)] | agrees
void f(float _Complex *, int)   | s: Annotated[Buffer, Out(c_double * 2), Count(c_int, "s")] -> None | error target width
void f(const double (*)[3], int) | s: Annotated[Buffer, In(c_double * 2), Count(c_int, "s")] -> None | error length
void f(const uint16_t *, int)   | s: Annotated[Buffer, In(c_half), Count(c_int, "s")] -> None | agrees
void f(const float *, int)      | s: Annotated[Buffer, In(c_half), Count(c_int, "s")] -> None | error target
int f(int, int, double *, int)  | a: Annotated[Buffer, Count(c_int, "n"), Count(c_int, "m"), Out(c_double, ("n", "m"), order="F"), Stride(c_int, "a")] -> Annotated[int, c_int] | agrees
int f(int, int, double *, int64_t) | a: Annotated[Buffer, Count(c_int, "n"), Count(c_int, "m"), Out(c_double, ("n", "m"), order="F"), Stride(c_int, "a")] -> Annotated[int, c_int] | error width
void f(const double *const *, int) | a: Annotated[list[Buffer], ArrayOf(In(c_double, 3)), Count(c_int, "a")] -> None | agrees
void f(float **, int)           | a: Annotated[list[Buffer], ArrayOf(Out(c_float, 3)), Count(c_int, "a")] -> None | agrees
void f(float *, int)            | a: Annotated[list[Buffer], ArrayOf(Out(c_float, 3)), Count(c_int, "a")] -> None | error level
int f(char *, int)              | -> Annotated[str, c_int, Written("s"), Filled(str, c_wchar, 9, name="s"), Count(c_int, "s")] | error target width
# Callbacks
void f(int (*)(void *, int, char **, char **)) | c: Annotated[Callable[..., int], on_row] -> None | agrees
void f(int (*)(void *, int, char *, char **)) | c: Annotated[Callable[..., int], on_row] -> None | error level
void f(compare)                 | c: Annotated[Callable[[int, int], int], comparing] -> None | agrees
void f(progress, void *)        | c: Annotated[Optional[Callable[..., None]], telling], d: Annotated[Optional[int], c_void_p] -> None | agrees
void f(void (*)(float, void *)) | c: Annotated[Callable[..., None], telling] -> None | error width
void f(int (*)(int))            | c: Annotated[Callable[..., int], comparing] -> None | error count
void f(struct point *)          | c: Annotated[Callable[..., int], comparing] -> None | error target
void f(size_t (*)(const char *, size_t, void *)) | c: Annotated[Callable[..., int], writing] -> None | agrees
void f(size_t (*)(char *, size_t, void *)) | c: Annotated[Callable[..., int], writing] -> None | agrees
void f(size_t (*)(const char *, int, void *)) | c: Annotated[Callable[..., int], writing] -> None | error width
void f(size_t (*)(const int *, size_t, void *)) | c: Annotated[Callable[..., int], writing] -> None | error target width
void f(struct typed_point (*)(int)) | c: Annotated[Callable[[int], typed_point], making] -> None | agrees
void f(struct typed_point *(*)(int)) | c: Annotated[Callable[[int], typed_point], making] -> None | error kind
void f(struct typed_point *(*)(int)) | c: Annotated[Callable[[int], Optional[typed_point]], pointing] -> None | agrees
void f(struct typed_point (*)(int)) | c: Annotated[Callable[[int], Optional[typed_point]], pointing] -> None | error kind
void f(size_t (*)(char *, size_t)) | c: Annotated[Callable[..., int], filling] -> None | agrees
void f(size_t (*)(const char *, size_t)) | c: Annotated[Callable[..., int], filling] -> None | error written
void f(void (*)(handle, const char *)) | c: Annotated[Callable[..., None], watching] -> None | agrees
void f(void (*)(handle *, char *)) | c: Annotated[Callable[..., None], watching] -> None | error level
void f(void (*)(struct dummy *, char *)) | c: Annotated[Callable[..., None], watching] -> None | error handle
# Structs
struct typed_point f(void)      | -> Annotated[typed_point, typed_point] | agrees
struct typed_point *f(void)     | -> Annotated[typed_point, POINTER(typed_point), Borrowed] | agrees
struct typed_point f(void)      | -> Annotated[typed_point, POINTER(typed_point), Borrowed] | error kind
void f(struct typed_point **)   | -> Annotated[typed_point, None, Returned(typed_point, POINTER(typed_point), Borrowed)] | agrees
int f(struct typed_point *)     | p: Annotated[typed_point, POINTER(typed_point)] -> Annotated[int, c_int] | agrees
int f(struct typed_point)       | p: Annotated[typed_point, POINTER(typed_point)] -> Annotated[int, c_int] | error kind
int f(struct typed_point)       | p: Annotated[typed_point, typed_point] -> Annotated[int, c_int] | agrees
"""


# Other ways to write what is right. Their mutants would be those of the rows above once more.
ODD_FUNCTIONS = """
void f(double [4][4], int (*)[3])       | None; POINTER(c_double), POINTER(c_int) | agrees
struct dummy *f(struct dummy *)         | POINTER(dummy); POINTER(dummy) | agrees
int f(struct dummy **)                  | c_int; POINTER(POINTER(dummy)) | agrees
void f(void (*)(const char *, ...))     | None; CFUNCTYPE(None, c_char_p) | agrees
"""
ODD_STRUCTS = """
struct s { struct { int x, y; } in; struct { struct { short k; } b; } a; int z; }; | ("x", c_int), ("in_y", c_int), ("a_b_k", c_short), ("z", c_int) | agrees
struct s { char a; double b; short c; }; | ("a", c_char), ("_pad", c_char * 7), ("b", c_double), ("c", c_short), ("reserved", c_char * 6) | agrees
"""


@dataclass
class Row:
    """A line of the table."""

    name: str
    c: str
    python: str
    verdict: str
    on_windows: str


def _rows(text: str, prefix: str) -> list[Row]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("# ")]
    rows: list[Row] = []
    for number, line in enumerate(lines):
        c, python, verdict = (part.strip() for part in line.rsplit("|", 2))
        verdict, _, on_windows = verdict.partition("; Windows: ")
        rows.append(Row(f"{prefix}{number:03d}", c, python, verdict, on_windows or verdict))
    return rows


FUNCTION_ROWS = _rows(FUNCTIONS, "f")
STRUCT_ROWS = _rows(STRUCTS, "s")
CONSTANT_ROWS = _rows(CONSTANTS, "X")
IDIOM_ROWS = _rows(IDIOMS, "i")
ODD_ROWS = [*_rows(ODD_FUNCTIONS, "fo"), *_rows(ODD_STRUCTS, "so")]
ROWS = [*FUNCTION_ROWS, *STRUCT_ROWS, *CONSTANT_ROWS, *IDIOM_ROWS, *ODD_ROWS]


def header(rows: list[Row]) -> str:
    """A C header with these rows, each on a line of its own."""
    lines = [re.sub(_NAME[row.name[0]], row.name, row.c) for row in rows]
    ends = [";" if row.name[0] in "fi" else "" for row in rows]
    return "\n".join([PRELUDE_C, *map(str.__add__, lines, ends), ""])


_NAME = {"f": r"\bf(?=\()", "i": r"\bf(?=\()", "s": r"\bs\b", "X": r"\bX(?=\b|_)"}


def module(rows: list[Row]) -> str:
    """A Python module with these rows."""
    write = {"f": _function, "s": _struct, "X": _constant, "i": _idiom}
    is_typed = any(row.name[0] == "i" or row.python.startswith("typed ") for row in rows)
    idioms = PRELUDE_IDIOMS if is_typed else ""
    return "\n".join([PRELUDE_PYTHON, idioms, *(write[row.name[0]](row) for row in rows), ""])


def _function(row: Row) -> str:
    result, has_arguments, arguments = row.python.partition(";")
    lines = [f"lib.{row.name}"]
    if has_arguments:
        lines.append(f"lib.{row.name}.argtypes = [{arguments}]")
    if result.strip():
        lines.append(f"lib.{row.name}.restype = {result}")
    return "\n".join(lines)


def _idiom(row: Row) -> str:
    parameters, _, result = row.python.partition("->")
    parameters = f"{parameters.strip()}, /" if parameters.strip() else ""
    return f"@ffi.function\ndef {row.name}({parameters}) -> {result.strip()}: ..."


def _struct(row: Row) -> str:
    if row.python.startswith("typed "):
        lines = row.python.removeprefix("typed ").replace('"s', f'"{row.name}').split(" & ")
        return "@struct\n" + "\n    ".join([f"class {row.name}(Structure):", *lines])
    fields, _, more = row.python.partition(";")
    base = {"union": "Union", "big": "BigEndianStructure"}
    word = fields.split()[0]
    return (
        f"class {row.name}({base.get(word, 'Structure')}):\n"
        f"    {more.strip() or 'pass'}\n"
        f"    _fields_ = [{fields.removeprefix(word) if word in base else fields}]"
    )


def _constant(row: Row) -> str:
    python = row.python.replace('"X"', f'"{row.name}"')
    return f"{row.name} = {python}"
