"""Handles whose structure has public fields."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from ctypes import Structure, c_char_p, c_int, c_long, c_uint8, c_void_p
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
    CountedBy,
    DeclarationError,
    GivenTo,
    Handle,
    Keep,
    Library,
    Owned,
    struct,
)  # fmt: skip

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
        found, face = found + 1, face.next
    assert found == number
    first.close()


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
    found: list[Any] = []
    start = threading.Barrier(2)

    def close() -> None:
        start.wait()
        for face in faces:
            while not face.closed:
                try:
                    face.close()
                except RuntimeError:
                    found.append("in use")

    thread = threading.Thread(target=close)
    thread.start()
    start.wait()
    for face in faces:
        with pytest.raises(ValueError, match=r"^the Face is closed$"):
            found += iter(lambda face=face: face.family_name, "another")  # type: ignore
        assert {*found} <= {"C's", "in use"}
    thread.join()


def test_fields_of_derived_handles() -> None:
    @struct
    class Base(Handle):
        one: Annotated[int, c_uint8]

    @struct
    class Derived(Base):
        _pack_: ClassVar[int] = 1
        _layout_: ClassVar[str] = "ms"  # to be said from Python 3.14 on
        two: Annotated[int, c_int] = DEFAULT

    memory = (c_uint8 * 8)(7)
    derived = Derived.adopt(ctypes.addressof(memory), owned=False)
    derived.two = -1
    assert (derived.one, derived.two, [*memory]) == (7, -1, [7, 255, 255, 255, 255, 0, 0, 0])
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


HEADER = """
typedef struct node_ { long count; const char *name; struct node_ *next; int extra; } *node;
struct plain { int a; };
node node_new(void);
void node_free(node it);
struct plain *plain_get(node it);
"""

BINDING = """
from ctypes import c_char_p, c_int, c_long, c_short, c_void_p
from typing import Annotated
from pyexample.ffi import Borrowed, Closes, Handle, Library, Owned, struct
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
    ],
)
def test_the_checker_judges_the_fields(
    binding: Bind, right: str, wrong: str, verdicts: dict[str, list[str]]
) -> None:
    assert right in BINDING
    found = binding(HEADER, BINDING.replace(right, wrong, 1)).verdicts()
    assert found == verdicts
