"""Every type at every position, and mixtures: what arrives in C, bit for bit.

A generated library has a function for each signature. It stores its arguments as they
arrived, and returns one of them. What is stored must be what plain ctypes makes arrive.
"""

import ctypes
import math
import random
import struct
from collections.abc import Callable
from ctypes import c_bool, c_char_p, c_double, c_float, c_void_p
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import COUNTS_REFERENCES, FASTCALL_IS_SERVED, HIGHEST_ADDRESS, Package

from pyexample.ffi import Library

RANDOM = random.Random(20261123)  # noqa: S311
MOST = 12  # arguments
SLOT = 8  # bytes of the echo for each


class Type:
    """A C type, what stands for it in Python, and values to try."""

    def __init__(self, c: str, python: Any, ctype: Any, values: list[Any]) -> None:
        self.c = c
        self.ctype = ctype
        self.annotation: Any = Annotated[python, ctype]
        self.values = values


def integer(c: str, ctype: Any, low: int, high: int) -> Type:
    values = [low, high, 0, 1, low + 1, high - 1, high // 2, *([-1] if low else [])]
    values += [RANDOM.randint(low, high) for _ in range(8)]
    return Type(c, int, ctype, values)


INTEGERS = [
    integer(f"{'u' if unsigned else ''}int{bits}_t", ctype, low, low + (1 << bits) - 1)
    for bits in (8, 16, 32, 64)
    for unsigned in (False, True)
    for low in [0 if unsigned else -(1 << bits - 1)]
    for ctype in [getattr(ctypes, f"c_{'u' if unsigned else ''}int{bits}")]
]
FLOATS = [0.0, -0.0, 1.5, -1.5, math.pi, math.inf, -math.inf, math.nan, 5e-324, 1e-40, 3.4e38]
TYPES = [
    *INTEGERS,
    Type("bool", bool, c_bool, [True, False]),
    Type("float", float, c_float, FLOATS),
    Type("double", float, c_double, [*FLOATS, 1.8e308, 2**53 + 1, 10**300]),
    # Where bytes do not move; elsewhere ctypes passes a copy, each time at another address.
    Type(
        "const char *",
        bytes | None,
        c_char_p,
        [b"", b"text", b"\xff" * 100, None] if COUNTS_REFERENCES else [None],
    ),
    Type(
        "void *",
        int | None,
        c_void_p,
        [None, 1, HIGHEST_ADDRESS >> 17, HIGHEST_ADDRESS // 2 + 1, HIGHEST_ADDRESS],
    ),
]
INT32 = next(each for each in TYPES if each.c == "int32_t")

Signature = tuple[Type, tuple[Type, ...]]
"""The type of the result, which is that of one of the arguments, and the arguments'."""


def signatures() -> list[Signature]:
    """Every type at every position, among integers; then mixtures."""
    others = [INT32] * MOST
    result = [
        (each, (*others[:position], each, *others[position + 1 :]))
        for each in TYPES
        for position in range(MOST)
    ]
    result += [(each, (each,)) for each in TYPES]
    result += [(each, (each,) * MOST) for each in TYPES]
    for _ in range(200):
        mixed = tuple(RANDOM.choices(TYPES, k=RANDOM.randint(1, MOST)))
        result.append((RANDOM.choice(mixed), mixed))
    return result


def c_source(all_signatures: list[Signature]) -> str:
    lines = [
        "#include <stdbool.h>",
        "#include <stdint.h>",
        "#include <string.h>",
        f"char echo[{MOST * SLOT}];",
    ]
    for number, (result, arguments) in enumerate(all_signatures):
        parameters = ", ".join(f"{each.c} a{i}" for i, each in enumerate(arguments))
        store = "".join(
            f" memcpy(echo + {i * SLOT}, &a{i}, sizeof a{i});" for i in range(len(arguments))
        )
        body = f"{store} return a{arguments.index(result)};"
        lines.append(f"{result.c} f{number}({parameters}) {{{body} }}")
    return "\n".join(lines)


def declare(library: Library, number: int, signature: Signature) -> Callable[..., Any]:
    """The function ``f<number>``, declared as anybody would, but for its names."""
    result, arguments = signature
    names = [f"a{i}" for i in range(len(arguments))]
    namespace: dict[str, Any] = {}
    parameters = ", ".join((*names, "/")) if names else ""
    exec(f"def f{number}({parameters}): ...", namespace)  # noqa: S102
    function = namespace[f"f{number}"]
    function.__annotations__ = {
        **{name: each.annotation for name, each in zip(names, arguments, strict=True)},
        "return": result.annotation,
    }
    function.__module__ = __name__
    declared: Callable[..., Any] = library.function(release_gil=bool(number % 2))(function)
    return declared


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, NaN and the sign of zero included."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("d", one) == struct.pack("d", other)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_echo(
    package: Package,
    path: str,
    compiler: str,
    tool: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # clang relies on its caller to extend narrow arguments; gcc does not.
    monkeypatch.setenv("CC", tool(compiler))
    every = signatures()
    package.compile(c_source(every), "c", "-O2")
    library = Library("c", f"{package.name}.module")
    echo = (ctypes.c_char * (MOST * SLOT)).in_dll(library.cdll, "echo")
    for number, signature in enumerate(every):
        function = declare(library, number, signature)
        assert (type(function) is BuiltinFunctionType) == (path == "builtin")
        raw = getattr(library.cdll, f"f{number}")
        for _ in range(20):
            values = [RANDOM.choice(each.values) for each in signature[1]]
            echo.raw = b"\xaa" * len(echo)
            expected_result = raw(*values)
            expected = echo.raw
            echo.raw = b"\xaa" * len(echo)
            result = function(*values)
            called = f"f{number}({', '.join(each.c for each in signature[1])})({values})"
            assert echo.raw == expected, called
            assert same(result, expected_result), called


NARROW = [*INTEGERS, next(each for each in TYPES if each.c == "bool")]


# Elsewhere (s390x, 32-bit Arm) it is the callee who extends a narrow result.
@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="needs an ABI that has fast calls")
@pytest.mark.parametrize("each", NARROW, ids=lambda each: each.c)
def test_results_whatever_lies_above_them(package: Package, path: str, each: Type) -> None:
    """A callee leaves the bits of the register above a narrow result as they are."""
    package.compile("#include <stdint.h>\nuint64_t bits; uint64_t f0(void) { return bits; }")
    library = Library("c", f"{package.name}.module")
    function = declare(library, 0, (each, ()))
    returned = ctypes.c_uint64.in_dll(library.cdll, "bits")
    for bits in (0, 1, 2**64 - 1, 0xFFFFFFFFFFFFFF80, 0x8000000080008001):
        # All of a bool's own byte is 0 or 1.
        returned.value = bits & ~0xFE if each.ctype is c_bool else bits
        expected = each.ctype.from_buffer_copy(returned).value
        assert same(function(), expected)
