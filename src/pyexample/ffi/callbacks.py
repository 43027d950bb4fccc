"""Callbacks: Python callables that C calls, and where their exceptions go."""

import ctypes
import functools
import sys
import weakref
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Iterable
from sys import _getframe, implementation  # pyright: ignore[reportPrivateUsage]
from types import FrameType, SimpleNamespace
from typing import Any, NoReturn

from .answers import NUMBERS, Answer, in_register, register_of
from .calls import CallState, Running, expect_callbacks, innermost
from .declaration import Argument, Declaration
from .fastcall import Function
from .handle_values import HandleValue
from .kinds import make_value, type_name
from .later import import_later, made_once
from .libfastcall import KINDS, running
from .ownership import Keep
from .structures import function_address, is_kin
from .thunks import CallbackType, describe
from .values import DeclarationError, Modifier, Value, members_of

_IN_PYTHON = implementation.name != "cpython"
"""Whether ctypes is written in Python (PyPy). None when Python is ending."""


class CallbackValue(Value):
    """A Python callable, as a function pointer.

    Attributes:
        callback: its type.
        same_thread: whether C calls it only in the thread that called the function.
    """

    can_be_null = can_be_kept = follows = True
    is_plain = False
    kind = "callback"
    same_thread = False

    def __init__(
        self,
        where: str,
        role: str,
        python_type: Any,
        ctype: "Callback",
        words: Iterable[object],
    ) -> None:
        if isinstance(ctype, type):
            raise DeclarationError(
                f"{where}: expected the function that @Callback declares, not {ctype.__name__}"
                " itself"
            )
        self.callback = ctype
        super().__init__(where, role, python_type, ctype.prototype, words)

    def check_types(self, where: str, declared: Any) -> None:
        """The Python type is a Callable."""
        self.c_name = self.callback.name
        if self.role not in ("parameter", "field"):
            raise DeclarationError(f"{where}: a callback has no meaning here")
        if not all(is_kin(each, Callable, True) for each in members_of(self.python_type)):
            raise DeclarationError(
                f"{where}: Callable stands for {self.c_name}, not {self.python_type}"
            )

    def to_c(self, given: Any) -> Any:
        """A function pointer that keeps ``given`` alive; NULL for None."""
        if not callable(given) and not (given is None and self.nullable):
            raise TypeError(f"{self.where} must be callable, not {type_name(given)}")
        pointer = getattr(given, "c_pointer", None)  # see Callback.function
        if isinstance(pointer, self.callback.prototype):
            return pointer
        return self.callback.make(given)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """With what makes the function pointer, and the type of C functions."""
        described = {
            "kind": KINDS["callback"],
            "nullable": self.nullable,
            "items": id(import_later("lookalike").Lookalike),
        }
        if any(isinstance(each, Keep) for each in argument.effects):
            return {**described, "function": self.callback.make}
        return {**described, "type": id(self.callback.described)}

    def foreign_callbacks(self) -> list[str]:
        """Itself, unless it is called in the same thread."""
        return [] if self.same_thread else [""]

    def for_checker(self) -> dict[str, Any]:
        """What its own declaration says."""
        return {"callback": self.callback.declaration.for_checker()}


class SameThread(Modifier):
    """After a callback: C calls it only in the thread that called the function.

    Without it, a function that takes a callback must release the GIL.
    """

    roles = ("parameter", "field")

    def modify(self, where: str, value: Value) -> None:
        """Of a callback only."""
        if not isinstance(value, CallbackValue):
            raise value.cannot_follow(where, self)
        value.same_thread = True


