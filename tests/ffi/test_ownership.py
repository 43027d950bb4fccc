"""Handles that are owned, borrowed and given away; what C keeps; how C takes back."""
# The functions have no bodies, and types that are made at run time.
# mypy: disable-error-code="empty-body,name-defined,valid-type"

import ctypes
import gc
import itertools
import os
import sys
import weakref
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, c_char, c_char_p, c_int, c_size_t, c_void_p
from typing import Annotated, Any

import pytest
from support import (
    COUNTS_REFERENCES,
    Interrupt,
    Package,
    collect,
    interrupted_everywhere,
    let_go,
)

from pyexample.ffi import (
    ArrayOf,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Constant,
    Count,
    DeclarationError,
    GivenTo,
    Handle,
    In,
    InOut,
    Keep,
    Library,
    Owned,
    Raises,
    Releases,
    Returned,
    struct,
)
from pyexample.ffi.kept import Kept
from pyexample.ffi.records import life_of

# Each node is counted while it is open, and a use of one that is closed is counted too.
SOURCE = r"""
#include <stdlib.h>
#include <string.h>
typedef struct node {
    int magic, number;
    struct node *parent, *current, *owned[8];
    int count, references;
    int (*call)(int), (*at_free)(int);
    const char *text; const int *items; size_t length;
    const int *const *rows; struct node *const *many; const char *const *texts; int how_many;
} node;
static int open_nodes, faults, last_argument;
static int good(const node *it) {
    if (it && it->magic == 4711) return 1;
    faults++;
    return 0;
}
static void *last_made;
void *newest(void) { return last_made; }
int opened(void) { return open_nodes; }
int wrong(void) { return faults; }
int last(void) { return last_argument; }
static node *make(int number, node *parent) {
    node *it = calloc(1, sizeof *it);
    it->magic = 4711; it->number = number; it->parent = parent; it->references = 1;
    open_nodes++;
    return last_made = it;
}
node *node_new(int number) { return number < 0 ? NULL : make(number, NULL); }
node *node_child(node *parent, int number) {
    return good(parent) ? make(number, parent) : NULL;
}
node *node_two(node *one, node *other) {
    return good(one) && good(other) ? make(2, one) : NULL;
}
node *node_copy(node *it) { return good(it) ? make(it->number, NULL) : NULL; }
node *node_parent(node *it) { return good(it) ? it->parent : NULL; }
node *node_self(node *it) { good(it); return it; }
node *node_inner(node *it) { return good(it) ? it->owned[0] : NULL; }
int node_number(node *it) { return good(it) ? it->number : -1; }
void node_free(node *it) {
    if (!good(it)) return;
    if (it->at_free) it->at_free(it->number);
    if (it->parent && it->parent->magic != 4711) faults++; /* closed before its child */
    if (it->text && it->number >= 1000 && strlen(it->text) != (size_t)it->number) faults++;
    for (int i = 0; i < it->count; i++) node_free(it->owned[i]);
    it->magic = 0;
    open_nodes--;
    /* Not freed: a late use is seen. */
}
int node_free_number(node *it) { int n = node_number(it); node_free(it); return n; }
node *node_retain(node *it) { if (good(it)) it->references++; return it; }
int node_release(node *it) {
    if (good(it) && --it->references == 0) node_free(it);
    return it->references;
}
void node_free_slot(node **slot) { if (*slot) node_free(*slot); *slot = NULL; }
void node_free_with(node *it, int flags) { last_argument = flags; node_free(it); }
void node_free_in(node *owner, node *it) {
    last_argument = good(owner) ? owner->number : -1;
    node_free(it);
}
int node_try_free(node *it, int fail) { if (fail) return 7; node_free(it); return 0; }
int node_give(node *owner, node *it, int fail) {
    if (!good(owner) || !good(it)) return -1;
    if (fail) return 7;
    owner->owned[owner->count++] = it;
    return 0;
}
int node_give_if(node *owner, node *it, int (*call)(int)) {
    int failure = call(it->number);
    return node_give(owner, it, failure);
}
void node_give_or_error(node *it, int fail, int *error) {
    *error = fail;
    if (!fail) node_free(it);
}
void node_swallow(node *it) { if (good(it)) node_free(it); }
void node_on_call(node *it, int (*call)(int)) { if (good(it)) it->call = call; }
void node_at_free(node *it, int (*call)(int)) { if (good(it)) it->at_free = call; }
int node_call(node *it, int n) { return good(it) && it->call ? it->call(n) : -1; }
void node_set_text(node *it, const char *text) { if (good(it)) it->text = text; }
int node_text(node *it) { return good(it) && it->text ? (int)strlen(it->text) : -1; }
void node_set_items(node *it, const int *items, size_t count) {
    if (good(it)) { it->items = items; it->length = count; }
}
int node_sum(node *it) {
    int sum = 0;
    for (size_t i = 0; good(it) && i < it->length; i++) sum += it->items[i];
    return sum;
}
node *node_over(const int *items, size_t count) {
    node *it = make(1, NULL);
    it->items = items; it->length = count;
    return it;
}
typedef struct { int (*call)(int); int number; } options;
node *node_with(options given) {
    node *it = make(given.number, NULL);
    it->call = given.call;
    return it;
}
static int (*calls[64])(int);
static int call_count;
void on_any(int slot, int (*call)(int)) { calls[slot] = call; }
void on_each(int (*call)(int)) { calls[32 + call_count++] = call; }
int call_any(int slot, int n) { return calls[slot] ? calls[slot](n) : -1; }
void node_use(node *it, node *of) { it->parent = good(of) ? of : NULL; }
int node_unuse(node *it, node *of, int fail) {
    if (!fail && it->parent == of) it->parent = NULL;
    return fail;
}
void off_any(int slot) { calls[slot] = NULL; }
void off_each(int (*call)(int)) {
    for (int i = call_count; i-- > 0;)
        if (calls[32 + i] == call) { calls[32 + i] = NULL; return; }
}
int node_reset(node *it) { it->call = NULL; it->text = NULL; it->length = 0; return 0; }
/* What becomes of the node behind a pointer: 0 nothing, 1 freed, 2 another, 3 a second one. */
int node_exchange(node **it, int what, int fail) {
    if (*it && !good(*it)) return -1;
    if (*it && (what == 1 || what == 2)) node_free(*it);
    if (what == 1) *it = NULL;
    if (what == 2) *it = make(100, NULL);
    if (what == 3 && *it) *it = (*it)->owned[0];
    return fail;
}
int node_make(int (*call)(int), node **it) { *it = make(1, NULL); return call(5); }
int node_exchange_number(int *fd, int to) { if (to) *fd = to; return 0; }
void node_current(node *it, node *of) { if (good(it)) it->current = of; }
int node_current_number(node *it) {
    return good(it) && it->current && good(it->current) ? it->current->number : -1;
}
void node_set_rows(node *it, const int *const *rows, int count) {
    it->rows = rows; it->how_many = count;
}
int node_sum_rows(node *it) {
    int sum = 0;
    for (int i = 0; i < it->how_many; i++) sum += it->rows[i][0] + it->rows[i][1];
    return sum;
}
static node *global;
void use_globally(int slot, node *it) { global = it; }
int global_number(void) { return global && good(global) ? global->number : -1; }
node *node_of(node *it) { return good(it) ? make(3, it) : NULL; }
node *node_over_or_null(const int *items, size_t count) {
    return count ? node_over(items, count) : NULL;
}
node *node_first(node *const *them, int count) { return count ? them[0] : NULL; }
int node_give_all(node *owner, node *const *them, int count) {
    for (int i = 0; i < count; i++) node_give(owner, them[i], 0);
    return 0;
}
void node_use_all(node *it, node *const *them, int count) {
    it->many = them; it->how_many = count;
}
void node_set_texts(node *it, const char *const *texts, int count) {
    it->texts = texts; it->how_many = count;
}
int node_all_numbers(node *it) {
    int sum = 0;
    for (int i = 0; it->many && i < it->how_many; i++) sum += node_number(it->many[i]);
    for (int i = 0; it->texts && i < it->how_many; i++) sum += (int)strlen(it->texts[i]);
    return sum;
}
"""

