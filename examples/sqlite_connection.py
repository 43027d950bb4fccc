"""SQLite databases: what programs use, on top of the binding in sqlite.py."""

import ctypes
from collections.abc import Callable
from typing import Any

from sqlite import (
    SQLITE_BLOB,
    SQLITE_FLOAT,
    SQLITE_INTEGER,
    SQLITE_NULL,
    SQLITE_OPEN_CREATE,
    SQLITE_OPEN_READWRITE,
    SQLITE_TEXT,
    SQLITE_TRANSIENT,
    SQLITE_UTF8,
    Code,
    Context,
    Statement,
    error,
    sqlite3_backup_init,
    sqlite3_backup_pagecount,
    sqlite3_backup_remaining,
    sqlite3_backup_step,
    sqlite3_bind_blob,
    sqlite3_bind_double,
    sqlite3_bind_int64,
    sqlite3_bind_null,
    sqlite3_bind_parameter_count,
    sqlite3_bind_text,
    sqlite3_column_blob,
    sqlite3_column_bytes,
    sqlite3_column_count,
    sqlite3_column_double,
    sqlite3_column_int64,
    sqlite3_column_text,
    sqlite3_column_type,
    sqlite3_create_function_v2,
    sqlite3_open_v2,
    sqlite3_prepare_v2,
    sqlite3_reset,
    sqlite3_result_blob,
    sqlite3_result_double,
    sqlite3_result_error,
    sqlite3_result_int64,
    sqlite3_result_null,
    sqlite3_result_text,
    sqlite3_step,
    sqlite3_value_blob,
    sqlite3_value_bytes,
    sqlite3_value_double,
    sqlite3_value_int64,
    sqlite3_value_text,
    sqlite3_value_type,
)


def _readers(int64: Any, double: Any, text: Any, blob: Any, size: Any) -> dict[int, Any]:
    def content(*at: Any) -> bytes:
        address = blob(*at)
        return ctypes.string_at(address, size(*at)) if address else b""

    def string(*at: Any) -> str:
        found: str = text(*at)
        # Others than ASCII, or with a NUL within, are copied by their size.
        return found if len(found) == size(*at) else content(*at).decode()

    return {
        SQLITE_INTEGER: int64,
        SQLITE_FLOAT: double,
        SQLITE_TEXT: string,
        SQLITE_BLOB: content,
        SQLITE_NULL: lambda *at: None,
    }


class _ByType(dict[type, Any]):
    def __missing__(self, key: type) -> Any:
        raise TypeError(f"a {key.__name__} is no value of SQLite's")


def _writers(int64: Any, double: Any, text: Any, blob: Any, null: Any) -> dict[type, Any]:
    return _ByType(
        {
            int: int64,
            bool: int64,
            float: double,
            str: lambda *to: text(*to[:-1], to[-1].encode(), SQLITE_TRANSIENT),
            bytes: lambda *to: blob(*to, SQLITE_TRANSIENT),
            type(None): lambda *to: null(*to[:-1]),
        }
    )


_COLUMN = _readers(
    sqlite3_column_int64,
    sqlite3_column_double,
    sqlite3_column_text,
    sqlite3_column_blob,
    sqlite3_column_bytes,
)
_ARGUMENT = _readers(
    sqlite3_value_int64,
    sqlite3_value_double,
    sqlite3_value_text,
    sqlite3_value_blob,
    sqlite3_value_bytes,
)
_BIND = _writers(
    sqlite3_bind_int64,
    sqlite3_bind_double,
    sqlite3_bind_text,
    sqlite3_bind_blob,
    sqlite3_bind_null,
)
_RESULT = _writers(
    sqlite3_result_int64,
    sqlite3_result_double,
    sqlite3_result_text,
    sqlite3_result_blob,
    sqlite3_result_null,
)
_ROW = Code.ROW


class Connection:
    """A database, and its statements: each is prepared once."""

    def __init__(self, name: str) -> None:
        flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        self.database = sqlite3_open_v2(name, flags, None)
        self.statements: dict[str, tuple[Statement, int, range]] = {}
        self.close = self.database.close

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SQL statement and return its rows."""
        # Taken out while it runs: a function of its own may run the same SQL.
        prepared = self.statements.pop(sql, None) or self._prepare(sql)
        statement, wanted, columns = prepared
        rows: list[tuple[Any, ...]] = []
        try:
            if len(values) != wanted:
                raise ValueError(f"{wanted} values are wanted, not {len(values)}: {sql}")
            for at, value in enumerate(values, 1):
                _BIND[type(value)](statement, at, value)
            while sqlite3_step(statement) is _ROW:
                row = []
                for at in columns:
                    row.append(_COLUMN[sqlite3_column_type(statement, at)](statement, at))
                rows.append(tuple(row))
        finally:
            sqlite3_reset(statement)
            self.statements[sql] = prepared
        return rows

    def _prepare(self, sql: str) -> tuple[Statement, int, range]:
        statement = sqlite3_prepare_v2(self.database, sql.encode(), None)
        if statement is None:
            raise ValueError(f"this is no statement: {sql!r}")
        wanted = sqlite3_bind_parameter_count(statement)
        return statement, wanted, range(sqlite3_column_count(statement))

    def create_function(self, name: str, count: int, function: Callable[..., Any]) -> None:
        """Let SQL call ``function`` by ``name``, with ``count`` arguments."""

        def call(context: Context, count: int, values: Any) -> None:
            try:
                given = [
                    _ARGUMENT[sqlite3_value_type(values[i])](values[i]) for i in range(count)
                ]
                result = function(*given)
                _RESULT[type(result)](context, result)
            except BaseException:
                sqlite3_result_error(context, b"a Python function raised an exception")
                raise

        sqlite3_create_function_v2(
            self.database, name, count, SQLITE_UTF8, None, call, None, None, None
        )

    def backup(
        self, target: "Connection", pages: int, progress: Callable[[int, int], None]
    ) -> None:
        """Copy it, so many pages at a time; ``progress`` gets those left, and all."""
        backup = sqlite3_backup_init(target.database, "main", self.database, "main")
        if backup is None:
            raise error(1, "sqlite3_backup_init", (target.database,))
        with backup:
            while sqlite3_backup_step(backup, pages) is Code.OK:
                progress(
                    sqlite3_backup_remaining(backup),
                    sqlite3_backup_pagecount(backup),
                )
