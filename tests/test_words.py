"""Every word of the declaration language, in every place, for every kind of C type.

What TABLE has is accepted and works; all else is a DeclarationError that names what is right.
"""

import ctypes
import itertools
import os
import re
from collections.abc import Callable, Iterator
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
)
from enum import IntEnum
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import (
    CLOSES,
    Buffer,
    Callback,
    Count,
    DeclarationError,
    Encoding,
    FreedBy,
    Handle,
    In,
    Keep,
    Library,
    Out,
    Returned,
    Status,
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

TABLE: dict[Any, dict[Any, str]] = {
    c_int: {int: "PROFAB", Color: "PROFAB"},
    c_uint8: {int: "PROFAB", Color: "PROFAB"},
    c_uint64: {int: "PROFAB", Color: "PROFAB"},
    c_bool: {bool: "PROFAB"},
    c_float: {float: "PROFAB"},
    c_double: {float: "PROFAB"},
    c_longdouble: {float: "PROFA" if ctypes.sizeof(c_longdouble) > 8 else "PROFAB"},
    c_char: {bytes: "PROFA"},
    c_wchar: {str: "PROFA"},
    c_char_p: dict.fromkeys([bytes, bytes | None, str, str | None], "PROFA"),
    c_wchar_p: dict.fromkeys([str, str | None], "PROFA"),
    c_void_p: {int: "PROFAB", int | None: "PROFAB", Box: "PROA", Box | None: "PROA"},
    Point: {Point: "PROFA", Any: "PROFA"},
    Either: {Any: "OF"},
    Packed: {Any: "OF"},
    Ints: {Any: "POF"},
    Chars: {Any: "POF", bytes: "F"},
    Points: {
        Point: "PROA", Point | None: "PROA", Any: "PROFA", Any | None: "PROFA",
        Points: "PROFA", Points | None: "PROFA",
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
    c_int: "int stands for int32_t",
    c_uint8: "int stands for uint8_t",
    c_uint64: "int stands for uint64_t",
    c_bool: "bool stands for bool",
    c_float: "float stands for float",
    c_double: "float stands for double",
    c_longdouble: "float stands for ",
    c_char: "bytes stands for char",
    c_wchar: "str stands for wchar_t",
    c_char_p: "bytes or str stands for char *",
    c_wchar_p: "str stands for wchar_t *",
    c_void_p: "int stands for void *|a field holds an address, an int",
    Point: "Point or Any stands for Point",
    Either: "is passed by pointer, not by value|Either or Any stands for Either",
    Packed: "is passed by pointer, not by value|Packed or Any stands for Packed",
    Ints: "by its address, a POINTER to its items|c_int_Array_4 or Any stands for c_int_Arra",
    Chars: "by its address, a POINTER|c_char_Array_8 or Any stands|bytes or Any stands"
    "|bytes stands for char.8.|elsewhere it is a buffer, In.c_char.",
    Points: "Point or LP_Point or (Array or )?Any stands for LP_Point|LP_Point or Any stands",
    Prototype: "is a Callback in a parameter or field|or Any stands for CFunctionType",
    on_number: "Callable stands for on_number|a callback has no meaning here",
    Derived: "derived from c_int: declare that one",
}


def name_of(ctype: Any) -> str:
    return getattr(ctype, "__name__", None) or str(ctype.name)


def declare(place: str, python_type: Any, *words: Any) -> None:
    """Declare something in one place, and nothing else that could be refused."""
    annotation = Annotated[(python_type, *words)]  # type: ignore[valid-type]

    def function(it, /):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    plain = Annotated[int, c_int]
    function.__annotations__ = {"it": plain, "return": None}
    if place == "F":
        struct(type("S", (Structure,), {"__annotations__": {"it": annotation}}))
    elif place == "O":
        Returned(python_type, *words)
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
            null = "it cannot be None" in said and "None" in str(python_type)
            no_result = place == "B" and "cannot be returned" in said
            assert null or no_result or re.search(RIGHT[ctype], said), (python_type, said)


WORDS: dict[str, tuple[Any, dict[tuple[Any, Any], str]]] = {
    "range": (
        range(0, 9),
        {(each, it): "PROFAB" for each in (c_int, c_uint8, c_uint64) for it in (int, Color)},
    ),
    "Encoding": (
        Encoding("latin-1"),
        {(c_char_p, str): "PROFA", (c_char_p, str | None): "PROFA"},
    ),
    "FreedBy": (
        FreedBy(print),
        {
            (ctype, each): "RO"
            for ctype in (c_char_p, c_wchar_p)
            for each in TABLE[ctype]
        },
    ),
    "CLOSES": (CLOSES, {(c_void_p, Box): "P", (c_void_p, Box | None): "P"}),
    "Keep": (Keep("it"), {}),  # it names a handle, and stands behind a callback
    "7": (7, {}),
    "c_int": (c_int, {}),
}  # fmt: skip
"""Words that stand behind a C type: behind which, for which Python types, in which places."""


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
                    reasons = (
                        "cannot stand behind",
                        "has no meaning here",
                        "Keep needs a handle",
                    )
                    assert any(each in said for each in reasons)
                    assert " object at 0x" not in said
                twice = refused(place, python_type, ctype, item, item)
                assert "cannot stand behind" in twice or "no meaning here" in twice


@pytest.mark.parametrize("place", PLACES, ids=PLACES.get)
def test_words_in_place_of_a_c_type(place: str) -> None:
    done: list[tuple[Any, Any]] = [
        (In(c_int), Buffer), (Out(c_int), Buffer), (Out(None), bytearray), (In(c_int), Any),
        (Count(c_int, "it"), Buffer), (Returned(int, c_int), int),
        (Status(c_int, failure), None), (Status(c_int, failure), int),
        (Status(c_int, failure, success=Color), Color), (Status(c_int), None),
    ]  # fmt: skip
    for word, python_type in done:
        said = refused(place, python_type, word)
        accepted = {"In": "P", "Out": "P", "Status": "R"}.get(type(word).__name__, "")
        assert bool(said) != (place in accepted), (word, said)
        assert " object at 0x" not in said
    for word, python_type in itertools.product(
        [In(c_int), Out(None)], [int, str, None, list[int]]
    ):
        said = refused(place, python_type, word)
        assert said
        assert place != "P" or f"for {word!r}" in said or f"{word!r} cannot be None" in said
    for optional in (Buffer | None, bytes | None):
        assert "cannot be None" in refused("P", optional, In(c_int))


@pytest.mark.parametrize(
    "ctype", [each for each in TABLE if each not in (c_int, c_uint8, c_uint64)]
)
def test_a_status_is_an_integer(ctype: Any) -> None:
    """On a handle, a successful call would raise and leak."""
    for python_type in (None, int, Box, Box | None, *TABLE[ctype]):
        said = refused("R", python_type, Status(ctype, failure))
        assert (
            "a Status is an integer, not" in said
            or "is not a ctypes type" in said
            or (ctype is Derived and "declare that one" in said)
        )


def test_codes_of_a_status() -> None:
    with pytest.raises(DeclarationError, match="success is codes, such as"):
        Status(c_int, failure, success=0)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="success is codes, such as"):
        Status(c_int, failure, success="ok")  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="success needs an error"):
        Status(c_int, success=range(3))
    with pytest.raises(DeclarationError, match="error is called to make one"):
        Status(c_int, 7)  # type: ignore[arg-type]
    for success in ((-1,), (0, 256), range(0, 257), range(-1, 3)):
        said = refused("R", int, Status(c_uint8, failure, success=success))
        assert "goes beyond uint8_t" in said
    assert "Color lacks the codes [0, 1," in refused(
        "R", Color, Status(c_int, failure, success=range(2**31))
    )
    assert "cannot stand behind" in refused("R", int, Status(c_int, failure), range(3))


