"""What handles mean in a declaration: addresses, or integers, of what C opens and closes."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from .adoption import adopt, lend
from .kinds import to_integer
from .libfastcall import NotServedError
from .records import HandleMemory, address_in, given_address, is_handle, life_of
from .values import (
    NEVER,
    DeclarationError,
    Value,
    c_name,
    check_simple,
    is_pointer,
    limits,
    members_of,
    plain,
    show,
    type_code,
    with_article,
)

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration
    from .handles import Handle
    from .lifetimes import Owner
    from .ownership import Borrowed, Closes, Owned


class HandleValue(Value):
    """A handle, as its address.

    Attributes:
        owner: of a handle that comes back: the word that says who closes it.
        lenders: the positions of the arguments that Borrowed names, or None: all.
        closes: of an argument that the function closes: the word that says so.
        passed: of one that comes back from InOut: the position of the one that is passed.
        original: of a copy: the position of what it is a copy of.
    """

    can_be_null = is_comparable = can_be_kept = lends = True
    failure_rule = "zero"
    is_plain = False
    owner: Owned | Borrowed | None = None
    lenders: list[int] | None = None
    closes: Closes | None = None
    passed: int | None = None
    original: int | None = None
    kind = "handle"
    is_pointer = True

    def check_types(self, where: str, declared: Any) -> None:
        """The Python type is a Handle class, behind a ``T *`` or, to be closed, a ``T **``."""
        kinds = members_of(self.python_type)
        self.name = " | ".join(map(show, kinds))
        self.is_stored = not hasattr(self.ctype, "from_param")
        if self.is_stored:
            self._check_stored(where)
        self.is_double = is_pointer(self.ctype)
        self.item = self.ctype._type_ if self.is_double else self.ctype
        if self.is_stored:
            return
        if type_code(self.item) != "P":
            check_simple(where, self.item)
        self.c_name = self.name_item(where, [each.invalid for each in kinds])
        if self.is_double:
            self.c_name += "*"
            self.stored = self.item  # where the address is, which C may clear

    def _check_stored(self, where: str) -> None:
        """Its memory is Python's, and C initialises it."""
        if self.role != "output" or self.ctype is not self.python_type:
            name = self.ctype.__name__
            raise DeclarationError(
                f"{where}: {with_article(name)} is passed as c_void_p; Returned({name}, {name},"
                " Owned) is new memory for C to initialise"
            )
        self.c_name = self.name
        self.kind, self.unserved = "", "a handle in memory of Python's"
        self.ctype = self.ctype.c_struct
        if self.ctype is None:
            raise DeclarationError(f"{where}: declare its fields, with @struct, for its size")

    def name_item(self, where: str, invalid: list[Any]) -> str:
        """What C calls it. Raises DeclarationError if the class is for integers."""
        if type_code(self.item) != "P" or any(each is not None for each in invalid):
            raise DeclarationError(
                f"{where}: c_void_p stands for {with_article(self.name)}, not"
                f" {c_name(self.item)}. If it is an integer, its class says which ones are"
                f" none: class {self.name}(Handle, invalid=-1)"
            )
        return f"{self.name} *"

    def is_none(self, result: Any) -> bool:
        """Whether C gave no handle."""
        return not result

    def own(self, where: str, word: Owned | Borrowed) -> None:
        """Store the word that says who closes it."""
        if self.owner:
            raise DeclarationError(f"{where}: {word!r} cannot follow {self.owner!r}")
        self.owner = word

    def check_words(self, where: str) -> None:
        """Who owns it?"""
        if self.role in ("result", "output") and not self.owner:
            raise DeclarationError(
                f"{where}: who closes the {self.name}? Write Owned after the C type if the"
                " caller does, or Borrowed if C still owns it"
            )

    def resolve(self, declaration: Declaration, argument: Argument | None = None) -> None:
        """A ``T **`` is for functions that close it."""
        super().resolve(declaration, argument)
        if self.is_double and not self.closes:
            raise DeclarationError(
                f"{self.where}: only a function that Closes it takes a {self.c_name}: expected"
                f" {show(self.item)}; or Returned({self.name}, {show(self.item)}, Owned); or if"
                f" C may replace what it is passed, InOut({show(self.item)}, Owned)"
            )

    def convert(self, given: Any) -> Handle:
        """An open handle of that type."""
        if self.role == "field":
            raise AttributeError(f"{self.where} is a handle, which only C sets")
        handle: Handle = given
        # The class of all handles stands for pointers.
        is_one = isinstance(given, self.python_type)
        if not is_one or (handle.invalid is None) is not self.is_pointer:
            expected = with_article(self.name)
            raise TypeError(f"{self.where} must be {expected}, not {type(given).__name__}")
        if address_in(handle) is not None:
            return handle
        raise ValueError(f"{self.where} is closed")

    def pass_item(self, call: CallState, given: Any) -> Any:
        """Its address; it cannot be closed until the call is over."""
        if is_handle(given):  # before it is checked: another thread may close it
            life_of(given).use(call.cleanups)
        return self.item(self.address_of(self.to_c(given)))

    def address_of(self, handle: Handle | None) -> Any:
        """What C gets for it. It was open, and may seem closed now: see ``given_address``."""
        return None if handle is None else given_address(handle)

    def pass_address(self, address: int) -> Any:
        """The address of a handle that is closed, behind a ``T *`` or ``T **``."""
        pointer = self.item(address)
        return ctypes.byref(pointer) if self.is_double else pointer

    def restore(self, result: Any, call: Any) -> Handle | None:
        """A handle for the address. One that a callback gets is C's, until that returns."""
        if self.is_stored and (call.failures or call.is_empty):
            return None
        if self.is_none(plain(result)):
            return None
        if self.owner:
            return self.owner.adopt(self, result, call)
        kind: type[Handle] = self.python_type
        return lend(kind, result, call.cleanups)

    def own_unseen(self, address: Owner) -> None:
        """Make the handle, which nobody gets: it is closed at once, unless it was borrowed."""
        kind: type[Handle] = self.python_type
        adopt(kind, address, address.parents(), closer=address.closer, same=address.same)

    def for_checker(self) -> dict[str, Any]:
        """Its class, and who closes it."""
        word = self.owner or self.closes
        return {"handle": self.python_type, "owner": type(word).__name__ if word else ""}

    def describe(self, argument: Argument) -> dict[str, Any]:
        """With its class."""
        if not isinstance(self.python_type, type):
            raise NotServedError(f"{argument.where}: several types of handles are not served")
        return {
            **super().describe(argument),
            "type": id(self.python_type),
            "high": -1,  # none is too large
            "is_any": HandleMemory in self.python_type.__bases__,  # the class of all handles
        }

    def describe_back(self) -> dict[str, Any]:
        """With its class, its owner, and what it needs."""
        kind: type[Handle] = self.python_type
        if self.is_stored or self.owner is None or kind.c_class is None:
            raise NotServedError(f"{self.where}: such a handle is not served")
        described = super().describe_back()
        return {**described, "handle_class": kind.c_class, **self.owner.describe_back(self)}


