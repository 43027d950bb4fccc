"""One kind of declaration each: what is written for it, and what is left out and why."""

import re
from pathlib import Path
from typing import Any

import pytest
from support import Missing, Tool

from pyexample.bind import CannotJudgeError, bind
from pyexample.generate.context import Module
from pyexample.generate.render import imports_of
from pyexample.generate.spec import read


def module_of(header: str, folder: Path) -> Module:
    """What is declared of the text of a header."""
    (folder / "lib.h").write_text(header)
    return bind(["lib.h"], "lib", include=[str(folder)]).module


def declared(header: str, folder: Path) -> dict[str, str]:
    """The text of each part of a module, by name, as one line."""
    items = module_of(header, folder).items
    return {each.name: " ".join(each.code.split()) for each in items}


PRELUDE = """
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdarg.h>
#include <time.h>
typedef struct box box;
struct point { int x; double y; };
struct settings { int depth; };
box *box_new(int size);
int box_open(const char *path, box **out);
box *box_get(box *outer);
void box_free(box *it);
"""

# A function, its parameters, and its result.
# fmt: off
FUNCTIONS = [
    ("int f(int8_t a, unsigned long b, size_t c, bool d, float e);", 'a: Annotated[int, c_int8], b: Annotated[int, c_ulong], c: Annotated[int, c_size_t], d: Annotated[bool, c_bool], e: Annotated[float, c_float]', 'Annotated[int, c_int]'),
    ("void f(void);", '', 'None'),
    ("long double f(wchar_t a, signed char b);", 'a: Annotated[str, c_wchar], b: Annotated[int, c_byte]', 'Annotated[float, c_longdouble]'),
    ("const char *f(const char *text);", 'text: Annotated[str, c_char_p]', 'Annotated[str | None, c_char_p]'),
    ("char *f(const wchar_t *text);", 'text: Annotated[str, c_wchar_p]', 'Annotated[int | None, c_void_p]'),
    ("void f(const void *data, size_t size);", 'data: Annotated[Buffer, In(None), Count(c_size_t, "data")]', 'None'),
    ("void f(char *room, int len);", 'room: Annotated[Buffer, Out(None), Count(c_int, "room")]', 'None'),
    ("void f(const double *x, size_t n);", 'x: Annotated[Buffer, In(c_double), Count(c_size_t, "x")]', 'None'),
    ("void f(double *x, size_t size);", 'x: Annotated[Buffer, Out(c_double, UNCHECKED)], size: Annotated[int, c_size_t]', 'None'),
    ("void f(const uint8_t key[32]);", 'key: Annotated[Buffer, In(c_uint8, 32)]', 'None'),
    ("void f(float m[2 * 8]);", 'm: Annotated[Buffer, Out(c_float, 16)]', 'None'),
    ("int f(long double *x, int n);", "x: Annotated[int | None, c_void_p], n: Annotated[int, c_int]", "Annotated[int, c_int]"),
    ("int f(int *value);", '', 'Annotated[tuple[int, int], c_int, Returned(int, c_int)]'),
    ("int f(int index, int *value);", 'index: Annotated[int, c_int, Returned(int, c_int)]', 'Annotated[tuple[int, int], c_int]'),
    ("int f(void *any);", 'any: Annotated[int | None, c_void_p]', 'Annotated[int, c_int]'),
    ("int f(struct point by_value);", 'by_value: Annotated[point, point]', 'Annotated[int, c_int]'),
    ("struct point f(const struct point *at);", 'at: Annotated[point, POINTER(point)]', 'Annotated[point, point]'),
    ("struct point *f(void);", '', 'Annotated[point | None, POINTER(point), Borrowed]'),
    ("int f(const struct point *points, int count);", 'points: Annotated[Sequence[point], ArrayOf(point), Count(c_int, "points")]', 'Annotated[int, c_int]'),
    ("int f(box *it, int n);", 'it: Annotated[box, c_void_p], n: Annotated[int, c_int]', 'Annotated[int, c_int]'),
    ("int f(int argc, const char **argv);", 'argv: Annotated[Sequence[str], Count(c_int, "argv"), ArrayOf(c_char_p)]', 'Annotated[int, c_int]'),
    ("int f(const char *const *names);", 'names: Annotated[Sequence[str], ArrayOf(c_char_p, TERMINATED)]', 'Annotated[int, c_int]'),
    ("int f(const box **boxes, size_t count);", 'boxes: Annotated[Sequence[box], ArrayOf(c_void_p), Count(c_size_t, "boxes")]', 'Annotated[int, c_int]'),
    ("int f(int (*each)(int));", 'each: Annotated[Callable[[int], int], f_each, Keep()]', 'Annotated[int, c_int]'),
    ("int f_set_hook(box *it, void (*hook)(box *, void *), void *data);", 'it: Annotated[box, c_void_p], hook: Annotated[Callable[[box | None, Any], None] | None, f_set_hook_hook, Keep("it")], data: Annotated[Any, UserData, Keep("it")]', 'Annotated[int, c_int]'),
    ("int f_each(int (*each)(int, void *user, void *item), void *first, void *arg);", 'each: Annotated[Callable[[int, Any, int | None], int], f_each_each], first: Annotated[int | None, c_void_p], arg: Annotated[Any, UserData]', 'Annotated[int, c_int]'),
    ("int f(box *it, void *, int (*)(void *, int));", 'it: Annotated[box, c_void_p], argument2: Annotated[Any, UserData, Keep("it")], argument3: Annotated[Callable[[Any, int], int], f_argument3, Keep("it")]', 'Annotated[int, c_int]'),
    ("int f_set_hook(box *it, int event, int (*hook)(int));", 'it: Annotated[box, c_void_p], event: Annotated[int, c_int], hook: Annotated[Callable[[int], int] | None, f_set_hook_hook, Keep("it", slot="event")]', 'Annotated[int, c_int]'),
    ("int f_bind(box *it, int row, int column, const char *text);", 'it: Annotated[box, c_void_p], row: Annotated[int, c_int], column: Annotated[int, c_int], text: Annotated[str, c_char_p, Keep("it", every=True)]', 'Annotated[int, c_int]'),
    ("int f_set_hook(box *it, const char *of, int len, int (*hook)(int));", 'it: Annotated[box, c_void_p], of: Annotated[Buffer, In(None), Keep("it"), Count(c_int, "of")], hook: Annotated[Callable[[int], int] | None, f_set_hook_hook, Keep("it", every=True)]', 'Annotated[int, c_int]'),
    ("int f_add_hook(box *it, int (*hook)(int));", 'it: Annotated[box, c_void_p], hook: Annotated[Callable[[int], int] | None, f_add_hook_hook, Keep("it", every=True)]', 'Annotated[int, c_int]'),
    ("int f_register(const struct settings *it);", 'it: Annotated[settings, POINTER(settings), Keep(every=True)]', 'Annotated[int, c_int]'),
    ("int f_create_kind(box *it, const char *name, struct settings *kind);", 'it: Annotated[box, c_void_p], name: Annotated[str, c_char_p], kind: Annotated[settings, POINTER(settings), Keep("it", every=True)]', 'Annotated[int, c_int]'),
    ("box *f_open_with(const struct settings *how);", 'how: Annotated[settings, POINTER(settings), Keep("return")]', 'Annotated[box | None, c_void_p, Owned]'),
    ("const char *f(box *it, size_t *len);", 'it: Annotated[box, c_void_p, Length(c_size_t, "return")]', 'Annotated[bytes | None, In(c_char)]'),
    ("const void *f(const char *of, int *offset, int *size);", 'of: Annotated[str, c_char_p, Returned(int, c_int), Length(c_int, "return")]', 'Annotated[tuple[bytes | None, int], In(c_char)]'),
    ("const char *f(char *room, int *len);", 'room: Annotated[Buffer, Out(c_char, UNCHECKED)], len: Annotated[int, InOut(c_int)]', 'Annotated[tuple[str | None, int], c_char_p]'),
    ("char *f(box *it, size_t *len);", 'it: Annotated[box, c_void_p], len: Annotated[int, InOut(c_size_t)]', 'Annotated[tuple[int | None, int], c_void_p]'),
    ("int f_trace(box *it, int (*hook)(int));", 'it: Annotated[box, c_void_p], hook: Annotated[Callable[[int], int], f_trace_hook, Keep("it")]', 'Annotated[int, c_int]'),
    ("int f_foreach(box *it, int (*each)(int));", 'it: Annotated[box, c_void_p], each: Annotated[Callable[[int], int], f_foreach_each]', 'Annotated[int, c_int]'),
    ("int f(const char *zName, int nArg);", 'zName: Annotated[str, c_char_p], nArg: Annotated[int, c_int]', 'Annotated[int, c_int]'),
    ("int f(const char *filename, int n);", 'filename: Annotated[str, c_char_p], n: Annotated[int, c_int]', 'Annotated[int, c_int]'),
    ("int f(const char *filename, size_t block_size);", 'filename: Annotated[str, c_char_p], block_size: Annotated[int, c_size_t]', 'Annotated[int, c_int]'),
    ("int f(const char *name, size_t n);", 'name: Annotated[Buffer, In(None), Count(c_size_t, "name")]', 'Annotated[int, c_int]'),
    ("int f(const char *name, int nameSize);", 'name: Annotated[Buffer, In(None), Count(c_int, "name")]', 'Annotated[int, c_int]'),
    ("int f(const void *, int, const void *, uint64_t);", 'argument1: Annotated[int | None, c_void_p], argument2: Annotated[int, c_int], argument3: Annotated[Buffer, In(None), Count(c_uint64, "argument3")]', 'Annotated[int, c_int]'),
    ("int f_bind(box *it, int, const void *, uint64_t);", 'it: Annotated[box, c_void_p], argument2: Annotated[int, c_int], argument3: Annotated[Buffer, In(None), Keep("it", slot="argument2"), Count(c_uint64, "argument3")]', 'Annotated[int, c_int]'),
    ("int f_trace(void (*f)(void *, const char *, uint64_t), void *arg);", 'f: Annotated[Callable[[Any, str | None, int], None], f_trace_f, Keep()], arg: Annotated[Any, UserData, Keep()]', 'Annotated[int, c_int]'),
    ("int f(const uint8_t *list, int num_chunks);", 'list: Annotated[Buffer, In(c_uint8, UNCHECKED)], num_chunks: Annotated[int, c_int]', 'Annotated[int, c_int]'),
    ("int f(const char *pText, int nText);", 'pText: Annotated[Buffer, In(None), Count(c_int, "pText")]', 'Annotated[int, c_int]'),
    ("int f(void *out, unsigned long frameCount);", 'out: Annotated[int | None, c_void_p], frameCount: Annotated[int, c_ulong]', 'Annotated[int, c_int]'),
    ("void f_free_table(char **table);", 'table: Annotated[int | None, c_void_p]', 'None'),
    ("int f(const struct settings *settings, int width);", 'settings: Annotated[settings, POINTER(settings)], width: Annotated[int, c_int]', 'Annotated[int, c_int]'),
    ("int f_set_name(box *it, const char *name);", 'it: Annotated[box, c_void_p], name: Annotated[str, c_char_p, Keep("it")]', 'Annotated[int, c_int]'),
    ("int f(box *it, size_t *len);", 'it: Annotated[box, c_void_p], len: Annotated[int, InOut(c_size_t)]', 'Annotated[tuple[int, int], c_int]'),
    ("void *f_realloc(void *memory, size_t size);", "memory: Annotated[int | None, c_void_p], size: Annotated[int, c_size_t]", "Annotated[int | None, c_void_p]"),
    ("int f(box ***deep);", '', 'Annotated[tuple[int, int | None], c_int, Returned(int | None, c_void_p)]'),
    ("int f(int class, int is_, int);", 'class_: Annotated[int, c_int], is_: Annotated[int, c_int], argument3: Annotated[int, c_int]', 'Annotated[int, c_int]'),
    ("time_t f(const struct tm *when);", 'when: Annotated[int | None, c_void_p]', 'Annotated[int, c_int64]'),
]
# fmt: on


