"""What C keeps, is given and releases, by libfastcall: see c/keeping.h.

What the words mean is in test_ownership.py. Here are the hazards of doing it in C: garbage,
memory that runs out, and callbacks in which Python takes a handle over.
"""
# The functions have no bodies, and types that are made at run time.
# mypy: disable-error-code="empty-body,valid-type"

import itertools
import os
import weakref
from array import array
from collections.abc import Callable, Iterator, Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, c_int, c_size_t, c_void_p, cast
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from support import COUNTS_REFERENCES, LOCKS_BUFFERS, Package, collect

from pyexample.ffi import (
    ArrayOf,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    GivenTo,
    Handle,
    In,
    Keep,
    Library,
    Owned,
    Raises,
    Releases,
    Returned,
    struct,
)
from pyexample.ffi.libfastcall import HAS_GIL
from pyexample.ffi.records import life_of

# What a cell keeps is used when it is closed. What is wrong then is counted.
SOURCE = r"""
#include <stdlib.h>
typedef struct cell {
    int is_open, number, sum;
    struct cell *parent, *uses, *owned, *made_before;
    const int *items; size_t count;
    struct { struct cell *const *them; size_t count; } others[2]; /* the caller's arrays */
    int (*call)(int);
} cell;
static int open_cells, faults;
static cell *made_last; /* reaches all: none is freed, so that a late use is seen */
int opened(void) { return open_cells; }
int wrong(void) { return faults; }
static int sum_of(const int *items, size_t count) {
    int sum = 0;
    for (size_t i = 0; i < count; i++) sum += items[i];
    return sum;
}
static int descends(const cell *it, const cell *from) {
    while (it && it != from) it = it->parent;
    return it != NULL;
}
static void check(const cell *it) {
    faults += !it->is_open + (it->parent && !it->parent->is_open)
        + (it->uses && !descends(it->uses, it) && !it->uses->is_open)
        + (it->sum != sum_of(it->items, it->count));
    for (int slot = 0; slot < 2; slot++)
        for (size_t i = 0; i < it->others[slot].count; i++) {
            const cell *const other = it->others[slot].them[i];
            faults += other && !descends(other, it) && !other->is_open;
        }
}
cell *cell_new(int number) {
    cell *it = calloc(1, sizeof *it);
    it->is_open = 1; it->number = number;
    it->made_before = made_last; made_last = it;
    open_cells++;
    return it;
}
cell *cell_child(cell *parent) {
    cell *it = cell_new(parent->number + 1);
    check(parent);
    it->parent = parent;
    return it;
}
cell *cell_self(cell *it) { check(it); return it; }
int cell_find(cell *it, cell **found) { check(it); *found = it; return 2; }
int *cell_words(cell *it) { check(it); return &it->is_open; } /* and the number behind it */
int cell_number(cell *it) { check(it); return it->number; }
int cell_close(cell *it, int fail) {
    check(it);
    if (fail) return fail;
    if (it->call) it->call(it->number);
    check(it);
    if (it->owned) cell_close(it->owned, 0);
    it->is_open = 0;
    open_cells--;
    return 0;
}
int cell_close_always(cell *it) { return cell_close(it, 0); }
int cell_set(cell *it, const int *items, size_t count, int (*meanwhile)(int), int fail) {
    check(it);
    if (meanwhile) meanwhile(sum_of(items, count));
    if (!fail) { it->items = items; it->count = count; it->sum = sum_of(items, count); }
    return fail;
}
void cell_list(cell *it, const int *items, size_t count)
{ cell_set(it, items, count, NULL, 0); }
void cell_unset(cell *it, int (*meanwhile)(int)) {
    check(it);
    if (meanwhile) meanwhile(it->sum);
    it->items = NULL; it->count = 0; it->sum = 0;
}
void cell_use(cell *it, cell *other) { check(it); it->uses = other; }
cell *cell_over(const int *items, size_t count, int (*meanwhile)(int)) {
    cell *it = cell_new(0);
    cell_set(it, items, count, meanwhile, 0);
    return it;
}
cell *cell_using(cell *other, int (*meanwhile)(int)) {
    cell *it = cell_new(0);
    cell_use(it, other);
    if (meanwhile) meanwhile(0);
    return it;
}
void cell_use_two(cell *it, cell *other, cell *third, cell *fourth)
{ cell_use(it, other); cell_use(third, fourth); }
int cell_use_all(cell *it, int slot, cell *const *others, size_t count, int fail) {
    check(it);
    if (!fail) { it->others[slot].them = others; it->others[slot].count = count; }
    return fail;
}
void cell_use_none(cell *it) { check(it); it->others[0].count = it->others[1].count = 0; }
typedef struct view { const int *items; size_t count; } view;
void cell_copy(cell *it, const view *from, int most) {
    faults += most != 7;
    cell_list(it, from->items, from->count);
}
void cell_copy_value(cell *it, view from, int most) { cell_copy(it, &from, most); }
typedef struct large_view { view it; int more[4]; } large_view;
void cell_copy_large(cell *it, large_view from, int most) {
    for (int i = 0; i < 4; i++) faults += from.more[i] != i;
    cell_copy(it, &from.it, most);
}
view view_of(const int *items, size_t count, int (*meanwhile)(int)) {
    if (meanwhile) meanwhile(sum_of(items, count));
    return (view){items, count};
}
large_view view_of_list(const int *items, size_t count, int *sum) {
    *sum = sum_of(items, count);
    return (large_view){{items, count}, {0, 1, 2, 3}};
}
int view_sum(view it) { return sum_of(it.items, it.count); }
typedef struct caller { int (*call)(int); int number; } caller;
caller caller_of(int (*call)(int), int number) { return (caller){call, number}; }
int caller_call(caller it) { return it.call(it.number); }
static view seen[2];
int seen_set(int slot, const int *items, size_t count, int (*meanwhile)(int), int fail) {
    if (meanwhile) meanwhile(slot);
    if (!fail) seen[slot] = (view){items, count};
    return fail;
}
int seen_sum(int slot) { return sum_of(seen[slot].items, seen[slot].count); }
void seen_unset(int slot, int (*meanwhile)(int)) {
    if (meanwhile) meanwhile(slot);
    seen[slot].count = 0;
}
void cell_on_close(cell *it, int (*call)(int)) { check(it); it->call = call; }
int cell_give(cell *owner, cell *it, int (*meanwhile)(int), int fail) {
    check(it); check(owner);
    if (meanwhile) meanwhile(it->number);
    if (!fail) owner->owned = it;
    return fail;
}
int cell_swallow(cell *it, int (*meanwhile)(int), int fail) {
    check(it);
    if (meanwhile) meanwhile(it->number);
    return fail ? fail : cell_close(it, 0);
}
"""

