"""Right and wrong declarations get the verdict that the table says."""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from bindings import COMPILERS, Binding, misjudged
from support import Missing, Tool
from table import ROWS, header, module

LP64 = sys.maxsize > 2**32 and sys.platform != "win32"
pytestmark = pytest.mark.skipif(not LP64, reason="the table is written for a 64-bit long")


@pytest.fixture
def binding(tmp_path: Path) -> Binding:
    return Binding(tmp_path, header(ROWS), module(ROWS))


def test_the_table_is_large() -> None:
    assert len(ROWS) >= 150
    kinds = {row.verdict for row in ROWS}
    assert len(kinds) > 25, "every kind of finding should be in it"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_row_gets_its_verdict(binding: Binding, tool: Tool, compiler: str) -> None:
    assert misjudged(ROWS, binding.verdicts(compiler=tool(compiler))) == []


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("python", ["python3.10", "python3.11", "python3.12", "python3.13"])
def test_every_python_agrees(binding: Binding, tool: Tool, python: str, compiler: str) -> None:
    verdicts = binding.verdicts(compiler=tool(compiler), python=tool(python))
    assert misjudged(ROWS, verdicts) == []


def test_another_platform_is_judged_by_its_own_compiler(binding: Binding, tool: Tool) -> None:
    tool("x86_64-w64-mingw32-g++")
    verdicts = binding.verdicts("--target", "x86_64-w64-mingw32")
    assert misjudged(ROWS, verdicts, "on_windows") == []


@pytest.mark.full  # minutes, until zig has compiled its libraries once
def test_zig_judges_this_platform_and_another(binding: Binding, missing: Missing) -> None:
    if find_spec("ziglang") is None:
        missing("ziglang is not installed")
    zig = f"{shlex.quote(sys.executable)} -m ziglang c++"
    assert misjudged(ROWS, binding.verdicts(compiler=zig)) == []
    verdicts = binding.verdicts("--target", "x86_64-windows-gnu")
    assert misjudged(ROWS, verdicts, "on_windows") == []
