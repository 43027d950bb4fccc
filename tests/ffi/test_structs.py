"""Structures: fields that are checked, laid out as C does, by value and by pointer."""

import copy
import ctypes
import inspect
import pickle
import platform
import sys
import weakref
from collections.abc import Callable
from ctypes import (
    POINTER,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int8,
    c_int16,
    c_int32,
    c_int64,
    c_uint8,
    c_uint16,
    c_uint64,
    c_void_p,
)
from enum import IntEnum
from types import BuiltinFunctionType, SimpleNamespace
from typing import Annotated, Any, ClassVar

import pytest
from support import HIGHEST_ADDRESS, Package, let_go

from pyexample.ffi import (
    Callback,
    Closes,
    DeclarationError,
    Encoding,
    Handle,
    Library,
    Owned,
    Raises,
    Returned,
    struct,
)  # fmt: skip
from pyexample.ffi.declaration import Declaration


class Color(IntEnum):
    RED = 1
    GREEN = 2


@Callback
def on_number(number: Annotated[int, c_int], /) -> Annotated[int, c_int]:
    raise NotImplementedError


@struct
class Point(ctypes.Structure):
    x: Annotated[int, c_int16]
    y: Annotated[int, c_int16, range(-10, 11)]


@struct(init=False)
class Mixed(ctypes.Structure):
    byte: Annotated[int, c_uint8]
    flag: Annotated[bool, c_bool]
    color: Annotated[Color, c_int]
    single: Annotated[float, c_float]
    double: Annotated[float, c_double]
    text: Annotated[str | None, c_char_p]
    latin: Annotated[str, c_char_p, Encoding("latin-1")]
    raw: Annotated[bytes | None, c_char_p]
    address: Annotated[int | None, c_void_p]
    point: Annotated[Point, Point]
    corners: Annotated[Any, c_int32 * 3]
    name: Annotated[bytes, c_char * 8]
    next: Annotated[Any, POINTER(c_int)]
    wide: Annotated[int, c_uint64]
    call: Annotated[Callable[[int], int] | None, on_number]


class Plain(ctypes.Structure):
    """The same, as ctypes has it."""

    _fields_ = (
        ("byte", c_uint8),
        ("flag", c_bool),
        ("color", c_int),
        ("single", c_float),
        ("double", c_double),
        ("text", c_char_p),
        ("latin", c_char_p),
        ("raw", c_char_p),
        ("address", c_void_p),
        ("point", Point),
        ("corners", c_int32 * 3),
        ("name", c_char * 8),
        ("next", POINTER(c_int)),
        ("wide", c_uint64),
        ("call", c_void_p),
    )


def test_the_layout_is_that_of_ctypes() -> None:
    assert ctypes.sizeof(Mixed) == ctypes.sizeof(Plain)
    assert [name for name, *_ in Mixed._fields_] == [name for name, _ in Plain._fields_]
    for name, _ in Plain._fields_:
        ours, plain = getattr(Mixed, name), getattr(Plain, name)
        assert (ours.offset, ours.size) == (plain.offset, plain.size), name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("byte", 0),
        ("byte", 255),
        ("flag", True),
        ("color", Color.GREEN),
        ("single", 0.5),
        ("single", float("inf")),
        ("double", -1e300),
        ("text", "Grüße"),
        ("text", None),
        ("latin", "Grüße"),
        ("raw", b"\xff"),
        ("address", HIGHEST_ADDRESS),
        ("address", None),
        ("name", b"12345678"),
        ("wide", 2**64 - 1),
    ],
)
def test_fields(field: str, value: Any) -> None:
    mixed = Mixed()
    setattr(mixed, field, value)
    read = getattr(mixed, field)
    assert read == value
    assert type(read) is type(value)
    assert getattr(Mixed(**{field: value}), field) == value
    if field in ("byte", "double", "wide"):
        assert getattr(Plain.from_buffer_copy(mixed), field) == value


