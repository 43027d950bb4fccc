"""Fields of structures: pointers, bits, anonymous members, arrays, and their defaults."""
# Fields have no values here: C, or the constructor, gives them.
# mypy: disable-error-code="empty-body"

import ctypes
import re
import sys
import warnings
import weakref
from collections.abc import Callable, Sequence
from ctypes import (
    Structure,
    Union,
    addressof,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int8,
    c_int32,
    c_int64,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint32,
    c_void_p,
    c_wchar_p,
    pointer,
    sizeof,
    string_at,
)
from enum import IntEnum
from typing import Annotated, Any, ClassVar, Optional

import pytest
from support import Package, let_go

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    UNCHECKED,
    Anonymous,
    Array,
    Bits,
    Borrowed,
    Callback,
    CountedBy,
    DeclarationError,
    Encoding,
    Library,
    Returned,
    allocate,
    struct,
)  # fmt: skip

Int = Annotated[int, c_int]


class Color(IntEnum):
    RED = 1
    GREEN = 2


def library_of(package: Package, source: str) -> Library:
    package.compile(source)
    return Library("c", f"{package.name}.module")


def refused(**annotations: Any) -> str:
    with pytest.raises(DeclarationError) as caught:
        struct(type("S", (Structure,), {"__annotations__": annotations}))
    return str(caught.value)


# Recursive structures


@Callback
def on_node(node: Annotated["Node", POINTER("Node")], /) -> Int: ...


@struct
class Node(Structure):
    value: Annotated[int, c_int]
    next: Annotated["Node | None", POINTER("Node")] = DEFAULT
    children: Annotated[Array["Node | None"], POINTER("Node") * 2] = DEFAULT
    other: Annotated[Optional["Later"], POINTER("Later")] = DEFAULT
    text: Annotated[str | None, c_char_p] = DEFAULT
    call: Annotated[Callable[["Node"], int] | None, on_node] = DEFAULT


@struct
class Later(Structure):
    node: "Annotated[Node | None, POINTER(Node)]" = DEFAULT
    itself: "Annotated[Later | None, POINTER('Later')]" = DEFAULT


NODES = """
#include <stddef.h>
typedef struct node { int value; struct node *next, *children[2]; struct later *other;
    const char *text; int (*call)(struct node *); } node;
struct later { node *node; struct later *itself; };
int total(const node *n) {
    return n ? n->value + total(n->next) + total(n->children[0]) + total(n->children[1]) : 0; }
int round_trip(node *n) { return n->other->node == n && n->other->itself == n->other; }
int call(node *n) { return n->call(n); }
node *last(node *n) { return n->next ? last(n->next) : n; }
static node own = {7, NULL, {NULL, NULL}, NULL, "C's", NULL};
node *of_c(void) { return &own; }
const char *text(node *n) { return n->text; }
"""

ANode = Annotated[Node, POINTER(Node)]


def test_a_structure_that_points_to_itself(package: Package, path: str) -> None:
    library = library_of(package, NODES)

    @library.function
    def total(node: Annotated[Node | None, POINTER(Node)], /) -> Int: ...
    @library.function
    def last(node: ANode, /) -> Annotated[Node, POINTER(Node), Borrowed]: ...
    @library.function
    def of_c() -> Annotated[Node, POINTER(Node), Borrowed]: ...

    head = Node(1, Node(2, Node(3)))
    head.children[1] = Node(10)
    assert total(head) == 16
    assert head.next is not None
    assert head.next.next is not None
    assert head.next.next.value == 3
    assert head.next.next.next is None
    assert [each and each.value for each in head.children] == [None, 10]
    found = last(head)
    assert (found.value, found.next) == (3, None)
    found.next = of_c()
    assert total(head) == 23
    found.next = None
    assert total(head) == 16
    with pytest.raises(TypeError, match=r"^Node.next \(LP_Node\): expected LP_Node instance"):
        head.next = Later()  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"^Node.children\[\] \(LP_Node\): expected LP_Node"):
        head.children[0] = 7  # type: ignore[call-overload]
    if sys.implementation.name == "cpython":  # in PyPy, byref makes a pointer
        with pytest.raises(TypeError, match=r"^Node.next .*: give what it points to, not its"):
            head.next = ctypes.byref(found)  # type: ignore[assignment]
    assert total(None) == 0


