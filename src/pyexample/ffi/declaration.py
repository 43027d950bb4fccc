"""What a typed Python function says about the C function of the same name.

Each parameter is written ``name: Annotated[python type, C argument, ...]``. Type checkers
see the Python type; behind it stand the C arguments that the parameter becomes, in C's
order: nearly always one. All parameters are positional-only, as C's are.

=================  ===================================  ==============================
Python type        C argument                           accepts
=================  ===================================  ==============================
``int``            every integer type of ctypes         what has ``__index__``, in range
``bool``           ``c_bool``                           True and False
``float``          ``c_float``, ``c_double``            what ``math.sqrt`` accepts
``bytes``          ``c_char_p``                         no NUL within
``str``            ``c_char_p``                         no NUL within; goes as UTF-8
``int``            ``c_void_p``                         an address
``Buffer``         ``In(c_int32)``, ``Out(c_int32)``    a contiguous buffer of such items
any                any other ctypes type                what its ``from_param`` accepts
=================  ===================================  ==============================

``bytes | None``, ``str | None`` and ``int | None`` let None stand for a null pointer. An
integer may have a ``range`` behind its C type, narrower than the type's own. Before or
behind a buffer, ``Count`` is the C argument that says how many items there are, so that
no caller can pass a wrong one. A result is declared like a value, or as None for ``void``.
"""

import ctypes
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer
else:

    class Buffer:
        """Whatever has the buffer protocol, as type checkers know it (PEP 688)."""


_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys("bhilq", ("signed", (int,))),
    **dict.fromkeys("BHILQ", ("unsigned", (int,))),
    "?": ("bool", (bool,)),
    "f": ("float", (float,)),
    "d": ("float", (float,)),
    "z": ("string", (bytes, str)),
    "P": ("address", (int,)),
}
"""By the type code of a simple ctypes type: its kind, and the Python types for it."""

_C_NAMES = {"?": "bool", "f": "float", "d": "double", "z": "char *", "P": "void *", "c": "char"}

NEVER = 2**63 - 1
"""As ``Declaration.release_at``: the GIL is held during the call."""


class DeclarationError(TypeError):
    """A declaration that contradicts itself, or that cannot be understood."""


class In:
    """The C argument ``const T *``: the items of a buffer, which C reads.

    ``In(c_int32)`` takes any object with the buffer protocol whose items are int32_t, of
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *``: items of any type, counted in bytes.
    """

    writable = False
    in_place = False

    def __init__(self, item: Any, /) -> None:
        kind = "void" if item is None else _kind(item, "In and Out")[0]
        if kind not in ("void", "signed", "unsigned", "bool", "float"):
            raise DeclarationError(f"In and Out: items of {item!r} are not served")
        self.ctype: Any = ctypes.POINTER(item) if item else ctypes.c_void_p
        self.item = item
        self.item_kind = kind
        self.size = ctypes.sizeof(item) if item else 1
        self.item_name = _c_name(item) if item else "void"
        self.c_name = f"{'' if self.writable else 'const '}{self.item_name} *"


class Out(In):
    """The C argument ``T *``: the items of a writable buffer, which C writes.

    It may not overlap another buffer of the call. ``in_place=True`` lets it be the very
    memory of another one, from its first byte to its last.
    """

    writable = True

    def __init__(self, item: Any, /, *, in_place: bool = False) -> None:
        super().__init__(item)
        self.in_place = in_place


class Count:
    """The C argument that says how many items a buffer has, such as ``size_t``.

    ``Count(c_size_t, "numbers")`` is what the buffer that is passed for the parameter
    ``numbers`` has; with several names, all of them must have equally many.
    """

    def __init__(self, ctype: Any, /, *buffers: str) -> None:
        if _kind(ctype, "Count")[0] not in ("signed", "unsigned"):
            raise DeclarationError(f"Count: {ctype!r} is not an integer type")
        self.ctype = ctype
        self.high = _limits(ctype)[1]
        self.c_name = _c_name(ctype)
        self.buffers = buffers


class Value:
    """A C value that is passed or returned.

    Attributes:
        ctype: the ctypes type.
        kind: "signed", "unsigned", "bool", "float", "string", "address", or "other".
        c_name: the type as C programmers write it, such as "int32_t".
        python_type: the Python type that stands for it.
        nullable: whether None stands for a null pointer.
        low, high: the least and the greatest value of an integer or address, else 0.
    """

    def __init__(self, where: str, python_type: Any, ctype: Any) -> None:
        """Let ``python_type`` stand for ``ctype``; errors call the value ``where``."""
        self.ctype = ctype
        self.kind, python_types = _kind(ctype, where)
        self.c_name = _c_name(ctype)
        self.python_type, self.nullable = _without_none(python_type)
        self.low, self.high = 0, 0
        if self.kind in ("signed", "unsigned", "address"):
            self.low, self.high = _limits(ctype)
        if python_types and self.python_type not in python_types:
            names = " or ".join(each.__name__ for each in python_types)
            raise DeclarationError(
                f"{where}: {names} stands for {self.c_name}, not {python_type}"
            )
        if self.nullable and self.kind in ("signed", "unsigned", "bool", "float"):
            raise DeclarationError(f"{where}: {self.c_name} is no pointer, it cannot be None")

    def narrow(self, where: str, allowed: range) -> None:
        """Allow only the integers in ``allowed``."""
        if self.kind not in ("signed", "unsigned"):
            raise DeclarationError(f"{where}: only an integer has a range, not {self.c_name}")
        if allowed.step != 1 or not allowed:
            raise DeclarationError(f"{where}: {allowed!r} is empty, or has not the step 1")
        if allowed[0] < self.low or allowed[-1] > self.high:
            raise DeclarationError(f"{where}: {allowed!r} goes beyond {self.c_name}")
        self.low, self.high = allowed[0], allowed[-1]