Int = Annotated[int, c_int]
OnInt = Callable[[int], int]


class Api:
    """Declared anew for each test: types of handles know their closing functions."""

    def __init__(self, library: Library) -> None:
        class Node(Handle):
            """``node *``"""

        self.library, self.Node = library, Node
        self.ANode = ANode = Annotated[Node, c_void_p]  # noqa: N806

        def opened() -> Int: ...
        def wrong() -> Int: ...
        def last() -> Int: ...
        def newest() -> Annotated[int, c_void_p]: ...
        def node_new(number: Int, /) -> Annotated[Node | None, c_void_p, Owned]: ...
        def node_child(parent: ANode, n: Int, /) -> Annotated[Node, c_void_p, Owned]: ...
        def node_two(one: ANode, two: ANode, /) -> Annotated[Node, c_void_p, Owned]: ...
        def node_copy(it: ANode, /) -> Annotated[Node, c_void_p, Owned(independent=True)]: ...
        def node_parent(it: ANode, /) -> Annotated[Node | None, c_void_p, Borrowed]: ...
        def node_self(it: ANode, /) -> Annotated[Node, c_void_p, Borrowed]: ...
        def node_inner(it: ANode, /) -> Annotated[Node | None, c_void_p, Borrowed("it")]: ...
        def node_number(it: ANode, /) -> Int: ...
        def node_call(it: ANode, n: Int, /) -> Int: ...
        def node_text(it: ANode, /) -> Int: ...
        def node_sum(it: ANode, /) -> Int: ...
        def call_any(slot: Int, n: Int, /) -> Int: ...

        for function in list(locals().values()):
            if hasattr(function, "__code__") and function is not Api.__init__:
                setattr(self, function.__name__, library.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def declare(self, function: Any) -> Any:
        """Declare one more, with a ``Node`` of this library."""
        return self.library.function(function)

    def close_by_node_free(self) -> Any:
        def node_free(it: Annotated[self.Node, c_void_p, Closes], /) -> None: ...

        return self.declare(node_free)


@pytest.fixture
def api(package: Package, path: str) -> Iterator[Any]:
    """In the end, all that C made was closed once, and nothing that is closed was used."""
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    made = Api(Library("c", f"{package.name}.module"))
    yield made
    collect()
    assert made.opened() == 0, "some are left open"
    assert made.wrong() == 0, "used or closed after it was closed"


def test_an_owned_one_is_closed_before_those_it_was_made_from(api: Any) -> None:
    api.close_by_node_free()
    parent = api.node_new(1)
    child = api.node_child(parent, 2)
    assert child.parents == (parent,)
    del parent
    collect()
    assert api.opened() == 2, "the child keeps it alive"
    two = api.node_two(child, api.node_new(3))
    child.parents[0].close()
    assert child.closed
    assert two.closed
    assert api.opened() == 1, "the other one, which nobody closed"


def test_owned_and_nothing_closes_it(api: Any) -> None:
    """It would leak, silently. (C's one is closed by a function that is declared later.)"""
    with pytest.raises(
        DeclarationError, match=r"Node \*\) is Owned, but no declared function Cl"
    ):
        api.node_new(1)
    collect()
    free = api.close_by_node_free()
    free(api.Node.adopt(api.newest()))


def test_an_independent_one_is_not(api: Any) -> None:
    api.close_by_node_free()
    one = api.node_new(1)
    copy = api.node_copy(one)
    assert copy.parents == ()
    one.close()
    assert api.node_number(copy) == 1


def test_a_borrowed_one_is_the_open_handle(api: Any) -> None:
    api.close_by_node_free()
    one = api.node_new(1)
    assert api.node_self(one) is one, "else it would be closed twice"
    child = api.node_child(one, 2)
    assert api.node_parent(child) is one
    assert api.node_parent(one) is None


def test_a_borrowed_one_lives_as_long_as_what_lent_it(api: Any) -> None:
    free = api.close_by_node_free()
    owner, inner = api.node_new(1), api.node_new(2)

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo()], fail: Int, /
    ) -> Int: ...

    api.declare(node_give)(owner, inner, 0)
    assert inner.closed, "it cannot be used"
    lent = api.node_inner(owner)
    assert lent is not inner
    assert lent == api.node_inner(owner)
    assert hash(lent) == hash(api.node_inner(owner))
    assert lent != owner
    assert lent.parents == (owner,)
    for close in (lent.close, lambda: free(lent)):
        with pytest.raises(ValueError, match="is C's to close: it is borrowed"):
            close()
    del owner
    collect()
    assert api.node_number(lent) == 2, "it keeps the owner alive"
    lent.parents[0].close()
    with pytest.raises(ValueError, match=r"'it' \(Node \*\) is closed"):
        api.node_number(lent)


def test_one_that_is_owned_already(api: Any) -> None:
    """Two handles would close it twice, unless C counts references."""

    def node_self(it: api.ANode, /) -> Annotated[api.Node, c_void_p, Owned]: ...

    api.close_by_node_free()
    one = api.node_new(1)
    with pytest.raises(
        ValueError, match=r"is Owned, but is <Node at .*closes already: write B"
    ):
        api.declare(node_self)(one)
    assert api.node_number(one) == 1
    one.close()

    def node_retain(
        it: api.ANode, /
    ) -> Annotated[api.Node, c_void_p, Owned(counted=True, independent=True)]: ...

    def node_release(it: Annotated[api.Node, c_void_p, Closes(implicit=False)], /) -> Int: ...

    one = api.node_new(1)
    other = api.declare(node_retain)(one)
    assert (one == other, one is other) == (True, False)
    assert api.declare(node_release)(one) == 1
    assert api.node_number(other) == 1
    other.close()


def test_those_that_are_gone_are_forgotten(api: Any) -> None:
    api.close_by_node_free()
    owner = api.node_new(1)

    class Other(Handle):
        pass

    def node_self(it: api.ANode, /) -> Annotated[Other, c_void_p, Borrowed]: ...

    look = api.declare(node_self)
    for _ in range(100):
        look(owner)
    collect()
    assert len(life_of(owner).children) <= 1


def test_given_away(api: Any) -> None:
    free = api.close_by_node_free()

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    give = api.declare(node_give)
    owner, it = api.node_new(1), api.node_new(2)
    give(owner, it, 0)
    assert api.node_number(it) == 2, "it can be used, as a borrowed one"
    assert it.parents == (owner,)
    for wrong in (it.close, lambda: free(it)):
        with pytest.raises(ValueError, match="it is borrowed"):
            wrong()
    with pytest.raises(ValueError, match="is borrowed: it is not the caller's to give away"):
        give(owner, it, 0)
    assert api.node_inner(owner) is it
    owner.close()
    assert it.closed
    assert api.opened() == 0