@pytest.mark.parametrize(
    ("prototype", "given", "result"), FUNCTIONS, ids=[row[0] for row in FUNCTIONS]
)
def test_a_function_is_declared(
    prototype: str, given: str, result: str, tmp_path: Path
) -> None:
    name = re.search(r"\b(f\w*)\(", prototype)
    assert name is not None
    parts = declared(f"{PRELUDE}{prototype}", tmp_path)
    match = re.fullmatch(r"@function def \w+\((.*)\) -> (.*): \.\.\.", parts[name[1]])
    assert match is not None, parts[name[1]]
    text = f"{match[1].strip().removesuffix(',').removesuffix('/').strip(' ,')} -> {match[2]}"
    for alias, code in parts.items():
        if (whole := code.partition(" = ")[2]).startswith("Annotated["):
            text = re.sub(rf"\b{alias}\b(?=,| ->|$|\])", whole, text)
    text = text.replace("[ ", "[").replace(", ]", "]").replace(" ]", "]")
    text = re.sub(r"Annotated\[Annotated\[(.*?)\], ", r"Annotated[\1, ", text)
    assert text == f"{given} -> {result}"


def test_callbacks_are_counted_by_their_names_in_c(tmp_path: Path) -> None:
    header = """typedef int log(const char *, ...);
    struct of { int (*print)(const char *, ...); log *it; int (*run)(int); };"""
    module = module_of(header, tmp_path)
    assert module.left_out["callbacks"].keys() == {"log"}
    assert module.left_out["callbacks without a name of their own"].keys() == {"of_print"}
    assert module.there["callbacks"] == 1


