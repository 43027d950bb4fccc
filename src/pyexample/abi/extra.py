"""Packages that only some checks need: the extra "abi"."""

import importlib
from typing import Any

from ..headers.processes import CannotJudgeError


def import_extra(module: str) -> Any:
    """Import a module of the extra. Raises CannotJudgeError if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = __name__.partition(".")[0]
        raise CannotJudgeError(
            f"--library reads files with packages that are not installed ({error}):"
            f" pip install '{package}[abi]'"
        ) from error
