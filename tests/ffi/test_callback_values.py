"""What C passes to callbacks and gets from them: memory, structures, handles, pointers."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import array
import ctypes
import gc
import sys
import weakref
from collections.abc import Callable
from ctypes import (
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int16,
    c_int32,
    c_size_t,
    c_uint8,
    c_void_p,
)
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from support import Package, let_go

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    UNCHECKED,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    DeclarationError,
    Handle,
    In,
    Library,
    Out,
    Owned,
    SameThread,
    callbacks,
    struct,
)  # fmt: skip

if sys.byteorder == "big" or sys.maxsize < 2**32:
    pytest.skip("callbacks return no structures here", allow_module_level=True)

Int = Annotated[int, c_int]
Size = Annotated[int, c_size_t]
UserData = Annotated[int | None, c_void_p]


class Box(Handle):
    pass


@struct
class Pair(Structure):
    x: Annotated[int, c_int] = DEFAULT
    y: Annotated[int, c_int] = DEFAULT


@struct
class Item(Structure):
    value: Annotated[int, c_int] = DEFAULT
    text: Annotated[str | None, c_char_p] = DEFAULT
    next: Annotated["Item | None", POINTER("Item")] = DEFAULT


AnItem = Annotated[Item, POINTER(Item)]


@Callback
def on_write(
    data: Annotated[memoryview, In(c_char, ("size", "count"))],
    size: Size,
    count: Size,
    user_data: UserData,
    /,
) -> Size: ...
@Callback
def on_read(
    room: Annotated[memoryview, Out(c_char, "length")], length: Int, user_data: UserData, /
) -> Int: ...
@Callback
def on_samples(
    samples: Annotated[memoryview | None, Out(c_float, "count")], count: Int, /
) -> None: ...
@Callback
def on_key(key: Annotated[memoryview, In(None, 4)], /) -> Int: ...
@Callback
def on_item(
    item: Annotated[Item | None, POINTER(Item)], name: Annotated[str, c_char_p], /
) -> Int: ...
@Callback
def make_item(number: Int, /) -> Annotated[Item | None, POINTER(Item)]: ...
@Callback
def make_pair(number: Int, /) -> Annotated[Pair, Pair]: ...
@Callback
def get_box() -> Annotated[Box | None, c_void_p]: ...
@Callback
def on_pair(pair: Annotated[Pair, Pair], /) -> Int: ...


@struct
class Api(Structure):
    """A table of functions that C gives."""

    version: Annotated[int, c_int] = DEFAULT
    write: Annotated[Callable[[Any, int, int, int | None], int] | None, on_write] = DEFAULT
    pair: Annotated[Callable[[int], Pair] | None, make_pair] = DEFAULT
    item: Annotated[Callable[[int], Item | None] | None, make_item] = DEFAULT
    missing: Annotated[Callable[[int], Pair] | None, make_pair] = DEFAULT


SOURCE = r"""
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
typedef struct { int x, y; } pair;
typedef struct item { int value; const char *text; struct item *next; } item;
typedef struct box { int number; } box;
int boxes;

size_t write_out(size_t (*f)(const char *, size_t, size_t, void *), int length) {
    static const char data[] = "0123456789";
    return f(length < 0 ? NULL : data, 2, length < 0 ? 0 : (size_t)length / 2, &boxes);
}
int read_in(int (*f)(char *, int, void *), int length, char *into) {
    char room[16] = "before!!!!!!!!!";
    int got = f(room, length, NULL);
    memcpy(into, room, 16);
    return got;
}
float samples(void (*f)(float *, int), int count) {
    float numbers[4] = {1, 2, 3, 4};
    f(count < 0 ? NULL : numbers, count);
    return numbers[0] + numbers[1] + numbers[2] + numbers[3];
}
int key(int (*f)(const void *)) { return f("\1\2\3\4"); }
int key_of_null(int (*f)(const void *)) { return f(NULL); }
int items(int (*f)(item *, const char *), int number) {
    item one = {number, "C's", NULL};
    return f(number ? &one : NULL, "n\303\274me") + 100 * one.value;
}
int chain(item *(*f)(int), int count) {
    item *first = NULL, *last = NULL;
    int total = 0;
    for (int i = 0; i < count; i++) {
        item *made = f(i);
        if (!made) return -1;
        made->next = NULL;
        if (last) last->next = made; else first = made;
        last = made;
    }
    for (; first; first = first->next) total += first->value * 10 + (int)strlen(first->text);
    return total;
}
int sum_pairs(pair (*f)(int), int count) {
    int total = 0;
    for (int i = 0; i < count; i++) { pair made = f(i); total += made.x * 100 + made.y; }
    return total;
}
int of_pair(int (*f)(pair)) { return f((pair){3, -4}); }
box *box_open(int number) { box *made = malloc(sizeof *made); made->number = number; boxes++;
    return made; }
