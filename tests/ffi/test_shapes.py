"""Arrays of several dimensions: their shape, order and stride; arrays of pointers to rows."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import os
import sys
from array import array
from collections.abc import Sequence
from ctypes import c_char, c_double, c_float, c_int, c_size_t, c_uint8
from typing import Annotated, Any

import numpy
import pytest
from support import Missing, Package

from pyexample.ffi import (
    TERMINATED,
    ArrayOf,
    Buffer,
    Constant,
    Count,
    DeclarationError,
    Filled,
    In,
    Library,
    LibraryLoadError,
    Out,
    Raises,
    Stride,
)
from pyexample.ffi.declaration import Declaration

np: Any = numpy

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
double at(const double *a, int rows, int columns, int lda, int row, int column) {
    (void)rows; (void)columns;
    return a[row * lda + column];
}
void fill(double *a, int rows, int columns, int ld) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) a[i * ld + j] = 10 * i + j;
}
int dims(const float *a, int rows, int columns) { (void)a; return 1000 * rows + columns; }
void column_sums(const double *a, int rows, int columns, double *sums) {
    for (int j = 0; j < columns; j++) {
        sums[j] = 0;
        for (int i = 0; i < rows; i++) sums[j] += a[i * columns + j];
    }
}
int product(const int *x, const int *y, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}
void invert(uint8_t *pixels, int width, int height, int stride) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < 4 * width; x++)
            pixels[y * stride + x] = (uint8_t)~pixels[y * stride + x];
}
double trace(const double *const *rows, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += rows[i] ? rows[i][i] : 100;
    return sum;
}
void ramp(float **channels, int count, size_t frames) {
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < frames; j++) channels[i][j] = (float)(i + 1) * (float)j;
}
int lines(const char *const *rows) { int n = 0; while (rows[n]) n++; return n; }
"""

Int = Annotated[int, c_int]
Double = Annotated[float, c_double]


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    return Library("c", f"{package.name}.module")


def matrix(rows: int, columns: int) -> Any:
    return np.arange(rows * columns, dtype=float).reshape(rows, columns)


def test_a_shape(library: Library) -> None:
    """Parameters, which the caller passes."""

    @library.function
    def at(
        a: Annotated[Buffer, In(c_double, ("rows", "columns"))], rows: Int, columns: Int,
        lda: Int, row: Int, column: Int, /,
    ) -> Double: ...  # fmt: skip

    assert at(matrix(2, 3), 2, 3, 3, 1, 2) == 5
    assert at(array("d", range(6)), 2, 3, 3, 1, 2) == 5, "of one dimension: any shape"
    with pytest.raises(
        ValueError,
        match=r"'a' .* must have the shape \(2, 3\) \(rows \* columns\), not \(3, 2\)$",
    ):
        at(matrix(3, 2), 2, 3, 3, 1, 2)
    with pytest.raises(ValueError, match=r"must have the shape \(2, 3\) .*, not \(6, 1\)$"):
        at(matrix(6, 1), 2, 3, 3, 1, 2)
    with pytest.raises(BufferError, match=r"must be C-contiguous"):
        at(matrix(3, 2).T, 2, 3, 3, 1, 2)


def test_dimensions_that_nobody_passes(library: Library) -> None:
    @library.function
    def dims(
        a: Annotated[
            Buffer | None, In(c_float, ("rows", "columns")), Count(c_int, "rows"),
            Count(c_int, "columns"),
        ],
        /,
    ) -> Int: ...  # fmt: skip
    @library.function
    def column_sums(
        a: Annotated[
            Buffer, In(c_double, ("rows", "columns")), Count(c_int, "rows"),
            Count(c_int, "columns"), Filled(list[float], c_double, "columns"),
        ],
        /,
    ) -> Annotated[list[float], None]: ...  # fmt: skip
    @library.function
    def product(
        x: Annotated[Buffer, In(c_int, "n")],
        y: Annotated[Buffer, In(c_int, "n"), Count(c_int, "n")], /,
    ) -> Int: ...  # fmt: skip

    assert dims(np.zeros((2, 3), np.float32)) == 2003
    assert dims(np.zeros((0, 7), np.float32)) == 7
    assert dims(None) == 0
    for wrong in (np.zeros(6, np.float32), np.zeros((2, 3, 1), np.float32), array("f", [1])):
        with pytest.raises(ValueError, match=r"'a' .* must have 2 dimensions, not [13]$"):
            dims(wrong)
    assert column_sums(matrix(2, 3)) == [3, 5, 7]
    assert product(array("i", [1, 2]), array("i", [3, 4])) == 11
    with pytest.raises(ValueError, match=r"'y' .* must have 2 \(n\) items, not 3$"):
        product(array("i", [1, 2]), array("i", [3, 4, 5]))


