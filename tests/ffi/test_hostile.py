"""Handles and callbacks under hostile use: gc at every point, threads, sanitizers, the end."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import shelf
from support import ROOT, SANITIZERS, Argument, Package, attempt, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="gcc's sanitizers, Debian's Python"),
]

PROGRAM = ROOT / "tests" / "ffi" / "hostile.py"
ALL = [
    "gc_at_every_point", "in_threads", "a_million_callbacks", "nothing_leaks", "sqlite_too",
    "leave_open",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Package(tmp_path).compile(shelf.SOURCE, "c", "-pthread")
    return tmp_path


def hostile(python: Argument, folder: Path, *names: str, **env: str) -> None:
    done = attempt([python, "-X", "dev", PROGRAM, folder, *names], env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == [*names], done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("fast", ["0", "1"])
def test_this_python(folder: Path, fast: str) -> None:
    hostile(sys.executable, folder, *ALL, BOUND_FASTCALL=fast, SQLITE_FASTCALL=fast)


@pytest.fixture
def debug_python(missing: Callable[[str], None]) -> str:
    path = "/usr/bin/python3-dbg"
    if not os.path.exists(path):
        missing("python3-dbg is not installed")
    return path


@pytest.mark.parametrize("fast", ["0", "1"])
def test_a_debug_python(folder: Path, wheel: Path, debug_python: str, fast: str) -> None:
    """Its asserts see wrong reference counts, and it counts all references."""
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet"]
    run([*pip, "--target", folder / "installed", wheel])
    environment = {"PYTHONPATH": str(folder / "installed")}
    assert run([debug_python, "-c", "import sys; print(sys.gettotalrefcount() > 0)"])
    hostile(
        debug_python, folder, *ALL, BOUND_FASTCALL=fast, SQLITE_FASTCALL=fast, **environment
    )


def test_sanitizers(tmp_path: Path, watched: dict[str, str]) -> None:
    """libfastcall and the library, both compiled to watch their memory."""
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet"]
    installed = tmp_path / "installed"
    run([*pip, "--target", installed, ROOT, "-C", f"cmake.define.CMAKE_C_FLAGS={SANITIZERS}"])
    library = Package(tmp_path).compile(shelf.SOURCE, "c", "-pthread", *SANITIZERS.split())
    fastcall = installed / "pyexample" / "lib" / "libfastcall.so"
    assert run(["nm", "-D", fastcall, library]).count("__asan_init") == 2
    # Its bounds of memory are not ours: "nothing_leaks" is for the others.
    names = [name for name in ALL if name != "nothing_leaks"]
    for fast in ("0", "1"):
        environment = {**watched, "PYTHONPATH": str(installed)}
        hostile(sys.executable, tmp_path, *names, BOUND_FASTCALL=fast, **environment)
