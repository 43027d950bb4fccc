"""What is printed to be pasted: it is Python, and right; or it says why there is nothing."""

import re
from pathlib import Path

import pytest
from bindings import Bind

from pyexample.abi import check

MODULE = """
import ctypes
from ctypes import *
lib = CDLL("libtable.so")
class known(Structure):
    _fields_ = [("x", c_int)]
lib.settle.argtypes = [POINTER(known)]
"""
IDIOMS = """
from collections.abc import Callable
from typing import Annotated, Any
from pyexample.ffi import *
library = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
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

# A name, its prototype, and what is printed for plain ctypes: types that are new, the values of
# argtypes and restype; or why nothing.
ROWS = """
paren | int (paren)(int); | [c_int] c_int
two | int one(void), two(int x); | [c_int] c_int
get | int (*get(int n))(const void *, size_t); | [c_int] c_void_p
with_callbacks | int with_callbacks(callback f, callback *g); | callback = CFUNCTYPE(c_int, c_int, c_char_p) [callback, callback] c_int
run | void run(void (*f)(void *, int (*)(void))); | run_f = CFUNCTYPE(None, c_void_p, c_void_p) [run_f] None
opaque_unref | void opaque_unref(struct opaque *opaque); | class opaque(Structure): [POINTER(opaque)] None
opened | handle opened(handle *out); | [POINTER(POINTER(opaque))] POINTER(opaque)
nothing | void nothing(void); | [] None
plain | int32_t plain(int32_t number, size_t count, double real, float, bool yes); | [c_int32, c_size_t, c_double, c_float, c_bool] c_int32
buffers | const char *buffers(const char *in, char *out, size_t size); | [c_char_p, POINTER(c_char), c_size_t] c_char_p
pointers | uint64_t pointers(const int16_t *from, uint8_t *to, void *any, known *at, char **list); | [POINTER(c_int16), POINTER(c_uint8), c_void_p, POINTER(known), POINTER(POINTER(c_char))] c_uint64
by_value | known by_value(known p, enum color c, flags f, handle h); | [known, c_uint, c_uint32, POINTER(opaque)] known
calls_back | void calls_back(int (*compare)(const void *a, const void *b), visit each, void *user); | visit = CFUNCTYPE(None, POINTER(known), c_void_p) calls_back_compare = CFUNCTYPE(c_int, c_void_p, c_void_p) [calls_back_compare, visit, c_void_p] None
octets | unsigned char octets(unsigned char b, signed char c, long long unsigned int n, short int s); | [c_ubyte, c_byte, c_ulonglong, c_short] c_ubyte
change | known *change(const known *at, known by_value); | [POINTER(known), known] POINTER(known)
matrix | int matrix(int m[3][4], const char *argv[], const uint8_t *data, int n); | [POINTER(c_int * 4), POINTER(c_char_p), POINTER(c_uint8), c_int] c_int
tables | int tables(int (*rows)[3], int (*const table[2])(void)); | [POINTER(c_int * 3), POINTER(c_void_p)] c_int
mix | enum color mix(enum color a, side *b); | [c_uint, POINTER(c_uint)] c_uint
text | const char *text(const wchar_t *w, char *buffer); | [c_wchar_p, POINTER(c_char)] c_char_p
words | int words(int lambda, int class_, int from, int argument1, int); | [c_int, c_int, c_int, c_int, c_int] c_int
with | int with(int x); | [c_int] c_int
printf_like | int printf_like(const char *format, ...); | # Variadic: [c_char_p] c_int
make | pt make(void); | class pt(Structure): _fields_ = [("x", c_int)] [] pt
take | void take(const pt *it); | [POINTER(pt)] None
take_pointed | void take_pointed(pointed it); | class pointed(Structure): _fields_ = [("y", c_int)] [POINTER(pointed)] None
choose | either choose(void); | has either, a union, by value
allocate | void allocate(suite *it); | suite_alloc = CFUNCTYPE(c_void_p, c_int) class suite(Structure): _fields_ = [("alloc", suite_alloc)] [POINTER(suite)] None
log_by | void log_by(void (*f)(const char *, ...)); | [c_void_p] None
log_v | void log_v(const char *format, va_list v); | has a va_list
vector | v4 vector(v4 *v); | has v4, a type that ctypes lacks
complex_number | double _Complex complex_number(void); | has double _Complex, a type that ctypes lacks
wide | __int128 wide(void); | has __int128, a type that ctypes lacks
keyed | int keyed(const uint8_t key[32U], char nonce[static 24], double a[2 * 3], int b[0]); | [POINTER(c_uint8), POINTER(c_char), POINTER(c_double), POINTER(c_int)] c_int
sized | int sized(int (*m)[2 * 3]); | [POINTER(c_int * 6)] c_int
"""
TABLE = [row.split(" | ") for row in ROWS.replace("||", "").strip().splitlines()]
PROTOTYPES = "\n".join(prototype for _, prototype, _ in TABLE)


def pasted(binding: Bind, style: str) -> dict[str, str]:
    """What is printed for each function that Python lacks."""
    found = binding(HEADER + PROTOTYPES, MODULE).report("--style", style)["findings"]
    assert {each["kind"] for each in found} == {"missing"}
    return {each["subject"]: each["paste"] for each in found}


def in_short(text: str) -> str:
    """What is printed without comments, names of the function and layout."""
    text = re.sub(r'    """.*?"""\n', "", text.replace("ctypes.", ""))
    text = re.sub(r"(lib\.\w+|getattr\(.*?\))\.\w+ = ", "", text)
    text = re.sub(r"(# Variadic:).*\n", r"\1 ", text)
    return re.sub(r",? (?=[)\]])|(?<=[(\[]) ", "", " ".join(text.split()))


def test_each_function_is_printed_or_says_why_not(binding: Bind) -> None:
    printed = pasted(binding, "ctypes")
    assert len(printed) == len(TABLE) + 1
    for name, _, expected in TABLE:
        assert in_short(printed[name]).removeprefix(f"# {name}() ") == expected


@pytest.mark.parametrize("style", ["project", "ctypes"])
def test_what_is_printed_is_right(binding: Bind, style: str) -> None:
    printed = pasted(binding, style)
    text = "\n".join(printed.values())
    module = MODULE + (IDIOMS if style == "project" else "") + text
    report = binding(HEADER + PROTOTYPES, module).report()
    assert [each for each in report["findings"] if each["severity"] == "error"] == [], text
    # The rest is still missing, and nothing else is.
    left = {each["subject"] for each in report["findings"] if each["kind"] == "missing"}
    assert left == {name for name, each in printed.items() if each.startswith(f"# {name}() ")}
    assert report["judged"]["functions"] > 28


def test_a_variadic_function_is_not_printed_as_if_it_were_complete(binding: Bind) -> None:
    assert pasted(binding, "project")["printf_like"].startswith("# printf_like() is variadic")


def test_what_the_runtime_refuses_is_not_printed(binding: Bind) -> None:
    assert pasted(binding, "project")["choose"] == (
        "# choose() result: a union is passed by pointer, not by value: either"
    )


def test_a_length_in_the_header_is_a_size(binding: Bind) -> None:
    assert re.findall(r"(?:In|Out)[(].*?[)]", pasted(binding, "project")["keyed"]) == [
        *("In(c_uint8, 32)", "Out(c_char, 24)", "Out(c_double, 6)")
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
from collections.abc import Callable
from typing import Annotated
from pyexample.ffi import *
library = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class Case(Handle): pass
@library.function
def box_free(it: Annotated[Case, c_void_p, Closes], /) -> None: ...
"""