def test_a_number_that_c_cannot_count(library: Library) -> None:
    @library.function(symbol="dims")
    def small(
        a: Annotated[
            Buffer, In(c_float, ("rows", "columns")), Count(c_uint8, "rows"),
            Count(c_uint8, "columns"),
        ],
        /,
    ) -> Int: ...  # fmt: skip

    with pytest.raises(OverflowError, match=r"cannot count 256 items"):
        small(np.zeros((1, 256), np.float32))


@pytest.fixture
def strided(library: Library) -> Any:
    @library.function
    def fill(
        a: Annotated[
            Buffer, Out(c_double, ("rows", "columns")), Count(c_int, "rows"),
            Count(c_int, "columns"), Stride(c_int, "a"),
        ],
        /,
    ) -> None: ...  # fmt: skip

    return fill


def test_a_stride(strided: Any) -> None:
    whole = np.full((4, 5), -1.0)
    strided(whole[1:3, 1:4])
    assert whole[1:3, 1:4].tolist() == [[0, 1, 2], [10, 11, 12]]
    assert (whole == -1).sum() == 14
    strided(whole[::2, :2])
    assert whole[::2, :2].tolist() == [[0, 1], [10, 11]]
    one = np.lib.stride_tricks.as_strided(whole, (1, 3), (0, 8))  # as NumPy may have it
    for small in (np.zeros((0, 3)), np.zeros((3, 0)), whole[:1, :3], one):
        strided(small)
    for wrong, said in (
        (whole[:, ::2], "must have no gaps but those between rows"),
        (whole.T, "must have no gaps but those between rows"),
        (whole[:, ::-1], "must have no gaps but those between rows"),
        (whole[::-1], "must have rows that do not overlap"),
        (np.lib.stride_tricks.as_strided(whole, (3, 3), (8, 8)), "rows that do not overlap"),
        (np.broadcast_to(whole[0], (3, 5)), "must be writable"),
    ):
        with pytest.raises(BufferError, match=said):
            strided(wrong)
    with pytest.raises(ValueError, match="must have 2 dimensions"):
        strided(np.zeros(6))


def test_a_stride_needs_rows(library: Library) -> None:
    @library.function
    def fill(
        a: Annotated[Buffer, Out(c_double, ("rows", "columns"))], rows: Int,
        columns: Annotated[int, c_int, Stride(c_int, "a")], /,
    ) -> None: ...  # fmt: skip
    @library.function(symbol="fill")
    def small(
        a: Annotated[Buffer, Out(c_double, ("rows", "columns"))], rows: Int,
        columns: Annotated[int, c_int, Stride(c_uint8, "a")], /,
    ) -> None: ...  # fmt: skip

    fill(np.zeros((2, 3)), 2, 3)
    with pytest.raises(ValueError, match=r"'a' .* must have 2 dimensions$"):
        fill(array("d", range(6)), 2, 3)
    with pytest.raises(OverflowError, match=r"'columns' \(uint8_t\) cannot be 256$"):
        small(np.zeros((2, 256)), 2, 256)


def test_the_memory_between_the_rows_counts(library: Library) -> None:
    """Overlap with another buffer is refused as always."""

    @library.function(symbol="at")
    def two(
        a: Annotated[
            Buffer, Out(c_double, ("rows", "columns")), Count(c_int, "rows"),
            Count(c_int, "columns"), Stride(c_int, "a"),
        ],
        b: Annotated[Buffer, In(c_double), Count(c_int, "b"), Constant(c_int, 0)], /,
    ) -> Double: ...  # fmt: skip

    whole = matrix(4, 4)
    with pytest.raises(ValueError, match=r"'a' .* overlaps 'b'"):
        two(whole[1:3, 1:3], whole[2, :2])