ADDRESSES = [
    # What a callback gets may be one of several items,
    "void f_scan(box *, void (*each)(void *payload, void *data), void *data);",
    "void f_sort(void *data, int (*cmp)(void *, void *));",
    # what it frees, or what its name says,
    "void f(void *, void (*)(void *));",
    "void f_set(box *, void *data, void (*destroy)(void *));",
    "void f_find(box *, int (*is_it)(void *item), void *data);",
    "void f(void (*)(void *ctx), void *ctx, void (*)(void *ctx), void *ctx2);",
    # or come from elsewhere, or go to a function of C's.
    "void f(void (*log)(void *arg, const char *, ...), void *arg);",
    "typedef int hook(void *user); void f(hook *, void *user); struct of { hook *it; };",
    "typedef int hook(void *user); void f(hook *, void *user); void g(hook *);",
    "typedef int hook(void *user); void f(hook *, void *user); void g(hook **);",
]


@pytest.mark.parametrize("header", ADDRESSES)
def test_what_may_be_no_user_data_is_an_address(header: str, tmp_path: Path) -> None:
    assert "UserData" not in "".join(declared(PRELUDE + header, tmp_path).values())


def test_user_data_beside_some_callbacks_only(tmp_path: Path) -> None:
    header = """typedef int one(void *user); typedef int other(void *user);
    void f(one *, other *, void *user); void f_set(other *);"""
    parts = declared(PRELUDE + header, tmp_path)
    assert "Annotated[Any, UserData]" in parts["one"]
    assert "Annotated[int | None, c_void_p]" in parts["other"]
    assert "user: Annotated[Any, UserData" in parts["f"]


def test_a_number_that_may_be_the_length_of_a_text_is_asked_about(tmp_path: Path) -> None:
    header = """int f(const char *, int); int g(const char *filename, int n);
    int h(const char *zName, int nArg); int i(const char *text, int flags);"""
    assert module_of(header, tmp_path).open == {
        "f.argument1": "whether argument2 is its length",
        "g.filename": "whether n is its length",
    }


LEFT_OUT = [
    ("int f(const char *format, ...);", "f", "is variadic"),
    ("int f(const char *format, va_list list);", "f", "has a va_list"),
    ("__int128 f(void);", "f", "__int128, a type that ctypes lacks"),
    ("double _Complex f(void);", "f", "a type that ctypes lacks"),
    ("union u { int a; float b; }; int f(union u it);", "f", "a union is passed by pointer"),
    (
        "#ifdef __cplusplus\nint f$(int);\n#else\nint f$(int);\n#endif",
        "f$",
        "has the name f$, which Python cannot have",
    ),
]


@pytest.mark.parametrize(("header", "name", "why"), LEFT_OUT)
def test_what_cannot_be_declared_is_listed(
    header: str, name: str, why: str, tmp_path: Path
) -> None:
    module = module_of(PRELUDE + header, tmp_path)
    assert why in module.left_out["functions"][name]
    assert name not in {each.subject for each in module.items}


def test_handles_and_who_owns_them(tmp_path: Path) -> None:
    parts = declared(PRELUDE, tmp_path)
    assert parts["box"] == "class box(Handle): ..."
    assert "Annotated[box | None, c_void_p, Owned]" in parts["box_new"]
    assert "Returned(box | None, c_void_p, Owned)" in parts["box_open"]
    assert "Annotated[box | None, c_void_p, Borrowed]" in parts["box_get"]
    assert "Annotated[box, c_void_p, Closes]" in parts["box_free"]


