"""C arrays that a call makes of Python sequences."""

import collections.abc
import copy
import ctypes
import typing
from typing import TYPE_CHECKING, Any

from .buffers import In
from .declaration import Argument
from .kinds import make_value
from .libfastcall import DIVIDE, KINDS, NotServedError
from .sizes import TERMINATED, UNCHECKED, GivenSize, Least
from .structures import CTypesObject
from .values import (
    DeclarationError,
    Value,
    Word,
    check_ctype,
    members_of,
    pointer_to,
    type_code,
)
from .views import View

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Declaration
    from .values import Name


class ArrayOf(In):
    """The C argument ``const T *``: an array that the call makes of a Python sequence.

    ``Annotated[Sequence[str], ArrayOf(c_char_p), Count(c_int, "names")]`` is ``const char
    *const *``. The items are converted and checked like parameters: texts, numbers, structures
    (``ArrayOf(Point)``), handles (``ArrayOf(c_void_p)``). Words about the items follow the
    size: ``ArrayOf(c_char_p, TERMINATED, Encoding("latin-1"))``. Its size is declared as that
    of ``In``; with ``TERMINATED``, a zero or NULL is added after the last one. None is a null
    pointer if the Python type has ``| None``.

    ``Annotated[Sequence[Buffer], ArrayOf(In(c_double, "columns"))]`` is ``const double *const
    *``, the addresses of buffers; a matrix of NumPy's is passed as ``list(matrix)``.

    What C returns, or a callback gets, is a list: ``-> Annotated[list[str], ArrayOf(c_char_p,
    "n")]``. Each item is declared like a result: ``ArrayOf(c_void_p, "n", Borrowed)``, or
    ``ArrayOf(c_void_p, Borrowed)``, if a ``Length`` or ``Written`` says how many there are.
    """

    row: Argument
    """A buffer that is an item."""
    forms: tuple[type, ...] = (list,)
    value: Value

    def __init__(
        self,
        item: Any,
        size: "GivenSize | Word | type[Word] | None" = None,
        /,
        *words: object,
        at_least: Least | None = None,
    ) -> None:
        sized: Any = size
        if _is_about_items(size):
            sized, words = None, (size, *words)
        self._of: Any = item if isinstance(item, In) else None
        super().__init__(self._of.ctype if self._of else item, sized, at_least=at_least)
        self.words = words
        if self._of:  # C's own rows are not served
            self.forms = ()

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
        own = copy.copy(self)
        where = f"{where}, item"
        if self._of:
            self._of.for_parameter(where, kinds[0])
            own.row = Argument("", "", 0, self._of, kinds[0])
            own.row.where = f"{where} ({self._of.c_name})"
            own.c_name = f"{self._of.c_name}const *"
            return own
        # As in a structure, what is no simple type is kept alive by the array.
        role = "parameter" if type_code(self.item) else "field"
        own.value = make_value(where, role, kinds[0], self.item, *self.words)
        own.lends = own.value.lends
        own.c_name = f"const {own.value.c_name} *"
        return own

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters of its size, and of its items' words."""
        super().resolve(declaration, argument)
        if self._of:
            self._of.resolve(declaration, self.row)
            self._of.check_sized(declaration, self.row)
        else:
            self.value.resolve(declaration)

    def sure(self, argument: Argument, given: str, name: "Name") -> tuple[str, str] | None:
        """It is not."""
        return None

    def foreign_callbacks(self) -> list[str]:
        """Those of its items."""
        return [] if self._of else self.value.foreign_callbacks()

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
        if type(call.given[argument.position]) is not tuple:  # it may change
            call.replace(argument.position, None if is_null else sequence)
        rows: list[View] = []
        if self._of:
            rows = [View(self.row, self._of, each) for each in sequence]
            call.cleanups += [each.release for each in rows]
            items = [pointer_to(each.address, self.item) for each in rows]
        else:
            items = [self.value.pass_item(call, each) for each in sequence]
        made = (self.item * (len(items) + (self.size.given is TERMINATED)))(*items)
        call.views[argument.position] = _Made(made, len(items), is_null, rows)
        return None if is_null else pointer_to(ctypes.addressof(made), self.ctype)

    def check_size(self, call: "CallState", argument: "Argument") -> None:
        """Its own, and that of its rows."""
        super().check_size(call, argument)
        if self._of:
            for each in call.views[argument.position].rows:
                self._of.check_view(each, call, self.row)

    def for_checker(self) -> dict[str, Any]:
        """The handles in it. It is made for the call, so C may write there."""
        said = {} if self._of else self.value.for_checker()
        return {"handle": said.get("handle"), "items": self.size.low}

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument, and those of each item."""
        value = None if self._of else self.value
        item: dict[str, Any] = {}
        if isinstance(value, CTypesObject):
            item = value.describe_item()
        elif value:
            item = {"size": self.item_size, **value.describe(argument)}
        if item.get("kind") not in _SERVED:
            raise NotServedError(f"{argument.where}: an array of such items is not served")
        return {
            "kind": KINDS["buffer"],
            **self.size.describe(argument.where, argument.sized_by),
            "shift": DIVIDE if "structure" in item else self.item_size.bit_length() - 1,
            "item": KINDS["void"],
            "array": item,
            "is_terminated": self.size.given is TERMINATED,
            "nullable": self.accepts_none(argument),
        }


_KINDS = "signed unsigned bool float bytes str address handle struct"
_SERVED = [KINDS[each] for each in _KINDS.split()]


class _Made:
    """A View of an array that was made for a call."""

    def __init__(self, array: Any, items: int, is_null: bool, rows: list[View]) -> None:
        self.array = array
        self.rows = rows
        self.is_null = is_null
        self.items = items
        self.item_size = ctypes.sizeof(array._type_)
        self.address = 0 if is_null else ctypes.addressof(array)
        self.memory = range(self.address, self.address + items * self.item_size)
        self.shape = (items,)

    def check_end(self, where: str) -> None:
        """The zero at its end was added."""

    def keep(self, cleanups: "list[collections.abc.Callable[[], object]]") -> None:
        """Keep its buffers for longer than the call of these ``cleanups``."""
        for each in self.rows:
            each.keep(cleanups)

    def release(self) -> None:
        """Release its buffers. It lives as long as this itself."""
        for each in self.rows:
            each.release()


def _is_about_items(word: object) -> bool:
    """Whether it is a word, and no size."""
    is_word = isinstance(word, Word) or (isinstance(word, type) and issubclass(word, Word))
    return is_word and word is not UNCHECKED