def test_a_text_is_encoded_as_declared() -> None:
    mixed = Mixed(text="ü", latin="ü")
    plain = Plain.from_buffer(mixed)
    assert (plain.text, plain.latin) == ("ü".encode(), b"\xfc")


@pytest.mark.parametrize(
    ("field", "value", "error", "message"),
    [
        ("byte", 256, OverflowError, "byte (uint8_t) must be in 0..255, not 256"),
        ("byte", -1, OverflowError, "byte (uint8_t) must be in 0..255, not -1"),
        ("byte", 1.0, TypeError, "byte (uint8_t) must be an integer, not float"),
        ("flag", 1, TypeError, "flag (bool) must be a bool, not int"),
        (
            "color",
            2**31,
            OverflowError,
            "color (int32_t) must be in -2147483648..2147483647",
        ),
        ("single", 1e39, OverflowError, "single (float) cannot hold 1e+39"),
        ("double", 10**400, OverflowError, "double (double) cannot hold so large a number"),
        ("double", "1", TypeError, "double (double) must be a number, not str"),
        ("text", b"x", TypeError, "text (char *) must be str, not bytes"),
        ("text", "a\0", ValueError, "text (char *) must not contain NUL, which ends a string"),
        ("latin", None, TypeError, "latin (char *) must be str, not NoneType"),
        ("raw", "x", TypeError, "raw (char *) must be bytes, not str"),
        (
            "address",
            2**64,
            OverflowError,
            f"address (void *) must be in 0..{HIGHEST_ADDRESS}, not ",
        ),
        ("wide", -1, OverflowError, f"wide (uint64_t) must be in 0..{2**64 - 1}, not -1"),
        ("call", 7, TypeError, "call (on_number) must be callable, not int"),
    ],
)
def test_refused(field: str, value: Any, error: type[Exception], message: str) -> None:
    mixed = Mixed(byte=7)
    before = bytes(mixed)
    with pytest.raises(error) as caught:
        setattr(mixed, field, value)
    assert str(caught.value).startswith(f"Mixed.{message}")
    assert bytes(mixed) == before
    with pytest.raises(error):
        Mixed(**{field: value})


def test_refused_by_others() -> None:
    with pytest.raises(UnicodeEncodeError):
        Mixed(latin="€")
    with pytest.raises(OverflowError, match=r"^Point.y \(int16_t\) must be in -10..10, not 11"):
        Point(0, 11)
    with pytest.raises(TypeError):
        Mixed(point=7)
    with pytest.raises(TypeError, match="too many initializers"):
        Point(1, 2, 3)  # type: ignore[call-arg]


def test_nested_and_in_arrays() -> None:
    mixed = Mixed(point=Point(1, 2))
    mixed.point.x = 32767
    assert (mixed.point.x, mixed.point.y) == (32767, 2)
    with pytest.raises(OverflowError, match=r"^Point.x"):
        mixed.point.x = 32768
    mixed.corners[:] = [1, 2, 3]
    assert [*mixed.corners] == [1, 2, 3]
    points = (Point * 3)(Point(1, 2), Point(3, 4))
    assert [(each.x, each.y) for each in points] == [(1, 2), (3, 4), (0, 0)]
    with pytest.raises(OverflowError, match=r"^Point.y"):
        points[2].y = 99


def test_a_field_may_have_the_name_of_an_attribute_of_pointers() -> None:
    @struct
    class Box(ctypes.Structure):
        contents: Annotated[int, c_int]

    @struct
    class Outer(ctypes.Structure):
        box: Annotated[Box, Box]

    outer = Outer(Box(3))
    assert outer.box.contents == 3


def test_a_repr_shows_the_fields() -> None:
    assert repr(Point(1, -2)) == "Point(x=1, y=-2)"
    shown = repr(Mixed(text="x", color=Color.RED, point=(3, 4), corners=(1, 2, 3), name=b"me"))
    assert "text='x', latin=None, raw=None, address=None, point=Point(x=3, y=4)" in shown
    assert "corners=[1, 2, 3], name=b'me', " in shown
    assert f"color={Color.RED!r}" in shown


