"""Function pointers without executable memory: every kind of value, late calls, many types."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import gc
import os
import sys
import threading
import typing
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
    c_uint32,
    c_uint64,
    c_void_p,
    c_wchar_p,
)
from enum import IntEnum
from functools import partial
from types import BuiltinFunctionType, SimpleNamespace
from typing import Annotated, Any

import pytest
from support import HAS_GIL, HIGHEST_ADDRESS, Argument, Package, collect, let_go, run

from pyexample.ffi import Callback, Library, SameThread, callbacks
from pyexample.ffi.later import made_once
from pyexample.ffi.thunks import CCallback

SOURCE = r"""
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <wchar.h>
#ifndef _WIN32
#include <pthread.h>
#endif

typedef int (*on_int)(int);
static on_int kept;
int each(int count, on_int f)
{ int sum = 0; for (int i = 0; i < count; i++) sum += f(i); return sum; }
int keep(on_int f) { kept = f; return f(1); }
int call_kept(int number) { return kept ? kept(number) : -1; }
int call_both(on_int f, int number) { return 1000 * kept(number) + f(number); }
int four(on_int a, on_int b, on_int c, on_int d) { return a(1) + b(2) + c(3) + d(4); }

/* Registers and the stack, in every ABI, and narrow values with garbage above. */
double many(double (*f)(int8_t, uint16_t, double, int64_t, float, bool, int32_t, uint32_t,
    int16_t, double, uint8_t, int64_t)) {
    return f(-128, 65535, 2.5, INT64_MIN, -0.5f, true, INT32_MIN, UINT32_MAX, -32768, 1e300,
        255, INT64_MAX);
}
double floats(double (*f)(double, float, double, float, double, float, double))
{ return f(1, 2, 3, 4, 5, 6, 7); }
double nine_floats(double (*f)(double, double, double, double, double, double, double,
    double, double)) { return f(1, 2, 3, 4, 5, 6, 7, 8, 9); }
