"""What comes back is the same from a builtin function as through ctypes: values and errors."""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
import itertools
import math
from collections.abc import Callable
from ctypes import c_bool, c_char_p, c_double, c_float, c_int, c_int64, c_void_p
from enum import IntEnum
from typing import Annotated, Any

import pytest
from support import FASTCALL_IS_SERVED, Package

from pyexample.ffi import InOut, Library, Owned, Raises, Returned, struct

pytestmark = pytest.mark.skipif(
    not FASTCALL_IS_SERVED, reason="this Python or processor has no fast calls"
)

INTEGERS = {
    f"{prefix}int{bits}": getattr(ctypes, f"c_{prefix}int{bits}")
    for prefix, bits in itertools.product(("", "u"), (8, 16, 32, 64))
}

SOURCE = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef struct { double x; long long y; float z; } point;
int frees;
int count(void) { return frees; }
void release(void *text) { frees += text != NULL; free(text); }
static char *text(int which)
{
    static const char *const all[] = {"", "text", "gr\\xc3\\xbc", "\\xff"};
    char *made = which < 0 || which > 3 ? NULL : malloc(5);
    return made ? strcpy(made, all[which]) : NULL;
}
char *take(int which) { return text(which); }
int take_two(int first, int second, char **one, char **two)
{ *one = text(first); *two = text(second); return first + second; }
int take_and_put(int which, int code, char **text_of, int *out)
{ *text_of = text(which); *out = code; return code; }
void number(double *d, float *f, _Bool *b, void **p)
{ *d = -*d; *f = *f / 2; *b = !*b; *p = *p ? NULL : (void *)16; }
void place(long long y, point *p) { point made = {1.5, y, 2.5f}; *p = made; }
"""

# An ABI leaves the bits above a narrow result undefined: here they are those of the argument.
SOURCE += "".join(
    f"""
