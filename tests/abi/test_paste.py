"""What is printed to be pasted: it is Python, and right; or it says why there is nothing."""

import re

import pytest
from bindings import Bind

MODULE = """
import ctypes
from ctypes import *
lib = CDLL("libtable.so")
class known(Structure):
    _fields_ = [("x", c_int)]
lib.settle.argtypes = [POINTER(known)]
"""
IDIOMS = """
from typing import Annotated, Any
from pyexample.ffi import UNCHECKED, Borrowed, Buffer, Handle, In, Out, Returned
from pyexample.ffi.declaration import Declaration
class Library:
    declarations = {}
    def function(self, function):
        declaration = self.declarations[function.__name__] = Declaration(function)
        declaration.apply(getattr(lib, function.__name__))
        return function
library = Library()
"""
HEADER = """
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef struct { int x; } known;
int settle(known *it);
typedef struct { int x; } pt;
typedef struct { int y; } *pointed;
typedef union { int i; float f; } either;
typedef struct { void *(*alloc)(int); } suite;
struct opaque;
typedef struct opaque *handle;
typedef int callback(int code, const char *name);
typedef void (*visit)(known *at, void *user);
typedef uint32_t flags;
enum color { RED };
typedef enum { LEFT, RIGHT } side;
typedef int v4 __attribute__((vector_size(16)));
"""

# A name, its prototype, and what is printed for plain ctypes: of argtypes and restype, or why nothing.
ROWS = """
paren | int (paren)(int); | [c_int] c_int
two | int one(void), two(int x); | [c_int] c_int
get | int (*get(int n))(const void *, size_t); | [c_int] CFUNCTYPE(c_int, c_void_p, c_size_t)
with_callbacks | int with_callbacks(callback f, callback *g); | [CFUNCTYPE(c_int, c_int, c_char_p), CFUNCTYPE(c_int, c_int, c_char_p)] c_int
run | void run(void (*f)(void *, int (*)(void))); | [CFUNCTYPE(None, c_void_p, CFUNCTYPE(c_int))] None
opaque_unref | void opaque_unref(struct opaque *opaque); | [c_void_p] None
opened | handle opened(handle *out); | [POINTER(c_void_p)] c_void_p
nothing | void nothing(void); | [] None
plain | int32_t plain(int32_t number, size_t count, double real, float, bool yes); | [c_int32, c_size_t, c_double, c_float, c_bool] c_int32
buffers | const char *buffers(const char *in, char *out, size_t size); | [c_char_p, POINTER(c_char), c_size_t] c_char_p
pointers | uint64_t pointers(const int16_t *from, uint8_t *to, void *any, known *at, char **list); | [POINTER(c_int16), POINTER(c_uint8), c_void_p, POINTER(known), POINTER(POINTER(c_char))] c_uint64
by_value | known by_value(known p, enum color c, flags f, handle h); | [known, c_int, c_uint32, c_void_p] known
calls_back | void calls_back(int (*compare)(const void *a, const void *b), visit each, void *user); | [CFUNCTYPE(c_int, c_void_p, c_void_p), CFUNCTYPE(None, POINTER(known), c_void_p), c_void_p] None
octets | unsigned char octets(unsigned char b, signed char c, long long unsigned int n, short int s); | [c_ubyte, c_byte, c_ulonglong, c_short] c_ubyte
change | known *change(const known *at, known by_value); | [POINTER(known), known] POINTER(known)
matrix | int matrix(int m[3][4], const char *argv[], const uint8_t *data, int n); | [POINTER(c_int * 4), POINTER(c_char_p), POINTER(c_uint8), c_int] c_int
tables | int tables(int (*rows)[3], int (*const table[2])(void)); | [POINTER(c_int * 3), POINTER(CFUNCTYPE(c_int))] c_int
mix | enum color mix(enum color a, side *b); | [c_int, POINTER(c_int)] c_int
text | const char *text(const wchar_t *w, char *buffer); | [c_wchar_p, POINTER(c_char)] c_char_p
words | int words(int lambda, int class_, int from, int argument1, int); | [c_int, c_int, c_int, c_int, c_int] c_int
with | int with(int x); | [c_int] c_int
printf_like | int printf_like(const char *format, ...); | Variadic: [c_char_p] c_int
make | pt make(void); | needs a class for pt first
take | void take(const pt *it); | needs a class for pt first
take_pointed | void take_pointed(pointed it); | needs a class for struct {...} (h.h:9) first
choose | either choose(void); | needs a class for either first
allocate | void allocate(suite *it); | needs a class for suite first
log_by | void log_by(void (*f)(const char *, ...)); | needs a callback that ctypes lacks: void (const char *, ...)
log_v | void log_v(const char *format, va_list v); | needs a type that ctypes lacks: __builtin_va_list
vector | v4 vector(v4 *v); | needs a type that ctypes lacks: v4
complex_number | double _Complex complex_number(void); | needs a type that ctypes lacks: double _Complex
wide | __int128 wide(void); | needs a type that ctypes lacks: __int128
keyed | int keyed(const uint8_t key[32U], char nonce[static 24], double a[2 * 3], int b[0]); | [POINTER(c_uint8), POINTER(c_char), POINTER(c_double), POINTER(c_int)] c_int
sized | int sized(int (*m)[2 * 3]); | needs the length of int [2 * 3], which is an expression
"""
TABLE = [row.split(" | ") for row in ROWS.replace("||", "").strip().splitlines()]
PROTOTYPES = "\n".join(prototype for _, prototype, _ in TABLE)


