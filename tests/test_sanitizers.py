"""The tests of calls, once more, with libraries that watch their own memory and arithmetic."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, SANITIZERS, Argument, Package, attempt, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="gcc's sanitizers, preloaded"),
]

CALLS = ["test_square.py", "test_calls.py", "test_buffers.py", "test_echo.py"]


def test_calls_under_sanitizers(tmp_path: Path, watched: dict[str, str]) -> None:
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--no-deps"]
    run([*pip, "--target", tmp_path, ROOT, "-C", f"cmake.define.CMAKE_C_FLAGS={SANITIZERS}"])
    environment = {**watched, "PYTHONPATH": str(tmp_path)}
    where = "from pyexample.libexample import library; print(library.path)"
    path = run([sys.executable, "-c", where], env=environment).strip()
    assert path.startswith(str(tmp_path))
    symbols = run(["nm", "-D", path, Path(path).with_name("libfastcall.so")])
    assert symbols.count("__asan_init") == 2
    tests = [ROOT / "tests" / name for name in CALLS]
    # Sizes and counts of memory are another matter under a sanitizer.
    options = ["-q", "-p", "no:cacheprovider", "-k", "not leak"]
    done = attempt([sys.executable, "-m", "pytest", *options, *tests], env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sanitizers_see(tmp_path: Path, watched: dict[str, str]) -> None:
    """An overflow of memory that Python allocated; a bytearray has a spare byte at its end."""
    package = Package(tmp_path)
    package.compile("int bug(char *p, int n) { return p[n + 1]; }", "c", *SANITIZERS.split())
    code = (
        "from ctypes import c_int, c_char\n"
        "from typing import Annotated, Any\n"
        "from pyexample.ffi import Library, In, Count, Buffer\n"
        "import bound\n"
        "@Library('c', 'bound.module').function\n"
        "def bug(p: Annotated[Buffer, In(None), Count(c_int, 'p')], /)"
        " -> Annotated[int, c_int]: ...\n"
        "bug(bytearray(64))\n"
    )
    done: subprocess.CompletedProcess[str] = attempt(
        [sys.executable, "-c", code], env=watched, cwd=tmp_path
    )
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr
    assert "source.c:1" in done.stderr
