"""Callbacks: Python callables that C calls, and where their exceptions go."""

import ctypes
import functools
import sys
from _thread import RLock, get_ident
from collections.abc import Callable as Function
from sys import _getframe  # pyright: ignore[reportPrivateUsage]
from types import FrameType
from typing import Any

from ..libfastcall import running
from .conversions import from_c, to_c
from .declaration import Declaration
from .values import DeclarationError, Value

_FRAMES = 0 if sys.implementation.name == "cpython" else 1
"""How many frames ctypes, where it is written in Python, has between C and a callback."""


class Callback:
    """A type of C function pointers, declared as a typed Python function (a decorator).

    In a declaration it is the C type of a parameter that is ``Callable``. C may call it until
    the function that it was passed to returns; ``Keep`` is for those that C keeps.

    An exception in it (KeyboardInterrupt included) is raised by the declared function that C
    was called by; C gets a result that stands for failure, and what else it calls back in
    this thread meanwhile gets the same. In a thread that C started there is none to raise
    it: it goes to ``threading.excepthook``. Without fast calls, a KeyboardInterrupt that comes
    while C runs, rather than Python, is lost, as it is with ctypes alone.
    """

    def __init__(self, function: Function[..., Any], /, *, failed: Any = None) -> None:
        """Declare it.

        Args:
            function: the Python function, declared like any.
            failed: the result that C gets where the callable raised an exception; None is
                zero.
        """
        declaration = Declaration(function)
        self.name = declaration.name
        self.arguments: list[Value] = []
        self._from_c: list[Function[..., Any]] = []
        for argument in declaration.arguments:
            if not isinstance(argument.spec, Value):
                raise DeclarationError(f"{argument.where}: a Callback gets values only")
            argument.spec.only(argument.where)
            self.arguments.append(argument.spec)
            convert = from_c(argument.where, argument.spec)
            is_handle = argument.spec.kind == "handle"
            self._from_c.append(
                functools.partial(convert, owned=False) if is_handle else convert
            )
        result = declaration.result
        if result:
            result.only(f"{self.name}() result")
        if result and result.kind not in ("signed", "unsigned", "bool", "float", "address"):
            raise DeclarationError(f"{self.name}() result: {result.c_name} cannot be returned")
        self.failed = self._failed(failed, result)
        ctypes_of = [spec.ctype for spec in self.arguments]
        self.prototype: Any = ctypes.CFUNCTYPE(result.ctype if result else None, *ctypes_of)
        made = {
            "_flags_": self.prototype._flags_,
            "_argtypes_": self.prototype._argtypes_,
            "_restype_": _register_of(result),
        }
        kind: Any = type(self.prototype)
        self._made: Any = kind(self.name, (self.prototype,), made)
        self._to_c = to_c(f"{self.name}() result", result) if result else None

    @classmethod
    def failing_with(cls, result: Any) -> Function[[Function[..., Any]], "Callback"]:
        """``@Callback.failing_with(1)``: C gets 1 after an exception, rather than 0."""
        return functools.partial(cls, failed=result)

    def _failed(self, failed: Any, result: Value | None) -> Any:
        if failed is None:
            return result.ctype().value if result else None
        where = f"{self.name}() after an exception"
        if result is None:
            raise DeclarationError(f"{where}: there is no result, {failed!r} cannot be one")
        try:
            return to_c(where, Value(where, result.python_type, result.ctype))(failed)
        except (TypeError, OverflowError) as error:
            raise DeclarationError(str(error)) from None

    def make(self, function: Function[..., Any] | None) -> Any:
        """The C function that calls ``function``; a null pointer for None.

        Its attribute ``active`` has an item for each call of it that has not returned.
        """
        if function is None:
            return self.prototype()
        handles = [at for at, spec in enumerate(self.arguments) if spec.kind == "handle"]
        active: list[None] = []

        def call(*arguments: Any) -> Any:
            if _waiting and get_ident() in _waiting:
                return self.failed
            active.append(None)
            try:
                given: list[Any] = [
                    convert(each) for convert, each in zip(self._from_c, arguments, strict=True)
                ]
                try:
                    result = function(*given)
                finally:
                    for at in handles:  # C's own, and only for as long as this call
                        if given[at] is not None:
                            given[at].close()
                return self._to_c(result) if self._to_c else None
            except BaseException as error:
                return self._fail(error, _getframe(_FRAMES).f_back)
            finally:
                active.pop()

        guarded: Any = call
        guarded.failed = self._interrupted
        if engine := running():
            guarded = engine.guard(guarded)
        pointer = self._made(guarded)
        pointer.active = active
        return pointer

    def _interrupted(self, error: BaseException) -> Any:
        """What C gets where an exception came in before the callback could begin."""
        return self._fail(error, _getframe().f_back)

    def _fail(self, error: BaseException, caller: FrameType | None) -> Any:
        if caller is not None:
            hold(error)
        else:  # no Python code has called C: the thread is C's own
            import threading

            threading.excepthook(
                threading.ExceptHookArgs((type(error), error, error.__traceback__, None))
            )
        return self.failed


def _register_of(result: Value | None) -> Any:
    """The type that a callback's result has for ctypes.

    libffi takes a whole register of it, of which ctypes writes only the bytes of a narrow
    integer. On s390x and 32-bit Arm, what is above them would be left from before.
    """
    if result is None:
        return None
    narrow = ctypes.sizeof(result.ctype) < ctypes.sizeof(ctypes.c_size_t)
    if not narrow or result.kind == "float":
        return result.ctype
    return ctypes.c_ssize_t if result.kind == "signed" else ctypes.c_size_t


_waiting: dict[int, BaseException] = {}
"""By thread: the exception that the declared function is to raise when C returns."""

# Reentrant, since gc may run a finalizer, and that a callback, at any point.
_lock = RLock()


def hold(error: BaseException | None) -> None:
    """Have this thread's call raise ``error`` when C returns to it; None: nothing."""
    if error is None and not _waiting:
        return
    with _lock:
        if error is None:
            _waiting.pop(get_ident(), None)
        else:
            _waiting[get_ident()] = error
        _tell()


def take() -> BaseException | None:
    """What this thread's call is to raise, which is from now on for the caller to raise.

    A call that finds some before it has called C is made by a finalizer, which gc runs while
    C returns to a call further out: it must ``hold`` it again in the end.
    """
    if not _waiting:
        return None
    with _lock:
        error = _waiting.pop(get_ident(), None)
        _tell()
    return error


_told = 0
"""How many of those that wait libfastcall knows of."""


def _tell() -> None:
    global _told
    if engine := running():
        engine.add_pending(len(_waiting) - _told)
        _told = len(_waiting)


def raise_pending() -> None:
    """Raise the exception that a callback of this thread ended with, if there is one."""
    error = take()
    if error is not None:
        try:
            raise error
        finally:
            del error  # it has this frame in its traceback: a cycle, that gc had to find
