"""Handles: closed once, never used afterwards, children before parents, whoever closes them."""

import copy
import ctypes
import dis
import gc
import pickle
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ctypes import c_int64
from pathlib import Path
from typing import Any

import pytest
from shelf import BoxError, Shelf
from support import (
    COUNTS_BLOCKS,
    COUNTS_REFERENCES,
    HAS_GIL,
    attempt,
    collect,
    interrupted_everywhere,
)

from pyexample.ffi import Handle, Owned, calls, ownership
from pyexample.ffi.adoption import adopt
from pyexample.ffi.calls import CallState
from pyexample.ffi.handle_values import HandleValue
from pyexample.ffi.lifetimes import Life
from pyexample.ffi.records import life_of


@pytest.fixture(autouse=True)
def _nothing_goes_wrong(shelf: Shelf) -> Iterator[None]:
    """Whatever a test does: C sees no wrong use, and all that it gave comes back to it."""
    yield
    shelf.refuse_close(0)
    collect()
    assert shelf.faults == 0
    assert (shelf.count("boxes"), shelf.count("things")) == (0, 0)


def opened(shelf: Shelf, name: str = "b") -> Any:
    return shelf.box_open(ord(name), 0)


def slow_path_of(function: Any) -> Any:
    """What a builtin function calls if it is not sure, or the function itself."""
    return getattr(function.__self__, "slow_path", function)


def closed_by_python(shelf: Shelf) -> Any:
    """One that libfastcall does not close by itself."""
    box = opened(shelf)
    life_of(box)
    return box


def test_it_is_closed_once(shelf: Shelf) -> None:
    box = opened(shelf)
    assert shelf.name_of(box) == ord("b")
    assert not box.closed
    assert f"{box!r}".startswith("<Box at 0x")
    box.close()
    box.close()
    shelf.box_close(box)
    assert box.closed
    assert f"{box!r}" == "<Box closed>"
    assert shelf.order == "b"


@pytest.mark.parametrize("close", [Handle.close, lambda box: None], ids=["close", "gc"])
def test_with(shelf: Shelf, close: Callable[[Any], None]) -> None:
    with opened(shelf) as box:
        close(box)
        assert box.closed == (shelf.order == "b")
    assert box.closed
    assert shelf.order == "b"


def test_the_function_that_closes_it(shelf: Shelf) -> None:
    box = opened(shelf)
    assert shelf.box_close(box) is None
    assert box.closed
    name = r"^box_close\(\) "
    with pytest.raises(TypeError, match=name + r"takes 1 argument \(box\), not 0$"):
        shelf.box_close()
    with pytest.raises(TypeError, match=name + "takes no keyword arguments$"):
        shelf.box_close(box=box)
    with pytest.raises(
        TypeError, match=name + r"parameter 'box' \(Box \*\) must be a Box, not int"
    ):
        shelf.box_close(7)


def test_what_is_closed_cannot_be_used(shelf: Shelf) -> None:
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    box.close()
    for function, argument, c_name in [
        (shelf.name_of, box, "Handle"), (shelf.name_of, thing, "Handle"),
        (shelf.box_text, box, "Box"), (shelf.name_or_0, box, "Box"),
    ]:  # fmt: skip
        where = rf"^{function.__name__}\(\) parameter 'box' \({c_name} \*\) is closed$"
        with pytest.raises(ValueError, match=where):
            function(argument)
    with pytest.raises(
        ValueError, match=r"^name_of_five\(\) parameter 'e' \(Box \*\) is closed$"
    ):
        shelf.name_of_five(*[opened(shelf)] * 4, box)
    with pytest.raises((ctypes.ArgumentError, ValueError), match=r"the Box is closed$"):
        shelf.library.cdll.name_of(box)


def test_the_raw_function_takes_it(shelf: Shelf) -> None:
    assert shelf.library.cdll.name_of(opened(shelf)) == ord("b")


@pytest.mark.parametrize("wrong", [7, b"box", None, "thing", Handle])
def test_another_type(shelf: Shelf, wrong: Any) -> None:
    box = opened(shelf)
    given = shelf.put(box, 1) if wrong == "thing" else wrong
    what = type(given).__name__
    where = rf"^box_text\(\) parameter 'box' \(Box \*\) must be a Box, not {what}$"
    with pytest.raises(TypeError, match=where):
        shelf.box_text(given)


