"""Declarations: what is read from a typed function, and which ones are refused."""

import ctypes
import inspect
import re
import sys
from collections.abc import Callable
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
from enum import IntEnum
from typing import Annotated, Any, Optional

import pytest
from support import HEADER, Package

from pyexample import square_array
from pyexample.ffi import (
    UNCHECKED,
    Buffer,
    Callback,
    Closes,
    Count,
    DeclarationError,
    Encoding,
    Handle,
    In,
    Keep,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    SameThread,
    struct,
)  # fmt: skip
from pyexample.ffi.declaration import Declaration
from pyexample.ffi.kinds import make_value
from pyexample.libexample import library

INTEGERS = [
    ctypes.c_int8, ctypes.c_uint8, ctypes.c_int16, ctypes.c_uint16, ctypes.c_int32,
    ctypes.c_uint32, ctypes.c_int64, ctypes.c_uint64, ctypes.c_short, ctypes.c_ushort,
    ctypes.c_int, ctypes.c_uint, ctypes.c_long, ctypes.c_ulong, ctypes.c_longlong,
    ctypes.c_ulonglong, ctypes.c_size_t, ctypes.c_ssize_t, ctypes.c_byte, ctypes.c_ubyte,
]  # fmt: skip


@pytest.mark.parametrize("ctype", INTEGERS)
def test_limits_of_an_integer_are_those_of_its_type(ctype: Any) -> None:
    value: Any = make_value("it", "parameter", int, ctype)
    # ctypes wraps: one more than the greatest is the least, and the other way round.
    assert ctype(value.low).value == value.low
    assert ctype(value.high).value == value.high
    assert ctype(value.high + 1).value == value.low
    assert ctype(value.low - 1).value == value.high
    bits = 8 * ctypes.sizeof(ctype)
    assert value.c_name == (f"int{bits}_t" if value.low < 0 else f"uint{bits}_t")


def test_a_range_narrows() -> None:
    value: Any = make_value("it", "parameter", int, c_int32)
    value.refine("it", range(0, 10))
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
    value = make_value("it", "parameter", declared, ctype)
    assert (value.python_type, value.nullable, value.c_name) == (python_type, nullable, c_name)


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (int, "expected Annotated[python type, C type], not <class 'int'>"),
        (Annotated[int, int], "<class 'int'> is not a ctypes type"),
        (Annotated[int, 7], "7 is not a ctypes type"),
        (Annotated[float, c_int32], "int or bool stands for int32_t, not <class 'float'>"),
        (Annotated[int, c_double], "float stands for double, not <class 'int'>"),
        (Annotated[int, c_char_p], "bytes or str stands for char *, not <class 'int'>"),
        (Annotated[int | str, c_int32], "int or bool stands for int32_t, not int | str"),
        (Annotated[int | None, c_int32], "int32_t is no pointer, it cannot be None"),
        (Annotated[int, c_uint8, range(-1, 9)], "range(-1, 9) goes beyond uint8_t"),
        (Annotated[int, c_uint8, range(0, 257)], "range(0, 257) goes beyond uint8_t"),
        (Annotated[int, c_uint8, range(0, 9, 2)], "range(0, 9, 2) is empty, or has not the"),
        (Annotated[int, c_uint8, range(0)], "range(0, 0) is empty, or has not the step 1"),
        (Annotated[int, c_uint8, 3], "3 cannot follow uint8_t"),
        (Annotated[int, range(3), c_uint8], "range(0, 3) is not a ctypes type"),
        (Annotated[int, c_uint8, c_uint8], "c_ubyte'> cannot follow uint8_t"),
        (Annotated[Buffer, In(c_uint8), Out(c_uint8)], "cannot follow const uint8_t *"),
        (Annotated[Buffer, Count(c_size_t, "number")], "expected a C type after"),
        (Annotated[Buffer, In(c_uint8), Count(c_size_t, "x")], "not x"),
        (Annotated[Buffer, In(c_uint8), Count(c_size_t)], "not none"),
        (Annotated[float, c_double, range(3)], "range(0, 3) cannot follow double"),
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


class Number(int):
    pass


class Color(IntEnum):
    RED = 1


