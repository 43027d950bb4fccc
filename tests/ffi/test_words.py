"""Every word of the declaration language, in every place, for every kind of C type.

What TABLE has is accepted and works; all else is a DeclarationError that names what is right.
"""

import ctypes
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from ctypes import (
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_longdouble,
    c_uint8,
    c_uint64,
    c_void_p,
    c_wchar,
    c_wchar_p,
    py_object,
)
from enum import IntEnum
from typing import Annotated, Any, Protocol, get_args

import pytest
from support import Package

from pyexample.ffi import (
    UNCHECKED,
    Anonymous,
    Bits,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    CountedBy,
    DeclarationError,
    Encoding,
    Handle,
    In,
    Keep,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    SameThread,
    struct,
)  # fmt: skip
from pyexample.ffi.declaration import Declaration


class Color(IntEnum):
    RED = 7


class Box(Handle):
    pass


class Point(Structure):
    _fields_ = (("x", c_int), ("y", c_int))


class Either(ctypes.Union):
    _fields_ = (("x", c_int), ("y", c_float))


class Packed(Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("x", c_uint8), ("y", c_int))


class Derived(c_int):
    pass


@Callback
def on_number(number: Annotated[int, c_int], /) -> Annotated[int, c_int]:
    raise NotImplementedError


def failure(code: int, function: str, values: tuple[Any, ...]) -> Exception:
    return RuntimeError(code)


Ints, Chars, Prototype = c_int * 4, c_char * 8, ctypes.CFUNCTYPE(c_int, c_int)
Points = POINTER(Point)
Function = Callable[[int], int]

PLACES = {
    "P": "parameter",
    "R": "result",
    "O": "Returned",
    "F": "field",
    "A": "callback's parameter",
    "B": "callback's result",
}

LONG_DOUBLE = "PROFA" if ctypes.sizeof(c_longdouble) > 8 else "PROFAB"
if sys.implementation.name == "pypy":
    LONG_DOUBLE = ""

TABLE: dict[Any, dict[Any, str]] = {
    c_int: {int: "PROFAB", bool: "PROFAB", Color: "PROFAB", None: "R"},
    c_uint8: {int: "PROFAB", bool: "PROFAB", Color: "PROFAB", None: "R"},
    c_uint64: {int: "PROFAB", bool: "PROFAB", Color: "PROFAB", None: "R"},
    c_bool: {bool: "PROFAB", None: "R"},
    c_float: {float: "PROFAB"},
    c_double: {float: "PROFAB"},
    c_longdouble: {float: LONG_DOUBLE},
    c_char: {bytes: "PROFA"},
    c_wchar: {str: "PROFA"},
    c_char_p: dict.fromkeys([bytes, bytes | None, str, str | None], "PROFA"),
    c_wchar_p: dict.fromkeys([str, str | None], "PROFA"),
    c_void_p: {int: "PROFAB", int | None: "PROFAB", Box: "PAB", Box | None: "PAB"},
    Point: {Point: "PROFAB", Any: "PROFAB"},
    Either: {Any: "OF"},
    Packed: {Any: "OF"},
    Ints: {Any: "POF"},
    Chars: {Any: "POF", bytes: "F"},
    Points: {
        Point: "PFAB", Point | None: "PFAB", Any: "PROFAB", Any | None: "PROFAB",
        Points: "PROFAB", Points | None: "PROFAB",
    },
    Prototype: {Any: "P"},
    on_number: {Function: "PF", Function | None: "PF", Any: "PF", Any | None: "PF"},
    Derived: {},
}  # fmt: skip
"""By C type, by Python type: the places where this stands for that."""

PYTHON_TYPES = [
    *dict.fromkeys(itertools.chain(*TABLE.values())),
    None, int | str, float | None, bool | None, Color | None, Buffer, list[int],
]  # fmt: skip