def test_given_away_only_if_it_succeeds(api: Any) -> None:
    api.close_by_node_free()

    def failed(code: int, function: str, values: Any) -> Exception:
        return RuntimeError(code)

    def node_give(
        owner: api.ANode,
        it: Annotated[api.Node, c_void_p, GivenTo("owner", if_succeeds=True)],
        fail: Int,
        /,
    ) -> Annotated[None, c_int, Raises(failed)]: ...

    give = api.declare(node_give)
    owner, it = api.node_new(1), api.node_new(2)
    with pytest.raises(RuntimeError):
        give(owner, it, 1)
    assert it.parents == ()
    give(owner, it, 0)
    assert it.parents == (owner,)


def test_it_cannot_be_given_to_what_needs_it(api: Any) -> None:
    api.close_by_node_free()

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    give = api.declare(node_give)
    one = api.node_new(1)
    child = api.node_child(one, 2)
    for owner in (one, child):
        with pytest.raises(ValueError, match="is needed by <Node at"):
            give(owner, one, 0)
    assert not one.closed


def test_closed_by_a_pointer_to_the_pointer(api: Any) -> None:
    def node_free_slot(slot: Annotated[api.Node, POINTER(c_void_p), Closes], /) -> None: ...

    free = api.declare(node_free_slot)
    one = api.node_new(1)
    free(one)
    free(one)
    assert one.closed
    api.node_new(2)  # by the garbage collector


def test_closed_with_a_result(api: Any) -> None:
    def node_free_number(it: Annotated[api.Node, c_void_p, Closes], /) -> Int: ...

    free = api.declare(node_free_number)
    one = api.node_new(5)
    assert free(one) == 5
    with pytest.raises(ValueError, match="is closed"):
        free(one)  # there is no number to return
    one.close()
    with api.node_new(6):
        pass


def test_closed_with_further_arguments(api: Any) -> None:
    def node_free_with(
        it: Annotated[api.Node, c_void_p, Closes(flags=3)], flags: Int, /
    ) -> None: ...

    def wrong(it: Annotated[api.Node, c_void_p, Closes(flags="3")], flags: Int, /) -> None: ...

    with pytest.raises(DeclarationError, match=r"Closes\(flags='3'\): .* must be an integer"):
        api.library.function(symbol="node_free_with")(wrong)
    free = api.declare(node_free_with)
    free(api.node_new(1), 9)
    assert api.last() == 9
    api.node_new(2).close()
    assert api.last() == 3
    with pytest.raises(OverflowError):
        free(one := api.node_new(1), 2**40)
    assert not one.closed, "C was not called"


def test_closed_in_what_it_was_made_from(api: Any) -> None:
    class Leaf(Handle):
        pass

    def node_child(parent: api.ANode, n: Int, /) -> Annotated[Leaf, c_void_p, Owned]: ...
    def node_free_in(owner: api.ANode, it: Annotated[Leaf, c_void_p, Closes], /) -> None: ...

    child, free = api.declare(node_child), api.declare(node_free_in)
    api.close_by_node_free()
    tree = api.node_new(8)
    child(tree, 1).close()
    assert api.last() == 8
    free(tree, child(tree, 2))
    leaf = child(tree, 3)
    tree.close()
    assert leaf.closed


def test_several_functions_close_one_type(api: Any) -> None:
    def node_free_with(
        it: Annotated[api.Node, c_void_p, Closes(implicit=False)], flags: Int, /
    ) -> None: ...
    def node_free_number(it: Annotated[api.Node, c_void_p, Closes], /) -> Int: ...

    free_with = api.declare(node_free_with)
    api.close_by_node_free()
    with pytest.raises(DeclarationError, match=r"another function Closes it\. Write Closes\(i"):
        api.declare(node_free_number)
    one, two = api.node_new(1), api.node_new(2)
    free_with(one, 4)
    two.close()
    assert (one.closed, two.closed, api.last()) == (True, True, 4)


def test_owned_and_closed_by_another_function(api: Any) -> None:
    def node_free_with(
        it: Annotated[api.Node, c_void_p, Closes(implicit=False, flags=5)], flags: Int, /
    ) -> None: ...

    other = api.declare(node_free_with)
    api.close_by_node_free()

    def node_new(number: Int, /) -> Annotated[api.Node, c_void_p, Owned(other)]: ...

    api.declare(node_new)(1).close()
    assert api.last() == 5

    def node_copy(it: api.ANode, /) -> Annotated[api.Node, c_void_p, Owned(print)]: ...

    with pytest.raises(DeclarationError, match="a declared function that Closes such a handle"):
        api.declare(node_copy)


def test_one_function_closes_two_types(api: Any) -> None:
    class Leaf(Handle):
        pass

    def node_child(parent: api.ANode, n: Int, /) -> Annotated[Leaf, c_void_p, Owned]: ...
    def node_free(it: Annotated[api.Node | Leaf, c_void_p, Closes], /) -> None: ...

    child, free = api.declare(node_child), api.declare(node_free)
    one = api.node_new(1)
    free(child(one, 2))
    child(one, 3)
    with pytest.raises(TypeError, match=r"must be a Node \| Leaf, not int"):
        free(7)
    free(one)
    assert one.closed


def test_a_closing_function_that_fails(api: Any) -> None:
    seen: list[Any] = []

    def failed(code: int, function: str, values: Any) -> Exception:
        seen.append(api.node_number(values[0]))
        return RuntimeError(code)

    def node_try_free(
        it: Annotated[api.Node, c_void_p, Closes(if_succeeds=True, fail=0)], fail: Int, /
    ) -> Annotated[None, c_int, Raises(failed)]: ...

    free = api.declare(node_try_free)
    one = api.node_new(4)
    with pytest.raises(RuntimeError, match="7"):
        free(one, 1)
    assert seen == [4], "the error can be asked for"
    assert api.node_number(one) == 4
    free(one, 0)
    assert one.closed


def test_a_closing_function_that_fails_and_closes_it(api: Any) -> None:
    """Like ``fclose``: a second call would free it again."""

    def failed(code: int, function: str, values: Any) -> Exception:
        assert values[0].closed
        return RuntimeError(code)

    def node_free_number(
        it: Annotated[api.Node, c_void_p, Closes], /
    ) -> Annotated[None, c_int, Raises(failed)]: ...

    for close in (api.declare(node_free_number), Handle.close, Handle.__exit__):
        one = api.node_new(4)
        with pytest.raises(RuntimeError, match=r"^4$"):
            close(one)
        assert one.closed
        one.close()


@Callback
def on_int(number: Int, /) -> Int: ...


class Doubling:
    """A callable whose end can be watched."""

    def __call__(self, number: int) -> int:
        return 2 * number


def watched() -> tuple[Any, Any]:
    made = Doubling()
    return made, weakref.ref(made)


needs_locked_buffers = pytest.mark.skipif(
    sys.implementation.name == "pypy", reason="PyPy resizes what a memoryview shows"
)


@needs_locked_buffers
def test_a_buffer_that_c_keeps_cannot_be_resized(api: Any) -> None:
    api.close_by_node_free()

    def node_set_items(
        it: api.ANode,
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("it")],
        /,
    ) -> None: ...

    keep = api.declare(node_set_items)
    one, items, others = api.node_new(1), array("i", [1, 2, 3]), array("i", [7])
    keep(one, items)
    with pytest.raises(BufferError):
        items.append(4)
    keep(one, memoryview(items)[:2])
    assert api.node_sum(one) == 3
    keep(one, others)
    collect()
    items.append(4)  # another is in its place
    with pytest.raises(BufferError):
        others.append(4)
    one.close()
    collect()
    others.append(4)