class Argument:
    """An argument of the C function.

    Attributes:
        spec: what it is: a Value, In, Out or Count.
        name: the Python parameter that it comes from.
        position: of that parameter, from 0.
        where: what error messages call it.
        buffers: of a Count, the positions of the parameters that it counts.
    """

    def __init__(self, function: str, name: str, position: int, spec: Value | In | Count):
        self.name = name
        self.position = position
        self.spec = spec
        self.buffers: list[int] = []
        self.where = f"{function}() parameter {name!r} ({spec.c_name})"


class Declaration:
    """A C function as a typed Python function declares it.

    Attributes:
        function: the Python function.
        name: its name, and the C function's.
        parameters: the names of the Python function's parameters.
        arguments: of the C function, in its order.
        result: what comes back; None for ``void``.
        release_at: the GIL is released for buffers of so many bytes in all, and more:
            0 always, NEVER never.
    """

    def __init__(self, function: Callable[..., Any], release_at: int = 0) -> None:
        """Read the signature of ``function``. Raises DeclarationError."""
        self.function = function
        self.name = function.__name__
        self.release_at = release_at
        hints = _hints(function)
        self.parameters = _positional_names(function)
        missing = [name for name in (*self.parameters, "return") if name not in hints]
        if missing:
            raise DeclarationError(f"{self.name}() has no annotation for {', '.join(missing)}")
        self.arguments = [
            Argument(self.name, name, position, spec)
            for position, name in enumerate(self.parameters)
            for spec in _specs(f"{self.name}() parameter {name!r}", hints[name])
        ]
        self._find_buffers()
        self.result: Value | None = None
        if hints["return"] not in (None, types.NoneType):
            where = f"{self.name}() result"
            (result,) = _specs(where, hints["return"])
            if not isinstance(result, Value):
                raise DeclarationError(f"{where}: a result is a value")
            self.result = result

    def apply(self, c_function: Any) -> None:
        """Set ``argtypes`` and ``restype`` on a function of a ctypes library."""
        c_function.argtypes = [argument.spec.ctype for argument in self.arguments]
        c_function.restype = self.result.ctype if self.result else None

    def _find_buffers(self) -> None:
        positions = {
            each.name: each.position for each in self.arguments if isinstance(each.spec, In)
        }
        for argument in self.arguments:
            if isinstance(argument.spec, Count):
                unknown = [name for name in argument.spec.buffers if name not in positions]
                if unknown or not argument.spec.buffers:
                    raise DeclarationError(
                        f"{argument.where}: Count needs the names of buffer parameters,"
                        f" not {', '.join(unknown) or 'none'}"
                    )
                argument.buffers = [positions[name] for name in argument.spec.buffers]


def _specs(where: str, annotation: Any) -> list[Value | In | Count]:
    """The C arguments that a parameter with this annotation becomes."""
    if typing.get_origin(annotation) is not typing.Annotated:
        raise DeclarationError(
            f"{where}: expected Annotated[python type, C type], not {annotation!r}"
        )
    python_type, *items = typing.get_args(annotation)
    specs: list[Value | In | Count] = []
    for item in items:
        if isinstance(item, (In, Count)):
            specs.append(item)
        elif isinstance(item, range) and specs and isinstance(specs[-1], Value):
            specs[-1].narrow(where, item)
        else:
            specs.append(Value(where, python_type, item))
    if len([spec for spec in specs if not isinstance(spec, Count)]) != 1:
        raise DeclarationError(
            f"{where}: expected one C type, or one In or Out, behind {python_type!r}"
        )
    return specs


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    hints: dict[str, Any] = function.__annotations__
    if any(isinstance(hint, str) for hint in hints.values()):
        # It takes its time, and only strings need it.
        return typing.get_type_hints(function, include_extras=True)
    return hints


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


def _code(ctype: Any) -> str:
    code = getattr(ctype, "_type_", None)
    return code if isinstance(code, str) else ""


def _kind(ctype: Any, where: str) -> tuple[str, tuple[type, ...]]:
    if not (isinstance(ctype, type) and hasattr(ctype, "from_param")):
        raise DeclarationError(f"{where}: {ctype!r} is not a ctypes type")
    return _KINDS.get(_code(ctype), ("other", ()))


def _c_name(ctype: Any) -> str:
    code = _code(ctype)
    kind, _ = _KINDS.get(code, ("other", ()))
    if kind in ("signed", "unsigned"):
        # ctypes does not keep the name: c_int32 is c_int, and c_size_t is c_ulong.
        return f"{'u' if kind == 'unsigned' else ''}int{8 * ctypes.sizeof(ctype)}_t"
    return _C_NAMES.get(code, getattr(ctype, "__name__", str(ctype)))


def _limits(ctype: Any) -> tuple[int, int]:
    bits = 8 * ctypes.sizeof(ctype)
    # All bits set is -1 in a signed type, and the greatest value of an unsigned one.
    if ctype(-1).value == -1:
        return -(1 << bits - 1), (1 << bits - 1) - 1
    return 0, (1 << bits) - 1
