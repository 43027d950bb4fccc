"""Say how a library was found and loaded, or why it could not be."""

import importlib
import importlib.metadata
import os
import platform
import sys

from .ffi import Library
from .loading import LibraryLoadError, override_variable
from .loading.diagnosis import needed_architecture


def report(binding: str) -> tuple[str, bool]:
    """Import the module ``binding`` and tell how its library fares.

    It has a ``library``, and the library's version as ``__version__``. Returns the report,
    several lines, and whether all is well. Never raises for a library that does not load.
    """
    package = binding.partition(".")[0]
    package_version = _package_version(package)
    surroundings = _surroundings(package, package_version)
    try:
        module = importlib.import_module(binding)
    except LibraryLoadError as error:
        return "\n".join([*surroundings, "", str(error)]), False
    library: Library = module.library
    version = module.__version__
    abi = f", ABI version {library.abi[1]}" if library.abi else ""
    lines = [
        f"library       {library.path}",
        f"              version {version}{abi}",
        *_column(
            "candidates",
            [f"{each.path}: {each.reason or 'loaded'}" for each in library.attempts],
        ),
        *_column("functions", _functions(library)),
    ]
    well = version == package_version
    if not well:
        lines.append(
            f"\nThe package is {package_version} and its library {version}: reinstall the"
            " package."
        )
    return "\n".join([*surroundings, *lines]), well


def _surroundings(package: str, version: str) -> list[str]:
    variable = override_variable(package)
    paths = ", ".join(map(os.path.abspath, sys.modules[package].__path__))
    return [
        f"python        {platform.python_implementation()} {platform.python_version()},"
        f" {sys.executable}",
        f"platform      {platform.platform()}",
        f"architecture  {needed_architecture()}",
        f"package       {package} {version}, {paths}",
        f"override      {variable} {os.environ.get(variable) or 'is not set'}",
    ]


def _package_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _functions(library: Library) -> list[str]:
    """How each declared function is called."""
    return [
        f"{name}: through ctypes, since {library.fallbacks[name]}"
        if name in library.fallbacks
        else f"{name}: a builtin"
        for name in library.declarations
    ]


def _column(title: str, entries: list[str]) -> list[str]:
    return [f"{'' if row else title:<14}{entry}" for row, entry in enumerate(entries)]
