"""A declared function, builtin or called through ctypes: the same in all that can be seen."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import array
import copy
import ctypes
import functools
import gc
import inspect
import pickle
import pydoc
import random
import re
import sys
import typing
import weakref
import zlib
from collections.abc import Callable
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_size_t
from enum import Enum, EnumMeta, IntEnum
from fractions import Fraction
from pathlib import Path
from types import BuiltinFunctionType, SimpleNamespace
from typing import Annotated, Any

import numpy as np
import pytest
import shelf as shelf_module
from kinds import HELD, SOURCE, Int
from support import FASTCALL_IS_SERVED, ROOT, Package, run

from pyexample.ffi import (
    Buffer,
    Count,
    In,
    Library,
    Out,
    Raises,
    Returned,
)

pytestmark = pytest.mark.skipif(
    not FASTCALL_IS_SERVED, reason="this Python or processor has no fast calls"
)

Pair = tuple[Callable[..., Any], Callable[..., Any]]
"""The builtin function, and the one that goes through ctypes."""

MORE = """
typedef struct { long long x, y; } pair;
typedef struct { double d; pair p; } wide;
int total(const int *numbers, size_t count)
{ int t = 0; while (count--) t += *numbers++; return t; }
void twice(int *numbers, size_t count) { while (count--) *numbers++ *= 2; }
int sum_pair(const pair *p) { return p ? (int)(p->x + p->y) : -1; }
pair swap(const pair *p) { pair q = {p->y, p->x}; return q; }
long long sum_by_value(pair p) { return p.x + p.y; }
wide widen(pair p, double d) { wide w = {d, p}; return w; }
double half(double d, int *whole) { *whole = (int)d; return d / 2; }
int status(int code) { return code; }
int color(int code) { return code; }
"""


class Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_longlong), ("y", ctypes.c_longlong))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self) -> int:
        return hash((self.x, self.y))


class Derived(Point):
    """With a __dict__ and an __init__ of its own."""

    def __init__(self, x: int) -> None:
        super().__init__(x, 3 * x)
        self.more = x


class Wide(ctypes.Structure):
    _fields_ = (("d", c_double), ("p", Point))

    def __init__(self) -> None:
        raise AssertionError

    def __repr__(self) -> str:
        return f"Wide({self.d}, {self.p.x}, {self.p.y})"


class Color(IntEnum):
    RED = 1
    GREEN = 2


class FailedError(Exception):
    pass


def failed(code: int, function: str, values: tuple[Any, ...]) -> FailedError:
    return FailedError(code, function, values)


def total(
    numbers: Annotated[Buffer, In(c_int), Count(c_size_t, "numbers")], /
) -> Annotated[int, c_int]: ...
def twice(numbers: Annotated[Buffer, Out(c_int), Count(c_size_t, "numbers")], /) -> None:
    """Double each number."""


def sum_pair(p: Annotated[Point | None, POINTER(Point)], /) -> Int: ...
def swap(p: Annotated[Any, POINTER(Point)], /) -> Annotated[Point, Point]: ...
def sum_by_value(p: Annotated[Point, Point], /) -> Int: ...
def widen(
    p: Annotated[Point, Point], d: Annotated[float, c_double], /
) -> Annotated[Wide, Wide]: ...
def half(
    d: Annotated[float, c_double], /
) -> Annotated[tuple[float, int], c_double, Returned(int, c_int)]: ...
def status(code: Int, /) -> Annotated[None, c_int, Raises(failed, unless=(0, 1))]:
    """What ``code`` says.

    In more than one line.
    """


def color(code: Int, /) -> Annotated[Color, c_int]: ...


DECLARED: list[Callable[..., Any]] = [
    *HELD[:-1],
    total,
    twice,
    sum_pair,
    swap,
    sum_by_value,
    widen,
    half,
    status,
    color,
]
NAMES = [each.__name__ for each in DECLARED]


def declare_all(library: Library) -> dict[str, Callable[..., Any]]:
    bound = {each.__name__: library.function(each) for each in DECLARED}
    bound["negate_held"] = library.function(release_gil=False)(HELD[2])
    return bound


@pytest.fixture
def pairs(package: Package, monkeypatch: pytest.MonkeyPatch) -> dict[str, Pair]:
    """The functions of kinds.py and of above, in both ways, beside each other."""
    package.compile("#include <stddef.h>\n" + SOURCE + MORE)
    ways = []
    for switch in ("1", "0"):
        monkeypatch.setenv("BOUND_FASTCALL", switch)
        ways.append(declare_all(Library("c", f"{package.name}.module")))
    fast, checked = ways
    assert type(fast["u64"]) is BuiltinFunctionType
    assert not any(type(each) is BuiltinFunctionType for each in checked.values())
    return {name: (fast[name], checked[name]) for name in fast}


def outcome(do: Callable[[], Any]) -> Any:
    """What comes of it, comparable: a value, or an error with its words."""
    try:
        value = do()
    except BaseException as error:
        words = "" if isinstance(error, FailedError) else str(error)
        return type(error), re.sub("0x[0-9a-fA-F]+", "0x", words)
    return type(value), re.sub("0x[0-9a-fA-F]+", "0x", repr(value))


def bind_in_class(function: Any) -> Any:
    class Api:
        attribute = function

    return Api.attribute is function, Api().attribute is function


def set_attribute(name: str, function: Any) -> None:
    setattr(function, name, None)


def single_dispatch(function: Any) -> Any:
    generic: Any = functools.singledispatch(function)
    return generic.__name__, generic.__doc__, generic.__module__


PLAIN: Any = vars(pydoc)["plaintext"]

ATTRIBUTES = [
    *("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__"),
    *("__annotations__", "__wrapped__", "__code__", "__defaults__", "__kwdefaults__"),
    *("__globals__", "__closure__", "__func__", "__objclass__", "name"),
    *("__type_params__", "__isabstractmethod__", "__class__"),
]

PROPERTIES: dict[str, Callable[[Any], Any]] = {
    **{name: functools.partial(lambda name, f: getattr(f, name), name) for name in ATTRIBUTES},
    "bound in a class": bind_in_class,
    "repr": repr,
    "str": str,
    "format": lambda f: f"{f}",
    "dir": dir,
    "callable": callable,
    "bool": bool,
    "len": len,
    "iter": iter,
    "self": lambda f: (type(f.__self__).__name__, isinstance(f.__self__, bytes)),
    "signature": inspect.signature,
    "parameters": lambda f: [*inspect.signature(f).parameters.values()],
    "type hints": typing.get_type_hints,
    "annotations": getattr(inspect, "get_annotations", typing.get_type_hints),
    "isinstance": lambda f: isinstance(f, BuiltinFunctionType),
    "isbuiltin": inspect.isbuiltin,
    "isroutine": inspect.isroutine,
    "isfunction": inspect.isfunction,
    "ismethod": inspect.ismethod,
    "ismethoddescriptor": inspect.ismethoddescriptor,
    "iscoroutinefunction": inspect.iscoroutinefunction,
    "getdoc": inspect.getdoc,
    "getmodule": lambda f: getattr(inspect.getmodule(f), "__name__", None),
    "getsource": inspect.getsource,
    "unwrap": lambda f: inspect.unwrap(f) is f,
    "help": lambda f: pydoc.render_doc(f, renderer=PLAIN),
    "help in a module": lambda f: PLAIN.document(f, "named"),
    "copy": lambda f: copy.copy(f) is f,
    "deepcopy": lambda f: copy.deepcopy(f) is f,
    "weakref": lambda f: weakref.ref(f)() is f,
    "hash": lambda f: hash(f) == hash(f) and {f: 1}[f],
    "equal": lambda f: (f == f, f != f, f == len),
    "less": lambda f: f < f,
    "partial": lambda f: inspect.signature(functools.partial(f)),
    "wraps": lambda f: functools.wraps(f)(lambda: None).__qualname__,
    "singledispatch": single_dispatch,
    "cache": lambda f: functools.cache(f).__name__,
    "set a new attribute": functools.partial(set_attribute, "new"),
    "set __name__": functools.partial(set_attribute, "__name__"),
    "set __doc__": functools.partial(set_attribute, "__doc__"),
    "set __self__": functools.partial(set_attribute, "__self__"),
    "set __wrapped__": functools.partial(set_attribute, "__wrapped__"),
    "delete __doc__": lambda f: delattr(f, "__doc__"),
    "delete a new one": lambda f: delattr(f, "new"),
    "too many": lambda f: f(*range(40)),
    "a keyword": lambda f: f(number=1),
    "keywords and arguments": lambda f: f(1, number=1),
    "the wrong type": lambda f: f(*[object] * len(inspect.signature(f).parameters)),
    "gc": lambda f: gc.is_tracked(f),
    "reduce": lambda f: (f.__reduce__()[0], f.__reduce__()[1][1]),
    "await": lambda f: f.__await__(),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_they_look_alike(pairs: dict[str, Pair], name: str) -> None:
    for fast, checked in pairs.values():
        one, other = (outcome(functools.partial(PROPERTIES[name], f)) for f in (fast, checked))
        assert one == other, fast


@pytest.mark.parametrize("property_", ["bound in a class", "signature", "getdoc"])
def test_what_they_look_like(pairs: dict[str, Pair], property_: str) -> None:
    """They are not alike in failing."""
    expected = {
        "bound in a class": (True, True),
        "signature": inspect.Signature(
            [inspect.Parameter("code", inspect.Parameter.POSITIONAL_ONLY)]
        ),
        "getdoc": "What ``code`` says.\n\nIn more than one line.",
    }
    for each in pairs["status"]:
        assert PROPERTIES[property_](each) == expected[property_]


def test_a_class_attribute_is_no_method(pairs: dict[str, Pair]) -> None:
    for each in pairs["f64"]:
        api = type("Api", (), {"attribute": each})()
        assert api.attribute(2.5) == 2.5
        assert not hasattr(each, "__get__")


@pytest.mark.skipif(
    sys.version_info >= (3, 13, 1),
    reason="Enum makes no member of a functools.partial, which the Python function is",
)
def test_an_enumeration_has_it_for_a_member(pairs: dict[str, Pair]) -> None:
    for each in pairs["f64"]:
        body = EnumMeta.__prepare__("Api", (Enum,))
        body["f64"] = each
        assert EnumMeta("Api", (Enum,), body)["f64"].value is each


def test_module_can_be_set(pairs: dict[str, Pair]) -> None:
    """As inspect and doctest tools do it, to a builtin too."""
    for each in pairs["f64"]:
        each.__module__ = "elsewhere"
        assert each.__module__ == "elsewhere"
        assert each(1.5) == 1.5


def test_pickled_as_the_name_in_its_module(pairs: dict[str, Pair]) -> None:
    for each in pairs["f64"]:
        assert each.__module__ == HELD[4].__module__
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            # What has the name in that module: here it is the declaration.
            assert pickle.loads(pickle.dumps(each, protocol)) is HELD[4]  # noqa: S301


def test_handles_and_callbacks_look_alike(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is called through ctypes on each platform, as well as what is not."""
    flags = [] if sys.platform == "win32" else ["-pthread"]
    package.compile(shelf_module.SOURCE, "c", *flags)
    ways = []
    for switch in ("1", "0"):
        monkeypatch.setenv("BOUND_FASTCALL", switch)
        ways.append(shelf_module.bind(Library("c", f"{package.name}.module")))
    names = [
        name for name, each in vars(ways[0]).items() if isinstance(each, BuiltinFunctionType)
    ]
    assert {"box_close", "look", "each", "fill", "name_of"} <= {*names}
    for name in names:
        for what, look in PROPERTIES.items():
            if what != "the wrong type":
                one, other = (
                    outcome(functools.partial(look, getattr(way, name))) for way in ways
                )
                assert one == other, (name, what)