def test_structures_that_point_to_each_other(package: Package, path: str) -> None:
    library = library_of(package, NODES)

    @library.function
    def round_trip(node: ANode, /) -> Int: ...

    node, later = Node(1), Later()
    node.other, later.node, later.itself = later, node, later
    assert round_trip(node) == 1
    assert later.node is node
    assert later.itself is later
    later.itself = None
    assert round_trip(node) == 0


def test_a_callback_of_a_structure_that_has_it(package: Package, path: str) -> None:
    library = library_of(package, NODES)

    @library.function
    def call(node: ANode, /) -> Int: ...

    node = Node(20, call=lambda given: given.value + 1)
    assert call(node) == 21
    assert node.call is not None
    assert node.call(Node(30)) == 31
    with pytest.raises(TypeError, match=r"^on_node\(\) parameter 'node' \(LP_Node\): expected"):
        node.call(7)  # type: ignore[arg-type]


def test_what_a_pointer_is_set_to_is_kept(package: Package, path: str) -> None:
    library = library_of(package, NODES)

    @library.function
    def text(node: ANode, /) -> Annotated[str | None, c_char_p]: ...

    head, tail = Node(1), Node(2)
    gone = weakref.ref(tail)
    head.next = tail
    assert head.next is tail
    head.next.text = "kept" * 9
    holder = Node(0, head)
    del head
    let_go()
    assert text(tail) == "kept" * 9, "it is the object's own field"
    del tail
    let_go()
    assert gone() is not None
    assert holder.next is not None
    holder.next.next = None
    let_go()
    assert gone() is None
    holder.next = None
    array = (Node * 2)(Node(5), Node(6))
    loose: Any = holder
    loose.next = array
    del array
    let_go()
    assert holder.next is not None
    assert holder.next.value == 5
    loose.next = pointer(Node(9, text="alone" * 9))
    let_go()
    assert holder.next is not None
    assert text(holder.next) == "alone" * 9
    loose.next = ctypes.POINTER(Node)()
    assert holder.next is None


