"""Programs that PyInstaller makes have the libraries in them, by the package's own hook."""

import importlib.util
import sys
from pathlib import Path

import pytest
from support import (
    FASTCALL_IS_SERVED,
    Argument,
    Environment,
    Missing,
    attempt,
    run,
    shared_library_names,
)

pytestmark = pytest.mark.slow

PROGRAM = """
import pyexample
from pyexample.ffi import Callback, Handle, struct  # each in a module that a string names
from pyexample.ffi.doctor import report
from pyexample.libexample import library
print(pyexample.square(7), library.fallbacks == {})
print(*report("pyexample.libexample"))
"""


@pytest.fixture(scope="module")
def environment(
    wheel: Path, missing: Missing, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """With the package installed as a user has it: the hook is found by its entry point."""
    if not importlib.util.find_spec("PyInstaller"):
        missing("PyInstaller is not installed")
    environment = Environment(tmp_path_factory.mktemp("pyinstaller") / "environment")
    environment.share_packages()
    environment.install("--no-index", "--no-deps", wheel)
    return environment


def frozen(environment: Environment, folder: Path, *options: str) -> Path:
    """The program that PyInstaller makes in ``folder``."""
    (folder / "program.py").write_text(PROGRAM)
    command: list[Argument] = [environment.executable, "-m", "PyInstaller", "--noconfirm"]
    run([*command, "--log-level=WARN", *options, "program.py"], cwd=folder)
    built = folder / "dist" if "--onefile" in options else folder / "dist" / "program"
    return built / ("program.exe" if sys.platform == "win32" else "program")


def test_one_folder(environment: Environment, tmp_path: Path) -> None:
    program = frozen(environment, tmp_path, "--onedir")
    runs(program, environment, tmp_path)
    # What it has was the hook's doing; what it has not, it says.
    names = shared_library_names("example")
    (library,) = [
        each for each in program.parent.rglob("pyexample/lib/*") if each.name in names
    ]
    library.unlink()
    done = attempt([program])
    assert done.returncode == 1
    assert "the library 'example' cannot be loaded; this is what was tried:" in done.stderr
    assert f"{library}\n    there is no such file" in done.stderr


@pytest.mark.full
def test_one_file(environment: Environment, tmp_path: Path) -> None:
    program = frozen(environment, tmp_path, "--onefile")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    runs(program.rename(elsewhere / program.name), environment, elsewhere)


def runs(program: Path, environment: Environment, folder: Path) -> None:
    first, *report = run([program], cwd=folder).splitlines()
    assert first == f"49 {FASTCALL_IS_SERVED}"
    assert report[-1].endswith("True")  # all is well
    assert str(environment.folder) not in str(report)  # nothing of what it was made from