@needs_locked_buffers
def test_a_buffer_that_the_new_handle_keeps(api: Any) -> None:
    api.close_by_node_free()

    def node_over(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned]: ...

    over = api.declare(node_over)
    items = array("i", [4, 5])
    one = over(items)
    with pytest.raises(BufferError):
        items.append(6)
    assert api.node_sum(one) == 9
    one.close()
    collect()
    items.append(6)
    one = over(items)
    del one
    items.append(7)  # at once, without a collection
    two = over(array("i", [1, 1]))
    collect()
    assert api.node_sum(two) == 2


def test_a_text_that_c_keeps(api: Any) -> None:
    api.close_by_node_free()

    def node_set_text(it: api.ANode, text: Annotated[str, c_char_p, Keep("it")], /) -> None: ...

    keep = api.declare(node_set_text)
    one = api.node_new(1)
    keep(one, "x" * 5000)
    collect()
    assert [bytes(5000) for _ in range(64)]
    assert api.node_text(one) == 5000


def test_what_c_keeps_is_there_when_garbage_is_closed(api: Any) -> None:
    api.close_by_node_free()

    def node_set_text(it: api.ANode, text: Annotated[str, c_char_p, Keep("it")], /) -> None: ...

    keep = api.declare(node_set_text)
    for length in range(1000, 3000, 10):
        keep(api.node_new(length), "x" * length)


class Numbers(ctypes.Structure):
    _fields_ = (("one", c_int), ("other", c_int))


@struct
class Options(ctypes.Structure):
    call: Annotated[OnInt | None, on_int]
    number: Int


