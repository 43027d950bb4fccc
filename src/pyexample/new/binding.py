"""Write the binding of C headers: declarations that the checker prints and proves."""

import ctypes
import json
import keyword
import logging
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..abi import check
from ..abi.c_model import (
    Array,
    Function,
    FunctionType,
    Pointer,
    Record,
    Refusal,
    Tagged,
    Type,
    record_of,
    resolve,
)
from ..abi.compiler import Compiler
from ..abi.judge import judge
from ..abi.model import Declarations
from ..abi.paste import WORDS, Paste, handle_class, is_name
from ..abi.processes import CannotJudgeError
from ..abi.version import number, versions
from . import CannotWriteError

_PYTHON = ("bool", "bytes", "float", "int", "str")
_OWN = {"Annotated", "Any", "library", "TypeError", *WORDS, *_PYTHON}
"""Names that the generated module uses itself."""


@dataclass
class Binding:
    """The contents of a binding.

    Attributes:
        functions: the text of each declaration, by name.
        structs: the C name of each struct that is only pointed to, by its class.
        handles: the text of each class of handles, by name.
        left_out: the reason why a function is not declared, by name.
        version: the version in a macro of the headers; "" if there is none.
    """

    functions: dict[str, str] = field(default_factory=dict[str, str])
    structs: dict[str, str] = field(default_factory=dict[str, str])
    handles: dict[str, str] = field(default_factory=dict[str, str])
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    version: str = ""

    def without(self, reasons: dict[str, str]) -> "Binding":
        """A copy of this binding without some functions, given the reason for each."""
        kept = {name: text for name, text in self.functions.items() if name not in reasons}
        left_out = self.left_out | reasons
        return Binding(kept, self.structs, self.handles, left_out, self.version)


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
        listed = ", ".join(headers.names)
        raise CannotWriteError(f"{listed}: {error.reason}") from None
    header = judgement.header
    labels = judgement.claims.labels
    theirs = [each for each in header.functions.values() if each.file in header.files]
    names = {each.name for each in theirs}
    classes: dict[str, str] = {}
    for spelling, record in header.records.values():
        name = record.tag or record.alias
        if record.fields is not None and spelling and "::" not in spelling and name:
            name = unicodedata.normalize("NFKC", name)  # as Python does
            is_taken = name in names | _OWN or keyword.iskeyword(name) or hasattr(ctypes, name)
            classes[spelling] = f"{name}_struct" if is_taken else name
    if not theirs:
        raise CannotWriteError(
            f"{', '.join(headers.names)}: declares no function of C that a library could have:"
            " name the headers that do"
        )
    paste = Paste(header, classes, "project")
    binding = Binding(version=number(versions(header)))
    for refusal in header.unit.refusals:
        if refusal.file in header.files and _is_function(refusal):
            binding.left_out[refusal.name] = f"is not understood: {refusal.reason}"
    used: set[str] = set()
    for each in theirs:
        text = paste.function(each)
        if why := _why_not(each, labels):
            binding.left_out[each.name] = why
        elif text.startswith("#"):
            binding.left_out[each.name] = text.removeprefix(f"# {each.name}() ")
        elif not _is_python(text):
            binding.left_out[each.name] = "has a parameter whose name Python cannot have"
        else:
            binding.functions[each.name] = text
            used.update(re.findall(r"\w+", text))
    binding.structs = {name: spelling for spelling, name in classes.items() if name in used}
    binding.handles = {
        name: handle_class(name, record)
        for record, name in paste.handles.items()
        if name in used
    }
    return binding


def _is_function(refusal: Refusal) -> bool:
    """Whether a declaration that could not be parsed is one of a function of C."""
    words = f"{refusal.name} ("
    return words in refusal.text and not (
        refusal.is_cxx or refusal.text.startswith(("typedef ", "static "))
    )


def _why_not(function: Function, labels: Mapping[str, str]) -> str:
    """Why a function cannot be declared without changes; "" if it can."""
    passed = [parameter.passed for parameter in function.type.parameters]
    if whole := _by_value([function.type.result, *passed]):
        what = whole.tag or whole.alias or "a struct"
        return f"passes {what} by value: declare its fields first"
    if label := labels.get(function.name):
        return f"is {label} in the library, by an asm label"
    if not is_name(function.name):
        return "has a name that no function of Python can have"
    if function.name in _OWN or function.name in _of_ctypes([function.name]):
        return "has a name that the module uses for something else"
    return ""


def _is_python(text: str) -> bool:
    """Whether Python can have the names in a declaration: not a$b, nor __debug__."""
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
            *binding.handles.values(),
            *binding.functions.values(),
        ]
    )
    words = set(re.findall(r"\w+", text))
    of_ctypes = sorted(_of_ctypes(words))
    imports = [_import("ctypes", of_ctypes)] if of_ctypes else []
    typing = [each for each in ("Annotated", "Any") if each in words]
    imports += [_import("typing", typing)] if typing else []
    of_runtime = [each for each in WORDS if each in words or each == "Library"]
    exported = ["library", *binding.structs, *binding.handles, *binding.functions]
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
        parts += [f"# {name}() {why}" for name, why in binding.left_out.items()]
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
        raise CannotWriteError(f"the binding cannot be proven: {error.reason}") from None
    errors = (each for each in report.findings if each.severity == "error")
    return {each.subject: f"is not as the header has it: {each.what}" for each in errors}
