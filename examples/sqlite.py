"""SQLite, bound: handles, status codes, strings, callbacks, buffers.

The declarations mirror sqlite3.h (https://sqlite.org/c3ref/intro.html), and ``pyexample abi``
proves them. sqlite_connection.py makes of them what programs use.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_char, c_char_p, c_double, c_int, c_int64, c_void_p
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    Buffer,
    Callback,
    Closes,
    Count,
    Handle,
    In,
    Keep,
    Library,
    Owned,
    Raises,
    Returned,
)  # fmt: skip

FILES = {"linux": "libsqlite3.so.0", "darwin": "libsqlite3.dylib", "win32": "winsqlite3.dll"}
library = Library("sqlite3", __name__, system=FILES)
hold = library.function(release_gil=False)

SQLITE_OPEN_READWRITE, SQLITE_OPEN_CREATE, SQLITE_UTF8 = 2, 4, 1
SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL = range(1, 6)
SQLITE_TRANSIENT = 2 ** (8 * ctypes.sizeof(c_void_p)) - 1  # as destroy: SQLite copies


class Code(IntEnum):
    """The codes of success."""

    OK = 0
    ROW = 100
    DONE = 101


class Error(Exception):
    """What SQLite says of a call that failed; ``code`` is its result code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} (SQLite error {code})")
        self.code = code


# fmt: off
class Database(Handle):
    """``sqlite3 *``"""
class Statement(Handle):
    """``sqlite3_stmt *``"""
class Backup(Handle):
    """``sqlite3_backup *``"""
class Context(Handle):
    """``sqlite3_context *``"""
# fmt: on


def error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    handles = [each for each in values if isinstance(each, Handle)]
    handles += [parent for handle in handles for parent in handle.parents]
    found = [sqlite3_errmsg(each) for each in handles if isinstance(each, Database)]
    return Error(code, f"{function}(): {found[0] if found else 'failed'}")


Db = Annotated[Database, c_void_p]
Stmt = Annotated[Statement, c_void_p]
Ctx = Annotated[Context, c_void_p]
Bak = Annotated[Backup, c_void_p]
Int = Annotated[int, c_int]
Int64 = Annotated[int, c_int64]
Double = Annotated[float, c_double]
Str = Annotated[str, c_char_p]
StrOrNone = Annotated[str | None, c_char_p]
Address = Annotated[int, c_void_p]
AddressOrNone = Annotated[int | None, c_void_p]
Strings = Annotated[Any, POINTER(c_char_p)]
Values = Annotated[Any, POINTER(c_void_p)]
Text = Annotated[Buffer, In(c_char), Count(c_int, "text")]
Blob = Annotated[Buffer, In(None), Count(c_int, "blob")]
Sql = Annotated[
    Buffer, In(c_char), Count(c_int, "sql"), Returned(Statement | None, c_void_p, Owned)
]
Done = Annotated[None, c_int, Raises(error)]
Stepped = Annotated[Code, c_int, Raises(error, unless=Code)]
Told = Annotated[None, c_int]  # it repeats what the last step said
OnRow = Callable[[int | None, int, Any, Any], int]
Function = Callable[[Context, int, Any], None]


