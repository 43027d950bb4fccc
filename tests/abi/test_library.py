"""Judged by the library itself: what it exports, and the types that it was built with."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bindings import Binding
from support import Tool, first_quickly

HEADER = """
#include <stddef.h>
struct point { int x, y; };
typedef struct config {
    unsigned low : 3, high : 5;
    double scale;
    union { int number; float real; };
    char name[16];
    struct point origin;
    struct config *next;
} config;
int length(const struct point *points, size_t count);
double scale(config *settings, float by, int (*each)(int));
void *make(unsigned char kind);
int report(const char *format, ...);
struct point middle(struct point from, struct point to);
int dropped(int number);
static inline int twice(int number) { return 2 * number; }
#define thrice thrice_2
"""
MORE = """
int hidden_one(int number) { return number; }
extern __typeof__(length) same_length __attribute__((alias("length")));
"""
MODULE = """
from ctypes import *
lib = CDLL("{folder}/libtable.so")
class point(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]
class number_or_real(Union):
    _fields_ = [("number", c_int), ("real", c_float)]
class config(Structure): pass
config._anonymous_ = ("u",)
config._fields_ = [
    ("low", c_uint, 3), ("high", c_uint, 5), ("scale", c_double), ("u", number_or_real),
    ("name", c_char * 16), ("origin", point), ("next", POINTER(config)),
]
def declare(name, result, *arguments):
    getattr(lib, name).restype = result
    getattr(lib, name).argtypes = arguments
