"""``pyexample new``: what it writes is a whole project, and what it refuses leaves no trace."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import build_wheels
import projects
import pytest
from support import (
    HAS_CI,
    ROOT,
    Argument,
    CMake,
    Environment,
    Missing,
    Tool,
    attempt,
    build_wheel,
    commit,
    files_below,
    pyexample,
    run,
)

from pyexample.new import CannotWriteError
from pyexample.new.project import make
from pyexample.new.runtime import SOURCE

WORKFLOW = ".github/workflows/ci.yml"


@pytest.fixture(scope="session", params=projects.RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def project(runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with C of its own. Its path has a space in it."""
    folder = tmp_path_factory.mktemp("some projects")
    return projects.made(folder, "fastfft", "--runtime", runtime)


@pytest.fixture(scope="session")
def project_wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(project, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(project_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the project's wheel, and all that is installed beside the tests."""
    environment = Environment(tmp_path_factory.mktemp("installed") / "environment")
    environment.share_packages()
    environment.install("--no-index", "--no-deps", project_wheel)
    return environment


# --- What is written ------------------------------------------------------------------


def test_it_is_small_and_says_what_to_do(tmp_path: Path) -> None:
    done = projects.new(tmp_path, "fastfft")
    assert (done.returncode, done.stderr) == (0, "")
    files = projects.own_files(tmp_path / "fastfft")
    lines = sum(file.read_text("utf-8").count("\n") for file in files)
    assert len(files) <= 20
    assert lines <= 500
    assert f"fastfft/ is a project: {len(files)} files, {lines} lines." in done.stdout
    *_, first, second, third = done.stdout.splitlines()
    assert first == "  cd fastfft"
    assert "pip install" in second
    assert "pytest" in third


def test_no_marker_is_left(project: Path) -> None:
    for file in projects.own_files(project):
        text = file.read_text("utf-8")
        assert not re.search(r"@[A-Z_]+@|@IF|\n\n\n\n|[ \t]\n|\n\n\Z", text), file


def test_the_help_fits_on_a_screen(tmp_path: Path) -> None:
    for command in ("new", "vendor"):
        done = pyexample(command, "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) <= 30
    assert projects.new(tmp_path).returncode == 2


@pytest.mark.skipif(not HAS_CI, reason="the workflows are not in the source distribution")
def test_its_workflow_uses_what_ours_use(project: Path) -> None:
    pattern = re.compile(r"uses: (\S+@[0-9a-f]{40} # \S+)")
    ours = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    theirs = (project / WORKFLOW).read_text()
    assert pattern.findall(theirs)
    assert set(pattern.findall(theirs)) <= set(pattern.findall(ours))
    assert theirs.count("uses: ") == len(pattern.findall(theirs))


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["actionlint", "-shellcheck=", "-pyflakes=", WORKFLOW],
        ["zizmor", "--offline", "--no-progress", WORKFLOW],
        pytest.param(["mypy", "--python-executable"], marks=pytest.mark.slow),
        pytest.param(["pyright", "--pythonpath"], marks=pytest.mark.slow),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_it_is_clean(
    command: list[Argument], project: Path, tool: Tool, request: pytest.FixtureRequest
) -> None:
    if command[-1] in ("--python-executable", "--pythonpath"):
        environment: Environment = request.getfixturevalue("installed")
        command = [*command, environment.executable]
    done = attempt([tool(str(command[0])), *command[1:]], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_presets(project: Path, cmake: CMake) -> None:
    for preset in ("release", "dev"):
        run([cmake.program, "--preset", preset], cwd=project)
        printed = run([cmake.program, "--build", f"build/{preset}"], cwd=project)
        assert "warning" not in printed


# --- What is built from it ------------------------------------------------------------


@pytest.mark.slow
def test_its_wheel(runtime: str, project_wheel: Path) -> None:
    assert "-py3-none-" in project_wheel.name
    # The vendored runtime has the whole language of declarations: some 200 KiB, compressed.
    most = 215 if runtime == "vendored" else 20
    assert project_wheel.stat().st_size <= most * 1024
    with ZipFile(project_wheel) as archive:
        names = archive.namelist()
    assert not [name for name in names if name.endswith((".c", ".h", ".cmake", "MANIFEST"))]
    libraries = [name for name in names if name.startswith("pyfastfft/lib/")]
    assert len(libraries) == (2 if runtime == "vendored" else 1)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    vendored = [name for name in names if name.endswith("licenses/src/pyfastfft/_ffi/LICENSE")]
    assert len(vendored) == (runtime == "vendored")


@pytest.mark.slow
@pytest.mark.parametrize(
    "platforms",
    [
        ["manylinux_2_17_x86_64"],
        pytest.param(list(build_wheels.TARGETS), marks=pytest.mark.full, id="all"),
    ],
)
def test_its_wheels_for_other_systems(
    platforms: list[str], project: Path, tmp_path: Path, missing: Missing
) -> None:
    """By zig, and checked as ours are: tags, exports, what they need."""
    if not find_spec("ziglang"):
        missing("ziglang is not installed")
    assert build_wheels.build_all(platforms, tmp_path, project)
    assert len(list(tmp_path.glob("*.whl"))) == len(platforms)


@pytest.mark.slow
def test_its_tests_pass(project: Path, installed: Environment) -> None:
    printed = run([installed.executable, "-m", "pytest", "-p", "no:cacheprovider"], cwd=project)
    assert "5 passed" in printed, printed


@pytest.mark.slow
def test_without_pyexample_only_the_proof_is_skipped(tmp_path: Path) -> None:
    """What is vendored needs nothing but Python: pyexample cannot be imported there."""
    project = projects.made(tmp_path, "fastfft")
    environment = Environment(tmp_path / "environment")
    projects.install(project, environment)
    hide = "import sys; sys.modules['pyexample'] = None; import pytest; sys.exit(pytest.main())"
    printed = run([environment.executable, "-c", hide], cwd=project)
    assert "4 passed, 1 skipped" in printed, printed
    assert "pyexample is not installed" in printed


@pytest.mark.slow
def test_a_binding_that_is_wrong_fails(tmp_path: Path, environment: Environment) -> None:
    """The tests of the project find what they are there for."""
    project = projects.made(tmp_path, "fastfft")
    header = project / "src/c/fastfft.h"
    header.write_text(
        header.read_text().replace("const double *numbers", "const float *numbers")
    )
    source = project / "src/c/fastfft.c"
    source.write_text(
        source.read_text().replace("const double *numbers", "const float *numbers")
    )
    projects.install(project, environment)
    done = attempt([environment.executable, "-m", "pytest"], cwd=project)
    assert done.returncode == 1
    assert "fastfft_mean: argument 1 (numbers) is In(c_double)" in done.stdout, done.stdout


@pytest.mark.slow
def test_git_ignores_what_is_built(tmp_path: Path, environment: Environment) -> None:
    project = commit(projects.made(tmp_path, "fastfft"))
    inplace = ["--config-settings=editable.mode=inplace"]
    projects.install(project, environment, *inplace, "--editable")
    assert run(["git", "status", "--porcelain", "--untracked-files=all"], cwd=project) == ""
    value = environment.python("import pyfastfft; print(pyfastfft.__version__)")
    assert value == "0.1.0\n"


# --- Failures -------------------------------------------------------------------------


def test_nothing_is_left_behind_where_it_fails(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "file").touch()
        raise OSError("the disk is full")

    with pytest.raises(CannotWriteError, match=r"fastfft cannot be written: the disk is full"):
        make(tmp_path / "fastfft", fill)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="the owner may write everywhere")
def test_a_folder_that_nobody_may_write_to(tmp_path: Path) -> None:
    done = pyexample("new", "fastfft", cwd="/proc")
    assert done.returncode == 2
    assert "fastfft cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_copy_is_whole(tmp_path: Path) -> None:
    project = projects.made(tmp_path, "fastfft")
    source = {name for name in files_below(SOURCE) if "__pycache__" not in name}
    assert files_below(project / "src/pyfastfft/_ffi") == source | {"MANIFEST"}
