"""Try every declaration of a module, without its library, and ask the compiler about all."""

import logging
import os
import sys
import tempfile
import types
from collections.abc import Iterator, Sequence
from typing import Any

from ..abi import CannotJudgeError, check
from ..ffi.declaration import Declaration
from ..ffi.values import NEVER
from ..ffi.variables import declared_variable
from ..generate.items import Item

_NAME = "pyexample_bind_trial"


class _Library:
    """Accepts declarations, and looks nothing up."""

    def function(self, declaration: Any = None, /, **options: Any) -> Any:
        def bind(function: Any) -> Any:
            release_at = 0 if options.get("release_gil", True) else NEVER
            made = Declaration(function, release_at, fixed=options.get("fixed"))
            return _Declared(function.__name__, made)

        return bind if declaration is None else bind(declaration)

    def __contains__(self, name: object) -> bool:
        return True

    def variable(self, declaration: Any = None, /, **options: Any) -> Any:
        def bind(function: Any) -> Any:
            declared_variable(function)
            return function

        return bind if declaration is None else bind(declaration)


class _Declared:
    """A function that was declared."""

    def __init__(self, name: str, declaration: Declaration) -> None:
        self.__name__ = name
        self.declaration = declaration

    def __call__(self, *given: Any) -> Any:
        raise AssertionError(f"{self.__name__} is only tried")


def refusals(imports: str, items: Sequence[Item]) -> dict[str, str]:
    """The declarations that the runtime refuses, by C's name, and why.

    The fields of a handle may need what needs the handle: then "NAME callbacks" is refused,
    those fields of it that are callbacks, or "NAME fields". ``imports`` are the lines of the
    module before its items.
    """
    module = types.ModuleType(_NAME)
    sys.modules[_NAME] = module
    library = _Library()
    hold = library.function(release_gil=False)
    module.__dict__.update(library=library, function=library.function, hold=hold)
    refused: dict[str, str] = {}
    lost: set[str] = set()
    try:
        _execute(imports, module)
        for item in items:
            if item.needs & lost:
                lost.add(item.name)
                continue
            try:
                _execute(item.code, module)
            except Exception as error:
                lost.add(item.name)
                refused.update(_refusals_of(error, item, items))
    finally:
        del sys.modules[_NAME]
    return refused


def _refusals_of(
    error: Exception, item: Item, items: Sequence[Item]
) -> Iterator[tuple[str, str]]:
    """What is refused since an item raised an exception, by C's name, and why."""
    if isinstance(error, NameError):
        missing = [each for each in items if each.name == error.name]
        for each in (*missing, item):
            if "(Handle)" in each.code:
                what = "callbacks" if "Callable[" in each.code else "fields"
                yield f"{each.name} {what}", "need what needs it"
                return
    for each in items:
        # An alias is no declaration of C's: what is declared by means of it is refused.
        if each is item if item.subject else item.name in each.needs and each.subject:
            yield each.subject, " ".join(str(error).split())


def _execute(code: str, module: types.ModuleType) -> None:
    """Execute what was written here, as an import of the module does."""
    exec(compile(code, _NAME, "exec"), module.__dict__)  # noqa: S102


def disproved(
    text: str,
    items: Sequence[Item],
    name: str,
    headers: Sequence[str],
    options: dict[str, Any],
) -> dict[str, str]:
    """The declarations that the compiler disagrees with, by C's name, and why.

    ``text`` is the module that has the ``items``. Raises CannotJudgeError.
    """
    logging.getLogger("pyexample.abi").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "binding.py")
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(text)
        report = check(file, headers=headers, without_library=[name, "fastcall"], **options)
    if report.faults:  # nothing is proven then
        raise CannotJudgeError("\n".join(("the binding cannot be proven:", *report.faults)))
    subjects = {each.name: each.subject for each in items}
    refused: dict[str, str] = {}
    for each in report.findings:
        owner, _, field = each.subject.partition(".")
        # Others are those that the runtime declares for itself.
        is_ours = owner in subjects or owner in subjects.values()
        if each.severity == "error" and is_ours:
            where = f"{field}: " if field else ""
            refused[subjects.get(owner, owner)] = f"is another one in C: {where}{each.what}"
    return refused