int64_t integers(int64_t (*f)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
    int64_t, int64_t, int64_t, int64_t, int64_t))
{ return f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12); }
int64_t mixed(int64_t (*f)(int64_t, double, const char *, void *, float, uint8_t))
{ return f(-1, 0.25, "t\303\251xt", (void *)64, 1.5f, 200); }
int texts(int (*f)(const char *, const char *, const wchar_t *, char), int code)
{ return f(code == 1 ? NULL : code == 2 ? "\xff" : "text", "bytes\xff", L"wide", 'c'); }
int colour(int (*f)(int), int code) { return f(code); }
int numbers(int (*f)(const int *, const int *), int null)
{ int one = 5, other = 7; return f(&one, null ? NULL : &other); }
double pointed(double (*f)(const int8_t *, const double *, const int *, const uint16_t *,
    const float *, const int64_t *, const bool *, const double *), int code) {
    static const int8_t a = -128;
    static const uint16_t d = 65535;
    double b = 2.5;
    float e = -0.5f;
    int64_t g = code == 3 ? 10 : -9;
    int c = code == 2 ? 3 : 2;
    bool h = true;
    return f(code == 1 ? NULL : &a, &b, &c, code ? &d : NULL, &e, &g, &h, code ? &b : NULL);
}
#define RETURNS(name, type) type name(type (*f)(void)) { return f(); }
RETURNS(get_int8, int8_t) RETURNS(get_uint8, uint8_t) RETURNS(get_int16, int16_t)
RETURNS(get_uint16, uint16_t) RETURNS(get_int32, int32_t) RETURNS(get_uint32, uint32_t)
RETURNS(get_int64, int64_t) RETURNS(get_uint64, uint64_t) RETURNS(get_bool, bool)
RETURNS(get_float, float) RETURNS(get_double, double) RETURNS(get_pointer, void *)
RETURNS(get_small, int)
void get_nothing(void (*f)(void)) { f(); }
#ifndef _WIN32
static void *run(void *given) { return ((void *(*)(void))given)(); }
int in_thread(void *(*f)(void)) {
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, run, (void *)f);
    pthread_join(thread, &result);
    return (int)(intptr_t)result;
}
#endif
"""


class Colour(IntEnum):
    RED = 1
    GREEN = 2


Int = Annotated[int, c_int]
Double = Annotated[float, c_double]
Float = Annotated[float, c_float]
I64 = Annotated[int, c_int64]
Number = Annotated[Any, POINTER(c_int)]


def bind(library: Library) -> SimpleNamespace:
    @Callback.failing_with(-7)
    def on_int(number: Int, /) -> Int: ...
    @Callback
    def on_many(
        a: Annotated[int, c_int8],
        b: Annotated[int, c_uint16],
        c: Double,
        d: I64,
        e: Float,
        f: Annotated[bool, c_bool],
        g: Annotated[int, c_int32],
        h: Annotated[int, c_uint32],
        i: Annotated[int, c_int16],
        j: Double,
        k: Annotated[int, c_uint8],
        m: I64,
        /,
    ) -> Double: ...
    @Callback
    def on_floats(
        a: Double, b: Float, c: Double, d: Float, e: Double, f: Float, g: Double, /
    ) -> Double: ...
    @Callback
    def on_nine(
        a: Double, b: Double, c: Double, d: Double, e: Double, f: Double, g: Double, h: Double,
        i: Double, /,
    ) -> Double: ...  # fmt: skip
    @Callback
    def on_integers(
        a: I64, b: I64, c: I64, d: I64, e: I64, f: I64, g: I64, h: I64, i: I64, j: I64, k: I64,
        m: I64, /,
    ) -> I64: ...  # fmt: skip
    @Callback
    def on_mixed(
        a: I64, b: Double, c: Annotated[str, c_char_p], d: Annotated[int, c_void_p],
        e: Float, f: Annotated[int, c_uint8], /,
    ) -> I64: ...  # fmt: skip
    @Callback
    def on_texts(
        a: Annotated[str, c_char_p],
        b: Annotated[bytes, c_char_p],
        c: Annotated[str, c_wchar_p],
        d: Annotated[bytes, c_char],
        /,
    ) -> Int: ...
    @Callback
    def on_colour(colour: Annotated[Colour, c_int], /) -> Int: ...
    @Callback
    def on_numbers(one: Number, other: Number, /) -> Int: ...
    @Callback
    def on_pointed(
        a: Annotated[int, POINTER(c_int8)],
        b: Annotated[float, POINTER(c_double)],
        c: Annotated[Colour, POINTER(c_int)],
        d: Annotated[int | None, POINTER(c_uint16)],
        e: Annotated[float, POINTER(c_float)],
        f: Annotated[int, POINTER(c_int64), range(-9, 10)],
        g: Annotated[bool, POINTER(c_bool)],
        h: Annotated[float | None, POINTER(c_double)],
        /,
    ) -> Double: ...
    @Callback
    def small() -> Annotated[int, c_int, range(-5, 6)]: ...

    functions: list[Any] = []

    def declare(name: str, callback: Callback, result: Any, *more: Any) -> None:
        def function(f: Any, /) -> Any: ...
        def with_code(f: Any, code: int, /) -> Any: ...

        made: Any = with_code if more else function
        made.__name__ = name
        made.__annotations__ = {
            "f": Annotated[Callable[..., Any], callback],
            **({"code": more[0]} if more else {}),
            "return": result,
        }
        functions.append(made)

    declare("many", on_many, Double)
    declare("floats", on_floats, Double)
    declare("nine_floats", on_nine, Double)
    declare("integers", on_integers, I64)
    declare("mixed", on_mixed, I64)
    declare("texts", on_texts, Int, Int)
    declare("colour", on_colour, Int, Int)
    declare("numbers", on_numbers, Int, Int)
    declare("get_small", small, Int)
    declare("pointed", on_pointed, Double, Int)
    results = {
        "int8": c_int8, "uint8": c_uint8, "int16": c_int16, "uint16": c_uint16,
        "int32": c_int32, "uint32": c_uint32, "int64": c_int64, "uint64": c_uint64,
    }  # fmt: skip
    kinds: dict[str, Any] = {name: Annotated[int, each] for name, each in results.items()}
    kinds |= {
        "bool": Annotated[bool, c_bool], "float": Float, "double": Double,
        "pointer": Annotated[int | None, c_void_p],
    }  # fmt: skip
    for name, kind in kinds.items():

        def get() -> Any: ...

        get.__annotations__ = {"return": kind}
        declare(f"get_{name}", Callback(get), kind)

    @Callback
    def nothing() -> None: ...

    declare("get_nothing", nothing, None)

    OnInt = Annotated[Callable[[int], int], on_int, SameThread]  # noqa: N806

    def each(count: Int, f: OnInt, /) -> Int: ...
    def keep(f: OnInt, /) -> Int: ...
    def call_kept(number: Int, /) -> Int: ...
    def call_both(f: OnInt, number: Int, /) -> Int: ...
    def four(a: OnInt, b: OnInt, c: OnInt, d: OnInt, /) -> Int: ...

    functions += [keep, call_kept, call_both, four]
    bound = {each.__name__: library.function(each) for each in functions}
    bound["each"] = library.function(release_gil=False)(each)
    return SimpleNamespace(**bound, library=library, on_int=on_int)


@pytest.fixture
def bound(package: Package, path: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    package.compile(SOURCE, "c", *([] if sys.platform == "win32" else ["-pthread"]))
    if path == "ctypes":
        monkeypatch.setattr(callbacks, "running", lambda: None)
    return bind(Library("c", f"{package.name}.module"))


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What no call raised: nothing, unless a test takes it out."""
    heard: list[str] = []
    monkeypatch.setattr(
        sys, "unraisablehook", lambda given: heard.append(repr(given.exc_value))
    )
    yield heard
    assert heard == []


