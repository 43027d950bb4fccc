"""What is imported is what was named; what is declared while a program runs is seen."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, Tool, first_quickly

from pyexample.abi import CannotJudgeError
from pyexample.abi.model import Declarations, record

LATE = """
from ctypes import *
LIMIT = 7
def load():
    global lib
    lib = CDLL("libthing.so")
    lib.late.argtypes = [c_int]
def call():
    load()
    return lib.late(1)
class Lazy:
    @property
    def library(self):
        load()
        return lib
lazy = Lazy()
def __getattr__(name):
    if name != "handle":
        raise AttributeError(name)
    load()
    return 5
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> str:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
        return name

    return write


def names(found: Declarations) -> list[str]:
    return sorted(each.name for each in found.functions)


# What is named


@pytest.mark.parametrize(
    "name", first_quickly(["zlib", "json", "ctypes", "re", "_ctypes", "sys", "recording"])
)
def test_a_file_is_loaded_from_its_place_whatever_its_name(write: Any, name: str) -> None:
    write(f"{name}.py", f"{LATE}OWN = 12345\nload()\n")
    for file in (f"{name}.py", f"./{name}.py", os.path.abspath(f"{name}.py")):
        found = record([file], ["thing"])
        assert names(found) == ["late"]
        assert {each.name: each.value for each in found.constants}["OWN"] == 12345


@pytest.mark.parametrize("package", first_quickly(["json", "ctypes", "importlib", "mine"]))
def test_so_is_one_within_a_package(write: Any, package: str) -> None:
    write(f"{package}/__init__.py", "1 / 0")
    write(f"{package}/helper.py", LATE)
    file = write(f"{package}/binding.py", "from .helper import load\nload()\nX = 1\n")
    found = record([file], ["thing"])
    assert names(found) == ["late"]
    assert "X" in [each.name for each in found.constants]


def test_two_files_of_one_name_are_two_modules(write: Any) -> None:
    one = write("one/binding.py", "from ctypes import *\nCDLL('thing').one.argtypes = []")
    two = write("two/binding.py", "from ctypes import *\nCDLL('thing').two.argtypes = []")
    assert names(record([one, two], ["thing"])) == ["one", "two"]


def test_a_file_is_run_once(write: Any) -> None:
    write("package/__init__.py", "")
    a = write("package/a.py", "from . import b")
    b = write("package/b.py", "from ctypes import *\nCDLL('thing').f.argtypes = []\nX = 1")
    found = record([a, b], ["thing"])
    assert names(found) == ["f"]
    assert [each.name for each in found.constants].count("X") == 1


def test_an_init_file_is_its_package(write: Any) -> None:
    write("package/helper.py", LATE)
    file = write("package/__init__.py", "from .helper import load\nload()")
    assert names(record([file], ["thing"])) == ["late"]


def test_a_module_that_is_another_than_the_one_here_is_refused(write: Any) -> None:
    write("zlib.py", LATE)
    with pytest.raises(
        CannotJudgeError, match=r"zlib comes from .* not from the file zlib\.py"
    ):
        record(["zlib"], ["thing"])
    write("enum/__init__.py", LATE)
    with pytest.raises(CannotJudgeError, match=r"enum comes from .*enum\.py, and not from"):
        record(["enum"], ["thing"])


def test_the_current_folder_is_searched(write: Any) -> None:
    write("here.py", f"{LATE}load()")
    assert names(record(["here"], ["thing"])) == ["late"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.py", "there is no file missing.py"),
        ("src/binding", "neither package.module nor a file that ends in .py"),
        ("binding.pyx", "No module named 'binding'"),
        ("", "neither package.module nor"),
    ],
)
def test_what_is_no_module_is_told(write: Any, name: str, message: str) -> None:
    with pytest.raises(CannotJudgeError) as caught:
        record([name], [])
    assert message in str(caught.value)


@pytest.mark.parametrize("attribute", ["load", "call", "lazy.library", "handle"])
def test_any_attribute_may_be_what_declares(write: Any, attribute: str) -> None:
    write("late.py", LATE)
    for module in ("late", "late.py"):
        assert names(record([f"{module}:{attribute}"], ["thing"])) == ["late"]
    assert names(record(["late"], ["thing"])) == []


# Programs


def test_a_script_is_recorded_while_it_runs(write: Any, capfd: Any) -> None:
    write("late.py", LATE)
    script = write(
        "script.py",
        "import sys, late\nassert __name__ == '__main__' and sys.argv == ['script.py', 'a', '-b']\n"
        "print('what it prints')\nlate.call()\n",
    )
    found = record([], ["thing"], program=[script, "a", "-b"])
    assert (names(found), found.constants, found.status) == (["late"], [], 0)
    assert capfd.readouterr() == ("", "what it prints\n")
    # With a module, its constants as well.
    found = record(["late"], ["thing"], program=[script, "a", "-b"])
    assert names(found) == ["late"]
    assert "LIMIT" in [each.name for each in found.constants]


