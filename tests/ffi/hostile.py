"""Hostile use of handles and callbacks: what test_hostile.py has several Pythons run.

Arguments: the folder of the package ``bound``, with the library of shelf.py in it, and the
names of the functions below that are to run. Whatever goes wrong ends it with a traceback,
or with the sanitizer's report.
"""

import gc
import random
import sys
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "examples"), sys.argv[1]]

import bound  # type: ignore[import-not-found] # noqa: E402, F401
from shelf import BoxError, Shelf, bind  # noqa: E402

from pyexample.ffi import Library, calls  # noqa: E402


class Stop(BaseException):
    pass


def check(right: bool) -> None:
    assert right


def deny(number: int) -> int:
    raise Stop(number)


def use_everything(shelf: Shelf, seed: int) -> None:
    """Every idiom, rightly and wrongly; what is dropped is left to gc."""
    box, other = shelf.box_open(ord("b"), seed % 2), shelf.box_open(ord("o"), 0)
    things = [shelf.put(box, ord("t")) for _ in range(3)]
    both = [box, things]
    shelf.watch(box, seed % 4, 0, lambda number: number + len(both))
    assert shelf.fire(box, seed % 4, seed) == seed + 2
    shelf.watch(other, 0, 0, lambda number: int(shelf.name_of(box)))
    assert shelf.fire_from(other, things[0], 0) == ord("b")

    def replace(number: int) -> int:
        shelf.watch(box, 3, 0, lambda number: number + 1)  # and this one is gone
        return number

    shelf.watch(box, 3, 0, replace)
    del replace
    assert [shelf.fire(box, 3, 7), shelf.fire(box, 3, 7)] == [7, 8]
    for number in range(3):
        try:
            shelf.each(box, 9, deny)
        except Stop as stop:
            check(stop.args == (0,))
        else:
            raise AssertionError("an exception was lost")
        assert shelf.each(box, 9, lambda given, number=number: given > number) == 1

    def close_in_callback(number: int) -> int:
        with suppress(RuntimeError):
            box.close()
        things[1].close()
        return int(shelf.each(other, 2, lambda number: 7))

    assert shelf.each(box, 1, close_in_callback) == 7
    wrong_calls: list[tuple[Any, ...]] = [
        (shelf.name_of, things[1]), (shelf.box_open, 1, 2), (shelf.box_open, 1, 3),
        (shelf.pick, 9), (shelf.copied, b"\xff"), (shelf.status, 7),
        (shelf.sum_all, 3, lambda number: 2**40),
    ]  # fmt: skip
    for wrong, *arguments in wrong_calls:
        try:
            wrong(*arguments)
        except (ValueError, BoxError, OverflowError):
            pass
        else:
            raise AssertionError("an error was lost")
    assert shelf.pick(1)[1] == "picked"
    assert shelf.copied(b"x" * 100) == "x" * 100
    assert shelf.all_kinds(lambda *given: 1, 1) == 1
    shelf.look(box)
    box.both = things[0].both = both  # a cycle
    if seed % 3:
        other.close()


def finish(shelf: Shelf) -> None:
    for _ in range(3):
        gc.collect()
    counts = {name: shelf.count(name) for name in ("faults", "boxes", "things", "texts")}
    assert not any(counts.values()), counts
    assert not calls.innermost


def gc_at_every_point(shelf: Shelf) -> None:
    gc.set_threshold(1)
    for seed in range(30):
        use_everything(shelf, seed)
    gc.set_threshold(700)
    finish(shelf)


def in_threads(shelf: Shelf) -> None:
    def work(seed: int) -> None:
        for number in range(60):
            use_everything(shelf, seed + number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))  # raises what one of them raised
    for _ in range(20):
        shelf.in_a_thread(20, lambda number: int(threading.current_thread() is not None))
    finish(shelf)


def a_million_callbacks(shelf: Shelf, total: int = 1_000_000) -> None:
    """Exceptions among them: none is lost, and none comes twice."""
    choose = random.Random(20261123)  # noqa: S311
    called = raised = came = 0
    box = shelf.box_open(ord("m"), 0)

    def callback(number: int) -> int:
        nonlocal called, raised
        called += 1
        if choose.random() < 0.01:
            raised += 1
            raise Stop(raised)
        return 0

    while called < total:
        try:
            shelf.each(box, 200, callback)
        except Stop as stop:
            came += 1
            check(stop.args == (came,))
        assert came == raised
    assert came > total // 200
    box.close()
    finish(shelf)


def nothing_leaks(shelf: Shelf) -> None:
    """Neither references nor memory that Python knows of."""

    def run(times: int) -> None:
        for seed in range(times):
            use_everything(shelf, seed)
            gc.collect()  # else chance decides how many callbacks there are at once
        finish(shelf)

    def measure(count: Callable[[], int]) -> int:
        with shelf.box_open(ord("b"), 0) as box:
            # Each of the function pointers that are unused, since C may have read them.
            for _ in range(1001 + len(shelf.on_number._free)):
                shelf.watch(box, 0, 0, lambda number: number)
                shelf.all_kinds(lambda *given: 1, 1)
        # Until each of them was used again: a weak reference that the garbage collector has
        # cleared, unlike another one, keeps its callback (handle_weakrefs in gcmodule.c).
        run(300)
        before = count()
        run(200)
        return count() - before

    if total := getattr(sys, "gettotalrefcount", None):
        assert measure(total) < 200
    tracemalloc.start()
    assert measure(lambda: tracemalloc.get_traced_memory()[0]) < 20_000
    tracemalloc.stop()


def sqlite_too(shelf: Shelf) -> None:
    from sqlite import Error
    from sqlite_connection import Connection

    gc.set_threshold(1)
    for number in range(20):
        connection = Connection(":memory:")
        connection.create_function("f", 1, lambda given, c=connection: c and given)
        connection.create_function("g", 1, deny)
        connection.create_function("h", 0, connection.close)
        assert connection.execute("SELECT f(?), ?", number, "ü") == [(number, "ü")]
        for sql, error in (("SELECT g(1)", Stop), ("SELECT h()", RuntimeError),
                           ("SELECT nothing", Error)):  # fmt: skip
            try:
                connection.execute(sql)
            except error:
                pass
            else:
                raise AssertionError("an error was lost")
    gc.set_threshold(700)
    finish(shelf)


def leave_open(shelf: Shelf) -> None:
    """And end Python: C has the process end with status 3 where something is left."""
    shelf.check_at_exit()
    shelf.left = [shelf.box_open(ord("l"), 0) for _ in range(10)]
    shelf.left += [shelf.put(box, ord("t")) for box in shelf.left]
    for box in shelf.left[:10]:
        shelf.watch(box, 0, 0, lambda number, box=box: number + box.closed)
    threading.Thread(target=lambda: shelf.nap(shelf.left[0], 50)).start()


def main(names: list[str]) -> None:
    lost: list[Any] = []
    sys.unraisablehook = lost.append
    shelf = bind(Library("c", "bound.module"))
    for name in names:
        globals()[name](shelf)
        assert not lost, lost
        print(name)


if __name__ == "__main__":
    main(sys.argv[2:])
