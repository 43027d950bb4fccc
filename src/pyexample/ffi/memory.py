"""Memory that a call makes and C fills, and how much of it, or of other memory, is valid."""

import copy
import ctypes
import sys
from typing import TYPE_CHECKING, Any

from .buffers import integer_type
from .items import Items
from .libfastcall import KINDS, RULES, NotServedError
from .sequences import ArrayOf
from .sizes import GivenSize, Size
from .values import (
    NEVER,
    ArgumentWord,
    DeclarationError,
    Modifier,
    Value,
    c_name,
    check_ctype,
    limits,
    pointer_to,
    show,
    type_code,
)
from .views import address_of

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration


class Filled(ArgumentWord):
    """The C argument ``T *``: memory that the call makes, and that C fills. It comes back.

    ``Filled(bytes, c_char, 64)`` has 64 items. The size is a number; the name of an integer
    parameter, or of several, which are multiplied; or a function of the Python arguments, such
    as ``lambda source, level: ZSTD_compressBound(len(source))``. It comes back as bytes,
    bytearray, str (in UTF-8, or of ``c_wchar``; up to a NUL) or a list: whole, or as much of it
    as a ``Length`` or ``Written`` of that name says. The items of a list are declared like
    results: ``Filled(list[Box], c_void_p, 16, Borrowed)``. ``Count(c_size_t, "text")`` is the
    size, for ``Filled(str, c_char, 64, name="text")``.
    """

    phase = 1
    output: Any

    def __init__(
        self,
        python_type: Any,
        item: Any,
        size: GivenSize,
        /,
        *words: object,
        name: str = "",
    ) -> None:
        """Declare it. Raises DeclarationError."""
        self.python_type = python_type
        self.memory_name = name
        self.size = Size("Filled", size)
        if not (self.size.depends or isinstance(size, int)):
            raise DeclarationError(f"Filled: {show(size)} is no number of items")
        self.names = self.size.names
        if item is not None:
            check_ctype("Filled", item)
        self.word = _Room(item, None, *words)
        self.word._written = self._written
        self.ctype = self.word.ctype

    def for_function(self, where: str, role: str = "output") -> "Filled":
        """The same, for a function."""
        own = copy.copy(self)
        own.output = _Content(where, role, self.python_type, self.word, ())
        own.output.memory_name = self.memory_name
        own.c_name = own.output.c_name
        return own

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters of its size."""
        argument.sized_by = self.size.find(declaration, argument.where, self)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """New memory, of zeros; of handles that are integers, of what is none."""
        size = call.sizes.get(self.memory_name)
        if size is None:
            size = self.size.count(argument.where, call, argument.sized_by)
        empty = self.output.empty_item()
        memory = _Memory(bytearray(empty * size), len(empty))
        call.outputs[argument.index] = call.memories[self.memory_name] = memory
        return pointer_to(memory.address, self.ctype)

    def count(self, call: "CallState", argument: "Argument") -> int:
        """The number of items, for a Count."""
        return int(call.memories[self.memory_name].size)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument."""
        size = self.size.describe(argument.where, argument.sized_by)
        return {"kind": KINDS["filled"], **size}

    def for_checker(self) -> dict[str, Any]:
        """C writes there."""
        size = self.size.given
        return {"direction": "out", "items": size if isinstance(size, int) else 0}


