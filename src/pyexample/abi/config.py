r"""The named checks in a project's pyproject.toml.

::

    [tool.pyexample.abi.mylib]
    modules = ["src/mypackage/binding.py"]
    headers = ["mylib.h"]
    pkg-config = ["mylib"]
    structs = { "c_(.*)" = '\1' }
    allow = "known.toml"

The keys are the arguments of ``pyexample.abi.check``, with hyphens. Files and folders are
relative to the folder of pyproject.toml.
"""

import os
from dataclasses import dataclass
from typing import Any

from .. import toml
from ..headers.processes import CannotJudgeError

NAME = "pyproject.toml"

_LISTS = (
    *("modules", "headers", "include", "define", "pkg-config"),
    *("without-library", "without-module", "library", "run"),
)
_TEXTS = ("compiler", "target", "only", "allow", "style", "keep")
KINDS: dict[str, type] = {
    **dict.fromkeys(_LISTS, list),
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(("strict", "coverage"), bool),
    "structs": dict,
    "timeout": float,
}
"""The keys of a check, and the type of each value."""

_SAYS = {
    list: "a list of strings",
    dict: "a table of strings",
    str: "a string",
    bool: "true or false",
    float: "a number of seconds above 0",
}


@dataclass
class Configuration:
    """The checks of a project.

    Attributes:
        folder: the folder of pyproject.toml, in which the checks are run.
        checks: the arguments of ``check``, by the name of the check.
    """

    folder: str
    checks: dict[str, dict[str, Any]]


def read() -> Configuration:
    """Read the checks of the nearest pyproject.toml, here or in a folder above.

    Raises CannotJudgeError if there is no such file, or if it has an error.
    """
    folder = os.getcwd()
    while not os.path.isfile(os.path.join(folder, NAME)):
        above = os.path.dirname(folder)
        if above == folder:
            raise CannotJudgeError(
                f"no module is named, and there is no {NAME} here or above to name any"
            )
        folder = above
    file = os.path.join(folder, NAME)
    table = toml.read(file)
    for part in ("tool", "pyexample", "abi"):
        table = toml.table(table.get(part)) or {}
    if not table:
        raise CannotJudgeError(
            f"no module is named, and {file} has no check: expected a table such as"
            " [tool.pyexample.abi.mylib], with modules and headers"
        )
    return Configuration(folder, {name: _check(file, name, of) for name, of in table.items()})


def _check(file: str, name: str, value: object) -> dict[str, Any]:
    where = f"{file}: [tool.pyexample.abi.{name}]"
    table = toml.table(value)
    if table is None:
        raise CannotJudgeError(
            f"{file}: tool.pyexample.abi.{name} is no table: a check needs a name,"
            " and its keys belong into [tool.pyexample.abi.NAME]"
        )
    found: dict[str, Any] = {}
    for key, value in table.items():
        kind = KINDS.get(key)
        if kind is None:
            raise CannotJudgeError(f"{where}: {key!r} is none of {', '.join(KINDS)}")
        if not _is(value, kind):
            raise CannotJudgeError(f"{where}: {key} is {_SAYS[kind]}, not {value!r}")
        found[key.replace("-", "_")] = value
    if not (found.get("modules") or found.get("run")):
        raise CannotJudgeError(f"{where}: modules, or a program to run, are needed")
    if not found.get("headers"):
        raise CannotJudgeError(f"{where}: headers are needed")
    if found.get("style", "project") not in ("project", "ctypes"):
        raise CannotJudgeError(f"{where}: style is 'project' or 'ctypes'")
    return found


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if kind in (list, dict):
        table = toml.table(value)
        texts = toml.array(value) if kind is list else table and [*table.values()]
        return texts is not None and all(isinstance(each, str) for each in texts)
    return isinstance(value, kind)
