"""Declared functions that cannot be builtin functions, but look like them."""

import functools
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from .declaration import Declaration
from .fastcall import Function, text_signature


class _NoMethod:
    """A ``__get__`` that makes no method, and seems absent (Enum looks for it)."""

    def __call__(self, function: Any, instance: Any, owner: Any = None) -> Any:
        return function

    def __get__(self, instance: Any, owner: Any) -> Any:
        raise AttributeError("__get__")


class Lookalike(functools.partial[Any]):
    """A Python function that looks like a builtin function, except to ``type()``.

    So programs do not depend on which of the two a platform has. A partial costs less than a
    class with a ``__call__``.
    """

    __slots__ = ()

    def __init__(
        self, call: Callable[..., Any], declaration: Declaration, of: Function
    ) -> None:
        of.declaration = declaration
        vars(self).update(
            __name__=declaration.name,
            __qualname__=f"{type(of).__qualname__}.{declaration.name}",
            __module__=declaration.function.__module__,
            __doc__=declaration.function.__doc__ or None,
            __text_signature__=text_signature(declaration),
            __self__=of,
        )

    def __new__(cls, call: Callable[..., Any], declaration: Declaration, of: Function) -> Any:
        """``of`` becomes its ``__self__``."""
        return super().__new__(cls, call)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """For ``isinstance`` and the module inspect."""
        return BuiltinFunctionType

    if hasattr(functools.partial, "__get__"):  # from 3.13 on
        __get__ = _NoMethod()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__module__" or "__self__" not in vars(self):
            super().__setattr__(name, value)
        else:
            setattr(print, name, value)  # raises the error of a builtin function

    def __delattr__(self, name: str) -> None:
        delattr(print, name)  # likewise

    def __repr__(self) -> str:
        name, of = vars(self)["__name__"], vars(self)["__self__"]
        return f"<built-in method {name} of {type(of).__name__} object at {id(of):#x}>"

    @property
    def __signature__(self) -> Any:
        """For inspect: from Python 3.13 on it would use the partial's."""
        from inspect import Parameter, Signature

        names = vars(self)["__self__"].declaration.parameters
        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in names])

    def __reduce__(self) -> Any:
        return getattr, (vars(self)["__self__"], vars(self)["__name__"])

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


# For error messages.
setattr(Lookalike, "__name__", BuiltinFunctionType.__name__)  # noqa: B010
