"""Variadic C functions, declared with the arguments that are passed, and how many are fixed."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import platform
import sys
from collections.abc import Callable
from ctypes import (
    POINTER,
    Structure,
    addressof,
    c_bool,
    c_byte,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int64,
    c_short,
    c_size_t,
    c_ubyte,
    c_uint,
    c_ushort,
    c_void_p,
)
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import (
    UNCHECKED,
    Buffer,
    Constant,
    Count,
    DeclarationError,
    Handle,
    In,
    InOut,
    Library,
    Out,
    Returned,
)

Int = Annotated[int, c_int]
Double = Annotated[float, c_double]
MACHINE = platform.machine().lower()

# There, a double behind `...` is not where a declaration without it would put it.
PASSED_ELSEWHERE = (sys.platform in ("darwin", "win32")) and MACHINE in ("arm64", "aarch64")

SOURCE = """
#include <stdarg.h>
#define SUM(type)                                       \\
    va_list rest;                                       \\
    double sum = 0;                                     \\
    va_start(rest, count);                              \\
    while (count--) { sum += (double)va_arg(rest, type); } \\
    va_end(rest);                                       \\
    return sum;
double sum0(int count, ...) { SUM(double) }
double sum1(int count, ...) { SUM(double) }
double sum3(int count, ...) { SUM(double) }
double sum10(int count, ...) { SUM(double) }
double sum_integers(int count, ...) { SUM(long long) }
int mixed(double first, int count, ...)
{
    va_list rest;
    int right;
    va_start(rest, count);
    right = first == 0.5 && va_arg(rest, double) == 1.5 && va_arg(rest, int) == -2 &&
            va_arg(rest, double) == 2.5;
    va_end(rest);
    return right;
}
"""


def sum0(count: Int, /) -> Double: ...
def sum1(count: Int, a: Double, /) -> Double: ...
def sum3(count: Int, a: Double, b: Double, c: Double, /) -> Double: ...
def sum10(
    count: Int, a: Double, b: Double, c: Double, d: Double, e: Double, f: Double, g: Double,
    h: Double, i: Double, j: Double, /,
) -> Double: ...  # fmt: skip
def sum_integers(
    count: Int, a: Annotated[int, c_int64], b: Annotated[int, c_int64], /
) -> Double: ...
def mixed(first: Double, count: Int, a: Double, b: Int, c: Double, /) -> Int: ...


@pytest.mark.parametrize("release_gil", [False, True])
@pytest.mark.parametrize(
    "is_said",
    [
        True,
        pytest.param(
            False, marks=pytest.mark.skipif(PASSED_ELSEWHERE, reason="it has to be said")
        ),
    ],
)
def test_they_get_what_is_passed(
    package: Package, path: str, is_said: bool, release_gil: bool
) -> None:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")

    def bind(function: Callable[..., Any]) -> Callable[..., Any]:
        fixed = (2 if function is mixed else 1) if is_said else None
        bound = library.function(release_gil=release_gil, fixed=fixed)(function)
        assert (type(bound) is BuiltinFunctionType) == (path == "builtin")
        return bound

    assert bind(sum0)(0) == 0
    assert bind(sum1)(1, 0.5) == 0.5
    assert bind(sum3)(3, 0.5, 0.25, 2**40) == 2**40 + 0.75
    assert bind(sum10)(10, *[2.0**i for i in range(10)]) == 1023
    assert bind(sum_integers)(2, -3, 2**40) == 2**40 - 3
    assert bind(mixed)(0.5, 3, 1.5, -2, 2.5) == 1


# A function that returns what is in AL, of which psABI 3.2.3 says: "an upper bound on the
# number of vector registers used", 0 to 8. A compiler's own code looks at zero or not only.
AL = """
__asm__(".text\\n.globl {prefix}{name}\\n{prefix}{name}:\\n\\tmovzbl %al, %eax\\n\\tret\\n");
"""
TAKE = {
    "none": (),
    "one_integer": (Int,),
    "one_double": (Double,),
    "eight_doubles": (Double,) * 8,
    "ten_doubles": (Double,) * 10,
    "eight_integers": (Int,) * 8,
    "both": (Int, Double, Int, Double),
}


@pytest.mark.skipif(
    MACHINE not in ("x86_64", "amd64") or sys.platform == "win32", reason="System V x86-64"
)
@pytest.mark.parametrize("release_gil", [False, True])
@pytest.mark.parametrize("name", TAKE)
def test_al_tells_the_vector_registers(
    package: Package, path: str, name: str, release_gil: bool
) -> None:
    prefix = "_" if sys.platform == "darwin" else ""
    package.compile("".join(AL.format(prefix=prefix, name=each) for each in TAKE))
    library = Library("c", f"{package.name}.module")
    names = [f"a{i}" for i in range(len(TAKE[name]))]
    namespace: dict[str, Any] = {}
    exec(f"def {name}({', '.join((*names, '/')) if names else ''}): ...", namespace)  # noqa: S102
    function = namespace[name]
    function.__annotations__ = {**dict(zip(names, TAKE[name], strict=True)), "return": Int}
    bound = library.function(release_gil=release_gil)(function)
    assert (type(bound) is BuiltinFunctionType) == (path == "builtin")
    arguments = [1 if each is Int else 1.0 for each in TAKE[name]]
    used = min(8, TAKE[name].count(Double))
    assert used <= bound(*arguments) <= 8


MORE = r"""
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
typedef struct { int x, y; } point;
/* One letter for each argument: the sum of what they point to, or are. */
double sum(const char *types, ...)
{
    double sum = 0;
    va_list rest;
    va_start(rest, types);
    for (; *types; types++) {
        switch (*types) {
        case 'i': sum += va_arg(rest, int); break;
        case 'q': sum += (double)va_arg(rest, int64_t); break;
        case 'z': sum += (double)va_arg(rest, size_t); break;
        case 'd': sum += va_arg(rest, double); break;
        case 's': {
            const char *it = va_arg(rest, const char *);
            sum += it ? (double)strlen(it) : -1;
            break;
        }
        case 'p': { point *it = va_arg(rest, point *); sum += it ? it->x + it->y : -1; } break;
        case 'h': { const char *it = va_arg(rest, void *); sum += it ? *it : -1; } break;
        case 'o': *va_arg(rest, int *) = 42; break;
        case 'b': *va_arg(rest, int *) += 1; break;
        default: sum = -1000000;
        }
    }
    va_end(rest);
    return sum;
}
int format(char *buffer, size_t size, const char *format, ...)
{
    int length;
    va_list rest;
    va_start(rest, format);
    length = vsnprintf(buffer, size, format, rest);
    va_end(rest);
    return length;
}
"""


class Point(Structure):
    _fields_ = (("x", c_int), ("y", c_int))


class Text(Handle):
    pass


Types = Annotated[str, c_char_p]


@pytest.fixture
def more(package: Package, path: str) -> Library:
    package.compile(MORE)
    return Library("c", f"{package.name}.module")


def test_every_kind_of_argument(more: Library, path: str) -> None:
    """Through ctypes they have no argtypes: each is passed as what it was declared."""

    @more.function(symbol="sum", fixed=1)
    def pointers(
        types: Types,
        text: Annotated[str | None, c_char_p],
        point: Annotated[Point | None, POINTER(Point)],
        handle: Annotated[Text | None, c_void_p],
        address: Annotated[int | None, c_void_p],
        /,
    ) -> Double: ...

    assert (type(pointers) is BuiltinFunctionType) == (path == "builtin")
    memory = (c_char * 2)(b"\5")
    handle = Text.adopt(addressof(memory), owned=False)
    assert pointers("sphh", "four", Point(10, -3), handle, addressof(memory)) == 4 + 7 + 5 + 5
    assert pointers("sphh", None, None, None, None) == -4

    @more.function(symbol="sum", fixed=1)
    def integers(
        types: Types,
        a: Int,
        b: Annotated[int, c_int64],
        c: Annotated[int, c_size_t],
        d: Annotated[bool, c_int],
        e: Annotated[int, Constant(c_int, -9), c_uint],
        /,
    ) -> Double: ...

    assert (type(integers) is BuiltinFunctionType) == (path == "builtin")
    assert integers("iqziii", -1, -(2**40), 2**41, True, 100) == 2**40 - 1 + 1 + 91
    with pytest.raises(OverflowError, match=r"^integers\(\) parameter 'a' \(int32_t\) must be"):
        integers("", 2**31, 0, 0, False, 0)

    @more.function(symbol="sum", fixed=1)
    def out(
        types: Types, b: Annotated[int, InOut(c_int), Returned(int, c_int)], d: Double, /
    ) -> Annotated[tuple[float, int, int], c_double]:
        raise NotImplementedError

    assert out("bod", 7, 0.25) == (0.25, 8, 42)


def test_two_forms_of_one_function(more: Library) -> None:
    """The buffer and its size are fixed; what follows the format is not."""
    Buffer_ = Annotated[Buffer, Out(c_char), Count(c_size_t, "buffer")]  # noqa: N806

    @more.function(symbol="format", fixed=3)
    def format_text(buffer: Buffer_, format: Types, text: Types, /) -> Int: ...  # noqa: A002

    @more.function(symbol="format", fixed=3)
    def format_numbers(
        buffer: Buffer_,
        format: Types,  # noqa: A002
        a: Double,
        data: Annotated[Buffer, In(c_char, UNCHECKED)],
        b: Int,
        /,
    ) -> Int: ...

    @more.function(symbol="format", fixed=3)
    def format_nothing(buffer: Buffer_, format: Types, /) -> Int: ...  # noqa: A002

    memory = bytearray(12)
    assert format_text(memory, "<%s>", "text") == 6
    assert memory.startswith(b"<text>\0")
    assert format_numbers(memory, "%.2f %s %d", 0.25, b"is\0", -3) == 10
    assert memory.startswith(b"0.25 is -3\0")
    assert format_nothing(memory, "100%%") == 4
    assert format_text(memory, "%s", "longer than that") == 16
    assert memory == b"longer than\0"


@pytest.mark.parametrize(
    ("python_type", "ctype", "right"),
    [
        (float, c_float, "c_double"),
        (bool, c_bool, "c_int"),
        (bytes, c_char, "c_int"),
        *((int, each, "c_int") for each in (c_byte, c_ubyte, c_short, c_ushort)),
    ],
)
def test_types_that_c_promotes(more: Library, python_type: Any, ctype: Any, right: str) -> None:
    def total(types, it, /):  # type: ignore[no-untyped-def]
        ...

    it = Annotated[python_type, ctype]
    total.__annotations__ = {"types": Types, "it": it, "return": Double}
    said = rf"total\(\) parameter 'it' \(.*\): C passes it .* declare {right}$"
    with pytest.raises(DeclarationError, match=said):
        more.function(symbol="sum", fixed=1)(total)
    more.function(symbol="sum", fixed=2)(total)


@pytest.mark.parametrize("fixed", [0, -1, 4, True, "1", 1.0])
def test_how_many_are_fixed(more: Library, fixed: Any) -> None:
    """Of C's arguments: a Count is one."""
    with pytest.raises(
        DeclarationError, match=r"^f\(\): fixed is the number .* from 1 to 3, not"
    ):

        @more.function(symbol="sum", fixed=fixed)
        def f(a: Annotated[Buffer, In(c_char), Count(c_size_t, "a")], b: Int, /) -> Double: ...
