"""The commands ``pyexample new`` and ``pyexample vendor``: arguments, and what is printed."""

import argparse
import sys
from pathlib import Path

from . import CannotWriteError, names, origin, project, runtime


def add_new_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pyexample new`` to a parser."""
    parser.description = "Write a project of your own: a C library and its Python package."
    parser.add_argument("name", metavar="NAME", help="the library's: fastfft for libfastfft")
    parser.add_argument("--package", metavar="NAME", help="the Python package's (pyNAME)")
    parser.add_argument(
        "--runtime",
        choices=["vendored", "pyexample"],
        default="vendored",
        help="a copy of the runtime in the package, so that it needs nothing but Python"
        " (the default), or a dependency on pyexample",
    )


def write_project(arguments: argparse.Namespace) -> str:
    """Write a project, and return what to print. Raises CannotWriteError."""
    name = arguments.name
    package = arguments.package or f"py{name}"
    here = Path.cwd()
    names.check(name, package, str(here))
    version = origin.version()
    traits = {"own", "vendored" if arguments.runtime == "vendored" else "dependency"}
    texts = project.files(traits, _values(name, package, traits))
    copies: dict[str, Path] = {}
    if "dependency" in traits:
        copies["cmake/install.cmake"] = runtime.SOURCE / "c" / "install.cmake"

    def fill(folder: Path) -> None:
        project.write(folder, texts, copies)
        if "vendored" in traits:
            runtime.copy(folder / "src" / package / runtime.FOLDER, version)

    project.make(here / name, fill)
    lines = sum(text.count("\n") for text in texts.values())
    return f"{name}/ is a project: {len(texts)} files, {lines} lines.\n{_next_commands(name)}"


def _values(name: str, package: str, traits: set[str]) -> dict[str, str]:
    is_vendored = "vendored" in traits
    requirement = origin.requirement()
    if not (requirement or is_vendored):
        raise CannotWriteError(
            "--runtime pyexample: pip has not recorded where this pyexample was installed from,"
            " and no package index has it: install it from a clone, a URL or a wheel"
        )
    licenses = ["LICENSE"]
    if is_vendored:
        licenses.append(f"src/{package}/{runtime.FOLDER}/LICENSE")
    test = ["pytest>=8", "cmake>=3.25", "ninja", *([requirement] if requirement else [])]
    return {
        "NAME": name,
        "MACRO": name.upper(),
        "PACKAGE": package,
        "RUNTIME": f".{runtime.FOLDER}" if is_vendored else "pyexample.ffi",
        "RUNTIME_PACKAGE": f"{package}.{runtime.FOLDER}" if is_vendored else "pyexample.ffi",
        "RUNTIME_CMAKE": f"src/{package}/{runtime.FOLDER}/c/install.cmake"
        if is_vendored
        else "cmake/install.cmake",
        "HEADERS_OF": f"src/c {name}.h",
        "HEADERS": f'"{name}.h"',
        "INCLUDES": 'str(ROOT / "src" / "c")',
        "DEFINES": "",
        "INCLUDE_LINES": f"#include <{name}.h>\n",
        "LICENSE_FILES": ", ".join(f'"{each}"' for each in licenses),
        "CI_REQUIREMENT": ". pytest"
        if not requirement or origin.is_local(requirement)
        else '".[test]"',
        "REQUIREMENT": requirement or "",
        "TEST_REQUIREMENTS": ", ".join(f'"{each}"' for each in test),
    }


def _next_commands(name: str) -> str:
    scripts = ".venv\\Scripts\\" if sys.platform == "win32" else ".venv/bin/"
    quote = '"' if sys.platform == "win32" else "'"
    return (
        "Build and test it:\n"
        f"  cd {name}\n"
        f"  python3 -m venv .venv && {scripts}pip install {quote}.[test]{quote}\n"
        f"  {scripts}pytest"
    )


def add_vendor_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pyexample vendor`` to a parser."""
    parser.description = "Bring this project's copy of the runtime to this pyexample's version."
    parser.add_argument("--dry-run", action="store_true", help="say what would change")
    parser.add_argument("--force", action="store_true", help="replace a copy that was edited")


def update_runtime(arguments: argparse.Namespace) -> str:
    """Bring a project's runtime to this version, and return what to print."""
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
