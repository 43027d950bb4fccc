"""What the compilers say is read line by line: g++, clang++, and Microsoft's by its records."""

from pathlib import Path

import pytest

from pyexample.abi.compiler import Compiler, parse
from pyexample.abi.judge import _told
from pyexample.abi.processes import CannotJudgeError

# The format is that of "MSBuild / Visual Studio aware error messages and message formats"
# and of the reference pages of C2338, C2027, C2065, C1083, C3448 and D8021.
MICROSOFT = r"""claims.cpp
C:\work\claims.cpp(101): error C2338: static_assert failed: ''
C:\work\claims.cpp(102,15): error C2027: use of undefined type 'ct_tell<12,const wchar_t *>'
C:\work\claims.cpp(102,15): note: see declaration of 'ct_tell<12,const wchar_t *>'
C:\work\claims.cpp(103): error C2065: 'no_such_function': undeclared identifier
C:\work\claims.cpp(104): error C3448: the number of identifiers must match the number of array elements or members in a structured binding declaration
C:\work\claims.cpp(30): error C2036: 'void *': unknown size
C:\work\claims.cpp(105): note: see reference to variable template 'const int ct_judge<int,void>' being compiled
C:\work\library.h(7): error C2061: syntax error: identifier 'undeclared_type'
C:\work\claims.cpp(12): fatal error C1083: Cannot open include file: 'missing.h': No such file or directory
"""


def test_microsofts_messages_are_read() -> None:
    found = parse(MICROSOFT, "claims.cpp", 100)
    assert sorted(found.by_line) == [101, 102, 103, 104, 105]
    assert found.by_line[101] == ["C2338: static_assert failed: ''"]
    assert _told(found.by_line[102]) == ["12", "const wchar_t *"]
    assert "structured binding" in found.by_line[104][0]
    assert [line.rpartition("): ")[2][:20] for line in found.elsewhere] == [
        "error C2061: syntax ",
        "fatal error C1083: C",
    ]


def test_microsofts_driver_has_no_line() -> None:
    text = "cl : Command line error D8021 : invalid numeric argument '/std:c++99'\n"
    assert parse(text, "claims.cpp", 100).elsewhere == [text.strip()]


def test_microsofts_compiler_has_its_own_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It answers as cl would, and tells what it was asked.
    program = tmp_path / "cl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho "claims.cpp(5): error C1: x"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    compiler = Compiler("cl", "native", ["include"], ["X=1"])
    assert compiler.name() == "cl"
    assert compiler.check("claims.cpp", 1).by_line == {5: ["C1: x"]}
    compiler.preprocess("claims.cpp")
    asked = (tmp_path / "asked").read_text().splitlines()
    common = "/Iinclude /DX=1 /nologo /TP /std:c++17 /permissive /w"
    assert asked == [f"{common} /Zs claims.cpp", f"{common} /E /C claims.cpp"]


def test_an_error_within_a_template_belongs_to_the_line_that_asked_for_it() -> None:
    gnu = """claims.cpp: In instantiation of 'constexpr int ct_scalar() [with P = int; C = void]':
claims.cpp:40:9:   required from 'constexpr const int ct_judge<int, void>'
claims.cpp:120:15:   required from here
claims.cpp:33:9: error: invalid application of 'sizeof' to a void type
h.h:3:1: error: 'undeclared' does not name a type
"""
    found = parse(gnu, "claims.cpp", 100)
    assert found.by_line == {120: ["invalid application of 'sizeof' to a void type"]}
    assert found.elsewhere == ["h.h:3:1: error: 'undeclared' does not name a type"]
    clang = """claims.cpp:33:9: error: invalid application of 'sizeof' to a void type
claims.cpp:40:9: note: in instantiation of function template specialization 'x' requested here
claims.cpp:120:15: note: in instantiation of variable template specialization 'y' requested here
fatal error: too many errors emitted, stopping now [-ferror-limit=]
"""
    found = parse(clang, "claims.cpp", 100)
    assert list(found.by_line) == [120]
    assert len(found.elsewhere) == 1


def test_types_with_commas_are_told_whole() -> None:
    text = "invalid application of 'sizeof' to incomplete type 'ct_tell<0, int(const char*, long int)>'"
    assert _told([text]) == ["0", "int(const char*, long int)"]
    assert _told(["no viable type", text.replace("0, int", "3, a<b, c>")]) == [
        "3",
        "a<b, c>(const char*, long int)",
    ]
    assert _told(["incomplete type 'ct_tell_values<40, 48, 8>'"]) == ["40", "48", "8"]
    assert _told(["another message"]) == []


def test_without_any_compiler_nothing_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(CannotJudgeError, match=r"no C\+\+ compiler"):
        Compiler(None, "native", [], [])
