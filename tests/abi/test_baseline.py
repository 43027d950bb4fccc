"""Findings that are known: by subject, kind and argument, and by what both sides say."""

import re
import sys
from pathlib import Path

import pytest
from bindings import Bind, Binding
from support import Tool

from pyexample import toml
from pyexample.abi import CannotJudgeError, Finding, baseline

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEADER = """
int one(long a, unsigned b);
const char *two(void);
struct point { int x, y; };
int length(const struct point *p);
"""
MODULE = """
from ctypes import *
lib = CDLL("libtable.so")
class point(Structure):
    _fields_ = [("x", c_int), ("y", c_uint)]
lib.one.argtypes = [c_int, c_int]
lib.two.restype = c_int
lib.length.argtypes = [POINTER(point)]
"""


@pytest.fixture
def drifted(binding: Bind) -> Binding:
    return binding(HEADER, MODULE)


def allow(it: Binding, *entries: str) -> list[str]:
    """What is left, where these are allowed: subject, kind, argument."""
    text = "".join(
        "[[finding]]\nsubject = '{}'\nkind = '{}'\nargument = '{}'\nreason = 'known'\n".format(
            *entry.split(", ")
        )
        for entry in entries
    )
    (it.folder / "known.toml").write_text(text)
    found = it.report("--allow", "known.toml")["findings"]
    return [f"{each['subject']} {each['kind']} {each['argument']}" for each in found]


ALL = [
    "one width argument 1",
    "two width result",
    "point.y signedness ",
    "one signedness argument 2",
]


def test_what_is_allowed_hides_nothing_else(drifted: Binding) -> None:
    assert allow(drifted) == ALL
    # A reviewed note on the same function hides no pointer that is cut.
    assert allow(drifted, "one, signedness, argument 2") == ALL[:3]
    assert allow(drifted, "o*, width, *", "two, width, result") == ALL[2:]
    assert allow(drifted, "one, width, argument 1", "one, width, argument 2")[-1] == (
        "one allowed argument 2"  # which is not there: that is told
    )


def test_what_is_allowed_in_vain_is_told_where_it_stands(drifted: Binding) -> None:
    allow(drifted, "one, width, argument 1", "two, kind, result")
    done = drifted.check("--allow", "known.toml")
    assert "known.toml:6: note: two: nothing is found that this allows (kind)" in done.stdout
    # Unless others were not looked at.
    done = drifted.check("--allow", "known.toml", "--only", "one")
    assert "nothing is found" not in done.stdout


def test_a_baseline_has_all_of_today(drifted: Binding) -> None:
    file = drifted.folder / "known.toml"
    done = drifted.check("--update-baseline", "known.toml")
    assert done.returncode == 0, done.stderr
    assert "known.toml: 4 known, of which 4 new and 0 changed; 0 gone" in done.stdout
    written = tomllib.loads(file.read_text())["finding"]
    assert [f"{e['subject']} {e['kind']} {e['argument']}" for e in written] == ALL
    assert all(re.fullmatch("[0-9a-f]{12}", each["digest"]) for each in written)
    assert drifted.check("--strict", "--allow", "known.toml").returncode == 0
    # A reason stays, whatever else is written.
    text = file.read_text()
    file.write_text(text.replace('reason = ""', 'reason = "of \\"old\\"\\ttimes"', 1))
    drifted.check("--update-baseline", "known.toml")
    assert tomllib.loads(file.read_text())["finding"][0]["reason"] == 'of "old"\ttimes'