def test_what_c_wrote_and_the_declaration_rules_out() -> None:
    mixed = Mixed()
    with pytest.raises(ValueError, match=r"^Mixed.color \(int32_t\) is 0, no Color$"):
        mixed.color  # noqa: B018
    text = ctypes.create_string_buffer(b"\xff")
    c_void_p.from_buffer(mixed, Plain.text.offset).value = ctypes.addressof(text)
    with pytest.raises(UnicodeDecodeError):
        mixed.text  # noqa: B018
    assert repr(mixed).startswith(
        "Mixed(byte=0, flag=False, color=<Mixed.color (int32_t) is 0,"
    )


@struct
class Job(ctypes.Structure):
    n: Annotated[int, c_int]
    f: Annotated[Callable[[int], int] | None, on_number]


def test_a_callback_in_a_field(package: Package, path: str) -> None:
    package.compile(
        "typedef struct { int n; int (*f)(int); } job;"
        "int run(job *job) { return job->f ? job->f(job->n) : -1; }"
    )

    @Library("c", f"{package.name}.module").function
    def run(job: Annotated[Job, POINTER(Job)], /) -> Annotated[int, c_int]:
        raise NotImplementedError

    job = Job(5, lambda number: number + 1)
    assert run(job) == 6
    job.f = lambda number: 1 // 0
    with pytest.raises(ZeroDivisionError):
        run(job)
    job.f = None
    assert run(job) == -1
    with pytest.raises(
        TypeError, match=r"^run\(\) parameter 'job' \(LP_Job\) must not be None"
    ):
        run(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["another", "None", "a whole struct"])
def test_a_callback_may_replace_itself(package: Package, path: str, by: str) -> None:
    """C returns through it: until then, it is there, though its field has another one."""
    package.compile(
        "typedef struct { int n; int (*f)(int); } job;"
        "int run(job *jobs) { return jobs->f ? jobs->f(jobs->n) + 1 : -1; }"
    )

    @Library("c", f"{package.name}.module").function
    def run(jobs: Annotated[Any, POINTER(Job)], /) -> Annotated[int, c_int]:
        raise NotImplementedError

    let_go()  # of other tests'
    free = on_number._free
    before = len(free)

    def replace(number: int) -> int:
        if by == "a whole struct":
            jobs[0] = Job(6, None)
        else:
            jobs.f = None if by == "None" else lambda number: 7
        let_go()
        assert len(free) == before
        return number

    jobs: Any = Job(5, replace)
    if by == "a whole struct":
        jobs = (Job * 1)(jobs)
    replaced = weakref.ref(replace)
    del replace
    assert run(jobs) == 6
    let_go()
    assert len(free) == before + 1
    assert replaced() is None
    assert run(jobs) == (8 if by == "another" else -1)


def test_packed_and_unions() -> None:
    @struct
    class Packed(ctypes.Structure):
        _pack_: ClassVar[int] = 1
        _layout_: ClassVar[str] = "ms"  # to be said from Python 3.14 on
        byte: Annotated[int, c_uint8]
        wide: Annotated[int, c_int64]

    assert ctypes.sizeof(Packed) == 9
    assert Packed.wide.offset == 1  # type: ignore[attr-defined]
    assert Packed(1, -2).wide == -2

    @struct(init=False)
    class Either(ctypes.Union):
        number: Annotated[int, c_uint16]
        byte: Annotated[int, c_uint8]

    either = Either(number=0x1234)
    assert ctypes.sizeof(Either) == 2
    assert either.byte in (0x34, 0x12)
    with pytest.raises(OverflowError, match=r"^Either.byte"):
        either.byte = 256
    assert repr(either).startswith("Either(number=4660, byte=")


