"""Types, as mypy --strict and pyright see them in a file of a user's own."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import attempt, run

RIGHT = """\
import ctypes
import os
import pathlib
from collections.abc import Callable, Sequence
from ctypes import POINTER, c_char, c_char_p, c_double, c_int, c_int32, c_size_t, c_void_p
from enum import IntEnum
from typing import Annotated, Any, ClassVar

import pyexample
from pyexample import square
from pyexample.ffi import (
    DEFAULT, POINTER as POINTER_TO, TERMINATED, Anonymous, Array, ArrayOf, Bits, Buffer,
    Callback, Closes, Constant, Count, CountedBy, Encoding, Filled, Handle, In, InOut, Keep,
    Length, Library, Out, Owned, Returned, Raises, Stride, Variable, allocate, c_half, struct,
)

nine: int = square(3)
version: str = pyexample.__version__
library = Library("example", "pyexample.binding")


@library.function
def cube(number: Annotated[int, c_int32], /) -> Annotated[int, c_int32]:
    raise NotImplementedError


eight: int = cube(2)


class Database(Handle):
    pass


class Statement(Handle):
    pass


class Code(IntEnum):
    OK = 0


def error(code: int, function: str, values: tuple[Any, ...]) -> Exception:
    return RuntimeError(f"{function} failed: {code}")


Db = Annotated[Database, c_void_p]
Int = Annotated[int, c_int]
Done = Annotated[None, c_int, Raises(error)]


@library.function
def opened(name: Annotated[str, c_char_p], /) -> Annotated[
    Database, c_int, Raises(error), Returned(Database, c_void_p, Owned)
]:
    raise NotImplementedError


@library.function
def closed(database: Annotated[Database, c_void_p, Closes], /) -> Done: ...


@library.function(release_gil=False)
def prepared(
    database: Db, sql: Annotated[str, c_char_p, Encoding("latin-1")], /
) -> Annotated[Statement | None, c_void_p, Owned]:
    raise NotImplementedError


@library.function
def freed(memory: Annotated[int, c_void_p], /) -> None: ...


@library.function
def halves(number: Int, /) -> Annotated[tuple[int, str], c_int, Returned(
    str, c_char_p, Owned(freed)
)]:
    raise NotImplementedError


@Callback
def on_row(count: Int, names: Annotated[str, c_char_p], /) -> Int:
    raise NotImplementedError


@Callback.failing_with(1)
def on_end() -> Int:
    raise NotImplementedError


@library.function
def watch(
    database: Db,
    call: Annotated[Callable[[int, str], int] | None, on_row, Keep("database")],
    end: Annotated[Callable[[], int], on_end],
    /,
) -> Annotated[Code, c_int, Raises(error)]:
    raise NotImplementedError


@struct
class Point(ctypes.Structure):
    _pack_: ClassVar[int] = 1
    x: Annotated[float, c_double]
    y: Annotated[float, c_double]


@library.function
def move(point: Annotated[Point, POINTER(Point)], /) -> None: ...


@library.function(symbol="example_open", optional=True, fixed=2)
def listed(
    path: Annotated[str | os.PathLike[str], c_char_p, Constant(c_int, 0)],
    size: Annotated[int, InOut(c_size_t)],
    deep: Annotated[bool, c_int],
    /,
) -> Annotated[tuple[bool, int], c_int, Raises(OSError)]:
    raise NotImplementedError


@library.variable
def limit() -> Annotated[int, c_int]:
    raise NotImplementedError


@library.variable(writable=True, symbol="example_name")
def name() -> Annotated[str | None, c_char_p]:
    raise NotImplementedError


def is_version_2(cdll: ctypes.CDLL) -> str | None:
    return None if cdll.version() == 2 else "it is another version"


z = Library("z", __name__, system={"linux": ("libz.so.2", "libz.so.1")}, version=is_version_2,
            prefix="gz", suffix="64")
is_there: bool = "open" in z
for place in ("here", pathlib.Path("there")):
    was_found, how_many = listed(place, 7, False)
    is_right: tuple[bool, int] = (was_found, how_many)
below: int = limit.value - 1
name.value = "x"
called: Variable[str | None] = name
@Callback
def on_node(node: Annotated["Node", POINTER_TO("Node")], /) -> Int:
    raise NotImplementedError


@struct
class Node(ctypes.Structure):
    kind: Annotated[int, c_int, Bits(3)]
    next: Annotated["Node | None", POINTER_TO("Node")] = DEFAULT
    point: Annotated[Point, Point, Anonymous] = DEFAULT
    call: Annotated[Callable[["Node"], int] | None, on_node] = DEFAULT
    items: Annotated[Array[int], c_int * 4] = DEFAULT
    rest: Annotated[Array[str | None], c_char_p * 0, CountedBy("kind")] = DEFAULT