class IntegerHandleValue(HandleValue):
    """A handle that is an integer of C's, such as a file descriptor.

    Attributes:
        none: the integers that are none, the first of which is passed for None.
        low, high: the limits of the C type.
    """

    is_pointer = False
    enumeration = None

    def name_item(self, where: str, invalid: list[Any]) -> str:
        """The C type. Raises DeclarationError if it is no integer, or nothing is None."""
        if type_code(self.item) not in "bhilqBHILQP" or None in invalid:
            raise DeclarationError(
                f"{where}: an integer type stands for {with_article(self.name)}, whose class"
                f" says which ones are none, not {c_name(self.item)}"
            )
        self.low, self.high = limits(self.item)
        null = (0,) if type_code(self.item) == "P" else ()
        self.none = (*(self.item(each).value or 0 for each in invalid[0]), *null)
        self.failure_rule = "invalid" if self.none else ""
        if not self.none and (self.nullable or self.role in ("output", "callback result")):
            raise DeclarationError(
                f"{where}: which integer is no {self.name}? Write class"
                f" {self.name}(Handle, invalid=-1)"
            )
        return f"{c_name(self.item)} " if self.is_double else c_name(self.item)

    def is_none(self, result: Any) -> bool:
        """Whether it is one of those, or a code of the function's."""
        rule = self.failure if self.role == "result" else None
        is_code = rule is not None and (rule.means_nothing(result) or bool(self.fails(result)))
        return is_code or (result or 0) in self.none

    def fails(self, result: Any) -> bool:
        """What Raises means by default."""
        return (result or 0) in self.none

    def address_of(self, handle: Handle | None) -> int:
        """The integer, or one that is none."""
        number = self.none[0] if handle is None else given_address(handle)
        return to_integer(self.where, number, self.low, self.high)

    def describe(self, argument: Argument) -> dict[str, Any]:
        """Negative ones, and that of None, are not told from others."""
        high = min(self.high, NEVER)
        return {**super().describe(argument), "nullable": False, "high": high}

    def describe_back(self) -> dict[str, Any]:
        """Python makes and finds them."""
        return self.describe_for_python()

    def from_c(self, result: Any, call: Any = None) -> Any:
        """The handle, or None."""
        if not self.nullable and self.is_none(plain(result)):
            raise ValueError(f"{self.where} is {plain(result)}, which is no {self.name}")
        return super().from_c(result, call)