Int = Annotated[int, c_int]
Call = Callable[[int], int]


@Callback
def on_int(number: Int, /) -> Int: ...


def refused(code: int, function: str, values: Any) -> Exception:
    return ValueError(code)


Fails = Annotated[None, c_int, Raises(refused)]
Meanwhile = Annotated[Call | None, on_int]


class View(Structure):
    _fields_ = (("items", POINTER(c_int)), ("count", c_size_t))


@struct
class CheckedView(Structure):
    items: Annotated[int | None, c_void_p]
    count: Annotated[int, c_size_t]


@struct
class Holder(Structure):
    view: Annotated[CheckedView, CheckedView]


class Caller(Structure):
    _fields_ = (("call", CFUNCTYPE(c_int, c_int)), ("number", c_int))


class LargeView(Structure):
    _fields_ = (*View._fields_, ("more", c_int * 4))


def declare(library: Library, base: type[Handle] = Handle) -> Any:
    class Cell(base):  # type: ignore[misc]
        """``cell *``"""

    It = Annotated[Cell, c_void_p]  # noqa: N806

    def opened() -> Int: ...
    def wrong() -> Int: ...
    def cell_new(number: Int, /) -> Annotated[Cell, c_void_p, Owned]: ...
    def cell_child(parent: It, /) -> Annotated[Cell, c_void_p, Owned]: ...
    def cell_self(it: It, /) -> Annotated[Cell, c_void_p, Borrowed]: ...
    def cell_number(it: It, /) -> Int: ...
    def cell_words(it: It, /) -> Annotated[memoryview, In(c_int, 2), Borrowed]: ...
    def cell_close_always(
        it: Annotated[Cell, c_void_p, Closes], /
    ) -> Annotated[None, c_int]: ...
    def cell_close(
        it: Annotated[Cell, c_void_p, Closes(implicit=False, if_succeeds=True)], fail: Int, /
    ) -> Fails: ...
    def cell_set(
        it: It,
        items: Annotated[Buffer | None, In(c_int), Count(c_size_t, "items"), Keep("it")],
        meanwhile: Meanwhile,
        fail: Int,
        /,
    ) -> Fails: ...
    def cell_list(
        it: It,
        items: Annotated[Sequence[int], ArrayOf(c_int), Count(c_size_t, "items"), Keep("it")],
        /,
    ) -> None: ...
    def cell_use(it: It, other: Annotated[Cell | None, c_void_p, Keep("it")], /) -> None: ...
    def cell_over(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")],
        meanwhile: Meanwhile,
        /,
    ) -> Annotated[Cell, c_void_p, Owned]: ...
    def cell_using(
        other: Annotated[Cell, c_void_p, Keep("return")], meanwhile: Meanwhile, /
    ) -> Annotated[Cell, c_void_p, Owned(independent=True)]: ...
    def cell_use_two(
        it: It,
        other: Annotated[Cell, c_void_p, Keep("it")],
        third: It,
        fourth: Annotated[Cell, c_void_p, Keep("third")],
        /,
    ) -> None: ...
    def cell_use_all(
        it: It,
        slot: Int,
        others: Annotated[
            Sequence[Cell | None],
            ArrayOf(c_void_p),
            Count(c_size_t, "others"),
            Keep("it", slot="slot"),
        ],
        fail: Int,
        /,
    ) -> Fails: ...
    def cell_copy(
        it: It, source: Annotated[View, POINTER(View), Keep("it", every=True)], most: Int, /
    ) -> None: ...
    def cell_copy_value(
        it: It, source: Annotated[View, View, Keep("it")], most: Int, /
    ) -> None: ...
    def cell_copy_large(
        it: It, source: Annotated[LargeView, LargeView, Keep("it")], most: Int, /
    ) -> None: ...
    def view_of(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")],
        meanwhile: Meanwhile,
        /,
    ) -> Annotated[View, View]: ...
    def view_of_list(
        items: Annotated[
            Sequence[int],
            ArrayOf(c_int),
            Count(c_size_t, "items"),
            Keep("return"),
            Returned(int, c_int),
        ],
        /,
    ) -> Annotated[tuple[LargeView, int], LargeView]: ...
    def view_sum(it: Annotated[View, View], /) -> Int: ...
    def caller_of(
        call: Annotated[Call, on_int, Keep("return")], number: Int, /
    ) -> Annotated[Caller, Caller]: ...
    def caller_call(it: Annotated[Caller, Caller], /) -> Int: ...
    def seen_set(
        slot: Int,
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep(slot="slot")],
        meanwhile: Meanwhile,
        fail: Int,
        /,
    ) -> Fails: ...
    def seen_sum(slot: Int, /) -> Int: ...
    def cell_on_close(it: It, call: Annotated[Call, on_int, Keep("it")], /) -> None: ...
    def cell_give(
        owner: It,
        it: Annotated[Cell, c_void_p, GivenTo("owner", if_succeeds=True)],
        meanwhile: Meanwhile,
        fail: Int,
        /,
    ) -> Fails: ...
    def cell_swallow(
        it: Annotated[Cell, c_void_p, GivenTo(if_succeeds=True)],
        meanwhile: Meanwhile,
        fail: Int,
        /,
    ) -> Fails: ...

    functions = [each for each in locals().values() if hasattr(each, "__code__")]
    made = SimpleNamespace(library=library, Cell=Cell)
    for function in functions:
        setattr(made, function.__name__, library.function(function))

    def cell_unset(
        it: Annotated[Cell, c_void_p, Releases(made.cell_set)], meanwhile: Meanwhile, /
    ) -> None: ...

    made.cell_unset = library.function(cell_unset)

    def cell_use_none(
        it: Annotated[Cell, c_void_p, Releases(made.cell_use_all)], /
    ) -> None: ...

    made.cell_use_none = library.function(cell_use_none)

    def seen_unset(
        slot: Annotated[int, c_int, Releases(made.seen_set)], meanwhile: Meanwhile, /
    ) -> None: ...

    made.seen_unset = library.function(seen_unset)
    return made


