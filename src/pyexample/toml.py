"""Read TOML files: Python's own reader, or tomli for a Python that has none."""

import importlib
import json
from typing import Any, cast

from .headers.processes import CannotJudgeError


def read(file: str) -> dict[str, Any]:
    """Read a TOML file. Raises CannotJudgeError if it cannot be read."""
    module = reader(file)
    try:
        with open(file, "rb") as stream:
            return dict(module.load(stream))
    except OSError as error:
        raise CannotJudgeError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise CannotJudgeError(f"{file} is no TOML file: {error}") from None


def reader(file: str) -> Any:
    """The module that reads TOML. Raises CannotJudgeError about the file if there is none."""
    for name in ("tomllib", "tomli"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise CannotJudgeError(
        f"{file} cannot be read: Python 3.10 has no reader of TOML."
        " Install one (pip install tomli), or use Python 3.11 or later"
    )


def table(value: object) -> dict[str, Any] | None:
    """The value as a table, or None if it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def array(value: object) -> list[object] | None:
    """The value as an array, or None if it is none."""
    return cast("list[object]", value) if isinstance(value, list) else None


def quote(text: str) -> str:
    """The text as a basic string of TOML (https://toml.io/en/latest#string)."""
    # As in JSON, but TOML has no DEL, and no lone surrogates, which stand for bytes of names.
    text = text.encode(errors="replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
