"""What a declared function is where it is no builtin function: it looks like one."""

import functools
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from .declaration import Declaration
from .fastcall import Function, text_signature


class _NoMethod:
    """``__get__`` of what becomes no method. Who asks for it (Enum does) is told of none."""

    def __call__(self, function: Any, instance: Any, owner: Any = None) -> Any:
        return function

    def __get__(self, instance: Any, owner: Any) -> Any:
        raise AttributeError("__get__")


class Lookalike(functools.partial[Any]):
    """A Python function that presents itself as the builtin function that it stands in for.

    Which of the two a platform has makes no difference, then: neither becomes a method of a
    class that it is an attribute of, both are copied, pickled, shown and documented alike. A
    partial, since that costs less than a class with a ``__call__``. Only ``type()`` tells.
    """

    __slots__ = ()

    def __init__(
        self, call: Callable[..., Any], declaration: Declaration, of: Function
    ) -> None:
        """``of`` is what the builtin function would have as its ``__self__``."""
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
        """Make a partial of ``call``, with no arguments."""
        return super().__new__(cls, call)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What ``isinstance`` and the module inspect are told."""
        return BuiltinFunctionType

    if hasattr(functools.partial, "__get__"):  # it has from 3.13 on, and becomes a method
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
        """What inspect would else, from Python 3.13 on, take from the function in it."""
        from inspect import Parameter, Signature

        names = vars(self)["__self__"].declaration.parameters
        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in names])

    def __reduce__(self) -> Any:
        return getattr, (vars(self)["__self__"], vars(self)["__name__"])

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


# As error messages have it.
setattr(Lookalike, "__name__", BuiltinFunctionType.__name__)  # noqa: B010