@pytest.fixture
def cells(package: Package, path: str) -> Iterator[Any]:
    """In the end, all cells were closed, each before what it needs."""
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    made = declare(Library("c", f"{package.name}.module"))
    made.is_fast = path == "builtin" and HAS_GIL
    yield made
    collect()
    assert made.opened() == 0
    assert made.wrong() == 0


def nothing(number: int) -> int:
    return number


def is_free(items: Any) -> bool:
    """Whether C does not keep an array."""
    if not LOCKS_BUFFERS:
        return True
    try:
        items.append(0)
    except BufferError:
        return False
    items.pop()
    return True


def test_python_takes_nothing_over(cells: Any) -> None:
    # No callable is passed, since others may have taken all thunks of the process.
    one, other, third = cells.cell_new(1), cells.cell_new(2), cells.cell_new(3)
    cells.cell_set(one, array("i", [1, 2]), None, 0)
    cells.cell_set(one, array("i", [3, 4]), None, 0)
    cells.cell_use(one, other)
    cells.cell_use(one, None)
    cells.cell_on_close(one, nothing)
    cells.cell_give(one, third, None, 0)
    cells.cell_unset(one, None)
    cells.cell_swallow(other, None, 0)
    if cells.is_fast:
        assert [*cells.library.fallbacks] == ["seen_unset"]
        assert [each._life for each in (one, other, third)] == [None] * 3


def test_a_handle_of_a_careful_call_is_libfastcalls(cells: Any) -> None:
    """An argument that only Python can convert makes no later call slow."""

    class Number:
        def __index__(self) -> int:
            return 5

    one = cells.cell_new(Number())
    child = cells.cell_child(one)
    if cells.is_fast:
        assert [each._life for each in (one, child)] == [None] * 2
        assert child.parents == (one,)
    assert (cells.cell_number(one), cells.cell_number(child)) == (5, 6)
    one.close()
    assert child.closed
    cells.cell_new(Number())  # which is garbage at once
    collect()
    assert cells.opened() == 0


