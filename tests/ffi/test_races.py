"""Threads that do everything at once; where ThreadSanitizer watches, without a data race."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import kinds
import pytest
import shelf
from support import ROOT, Package, attempt, run

from pyexample.libexample import library

WATCHED = "--with-thread-sanitizer" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
PLANTED = "int counter; int count_up(int n) { counter += n; return counter; }"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    flags = [] if sys.platform == "win32" else ["-pthread"]
    if WATCHED:
        monkeypatch.setenv("CC", "clang")
        flags += ["-fsanitize=thread", "-g"]
    package = Package(tmp_path)
    for name, source in (
        ("shelf", shelf.SOURCE),
        ("kinds", kinds.SOURCE),
        ("planted", PLANTED),
    ):
        package.compile(source, name, *flags)
    return tmp_path


def races(folder: Path, name: str, **env: str) -> subprocess.CompletedProcess[str]:
    return attempt([sys.executable, ROOT / "tests" / "ffi" / "races.py", folder, name], env=env)


@pytest.mark.parametrize("fast", ["0", "1"])
def test_everything_at_once(folder: Path, fast: str) -> None:
    done = races(folder, "everything", PYEXAMPLE_FASTCALL=fast, BOUND_FASTCALL=fast)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.parametrize("fast", ["0", "1"])
def test_callbacks_that_are_replaced(folder: Path, fast: str) -> None:
    done = races(folder, "replaced", PYEXAMPLE_FASTCALL=fast, BOUND_FASTCALL=fast)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.skipif(not WATCHED, reason="this Python is built without ThreadSanitizer")
def test_the_libraries_are_watched() -> None:
    for name in ("libexample.so", "libfastcall.so"):
        assert "__tsan_read4" in run(["nm", "-D", Path(library.path).with_name(name)])


@pytest.mark.skipif(not WATCHED, reason="this Python is built without ThreadSanitizer")
def test_a_race_is_seen(folder: Path) -> None:
    done = races(folder, "planted")
    assert done.returncode == 66  # ThreadSanitizer's own
    assert "WARNING: ThreadSanitizer: data race" in done.stderr
    assert "in count_up" in done.stderr
