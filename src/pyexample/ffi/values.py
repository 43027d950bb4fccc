"""C values, which are passed to C or come back, and the words of a declaration.

This is what all of them have in common. Each kind of value is one class, in kinds.py,
scalars.py, structures.py, pointers.py, handle_values.py, callbacks.py or items.py. It says what
is checked and converted. kinds.py chooses the class.
"""

from __future__ import annotations

import ctypes
import types
import typing
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from .libfastcall import KINDS, RULES, NotServedError

if TYPE_CHECKING:
    from typing_extensions import Self

    from .calls import CallState, Effect
    from .declaration import Argument, Declaration
    from .failure import Raises

    Name = Callable[[Any], str]
    """See ``Value.sure``."""

_SIMPLE: Any = ctypes.c_int.__base__
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

NEVER = 2**63 - 1
"""``Declaration.release_at``: never release the GIL."""


class DeclarationError(TypeError):
    """The declaration contradicts itself, or is not supported."""


class Word:
    """Part of a declaration. Error messages show it as it was written."""

    _written: str

    def __new__(cls, *given: Any, **named: Any) -> Self:
        """Store the arguments."""
        self = super().__new__(cls)
        shown = [show(each) for each in given]
        shown += [f"{name}={show(each)}" for name, each in named.items()]
        self._written = f"{cls.__name__}({', '.join(shown)})" if shown else cls.__name__
        return self

    def __repr__(self) -> str:
        return self._written


class ArgumentWord(Word):
    """A word that is a C argument: it follows a Python type in place of a C type.

    Attributes:
        ctype, c_name: of the C argument.
        is_parameter: whether it takes the parameter itself; else it comes in addition.
        is_buffer: whether that is a buffer.
        phase: arguments are passed in phases: those of 0 first, those of 2 last.
        memory_name: by which other words name it, if it is memory that C fills.
        output: the value that C fills in, if any.
        stored: the type of the integer that C stores there, if that does not come back.
        is_answer: whether a callback stores something for C there.
        lends: see ``Value``.
        effects: what C does with what is passed.
    """

    ctype: Any
    c_name: str
    is_parameter = is_buffer = can_be_kept = lends = is_answer = False
    phase = 0
    memory_name = ""
    output: Value | None = None
    stored: Any = None
    effects: tuple[ParameterWord, ...] = ()

    def for_function(self, where: str, role: str = "output") -> Self:
        """The same word, for a function whose result errors call ``where``.

        Its value has that role.
        """
        return self

    def received(self, where: str, python_type: Any) -> Value:
        """What a callback gets for it. Raises DeclarationError."""
        raise DeclarationError(f"{where}: a Callback gets values, not {self!r}")

    def for_parameter(self, where: str, python_type: Any) -> Self:
        """The same word, if it takes the parameter itself. Raises DeclarationError."""
        return self

    def resolve(self, declaration: Declaration, argument: Argument) -> None:
        """Find the parameters that it names. Raises DeclarationError."""

    def check_sized(self, declaration: Declaration, argument: Argument) -> None:
        """Refuse memory of whose size nothing is declared. Raises DeclarationError."""

    def count(self, call: CallState, argument: Argument) -> int:
        """The number of items of memory."""
        raise NotImplementedError

    def dimensions(self, declaration: Declaration) -> tuple[str, ...]:
        """The dimensions of buffers that it counts, by name."""
        return ()

    def pass_to_c(self, call: CallState, argument: Argument) -> Any:
        """The argument for ctypes; what it needs is held until the call is over."""
        raise NotImplementedError

    def sure(self, argument: Argument, given: str, name: Name) -> tuple[str, str] | None:
        """See ``Value``. If it has an ``output``: what C gets a pointer to."""
        return None

    def sure_of_views(self, argument: Argument, name: Name) -> list[str]:
        """Conditions about the views of the buffers: see straight.py."""
        return []

    def answer(self, call: CallState, argument: Argument) -> Any:
        """What a callback stores there, if it is no ``output``."""
        raise NotImplementedError

    def foreign_callbacks(self) -> list[str]:
        """See ``Value``."""
        return []

    def for_checker(self) -> dict[str, Any]:
        """See ``Value``."""
        return {}

    def describe(self, argument: Argument) -> dict[str, Any]:
        """Its fields of a CArgument. Raises NotServedError."""
        raise NotServedError(f"{argument.where}: {type(self).__name__} is not served")


