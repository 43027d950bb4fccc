"""Memory with a length that comes back: made for the call, or returned by C."""

# The functions have no bodies: C has them.
# mypy: disable-error-code="empty-body"

import os
import sys
from array import array
from ctypes import c_char, c_float, c_int, c_int32, c_size_t, c_uint8, c_void_p
from typing import Annotated, Any

import pytest
from support import Package, collect

from pyexample.ffi import (
    TERMINATED,
    UNCHECKED,
    Borrowed,
    Buffer,
    Closes,
    Count,
    DeclarationError,
    Filled,
    Handle,
    In,
    InOut,
    Keep,
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    Written,
)
from pyexample.ffi.declaration import Declaration

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void digest(const char *data, size_t n, unsigned char out[4]) {
    memset(out, 0, 4);
    for (size_t i = 0; i < n; i++) out[i % 4] = (unsigned char)(out[i % 4] + data[i]);
}
int name_of(int number, char *buffer, size_t capacity) {
    return snprintf(buffer, capacity, "number %d", number);
}
int spelled(int number, char *buffer, size_t capacity, size_t *length) {
    char all[32];
    const int n = snprintf(all, sizeof all, "n%d\xc3\xa4", number);
    *length = (size_t)n;
    if ((size_t)n > capacity) return 1;
    memcpy(buffer, all, (size_t)n);
    return 0;
}
int in_one(int number, char *buffer, size_t *length) {
    if (*length < 3) return 1;
    memcpy(buffer, "a\0b", 3);
    *length = (size_t)number;
    return 0;
}
/* as llama_tokenize: the negative of what it needs */
int tokens(const char *text, int n, int32_t *out, int capacity) {
    if (n > capacity) return -n;
    for (int i = 0; i < n; i++) out[i] = text[i];
    return n;
}
/* as pcre2_substitute, and as ZSTD_compress: numbers that no memory has */
int lost(char *buffer, size_t *length) { (void)buffer; *length = SIZE_MAX; return -1; }
size_t lost_too(char *buffer) { (void)buffer; return SIZE_MAX - 69; }
int greedy(char *buffer, int capacity) { (void)buffer; return capacity + 1; }
int doubled(const int *numbers, size_t n, int *out) {
    for (size_t i = 0; i < n; i++) out[i] = 2 * numbers[i];
    return 0;
}
static int freed;
int freed_so_far(void) { return freed; }
void release(void *memory) { freed++; free(memory); }
char *copy_of(const char *data, size_t n) {
    char *made = n ? malloc(n) : NULL;
    if (made) memcpy(made, data, n);
    return made;
}
char *made(int n, size_t *length) {
    char *it = malloc(4);
    memcpy(it, "a\0bc", 4);
    *length = (size_t)n;
    return it;
}
typedef struct { float scores[3]; } context;
static int open_contexts;
context *context_new(void) {
    context *it = malloc(sizeof *it);
    for (int i = 0; i < 3; i++) it->scores[i] = (float)i + 0.5f;
    open_contexts++;
    return it;
}
void context_free(context *it) { it->scores[0] = -1; free(it); open_contexts--; }
int contexts(void) { return open_contexts; }
/* opens one, says how often it was called with that number, and needs as many bytes */
int open_and_tell(char *text, size_t *length, int *times, context **opened) {
    const int fits = *length >= 8;
    *opened = context_new();
    ++*times;
    *length = 8;
    if (fits) memcpy(text, "8 bytes.", 8);
    return fits ? 0 : 1;
}
float *context_scores(context *it) { return it->scores; }
int context_count(context *it) { (void)it; return 3; }
"""

Int = Annotated[int, c_int]
Size = Annotated[int, c_size_t]


@pytest.fixture
def library(package: Package, path: str) -> Library:
    package.compile(SOURCE, "c", *([] if os.name == "nt" else ["-w"]))
    return Library("c", f"{package.name}.module")


def failed(code: int, function: str, values: Any) -> Exception:
    return RuntimeError(code)


def test_memory_of_a_fixed_size(library: Library) -> None:
    @library.function
    def digest(
        data: Annotated[Buffer, In(c_char), Count(c_size_t, "data")], /
    ) -> Annotated[bytes, None, Filled(bytes, c_uint8, 4)]: ...

    assert digest(b"\x01\x02\x03\x04\x05") == b"\x06\x02\x03\x04"


def test_text_up_to_its_nul(library: Library) -> None:
    @library.function
    def name_of(
        number: Annotated[
            int, c_int, Filled(str, c_char, 64, name="name"), Count(c_size_t, "name")
        ],
        /,
    ) -> Annotated[str, c_int, Raises(failed, when="negative")]: ...

    assert name_of(7) == "number 7"


def test_it_is_called_again_with_as_much_as_c_needs(library: Library) -> None:
    @library.function
    def name_of(
        number: Annotated[
            int, c_int, Filled(bytes, c_char, 3, name="name"), Count(c_size_t, "name")
        ],
        /,
    ) -> Annotated[bytes, c_int, Written("name", again=True, nul=True)]: ...

    assert [name_of(number) for number in (1, 10**6, -(10**9))] == [
        b"number 1", b"number 1000000", b"number -1000000000",
    ]  # fmt: skip


def test_negative_numbers_ask_for_more(library: Library) -> None:
    @library.function
    def tokens(
        text: Annotated[
            Buffer, In(c_char), Count(c_int, "text"),
            Filled(list[int], c_int32, 2, name="tokens"), Count(c_int, "tokens"),
        ],
        /,
    ) -> Annotated[list[int], c_int, Written("tokens", again="negative")]: ...  # fmt: skip

    assert tokens(b"") == []
    assert tokens(b"ab") == [97, 98]
    assert tokens(b"abcde" * 50) == [*b"abcde" * 50]


def test_one_that_always_asks_for_more(library: Library) -> None:
    @library.function
    def greedy() -> Annotated[
        bytes, c_int, Written("it", again=True),
        Filled(bytes, c_char, 1, name="it"), Count(c_int, "it"),
    ]: ...  # fmt: skip

    with pytest.raises(ValueError, match=r"^greedy\(\) asks for more memory each time"):
        greedy()


def test_an_error_asks_for_no_memory(library: Library) -> None:
    """What C says of the length then is no length: the error is its own."""

    @library.function
    def lost() -> Annotated[
        bytes, c_int, Raises(failed, when="negative"), Filled(bytes, c_char, 4, name="it"),
        Length(c_size_t, "it", capacity=True, again=True),
    ]: ...  # fmt: skip
    @library.function
    def lost_too() -> Annotated[
        bytes, c_size_t, Raises(failed, when=lambda code: code > 2**31),
        Written("it", again=True), Filled(bytes, c_char, 4, name="it"),
    ]: ...  # fmt: skip

    with pytest.raises(RuntimeError, match=r"^-1$"):
        lost()
    with pytest.raises(RuntimeError, match=f"^{c_size_t(-70).value}$"):
        lost_too()


def test_what_comes_back_of_each_time(library: Library) -> None:
    """An argument is passed as it was; a handle that an earlier call made is closed."""

    class Context(Handle):
        pass

    @library.function
    def context_free(it: Annotated[Context, c_void_p, Closes], /) -> None: ...
    @library.function
    def contexts() -> Int: ...
    @library.function
    def open_and_tell(
        times: Annotated[
            int, Filled(bytes, c_char, 2, name="it"),
            Length(c_size_t, "it", capacity=True, again=True), InOut(c_int),
        ],
        /,
    ) -> Annotated[
        tuple[bytes, int, Context], c_int, Raises(failed), Returned(Context, c_void_p, Owned),
    ]: ...  # fmt: skip

    text, times, context = open_and_tell(5)
    assert (text, times) == (b"8 bytes.", 6)
    collect()
    assert contexts() == 1
    context.close()


def test_a_length_of_its_own(library: Library) -> None:
    @library.function
    def spelled(
        number: Annotated[
            int, c_int, Filled(str, c_char, 4, name="text"), Count(c_size_t, "text"),
            Length(c_size_t, "text", again=True),
        ],
        /,
    ) -> Annotated[str, c_int, Raises(failed)]: ...  # fmt: skip

    assert spelled(1) == "n1ä"
    assert spelled(123456) == "n123456ä"


def test_one_integer_for_size_and_length(library: Library) -> None:
    @library.function
    def in_one(
        number: Annotated[
            int, c_int, Filled(bytes, c_char, 8, name="it"),
            Length(c_size_t, "it", capacity=True),
        ],
        /,
    ) -> Annotated[bytes, c_int, Raises(failed)]: ...  # fmt: skip

    assert in_one(3) == b"a\0b", "NUL does not end it"
    assert in_one(0) == b""
    for wrong in (9, -1):
        with pytest.raises(
            ValueError,
            match=r"^in_one\(\) result \(char \*\): C says that it wrote .* of 8 items",
        ):
            in_one(wrong)


def test_a_size_from_a_function(library: Library) -> None:
    @library.function
    def doubled(
        numbers: Annotated[Buffer, In(c_int), Count(c_size_t, "numbers")], /
    ) -> Annotated[list[int], c_int, Raises(failed), Filled(list[int], c_int, len)]: ...

    assert doubled(array("i", [1, 2, 3])) == [2, 4, 6]
    assert doubled(array("i")) == []


def test_memory_that_c_made_is_copied_and_freed(library: Library) -> None:
    @library.function
    def freed_so_far() -> Int: ...
    @library.function
    def release(memory: Annotated[int | None, c_void_p], /) -> None: ...
    @library.function
    def copy_of(
        data: Annotated[Buffer, In(c_char, "n")], n: Size, /
    ) -> Annotated[bytes | None, In(c_char, "n"), Owned(release)]: ...
    @library.function
    def made(
        n: Annotated[int, c_int, Length(c_size_t, "return")], /
    ) -> Annotated[bytes, Out(c_char), Owned(release)]: ...

    assert copy_of(b"a\0b", 3) == b"a\0b"
    assert copy_of(b"", 0) is None
    assert freed_so_far() == 1
    assert [made(n) for n in (4, 0, 2)] == [b"a\0bc", b"", b"a\0"]
    with pytest.raises(ValueError, match=r"would have [0-9]+ items"):
        made(-1)
    assert freed_so_far() == 5


def test_a_view_of_memory_that_a_handle_owns(library: Library) -> None:
    class Context(Handle):
        pass

    AContext = Annotated[Context, c_void_p]  # noqa: N806

    @library.function
    def context_new() -> Annotated[Context, c_void_p, Owned]: ...
    @library.function
    def context_free(it: Annotated[Context, c_void_p, Closes], /) -> None: ...
    @library.function
    def contexts() -> Int: ...
    @library.function
    def context_count(it: AContext, /) -> Int: ...
    @library.function
    def context_scores(
        it: AContext, /
    ) -> Annotated[memoryview, In(c_float, context_count), Borrowed("it")]: ...

    context = context_new()
    view = context_scores(context)
    assert view.tolist() == [0.5, 1.5, 2.5]
    assert view.readonly
    del context
    collect()
    assert contexts() == 1, "the view keeps it alive"
    del view
    collect()
    assert contexts() == 0

    context = context_new()
    view = context_scores(context)
    context.close()
    with pytest.raises(ValueError, match="released"):
        view[0]

    context = context_new()
    part = context_scores(context)[1:]
    if sys.implementation.name == "cpython":
        with pytest.raises(RuntimeError, match="memory of the Context is in use by a view"):
            context.close()
        assert part[0] == 1.5
    del part
    collect()
    context.close()
    assert contexts() == 0


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (
            Annotated[bytes, In(c_char)],
            "how many items are there? Write a size, such as In(c_c",
        ),
        (
            Annotated[memoryview, In(c_char, 3)],
            "a memoryview shows memory of C's: write Borrowed",
        ),
        (Annotated[bytes, In(c_char, 3), Borrowed], "Borrowed cannot follow const char *"),
        (
            Annotated[memoryview, In(c_char, 3), Owned(print), Borrowed],
            "Borrowed cannot follow const char *",
        ),
        (Annotated[bytes, In(c_char, 3), Owned], "who frees it? Expected Owned(free)"),
        (
            Annotated[str, In(c_int, 3)],
            "list[...] or memoryview stands for const int32_t",
        ),
        (Annotated[bytes, In(c_char, "no")], "needs the names of integer parameters, not no"),
        (
            Annotated[bytes, c_int, Written("no")],
            "int or bool stands for int32_t, not <class 'bytes'>",
        ),
        (
            Annotated[bytes, c_int, Written("no"), Filled(bytes, c_char, 3)],
            "Written('no') needs a Filled or Returned with that name; there is none",
        ),
        (
            Annotated[bytes, None, Filled(bytes, c_char, 3), Length(c_size_t, "no")],
            "needs a Filled or Returned with that name; there is none",
        ),
        (
            Annotated[bytes, None, Filled(bytes, c_int, 3)],
            "list[...] stands for int32_t *, not <class 'bytes'>",
        ),
        (
            Annotated[bytes, None, Filled(bytes, c_char, "no")],
            "needs the names of integer parameters, not no",
        ),
    ],
)
def test_what_is_refused(annotation: Any, said: str) -> None:
    def function(n: Int, /) -> None: ...

    function.__annotations__["return"] = annotation
    with pytest.raises(DeclarationError) as caught:
        Declaration(function)
    assert said in str(caught.value)


def test_what_c_keeps_is_passed_once() -> None:
    def function(
        data: Annotated[Buffer, In(c_char), Count(c_size_t, "data"), Keep()], /
    ) -> Annotated[
        bytes, c_int, Written("it", again=True), Filled(bytes, c_char, 1, name="it")
    ]:
        raise NotImplementedError

    with pytest.raises(
        DeclarationError, match=r"may call C twice, so C would get twice what K"
    ):
        Declaration(function)


def test_words_that_contradict_themselves() -> None:
    for size in (0, -1):
        with pytest.raises(DeclarationError, match="is no number of items, from 1 on"):
            Filled(bytes, c_char, size)
    for other in (2.5, None, (), TERMINATED, UNCHECKED, c_int):
        with pytest.raises(DeclarationError, match=r"Filled: .* is no number of items$"):
            Filled(bytes, c_char, other)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=r"Length: .* is not an integer type"):
        Length(c_float, "it")
    with pytest.raises(DeclarationError, match="again is True or"):
        Written("it", again="yes")
