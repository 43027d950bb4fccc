"""SQLite as examples/ binds it, next to Python's sqlite3: the same statements and faults."""

import ctypes
import gc
import math
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT

sys.path.append(str(ROOT / "examples"))
pytest.importorskip("sqlite", exc_type=ImportError)
import sqlite
from sqlite import Code, Error
from sqlite_connection import Connection


@pytest.fixture
def ours() -> Iterator[Connection]:
    connection = Connection(":memory:")
    yield connection
    connection.close()


@pytest.fixture
def theirs() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1, 0, 2**31])
VALUES = st.none() | INTEGERS | st.floats() | st.text() | st.binary() | st.booleans()
TEXTS = st.text(st.characters() | st.sampled_from("\0ü€🎉\ud800"))

SHARED = Connection(":memory:"), sqlite3.connect(":memory:", isolation_level=None)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return (one, math.copysign(1, one)) == (other, math.copysign(1, other))
    return type(one) is type(other) and bool(one == other)


def both(sql: str, *values: Any) -> None:
    """Run it in both, and compare the rows; or what each says of it."""
    ours, theirs = SHARED
    try:
        expected = theirs.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        with pytest.raises(Error, match=re.escape(f"(): {error} (SQLite error ")):
            ours.execute(sql, *values)
    else:
        rows = ours.execute(sql, *values)
        assert len(rows) == len(expected)
        for row, wanted in zip(rows, expected, strict=True):
            assert len(row) == len(wanted)
            assert all(map(same, row, wanted)), (row, wanted)


@settings(deadline=None, max_examples=300)
@given(st.lists(VALUES | TEXTS, min_size=1, max_size=5))
def test_values(values: list[Any]) -> None:
    marks = ", ".join("?" * len(values))
    try:
        both(f"SELECT {marks}", *values)
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):  # a lone surrogate: both refuse it
            SHARED[0].execute(f"SELECT {marks}", *values)


@settings(deadline=None)
@given(VALUES | TEXTS)
def test_values_through_a_function(value: Any) -> None:
    ours, theirs = SHARED
    ours.create_function("echo", 1, lambda given: given)
    theirs.create_function("echo", 1, lambda given: given)
    try:
        both("SELECT echo(?), length(echo(?))", value, value)
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            ours.execute("SELECT echo(?)", value)


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, object(), [1], 1j], ids=lambda value: type(value).__name__
)
def test_values_that_are_refused(ours: Connection, value: Any) -> None:
    with pytest.raises(OverflowError if isinstance(value, int) else TypeError):
        ours.execute("SELECT ?", value)
    assert ours.execute("SELECT ?", 7) == [(7,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELEC 1",
        "SELECT nothing",
        "SELECT * FROM missing",
        "CREATE TABLE t(a UNIQUE, b NOT NULL)",
        "INSERT INTO t VALUES (1, 2), (3, NULL)",
        "INSERT INTO t VALUES (1, 2)",
        "INSERT INTO t VALUES (1, 3)",
        "UPDATE t SET b = NULL",
        "SELECT * FROM t",
        "SELECT abs(-9223372036854775808)",
        "SELECT 1 -- and a comment",
        "SELECT zeroblob(3), '', x'', 1e999, -1e999, 0.0",
        "SELECT substr('äöü', 2), 'a' || char(0) || 'b', hex('ü')",
        "BEGIN",
        "begin",  # within it
        "ROLLBACK",
        "COMMIT",
        "DROP TABLE IF EXISTS t",
    ],
)
def test_statements(sql: str) -> None:
    both(sql)


def test_what_is_no_statement(ours: Connection) -> None:
    for sql in ("", "  ", "-- nothing"):
        with pytest.raises(ValueError, match="this is no statement"):
            ours.execute(sql)
    with pytest.raises(ValueError, match=r"^2 values are wanted, not 1: SELECT \?, \?$"):
        ours.execute("SELECT ?, ?", 1)


def test_text_that_is_not_utf8(ours: Connection) -> None:
    with pytest.raises(UnicodeDecodeError):
        ours.execute("SELECT CAST(x'ff' AS TEXT)")


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(
        Error, match=r"^sqlite3_open_v2\(\): unable to open database file "
    ) as one:
        Connection(str(tmp_path / "no" / "such"))
    assert one.value.code == 14


