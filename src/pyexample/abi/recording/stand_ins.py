"""Stand-ins for libraries and modules that are not installed."""

import importlib.abc
import os
import re
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class StandIns:
    """The libraries that are not loaded."""

    def __init__(self, names: list[str]) -> None:
        self.pattern = re.compile(
            rf"(lib|cyg)?({'|'.join(map(re.escape, names)) or '(?!)'})"
            r"(-\d+)?(\.(so|dylib|dll|[\d.]+))*"
        )

    def has(self, path: Any) -> bool:
        """Whether a path belongs to a library that has a stand-in."""
        try:
            name = os.path.basename(os.fsdecode(path))
        except TypeError:  # None, or the number of an open file
            return False
        return self.pattern.fullmatch(name) is not None

    def exists(self, real: Any) -> Any:
        """Wrap a function like os.path.exists, so that files of these libraries exist."""

        def exists(path: Any, *rest: Any, **keywords: Any) -> Any:
            return True if self.has(path) else real(path, *rest, **keywords)

        return exists


class _Anything(ModuleType):
    """The stand-in for a module that is not installed, and for everything in it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, key: Any) -> Any:
        return type(self)(f"{self.__name__}.{key}")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        # A decorator leaves what it decorates as it is.
        decorates = len(arguments) == 1 and not keywords and callable(arguments[0])
        return arguments[0] if decorates else self

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return ()  # a class derived from it is derived from object

    def __instancecheck__(self, other: Any) -> bool:
        return False

    __subclasscheck__ = __instancecheck__

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def __int__(self) -> int:
        return 0

    __len__ = __index__ = __int__

    def __or__(self, other: Any) -> Any:  # as in an annotation
        return self

    __ror__ = __or__


class ModuleStandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for each of these modules, even if the module is installed."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return a spec for such a module."""
        is_one = any(f"{fullname}.".startswith(f"{name}.") for name in self.names)
        return ModuleSpec(fullname, self, is_package=True) if is_one else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module."""
        return _Anything(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the stand-in is complete."""