def test_names_and_bases() -> None:
    @struct
    class Base(ctypes.Structure):
        _first: "Annotated[int, c_int8]"
        second: "Annotated[int, c_int8]"

    @struct
    class Derived(Base):
        third: "Annotated[int, c_int8]"

    derived = Derived(1, 2, 3)
    assert ctypes.sizeof(Derived) == 3
    assert bytes(derived) == bytes([1, 2, 3])
    assert repr(derived) == "Derived(_first=1, second=2, third=3)"
    with pytest.raises(OverflowError, match=r"^Base._first"):
        derived._first = 128


@pytest.mark.parametrize("by", ["Packed", "Either", "Holding", "Holding * 2"])
def test_what_ctypes_cannot_pass_by_value(by: str) -> None:
    class Packed(ctypes.Structure):
        _pack_ = 1
        _layout_ = "ms"
        _fields_ = (("a", c_int8), ("b", c_int64))

    class Either(ctypes.Union):
        _fields_ = (("a", c_double), ("b", c_int64))

    class Holding(ctypes.Structure):
        _fields_ = (("either", Either * 2),)

    class Twice(ctypes.Structure):
        _fields_ = (("holding", Holding),)

    kind: Any = {"Packed": Packed, "Either": Either, "Holding": Holding}.get(by, Twice)

    def parameter(it: Annotated[kind, kind], /) -> None: ...
    def result() -> Annotated[kind, kind]: ...
    def pointer(
        it: Annotated[kind, POINTER(kind)], /
    ) -> Annotated[kind, None, Returned(kind, kind)]: ...

    for function in (parameter, result):
        with pytest.raises(DeclarationError, match="is passed by pointer, not by value"):
            Declaration(function)
        with pytest.raises(DeclarationError, match="is passed by pointer, not by value"):
            Callback(function)
    Declaration(pointer)

    class Pointing(ctypes.Structure):
        _fields_ = (("packed", POINTER(Packed)),)

    def other(it: Annotated[Pointing, Pointing], /) -> None: ...

    Declaration(other)


def is_of_x87() -> bool:
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    return (
        is_x86
        and ctypes.sizeof(ctypes.c_longdouble) == 16
        and sys.implementation.name != "pypy"
    )


@pytest.mark.skipif(not is_of_x87(), reason="its long double is not the x87's")
def test_a_structure_of_one_long_double_is_not_returned() -> None:
    """C does that in a register of the x87, where libffi does not look."""

    class One(ctypes.Structure):
        _fields_ = (("x", ctypes.c_longdouble),)

    class Inner(ctypes.Structure):
        _fields_ = (("ones", One * 1),)

    class Two(ctypes.Structure):
        _fields_ = (("x", ctypes.c_longdouble), ("y", ctypes.c_longdouble))

    def declare(kind: Any) -> None:
        def result() -> Annotated[kind, kind]: ...
        def parameter(it: Annotated[kind, kind], /) -> None: ...

        Declaration(parameter)
        Declaration(result)

    declare(Two)
    for each in (One, Inner):
        with pytest.raises(DeclarationError, match=r"Annotated\[float, c_longdouble\]"):
            declare(each)


class AHandle(Handle):
    pass


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (int, "expected Annotated[python type, C type], not <class 'int'>"),
        (Annotated[float, c_int], "int or bool stands for int32_t, not <class 'float'>"),
        (Annotated[int | None, c_int], "int32_t is no pointer, it cannot be None"),
        (Annotated[AHandle, c_void_p], "a field holds an address, an int, not a handle"),
        (Annotated[AHandle, c_void_p, Closes], "Closes has no meaning here"),
        (Annotated[str, c_char_p, Owned(print)], "Owned has no meaning here"),
        (Annotated[int, c_int, Raises(ValueError)], "Raises has no meaning here"),
    ],
)
def test_declarations_that_are_refused(annotation: Any, complaint: str) -> None:
    wrong = type("Wrong", (ctypes.Structure,), {"__annotations__": {"field": annotation}})
    with pytest.raises(DeclarationError) as caught:
        struct(wrong)
    assert str(caught.value) == f"Wrong.field: {complaint}"


