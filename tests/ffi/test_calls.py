"""Calls of all kinds, in both ways: what is accepted, what is refused and in which words."""

import ctypes
import gc
import inspect
import math
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from ctypes import (
    c_int,
)
from enum import IntEnum
from fractions import Fraction
from typing import Annotated, Any

import numpy as np
import pytest
from kinds import SOURCE, Bound
from support import COUNTS_REFERENCES, HAS_GIL, HIGHEST_ADDRESS, Package

from pyexample.ffi import Library


@pytest.fixture
def c(package: Package, path: str) -> Bound:
    package.compile(SOURCE)
    bound = Bound(Library("c", f"{package.name}.module"))
    assert bool(bound.library.fallbacks) == (path == "ctypes")
    return bound


class Flag(IntEnum):
    SET = 15


class Half:
    def __float__(self) -> float:
        return 0.5


class Eleven:
    def __index__(self) -> int:
        return 11


@pytest.mark.parametrize(
    ("name", "argument", "result"),
    [
        ("u64", 0, 0),
        ("u64", 2**63 - 1, 2**63 - 1),
        ("u64", 2**63, 2**63),
        ("u64", 2**64 - 1, 2**64 - 1),
        ("u64", np.uint64(2**64 - 1), 2**64 - 1),
        ("u64", Flag.SET, 15),
        ("u64", True, 1),
        ("u64", Eleven(), 11),
        ("u8", 10, 10),
        ("u8", 20, 20),
        ("negate", True, False),
        ("negate", False, True),
        ("f64", 1, 1.0),
        ("f64", True, 1.0),
        ("f64", 2**1000, 2.0**1000),
        ("f64", Half(), 0.5),
        ("f64", Eleven(), 11.0),
        ("f64", np.float32(1.5), 1.5),
        ("f64", np.float64(1.5), 1.5),
        ("f64", Fraction(1, 4), 0.25),
        ("f64", math.inf, math.inf),
        ("f32", 0.1, np.float32(0.1).item()),
        ("f32", -1.0, -1.0),
        ("f32", -math.inf, -math.inf),
        ("f32", float(np.finfo(np.float32).max), float(np.finfo(np.float32).max)),
        # Beyond the greatest float, but nearer to it than to what would come next.
        ("f32", 3.4028235677973362e38, float(np.finfo(np.float32).max)),
        ("f32", 1e-50, 0.0),
        ("length", b"", 0),
        ("length", b"seven\xff!", 7),
        ("length", None, 999),
        ("octets", b"bytes", b"bytes"),
        ("string", "", ""),
        ("string", "Grüße, 世界 🎉", "Grüße, 世界 🎉"),
        ("ascii_or_null", b"ascii", "ascii"),
        ("address", None, None),
        ("address", 0, None),
        ("address", HIGHEST_ADDRESS, HIGHEST_ADDRESS),
        ("address", Eleven(), 11),
        ("deref", ctypes.pointer(c_int(7)), 7),
        ("deref", (c_int * 3)(8, 9, 10), 8),
        ("deref", ctypes.byref(c_int(9)), 9),
        ("deref", None, -1),
    ],
)
def test_accepted(c: Bound, name: str, argument: Any, result: Any) -> None:
    before = c.calls
    returned = getattr(c, name)(argument)
    assert c.calls == before + 1
    assert type(returned) is type(result)
    assert returned == result


WHERE = {
    "u64": "u64() parameter 'n' (uint64_t) ",
    "u8": "u8() parameter 'n' (uint8_t) ",
    "negate": "negate() parameter 'b' (bool) ",
    "f64": "f64() parameter 'n' (double) ",
    "f32": "f32() parameter 'n' (float) ",
    "length": "length() parameter 'text' (char *) ",
    "octets": "octets() parameter 'text' (char *) ",
    "string": "string() parameter 'text' (char *) ",
    "address": "address() parameter 'p' (void *) ",
}
ADDRESSES = f"must be in 0..{HIGHEST_ADDRESS}, not "
RANGE_64 = f"must be in 0..{2**64 - 1}, not "
NUL = "must not contain NUL, which ends a string in C: there is one at byte 2"


