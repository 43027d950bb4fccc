"""Checks that a project's pyproject.toml names: their keys, their folder, their errors."""

import inspect
import json
import subprocess
from pathlib import Path

import pytest
from support import Tool, pyexample

from pyexample.abi import CannotJudgeError, check, config

HEADER = "#ifdef WIDE\nlong one(WIDE x);\n#endif\nint two(int a);\n"
GOOD = "from ctypes import *\nlib = CDLL('libtable.so')\nlib.two.argtypes = [c_int]\n"
BAD = GOOD.replace("[c_int]", "[c_double]")


@pytest.fixture
def project(tmp_path: Path, tool: Tool) -> Path:
    tool("g++")
    for folder in ("include", "bindings", "deep/er"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "include" / "h.h").write_text(HEADER)
    (tmp_path / "bindings" / "good.py").write_text(GOOD)
    (tmp_path / "bindings" / "bad.py").write_text(BAD)
    return tmp_path


def run(
    folder: Path, *options: str, toml: str | None = None
) -> subprocess.CompletedProcess[str]:
    if toml is not None:
        (folder / "pyproject.toml").write_text(toml)
        folder = folder / "deep" / "er"
    return pyexample("abi", *options, cwd=folder)


def table(name: str, module: str = "bindings/good.py", more: str = "") -> str:
    return f"""
[tool.pyexample.abi.{name}]
modules = ["{module}"]
headers = ["h.h"]
include = ["include"]
without-library = ["table"]
{more}
"""


def test_all_checks_are_run_and_the_worst_counts(project: Path) -> None:
    done = run(project, toml=table("first") + table("second"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[:8] for line in done.stdout.splitlines() if line[0] == "["] == [
        "[first] ",
        "[second]",
    ]
    both = table("bad", "bindings/bad.py") + table("good")
    done = run(project, toml=both)
    assert done.returncode == 1
    assert (
        f"{Path('..', '..', 'bindings', 'bad.py')}" not in done.stdout
    )  # from elsewhere whole
    assert "bad.py:3: error: two: argument 1" in done.stdout
    assert "[good] bindings/good.py against h.h: 1 function judged" in done.stdout
    # One that cannot be judged does not keep the others from it.
    done = run(project, toml=table("missing", "bindings/missing.py") + both)
    assert done.returncode == 2
    assert "[missing] cannot judge: there is no file bindings/missing.py" in done.stdout
    assert "bad.py:3: error: two: argument 1" in done.stdout


def test_one_check_can_be_named(project: Path) -> None:
    both = table("bad", "bindings/bad.py") + table("good")
    assert run(project, "--check", "good", toml=both).returncode == 0
    done = run(project, "--check", "goood", toml=both)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--check goood: the checks are bad, good" in done.stderr


def test_json_and_github_have_all_of_them(project: Path) -> None:
    toml = table("missing", "missing.py") + table("bad", "bindings/bad.py")
    found = json.loads(run(project, "--format", "json", toml=toml).stdout)["checks"]
    assert [(each["check"], each["proven"]) for each in found] == [
        ("missing", False),
        ("bad", False),
    ]
    assert "there is no file" in found[0]["error"]
    text = run(project, "--format", "github", toml=toml).stdout
    assert "::error title=missing::cannot judge: there is no file missing.py" in text
    assert "line=3,title=two%3A kind::argument 1" in text


def test_every_key_is_used(project: Path) -> None:
    more = """
define = ["WIDE=long"]
compiler = "g++"
target = "native"
without-module = ["not_there"]
run = ["bindings/program.py"]
structs = { "c_(.*)" = '\\1' }
only = "t"
allow = "known.toml"
strict = true
coverage = true
style = "ctypes"
keep = "kept.cpp"
timeout = 60
pkg-config = ["zlib"]
"""
    (project / "known.toml").write_text(
        "[[finding]]\nsubject='one'\nkind='missing'\nreason='not needed'\n"
    )
    (project / "bindings" / "good.py").write_text(
        f"import not_there\n{GOOD}class c_same(Structure): pass\n"
    )
    (project / "bindings" / "program.py").write_text(
        "from ctypes import *\nlib = CDLL('libtable.so')\nlib.third.argtypes = []\n"
    )
    done = run(project, toml=table("all", more=more))
    assert (done.returncode, done.stderr) == (1, "")
    assert "third: the headers declare no such function" in done.stdout
    assert (project / "kept.cpp").exists()


def test_the_keys_are_the_functions_arguments() -> None:
    parameters = {name.replace("_", "-") for name in inspect.signature(check).parameters}
    assert set(config.KINDS) == parameters - {"update-baseline"}


def test_a_baseline_is_written_for_one_check(project: Path) -> None:
    toml = table("bad", "bindings/bad.py", 'allow = "known.toml"') + table("good")
    (project / "known.toml").write_text("")
    done = run(project, "--update-baseline", "../../known.toml", toml=toml)
    assert done.returncode == 2
    assert "name one of the checks with --check" in done.stderr
    options = ["--update-baseline", "../../known.toml", "--check", "bad"]
    assert run(project, *options, toml=toml).returncode == 0
    assert run(project, toml=toml).returncode == 0


WRONG = [
    ("", "has no check: expected a table such as [tool.pyexample.abi.mylib]"),
    ("[tool.other]\nx = 1", "has no check"),
    ("tool.pyexample = 1", "has no check"),
    ("[tool.pyexample.abi]\nmodules = ['m']", "tool.pyexample.abi.modules is no table"),
    (table("a", more="headerz = []"), "[tool.pyexample.abi.a]: 'headerz' is none of modules"),
    (table("a", more="without_library = []"), "'without_library' is none of"),
    (table("a", more="strict = 1"), "strict is true or false, not 1"),
    (table("a", more="define = 'X'"), "define is a list of strings, not 'X'"),
    (table("a", more="run = [1]"), "run is a list of strings"),
    (table("a", more="structs = []"), "structs is a table of strings"),
    (table("a", more="structs = { a = 1 }"), "structs is a table of strings"),
    (table("a", more="timeout = 0"), "timeout is a number of seconds above 0, not 0"),
    (table("a", more="timeout = true"), "timeout is a number of seconds"),
    (table("a", more="style = 'other'"), "style is 'project' or 'ctypes'"),
    ("[tool.pyexample.abi.a]\nheaders = ['h.h']", "modules, or a program to run, are needed"),
    ("[tool.pyexample.abi.a]\nmodules = ['m']", "headers are needed"),
    ("[tool.pyexample.abi.a", "is no TOML file"),
]


@pytest.mark.parametrize(("toml", "message"), WRONG)
def test_what_is_wrong_is_refused_before_anything_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, message: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(toml)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotJudgeError) as caught:
        config.read()
    assert message in str(caught.value)
    assert "pyproject.toml" in str(caught.value)


def test_without_a_file_or_with_half_of_the_words_that_is_said(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no module is named, and there is no pyproject.toml here or above" in done.stderr
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for options in (["--header", "h.h"], ["-I", "x"], ["--struct", "a=b"]):
        done = run(tmp_path, *options, toml=table("a"))
        assert done.returncode == 2
        assert "without a MODULE" in done.stderr
