"""Variadic C functions, declared with the arguments that are passed: what they read besides."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import platform
import sys
from collections.abc import Callable
from ctypes import c_double, c_int, c_int64
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import Package

from pyexample.ffi import Library

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


@pytest.mark.skipif(PASSED_ELSEWHERE, reason="needs a declaration that says what is fixed")
@pytest.mark.parametrize("release_gil", [False, True])
def test_they_get_what_is_passed(package: Package, path: str, release_gil: bool) -> None:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")

    def bind(function: Callable[..., Any]) -> Callable[..., Any]:
        bound = library.function(release_gil=release_gil)(function)
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
