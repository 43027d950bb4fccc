"""Integers, floats, truth values, characters, addresses and texts."""

import codecs
import ctypes
import operator
import os
import sys
import typing
from typing import TYPE_CHECKING, Any

from .libfastcall import RULES, NotServedError
from .values import DeclarationError, Modifier, Value, limits, members_of, type_code

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument
    from .values import Name

_INFINITY = float("inf")
_LARGE_FLOAT = 3e38  # FLT_MAX is 3.4e38


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

    def convert(self, given: Any) -> int:
        """What has ``__index__``, in the limits."""
        return to_integer(self.where, given, self.low, self.high)

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """An int itself."""
        return f"type({given}) is int and {self.low} <= {given} <= {self.high}", given

    def restore(self, result: int, call: "CallState | None") -> Any:
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

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """With its limits."""
        return {**super().describe(argument), "low": self.low, "high": self.high}

    def describe_back(self) -> dict[str, Any]:
        """An enumeration is converted by a dict."""
        described = super().describe_back()
        if self.is_narrowed:
            if self.failure:
                raise NotServedError(f"{self.where}: a range and a failure are not served")
            described |= {"rule": RULES["outside"], "low": self.low, "high": self.high}
        if self.enumeration:
            described.setdefault("conversion", {int(each): each for each in self.enumeration})
        return described


class Truth(Integer):
    """A ``bool``, which C declares as an integer: what is not 0 is True."""

    failure_rule = "zero"

    def check_types(self, where: str, declared: Any) -> None:
        """C may return any integer."""
        super().check_types(where, declared)
        self.is_plain = False
        self.kind = "bool"

    def refine(self, where: str, word: object) -> None:
        """It has no range."""
        Value.refine(self, where, word)

    def convert(self, given: Any) -> bool:
        """True and False only."""
        return to_bool(self.where, given)

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """True or False."""
        return f"type({given}) is bool", given

    def restore(self, result: int, call: "CallState | None") -> bool:
        """Whether it is not 0."""
        return result != 0

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Without limits."""
        return Value.describe(self, argument)

    def describe_back(self) -> dict[str, Any]:
        """Without codes."""
        return Value.describe_back(self)


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


class Address(Value):
    """A ``void *``, as an int."""

    python_types = (int,)
    can_be_null = is_comparable = converts_alone = True
    failure_rule = "zero"
    is_plain = False
    kind = "address"

    def check_types(self, where: str, declared: Any) -> None:
        """It is no text."""
        if self.python_type in (str, bytes):
            raise DeclarationError(
                f"{where}: int stands for {self.c_name}, not {declared}. A text is c_char_p,"
                " memory is In(None) or Out(None)"
            )
        super().check_types(where, declared)

    def convert(self, given: Any) -> int:
        """What has ``__index__``."""
        return to_integer(self.where, given, *limits(self.ctype))

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """An int itself."""
        low, high = limits(self.ctype)
        return f"type({given}) is int and {low} <= {given} <= {high}", given


class Bool(Value):
    """A ``bool``."""

    python_types = (bool,)
    is_comparable = can_be_ignored = converts_alone = True
    failure_rule = "zero"
    kind = "bool"

    def convert(self, given: Any) -> bool:
        """True and False only."""
        return to_bool(self.where, given)

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """True or False."""
        return f"type({given}) is bool", given

    def restore(self, result: int, call: "CallState | None") -> bool:
        """A bit-field's value is an integer."""
        return bool(result)


def to_bool(where: str, given: Any) -> bool:
    """True or False. Raises TypeError for anything else."""
    if given is True or given is False:
        return given
    raise TypeError(f"{where} must be a bool, not {type_name(given)}")


class Float(Value):
    """A ``float``, ``double`` or ``long double``."""

    python_types = (float,)
    converts_alone = True

    def check_types(self, where: str, declared: Any) -> None:
        """A ``long double`` is not served by libfastcall."""
        super().check_types(where, declared)
        is_long = type_code(self.ctype) == "g"
        if is_long and sys.implementation.name == "pypy":
            raise DeclarationError(f"{where}: PyPy's ctypes passes no {self.c_name}")
        self.kind = "" if is_long else "float"

    def convert(self, given: Any) -> float:
        """What ``math.sqrt`` accepts, if it is not too large."""
        if has_method(given, "__float__"):
            own = _method(given, "__float__") not in (int.__float__, float.__float__)
        elif has_method(given, "__index__"):
            given, own = operator.index(given), False  # for PyPy
        else:
            raise TypeError(f"{self.where} must be a number, not {type_name(given)}")
        try:
            number = ctypes.c_double(given).value
        except OverflowError:
            if own:
                raise  # its own error says more
            raise OverflowError(f"{self.where} cannot hold so large a number") from None
        if abs(number) < _INFINITY and abs(self.ctype(number).value) == _INFINITY:
            raise OverflowError(f"{self.where} cannot hold {number}")
        return number

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """A float itself. One that a C ``float`` may not hold is not sure."""
        condition = f"type({given}) is float"
        if type_code(self.ctype) == "f":
            condition += f" and {-_LARGE_FLOAT} <= {given} <= {_LARGE_FLOAT}"
        return condition, given


