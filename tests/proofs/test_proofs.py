"""What CBMC proves of the C code, for all inputs; and that it refutes code that is wrong.

The proofs are in tests/proofs. CBMC also proves, of all that a proof runs through, that no
pointer goes astray, no shift or division is undefined and no signed integer overflows.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from support import ROOT, Argument, Tool, attempt

pytestmark = pytest.mark.slow


class Proof(NamedTuple):
    """A function of tests/proofs, and a bug that it has to find."""

    file: str
    function: str
    source: str  # the file to plant the bug in
    right: str
    wrong: str
    options: tuple[str, ...] = ()


# Only z3 is quick with products. With memory as well, nothing is: where the proof is about
# memory, the overflow of squares is left to square_is_exact_where_it_fits, which multiplies
# the same numbers. (The squares of a sum are of 64 bits, and at most 2^62.)
Z3 = ("--z3",)
NO_PRODUCTS = ("--no-signed-overflow-check",)
EXAMPLE = "src/c/example.c"
PORTABLE = "src/c/array_portable.c"
ARGUMENTS = "src/pyexample/ffi/c/arguments.h"
VALUES = "src/pyexample/ffi/c/values.h"
ABI = "src/pyexample/ffi/c/convention.h"
AGGREGATES = "src/pyexample/ffi/c/aggregates.h"

PROOFS = [
    Proof(
        "example.c",
        "square_is_exact_modulo_2_to_the_32",
        EXAMPLE,
        "(int32_t)(bits * bits)",
        "(int32_t)(bits * (bits & 0x7fffffff))",
        Z3,
    ),
    Proof(
        "example.c",
        "square_is_exact_where_it_fits",
        EXAMPLE,
        "const uint32_t bits = (uint32_t)number;",
        "const uint32_t bits = (uint16_t)number;",
        Z3,
    ),
    Proof(
        "example.c",
        "square_is_exact_where_it_fits",
        EXAMPLE,
        "return (int32_t)(bits * bits);",
        "return number * number + (int32_t)(bits >> 40);",
        Z3,
    ),
    Proof(
        "arrays.c",
        "sums_are_exact",
        "src/c/array.h",
        "total.high += total.low < shifted;",
        "total.high += total.low <= shifted;",
    ),
    Proof(
        "arrays.c",
        "one_by_one_stops_at_the_first_that_is_too_large",
        "src/c/array.h",
        "while (done < count && !is_too_large(numbers[done]))",
        "while (!is_too_large(numbers[done]) && done < count)",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "one_by_one_stops_at_the_first_that_is_too_large",
        "src/c/array.h",
        "number < -MAX_ROOT;",
        "number < -MAX_ROOT - 1 + (number == 7);",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "blocks_stop_at_the_first_that_is_too_large",
        PORTABLE,
        "while (count - done >= BLOCK)",
        "while (count - done >= BLOCK - 1)",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "blocks_stop_at_the_first_that_is_too_large",
        PORTABLE,
        "MAX_ROOT > 2 * MAX_ROOT",
        "MAX_ROOT > 2 * MAX_ROOT + 1",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "blocks_stop_at_the_first_that_is_too_large",
        PORTABLE,
        "(uint32_t)block[i] +",
        "block[i] +",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "blocks_stop_there_in_place_too",
        PORTABLE,
        "(numbers, squares, done, count)",
        "(numbers, squares, 0, count)",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "blocks_are_squared_in_order",
        PORTABLE,
        "block[i] *= block[i]",
        "block[i] *= block[0]",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "blocks_are_squared_in_order",
        PORTABLE,
        "memcpy(squares + done,",
        "memcpy(squares + done / 4,",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "sums_of_squares_are_exact",
        PORTABLE,
        "count < MAX_SUMMED ? count : MAX_SUMMED",
        "MAX_SUMMED",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "sums_of_squares_are_exact",
        PORTABLE,
        "low += (uint32_t)square;",
        "low += (uint64_t)(int32_t)square;",
        NO_PRODUCTS,
    ),
    Proof(
        "arrays.c",
        "sums_of_squares_are_exact",
        PORTABLE,
        "total = add_halves(total,",
        "total = add_halves((example_uint128){0, 0},",
        NO_PRODUCTS,
    ),
    Proof(
        "fastcall.c",
        "results_are_extended",
        VALUES,
        "case 2: return (int16_t)word;",
        "case 2: return (uint16_t)word;",
    ),
    Proof(
        "fastcall.c",
        "results_are_extended",
        VALUES,
        "((UINT64_C(1) << 8 * size) - 1)",
        "((1U << 8 * size) - 1)",
    ),
    Proof(
        "fastcall.c",
        "arguments_are_apart_and_within_the_frame",
        ABI,
        "(uint8_t)(FIRST_STACK_WORD + begin / 8)",
        "(uint8_t)(FIRST_STACK_WORD + begin / 16)",
    ),
    Proof(
        "fastcall.c",
        "arguments_are_apart_and_within_the_frame",
        ABI,
        "(uint8_t)(INTEGER_REGISTERS + taken->floats++)",
        "(uint8_t)(INTEGER_REGISTERS - 1 + taken->floats++)",
    ),
    Proof(
        "fastcall.c",
        "structures_are_apart_and_passed",
        AGGREGATES,
        "after.integers > INTEGER_REGISTERS || after.floats > FLOAT_REGISTERS",
        "after.integers > INTEGER_REGISTERS + 1 || after.floats > FLOAT_REGISTERS",
    ),
    Proof(
        "fastcall.c",
        "structures_are_apart_and_passed",
        ABI,
        "taken.stack > LARGE_WORDS * 8",
        "taken.stack > LARGE_WORDS * 9",
    ),
    Proof(
        "fastcall.c",
        "what_is_written_is_apart",
        ARGUMENTS,
        "b >= a + (size_t)one->len",
        "b + 1 >= a + (size_t)one->len",
    ),
    Proof(
        "fastcall.c",
        "counts_are_those_of_the_buffers",
        ARGUMENTS,
        "if (count >= 0 && items != count)",
        "if (count > 0 && items != count)",
    ),
    Proof(
        "fastcall.c",
        "counts_are_those_of_the_buffers",
        ARGUMENTS,
        "return count <= argument->high;",
        "return 1;",
    ),
    Proof(
        "fastcall.c",
        "counts_are_those_of_the_buffers",
        ARGUMENTS,
        "is_size ? view->itemsize",
        "is_size ? view->len",
    ),
]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the C code and of the proofs that a test may change."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.py"))
    shutil.copytree(ROOT / "tests" / "proofs", tmp_path / "tests" / "proofs")
    return tmp_path


def verdict(tool: Tool, code: Path, proof: Proof) -> str:
    """CBMC's last line. An error in the proof itself has none."""
    include: list[Argument] = [f"-I{code}/src/c/include", f"-I{code}/src/c"]
    files: list[Argument] = [code / "tests" / "proofs" / proof.file]
    if proof.file == "example.c":
        files.append(code / "src" / "c" / "example.c")
    if "--z3" in proof.options:
        tool("z3")
    # The longest loop is over FASTCALL_MAX_ARGUMENTS; a longer one would be an error. One
    # failure is enough: whether there are more can take CBMC minutes.
    options = ["--unwind", "18", "--drop-unused-functions", "--slice-formula", "--stop-on-fail"]
    command = [tool("cbmc"), *files, *include, "--function", proof.function, *options]
    command += proof.options
    done = attempt(command, timeout=300)
    last = done.stdout.rstrip().rpartition("\n")[2]
    assert last in ("VERIFICATION SUCCESSFUL", "VERIFICATION FAILED"), done.stdout + done.stderr
    return last


@pytest.mark.parametrize(
    "proof", PROOFS, ids=[f"{proof.function}-{proof.wrong[:30]}" for proof in PROOFS]
)
def test_it_is_proven_and_a_mutant_is_not(proof: Proof, code: Path, tool: Tool) -> None:
    assert verdict(tool, code, proof) == "VERIFICATION SUCCESSFUL"
    source = code / proof.source
    text = source.read_text()
    assert text.count(proof.right) == 1
    source.write_text(text.replace(proof.right, proof.wrong))
    assert verdict(tool, code, proof) == "VERIFICATION FAILED"
