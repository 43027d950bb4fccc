"""Our own binding is proven, and drift of every kind turns this red with one finding."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from support import HEADER, ROOT, Missing, Tool, attempt

from pyexample.abi import check

MINGW = "x86_64-w64-mingw32"


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_binding_is_true_to_its_header(tool: Tool, compiler: str) -> None:
    assert not check(
        "pyexample.libexample", headers=[str(HEADER)], compiler=tool(compiler), strict=True
    )


def test_the_binding_is_true_to_its_header_on_windows(tool: Tool) -> None:
    tool(f"{MINGW}-g++")
    assert not check("pyexample.libexample", headers=[str(HEADER)], target=MINGW, strict=True)


def test_our_use_of_libfastcall_is_true_to_its_header(tool: Tool) -> None:
    report = check(
        "pyexample.ffi.libfastcall",
        headers=[str(ROOT / "src/pyexample/ffi/c/fastcall.h")],
        compiler=tool("g++"),
        structs={
            "CArgument": "fastcall_argument",
            "CTypes": "fastcall_ctypes",
            "Descriptor": "fastcall_descriptor",
            "Python": "fastcall_python",
        },
    )
    assert [each for each in report.findings if each.kind != "missing"] == []
    assert report.judged["structs"] == 4


@pytest.mark.parametrize(
    ("module", "header", "structs"),
    [("sqlite", "sqlite3.h", {}), ("zlib_streams", "zlib.h", {"Stream": "z_stream"})],
)
def test_sqlite_and_zlib_are_bound_as_their_headers_say(
    tool: Tool, missing: Missing, module: str, header: str, structs: dict[str, str]
) -> None:
    if not Path("/usr/include", header).exists():
        missing(f"{header} is not installed")
    report = check(
        str(ROOT / "examples" / f"{module}.py"),
        headers=[header],
        compiler=tool("g++"),
        structs=structs,
    )
    # Functions that are not bound; SQLITE_TRANSIENT, which is a pointer in C.
    assert {each.kind for each in report.findings} <= {"missing", "unjudged"}
    assert report.judged["functions"] >= 9


# What is written, what is written instead, and the finding's name, severity and kind.
HEADER_DRIFT = [
    ("square(int32_t number)", "square(int64_t number)", "square", "error width"),
    ("square(int32_t number)", "square(int16_t number)", "square", "error width"),
    ("square(int32_t number)", "square(uint32_t number)", "square", "note signedness"),
    ("square(int32_t number)", "square(float number)", "square", "error kind"),
    ("square(int32_t number)", "square(int32_t *number)", "square", "error width"),
    ("square(int32_t number)", "square(int32_t number, int base)", "square", "error count"),
    ("square(int32_t number)", "square(void)", "square", "error count"),
    ("int32_t square(", "int64_t square(", "square", "error width"),
    ("int32_t square(", "double square(", "square", "error kind"),
    ("int32_t square(", "void square(", "square", "note garbage"),
    ("EXAMPLE_API int32_t square(int32_t number);", "", "square", "error not in the header"),
    (
        "EXAMPLE_API int32_t square(int32_t number);",
        "EXAMPLE_API int32_t square(int32_t number);\nint32_t example_cube(int32_t number);",
        "example_cube",
        "note missing",
    ),
    ("(const int32_t *numbers, int32_t", "(int32_t *numbers, int32_t", "example_square_array", "error written"),
    ("int32_t *squares,", "const int32_t *squares,", "example_square_array", "error only read"),
    ("int32_t *squares,", "int16_t *squares,", "example_square_array", "error target width"),
    ("int32_t *squares,", "int32_t **squares,", "example_square_array", "error level"),
    ("squares, size_t count);", "squares, int count);", "example_square_array", "error width"),
    ("const char *example_simd", "const wchar_t *example_simd", "example_simd", "error target width"),
    ("const char *example_simd", "int example_simd", "example_simd", "error kind"),
    ("uint64_t low;", "uint32_t low;", "Uint128.low", "error width"),
    ("uint64_t high;", "uint64_t high; uint64_t higher;", "Uint128", "error layout"),
    ("uint64_t high;", "", "Uint128", "error layout"),
    ("uint64_t high;", "int64_t high;", "Uint128.high", "note signedness"),
    ("uint64_t high;", "double high;", "Uint128.high", "error kind"),
]  # fmt: skip

# Each field that is elsewhere is a finding of its own.
FIELD_DRIFT: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "uint64_t low;\n    uint64_t high;",
        "uint64_t high, low;",
        [("Uint128.high", "error offset"), ("Uint128.low", "error offset")],
    ),
    (
        "typedef struct {\n    uint64_t low",
        "typedef union {\n    uint64_t low",
        [("Uint128", "error layout"), ("Uint128.high", "error offset")],
    ),
]

BINDING_DRIFT = [
    ("number: Annotated[int, c_int32,", "number: Annotated[int, ctypes.c_int64,", "square", "error width"),
    ("-> Annotated[int, c_int32]:", "-> Annotated[int, c_uint64]:", "square", "error width"),
    ("Out(c_int32, in_place=True)", "In(c_int32)", "example_square_array", "error written"),
    ("Out(c_int32, in_place=True)", "Out(c_uint64)", "example_square_array", "error target width"),
    ("Annotated[Buffer, In(c_int32)],\n    squares", "Annotated[Buffer, Out(c_int32)],\n    squares",
     "example_square_array", "error only read"),
    ('Count(c_size_t, "numbers", "squares")', 'Count(c_int32, "numbers", "squares")',
     "example_square_array", "error width"),
    (', Count(c_size_t, "numbers")', "", "example_sum_of_squares", "error count"),
    ('("high", c_uint64)', '("high", c_int32)', "Uint128.high", "error width"),
    ('("high", c_uint64)', '("top", c_uint64)', "Uint128.top", "note renamed"),
    ('("low", c_uint64), ("high", c_uint64)', '("low", c_uint64),', "Uint128", "error layout"),
    ("-> Annotated[str, c_char_p]", "-> Annotated[int, c_int32]", "example_simd", "error width"),
    ("def example_simd(", "def example_simdd(", "example_simdd", "error not in the header"),
]  # fmt: skip


def first_one_quickly(rows: list[tuple[str, str, str, str]]) -> list[Any]:
    """All rows but the first are slow: each is a check of its own."""
    return [rows[0], *(pytest.param(*row, marks=pytest.mark.slow) for row in rows[1:])]


def plant(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def verdicts(folder: Path, header: Path) -> list[tuple[str, str]]:
    """The findings of the command, run on a copy of the package."""
    command = ["-m", "pyexample", "abi", "pyexample.libexample", "--strict"]
    options = ["--header", str(header), "--without-library", "example", "--format", "json"]
    done = attempt(
        [sys.executable, *command, *options], env={"PYTHONPATH": str(folder)}, cwd=folder
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)["findings"]
    return [(each["subject"], f"{each['severity']} {each['kind']}") for each in found]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src" / "pyexample", tmp_path / "pyexample")
    shutil.copy(HEADER, tmp_path)
    return tmp_path


@pytest.mark.usefixtures("a_compiler")
@pytest.mark.parametrize(("old", "new", "name", "verdict"), first_one_quickly(HEADER_DRIFT))
def test_drift_of_the_header_is_one_finding(
    copy: Path, old: str, new: str, name: str, verdict: str
) -> None:
    plant(copy / "example.h", old, new)
    assert verdicts(copy, copy / "example.h") == [(name, verdict)]


@pytest.mark.slow
@pytest.mark.usefixtures("a_compiler")
@pytest.mark.parametrize(("old", "new", "findings"), FIELD_DRIFT)
def test_drift_of_fields_is_one_finding_each(
    copy: Path, old: str, new: str, findings: list[tuple[str, str]]
) -> None:
    plant(copy / "example.h", old, new)
    assert verdicts(copy, copy / "example.h") == findings


@pytest.mark.usefixtures("a_compiler")
@pytest.mark.parametrize(("old", "new", "name", "verdict"), first_one_quickly(BINDING_DRIFT))
def test_drift_of_the_binding_is_one_finding(
    copy: Path, old: str, new: str, name: str, verdict: str
) -> None:
    plant(copy / "pyexample" / "libexample.py", old, new)
    found = verdicts(copy, copy / "example.h")
    if "not in" in verdict:
        found.remove(("example_simd", "note missing"))  # which it was before
    assert found == [(name, verdict)]


@pytest.fixture
def a_compiler(tool: Tool) -> None:
    tool("g++")
