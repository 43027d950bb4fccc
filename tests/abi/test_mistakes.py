"""A mistake of ours, wherever: status 2, one line that says about what, and the others go on."""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from support import Tool, first_quickly

from pyexample import cli
from pyexample.abi import CannotJudgeError, check

HEADER = """
enum { ONE = 1, TWO = 2 };
struct first { int x; };
struct second { int x; };
int good(long a);
int bad(long a);
int lacking(int a);
int unlucky(int a);
"""
MODULE = """
from ctypes import *
ONE = 1
TWO = 3
class first(Structure):
    _fields_ = [("x", c_short)]
class second(Structure):
    _fields_ = [("x", c_short)]
lib = CDLL("libtable.so")
lib.good.argtypes = [c_int]
lib.bad.argtypes = [c_int]
lib.used = [lib.good, POINTER(first), POINTER(second)]
"""


@pytest.fixture(autouse=True)
def _a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Tool) -> None:
    tool("g++")
    (tmp_path / "h.h").write_text(HEADER)
    (tmp_path / "binding.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)


def fail_about(monkeypatch: pytest.MonkeyPatch, place: str, when: Callable[..., bool]) -> None:
    """Make a function raise an IndexError for the calls that ``when`` is true for."""
    import_module("pyexample.abi.judge")._read.cache_clear()  # what was read before is right
    module, _, name = place.rpartition(":")
    owner: Any = __import__(module, fromlist=["x"])
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    real = getattr(owner, last)

    def function(*arguments: Any, **keywords: Any) -> Any:
        if when(*arguments, **keywords):
            raise IndexError("list index\nout of range")
        return real(*arguments, **keywords)

    monkeypatch.setattr(owner, last, function)


ABI = "pyexample.abi"
ONE_DECLARATION = [
    (f"{ABI}.claims:Claims._function", lambda _, it: it.name == "bad", "bad"),
    (f"{ABI}.claims:Claims._struct", lambda it, i: it._declarations.structs[i].name == "second", "second"),
    (f"{ABI}.claims:Claims._constant", lambda _, it, *__: it.name == "TWO", "TWO"),
    (f"{ABI}.findings:_Words._function", lambda _, it: it.claim.of.name == "bad", "bad"),
    (f"{ABI}.findings:_Words._struct", lambda it, i, *_: it._declarations.structs[i].name == "second", "second"),
    (f"{ABI}.findings:_Words._constant", lambda _, it: it.claim.of.name == "TWO", "TWO"),
    ("pyexample.headers.c_parser:_Parser.declaration", lambda it: "bad" in it._words, "bad (h.h:6)"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "when", "subject"), first_quickly(ONE_DECLARATION))
def test_one_declaration_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
    when: Callable[..., bool],
    subject: str,
) -> None:
    words = ["abi", "binding", "--header", "h.h", "--without-library", "table", "--coverage"]
    assert cli.run(words) == 1
    before = capsys.readouterr().out
    fail_about(monkeypatch, place, when)
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert "Traceback" not in out
    told = [line for line in out.splitlines() if "IndexError" in line]
    assert told == [
        f"  not judged: {subject}: IndexError: list index out of range (a bug in pyexample:"
        " python -X dev -m pyexample abi ... shows where)"
    ]
    # What is said about all others is the same.
    name = subject.partition(" ")[0]
    others = [line for line in before.splitlines() if f": {name}" not in line]
    kept = [line for line in others if ": error: " in line or ": note: " in line]
    assert len(kept) >= 4
    assert set(kept) <= set(out.splitlines())
    # And the report proves nothing, whatever it has found.
    report = check("binding", headers=["h.h"], without_library=["table"], only="ONE")
    assert report.status == 2
    assert report


WHOLE_STAGES = [
    f"{ABI}:record_declarations",
    f"{ABI}.judge:scan",
    f"{ABI}.judge:Claims",
    f"{ABI}.judge:_told",
    "pyexample.headers.compiler:parse",
    "pyexample.headers.compiler:Compiler.preprocess",
    f"{ABI}:findings",
    f"{ABI}:remarks_about",
    f"{ABI}.remarks:versions",
    f"{ABI}.baseline:digest",
    f"{ABI}.report:_tell",
    f"{ABI}.report:Report.summary",
    f"{ABI}.command:check",
    f"{ABI}.command:_pairs",
]


