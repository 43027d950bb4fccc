"""Find a package's shared library and load it, or say why that cannot be done.

The library is in the folder ``lib`` of an entry of the package's ``__path__``: an editable
install has two. Nothing else is searched (the current directory, PATH, the system's libraries),
because somebody else's file could be there. A package in a zip file gets a private copy.

If an environment variable names a file (see Library), nothing else is tried, and a file that
every user of the system may change is refused. Its path must be absolute.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from _weakref import ref  # weakref is slow to import
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .symbols import ask_again, why_no_function


class Attempt:
    """A file that was tried. ``reason`` is why it was not loaded, or None."""

    def __init__(self, path: str, reason: str | None) -> None:
        self.path = path
        self.reason = reason


class LibraryLoadError(ImportError):
    """The library could not be loaded.

    The message lists every file that was tried (``attempts``), each with its own reason, and
    says what to do next.
    """

    def __init__(self, library: str, attempts: list[Attempt], advice: str) -> None:
        lines = [f"the library {library!r} cannot be loaded; this is what was tried:"]
        lines += [f"  {attempt.path}\n    {attempt.reason}" for attempt in attempts]
        text = "\n".join([*lines, advice])
        super().__init__(text.encode(errors="backslashreplace").decode(), name=library)
        self.attempts = attempts


def variable(package: str, name: str) -> str:
    """The environment variable ``name`` of a package: FOO_NAME."""
    text = f"{package.partition('.')[0]}_{name}".upper()
    # Shells allow no others.
    return "".join(character if character.isalnum() else "_" for character in text)


def override_variable(package: str, name: str = "") -> str:
    """FOO_BAR_LIBRARY, or without a name FOO_LIBRARY."""
    return variable(package, f"{name}_LIBRARY" if name else "LIBRARY")


def override_variables(package: str, name: str, *, system: bool) -> list[str]:
    """The environment variables that may name the file of this library, best first.

    FOO_LIBRARY is for the first library that is not the system's. Raises ValueError if another
    library has the same one, and LibraryLoadError if FOO_LIBRARY is set and could mean either.
    """
    library = f"{'the system' if system else package}'s {name}"
    own, only = override_variable(package, name), override_variable(package)
    if (owner := _claim(own, package, library)) != library:
        raise ValueError(f"{own} would be for two libraries, {owner} and {library}: rename one")
    if system:
        return [own]
    if (owner := _claim(only, package, library)) == library:
        return [own, only]
    if os.environ.get(only) and not os.environ.get(own):
        attempt = Attempt(os.environ[only], f"{only} is set, which {owner} takes as well")
        advice = f"Set {own} for this library, and likewise for others, rather than {only}."
        raise LibraryLoadError(name, [attempt], advice)
    return [own]


def _claim(variable: str, package: str, library: str) -> str:
    """The first library that was declared for ``variable``."""
    top = package.partition(".")[0]
    owner, of_package, module = _owners.get(variable, (library, top, lambda: None))
    if module() is not sys.modules.get(of_package, sys):  # imported anew
        owner = library
    if owner == library:
        _owners[variable] = library, top, ref(sys.modules.get(top, sys))
    return owner


_owners: dict[str, tuple[str, str, Callable[[], Any]]] = {}
"""By variable: its library, and the package that declared it."""


def candidates(package: str, name: str) -> list[str]:
    """The absolute paths to try, best first.

    Raises LibraryLoadError if the library cannot be copied out of a zip file.
    """
    entries = sys.modules[package].__path__
    paths = [
        os.path.abspath(os.path.join(entry, "lib", file))
        for entry in entries
        for file in _file_names(name)
    ]
    if any(map(os.path.isdir, entries)):
        return paths
    from .zipped import copy_of_lib

    try:
        folder = copy_of_lib(package)
    except OSError as error:
        reason = f"it cannot be copied out of the zip file: {error}"
        advice = "Set TMPDIR to a folder that this user may write to, or unpack the zip file."
        attempts = [Attempt(path, reason) for path in paths or [package]]
        raise LibraryLoadError(name, attempts, advice) from None
    copies = [os.path.join(folder, os.path.basename(path)) for path in paths]
    return [
        copy if os.path.exists(copy) else path for path, copy in zip(paths, copies, strict=True)
    ]


def _file_names(name: str) -> list[str]:
    if sys.platform == "win32":
        return [f"{name}.dll", f"lib{name}.dll"]  # MSVC and clang-cl; MinGW
    if sys.platform == "cygwin":
        return [f"cyg{name}.dll"]
    if sys.platform == "darwin":
        return [f"lib{name}.dylib"]
    return [f"lib{name}.so"]


def load(
    package: str,
    name: str,
    *,
    abi_version: tuple[str, int] | None = None,
    overrides: Sequence[str] = (),
    version: Callable[[ctypes.CDLL], str | None] | None = None,
    system: Mapping[str, str | Sequence[str]] | None = None,
    kind: type[ctypes.CDLL] = ctypes.CDLL,
) -> tuple[ctypes.CDLL, list[Attempt]]:
    """Load the library ``name`` of ``package``.

    ``abi_version``, ``version`` and ``system`` are those of Library. The first of
    ``overrides`` that is set is the environment variable with the file. ``kind`` is how
    ctypes calls the functions.

    Returns the library and all attempts, of which the last one succeeded. Raises
    LibraryLoadError.
    """
    override = next((each for each in overrides if os.environ.get(each)), None)
    attempts: list[Attempt] = []
    if override:
        paths = [os.environ[override]]
        advice = f"{override} is set, so nothing else was tried: correct it or unset it."
    else:
        paths, advice = _where_to_look(package, name, overrides, system)
    for path in paths:
        if override and _anyone_may_change(path):
            attempts.append(Attempt(path, "every user of this system may change or replace it"))
            continue
        by_name = not override and system is not None
        library, reason = _try(path, kind, by_name=by_name)
        if library is not None and not is_stand_in(library):
            reason = _wrong_abi(library, *abi_version) if abi_version else None
            reason = reason or (version(library) if version else None)
        attempts.append(Attempt(path, reason))
        if library is not None and reason is None:
            return library, attempts
    raise LibraryLoadError(name, attempts, advice)


def _where_to_look(
    package: str,
    name: str,
    overrides: Sequence[str],
    system: Mapping[str, str | Sequence[str]] | None,
) -> tuple[list[str], str]:
    """The files to try, and advice."""
    if system is not None:
        names = system.get(sys.platform, ())
        paths = [names] if isinstance(names, str) else [*names]
        advice = f"Install the system's package of {name}"
        if not paths:
            advice = f"No name of it is declared for {sys.platform}: declare one"
    else:
        paths = candidates(package, name)
        advice = f"Reinstall the package ({package.partition('.')[0]})"
    if not overrides:
        return paths, f"{advice}."
    return paths, (
        f"{advice}, or set {overrides[-1]} to the absolute path of a library that was built for"
        " this Python."
    )


def _anyone_may_change(path: str) -> bool:
    """Whether every user may write to the file, or to a folder on its path."""
    if os.name != "posix" or not os.path.isabs(path) or not os.path.isfile(path):
        return False
    folders = [*_parents(path), *_parents(os.path.realpath(path))]
    modes = [os.stat(folder).st_mode for folder in folders]
    replaceable = any(mode & stat.S_IWOTH and not mode & stat.S_ISVTX for mode in modes)
    return replaceable or bool(os.stat(path).st_mode & stat.S_IWOTH)


def _parents(path: str) -> Iterator[str]:
    while (folder := os.path.dirname(path)) != path:
        yield folder
        path = folder


def _try(
    path: str, kind: type[ctypes.CDLL], *, by_name: bool
) -> tuple[ctypes.CDLL | None, str | None]:
    if not os.path.isabs(path) and not by_name:
        # It would be searched for.
        return None, "not an absolute path"
    try:
        reason = None if by_name else _danger(path)
        if reason:
            return None, reason
        return kind(path), None
    # ValueError: a path that ctypes cannot decode.
    except (OSError, ValueError) as error:
        message = _message(path, error)
        if by_name:
            return None, f"the system's loader does not find it: {message}"
        from .diagnosis import why_refused

        return None, why_refused(path, message)


def _message(path: str, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode(errors="backslashreplace")
    if isinstance(error, OSError) and sys.implementation.name == "pypy":
        # Its text may hold bytes that are not UTF-8, with which PyPy ends in internal errors.
        return ask_again(path) or type(error).__name__
    return str(error) or ask_again(path)  # lost before Python 3.12


def _danger(path: str) -> str | None:
    """Why the system's loader must not see the file; None for a missing one."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a FIFO blocks
        return "this is a FIFO, a socket or a device, not a library"
    if sys.platform in ("win32", "darwin"):
        return None  # their loaders check
    from .elf import damage

    return damage(path)


def is_stand_in(library: ctypes.CDLL) -> bool:
    """Whether a tool has replaced the library: its functions do nothing."""
    return "is_stand_in" in vars(library)


def _wrong_abi(library: ctypes.CDLL, function: str, expected: int) -> str | None:
    try:
        get_version = library[function]  # not the shared object
    except (AttributeError, UnicodeDecodeError):  # a path in the message
        return f"it has no function {function}(): this is another library of the same name"
    if reason := why_no_function(library, function):
        return f"it has no function {function}(): {reason}"
    get_version.argtypes = []
    get_version.restype = ctypes.c_int32
    version = get_version()
    if version == expected:
        return None
    return (
        f"its ABI version is {version}, but this package was written for {expected}:"
        " the two come from different releases"
    )
