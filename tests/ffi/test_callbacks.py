"""Callbacks: kept alive, called with the right values, and no exception is lost."""

import gc
import random
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ctypes import CFUNCTYPE, c_int
from importlib import import_module
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any

import pytest
from shelf import BoxError, Color, Shelf
from support import COUNTS_BLOCKS, HIGHEST_ADDRESS, attempt, collect, let_go

from pyexample.ffi import calls
from pyexample.ffi.calls import CallState
from pyexample.ffi.libfastcall import running
from pyexample.ffi.records import life_of

unix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX threads and signals")


@pytest.fixture(autouse=True)
def lost(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What no call raised: nothing, unless a test takes it out. And C saw no wrong use."""
    heard: list[str] = []
    monkeypatch.setattr(
        sys, "unraisablehook", lambda given: heard.append(repr(given.exc_value))
    )
    yield heard
    collect()
    assert calls.innermost == {}
    assert heard == []
    assert shelf.faults == 0


@pytest.fixture
def box(shelf: Shelf) -> Any:
    return shelf.box_open(ord("b"), 0)


class Stop(BaseException):
    pass


def test_values_of_all_kinds(shelf: Shelf) -> None:
    given: list[Any] = []

    def called(*values: Any) -> int:
        given.append(values)
        return 200

    assert shelf.all_kinds(called, 2) == 200
    assert given == [(-5, 0.5, True, "text", None, Color.GREEN)]
    assert type(given[0][5]) is Color
    with pytest.raises(ValueError, match=r"^of_all_kinds\(\) parameter 'color' .* is 3, no"):
        shelf.all_kinds(lambda *values: 200, 3)
    with pytest.raises(ValueError, match=r"'text' \(char \*\) is a null pointer, which its"):
        shelf.all_kinds(lambda *values: 200, 0)
    assert shelf.boolean(lambda: True) is True
    assert shelf.real(lambda: 2) == 2.0
    assert shelf.pointer(lambda: HIGHEST_ADDRESS) == HIGHEST_ADDRESS
    assert shelf.pointer(lambda: None) is None
    assert shelf.none(lambda: None) is None
    assert shelf.none(lambda: 7) is None
    assert shelf.none(None) is None


@pytest.mark.parametrize(
    ("name", "result", "error", "message"),
    [
        (
            "all_kinds",
            256,
            OverflowError,
            "of_all_kinds() result (uint8_t) must be in 0..255, not 256",
        ),
        (
            "all_kinds",
            -1,
            OverflowError,
            "of_all_kinds() result (uint8_t) must be in 0..255, not -1",
        ),
        (
            "all_kinds",
            None,
            TypeError,
            "of_all_kinds() result (uint8_t) must be an integer, not NoneType",
        ),
        (
            "all_kinds",
            1.0,
            TypeError,
            "of_all_kinds() result (uint8_t) must be an integer, not float",
        ),
        ("boolean", 1, TypeError, "get_bool() result (bool) must be a bool, not int"),
        ("real", "1", TypeError, "get_double() result (double) must be a number, not str"),
        (
            "pointer",
            2**64,
            OverflowError,
            f"get_pointer() result (void *) must be in 0..{HIGHEST_ADDRESS}, not ",
        ),
        (
            "pointer",
            "x",
            TypeError,
            "get_pointer() result (void *) must be an integer, not str",
        ),
    ],
)
def test_results_that_are_refused(
    shelf: Shelf, name: str, result: Any, error: type[Exception], message: str
) -> None:
    more = (1,) if name == "all_kinds" else ()
    with pytest.raises(error) as caught:
        getattr(shelf, name)(lambda *given: result, *more)
    assert str(caught.value).startswith(message)


def test_what_is_no_callable(shelf: Shelf, box: Any) -> None:
    where = r"^each\(\) parameter 'f' \(on_number\) must be callable, not "
    for wrong, name in ((7, "int"), (None, "NoneType")):
        with pytest.raises(TypeError, match=where + name):
            shelf.each(box, 1, wrong)


@pytest.mark.parametrize(
    "kind", [ValueError, KeyboardInterrupt, SystemExit, Stop, GeneratorExit]
)
def test_exceptions_come_out(shelf: Shelf, box: Any, kind: type[BaseException]) -> None:
    called = []

    def fail(number: int) -> int:
        called.append(number)
        raise kind("mine")

    with pytest.raises(kind, match="mine") as caught:
        shelf.each(box, 5, fail)
    # C went on, since it got 0; but nothing else was called.
    assert called == [0]
    assert caught.traceback[-1].name == "fail"
    assert caught.value.__context__ is None
    assert shelf.each(box, 5, lambda number: number) == 1
    shelf.watch(box, 0, 0, fail)
    with pytest.raises(kind, match="mine"):
        shelf.fire(box, 0, 7)
    with pytest.raises(kind, match="mine"):
        shelf.fire_last(7)
    assert called == [0, 7, 7]


def test_what_c_gets_after_an_exception(shelf: Shelf, lost: list[str]) -> None:
    """The declared result; and where no declared function raises it, it is heard of at once."""

    def fail(*given: Any) -> Any:
        raise Stop

    for name, arguments, failed in (
        ("all_kinds", (1,), 255), ("boolean", (), False), ("real", (), -1.5),
        ("pointer", (), None),
    ):  # fmt: skip
        callback = shelf.library.declarations[name].arguments[0].spec.callback
        closure = callback.make(fail)
        for _ in range(2):  # it does not keep later ones from being called
            assert getattr(shelf.library.cdll, name)(closure, *arguments) == failed
            assert lost == ["Stop()"]
            del lost[:]


def test_an_exception_goes_before_the_error_of_c(shelf: Shelf) -> None:
    def fail() -> int:
        raise Stop

    with pytest.raises(Stop):
        shelf.code_or(5, fail)
    with pytest.raises(BoxError, match=r"^code_or\(\) of none \(5\)$"):
        shelf.code_or(5, lambda: 0)
    with pytest.raises(BoxError, match=r"^code_or\(\) of none \(6\)$"):
        shelf.code_or(0, lambda: 6)


def test_nested(shelf: Shelf, box: Any) -> None:
    """Each exception comes out of the call that it belongs to."""
    trace = []

    def inner(number: int) -> int:
        trace.append("inner")
        raise KeyError(number)

    def outer(number: int) -> int:
        trace.append("outer")
        with suppress(KeyError):
            shelf.each(box, 1, inner)
        if number == 1:
            shelf.each(box, 1, inner)
        return 0

    with pytest.raises(KeyError):
        shelf.each(box, 3, outer)
    assert trace == ["outer", "inner", "outer", "inner", "inner"]

    def deep(number: int) -> int:
        if depth := len(trace):
            trace.pop()
            return int(shelf.each(box, 1, deep)) + depth
        raise Stop

    with pytest.raises(Stop):
        shelf.each(box, 1, deep)
    assert trace == []


def test_exceptions_of_several_threads(shelf: Shelf, box: Any) -> None:
    def work(seed: int) -> None:
        for number in range(300):
            mine = f"{seed} {number}"

            def fail(given: int, mine: str = mine) -> int:
                if given < 2:
                    return 0
                raise KeyError(mine)

            with pytest.raises(KeyError, match=f"^'{mine}'$"):
                shelf.each(box, 4, fail)
            assert shelf.name_of(box) == ord("b")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [None] * 4


@unix
def test_a_thread_that_c_made(shelf: Shelf, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: heard.append(given.exc_value))

    def fail(number: int) -> int:
        threading.current_thread()  # from now on, threading knows of it
        if number % 2:
            raise Stop(number)
        return number

    assert shelf.in_a_thread(6, fail) == 0 + 2 + 4
    assert [repr(each) for each in heard] == ["Stop(1)", "Stop(3)", "Stop(5)"]
    del heard[:]

    def nested(number: int) -> int:
        """There is a call in that thread: it raises the exception."""
        with pytest.raises(Stop):
            shelf.each(box, 2, fail)
        return 7

    assert shelf.in_a_thread(1, nested) == 7
    assert heard == []


@unix
def test_ctrl_c_while_c_runs(shelf: Shelf, path: str) -> None:
    """The signal is dealt with before the callback's first instruction."""
    if path == "ctypes":
        pytest.skip("ctypes alone loses it, as the documentation of Callback says")
    called: list[int] = []
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            shelf.interrupted(called.append)
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert called == []


def test_a_finalizer_does_not_take_it(shelf: Shelf, box: Any) -> None:
    """Between the callback and the call, gc may run what calls C as well."""
    other = shelf.box_open(ord("o"), 0)
    earlier = shelf.order
    results = []

    class Last:
        def __del__(self) -> None:
            results.append(shelf.name_of(other))  # calls in both ways, and a callback
            results.append(shelf.each(other, 3, lambda number: number))

    def fail(given: Any) -> int:  # a handle: so Python code calls it
        raise Stop

    leave = CallState.leave

    def leave_then_collect(state: CallState) -> None:
        leave(state)
        if isinstance(sys.exc_info()[1], Stop):
            patch.undo()
            last, gone = Last(), shelf.box_open(ord("g"), 0)
            del last, gone
            let_go()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CallState, "leave", leave_then_collect)
        with pytest.raises(Stop):
            shelf.on_box(box, fail)
    assert results == [ord("o"), 1]
    assert shelf.order == earlier + "g"


