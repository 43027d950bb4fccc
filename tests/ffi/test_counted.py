"""Fields that are a pointer, with the number of items in another field."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import sys
from array import array
from collections.abc import Callable
from ctypes import (
    Structure,
    Union,
    c_char,
    c_double,
    c_int,
    c_int32,
    c_size_t,
    c_uint8,
    c_void_p,
)  # fmt: skip
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from bindings import Bind
from support import Package, collect

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    Array,
    ArrayOf,
    Borrowed,
    Closes,
    CountedBy,
    DeclarationError,
    Handle,
    In,
    Library,
    Out,
    Owned,
    Returned,
    struct,
)  # fmt: skip

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef struct { int id; const char *data; size_t size; } blob;
typedef struct { const char *text; uint8_t length; } text;
typedef struct { const double *xs, *ys; int32_t n; } points;
typedef struct { void *room; size_t room_size; } room;
long sum(const blob *it) {
    long sum = 0;
    for (size_t i = 0; i < it->size; i++) sum += (unsigned char)it->data[i];
    return it->data ? sum : -1;
}
double total(const points *it) {
    double sum = 0;
    for (int i = 0; i < it->n; i++) sum += it->xs[i] * (it->ys ? it->ys[i] : 1);
    return sum;
}
void advance(blob *it, size_t by) { it->data += by; it->size -= by; }
void fill(room *it) { memset(it->room, 'x', it->room_size); it->room_size /= 2; }
void of_c(blob *it) { *it = (blob){7, "a\0b", 3}; }
void wrong(blob *it, size_t size) { it->size = size; }
void text_of_c(text *it) { *it = (text){"gr\xc3\xbc\xc3\x9f""e", 7}; }
static double numbers[] = {1, 2, 4};
void points_of_c(points *it, int n) { *it = (points){numbers, NULL, n}; }
typedef struct { blob it; } box;
box *box_new(void) { return calloc(1, sizeof(box)); }
long box_free(box *it) { long found = sum(&it->it); free(it); return found; }
blob *box_blob(box *it) { return &it->it; }
"""

Int = Annotated[int, c_int]


@struct
class Blob(Structure):
    id: Annotated[int, c_int] = DEFAULT
    data: Annotated[bytes | None, In(c_char, "size")] = DEFAULT
    size: Annotated[int, c_size_t] = DEFAULT


@struct
class Text(Structure):
    text: Annotated[str, In(c_char, "length")] = DEFAULT
    length: Annotated[int, c_uint8] = DEFAULT


@struct
class Points(Structure):
    xs: Annotated[list[float] | None, In(c_double, "n")] = DEFAULT
    ys: Annotated[list[float] | None, In(c_double, "n")] = DEFAULT
    n: Annotated[int, c_int32] = DEFAULT


@struct
class Room(Structure):
    room: Annotated[bytes | None, Out(None, "size")] = DEFAULT
    size: Annotated[int, c_size_t] = DEFAULT


@struct
class Holder(Structure):
    before: Annotated[int, c_int] = DEFAULT
    blob: Annotated[Blob, Blob] = DEFAULT


@pytest.fixture
def api(package: Package, path: str) -> Any:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")

    class Box(Handle):
        pass

    ABlob = Annotated[Blob, POINTER(Blob)]  # noqa: N806
    Size = Annotated[int, c_size_t]  # noqa: N806

    def sum(it: ABlob, /) -> Annotated[int, ctypes.c_long]: ...  # noqa: A001
    def total(it: Annotated[Points, POINTER(Points)], /) -> Annotated[float, c_double]: ...
    def advance(it: ABlob, by: Size, /) -> None: ...
    def fill(it: Annotated[Room, POINTER(Room)], /) -> None: ...
    def of_c() -> Annotated[Blob, None, Returned(Blob, Blob)]: ...
    def wrong(it: ABlob, size: Size, /) -> None: ...
    def text_of_c() -> Annotated[Text, None, Returned(Text, Text)]: ...
    def points_of_c(it: Annotated[Points, POINTER(Points)], n: Int, /) -> None: ...
    def box_new() -> Annotated[Box, c_void_p, Owned]: ...
    def box_free(it: Annotated[Box, c_void_p, Closes], /) -> Annotated[int, ctypes.c_long]: ...
    def box_blob(
        it: Annotated[Box, c_void_p], /
    ) -> Annotated[Blob, POINTER(Blob), Borrowed]: ...

    declared: list[Callable[..., Any]] = [
        sum, total, advance, fill, of_c, wrong, text_of_c, points_of_c, box_new, box_free,
        box_blob,
    ]  # fmt: skip
    return SimpleNamespace(**{each.__name__: library.function(each) for each in declared})


