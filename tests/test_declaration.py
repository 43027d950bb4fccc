"""Declarations: what is read from a typed function, and which ones are refused."""

import ctypes
import re
from ctypes import (
    POINTER,
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_size_t,
    c_uint8,
    c_void_p,
)  # fmt: skip
from typing import Annotated, Any, Optional

import pytest
from support import HEADER

from pyexample.ffi import Buffer, Count, DeclarationError, In, Library, Out
from pyexample.ffi.declaration import Declaration
from pyexample.ffi.values import Value
from pyexample.libexample import library

INTEGERS = [
    ctypes.c_int8, ctypes.c_uint8, ctypes.c_int16, ctypes.c_uint16, ctypes.c_int32,
    ctypes.c_uint32, ctypes.c_int64, ctypes.c_uint64, ctypes.c_short, ctypes.c_ushort,
    ctypes.c_int, ctypes.c_uint, ctypes.c_long, ctypes.c_ulong, ctypes.c_longlong,
    ctypes.c_ulonglong, ctypes.c_size_t, ctypes.c_ssize_t, ctypes.c_byte, ctypes.c_ubyte,
]  # fmt: skip


@pytest.mark.parametrize("ctype", INTEGERS)
def test_limits_of_an_integer_are_those_of_its_type(ctype: Any) -> None:
    value = Value("it", int, ctype)
    # ctypes wraps: one more than the greatest is the least, and the other way round.
    assert ctype(value.low).value == value.low
    assert ctype(value.high).value == value.high
    assert ctype(value.high + 1).value == value.low
    assert ctype(value.low - 1).value == value.high
    bits = 8 * ctypes.sizeof(ctype)
    assert value.c_name == (f"int{bits}_t" if value.low < 0 else f"uint{bits}_t")


def test_a_range_narrows() -> None:
    value = Value("it", int, c_int32)
    value.narrow("it", range(0, 10))
    assert (value.low, value.high, value.c_name) == (0, 9, "int32_t")


@pytest.mark.parametrize(
    ("declared", "ctype", "python_type", "nullable", "c_name"),
    [
        (bool, c_bool, bool, False, "bool"),
        (float, c_float, float, False, "float"),
        (float, c_double, float, False, "double"),
        (bytes, c_char_p, bytes, False, "char *"),
        (str | None, c_char_p, str, True, "char *"),
        (Optional[int], c_void_p, int, True, "void *"),  # noqa: UP045
        (Any, POINTER(c_int32), Any, False, f"LP_{c_int32.__name__}"),
    ],
)
def test_values(
    declared: Any, ctype: Any, python_type: Any, nullable: bool, c_name: str
) -> None:
    value = Value("it", declared, ctype)
    assert (value.python_type, value.nullable, value.c_name) == (python_type, nullable, c_name)


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (int, "expected Annotated[python type, C type], not <class 'int'>"),
        (Annotated[int, int], "<class 'int'> is not a ctypes type"),
        (Annotated[int, 7], "7 is not a ctypes type"),
        (Annotated[float, c_int32], "int stands for int32_t, not <class 'float'>"),
        (Annotated[int, c_double], "float stands for double, not <class 'int'>"),
        (Annotated[int, c_char_p], "bytes or str stands for char *, not <class 'int'>"),
        (Annotated[int | str, c_int32], "int stands for int32_t, not int | str"),
        (Annotated[int | None, c_int32], "int32_t is no pointer, it cannot be None"),
        (Annotated[int, c_uint8, range(-1, 9)], "range(-1, 9) goes beyond uint8_t"),
        (Annotated[int, c_uint8, range(0, 257)], "range(0, 257) goes beyond uint8_t"),
        (Annotated[int, c_uint8, range(0, 9, 2)], "range(0, 9, 2) is empty, or has not the"),
        (Annotated[int, c_uint8, range(0)], "range(0, 0) is empty, or has not the step 1"),
        (Annotated[int, c_uint8, 3], "3 cannot stand behind uint8_t"),
        (Annotated[int, range(3), c_uint8], "range(0, 3) is not a ctypes type"),
        (Annotated[int, c_uint8, c_uint8], "c_ubyte'> cannot stand behind uint8_t"),
        (Annotated[Buffer, In(c_uint8), Out(c_uint8)], "cannot stand behind const uint8_t *"),
        (Annotated[Buffer, Count(c_size_t, "number")], "expected a C type behind"),
        (Annotated[Buffer, In(c_uint8), Count(c_size_t, "x")], "not x"),
        (Annotated[Buffer, In(c_uint8), Count(c_size_t)], "not none"),
        (Annotated[float, c_double, range(3)], "only an integer has a range, not double"),
    ],
)
def test_contradictions(annotation: Any, complaint: str) -> None:
    def function(number, /):  # type: ignore[no-untyped-def]
        ...

    function.__annotations__ = {"number": annotation, "return": None}
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert str(caught.value).startswith("function() parameter 'number'")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("item", [int, c_char_p, c_void_p, POINTER(c_int32), 7])
def test_items_that_are_not_served(item: Any) -> None:
    with pytest.raises(DeclarationError, match=r"is not a ctypes type|are not served"):
        In(item)


