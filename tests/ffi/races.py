"""Threads that call, and close, everything at once: what test_races.py has Python run.

Arguments: the folder of the package ``bound``, with the libraries of shelf.py and kinds.py
in it, and the name of the function below that is to run. Whatever goes wrong ends it with a
traceback; a data race, where Python and the libraries are watched, with ThreadSanitizer's
report.
"""

import array
import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from ctypes import c_int
from pathlib import Path
from typing import Annotated

sys.path[:0] = [str(Path(__file__).parents[1]), sys.argv[1]]

import bound  # type: ignore[import-not-found] # noqa: E402, F401
import kinds  # noqa: E402
import shelf as shelf_module  # noqa: E402

import pyexample  # noqa: E402
from pyexample.ffi import Library  # noqa: E402

THREADS = 6
ROUNDS = 200


class Stop(BaseException):
    pass


def in_threads(work: Callable[[int], None]) -> None:
    """Have each thread do ``work``, all of them from the same moment on."""
    start = threading.Barrier(THREADS)
    wrong: list[BaseException] = []

    def run(seed: int) -> None:
        start.wait()
        try:
            work(seed)
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong


def everything() -> None:
    """Values, buffers, handles that others close, callbacks that others replace."""
    shelf = shelf_module.bind(Library("shelf", "bound.module"))
    c = kinds.Bound(Library("kinds", "bound.module"))
    squares = [number * number for number in range(1000)]
    boxes = [shelf.box_open(ord("b"), 0) for _ in range(4)]

    def values(number: int) -> None:
        assert pyexample.square(number) == number * number
        assert c.six(-1, 2.5, 3, 4.5, b"5", -6) == 1
        assert c.string(f"{number}") == f"{number}"
        for refused, argument in ((pyexample.square, 46341), (c.u8, 9)):
            message = ""
            try:
                refused(argument)
            except OverflowError as error:
                message = str(error)
            assert f"not {argument}" in message

    def buffers() -> None:
        # Its own: an array counts its views without a lock.
        numbers, out = array.array("i", range(1000)), array.array("i", bytes(4000))
        pyexample.square_array(numbers, out)
        assert out.tolist() == squares
        assert pyexample.sum_of_squares(numbers) == sum(squares)

    def handles(number: int) -> None:
        """Each is another thread's as well, and may be closed, or about to be."""
        box = boxes[number % len(boxes)]
        with suppress(ValueError, RuntimeError):
            thing = shelf.put(box, ord("t"))
            assert shelf.name_of(thing) == ord("t")
            assert shelf.name_of_five(box, box, box, box, box) == 5 * ord("b")
        if number % 7 == 0:
            with suppress(RuntimeError):
                box.close()
                boxes[number % len(boxes)] = shelf.box_open(ord("b"), 0)

    def callbacks(number: int) -> None:
        def stop(given: int) -> int:
            if given == 2:
                raise Stop(number)
            return 0

        with shelf.box_open(ord("c"), 0) as box:
            came = None
            try:
                shelf.each(box, 5, stop)
            except Stop as error:
                came = error.args
            assert came == (number,)
            shelf.watch(box, 0, 0, lambda given: given + number)
            assert shelf.fire(box, 0, 1) == number + 1
        assert c_int(shelf.sum_all(10, lambda given: given)).value == 45

    def work(seed: int) -> None:
        for number in range(seed, seed + ROUNDS):
            values(number)
            buffers()
            handles(number)
            callbacks(number)

    in_threads(work)
    boxes.clear()
    gc.collect()
    assert (shelf.faults, shelf.count("boxes"), shelf.count("things")) == (0, 0, 0)


def replaced() -> None:
    """Callbacks that one thread replaces while others are about to be called back by them.

    C has read the function pointer by then, and waits for Python in it. What came too late is
    told, and C gets 0.
    """
    library = Library("shelf", "bound.module")
    shelf = shelf_module.bind(library)

    # It releases the GIL, so that others run between C's call and the first line of Python.
    @library.function
    def fire_last(number: Annotated[int, c_int], /) -> Annotated[int, c_int]:
        raise NotImplementedError

    boxes = [shelf.box_open(ord("b"), 0) for _ in range(THREADS)]
    shelf.watch(boxes[0], 0, 0, lambda given: given + 1)
    late: list[str] = []
    sys.unraisablehook = lambda given: late.append(str(given.exc_value))

    def work(seed: int) -> None:
        for number in range(10 * ROUNDS):
            if seed % 2:
                shelf.watch(boxes[seed], 0, 0, lambda given: given + 1)
            assert fire_last(number) in (number + 1, 0)

    sys.setswitchinterval(1e-6)
    in_threads(work)
    assert all(each.startswith("on_number(): C called it after ") for each in late), late
    boxes.clear()
    gc.collect()
    assert (shelf.faults, shelf.count("boxes")) == (0, 0)


def planted() -> None:
    """A C function that counts without a lock."""

    def count_up(number: Annotated[int, c_int], /) -> Annotated[int, c_int]:
        raise NotImplementedError

    function = Library("planted", "bound.module").function(count_up)

    def work(seed: int) -> None:
        for _ in range(100 * ROUNDS):
            function(1)

    in_threads(work)


globals()[sys.argv[2]]()
