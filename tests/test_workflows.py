"""The workflows of .github: their syntax by actionlint, their security by zizmor."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, attempt

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"


def actionlint(find: Callable[[str], str], *files: Path) -> subprocess.CompletedProcess[str]:
    # Not shellcheck, which may be installed or not.
    return attempt([find("actionlint"), "-shellcheck=", "-pyflakes=", *files])


def zizmor(find: Callable[[str], str], *files: Path) -> subprocess.CompletedProcess[str]:
    return attempt([find("zizmor"), "--offline", "--no-progress", *files])


@pytest.mark.parametrize("lint", [actionlint, zizmor])
def test_workflows_are_clean(
    lint: Callable[..., subprocess.CompletedProcess[str]], tool: Callable[[str], str]
) -> None:
    assert WORKFLOWS
    done = lint(tool, *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("lint", "right", "wrong", "finding"),
    [
        (actionlint, "runs-on: ubuntu-24.04", "runs-on: ubuntu-0.1", "label"),
        (actionlint, "matrix.os", "matrix.system", "not defined in object"),
        (zizmor, CHECKOUT, "actions/checkout@v7", "unpinned-uses"),
        (zizmor, "run: .ci/run", "run: echo ${{ github.head_ref }}", "template-injection"),
        (zizmor, "contents: read", "contents: write", "excessive-permissions"),
    ],
)
def test_a_wrong_workflow_is_found(
    lint: Callable[..., subprocess.CompletedProcess[str]],
    right: str,
    wrong: str,
    finding: str,
    tool: Callable[[str], str],
    tmp_path: Path,
) -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert right in text
    file = tmp_path / ".github" / "workflows" / "ci.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace(right, wrong))
    done = lint(tool, file)
    assert done.returncode != 0
    assert finding in done.stdout + done.stderr