declare("length", c_int, POINTER(point), c_size_t)
declare("scale", c_double, POINTER(config), c_float, CFUNCTYPE(c_int, c_int))
declare("make", c_void_p, c_ubyte)
declare("report", c_int, c_char_p)
declare("middle", point, point, point)
"""
TRUE = """
declare("same_length", c_int, POINTER(point), c_size_t)
"""
BUILDS = {
    "gcc": ["-g"],
    "gcc, optimised": ["-g", "-O2"],
    "gcc, at link time": ["-g", "-O2", "-flto"],
    "gcc, DWARF 3": ["-gdwarf-3", "-gstrict-dwarf"],
    "gcc, compressed": ["-g", "-gz"],
    "clang": ["-g", "-O1"],
    "clang, DWARF 4": ["-gdwarf-4"],
}


@pytest.fixture(autouse=True)
def _needs(tool: Tool) -> None:
    tool("g++")
    pytest.importorskip("lief")
    pytest.importorskip("elftools")
    if sys.platform != "linux":
        pytest.skip("compiles libraries for Linux")


@pytest.fixture
def build(tmp_path: Path, tool: Tool) -> Callable[..., Binding]:
    """A binding, and its library, which may be built from another header."""

    def build(more: str = "", change: tuple[str, str] = ("", ""), how: str = "gcc") -> Binding:
        assert change[0] in HEADER
        text = HEADER.replace(*change) if change[0] else HEADER
        text = text.replace("int dropped(int number);", "")
        source = re.sub(r"\);$", ") { __builtin_trap(); }", text, flags=re.MULTILINE) + MORE
        (tmp_path / "built.c").write_text(source)
        command = [tool(how.partition(",")[0]), *BUILDS[how], "-w", "-shared", "-fPIC"]
        subprocess.run([*command, "built.c", "-o", "libtable.so"], check=True, cwd=tmp_path)
        return Binding(tmp_path, HEADER, MODULE.format(folder=tmp_path) + more)

    return build


def found(binding: Binding, *options: str) -> dict[tuple[str, str, str], str]:
    """The errors, by subject, kind and argument, and what is said of them."""
    report: dict[str, Any] = binding.report("--library", "libtable.so", *options)
    return {
        (each["subject"], each["kind"], each["argument"]): each["what"]
        for each in report["findings"]
        if each["severity"] == "error"
    }


@pytest.mark.parametrize("how", first_quickly(BUILDS))
def test_a_library_of_the_header_is_proven(build: Callable[..., Binding], how: str) -> None:
    binding = build(TRUE, how=how)
    report = binding.report("--library", "libtable.so")
    assert [each["kind"] for each in report["findings"] if each["grade"] != "coverage"] == []
    assert report["judged"]["signatures"] == report["judged"]["exports"] == 6
    assert {
        each["subject"]: each["kind"]
        for each in report["findings"]
        if each["kind"] not in ("missing", "unread")
    } == {"same_length": "exported only"}


STALE = [
    ("size_t count", "int count", {("length", "argument 2")}),
    ("float by", "double by", {("scale", "argument 2")}),
    ("void *make", "int make", {("make", "result")}),
    ("double scale(", "float scale(", {("scale", "result")}),
    ("unsigned char kind", "struct point *kind", {("make", "argument 1")}),
    ("float by, int (*each)(int)", "int (*each)(int), float by", {("scale", "argument 2"), ("scale", "argument 3")}),
    ("report(const char *format, ...)", "report(const char *format, int size, ...)", {("report", "")}),
    ("make(unsigned char kind)", "make(unsigned char kind, int size)", {("make", "")}),
    ("length(const struct point *points, size_t count)", "length(const struct point *points)", {("length", "")}),
    ("int x, y; };", "int x, y, z; };", {("point", ""), ("config.origin", ""), ("middle", "result"), ("middle", "argument 1"), ("middle", "argument 2")}),
    ("int x, y; };", "int y, x; };", {("point.x", ""), ("point.y", "")}),
    ("low : 3, high : 5", "low : 4, high : 4", {("config.low", ""), ("config.high", "")}),
    ("double scale;", "long scale;", {("config.scale", "")}),
    ("int number; float real;", "float real; long number;", {("config.number", ""), ("config.name", ""), ("config.origin", "")}),
    ("unsigned low : 3,", "unsigned added : 1; unsigned low : 3,", {("config", ""), ("config.low", ""), ("config.high", "")}),
    ("struct config *next;", "struct config *other;", {("config", "")}),
    ("char name[16];", "char name[24];", {("config", ""), ("config.name", ""), ("config.origin", ""), ("config.next", "")}),
]  # fmt: skip


@pytest.mark.parametrize(("header", "built", "expected"), first_quickly(STALE))
def test_a_stale_build_does_not_pass(
    build: Callable[..., Binding], header: str, built: str, expected: set[tuple[str, str]]
) -> None:
    """The header and Python agree; the library was built from another one."""
    got = found(build(change=(header, built), how="gcc, optimised"))
    assert {(subject, argument) for subject, _, argument in got} == expected
    assert {kind for _, kind, _ in got} == {"built otherwise"}
    assert all("libtable.so" in what for what in got.values())


@pytest.mark.parametrize("how", first_quickly(BUILDS))
def test_whatever_a_stale_build_was_made_with(build: Callable[..., Binding], how: str) -> None:
    change = ("low : 3, high : 5;\n    double scale", "low : 4, high : 4;\n    long scale")
    got = found(build(change=change, how=how))
    assert {subject for subject, *_ in got} == {"config.low", "config.high", "config.scale"}


def test_what_the_header_is_against_is_said_once(build: Callable[..., Binding]) -> None:
    binding = build('declare("make", c_void_p, c_double)')
    assert [kind for _, kind, _ in found(binding)] == ["kind"]


LACKING = [
    ("dropped", "the header declares it, but libtable.so does not export it: built without"),
    ("twice", "the header has it as an inline function, which no library exports: a mistake"),
    ("thrice", "the header has it as a macro, which no library exports: a mistake"),
    ("hidden_oen", "which has hidden_one: misspelled, or renamed by a version"),
    ("of_a_later_version", "nor anything similar: of an older or a newer version"),
]


@pytest.mark.parametrize(("name", "words"), first_quickly(LACKING))
def test_a_function_that_is_not_exported(
    build: Callable[..., Binding], name: str, words: str
) -> None:
    binding = build(f'declare("{name}", c_int, c_int)')
    got = found(binding)
    assert list(got) == [(name, "not exported", "")]
    assert words in got[name, "not exported", ""]


def test_a_function_that_may_be_missing(build: Callable[..., Binding]) -> None:
    guarded = 'try:\n    declare("dropped", c_int, c_int)\nexcept AttributeError:\n    pass\n'
    binding = build(guarded)
    assert found(binding) == {}
    options = ("--without-library", "table", "--library", "libtable.so")
    (binding.folder / "binding.py").write_text(
        (binding.folder / "binding.py").read_text().replace(f"{binding.folder}/", "")
    )
    told = {
        (each["severity"], each["kind"], each["subject"]): each["what"]
        for each in binding.report(*options)["findings"]
    }
    what = told["note", "not exported", "dropped"]
    assert what.startswith("looked up, but the module can do without it: the header declares")
    # One more look-up, which nothing guards.
    with (binding.folder / "binding.py").open("a") as stream:
        stream.write('CDLL("libtable.so").dropped.argtypes = [c_int]\n')
    kinds = {(each["severity"], each["kind"]) for each in binding.report(*options)["findings"]}
    assert ("error", "not exported") in kinds


def test_a_private_function_is_judged_by_the_binary(build: Callable[..., Binding]) -> None:
    binding = build('declare("hidden_one", c_int, c_int)')
    assert found(binding) == {}
    assert ("hidden_one", "not in the header", "") in {
        (each["subject"], each["kind"], each["argument"])
        for each in binding.report()["findings"]
    }
    text = binding.check("--library", "libtable.so", "--coverage").stdout
    assert "but libtable.so exports it: it is private" in text
    assert "judged by the debug information alone" in text
    binding = build('declare("hidden_one", c_int, c_double)')
    assert list(found(binding)) == [("hidden_one", "built otherwise", "argument 1")]


def test_a_library_without_debug_information_says_so(
    build: Callable[..., Binding], tool: Tool
) -> None:
    binding = build(change=("float by", "double by"))
    library = binding.folder / "libtable.so"
    subprocess.run([tool("strip"), library], check=True)
    report = binding.report("--library", "libtable.so")
    kinds = {each["kind"]: each["what"] for each in report["findings"]}
    assert "it has no debug information about these functions" in kinds["no debug information"]
    assert (report["proven"], report["judged"]["signatures"]) == (True, 0)


def test_debug_information_is_found_beside_the_library(
    build: Callable[..., Binding], tool: Tool
) -> None:
    """As distributions put it, by the rules of GDB's manual."""
    binding = build(change=("float by", "double by"))
    objcopy = tool("objcopy")
    (binding.folder / ".debug").mkdir()
    for options in (
        ["--only-keep-debug", "libtable.so", ".debug/libtable.debug"],
        ["--strip-all", "--add-gnu-debuglink=.debug/libtable.debug", "libtable.so"],
    ):
        subprocess.run([objcopy, *options], check=True, cwd=binding.folder)
    assert list(found(binding)) == [("scale", "built otherwise", "argument 2")]


