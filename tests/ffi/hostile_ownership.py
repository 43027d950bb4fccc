"""Each word of ownership under stress: what test_hostile_ownership.py runs in processes.

Arguments: the folder of the package ``bound`` with that file's library in it, the name of a
stress, and those of words, all of them functions below.
"""
# The functions have no bodies.
# mypy: disable-error-code="empty-body"

import gc
import os
import signal
import sys
import threading
import time
import traceback
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_void_p
from typing import Annotated, Any

sys.path.insert(0, sys.argv[1])

import bound  # type: ignore[import-not-found] # noqa: F401

from pyexample.ffi import (
    ArrayOf,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    GivenTo,
    Handle,
    In,
    Keep,
    Library,
    Owned,
    Raises,
    Releases,
)

library = Library("c", "bound.module")
Int = Annotated[int, c_int]
Call = Callable[[int], int]


class Item(Handle):
    """``item *``"""


class Odd(Handle):
    """``item *`` too, which is closed in another one."""


class Id(Handle, invalid=-1):
    """The number of an item."""


AnItem = Annotated[Item, c_void_p]
AnId = Annotated[Id, c_int]


def refused(code: int, function: str, values: Any) -> Exception:
    return RuntimeError(code)


@Callback
def on_call(number: Int, /) -> Int: ...


ACall = Annotated[Call, on_call]
Many = Annotated[Sequence[Item], ArrayOf(c_void_p), Count(c_int, "many"), Keep("it")]
Gifts = Annotated[Sequence[Item], ArrayOf(c_void_p), Count(c_int, "gifts"), GivenTo("owner")]


@library.function
def opened() -> Int: ...
@library.function
def now_in_child() -> None: ...
@library.function
def check_at_end() -> None: ...
@library.function
def item_use(it: AnItem, /) -> Int: ...
@library.function
def item_touch(it: AnItem, call: ACall, /) -> Int: ...
@library.function
def item_fire(it: AnItem, n: Int, /) -> Int: ...
@library.function
def item_close(it: Annotated[Item, c_void_p, Closes], /) -> None: ...
@library.function
def item_close_slot(
    it: Annotated[Item, POINTER(c_void_p), Closes(implicit=False)], /
) -> None: ...
@library.function
def item_close_with(
    it: Annotated[Item, c_void_p, Closes(implicit=False, if_succeeds=True, fail=0)],
    fail: Int,
    /,
) -> Annotated[None, c_int, Raises(refused)]: ...
@library.function
def item_close_in(owner: AnItem, it: Annotated[Odd, c_void_p, Closes], /) -> None: ...
@library.function
def item_new(number: Int, /) -> Annotated[Item | None, c_void_p, Owned]: ...
@library.function(symbol="item_new")
def item_new_by(number: Int, /) -> Annotated[Item, c_void_p, Owned(item_close_with)]: ...
@library.function
def item_child(parent: AnItem, /) -> Annotated[Item, c_void_p, Owned]: ...
@library.function(symbol="item_child")
def odd_child(parent: AnItem, /) -> Annotated[Odd, c_void_p, Owned]: ...
@library.function
def item_self(it: AnItem, /) -> Annotated[Item, c_void_p, Borrowed]: ...
@library.function
def item_give(
    owner: AnItem,
    it: Annotated[Item, c_void_p, GivenTo("owner", if_succeeds=True)],
    call: ACall,
    /,
) -> Annotated[None, c_int, Raises(refused)]: ...
@library.function
def item_give_many(owner: AnItem, gifts: Gifts, /) -> None: ...
@library.function
def item_take(
    owner: AnItem, /
) -> Annotated[Item | None, c_void_p, Owned(independent=True)]: ...
@library.function
def item_unlink(it: AnItem, /) -> Annotated[Item, c_void_p, Owned(independent=True)]: ...
@library.function
def item_swallow(it: Annotated[Item, c_void_p, GivenTo()], /) -> None: ...
@library.function
def item_on_call(it: AnItem, call: Annotated[Call, on_call, Keep("it")], /) -> None: ...
@library.function
def item_calling(
    call: Annotated[Call, on_call, Keep("return")], fail: Int, /
) -> Annotated[Item, c_void_p, Owned]: ...
@library.function
def item_set_text(it: AnItem, text: Annotated[str, c_char_p, Keep("it")], /) -> None: ...
@library.function
def item_set_numbers(
    it: AnItem, numbers: Annotated[Buffer, In(c_int), Count(c_size_t, "numbers"), Keep("it")], /
) -> None: ...
@library.function
def item_set_uses(
    it: AnItem, other: Annotated[Item | None, c_void_p, Keep("it")], /
) -> None: ...
@library.function
def item_reset(
    it: Annotated[Item, c_void_p, Releases(item_set_numbers, item_set_uses)], /
) -> None: ...
@library.function
def item_set_many(it: AnItem, many: Many, /) -> None: ...
@library.function
def on_any(call: Annotated[Call, on_call, Keep()], /) -> None: ...
@library.function
def use_globally(it: Annotated[Item | None, c_void_p, Keep()], /) -> None: ...
@library.function
def use_global() -> Int: ...
@library.function
def call_any(n: Int, /) -> Int: ...
@library.function
def id_open(fail: Int, /) -> Annotated[Id | None, c_int, Owned]: ...
@library.function
def id_child(it: AnId, /) -> Annotated[Id, c_int, Owned]: ...
@library.function
def id_touch(it: AnId, call: ACall, /) -> Int: ...
@library.function
def id_close(it: Annotated[Id, c_int, Closes], /) -> None: ...