def test_a_handle_whose_memory_is_shown_is_libfastcalls(cells: Any) -> None:
    """Until it is closed, what was made from it, too; then the views are released."""
    one = cells.cell_new(3)
    child = cells.cell_child(one)
    views = [cells.cell_words(each) for each in (one, child)]
    if cells.is_fast:
        assert [each._life for each in (one, child)] == [None] * 2
    assert [view[1] for view in views] == [3, 4]
    locked = memoryview(views[1])  # so that it cannot be released
    with pytest.raises(RuntimeError, match="in use by a view"):
        one.close()
    assert [each.closed for each in (one, child)] == [False, False]
    locked.release()
    one.close()
    assert [each.closed for each in (one, child)] == [True, True]
    for view in views:
        with pytest.raises(ValueError, match="released"):
            _ = view[0]


def test_a_view_in_a_cycle_is_seen_by_a_del_before_the_handle_is_closed(cells: Any) -> None:
    if not cells.is_fast:
        pytest.skip("Python clears the weak references to garbage, and closes it, before")
    found: list[tuple[int, int]] = []

    class Owner:
        def __init__(self) -> None:
            self.cell = cells.cell_new(3)
            self.view = cells.cell_words(self.cell)
            self.cell.owner = self

        def __del__(self) -> None:
            found.append((self.view[0], cells.opened()))

    Owner()
    collect()
    assert found == [(1, 1)]
    assert cells.opened() == 0


def test_handles_in_a_cycle_that_show_and_keep_something(cells: Any) -> None:
    """They are closed in their order, while C can still use what it keeps."""
    items = array("i", [1, 2])

    class Owner:
        def __init__(self) -> None:
            self.cells = [cells.cell_new(number) for number in range(3)]
            self.views = [cells.cell_words(each) for each in self.cells]
            for one, other in itertools.pairwise(self.cells):
                cells.cell_use(one, other)
                cells.cell_set(one, items, None, 0)
            self.cells[-1].owner = self

    Owner()
    collect()  # in which Python takes them over
    collect()
    assert is_free(items)


def test_a_view_alone_keeps_the_handle_open(cells: Any) -> None:
    view = cells.cell_words(cells.cell_new(3))
    collect()
    assert (view[0], cells.opened()) == (1, 1)
    del view
    collect()
    assert cells.opened() == 0


def test_c_keeps_it_until_it_has_closed_the_handle(cells: Any) -> None:
    """Not only until it begins to."""
    one, items, came = cells.cell_new(1), array("i", [1, 2]), []

    def at_close(number: int) -> int:
        came.append(is_free(items))
        return number

    cells.cell_set(one, items, nothing, 0)
    cells.cell_on_close(one, at_close)
    with pytest.raises(ValueError, match="7"):
        cells.cell_close(one, 7)
    assert LOCKS_BUFFERS is not is_free(items), "it is open again"
    one.close()
    assert came == [not LOCKS_BUFFERS]
    assert is_free(items)


def test_an_array_that_was_made_of_a_sequence(cells: Any) -> None:
    def overwrite_what_is_free() -> None:
        assert [b"\x7f" * size for size in range(64) for _ in range(100)]

    one, other = cells.cell_new(1), cells.cell_new(2)
    for each in (one, other):
        numbers = [1, 2, 3]
        cells.cell_list(each, numbers)
        numbers.clear()
        cells.cell_list(each, (4, 5))
        overwrite_what_is_free()
        cells.cell_number(each)
    if cells.is_fast:
        assert one._life is None
    life_of(one)  # Python takes it over, with what C keeps for it
    overwrite_what_is_free()
    cells.cell_number(one)
    cells.cell_list(one, [6])
    cells.cell_list(one, ())
    other.close()


def test_garbage_that_leads_to_other_garbage_is_closed_itself(cells: Any) -> None:
    """It is finalized once, and then others come first: what keeps it, with what keeps that."""

    def cell_use_too(
        it: Annotated[cells.Cell, c_void_p],
        other: Annotated[cells.Cell, c_void_p, Keep("it")],
        /,
    ) -> None: ...

    use_too = cells.library.function(symbol="cell_use")(cell_use_too)
    one, other = cells.cell_new(1), cells.cell_new(2)
    cells.cell_use(one, cells.cell_child(one))
    cells.cell_use(other, cells.cell_child(other))
    use_too(other, one)
    del one, other
    collect()
    assert cells.opened() == 0


def test_a_failure_keeps_what_was_there(cells: Any) -> None:
    one, before, after = cells.cell_new(1), array("i", [1]), array("i", [2])
    cells.cell_set(one, before, nothing, 0)
    with pytest.raises(ValueError, match="7"):
        cells.cell_set(one, after, nothing, 7)
    assert (is_free(before), is_free(after)) == (not LOCKS_BUFFERS, True)
    cells.cell_set(one, after, nothing, 0)
    assert (is_free(before), is_free(after)) == (True, not LOCKS_BUFFERS)
    cells.cell_set(one, None, nothing, 0)
    assert is_free(after)