class Character(Value):
    """A ``char`` as bytes, or a ``wchar_t`` as str."""

    def check_types(self, where: str, declared: Any) -> None:
        """By the C type."""
        self.python_types = (str if type_code(self.ctype) == "u" else bytes,)
        super().check_types(where, declared)

    def convert(self, given: Any) -> Any:
        """One of them."""
        python_type = self.python_type
        if not isinstance(given, python_type):
            raise TypeError(
                f"{self.where} must be {python_type.__name__}, not {type_name(given)}"
            )
        length = python_type.__len__(given)
        if length != 1:
            unit = "character" if python_type is str else "byte"
            raise ValueError(f"{self.where} must be one {unit}, not {length}")
        if python_type is str and ord(given) >> 8 * ctypes.sizeof(self.ctype):  # on Windows
            raise ValueError(f"{self.where} cannot hold {given!r}, which is two of them in C")
        return given


class Text(Value):
    """A ``char *`` that ends at its NUL, as bytes or str.

    Attributes:
        encoding: of a str.
        owner: of a text that comes back: the word that says who frees it, if any.
        owned: whether that is the caller.
    """

    python_types: tuple[type, ...] = (bytes, str)
    can_be_null = is_comparable = can_be_kept = follows = converts_alone = True
    failure_rule = "zero"
    is_plain = False
    owner: Any = None
    owned = False

    def check_types(self, where: str, declared: Any) -> None:
        """A str is in UTF-8 unless it says otherwise."""
        super().check_types(where, declared)
        self.encoding = _UTF_8
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
            text = str.encode(given, self.encoding.name, self.encoding.errors)
        return without_nul(self.where, text)

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """Bytes without a NUL; a str of ASCII only, which every encoding encodes."""
        return _sure_text(given, self.python_type, self.encoding.name, self.encoding.errors)

    def own(self, where: str, word: Any) -> None:
        """Store the word that says who frees it."""
        if self.owner:
            raise DeclarationError(f"{where}: {word!r} cannot follow {self.owner!r}")
        self.owner = word

    def restore(self, result: Any, call: "CallState | None") -> Any:
        """A copy. If the caller owns the text, it is freed."""
        if not self.owned:
            return self._decode(result)
        try:
            return self._decode(result.value)
        finally:
            result.free()

    def straight(self, result: str, name: "Name") -> str:
        """A text that C owns is decoded at once."""
        convert = super().straight(result, name)
        if self.owned or self.python_type is bytes:
            return convert
        encoding = self.encoding
        decoded = f"{result}.decode({encoding.name!r}, {encoding.errors!r})"
        return f"{decoded} if {result} is not None else {convert}"

    def _decode(self, text: Any) -> Any:
        if text is None or isinstance(text, self.python_type):
            return text
        return text.decode(self.encoding.name, self.encoding.errors)

    def for_checker(self) -> dict[str, Any]:
        """Whose it is: Python's, if it is passed."""
        unsaid = {"parameter": "Python", "result": "unsaid", "output": "unsaid"}
        return {"owner": type(self.owner).__name__ if self.owner else unsaid.get(self.role, "")}

    def describe_back(self) -> dict[str, Any]:
        """With what frees it."""
        freed = {"free": self.given_ctype.free_address} if self.owned else {}
        return {**super().describe_back(), **freed}


def _sure_text(given: str, python_type: type, encoding: str, errors: str) -> tuple[str, str]:
    if python_type is bytes:
        return f"type({given}) is bytes and 0 not in {given}", given
    condition = f"type({given}) is str and {given}.isascii() and '\\0' not in {given}"
    return condition, f"{given}.encode({encoding!r}, {errors!r})"


class WideText(Text):
    """A ``wchar_t *`` that ends at its NUL."""

    python_types = (str,)

    def check_types(self, where: str, declared: Any) -> None:
        """It is not served by libfastcall."""
        super().check_types(where, declared)
        self.kind = ""

    def convert(self, given: Any) -> ctypes.c_wchar_p:
        """Text without a NUL."""
        if not isinstance(given, str):
            raise TypeError(f"{self.where} must be str, not {type_name(given)}")
        # It owns the memory, which a result may point into.
        return ctypes.c_wchar_p(without_nul(self.where, given))

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """It is not."""
        return None

    def straight(self, result: str, name: "Name") -> str:
        """It is decoded already."""
        return Value.straight(self, result, name)


