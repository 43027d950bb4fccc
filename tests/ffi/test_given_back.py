"""Handles that C owned, and gives back: one object for each of C's, and none that is freed."""
# The functions have no bodies, and types that are made at run time.
# mypy: disable-error-code="empty-body,name-defined,valid-type"

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ctypes import c_char_p, c_int, c_void_p
from typing import Annotated, Any

import pytest
from support import Package, collect, interrupted_everywhere

from pyexample.ffi import (
    Borrowed,
    Callback,
    Closes,
    GivenTo,
    Handle,
    Keep,
    Library,
    Owned,
    Raises,
    Returned,
    struct,
)
from pyexample.ffi.records import life_of

# Each node is counted while it is open, and a use of one that is closed is counted too.
SOURCE = r"""
#include <stdlib.h>
#include <string.h>
typedef struct node {
    const char *label;
    int magic, number, count, references;
    struct node *home, *needed, *owned[8], *older;
    const char *text;
} node;
static int open_nodes, faults;
static node *newest;
static void add(int *number, int more) {
    __atomic_fetch_add(number, more, __ATOMIC_SEQ_CST); /* by several threads */
}
static int good(const node *it) {
    if (it && it->magic == 4711) return 1;
    add(&faults, 1);
    return 0;
}
int opened(void) { return open_nodes; }
int wrong(void) { return faults; }
node *node_new(int number) {
    node *it = calloc(1, sizeof *it);
    it->magic = 4711; it->number = number; it->references = 1;
    it->older = __atomic_exchange_n(&newest, it, __ATOMIC_SEQ_CST); /* no leak */
    add(&open_nodes, 1);
    return it;
}
node *node_child(node *needed, int number) {
    node *it = node_new(number);
    it->needed = good(needed) ? needed : NULL;
    return it;
}
void node_free(node *it) {
    if (!good(it)) return;
    if (it->needed) good(it->needed);
    if (it->text && strcmp(it->text, "kept")) add(&faults, 1);
    if (it->label && strcmp(it->label, "label")) add(&faults, 1);
    for (int i = 0; i < it->count; i++) node_free(it->owned[i]);
    it->magic = 0;
    add(&open_nodes, -1);
    /* Not freed: a late use is seen. */
}
int node_try_free(node *it, int fail) { if (!fail) node_free(it); return fail; }
node *node_retain(node *it) { if (good(it)) it->references++; return it; }
void node_release(node *it) { if (good(it) && --it->references == 0) node_free(it); }
int node_number(node *it) {
    if (good(it) && it->needed) good(it->needed);
    return good(it) ? it->number : -1;
}
int node_touch(node *it, int (*call)(int)) {
    int before = node_number(it), back = call(before);
    return good(it) ? back : -1;
}
void node_set_text(node *it, const char *text) { if (good(it)) it->text = text; }
void node_add(node *home, node *it) {
    if (!good(home) || !good(it)) return;
    it->home = home;
    home->owned[home->count++] = it;
}
int node_add_and_call(node *home, node *it, int (*call)(int)) {
    node_add(home, it);
    return call(0);
}
node *node_get(node *home, int i) {
    return good(home) && i < home->count ? home->owned[i] : NULL;
}
node *node_remove(node *home, int i) {
    node *it = node_get(home, i);
    if (!it) return NULL;
    memmove(&home->owned[i], &home->owned[i + 1], sizeof it * (--home->count - i));
    it->home = NULL;
    return it;
}
int node_remove_to(node *home, int i, node **it) {
    *it = node_remove(home, i);
    return *it == NULL;
}
node *node_unlink(node *it) {
    for (int i = 0; good(it) && it->home && i < it->home->count; i++)
        if (it->home->owned[i] == it) return node_remove(it->home, i);
    return it;
}
node *node_unlink_calling(node *it, int (*call)(int)) {
    node_unlink(it);
    call(0);
    return it;
}
node *node_self(node *it) { good(it); return it; }
int node_visit(node *it, int (*call)(node *)) { return call(it); }
node *node_remove_keeping(node *home, int i, const char *text) {
    node *it = node_remove(home, i);
    if (it) it->text = text;
    return it;
}
"""

