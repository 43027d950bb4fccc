"""Our own binding is proven, and drift of every kind turns this red with one finding."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from bindings import COMPILERS
from support import HEADER, ROOT, Missing, Tool, attempt, first_quickly

from pyexample.abi import check
from pyexample.ffi.libfastcall import PROTOTYPES

MINGW = "x86_64-w64-mingw32"
OURS = ("pyexample.libexample", "pyexample.arrays")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_binding_is_true_to_its_header(tool: Tool, compiler: str) -> None:
    report = check(*OURS, headers=[str(HEADER)], compiler=tool(compiler), strict=True)
    assert not report
    assert report.judged["functions"] == 6


def test_the_binding_is_true_to_its_header_on_windows(tool: Tool) -> None:
    tool(f"{MINGW}-g++")
    assert not check(*OURS, headers=[str(HEADER)], target=MINGW, strict=True)


USE = """
from pyexample.ffi.libfastcall import PROTOTYPES, start

for name in PROTOTYPES:
    getattr(start(), name)
"""


def test_our_use_of_libfastcall_is_true_to_its_header(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "use.py").write_text(USE)
    report = check(
        *(f"pyexample.ffi.{each}" for each in ("libfastcall", "aggregates", "thunks")),
        str(tmp_path / "use.py"),
        headers=[str(ROOT / "src/pyexample/ffi/c/fastcall.h")],
        compiler=tool("g++"),
        structs={
            "CArgument": "fastcall_argument",
            "CCallback": "fastcall_callback_type",
            "CRelease": "fastcall_release",
            "CStruct": "fastcall_struct",
            "CTypes": "fastcall_ctypes",
            "CValue": "fastcall_value",
            "Descriptor": "fastcall_descriptor",
            "Python": "fastcall_python",
            "Returned": "fastcall_returned",
        },
    )
    assert [each for each in report.findings if each.kind != "missing"] == []
    assert report.judged["structs"] == 9
    assert report.judged["functions"] == len(PROTOTYPES) + 3


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


# What is written, what is written instead, and the finding: one for each kind of declaration
# that is proven. Which differences there are, table.py says.
HEADER_DRIFT = [
    ("square(int32_t number)", "square(int64_t number)", "square", "error width"),
    ("int32_t *squares,", "const int32_t *squares,", "example_square_array", "error only read"),
    ("uint64_t high;", "uint64_t high; uint64_t higher;", "Uint128", "error layout"),
]
BINDING_DRIFT = [
    (
        "libexample",
        "-> Annotated[int, c_int32]:",
        "-> Annotated[str, c_char_p]:",
        "square",
        "error kind",
    ),
    (
        "arrays",
        "Out(c_int32, in_place=True)",
        "In(c_int32)",
        "example_square_array",
        "error written",
    ),
    ("arrays", '("high", c_uint64)', '("top", c_uint64)', "Uint128.top", "note renamed"),
]
DRIFT: list[tuple[str, ...]] = [("example.h", *row) for row in HEADER_DRIFT]
DRIFT += [(f"pyexample/{module}.py", *row) for module, *row in BINDING_DRIFT]


@pytest.mark.parametrize(("file", "old", "new", "name", "verdict"), first_quickly(DRIFT))
def test_drift_is_one_finding(
    tmp_path: Path, tool: Tool, file: str, old: str, new: str, name: str, verdict: str
) -> None:
    tool("g++")
    shutil.copytree(ROOT / "src" / "pyexample", tmp_path / "pyexample")
    shutil.copy(HEADER, tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    command = [sys.executable, "-m", "pyexample", "abi", *OURS, "--strict"]
    command += ["--header", "example.h", "--without-library", "example", "--format", "json"]
    done = attempt(command, env={"PYTHONPATH": str(tmp_path)}, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["subject"], f"{found['severity']} {found['kind']}") == (name, verdict)