def test_an_exception_takes_nothing_along(shelf: Shelf, box: Any) -> None:
    """When it has been dealt with, it is gone at once, and all that it held."""

    class Thing:
        pass

    def fail(number: int) -> int:
        thing = Thing()
        gone.append(weakref.ref(thing))
        raise ValueError(thing)

    gone: list[Any] = []
    gc.disable()
    try:
        with suppress(ValueError):
            shelf.each(box, 1, fail)
        with suppress(BoxError):
            shelf.box_open(ord("f"), 2)
        let_go()
        assert gone[0]() is None
        assert shelf.order == "f"
    finally:
        gc.enable()


def test_a_handle_is_lent(shelf: Shelf, box: Any) -> None:
    lent: list[Any] = []

    def look(given: Any) -> int:
        lent.append(given)
        assert given is box, "the same object, which is open"
        return int(shelf.name_of(given))

    assert shelf.on_box(box, look) == ord("b")
    assert not box.closed

    def keep_watching(given: Any) -> int:
        shelf.watch(given, 0, 0, lambda number: number + 1)
        return 0

    shelf.on_box(box, keep_watching)
    collect()
    assert shelf.fire(box, 0, 5) == 6


def test_callbacks_are_kept(shelf: Shelf, box: Any) -> None:
    for slot in range(4):
        shelf.watch(box, slot, 0, lambda number, slot=slot: 10 * slot + number)
    collect()
    assert [shelf.fire(box, slot, 5) for slot in range(4)] == [5, 15, 25, 35]
    shelf.watch(box, 2, 0, None)
    assert shelf.fire(box, 2, 5) == -1000


