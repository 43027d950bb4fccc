"""Memory of C's that becomes Python's: what a function returns, and a callback gets."""

import ctypes
import typing
import weakref
from collections.abc import Iterable
from sys import implementation
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .buffers import ITEM_KINDS, In, c_half
from .kinds import make_value
from .lenders import lenders_of
from .libfastcall import KINDS, NotServedError
from .lifetimes import VIEWS_KEEP
from .records import show_until_closed
from .sizes import TERMINATED, UNCHECKED, check_count
from .structures import function_address
from .values import DeclarationError, Value, content_of, show, type_code
from .views import View

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration


class Items(Value):
    """Items whose address C gives, as ``Annotated[bytes, In(c_char, size)]``.

    The size is one of ``In``, or None: a ``Length`` says it. Bytes, texts and lists are copies;
    ``Owned(free)`` frees C's memory afterwards. The items of a list are declared like results:
    ``Annotated[list[Box], ArrayOf(c_void_p, "n", Borrowed)]``. A memoryview shows C's memory,
    without a copy: if it is ``Borrowed``, it cannot be used after the handle that it was
    borrowed from is closed; if it is ``Owned(free)``, that is called when nothing shows the
    memory any more.

    Attributes:
        form: bytes, bytearray, str, list or memoryview.
        value: an item of a list.
        owner: the word that says that C does.
        allocate: the function that makes room for it in C's memory, if C frees it.
    """

    can_be_null = True
    failure_rule = "zero"
    is_plain = False
    value: Value
    owner: Any = None
    allocate: Any = None
    lenders: list[int] | None = None

    def __init__(
        self, where: str, role: str, python_type: Any, word: In, words: Iterable[object]
    ) -> None:
        self.word = word
        self.item: Any = word.item or ctypes.c_char
        self.memory_name = "return" if role in ("result", "callback result") else ""
        self.named: list[Argument] = []
        super().__init__(where, role, python_type, word.ctype, words)

    def check_types(self, where: str, declared: Any) -> None:
        """What the memory becomes."""
        self.c_name = self.word.c_name
        self.given_ctype: Any = ctypes.c_void_p
        self.form = typing.get_origin(self.python_type) or self.python_type
        forms = self._forms()
        if self.form not in forms:
            names = " or ".join("list[...]" if it is list else it.__name__ for it in forms)
            raise DeclarationError(
                f"{where}: {names or 'nothing'} stands for {self.c_name}, not {declared}"
            )
        if self.word.words and self.form is not list:
            item = self.word.words[0]
            raise DeclarationError(f"{where}: {item!r} is about items, and {declared} has none")
        if self.word.order != "C":
            raise DeclarationError(f"{where}: {self.word!r}: order= is for what C is passed")
        if self.form is list:
            (kind,) = typing.get_args(self.python_type) or (Any,)
            # Handles that a callback gets have no owner. Others are as in memory, not by value.
            is_handle = self.role == "callback parameter" and type_code(self.item)
            role = self.role if is_handle else "output"
            inner = f"{where}, item of {self.word!r}"
            self.value = make_value(inner, role, kind, self.item, *self.word.words)
            const = "" if self.word.writable else "const "
            self.c_name = f"{const}{self.value.c_name} *"

    def _forms(self) -> list[type]:
        code, is_byte = type_code(self.item), ctypes.sizeof(self.item) == 1
        is_served: dict[type, bool] = {
            bytes: is_byte,
            bytearray: is_byte,
            str: is_byte or code == "u",
            list: True,
            memoryview: (code in ITEM_KINDS and self.item is not c_half) or code == "c",
        }
        return [each for each in self.word.forms if is_served[each]]

    def check_words(self, where: str) -> None:
        """A view of memory belongs to somebody."""
        if self.form is not memoryview or self.role == "callback parameter":
            return
        if self.owned and self.owner:
            raise self.cannot_follow(where, self.words[-1])
        if self.owned and not VIEWS_KEEP:
            raise DeclarationError(
                f"{where}: {self.words[-1]!r}: a memoryview does not keep what it shows on"
                f" {implementation.name}: declare bytes or a list, which are copies"
            )
        if not (self.owned or self.owner):
            raise DeclarationError(
                f"{where}: a memoryview shows memory of C's: write Borrowed after the C type if"
                " C still owns it, or Owned(free); or declare bytes or a list, which are copies"
            )

    def own(self, where: str, word: Any) -> None:
        """``Borrowed``."""
        if self.form is list:
            raise DeclarationError(
                f"{where}: the list is a copy. If its items are {word!r}, write that behind"
                f" their C type: ArrayOf({show(self.item)}, ..., {word!r})"
            )
        if self.form is not memoryview:
            raise self.cannot_follow(where, word)
        self.owner = word

    def resolve(self, declaration: "Declaration", argument: "Argument | None" = None) -> None:
        """Find the parameters of its size."""
        super().resolve(declaration, argument)
        if self.form is list:
            self.value.resolve(declaration)
        self.find_size(declaration)

    def for_checker(self) -> dict[str, Any]:
        """The handles in a list; of other memory, whether the caller frees it."""
        if self.form is list:
            return {"handle": self.value.for_checker().get("handle")}
        return {"owner": "Owned" if self.owned else ""}

    def describe_back(self) -> dict[str, Any]:
        """What libfastcall copies, with what frees it. Python copies or shows the rest."""
        if not all(isinstance(each.spec, Value) for each in self.named):
            raise NotServedError(f"{self.where}: memory as long as a buffer is not served")
        described = self.describe_for_python()
        if not self.item_kind or self.word.size.given is TERMINATED:
            return described
        rules = self.with_rules({})
        try:
            size = self.word.size.describe(self.where, self.named)
        except NotServedError:
            return described
        if len(rules) > 1:  # a code that is no address, say
            return described
        if self.owned:
            described["free"] = self.given_ctype.free_address
        described |= {"kind": KINDS["items"], **self.describe_items(), **rules}
        described["number"], described["factors"] = size.get("low", 0), size.get("factors", 0)
        described["size_function"] = size.get("function")
        return described

    @property
    def item_kind(self) -> str:
        """What libfastcall makes: bytes, a text, or a list of these; "": Python does."""
        if self.form is list:
            return ITEM_KINDS.get(type_code(self.item), "") if self.value.is_plain else ""
        if self.form is str:
            return "str" if ctypes.sizeof(self.item) == 1 else ""
        return "" if self.form is memoryview else "bytes"

    def describe_items(self) -> dict[str, Any]:
        """Fields of a CValue: the items of what comes back."""
        return {
            "item": KINDS[self.item_kind or "bytes"],
            "item_size": ctypes.sizeof(self.item),
            "conversion": bytearray if self.form is bytearray else None,
        }

    def find_size(self, declaration: "Declaration") -> None:
        """How many items are there? Raises DeclarationError."""
        size = self.word.size
        self.named = size.find(declaration, self.where, self.word)
        lengths = [each for each in declaration.asking if each.name == self.memory_name]
        if size.given is not None and lengths:
            raise DeclarationError(
                f"{self.where}: {self.word!r} and {lengths[0]!r} both say how many items there"
                " are: write one of them"
            )
        if size.depends and not size.names and self.role.startswith("callback"):
            raise DeclarationError(
                f"{self.where}: {self.word!r}: in a Callback, a size is that of parameters, a"
                " number or TERMINATED"
            )
        if size.given in (None, UNCHECKED) and not lengths:
            begin = f"{type(self.word).__name__}({show(self.word.item)},"
            raise DeclarationError(
                f"{self.where}: how many items are there? Write a size, such as {begin} 32),"
                f' {begin} "n") or {begin} TERMINATED){_LENGTHS.get(self.role, "")}'
            )

    def read(self, content: bytes, place: int) -> Any:
        """An address, as through ctypes."""
        return self.given_ctype.from_buffer_copy(content, place)

    def restore(self, result: Any, call: Any) -> Any:
        """Convert what is at an address; then free it, if it is Owned."""
        address = _address_in(result)
        if not address and self.nullable:
            return None
        try:
            count = self._count(address, call)
            if not address and count:
                return None
            size = count * ctypes.sizeof(self.item)
            if self.form is not memoryview:
                return self.make(copy_memory(address, size), call)
            # What is Owned is freed when nothing refers to it.
            return self.show(address, size, call, result if self.owned else None)
        finally:
            if self.owned and self.form is not memoryview:
                result.free()

    def _count(self, address: int, call: "CallState") -> int:
        length = call.lengths.get(self.memory_name)
        if length is not None:
            return check_count(self.where, length.value)
        if self.word.size.given is TERMINATED:
            return _count_to_zero(address, ctypes.sizeof(self.item)) if address else 1
        return self.word.size.count(self.where, call, self.named)

    def make(self, data: bytes, call: Any) -> Any:
        """What a copy of the memory becomes."""
        if self.form is list:
            return self._make_list(data, call)
        if self.form is not str:
            return self.form(data)
        if type_code(self.item) == "u":
            number = len(data) // ctypes.sizeof(self.item)
            return (self.item * number).from_buffer_copy(data)[:]
        return data.decode()

    def _make_list(self, data: bytes, call: Any) -> Any:
        value, code = self.value, type_code(self.item)
        if value.is_plain and code in ITEM_KINDS:
            cast: Any = memoryview(data).cast
            return cast(code).tolist()
        kind: Any = value.given_ctype if isinstance(value.given_ctype, type) else value.ctype
        places = range(0, len(data), ctypes.sizeof(self.item))
        # All of them first: each object owns what is Owned, whatever happens to the others.
        contents = [content_of(kind.from_buffer_copy(data, at)) for at in places]
        return [value.from_c(each, call) for each in contents]

    def show(self, address: int, size: int, call: "CallState", owned: Any = None) -> memoryview:
        """A view of the memory, until the handles that it was borrowed from are closed."""
        memory: Any = (ctypes.c_char * size).from_address(address)
        lenders = [] if owned else lenders_of(self, call)
        memory.kept = owned or lenders  # as long as any view
        view = self.cast(memoryview(memory).cast("B"))
        if not self.word.writable:
            view = view.toreadonly()
        if not VIEWS_KEEP:
            weakref.finalize(view, id, memory).atexit = False
        for each in lenders:
            show_until_closed(each, memory, view)
        return view

    def view(self, given: Any) -> View:
        """The buffer that C is to use."""
        if self.form is str:
            if not isinstance(given, str):
                raise TypeError(f"{self.where} must be str, not {type(given).__name__}")
            given = given.encode()
        elif self.form is list and type(given) in (list, tuple):
            items = [self.value.to_c(each) for each in given]
            given = (self.item * len(items))(*items)
        if (
            not VIEWS_KEEP and not self.word.writable and isinstance(given, bytes)
        ):  # PyPy's move
            given = ctypes.create_string_buffer(given, len(given))
        argument: Any = SimpleNamespace(where=self.where, counts_items=False, has_stride=False)
        argument.python_type = None
        return View(argument, self.word, given)

    def cast(self, view: memoryview) -> memoryview:
        """The view of bytes as one of items."""
        code: Any = type_code(self.item)
        cast: Any = view.cast
        return view if code == "c" else cast(code)


def _address_in(raw: Any) -> int:
    """The address that a pointer of ctypes holds. It makes an int of a ``void *``."""
    if raw is None or isinstance(raw, int):
        return raw or 0
    return function_address(raw)


def copy_memory(address: int, size: int) -> bytes:
    """The memory at an address: ``string_at`` takes an int as its size."""
    pieces = range(0, size, _MOST)
    return b"".join(ctypes.string_at(address + at, min(_MOST, size - at)) for at in pieces)


_MOST = 2**30
_LENGTHS = {
    "result": ', or a Length(c_size_t, "return") among the parameters',
    "output": ', or name="data" and a Length(c_size_t, "data")',
    "callback result": ', or name="data" and a Length(c_size_t, "data") or Written("data")',
}


def _count_to_zero(address: int, size: int) -> int:
    """The number of items before one that is 0, behind which may be no memory."""
    count = 0
    while any(ctypes.string_at(address + count * size, size)):
        count += 1
    return count
