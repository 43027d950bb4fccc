"""What the memory of structures points to is there for as long as that memory."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import weakref
from collections.abc import Callable
from ctypes import Structure, c_char_p, c_int, c_void_p, c_wchar_p
from typing import Annotated, Any

import pytest
from support import Package, collect

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    Array,
    Borrowed,
    Callback,
    Closes,
    CountedBy,
    Handle,
    Keep,
    Library,
    Owned,
    allocate,
    struct,
)  # fmt: skip

Int = Annotated[int, c_int]


@Callback
def on_call(number: Int, /) -> Int: ...


@struct
class Inner(Structure):
    text: Annotated[str | None, c_char_p] = DEFAULT
    wide: Annotated[str | None, c_wchar_p] = DEFAULT
    call: Annotated[Callable[[int], int] | None, on_call] = DEFAULT
    next: Annotated["Inner | None", POINTER("Inner")] = DEFAULT
    raw: Annotated[Any, POINTER(c_int)] = DEFAULT


@struct
class Outer(Structure):
    number: Annotated[int, c_int] = DEFAULT
    inner: Annotated[Inner, Inner] = DEFAULT
    items: Annotated[Array[Inner], Inner * 2] = DEFAULT
    texts: Annotated[Array[str | None], c_char_p * 2] = DEFAULT


@struct(default=lambda: shared)
class Shared(Structure):
    text: Annotated[str | None, c_char_p] = DEFAULT
    inner: Annotated[Inner, Inner] = DEFAULT


shared: Any = Shared.from_buffer_copy(bytes(ctypes.sizeof(Shared)))


@struct
class Flexible(Structure):
    count: Annotated[int, c_int] = DEFAULT
    texts: Annotated[Array[str | None], c_char_p * 0, CountedBy("count")] = DEFAULT


SOURCE = r"""
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
typedef struct inner { const char *text; const wchar_t *wide; int (*call)(int);
    struct inner *next; int *raw; } inner;
