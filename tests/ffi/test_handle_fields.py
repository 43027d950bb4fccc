"""Handles whose structure has public fields."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import enum
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from ctypes import Structure, c_char, c_char_p, c_int, c_long, c_size_t, c_uint8, c_void_p
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar

import pytest
from bindings import Bind
from support import Package, collect

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    Anonymous,
    Array,
    Borrowed,
    Callback,
    Closes,
    Constant,
    CountedBy,
    DeclarationError,
    Filled,
    GivenTo,
    Handle,
    Keep,
    Library,
    Owned,
    Raises,
    Returned,
    Written,
    struct,
)  # fmt: skip
from pyexample.ffi.declaration import Declaration

SOURCE = r"""
#include <stdlib.h>
#include <string.h>
typedef struct { short width, height; } size;
typedef struct glyph { int code; const char *name; } glyph;
typedef struct face {
    long num_faces;
    const char *family_name;
    unsigned char style;
    struct { size box; };
    glyph *slot;
    int (*on_load)(int);
    struct face *next;
    int count;
    size sizes[];
} face;
static int opened, wrong;
int faces(void) { return opened; }
int faults(void) { return wrong; }
face *face_new(int count) {
    face *it = calloc(1, sizeof *it + (size_t)count * sizeof(size));
    it->num_faces = 1; it->family_name = "C's"; it->style = 3; it->count = count;
    it->box.width = 8; it->box.height = -9;
    it->slot = calloc(1, sizeof *it->slot); it->slot->code = 65; it->slot->name = "A";
    for (int i = 0; i < count; i++) it->sizes[i].width = (short)i;
    opened++;
    return it;
}
face *face_chain(int count) {
    face *first = NULL;
    while (count--) {
        face *it = face_new(0);
        it->num_faces = count; it->next = first; first = it;
    }
    return first;
}
/* It reads what it was given, as C libraries do that save something at the end. */
void face_free(face *it) {
    while (it) {
        face *next = it->next;
        if (it->on_load && it->on_load(1) != 2) wrong++;
        if (it->family_name[0] != 'C' && strcmp(it->family_name, "mine mine mine")) wrong++;
        memset(it->slot, '#', sizeof *it->slot); free(it->slot);
        memset(it, '#', sizeof *it); free(it);
        opened--;
        it = next;
    }
}
int face_load(face *it) { return it->on_load ? it->on_load(1) : -1; }
const char *face_name(const face *it) { return it->family_name; }
void face_give(face *owner, face *it) { it->next = owner->next; owner->next = it; }
face *face_inner(face *it) { return it->next; }
face *face_static(void) { static face own; return &own; }
"""

Int = Annotated[int, c_int]


@struct
class Size(Structure):
    width: Annotated[int, ctypes.c_short, range(-100, 101)]
    height: Annotated[int, ctypes.c_short]


@struct
class Box(Structure):
    box: Annotated[Size, Size]


@struct
class Glyph(Structure):
    code: Annotated[int, c_int]
    name: Annotated[str | None, c_char_p] = DEFAULT


@Callback
def on_load(number: Int, /) -> Int: ...


def make_face() -> Any:
    @struct
    class Face(Handle):
        """``face *``. A new class for each test, since it knows its closing function."""

        num_faces: Annotated[int, c_long]
        family_name: Annotated[str | None, c_char_p]
        style: Annotated[int, c_uint8, range(9)]
        inner: Annotated[Box, Box, Anonymous]
        slot: Annotated[Glyph | None, POINTER(Glyph)]
        on_load: Annotated[Callable[[int], int] | None, on_load]
        next: Annotated["Face | None", c_void_p, Borrowed]
        count: Annotated[int, c_int] = DEFAULT
        sizes: Annotated[Array[Size], Size * 0, CountedBy("count")] = DEFAULT

    return Face


@pytest.fixture
def api(package: Package, path: str) -> Iterator[Any]:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")
    Face: Any = make_face()  # noqa: N806
    AFace = Annotated[Face, c_void_p]  # noqa: N806

    def faces() -> Int: ...
    def faults() -> Int: ...
    def face_new(count: Int, /) -> Annotated[Face, c_void_p, Owned]: ...
    def face_chain(count: Int, /) -> Annotated[Face, c_void_p, Owned]: ...
    def face_free(it: Annotated[Face, c_void_p, Closes], /) -> None: ...
    def face_load(it: AFace, /) -> Int: ...
    def face_name(it: AFace, /) -> Annotated[str | None, c_char_p]: ...
    def face_inner(it: AFace, /) -> Annotated[Face | None, c_void_p, Borrowed]: ...
    def face_give(owner: AFace, it: Annotated[Face, c_void_p, GivenTo("owner")], /) -> None: ...
    def face_static() -> Annotated[Face, c_void_p, Borrowed]: ...

    declared: list[Callable[..., Any]] = [
        faces, faults, face_new, face_chain, face_free, face_load, face_name, face_inner,
        face_give, face_static,
    ]  # fmt: skip
    bound = SimpleNamespace(**{each.__name__: library.function(each) for each in declared})
    bound.Face, bound.library = Face, library
    yield bound
    collect()
    assert (bound.faces(), bound.faults()) == (0, 0)


def test_fields_are_read_and_set(api: Any) -> None:
    face = api.face_new(3)
    assert (face.num_faces, face.family_name, face.style) == (1, "C's", 3)
    assert (face.box.width, face.box.height, face.inner.box.width) == (8, -9, 8)
    assert (face.slot.code, face.slot.name, face.next) == (65, "A", None)
    assert [each.width for each in face.sizes] == [0, 1, 2]
    face.num_faces, face.slot.code, face.box.width = 5, 66, 100
    assert (face.num_faces, face.slot.code, face.box.width) == (5, 66, 100)
    for of, name, value, error, message in (
        (face, "style", 9, OverflowError, r"Face.style \(uint8_t\) must be in 0..8, not 9"),
        (face, "style", "x", TypeError, r"Face.style \(uint8_t\) must be an integer"),
        (face, "family_name", 7, TypeError, r"Face.family_name .* must be str"),
        (face.box, "width", 101, OverflowError, r"Size.width"),
        (face, "next", face, AttributeError, r"Face.next .* only C sets"),
    ):
        with pytest.raises(error, match=f"^{message}"):
            setattr(of, name, value)
    del of
    with pytest.raises(TypeError, match="a Face is made by C, not by Python"):
        api.Face()
    assert api.Face.slot.offset == api.Face.c_struct.slot.offset


def test_after_it_is_closed(api: Any) -> None:
    face = api.face_new(0)
    api.face_free(face)
    uses: list[Callable[[], Any]] = [
        lambda: face.num_faces, lambda: setattr(face, "num_faces", 1)
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(ValueError, match=r"^the Face is closed$"):
            use()


def test_what_is_set_is_kept_until_c_has_closed_it(api: Any) -> None:
    def load(number: int) -> int:
        return number + 1

    alive = weakref.ref(load)
    face = api.face_new(0)
    face.family_name, face.on_load = "mine " + "mine mine", load
    del load
    collect()
    assert api.face_name(face) == "mine mine mine"
    assert api.face_load(face) == 2
    face.close()
    collect()
    assert alive() is None
    for close in ("gc", "with", "function"):
        face = api.face_new(0)
        face.family_name, face.on_load = "mine mine " + "mine", lambda number: number + 1
        if close == "with":
            with face:
                pass
        elif close == "function":
            api.face_free(face)
        del face
        collect()
        assert (api.faces(), api.faults()) == (0, 0)


def test_what_is_set_is_kept_when_it_is_given_away(api: Any) -> None:
    owner, it = api.face_new(0), api.face_new(0)
    it.on_load = lambda number: number + 1
    api.face_give(owner, it)
    it.family_name = "mine mine " + "mine"
    del it
    collect()
    inner = api.face_inner(owner)
    assert (inner.family_name, inner.on_load(1), api.face_load(inner)) == (
        "mine mine mine",
        2,
        2,
    )
    inner.on_load = lambda number: number + 1
    del inner
    owner.close()


def test_memory_that_is_in_use_is_not_closed(api: Any) -> None:
    face = api.face_new(2)
    reads: list[Callable[[], Any]] = [
        lambda: face.box, lambda: face.slot, lambda: face.sizes, lambda: face.sizes[1],
        lambda: face.inner.box,
    ]  # fmt: skip
    for read in reads:
        shown = read()
        for close in (face.close, lambda: api.face_free(face)):
            with pytest.raises(RuntimeError, match="memory of the Face is in use by a struct"):
                close()
        assert not face.closed
        repr(shown)
        del shown
    box, slot = face.box, face.slot
    del face
    collect()
    assert (api.faces(), box.width, slot.name) == (1, 8, "A"), "they keep it alive"
    del box
    collect()
    assert slot.code == 65
    del slot
    collect()
    assert api.faces() == 0
    face = api.face_new(0)
    name, load = face.family_name, face.on_load
    face.close()
    assert (name, load) == ("C's", None)


def test_handles_in_fields_are_borrowed(api: Any) -> None:
    first = api.face_chain(3)
    second = first.next
    assert [first.num_faces, second.num_faces, second.next.num_faces] == [0, 1, 2]
    assert second.next.next is None
    assert first.next is second, "the open handle of that address"
    assert second.parents == second.next.parents == (first,)
    with pytest.raises(ValueError, match="is C's to close: it is borrowed"):
        second.close()
    second.family_name, second.on_load = "mine mine " + "mine", lambda number: number + 1
    third = second.next
    del second, first
    collect()
    assert (api.faces(), third.num_faces) == (3, 2)
    third.parents[0].close()
    with pytest.raises(ValueError, match="the Face is closed"):
        third.num_faces  # noqa: B018


def test_a_long_list(api: Any) -> None:
    number = 5 * sys.getrecursionlimit()
    face = first = api.face_chain(number)
    found = 0
    while face is not None:
        last = face
        found, face = found + 1, face.next
    assert (found, last.parents) == (number, (first,))
    first.close()
    assert last.closed


def test_static_memory(api: Any) -> None:
    face = api.face_static()
    face.family_name = "kept " * 9
    del face
    collect()
    assert api.face_static().family_name == "kept " * 9
    api.face_static().family_name = None


def test_it_is_not_closed_while_a_field_is_read(api: Any) -> None:
    """Another thread closes it: the field is read before, or not at all."""
    faces = [api.face_new(0) for _ in range(200)]
    found: set[Any] = set()
    start = threading.Barrier(2)

    def close() -> None:
        start.wait()
        for face in faces:
            while not face.closed:
                try:
                    face.close()
                except RuntimeError:
                    found.add("in use")

    def read(face: Any) -> None:
        while True:
            found.update(face.family_name for _ in range(20_000))
            time.sleep(0)  # PyPy may interrupt each time in the midst of a reading

    thread = threading.Thread(target=close)
    thread.start()
    start.wait()
    for face in faces:
        with pytest.raises(ValueError, match=r"^the Face is closed$"):
            read(face)
    thread.join()
    assert found <= {"C's", "in use"}


def test_fields_of_derived_handles() -> None:
    """With names of what Python does with handles."""

    @struct
    class Base(Handle):
        find: Annotated[int, c_uint8]

    @struct
    class Derived(Base):
        _pack_: ClassVar[int] = 1
        _layout_: ClassVar[str] = "ms"  # to be said from Python 3.14 on
        keep: Annotated[int, c_int] = DEFAULT

    memory = (c_uint8 * 8)(7)
    derived = Derived.adopt(ctypes.addressof(memory), owned=False)
    derived.keep = -1
    assert (derived.find, derived.keep, [*memory]) == (7, -1, [7, 255, 255, 255, 255, 0, 0, 0])
    assert ctypes.sizeof(Base.c_struct) == 1


itself: Any = "S"
nowhere: Any = "Nowhere"


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (int, "expected Annotated[python type, C type], not <class 'int'>"),
        (Annotated[itself, c_void_p], "a handle in a field of a handle is c_void_p, Borrowed"),
        (Annotated[itself, c_void_p, Owned], "Owned has no meaning here"),
        (Annotated[itself, c_void_p, Keep()], "Keep cannot follow S *"),
        (
            Annotated[itself, c_void_p, Borrowed("y")],
            "a field has no parameters that Borrowed('y') could name",
        ),
        (Annotated[nowhere, c_void_p, Borrowed], "name 'Nowhere' is not defined"),
    ],
)
def test_declarations_that_are_refused(annotation: Any, complaint: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        struct(type("S", (Handle,), {"__annotations__": {"x": annotation}}))
    assert str(caught.value) == f"S.x: {complaint}"


def test_what_a_handle_cannot_have() -> None:
    with pytest.raises(DeclarationError, match="S: C makes a handle: it has no default"):
        struct(default="f")(type("S", (Handle,), {"__annotations__": {"x": Int}}))
    with pytest.raises(DeclarationError, match=r"^S.close: every Handle has something of this"):
        struct(type("S", (Handle,), {"__annotations__": {"close": Int}}))
    inner: Any = struct(type("Inner", (Structure,), {"__annotations__": {"parents": Int}}))
    annotations = {"inner": Annotated[inner, inner, Anonymous]}
    with pytest.raises(DeclarationError, match=r"^S.parents: every Handle has something of th"):
        struct(type("S", (Handle,), {"__annotations__": annotations}))


HEADER = """
typedef struct node_ { long count; const char *name; struct node_ *next; int extra; } *node;
struct plain { int a; };
node node_new(void);
void node_free(node it);
struct plain *plain_get(node it);
int plain_init(struct plain *it);
"""

BINDING = """
from ctypes import c_char_p, c_int, c_long, c_short, c_void_p
from typing import Annotated
from pyexample.ffi import *
error = ValueError
library = Library("table", __name__, system={"linux": "table"})
@struct
class Node(Handle):
    count: Annotated[int, c_long]
    name: Annotated[str | None, c_char_p]
    next: Annotated["Node | None", c_void_p, Borrowed]
    extra: Annotated[int, c_int]
