"""C arrays that a call makes of Python sequences."""

import collections.abc
import ctypes
import typing
from typing import TYPE_CHECKING, Any

from .buffers import TERMINATED, In
from .kinds import make_value
from .libfastcall import NotServedError
from .values import DeclarationError, Value, check_ctype, members_of

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument


class ArrayOf(In):
    """The C argument ``const T *``: an array that the call makes of a Python sequence.

    ``Annotated[Sequence[str], ArrayOf(c_char_p), Count(c_int, "names")]`` is ``const char
    *const *``. The items are converted and checked like parameters: texts, numbers, structures
    (``ArrayOf(Point)``), handles (``ArrayOf(c_void_p)``). Its size is declared as that of
    ``In``; with ``TERMINATED``, a zero or NULL is added after the last one. None is a null
    pointer if the Python type has ``| None``.
    """

    value: Value

    def _kind_of(self, item: Any) -> str:
        check_ctype("ArrayOf", item)
        return "array"

    def for_parameter(self, where: str, python_type: Any) -> "ArrayOf":
        """The same, for sequences of a Python type."""
        found = members_of(python_type)
        kinds = typing.get_args(found[0])
        is_sequence = typing.get_origin(found[0]) in (collections.abc.Sequence, list)
        if len(found) != 1 or not is_sequence:
            raise DeclarationError(
                f"{where}: Sequence[...] of a Python type stands for {self!r},"
                f" not {python_type}"
            )
        own = type(self)(self.item, *self.given[:1], at_least=self.given[1])
        own.value = make_value(f"{where}, item", "parameter", kinds[0], self.item)
        own.lends = own.value.lends
        own.c_name = f"const {own.value.c_name} *"
        return own

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """A new array."""
        given = call.given[argument.position]
        is_null = given is None and self.accepts_none(argument)
        is_text = isinstance(given, (str, bytes))  # whose items are texts, too
        if not is_null and (is_text or not isinstance(given, collections.abc.Sequence)):
            raise TypeError(
                f"{argument.where} must be a sequence, such as a list, not"
                f" {type(given).__name__}"
            )
        sequence: list[Any] = [] if is_null else [*typing.cast("Any", given)]
        call.replace(argument.position, None if is_null else sequence)  # it may change
        items = [self.value.pass_item(call, each) for each in sequence]
        made = (self.item * (len(items) + (self.size is TERMINATED)))(*items)
        call.views[argument.position] = _Made(made, len(items), is_null)
        return None if is_null else ctypes.cast(made, self.ctype)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """It is not served by libfastcall."""
        raise NotServedError(f"{argument.where}: ArrayOf is not served")


class _Made:
    """A View of an array that was made for a call."""

    def __init__(self, array: Any, items: int, is_null: bool) -> None:
        self.array = array
        self.items = items
        self.item_size = ctypes.sizeof(array._type_)
        self.address = 0 if is_null else ctypes.addressof(array)
        self.memory = range(self.address, self.address + items * self.item_size)

    def check_end(self, where: str) -> None:
        """The zero at its end was added."""

    def release(self) -> None:
        """It lives as long as this."""
