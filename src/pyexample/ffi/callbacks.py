"""Callbacks: Python callables that C calls, and where their exceptions go."""

import ctypes
import functools
from _thread import RLock, get_ident
from collections.abc import Callable as Function
from sys import _getframe, implementation  # pyright: ignore[reportPrivateUsage]
from types import FrameType
from typing import Any

from ..libfastcall import running
from .conversions import from_c, to_c
from .declaration import Declaration
from .handles import Handle
from .values import DeclarationError, Value

_IN_PYTHON = implementation.name != "cpython"
"""Whether ctypes is written in Python, as PyPy's is. None once Python has come to its end."""


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
        declaration = self.declaration = Declaration(function)
        self.name = declaration.name
        self.arguments: list[Value] = []
        self._from_c: list[Function[..., Any]] = []
        for argument in declaration.arguments:
            if not isinstance(argument.spec, Value):
                raise DeclarationError(f"{argument.where}: a Callback gets values only")
            argument.spec.only(argument.where)
            self.arguments.append(argument.spec)
            convert = from_c(argument.where, argument.spec)
            if argument.spec.kind == "handle":
                convert = functools.partial(convert, owned=False)
            self._from_c.append(convert)
        result = declaration.result
        if result:
            result.only(f"{self.name}() result")
        if result and result.kind not in ("signed", "unsigned", "bool", "float", "address"):
            raise DeclarationError(f"{self.name}() result: {result.c_name} cannot be returned")
        self.failed = self._failed(failed, result)
        ctypes_of = [spec.ctype for spec in self.arguments]
        self.prototype: Any = ctypes.CFUNCTYPE(result.ctype if result else None, *ctypes_of)

        class Closure(self.prototype):  # type: ignore[misc,name-defined]
            _flags_ = self.prototype._flags_
            _argtypes_ = self.prototype._argtypes_
            _restype_ = _register_of(result)
            __del__ = _release

        self._closure: Any = Closure
        self._to_c = to_c(f"{self.name}() result", result) if result else None

    def __repr__(self) -> str:
        return f"Callback({self.name})"

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
                    for each in given:  # lent, and only for as long as this call
                        if isinstance(each, Handle):
                            each.close()
                return self._to_c(result) if self._to_c else None
            except BaseException as error:
                return self._fail(error, _getframe(1 if _IN_PYTHON else 0).f_back)
            finally:
                active.pop()

        def interrupted(error: BaseException) -> Any:  # before it could begin
            return self._fail(error, _getframe().f_back)

        guarded: Any = call
        guarded.failed = interrupted
        if engine := running():
            guarded = engine.guard(guarded)
        closure = self._closure(guarded)
        closure.active = active
        return closure

    def function(self, address: int, kept: object) -> Function[..., Any]:
        """The C function at ``address``, as a declared function: with checked arguments.

        It keeps ``kept`` alive. Where it is passed to C, C gets its ``c_pointer``.
        """
        from .checked import checked_call  # which imports this module

        pointer = self.prototype(address)
        pointer.kept = kept
        call: Any = checked_call(self.declaration, pointer)
        call.c_pointer = pointer
        return call  # type: ignore[no-any-return]

    def whole(self, closure: Any) -> Any:
        """What a field of a struct is to be set to, for it to keep what ``make`` returned.

        It keeps what that keeps. PyPy's closures keep themselves. Those of CPython keep what C
        calls, but not the object with the ``__del__``, which a view of its memory does keep.
        """
        return closure if _IN_PYTHON else self.prototype.from_buffer(closure)

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
    wide = ctypes.sizeof(ctypes.c_size_t)
    if result is None or result.kind == "float" or ctypes.sizeof(result.ctype) >= wide:
        return result and result.ctype
    return ctypes.c_ssize_t if result.kind == "signed" else ctypes.c_size_t


_waiting: dict[int, BaseException] = {}
"""By thread: the exception that the declared function is to raise when C returns."""

_left: list[Any] = []
"""The callbacks that only C needs any more, which has yet to return from them."""

# Reentrant, since gc may run a finalizer, and that a callback, at any point.
_lock = RLock()


def hold(error: BaseException | None) -> None:
    """Have this thread's call raise ``error`` when C returns to it; None: nothing."""
    take()
    if error is not None:
        with _lock:
            _waiting[get_ident()] = error
            _tell()


def _release(closure: Any) -> None:
    """``__del__`` of a closure: let it go, when C has returned from it to its caller.

    It may have replaced itself from within, as what a handle keeps or in a field of a struct.
    libffi reads, on some processors, from the closure how its result is returned, after that.
    """
    if getattr(closure, "active", None):
        with _lock:
            _left.append(closure)
            _tell()
    elif _IN_PYTHON:
        closure.__class__.__base__.__del__(closure)  # frees it


def take() -> BaseException | None:
    """What this thread's call is to raise, which is from now on for the caller to raise.

    A call that finds some before it has called C is made by a finalizer, which gc runs while
    C returns to a call further out: it must ``hold`` it again in the end.
    """
    if not _waiting and not _left:
        return None
    with _lock:
        error = _waiting.pop(get_ident(), None)
        gone = [each for each in _left if not each.active]  # freed when the lock is not held
        for each in gone:  # gc may have one more come in meanwhile
            _left.remove(each)
        _tell()
    for each in gone:
        _release(each)  # a ``__del__`` is run once only
    return error


def _tell() -> None:
    if engine := running():
        engine.tell_pending(len(_waiting) + len(_left))


def raise_pending() -> None:
    """Raise the exception that a callback of this thread ended with, if there is one."""
    error = take()
    if error is not None:
        try:
            raise error
        finally:
            del error  # it has this frame in its traceback: a cycle, that gc had to find
