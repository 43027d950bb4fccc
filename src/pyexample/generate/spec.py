"""The TOML file in which people say what a header does not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from .. import toml
from ..headers.c_model import Function, spell
from ..headers.processes import CannotJudgeError
from ..headers.scalars import SCALARS
from .names import python_name

_TABLES = ("words", "leave-out", "owned", "closes", "names", "types", "defaults", "failing")
_LISTS = ("borrowed", "nullable", "right", "hold-gil")
_PLAIN = ("leave-out", "library", "names", "types")
_VERSION = {"function", "begins"}


@dataclass
class Raise:
    """A rule for results that mean failure.

    Attributes:
        functions: patterns for the names of functions.
        excepted: patterns for those that are excepted.
        types: C types of results, as the header spells them; none for any.
        conditions: the arguments ``when``, ``unless`` and ``none`` of ``Raises``: "negative",
            "zero" or "nonzero"; the name of a function; or a list of numbers and constants.
        message: a function that returns the text for a code, or for a handle; or "".
        code: a function that returns the code for a handle; "" if it is the result.
        returns: the Python type of what comes back instead; "" for the result. Without
            conditions, it is "None".
        error: the name of the exception.
        used_by: the functions that it is about.
    """

    functions: list[str]
    excepted: list[str]
    types: list[str]
    conditions: dict[str, str | list[object]]
    message: str
    code: str
    returns: str
    error: str
    used_by: list[Function] = field(default_factory=list[Function])


@dataclass
class Form:
    """A form of a variadic function, which is called with certain arguments.

    Attributes:
        function: C's name of the function.
        name: the Python name of this form, by which the rest of the spec knows it.
        arguments: what stands in place of the "...": "name: annotation", or the word for
            an argument that the caller does not pass.
    """

    function: str
    name: str
    arguments: list[str]
    is_used: bool = False


_CONDITIONS = ("when", "unless", "none")
_ARRAYS = ("raises", "variadic")
_RULE = {"functions", "except", "type", *_CONDITIONS, "message", "code", "returns", "error"}


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern is about a name."""
    return any(fnmatchcase(name, each) for each in _alternatives(pattern))