def new(number: int = 1) -> Item:
    made = item_new(number)
    assert made is not None
    return made


# Each word is used rightly and wrongly, with ``tick`` in callbacks and between calls.

Tick = Callable[[], object]


def touching(tick: Tick, *closing: Any) -> Call:
    """A callback that tries to close what its call uses."""

    def call(number: int) -> int:
        tick()
        for each in closing:
            try:
                each.close()
            except (RuntimeError, ValueError):
                pass
            else:
                raise AssertionError("closed in a call that uses it")
        tick()
        return number

    return call


def times(factor: int, tick: Tick) -> Call:
    """A callback that C keeps. C calls it also when it closes the handle, with -1."""

    def call(number: int) -> int:
        if number >= 0 or not _is_forking:
            tick()
        return number * factor

    return call


_IS_PYPY = sys.implementation.name == "pypy"

_is_forking = False
"""A child that C forks while it closes a handle would go on to close it."""


def owned(tick: Tick) -> None:
    parent = new(2)
    children = [item_child(parent) for _ in range(3)]
    tick()
    assert item_touch(children[1], touching(tick, children[1], parent)) == 2
    children[0].close()
    tick()
    del children[1]
    tick()
    parent.close()
    assert children[-1].closed
    new().cycle = new().cycle = [new()]  # type: ignore[attr-defined]


def owned_by(tick: Tick) -> None:
    item = item_new_by(1)
    for fail in (7, 0):
        try:
            item_close_with(item, fail)
        except RuntimeError:
            tick()
            assert item_use(item) == 1
    tick()
    item_new_by(1).close()
    item_close_slot(new())
    odd = odd_child(new())
    tick()
    odd.close()
    odd_child(new())


def borrowed(tick: Tick) -> None:
    item = new(3)
    lent = item_self(item)
    tick()
    assert lent is item
    view = Odd.adopt(item.value, [item], owned=False)
    del item, lent
    tick()
    assert not view.closed
    view.parents[0].close()
    assert view.closed


def given_to(tick: Tick) -> None:
    owner, item, plain, others = new(0), new(0), new(0), [new(), new()]
    item_set_text(item, "x" * 50)
    for fails, given in ((1, plain), (0, plain), (1, item), (0, item)):
        try:
            item_give(owner, given, lambda number, fails=fails: (tick(), fails)[1])  # type: ignore[misc]
        except RuntimeError:
            assert given.parents == ()
    del given
    item_give_many(owner, others)
    tick()
    assert item_use(item) == 50
    del item
    tick()
    owner.close()
    assert others[0].closed


def given_back(tick: Tick) -> None:
    owner, other, item = new(0), new(0), new(0)
    item_set_text(item, "x" * 50)
    for _ in range(2):
        for each in (owner, other):
            item_give(each, item, lambda number: (tick(), 0)[1])
            try:
                item.close()
            except ValueError:
                tick()
            else:
                raise AssertionError("closed, although another owns it")
            assert item_take(each) is item
            tick()
    item_give(owner, item, lambda number: 0)

    def take(number: int, it: Item = item) -> int:
        tick()
        assert item_unlink(it) is it
        return touching(tick, it)(number)

    assert item_touch(item, take) == 50
    del take
    owner.close()
    tick()
    assert item_use(item) == 50
    item_give_many(other, [item])
    del item
    tick()
    taken = item_take(other)
    assert taken is not None
    del other
    tick()
    assert item_use(taken) == 50


def given_away(tick: Tick) -> None:
    item = new()
    child = item_child(item)
    try:
        item_swallow(item)
    except ValueError:
        child.close()
    tick()
    item_swallow(item)
    tick()
    assert item.closed


def keep_with_owner(tick: Tick) -> None:
    item = new(0)
    for number in range(3):
        item_on_call(item, times(number, tick))
        item_set_text(item, "y" * number)
        item_set_numbers(item, array("i", [number] * 9))
        tick()
        assert item_fire(item, 5) == 5 * number
        assert item_use(item) == 10 * number
    if number % 2:
        item.close()


def keep_with_result(tick: Tick) -> None:
    try:
        item_calling(lambda number: number, 1)
    except ValueError:
        tick()
    items = [item_calling(times(1, tick), 0) for _ in range(2)]
    tick()
    assert item_fire(items[0], 8) == 8
    items[1].close()


