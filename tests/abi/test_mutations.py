"""Every right declaration of the table, changed in one place: what changes the ABI is found.

A mutant is a row whose C or Python text differs in one token, or in one argument, field or
bit. All of them are judged at once. The few that are not found are listed with the reason
why nobody could: the compiler, too, sees the same types.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bindings import Binding
from support import Tool
from table import CONSTANT_ROWS, FUNCTION_ROWS, PRELUDE_PYTHON, STRUCT_ROWS, Row, header, module
from test_table import LP64

pytestmark = pytest.mark.skipif(not LP64, reason="the table is written for a 64-bit long")

C_TYPES = ["signed char", "unsigned short", "int", "long", "float", "double", "bool"]
C_TYPE = re.compile(
    r"\b(?:(?:un)?signed |long )?(?:char|short|int|long|float|double)\b"
    r"|\b(?:u?int\d+_t|size_t|ptrdiff_t|u?intptr_t|wchar_t|time_t|bool|_Bool|id|id_again"
    r"|side|rgb|handle|compare|progress|make_point|(?:struct|enum|union) (?!s\b)\w+)\b"
)
PYTHON_TYPES = ["c_byte", "c_ushort", "c_int", "c_long", "c_float", "c_double", "c_bool"]
PYTHON_TYPES += ["c_char_p", "point", "rgb"]
PYTHON_TYPE = re.compile(r"\bc_\w+|\b(?:point|rgb|number|keeper|Handle|opaque|Anything|None)\b")


def replaced(text: str, pattern: re.Pattern[str], others: list[str]) -> Iterator[str]:
    for match in pattern.finditer(text):
        for other in others:
            if other != match[0]:
                yield f"{text[: match.start()]}{other}{text[match.end() :]}"


def grown(text: str) -> Iterator[str]:
    """Every number one greater: lengths of arrays, widths of bit-fields, constants."""
    for match in re.finditer(r"(?<![\w.])\d+\b", text):
        yield f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"


def pointed(text: str) -> Iterator[str]:
    """Every star taken away, and doubled."""
    for match in re.finditer(r"\*", text):
        yield f"{text[: match.start()]}{text[match.end() :]}"
        yield f"{text[: match.start()]}**{text[match.end() :]}"


def listed(items: list[str], new: str) -> Iterator[list[str]]:
    """A list with one item less, one more, and two of them swapped."""
    for place in range(len(items)):
        yield items[:place] + items[place + 1 :]
    yield [*items, new]
    for place in range(len(items) - 1):
        if items[place].split('"')[-1] != items[place + 1].split('"')[-1]:
            swapped = [*items]
            swapped[place : place + 2] = reversed(items[place : place + 2])
            yield swapped


def c_mutants(row: Row) -> Iterator[str]:
    yield from replaced(row.c, C_TYPE, C_TYPES)
    yield from grown(row.c)
    yield from pointed(row.c)
    if row.name[0] == "f" and (match := re.fullmatch(r"(.*\bf\()(.*)(\))", row.c)):
        if "(" in match[2] or "..." in match[2]:
            return
        items = [] if match[2] in ("", "void") else match[2].split(", ")
        for each in listed(items, "int"):
            yield f"{match[1]}{', '.join(each) or 'void'}{match[3]}"
    if row.name[0] == "s" and (match := re.fullmatch(r"([^{]*\{ )([^{]*;)( \}.*)", row.c)):
        for each in listed(re.findall(r"[^;]+;", match[2]), " int added;"):
            if each:
                yield f"{match[1]}{''.join(each)}{match[3]}"


def python_items(text: str) -> list[str]:
    """The items of a list, at its commas outside of brackets."""
    items, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if item.strip()]


def python_mutants(row: Row) -> Iterator[str]:
    if row.name[0] == "X":
        yield from grown(row.python)
        return
    yield from replaced(row.python, PYTHON_TYPE, PYTHON_TYPES)
    yield from grown(row.python)
    for match in re.finditer(r"POINTER\((\w+)\)", row.python):
        yield row.python.replace(match[0], match[1], 1)
        yield row.python.replace(match[0], f"POINTER({match[0]})", 1)
    start, separator, rest = row.python.partition(";")
    if row.name[0] == "f" and separator:
        for each in listed(python_items(rest), "c_int"):
            yield f"{start}; {', '.join(each)}"
    if row.name[0] == "s":
        for each in listed(python_items(start), '("added", c_int)'):
            if each:
                yield f"{', '.join(each)}{separator}{rest}"


def mutants() -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    for row in (*FUNCTION_ROWS, *STRUCT_ROWS, *CONSTANT_ROWS):
        # ``struct`` itself refuses what a mutant of a typed one declares.
        first = row.python.split()[:1]
        if row.verdict != "agrees" or first in (["union"], ["typed"]):
            continue
        for c in c_mutants(row):
            found.setdefault((c, row.python), Row(row.name[0], c, row.python, row.c, "C"))
        for python in python_mutants(row):
            found.setdefault(
                (row.c, python), Row(row.name[0], row.c, python, row.python, "Python")
            )
    for number, row in enumerate(found.values()):
        row.name = f"{row.name}{number:05d}"
    return list(found.values())


def valid(rows: list[Row], folder: Path, gcc: str) -> list[Row]:
    """Those whose C is C: a C compiler says which lines it refuses."""
    (folder / "h.h").write_text(header(rows))
    first = header([]).count("\n") + 1
    refused: set[int] = set()
    for language in ("c", "c++"):  # in what C++ refuses, the checker says that it cannot judge
        done = subprocess.run(
            [gcc, "-x", language, "-fsyntax-only", "-w", "-fmax-errors=0", "h.h"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = re.findall(r"^h\.h:(\d+):\d+: error", done.stderr, re.MULTILINE)
        refused |= {int(line) - first for line in lines}
    namespace: dict[str, Any] = {}
    exec(PRELUDE_PYTHON.replace('lib = CDLL("table")', ""), namespace)  # noqa: S102
    return [
        row
        for number, row in enumerate(rows)
        if number not in refused and (row.name[0] != "s" or runs(row, namespace))
    ]


def runs(row: Row, namespace: dict[str, Any]) -> bool:
    """Whether ctypes itself accepts a Structure: not a bit-field of type float, say."""
    try:
        exec(module([row]).partition('lib = CDLL("table")')[2], namespace)  # noqa: S102
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def in_common(old: str, new: str) -> int:
    """How long the beginning is that two texts have in common."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))