def test_null(shelf: Shelf) -> None:
    box = opened(shelf)
    assert shelf.name_or_0(None) == 0
    assert shelf.name_or_0(box) == ord("b")
    with pytest.raises(ValueError, match=r"^put\(\) result \(Thing \*\) is a null pointer"):
        shelf.put(box, 0)
    with pytest.raises(ValueError, match=r"^box_open\(\) result \(Box \*\) is a null pointer"):
        shelf.box_open(1, 4)
    assert shelf.count("things") == 0


def test_many_in_one_call(shelf: Shelf) -> None:
    boxes = [opened(shelf) for _ in range(5)]
    assert shelf.name_of_five(*boxes) == 5 * ord("b")
    assert shelf.name_of_five(*boxes[:1] * 5) == 5 * ord("b")
    for box in boxes:
        box.close()  # none is held by a call that has returned


def test_after_refused_calls_nothing_is_held(shelf: Shelf) -> None:
    box, closed = opened(shelf), opened(shelf)
    closed.close()
    with pytest.raises(ValueError, match="is closed"):
        shelf.name_of_five(box, box, box, box, closed)
    with pytest.raises(OverflowError):
        shelf.nap(box, 2**40)
    with pytest.raises(TypeError):
        shelf.fire(box, 0, "x")
    box.close()
    assert box.closed


def test_children_go_before_their_parent(shelf: Shelf) -> None:
    box = opened(shelf)
    one, two, three = (shelf.put(box, ord(name)) for name in "123")
    two.close()
    assert one.parents == (box,)
    box.close()
    assert shelf.order == "231b"
    assert one.closed
    assert three.closed


def test_a_child_keeps_its_parent(shelf: Shelf) -> None:
    thing = shelf.put(opened(shelf), ord("t"))
    collect()
    assert shelf.name_of(thing) == ord("t")
    assert shelf.order == ""
    del thing
    collect()
    assert shelf.order == "tb"


def test_a_child_that_nobody_closes(shelf: Shelf) -> None:
    box = opened(shelf)
    view = shelf.look(box)
    assert shelf.name_of(view) == ord("b")
    for _ in range(100):
        shelf.look(box)
    collect()
    assert len(life_of(box).children) == 1, "those that are gone are forgotten"
    box.close()
    assert view.closed
    with pytest.raises(ValueError, match="is closed"):
        shelf.name_of(view)


def test_garbage_with_cycles(shelf: Shelf) -> None:
    """The handle, a callback that it keeps, a closure over the handle; and its child."""
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    both = [box, thing]
    gc.disable()
    shelf.watch(box, 0, 0, lambda number, both=both: len(both) + number)
    assert shelf.fire(box, 0, 5) == 7
    gone = weakref.ref(box)
    box.both = thing.both = both
    del both, box, thing
    order = shelf.order
    gc.enable()
    assert order == ""
    collect()
    assert gone() is None
    assert shelf.order == "tb"


def test_a_close_that_fails_leaves_it_open(shelf: Shelf) -> None:
    box = opened(shelf)
    shelf.watch(box, 0, 0, lambda number: number)
    collect()
    shelf.refuse_close(7)
    for close in (box.close, lambda: shelf.box_close(box)):
        with pytest.raises(BoxError, match=r"^box_close\(\) of a box \(7\)$"):
            close()
        assert not box.closed
        assert shelf.name_of(box) == ord("b")
        assert shelf.fire(box, 0, 5) == 5
    shelf.refuse_close(0)
    box.close()
    assert shelf.order == "b"


def close_by(shelf: Shelf, box: Any, how: str) -> None:
    if how == "close":
        box.close()
    elif how == "box_close":
        shelf.box_close(box)
    else:
        with box:
            pass


@pytest.mark.parametrize("how", ["close", "box_close", "with"])
def test_an_exception_after_c_has_closed_it(shelf: Shelf, how: str) -> None:
    """Of a callback that the closing function calls last. It is not closed again."""
    box = opened(shelf)

    def fail(number: int) -> int:
        raise KeyError(number)

    shelf.at_close(box, fail)
    with pytest.raises(KeyError):
        close_by(shelf, box, how)
    assert box.closed
    assert shelf.order == "b"
    box.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("how", ["close", "box_close", "with"])