class Length(ArgumentWord):
    """The C argument ``size_t *``: C stores how many items of memory are valid.

    ``Length(c_size_t, "text")`` is about ``Filled(..., name="text")``, or ``Returned`` with
    that name, or about what the function returns: ``Length(c_size_t, "return")``. With
    ``capacity=True``, C reads the size of Filled memory there, too. With ``again=True``, C may
    store how many items it needs instead: then it is called again with that many.

    In a Callback, C gets the number of items of what the callable returned.
    """

    phase = 2
    is_answer = True

    def __init__(
        self, ctype: Any, name: str, /, *, capacity: bool = False, again: bool = False
    ) -> None:
        self.given = self.stored = integer_type("Length", ctype)
        self.ctype: Any = ctypes.POINTER(ctype)
        self.c_name = f"{c_name(ctype)} *"
        self.name = name
        self.capacity = capacity
        self.again = again

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the memory."""
        _find_memory(declaration, argument.where, self)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of a new integer."""
        size = call.memories[self.name].size if self.capacity else 0
        room = self.given(self._check(size, argument))
        call.store_length(self.name, room)
        return ctypes.byref(room)

    def answer(self, call: "CallState", argument: "Argument") -> int:
        """The number of items."""
        return self._check(call.lengths[self.name].value, argument)

    def _check(self, size: int, argument: "Argument") -> int:
        if self.given(size).value != size:
            raise OverflowError(f"{argument.where} cannot count {size} items")
        return size

    def needs(self, call: "CallState", returned: Any) -> int:
        """How many items C asks for, if it does."""
        return int(call.lengths[self.name].value) if self.again else 0

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Its fields of a CArgument. ``capacity`` names the memory whose size C gets."""
        high = min(limits(self.given)[1], NEVER)
        fields: dict[str, Any] = {"kind": KINDS["length"], "high": high}
        return {**fields, "memory": self.name} if self.capacity else fields

    def for_checker(self) -> dict[str, Any]:
        """C writes one number."""
        return {"direction": "out", "items": 1}


class Written(Modifier):
    """After the C type of a result: it is the number of items that C wrote into memory.

    ``Annotated[bytes, c_int, Written("text")]`` is about ``Filled(bytes, ..., name="text")``,
    or ``Returned`` with that name.
    With ``again=True``, a number beyond the size is how many items C needs: then it is called
    again with that many; with ``again="negative"``, it returns the negative of that number.
    With ``nul=True``, C also wrote a NUL, which it did not count (``snprintf``).
    In a Callback, C gets the number of items of what the callable returned.
    """

    roles = ("result", "callback result")
    ignores_result = True
    capacity = False

    def __init__(self, name: str, /, *, again: bool | str = False, nul: bool = False) -> None:
        if again not in (False, True, "negative"):
            raise DeclarationError(f'Written: again is True or "negative", not {again!r}')
        self.name = name
        self.again = again
        self.nul = nul

    def modify(self, where: str, value: Value) -> None:
        """Of an integer, which is not returned itself."""
        if value.kind not in ("signed", "unsigned") or value.python_type is not None:
            raise value.cannot_follow(where, self)

    def resolve(self, declaration: "Declaration", value: Value) -> None:
        """Find the memory."""
        _find_memory(declaration, value.where, self)

    def needs(self, call: "CallState", returned: int) -> int:
        """How many items C asks for, if it does."""
        if self.again == "negative":
            return -returned
        return returned + self.nul if self.again else 0

    def store(self, call: "CallState", returned: int) -> None:
        """Remember the number."""
        call.store_length(self.name, ctypes.c_int64(returned))


class _Content(Items):
    """What C filled."""

    def find_size(self, declaration: "Declaration") -> None:
        """The memory has one."""

    is_received = True

    def receive(self, made: bytes) -> "_Memory":
        """The memory that libfastcall made."""
        return _Memory(made, ctypes.sizeof(self.item))

    def describe_back(self) -> dict[str, Any]:
        """With the form of the content."""
        if self.form is list and self.value.none:
            raise NotServedError(f"{self.where}: memory that is not zeros is not served")
        rule = {} if self.item_kind and not self.failure else {"rule": RULES["always"]}
        return {"kind": KINDS["filled"], **self.describe_items(), **rule}

    def empty_item(self) -> bytes:
        """An item that C has not filled in: of handles that are integers, 0 may be open."""
        none = self.value.none if self.form is list else ()
        return bytes(self.item(none[0])) if none else bytes(ctypes.sizeof(self.item))

    def restore(self, result: "_Memory", call: Any) -> Any:
        """Convert what of it is valid; without a length, a text up to its NUL."""
        data = result.valid(self.where)
        if self.form is not str or result.length is not None:
            return self.make(data, call)
        if type_code(self.item) == "u":
            return (self.item * result.size).from_buffer_copy(data).value
        return self.make(data.partition(b"\0")[0], call)


class _Room(ArrayOf):
    """The C argument ``T *`` for it."""

    writable = True
    forms = (bytes, bytearray, str, list)

    def _kind_of(self, item: Any) -> str:
        return "void" if item is None else super()._kind_of(item)


class _Memory:
    """Memory that C fills in a call."""

    def __init__(self, content: bytes | bytearray, item_size: int) -> None:
        self.size = len(content) // item_size
        self.item_size = item_size
        self.view = memoryview(content)
        self.address = address_of(self.view)
        self.length: Any = None

    def can_grow_to(self, size: int) -> bool:
        """Whether C asks for more. A number beyond all memory is an error's, such as ``~0``."""
        return self.size < size <= sys.maxsize // self.item_size

    def valid(self, where: str) -> bytes:
        """What of it is valid."""
        if self.length is None:
            return bytes(self.view)
        count = int(self.length.value)
        if not 0 <= count <= self.size:
            raise ValueError(f"{where}: C says that it wrote {count} of {self.size} items")
        return bytes(self.view[: count * self.item_size])


def _find_memory(declaration: "Declaration", where: str, word: Any) -> None:
    """Check that memory has the name in a Length or Written. Raises DeclarationError."""
    named: dict[str, Any] = {
        each.memory_name: each for each in declaration.results if each.memory_name
    }
    memory = named.get(word.name)
    if memory is None:
        raise DeclarationError(
            f"{where}: {word!r} needs a Filled or Returned with that name; there is"
            f" {', '.join(map(repr, named)) or 'none'}"
        )
    others = [each for each in declaration.asking if each.name == word.name]
    if len(others) > 1:
        raise DeclarationError(f"{where}: {others[0]!r} and {others[1]!r} say the same")
    if (word.again or word.capacity) and not isinstance(memory, _Content):
        raise DeclarationError(f"{where}: {word!r} is for memory that is Filled")
    effects = [effect for each in declaration.arguments for effect in each.effects]
    twice = [f"get twice what {effect!r} is about" for effect in effects]
    if memory.form is list and hasattr(memory.value.given_ctype, "__del__"):
        twice.append("make twice what is Owned")
    stored = [each for each in declaration.results if getattr(each, "is_stored", False)]
    twice += [f"initialise a second {each.c_name}" for each in stored]
    if word.again and twice:
        raise DeclarationError(f"{where}: {word!r} may call C twice, so C would {twice[0]}")
