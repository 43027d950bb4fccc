"""Arrays, texts and memory that C returns, stores through a pointer, fills, or passes on."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import ctypes
import os
from array import array
from collections.abc import Callable, Sequence
from ctypes import (
    POINTER,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_size_t,
    c_uint8,
    c_void_p,
    c_wchar,
)
from enum import IntEnum
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from support import Package, collect

from pyexample.ffi import (
    TERMINATED,
    UNCHECKED,
    ArrayOf,
    Borrowed,
    Buffer,
    Closes,
    Constant,
    Count,
    DeclarationError,
    Encoding,
    Filled,
    Handle,
    In,
    InOut,
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    Written,
    c_half,
    struct,
)
from pyexample.ffi import Callback as CallbackType
from pyexample.ffi.declaration import Declaration
from pyexample.ffi.lifetimes import VIEWS_KEEP

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
static int freed;
int freed_so_far(void) { return freed; }
void release(void *memory) { freed++; free(memory); }
static void *copied(const void *data, size_t size) {
    void *made = malloc(size ? size : 1);
    memcpy(made, data, size);
    return made;
}

void *allot(size_t size) { return size > 1000 ? NULL : calloc(1, size); }
double sum_of_numbers(const double *them, int n) {
    return n ? *them + sum_of_numbers(them + 1, n - 1) : 0;
}
void release_at(void *memory, const char *file, int line) {
    if (line == 7 && !*file) release(memory);
}
char *copied_text(void) { return copied("text", 5); }
static const char *const words[] = {"one", "zw\xc3\xb6lf", NULL, "", NULL};
const char *const *all_words(int n) { return n < 0 ? NULL : words; }
char **copied_words(int n) { return n < 0 ? NULL : copied(words, 5 * sizeof *words); }
static const int numbers[] = {3, -1, 7, 0, 9};
const int *all_numbers(int n) { return n < 0 ? NULL : numbers; }
typedef struct { int x; double y; } point;
static const point points[] = {{1, 1.5}, {2, 2.5}};
const point *all_points(void) { return points; }
double sum_of(const point *const *them, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += them[i] ? them[i]->y : 100;
    return sum;
}

typedef struct { int value; } box;
static int open_boxes;
int boxes_open(void) { return open_boxes; }
box *new_box(int value) {
    box *it = malloc(sizeof *it);
    it->value = value;
    open_boxes++;
    return it;
}
void free_box(box *it) { free(it); open_boxes--; }
int value_of(const box *it) { return it->value; }
static box *last[3];
box **made_boxes(int n) {
    box **them = malloc(3 * sizeof *them);
    for (int i = 0; i < n; i++) last[i] = them[i] = new_box(i + 10);
    return them;
}
int list_boxes(box **into, size_t room, size_t *n) {
    if (room > 3) room = 3;
    for (size_t i = 0; i < room; i++) into[i] = new_box((int)i);
    *n = room;
    return 0;
}
int known_boxes(const box *one, box **into, size_t room) {
    for (size_t i = 0; i < room && i < 2; i++) into[i] = (box *)(uintptr_t)one;
    return 2;
}
int store_boxes(box ***into, size_t *n) { *into = made_boxes(3); *n = 3; return 0; }

/* data that C gives through its parameters */
int store_data(int how, char **data, size_t *n) {
    switch (how) {
    case 0: *data = copied("a\0bc", 4); *n = 4; return 0;
    case 1: *data = NULL; *n = 0; return 0;
    case 2: *data = NULL; *n = 7; return 0;
    case 3: *data = copied("bad", 3); *n = 3; return 9;
    case 4: *data = copied("\xff", 1); *n = 1; return 0;
    case 5: *data = copied("x", 1); *n = SIZE_MAX; return 0;
    default: return 1;
    }
}
int store_counted(int how, unsigned char **data) {
    if (how < 0) return how;
    *data = copied("\1\2\3", 3);
    return how;
}
static const float scores[] = {0.5, 1.5, 2.5};
int store_scores(const box *it, const float **data, int *n) {
    *data = it->value ? scores : NULL;
    *n = it->value;
    return 0;
}
int fill_names(const char **names, int room) {
    for (int i = 0; i < room && i < 3; i++) names[i] = words[i];
    return 3;
}
int fill_points(point *into, int room) {
    for (int i = 0; i < room && i < 2; i++) into[i] = points[i];
    return 2;
}
int fill_copies(char **texts, int n) {
    static const char *const them[] = {"a", "\xff", "c"};
    for (int i = 0; i < n; i++) texts[i] = copied(them[i], 2);
    return n;
}
int fill_gaps(box **into) { into[0] = new_box(1); into[2] = new_box(3); return 3; }
#pragma pack(push, 1)
typedef struct { uint8_t kind; double z[2]; } event;
#pragma pack(pop)
typedef int event_f(const event *events, int n, const double (*z)[2], box **boxes);
int events(event_f *call, box *it) {
    static const event them[] = {{1, {0, 1}}, {2, {3, 4}}};
    box *boxes[] = {it, it};
    return call(them, 2, &them[1].z, boxes);
}
int fill_wide(wchar_t *into, int room) {
    return (int)wcslen(wcsncpy(into, L"w\x00f6lf", (size_t)room));
}
int fill_nul(wchar_t *into, int room) { into[0] = L'a'; into[2] = L'b'; return room; }
int sum_wide(const wchar_t *text, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int)text[i];
    return sum;
}

int next_box(int n, box **it, char **text) {
    if (n == 9) return -n;
    *it = n == 8 ? NULL : new_box(n);
    *text = copied("made", 5);
    return n;
}
int status(int n) { return n; }

typedef int row_f(void *user, int n, char **values, char **names);
int rows(row_f *row, void *user) {
    char *names[] = {"a", "b"}, *values[] = {"1", NULL}, text[] = "latin \xe4", *odd[] = {text};
    if (row(user, 2, values, names) || row(user, 1, odd, odd)) return 1;
    if (row(user, 0, NULL, NULL)) return 2;
    return row(user, -1, values, names);
}
typedef int text_f(const char *text, int n, const int *list);
int texts(text_f *text) {
    static const int list[] = {4, 5, 0};
    return text("zw\xc3\xb6lf\0 more", 6, list) + text(NULL, 0, list + 2)
        + text("x", 1, NULL);
}
typedef struct { text_f *call; } table;
int call_text(const char *text, int n, const int *list) {
    return n + text[n - 1] + (list ? list[0] : 0);
}
table *the_table(void) { static table it = {call_text}; return &it; }
"""

