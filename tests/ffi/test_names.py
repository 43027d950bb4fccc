"""The names that can be imported: what dir() lists, and what a plain import gives."""

import ast
import importlib
import sys
from pathlib import Path

import pytest
from support import run

import pyexample
from pyexample import ffi

SUBMODULES = ["abi", "arrays", "ffi", "libexample"]


def fresh(code: str, **environment: str) -> str:
    """What ``code`` prints in a Python that has imported nothing yet."""
    return run([sys.executable, "-c", code], env=environment)


@pytest.mark.parametrize("name", [*SUBMODULES, *pyexample.__all__])
def test_a_plain_import_gives_every_name(name: str) -> None:
    assert fresh(f"import pyexample; pyexample.{name}; print('{name}' in dir(pyexample))")


def test_the_raw_function_as_the_readme_reaches_it() -> None:
    code = "import pyexample; print(pyexample.libexample.library.cdll.square(7))"
    assert fresh(code) == "49\n"


@pytest.mark.parametrize("module", [pyexample, ffi], ids=lambda each: each.__name__)
def test_every_public_name_is_listed_before_it_is_used(module: object) -> None:
    name = module.__name__  # type: ignore[attr-defined]
    code = f"import importlib; print(dir(importlib.import_module({name!r})))"
    listed = set(ast.literal_eval(fresh(code)))
    assert set(importlib.import_module(name).__all__) <= listed
    if module is pyexample:
        assert set(SUBMODULES) <= listed


def test_all_of_ffi_by_a_star() -> None:
    code = "from pyexample.ffi import *; print(Handle, Callback, struct, Library, Closes)"
    assert "handles.Handle" in fresh(code)


def test_all_is_all_that_ffi_offers() -> None:
    """Whatever is imported from below there is for users, and has to be listed."""
    tree = ast.parse(Path(ffi.__file__).read_text("utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level and node.module != "later"
        for alias in node.names
    }
    assert imported == set(ffi.__all__)


@pytest.mark.parametrize("name", ["nothing", "doctor_", "__wrapped__"])
def test_what_is_not_there(name: str) -> None:
    for module in (pyexample, ffi):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(module, name)


def test_importing_the_package_imports_none_of_its_modules() -> None:
    """Nor what takes its time: typing and ctypes come with the binding."""
    modules = fresh("import pyexample, sys; print(*sys.modules, sep='\\n')").splitlines()
    assert not [name for name in modules if name.startswith("pyexample.")]
    assert {"typing", "ctypes", "re"}.isdisjoint(modules)