def test_an_exception_in_a_callback_does_not_say_that_it_failed(cells: Any) -> None:
    def fail(number: int) -> int:
        raise KeyError(number)

    one, items = cells.cell_new(1), array("i", [1, 2])
    with pytest.raises(KeyError):
        cells.cell_set(one, items, fail, 0)
    assert LOCKS_BUFFERS is not is_free(items)
    with pytest.raises(KeyError):
        cells.cell_unset(one, fail)
    assert is_free(items)


@pytest.mark.parametrize("fail", [0, 7])
def test_python_takes_it_over_in_the_call_that_keeps_something(cells: Any, fail: int) -> None:
    one, before, after = cells.cell_new(1), array("i", [1]), array("i", [2])
    cells.cell_set(one, before, nothing, 0)

    def take_over(number: int) -> int:
        life_of(one)
        collect()
        assert not LOCKS_BUFFERS or not (is_free(before) or is_free(after))
        return number

    try:
        cells.cell_set(one, after, take_over, fail)
    except ValueError:
        assert fail
    assert LOCKS_BUFFERS is not is_free(before if fail else after)
    cells.cell_set(one, None, nothing, 0)
    assert is_free(before)
    assert is_free(after)


def test_python_takes_it_over_in_the_call_that_releases(cells: Any) -> None:
    one, items = cells.cell_new(1), array("i", [1, 2])

    def take_over(number: int) -> int:
        life_of(one)
        assert LOCKS_BUFFERS is not is_free(items)
        return number

    cells.cell_set(one, items, nothing, 0)
    cells.cell_unset(one, take_over)
    assert is_free(items)


def test_python_takes_it_over_while_c_closes_it(cells: Any) -> None:
    one, other, items, said = cells.cell_new(1), cells.cell_new(2), array("i", [1, 2]), []

    def at_close(number: int) -> int:
        life_of(one)
        collect()
        said.append(is_free(items))
        with pytest.raises(RuntimeError, match="in use by a call"):
            other.close()
        return number

    cells.cell_set(one, items, nothing, 0)
    cells.cell_use(one, other)
    cells.cell_on_close(one, at_close)
    one.close()
    assert said == [not LOCKS_BUFFERS]
    assert is_free(items)
    assert not other.closed
    other.close()


@pytest.mark.parametrize("fail", [0, 7])
@pytest.mark.parametrize("has_owner", [False, True])
def test_python_takes_it_over_in_the_call_that_gives_it_away(
    cells: Any, has_owner: bool, fail: int
) -> None:
    owner, it = cells.cell_new(1), cells.cell_new(2)

    def take_over(number: int) -> int:
        life_of(it)
        with pytest.raises((RuntimeError, ValueError)):
            it.close()
        return number

    def give() -> None:
        if has_owner:
            cells.cell_give(owner, it, take_over, fail)
        else:
            cells.cell_swallow(it, take_over, fail)

    if fail:
        with pytest.raises(ValueError, match="7"):
            give()
        assert it.parents == ()
        assert cells.cell_number(it) == 2, "it is the caller's, as before"
        it.close()
    else:
        give()
        assert it.parents == ((owner,) if has_owner else ())
        assert it.closed is not has_owner
        owner.close()
    assert it.closed


def test_garbage_is_closed_before_what_c_keeps_for_it_is_cleared(cells: Any) -> None:
    """gc would free the memory of a ctypes array, and empty the callback."""
    if not COUNTS_REFERENCES:
        pytest.skip("PyPy's garbage is not cleared")
    for _ in range(3):
        one, other = cells.cell_new(1), cells.cell_new(2)
        items: Any = (c_int * 5000)(*range(5000))
        items.handles = one, other
        cells.cell_set(one, items, nothing, 0)
        cells.cell_use(one, other)
        one.itself = one
        del items, one, other
        collect()
        assert cells.opened() == 0
        assert cells.wrong() == 0


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="PyPy's garbage is not cleared")
def test_garbage_with_a_finalizer_of_its_own(package: Package, cells: Any) -> None:
    class Base(Handle):
        def __del__(self) -> None:
            ended.append(self.closed)

    ended: list[bool] = []
    others = declare(Library("c", f"{package.name}.module"), Base)
    one = others.cell_new(1)
    items: Any = (c_int * 5000)(*range(5000))
    items.handle = one
    others.cell_set(one, items, nothing, 0)
    del items, one
    collect()
    assert ended == [True]


