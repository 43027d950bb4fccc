"""Write the text of a module."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

from .context import Module
from .items import WIDTH, Item, words
from .names import CHECK, FFI, imports

MARK = "# Written by pyexample bind: change its spec, or a module that imports this one."
"""The line by which a file that may be replaced is known."""


def imports_of(module: Module, runtime: str = "pyexample.ffi") -> str:
    """The imports that a module needs; ``runtime`` is the module that has the words."""
    items = [item for item in module.items if item.kind != "constant"]
    code = "\n".join(item.code for item in items)
    used = {"Library"}.union(words("".join(module.version)), *(item.needs for item in items))
    listed = imports(used)
    lines = ["import ctypes"] if "ctypes" in used else []
    lines += ["import os"] if "os.PathLike" in code else []
    lines += [import_line(origin, names) for origin, names in listed.items() if names]
    ours = sorted(used.intersection(FFI), key=_isort)
    return "\n".join([*lines, "", import_line(runtime, ours), ""])


def render(
    module: Module,
    name: str,
    headers: Iterable[str],
    files: dict[str, str],
    runtime: str = "pyexample.ffi",
) -> str:
    """The text of the module.

    Args:
        module: what it declares.
        name: the name of the library.
        headers: the headers, as they are included.
        files: the file of the library on each system; empty for a library that is built with
            the module's package, which has all that its headers declare.
        runtime: the module that has the words.
    """
    rows = [f'    "{key}": "{value}",' for key, value in files.items()]
    options = ", system=FILES" if rows else ""
    options += f", version={CHECK}" if module.version else ""
    lines = [
        title(name, headers),
        MARK,
        "# The functions have no bodies: C does. Their names are C's.",
        '# mypy: disable-error-code="empty-body"',
        "# ruff: noqa: E501, E741, N801, N802, N803, N815, N816, N818, PIE790",
        "",
        imports_of(module, runtime),
        *(["FILES = {", *rows, "}"] if rows else []),
        *module.version,
        f'library = Library("{name}", __name__{options})',
    ]
    if rows:
        lines.append(
            "# The headers declare more than some builds and versions of the library have."
        )
    lines.append(f"function = library.function{'(optional=True)' if rows else ''}")
    if any(each.code.startswith("@hold") for each in module.items):
        lines.append("# What takes some nanoseconds does not let other Python threads run.")
        optional = "optional=True, " if rows else ""
        lines.append(f"hold = library.function({optional}release_gil=False)")
    return "\n".join(lines) + body(module.items) + left_out(module) + "\n"


def title(name: str, headers: Iterable[str]) -> str:
    """The docstring of the module."""
    return f'"""The binding of lib{name}, from {", ".join(map(_basename, headers))}."""'


def import_line(origin: str, names: list[str]) -> str:
    """A line, or several, that imports names from a module."""
    line = f"from {origin} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {origin} import (", *(f"    {each}," for each in names), ")"])


def _isort(name: str) -> tuple[int, str]:
    """The order of isort: constants, classes, variables."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return rank, name


_LOOSE = {"constant", "alias", "if"}


def body(items: list[Item]) -> str:
    """The texts of the items, with the blank lines of ruff and black between them."""
    text, before = "", "constant"
    for item in items:
        is_close = before == item.kind and item.kind in ("constant", "alias")
        is_loose = {before, item.kind} <= _LOOSE
        gap = "\n" if is_close else "\n\n" if is_loose else "\n\n\n"
        text += (
            gap if text else ("\n\n" if item.kind in ("constant", "alias", "if") else "\n\n\n")
        )
        text += item.text
        before = item.kind
    return text


def left_out(module: Module) -> str:
    """A comment that lists what is left out, and why."""
    lines: list[str] = []
    for kind, found in sorted(module.left_out.items()):
        lines += ["", f"# Left out, {kind}:"]
        by_reason: dict[str, list[str]] = {}
        for name, why in found.items():
            by_reason.setdefault(why, []).append(name)
        for why, names in by_reason.items():
            told = (
                f"{', '.join(names)} {why}" if len(names) == 1 else f"{', '.join(names)}: {why}"
            )
            lines += _comment(" ".join(told.split()))
    return "\n\n" + "\n".join(lines) if lines else ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="# - ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _basename(path: str) -> str:
    return Path(path).name if Path(path).is_absolute() else path