class FloatOf(int):
    def __float__(self) -> float:
        return 0.25


class Text(str):
    __slots__ = ()

    def encode(self, *how: Any) -> bytes:
        raise AssertionError(how)

    def __len__(self) -> int:
        raise AssertionError

    def __iter__(self) -> Any:
        raise AssertionError

    def __contains__(self, item: object) -> bool:
        return False

    def find(self, *how: Any) -> int:
        return -1


class Octets(bytes):
    __len__ = __iter__ = Text.__len__  # type: ignore[assignment]

    def __contains__(self, item: object) -> bool:
        return False

    def index(self, *how: Any) -> int:
        return -7

    def find(self, *how: Any) -> int:
        return -1


class Number(int):
    def __index__(self) -> int:
        raise AssertionError

    def bit_length(self) -> int:
        raise AssertionError

    def __le__(self, other: object) -> bool:
        return True

    def __ge__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        raise AssertionError

    __format__ = __str__ = __repr__  # type: ignore[assignment]


class Real(float):
    def __float__(self) -> float:
        raise AssertionError

    def __abs__(self) -> float:
        return 0.0

    __lt__ = __le__ = Number.__le__
    __repr__ = __format__ = Number.__repr__  # type: ignore[assignment]


POINT = Point(3, 4)
VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, -1, 12, 127, 2**31, 2**53 + 1, 2**63, 2**64 - 1, 2**64),
    *(-(2**63), 2**5000, -(2**200), 10**400, FloatOf(7), Color.RED, Number(11), Number(2**70)),
    *(
        0.0,
        -0.0,
        1.5,
        1e39,
        3.5e38,
        -1e300,
        float("inf"),
        Real(1.5),
        Real(1e300),
        Fraction(1, 3),
    ),
    *("", "text", "a\0b", "\ud800", Text("text"), Text("a\0b"), "ü"),
    *(b"", b"octets", b"a\0b", Octets(b"octets"), Octets(b"a\0b"), bytearray(b"abcd")),
    *(array.array("i", [1, 2, 3]), array.array("d", [1.0]), memoryview(b"abcdefgh")[::2]),
    *(memoryview(array.array("i", [1, 2])), (c_int * 3)(1, 2, 3), c_int(7), c_double(1.5)),
    *(ctypes.pointer(c_int(7)), ctypes.byref(c_int(8)), POINTER(c_int)()),
    *(Derived(5), SimpleNamespace(_as_parameter_=POINT)),
    *(POINT, ctypes.byref(POINT), ctypes.pointer(POINT), (Point * 2)(POINT, POINT)),
    *(c_char_p(b"x"), c_bool(True), [1], (), object, SimpleNamespace(_as_parameter_=3)),
]