def test_an_image(library: Library) -> None:
    @library.function
    def invert(
        pixels: Annotated[
            Buffer, Out(c_uint8, ("height", "width", 4)), Count(c_int, "width"),
            Count(c_int, "height"), Stride(c_int, "pixels"),
        ],
        /,
    ) -> None: ...  # fmt: skip

    whole = np.zeros((4, 6, 4), np.uint8)
    invert(whole[1:3, 2:5])
    assert (whole == 255).sum() == 2 * 3 * 4
    assert (whole[1:3, 2:5] == 255).all()
    with pytest.raises(ValueError, match=r"the shape \(4, 6, 4\).*, not \(4, 6, 3\)$"):
        invert(np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(BufferError, match="must have no gaps but those between rows"):
        invert(whole[:, :, :4][:, ::2])


def test_fortran_order(library: Library) -> None:
    @library.function
    def at(
        a: Annotated[
            Buffer, In(c_double, ("rows", "columns"), order="F"), Count(c_int, "rows"),
            Count(c_int, "columns"), Stride(c_int, "a"),
        ],
        row: Int, column: Int, /,
    ) -> Double: ...  # fmt: skip
    @library.function(symbol="dims")
    def whole(
        a: Annotated[
            Buffer, In(c_float, ("rows", "columns"), order="F"), Count(c_int, "rows"),
            Count(c_int, "columns"),
        ],
        /,
    ) -> Int: ...  # fmt: skip

    @library.function(symbol="at")
    def first(
        a: Annotated[
            Buffer, In(c_double, 6, order="F"), Constant(c_int, 2), Constant(c_int, 3),
            Constant(c_int, 3), Constant(c_int, 0), Constant(c_int, 1),
        ],
        /,
    ) -> Double: ...  # fmt: skip

    assert first(np.asfortranarray(matrix(2, 3))) == 3
    with pytest.raises(BufferError, match="must be Fortran-contiguous"):
        first(matrix(2, 3))

    a = np.asfortranarray(matrix(3, 4))
    assert at(a, 2, 1) == a[1, 2], "C's row is a column"
    assert at(a[1:, 1:], 1, 0) == a[1, 2]
    with pytest.raises(BufferError, match="must have no gaps but those between"):
        at(matrix(3, 4), 0, 0)
    assert whole(np.zeros((2, 3), np.float32, order="F")) == 2003
    with pytest.raises(BufferError, match=r"must be Fortran-contiguous: .* \.copy\(\"F\"\)"):
        whole(np.zeros((2, 3), np.float32))


def test_pointers_to_rows(library: Library) -> None:
    @library.function
    def trace(
        rows: Annotated[
            Sequence[Buffer | None], ArrayOf(In(c_double, at_least=2)), Count(c_int, "rows")
        ],
        /,
    ) -> Double: ...
    @library.function
    def ramp(
        channels: Annotated[
            Sequence[Buffer], ArrayOf(Out(c_float, "frames")), Count(c_int, "channels")
        ],
        frames: Annotated[int, c_size_t], /,
    ) -> None: ...  # fmt: skip
    @library.function
    def lines(
        rows: Annotated[Sequence[Buffer], ArrayOf(In(c_char, 3), TERMINATED)], /
    ) -> Int: ...

    square = matrix(2, 2)
    assert trace(list(square)) == 3
    assert trace([array("d", [5, 6]), None]) == 105
    assert trace([]) == 0
    with pytest.raises(ValueError, match=r"'rows', item .* must have at least 2 items, not 1$"):
        trace([array("d", [5, 6]), array("d", [1])])
    with pytest.raises(TypeError, match=r"'rows', item .* must have items of double"):
        trace([array("f", [5, 6])])
    with pytest.raises(TypeError, match="must be a sequence"):
        trace(square.tobytes())

    left, right = array("f", [0] * 3), array("f", [0] * 3)
    ramp([left, right], 3)
    assert (left.tolist(), right.tolist()) == ([0, 1, 2], [0, 2, 4])
    with pytest.raises(ValueError, match=r"item .* must have 4 \(frames\) items, not 3$") as it:
        ramp([left, right], 4)
    left.append(0)  # whatever keeps the error
    left.pop()
    del it
    with pytest.raises(BufferError, match=r"item .* must be writable"):
        ramp([left, memoryview(right).toreadonly()], 3)
    with pytest.raises(TypeError, match=r"item .* must be a buffer, not NoneType"):
        ramp([left, None], 3)  # type: ignore[list-item]
    assert lines([b"abc", b"def"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [In(c_double, ("n", "n")), Count(c_int, "n"), Stride(c_int, "other")],
            "Stride needs the names of buffer parameters, not other: a buffer whose shape",
        ),
        (
            [In(c_double, 3), Stride(c_int, "it")],
            "not it, which is const double *: a buffer whose",
        ),
        ([In(c_double, ("n", "m")), Count(c_int, "n")], "In needs the names of integer"),
        (
            [In(c_double, ("n", "n"))],
            "In needs the names of integer parameters, not n, n. If C gets the dimension of a"
            ' buffer, write Count(c_int, "n")',
        ),
        (
            [ArrayOf(In(c_double)), Count(c_int, "it")],
            "item (const double *): how many",
        ),
        (
            [ArrayOf(In(c_double, "n"), 3)],
            "item (const double *): In needs the names",
        ),
    ],
)
def test_what_is_refused(words: Any, said: str) -> None:
    def function(it, /):  # type: ignore[no-untyped-def]
        ...

    python_type = Sequence[Buffer] if isinstance(words[0], ArrayOf) else Buffer
    function.__annotations__ = {"it": Annotated[(python_type, *words)], "return": None}
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)


