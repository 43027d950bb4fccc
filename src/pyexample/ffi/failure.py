"""How a C function says that it failed, and the exception for it."""

import ctypes
import functools
import itertools
import operator
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from .libfastcall import RULES
from .values import DeclarationError, Modifier, Value, limits

if TYPE_CHECKING:
    from .calls import CallState

MakeError = Callable[[Any, str, tuple[Any, ...]], BaseException]
Rule = Literal["negative", "zero", "nonzero"]

_MOST_CODES = 4096
_RULES: dict[str, Callable[[Any], bool]] = {
    "negative": lambda result: result < 0,
    "zero": lambda result: not _is_set(result),
    "nonzero": lambda result: _is_set(result),
}


def _is_set(result: Any) -> bool:
    return bool(result) or isinstance(result, (bytes, str))  # a text may be empty


class Raises(Modifier):
    """After the C type of a result: which values mean failure, and the exception for them.

    With ``Raises(error)``, an integer other than 0 means failure, or False, or a null pointer.
    Every other result is returned; if the Python type is None, it is not.

    After the C type of ``Returned``, it says that C stores an error there: anything but 0 or
    NULL means failure. Such a value is never returned.
    """

    roles = ("result", "output")
    ignores_result = True

    def __init__(
        self,
        error: MakeError | type[OSError],
        /,
        *,
        when: Rule | Iterable[int] | Callable[[Any], object] | None = None,
        unless: Iterable[int] | None = None,
        none: Iterable[int] = (),
    ) -> None:
        """Declare it.

        Args:
            error: returns the exception to raise. Its arguments are the result, the name of the
                function, and a tuple of the function's arguments followed by the values that
                are Returned. ``OSError`` itself stands for the error number in ``errno``, on
                Windows of ``GetLastError``, which is 0 before the call and is read at once
                after it.
            when: the results that mean failure: "negative", "zero" (or a null pointer) or
                "nonzero"; integers, such as an enumeration or a ``range``; or a function that
                is called with the result, such as a declared one.
            unless: the integers that mean success.
            none: the integers that mean that nothing came back, such as the end of a file: then
                the function returns None, whatever else it is to return.
        """
        if not callable(error):
            raise DeclarationError(f"Raises: error is called to make one, not {error!r}")
        if when is not None and unless is not None:
            raise DeclarationError("Raises: when or unless, not both")
        if isinstance(when, str) and when not in _RULES:
            raise DeclarationError(f"Raises: when is not {when!r}, but one of {[*_RULES]}")
        self._error: Any = error
        self.uses_errno = error is OSError
        self.when: Any = when
        is_enumeration = hasattr(when, "__members__")  # which is callable, too
        if is_enumeration or not (when is None or isinstance(when, str) or callable(when)):
            self.when = _integers("when", when)
        self.unless = None if unless is None else _integers("unless", unless)
        self.none = _integers("none", none)

    def exception(
        self, result: Any, function: str, values: tuple[Any, ...], error_number: int
    ) -> BaseException:
        """The exception to raise after a call."""
        if not self.uses_errno:
            made: BaseException = self._error(result, function, values)
            return made
        if not error_number:  # WinError would say that all is well
            said = f"{function}() failed, and C has set no error number"
            return OSError(0, said, None, 0)  # the second one is for Windows
        if os.name == "nt":
            windows: Any = ctypes
            return windows.WinError(error_number)  # type: ignore[no-any-return]
        return OSError(error_number, f"{function}(): {os.strerror(error_number)}")

    def modify(self, where: str, value: Value) -> None:
        """Give the value a rule."""
        value.failure = self
        value.is_plain = False
        if value.role == "output" and value.can_be_null:
            value.nullable = True  # it says that all is well, and nobody gets it
        if isinstance(self.when, (str, type(None))) and self.unless is None:
            value.rule = self._rule(where, value)
            if rule := _RULES.get(value.rule):  # else its own
                value.fails = rule
        elif callable(self.when):
            value.fails = self.when
        else:
            self._check_codes(where, value, self.when if self.unless is None else self.unless)
            value.fails = self._is_failure_code
        if self.none:
            if value.role != "result":
                raise DeclarationError(f"{where}: none= is for what C itself returns")
            self._check_codes(where, value, self.none)
            fails = value.fails
            value.fails = lambda code: code not in self.none and fails(code)

    def _rule(self, where: str, value: Value) -> str:
        rule = self.when or ("nonzero" if value.role == "output" else value.failure_rule)
        if not rule or not (value.failure_rule or hasattr(value, "low")):
            raise DeclarationError(f"{where}: Raises needs when=, a function of {value.c_name}")
        if rule == "negative" and not (hasattr(value, "low") and _limits_of(value)[0] < 0):
            raise DeclarationError(f"{where}: {value.c_name} is never negative")
        return str(rule)

    def _check_codes(self, where: str, value: Any, codes: Any) -> None:
        if not hasattr(value, "low"):
            raise DeclarationError(f"{where}: {self!r} is about integers, not {value.c_name}")
        low, high = _limits_of(value)
        if beyond := [code for code in _ends(codes) if not low <= code <= high]:
            raise DeclarationError(f"{where}: the code {beyond[0]} goes beyond {value.c_name}")
        if value.enumeration and self.unless is not None and codes is self.unless:
            members = {int(each) for each in value.enumeration}
            unknown = [*itertools.islice((code for code in codes if code not in members), 9)]
            if unknown:
                name = value.enumeration.__name__
                raise DeclarationError(f"{where}: {name} lacks the codes {sorted(unknown)}")

    def describe_back(self, value: Value) -> dict[str, Any]:
        """Its fields of a CValue. Raises NotServedError."""
        codes = self.when if self.unless is None else self.unless
        successes: Any = (0,) if codes in (None, "nonzero") else self.unless
        if self.none and (successes is None or any(code in successes for code in self.none)):
            return {"rule": RULES["always"]}
        if isinstance(codes, (str, type(None))):
            return {"rule": RULES[value.rule]}
        if callable(codes):
            return {"rule": RULES["checked"], "check": codes}
        low, high = min(_ends(codes), default=1), max(_ends(codes), default=0)
        if high - low + 1 == _number_of(codes):
            inside = "inside" if self.unless is None else "outside"
            return {"rule": RULES[inside], "low": low, "high": high}
        if self.unless is None or _number_of(codes) > _MOST_CODES:
            return {"rule": RULES["always"]}
        enumeration = getattr(value, "enumeration", None)
        return {"conversion": {code: (enumeration or int)(code) for code in codes}}

    def means_nothing(self, result: Any) -> bool:
        """Whether a result, which is no failure, says that nothing came back."""
        return bool(self.none) and result in self.none

    def _is_failure_code(self, code: int) -> bool:
        return code in self.when if self.unless is None else code not in self.unless