class Box(Handle):
    pass


@Callback
def on_number(number: Annotated[int, c_int32], /) -> Annotated[int, c_int32]:
    raise NotImplementedError


def failure(code: int, function: str, values: tuple[Any, ...]) -> Exception:
    return RuntimeError(code)


FAILS = Raises(failure)
OUT = Returned(int, c_int32)


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (Annotated[Number, c_int32], "int or bool stands for int32_t, not <class"),
        (Annotated[Color | None, c_int32], "int32_t is no pointer, it cannot be None"),
        (Annotated[Color, c_void_p], "int stands for void *, not"),
        (Annotated[Box, c_int32], "c_void_p stands for a Box, not int32_t. If it is an i"),
        (Annotated[int, Returned(int, c_int32)], "expected a C type after <class 'int'>"),
        (Annotated[Box, c_void_p, Keep("number")], "names of other parameters, not number"),
        (Annotated[int, c_void_p, Closes], "cannot follow void *"),
        (Annotated[bytes, c_char_p, Encoding("ascii")], "cannot follow char *"),
        (Annotated[str, c_char_p, Owned(print)], "Owned has no meaning here"),
        (Annotated[int, c_int32, FAILS], "Raises has no meaning here"),
        (Annotated[int, FAILS], "Raises(failure) is not a ctypes type"),
        (
            Annotated[Callable[[int], int], Callback],
            "expected the function that @Callback declares, not Callback itself",
        ),
        (Annotated[Callable[[int], int], on_number, Keep("box")], "not box"),
        (
            Annotated[Callable[[int], int], on_number, Keep("number")],
            "other parameters, not number",
        ),
        (Annotated[Callable[[int], int], on_number, range(3)], "cannot follow on_number"),
    ],
)
def test_contradictions_of_idioms(annotation: Any, complaint: str) -> None:
    test_contradictions(annotation, complaint)


@pytest.mark.parametrize(
    ("annotation", "complaint"),
    [
        (Annotated[int, OUT], " must follow what C itself returns: None for void"),
        (
            Annotated[int, Count(c_size_t, "x")],
            ", 'x') must follow what C itself returns",
        ),
        (
            Annotated[Buffer, In(c_int32)],
            "list[...] or memoryview stands for const int32_t",
        ),
        (Annotated[int, None], "nothing comes back, not <class 'int'>"),
        (Annotated[None, None, Raises(failure)], ") cannot follow None, which is void"),
        (
            Annotated[int, c_int32, OUT],
            "2 values come back, not 1: <class 'int'>. If C's result only says whether",
        ),
        (Annotated[None, c_int32, FAILS, OUT], "1 values come back, not 0: None"),
        (Annotated[str, c_int32, FAILS, OUT], "<class 'int'> comes back, not <class 'str'>"),
        (
            Annotated[int | None, c_int32, FAILS, OUT],
            "<class 'int'> comes back, not int | None",
        ),
        (
            Annotated[tuple[int, str], c_int32, OUT],
            "<class 'int'> comes back, not <class 'str'>",
        ),
        (
            Annotated[tuple[str, int], c_int32, OUT],
            "int or bool stands for int32_t, not <class 'str'>",
        ),
        (Annotated[str, c_int32, FAILS], "int or bool stands for int32_t, not <class 'str'>"),
        (Annotated[Color | None, c_int32, FAILS], "int32_t is no pointer, it cannot be None"),
        (Annotated[Color, c_int32, Raises(failure, unless=(0,))], "Color lacks the codes [0]"),
        (Annotated[float, c_double, FAILS], "Raises needs when=, a function of double"),
        (
            Annotated[int, ctypes.c_uint32, Raises(failure, when="negative")],
            "uint32_t is never negative",
        ),
        (
            Annotated[int | None, c_void_p, Raises(failure, unless=(0,))],
            "is about integers, not void *",
        ),
        (Annotated[Box, c_void_p, Closes], "Closes has no meaning here"),
        (Annotated[Callable[[int], int], on_number], "a callback has no meaning here"),
    ],
)
def test_contradictions_of_results(annotation: Any, complaint: str) -> None:
    def function() -> None: ...

    function.__annotations__["return"] = annotation
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert str(caught.value).startswith("function() result: ")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((str, c_int32), "int or bool stands for int32_t, not <class 'str'>"),
        ((int, c_int32, Closes), "Closes has no meaning here"),
        ((Box, c_void_p, Closes), "Closes has no meaning here"),
        ((None, c_int32), "int or bool stands for int32_t, not None"),
        ((Callable[[int], int], on_number), "a callback has no meaning here"),
        ((int, int), "<class 'int'> is not a ctypes type"),
    ],
)
def test_what_cannot_be_returned(arguments: tuple[Any, ...], complaint: str) -> None:
    def function() -> None: ...

    function.__annotations__["return"] = Annotated[arguments[0], None, Returned(*arguments)]
    with pytest.raises(DeclarationError, match=rf"^function\(\) result: {complaint}"):
        Declaration(function)


