"""Wrong declarations over unusual C, each with the right one, and what C really gets.

A row has a piece of C, the right declaration and the wrong one, an expression, and what that
gives with each. The C is compiled and called, so that the row itself proves which is wrong:
what the wrong one gives is stated, or "?" where that is whatever was in a register or in
memory. "-" stands for the right one where ctypes has none. The numbers are those of 64-bit
Linux on x86-64; "Windows: right" marks what is wrong there only, since a long has 32 bits on
64-bit Windows.

The columns are separated by " | ". In FUNCTIONS the declarations are a restype, and argtypes
behind a semicolon. In STRUCTS the second column is what C reads through ``p``, a pointer to
the struct, and the expression is what Python writes: the arguments of the class. In CONSTANTS
the declarations are the constant that Python has. "typed" begins a structure of
pyexample.ffi, whose fields are separated by " & ". ALONE has whole headers, whose macros would
change the other rows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PRELUDE_C = """
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

struct point { int x; int y; };
struct wide { long long a; long long b; long long c; };
union number { int i; float f; };
union real { double d; long long l; };
struct packed { char a; int b; } __attribute__((packed));
struct marks { unsigned a : 3; unsigned b : 3; unsigned c : 3; double d; };
struct secret;
typedef int function_of_int(int);
typedef int (*pointer_to_function)(int);
typedef void (*taking_secret)(struct secret *);
enum __attribute__((packed)) small { SMALL = 200 };
enum fixed : unsigned short { FIXED = 60000 };
enum large { LARGE = 0x123456789LL };
enum plain { PLAIN = 1 };
typedef enum { NEGATIVE = -1 } negative;
typedef int row[4];
typedef int grid[3][4];
typedef __int128 huge;
typedef const char *text;
typedef int vector __attribute__((vector_size(16)));
typedef short first_name;
typedef first_name second_name;
typedef const second_name third_name;
struct holder { int *p; };
typedef int (*table[2])(int);
"""

PRELUDE_PYTHON = """
import ctypes
from ctypes import *
from typing import Annotated
from pyexample import ffi

@ffi.struct
class typed(Structure):
    x: Annotated[int, c_int]
    y: Annotated[int, c_int]

class point(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]
class wide(Structure):
    _fields_ = [("a", c_longlong), ("b", c_longlong), ("c", c_longlong)]
class number(Union):
    _fields_ = [("i", c_int), ("f", c_float)]
class real(Union):
    _fields_ = [("d", c_double), ("l", c_longlong)]
class packed(Structure):
    _pack_ = 1
    _fields_ = [("a", c_char), ("b", c_int)]
class marks(Structure):
    _fields_ = [("a", c_uint, 3), ("b", c_uint, 3), ("c", c_uint, 3), ("d", c_double)]
class secret(Structure):
    pass
class String(Union):
    _fields_ = [("raw", POINTER(c_char)), ("data", c_char_p)]
class holder(Structure):
    _fields_ = [("p", POINTER(c_int))]
class TwoFloats(Structure):
    _fields_ = [("x", c_float), ("y", c_float)]
class TwoDoubles(Structure):
    _fields_ = [("x", c_double), ("y", c_double)]
class Item(Structure):
    _anonymous_ = ["u"]
    _fields_ = [("u", number), ("k", c_int)]
class Four(c_int * 4):
    pass
class FourShort(c_short * 4):
    pass
class Celsius(c_double):
    pass
class IntOrDouble(Union):
    _fields_ = [("i", c_int), ("d", c_double)]
def Bits(*widths):
    fields = [(name, c_uint, width) for name, width in zip("ab", widths)]
    return type(NAME, (Structure,), {"_fields_": fields})
def BitsOrInt(**widths):
    bits = [(name, c_uint, width) for name, width in widths.items()]
    bits = type(NAME, (Structure,), {"_fields_": bits})
    return type(NAME, (Union,), {"_anonymous_": ["v"], "_fields_": [("v", bits), ("i", c_int)]})
class Converts:
    @classmethod
    def from_param(cls, value):
        return value
class Text(c_char_p):
    @classmethod
    def from_param(cls, value):
        return cls(value)

