"""How many items memory has, as a declaration says it."""

import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .values import NEVER, DeclarationError, show

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration


class _Unsized:
    """A number of items that no number says."""

    def __init__(self, name: str) -> None:
        self.__name__ = name


UNCHECKED = _Unsized("UNCHECKED")
"""``In(c_char, UNCHECKED)``: nobody says how many items C accesses. Nothing checks it."""

TERMINATED = _Unsized("TERMINATED")
"""``In(c_int, TERMINATED)``: an item that is 0, or NULL, is the last one."""

GivenSize = int | str | tuple[str, ...] | Callable[..., int] | _Unsized

_MOST = 2**48  # of addresses


class Size:
    """A number of items.

    Attributes:
        given: as it was declared.
        low, high: its limits, if these are declared as numbers.
        names: the parameters that say it: their product.
        depends: whether each call has its own.
    """

    def __init__(self, word: str, given: Any, at_least: int | None = None) -> None:
        """Read it; errors are about ``word``. Raises DeclarationError."""
        if given is not None and at_least is not None:
            raise DeclarationError(f"{word}: a size or at_least, not both")
        for number in (given, at_least):
            if isinstance(number, int) and not 0 < number < NEVER:
                raise DeclarationError(f"{word}: {number} is no number of items, from 1 on")
        names: Any = (given,) if isinstance(given, str) else given
        self.names: tuple[str, ...] = names if isinstance(names, tuple) else ()
        is_function = callable(given) and not isinstance(given, type)
        is_other = given is None or isinstance(given, (int, _Unsized)) or is_function
        if not is_other and (not self.names or any(type(it) is not str for it in self.names)):
            raise DeclarationError(f"{word}: {show(given)} is no number of items")
        self.given: Any = given
        self.low = at_least or (given if isinstance(given, int) else 0)
        self.high = given if isinstance(given, int) else NEVER
        self.depends = is_function or bool(self.names)

    def find(self, declaration: "Declaration", where: str, word: Any) -> "list[Argument]":
        """The parameters that it names, in ``word``. Raises DeclarationError."""
        if not self.names:
            return []
        return declaration.find(where, word, "integer", declaration.integers)

    def count(self, where: str, call: "CallState", named: "list[Argument]") -> int:
        """The number, for a call. Raises ValueError if there cannot be so many items."""
        count: Any = self.given
        if self.names:
            numbers = [call.converted[each.index] for each in named]
            count = product_of(numbers)
            if any(each < 0 for each in numbers):
                raise ValueError(f"{where} would have {' * '.join(map(str, numbers))} items")
        elif callable(self.given):
            count = self.given(*call.given)
        return check_count(where, count)

    def check(self, where: str, items: int, call: "CallState", named: "list[Argument]") -> None:
        """Raises ValueError if memory of so many items is not of this size."""
        low, high = self.low, self.high
        if self.depends:
            low = high = self.count(where, call, named)
        if not low <= items <= high:
            least = "" if low == high else "at least "
            product = f" ({' * '.join(self.names)})" if self.names else ""
            raise ValueError(f"{where} must have {least}{low}{product} items, not {items}")


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
