"""The handles among the arguments of a call, from which C may lend what comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from .records import is_handle, is_there

if TYPE_CHECKING:
    from .calls import CallState
    from .handles import Handle


def items_of(given: Any) -> list[Any]:
    """Those of a sequence that was passed, or itself."""
    return [*cast("Any", given)] if isinstance(given, list) else [given]


def handles_in(given: Iterable[Any]) -> list[Handle]:
    """The handles that were passed, also in sequences."""
    items = [item for each in given for item in items_of(each)]
    return [item for item in items if is_handle(item)]


def open_handles(given: Iterable[Any]) -> list[Handle]:
    """The same without those that C took."""
    return [each for each in handles_in(given) if is_there(each)]


def lenders_of(value: Any, call: CallState) -> list[Handle]:
    """The handles that a value is ``Borrowed`` from: those that it names, or all."""
    if value.lenders is None:
        return open_handles(call.given)
    return open_handles(call.given[position] for position in value.lenders)
