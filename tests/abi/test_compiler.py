"""What the compilers say is read line by line: g++, clang++, and Microsoft's by its records."""

import time
from pathlib import Path

import pytest
from bindings import Bind
from support import Tool, first_quickly

from pyexample.abi.judge import _told
from pyexample.headers.compiler import _OURS, Compiler, parse
from pyexample.headers.pkg_config import flags
from pyexample.headers.processes import CannotJudgeError

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


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (r"C:\w\claims.cpp(101): Fehler C2338: static_assert fehlgeschlagen: ''", "C2338: s"),
        ("claims.cpp(101,7): erreur C2027: type non d\u00e9fini 'ct_tell<1,int>'", "C2027: t"),
        ("claims.cpp(101) : erreur irr\u00e9cup\u00e9rable C1083 : Impossible", "C1083 : "),
        ("claims.cpp(101): \u30a8\u30e9\u30fc C2065: 'x'", "C2065: '"),
    ],
)
def test_microsofts_messages_are_read_in_any_language(row: str, text: str) -> None:
    found = parse(row, "claims.cpp", 100)
    assert [each[:8] for each in found.by_line[101]] == [text]
    german = "cl : Befehlszeile Fehler D8021 : ung\u00fcltiges Argument\n"
    assert parse(german, "claims.cpp", 100).elsewhere == [german.strip()]
    other = "claims.cpp(30): Fehler C2036: x\nclaims.cpp(105): Hinweis: Siehe Verweis auf y\n"
    assert parse(other, "claims.cpp", 100).by_line == {105: ["claims.cpp(30): Fehler C2036: x"]}


def test_colours_and_links_are_left_out() -> None:
    text = (
        "\x1b[01m\x1b[Kclaims.cpp:101:5:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[K"
        "static \x1b]8;;https://gcc.gnu.org/x\x07assertion\x1b]8;;\x07 failed\n"
    )
    assert parse(text, "claims.cpp", 100).by_line == {101: ["static assertion failed"]}


OPTIONS = [
    "-fdiagnostics-color=always",
    "-fdiagnostics-format=json",
    "-fmessage-length=20",
    "-fdiagnostics-show-caret -fdiagnostics-parseable-fixits",
    "-fno-show-column",
    "-fdiagnostics-absolute-paths -v",
    "-Wall -Wextra -Werror",
    "-fdiagnostics-show-location=every-line -fmax-errors=1 -Wfatal-errors",
]
PLAIN = "int one(long a);\n#define two 2\n"


@pytest.mark.parametrize("options", first_quickly(OPTIONS))
def test_whatever_messages_are_asked_for_they_are_read(
    binding: Bind, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    for name, value in {
        "LANG": "de_DE.UTF-8",
        "LANGUAGE": "de",
        "LC_ALL": "de_DE.UTF-8",
        "GCC_COLORS": "error=01;31",
        "CLICOLOR_FORCE": "1",
        "GCC_EXTRA_DIAGNOSTIC_OUTPUT": "fixits-v2",
    }.items():
        monkeypatch.setenv(name, value)
    module = "from ctypes import *\nlib = CDLL('libtable.so')\n"
    module += "lib.one.argtypes = [c_int]\ntwo = 3\n"
    assert binding(PLAIN, module).verdicts(compiler=f"g++ {options}") == {
        "one": ["error width"],
        "two": ["error constant"],
    }


def test_a_compiler_is_ended_after_its_time_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "cxx"
    program.write_text("#!/bin/sh\nsleep 60 &\nsleep 60\n")
    program.chmod(0o755)
    compiler = Compiler(str(program), "native", [], [], timeout=0.5)
    before = time.monotonic()
    with pytest.raises(CannotJudgeError, match=r"cxx took longer than 0\.5 seconds"):
        compiler.preprocess("claims.cpp")
    assert time.monotonic() - before < 20


def pkg_config(folder: Path, monkeypatch: pytest.MonkeyPatch, cflags: str) -> None:
    (folder / "lib.pc").write_text(f"Name: lib\nDescription: x\nVersion: 1\nCflags: {cflags}\n")
    monkeypatch.setenv("PKG_CONFIG_PATH", str(folder))


def test_pkg_config_says_where_headers_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Tool
) -> None:
    tool("pkg-config")
    pkg_config(tmp_path, monkeypatch, "-Iinc/a -I inc/b -DX=1 -DTEXT=a -pthread -isystem sys")
    found = flags(["lib"], "native", 60)
    assert found.include == ["inc/a", "inc/b"]
    assert sorted(found.define) == ["TEXT=a", "X=1"]
    assert "-pthread" in found.other
    with pytest.raises(CannotJudgeError, match="no-such-lib"):
        flags(["lib", "no-such-lib"], "native", 60)
    with pytest.raises(CannotJudgeError, match="there is no m68k-amiga-pkg-config on the PATH"):
        flags(["lib"], "m68k-amiga", 60)
    monkeypatch.setenv("PKG_CONFIG", "no-such-program --static")
    with pytest.raises(CannotJudgeError, match="no-such-program cannot be started"):
        flags(["lib"], "native", 60)
    assert flags([], "native", 60).include == []


def test_the_command_asks_pkg_config(
    tmp_path: Path, binding: Bind, monkeypatch: pytest.MonkeyPatch, tool: Tool
) -> None:
    tool("pkg-config")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "inner.h").write_text("int f(WIDE);\n")
    pkg_config(tmp_path, monkeypatch, f"-I{tmp_path}/inner -DWIDE=short")
    module = "from ctypes import *\nlib = CDLL('table')\nlib.f.argtypes = [c_long]\n"
    it = binding("#include <inner.h>\n", module)
    assert it.check().returncode == 2
    assert it.verdicts("--pkg-config", "lib") == {"f": ["error width"]}


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
    common = f"/Iinclude /DX=1 /I{_OURS} /nologo /TP /std:c++17 /permissive /w"
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
