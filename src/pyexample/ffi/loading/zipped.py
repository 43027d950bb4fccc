"""Libraries of a package in a zip file: a private copy of them, which the system can load."""

import atexit
import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

_copies: dict[tuple[str, int], str] = {}
"""The folders that were made, by package and process."""


def copy_of_lib(package: str) -> str:
    """The folder in which a copy of all of the folder ``lib`` of ``package`` is.

    All of it, since a library may need those that stand beside it. Nobody but this user may
    enter it. It is removed when the process ends that made it. A forked child makes one of
    its own, since its parent may end before it. On Windows it stays, since a loaded file
    cannot be removed. Raises OSError where it cannot be made.
    """
    key = package, os.getpid()
    if key not in _copies:
        _copies[key] = _new_copy(package)
    return _copies[key]


def is_copy(path: str) -> bool:
    """Whether the library ``path`` is in a folder that was made here."""
    return os.path.dirname(path) in _copies.values()


def _new_copy(package: str) -> str:
    folder = mkdtemp(prefix=f"{package}-")
    atexit.register(_remove, folder, os.getpid())
    if multiprocessing := sys.modules.get("multiprocessing.util"):
        # Its forked children end by os._exit, having called what is registered here.
        multiprocessing.Finalize(None, _remove, (folder, os.getpid()), exitpriority=0)
    try:
        library_folder = files(package) / "lib"
        if library_folder.is_dir():
            _copy(library_folder, Path(folder))
    except OSError:
        raise
    # What zipimport, zipfile and zlib raise for a damaged file has no common base.
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    return folder


def _copy(source: Any, target: Path) -> None:
    for entry in source.iterdir():
        if entry.is_dir():
            (target / entry.name).mkdir()
            _copy(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())


def _remove(folder: str, maker: int) -> None:
    # A forked child has inherited what its parent registered with atexit.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