@pytest.mark.parametrize("name", [*NAMES, "negate_held"])
def test_they_act_alike(pairs: dict[str, Pair], name: str) -> None:
    fast, checked = pairs[name]
    count = len(inspect.signature(fast).parameters)
    right = (-1, 2.5, 3, 4.5, b"5", -6)[:count]
    calls: list[tuple[Any, ...]] = [
        (*right[:at], value, *right[at + 1 :]) for at in range(count) for value in VALUES
    ]
    if name in ("address", "null_address"):  # as texts these would be read from nowhere
        calls = [call for call in calls if not isinstance(call[0], str)]
    for arguments in calls or [()]:
        if name == "swap" and arguments[0] is None:
            continue  # it reads from there
        first, second = (
            outcome(functools.partial(each, *arguments)) for each in (fast, checked)
        )
        assert first == second, arguments


def test_their_own_words_are_those_of_c(pairs: dict[str, Pair]) -> None:
    """Methods that a subclass overrides have no say in what C gets."""
    for octets in pairs["octets"]:
        assert octets(Octets(b"octets")) == b"octets"
        with pytest.raises(ValueError, match=r"must not contain NUL.* at byte 1$"):
            octets(Octets(b"a\0b"))
    for string in pairs["string"]:
        assert string(Text("text")) == "text"
        with pytest.raises(ValueError, match=r"must not contain NUL.* at byte 1$"):
            string(Text("a\0b"))
    for u64 in pairs["u64"]:
        assert u64(Number(11)) == 11
        with pytest.raises(OverflowError, match=f"not {2**70}$"):
            u64(Number(2**70))
    for f32 in pairs["f32"]:
        assert f32(Real(1.5)) == 1.5
        with pytest.raises(OverflowError, match=r"cannot hold 1e\+300$"):
            f32(Real(1e300))