def test_encodings() -> None:
    with pytest.raises(DeclarationError, match=r"^Encoding: utf-16 has zero bytes within"):
        Encoding("utf-16")
    with pytest.raises(LookupError):
        Encoding("no such")


def _nothing() -> None: ...
def _number() -> Annotated[int, c_int32]: ...  # type: ignore[empty-body]
def _text() -> Annotated[str, c_char_p]: ...  # type: ignore[empty-body]
def _count(it: Annotated[Buffer, In(c_int32)], /) -> None: ...
def _pair() -> Annotated[int, c_int32, OUT]: ...  # type: ignore[empty-body]
def _status(it: Annotated[int, c_int32], /) -> Annotated[None, c_int32, FAILS]: ...
def _nested(it: Annotated[Callable[[int], int], on_number], /) -> None: ...
def _closing(it: Annotated[Box, c_void_p, Closes], /) -> None: ...


@pytest.mark.parametrize(
    ("function", "failed", "complaint"),
    [
        (_nothing, 1, r"_nothing\(\) after an exception: there is no result, 1 cannot be one"),
        (
            _number,
            2**31,
            r"_number\(\) after an exception .int32_t. must be in -2147483648",
        ),
        (_number, "x", r"_number\(\) after an exception .int32_t. must be an integer, not str"),
        (_text, None, r"_text\(\) result: char \* cannot be returned"),
        (
            _count,
            None,
            r"_count\(\) parameter 'it': list\[...\] or memoryview stands for const int32_t \*",
        ),
        (_nested, None, r"_nested\(\) parameter 'it': a callback has no meaning here"),
        (_closing, None, r"_closing\(\) parameter 'it': Closes has no meaning here"),
        (_status, None, r"_status\(\) result: Raises has no meaning here"),
        (_pair, None, r"_pair\(\) result: 2 values come back, not 1: <class 'int'>$"),
    ],
)
def test_callbacks_that_are_refused(function: Any, failed: Any, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{complaint}"):
        Callback.failing_with(failed)(function)


def test_functions_that_close(package: Package, path: str) -> None:
    package.compile(
        "void a(void *p) {} void b(void *p, int n) {} int c(void *p) { return 0; }"
        "void d(void *p) {} void e(void *p) {}"
    )
    library = Library("c", f"{package.name}.module")
    closed = Annotated[Box, c_void_p, Closes]

    def a(box: closed, /) -> None: ...
    def b(box: closed, n: Annotated[int, c_int32], /) -> None: ...
    def e(box: closed, /) -> None: ...

    with pytest.raises(DeclarationError, match=r"what does Python pass for n when it closes"):
        library.function(b)
    library.function(a)
    with pytest.raises(DeclarationError, match=r"^e\(\) parameter 'box' .* another function"):
        library.function(e)
    Box.closer = None
    del Box.closer


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

    with pytest.raises(
        DeclarationError, match=r"^function\(\) result: int or bool stands for int32_t"
    ):
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
        (_default, "no names and no defaults"),
        (_no_result, "has no annotation for return"),
        (_no_annotation, "has no annotation for number"),
    ],
)
def test_signatures_that_c_does_not_have(function: Any, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        Declaration(function)


@pytest.mark.parametrize("wrong", ["square", abs, Box, staticmethod(_nothing), 7])
def test_what_is_no_function(wrong: Any) -> None:
    for declare in (
        Declaration,
        Callback,
        library.function,
        library.function(release_gil=True),
    ):
        with pytest.raises(
            DeclarationError, match=r"^expected a function that is made with def"
        ):
            declare(wrong)


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


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("checksum_updat", ["checksum_update"]),
        ("Checksum_Update", ["checksum_update"]),
        ("checksumupdate", ["checksum_update"]),
        ("update", ["checksum_update"]),
        ("lib_finish", ["finish"]),
        ("nothing_like_it", []),
        pytest.param(
            "hidden",
            [],
            marks=pytest.mark.skipif(
                sys.platform == "win32", reason="MinGW exports all, whatever its visibility"
            ),
        ),
    ],
)
def test_the_usual_causes_of_a_missing_function(
    package: Package, name: str, near: list[str]
) -> None:
    package.compile(
        '__attribute__((visibility("hidden"))) void hidden(void) {}\n'
        "void checksum_update(void) { hidden(); } void finish(void) {} int other;"
    )
    library = Library("c", f"{package.name}.module")

    def function() -> None: ...

    function.__name__ = name
    with pytest.raises(DeclarationError) as caught:
        library.function(function)
    said = str(caught.value)
    assert said.startswith(f"{name}() is declared, but {library.path} has no such function. ")
    for cause in (
        "not among the sources",
        "not marked for export",
        "build and install it again",
    ):
        assert cause in said
    listed = f": there is {', '.join(near)}." if near else "."
    assert said.endswith(f"it is spelt in another way{listed}")
    assert name not in library.declarations


