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
from ..generate.api import Api, api_of, constants
from ..generate.context import Module, Style
from ..generate.module import build
from ..generate.ownership import Ownership
from ..generate.plain_text import render_plain, render_stub
from ..generate.render import render
from ..generate.spec import Spec
from ..generate.trial import refusals
from ..headers.compiler import Compiler
from ..headers.version import number, versions
from .proof import disproved

__all__ = ["Binding", "CannotJudgeError", "bind"]


@dataclass
class Binding:
    """A binding that was proven.

    Attributes:
        text: the text of the Python module.
        stub: the text of its stub; "" if the module has its types itself.
        module: what it declares, what is left out, and what is guessed.
        version: the version of the library in a macro of the headers; "" if there is none.
    """

    text: str
    stub: str
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
    style: Style = "project",
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
        style: "project" for the words of ``pyexample.ffi``; "ctypes" for plain ctypes, and a
            stub.
        in_package: whether the library is built with the module's package, and has all that
            its headers declare; else it is the system's.
        runtime: the module that has the words of declarations: "._ffi", for a copy of it.
        tell: is called with the name of each step.

    Raises:
        CannotJudgeError: the headers do not compile, they declare nothing, or a line of the
            spec means nothing.
    """
    spec = spec or Spec()
    _check(headers, include, library, runtime)
    if style == "ctypes":
        spec.check_plain()
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
    ownership = Ownership(api, spec.closes)
    spec.check_closing(ownership.useless)
    refused: dict[str, str] = {}
    while True:
        tell(f"declaring {len(api.functions)} functions")
        module = build(api, ownership, spec, refused, wanted, unwanted, style)
        if not module.items:
            raise CannotJudgeError(_nothing(headers, module))
        found = refusals(module, style)
        # The compiler itself told the values of constants; types of callbacks claim nothing.
        if not found and any(_CLAIMS.search(each.code) for each in module.items):
            tell("proving them")
            write = render_plain if style == "ctypes" else render
            text = write(module, library, headers, files)
            found = disproved(text, module.items, library, headers, options)
        if not found:
            break
        if wrong := found.keys() & _said(module):
            told = "".join(f"\n  {name}: {found[name]}" for name in sorted(wrong))
            raise CannotJudgeError(f"{spec.file} makes these declarations wrong:{told}")
        if not found.keys() - refused.keys():  # a mistake of ours, which must not be written
            told = "".join(f"\n  {name}: {why}" for name, why in found.items())
            raise CannotJudgeError(f"the binding cannot be proven:{told}")
        refused |= found
    spec.check_use()
    version = number(versions(api.header))
    if style == "ctypes":
        text = render_plain(module, library, headers, files)
        return Binding(text, render_stub(module, library, headers), module, version)
    text = render(module, library, headers, {} if in_package else files, runtime)
    return Binding(text, "", module, version)


def _said(module: Module) -> set[str]:
    """What the spec says something about, and the functions that take such callbacks."""
    callbacks = {
        each.name
        for each in module.items
        if each.subject in module.said and each.code.startswith("@Callback")
    }
    return module.said | {it.subject for it in module.items if it.needs & callbacks}


def _read(headers: Sequence[str], compiler: Compiler) -> Api:
    """Read headers. Raises CannotJudgeError if they do not compile."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "claims.cpp")  # check's name: see abi.judge._read
        # Without declarations, this only finds out how the headers compile as C++.
        judgement = judge(Declarations([], [], []), list(headers), compiler, {}, source)
        labels = judgement.claims.labels
        return api_of(judgement.header, labels, compiler, source, judgement.before, constants)


_CLAIMS = re.compile(r"^(@function|@library[.]|@struct|if |class \w+[(]ctypes[.])")
"""The beginnings of what the compiler can prove: functions, structs and variables."""


def _nothing(headers: Sequence[str], module: Module) -> str:
    """What is wrong if nothing can be declared."""
    told = f"{', '.join(headers)}: nothing is declared there that a library could have"
    left = [*module.left_out.get("functions", {}).items()]
    if not left:
        return f"{told}: name the headers that do"
    reasons = "; ".join(f"{name} {why}" for name, why in left[:3])
    return f"{told}, and that can be declared: {reasons}{'; ...' if len(left) > 3 else ''}"


def _check(headers: Sequence[str], include: Sequence[str], library: str, runtime: str) -> None:
    """Raise CannotJudgeError if an argument can mean nothing."""
    for each in headers:
        places = [each, *(os.path.join(folder, each) for folder in include)]
        if any(map(os.path.isdir, places)) and not any(map(os.path.isfile, places)):
            raise CannotJudgeError(f"{each} is a folder: name the headers in it")
    plain = re.sub(r"\.(so[.\d]*|dylib|dll|a|lib)$", "", os.path.basename(library))
    bare = plain.removeprefix("lib")
    is_file = plain != library or not library
    if is_file or (bare != library and _is_found(bare) and not _is_found(library)):
        raise CannotJudgeError(
            f"--library {library}: this is not what the linker gets after -l"
            + (f": for lib{bare}, that is {bare}" if bare else "")
        )
    if not re.fullmatch(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*", runtime):
        raise CannotJudgeError(
            f"--runtime {runtime}: this is no module: write package.module, or ._ffi for a"
            " module beside the binding"
        )


def _is_found(library: str) -> bool:
    try:
        return ctypes.util.find_library(library) is not None
    except OSError:  # of a library without a shared file: Python's own mistake
        return False


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
