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
Without a MODULE, the checks in the nearest pyproject.toml are run, here or in a folder
above: tables [tool.pyexample.abi.NAME] with the keys modules, headers, and these options.

exit status:
  0  proven: the compiler agrees with every declaration that is in the headers
  1  failed: at least one error or, with --strict, one note
  2  something could not be judged, or wrong use: this is never a pass"""

_REPEATED = (
    *("headers", "include", "define", "pkg_config"),
    *("without_library", "without_module", "library"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the checker's arguments to a parser."""
    parser.usage = "pyexample abi [MODULE ...] --header H ... [options] [--run PROGRAM ...]"
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="package.module or file.py, [:attribute]"
    )
    _add_headers(parser.add_argument_group("headers and compiler").add_argument)
    _add_importing(parser.add_argument_group("importing the modules").add_argument)
    _add_report(parser.add_argument_group("the report").add_argument)


def _add_headers(add: Any) -> None:
    many: dict[str, Any] = {"action": "append", "default": []}
    add("--header", **many, dest="headers", metavar="H", help="a header, as in an #include")
    add("-I", **many, dest="include", metavar="DIR", help="a folder to search for headers")
    add("-D", **many, dest="define", metavar="NAME=VALUE", help="a macro to define")
    add("--pkg-config", **many, metavar="NAME", help="use folders and macros of pkg-config")
    add("--compiler", metavar="CXX", help="a C++17 compiler and its options")
    add("--target", default="native", help="check for a platform: x86_64-w64-mingw32, ...")
    add(
        "--struct",
        **many,
        dest="structs",
        metavar="PYTHON=C",
        help=r"the C name of a Structure, or a pattern: 'c_(.*)=\1'",
    )
    add("--library", **many, metavar="FILE", help="also check this library, or 'loaded'")


def _add_importing(add: Any) -> None:
    many: dict[str, Any] = {"action": "append", "default": []}
    add("--without-library", **many, metavar="NAME", help="replace this library by a stand-in")
    add("--without-module", **many, metavar="NAME", help="replace this module by a stand-in")
    add(
        "--timeout",
        type=_seconds,
        default=600.0,
        metavar="SECONDS",
        help="limit for importing and for each run of the compiler (600)",
    )
    add(
        "--run",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="PROGRAM",
        help="also check what script.py ... or -m module ... declares; must come last",
    )


def _add_report(add: Any) -> None:
    add("--only", default="", metavar="REGEX", help="check only names that match")
    add("--allow", metavar="FILE", help="leave out the findings that this TOML file lists")
    add("--update-baseline", metavar="FILE", help="write the findings there, for --allow")
    add("--strict", action="store_true", help="fail on notes, too")
    add("--coverage", action="store_true", help="list what is not declared or not judged")
    add("--check", action="append", default=[], metavar="NAME", help="one in pyproject.toml")
    add("--format", choices=["text", "json", "github"], default="text")
    add("--style", choices=["project", "ctypes"], default="project", help="of printed code")
    add("--keep", metavar="FILE.cpp", help="keep the C++ file that is compiled")


def run(arguments: argparse.Namespace) -> tuple[str, int]:
    """Run a check. Returns the report as text, and the exit status as EPILOG lists it.

    Raises CannotJudgeError if nothing could be judged.
    """
    # The report is printed, so it need not be logged as well.
    logging.getLogger(__package__).addHandler(logging.NullHandler())
    options = dict(vars(arguments))
    form, names = options.pop("format"), options.pop("check")
    # JSON lists everything; but a baseline gets only what was asked for.
    options["coverage"] |= form == "json" and not options["update_baseline"]
    if not (options["modules"] or options["run"]):
        return _run_configured(options, form, names)
    if names:
        raise CannotJudgeError("--check takes its modules from pyproject.toml: name no other")
    if not options["headers"]:
        raise CannotJudgeError("no --header: name the headers to check against")
    options["structs"] = _pairs(options["structs"])
    report = check(*options.pop("modules"), **options)
    return _in_form(report, form), report.status


def _run_configured(options: dict[str, Any], form: str, names: list[str]) -> tuple[str, int]:
    """Run the checks of pyproject.toml. If one cannot be judged, the others still run."""
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
    """Return the options that the command line adds to the checks of pyproject.toml."""
    plain = ("only", "update_baseline", "strict", "coverage", "keep", "compiler", "allow")
    given = {key: options[key] for key in plain if options[key]}
    if options["target"] != "native":
        given["target"] = options["target"]
    unusable = [key for key in (*_REPEATED, "structs") if options[key]]
    if unusable:
        raise CannotJudgeError(
            f"without a MODULE, {', '.join(unusable)} has no effect: name one,"
            " or write the option into pyproject.toml"
        )
    for key in ("update_baseline", "keep", "allow"):
        if key in given:
            given[key] = os.path.abspath(given[key])  # from here, not pyproject.toml
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