def test_a_missing_function_of_a_library_that_is_no_file(path: str) -> None:
    if sys.platform != "linux":
        pytest.skip("the C library is called otherwise")
    libc = Library("c", "pyexample.module", system={"linux": "libc.so.6"})
    with pytest.raises(DeclarationError, match=r"but libc.so.6 has no such .* another way\.$"):

        @libc.function
        def strlenn(text: Annotated[bytes, c_char_p], /) -> None: ...


def test_each_declaration_of_a_c_function_has_its_own_types(
    package: Package, path: str
) -> None:
    """None changes what another one passes, or makes of the result; nor does who uses cdll."""
    package.compile(
        "#include <stdint.h>\n"
        "int64_t twice(const int32_t *n, double d) { return d == 0.5 ? 2 * (int64_t)*n : -1; }"
    )
    library = Library("c", f"{package.name}.module")

    def of_buffer() -> Any:
        @library.function
        def twice(
            numbers: Annotated[Buffer, In(c_int32, UNCHECKED)], d: Annotated[float, c_double], /
        ) -> Annotated[int, ctypes.c_int64]:
            raise NotImplementedError

        return twice

    def of_address(returned: Any) -> Any:
        @library.function(release_gil=False)
        def twice(
            address: Annotated[int, c_void_p], d: Annotated[float, c_double], /
        ) -> Annotated[int, returned]:
            raise NotImplementedError

        return twice

    def out() -> Any:
        @library.function
        def twice(
            d: Annotated[float, Returned(int, c_int32), c_double], /
        ) -> Annotated[tuple[bool, int], c_bool]:
            raise NotImplementedError

        return twice

    first, second = of_buffer(), of_address(c_uint8)
    raw = library.cdll.twice
    assert (raw.argtypes, raw.restype) == (
        [POINTER(c_int32), c_double],
        ctypes.c_int64,
    )
    number = c_int32(2**31 - 1)
    for _ in range(2):
        assert first(number, 0.5) == 2**32 - 2
        assert second(ctypes.addressof(number), 0.5) == 254
        raw.argtypes, raw.restype = [c_int32], None  # somebody's, for a use of their own
    assert out()(0.5) == (False, 0)
    assert first(number, 0.5) == 2**32 - 2
    assert of_address(ctypes.c_int16)(ctypes.addressof(number), 0.5) == -2
    assert library.cdll.twice is raw
    assert library.declarations["twice"].parameters == ("numbers", "d")
    assert ("twice" in library.fallbacks) == (path == "ctypes")


