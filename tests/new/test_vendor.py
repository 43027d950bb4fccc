"""``pyexample vendor``: a project's copy of the runtime becomes that of this pyexample."""

import json
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import projects
import pytest
from support import Argument, Environment, attempt, files_below, pyexample, run

from pyexample.new import CannotWriteError, origin, runtime

VERSION = version("pyexample")


def vendor(folder: Path, *words: Argument) -> subprocess.CompletedProcess[str]:
    return pyexample("vendor", *words, cwd=folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return projects.made(tmp_path, "fastfft")


@pytest.fixture
def older(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project that an earlier version made: a file was another, one more, one less there."""
    source = tmp_path / "earlier"
    shutil.copytree(runtime.SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "calls.py").write_text("broken = True\n")
    (source / "former.py").write_text("removed = True\n")
    (source / "structs.py").unlink()
    monkeypatch.setattr(runtime, "SOURCE", source)
    shutil.rmtree(project / "src/pyfastfft/_ffi")
    runtime.copy(project / "src/pyfastfft/_ffi", "0.9.0")
    monkeypatch.undo()
    return project


def snapshot(project: Path) -> dict[str, bytes]:
    folder = project / "src"
    return {name: (folder / name).read_bytes() for name in files_below(folder)}


def test_an_older_copy_becomes_current(older: Path) -> None:
    done = vendor(older / "tests")  # anywhere in the project
    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines = done.stdout.splitlines()
    copied = older / "src/pyfastfft/_ffi"
    was = "it was that of 0.9.0:"
    assert heading == f"{copied} is the runtime of pyexample {VERSION}; {was}"
    assert lines == ["  changed  calls.py", "  removed  former.py", "  added    structs.py"]
    assert runtime.files_of(copied) == runtime.files_of(runtime.SOURCE)
    assert runtime.read_manifest(copied) == (VERSION, runtime.files_of(runtime.SOURCE))
    assert {each.name for each in copied.parent.iterdir()} == {
        *("__init__.py", "__pyinstaller", "_ffi", "libfastfft.py", "py.typed")
    }
    again = vendor(older)
    assert (again.returncode, again.stdout) == (
        0,
        f"{copied} is the runtime of pyexample {VERSION} already.\n",
    )


def test_a_dry_run_changes_nothing(older: Path) -> None:
    before = snapshot(older)
    done = vendor(older, "--dry-run")
    assert done.returncode == 0
    assert "_ffi would be the runtime of" in done.stdout
    assert "  changed  calls.py\n" in done.stdout
    assert snapshot(older) == before


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda folder: (folder / "library.py").write_text("mine"), "changed  library.py"),
        (lambda folder: (folder / "c/fastcall.h").unlink(), "removed  c/fastcall.h"),
        (lambda folder: (folder / "mine.py").touch(), "added    mine.py"),
    ],
    ids=["changed", "removed", "added"],
)
def test_an_edited_copy_is_refused_unless_told(edit: object, told: str, older: Path) -> None:
    folder = older / "src/pyfastfft/_ffi"
    edit(folder)  # type: ignore[operator]
    before = snapshot(older)
    done = vendor(older)
    assert (done.returncode, done.stdout) == (2, "")
    assert "was edited since it was copied:" in done.stderr
    assert f"  {told}\n" in done.stderr
    assert "--force" in done.stderr
    assert snapshot(older) == before

    assert vendor(older, "--force").returncode == 0
    assert runtime.files_of(folder) == runtime.files_of(runtime.SOURCE)


def test_line_breaks_of_windows_are_no_edit(project: Path) -> None:
    file = project / "src/pyfastfft/_ffi/library.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert "already" in vendor(project).stdout


def test_where_there_is_nothing_to_bring_up_to_date(tmp_path: Path) -> None:
    done = vendor(tmp_path)
    assert done.returncode == 2
    assert "there is no pyproject.toml here or above" in done.stderr
    (tmp_path / "pyproject.toml").touch()
    done = vendor(tmp_path)
    assert done.returncode == 2
    assert "has no copies of the runtime" in done.stderr


def test_a_manifest_that_cannot_be_read(project: Path) -> None:
    (project / "src/pyfastfft/_ffi/MANIFEST").write_text("what?\nwhat?\n")
    done = vendor(project)
    assert done.returncode == 2
    assert "MANIFEST cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_it_fails_the_old_copy_stays(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(older)

    def fail(target: Path, version: str) -> None:
        target.mkdir()
        raise OSError("the disk is full")

    monkeypatch.setattr(runtime, "copy", fail)
    with pytest.raises(CannotWriteError, match="is unchanged: the disk is full"):
        runtime.replace(older / "src/pyfastfft/_ffi", VERSION)
    assert snapshot(older) == before


@pytest.mark.slow
def test_an_upgraded_project_works(older: Path, environment: Environment) -> None:
    projects.install(older, environment)
    command: list[Argument] = [environment.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    assert attempt(command, cwd=older).returncode == 1  # as the earlier version was broken
    assert vendor(older).returncode == 0
    projects.install(older, environment)
    assert "5 passed" in run(command, cwd=older)


# --- Where pyexample was installed from -----------------------------------------------


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, None),
        (
            {"url": "https://host/a.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "pyexample @ git+https://host/a.git@abc",
        ),
        (
            {"url": "https://host/pyexample-1.0.0.tar.gz", "archive_info": {}},
            "pyexample @ https://host/pyexample-1.0.0.tar.gz",
        ),
        (
            {
                "url": "https://host/a.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc"},
                "subdirectory": "python",
            },
            "pyexample @ git+https://host/a.git@abc#subdirectory=python",
        ),
        ({"url": "file:///no/such%20folder", "dir_info": {}}, None),
    ],
)
def test_what_it_is_installed_by(
    record: dict[str, object] | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Distribution:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return json.dumps(record) if record else None

    monkeypatch.setattr(origin, "distribution", lambda name: Distribution())
    assert origin.requirement() == expected


def test_a_folder_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()

    class Distribution:
        def read_text(self, name: str) -> str:
            return json.dumps({"url": folder.as_uri(), "dir_info": {}})

    monkeypatch.setattr(origin, "distribution", lambda name: Distribution())
    assert origin.requirement() == f"pyexample @ {folder.as_uri()}"
    assert origin.is_local(folder.as_uri())
