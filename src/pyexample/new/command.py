"""The commands ``pyexample new`` and ``pyexample vendor``: their arguments and output."""

import argparse
import re
from pathlib import Path
from typing import Any

from . import CannotWriteError, foreign, names, origin, project, runtime
from .plan import Headers, Plan


def add_new_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pyexample new`` to a parser."""
    parser.description = (
        "Create a project: a C library and its Python package. Without --header, the library"
        " starts with a small example."
    )
    add: Any = parser.add_argument
    many: dict[str, Any] = {"action": "append", "default": []}
    add("name", metavar="NAME", help="the library's name: fastfft for libfastfft")
    add("--package", metavar="NAME", help="the Python package's name (pyNAME)")
    add(
        "--runtime",
        choices=["vendored", "pyexample"],
        default="vendored",
        help="vendored (the default): copy the runtime into the package, which then needs"
        " only Python; pyexample: depend on pyexample",
    )
    add = parser.add_argument_group("C that somebody else wrote").add_argument
    add("--header", **many, metavar="H", help="a header whose functions are bound")
    add("--source", nargs="+", action="extend", default=[], metavar="C", help="C to compile")
    add("--include", **many, metavar="DIR", help="a folder to search for headers")
    add("--define", **many, metavar="X=Y", help="a macro to define for the C and its headers")
    add("--version", metavar="1.2.3", help="its version, if no macro of a header has it")
    add("--system", metavar="LIB", help="bind the system's library, libz or libz.so.1")


def write_project(arguments: argparse.Namespace) -> str:
    """Write a project and return the text to print. Raises CannotWriteError."""
    _check_use(arguments)
    here = Path.cwd()
    name, package = arguments.name, arguments.package or f"py{arguments.name}"
    names.check(name, package, str(here))
    version = origin.version()
    plan = Plan(name, package, arguments.runtime == "vendored")
    if arguments.system:
        folders = [str(Path(each).absolute()) for each in arguments.include]
        headers = Headers(arguments.header, folders, arguments.define)
        plan.bind_system(headers, arguments.system)
    elif arguments.header:
        found = foreign.find(
            arguments.header, arguments.source, arguments.include, arguments.define
        )
        plan.bind_foreign(found, arguments.version)

    def fill(folder: Path) -> None:
        if plan.is_vendored:
            runtime.copy(folder / "src" / package / runtime.FOLDER, version)
        plan.write(folder)

    project.make(here / name, fill)
    return plan.report()


def _check_use(arguments: argparse.Namespace) -> None:
    given = vars(arguments)
    if arguments.system and (arguments.source or arguments.version):
        raise CannotWriteError("--system: leave out --source and --version")
    if arguments.header and not (arguments.source or arguments.system):
        raise CannotWriteError(
            "--header needs the library's C: name it with --source, or with --system name a"
            " library of the system"
        )
    for option in ("source", "include", "define", "version", "system"):
        if given[option] and not arguments.header:
            raise CannotWriteError(f"--{option} needs a --header whose functions are bound")
    for macro in arguments.define:
        if not re.fullmatch(r"[A-Za-z_]\w*(=.*)?", macro, re.ASCII):
            raise CannotWriteError(
                f"--define {macro!r}: expected X or X=Y, in one line, a macro without"
                " parameters"
            )
    if arguments.version and not re.fullmatch(r"\d+(\.\d+){0,3}", arguments.version):
        raise CannotWriteError(
            f"--version {arguments.version}: expected up to four numbers, such as 1.2.3"
        )


def add_vendor_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pyexample vendor`` to a parser."""
    parser.description = "Update this project's copy of the runtime to that of this pyexample."
    parser.add_argument("--dry-run", action="store_true", help="only print what would change")
    parser.add_argument("--force", action="store_true", help="replace a copy that was edited")


def update_runtime(arguments: argparse.Namespace) -> str:
    """Update a project's runtime to this version and return the text to print."""
    folder = runtime.find(Path.cwd())
    version = origin.version()
    was, copied = runtime.read_manifest(folder)
    there = runtime.files_of(folder)
    if (edits := runtime.changes(copied, there)) and not arguments.force:
        raise CannotWriteError(
            f"{folder} was edited since it was copied:\n"
            + "\n".join(f"  {each}" for each in edits)
            + "\nTake the edits back, or lose them with --force."
        )
    different = runtime.changes(there, runtime.files_of(runtime.SOURCE))
    if not different and was == version:
        return f"{folder} is the runtime of pyexample {version} already."
    if not arguments.dry_run:
        runtime.replace(folder, version)
    would = "would be" if arguments.dry_run else "is"
    heading = f"{folder} {would} the runtime of pyexample {version}; it was that of {was}:"
    return "\n".join([heading, *(f"  {each}" for each in different)])
