"""The bugs of docs/planted-bugs.md, each in a copy of the project: its check turns red."""

import functools
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support import HAS_CI, ROOT, Argument, attempt, commit, copy_sources, run

PAGE = (ROOT / "docs" / "planted-bugs.md").read_text("utf-8")
BUG = re.compile(
    r"^### (?P<what>.+)\n\nIn `(?P<file>.+)`\. Found by `(?P<check>.+)`\.\n\n"
    r"```diff\n(?P<diff>(?:[-+ ].*\n)+)```$",
    re.MULTILINE,
)


class Bug(NamedTuple):
    """Something that could go wrong, and what finds it."""

    what: str
    file: str
    right: str  # which is in the file once
    wrong: str
    check: str  # the arguments of pytest, or a program of the project and its own


def planted(match: re.Match[str]) -> Bug:
    lines = match["diff"].splitlines(keepends=True)
    right, wrong = (
        "".join(line[1:] for line in lines if line[0] != other) for other in ("+", "-")
    )
    return Bug(match["what"], match["file"], right, wrong, match["check"])


BUGS = [*map(planted, BUG.finditer(PAGE))]


def done(check: str, tree: Path) -> subprocess.CompletedProcess[str]:
    """Run a check in a copy of the project."""
    pip: list[Argument] = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    run([*pip, "--no-build-isolation", "--target", tree / "build" / "installed", tree])
    pytest_ = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", ""]
    program = pytest_ if check.startswith("tests/") else []
    environment = {"PYTHONPATH": str(tree / "build" / "installed")}
    command = [sys.executable, *program, *shlex.split(check)]
    return attempt(command, cwd=tree, env=environment)


@functools.cache
def is_green(check: str, tree: Path) -> bool:
    """Whether a check passes where nothing is planted: a red one would tell nothing."""
    result = done(check, tree)
    print(result.stdout, result.stderr)
    return result.returncode == 0


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which nothing is planted."""
    return commit(copy_sources(tmp_path_factory.mktemp("sound")))


@pytest.fixture(params=BUGS, ids=lambda bug: bug.what)
def bug(request: pytest.FixtureRequest) -> Bug:
    found: Bug = request.param
    if found.file.startswith(".github/") and not HAS_CI:
        pytest.skip("it is not in the source distribution")
    return found


def test_every_bug_of_the_page_is_read() -> None:
    assert len(BUGS) == PAGE.count("\n### ") == PAGE.count("\n```diff\n") > 30


def test_its_place_is_there(bug: Bug) -> None:
    count = (ROOT / bug.file).read_text().count(bug.right)
    assert count == 1, f"{bug.right!r} is in {bug.file} {count} times, rather than once"


@pytest.mark.full
def test_it_is_found(bug: Bug, sound: Path, tmp_path: Path) -> None:
    assert is_green(bug.check, sound)
    tree = commit(copy_sources(tmp_path / "tree"))
    file = tree / bug.file
    file.write_text(file.read_text().replace(bug.right, bug.wrong))
    result = done(bug.check, tree)
    # What is closed twice is freed twice, at which the C library may end the test.
    assert result.returncode in (1, -signal.SIGABRT), result.stdout + result.stderr
