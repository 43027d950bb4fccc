"""The workflows of .github: their syntax by actionlint, their security by zizmor.

What they install is pinned by hash, in .github/requirements, which .ci/lock renews.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import HAS_CI, ROOT, Tool, attempt, commit, copy_sources, run

pytestmark = pytest.mark.skipif(
    not HAS_CI, reason="the workflows are not in the source distribution"
)

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"


def actionlint(find: Tool, *files: Path) -> subprocess.CompletedProcess[str]:
    # Not shellcheck, which may be installed or not.
    return attempt([find("actionlint"), "-shellcheck=", "-pyflakes=", *files])


def zizmor(find: Tool, *files: Path) -> subprocess.CompletedProcess[str]:
    return attempt([find("zizmor"), "--offline", "--no-progress", *files])


@pytest.mark.parametrize("lint", [actionlint, zizmor])
def test_workflows_are_clean(
    lint: Callable[..., subprocess.CompletedProcess[str]], tool: Tool
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
    tool: Tool,
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


# --- What this repository is to others ------------------------------------------------

ACTION = ROOT / ".github" / "actions" / "abi" / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
USER = """
on: push
permissions: {}
jobs:
  check:
    runs-on: ubuntu-24.04
    steps:
      - uses: ./.github/actions/abi
        with:
          arguments: --strict
"""


@pytest.fixture
def binding(tmp_path: Path, tool: Tool) -> Path:
    """A project whose binding is wrong, in one function."""
    tool("g++")
    (tmp_path / "my lib.h").write_text("int f(long x);\n")
    (tmp_path / "binding.py").write_text(
        "from ctypes import *\nlib = CDLL('libthing.so')\nlib.f.argtypes = [c_int]\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pyexample.abi.thing]\nmodules = ['binding.py']\nheaders = ['my lib.h']\n"
        "include = ['.']\nwithout-library = ['thing']\n"
    )
    return tmp_path


def test_the_action_is_clean(tool: Tool, tmp_path: Path) -> None:
    done = zizmor(tool, ACTION)
    assert done.returncode == 0, done.stdout + done.stderr
    # A workflow can use it, and is told of an input that it does not have.
    commit(copy_sources(tmp_path))
    file = tmp_path / ".github" / "workflows" / "user.yml"
    file.write_text(USER)
    done = attempt([tool("actionlint"), "-shellcheck=", "-pyflakes=", file], cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    file.write_text(USER.replace("arguments:", "argument:"))
    done = attempt([tool("actionlint"), "-shellcheck=", "-pyflakes=", file], cwd=tmp_path)
    assert 'input "argument" is not defined in action' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ("", 1, "::error file=binding.py,line=3,title=f%3A width::argument 1"),
        ("--check\nthing\n", 1, "::error file=binding.py,line=3"),
        ("binding.py\n--header\nmy lib.h\n-I\n.\n--without-library\nthing", 1, "::error file"),
        ("--check\n$(touch planted)", 2, "--check $(touch planted): the checks are thing"),
    ],
)
def test_the_action_does_what_its_step_says(
    binding: Path, arguments: str, status: int, told: str
) -> None:
    step = ACTION.read_text().rpartition("      run: |\n")[2]
    script = "\n".join(line.removeprefix("        ") for line in step.splitlines())
    # As the runner calls bash: "Workflow syntax for GitHub Actions", steps[*].shell.
    (binding / "step.sh").write_text(script)
    done = attempt(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"],
        cwd=binding,
        env={"PYTHON": sys.executable, "ARGUMENTS": arguments, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert told in done.stdout + done.stderr
    assert not (binding / "planted").exists()


def test_the_hook_runs_the_checks_of_a_project(binding: Path) -> None:
    text = HOOKS.read_text()
    assert "pass_filenames: false" in text
    (entry,) = re.findall(r"(?m)^  entry: (.*)$", text)
    program, *words = entry.split()
    assert program == "pyexample"
    done = attempt(
        [sys.executable, "-m", program, *words],
        cwd=binding,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 1
    assert "binding.py:3: error: f: argument 1 (x) is c_int" in done.stdout


@pytest.mark.slow
def test_pre_commit_installs_and_runs_the_hook(
    binding: Path, tool: Tool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = tool("pre-commit")
    repository = commit(copy_sources(tmp_path_factory.mktemp("repository")))
    run([program, "validate-manifest", ".pre-commit-hooks.yaml"], cwd=repository)
    commit(binding)
    done = attempt(
        [program, "try-repo", repository, "pyexample-abi", "--all-files", "--verbose"],
        cwd=binding,
        env={"PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("home"))},
    )
    assert done.returncode == 1
    assert "binding.py:3: error: f: argument 1 (x) is c_int" in done.stdout, done.stdout


# --- What is installed ----------------------------------------------------------------

LOCKS = ROOT / ".github" / "requirements"
# A name and a version, where there are several the Pythons that each is for, and hashes.
PIN = re.compile(
    r"^(?P<requirement>(?P<name>[\w.-]+)==(?P<version>[\w.]+)(?: ; [^\\\n]+)?)"
    r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n",
    re.MULTILINE,
)


@pytest.mark.parametrize(("name", "extras"), [("test", ["test"]), ("all", None)])
def test_what_an_extra_asks_for_is_pinned(name: str, extras: list[str] | None) -> None:
    text = (LOCKS / f"{name}.txt").read_text()
    pinned: dict[str, list[str]] = {}
    for pin in PIN.finditer(text):
        pinned.setdefault(canonicalize_name(pin["name"]), []).append(pin["version"])
    # Nothing else is in it: no other source, nothing without a hash.
    assert re.sub(r"(?m)^ *#.*\n", "", PIN.sub("", text)) == ""
    tomllib = pytest.importorskip("tomllib")  # from Python 3.11 on
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups: dict[str, list[str]] = project["project"]["optional-dependencies"]
    asked = [*project["build-system"]["requires"]]
    for extra in extras if extras is not None else groups:
        asked += groups[extra]
    for each in map(Requirement, asked):
        versions = pinned.get(canonicalize_name(each.name))
        assert versions, f"{each} is not in {name}.txt: run .ci/lock"
        assert all(map(each.specifier.contains, versions)), f"{each}: run .ci/lock"


@pytest.mark.parametrize("file", [*WORKFLOWS, ROOT / "pyproject.toml"], ids=lambda it: it.name)
def test_nothing_else_is_installed(file: Path) -> None:
    for line in re.findall(r"^.*\bpip install\b.*$", file.read_text(), re.MULTILINE):
        assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line, line
