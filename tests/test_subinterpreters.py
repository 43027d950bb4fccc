"""Subinterpreters: those that share the GIL, and those that have one of their own."""

import sys
from pathlib import Path

import pytest
import shelf
from support import Package, run

pytestmark = pytest.mark.skipif(
    sys.implementation.name != "cpython", reason="CPython's subinterpreters"
)

# What has become of them in each version: https://peps.python.org/pep-0734/
CREATE = (
    "import _interpreters as them\n"
    "shared = lambda: them.create('legacy')\n"
    "isolated = lambda: them.create('isolated')\n"
    if sys.version_info >= (3, 13)
    else "import _xxsubinterpreters as them\n"
    "shared = lambda: them.create(isolated=False)\n"
    "isolated = lambda: them.create(isolated=True)\n"
)

USE = """
import sys
sys.path[:0] = {paths!r}
import bound, shelf, pyexample
from array import array
from pyexample.ffi import Library
from pyexample.libexample import library
assert ("square" in library.fallbacks) == {through_ctypes}
for n in range(1000): assert pyexample.square(n) == n * n
assert pyexample.sum_of_squares(array("i", range(4))) == 14
try: pyexample.square(46341)
except OverflowError as error: assert "46341" in str(error)
else: raise AssertionError("not refused")

shelf = shelf.bind(Library("c", "bound.module"))
box = shelf.box_open(ord("b"), 0)
shelf.put(box, ord("t"))
assert shelf.name_of(box) == ord("b")
"""

CALL_BACK = """
shelf.watch(box, 0, 0, lambda number: number + 1)
assert shelf.fire(box, 0, 6) == 7
def fail(number): raise LookupError(number)
try: shelf.each(box, 3, fail)
except LookupError as error: assert error.args == (0,)
else: raise AssertionError("lost")
"""


def code(package: Package, path: str) -> str:
    """What uses a handle, callbacks and fast calls, and leaves them to the end of Python."""
    package.compile(shelf.SOURCE, "c", *([] if sys.platform == "win32" else ["-pthread"]))
    paths = [str(package.folder.parent), str(Path(__file__).parent)]
    use = USE.format(paths=paths, through_ctypes=path == "ctypes")
    # Before 3.12, PyGILState_Ensure, with which ctypes begins a callback, knows of no other
    # interpreter than the main one, and waits for its GIL forever.
    return use + CALL_BACK if sys.version_info >= (3, 12) else use


MANY = """
exec(code)
for _ in range(20):
    one = create()
    failed = them.run_string(one, code)  # raises it before Python 3.13
    assert failed is None, failed
    them.destroy(one)
    assert pyexample.square(7) == 49
    assert shelf.name_of(box) == ord("b")
    assert (shelf.faults, shelf.count("boxes"), shelf.count("things")) == (0, 1, 0)
exec(code)
"""


def run_program(kind: str, package: Package, path: str, program: str) -> None:
    """Run ``program`` in Python, which creates interpreters of that kind."""
    set_up = f"{CREATE}create, code = {kind}, {code(package, path)!r}"
    run([sys.executable, "-c", set_up + program])


@pytest.mark.slow
def test_one_after_another(package: Package, path: str) -> None:
    """Each ends with a handle open, which is closed; the main one goes on."""
    run_program("shared", package, path, MANY)


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 13), reason="they refuse to import ctypes")
def test_one_after_another_with_a_gil_of_its_own(package: Package, path: str) -> None:
    run_program("isolated", package, path, MANY)


AT_ONCE = """
import threading
def run():
    one = create()
    for _ in range(5): failed.append(them.run_string(one, code))
    them.destroy(one)
exec(code)
failed = []
threads = [threading.Thread(target=run) for _ in range(3)]
for each in threads: each.start()
for _ in range(5): exec(code)
for each in threads: each.join()
assert failed == [None] * 15, failed
box.close()
assert shelf.faults == 0
"""


@pytest.mark.skipif(sys.version_info < (3, 13), reason="they refuse to import ctypes")
def test_at_once_with_gils_of_their_own(package: Package, path: str) -> None:
    run_program("isolated", package, path, AT_ONCE)


@pytest.mark.skipif(sys.version_info[:2] != (3, 12), reason="3.12's have a GIL of their own")
def test_where_ctypes_refuses_it_says_so() -> None:
    """Before 3.13, ctypes has one state for all interpreters, which one GIL must guard."""
    run([sys.executable, "-c", f"{CREATE}{REFUSED}"])


REFUSED = """
one = isolated()
them.run_string(one, "import pyexample; assert pyexample.__all__")
try: them.run_string(one, "import pyexample; pyexample.square(7)")
except Exception as error: text = str(error)
assert text.endswith(": module _ctypes does not support loading in subinterpreters"), text
"""
