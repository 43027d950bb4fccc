"""What stands in a declaration: the C arguments, and what is said of them."""

import ctypes
import types
import typing
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer
else:

    class Buffer:
        """Whatever has the buffer protocol, as type checkers know it (PEP 688)."""


KINDS = {
    **dict.fromkeys("bhilq", "signed"),
    **dict.fromkeys("BHILQ", "unsigned"),
    **dict.fromkeys("fd", "float"),
    "?": "bool",
    "z": "string",
    "P": "address",
}
"""By the type code of a simple ctypes type: its kind."""

_PYTHON_TYPES = {"bool": (bool,), "float": (float,), "string": (bytes, str), "other": ()}
"""By its kind: the Python types for a value, where they are not int."""

_C_NAMES = {"?": "bool", "f": "float", "d": "double", "z": "char *", "P": "void *", "c": "char"}

CLOSES = object()
"""Behind a parameter that is a handle: the function closes it."""

MakeError = Callable[[int, str, tuple[Any, ...]], BaseException]
"""Makes an exception: see Status."""

NEVER = 2**63 - 1
"""As ``Declaration.release_at``: the GIL is held during the call."""


class DeclarationError(TypeError):
    """A declaration that contradicts itself, or that cannot be understood."""


class In:
    """The C argument ``const T *``: the items of a buffer, which C reads.

    ``In(c_int32)`` takes any object with the buffer protocol whose items are int32_t, of
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *``, and ``In(c_char)`` ``const char *``: items of any type, counted in bytes.
    """

    writable = False
    in_place = False

    def __init__(self, item: Any, /) -> None:
        kind = "void" if item in (None, ctypes.c_char) else _kind(item, "In and Out")
        if kind not in ("void", "signed", "unsigned", "bool", "float"):
            raise DeclarationError(f"In and Out: items of {item!r} are not served")
        self.ctype: Any = ctypes.POINTER(item) if item else ctypes.c_void_p
        self.item = item
        self.item_kind = kind
        self.size = ctypes.sizeof(item) if item else 1
        self.item_name = _c_name(item) if item else "void"
        self.c_name = f"{'' if self.writable else 'const '}{self.item_name} *"

    def refine(self, where: str, item: object) -> None:
        """Nothing may stand behind it but further C arguments."""
        raise DeclarationError(f"{where}: {item!r} cannot stand behind {self.c_name}")


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
        if _kind(ctype, "Count") not in ("signed", "unsigned"):
            raise DeclarationError(f"Count: {ctype!r} is not an integer type")
        self.ctype = ctype
        self.high = _limits(ctype)[1]
        self.c_name = _c_name(ctype)
        self.names = buffers


class Encoding:
    """Behind ``c_char_p``: how a ``str`` is encoded, where that is not UTF-8.

    One whose only zero byte is the NUL that ends the string.
    """

    def __init__(self, name: str, /, errors: str = "strict") -> None:
        if 0 in "a".encode(name, errors):  # LookupError where there is none of that name
            raise DeclarationError(f"Encoding: {name} has zero bytes within a text")
        self.name = name
        self.errors = errors


class FreedBy:
    """Behind a ``c_char_p`` that is returned: it is copied, then freed.

    ``FreedBy(free)``: the declared function that takes its address, an ``int``.
    """

    def __init__(self, function: Callable[[int], object], /) -> None:
        self.function = function


class Keep:
    """Behind a callback that C keeps: it stays alive as long as the handle that it is for.

    ``Keep("database")`` is for the handle that is passed for the parameter ``database``, and
    until the same function is passed another one. ``Keep("database", "name")``: until it is
    passed another one with the same ``name``.
    """

    def __init__(self, handle: str, /, *names: str) -> None:
        self.names = (handle, *names)


