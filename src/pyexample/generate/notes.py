"""The annotations of fields, results, and what callbacks get and return.

What C does not say is declared so that nothing can crash: an address that nobody follows, a
handle that is never closed.
"""

from collections.abc import Sequence
from contextlib import suppress

from ..headers.c_model import (
    Array,
    FunctionType,
    Named,
    Parameter,
    Pointer,
    Type,
    record_of,
    resolve,
)
from ..headers.c_tokens import word_set
from .lengths import counts, counts_name, counts_others, counts_structs, is_of_a_name
from .names import python_name, words_of
from .types import CallbackKey, Kind, Note, Types, Unknown

ADDRESS = Note("int | None", ("c_void_p",))
USER_DATA = Note("Any", ("UserData",))
_UNITS = word_set(
    "frame frames sample samples pixel pixels element elements item items row rows"
)


class Notes:
    """Writes annotations."""

    def __init__(self, types: Types) -> None:
        self._types = types

    def value(self, kind: Kind) -> Note | None:
        """A number, an enum or a struct by value; None for anything else."""
        if kind.name in ("number", "enum", "struct"):
            return Note(kind.python, (kind.ctype,), kind.alias)
        return None

    def field(self, ctype: Type, is_union: bool) -> Note:
        """The annotation of a field. Raises Unknown."""
        kind = self._types.kind(ctype)
        if note := self.value(kind):
            # The program looks which member was stored, before it follows a pointer in it.
            return note.plus("UNCHECKED") if is_union and self._follows(ctype) else note
        if kind.name == "array":
            note = self._array_field(kind)
            return note.plus("UNCHECKED") if is_union and self._follows(ctype) else note
        if kind.name == "callback" and kind.ctype and not is_union:
            with suppress(Unknown):  # it is left out, and the field is an address
                return self.callback(kind)
        if kind.name == "pointer":
            target = self._types.kind_or_none(kind.target)
            if target and target.name == "struct":
                if is_union:
                    return Note("Any", (f'POINTER("{target.python}")',))
                return Note(f'"{target.python} | None"', (f'POINTER("{target.python}")',))
            is_text = target and target.ctype == "c_char" and self._types.is_const(kind.target)
            if is_text and not is_union:
                return Note("str | None", ("c_char_p",))
        return ADDRESS

    def counted(self, ctype: Type, note: Note, count: str, is_address: bool) -> Note:
        """The annotation of a field of which another one, in Python's words, counts the items.

        ``is_address`` says that a pointer is not followed there.
        """
        if note.words[0].endswith("* 0"):
            return note.plus(f'CountedBy("{count}")')
        kind = self._types.kind(ctype)
        target = self._types.pointed(kind)
        if target is None or is_address:
            return ADDRESS if note.python == "str | None" else note
        word = "In" if self._types.is_const(kind.target) else "Out"
        if target.name == "void" or target.is_byte:
            return Note("bytes | None", (f'{word}(c_char, "{count}")',))
        if target.name == "number" and target.ctype != "c_longdouble":
            return Note(
                f"list[{target.python}] | None", (f'{word}({target.ctype}, "{count}")',)
            )
        return note

    def _follows(self, ctype: Type) -> bool:
        """Whether reading a struct, or an array of structs, follows a pointer in it."""
        whole = resolve(ctype)
        if isinstance(whole, Array):
            return self._follows(whole.item)
        record = record_of(whole)
        if record is None or record.keyword == "union":
            return False
        for each in record.fields or ():
            with suppress(Unknown):
                python = self.field(each.type, is_union=False).python
                if python.startswith(("Callable[", "str", '"')) or self._follows(each.type):
                    return True
        return False

    def _array_field(self, kind: Kind) -> Note:
        items = self._types.kind(kind.target)
        length = kind.length or 0
        if items.ctype == "c_char":  # without a length, it is empty
            return Note("bytes", (f"c_char * {length}",))
        if items.name == "array":
            inner = self._array_field(items)
            return Note(f"Array[{inner.python}]", (f"{inner.words[0]} * {length}",))
        note = self.value(items) or ADDRESS
        return Note(f"Array[{note.python}]", (f"{note.words[0]} * {length}",))

    def callback(self, kind: Kind, none: bool = True) -> Note:
        """A callable that C calls."""
        listed, result = self.signature(kind)
        python = f"Callable[[{', '.join(listed)}], {result}]"
        return Note(f"{python} | None" if none else python, (kind.ctype,))

    def signature(self, callback: Kind) -> tuple[list[str], str]:
        """The Python types of what a callable gets and returns."""
        key = callback.callback
        if key is None:
            raise Unknown("a callback of no type")
        given = [note for _, note in self.callback_parameters(key, callback.ctype)]
        result = self.callback_result(key[0], key[1] or callback.ctype)
        return [each.python for each in given], result.python

    def callback_parameters(self, key: CallbackKey, python: str) -> list[tuple[str, Note]]:
        """What a callback gets, by name; ``python`` is its own in Python. Raises Unknown."""
        function, c_name = key[0], key[1] or python
        if function.variadic:
            raise Unknown("a variable number of arguments")
        names = python_names(function.parameters)
        sized = pairs(self._types, function.parameters)
        return [
            (
                name,
                self._types.said(f"{c_name}.{name}")
                or (USER_DATA if at == self._types.user_data.get(key) else None)
                or self._got(each.passed, names[sized[at]] if at in sized else ""),
            )
            for at, (name, each) in enumerate(zip(names, function.parameters, strict=True))
        ]

    def _got(self, ctype: Type, count: str) -> Note:
        kind = self._types.kind(ctype)
        if note := self.value(kind):
            return note
        if kind.name == "handle":
            return Note(f"{kind.python} | None", ("c_void_p",))
        if kind.name != "pointer":
            return ADDRESS
        target = self._types.kind_or_none(kind.target)
        is_const = self._types.is_const(kind.target)
        if count and target and (target.name == "void" or target.is_byte):
            word = "In" if is_const else "Out"
            return Note("memoryview | None", (f'{word}(c_char, "{count}")',))
        if target and target.name == "struct":
            return Note(f'"{target.python} | None"', (f'POINTER("{target.python}")',))
        if target and target.ctype == "c_char" and is_const:
            return Note("str | None", ("c_char_p",))
        return ADDRESS

    def callback_result(self, function: FunctionType, c_name: str) -> Note:
        """What a callback returns; for void, "None" without words. Raises Unknown."""
        if said := self._types.said(f"{c_name}.return"):
            return said
        kind = self._types.kind(function.result)
        if kind.name == "void":
            return Note("None", ())
        if kind.name == "struct":
            raise Unknown(f"a callback that returns {kind.python} by value")
        return self.value(kind) or ADDRESS