def test_ctrl_c_after_c_has_closed_it(shelf: Shelf, how: str) -> None:
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    box = opened(shelf)
    shelf.signal_at_close(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            close_by(shelf, box, how)
    finally:
        shelf.signal_at_close(0)
        signal.signal(signal.SIGINT, earlier)
    assert box.closed
    box.close()
    assert shelf.order == "b"


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="traces each instruction of CPython")
def test_interrupted_at_each_instruction(shelf: Shelf) -> None:
    """However far it has come: C closes it once. It may be left open, and never used again."""

    def close_interrupted(box: Any, at: int) -> bool:
        """Whether there were so many instructions."""
        count = 0

        def trace(frame: Any, event: str, _: Any) -> Any:
            nonlocal count
            frame.f_trace_opcodes = True
            if event == "opcode" and "pyexample" in frame.f_code.co_filename:
                if dis.opname[frame.f_code.co_code[frame.f_lasti]] == "NOT_TAKEN":
                    # No signal is handled there, and CPython 3.14 would run no ``finally``.
                    return trace
                count += 1
                if count == at:
                    sys.settrace(None)
                    raise KeyboardInterrupt
            return trace

        try:
            sys._getframe().f_trace_opcodes = True  # which CPython 3.12 wants first
            sys.settrace(trace)
            with box:
                pass
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    at = 1
    while close_interrupted(closed_by_python(shelf), at):
        at += 1
        calls.innermost.clear()  # it may have been interrupted where no signal can
    assert at > 50
    collect()
    # Those that were interrupted between the note that C is called and the call itself, where
    # CPython handles no signal.
    left = c_int64.in_dll(shelf.library.cdll, "boxes")
    assert left.value < 6
    left.value = 0


def test_lent_and_never_closed(shelf: Shelf) -> None:
    """What is C's to close is not closed by Python, nor does it say so."""
    box = opened(shelf)
    refused = r"^this (Box|View) is C's to close: it is borrowed"
    lent = shelf.Box.adopt(box.value + 8, owned=False)
    for close in (shelf.look(box).close, lent.close, lambda: shelf.box_close(lent)):
        with pytest.raises(ValueError, match=refused):
            close()
    with lent:
        pass
    assert shelf.name_of(box) == ord("b")


def test_a_callback_gets_the_open_handle_of_an_address(shelf: Shelf) -> None:
    box = opened(shelf)

    def look(given: Any) -> int:
        with pytest.raises(RuntimeError, match="in use"):
            given.close()
        return int(given is box and not given.closed)

    assert shelf.on_box(box, look) == 1
    assert not box.closed


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="what ctypes has in common")
def test_python_cannot_make_one_or_change_it(shelf: Shelf) -> None:
    """Its address is where Python has no access to it."""
    box = opened(shelf)
    box.address = 8080
    assert shelf.name_of(box) == ord("b")
    assert not hasattr(shelf.Box, "from_buffer_copy")
    assert not hasattr(shelf.Box, "from_address")
    with pytest.raises(TypeError):
        memoryview(box)
    made = object.__new__(shelf.Box)
    assert made.closed
    with pytest.raises(ValueError, match="is closed"):
        shelf.name_of(made)

    class Wrong(shelf.Box):  # type: ignore[name-defined,misc]
        def __buffer__(self, flags: int) -> memoryview:
            return memoryview(bytes(16))

    wrong = Wrong.adopt(box.value, owned=False)
    assert shelf.name_of(wrong) == ord("b")
    with pytest.raises(TypeError, match="must be a Handle, not Memory"):
        shelf.name_of(type("Memory", (ctypes.Structure,), {})())


def test_a_parent_whose_close_fails_keeps_its_place(shelf: Shelf) -> None:
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    shelf.refuse_close(7)
    with pytest.raises(BoxError):
        box.close()
    assert thing.closed
    later = shelf.put(box, ord("l"))
    shelf.refuse_close(0)
    box.close()
    assert later.closed
    assert shelf.order == "tlb"


def test_a_finalizer_that_fails_is_heard_of(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: heard.append(str(given.exc_value)))
    box = opened(shelf)
    life = life_of(box)
    shelf.refuse_close(7)
    del box
    collect()
    assert heard == ["box_close() of a box (7)"]
    shelf.refuse_close(0)
    life.close(implicitly=True)