RIGHT = {
    c_int: "int or bool stands for int32_t|c_void_p stands for a Box, not int32_t",
    c_uint8: "int or bool stands for uint8_t|c_void_p stands for a Box, not uint8_t",
    c_uint64: "int or bool stands for uint64_t|c_void_p stands for a Box, not uint64_t",
    c_bool: "bool stands for bool",
    c_float: "float stands for float",
    c_double: "float stands for double",
    c_longdouble: "float stands for |PyPy's ctypes passes no long double",
    c_char: "bytes stands for char",
    c_wchar: "str stands for wchar_t",
    c_char_p: "bytes or str stands for char *",
    c_wchar_p: "str stands for wchar_t *",
    c_void_p: "int stands for void *|a field holds an address, an int|who closes the Box",
    Point: "Point or Any stands for Point",
    Either: "is passed by pointer, not by value|Either or Any stands for Either",
    Packed: "is passed by pointer, not by value|Packed or Any stands for Packed",
    Ints: "by its address, a POINTER to its items|Array.int., or what its items are|"
    f"{Ints.__name__} or Any stands for",
    Chars: "by its address, a POINTER|c_char_Array_8 or Any stands|bytes or Any stands"
    "|bytes stands for char.8.|elsewhere it is a buffer, In.c_char.",
    Points: "Point or LP_Point or (Array or )?Any stands for LP_Point|who owns the Point",
    Prototype: "is a Callback in a parameter or field|or Any stands for CFunctionType",
    on_number: "Callable stands for on_number|a callback has no meaning here",
    Derived: f"derived from {c_int.__name__}: declare that one",
}


def name_of(ctype: Any) -> str:
    return getattr(ctype, "__name__", None) or str(ctype.name)


def declare(place: str, python_type: Any, *words: Any) -> None:
    """Declare something in one place, and nothing else that could be refused."""
    annotation = Annotated[(python_type, *words)]

    def function(it, /):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    plain = Annotated[int, c_int]
    function.__annotations__ = {"it": plain, "return": None}
    if place == "F":
        struct(type("S", (Structure,), {"__annotations__": {"it": annotation}}))
    elif place == "O":

        def find_out() -> None: ...

        returned = Returned(python_type, *words)
        find_out.__annotations__["return"] = Annotated[python_type, None, returned]
        Declaration(find_out)
    else:
        function.__annotations__["return" if place in "RB" else "it"] = annotation
        (Callback if place in "AB" else Declaration)(function)


def refused(place: str, python_type: Any, *words: Any) -> str:
    """What is said, or "" where it is accepted."""
    try:
        declare(place, python_type, *words)
    except DeclarationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("ctype", TABLE, ids=name_of)
@pytest.mark.parametrize("place", PLACES, ids=PLACES.get)
def test_python_types(place: str, ctype: Any) -> None:
    for python_type in PYTHON_TYPES:
        said = refused(place, python_type, ctype)
        accepted = place in TABLE[ctype].get(python_type, "")
        assert bool(said) != accepted, (python_type, said)
        if said:
            null = "it cannot be None" in said and type(None) in get_args(python_type)
            no_result = place == "B" and "cannot be returned" in said
            assert null or no_result or re.search(RIGHT[ctype], said), (python_type, said)


WORDS: dict[str, tuple[Any, dict[tuple[Any, Any], str]]] = {
    "range": (
        range(0, 9),
        {(each, it): "PROFAB" for each in (c_int, c_uint8, c_uint64) for it in (int, Color)}
        | {(Ints, Any): "F"},  # of its items
    ),
    "Bits": (
        Bits(4),
        {
            (each, it): "F"
            for each in (c_int, c_uint8, c_uint64)
            for it in (int, Color, bool)
        }
        | {(Ints, Any): "F"},
    ),
    "Anonymous": (
        Anonymous,
        {(Point, Point): "F", (Point, Any): "F", (Either, Any): "F", (Packed, Any): "F"},
    ),
    "CountedBy": (CountedBy("it"), {}),  # it follows a flexible array
    "Encoding": (
        Encoding("latin-1"),
        {(c_char_p, str): "PROFA", (c_char_p, str | None): "PROFA"},
    ),
    "Owned": (
        Owned(print),
        {
            (ctype, each): "RO"
            for ctype in (c_char_p, c_wchar_p)
            for each in TABLE[ctype]
        },
    ),
    "Closes": (Closes, {(c_void_p, Box): "P", (c_void_p, Box | None): "P"}),
    "Keep": (Keep("it"), {}),  # it names a handle, and follows a callback
    "SameThread": (
        SameThread,
        {(on_number, each): "PF" for each in TABLE[on_number]},
    ),
    "7": (7, {}),
    "c_int": (c_int, {}),
}  # fmt: skip
"""Words that follow a C type: which type, for which Python types, in which places."""