def python_names(parameters: Sequence[Parameter]) -> list[str]:
    """The names of parameters, generated for those without one. Raises Unknown."""
    given = [each.name for each in parameters]
    names: list[str] = []
    for number, name in enumerate(given, 1):
        try:
            name = python_name(name) if name else f"argument{number}"
        except ValueError as error:
            raise Unknown(str(error)) from None
        while name in names or (name != given[number - 1] and name in given):
            name += "_"
        names.append(name)
    return names


def pairs(types: Types, parameters: Sequence[Parameter]) -> dict[int, int]:
    """The parameters that are pointers to several items, and those that count these."""
    found: dict[int, int] = {}
    for at, each in enumerate(parameters):
        kind = types.kind_or_none(each.passed)
        target = types.pointed(kind)
        if kind is None or target is None:
            continue
        is_list = target.name in ("pointer", "handle")
        if is_list and not is_const_list(types, kind.target):
            continue
        beside = (at + 1, at - 1) if is_list else (at + 1,)
        for other in beside:
            is_taken = other in found.values() or not 0 <= other < len(parameters)
            if not is_taken and _counts(types, parameters[other], each, target):
                found[at] = other
                break
    return found


def _counts(types: Types, parameter: Parameter, pointer: Parameter, target: Kind) -> bool:
    """Whether a parameter beside a pointer is surely the number of such items."""
    kind = types.kind_or_none(parameter.passed)
    if kind is None or not kind.is_integer or kind.is_byte:
        return False
    in_bytes = target.name == "void" or target.is_byte
    if not parameter.name:
        # After a text, 64 bits may as well be a time.
        is_wide = target.name == "void" and kind.ctype in ("c_ulonglong", "c_uint64")
        return in_bytes and (is_wide or kind.ctype == "c_size_t")
    if target.name in ("struct", "pointer", "handle") and not counts_structs(parameter.name):
        return False
    is_size = kind.ctype == "c_size_t"
    if _is_name(types, pointer) and not counts_name(parameter.name, pointer.name, is_size):
        return False
    words = words_of(parameter.name)
    if target.name == "void" and not _UNITS.isdisjoint(words):
        return False
    is_of_others = in_bytes and counts_others(parameter.name, pointer.name)
    return counts(parameter.name, in_bytes) and not is_of_others


def _is_name(types: Types, parameter: Parameter) -> bool:
    """Whether a parameter is a text that NUL ends, by its name or that of its type."""
    typedef = parameter.type.typedef.name if isinstance(parameter.type, Named) else ""
    return _is_text(types, parameter) and (
        is_of_a_name(parameter.name) or is_of_a_name(typedef)
    )


def _is_text(types: Types, parameter: Parameter) -> bool:
    kind = types.kind_or_none(parameter.passed)
    target = types.pointed(kind)
    is_char = target is not None and target.ctype == "c_char"
    return is_char and kind is not None and types.is_const(kind.target)


def may_count(types: Types, parameters: Sequence[Parameter], at: int) -> bool:
    """Whether what follows a text may as well be its length as anything else."""
    if at + 1 >= len(parameters) or not _is_text(types, parameters[at]):
        return False
    kind = types.kind_or_none(parameters[at + 1].passed)
    if kind is None or not kind.is_integer or kind.is_byte:
        return False
    name = parameters[at + 1].name
    is_of_others = counts_others(name, parameters[at].name)
    return not name or (counts(name, in_bytes=True) and not is_of_others)


def is_const_list(types: Types, target: Type) -> bool:
    """Whether an array of pointers is one that C only reads: const T *const *, const T **."""
    whole = resolve(target)
    return isinstance(whole, Pointer) and (
        types.is_const(target) or types.is_const(whole.target)
    )
