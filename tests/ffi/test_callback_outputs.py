"""What C gets from callbacks through pointers: ``Returned`` in a Callback."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import weakref
from collections.abc import Callable
from ctypes import (
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int16,
    c_size_t,
    c_ssize_t,
    c_uint8,
    c_void_p,
)
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from bindings import Bind
from support import LOCKS_BUFFERS, Package, let_go

from pyexample.ffi import (
    DEFAULT,
    POINTER,
    TERMINATED,
    ArrayOf,
    Borrowed,
    Callback,
    Closes,
    Constant,
    DeclarationError,
    Filled,
    Handle,
    In,
    Keep,
    Length,
    Library,
    Owned,
    Raises,
    Returned,
    Written,
    callbacks,
    struct,
)

Int = Annotated[int, c_int]


class Box(Handle):
    pass


class Fd(Handle, invalid=-1):
    pass


@Callback.failing_with(-1)
def on_number(n: Int, /) -> Annotated[tuple[int, int], c_int, Returned(int, c_int16)]: ...
@Callback
def on_several(
    user: Annotated[
        int | None, c_void_p, Returned(bool, c_int), Returned(float, c_double),
        Returned(bool, c_bool), Returned(int | None, c_void_p),
    ], /,
) -> Annotated[tuple[bool, float, bool, int | None], None]: ...  # fmt: skip
@Callback.failing_with(-30)
def on_read(
    user: Annotated[int | None, c_void_p, Returned(bytes | None, In(None), name="block")], /
) -> Annotated[bytes | None, c_ssize_t, Written("block")]: ...
@Callback
def on_text(
    n: Annotated[int, c_int, Returned(str, In(c_char), name="text"), Length(c_uint8, "text")], /
) -> Annotated[str, None]: ...
@Callback
def on_name() -> Annotated[str | None, In(c_char, TERMINATED)]: ...
@Callback
def on_numbers(
    n: Annotated[int, c_int, Returned(list[float], In(c_double, "n"))], /
) -> Annotated[list[float], None]: ...
@Callback
def on_fd() -> Annotated[Fd | None, None, Returned(Fd | None, c_int)]: ...


@struct
class Point(Structure):
    x: Annotated[int, c_int] = DEFAULT
    y: Annotated[int, c_int] = DEFAULT


@Callback
def on_point() -> Annotated[Point | None, None, Returned(Point | None, POINTER(Point))]: ...


@struct
class Api(Structure):
    """Functions of C's with the same declarations."""

    number: Annotated[Callable[[int], tuple[int, int]] | None, on_number] = DEFAULT
    read: Annotated[Callable[[int | None], bytes | None] | None, on_read] = DEFAULT