class Status:
    """As the C type of a result: a code that says whether the function succeeded.

    Codes of success come back as the Python type of the result, an enumeration or int, or
    not at all where that is None, or where something is Returned. ``Status(c_int)`` is a code
    that tells of something else than this call: nothing is made of it.
    """

    def __init__(
        self, ctype: Any, error: MakeError | None = None, /, *, success: Iterable[int] = (0,)
    ) -> None:
        """Declare the codes of a library.

        Args:
            ctype: the C type of the codes.
            error: makes the exception for any other code, from the code, the name of the
                function and what it was passed, with what it Returned behind it.
            success: the codes of success.
        """
        self.ctype = ctype
        self.error = error
        self.success = frozenset(success)

    def fails(self, code: int) -> bool:
        """Whether the code says that this call failed."""
        return bool(self.error) and code not in self.success


class Value:
    """A C value that is passed or returned.

    Attributes:
        ctype: the ctypes type.
        kind: "signed", "unsigned", "bool", "float", "string", "address", "handle",
            "callback", or "other".
        c_name: the type as C programmers write it, such as "int32_t".
        python_type: the Python type that stands for it.
        nullable: whether None stands for a null pointer.
        low, high: the least and the greatest value of an integer or address, else 0.
        enumeration: the one that an integer is of, or None.
        callback, status, encoding, freed_by, keep, closes: what was declared of it.
    """

    callback: Any = None
    status: Status | None = None
    encoding = Encoding("utf-8")
    freed_by: FreedBy | None = None
    keep: Keep | None = None
    closes = False
    enumeration: Any = None
    low = high = 0

    def __init__(self, where: str, python_type: Any, ctype: Any, /, *items: object) -> None:
        """Declare it as ``Annotated[python_type, ctype, *items]``; errors call it ``where``."""
        # A Callback and a Handle are told by what they have, since their modules are imported
        # by those who use them only.
        if hasattr(ctype, "prototype"):
            self.callback, ctype = ctype, ctype.prototype
        elif isinstance(ctype, Status):
            self.status, ctype = ctype, ctype.ctype
        self.kind = _kind(ctype, where)
        ctype = _simple(ctype, where)
        self.ctype: Any = ctype
        python_types = _PYTHON_TYPES.get(self.kind, (int,))
        self.c_name = _c_name(ctype)
        self.python_type, self.nullable = _without_none(python_type)
        if self.kind in ("signed", "unsigned", "address"):
            self.low, self.high = _limits(ctype)
        if self.kind in ("signed", "unsigned") and hasattr(self.python_type, "__members__"):
            self.enumeration = self.python_type if issubclass(self.python_type, int) else None
        if self.callback:
            self.kind, self.c_name = "callback", self.callback.name
        elif self.kind == "address" and hasattr(self.python_type, "adopt"):
            self.kind, self.c_name = "handle", f"{self.python_type.__name__} *"
        elif self.status:
            self._check_status(where, self.status)
        elif python_types and self.python_type not in python_types and not self.enumeration:
            names = " or ".join(each.__name__ for each in python_types)
            raise DeclarationError(
                f"{where}: {names} stands for {self.c_name}, not {python_type}"
            )
        elif self.nullable and self.kind in ("signed", "unsigned", "bool", "float"):
            raise DeclarationError(f"{where}: {self.c_name} is no pointer, it cannot be None")
        for item in items:
            self.refine(where, item)

    def refine(self, where: str, item: object) -> None:
        """Take what stands behind the C type: a range, an Encoding, ..."""
        if isinstance(item, range) and self.kind in ("signed", "unsigned"):
            if item.step != 1 or not item:
                raise DeclarationError(f"{where}: {item!r} is empty, or has not the step 1")
            if item[0] < self.low or item[-1] > self.high:
                raise DeclarationError(f"{where}: {item!r} goes beyond {self.c_name}")
            self.low, self.high = item[0], item[-1]
        elif isinstance(item, Encoding) and self.kind == "string" and self.python_type is str:
            self.encoding = item
        elif isinstance(item, FreedBy) and self.kind == "string":
            # ctypes would make bytes of a plain c_char_p, and the address would be lost.
            self.freed_by, self.ctype = item, _OwnedString
        elif isinstance(item, Keep) and self.kind == "callback":
            self.keep = item
        elif item is CLOSES and self.kind == "handle":
            self.closes = True
        else:
            raise DeclarationError(f"{where}: {item!r} cannot stand behind {self.c_name}")

    def only(self, where: str, *allowed: str) -> None:
        """Refuse what cannot be passed, and what has no meaning here but if ``allowed``."""
        if self.kind == "other" and _is_packed_or_union(self.ctype):
            # ctypes describes them to libffi as what they are not: C would get other values.
            raise DeclarationError(
                f"{where}: a union or packed structure is passed by pointer, not by value:"
                f" {self.c_name}"
            )
        for name, what in _SPECIAL.items():
            if getattr(self, name) and name not in allowed:
                raise DeclarationError(f"{where}: {what} has no meaning here")

    def _check_status(self, where: str, status: Status) -> None:
        if self.kind not in ("signed", "unsigned"):
            raise DeclarationError(f"{where}: a Status is an integer, not {self.c_name}")
        enumeration = self.enumeration
        if self.nullable or not (enumeration or self.python_type in (None, int)):
            raise DeclarationError(
                f"{where}: a Status comes back as int, an enumeration or None,"
                f" not {self.python_type}"
            )
        members = {each.value for each in enumeration} if enumeration else status.success
        if status.error and not status.success <= members:
            unknown = sorted(status.success - members)
            raise DeclarationError(f"{where}: {enumeration.__name__} lacks the codes {unknown}")


