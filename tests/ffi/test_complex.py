"""Items that are several numbers: complex ones, and rows; and floats of 16 bits."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import ctypes
import math
import os
import sys
from array import array
from collections.abc import Sequence
from ctypes import c_char, c_double, c_float, c_int, c_size_t, c_uint, c_void_p
from typing import Annotated, Any

import numpy
import pytest
from support import Missing, Package, is_in_c

from pyexample.ffi import (
    ArrayOf,
    Buffer,
    Closes,
    Count,
    DeclarationError,
    Filled,
    Handle,
    In,
    Keep,
    Library,
    LibraryLoadError,
    Out,
    Owned,
    Returned,
    Written,
    c_half,
    struct,
)
from pyexample.ffi.declaration import Declaration

# Pairs of floats, as C11 6.2.5p13 says: not every compiler has complex numbers.
SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef float pair[2];
typedef double dpair[2];
double sum(const dpair *z, size_t n, double *imaginary) {
    double real = 0;
    *imaginary = 0;
    for (size_t i = 0; i < n; i++) { real += z[i][0]; *imaginary += z[i][1]; }
    return real;
}
void conjugate(pair *z, int n) { for (int i = 0; i < n; i++) z[i][1] = -z[i][1]; }
int roots(double a, dpair *into) {
    into[0][0] = a; into[0][1] = 1; into[1][0] = -a; into[1][1] = -1;
    return 2;
}
void one(double angle, dpair *z) { (*z)[0] = angle; (*z)[1] = 2 * angle; }
unsigned bits(const uint16_t *halves, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) sum += halves[i];
    return sum;
}
size_t tags(const char (*tags)[4], size_t n) { return n + (size_t)tags[n - 1][3]; }
"""

Double = Annotated[float, c_double]
Int = Annotated[int, c_int]
Pair: Any = c_double * 2
np: Any = numpy


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    return Library("c", f"{package.name}.module")


def test_complex_buffers(library: Library) -> None:
    @library.function(symbol="sum")
    def sum_of(
        z: Annotated[Buffer, In(Pair), Count(c_size_t, "z"), Returned(float, c_double)], /
    ) -> Annotated[tuple[float, float], c_double]: ...
    @library.function
    def conjugate(z: Annotated[Buffer, Out(c_float * 2), Count(c_int, "z")], /) -> None: ...

    z = np.array([1 + 2j, 3 - 4j, 0.5j])
    assert sum_of(z) == (4, -1.5)
    assert sum_of(z[1:]) == (3, -3.5)
    for start in (1, 2):
        assert sum_of(np.ones(6)[start : start + 4].view(complex)) == (2, 2), "like doubles"
    assert sum_of(np.array([[1.0, 2.0], [3.0, 4.0]])) == (4, 6), "rows of two"
    assert sum_of((Pair * 2)(Pair(1, 2), Pair(5, 6))) == (6, 8)
    assert sum_of(np.empty((0, 2))) == (0, 0)
    single = np.array([1 + 2j, 3 - 4j], np.complex64)
    conjugate(single)
    assert single.tolist() == [1 - 2j, 3 + 4j]
    for wrong, said in (
        (single, "of float _Complex"),
        (np.array([1.0, 2.0]), "not of double$"),
        (np.ones((2, 3)), "not of double$"),
        (np.ones((2, 2), np.float32), "not of float$"),
        (array("d", [1, 2]), "not of double$"),
        (bytes(16), "not of uint8_t$"),
    ):
        with pytest.raises(TypeError, match=rf"must have items of double\[2\], .*{said}"):
            sum_of(wrong)
    with pytest.raises(BufferError, match="C-contiguous"):
        sum_of(z[::2])