class Callback:
    """A type of C function pointers, declared as a typed Python function (a decorator).

    It is the C type of a ``Callable`` parameter. C may call the callable until the function
    that it was passed to returns. If C keeps it for longer, write ``Keep``.

    An exception in the callable (KeyboardInterrupt included) is raised by the declared function
    that made C call back. Until that returns, C gets ``failed`` from every callback in this
    thread. If no declared function made C call back, the exception goes to
    ``sys.unraisablehook``, or to ``threading.excepthook`` in a thread that C started. Without
    fast calls, a KeyboardInterrupt that arrives while C code runs is lost, as with ctypes
    alone.

    If C calls a callable after its release, that is reported in the same way. Its function
    pointer is used again later: see ``docs/callbacks.md``.

    A thread that C started waits for the GIL. So a function that takes a callback must release
    it, unless ``SameThread`` says that C calls back in the caller's thread only; so must a
    function that waits for such a thread.
    """

    value_kind = CallbackValue

    def __init__(self, function: Callable[..., Any], /, *, failed: Any = None) -> None:
        """Declare it.

        Args:
            function: a typed Python function, as for ``Library.function``.
            failed: what C gets if the callable raises an exception; None means zero.
        """
        declaration = self.declaration = Declaration(function, is_callback=True)
        self.name = declaration.name
        answer = self._answer = Answer(declaration)
        arguments = declaration.arguments
        # What the callable gets, and which of C's arguments that is.
        self._values = [
            (each.index, each.spec) for each in arguments if isinstance(each.spec, Value)
        ]
        # Whether nothing is to be known while the callable runs, or kept after that.
        self._is_plain = answer.is_plain and all(
            each.converts_alone for _, each in self._values
        )
        result = declaration.result
        self.failed = self._failed(failed, result)
        ctypes_of = [argument.spec.ctype for argument in declaration.arguments]
        self.prototype: Any = ctypes.CFUNCTYPE(result.ctype if result else None, *ctypes_of)

        class Code(self.prototype):  # type: ignore[misc,name-defined]
            _flags_ = self.prototype._flags_
            _argtypes_ = self.prototype._argtypes_
            _restype_ = register_of(result)

        class Pointer(self.prototype):  # type: ignore[misc,name-defined]
            _flags_ = self.prototype._flags_

        self._code: Any = Code
        self._pointer: Any = Pointer
        self._thunks: list[_Thunk] = []
        self._free: deque[_Reference] = deque()

    def __repr__(self) -> str:
        return f"Callback({self.name})"

    @classmethod
    def failing_with(cls, result: Any) -> Callable[[Callable[..., Any]], "Callback"]:
        """``@Callback.failing_with(1)``: C gets 1 after an exception, not 0."""
        return functools.partial(cls, failed=result)

    def _failed(self, failed: Any, result: Value | None) -> Any:
        where = f"{self.name}() after an exception"
        if result is None:
            if failed is None:
                return None
            raise DeclarationError(f"{where}: there is no result, {failed!r} cannot be one")
        if failed is None and isinstance(result, HandleValue):
            return result.address_of(None)
        if failed is None:
            return result.ctype().value if isinstance(result, NUMBERS) else 0
        try:
            unlimited = make_value(where, result.role, result.python_type, result.ctype)
            self._failed_result = unlimited.to_c(failed)  # C may get its address
            return in_register(unlimited, self._failed_result)
        except (TypeError, OverflowError) as error:
            raise DeclarationError(str(error)) from None

    def make(self, function: Callable[..., Any] | None) -> Any:
        """The C function that calls ``function`` and keeps it alive; NULL for None."""
        if function is None:
            return self.prototype()
        free = self._free
        thunk = free.popleft().thunk if len(free) > _MOST_FREE else self._make_thunk()
        return thunk.point(self._pointer, function, free)

    @made_once
    def described(self) -> CallbackType:
        """What libfastcall must know to call a callable by itself. Raises NotServedError."""
        expect_callbacks()
        described = describe(self.declaration, self._answer, self.failed)
        described.careful, described.answer = self._careful, self._answer.in_c
        described.escaped, described.failed = self._escaped, self.failed
        return described

    def _careful(self, content: bytes, function: Callable[..., Any] | None) -> Any:
        """Call ``function``, to which C passed ``content``. Returns C's result, for ctypes."""
        if function is not None:
            return self._call_for(_Passed(function))(*self.described.arguments_in(content))
        caller = innermost.get(get_ident())
        if caller is not None and caller.in_c and caller.error is not None:
            return self.failed
        return self._report(RuntimeError(_LATE.format(self.name)), _getframe().f_back)

    def _make_thunk(self) -> "_Thunk":
        expect_callbacks()
        thunk = _Thunk()
        engine = running()
        guarded: Any = self._call_for(thunk)
        if engine:
            guarded.failed = self.failed
            guarded.escaped = self._escaped
            guarded = engine.guard(guarded)
        thunk.set_code(self._code(guarded))
        self._thunks.append(thunk)
        return thunk

    def _call_for(self, thunk: "_Thunk | _Passed") -> Callable[..., Any]:
        """What is called with the arguments of C."""
        engine = running()
        answer, convert = self._answer, self._convert
        make_state = Running if self._is_plain else CallState

        def call(*arguments: Any) -> Any:
            state: Any = make_state()
            caller = state.outer
            try:
                state.enter()
                if not answer.is_plain:
                    answer.clear(arguments)
                if caller is not None and caller.in_c and caller.error is not None:
                    return self.failed
                pointer = thunk.pointer()  # alive until this returns
                if pointer is None:
                    error: BaseException = RuntimeError(_LATE.format(self.name))
                    return self._report(error, _getframe(1 if _IN_PYTHON else 0).f_back)
                return convert(pointer, arguments, state)
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

        return call

    def function(self, address: int, kept: object) -> Callable[..., Any]:
        """The C function at ``address`` as a declared function. It keeps ``kept`` alive.

        If it is passed to C, C gets its ``c_pointer``.
        """
        # Seldom needed; checked imports this module.
        from .checked import checked_call
        from .lookalike import Lookalike

        pointer = self.prototype(address)
        pointer.kept = kept
        named = type("pointer", (_OfPointer,), {})()
        call: Any = Lookalike(checked_call(self.declaration, pointer), self.declaration, named)
        vars(call)["c_pointer"] = pointer
        return call  # type: ignore[no-any-return]

    def whole(self, pointer: Any) -> Any:
        """Returns what to store in a struct so that it keeps what ``pointer`` keeps."""
        return pointer if _IN_PYTHON else self.prototype.from_buffer(pointer)

    def _escaped(self, error: BaseException) -> Any:
        """Handle an exception that belongs to no call of libfastcall's."""
        # If Python's stack is full, this takes less of it than ``make``.
        caller = innermost.get(get_ident())
        if caller is None or not caller.in_c:  # Python called C
            return self._report(error, _getframe().f_back)
        caller.error = error  # a signal came before the callback could begin
        return self.failed

    @made_once
    def _convert(self) -> Callable[..., Any]:
        """Calls the callable of a pointer, with the arguments of C. Returns C's result."""
        values, answer = self._values, self._answer
        if self._is_plain:
            compiled: Callable[..., Any] = import_later("straight").straight_callback(
                values, answer
            )
            return compiled

        def convert(pointer: Any, arguments: tuple[Any, ...], state: CallState) -> Any:
            state.converted = [*arguments]
            given = [each.from_c(arguments[at], state) for at, each in values]
            result, kept = answer.convert(pointer.function(*given), state)
            if kept:
                _hold(pointer, kept, state.outer)
            return result

        return convert

    def _report(self, error: BaseException, caller: FrameType | None) -> Any:
        """Report an exception that no call raises. Returns C's result."""
        if caller is not None:
            _make_unraisable(self.name, error)
        else:  # a thread of C's own
            import threading

            threading.excepthook(
                threading.ExceptHookArgs((type(error), error, error.__traceback__, None))
            )
        return self.failed


