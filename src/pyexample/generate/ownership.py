"""Guess from names and types which structs are handles, who makes them, and who closes them."""

import re
from collections.abc import Callable, Iterator

from ..headers.c_model import (
    Array,
    Function,
    FunctionType,
    Named,
    Pointer,
    Record,
    Tagged,
    Type,
    Typedef,
    function_of,
    record_of,
    resolve,
)
from ..headers.c_tokens import word_set
from .api import Api
from .attributes import freed_by
from .names import words_of
from .types import names_of_types

Subject = Record | Typedef
"""What a handle points to: a struct, or what a name for ``void`` stands for."""

_CLOSING = word_set(
    "free close destroy delete release dispose finalize cleanup term deinit uninit unref finish"
    " drop"
)
_MAKING = word_set(
    "create new open alloc allocate malloc dup duplicate clone copy make load fopen parse"
    " compile"
)
_LENDING = word_set("get find current default peek")
_ENDINGS = word_set("s st t tag struct rec type impl")


class Ownership:
    """What the names of functions say about handles.

    Attributes:
        handles: what is pointed to by handles, in the order of the text.
        closers: the functions that close a handle, and what it points to.
        said: the functions of which the headers themselves say that they close something.
        freeing: the functions that free what others return, and what is no handle, likewise.
        useless: functions that were said to close a type, but take none of it.
        names: the names that C has for what handles point to, the best first.
    """

    def __init__(self, api: Api, closes: Callable[[str], str | None]) -> None:
        """``closes`` returns which type a further function closes, by C's name of it."""
        self._api = api
        self.names: dict[Subject, list[str]] = {}
        self._name_all()
        by_name = {name: each for each, names in self.names.items() for name in names}
        self.closers: dict[str, Subject] = {}
        self.useless: dict[str, str] = {}
        for function in api.functions:
            if said := closes(function.name):
                subject = by_name.get(said)
                if subject is None or subject not in self._taken_by(function):
                    self.useless[function.name] = said
            else:
                subject = self._closed_by(function)
            if subject is not None:
                self.closers[function.name] = subject
        self.said: set[str] = set()
        self.freeing: set[str] = set()
        self._read_attributes()
        self._behind_pointers = {it for each in self._types() for it in self._subjects(each)}
        self._returned = set(self._coming_back())
        self._values = {it for each in self._types(with_fields=True) for it in _values_in(each)}
        self.handles = [each for each in self.names if self._is_handle(each)]

    def _name_all(self) -> None:
        unit = self._api.header.unit
        for record in unit.records:
            self.names[record] = [record.tag] if record.tag else []
        for typedef in unit.typedefs.values():
            what = names_of_types(typedef)
            if named := record_of(typedef.type):
                self._add(named, typedef.name, is_first=True)
            elif what == "pointer" and (pointed := _pointed(typedef.type)):
                self._add(pointed, typedef.name, is_first=False)
            elif what.startswith("void") and self._api.is_own(typedef):
                self.names[typedef] = [typedef.name]

    def _add(self, record: Record, name: str, is_first: bool) -> None:
        names = self.names.setdefault(record, [])
        if name not in names:
            has_tag_only = names[:1] == [record.tag] and not self._is_type(record)
            is_best = is_first and (not names or has_tag_only)
            names.insert(0 if is_best else len(names), name)

    def _is_type(self, record: Record) -> bool:
        """Whether a struct's tag is also its name as a type."""
        typedef = self._api.header.unit.typedefs.get(record.tag)
        return typedef is not None and record_of(typedef.type) is record

    def subject_of(self, ctype: Type) -> Subject | None:
        """What a pointer of this type points to, if that can be a handle."""
        while isinstance(ctype, Named):
            if ctype.typedef in self.names:
                # A name for a pointer to void is a handle by itself.
                return (
                    ctype.typedef if names_of_types(ctype.typedef) == "void pointer" else None
                )
            ctype = ctype.typedef.type
        if not isinstance(ctype, Pointer):
            return None
        target = ctype.target
        while isinstance(target, Named):
            if target.typedef in self.names and names_of_types(target.typedef) == "void":
                return target.typedef
            target = target.typedef.type
        if isinstance(target, Tagged) and isinstance(target.declared, Record):
            return target.declared
        return None

    def stored_by(self, ctype: Type) -> Subject | None:
        """What a handle points to that a function stores through a pointer of this type."""
        whole = resolve(ctype)
        return self.subject_of(whole.target) if isinstance(whole, Pointer) else None

    def _read_attributes(self) -> None:
        """Find the functions that free what others return: __attribute__((malloc(it)))."""
        for function in self._api.functions:
            freeing = self._api.header.functions.get(freed_by(function))
            if freeing is None or not self._api.is_own(freeing):
                continue
            subject = self.subject_of(function.type.result)
            if subject is None:
                self.freeing.add(freeing.name)
            elif subject in self._taken_by(freeing):
                self.closers.setdefault(freeing.name, subject)
                self.said.add(freeing.name)

    def _taken_by(self, function: Function) -> Iterator[Subject | None]:
        """What the handles point to that a function gets, or gets the address of."""
        for each in function.type.parameters:
            yield self.subject_of(each.passed)
            yield self.stored_by(each.passed)

    def makes(self, function: Function) -> bool:
        """Whether the name of a function says that what comes back is the caller's."""
        words = [each for each in words_of(function.name) if each in _MAKING | _LENDING]
        is_allocator = any(each.startswith("malloc") for each in function.attributes)
        return (
            is_allocator or bool(words and words[0] in _MAKING) or self._initialises(function)
        )

    def _initialises(self, function: Function) -> bool:
        """Whether a function returns what it initialises, such as curl_easy_init()."""
        made = self.subject_of(function.type.result)
        is_named_so = "init" in words_of(function.name) and made is not None
        # A reader of a database, for example; not one that returns what it was passed.
        return is_named_so and made not in self._taken_by(function)

    def _closed_by(self, function: Function) -> Subject | None:
        """What a function closes, if it is named like that, and takes nothing else."""
        parameters = function.type.parameters
        words = words_of(function.name)
        while len(words) > 1 and re.fullmatch(r"v?\d+|ex", words[-1]):  # sqlite3_close_v2
            words.pop()
        closing = [each for each in words if each in _CLOSING]
        if len(parameters) != 1 or len(closing) != 1 or function.type.variadic:
            return None
        passed = parameters[0].passed
        subject = self.subject_of(passed) or self.stored_by(passed)
        rest = "".join(each for each in words if each not in _CLOSING)
        for name in self.names.get(subject, ()) if subject is not None else ():
            parts = words_of(name)
            while len(parts) > 1 and parts[-1] in _ENDINGS:
                parts.pop()
            # sqlite3_close closes a sqlite3, ZSTD_freeCCtx a ZSTD_CCtx, shapes_free a shape.
            if rest and "".join(parts).startswith((rest, rest.removesuffix("s"))):
                return subject
        return None

    def _is_handle(self, subject: Subject) -> bool:
        if isinstance(subject, Typedef):
            if names_of_types(subject) == "void":
                return subject in self._behind_pointers
            return subject in self._returned and not re.search(
                r"(ptr|pointer|voidp\w?|addr)(_t)?$", subject.name, re.IGNORECASE
            )
        if not self._api.is_own(subject):
            return False
        if subject.fields is None:
            return subject in self._behind_pointers
        return (
            subject in self.closers.values()
            and bool(self.names[subject])
            and subject.keyword == "struct"
            and subject in self._returned
            and subject not in self._values
        )

    def _coming_back(self) -> Iterator[Subject | None]:
        """What the handles point to that functions return, or store."""
        for each in self._api.functions:
            yield self.subject_of(each.type.result)
            yield from (self.stored_by(it.passed) for it in each.type.parameters)

    def _types(self, with_fields: bool = False) -> Iterator[Type]:
        """The types of functions, variables and callbacks, and of fields."""
        api = self._api
        yield from (each.type for each in api.functions)
        yield from (each.type for each in api.variables)
        yield from (each.type for each in api.typedefs if function_of(each.type))
        for record in api.records:
            for each in record.fields or ():
                if with_fields or function_of(each.type):
                    yield each.type

    def _subjects(self, ctype: Type) -> Iterator[Subject]:
        """What handles in the parameters and the result of a function point to."""
        whole = resolve(ctype)
        if isinstance(whole, FunctionType):
            for each in (whole.result, *(it.passed for it in whole.parameters)):
                yield from self._subjects(each)
        elif isinstance(whole, Pointer):
            if (subject := self.subject_of(ctype)) is not None:
                yield subject
            yield from self._subjects(whole.target)


def is_closing(function: Function) -> bool:
    """Whether the name of a function says that it frees or closes something."""
    return not _CLOSING.isdisjoint(words_of(function.name))


def _pointed(ctype: Type) -> Record | None:
    whole = resolve(ctype)
    return record_of(whole.target) if isinstance(whole, Pointer) else None


def _values_in(ctype: Type) -> Iterator[Record]:
    """The records that a type has themselves, not by pointers: by value, or as items."""
    whole = resolve(ctype)
    if isinstance(whole, FunctionType):
        types = (whole.result, *(it.type for it in whole.parameters))
        yield from filter(None, map(record_of, types))
    elif isinstance(whole, Array):
        yield from _values_in(whole.item)
    elif record := record_of(whole):
        yield record