Int = Annotated[int, c_int]


class Box(Handle):
    pass


class Color(IntEnum):
    RED = 3
    GREEN = -1
    BLUE = 7


@struct(init=False)
class Point(ctypes.Structure):
    x: Int
    y: Annotated[float, c_double]


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    if "closer" in vars(Box):  # of the test before
        del Box.closer
    return Library("c", f"{package.name}.module")


@pytest.fixture
def common(library: Library) -> Any:
    """The functions that every test needs."""
    collect()  # before another function frees boxes, and another library counts them

    @library.function
    def freed_so_far() -> Int: ...
    @library.function
    def release(memory: Annotated[int | None, c_void_p], /) -> None: ...
    @library.function
    def new_box(value: Int, /) -> Annotated[Box, c_void_p, Owned]: ...
    @library.function
    def free_box(it: Annotated[Box, c_void_p, Closes], /) -> None: ...
    @library.function
    def boxes_open() -> Int: ...
    @library.function
    def value_of(it: Annotated[Box, c_void_p], /) -> Int: ...

    return SimpleNamespace(**locals())


def failed(code: int, function: str, values: Any) -> Exception:
    return RuntimeError(code, *values)


Done = Annotated[None, c_int, Raises(failed)]


def test_arrays_of_texts_that_c_returns(library: Library, common: Any) -> None:
    @library.function(symbol="all_words")
    def counted(n: Int, /) -> Annotated[list[str | None] | None, ArrayOf(c_char_p, "n")]: ...
    @library.function(symbol="all_words")
    def until_null(n: Int, /) -> Annotated[list[bytes], ArrayOf(c_char_p, TERMINATED)]: ...
    @library.function(symbol="all_words")
    def strict(n: Int, /) -> Annotated[list[str], ArrayOf(c_char_p, "n")]: ...
    @library.function(symbol="all_words")
    def latin(
        n: Int, /
    ) -> Annotated[list[str], ArrayOf(c_char_p, TERMINATED, Encoding("latin-1"))]: ...
    @library.function
    def copied_words(
        n: Int, /
    ) -> Annotated[list[str], ArrayOf(c_char_p, TERMINATED), Owned(common.release)]: ...

    assert counted(4) == ["one", "zwölf", None, ""]
    assert counted(0) == []
    assert counted(-1) is None
    assert until_null(0) == [b"one", "zwölf".encode()]
    assert latin(0)[1] == "zw\xc3\xb6lf"
    with pytest.raises(ValueError, match=r"is a null pointer, which its declaration rules out"):
        until_null(-1)
    with pytest.raises(ValueError, match=r"^strict\(\) result, item of ArrayOf.* is a null po"):
        strict(3)
    assert copied_words(0) == ["one", "zwölf"]
    with pytest.raises(ValueError, match="is a null pointer"):
        copied_words(-1)
    assert common.freed_so_far() == 1