SOURCE = r"""
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
typedef ptrdiff_t ssize;
typedef struct box { int number; } box;
typedef struct { int x, y; } point;
int point_of(void (*f)(point **)) {
    point rest = {1, 2}, *it = &rest;
    f(&it);
    return it ? it->x * 100 + it->y : -1;
}

int last_status, last_number;
int number(int (*f)(int, short *), int n, int is_null) {
    short rooms[3] = {11, 22, 33};
    int got = f(n, is_null ? NULL : &rooms[1]);
    last_status = got, last_number = rooms[1];
    if (rooms[0] != 11 || rooms[2] != 33) return 99999;
    return got * 1000 + rooms[1];
}
int several(void (*f)(void *, int *, double *, _Bool *, void **)) {
    int truth = 5; double x = 0; _Bool flag = 1; void *address = &x;
    f(NULL, &truth, &x, &flag, &address);
    return truth * 1000 + (int)(x * 10) * 10 + flag + (address == NULL ? 2 : 0);
}
static ssize (*reader)(void *, const void **);
static unsigned char first;
/* Reads all pieces; each must be there until the next call. */
ssize read_all(ssize (*f)(void *, const void **)) {
    ssize total = 0, got;
    const void *block = &total;
    while ((got = f(NULL, &block)) > 0) {
        const unsigned char *bytes = block;
        for (ssize i = 0; i < got; i++) total += bytes[i];
    }
    return block == NULL ? -1000 : total;
}
void keep_reader(ssize (*f)(void *, const void **)) { reader = f; }
const unsigned char *read_kept(void) {
    const void *block = NULL;
    return reader(NULL, &block) > 0 ? block : NULL;
}
int byte_at(const unsigned char *bytes) { return bytes[0]; }
int text(void (*f)(int, const char **, unsigned char *), int n) {
    const char *it = NULL;
    unsigned char length = 77;
    f(n, &it, &length);
    if (it == NULL) return length ? -1 : -2;
    return length * 1000 + (unsigned char)it[length - 1];
}
int name(const char *(*f)(void)) { const char *it = f(); return it ? (int)strlen(it) : -1; }
double numbers(void (*f)(int, const double **), int n) {
    const double *them = NULL;
    double total = 0;
    f(n, &them);
    for (int i = 0; them && i < n; i++) total += them[i];
    return total;
}
box *box_open(int number) { box *it = malloc(sizeof *it); it->number = number; return it; }
void box_close(box *it) { free(it); }
int number_of(void (*f)(box **)) { box *got = NULL; f(&got); return got ? got->number : -1; }
int fd_open(int n) { return n; }
int fd_of(void (*f)(int *)) { int fd = 77; f(&fd); return last_number = fd; }
static int api_number(int n, short *out) { *out = (short)(n + 1); return n; }
static ssize api_read(void *user, const void **block)
{ *block = "of C"; return user ? -30 : 2; }
typedef struct { int (*number)(int, short *); ssize (*read)(void *, const void **); } api;
void fill(api *it) { it->number = api_number; it->read = api_read; }
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
    def get_own() -> Annotated[Own | None, None, Returned(Own | None, c_void_p)]: ...
    def number(f: Annotated[Any, on_number], n: Int, is_null: Int, /) -> Int: ...
    def several(f: Annotated[Any, on_several], /) -> Int: ...
    def read_all(f: Annotated[Any, on_read], /) -> Annotated[int, c_ssize_t]: ...
    def keep_reader(f: Annotated[Any, on_read, Keep()], /) -> None: ...
    def read_kept() -> Annotated[int | None, c_void_p]: ...
    def byte_at(address: Annotated[int, c_void_p], /) -> Int: ...
    def text(f: Annotated[Any, on_text], n: Int, /) -> Int: ...
    def name(f: Annotated[Any, on_name], /) -> Int: ...
    def numbers(f: Annotated[Any, on_numbers], n: Int, /) -> Annotated[float, c_double]: ...
    def box_open(number: Int, /) -> Annotated[Own, c_void_p, Owned]: ...
    def box_close(it: Annotated[Own, c_void_p, Closes], /) -> None: ...
    def number_of(f: Annotated[Any, get_own], /) -> Int: ...
    def fd_open(n: Int, /) -> Annotated[Fd, c_int, Borrowed]: ...
    def point_of(f: Annotated[Any, on_point], /) -> Int: ...
    def fd_of(f: Annotated[Any, on_fd], /) -> Int: ...
    def fill(it: Annotated[Api, POINTER(Api)], /) -> None: ...

    declared: list[Callable[..., Any]] = [
        number, several, read_all, keep_reader, read_kept, byte_at, text, name, numbers,
        box_open, box_close, number_of, fd_open, fd_of, fill, point_of,
    ]  # fmt: skip

    def last_status() -> Int: ...
    def last_number() -> Int: ...

    found: dict[str, Any] = {each.__name__: library.function(each) for each in declared}
    for each in (last_status, last_number):
        found[each.__name__] = library.variable(each)
    return SimpleNamespace(**found)


def test_a_number(bound: Any) -> None:
    assert bound.number(lambda n: (n, n * 2), 4, 0) == 4008
    assert bound.number(lambda n: (n, -1), 4, 0) == 3999
    assert bound.number(lambda n: (n, 7), 4, 1) == 4022, "NULL"


def test_after_a_failure_c_gets_zeros(bound: Any) -> None:
    def got(f: Callable[[int], Any], error: type[Exception], match: str) -> tuple[int, int]:
        with pytest.raises(error, match=match):
            bound.number(f, 4, 0)
        return bound.last_status.value, bound.last_number.value

    assert got(lambda n: 1 // 0, ZeroDivisionError, "division") == (-1, 0)
    for wrong in (7, (1, 2, 3), (1,), None, [1, 2]):
        said = r"^on_number\(\) result must be a tuple of 2 values, not "
        assert got(lambda n, it=wrong: it, TypeError, said) == (-1, 0)  # type: ignore[misc]
    said = r"^on_number\(\) result \(int16_t\)"
    assert got(lambda n: (n, 40000), OverflowError, said) == (-1, 0), "not even the status"
    assert got(lambda n: (n, "x"), TypeError, said) == (-1, 0)


def test_several_values(bound: Any) -> None:
    assert bound.several(lambda user: (True, 2.5, False, None)) == 1252
    assert bound.several(lambda user: (False, 0.5, True, 16)) == 51
    with pytest.raises(TypeError, match=r"^on_several\(\) result \(int32_t\) must be a bool"):
        bound.several(lambda user: (1, 0.5, True, 16))


def test_memory_whose_length_is_the_result(bound: Any) -> None:
    pieces = iter([b"ab", bytearray(b"c"), memoryview(b"xdx")[1:2], b""])
    assert bound.read_all(lambda user: next(pieces)) == sum(b"abcd")
    assert bound.read_all(lambda user: None) == -1000, "NULL"
    with pytest.raises(StopIteration):
        bound.read_all(lambda user: next(pieces))
    with pytest.raises(TypeError, match=r"^on_read\(\) result .* must be a buffer, not str"):
        bound.read_all(lambda user: "text")


def test_memory_is_kept_until_the_next_call(bound: Any) -> None:
    class Piece(bytearray):
        pass

    made: list[weakref.ref[Piece]] = []
    exported: list[Piece] = []

    def read(user: int | None) -> bytes | bytearray | None:
        if len(made) > 2:
            return None
        piece = Piece(b"%d..." % len(made))
        made.append(weakref.ref(piece))
        exported[:] = [piece]
        return piece

    bound.keep_reader(read)
    for number in range(3):
        address = bound.read_kept()
        if LOCKS_BUFFERS:
            with pytest.raises(BufferError):
                exported[0].clear()
        exported.clear()
        let_go()
        assert bound.byte_at(address) == ord("0") + number
        assert [each() is None for each in made] == [True] * number + [False]
    assert bound.read_kept() is None
    let_go()
    assert made[2]() is None


def test_a_text_with_its_length(bound: Any) -> None:
    assert bound.text(lambda n: "x" * n + "A", 4) == 5065
    assert bound.text(lambda n: "\u00fc", 4) == 2000 + 0xBC
    with pytest.raises(OverflowError, match=r"^on_text\(\) parameter 'n' .* cannot count 256"):
        bound.text(lambda n: "x" * 256, 4)
    with pytest.raises(TypeError, match=r"^on_text\(\) result .* must be str, not int"):
        bound.text(lambda n: 7, 1)
    with pytest.raises(TypeError, match=r"^on_text\(\) result .* must be str, not NoneType"):
        bound.text(lambda n: None, 1)


def test_memory_that_is_the_result(bound: Any) -> None:
    assert bound.name(lambda: "n\u00e4me") == 5
    assert bound.name(lambda: None) == -1


def test_memory_of_a_size(bound: Any) -> None:
    assert bound.numbers(lambda n: [1.5] * n, 3) == 4.5
    assert bound.numbers(lambda n: (c_double * n)(*range(n)), 4) == 6
    with pytest.raises(ValueError, match=r"^on_numbers\(\) result .* 3 \(n\) items, not 2"):
        bound.numbers(lambda n: [1.5] * 2, 3)


def test_structures(bound: Any) -> None:
    assert bound.point_of(lambda: Point(3, 4)) == 304, "it is kept alive"
    assert bound.point_of(lambda: None) == -1
    with pytest.raises(TypeError, match=r"^on_point\(\) result"):
        bound.point_of(lambda: 7)


def test_handles(bound: Any) -> None:
    box = bound.box_open(8)
    assert bound.number_of(lambda: box) == 8
    assert bound.number_of(lambda: None) == -1
    box.close()
    with pytest.raises(ValueError, match=r"^get_own\(\) result \(Own \*\) is closed"):
        bound.number_of(lambda: box)
    fd = bound.fd_open(5)
    assert bound.fd_of(lambda: fd) == 5
    assert bound.fd_of(lambda: None) == -1, "its invalid one"
    with pytest.raises(TypeError, match="must be a Fd"):
        bound.fd_of(lambda: 0)
    assert bound.last_number.value == -1


def test_functions_of_c_with_the_same_declaration(bound: Any) -> None:
    api = Api()
    bound.fill(api)
    assert api.number is not None
    assert api.read is not None
    assert api.number(7) == (7, 8)
    assert api.read(None) == b"of"
    with pytest.raises(ValueError, match="would have -30 items"):
        api.read(1)


def test_what_is_refused() -> None:
    def refusal(result: Any) -> str:
        def f(n: Int, /) -> result: ...

        with pytest.raises(DeclarationError) as caught:
            Callback(f)
        return str(caught.value)

    assert "Returned(str, In(c_char, TERMINATED)) for a text" in refusal(
        Annotated[str, None, Returned(str, c_char_p)]
    )
    only = "a Callback gets values only. What C gets through a pointer is Returned"
    assert only in refusal(Annotated[int, c_int, Constant(c_int, 0)])
    assert only in refusal(Annotated[bytes, None, Filled(bytes, c_char, 4)])
    assert "char cannot be stored" in refusal(Annotated[bytes, None, Returned(bytes, c_char)])
    memory = Returned(bytes, In(c_char), name="data")
    assert "how many items are there?" in refusal(Annotated[bytes, None, memory])
    assert "int or bool stands for int32_t, not None" in refusal(Annotated[None, c_int])
    twice = Annotated[bytes, c_int, memory, Length(c_size_t, "data"), Written("data")]
    assert "say the same" in refusal(twice)
    for word in (Owned, Borrowed, Raises(OSError)):
        assert "has no meaning here" in refusal(
            Annotated[Box, None, Returned(Box, c_void_p, word)]
        )
    by_function = Returned(bytes, In(c_char, lambda n: n), name="data")
    assert "in a Callback, a size is" in refusal(Annotated[bytes, None, by_function])
    assert "capacity=True" in refusal(
        Annotated[bytes, None, memory, Length(c_size_t, "data", capacity=True)]
    )
    items = Returned(list[str], ArrayOf(c_char_p, "n"))
    assert "nothing stands for" in refusal(Annotated[list[str], None, items])


HEADER = """
#include <stddef.h>
typedef ptrdiff_t (*on_read)(void *, const void **, size_t *);
typedef int (*on_number)(int, short *);
void reads(on_read f);
void counts(on_number f);
"""

BINDING = """
from collections.abc import Callable
from ctypes import c_int, c_int16, c_size_t, c_ssize_t, c_void_p
from typing import Annotated, Any
from pyexample.ffi import Callback, In, Length, Library, Returned
lib = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
@Callback
def on_read(
    user: Annotated[
        int | None, c_void_p, Returned(bytes, In(None), name="data"), Length(c_size_t, "data")
    ], /,
) -> Annotated[tuple[int, bytes], c_ssize_t]: ...
@Callback
def on_number(n: Annotated[int, c_int, Returned(int, c_int16)], /) -> Annotated[
    tuple[int, int], c_int
]: ...
@lib.function
def reads(f: Annotated[Any, on_read], /) -> None: ...
@lib.function
def counts(f: Annotated[Any, on_number], /) -> None: ...
"""


@pytest.mark.parametrize(
    ("right", "wrong", "verdicts"),
    [
        ("", "", {}),
        ("short *", "const short *", {"counts": ["error written"]}),
        ("short *", "short", {"counts": ["error kind"]}),
        ("short *", "int *", {"counts": ["error target width"]}),
        ("const void **", "const void *const *", {"reads": ["error written"]}),
        ("const void **", "const void *", {"reads": ["error written"]}),
        ("size_t *", "const size_t *", {"reads": ["error written"]}),
    ],
)
def test_the_checker(
    binding: Bind, right: str, wrong: str, verdicts: dict[str, list[str]]
) -> None:
    assert right in HEADER
    found = binding(HEADER.replace(right, wrong, 1), BINDING).verdicts()
    assert found == verdicts
