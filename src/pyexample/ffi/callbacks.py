"""Callbacks: Python callables that C calls, and where their exceptions go."""

import ctypes
import functools
from _thread import RLock, get_ident
from collections.abc import Callable as Function
from typing import Any

from .conversions import from_c, to_c
from .declaration import Declaration
from .fastcall import tell_pending
from .handles import Handle
from .values import DeclarationError, Value


class Callback:
    """A type of C function pointers, declared as a typed Python function (a decorator).

    In a declaration it is the C type of a parameter that is ``Callable``. C may call it until
    the function that it was passed to returns; ``Keep`` is for those that C keeps.

    An exception in it (KeyboardInterrupt included) is raised by the declared function that C
    was called by; C gets a result that stands for failure, and what else it calls back in
    this thread meanwhile gets the same. In a thread that Python did not start there is none
    to raise it: it goes to ``threading.excepthook``.
    """

    def __init__(self, function: Function[..., Any], /, *, failed: Any = 0) -> None:
        """Declare it.

        Args:
            function: the Python function, declared like any.
            failed: the result that C gets where the callable raised an exception.
        """
        declaration = Declaration(function)
        self.name = declaration.name
        self.arguments: list[Value] = []
        for argument in declaration.arguments:
            if not isinstance(argument.spec, Value) or argument.spec.callback:
                raise DeclarationError(f"{argument.where}: a Callback gets values only")
            self.arguments.append(argument.spec)
        result = declaration.result
        if result and result.kind not in ("signed", "unsigned", "bool", "float", "address"):
            raise DeclarationError(f"{self.name}() result: {result.c_name} cannot be returned")
        self.failed = failed if result else None
        self.prototype: Any = ctypes.CFUNCTYPE(
            result.ctype if result else None, *[spec.ctype for spec in self.arguments]
        )
        self._from_c = [
            from_c(spec) if spec.kind != "handle" else _borrowed(spec.python_type)
            for spec in self.arguments
        ]
        self._to_c = to_c(f"{self.name}() result", result) if result else None

    @classmethod
    def failing_with(cls, result: Any) -> Function[[Function[..., Any]], "Callback"]:
        """``@Callback.failing_with(1)``: after an exception, C gets ``result``."""
        return functools.partial(cls, failed=result)

    def make(self, function: Function[..., Any] | None) -> Any:
        """The C function that calls ``function``; a null pointer for None."""
        if function is None:
            return self.prototype()
        handles = [at for at, spec in enumerate(self.arguments) if spec.kind == "handle"]

        def call(*arguments: Any) -> Any:
            if _waiting and get_ident() in _waiting:
                return self.failed
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
                _hold(error)
                return self.failed

        return self.prototype(call)


def _borrowed(kind: type[Handle]) -> Function[[int | None], Handle | None]:
    return lambda address: kind.adopt(address, owned=False) if address else None


_waiting: dict[int, BaseException] = {}
"""By thread: the exception that the declared function is to raise when C returns."""

# Reentrant, since gc may run a finalizer, and that a callback, at any point.
_lock = RLock()


def _hold(error: BaseException) -> None:
    import threading

    thread = get_ident()
    if all(each.ident != thread for each in threading.enumerate()):
        hook_arguments = (type(error), error, error.__traceback__, None)
        threading.excepthook(threading.ExceptHookArgs(hook_arguments))
        return
    with _lock:
        _waiting[thread] = error
        tell_pending(len(_waiting))


def raise_pending() -> None:
    """Raise the exception that a callback of this thread ended with, if there is one."""
    if not _waiting:
        return
    with _lock:
        error = _waiting.pop(get_ident(), None)
        tell_pending(len(_waiting))
    if error is not None:
        raise error