def test_busy(tmp_path: Path, theirs: sqlite3.Connection) -> None:
    file = str(tmp_path / "file")
    one, other = Connection(file), sqlite3.connect(file, isolation_level=None, timeout=0)
    other.execute("CREATE TABLE t(a)")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Error, match=r"^sqlite3_\w+\(\): database is locked ") as caught:
        one.execute("INSERT INTO t VALUES (1)")
    assert caught.value.code == 5
    other.execute("COMMIT")
    one.execute("INSERT INTO t VALUES (1)")
    assert other.execute("SELECT * FROM t").fetchall() == [(1,)]
    one.close()
    other.close()


def test_misuse(ours: Connection) -> None:
    statement = sqlite.sqlite3_prepare_v2(ours.database, b"SELECT ?", None)
    assert statement is not None
    with pytest.raises(Error) as caught:
        sqlite.sqlite3_bind_int64(statement, 2, 7)
    assert caught.value.code == 25  # SQLITE_RANGE
    assert sqlite.sqlite3_step(statement) is Code.ROW
    with pytest.raises(Error) as caught:
        sqlite.sqlite3_bind_int64(statement, 1, 7)
    assert caught.value.code == 21  # SQLITE_MISUSE


def test_use_after_close(ours: Connection) -> None:
    assert ours.execute("SELECT 1") == [(1,)]
    statement, *_ = ours.statements["SELECT 1"]
    ours.close()
    ours.close()
    assert statement.closed
    for sql in ("SELECT 1", "SELECT 2"):
        with pytest.raises(ValueError, match=r"^sqlite3_\w+\(\) parameter '\w+' .* is closed$"):
            ours.execute(sql)
    with pytest.raises(ValueError, match=r"is closed$"):
        ours.create_function("f", 0, lambda: 1)


def test_a_statement_is_left_open(ours: Connection) -> None:
    ours.execute("CREATE TABLE t AS SELECT 1 AS a UNION SELECT 2")
    statement = sqlite.sqlite3_prepare_v2(ours.database, b"SELECT a FROM t", None)
    assert statement is not None
    assert sqlite.sqlite3_step(statement) is Code.ROW
    ours.close()  # which closes it first, or SQLite would refuse
    assert statement.closed


def test_a_database_that_does_not_close(ours: Connection) -> None:
    """What SQLite says, and then it is as it was."""
    raw = sqlite.library.cdll["sqlite3_prepare_v2"]
    statement = ctypes.c_void_p()
    raw(ours.database.pointer(), b"SELECT 1", -1, ctypes.byref(statement), None)
    where = r"^sqlite3_close\(\): unable to close due to unfinalized statements"
    with pytest.raises(Error, match=where) as caught:
        ours.close()
    assert caught.value.code == 5
    assert ours.execute("SELECT 7") == [(7,)]
    sqlite.library.cdll["sqlite3_finalize"](statement)


class Stop(BaseException):
    pass


def test_functions(ours: Connection) -> None:
    ours.create_function("total", -1, lambda *given: sum(given))
    ours.create_function("one", 1, lambda given: given)
    ours.create_function("one", 2, lambda a, b: f"{a}{b}")
    assert ours.execute("SELECT total(), total(1, 2, 0.5)") == [(0, 3.5)]
    assert ours.execute("SELECT one(1), one(2, NULL)") == [(1, "2None")]
    ours.create_function("one", 1, lambda given: -given)
    assert ours.execute("SELECT one(1), one(2, 3)") == [(-1, "23")]
    with pytest.raises(Error, match="wrong number of arguments to function one"):
        ours.execute("SELECT one()")


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt, Stop])
def test_functions_that_raise(ours: Connection, kind: type[BaseException]) -> None:
    calls: list[int] = []

    def fail(given: int) -> int:
        calls.append(given)
        if given == 2:
            raise kind
        return given

    ours.create_function("fail", 1, fail)
    with pytest.raises(kind):
        ours.execute("SELECT fail(column1) FROM (VALUES (1), (2), (3))")
    assert calls == [1, 2]
    ours.execute("CREATE TABLE t(a)")
    with pytest.raises(kind):
        ours.execute("INSERT INTO t VALUES (fail(2))")
    assert ours.execute("SELECT * FROM t") == [], "SQLite has heard of it"
    assert ours.execute("SELECT fail(3)") == [(3,)]
    ours.create_function("odd", 0, object)
    with pytest.raises(TypeError, match=r"^a object is no value of SQLite's$"):
        ours.execute("SELECT odd()")


