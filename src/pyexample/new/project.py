"""The files of a new project: templates, filled in, in a folder that is made whole or not."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from . import CannotWriteError, runtime

TEMPLATES = Path(__file__).parent / "templates"

# Each file and its template: what the project's README says of them is not repeated here.
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
    """The project's files, by their paths in it, with their text.

    Args:
        traits: what it is: "own", "theirs" or "system", by whose C it binds; "vendored" or
            "dependency", by where its runtime is; "pure" where nothing is to be built;
            "located" where it is known from where pyexample was installed.
        values: what stands for each @MARKER@ of the templates.
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
    """Make a new folder, by ``fill``: whole, or not at all.

    ``fill`` is given a folder beside it that is renamed at last.
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
    """Write files into a folder: those with a text, and copies of others."""
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    for path, source in copies.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / path)