def test_the_library_that_is_loaded(build: Callable[..., Binding]) -> None:
    binding = build(change=("float by", "double by"))
    library = binding.folder / "libtable.so"
    module = binding.folder / "binding.py"
    moved = binding.folder / "libother.so"
    shutil.move(library, moved)
    module.write_text(module.read_text().replace(str(library), str(moved)))
    report = binding.report("--library", "loaded")
    errors = [each for each in report["findings"] if each["severity"] == "error"]
    assert [(each["subject"], each["argument"]) for each in errors] == [("scale", "argument 2")]
    assert "libother.so" in errors[0]["what"]
    (binding.folder / "h.h").write_text("int abs(int);")
    module.write_text("import ctypes\nctypes.CDLL(None).abs.argtypes = [ctypes.c_int]")
    assert binding.report("--library", "loaded")["judged"]["exports"] == 1


REFUSED = [
    (["--library", "missing.so"], "--library missing.so: there is no such file"),
    (["--library", "h.h"], "--library h.h is no shared library (of ELF, PE or Mach-O)"),
    (["--library", "libother.so"], "libother.so has none of the 5 functions"),
    (["--library", "loaded"], "the modules have loaded no library that has functions"),
]


@pytest.mark.parametrize(("options", "message"), first_quickly(REFUSED))
def test_what_cannot_be_judged_is_status_2(
    build: Callable[..., Binding], options: list[str], message: str, tool: Tool
) -> None:
    binding = build()
    (binding.folder / "other.c").write_text("int other(void) { return 0; }")
    command = [tool("gcc"), "-shared", "-fPIC", "other.c", "-o", "libother.so"]
    subprocess.run(command, check=True, cwd=binding.folder)
    done = binding.check(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_without_the_extra_it_says_what_to_install(
    build: Callable[..., Binding], monkeypatch: pytest.MonkeyPatch
) -> None:
    binding = build()
    monkeypatch.setitem(sys.modules, "elftools.elf.elffile", None)
    done = binding.check("--library", "libtable.so")
    assert done.returncode == 2
    assert "pip install 'pyexample[abi]'" in done.stderr
    assert binding.check().returncode == 0  # nothing else needs them


def test_a_library_for_windows_is_judged_by_its_exports(
    build: Callable[..., Binding], tool: Tool
) -> None:
    binding = build('declare("dropped", c_int, c_int)')
    command = [tool("x86_64-w64-mingw32-gcc"), "-shared", "built.c", "-o", "table.dll"]
    source = binding.folder / "built.c"
    source.write_text(source.read_text().partition("extern __typeof__")[0])
    subprocess.run(command, check=True, cwd=binding.folder)
    report = binding.report("--library", "table.dll")
    kinds = {each["kind"]: each["subject"] for each in report["findings"]}
    assert kinds["not exported"] == "dropped"
    assert kinds["no debug information"] == "table.dll"
    assert (report["judged"]["exports"], report["judged"]["signatures"]) == (6, 0)
