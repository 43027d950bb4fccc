"""Check ctypes declarations against C headers, with a C++ compiler.

In a test::

    from package.abi import check

    def test_the_binding_is_true_to_its_header():
        assert not check("package.binding", headers=["include/library.h"])
"""

import logging
import os
import re
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from ..generate.additions import additions
from ..generate.api import api_of, sizes
from ..generate.context import Known, Style
from ..headers import pkg_config
from ..headers.c_model import Function, Record
from ..headers.compiler import Compiler
from ..headers.mistakes import ADVICE, told
from ..headers.processes import CannotJudgeError
from . import baseline
from .findings import Paste, findings
from .judge import Judgement, judge
from .library import judge_by_libraries
from .model import Declarations
from .model import record as record_declarations
from .remarks import remarks_about
from .report import Finding, Grade, Report, Severity, relative

__all__ = ["CannotJudgeError", "Finding", "Grade", "Report", "Severity", "check"]

_logger = logging.getLogger(__name__)

_KEPT = "// Written by pyexample abi --keep, which writes over this file only."


def check(
    *modules: str,
    headers: Sequence[str],
    include: Sequence[str] = (),
    define: Sequence[str] = (),
    pkg_config: Sequence[str] = (),
    compiler: str | None = None,
    target: str = "native",
    without_library: Sequence[str] = (),
    without_module: Sequence[str] = (),
    library: Sequence[str] = (),
    run: Sequence[str] = (),
    structs: Mapping[str, str] | None = None,
    only: str = "",
    allow: str | None = None,
    update_baseline: str | None = None,
    strict: bool = False,
    coverage: bool = False,
    style: Style = "project",
    keep: str | None = None,
    timeout: float = 600.0,
) -> Report:
    r"""Check the ctypes declarations of modules against the C headers that they bind.

    The modules are imported in a new Python process. A failing report is also logged as an
    error, so that pytest shows all of it.

    Args:
        *modules: "package.module", or a file "package/module.py", which is imported without
            running its package's ``__init__``. With ":attribute" appended, that attribute is
            looked up after the import, and called if it can be.
        headers: the headers, as written in an ``#include``, in that order.
        include: folders to search for headers (-I).
        define: macros to define, "NAME" or "NAME=VALUE" (-D).
        pkg_config: packages whose folders and macros pkg-config lists.
        compiler: a C++17 compiler and its options; by default $CXX, or one on the PATH.
        target: "native", or another platform: the prefix of its g++, such as
            "x86_64-w64-mingw32", or one of zig's targets. With a ``compiler``, any word but
            "native" means that it compiles for another platform.
        without_library: names of libraries that are not loaded, "foo" for libfoo.so: a
            stand-in replaces each.
        without_module: names of modules that need not be installed: a stand-in replaces
            each.
        library: files of libraries to check as well, or "loaded" for those that the modules
            load: what they export, and the types in their debug information. Needs the
            packages of the extra "abi".
        run: a program and its arguments, "script.py" or "-m", "module": everything that is
            declared while it runs is checked as well.
        structs: C names of Structures by their Python names, if these differ: a regular
            expression for the full name, and a template: {"c_(.*)": r"\1"}.
        only: a regular expression: check only names that contain a match.
        allow: a TOML file of findings to leave out, as ``update_baseline`` writes it.
        update_baseline: a TOML file to write the findings to, which are then left out.
            Reasons that are in the file are kept.
        strict: whether notes fail as well.
        coverage: whether the text lists what is not checked and what is not declared, with
            declarations to paste.
        style: how to write declarations to paste, "project" or "ctypes".
        keep: a file to write the compiled C++ to.
        timeout: the limit in seconds for importing, and for each run of the compiler.

    Returns:
        A report that is true if the check fails.

    Raises:
        CannotJudgeError: nothing could be checked: there is no compiler, a header does not
            compile, a module cannot be imported or declares nothing that is in the headers,
            a library cannot be read or has none of the functions.
    """
    if not (modules or run):
        raise CannotJudgeError("there is neither a module nor a program to judge")
    pattern = pattern_of(only, "only")
    judge_ = compiler_with(compiler, target, include, define, pkg_config, timeout)
    with _stage("the declarations could not be recorded"):
        declarations = record_declarations(
            modules, without_library, without_module, run, timeout
        )
    renamed = _renamed(structs or {}, declarations)
    with tempfile.TemporaryDirectory() as folder, _stage("the headers could not be judged"):
        source = os.path.join(folder, "claims.cpp")
        try:
            judgement = judge(declarations, list(headers), judge_, renamed, source)
        finally:
            if keep and os.path.exists(source):
                _keep(source, keep)
    with _stage("the findings could not be reported"):
        paste = _paste(declarations, judgement, judge_, style) if strict or coverage else None
        found = findings(declarations, judgement, paste)
        judged = judgement.counts(pattern)
        if library:
            found, more = judge_by_libraries(library, declarations, judgement, found, pattern)
            judged |= more
        found = [each for each in found if pattern.search(each.subject)]
        is_about_something = any(judged.values()) or any(e.severity == "error" for e in found)
        if only and not is_about_something:
            raise CannotJudgeError(f"--only {only}: nothing that is declared has such a name")
        remarks = remarks_about(declarations, judgement)
        if update_baseline is not None:
            everything = strict or coverage
            kept = [each for each in found if everything or each.grade != "coverage"]
            remarks += baseline.update(kept, update_baseline).splitlines()
            allow = update_baseline
        if allow is not None:
            found, allowed = baseline.without(found, allow, is_partial=bool(only))
            remarks += [f"{allowed} allowed by {relative(allow)}"] if allowed else []
    ours = [*judgement.header.unit.faults, *declarations.faults]
    report = Report(
        found,
        judged,
        judge_.name(),
        list(headers),
        list(modules) or [" ".join(run)],
        strict,
        coverage,
        remarks,
        [*(f"{each} {ADVICE}" for each in ours), *judgement.faults],
    )
    if report:
        _logger.error("%s", report)
    return report