lib = CDLL(LIBRARY)
"""

FUNCTIONS = r"""
# Integers and floats
size_t f(size_t n) { return n; } | c_size_t; c_size_t | c_size_t; c_uint32 | f(2**32 + 5) | 2**32 + 5 | 5
size_t f(size_t n) { return n; } | c_size_t; c_size_t | c_int; c_size_t | f(2**32 + 5) | 2**32 + 5 | 5
int64_t f(int64_t n) { return n; } | c_int64; c_int64 | c_int64; c_int | f(-2**40) | -2**40 | 0
uintptr_t f(uintptr_t n) { return n / 2; } | c_size_t; c_size_t | c_uint; c_size_t | f(2**40) | 2**39 | 0
ptrdiff_t f(ptrdiff_t n) { return n; } | c_ssize_t; c_ssize_t | c_ssize_t; c_int | f(2**33) | 2**33 | 0
short f(short n) { return n; } | c_short; c_short | c_short; c_byte | f(300) | 300 | 44
short f(void) { return 300; } | c_short; | c_byte; | f() | 300 | 44
unsigned short f(void) { return 65535; } | c_ushort; | c_ubyte; | f() | 65535 | 255
bool f(bool b) { return b; } | c_bool; c_bool | c_bool; c_int | f(256) | True | False
double f(double d) { return d; } | c_double; c_double | c_double; c_float | f(1.0) | 1.0 | ?
float f(float d) { return d; } | c_float; c_float | c_float; c_double | f(1.0) | 1.0 | 0.0
double f(double d) { return d; } | c_double; c_double | c_float; c_double | f(1.0) | 1.0 | 0.0
double f(int n) { return n; } | c_double; c_int | c_int; c_int | f(5) | 5.0 | ?
int f(double d) { return (int)d; } | c_int; c_double | c_int; c_long | f(5) | 5 | ?
int f(float d) { return (int)d; } | c_int; c_float | c_int; c_int | f(5) | 5 | ?
long double f(void) { return 2; } | c_longdouble; | c_double; | f() | 2.0 | ?
int f(long double d) { return (int)d; } | c_int; c_longdouble | c_int; c_double | f(2) | 2 | ?
int f(int a, int b) { return a - b; } | c_int; c_int, c_int | c_int; c_int | f(7) if len(f.argtypes) == 1 else f(7, 2) | 5 | ?
int f(int a, int64_t b) { return b > 2147483647; } | c_int; c_int, c_int64 | c_int; c_int64, c_int | f(1, 2**32) | 1 | 0
# Enumerations of other sizes
int f(enum small e, enum small g) { return e; } | c_int; c_ubyte, c_ubyte | c_int; c_ushort, c_double | f(5, 6) if f.argtypes[1] is c_ubyte else f(261, 6) * 0 + sizeof(f.argtypes[0]) | 5 | 2
short f(enum small *e) { *e = 5; return 0; } | c_short; POINTER(c_ubyte) | c_int; POINTER(c_ubyte) | [sizeof(f.restype), f(byref(c_ubyte()))][0] | 2 | 4
int f(enum small *e) { return e[1]; } | c_int; POINTER(c_ubyte) | c_int; POINTER(c_int) | f((f.argtypes[0]._type_ * 2)(1, 2)) | 2 | 0
long long f(enum large e) { return e; } | c_longlong; c_longlong | c_longlong; c_int | f(2**33) | 2**33 | 0
enum large f(void) { return LARGE; } | c_longlong; | c_int; | f() | 0x123456789 | 0x23456789
int f(enum large *e) { return e[1] == LARGE; } | c_int; POINTER(c_int64) | c_int; POINTER(c_int) | f((f.argtypes[0]._type_ * 4)(0, 0x123456789)) | 1 | 0
int f(enum plain *e) { return e[1]; } | c_int; POINTER(c_int) | c_int; POINTER(c_short) | f((f.argtypes[0]._type_ * 4)(0, 1, 2, 3)) | 1 | 0x30002
int f(negative *e) { return e[1]; } | c_int; POINTER(c_int) | c_int; POINTER(c_long) | f((f.argtypes[0]._type_ * 2)(7, 7)) | 7 | 0 | Windows: right
negative f(void) { return NEGATIVE; } | c_int; | c_ushort; | f() | -1 | 65535
int f(enum fixed *e) { return e[1]; } | c_int; POINTER(c_ushort) | c_int; POINTER(c_int) | f((f.argtypes[0]._type_ * 2)(1, 2)) | 2 | 0
enum fixed f(void) { return FIXED; } | c_ushort; | c_ubyte; | f() | 60000 | 96
# Pointers
int f(int *p) { return p[1]; } | c_int; POINTER(c_int) | c_int; POINTER(c_longlong) | f((f.argtypes[0]._type_ * 2)(1, 2)) | 2 | 0
int f(int64_t *p) { return p[1] == 2; } | c_int; POINTER(c_int64) | c_int; POINTER(c_int32) | f((f.argtypes[0]._type_ * 4)(1, 2)) | 1 | 0
int f(float *p) { return p[0] == 2; } | c_int; POINTER(c_float) | c_int; POINTER(c_int) | f(byref(f.argtypes[0]._type_(2))) | 1 | 0
int f(double *p) { return p[0] == 2; } | c_int; POINTER(c_double) | c_int; POINTER(c_float) | f((f.argtypes[0]._type_ * 2)(2)) | 1 | 0
int f(size_t *p) { *p = 2; return 0; } | c_int; POINTER(c_size_t) | c_int; POINTER(c_uint) | [a := (f.argtypes[0]._type_ * 2)(9, 9), f(a), a[1]][2] | 9 | 0
int f(wchar_t *p) { return p[0]; } | c_int; c_wchar_p | c_int; c_char_p | f(b"abcd" if f.argtypes[0] is c_char_p else "a") | 97 | 0x64636261
const char *f(void) { return "abc"; } | c_char_p; | c_wchar_p; | f() | b"abc" | ?
int f(char **p) { return p[0][0]; } | c_int; POINTER(c_char_p) | c_int; POINTER(c_char) | f((c_char_p * 1)(b"a")) if f.argtypes[0]._type_ is c_char_p else -1 | 97 | -1
int f(int **p) { return **p; } | c_int; POINTER(POINTER(c_int)) | c_int; POINTER(c_int) | f(pointer(pointer(c_int(5)))) if f.argtypes[0]._type_ is not c_int else sizeof(f.argtypes[0]._type_) | 5 | 4
void *f(void *p) { return p; } | c_void_p; c_void_p | c_uint; c_void_p | f(2**40 + 1) | 2**40 + 1 | 1
void *f(void *p) { return p; } | c_void_p; c_void_p | c_void_p; c_uint | f(2**40 + 1) | 2**40 + 1 | 1
void *f(void *p) { return p; } | c_void_p; c_void_p | Converts; c_void_p | [f(2**40 + 1)][0] if f.restype is c_void_p else f.restype.__name__ | 2**40 + 1 | "Converts"
void *f(void *p) { return p; } | c_void_p; c_void_p | (lambda value: value); c_void_p | f(2**40 + 1) | 2**40 + 1 | 1
int f(const char *s, size_t n) { return s != 0 && n == 3; } | c_int; c_char_p, c_size_t | c_int; c_size_t, c_char_p | f(b"abc", 3) if f.argtypes[0] is c_char_p else f(3, b"abc") | 1 | 0
int f(void *s, uintptr_t n) { return s != 0 && n == 3; } | c_int; c_void_p, c_size_t | c_int; c_size_t, c_void_p | f(1, 3) if f.argtypes[0] is c_void_p else f(3, 1) | 1 | 0
int f(size_t n, int *p, int k) { return n == 3 && p != 0; } | c_int; c_size_t, POINTER(c_int), c_int | c_int; POINTER(c_int), c_size_t, c_int | f(3, byref(c_int()), 0) if f.argtypes[0] is c_size_t else f(byref(c_int()), 3, 0) | 1 | 0
int f(text s) { return s[0]; } | c_int; Text | c_int; c_int | f(b"a") if f.argtypes[0] is Text else -1 | 97 | -1
int f(int n) { return n; } | c_int; c_int | c_int; Text | f(97) if f.argtypes[0] is c_int else f(b"a") | 97 | ?
int f(char *s) { return s[0]; } | c_int; String | c_int; POINTER(String) | f(String(data=b"a")) if f.argtypes[0] is String else f(byref(String(data=b"a"))) | 97 | ?
int f(char **s) { return s[0][0]; } | c_int; POINTER(String) | c_int; String | f(byref(String(data=b"a"))) if f.argtypes[0] is not String else -1 | 97 | -1
int f(int n) { return n; } | c_int; c_int | c_int; String | f(97) if f.argtypes[0] is c_int else f(String(data=b"a")) | 97 | ?
# Arrays, and arrays of arrays
int f(row *p) { return p[1][0]; } | c_int; POINTER(c_int * 4) | c_int; POINTER(c_int * 3) | f((f.argtypes[0]._type_ * 3)((1,), (2,), (3,))) | 2 | 0
int f(int p[2][3]) { return p[1][0]; } | c_int; POINTER(c_int * 3) | c_int; POINTER(c_int * 2) | f((f.argtypes[0]._type_ * 4)((1,), (2,), (3,))) | 2 | 0
int f(grid *p) { return (*p)[1][0]; } | c_int; POINTER(c_int * 4 * 3) | c_int; POINTER(c_int * 3 * 4) | (lambda a: [a[1].__setitem__(0, 7), f(byref(a))][1])(f.argtypes[0]._type_()) | 7 | 0
int f(row *p) { return p[0][1]; } | c_int; POINTER(c_int) | c_int; POINTER(c_short) | f((f.argtypes[0]._type_ * 8)(0, 5)) | 5 | 0
int f(long long p[2]) { return p[1] == 2; } | c_int; c_longlong * 2 | c_int; c_int * 2 | f(f.argtypes[0](1, 2)) | 1 | 0
int f(double p[2]) { return p[0] == 1; } | c_int; c_double * 2 | c_int; c_longlong * 2 | f(f.argtypes[0](1, 2)) | 1 | 0
int f(char p[2][4]) { return p[1][0]; } | c_int; c_char * 4 * 2 | c_int; c_short * 4 | f(f.argtypes[0](*([b"a"] * 0))) if f.argtypes[0]._length_ == 4 and f.argtypes[0]._type_ is not c_short else f((c_short * 4)(0, 0, 7)) + (0 if f.argtypes[0]._type_ is c_short else 0) if f.argtypes[0]._type_ is c_short else 0 | 0 | 7
# Complex numbers and large ones
double f(double _Complex z) { return __real__ z; } | - | c_double; c_longlong | f(2.0, 0.0) if len(f.argtypes) == 2 else f(2) | 2.0 | ?
double f(double _Complex *z) { return __imag__ *z; } | c_double; c_void_p | c_double; POINTER(c_float) | f((c_double * 2)(1, 2) if f.argtypes[0] is c_void_p else (c_float * 4)(1, 2)) | 2.0 | 0.0
float f(float _Complex *z) { return __imag__ *z; } | c_float; c_void_p | c_float; POINTER(c_int) | f((c_float * 2)(1, 2) if f.argtypes[0] is c_void_p else (c_int * 2)(1, 2)) | 2.0 | ?
int f(huge n) { return n == 5; } | - | c_int; c_int | f(5, 0) if len(f.argtypes) == 2 else f(5) | 1 | ?
huge f(void) { return (huge)5 << 64; } | - | c_longlong; | None if f.restype is None else f() | None | 0
int f(huge *n) { return n[1] == 5; } | c_int; c_void_p | c_int; POINTER(c_longlong) | f((c_longlong * 4)(0, 0, 5) if f.argtypes[0] is c_void_p else (c_longlong * 4)(0, 5)) | 1 | 0
# Structs and unions by value
int f(struct point p) { return p.y; } | c_int; point | c_int; secret | f(point(1, 2)) if f.argtypes[0] is point else f(secret()) | 2 | ?
int f(struct point p) { return p.y; } | c_int; point | c_int; POINTER(point) | f(point(1, 2)) if f.argtypes[0] is point else f(byref(point(1, 2))) | 2 | ?
int f(struct point *p) { return p == 0; } | c_int; POINTER(point) | c_int; point | f(None) if f.argtypes[0] is not point else f(point(1, 2)) | 1 | 0
int f(struct wide w) { return w.c == 3; } | c_int; wide | c_int; POINTER(wide) | f(wide(1, 2, 3)) if f.argtypes[0] is wide else f(byref(wide(1, 2, 3))) | 1 | 0
int f(union real r) { return r.l == 5; } | - | c_int; real | f(5) if f.argtypes[0] is c_longlong else f(real(l=5)) | 1 | 0 | Windows: right
double f(union real r) { return r.d; } | - | c_double; real | f(0x4000000000000000) if f.argtypes[0] is c_longlong else f(real(d=2)) | 2.0 | ? | Windows: right
union real f(void) { union real r; r.l = 5; return r; } | - | real; | f() if f.restype is c_longlong else f().l | 5 | ? | Windows: right
int f(struct packed p) { return p.b; } | - | c_int; packed | 7 if f.argtypes[0] is not packed else f(packed(b"a", 7)) | 7 | ? | Windows: right
double f(struct marks m) { return m.d; } | - | c_double; marks | 2.0 if f.argtypes[0] is not marks else f(marks(1, 2, 3, 2.0)) | 2.0 | ? | Windows: right
struct point f(void) { struct point p = {1, 2}; return p; } | point; | c_int; | f().y if f.restype is point else f() | 2 | 1
struct wide f(int n) { struct wide w = {n, n, n}; return w; } | wide; c_int | c_void_p; c_int | f(3).c if f.restype is wide else -1 | 3 | -1
struct point f(void) { struct point p = {1, 2}; return p; } | point; | secret; | f().y if f.restype is point else -1 | 2 | -1
# Function pointers in every place
int f(int (*g)(int)) { return g(7); } | c_int; CFUNCTYPE(c_int, c_int) | c_int; CFUNCTYPE(None, c_int) | f(f.argtypes[0](lambda n: n)) | 7 | ?
int f(function_of_int *g) { return g(7); } | c_int; CFUNCTYPE(c_int, c_int) | c_int; CFUNCTYPE(c_int, c_double) | f(f.argtypes[0](lambda n: int(n))) | 7 | ?
int f(function_of_int g) { return g(7); } | c_int; CFUNCTYPE(c_int, c_int) | c_int; CFUNCTYPE(c_double, c_int) | f(f.argtypes[0](lambda n: n)) | 7 | ?
int f(pointer_to_function g) { return g(7); } | c_int; CFUNCTYPE(c_int, c_int) | c_int; CFUNCTYPE(c_int) | f(f.argtypes[0](lambda *n: sum(n))) | 7 | 0
int f(pointer_to_function *g) { return (*g)(7); } | c_int; POINTER(CFUNCTYPE(c_int, c_int)) | c_int; POINTER(CFUNCTYPE(None, c_int)) | [g := f.argtypes[0]._type_(lambda n: n), f(byref(g))][1] | 7 | ?
long long f(long long (*g)(long long)) { return g(1LL << 40); } | c_longlong; CFUNCTYPE(c_longlong, c_longlong) | c_longlong; CFUNCTYPE(c_longlong, c_int) | f(f.argtypes[0](lambda n: n)) | 2**40 | 0
long long f(long long (*g)(void)) { return g(); } | c_longlong; CFUNCTYPE(c_longlong) | c_longlong; CFUNCTYPE(c_int) | f(f.argtypes[0](lambda: 2**40 + 1)) | 2**40 + 1 | 1
double f(double (*g)(double)) { return g(2); } | c_double; CFUNCTYPE(c_double, c_double) | c_double; CFUNCTYPE(c_double, c_float) | f(f.argtypes[0](lambda n: n)) | 2.0 | 0.0
double f(double (*g)(void)) { return g(); } | c_double; CFUNCTYPE(c_double) | c_double; CFUNCTYPE(c_float) | f(f.argtypes[0](lambda: 2.0)) | 2.0 | ?
void *f(void *(*g)(size_t)) { return g(5); } | c_void_p; CFUNCTYPE(c_void_p, c_size_t) | c_void_p; CFUNCTYPE(c_int, c_size_t) | f(f.argtypes[0](lambda n: 2**40 + n)) | 2**40 + 5 | 5
int f(int (*g)(struct point)) { struct point p = {1, 2}; return g(p); } | c_int; CFUNCTYPE(c_int, point) | c_int; CFUNCTYPE(c_int, c_int) | f(f.argtypes[0](lambda p: getattr(p, "y", p))) | 2 | 1
int f(int (*g)(struct point *)) { struct point p = {1, 2}; return g(&p); } | c_int; CFUNCTYPE(c_int, POINTER(point)) | c_int; CFUNCTYPE(c_int, POINTER(wide)) | f(f.argtypes[0](lambda p: sizeof(type(p[0])))) | 8 | 24
int f(int (*g)(int, int)) { return g(1, 2); } | c_int; CFUNCTYPE(c_int, c_int, c_int) | c_int; CFUNCTYPE(c_int, c_int) | f(f.argtypes[0](lambda *n: n[-1])) | 2 | 1
int f(int (*g)(int (*)(int))) { return g != 0; } | c_int; CFUNCTYPE(c_int, CFUNCTYPE(c_int, c_int)) | c_int; CFUNCTYPE(c_int, CFUNCTYPE(c_int, c_double)) | len(f.argtypes[0]._argtypes_[0]._argtypes_) if f.argtypes[0]._argtypes_[0]._argtypes_[0] is c_int else f(f.argtypes[0]()) | 1 | 0
pointer_to_function f(void) { return (pointer_to_function)0; } | CFUNCTYPE(c_int, c_int); | CFUNCTYPE(c_int, c_double); | f.restype._argtypes_[0].__name__ | "c_int" | "c_double"
int (*f(int n))(int) { return (int (*)(int))0; } | CFUNCTYPE(c_int, c_int); c_int | CFUNCTYPE(c_int, c_int); c_int, c_int | len(f.argtypes) | 1 | 2
int f(int (*g[2])(int)) { return g[1](7); } | c_int; POINTER(CFUNCTYPE(c_int, c_int)) | c_int; CFUNCTYPE(c_int, c_int) | f((f.argtypes[0]._type_ * 2)(*[f.argtypes[0]._type_(lambda n: n)] * 2)) if hasattr(f.argtypes[0], "_type_") else len(f.argtypes[0]._argtypes_) | 7 | 1
int f(void (*g)(double, int)) { return 0; } | c_int; CFUNCTYPE(None, c_double, c_int) | c_int; CFUNCTYPE(None, c_int, c_double) | f.argtypes[0]._argtypes_[0].__name__ | "c_double" | "c_int"
int f(const char *(*g)(void)) { return g()[0]; } | c_int; CFUNCTYPE(c_char_p) | c_int; CFUNCTYPE(c_uint) | (97 if f.argtypes[0]._restype_ is c_char_p else sizeof(f.argtypes[0]._restype_)) | 97 | 4
int f(bool (*g)(void)) { return g(); } | c_int; CFUNCTYPE(c_bool) | c_int; CFUNCTYPE(None) | f(f.argtypes[0](lambda: False)) if f.argtypes[0]._restype_ else -1 | 0 | -1
int f(struct point (*g)(void)) { return g().y; } | c_int; CFUNCTYPE(point) | c_int; CFUNCTYPE(c_int) | f(f.argtypes[0](lambda: 1)) if f.argtypes[0]._restype_ is c_int else 2 | 2 | ?
# Variadic functions
double f(int n, ...) { va_list l; double d; va_start(l, n); d = va_arg(l, double); va_end(l); return d; } | - | c_double; c_int, c_float | f(1, 2.0) | 2.0 | ?
double f(const char *s, ...) { va_list l; double d; va_start(l, s); d = va_arg(l, int); d += va_arg(l, double); va_end(l); return d; } | - | c_double; c_char_p, c_int, c_float | f(b"", 1, 2.0) | 3.0 | 1.0
int f(const char *s, int n, ...) { return n; } | c_int; c_char_p, c_int | c_int; c_char_p | f(b"", 7) if len(f.argtypes) == 2 else f(b"") | 7 | ?
# Vectors, qualifiers, names of names, attributes
int f(vector v) { return v[1]; } | - | c_int; c_int | 2 if f.argtypes[0] is not c_int else f(5) | 2 | ?
vector f(void) { vector v = {1, 2, 3, 4}; return v; } | - | c_longlong; | f() | 2 | ?
int f(vector *v) { return (*v)[1]; } | c_int; c_void_p | c_int; POINTER(c_double) | f((c_int * 8)(1, 2) if f.argtypes[0] is c_void_p else (c_double * 4)(1, 2)) | 2 | 0x3ff00000
int f(const volatile int *const *__restrict p) { return **p; } | c_int; POINTER(POINTER(c_int)) | c_int; POINTER(POINTER(c_short)) | f(byref(pointer(f.argtypes[0]._type_._type_()))) + sizeof(f.argtypes[0]._type_._type_) | 4 | 2
third_name f(void) { return 300; } | c_short; | c_byte; | f() | 300 | 44
int f(third_name *p) { return p[1]; } | c_int; POINTER(c_short) | c_int; POINTER(c_int) | f((f.argtypes[0]._type_ * 4)(1, 2)) | 2 | 0
__attribute__((const, warn_unused_result)) int64_t f(int64_t n) { return n; } | c_int64; c_int64 | c_int64; c_int32 | f(2**40) | 2**40 | 0
extern __inline__ __attribute__((gnu_inline)) int64_t f(int64_t n); int64_t f(int64_t n) { return n; } | c_int64; c_int64 | c_int; c_int64 | f(2**40 + 1) | 2**40 + 1 | 1
const char *const *f(void) { static const char *const a[] = {"abc", 0}; return a; } | POINTER(c_char_p); | c_char_p; | f()[0] if f.restype is not c_char_p else f() | b"abc" | ?
# Wide characters, time, lists of arguments
int f(wchar_t c) { return c > 255; } | c_int; c_wchar | c_int; c_ubyte | f(chr(0x141)) if f.argtypes[0] is c_wchar else f(0x141) | 1 | 0
int f(const wchar_t *s) { return s[1]; } | c_int; c_wchar_p | c_int; POINTER(c_ushort) | f("ab") if f.argtypes[0] is c_wchar_p else f((c_ushort * 4)(97, 98)) | 98 | 0 | Windows: right
int f(const uint16_t *s) { return s[1]; } | c_int; POINTER(c_uint16) | c_int; c_wchar_p | f("ab") if f.argtypes[0] is c_wchar_p else f((c_uint16 * 2)(97, 98)) | 98 | 0 | Windows: right
int f(wchar_t **p) { return p[0][1]; } | c_int; POINTER(c_wchar_p) | c_int; POINTER(c_char_p) | f(byref(c_wchar_p("ab") if f.argtypes[0]._type_ is c_wchar_p else c_char_p(b"abcdefgh"))) | 98 | 0x68676665
int f(int n, long double d) { return (int)d; } | c_int; c_int, c_longdouble | c_int; c_int, c_double | f(0, 2) | 2 | ?
int f(long double *d) { return d[1] == 2; } | c_int; POINTER(c_longdouble) | c_int; POINTER(c_double) | f((f.argtypes[0]._type_ * 4)(1, 2)) | 1 | 0
int f(const char *s, va_list l) { return l != 0; } | c_int; c_char_p, c_void_p | c_int; c_char_p, c_int | f(b"", 2**40) if f.argtypes[1] is c_void_p else f(b"", 2**40) | 1 | 0
int f(const char *s, va_list l) { return 2; } | c_int; c_char_p, c_void_p | c_int; c_char_p | len(f.argtypes) | 2 | 1
# Arrays as parameters, and classes of arrays
int f(int p[4]) { return p[1]; } | c_int; Four | c_int; FourShort | f(f.argtypes[0](0, 5)) | 5 | 0
int f(int (*p)[4]) { return (*p)[1]; } | c_int; POINTER(Four) | c_int; POINTER(POINTER(c_int)) | sizeof(f.argtypes[0]._type_) | 16 | 8
int f(struct point *p[2]) { return p[1]->y; } | c_int; POINTER(POINTER(point)) | c_int; POINTER(point) | f((POINTER(point) * 2)(None, pointer(point(1, 2)))) if f.argtypes[0]._type_ is not point else 0 | 2 | 0
int f(const char *names[2]) { return names[1][0]; } | c_int; POINTER(c_char_p) | c_int; POINTER(c_wchar_p) | f((f.argtypes[0]._type_ * 2)(*([b"a", b"b"] if f.argtypes[0]._type_ is c_char_p else ["\u0100", "\u0200"]))) | 98 | 0
double f(double v[2]) { return v[1]; } | c_double; POINTER(TwoDoubles) | c_double; POINTER(TwoFloats) | f((f.argtypes[0]._type_ * 2)((1, 2))) | 2.0 | 0.0
int f(double v[2]) { return v[1] == 2; } | c_int; c_double * 2 | c_int; TwoDoubles | f((c_double * 2)(1, 2)) if f.argtypes[0] is not TwoDoubles else sizeof(f.argtypes[0]) | 1 | 16
# One pointer, one number
int f(struct holder h) { return h.p != 0; } | c_int; holder | c_int; POINTER(holder) | f(holder()) if f.argtypes[0] is holder else f(byref(holder())) | 0 | 1
int f(struct holder *h) { return h->p != 0; } | c_int; POINTER(holder) | c_int; holder | f(byref(holder())) if f.argtypes[0] is not holder else sizeof(f.argtypes[0]) | 0 | 8
int f(struct holder h) { return *h.p; } | c_int; POINTER(c_int) | c_int; c_uint | f(byref(c_int(5))) if f.argtypes[0] is not c_uint else sizeof(c_uint) | 5 | 4
struct holder f(void) { struct holder h = {0}; return h; } | holder; | POINTER(holder); | bool(f().p) if f.restype is holder else 1 | False | 1
int f(int n) { return n; } | c_int; c_int | c_int; c_bool | f(256) | 256 | 1
int f(bool *b) { return b[1]; } | c_int; POINTER(c_bool) | c_int; POINTER(c_int) | f((f.argtypes[0]._type_ * 4)(0, 1)) | 1 | 0
int f(int n) { return n; } | c_int; c_int | c_int; py_object | f(5) | 5 | ?
const char *f(void) { return "abc"; } | c_char_p; | py_object; | f() if f.restype is c_char_p else f.restype.__name__ | b"abc" | "py_object"
int f(int n) { return n; } | c_int; c_int | c_int.__ctype_be__; c_int | f(1) | 1 | 1 << 24
double f(double d) { return d; } | c_double; Celsius | c_double.__ctype_be__; Celsius | f(f.argtypes[0](1.0)) | 1.0 | ?
float f(float d) { return d; } | c_float; c_float | c_float; Celsius | f(f.argtypes[0](1.0)) | 1.0 | 0.0
char f(void) { return 'a'; } | c_char; | c_int; | f() | b"a" | 97
int f(time_t *t) { t[0] = 1; return 0; } | c_int; POINTER(c_longlong) | c_int; POINTER(c_int) | [a := (f.argtypes[0]._type_ * 2)(0, 9), f(a), a[1]][2] | 9 | 0
# Callbacks in callbacks
int f(int (*g)(void (*)(double), int)) { return 0; } | c_int; CFUNCTYPE(c_int, CFUNCTYPE(None, c_double), c_int) | c_int; CFUNCTYPE(c_int, CFUNCTYPE(None, c_float), c_int) | f.argtypes[0]._argtypes_[0]._argtypes_[0].__name__ | "c_double" | "c_float"
int f(int (*(*g)(int))(double)) { return 0; } | c_int; CFUNCTYPE(c_void_p, c_int) | c_int; CFUNCTYPE(c_uint, c_int) | sizeof(f.argtypes[0]._restype_) | 8 | 4
int f(int (*g)(struct wide)) { struct wide w = {1, 2, 3}; return g(w); } | c_int; CFUNCTYPE(c_int, wide) | c_int; CFUNCTYPE(c_int, POINTER(wide)) | f(f.argtypes[0](lambda w: w.c)) if f.argtypes[0]._argtypes_[0] is wide else 0 | 3 | 0
int f(int (*g)(void)) { return g(); } | c_int; CFUNCTYPE(c_int) | c_int; CFUNCTYPE(c_bool) | f(f.argtypes[0](lambda: 256)) | 256 | 1
int f(int (*g)(void *)) { return g((void *)(1ULL << 40)); } | c_int; CFUNCTYPE(c_int, c_void_p) | c_int; CFUNCTYPE(c_int, c_uint) | f(f.argtypes[0](lambda p: bool(p))) | 1 | 0
int f(int (**g)(int)) { return g[1](7); } | c_int; POINTER(CFUNCTYPE(c_int, c_int)) | c_int; POINTER(CFUNCTYPE(c_int, c_double)) | f((f.argtypes[0]._type_ * 2)(*[f.argtypes[0]._type_(lambda n: int(n))] * 2)) | 7 | ?
int f(table *t) { return (*t)[1](7); } | c_int; POINTER(CFUNCTYPE(c_int, c_int) * 2) | c_int; POINTER(CFUNCTYPE(c_int, c_int) * 3) | sizeof(f.argtypes[0]._type_) | 16 | 24
int (*(*f(void))[2])(int) { return 0; } | c_void_p; | c_uint; | sizeof(f.restype) | 8 | 4
int f(void (*g)(const char *, ...)) { g("", 1.5); return 0; } | c_int; CFUNCTYPE(None, c_char_p) | c_int; CFUNCTYPE(None, c_char_p, c_float) | [a := [], f(f.argtypes[0](lambda *n: a.extend(n[1:]))), a][2] | [] | ?
int f(void (*g)(const char *, size_t)) { g("ab", 2); return 0; } | c_int; CFUNCTYPE(None, c_char_p, c_size_t) | c_int; CFUNCTYPE(None, c_size_t, c_char_p) | f.argtypes[0]._argtypes_[0].__name__ | "c_char_p" | "c_ulong"
# What is left out
void *f(void) { return (void *)(1ULL << 40); } | c_void_p; | ; | f() | 2**40 | 0
int64_t f(int64_t n) { return n; } | c_int64; c_int64 | c_int64 | f(2**40) if f.argtypes else f(2**40 % 2**32) | 2**40 | 0
double f(double d) { return d; } | c_double; c_double | c_double | f(2) | 2.0 | ?
void f(void) { } | None; | c_char_p; | f.restype and "a pointer" | None | "a pointer"
void f(void) { } | None; | POINTER(c_int); | f.restype and "a pointer" | None | "a pointer"
struct wide f(void) { struct wide w = {1, 2, 3}; return w; } | wide; | None; | f.restype and f().c | 3 | None
"""

STRUCTS = r"""
# Bit-fields: gaps, ends of units, alignment, and those within anonymous members
struct s { unsigned a : 3; unsigned : 5; unsigned b : 8; }; | p->b | ("a", c_uint, 3), ("_", c_uint, 5), ("b", c_uint, 8) | ("a", c_uint, 3), ("b", c_uint, 8) | b=255 | 255 | 7
struct s { unsigned a : 3; unsigned : 0; unsigned b : 8; }; | p->b | ("a", c_uint, 3), ("_", c_uint, 29), ("b", c_uint, 8) | ("a", c_uint, 3), ("b", c_uint, 8) | b=255 | 255 | 0
struct s { unsigned char a : 3; unsigned char : 0; unsigned char b : 3; short c; }; | p->b | ("a", c_ubyte, 3), ("_", c_ubyte, 5), ("b", c_ubyte, 3), ("c", c_short) | ("a", c_ubyte, 3), ("b", c_ubyte, 3), ("c", c_short) | b=7 | 7 | 0
struct s { unsigned a : 3; unsigned b : 8 __attribute__((aligned(4))); }; | p->b | ("a", c_uint, 3), ("_", c_uint, 29), ("b", c_uint, 8) | ("a", c_uint, 3), ("b", c_uint, 8) | b=255 | 255 | 0 | Windows: right
struct s { unsigned a : 3; unsigned b : 5; unsigned c : 8; }; | p->c | ("a", c_uint, 3), ("b", c_uint, 5), ("c", c_uint, 8) | ("a", c_uint, 3), ("c", c_uint, 8), ("b", c_uint, 5) | c=0xe0 | 0xe0 | 7
struct s { unsigned a : 3; unsigned b : 5; unsigned c : 8; }; | p->b | ("a", c_uint, 3), ("b", c_uint, 5), ("c", c_uint, 8) | ("b", c_uint, 5), ("a", c_uint, 3), ("c", c_uint, 8) | b=31 | 31 | 3
struct s { unsigned a : 3; unsigned b : 5; }; | p->b | typed a: Annotated[int, c_uint, ffi.Bits(3)] & b: Annotated[int, c_uint, ffi.Bits(5)] | typed a: Annotated[int, c_uint, ffi.Bits(5)] & b: Annotated[int, c_uint, ffi.Bits(3)] | b=7 | 7 | 28
struct s { int a[3]; int b; }; | p->b | typed a: Annotated[ffi.Array[int], c_int * 3] & b: Annotated[int, c_int] | typed a: Annotated[ffi.Array[int], c_int * 2] & b: Annotated[int, c_int] | b=7 | 7 | ?
struct s { struct { int x; int y; }; int b; }; | p->y | typed u: Annotated[typed, typed, ffi.Anonymous] & b: Annotated[int, c_int] | typed u: Annotated[int, c_longlong] & b: Annotated[int, c_int] | **({"y": 7} if "y" in dir(s) else {"u": 8 << 32}) | 7 | 8
struct s { struct { unsigned a : 3; unsigned b : 5; }; int i; }; | p->b | ("u", Bits(3, 5)), ("i", c_int); _anonymous_ = ["u"] | ("u", Bits(5, 3)), ("i", c_int); _anonymous_ = ["u"] | b=7 | 7 | 28
struct s { union { struct { unsigned a : 3; unsigned : 5; unsigned b : 8; }; int i; }; }; | p->b | ("u", BitsOrInt(a=3, _=5, b=8)); _anonymous_ = ["u"] | ("u", BitsOrInt(a=3, b=8)); _anonymous_ = ["u"] | b=255 | 255 | 7
struct s { int i; struct { unsigned a : 4; unsigned b : 4; }; }; | p->b | ("i", c_int), ("a", c_uint, 4), ("b", c_uint, 4) | ("i", c_int), ("b", c_uint, 4), ("a", c_uint, 4) | b=15 | 15 | 0
struct s { unsigned a : 3; struct { int x; }; unsigned b : 3; }; | p->b | ("a", c_uint, 3), ("x", c_int), ("b", c_uint, 3) | ("a", c_uint, 3), ("x", c_int), ("_", c_uint, 1), ("b", c_uint, 3) | b=7 | 7 | 6
union s { struct { unsigned a : 4; unsigned b : 4; } in; int i; }; | p->in.b | union ("in_", Bits(4, 4)), ("i", c_int) | union ("in_", Bits(3, 5)), ("i", c_int) | in_=s._fields_[0][1](b=15) | 15 | 7
struct s { struct { unsigned a : 4; unsigned b : 4; } in; }; | p->in.b | ("in_", Bits(4, 4)) | ("in_", Bits(2, 4)) | in_=s._fields_[0][1](b=15) | 15 | 3
struct s { unsigned long long a : 40; unsigned long long b : 24; }; | p->b | ("a", c_ulonglong, 40), ("b", c_ulonglong, 24) | ("a", c_ulonglong, 24), ("b", c_ulonglong, 40) | b=1 | 1 | 0
struct s { unsigned a : 20; unsigned b : 20; }; | p->b | ("a", c_uint, 20), ("b", c_uint, 20) | ("a", c_ulonglong, 20), ("b", c_ulonglong, 20) | b=1 | 1 | 0
struct s { bool a : 1; bool b : 1; }; | p->b | ("a", c_ubyte, 1), ("b", c_ubyte, 1) | ("a", c_bool), ("b", c_bool) | b=True | 1 | 0
struct s { int a : 3; int b : 5; }; | p->b | ("a", c_int, 3), ("b", c_int, 5) | ("a", c_int, 4), ("b", c_int, 4) | b=1 | 1 | 2
struct s { enum plain a : 2; enum plain b : 2; }; | p->b | ("a", c_uint, 2), ("b", c_uint, 2) | ("a", c_uint, 1), ("b", c_uint, 2) | b=1 | 1 | 0
struct s { char c; unsigned a : 8; }; | p->a | - | ("c", c_int), ("a", c_uint, 8) | a=255 | 255 | 0
struct s { unsigned short a : 4; unsigned short b : 12; } __attribute__((packed)); | p->b | - | ("a", c_ushort, 12), ("b", c_ushort, 4) | b=1 | 1 | 0x100
# Packed and aligned
struct s { char a; int b; } __attribute__((packed)); | p->b | ("a", c_char), ("b", c_int); _pack_ = 1 | ("a", c_char), ("b", c_int) | b=5 | 5 | ?
struct s { char a; int b; }; | p->b | ("a", c_char), ("b", c_int) | ("a", c_char), ("b", c_int); _pack_ = 1 | b=5 | 5 | 0
struct s { char a; double b; } __attribute__((packed, aligned(4))); | p->b | - | ("a", c_char), ("b", c_double); _pack_ = 4 | b=5 | 5 | 0
struct s { char a; int b __attribute__((aligned(8))); }; | p->b | - | ("a", c_char), ("b", c_int) | b=5 | 5 | ?
struct s { char a; int b __attribute__((packed)); short c; }; | p->b | - | ("a", c_char), ("b", c_int), ("c", c_short) | b=5 | 5 | 5 << 24
struct s { int a; long long b; } __attribute__((packed)); | p->b | - | ("a", c_int), ("b", c_longlong) | b=5 | 5 | 5 << 32
# Arrays of arrays, of pointers, of functions, of no length
struct s { char name[16]; int z; }; | p->z | ("name", c_char * 16), ("z", c_int) | ("name", c_char_p), ("z", c_int) | z=5 | 5 | ?
struct s { short a[3]; short z; }; | p->z | ("a", c_short * 3), ("z", c_short) | ("a", c_short * 2), ("z", c_int) | z=5 | 5 | 0
struct s { int (*g[2])(int); int z; }; | p->z | ("g", CFUNCTYPE(c_int, c_int) * 2), ("z", c_int) | ("g", CFUNCTYPE(c_int, c_int)), ("z", c_int) | z=5 | 5 | ?
struct s { int n; char data[0]; int *q; }; | p->q == 0 | ("n", c_int), ("data", c_char * 0), ("q", c_void_p) | ("n", c_int), ("data", c_char * 8), ("q", c_void_p) | data=b"12345678" if sizeof(s) > 16 else b"" | 1 | 0
struct s { struct point at[2]; int z; }; | p->z | ("at", point * 2), ("z", c_int) | ("at", point), ("z", c_int) | z=5 | 5 | ?
struct s { void *a[2]; int z; }; | p->z | ("a", c_void_p * 2), ("z", c_int) | ("a", c_int * 2), ("z", c_int) | z=5 | 5 | ?
struct s { wchar_t a[4]; int z; }; | p->z | ("a", c_wchar * 4), ("z", c_int) | ("a", c_char * 4), ("z", c_int) | z=5 | 5 | ?
# Members of every kind
struct s { int a; int b; }; | p->b | ("a", c_int), ("b", c_int) | ("b", c_int), ("a", c_int) | b=5 | 5 | 0
struct s { short a; int b; }; | p->a | ("a", c_short), ("b", c_int) | ("a", c_int), ("b", c_int) | a=70000 % 65536 if s.a.size == 2 else 65536 | 4464 | 0
struct s { float a; }; | p->a | ("a", c_float) | ("a", c_int) | a=1 | 1 | 0
struct s { int a; }; | p->a | ("a", c_int) | ("a", c_float) | a=1 | 1 | 0x3f800000
struct s { double a; int z; }; | p->z | ("a", c_double), ("z", c_int) | ("a", c_float), ("z", c_int) | z=5 | 5 | ?
struct s { long double a; int z; }; | p->z | ("a", c_longdouble), ("z", c_int) | ("a", c_double), ("z", c_int) | z=5 | 5 | ?
struct s { _Bool a; _Bool b; int c; }; | p->b | ("a", c_bool), ("b", c_bool), ("c", c_int) | ("a", c_ushort), ("b", c_bool), ("c", c_int) | b=True | 1 | 0
struct s { enum small e; enum small g; }; | p->g | ("e", c_ubyte), ("g", c_ubyte) | ("e", c_int), ("g", c_int) | g=5 | 5 | 0
struct s { enum large e; int z; }; | p->z | ("e", c_longlong), ("z", c_int) | ("e", c_int), ("z", c_int) | z=5 | 5 | ?
struct s { size_t n; int z; }; | p->z | ("n", c_size_t), ("z", c_int) | ("n", c_uint), ("z", c_int) | z=5 | 5 | ?
struct s { struct wide w; int z; }; | p->z | ("w", wide), ("z", c_int) | ("w", POINTER(wide)), ("z", c_int) | z=5 | 5 | ?
struct s { struct point *at; int z; }; | p->at == 0 | ("at", POINTER(point)), ("z", c_int) | ("at", point), ("z", c_int) | at=point(1, 2) if s.at.size == 8 and s._fields_[0][1] is point else None | 1 | 0
struct s { union number n; int z; }; | p->z | ("n", number), ("z", c_int) | ("n", c_double), ("z", c_int) | z=5 | 5 | ?
struct s { union { int i; double d; }; int z; }; | p->z | ("u", IntOrDouble), ("z", c_int); _anonymous_ = ["u"] | ("i", c_int), ("z", c_int) | z=5 | 5 | ?
struct s { union { int i; float f; } u; int z; }; | p->u.i | ("u", number), ("z", c_int) | ("u", c_float), ("z", c_int) | u=number(i=1) if s._fields_[0][1] is number else 1 | 1 | 0x3f800000
struct s { int (*g)(int); int z; }; | p->g(7) | ("g", CFUNCTYPE(c_int, c_int)), ("z", c_int) | ("g", CFUNCTYPE(c_double, c_int)), ("z", c_int) | g=s._fields_[0][1](lambda n: n) | 7 | ?
struct s { int (*g)(int); }; | p->g(7) | ("g", CFUNCTYPE(c_int, c_int)) | ("g", CFUNCTYPE(None, c_int)) | g=s._fields_[0][1](lambda n: n) | 7 | ?
struct s { function_of_int *g; }; | p->g(7) | ("g", CFUNCTYPE(c_int, c_int)) | ("g", CFUNCTYPE(c_int)) | g=s._fields_[0][1](lambda *n: sum(n)) | 7 | 0
struct s { void *(*g)(int); }; | (long long)p->g(7) | ("g", CFUNCTYPE(c_void_p, c_int)) | ("g", CFUNCTYPE(c_int, c_int)) | g=s._fields_[0][1](lambda n: 2**40 + n) | 2**40 + 7 | 7
struct s { int (*g)(double, int); }; | p->g(2, 7) | ("g", CFUNCTYPE(c_int, c_double, c_int)) | ("g", CFUNCTYPE(c_int, c_float, c_int)) | g=s._fields_[0][1](lambda d, n: int(d) + n) | 9 | 7
struct s { int (*(*g)(int))(double); int z; }; | p->z | ("g", CFUNCTYPE(CFUNCTYPE(c_int, c_double), c_int)), ("z", c_int) | ("g", CFUNCTYPE(CFUNCTYPE(c_int, c_double))), ("z", c_int) | z=len(s._fields_[0][1]._argtypes_) | 1 | 0
struct s { int (*g)(struct point *); }; | p->g(0) | ("g", CFUNCTYPE(c_int, POINTER(point))) | ("g", CFUNCTYPE(c_int, POINTER(wide))) | g=s._fields_[0][1](lambda q: sizeof(q._type_)) | 8 | 24
struct s { struct s *next; int z; }; | p->z | ("next", c_void_p), ("z", c_int) | ("next", c_uint), ("z", c_int) | z=5 | 5 | ?
struct s { const volatile int *const a; int z; }; | p->z | ("a", POINTER(c_int)), ("z", c_int) | ("a", c_short), ("z", c_int) | z=5 | 5 | ?
struct s { float _Complex z; int n; }; | p->n | - | ("re", c_double), ("im", c_double), ("n", c_int) | n=5 | 5 | ?
struct s { huge h; int n; }; | p->n | - | ("h", c_longlong), ("n", c_int) | n=5 | 5 | ?
struct s { va_list l; int n; }; | p->n | - | ("l", c_void_p), ("n", c_int) | n=5 | 5 | ? | Windows: right
struct s { struct { struct { int x; short y; } in; int z; } out; int w; }; | p->out.z | ("x", c_int), ("y", c_short), ("z", c_int), ("w", c_int) | ("x", c_int), ("y", c_short), ("_", c_short * 4), ("z", c_int), ("w", c_int) | z=5 | 5 | ?
# Bits of other types, packed by pragmas, anonymous members of items, no length
struct s { _Bool a : 1; _Bool b : 1; unsigned char c : 3; }; | p->c | ("a", c_ubyte, 1), ("b", c_ubyte, 1), ("c", c_ubyte, 3) | ("a", c_ubyte, 1), ("c", c_ubyte, 3) | c=5 | 5 | 2
struct s { enum plain a : 4; unsigned b : 4; }; | p->b | ("a", c_uint, 4), ("b", c_uint, 4) | ("a", c_int), ("b", c_uint, 4) | b=15 | 15 | 0
_Pragma("pack(push, 2)") struct s { char a; int b; }; _Pragma("pack(pop)") | p->b | ("a", c_char), ("b", c_int); _pack_ = 2 | ("a", c_char), ("b", c_int) | b=5 | 5 | 5 << 16
_Pragma("pack(push)") _Pragma("pack(1)") struct s { char a; double b; }; _Pragma("pack(pop)") | p->b | ("a", c_char), ("b", c_double); _pack_ = 1 | ("a", c_char), ("b", c_double); _pack_ = 4 | b=5 | 5 | 0
struct s { struct { union { int i; float f; }; int k; } at[2]; int z; }; | p->at[1].k | ("at", Item * 2), ("z", c_int) | ("at", number * 2), ("z", c_int) | z=5 if s.at.size == 8 else 0, at=(s._fields_[0][1])(*([(number(1), 7)] * 2 if s.at.size == 16 else [])) | 7 | ?
struct s { int n; short data[]; }; | p->data[0] | ("n", c_int), ("data", c_short * 1) | ("n", c_int), ("data", POINTER(c_short)) | data=(c_short * 1)(5) if s.data.size == 2 else pointer(c_short(5)) | 5 | 0
struct s { const char *const names[3]; int z; }; | p->z | ("names", c_char_p * 3), ("z", c_int) | ("names", c_char_p), ("z", c_int) | z=5 | 5 | ?
struct s { struct point at[2][3]; int z; }; | p->z | ("at", point * 3 * 2), ("z", c_int) | ("at", point * 3 * 3), ("z", c_int) | z=5 | 5 | 0
struct s { double a; long long b; }; | p->b | ("a", c_double), ("b", c_longlong) | ("b", c_longlong), ("a", c_double) | b=5 | 5 | 0
struct s { pointer_to_function g; function_of_int *h; }; | p->h(7) | ("g", CFUNCTYPE(c_int, c_int)), ("h", CFUNCTYPE(c_int, c_int)) | ("g", CFUNCTYPE(c_int, c_int)), ("h", CFUNCTYPE(c_int, c_longlong, c_int)) | h=s._fields_[1][1](lambda *n: len(n)) | 1 | 2
struct s { table t; int z; }; | p->z | ("t", CFUNCTYPE(c_int, c_int) * 2), ("z", c_int) | ("t", POINTER(CFUNCTYPE(c_int, c_int))), ("z", c_int) | z=5 | 5 | ?
struct s { double v[2]; int z; }; | p->v[1] | ("v", TwoDoubles), ("z", c_int) | ("v", TwoFloats), ("z", c_int) | v=s._fields_[0][1](1, 2) | 2 | 0
struct s { int a; int b; int c; }; | p->b | ("a", c_int), ("other", c_int), ("c", c_int) | ("a", c_int), ("other", c_short), ("c", c_int) | other=70000 if s.other.size == 4 else 4464 | 70000 | 4464
union s { int i; char c[4]; }; | p->i | union ("i", c_int), ("bytes", c_char * 4) | union ("i", c_int), ("bytes", c_char * 8) | i=sizeof(s) | 4 | 8
struct s { vector v; int z; }; | p->z | - | ("v", c_int * 2), ("z", c_int) | z=5 | 5 | ?
struct s { third_name a; short b; }; | p->b | ("a", c_short), ("b", c_short) | ("a", c_int), ("b", c_short) | b=5 | 5 | 0
struct s { struct holder h; int z; }; | p->z | ("h", c_void_p), ("z", c_int) | ("h", c_int), ("z", c_int) | z=5 | 5 | ?
struct s { char *(*g)(void); }; | p->g() != 0 | ("g", CFUNCTYPE(c_void_p)) | ("g", CFUNCTYPE(c_int)) | g=s._fields_[0][1](lambda: 2**40) | 1 | 0
struct s { long double a; long double b; }; | p->b | ("a", c_longdouble), ("b", c_longdouble) | ("a", c_double * 2), ("b", c_double * 2) | b=5 if s._fields_[0][1] is c_longdouble else (5, 0) | 5 | ?
struct s { struct { int x; int y; } in; int z; }; | p->in.y | ("x", c_int), ("y", c_int), ("z", c_int) | ("y", c_int), ("x", c_int), ("z", c_int) | y=5 | 5 | 0
"""

CONSTANTS = r"""
#define X 5 | 5 | 6
#define X (1 << 4) | 16 | 15
#define X 0x7fffffff | 0x7fffffff | 0x7ffffffe
#define X 0x100000000 | 2**32 | 0
#define X -1 | -1 | 1
#define X 'a' | 97 | 65
#define X "text" | - | 5
#define X L"text" | - | 5
#define X ("a" "b") | - | 2
#define X 1.5 | - | 1
#define X (sizeof(struct wide)) | 24 | 16
#define X (sizeof(long) == 8 ? 1 : 2) | 1 | 2 | Windows: right
#define X UINT64_MAX | 2**64 - 1 | 2**63 - 1
#define X (SMALL + 1) | 201 | 200
#define X (bool)2 | 1 | 2
enum { X = 7 }; | 7 | 8
enum { X = LARGE }; | 0x123456789 | 0x23456789
enum of_X { before_X, X, behind_X }; | 1 | 2
enum of_X { before_X = -5, X }; | -4 | 1
#define X (1u << 31) | 2**31 | 2**30
#define X 1e3 | 1000 | 1001
#define X sizeof(int[3]) | 12 | 3
#define X ((unsigned char)-1) | 255 | 65535
#define X ~0u | 2**32 - 1 | 2**31 - 1
#define X (7 % 4) | 3 | 4
#define X "\x41" | - | 65
enum of_X { a_X = 3, X = a_X * 2 }; | 6 | 5
static const int X = 3; | 3 | 4
static const unsigned long long X = 1ULL << 63; | 2**63 | 2**62
"""

ALONE = {
    "bool is a macro for int": (
        "#include <stdbool.h>\n#undef bool\n#define bool int\nbool f(bool b);",
        "bool f(bool b) { return b; }",
        "c_int; c_int", "c_int; c_bool",
        "f(256)", 256, 1,
    ),
    "size_t is a macro": (
        "#include <stddef.h>\n#define size_t unsigned short\nint f(size_t *n);",
        "int f(size_t *n) { return n[1]; }",
        "c_int; POINTER(c_ushort)", "c_int; POINTER(c_size_t)",
        "f((f.argtypes[0]._type_ * 2)(1, 2))", 2, 0,
    ),
    "int is a macro for long long": (
        "#define int long long\nint f(int n);",
        "int f(int n) { return n; }",
        "c_longlong; c_longlong", "c_int; c_int",
        "f(2**40) if f.argtypes[0] is c_longlong else f(0)", 2**40, 0,
    ),
    "double is a macro for float": (
        "#define double float\ndouble f(double d);",
        "double f(double d) { return d + 1; }",
        "c_float; c_float", "c_double; c_double",
        "f(2.0)", 3.0, "?",
    ),
    "unsigned is a macro for nothing": (
        "#define unsigned\nunsigned char f(unsigned char *p);",
        "unsigned char f(unsigned char *p) { return p[1]; }",
        "c_char; POINTER(c_char)", "c_char; POINTER(c_short)",
        "f((f.argtypes[0]._type_ * 2)())[:0]", b"", b"",
    ),
    "the function's name is a macro for another one's": (
        "int f(int n);\ndouble other(double d);\n#define f other",
        "#undef f\nint f(int n) { return n; }\ndouble other(double d) { return d; }",
        "c_int; c_int", "c_double; c_double",
        "f(7)", 7, "?",
    ),
    "words of the claims are macros": (
        "#define sizeof(x) 4\n#define static_assert(...)\n#define decltype(x) int\n"
        "#define constexpr\n#define template\n#define offsetof(a, b) 0\n#define const\n"
        "int f(short n);",
        "int f(short n) { return n; }",
        "c_int; c_short", "c_int; c_byte",
        "f(300)", 300, 44,
    ),
    "a header that is another one in C++": (
        "#ifdef __cplusplus\ntypedef int number;\n#else\ntypedef long long number;\n#endif\n"
        "number f(number n);",
        "number f(number n) { return n; }",
        "c_longlong; c_longlong", "c_int; c_int",
        "f(2**40) if f.argtypes[0] is c_longlong else f(0)", 2**40, 0,
    ),
    "a struct that has a member in C++ only": (
        "struct s {\n#ifdef __cplusplus\nint only;\n#endif\nint a; };\nint f(struct s *p);",
        "int f(struct s *p) { return p->a; }",
        'c_int; POINTER(type("s", (Structure,), {"_fields_": [("a", c_int)]}))', 'c_int; POINTER(type("s", (Structure,), {"_fields_": [("only", c_int), ("a", c_int)]}))',
        "f(byref(f.argtypes[0]._type_(a=5)))", 5, 0,
    ),
}  # fmt: skip
"""By what is unusual: the header, the C file, the right one and the wrong one, the expression,
and what that gives with each."""


@dataclass
class Row:
    """A row: its declarations as Python text for a module, its C as text for header and file.

    ``parts`` are its columns: the last two are what the right one gives, and the wrong one.
    """

    name: str
    parts: list[str]
    header: str
    source: str
    right: str
    wrong: str
    expression: str
    is_right_on_windows: bool

    @property
    def text(self) -> str:
        return " | ".join(self.parts)

    def __post_init__(self) -> None:
        self.want, self.got = self.parts[-2:]


def _lines(text: str, prefix: str) -> Iterator[tuple[str, list[str], bool]]:
    """The name and the columns of each row, and whether its wrong one is right on Windows."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("# ")]
    for number, line in enumerate(lines):
        line, _, windows = line.partition(" | Windows: ")
        assert windows in ("", "right"), line
        yield (
            f"{prefix}{number:03d}",
            [part.strip() for part in line.split(" | ")],
            windows != "",
        )


