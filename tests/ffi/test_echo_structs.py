"""Structures by value, of every size and class: what arrives in C and comes back, bit for bit.

A generated library has a function for each signature. It stores its arguments as they arrived,
overwrites them, and returns one of them. So the compiler that made the library says how each
is passed; what is stored and returned must be what was given, all but the padding.
"""

import ctypes
import itertools
import platform
import random
import sys
from collections.abc import Callable, Iterator
from ctypes import c_double, c_float, c_int8, c_int16, c_int32, c_int64, c_longdouble, c_void_p
from types import BuiltinFunctionType
from typing import Annotated, Any

import pytest
from support import FASTCALL_IS_SERVED, Package

from pyexample.ffi import Library

RANDOM = random.Random(20261126)  # noqa: S311
SLOT = 512  # bytes of the echo for each argument
MOST = 16  # arguments

IS_ARM = platform.machine().lower() in ("arm64", "aarch64")

NUMBERS: dict[str, Any] = {
    "int8_t": c_int8,
    "int16_t": c_int16,
    "int32_t": c_int32,
    "int64_t": c_int64,
    "float": c_float,
    "double": c_double,
    "void *": c_void_p,
    "long double": c_longdouble,
}


class Shape:
    """A structure type, in C and in ctypes."""

    names = itertools.count()

    def __init__(self, members: list[tuple[Any, int]]) -> None:
        """``members`` are pairs of a type's name or a Shape and a length, 0 for no array."""
        self.members = members
        self.name = f"s{next(self.names)}"
        fields = [
            (f"m{i}", _ctype(kind) * length if length else _ctype(kind))
            for i, (kind, length) in enumerate(members)
        ]
        self.ctype: Any = type(self.name, (ctypes.Structure,), {"_fields_": fields})
        self.size = ctypes.sizeof(self.ctype)
        self.mask = bytearray(self.size)
        """0xff for each byte that is no padding."""
        for at, size in _numbers(self.ctype, 0):
            self.mask[at : at + size] = b"\xff" * size

    def definition(self) -> str:
        """The type in C, and its size to compare."""
        fields = " ".join(
            f"{_c(kind)} m{i}{f'[{length}]' if length else ''};"
            for i, (kind, length) in enumerate(self.members)
        )
        return (
            f"typedef struct {{ {fields} }} {self.name};"
            f' _Static_assert(sizeof({self.name}) == {self.size}, "{self.name}");'
        )

    def __str__(self) -> str:
        inner = ", ".join(f"{kind}[{n}]" if n else f"{kind}" for kind, n in self.members)
        return f"{{{inner}}}"

    def has(self, number: str) -> bool:
        """Whether it has such a member."""
        return any(
            kind.has(number) if isinstance(kind, Shape) else kind == number
            for kind, _ in self.members
        )

    def has_array(self) -> bool:
        """Whether it has an array."""
        return any(
            n or (isinstance(kind, Shape) and kind.has_array()) for kind, n in self.members
        )

    def make(self) -> Any:
        """One with any bits."""
        return self.ctype.from_buffer_copy(RANDOM.randbytes(self.size))

    def content(self, value: Any) -> bytes:
        """Its bytes, with zeros for padding."""
        return bytes(a & b for a, b in zip(bytes(value)[: self.size], self.mask, strict=True))


def _ctype(kind: Any) -> Any:
    return kind.ctype if isinstance(kind, Shape) else NUMBERS[kind]


def _c(kind: Any) -> str:
    return kind.name if isinstance(kind, Shape) else kind


def _numbers(ctype: Any, start: int) -> Iterator[tuple[int, int]]:
    """The offset and the size of each number."""
    if hasattr(ctype, "_length_"):
        step = ctypes.sizeof(ctype._type_)
        for index in range(ctype._length_):
            yield from _numbers(ctype._type_, start + index * step)
    elif hasattr(ctype, "_fields_"):
        for name, kind in ctype._fields_:
            yield from _numbers(kind, start + getattr(ctype, name).offset)
    else:
        # An x87 number has ten bytes.
        is_x87 = ctype is c_longdouble and not IS_ARM and ctypes.sizeof(ctype) == 16
        yield start, 10 if is_x87 else ctypes.sizeof(ctype)