def test_names_of_functions_that_make_and_close(tmp_path: Path) -> None:
    header = """typedef struct jar jar; jar *jar_init(int n); jar *jar_init_in(jar *room);
    jar *jar_open_default(void); jar *jar_get_new(void); int jar_close(jar *it);
    int jar_close_v2(jar *it); int jar_close2(jar *it, int how);"""
    made = module_of(header, tmp_path)
    owners = {
        key: it.rpartition(", ")[2] for key, it in made.written.items() if "return" in key
    }
    assert owners["jar_init.return"] == owners["jar_open_default.return"] == "Owned]"
    assert owners["jar_init_in.return"] == owners["jar_get_new.return"] == "Borrowed]"
    assert made.written["jar_close.it"] == "Annotated[jar, c_void_p, Closes]"
    assert made.written["jar_close_v2.it"] == "Annotated[jar, c_void_p, Closes(implicit=False)]"


def test_a_function_that_closes_through_a_pointer(tmp_path: Path) -> None:
    header = "typedef struct jar jar; jar *jar_new(void); void jar_free(jar **it);"
    parts = declared(header, tmp_path)
    assert "it: Annotated[jar, POINTER(c_void_p), Closes]" in parts["jar_free"]
    assert "Annotated[jar | None, c_void_p, Owned]" in parts["jar_new"]


@pytest.mark.slow
def test_a_counter_of_a_flexible_array(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "lib.h").write_text(
        "struct s { int n; int items[] __attribute__((counted_by(n))); }; int f(struct s *it);"
    )
    module = bind(["lib.h"], "lib", include=[str(tmp_path)], compiler=tool("g++")).module
    text = next(each.code for each in module.items if each.name == "s")
    assert 'items: Annotated[Array[int], c_int * 0, CountedBy("n")]' in text


def test_a_struct_that_only_c_makes_is_a_handle_with_fields(tmp_path: Path) -> None:
    parts = declared(
        "typedef struct node { int value; struct node *next; int close; } *node_t;"
        "node_t node_new(void); void node_free(node_t it);",
        tmp_path,
    )
    assert parts["node"] == (
        "@struct class node(Handle): value_: Annotated[int, c_int]"
        ' next: Annotated["node | None", c_void_p, Borrowed]'
        " close_: Annotated[int, c_int] ..."
    )


RECORDS = """
enum color { RED = 1, GREEN, BLUE = 1 << 31 };
typedef enum { A = 1, B = 2, C = 4, ALL = A | B | C } flags;
enum { FIRST = -5, SECOND };
typedef struct s {
    unsigned kind : 3, rest : 5;
    enum color color;
    const char *name;
    char text[8];
    int matrix[2][3];
    struct s *next;
    union { int i; const char *t; } value;
    struct { int a; };
    int (*call)(struct s *it, const void *data, size_t n);
    int (*table[2])(void);
    unsigned char tail[];
} s;
struct __attribute__((packed)) packed { char c; int i; };
int use(s *, struct packed *, flags, enum color);
"""


def test_records_and_enums(tmp_path: Path) -> None:
    parts = declared(RECORDS, tmp_path)
    assert parts["color"] == "class color(OpenEnum): RED = 1 GREEN = 2 BLUE = -2147483648"
    assert parts["flags"] == "class flags(IntFlag): A = 1 B = 2 C = 4 ALL = 7"
    assert (parts["FIRST"], parts["SECOND"]) == ("FIRST = -5", "SECOND = -4")
    assert parts["packed"] == (
        '@struct(init=False) class packed(ctypes.Structure): _pack_ = 1 _layout_ = "ms"'
        " c: Annotated[bytes, c_char] i: Annotated[int, c_int] ..."
    )
    assert parts["s_value"] == (
        "@struct(init=False) class s_value(ctypes.Union):"
        " i: Annotated[int, c_int] t: Annotated[int | None, c_void_p] ..."
    )
    fields = re.findall(r"(\w+): Annotated", parts["s"])
    assert fields == [
        *("kind", "rest", "color", "name", "text", "matrix", "next", "value", "anonymous8"),
        *("call", "table", "tail"),
    ]
    for text in (
        "kind: Annotated[int, c_uint, Bits(3)]",
        "color: Annotated[color, c_int]",
        "name: Annotated[str | None, c_char_p]",
        "text: Annotated[bytes, c_char * 8]",
        "matrix: Annotated[Array[Array[int]], c_int * 3 * 2]",
        'next: Annotated["s | None", POINTER("s")]',
        "anonymous8: Annotated[s_anonymous8, s_anonymous8, Anonymous]",
        'call: Annotated[Callable[["s | None", memoryview | None, int], int] | None, s_call]',
        "table: Annotated[Array[int | None], c_void_p * 2]",
        "tail: Annotated[Array[int], c_ubyte * 0]",
    ):
        assert text in parts["s"]


def test_a_callback_that_cannot_be_declared_is_an_address(tmp_path: Path) -> None:
    header = """struct big { double x[4]; }; typedef struct big (*make)(void);
    struct s { make how; int (*print)(const char *, ...); }; int f(struct s it, make how);"""
    module = module_of(header, tmp_path)
    parts = {each.name: each.code for each in module.items}
    assert "how: Annotated[int | None, c_void_p]" in parts["s"]
    assert "print: Annotated[int | None, c_void_p]" in parts["s"]
    assert "how: Annotated[int | None, c_void_p]" in parts["f"]
    assert module.left_out["callbacks"].keys() == {"make"}
    unnamed = module.left_out["callbacks without a name of their own"]
    assert unnamed.keys() == {"s_print"}