def change(old: str, new: str) -> tuple[str, str]:
    """The words in which two texts differ."""
    start = in_common(old, new)
    while start and re.match(r"\w", old[start - 1]):
        start -= 1
    end = in_common(old[start:][::-1], new[start:][::-1])
    while end and re.match(r"\w", old[len(old) - end]):
        end -= 1
    return old[start : len(old) - end].strip(), new[start : len(new) - end].strip()


SAME = [
    {"int", "int32_t", "id", "id_again", "wchar_t", "enum color", "side"},
    {"long", "long long", "long f", "f", "int64_t", "ptrdiff_t", "intptr_t", "time_t"},
    {"bool", "_Bool"},
    {"signed char", "int8_t"},
    {"unsigned short", "uint16_t"},
    {"c_int", "c_int32", "c_wchar"},
    {"c_long", "c_longlong", "c_int64", "c_ssize_t"},
    {"c_byte", "c_int8"},
    {"c_ushort", "c_uint16"},
]
BYTES = {"char", "signed char", "uint8_t", "signed", "unsigned", "c_char", "c_byte", "c_ubyte"}


def reason(row: Row) -> str:
    """Why the compiler cannot tell a mutant from what it was; "" where it should."""
    changed = set(change(row.verdict, row.c if row.on_windows == "C" else row.python))
    if any(changed <= same for same in SAME) or "unsigned long int" in row.c:
        return "another name of the same type"
    if changed <= BYTES:
        return "whether a char is signed is the compiler's choice, and bytes are bytes"
    if changed == {"c_uint", "c_int"} and "enum" in row.c:
        return "whether an enum is signed is the compiler's choice"
    if changed in ({"bool", "unsigned char"}, {"c_bool", "c_ubyte"}) and ": 1;" in row.c:
        return "one bit of a bool and of an unsigned char hold the same"
    if row.name[0] == "f" and all(each.isdigit() for each in changed):
        return "an array parameter is a pointer, and what Python passes may be longer"
    if re.search(r"c_void_p|Handle", row.python + row.verdict) or "void *" in row.c:
        return "void * stands for any pointer"
    if re.search(r"const .* X = 3", row.c):
        return "a constant has the same value, whatever its type"
    return ""


REASONS = {
    "another name of the same type": 43,
    "whether a char is signed is the compiler's choice, and bytes are bytes": 30,
    "whether an enum is signed is the compiler's choice": 2,
    "one bit of a bool and of an unsigned char hold the same": 2,
    "an array parameter is a pointer, and what Python passes may be longer": 5,
    "void * stands for any pointer": 88,
    "a constant has the same value, whatever its type": 3,
}


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_every_mutant_that_changes_the_abi_is_found(
    tmp_path: Path, tool: Tool, compiler: str
) -> None:
    rows = valid(mutants(), tmp_path, tool("gcc"))
    assert len(rows) > 4000
    binding = Binding(tmp_path, header(rows), module(rows))
    found = binding.verdicts(compiler=tool(compiler))
    survivors = [row for row in rows if row.name not in found]
    unexplained = [
        f"{row.c} | {row.python} (was {row.verdict})" for row in survivors if not reason(row)
    ]
    assert unexplained == []
    # As many as there were: a checker that overlooks more would give the same reasons.
    assert Counter(map(reason, survivors)) == REASONS