def churn() -> None:
    """Write into all memory that was freed."""
    collect()
    assert {each[0] for each in [b"#" * size for size in range(1, 99) for _ in range(99)]} == {
        35
    }


def test_both_are_set_and_read(api: Any) -> None:
    blob = Blob(data=b"a\0" + b"bc")
    churn()
    assert (api.sum(blob), blob.size, blob.data) == (97 + 98 + 99, 4, b"a\0bc")
    blob.data = bytes(3)
    assert (api.sum(blob), blob.size, blob.data) == (0, 3, bytes(3))
    blob.data = b""
    assert (api.sum(blob), blob.size, blob.data) == (0, 0, b"")
    blob.data = None
    assert (api.sum(blob), blob.size, blob.data) == (-1, 0, None)
    assert (Blob().data, Blob(1, b"xy").size) == (None, 2)
    assert "data=b'xy', size=2" in repr(Blob(1, b"xy"))


def test_what_c_has_set(api: Any) -> None:
    assert (api.of_c().data, api.of_c().size) == (b"a\0b", 3)
    assert api.text_of_c().text == "grüße"
    points = Points()
    api.points_of_c(points, 3)
    assert (points.xs, points.ys, points.n) == ([1, 2, 4], None, 3)
    api.points_of_c(points, -1)
    with pytest.raises(ValueError, match=r"^Points.xs \(const double \*\) would have -1 items"):
        points.xs  # noqa: B018
    null = Text()
    assert null.text == ""
    ctypes.memset(ctypes.byref(null, Text.length.offset), 1, 1)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"^Text.text \(const char \*\) is a null pointer"):
        null.text  # noqa: B018


def test_the_buffer_is_exported(api: Any) -> None:
    data = bytearray(b"abc")
    blob: Any = Blob()
    blob.data = data
    data[0] = 0
    assert (api.sum(blob), blob.data) == (197, b"\0bc")
    if sys.implementation.name == "cpython":
        with pytest.raises(BufferError):
            data.clear()
    holder = Holder(1, blob)
    blob.data = b"other"
    if sys.implementation.name == "cpython":
        with pytest.raises(BufferError):
            data.clear()
    assert holder.blob.data == b"\0bc"
    holder.blob = blob
    collect()
    data.clear()
    del blob
    churn()
    assert (api.sum(holder.blob), holder.blob.data) == (sum(b"other"), b"other")


def test_an_array_that_ctypes_makes_of_copies(api: Any) -> None:
    data: Any = bytearray(b"abcd")
    of_two: Any = (Blob * 2)(Blob(data=data), Blob(data=b"a" * 90))
    of_two[1] = of_two[1]
    of_holders: Any = (Holder * 1)(Holder(blob=Blob(data=b"b" * 80)))
    churn()
    assert [api.sum(each) for each in of_two] == [sum(b"abcd"), 90 * 97]
    assert api.sum(of_holders[0].blob) == 80 * 98
    if sys.implementation.name == "cpython":
        with pytest.raises(BufferError):
            data.clear()
    del of_two
    churn()
    data.clear()


