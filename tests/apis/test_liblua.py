"""liblua.py at work: scripts that call Python, and Python that calls scripts."""

import gc
import math
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Missing, Tool, check_binding, collect, let_go

pytest.importorskip("liblua", exc_type=ImportError)
import liblua as lua

pytestmark = pytest.mark.usefixtures("declared_anew")


@pytest.fixture
def state() -> Iterator[lua.State]:
    with lua.luaL_newstate() as state:
        lua.luaL_openlibs(state)
        yield state
        assert lua.lua_gettop(state) == 0, "everything that was pushed was popped"


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    module = Path(__file__).with_name("liblua.py")
    headers = [f"lua5.4/{name}.h" for name in ("lua", "lauxlib", "lualib")]
    report, found = check_binding(module, *headers, compiler=tool("g++"), missing=missing)
    assert found == []
    assert report.judged == {"functions": 47, "structs": 0, "fields": 0, "constants": 21}


def test_a_script(state: lua.State) -> None:
    script = """
        local words = {}
        for word in (...):gmatch("%a+") do words[#words + 1] = word:upper() end
        table.sort(words)
        return table.concat(words, " "), #words, #words / 2, words[9], true
    """
    assert lua.run(state, script, "the quick brown fox") == [
        b"BROWN FOX QUICK THE", 4, 2.0, None, True,
    ]  # fmt: skip


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=9)
FLOATS = st.floats(allow_nan=False)


@settings(deadline=None)
@given(st.lists(SCALARS | FLOATS, max_size=9))
def test_values_come_back(values: list[Any]) -> None:
    with lua.luaL_newstate() as state:
        found = lua.run(state, "return ...", *values)
    assert found == values
    assert [*map(type, found)] == [*map(type, values)]


def test_texts_are_not_cut(state: lua.State) -> None:
    assert lua.run(state, "return #..., ... .. '\\0'", "a\0ü\0") == [5, b"a\0\xc3\xbc\0\0"]
    lua.push(state, "text")
    assert lua.lua_tolstring(state, -1) == b"text"
    lua.lua_settop(state, 0)
    lua.lua_pushnil(state)
    assert lua.lua_tolstring(state, -1) is None
    lua.lua_settop(state, 0)


def test_tables(state: lua.State) -> None:
    table = {b"list": {1: 1, 2: 2.5}, b"inner": {b"deep": {b"x": True}}}
    assert lua.run(state, "return ...", table) == [table]
    assert lua.run(state, "return {10, 20, n = {}}") == [{1: 10, 2: 20, b"n": {}}]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("error('no ' .. 'more')", "script:1: no more"),
        ("\n\nlocal x = nil; return x.y", "script:3: attempt to index a nil value (local 'x')"),
        ("error({})", "{}"),
        ("return (", "script:1: unexpected symbol near <eof>"),
        ("error('ü\\255')", "script:1: ü�"),
    ],
)
def test_errors_have_the_words_of_lua(state: lua.State, script: str, message: str) -> None:
    function = "luaL_loadbufferx" if script.endswith("(") else "lua_pcallk"
    with pytest.raises(lua.Error) as caught:
        lua.run(state, script)
    assert str(caught.value) == f"{function}(): {message}"
    assert caught.value.code == (3 if script.endswith("(") else 2)


def test_a_file(state: lua.State, tmp_path: Path) -> None:
    (tmp_path / "sum.lua").write_text("local a, b = ...\nreturn a + b")
    lua.luaL_loadfilex(state, str(tmp_path / "sum.lua"), "t")
    assert lua.call(state, [1, 2]) == [3]
    with pytest.raises(lua.Error, match=r"^luaL_loadfilex\(\): cannot open .*none.lua"):
        lua.luaL_loadfilex(state, str(tmp_path / "none.lua"), None)


def test_python_functions_are_called(state: lua.State) -> None:
    lua.register(state, "join", lambda separator, *rest: separator.join(rest))
    lua.register(state, "root", math.sqrt)
    assert lua.run(state, "return join(', ', 'a', 'b'), root(16)") == [b"a, b", 4.0]


def test_fifty_functions_are_fifty(state: lua.State) -> None:
    """Lua keeps each closure: none may replace another one."""
    for number in range(50):
        lua.register(state, f"f{number}", lambda number=number: number)
    gc.collect()
    script = "local t = {} for i = 0, 49 do t[i + 1] = _G['f' .. i]() end return t"
    assert [*lua.run(state, script)[0].values()] == [*range(50)]


