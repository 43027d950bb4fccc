"""The recorded declarations, and how their types are written in Python and in C++.

The package ``recording`` describes the form of a type: "c_int", a list, or None for void.
"""

import json
import os
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..headers.mistakes import told
from ..headers.processes import CannotJudgeError, run

Type = Any

CXX = {
    "c_bool": "bool",
    "c_char": "ct_char",
    "c_wchar": "wchar_t",
    "c_byte": "signed char",
    "c_ubyte": "unsigned char",
    "c_short": "short",
    "c_ushort": "unsigned short",
    "c_int": "int",
    "c_uint": "unsigned int",
    "c_long": "long",
    "c_ulong": "unsigned long",
    "c_longlong": "long long",
    "c_ulonglong": "unsigned long long",
    "c_float": "float",
    "c_double": "double",
    "c_longdouble": "long double",
    "c_float_complex": "__complex__ float",
    "c_double_complex": "__complex__ double",
    "c_longdouble_complex": "__complex__ long double",
    "c_char_p": "ct_pointer<ct_char>",
    "c_wchar_p": "ct_pointer<wchar_t>",
    "c_void_p": "ct_pointer<void>",
    "py_object": "ct_object",
    "c_size_t": "size_t",
    "c_ssize_t": "ptrdiff_t",
    "c_time_t": "time_t",
    **{
        f"c_{kind}{bits}": f"{kind}{bits}_t"
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}


def kind_of(ctype: Type) -> str:
    """The kind of a type that is a list, such as "pointer"; "" for any other type."""
    return "" if ctype is None or isinstance(ctype, str) else str(ctype[0])


@dataclass
class Field:
    """A field of a Structure.

    ``bits`` is the width of a bit-field, and ``mask`` the bits that ctypes sets for it: a
    number whose lowest byte is the first byte of the struct.
    """

    name: str
    type: Type
    bits: int
    mask: str
    offset: int
    size: int
    alignment: int


@dataclass
class Struct:
    """A Structure or Union, laid out as ctypes does on the platform of this Python.

    ``bases`` are the numbers of the structs that it is derived from; ``strays`` are attributes
    that ctypes ignores, each with the one that is meant.
    """

    name: str
    file: str
    line: int
    union: bool
    pack: int
    align: int
    size: int
    alignment: int
    complete: bool
    bases: list[int]
    strays: list[list[str]]
    anonymous: list[str]
    fields: list[Field]


@dataclass
class Words:
    """What a declaration says about an argument or a result that its ctypes type does not.

    Attributes:
        direction: of memory: "in" if C reads it, "out" if C writes there, "" otherwise.
        items: of memory: how many items it has at least, 0 if no number says so; else None.
        handle: the name of a handle's class, and those of the classes it is derived from.
        owner: of a text that is passed: "Python"; of what comes back: "Owned" or "Borrowed",
            or of a text "unsaid"; of a handle that a function closes: "Closes"; else "".
        callback: of a callback: about each of its arguments and, at the end, its result.
    """

    direction: str = ""
    items: int | None = None
    handle: list[str] = field(default_factory=list[str])
    owner: str = ""
    callback: "list[Words]" = field(default_factory=list["Words"])

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Words":
        """The recorded ones."""
        within = [cls.of(each) for each in found.get("callback", [])]
        given: dict[str, Any] = {**found, "callback": within}
        return cls(**given)


@dataclass
class Function:
    """A function that was looked up.

    ``arguments`` is None if argtypes is not set; ``strays`` are attributes that ctypes
    ignores, each with the one that is meant. ``words`` are about each argument and, at the
    end, the result; ``is_worded`` says that they are those of pyexample.ffi. ``loaded`` is the
    path of the library that has the function, "" for a stand-in or if the system does not tell.
    ``is_optional`` says that the module continues if the library lacks the function.
    """

    name: str
    library: str
    file: str
    line: int
    result: Type
    result_is_set: bool
    arguments: list[Type] | None
    strays: list[list[str]]
    words: list[Words]
    is_worded: bool
    loaded: str
    is_optional: bool

    @property
    def is_declared(self) -> bool:
        """Whether argtypes or restype is set."""
        return self.arguments is not None or self.result_is_set


@dataclass
class Variable:
    """A global variable, which only pyexample.ffi declares. ``name`` is that in C."""

    name: str
    type: Type
    is_writable: bool
    file: str
    line: int


@dataclass
class Constant:
    """An integer constant, and the names that it may have in C."""

    name: str
    names: list[str]
    value: int
    file: str
    line: int


@dataclass
class Declarations:
    """All declarations of some modules.

    Attributes:
        structs, functions, constants, variables: the declarations.
        libraries: the names of the libraries that were opened.
        files: the files of the modules.
        faults: bugs of ours, each with the declaration that caused it.
        status: the exit status of the recorded program.
    """

    structs: list[Struct]
    functions: list[Function]
    constants: list[Constant]
    variables: list[Variable] = field(default_factory=list[Variable])
    libraries: list[str] = field(default_factory=list[str])
    files: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])
    status: int = 0

    @contextmanager
    def each(self, subject: str) -> Generator[None]:
        """Record a bug of ours in handling a declaration, and let the others be checked."""
        try:
            yield
        except CannotJudgeError:
            raise
        except Exception as error:
            self.faults.append(f"{subject}: {told(error)}")

    def python(self, ctype: Type) -> str:
        """A type as written in Python."""
        if ctype is None:
            return "None"
        if isinstance(ctype, str):
            return ctype
        kind, rest = kind_of(ctype), ctype[1:]
        if kind == "struct":
            return self.structs[int(rest[0])].name
        if kind == "array":
            return f"{self.python(rest[0])} * {rest[1]}"
        if kind == "callback":
            return f"CFUNCTYPE({', '.join(self.python(each) for each in (rest[0], *rest[1]))})"
        if kind == "any":
            return str(rest[0])
        if kind == "converts":
            return self.python(rest[0])
        name = {"pointer": "POINTER", "in": "In", "out": "Out", "swapped": "swapped"}[kind]
        return f"{name}({self.python(rest[0])})"

    def python_function(self, function: Function) -> str:
        """A function's declaration in one line."""
        arguments = function.arguments
        listed = (
            "(no argtypes)"
            if arguments is None
            else f"({', '.join(self.python(each) for each in arguments)})"
        )
        return f"{function.name}{listed} -> {self.python(function.result)}"