REASONS = (
    "cannot follow",
    "has no meaning here",
    "nothing that Python could keep alive",
    "Keep needs the names of other parameters",
)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("place", PLACES, ids=PLACES.get)
def test_words_behind_a_c_type(place: str, word: str) -> None:
    item, table = WORDS[word]
    for ctype, python_types in TABLE.items():
        for python_type, places in python_types.items():
            if place in places:
                said = refused(place, python_type, ctype, item)
                accepted = place in table.get((ctype, python_type), "")
                assert bool(said) != accepted, (ctype, python_type, said)
                if said:
                    assert any(each in said for each in REASONS)
                    assert " object at 0x" not in said
                twice = refused(place, python_type, ctype, item, item)
                assert any(each in twice for each in REASONS)


@pytest.mark.parametrize("place", PLACES, ids=PLACES.get)
def test_words_in_place_of_a_c_type(place: str) -> None:
    done: list[tuple[Any, Any]] = [
        (In(c_int, 4), Buffer), (Out(c_int, 4), Buffer), (Out(None, 4), memoryview),
        (In(c_int, 4), Any), (In(c_int, 4), Buffer | None),
        (Count(c_int, "it"), Buffer), (Returned(int, c_int), int),
        (Raises(failure), int),
    ]  # fmt: skip
    for word, python_type in done:
        said = refused(place, python_type, word)
        accepted = {"In": "P", "Out": "P"}.get(type(word).__name__, "")
        accepted += "A" if python_type is memoryview else ""
        assert bool(said) != (place in accepted), (word, said)
        assert " object at 0x" not in said
    for word, python_type in itertools.product(
        [In(c_int), Out(None)], [int, str, None, list[int]]
    ):
        said = refused(place, python_type, word)
        assert said
        assert place != "P" or f"for {word!r}" in said


def test_rules_of_failure() -> None:
    with pytest.raises(DeclarationError, match="unless is integers, such as"):
        Raises(failure, unless=0)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="unless is integers, such as"):
        Raises(failure, unless="ok")  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="when or unless, not both"):
        Raises(failure, when="zero", unless=(1,))
    with pytest.raises(DeclarationError, match="when is not 'never', but one of"):
        Raises(failure, when="never")  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="error is called to make one"):
        Raises(7)  # type: ignore[arg-type]
    for codes in ((-1,), (0, 256), range(0, 257), range(-1, 3)):
        for rule in (Raises(failure, unless=codes), Raises(failure, when=codes)):
            assert "goes beyond uint8_t" in refused("R", int, c_uint8, rule)
    assert "Color lacks the codes [0, 1," in refused(
        "R", Color, c_int, Raises(failure, unless=range(2**31))
    )
    for words in ((Raises(failure), range(3)), (range(3), Raises(failure, when=(-1,)))):
        assert not refused("R", int, c_int, *words)
    assert Raises(failure, when=Color).when == frozenset(map(int, Color)), "not as a function"
    with pytest.raises(DeclarationError, match="expected a declared function, not <"):
        Owned(ctypes.CFUNCTYPE(None)())


class OnNumber(Protocol):
    def __call__(self, number: int, /) -> int: ...


def test_a_protocol_is_for_type_checkers() -> None:
    assert refused("P", OnNumber, on_number) == ""
    assert refused("F", OnNumber | None, on_number) == ""
    assert "Callback(on_number) cannot follow int32_t" in refused("P", int, c_int, on_number)


class Large(IntEnum):
    MUCH = 300


def test_an_enumeration_fits() -> None:
    for place in PLACES:
        assert "goes beyond uint8_t" in refused(place, Large, c_uint8)
        assert refused(place, Large, c_int) == ""


def test_python_objects() -> None:
    """C passes them on, but what C gives may be NULL: ctypes does not look."""
    said = "C may give NULL, which is no py_object: declare an address, c_void_p"
    for python_type in (Any, Any | None, object):
        for place in PLACES:
            refusal = refused(place, python_type, py_object)
            assert refusal.endswith(said) == (place not in "PF"), place

    @struct(init=False)
    class Holder(Structure):
        held: Annotated[Any, py_object]

    if sys.implementation.name == "cpython":  # PyPy shows the address of its own NULL
        assert repr(Holder()) == "Holder(held=<PyObject is NULL>)"
    assert Holder([7]).held == [7]