class FilePath(Value):
    """The path of a file, as C's text: what ``os.fspath`` accepts.

    Attributes:
        accepted: what it may return: str, bytes or both.
    """

    can_be_null = is_comparable = can_be_kept = True
    is_plain = False

    def check_types(self, where: str, declared: Any) -> None:
        """For parameters: C gives text."""
        members = members_of(self.python_type)
        if self.role != "parameter" or any(
            each not in (str, bytes) and not is_path_type(each) for each in members
        ):
            raise DeclarationError(
                f"{where}: a path is a parameter, str | os.PathLike[str] or the same with"
                f" bytes, not {declared}. Elsewhere it is str or bytes"
            )
        inner = {each for member in members for each in (member, *typing.get_args(member))}
        self.accepted: Any = tuple(each for each in (str, bytes) if each in inner) or (str,)
        self.kind, self.unserved = "", "such a path"
        if type_code(self.ctype) == "z" and sys.getfilesystemencoding() == "utf-8":
            self.kind = self.accepted[0].__name__  # what is something else is not sure

    def convert(self, given: Any) -> Any:
        """``os.fsencode``, without a NUL. For ``wchar_t``, ``os.fsdecode``."""
        if not issubclass(type(given), (str, bytes)) and not has_method(given, "__fspath__"):
            raise self._wrong(given)
        path: Any = _path_of(given)
        if not isinstance(path, self.accepted):
            raise self._wrong(path)
        if type_code(self.ctype) == "Z":
            return ctypes.c_wchar_p(without_nul(self.where, os.fsdecode(path)))
        return without_nul(self.where, os.fsencode(path))

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """Text, as for ``Text``."""
        return _sure_text(given, self.accepted[0], "utf-8", "strict") if self.kind else None

    def for_checker(self) -> dict[str, Any]:
        """It is Python's."""
        return {"owner": "Python"}

    def _wrong(self, given: object) -> TypeError:
        names = " or ".join(each.__name__ for each in self.accepted)
        return TypeError(f"{self.where} must be {names} or os.PathLike, not {type_name(given)}")


def _path_of(given: "os.PathLike[Any]") -> Any:
    return os.fspath(given)


def is_path_type(python_type: Any) -> bool:
    """Whether it is ``os.PathLike[str]``, ``pathlib.Path`` or the like."""
    plain = typing.get_origin(python_type) or python_type
    return isinstance(plain, type) and hasattr(plain, "__fspath__")


def without_nul(where: str, text: Any) -> Any:
    """The same str or bytes. Raises ValueError if there is a NUL in it."""
    is_text = isinstance(text, str)
    kind: Any = str if is_text else bytes
    at = kind.find(text, "\0" if is_text else b"\0")  # not a subclass's method
    if at >= 0:
        raise ValueError(NUL.format(where, "character" if is_text else "byte", at))
    return text


class Encoding(Modifier):
    """After ``c_char_p``: the encoding of a ``str``, if it is not UTF-8.

    An encoding that has zero bytes inside a text, such as UTF-16, is refused.
    """

    roles = ("parameter", "result", "output", "field", "callback parameter", "callback result")

    def __init__(self, name: str, /, errors: str = "strict") -> None:
        if 0 in "a".encode(name, errors):  # may raise LookupError
            raise DeclarationError(f"Encoding: {name} has zero bytes within a text")
        codecs.lookup_error(errors)  # likewise
        self.name = name
        self.errors = errors

    def modify(self, where: str, value: Value) -> None:
        """Of a str only."""
        if type(value) is not Text or value.python_type is not str:
            raise value.cannot_follow(where, self)
        value.encoding = self
        if (self.name, self.errors) != ("utf-8", "strict"):
            value.kind, value.unserved = "", f"the encoding {self.name}"


_UTF_8 = Encoding("utf-8")

NUL = "{} must not contain NUL, which ends a string in C: there is one at {} {}"

BY_CODE: dict[str, type[Value]] = {
    **dict.fromkeys("bhilqBHILQ", Integer),
    **dict.fromkeys("fdg", Float),
    **dict.fromkeys("cu", Character),
    "?": Bool,
    "z": Text,
    "Z": WideText,
    "P": Address,
}
"""By the code of a simple ctypes type."""


def type_name(given: object) -> str:
    """The name of its type, for error messages."""
    return type(given).__name__


def _method(given: object, name: str) -> Any:
    # Like Python, on the type.
    return getattr(type(given), name, None)


def has_method(given: object, name: str) -> bool:
    """Whether its type has a special method."""
    return _method(given, name) is not None