class Stop(BaseException):
    pass


ERRORS = [KeyboardInterrupt, Stop, TypeError, BufferError, ValueError, OverflowError, OSError]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("method", ["__float__", "__index__", "__buffer__"])
def test_an_error_of_a_method_is_raised_at_once(
    pairs: dict[str, Pair], method: str, error: type[BaseException]
) -> None:
    if method == "__buffer__" and sys.version_info < (3, 12):
        pytest.skip("before, no Python code has a __buffer__")
    asked = []

    def ask(self: object, *flags: int) -> Any:
        asked.append(self)
        raise error("its own words")

    names = {"__float__": ["f64", "f32"], "__index__": ["u64", "f64"], "__buffer__": ["total"]}
    for base in (object, int, float) if method == "__float__" else (object,):
        argument: Any = type("Argument", (base,), {method: ask})()
        for each in [each for name in names[method] for each in pairs[name]]:
            asked.clear()
            if base is float:  # what is a float is not asked for one
                assert each(argument) == 0.0
                assert not asked
                continue
            with pytest.raises(error, match=r"^its own words$"):
                each(argument)
            assert len(asked) == 1, each


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no Python code has a __buffer__")
def test_a_buffer_is_asked_for_once(pairs: dict[str, Pair]) -> None:
    """Whatever is wrong with it, or with another argument."""
    asked = []

    class Exporter:
        content: Any = array.array("i", [1, 2, 3])

        def __buffer__(self, flags: int) -> memoryview:
            asked.append(flags)
            return memoryview(self.content)

    class Doubles(Exporter):
        content = array.array("d", [1.0])

    for kind, result in ((Exporter, 6), (Doubles, None)):
        for each in pairs["total"]:
            asked.clear()
            if result is None:
                with pytest.raises(TypeError, match="must have items of int32_t, not"):
                    each(kind())
            else:
                assert each(kind()) == result
            assert len(asked) == 1, each


