"""Pointers to values that C fills in and the function returns: out- and in/out-parameters."""

import copy
import ctypes
from typing import TYPE_CHECKING, Any

from .handle_values import HandleValue
from .kinds import Integer, make_value
from .libfastcall import KINDS, NotServedError
from .ownership import Exchange, Owned
from .scalars import Address, Bool, Character, Float
from .values import (
    ArgumentWord,
    DeclarationError,
    Value,
    c_name,
    check_ctype,
    plain,
    pointer_to,
)

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration
    from .values import Name


class _ToValue(ArgumentWord):
    """A pointer to a value that comes back."""

    output: Any

    def _new(self, call: "CallState", argument: "Argument", *value: Any) -> Any:
        """The address of a new one."""
        room = call.outputs[argument.index] = self.output.given_ctype(*value)
        return ctypes.byref(room)


class Returned(_ToValue):
    """The C argument ``T *``: a pointer to a value that C fills in and the function returns.

    ``Returned(int, c_int32)`` is declared like a result, including the words after its C type.
    A value that C does not fill in is 0, or None for a pointer with ``| None``. Memory has a
    name, for its ``Length``: ``Returned(bytes, In(c_char), Owned(free), name="data")`` is
    ``const char **``.

    In a Callback, the callable returns the value, and C gets it through the pointer, unless
    that is NULL. Memory is kept alive as any result of a callable is: see docs/callbacks.md.
    """

    is_answer = True

    def __init__(self, python_type: Any, ctype: Any, /, *words: Any, name: str = "") -> None:
        self.python_type = python_type
        self.given = (python_type, ctype, *words)
        self.name = name

    def for_function(self, where: str, role: str = "output") -> "Returned":
        """The same, for a function."""
        own = copy.copy(self)
        output = own.output = make_value(where, role, *self.given)
        if self.name and not isinstance(self.given[1], ArgumentWord):
            raise DeclarationError(f"{where}: {self!r} is no memory, and needs no name")
        output.memory_name = self.name
        target: Any = self.given[1]
        target = getattr(target, "c_struct", target)  # of a handle
        own.ctype = ctypes.POINTER(getattr(target, "ctype", target))
        own.c_name = f"{output.c_name} *"
        return own

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of a new value."""
        pointer = self._new(call, argument, *self.output.none[:1])
        if isinstance(self.given[1], ArgumentWord):  # of memory, whose address is a void *
            return pointer_to(ctypes.addressof(call.outputs[argument.index]), self.ctype)
        return pointer

    def sure(self, argument: "Argument", given: str, name: "Name") -> tuple[str, str] | None:
        """A new value, unless it begins as something else."""
        if isinstance(self.given[1], ArgumentWord) or self.output.none:
            return None
        return "", f"{name(self.output.given_ctype)}()"

    def for_checker(self) -> dict[str, Any]:
        """C writes one value, or an array of them."""
        items = getattr(self.given[1], "_length_", 1)
        return {**self.output.for_checker(), "direction": "out", "items": items}

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """It begins as zeros, or as no handle."""
        none = self.output.none[:1]
        return {"kind": KINDS["constant"], "low": none[0]} if none else {"kind": KINDS["void"]}


class InOut(_ToValue):
    """The C argument ``T *``: a pointer to a value that C reads and replaces.

    ``Annotated[int, InOut(c_size_t)]`` is a parameter that is passed as an int, and whose new
    value comes back, as that of ``Returned`` does. It is for numbers, truth values, characters
    and addresses. Words such as a ``range`` follow the C type.

    ``InOut(c_void_p, Owned)`` is for a handle that C may replace. If C stores another one, or
    NULL, what was passed is C's, and cannot be used any more; else the same handle comes back.
    So it is if the function fails, too. With ``Borrowed``, what was passed stays as it is.
    """

    is_parameter = True

    def __init__(self, ctype: Any, /, *words: Any) -> None:
        check_ctype("InOut", ctype)
        self.given = (ctype, *words)
        self.ctype: Any = ctypes.POINTER(ctype)
        self.c_name = f"{c_name(ctype)} *"

    def for_parameter(self, where: str, python_type: Any) -> "InOut":
        """The same, for values of a Python type."""
        own = copy.copy(self)
        own._declare(where, python_type)
        return own

    def _declare(self, where: str, python_type: Any) -> None:
        self.python_type = python_type
        self.input: Value = make_value(where, "parameter", python_type, self.given[0])
        if isinstance(self.input, HandleValue):
            self._declare_handle(where)
            return
        self.input = make_value(where, "parameter", python_type, *self.given)
        if not isinstance(self.input, (Integer, Float, Bool, Character, Address)):
            raise DeclarationError(
                f"{where}: InOut is for numbers, truth values, characters, addresses and"
                f" handles, not for {self.input.c_name}. A structure that C changes is a"
                " POINTER to it"
            )
        self.output = make_value(where, "output", python_type, *self.given)

    def _declare_handle(self, where: str) -> None:
        self.c_name = f"{self.input.c_name}*"
        self.output = make_value(where, "output", self.python_type, *self.given)
        if isinstance(self.output.owner, Owned):
            self.effects = (Exchange(self),)

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """A handle that comes back may be the one that is passed."""
        if isinstance(self.output, HandleValue):
            self.output.passed = argument.position

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of a copy."""
        given = call.given[argument.position]
        if not isinstance(self.input, HandleValue):
            return self._new(call, argument, self.input.to_c(given))
        pointer = self._new(call, argument)
        room = call.outputs[argument.index]
        room.passed = plain(self.input.pass_item(call, given))  # which it is not to close
        room.value = room.passed
        return pointer

    def sure(self, argument: "Argument", given: str, name: "Name") -> tuple[str, str] | None:
        """A copy of what is surely right."""
        sure = self.input.sure_or_none(given, name)
        return sure and (sure[0], f"{name(self.output.given_ctype)}({sure[1]})")

    def for_checker(self) -> dict[str, Any]:
        """C writes one value."""
        return {**self.output.for_checker(), "direction": "out", "items": 1}

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """What it begins as."""
        if isinstance(self.input, HandleValue):
            raise NotServedError(f"{argument.where}: a handle that comes back is not served")
        return {**self.input.describe(argument), "size": ctypes.sizeof(self.input.ctype)}