uint64_t get_{name}(int64_t n) {{ return (uint64_t)n; }}
int put_{name}(int64_t n, {name}_t *out) {{ *out = ({name}_t)n; return 7; }}
_Bool is_odd_{name}({name}_t n) {{ return n & 1; }}
"""
    for name in INTEGERS
)


class Color(IntEnum):
    RED = 1
    GREEN = 2
    BLUE = 5


@struct
class Point(ctypes.Structure):
    x: Annotated[float, c_double]
    y: Annotated[int, ctypes.c_longlong]
    z: Annotated[float, c_float]


class FailedError(Exception):
    def __repr__(self) -> str:
        return f"FailedError{self.args!r}"


def failed(code: object, function: str, values: tuple[Any, ...]) -> FailedError:
    return FailedError(code, function, values)


RULES: dict[str, tuple[Any, ...]] = {
    "any": (int,),
    "bool": (bool,),
    "bool that fails": (bool, Raises(failed)),
    "range": (int, range(1, 5)),
    "enumeration": (Color,),
    "enumeration of codes": (Color, Raises(failed, unless=(Color.RED, Color.BLUE))),
    "default": (int, Raises(failed)),
    "zero": (int, Raises(failed, when="zero")),
    "other than zero": (int, Raises(failed, when="nonzero")),
    "negative": (int, Raises(failed, when="negative")),
    "never": (int, Raises(failed, when=())),
    "always": (int, Raises(failed, unless=())),
    "a code": (int, Raises(failed, when=(3,))),
    "codes in a row": (int, Raises(failed, when=range(2, 5))),
    "negative codes": (int, Raises(failed, when=range(-3, 0))),
    "a code of success": (int, Raises(failed, unless=(0,))),
    "successes in a row": (int, Raises(failed, unless=range(1, 4))),
    "successes": (int, Raises(failed, unless=(0, 2, 5))),
    "ends": (int, Raises(failed, unless=range(5, -1, -1))),
    "range that fails": (int, range(1, 5), Raises(failed, when="negative")),
    "range of which one fails": (int, range(5), Raises(failed, when="nonzero")),
    "range with codes": (int, range(1, 5), Raises(failed, when=(3, 7))),
    "range with successes": (int, range(2, 5), Raises(failed, unless=(0, 1, 2, 4))),
    "nothing by default": (None, Raises(failed)),
    "nothing": (None, Raises(failed, unless=(0, 2, 5))),
    "nothing in a row": (None, Raises(failed, unless=range(1, 4))),
    "nothing of some codes": (None, Raises(failed, when=(2, 3))),
    "no value": (int, Raises(failed, unless=(0, 1), none=(2,))),
    "no value by default": (int, Raises(failed, none=(2, 3))),
}
"""The Python type and the words."""

NUMBERS = [*range(-5, 8), *(s * 2**b + d for s in (1, -1) for b in (7, 8, 31) for d in (-1, 0))]
NUMBERS += [2**63 - 1, -(2**63)]


Declare = Callable[[Library], Any]


@pytest.fixture
def both(package: Package, monkeypatch: pytest.MonkeyPatch) -> Callable[[Declare], list[Any]]:
    """Declare a function in both ways: builtin, and through ctypes."""
    package.compile(SOURCE)

    def declare(make: Declare) -> list[Any]:
        made = []
        for switch in ("1", "0"):
            monkeypatch.setenv("BOUND_FASTCALL", switch)
            library = Library("c", f"{package.name}.module")
            made.append(make(library))
            assert set(library.fallbacks) == set(library.declarations if switch == "0" else ())
        return made

    return declare


def outcome(function: Callable[..., Any], *arguments: Any) -> str:
    try:
        value = function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error!r}"
    return f"{type(value).__name__}: {value!r}"


SIGNED = ("negative", "negative codes", "range that fails")


def is_possible(rule: str, name: str) -> bool:
    return not (name.startswith("u") and rule in SIGNED)


@pytest.mark.parametrize("when", ["negative", (-1, -2, -3, -4, -5, 7)])
def test_a_range_is_about_successes(package: Package, path: str, when: Any) -> None:
    package.compile(SOURCE)
    library = Library("c", f"{package.name}.module")
    rule = Raises(failed, when=when)
    for words in ((rule, range(5)), (range(5), rule)):
        back: Any = Annotated[(int, ctypes.c_int32, *words)]

        @library.function
        def get_int32(n: Annotated[int, c_int64], /) -> back: ...

        assert [get_int32(number) for number in range(5)] == [*range(5)]
        assert outcome(get_int32, -5).startswith("FailedError: ")
        assert "result (int32_t) is 6, which is not in 0..4" in outcome(get_int32, 6)


@pytest.mark.parametrize("rule", [*RULES, "predicate"])
def test_integers_of_every_size(both: Callable[[Declare], list[Any]], rule: str) -> None:
    for name, ctype in INTEGERS.items():
        if not is_possible(rule, name):
            continue

        def declare(library: Library, name: str = name, ctype: Any = ctype) -> Any:
            kind, *words = RULES.get(rule, (int,))
            if rule == "predicate":

                @library.function(symbol=f"is_odd_{name}")
                def is_odd(n: Annotated[int, ctype], /) -> Annotated[bool, c_bool]: ...

                words = [Raises(failed, when=is_odd)]
            returned: Any = kind | None if rule.startswith("no value") else kind
            back = Annotated[(returned, ctype, *words)]

            @library.function(symbol=f"get_{name}")
            def get(n: Annotated[int, c_int64], /) -> back: ...

            return get

        fast, checked = both(declare)
        for number in NUMBERS:
            assert outcome(fast, number) == outcome(checked, number), (name, number)


@pytest.mark.parametrize(
    "rule",
    [each for each, (kind, *_) in RULES.items() if kind and not each.startswith("no value")],
)
def test_integers_that_c_fills_in(both: Callable[[Declare], list[Any]], rule: str) -> None:
    kind, *words = RULES[rule]
    is_error = any(isinstance(each, Raises) for each in words)
    back: Any = int if is_error else tuple.__class_getitem__((int, kind))
    for name, ctype in INTEGERS.items():
        if not is_possible(rule, name):
            continue

        def declare(library: Library, name: str = name, ctype: Any = ctype) -> Any:
            filled = Returned(kind, ctype, *words)
            result = Annotated[back, c_int, filled]

            @library.function(symbol=f"put_{name}")
            def put(n: Annotated[int, c_int64], /) -> result: ...

            return put

        fast, checked = both(declare)
        for number in NUMBERS:
            assert outcome(fast, number) == outcome(checked, number), (name, number)


@pytest.mark.parametrize("kind", [str, bytes, str | None])
def test_texts_are_freed_once(both: Callable[[Declare], list[Any]], kind: Any) -> None:
    def declare(library: Library) -> Any:
        @library.function
        def release(text: Annotated[int, c_void_p], /) -> None: ...

        back: Any = Annotated[kind, c_char_p, Owned(release)]
        one = Returned(kind, c_char_p, Owned(release))
        status: Any = Annotated[
            tuple[kind, kind], c_int, Raises(failed, unless=range(5)), one, one
        ]

        @library.function
        def take(which: Annotated[int, c_int], /) -> back: ...
        @library.function
        def take_two(
            first: Annotated[int, c_int], second: Annotated[int, c_int], /
        ) -> status: ...
        @library.function
        def count() -> Annotated[int, c_int]: ...

        return take_two, take, count

    fast, checked = both(declare)
    count = fast[2]
    numbers = range(-1, 5)
    for arguments in itertools.product(numbers, numbers):
        seen = []
        for take_two, take, _ in (fast, checked):
            start = count()
            both_texts = outcome(take_two, *arguments)
            middle = count()
            one_text = outcome(take, arguments[0])
            seen.append((both_texts, middle - start, one_text, count() - middle))
        assert seen[0] == seen[1], arguments
        are_made = [0 <= each < 4 for each in arguments]
        assert seen[0][1::2] == (sum(are_made), are_made[0])


def test_of_several_errors_the_first_is_raised(both: Callable[[Declare], list[Any]]) -> None:
    def declare(library: Library) -> Any:
        @library.function
        def release(text: Annotated[int, c_void_p], /) -> None: ...
        @library.function
        def take_and_put(
            which: Annotated[int, c_int], code: Annotated[int, c_int], /
        ) -> Annotated[
            tuple[Color, str, Color],
            c_int,
            Returned(str, c_char_p, Owned(release)),
            Returned(Color, c_int),
        ]: ...
        @library.function(symbol="take_and_put")
        def take(
            which: Annotated[int, c_int], code: Annotated[int, c_int], /
        ) -> Annotated[
            tuple[str, Color],
            None,
            Returned(str, c_char_p, Owned(release)),
            Returned(Color, c_int),
        ]: ...

        return take_and_put, take

    for fast, checked in zip(*both(declare), strict=True):
        for arguments in itertools.product(range(-1, 5), range(4)):
            assert outcome(fast, *arguments) == outcome(checked, *arguments), arguments


def test_values_that_c_replaces(both: Callable[[Declare], list[Any]]) -> None:
    def declare(library: Library) -> Any:
        @library.function
        def number(
            d: Annotated[float, InOut(c_double)],
            f: Annotated[float, InOut(c_float)],
            b: Annotated[bool, InOut(c_bool)],
            p: Annotated[int | None, InOut(c_void_p)],
            /,
        ) -> Annotated[tuple[float, float, bool, int | None], None]: ...

        return number

    fast, checked = both(declare)
    for arguments in itertools.product(
        (0.0, 2.5, 10**400, math.inf), (1, 1e300), (True, 1), (None, 2**64 - 1, 2**64)
    ):
        assert outcome(fast, *arguments) == outcome(checked, *arguments), arguments
    assert fast(1, 3.0, False, None) == (-1.0, 1.5, True, 16)


def test_a_structure_that_c_fills_in(both: Callable[[Declare], list[Any]]) -> None:
    def declare(library: Library) -> Any:
        @library.function
        def place(
            y: Annotated[int, ctypes.c_longlong], /
        ) -> Annotated[Point, None, Returned(Point, Point)]: ...

        return place

    for place in both(declare):
        point = place(-7)
        assert type(point) is Point
        assert (point.x, point.y, point.z) == (1.5, -7, 2.5)