class Returned:
    """The C argument ``T *``: room for a value, which C fills in and which comes back.

    ``Returned(int, c_int32)`` is declared as a value is, what stands behind its C type
    included. What C leaves as it was comes back as 0, or as None where that is declared.
    """

    def __init__(self, python_type: Any, ctype: Any, /, *items: Any) -> None:
        self.value = Value("Returned", python_type, ctype, *items)
        if self.value.kind != "other":
            self.value.only("Returned", "freed_by")
        self.python_type = python_type
        # Of the declared type, for whoever compares it with the header.
        self.ctype: Any = ctypes.POINTER(_simple(ctype, "Returned"))
        self.c_name = f"{self.value.c_name} *"


_SPECIAL = {
    "callback": "a callback",
    "status": "a Status",
    "freed_by": "FreedBy",
    "keep": "Keep",
    "closes": "CLOSES",
}
"""The attributes of a Value that have a meaning in some places only."""


class _OwnedString(ctypes.c_char_p):
    """``char *`` as a result that keeps its address: ctypes makes bytes of no subclass."""


def _is_packed_or_union(ctype: Any) -> bool:
    if hasattr(ctype, "_length_"):  # an array
        return _is_packed_or_union(ctype._type_)
    fields = [each[1] for cls in ctype.__mro__ for each in cls.__dict__.get("_fields_", ())]
    return (
        issubclass(ctype, ctypes.Union)
        or hasattr(ctype, "_pack_")
        or any(map(_is_packed_or_union, fields))
    )


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


def _kind(ctype: Any, where: str) -> str:
    if not (isinstance(ctype, type) and hasattr(ctype, "from_param")):
        raise DeclarationError(f"{where}: {ctype!r} is not a ctypes type")
    return KINDS.get(_code(ctype), "other")


def _simple(ctype: Any, where: str) -> Any:
    """The type of ctypes itself, where a simple type is a subclass of it.

    ctypes makes an int or the like of the type itself only; of a subclass it makes an instance,
    which is not what the declaration says comes back.
    """
    if not _code(ctype):
        return ctype
    base, subclasses = ctype, list[Any]()
    while base.__base__ is not ctypes.c_int.__base__:
        subclasses.append(base)
        base = base.__base__
    for name in ("from_param", "_check_retval_"):
        # The base has a from_param, of ctypes' own.
        own = [*subclasses, *([base] if name == "_check_retval_" else [])]
        if any(name in vars(each) for each in own):
            raise DeclarationError(
                f"{where}: {ctype.__name__} has a {name} of its own, which would not be called:"
                " declare one of ctypes' own types, a Status for what reports an error"
            )
    return base


def _c_name(ctype: Any) -> str:
    code = _code(ctype)
    kind = KINDS.get(code)
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