def pasted(binding: Bind, style: str) -> dict[str, str]:
    """What is printed for each function that Python lacks."""
    found = binding(HEADER + PROTOTYPES, MODULE).report("--style", style)["findings"]
    assert {each["kind"] for each in found} == {"missing"}
    return {each["subject"]: each["paste"] for each in found}


def test_each_function_is_printed_or_says_what_it_needs(binding: Bind) -> None:
    printed = pasted(binding, "ctypes")
    assert len(printed) == len(TABLE) + 1
    for name, _, expected in TABLE:
        lines = printed[name].replace("ctypes.", "").splitlines()
        if lines[0].startswith("# Variadic"):
            lines[1] = f"Variadic: {lines[1]}"
            del lines[0]
        text = " ".join(
            re.sub(r"(lib\.\w+|getattr\(.*?\))\.\w+ = ", "", each) for each in lines
        )
        assert text.removeprefix(f"# {name}() ") == expected


@pytest.mark.parametrize("style", ["project", "ctypes"])
def test_what_is_printed_is_right(binding: Bind, style: str) -> None:
    printed = pasted(binding, style)
    text = "\n".join(printed.values())
    module = MODULE + (IDIOMS if style == "project" else "") + text
    report = binding(HEADER + PROTOTYPES, module).report()
    assert [each for each in report["findings"] if each["severity"] == "error"] == [], text
    # The rest is still missing, and nothing else is.
    left = {each["subject"] for each in report["findings"] if each["kind"] == "missing"}
    assert left == {
        name for name, each in printed.items() if "argtypes" not in each and "def " not in each
    }
    assert report["judged"]["functions"] > (20 if style == "project" else 22)


def test_a_variadic_function_is_not_printed_as_if_it_were_complete(binding: Bind) -> None:
    assert pasted(binding, "project")["printf_like"].startswith("# printf_like() is variadic")
    first, *_ = pasted(binding, "ctypes")["printf_like"].splitlines()
    assert first == (
        '# Variadic: pass what stands for "..." as ctypes objects, such as ctypes.c_int(1).'
    )


def test_data_of_any_type_is_a_buffer(binding: Bind) -> None:
    header = "struct s; typedef const void *h; "
    header += "int f(const void *data, void *either, const struct s *, h handle, size_t size);"
    findings = binding(f"{HEADER}{header}", MODULE).report()["findings"]
    printed = {each["subject"]: each["paste"] for each in findings}
    address = "Annotated[int | None, c_void_p],\n"
    assert re.findall(r": (.*\n)", printed["f"]) == [
        "Annotated[Buffer, In(None, UNCHECKED)],\n",
        *(address, "Annotated[S, c_void_p],\n", address),
        "Annotated[int, c_size_t],\n",
    ]


