"""What all parts of a module are built from, and where they are collected."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from ..headers.c_model import Function, Record
from ..headers.processes import CannotJudgeError
from .api import Api
from .items import Item
from .names import Names
from .ownership import Ownership
from .spec import Spec
from .types import Note, Types, note_of


@dataclass
class Module:
    """A binding.

    Attributes:
        items: everything that the module defines.
        left_out: why a declaration is missing, by kind and by C's name.
        guesses: what was guessed, by "function.parameter", or "function.return".
        open: what nobody knows, likewise.
        there: how many of a kind the headers have.
        written: the annotation, or the word, for each "function.parameter".
        prototypes: C's prototype of each function.
        version: the lines of the function that checks the library's version.
        said: the functions, structs and callbacks about which the spec says something.
    """

    items: list[Item] = field(default_factory=list[Item])
    left_out: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    guesses: dict[str, str] = field(default_factory=dict[str, str])
    open: dict[str, str] = field(default_factory=dict[str, str])
    there: Counter[str] = field(default_factory=Counter[str])
    written: dict[str, str] = field(default_factory=dict[str, str])
    prototypes: dict[str, str] = field(default_factory=dict[str, str])
    version: list[str] = field(default_factory=list[str])
    said: set[str] = field(default_factory=set[str])

    def add(self, kind: str, item: Item, count: int = 1) -> None:
        """Add an item that declares something of a kind."""
        item.counts_as, item.count = kind, count
        self.items.append(item)

    @property
    def counts(self) -> Counter[str]:
        """How many of a kind are declared."""
        found: Counter[str] = Counter()
        for each in self.items:
            if each.counts_as:
                found[each.counts_as] += each.count
        return found

    def leave_out(self, kind: str, name: str, why: str) -> None:
        """Record that something is not declared."""
        self.left_out.setdefault(kind, {})[name] = why


Style = Literal["project", "ctypes"]
"""What declarations are written in: the words of ``pyexample.ffi``, or plain ctypes."""


@dataclass(frozen=True)
class Known:
    """The classes that a module has already, to which declarations are added."""

    structs: dict[Record, str]
    handles: dict[Record, str]


@dataclass
class Context:
    """The sources of a module, and what is known of it so far.

    Attributes:
        refused: reasons why declarations are left out, by C's name.
        only, without: choose by their names what is declared.
        known: the module to which declarations are added; None for a module of its own.
        python: the Python names of functions and constants, by C's.
        public: the names by which macros replace others.
    """

    api: Api
    ownership: Ownership
    spec: Spec
    refused: dict[str, str]
    only: re.Pattern[str] | None
    without: re.Pattern[str] | None
    style: Style = "project"
    known: Known | None = None
    names: Names = field(default_factory=Names)
    python: dict[str, str] = field(default_factory=dict[str, str])
    module: Module = field(default_factory=Module)

    def __post_init__(self) -> None:
        self.types = Types(self.api, self.spec.type, self._said)
        # Names that C reserves to implementations: gmp.h defines mpz_abs as __gmpz_abs.
        self.public = {
            each.body: each.name
            for each in self.api.macros
            if each.body.startswith("_") and each.body in self.api.header.functions
        }

    def _said(self, place: str) -> Note | None:
        """The spec's annotation of "struct.field" or "callback.parameter"."""
        text = self.spec.words(place)
        if text is None:
            return None
        note = note_of(text)
        if note is None and not self.spec.names_exactly("words", place):
            return None  # a pattern that is about functions
        if note is None:
            raise CannotJudgeError(f"{self.spec.file}: {place} needs an annotation, not {text}")
        self.module.said.add(place.partition(".")[0])
        return note

    def is_wanted(self, name: str) -> bool:
        """Whether a function, a variable or a constant was asked for."""
        is_wanted = self.only is None or self.only.search(name) is not None
        return is_wanted and not (self.without and self.without.search(name))

    def why_not(self, name: str) -> str | None:
        """Why something is left out; None if it is not."""
        return self.spec.left_out(name) or self.refused.get(name)

    def function(self, c_name: str) -> Function:
        """A function that the spec names. Raises CannotJudgeError if there is none."""
        function = self.api.header.functions.get(c_name)
        if function is None or c_name not in self.python:
            raise CannotJudgeError(f"{self.spec.file}: the headers have no function {c_name}")
        return function

    def name(self, c_name: str, kind: str) -> str | None:
        """Name what is called so in C. None if Python can have no such name."""
        if c_name not in self.python:
            said = self.spec.name(c_name)
            try:
                name = self.names.give(said or self.public.get(c_name, c_name))
            except ValueError as error:
                self.module.leave_out(kind, c_name, f"has {error}")
                return None
            self.spec.check_name(c_name, said or name, name)
            self.python[c_name] = name
        return self.python[c_name]

    def name_type(self, wanted: str, otherwise: str = "_struct") -> str:
        """The name of a class, or of a type of callbacks.

        ``otherwise`` is appended if a function, or another type, has that name.
        """
        said = self.spec.name(wanted)
        name = said or wanted
        if name.startswith("__"):  # which is private in the body of a class
            name = f"_{name.lstrip('_')}"
        try:
            given = self.names.give(name, otherwise)
            self.spec.check_name(wanted, said or given, given)
            return given
        except ValueError:  # a $, for example
            return self.names.give("".join(each for each in wanted if each.isalnum()))
