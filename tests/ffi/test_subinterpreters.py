"""Subinterpreters: those that share the GIL, and those that have one of their own."""

import ctypes
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import shelf
from support import FASTCALL_IS_SERVED, ROOT, Argument, Package, attempt, run

import pyexample
from pyexample.ffi import libfastcall
from pyexample.ffi.loading import load

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
    paths = [str(package.folder.parent), str(Path(__file__).parents[1])]
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


@pytest.mark.parametrize("kind", ["shared", "isolated"])
def test_what_is_written_once_is_the_same_in_each(kind: str) -> None:
    """The addresses of which libfastcall has one for all interpreters of the process."""
    code = (
        "print(*map(id, (None, True, False, int, float, type, TypeError, ValueError,"
        " BufferError)), flush=True)"
    )
    program = f"{CREATE}one = {kind}()\n{code}\nthem.run_string(one, {code!r})\n"
    first, second = run([sys.executable, "-c", program]).splitlines()
    assert first == second


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="needs libfastcall")
def test_another_python_in_the_process_is_refused() -> None:
    """It has a None and an int of its own; and functions of its own."""
    libfastcall.start()
    library, _ = load("pyexample", "fastcall", kind=ctypes.PyDLL)
    library.fastcall_initialise.restype = ctypes.c_char_p
    wanted = b"this process has more than one Python"
    for name in ("none", "true", "false", "float_type", "buffer_error", "bytes_offset"):
        python, functions = libfastcall.describe_python(library)
        assert library.fastcall_initialise(ctypes.byref(python)) is None
        setattr(python, name, getattr(python, name) + 8)
        assert library.fastcall_initialise(ctypes.byref(python)).startswith(wanted), name
    python, functions = libfastcall.describe_python(library)
    functions[3] += 8
    assert library.fastcall_initialise(ctypes.byref(python)).startswith(wanted)
    assert pyexample.square(7) == 49


RACE = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "fastcall.c"

#define THREADS 8
static const void *type = &type, *integer = &type;
static pthread_barrier_t start;

static char *content(PyObject *object)
{
    return (char *)object + 16;
}

/* The members of a type must be where its instances have them, after the type. */
static PyObject *make_type(PyType_Spec *spec)
{
    const PyType_Slot *slot = spec->slots;
    while (slot->slot != Py_tp_members) {
        slot++;
    }
    const PyMemberDef *const first = slot->pfunc;
    return first->offset == sizeof type ? (PyObject *)spec : NULL;
}

/* An interpreter that has a GIL of its own, with no object but one of bytes. */
static void *start_interpreter(void *nothing)
{
    python_functions functions = {0};
    const fastcall_python given = {.functions = (const void *const *)(const void *)&functions,
        .int_type = &integer, .type_type = &type, .bytes_offset = 16};
    char *self = calloc(1, 16 + sizeof(fastcall_descriptor));
    const char *reason;
    (void)nothing;
    functions.PyBytes_AsString = content;
    functions.PyType_FromSpec = make_type;
    ((fastcall_descriptor *)(void *)(self + 16))->name = sizeof(fastcall_descriptor);
    pthread_barrier_wait(&start);
    reason = fastcall_initialise(&given);
    reason = reason ? reason : fastcall_prepare(self);
    if (!reason && !fastcall_make_handle_type()) {
        reason = "its members are elsewhere";
    }
    free(self);
    return (void *)(uintptr_t)reason;
}

int main(void)
{
    pthread_t threads[THREADS];
    int failed = 0;
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, start_interpreter, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        void *reason;
        pthread_join(threads[i], &reason);
        failed |= reason != NULL;
    }
    return failed;
}
"""
ONCE = "before = REPLACE(&written, 0, 1);"


@pytest.mark.skipif(
    sys.platform != "linux" or not FASTCALL_IS_SERVED, reason="clang's ThreadSanitizer"
)
@pytest.mark.parametrize("planted", [False, True])
def test_the_first_calls_of_interpreters_do_not_race(
    planted: bool, tmp_path: Path, tool: Callable[[str], str], missing: Callable[[str], None]
) -> None:
    runtime = run([tool("clang"), "-print-runtime-dir"]).strip()
    if not list(Path(runtime).glob("libclang_rt.tsan*")):
        missing("clang's ThreadSanitizer is not installed")
    shutil.copytree(ROOT / "src" / "pyexample" / "ffi" / "c", tmp_path / "c")
    source = tmp_path / "c" / "fastcall.c"
    text = source.read_text()
    assert text.count(ONCE) == 1
    if planted:  # each writes it, as if it were the first
        source.write_text(text.replace(ONCE, "before = 0;"))
    program = tmp_path / "race"
    program.with_suffix(".c").write_text(RACE)
    flags: list[Argument] = ["-fsanitize=thread", "-g", "-O1", "-pthread", "-I", tmp_path / "c"]
    run([tool("clang"), *flags, program.with_suffix(".c"), "-o", program])
    done = attempt([program])
    assert ("data race" in done.stderr) == planted, done.stderr
    assert (done.returncode != 0) == planted, done.stderr