def test_garbage_of_a_family_is_closed_in_its_order(cells: Any) -> None:
    """Each needs another one, or keeps it, so gc finds them in any order."""
    for _ in range(3):
        root = cells.cell_new(1)
        middle = cells.cell_child(root)
        leaf = cells.cell_child(middle)
        user = cells.cell_new(5)
        cells.cell_use(root, leaf)
        cells.cell_use(user, middle)
        for each in (leaf, user, middle, root):
            items: Any = (c_int * 100)(*range(100))
            items.family = root, middle, leaf, user
            cells.cell_set(each, items, nothing, 0)
        del root, middle, leaf, user, each, items
        collect()
        assert cells.opened() == 0
        assert cells.wrong() == 0


def test_a_handle_is_not_closed_before_what_keeps_it(cells: Any) -> None:
    one, other = cells.cell_new(1), cells.cell_new(2)
    cells.cell_use(one, other)
    other.close()
    assert one.closed
    parent = cells.cell_new(3)
    child = cells.cell_child(parent)
    cells.cell_use(parent, child)
    with pytest.raises(ValueError, match="C keeps this Cell for a Cell: close that"):
        child.close()
    del child
    collect()
    assert cells.opened() == 2


def test_a_long_chain_of_what_is_kept(cells: Any) -> None:
    """Whoever asks for one, asks for all, and has no stack for that."""
    for is_closed in (True, False):
        chain = [cells.cell_new(number) for number in range(5000)]
        for one, other in itertools.pairwise(chain):
            cells.cell_use(one, other)
        if is_closed:
            chain[1500].close()
            assert chain[0].closed
            assert not chain[1501].closed
        del one, other
        del chain[1:]
        del chain
        collect()
        assert cells.opened() == 0


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="CPython's allocator is told to fail")
def test_memory_runs_out_anywhere(cells: Any) -> None:
    """Then all is as before, or as if it had not."""
    test_api = pytest.importorskip("_testcapi")
    if not cells.is_fast:
        pytest.skip("ctypes says something else")
    one, other = cells.cell_new(1), cells.cell_new(2)
    arrays = array("i", [1, 2]), array("i", [3])
    calls: list[Callable[[], object]] = [
        lambda: cells.cell_set(one, arrays[0], None, 0),
        lambda: cells.cell_set(one, arrays[1], None, 0),
        lambda: cells.cell_use(one, other),
        lambda: cells.cell_unset(one, None),
        lambda: cells.cell_use(one, None),
        lambda: cells.cell_over(arrays[0], None).close(),
        lambda: cells.seen_set(0, arrays[1], None, 0),
        lambda: cells.cell_use_all(one, 0, [other], 0),
        lambda: cells.cell_use_all(one, 0, [], 0),
        lambda: cells.view_of(arrays[0], None),
    ]
    for call in calls:
        for at in range(300):
            test_api.set_nomemory(at, at + 1)
            try:
                call()
            except MemoryError:
                pass
            else:
                break
            finally:
                test_api.remove_mem_hooks()
            assert cells.wrong() == 0
    cells.seen_set(0, array("i"), None, 0)
    assert all(map(is_free, arrays))


def test_a_new_one_that_is_dropped_at_once(cells: Any) -> None:
    """While it is destroyed, its weak references end: it cannot be taken over any more."""
    owner, seen = cells.cell_new(1), []
    for _ in range(3):
        one = cells.cell_new(2)
        cells.cell_use(one, owner)
        reference = weakref.ref(one, lambda _: seen.append(life_of(owner)))
        del one
        collect()
    assert len(seen) == 3, reference
    owner.close()
    assert cells.opened() == 0


def test_what_the_new_handle_keeps(cells: Any) -> None:
    items = array("i", [1, 2])
    for is_closed in (True, False):
        one = cells.cell_over(items, None)
        assert LOCKS_BUFFERS is not is_free(items)
        if cells.is_fast:
            assert one._life is None
        if is_closed:
            one.close()
        else:
            assert life_of(one), "Python takes it over"
            assert LOCKS_BUFFERS is not is_free(items)
        del one
        collect()
        assert is_free(items)


def test_python_takes_over_what_the_new_handle_keeps(cells: Any) -> None:
    """While C makes the handle, or later."""
    other: Any = None

    def take_over(number: int) -> int:
        life_of(other)
        return number

    for meanwhile in (None, take_over):
        other = cells.cell_new(1)
        one = cells.cell_using(other, meanwhile)
        if cells.is_fast:
            assert (one._life is None) is (meanwhile is None)
        other.close()
        assert one.closed, "it is closed first"


def test_two_handles_are_kept_at_once(cells: Any) -> None:
    them = [cells.cell_new(number) for number in range(4)]
    cells.cell_use_two(*them)
    if cells.is_fast:
        assert [each._life for each in them] == [None] * 4
    them[1].close()
    assert [each.closed for each in them] == [True, True, False, False]
    them[3].close()
    assert all(each.closed for each in them)


@pytest.mark.parametrize("count", [3, 40])  # of so many, Python keeps account
def test_each_handle_of_an_array_is_kept(cells: Any, count: int) -> None:
    one, *others = [cells.cell_new(number) for number in range(count)]
    given = [others[0], None, *others, others[0]]
    cells.cell_use_all(one, 0, given, 0)
    given.clear()
    if cells.is_fast and count == 3:
        assert [each._life for each in (one, *others)] == [None] * 3
    others[-1].close()  # closes what needs it first
    assert [each.closed for each in (one, *others)] == [True, *[False] * (count - 2), True]


