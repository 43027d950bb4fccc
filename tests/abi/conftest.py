"""Fixtures for the tests of the checker."""

from pathlib import Path

import pytest
from bindings import Bind, Binding
from support import Tool


@pytest.fixture
def binding(tmp_path: Path, tool: Tool) -> Bind:
    """Write a header and a module: a binding, to be judged by g++ if nothing else is said."""
    tool("g++")
    return lambda header, module: Binding(tmp_path, header, module)
