"""Write the text of a module in plain ctypes, and of its stub."""

from collections.abc import Iterable
from itertools import pairwise

from .context import Module
from .items import names_in
from .names import imports
from .render import MARK, body, import_line, left_out, title

_OF_CTYPES = ("CFUNCTYPE", "POINTER")
STUB_NAMES = ("_Bytes", "_Given", "_T")
"""The names that a stub defines for itself."""
_ALIASES = """\
_T = TypeVar("_T", bound=ctypes._CData)
# What ctypes accepts for a pointer to it, and for a text.
_Given: TypeAlias = (
    ctypes._Pointer[_T] | ctypes.Array[_T] | ctypes._CArgObject | _T | None
)
_Bytes: TypeAlias = bytes | ctypes.Array[c_char] | c_char_p | None"""


def plain_imports(module: Module) -> str:
    """The imports that a module in plain ctypes needs."""
    used = set[str]().union(*(it.needs for it in module.items if it.kind != "constant"))
    listed = imports(used)
    listed["ctypes"] = [*sorted(used.intersection(_OF_CTYPES)), *listed["ctypes"]]
    lines = [import_line(origin, names) for origin, names in listed.items() if names]
    return "\n".join(["import ctypes", "import sys", *lines, ""])


def render_plain(
    module: Module, name: str, headers: Iterable[str], files: dict[str, str]
) -> str:
    """The text of the module. ``files`` has the file of the library on each system."""
    rows = [f'    "{key}": "{value}",' for key, value in files.items()]
    lines = [
        title(name, headers),
        MARK,
        "# ruff: noqa: E501, E741, N801, N802, N803, N815, N816, N818, PIE790, RUF012, SLF001",
        "",
        plain_imports(module),
        *["FILES = {", *rows, "}"],
        'lib = ctypes.CDLL(FILES.get(sys.platform, FILES["linux"]))',
    ]
    return "\n".join(lines) + body(module.items) + left_out(module) + "\n"


def render_stub(module: Module, name: str, headers: Iterable[str]) -> str:
    """The text of the stub (PEP 561), which type checkers and editors read instead."""
    shown = [each for each in module.items if each.stub or each.kind in ("constant", "class")]
    texts = [each.stub or each.text for each in shown]
    used = {"c_char", "c_char_p"}.union(*map(names_in, texts))
    listed = imports(used)
    listed["typing"] += ["TypeAlias", "TypeVar"]
    lines = [import_line(origin, names) for origin, names in listed.items() if names]
    joined = texts[0]
    for (before, item), (above, text) in zip(pairwise(shown), pairwise(texts), strict=True):
        # Ruff and black have no blank line between functions without docstrings.
        are_functions = above.startswith("def ") and text.startswith("def ")
        is_close = (are_functions and above.endswith("...")) or (
            before.kind == item.kind == "constant"
        )
        joined += ("\n" if is_close else "\n\n") + text
    head = [title(name, headers), MARK, _LINTERS, "", "import ctypes", *lines, "", _ALIASES, ""]
    head += ["FILES: dict[str, str]", "lib: ctypes.CDLL"]
    return "\n".join([*head, "", joined, ""])


_LINTERS = "# ruff: noqa: E501, E741, N801, N802, N803, N815, N816, N818, PIE790, PYI"