_BODY = re.compile(r"(?<=\))\s*\{.*\}$")


def _functions() -> Iterator[Row]:
    for name, parts, on_windows in _lines(FUNCTIONS, "f"):
        c, right, wrong, expression, _, _ = parts
        c = re.sub(r"\bf(?=\()", name, c)
        right, wrong = ("" if it == "-" else function(name, it) for it in (right, wrong))
        called = f"(lambda f: {expression})(lib.{name})"
        yield Row(name, parts, _BODY.sub(";", c), c, right, wrong, called, on_windows)


def function(name: str, declaration: str) -> str:
    """The Python lines for a restype, and argtypes behind a semicolon."""
    result, separator, arguments = declaration.partition(";")
    lines = [f"lib.{name}"]
    if separator:
        lines.append(f"lib.{name}.argtypes = [{arguments}]")
    if result.strip():
        lines.append(f"lib.{name}.restype = {result}")
    return "\n".join(lines)


def _structs() -> Iterator[Row]:
    for name, parts, on_windows in _lines(STRUCTS, "s"):
        c, what, right, wrong, arguments, _, _ = parts
        c = re.sub(r"\bs\b", name, c)
        prototype = f"long long f{name}({c[: c.index(name)].split()[-1]} {name} *p)"
        declared = function(f"f{name}", f"c_longlong; POINTER({name})")
        right, wrong = (
            "" if it == "-" else f"{_struct(name, it)}\n{declared}" for it in (right, wrong)
        )
        called = f"(lambda s: lib.f{name}(byref(s({arguments}))))({name})"
        source = f"{prototype} {{ return {what}; }}"
        yield Row(name, parts, f"{c}\n{prototype};", source, right, wrong, called, on_windows)