class Modifier(Word):
    """A word that follows a C type, and says more about the value.

    Attributes:
        roles: where such a value may stand: see ``Value.role``.
    """

    roles: ClassVar[tuple[str, ...]]

    def modify(self, where: str, value: Value) -> None:
        """Apply it. Raises DeclarationError if it has no meaning for such a value."""
        raise NotImplementedError

    def resolve(self, declaration: Declaration, value: Value) -> None:
        """Find the parameters that it names. Raises DeclarationError."""


class ParameterWord(Word):
    """A word that follows a parameter, and says what C does with it."""

    is_for_good: bool = False
    """Whether C keeps something until the process ends."""

    def resolve(self, declaration: Declaration, argument: Argument) -> None:
        """Check it, and find the parameters that it names. Raises DeclarationError."""
        raise NotImplementedError

    def begin(self, call: CallState, argument: Argument) -> Iterable[Effect]:
        """Do it, just before C is called."""
        raise NotImplementedError

    def describe(self, argument: Argument) -> dict[str, Any]:
        """What it adds to the fields of a CArgument. Raises NotServedError."""
        raise NotServedError(f"{argument.where}: {self!r} is not served")


class Value:
    """A C value that is passed to C or comes back: ``Annotated[python_type, ctype, *words]``.

    Attributes:
        where: what error messages call it.
        role: where it stands: "parameter", "result", "output" (of ``Returned``), "field",
            "callback parameter" or "callback result".
        c_name: as C programmers write the type.
        python_type: without None.
        nullable: whether None is accepted, as a null pointer.
        given_ctype: the ctypes type that C fills in.
        is_plain: whether ``from_c`` returns any result as it is, and none is a failure.
        failure: the word that says so, or None.
        owned: whether C's caller frees what is at an address.
        kind: its name in libfastcall's KINDS, if that serves it.
        unserved: if not: what is not served, such as an encoding.
        fails: if there is one: whether a result from C, not converted, means failure.
    """

    python_types: tuple[type, ...] = ()
    """Those that may stand for it; () for any."""
    can_be_null: bool = False
    can_be_ignored: ClassVar[bool] = False
    """Whether None stands for a result that is not returned: it owns nothing."""
    is_comparable: ClassVar[bool] = False
    """Whether ``Keep`` can tell callbacks apart by it."""
    is_buffer = False
    lends: ClassVar[bool] = False
    """Whether it is a handle, which can lend, be kept and be given away."""
    phase = 0
    memory_name = ""
    output = None
    stored: Any = None
    """See ``ArgumentWord``."""
    follows: bool = False
    """Whether a field is followed as a pointer when it is read, or such a part of it."""
    can_be_kept: ClassVar[bool] = False
    """Whether there is something behind it that ``Keep`` can keep alive."""
    is_plain = True
    owned: bool = False
    converts_alone: ClassVar[bool] = False
    """Whether ``from_c`` needs no call."""
    kind = unserved = ""
    can_be_made: ClassVar[bool] = False
    """Whether Python makes what C gets for it, if libfastcall cannot."""
    is_received = False
    """Whether libfastcall makes an object for it if Python must interpret what came back."""
    is_limited = False
    """Whether it is an integer, and not any one that C stores is right."""
    failure_rule: str = ""
    """What ``Raises`` means by default: "zero", "nonzero", or "": it must be said."""
    none: tuple[int, ...] = ()
    """What is no handle: see ``IntegerHandleValue``."""
    failure: Raises | None = None
    rule: str = ""
    """The one by which it means failure: as ``failure_rule``, or "negative"."""
    fails: Callable[[Any], object]

    def __init__(
        self, where: str, role: str, python_type: Any, ctype: Any, words: Iterable[object]
    ) -> None:
        """Declare it; errors name it ``where``. Raises DeclarationError."""
        self.role = role
        self.ctype = self.given_ctype = ctype
        self.c_name = c_name(ctype)
        self.python_type, self.nullable = without_none(python_type)
        self.words: list[object] = []
        self.check_types(where, python_type)
        for word in words:
            self.refine(where, word)
        self.check_words(where)
        self.where = f"{where} ({self.c_name})"

    def check_types(self, where: str, declared: Any) -> None:
        """Check the Python type, as it was declared, and the C type."""
        if self.python_types:
            check_simple(where, self.ctype)
        accepted: tuple[Any, ...] = self.python_types
        if self.can_be_ignored and self.role in ("result", "callback result"):
            accepted = (*accepted, None)
        if self.python_types and self.python_type not in accepted:
            names = " or ".join(each.__name__ for each in self.python_types)
            raise DeclarationError(f"{where}: {names} stands for {self.c_name}, not {declared}")
        if self.nullable and not self.can_be_null:
            raise DeclarationError(f"{where}: {self.c_name} is no pointer, it cannot be None")

    def check_words(self, where: str) -> None:
        """Ask for words that what comes back lacks. Raises DeclarationError."""

    def refine(self, where: str, word: Any) -> None:
        """Apply a word that follows the C type, such as a range or an Encoding."""
        given: object = as_word(where, word)
        kind = type(given)
        if any(type(each) is kind for each in self.words):
            raise DeclarationError(f"{where}: {given!r} cannot follow another {kind.__name__}")
        self.words.append(given)
        if not isinstance(given, Modifier):
            raise self.cannot_follow(where, given)
        if self.role not in given.roles:
            raise DeclarationError(f"{where}: {kind.__name__} has no meaning here")
        given.modify(where, self)

    def cannot_follow(self, where: str, word: object) -> DeclarationError:
        """The error for a word that says nothing about such a value."""
        return DeclarationError(f"{where}: {word!r} cannot follow {self.c_name}")

    def to_c(self, given: Any) -> Any:
        """Convert a Python value for ctypes, or raise an error that names ``where``."""
        return None if given is None and self.nullable else self.convert(given)

    def convert(self, given: Any) -> Any:
        """The same if ``given`` is not None, or None is not declared."""
        raise NotImplementedError

    def from_c(self, result: Any, call: CallState | None = None) -> Any:
        """Convert what ctypes returned, from ``call``.

        Raises ValueError if the declaration rules it out.
        """
        value = self.restore(result, call)
        if value is None and not self.nullable and self.can_be_null:
            raise ValueError(f"{self.where} is a null pointer, which its declaration rules out")
        return value

    def restore(self, result: Any, call: CallState | None) -> Any:
        """The same, but None for any null pointer."""
        return result

    def straight(self, result: str, name: Name) -> str:
        """The same as ``from_c`` in compiled Python, as an expression: see ``sure``."""
        return result if self.is_plain else f"{name(self.from_c)}({result})"

    def resolve(self, declaration: Declaration, argument: Argument | None = None) -> None:
        """Find the parameters that its words name. Raises DeclarationError."""
        for word in self.words:
            if isinstance(word, Modifier):
                word.resolve(declaration, self)

    def check_sized(self, declaration: Declaration, argument: Argument) -> None:
        """See ``ArgumentWord``."""

    def pass_to_c(self, call: CallState, argument: Argument) -> Any:
        """Convert an argument, and hold what C needs of it until the call is over."""
        return self.pass_item(call, call.given[argument.position])

    def pass_item(self, call: CallState, given: Any) -> Any:
        """The same for an item of an array."""
        return self.to_c(given)

    def make_for_c(self, given: Any) -> Any:
        """What C gets, as an object of ctypes; None if that is for ``to_c`` to say."""
        if not self.is_known(given):
            return None
        try:
            made = self.to_c(given)
        except Exception:  # which the careful call raises
            return None
        return made if isinstance(made, self.ctype) else self.ctype(made)

    def is_known(self, given: Any) -> bool:
        """Whether ``to_c`` runs no code of the program's for it."""
        return given is None or type(given) is self.python_type

    def sure(self, given: str, name: Name) -> tuple[str, str] | None:
        """How compiled Python passes it: see straight.py.

        Returns two expressions about a variable that is called ``given``: whether it is surely
        right, if it is not None; and what ctypes gets then. Returns None if only ``to_c`` can
        tell. ``name`` makes an object known to the expressions, and returns how they call it.
        """
        return None

    def sure_or_none(self, given: str, name: Name) -> tuple[str, str] | None:
        """The same, for None too if that is declared."""
        sure = self.sure(given, name)
        if sure is None or not self.nullable:
            return sure
        condition, value = sure
        if value != given:
            value = f"None if {given} is None else {value}"
        return f"({given} is None or {condition})", value

    def read(self, content: bytes, place: int) -> Any:
        """What ``restore`` gets for what libfastcall has stored."""
        return self.ctype.from_buffer_copy(content, place)

    def receive(self, made: Any) -> Any:
        """What ``restore`` gets for an object that libfastcall made: see ``is_received``."""
        return made

    def answer(self, given: Any, call: CallState) -> Any:
        """The same for what a callable returned, which is held for longer than its call."""
        return self.to_c(given)

    def foreign_callbacks(self) -> list[str]:
        """What C can call in any thread: each is to follow ``where``."""
        return []

    def for_checker(self) -> dict[str, Any]:
        """What it says about C that its ctypes type does not: see Words in abi/model.py."""
        return {}

    def describe(self, argument: Argument) -> dict[str, Any]:
        """Its fields of a CArgument. Raises NotServedError."""
        if self.kind:
            return {"kind": KINDS[self.kind], "nullable": self.nullable}
        if not self.can_be_made:
            raise self.not_served(argument.where)
        return {"kind": KINDS["made"], "function": self.make_for_c}

    def describe_back(self) -> dict[str, Any]:
        """Its fields of a CValue, if it comes back. Raises NotServedError.

        The fields ``check`` and ``free`` are Python functions, ``conversion`` is an object.
        """
        if self.kind:
            described: dict[str, Any] = {"kind": KINDS[self.kind]}
        elif self.can_be_made and not self.is_received and self._is_pointer_that_comes_back():
            described = {"kind": KINDS["address"], "conversion": self.from_address}
        else:
            return self.describe_for_python()
        return self.with_rules(described)

    def with_rules(self, described: dict[str, Any]) -> dict[str, Any]:
        """The same fields, and which values Python must interpret."""
        described["rule"] = RULES["zero"] if self.can_be_null and not self.nullable else 0
        return described | (self.failure.describe_back(self) if self.failure else {})

    def _is_pointer_that_comes_back(self) -> bool:
        return type_code(self.ctype) in ("z", "Z", "P") and self.role in ("result", "output")

    def from_address(self, address: int) -> Any:
        """The same as ``from_c``, for an address that is not NULL."""
        return self.from_c(content_of(self.ctype(address)))

    def describe_for_python(self) -> dict[str, Any]:
        """The same for a result or an output that Python interprets each time."""
        if self.role not in ("result", "output"):
            raise self.not_served(self.where)
        described: dict[str, Any] = {"kind": KINDS["address"], "rule": RULES["always"]}
        if self.is_received:
            described["receive"] = self.given_ctype.from_buffer_copy
        return described

    def not_served(self, where: str) -> NotServedError:
        """The error for what libfastcall cannot convert."""
        what = self.unserved or f"the type {self.c_name}"
        return NotServedError(f"{where}: {what} is not served")