def test_lists_whose_items_are_declared(library: Library) -> None:
    @library.function(symbol="all_numbers")
    def numbers(n: Int, /) -> Annotated[list[int], In(c_int, TERMINATED)]: ...
    @library.function(symbol="all_numbers")
    def colors(n: Int, /) -> Annotated[list[Color], In(c_int, "n")]: ...
    @library.function(symbol="all_numbers")
    def truths(n: Int, /) -> Annotated[list[bool], ArrayOf(c_int, 5)]: ...
    @library.function
    def all_points() -> Annotated[list[Point], ArrayOf(Point, 2)]: ...

    assert numbers(0) == [3, -1, 7]
    assert colors(3) == [Color.RED, Color.GREEN, Color.BLUE]
    with pytest.raises(ValueError, match=r"item of In.* \(int32_t\) is 0, no Color"):
        colors(4)
    assert truths(0) == [True, True, True, False, True]
    copies = all_points()
    assert [(each.x, each.y) for each in copies] == [(1, 1.5), (2, 2.5)]
    copies[0].x = 9
    assert all_points()[0].x == 1


def test_arrays_of_handles_that_c_returns(library: Library, common: Any) -> None:
    @library.function
    def made_boxes(
        n: Int, /
    ) -> Annotated[list[Box | None], ArrayOf(c_void_p, "n", Owned), Owned(common.release)]: ...

    boxes = made_boxes(3)
    assert [common.value_of(each) for each in boxes] == [10, 11, 12]
    assert (common.boxes_open(), common.freed_so_far()) == (3, 1)
    del boxes
    collect()
    assert common.boxes_open() == 0


def test_handles_that_are_stored(library: Library, common: Any) -> None:
    @library.function
    def store_boxes() -> Annotated[
        list[Box], c_int, Raises(failed),
        Returned(list[Box], ArrayOf(c_void_p, Owned), Owned(common.release), name="them"),
        Length(c_size_t, "them"),
    ]: ...  # fmt: skip

    boxes = store_boxes()
    assert (len(boxes), common.boxes_open(), common.freed_so_far()) == (3, 3, 1)
    boxes[0].close()
    del boxes
    collect()
    assert common.boxes_open() == 0


def test_memory_that_c_stores(library: Library, common: Any) -> None:
    @library.function
    def store_data(how: Int, /) -> Annotated[
        bytes | None, c_int, Raises(failed),
        Returned(bytes | None, In(c_char), Owned(common.release), name="data"),
        Length(c_size_t, "data"),
    ]: ...  # fmt: skip
    @library.function(symbol="store_data")
    def text(how: Int, /) -> Annotated[
        str, c_int, Raises(failed),
        Returned(str, In(c_char), Owned(common.release), name="data"),
        Length(c_size_t, "data"),
    ]: ...  # fmt: skip

    assert store_data(0) == b"a\0bc"
    assert store_data(1) is None
    assert store_data(2) is None
    assert common.freed_so_far() == 1
    with pytest.raises(RuntimeError) as caught:
        store_data(3)
    assert caught.value.args == (9, 3, b"bad"), "the message may be in it"
    assert common.freed_so_far() == 2
    with pytest.raises(ValueError, match=r"result .* would have [0-9]+ items"):
        store_data(5)
    assert common.freed_so_far() == 3
    with pytest.raises(RuntimeError):
        store_data(6)
    assert common.freed_so_far() == 3, "nothing was stored"

    assert text(0) == "a\0bc"
    assert text(1) == "", "NULL and 0 is empty, where NULL is not declared"
    with pytest.raises(ValueError, match="is a null pointer, which its declaration rules out"):
        text(2)
    with pytest.raises(UnicodeDecodeError):
        text(4)
    assert common.freed_so_far() == 5


