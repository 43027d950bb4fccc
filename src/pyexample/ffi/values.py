"""The vocabulary of declarations: C arguments, and what is declared about them."""

import codecs
import ctypes
import itertools
import operator
import types
import typing
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer
    from typing_extensions import Self
else:

    class Buffer:
        """The buffer protocol (PEP 688)."""


KINDS = {
    **dict.fromkeys("bhilq", "signed"),
    **dict.fromkeys("BHILQ", "unsigned"),
    **dict.fromkeys("fd", "float"),
    "g": "long double",
    "?": "bool",
    "c": "byte",
    "u": "character",
    "z": "string",
    "Z": "wide string",
    "P": "address",
}
"""By the type code of a simple ctypes type."""

_PYTHON_TYPES = {
    **dict.fromkeys(("signed", "unsigned", "address"), (int,)),
    **dict.fromkeys(("float", "long double"), (float,)),
    "bool": (bool,),
    "byte": (bytes,),
    "character": (str,),
    "string": (bytes, str),
    "wide string": (str,),
}

_SIMPLE = ctypes.c_int.__base__
"""ctypes makes Python values of its direct subclasses only."""

_C_NAMES = {
    "?": "bool",
    "f": "float",
    "d": "double",
    "g": "long double",
    "c": "char",
    "u": "wchar_t",
    "z": "char *",
    "Z": "wchar_t *",
    "P": "void *",
}

MakeError = Callable[[int, str, tuple[Any, ...]], BaseException]

NEVER = 2**63 - 1
"""``Declaration.release_at``: never release the GIL."""


class DeclarationError(TypeError):
    """The declaration contradicts itself, or is not supported."""


class Word:
    """Shown in error messages as it was written."""

    _written: str

    def __new__(cls, *given: Any, **named: Any) -> "Self":
        """Store the arguments."""
        self = super().__new__(cls)
        shown = [_shown(each) for each in given]
        shown += [f"{name}={_shown(each)}" for name, each in named.items()]
        self._written = f"{cls.__name__}({', '.join(shown)})"
        return self

    def __repr__(self) -> str:
        return self._written


def _shown(given: Any) -> str:
    return str(getattr(given, "__name__", None) or repr(given))


class _Marker:
    def __init__(self, written: str) -> None:
        self._written = written

    def __repr__(self) -> str:
        return self._written


CLOSES = _Marker("CLOSES")
"""After the C type of a handle: the function closes the handle."""

SAME_THREAD = _Marker("SAME_THREAD")
"""After a callback: C calls it only in the thread that called the function.

Without it, a function that takes a callback must release the GIL.
"""


