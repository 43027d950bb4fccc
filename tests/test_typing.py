"""Types, as mypy --strict and pyright see them in a file of a user's own."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import attempt, run

RIGHT = """\
from ctypes import c_int32
from typing import Annotated

import pyexample
from pyexample import square
from pyexample.ffi import Library

nine: int = square(3)
version: str = pyexample.__version__
library = Library("example", "pyexample.binding")


@library.function
def cube(number: Annotated[int, c_int32], /) -> Annotated[int, c_int32]:
    raise NotImplementedError


eight: int = cube(2)
"""

# Each of these lines is an error, and the type checkers must say so.
WRONG = """\
from pyexample import square
square("7")
square(7.0)
square()
square(7, 8)
square(number=7)
text: str = square(7)
"""


@pytest.fixture
def user_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        file = tmp_path / "user.py"
        file.write_text(content)
        return file

    return write


def wrong_lines() -> set[int]:
    return set(range(2, WRONG.count("\n") + 1))


def test_mypy(tool: Callable[[str], str], user_file: Callable[[str], Path]) -> None:
    options = ["--strict", "--python-executable", sys.executable, "--output=json"]
    file = user_file(RIGHT)
    run([tool("mypy"), *options, file], cwd=file.parent)
    user_file(WRONG)
    done = attempt([tool("mypy"), *options, file], cwd=file.parent)
    findings = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
    assert {
        found["line"] for found in findings if found["severity"] == "error"
    } == wrong_lines()


def test_pyright(tool: Callable[[str], str], user_file: Callable[[str], Path]) -> None:
    options = ["--pythonpath", sys.executable, "--outputjson"]
    file = user_file("# pyright: strict\n" + RIGHT)
    run([tool("pyright"), *options, file], cwd=file.parent)
    user_file(WRONG)
    done = attempt([tool("pyright"), *options, file], cwd=file.parent)
    findings = json.loads(done.stdout)["generalDiagnostics"]
    assert {found["range"]["start"]["line"] + 1 for found in findings} == wrong_lines()