@pytest.mark.parametrize("release_gil", [0, -1, 2**63, 2**70, 1.0, None, "x", 2**63 - 1])
def test_release_gil(package: Package, release_gil: Any) -> None:
    package.compile("void nothing(void *buffer) {}")
    library = Library("c", f"{package.name}.module")

    def nothing(buffer: Annotated[Buffer, In(None, UNCHECKED)], /) -> None: ...

    with pytest.raises(
        DeclarationError, match=r"^release_gil is True, False, or a number of b"
    ):
        library.function(release_gil=release_gil)(nothing)
    assert library.declarations == {}
    for right in (True, False, 1, 2**62):
        library.function(release_gil=right)(nothing)(b"")


C_TYPES = {
    c_int: "int", c_uint8: "uint8_t", c_uint64: "uint64_t", c_bool: "_Bool", c_float: "float",
    # Where Python's compiler has no long double of its own, the two are one type to ctypes.
    c_longdouble: "long double", c_double: "double", c_char: "char", c_wchar: "wchar_t",
    c_char_p: "const char *", c_wchar_p: "const wchar_t *", c_void_p: "void *",
    Point: "point", Points: "point *",
}  # fmt: skip

SAMPLES: dict[Any, Any] = {
    int: 7, Color: Color.RED, bool: True, float: 0.5, Point: Point(1, -2),
    (c_char, bytes): b"x", (c_wchar, str): "\xfc", bytes: b"text", str: "Gr\xfc\xdfe",
    (Points, Any): ctypes.pointer(Point(1, -2)), Points: ctypes.pointer(Point(1, -2)),
    Any: Point(1, -2),
}  # fmt: skip

SOURCE = (
    "#include <stdint.h>\n#include <wchar.h>\ntypedef struct { int x, y; } point;\n"
    "#define ALL(name, T) T echo_##name(T it) { return it; }\\\n"
    "void out_##name(T it, T *out) { *out = it; }\\\n"
    "typedef struct { char before; T it; } s_##name;\\\n"
    "T read_##name(s_##name *s) { T it = s->it; return it; }\\\n"
    "T call_##name(T (*f)(T), T it) { return f(it); }\\\n"
    "void pass_##name(void (*f)(T), T it) { f(it); }\n"
    + "".join(f"ALL({number}, {name})\n" for number, name in enumerate(C_TYPES.values()))
)


def plain(value: Any) -> Any:
    """Something that can be compared, of a value and its type."""
    if isinstance(value, Handle):
        return type(value), value.pointer().value
    if hasattr(value, "contents"):
        return type(value), plain(value.contents)
    return type(value), (value.x, value.y) if isinstance(value, Point) else value


def accepted() -> Iterator[Any]:
    for ctype, python_types in TABLE.items():
        for python_type, places in python_types.items():
            # None is for a result that is not returned: there is nothing to compare.
            for place in places if ctype in C_TYPES and python_type else "":
                label = f"{ctype.__name__}-{python_type}-{PLACES[place]}"
                yield pytest.param(ctype, python_type, place, id=label)


