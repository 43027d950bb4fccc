"""What a typed Python function says about the C function of the same name.

Each parameter is written ``name: Annotated[python type, C type]``: type checkers see the
Python type, and C gets the other. All parameters are positional-only, as C's are.

================  =====================================  ================================
Python type       C type                                 accepts
================  =====================================  ================================
``int``           every integer type of ctypes           what has ``__index__``, in range
``bool``          ``c_bool``                             True and False
``float``         ``c_float``, ``c_double``              what ``math.sqrt`` accepts
``bytes``         ``c_char_p``                           no NUL within
``str``           ``c_char_p``                           no NUL within; goes as UTF-8
``int``           ``c_void_p``                           an address
any               any other ctypes type                  what its ``from_param`` accepts
================  =====================================  ================================

``bytes | None``, ``str | None`` and ``int | None`` let None stand for a null pointer. An
integer may have a ``range`` behind its C type, narrower than the type's own. A result is
declared in the same way, or as None for ``void``.
"""

import ctypes
import types
import typing
from collections.abc import Callable
from typing import Any

_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys("bBhHiIlLqQ", ("integer", (int,))),
    "?": ("bool", (bool,)),
    "f": ("float", (float,)),
    "d": ("float", (float,)),
    "z": ("string", (bytes, str)),
    "P": ("address", (int,)),
}
"""By the type code of a simple ctypes type: its kind, and the Python types for it."""

_C_NAMES = {"?": "bool", "f": "float", "d": "double", "z": "char *", "P": "void *"}


class DeclarationError(TypeError):
    """A declaration that contradicts itself, or that cannot be understood."""


class Value:
    """A C value that is passed or returned, as an annotation declares it.

    Attributes:
        ctype: the ctypes type.
        kind: "integer", "bool", "float", "string", "address", or "other".
        c_name: the type as C programmers write it, such as "int32_t".
        python_type: the Python type that stands for it.
        nullable: whether None stands for a null pointer.
        low, high: the least and the greatest value of an integer or address, else 0.
    """

    __slots__ = ("c_name", "ctype", "high", "kind", "low", "nullable", "python_type")

    def __init__(self, annotation: Any, where: str) -> None:
        """Read ``annotation``; errors name it by ``where``."""
        if typing.get_origin(annotation) is not typing.Annotated:
            raise DeclarationError(
                f"{where}: expected Annotated[python type, C type], not {annotation!r}"
            )
        python_type, self.ctype, *rest = typing.get_args(annotation)
        if not (isinstance(self.ctype, type) and hasattr(self.ctype, "from_param")):
            raise DeclarationError(f"{where}: {self.ctype!r} is not a ctypes type")
        code = getattr(self.ctype, "_type_", None)
        self.kind, python_types = _KINDS.get(
            code if isinstance(code, str) else "", ("other", ())
        )
        self.python_type, self.nullable = _without_none(python_type)
        self.low, self.high = 0, 0
        if self.kind in ("integer", "address"):
            self.low, self.high = _limits(self.ctype)
        self.c_name = self._c_name(code)
        if python_types and self.python_type not in python_types:
            names = " or ".join(each.__name__ for each in python_types)
            raise DeclarationError(
                f"{where}: {names} stands for {self.c_name}, not {python_type}"
            )
        if self.nullable and self.kind in ("integer", "bool", "float"):
            raise DeclarationError(
                f"{where}: {self.c_name} is no pointer, so it cannot be None"
            )
        for item in rest:
            self._narrow(item, where)

    def _c_name(self, code: Any) -> str:
        if self.kind == "integer":
            # ctypes does not keep the name: c_int32 is c_int, and c_size_t is c_ulong.
            unsigned = "u" if self.low == 0 else ""
            return f"{unsigned}int{8 * ctypes.sizeof(self.ctype)}_t"
        return str(self.ctype.__name__) if self.kind == "other" else _C_NAMES[code]

    def _narrow(self, item: Any, where: str) -> None:
        if not isinstance(item, range) or item.step != 1 or not item:
            raise DeclarationError(
                f"{where}: expected a range with step 1 behind the C type, not {item!r}"
            )
        if self.kind != "integer":
            raise DeclarationError(f"{where}: only an integer has a range, not {self.c_name}")
        if item[0] < self.low or item[-1] > self.high:
            raise DeclarationError(f"{where}: {item!r} goes beyond {self.c_name}")
        self.low, self.high = item[0], item[-1]


class Parameter(Value):
    """A parameter: a value with a name."""

    __slots__ = ("name", "where")

    def __init__(self, function: str, name: str, annotation: Any) -> None:
        """Read the ``annotation`` of the parameter ``name`` of ``function``."""
        super().__init__(annotation, f"{function}() parameter {name!r}")
        self.name = name
        self.where = f"{function}() parameter {name!r} ({self.c_name})"
        """What error messages call it."""


class Declaration:
    """A C function as a typed Python function declares it.

    Attributes:
        function: the Python function.
        name: its name, and the C function's.
        parameters: in C's order.
        result: what comes back; None for ``void``.
    """

    __slots__ = ("function", "name", "parameters", "result")

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read the signature of ``function``. Raises DeclarationError."""
        self.function = function
        self.name = function.__name__
        hints = typing.get_type_hints(function, include_extras=True)
        names = _positional_names(function)
        missing = [name for name in (*names, "return") if name not in hints]
        if missing:
            raise DeclarationError(f"{self.name}() has no annotation for {', '.join(missing)}")
        self.parameters = [Parameter(self.name, name, hints[name]) for name in names]
        returned = hints["return"]
        self.result = (
            None if returned is types.NoneType else Value(returned, f"{self.name}() result")
        )

    def apply(self, c_function: Any) -> None:
        """Set ``argtypes`` and ``restype`` on a function of a ctypes library."""
        c_function.argtypes = [parameter.ctype for parameter in self.parameters]
        c_function.restype = self.result.ctype if self.result else None


def _positional_names(function: Callable[..., Any]) -> tuple[str, ...]:
    # By hand, since importing inspect takes longer than all of ctypes.
    code = function.__code__
    has_star = code.co_flags & 0x0C  # CO_VARARGS and CO_VARKEYWORDS
    if code.co_posonlyargcount != code.co_argcount or code.co_kwonlyargcount or has_star:
        raise DeclarationError(
            f"{function.__name__}(): C's parameters have a position and no name:"
            " end the list with a '/', and have no keyword-only ones, no * and no **"
        )
    if function.__defaults__:
        raise DeclarationError(f"{function.__name__}(): C's parameters have no defaults")
    return code.co_varnames[: code.co_argcount]


def _without_none(python_type: Any) -> tuple[Any, bool]:
    """``int | None`` as ``(int, True)``, ``int`` as ``(int, False)``."""
    if typing.get_origin(python_type) not in (types.UnionType, typing.Union):
        return python_type, False
    members = typing.get_args(python_type)
    others = [member for member in members if member is not types.NoneType]
    return (others[0] if len(others) == 1 else python_type), len(others) < len(members)


def _limits(ctype: Any) -> tuple[int, int]:
    bits = 8 * ctypes.sizeof(ctype)
    # All bits set is -1 in a signed type, and the greatest value of an unsigned one.
    if ctype(-1).value == -1:
        return -(1 << bits - 1), (1 << bits - 1) - 1
    return 0, (1 << bits) - 1
