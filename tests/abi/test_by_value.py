"""Structs by value are judged by the rules of the platform that is judged."""

import sys
from pathlib import Path

import pytest
from bindings import Binding
from support import Tool
from test_table import LP64

from pyexample.abi import by_value, check
from pyexample.abi.by_value import rules_of

MINGW, ARM64 = "x86_64-w64-mingw32", "aarch64-linux-gnu"

HEADER = """
struct mixed { float f; int i; };
union real { double d; long long l; };
struct packed { char a; int b; } __attribute__((packed));
struct floats { float v[4]; };
struct doubles { double v[4]; };
struct wide { long double v[3]; };
union same { float f[2]; struct { float x, y; } p; };
struct three { long long a, b, c; };
int mixed(struct mixed);
int real(union real);
int packed(struct packed);
int floats(struct floats);
int doubles(struct doubles);
int wide(struct wide);
int same(union same);
int three(struct three);
int called(void (*callback)(union real));
"""
MODULE = """
from ctypes import *
class mixed(Structure):
    _fields_ = [("f", c_float), ("i", c_int)]
class real(Union):
    _fields_ = [("d", c_double), ("l", c_longlong)]
class packed(Structure):
    _pack_ = 1
    _fields_ = [("a", c_char), ("b", c_int)]
class floats(Structure):
    _fields_ = [("v", c_float * 4)]
class doubles(Structure):
    _fields_ = [("v", c_double * 4)]
class wide(Structure):
    _fields_ = [("v", c_longdouble * 3)]
class P(Structure):
    _fields_ = [("x", c_float), ("y", c_float)]
class same(Union):
    _fields_ = [("f", c_float * 2), ("p", P)]
class three(Structure):
    _fields_ = [("a", c_longlong), ("b", c_longlong), ("c", c_longlong)]
lib = CDLL("libtable.so")
for cls in (mixed, real, packed, floats, doubles, wide, same, three):
    getattr(lib, cls.__name__).argtypes = [cls]
lib.called.argtypes = [CFUNCTYPE(None, real)]
"""
# ctypes tells libffi the items of arrays in structs of at most 16 bytes; later Pythons, of 32.
LATE = by_value._LARGEST_WITH_ITEMS == 32
MISPLACED = {
    "g++": {"real", "packed", "called"},
    f"{MINGW}-g++": set[str](),
    f"{ARM64}-g++": {"wide"} if LATE else {"wide", "doubles"},
}


@pytest.mark.skipif(not LP64, reason="the structs are those of a 64-bit long")
@pytest.mark.parametrize("compiler", MISPLACED)
def test_each_platform_has_its_own_rules(tmp_path: Path, tool: Tool, compiler: str) -> None:
    tool(compiler)
    target = compiler.removesuffix("g++").removesuffix("-")
    options = ("--target", target) if target else ("--compiler", "g++")
    findings = Binding(tmp_path, HEADER, MODULE).report(*options)["findings"]
    found = {each["subject"] for each in findings if each["kind"] == "misplaced"}
    assert found == MISPLACED[compiler]
    assert not [each["subject"] for each in findings if each["kind"] == "unjudged"]


@pytest.mark.parametrize(
    ("macros", "rules"),
    [
        ("__x86_64__", "System V"),
        ("__x86_64__ __ILP32__", None),
        ("__x86_64__ _WIN32", "Windows"),
        ("_M_X64 _WIN32", "Windows"),
        ("__aarch64__", "AAPCS64"),
        ("_M_ARM64 _WIN32", "AAPCS64"),
        ("__aarch64__ __ILP32__", None),
        ("_WIN32", None),
        ("", None),
    ],
)
def test_the_compiler_says_which_platform_it_is(macros: str, rules: str | None) -> None:
    assert rules_of(lambda macro: macro in macros.split()) == rules


def test_where_the_rules_are_not_known_that_is_said(
    tmp_path: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("g++")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h.h").write_text(HEADER + "int other(struct three *);")
    (tmp_path / "binding.py").write_text(f"{MODULE}\nlib.other.argtypes = [POINTER(three)]\n")
    monkeypatch.setattr("pyexample.abi.claims.rules_of", lambda _: None)
    report = check("binding.py", headers=["h.h"], include=["."], without_library=["table"])
    told = {each.subject for each in report.findings if "by value is not known" in each.what}
    assert told == {
        "mixed", "real", "packed", "floats", "doubles", "wide", "same", "three", "called",
    }  # fmt: skip
    assert sys.platform == "win32" or not report
