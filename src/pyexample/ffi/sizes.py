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

GivenSize = int | str | tuple[str | int, ...] | Callable[..., int] | _Unsized

_MOST = 2**48  # of addresses


class Size:
    """A number of items.

    Attributes:
        given: as it was declared.
        low, high: its limits, if these are declared as numbers.
        dimensions: names and numbers, whose product it is.
        names: the parameters among them, and dimensions that a Count has.
        depends: whether each call has its own.
    """

    def __init__(self, word: str, given: Any, at_least: int | None = None) -> None:
        """Read it; errors are about ``word``. Raises DeclarationError."""
        if given is not None and at_least is not None:
            raise DeclarationError(f"{word}: a size or at_least, not both")
        for number in (given, at_least):
            if isinstance(number, int) and not 0 < number < NEVER:
                raise DeclarationError(f"{word}: {number} is no number of items, from 1 on")
        dimensions: Any = (given,) if isinstance(given, str) else given
        self.dimensions: tuple[str | int, ...] = ()
        if isinstance(dimensions, tuple):
            self.dimensions = dimensions
        self.names = tuple(each for each in self.dimensions if isinstance(each, str))
        numbers = [each for each in self.dimensions if type(each) is int and each > 0]
        is_shape = bool(self.names) and len(self.names) + len(numbers) == len(self.dimensions)
        is_function = callable(given) and not isinstance(given, type)
        is_other = given is None or isinstance(given, (int, _Unsized))
        if not (is_shape or is_function or is_other):
            raise DeclarationError(f"{word}: {show(given)} is no number of items")
        self.given: Any = given
        self.low = at_least or (given if isinstance(given, int) else 0)
        self.high = given if isinstance(given, int) else NEVER
        self.depends = is_function or is_shape

    def find(self, declaration: "Declaration", where: str, word: Any) -> "list[Argument]":
        """The arguments that it names, in ``word``. Raises DeclarationError."""
        if not self.names:
            return []
        hint = f'. If C gets the dimension of a buffer, write Count(c_int, "{self.names[0]}")'
        return declaration.find(where, word, "integer", declaration.numbers, hint)

    def count(self, where: str, call: "CallState", named: "list[Argument]") -> int:
        """The number, for a call. Raises ValueError if there cannot be so many items."""
        count: Any = self.given
        if self.dimensions:
            count = product_of(self._shape(where, call, named))
        elif callable(self.given):
            count = self.given(*call.given)
        return check_count(where, count)

    def _shape(self, where: str, call: "CallState", named: "list[Argument]") -> tuple[int, ...]:
        sources = iter(named)
        shape = tuple(
            each if isinstance(each, int) else _number(call, next(sources))
            for each in self.dimensions
        )
        if any(each < 0 for each in shape):
            raise ValueError(f"{where} would have {' * '.join(map(str, shape))} items")
        return shape

    def check(
        self, where: str, items: int, shape: Any, call: "CallState", named: "list[Argument]"
    ) -> None:
        """Raises ValueError if memory of so many items, and that shape, is not of this size.

        Memory of one dimension has any shape of so many items.
        """
        low, high = self.low, self.high
        if self.depends:
            low = high = self.count(where, call, named)
        named_so = f" ({' * '.join(map(str, self.dimensions))})" if self.dimensions else ""
        if len(self.dimensions) > 1 and len(shape) != 1:
            wanted = self._shape(where, call, named)
            if wanted != shape:
                raise ValueError(f"{where} must have the shape {wanted}{named_so}, not {shape}")
        if not low <= items <= high:
            least = "" if low == high else "at least "
            raise ValueError(f"{where} must have {least}{low}{named_so} items, not {items}")


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
