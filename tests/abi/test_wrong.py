"""Whatever is wrong over unusual C is found; whatever is right there is not refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bindings import COMPILERS, Binding
from support import Tool, first_quickly
from test_table import LP64
from wrong import ALONE, PRELUDE_PYTHON, ROWS, function, header, module, source

pytestmark = pytest.mark.skipif(not LP64, reason="the table is written for a 64-bit long")

RUN = """
import json, sys
namespace = {}
exec(compile(open("binding.py").read(), "binding.py", "exec"), namespace)
for name, expression in json.load(open("expressions.json")):
    try:
        told = repr(eval(expression, namespace))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    print(f"{name} {told}", flush=True)
"""
MINGW = "x86_64-w64-mingw32"


def results(folder: Path, module: str, rows: dict[str, str]) -> dict[str, str]:
    """What expressions give with a module's declarations, in a Python of its own."""
    (folder / "binding.py").write_text(module.replace("LIBRARY", repr("./libtable.so")))
    (folder / "run.py").write_text(RUN)
    (folder / "expressions.json").write_text(json.dumps(list(rows.items())))
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def compiled(folder: Path, clang: str, header: str, source: str) -> None:
    (folder / "h.h").write_text(header)
    (folder / "table.c").write_text(source)
    command = [clang, "-std=gnu17", "-w", "-O1", "-shared", "-fPIC", "table.c", "-o"]
    subprocess.run([*command, "libtable.so"], cwd=folder, check=True)


def differences(want: str, got: str, told_right: str, told_wrong: str) -> str:
    """What is not as a row says; "" where all is."""
    want = repr(eval(want))  # noqa: S307 - of the table
    if told_right not in ("", want):
        return f"the right one gives {told_right}, not {want}"
    if told_wrong == want:
        return f"the wrong one gives {want} as well"
    if got != "?" and told_wrong != repr(eval(got)):  # noqa: S307 - of the table
        return f"the wrong one gives {told_wrong}, not {got}"
    return ""


def test_the_rows_are_many() -> None:
    assert len(ROWS) + len(ALONE) >= 150


@pytest.mark.skipif(sys.platform != "linux", reason="what C gets is that of Linux on x86-64")
def test_c_gets_what_the_rows_say(tmp_path: Path, tool: Tool) -> None:
    compiled(tmp_path, tool("clang"), header(ROWS), source(ROWS))
    right = {row.name: row.expression for row in ROWS if row.right}
    told_right = results(tmp_path, module(ROWS, "right"), right)
    told_wrong = results(
        tmp_path, module(ROWS, "wrong"), {row.name: row.expression for row in ROWS}
    )
    found = {
        row.text: differences(
            row.want, row.got, told_right.get(row.name, ""), told_wrong[row.name]
        )
        for row in ROWS
    }
    assert {text: said for text, said in found.items() if said} == {}


PLATFORMS = [
    *first_quickly([("g++", ()), ("clang++", ())]),
    (f"{MINGW}-g++", ("--target", MINGW)),
]


def errors(
    folder: Path, header: str, module: str, compiler: str, options: tuple[str, ...]
) -> dict[str, str]:
    """The errors by the names of rows."""
    binding = Binding(folder, header, module.replace("LIBRARY", "'table'"))
    report = binding.report(*options, compiler="" if options else compiler)
    found: dict[str, str] = {}
    for each in report["findings"]:
        if each["severity"] == "error":
            name = each["subject"].partition(".")[0]
            found.setdefault(name, f"{each['kind']}: {each['what']}")
    return found


@pytest.mark.parametrize(("compiler", "options"), PLATFORMS)
def test_every_wrong_one_is_found(
    tmp_path: Path, tool: Tool, compiler: str, options: tuple[str, ...]
) -> None:
    tool(compiler)
    found = errors(tmp_path, header(ROWS), module(ROWS, "wrong"), compiler, options)
    missed = [
        row.text
        for row in ROWS
        if row.name not in found
        and f"f{row.name}" not in found
        and not (options and row.is_right_on_windows)
    ]
    assert missed == []


@pytest.mark.parametrize(("compiler", "options"), PLATFORMS)
def test_no_right_one_is_refused(
    tmp_path: Path, tool: Tool, compiler: str, options: tuple[str, ...]
) -> None:
    tool(compiler)
    rows = [row for row in ROWS if not (options and row.is_right_on_windows)]
    assert errors(tmp_path, header(rows), module(rows, "right"), compiler, options) == {}


@pytest.mark.parametrize("what", first_quickly(ALONE))
@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_header_cannot_rewrite_the_claims(
    tmp_path: Path, tool: Tool, compiler: str, what: str
) -> None:
    text, body, right, wrong, expression, want, got = ALONE[what]
    tool(compiler)
    compiled(tmp_path, tool("clang"), text, f'#include "h.h"\n{body}')
    told: list[str] = []
    for declaration in (right, wrong):
        lines = f"{PRELUDE_PYTHON}\n{function('f', declaration)}\n"
        rows = {"f": f"(lambda f: {expression})(lib.f)"}
        told.append(results(tmp_path, lines, rows)["f"])
        found = errors(tmp_path, text, lines, compiler, ())
        assert bool(found) == (declaration == wrong), found
    assert told[0] == repr(want)
    assert told[1] == repr(got) if got != "?" else told[1] != repr(want)
