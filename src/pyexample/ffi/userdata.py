"""A Python object that C passes on to callbacks: ``void *user_data``."""

import ctypes
import itertools
import weakref
from collections.abc import Iterable
from typing import Any

from .values import DeclarationError, Value


class UserDataValue(Value):
    """A Python object, for which C gets a number that is no address."""

    can_be_null = can_be_kept = can_be_made = True
    is_plain = False
    failure_rule = "zero"
    unserved = "UserData"

    def __init__(
        self, where: str, role: str, python_type: Any, ctype: Any, words: Iterable[object]
    ) -> None:
        super().__init__(where, role, python_type, ctype.ctype, words)

    def check_types(self, where: str, declared: Any) -> None:
        """C passes it on, and gives it back."""
        super().check_types(where, declared)
        if self.role not in ("parameter", "result", "output", "callback parameter"):
            raise DeclarationError(
                f"{where}: UserData is passed to C, and comes back from it; elsewhere declare"
                " an address, c_void_p"
            )

    def convert(self, given: Any) -> "_Object":
        """What stands for the object as long as anything refers to that."""
        found = _by_object.get(id(given))
        return found or _Object.of(given)

    def is_known(self, given: Any) -> bool:
        """It is not looked at."""
        return True

    def restore(self, result: Any, call: Any) -> Any:
        """The object, if C has it still."""
        if not result:
            return None
        found = _by_number.get(result)
        if found is None:
            raise ValueError(
                f"{self.where}: C gives {result:#x}, which stands for no object: Python has not"
                " passed it, or nothing keeps it any more. If C has kept it, write Keep after"
                " the parameter"
            )
        return found.object


class UserData:
    """The C argument ``void *user_data``: a Python object that C passes to a callback.

    ``user_data: Annotated[Any, UserData]`` accepts any object. Where a Callback, or what comes
    back from C, is declared in the same way, it is that object again. None is passed as NULL if
    ``| None`` is declared. It is kept alive until the call is over. If C keeps it, write
    ``Keep``.
    """

    value_kind = UserDataValue
    ctype = ctypes.c_void_p


class _Object(ctypes.c_void_p):
    """A ``void *`` that stands for an object."""

    object: Any

    @classmethod
    def of(cls, given: Any) -> "_Object":
        """A new one. Its number is never used again, and looks like an address."""
        made = cls(next(_numbers))
        made.object = given
        _by_number[made.value or 0] = _by_object[id(given)] = made
        return made


_numbers = itertools.count(0x1000, 16)
_by_number: "weakref.WeakValueDictionary[int, _Object]" = weakref.WeakValueDictionary()
_by_object: "weakref.WeakValueDictionary[int, _Object]" = weakref.WeakValueDictionary()