def test_a_length_that_is_returned(library: Library, common: Any) -> None:
    @library.function
    def store_counted(how: Int, /) -> Annotated[
        list[int], c_int, Raises(failed, when="negative"), Written("data"),
        Returned(list[int], Out(c_uint8), Owned(common.release), name="data"),
    ]: ...  # fmt: skip

    assert store_counted(3) == [1, 2, 3]
    assert store_counted(0) == []
    assert common.freed_so_far() == 2
    with pytest.raises(RuntimeError, match="-7"):
        store_counted(-7)
    assert common.freed_so_far() == 2


def test_as_many_as_ever(library: Library, common: Any) -> None:
    @library.function(symbol="store_counted")
    def store_three(how: Int, /) -> Annotated[
        bytes, c_int, Raises(failed, when="negative"),
        Returned(bytes, Out(c_uint8, 3), Owned(common.release)),
    ]: ...  # fmt: skip

    assert store_three(0) == b"\1\2\3"
    assert common.freed_so_far() == 1


def test_a_view_of_what_c_stores(library: Library, common: Any) -> None:
    @library.function
    def store_scores(it: Annotated[Box, c_void_p], /) -> Annotated[
        memoryview, c_int, Raises(failed),
        Returned(memoryview, In(ctypes.c_float), Borrowed("it"), name="scores"),
        Length(c_int, "scores"),
    ]: ...  # fmt: skip

    box = common.new_box(3)
    view = store_scores(box)
    assert view.tolist() == [0.5, 1.5, 2.5]
    assert view.readonly
    box.close()
    with pytest.raises(ValueError, match="released"):
        view[0]
    assert store_scores(common.new_box(0)).tolist() == []
    with pytest.raises(ValueError, match=r"would have -1 items"):
        store_scores(common.new_box(-1))


def test_it_is_freed_by_a_function_with_constants(library: Library, common: Any) -> None:
    """Such as OpenSSL's CRYPTO_free."""

    @library.function
    def release_at(
        memory: Annotated[int | None, c_void_p, Constant(c_char_p, ""), Constant(c_int, 7)], /
    ) -> None: ...
    @library.function
    def copied_text() -> Annotated[str, c_char_p, Owned(release_at)]: ...

    assert copied_text() == "text"
    assert common.freed_so_far() == 1


@pytest.mark.skipif(not VIEWS_KEEP, reason="a memoryview keeps nothing alive")
def test_memory_of_c_that_python_owns(library: Library, common: Any) -> None:
    """Such as that of fftw_malloc: with C's alignment, and without a copy."""

    def items(size: int) -> int:
        return size // 8

    @library.function
    def allot(size: Annotated[int, c_size_t], /) -> Annotated[
        memoryview, Out(c_double, items), Owned(common.release)
    ]: ...  # fmt: skip
    @library.function
    def sum_of_numbers(
        them: Annotated[Buffer, In(c_double), Count(c_int, "them")], /
    ) -> Annotated[float, c_double]: ...
    @library.function(symbol="allot")
    def allot_bytes(size: Annotated[int, c_size_t], /) -> Annotated[
        memoryview | None, In(c_char, "size"), Owned(common.release)
    ]: ...  # fmt: skip

    view: Any = allot(24)
    view[1] = 2.5
    part = view[1:]
    part[1] = 1
    assert (view.tolist(), sum_of_numbers(view), sum_of_numbers(part)) == (
        [0, 2.5, 1],
        3.5,
        3.5,
    )
    view.release()
    collect()
    assert (common.freed_so_far(), part.tolist()) == (0, [2.5, 1])
    del part
    collect()
    assert common.freed_so_far() == 1
    view = allot(8)
    del view
    collect()
    assert common.freed_so_far() == 2
    with pytest.raises(ValueError, match=r"^allot\(\) result .* is a null pointer"):
        allot(2000)
    assert allot_bytes(2000) is None
    constant = allot_bytes(3)
    assert constant is not None
    assert (bytes(constant), constant.readonly) == (bytes(3), True)
    del constant
    assert len(allot(0)) == 0
    collect()
    assert common.freed_so_far() == 4