class Large(IntEnum):
    MUCH = 300


def test_an_enumeration_fits() -> None:
    for place in PLACES:
        assert "goes beyond uint8_t" in refused(place, Large, c_uint8)
        assert refused(place, Large, c_int) == ""


@pytest.mark.parametrize("release_gil", [0, -1, 2**63, 2**70, 1.0, None, "x", 2**63 - 1])
def test_release_gil(package: Package, release_gil: Any) -> None:
    package.compile("void nothing(void) {}")
    library = Library("c", f"{package.name}.module")

    def nothing() -> None: ...

    with pytest.raises(
        DeclarationError, match=r"^release_gil is True, False, or a number of b"
    ):
        library.function(release_gil=release_gil)(nothing)
    assert library.declarations == {}
    for right in (True, False, 1, 2**62):
        library.function(release_gil=right)(nothing)()


C_TYPES = {
    c_int: "int", c_uint8: "uint8_t", c_uint64: "uint64_t", c_bool: "_Bool", c_float: "float",
    c_double: "double", c_longdouble: "long double", c_char: "char", c_wchar: "wchar_t",
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
            for place in places if ctype in C_TYPES else "":
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
    if getattr(python_type, "__args__", None) and type(None) in python_type.__args__:
        bare, is_nullable = python_type.__args__[0], True
    sample = SAMPLES.get((ctype, bare)) or SAMPLES.get(bare)
    if bare is Box:
        sample = Box.adopt(4096, owned=False)
    for value in (sample, None) if is_nullable else (sample,):
        wanted = plain(value)
        if place in "PR":
            found = plain(bind("echo", it, returns=it)(value))
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
            assert plain(bind("read", Annotated[kind, POINTER(kind)], returns=it)(s)) == wanted
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
                "call", Annotated[Callable[..., Any], Callback(made["f"])], it, returns=it
            )
            found = plain(call(lambda it: it, value))
        assert found == wanted
