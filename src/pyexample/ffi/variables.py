"""Global variables of a library, which are read and written as they are declared."""

import ctypes
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .declaration import annotations
from .loading.symbols import variable_address, why_not_writable
from .pointees import copy_of, show_memory
from .structs import struct
from .values import DeclarationError

T = TypeVar("T")


class Variable(Generic[T]):
    """A global variable of C, which ``Library.variable`` declares.

    The checker reads ``c_variable``: the name in C, the ctypes type, whether it is writable,
    and where it is declared.
    """

    def __init__(self, function: Any, symbol: str, memory: Any, *, is_writable: bool) -> None:
        """``memory`` is a structure whose field ``value`` it is."""
        self._name, self._memory, self._is_writable = function.__name__, memory, is_writable
        code, fields = function.__code__, memory._fields_
        place = code.co_filename, code.co_firstlineno
        self.c_variable = symbol, fields[0][1], is_writable, place

    @property
    def value(self) -> T:
        """What C has there now, converted and checked as the declaration says.

        A structure, array or pointer is a copy, unless the variable is declared ``writable``.
        """
        held: object = self._memory.value
        value: Any = held
        if not self._is_writable and hasattr(type(held), "from_buffer_copy"):  # of ctypes
            value = copy_of(held)
        return value  # type: ignore[no-any-return]

    @value.setter
    def value(self, value: T) -> None:
        if not self._is_writable:
            raise AttributeError(
                f"{self._name} is declared to be read only: if C's variable is not const, write"
                " @library.variable(writable=True)"
            )
        self._memory.value = value

    def __repr__(self) -> str:
        return f"Variable({self._name})"


def declared_variable(function: Callable[[], T]) -> Any:
    """A structure type whose field ``value`` the variable is. Raises DeclarationError."""
    code: Any = getattr(function, "__code__", None)
    hints = annotations(function) if code else {}
    name: str = getattr(function, "__name__", "variable")
    if not code or code.co_argcount or code.co_kwonlyargcount or [*hints] != ["return"]:
        raise DeclarationError(
            f"{name}: a variable is declared as a function without parameters, that returns"
            " Annotated[Python type, C type]"
        )
    # A field is converted, checked, and keeps what it was set to.
    memory = type(name, (ctypes.Structure,), {"__annotations__": {"value": hints["return"]}})
    return struct(memory)


def bind_variable(
    library: ctypes.CDLL, function: Any, symbol: str, memory: Any, *, is_writable: bool
) -> Any:
    """The variable ``symbol``, which a library has. Raises DeclarationError."""
    address = variable_address(library, symbol)
    reason = why_not_writable(address, ctypes.sizeof(memory)) if is_writable else None
    if reason:
        raise DeclarationError(f"{function.__name__} is declared to be writable, but {reason}")
    there = show_memory(memory, address, library)
    return Variable[Any](function, symbol, there, is_writable=is_writable)
