"""Write the binding of a C library from its headers, and prove it."""

import ctypes.util
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..abi import CannotJudgeError, compiler_with, pattern_of
from ..abi.judge import judge
from ..abi.model import Declarations
from ..generate.api import Api, api_of
from ..generate.context import Module
from ..generate.module import build
from ..generate.render import imports_of, render
from ..generate.spec import Spec
from ..headers.compiler import Compiler
from ..headers.version import number, versions
from .trial import disproved, refusals

__all__ = ["Binding", "CannotJudgeError", "bind"]


@dataclass
class Binding:
    """A binding that was proven.

    Attributes:
        text: the text of the Python module.
        module: what it declares, what is left out, and what is guessed.
        version: the version of the library in a macro of the headers; "" if there is none.
    """

    text: str
    module: Module
    version: str


def bind(
    headers: Sequence[str],
    library: str,
    *,
    include: Sequence[str] = (),
    define: Sequence[str] = (),
    pkg_config: Sequence[str] = (),
    compiler: str | None = None,
    target: str = "native",
    only: str = "",
    without: str = "",
    spec: Spec | None = None,
    timeout: float = 600.0,
    in_package: bool = False,
    runtime: str = "pyexample.ffi",
    tell: Callable[[str], None] = lambda text: None,
) -> Binding:
    """Declare all that headers declare, and prove it.

    What ``pyexample.ffi`` refuses, or the compiler disagrees with, is left out, with reasons.

    Args:
        headers: the headers, as written in an ``#include``.
        library: the name of the library, as in ``Library(name, ...)``.
        include: folders to search for headers (-I).
        define: macros to define, "NAME" or "NAME=VALUE" (-D).
        pkg_config: packages whose folders and macros pkg-config lists.
        compiler: a C++17 compiler and its options; by default $CXX, or one on the PATH.
        target: "native", or another platform, as for ``abi.check``.
        only: a regular expression: declare only what has a name with a match in it, and the
            types that this needs.
        without: a regular expression: leave out those whose names contain a match.
        spec: what people know about the library.
        timeout: the limit in seconds for each run of the compiler.
        in_package: whether the library is built with the module's package, and has all that
            its headers declare; else it is the system's.
        runtime: the module that has the words of declarations: "._ffi", for a copy of it.
        tell: is called with the name of each step.

    Raises:
        CannotJudgeError: the headers do not compile, they declare nothing, or a line of the
            spec means nothing.
    """
    spec = spec or Spec()
    wanted = pattern_of(only, "only") if only else None
    unwanted = pattern_of(without, "not") if without else None
    cxx = compiler_with(compiler, target, include, define, pkg_config, timeout)
    tell("reading the headers")
    try:
        api = _read(headers, cxx)
    except CannotJudgeError as error:
        raise _explained(error, headers) from None
    options = {
        "include": include,
        "define": define,
        "pkg_config": pkg_config,
        "compiler": compiler,
        "target": target,
        "timeout": timeout,
    }
    files = spec.files(_files(library))
    refused: dict[str, str] = {}
    while True:
        tell(f"declaring {len(api.functions)} functions")
        module = build(api, spec, refused, wanted, unwanted)
        if not module.items:
            raise CannotJudgeError(
                f"{', '.join(headers)}: nothing is declared there that a library could have:"
                " name the headers that do"
            )
        # The checker refuses a module without any function: all of them are proven then.
        proven = module if module.counts["functions"] else build(api, spec, refused)
        found = refusals(imports_of(proven), proven.items)
        if not found:
            tell("proving them")
            text = render(proven, library, headers, files)
            found = disproved(text, proven.items, library, headers, options)
        if not found:
            break
        if wrong := found.keys() & module.said:
            told = "".join(f"\n  {name}: {found[name]}" for name in sorted(wrong))
            raise CannotJudgeError(f"{spec.file} makes these declarations wrong:{told}")
        if not found.keys() - refused.keys():  # a mistake of ours, which must not be written
            told = "".join(f"\n  {name}: {why}" for name, why in found.items())
            raise CannotJudgeError(f"the binding cannot be proven:{told}")
        refused |= found
    spec.check_use()
    text = render(module, library, headers, {} if in_package else files, runtime)
    return Binding(text, module, number(versions(api.header)))


def _read(headers: Sequence[str], compiler: Compiler) -> Api:
    """Read headers. Raises CannotJudgeError if they do not compile."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "headers.cpp")
        # Without declarations, this only finds out how the headers compile as C++.
        judgement = judge(Declarations([], [], []), list(headers), compiler, {}, source)
        labels = judgement.claims.labels
        return api_of(judgement.header, labels, compiler, source, judgement.before)


def _files(library: str) -> dict[str, str]:
    """The names that a library's file has on each system, as far as that can be told here."""
    files = {
        "linux": f"lib{library}.so",
        "darwin": f"lib{library}.dylib",
        "win32": f"{library}.dll",
    }
    try:
        here = ctypes.util.find_library(library)
    except OSError:  # of a library without a shared file: Python's own mistake
        here = None
    if here and sys.platform in files:
        files[sys.platform] = os.path.basename(here)
    return files


_NOT_FOUND = re.compile(r"(?:fatal error: |')([^\s':]+)(?:: No such file|' file not found)")
_ROOTS = ("/usr/include", "/usr/local/include", "/opt/homebrew/include")


def _explained(error: CannotJudgeError, headers: Sequence[str]) -> CannotJudgeError:
    """The same error; of a header that was not found, in one line, with what may help."""
    missing = _NOT_FOUND.search(str(error))
    if missing is None:
        return CannotJudgeError(f"{', '.join(headers)}: {error.reason}", error.advice)
    name = missing[1]
    places = sorted({place for root in _ROOTS for place in _folders_with(root, name)})
    advice = ", or name its folder with -I, or the library with --pkg-config"
    if places:
        advice = f": try {' or '.join(f'-I {each}' for each in places[:3])}"
    of = "" if name in headers else f", which {', '.join(headers)} includes,"
    reason = f"{name}{of} was not found: install the package that has it (Debian's end in -dev)"
    return CannotJudgeError(reason, advice)


def _folders_with(root: str, name: str) -> list[str]:
    """The folders below a root, two levels deep, in which a header is."""
    found: list[str] = []
    for folder, inner, _ in os.walk(root):
        if folder[len(root) :].count(os.sep) >= 2:
            inner.clear()
        if os.path.isfile(os.path.join(folder, name)):
            found.append(folder)
    return found
