"""Builds the extension modules of the peers, for the interpreter that runs this."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCES = Path(__file__).parent


def folder() -> Path:
    """Where what was built for this interpreter is kept."""
    tag = sysconfig.get_config_var("SOABI") or sys.implementation.cache_tag
    return SOURCES.parent / "build" / "benchmarks" / str(tag)


def build(modules: dict[str, str | None]) -> dict[str, str]:
    """Build the library of calls, and a module for each of these names of CMakeLists.txt.

    ``modules`` says which Python package each of them is built with. Returns why some
    could not be built.
    """
    failed = {
        name: f"{package} is not installed: pip install '.[bench]'"
        for name, package in modules.items()
        if package and not importlib.util.find_spec(package)
    }
    names = [name for name in modules if name not in failed]
    if reason := _configure(names):
        return failed | dict.fromkeys(["calls", *names], reason)
    for name, target in [("calls", "calls"), *((name, f"peer_{name}") for name in names)]:
        if reason := _build(target):
            failed[name] = reason
    return failed


def build_memory() -> Path | None:
    """Build the library of ``c/memory.c``; None where that cannot be done."""
    if _configure([]) or _build("memory"):
        return None
    return next((folder() / "lib").glob("*memory.*"))


def _configure(peers: list[str]) -> str | None:
    return _cmake(
        "-S", str(SOURCES), "-B", str(folder()),
        f"-DPython_EXECUTABLE={sys.executable}", f"-DPEERS={';'.join(peers)}",
    )  # fmt: skip


def _build(target: str) -> str | None:
    return _cmake("--build", str(folder()), "--config", "Release", "--target", target)


def _cmake(*arguments: str) -> str | None:
    """Run CMake. Returns why it failed."""
    # The one that pip installed first, though its environment may not be activated.
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    try:
        done = subprocess.run(
            ["cmake", *arguments],
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except FileNotFoundError:
        return "cmake is not installed: pip install '.[bench]'"
    return done.stdout.strip() if done.returncode else None
