"""Try declarations: the runtime refuses what would be wrong on every platform."""

import ctypes
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

from ..ffi.declaration import Declaration
from ..ffi.values import NEVER
from ..ffi.variables import declared_variable
from .context import Module, Style
from .items import Item
from .plain_text import plain_imports
from .render import imports_of

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


class _PlainLibrary:
    """Has every function, none of which is there to be called, and no variable."""

    _handle = 0

    def __getattr__(self, name: str) -> Any:
        return ctypes.CFUNCTYPE(None)()

    __getitem__ = __getattr__


def refusals(declared: Module, style: Style) -> dict[str, str]:
    """The declarations that the runtime, or ctypes, refuses, by C's name, and why.

    The fields of a handle may need what needs the handle: then "NAME callbacks" is refused,
    those fields of it that are callbacks, or "NAME fields".
    """
    imports, items = plain_imports if style == "ctypes" else imports_of, declared.items
    module = types.ModuleType(_NAME)
    sys.modules[_NAME] = module
    library = _Library()
    hold = library.function(release_gil=False)
    module.__dict__.update(library=library, lib=_PlainLibrary())
    module.__dict__.update(function=library.function, hold=hold)
    refused: dict[str, str] = {}
    lost: set[str] = set()
    try:
        _execute(imports(declared), module)
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
            told = " ".join(str(error).split())
            yield each.subject, told.removeprefix(f"{each.name}() ")


def _execute(code: str, module: types.ModuleType) -> None:
    """Execute what was written here, as an import of the module does."""
    exec(compile(code, _NAME, "exec"), module.__dict__)  # noqa: S102
