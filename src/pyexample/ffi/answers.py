"""What C gets from a callback: its result, and what is stored through C's pointers."""

import ctypes
import sys
from typing import TYPE_CHECKING, Any

from .declaration import Argument, Declaration
from .handle_values import HandleValue
from .kinds import Integer, type_name
from .pointers import Pointer
from .received import GivenMemory
from .scalars import Address, Bool, Float
from .structures import CTypesObject, function_address
from .values import ArgumentWord, DeclarationError, Value, fields_of, limits, type_code

if TYPE_CHECKING:
    from .calls import CallState


class Answer:
    """How C gets what a callable returns.

    Attributes:
        result: its C result, or None.
        is_plain: whether that is one number, or nothing.
    """

    def __init__(self, declaration: Declaration) -> None:
        """Refuse what C cannot get. Raises DeclarationError."""
        self.where = f"{declaration.name}() result"
        result = self.result = declaration.result
        if result and not (_is_register(result) or isinstance(result, _ADDRESSES)):
            raise DeclarationError(
                f"{self.where}: {result.c_name} cannot be returned: numbers, pointers,"
                " handles and memory can, such as In(c_char, TERMINATED) for a text, and"
                " structures of 1, 2, 4 or 8 bytes without floats"
            )
        self._stored: list[tuple[Argument, ArgumentWord]] = []
        for argument in declaration.arguments:
            if isinstance(argument.spec, ArgumentWord):
                if not argument.spec.is_answer:
                    raise DeclarationError(
                        f"{argument.where}: a Callback gets values only. What C gets through a"
                        " pointer is Returned"
                    )
                self._stored.append((argument, argument.spec))
        for value in declaration.outputs:
            if not isinstance(value, (*NUMBERS, *_ADDRESSES)):
                raise DeclarationError(
                    f"{self.where}: {value.c_name} cannot be stored for C: numbers, pointers,"
                    " handles and memory can, such as"
                    " Returned(str, In(c_char, TERMINATED)) for a text"
                )
        self._values = declaration.outputs
        self._length: Any = None  # a Written
        if result and result.python_type is None:
            lengths = [each for each in declaration.asking if each in result.words]
            if not lengths:
                names = " or ".join(each.__name__ for each in result.python_types)
                raise DeclarationError(
                    f"{self.where}: {names} stands for {result.c_name}, not None, unless"
                    ' Written("data") says that C gets a length'
                )
            self._length = lengths[0]
        elif result:
            self._values = [result, *self._values]
        self.is_plain = not self._stored and (result is None or isinstance(result, NUMBERS))

    def clear(self, arguments: tuple[Any, ...]) -> None:
        """Store zeros, or no handles, which C gets if the callable fails."""
        for argument, word in self._stored:
            nothing = (*(word.output.none if word.output else ()), 0)
            _store(arguments[argument.index], word, nothing[0])

    def convert(self, returned: Any, call: "CallState") -> tuple[Any, list[Any]]:
        """C's result, and what is to be kept alive. The rest is stored, if all is right."""
        if self.is_plain:
            return self.in_c(returned), []
        given = zip(self._values, self._split(returned), strict=True)
        converted = [(value, value.answer(each, call)) for value, each in given]
        contents = iter([in_register(*each) for each in converted])
        result: Any = None
        if self.result and self._length:
            result = self.result.to_c(call.lengths[self._length.name].value)
        elif self.result:
            result = next(contents)
        stored = [
            next(contents) if word.output else word.answer(call, argument)
            for argument, word in self._stored
        ]
        for (argument, word), content in zip(self._stored, stored, strict=True):
            _store(call.converted[argument.index], word, content)
        return result, [each for value, each in converted if not isinstance(value, NUMBERS)]

    def in_c(self, returned: Any) -> Any:
        """C's result, if that is plain."""
        return self.result and self.result.to_c(returned)

    def _split(self, returned: Any) -> Any:
        number = len(self._values)
        if number < 2:
            return (returned,) * number
        parts: Any = returned
        found = len(parts) if isinstance(returned, tuple) else type_name(returned)
        if found != number:
            raise TypeError(f"{self.where} must be a tuple of {number} values, not {found}")
        return parts


def _store(pointer: Any, word: ArgumentWord, content: Any) -> None:
    """Store it where C's pointer points to, which may be NULL."""
    if pointer:
        ctype = _in_memory(word.output) if word.output else pointer._type_
        ctype.from_address(ctypes.addressof(pointer.contents)).value = content


def _in_memory(value: Value) -> Any:
    """The simple type of ctypes for its content: an address is a ``void *``."""
    is_address = isinstance(value, _ADDRESSES) and type_code(value.ctype) in ("P", "")
    return ctypes.c_void_p if is_address else value.ctype


def register_of(result: Value | None) -> Any:
    """The ctypes type for a callback's result.

    libffi reads a whole register, and ctypes writes only the bytes of a narrow integer: the
    rest would be garbage on s390x and 32-bit Arm.
    """
    wide = ctypes.sizeof(ctypes.c_size_t)
    if result is None or _in_memory(result) is ctypes.c_void_p:
        return result and ctypes.c_void_p
    if type(result) is CTypesObject:
        return ctypes.c_size_t
    if isinstance(result, Float) or ctypes.sizeof(result.ctype) >= wide:
        return result.ctype
    return ctypes.c_ssize_t if limits(result.ctype)[0] else ctypes.c_size_t


NUMBERS = (Integer, Bool, Float, Address)
_ADDRESSES = (Address, Pointer, HandleValue, GivenMemory)


def _is_register(result: Value) -> bool:
    """Whether a callback can return it, and ctypes knows or can be told how.

    ctypes returns no structures. Those of these sizes, without floats, are returned like an
    integer: System V ABI for x86-64 3.2.3, x64 ABI conventions of Windows, AAPCS64 6.9.
    """
    if type(result) is CTypesObject and issubclass(result.ctype, ctypes.Structure):
        is_served = sys.byteorder == "little" and ctypes.sizeof(ctypes.c_void_p) == 8
        sizes = (1, 2, 4, 8) if is_served else ()
        return ctypes.sizeof(result.ctype) in sizes and not _has_floats(result.ctype)
    return isinstance(result, NUMBERS) and type_code(result.ctype) != "g"


def _has_floats(ctype: Any) -> bool:
    if hasattr(ctype, "_length_"):
        return _has_floats(ctype._type_)
    inner = [each[1] for each in fields_of(ctype)]
    return type_code(ctype) in tuple("fdg") or any(map(_has_floats, inner))


def in_register(result: Value, converted: Any) -> Any:
    """What ctypes is to return for a converted result."""
    if isinstance(result, (HandleValue, GivenMemory)):
        return result.address_of(converted)
    if converted is None or isinstance(result, NUMBERS):
        return converted
    if isinstance(result, Pointer):
        is_pointer = isinstance(converted, result.ctype)
        return function_address(converted) if is_pointer else ctypes.addressof(converted)
    return int.from_bytes(bytes(converted), "little")