def test_functions_that_run_sql(ours: Connection) -> None:
    def factorial(n: int) -> int:
        return n * ours.execute("SELECT factorial(?)", n - 1)[0][0] if n else 1

    ours.create_function("factorial", 1, factorial)
    assert ours.execute("SELECT factorial(?)", 10) == [(3628800,)]


def test_closing_from_a_function(ours: Connection) -> None:
    """Refused, and nothing is closed: the other statements neither."""
    ours.create_function("quit", 0, ours.close)
    ours.execute("SELECT 1")
    with pytest.raises(RuntimeError, match=r"^the Statement is in use by a call"):
        ours.execute("SELECT quit()")
    assert ours.execute("SELECT 1") == [(1,)]


def test_exec(ours: Connection) -> None:
    rows: list[Any] = []

    def on_row(context: int | None, count: int, texts: Any, names: Any) -> int:
        rows.append(dict(zip(names, texts, strict=True)))
        return len(rows) == 2

    sql = "VALUES (1, NULL), ('ä', 2.5), (3, 4)"
    with pytest.raises(Error, match=r"query aborted|callback requested") as caught:
        sqlite.sqlite3_exec(ours.database, sql, on_row, None)
    assert caught.value.code == 4
    assert rows == [
        {"column1": "1", "column2": None},
        {"column1": "ä", "column2": "2.5"},
    ]
    assert sqlite.sqlite3_exec(ours.database, "CREATE TABLE t(a)", None, None) is None
    with pytest.raises(Error, match="no such table: missing"):
        sqlite.sqlite3_exec(ours.database, "SELECT * FROM missing", None, None)


def test_exec_with_a_callback_that_raises_or_closes(ours: Connection) -> None:
    def fail(*row: Any) -> int:
        raise Stop

    sql = "CREATE TABLE t(a); SELECT 1; INSERT INTO t VALUES (1)"
    with pytest.raises(Stop):
        sqlite.sqlite3_exec(ours.database, sql, fail, None)
    assert ours.execute("SELECT * FROM t") == [], "SQLite has heard of it"
    with pytest.raises(RuntimeError, match=r"^the Database is in use by a call"):
        sqlite.sqlite3_exec(ours.database, "SELECT 1", lambda *row: ours.close() or 0, None)
    assert ours.execute("SELECT 1") == [(1,)]


def test_backup(ours: Connection, tmp_path: Path) -> None:
    ours.execute("CREATE TABLE t AS SELECT randomblob(100000) AS a")
    expected = ours.execute("SELECT a FROM t")
    target = Connection(str(tmp_path / "copy"))
    told: list[tuple[int, int]] = []
    ours.backup(target, 5, lambda left, total: told.append((left, total)))
    (total,) = {total for _, total in told}
    assert [left for left, _ in told] == [*range(total - 5, 0, -5)]
    assert target.execute("SELECT a FROM t") == expected

    def stop(left: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        ours.backup(target, 1, stop)
    with pytest.raises(Error, match="source and destination must be distinct"):
        ours.backup(ours, 1, stop)
    target.close()
    other = sqlite3.connect(tmp_path / "copy")
    assert other.execute("SELECT a FROM t").fetchall() == expected
    other.close()


def test_all_of_it_is_closed(tmp_path: Path) -> None:
    """A connection in a cycle, with a function that has it: gc finds them, SQLite lets go."""
    file = str(tmp_path / "file")
    connection = Connection(file)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("BEGIN EXCLUSIVE")
    connection.create_function("me", 0, lambda connection=connection: id(connection))
    connection.execute("SELECT me()")
    del connection
    gc.collect()
    other = sqlite3.connect(file, isolation_level=None, timeout=0)
    other.execute("INSERT INTO t VALUES (1)")  # or it were locked
    other.close()


def test_memory_is_flat(ours: Connection) -> None:
    ours.create_function("f", 1, lambda given: given)

    def run(times: int) -> int:
        for number in range(times):
            ours.execute("SELECT f(?), ?, ?", number, "text", b"blob")
            ours.create_function("g", 0, lambda: 1)
            with pytest.raises(Error):
                ours.execute("SELECT nothing")
        gc.collect()
        return sys.getallocatedblocks()

    before = run(1001)  # as many function pointers as are ever unused, which C may have read
    assert run(500) - before < 100