class In(Word):
    """The C argument ``const T *``: the address of a buffer that C reads.

    ``In(c_int32)`` accepts any object with the buffer protocol whose items are int32_t, with
    any number of dimensions, C-contiguous and aligned. Nothing is copied. ``In(None)`` is
    ``const void *`` and ``In(c_char)`` is ``const char *``: both accept any items, and count
    bytes.
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
        """Apply a word that follows the C type, such as a range or an Encoding."""
        raise DeclarationError(f"{where}: {item!r} cannot follow {self.c_name}")


class Out(In):
    """The C argument ``T *``: the address of a writable buffer that C writes.

    It must not overlap another buffer of the call. With ``in_place=True``, it may be exactly
    the same memory as another one.
    """

    writable = True

    def __init__(self, item: Any, /, *, in_place: bool = False) -> None:
        super().__init__(item)
        self.in_place = in_place


class Count(Word):
    """The C argument, such as ``size_t``, for the number of items of a buffer.

    ``Count(c_size_t, "numbers")`` is the number of items of the parameter ``numbers``. If there
    are several names, all these buffers must have equally many.
    """

    def __init__(self, ctype: Any, /, *buffers: str) -> None:
        if _kind(ctype, "Count") not in ("signed", "unsigned"):
            raise DeclarationError(f"Count: {ctype!r} is not an integer type")
        self.ctype = ctype
        self.high = _limits(ctype)[1]
        self.c_name = _c_name(ctype)
        self.names = buffers


class Encoding(Word):
    """After ``c_char_p``: the encoding of a ``str``, if it is not UTF-8.

    An encoding that has zero bytes inside a text, such as UTF-16, is refused.
    """

    def __init__(self, name: str, /, errors: str = "strict") -> None:
        if 0 in "a".encode(name, errors):  # may raise LookupError
            raise DeclarationError(f"Encoding: {name} has zero bytes within a text")
        codecs.lookup_error(errors)  # likewise
        self.name = name
        self.errors = errors


class FreedBy(Word):
    """After a ``c_char_p`` or ``c_wchar_p`` that C returns: it is copied, then freed.

    ``FreedBy(free)`` names the declared function that frees it. Its parameter is the address,
    an ``int``.
    """

    def __init__(self, function: Callable[[int], object], /) -> None:
        if not callable(function):
            raise DeclarationError(f"FreedBy: expected a declared function, not {function!r}")
        self.function = function


class Keep(Word):
    """After a callback that C keeps: the callable stays alive as long as a handle is open.

    ``Keep("database")``: until the handle that is passed as ``database`` is closed, or the same
    function gets another callable for that handle. ``Keep("database", "name")``: only one with
    the same ``name`` replaces it.
    """

    def __init__(self, handle: str, /, *names: str) -> None:
        self.names = (handle, *names)


class Status(Word):
    """As the C type of a result: a code that says whether the function succeeded.

    A code of success is returned as the Python type of the result, an enumeration or int. If
    that is None, or values are Returned, the code is not returned. ``Status(c_int)``, without
    an error, never raises.
    """

    def __init__(
        self,
        ctype: Any,
        error: MakeError | None = None,
        /,
        *,
        success: Iterable[int] | None = None,
    ) -> None:
        """Declare the codes of a library.

        Args:
            ctype: the C type of the codes.
            error: called for any other code; returns the exception to raise. Its arguments are
                the code, the name of the function, and a tuple of the function's arguments
                followed by the values that are Returned.
            success: the codes of success, such as an enumeration or a ``range``. None means 0.
        """
        if error is None and success is not None:
            raise DeclarationError(
                "Status: success needs an error after the C type, for all other codes"
            )
        if error is not None and not callable(error):
            raise DeclarationError(f"Status: error is called to make one, not {error!r}")
        self.ctype = ctype
        self.error = error
        self.success = _codes((0,) if success is None else success)

    def fails(self, code: int) -> bool:
        """Whether the code says that this call failed."""
        return bool(self.error) and code not in self.success


class Value:
    """A C value that is passed or returned.

    Attributes:
        kind: one of KINDS, or "handle", "callback", "pointer" (to a ctypes type), "characters"
            (an array of them), or "other".
        c_name: as C programmers write the type.
        python_type: without None.
        nullable: whether None is accepted, as a null pointer.
        low, high: the limits of an integer or address, else 0.
        narrowed: whether a range was declared.
        contents: whether a pointer from C becomes what it points to.
    """

    callback: Any = None
    status: Status | None = None
    encoding = Encoding("utf-8")
    freed_by: FreedBy | None = None
    keep: Keep | None = None
    closes = same_thread = False
    enumeration: Any = None
    narrowed = contents = False
    low = high = 0

    def __init__(self, where: str, python_type: Any, ctype: Any, /, *items: object) -> None:
        """Declare ``Annotated[python_type, ctype, *items]``; errors name it ``where``."""
        # No isinstance: the modules of Callback and Handle may not be loaded.
        if hasattr(ctype, "prototype"):
            self.callback, ctype = ctype, ctype.prototype
        elif isinstance(ctype, Status):
            self.status, ctype = ctype, ctype.ctype
        self.ctype: Any = ctype
        if isinstance(ctype, (In, Count, Returned)):
            raise DeclarationError(
                f"{where}: {ctype!r} is for parameters only: expected a ctypes type,"
                f" such as {_shown(ctype.ctype)}"
            )
        self.kind = _kind(ctype, where)
        if self.kind in _PYTHON_TYPES and _SIMPLE not in ctype.__bases__:
            raise DeclarationError(
                f"{where}: ctypes makes no Python value of {_shown(ctype)}, which is derived"
                f" from {_shown(ctype.__base__)}: declare that one"
            )
        self.words: list[object] = []
        self.c_name = _c_name(ctype)
        self.python_type, self.nullable = _without_none(python_type)
        if self.kind in ("signed", "unsigned", "address"):
            self.low, self.high = _limits(ctype)
        if self.kind in ("signed", "unsigned") and hasattr(self.python_type, "__members__"):
            self.enumeration = self.python_type if issubclass(self.python_type, int) else None
        if self.callback:
            self.kind, self.c_name = "callback", self.callback.name
            if not all(_is_kin(each, Callable, True) for each in _members(self.python_type)):
                raise DeclarationError(
                    f"{where}: Callable stands for {self.c_name}, not {python_type}"
                )
        elif self.status:
            self._check_status(where, self.status)
        elif self.kind == "address" and hasattr(self.python_type, "adopt"):
            self.kind, self.c_name = "handle", f"{self.python_type.__name__} *"
        else:
            self._check_python_type(where, python_type)
        for item in items:
            self.refine(where, item)

    def refine(self, where: str, item: object) -> None:
        """Apply a word that follows the C type, such as a range or an Encoding."""
        word = item if isinstance(item, _Marker) else type(item)
        if word in self.words:
            raise DeclarationError(f"{where}: {item!r} cannot follow another {_shown(word)}")
        self.words.append(word)
        if isinstance(item, range) and self.kind in ("signed", "unsigned") and not self.status:
            if item.step != 1 or not item:
                raise DeclarationError(f"{where}: {item!r} is empty, or has not the step 1")
            if item[0] < self.low or item[-1] > self.high:
                raise DeclarationError(f"{where}: {item!r} goes beyond {self.c_name}")
            self.low, self.high = item[0], item[-1]
            self.narrowed = True
        elif isinstance(item, Encoding) and self.kind == "string" and self.python_type is str:
            self.encoding = item
        elif isinstance(item, FreedBy) and self.kind in ("string", "wide string"):
            # ctypes would lose the address.
            self.freed_by = item
            free = {"plain": self.ctype, "free_address": item.function}
            self.ctype = type("Owned", (_Owned, self.ctype), free)
        elif isinstance(item, Keep) and self.kind == "callback":
            self.keep = item
        elif item is CLOSES and self.kind == "handle":
            self.closes = True
        elif item is SAME_THREAD and self.kind == "callback":
            self.same_thread = True
        else:
            raise DeclarationError(f"{where}: {item!r} cannot follow {self.c_name}")

    def only(self, where: str, role: str = "callback") -> None:
        """Refuse a value that cannot have this role, a key of _ROLES."""
        for name, what in _SPECIAL.items():
            if getattr(self, name) and name not in _ROLES[role]:
                raise DeclarationError(f"{where}: {what} has no meaning here")
        if self.kind == "characters" and role != "field":
            raise DeclarationError(
                f"{where}: {self.c_name} is {_shown(self.python_type)} in a field only:"
                " elsewhere it is a buffer, In(c_char) or Out(c_char)"
            )
        if _code(self.ctype) == "O" and role not in ("parameter", "field"):
            # ctypes crashes on NULL.
            raise DeclarationError(
                f"{where}: C may give NULL, which is no py_object: declare an address, c_void_p"
            )
        if self.kind == "other" and role not in ("field", "Returned"):
            self._check_by_value(where, role)
        if self.kind == "other" and hasattr(self.ctype, "_flags_"):
            self._check_function_pointer(where, role)
        if self.kind in ("pointer", "other"):
            self._check_kin(where, role)

    def _check_by_value(self, where: str, role: str) -> None:
        """Refuse types that ctypes describes wrongly to libffi."""
        if hasattr(self.ctype, "_length_"):
            if role != "parameter":  # C takes that for a pointer
                raise DeclarationError(
                    f"{where}: an array is passed by its address, a POINTER to its items,"
                    f" not as {self.c_name}"
                )
        elif _is_packed_or_union(self.ctype):
            raise DeclarationError(
                f"{where}: a union or packed structure is passed by pointer, not by value:"
                f" {self.c_name}"
            )

    def _check_function_pointer(self, where: str, role: str) -> None:
        """Refuse ctypes' function pointers: they may be null, and check nothing."""
        is_callable = any(
            typing.get_origin(each) is Callable for each in _members(self.python_type)
        )
        if role != "parameter" or is_callable:
            raise DeclarationError(
                f"{where}: a function pointer is a Callback in a parameter or field,"
                f" elsewhere an address, c_void_p, not {self.c_name}"
            )

    def _check_python_type(self, where: str, declared: Any) -> None:
        python_types = _PYTHON_TYPES.get(self.kind, ())
        if _code(getattr(self.ctype, "_type_", None)) in ("c", "u") and (
            self.python_type in (bytes, str) and not hasattr(self.ctype, "contents")
        ):
            wide = _code(self.ctype._type_) == "u"
            self.kind, python_types = "characters", (str if wide else bytes,)
            self.c_name = f"{_c_name(self.ctype._type_)}[{self.ctype._length_}]"
        elif hasattr(self.ctype, "contents"):
            self.kind = "pointer"
        if python_types and self.python_type not in python_types and not self.enumeration:
            names = " or ".join(each.__name__ for each in python_types)
            raise DeclarationError(f"{where}: {names} stands for {self.c_name}, not {declared}")
        can_be_null = ("string", "wide string", "address", "pointer")
        if self.nullable and self.kind not in can_be_null and _code(self.ctype) != "O":
            raise DeclarationError(f"{where}: {self.c_name} is no pointer, it cannot be None")
        beyond = [each for each in self.enumeration or () if not self.low <= each <= self.high]
        if beyond:
            raise DeclarationError(f"{where}: {beyond[0]!s} goes beyond {self.c_name}")

    def _check_kin(self, where: str, role: str) -> None:
        if _code(self.ctype):
            return
        is_pointer = self.kind == "pointer"
        # A field can be set to another pointer.
        kin = [self.ctype._type_] if is_pointer and role != "field" else []
        letter = _code(getattr(self.ctype, "_type_", None))
        is_text = letter in ("c", "u") and not is_pointer and role == "field"
        kin.append({"c": bytes, "u": str}[letter] if is_text else self.ctype)
        if is_pointer and role == "parameter":
            kin.append(ctypes.Array)
        for each in _members(self.python_type):
            quoted = getattr(each, "__forward_arg__", "Pointer")
            if role != "parameter" and "Pointer" not in quoted:
                raise DeclarationError(
                    f"{where}: write {quoted} without quotes, or all of the annotation in them"
                )
            if not any(_is_kin(each, of, role == "parameter") for of in kin):
                names = " or ".join(map(_shown, (*kin, Any)))
                raise DeclarationError(
                    f"{where}: {names} stands for {self.c_name}, not {self.python_type}"
                )
        self.contents = is_pointer and not all(
            _is_kin(each, self.ctype, False) for each in _members(self.python_type)
        )

    def _check_status(self, where: str, status: Status) -> None:
        if self.kind not in ("signed", "unsigned"):
            raise DeclarationError(f"{where}: a Status is an integer, not {self.c_name}")
        enumeration = self.enumeration
        if self.nullable or not (enumeration or self.python_type in (None, int)):
            raise DeclarationError(
                f"{where}: a Status comes back as int, an enumeration or None,"
                f" not {self.python_type}"
            )
        if not status.error:
            return
        codes = status.success
        ends = (codes[0], codes[-1]) if isinstance(codes, range) and codes else codes
        if beyond := [code for code in ends if not self.low <= code <= self.high]:
            raise DeclarationError(f"{where}: the code {beyond[0]} goes beyond {self.c_name}")
        if enumeration:
            members = {int(each) for each in enumeration}
            unknown = [*itertools.islice((code for code in codes if code not in members), 9)]
            if unknown:
                raise DeclarationError(
                    f"{where}: {enumeration.__name__} lacks the codes {sorted(unknown)}"
                )


