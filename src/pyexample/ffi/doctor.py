"""A report of how a binding's library was found and loaded, or why it could not be."""

import importlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .library import Library


def report(binding: str, *others: str) -> tuple[str, bool]:
    """Import the module ``binding``, and report on its ``library``. Never raises.

    The ``others`` are modules that declare functions of that library, too.

    Returns the report, and whether all is correct.
    """
    package = binding.partition(".")[0]
    lines = _surroundings(package)
    try:
        # No ``map``: PyPy takes a TypeError of its function for one of the assignment.
        module, *_ = [importlib.import_module(each) for each in (binding, *others)]
        told = getattr(module, "__version__", None)
        lines += _library(module.library, told)
    except Exception as error:
        # The messages of LibraryLoadError and DeclarationError suffice.
        kind = "" if isinstance(error, ImportError | TypeError) else f"{type(error).__name__}: "
        return "\n".join([*lines, "", f"{kind}{error}"]), False
    version = package_version(package)
    if version is None:
        wrong = f"The package {package} is not installed: pip knows nothing of it."
    elif told not in (None, version):
        wrong = f"The package is {version} and its library {told}"
        wrong += ": reinstall the package."
    else:
        return "\n".join(lines), True
    return "\n".join([*lines, "", wrong]), False


def package_version(package: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return importlib.metadata.version(package) or None
    except Exception:
        return None


def _surroundings(package: str) -> list[str]:
    return [
        f"python        {_describe(_python)}",
        f"platform      {_describe(platform.platform)}",
        f"architecture  {_describe(_architecture)}",
        f"package       {_describe(_package, package)}",
        f"override      {_describe(_override, package)}",
        f"fast calls    {_describe(_switch, package)}",
    ]


def _describe(describe: Callable[..., str], *arguments: str) -> str:
    try:
        return describe(*arguments)
    except Exception as error:
        return f"(not known: {type(error).__name__}: {error})"


def _python() -> str:
    name, version = platform.python_implementation(), platform.python_version()
    return f"{name} {version}, {sys.executable or '(an unknown executable)'}"


def _architecture() -> str:
    from .loading.diagnosis import needed_architecture

    return needed_architecture()


def _package(package: str) -> str:
    paths = ", ".join(map(os.path.abspath, sys.modules[package].__path__))
    return f"{package} {package_version(package) or '(not installed)'}, {paths}"


def _override(package: str) -> str:
    from .loading import override_variable

    variable = override_variable(package)
    return f"{variable} {os.environ.get(variable) or 'is not set'}"


def _switch(package: str) -> str:
    from .loading import variable

    name = variable(package, "FASTCALL")
    value = f"is {os.environ[name]}" if os.environ.get(name) else "is not set"
    return f"{name} {value} (0 turns them off in {package}; a package foo has FOO_FASTCALL)"


def _library(library: "Library", version: str | None) -> list[str]:
    versions = [f"version {version}"] if version else []
    versions += [f"ABI version {library.abi_version[1]}"] if library.abi_version else []
    tried = [f"{each.path}: {each.reason or 'loaded'}" for each in library.attempts]
    return [
        f"library       {library.path}",
        *_column("", [", ".join(versions)] if versions else []),
        *_column("candidates", tried),
        *_column("functions", _functions(library)),
    ]


def _functions(library: "Library") -> list[str]:
    """A reason that all functions have is written once."""
    names, reasons = library.declarations, library.fallbacks
    if len(names) == len(reasons) > 1 and len(set(reasons.values())) == 1:
        return [f"all {len(names)}: through ctypes, since {next(iter(reasons.values()))}"]
    return [f"{name}: {_how_it_is_called(library, name)}" for name in names]


def _how_it_is_called(library: "Library", name: str) -> str:
    if name not in library:
        return "missing, and optional"
    reason = library.fallbacks.get(name)
    return f"through ctypes, since {reason}" if reason else "a builtin"


def _column(title: str, entries: list[str]) -> list[str]:
    return [f"{'' if row else title:<14}{entry}" for row, entry in enumerate(entries)]
