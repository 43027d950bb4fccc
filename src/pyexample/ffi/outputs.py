"""Pointers to values that C fills in and the function returns: out- and in/out-parameters."""

import ctypes
from typing import TYPE_CHECKING, Any

from .kinds import make_value
from .scalars import Address, Bool, Character, Float, Integer
from .values import ArgumentWord, DeclarationError, Value, c_name, check_ctype

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
        room = self.output.given_ctype(*self.output.none[:1])
        call.outputs[argument.index] = room
        return ctypes.byref(room)


class InOut(ArgumentWord):
    """The C argument ``T *``: a pointer to a value that C reads and replaces.

    ``Annotated[int, InOut(c_size_t)]`` is a parameter that is passed as an int, and whose new
    value comes back, as that of ``Returned`` does. It is for numbers, truth values, characters
    and addresses. Words such as a ``range`` follow the C type.
    """

    is_parameter = True
    output: Any

    def __init__(self, ctype: Any, /, *words: Any) -> None:
        check_ctype("InOut", ctype)
        self.given = (ctype, *words)
        self.ctype: Any = ctypes.POINTER(ctype)
        self.c_name = f"{c_name(ctype)} *"

    def for_parameter(self, where: str, python_type: Any) -> "InOut":
        """The same, for values of a Python type."""
        own = type(self)(*self.given)
        own._declare(where, python_type)
        return own

    def _declare(self, where: str, python_type: Any) -> None:
        self.python_type = python_type
        self.input: Value = make_value(where, "parameter", python_type, *self.given)
        if not isinstance(self.input, (Integer, Float, Bool, Character, Address)):
            raise DeclarationError(
                f"{where}: InOut is for numbers, truth values, characters and addresses, not"
                f" for {self.input.c_name}. A structure that C changes is a POINTER to it"
            )
        self.output = make_value(where, "output", python_type, *self.given)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of a copy."""
        room = self.output.given_ctype(self.input.to_c(call.given[argument.position]))
        call.outputs[argument.index] = room
        return ctypes.byref(room)
