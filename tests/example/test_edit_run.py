"""C that was edited is what runs next: the build by the preset dev, and PYEXAMPLE_LIBRARY."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import Argument, CMake, attempt, first_quickly, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="by gcc or clang")

PRESET: list[Argument] = ["--preset", "dev"]


class Loop:
    """A copy of the project that is edited, built and run, as CONTRIBUTING.md says."""

    def __init__(self, cmake: CMake, sources: Path) -> None:
        self.cmake = cmake
        self.sources = sources
        self.file = sources / "src" / "c" / "example.c"
        self.original = self.file.read_text()
        suffix = ".dylib" if sys.platform == "darwin" else ".so"
        self.library = sources / "build" / "dev" / f"libexample{suffix}"

    def configure(self, *options: Argument) -> None:
        run([self.cmake.program, *PRESET, *options], cwd=self.sources)

    def edit(self, version: str) -> None:
        """Let example_version() return something else."""
        changed = self.original.replace("return EXAMPLE_VERSION", f'return "{version}"')
        assert changed != self.original
        self.file.write_text(changed)

    @property
    def build_command(self) -> list[Argument]:
        return [self.cmake.program, "--build", *PRESET]

    def build(self) -> subprocess.CompletedProcess[str]:
        return attempt(self.build_command, cwd=self.sources)

    def run(self) -> str:
        """What example_version() returns in a Python that is started now."""
        code = "import pyexample; print(pyexample.__version__)"
        override = {"PYEXAMPLE_LIBRARY": str(self.library)}
        return run([sys.executable, "-c", code], env=override).strip()


@pytest.fixture
def loop(cmake: CMake, sources: Path) -> Loop:
    return Loop(cmake, sources)


@pytest.mark.parametrize("count", first_quickly([5, 50]))
def test_rapid_edits_and_none_is_stale(loop: Loop, count: int) -> None:
    """Nothing but the build is between an edit and the next one."""
    loop.configure()
    seen: list[str] = []
    for number in range(count):
        loop.edit(f"edit {number}")
        assert loop.build().returncode == 0
        seen.append(loop.run())
    assert seen == [f"edit {number}" for number in range(count)]


def test_what_was_saved_during_the_build_is_built_next(loop: Loop, tmp_path: Path) -> None:
    """Make would not: what it compiled is newer than what was saved meanwhile. Ninja goes by
    the time at which it started the compiler."""
    compiling, saved = tmp_path / "compiling", tmp_path / "saved"
    launcher = tmp_path / "launcher"
    # It has compiled, and waits with the result until the next version was saved.
    launcher.write_text(
        '#!/bin/sh\n"$@" || exit\n'
        f'case "$*" in *example.c) touch "{compiling}"\n'
        f'while [ ! -e "{saved}" ]; do sleep 0.05; done\n'
        'while [ "$1" != -o ]; do shift; done; touch "$2";; esac\n'
    )
    launcher.chmod(0o755)
    saved.touch()
    loop.configure(f"-DCMAKE_C_COMPILER_LAUNCHER={launcher}", "-DEXAMPLE_TESTS=OFF")
    assert loop.build().returncode == 0

    saved.unlink()
    compiling.unlink()
    loop.edit("before")
    with subprocess.Popen(loop.build_command, cwd=loop.sources, stdout=-3) as build:
        while not compiling.exists():
            assert build.poll() is None
            os.sched_yield()
        loop.edit("meanwhile")
        saved.touch()
    assert build.returncode == 0
    assert loop.run() == "before"
    assert loop.build().returncode == 0
    assert loop.run() == "meanwhile"


def test_a_compile_error_is_shown_as_the_compiler_wrote_it(loop: Loop) -> None:
    loop.configure()
    assert loop.build().returncode == 0
    loop.file.write_text(f"{loop.original}\nint32_t broken(void) {{ return nothing; }}\n")
    (compiler,) = [
        line.partition("=")[2]
        for line in (loop.library.parent / "CMakeCache.txt").read_text().splitlines()
        if line.startswith("CMAKE_C_COMPILER:")
    ]
    include = f"-I{loop.file.parent / 'include'}"
    said = attempt([compiler, "-fsyntax-only", include, loop.file]).stderr
    done = loop.build()
    assert done.returncode != 0
    assert "error" in said
    assert said.splitlines()[0] in done.stdout
    assert f"{loop.file}:{loop.original.count(chr(10)) + 2}:" in done.stdout
    # The library of before is still there, so a build that fails has to end the command line.
    assert loop.run() != ""
