"""The command: its exit status, its formats, its options; and what real headers do."""

import json
import logging
import os
import re
import subprocess
import sys

import pytest
from bindings import COMPILERS, Bind, Binding
from support import Tool, first_quickly

from pyexample.abi import CannotJudgeError, Report, check

HEADER = """
#include <stdint.h>
struct point { int32_t x, y; };
int32_t length(const struct point *points, int32_t count);
uint64_t area(double width);
"""
MODULE = """
from ctypes import *
lib = CDLL("libtable.so")
class point(Structure):
    _fields_ = [("x", c_int32), ("y", c_int32)]
lib.length.argtypes = [POINTER(point), c_int32]
lib.length.restype = c_int32
lib.area.argtypes = [c_double]
lib.area.restype = c_uint64
"""


@pytest.fixture
def true(binding: Bind) -> Binding:
    return binding(HEADER, MODULE)


@pytest.fixture
def drifted(binding: Bind) -> Binding:
    return binding(HEADER, MODULE.replace("restype = c_uint64", "restype = c_uint32"))


def test_proven_is_status_0(true: Binding) -> None:
    done = true.check()
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"binding against h\.h: 2 functions, 1 struct, 2 fields judged by .+: no errors,"
        r" no notes\n",
        done.stdout,
    )


def test_a_finding_is_status_1_and_says_it_all(drifted: Binding) -> None:
    done = drifted.check()
    assert (done.returncode, done.stderr) == (1, "")
    summary, grade, empty, *details = done.stdout.splitlines()
    assert summary.endswith(": 1 error, no notes")
    assert (grade, empty) == ("  breaks on the platform that is judged: 1 width", "")
    assert details == [
        "binding.py:8: error: area: result is c_uint32, C has long unsigned int: another size"
        " [width, result]",
        "    Python declares  area(c_double) -> c_uint32",
        "    C has            uint64_t area(double width);  (h.h:5)",
        "    At run time      the value is cut off, or bits that C has not set are taken as part of"
        " it",
    ]


def test_only_some_names_can_be_judged(drifted: Binding) -> None:
    assert drifted.check("--only", "^length$").returncode == 0
    assert drifted.report("--only", "^length$")["judged"]["functions"] == 1
    assert drifted.check("--only", "^are").returncode == 1


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("zzz", "nothing that is declared has such a name"),
        ("lacking", "nothing that is declared has such a name"),
        ("(", "no regular expression"),
    ],
)
def test_a_name_that_nothing_has_is_status_2(binding: Bind, pattern: str, message: str) -> None:
    # That the header has it is not enough: Python does not.
    done = binding(HEADER + "int lacking(void);", MODULE).check("--only", pattern)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_notes_fail_where_the_check_is_strict(binding: Bind) -> None:
    it = binding(HEADER, MODULE.replace("restype = c_uint64", "restype = c_int64"))
    assert it.check().returncode == 0
    assert it.check("--strict").returncode == 1


def test_json_has_what_the_text_has(drifted: Binding) -> None:
    (finding,) = drifted.report()["findings"]
    assert finding["file"] == str(drifted.folder / "binding.py")
    assert (finding["line"], finding["subject"], finding["kind"]) == (8, "area", "width")
    assert drifted.report()["judged"]["functions"] == 2


def test_github_marks_the_line(drifted: Binding) -> None:
    done = drifted.check("--format", "github")
    assert done.stdout.startswith(
        "::error file=binding.py,line=8,title=area%3A width::result is c_uint32"
    )
    assert "1 error, no notes" in done.stdout