def test_there_are_never_more_than_were_set(api: Any) -> None:
    blob = Blob(data=b"abc")
    blob.size = 2
    assert (api.sum(blob), blob.data) == (97 + 98, b"ab")
    blob.size = 3
    with pytest.raises(ValueError, match=r"^Blob.size cannot be 4: Blob.data .* has 3 items$"):
        blob.size = 4
    with pytest.raises(ValueError, match=r"^Blob.size cannot be 1: Blob.data .* has 0 items$"):
        Blob(size=1)
    with pytest.raises(TypeError, match=r"^Blob.size \(uint"):
        blob.size = "x"  # type: ignore[assignment]
    api.wrong(blob, 4)
    with pytest.raises(ValueError, match=r"^Blob.data .* would have 4 of 3 items$"):
        blob.data  # noqa: B018
    blob.data = b"abcdef"
    api.advance(blob, 4)
    assert (blob.data, blob.size) == (b"ef", 2), "C may use it up"
    with pytest.raises(ValueError, match="has 2 items"):
        blob.size = 3
    text = Text()
    with pytest.raises(
        OverflowError, match=r"^Text.length \(uint8_t\) must be in 0..255, not 3"
    ):
        text.text = "x" * 300
    assert (text.text, text.length) == ("", 0)


def test_never_more_than_c_has_set(api: Any) -> None:
    blob = api.of_c()
    with pytest.raises(
        ValueError, match=r"^Blob.size cannot be 4: C says that Blob.data .* has 3 items$"
    ):
        blob.size = 4
    assert (blob.data, blob.size) == (b"a\0b", 3)
    blob.size = 2
    assert (api.sum(blob), blob.data) == (97, b"a\0")
    with pytest.raises(ValueError, match=r"has 2 items$"):
        blob.size = 3
    blob.data = bytes(5)
    blob.size = 5
    holder = Holder(1, api.of_c())
    with pytest.raises(ValueError, match=r"has 3 items$"):
        holder.blob.size = 100
    box = api.box_new()
    api.box_blob(box).data = b"abc"
    api.wrong(api.box_blob(box), 2)
    api.box_blob(box).size = 3
    points: Any = Points()
    api.points_of_c(points, 2)
    with pytest.raises(
        ValueError, match=r"^Points.n cannot be 3: C says that Points.xs .* has 2 items$"
    ):
        points.n = 3
    api.points_of_c(points, -1)
    points.n = 0
    assert points.xs == []


def test_several_of_one_number(api: Any) -> None:
    points = Points([1, 2, 3], [4, 5, 6])
    churn()
    assert (api.total(points), points.n) == (32, 3)
    with pytest.raises(
        ValueError, match=r"^Points.ys .* must have 3 items, not 2, since Points"
    ):
        points.ys = [1, 2]
    points.ys = None
    assert (api.total(points), points.n, points.xs) == (6, 3, [1, 2, 3])
    points.xs = [1.5]
    assert (api.total(points), points.n) == (1.5, 1)
    loose: Any = points
    loose.xs = numbers = array("d", [1, 2])
    numbers[0] = 2
    assert (api.total(points), points.xs) == (4, [2, 2])
    if sys.implementation.name == "cpython":
        with pytest.raises(BufferError):
            numbers.append(3)


def test_memory_that_c_writes(api: Any) -> None:
    data = bytearray(8)
    room: Any = Room()
    room.room = data
    api.fill(room)
    assert (room.room, bytes(data)) == (b"x" * 4, b"x" * 8)
    with pytest.raises(BufferError, match=r"^Room.room \(void \*\) must be writable"):
        room.room = b"constant"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("data", "x", r"Blob.data .* must be a buffer, not str"),
        ("data", 7, r"Blob.data .* must be a buffer, not int"),
        ("text", b"x", r"Text.text .* must be str, not bytes"),
        ("text", None, r"Text.text .* must be str, not NoneType"),
        ("xs", [1, "x"], r"Points.xs, item of In.* must be a number, not str"),
        ("xs", array("i", [1]), r"Points.xs .* must have items of double, not of int32_t"),
    ],
)
def test_values_that_are_refused(name: str, value: Any, message: str) -> None:
    of: Any = {"data": Blob(data=b"abc"), "text": Text("abc"), "xs": Points([1.5])}[name]
    before = getattr(of, name)
    with pytest.raises(TypeError, match=f"^{message}"):
        setattr(of, name, value)
    assert getattr(of, name) == before