def test_constants_have_the_values_of_the_compiler(tmp_path: Path) -> None:
    header = r"""
    #define SIZE (2 * sizeof(int) + OFFSET)
    #define OFFSET 0x10u
    #define RATIO 1.5f
    #define NEGATIVE (-1)
    #define LARGE 0xFFFFFFFFFFFFFFFFull
    #define LETTER 'a'
    #define TEXT "a \"text\"\n" "in two parts"
    #define BYTES "\xff Sequence"
    #define ALIAS do_it
    #define NOTHING ((void *) 0)
    #define ATTRIBUTE __attribute__((unused))
    #define OPEN (
    #define static
    int do_it(void);
    """
    module = module_of(header, tmp_path)
    constants = {each.name: each.code for each in module.items if each.kind == "constant"}
    assert list(constants.values()) == [
        *("SIZE = 24", "OFFSET = 16", "RATIO = 1.5", "NEGATIVE = -1"),
        *("LARGE = 18446744073709551615", "LETTER = 97"),
        "TEXT = 'a \"text\"\\nin two parts'",
        'BYTES = b"\\xff Sequence"',
    ]
    assert module.left_out["macros"].keys() == {"ALIAS", "NOTHING", "ATTRIBUTE", "OPEN"}
    assert "Sequence" not in imports_of(module)


def test_names_that_python_has_otherwise(tmp_path: Path) -> None:
    header = (
        "struct Handle; int In(struct Handle *it); int lambda(int from); int library(void);"
    )
    parts = declared(header, tmp_path)
    assert parts["Handle_struct"] == "class Handle_struct(Handle): ..."
    assert parts["In_"].startswith('@library.function(symbol="In", optional=True) def In_(')
    assert 'symbol="lambda"' in parts["lambda_"]
    assert "from_: " in parts["lambda_"]
    assert 'symbol="library"' in parts["library_"]


def test_names_that_mean_something_to_python(tmp_path: Path) -> None:
    header = """struct __in { int _; int __; int __y; int _pack_; };
    struct outer { struct __in a; }; enum e { real, imag, mro, __doc__ };
    int __builtins__(struct outer *it, enum e kind); extern int __file__;"""
    parts = declared(header, tmp_path)
    fields = re.findall(r"(\w+): Annotated", parts["_in"])
    assert fields == ["_", "__", "_y", "_pack__"]
    assert "a: Annotated[_in, _in]" in parts["outer"]
    assert parts["e"] == "class e(IntEnum): real_ = 0 imag_ = 1 mro_ = 2 _doc = 3"
    assert 'symbol="__builtins__"' in parts["_builtins"]
    assert 'if "__file__" in library: @library.variable(symbol="__file__")' in parts["_file"]


def test_a_pointer_to_several_is_not_declared_as_one(tmp_path: Path) -> None:
    header = """struct pt { int x, y; }; void a(struct pt pts[500]); void b(struct pt *pts, int n);
    void c(struct pt *out, int max); void d(short *pcm, int frame_size); void e(int *bins);
    void f(unsigned *image, int width, int height); void g(struct pt **pts, int n);"""
    module = module_of(header, tmp_path)
    marked = {"a.pts", "b.pts", "c.out", "d.pcm", "e.bins", "f.image", "g.pts"}
    assert module.open.keys() == marked


def test_bit_fields_and_unions_with_pointers(tmp_path: Path) -> None:
    header = """struct b { unsigned a : 3; unsigned : 5; unsigned c : 8; };
    struct leaf { struct node *up; int v; };
    struct node { int kind; union { struct leaf leaf; struct leaf leaves[2]; int i; } u; };
    struct mere { void *address; }; union others { struct mere mere; long i; };
    int f(struct node *it, struct b *bits, union others *others);"""
    parts = declared(header, tmp_path)
    assert "mere: Annotated[mere, mere] " in parts["others"]
    assert "anonymous1: Annotated[int, c_uint, Bits(5)]" in parts["b"]
    assert "leaf_: Annotated[leaf, leaf, UNCHECKED]" in parts["node_u"]
    assert "leaves: Annotated[Array[leaf], leaf * 2, UNCHECKED]" in parts["node_u"]


def test_what_is_in_the_header_only_is_listed(tmp_path: Path) -> None:
    module = module_of("static inline int twice(int n) { return 2 * n; } int f(int);", tmp_path)
    assert module.left_out["inline functions"].keys() == {"twice"}


def test_constants_are_there_beside_an_array_of_variable_length(tmp_path: Path) -> None:
    header = "#define ONE 5\nenum { TWO = 6 }; int f(int n, int b[n]);\n#define HUGE 1e400"
    parts = declared(header, tmp_path)
    assert (parts["ONE"], parts["TWO"]) == ("ONE = 5", "TWO = 6")
    assert parts["HUGE"] == 'HUGE = float("inf")'


def test_a_long_name_without_parameters(tmp_path: Path) -> None:
    name = "a_function_" + "with_a_very_long_name_" * 4
    assert (
        declared(f"void {name}(void);", tmp_path)[name]
        == f"@function def {name}() -> ( None ): ..."
    )


def test_a_macro_is_the_public_name_of_a_function(tmp_path: Path) -> None:
    header = "int __lib_add(int a); int lib_sub(int a);"
    header += "\n#define add __lib_add\n#define sub lib_sub\n"
    parts = declared(header, tmp_path)
    assert parts["add"].startswith(
        '@library.function(symbol="__lib_add", optional=True) def add('
    )
    assert parts["lib_sub"].startswith("@function def lib_sub(")
    assert module_of(header, tmp_path).left_out["macros"].keys() == {"sub"}


def test_a_struct_and_a_function_of_one_name(tmp_path: Path) -> None:
    parts = declared("struct stat { int size; }; int stat(struct stat *it);", tmp_path)
    assert parts["stat"].startswith("@function def stat(")
    assert "POINTER(stat_struct)" in parts["stat"]