def test_they_are_kept_as_long_as_needed(shelf: Shelf, box: Any) -> None:
    def callback() -> tuple[Callable[[int], int], weakref.ref[Any]]:
        def function(number: int) -> int:
            return number

        return function, weakref.ref(function)

    first, first_gone = callback()
    second, second_gone = callback()
    third, third_gone = callback()
    gc.disable()
    try:
        shelf.watch(box, 0, 0, first)
        del first
        assert first_gone() is not None
        with pytest.raises(BoxError):  # C has not taken it, and has the first one still
            shelf.watch(box, 0, 7, second)
        del second
        assert shelf.fire(box, 0, 5) == 5
        let_go()
        assert first_gone() is not None
        assert second_gone() is None
        shelf.watch(box, 0, 0, third)
        let_go()
        assert first_gone() is None
        del third
        let_go()
        assert third_gone() is not None
        box.close()
        let_go()
        assert third_gone() is None
    finally:
        gc.enable()


def test_one_that_fails_at_once_is_kept(shelf: Shelf, box: Any) -> None:
    def function(number: int) -> int:
        if number < 0:
            raise Stop
        return number

    with pytest.raises(Stop):
        shelf.watch_and_call(box, 0, function)
    del function
    collect()
    assert shelf.fire(box, 0, 5) == 5


def test_one_may_replace_itself(shelf: Shelf, box: Any) -> None:
    """C returns through it: until then, it is there, though another one has its place."""
    free = shelf.on_number._free

    def replace(number: int) -> int:
        shelf.watch(box, 0, 0, lambda number: 7)
        let_go()
        assert not free
        return number

    shelf.watch(box, 0, 0, replace)
    replaced = weakref.ref(replace)
    del replace
    assert shelf.fire(box, 0, 5) == 5
    let_go()
    assert len(free) == 1
    assert replaced() is None
    assert shelf.fire(box, 0, 5) == 7


def test_one_may_close_what_keeps_it(shelf: Shelf) -> None:
    box = shelf.box_open(ord("c"), 0)
    free = shelf.on_number._free

    def close(number: int) -> int:
        box.close()
        let_go()
        assert not free
        return number

    shelf.watch(box, 0, 0, close)
    closed = weakref.ref(close)
    del close
    assert shelf.fire_last(5) == 5
    assert box.closed
    let_go()
    assert len(free) == 1
    assert closed() is None