def as_word(where: str, item: Any) -> Any:
    """A word that is written without parentheses: ``Annotated[Box, c_void_p, Closes]``."""
    given: object = item
    if isinstance(item, type) and issubclass(item, Word):
        try:
            given = item()
        except TypeError:
            raise DeclarationError(
                f"{where}: {item.__name__} needs arguments, in parentheses"
            ) from None
    return given


def show(given: Any) -> str:
    """As it is written in a program."""
    return str(getattr(given, "__name__", None) or repr(given))


def with_article(name: str) -> str:
    """Returns ``an Item`` or ``a Box``."""
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def is_union(python_type: Any) -> bool:
    """Whether it is like ``int | None``."""
    return typing.get_origin(python_type) in (types.UnionType, typing.Union)


def is_pointer(ctype: Any) -> bool:
    """Whether it is a type of pointers; a structure may have a field ``contents``, too."""
    return hasattr(ctype, "contents") and not (
        isinstance(ctype, type) and issubclass(ctype, (ctypes.Structure, ctypes.Union))
    )


def members_of(python_type: Any) -> tuple[Any, ...]:
    """The members of a union, without None, or the type itself."""
    if not is_union(python_type):
        return (python_type,)
    return tuple(each for each in typing.get_args(python_type) if each is not types.NoneType)


