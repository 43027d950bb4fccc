"""Global variables of C libraries."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import shutil
import sys
from collections.abc import Callable
from ctypes import (
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_size_t,
    c_uint8,
    c_void_p,
)
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
from support import Package, attempt, collect, run

from pyexample.ffi import (
    Callback,
    Count,
    DeclarationError,
    Encoding,
    Handle,
    In,
    Library,
    Variable,
    struct,
)
from pyexample.ffi.loading import symbols

SOURCE = r"""
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
int own_count = 7;
int get_count(void) { return own_count; }
const int own_limit = 100;
bool own_flag = true;
int own_truth = 2;
uint8_t own_digit = 9;
double own_ratio = 0.5;
const char *own_name = "a n\xfcme";
const char *get_name(void) { return own_name; }
void *own_address;
typedef struct { int x, y; } point;
point own_point = { 1, -2 };
const point own_origin = { 3, 4 };
int get_x(void) { return own_point.x; }
const int own_table[3] = { 1, 2, 3 };
point *own_here = &own_point;
int (*own_hook)(int);
int own_call(int n) { return own_hook ? own_hook(n) : -1; }
static int twice(int n) { return 2 * n; }
void set_hook(void) { own_hook = twice; }
#ifndef _WIN32 /* where it would need libgcc */
__thread int own_of_thread = 5;
int get_of_thread(void) { return own_of_thread; }
#endif
"""

GLIBC = pytest.mark.skipif(symbols._dladdr1 is None, reason="glibc tells what a symbol is")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the rights to memory")


class Digit(IntEnum):
    NINE = 9


@struct
class Point(Structure):
    x: Annotated[int, c_int]
    y: Annotated[int, c_int, range(-100, 100)]


@Callback
def on_number(n: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...


@pytest.fixture
def library(package: Package) -> Library:
    package.compile(SOURCE)
    return Library("c", f"{package.name}.module", prefix="own_")


def declare(library: Library, name: str, *declared: Any, **options: Any) -> Variable[Any]:
    def function() -> None: ...

    function.__name__ = name
    function.__annotations__ = {"return": Annotated[declared]}
    return library.variable(**options)(function)


def test_it_is_read_and_written(library: Library) -> None:
    @library.variable(writable=True)
    def count() -> Annotated[int, c_int]: ...

    @library.function(symbol="get_count")
    def get_count() -> Annotated[int, c_int]: ...

    assert repr(count) == "Variable(count)"
    assert isinstance(count, Variable)
    assert count.value == get_count() == 7
    count.value = -5
    assert count.value == get_count() == -5
    with pytest.raises(OverflowError, match=r"^count.value \(int32_t\) must be in "):
        count.value = 2**31
    with pytest.raises(
        TypeError, match=r"^count.value \(int32_t\) must be an integer, not str"
    ):
        count.value = "x"  # type: ignore[assignment]
    assert get_count() == -5
    again = declare(library, "again", int, c_int, range(-9, 0), symbol="own_count")
    assert again.value == -5
    count.value = 1
    with pytest.raises(ValueError, match=r"^again.value \(int32_t\) is 1, which is not in -9"):
        _ = again.value


def test_it_is_read_only_by_default(library: Library) -> None:
    @library.variable
    def limit() -> Annotated[int, c_int]: ...

    assert limit.value == 100
    with pytest.raises(AttributeError, match=r"^limit is declared to be read only: .*writable"):
        limit.value = 1
    for name in ("origin", "table", "here"):
        ctype: Any = {"origin": Point, "table": c_int * 3, "here": POINTER(Point)}[name]
        it = declare(library, name, Any, ctype).value
        if name == "origin":
            it.x = 99  # a copy: C's own would end the process
        elif name == "table":
            assert [*it] == [1, 2, 3]
            it[0] = 99
        else:
            assert it.contents.x == 1
            it.contents = Point(5, 5)
        assert bytes(declare(library, name, Any, ctype).value) != bytes(it)


@LINUX
def test_const_is_not_writable(library: Library) -> None:
    for name, ctype in (("limit", c_int), ("origin", Point), ("table", c_int * 3)):
        with pytest.raises(DeclarationError, match=f"^{name} is .* it is in read-only memory"):
            declare(library, name, Any if ctype is not c_int else int, ctype, writable=True)


def test_kinds_of_values(library: Library) -> None:
    for name, declared, wanted, new in [
        ("flag", (bool, c_bool), True, False),
        ("truth", (bool, c_int), True, False),
        ("digit", (Digit, c_uint8), Digit.NINE, 9),
        ("ratio", (float, c_double), 0.5, 2.0),
        ("address", (int | None, c_void_p), None, 4096),
        ("name", (str, c_char_p, Encoding("latin-1")), "a n\xfcme", "\xe4nother"),
    ]:
        it = declare(library, name, *declared, writable=True)
        assert it.value == wanted
        assert type(it.value) is type(wanted)
        it.value = new
        assert it.value == new


def test_text_lives_as_long_as_c_has_it(library: Library) -> None:
    @library.variable(writable=True)
    def name() -> Annotated[bytes | None, c_char_p]: ...

    @library.function(symbol="get_name")
    def get_name() -> Annotated[bytes | None, c_char_p]: ...

    name.value = b"%d" % 12345678
    collect()
    noise = [b"%d" % i for i in range(10000000, 10000100)]
    assert get_name() == b"12345678"
    assert noise
    name.value = None
    assert get_name() is None
    with pytest.raises(ValueError, match="must not contain NUL"):
        name.value = b"a\0b"


def test_structures(library: Library) -> None:
    @library.variable(writable=True)
    def point() -> Annotated[Point, Point]: ...

    @library.function(symbol="get_x")
    def get_x() -> Annotated[int, c_int]: ...

    assert (point.value.x, point.value.y) == (1, -2)
    point.value.x = 8
    assert get_x() == 8
    point.value = Point(9, 9)
    assert get_x() == 9
    with pytest.raises(OverflowError):
        point.value.y = 100


def test_function_pointers(library: Library, path: str) -> None:
    @library.variable(writable=True)
    def hook() -> Annotated[Callable[[int], int] | None, on_number]: ...

    @library.function
    def call(n: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...

    assert hook.value is None
    hook.value = lambda n: n + 1
    collect()
    assert call(7) == 8
    hook.value = None
    assert call(7) == -1

    @library.function(symbol="set_hook")
    def set_hook() -> None: ...

    set_hook()
    assert hook.value is not None
    assert hook.value(7) == 14


class Box(Handle):
    pass


def test_what_is_no_variable(library: Library) -> None:
    said = r"^{}, in C own_{}, is declared, but .* has no such variable"
    with pytest.raises(DeclarationError, match=said.format("none", "none") + "$"):
        declare(library, "none", int, c_int)
    with pytest.raises(DeclarationError, match="a field holds an address, an int"):
        declare(library, "address", Box, c_void_p)
    with pytest.raises(DeclarationError, match="needs the name of the field that has the num"):
        declare(library, "name", bytes, In(c_char))
    with pytest.raises(DeclarationError, match="is for parameters only"):
        declare(library, "name", bytes, Count(c_size_t, "name"))
    with pytest.raises(DeclarationError, match="float stands for double"):
        declare(library, "ratio", int, c_double)
    with pytest.raises(DeclarationError, match="symbol is the name"):
        declare(library, "ratio", float, c_double, symbol="")

    def parameters(a: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
    def nothing(): ...  # type: ignore[no-untyped-def]

    wrong: Any
    for wrong in (parameters, nothing, 7, Box):
        with pytest.raises(DeclarationError, match="as a function without parameters, that"):
            library.variable(wrong)
    with pytest.raises(DeclarationError, match=r"expected Annotated\[python type, C type\]"):

        @library.variable
        def count() -> int: ...


@GLIBC
def test_functions_and_namesakes(library: Library) -> None:
    for symbol, reason in [
        ("get_count", "that is a function"),
        ("environ", "has it, which the library needs|has no such variable"),
        ("own_of_thread", "it is thread-local: each thread has another one"),
    ]:
        with pytest.raises(DeclarationError, match=reason):
            declare(library, "it", int, c_int, symbol=symbol)


ENVIRON = """
import os, sys
sys.path[:0] = [{path!r}]
from ctypes import *
from typing import Annotated, Any
from pyexample.ffi import Library
libc = Library("c", __name__, system={{"linux": "libc.so.6"}})
@libc.variable
def environ() -> Annotated[Any, POINTER(c_char_p)]: ...
@libc.variable(symbol="optind", writable=True)
def index() -> Annotated[int, c_int]: ...
os.environ["ABCDE"] = "7"
it, found = environ.value, []
while it[len(found)]:
    found.append(it[len(found)])
assert b"ABCDE=7" in found, found
assert index.value == 1
index.value = 2
assert index.value == 2
"""


@GLIBC
@pytest.mark.parametrize("python", [sys.executable, "/usr/bin/python3"])
def test_a_variable_of_which_the_program_has_a_copy(python: str) -> None:
    """As in Debian's Python, which is linked to one fixed address."""
    import pyexample

    if not shutil.which(python) or attempt([python, "-c", "X: int | None"]).returncode:
        pytest.skip("there is no such Python")
    path = str(Path(pyexample.__file__).parent.parent)
    run([python, "-c", ENVIRON.format(path=path)], env={"PYEXAMPLE_FASTCALL": "0"})
