"""How a C function says that it failed, and the exception for it."""

import ctypes
import itertools
import operator
import os
from collections.abc import Callable, Iterable
from typing import Any, Literal

from .libfastcall import NotServedError
from .scalars import Integer
from .values import DeclarationError, Modifier, Value

MakeError = Callable[[Any, str, tuple[Any, ...]], BaseException]
Rule = Literal["negative", "zero", "nonzero"]

_MOST_CODES = 4096
_RULES: dict[str, Callable[[Any], bool]] = {
    "negative": lambda result: result < 0,
    "zero": operator.not_,
    "nonzero": bool,
}


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
    ) -> None:
        """Declare it.

        Args:
            error: returns the exception to raise. Its arguments are the result, the name of the
                function, and a tuple of the function's arguments followed by the values that
                are Returned. ``OSError`` itself stands for the error number in ``errno``, on
                Windows of ``GetLastError``.
            when: the results that mean failure: "negative", "zero" (or a null pointer) or
                "nonzero"; integers, such as an enumeration or a ``range``; or a function that
                is called with the result, such as a declared one.
            unless: the integers that mean success.
        """
        if not callable(error):
            raise DeclarationError(f"Raises: error is called to make one, not {error!r}")
        if when is not None and unless is not None:
            raise DeclarationError("Raises: when or unless, not both")
        if isinstance(when, str) and when not in _RULES:
            raise DeclarationError(f"Raises: when is not {when!r}, but one of {[*_RULES]}")
        self.error: Any = _os_error if error is OSError else error
        self.uses_errno = error is OSError
        self.when: Any = when
        if not (when is None or isinstance(when, str) or callable(when)):
            self.when = _integers("when", when)
        self.unless = None if unless is None else _integers("unless", unless)

    def modify(self, where: str, value: Value) -> None:
        """Give the value a rule."""
        value.failure = self
        value.is_plain = False
        if isinstance(self.when, (str, type(None))) and self.unless is None:
            value.fails = _RULES[self._rule(where, value)]
        elif callable(self.when):
            value.fails = self.when
        else:
            self._check_codes(where, value)
            value.fails = self._is_failure_code

    def _rule(self, where: str, value: Value) -> str:
        rule = self.when or ("nonzero" if value.role == "output" else value.failure_rule)
        if not value.failure_rule:
            raise DeclarationError(f"{where}: Raises needs when=, a function of {value.c_name}")
        if rule == "negative" and not (isinstance(value, Integer) and value.low < 0):
            raise DeclarationError(f"{where}: {value.c_name} is never negative")
        return str(rule)

    def _check_codes(self, where: str, value: Value) -> None:
        codes: Any = self.when if self.unless is None else self.unless
        if not isinstance(value, Integer):
            raise DeclarationError(f"{where}: {self!r} is about integers, not {value.c_name}")
        ends = (codes[0], codes[-1]) if isinstance(codes, range) and codes else codes
        if beyond := [code for code in ends if not value.low <= code <= value.high]:
            raise DeclarationError(f"{where}: the code {beyond[0]} goes beyond {value.c_name}")
        if value.enumeration and self.unless is not None:
            members = {int(each) for each in value.enumeration}
            unknown = [*itertools.islice((code for code in codes if code not in members), 9)]
            if unknown:
                name = value.enumeration.__name__
                raise DeclarationError(f"{where}: {name} lacks the codes {sorted(unknown)}")

    def success_codes(self) -> Iterable[int]:
        """The integers that mean success. Raises NotServedError if they are too many."""
        codes = self.unless
        if codes is None and self.when in (None, "nonzero"):
            codes = frozenset({0})
        if codes is None or len(codes) > _MOST_CODES:
            raise NotServedError("result: such a rule for failure is not served")
        return codes

    def _is_failure_code(self, code: int) -> bool:
        return code in self.when if self.unless is None else code not in self.unless


def _os_error(result: object, function: str, values: object) -> OSError:
    if os.name == "nt":
        windows: Any = ctypes
        error: OSError = windows.WinError(windows.get_last_error())
        return error
    code = ctypes.get_errno()
    return OSError(code, f"{function}(): {os.strerror(code)}")


def _integers(name: str, given: Any) -> range | frozenset[int]:
    if isinstance(given, range):
        return given
    try:
        return frozenset(map(operator.index, given))
    except TypeError:
        raise DeclarationError(
            f"Raises: {name} is integers, such as (0, 1), not {given!r}"
        ) from None