@pytest.mark.parametrize(("ctype", "python_type", "place"), [*accepted()])
def test_what_is_accepted_works(
    package: Package, path: str, ctype: Any, python_type: Any, place: str
) -> None:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    library = Library("c", f"{package.name}.module")
    number = list(C_TYPES).index(ctype)
    it = Annotated[python_type, ctype]

    def bind(kind: str, *parameters: Any, returns: Any) -> Any:
        names = ", ".join("abc"[: len(parameters)])
        made: dict[str, Any] = {}
        exec(f"def {kind}_{number}({names}, /): ...", made)  # noqa: S102
        function = made[f"{kind}_{number}"]
        function.__annotations__ = {
            **dict(zip("abc", parameters, strict=False)),
            "return": returns,
        }
        return library.function(function)

    bare, is_nullable = python_type, False
    if type(None) in get_args(python_type):
        bare, is_nullable = get_args(python_type)[0], True
    sample = SAMPLES.get((ctype, bare)) or SAMPLES.get(bare)
    if bare is Box:
        sample = Box.adopt(4096, owned=False)
    back = it
    if bare is Box or (ctype, bare) == (Points, Point):
        back = Annotated[python_type, ctype, Borrowed]
    for value in (sample, None) if is_nullable else (sample,):
        wanted = plain(value)
        if place in "PR":
            found = plain(bind("echo", it, returns=back)(value))
        elif place == "O":
            out = Annotated[python_type, None, Returned(python_type, ctype)]
            found = plain(bind("out", it, returns=out)(value))
        elif place == "F":
            kind: Any = type(
                "S",
                (Structure,),
                {"__annotations__": {"before": Annotated[bytes, c_char], "it": it}},
            )
            s = struct(kind)(b"a", value)
            found = plain(s.it)
            assert (
                plain(bind("read", Annotated[kind, POINTER(kind)], returns=back)(s)) == wanted
            )
        elif place == "A":
            seen: list[Any] = []
            made: dict[str, Any] = {}
            exec("def f(it, /): ...", made)  # noqa: S102
            made["f"].__annotations__ = {"it": it, "return": None}
            bind("pass", Annotated[Callable[..., None], Callback(made["f"])], it, returns=None)(
                lambda it, seen=seen: seen.append(plain(it)), value
            )
            (found,) = seen
        else:
            made = {}
            exec("def f(it, /): ...", made)  # noqa: S102
            made["f"].__annotations__ = {"it": it, "return": it}
            call = bind(
                "call", Annotated[Callable[..., Any], Callback(made["f"])], it, returns=back
            )
            found = plain(call(lambda it: it, value))
        assert found == wanted
    if path == "builtin" and place in "PRO" and ctype is not c_longdouble:
        assert library.fallbacks == {}


MORE = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
typedef struct { int x, y; } point;
int same(int n) { return n; }
void out(int n, int *o) { *o = n; }
int pass(int (*f)(int), int n) { return f(n); }
int64_t count(int64_t n) { return n; }
static point here = { 1, -2 };
point *find(int n) { return n ? &here : NULL; }
point *find_or_not(int n) { return find(n); }
point *find_any(int n) { return find(n); }
void find_out(int n, point **o) { *o = find(n); }
int told(int (*f)(point *), int n) { return f(find(n)); }
size_t wide_length(const wchar_t *text) { return wcslen(text); }
wchar_t *wide_copy(const wchar_t *text) {
    return wcscpy(malloc((wcslen(text) + 1) * sizeof *text), text); }