def test_a_callback_in_a_struct_that_the_new_handle_keeps(api: Any) -> None:
    api.close_by_node_free()

    def node_with(
        given: Annotated[Options, Options, Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned]: ...

    function, gone = watched()
    options = Options(function, 3)
    one = api.declare(node_with)(options)
    options.call = None  # C has a copy
    del function
    collect()
    assert api.node_call(one, 21) == 42
    one.close()
    collect()
    assert gone() is None


def test_callbacks_that_c_keeps_for_ever_and_one_in_each_place(api: Any) -> None:
    def on_any(slot: Int, call: Annotated[OnInt, on_int, Keep(slot="slot")], /) -> None: ...

    keep = api.declare(on_any)
    first, first_gone = watched()
    second, second_gone = watched()
    keep(0, first)
    keep(1, second)
    del first, second
    collect()
    assert (api.call_any(0, 1), api.call_any(1, 2)) == (2, 4)
    keep(0, lambda number: number + 1)
    collect()
    assert first_gone() is None
    assert second_gone() is not None
    assert (api.call_any(0, 1), api.call_any(1, 2)) == (2, 4)


def test_callbacks_that_accumulate(api: Any) -> None:
    def on_each(call: Annotated[OnInt, on_int, Keep(every=True)], /) -> None: ...

    keep = api.declare(on_each)
    for number in range(20):
        keep(lambda given, number=number: given * number)
    collect()
    assert [api.call_any(32 + number, 2) for number in range(20)] == [*range(0, 40, 2)]


def declare_exchange(api: Any, word: Any) -> Any:
    def node_exchange(
        it: Annotated[api.Node | None, InOut(c_void_p, word)], what: Int, fail: Int, /
    ) -> Annotated[
        api.Node | None, c_int, Raises(lambda code, name, values: ValueError(code, values[-1]))
    ]: ...

    return api.declare(node_exchange)


def test_a_handle_that_c_replaces(api: Any) -> None:
    """Such as av_dict_set(AVDictionary **)."""
    api.close_by_node_free()
    exchange = declare_exchange(api, Owned)
    assert exchange(None, 0, 0) is None
    one = exchange(None, 2, 0)
    assert exchange(one, 0, 0) is one
    two = exchange(one, 2, 0)
    assert (one.closed, two.closed) == (True, False)
    with pytest.raises(ValueError, match=r"'it' \(Node \*\) is closed"):
        exchange(one, 0, 0)
    assert exchange(two, 1, 0) is None
    assert two.closed
    two = exchange(None, 2, 0)
    child = api.node_child(two, 1)
    with pytest.raises(ValueError, match="is needed by a Node, which is to be closed first"):
        exchange(two, 2, 0)
    child.close()
    assert exchange(two, 0, 0) is two
    two.close()


@pytest.mark.parametrize("what", [0, 1, 2])
def test_a_failure_leaves_what_c_stored(api: Any, what: int) -> None:
    api.close_by_node_free()
    exchange = declare_exchange(api, Owned)
    one = api.node_new(1)
    with pytest.raises(ValueError, match="7"):
        exchange(one, what, 7)
    assert one.closed == (what != 0)
    if what == 0:
        assert api.node_number(one) == 1
    with pytest.raises(OverflowError):
        exchange(api.node_new(2), what, 2**40)  # C is not called
    collect()
    assert api.opened() == (what == 0)


def test_a_borrowed_one_that_c_moves_on(api: Any) -> None:
    api.close_by_node_free()
    move_on = declare_exchange(api, Borrowed)

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    one, inner = api.node_new(1), api.node_new(2)
    api.declare(node_give)(one, inner, 0)
    assert move_on(one, 0, 0) is one
    assert move_on(one, 3, 0) is inner
    assert not one.closed
    assert move_on(inner, 3, 0) is None
    with pytest.raises(ValueError, match="it is not the caller's to give away"):
        declare_exchange(api, Owned)(inner, 0, 0)
    one.close()


def test_an_integer_that_c_replaces(api: Any) -> None:
    class Number(Handle, invalid=-1):
        pass

    def node_exchange_number(
        number: Annotated[Number | None, InOut(c_int, Owned)], to: Int, /
    ) -> Annotated[tuple[int, Number | None], c_int]: ...
    def call_any(it: Annotated[Number, c_int, Closes, Constant(c_int, 0)], /) -> Int: ...

    exchange = api.declare(node_exchange_number)
    api.declare(call_any)
    assert exchange(None, 0) == (0, None)
    five = exchange(None, 5)[1]
    assert five.value == 5
    assert exchange(five, 0)[1] is five
    six = exchange(five, 6)[1]
    assert (five.closed, six.value) == (True, 6)
    assert exchange(six, -1) == (0, None)
    assert six.closed


def test_a_handle_is_released_without_closing(api: Any) -> None:
    """Such as that of a transfer, from curl_multi_remove_handle."""
    api.close_by_node_free()

    def node_use(
        it: api.ANode, of: Annotated[api.Node, c_void_p, Keep("it", every=True)], /
    ) -> None: ...

    use = api.declare(node_use)

    def node_unuse(
        it: api.ANode, of: Annotated[api.Node, c_void_p, Releases(use)], fail: Int, /
    ) -> Annotated[None, c_int, Raises(lambda code, *_: ValueError(code))]: ...

    unuse = api.declare(node_unuse)
    one, other, third = api.node_new(1), api.node_new(2), api.node_new(3)
    unuse(one, other, 0)
    use(one, third)
    use(one, other)
    with pytest.raises(ValueError, match="1"):
        unuse(one, other, 1)
    unuse(third, other, 0)
    other.close()
    assert one.closed, "C still kept it"
    other = api.node_new(2)
    one = api.node_new(1)
    use(one, other)
    unuse(one, other, 0)
    other.close()
    assert not one.closed
    for number in range(100):
        use(one, last := api.node_new(number))
        unuse(one, last, 0)
        del last
    collect()
    assert api.opened() == 2, "one and the third"
    life_of(one)  # from now on, Python has what C keeps
    assert sum(len(each) for each in one._kept.values()) == 0
    assert len(one._kept) < 5, "nothing accumulates"


def test_callbacks_are_released_without_the_handle(api: Any) -> None:
    def on_any(slot: Int, call: Annotated[OnInt, on_int, Keep(slot="slot")], /) -> None: ...
    def on_each(call: Annotated[OnInt, on_int, Keep(every=True)], /) -> None: ...

    keep, keep_each = api.declare(on_any), api.declare(on_each)

    def off_any(slot: Annotated[int, c_int, Releases(keep)], /) -> None: ...
    def off_each(call: Annotated[OnInt, on_int, Releases(keep_each)], /) -> None: ...

    drop, drop_each = api.declare(off_any), api.declare(off_each)
    functions = [watched() for _ in range(5)]
    gone = [each[1] for each in functions]
    for slot in (2, 3):
        keep(slot, functions[slot - 2][0])
    for each, _ in functions[2:]:
        keep_each(each)
    keep_each(functions[2][0])
    drop(2)
    drop(7)
    drop_each(functions[2][0])
    drop_each(functions[3][0])
    del functions, each
    collect()
    assert [each() is None for each in gone] == [True, False, False, True, False]
    assert [api.call_any(slot, 1) for slot in (2, 3, 32, 33, 34, 35)] == [-1, 2, 2, -1, 2, -1]


def test_all_that_c_keeps_for_a_handle_is_released(api: Any) -> None:
    """Such as by curl_easy_reset."""
    api.close_by_node_free()

    def node_set_text(it: api.ANode, text: Annotated[str, c_char_p, Keep("it")], /) -> None: ...
    def node_on_call(it: api.ANode, call: Annotated[OnInt, on_int, Keep("it")], /) -> None: ...
    def node_use(it: api.ANode, of: Annotated[api.Node, c_void_p, Keep("it")], /) -> None: ...

    text, on_call = api.declare(node_set_text), api.declare(node_on_call)
    use = api.declare(node_use)

    def node_reset(it: Annotated[api.Node, c_void_p, Releases(text, on_call)], /) -> Int: ...

    reset = api.declare(node_reset)
    one, other = api.node_new(1), api.node_new(2)
    (mine, gone), (others, kept) = watched(), watched()
    text(one, "x")
    use(one, other)
    on_call(one, mine)
    on_call(other, others)
    reset(one)
    del mine, others
    collect()
    assert (gone(), kept() is None) == (None, False)
    other.close()
    assert one.closed, "the other function's is kept"


def test_what_is_no_release(api: Any) -> None:
    with pytest.raises(DeclarationError, match="Releases needs the function that makes C keep"):
        Releases()
    for wrong in (len, api.node_number):
        with pytest.raises(DeclarationError, match="expected a declared function, with a par"):
            Releases(wrong)

    def node_use(it: api.ANode, of: Annotated[api.Node, c_void_p, Keep("it")], /) -> None: ...

    released = Releases(api.declare(node_use))

    def node_unuse(it: api.ANode, other: Annotated[api.Node, c_void_p, released], /) -> Int: ...
    def node_reset(of: Annotated[api.Node, c_void_p, released], /) -> Int: ...
    def node_self(it: Annotated[api.Node | None, c_void_p, released], /) -> Int: ...
    def node_over(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned]: ...

    with pytest.raises(DeclarationError, match="the other function has of, it: give the para"):
        api.declare(node_unuse)
    for function in (node_reset, node_self):
        with pytest.raises(DeclarationError, match="needs the handle 'it', for which C keeps"):
            api.declare(function)
    with pytest.raises(DeclarationError, match="keeps for another one, or for good"):
        Releases(api.declare(node_over))


def test_a_handle_that_another_keeps(api: Any) -> None:
    api.close_by_node_free()

    def node_use(it: api.ANode, of: Annotated[api.Node, c_void_p, Keep("it")], /) -> None: ...

    use = api.declare(node_use)
    one, other, third = api.node_new(1), api.node_new(2), api.node_new(3)
    use(one, other)
    del other
    collect()
    assert api.opened() == 3, "it is kept alive"
    use(one, third)
    collect()
    assert api.opened() == 2, "another is in its place"
    with pytest.raises(ValueError, match=r"needs <Node at .*>, which cannot keep it"):
        use(third, one)
    third.close()
    assert one.closed, "closed before what it needs"


def declare_current(api: Any) -> Any:
    def node_current(
        it: api.ANode, of: Annotated[api.Node | None, c_void_p, Keep("it")], /
    ) -> None: ...
    def node_current_number(it: api.ANode, /) -> Int: ...

    api.current_number = api.declare(node_current_number)
    return api.declare(node_current)


def test_a_child_that_its_parent_keeps(api: Any) -> None:
    """Such as the current statement of a connection."""
    free, current = api.close_by_node_free(), declare_current(api)
    parent = api.node_new(1)
    child, other = api.node_child(parent, 2), api.node_child(parent, 3)
    current(parent, child)
    for close in (Handle.close, free, Handle.__exit__):
        with pytest.raises(ValueError, match="C keeps this Node for a Node: close that, or"):
            close(child)
    del child
    collect()
    assert api.current_number(parent) == 2, "it is kept alive"
    current(parent, other)
    let_go()
    assert api.opened() == 2, "another is in its place"
    current(parent, None)
    other.close()
    last = api.node_child(parent, 4)
    current(parent, last)
    parent.close()
    assert last.closed, "before its parent, as ever"
    last.close()


def test_garbage_that_its_child_keeps_alive(api: Any) -> None:
    api.close_by_node_free()
    current = declare_current(api)
    parent = api.node_new(1)
    current(parent, api.node_child(parent, 2))
    current(parent, parent)
    del parent
    collect()
    assert api.opened() == 0


def test_what_c_keeps_for_good_is_not_closed(api: Any) -> None:
    api.close_by_node_free()

    def use_globally(
        slot: Int, it: Annotated[api.Node | None, c_void_p, Keep(slot="slot")], /
    ) -> None: ...
    def global_number() -> Int: ...

    use, number = api.declare(use_globally), api.declare(global_number)
    one = api.node_new(1)
    child = api.node_child(one, 2)
    use(0, child)
    for each in (child, one):
        with pytest.raises(ValueError, match="C keeps this Node: it can be closed when"):
            each.close()
    del one, child, each
    collect()
    assert number() == 2
    use(0, None)
    collect()
    assert api.opened() == 0


def test_what_c_keeps_for_a_handle_of_its_own_is_not_closed(api: Any) -> None:
    """Nobody knows how long that lives, unless it was given to a handle of the caller's."""
    api.close_by_node_free()
    current = declare_current(api)

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    give = api.declare(node_give)
    owner, given, kept, other = (api.node_new(number) for number in range(4))
    current(given, kept)
    give(owner, given, 0)
    current(given, other)
    kept.close()
    assert not owner.closed, "another is in its place"
    other.close()
    assert owner.closed, "closed before what it needs"
    assert given.closed
    one, kept = api.node_new(5), api.node_new(6)

    class Lent(Handle):
        pass

    def node_self(it: api.ANode, /) -> Annotated[Lent, c_void_p, Borrowed]: ...
    def node_current_of_lent(
        it: Annotated[Lent, c_void_p], of: Annotated[api.Node | None, c_void_p, Keep("it")], /
    ) -> None: ...

    lent = api.declare(node_self)(one)
    set_current = api.library.function(symbol="node_current")(node_current_of_lent)
    set_current(lent, kept)
    with pytest.raises(ValueError, match="it can be closed when another is in its place"):
        kept.close()
    set_current(lent, None)
    kept.close()


def test_what_is_given_away_still_needs_what_c_keeps_for_it(api: Any) -> None:
    api.close_by_node_free()
    current = declare_current(api)

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    owner, given, kept = (api.node_new(number) for number in range(3))
    current(given, kept)
    api.declare(node_give)(owner, given, 0)
    kept.close()
    assert owner.closed, "closed before what its own needs"
    assert given.closed


def test_a_handle_and_its_owner_keep_each_other(api: Any) -> None:
    api.close_by_node_free()
    current = declare_current(api)

    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    give = api.declare(node_give)
    steps = {
        "it keeps owner": lambda owner, it: current(it, owner),
        "owner keeps it": lambda owner, it: current(owner, it),
        "given": lambda owner, it: give(owner, it, 0),
    }
    for first, second, refused in [
        ("it keeps owner", "given", ""),
        ("given", "it keeps owner", ""),
        ("given", "owner keeps it", ""),
        ("owner keeps it", "given", "which cannot own it"),
        ("owner keeps it", "it keeps owner", "which cannot keep it"),
    ]:
        owner, it = api.node_new(1), api.node_new(2)
        steps[first](owner, it)
        if refused:
            with pytest.raises(ValueError, match=refused):
                steps[second](owner, it)
            it.close()
        else:
            steps[second](owner, it)
        owner.close()
        assert it.closed
        assert api.opened() == 0


def test_closed_again_while_c_closes_it(api: Any) -> None:
    """By another thread, or in a callback: its parent, and what it keeps, must wait for C."""
    api.close_by_node_free()

    def node_at_free(it: api.ANode, call: Annotated[OnInt, on_int, Keep("it")], /) -> None: ...
    def node_on_call(it: api.ANode, call: Annotated[OnInt, on_int, Keep("it")], /) -> None: ...

    def ignored(number: int) -> int:
        return number

    parent = api.node_new(1)
    child = api.node_child(parent, 2)
    api.declare(node_on_call)(child, ignored)
    kept, came = weakref.ref(ignored), []
    del ignored

    def at_free(number: int) -> int:
        child.close()
        collect()
        came.append(kept() is not None)
        with pytest.raises(RuntimeError, match="the Node is in use by a call that has not re"):
            parent.close()
        return 0

    api.declare(node_at_free)(child, at_free)
    child.close()
    assert came == [True]
    collect()
    assert kept() is None
    parent.close()


def test_two_that_are_given_to_each_other(api: Any) -> None:
    api.close_by_node_free()

    def node_give(
        owner: Annotated[api.Node, c_void_p, GivenTo("it")],
        it: Annotated[api.Node, c_void_p, GivenTo("owner")],
        fail: Int,
        /,
    ) -> Int: ...

    give, one, other = api.declare(node_give), api.node_new(1), api.node_new(2)
    with pytest.raises(ValueError, match="which cannot own it"):
        give(one, other, 0)
    one.close()
    assert other.parents == ()
    assert not other.closed


def test_a_thousand_one_behind_the_other(api: Any) -> None:
    """Python has no stack for so many."""
    api.close_by_node_free()
    last = root = api.node_new(0)
    for number in range(5000):
        last = api.node_child(last, number)
    root.close()
    assert api.opened() == 0
    assert last.closed


@needs_locked_buffers
def test_what_a_child_keeps_is_let_go_when_its_parent_is_closed(api: Any) -> None:
    api.close_by_node_free()

    def node_set_items(
        it: api.ANode,
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("it")],
        /,
    ) -> None: ...

    keep, parent, items = api.declare(node_set_items), api.node_new(1), array("i", [1])
    child = api.node_child(parent, 2)
    keep(child, items)
    parent.close()
    items.append(2)
    assert child.closed


