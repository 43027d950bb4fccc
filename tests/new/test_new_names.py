"""The names that ``pyexample new`` takes, and why it refuses others."""

from pathlib import Path

import projects
import pytest


@pytest.mark.parametrize(
    "name", ["fft2d", "FastFFT", "a", "a__b", "lambda", "sys", "printf", "examples"]
)
def test_a_name_that_is_free(name: str, tmp_path: Path) -> None:
    projects.made(tmp_path, name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "letters a-z"),
        ("fast-fft", "begin with a letter, and do not end with an underscore:"),
        ("fast-fft", "for example fast_fft"),
        ("../fastfft", "for example fastfft"),
        ("2fast", "for example fast"),
        ("größe", "letters a-z"),
        ("fast_", "do not end with an underscore"),
        ("_fast", "C reserves names that begin with an underscore"),
        ("double", "a keyword of C"),
        ("math", "a header of C's standard library"),
        ("M", "a library of every system"),
        ("fastcall", "the runtime's library"),
        ("test", "a target of CMake itself"),
        ("Con", "Windows reserves"),
        ("expat", "'pyexpat' cannot be the package's name: it is a module of Python itself"),
        ("example", "'pyexample' cannot be the package's name: it is the package of this"),
        ("taken", "taken exists here already: move it, or go elsewhere"),
        ("Taken", "taken exists here already, and is the same as Taken on Windows"),
    ],
)
def test_a_name_that_is_not(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    done = projects.new(tmp_path, name)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        ("lambda", "a keyword of Python (--package names another one)"),
        ("sys", "a module of Python itself"),
        ("pyexample", "the package of this command"),
        ("nul", "reserved by Windows"),
        ("a.b", "letters a-z"),
    ],
)
def test_a_package_that_cannot_be(package: str, reason: str, tmp_path: Path) -> None:
    done = projects.new(tmp_path, "fastfft", "--package", package)
    assert done.returncode == 2
    assert f"{package!r} cannot be the package's name" in done.stderr
    assert reason in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_package_of_another_name(tmp_path: Path) -> None:
    project = projects.made(tmp_path, "expat", "--package", "expatriate")
    assert (project / "src/expatriate/libexpat.py").is_file()
    assert "pyexpat" not in "".join(file.read_text() for file in projects.own_files(project))