@pytest.mark.parametrize(
    ("name", "argument", "error", "message"),
    [
        ("u64", -1, OverflowError, RANGE_64 + "-1"),
        ("u64", 2**64, OverflowError, RANGE_64 + f"{2**64}"),
        ("u64", -(2**63) - 1, OverflowError, RANGE_64 + f"{-(2**63) - 1}"),
        ("u64", 2**5000, OverflowError, RANGE_64 + "an integer of 5001 bits"),
        ("u64", 1.0, TypeError, "must be an integer, not float"),
        ("u8", 9, OverflowError, "must be in 10..20, not 9"),
        ("u8", 21, OverflowError, "must be in 10..20, not 21"),
        ("u8", 256 + 15, OverflowError, "must be in 10..20, not 271"),
        ("u8", np.int64(21), OverflowError, "must be in 10..20, not 21"),
        ("negate", 1, TypeError, "must be a bool, not int"),
        ("negate", None, TypeError, "must be a bool, not NoneType"),
        ("f64", "1.5", TypeError, "must be a number, not str"),
        ("f64", 1j, TypeError, "must be a number, not complex"),
        ("f64", 10**400, OverflowError, "cannot hold so large a number"),
        ("f32", 3.5e38, OverflowError, "cannot hold 3.5e+38"),
        ("f32", -1e300, OverflowError, "cannot hold -1e+300"),
        ("length", "text", TypeError, "must be bytes, not str"),
        ("length", bytearray(b"x"), TypeError, "must be bytes, not bytearray"),
        ("octets", None, TypeError, "must be bytes, not NoneType"),
        ("octets", b"ab\0c", ValueError, NUL),
        ("string", b"text", TypeError, "must be str, not bytes"),
        ("string", "ü\0", ValueError, NUL),
        ("address", 2**64, OverflowError, ADDRESSES + f"{2**64}"),
        ("address", -1, OverflowError, ADDRESSES + "-1"),
        ("address", b"x", TypeError, "must be an integer, not bytes"),
    ],
)
def test_refused(
    c: Bound, name: str, argument: Any, error: type[Exception], message: str
) -> None:
    before = c.calls
    with pytest.raises(error) as caught:
        getattr(c, name)(argument)
    assert c.calls == before
    assert str(caught.value) == WHERE[name] + message
    assert caught.type is error


def test_refused_with_an_error_of_another(c: Bound) -> None:
    before = c.calls
    with pytest.raises(UnicodeEncodeError):
        c.string("\ud800")
    # c_int is c_long on Windows.
    where = rf"^deref\(\) parameter 'p' \(LP_{c_int.__name__}\): expected"
    with pytest.raises(TypeError, match=where):
        c.deref(ctypes.pointer(ctypes.c_short(1)))
    assert c.calls == before


def test_null_that_was_not_declared(c: Bound) -> None:
    for function in (c.ascii_or_null, c.null_address):
        with pytest.raises(
            ValueError, match="is a null pointer, which its declaration rules out"
        ):
            function(None)
    assert c.null_address(1) == 1


def test_text_that_is_not_utf8(c: Bound) -> None:
    with pytest.raises(UnicodeDecodeError):
        c.ascii_or_null(b"\xff")


def test_nothing(c: Bound) -> None:
    before = c.calls
    assert c.nothing() is None
    assert c.calls == before + 1
    with pytest.raises(TypeError, match=r"^nothing\(\) takes 0 arguments, not 1$"):
        c.nothing(1)
    with pytest.raises(TypeError, match=r"^nothing\(\) takes no keyword arguments$"):
        c.nothing(more=1)
    assert str(inspect.signature(c.nothing)).startswith("()")


def test_six_arguments(c: Bound) -> None:
    right: list[Any] = [-1, 2.5, 3, 4.5, b"5", -6]
    assert c.six(*right) == 1
    for position, wrong in enumerate([128, "2.5", -1, 1e39, "5", 2**63]):
        with pytest.raises(
            (TypeError, OverflowError), match=f"six.. parameter '{'abcdef'[position]}'"
        ):
            c.six(*right[:position], wrong, *right[position + 1 :])
    with pytest.raises(TypeError, match=r"takes 6 arguments \(a, b, c, d, e, f\), not 5"):
        c.six(*right[:5])
    assert list(inspect.signature(c.six).parameters) == list("abcdef")


@pytest.mark.parametrize("name", ["sleep_held", "sleep_released"])
def test_the_gil_is_released_where_it_is_declared(c: Bound, name: str) -> None:
    started, ticks = threading.Event(), []

    def count() -> None:
        started.set()
        for _ in range(20):
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=count)
    thread.start()
    started.wait()
    begin = time.perf_counter()
    getattr(c, name)(60)
    end = time.perf_counter()
    thread.join()
    during = [tick for tick in ticks if begin + 0.01 < tick < end - 0.01]
    # Where there is none, and where ctypes always releases it.
    never_held = not HAS_GIL or not COUNTS_REFERENCES
    assert bool(during) == (name == "sleep_released" or never_held)