static int freed;
const wchar_t *wide_same(const wchar_t *text) { return text; }
void give_back(void *p) { freed++; free(p); }
int how_many_freed(void) { return freed; }
"""

Int = Annotated[int, c_int]
Digit = Annotated[int, c_int, range(10)]


@pytest.fixture
def more(package: Package, path: str) -> Library:
    package.compile(MORE)
    return Library("c", f"{package.name}.module")


def test_a_range_is_checked_where_c_says_the_number(more: Library, path: str) -> None:
    @more.function
    def same(n: Int, /) -> Digit:
        raise NotImplementedError

    @more.function
    def out(n: Int, /) -> Annotated[int, None, Returned(int, c_int, range(10))]:
        raise NotImplementedError

    S: Any = struct(type("S", (Structure,), {"__annotations__": {"n": Digit}}))  # noqa: N806
    s = S(9)
    for n in (0, 9):
        c_int.from_buffer(s).value = n
        assert same(n) == out(n) == s.n == n
    for n in (-1, 10):
        c_int.from_buffer(s).value = n
        for function, where in ((same, r"same\(\) result"), (out, r"out\(\) result")):
            with pytest.raises(ValueError, match=rf"^{where} \(int32_t\) is {n}, which is not"):
                function(n)
        with pytest.raises(ValueError, match=rf"^S.n \(int32_t\) is {n}, which is not in 0..9"):
            _ = s.n


def test_a_range_is_checked_in_a_callback(more: Library) -> None:
    @Callback.failing_with(9)
    def digit(n: Digit, /) -> Digit:
        raise NotImplementedError

    def declare(function: Any) -> Any:
        function.__name__ = "pass"
        return more.function(function)

    @declare
    def pass_(f: Annotated[Callable[[int], int], digit], n: Int, /) -> Int:
        raise NotImplementedError

    assert pass_(lambda n: n, 9) == 9
    for n in (10, -1):
        where = rf"^digit\(\) parameter 'n' \(int32_t\) is {n}, which is not in 0..9"
        with pytest.raises(ValueError, match=where):
            pass_(lambda n: 0, n)
    with pytest.raises(OverflowError, match=r"^digit\(\) result .*must be in 0..9"):
        pass_(lambda n: 10, 1)


def test_billions_of_codes_of_success(more: Library) -> None:
    @more.function
    def same(n: Int, /) -> Annotated[int, c_int, Raises(failure, unless=range(2**31))]:
        raise NotImplementedError

    @more.function
    def count(
        n: Annotated[int, ctypes.c_int64], /
    ) -> Annotated[int, ctypes.c_int64, Raises(failure, unless=range(2**63))]:
        raise NotImplementedError

    for n in (0, 1, 4096, 2**31 - 1):
        assert same(n) == count(n) == n
    assert count(2**63 - 1) == 2**63 - 1
    for function in (same, count):
        for n in (-1, -(2**31)):
            with pytest.raises(RuntimeError, match=f"^{n}$"):
                function(n)


def test_null_pointers_to_structs(more: Library) -> None:
    @more.function
    def find(n: Int, /) -> Annotated[Point, Points, Borrowed]:
        raise NotImplementedError

    @more.function
    def find_or_not(n: Int, /) -> Annotated[Point | None, Points, Borrowed]:
        raise NotImplementedError

    @more.function
    def find_any(n: Int, /) -> Annotated[Any, Points]:
        raise NotImplementedError

    @more.function
    def find_out(
        n: Int, /
    ) -> Annotated[Point | None, None, Returned(Point | None, Points, Borrowed)]:
        raise NotImplementedError

    @Callback
    def on_point(point: Annotated[Point | None, Points], /) -> Int:
        raise NotImplementedError

    @more.function
    def told(f: Annotated[Callable[[Any], int], on_point], n: Int, /) -> Int:
        raise NotImplementedError

    for here in (find(1), find_or_not(1), find_any(1).contents, find_out(1)):
        assert type(here) is Point
        assert (here.x, here.y) == (1, -2)
    assert told(lambda point: -7 if point is None else int(point.y), 1) == -2
    assert told(lambda point: -7 if point is None else int(point.y), 0) == -7
    find(1).x = 5
    found = find_or_not(1)
    assert found is not None
    assert found.x == 5, "it is C's memory, not a copy"
    assert find_or_not(0) is None
    assert find_out(0) is None
    for function in (find, find_any):
        with pytest.raises(
            ValueError, match=r"result \(LP_Point\) is a null pointer, which its"
        ):
            function(0)


def test_wide_strings(more: Library) -> None:
    Wide = Annotated[str, c_wchar_p]  # noqa: N806

    @more.function
    def wide_length(text: Wide, /) -> Annotated[int, ctypes.c_size_t]:
        raise NotImplementedError

    @more.function
    def give_back(memory: Annotated[int, c_void_p], /) -> None: ...

    @more.function
    def how_many_freed() -> Int:
        raise NotImplementedError

    @more.function
    def wide_copy(text: Wide, /) -> Annotated[str, c_wchar_p, Owned(give_back)]:
        raise NotImplementedError

    @more.function
    def wide_same(text: Wide, /) -> Annotated[str, c_wchar_p, Borrowed]:
        raise NotImplementedError

    before = how_many_freed()
    assert wide_length("Gr\xfc\xdfe") == 5
    assert wide_copy("Gr\xfc\xdfe") == "Gr\xfc\xdfe"
    assert how_many_freed() == before + 1
    assert wide_same("Gr\xfc\xdfe") == "Gr\xfc\xdfe"
    assert how_many_freed() == before + 1
    nul = (
        r"^wide_length\(\) parameter 'text' \(wchar_t \*\) must not contain NUL.* character 1$"
    )
    with pytest.raises(ValueError, match=nul):
        wide_length("a\0b")
    with pytest.raises(TypeError, match="must be str, not bytes"):
        wide_length(b"a")  # type: ignore[arg-type]


def test_texts_of_fields() -> None:
    annotations = {
        "byte": Annotated[bytes, c_char],
        "letter": Annotated[str, c_wchar],
        "name": Annotated[bytes, Chars],
        "wide": Annotated[str, c_wchar * 4],
        "title": Annotated[str | None, c_wchar_p],
    }
    S: Any = struct(type("S", (Structure,), {"__annotations__": annotations}))  # noqa: N806
    s = S(b"\0", "\xfc", b"12345678", "abcd", None)
    assert (s.byte, s.letter, s.name, s.wide, s.title) == (
        b"\0", "\xfc", b"12345678", "abcd", None,
    )  # fmt: skip
    s.title = "Gr\xfc\xdfe"
    assert s.title == "Gr\xfc\xdfe"
    for field, value, error, message in [
        ("byte", b"", ValueError, r"S.byte \(char\) must be one byte, not 0"),
        ("byte", b"ab", ValueError, r"S.byte \(char\) must be one byte, not 2"),
        ("byte", 7, TypeError, r"S.byte \(char\) must be bytes, not int"),
        ("letter", "ab", ValueError, r"S.letter \(wchar_t\) must be one character, not 2"),
        (
            "name",
            b"a\0b",
            ValueError,
            r"S.name \(char\[8\]\) must not contain NUL.* at byte 1: d",
        ),
        ("name", b"123456789", ValueError, r"S.name \(char\[8\]\) cannot hold 9 of them"),
        ("name", "x", TypeError, r"S.name \(char\[8\]\) must be bytes, not str"),
        (
            "wide",
            "a\0b",
            ValueError,
            r"S.wide \(wchar_t\[4\]\) must not contain NUL.* character",
        ),
        ("title", "a\0b", ValueError, r"S.title \(wchar_t \*\) must not contain NUL"),
    ]:
        with pytest.raises(error, match=f"^{message}"):
            setattr(s, field, value)


def test_words_are_shown_as_they_were_written() -> None:
    size = ctypes.c_size_t.__name__
    words = Closes(), Keep("a", slot="b"), Count(ctypes.c_size_t, "a"), In(None)
    assert list(map(repr, words)) == [
        "Closes", "Keep('a', slot='b')", f"Count({size}, 'a')", "In(None)",
    ]  # fmt: skip
    assert repr(Out(c_int, in_place=True)) == f"Out({c_int.__name__}, in_place=True)"
    assert repr(Raises(failure)) == "Raises(failure)"
    assert repr(Encoding("latin-1")) == "Encoding('latin-1')"
    with pytest.raises(LookupError):
        Encoding("utf-8", "no such way")
    with pytest.raises(DeclarationError, match=r"^Owned: expected a declared function, not 7"):
        Owned(7)  # type: ignore[arg-type]


class Item(Handle):
    pass


def test_the_article_of_a_name(more: Library) -> None:
    @more.function
    def give_back(item: Annotated[Item, c_void_p], /) -> None: ...

    with pytest.raises(
        TypeError, match=r"parameter 'item' \(Item \*\) must be an Item, not int"
    ):
        give_back(7)  # type: ignore[arg-type]


def test_the_name_of_a_type_in_quotes() -> None:
    in_quotes: list[Any] = [
        Annotated[name, Points] for name in ("Point", "ctypes._Pointer[Point]")
    ]  # Python makes a ForwardRef of a str in there
    wrong, right = [each.__origin__ for each in in_quotes]
    assert "write Point without quotes" in refused("R", wrong, Points)
    assert refused("R", right, Points) == ""


@pytest.mark.parametrize(
    ("place", "python_type", "ctype", "said"),
    [
        ("P", str, POINTER(c_char), ". A text is c_char_p"),
        (
            "P",
            int,
            POINTER(c_int),
            ". What C fills in is Returned(int, c_int), what it changes",
        ),
        ("P", bytes, Out(c_char, 9), "Memory that the call makes is Filled(bytes, ...)"),
        ("P", list[int], In(c_int, 9), ": ArrayOf(c_int, ...) makes an array of a sequence"),
        ("P", Sequence[int], In(c_int, 9), ": ArrayOf(c_int, ...) makes an array of a seq"),
        ("P", Sequence[int], c_int * 3, ". An array is a buffer, In or Out, or ArrayOf"),
        ("P", Box, POINTER(c_void_p), "if C may replace what it is passed, InOut(c_void_p, O"),
        ("R", str, c_void_p, ". A text is c_char_p, memory is In(None)"),
    ],
)
def test_what_was_meant_is_named(place: str, python_type: Any, ctype: Any, said: str) -> None:
    said = said.replace("c_int", c_int.__name__)  # on Windows c_long
    assert said in refused(place, python_type, ctype)
