"""Bindings as they are published, judged by the headers that Debian has.

field.toml has them, and each error that is found, judged by hand. A change of the checker
that adds a false alarm, loses a true one, or fails on one of them is seen here.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import tomllib
from support import HAS_CI, ROOT, Missing, Tool

BINDINGS: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("field.toml").read_text(encoding="utf-8")
)


def installed(package: str) -> str:
    """The version of a Debian package; "" where it is not installed."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", package]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    """Where a binding is installed, alone; it stays there."""
    name: str = request.node.callspec.params["name"]
    binding = BINDINGS[name]
    folder = ROOT / "build" / "field" / f"{name}-{binding['version']}"
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        half = folder.with_suffix(".half")
        wanted = [f"{name}=={binding['version']}", *binding.get("needs", [])]
        subprocess.run([*command, half, *wanted], check=True)
        half.rename(folder)
    return folder


@pytest.mark.skipif(not HAS_CI, reason="no .ci/full here")
def test_their_headers_are_installed_there() -> None:
    full = (ROOT / ".ci" / "full").read_text() + (ROOT / "tests/platforms/common").read_text()
    needed = {package for each in BINDINGS.values() for package in each["headers"]}
    assert needed - {*re.findall(r"[\w.+-]+", full)} == set()


@pytest.mark.full
@pytest.mark.parametrize("name", BINDINGS)
def test_a_published_binding(name: str, folder: Path, missing: Missing, tool: Tool) -> None:
    binding = BINDINGS[name]
    for package, version in binding["headers"].items():
        if not installed(package).startswith(version):
            missing(f"{package} {version} is not installed")
    command = [sys.executable, "-m", "pyexample", "abi", *shlex.split(binding["check"])]
    command += ["--compiler", tool("g++"), "--format", "json"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    errors = {
        (each["kind"], each["subject"], each["argument"], each["what"])
        for each in report["findings"]
        if each["severity"] == "error"
    }
    counted = Counter(kind for kind, *_ in {each[:3] for each in errors})
    expected = {kind: count for kind, (count, _) in binding.get("errors", {}).items()}
    told = "\n".join(
        " | ".join(each) for each in sorted(errors) if counted[each[0]] != expected.get(each[0])
    )
    assert counted == expected, told
    judged = {what: report["judged"][what] for what in binding["judged"]}
    assert judged == binding["judged"]