def test_so_are_tests(write: Any, capfd: Any) -> None:
    write("late.py", LATE)
    write("tests/test_late.py", "import late\ndef test_it(): assert late.call() == 0\n")
    program = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    found = record(["late"], ["thing"], program=program)
    assert (names(found), found.status) == (["late"], 0)
    assert "1 passed" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('why')", 1),
        ("raise SystemExit", 0),
        ("import sys; sys.exit(0)", 0),
        ("1 / 0", 1),
    ],
)
def test_however_a_program_ends_it_is_judged(write: Any, end: str, status: int) -> None:
    write("late.py", LATE)
    script = write("script.py", f"import late\nlate.load()\n{end}\n")
    found = record(["late"], ["thing"], program=[script])
    assert (names(found), found.status) == (["late"], status)


def test_the_command_runs_programs(write: Any, tool: Tool) -> None:
    tool("g++")
    write("late.py", LATE)
    write("h.h", "int late(long x);\n")
    write("script.py", "import late\nlate.load()\nprint('printed')\nraise SystemExit(4)\n")
    command = [sys.executable, "-m", "pyexample", "abi", "--header", "h.h"]
    command += ["--without-library", "thing"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words], capture_output=True, text=True, check=False, env=environment
        )

    done = run("late")
    assert done.returncode == 2
    assert "no function was declared, although the module names late" in done.stderr
    for words in ([], ["late"]):
        done = run(*words, "--strict", "--run", "script.py")
        assert done.returncode == 1
        assert done.stderr == "printed\n"
        assert "late.py:7: error: late: argument 1 (x) is c_int" in done.stdout
        assert "the program ended with status 4" in done.stdout


# What is not there


STRANGE = """
import not_there
import not_there.deep.inner as inner
from not_there import thing, other
from not_there.deep import Base, decorate, flags
from ctypes import *

class Derived(Base, not_there.Mixin): pass
@decorate
def plain(): return 1
@decorate(name="x")
class Kept: pass
def annotated(x: not_there.array | None, y: "int") -> thing[int, other]: ...
assert plain() == 1 and isinstance(Kept, type)
assert not isinstance(5, not_there.number) and Derived() is not None
assert list(other) == [] and len(other) == 0 and [1, 2][flags:] == [1, 2]
with not_there.lock: pass
lib = CDLL("libthing.so")
lib.f.argtypes = [inner.ndpointer(dtype=thing.float32), c_int]
"""


def test_modules_that_are_not_there_are_done_without(write: Any) -> None:
    write("strange.py", STRANGE)
    with pytest.raises(CannotJudgeError, match="--without-module"):
        record(["strange"], ["thing"])
    found = record(["strange"], ["thing"], ["not_there"])
    assert [len(each.arguments or []) for each in found.functions] == [2]
    assert not found.faults
    # Another one's name begins in the same way.
    write("strange.py", "import not_there_either")
    with pytest.raises(CannotJudgeError, match="No module named 'not_there_either'"):
        record(["strange"], ["thing"], ["not_there"])


def test_an_error_of_the_module_is_shown_without_our_frames(write: Any) -> None:
    write(
        "inner.py",
        "def fail():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n"
        "        raise ValueError('why') from e\n",
    )
    for name in ("outer", "outer.py"):
        write("outer.py", "import inner\ninner.fail()\n")
        with pytest.raises(CannotJudgeError) as caught:
            record([name], [])
        text = str(caught.value)
        assert "ZeroDivisionError" in text
        assert "ValueError: why" in text
        assert "inner.py" in text
        assert "recording" not in text
        assert "importlib" not in text
    with pytest.raises(CannotJudgeError) as caught:
        record(["no_such_module"], [])
    assert str(caught.value).splitlines()[1] == (
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    write("broken.py", "def f(:\n")
    with pytest.raises(CannotJudgeError, match="SyntaxError"):
        record(["broken"], [])


# Time


def test_what_takes_too_long_is_ended_with_all_that_it_started(write: Any) -> None:
    write(
        "slow.py",
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "time.sleep(60)\n",
    )
    before = time.monotonic()
    with pytest.raises(CannotJudgeError, match=r"longer than 1\.5 seconds and was ended"):
        record(["slow"], [], timeout=1.5)
    assert time.monotonic() - before < 30
