"""bool, where C has an integer: 0 and 1 go to C, and what is not 0 comes back as True."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import Callback, DeclarationError, Library, Raises, Returned, struct

SOURCE = """
#include <stdint.h>
#define ALL(n, T, U)                                    \\
    T same##n(T it) { return it; }                      \\
    int is_one##n(T it) { return it == 1; }             \\
    U plain##n(U it) { return it; }                     \\
    void out##n(U it, T *out) { *out = (T)it; }         \\
    T call##n(T (*f)(T), U it) { return f((T)it); }
ALL(8, int8_t, int8_t) ALL(16, int16_t, int16_t) ALL(32, int32_t, int32_t)
ALL(64, int64_t, int64_t) ALL(8u, uint8_t, uint8_t) ALL(64u, uint64_t, uint64_t)
"""

TYPES = {
    "8": ctypes.c_int8,
    "16": ctypes.c_int16,
    "32": ctypes.c_int32,
    "64": ctypes.c_int64,
    "8u": ctypes.c_uint8,
    "64u": ctypes.c_uint64,
}


@pytest.mark.parametrize("name", TYPES)
def test_a_bool_for_an_integer(package: Package, path: str, name: str) -> None:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")
    ctype: Any = TYPES[name]
    truth, number = Annotated[bool, ctype], Annotated[int, ctype]

    def bind(kind: str, *parameters: Any, returns: Any) -> Any:
        made: dict[str, Any] = {}
        exec(f"def {kind}{name}({', '.join('ab'[: len(parameters)])}, /): ...", made)  # noqa: S102
        function = made[f"{kind}{name}"]
        function.__annotations__ = {
            **dict(zip("ab", parameters, strict=False)),
            "return": returns,
        }
        return library.function(function)

    same, is_one = bind("same", truth, returns=truth), bind("is_one", truth, returns=truth)
    assert (type(same) is BuiltinFunctionType) == (path == "builtin")
    assert (same(True), same(False)) == (True, False)
    assert (is_one(True), is_one(False)) == (True, False)
    for wrong in (1, 0, None, "x"):
        with pytest.raises(TypeError, match=r"must be a bool, not "):
            same(wrong)
    # All that is not 0, in whichever byte, is True.
    numbers = [0, 1, 2, ctype(-1).value, 1 << 8 * ctypes.sizeof(ctype) - 2]
    plain = bind("plain", number, returns=truth)
    out = bind("out", number, returns=Annotated[bool, None, Returned(bool, ctype)])

    @Callback
    def f(it: truth, /) -> truth: ...  # type: ignore[valid-type]

    call = bind("call", Annotated[Callable[[bool], bool], f], number, returns=number)

    @struct
    class Holder(ctypes.Structure):
        it: Annotated[bool, ctype]

    for each in numbers:
        seen: list[Any] = []
        assert plain(each) is out(each) is (each != 0)
        assert call(lambda it, seen=seen: seen.append(it) or True, each) == 1
        assert call(lambda _: False, each) == 0
        assert seen == [each != 0]
        assert type(seen[0]) is bool
        assert Holder.from_buffer_copy(ctype(each)).it is (each != 0)
    assert bytes(Holder(True)) == bytes(ctype(1))
    with pytest.raises(TypeError, match=r"^Holder.it \(u?int\d+_t\) must be a bool, not int$"):
        Holder(1)  # type: ignore[arg-type]


def test_a_third_value_that_means_failure(package: Package, path: str) -> None:
    """As in EVP_VerifyFinal(3): 1, 0, or -1 for an error. By itself, False is the failure."""
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")

    def error(result: int, function: str, values: tuple[Any, ...]) -> Exception:
        return RuntimeError(f"{function}: {result!r}")

    def bind(word: Raises) -> Any:
        def same32(it: Annotated[int, ctypes.c_int], /) -> Annotated[bool, ctypes.c_int, word]:
            raise NotImplementedError

        return library.function(same32)

    verify = bind(Raises(error, when="negative"))
    assert (verify(0), verify(1)) == (False, True)
    with pytest.raises(RuntimeError, match=r"^same32: -1$"):
        verify(-1)
    succeed = bind(Raises(error))
    assert succeed(2) is True
    with pytest.raises(RuntimeError, match=r"^same32: 0$"):
        succeed(0)
    with pytest.raises(RuntimeError, match=r"^same32: 2$"):
        bind(Raises(error, unless=(0, 1)))(2)


def test_it_has_no_range() -> None:
    with pytest.raises(DeclarationError, match=r"^f\(\) result: range\(0, 2\) cannot follow"):

        @Callback
        def f() -> Annotated[bool, ctypes.c_int, range(2)]: ...
