"""Builtin functions for declared C functions, as fast as a C extension: see ``fastcall.h``."""

import ctypes
from collections.abc import Callable
from typing import Any

from .declaration import Argument, Declaration
from .later import import_later, made_once
from .libfastcall import KINDS, CArgument, CTypes, Descriptor, NotServedError, address_of, start


class Function(bytes):
    """The descriptor of a builtin function, which is its ``__self__``.

    Each library has a subclass, whose name ``repr`` shows. It is pickled, as is the builtin, as
    its module's name.
    """

    cdll: ctypes.CDLL
    callee: Callable[[Declaration], Callable[..., Any]]
    """The ctypes function for a declaration."""
    declaration: Declaration
    held: tuple[Any, ...]
    """Objects whose addresses are in the descriptor."""

    # C looks these up, seldom.

    @made_once
    def slow_path(self) -> Callable[..., Any]:
        """The checked call."""
        make: Callable[..., Callable[..., Any]] = import_later("checked").checked_call
        return make(self.declaration, self.callee(self.declaration))

    @made_once
    def unexpected(self) -> Callable[..., Any]:
        """See ``checked.make_unexpected``."""
        make: Callable[..., Callable[..., Any]] = import_later("checked").make_unexpected
        return make(self.declaration)

    def __reduce__(self) -> tuple[Any, ...]:
        from importlib import import_module

        return import_module, (self.declaration.function.__module__,)


def builtin(declaration: Declaration, kind: type[Function]) -> Any:
    """A builtin function that calls the C function as declared.

    ``slow_path`` gets what it does not accept. ``kind`` is the type of its ``__self__``. Raises
    NotServedError if it cannot be made.
    """
    engine = start()
    if not text_signature(declaration).isascii():
        raise NotServedError("inspect reads no signature of a builtin that is not ASCII")
    back = declaration.result
    result, conversion = back.describe_result() if back else (KINDS["void"], None)
    address = address_of(kind.cdll, declaration.symbol)
    function = kind(_describe(declaration, address, result, id(conversion), engine.ctypes))
    function.declaration, function.held = declaration, (conversion, engine.ctypes)
    return engine.builtin(function, declaration.function.__module__)


def text_signature(declaration: Declaration) -> str:
    """The signature, in the form that builtin functions have."""
    return f"({', '.join((*declaration.parameters, '/'))})" if declaration.parameters else "()"


def _describe(
    declaration: Declaration, function: int, result: int, conversion: int, its_ctypes: CTypes
) -> bytes:
    described = [_describe_argument(each, its_ctypes) for each in declaration.arguments]
    back = declaration.result
    name = declaration.name.encode() + b"\0"
    # type.__text_signature__, for inspect.signature.
    signature = f"{declaration.name}{text_signature(declaration)}"
    doc = f"{signature}\n--\n\n{declaration.function.__doc__ or ''}\0"
    end = ctypes.sizeof(Descriptor) + sum(map(ctypes.sizeof, described))
    descriptor = Descriptor(
        function=function,
        conversion=conversion,
        release_at=declaration.release_at,
        name=end,
        doc=end + len(name),
        parameters=len(declaration.parameters),
        arguments=len(described),
        is_variadic=declaration.fixed is not None,
        fixed=declaration.fixed or 0,
        result=result,
        result_size=ctypes.sizeof(back.ctype) if back else 0,
        result_nullable=back.nullable if back else False,
    )
    return b"".join((descriptor, *described, name, doc.encode()))


def _describe_argument(argument: Argument, its_ctypes: CTypes) -> CArgument:
    described = {"size": ctypes.sizeof(argument.spec.ctype), **argument.spec.describe(argument)}
    if "items" in described:  # a pointer
        described["ctypes"] = ctypes.addressof(its_ctypes)
    return CArgument(parameter=argument.position, **described)