_START = """
import sys
sys.path[:] = [sys.argv[1], *filter(None, sys.path)]
from recording.main import main
main(*sys.argv[2:])
"""
"""Starts the recorder without importing this package, which may be recorded itself."""


def record(
    modules: Sequence[str],
    without_library: Sequence[str] = (),
    without_module: Sequence[str] = (),
    program: Sequence[str] = (),
    timeout: float = 600.0,
) -> Declarations:
    """Import modules in a new Python process, and record their declarations.

    The arguments are those of ``check``; the program is run first, and its output goes to
    standard error. Raises CannotJudgeError if a module cannot be imported.
    """
    _check(modules, program)
    request = {
        "path": _path(),
        "modules": modules,
        "without_library": without_library,
        "without_module": without_module,
        "run": program,
    }
    names = ", ".join(modules) or " ".join(program)
    with tempfile.TemporaryDirectory() as folder:
        question, answer = os.path.join(folder, "request"), os.path.join(folder, "answer")
        with open(question, "w", encoding="utf-8") as stream:
            json.dump(request, stream)
        here = os.path.dirname(os.path.abspath(__file__))
        command = [sys.executable, "-c", _START, here, question, answer]
        done = run(command, timeout, f"the import of {names}", live=bool(program))
        try:
            with open(answer, encoding="utf-8") as stream:
                found: dict[str, Any] = json.load(stream)
        except (OSError, ValueError):
            found = {"error": f"it ended with status {done.returncode}\n{done.stderr}"}
    if reason := found.pop("error").rstrip():
        advice = (
            "\nWhere only its library is missing, --without-library stands in for it;"
            " for a module that is missing, --without-module."
        )
        raise CannotJudgeError(f"{names} cannot be imported:\n{reason}", advice)
    for each in found["structs"]:
        each["fields"] = [Field(**field) for field in each["fields"]]
    for each in found["functions"]:
        each["words"] = [Words.of(words) for words in each["words"]]
    return Declarations(
        structs=[Struct(**each) for each in found.pop("structs")],
        functions=[Function(**each) for each in found.pop("functions")],
        constants=[Constant(**each) for each in found.pop("constants")],
        variables=[Variable(**each) for each in found.pop("variables")],
        **found,
    )


def _check(modules: Sequence[str], program: Sequence[str]) -> None:
    """Refuse names that cannot be a module or a program, before anything is run."""
    for name in modules:
        drive, rest = os.path.splitdrive(name)
        file = drive + rest.partition(":")[0]
        if file.endswith(".py"):
            if not os.path.isfile(file):
                raise CannotJudgeError(f"there is no file {file}")
        elif not all(part.isidentifier() for part in file.split(".")):
            raise CannotJudgeError(
                f"{name!r} is neither package.module nor a file that ends in .py"
            )
    if program and program[0] != "-m" and not os.path.isfile(program[0]):
        raise CannotJudgeError(
            f"there is no script {program[0]}: --run takes a file, or -m and a module"
        )
    if list(program) == ["-m"]:
        raise CannotJudgeError("--run -m: expected the name of a module after it")
    if sys.implementation.name != "cpython":
        raise CannotJudgeError(
            "the checker records what CPython's ctypes is told: run it in CPython, where the"
            " same declarations are made"
        )


def _path() -> list[str]:
    """The search path for modules, with the current folder first, as in ``python -m``."""
    here = os.getcwd()
    return sys.path if sys.path[0] in ("", here) else [here, *sys.path]
