"""Import the modules, or run the program, to record."""

import importlib
import importlib.util
import os
import runpy
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Any


def import_all(names: list[str]) -> list[ModuleType]:
    """Import modules, and look up attributes: "package.module:attribute".

    An attribute that can be called is called, since it may make declarations.
    """
    wanted: list[str] = []
    for name in names:
        module, attributes = _split(name)
        imported: Any = _load(module) if module.endswith(".py") else _named(module)
        wanted.append(imported.__name__)
        for part in attributes.split(".") if attributes else ():
            imported = getattr(imported, part)
        if attributes and callable(imported):
            imported()
    return [
        module
        for name, module in list(sys.modules.items())
        if type(module) is ModuleType
        and (name in wanted or name.startswith(tuple(f"{each}." for each in wanted)))
    ]


def _split(name: str) -> tuple[str, str]:
    """Split a name into module or file and attribute; a drive of Windows has a colon, too."""
    drive, rest = os.path.splitdrive(name)
    module, _, attributes = rest.partition(":")
    return drive + module, attributes


def _named(name: str) -> ModuleType:
    """Import a module by name, and refuse it if the current folder has another one."""
    module = importlib.import_module(name)
    came = getattr(module, "__file__", None)
    parts = name.split(".")
    for here in (os.path.join(*parts) + ".py", os.path.join(*parts, "__init__.py")):
        if os.path.exists(here) and not (came and os.path.samefile(came, here)):
            origin = came or "Python itself, which has it built in"
            raise ImportError(
                f"{name} comes from {origin}, and not from the file {here} that is here:"
                " name that file, or go elsewhere"
            )
    return module


def _load(file: str) -> ModuleType:
    """Import a file without running the ``__init__`` of its package.

    If another module has its name, one of Python itself for instance, the file gets another.
    """
    file = os.path.abspath(file)
    folder, base = os.path.split(file)
    name = base[: -len(".py")]
    parts: list[str] = [] if name == "__init__" else [name]
    folders: list[str] = []
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folders.insert(0, folder)
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    while _is_taken(parts[0], folders[0] if folders else file):
        parts[0] += "_"
    for depth, path in enumerate(folders, 1):
        package_name = ".".join(parts[:depth])
        if package_name not in sys.modules:
            empty = ModuleType(package_name)
            empty.__path__ = [path]
            sys.modules[package_name] = empty
    whole = ".".join(parts)
    if whole in sys.modules and getattr(sys.modules[whole], "__file__", "") == file:
        return sys.modules[whole]  # another module has imported it
    within = [os.path.dirname(file)] if name == "__init__" else None
    spec = importlib.util.spec_from_file_location(
        whole, file, submodule_search_locations=within
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[whole] = module
    spec.loader.exec_module(module)
    return module


def _is_taken(name: str, path: str) -> bool:
    """Whether a name belongs to another module than the one at a path."""
    module = sys.modules.get(name)
    if module is None:
        return name in sys.builtin_module_names or name in sys.stdlib_module_names
    places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
    return path not in places


def run(words: Sequence[str]) -> int:
    """Run a script, or a module after "-m", as Python does. Returns its exit status."""
    try:
        if words[0] == "-m":
            sys.argv = list(words[1:])
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(words)
            sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
        return code if isinstance(code, int) else int(code is not None)
    except Exception as error:
        sys.stderr.write(told(error))
        return 1
    return 0


def told(error: BaseException) -> str:
    """The traceback of an error, without our frames and those of Python's import system."""
    told = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    waiting: list[Any] = [told]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        kept = [frame for frame in each.stack if not _is_ours(frame.filename)]
        each.stack = traceback.StackSummary.from_list(kept)
        waiting += [each.__cause__, each.__context__]
    lines = list(told.format())
    if not told.stack and len(seen) == 1:
        lines = [line for line in lines if not line.startswith("Traceback ")]
    return "".join(lines)


def _is_ours(file: str) -> bool:
    return file in ("<string>", __file__, runpy.__file__, importlib.__file__) or (
        file.startswith(("<frozen importlib", "<frozen runpy", os.path.dirname(__file__)))
    )