def without_none(python_type: Any) -> tuple[Any, bool]:
    """The type without ``| None``, and whether it had that."""
    if not is_union(python_type):
        return python_type, False
    members = typing.get_args(python_type)
    others = [member for member in members if member is not types.NoneType]
    return (others[0] if len(others) == 1 else python_type), len(others) < len(members)


def plain(converted: Any) -> Any:
    """The Python value of a simple object of ctypes, or the same object."""
    return converted.value if isinstance(converted, _SIMPLE) else converted


def content_of(made: Any) -> Any:
    """The same for an object of a simple type itself, and of none that is derived from it."""
    return made.value if type(made).__base__ is _SIMPLE else made


def pointer_to(address: int, ctype: Any) -> Any:
    """A pointer of that ctypes type to memory, which somebody else keeps.

    ``ctypes.cast`` takes longer, and in PyPy it must not be called by two threads at once: it
    may confuse their arguments (``GlobalPyobjContainer`` in _ctypes/primitive.py).
    """
    pointer = ctype()
    ctypes.c_void_p.from_address(ctypes.addressof(pointer)).value = address
    return pointer


def type_code(ctype: Any) -> str:
    """The code of a simple ctypes type (``_type_``), or ""."""
    code = getattr(ctype, "_type_", None)
    return code if isinstance(code, str) else ""