def test_a_count_is_an_integer() -> None:
    with pytest.raises(DeclarationError, match=r"Count: .* is not an integer type"):
        Count(c_double, "numbers")


def test_the_c_arguments_of_buffers() -> None:
    def function(
        numbers: Annotated[Buffer, Count(c_size_t, "numbers", "out"), In(c_int32)],
        out: Annotated[Buffer, Out(None)],
        /,
    ) -> None: ...

    library_function = ctypes.CFUNCTYPE(None)(lambda: None)
    declaration = Declaration(function)
    declaration.apply(library_function)
    assert library_function.argtypes == [c_size_t, POINTER(c_int32), c_void_p]
    assert library_function.restype is None
    assert [argument.spec.c_name for argument in declaration.arguments] == [
        "uint64_t" if ctypes.sizeof(c_size_t) == 8 else "uint32_t",
        "const int32_t *",
        "void *",
    ]


def test_contradiction_in_a_result() -> None:
    def function() -> Annotated[float, c_int32]: ...  # type: ignore[empty-body]

    with pytest.raises(DeclarationError, match=r"^function\(\) result: int stands for int32_t"):
        Declaration(function)


def _keyword(number: Annotated[int, c_int32]) -> None: ...
def _keyword_only(*, number: Annotated[int, c_int32]) -> None: ...
def _star(*numbers: Annotated[int, c_int32]) -> None: ...
def _star_star(**numbers: Annotated[int, c_int32]) -> None: ...
def _default(number: Annotated[int, c_int32] = 7, /) -> None: ...
def _no_result(number: Annotated[int, c_int32], /): ...  # type: ignore[no-untyped-def]
def _no_annotation(number, /) -> None: ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (_keyword, "end the list with a '/'"),
        (_keyword_only, "no keyword-only ones"),
        (_star, "no keyword-only ones, no [*] and no [*][*]"),
        (_star_star, "no keyword-only ones, no [*] and no [*][*]"),
        (_default, "C's parameters have no defaults"),
        (_no_result, "has no annotation for return"),
        (_no_annotation, "has no annotation for number"),
    ],
)
def test_signatures_that_c_does_not_have(function: Any, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        Declaration(function)


def test_annotations_may_be_strings() -> None:
    def function(number: "Annotated[int, c_uint8]", /) -> "Annotated[bool, c_bool]": ...  # type: ignore[empty-body]

    declaration = Declaration(function)
    assert declaration.arguments[0].spec.ctype is c_uint8
    assert declaration.result is not None
    assert declaration.result.ctype is c_bool


def test_a_function_that_the_library_lacks() -> None:
    with pytest.raises(DeclarationError, match=r"cube\(\) is declared, but .* has no such"):

        @library.function
        def cube(number: Annotated[int, c_int32], /) -> Annotated[int, c_int32]: ...  # type: ignore[empty-body]


def test_every_declaration_is_kept() -> None:
    assert isinstance(library, Library)
    # Those of the header, whatever their order.
    functions = re.findall(r"^EXAMPLE_API\s[^;(]*?(\w+)\s*\(", HEADER.read_text(), re.MULTILINE)
    assert set(library.declarations) == set(functions)
    assert all(name == each.name for name, each in library.declarations.items())
