"""Copy the runtime, ``pyexample.ffi``, into a project, and update that copy.

The file MANIFEST in the copy has its version of pyexample and the SHA-256 of each file, in the
format of ``sha256sum``. Line breaks are normalised, since git changes them on Windows.
"""

import hashlib
import os
import shutil
from pathlib import Path

from . import CannotWriteError

SOURCE = Path(__file__).parent.parent / "ffi"
FOLDER = "_ffi"
MANIFEST = "MANIFEST"


def copy(target: Path, version: str) -> None:
    """Copy the runtime of this pyexample to a new folder, and record the version."""
    digests = files_of(SOURCE)
    for name in digests:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SOURCE / name, target / name)
    lines = [f"{digest}  {name}\n" for name, digest in digests.items()]
    text = f"# The runtime of pyexample {version}. Do not edit: pyexample vendor replaces it.\n"
    (target / MANIFEST).write_text("".join([text, *lines]), "utf-8")


def files_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a copy of the runtime, by its path in the copy."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in name and name != MANIFEST:
            content = path.read_bytes().replace(b"\r\n", b"\n")
            found[name] = hashlib.sha256(content).hexdigest()
    return found


def read_manifest(folder: Path) -> tuple[str, dict[str, str]]:
    """Read the version of a copy, and the SHA-256 of each file when it was copied."""
    file = folder / MANIFEST
    try:
        first, *lines = file.read_text("utf-8").splitlines()
        version = first.removeprefix("# The runtime of pyexample ").partition(". ")[0]
        pairs = [line.split("  ") for line in lines]
        digests = {name: digest for digest, name in pairs}
    except (OSError, ValueError) as error:
        raise CannotWriteError(f"{file} cannot be read: {error}") from None
    return version, digests


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The differences between two sets of files, given their digests: one line a file."""
    verbs = {(False, True): "added", (True, False): "removed", (True, True): "changed"}
    return [
        f"{verbs[name in before, name in after]:<8} {name}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def find(folder: Path) -> Path:
    """Find the copy of the runtime in the project that contains ``folder``.

    Raises CannotWriteError if there is none, or more than one.
    """
    for project in (folder, *folder.parents):
        if (project / "pyproject.toml").is_file():
            found = [each.parent for each in project.glob(f"src/*/{FOLDER}/{MANIFEST}")]
            if len(found) == 1:
                return found[0]
            raise CannotWriteError(
                f"{project} has {len(found) or 'no'} copies of the runtime"
                f" (src/*/{FOLDER}/{MANIFEST}), expected one: was the project written by"
                " pyexample new --runtime vendored?"
            )
    raise CannotWriteError("this is not a project: there is no pyproject.toml here or above")


def replace(folder: Path, version: str) -> None:
    """Replace a copy by the runtime of this pyexample, completely or not at all."""
    fresh, old = folder.with_name(f"{FOLDER}.new"), folder.with_name(f"{FOLDER}.old")
    try:
        copy(fresh, version)
        os.rename(folder, old)
        try:
            os.rename(fresh, folder)
        except OSError:
            os.rename(old, folder)
            raise
    except OSError as error:
        raise CannotWriteError(f"{folder} is unchanged: {error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