def test_a_pointer_to_what_is_not_declared() -> None:
    where = {"x": Annotated["Nowhere | None", POINTER("Nowhere")]}  # noqa: F821
    Lost: Any = struct(type("Lost", (Structure,), {"__annotations__": where}))  # noqa: N806
    assert Lost().x is None
    with pytest.raises(DeclarationError, match=r"^POINTER\('Nowhere'\): test_fields declares"):
        Lost(x=Node(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from Python 3.14 on
        quoted = ctypes.POINTER("Node")  # type: ignore[call-overload]
    said = "pyexample.ffi.POINTER makes a type|ctypes makes no Python value"  # PyPy's Node
    assert re.search(said, refused(x=Annotated[Any, quoted]))
    assert "'Node' or Any stands for LP_Node" in refused(x=Annotated[int, POINTER("Node")])
    assert "is not defined" in refused(x="Annotated[Missing, c_int]")


# Bit-fields


@struct
class Flags(Structure):
    low: Annotated[int, c_uint, Bits(3)] = DEFAULT
    signed: Annotated[int, c_int, Bits(4)] = DEFAULT
    color: Annotated[Color, c_uint, Bits(2)] = DEFAULT
    narrow: Annotated[int, c_uint, range(5, 10), Bits(4)] = DEFAULT
    whole: Annotated[int, c_uint8] = DEFAULT


def test_bit_fields(package: Package, path: str) -> None:
    library = library_of(
        package,
        "#include <stdint.h>\n"
        "struct flags { unsigned low : 3; int sign : 4; unsigned color : 2, narrow : 4;"
        " uint8_t whole; };"
        "int read(const struct flags *f)"
        "{ return f->low * 1000 + f->sign * 100 + f->color * 10 + f->narrow; }"
        "void write(struct flags *f)"
        "{ f->low = 7; f->sign = -8; f->color = 3; f->narrow = 9; }",
    )

    @library.function
    def read(flags: Annotated[Flags, POINTER(Flags)], /) -> Int: ...
    @library.function
    def write(flags: Annotated[Flags, POINTER(Flags)], /) -> None: ...

    flags = Flags(5, -3, Color.GREEN, 6, 255)
    assert read(flags) == 5000 - 300 + 20 + 6
    write(flags)
    assert (flags.low, flags.signed, flags.narrow, flags.whole) == (7, -8, 9, 255)
    with pytest.raises(ValueError, match=r"^Flags.color \(uint32_t : 2\) is 3, no Color"):
        flags.color  # noqa: B018
    before = ctypes.string_at(addressof(flags), sizeof(flags))  # PyPy's bytes() refuses it
    for name, value, limits in (
        ("low", 8, "low (uint32_t : 3) must be in 0..7, not 8"),
        ("low", -1, "low (uint32_t : 3) must be in 0..7, not -1"),
        ("signed", 8, "signed (int32_t : 4) must be in -8..7, not 8"),
        ("signed", -9, "signed (int32_t : 4) must be in -8..7, not -9"),
        ("narrow", 4, "narrow (uint32_t : 4) must be in 5..9, not 4"),
        ("color", 4, "color (uint32_t : 2) must be in 0..3, not 4"),
    ):
        with pytest.raises(OverflowError) as caught:
            setattr(flags, name, value)
        assert str(caught.value) == f"Flags.{limits}"
    assert ctypes.string_at(addressof(flags), sizeof(flags)) == before


def test_a_bit_field_of_bool(package: Package, path: str) -> None:
    @struct
    class Switches(Structure):
        low: Annotated[int, c_uint8, Bits(3)] = DEFAULT
        flag: Annotated[bool, c_bool, Bits(1)] = DEFAULT

    library = library_of(
        package,
        "#include <stdbool.h>\n#include <stdint.h>\n"
        "struct switches { uint8_t low : 3; bool flag : 1; };"
        "void turn(struct switches *s) { s->flag = !s->flag; }",
    )

    @library.function
    def turn(switches: Annotated[Switches, POINTER(Switches)], /) -> None: ...

    switches = Switches(5)
    turn(switches)
    assert (switches.low, switches.flag is True) == (5, True)
    with pytest.raises(TypeError, match=r"^Switches.flag \(bool : 1\) must be a bool"):
        switches.flag = 1  # type: ignore[assignment]
    switches.flag = False
    turn(switches)
    assert (switches.low, switches.flag) == (5, True)


def test_bit_fields_that_are_refused() -> None:
    assert "uint32_t has bit-fields of 1 to 32 bits, not 0" in refused(
        x=Annotated[int, c_uint32, Bits(0)]
    )
    assert "uint8_t has bit-fields of 1 to 8 bits, not 9" in refused(
        x=Annotated[int, c_uint8, Bits(9)]
    )
    assert f"S.x: {Color.GREEN!s} goes beyond 1 bits" in refused(
        x=Annotated[Color, c_uint, Bits(1)]
    )
    assert "S.x: 8 goes beyond 3 bits" in refused(x=Annotated[int, c_uint, range(9), Bits(3)])
    assert "range(0, 9) goes beyond" in refused(x=Annotated[int, c_uint, Bits(3), range(9)])
    assert "Bits(3) cannot follow double" in refused(x=Annotated[float, c_double, Bits(3)])

    def by_value(flags: Annotated[Flags, Flags], /) -> None: ...

    with pytest.raises(DeclarationError, match="a structure with bit-fields is passed by poin"):
        Callback(by_value)


# Anonymous members


@struct
class Number(Union):
    integer: Annotated[int, c_int, range(-9, 10)] = DEFAULT
    real: Annotated[float, c_double] = DEFAULT
    color: Annotated[Color, c_int] = DEFAULT


@struct
class Position(Structure):
    x: Annotated[int, c_int8] = DEFAULT
    text: Annotated[str | None, c_char_p] = DEFAULT


@struct
class Both(Structure):
    position: Annotated[Position, Position, Anonymous] = DEFAULT
    number: Annotated[Number, Number, Anonymous] = DEFAULT


@struct
class Value(Structure):
    kind: Annotated[int, c_int]
    inner: Annotated[Both, Both, Anonymous] = DEFAULT


def test_anonymous_members(package: Package, path: str) -> None:
    library = library_of(
        package,
        "typedef struct { int kind; struct { struct { signed char x; const char *text; };"
        " union { int integer; double real; int color; }; }; } value;"
        "int read(const value *v) { return v->kind * 1000 + v->x * 100 + v->integer; }"
        "const char *text(const value *v) { return v->text; }",
    )
    AValue = Annotated[Value, POINTER(Value)]  # noqa: N806

    @library.function
    def read(value: AValue, /) -> Int: ...
    @library.function
    def text(value: AValue, /) -> Annotated[str | None, c_char_p]: ...

    loose: Any = Value
    value = loose(kind=3, x=4, color=Color.GREEN)
    assert read(value) == 3402
    assert value.color is Color.GREEN
    assert (value.inner.position.x, value.inner.x, value.x) == (4, 4, 4)
    value.x = -1
    assert value.inner.position.x == -1
    with pytest.raises(OverflowError, match=r"^Position.x \(int8_t\) must be in"):
        value.x = 128
    with pytest.raises(OverflowError, match=r"^Number.integer .* must be in -9..9, not 10"):
        loose(1, integer=10)
    value.color = 7
    with pytest.raises(ValueError, match=r"^Number.integer \(int32_t\) is 7|is 7, no Color"):
        value.color  # noqa: B018
    value.text = "kept" * 9
    let_go()
    assert text(value) == "kept" * 9
    assert loose.x.offset == Value.inner.offset + Both.position.offset


def test_anonymous_members_that_are_refused() -> None:
    assert "Anonymous cannot follow LP_Node" in refused(
        x=Annotated[Any, POINTER(Node), Anonymous]
    )
    assert "Anonymous cannot follow int32_t" in refused(x=Annotated[int, c_int, Anonymous])

    class Old(Structure):
        _anonymous_ = ("x",)
        x: Annotated[Position, Position]

    with pytest.raises(DeclarationError, match="Old: write Anonymous after a field's C type"):
        struct(Old)


# Arrays


@struct
class Arrays(Structure):
    plain: Annotated[Any, c_int32 * 4] = DEFAULT
    typed: Annotated[Array[int], c_uint8 * 3, range(100)] = DEFAULT
    colors: Annotated[Array[Color], c_int * 2] = DEFAULT
    matrix: Annotated[Array[Array[int]], c_int8 * 3 * 2] = DEFAULT
    texts: Annotated[Array[str | None], c_char_p * 2, Encoding("latin-1")] = DEFAULT
    wide: Annotated[Array[str | None], c_wchar_p * 2] = DEFAULT
    names: Annotated[Array[bytes], c_char * 4 * 2] = DEFAULT
    points: Annotated[Array[Position], Position * 2] = DEFAULT
    addresses: Annotated[Array[int | None], c_void_p * 2] = DEFAULT
    flags: Annotated[Array[bool], c_bool * 2] = DEFAULT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.plain.__setitem__(0, 2**40), "plain[] (int32_t) must be in -2147483648.."),
        (lambda s: s.plain.__setitem__(slice(0, 2), [1, 2**40]), "plain[] (int32_t) must be"),
        (lambda s: setattr(s, "plain", [2**40]), "plain[] (int32_t) must be in -2147483648.."),
        (lambda s: s.typed.__setitem__(0, 100), "typed[] (uint8_t) must be in 0..99, not 100"),
        (lambda s: s.matrix[1].__setitem__(2, 128), "matrix[][] (int8_t) must be in -128..127"),
        (lambda s: setattr(s, "matrix", [[1], [128]]), "matrix[][] (int8_t) must be in -128"),
        (lambda s: s.addresses.__setitem__(0, -1), "addresses[] (void *) must be in 0.."),
        (lambda s: setattr(s.points[1], "x", 128), "x (int8_t) must be in -128..127, not 128"),
    ],
)
def test_items_are_checked(change: Callable[[Any], None], message: str) -> None:
    arrays = Arrays(plain=(1, 2, 3, 4))
    with pytest.raises(OverflowError) as caught:
        change(arrays)
    assert str(caught.value).split(".", 1)[1].startswith(message)
    assert [*arrays.plain] in ([1, 2, 3, 4], [1, 2, 3, 4])
    assert [*arrays.matrix[1]] == [0, 0, 0]


