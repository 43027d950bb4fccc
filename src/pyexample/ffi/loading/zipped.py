"""A private copy of a package's libraries, for the system to load them from a zip file."""

import atexit
import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

_copies: dict[tuple[str, int], str] = {}
"""By package and process."""


def copy_of_lib(package: str) -> str:
    """A folder with a copy of the folder ``lib`` of ``package``. Raises OSError.

    Only this user may enter it. It is removed when the process ends, except on Windows, where a
    loaded file cannot be removed. A forked child makes its own, since its parent may end first.
    """
    key = package, os.getpid()
    if key not in _copies:
        _copies[key] = _new_copy(package)
    return _copies[key]


def is_copy(path: str) -> bool:
    """Whether the library ``path`` is in such a folder."""
    return os.path.dirname(path) in _copies.values()


def _new_copy(package: str) -> str:
    folder = mkdtemp(prefix=f"{package}-")
    atexit.register(_remove, folder, os.getpid())
    if multiprocessing := sys.modules.get("multiprocessing.util"):
        # Its forked children end by os._exit, which skips atexit.
        multiprocessing.Finalize(None, _remove, (folder, os.getpid()), exitpriority=0)
    try:
        library_folder = files(package) / "lib"
        if library_folder.is_dir():
            _copy(library_folder, Path(folder))
    except OSError:
        raise
    # zipimport, zipfile and zlib raise these for a damaged file.
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
    # A forked child inherits atexit's functions.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
