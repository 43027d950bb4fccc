"""Read the values of variables from a compiler's assembly text.

The directives are those of GNU as (its manual, "Pseudo Ops"), which clang writes as well.
"""

import re

from .compiler import Compiler, write_lines

_LABEL = re.compile(r"_?(?:_ZN\w+?L\d+)?(ct_[vw]\d+)E?:")
_SIZES = {
    ".byte": 1, ".value": 2, ".short": 2, ".hword": 2, ".2byte": 2, ".half": 2,
    ".long": 4, ".int": 4, ".4byte": 4, ".quad": 8, ".xword": 8, ".8byte": 8,
}  # fmt: skip
_ESCAPES = {"b": 8, "t": 9, "n": 10, "f": 12, "r": 13}
_CHARACTER = re.compile(r"\\([0-7]{1,3})|\\(.)|(.)")


def assemble_variables(
    compiler: Compiler, source: str, before: list[str], rows: list[tuple[int, str]]
) -> dict[str, bytes]:
    """The bytes of the variables ``ct_v...`` and ``ct_w...`` that some lines define.

    Each line has the number of what it belongs to. What the compiler does not accept is left
    out, with all lines of its number. ``before`` opens a namespace, which is closed.
    """
    while rows:
        lines = [*before, *(line for _, line in rows)]
        write_lines(source, [*lines, "}"])
        first = len(before) + 1
        output, bad = compiler.assemble(source, first)
        if output:
            return _data(output)
        # A brace that a line closes is missed after the last one.
        wrong = {rows[line - first][0] for line in bad if 0 <= line - first < len(rows)}
        left = [row for row in rows if row[0] not in wrong]
        rows = left if len(left) < len(rows) else []
    return {}


def _data(text: str) -> dict[str, bytes]:
    """The bytes of our variables in the assembly text of a processor."""
    found: dict[str, bytearray] = {}
    current: bytearray | None = None
    for line in text.splitlines():
        if match := _LABEL.match(line):
            current = found.setdefault(match[1], bytearray())
            continue
        if not line[:1].isspace():
            current = None
        if current is not None:
            directive, _, operands = line.strip().partition("\t")
            directive, _, rest = f"{directive} {operands}".partition(" ")
            current += _bytes(directive, rest.strip())
    return {name: bytes(value) for name, value in found.items()}


def _bytes(directive: str, operands: str) -> bytes:
    if directive in _SIZES:
        size = _SIZES[directive]
        numbers = [int(each, 0) for each in re.split(r"[#@/;]", operands)[0].split(",")]
        return b"".join((it % 256**size).to_bytes(size, "little") for it in numbers)
    if directive in (".zero", ".space", ".skip"):
        count, _, fill = operands.partition(",")
        return bytes([int(fill or "0", 0)]) * int(re.split(r"[#@/;]", count)[0], 0)
    if directive in (".ascii", ".asciz", ".string"):
        end = b"" if directive == ".ascii" else b"\0"
        return bytes(map(_character, _CHARACTER.finditer(operands[1:-1]))) + end
    return b""


def _character(match: re.Match[str]) -> int:
    if match[1]:
        return int(match[1], 8)
    return _ESCAPES.get(match[2], ord(match[2])) if match[2] else ord(match[3])