def everything(c: Bound) -> list[tuple[Callable[..., Any], Any]]:
    """Calls that succeed and calls that fail, in each way."""
    return [
        (c.u64, 2**64 - 1),
        (c.u64, -1),
        (c.u64, 2**64),
        (c.u64, 1.0),
        (c.u64, Eleven()),
        (c.f32, 1e39),
        (c.f64, 1.25),
        (c.f64, 10**400),
        (c.string, "text"),
        (c.string, "\ud800"),
        (c.string, "a\0"),
        (c.octets, b"octets"),
        (c.ascii_or_null, None),
        (c.ascii_or_null, b"\xff"),
        (c.deref, ctypes.pointer(c_int(7))),
        (c.deref, 7),
        (c.address, None),
    ]


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="counts references, as CPython can")
def test_nothing_leaks(c: Bound) -> None:
    calls = everything(c)
    objects: list[Any] = [None, True, False]
    objects += [each for call in calls for each in call]

    def run(times: int) -> None:
        for _ in range(times):
            for function, argument in calls:
                with suppress(TypeError, ValueError, OverflowError):
                    function(argument)

    run(50)
    before = [sys.getrefcount(each) for each in objects]
    blocks = sys.getallocatedblocks()
    run(500)
    # What one call in each round leaks is 500 of it.
    for each, count in zip(objects, before, strict=True):
        assert abs(sys.getrefcount(each) - count) < 100, each
    assert abs(sys.getallocatedblocks() - blocks) < 200


@pytest.mark.slow
def test_memory_is_flat_over_a_million_calls(c: Bound) -> None:
    import resource

    calls = everything(c)

    def run(times: int) -> int:
        for _ in range(times):
            for function, argument in calls:
                with suppress(TypeError, ValueError, OverflowError):
                    function(argument)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = run(2_000)
    assert run(1_000_000 // len(calls)) - before < 2_000  # KiB; one leaked int a call is 32,000


def test_a_function_outlives_its_library_object(c: Bound) -> None:
    function, again = c.u64, c.six
    c.__dict__.clear()
    del c
    for _ in range(3):
        gc.collect()
    assert function(7) == 7
    assert again(-1, 2.5, 3, 4.5, b"5", -6) == 1
    assert "u64" in repr(function)
    with pytest.raises(OverflowError):
        function(-1)


def test_garbage_is_collected_whole(package: Package, path: str) -> None:
    """A function in a reference cycle that has become garbage can still be called."""
    package.compile(SOURCE)
    results = []
    function = Bound(Library("c", f"{package.name}.module")).u64

    class Last:
        def __init__(self, function: Callable[[int], int]) -> None:
            self.function = function
            self.itself = self

        def __del__(self) -> None:
            results.append(self.function(7))

    last = Last(function)
    getattr(
        function, "__self__", function
    ).last = last  # what the function needs is now part of the cycle
    del function, last
    gc.collect()
    assert results == [7]


def test_threads(c: Bound) -> None:
    """Calls from several threads at once, errors among them."""
    wrong: list[str] = []

    def run(seed: int) -> None:
        for number in range(seed, seed + 5_000):
            if c.u64(number) != number or c.string(f"{number}") != f"{number}":
                wrong.append(f"{number}")
            try:
                c.u8(number % 5)
                wrong.append("not refused")
            except OverflowError as error:
                if f"not {number % 5}" not in str(error):
                    wrong.append(str(error))

    threads = [threading.Thread(target=run, args=(seed * 2**40,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_is_not_served_goes_through_ctypes(package: Package, path: str) -> None:
    class Pair(ctypes.Structure):
        _fields_ = (("a", c_int), ("b", c_int))

        @classmethod
        def from_param(cls, given: Any) -> Any:
            return given if isinstance(given, cls) else cls(*given)

    package.compile("struct pair { int a, b; }; int total(struct pair p) { return p.a + p.b; }")
    library = Library("c", f"{package.name}.module")

    @library.function
    def total(pair: Annotated[Pair, Pair], /) -> Annotated[int, c_int]:
        raise NotImplementedError

    assert total(Pair(3, 4)) == 7
    assert total((3, 5)) == 8  # type: ignore[arg-type]
    if path == "builtin":
        reason = "total() parameter 'pair' (Pair): a from_param of its own is not served"
        assert library.fallbacks == {"total": reason}


def test_too_many_arguments_go_through_ctypes(package: Package, path: str) -> None:
    names = [f"a{i}" for i in range(17)]
    package.compile(
        f"int sum({', '.join(f'int {name}' for name in names)}) {{ return {'+'.join(names)}; }}"
    )
    library = Library("c", f"{package.name}.module")
    namespace: dict[str, Any] = {"T": Annotated[int, c_int]}
    exec(f"def sum({', '.join(f'{name}: T' for name in names)}, /) -> T: ...", namespace)  # noqa: S102
    total = library.function(namespace["sum"])
    assert total(*range(17)) == 136
    if path == "builtin":
        assert library.fallbacks == {"sum": "it has more arguments than are served"}