def test_arrays() -> None:
    arrays = Arrays(plain=[1, 2], typed=b"abc", texts=("ü", None), names=[b"x", b"four"])
    assert [*arrays.plain] == [1, 2, 0, 0]
    assert [*arrays.typed] == [97, 98, 99]
    assert [*arrays.texts] == ["ü", None]
    assert [*arrays.names] == [b"x", b"four"]
    arrays.plain[1:3] = (7, 8)
    assert arrays.plain[1:] == [7, 8, 0]
    assert (arrays.plain.index(8), arrays.plain.count(0), 7 in arrays.plain) == (2, 1, True)
    assert isinstance(arrays.plain, Sequence)
    assert isinstance(arrays.plain, ctypes.Array)
    arrays.colors[0] = Color.GREEN
    assert arrays.colors[0] is Color.GREEN
    with pytest.raises(ValueError, match=r"^Arrays.colors\[\] \(int32_t\) is 0, no Color"):
        arrays.colors[1]
    arrays.matrix[1][2] = 5
    assert repr(arrays.matrix) == "[[0, 0, 0], [0, 0, 5]]"
    loose: Any = arrays
    loose.matrix = [[1, 2, 3], [4]]
    assert repr(arrays.matrix) == "[[1, 2, 3], [4, 0, 0]]"
    arrays.points[1] = Position(5)
    loose.points[0] = (6, "text")
    assert [(each.x, each.text) for each in arrays.points] == [(6, "text"), (5, None)]
    arrays.flags[1] = True
    assert [*arrays.flags] == [False, True]
    arrays.addresses = (c_void_p * 2)(7)
    assert [*arrays.addresses] == [7, None]
    arrays.plain = (c_int32 * 4)(9)
    assert arrays.plain[0] == 9
    arrays.plain = Arrays(plain=[3]).plain
    assert arrays.plain[0] == 3
    assert "plain=[3, 0, 0, 0], typed=[97, 98, 99]" in repr(Arrays(plain=[3], typed=b"abc"))
    with pytest.raises(TypeError, match=r"^Arrays.flags\[\] \(bool\) must be a bool, not int"):
        arrays.flags[0] = 1  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"^Arrays.plain \(int32_t\[4\]\) must be a sequence"):
        arrays.plain = 7
    with pytest.raises(ValueError, match=r"^Arrays.plain \(int32_t\[4\]\) cannot hold 5 items"):
        arrays.plain = range(5)
    with pytest.raises(ValueError, match="2 items are replaced, not 3"):
        arrays.plain[0:2] = [1, 2, 3]
    with pytest.raises(ValueError, match=r"^Arrays.names\[\] .char\[4\]. cannot hold 5"):
        arrays.names[0] = b"fiver"
    for wrong in (4, -5):
        with pytest.raises(IndexError):
            arrays.plain[wrong]
        with pytest.raises(IndexError):
            arrays.plain[wrong] = 7