def test_the_format_does_not_change_what_is_written(binding: Bind) -> None:
    """JSON lists the function that Python lacks, too."""
    it = binding(HEADER + "int lacking(void);\n", MODULE)
    it.check("--update-baseline", "text.toml")
    done = it.check("--update-baseline", "json.toml", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert (it.folder / "json.toml").read_text() == (it.folder / "text.toml").read_text()
    assert "lacking" in done.stdout


def test_what_gets_worse_is_not_hidden(drifted: Binding) -> None:
    drifted.check("--update-baseline", "known.toml")
    worse = MODULE.replace("[c_int, c_int]", "[c_short, c_int]")
    Binding(drifted.folder, HEADER, worse)
    done = drifted.check("--allow", "known.toml")
    assert done.returncode == 1
    assert "C has long int: another size (it has changed since known.toml:" in done.stdout
    assert "3 allowed by known.toml" in done.stdout
    # In the other argument nothing has changed.
    assert "one: argument 2" not in done.stdout
    # And C may get worse as well as Python.
    Binding(drifted.folder, HEADER.replace("long a", "const char *a"), MODULE)
    assert drifted.check("--allow", "known.toml").returncode == 1


def test_what_has_gone_is_told(drifted: Binding) -> None:
    drifted.check("--update-baseline", "known.toml")
    Binding(drifted.folder, HEADER, MODULE.replace("[c_int, c_int]", "[c_long, c_int]"))
    done = drifted.check("--allow", "known.toml", "--strict")
    assert done.returncode == 1
    assert "one: nothing is found that this allows (width): remove it" in done.stdout
    done = drifted.check("--update-baseline", "known.toml")
    assert "3 known, of which 0 new and 0 changed; 1 gone" in done.stdout
    assert "gone: one [width, argument 1]" in done.stdout


def test_what_was_written_by_hand_stays_while_it_is_of_use(drifted: Binding) -> None:
    allow(drifted, "o*, *, *", "gone, *, *")
    done = drifted.check("--update-baseline", "known.toml")
    assert "3 known, of which 2 new and 0 changed; 1 gone" in done.stdout
    (first, *_) = tomllib.loads((drifted.folder / "known.toml").read_text())["finding"]
    assert (first["subject"], first["digest"], first["reason"]) == ("o*", "", "known")


@pytest.mark.slow
def test_every_compiler_has_the_same_digests(drifted: Binding, tool: Tool) -> None:
    drifted.check("--update-baseline", "known.toml")
    done = drifted.check("--strict", "--allow", "known.toml", compiler=tool("clang++"))
    assert done.returncode == 0, done.stdout


BAD = [
    ("[[finding]]\nsubject = 'f'", "known.toml:1: a subject and a kind are needed"),
    ("\n[[finding]]\nsubject = 'f'\nkind = 'width'", "known.toml:2: without a digest"),
    ("[[finding]]\nsubjekt = 'f'", "'subjekt' is none of subject, kind"),
    ("[[finding]]\nsubject = 1", "subject is a string, not 1"),
    ("[tool]\nx = 1", "expected [[finding]] tables only, not 'tool'"),
    ("finding = 1", "expected [[finding]] tables only"),
    ("finding = [1]", "known.toml: expected [[finding]] tables only"),
    ("finding = [{ subject = 'f' }]", "known.toml:1: a subject and a kind are needed"),
    ("area: reason", "is no TOML file"),
    (b"\xff\xfe", "is no TOML file"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_another_file_is_refused_and_left_as_it_is(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    file = tmp_path / "known.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = file.read_bytes()
    for use in (baseline.read, lambda path: baseline.update([], path)):
        with pytest.raises(CannotJudgeError) as caught:
            use(str(file))
        assert message in str(caught.value)
    assert file.read_bytes() == before
    assert [*tmp_path.iterdir()] == [file]


def test_strings_are_written_as_toml_reads_them(tmp_path: Path) -> None:
    text = "\"quotes\" 'and' \\n \t \x00 \x7f ü 漢 [*] \r\n"
    assert tomllib.loads(f"it = {toml.quote(text)}")["it"] == text
    file = str(tmp_path / "known.toml")
    odd = Finding("meaning", "odd [kind]", text, "*", "h.h", 1, "what\udcff")
    other = Finding("meaning", "odd k", text, "*", "h.h", 1, "what\udcff")
    baseline.update([odd], file)
    left, allowed = baseline.without([odd, other], file, is_partial=False)
    assert (left, allowed) == ([other], 1)


def test_a_baseline_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(CannotJudgeError, match="cannot be written"):
        baseline.update([], str(tmp_path / "missing" / "known.toml"))


def test_without_a_reader_of_toml_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "known.toml").write_text("")
    for use in (toml.read, lambda file: baseline.update([], file)):
        with pytest.raises(CannotJudgeError, match="pip install tomli"):
            use(str(tmp_path / "known.toml"))
    assert (tmp_path / "known.toml").read_text() == ""