def test_one_that_is_called_too_late(shelf: Shelf, box: Any, lost: list[str]) -> None:
    """C gets what stands for failure, and it is heard of; no call of Python's raises it."""
    gone = shelf.box_open(ord("g"), 0)
    shelf.watch(gone, 0, 0, lambda number: 7)
    gone.close()
    let_go()
    for fire in (shelf.fire_last, shelf.library.cdll.fire_last):
        assert fire(5) == 0
        assert len(lost) == 1
        assert lost.pop().startswith("RuntimeError('on_number(): C called it after its release")
    shelf.watch(box, 0, 0, lambda number: 8)
    assert shelf.fire_last(5) == 8


def test_memory_is_used_again_late(shelf: Shelf, box: Any, lost: list[str]) -> None:
    """A pointer that C has read leads to no other function, for long."""
    thunks, free = shelf.on_number._thunks, shelf.on_number._free
    for _ in range(1002):
        shelf.watch(box, 0, 0, lambda given: given)
    let_go()
    assert len({thunk.address for thunk in thunks}) == 1002
    assert len(free) == 1001
    oldest = free[0].thunk
    shelf.watch(box, 0, 0, lambda given: given + 1)
    assert shelf.fire(box, 0, 5) == 6
    assert oldest.pointer() is not None
    assert len(thunks) == 1002


def test_a_name_may_be_anything(shelf: Shelf, box: Any) -> None:
    """What replaces an earlier callback is told by what C got, whether Python can hash it."""
    one, other = shelf.box_open(ord("1"), 0), shelf.box_open(ord("2"), 0)
    functions = [lambda number, n=n: 10 * n + number for n in range(4)]
    gone = [weakref.ref(function) for function in functions]
    shelf.watch_box(box, one, functions[0])
    shelf.watch_box(box, other, functions[1])
    shelf.watch_box(box, one, functions[2])

    class Index(list[int]):  # which has no hash
        def __index__(self) -> int:
            return 1

    shelf.watch(box, Index(), 0, functions[3])
    functions.clear()
    let_go()
    assert [each() is None for each in gone] == [True, False, False, False]
    assert shelf.fire(box, 1, 5) == 35


@unix
def test_ctrl_c_after_c_has_taken_it(shelf: Shelf, box: Any) -> None:
    """The call raises an exception, and does not say whether C took the callback: it has."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for number in range(3):
            with pytest.raises(KeyboardInterrupt):
                shelf.watch_signal(box, signal.SIGINT, lambda given, n=number: 10 * n + given)
            collect()
            assert shelf.fire(box, 0, 5) == 10 * number + 5
    finally:
        signal.signal(signal.SIGINT, earlier)
    shelf.watch_signal(box, 0, lambda given: given)
    assert kept_for(box) == [1], "one takes the place of all"


def kept_for(handle: Any) -> list[int]:
    """How many objects are in each slot. From now on, Python keeps them."""
    life_of(handle)
    return [len(slot) for slot in handle._kept.values()]


def is_in_use(handle: Any) -> bool:
    """Whether a call has it. Who closes it stays as it is."""
    engine = running()
    if engine and handle._life is None:
        return bool(engine.count_users(handle))
    return life_of(handle).count_users() > 0


@pytest.mark.parametrize(("mine", "others"), [((0, 200), (100, 0)), ((100, 0), (0, 200))])
def test_two_threads_fill_one_slot(
    shelf: Shelf, box: Any, mine: tuple[int, int], others: tuple[int, int]
) -> None:
    """Whose callback C has in the end, nobody knows: it is there."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: shelf.watch_slowly(box, *others, lambda given: 200 + given))
        while not is_in_use(box):
            time.sleep(0.001)
        shelf.watch_slowly(box, *mine, lambda given: 100 + given)
        other.result()
    collect()
    assert shelf.fire(box, 0, 5) in (105, 205)
    shelf.watch_slowly(box, 0, 0, lambda given: given)
    assert kept_for(box) == [1]


