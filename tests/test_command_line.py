"""pyexample, the command."""

import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pytest
from support import attempt

COMMAND = [sys.executable, "-m", "pyexample"]


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["7"], "The square of 7 is 49.\n"),
        (["-8", "0"], "The square of -8 is 64.\nThe square of 0 is 0.\n"),
        (["--", "-46340"], f"The square of -46340 is {46340**2}.\n"),
    ],
)
def test_square(arguments: list[str], printed: str) -> None:
    done = attempt([*COMMAND, "square", *arguments])
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


def test_the_installed_command_is_the_same() -> None:
    script = Path(sysconfig.get_path("scripts"), "pyexample")
    assert attempt([script, "square", "7"]).stdout == "The square of 7 is 49.\n"


@pytest.mark.parametrize(("text", "numbers"), [("3\n4 5\n\n", [3, 4, 5]), ("", [])])
def test_square_of_standard_input(text: str, numbers: list[int]) -> None:
    done = attempt([*COMMAND, "square"], input=text)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(f"The square of {n} is {n * n}.\n" for n in numbers)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["square", "x"], "'x' is not an integer"),
        (["square", "7.5"], "'7.5' is not an integer"),
        (["square", "7", "46341"], "must be in -46340..46340, not 46341"),
        (["square", "9" * 5000], f"'{'9' * 40}...' is not an integer"),
        (["square", "9" * 1000], "must be in -46340..46340, not an integer of 3322 bits"),
        (["cube", "7"], "invalid choice: 'cube'"),
        ([], "the following arguments are required: COMMAND"),
        (["doctor", "--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(arguments: list[str], complaint: str) -> None:
    done = attempt([*COMMAND, *arguments])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pyexample: error: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_wrong_standard_input() -> None:
    done = attempt([*COMMAND, "square"], input="1 2 three")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pyexample: error: 'three' is not an integer from -46340 to 46340\n"


def test_a_reader_that_goes_away_is_no_error_to_report() -> None:
    numbers = " ".join(["7"] * 100_000)  # more than a pipe holds
    with subprocess.Popen(
        [*COMMAND, "square"], stdin=-1, stdout=-1, stderr=-1, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(numbers)
        process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


def test_version_without_a_library() -> None:
    done = attempt([*COMMAND, "--version"], env={"PYEXAMPLE_LIBRARY": "/nowhere"})
    assert (done.returncode, done.stdout) == (0, f"pyexample {version('pyexample')}\n")


def test_help() -> None:
    done = attempt([*COMMAND, "--help"])
    assert done.returncode == 0
    assert "square" in done.stdout
    assert "doctor" in done.stdout


def test_square_without_a_library(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere")
    done = attempt([*COMMAND, "square", "7"], env={"PYEXAMPLE_LIBRARY": path})
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{path}\n    there is no such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_of_a_good_installation(path: str) -> None:
    from pyexample.libexample import library

    done = attempt([*COMMAND, "doctor"])
    calls = {"builtin": "a builtin", "ctypes": "through ctypes, since PYEXAMPLE_FASTCALL is 0"}
    served = set(library.declarations) - {"example_sum_of_squares"}
    for function in served:
        assert f" {function}: {calls[path]}\n" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    report = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert report["library"] == library.path
    assert f" {library.path}: loaded\n" in done.stdout
    assert report["version"].startswith(f"{version('pyexample')}, ABI version 1")
    assert sys.executable in report["python"]
    assert report["override"] == "PYEXAMPLE_LIBRARY is not set"


def test_doctor_of_a_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    library = tmp_path / "libexample.so"
    library.write_bytes(b"")
    done = attempt([*COMMAND, "doctor"], env={"PYEXAMPLE_LIBRARY": str(library)})
    assert done.returncode == 1
    assert f"{library}\n    the file is empty" in done.stdout
    assert f"PYEXAMPLE_LIBRARY {library}" in done.stdout
    assert "PYEXAMPLE_LIBRARY is set, so nothing else was tried" in done.stdout
    assert done.stderr == ""