typedef struct outer { int number; inner own, items[2]; const char *texts[2]; } outer;
typedef struct { int count; const char *texts[]; } flexible;
int is_set(const inner *it) {
    return strcmp(it->text, "text text text text") == 0 && wcscmp(it->wide, L"wide wide") == 0
        && it->call(1) == 2 && strcmp(it->next->text, "next next next next") == 0
        && it->raw[0] == 7 && it->raw[2] == 9;
}
inner own; inner *own_here = &own; outer own_outer;
inner *get_inner(void) { return &own; }
outer *get_outer(void) { return &own_outer; }
static union { flexible it; char room[64]; } own_flexible;
flexible *get_flexible(void) { own_flexible.it.count = 3; return &own_flexible.it; }
int lengths(void) {
    int found = 0;
    for (int i = 0; i < 3; i++) found = found * 10 + (int)strlen(own_flexible.it.texts[i]);
    return found;
}
typedef struct { inner it; } box;
box *box_new(inner it) { box *made = malloc(sizeof *made); made->it = it; return made; }
inner *box_inner(box *it) { return &it->it; }
void box_free(box *it) { free(it); }
void link(inner *it) { it->next = &own; }
"""


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE)
    return Library("c", f"{package.name}.module")


def filled() -> Inner:
    """What ``is_set`` looks for, in memory that nothing but this keeps."""
    return fill(Inner())


def fill(it: Inner) -> Inner:
    it.text, it.wide = "text " * 3 + "text", "wide " + "wide"
    it.call, it.next = lambda number: number + 1, Inner("next " * 3 + "next")
    it.raw = (c_int * 3)(7, 8, 9)
    return it


def clear(it: Any) -> None:
    """Set all fields again, and write into all memory that was freed."""
    it.text, it.wide, it.call, it.next, it.raw = "#" * 19, "#" * 9, None, None, None
    churn()


def churn() -> None:
    collect()
    kept: list[Any] = [
        f"{'#' * size}{each}".encode() for size in range(60) for each in range(50)
    ]
    kept += [ctypes.create_string_buffer(b"#" * size) for size in range(60) for _ in range(50)]
    kept += [ctypes.c_wchar_p("#" * size) for size in range(60) for _ in range(50)]
    kept += [Inner(text="#" * 19, call=lambda number: -1) for _ in range(50)]


def check_set(library: Library, *found: Any) -> None:
    @library.function
    def is_set(it: Annotated[Inner, POINTER(Inner)], /) -> Annotated[bool, c_int]: ...

    churn()
    assert [is_set(each) for each in found] == [True] * len(found)


def test_copies_keep_what_their_source_had(library: Library) -> None:
    source, outer, other = filled(), Outer(), Outer()
    outer.inner = outer.items[1] = source
    outer.items[0] = outer.inner
    other.items = outer.items
    whole = Outer(inner=source, items=[source, other.items[1]])
    clear(source)
    check_set(library, outer.inner, *outer.items, *other.items, whole.inner, *whole.items)
    for each in (outer.inner, *outer.items):
        clear(each)
    check_set(library, *other.items, whole.inner, *whole.items)
    del source, outer
    check_set(library, *other.items, whole.inner, *whole.items)


def test_copies_of_arrays_of_ctypes(library: Library) -> None:
    """ctypes itself has copied the structure into the array."""
    array = (Inner * 2)(filled())
    array[1] = array[0]
    outer = Outer(inner=array[0])
    outer.items[1] = array[1]
    array[0] = array[1] = Inner()
    check_set(library, outer.inner, outer.items[1])
    outer.items = (Inner * 2)(filled())
    check_set(library, outer.items[0])


def test_copies_begin_as_a_default(library: Library) -> None:
    fill(shared.inner)
    made = Shared()
    clear(shared.inner)
    check_set(library, made.inner)
    assert Shared(inner=made.inner).inner.text == made.inner.text


def test_a_pointer_that_is_changed_later(library: Library) -> None:
    given = ctypes.pointer(Inner(text="next " * 3 + "next"))
    it, other = filled(), filled()
    loose: Any = it
    loose.next = given
    of_c: Any = Inner.from_address(ctypes.addressof(other))
    of_c.next = given
    given.contents = Inner(text="other")
    check_set(library, it, other)


def test_what_is_replaced_is_released() -> None:
    """Where it was set, in what was copied, and in what all of it was copied over."""

    def make() -> Callable[[int], int]:
        def call(number: int) -> int:
            return number

        calls.append(weakref.ref(call))
        return call

    calls: list[weakref.ref[Any]] = []
    source, outer = Inner(call=make()), Outer()
    outer.inner = source
    outer.items[0] = outer.inner
    source.call = make()
    outer.items[1] = source
    source.call = None
    collect()
    assert [bool(each()) for each in calls] == [True, True]
    outer.items[1] = Inner()
    collect()
    assert [bool(each()) for each in calls] == [True, False]
    outer.inner.call = None
    outer.items = [Inner()]
    collect()
    assert [bool(each()) for each in calls] == [False, False]


def test_memory_of_c(library: Library) -> None:
    """The object through which it was set is gone, C's memory is not."""

    @library.function
    def get_outer() -> Annotated[Outer, POINTER(Outer), Borrowed]: ...

    get_outer().inner = filled()
    get_outer().items[0] = get_outer().inner
    get_outer().items[1] = filled()
    clear(get_outer().inner)
    check_set(library, *get_outer().items)
    alive = [weakref.ref(each.next) for each in get_outer().items]
    copy = Outer(items=get_outer().items)
    for each in get_outer().items:
        clear(each)
    check_set(library, *copy.items)
    assert [each() is None for each in alive] == [False, False]
    del copy
    collect()
    assert [each() is None for each in alive] == [True, True]
    for each in get_outer().items:
        clear(each)


def test_memory_of_c_behind_a_pointer_in_a_structure(library: Library) -> None:
    @library.function
    def link(it: Annotated[Inner, POINTER(Inner)], /) -> None: ...
    @library.function
    def get_inner() -> Annotated[Inner, POINTER(Inner), Borrowed]: ...

    it, source = Inner(), filled()
    link(it)
    assert it.next is not None
    for each in ("text", "wide", "call", "next", "raw"):
        setattr(it.next, each, getattr(source, each))
    it.next.raw = (c_int * 3)(7, 8, 9)
    del it, source
    check_set(library, get_inner())