def test_a_struct_that_is_made_in_its_own_way(package: Package, path: str) -> None:
    """ctypes makes a result without the class's __new__ and __init__, which may do anything."""
    package.compile(
        "typedef struct { long long x, y; } pair;pair two(void) { pair p = {3, 4}; return p; }"
    )
    library = Library("c", f"{package.name}.module")

    class Narrow(ctypes.Structure):
        _fields_ = (("x", ctypes.c_int),)

    class Wide(ctypes.Structure):
        _fields_ = (("x", ctypes.c_longlong), ("y", ctypes.c_longlong))

        def __new__(cls, *given: Any) -> Any:
            return Narrow()

        def __init__(self, needed: int) -> None:
            raise AssertionError(needed)

        @classmethod
        def from_buffer_copy(cls, *given: Any) -> Any:
            raise AssertionError(given)

    def two() -> Annotated[Wide, Wide]: ...

    function = library.function(two)
    assert (type(function) is BuiltinFunctionType) == (path == "builtin")
    for _ in range(1000):
        pair = function()
        assert type(pair) is Wide
        assert (pair.x, pair.y) == (3, 4)
    later = Wide.__new__

    def other_new(cls: Any, *given: Any) -> Any:
        return bytearray(1)

    Wide.__new__ = other_new  # type: ignore[method-assign]
    assert (function().x, later) == (3, later)


def test_a_pointer_type_that_converts_is_asked(package: Package, path: str) -> None:
    package.compile("int first(int *p) { return *p; }")
    library = Library("c", f"{package.name}.module")

    class Nine(POINTER(c_int)):  # type: ignore[misc]
        _type_ = c_int

        @classmethod
        def from_param(cls, value: object) -> Any:
            return ctypes.pointer(c_int(9))

    @library.function
    def first(p: Annotated[Any, Nine], /) -> Int: ...

    assert first(Nine(c_int(1))) == 9


