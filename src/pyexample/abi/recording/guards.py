"""Find out whether a module handles the absence of a function that it looks up.

In a stand-in for a library, every look-up succeeds. So the module's text is searched for code
that handles a failure: ``try`` with ``except AttributeError``, ``hasattr``, ``getattr`` with a
default, ``contextlib.suppress``.
"""

import ast
import functools
import linecache
import os
from collections.abc import Iterator
from types import FrameType

_CAUGHT = ("AttributeError", "Exception", "BaseException")


def may_be_missing(frame: FrameType | None) -> bool:
    """Whether the code that looks up a function, or a caller of it, handles its absence.

    Callers count up to the imported module, and only in the same folder: a program that runs
    everything may catch anything.
    """
    folder = os.path.dirname(frame.f_code.co_filename) if frame else ""
    while frame is not None and os.path.dirname(frame.f_code.co_filename) == folder:
        line = frame.f_lineno
        if any(first <= line <= last for first, last in _guarded(frame.f_code.co_filename)):
            return True
        if frame.f_code.co_name == "<module>":
            break
        frame = frame.f_back
    return False


@functools.cache
def _guarded(file: str) -> list[tuple[int, int]]:
    """The first and last lines of the code in a file that handles an AttributeError."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return []
    return [(first, last or first) for node in ast.walk(tree) for first, last in _lines(node)]


def _lines(node: ast.AST) -> Iterator[tuple[int, int | None]]:
    is_guard = (isinstance(node, ast.Try) and any(map(_goes_on, node.handlers))) or (
        isinstance(node, ast.With) and any(_suppresses(it.context_expr) for it in node.items)
    )
    if is_guard and isinstance(node, ast.Try | ast.With):
        yield node.body[0].lineno, node.body[-1].end_lineno
    elif isinstance(node, ast.Call) and (
        _name(node.func) == "hasattr" or (_name(node.func) == "getattr" and len(node.args) == 3)
    ):
        yield node.lineno, node.end_lineno


def _goes_on(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches an AttributeError and raises nothing else."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches = any(kind is None or _name(kind) in _CAUGHT for kind in kinds)
    return catches and not any(isinstance(each, ast.Raise) for each in handler.body)


def _suppresses(call: ast.expr) -> bool:
    return (
        isinstance(call, ast.Call)
        and _name(call.func) == "suppress"
        and any(_name(each) in _CAUGHT for each in call.args)
    )


def _name(node: ast.expr) -> str:
    """The last name of an expression: that of ``a.b`` is "b"."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