@needs_locked_buffers
def test_what_a_handle_would_keep_that_does_not_come_back(api: Any) -> None:
    api.close_by_node_free()

    def node_over_or_null(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned]: ...

    over, items = api.declare(node_over_or_null), array("i")
    with pytest.raises(ValueError, match="is a null pointer"):
        over(items)
    items.append(4)
    one = over(items)
    with pytest.raises(BufferError):
        items.append(5)
    one.close()
    items.append(5)


def test_a_handle_that_an_independent_one_keeps(api: Any) -> None:
    api.close_by_node_free()

    def node_of(
        it: Annotated[api.Node, c_void_p, Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned(independent=True)]: ...

    one = api.node_new(1)
    made = api.declare(node_of)(one)
    assert made.parents == ()
    one.close()
    assert made.closed, "closed before what it needs"
    made = api.declare(node_of)(api.node_new(1))
    collect()
    assert api.opened() == 2


def nodes(api: Any, *words: Any, kind: Any = None) -> Any:
    """A sequence of handles as a parameter called ``them``."""
    array = ArrayOf(c_void_p), Count(c_int, "them")
    return Annotated[(Sequence[kind or api.Node], *array, *words)]  # type: ignore[misc]


def test_handles_in_a_sequence_lend(api: Any) -> None:
    api.close_by_node_free()

    class Peek(Handle):
        """``node *``, which is not closed."""

    def node_first(
        them: nodes(api, kind=api.Node | None), /
    ) -> Annotated[Peek | None, c_void_p, Borrowed("them")]: ...

    first, one = api.declare(node_first), api.node_new(1)
    for them in ([one, None], (one,), deque([one])):
        peek = first(them)
        assert peek.parents == (one,)
    del one, them
    collect()
    assert api.opened() == 1
    peek.parents[0].close()
    assert peek.closed
    assert first([None]) is None


def test_handles_in_a_sequence_are_given_away(api: Any) -> None:
    api.close_by_node_free()

    def node_give_all(owner: api.ANode, them: nodes(api, GivenTo("owner")), /) -> Int: ...

    give = api.declare(node_give_all)
    owner, one, other = (api.node_new(number) for number in range(3))
    with pytest.raises(ValueError, match="is borrowed: it is not the caller's to give away"):
        give(owner, [one, other, one])
    assert one.parents == other.parents == (), "all, or none"
    give(owner, [one, other])
    assert one.parents == other.parents == (owner,)
    owner.close()
    assert other.closed
    assert api.opened() == 0


def test_none_is_given_away_twice_in_one_call(api: Any) -> None:
    api.close_by_node_free()
    given = Annotated[api.Node, c_void_p, GivenTo()]

    def node_give(owner: given, it: given, fail: Int, /) -> Int: ...

    one = api.node_new(1)
    with pytest.raises(ValueError, match="it is not the caller's to give away"):
        api.declare(node_give)(one, one, 0)
    assert api.node_number(one) == 1


def test_a_sequence_that_c_keeps(api: Any) -> None:
    """The array that the call made, and what it points to, whatever becomes of the list."""
    api.close_by_node_free()
    Texts = Annotated[  # noqa: N806
        Sequence[str], ArrayOf(c_char_p), Count(c_int, "texts"), Keep("it")
    ]

    def node_use_all(it: api.ANode, them: nodes(api, Keep("it")), /) -> None: ...
    def node_set_texts(it: api.ANode, texts: Texts, /) -> None: ...
    def node_all_numbers(it: api.ANode, /) -> Int: ...

    use, set_texts = api.declare(node_use_all), api.declare(node_set_texts)
    numbers = api.declare(node_all_numbers)
    one, texts = api.node_new(1), ["x" * number for number in range(1000)]
    set_texts(one, texts)
    texts.clear()
    collect()
    assert [bytes(size) for size in range(1000)]
    assert numbers(one) == sum(range(1000))
    one, them = api.node_new(1), [api.node_new(number) for number in range(5)]
    use(one, them)
    last = them.pop()
    them.clear()
    collect()
    assert [bytes(8 * size) for size in range(64)]
    assert numbers(one) == 10
    last.close()
    assert one.closed, "closed before what it needs"
    collect()
    assert api.opened() == 0


@needs_locked_buffers
def test_a_sequence_of_buffers_that_c_keeps(api: Any) -> None:
    api.close_by_node_free()

    def node_set_rows(
        it: api.ANode,
        rows: Annotated[
            Sequence[Buffer], ArrayOf(In(c_int, 2)), Count(c_int, "rows"), Keep("it")
        ],
        /,
    ) -> None: ...
    def node_sum_rows(it: api.ANode, /) -> Int: ...

    keep, rows = api.declare(node_set_rows), [array("i", [1, 2]), array("i", [3, 4])]
    one = api.node_new(1)
    keep(one, rows)
    with pytest.raises(BufferError):
        rows[1].append(5)
    assert api.declare(node_sum_rows)(one) == 10
    keep(one, [])
    rows[1].append(5)
    one.close()


def test_what_a_handle_keeps_is_kept_by_its_new_owner(api: Any) -> None:
    api.close_by_node_free()

    def node_set_text(it: api.ANode, text: Annotated[str, c_char_p, Keep("it")], /) -> None: ...
    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    set_text, give = api.declare(node_set_text), api.declare(node_give)
    owner, it = api.node_new(1), api.node_new(2)
    set_text(it, "x" * 3000)
    give(owner, it, 0)
    del it
    collect()
    assert [bytes(3000) for _ in range(64)]
    assert api.node_text(api.node_inner(owner)) == 3000


def test_what_a_gift_keeps_if_its_call_is_interrupted(api: Any) -> None:
    """C may have taken it, and go on to use that."""

    def node_set_items(
        it: api.ANode,
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("it")],
        /,
    ) -> None: ...
    def node_give(
        owner: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo("owner")], fail: Int, /
    ) -> Int: ...

    api.close_by_node_free()
    set_items, give = api.declare(node_set_items), api.declare(node_give)
    items = array("i", [1, 2])
    them: list[Any] = []

    def renew() -> None:
        them[:] = api.node_new(1), api.node_new(2)
        set_items(them[1], items)

    renew()
    for _ in interrupted_everywhere(lambda: give(them[0], them[1], 0)):
        owner, it = them
        address, is_taken = it.value, api.node_inner(owner) is not None
        del it, them[:]
        collect()
        if is_taken:
            with pytest.raises(BufferError):
                items.append(3)
        elif api.opened() == 2:  # Python does not know that
            api.library.cdll.node_free(c_void_p(address))
        owner.close()
        del owner
        collect()
        items.append(3)
        assert api.opened() == 0
        renew()


