"""Memory with a length that comes back: what the call makes and C fills, what C returns."""

import copy
import ctypes
import sys
import typing
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .buffers import In, Out, integer_type
from .handles import lenders_of, life_of
from .lifetimes import VIEWS_KEEP
from .received import copy_memory
from .sizes import GivenSize, Size, check_count
from .values import (
    ArgumentWord,
    DeclarationError,
    Modifier,
    Value,
    c_name,
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
    bytearray, str (in UTF-8, up to a NUL) or a list: whole, or as much of it as a ``Length`` or
    ``Written`` of that name says. ``Count(c_size_t, "text")`` is the size, for
    ``Filled(str, c_char, 64, name="text")``.
    """

    phase = 1

    def __init__(
        self, python_type: Any, item: Any, size: GivenSize, /, *, name: str = ""
    ) -> None:
        """Declare it. Raises DeclarationError."""
        self.python_type = python_type
        self.memory_name = name
        self.size = Size("Filled", size)
        if not (self.size.depends or isinstance(size, int)):
            raise DeclarationError(f"Filled: {show(size)} is no number of items")
        self.names = self.size.names
        self.word = Out(item)
        self._declare("Filled")
        self.item = self.output.item
        self.ctype: Any = self.word.ctype
        self.c_name = self.word.c_name

    def _declare(self, where: str) -> None:
        self.output: Any = Items(where, "output", self.python_type, self.word, ())

    def for_function(self, where: str) -> "Filled":
        """The same, whose errors are about ``where``."""
        own = copy.copy(self)
        own._declare(where)
        return own

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters of its size."""
        argument.named = self.size.find(declaration, argument.where, self)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """New memory, of zeros."""
        size = call.sizes.get(self.memory_name)
        if size is None:
            size = self.size.count(argument.where, call, argument.named)
        memory = _Memory(size, ctypes.sizeof(self.item))
        call.outputs[argument.index] = call.memories[self.memory_name] = memory
        return ctypes.cast(memory.address, self.ctype)

    def count(self, call: "CallState", argument: "Argument") -> int:
        """The number of items, for a Count."""
        return int(call.memories[self.memory_name].size)


class Length(ArgumentWord):
    """The C argument ``size_t *``: C stores how many items of memory are valid.

    ``Length(c_size_t, "text")`` is about ``Filled(..., name="text")``, or about what the
    function returns: ``Length(c_size_t, "return")``. With ``capacity=True``, C reads the size
    of the memory there, too. With ``again=True``, C may store how many items it needs instead:
    then it is called again with that many.
    """

    phase = 2

    def __init__(
        self, ctype: Any, name: str, /, *, capacity: bool = False, again: bool = False
    ) -> None:
        self.given = integer_type("Length", ctype)
        self.ctype: Any = ctypes.POINTER(ctype)
        self.c_name = f"{c_name(ctype)} *"
        self.name = name
        self.capacity = capacity
        self.again = again

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the memory."""
        names = {*declaration.memories}
        if isinstance(declaration.result, Items) and not self.capacity:
            names.add("return")
        _check_name(argument.where, self, names)
        _check_again(argument.where, self, declaration)

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """The address of a new integer."""
        size = call.memories[self.name].size if self.capacity else 0
        room = self.given(size)
        if room.value != size:
            raise OverflowError(f"{argument.where} cannot count {size} items")
        call.store_length(self.name, room)
        return ctypes.byref(room)

    def needs(self, call: "CallState", returned: Any) -> int:
        """How many items C asks for, if it does."""
        return int(call.lengths[self.name].value) if self.again else 0


class Written(Modifier):
    """After the C type of a result: it is the number of items that C wrote into memory.

    ``Annotated[bytes, c_int, Written("text")]`` is about ``Filled(bytes, ..., name="text")``.
    With ``again=True``, a number beyond the size is how many items C needs: then it is called
    again with that many; with ``again="negative"``, it returns the negative of that number.
    With ``nul=True``, C also wrote a NUL, which it did not count (``snprintf``).
    """

    roles = ("result",)
    ignores_result = True

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
        value.kind, value.unserved = "", "Written"

    def resolve(self, declaration: "Declaration", value: Value) -> None:
        """Find the memory."""
        _check_name(value.where, self, {*declaration.memories})
        _check_again(value.where, self, declaration)

    def needs(self, call: "CallState", returned: int) -> int:
        """How many items C asks for, if it does."""
        if self.again == "negative":
            return -returned
        return returned + self.nul if self.again else 0

    def store(self, call: "CallState", returned: int) -> None:
        """Remember the number."""
        call.store_length(self.name, ctypes.c_int64(returned))


class Items(Value):
    """Memory that C returns, or that it filled, as ``Annotated[bytes, In(c_char, size)]``.

    The size is what ``Filled`` takes, or None: a ``Length`` says it. Text, bytes and lists are
    copies; ``Owned(free)`` frees the memory afterwards. A memoryview shows C's memory, without
    a copy: it is ``Borrowed``, and cannot be used after the handle that it was borrowed from is
    closed.
    """

    can_be_null = True
    failure_rule = "zero"
    is_plain = False
    unserved = "memory with a length"
    free: Any = None
    owner: Any = None
    lenders: list[int] | None = None

    def __init__(
        self, where: str, role: str, python_type: Any, word: In, words: Iterable[object]
    ) -> None:
        self.word = word
        self.item = word.item or ctypes.c_char
        self.named: list[Argument] = []
        super().__init__(where, role, python_type, word.ctype, words)
        self.given_ctype = ctypes.c_void_p

    def check_types(self, where: str, declared: Any) -> None:
        """What the memory becomes."""
        self.c_name = self.word.c_name
        self.form = typing.get_origin(self.python_type) or self.python_type
        is_bytes = ctypes.sizeof(self.item) == 1
        forms = (bytes, bytearray, str, list, memoryview) if is_bytes else (list, memoryview)
        if self.form not in forms:
            names = " or ".join(each.__name__ for each in forms)
            raise DeclarationError(f"{where}: {names} stands for {self.c_name}, not {declared}")

    def check_words(self, where: str) -> None:
        """A view of memory belongs to somebody."""
        if self.form is memoryview and self.role == "result" and not self.owner:
            raise DeclarationError(
                f"{where}: a memoryview shows memory of C's: write Borrowed after the C type,"
                " or declare bytes or a list, which are copies"
            )

    def own(self, where: str, word: Any) -> None:
        """``Borrowed``."""
        if self.form is not memoryview or self.free:
            raise self.cannot_follow(where, word)
        self.owner = word

    def free_by(self, where: str, word: Any) -> None:
        """``Owned(free)``."""
        if self.form is memoryview:
            raise self.cannot_follow(where, word)
        self.free = word.by

    def resolve(self, declaration: "Declaration", argument: "Argument | None" = None) -> None:
        """Find the parameters of its size."""
        super().resolve(declaration, argument)
        if self.role != "result":
            return
        self.named = self.word.size.find(declaration, self.where, self.word)
        specs = [each.spec for each in declaration.arguments]
        lengths = [each.name for each in specs if isinstance(each, Length)]
        if self.word.size.given is None and "return" not in lengths:
            raise DeclarationError(
                f"{self.where}: how many items are there? Write a size, such as"
                f' In({show(self.item)}, 32) or In({show(self.item)}, "n"), or a'
                ' Length(c_size_t, "return") among the parameters'
            )

    def restore(self, result: Any, call: Any) -> Any:
        """Convert memory that C returned (its address), or that it filled."""
        if isinstance(result, _Memory):
            return self._copy(result.valid(self.where, self.form is str))
        if not result:
            return None
        try:
            size = self._count(call) * ctypes.sizeof(self.item)
            if self.form is memoryview:
                return self._show((ctypes.c_char * size).from_address(result), call)
            return self._copy(copy_memory(result, size))
        finally:
            if self.free:
                self.free(result)

    def _count(self, call: "CallState") -> int:
        length = call.lengths.get("return")
        if length is None:
            return self.word.size.count(self.where, call, self.named)
        return check_count(self.where, int(length.value))

    def _copy(self, data: bytes) -> Any:
        if self.form is list:
            code: Any = type_code(self.item)
            cast: Any = memoryview(data).cast
            return cast(code).tolist()
        return data.decode() if self.form is str else self.form(data)

    def _show(self, memory: Any, call: "CallState") -> memoryview:
        lenders = memory.lenders = lenders_of(self, call)  # kept alive by the view
        code: Any = type_code(self.item)
        view: memoryview = memoryview(memory).cast("B").cast("B" if code == "c" else code)
        if not self.word.writable:
            view = view.toreadonly()
        if not VIEWS_KEEP:
            weakref.finalize(view, id, memory).atexit = False
        for each in lenders:
            life_of(each).show(memory, view)
        return view


class _Memory:
    """Memory that C fills in a call."""

    def __init__(self, size: int, item_size: int) -> None:
        self.size = size
        self.item_size = item_size
        self.view = memoryview(bytearray(size * item_size))
        self.address = address_of(self.view)
        self.length: Any = None

    def can_grow_to(self, size: int) -> bool:
        """Whether C asks for more. A number beyond all memory is an error's, such as ``~0``."""
        return self.size < size <= sys.maxsize // self.item_size

    def valid(self, where: str, is_text: bool) -> bytes:
        """What of it is valid."""
        if self.length is None:
            data = bytes(self.view)
            return data.partition(b"\0")[0] if is_text else data
        count = int(self.length.value)
        if not 0 <= count <= self.size:
            raise ValueError(f"{where}: C says that it wrote {count} of {self.size} items")
        return bytes(self.view[: count * self.item_size])


def _check_again(where: str, word: Any, declaration: "Declaration") -> None:
    effects = [effect for each in declaration.arguments for effect in each.effects]
    if word.again and effects:
        raise DeclarationError(
            f"{where}: {word!r} may call C twice, so C would get twice what {effects[0]!r} is"
            " about"
        )


def _check_name(where: str, word: Any, names: set[str]) -> None:
    if word.name not in names:
        raise DeclarationError(
            f"{where}: {word!r} needs the name of a Filled, not {word.name!r}"
        )