def thunks_of(callback: Callback) -> int:
    """How many function pointers of libfastcall's it has."""
    return int(CCallback.from_buffer_copy(callback.described).thunk_count)


def forget_types() -> None:
    """Collect types of callbacks that nothing but ``typing`` refers to."""
    for clear in typing._cleanups:  # type: ignore[attr-defined]
        clear()
    collect()


ALONE = "TEST_OF_THUNKS_IS_ALONE"


def ran_alone(name: str) -> bool:
    """Run a test in a process of its own: here, the types of other tests may have all thunks.

    Returns whether that was done, since this is not that process.
    """
    if os.environ.get(ALONE):
        return False
    this = f"{__file__}::{name}[builtin]"
    pytest_alone: list[Argument] = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        this,
    ]
    run(pytest_alone, env={ALONE: "1"})
    return True


def test_a_function_that_is_passed_one_is_a_builtin(bound: Any, path: str) -> None:
    is_fast = path == "builtin"
    if is_fast and ran_alone("test_a_function_that_is_passed_one_is_a_builtin"):
        return
    assert (type(bound.each) is BuiltinFunctionType) == is_fast
    bound.each(1, abs)
    if is_fast:
        assert thunks_of(bound.on_int) == 1


def test_arguments_of_every_kind(bound: Any) -> None:
    got: list[Any] = []

    def take(*given: Any) -> Any:
        got.append(given)
        return 7

    assert bound.many(take) == 7.0
    assert got.pop() == (
        -128, 65535, 2.5, -(2**63), -0.5, True, -(2**31), 2**32 - 1, -(2**15), 1e300, 255,
        2**63 - 1,
    )  # fmt: skip
    assert bound.floats(take) == 7.0
    assert got.pop() == (1, 2, 3, 4, 5, 6, 7)
    assert bound.nine_floats(take) == 7.0
    assert got.pop() == (1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert bound.integers(take) == 7
    assert got.pop() == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    assert bound.mixed(take) == 7
    assert got.pop() == (-1, 0.25, "t\u00e9xt", 64, 1.5, 200)
    assert bound.texts(take, 0) == 7
    assert got.pop() == ("text", b"bytes\xff", "wide", b"c")
    assert bound.colour(take, 2) == 7
    assert got.pop() == (Colour.GREEN,)
    assert bound.get_nothing(take) is None
    assert bound.numbers(lambda one, other: one[0] - 2 * other[0], 0) == -9
    assert bound.pointed(take, 0) == 7.0
    assert got.pop() == (-128, 2.5, Colour.GREEN, None, -0.5, -9, True, None)
    assert bound.pointed(take, 4) == 7.0
    assert got.pop() == (-128, 2.5, Colour.GREEN, 65535, -0.5, -9, True, 2.5)
    for function, code, error in (
        (bound.pointed, 1, "is a null pointer"),
        (bound.pointed, 2, "is 3, no Colour"),
        (bound.pointed, 3, r"is 10, which is not in -9\.\.9"),
        (bound.texts, 1, "is a null pointer"),
        (bound.texts, 2, "invalid start byte"),
        (bound.colour, 3, "is 3, no Colour"),
        (bound.numbers, 1, "is a null pointer"),
    ):
        with pytest.raises(ValueError, match=error):
            function(take, code)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_integers_that_come_back(bound: Any, bits: int) -> None:
    class Index:
        def __index__(self) -> int:
            asked.append(self)
            return 3

    asked: list[Index] = []
    for name, low in ((f"get_int{bits}", -(1 << bits - 1)), (f"get_uint{bits}", 0)):
        high = low + (1 << bits) - 1
        function = getattr(bound, name)
        for right in (low, high, 0, 1, True):
            assert function(lambda right=right: right) == right
        for wrong in (low - 1, high + 1, 2**64, -(2**64), 10**30):
            with pytest.raises(OverflowError, match=rf"must be in {low}\.\.{high}, not"):
                function(lambda wrong=wrong: wrong)
        for none in (None, "1", 1.0):
            with pytest.raises(TypeError, match="must be an integer, not"):
                function(lambda none=none: none)
        assert function(Index) == 3
        assert len(asked) == 1, "the callable, and what it returns, are asked once"
        asked.clear()


def test_other_results(bound: Any) -> None:
    assert bound.get_bool(lambda: True) is True
    assert bound.get_bool(lambda: False) is False
    with pytest.raises(TypeError, match="must be a bool, not int"):
        bound.get_bool(lambda: 1)
    for number in (0.5, -1e30, float("inf"), 3, True):
        assert bound.get_float(lambda number=number: number) == c_float(number).value
        assert bound.get_double(lambda number=number: number) == number
    with pytest.raises(OverflowError, match="cannot hold 1e"):
        bound.get_float(lambda: 1e300)
    with pytest.raises(TypeError, match="must be a number, not str"):
        bound.get_double(lambda: "x")
    assert bound.get_pointer(lambda: None) is None
    assert bound.get_pointer(lambda: HIGHEST_ADDRESS) == HIGHEST_ADDRESS
    assert bound.get_small(lambda: 5) == 5
    with pytest.raises(OverflowError, match=r"must be in -5\.\.5, not 6"):
        bound.get_small(lambda: 6)


def test_what_can_be_called(bound: Any) -> None:
    class Adder:
        def __init__(self, more: int) -> None:
            self.more = more

        def __call__(self, number: int) -> int:
            return number + self.more

        def method(self, number: int) -> int:
            return number * self.more

    assert bound.each(3, Adder(10)) == 33
    assert bound.each(3, Adder(10).method) == 30
    assert bound.each(3, partial(lambda more, number: more + number, 5)) == 18
    assert bound.each(3, [7, 8, 9].__getitem__) == 24
    assert bound.each(3, int) == 3
    assert bound.four(abs, abs, abs, Adder(1)) == 11
    for wrong in (7, None, "each"):
        with pytest.raises(TypeError, match=r"^each\(\) parameter 'f' \(on_int\) must be call"):
            bound.each(3, wrong)


def test_a_late_call(bound: Any, path: str, lost: list[str]) -> None:
    """C keeps what it must not. Nothing is called but what is passed now."""
    if path == "builtin" and ran_alone("test_a_late_call"):
        return  # where few are left, one is used again at once
    assert bound.keep(lambda number: number + 5) == 6
    let_go()
    for _ in range(3):
        assert bound.call_kept(5) == -7
        assert lost.pop().startswith("RuntimeError('on_int(): C called it after its release")
    assert bound.call_both(lambda number: number, 4) == -7000 + 4
    assert lost.pop().startswith("RuntimeError('on_int(): C called it after its release")

    def call(number: int) -> int:
        return int(bound.call_kept(number))

    assert bound.each(2, call) == -14
    assert len(lost) == 2
    lost.clear()


@pytest.mark.skipif(
    not HAS_GIL and sys.version_info < (3, 14),
    reason="once a thread was started, CPython 3.13 without a GIL frees no class or function",
)
def test_a_late_call_of_a_type_that_is_gone(bound: Any, path: str) -> None:
    if path == "ctypes":
        pytest.skip("ctypes frees the function pointer")
    if ran_alone("test_a_late_call_of_a_type_that_is_gone"):
        return

    @Callback
    def gone(number: Int, /) -> Int: ...
    def keep(f: Annotated[Callable[[int], int], gone], /) -> Int: ...

    function = bound.library.function(keep)
    function(lambda number: 7)
    assert thunks_of(gone) == 1
    bound.library.declarations.clear()
    reference = weakref.ref(gone)
    del gone, function, keep
    forget_types()
    assert reference() is None
    assert bound.call_kept(5) == 0


def test_nested_deeper_than_there_are_thunks(bound: Any) -> None:
    def deep(depth: int) -> Callable[[int], int]:
        return lambda number: 1 + int(bound.each(1, deep(depth - 1))) if depth else number

    for _ in range(2):
        assert bound.each(1, deep(30)) == 30


def test_more_types_than_there_are_thunks(bound: Any, path: str) -> None:
    """All work. And when they are gone, others have their function pointers."""
    if path == "builtin" and ran_alone("test_more_types_than_there_are_thunks"):
        return
    for _ in range(2):
        types, declared = [], []
        for _ in range(150):

            @Callback
            def on_int(number: Int, /) -> Int: ...
            def each(
                count: Int, f: Annotated[Callable[[int], int], on_int, SameThread], /
            ) -> Int: ...

            types.append(on_int)
            declared.append(bound.library.function(each))
        for number, each_one in enumerate(declared):
            assert each_one(3, lambda given, number=number: given + number) == 3 + 3 * number
        if path == "builtin":
            assert 30 < sum(map(thunks_of, types)) <= 112
        del types, declared, on_int, each, each_one
        forget_types()


def test_the_callable_is_let_go(bound: Any) -> None:
    class Thing:
        pass

    for fails in (False, True):
        thing = Thing()
        gone = weakref.ref(thing)

        def called(number: int, thing: Thing = thing, fails: bool = fails) -> int:
            return 1 // 0 if fails else 1

        with suppress(ZeroDivisionError):
            bound.each(2, called)
        del called, thing
        collect()
        assert gone() is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX threads")
def test_threads_of_c(bound: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: heard.append(given.exc_value))

    @Callback
    def get() -> Annotated[int | None, c_void_p]: ...
    def in_thread(f: Annotated[Callable[[], int | None], get], /) -> Int: ...

    function = bound.library.function(in_thread)
    assert function(lambda: 9) == 9
    assert function(lambda: 1 // 0) == 0
    assert [type(each) for each in heard] == [ZeroDivisionError]


def test_threads_that_describe_the_same_type() -> None:
    """They get one description, which stays: functions have its address."""
    both = threading.Barrier(2)

    class Type:
        @made_once
        def described(self) -> object:
            both.wait(10)
            return object()

    it = Type()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: it.described, range(2))
    assert one is other is it.described


def test_threads_that_pass_the_same_type(bound: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets its own results, though C calls too late what another thread may pass."""
    late: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: late.append(given.exc_value))
    bound.keep(lambda number: number)

    def work(mine: int) -> None:
        for number in range(100):

            def called(given: int, number: int = number) -> int:
                if given == 9 and number % 10 == 0:
                    raise KeyError(mine, number)
                return mine * number + given

            if number % 10:
                assert bound.each(10, called) == 10 * mine * number + 45
            else:
                with pytest.raises(KeyError) as caught:
                    bound.each(10, called)
                assert caught.value.args == (mine, number)
            with suppress(KeyError):
                bound.call_kept(number)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(1, 7))) == [None] * 6
    assert {type(each) for each in late} <= {RuntimeError}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(sys, "getallocatedblocks"), reason="counts blocks of memory")
@pytest.mark.parametrize("times", [2_000, pytest.param(50_000, marks=pytest.mark.full)])
def test_memory_is_flat(bound: Any, times: int) -> None:
    """Hundreds of callbacks each time, at last 10^7 in all, with exceptions among them."""

    def fail(number: int) -> int:
        if number == 99:
            raise ValueError(number)
        return 1

    def run(times: int) -> int:
        for _ in range(times):
            assert bound.each(99, fail) == 99
            with suppress(ValueError):
                bound.each(100, fail)
            with suppress(OverflowError):
                bound.each(1, lambda number: 2**40)
        gc.collect()
        return sys.getallocatedblocks()

    if type(bound.each) is not BuiltinFunctionType:  # ctypes' own are slower
        times = min(times, 2_000)
    before = run(1100)
    assert run(times) - before < 1000  # what a round keeps would be more
