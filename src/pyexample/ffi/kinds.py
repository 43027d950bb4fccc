"""Which kind of value a declaration makes: an integer, a text, or one of other modules.

Integers and texts are here, because nearly every library has them. The other kinds are imported
when they are needed.
"""

from __future__ import annotations

import operator
import typing
from typing import TYPE_CHECKING, Any

from .later import import_later
from .libfastcall import RULES
from .values import (
    ArgumentWord,
    DeclarationError,
    Value,
    check_ctype,
    is_pointer,
    limits,
    members_of,
    type_code,
    without_none,
)

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument
    from .values import Name


def make_value(where: str, role: str, python_type: Any, ctype: Any, *words: object) -> Value:
    """``Annotated[python_type, ctype, *words]``: see ``Value``. Raises DeclarationError.

    A Callback and a Handle class name their kind, because their modules may not be loaded.
    """
    if isinstance(ctype, ArgumentWord) and ctype.is_buffer and role in _MEMORY:
        module, name = _MEMORY[role]
        memory: Value = getattr(import_later(module), name)(
            where, role, python_type, ctype, words
        )
        return memory
    if isinstance(ctype, ArgumentWord):
        raise DeclarationError(
            f"{where}: {ctype!r} is for parameters only: expected a ctypes type"
        )
    kind = getattr(ctype, "value_kind", None)
    if kind is None:
        check_ctype(where, ctype)
        kind = _kind_of(role, without_none(python_type)[0], ctype)
    value: Value = kind(where, role, python_type, ctype, words)
    return value


_MEMORY = {
    "result": ("items", "Items"),
    "output": ("items", "Items"),
    "callback result": ("received", "GivenMemory"),
    "field": ("counted", "CountedItems"),
}
"""By where it stands: the module and the class of memory that a buffer's word declares."""

# Type codes of ctypes.
_INTEGERS = tuple("bhilqBHILQ")
_HANDLES = (*_INTEGERS, "P")
_SCALARS = (*_HANDLES, *"zZ?fdgcu")


def _kind_of(role: str, python_type: Any, ctype: Any) -> Any:
    code = type_code(ctype)
    target = getattr(ctype, "_type_", None) if is_pointer(ctype) else None
    if (code or type_code(target)) in _HANDLES:
        for each in members_of(python_type):
            if hasattr(each, "value_kind"):  # a Handle, perhaps to be passed as T **
                return each.value_kind
    if code in _INTEGERS and python_type is not bool:
        return Integer
    if code == "z" and not any(map(is_path_type, members_of(python_type))):
        return Text
    module = "scalars" if code in _SCALARS else "structures"
    return import_later(module).kind_of(role, python_type, ctype)


class Integer(Value):
    """An integer, or a member of an enumeration.

    Attributes:
        low, high: its limits.
        is_narrowed: whether a range was declared.
        enumeration: the Python type, if it is one.
    """

    python_types: tuple[type, ...] = (int, bool)
    is_comparable = can_be_ignored = converts_alone = True
    failure_rule = "nonzero"
    is_narrowed = False
    enumeration: Any = None

    def check_types(self, where: str, declared: Any) -> None:
        """Also that all members of an enumeration fit."""
        self.low, self.high = limits(self.ctype)
        self.kind = "signed" if self.low else "unsigned"
        kind = self.python_type
        if hasattr(kind, "__members__") and issubclass(kind, int):
            self.enumeration, self.python_types = kind, (kind,)
        super().check_types(where, declared)
        beyond = [each for each in self.enumeration or () if not self.low <= each <= self.high]
        if beyond:
            raise DeclarationError(f"{where}: {beyond[0]!s} goes beyond {self.c_name}")
        self.is_plain = not self.enumeration
        self.is_limited = bool(self.enumeration)

    def refine(self, where: str, word: object) -> None:
        """A ``range`` gives it closer limits."""
        if not isinstance(word, range) or self.python_type is None:
            super().refine(where, word)
            return
        if self.is_narrowed:
            raise DeclarationError(f"{where}: {word!r} cannot follow another range")
        if word.step != 1 or not word:
            raise DeclarationError(f"{where}: {word!r} is empty, or has not the step 1")
        if word[0] < self.low or word[-1] > self.high:
            raise DeclarationError(f"{where}: {word!r} goes beyond {self.c_name}")
        self.low, self.high = word[0], word[-1]
        self.is_narrowed, self.is_plain = True, False
        self.is_limited = True

    def convert(self, given: Any) -> int:
        """What has ``__index__``, in the limits."""
        return to_integer(self.where, given, self.low, self.high)

    def sure(self, given: str, name: Name) -> tuple[str, str] | None:
        """An int itself."""
        return f"type({given}) is int and {self.low} <= {given} <= {self.high}", given

    def restore(self, result: int, call: CallState | None) -> Any:
        """An int, or a member of the enumeration."""
        if self.is_narrowed and not self.low <= result <= self.high:
            raise ValueError(
                f"{self.where} is {result}, which is not in {self.low}..{self.high}"
            )
        if not self.enumeration:
            return result
        try:
            return self.enumeration(result)
        except ValueError:
            name = self.enumeration.__name__
            raise ValueError(f"{self.where} is {result}, no {name}") from None

    def describe(self, argument: Argument) -> dict[str, Any]:
        """With its limits."""
        return {**super().describe(argument), "low": self.low, "high": self.high}

    def describe_back(self) -> dict[str, Any]:
        """An enumeration is converted by a dict."""
        described = super().describe_back()
        if self.is_narrowed:
            described |= self._limit(described)
        if self.enumeration:
            described.setdefault("conversion", {int(each): each for each in self.enumeration})
        return described

    def _limit(self, described: dict[str, Any]) -> dict[str, Any]:
        if "low" in described:  # as those of codes
            return {"rule": RULES["always"]}
        rule = {"is_limited": True} if self.failure else {"rule": RULES["outside"]}
        return {"low": self.low, "high": self.high, **rule}