def _limits_of(value: Any) -> tuple[int, int]:
    """Those of the C type: a ``range`` is about results that are no failures."""
    return limits(value.ctype) if hasattr(value, "is_narrowed") else (value.low, value.high)


def _ends(codes: range | frozenset[int]) -> Iterable[int]:
    """Codes, among them the least and the greatest; of a range, which may be long, these."""
    return (codes[0], codes[-1]) if isinstance(codes, range) and codes else codes


def _number_of(codes: range | frozenset[int]) -> int:
    if isinstance(codes, range) and codes:
        return (codes[-1] - codes[0]) // codes.step + 1  # len() fails from 2**63 on
    return len(codes)


def calling_with_errno(call: "CallState", c_function: Any) -> Iterator[Any]:
    """An iterator that calls C when it is unpacked: the result, and the number of its error.

    ``c_function`` is of a ctypes library with ``use_errno`` and ``use_last_error``. ``map``
    makes both calls from C: no signal handler can run between them and replace the number. A
    finalizer can, so each call restores the number that it has replaced.
    """
    call.cleanups.append(functools.partial(_set_error, _get_error()))
    _set_error(0)
    return map(_CALL, (functools.partial(c_function, *call.converted), _get_error))


_CALL = operator.methodcaller("__call__")  # operator.call is new in Python 3.11
_get_error: Any = getattr(ctypes, "get_last_error", ctypes.get_errno)
_set_error: Any = getattr(ctypes, "set_last_error", ctypes.set_errno)


def _integers(name: str, given: Any) -> range | frozenset[int]:
    if isinstance(given, range):
        return given
    try:
        return frozenset(map(operator.index, given))
    except TypeError:
        raise DeclarationError(
            f"Raises: {name} is integers, such as (0, 1), not {given!r}"
        ) from None