class Returned(Word):
    """The C argument ``T *``: a pointer to a value that C fills in and the function returns.

    ``Returned(int, c_int32)`` is declared like a result, including the words after its C type.
    A value that C does not fill in is 0, or None for a pointer with ``| None``.
    """

    def __init__(self, python_type: Any, ctype: Any, /, *items: Any) -> None:
        self.value = Value("Returned", python_type, ctype, *items)
        self.value.only("Returned", "Returned")
        self.python_type = python_type
        self.ctype: Any = ctypes.POINTER(ctype)
        self.c_name = f"{self.value.c_name} *"


_SPECIAL = {
    "callback": "a callback",
    "status": "a Status",
    "freed_by": "FreedBy",
    "keep": "Keep",
    "closes": "CLOSES",
    "same_thread": "SAME_THREAD",
}


_ROLES = {
    "parameter": ("callback", "keep", "closes", "same_thread"),
    "result": ("status", "freed_by"),
    "Returned": ("freed_by",),
    "field": ("callback", "same_thread"),
    "callback": (),
}
"""By role: which of _SPECIAL are allowed."""


class _Owned:
    """``char *`` or ``wchar_t *`` that keeps its address, and is freed when deleted.

    ctypes converts no subclass to text. An interrupt may prevent a call of ``free``.
    """

    plain: Any
    free_address: Callable[[int], object]

    def __del__(self) -> None:
        self.free()

    def free(self) -> None:
        """Free the text, once."""
        address = ctypes.c_void_p.from_buffer_copy(self).value  # type: ignore[arg-type]
        free = type(self).free_address
        self.__class__ = self.plain  # which has no __del__
        if address:
            free(address)


