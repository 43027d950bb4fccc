"""Out-parameters: pointers to values that C fills in and the function returns."""

import ctypes
from typing import TYPE_CHECKING, Any

from .kinds import make_value
from .values import ArgumentWord

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument


class Returned(ArgumentWord):
    """The C argument ``T *``: a pointer to a value that C fills in and the function returns.

    ``Returned(int, c_int32)`` is declared like a result, including the words after its C type.
    A value that C does not fill in is 0, or None for a pointer with ``| None``.
    """

    def __init__(self, python_type: Any, ctype: Any, /, *words: Any) -> None:
        self.python_type = python_type
        self.given = (python_type, ctype, *words)
        self._declare("Returned")

    def _declare(self, where: str) -> None:
        self.output: Any = make_value(where, "output", *self.given)
        self.ctype: Any = ctypes.POINTER(self.given[1])
        self.c_name = f"{self.output.c_name} *"

    def for_function(self, where: str) -> "Returned":
        """The same, whose errors are about ``where``."""
        own = type(self)(*self.given)
        own._declare(where)
        return own

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of a new value."""
        room = self.output.given_ctype()
        call.outputs.append(room)
        return ctypes.byref(room)
