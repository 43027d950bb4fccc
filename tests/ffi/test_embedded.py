"""Python in a program that has loaded libpython for itself, so that nobody else sees it."""

import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from support import FASTCALL_IS_SERVED, run

import pyexample

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not sysconfig.get_config_var("Py_ENABLE_SHARED"),
    reason="about a shared libpython, on Linux",
)

PROGRAM = """
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **arguments)
{
    void *python = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!python) { fputs(dlerror(), stderr); return 3; }
    int (*run)(int, char **) = (int (*)(int, char **))dlsym(python, "Py_BytesMain");
    return run(count - 1, arguments + 1);
}
"""

CODE = """
import sys
sys.path.insert(0, {folder!r})
import ctypes
try: ctypes.pythonapi.PyObject_GetBuffer
except AttributeError: pass
else: raise AssertionError("it is seen")
import array, pyexample
pyexample.__path__ = {path!r}
from pyexample.ffi.doctor import report
from pyexample.libexample import library
assert pyexample.square(7) == 49
assert list(pyexample.square_array(array.array("i", [1, 2]))) == [1, 4]
assert ("square" in library.fallbacks) == {through_ctypes}
assert library.path in report("pyexample.libexample")[0]
"""


def link_with_libpython(folder: Path) -> None:
    """Copy Python's extension modules, so that each asks for libpython: few systems do so."""
    lief = pytest.importorskip("lief")  # has no wheels for rare processors
    for module in Path(sysconfig.get_config_var("DESTSHARED")).glob("*.so"):
        binary = lief.ELF.parse(module)
        binary.add_library(sysconfig.get_config_var("INSTSONAME"))
        binary.write(str(folder / module.name))


def test_it_finds_its_python(tool: Callable[[str], str], tmp_path: Path, path: str) -> None:
    (tmp_path / "modules").mkdir()
    link_with_libpython(tmp_path / "modules")
    (tmp_path / "program.c").write_text(PROGRAM)
    run([tool("cc"), tmp_path / "program.c", "-o", tmp_path / "program", "-ldl"])
    libpython = Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
    code = CODE.format(
        folder=str(Path(pyexample.__file__).parents[1]),
        path=[*pyexample.__path__],
        through_ctypes=path == "ctypes" or not FASTCALL_IS_SERVED,
    )
    environment = {"PYTHONHOME": sys.base_prefix, "PYTHONPATH": str(tmp_path / "modules")}
    run([tmp_path / "program", libpython, "-c", code], env=environment)