def test_a_raw_function_that_was_there_before_keeps_its_types(package: Package) -> None:
    package.compile("int seven(void) { return 7; }")
    library = Library("c", f"{package.name}.module")
    raw = library.cdll.seven
    raw.restype = ctypes.c_int8

    @library.function
    def seven() -> Annotated[int, ctypes.c_int]:
        raise NotImplementedError

    assert (raw.restype, library.cdll.seven.restype) == (ctypes.c_int8, ctypes.c_int)


def test_a_function_that_is_called_as_an_attribute_of_ctypes_is(
    package: Package, path: str
) -> None:
    package.compile("int _handle(void) { return 7; } int eight(void) { return 8; }")
    library = Library("c", f"{package.name}.module")

    @library.function
    def _handle() -> Annotated[int, ctypes.c_int]:
        raise NotImplementedError

    @library.function
    def eight() -> Annotated[int, ctypes.c_int]:
        raise NotImplementedError

    assert (_handle(), eight(), library.cdll.eight()) == (7, 8, 8)


def test_every_declaration_is_kept() -> None:
    assert isinstance(library, Library)
    assert square_array.__module__ == "pyexample.arrays"  # which declares the others
    # Those of the header, whatever their order.
    functions = re.findall(r"^EXAMPLE_API\s[^;(]*?(\w+)\s*\(", HEADER.read_text(), re.MULTILINE)
    assert set(library.declarations) == set(functions)
    assert all(name == each.name for name, each in library.declarations.items())


@pytest.mark.parametrize("release_gil", [False, 100])
def test_a_callback_may_come_from_another_thread(package: Package, release_gil: Any) -> None:
    """It waits for the GIL; a call that holds it, and waits for that thread, waits for ever."""
    package.compile("void call(const void *p, int (*f)(int)) { f(1); }")
    library = Library("c", f"{package.name}.module")
    Bytes = Annotated[Buffer, In(None, UNCHECKED)]  # noqa: N806

    def call(p: Bytes, f: Annotated[Callable[[int], int], on_number], /) -> None: ...

    with pytest.raises(DeclarationError) as caught:
        library.function(release_gil=release_gil)(call)
    assert str(caught.value) == (
        f"call() parameter 'f' (on_number): release_gil={release_gil} holds the GIL, for which"
        " a callback from another thread would wait for ever. Leave release_gil out; or write"
        " SameThread after the callback, if C calls it only in the caller's thread"
    )
    assert "call" not in library.declarations

    def call_here(
        p: Bytes, f: Annotated[Callable[[int], int], on_number, SameThread], /
    ) -> None: ...

    call_here.__name__ = "call"
    seen: list[int] = []

    def note(number: int) -> int:
        seen.append(number)
        return 0

    library.function(release_gil=release_gil)(call_here)(b"", note)
    assert seen == [1]


@struct
class Job(ctypes.Structure):
    f: Annotated[Callable[[int], int] | None, on_number]


@struct
class SameThreadJob(ctypes.Structure):
    f: Annotated[Callable[[int], int] | None, on_number, SameThread]


class Jobs(ctypes.Structure):
    """By way of an array, a pointer, and a pointer to another one of these."""


Jobs._fields_ = [("next", ctypes.POINTER(Jobs)), ("jobs", ctypes.POINTER(Job * 2))]


@pytest.mark.parametrize("release_gil", [False, 100])
@pytest.mark.parametrize(
    "ctype", [Job, ctypes.POINTER(Job), ctypes.POINTER(Job * 3), ctypes.POINTER(Jobs)]
)
def test_a_callback_in_a_struct_may_come_from_another_thread(
    package: Package, release_gil: Any, ctype: Any
) -> None:
    package.compile("void run(void) {}")
    library = Library("c", f"{package.name}.module")

    def run(
        p: Annotated[Buffer, In(None, UNCHECKED)], job: Annotated[Any, ctype], /
    ) -> None: ...

    with pytest.raises(DeclarationError) as caught:
        library.function(release_gil=release_gil)(run)
    assert str(caught.value).startswith(
        f"run() parameter 'job' ({ctype.__name__}), field Job.f (on_number):"
        f" release_gil={release_gil} holds the GIL, for which a callback from another thread"
    )
    library.function(run)


