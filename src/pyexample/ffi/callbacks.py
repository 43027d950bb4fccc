"""Callbacks: Python callables that C calls, and where their exceptions go."""

import ctypes
import functools
import weakref
from _thread import get_ident
from collections import deque
from collections.abc import Callable
from sys import _getframe, implementation  # pyright: ignore[reportPrivateUsage]
from types import FrameType
from typing import Any, NoReturn

from .calls import CallState, innermost
from .conversions import from_c, function_address, to_c
from .declaration import Declaration
from .fastcall import Function
from .handles import Handle
from .libfastcall import running
from .values import DeclarationError, Value

_IN_PYTHON = implementation.name != "cpython"
"""Whether ctypes is written in Python, as PyPy's is. None once Python has come to its end."""


class Callback:
    """A type of C function pointers, declared as a typed Python function (a decorator).

    In a declaration, it is the C type of a ``Callable`` parameter. C may call the callable
    until the function that it was passed to returns. If C keeps it for longer, write ``Keep``.

    An exception in the callable (KeyboardInterrupt included) is raised by the declared function
    that made C call back. Until that function returns, C gets the result ``failed`` from this
    and every further callback in this thread. If no declared function made C call back, nothing
    can raise the exception: it goes to ``sys.unraisablehook`` at once, or to
    ``threading.excepthook`` in a thread that C started. Without fast calls, a KeyboardInterrupt
    that arrives while C code runs is lost, as it is with ctypes alone.

    C may call a callable that is no longer kept alive, if one thread had read the pointer when
    another thread replaced it. That call is reported in the same way, and C gets ``failed``. A
    function pointer is used again once 1,000 other callables of this type were released; a call
    that comes even later reaches the new callable.

    If C calls back from a thread of its own, that thread waits for the GIL. So a function that
    is passed a callback must release the GIL, unless ``SAME_THREAD`` says that C calls back in
    the caller's thread only. A function that waits for such a thread to end must release the
    GIL too.
    """

    def __init__(self, function: Callable[..., Any], /, *, failed: Any = None) -> None:
        """Declare it.

        Args:
            function: a typed Python function, as for ``Library.function``.
            failed: the result that C gets if the callable raises an exception; None means
                zero.
        """
        declaration = self.declaration = Declaration(function)
        self.name = declaration.name
        self.arguments: list[Value] = []
        self._from_c: list[Callable[..., Any]] = []
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

        class Code(self.prototype):  # type: ignore[misc,name-defined]
            _flags_ = self.prototype._flags_
            _argtypes_ = self.prototype._argtypes_
            _restype_ = _register_of(result)

        class Pointer(self.prototype):  # type: ignore[misc,name-defined]
            _flags_ = self.prototype._flags_

        self._code: Any = Code
        self._pointer: Any = Pointer
        self._thunks: list[_Thunk] = []
        self._free: deque[_Reference] = deque()
        self._to_c = to_c(f"{self.name}() result", result) if result else None

    def __repr__(self) -> str:
        return f"Callback({self.name})"

    @classmethod
    def failing_with(cls, result: Any) -> Callable[[Callable[..., Any]], "Callback"]:
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

    def make(self, function: Callable[..., Any] | None) -> Any:
        """The C function that calls ``function``; a null pointer for None.

        What is returned keeps ``function`` alive.
        """
        if function is None:
            return self.prototype()
        free = self._free
        thunk = free.popleft().thunk if len(free) > _MOST_FREE else self._make_thunk()
        return thunk.point(self._pointer, function, free)

    def _make_thunk(self) -> "_Thunk":
        thunk = _Thunk()
        engine = running()

        def call(*arguments: Any) -> Any:
            state = CallState()
            caller = state.outer
            try:
                state.enter()
                if caller is not None and caller.in_c and caller.error is not None:
                    return self.failed
                pointer = thunk.pointer()  # which lives until this returns
                if pointer is None:
                    error: BaseException = RuntimeError(_LATE.format(self.name))
                    return self._report(error, _getframe(1 if _IN_PYTHON else 0).f_back)
                result = pointer.function(*self._arguments(arguments, state))
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
        thunk.set_code(self._code(guarded))
        self._thunks.append(thunk)
        return thunk

    def _arguments(self, arguments: tuple[Any, ...], state: CallState) -> list[Any]:
        """The Python values for what C passed. Handles are lent, until the callback returns."""
        given: list[Any] = []
        for convert, each in zip(self._from_c, arguments, strict=True):
            given.append(convert(each))
            if isinstance(given[-1], Handle):
                state.cleanups.append(functools.partial(Handle.forget, given[-1]))
        return given

    def function(self, address: int, kept: object) -> Callable[..., Any]:
        """The C function at ``address``, as a declared function: with checked arguments.

        It keeps ``kept`` alive. Where it is passed to C, C gets its ``c_pointer``.
        """
        # Those who only pass callables to C need neither; and the first imports this module.
        from .checked import checked_call
        from .lookalike import Lookalike

        pointer = self.prototype(address)
        pointer.kept = kept
        named = type("pointer", (_OfPointer,), {})()
        call: Any = Lookalike(checked_call(self.declaration, pointer), self.declaration, named)
        vars(call)["c_pointer"] = pointer
        return call  # type: ignore[no-any-return]

    def whole(self, pointer: Any) -> Any:
        """What a field of a struct is to be set to, for it to keep what ``make`` returned.

        It keeps what that keeps. PyPy's function pointers keep themselves; of CPython's, a
        view of the memory keeps them.
        """
        return pointer if _IN_PYTHON else self.prototype.from_buffer(pointer)

    def _escaped(self, error: BaseException) -> Any:
        """Deal with an exception of a callback that no call of libfastcall's is to raise."""
        # It may be that Python's stack has no room left. This takes less than ``make`` took.
        caller = innermost.get(get_ident())
        if caller is None or not caller.in_c:  # Python has called C by itself
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


class _OfPointer(Function):
    """What a function that C gave the address of has as its ``__self__``."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self.declaration.name} cannot be pickled: it is C's, at an address")


_LATE = (
    "{}(): C called it after it was let go of: another one had taken its place, or what keeps"
    " it was closed, or its parameter lacks Keep"
)

_MOST_FREE = 1000
"""How many thunks are free before one of them is used again, of about 1 kB each."""


class _Thunk:
    """A C function that calls one Python function after another. Its Callback keeps it.

    The Python function may be let go of while C is in here: when it replaces itself; or when
    another thread has read the pointer, and waits for the GIL in ctypes' code, of which
    nothing tells. Such a thread finds no function, unless the thunk has been used again: that
    which was free for longest is used first.

    No Python code runs when it is let go of: what a signal's handler raises would be lost.

    Attributes:
        address: of the C function.
        pointer: a reference to what has the Python function, as ``function``.
    """

    __slots__ = ("_code", "address", "pointer")

    pointer: Callable[[], Any]

    def set_code(self, code: Any) -> None:
        """Have ``code``, of ctypes, be the C function."""
        self._code = code
        self.address = function_address(code)

    def point(self, kind: Any, function: Callable[..., Any], free: "deque[_Reference]") -> Any:
        """A pointer to it, for ``function``. When that is gone, it is among the ``free``."""
        pointer = kind(self.address)
        pointer.function = function
        reference = _Reference(pointer, free.append)
        reference.thunk = self
        self.pointer = reference
        return pointer


class _Reference(weakref.ref[Any]):
    __slots__ = ("thunk",)

    thunk: _Thunk