def test_what_has_no_size_is_no_memory_for_c(
    package: Package, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A struct without fields has the size 0: C would write beyond an array of them."""
    package.compile("void *same(int *p) { return p; }")
    library = Library("c", f"{package.name}.module")

    class Opaque(ctypes.Structure):
        pass

    pointer = POINTER(Opaque)

    @library.function
    def same(p: Annotated[Any, pointer], /) -> Annotated[int | None, ctypes.c_void_p]: ...

    assert (type(same) is BuiltinFunctionType) == (path == "builtin")
    of_c = ctypes.cast((c_int * 4)(), pointer)
    handed_over = count_hand_overs(monkeypatch)
    assert same(None) is None
    assert same(of_c) == ctypes.addressof(of_c.contents)
    assert handed_over == []  # not slower than a pointer to any other struct
    for each in (Opaque(), (Opaque * 64)(), ctypes.byref(Opaque())):
        with pytest.raises(TypeError, match=r"p' \(LP_Opaque\): Opaque has no fields.*Handle"):
            same(each)


def test_a_struct_may_get_its_fields_after_a_function_is_declared(
    package: Package, path: str
) -> None:
    package.compile("int first(int *p) { return *p; }")
    library = Library("c", f"{package.name}.module")

    class Later(ctypes.Structure):
        pass

    @library.function
    def first(p: Annotated[Any, POINTER(Later)], /) -> Int: ...

    Later._fields_ = [("number", c_int)]
    for each in (Later(7), ctypes.byref(Later(7)), (Later * 1)(Later(7))):
        assert first(each) == 7


def count_hand_overs(monkeypatch: pytest.MonkeyPatch, functions: Any = None) -> list[str]:
    """The names of the functions that hand over a call from now on."""
    from pyexample.ffi.fastcall import Function

    handed_over: list[str] = []
    make = vars(Function)["slow_path"].func

    def checked(function: Function) -> Any:
        handed_over.append(function.declaration.name)
        return make(function)

    monkeypatch.setattr(Function, "slow_path", property(checked))
    return handed_over


def test_what_points_to_a_struct_is_served(
    pairs: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that the from_param of a pointer type accepts, but for what it asks Python for."""
    handed_over = count_hand_overs(monkeypatch)

    class SubPoint(Point):
        pass

    class SubPointer(POINTER(Point)):  # type: ignore[misc]
        _type_ = Point

    sub = SubPoint(3, 4)
    two = (Point * 2)(POINT, Point(9, 9))
    many = [
        *(POINT, sub, ctypes.pointer(POINT), ctypes.pointer(sub), SubPointer(POINT)),
        *(two, (SubPoint * 1)(sub), ctypes.byref(POINT), ctypes.byref(sub)),
        ctypes.byref(two, 0) if isinstance(two, Point) else ctypes.byref(two[0]),
        ctypes.cast(two, POINTER(Point)),
        ctypes.byref((ctypes.c_char * 64)() and Point.from_buffer(bytearray(bytes(POINT)))),
    ]
    for each in many:
        for function in pairs["sum_pair"]:
            assert function(each) == 7, each
        assert [function(each) for function in pairs["swap"]] == [Point(4, 3)] * 2
    assert pairs["sum_pair"][0](None) == -1
    offset = ctypes.byref(Point(0, 0), 0)
    assert pairs["sum_pair"][0](offset) == 0
    moved = Point.from_buffer(two, ctypes.sizeof(Point))
    assert pairs["sum_pair"][0](moved) == 18
    assert not handed_over
    # And those that it refuses.
    for each in (c_int(1), ctypes.byref(c_int(1)), (c_int * 4)(), ctypes.pointer(c_int(1)), 7):
        errors = {outcome(functools.partial(f, each)) for f in pairs["sum_pair"]}
        assert len(errors) == 1
        assert errors.pop()[0] is TypeError
    assert handed_over == ["sum_pair"] * 5


def test_kinds_are_not_handed_over(
    pairs: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over = count_hand_overs(monkeypatch)
    numbers = array.array("i", [1, 2, 3])
    for name, argument in [
        *(("u64", 7), ("u64", Color.RED), ("u64", True), ("u64", Number(7)), ("u8", 12)),
        *(("negate", True), ("f64", 1.5), ("f64", 1), ("f64", True), ("f32", Real(1.5))),
        *(("length", None), ("length", b"x"), ("octets", Octets(b"x")), ("string", "ü")),
        *(("address", None), ("address", 7), ("deref", None), ("deref", c_int(7))),
        *(("deref", (c_int * 2)(7)), ("deref", ctypes.byref(c_int(7)))),
        *(("deref", ctypes.pointer(c_int(7))), ("total", numbers), ("total", (c_int * 3)())),
        *(("total", memoryview(numbers)), ("twice", numbers), ("status", 1), ("color", 2)),
    ]:
        pairs[name][0](argument)
    pairs["six"][0](-1, 2.5, 3, 4.5, b"5", -6)
    pairs["nothing"][0]()
    assert not handed_over
    pairs["u64"][0](type("Index", (), {"__index__": lambda self: 3})())
    assert handed_over == ["u64"]  # they are counted


def zlib_work() -> None:
    import zlib_streams

    data = bytes(200_000) + random.Random(7).randbytes(50_000)  # noqa: S311
    pieces = [data[at : at + 9_999] for at in range(0, len(data), 9_999)]
    assert b"".join(zlib_streams.decompress(zlib_streams.compress(pieces))) == data
    assert zlib_streams.crc32(data) == zlib.crc32(data)
    assert zlib_streams.adler32(data) == zlib.adler32(data)
    with pytest.raises(zlib_streams.Error):
        [*zlib_streams.decompress([b"no such data"])]


def sqlite_work() -> None:
    import sqlite
    from sqlite_connection import Connection

    connection, other = Connection(":memory:"), Connection(":memory:")
    connection.execute("create table t (i, r, s, b, n)")
    row = (2**40, 1.5, "Grüße", b"octets", None)
    for _ in range(20):
        connection.execute("insert into t values (?, ?, ?, ?, ?)", *row)
    assert [*connection.execute("select * from t")] == [row] * 20
    connection.create_function("twice", 1, lambda number: 2 * number)
    assert [*connection.execute("select twice(21)")] == [(42,)]
    with pytest.raises(sqlite.Error):
        connection.execute("no statement")
    connection.backup(other, 1, lambda left, total: None)
    assert [*other.execute("select count(*) from t")] == [(20,)]
    connection.close()
    other.close()


def square_work() -> None:
    import pyexample

    numbers = np.arange(1000, dtype="int32")
    assert pyexample.square(7) == 49
    assert pyexample.sum_of_squares(numbers) == int((numbers.astype("int64") ** 2).sum())
    assert (pyexample.square_array(numbers) == numbers**2).all()


@pytest.mark.parametrize("work", [zlib_work, sqlite_work, square_work])
def test_no_example_hands_a_call_over(
    work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts as a builtin function is one for the whole work of the examples."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    try:
        __import__({"zlib_work": "zlib_streams"}.get(work.__name__, "sqlite"))
    except ImportError as error:  # the library is not on this system
        pytest.skip(str(error))
    handed_over = count_hand_overs(monkeypatch)
    work()
    assert not handed_over


PURGE = """
import sys
from pyexample import square
from pyexample.ffi import Library
{before}
for name in [*sys.modules]:
    if name.partition(".")[0] == "pyexample":
        del sys.modules[name]
{after}
for wrong, error in ((2**40, OverflowError), ("7", TypeError), ({{}}, TypeError)):
    try:
        square(wrong)
    except error as raised:
        assert "square() parameter 'number' (int32_t) must be" in str(raised), raised
    else:
        raise AssertionError(wrong)
assert square(7) == 49
try:
    square(1, 2)
except TypeError as raised:
    assert str(raised) == "square() takes 1 argument (number), not 2", raised
"""


IMPORTED_AGAIN = "import pyexample; assert pyexample.square is not square"


@pytest.mark.parametrize("after", ["", IMPORTED_AGAIN])
@pytest.mark.parametrize("before", ["", "import pyexample.ffi.checked"])
def test_it_outlives_a_purge_of_the_modules(path: str, before: str, after: str) -> None:
    run([sys.executable, "-c", PURGE.format(before=before, after=after)])


PURGE_OF_FFI = """
import sys, ctypes
sys.path.append({folder!r})
import bound
from typing import Annotated
from collections.abc import Callable
import pyexample.ffi as ffi
from pyexample.ffi import Library
library = Library("c", "bound.module")
Int = Annotated[int, ctypes.c_int]
for name in [*sys.modules]:
    if name.partition(".")[0] == "pyexample":
        del sys.modules[name]
import pyexample.libexample
@ffi.Callback
def one(n: Int, /) -> Int: ...
@library.function
def call(f: Annotated[Callable[[int], int], one], n: Int, /) -> Int: ...
@library.function
def same(n: Int, /) -> Int: ...
class Box(ffi.Handle): pass
@library.function
def read(box: Annotated[Box, ctypes.c_void_p], /) -> Int: ...
assert call(lambda n: n + 1, 6) == 7
assert read(Box.adopt(ctypes.addressof(seven := ctypes.c_int(7)), owned=False)) == 7
def fail(n): raise LookupError(n)
for _ in range(3):
    try: call(fail, 5)
    except LookupError as error: assert error.args == (5,)
    else: raise AssertionError
    assert same(3) == 3
    try: same("x")
    except TypeError as error: assert "must be an integer" in str(error), error
"""


def test_a_package_that_was_purged_goes_on_as_one(package: Package, path: str) -> None:
    """Callbacks, handles and errors of the modules from before know each other."""
    package.compile(
        "int call(int (*f)(int), int n) { return f(n); }"
        "int same(int n) { return n; } int read(int *p) { return *p; }"
    )
    run([sys.executable, "-c", PURGE_OF_FFI.format(folder=str(package.folder.parent))])
    assert Path(package.folder).exists()
