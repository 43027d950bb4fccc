"""A project's package works installed, zipped and frozen; and says why where it does not."""

import importlib.util
import sys
import zipapp
from pathlib import Path

import projects
import pytest
from support import (
    FASTCALL_IS_SERVED,
    Argument,
    Environment,
    Missing,
    attempt,
    build_wheel,
    run,
    shared_library_names,
)

pytestmark = pytest.mark.slow

PROGRAM = """
import array, sys
import pyfastfft
from pyfastfft.libfastfft import library
print(pyfastfft.fastfft_mean(array.array("d", [1.0, 2.0, 6.0])), library.fallbacks == {})
print(library.path)
"""
FIRST_LINE = f"3.0 {FASTCALL_IS_SERVED}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return projects.made(tmp_path_factory.mktemp("deployed"), "fastfft")


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(project, tmp_path_factory.mktemp("wheel"))


def doctor(environment: Environment, *words: str) -> tuple[int, str, str]:
    """What ``python -m pyfastfft._ffi`` does."""
    command: list[Argument] = [environment.executable, "-m", "pyfastfft._ffi", *words]
    done = attempt(command, cwd=environment.folder)
    return done.returncode, done.stdout, done.stderr


def test_the_doctor(wheel: Path, environment: Environment) -> None:
    """With nothing else installed: the wheel needs nothing but Python."""
    environment.install("--no-index", wheel)
    status, report, _ = doctor(environment, "pyfastfft.libfastfft")
    assert status == 0
    assert ": loaded" in report
    assert "version 0.1.0, ABI version 1" in report
    assert ("fastfft_mean: a builtin" in report) == FASTCALL_IS_SERVED

    where = "import pyfastfft; print(pyfastfft.libfastfft.library.path)"
    Path(environment.python(where).strip()).unlink()
    status, report, _ = doctor(environment, "pyfastfft.libfastfft")
    assert status == 1
    assert "there is no such file" in report
    assert "Reinstall the package (pyfastfft)" in report

    for words in ([], ["a", "b"], ["pyfastfft.nothing"], ["nothing.at.all"], [""]):
        status, report, complaint = doctor(environment, *words)
        assert (status, report) == (2, "")
        assert complaint.startswith("python -m pyfastfft._ffi: error: ")
        assert "Traceback" not in complaint
    assert doctor(environment, "--help")[0] == 0


@pytest.mark.parametrize("mode", ["redirect", "inplace"])
def test_an_editable_install(mode: str, tmp_path: Path, environment: Environment) -> None:
    project = projects.made(tmp_path, "fastfft")
    setting = f"--config-settings=editable.mode={mode}"
    projects.install(project, environment, setting, "--editable")
    first, path = environment.python(PROGRAM).splitlines()
    assert first == FIRST_LINE
    assert Path(path).is_relative_to(project / "src") == (mode == "inplace")
    binding = project / "src/pyfastfft/libfastfft.py"
    binding.write_text(f"{binding.read_text()}\nchanged = True\n")
    assert environment.python("import pyfastfft; print(pyfastfft.changed)") == "True\n"
    assert doctor(environment, "pyfastfft.libfastfft")[0] == 0


def test_a_zipapp(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile"]
    run([*pip, "--no-index", "--target", folder, wheel])
    (folder / "__main__.py").write_text(PROGRAM)
    zipapp.create_archive(folder, tmp_path / "app.pyz", compressed=True)
    # -I: with what is in the zip file alone.
    first, path = run([sys.executable, "-I", tmp_path / "app.pyz"], cwd=tmp_path).splitlines()
    assert first == FIRST_LINE
    assert not Path(path).exists()  # a copy that is gone at the end


@pytest.mark.parametrize("runtime", projects.RUNTIMES)
def test_a_frozen_program(
    runtime: str, tmp_path: Path, environment: Environment, missing: Missing
) -> None:
    if not importlib.util.find_spec("PyInstaller"):
        missing("PyInstaller is not installed")
    project = projects.made(tmp_path, "fastfft", "--runtime", runtime)
    projects.install(project, environment)
    (tmp_path / "program.py").write_text(PROGRAM)
    command: list[Argument] = [environment.executable, "-m", "PyInstaller", "--noconfirm"]
    run([*command, "--log-level=WARN", "program.py"], cwd=tmp_path)
    folder = tmp_path / "dist" / "program"
    program = folder / ("program.exe" if sys.platform == "win32" else "program")
    first, path = run([program], cwd=tmp_path).splitlines()
    assert first == FIRST_LINE
    assert Path(path).is_relative_to(folder)
    # What it has was the hook's doing; what it has not, it says.
    assert Path(path).name in shared_library_names("fastfft")
    Path(path).unlink()
    done = attempt([program])
    assert done.returncode == 1
    assert "the library 'fastfft' cannot be loaded; this is what was tried:" in done.stderr