def test_in_memory_of_c(api: Any) -> None:
    box = api.box_new()
    data = bytearray(b"abc")
    api.box_blob(box).data = data
    churn()
    assert api.box_blob(box).data == b"abc"
    if sys.implementation.name == "cpython":
        with pytest.raises(BufferError):
            data.clear()
    assert api.box_free(box) == sum(b"abc"), "it is there until C has closed it"
    collect()
    data.clear()


def test_in_a_handle(package: Package, path: str) -> None:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")

    @struct
    class Box(Handle):
        id: Annotated[int, c_int]
        data: Annotated[bytes | None, In(c_char, "size")]
        size: Annotated[int, c_size_t]

    @library.function
    def box_new() -> Annotated[Box, c_void_p, Owned]: ...
    @library.function
    def box_free(it: Annotated[Box, c_void_p, Closes], /) -> Annotated[int, ctypes.c_long]: ...

    box = box_new()
    box.data = b"ab" * 9
    churn()
    assert (box.data, box.size) == (b"ab" * 9, 18)
    assert box_free(box) == 9 * (97 + 98)


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (
            Annotated[bytes, In(c_char)],
            "In(c_char) needs the name of the field that has the num",
        ),
        (Annotated[bytes, In(c_char, 4)], "In(c_char, 4) needs the name of the field that has"),
        (
            Annotated[bytes, In(c_char, "m")],
            "In(c_char, 'm') needs the name of an integer field",
        ),
        (
            Annotated[bytes, In(c_char, "d")],
            "In(c_char, 'd') needs the name of an integer field",
        ),
        (
            Annotated[bytes, In(c_int, "n")],
            "list[...] or memoryview stands for const int32_t *, not <class",
        ),
        (
            Annotated[list[str], In(c_int, "n")],
            "int or bool stands for int32_t, not <class 'str'",
        ),
        (
            Annotated[memoryview, In(c_char, "n")],
            "is bytes, str or a list in a structure, not <class 'memory",
        ),
        (
            Annotated[list[int], ArrayOf(c_int, "n")],
            f"ArrayOf({c_int.__name__}, 'n') is bytes, str or a list in a structure, ",
        ),
        (Annotated[bytes, In(c_char, "n"), Borrowed], "Borrowed cannot follow const char *"),
    ],
)
def test_declarations_that_are_refused(annotation: Any, complaint: str) -> None:
    fields = {"x": annotation, "n": Int, "d": Annotated[float, c_double]}
    with pytest.raises(DeclarationError) as caught:
        struct(type("S", (Structure,), {"__annotations__": fields}))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[bytes | None, In(c_char, "n")],
        Annotated[Array[int], c_int * 0, CountedBy("n")],
    ],
)
def test_no_field_of_a_union_counts_another(annotation: Any) -> None:
    fields = {"n": Int, "x": annotation}
    with pytest.raises(DeclarationError, match="in a union, n is in the same memory"):
        struct(type("U", (Union,), {"__annotations__": fields}))


HEADER = """
#include <stddef.h>
struct blob { const char *data; size_t size; };
"""

BINDING = """
from ctypes import Structure, c_char, c_int, c_size_t, c_uint
from typing import Annotated
from pyexample.ffi import In, struct
@struct
class Blob(Structure):
    data: Annotated[bytes | None, In(c_char, "size")]
    size: Annotated[int, c_size_t]
"""


@pytest.mark.parametrize(
    ("right", "wrong", "verdicts"),
    [
        ("", "", {}),
        ("bytes | None, In(c_char,", "list[int] | None, In(c_int,", ["error target width"]),
        ("[int, c_size_t]", "[int, c_uint]", ["error width"]),
    ],
)
def test_the_checker_judges_them(binding: Bind, right: str, wrong: str, verdicts: Any) -> None:
    assert right in BINDING
    found = binding(HEADER, BINDING.replace(right, wrong, 1)).verdicts()
    assert found == (verdicts and {"Blob": verdicts})
