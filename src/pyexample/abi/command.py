"""The command line of the checker: its arguments, what it prints, and its exit status."""

import argparse
import logging

from . import check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the checker's arguments to a parser."""
    add = parser.add_argument
    add("modules", nargs="+", metavar="MODULE", help="package.module or file.py, [:function]")
    add("--header", action="append", required=True, metavar="H", help="a header to judge by")
    add("-I", action="append", default=[], dest="include", metavar="DIR", help="look there too")
    add("-D", action="append", default=[], dest="define", metavar="NAME=VALUE")
    add("--compiler", metavar="CXX", help="a C++17 compiler, with options if need be")
    add("--target", default="native", help="another platform: x86_64-w64-mingw32, ...")
    add(
        "--without-library",
        action="append",
        default=[],
        metavar="NAME",
        help="do without this library: only declarations are needed",
    )
    add(
        "--library",
        action="append",
        default=[],
        metavar="FILE",
        help="judge by this library as well; 'loaded': by those that are loaded",
    )
    add(
        "--struct", action="append", default=[], metavar="PYTHON=C", help="a struct's name in C"
    )
    add("--only", default="", metavar="REGEX", help="judge only what is named so")
    add("--allow", metavar="FILE", help="findings to leave out: lines 'subject: reason'")
    add("--strict", action="store_true", help="notes fail too")
    add("--format", choices=["text", "json", "github"], default="text")
    add("--style", choices=["project", "ctypes"], default="project", help="of what is to paste")
    add("--keep", metavar="FILE.cpp", help="leave what is compiled there")


def run(arguments: argparse.Namespace) -> tuple[str, int]:
    """Check. Returns the report, and the exit status: 0 proven, 1 findings.

    Raises CannotJudgeError where nothing can be said.
    """
    # The report is printed: it need not be logged as well.
    logging.getLogger(__package__).addHandler(logging.NullHandler())
    structs = dict(pair.partition("=")[::2] for pair in arguments.struct)
    report = check(
        *arguments.modules,
        headers=arguments.header,
        include=arguments.include,
        define=arguments.define,
        compiler=arguments.compiler,
        target=arguments.target,
        without_library=arguments.without_library,
        library=arguments.library,
        structs=structs,
        only=arguments.only,
        allow=arguments.allow,
        strict=arguments.strict,
        style=arguments.style,
        keep=arguments.keep,
    )
    text = {"text": str(report), "json": report.json(), "github": report.github()}
    return text[arguments.format], 1 if report else 0