def test_what_a_new_handle_keeps_if_its_call_is_interrupted(api: Any) -> None:
    """As long as it is open: it may be closed when the exception is gone.

    As what closes it has a further parameter, Python makes the handle.
    """

    def node_over(
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned]: ...

    def node_free_with(
        it: Annotated[api.Node, c_void_p, Closes(flags=0)], flags: Annotated[int, c_int], /
    ) -> None: ...

    api.declare(node_free_with)
    over, items = api.declare(node_over), array("i", [1, 2])
    made: list[Any] = []

    def work() -> None:
        try:
            made.append(over(items))
        except Interrupt:
            if api.opened():
                with pytest.raises(BufferError):
                    items.append(3)
            raise

    for _ in interrupted_everywhere(work):
        collect()
        assert api.opened() == 0
        items.append(3)


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="the end comes later")
def test_an_end_that_is_interrupted_anywhere(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed while what C keeps for it is there: nothing is left to close it later."""

    def node_set_items(
        it: api.ANode,
        items: Annotated[Buffer, In(c_int), Count(c_size_t, "items"), Keep("it")],
        /,
    ) -> None: ...

    api.close_by_node_free()
    set_items, items = api.declare(node_set_items), array("i", [1, 2])
    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    earlier = sys.gettrace()
    for at in itertools.count():
        one = api.node_new(1)
        set_items(one, items)
        life_of(one)  # Python ends it
        functions = itertools.count()

        def trace(*_: object, at: int = at, functions: Iterator[int] = functions) -> None:
            if next(functions) == at:
                raise Interrupt

        sys.settrace(trace)
        del one
        sys.settrace(earlier)
        assert api.opened() == 0
        items.append(3)
        if not lost:
            break
        lost.clear()
    assert at > 5


def test_an_exception_in_a_callback_of_a_call_that_succeeds(api: Any) -> None:
    """C says whether it took the handle."""
    api.close_by_node_free()

    def failed(code: int, function: str, values: Any) -> Exception:
        return RuntimeError(code)

    def node_give_if(
        owner: api.ANode,
        it: Annotated[api.Node, c_void_p, GivenTo("owner", if_succeeds=True)],
        call: Annotated[OnInt, on_int],
        /,
    ) -> Annotated[None, c_int, Raises(failed)]: ...

    give = api.declare(node_give_if)
    owner, it = api.node_new(1), api.node_new(2)

    def fail(number: int) -> int:
        with pytest.raises(RuntimeError, match="is in use"):
            owner.close()
        raise KeyError(number)

    with pytest.raises(RuntimeError, match="7"):
        give(owner, it, lambda number: 7)
    assert it.parents == ()
    with pytest.raises(KeyError):
        give(owner, it, fail)
    assert it.parents == (owner,)


def test_what_is_given_away_for_good_is_not_used_by_a_callback(api: Any) -> None:
    api.close_by_node_free()

    def node_give_if(
        owner: api.ANode,
        it: Annotated[api.Node, c_void_p, GivenTo()],
        call: Annotated[OnInt, on_int],
        /,
    ) -> Int: ...

    give = api.declare(node_give_if)
    owner, it = api.node_new(1), api.node_new(2)

    def use(number: int) -> int:
        with pytest.raises(ValueError, match="is closed"):
            api.node_number(it)
        return 0

    assert give(owner, it, use) == 0
    assert it.closed


def test_given_away_in_one_call_all_or_nothing(api: Any) -> None:
    api.close_by_node_free()

    def node_give(
        owner: Annotated[api.Node, c_void_p, GivenTo()],
        it: Annotated[api.Node, c_void_p, GivenTo()],
        fail: Int,
        /,
    ) -> Int: ...

    give = api.declare(node_give)
    one, lent = api.node_new(1), api.Node.adopt(8, owned=False)
    with pytest.raises(ValueError, match="it is not the caller's to give away"):
        give(one, lent, 0)
    one.close()


def test_a_handle_in_use_is_not_given_away(api: Any) -> None:
    api.close_by_node_free()

    def node_on_call(it: api.ANode, call: Annotated[OnInt, on_int, Keep("it")], /) -> None: ...
    def node_swallow(it: Annotated[api.Node, c_void_p, GivenTo()], /) -> None: ...

    swallow = api.declare(node_swallow)
    one = api.node_new(1)

    def give_it(number: int) -> int:
        with pytest.raises(RuntimeError, match="is in use by a call that has not returned"):
            swallow(one)
        return 7

    api.declare(node_on_call)(one, give_it)
    assert api.node_call(one, 1) == 7
    swallow(one)
    assert one.closed


def test_what_something_needs_is_not_given_away(api: Any) -> None:
    api.close_by_node_free()

    def node_swallow(it: Annotated[api.Node, c_void_p, GivenTo()], /) -> None: ...

    swallow = api.declare(node_swallow)
    one = api.node_new(1)
    child = api.node_child(one, 2)
    with pytest.raises(ValueError, match="is needed by a Node, which is to be closed first"):
        swallow(one)
    child.close()
    swallow(one)


def test_an_error_that_c_stores_is_a_failure_too(api: Any) -> None:
    api.close_by_node_free()

    def failed(code: int, function: str, values: Any) -> Exception:
        return RuntimeError(code)

    def node_give_or_error(
        it: Annotated[api.Node, c_void_p, GivenTo(if_succeeds=True)], fail: Int, /
    ) -> Annotated[None, None, Returned(int, c_int, Raises(failed))]: ...

    give = api.declare(node_give_or_error)
    one = api.node_new(1)
    with pytest.raises(RuntimeError, match="3"):
        give(one, 3)
    assert not one.closed
    give(one, 0)
    assert one.closed


def test_one_function_closes_one_handle_and_does_nothing_else(api: Any) -> None:
    closed = Annotated[api.Node, c_void_p, Closes(implicit=False)]

    def node_two(one: closed, two: closed, /) -> None: ...
    def node_give(owner: closed, it: Annotated[api.Node, c_void_p, GivenTo()], /) -> None: ...

    for function in (node_two, node_give):
        with pytest.raises(DeclarationError, match="Closes one handle does nothing else"):
            api.declare(function)


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({"return": Annotated[Handle, c_void_p]}, "who closes the Handle? Write Owned after"),
        ({"it": Annotated[int, c_int, Keep()]}, "nothing that Python could keep alive"),
        ({"it": Annotated[int, c_int, GivenTo()]}, "only a handle is given away"),
        (
            {"it": Annotated[Handle, c_void_p, GivenTo("it")]},
            "GivenTo needs the names of other h",
        ),
        (
            {"it": Annotated[Handle, c_void_p, GivenTo("no")]},
            "GivenTo needs the names of other h",
        ),
        (
            {"it": Annotated[Handle, c_void_p, Keep("return")]},
            "a handle that is Owned, or a structure by value that has a pointer",
        ),
        (
            {
                "it": Annotated[Buffer, In(c_char), Keep("return")],
                "return": Annotated[Numbers, Numbers],
            },
            "a handle that is Owned, or a structure by value that has a pointer",
        ),
        (
            {
                "it": Annotated[Handle, c_void_p, Keep("return")],
                "return": Annotated[Options, Options],
            },
            "a structure cannot keep a handle open, as it is not closed itself",
        ),
        (
            {"it": Annotated[Handle, POINTER(c_void_p)]},
            "only a function that Closes it takes a",
        ),
        (
            {"it": Annotated[Handle, c_void_p, Closes(if_succeeds=True)]},
            "does the function fail?",
        ),
        (
            {"it": Annotated[Handle, c_void_p, GivenTo(), Closes]},
            "and not to a function that Cl",
        ),
        (
            {"return": Annotated[Handle, c_void_p, Borrowed("no")]},
            "needs the names of handle p",
        ),
        (
            {"return": Annotated[Handle, c_void_p, Owned(copy_of="no")]},
            "Owned needs the names of handle parameters, not no",
        ),
        ({"return": Annotated[str, c_char_p, Owned]}, "who frees it? Expected Owned(free)"),
        (
            {"return": Annotated[str, c_char_p, Borrowed, Owned(print)]},
            "Owned(print) cannot follow Borrowed",
        ),
        (
            {"return": Annotated[str, c_char_p, Owned(print), Borrowed]},
            "Borrowed cannot follow Owned(print)",
        ),
        ({"return": Annotated[str, c_char_p, Borrowed("it")]}, "cannot follow char *"),
        ({"return": Annotated[int, c_int, Owned]}, "Owned cannot follow int32_t"),
        ({"return": Annotated[Handle, c_void_p, Owned, Borrowed]}, "Borrowed cannot follow"),
        ({"it": Annotated[Handle, c_void_p, Keep(slot=7)]}, "names of other parameters, not 7"),  # type: ignore[arg-type]
        ({"return": Annotated[Handle, c_void_p, Borrowed(7)]}, "handle parameters, not 7"),  # type: ignore[arg-type]
        (
            {"it": Annotated[Handle, c_void_p, GivenTo(if_succeeds=True)]},
            "how does the function fail? Write Raises after",
        ),
        ({"it": Annotated[int, c_int, Keep]}, "nothing that Python could keep alive"),
        ({"return": Annotated[int, c_int, Raises]}, "Raises needs arguments, in parentheses"),
        ({"it": Annotated[int, Count]}, "Count needs arguments, in parentheses"),
        ({"it": Annotated[Handle, c_void_p, Closes(no=3)]}, "has no other parameter 'no'"),
        ({"it": Annotated[Handle, c_void_p, Closes(it=3)]}, "has no other parameter 'it'"),
        (
            {"it": Annotated[Buffer, In(c_char), Keep("it")]},
            "Keep needs the names of other parameters, not it",
        ),
    ],
)
def test_what_is_refused(annotations: dict[str, Any], said: str) -> None:
    from pyexample.ffi.declaration import Declaration

    def function(it, /):  # type: ignore[no-untyped-def]
        ...

    function.__annotations__ = {"it": Int, "return": None, **annotations}
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)


def test_a_predicate_that_raises_after_a_callback_did(api: Any) -> None:
    """The callback's exception is raised, nothing refers to itself, and nothing stays open."""
    api.close_by_node_free()

    def predicate(code: int) -> bool:
        raise KeyError(code)

    def node_make(
        call: Annotated[OnInt, on_int, Returned(api.Node, c_void_p, Owned)], /
    ) -> Annotated[
        api.Node, c_int, Raises(lambda code, *_: ValueError(code), when=predicate)
    ]: ...

    class Watched:
        pass

    gone: list[Any] = []

    def fails(number: int) -> int:
        watched = Watched()
        gone.append(weakref.ref(watched))
        raise ZeroDivisionError

    make = api.declare(node_make)
    if COUNTS_REFERENCES:
        gc.collect()
        gc.disable()
    try:
        for call, error in ((fails, ZeroDivisionError), (abs, KeyError)):
            with pytest.raises(error):
                make(call)
        if not COUNTS_REFERENCES:
            collect()
        assert [each() for each in gone] == [None]
        assert api.opened() == 0
    finally:
        gc.enable()


def test_two_threads_that_replace_the_same_object() -> None:
    """The other one comes between any two steps of this one. It is released once."""
    released: list[object] = []

    class Item:
        given = converted = None
        handles: list[Any] = []  # noqa: RUF012

        def hold(self, holder: object, keeper: object) -> None:
            pass

        def release(self, holder: object) -> None:
            released.append(self)

    class Slot(list[Kept]):
        def remove(self, kept: Kept, /) -> None:
            super().remove(kept)  # in the other thread
            kept.release()
            super().remove(kept)

    slots: dict[Any, list[Kept]] = {"slot": Slot()}
    first = Item()
    Kept(slots, "slot", first).settle(taken=True)
    Kept(slots, "slot", Item()).settle(taken=True)
    assert released == [first]
