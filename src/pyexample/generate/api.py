"""What some headers declare, with the values of their constants."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..headers.c_as_cxx import spelled
from ..headers.c_model import (
    Array,
    Declaration,
    Enum,
    Function,
    FunctionType,
    Macro,
    Pointer,
    Record,
    Refusal,
    Type,
    Typedef,
    Variable,
    record_of,
)
from ..headers.compiler import Compiler
from ..headers.header import Header, path_of
from .values import Value, evaluate


@dataclass
class Api:
    """The declarations of the headers' own files, in the order of the text.

    Attributes:
        header: everything, also that of other headers.
        labels: the names in the library of functions that have an asm label.
        values: the values of macros, enumerators and lengths of arrays, by their text.
    """

    header: Header
    labels: dict[str, str]
    values: dict[str, Value] = field(default_factory=dict[str, Value])

    def __post_init__(self) -> None:
        self._files = {file: at for at, file in enumerate(self.header.unit.names)}
        # A header such as jpeglib.h wants <stdio.h> before it.
        self._own = {each for each in self.header.files if not _STANDARD.search(each)}
        self._own = self._own or self.header.files

    def is_own(self, declaration: Declaration) -> bool:
        """Whether a declaration is in a file of the headers' library."""
        return declaration.file in self._own

    def place(self, declaration: Declaration) -> tuple[int, int]:
        """The position in the text: the number of the file, and the line."""
        return self._files.get(declaration.file, -1), declaration.line

    @property
    def functions(self) -> list[Function]:
        """The functions that the library has: not static ones, nor those with a body."""
        return [each for each in self.header.functions.values() if self.is_own(each)]

    @property
    def inline(self) -> list[Function]:
        """The functions that only the header has."""
        unit = self.header.unit
        return [
            each
            for each in unit.functions.values()
            if self.is_own(each) and each.name not in self.header.functions
        ]

    @property
    def variables(self) -> list[Variable]:
        """The global variables that the library has."""
        every = self.header.unit.variables.values()
        return [each for each in every if self.is_own(each) and not each.is_static]

    @property
    def static(self) -> list[Variable]:
        """The variables, mostly constants, that only the header has."""
        every = self.header.unit.variables.values()
        return [each for each in every if self.is_own(each) and each.is_static]

    @property
    def records(self) -> list[Record]:
        """The structs and unions, also those that are only declared."""
        return [each for each in self.header.unit.records if self.is_own(each)]

    @property
    def enums(self) -> list[Enum]:
        """The enums that have constants."""
        every = self.header.unit.enums
        return [each for each in every if self.is_own(each) and each.constants is not None]

    @property
    def typedefs(self) -> list[Typedef]:
        """The names of types."""
        return [each for each in self.header.unit.typedefs.values() if self.is_own(each)]

    @property
    def macros(self) -> list[Macro]:
        """The object-like macros that have a text."""
        every = self.header.unit.macros.values()
        return [each for each in every if self.is_own(each) and each.body]

    @property
    def refusals(self) -> list[Refusal]:
        """What could not be parsed, except C++."""
        every = self.header.unit.refusals
        return [each for each in every if self.is_own(each) and not each.is_cxx]

    def length(self, text: str) -> int | None:
        """The length of an array; None if it is flexible, or the compiler knows none."""
        text = text.strip()
        if text.rstrip("uUlL").isdecimal():
            return int(text.rstrip("uUlL"), 8 if text.startswith("0") else 10)
        found = self.values.get(_length(text))
        return found if isinstance(found, int) else None


_STANDARD = re.compile(
    r"/include/(?:assert|ctype|errno|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib"
    r"|string|time|wchar)\.h$"
)
"""Files of C's standard library that other headers need to be included before them."""


def api_of(
    header: Header,
    labels: dict[str, str],
    compiler: Compiler,
    source: str,
    before: list[str],
    asked: Callable[[Api], Iterator[str]],
) -> Api:
    """What a header declares, with the values that the compiler gives to its constants.

    Args:
        header: what was read.
        labels: the names in the library of functions that have an asm label.
        compiler: the compiler, which must print assembly text.
        source: the .cpp file to write.
        before: the lines of C++ that include the headers.
        asked: lists the expressions of C to ask for: ``constants``, or ``sizes`` only.
    """
    api = Api(header, labels)
    api.values = evaluate(compiler, source, before, asked(api))
    for enum in api.enums:
        for each in enum.constants or ():
            if (value := api.values.get(_in_cxx(enum, each.name))) is not None:
                api.values[each.name] = value
    return api


def _in_cxx(enum: Enum, constant: str) -> str:
    """A constant of an enum in C++, which looks for it in the struct that it is in."""
    scope = _scope(enum.outer) if enum.outer else ""
    return f"{scope}::{spelled(constant)}" if scope else spelled(constant)


def _scope(record: Record) -> str:
    """The C++ name of a record, or the type of the field that has it; "" if it has neither."""
    if path := path_of(record):
        return spelled(path)
    outer = _scope(record.outer) if record.outer else ""
    for each in record.outer.fields or () if record.outer and outer else ():
        if each.name and record_of(each.type) is record:
            return f"decltype({outer}::{spelled(each.name)})"
    return ""


def constants(api: Api) -> Iterator[str]:
    """Macros and constants that may have a value, and what decides the sizes of types."""
    yield from (each.name for each in api.macros if _may_have_value(each.body))
    yield from (spelled(each.name) for each in api.static)
    yield from sizes(api)


def sizes(api: Api) -> Iterator[str]:
    """The expressions that decide the sizes of types: enumerators and lengths of arrays."""
    for enum in api.enums:
        yield from (_in_cxx(enum, each.name) for each in enum.constants or ())
    for length in set(_lengths(api)):
        yield _length(length)


_NO_VALUE = re.compile(
    r"[;{}#]|\b(?:__attribute__|__declspec|extern|typedef|struct|do|while|for|return|static"
    r"|__LINE__|__FILE__|__COUNTER__|__DATE__|__TIME__|__TIMESTAMP__|__func__|__FUNCTION__)\b"
)


def _may_have_value(body: str) -> bool:
    """Whether a macro's text may be an expression, which does not disturb what follows it."""
    return not _NO_VALUE.search(body) and body.count("(") == body.count(")")


def _length(text: str) -> str:
    return f"static_cast<unsigned long long>({spelled(text)})"


def _lengths(api: Api) -> Iterator[str]:
    """The lengths of arrays that are expressions."""
    types: list[Type] = [each.type for each in api.functions]
    types += [each.type for each in api.variables]
    types += [each.type for each in api.header.unit.typedefs.values()]
    types += [it.type for each in api.header.unit.records for it in each.fields or ()]
    while types:
        ctype = types.pop()
        if isinstance(ctype, Array):
            if ctype.length and not ctype.length.rstrip("uUlL").isdecimal():
                yield ctype.length
            types.append(ctype.item)
        elif isinstance(ctype, Pointer):
            types.append(ctype.target)
        elif isinstance(ctype, FunctionType):
            types += [ctype.result, *(each.type for each in ctype.parameters)]
    for each in api.header.unit.records:
        yield from (it.bits for it in each.fields or () if it.bits and not it.bits.isdecimal())