def test_garbage_of_an_array_of_handles_is_closed_in_order(cells: Any) -> None:
    one = cells.cell_new(0)
    cells.cell_use_all(one, 0, [cells.cell_new(number) for number in (1, 2)], 0)
    cells.cell_use_all(one, 0, [cells.cell_new(number) for number in (3, 4, 5)], 0)
    collect()
    assert cells.opened() == 4
    cells.cell_number(one)
    cells.cell_use_all(one, 0, [], 0)
    collect()
    assert cells.opened() == 1
    cells.cell_use_all(one, 0, [cells.cell_new(6)], 0)
    cells.cell_use_none(one)
    collect()
    assert cells.opened() == 1


def test_a_structure_keeps_what_c_keeps_for_it(cells: Any) -> None:
    """As long as it exists, or a copy of it, in whatever way that was made."""

    class Pair(Structure):
        _fields_ = (("one", View), ("other", View))

    numbers = array("i", [1, 2, 3])
    made = cells.view_of(numbers, None)
    pair = Pair(View(), made)
    assert not is_free(numbers)
    del made
    collect()
    assert not is_free(numbers)
    assert cells.view_sum(pair.other) == 6
    del pair
    collect()
    assert is_free(numbers)


def test_a_structure_of_ours_keeps_what_c_keeps_for_it(cells: Any) -> None:
    @cells.library.function(symbol="view_of")  # type: ignore[untyped-decorator]
    def view_of(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")],
        meanwhile: Meanwhile,
        /,
    ) -> Annotated[CheckedView, CheckedView]: ...

    numbers = array("i", [1, 2, 3])
    made = view_of(numbers, None)
    made.count = 2
    holder = Holder(view=made)
    del made
    collect()
    assert not is_free(numbers)
    holder.view.count = 1
    collect()
    assert not is_free(numbers)
    holder.view = CheckedView(None, 0)
    collect()
    assert is_free(numbers)


def test_a_structure_keeps_an_array_that_was_made(cells: Any) -> None:
    kept = [cells.view_of_list([number] * 3) for number in range(20)]
    assert [b"\x7f" * size for size in range(64) for _ in range(100)]
    for number, (made, total) in enumerate(kept):
        assert total == 3 * number
        assert made.items[: made.count] == [number] * 3
        assert [*made.more] == [0, 1, 2, 3]


def test_a_structure_keeps_a_callable(cells: Any) -> None:
    class Called:
        def __call__(self, number: int) -> int:
            return number + 1

    called = Called()
    name = weakref.ref(called)
    made = cells.caller_of(called, 6)
    del called
    collect()
    assert cells.caller_call(made) == 7
    del made
    collect()
    assert name() is None


def test_a_structure_that_does_not_come_back_keeps_nothing(cells: Any) -> None:
    def fail(number: int) -> int:
        raise LookupError(number)

    numbers = array("i", [1, 2, 3])
    with pytest.raises(LookupError):
        cells.view_of(numbers, fail)
    collect()
    assert is_free(numbers)


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_an_array_of_handles_in_another_slot_replaces_nothing(
    cells: Any, is_taken_over: bool
) -> None:
    one = cells.cell_new(0)
    for slot in (0, 1, 1):
        them = [cells.cell_new(number) for number in (1, 2)]
        cells.cell_use_all(one, slot, them, 0)
        del them
        if is_taken_over:
            life_of(one)
        collect()
    assert cells.opened() == 5
    cells.cell_number(one)


def test_an_array_of_handles_is_kept_if_that_does_not_fail(cells: Any) -> None:
    one = cells.cell_new(0)
    cells.cell_use_all(one, 0, [cells.cell_new(1)], 0)
    with pytest.raises(ValueError, match="7"):
        cells.cell_use_all(one, 0, [cells.cell_new(2), cells.cell_new(3)], 7)
    collect()
    assert cells.opened() == 2


def test_python_takes_over_an_array_of_handles(cells: Any) -> None:
    one, *others = [cells.cell_new(number) for number in range(4)]
    given = others[:2]
    cells.cell_use_all(one, 0, given, 0)
    given[:] = [one, others[2]]  # C has the others
    life_of(one)
    assert all(each.closed is False for each in others)
    others[2].close()
    assert not one.closed
    names = [weakref.ref(each) for each in others[:2]]
    del others, given
    collect()
    cells.cell_number(one)
    assert cells.opened() == 3
    cells.cell_use_all(one, 0, [], 0)
    collect()
    assert [each() for each in names] == [None] * 2
    assert cells.opened() == 1