def test_handles_that_c_fills_in(library: Library, common: Any) -> None:
    @library.function
    def list_boxes() -> Annotated[
        list[Box], c_int, Raises(failed), Filled(list[Box], c_void_p, 5, Owned, name="boxes"),
        Count(c_size_t, "boxes"), Length(c_size_t, "boxes"),
    ]: ...  # fmt: skip
    @library.function
    def known_boxes(
        one: Annotated[
            Box, c_void_p, Filled(list[Box], c_void_p, 2, Borrowed("one"), name="boxes"),
            Count(c_size_t, "boxes"),
        ],
        /,
    ) -> Annotated[list[Box], c_int, Written("boxes")]: ...  # fmt: skip
    @library.function(symbol="known_boxes")
    def too_few(
        one: Annotated[
            Box, c_void_p, Filled(list[Box], c_void_p, 1, Borrowed("one"), name="boxes"),
            Count(c_size_t, "boxes"),
        ],
        /,
    ) -> Annotated[list[Box], c_int, Written("boxes")]: ...  # fmt: skip

    boxes = list_boxes()
    assert [common.value_of(each) for each in boxes] == [0, 1, 2]
    boxes[1].close()
    assert common.boxes_open() == 2
    del boxes
    collect()
    assert common.boxes_open() == 0

    box = common.new_box(7)
    assert known_boxes(box) == [box, box]
    assert known_boxes(box)[0] is box
    with pytest.raises(ValueError, match=r"C says that it wrote 2 of 1 items"):
        too_few(box)


def test_texts_and_structures_that_c_fills_in(library: Library) -> None:
    @library.function
    def fill_names() -> Annotated[
        list[str | None], c_int, Written("names"),
        Filled(list[str | None], c_char_p, 4, name="names"), Count(c_int, "names"),
    ]: ...  # fmt: skip
    @library.function(symbol="fill_names")
    def again() -> Annotated[
        list[str | None], c_int, Written("names", again=True),
        Filled(list[str | None], c_char_p, 1, name="names"), Count(c_int, "names"),
    ]: ...  # fmt: skip
    @library.function
    def fill_points() -> Annotated[
        list[Point], c_int, Written("points"),
        Filled(list[Point], Point, 16, name="points"), Count(c_int, "points"),
    ]: ...  # fmt: skip

    assert fill_names() == again() == ["one", "zwölf", None]
    assert [(each.x, each.y) for each in fill_points()] == [(1, 1.5), (2, 2.5)]


def test_what_is_owned_is_freed_if_another_cannot_be_read(
    library: Library, common: Any
) -> None:
    @library.function
    def fill_copies() -> Annotated[
        list[str], c_int, Written("it"),
        Filled(list[str], c_char_p, 3, Owned(common.release), name="it"), Count(c_int, "it"),
    ]: ...  # fmt: skip
    @library.function
    def fill_gaps() -> Annotated[
        list[Box], c_int, Raises(failed, when="zero"), Filled(list[Box], c_void_p, 3, Owned)
    ]: ...
    @library.function(symbol="fill_gaps")
    def nullable() -> Annotated[
        list[Box | None], None, Filled(list[Box | None], c_void_p, 3, Owned)
    ]: ...

    with pytest.raises(UnicodeDecodeError):
        fill_copies()
    collect()
    assert common.freed_so_far() == 3
    with pytest.raises(ValueError, match="is a null pointer"):
        fill_gaps()
    collect()
    assert common.boxes_open() == 0
    found = nullable()
    assert [each and common.value_of(each) for each in found] == [1, None, 3]