def test_a_length_in_the_header_is_a_size(binding: Bind) -> None:
    assert re.findall(r": (.*),\n", pasted(binding, "project")["keyed"]) == [
        "Annotated[Buffer, In(c_uint8, 32)]",
        "Annotated[Buffer, Out(c_ubyte, 24)]",
        "Annotated[Buffer, Out(c_double, UNCHECKED)]",
        "Annotated[Buffer, Out(c_int, UNCHECKED)]",
    ]


OPAQUE = """
struct opaque; typedef struct opaque *handle; struct box_s; typedef struct box_s box_t;
struct handle_t; struct Keep; int Keep(struct Keep *);
box_t *box_new(handle, box_t *const *); const struct opaque *box_get(const box_t *);
int box_open(const char *, box_t **, handle *, int); void box_last(box_t **);
handle box_both(box_t **);
void box_free(box_t *); void box_call(int (*)(box_t *)); struct handle_t *named(void);
"""
OPAQUE_MODULE = """
from ctypes import *
from typing import Annotated, Any
from pyexample.ffi import Borrowed, Closes, Handle, Library, Returned
library = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class Case(Handle): pass
@library.function
def box_free(it: Annotated[Case, c_void_p, Closes], /) -> None: ...
"""


def test_an_opaque_pointer_is_a_handle(binding: Bind) -> None:
    report = binding(OPAQUE, OPAQUE_MODULE).report()
    printed = {each["subject"]: each["paste"] for each in report["findings"]}
    types = {name: re.findall(r"(?:: |-> )(Ann.*\])", text) for name, text in printed.items()}
    address = "Annotated[Any, POINTER(c_void_p)]"
    box = "Returned(Case | None, c_void_p, Borrowed)"
    assert types == {
        "Keep": ["Annotated[KeepHandle, c_void_p]", "Annotated[int, c_int]"],
        "box_new": [
            *("Annotated[Opaque, c_void_p]", address),
            "Annotated[Case | None, c_void_p, Borrowed]",
        ],
        "box_get": [
            "Annotated[Case, c_void_p]",
            "Annotated[Opaque | None, c_void_p, Borrowed]",
        ],
        "box_open": [
            "Annotated[bytes, c_char_p]",
            f"Annotated[int, {box}, Returned(Opaque | None, c_void_p, Borrowed), c_int]",
            "Annotated[tuple[int, Case | None, Opaque | None], c_int]",
        ],
        "box_last": [f"Annotated[Case | None, None, {box}]"],
        "box_both": [
            f"Annotated[tuple[Opaque | None, Case | None], c_void_p, Borrowed, {box}]"
        ],
        "box_call": ["Annotated[Any, CFUNCTYPE(c_int, c_void_p)]"],
        "named": ["Annotated[HandleHandle | None, c_void_p, Borrowed]"],
    }
    # A class once, before it is used; who closes a result is asked for.
    assert [each.count("(Handle)") for each in printed.values()] == [1, 1, 0, 0, 0, 0, 0, 1]
    asks = [name for name, text in printed.items() if "write Owned for Borrowed" in text]
    assert sorted(asks) == ["box_both", "box_last", "box_new", "box_open", "named"]
    text = "\n".join(printed.values())
    again = binding(OPAQUE, OPAQUE_MODULE + text).report()
    assert again["findings"] == [], text


def test_what_the_reader_does_not_understand_is_a_note(binding: Bind) -> None:
    header = HEADER + "__typeof__(1 + 1) odd(void); int after(int);"
    header += "\n#ifdef __cplusplus\ntemplate <class T> T cxx(T it);\n#endif\n"
    it = binding(header, MODULE)
    found = {each["subject"]: each["kind"] for each in it.report()["findings"]}
    assert found == {"odd": "unread", "after": "missing"}
    assert it.check("--strict").returncode == 1
    # The compiler understands it, so that a declaration of it is judged all the same.
    it = binding(header, f"{MODULE}lib.odd.argtypes = []\nlib.odd.restype = c_double\n")
    assert it.verdicts() == {"odd": ["error kind"], "after": ["note missing"]}