def check_simple(where: str, ctype: Any) -> None:
    """Raises DeclarationError unless ctypes makes Python values of that type."""
    if _SIMPLE not in ctype.__bases__:
        raise DeclarationError(
            f"{where}: ctypes makes no Python value of {show(ctype)}, which is derived from"
            f" {show(ctype.__base__)}: declare that one"
        )


def fields_of(ctype: Any) -> list[Any]:
    """``_fields_`` of a structure or union, and of the classes that it is derived from."""
    return [each for cls in ctype.__mro__ for each in cls.__dict__.get("_fields_", ())]


def check_ctype(where: str, ctype: Any) -> None:
    """Raises DeclarationError unless it is a type of ctypes that has a size."""
    if not (isinstance(ctype, type) and hasattr(ctype, "from_param")):
        raise DeclarationError(f"{where}: {ctype!r} is not a ctypes type")
    try:
        ctypes.sizeof(ctype)
    except (TypeError, ValueError):  # PyPy's
        raise DeclarationError(
            f"{where}: {ctype!r} is not a ctypes type that has a size"
        ) from None


def c_name(ctype: Any) -> str:
    """The type as C programmers write it."""
    code = type_code(ctype)
    if code and code in "bhilqBHILQ":
        # ctypes does not keep the name: c_int32 is c_int.
        return f"{'u' if code.isupper() else ''}int{8 * ctypes.sizeof(ctype)}_t"
    return _C_NAMES.get(code, getattr(ctype, "__name__", str(ctype)))


def limits(ctype: Any) -> tuple[int, int]:
    """The least and the greatest value of an integer type or address."""
    bits = 8 * ctypes.sizeof(ctype)
    if ctype(-1).value == -1:
        return -(1 << bits - 1), (1 << bits - 1) - 1
    return 0, (1 << bits) - 1