def test_arrays_keep_their_texts(package: Package, path: str) -> None:
    library = library_of(
        package,
        "#include <wchar.h>\n#include <string.h>\n"
        "size_t lengths(const char *const *texts, const wchar_t *const *wide)"
        "{ return strlen(texts[0]) * 100 + strlen(texts[1]) * 10 + wcslen(wide[1]); }",
    )

    @library.function
    def lengths(
        texts: Annotated[Any, POINTER(c_char_p)], wide: Annotated[Any, POINTER(c_wchar_p)], /
    ) -> Annotated[int, c_size_t]: ...

    arrays = Arrays(texts=["one" * 2, "two" * 3])
    arrays.wide[1] = "ü" * 5
    arrays.texts[0] = "x" * 7
    for _ in range(100):
        Arrays(texts=["other" * 2] * 2, wide=["others"] * 2)
    let_go()
    assert lengths(arrays.texts, arrays.wide) == 795


def test_arrays_that_are_refused() -> None:
    assert "S.x: Array[int], or what its items are" in refused(x=Annotated[int, c_int * 4])
    said = refused(x=Annotated[Array[str], c_int * 4])
    assert "S.x[]: int or bool stands for int32_t" in said
    for python_type in (Array[int] | None, Any | None):
        said = refused(x=Annotated[python_type, c_int * 4])
        assert said == "S.x: int32_t[4] is no pointer, it cannot be None"
    assert "S.x[]: Closes" in refused(x=Annotated[Array[int], c_int * 4, _closes()])


def _closes() -> Any:
    from pyexample.ffi import Closes

    return Closes


# Flexible arrays


@struct
class Message(Structure):
    number: Annotated[float, c_double]
    count: Annotated[int, c_int] = DEFAULT
    items: Annotated[Array[int], c_int8 * 0, CountedBy("count")] = DEFAULT


@struct
class Texts(Structure):
    first: Annotated[int, c_int8] = DEFAULT
    texts: Annotated[Array[str | None], c_char_p * 0] = DEFAULT


MESSAGES = """
#include <stdlib.h>
#include <string.h>
typedef struct { double number; int count; signed char items[]; } message;
typedef struct { char first; const char *texts[]; } texts;
int sum(const message *m) { int s = 0; for (int i = 0; i < m->count; i++) s += m->items[i];
    return s; }
static union { message m; char room[64]; } own;
message *of_c(int count) { own.m.count = count; for (int i = 0; i < count; i++)
    own.m.items[i] = (char)i; return &own.m; }
int total(const texts *t, int n) { int s = 0; for (int i = 0; i < n; i++)
    s += (int)strlen(t->texts[i]); return s; }
texts *texts_of_c(void) { static texts own; return &own; }
int call(int (*f)(message *), message *m) { return f(m); }
"""

