"""Find a package's shared library and load it, or say why that cannot be done.

The library is in the folder ``lib`` of the package. Every entry of the package's
``__path__`` is looked at, since an editable install has two: the source tree and the
folder that CMake installed into. Nothing else is: not the current directory, not PATH,
not the system's libraries, from where somebody else's file could come. Of a package in a
zip file, which no system's loader reads, a private copy of the library is loaded.

An environment variable may override the search with the absolute path of one file:
``FOO_LIBRARY`` for a package ``foo``. It never falls back, and takes no file that every
user of the system may change.

A library of the system's (SQLite, say) is loaded by the name that is declared for the
platform, as the system's loader finds it.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterator, Mapping


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
    """No candidate for a library could be loaded.

    The message lists every candidate with its own reason and what to do next.
    ``attempts`` holds the same as data.
    """

    def __init__(self, library: str, attempts: list[Attempt], advice: str) -> None:
        lines = [f"the library {library!r} cannot be loaded; this is what was tried:"]
        lines += [f"  {attempt.path}\n    {attempt.reason}" for attempt in attempts]
        super().__init__("\n".join([*lines, advice]), name=library)
        self.attempts = attempts


def variable(package: str, name: str) -> str:
    """The environment variable ``name`` of ``package``: FOO_NAME for all of ``foo``."""
    return f"{package.partition('.')[0].upper()}_{name}"


def override_variable(package: str, system: str = "") -> str:
    """The environment variable that names the library file of ``package``.

    Or that of the library ``system`` of the system's, which the package binds.
    """
    return variable(package, f"{system.upper()}_LIBRARY" if system else "LIBRARY")


def candidates(package: str, name: str) -> list[str]:
    """The absolute paths where the library ``name`` of ``package`` may be, best first."""
    entries = sys.modules[package].__path__
    paths = [
        os.path.abspath(os.path.join(entry, "lib", file))
        for entry in entries
        for file in _file_names(name)
    ]
    if not any(map(os.path.isdir, entries)):
        return [_copy_from_zip(package, path) for path in paths]
    return paths


def _copy_from_zip(package: str, path: str) -> str:
    """The path of a copy of the library ``path``, or ``path`` where the package has none."""
    import atexit
    from importlib.resources import files
    from pathlib import Path
    from tempfile import TemporaryDirectory

    name = os.path.basename(path)
    try:
        content = (files(package) / "lib" / name).read_bytes()
    except OSError:
        return path
    # Nobody else may enter it. On Windows it stays, since a loaded file cannot be removed.
    folder = TemporaryDirectory(prefix=f"{package}-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    copy = Path(folder.name, name)
    copy.write_bytes(content)
    return str(copy)


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
    abi: tuple[str, int] | None = None,
    override: str | None = None,
    system: Mapping[str, str] | None = None,
    kind: type[ctypes.CDLL] = ctypes.CDLL,
) -> tuple[ctypes.CDLL, list[Attempt]]:
    """Load the library ``name`` that belongs to ``package``.

    ``abi`` is the name of its function that returns the version of its binary interface,
    and the version that it must return. ``override`` is the environment variable that may
    name the file to be loaded instead. ``system`` makes it one of the system's: its name by
    ``sys.platform``. ``kind`` is how ctypes calls its functions.

    Returns the library and all that was tried: the last attempt is the one that loaded.
    Raises LibraryLoadError where none did.
    """
    chosen = os.environ.get(override) if override else None
    if chosen:
        paths = [chosen]
        advice = f"{override} is set, so nothing else was tried: correct it or unset it."
    else:
        paths, advice = _where_to_look(package, name, override, system)
    attempts: list[Attempt] = []
    for path in paths:
        if chosen and _anyone_may_change(path):
            attempts.append(Attempt(path, "every user of this system may change or replace it"))
            continue
        library, reason = _try(path, abi, kind, by_name=not chosen and system is not None)
        attempts.append(Attempt(path, reason))
        if library is not None:
            return library, attempts
    raise LibraryLoadError(name, attempts, advice)


def _where_to_look(
    package: str, name: str, override: str | None, system: Mapping[str, str] | None
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
    if not override:
        return paths, f"{advice}."
    return paths, (
        f"{advice}, or set {override} to the absolute path of a library that was built for"
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
    path: str, abi: tuple[str, int] | None, kind: type[ctypes.CDLL], *, by_name: bool
) -> tuple[ctypes.CDLL | None, str | None]:
    if not os.path.isabs(path) and not by_name:
        # It would be looked up in the current directory, or worse, along a search path.
        return None, "not an absolute path"
    try:
        if not by_name and _is_cut_off(path):
            return None, "the file is cut off: copy or install it again"
        library = kind(path)
    except OSError as error:
        if by_name:
            return None, f"the system's loader does not find it: {error}"
        from .diagnosis import why_refused  # most libraries load

        return None, why_refused(path, str(error))
    reason = _wrong_abi(library, *abi) if abi and not is_stand_in(library) else None
    return (None, reason) if reason else (library, None)


def _is_cut_off(path: str) -> bool:
    """Whether the ELF file at ``path`` ends before what its program headers map.

    They are described in chapter 5 of the System V gABI. An interrupted copy leaves such a
    file. The systems' other loaders refuse one; those of Linux map it and the process dies
    of SIGBUS, so that this must be known beforehand. False for a file of another format,
    and for none: whoever loads it will say so. Raises OSError where it cannot be read.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return False
    with file:
        head = file.read(64)
        if head[:4] != b"\x7fELF":
            return False
        try:
            wide, order = head[4] == 2, ">" if head[5] == 2 else "<"
            # e_phoff; e_phentsize and e_phnum
            (offset,) = struct.unpack_from(
                order + ("Q" if wide else "I"), head, 32 if wide else 28
            )
            size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
            file.seek(offset)
            table = file.read(size * count)
            # p_offset and p_filesz
            form = struct.Struct(order + ("8xQ16xQ" if wide else "4xI8xI"))
            segments = [form.unpack_from(table, size * index) for index in range(count)]
        except (struct.error, IndexError):
            return True
        return os.fstat(file.fileno()).st_size < max(map(sum, segments), default=0)


def is_stand_in(library: ctypes.CDLL) -> bool:
    """Whether a tool that reads declarations has put something in the library's place.

    Its functions do nothing: there is no version to ask for, and nothing to call.
    """
    return "is_stand_in" in vars(library)


def _wrong_abi(library: ctypes.CDLL, function: str, expected: int) -> str | None:
    try:
        get_version = library[function]  # a function object of our own, not the shared one
    except AttributeError:
        return f"it has no function {function}(): this is another library of the same name"
    get_version.argtypes = []
    get_version.restype = ctypes.c_int32
    version = get_version()
    if version == expected:
        return None
    return (
        f"its ABI version is {version}, but this package was written for {expected}:"
        " the two come from different releases"
    )