def _codes(success: Any) -> range | frozenset[int]:
    if isinstance(success, range):
        return success
    try:
        return frozenset(map(operator.index, success))
    except TypeError:
        raise DeclarationError(
            f"Status: success is codes, such as (0, 1), not {success!r}"
        ) from None


def is_union(python_type: Any) -> bool:
    """Whether it is like ``int | None``."""
    return typing.get_origin(python_type) in (types.UnionType, typing.Union)


def _members(python_type: Any) -> tuple[Any, ...]:
    if not is_union(python_type):
        return (python_type,)
    return tuple(each for each in typing.get_args(python_type) if each is not types.NoneType)


def _is_kin(python_type: Any, ctype: Any, to_c: bool) -> bool:
    """Whether ctypes objects are (``to_c``: or may be) of a Python type."""
    if python_type is None:
        return False
    plain = typing.get_origin(python_type) or python_type
    if python_type is Any or not isinstance(plain, type):  # such as a quoted name
        return True
    try:
        return issubclass(ctype, plain) or (to_c and issubclass(plain, ctype))
    except TypeError:  # a Protocol, which only type checkers can judge
        return True


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
    if not is_union(python_type):
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
    try:
        ctypes.sizeof(ctype)
    except (TypeError, ValueError):  # PyPy's
        raise DeclarationError(
            f"{where}: {ctype!r} is not a ctypes type that has a size"
        ) from None
    return KINDS.get(_code(ctype), "other")


def _c_name(ctype: Any) -> str:
    code = _code(ctype)
    kind = KINDS.get(code)
    if kind in ("signed", "unsigned"):
        # ctypes does not keep the name: c_int32 is c_int.
        return f"{'u' if kind == 'unsigned' else ''}int{8 * ctypes.sizeof(ctype)}_t"
    return _C_NAMES.get(code, getattr(ctype, "__name__", str(ctype)))


def _limits(ctype: Any) -> tuple[int, int]:
    bits = 8 * ctypes.sizeof(ctype)
    if ctype(-1).value == -1:
        return -(1 << bits - 1), (1 << bits - 1) - 1
    return 0, (1 << bits) - 1


def with_article(name: str) -> str:
    """Returns ``an Item`` or ``a Box``."""
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"