AMessage = Annotated[Message, POINTER(Message)]


def test_flexible_arrays(package: Package, path: str) -> None:
    library = library_of(package, MESSAGES)

    @library.function
    def sum(message: AMessage, /) -> Int: ...  # noqa: A001
    @library.function
    def of_c(count: Int, /) -> Annotated[Message, POINTER(Message), Borrowed]: ...

    message = allocate(Message, 20, 0.5)
    assert (message.number, message.count, len(message.items)) == (0.5, 20, 20)
    assert isinstance(message, Message)
    message.items[:] = range(20)
    assert sum(message) == 190
    message.count = 3
    assert sum(message) == 3
    items = message.items
    del message
    let_go()
    assert [*items] == [*range(20)]
    with pytest.raises(OverflowError, match=r"^Message.items\[\] \(int8_t\) must be in -128"):
        items[0] = 128
    for wrong in (20, -21):
        with pytest.raises(IndexError):
            items[wrong]
    other = allocate(Message, 3, 0.5)
    through = pointer(other).contents.items
    alive = weakref.ref(other)
    del other
    let_go()
    assert alive() is not None
    assert len(through) == 3
    theirs = of_c(5)
    assert [*theirs.items] == [0, 1, 2, 3, 4]
    theirs.items[1] = 100
    assert sum(theirs) == 109
    with pytest.raises(IndexError):
        theirs.items[5]
    with pytest.raises(ValueError, match=r"count cannot be 6: C says that Message.items .* 5"):
        theirs.count = 6
    theirs.count = -1
    with pytest.raises(ValueError, match=r"^Message.count is -1"):
        theirs.items  # noqa: B018


def test_flexible_arrays_are_never_left() -> None:
    message = Message(0.5)
    assert len(message.items) == 0
    where = r"^Message.count cannot be 1: there is room for 0 items: use allocate\(Message"
    with pytest.raises(ValueError, match=where):
        message.count = 1
    with pytest.raises(ValueError, match=where):
        Message(0.5, 1)
    room = allocate(Message, 4, 0.5)
    room.count = 4
    with pytest.raises(ValueError, match="there is room for 4 items"):
        room.count = 5
    with pytest.raises(ValueError, match="4 items are replaced, not 5"):
        room.items = range(5)
    assert len((Message * 2)()[1].items) == 0
    assert len(Message.from_buffer_copy(room).items) == 0
    with pytest.raises(TypeError, match="Node has no flexible array"):
        allocate(Node, 3, 1)
    with pytest.raises(OverflowError, match=r"^Message.count"):
        allocate(Message, 4, 0.5, 2**31)


def test_flexible_arrays_of_texts(package: Package, path: str) -> None:
    library = library_of(package, MESSAGES)

    @library.function
    def total(texts: Annotated[Texts, POINTER(Texts)], n: Int, /) -> Int: ...
    @library.function
    def texts_of_c() -> Annotated[Texts, POINTER(Texts), Borrowed]: ...

    texts = allocate(Texts, 3)
    texts.texts[:] = ["one", "two" * 2, "three" * 3]
    for _ in range(100):
        allocate(Texts, 3).texts[:] = ["other"] * 3
    let_go()
    assert total(texts, 3) == 24
    with pytest.raises(AttributeError, match=r"^Texts.texts .*: nobody says how many items C"):
        texts_of_c().texts  # noqa: B018


def test_flexible_arrays_in_callbacks(package: Package, path: str) -> None:
    library = library_of(package, MESSAGES)

    @Callback
    def on_message(message: AMessage, /) -> Int: ...
    @library.function
    def call(
        f: Annotated[Callable[[Message], int], on_message], message: AMessage, /
    ) -> Int: ...

    message = allocate(Message, 3, 0.5)
    message.items = [1, 2, 3]
    assert call(lambda given: given.items[2], message) == 3