def test_wide_characters(library: Library) -> None:
    @library.function
    def fill_wide() -> Annotated[
        str, c_int, Written("text"), Filled(str, c_wchar, 8, name="text"), Count(c_int, "text")
    ]: ...
    @library.function(symbol="fill_wide")
    def up_to_nul() -> Annotated[
        str, None, Filled(str, c_wchar, 8, name="text"), Count(c_int, "text")
    ]: ...
    @library.function
    def sum_wide(text: Annotated[Buffer, In(c_wchar), Count(c_size_t, "text")], /) -> Int: ...

    @library.function
    def fill_nul() -> Annotated[
        str, c_int, Written("text"), Filled(str, c_wchar, 3, name="text"), Count(c_int, "text")
    ]: ...

    assert fill_wide() == up_to_nul() == "wölf"
    assert fill_nul() == "a\0b"
    assert sum_wide(ctypes.create_unicode_buffer("ab")) == 97 + 98
    assert sum_wide((c_wchar * 2)("a", "\xf6")) == 97 + 0xF6
    for wrong in (b"abcd", array("i", [1]), array("d", [1])):
        with pytest.raises(TypeError, match=r"must have items of wchar_t, not of"):
            sum_wide(wrong)


def test_arrays_of_texts_that_a_callback_gets(library: Library) -> None:
    """As that of sqlite3_exec."""
    Texts = Annotated[list[str | None], ArrayOf(c_char_p, "n", Encoding("latin-1"))]  # noqa: N806

    @CallbackType
    def row(
        user: Annotated[int | None, c_void_p], n: Int, values: Texts, names: Texts, /
    ) -> Int: ...
    @library.function
    def rows(
        row: Annotated[Callable[[Any, int, list[str | None], list[str | None]], int], row],
        user: Annotated[int | None, c_void_p], /,
    ) -> Int: ...  # fmt: skip

    found: list[Any] = []

    def on_row(user: Any, n: int, values: list[str | None], names: list[str | None]) -> int:
        found.append((n, values, names))
        return 0

    with pytest.raises(ValueError, match=r"^row\(\) parameter 'values' .* would have -1 items"):
        rows(on_row, None)
    latin = ["latin ä"]
    assert found == [(2, ["1", None], ["a", "b"]), (1, latin, latin), (0, [], [])]


def test_texts_with_a_length_that_a_callback_gets(library: Library) -> None:
    @CallbackType
    def text(
        text: Annotated[str, In(c_char, "n")], n: Int,
        list: Annotated[list[int] | None, In(c_int, TERMINATED)], /,  # noqa: A002
    ) -> Int: ...  # fmt: skip
    @CallbackType
    def data(
        text: Annotated[bytes | None, In(c_char, "n")], n: Int,
        list: Annotated[memoryview | None, In(c_int, TERMINATED)], /,  # noqa: A002
    ) -> Int: ...  # fmt: skip
    @library.function
    def texts(call: Annotated[Callable[[str, int, list[int] | None], int], text], /) -> Int: ...
    @library.function(symbol="texts")
    def datas(
        call: Annotated[Callable[[bytes | None, int, memoryview | None], int], data], /
    ) -> Int: ...

    found: list[Any] = []

    def on_text(text: str, n: int, items: list[int] | None) -> int:
        found.append((text, n, items))
        return 0

    def on_data(data: bytes | None, n: int, items: memoryview | None) -> int:
        found.append((data, None if items is None else items.tolist()))
        return 0

    texts(on_text)
    assert found == [("zwölf", 6, [4, 5]), ("", 0, []), ("x", 1, None)]
    found.clear()
    datas(on_data)
    assert found == [("zwölf".encode(), [4, 5]), (None, []), (b"x", None)]


def test_other_arrays_that_a_callback_gets(library: Library, common: Any) -> None:
    """Structures that ctypes does not pass by value, complex numbers, handles."""

    @struct
    class Event(ctypes.Structure):
        _pack_ = 1
        _layout_ = "ms"
        kind: Annotated[int, c_uint8]
        z: Annotated[complex, c_double * 2]

    @CallbackType
    def call(
        events: Annotated[list[Event], ArrayOf(Event, "n")], n: Int,
        z: Annotated[list[complex], ArrayOf(c_double * 2, 1)],
        boxes: Annotated[list[Box], ArrayOf(c_void_p, "n")], /,
    ) -> Int: ...  # fmt: skip
    @library.function
    def events(
        call: Annotated[Callable[[list[Event], int, list[complex], list[Box]], int], call],
        it: Annotated[Box, c_void_p], /,
    ) -> Int: ...  # fmt: skip

    def check(events: list[Event], n: int, z: list[complex], boxes: list[Box]) -> int:
        assert [(each.kind, each.z) for each in events] == [(1, 1j), (2, 3 + 4j)]
        assert z == [3 + 4j]
        assert boxes == [box, box]
        return common.value_of(boxes[1])  # type: ignore[no-any-return]

    box = common.new_box(7)
    assert events(check, box) == 7