def keep_for_good(tick: Tick) -> None:
    on_any(times(1, tick))
    use_globally(new(6))
    tick()
    if threading.active_count() == 1:  # else another one may be put in its place meanwhile
        assert (call_any(4), use_global()) == (4, 6)
    tick()


def keep_handles(tick: Tick) -> None:
    item, other, many = new(0), new(5), [new(number) for number in range(4)]
    item_set_uses(item, other)
    item_set_many(item, many)
    many.pop()
    del other
    tick()
    assert item_use(item) == 6
    many[1].close()
    assert item.closed
    tick()
    parent = new(0)
    child = item_child(parent)
    item_set_uses(parent, child)
    try:
        child.close()
    except ValueError:
        del child
    tick()
    assert item_use(parent) == 0
    item_set_uses(parent, None)


def released(tick: Tick) -> None:
    item, other, numbers = new(0), new(1), array("i", [1, 2, 3])
    item_set_numbers(item, numbers)
    item_set_uses(item, other)
    tick()
    assert item_use(item) == 6
    item_reset(item)
    if not _IS_PYPY:
        numbers.append(4)
    tick()
    other.close()
    assert item_use(item) == 0
    item_set_uses(item, new())
    item_set_numbers(item, numbers)
    tick()


def integers(tick: Tick) -> None:
    made = id_open(0)
    assert made is not None
    child = id_child(made)
    tick()
    assert id_touch(child, touching(tick, child, made)) == 1
    assert id_open(1) is None
    made.close()
    assert child.closed
    id_open(0)


class Stop(BaseException):
    """Comes out of a callback, or of between two calls."""


def finish() -> None:
    on_any(lambda number: number)
    use_globally(None)
    for _ in range(5):
        gc.collect()
    assert opened() == 0


def under_gc(word: Any) -> None:
    if hasattr(gc, "set_threshold"):  # CPython's
        gc.set_threshold(1)
    for _ in range(3):
        word(gc.collect)
    if hasattr(gc, "set_threshold"):
        gc.set_threshold(700)
    finish()


def in_threads(word: Any) -> None:
    sys.setswitchinterval(1e-5)

    def work(_: int) -> None:
        for _ in range(20):
            word(lambda: time.sleep(0))

    # What C keeps for good is one for all threads.
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))  # raises what one of them raised
    finish()


def under_exceptions(word: Any) -> None:
    """At each tick in turn."""
    for at in range(1, 100):
        ticks = iter(range(1, 1000))

        def tick(at: int = at, ticks: Any = ticks) -> None:
            if next(ticks) == at:
                raise Stop

        try:
            word(tick)
            break
        except Stop:
            pass  # and what its frames have goes
        finally:
            finish()
    assert at > 1


def with_forks(word: Any) -> None:
    """At each tick: the child lets go of everything, and ends."""
    global _is_forking
    _is_forking = True
    children: list[int] = []

    def tick() -> None:
        children.append(os.fork())
        if children[-1] == 0:
            now_in_child()
            raise Stop

    try:
        word(tick)
    except Stop:
        gc.collect()
        os._exit(0)
    for child in children:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finish()


def under_signals(word: Any) -> None:
    """Ctrl-C at any time: something may be left open, and nothing is used or closed twice."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    came = 0
    for number in range(400):
        try:
            signal.setitimer(signal.ITIMER_REAL, 2e-5 + number * 2e-6)
            word(lambda: None)
            time.sleep(0.001)  # if C did not lose it: see ``Callback``
        except KeyboardInterrupt:
            came += 1
        except AssertionError:  # ctypes lost it in a callback, for which C gets 0
            if not _IS_PYPY:
                raise
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert came > 200
    gc.collect()


def until_the_end(word: Any) -> None:
    """Python ends with everything open, at the first tick and at the last."""
    check_at_end()
    for at in (1, 3, 100):
        ticks = iter(range(1, 1000))

        def tick(at: int = at, ticks: Any = ticks) -> None:
            if next(ticks) == at:
                raise Stop

        try:
            word(tick)
        except Stop as stop:
            _left.append(stop)  # whose traceback has the frames, which have the handles


_left: list[Any] = []


_expected: dict[str, tuple[type[BaseException], ...]] = {
    **dict.fromkeys(("under_gc", "in_threads", "with_forks"), ()),
    **dict.fromkeys(("under_exceptions", "until_the_end"), (Stop,)),
    # A handle whose end was interrupted stays open, and so does what it needs.
    "under_signals": (KeyboardInterrupt, RuntimeError),
}
"""What comes out of finalizers."""

if _IS_PYPY:  # which releases callbacks together with the handle that keeps them
    _expected = {stress: (*expected, RuntimeError) for stress, expected in _expected.items()}


def main(stress: str, words: list[str]) -> None:
    lost: list[Any] = []
    sys.unraisablehook = lost.append
    for word in words:
        globals()[stress](globals()[word])
        wrong = [each for each in lost if each.exc_type not in _expected[stress]]
        for each in wrong:
            traceback.print_exception(each.exc_value)
        assert not wrong, word
        print(word)


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[3:])