def test_an_exception_that_no_declared_call_raises(
    shelf: Shelf, box: Any, lost: list[str]
) -> None:
    """It is heard of at once, and everything else goes on."""

    def fail(number: int) -> int:
        raise Stop(number)

    shelf.watch(box, 0, 0, fail)
    raw = shelf.library.cdll.fire
    assert raw(box, 0, 5) == 0
    assert raw(box, 0, 6) == 0
    assert lost == ["Stop(5)", "Stop(6)"]
    assert shelf.name_of(box) == ord("b")

    def call_raw(number: int) -> int:
        """Within a declared call as well, where Python called C by itself."""
        return int(raw(box, 0, 7)) + number

    assert shelf.each(box, 2, call_raw) == 1
    assert lost[2:] == ["Stop(7)", "Stop(7)"]
    shelf.watch(box, 1, 0, lambda number: call_raw(number) + 1)
    assert shelf.fire(box, 1, 4) == 5
    assert lost[4:] == ["Stop(7)"]
    del lost[:]

    def call_declared(number: int) -> int:
        """And what is declared raises its own, whoever called it."""
        with pytest.raises(Stop):
            shelf.fire(box, 0, 8)
        with pytest.raises(Stop):
            shelf.each(box, 1, fail)
        return 9

    shelf.watch(box, 2, 0, call_declared)
    assert raw(box, 2, 0) == 9


@pytest.fixture
def greenlet(missing: Callable[[str], None]) -> Any:
    """The package: each greenlet has a stack of its own, C's as well, that others lie over."""
    try:
        return import_module("greenlet")
    except ImportError:
        return missing("greenlet is not installed")


def test_greenlets_that_switch_in_callbacks(
    shelf: Shelf, box: Any, lost: list[str], greenlet: Any
) -> None:
    """They end in another order than they began: no state of theirs is used after that."""
    main = greenlet.getcurrent()

    def switch(number: int) -> int:
        main.switch()
        return number

    def fail(number: int) -> int:
        raise Stop(number)

    shelf.watch(box, 0, 0, switch)
    shelf.watch(box, 1, 0, fail)
    raw = shelf.library.cdll.fire
    for call in (shelf.fire, raw):
        first, second = greenlet.greenlet(call), greenlet.greenlet(call)
        first.switch(box, 0, 1)
        second.switch(box, 0, 2)
        assert first.switch() == 1
        assert second.switch() == 2
        assert calls.innermost == {}
        assert raw(box, 1, 7) == 0
        assert lost == ["Stop(7)"]
        lost.clear()
    third = greenlet.greenlet(shelf.fire)
    third.switch(box, 0, 3)
    assert raw(box, 1, 8) == 0
    assert lost.pop() == "Stop(8)"
    with pytest.raises(Stop, match=r"^9$"):
        shelf.fire(box, 1, 9)
    assert third.switch() == 3
    # In a callback of ctypes' own, nothing tells that the call is not the one that is running:
    # an exception may be the call's, but it is in no memory that is another's.
    by_ctypes = CFUNCTYPE(c_int, c_int)(switch)
    shelf.library.cdll.watch(box, 2, 0, by_ctypes)
    fourth = greenlet.greenlet(shelf.fire)
    fourth.switch(box, 2, 4)
    assert raw(box, 1, 10) == 0
    came: list[str] = []
    try:
        assert fourth.switch() == 4
    except Stop as error:
        came.append(repr(error))
    assert came + lost == ["Stop(10)"]
    lost.clear()


@pytest.mark.parametrize("seed", range(5))
def test_greenlets_get_their_own_exceptions(shelf: Shelf, seed: int, greenlet: Any) -> None:
    main = greenlet.getcurrent()
    choose = random.Random(seed)  # noqa: S311

    def work(mine: int) -> int:
        box, deep = shelf.box_open(ord("g"), 0), choose.randint(1, 4)

        def called(number: int) -> int:
            main.switch()
            if number < deep:
                assert shelf.fire(box, 1, number) == number
                if number % 2:
                    return int(shelf.fire(box, 0, number + 1))
                return int(shelf.each(box, 1, lambda given: called(number + 1)))
            main.switch()
            raise KeyError(mine, number)

        def switch(number: int) -> int:
            main.switch()
            return number

        shelf.watch(box, 0, 0, called)
        shelf.watch(box, 1, 0, switch)
        for _ in range(20):
            with pytest.raises(KeyError) as caught:
                shelf.fire(box, 0, 0)
            assert caught.value.args == (mine, deep)
            with pytest.raises(RuntimeError, match="is in use"):
                shelf.each(box, 1, lambda number: box.close())
        box.close()
        return mine

    running = {each: greenlet.greenlet(work) for each in range(6)}
    for number, each in running.items():
        each.switch(number)
    while running:
        number = choose.choice([*running])
        result = running[number].switch()
        if running[number].dead:
            assert result == number
            del running[number]
    assert calls.innermost == {}


