"""What all tests share: fresh environments, programs that may be missing, built packages."""

import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, Environment, run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-tools",
        action="store_true",
        help="fail, rather than skip, where a program that a test needs is missing",
    )


@pytest.fixture(scope="session")
def tool(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The path of a program, such as ``tool("clang")``; the test is skipped without it."""
    scripts = sysconfig.get_path("scripts")

    def find(name: str) -> str:
        path = shutil.which(name, path=scripts) or shutil.which(name)
        if path is None:
            missing = f"{name} is not installed"
            if request.config.getoption("--require-tools"):
                pytest.fail(missing)
            pytest.skip(missing)
        return path

    return find


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT])
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A fresh virtual environment of this Python."""
    return Environment(tmp_path / "environment")