def test_python_calls_what_takes_a_text_with_a_length(library: Library) -> None:
    @CallbackType
    def text(
        text: Annotated[str, In(c_char, "n")], n: Int,
        list: Annotated[memoryview | None, In(c_int, TERMINATED)], /,  # noqa: A002
    ) -> Int: ...  # fmt: skip

    @struct(init=False)
    class Table(ctypes.Structure):
        call: Annotated[Callable[[str, int, Any], int], text]

    @library.function
    def the_table() -> Annotated[Table, POINTER(Table), Borrowed]: ...

    call = the_table().call
    assert call("ab", 2, None) == 2 + ord("b")
    assert call("ab", 1, array("i", [5, 0])) == 1 + ord("a") + 5
    with pytest.raises(ValueError, match=r"parameter 'text' .* has 2 items, not 3$"):
        call("ab", 3, None)
    with pytest.raises(ValueError, match=r"would have -1 items"):
        call("ab", -1, None)
    with pytest.raises(ValueError, match=r"must end with an item that is 0"):
        call("ab", 1, array("i", [5]))


def test_pointers_in_a_sequence(library: Library) -> None:
    @library.function
    def sum_of(
        them: Annotated[
            Sequence[Point | None], ArrayOf(POINTER(Point)), Count(c_size_t, "them")
        ],
        /,
    ) -> Annotated[float, c_double]: ...

    one, two = Point(1, 2.5), Point(2, 3)
    assert sum_of([one, two, None, one]) == 108
    assert sum_of([ctypes.pointer(one)]) == 2.5  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"'them', item \(LP_Point\)"):
        sum_of([7])  # type: ignore[list-item]