def test_what_is_no_declaration() -> None:
    class Fields(ctypes.Structure):
        _fields_ = (("x", c_int),)
        x: Annotated[int, c_int]

    with pytest.raises(DeclarationError, match=r"^Fields has _fields_ already: annotate them"):
        struct(Fields)

    class Default(ctypes.Structure):
        x: Annotated[int, c_int] = 7

    with pytest.raises(DeclarationError, match=r"^Default.x: C's fields have no defaults"):
        struct(Default)


WORDS: dict[str, tuple[str, str, list[Any]]] = {
    "two": ("int64_t a; uint64_t b;", "-1, 2", [c_int64, c_uint64]),
    "narrow": ("int64_t a; int8_t b;", "-2, -3", [c_int64, c_int8]),
    "many": (
        "int32_t a; uint16_t b; _Bool c; int8_t d; void *e;",
        "-4, 5, 1, -6, (void *)7",
        [c_int32, c_uint16, c_bool, c_int8, c_void_p],
    ),
    "nine": ("int32_t a, b; int8_t c;", "-8, 9, -10", [c_int32, c_int32, c_int8]),
    "eight": ("int32_t a, b;", "11, -12", [c_int32, c_int32]),
    "three": ("int64_t a, b, c;", "13, -14, 15", [c_int64, c_int64, c_int64]),
    "float_first": ("double a; int64_t b;", "0.5, -16", [c_double, c_int64]),
    "floats": ("double a, b;", "0.5, -1.5", [c_double, c_double]),
    "array": ("int64_t a, b[1];", "17, {18}", [c_int64, c_int64 * 1]),
    "one": ("int8_t a;", "-19", [c_int8]),
}


def fields(value: Any) -> list[Any]:
    found = [getattr(value, name) for name, _ in value._fields_]
    return [[*each] if isinstance(each, ctypes.Array) else each for each in found]


@pytest.mark.parametrize("name", WORDS)
def test_struct_results(package: Package, path: str, name: str) -> None:
    """All their bytes come back, through registers and through memory."""
    c_fields, values, ctypes_of_fields = WORDS[name]
    package.compile(
        "#include <stdint.h>\n"
        f"typedef struct {{ {c_fields} }} result;"
        f"result get(double d, int n) {{ result r = {{ {values} }}; if (d != n) r.a = 0;"
        " return r; }"
    )
    names = list("abcde")[: len(ctypes_of_fields)]
    content = {"_fields_": [*zip(names, ctypes_of_fields, strict=True)]}
    Result = type("Result", (ctypes.Structure,), content)  # noqa: N806
    library = Library("c", f"{package.name}.module")

    @library.function
    def get(
        d: Annotated[float, c_double], n: Annotated[int, c_int], /
    ) -> Annotated[Result, Result]:  # type: ignore[valid-type]
        raise NotImplementedError

    assert (type(get) is BuiltinFunctionType) == (path == "builtin")
    expected = library.cdll.get(7.0, 7)
    result = get(7.0, 7)
    assert type(result) is Result
    assert fields(result) == fields(expected)
    assert fields(result)[0] != 0
    assert fields(get(7.0, 8))[0] == 0
    second = get(7.0, 7)
    setattr(second, "a", 0)  # noqa: B010
    assert fields(result) == fields(expected), "each has memory of its own"


def test_struct_results_of_bases_and_their_kin(package: Package, path: str) -> None:
    """What looks like two words, and is not."""
    package.compile(
        "#include <stdint.h>\n"
        "typedef struct { double a; int64_t b; } result;"
        "result derived(void) { return (result){0.5, -2}; }"
        "typedef struct { int64_t a; uint64_t b; } words;"
        "words made(void) { return (words){-1, 2}; }"
    )

    class Base(ctypes.Structure):
        _fields_ = (("a", c_double),)

    class Derived(Base):
        _fields_ = (("b", c_int64),)  # type: ignore[assignment]

    class Made(ctypes.Structure):
        _fields_ = (("a", c_int64), ("b", c_uint64))

        def __init__(self, more: int) -> None:
            raise NotImplementedError

    library = Library("c", f"{package.name}.module")

    @library.function
    def derived() -> Annotated[Derived, Derived]:
        raise NotImplementedError

    @library.function
    def made() -> Annotated[Made, Made]:
        raise NotImplementedError

    assert (derived().a, derived().b) == (0.5, -2)
    assert (made().a, made().b) == (-1, 2)


