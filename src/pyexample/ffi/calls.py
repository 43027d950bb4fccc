"""The calls and callbacks that each thread is in, for exceptions in callbacks and for forks."""

import os
from _thread import get_ident
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, Any, Protocol

from .libfastcall import running
from .lifetimes import Owner
from .views import View

if TYPE_CHECKING:
    from .buffers import In
    from .declaration import Argument

_pypy: Any
try:
    import __pypy__ as _pypy  # type: ignore[import-not-found,no-redef,unused-ignore]
except ImportError:
    _pypy = None


class Effect(Protocol):
    """What a ParameterWord does in a call."""

    def cancel(self) -> None:
        """C was not called."""

    def settle(self, *, taken: bool) -> None:
        """C has returned. If not ``taken``, the function failed."""


class Running:
    """A call of C that has not returned, or a callback, as other callbacks find it.

    libfastcall keeps those of its calls in C.

    Attributes:
        outer, inner: those that the thread entered before and after this.
        in_c: whether the C function is running.
        error: an exception in a callback, which waits until C returns.
        given: the arguments of the Python function, if there are handles among them.
        converted: the arguments of the C function, if there are callbacks among them.
    """

    __slots__ = ("error", "in_c", "inner", "outer", "thread")
    given: tuple[Any, ...] = ()
    converted: Sequence[Any] = ()

    def __init__(self) -> None:
        self.thread = get_ident()
        self.outer = innermost.get(self.thread)
        self.inner: Running | None = None
        self.in_c = False
        self.error: BaseException | None = None

    def enter(self) -> None:
        """Make this the thread's. Greenlets may enter and leave in any order."""
        if self.outer is not None:
            self.inner = self.outer.inner
            self.outer.inner = self
            if self.inner is not None:
                self.inner.outer = self
        innermost[self.thread] = self

    def leave(self) -> None:
        """Restore the previous one. It is called again if a signal handler interrupts it."""
        self.error = None  # its traceback refers to this
        if self.inner is not None:
            self.inner.outer = self.outer
        if self.outer is None:
            innermost.pop(self.thread, None)
        else:
            self.outer.inner = self.inner
            innermost[self.thread] = self.outer

    def raise_error(self) -> None:
        """Raise the exception of a callback, if any."""
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # a cycle with its traceback


class CallState(Running):
    """The same, with what the careful call knows of it.

    Attributes:
        cleanups: called at the end; each may be called twice.
        given, converted: all arguments.
        views: the buffers among them, by position.
        error_number: C's ``errno`` after the call, if it is needed.
        failures: the result and outputs that mean failure.
        is_empty: whether the result says that nothing came back.
        returned: C's result.
        outputs: what C fills in, by the argument's index.
        sizes: by name: how many items of memory C asked for.
        memories: by name: the memory that C fills.
        lengths: by name: the integer that says how much of it, or of a result, is valid.
        kept_by_result: what the handle that is returned is to keep: its name, slot, itself.
    """

    __slots__ = (
        "cleanups",
        "converted",
        "error_number",
        "failures",
        "given",
        "is_empty",
        "kept_by_result",
        "lengths",
        "memories",
        "outputs",
        "returned",
        "sizes",
        "views",
    )

    def __init__(self, given: tuple[Any, ...] = ()) -> None:
        super().__init__()
        self.cleanups: list[Callable[[], object]] = []
        self.given = given
        self.converted: Any = []
        self.views: dict[int, Any] = {}
        self.error_number = 0
        self.failures: list[Any] = []
        self.is_empty = False
        self.returned: Any = None
        self.outputs: dict[int, Any] = {}
        self.sizes: dict[str, int] = {}
        self.memories: dict[str, Any] = {}
        self.lengths: dict[str, Any] = {}
        self.kept_by_result: list[tuple[str, Hashable, Any]] = []

    def leave(self) -> None:
        """The same, and clean up.

        What C returned, and nobody has, is closed first, while the call still holds what that
        needs.
        """
        for each in (self.returned, *self.outputs.values()):
            if isinstance(each, Owner):
                each.close()
        super().leave()
        for clean_up in self.cleanups:
            clean_up()
        if _pypy is not None:
            self._let_go()

    def _let_go(self) -> None:
        """Refer to nothing: PyPy's ``innermost`` may go on to refer to this, which has left.

        Its dict keeps some of what was removed: ``ll_dict_remove_deleted_items`` in PyPy's
        rpython/rtyper/lltypesystem/rordereddict.py moves values, and clears no old places.
        """
        self.given, self.returned = (), None
        self.converted, self.cleanups, self.kept_by_result = [], [], []
        self.views, self.outputs, self.memories = {}, {}, {}

    def replace(self, position: int, by: object) -> None:
        """Take ``by`` for what the function was given."""
        self.given = (*self.given[:position], by, *self.given[position + 1 :])

    def view(self, argument: "Argument", spec: "In") -> View:
        """The buffer that is passed for an argument, until the call is over."""
        view = View(argument, spec, self.given[argument.position])
        self.views[argument.position] = view
        self.cleanups.append(view.release)
        return view

    def store_length(self, name: str, length: Any) -> None:
        """How much of what has that name is valid: an integer of ctypes."""
        self.lengths[name] = length
        if name in self.memories:
            self.memories[name].length = length


def call_with_state(c_function: Any, *converted: Any) -> Any:
    """Call C, which may call back. Raises the exception of a callback."""
    state = Running()
    try:
        state.enter()
        state.in_c = True
        returned = c_function(*converted)
        state.in_c = False
        if state.error is not None:
            state.raise_error()
        return returned
    finally:
        state.in_c = False
        try:
            state.leave()
        except BaseException:
            state.leave()
            raise


def hold_signals(c_function: Any) -> Any:
    """Returns ``c_function``; signal handlers wait until something owns what C returned.

    Only PyPy needs that: its ctypes, which is written in Python, has nothing but an address
    when a signal handler can raise an exception. CPython's has made an ``Owner``, or the like.
    Callbacks of such a call are not interrupted either.
    """
    if _pypy is None or not hasattr(c_function.restype, "__del__"):
        return c_function

    def call(*arguments: Any) -> Any:
        try:
            _pypy.thread._signals_exit()
        except RuntimeError:  # another thread, or in such a call already
            return c_function(*arguments)
        try:
            # Before a signal handler can raise anything, so that ``leave`` closes it.
            state: Any = innermost[get_ident()]
            state.returned = returned = c_function(*arguments)
            return returned
        finally:
            _pypy.thread._signals_enter()
            sleep(0)  # handles those that have come; otherwise they are handled much later

    return call


callbacks: list[bool] = []
"""Empty until C can call Python. Until then, a call need not be known while it runs."""


def expect_callbacks() -> None:
    """From now on, C can call Python."""
    if not callbacks:
        callbacks.append(True)


innermost: dict[int, Running] = {}
"""The innermost call or callback of each thread."""


lent: dict[int, tuple[int, memoryview]] = {}
"""Views that C uses in compiled calls, which no CallState has: by their id, with the thread."""


def _forget_other_threads() -> None:
    """Only the thread that forked exists in the child."""
    this = get_ident()
    for key, (thread, view) in list(lent.items()):
        if thread != this:
            del lent[key]
            view.release()
    for thread, state in list(innermost.items()):
        if thread != this:
            del innermost[thread]
            outer: Running | None = state
            while outer is not None:
                for clean_up in getattr(outer, "cleanups", ()):
                    with suppress(Exception):
                        clean_up()
                outer = outer.outer
    if engine := running():
        engine.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)