def test_a_code_that_means_none(library: Library, common: Any) -> None:
    @library.function
    def next_box(n: Int, /) -> Annotated[
        tuple[Box, str] | None, c_int, Raises(failed, unless=(0, 8), none=(1, 2)),
        Returned(Box, c_void_p, Owned), Returned(str, c_char_p, Owned(common.release)),
    ]: ...  # fmt: skip
    @library.function
    def status(
        n: Int, /
    ) -> Annotated[Color | None, c_int, Raises(failed, when="negative", none={0, 100})]: ...

    found = next_box(0)
    assert found is not None
    assert (common.value_of(found[0]), found[1]) == (0, "made")
    del found
    for nothing in (1, 2):
        assert next_box(nothing) is None
        collect()
        assert common.boxes_open() == 0, "what came back all the same is closed"
    assert common.freed_so_far() == 3
    with pytest.raises(RuntimeError):
        next_box(9)
    with pytest.raises(ValueError, match="is a null pointer"):
        next_box(8)
    assert common.freed_so_far() == 4
    assert (status(3), status(0), status(100)) == (Color.RED, None, None)
    with pytest.raises(RuntimeError):
        status(-1)
    with pytest.raises(ValueError, match="is 4, no Color"):
        status(4)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Annotated[list[str], In(c_int, 3)], ", 3): int or bool stands for int32_t, not"),
        (Annotated[list[str], ArrayOf(c_int, 3)], "int or bool stands for int32_t, not <class"),
        (Annotated[list, In(c_int, 3)], "int or bool stands for int32_t, not typing.Any"),
        (Annotated[list[Any], ArrayOf(In(c_double, 3), 3)], "nothing stands for const LP_c"),
        (Annotated[bytes, ArrayOf(c_char, 3)], "list[...] stands for const char *, not"),
        (Annotated[bytes, In(c_char, UNCHECKED)], "how many items are there? Write a size"),
        (Annotated[memoryview, In(c_wchar, 3), Borrowed], "str or list[...] stands for const"),
        (Annotated[memoryview, In(c_half, 3), Borrowed], "list[...] stands for const half *"),
        (
            Annotated[list[Box], ArrayOf(c_void_p, 3)],
            "item of ArrayOf(c_void_p, 3): who closes the Box? Write Owned after the C type",
        ),
        (
            Annotated[list[Box], ArrayOf(c_void_p, 3, Owned), Borrowed],
            "the list is a copy. If its items are Borrowed, write that behind their C type:"
            " ArrayOf(c_void_p, ..., Borrowed)",
        ),
        (
            Annotated[list[Box], ArrayOf(c_void_p, 3, Borrowed("no"))],
            "Borrowed needs the names of handle parameters, not no",
        ),
        (
            Annotated[bytes, In(c_char, 3), Length(c_size_t, "return")],
            "'return') both say how many items there are: write one of them",
        ),
        (
            Annotated[list[float], In(c_double, 4, order="F")],
            "order='F'): order= is for what C is passed",
        ),
        (Annotated[int, c_int, Raises], "Raises needs arguments, in parentheses"),
        (
            Annotated[int, c_int, Raises(failed, none=(1,))],
            "none=(1,)) makes it None: declare | None",
        ),
        (
            Annotated[int | None, c_uint8, Raises(failed, none=(256,))],
            "the code 256 goes beyond uint8_t",
        ),
        (
            Annotated[Box | None, c_void_p, Borrowed, Raises(failed, none=(1,))],
            "none=(1,)) is about integers, not Box *",
        ),
        (
            Annotated[str, None, Returned(int, c_int, Raises(failed, none=(1,)))],
            "none= is for what C itself returns",
        ),
        (Annotated[str, None, Returned(int, c_int)], "<class 'int'> comes back, not <class 's"),
        (Annotated[bytes, None, Returned(bytes, c_int)], "() result: int or bool stands"),
        (
            Annotated[bytes, None, Returned(bytes, In(c_char))],
            'TERMINATED), or name="data" and a Length(c_size_t, "data")',
        ),
        (
            Annotated[int, None, Returned(int, c_int, name="x")],
            "name='x') is no memory, and needs no name",
        ),
        (
            Annotated[memoryview, None, Returned(memoryview, In(c_int, 3))],
            "a memoryview shows memory of C's: write Borrowed after the C type",
        ),
        (
            Annotated[bytes, None, Returned(bytes, In(c_char), name="x"), Length(
                c_size_t, "x", capacity=True
            )],
            "capacity=True) is for memory that is Filled",
        ),
        (
            Annotated[
                bytes, None, Returned(bytes, In(c_char), name="n"), Length(c_size_t, "n")
            ],
            "the name 'n' is another parameter's, or memory's",
        ),
        (
            Annotated[bytes, None, Returned(bytes, In(c_char), name="x"), Count(c_size_t, "x")],
            "Count needs the names of buffer parameters, not x",
        ),
        (
            Annotated[
                bytes, c_int, Written("x"), Filled(bytes, c_char, 3, name="x"),
                Length(c_size_t, "x"),
            ],
            "Written('x') say the same",
        ),
        (
            Annotated[memoryview, None, Filled(memoryview, c_char, 3)],
            "bytes or bytearray or str or list[...] stands for char *, not",
        ),
        (
            Annotated[str, None, Filled(str, c_char, 3, Encoding("ascii"))],
            "Encoding('ascii') is about items, and <class 'str'> has none",
        ),
        (
            Annotated[list[Box], None, Filled(list[Box], c_void_p, 3)],
            "who closes the Box? Write Owned after the C type",
        ),
        (
            Annotated[
                list[Box], c_int, Written("x", again=True),
                Filled(list[Box], c_void_p, 3, Owned, name="x"),
            ],
            "may call C twice, so C would make twice what is Owned",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(annotation: Any, said: str) -> None:
    def function(n: Int, /) -> None: ...

    function.__annotations__["return"] = annotation
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)
    assert str(caught.value).startswith("function() ")


def test_items_without_a_size() -> None:
    class Opaque(ctypes.Structure):
        pass

    for make in (In, ArrayOf, lambda item: Filled(list[Any], item, 3)):
        for item in (c_int * 0, Opaque):
            with pytest.raises(DeclarationError, match=r"have no size|are not served"):
                make(item)


def test_a_size_that_c_changes() -> None:
    def function(
        n: Annotated[int, InOut(c_int)], /
    ) -> Annotated[tuple[bytes, int], In(c_char, "n")]:
        raise NotImplementedError

    with pytest.raises(DeclarationError, match=r"parameters, not n, which is int32_t \*"):
        Declaration(function)
