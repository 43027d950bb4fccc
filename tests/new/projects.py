"""Projects that ``pyexample new`` writes, for the tests."""

import subprocess
from pathlib import Path

from support import Argument, Environment, files_below, pyexample

RUNTIMES = ["vendored", "pyexample"]


def new(folder: Path, *words: Argument) -> subprocess.CompletedProcess[str]:
    """Run ``pyexample new`` in a folder."""
    return pyexample("new", *words, cwd=folder)


def made(folder: Path, name: str, *words: Argument) -> Path:
    """The project that ``pyexample new`` makes in a folder."""
    done = new(folder, name, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return folder / name


def own_files(project: Path) -> list[Path]:
    """The files of a project that are its owner's: not those that are copies of the runtime."""
    return [
        project / name
        for name in files_below(project)
        if "/_ffi/" not in name and name != "cmake/install.cmake"
    ]


def install(project: Path, environment: Environment, *options: str) -> None:
    """Install a project into an environment, with the tools that are installed beside it."""
    environment.share_packages()
    environment.install("--no-build-isolation", "--no-deps", *options, project)
