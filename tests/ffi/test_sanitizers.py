"""The tests of Python, once more, with C that watches its memory and its arithmetic.

Both libraries and those that the tests compile are made so. At the end of each program, what
was allocated in C and is not referred to by anything is a leak.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, SANITIZERS, Argument, Package, attempt, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="gcc's sanitizers, preloaded"),
]

TESTS = ROOT / "tests"
CALLS = [
    TESTS / "example" / "test_square.py",
    *(
        TESTS / "ffi" / f"test_{name}.py"
        for name in ("loader", "calls", "alike", "back_alike", "variadic", "buffers", "echo")
    ),
]
ELSEWHERE = {
    "fuzz": "under sanitizers of its own",
    "hostile": "other Pythons, and sanitizers of its own",
    "llama_text": "needs llama.cpp: see tests/platforms/llama",
    "load": "would take hours",
    "sanitizers": "this file",
    "typing": "calls nothing",
}
"""Files of tests that are not run here, and why."""

OTHERS = [
    TESTS / "example" / "test_arrays.py",
    *(
        file
        for folder in ("ffi", "apis")
        for file in sorted((TESTS / folder).glob("test_*.py"))
        if file not in CALLS and file.stem.removeprefix("test_") not in ELSEWHERE
    ),
]

NOT_HERE = [
    *("leak", "flat"),  # they measure memory
    "greenlet",  # copies stacks
    "do_not_race",  # has another sanitizer
    "interrupted_at_each_instruction",  # leaves some open where CPython handles no signal
    "kept_if_they_are_not_given_away",  # what C keeps for a borrowed handle, it keeps for good
    "end_of_python",  # LeakSanitizer crashes in some processes that end amid everything
]
"""Parts of names of tests that are not run here, and why."""

# Python, its extension modules and git leave memory to the system at exit.
SUPPRESSIONS = "".join(
    f"leak:{name}\n"
    for name in ("libpython", "bin/python", "lib-dynload", "site-packages", "bin/git")
)

# The preloaded runtime is for Python. That of clang is another.
COMPILER = '#!/bin/sh\nexec env --unset=LD_PRELOAD {program} {options} "$@"\n'


@pytest.fixture
def everything_watched(
    tmp_path: Path, watched: dict[str, str], tool: Callable[[str], str]
) -> dict[str, str]:
    """``watched``, with leaks, and with compilers whose code watches itself."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, compiler, options in (
        *((name, "gcc", SANITIZERS) for name in ("cc", "gcc")),
        *((name, name, "") for name in ("clang", "clang++", "g++")),
    ):
        script = programs / name
        script.write_text(COMPILER.format(program=tool(compiler), options=options))
        script.chmod(0o755)
    suppressions = tmp_path / "suppressions"
    suppressions.write_text(SUPPRESSIONS)
    return {
        **watched,
        # A leak is known by who called malloc: all that is called, Python has called.
        "ASAN_OPTIONS": "detect_leaks=1:malloc_context_size=2",
        "LSAN_OPTIONS": f"suppressions={suppressions}:print_suppressions=0",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(CALLS, id="calls"),
        pytest.param(OTHERS, id="others", marks=pytest.mark.full),
    ],
)
def test_python_under_sanitizers(
    files: list[Path], tmp_path: Path, everything_watched: dict[str, str]
) -> None:
    installed = tmp_path / "installed"
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet"]
    run([*pip, "--target", installed, ROOT, "-C", f"cmake.define.CMAKE_C_FLAGS={SANITIZERS}"])
    environment = {**everything_watched, "PYTHONPATH": str(installed)}
    where = "from pyexample.libexample import library; print(library.path)"
    path = run([sys.executable, "-c", where], env=environment).strip()
    assert path.startswith(str(installed))
    symbols = run(["nm", "-D", path, Path(path).with_name("libfastcall.so")])
    assert symbols.count("__asan_init") == 2
    chosen = " and ".join(f"not {name}" for name in NOT_HERE)
    options = ["-q", "-p", "no:cacheprovider", "-k", chosen]
    done = attempt([sys.executable, "-m", "pytest", *options, *files], env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


# What is wrong, and what is said of it.
BUGS = {
    "heap-buffer-overflow": "int bug(char *p, int n) { return p[n + 1]; }",
    "signed integer overflow": "int bug(char *p, int n) { return p[0] + n + 0x7fffffff; }",
    "detected memory leaks": "#include <stdlib.h>\n"
    "int bug(char *p, int n) { char *q = malloc(8); q[0] = p[n - 1]; return q[0]; }",
}


@pytest.mark.parametrize("report", BUGS)
def test_the_sanitizers_see(
    report: str, tmp_path: Path, everything_watched: dict[str, str]
) -> None:
    """What C does to memory that Python allocated, a bytearray of a spare byte at its end."""
    Package(tmp_path).compile(BUGS[report], "c", *SANITIZERS.split())
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
    done = attempt([sys.executable, "-c", code], env=everything_watched, cwd=tmp_path)
    assert done.returncode != 0
    assert report in done.stderr
    assert "source.c:" in done.stderr
