"""The command line of the checker: its arguments, what it prints, and its exit status."""

import argparse
import json
import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from . import CannotJudgeError, Report, check, config

EPILOG = """\
Without a MODULE, the checks are run that the next pyproject.toml has, here or above:
tables [tool.pyexample.abi.NAME], whose keys are modules, headers, and these options.

exit status:
  0  proven: the compiler agrees with every declaration that the headers have
  1  something fails: an error or, with --strict, a note
  2  not all of it could be judged, or wrong use: this is never a pass"""

_REPEATED = (
    "headers",
    "include",
    "define",
    "pkg_config",
    "without_library",
    "without_module",
    "library",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the checker's arguments to a parser."""
    parser.usage = "pyexample abi [MODULE ...] --header H ... [options] [--run PROGRAM ...]"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="package.module or file.py, [:attribute]"
    )
    _add_headers(parser.add_argument_group("what it is judged by").add_argument)
    _add_importing(parser.add_argument_group("how the modules are imported").add_argument)
    _add_report(parser.add_argument_group("what is reported").add_argument)


def _add_headers(add: Any) -> None:
    many: dict[str, Any] = {"action": "append", "default": []}
    add("--header", **many, dest="headers", metavar="H", help="a header, as in an #include")
    add(
        "-I", **many, dest="include", metavar="DIR", help="a folder for the compiler to look in"
    )
    add("-D", **many, dest="define", metavar="NAME=VALUE", help="a macro")
    add("--pkg-config", **many, metavar="NAME", help="take folders and macros from pkg-config")
    add("--compiler", metavar="CXX", help="a C++17 compiler, with options if need be")
    add("--target", default="native", help="another platform: x86_64-w64-mingw32, ...")
    add(
        "--struct",
        **many,
        dest="structs",
        metavar="PYTHON=C",
        help=r"a struct's name in C, or many: 'c_(.*)=\1'",
    )
    add("--library", **many, metavar="FILE", help="the library, too, or 'loaded' for that one")


def _add_importing(add: Any) -> None:
    many: dict[str, Any] = {"action": "append", "default": []}
    add("--without-library", **many, metavar="NAME", help="do without this library")
    add("--without-module", **many, metavar="NAME", help="do without this module")
    add(
        "--timeout",
        type=_seconds,
        default=600.0,
        metavar="SECONDS",
        help="for importing, and for each run of the compiler (600)",
    )
    add(
        "--run",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="PROGRAM",
        help="record while this runs, too: script.py ..., or -m module ...; the last option",
    )


def _add_report(add: Any) -> None:
    add("--only", default="", metavar="REGEX", help="judge only what is named so")
    add("--allow", metavar="FILE", help="leave out the findings that this TOML file has")
    add("--update-baseline", metavar="FILE", help="write today's findings there, for --allow")
    add("--strict", action="store_true", help="notes fail too")
    add("--coverage", action="store_true", help="list what is not declared, or not judged")
    add("--check", action="append", default=[], metavar="NAME", help="of pyproject.toml's")
    add("--format", choices=["text", "json", "github"], default="text")
    add("--style", choices=["project", "ctypes"], default="project", help="of what is to paste")
    add("--keep", metavar="FILE.cpp", help="leave what is compiled there")


def run(arguments: argparse.Namespace) -> tuple[str, int]:
    """Check. Returns the report, and the exit status: see EPILOG.

    Raises CannotJudgeError where nothing can be said.
    """
    # The report is printed: it need not be logged as well.
    logging.getLogger(__package__).addHandler(logging.NullHandler())
    options = dict(vars(arguments))
    form, names = options.pop("format"), options.pop("check")
    if not (options["modules"] or options["run"]):
        return _run_configured(options, form, names)
    if names:
        raise CannotJudgeError("--check takes its modules from pyproject.toml: name no other")
    if not options["headers"]:
        raise CannotJudgeError("no --header is named to judge by")
    options["structs"] = _pairs(options["structs"])
    report = check(*options.pop("modules"), **options)
    return _in_form(report, form), report.status


def _run_configured(options: dict[str, Any], form: str, names: list[str]) -> tuple[str, int]:
    """Run the checks of pyproject.toml, each whether or not another can be judged."""
    configuration = config.read()
    for name in names:
        if name not in configuration.checks:
            known = ", ".join(configuration.checks)
            raise CannotJudgeError(f"--check {name}: the checks are {known}")
    checks = {
        name: arguments
        for name, arguments in configuration.checks.items()
        if not names or name in names
    }
    extra = _given(options)
    if "update_baseline" in extra and len(checks) > 1:
        raise CannotJudgeError("--update-baseline: name one of the checks with --check")
    reports: dict[str, Report | CannotJudgeError] = {}
    with _inside(configuration.folder):
        for name, arguments in checks.items():
            settings = {**arguments, **extra}
            try:
                reports[name] = check(*settings.pop("modules", ()), **settings)
            except CannotJudgeError as error:
                reports[name] = error
    return _told(reports, form), max(
        each.status if isinstance(each, Report) else 2 for each in reports.values()
    )


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line adds to the checks of pyproject.toml."""
    plain = ("only", "update_baseline", "strict", "coverage", "keep", "compiler", "allow")
    given = {key: options[key] for key in plain if options[key]}
    if options["target"] != "native":
        given["target"] = options["target"]
    unusable = [key for key in (*_REPEATED, "structs") if options[key]]
    if unusable:
        raise CannotJudgeError(
            f"there is no MODULE that {', '.join(unusable)} could be for: name it,"
            " or write this into pyproject.toml"
        )
    for key in ("update_baseline", "keep", "allow"):
        if key in given:
            given[key] = os.path.abspath(given[key])  # they are of the folder where we are
    return given


def _told(reports: Mapping[str, Report | CannotJudgeError], form: str) -> str:
    if form == "json":
        listed = [
            {"check": name, **each.data()}
            if isinstance(each, Report)
            else {"check": name, "proven": False, "error": str(each)}
            for name, each in reports.items()
        ]
        return json.dumps({"checks": listed}, indent=2)
    parts: list[str] = []
    for name, each in reports.items():
        if isinstance(each, CannotJudgeError):
            line = " ".join(str(each).split())
            mark = f"::error title={name}::cannot judge: {line}\n" if form == "github" else ""
            parts.append(f"{mark}[{name}] cannot judge: {each}")
        else:
            parts.append(f"[{name}] {each}" if form == "text" else each.github())
    return "\n".join(parts)


def _in_form(report: Report, form: str) -> str:
    if form == "json":
        return report.json()
    return report.github() if form == "github" else str(report)


@contextmanager
def _inside(folder: str) -> Generator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        python, sign, c = text.rpartition("=")
        if not (sign and python):
            raise CannotJudgeError(f"--struct {text}: expected PYTHON=C")
        pairs[python] = c
    return pairs


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise ValueError(text)
    return seconds
