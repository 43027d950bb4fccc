"""Write the binding of C headers: declarations that the checker prints and proves."""

import ctypes
import json
import keyword
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..abi import check
from ..abi.c_model import Array, FunctionType, Pointer, Record, Tagged, Type, record_of, resolve
from ..abi.compiler import Compiler
from ..abi.judge import judge
from ..abi.model import Declarations
from ..abi.paste import Paste
from ..abi.processes import CannotJudgeError
from ..abi.version import number, versions
from . import CannotWriteError

_RUNTIME = ("Buffer", "In", "Out")
_PYTHON = ("bool", "bytes", "float", "int", "str")
_OWN = {"Annotated", "Any", "Library", "library", "TypeError", *_RUNTIME, *_PYTHON}
"""Names that the generated module uses itself."""


@dataclass
class Binding:
    """The contents of a binding.

    Attributes:
        functions: the text of each declaration, by name.
        structs: the C name of each struct that is only pointed to, by its class.
        left_out: the reason why a function is not declared, by name.
        version: the version in a macro of the headers; "" if there is none.
    """

    functions: dict[str, str] = field(default_factory=dict[str, str])
    structs: dict[str, str] = field(default_factory=dict[str, str])
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    version: str = ""

    def without(self, reasons: dict[str, str]) -> "Binding":
        """A copy of this binding without some functions, given the reason for each."""
        kept = {name: text for name, text in self.functions.items() if name not in reasons}
        return Binding(kept, self.structs, self.left_out | reasons, self.version)


@dataclass
class Headers:
    """Headers as they are included, folders to search for them, and macros."""

    names: list[str]
    include: list[str]
    define: list[str]


def read(headers: Headers) -> Binding:
    """Read headers, and declare what can be declared.

    Raises CannotWriteError if there is no compiler, or if the headers do not compile.
    """
    try:
        compiler = Compiler(None, "native", headers.include, headers.define)
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "headers.cpp")
            # Without declarations, this only finds out how the headers compile as C++.
            judgement = judge(Declarations([], [], []), headers.names, compiler, {}, source)
    except CannotJudgeError as error:
        # The checker's advice names an option that pyexample new does not have.
        why = str(error).replace("name one with --compiler", "name one in CXX")
        raise CannotWriteError(f"{', '.join(headers.names)} cannot be read: {why}") from None
    header = judgement.header
    theirs = [each for each in header.functions.values() if each.file in header.files]
    names = {each.name for each in theirs}
    classes: dict[str, str] = {}
    for spelling, record in header.records.values():
        name = record.tag or record.alias
        if record.fields is not None and spelling and "::" not in spelling and name:
            is_taken = name in names | _OWN or keyword.iskeyword(name) or hasattr(ctypes, name)
            classes[spelling] = f"{name}_struct" if is_taken else name
    if not theirs:
        raise CannotWriteError(
            f"{', '.join(headers.names)}: declares no function of C that a library could have:"
            " name the headers that do"
        )
    paste = Paste(header, classes, "project")
    binding = Binding(version=number(versions(header, headers.names)))
    used: set[str] = set()
    for each in theirs:
        passed = [parameter.passed for parameter in each.type.parameters]
        if whole := _by_value([each.type.result, *passed]):
            what = whole.tag or whole.alias or "a struct"
            binding.left_out[each.name] = f"it passes {what} by value: declare its fields first"
            continue
        if each.name in _OWN or each.name in _of_ctypes([each.name]):
            binding.left_out[each.name] = "the module uses this name for something else"
            continue
        text = paste.function(each)
        if not _is_python(text):
            binding.left_out[each.name] = "one of its names is none that Python can have"
        elif text.startswith("#"):
            binding.left_out[each.name] = text.removeprefix(f"# {each.name}() ")
        else:
            binding.functions[each.name] = text
            used.update(re.findall(r"\w+", text))
    binding.structs = {name: spelling for spelling, name in classes.items() if name in used}
    return binding


def _is_python(text: str) -> bool:
    """Whether Python can have the names of a declaration: not a$b, nor __debug__."""
    try:
        compile(text, "declaration", "exec")
    except SyntaxError:
        return False
    return True


def _by_value(types: Sequence[Type]) -> Record | None:
    """A struct that these types pass by value, so that its fields must be known, if any."""
    for each in map(resolve, types):
        inner: list[Type] = []
        if record := record_of(each):
            return record
        if isinstance(each, FunctionType):
            inner = [each.result, *(parameter.passed for parameter in each.parameters)]
        elif isinstance(each, Array):
            inner = [each.item]
        elif isinstance(each, Pointer) and not isinstance(resolve(each.target), Tagged):
            inner = [each.target]
        if record := _by_value(inner):
            return record
    return None


def render(
    binding: Binding, name: str, headers: Sequence[str], runtime: str, system: dict[str, str]
) -> str:
    """Return the text of the module."""
    text = "\n\n\n".join(
        [
            *(_STRUCT.format(*each) for each in binding.structs.items()),
            *binding.functions.values(),
        ]
    )
    words = set(re.findall(r"\w+", text))
    of_ctypes = sorted(_of_ctypes(words))
    imports = [_import("ctypes", of_ctypes)] if of_ctypes else []
    typing = [each for each in ("Annotated", "Any") if each in words]
    imports += [_import("typing", typing)] if typing else []
    of_runtime = sorted(["Library", *(each for each in _RUNTIME if each in words)])
    exported = ["library", *binding.structs, *binding.functions]
    where = f", system={json.dumps(system)}" if system else ""
    parts = [
        _HEAD.format(name=name, headers=", ".join(headers)),
        *imports,
        "",
        _import(runtime, of_runtime),
        "",
        "__all__ = [",
        *(f'    "{each}",' for each in exported),
        "]",
        "",
        f'library = Library("{name}", __name__{where})',
    ]
    parts += ["\n", text] if text else []
    if binding.left_out:
        parts += ["", "# Left out:"]
        parts += [f"# {name}(): {why}" for name, why in binding.left_out.items()]
    return "\n".join([*parts, ""])


def _of_ctypes(words: Iterable[str]) -> set[str]:
    """The words that are names of ctypes for use in declarations."""
    prefixes = ("c_", "POINTER", "CFUNCTYPE", "Structure")
    return {each for each in words if each.startswith(prefixes) and hasattr(ctypes, each)}


def _import(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= _LINE:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])


_LINE = 96
"""The limit for lines in the project's pyproject.toml."""

_HEAD = '''\
"""The binding of lib{name}, as generated from {headers}.

Please improve it: say which buffers go together, which results are errors, who frees what.
"""
# The functions have no bodies: the C functions are called.
# mypy: disable-error-code="empty-body"
'''

_STRUCT = '''\
class {0}(Structure):
    """``{1}``, which is used by pointer only."""

    def __init__(self) -> None:
        raise TypeError("C makes {1}: for one that Python makes, declare the fields")'''


def disproved(module: str, name: str, headers: Headers) -> dict[str, str]:
    """Check a binding. Returns the functions that the compiler disagrees with, and why."""
    logging.getLogger("pyexample.abi").addHandler(logging.NullHandler())
    try:
        report = check(
            module,
            headers=headers.names,
            include=headers.include,
            define=headers.define,
            without_library=[name, "fastcall"],
        )
    except CannotJudgeError as error:
        raise CannotWriteError(f"the binding cannot be proven: {error}") from None
    errors = (each for each in report.findings if each.severity == "error")
    return {each.subject: f"the compiler disagrees: {each.what}" for each in errors}