def test_comments_are_docstrings(tmp_path: Path) -> None:
    header = r"""
    /**
     * @brief Add two numbers,
     * slowly.
     *
     * @param a one of them
     * @return the sum, "as \\ it is"
     */
    int add(int a, int b);
    """
    text = {each.name: each.text for each in module_of(header, tmp_path).items}["add"]
    assert text.splitlines()[2:] == [
        '    """Add two numbers, slowly.',
        "",
        "    - a: one of them",
        '    - return: the sum, "as \\\\\\\\ it is"',
        '    """',
        "    ...",
    ]


def test_comments_are_about_constants_and_fields(tmp_path: Path) -> None:
    header = """
    /* The most there are. */
    #define MOST 9
    enum e { A, /*!< The first. */ B /*!< The second. */ };
    struct s { int x; /* Where it is:
                         - across */
    };
    int f(struct s *it, enum e kind); /* Moves it. */
    """
    texts = {each.name: each.text for each in module_of(header, tmp_path).items}
    assert texts["MOST"] == "# The most there are.\nMOST = 9"
    assert "\n    # The first.\n    A = 0\n    # The second.\n    B = 1" in texts["e"]
    assert "    # Where it is:\n    # - across\n    x: Annotated[int, c_int]" in texts["s"]
    assert '"""Moves it."""' in texts["f"]


HIDDEN = """
struct foo { int a; };
struct s { int c_int; int b; struct foo foo; struct foo again; int bytes; char c; };
struct t { int y; int __y; int _y; };
struct gap { unsigned a : 3; int b; unsigned : 0; unsigned c : 5; };
struct tail { int n; char text[]; };
int f(struct s *it, struct t *and, struct gap *gap, struct tail *tail);
"""


def test_fields_whose_names_or_forms_python_has_not(tmp_path: Path) -> None:
    module = module_of(HIDDEN, tmp_path)
    parts = {each.name: " ".join(each.code.split()) for each in module.items}
    names = {key: re.findall(r"(\w+): Annotated", text) for key, text in parts.items()}
    # A type checker would take the name of a field for that of a type below it.
    assert names["s"] == ["c_int_", "b", "foo_", "again", "bytes_", "c"]
    assert names["t"] == ["y", "_y_", "_y"]
    assert names["gap"] == ["a", "b", "c"]
    assert "text: Annotated[bytes, c_char * 0]" in parts["tail"]
    assert module.left_out == {}


def test_fields_whose_items_another_one_counts(tmp_path: Path) -> None:
    header = """struct a { const char *data; unsigned long len; const char *name; unsigned size; };
    struct b { int len; const char *s; const char *t; }; struct c { const char *in; int in_size; };
    struct d { const char *data; int max_len; }; struct e { const char *data; int len; };
    struct e *e_new(void); void e_free(struct e *it); union u { const char *data; int len; };
    int f(struct a *, struct b *, struct c *, struct d *, union u *);"""
    texts = {each.name: each.text for each in module_of(header, tmp_path).items}
    assert (
        "# guess: data has len bytes\n    data: Annotated[bytes | None, In(c_char, "
        in texts["a"]
    )
    assert "name: Annotated[str | None, c_char_p]" in texts["a"]
    assert 's: Annotated[bytes | None, In(c_char, "len")]' in texts["b"]
    assert "t: Annotated[str | None, c_char_p]" in texts["b"]
    assert "in_: Annotated[str | None, c_char_p]" in texts["c"]
    assert "data: Annotated[str | None, c_char_p]" in texts["d"]
    assert "data: Annotated[int | None, c_void_p]" in texts["e"]


@pytest.mark.slow
def test_attributes_say_what_is_guessed_otherwise(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "lib.h").write_text(
        """#include <stddef.h>
        #define A(...) __attribute__((__VA_ARGS__))
        typedef struct box box; void discard(box *b); void let_go(char *t);
        box *gimme(int n) A(malloc, malloc(discard, 1)) A(returns_nonnull);
        char *text_of(box *b) A(malloc(let_go));
        int send(box *b, const unsigned char *p, int i, size_t much) A(access(read_only, 2, 4));
        int take(box *b, double *p, int much) A(access(__write_only__, 2, 3));
        int both(int *state) A(access(read_write, 1)); int old(char *p) A(access(read_only, 1));
        int out(int *size) A(access(write_only, 1)); int bad(int a, int *p) A(access(none, 2));"""
    )
    made = bind(["lib.h"], "lib", include=[str(tmp_path)], compiler=tool("g++")).module
    assert made.guesses == {"bad.p": "C stores p"}
    assert made.open == {}
    for place, written in (
        ("discard.b", "Annotated[box, c_void_p, Closes]"),
        ("gimme.return", "Annotated[box, c_void_p, Owned]"),
        ("text_of.return", "Annotated[str | None, c_char_p, Owned(let_go)]"),
        ("send.p", "Annotated[Buffer, In(c_ubyte)]"),
        ("send.much", 'Count(c_size_t, "p")'),
        ("take.p", 'Annotated[Buffer, Out(c_double), Count(c_int, "p")]'),
        ("both.state", "Annotated[int, InOut(c_int)]"),
        ("old.p", "Annotated[str, c_char_p]"),
        ("out.size", "Returned(int, c_int)"),
    ):
        assert made.written[place] == written


def test_a_result_that_must_be_looked_at_is_asked_about(tmp_path: Path) -> None:
    header = """
    #define LOOK __attribute__((warn_unused_result))
    enum code { FINE, WRONG };
    LOOK int close_it(int n); LOOK enum code state(void); LOOK const char *name(void);
    int plain(void);"""
    made = module_of(header, tmp_path)
    assert made.open == dict.fromkeys(
        ["close_it.return", "state.return"], "which results mean failure"
    )
    spec = tmp_path / "lib.toml"
    spec.write_text('[[raises]]\nfunctions = ["close_it", "state"]\n')
    ruled = bind(["lib.h"], "lib", include=[str(tmp_path)], spec=read(str(spec)))
    assert ruled.module.open == {}


