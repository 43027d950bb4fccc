"""How many items memory has, as a declaration says it."""

import operator
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .libfastcall import NotServedError
from .values import NEVER, DeclarationError, Modifier, Value, show

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration


class _Unsized:
    """A number of items that no number says."""

    def __init__(self, name: str) -> None:
        self.__name__ = name


class _Unchecked(_Unsized, Modifier):
    """Also a word that follows the C type of a union's member."""

    roles = ("field",)

    def __repr__(self) -> str:
        return self.__name__

    def modify(self, where: str, value: Value) -> None:
        """Of one that is followed when it is read."""
        if not value.follows:
            raise value.cannot_follow(where, self)


UNCHECKED = _Unchecked("UNCHECKED")
"""``In(c_char, UNCHECKED)``: nobody says how many items C accesses. Nothing checks it.

After the C type of a union's member, such as ``Annotated[str, c_char_p, UNCHECKED]``: nothing
checks that it was stored, and no other one, when it is read and followed as a pointer.
"""

TERMINATED = _Unsized("TERMINATED")
"""``In(c_int, TERMINATED)``: an item that is 0, or NULL, is the last one."""

Least = int | str | Callable[..., int]
GivenSize = int | str | tuple[str | int, ...] | Callable[..., int] | _Unsized

_MOST = min(2**48, sys.maxsize)  # of addresses; C's objects take at most half of 32 bits' ones


class Size:
    """A number of items.

    Attributes:
        given: as it was declared; None for a minimum.
        dimensions: names and numbers, whose product it is.
        names: the parameters among them, and dimensions that a Count has.
        low, high: its limits, if no call has its own.
        depends: whether each call has its own.
    """

    def __init__(self, word: str, given: object, at_least: object = None) -> None:
        """Read it; errors are about ``word``. Raises DeclarationError."""
        if given is not None and at_least is not None:
            raise DeclarationError(f"{word}: a size or at_least, not both")
        self.given: Any = given
        said: Any = given if at_least is None else at_least
        dimensions: Any = (said,) if isinstance(said, str) else said
        self.dimensions: tuple[Any, ...] = dimensions if isinstance(dimensions, tuple) else ()
        self.names = tuple(each for each in self.dimensions if isinstance(each, str))
        self._function: Any = None if isinstance(said, type) or not callable(said) else said
        self.depends = bool(self.names or self._function)
        for number in (*self.dimensions, said):
            if isinstance(number, int) and not 0 < number < NEVER:
                raise DeclarationError(f"{word}: {number} is no number of items, from 1 on")
        is_number = said is None or isinstance(said, (int, _Unsized))
        is_strange = any(not isinstance(each, (int, str)) for each in self.dimensions)
        if is_strange or not (is_number or self.depends):
            raise DeclarationError(f"{word}: {show(said)} is no number of items")
        if isinstance(at_least, (tuple, _Unsized)):
            raise DeclarationError(
                f"{word}: at_least is a number, the name of a parameter, or a function of the"
                f" Python arguments, not {show(at_least)}"
            )
        self.low = said if isinstance(said, int) else 0
        self.high = given if isinstance(given, int) else NEVER

    def find(self, declaration: "Declaration", where: str, word: Any) -> "list[Argument]":
        """The arguments that it names, in ``word``. Raises DeclarationError."""
        if not self.names:
            return []
        hint = f'. If C gets the dimension of a buffer, write Count(c_int, "{self.names[0]}")'
        return declaration.find(where, word, "integer", declaration.numbers, hint)

    def count(self, where: str, call: "CallState", named: "list[Argument]") -> int:
        """The number, for a call. Raises ValueError if there cannot be so many items."""
        return check_count(where, product_of(self._shape(where, call, named)))

    def _shape(self, where: str, call: "CallState", named: "list[Argument]") -> tuple[int, ...]:
        if self._function:
            return (check_count(where, self._function(*call.given)),)
        sources = iter(named)
        lengths = [
            _number(call, next(sources)) if isinstance(each, str) else each
            for each in self.dimensions or (self.given,)
        ]
        return tuple(check_count(where, each) for each in lengths)

    def describe(self, where: str, named: "list[Argument]") -> dict[str, Any]:
        """Its fields of a CArgument. Raises NotServedError."""
        if not self.depends:
            return {"low": self.low, "high": self.high}
        if self._function:
            is_exact = self.given is not None
            return {"high": NEVER, "function": self._function, "is_exact": is_exact}
        kinds = [getattr(each.spec, "kind", "") for each in named]
        is_twice = len({*self.names}) < len(self.names)
        if is_twice or any(kind not in ("signed", "unsigned") for kind in kinds):
            raise NotServedError(f"{where}: such a size is not served")
        return {
            "low": product_of(each for each in self.dimensions if not isinstance(each, str)),
            "high": NEVER,
            "factors": sum(1 << each.index for each in named),
            "is_exact": self.given is not None,
        }

    def is_plain(self, named: "list[Argument]") -> bool:
        """Whether it is no shape, and no Python code computes it."""
        is_number = self.given is not TERMINATED and not self._function
        return is_number and len(self.dimensions) < 2 and all(each.kind for each in named)

    def sure(self, named: "list[Argument]") -> tuple[str, str]:
        """Its limits in compiled Python, if it ``is_plain``."""
        if not named:
            return str(self.low), str(self.high)
        number = f"a{named[0].position}"
        return f"0 <= {number}", str(NEVER) if self.given is None else number

    def check(self, argument: "Argument", view: Any, call: "CallState") -> None:
        """Raises ValueError if a buffer is not of this size, or shape.

        One of one dimension has any shape of so many items.
        """
        low, high, where = self.low, self.high, argument.where
        says = f" ({' * '.join(map(str, self.dimensions))})" if self.names else ""
        if self.depends:
            wanted = self._shape(where, call, argument.sized_by)
            is_shaped = len(wanted) > 1 and not view.is_null and len(view.shape) != 1
            if is_shaped and view.shape != wanted:
                raise ValueError(
                    f"{where} must have the shape {wanted}{says}, not {view.shape}"
                )
            low = check_count(where, product_of(wanted))
            high = NEVER if self.given is None else low
        if not low <= view.items <= high:
            least = "" if low == high else "at least "
            raise ValueError(f"{where} must have {least}{low}{says} items, not {view.items}")


def _number(call: "CallState", argument: "Argument") -> Any:
    """What C gets for it: of a Count, perhaps before that is converted."""
    number = call.converted[argument.index]
    return argument.spec.pass_to_c(call, argument) if number is None else number


def check_count(where: str, count: Any) -> int:
    """``count``, a number of items. Raises TypeError or ValueError."""
    try:
        number = operator.index(count)
    except TypeError:
        shown = type(count).__name__
        raise TypeError(f"{where}: its size must be an integer, not {shown}") from None
    if not 0 <= number < _MOST:
        raise ValueError(f"{where} would have {number} items")
    return number


def product_of(numbers: Iterable[int]) -> int:
    """All of them, multiplied."""
    product = 1
    for number in numbers:
        product *= number
    return product