@pytest.mark.parametrize("place", first_quickly(WHOLE_STAGES))
def test_a_stage_that_fails_is_status_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    fail_about(monkeypatch, place, lambda *_, **__: True)
    words = ["abi", "binding", "--header", "h.h", "--without-library", "table"]
    if "baseline" in place:
        words += ["--update-baseline", "known.toml"]
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "IndexError: list index out of range (a bug in pyexample: " in err


def test_the_recorder_tells_what_it_cannot_record() -> None:
    Path("binding.py").write_text(
        MODULE + "class Odd:\n"
        "    def __iter__(self): raise RuntimeError('no words')\n"
        "lib.bad.argtypes = [c_int]\n"
        "lib.bad.words = Odd()\n"
    )
    report = check("binding", headers=["h.h"], without_library=["table"])
    assert [each.partition(" (")[0] for each in report.faults] == [
        "bad: RuntimeError: no words"
    ]
    assert report.status == 2
    assert "good" in {each.subject for each in report.findings}


@pytest.mark.parametrize("text", ["#!/bin/sh\nkill -SEGV $$\n", "#!/bin/sh\nexit 3\n"])
def test_a_compiler_that_dies_is_status_2(text: str) -> None:
    Path("cxx").write_text(text)
    Path("cxx").chmod(0o755)
    with pytest.raises(CannotJudgeError):
        check(
            "binding", headers=["h.h"], without_library=["table"], compiler=f"{Path.cwd()}/cxx"
        )


BREAKS_DOWN = r"""#!/bin/sh
for file; do case $file in *.cpp) break ;; esac; done
case " $* " in *" {option} "*) if grep -qE '{line}' "$file"; then
  {breakdown}
fi ;; esac
exec g++ "$@"
"""
LINES = [
    ("-fsyntax-only", r"static_assert.*decltype\(bad\)", "bad"),  # a claim, a question
    ("-fsyntax-only", r"sizeof.ct_tell.*decltype\(bad\)", "bad"),  # a question
    ("-fsyntax-only", r"ct_constant\(TWO", "TWO"),
    ("-S", r"ct_c[0-9]+ ct_v0", "bits"),
]
BREAKDOWNS = {
    "signal 11": "kill -SEGV $$",
    "internal compiler error": 'echo "$file:9:9: internal compiler error: in x, at y.cc:1"; exit 1',
    "Killed": 'echo "g++: fatal error: Killed signal terminated program cc1plus" >&2; exit 1',
}


@pytest.mark.parametrize("how", first_quickly(BREAKDOWNS))
@pytest.mark.parametrize(("option", "line", "subject"), first_quickly(LINES))
def test_what_the_compiler_breaks_down_on_is_named(
    how: str, option: str, line: str, subject: str
) -> None:
    Path("h.h").write_text(HEADER + "struct bits { unsigned a : 3; };\n")
    Path("binding.py").write_text(
        MODULE + "class bits(Structure):\n    _fields_ = [('a', c_uint, 3)]\n"
    )
    text = BREAKS_DOWN.format(option=option, line=line, breakdown=BREAKDOWNS[how])
    Path("cxx").write_text(text)
    Path("cxx").chmod(0o755)
    compiler = f"{Path.cwd()}/cxx"
    options: Any = {"headers": ["h.h"], "without_library": ["table"]}
    sound = check("binding", **options, compiler="g++")
    report = check("binding", **options, compiler=compiler)
    assert report.status == 2
    (fault,) = report.faults
    assert fault.startswith(f"{subject}: the compiler {compiler} broke down (")
    assert how in fault
    # All others are judged.
    assert {each for each in sound.findings if not each.subject.startswith(subject)} == {
        each for each in report.findings if not each.subject.startswith(subject)
    }


def test_a_breakdown_on_the_header_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cxx").write_text(
        BREAKS_DOWN.format(option="-fsyntax-only", line="h[.]h", breakdown="kill -SEGV $$")
    )
    Path("cxx").chmod(0o755)
    words = ["abi", "binding", "--header", "h.h", "--without-library", "table"]
    assert cli.run([*words, "--compiler", f"{Path.cwd()}/cxx"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "broke down (signal 11): this is no error of the header" in err


def test_development_mode_shows_where() -> None:
    program = (
        "import sys, pyexample.abi\nfrom pyexample import cli\n"
        "sys.modules['pyexample.abi.judge'].scan = None\nraise SystemExit(cli.run({}))"
    ).format(["abi", "binding", "--header", "h.h", "--without-library", "table"])
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in done.stderr
    assert "judge.py" in done.stderr
