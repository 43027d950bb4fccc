"""Lua 5.4, bound: states, the stack, tables, closures with upvalues, errors, coroutines.

The declarations mirror lua.h and lauxlib.h (https://www.lua.org/manual/5.4/), and ``pyexample
abi`` proves them. ``run``, ``push``, ``pull``, ``register`` and ``resume`` are on top.

C and Lua raise errors with ``longjmp``, which must not pass over frames of Python. So only
functions that cannot raise an error are declared, but for those that run in a protected call
(the manual marks them ``-`` or, when memory is exhausted, ``m``), and a Python function says
that it failed by what it returns: see ``register``.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"
# ruff: noqa: N802

import ctypes
from collections.abc import Callable, Sequence
from ctypes import (
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint64,
    c_void_p,
)
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Constant,
    Count,
    Handle,
    In,
    Keep,
    Length,
    Library,
    Owned,
    Raises,
    Returned,
)

LUA_VERSION_NUM = 504


def _check_version(cdll: ctypes.CDLL) -> str | None:
    version = cdll.lua_version
    version.argtypes, version.restype = [c_void_p], c_double
    found = version(None)
    return None if found == LUA_VERSION_NUM else f"it is {found}, not {LUA_VERSION_NUM}"


FILES = {
    "linux": ("liblua5.4.so.0", "liblua.so.5.4"),
    "darwin": ("liblua.5.4.dylib", "liblua5.4.dylib"),
    "win32": "lua54.dll",
}
library = Library("lua", __name__, system=FILES, version=_check_version)

LUA_MULTRET, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS = -1, -1_001_000, 2
LUA_MASKCALL, LUA_MASKCOUNT = 1, 8
LUA_GCCOLLECT, LUA_GCCOUNT, LUA_GCINC = 2, 3, 11


class Status(IntEnum):
    """How a call ended; the other codes are errors."""

    LUA_OK = 0
    LUA_YIELD = 1


class Type(IntEnum):
    """The types of Lua's values."""

    LUA_TNONE = -1
    LUA_TNIL = 0
    LUA_TBOOLEAN = 1
    LUA_TLIGHTUSERDATA = 2
    LUA_TNUMBER = 3
    LUA_TSTRING = 4
    LUA_TTABLE = 5
    LUA_TFUNCTION = 6
    LUA_TUSERDATA = 7
    LUA_TTHREAD = 8


