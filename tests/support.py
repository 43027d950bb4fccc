"""Helpers that are no fixtures."""

import functools
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "src" / "c" / "include" / "example.h"

FASTCALL_IS_SERVED = (
    sys.implementation.name == "cpython"
    and sys.maxsize > 2**32
    and platform.machine().lower() in {"x86_64", "amd64", "arm64", "aarch64"}
)

Argument = str | os.PathLike[str]


def run(command: list[Argument], **options: Any) -> str:
    """What ``command`` prints; where it fails, an error that shows all it printed."""
    done = attempt(command, **options)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def attempt(command: list[Argument], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``command`` and return what it printed and its exit status, whatever that is."""
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, **options
    )


class Environment:
    """A virtual environment with nothing installed in it but what a test installs."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        run([python, "-m", "venv", "--without-pip", folder])
        self.folder = folder
        self.scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
        self.executable = self.scripts / "python"

    def install(self, *arguments: Argument) -> None:
        """``pip install`` into it, with this Python's own pip."""
        pip: list[Argument] = [sys.executable, "-m", "pip", "--python", self.executable]
        run([*pip, "install", *arguments])

    def python(self, code: str, **options: Any) -> str:
        """What ``code`` prints, run from a folder that has nothing to import."""
        return run([self.executable, "-c", code], cwd=self.folder, **options)


class Package:
    """A Python package in a folder of its own, with a C library that ``Library`` finds."""

    def __init__(self, folder: Path, name: str = "bound") -> None:
        self.name = name
        self.folder = folder / name
        self.lib = self.folder / "lib"
        self.lib.mkdir(parents=True)
        (self.folder / "__init__.py").touch()

    def library(self, name: str) -> Path:
        """Where a library called ``name`` has to be."""
        forms = {"win32": "lib{}.dll", "darwin": "lib{}.dylib"}
        return self.lib / forms.get(sys.platform, "lib{}.so").format(name)

    def compile(self, source: str, name: str = "c", *flags: Argument) -> Path:
        """Compile C ``source`` to a library; every function in it is exported."""
        library = self.library(name)
        compiler = os.environ.get("CC") or ("gcc" if sys.platform == "win32" else "cc")
        library.write_bytes(_compiled(compiler, source, flags))
        return library


@functools.cache
def _compiled(compiler: str, source: str, flags: tuple[Argument, ...]) -> bytes:
    """What the compiler makes of ``source``, once for all the tests that use it."""
    with tempfile.TemporaryDirectory() as folder:
        file, library = Path(folder, "source.c"), Path(folder, "library")
        file.write_text(source)
        run([compiler, "-O1", "-shared", "-fPIC", "-o", library, file, *flags])
        return library.read_bytes()