def test_a_struct_that_says_that_the_call_failed(package: Package, path: str) -> None:
    """Raises is heeded, although two words are returned by builtin functions otherwise."""
    package.compile(
        "#include <stdint.h>\n"
        "typedef struct { int64_t error; int32_t low, high; } bounds;"
        "bounds get(int n) { return (bounds){n, -1, 1}; }"
    )

    @struct
    class Bounds(ctypes.Structure):
        error: Annotated[int, c_int64]
        low: Annotated[int, c_int32]
        high: Annotated[int, c_int32]

    def failed(bounds: Bounds, function: str, values: tuple[Any, ...]) -> Exception:
        return LookupError(function, bounds.error, values)

    library = Library("c", f"{package.name}.module")

    @library.function
    def get(
        n: Annotated[int, c_int], /
    ) -> Annotated[Bounds, Bounds, Raises(failed, when=lambda bounds: bounds.error < 0)]:
        raise NotImplementedError

    assert get(0).high == 1
    with pytest.raises(LookupError) as caught:
        get(-5)
    assert caught.value.args == ("get", -5, (-5,))


def test_by_value_and_by_pointer(package: Package, path: str) -> None:
    package.compile(
        "typedef struct { short x, y; } point;"
        "int total(point p) { return p.x + p.y; }"
        "void move(point *p, int n) { for (int i = 0; i < n; i++) p[i].x += 1; }"
    )
    library = Library("c", f"{package.name}.module")

    @library.function
    def total(point: Annotated[Point, Point], /) -> Annotated[int, c_int]:
        raise NotImplementedError

    @library.function
    def move(points: Annotated[Any, POINTER(Point)], n: Annotated[int, c_int], /) -> None: ...

    assert total(Point(300, -4)) == 296
    with pytest.raises(TypeError, match=r"^total\(\) parameter 'point' \(Point\): expected"):
        total(Plain())  # type: ignore[arg-type]
    for reference in (
        ctypes.byref(Point(1, 2)),
        SimpleNamespace(_as_parameter_=ctypes.byref(Point(1, 2))),
    ):
        said = (
            "pass the Point, not its byref|expected Point instance"  # in PyPy, it is a pointer
        )
        with pytest.raises(TypeError, match=rf"\(Point\): {said}"):
            total(reference)  # type: ignore[arg-type]
    assert total(SimpleNamespace(_as_parameter_=Point(300, -5))) == 295  # type: ignore[arg-type]
    point, points = Point(1, 2), (Point * 2)(Point(3, 4), Point(5, 6))
    move(point, 1)
    move(points, 2)
    move(ctypes.pointer(points[1]), 1)
    assert (point.x, points[0].x, points[1].x) == (2, 4, 7)


@struct
class Table(ctypes.Structure):
    f: Annotated[Callable[[int], int] | None, on_number]
    next: Annotated[Any, POINTER(c_int)]


TABLE = (
    "#include <stddef.h>\n"
    "typedef struct { int (*f)(int); int *next; } table;"
    "static int twice(int n) { return 2 * n; } static int thrice(int n) { return 3 * n; }"
    "static int seven = 7;"
    "void set(table *t, int by) {"
    " t->f = by == 2 ? twice : by == 3 ? thrice : NULL; t->next = by ? &seven : NULL; }"
    "int is_twice(table *t) { return t->f == twice; }"
    "int run(int (*f)(int), int n) { return f(n); }"
    "int is_it_twice(int (*f)(int)) { return f == twice; }"
)


