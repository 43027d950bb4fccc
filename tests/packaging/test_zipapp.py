"""The package in a zip file, which Python can import from and the system's loader cannot."""

import os
import sys
import zipapp
from pathlib import Path
from zipfile import ZipFile

import pytest
from support import FASTCALL_IS_SERVED, Argument, attempt, run

pytestmark = pytest.mark.slow

MAIN = """
import os, stat, sys
import pyexample
from pyexample.libexample import library
if sys.argv[1:]:
    from pyexample.__main__ import main
    sys.exit(main())
path = library.path
print(pyexample.square(7), pyexample.sum_of_squares(memoryview(bytes(8)).cast("i")))
print(library.fallbacks == {})
print(path)
print(oct(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode)))
"""


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is zipped: the package, installed into a folder, and a program."""
    folder = tmp_path_factory.mktemp("app")
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile"]
    run([*pip, "--no-index", "--target", folder, wheel])
    (folder / "__main__.py").write_text(MAIN)
    return folder


@pytest.fixture
def app(unpacked: Path, tmp_path: Path) -> Path:
    """The zipped program, in a folder without anything to import."""
    zipapp.create_archive(unpacked, tmp_path / "app.pyz", compressed=True)
    return tmp_path / "app.pyz"


def without(app: Path, library: str) -> Path:
    """The same program, less a library."""
    faulty = app.with_name("faulty.pyz")
    with ZipFile(app) as source, ZipFile(faulty, "w") as target:
        for entry in source.infolist():
            if f"{library}." not in entry.filename.partition("/lib/")[2]:
                target.writestr(entry, source.read(entry))
    return faulty


def test_it_runs(app: Path) -> None:
    # -I: with what is in the zip file alone, not with what is installed beside the tests.
    done = attempt([sys.executable, "-I", "-X", "dev", app], cwd=app.parent)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["49 0", str(FASTCALL_IS_SERVED)]
    folder = Path(lines[2]).parent
    if os.name == "posix":
        assert lines[3] == "0o700"  # a copy that nobody else can replace
        assert not folder.exists()  # at the end


def test_the_doctor(app: Path) -> None:
    report = run([sys.executable, "-I", app, "doctor"], cwd=app.parent)
    assert os.path.join(app, "pyexample") in report
    assert ": loaded" in report
    assert ("square: a builtin" in report) == FASTCALL_IS_SERVED


def test_without_the_library(app: Path) -> None:
    faulty = without(app, "example")
    done = attempt([sys.executable, "-I", faulty], cwd=app.parent)
    assert done.returncode == 1
    library = os.path.join(faulty, "pyexample", "lib", "")
    assert f"  {library}" in done.stderr
    assert "\n    there is no such file\nReinstall the package (pyexample)" in done.stderr


def test_without_the_fast_calls(app: Path) -> None:
    faulty = without(app, "fastcall")
    report = run([sys.executable, "-I", faulty, "doctor"], cwd=app.parent)
    assert "all 6: through ctypes, since" in report
    assert report.count("through ctypes") == 1
    assert "there is no such file" in report or not FASTCALL_IS_SERVED


def test_the_copy_is_made_only_then() -> None:
    """What it takes to make it is not imported where the package is on disk."""
    code = (
        "import sys; before = {*sys.modules}\nimport pyexample\n"
        "print({'importlib.resources', 'tempfile', 'zipfile'} & ({*sys.modules} - before))"
    )
    assert run([sys.executable, "-c", code]) == "set()\n"