def test_flexible_arrays_that_are_refused() -> None:
    flexible = Annotated[Array[int], c_int * 0]
    assert refused(x=flexible, y=Int) == "S.x: only the last field can be a flexible array"
    counted = Annotated[Array[int], c_int * 0, CountedBy("n")]
    assert "CountedBy('n') needs the name of an integer field" in refused(x=counted)
    assert "CountedBy('n') cannot follow int32_t[4]" in refused(
        n=Int, x=Annotated[Array[int], c_int * 4, CountedBy("n")]
    )

    def by_value(message: Annotated[Message, Message], /) -> None: ...

    with pytest.raises(DeclarationError, match="a flexible array is passed by pointer"):
        Callback(by_value)
    with pytest.raises(DeclarationError, match="its base ends with a flexible array"):
        struct(type("S", (Message,), {"__annotations__": {"x": Int}}))


# Defaults


@struct(default="default_options")
class Options(Structure):
    level: Annotated[int, c_int] = DEFAULT
    name: Annotated[str | None, c_char_p] = DEFAULT
    call: Annotated[Callable[[Node], int] | None, on_node] = DEFAULT


default_options: Any


def test_defaults_are_those_of_c(package: Package, path: str) -> None:
    global default_options
    with pytest.raises(DeclarationError, match=r"^Options: test_fields has no function"):
        Options()
    library = library_of(
        package,
        "typedef struct { int level; const char *name; int (*call)(void *); } options;"
        "static int five(void *node) { return 5; }"
        'options default_options(void) { return (options){6, "C\'s", five}; }'
        "void init_options(options *o) { *o = default_options(); o->level = 7; }",
    )

    @library.function
    def default_options() -> Annotated[Options, Options]: ...
    @library.function
    def init_options() -> Annotated[Options, None, Returned(Options, Options)]: ...

    options = Options()
    assert (options.level, options.name) == (6, "C's")
    assert options.call is not None
    assert options.call(Node(1)) == 5
    assert (Options(level=1).level, Options(level=1).name) == (1, "C's")
    assert Options(2, None).name is None
    with pytest.raises(OverflowError, match=r"^Options.level"):
        Options(level=2**31)
    assert init_options().level == 7

    @struct(default=lambda: init_more())
    class More(Structure):
        level: Annotated[int, c_int] = DEFAULT
        name: Annotated[str | None, c_char_p] = DEFAULT
        call: Annotated[int | None, c_void_p] = DEFAULT

    del default_options

    def init_options_again() -> Annotated[More, None, Returned(More, More)]: ...

    init_options_again.__name__ = "init_options"
    init_more: Any = library.function(init_options_again)
    assert More(name="mine").level == 7


def test_defaults_of_python() -> None:
    made: list[Any] = []

    @struct(default=lambda: made[0])
    class Base(Structure):
        level: Annotated[int, c_int] = DEFAULT
        text: Annotated[str | None, c_char_p] = DEFAULT

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.level += 1

    made.append(Base.from_buffer_copy(bytes(sizeof(Base))))
    made[0].text = "kept" * 9
    base = Base(3)
    made.pop().text = "other"
    let_go()
    assert (base.level, base.text) == (4, "kept" * 9)
    made.append(Node(1))
    with pytest.raises(TypeError, match="the default of Base must be one, not Node"):
        Base()


# Classes


def test_classes_have_methods_and_bases(package: Package, path: str) -> None:
    library = library_of(
        package,
        "typedef struct { long long x, y; } point; typedef struct { point p; int z; } place;"
        "point get(int x) { return (point){x, 2}; } place here(void)"
        "{ return (place){{1, 2}, 3}; }",
    )

    @struct
    class Point(Structure):
        limit: ClassVar[int] = 7
        x: Annotated[int, c_int64] = DEFAULT
        y: Annotated[int, c_int64] = DEFAULT

        @property
        def total(self) -> int:
            return self.x + self.y

        def moved(self, by: int) -> "Point":
            return Point(self.x + by, self.y)

        @classmethod
        def origin(cls) -> "Point":
            return cls(0, 0)

        def __repr__(self) -> str:
            return f"<{self.x}, {self.y}>"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Point) and bytes(self) == bytes(other)

        __hash__ = None  # type: ignore[assignment]

    @struct
    class Place(Point):
        z: Annotated[int, c_int] = DEFAULT

    @library.function
    def get(x: Int, /) -> Annotated[Point, Point]: ...
    @library.function
    def here() -> Annotated[Place, Place]: ...

    point = get(5)
    assert (point.total, point.moved(1).x, repr(point), point.limit) == (7, 6, "<5, 2>", 7)
    assert point == Point(5, 2) != Point.origin()
    place = here()
    assert (place.total, place.z, repr(place)) == (3, 3, "<1, 2>")
    assert (Place(1, 2, 3).x, Place(z=9).z) == (1, 9)