def _make_unraisable(name: str, error: BaseException) -> None:
    """Pass ``error`` to ``sys.unraisablehook``, as if a ``__del__`` raised it."""

    def callback(self: object) -> NoReturn:
        raise error

    callback.__qualname__ = name
    if _IN_PYTHON:  # PyPy calls a ``__del__`` much later
        hook: Any = sys.unraisablehook
        hook(
            SimpleNamespace(
                exc_type=type(error),
                exc_value=error,
                exc_traceback=error.__traceback__,
                err_msg=f"Exception ignored in {name}()",
                object=callback,
                extra_line="",  # PyPy's own hook needs it
            )
        )
    else:
        type(name, (), {"__del__": callback})()


def _hold(pointer: Any, results: list[Any], caller: Running | None) -> None:
    """Keep what a callback returned: all results until the call it was passed to is over.

    Of a callable that C keeps for longer, at least the last one.
    """
    if caller is None or not any(each is pointer for each in caller.converted):
        pointer.results.clear()
    pointer.results.append(results)


class _OfPointer(Function):
    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self.declaration.name} cannot be pickled: it is C's, at an address")


_LATE = (
    "{}(): C called it after its release: it was replaced, or the handle that kept it was"
    " closed, or its parameter lacks Keep"
)

_MOST_FREE = 1000
"""Free thunks, of about 1 kB each, before one is reused."""


class _Thunk:
    """A C function that calls one Python function after another. Its Callback keeps it.

    The Python function may be released while C is in here: it replaces itself, or another
    thread has read the pointer and waits for the GIL. Then there is no function to call, unless
    the thunk was reused: so the one that is free for longest is reused first.

    The release runs no Python code, in which exceptions of signal handlers would be lost.
    """

    __slots__ = ("_code", "address", "pointer")

    pointer: Callable[[], Any]

    def set_code(self, code: Any) -> None:
        self._code = code
        self.address = function_address(code)

    def point(self, kind: Any, function: Callable[..., Any], free: "deque[_Reference]") -> Any:
        """A pointer that calls ``function``; its release adds this to ``free``."""
        pointer = kind(self.address)
        pointer.function = function
        pointer.results = []
        reference = _Reference(pointer, free.append)
        reference.thunk = self
        self.pointer = reference
        return pointer


class _Passed:
    """What stands for a thunk, and for its pointer, until C returns."""

    __slots__ = ("function", "results")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.results: list[Any] = []

    def pointer(self) -> Any:
        return self


class _Reference(weakref.ref[Any]):
    __slots__ = ("thunk",)

    thunk: _Thunk