def to_integer(where: str, given: Any, low: int, high: int) -> int:
    """An int in these limits. Raises TypeError or OverflowError."""
    try:
        number = int.__int__(operator.index(given))  # no subclass
    except TypeError:
        if has_method(given, "__index__"):
            raise  # its own error says more
        raise TypeError(f"{where} must be an integer, not {type_name(given)}") from None
    if not low <= number <= high:
        # Python formats at most 4,300 digits.
        bits = number.bit_length()
        shown = number if bits <= 128 else f"an integer of {bits} bits"
        raise OverflowError(f"{where} must be in {low}..{high}, not {shown}")
    return number


class Text(Value):
    """A ``char *`` that ends at its NUL, as bytes or str.

    Attributes:
        encoding, errors: of a str, as of ``str.encode``.
        owner: of a text that comes back: the word that says who frees it, if any.
    """

    python_types: tuple[type, ...] = (bytes, str)
    can_be_null = is_comparable = can_be_kept = follows = converts_alone = can_be_made = True
    failure_rule = "zero"
    is_plain = False
    encoding, errors = "utf-8", "strict"
    owner: Any = None

    def check_types(self, where: str, declared: Any) -> None:
        """Bytes, or a str."""
        super().check_types(where, declared)
        self.kind = self.python_type.__name__

    def convert(self, given: Any) -> Any:
        """Text without a NUL, encoded."""
        python_type = self.python_type
        # isinstance believes a __class__ of the object's own.
        if not issubclass(type(given), python_type):
            raise TypeError(
                f"{self.where} must be {python_type.__name__}, not {type_name(given)}"
            )
        text = given
        if python_type is str:
            text = str.encode(given, self.encoding, self.errors)
        return without_nul(self.where, text)

    def sure(self, given: str, name: Name) -> tuple[str, str] | None:
        """Bytes without a NUL; a str of ASCII only, which every encoding encodes."""
        return sure_text(given, self.python_type, self.encoding, self.errors)

    def check_words(self, where: str) -> None:
        """Those that libfastcall copies, it frees as well."""
        self.is_received = self.owned and not self.kind

    def own(self, where: str, word: Any) -> None:
        """Store the word that says who frees it."""
        if self.owner:
            raise DeclarationError(f"{where}: {word!r} cannot follow {self.owner!r}")
        self.owner = word

    def restore(self, result: Any, call: CallState | None) -> Any:
        """A copy. If the caller owns the text, it is freed."""
        if not self.owned:
            return self._decode(result)
        try:
            return self._decode(result.value)
        finally:
            result.free()

    def straight(self, result: str, name: Name) -> str:
        """A text that C owns is decoded at once."""
        convert = super().straight(result, name)
        if self.owned or self.python_type is bytes:
            return convert
        decoded = f"{result}.decode({self.encoding!r}, {self.errors!r})"
        return f"{decoded} if {result} is not None else {convert}"

    def _decode(self, text: Any) -> Any:
        if text is None or isinstance(text, self.python_type):
            return text
        return text.decode(self.encoding, self.errors)

    def for_checker(self) -> dict[str, Any]:
        """Whose it is: Python's, if it is passed."""
        unsaid = {"parameter": "Python", "result": "unsaid", "output": "unsaid"}
        return {"owner": type(self.owner).__name__ if self.owner else unsaid.get(self.role, "")}

    def describe_back(self) -> dict[str, Any]:
        """With what frees it."""
        freed = {"free": self.given_ctype.free_address} if self.owned and self.kind else {}
        return {**super().describe_back(), **freed}


def sure_text(given: str, python_type: type, encoding: str, errors: str) -> tuple[str, str]:
    """As of ``Value.sure``, for a text."""
    if python_type is bytes:
        return f"type({given}) is bytes and 0 not in {given}", given
    condition = f"type({given}) is str and {given}.isascii() and '\\0' not in {given}"
    return condition, f"{given}.encode({encoding!r}, {errors!r})"


def without_nul(where: str, text: Any) -> Any:
    """The same str or bytes. Raises ValueError if there is a NUL in it."""
    is_text = isinstance(text, str)
    kind: Any = str if is_text else bytes
    at = kind.find(text, "\0" if is_text else b"\0")  # not a subclass's method
    if at >= 0:
        raise ValueError(NUL.format(where, "character" if is_text else "byte", at))
    return text


def is_path_type(python_type: Any) -> bool:
    """Whether it is ``os.PathLike[str]``, ``pathlib.Path`` or the like."""
    plain = typing.get_origin(python_type) or python_type
    return isinstance(plain, type) and hasattr(plain, "__fspath__")


def type_name(given: object) -> str:
    """The name of its type, for error messages."""
    return type(given).__name__


def has_method(given: object, name: str) -> bool:
    """Whether its type has a special method."""
    return method_of(given, name) is not None


def method_of(given: object, name: str) -> Any:
    """A special method. Like Python, on the type."""
    return getattr(type(given), name, None)


NUL = "{} must not contain NUL, which ends a string in C: there is one at {} {}"