@contextmanager
def _stage(what: str) -> Generator[None]:
    """Report a bug of ours in this stage as a CannotJudgeError of one line."""
    try:
        yield
    except (CannotJudgeError, OSError):
        raise
    except Exception as error:
        raise CannotJudgeError(f"{what}: {told(error)} {ADVICE}") from error


def pattern_of(text: str, option: str) -> re.Pattern[str]:
    """The regular expression of an option. Raises CannotJudgeError if it is none."""
    try:
        return re.compile(text)
    except re.error as error:
        raise CannotJudgeError(f"--{option} {text}: no regular expression: {error}") from None


def compiler_with(
    command: str | None,
    target: str,
    include: Sequence[str],
    define: Sequence[str],
    packages: Sequence[str],
    timeout: float,
) -> Compiler:
    """The compiler, with what pkg-config lists for packages. The arguments: see ``check``."""
    flags = pkg_config.flags(packages, target, timeout)
    folders, macros = [*include, *flags.include], [*define, *flags.define]
    return Compiler(command, target, folders, macros, flags.other, timeout)


def _renamed(structs: Mapping[str, str], declarations: Declarations) -> dict[str, str]:
    """The C name of each Structure, by the first pattern that matches its name."""
    renamed: dict[str, str] = {}
    for python, c in structs.items():
        pattern = pattern_of(python, "struct")
        matches = [pattern.fullmatch(each.name) for each in declarations.structs]
        if not any(matches):
            raise CannotJudgeError(f"--struct {python}={c}: no Structure has such a name")
        for match in filter(None, matches):
            try:
                renamed.setdefault(match[0], match.expand(c))
            except (re.error, IndexError) as error:
                raise CannotJudgeError(f"--struct {python}={c}: {error}") from None
    return renamed


def _paste(
    declarations: Declarations, judgement: Judgement, compiler: Compiler, style: Style
) -> Paste:
    """Returns what declares functions that Python lacks. It runs the compiler once more."""
    header, claims = judgement.header, judgement.claims
    structs = {
        record: declarations.structs[index].name
        for index, (_, spelling) in claims.structs.names.items()
        if (record := header.record(spelling))
    }

    def paste(functions: list[Function], handles: dict[Record, str]) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            source, before = os.path.join(folder, "sizes.cpp"), judgement.before
            api = api_of(header, claims.labels, compiler, source, before, sizes)
        names = [each.name for each in functions]
        return additions(api, names, Known(structs, handles), style)

    return paste


def _keep(source: str, file: str) -> None:
    """Copy the compiled source to a file, unless that holds anything else."""
    try:
        if os.path.exists(file):
            with open(file, encoding="utf-8", errors="replace") as stream:
                if stream.readline().rstrip("\n") != _KEPT:
                    raise CannotJudgeError(
                        f"--keep {file}: this file was not written by pyexample abi:"
                        " name another one"
                    )
        with open(source, encoding="utf-8") as stream:
            text = stream.read()
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(f"{_KEPT}\n{text}")
    except OSError as error:
        raise CannotJudgeError(f"--keep {file}: {error.strerror}") from None
