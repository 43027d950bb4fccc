"""Bindings that are written for a test, and the checker run on them."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, attempt, pyexample

COMPILERS = ["g++", pytest.param("clang++", marks=pytest.mark.slow)]


class Binding:
    """A header ``h.h`` and a module ``binding`` with ``lib`` in a folder."""

    def __init__(self, folder: Path, header: str, module: str) -> None:
        self.folder = folder
        (folder / "h.h").write_text(header)
        (folder / "binding.py").write_text(module)

    def check(
        self, *options: str, compiler: str = "", python: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the command on it, its library being away; in another Python if one is named."""
        words = ["abi", "binding", "--header", "h.h", "--without-library", "table", *options]
        words += ["--compiler", compiler] if compiler else []
        if not python:
            return pyexample(*words, cwd=self.folder)
        # The sources, so that other Pythons need nothing installed.
        sources = {"PYTHONPATH": str(ROOT / "src")}
        return attempt([python, "-m", "pyexample", *words], cwd=self.folder, env=sources)

    def report(self, *options: str, **keywords: str) -> dict[str, Any]:
        """What the command reports."""
        done = self.check("--format", "json", *options, **keywords)
        assert done.returncode in (0, 1), done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        assert report["proven"] == (done.returncode == 0)
        return report

    def verdicts(self, *options: str, **keywords: str) -> dict[str, list[str]]:
        """The severity and kind of each declaration's worst finding, by its name."""
        found: dict[str, dict[int, str]] = {}
        for each in self.report(*options, **keywords)["findings"]:
            name = each["subject"].partition(".")[0]
            lines = found.setdefault(name, {})
            lines.setdefault(each["line"], f"{each['severity']} {each['kind']}")
        return {name: [*lines.values()] for name, lines in found.items()}


Bind = Callable[[str, str], Binding]
"""The fixture ``binding``."""


def misjudged(
    rows: Sequence[Any], verdicts: dict[str, list[str]], column: str = "verdict"
) -> list[str]:
    """The rows that got another verdict than they should, and findings of no row."""
    lines: list[str] = []
    for row in rows:
        got = verdicts.pop(row.name, ["agrees"])
        if got != [getattr(row, column)]:
            lines.append(f"{row.c} | {row.python} | {getattr(row, column)}, but got {got}")
    return lines + [f"{name}: {got}" for name, got in verdicts.items()]
