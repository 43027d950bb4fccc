"""Floats, truth values, addresses, characters, wide texts and paths."""

import codecs
import ctypes
import operator
import os
import sys
import typing
from typing import TYPE_CHECKING, Any

from .kinds import (
    Integer,
    Text,
    has_method,
    is_path_type,
    method_of,
    sure_text,
    to_integer,
    type_name,
    without_nul,
)
from .libfastcall import KINDS
from .values import DeclarationError, Modifier, Value, limits, members_of, type_code

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument
    from .values import Name

_INFINITY = float("inf")
_LARGE_FLOAT = 3e38  # FLT_MAX is 3.4e38


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
            own = method_of(given, "__float__") not in (int.__float__, float.__float__)
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

    def describe_back(self) -> dict[str, Any]:
        """A ``long double`` comes in a register of its own."""
        if not self.kind:
            raise self.not_served(self.where)
        return super().describe_back()


class Character(Value):
    """A ``char`` as bytes, or a ``wchar_t`` as str."""

    can_be_made = True

    def check_types(self, where: str, declared: Any) -> None:
        """By the C type."""
        self.python_types = (str if type_code(self.ctype) == "u" else bytes,)
        super().check_types(where, declared)
        self.kind = "" if type_code(self.ctype) == "u" else "bytes"

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

    def describe_back(self) -> dict[str, Any]:
        """A char is an integer that a dict converts."""
        if not self.kind or self.failure:
            return self.describe_for_python()
        conversion = {code: bytes([code & 0xFF]) for code in range(-128, 128)}
        return {"kind": KINDS["signed"], "conversion": conversion}


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

    can_be_null = is_comparable = can_be_kept = can_be_made = True
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
        self.kind = ""
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
        return sure_text(given, self.accepted[0], "utf-8", "strict") if self.kind else None

    def is_known(self, given: Any) -> bool:
        """It has no ``__fspath__``."""
        return given is None or type(given) in (str, bytes)

    def for_checker(self) -> dict[str, Any]:
        """It is Python's."""
        return {"owner": "Python"}

    def _wrong(self, given: object) -> TypeError:
        names = " or ".join(each.__name__ for each in self.accepted)
        return TypeError(f"{self.where} must be {names} or os.PathLike, not {type_name(given)}")


def _path_of(given: "os.PathLike[Any]") -> Any:
    return os.fspath(given)


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
        value.encoding, value.errors = self.name, self.errors
        if (self.name, self.errors) != ("utf-8", "strict"):
            value.kind, value.unserved = "", f"the encoding {self.name}"


def kind_of(role: str, python_type: Any, ctype: Any) -> type[Value]:
    """The class for a simple ctypes type, if it is no Integer and no Text."""
    code = type_code(ctype)
    if code in ("z", "Z") and any(map(is_path_type, members_of(python_type))):
        return FilePath
    return _BY_CODE[code]


_BY_CODE: dict[str, type[Value]] = {
    **dict.fromkeys("bhilqBHILQ", Truth),
    **dict.fromkeys("fdg", Float),
    **dict.fromkeys("cu", Character),
    "?": Bool,
    "Z": WideText,
    "P": Address,
}