def test_layouts() -> None:
    aligned = type("Aligned", (Structure,), {"_align_": 32, "__annotations__": {"x": Int}})
    if sys.version_info >= (3, 13):
        assert ctypes.alignment(struct(aligned)) == 32
        assert addressof(aligned.from_buffer(bytearray(128))) is not None

        def by_value(it: Annotated[aligned, aligned], /) -> None: ...  # type: ignore[valid-type]

        with pytest.raises(DeclarationError, match="an aligned structure is passed by pointer"):
            Callback(by_value)
    else:
        with pytest.raises(DeclarationError, match=r"^Aligned: _align_ needs Python 3.13"):
            struct(aligned)
    if sys.version_info < (3, 14) and sys.platform != "win32":
        with pytest.raises(DeclarationError, match=r"^Foreign: _layout_ needs Python 3.14"):

            @struct
            class Foreign(Structure):
                _layout_: ClassVar[str] = "ms"
                x: Annotated[int, c_int, Bits(3)]


def test_what_is_no_structure() -> None:
    with pytest.raises(DeclarationError, match="expected a class that is derived from Struct"):
        struct(int)  # type: ignore[type-var]


@struct
class Point(Structure):
    x: Annotated[int, c_int] = DEFAULT
    y: Annotated[int, c_int] = DEFAULT


@Callback
def on_number(number: Int, /) -> Int: ...


class RawText(Structure):
    _fields_ = (("number", c_int), ("texts", c_char_p * 2))


@struct
class Checked(Position):
    more: Annotated[int, c_int] = DEFAULT


@pytest.mark.parametrize(
    ("python_type", "ctype"),
    [
        (str | None, c_char_p),
        (str | None, c_wchar_p),
        (Point | None, POINTER(Point)),
        ("Node | None", POINTER("Node")),
        (Callable[[int], int] | None, on_number),
        (Array[str | None], c_char_p * 2),
        (Array[Any], Position * 2),
        (Position, Position),
        (Checked, Checked),
        (RawText, RawText),
    ],
)
def test_no_member_of_a_union_is_followed_by_mistake(python_type: Any, ctype: Any) -> None:
    of: Any = Annotated[python_type, ctype]

    def declare(base: Any, annotation: Any) -> Any:
        fields = {"number": Int, "it": annotation}
        made = type("U", (base,), {"__annotations__": fields, "__module__": __name__})
        return struct(made)

    with pytest.raises(DeclarationError, match=r"^U.it: a union may hold another member"):
        declare(Union, of)
    unchecked = Annotated[of, UNCHECKED]
    either = declare(Union, unchecked)
    assert either().number == 0
    declare(Structure, Annotated[either, either])
    declare(Union, Annotated[either, either])
    with pytest.raises(DeclarationError, match=r"^U.it: UNCHECKED is for a member of a union$"):
        declare(Structure, unchecked)


def test_members_of_a_union_that_are_not_followed() -> None:
    @struct(init=False)
    class Either(Union):
        number: Annotated[int, c_int]
        address: Annotated[int | None, c_void_p]
        pointer: Annotated[Any, POINTER(Point)]
        text: Annotated[str | None, c_char_p, UNCHECKED]
        ahead: Annotated[Number, Number]

    either = Either(text="abc")
    let_go()
    assert (either.text, string_at(either.address or 0)) == ("abc", b"abc")
    either.number = 5
    assert bytes(either)[:4] == (5).to_bytes(4, sys.byteorder)
    assert either.pointer is not None
    either.pointer = pointer(Point(1, 2))
    let_go()
    assert either.pointer[0].y == 2
    with pytest.raises(DeclarationError, match=r"^U.x: UNCHECKED cannot follow int32_t$"):
        struct(type("U", (Union,), {"__annotations__": {"x": Annotated[Int, UNCHECKED]}}))


def test_the_repr_of_a_union_reads_no_pointer() -> None:
    """C has set another one, perhaps, than the pointer that would be followed."""

    @struct(init=False)
    class Either(Union):
        number: Annotated[int, c_int]
        text: Annotated[str | None, c_char_p, UNCHECKED]

    @struct(init=False)
    class Tagged(Structure):
        tag: Annotated[int, c_int]
        either: Annotated[Either, Either]

    tagged = Tagged()
    tagged.either.number = 5
    assert f"{tagged!r}".startswith("Tagged(tag=0, either=<")
    assert "Either object at" in f"{tagged!r}"