def test_what_is_no_c_function(package: Package) -> None:
    """Whatever its signature says."""
    package.compile("int one(int n) { return n; }")
    library = Library("c", f"{package.name}.module")
    Int = Annotated[int, c_int32]  # noqa: N806

    async def one(n: Int, /) -> Int:
        return n

    def generator(n: Int, /) -> Int:  # type: ignore[misc]
        yield n

    def odd(n: Int, /) -> Int:
        raise NotImplementedError

    generator.__name__ = "one"
    no_value = "one(): C returns a value, no generator and no coroutine"
    no_text = "one(): its docstring has a NUL or a surrogate in it"
    for function, name, doc, said in (
        (one, "one", None, no_value),
        (generator, "one", None, no_value),
        (odd, "one", "a\0b", no_text),
        (odd, "one", "\ud800", no_text),
        (odd, "one\0", None, r"no C function can have the name 'one\x00'"),
        (odd, "<lambda>", None, "no C function can have the name '<lambda>'"),
    ):
        function.__name__, function.__doc__ = name, doc
        with pytest.raises(DeclarationError) as caught:
            library.function(function)
        assert str(caught.value) == said


def test_names_that_are_not_ascii(package: Package, path: str) -> None:
    """C has them from C11 on; inspect reads those of a builtin's parameters in ASCII only."""
    package.compile("int f\u00fcnf(int n) { return n + 5; }")

    def fünf(n: Annotated[int, c_int32], /) -> Annotated[int, c_int32]:
        """Fünf more."""
        raise NotImplementedError

    def more(größe: Annotated[int, c_int32], /) -> Annotated[int, c_int32]:
        """Fünf more."""
        raise NotImplementedError

    more.__name__ = "fünf"
    for function, parameter in ((fünf, "n"), (more, "größe")):
        bound = Library("c", f"{package.name}.module").function(function)
        assert (bound(1), bound.__doc__) == (6, "Fünf more.")
        assert str(inspect.signature(bound)) == f"({parameter}, /)"


def test_bytes_of_no_buffer(package: Package) -> None:
    package.compile("int one(int n) { return n; }")
    library = Library("c", f"{package.name}.module")

    def one(number: Annotated[int, c_int32], /) -> None: ...

    with pytest.raises(DeclarationError) as caught:
        library.function(release_gil=4096)(one)
    assert str(caught.value) == (
        "one(): release_gil=4096 counts the bytes of buffers, of which it has none:"
        " write True or False"
    )


def test_a_callback_in_a_struct_that_comes_from_this_thread(package: Package) -> None:
    package.compile("int run(int (**job)(int)) { return (*job)(7); }")
    library = Library("c", f"{package.name}.module")

    @library.function(release_gil=False)
    def run(
        job: Annotated[SameThreadJob, ctypes.POINTER(SameThreadJob)], /
    ) -> Annotated[int, c_int32]:
        raise NotImplementedError

    assert run(SameThreadJob(lambda number: number + 1)) == 8


def test_what_tells_kept_callbacks_apart() -> None:
    kept = Annotated[Callable[[int], int], on_number, Keep("box", slot="by")]

    def of(annotation: Any) -> str:
        def function(box: Annotated[Box, c_void_p], by: annotation, f: kept, /) -> None: ...

        try:
            Declaration(function)
        except DeclarationError as error:
            return str(error)
        return ""

    for right in (
        Annotated[int, c_int32], Annotated[bool, ctypes.c_bool], Annotated[str, c_char_p],
        Annotated[bytes | None, c_char_p], Annotated[int, c_void_p], Annotated[Box, c_void_p],
        Annotated[Box | None, c_void_p], Annotated[Color, c_int32],
    ):  # fmt: skip
        assert of(right) == "", right
    for wrong in (
        Annotated[float, ctypes.c_double], Annotated[Any, ctypes.POINTER(c_int32)],
        Annotated[Callable[[int], int], on_number],
    ):  # fmt: skip
        assert of(wrong) == (
            "function() parameter 'f' (on_number): Keep tells what C keeps apart by"
            " integers, texts, addresses and handles, not by 'by'"
        )