@struct
class Plain(Handle):
    a: Annotated[int, c_int]
@library.function
def node_new() -> Annotated[Node, c_void_p, Owned]: ...
@library.function
def node_free(it: Annotated[Node, c_void_p, Closes], /) -> None: ...
@library.function
def plain_get(it: Annotated[Node, c_void_p], /) -> Annotated[Plain, c_void_p, Borrowed]: ...
@library.function
def plain_init() -> Annotated[Plain, c_int, Raises(error), Returned(Plain, Plain, Owned)]: ...
"""


@pytest.mark.parametrize(
    ("right", "wrong", "verdicts"),
    [
        ("", "", {}),
        ("[int, c_long]", "[int, c_short]", {"Node": ["error width"]}),
        ("    extra: Annotated[int, c_int]\n", "", {"Node": ["error layout"]}),
        (
            "    a: Annotated[int, c_int]",
            "    b: Annotated[int, c_short]",
            {"Plain": ["error layout"]},
        ),
        (
            "Annotated[Plain, c_int, Raises(error), Returned(Plain, Plain",
            "Annotated[Node, c_int, Raises(error), Returned(Node, Node",
            {"plain_init": ["error other"]},
        ),
    ],
)
def test_the_checker_judges_the_fields(
    binding: Bind, right: str, wrong: str, verdicts: dict[str, list[str]]
) -> None:
    assert right in BINDING
    found = binding(HEADER, BINDING.replace(right, wrong, 1)).verdicts()
    assert found == verdicts


STORED = r"""
#include <stdlib.h>
#include <string.h>
typedef struct { int *data; int size; const char *name; } stack;
static int alive, wrong;
int stacks(void) { return alive; }
int wrongs(void) { return wrong; }
int stack_init(stack *it, int size) {
    wrong += it->data || it->size || it->name;
    if (size < 0) { it->data = (int *)8; return size; }
    *it = (stack){calloc((size_t)size + 1, sizeof(int)), size, "stack"};
    alive++;
    return 0;
}
int stack_sum(const stack *it) {
    int sum = 0;
    for (int i = 0; i < it->size; i++) sum += it->data[i];
    return sum;
}
void stack_set(stack *it, int at, int value) { it->data[at] = value; }
int stack_destroy(stack *it, int fail) {
    if (fail) return fail;
    wrong += !it->data || !it->name;
    free(it->data); memset(it, 0, sizeof *it); alive--;
    return 0;
}
/* It clears what it was given, long after that. */
typedef struct { stack *inner; } holder;
holder *holder_new(void) { return calloc(1, sizeof(holder)); }
void holder_take(holder *it, stack *inner) { it->inner = inner; }
void holder_free(holder *it) { if (it->inner) stack_destroy(it->inner, 0); free(it); }
static stack *taken;
void take(stack *it) { taken = it; }
int untake(void) { int size = taken->size; stack_destroy(taken, 0); return size; }
void stack_empty(stack *it, int (*f)(int)) { f(stack_init(it, 0)); }
int stack_kind(int *kind, stack *it, int (*f)(int)) {
    *kind = 7;
    stack_init(it, 1);
    return f(0);
}
"""


@pytest.fixture
def stored(package: Package, path: str) -> Iterator[Any]:
    package.compile(STORED)
    library = Library("c", f"{package.name}.module")

    @struct
    class Stack(Handle):
        data: Annotated[int | None, c_void_p]
        size: Annotated[int, c_int]
        name: Annotated[str | None, c_char_p]

    class Holder(Handle):
        pass

    def failed(code: int, function: str, values: tuple[Any, ...]) -> Exception:
        return RuntimeError(function, code, values)

    Done = Annotated[None, c_int, Raises(failed)]  # noqa: N806
    AStack = Annotated[Stack, c_void_p]  # noqa: N806
    AHolder = Annotated[Holder, c_void_p]  # noqa: N806

    def stacks() -> Int: ...
    def wrongs() -> Int: ...
    def stack_init(
        size: Annotated[int, Returned(Stack, Stack, Owned), c_int], /
    ) -> Annotated[Stack, c_int, Raises(failed)]: ...
    def stack_sum(it: AStack, /) -> Int: ...
    def stack_set(it: AStack, at: Int, value: Int, /) -> None: ...
    def stack_destroy(
        it: Annotated[Stack, c_void_p, Closes(if_succeeds=True, fail=0)], fail: Int, /
    ) -> Done: ...
    def holder_new() -> Annotated[Holder, c_void_p, Owned]: ...
    def holder_free(it: Annotated[Holder, c_void_p, Closes], /) -> None: ...
    def holder_take(
        it: AHolder, inner: Annotated[Stack, c_void_p, GivenTo("it")], /
    ) -> None: ...
    def take(it: Annotated[Stack, c_void_p, GivenTo()], /) -> None: ...
    def untake() -> Int: ...
    def stack_empty(
        f: Annotated[Callable[[int], int], Returned(Stack, Stack, Owned), on_load], /
    ) -> Annotated[Stack, None]: ...

    declared: list[Callable[..., Any]] = [
        stacks, wrongs, stack_init, stack_sum, stack_set, stack_destroy, holder_new,
        holder_free, holder_take, take, untake, stack_empty,
    ]  # fmt: skip
    bound = SimpleNamespace(**{each.__name__: library.function(each) for each in declared})
    bound.Stack, bound.library = Stack, library
    yield bound
    collect()
    assert (bound.stacks(), bound.wrongs()) == (0, 0)


def test_memory_that_c_initialises(stored: Any) -> None:
    stack = stored.stack_init(3)
    stored.stack_set(stack, 1, 5)
    assert (stored.stack_sum(stack), stack.size, stack.name) == (5, 3, "stack")
    with pytest.raises(RuntimeError, match="stack_destroy"):
        stored.stack_destroy(stack, 7)
    assert not stack.closed
    stored.stack_destroy(stack, 0)
    assert (stored.stacks(), stack.closed) == (0, True)
    stack.close()
    with pytest.raises(ValueError, match="is closed"):
        stored.stack_sum(stack)


@pytest.mark.parametrize("close", ["close", "with", "gc"])
def test_memory_that_c_initialised_is_closed_once(stored: Any, close: str) -> None:
    stacks = [stored.stack_init(each) for each in range(9)]
    for each in range(9):
        stored.stack_set(stacks[each], 0, each)
    collect()
    assert [stored.stack_sum(each) for each in stacks] == [0, *range(1, 9)]
    if close == "with":
        with stacks[0], stacks[1]:
            pass
    elif close == "close":
        [each.close() for each in stacks[::-1]]
    del stacks
    collect()
    assert stored.stacks() == 0


def test_what_c_could_not_initialise_is_not_closed(stored: Any) -> None:
    with pytest.raises(RuntimeError) as caught:
        stored.stack_init(-2)
    assert caught.value.args == ("stack_init", -2, (-2, None))
    collect()
    assert (stored.stacks(), stored.wrongs()) == (0, 0)


def test_what_c_did_not_initialise_as_nothing_came_back(stored: Any) -> None:
    def stack_try(
        size: Annotated[int, Returned(stored.Stack, stored.Stack, Owned), c_int], /
    ) -> Annotated[stored.Stack | None, c_int, Raises(RuntimeError, none=(-3,))]: ...

    declared = stored.library.function(symbol="stack_init")(stack_try)
    assert declared(-3) is None
    assert declared(2).size == 2
    collect()
    assert (stored.stacks(), stored.wrongs()) == (0, 0)


def test_what_was_initialised_although_a_callback_raised(stored: Any) -> None:
    assert stored.stack_empty(lambda code: code).size == 0
    with pytest.raises(ZeroDivisionError):
        stored.stack_empty(lambda code: 1 // 0)
    collect()
    assert stored.stacks() == 0


class Kind(enum.IntEnum):
    ONE = 1

    @classmethod
    def _missing_(cls, value: object) -> Any:
        raise LookupError(value)


def test_what_was_initialised_although_something_else_cannot_be_read(stored: Any) -> None:
    def stack_kind(
        f: Annotated[
            Callable[[int], int], Returned(Kind, c_int), Returned(stored.Stack, stored.Stack,
            Owned), on_load,
        ], /
    ) -> Annotated[tuple[int, Kind, stored.Stack], c_int]: ...  # fmt: skip

    declared = stored.library.function(stack_kind)
    with pytest.raises(LookupError, match="7"):
        declared(lambda code: 5)
    collect()
    assert stored.stacks() == 0
    with pytest.raises(ZeroDivisionError):
        declared(lambda code: 1 // code)


def test_memory_that_is_given_away(stored: Any) -> None:
    holder, stack = stored.holder_new(), stored.stack_init(4)
    stored.stack_set(stack, 0, 5)
    stored.holder_take(holder, stack)
    assert stored.stack_sum(stack) == 5
    del stack
    collect()
    [bytearray(each) for each in range(1, 99)]
    holder.close()
    assert stored.stacks() == 0
    stack = stored.stack_init(5)
    stored.take(stack)
    assert stack.closed
    del stack
    collect()
    assert stored.untake() == 5


def test_stored_handles_that_are_refused(stored: Any) -> None:
    Stack = stored.Stack  # noqa: N806

    class Opaque(Handle):
        pass

    def by_value(it: Annotated[Stack, Stack], /) -> None: ...  # type: ignore[valid-type]
    def result() -> Annotated[Stack, Stack, Owned]: ...  # type: ignore[valid-type]

    def another(it: Annotated[None, Stack], /) -> None: ...

    def opaque() -> Annotated[Opaque, None, Returned(Opaque, Opaque, Owned)]: ...
    def borrowed() -> Annotated[Stack, None, Returned(Stack, Stack, Borrowed)]: ...  # type: ignore[valid-type]
    def unsaid() -> Annotated[Stack, None, Returned(Stack, Stack)]: ...  # type: ignore[valid-type]
    def again() -> Annotated[
        tuple[Stack, bytes],  # type: ignore[valid-type]
        c_int, Written("it", again=True), Returned(Stack, Stack, Owned),
        Filled(bytes, c_char, 8, name="it"),
    ]: ...  # fmt: skip

    for function, message in (
        (by_value, r"a Stack is passed as c_void_p; Returned\("),
        (result, r"a Stack is passed as c_void_p; Returned\("),
        (another, r"a Stack is passed as c_void_p; Returned\(Stack, Stack, Owned\)"),
        (opaque, "declare its fields, with @struct, for its size"),
        (borrowed, "the memory is new, so it is Owned, not Borrowed"),
        (unsaid, r"who closes the Stack\?"),
        (again, r"may call C twice, so C would initialise a second Stack"),
    ):
        with pytest.raises(DeclarationError, match=message):
            Declaration(function)


@pytest.mark.skipif(sys.platform != "linux", reason="the layout is that of glibc")
def test_regular_expressions(path: str) -> None:
    libc = Library("c", __name__, system={"linux": "libc.so.6"})

    @struct
    class Regex(Handle):
        """``regex_t``, of which only ``re_nsub`` is public."""

        before: Annotated[Any, c_void_p * 6]
        re_nsub: Annotated[int, c_size_t]
        after: Annotated[Any, c_uint8 * 8]

    @libc.function
    def regcomp(
        pattern: Annotated[str, Returned(Regex, Regex, Owned), c_char_p], flags: Int, /
    ) -> Annotated[Regex, c_int, Raises(lambda code, *_: ValueError(code))]: ...
    @libc.function
    def regexec(
        regex: Annotated[Regex, c_void_p],
        text: Annotated[str, c_char_p, Constant(c_size_t, 0), Constant(c_void_p, None),
                        Constant(c_int, 0)], /
    ) -> Int: ...  # fmt: skip
    @libc.function
    def regfree(regex: Annotated[Regex, c_void_p, Closes], /) -> None: ...

    with regcomp("(a+)(b*)c", 1) as regex:
        assert regex.re_nsub == 2
        assert [regexec(regex, text) for text in ("xaabcx", "bc")] == [0, 1]
    with pytest.raises(ValueError, match=r"[0-9]"):
        regcomp("(", 1)
    kept = [regcomp("x" * each, 0) for each in range(1, 99)]
    del kept[::2]
    collect()
    assert [regexec(each, "x" * 50) for each in kept] == [0] * 25 + [1] * 24