def _struct(name: str, declaration: str) -> str:
    if declaration.startswith("typed "):
        lines = declaration.removeprefix("typed ").split(" & ")
        return f"NAME = 'f{name}'\n@ffi.struct\n" + "\n    ".join(
            [f"class {name}(Structure):", *lines]
        )
    fields, _, more = declaration.partition(";")
    is_union = fields.startswith("union ")
    return (
        f"NAME = 'f{name}'\n"
        f"class {name}({'Union' if is_union else 'Structure'}):\n"
        f"    {more.strip() or 'pass'}\n"
        f"    _fields_ = [{fields.removeprefix('union ')}]"
    )


def _constants() -> Iterator[Row]:
    for name, parts, on_windows in _lines(CONSTANTS, "X"):
        c, right, wrong = parts
        c = re.sub(r"(?<![A-Z])X\b", name, c)
        source = f"int f{name}(unsigned long long n) {{ return ({name}) == n; }}"
        right, wrong = ("" if it == "-" else f"{name} = {it}" for it in (right, wrong))
        called = f"lib.f{name}(c_ulonglong({name})) == 1"
        yield Row(name, [*parts, "True", "False"], c, source, right, wrong, called, on_windows)


ROWS = [*_functions(), *_structs(), *_constants()]


def header(rows: list[Row]) -> str:
    """A header with these rows."""
    return "\n".join([PRELUDE_C, *(row.header for row in rows), ""])


def source(rows: list[Row]) -> str:
    """What they define."""
    return "\n".join(['#include "h.h"', *(row.source for row in rows), ""])


def module(rows: list[Row], column: str) -> str:
    """A module with the "right" declarations of rows, or with the "wrong" ones."""
    return "\n".join([PRELUDE_PYTHON, *(getattr(row, column) for row in rows), ""])
