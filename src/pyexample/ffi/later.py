"""What is seldom needed: modules that are imported, and attributes that are made, only then."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_FFI = sys.modules[__name__.rpartition(".")[0]]


def import_later(name: str) -> Any:
    """The module ``name`` of this package, which is imported unless it was.

    It works on the types and the state of the modules that are here already. After
    ``sys.modules`` was purged (as tests do that want a package anew), a plain import would
    load them all a second time, and the new module would not know an instance of a type of
    the first. So it is imported under a name that leads to the modules that are here.
    """
    package = _FFI.__name__
    here = {package: _FFI}
    for module in vars(_FFI).values():
        if isinstance(module, ModuleType) and module.__name__.startswith(f"{package}."):
            here[module.__name__] = module
    if any(sys.modules.get(each) is not module for each, module in here.items()):
        package = f"{package} at {id(_FFI):#x}"
        for each, module in here.items():
            sys.modules.setdefault(package + each.removeprefix(_FFI.__name__), module)
    return __import__(f"{package}.{name}", fromlist=[name])


class made_once:  # noqa: N801  # a decorator, as functools.cached_property is
    """An attribute that is made when it is first asked for, from then on an instance's own.

    ``functools.cached_property`` does the same but has a lock, before Python 3.12, which a
    child of ``os.fork`` may find locked for ever.
    """

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func

    def __get__(self, instance: Any, owner: object) -> Any:
        if instance is None:  # asked of the class
            return self
        value = self.func(instance)
        setattr(instance, self.func.__name__, value)
        return value
