"""Find a package's shared library and load it, or say why that cannot be done.

The library is in the folder ``lib`` of the package. Every entry of the package's
``__path__`` is looked at, since an editable install has two: the source tree and the
folder that CMake installed into. Nothing else is: not the current directory, not PATH,
not the system's libraries, from where somebody else's file could come. Of a package in a
zip file, which no system's loader reads, a private copy of the library is loaded.

An environment variable may override the search with the absolute path of one file:
``FOO_BAR_LIBRARY`` for the library ``bar`` of a package ``foo``, or ``FOO_LIBRARY``, where
it is the only one of the package's own. It never falls back, and takes no file that every
user of the system may change. No variable is for two libraries.

A library of the system's (SQLite, say) is loaded by the name that is declared for the
platform, as the system's loader finds it.
"""

import ctypes
import os
import stat
import sys
from _weakref import ref  # importing weakref takes its time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .symbols import ask_again, why_no_function


class Attempt:
    """One file that was considered.

    Attributes:
        path: the file.
        reason: why it was not loaded; None where it was.
    """

    def __init__(self, path: str, reason: str | None) -> None:
        self.path = path
        self.reason = reason


class LibraryLoadError(ImportError):
    """The library could not be loaded.

    The message lists every file that was tried, each with its own reason, and says what to do
    next. Bytes in a path that cannot be printed are escaped. ``attempts`` has the same as data.
    """

    def __init__(self, library: str, attempts: list[Attempt], advice: str) -> None:
        lines = [f"the library {library!r} cannot be loaded; this is what was tried:"]
        lines += [f"  {attempt.path}\n    {attempt.reason}" for attempt in attempts]
        text = "\n".join([*lines, advice])
        super().__init__(text.encode(errors="backslashreplace").decode(), name=library)
        self.attempts = attempts


def variable(package: str, name: str) -> str:
    """The environment variable ``name`` of ``package``: FOO_NAME for all of ``foo``."""
    text = f"{package.partition('.')[0]}_{name}".upper()
    # What shells can set, which is less than what a library may be called.
    return "".join(character if character.isalnum() else "_" for character in text)


def override_variable(package: str, name: str = "") -> str:
    """The environment variable that names the file of the library ``name`` of ``package``.

    Without a name, the one that will do where the package has a single library of its own.
    """
    return variable(package, f"{name}_LIBRARY" if name else "LIBRARY")


def override_variables(package: str, name: str, *, system: bool) -> list[str]:
    """The environment variables that may name the file of this library, best first.

    FOO_BAR_LIBRARY for ``bar`` of ``foo``; and FOO_LIBRARY, unless ``system`` says that it is
    one of the system's, or ``foo`` has declared another library before. Raises ValueError
    where another library has the same one, and LibraryLoadError where FOO_LIBRARY is set
    and could mean either.
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
    """Which library ``variable`` is for: the first that was declared."""
    top = package.partition(".")[0]
    owner, of_package, module = _owners.get(variable, (library, top, lambda: None))
    if module() is not sys.modules.get(of_package, sys):  # a package that is imported anew
        owner = library
    if owner == library:
        _owners[variable] = library, top, ref(sys.modules.get(top, sys))
    return owner


_owners: dict[str, tuple[str, str, Callable[[], Any]]] = {}
"""The library that an environment variable is for, and the package that declared it."""


def candidates(package: str, name: str) -> list[str]:
    """The absolute paths where the library ``name`` of ``package`` may be, best first.

    Raises LibraryLoadError where it is in a zip file and cannot be copied out of it.
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
        return [f"{name}.dll", f"lib{name}.dll"]  # by MSVC and clang-cl; by MinGW
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
    system: Mapping[str, str] | None = None,
    kind: type[ctypes.CDLL] = ctypes.CDLL,
) -> tuple[ctypes.CDLL, list[Attempt]]:
    """Load the library ``name`` that belongs to ``package``.

    ``abi_version`` is the name of a function of the library that returns the version of its
    binary interface, and the version that it must return. ``overrides`` are the environment
    variables that may name another file: the first one that is set decides. ``system`` is for
    a system library: its file name by ``sys.platform``. ``kind`` is how ctypes calls its
    functions.

    Returns the library and all that was tried: the last attempt is the one that loaded.
    Raises LibraryLoadError where none did.
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
        library, reason = _try(
            path, abi_version, kind, by_name=not override and system is not None
        )
        attempts.append(Attempt(path, reason))
        if library is not None:
            return library, attempts
    raise LibraryLoadError(name, attempts, advice)


def _where_to_look(
    package: str, name: str, overrides: Sequence[str], system: Mapping[str, str] | None
) -> tuple[list[str], str]:
    """The files to be tried, and what to do where none can be loaded."""
    if system is not None:
        paths = [system[sys.platform]] if sys.platform in system else []
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
    """Whether the file is open to every user, or a folder on the way to it or its link is."""
    # On Windows, the mode does not tell the access lists.
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
    path: str, abi_version: tuple[str, int] | None, kind: type[ctypes.CDLL], *, by_name: bool
) -> tuple[ctypes.CDLL | None, str | None]:
    if not os.path.isabs(path) and not by_name:
        # It would be looked up in the current directory, or worse, along a search path.
        return None, "not an absolute path"
    try:
        reason = None if by_name else _danger(path)
        if reason:
            return None, reason
        library = kind(path)
    # ctypes reads the loader's message, with the path in it, as UTF-8, or fails to.
    except (OSError, ValueError) as error:
        message = _message(path, error)
        if by_name:
            return None, f"the system's loader does not find it: {message}"
        from .diagnosis import why_refused  # most libraries load

        return None, why_refused(path, message)
    reason = (
        _wrong_abi(library, *abi_version) if abi_version and not is_stand_in(library) else None
    )
    return (None, reason) if reason else (library, None)


def _message(path: str, error: Exception) -> str:
    """What the system's loader said of the library ``path``."""
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode(errors="backslashreplace")
    return str(error) or ask_again(path)  # ctypes loses it before Python 3.12


def _danger(path: str) -> str | None:
    """Why the file ``path`` must not even be given to the system's loader.

    Raises OSError where it cannot be read. One that is not there is the loader's to refuse,
    since a tool may stand in for it.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a FIFO waits for ever
        return "this is a FIFO, a socket or a device, not a library"
    if sys.platform in ("win32", "darwin"):
        return None  # their loaders refuse what is damaged
    from .elf import damage

    return damage(path)


def is_stand_in(library: ctypes.CDLL) -> bool:
    """Whether a tool that reads declarations has put something in the library's place.

    Its functions do nothing: there is no version to ask for, and nothing to call.
    """
    return "is_stand_in" in vars(library)


def _wrong_abi(library: ctypes.CDLL, function: str, expected: int) -> str | None:
    try:
        get_version = library[function]  # a function object of our own, not the shared one
    except (AttributeError, UnicodeDecodeError):  # of a message with the path in it
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
