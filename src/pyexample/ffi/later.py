"""Modules that are imported, and attributes that are made, when they are first needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_FFI = sys.modules[__name__.rpartition(".")[0]]


def import_later(name: str) -> Any:
    """Import the module ``name`` of this package, to work with the modules that are loaded.

    If ``sys.modules`` was purged (as tests do), a plain import would load them a second time.
    So it is imported under a name that leads to them.
    """
    module = vars(_FFI).get(name)
    if isinstance(module, ModuleType):
        return module
    package = _FFI.__name__
    here = {package: _FFI}
    for each in vars(_FFI).values():
        if isinstance(each, ModuleType) and each.__name__.startswith(f"{package}."):
            here[each.__name__] = each
    if any(sys.modules.get(each) is not module for each, module in here.items()):
        package = f"{package} at {id(_FFI):#x}"
        for each, module in here.items():
            sys.modules.setdefault(package + each.removeprefix(_FFI.__name__), module)
    return __import__(f"{package}.{name}", fromlist=[name])


class made_once:  # noqa: N801
    """An attribute that is made when it is first read, then the instance's.

    If threads make it at the same time, all get the first: C may have the address of one.

    The lock of ``functools.cached_property``, before Python 3.12, may stay locked in a child of
    ``os.fork``.
    """

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func

    def __get__(self, instance: Any, owner: object) -> Any:
        if instance is None:
            return self
        return instance.__dict__.setdefault(self.func.__name__, self.func(instance))
