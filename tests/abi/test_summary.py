"""The report's first lines: how much of which grade, what was not judged, and which header."""

import pytest
from bindings import Bind

from pyexample.headers.c_parser import read
from pyexample.headers.header import Header
from pyexample.headers.version import versions

HEADER = """
#define LIBRARY_VERSION "3.1.4"
#define WIDE 1
int one(long a, unsigned b);
int two(int a);
int three(void);
int four(void);
int five(void);
"""
MODULE = """
from ctypes import *
lib = CDLL("libtable.so")
WIDE = 1
OTHER = 2
lib.one.argtypes = [c_int, c_int]
"""


def test_grades_and_kinds_come_first(binding: Bind) -> None:
    lines = binding(HEADER, MODULE).check().stdout.splitlines()
    assert lines[0].endswith(": 1 error, 5 notes")
    assert lines[1:6] == [
        "  breaks on the platform that is judged: 1 width",
        "  the same bits, of another meaning: 1 signedness",
        "  not judged, or not declared: 4 missing (listed with --coverage)",
        '  the headers say: LIBRARY_VERSION "3.1.4"',
        "  not judged, since the headers do not have them: 1 constant",
    ]
    assert [line.rpartition("[")[2] for line in lines[7:9]] == [
        "width, argument 1]",
        "signedness, argument 2]",
    ]


def test_coverage_is_listed_where_it_is_asked_for(
    binding: Bind,
) -> None:
    it = binding(HEADER, MODULE.replace("[c_int, c_int]", "[c_long, c_uint]"))
    done = it.check()
    assert (done.returncode, "does not declare" in done.stdout) == (0, False)
    done = it.check("--coverage")
    assert (done.returncode, done.stdout.count("does not declare")) == (0, 4)
    done = it.check("--strict")
    assert (done.returncode, done.stdout.count("does not declare")) == (1, 4)
    done = it.check("--format", "github")
    assert "::notice" not in done.stdout


def test_one_difference_is_one_finding(binding: Bind) -> None:
    found = binding(HEADER, MODULE).report("--only", "one")["findings"]
    assert [(each["grade"], each["kind"], each["argument"]) for each in found] == [
        ("breaks", "width", "argument 1"),
        ("meaning", "signedness", "argument 2"),
    ]


def test_functions_of_other_libraries_are_told_apart(binding: Bind) -> None:
    more = "lib.six.argtypes = []\nfrom pyexample.ffi import Handle\n"
    more += 'libc = CDLL("libc.so.6")\nlibc.free.argtypes = [c_void_p]\n'
    lines = binding(HEADER, MODULE + more).check().stdout.splitlines()
    assert lines[5:7] == [
        # Not those of pyexample.ffi itself, which has more.
        "  not judged, since the headers do not have them: 1 function, 1 constant",
        "  not judged, since another library has them: free",
    ]


NOTHING = """
from ctypes import *
lib = CDLL("libtable.so")
WIDE = 1
def declare():
    lib.one.argtypes = [c_long, c_uint]
    lib.two.argtypes = [c_int]
    lib.three.argtypes = lib.four.argtypes = lib.five.argtypes = []
"""


def test_functions_that_are_never_declared_are_no_pass(
    binding: Bind,
) -> None:
    done = binding(HEADER, NOTHING).check()
    assert (done.returncode, done.stdout) == (2, "")
    assert "although the module names five, four, one and 2 more: name what" in done.stderr
    assert "--run script.py" in done.stderr


def test_none_of_the_functions_is_in_the_headers(
    binding: Bind,
) -> None:
    done = binding(HEADER, MODULE.replace("lib.one", "lib.other")).check()
    assert done.returncode == 2
    assert "the headers have none of the functions that Python declares: other" in done.stderr


def test_constants_alone_may_be_all_there_is(binding: Bind) -> None:
    done = binding(HEADER, "WIDE = 1").check()
    assert done.returncode == 0
    assert ": 1 constant judged by " in done.stdout


def test_few_functions_beside_many_are_told(binding: Bind) -> None:
    done = binding(HEADER, NOTHING + "lib.two.argtypes = [c_int]").check()
    assert done.returncode == 0
    assert "named in the module, but not declared so far: five, four, one, three" in done.stdout
    done = binding(HEADER, MODULE + "lib.two(1)").check()
    assert "looked up, but declared neither argtypes nor restype: two" in done.stdout


@pytest.mark.parametrize(
    ("macros", "told"),
    [
        ('#define A_VERSION "1.2"\n#define B 1', ['A_VERSION "1.2"']),
        ('#define PNG_LIBPNG_VER_STRING "1.6"', ['PNG_LIBPNG_VER_STRING "1.6"']),
        (
            "#define X_MAJOR_VERSION 2\n#define X_MINOR_VERSION 26\n#define X_PATCHLEVEL 5",
            ["X_MAJOR_VERSION 2", "X_MINOR_VERSION 26", "X_PATCHLEVEL 5"],
        ),
        ("#define VERSION_MAJOR (3)", ["VERSION_MAJOR (3)"]),
        ('#define CONVERSION "1"\n#define VERSIONS 2', []),
    ],
)
def test_the_headers_version_is_read(macros: str, told: list[str]) -> None:
    unit = read(f'# 1 "lib.h"\n{macros}\nint f(void);\n')
    assert versions(Header(unit, ["lib.h"])) == told