void box_close(box *it) { boxes--; free(it); }
int number_of(box *(*f)(void)) { box *got = f(); return got ? got->number : -1; }

static size_t api_write(const char *data, size_t size, size_t count, void *user)
{ return user ? 0 : (size_t)data[size * count - 1]; }
static pair api_pair(int n) { return (pair){n, n + 1}; }
static item api_item_of_c = {5, "of C", NULL};
static item *api_item(int n) { return n ? &api_item_of_c : NULL; }
typedef struct { int version; size_t (*write)(const char *, size_t, size_t, void *);
    pair (*pair)(int); item *(*item)(int); pair (*missing)(int); } api;
const api *get_api(int version) {
    static const api table = {3, api_write, api_pair, api_item, NULL};
    return version == 3 ? &table : NULL;
}
int use_api(const api *table) { pair p = table->pair(7); return p.x * 10 + p.y; }
int api_by_value(api table) { pair p = table.pair(7); return p.x * 10 + p.y; }
"""


@pytest.fixture
def bound(package: Package, path: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    package.compile(SOURCE)
    if path == "ctypes":
        monkeypatch.setattr(callbacks, "running", lambda: None)
    library = Library("c", f"{package.name}.module")

    class Own(Box):
        """Of this library, which closes it."""

    @Callback
    def get_own() -> Annotated[Own | None, c_void_p]: ...
    def write_out(f: Annotated[Any, on_write, SameThread], length: Int, /) -> Size: ...
    def read_in(
        f: Annotated[Any, on_read], length: Int, into: Annotated[Buffer, Out(c_char, 16)], /
    ) -> Int: ...
    def samples(f: Annotated[Any, on_samples], n: Int, /) -> Annotated[float, c_float]: ...
    def key(f: Annotated[Any, on_key], /) -> Int: ...
    def key_of_null(f: Annotated[Any, on_key], /) -> Int: ...
    def items(f: Annotated[Any, on_item], number: Int, /) -> Int: ...
    def chain(f: Annotated[Any, make_item], count: Int, /) -> Int: ...
    def sum_pairs(f: Annotated[Any, make_pair], count: Int, /) -> Int: ...
    def of_pair(f: Annotated[Any, on_pair], /) -> Int: ...
    def box_open(number: Int, /) -> Annotated[Own, c_void_p, Owned]: ...
    def box_close(it: Annotated[Own, c_void_p, Closes], /) -> None: ...
    def number_of(f: Annotated[Any, get_own], /) -> Int: ...
    def get_api(version: Int, /) -> Annotated[Api | None, POINTER(Api), Borrowed]: ...
    def use_api(table: Annotated[Api, POINTER(Api)], /) -> Int: ...
    def api_by_value(table: Annotated[Api, Api], /) -> Int: ...

    declared: list[Callable[..., Any]] = [
        write_out, read_in, samples, key, key_of_null, items, chain, sum_pairs, of_pair,
        box_open, box_close, number_of, get_api, use_api, api_by_value,
    ]  # fmt: skip
    return SimpleNamespace(**{each.__name__: library.function(each) for each in declared})


def test_memory_that_c_passes(bound: Any) -> None:
    kept: list[Any] = []

    def write(data: memoryview, size: int, count: int, user_data: int | None) -> int:
        kept.extend([data, data[2:4], data.tobytes()])
        assert data.readonly
        assert (data.format, data.nbytes) == ("B", size * count)
        assert isinstance(user_data, int)
        return data.nbytes

    assert bound.write_out(write, 8) == 8
    view, part, copied = kept
    assert copied == b"01234567"
    with pytest.raises(ValueError, match="released memoryview"):
        view[0]
    gc.collect()
    assert bytes(part) == b"23", "no memory of C's"
    assert bound.write_out(lambda data, *_: len(data), 0) == 0
    assert bound.write_out(lambda data, *_: len(data), -1) == 0, "NULL and nothing"


def test_memory_that_c_wants_filled(bound: Any) -> None:
    into = bytearray(16)

    def read(room: memoryview, length: int, user_data: int | None) -> int:
        assert (room.readonly, len(room), user_data) == (False, length, None)
        assert bytes(room[:6]) == b"before"
        room[:5] = b"after"
        return 5

    assert bound.read_in(read, 10, into) == 5
    assert into == b"aftere!!!!!!!!!\0"
    with pytest.raises(
        ValueError, match=r"^on_read\(\) parameter 'room' \(char \*\) would have -1"
    ):
        bound.read_in(read, -1, into)

    def fill(samples: memoryview | None, count: int) -> None:
        if samples is not None:
            assert (samples.format, samples.tolist()) == ("f", [1, 2, 3, 4][:count])
            floats: Any = samples
            floats[count - 1] = 0.5
            kept.append(samples)

    kept: list[memoryview] = []
    assert bound.samples(fill, 3) == 1 + 2 + 0.5 + 4
    assert bound.samples(fill, -1) == 10
    with pytest.raises(ValueError, match="released memoryview"):
        kept[0][0]

    def export(samples: memoryview | None, count: int) -> None:
        assert samples is not None
        views.append(memoryview(samples))
        views[0][0] = 9

    views: list[memoryview] = []
    assert bound.samples(export, 1) == 9 + 2 + 3 + 4

    def late(samples: memoryview | None, count: int) -> None:
        assert samples is not None
        samples[0] = 9
        raise KeyError

    with pytest.raises(KeyError):
        bound.samples(late, 1)


def test_memory_of_a_fixed_size(bound: Any) -> None:
    assert bound.key(lambda key: sum(key) + len(key)) == 14
    with pytest.raises(ValueError, match=r"'key' \(const void \*\) is a null pointer, which"):
        bound.key_of_null(lambda key: 0)


def test_structures_and_texts_that_c_passes(bound: Any) -> None:
    def change(item: Item | None, name: str) -> int:
        assert name == "nüme"
        if item is None:
            return 7
        assert item.text == "C's"
        item.value += 1
        return item.value

    assert bound.items(change, 4) == 505
    assert bound.items(change, 0) == 7
    assert bound.of_pair(lambda pair: pair.x * 10 + pair.y) == 26


def test_structures_that_are_returned_by_pointer(bound: Any) -> None:
    """They are there until the call returns."""
    made: list[weakref.ref[Any]] = []

    def make(number: int) -> Item:
        item = Item(number, "x" * (number + 1))
        made.append(weakref.ref(item))
        let_go()
        return item

    assert bound.chain(make, 4) == 70
    let_go()
    assert [each() for each in made] == [None] * 4
    own = (Item * 3)()
    own[0].value, own[0].text = 2, "of an array"
    assert bound.chain(lambda number: own, 1) == 31
    assert bound.chain(lambda number: ctypes.pointer(own[0]), 1) == 31
    assert bound.chain(lambda number: None, 1) == -1
    with pytest.raises(TypeError, match=r"^make_item\(\) result \(LP_Item\): expected LP_Item"):
        bound.chain(lambda number: Pair(), 1)
    if sys.implementation.name == "cpython":  # in PyPy, byref makes a pointer
        with pytest.raises(TypeError, match="give what it points to"):
            bound.chain(lambda number: ctypes.byref(own[0]), 1)


def test_what_stands_for_failure(bound: Any) -> None:
    """A structure that C gets after an exception is there for as long as the Callback."""

    @Callback.failing_with(Item(5, "failed"))
    def make_item() -> Annotated[Item, POINTER(Item)]: ...
    @Callback.failing_with(Pair(1, 2))
    def make_pair() -> Annotated[Pair, Pair]: ...

    let_go()
    failed = Item.from_address(make_item.failed)
    assert (failed.value, failed.text) == (5, "failed")
    assert make_pair.failed == 1 + (2 << 32)


def test_structures_that_are_returned_by_value(bound: Any) -> None:
    assert bound.sum_pairs(lambda number: Pair(number, -number), 4) == 594
    with pytest.raises(TypeError, match=r"^make_pair\(\) result \(Pair\): expected Pair inst"):
        bound.sum_pairs(lambda number: Item(), 1)
    with pytest.raises(ZeroDivisionError):
        bound.sum_pairs(lambda number: 1 // 0, 1)


def test_handles_that_are_returned(bound: Any) -> None:
    assert bound.number_of(lambda: bound.box_open(7)) == 7
    assert bound.number_of(lambda: None) == -1
    box = bound.box_open(8)
    assert bound.number_of(lambda: box) == 8
    box.close()
    with pytest.raises(ValueError, match=r"^get_own\(\) result \(Own \*\) is closed"):
        bound.number_of(lambda: box)
    with pytest.raises(TypeError, match=r"^get_own\(\) result \(Own \*\) must be an Own"):
        bound.number_of(lambda: 7)


def test_results_of_a_callable_that_c_keeps(bound: Any) -> None:
    """Its last result is kept."""
    made: list[weakref.ref[Any]] = []

    def make(number: int) -> Item:
        item = Item(number, "kept")
        made.append(weakref.ref(item))
        return item

    api = Api(item=make)
    assert api.item is not None
    for number in range(3):
        found = api.item(number)
        assert found is not None
        assert (found.value, found.text) == (number, "kept")
        del found
    let_go()
    assert [each() is None for each in made] == [True, True, False]
    api.item = None
    let_go()
    assert made[2]() is None


def test_a_table_of_functions(bound: Any) -> None:
    assert bound.get_api(2) is None
    api = bound.get_api(3)
    assert (api.version, api.missing) == (3, None)
    pair = api.pair(4)
    assert (pair.x, pair.y) == (4, 5)
    assert api.item(0) is None
    assert api.item(1).text == "of C"
    assert api.write(b"ab!", 1, 3, None) == ord("!")
    assert api.write(array.array("i", [1, 2]), 4, 2, 7) == 0
    with pytest.raises(OverflowError, match=r"^make_pair\(\) parameter 'number' \(int32_t\)"):
        api.pair(2**31)
    with pytest.raises(ValueError, match=r"^on_write\(\) parameter 'data' .* has 3 items"):
        api.write(b"ab!", 2, 2, None)
    with pytest.raises(TypeError, match=r"^on_write\(\) parameter 'data' .* must be a buffer"):
        api.write(7, 2, 2, None)
    assert bound.use_api(api) == 78
    own = Api(pair=lambda number: Pair(number, 9))
    let_go()
    assert bound.use_api(own) == 79
    assert bound.api_by_value(own) == 79
    own.pair = api.pair
    assert bound.use_api(own) == 78


def test_a_structure_by_value_keeps_what_it_has(bound: Any) -> None:
    """During the call: the callable has no other owner."""

    def forget(number: int) -> Pair:
        holder[0].pair = None
        holder.clear()
        let_go()
        return Pair(number, 1)

    for call in (bound.use_api, bound.api_by_value):
        holder = [Api(pair=forget)]
        assert call(holder[0]) == 71


class Floats(Structure):
    _fields_ = (("x", c_float), ("y", c_float))


class Large(Structure):
    _fields_ = (("x", c_double * 4),)


class Bytes(Structure):
    _fields_ = (("x", c_uint8 * 3),)


class Shorts(Structure):
    _fields_ = (("x", c_int16 * 2), ("y", c_int32))


@pytest.mark.parametrize("kind", [Floats, Large, Bytes, Shorts])
def test_structures_by_value_that_are_refused(kind: Any) -> None:
    def make() -> Annotated[kind, kind]: ...

    if kind is Shorts:
        Callback(make)
        return
    with pytest.raises(DeclarationError, match=rf"^make\(\) result: {kind.__name__} cannot be"):
        Callback(make)


def test_memory_that_is_refused() -> None:
    def refusal(python_type: Any, word: Any) -> str:
        def f(it: Annotated[python_type, word], n: Annotated[float, c_double], /) -> None: ...

        with pytest.raises(DeclarationError) as caught:
            Callback(f)
        return str(caught.value)

    assert "bytes or bytearray or str or list[...] or memoryview stands for const char *" in (
        refusal(int, In(c_char, 4))
    )
    for size in (None, UNCHECKED):
        said = refusal(memoryview, In(c_char, size))
        assert said.endswith('In(c_char, 32), In(c_char, "n") or In(c_char, TERMINATED)')
    for name in ("n", "missing"):
        said = refusal(memoryview, In(c_char, name))
        assert f"In needs the names of integer parameters, not {name}" in said
    assert "expected a C type" in refusal(int, Count(c_int, "n"))
