"""Write the files of a new project from templates, all of them or none."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from . import CannotWriteError, runtime

TEMPLATES = Path(__file__).parent / "templates"

# Each file and its template. The project's README describes them.
_COMMON = {
    ".github/workflows/ci.yml": "ci.yml",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "src/@PACKAGE@/__init__.py": "face.py",
    "src/@PACKAGE@/__pyinstaller/__init__.py": "hook_dirs.py",
    "src/@PACKAGE@/__pyinstaller/hook-@PACKAGE@.py": "hook.py",
    "tests/test_header.py": "test_header.py",
    "tests/test_install.py": "test_install.py",
}
_BUILT = {"CMakeLists.txt": "CMakeLists.txt"}
_C = {"CMakePresets.json": "CMakePresets.json"}
_NOT_OWN = {"tests/test_@NAME@.py": "test_theirs.py"}
_OWN = {
    "src/c/@NAME@.c": "library.c",
    "src/c/@NAME@.h": "library.h",
    "src/@PACKAGE@/lib@NAME@.py": "binding.py",
    "tests/test_@NAME@.py": "test_functions.py",
}

# @IF a b@ ... @END@: lines for a project that is a or b.
_CONDITION = re.compile(r"^@IF ([\w ]+)@\n(.*?)^@END@\n", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"@([A-Z_]+)@")


def files(traits: set[str], values: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the project's files, by their paths.

    Args:
        traits: "own", "theirs" or "system": whose C it binds; "vendored" or "dependency":
            how it gets the runtime; "pure": there is nothing to build; "located": it is
            known where pyexample was installed from.
        values: the text for each @MARKER@ of the templates.
    """
    table = dict(_COMMON)
    if "pure" not in traits:
        table |= _BUILT
    if "system" not in traits:
        table |= _C
    table |= _OWN if "own" in traits else _NOT_OWN
    texts = {
        _filled(path, values): _rendered(template, traits, values)
        for path, template in table.items()
    }
    texts["LICENSE"] = _license(values["NAME"])
    texts[f"src/{values['PACKAGE']}/py.typed"] = ""
    return texts


def _rendered(template: str, traits: set[str], values: Mapping[str, str]) -> str:
    text = (TEMPLATES / f"{template}.in").read_text("utf-8")
    text = _CONDITION.sub(
        lambda match: match[2] if traits.intersection(match[1].split()) else "", text
    )
    return _filled(text, values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _MARKER.sub(lambda match: values[match[1]], text)


def _license(name: str) -> str:
    text = (runtime.SOURCE / "LICENSE").read_text("utf-8")
    return text.replace("The pyexample authors", f"The {name} authors")


def make(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make a new folder with the files that ``fill`` writes, or no folder at all.

    ``fill`` gets a temporary folder beside it, which is renamed when it is complete.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
            draft = Path(temporary, folder.name)
            draft.mkdir()
            fill(draft)
            os.rename(draft, folder)
    except OSError as error:
        raise CannotWriteError(f"{folder} cannot be written: {error}") from None


def write(folder: Path, texts: Mapping[str, str], copies: Mapping[str, Path]) -> None:
    """Write the texts, and copy the other files, into a folder."""
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    for path, source in copies.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / path)
