"""tools/rename.py: a clone with another name is whole, and nothing in it has the old one."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, Argument, Environment, attempt, commit, copy_sources, run

OLD = "example"
OLD_PACKAGE = "pyexample"

# In pieces, since a word that stands in the code is refused as a name that is in use.
SHORT = "f" + "t"
DIGITS = "fft" + "_2d"
ENGLISH = "contr" + "act"  # which the documentation uses
CONTAINING = f"my{OLD}"

# What the renamed project has to pass of its own tests: the Python side, the names of what is
# published, a C program that uses the library, the C tests.
CORE = [
    ["tests/example/test_square.py", "tests/example/test_arrays.py", "tests/ffi/test_calls.py"],
    ["tests/example/test_command_line.py", "tests/test_docs.py"],
    [
        "tests/packaging/test_package.py",
        "-k",
        "wheel_serves or sdist_has or version_is_written",
    ],
    ["tests/packaging/test_cmake.py", "-k", "test_find_package and shared"],
    ["tests/example/test_c.py", "-k", "test_c_tests_pass and gcc and not sanitizers"],
]


# tools/rename.py tells one from the other where they differ.
pytestmark = pytest.mark.skipif(
    OLD == OLD_PACKAGE, reason="the library and the package have one name"
)


@pytest.fixture
def clone(tmp_path: Path, tool: Callable[[str], str]) -> Path:
    """The project, committed in a repository of its own."""
    tool("git")
    return commit(copy_sources(tmp_path / "a clone"))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Path:
    """A clone for what changes nothing."""
    tool("git")
    return commit(copy_sources(tmp_path_factory.mktemp("clone")))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param(SHORT, ["--package", SHORT], marks=pytest.mark.full),
        pytest.param(DIGITS, [], marks=pytest.mark.full),
        pytest.param(CONTAINING, [], marks=pytest.mark.slow),
        pytest.param(ENGLISH, [], marks=pytest.mark.full),
    ],
)
def test_a_renamed_project_is_whole(
    name: str, options: list[str], clone: Path, environment: Environment
) -> None:
    package = options[-1] if options else f"py{name}"
    printed = rename(clone, name, *options)
    assert f"This is lib{name} and {package} now" in printed
    assert traces(clone, name, package) == []
    commit(clone)
    assert generic_part(clone, package) == generic_part(ROOT, OLD_PACKAGE)

    # It builds, loads and answers, beside the tools that are installed here.
    environment.share_packages()
    environment.install("--no-build-isolation", "--no-deps", clone)
    square = run([environment.scripts / package, "square", "7"], cwd=environment.folder)
    assert square == "The square of 7 is 49.\n"
    where = f"from {package}.lib{name} import library; print(library.path)"
    assert Path(environment.python(where).strip()).is_relative_to(environment.folder)

    prove_the_binding(environment, package, clone, name)
    pytest_: list[Argument] = [
        environment.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    for tests in CORE:
        run([*pytest_, *tests], cwd=clone)


@pytest.mark.slow
def test_a_renamed_project_can_be_renamed(clone: Path) -> None:
    """Back, too: nothing is lost, and nothing is taken for the name that is not."""
    rename(clone, ENGLISH)
    commit(clone)
    assert "contract: int32_t square" in (clone / "README.md").read_text()
    assert not (clone / "src" / OLD_PACKAGE).exists()
    rename(clone, OLD, "--package", OLD_PACKAGE)
    run(["git", "add", "--all"], cwd=clone)
    assert run(["git", "diff", "HEAD~1", "--stat"], cwd=clone) == ""


@pytest.mark.slow
def test_one_name_for_both_stays_one(clone: Path) -> None:
    rename(clone, SHORT, "--package", SHORT)
    commit(clone)
    assert "they keep one name" in refused(clone, DIGITS, "--package", f"py{DIGITS}")
    rename(clone, DIGITS)
    assert (clone / "src" / DIGITS / f"lib{DIGITS}.py").exists()
    assert SHORT not in (clone / "pyproject.toml").read_text().split('"')


def test_dry_run(untouched: Path) -> None:
    printed = rename(untouched, DIGITS, "--dry-run")
    assert f"src/c/{OLD}.c -> src/c/{DIGITS}.c\n" in printed
    assert "none has been" in printed
    assert_unchanged(untouched)


def test_a_file_that_is_no_utf_8(clone: Path) -> None:
    (clone / "notes.txt").write_bytes("Grüße".encode("latin-1"))
    commit(clone)
    assert "notes.txt is no UTF-8" in refused(clone, DIGITS)


def test_what_git_ignores_moves_along(clone: Path) -> None:
    library = clone / "src" / OLD_PACKAGE / "lib" / "built.so"
    library.parent.mkdir()
    library.touch()
    rename(clone, SHORT)
    assert (clone / "src" / f"py{SHORT}" / "lib" / "built.so").exists()
    assert not (clone / "src" / OLD_PACKAGE).exists()


# --- What it refuses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: name"),
        (["Fast"], "'Fast' cannot be the library's name: write small letters"),
        (["2fast"], "write small letters"),
        (["fast-fft"], "write small letters"),
        (["fast fft"], "write small letters"),
        (["fást"], "write small letters"),
        (["_fast"], "write small letters"),
        (["fast_"], "write small letters"),
        (["fa__st"], "write small letters"),
        ([""], "write small letters"),
        (["fast\n"], "write small letters"),
        (["int"], "it is a keyword of C or C++"),
        (["class"], "it is a keyword of"),
        (["lambda"], "it is a keyword of Python"),
        (["math"], "it is a header of the C standard library"),
        (["m"], "it is a library of the system"),
        (["test"], "it is a target of CMake's own"),
        (["aux"], "it is a file name that Windows reserves"),
        ([SHORT, "--package", "json"], "it is a module of Python's standard library"),
        ([SHORT, "--package", "Ft"], "'Ft' cannot be the package's name"),
        ([SHORT, "--package", "_thread"], "'_thread' cannot be the package's name"),
        # Names that this project has already.
        (["array"], "is a name in this project already"),
        (["square"], "'square' is a name in this project already"),
        (["cmake"], "is a name in this project already"),
        ([SHORT, "--package", "numpy"], "'numpy' is a name in this project already"),
        ([SHORT, "--package", "tests"], "is a name in this project already"),
        ([OLD], "is a name in this project already"),
        ([OLD_PACKAGE], "is a name in this project already"),
    ],
)
def test_a_bad_name_is_refused(arguments: list[str], complaint: str, untouched: Path) -> None:
    assert complaint in refused(untouched, *arguments)
    assert_unchanged(untouched)


@pytest.mark.parametrize("file", ["README.md", "new.txt"])
def test_a_dirty_tree_is_refused(file: str, clone: Path) -> None:
    (clone / file).write_text("precious")
    said = refused(clone, SHORT)
    assert "commit or stash these changes first" in said
    assert file in said
    assert (clone / file).read_text() == "precious"
    assert (clone / "src" / OLD_PACKAGE).exists()


def test_what_is_in_the_way_is_refused(clone: Path) -> None:
    ignored = clone / "src" / f"py{SHORT}" / "lib" / "built.so"
    ignored.parent.mkdir(parents=True)
    ignored.touch()
    assert "is in the way" in refused(clone, SHORT)
    assert_unchanged(clone)


def test_a_tree_without_a_repository_is_refused(tmp_path: Path) -> None:
    assert "not a git repository" in refused(copy_sources(tmp_path / "clone"), SHORT)
    (tmp_path / "other").touch()
    commit(tmp_path)
    assert "is a folder of another repository" in refused(tmp_path / "clone", SHORT)


# --- Helpers --------------------------------------------------------------------------


def attempt_to_rename(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -I and -S: with what comes with Python, and nothing else.
    return attempt([sys.executable, "-I", "-S", clone / "tools" / "rename.py", *arguments])


def rename(clone: Path, *arguments: str) -> str:
    done = attempt_to_rename(clone, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(clone: Path, *arguments: str) -> str:
    done = attempt_to_rename(clone, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rename.py: error: ")
    return done.stderr


def assert_unchanged(clone: Path) -> None:
    assert run(["git", "status", "--porcelain"], cwd=clone) == ""


def prove_the_binding(environment: Environment, package: str, clone: Path, name: str) -> None:
    header = clone / "src" / "c" / "include" / f"{name}.h"
    binding = f"{package}.lib{name}"
    command: list[Argument] = [
        environment.scripts / package,
        "abi",
        binding,
        "--header",
        header,
    ]
    assert "no errors, no notes" in run(command, cwd=environment.folder)


def generic_part(folder: Path, package: str) -> dict[str, str]:
    """The files that name no project. (The checker names its table in pyproject.toml.)"""
    top = folder / "src" / package
    files = [path for path in (top / "ffi").rglob("*.*") if "__pycache__" not in path.parts]
    return {str(path.relative_to(top)): path.read_text() for path in files}


# The old name as a word of the documentation's English, and where others use it.
ENGLISH_WORD = re.compile(
    rf"\b(?:an|another|each|every|first|for|one|that|the|this)\s+{OLD}\b|\b{OLD.title()}\b"
    rf"|(?<![A-Za-z0-9]){OLD}s\b|\bhypothesis\.{OLD}\b"
)


def traces(folder: Path, name: str, package: str) -> list[str]:
    """Where the old name still stands, in whatever spelling."""
    new_name = re.compile(
        rf"(?<![A-Za-z0-9])(?:lib|-[Dl])?(?:{package}|{name})(?=Config|Targets|[^A-Za-z0-9]|$)",
        re.IGNORECASE,
    )
    files = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    return [
        f"{path}: {line}"
        for path in run(files, cwd=folder).split("\0")
        if (folder / path).is_file()  # still
        for line in (path, *(folder / path).read_text("utf-8").splitlines())
        if OLD in ENGLISH_WORD.sub("", new_name.sub("", line)).lower()
    ]
