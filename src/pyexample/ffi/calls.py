"""Which calls and callbacks each thread is in, for exceptions in callbacks and for forks.

An exception in a callback is raised by the call that made C call back. C has to return first,
so the exception waits in the state of that call.
"""

import os
from _thread import get_ident
from collections.abc import Callable
from contextlib import suppress

from .libfastcall import running


class CallState:
    """A call of a declared function, or a callback, that has not returned.

    Calls that libfastcall makes have a state in C instead.

    Attributes:
        thread: the thread that it runs in.
        outer: the state that the thread was in before; None if there is none.
        inner: the one that it was in after that, and is in still; None if there is none.
        in_c: whether it is a call whose C function is running.
        error: what a callback of this call raised.
        cleanups: what has to be done in the end; each may be called twice.
    """

    __slots__ = ("cleanups", "error", "in_c", "inner", "outer", "thread")

    def __init__(self) -> None:
        self.thread = get_ident()
        self.outer = innermost.get(self.thread)
        self.inner: CallState | None = None
        self.in_c = False
        self.error: BaseException | None = None
        self.cleanups: list[Callable[[], object]] = []

    def enter(self) -> None:
        """Become the state that the thread is in.

        With greenlets, each of which has calls of its own, it need not be the first that its
        outer one has, nor the first of them to be left.
        """
        if self.outer is not None:
            self.inner = self.outer.inner
            self.outer.inner = self
            if self.inner is not None:
                self.inner.outer = self
        innermost[self.thread] = self

    def leave(self) -> None:
        """Give the place back to the state before, and clean up.

        It is called again where a signal's handler interrupts it.
        """
        if self.inner is not None:
            self.inner.outer = self.outer
        if self.outer is None:
            innermost.pop(self.thread, None)
        else:
            self.outer.inner = self.inner
            innermost[self.thread] = self.outer
        for clean_up in self.cleanups:
            clean_up()

    def raise_error(self) -> None:
        """Raise what a callback of this call raised, if one did."""
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback has this frame: a cycle, which gc would have to find


innermost: dict[int, CallState] = {}
"""By thread: the state that it is in."""


def _forget_other_threads() -> None:
    """In the child of a fork: only the thread that forked exists in it."""
    this = get_ident()
    for thread, state in list(innermost.items()):
        if thread != this:
            del innermost[thread]
            outer: CallState | None = state
            while outer is not None:
                for clean_up in outer.cleanups:
                    with suppress(Exception):  # it was in the middle of anything
                        clean_up()
                outer = outer.outer
    if engine := running():
        engine.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)