def test_functions_live_until_the_state_is_closed() -> None:
    class Counter:
        def __call__(self, state: lua.State) -> int:
            return 0

    state = lua.luaL_newstate()
    counter = Counter()
    alive = weakref.ref(counter)
    lua.lua_pushcclosure(state, counter, 0)
    lua.lua_settop(state, 0)
    del counter
    collect()
    assert alive() is not None, "Lua collects the closure when it likes"
    state.close()
    let_go()
    assert alive() is None


def test_an_error_of_a_registered_function_is_lua_s(state: lua.State) -> None:
    def fail(text: bytes) -> None:
        raise LookupError(text.decode())

    lua.register(state, "fail", fail)
    caught = lua.run(state, "local ok, said = pcall(function() fail('x') end) return ok, said")
    assert caught == [False, b"script:1: LookupError: x"]
    with pytest.raises(lua.Error, match=r"^lua_pcallk\(\): script:1: LookupError: here$"):
        lua.run(state, "fail('here')")


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_exceptions_of_plain_functions(state: lua.State, kind: type[BaseException]) -> None:
    """The script goes on with no results, but no function of Python is called any more."""
    calls: list[str] = []

    def fail(inner: lua.State) -> int:
        calls.append("fail")
        raise kind("here")

    def note(inner: lua.State) -> int:
        calls.append("note")
        return 0

    for function in (fail, note):
        lua.lua_pushcclosure(state, function, 0)
        lua.set_global(state, function.__name__)
    with pytest.raises(kind, match=r"^here$"):
        lua.run(state, "fail() note() fail()")
    assert calls == ["fail"]
    assert lua.run(state, "note() return 1") == [1]


def test_upvalues(state: lua.State) -> None:
    """Values that belong to a closure: here the number of its calls."""

    def count(inner: lua.State) -> int:
        number, is_number = lua.lua_tointegerx(inner, lua.lua_upvalueindex(1))
        assert is_number
        lua.lua_pushinteger(inner, number + 1)
        lua.lua_pushvalue(inner, -1)
        lua.lua_copy(inner, -1, lua.lua_upvalueindex(1))
        lua.lua_settop(inner, -2)
        return 1

    for name, start in (("one", 0), ("other", 10)):
        lua.push(state, start)
        lua.lua_pushcclosure(state, count, 1)
        assert lua.lua_getupvalue(state, -1, 1) == ""
        assert lua.pull(state, -1) == start
        lua.lua_settop(state, -2)
        assert lua.lua_getupvalue(state, -1, 2) is None
        lua.set_global(state, name)
    assert lua.run(state, "return one(), one(), other(), one()") == [1, 2, 11, 3]
    adding = b"local a, b = 1, 2; return function() return a + b end"
    lua.luaL_loadbufferx(state, adding, "=adding", None)
    lua.lua_pcallk(state, 0, 1, 0)
    lua.push(state, 40)
    assert lua.lua_setupvalue(state, -2, 1) == "a"
    assert lua.call(state, []) == [42]
    with pytest.raises(OverflowError, match=r"must be in 0\.\.255, not 256"):
        lua.lua_pushcclosure(state, count, 256)


def test_conversions_say_whether_they_succeed(state: lua.State) -> None:
    lua.push(state, "0x10")
    assert lua.lua_tointegerx(state, 1) == (16, True)
    assert lua.lua_tonumberx(state, 1) == (16.0, True)
    lua.push(state, "ten")
    assert lua.lua_tointegerx(state, 2) == (0, False)
    assert lua.lua_type(state, 2) is lua.Type.LUA_TSTRING
    assert lua.lua_type(state, 9) is lua.Type.LUA_TNONE
    assert lua.lua_typename(state, lua.Type.LUA_TTHREAD) == "thread"
    assert not lua.lua_rawequal(state, 1, 2)
    assert lua.lua_rawlen(state, 1) == 4
    lua.lua_settop(state, 0)