def test_complex_numbers(library: Library) -> None:
    @library.function(symbol="sum")
    def sum_of(
        z: Annotated[
            Sequence[complex], ArrayOf(Pair), Count(c_size_t, "z"), Returned(float, c_double)
        ],
        /,
    ) -> Annotated[tuple[float, float], c_double]: ...
    @library.function
    def roots(
        a: Annotated[float, c_double, Filled(list[complex], Pair, 4, name="z")], /
    ) -> Annotated[list[complex], c_int, Written("z")]: ...
    @library.function
    def one(
        angle: Annotated[float, c_double, Returned(complex, Pair)], /
    ) -> Annotated[complex, None]: ...

    assert sum_of([1 + 2j, 3, 0.5j, np.complex64(1j)]) == (4, 3.5)
    assert roots(3) == [3 + 1j, -3 - 1j]
    assert one(1.5) == 1.5 + 3j
    for wrong in ("1j", None, [1, 2]):
        with pytest.raises(TypeError, match=r"'z', item \(double\) must be a number"):
            sum_of([wrong])  # type: ignore[list-item]
    with pytest.raises(OverflowError, match=r"item \(double\) cannot hold so large"):
        sum_of([10**400])

    @struct
    class Wave(ctypes.Structure):
        at: Annotated[complex, c_float * 2]

    wave = Wave(1 + 2j)
    wave.at *= 1j
    assert wave.at == -2 + 1j
    with pytest.raises(OverflowError, match="cannot hold"):
        wave.at = 1e300 + 0j


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Annotated[complex, c_double * 2], "is complex in a list, a field or what is Returned"),
        (Annotated[Sequence[complex], ArrayOf(c_double * 3, 2)], "<class 'complex'>"),
        (
            Annotated[Sequence[complex], ArrayOf(c_int * 2, 2)],
            "stands for c_(int|long)_Array_2",
        ),
        (Annotated[Sequence[float], ArrayOf(c_half, 2)], "stands for uint16_t|derived from"),
    ],
)
def test_what_is_refused(annotation: Any, said: str) -> None:
    def function(it, /):  # type: ignore[no-untyped-def]
        ...

    function.__annotations__ = {"it": annotation, "return": None}
    with pytest.raises(DeclarationError, match=said):
        Declaration(function)


def test_halves(library: Library) -> None:
    @library.function
    def bits(
        halves: Annotated[Buffer, In(c_half), Count(c_size_t, "halves")], /
    ) -> Annotated[int, c_uint]: ...

    assert bits(np.array([1, 2], np.float16)) == 0x3C00 + 0x4000
    assert is_in_c(bits)
    assert all("not served" not in reason for reason in library.fallbacks.values())
    for wrong in (np.ones(2, np.uint16), np.ones(2, np.float32), array("h", [1])):
        with pytest.raises(TypeError, match=r"must have items of half, not of"):
            bits(wrong)


def test_rows_of_characters(library: Library) -> None:
    @library.function
    def tags(
        tags: Annotated[Buffer, In(c_char * 4), Count(c_size_t, "tags")], /
    ) -> Annotated[int, c_size_t]: ...

    assert tags(b"abc\1def\2") == 4
    with pytest.raises(TypeError, match=r"must have items of char\[4\], not of uint8_t"):
        tags(b"abc\1def")


@pytest.mark.skipif(sys.platform != "linux", reason="the library has another name")
def test_fftw(path: str, missing: Missing) -> None:
    """A transform in place, and one whose plan keeps both arrays."""
    try:
        fftw = Library("fftw3", __name__, system={"linux": "libfftw3.so.3"}, prefix="fftw_")
    except LibraryLoadError:
        missing("libfftw3 is not installed")
        raise

    class Plan(Handle):
        pass

    @fftw.function
    def plan_dft_1d(
        n: Int,
        source: Annotated[Buffer, Out(Pair, "n"), Keep("return")],
        result: Annotated[Buffer, Out(Pair, "n", in_place=True), Keep("return")],
        sign: Int, flags: Annotated[int, c_uint], /,
    ) -> Annotated[Plan, c_void_p, Owned]: ...  # fmt: skip
    @fftw.function
    def destroy_plan(plan: Annotated[Plan, c_void_p, Closes], /) -> None: ...
    @fftw.function
    def execute(plan: Annotated[Plan, c_void_p], /) -> None: ...

    estimate = 1 << 6
    source, result = np.zeros(8, np.complex128), np.zeros(8, np.complex128)
    with plan_dft_1d(8, source, result, -1, estimate) as plan:
        source[:] = [complex(math.cos(math.pi / 2 * each), 0) for each in range(8)]
        execute(plan)
        assert np.allclose(result, np.fft.fft(source))
    with pytest.raises(ValueError, match=r"must have 9 \(n\) items, not 8"):
        plan_dft_1d(9, source, result, -1, estimate)