Int = Annotated[int, c_int]


@Callback
def on_int(n: Int, /) -> Int: ...


class Api:
    """Declared anew for each test: types of handles know their closing functions."""

    def __init__(self, library: Library) -> None:
        class Node(Handle):
            """``node *``"""

        class Special(Node):
            """The same C type"""

        self.library, self.Node, self.Special = library, Node, Special
        self.ANode = ANode = Annotated[Node, c_void_p]  # noqa: N806
        Own = Annotated[Node | None, c_void_p, Owned(independent=True)]  # noqa: N806

        def opened() -> Int: ...
        def wrong() -> Int: ...
        def node_new(number: Int, /) -> Annotated[Node, c_void_p, Owned]: ...
        def node_child(of: ANode, n: Int, /) -> Annotated[Node, c_void_p, Owned]: ...
        def node_free(it: Annotated[Node, c_void_p, Closes], /) -> None: ...
        def node_number(it: ANode, /) -> Int: ...
        def node_touch(it: ANode, call: Annotated[Callable[[int], int], on_int], /) -> Int: ...
        def node_add(
            home: ANode, it: Annotated[Node, c_void_p, GivenTo("home")], /
        ) -> None: ...
        def node_get(
            home: ANode, i: Int, /
        ) -> Annotated[Node | None, c_void_p, Borrowed("home")]: ...
        def node_remove(home: ANode, i: Int, /) -> Own: ...
        def node_unlink(it: ANode, /) -> Own: ...
        def node_set_text(
            it: ANode, text: Annotated[bytes, c_char_p, Keep("it")], /
        ) -> None: ...

        for function in list(locals().values()):
            if hasattr(function, "__code__") and function is not Api.__init__:
                setattr(self, function.__name__, self.declare(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def declare(self, function: Any, symbol: str | None = None) -> Any:
        """Declare one more, with a ``Node`` of this library."""
        return self.library.function(symbol=symbol)(function)

    def given(self) -> tuple[Any, Any]:
        """A node in another one that owns it."""
        home, it = self.node_new(1), self.node_new(2)
        self.node_add(home, it)
        return home, it


@pytest.fixture
def api(package: Package, path: str) -> Iterator[Any]:
    """In the end, all that C made was closed once, and nothing that is closed was used."""
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    made = Api(Library("c", f"{package.name}.module"))
    yield made
    collect()
    assert made.opened() == 0, "some are left open"
    assert made.wrong() == 0, "used or closed after it was closed"


def is_closed(api: Any, it: Any) -> bool:
    """Whether it says so, and C does not get it."""
    if it.closed:
        with pytest.raises(ValueError, match="is closed"):
            api.node_number(it)
    else:
        api.node_number(it)
    return bool(it.closed)


@pytest.mark.parametrize("order", ["it first", "its home first", "garbage"])
def test_what_was_given_away_comes_back(api: Any, order: str) -> None:
    home, it = api.given()
    assert api.node_remove(home, 0) is it
    assert it.parents == ()
    assert api.node_number(it) == 2
    if order == "its home first":
        home.close()
        assert not is_closed(api, it), "its home does not own it any more"
    elif order == "it first":
        it.close()
        assert is_closed(api, it)
        assert not is_closed(api, home)
    else:
        gone = weakref.ref(home)
        del home
        collect()
        assert gone() is None, "it does not need its home any more"
        assert api.opened() == 1
        del it
        collect()
        assert api.opened() == 0


def test_it_needs_what_was_an_argument(api: Any) -> None:
    def remove(home: api.ANode, i: Int, /) -> Annotated[api.Node, c_void_p, Owned]: ...

    home, it = api.given()
    assert api.declare(remove, "node_remove")(home, 0) is it
    assert it.parents == (home,)
    home.close()
    assert is_closed(api, it)
    assert api.opened() == 0


def test_it_needs_what_it_was_made_from(api: Any) -> None:
    base, home = api.node_new(1), api.node_new(2)
    it = api.node_child(base, 3)
    api.node_add(home, it)
    assert it.parents == (base, home)
    assert api.node_remove(home, 0) is it
    assert it.parents == (base,)
    home.close()
    assert not is_closed(api, it)
    base.close()
    assert is_closed(api, it)


def test_it_is_made_from_what_owns_it(api: Any) -> None:
    home = api.node_new(1)
    it = api.node_child(home, 3)
    api.node_add(home, it)
    assert api.node_unlink(it) is it
    assert it.parents == (home,), "as it was made from that"
    home.close()
    assert is_closed(api, it)


def test_given_twice_and_back(api: Any) -> None:
    home, it = api.given()
    other = api.node_new(3)
    for _ in range(3):
        assert api.node_remove(home, 0) is it
        api.node_add(other, it)
        assert it.parents == (other,)
        with pytest.raises(ValueError, match="it is not the caller's to give away"):
            api.node_add(home, it)
        assert api.node_remove(other, 0) is it
        api.node_add(home, it)
    other.close()
    assert not is_closed(api, it)
    home.close()
    assert is_closed(api, it)
    assert len(weakref.getweakrefs(it)) <= 3, "one for each time would be too many"


def test_what_was_borrowed_is_owned(api: Any) -> None:
    """Only C has had it, as far as its object knows."""
    home, it = api.given()
    del it
    collect()
    lent = api.node_get(home, 0)
    assert lent.parents == (home,)
    with pytest.raises(ValueError, match="it is borrowed"):
        lent.close()
    assert api.node_unlink(lent) is lent
    assert lent.parents == ()
    home.close()
    assert not is_closed(api, lent)
    lent.close()
    assert api.opened() == 0


def test_one_of_another_class_is_closed_with_it(api: Any) -> None:
    """It cannot be what the function returns."""

    def get(home: api.ANode, i: Int, /) -> Annotated[api.Special, c_void_p, Borrowed]: ...
    def remove(
        home: api.ANode, i: Int, /
    ) -> Annotated[api.Special, c_void_p, Owned(independent=True)]: ...

    home, it = api.given()
    special = api.declare(remove, "node_remove")(home, 0)
    assert special is not it
    assert type(special) is api.Special
    with pytest.raises(ValueError, match="it is borrowed"):
        it.close()
    special.close()
    assert is_closed(api, it)
    home.close()
    home, it = api.given()
    lent = api.declare(get, "node_get")(home, 0)
    assert api.node_unlink(lent) is it, "the one that was given away, of all that fit"
    assert not is_closed(api, lent)
    it.close()
    assert is_closed(api, lent)


def test_two_that_are_borrowed_from_several(api: Any) -> None:
    """All refer to what the owned one closes."""

    def get(
        home: api.ANode, i: Int, other: api.ANode, /
    ) -> Annotated[api.Node | None, c_void_p, Borrowed("other")]: ...

    home, it = api.given()
    del it
    collect()
    others = [api.node_new(each) for each in range(3)]
    lend = api.declare(get, "node_get")
    lent = [lend(home, 0, other) for other in others]
    assert len({id(each) for each in lent}) == 3
    assert lend(home, 0, others[0]) is lent[0]
    owned = api.node_remove(home, 0)
    assert any(owned is each for each in lent)
    for each in lent:
        if each is not owned:
            with pytest.raises(ValueError, match="it is borrowed"):
                each.close()
    owned.close()
    assert all(is_closed(api, each) for each in lent)


def test_one_that_is_borrowed_keeps_the_owned_one(api: Any) -> None:
    def remove(
        home: api.ANode, i: Int, /
    ) -> Annotated[api.Special, c_void_p, Owned(independent=True)]: ...

    home, it = api.given()
    api.declare(remove, "node_remove")(home, 0)
    collect()
    assert api.node_number(it) == 2, "the owned one is garbage, but for this"
    del it
    collect()
    assert api.opened() == 1


def test_borrowed_of_another_class_from_elsewhere(api: Any) -> None:
    """What the caller owns ends, whatever the other handle is borrowed from."""

    def add(home: api.ANode, it: api.ANode, /) -> None: ...
    def get(home: api.ANode, i: Int, /) -> Annotated[api.Special, c_void_p, Borrowed]: ...
    def unlink(it: api.ANode, /) -> None: ...

    home, it = api.node_new(1), api.node_new(2)
    api.declare(add, "node_add")(home, it)
    special = api.declare(get, "node_get")(home, 0)
    assert (special is it, special == it) == (False, True)
    api.declare(unlink, "node_unlink")(special)  # its home does not close it
    it.close()
    assert is_closed(api, special)


def test_an_output_that_comes_back(api: Any) -> None:
    def node_remove_to(
        home: api.ANode,
        i: Annotated[int, c_int, Returned(api.Node, c_void_p, Owned(independent=True))],
        /,
    ) -> Annotated[api.Node, c_int, Raises(lambda *_: RuntimeError("none"))]: ...

    home, it = api.given()
    assert api.declare(node_remove_to)(home, 0) is it
    assert it.parents == ()
    home.close()
    assert not is_closed(api, it)


def test_closed_by_another_function(api: Any) -> None:
    def free(it: Annotated[api.Node, c_void_p, Closes(implicit=False)], /) -> None: ...

    by = api.declare(free, "node_free")

    def remove(
        home: api.ANode, i: Int, /
    ) -> Annotated[api.Node, c_void_p, Owned(by, independent=True)]: ...

    home, it = api.given()
    assert api.declare(remove, "node_remove")(home, 0) is it
    it.close()
    assert is_closed(api, it)


def test_a_closing_function_that_fails(api: Any) -> None:
    def try_free(
        it: Annotated[api.Node, c_void_p, Closes(implicit=False, if_succeeds=True)],
        fail: Int,
        /,
    ) -> Annotated[None, c_int, Raises(lambda *_: RuntimeError("no"))]: ...

    try_free = api.declare(try_free, "node_try_free")
    home, it = api.given()
    api.node_remove(home, 0)
    with pytest.raises(RuntimeError, match="no"):
        try_free(it, 7)
    assert not is_closed(api, it)
    api.node_add(home, it)
    with pytest.raises(ValueError, match="it is borrowed"):
        try_free(it, 0)
    assert api.node_remove(home, 0) is it
    try_free(it, 0)
    assert is_closed(api, it)


def test_counted_ones_are_independent(api: Any) -> None:
    class Counted(Handle):
        pass

    Ref = Annotated[Counted, c_void_p, Owned(counted=True, independent=True)]  # noqa: N806

    def release(it: Annotated[Counted, c_void_p, Closes], /) -> None: ...
    def get(home: api.ANode, i: Int, /) -> Annotated[Counted, c_void_p, Borrowed]: ...
    def retain(it: Annotated[Counted, c_void_p], /) -> Ref: ...
    def number(it: Annotated[Counted, c_void_p], /) -> Int: ...

    api.declare(release, "node_release")
    home, it = api.given()
    lent = api.declare(get, "node_get")(home, 0)
    more = api.declare(retain, "node_retain")(lent)
    assert more is not lent
    more.close()
    assert api.declare(number, "node_number")(lent) == 2
    assert not is_closed(api, it)


def test_what_is_given_away_for_good_stays_closed(api: Any) -> None:
    def swallow(home: api.ANode, it: Annotated[api.Node, c_void_p, GivenTo()], /) -> None: ...

    home, it = api.node_new(1), api.node_new(2)
    api.declare(swallow, "node_add")(home, it)
    assert is_closed(api, it)
    back = api.node_remove(home, 0)
    assert back is not it
    assert api.node_number(back) == 2
    assert is_closed(api, it)
    back.close()
    assert is_closed(api, it)


def test_what_c_keeps_comes_back_too(api: Any) -> None:
    """Also what was kept for it while it was another's."""
    for is_late in (False, True):
        home, it = api.node_new(1), api.node_new(2)
        if is_late:
            api.node_add(home, it)
            api.node_set_text(it, b"kept"[:3] + bytes([116]))
        else:
            api.node_set_text(it, b"kept"[:3] + bytes([116]))
            api.node_add(home, it)
        assert api.node_remove(home, 0) is it
        home.close()
        collect()
        assert it._kept, "C still has the text"
        it.close()
        assert not it._kept


def test_what_its_fields_point_to(api: Any) -> None:
    @struct
    class Labelled(Handle):
        label: Annotated[bytes | None, c_char_p]

    def new(number: Int, /) -> Annotated[Labelled, c_void_p, Owned]: ...
    def free(it: Annotated[Labelled, c_void_p, Closes], /) -> None: ...
    def add(home: api.ANode, it: Annotated[Labelled, c_void_p, GivenTo("home")], /) -> None: ...
    def remove(
        home: api.ANode, i: Int, /
    ) -> Annotated[Labelled, c_void_p, Owned(independent=True)]: ...

    new, _ = api.declare(new, "node_new"), api.declare(free, "node_free")
    home, it = api.node_new(1), new(2)
    api.declare(add, "node_add")(home, it)
    it.label = b"lab" + bytes([101, 108])
    assert api.declare(remove, "node_remove")(home, 0) is it
    home.close()
    collect()
    assert it.label == b"label"
    assert life_of(it).pointees


def test_kept_for_what_comes_back(api: Any) -> None:
    """The function returns a new object: the borrowed one ends with it."""

    def node_remove_keeping(
        home: api.ANode, i: Int, text: Annotated[bytes, c_char_p, Keep("return")], /
    ) -> Annotated[api.Node, c_void_p, Owned(independent=True)]: ...

    home, it = api.given()
    back = api.declare(node_remove_keeping)(home, 0, b"kep" + bytes([116]))
    assert not is_closed(api, it)
    assert life_of(back).is_closable
    back.close()
    assert is_closed(api, it)


def test_children_stay_its_children(api: Any) -> None:
    home, it = api.given()
    child = api.node_child(it, 3)
    assert api.node_remove(home, 0) is it
    home.close()
    assert not is_closed(api, child)
    it.close()
    assert is_closed(api, child)


def test_it_comes_back_while_a_call_uses_it(api: Any) -> None:
    home, it = api.given()

    def use(number: int) -> int:
        assert api.node_remove(home, 0) is it
        with pytest.raises(RuntimeError, match="in use by a call that has not returned"):
            it.close()
        home.close()
        return number

    assert api.node_touch(it, use) == 2
    it.close()
    assert is_closed(api, it)


def test_it_comes_back_before_it_is_given(api: Any) -> None:
    """The function that gives it away has not returned."""

    def node_add_and_call(
        home: api.ANode,
        it: Annotated[api.Node, c_void_p, GivenTo("home", if_succeeds=True)],
        call: Annotated[Callable[[int], int], on_int],
        /,
    ) -> Annotated[None, c_int, Raises(lambda *_: RuntimeError("no"))]: ...

    add = api.declare(node_add_and_call)
    for result in (0, 1):
        home, it, other = api.node_new(1), api.node_new(2), api.node_new(3)

        def take(_: int, home: Any = home, it: Any = it, result: int = result) -> int:
            assert api.node_remove(home, 0) is it
            return result

        if result:
            with pytest.raises(RuntimeError, match="no"):
                add(home, it, take)
        else:
            add(home, it, take)
        assert it.parents == ()
        home.close()
        assert not is_closed(api, it)

        def move(_: int, home: Any = other, it: Any = it, other: Any = None) -> int:
            assert api.node_remove(home, 0) is it
            return 0

        add(other, it, move)
        assert it.parents == ()


def test_an_exception_in_a_callback_of_the_call(api: Any) -> None:
    def node_unlink_calling(
        it: api.ANode, call: Annotated[Callable[[int], int], on_int], /
    ) -> Annotated[api.Node, c_void_p, Owned(independent=True)]: ...

    def fail(_: int) -> int:
        raise ZeroDivisionError

    home, it = api.given()
    with pytest.raises(ZeroDivisionError):
        api.declare(node_unlink_calling)(it, fail)
    home.close()
    assert not is_closed(api, it), "C gave it back"
    it.close()
    assert is_closed(api, it)


def test_what_a_callback_got(api: Any) -> None:
    """It is the callback's until that returns, unless C gives it to the caller."""
    address = Annotated[int, c_void_p]

    @Callback
    def on_node(it: api.ANode, /) -> Int: ...
    def node_visit(it: address, call: Annotated[Callable[[Any], int], on_node], /) -> Int: ...
    def node_self(it: address, /) -> Annotated[api.Node, c_void_p, Borrowed]: ...

    visit, current = api.declare(node_visit), api.declare(node_self)
    seen: list[Any] = []

    def close(it: Any) -> int:
        seen.append(api.node_unlink(it))
        assert seen[-1] is it
        it.close()
        return 0

    def keep(it: Any) -> int:
        seen.append(api.node_unlink(it))
        return 0

    def look(it: Any) -> int:
        seen.append(current(it.value))
        assert seen[-1] is not it, "which cannot be used later"
        return 0

    def leave(it: Any) -> int:
        seen.append(it)
        return 0

    for call, is_left_open in ((close, False), (keep, True), (look, True), (leave, False)):
        home, it = api.given()
        place = it.value
        del it
        collect()
        visit(place, call)
        assert is_closed(api, seen.pop()) is not is_left_open
        home.close()


def test_a_second_time(api: Any) -> None:
    home, it = api.given()
    assert api.node_unlink(it) is it
    with pytest.raises(ValueError, match="which Python closes already"):
        api.node_unlink(it)
    assert not is_closed(api, it)
    home.close()


def test_interrupted_anywhere(api: Any) -> None:
    """What C gave back is closed once, by the handle or at once."""

    handles: list[Any] = []

    def renew() -> None:
        handles[:] = api.given()

    renew()
    for _ in interrupted_everywhere(lambda: api.node_remove(handles[0], 0)):
        collect()
        home, it = handles
        home.close()
        if not it.closed:
            api.node_number(it)
        del home, it, handles[:]
        collect()
        assert api.opened() == 0
        assert api.wrong() == 0
        renew()


def test_in_threads(api: Any) -> None:
    def work(_: int) -> None:
        for number in range(50):
            home, it = api.given()
            lent = api.node_get(home, 0)
            back = api.node_remove(home, 0)
            assert back is it is lent
            assert api.node_touch(it, lambda number: number) == 2
            if number % 2:
                home.close()
            it.close()
            gc.collect(0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))  # raises what one of them raised


def test_integers(package: Package) -> None:
    """Python finds those, and closes them by what it knows."""
    package.compile(
        "static int is_open[9]; static int faults;\n"
        "int number_new(int n) { return is_open[n] = 1, n; }\n"
        "int number_same(int n) { faults += !is_open[n]; return n; }\n"
        "void number_give(int owner, int n) { faults += !is_open[n] || !is_open[owner]; }\n"
        "void number_free(int n) { faults += !is_open[n]; is_open[n] = 0; }\n"
        "int number_wrong(void) { return faults; }\n"
    )
    library = Library("c", f"{package.name}.module")

    class Number(Handle, invalid=-1):
        pass

    class Other(Number):
        pass

    @library.function
    def number_new(n: Int, /) -> Annotated[Number, c_int, Owned]: ...
    @library.function
    def number_free(n: Annotated[Number, c_int, Closes], /) -> None: ...
    @library.function
    def number_give(
        owner: Annotated[Number, c_int], n: Annotated[Number, c_int, GivenTo("owner")], /
    ) -> None: ...
    @library.function(symbol="number_same")
    def lend(
        n: Int, by: Annotated[Number, c_int], /
    ) -> Annotated[Other, c_int, Borrowed("by")]: ...
    @library.function(symbol="number_same")
    def take(n: Int, /) -> Annotated[Number, c_int, Owned]: ...
    @library.function
    def number_wrong() -> Int: ...

    owner, number, other = number_new(1), number_new(2), number_new(3)
    number_give(owner, number)
    lent = [lend(2, owner), lend(2, other)]
    assert lent[0] is not lent[1]
    assert take(2) is number
    assert not lent[0].closed
    owner.close()
    assert (number.closed, lent[0].closed, lent[1].closed) == (False, True, False)
    number.close()
    assert lent[1].closed
    other.close()
    assert number_wrong() == 0