@cache
def _alternatives(pattern: str) -> tuple[str, ...]:
    """The patterns that a pattern with alternatives in braces stands for."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if found is None:
        return (pattern,)
    before, after = pattern[: found.start()], pattern[found.end() :]
    return tuple(
        whole
        for each in found[1].split(",")
        for whole in _alternatives(f"{before}{each}{after}")
    )


def _is_name(text: str) -> bool:
    return text.isidentifier() and python_name(text) == text


_VALUES: dict[str, tuple[Callable[[str], bool], str]] = {
    "names": (_is_name, "a name that Python can have"),
    "leave-out": (bool, "why it is left out"),
    "types": (SCALARS.__contains__, "a type of C, such as char or unsigned int"),
}
"""What the values in a table are, and how to tell."""


@dataclass
class Spec:
    """What a spec says. Each of its lines must be of use, or ``check_use`` complains."""

    file: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self._used: set[tuple[str, str]] = set()
        self._check_names()
        self._check_form()
        self._check_values()
        self.rules = [
            self._rule(each) for each in toml.array(self.data.get("raises", [])) or []
        ]
        self._forms = [
            self._form(each) for each in toml.array(self.data.get("variadic", [])) or []
        ]

    def _check_names(self) -> None:
        """Raise CannotJudgeError if there is something that no spec has."""
        known = {"library", "version", *_TABLES, *_LISTS, *_ARRAYS}
        for key in self.data:
            if key not in known:
                raise CannotJudgeError(
                    f"{self.file}: {key} is nothing that a spec has: that is"
                    f" {', '.join(sorted(known))}"
                )

    def _check_form(self) -> None:
        """Raise CannotJudgeError if something is no table, or no list, as it has to be."""
        for key, value in self.data.items():
            table, listed = toml.table(value), toml.array(value)
            if key in _ARRAYS:
                is_right = listed is not None and all(map(toml.table, listed))
                form = f"written [[{key}]], with two brackets"
            elif key in _LISTS:
                is_right = listed is not None and all(isinstance(it, str) for it in listed)
                form = 'a list of texts, ["function.parameter"]'
            else:
                texts = table.values() if table is not None else [None]
                is_right = all(isinstance(it, str) for it in texts)
                form = f"a table of texts, [{key}]"
            if key == "version":
                is_right &= table is not None and table.keys() == _VERSION
                form = "a table with the function that returns the version, and how it begins"
            if not is_right:
                raise CannotJudgeError(f"{self.file}: {key} is {form}")

    def _check_values(self) -> None:
        """Raise CannotJudgeError if a value can mean nothing, whatever the headers have."""
        for key, (is_right, form) in _VALUES.items():
            for name, value in (toml.table(self.data.get(key, {})) or {}).items():
                if not is_right(str(value)):
                    line = f"{name} = {toml.quote(str(value))}"
                    raise CannotJudgeError(f"{self.file}: {key}: {line}: write {form}")

    def _rule(self, value: object) -> Raise:
        table = toml.table(value)
        if table is None or "functions" not in table or not table.keys() <= _RULE:
            raise CannotJudgeError(
                f"{self.file}: [[raises]] needs functions, and may have"
                f" {', '.join(sorted(_RULE - {'functions'}))}"
            )
        conditions: dict[str, str | list[object]] = {}
        for key in _CONDITIONS:
            if key in table:
                listed = toml.array(table[key])
                conditions[key] = str(table[key]) if listed is None else listed
        # Without conditions, the result says nothing but whether the function failed.
        defaults = {"returns": "" if conditions else "None", "error": "Error"}
        message, code, returns, error = (
            str(table.get(key, defaults.get(key, "")))
            for key in ("message", "code", "returns", "error")
        )
        kind = table.get("type", [])
        types = (
            [*map(str, toml.array(kind) or [])] if toml.array(kind) is not None else [str(kind)]
        )
        functions = [*map(str, toml.array(table["functions"]) or [])]
        excepted = [*map(str, toml.array(table.get("except", [])) or [])]
        return Raise(functions, excepted, types, conditions, message, code, returns, error)

    def _form(self, value: object) -> Form:
        table = toml.table(value) or {}
        function, name = (str(table.get(key, "")) for key in ("function", "name"))
        listed = toml.array(table.get("arguments", []))
        if not (function and _is_name(name)) or listed is None or len(table) > 3:
            raise CannotJudgeError(
                f"{self.file}: [[variadic]] needs a function and a name that Python can have,"
                ' and may have arguments: ["value: Annotated[int, c_int]"]'
            )
        return Form(function, name, [*map(str, listed)])

    def forms(self, function: Function) -> list[Form]:
        """The forms in which a variadic function is called."""
        found = [each for each in self._forms if each.function == function.name]
        for each in found:
            each.is_used = True
        return found

    def _find(self, section: str, name: str) -> str | None:
        """The value of the last pattern in a table that matches a name."""
        found = None
        for pattern, value in (toml.table(self.data.get(section, {})) or {}).items():
            if _matches(name, pattern):
                self._used.add((section, pattern))
                found = str(value)
        return found

    def _lists(self, section: str, name: str) -> bool:
        """Whether a pattern in a list matches a name."""
        is_found = False
        for pattern in toml.array(self.data.get(section, [])) or []:
            if _matches(name, str(pattern)):
                self._used.add((section, str(pattern)))
                is_found = True
        return is_found

    def names_exactly(self, section: str, name: str) -> bool:
        """Whether a line of a table has this name, not a pattern that matches it."""
        return name in (toml.table(self.data.get(section, {})) or {})

    def words(self, place: str) -> str | None:
        """The annotation of "function.parameter", or the word of what is not passed."""
        return self._find("words", place)

    def left_out(self, name: str) -> str | None:
        """Why a declaration is left out; None if it is not."""
        return self._find("leave-out", name)

    def name(self, name: str) -> str:
        """The Python name that is said for what C calls so; or ""."""
        return self._find("names", name) or ""

    def check_name(self, c_name: str, said: str, given: str) -> None:
        """Raise CannotJudgeError if something else has the name that is said."""
        if said != given:
            raise CannotJudgeError(
                f"{self.file}: names: {c_name} cannot be {said}: something else has this name"
            )

    def check_closing(self, useless: dict[str, str]) -> None:
        """Raise CannotJudgeError if functions cannot close the types that are said."""
        for function, name in useless.items():
            raise CannotJudgeError(
                f"{self.file}: closes: {function} has no parameter that is a handle of {name}:"
                " name the struct, or the type, to which one of its parameters points"
            )

    def is_nullable(self, place: str) -> bool:
        """Whether NULL may be passed as "function.parameter"."""
        return self._lists("nullable", place)

    def is_right(self, place: str) -> bool:
        """Whether what is guessed of "function.parameter" is known to be right."""
        return self._lists("right", place)

    def holds_gil(self, function: str) -> bool:
        """Whether a function is called without releasing the GIL."""
        return self._lists("hold-gil", function)

    def default(self, struct: str) -> str | None:
        """The function that returns what a new struct begins as."""
        return self._find("defaults", struct)

    def failing(self, callback: str) -> str | None:
        """What C gets from a callback that raises an exception, in an expression."""
        return self._find("failing", callback)

    @property
    def version(self) -> tuple[str, str] | None:
        """The function that returns the library's version, and how that begins."""
        said = toml.table(self.data.get("version", {}))
        return (str(said["function"]), str(said["begins"])) if said else None

    def owner(self, place: str) -> str:
        """``Owned`` or ``Borrowed``, if it is said of "function.parameter"; or ""."""
        said = self._find("owned", place)
        if said is not None:
            return f"Owned({said})" if said else "Owned"
        return "Borrowed" if self._lists("borrowed", place) else ""

    def files(self, here: dict[str, str]) -> dict[str, str]:
        """The file names of the library, by ``sys.platform``."""
        said = toml.table(self.data.get("library", {})) or {}
        return {**here, **{key: str(value) for key, value in said.items()}}

    def type(self, name: str) -> str | None:
        """The type of the language that stands for one of the header's."""
        return self._find("types", name)

    def closes(self, function: str) -> str | None:
        """C's name for the type of what a function closes."""
        return self._find("closes", function)

    def rule(self, function: Function) -> Raise | None:
        """The last rule that is about a function."""
        result = spell(function.type.result)
        for rule in reversed(self.rules):
            is_meant = any(_matches(function.name, each) for each in rule.functions)
            is_meant &= not any(_matches(function.name, each) for each in rule.excepted)
            if is_meant and (not rule.types or result in rule.types):
                rule.used_by.append(function)
                return rule
        return None

    def maker(self, rule: Raise) -> str:
        """What makes a rule's exception: the name of a function, or OSError."""
        if rule.error == "OSError":
            return rule.error
        alike = [
            (it.error, it.message, it.code) == (rule.error, rule.message, rule.code)
            for it in self.rules
        ]
        return f"_error{alike.index(True) or ''}"

    def check_plain(self) -> None:
        """Raise CannotJudgeError if something is said that plain ctypes cannot do."""
        for key in self.data:
            if key not in _PLAIN:
                raise CannotJudgeError(
                    f"{self.file}: {key} is for the words of pyexample.ffi: --style ctypes"
                    f" takes {', '.join(_PLAIN)} only"
                )

    def check_use(self) -> None:
        """Raise CannotJudgeError if a line of the spec is of no use."""
        lost = [
            f"{section}: {pattern}"
            for section in (*_TABLES, *_LISTS)
            for pattern in self.data.get(section, ())
            if (section, str(pattern)) not in self._used
        ]
        lost += [f"raises: {', '.join(it.functions)}" for it in self.rules if not it.used_by]
        lost += [f"variadic: {it.function}" for it in self._forms if not it.is_used]
        if lost:
            raise CannotJudgeError(
                f"{self.file}: nothing in the headers is meant by: {'; '.join(lost)}"
            )


def read(file: str) -> Spec:
    """Read a spec. Raises CannotJudgeError if it is none."""
    return Spec(file, toml.read(file))