@library.function
def solve(
    a: Annotated[
        Buffer, Count(c_int, "n"), Out(c_double, ("n", "n", 2), order="F"), Stride(c_int, "a"),
        Filled(list[int], c_int, "n"),
    ],
    rows: Annotated[Sequence[Buffer], ArrayOf(In(c_half, "n"), TERMINATED)], /,
) -> Annotated[list[int], c_int, Raises(error)]:
    raise NotImplementedError


@library.function
def stored(
    names: Annotated[Sequence[str], ArrayOf(c_char_p, 2, Encoding("ascii"))], /
) -> Annotated[
    tuple[bytes, list[complex]] | None, c_int, Raises(error, none=(100,)),
    Returned(bytes, In(c_char), Owned(freed), name="data"), Length(c_size_t, "data"),
    Filled(list[complex], c_double * 2, len),
]: ...


@struct(default="default_options")
class Options(ctypes.Structure):
    level: Annotated[int, c_int] = DEFAULT


@struct(init=False)
class Large(ctypes.Structure):
    first: Annotated[int, c_int]
    second: Annotated[int, c_int]


@library.function
def default_options() -> Annotated[Options, Options]:
    raise NotImplementedError


with opened("file") as database:
    statement: Statement | None = prepared(database, "SELECT 1")
    number, text = halves(7)
    total: int = number + len(text)
    code: Code = watch(database, lambda count, names: count + len(names), lambda: 0)
    watch(database, None, lambda: 0)
    parents: tuple[Handle, ...] = database.parents
    database.close()
closed(database)
point = Point(1, 2)
point.x += 0.5
move(point)
node = Node(1, Node(kind=2), items=[1, 2])
node.next = Node(3, call=lambda node: node.kind)
node.items[0] = node.items[1] + node.kind
node.items = (1, 2, 3, 4)
kinds: list[int] = [node.next.kind, *node.items, Options(level=3).level, Options().level]
room: Node = allocate(Node, 4, 1, items=[5])
room.rest[0] = "text"
large = Large(second=4)
pivots: list[int] = solve(bytearray(16), [b"x", bytearray(2)])
came = stored(["a", "b"])
size: int = 0 if came is None else len(came[0]) + int(came[1][0].imag)
"""

# Each of these lines is an error, and the type checkers must say so.
WRONG = (
    RIGHT
    + """\
listed(b"here", 7, False)
listed("here", 7, "x")
listed("here", 7, False)[1].lower()
limit.value = "x"
was: str = called.value
name = limit
Library("z", "z", version=lambda cdll: True)
square("7")
square(7.0)
square()
square(7, 8)
square(number=7)
answer: str = square(7)
opened(b"file")
closed(prepared(database, ""))
prepared(7, "")
prepared(database, None)
other: Statement = prepared(database, "")
halves(7)[1] + 1
watch(database, lambda count: count, lambda: 0)
watch(database, None, None)
watch(database, lambda count, names: names, lambda: 0)
word: str = watch(database, None, lambda: 0)
point.x = "1"
move(7)
Point(1)
Point(1, 2, 3)
Point(1, "2")
Point(x=1, z=2)
Node("1")
Node(1, Point(1, 2))
Node(1, items=["x"])
Options("x")
node.next = 7
node.next.kind + 1
node.items[0] = "x"
node.items = 7
item: str = node.items[0]
allocate(Node, 4, "x")
allocate(Node, "x", 1)
large.first = "x"
solve([1.0], [])
solve(b"x", b"x")
stored("a", "b")
stored(["a", 7])
stored(["a"])[0]
"""
)


@pytest.fixture
def user_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        file = tmp_path / "user.py"
        file.write_text(content)
        return file

    return write


def wrong_lines() -> set[int]:
    return set(range(RIGHT.count("\n") + 1, WRONG.count("\n") + 1))


@pytest.mark.slow
def test_mypy(tool: Callable[[str], str], user_file: Callable[[str], Path]) -> None:
    options = ["--strict", "--python-executable", sys.executable, "--output=json"]
    file = user_file(RIGHT)
    run([tool("mypy"), *options, file], cwd=file.parent)
    user_file(WRONG)
    done = attempt([tool("mypy"), *options, file], cwd=file.parent)
    findings = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
    assert {
        found["line"] for found in findings if found["severity"] == "error"
    } == wrong_lines()


@pytest.mark.slow
def test_pyright(tool: Callable[[str], str], user_file: Callable[[str], Path]) -> None:
    options = ["--pythonpath", sys.executable, "--outputjson"]
    file = user_file("# pyright: strict\n" + RIGHT)
    run([tool("pyright"), *options, file], cwd=file.parent)
    user_file(WRONG)
    done = attempt([tool("pyright"), *options, file], cwd=file.parent)
    findings = json.loads(done.stdout)["generalDiagnostics"]
    assert {found["range"]["start"]["line"] + 1 for found in findings} == wrong_lines()