any_table: Any = Table  # whose fields are None only where it says so


def bind_table(package: Package) -> SimpleNamespace:
    package.compile(TABLE)
    library = Library("c", f"{package.name}.module")
    pointer: Any = Annotated[Table, POINTER(Table)]
    function: Any = Annotated[Callable[[int], int], on_number]
    number: Any = Annotated[int, c_int]

    def set(table: pointer, by: number, /) -> None: ...  # noqa: A001
    def is_twice(table: pointer, /) -> number: ...
    def is_it_twice(f: function, /) -> number: ...
    def run(f: function, n: number, /) -> number: ...

    declared = (set, is_twice, is_it_twice, run)
    return SimpleNamespace(**{each.__name__: library.function(each) for each in declared})


def test_a_function_that_c_put_in_a_field(package: Package, path: str) -> None:
    bound, table = bind_table(package), any_table()
    bound.set(table, 2)
    assert table.f(21) == 42
    for wrong, error, message in [
        (
            (2**33 + 1,),
            OverflowError,
            r"on_number\(\) parameter 'number' \(int32_t\) must be in",
        ),
        (("x",), TypeError, r"on_number\(\) parameter 'number' \(int32_t\) must be an integer"),
        ((), TypeError, r"on_number\(\) takes 1 argument \(number\), not 0"),
        ((1, 2), TypeError, r"on_number\(\) takes 1 argument \(number\), not 2"),
    ]:
        with pytest.raises(error, match=f"^{message}"):
            table.f(*wrong)
    kept = table.f
    bound.set(table, 3)
    assert (kept(2), table.f(2)) == (4, 6), "what was read is what was in the field"
    bound.set(table, 0)
    assert kept(2) == 4


def test_such_a_function_is_like_the_declared_ones(package: Package, path: str) -> None:
    """As to methods, copies, pickles and what it says of itself."""
    bound, table = bind_table(package), any_table()
    bound.set(table, 2)
    f = table.f
    api = type("Api", (), {"f": f})()
    assert api.f(21) == 42
    assert copy.copy(f) is f
    assert isinstance(f, BuiltinFunctionType)
    assert str(inspect.signature(f)) == "(number, /)"
    assert (f.__name__, f.__qualname__) == ("on_number", "pointer.on_number")
    assert repr(f).startswith("<built-in method on_number of pointer object at 0x")
    with pytest.raises(TypeError, match=r"^on_number cannot be pickled: it is C's, at an addr"):
        pickle.dumps(f)


def test_a_null_pointer_in_a_field_is_none(package: Package, path: str) -> None:
    bound, table = bind_table(package), any_table()
    assert table.f is None
    assert table.next is None
    assert repr(table) == "Table(f=None, next=None)"
    bound.set(table, 2)
    pointer: Any = table.next
    assert pointer[0] == 7
    assert table.f is not None
    bound.set(table, 0)
    assert table.f is None
    assert table.next is None


def test_a_function_of_c_goes_to_c_as_it_is(package: Package, path: str) -> None:
    bound, table, other = bind_table(package), any_table(), any_table()
    bound.set(table, 2)
    other.f = table.f
    assert bound.is_twice(other) == 1
    assert bound.is_it_twice(table.f) == 1
    assert bound.run(table.f, 4) == 8
    assert bound.is_it_twice(lambda n: 2 * n) == 0


def test_a_function_of_python_in_a_field_can_be_called(package: Package, path: str) -> None:
    table = any_table(lambda number: number + 1)
    assert table.f(1) == 2
    kept, table.f = table.f, None
    del table
    let_go()
    assert kept(2) == 3, "who has read it keeps it alive"
    broken = any_table(lambda number: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        broken.f(1)
    with pytest.raises(
        TypeError, match=r"^on_number\(\) result .int32_t. must be an integer, not str"
    ):
        any_table(lambda number: "x").f(1)