def test_one_that_is_destroyed_and_not_closed_is_heard_of(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without a Life: its error can still use it."""
    heard: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: heard.append(str(given.exc_value)))
    box = opened(shelf)
    address = box.pointer()
    shelf.refuse_close(7)
    del box
    collect()
    assert heard == ["box_close() of a box (7)"]
    shelf.refuse_close(0)
    shelf.library.cdll.box_close(address)


def test_closing_during_a_call_is_refused(shelf: Shelf) -> None:
    box = opened(shelf)
    thing, other = shelf.put(box, ord("t")), shelf.put(box, ord("o"))

    def close_all(number: int) -> int:
        for close in (box.close, lambda: shelf.box_close(box)):
            with pytest.raises(
                RuntimeError, match=r"^the (Box|Thing) is in use by a call that"
            ):
                close()
        return 1

    assert shelf.each(box, 3, close_all) == 1
    shelf.watch(box, 1, 0, close_all)
    assert shelf.fire(box, 1, 0) == 1
    # The parent of what is in use; and its other child is not closed for nothing.
    outer = opened(shelf, "x")
    shelf.watch(outer, 0, 0, close_all)
    assert shelf.fire_from(outer, thing, 0) == 1
    assert not any(each.closed for each in (box, thing, other))
    assert shelf.order == ""
    thing.close()


def test_closing_another_one_during_a_call(shelf: Shelf) -> None:
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    assert shelf.each(box, 1, lambda number: thing.close() or 7) == 7
    assert shelf.order == "t"


def test_closing_while_another_thread_uses_it(shelf: Shelf) -> None:
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    with ThreadPoolExecutor(1) as pool:
        napping = pool.submit(shelf.nap, thing, 1000)
        while not life_of(thing).used():
            time.sleep(0.001)
        with pytest.raises(
            RuntimeError, match=r"^the Thing is in use by a call that has not ret"
        ):
            thing.close()
        with pytest.raises(
            RuntimeError, match=r"^the Thing is in use by a call that has not ret"
        ):
            box.close()
        assert shelf.name_of(thing) == ord("t")
        assert napping.result() == ord("t")
    box.close()
    assert shelf.order == "tb"


def test_another_thread_closes_it_while_it_is_checked(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C gets no null pointer for it: the check comes last."""
    box, use = opened(shelf), Life.use

    def close_before(life: Life, cleanups: list[Callable[[], object]]) -> None:
        if not box.closed:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(box.close).result()
        use(life, cleanups)

    monkeypatch.setattr(Life, "use", close_before)
    with pytest.raises(ValueError, match=r"put\(\) parameter '\w+' \(Box \*\) is closed"):
        slow_path_of(shelf.put)(box, ord("t"))


def test_it_is_held_until_the_result_is_made(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another thread might close it before a child is known, or a text is copied."""
    box, tried = opened(shelf), []

    def close() -> None:
        with pytest.raises(RuntimeError, match="is in use by a call"):
            box.close()
        tried.append(box)

    def close_then_adopt(*given: Any, **how: Any) -> Any:
        close()
        return adopt(*given, **how)

    with monkeypatch.context() as patch:
        patch.setattr(ownership, "adopt", close_then_adopt)
        thing = shelf.put(box, ord("t"))

    shelf.watch(box, 0, 0, lambda number: number)
    if "fire" in shelf.library.fallbacks:  # a builtin runs no Python before that
        with monkeypatch.context() as patch:
            patch.setattr(CallState, "raise_error", lambda state: close())
            assert shelf.fire(box, 0, 7) == 7
        assert len(tried) >= 2
    assert not thing.closed


def test_threads_that_close_and_use(shelf: Shelf) -> None:
    """Each call sees it open or closed; C sees nothing wrong, and each is closed once."""
    start = threading.Barrier(4)

    def work(box: Any, close: bool) -> set[str]:
        start.wait()
        seen: set[str] = set()
        for _ in range(30):
            try:
                if close:
                    box.close()
                else:
                    shelf.put(box, ord("t"))
                    shelf.name_of(box)
            except (ValueError, RuntimeError) as error:
                seen.add(str(error))
        return seen

    with ThreadPoolExecutor(4) as pool:
        for _ in range(30):
            box = opened(shelf)
            found = [pool.submit(work, box, close) for close in (False, True, False, True)]
            for each in set().union(*(future.result() for future in found)):
                assert each.endswith((" is closed", "by a call that has not returned")), each
            while not box.closed:
                box.close()
    assert set(shelf.order) <= set("bt")


def test_a_parent_waits_for_a_child_that_another_thread_closes(shelf: Shelf) -> None:
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    assert thing is not None
    life_of(thing)._closing[None] = "another thread"  # as that does, before it calls C
    with pytest.raises(RuntimeError, match=r"^the Thing is in use by a call that has not ret"):
        box.close()
    assert not box.closed
    life_of(thing)._closing.clear()
    box.close()
    assert thing.closed
    assert shelf.order == "tb"


def test_one_that_is_passed_while_another_thread_tries_to_close_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was open, and so it is: C gets the address, which seems to be gone for a moment."""
    box = opened(shelf)
    convert = HandleValue.convert

    def convert_and_hide(value: HandleValue, given: Any) -> Any:
        handle = convert(value, given)
        life_of(handle).set_address(None)  # as the other one does first
        return handle

    monkeypatch.setattr(HandleValue, "convert", convert_and_hide)
    assert slow_path_of(shelf.name_of)(box) == ord("b")
    life_of(box).set_address(life_of(box).given)


def test_a_child_that_is_made_while_another_thread_tries_to_close_its_parent(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which the call prevents: the parent is open, though it does not seem so for a moment."""
    box = opened(shelf)
    adopt = Owned.adopt

    def adopt_meanwhile(self: Owned, value: Any, address: Any, call: CallState) -> Handle:
        box._life.set_address(None)
        made = adopt(self, value, address, call)
        box._life.set_address(box._life.given)
        return made

    monkeypatch.setattr(Owned, "adopt", adopt_meanwhile)
    thing = shelf.put(box, ord("t"))
    assert thing.parents == (box,)
    box.close()
    assert shelf.order == "tb"


def test_a_parent_waits_for_a_child_that_a_call_closes(shelf: Shelf) -> None:
    """The child is no longer open then, but C still uses both."""
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    with ThreadPoolExecutor(1) as other:
        closing = other.submit(shelf.take_out_slowly, thing, 500)
        while not thing.closed:
            time.sleep(0.01)
        for close in (box.close, lambda: shelf.box_close(box)):
            with pytest.raises(RuntimeError, match=r"by a call that has not returned$"):
                close()
        closing.result()
    assert not box.closed
    box.close()
    assert shelf.order == "tb"


def test_one_that_is_taken_over_while_a_call_fails_to_close_it(shelf: Shelf) -> None:
    box = opened(shelf)
    shelf.refuse_close(5)
    with ThreadPoolExecutor(1) as other:
        closing = other.submit(shelf.close_slowly, box, 500)
        while not box.closed:
            time.sleep(0.01)
        life_of(box)
        assert box.closed
        with pytest.raises(BoxError, match="a box"):
            closing.result()
    shelf.refuse_close(0)
    thing = shelf.put(box, ord("t"))
    del box, closing  # whose exception has it
    collect()
    assert shelf.order == ""
    del thing
    collect()
    assert shelf.order == "tb"


class Last:
    """Does something when it ceases to exist: with the handle whose attribute it is."""

    def __init__(self, does: Callable[[], object]) -> None:
        self.does = does

    def __del__(self) -> None:
        self.does()


@pytest.mark.parametrize("how", ["attribute", "weak reference"])
def test_one_that_is_being_destroyed_is_not_found(shelf: Shelf, how: str) -> None:
    """Its attributes and weak references end before it does."""
    box = opened(shelf)
    found: list[Any] = []

    def look(_: object = None) -> None:
        found.append(shelf.look(box))

    view = shelf.look(box)
    if how == "attribute":
        view.last = Last(look)
    else:
        found.append(weakref.ref(view, look))
    del view
    collect()
    view = found.pop()
    assert shelf.look(box) is view
    assert shelf.name_of(view) == ord("b")
    del view
    box.close()


@pytest.mark.parametrize("how", ["attribute", "weak reference"])
@pytest.mark.skipif(not COUNTS_REFERENCES, reason="it is destroyed at once")
def test_a_child_that_is_being_destroyed_goes_before_its_parent(shelf: Shelf, how: str) -> None:
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    if how == "attribute":
        thing.last = Last(box.close)
    else:
        reference = weakref.ref(thing, lambda _: box.close())
    del thing
    assert box.closed
    assert shelf.order == "tb"
    assert how == "attribute" or reference() is None


@pytest.mark.skipif(not hasattr(gc, "set_threshold"), reason="nothing can start PyPy's gc then")
def test_a_parent_that_is_taken_over_while_its_child_is_made(shelf: Shelf) -> None:
    """As garbage that is collected then may do, since the new object is the reason."""
    box = opened(shelf)
    thresholds = gc.get_threshold()

    def take_over(*_: object) -> None:
        life_of(box)

    gc.callbacks.append(take_over)
    gc.set_threshold(1)
    try:
        thing = shelf.put(box, ord("t"))
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(take_over)
    box.close()
    assert thing.closed
    assert shelf.order == "tb"


def test_a_close_that_fails_after_an_exception_of_a_callback(shelf: Shelf) -> None:
    box = opened(shelf)
    shelf.refuse_close(5)

    def ask(number: int) -> int:
        raise KeyError(number)

    with pytest.raises(KeyError):
        shelf.ask_and_close(box, ask)
    assert not box.closed
    shelf.refuse_close(0)
    with pytest.raises(KeyError):
        shelf.ask_and_close(box, ask)
    assert box.closed
    assert shelf.order == "b"


def test_an_end_waits_for_a_child_that_is_being_closed(shelf: Shelf) -> None:
    """PyPy ends handles at any time, one amid the end of another."""
    box = opened(shelf)
    thing = shelf.put(box, ord("t"))
    life_of(thing)._closing[None] = "further down on the stack"
    box._life.end()
    assert not box.closed
    life_of(thing)._closing.clear()
    thing.close()
    assert box.closed
    assert shelf.order == "tb"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_cannot_be_duplicated(shelf: Shelf, duplicate: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"^a Box cannot be copied or pickled: it is C's$"):
        duplicate(opened(shelf))


def test_it_cannot_be_made_by_hand(shelf: Shelf) -> None:
    with pytest.raises(TypeError, match=r"^a Box is made by C, not by Python$"):
        shelf.Box()


def test_one_that_comes_with_a_failure_is_closed(shelf: Shelf) -> None:
    with pytest.raises(BoxError, match=r"^box_open\(\) of a box \(2\)$") as caught:
        shelf.box_open(ord("f"), 2)
    assert caught.value.code == 2
    del caught
    collect()
    assert shelf.order == "f"
    with pytest.raises(BoxError, match=r"^box_open\(\) of none \(3\)$"):
        shelf.box_open(ord("f"), 3)


@pytest.mark.skipif(not COUNTS_BLOCKS, reason="counts blocks of memory")
def test_memory_is_flat(shelf: Shelf) -> None:
    def run(times: int) -> int:
        for _ in range(times):
            box = opened(shelf)
            thing = shelf.put(box, ord("t"))
            shelf.look(box)
            shelf.name_of(thing)
            shelf.box_text(box)
        del box, thing
        collect()
        return sys.getallocatedblocks()

    before = run(200)
    assert run(1000) - before < 100


EXIT = """
import sys, threading
sys.path[:0] = {paths!r}
import bound, shelf
from pyexample.ffi import Library
shelf = shelf.bind(Library("c", "bound.module"))
shelf.check_at_exit()
box = shelf.box_open(1, 0)
things = [shelf.put(box, 2) for _ in range(3)]
shelf.watch(box, 0, 0, lambda number: box.closed + len(things))
shelf.fire(box, 0, 0)
"""


@pytest.mark.parametrize(
    "more",
    [
        "",
        "box.cycle = [box, things]",
        "del things",
        "def callback(number): raise SystemExit(0)\nshelf.each(box, 1, callback)",
        "shelf.each(box, 1, lambda number: sys.exit(0))",
        "threading.Thread(target=lambda: shelf.nap(box, 50)).start()",
    ],
)
def test_the_end_of_python(shelf: Shelf, path: str, more: str) -> None:
    """Whatever is open then is closed, children first, and nothing is said."""
    library = Path(shelf.library.path)
    paths = [str(library.parent.parent.parent), str(Path(__file__).parents[1])]
    done = attempt([sys.executable, "-X", "dev", "-c", EXIT.format(paths=paths) + more])
    assert (done.returncode, done.stderr) == (0, "")


def test_a_call_that_is_interrupted_anywhere(shelf: Shelf, path: str) -> None:
    """It is over all the same: nothing uses the handle, and the thread is in no call."""
    box = opened(shelf)

    def work() -> None:
        if path == "ctypes":  # which alone loses what comes when a callback begins
            shelf.watch(box, 0, 0, None)
        else:
            shelf.on_box(box, lambda given: shelf.nap(given, 0) - ord("b"))

    for _ in interrupted_everywhere(work):
        assert calls.innermost == {}
        assert life_of(box).used() is None
    box.close()


@pytest.mark.parametrize("name", ["box_open", "put"])
def test_ctrl_c_while_c_makes_one(shelf: Shelf, name: str) -> None:
    """C has made it, and Python raises an exception: it goes back to C."""
    if sys.platform == "win32":
        pytest.skip("POSIX signals")
    box = opened(shelf)
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    shelf.signal_at_open(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            shelf.box_open(ord("n"), 0) if name == "box_open" else shelf.put(box, ord("n"))
    finally:
        shelf.signal_at_open(0)
        signal.signal(signal.SIGINT, earlier)
    collect()
    assert shelf.order == "n"
    assert (shelf.count("boxes"), shelf.count("things")) == (1, 0)
    box.close()


def test_one_whose_making_is_interrupted_anywhere(shelf: Shelf) -> None:
    """It is closed once, whoever has it by then."""
    box, made = opened(shelf), []
    for work in (
        lambda: made.append(slow_path_of(shelf.box_open)(ord("n"), 0)),
        lambda: made.append(slow_path_of(shelf.put)(box, ord("n"))),
    ):
        for _ in interrupted_everywhere(work):
            collect()
            assert (shelf.count("boxes"), shelf.count("things")) == (1, 0)
        made.pop().close()
    box.close()


def test_a_child_whose_closing_is_interrupted_anywhere(shelf: Shelf) -> None:
    """It keeps no parent open."""
    things: list[Any] = []

    def another() -> Any:
        box = opened(shelf)
        things.append(shelf.put(box, ord("t")))
        life_of(things[-1])  # else libfastcall closes it, in which nothing interrupts
        return box

    box = another()
    for _ in interrupted_everywhere(lambda: things[-1].close()):
        box.close()
        assert things[-1].closed
        box = another()


def test_what_gc_finds_is_closed_before_it_is_finalized(shelf: Shelf, path: str) -> None:
    """The ``__del__`` of an object that is found with it cannot pass it to C any more.

    Unless that brings it back: libfastcall closes it when it is destroyed.
    """
    found: list[Any] = []

    class Owner:
        def __init__(self) -> None:
            self.box = opened(shelf)
            self.itself = self

        def __del__(self) -> None:
            found.append(self.box)
            if self.box.closed:
                with pytest.raises(ValueError, match=r"is closed$"):
                    shelf.name_of(self.box)
            else:
                shelf.name_of(self.box)

    Owner()
    collect()
    has_record = path == "ctypes" or not HAS_GIL
    assert found[0].closed == (COUNTS_REFERENCES and has_record)
    if not found[0].closed:
        assert shelf.box_text(found[0]) == "a box"
        found.clear()
        collect()
    assert shelf.order == "b"
    for box in found:
        with pytest.raises(ValueError, match=r"is closed$"):
            shelf.box_text(box)


def test_one_that_nobody_adopted(shelf: Shelf) -> None:
    made_by: Any = next(each for each in Handle.__mro__[1:] if "__new__" in vars(each))
    box: Any = made_by.__new__(shelf.Box)
    assert box.closed
    box.close()
    with box:
        pass


@pytest.mark.parametrize("address", [0, -1, 2 * sys.maxsize + 2, 1.5, "1"])
def test_what_is_no_address_is_not_adopted(shelf: Shelf, address: Any) -> None:
    error = ValueError if isinstance(address, int) else TypeError
    with pytest.raises(error, match=r"^a Box has an address, (an int, )?not "):
        shelf.Box.adopt(address)


def test_members_that_have_a_name_of_ours(shelf: Shelf) -> None:
    """A subclass may have its own ``use`` and the like: they are not called."""

    class Door(shelf.Box):  # type: ignore[misc,name-defined]
        closed = property(lambda self: shelf.name_of(self) == 0)
        use = keep = pointer = forget = adopt = find = make = None
        parents = value = close_by = kept_slots = release_kept = None

        def close(self) -> None:
            shelf.box_close(self)

    box = opened(shelf)
    address = box.value
    life_of(box).forget()
    door = adopt(Door, address)
    assert shelf.name_of(door) == ord("b")
    assert shelf.each(door, 1, lambda number: 0) == 0
    shelf.watch(door, 0, 0, lambda number: 7)
    assert shelf.fire(door, 0, 0) == 7
    assert not door.closed
    door.close()
    assert shelf.order == "b"