CANNOT = [
    (["--compiler", "no-such-compiler"], "there is no compiler 'no-such-compiler'"),
    (["--compiler", "false"], "the header cannot be read"),
    (["--header", "missing.h"], "missing.h"),
    (["--header", "broken.h"], "broken.h:1:"),
    (["--target", "m68k-amiga"], "m68k-amiga"),
    (["--allow", "no-such-file"], "no-such-file cannot be read"),
    (["--struct", "pixel=point"], "no Structure has such a name"),
    (["--struct", "point"], "expected PYTHON=C"),
    (["--struct", r"point=\1"], "invalid group reference"),
    (["--struct", "(=c"], "no regular expression"),
    (["--pkg-config", "no-such-package"], "no-such-package"),
    (["--timeout", "0.001"], "took longer than 0.001 seconds"),
    (["--keep", "no/such/folder.cpp"], "no/such/folder.cpp: No such file"),
    (["--keep", "binding.py"], "was not written by pyexample abi"),
    (["--run", "no-such.py"], "there is no script no-such.py"),
    (["--run", "-m"], "expected the name of a module"),
    (["--check", "name"], "--check takes its modules from pyproject.toml"),
]


@pytest.mark.parametrize(("options", "message"), first_quickly(CANNOT))
def test_what_cannot_be_judged_is_status_2(
    true: Binding, options: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (true.folder / "broken.h").write_text("int f(undeclared_type);\n")
    if "m68k-amiga" in options:
        monkeypatch.setenv("PATH", str(true.folder))
    done = true.check(*options)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert "error: cannot judge: " in done.stderr
    assert message in done.stderr


def test_a_module_that_fails_is_status_2(binding: Bind) -> None:
    done = binding(HEADER, "import what_is_not_there").check()
    assert done.returncode == 2
    assert "binding cannot be imported" in done.stderr


def test_nothing_in_common_is_status_2(binding: Bind) -> None:
    done = binding("int other(void);", MODULE.replace("point", "pixel")).check()
    assert done.returncode == 2
    assert (
        "the headers have none of the functions that Python declares: area, length"
        in done.stderr
    )
    done = binding("int other(void);", "ANSWER = 42").check()
    assert done.returncode == 2
    assert (
        "nothing to judge: what the modules declare (functions: 0, structs: 0, constants: 1)"
        in done.stderr
    )


def test_wrong_use_is_status_2() -> None:
    for words in (["abi"], ["abi", "module"], ["abi", "m", "--header", "h", "--format", "xml"]):
        done = subprocess.run(
            [sys.executable, "-m", "pyexample", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("pyexample: error: ")
        assert done.stderr.count("\n") == 1


def test_a_compiler_for_another_platform_is_noticed(true: Binding, tool: Tool) -> None:
    done = true.check(compiler=tool("x86_64-w64-mingw32-g++"))
    assert done.returncode == 2
    assert "name that with --target" in done.stderr


def test_the_compiled_file_is_kept(drifted: Binding) -> None:
    kept = drifted.folder / "kept.cpp"
    for _ in range(2):  # its own file is written again
        assert drifted.check("--keep", "kept.cpp").returncode == 1
        assert "ct_function<decltype(length), int32_t," in kept.read_text()
        kept.write_text(kept.read_text().splitlines()[0] + "\n")
    kept.write_text("int main(void) { return 0; }\n")
    assert drifted.check("--keep", "kept.cpp").returncode == 2
    assert kept.read_text() == "int main(void) { return 0; }\n"


def test_the_function_logs_what_fails(
    drifted: Binding, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.syspath_prepend(drifted.folder)
    monkeypatch.chdir(drifted.folder)
    report = check("binding", headers=["h.h"], without_library=["table"])
    assert report
    assert isinstance(report, Report)
    ((_, level, text),) = caplog.record_tuples
    assert level == logging.ERROR
    assert "binding.py:8: error: area: result is c_uint32" in text
    assert not check("binding", headers=["h.h"], without_library=["table"], only="length")
    with pytest.raises(CannotJudgeError):
        check("binding", headers=["missing.h"], without_library=["table"])


def test_structs_may_have_other_names(binding: Bind) -> None:
    header = "struct c_point { int x, y; }; struct c_size { int w; }; void f(void *);"
    module = (
        MODULE + "lib.f.argtypes = [c_void_p]\nlib.f.restype = None\nclass Size(point): pass\n"
    )
    it = binding(header, module)
    assert it.verdicts()["Size"] == ["note unmatched"]
    assert it.verdicts("--struct", "Size=c_size", "--only", "Size") == {
        "Size": ["error layout"]
    }
    assert it.verdicts("--struct", "Size=c_point", "--only", "Size") == {}
    # By pattern, of which the first one counts.
    judged = it.report("--struct", "Size=c_point", "--struct", r"(.*)=c_\1")["judged"]
    assert judged["structs"] == 2


def test_functions_of_other_libraries_are_none_of_the_headers(
    binding: Bind,
) -> None:
    module = MODULE + 'c = CDLL("libtable-2.so")\nc.unrelated.argtypes = [c_int]\n'
    assert binding(HEADER, module).verdicts() == {}
    module = MODULE + "lib.unrelated.argtypes = [c_int]\n"
    assert binding(HEADER, module).verdicts() == {"unrelated": ["error not in the header"]}


def test_the_systems_constants_are_none_of_the_headers(
    binding: Bind,
) -> None:
    header = "#include <limits.h>\n#define OWN 1\n" + HEADER
    module = MODULE + "CHAR_BIT = 99\nOWN = 1\n"
    assert binding(header, module).verdicts() == {}
    assert binding(header, MODULE + "OWN = 2\n").verdicts() == {"OWN": ["error constant"]}


def test_a_structure_with_no_fields_is_an_opaque_one(
    binding: Bind,
) -> None:
    module = MODULE + "class opaque(Structure):\n    _fields_ = []\n"
    module += "lib.f.argtypes = [POINTER(opaque)]\n"
    assert binding(HEADER + "int f(struct opaque *o);", module).verdicts() == {}


def test_a_directory_and_macros_are_passed_on(binding: Bind) -> None:
    header = '#include "inner.h"\nint f(WIDE);\n'
    it = binding(
        header, 'from ctypes import *\nlib = CDLL("table")\nlib.f.argtypes = [c_long]\n'
    )
    (it.folder / "inner").mkdir()
    (it.folder / "inner" / "inner.h").write_text("int g(void);")
    assert it.check().returncode == 2
    assert it.verdicts("-I", "inner", "-D", "WIDE=long") == {}
    assert it.verdicts("-I", "inner", "-D", "WIDE=short") == {"f": ["error width"]}


@pytest.mark.parametrize("compiler", COMPILERS)
def test_thousands_of_declarations_take_seconds(
    binding: Bind, tool: Tool, compiler: str
) -> None:
    constants = [f"THE_CONSTANT_{number}" for number in range(3500)]
    functions = [f"the_function_{number}" for number in range(1000)]
    header = "\n".join(
        [
            *(f"#define {name} {number}" for number, name in enumerate(constants)),
            *(f"int {name}(const char *text, long count, double *out);" for name in functions),
        ]
    )
    module = "\n".join(
        [
            "from ctypes import *",
            'lib = CDLL("libtable.so")',
            *(f"{name} = {number + (number == 3210)}" for number, name in enumerate(constants)),
            "for number in range(1000):",
            "    function = lib[f'the_function_{number}']",
            "    count = c_int if number == 987 else c_long",
            "    function.argtypes = [c_char_p, count, POINTER(c_double)]",
        ]
    )
    it = binding(header, module)
    before = os.times()
    assert it.verdicts(compiler=tool(compiler)) == {
        "THE_CONSTANT_3210": ["error constant"],
        "the_function_987": ["error width"],
    }
    after = os.times()
    # Of the processor: other programs may be busy.
    assert after.children_user - before.children_user < 10
    assert json.loads(it.check("--format", "json").stdout)["judged"]["constants"] == 3500