# fmt: off
@Callback.failing_with(1)
def row_callback(context: AddressOrNone, n: Int, texts: Strings, names: Strings, /) -> Int: ...
@Callback
def sql_function(context: Ctx, count: Int, values: Values, /) -> None: ...
@hold
def sqlite3_free(memory: AddressOrNone, /) -> None: ...
@hold
def sqlite3_errmsg(database: Db, /) -> Str: ...
@library.function
def sqlite3_open_v2(
    name: Annotated[str, c_char_p, Returned(Database, c_void_p, Owned)], flags: Int,
    vfs: StrOrNone, /
) -> Annotated[Database, c_int, Raises(error)]: ...
@library.function
def sqlite3_close(
    database: Annotated[Database, c_void_p, Closes(if_succeeds=True)], /
) -> Done: ...
@library.function
def sqlite3_exec(
    database: Db, sql: Str, on_row: Annotated[OnRow | None, row_callback],
    context: AddressOrNone, /
) -> Annotated[
    str | None, c_int, Raises(error), Returned(str | None, c_char_p, Owned(sqlite3_free))
]: ...
@library.function
def sqlite3_prepare_v2(
    database: Db, sql: Sql, tail: Strings, /
) -> Annotated[Statement | None, c_int, Raises(error)]: ...
@library.function
def sqlite3_step(statement: Stmt, /) -> Stepped: ...
@hold
def sqlite3_reset(statement: Stmt, /) -> Told: ...
@library.function
def sqlite3_finalize(statement: Annotated[Statement, c_void_p, Closes], /) -> Told: ...
@hold
def sqlite3_bind_parameter_count(statement: Stmt, /) -> Int: ...
@hold
def sqlite3_bind_null(statement: Stmt, at: Int, /) -> Done: ...
@hold
def sqlite3_bind_int64(statement: Stmt, at: Int, value: Int64, /) -> Done: ...
@hold
def sqlite3_bind_double(statement: Stmt, at: Int, value: Double, /) -> Done: ...
@hold
def sqlite3_bind_text(statement: Stmt, at: Int, text: Text, destroy: Address, /) -> Done: ...
@hold
def sqlite3_bind_blob(statement: Stmt, at: Int, blob: Blob, destroy: Address, /) -> Done: ...
@hold
def sqlite3_column_count(statement: Stmt, /) -> Int: ...
@hold
def sqlite3_column_type(statement: Stmt, at: Int, /) -> Int: ...
@hold
def sqlite3_column_int64(statement: Stmt, at: Int, /) -> Int64: ...
@hold
def sqlite3_column_double(statement: Stmt, at: Int, /) -> Double: ...
@hold
def sqlite3_column_text(statement: Stmt, at: Int, /) -> Str: ...
@hold
def sqlite3_column_blob(statement: Stmt, at: Int, /) -> AddressOrNone: ...
@hold
def sqlite3_column_bytes(statement: Stmt, at: Int, /) -> Int: ...
@library.function
def sqlite3_create_function_v2(
    database: Db, name: Str, count: Int, flags: Int, data: AddressOrNone,
    function: Annotated[
        Function | None, sql_function, Keep("database", slot=("name", "count"))
    ],
    step: AddressOrNone, final: AddressOrNone, destroy: AddressOrNone, /,
) -> Done: ...
@hold
def sqlite3_value_type(value: Address, /) -> Int: ...
@hold
def sqlite3_value_int64(value: Address, /) -> Int64: ...
@hold
def sqlite3_value_double(value: Address, /) -> Double: ...
@hold
def sqlite3_value_text(value: Address, /) -> Str: ...
@hold
def sqlite3_value_blob(value: Address, /) -> AddressOrNone: ...
@hold
def sqlite3_value_bytes(value: Address, /) -> Int: ...
@hold
def sqlite3_result_int64(context: Ctx, value: Int64, /) -> None: ...
@hold
def sqlite3_result_double(context: Ctx, value: Double, /) -> None: ...
@hold
def sqlite3_result_text(context: Ctx, text: Text, destroy: Address, /) -> None: ...
@hold
def sqlite3_result_blob(context: Ctx, blob: Blob, destroy: Address, /) -> None: ...
@hold
def sqlite3_result_null(context: Ctx, /) -> None: ...
@hold
def sqlite3_result_error(context: Ctx, text: Text, /) -> None: ...
@library.function
def sqlite3_backup_init(
    target: Db, into: Str, source: Db, name: Str, /
) -> Annotated[Backup | None, c_void_p, Owned]: ...
@library.function
def sqlite3_backup_step(backup: Bak, pages: Int, /) -> Stepped: ...
@hold
def sqlite3_backup_remaining(backup: Bak, /) -> Int: ...
@hold
def sqlite3_backup_pagecount(backup: Bak, /) -> Int: ...
@library.function
def sqlite3_backup_finish(backup: Annotated[Backup, c_void_p, Closes], /) -> Told: ...
# fmt: on
