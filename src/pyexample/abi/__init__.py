"""Prove ctypes declarations against C headers: a C++ compiler is the judge.

In a test::

    from package.abi import check

    def test_the_binding_is_true_to_its_header():
        assert not check("package.binding", headers=["include/library.h"])
"""

import fnmatch
import logging
import os
import re
import tempfile
from collections.abc import Mapping, Sequence

from .compiler import CannotJudgeError, Compiler
from .findings import findings
from .judge import judge
from .library import judge_by_libraries
from .model import record as record_declarations
from .paste import Paste, Style
from .report import Finding, Grade, Report, Severity

__all__ = ["CannotJudgeError", "Finding", "Grade", "Report", "Severity", "check"]

_logger = logging.getLogger(__name__)


def check(
    *modules: str,
    headers: Sequence[str],
    include: Sequence[str] = (),
    define: Sequence[str] = (),
    compiler: str | None = None,
    target: str = "native",
    without_library: Sequence[str] = (),
    library: Sequence[str] = (),
    structs: Mapping[str, str] | None = None,
    only: str = "",
    allow: str | None = None,
    strict: bool = False,
    style: Style = "project",
    keep: str | None = None,
) -> Report:
    """Judge what modules declare with ctypes by the headers that they are written for.

    The modules are imported in a Python of their own. What is found is also logged, as an
    error, so that pytest shows it whole.

    Args:
        *modules: "package.module"; a file "package/module.py", which is imported without
            running its package's ``__init__``; either with ":function" behind it, to be
            called after the import, where that is what declares.
        headers: as they would stand in an ``#include``, in that order.
        include: folders for the compiler to look in (-I).
        define: macros, "NAME" or "NAME=VALUE" (-D).
        compiler: a C++17 compiler and its options; otherwise $CXX, or one from the PATH.
        target: "native", or the platform to judge: a prefix of its g++, such as
            "x86_64-w64-mingw32", or one of zig's targets. With a ``compiler``, any other
            word than "native" says that it compiles for another platform.
        without_library: names of libraries that are not to be loaded, "foo" for
            libfoo.so: importing does without them.
        library: the files of the libraries that have the functions, or "loaded" for those
            that the modules load: judge by what they export, and by their debug information,
            as well. Needs the packages of the extra "abi".
        structs: the name in C of a Structure, by its name in Python, where they differ.
        only: a regular expression: judge what has a name that it is found in.
        allow: a file of findings to leave out, a line each: ``subject: reason``.
        strict: whether notes fail as well.
        style: how to write declarations to paste, "project" or "ctypes".
        keep: where to leave the C++ file that was compiled.

    Returns:
        A report that is true where something fails.

    Raises:
        CannotJudgeError: nothing can be said: no compiler, a header that does not compile,
            a module that does not import, nothing in it that the headers have; a library
            that cannot be read, or has none of the functions.
    """
    judge_ = Compiler(compiler, target, list(include), list(define))
    declarations = record_declarations(modules, without_library)
    with tempfile.TemporaryDirectory() as folder:
        source = keep or os.path.join(folder, "claims.cpp")
        judgement = judge(declarations, list(headers), judge_, dict(structs or {}), source)
    classes = {
        spelling: declarations.structs[index].name
        for index, (_, spelling) in judgement.claims.counterparts.items()
    }
    paste = Paste(judgement.header, classes, style)
    found = findings(declarations, judgement, list(headers), paste, judge_.native)
    judged = judgement.counts()
    if library:
        found, more = judge_by_libraries(library, declarations, judgement, found)
        judged |= more
    found = [each for each in found if re.search(only, each.subject)]
    if allow is not None:
        found = _without_allowed(found, allow)
    report = Report(
        found, judged, judge_.name(), list(headers), list(modules), strict
    )
    if report:
        _logger.error("%s", report)
    return report


def _without_allowed(found: list[Finding], file: str) -> list[Finding]:
    """Without those that a file allows; what it allows in vain is found in their place."""
    try:
        with open(file, encoding="utf-8") as stream:
            rows = [(number, line.strip()) for number, line in enumerate(stream, 1)]
    except OSError as error:
        raise CannotJudgeError(f"{file} cannot be read: {error.strerror}") from None
    for number, row in rows:
        if not row or row.startswith("#"):
            continue
        names, _, reason = row.partition(":")
        subject, kind, argument, *rest = [*map(str.strip, names.split(",")), "", ""]
        if not (subject and kind and reason.strip()) or any(rest):
            raise CannotJudgeError(
                f"{file}:{number}: expected 'subject, kind, argument: reason', as they stand"
                f" in a finding, not {row!r}"
            )
        patterns = (subject, kind, argument)
        left = [each for each in found if not _matches(each, patterns)]
        if len(left) == len(found):
            what = "nothing is found that this allows: remove the line"
            left.append(Finding("meaning", "allowed", subject, argument, file, number, what))
        found = left
    return found


def _matches(finding: Finding, patterns: tuple[str, str, str]) -> bool:
    return all(map(fnmatch.fnmatchcase, finding.key, patterns))