def test_what_is_said_of_it(shelf: Shelf, box: Any, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(number: int) -> int:
        raise Stop(number)

    shelf.watch(box, 0, 0, fail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
        assert shelf.library.cdll.fire(box, 0, 5) == 0
    said = capfd.readouterr().err
    assert "on_number" in said
    assert "in fail" in said
    assert "Stop: 5" in said


def test_every_builtin_has_a_name(shelf: Shelf, box: Any) -> None:
    """Without one, CPython's repr of it is a segmentation fault."""

    def look(number: int) -> int:
        builtins = [each for each in gc.get_objects() if isinstance(each, BuiltinFunctionType)]
        assert all(map(repr, builtins))
        return 7

    assert shelf.each(box, 1, look) == 7


@pytest.mark.parametrize("limit", [105, 120, 135, 150, 1000])
def test_deep_recursion(shelf: Shelf, path: str, limit: int) -> None:
    """Python's stack ends within a callback, at every point of it: nothing is lost."""
    library = Path(shelf.library.path)
    paths = [str(library.parent.parent.parent), str(Path(__file__).parents[1])]
    done = attempt([sys.executable, "-X", "dev", "-c", RECURSION.format(paths, limit)])
    lost, said = done.stdout.count("lost\n"), done.stderr.splitlines()
    if sys.implementation.name == "pypy":
        # Where its own stack ends before a callback is in Python, it says so, and C gets 0.
        itself = [each for each in said if "uncaught exception in callback: ll_c" in each]
        lost, said = max(lost - len(itself), 0), [each for each in said if each not in itself]
    assert (done.returncode, lost, said) == (0, 0, [])
    assert done.stdout.endswith("RecursionError\n")


RECURSION = """
import ctypes, gc, sys
sys.path[:0] = {}
import bound, shelf
from pyexample.ffi import Library
shelf = shelf.bind(Library("c", "bound.module"))
box = shelf.box_open(1, 0)
depth = 0
def deep(number):
    global depth
    depth += 1
    return shelf.each(box, 1, deep)
shelf.each(box, 1, lambda number: 7)
lost = []
sys.unraisablehook = lost.append
sys.setrecursionlimit({})
for more in range(40):
    def shifted(more):
        return shelf.each(box, 1, deep) if not more else shifted(more - 1)
    depth = 0
    try:
        shifted(more)
    except (RecursionError, ctypes.ArgumentError) as error:  # of one in a conversion by ctypes
        assert "recursion" in str(error).lower()
    else:
        print("lost")
    assert depth
sys.setrecursionlimit(1000)
assert not lost, lost[0].exc_value
for _ in range(5):
    gc.collect()  # calls of which PyPy, without a stack, has not run the ``finally``
box.close()  # no call uses it
box = shelf.box_open(1, 0)
assert shelf.each(box, 1, lambda number: 7) == 7
print("RecursionError")
"""


def test_the_end_of_python_is_silent() -> None:
    """What lives for longer than the module is let go of when that has lost its names."""
    code = (
        "import string, sys\n"
        "from pyexample.ffi import Callback, callbacks\n"
        "@Callback\n"
        "def nothing() -> None: ...\n"
        "string.kept = nothing.make(print)\n"
        "sys.kept = [string, callbacks]  # cleared at the end, the latest import first\n"
    )
    assert attempt([sys.executable, "-c", code]).stderr == ""


@pytest.mark.skipif(not COUNTS_BLOCKS, reason="counts blocks of memory")
def test_memory_is_flat(shelf: Shelf, box: Any) -> None:
    def fail(number: int) -> int:
        raise ValueError(number)

    def run(times: int) -> int:
        for number in range(times):
            shelf.watch(box, 0, 0, lambda given, number=number: given + number)
            assert shelf.fire(box, 0, 1) == number + 1
            with suppress(ValueError):
                shelf.each(box, 2, fail)
            with suppress(OverflowError):
                shelf.each(box, 2, lambda number: 2**40)
        collect()
        return sys.getallocatedblocks()

    before = run(1200)  # so many function pointers, the most that are ever unused
    assert run(1000) - before < 100