@pytest.mark.slow
def test_clang_says_which_pointers_are_null(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "lib.h").write_text(
        """typedef struct box box; int f(box *_Nullable b, const char *_Nonnull t);
        const char *_Nonnull name(box *b); box *_Nullable *_Nonnull all(box *_Nonnull b);
        struct s { int n; int *items __attribute__((counted_by(n))); }; int g(struct s *it);"""
    )
    made = bind(["lib.h"], "lib", include=[str(tmp_path)], compiler=tool("clang++")).module
    assert made.written["f.b"] == "Annotated[box | None, c_void_p]"
    assert made.written["f.t"] == "Annotated[str, c_char_p]"
    assert made.written["name.return"] == "Annotated[str, c_char_p]"
    parts = {each.name: each.code for each in made.items}
    assert 'items: Annotated[list[int] | None, Out(c_int, "n")]' in parts["s"]


def test_a_bit_field_of_no_width_that_matters(tmp_path: Path) -> None:
    header = "struct s { unsigned a : 3; unsigned : 0; unsigned b : 4; }; int f(struct s *it);"
    module = module_of(header, tmp_path)
    assert "is another one in C: b: " in module.left_out["records"]["s"]


def test_constants_of_enums_in_structs(tmp_path: Path) -> None:
    header = """struct outer { enum { IN_A = 3, IN_B } kind; enum named { N_A = 7 } n;
      struct { enum { DEEP = 9 } k; } in; };
    typedef struct { enum { T_A = -4 } kind; } tdef; int use(struct outer *o, tdef *t);"""
    module = module_of(header, tmp_path)
    parts = {each.name: " ".join(each.code.split()) for each in module.items}
    assert [parts[name] for name in ("IN_A", "IN_B", "DEEP", "T_A")] == [
        *("IN_A = 3", "IN_B = 4", "DEEP = 9", "T_A = -4"),
    ]
    assert parts["named"] == "class named(OpenEnum): N_A = 7"
    assert "kind: Annotated[int, c_int]" in parts["tdef"]
    assert module.left_out == {}


def test_constants_that_python_cannot_name(tmp_path: Path) -> None:
    header = "enum e { A$ = 1, B = 2 }; enum { C$ = 1 };\n#define D$ 4\nint f(enum e x);"
    module = module_of(header, tmp_path)
    assert module.left_out["enum constants"].keys() == {"A$", "C$"}
    assert module.left_out["macros"].keys() == {"D$"}


def test_variables(tmp_path: Path) -> None:
    header = """extern const char version[]; extern int table[]; extern char fixed[5];
    static const int LIMIT = 12; static const char *const TEXT = "text"; static int hidden;"""
    module = module_of(header, tmp_path)
    parts = {each.name: " ".join(each.text.split()) for each in module.items}
    assert parts["LIMIT"] == "LIMIT = 12"
    assert module.left_out["variables"].keys() == {"TEXT", "hidden"}
    assert "def version() -> Annotated[bytes, c_char * 0]: ..." in parts["version"]
    assert parts["table"].startswith("# open: how many items it has: none are read if")
    assert parts["fixed"].startswith('if "fixed" in library:')


def test_names_of_parameters_are_no_words(tmp_path: Path) -> None:
    header = (
        "struct s { int Bits; }; int f(struct s *Handle, const char *Length, int UserData);"
    )
    imported = imports_of(module_of(header, tmp_path))
    assert "from pyexample.ffi import POINTER, Library, struct\n" in imported


def test_a_long_variable_is_laid_out_where_it_stands(tmp_path: Path) -> None:
    header = "".join(f"extern const unsigned v{'_' * length};" for length in range(40, 60))
    for each in module_of(header, tmp_path).items:
        if each.kind == "function":
            assert max(map(len, each.code.splitlines())) <= 88


def test_texts_are_in_the_quotes_that_a_formatter_prefers(tmp_path: Path) -> None:
    header = r"""
    #define A "say \"hello\" to 'me'"
    #define B "a \"b\" \n 'c"
    #define C "a\\ \"b\"\x7f"
    #define D "\"\"\xff'"
    int f(void);"""
    codes = [each.code for each in module_of(header, tmp_path).items if each.name in "ABCD"]
    assert codes == [
        'A = "say \\"hello\\" to \'me\'"',
        "B = 'a \"b\" \\n \\'c'",
        "C = 'a\\\\ \"b\"\\u007f'",
        "D = b'\"\"\\xff\\''",
    ]


def test_functions_that_are_one_in_the_library(tmp_path: Path) -> None:
    header = """extern int g(int a) __asm__("real"); extern int h(int a, int b) __asm__("real");
    int real(int); int i(void) __asm__("j"); int k(void) __asm__("j");"""
    module = module_of(header, tmp_path)
    assert module.left_out["functions"] == {
        "g": "is real in the library, which is declared as real",
        "h": "is real in the library, which is declared as real",
        "k": "is j in the library, which is declared as i",
    }
    assert [it.name for it in module.items if it.kind == "function"] == ["real", "i"]


FEW = [
    "typedef int (*callback)(int);",
    "#define LIMIT 3\nint print(const char *format, ...);",
    "struct s { int a; }; int print(struct s *it, ...);",
    "extern int limit; int print(int *it, ...);",
    "typedef struct box box; int print(box *it, ...);",
]


@pytest.mark.parametrize("header", FEW)
def test_a_header_without_functions_that_can_be_declared(header: str, tmp_path: Path) -> None:
    assert len(module_of(header, tmp_path).items) == 1