ANY = ("int8_t", "int16_t", "int32_t", "int64_t", "float", "double", "void *")


def shapes() -> list[Shape]:
    """Up to three members of some types, arrays of each length, nested ones, large ones."""
    found = [Shape([(one, 0)]) for one in ANY]
    found += [Shape([(a, 0), (b, 0)]) for a in ANY for b in ANY]
    few = ("int8_t", "int32_t", "int64_t", "float", "double")
    found += [
        Shape([(each, 0) for each in three]) for three in itertools.product(few, repeat=3)
    ]
    found += [Shape([("float", 0)] * n) for n in (4, 5)]
    found += [Shape([("double", 0)] * n) for n in (4, 5)]
    found += [Shape([(each, n)]) for each in few for n in range(1, 6)]
    found += [Shape([("int8_t", n)]) for n in range(6, 18)]
    # As large as docs/make-calls-fast.md says.
    found += [Shape([("double", n)]) for n in (17, 24, 25, 63, 64)]
    found += [Shape([("int64_t", 64)]), Shape([("float", 100), ("int8_t", 0)])]
    inner = [each for each in found if each.size <= 16]
    for _ in range(80):
        kinds: list[Any] = [
            RANDOM.choice(inner) if RANDOM.random() < 0.4 else RANDOM.choice(ANY)
            for _ in range(RANDOM.randint(1, 3))
        ]
        found.append(Shape([(kind, RANDOM.choice((0, 0, 1, 2))) for kind in kinds]))
    return found


Argument = Any  # a Shape, or "int64_t" or "double"
Signature = tuple[Argument, ...]
"""The arguments. The first structure among them is the result."""


def signatures() -> list[Signature]:
    """Each alone, and among so many numbers that registers run out; pairs of them."""
    every = shapes()
    result: list[Signature] = [(each,) for each in every]
    for each in every:
        numbers = ["int64_t"] * RANDOM.randint(0, 8) + ["double"] * RANDOM.randint(0, 8)
        RANDOM.shuffle(numbers)
        # A result in memory takes the place of one more.
        result.append((*numbers[:12], each, "double", "int64_t"))
    small = [each for each in every if each.size <= 32]
    for _ in range(150):
        some = RANDOM.choices([*small, *["int64_t", "double"] * 40], k=RANDOM.randint(1, 4))
        result.append((*some, RANDOM.choice(every[:-90]), *RANDOM.choices(small, k=2)))
    return [each for each in result if _size(each) <= SLOT]