def test_words_that_contradict_themselves() -> None:
    with pytest.raises(DeclarationError, match='order is "C" or "F", not'):
        In(c_double, ("a", "b"), order="row")  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=r"Stride: .* is not an integer type"):
        Stride(c_double, "a")


class LapackError(Exception):
    pass


def failed(code: int, function: str, values: Any) -> Exception:
    return LapackError(function, code)


@pytest.mark.skipif(sys.platform != "linux", reason="the library has another name")
@pytest.mark.parametrize("order", ["C", "F"])
def test_lapack(path: str, missing: Missing, order: Any) -> None:
    """Linear equations, by LAPACKE_dgesv: nobody passes n, nrhs, lda or ldb."""
    try:
        lapacke = Library("lapacke", __name__, system={"linux": "liblapacke.so.3"})
    except LibraryLoadError:
        missing("liblapacke is not installed")
        raise
    layout = {"C": 101, "F": 102}[order]

    @lapacke.function(symbol="LAPACKE_dgesv")
    def solve(
        a: Annotated[
            Buffer, Constant(c_int, layout), Count(c_int, "n"), Count(c_int, "nrhs"),
            Out(c_double, ("n", "n"), order=order), Stride(c_int, "a"),
            Filled(list[int], c_int, "n"),
        ],
        b: Annotated[Buffer, Out(c_double, ("n", "nrhs"), order=order), Stride(c_int, "b")], /,
    ) -> Annotated[list[int], c_int, Raises(failed)]: ...  # fmt: skip

    coefficients = np.array([[2.0, 1, 0], [1, 3, 1], [0, 1, 4]], order=order)
    wanted = np.array([[1.0, 4], [2, 5], [3, 6]])
    whole = np.zeros((5, 4), order=order)
    right = whole[1:4, 1:3]  # part of a larger array
    right[:] = coefficients @ wanted
    assert len(solve(coefficients.copy(order), right)) == 3
    assert np.allclose(right, wanted)
    assert np.count_nonzero(whole) == 6
    with pytest.raises(LapackError):
        solve(np.zeros((3, 3), order=order), right)
    with pytest.raises(ValueError, match=r"'a' .* the shape \(2, 2\) .*, not \(2, 3\)"):
        solve(np.zeros((2, 3), order=order), right[:2])
    with pytest.raises(ValueError, match=r"'b' .* the shape \(3, 3\) .*, not \(2, 3\)"):
        solve(np.zeros((3, 3), order=order), np.zeros((2, 3), order=order))