def test_memory_of_c_behind_a_variable(library: Library) -> None:
    @library.variable(writable=True)
    def own_here() -> Annotated[Inner, POINTER(Inner)]: ...
    @library.variable(symbol="own")
    def own_copy() -> Annotated[Inner, Inner]: ...
    @library.variable(writable=True)
    def own() -> Annotated[Inner, Inner]: ...

    source = filled()
    own_here.value.text, own_here.value.wide = source.text, source.wide
    own.value.call, own.value.next = lambda number: number + 1, source.next
    own.value.raw = (c_int * 3)(7, 8, 9)
    del source, own
    copy = own_copy.value
    check_set(library, own_here.value, copy)
    clear(own_here.value)
    check_set(library, copy)


def test_flexible_arrays_of_c(library: Library) -> None:
    @library.function
    def get_flexible() -> Annotated[Flexible, POINTER(Flexible), Borrowed]: ...
    @library.function
    def lengths() -> Int: ...

    get_flexible().texts[:] = ["x" * 5, "y" * 6, "z" * 7]
    get_flexible().texts[1] = "y" * 8
    churn()
    assert lengths() == 587
    assert [*get_flexible().texts] == ["x" * 5, "y" * 8, "z" * 7]
    made = allocate(Flexible, 2)
    made.texts = ["x" * 50, "y" * 50]
    texts = made.texts
    del made
    churn()
    assert [*texts] == ["x" * 50, "y" * 50]


def test_a_copy_that_c_keeps(library: Library) -> None:
    class Box(Handle):
        pass

    @library.function
    def box_new(
        it: Annotated[Inner, Inner, Keep("return")], /
    ) -> Annotated[Box, c_void_p, Owned]: ...
    @library.function
    def box_free(it: Annotated[Box, c_void_p, Closes], /) -> None: ...
    @library.function
    def box_inner(
        it: Annotated[Box, c_void_p], /
    ) -> Annotated[Inner, POINTER(Inner), Borrowed]: ...

    source = filled()
    alive = weakref.ref(source.next)
    box = box_new(source)
    clear(source)
    check_set(library, box_inner(box))
    box.close()
    collect()
    assert alive() is None


def test_defaults_leave_flexible_arrays_their_room(package: Package, path: str) -> None:
    """C's default has another number of items, and would have Python write behind the end."""
    package.compile(
        "#include <stdlib.h>\n"
        "typedef struct { int count, level; int items[]; } options;"
        "options *default_options(void) { static union { options it; char room[99]; } own;"
        " own.it = (options){4, 6}; for (int i = 0; i < 4; i++) own.it.items[i] = i + 1;"
        " return &own.it; }"
        "int total(const options *it) { int found = it->level * 1000;"
        " for (int i = 0; i < it->count; i++) found += it->items[i]; return found; }"
    )
    library = Library("c", f"{package.name}.module")
    made: dict[str, Any] = {}

    @struct(default=lambda: made["default"])
    class Options(Structure):
        count: Annotated[int, c_int] = DEFAULT
        level: Annotated[int, c_int] = DEFAULT
        items: Annotated[Array[int], c_int * 0, CountedBy("count")] = DEFAULT

    @library.function
    def default_options() -> Annotated[Options, POINTER(Options), Borrowed]: ...
    @library.function
    def total(it: Annotated[Options, POINTER(Options)], /) -> Int: ...

    made["default"] = default_options()
    for room, items in ((0, []), (2, [1, 2]), (6, [1, 2, 3, 4, 0, 0])):
        options = allocate(Options, room)
        assert (options.count, options.level, [*options.items]) == (room, 6, items)
        assert total(options) == 6000 + sum(items)
    assert (Options().count, [*Options().items]) == (0, [])
    assert allocate(Options, 3, 2, 9).count == 2
    with pytest.raises(ValueError, match="there is room for 3 items"):
        allocate(Options, 3, 4)
    made["default"] = allocate(Options, 3, 2, 9)
    options = allocate(Options, 5)
    assert (options.count, options.level) == (5, 9)