def test_the_headers_of_c_are_not_those_of_its_parts(tmp_path: Path) -> None:
    module = bind(["time.h"], "c").module
    assert module.counts["functions"] < 60  # and not those of bits/*.h, which are 1,278


def test_only_some_with_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "lib.h").write_text(PRELUDE + "#define LIMIT 3\nint f(struct point *at);")
    folder = [str(tmp_path)]
    module = bind(["lib.h"], "lib", only="^f$|LIMIT", include=folder).module
    assert {each.name for each in module.items} == {"f", "LIMIT", "point"}
    made = bind(["lib.h"], "lib", only="LIMIT", include=folder)
    assert [each.name for each in made.module.items] == ["LIMIT"]
    assert dict(made.module.counts) == {"macros": 1}
    assert dict(made.module.there) == {
        "functions": 5,
        "records": 3,
        "macros": 1,
        "variables": 0,
    }
    assert made.module.left_out == {}
    header = """enum e { lib_ONE, lib_TWO }; struct lib_s { int n; }; struct other { int n; };
    typedef int (*lib_each)(int); enum o { OTHER }; int g(struct other *it);"""
    (tmp_path / "types.h").write_text(header)
    module = bind(["types.h"], "lib", only="^lib_", include=folder).module
    assert {each.name for each in module.items} == {"e", "lib_s", "lib_each"}
    module = bind(["lib.h"], "lib", without="^box", include=folder).module
    assert not [each for each in module.items if "box_" in each.name]


def test_only_some_are_in_the_same_order(tmp_path: Path) -> None:
    kinds = ("char", "short", "int", "long", "float", "double", "bool", "size_t", "unsigned")
    rows = [f"void {name}_{kind}({kind} it);" for name in "fg" for kind in kinds]
    (tmp_path / "lib.h").write_text("#include <stddef.h>\n" + "".join(rows) + "void h(void);")
    whole = bind(["lib.h"], "lib", include=[str(tmp_path)]).module
    some = bind(["lib.h"], "lib", only="^[fg]_", include=[str(tmp_path)]).module
    names = [each.name for each in some.items]
    assert len(names) == 27
    assert names == [each.name for each in whole.items if each.name in names]


@pytest.mark.full
def test_constants_beside_macros_that_name_nothing(missing: Missing) -> None:
    folder = Path("/usr/include/cairo")
    if not folder.is_dir():
        missing("libcairo2-dev is not installed")
    module = bind(["cairo.h"], "cairo", include=[str(folder)], only="^cairo_status$").module
    assert any("CAIRO_STATUS_NO_MEMORY = 1" in each.code for each in module.items)


def test_a_macro_may_close_a_bracket_through_another(tmp_path: Path) -> None:
    header = "#define END }\n#define THE_END END\n#define TWO 2\nint f(void);"
    module = module_of(header, tmp_path)
    assert [each.code for each in module.items if each.kind == "constant"] == ["TWO = 2"]
    assert module.left_out["macros"].keys() == {"END", "THE_END"}


@pytest.mark.slow
def test_a_header_of_c_before_it_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "lib.h").write_text("int f(FILE *file);")
    module = bind(["stdio.h", "lib.h"], "lib", include=[str(tmp_path)]).module
    assert [each.name for each in module.items if each.kind == "function"] == ["f"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "#include <no_such.h>\nint f(void);",
            "no_such.h, which lib.h includes, was not found",
        ),
        ("int f(int a;", "does not compile"),
        ("static int hidden;", "nothing is declared there"),
        ("int print(const char *format, ...);", "can be declared: print is variadic"),
    ],
)
def test_a_header_that_cannot_be_bound(header: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "lib.h").write_text(header)
    with pytest.raises(CannotJudgeError, match=message):
        bind(["lib.h"], "lib", include=[str(tmp_path)])


OPEN = """
enum passed { P_A = 1, P_B }; enum came { C_A = 1, C_B }; enum stored { S_A = 1, S_B };
typedef enum { F_A = 5, F_B } field; enum got { G_A = 3, G_B }; enum flags { X = 1, Y = 2, Z = 8 };
enum nameless { N_A = 1, N_B }; enum variable { V_A = 4, V_B };
struct s { field f[2]; }; typedef void (*call)(enum got g); extern enum variable v;
enum came f(enum passed p, enum stored *out, struct s *it, call c, void (*d)(enum nameless));
enum flags g(void);
"""


def test_an_enum_is_open_if_its_values_come_from_c(tmp_path: Path) -> None:
    made = module_of(OPEN, tmp_path)
    bases = {each.name: each.code.splitlines()[0] for each in made.items}
    assert bases["passed"] == "class passed(IntEnum):"
    assert bases["flags"] == "class flags(IntFlag):"
    for name in ("came", "stored", "field", "got", "nameless", "variable"):
        assert bases[name] == f"class {name}(OpenEnum):"
    module: dict[str, Any] = {}
    for name in ("OpenEnum", "came"):
        code = next(each.code for each in made.items if each.name == name)
        exec(f"from enum import IntEnum\n{code}", module)  # noqa: S102 - just written
    added = module["came"](99)
    assert isinstance(added, module["came"])
    assert (added, added.name, added.value) == (99, "99", 99)
    assert module["came"](2) is module["came"].C_B
    with pytest.raises(ValueError, match="'x' is not a valid came"):
        module["came"]("x")


def test_a_header_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "of.h").write_text("int f(void);")
    (tmp_path / "lib.h").symlink_to("of.h")
    # The compiler names a header of the system where the link leads.
    module = bind(["lib.h"], "lib", compiler=f"g++ -isystem {tmp_path}").module
    assert [each.name for each in module.items if each.kind == "function"] == ["f"]