class Error(Exception):
    """The message of an error in Lua, with its code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class State(Handle):
    """``lua_State *``: a state, or a coroutine in it."""


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    """Lua has pushed the message."""
    state = values[0]
    message = pull(state, -1)
    lua_settop(state, -2)
    shown = message.decode(errors="replace") if isinstance(message, bytes) else repr(message)
    return Error(code, f"{function}(): {shown}")


def _no_memory(code: Any, function: str, values: tuple[Any, ...]) -> MemoryError:
    return MemoryError(f"{function}() had not enough memory")


hold = library.function(release_gil=False)

This = Annotated[State, c_void_p]
Index = Annotated[int, c_int]
Int = Annotated[int, c_int]
Truth = Annotated[bool, c_int]
Text = Annotated[str, c_char_p]
Kind = Annotated[Type, c_int]
Done = Annotated[None, c_int, Raises(_error)]


# fmt: off
@Callback
def c_function(state: This, /) -> Int: ...
@Callback
def writer(
    state: This, data: Annotated[memoryview, In(None, "size")],
    size: Annotated[int, c_size_t], user_data: Annotated[int | None, c_void_p], /,
) -> Int: ...
@Callback
def hook(state: This, activation: Annotated[int, c_void_p], /) -> None: ...


Function = Annotated[Callable[[State], int], c_function]


@library.function
def luaL_newstate() -> Annotated[State, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def lua_close(state: Annotated[State, c_void_p, Closes], /) -> None: ...
@library.function
def luaL_openlibs(state: This, /) -> None: ...
@library.function
def lua_version(state: Annotated[State | None, c_void_p], /) -> Annotated[float, c_double]: ...

@hold
def lua_absindex(state: This, index: Index, /) -> Int: ...
@hold
def lua_gettop(state: This, /) -> Int: ...
@hold
def lua_checkstack(state: This, number: Int, /) -> Annotated[
    None, c_int, Raises(_no_memory, when="zero")
]: ...
@hold
def lua_pushvalue(state: This, index: Index, /) -> None: ...
@hold
def lua_rotate(state: This, index: Index, number: Int, /) -> None: ...
@hold
def lua_copy(state: This, source: Index, target: Index, /) -> None: ...
@hold
def lua_xmove(source: This, target: This, number: Int, /) -> None: ...
@library.function
def lua_settop(state: This, index: Index, /) -> None: ...

@hold
def lua_type(state: This, index: Index, /) -> Kind: ...
@hold
def lua_typename(state: This, kind: Kind, /) -> Text: ...
@hold
def lua_isinteger(state: This, index: Index, /) -> Truth: ...
@hold
def lua_toboolean(state: This, index: Index, /) -> Truth: ...
@hold
def lua_tointegerx(state: This, index: Annotated[
    int, c_int, Returned(bool, c_int)
], /) -> Annotated[tuple[int, bool], c_int64]: ...
@hold
def lua_tonumberx(state: This, index: Annotated[
    int, c_int, Returned(bool, c_int)
], /) -> Annotated[tuple[float, bool], c_double]: ...
@hold
def lua_tolstring(  # which makes a text of a number, and then may collect garbage
    state: This, index: Annotated[int, c_int, Length(c_size_t, "return")], /
) -> Annotated[bytes | None, In(c_char)]: ...
@hold
def lua_rawlen(state: This, index: Index, /) -> Annotated[int, c_uint64]: ...
@hold
def lua_rawequal(state: This, first: Index, second: Index, /) -> Truth: ...
@hold
def lua_tothread(state: This, index: Index, /) -> Annotated[
    State | None, c_void_p, Borrowed("state")
]: ...

@hold
def lua_pushnil(state: This, /) -> None: ...
@hold
def lua_pushboolean(state: This, value: Truth, /) -> None: ...
@hold
def lua_pushinteger(state: This, value: Annotated[int, c_int64], /) -> None: ...
@hold
def lua_pushnumber(state: This, value: Annotated[float, c_double], /) -> None: ...
@library.function
def lua_pushlstring(  # returns the address of Lua's copy
    state: This, data: Annotated[Buffer, In(c_char), Count(c_size_t, "data")], /
) -> Annotated[int, c_void_p]: ...
@library.function
def lua_pushcclosure(
    state: This, function: Annotated[
        Callable[[State], int], c_function, Keep("state", every=True)
    ],
    upvalues: Annotated[int, c_int, range(256)], /,
) -> None: ...
@hold
def lua_getupvalue(state: This, function: Index, number: Int, /) -> Annotated[
    str | None, c_char_p
]: ...
@hold
def lua_setupvalue(state: This, function: Index, number: Int, /) -> Annotated[
    str | None, c_char_p
]: ...

@library.function
def lua_createtable(state: This, items: Int, fields: Int, /) -> None: ...
@hold
def lua_rawget(state: This, table: Index, /) -> Kind: ...
@hold
def lua_rawgeti(state: This, table: Index, key: Annotated[int, c_int64], /) -> Kind: ...
@library.function
def lua_rawset(state: This, table: Index, /) -> None: ...
@library.function
def lua_rawseti(state: This, table: Index, key: Annotated[int, c_int64], /) -> None: ...
@hold
def lua_next(state: This, table: Index, /) -> Truth: ...
@library.function
def luaL_ref(state: This, table: Index, /) -> Int: ...
@library.function
def luaL_unref(state: This, table: Index, reference: Int, /) -> None: ...

@library.function
def luaL_loadbufferx(
    state: This, chunk: Annotated[Buffer, In(c_char), Count(c_size_t, "chunk")], name: Text,
    mode: Annotated[str | None, c_char_p], /,
) -> Done: ...
@library.function
def luaL_loadfilex(
    state: This, path: Annotated[str | None, c_char_p], mode: Annotated[str | None, c_char_p],
    /,
) -> Done: ...
@library.function
def lua_dump(
    state: This, write: Annotated[Callable[[State, memoryview, int, int | None], int], writer],
    user_data: Annotated[int | None, c_void_p], strip: Truth, /,
) -> Int: ...
@library.function
def lua_pcallk(
    state: This, arguments: Int, results: Int,
    handler: Annotated[int, c_int, Constant(c_ssize_t, 0), Constant(c_void_p, None)], /,
) -> Done: ...
@library.function
def lua_newthread(state: This, /) -> Annotated[State, c_void_p, Borrowed("state")]: ...
@library.function
def lua_resume(
    thread: This, caller: Annotated[State | None, c_void_p],
    arguments: Annotated[int, c_int, Returned(int, c_int)], /,
) -> Annotated[tuple[Status, int], c_int, Raises(_error, unless=Status)]: ...
@hold
def lua_status(thread: This, /) -> Int: ...

# Variadic in C, by what is asked for.
@library.function(fixed=2)
def lua_gc(state: This, what: Int, /) -> Int: ...
@library.function(fixed=2, symbol="lua_gc")
def lua_gc_inc(
    state: Annotated[State, c_void_p, Constant(c_int, LUA_GCINC)], pause: Int, step: Int,
    size: Int, /,
) -> Int: ...
@library.function
def lua_sethook(
    state: This, function: Annotated[Callable[[State, int], None] | None, hook, Keep("state")],
    mask: Int, count: Int, /,
) -> None: ...
# fmt: on


def lua_upvalueindex(number: int) -> int:
    """The index of an upvalue of the function that runs: a macro in C."""
    return LUA_REGISTRYINDEX - number


Item = None | bool | int | float | bytes | str | Sequence[Any] | dict[Any, Any]
"""What Lua gets: a Sequence or dict becomes a table."""


def push(state: State, value: Item) -> None:
    """Push a Python value. Callables: see ``register``."""
    lua_checkstack(state, 3)  # Lua itself does not look
    if value is None:
        lua_pushnil(state)
    elif isinstance(value, bool):
        lua_pushboolean(state, value)
    elif isinstance(value, int):
        lua_pushinteger(state, value)
    elif isinstance(value, float):
        lua_pushnumber(state, value)
    elif isinstance(value, (bytes, str)):
        lua_pushlstring(state, value.encode() if isinstance(value, str) else value)
    else:
        lua_createtable(state, 0, 0)
        items = value if isinstance(value, dict) else dict(enumerate(value, 1))
        for key, each in items.items():
            push(state, key)
            push(state, each)
            lua_rawset(state, -3)


def pull(state: State, index: int) -> Any:
    """The Python value of an index: texts as bytes, a table as dict, a function as None."""
    kind = lua_type(state, index)
    if kind is Type.LUA_TBOOLEAN:
        return lua_toboolean(state, index)
    if kind is Type.LUA_TNUMBER:
        convert = lua_tointegerx if lua_isinteger(state, index) else lua_tonumberx
        return convert(state, index)[0]
    if kind is Type.LUA_TSTRING:
        return lua_tolstring(state, index)
    if kind is not Type.LUA_TTABLE:
        return None
    lua_checkstack(state, 2)
    found: dict[Any, Any] = {}
    table = lua_absindex(state, index)
    lua_pushnil(state)
    while lua_next(state, table):
        key = pull(state, -2)
        found[key] = pull(state, -1)
        lua_settop(state, -2)
    return found


def call(state: State, arguments: Sequence[Item]) -> list[Any]:
    """Call the function that was pushed, protected. Returns all of its results."""
    below = lua_gettop(state) - 1
    try:
        for each in arguments:
            push(state, each)
        lua_pcallk(state, len(arguments), LUA_MULTRET, 0)
        return [pull(state, index) for index in range(below + 1, lua_gettop(state) + 1)]
    finally:
        lua_settop(state, below)


def run(state: State, source: str | bytes, *arguments: Item) -> list[Any]:
    """Run a chunk of Lua. Returns all of its results."""
    chunk = source.encode() if isinstance(source, str) else source
    luaL_loadbufferx(state, chunk, "=script", None)
    return call(state, arguments)


def set_global(state: State, name: str) -> None:
    """Give the value that was pushed last a name."""
    lua_rawgeti(state, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS)
    push(state, name)
    lua_rotate(state, -3, -1)
    lua_rawset(state, -3)
    lua_settop(state, -2)


_RAISING = b"""
local call = ...
return function(...)
    local is_good, result = call(...)
    if not is_good then error(result, 2) end
    return result
end
"""


def register(state: State, name: str, function: Callable[..., Item]) -> None:
    """Make a Python function a global function of Lua.

    If it raises an Exception, Lua gets an error with its text, which it may catch.
    """

    def called(inner: State) -> int:
        try:
            given = [pull(inner, index) for index in range(1, lua_gettop(inner) + 1)]
            result = function(*given)
            is_good = True
        except Exception as error:
            result, is_good = f"{type(error).__name__}: {error}", False
        lua_checkstack(inner, 2)
        lua_pushboolean(inner, is_good)
        push(inner, result)
        return 2

    luaL_loadbufferx(state, _RAISING, f"={name}", None)
    lua_pushcclosure(state, called, 0)
    lua_pcallk(state, 1, 1, 0)
    set_global(state, name)


def resume(thread: State, caller: State, *arguments: Item) -> tuple[Status, list[Any]]:
    """Let a coroutine run on. Returns whether it yields, and its values."""
    for each in arguments:
        push(thread, each)
    status, number = lua_resume(thread, caller, len(arguments))
    top = lua_gettop(thread)
    values = [pull(thread, index) for index in range(top - number + 1, top + 1)]
    lua_settop(thread, top - number)
    return status, values