def test_an_opaque_pointer_is_a_handle(binding: Bind) -> None:
    report = binding(OPAQUE, OPAQUE_MODULE).report()
    printed = {each["subject"]: each["paste"] for each in report["findings"]}
    # A class once, before it is used, unless Python has it.
    assert [re.findall(r"class (\w+)[(]Handle[)]", each) for each in printed.values()] == [
        *(["Keep_struct"], ["opaque"], [], [], [], [], [], ["handle_t"])
    ]
    assert "def box_get(\n    argument1: Annotated[Case, c_void_p], /" in printed["box_get"]
    # What Python closes is owned, if the name of the function says that it is made.
    owned = [name for name, each in printed.items() if "Owned" in each]
    assert owned == ["box_new", "box_open"]
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


def test_what_is_not_shown_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "it.h").write_text("int one(void); int two(int of);")
    module = tmp_path / "declares.py"
    module.write_text('import ctypes\nctypes.CDLL("libit.so").one.restype = ctypes.c_int\n')

    def missing(strict: bool = False, coverage: bool = False) -> list[tuple[str, bool]]:
        report = check(
            str(module),
            headers=["it.h"],
            include=[str(tmp_path)],
            without_library=["it"],
            strict=strict,
            coverage=coverage,
        )
        found = [each for each in report.findings if each.kind == "missing"]
        return [(each.subject, "def two(" in each.paste) for each in found]

    assert missing() == [("two", False)]
    assert missing(coverage=True) == missing(strict=True) == [("two", True)]
