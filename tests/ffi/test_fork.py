"""Forked processes: what is the parent's stays the parent's, and no child hangs."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from shelf import Shelf
from support import HAS_GIL, collect

from pyexample.ffi.records import life_of

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
    # Which Python says, rightly: the child must do little.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _nothing_is_left(shelf: Shelf) -> Iterator[None]:
    yield
    collect()
    assert (shelf.faults, shelf.count("boxes"), shelf.count("things")) == (0, 0, 0)


def in_child(work: Callable[[], object]) -> int:
    """Run ``work`` in a fork of this process: its exit status, 0 where it returned True.

    A child that hangs is ended by a signal, so that its status is negative.
    """
    process = os.fork()
    if process == 0:
        status = 77
        try:
            signal.alarm(20)
            status = 0 if work() is True else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_child_that_drops_its_copy(shelf: Shelf) -> None:
    box = shelf.box_open(ord("b"), 0)
    things = [shelf.put(box, ord("t"))]
    handles = {"box": box}
    del box

    def drop() -> bool:
        things.clear()
        handles.clear()
        collect()
        return shelf.order == "" and (shelf.count("boxes"), shelf.count("things")) == (1, 1)

    assert in_child(drop) == 0
    assert shelf.name_of(things[0]) == ord("t")


def test_a_child_that_ends(shelf: Shelf) -> None:
    """By itself, so that Python closes what is open; C looks after that."""
    box = shelf.box_open(ord("b"), 0)
    process = os.fork()
    if process == 0:
        try:
            shelf.check_at_exit()  # then 3 is the status where a box is open
            import atexit

            atexit._run_exitfuncs()  # pytest's own end is not wanted in a child
            libc_exit = shelf.library.cdll["exit"]
            libc_exit(0)
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 3
    assert shelf.name_of(box) == ord("b")


def test_a_child_that_leaves_with(shelf: Shelf) -> None:
    with shelf.box_open(ord("b"), 0) as box:

        def leave() -> bool:
            with box:
                pass
            return box.closed and shelf.order == ""

        assert in_child(leave) == 0
        assert shelf.name_of(box) == ord("b")


@pytest.mark.parametrize("close", ["close", "box_close"])
def test_a_child_may_close_it_in_so_many_words(shelf: Shelf, close: str) -> None:
    box = shelf.box_open(ord("b"), 0)

    def close_it() -> bool:
        box.close() if close == "close" else shelf.box_close(box)
        return box.closed and shelf.order == "b"

    assert in_child(close_it) == 0
    assert not box.closed


def test_what_a_child_opens_is_its_own(shelf: Shelf) -> None:
    box = shelf.box_open(ord("b"), 0)

    def open_and_drop() -> bool:
        shelf.put(box, ord("t"))
        shelf.box_open(ord("o"), 0)
        collect()
        return sorted(shelf.order) == ["o", "t"]

    assert in_child(open_and_drop) == 0


def test_another_thread_was_using_it(shelf: Shelf) -> None:
    """That thread does not exist in the child, in which nothing uses the handle."""
    box = shelf.box_open(ord("b"), 0)
    thread = threading.Thread(target=shelf.nap, args=(box, 1500))
    thread.start()
    while not life_of(box).used():
        time.sleep(0.001)

    def use_and_close() -> bool:
        if life_of(box).used() or shelf.name_of(box) != ord("b") or life_of(box).used():
            return False
        box.close()
        return bool(box.closed) and shelf.order == "b"

    assert in_child(use_and_close) == 0
    assert life_of(box).used()
    thread.join()
    assert not life_of(box).used()


@pytest.mark.parametrize("by", ["Callback", "ctypes", "both"])
def test_this_thread_is_using_it(shelf: Shelf, by: str) -> None:
    """A fork from within a callback: the child returns to C, which has the handle."""
    box, inner = shelf.box_open(ord("b"), 0), shelf.box_open(ord("i"), 0)
    raw = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: within())
    if by == "Callback":
        shelf.watch(box, 0, 0, lambda number: fork())
    else:
        shelf.library.cdll.watch(box, 0, 0, raw)
    shelf.watch(inner, 0, 0, lambda number: fork())
    parent = os.getpid()
    status = 77

    def within() -> int:
        return int(shelf.fire(inner, 0, 0)) if by == "both" else fork()

    def fork() -> int:
        nonlocal status
        process = os.fork()
        if process == 0:
            signal.alarm(20)
            with pytest.raises(RuntimeError, match="is in use by a call"):
                box.close()
            return 1
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        return 0

    try:
        result = shelf.fire(box, 0, 0)
        if os.getpid() != parent:
            box.close()
            os._exit(0 if result == 1 and shelf.order == "b" else 1)
    finally:
        if os.getpid() != parent:
            os._exit(99)
    assert (result, status) == (0, 0)


def test_a_buffer_that_another_thread_was_using(shelf: Shelf, path: str) -> None:
    if path == "builtin":
        pytest.skip("C cannot reach the views of a thread that is gone; nor can CPython's own")
    unlocked = bytearray()
    with memoryview(unlocked), suppress(BufferError):
        unlocked.append(0)
        pytest.skip("this Python (PyPy) does not refuse to resize what a memoryview shows")
    from ctypes import c_int
    from typing import Annotated

    from pyexample.ffi import UNCHECKED, Buffer, Out

    def nap(
        b: Annotated[Buffer, Out(None, UNCHECKED)], ms: Annotated[int, c_int], /
    ) -> Annotated[int, c_int]:
        raise NotImplementedError

    room = bytearray(100)
    room[:8] = (0x0B0E0B0E).to_bytes(8, sys.byteorder)  # what C checks
    function = shelf.library.function(nap)
    thread = threading.Thread(target=function, args=(room, 1500))
    thread.start()
    while True:
        try:
            room.append(0)
        except BufferError:
            break
    time.sleep(0.1)  # and then it calls C

    def resize() -> bool:
        room.clear()
        return True

    assert in_child(resize) == 0
    thread.join()


@pytest.mark.skipif(
    not HAS_GIL, reason="fork waits for no thread there, and Python's own hangs"
)
def test_a_fork_amid_callbacks_of_other_threads(shelf: Shelf) -> None:
    """Wherever they are, no lock is left locked in the child, nor does an exception wait."""
    stop = threading.Event()

    def fail(number: int) -> int:
        raise ValueError(number)

    def work() -> None:
        with shelf.box_open(ord("b"), 0) as box:
            while not stop.is_set():
                with pytest.raises(ValueError, match=r"^0$"):
                    shelf.each(box, 2, fail)
                shelf.watch(box, 0, 0, lambda number: replace(box))
                shelf.fire(box, 0, 0)

    def replace(box: Any) -> int:
        shelf.watch(box, 0, 0, None)
        return 0

    def call_back() -> bool:
        with shelf.box_open(ord("c"), 0) as box:
            with pytest.raises(ValueError, match=r"^0$"):
                shelf.each(box, 2, fail)
            return bool(shelf.each(box, 3, lambda number: number) == 1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        assert [in_child(call_back) for _ in range(30)] == [0] * 30
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