def _size(signature: Signature) -> int:
    return sum((each.size + 15) // 16 * 16 for each in signature if isinstance(each, Shape))


def _result(signature: Signature) -> int:
    return next(i for i, each in enumerate(signature) if isinstance(each, Shape))


def _used(signature: Signature) -> Iterator[Shape]:
    """The structures, inner ones first."""
    for each in signature:
        if isinstance(each, Shape):
            yield from _used(tuple(kind for kind, _ in each.members))
            yield each


def c_source(every: list[Signature]) -> str:
    lines = [
        "#include <stdint.h>",
        "#include <string.h>",
        f"char echo[{MOST * SLOT}];",
        # Not known to the compiler, so the argument itself is overwritten.
        "static void *(*volatile overwrite)(void *, int, size_t) = memset;",
    ]
    used = {each.name: each for signature in every for each in _used(signature)}
    lines += [each.definition() for each in used.values()]
    for number, signature in enumerate(every):
        parameters = ", ".join(f"{_c(each)} a{i}" for i, each in enumerate(signature))
        store = "".join(
            f" memcpy(echo + {i * SLOT}, &a{i}, sizeof a{i});" for i in range(len(signature))
        )
        store += "".join(
            f" overwrite(&a{i}, 0x33, sizeof a{i});" for i in range(len(signature))
        )
        result = _result(signature)
        kind = _c(signature[result])
        lines.append(
            f"{kind} f{number}({parameters}) {{ {kind} result = a{result};{store}"
            " return result; }"
        )
    return "\n".join(lines)


def declare(library: Library, number: int, signature: Signature) -> Callable[..., Any]:
    """The function ``f<number>``."""
    names = [f"a{i}" for i in range(len(signature))]
    namespace: dict[str, Any] = {}
    exec(f"def f{number}({', '.join((*names, '/'))}): ...", namespace)  # noqa: S102
    function = namespace[f"f{number}"]
    numbers: dict[Any, Any] = {
        "int64_t": Annotated[int, c_int64],
        "double": Annotated[float, c_double],
    }
    annotations = [
        Annotated[each.ctype, each.ctype] if isinstance(each, Shape) else numbers[each]
        for each in signature
    ]
    function.__annotations__ = {
        **dict(zip(names, annotations, strict=True)),
        "return": annotations[_result(signature)],
    }
    function.__module__ = __name__
    declared: Callable[..., Any] = library.function(release_gil=bool(number % 2))(function)
    return declared


def is_right_in_ctypes(signature: Signature) -> bool:
    """Whether every version of ctypes and libffi passes it.

    libffi 3.4.4 for x86-64 puts more than a structure's first half into the last integer
    register, over the first vector register. ctypes describes arrays as structures: on arm64
    wrongly, and on s390x of one floating point number, which is then passed like that.
    """
    is_alone = len(signature) == 1
    is_wrong = IS_ARM or platform.machine() == "s390x"
    return is_alone and not (is_wrong and signature[0].has_array())


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_structures_by_value(
    package: Package,
    path: str,
    compiler: str,
    tool: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CC", tool(compiler))
    every = [each for each in SIGNATURES if path == "builtin" or is_right_in_ctypes(each)]
    assert len(every) > 150
    check(package, every, lambda _: path == "builtin")


SIGNATURES = signatures()


def check(
    package: Package, every: list[Signature], is_builtin: Callable[[Signature], bool]
) -> None:
    package.compile(c_source(every), "c", "-O2")
    library = Library("c", f"{package.name}.module")
    echo = (ctypes.c_char * (MOST * SLOT)).in_dll(library.cdll, "echo")
    for number, signature in enumerate(every):
        function = declare(library, number, signature)
        called = f"f{number}({', '.join(map(str, signature))})"
        assert (type(function) is BuiltinFunctionType) == is_builtin(signature), called
        for _ in range(3):
            values: list[Any] = [
                each.make()
                if isinstance(each, Shape)
                else RANDOM.randint(-(2**63), 2**63 - 1)
                if each == "int64_t"
                else RANDOM.uniform(-1e300, 1e300)
                for each in signature
            ]
            given = [bytes(as_c(*both)) for both in zip(signature, values, strict=True)]
            echo.raw = b"\xaa" * len(echo)
            result = function(*values)
            arrived = echo.raw
            for i, (each, value) in enumerate(zip(signature, values, strict=True)):
                content = arrived[i * SLOT : i * SLOT + len(given[i])]
                assert same(each, content, given[i]), f"{called}: argument {i}"
                # On Windows, ctypes itself passes no copy of 3 bytes.
                if sys.platform != "win32" or type(function) is BuiltinFunctionType:
                    assert bytes(as_c(each, value)) == given[i], f"{called}: a copy is passed"
            at = _result(signature)
            assert type(result) is signature[at].ctype
            assert same(signature[at], bytes(result), given[at]), f"{called}: the result"
            assert result._b_base_ is None


def as_c(each: Argument, value: Any) -> Any:
    return value if isinstance(each, Shape) else NUMBERS[each](value)


def same(each: Argument, one: bytes, other: bytes) -> bool:
    return each.content(one) == each.content(other) if isinstance(each, Shape) else one == other


@pytest.mark.skipif(sys.platform == "win32", reason="MinGW's long double is not Python's")
def test_long_double(package: Package, path: str) -> None:
    """It is passed in memory, or by ctypes. One alone is not returned."""
    alone, first = Shape([("long double", 0)]), Shape([("int64_t", 3)])
    every: list[Signature] = []
    for each in (
        alone,
        Shape([("long double", 0)] * 2),
        Shape([("int8_t", 0), ("long double", 0)]),
    ):
        every += [(first, each), (first, "int64_t", each, each, "int64_t")]
        every.append((first, "double", each, *["int64_t"] * 8, each))
        every += [] if each is alone else [(each,), ("int64_t", each, "double", each)]
    is_served = not IS_ARM or ctypes.sizeof(c_longdouble) == 8
    check(package, every, lambda _: path == "builtin" and is_served)


def test_too_large(package: Package, path: str) -> None:
    """What is beyond the room that libfastcall has."""
    large, half = Shape([("int8_t", SLOT + 1)]), Shape([("int64_t", 40)])
    package.compile(
        c_source([(half, half)])
        + large.definition()
        + f"{large.name} f1({large.name} a) {{ return a; }}"
    )
    library = Library("c", f"{package.name}.module")
    both, one = declare(library, 0, (half, half)), declare(library, 1, (large,))
    a, b, c = half.make(), half.make(), large.make()
    assert half.content(both(a, b)) == half.content(a)
    assert large.content(one(c)) == large.content(c)
    if path == "builtin":
        assert library.fallbacks == {
            "f0": "it has more bytes of structures than are served",
            "f1": f"f1() parameter 'a0' ({large.name}): a structure of 513 bytes is not served",
        }


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="needs an ABI that has fast calls")
def test_variadic(package: Package, path: str) -> None:
    """Where the ABI has the rest of the arguments as others."""
    every = [
        Shape([("double", 0), ("double", 0)]),
        Shape([("float", 0), ("float", 0), ("float", 0)]),
        Shape([("int8_t", 0)]),
        Shape([("int64_t", 0), ("double", 0)]),
        Shape([("int64_t", 0)]),
        Shape([("int64_t", 3)]),
    ]
    lines = ["#include <stdarg.h>\n#include <stdint.h>\n"]
    for number, each in enumerate(every):
        take = "".join(
            " (void)va_arg(rest, int64_t); (void)va_arg(rest, double);"
            for _ in range(number % 4)
        )
        lines += [
            each.definition(),
            f"{each.name} f{number}(int64_t n, ...) {{ va_list rest; va_start(rest, n);{take}"
            f" {each.name} made = va_arg(rest, {each.name}); va_end(rest); return made; }}",
        ]
    package.compile("\n".join(lines))
    library = Library("c", f"{package.name}.module")
    for number, each in enumerate(every):
        signature: Signature = ("int64_t", *["int64_t", "double"] * (number % 4), each)
        names = [f"a{i}" for i in range(len(signature))]
        namespace: dict[str, Any] = {}
        exec(f"def f{number}({', '.join((*names, '/'))}): ...", namespace)  # noqa: S102
        function = namespace[f"f{number}"]
        kinds: dict[Any, Any] = {
            "int64_t": Annotated[int, c_int64],
            "double": Annotated[float, c_double],
            each: Annotated[each.ctype, each.ctype],
        }
        function.__annotations__ = {
            **{name: kinds[kind] for name, kind in zip(names, signature, strict=True)},
            "return": kinds[each],
        }
        declared = library.function(fixed=1)(function)
        value = each.make()
        numbers = [1 if kind == "int64_t" else 2.5 for kind in signature[:-1]]
        assert each.content(declared(*numbers, value)) == each.content(value), f"{each}"
