"""Callbacks: Python callables that C calls, and where their exceptions go."""

import ctypes
import functools
from collections.abc import Callable as Function
from sys import _getframe, implementation  # pyright: ignore[reportPrivateUsage]
from types import FrameType
from typing import Any, NoReturn

from .calls import CallState, is_called_back, release_later
from .conversions import from_c, to_c
from .declaration import Declaration
from .handles import Handle
from .libfastcall import running
from .values import DeclarationError, Value

_IN_PYTHON = implementation.name != "cpython"
"""Whether ctypes is written in Python, as PyPy's is. None once Python has come to its end."""


class Callback:
    """A type of C function pointers, declared as a typed Python function (a decorator).

    In a declaration it is the C type of a parameter that is ``Callable``. C may call it until
    the function that it was passed to returns; ``Keep`` is for those that C keeps.

    An exception in it (KeyboardInterrupt included) is raised by the declared function that
    made C call back; C gets a result that stands for failure, and what else it calls back in
    this thread meanwhile gets the same. Where no declared function did, nothing can raise it:
    it goes to ``sys.unraisablehook`` at once, or to ``threading.excepthook`` in a thread that
    C started. Without fast calls, a KeyboardInterrupt that comes while C runs, rather than
    Python, is lost, as it is with ctypes alone.

    C may call back from a thread of its own, which then waits for the GIL; so a function that
    is passed a callback releases it, unless ``SAME_THREAD`` says that C does not. The same
    holds for a function that waits for such a thread to end: it has to release the GIL.
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

        class Closure(_Closure, self.prototype):  # type: ignore[misc,name-defined]
            _flags_ = self.prototype._flags_
            _argtypes_ = self.prototype._argtypes_
            _restype_ = _register_of(result)

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
        active: set[CallState] = set()
        engine = running()

        def call(*arguments: Any) -> Any:
            state = CallState()
            caller = state.outer
            try:
                state.enter()
                if caller is not None and caller.in_c and caller.error is not None:
                    return self.failed
                state.cleanups.append(functools.partial(active.discard, state))
                active.add(state)
                result = function(*self._arguments(arguments, state))
                return self._to_c(result) if self._to_c else None
            except BaseException as error:
                if caller is not None and caller.in_c:
                    caller.error = error
                    return self.failed
                if engine:
                    raise  # libfastcall knows whether it made the call
                return self._report(error, _getframe(1 if _IN_PYTHON else 0).f_back)
            finally:
                try:
                    state.leave()
                except BaseException:
                    state.leave()
                    raise

        guarded: Any = call
        if engine:
            guarded.failed = self.failed
            guarded.escaped = self._escaped
            guarded = engine.guard(guarded)
        closure = self._closure(guarded)
        closure.active = active
        return closure

    def _arguments(self, arguments: tuple[Any, ...], state: CallState) -> list[Any]:
        """The Python values for what C passed. Handles are lent, until the callback returns."""
        given: list[Any] = []
        for convert, each in zip(self._from_c, arguments, strict=True):
            given.append(convert(each))
            if isinstance(given[-1], Handle):
                state.cleanups.append(functools.partial(Handle.forget, given[-1]))
        return given

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

    def _escaped(self, error: BaseException) -> Any:
        """Deal with an exception of a callback that no call of libfastcall's is to raise."""
        caller = is_called_back()
        if caller is None:
            return self._report(error, _getframe().f_back)
        caller.error = error  # a signal came before the callback could begin
        return self.failed

    def _report(self, error: BaseException, caller: FrameType | None) -> Any:
        """Tell of an exception that no declared call will raise. Returns what C gets."""
        if caller is not None:
            _make_unraisable(self.name, error)
        else:  # no Python code has called C: the thread is C's own
            import threading

            threading.excepthook(
                threading.ExceptHookArgs((type(error), error, error.__traceback__, None))
            )
        return self.failed


def _make_unraisable(name: str, error: BaseException) -> None:
    """Have Python pass ``error`` to ``sys.unraisablehook``, as what a ``__del__`` raised."""

    def callback(self: object) -> NoReturn:
        raise error

    callback.__qualname__ = name
    type(name, (), {"__del__": callback})()


def _register_of(result: Value | None) -> Any:
    """The type that a callback's result has for ctypes.

    libffi takes a whole register of it, of which ctypes writes only the bytes of a narrow
    integer. On s390x and 32-bit Arm, what is above them would be left from before.
    """
    wide = ctypes.sizeof(ctypes.c_size_t)
    if result is None or result.kind == "float" or ctypes.sizeof(result.ctype) >= wide:
        return result and result.ctype
    return ctypes.c_ssize_t if result.kind == "signed" else ctypes.c_size_t


class _Closure:
    """What is freed when C has returned from it to its caller, if it is called.

    It may have replaced itself from within, as what a handle keeps or in a field of a struct.
    libffi reads, on some processors, from the closure how its result is returned, after that.
    """

    active: set[CallState]

    def __del__(self) -> None:
        if getattr(self, "active", None):
            release_later(self)
        else:
            self.free()

    def free(self) -> None:
        """Let it go. CPython does so by itself, and calls ``__del__`` once only."""
        if _IN_PYTHON:
            super().__del__()  # type: ignore[misc]  # the prototype's