def test_an_array_may_hold_what_was_made_from_the_keeper(cells: Any) -> None:
    one, other = cells.cell_new(0), cells.cell_new(1)
    child = cells.cell_child(one)
    cells.cell_use_all(one, 0, [child, other], 0)
    if cells.is_fast:
        assert [each._life for each in (one, other, child)] == [None] * 3
    with pytest.raises(ValueError, match="cannot keep it"):
        cells.cell_use_all(other, 0, [child], 0)
    one.close()
    assert child.closed


@pytest.mark.parametrize("order", [(0, 1, 1, 0), (0, 1, 2, 0), (2, 0, 0, 1)])
def test_two_handles_that_are_kept_at_once_need_each_other(
    cells: Any, order: tuple[int, ...]
) -> None:
    """None could be closed first: what is refused leaves nothing behind."""
    them = [cells.cell_new(number) for number in range(3)]
    cells.cell_use(them[1], them[2])  # so that 1 is closed before 2
    one, other, third, fourth = (them[each] for each in order)
    with pytest.raises(ValueError, match="cannot keep it"):
        cells.cell_use_two(one, other, third, fourth)
    them[0].close()
    assert [each.closed for each in them] == [True, False, False]


@pytest.mark.parametrize("is_taken_over", [False, True])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("cell_copy", View), ("cell_copy_value", View), ("cell_copy_large", LargeView)],
)
def test_a_structure_of_which_c_has_a_copy_is_set_again(
    cells: Any, name: str, kind: type[View | LargeView], is_taken_over: bool
) -> None:
    def set_items(*numbers: int) -> Any:
        items = (c_int * len(numbers))(*numbers)
        view.items, view.count = cast(items, POINTER(c_int)), len(numbers)
        return weakref.ref(items)

    one, view = cells.cell_new(1), kind()
    if isinstance(view, LargeView):
        view.more[:] = range(4)
    first = set_items(1, 2)
    getattr(cells, name)(one, view, 7)
    if cells.is_fast:
        assert one._life is None
    if is_taken_over:
        life_of(one)
    _ = set_items(3)
    collect()
    assert first() is not None
    assert cells.cell_number(one) == 1
    if name != "cell_copy":  # which keeps every one
        getattr(cells, name)(one, view, 7)
        collect()
        assert first() is None
    one.close()
    collect()
    assert first() is None


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_what_c_keeps_for_good(cells: Any, is_taken_over: bool) -> None:
    """Until another is in its slot, or it is released; Python knows of what C had before."""

    class Zero:
        def __index__(self) -> int:
            return 0

    arrays = [array("i", [number]) for number in range(1, 6)]

    def kept() -> list[int]:
        return [each[0] for each in arrays if not is_free(each)]

    cells.seen_set(0, arrays[0], None, 0)
    cells.seen_set(1, arrays[1], None, 0)
    assert kept() == [1, 2][: 2 * LOCKS_BUFFERS]
    if is_taken_over:
        cells.seen_set(Zero(), arrays[2], None, 0)  # which C does not convert
    else:
        cells.seen_set(0, arrays[2], None, 0)
    assert kept() == [2, 3][: 2 * LOCKS_BUFFERS]
    with pytest.raises(ValueError, match="9"):
        cells.seen_set(1, arrays[3], None, 9)
    cells.seen_set(1, arrays[4], None, 0)
    assert kept() == [3, 5][: 2 * LOCKS_BUFFERS]
    assert (cells.seen_sum(0), cells.seen_sum(1)) == (3, 5)
    cells.seen_unset(1, None)
    assert kept() == [3][:LOCKS_BUFFERS]
    cells.seen_unset(0, None)
    assert kept() == []


def test_python_takes_over_what_c_keeps_for_good_meanwhile(cells: Any) -> None:
    """In the call that keeps something, or releases it."""
    first, second, third = (array("i", [number]) for number in (1, 2, 3))

    def take_over(number: int) -> int:
        with pytest.raises(TypeError):
            cells.seen_set("no integer", third, None, 0)
        return number

    cells.seen_set(0, first, None, 0)
    cells.seen_set(0, second, take_over, 0)
    assert LOCKS_BUFFERS is not is_free(second)
    cells.seen_set(0, third, None, 0)
    assert [is_free(each) for each in (first, second)] == [True, True]
    cells.seen_unset(0, take_over)
    assert is_free(third)


def test_what_python_interprets_takes_no_handle_over(cells: Any) -> None:
    """C makes a borrowed handle that is new, though its codes, no range, are Python's."""

    class Other(Handle):
        """``cell *``, too, so that it is not the same handle."""

    def cell_find(
        it: Annotated[cells.Cell, c_void_p, Returned(Other, c_void_p, Borrowed)], /
    ) -> Annotated[Other, c_int, Raises(refused, when=(1, 3))]: ...

    one = cells.cell_new(1)
    other = cells.library.function(cell_find)(one)
    assert other.parents == (one,)
    if cells.is_fast:
        assert one._life is None
        assert other._life is None
    one.close()
    assert other.closed