def test_compiled_chunks(state: lua.State) -> None:
    lua.luaL_loadbufferx(state, b"local n = ... return n * 2", "=double", None)
    pieces: list[bytes] = []

    def on_data(inner: lua.State, data: memoryview, size: int, _: int | None) -> int:
        assert inner is state
        pieces.append(bytes(data))
        return 0

    assert lua.lua_dump(state, on_data, None, True) == 0
    lua.lua_settop(state, 0)
    chunk = b"".join(pieces)
    assert chunk.startswith(b"\x1bLua")
    lua.luaL_loadbufferx(state, chunk, "=chunk", "b")
    assert lua.call(state, [21]) == [42]
    with pytest.raises(lua.Error, match="attempt to load a binary chunk"):
        lua.luaL_loadbufferx(state, chunk, "=chunk", "t")


def test_coroutines(state: lua.State) -> None:
    thread = lua.lua_newthread(state)
    anchor = lua.luaL_ref(state, lua.LUA_REGISTRYINDEX)  # else Lua collects it
    script = b"local n = ... while n do n = coroutine.yield(n * 2) end return 'end'"
    lua.luaL_loadbufferx(thread, script, "=script", None)
    assert lua.resume(thread, state, 4) == (lua.Status.LUA_YIELD, [8])
    assert lua.lua_status(thread) == lua.Status.LUA_YIELD
    assert lua.resume(thread, state, 5) == (lua.Status.LUA_YIELD, [10])
    assert lua.resume(thread, state, None) == (lua.Status.LUA_OK, [b"end"])
    lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, anchor)
    assert lua.lua_tothread(state, -1) is thread
    assert lua.lua_tothread(state, 99) is None
    lua.push(state, "moved")
    lua.lua_xmove(state, thread, 1)
    assert lua.pull(thread, -1) == b"moved"
    lua.lua_settop(state, 0)
    lua.luaL_unref(state, lua.LUA_REGISTRYINDEX, anchor)
    with pytest.raises(ValueError, match="C's to close: it is borrowed"):
        lua.lua_close(thread)


def test_a_coroutine_fails(state: lua.State) -> None:
    thread = lua.lua_newthread(state)
    lua.luaL_loadbufferx(thread, b"error('inside')", "=script", None)
    with pytest.raises(lua.Error, match=r"^lua_resume\(\): script:1: inside$"):
        lua.resume(thread, state)
    lua.lua_settop(state, 0)


def test_a_function_is_called_in_a_coroutine(state: lua.State) -> None:
    states: list[lua.State] = []

    def note(inner: lua.State) -> int:
        states.append(inner)
        return 0

    lua.lua_pushcclosure(state, note, 0)
    lua.set_global(state, "note")
    lua.run(state, "note() coroutine.wrap(function() note() end)()")
    assert states[0] is state
    with pytest.raises(ValueError, match="is closed"):
        lua.lua_gettop(states[1])


def test_a_hook(state: lua.State) -> None:
    counts: list[int] = []

    def on_count(inner: lua.State, activation: int) -> None:
        counts.append(activation)

    lua.lua_sethook(state, on_count, lua.LUA_MASKCOUNT, 1000)
    lua.run(state, "for i = 1, 100000 do end")
    assert len(counts) > 50
    lua.lua_sethook(state, None, 0, 0)
    done = len(counts)
    lua.run(state, "for i = 1, 100000 do end")
    assert len(counts) == done


def test_garbage_is_collected(state: lua.State) -> None:
    lua.run(state, "t = {} for i = 1, 10000 do t[i] = {} end")
    before = lua.lua_gc(state, lua.LUA_GCCOUNT)
    lua.run(state, "t = nil")
    assert lua.lua_gc(state, lua.LUA_GCCOLLECT) == 0
    assert lua.lua_gc(state, lua.LUA_GCCOUNT) < before / 2
    lua.lua_gc_inc(state, 200, 100, 13)


def test_a_state_is_not_closed_while_it_runs(state: lua.State) -> None:
    def close(inner: lua.State) -> int:
        inner.close()
        return 0

    lua.lua_pushcclosure(state, close, 0)
    lua.set_global(state, "close")
    with pytest.raises(RuntimeError, match="in use by a call that has not returned"):
        lua.run(state, "close()")
    assert not state.closed


def test_what_is_called_after_the_end() -> None:
    state = lua.luaL_newstate()
    thread = lua.lua_newthread(state)
    functions: list[Callable[[lua.State], object]] = [lua.lua_gettop, lua.luaL_openlibs]
    lua.lua_close(state)
    for function in functions:
        for each in (state, thread):
            with pytest.raises(ValueError, match=r"'state' \(State \*\) is closed$"):
                function(each)
