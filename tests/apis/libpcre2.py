"""PCRE2 for 8-bit text, bound: patterns, matches, substitution, callouts, serialization.

The declarations mirror pcre2.h (https://pcre2project.github.io/pcre2/doc/), and ``pyexample
abi`` proves them. ``groups`` and ``find_all`` are on top.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable, Iterator, Sequence
from ctypes import (
    POINTER,
    c_char,
    c_char_p,
    c_int,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint32,
    c_void_p,
)
from typing import Annotated, Any

from pyexample.ffi import (
    UNCHECKED,
    ArrayOf,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Constant,
    Count,
    Filled,
    Handle,
    In,
    Keep,
    Length,
    Library,
    Owned,
    Raises,
    Returned,
    Written,
    struct,
)

FILES = {"linux": "libpcre2-8.so.0", "darwin": "libpcre2-8.0.dylib", "win32": "pcre2-8.dll"}
library = Library("pcre2", __name__, system=FILES, suffix="_8")

PCRE2_CASELESS, PCRE2_DOTALL, PCRE2_MULTILINE = 0x8, 0x20, 0x400
PCRE2_UCP, PCRE2_UTF = 0x20000, 0x80000
PCRE2_NOTEMPTY_ATSTART, PCRE2_PARTIAL_HARD, PCRE2_ANCHORED = 0x8, 0x20, 0x80000000
PCRE2_SUBSTITUTE_GLOBAL, PCRE2_SUBSTITUTE_EXTENDED = 0x100, 0x200
PCRE2_SUBSTITUTE_OVERFLOW_LENGTH = 0x1000
PCRE2_CONVERT_GLOB, PCRE2_JIT_COMPLETE = 0x10, 0x1
PCRE2_INFO_CAPTURECOUNT, PCRE2_INFO_NAMECOUNT, PCRE2_INFO_NAMEENTRYSIZE = 4, 17, 18
PCRE2_INFO_NAMETABLE, PCRE2_INFO_SIZE = 19, 22
PCRE2_CONFIG_JIT, PCRE2_CONFIG_VERSION = 1, 11
PCRE2_ERROR_NOMATCH, PCRE2_ERROR_PARTIAL, PCRE2_ERROR_CALLOUT = -1, -2, -37
PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_UNSET = -47, -55
PCRE2_UNSET = c_size_t(-1).value


class Error(Exception):
    """What PCRE2 says of a pattern, where it is wrong, or of a call that failed."""

    def __init__(self, code: int, message: str, at: int | None = None) -> None:
        super().__init__(message if at is None else f"{message} at offset {at}")
        self.code = code
        self.at = at


# fmt: off
class Code(Handle):
    """``pcre2_code *``"""
class Match(Handle):
    """``pcre2_match_data *``"""
class CompileContext(Handle):
    """``pcre2_compile_context *``"""
class MatchContext(Handle):
    """``pcre2_match_context *``"""
class Tables(Handle):
    """``const uint8_t *`` of ``pcre2_maketables``"""
class JitStack(Handle):
    """``pcre2_jit_stack *``"""
# fmt: on


@struct(init=False)
class CalloutBlock(ctypes.Structure):
    """``pcre2_callout_block``: where a match is when it comes to a callout."""

    version: Annotated[int, c_uint32]
    callout_number: Annotated[int, c_uint32]
    capture_top: Annotated[int, c_uint32]
    capture_last: Annotated[int, c_uint32]
    offset_vector: Annotated[Any, POINTER(c_size_t)]
    mark: Annotated[Any, POINTER(c_uint8)]
    subject: Annotated[Any, POINTER(c_uint8)]
    subject_length: Annotated[int, c_size_t]
    start_match: Annotated[int, c_size_t]
    current_position: Annotated[int, c_size_t]
    pattern_position: Annotated[int, c_size_t]
    next_item_length: Annotated[int, c_size_t]
    callout_string_offset: Annotated[int, c_size_t]
    callout_string_length: Annotated[int, c_size_t]
    callout_string: Annotated[Any, POINTER(c_uint8)]
    callout_flags: Annotated[int, c_uint32]


@struct(init=False)
class EnumeratedCallout(ctypes.Structure):
    """``pcre2_callout_enumerate_block``: a callout of a pattern."""

    version: Annotated[int, c_uint32]
    pattern_position: Annotated[int, c_size_t]
    next_item_length: Annotated[int, c_size_t]
    callout_number: Annotated[int, c_uint32]
    callout_string_offset: Annotated[int, c_size_t]
    callout_string_length: Annotated[int, c_size_t]
    callout_string: Annotated[Any, POINTER(c_uint8)]


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    try:
        said = pcre2_get_error_message(code)
    except LookupError:  # it is a callout's own
        said = f"error {code}"
    return Error(code, f"{function}(): {said}")


def _compile_error(nothing: None, function: str, values: tuple[Any, ...]) -> Error:
    *_, code, at = values
    return Error(code, f"{function}(): {pcre2_get_error_message(code)}", at)


def _unknown_code(code: int, function: str, values: tuple[Any, ...]) -> LookupError:
    return LookupError(f"{function}(): there is no message for {values[0]}")


def _no_memory(code: None, function: str, values: tuple[Any, ...]) -> MemoryError:
    return MemoryError(f"{function}() had not enough memory")


hold = library.function(release_gil=False)

Pattern = Annotated[Code, c_void_p]
Compiling = Annotated[CompileContext, c_void_p]
Matching = Annotated[MatchContext, c_void_p]
Matched = Annotated[Match, c_void_p]
Options = Annotated[int, c_uint32]
Size = Annotated[int, c_size_t]
Name = Annotated[str, c_char_p]
Text = Annotated[Buffer, In(c_uint8), Count(c_size_t, "text")]
Done = Annotated[None, c_int, Raises(_error)]
DoneIfNotNegative = Annotated[None, c_int, Raises(_error, when="negative")]
ForTheError = Raises(_error, when=())  # it goes to the exception, and is not returned


# fmt: off
@hold
def pcre2_get_error_message(
    code: Annotated[
        int, c_int, Filled(str, c_uint8, 256, name="text"), Count(c_size_t, "text")
    ], /,
) -> Annotated[str, c_int, Raises(_unknown_code, when="negative"), Written("text")]: ...
@library.function(symbol="pcre2_config_8")
def pcre2_version() -> Annotated[
    str, c_int, Raises(_error, when="negative"),
    Constant(c_uint32, PCRE2_CONFIG_VERSION), Filled(str, c_char, 64),
]: ...
@library.function(symbol="pcre2_config_8")
def pcre2_has_jit() -> Annotated[
    bool, c_int, Raises(_error, when="negative"),
    Constant(c_uint32, PCRE2_CONFIG_JIT), Returned(bool, c_uint32),
]: ...

@library.function
def pcre2_maketables() -> Annotated[
    Tables, c_void_p, Owned, Raises(_no_memory), Constant(c_void_p, None)
]: ...
@library.function
def pcre2_maketables_free(
    tables: Annotated[Tables, Constant(c_void_p, None), c_void_p, Closes], /
) -> None: ...
@library.function
def pcre2_compile_context_create() -> Annotated[
    CompileContext, c_void_p, Owned, Raises(_no_memory), Constant(c_void_p, None)
]: ...
@library.function
def pcre2_compile_context_free(
    context: Annotated[CompileContext, c_void_p, Closes], /
) -> None: ...
@hold
def pcre2_set_max_pattern_length(context: Compiling, length: Size, /) -> Done: ...
@library.function
def pcre2_set_character_tables(  # patterns that were compiled with earlier ones need them
    context: Compiling,
    tables: Annotated[Tables | None, c_void_p, Keep("context", every=True)], /
) -> Done: ...

@library.function
def pcre2_compile(
    text: Text,
    options: Annotated[
        int, c_uint32, Returned(int, c_int, ForTheError), Returned(int, c_size_t, ForTheError)
    ],
    context: Annotated[CompileContext | None, c_void_p], /,
) -> Annotated[Code, c_void_p, Owned, Raises(_compile_error)]: ...
@library.function
def pcre2_code_copy(code: Pattern, /) -> Annotated[
    Code, c_void_p, Owned(independent=True), Raises(_no_memory)
]: ...
@library.function
def pcre2_code_free(code: Annotated[Code, c_void_p, Closes], /) -> None: ...
@library.function
def pcre2_jit_compile(code: Pattern, options: Options, /) -> Done: ...

# One function of C, by what it is asked for: C stores values of several types.
@hold
def pcre2_pattern_info(
    code: Pattern, what: Annotated[int, c_uint32, Returned(int, c_uint32)], /
) -> Annotated[int, c_int, Raises(_error)]: ...
@library.function(release_gil=False, symbol="pcre2_pattern_info_8")
def pcre2_pattern_size(
    code: Annotated[
        Code, c_void_p, Constant(c_uint32, PCRE2_INFO_SIZE), Returned(int, c_size_t)
    ], /
) -> Annotated[int, c_int, Raises(_error)]: ...
@hold
def pcre2_substring_number_from_name(code: Pattern, name: Name, /) -> Annotated[
    int, c_int, Raises(_error, when="negative")
]: ...

@Callback.failing_with(PCRE2_ERROR_CALLOUT)
def enumerated(
    block: Annotated[EnumeratedCallout, POINTER(EnumeratedCallout)],
    data: Annotated[int | None, c_void_p], /,
) -> Annotated[int, c_int]: ...
@library.function
def pcre2_callout_enumerate(
    code: Pattern,
    function: Annotated[Callable[[EnumeratedCallout, int | None], int], enumerated],
    data: Annotated[int | None, c_void_p], /,
) -> Done: ...

@library.function
def pcre2_match_context_create() -> Annotated[
    MatchContext, c_void_p, Owned, Raises(_no_memory), Constant(c_void_p, None)
]: ...
@library.function
def pcre2_match_context_free(context: Annotated[MatchContext, c_void_p, Closes], /) -> None: ...
@hold
def pcre2_set_match_limit(context: Matching, limit: Options, /) -> Done: ...
@Callback.failing_with(PCRE2_ERROR_CALLOUT)
def callout(
    block: Annotated[CalloutBlock, POINTER(CalloutBlock)],
    data: Annotated[int | None, c_void_p], /,
) -> Annotated[int, c_int]: ...
@library.function
def pcre2_set_callout(
    context: Matching,
    function: Annotated[
        Callable[[CalloutBlock, int | None], int] | None, callout, Keep("context")
    ],
    data: Annotated[int | None, c_void_p], /,
) -> Done: ...
@library.function
def pcre2_jit_stack_create(start: Size, largest: Size, /) -> Annotated[
    JitStack, c_void_p, Owned, Raises(_no_memory), Constant(c_void_p, None)
]: ...
@library.function
def pcre2_jit_stack_free(stack: Annotated[JitStack, c_void_p, Closes], /) -> None: ...
@library.function
def pcre2_jit_stack_assign(
    context: Annotated[MatchContext, c_void_p, Constant(c_void_p, None)],
    stack: Annotated[JitStack | None, c_void_p, Keep("context")], /,
) -> None: ...

@library.function
def pcre2_match_data_create(groups: Options, /) -> Annotated[
    Match, c_void_p, Owned, Raises(_no_memory), Constant(c_void_p, None)
]: ...
@library.function
def pcre2_match_data_create_from_pattern(code: Pattern, /) -> Annotated[
    Match, c_void_p, Owned(independent=True), Raises(_no_memory), Constant(c_void_p, None)
]: ...
@library.function
def pcre2_match_data_free(match: Annotated[Match, c_void_p, Closes], /) -> None: ...
@library.function
def pcre2_match(  # the match data refer to the pattern and the text
    code: Annotated[Code, c_void_p, Keep("match")],
    text: Annotated[Buffer, In(c_uint8), Count(c_size_t, "text"), Keep("match")],
    start: Size, options: Options, match: Matched,
    context: Annotated[MatchContext | None, c_void_p], /,
) -> Annotated[
    int, c_int, Raises(_error, unless=range(PCRE2_ERROR_PARTIAL, 2**16))
]: ...
@hold
def pcre2_get_ovector_count(match: Matched, /) -> Annotated[int, c_uint32]: ...


def _offsets(match: Match) -> int:
    return 2 * pcre2_get_ovector_count(match)


@hold
def pcre2_get_ovector_pointer(match: Matched, /) -> Annotated[
    memoryview, In(c_size_t, _offsets), Borrowed("match")
]: ...
@hold
def pcre2_get_startchar(match: Matched, /) -> Size: ...
@hold
def pcre2_substring_length_bynumber(
    match: Matched, number: Annotated[int, c_uint32, Returned(int, c_size_t)], /
) -> Annotated[int, c_int, Raises(_error)]: ...


def _length_and_nul(match: Match, number: int) -> int:
    return pcre2_substring_length_bynumber(match, number) + 1


@library.function
def pcre2_substring_copy_bynumber(
    match: Matched,
    number: Annotated[
        int, c_uint32, Filled(bytes, c_uint8, _length_and_nul, name="text"),
        Length(c_size_t, "text", capacity=True),
    ], /,
) -> Annotated[bytes, c_int, Raises(_error)]: ...
@hold
def pcre2_substring_length_byname(
    match: Matched, name: Annotated[str, c_char_p, Returned(int, c_size_t)], /
) -> Annotated[int, c_int, Raises(_error)]: ...

@library.function
def pcre2_substitute(
    code: Pattern, text: Text, start: Size,
    options: Annotated[int, c_uint32, Constant(c_void_p, None)],
    context: Annotated[MatchContext | None, c_void_p],
    replacement: Annotated[
        Buffer, In(c_uint8), Count(c_size_t, "replacement"),
        Filled(bytes, c_uint8, 64, name="made"),
        Length(c_size_t, "made", capacity=True, again=True),
    ], /,
) -> Annotated[tuple[int, bytes], c_int, Raises(_error, when="negative")]: ...

@hold
def pcre2_converted_pattern_free(text: Annotated[int, c_void_p], /) -> None: ...
@library.function
def pcre2_pattern_convert(
    text: Text,
    options: Annotated[
        int, c_uint32, Returned(str, c_char_p, Owned(pcre2_converted_pattern_free)),
        Returned(int, c_size_t, ForTheError), Constant(c_void_p, None),
    ], /,
) -> Annotated[str, c_int, Raises(_error)]: ...

@hold
def pcre2_serialize_free(data: Annotated[int, c_void_p], /) -> None: ...
@library.function
def pcre2_serialize_encode(codes: Annotated[
    Sequence[Code], ArrayOf(c_void_p), Count(c_int32, "codes"),
    Returned(bytes, In(c_uint8), Owned(pcre2_serialize_free), name="data"),
    Length(c_size_t, "data"), Constant(c_void_p, None),
], /) -> Annotated[bytes, c_int32, Raises(_error, when="negative")]: ...
@library.function
def pcre2_serialize_get_number_of_codes(
    data: Annotated[Buffer, In(c_uint8, at_least=16)], /
) -> Annotated[int, c_int32, Raises(_error, when="negative")]: ...
@library.function
def pcre2_serialize_decode(  # the first of them
    data: Annotated[
        Buffer, Returned(Code | None, c_void_p, Owned), Constant(c_int32, 1),
        In(c_uint8, UNCHECKED), Constant(c_void_p, None),
    ], /
) -> Annotated[Code | None, c_int32, Raises(_error, when="negative")]: ...
# fmt: on


def groups(match: Match, count: int) -> list[bytes | None]:
    """What each group matched, or None. ``count`` is what ``pcre2_match`` returned."""
    offsets = pcre2_get_ovector_pointer(match)
    return [
        None
        if offsets[2 * number] == PCRE2_UNSET
        else pcre2_substring_copy_bynumber(match, number)
        for number in range(count)
    ]


def find_all(code: Code, text: bytes) -> Iterator[tuple[int, int]]:
    """Where the pattern matches: start and end of each, which may be empty."""
    match = pcre2_match_data_create_from_pattern(code)
    start, options = 0, 0
    while start <= len(text):
        count = pcre2_match(code, text, start, options, match, None)
        if count == PCRE2_ERROR_NOMATCH:
            if not options:
                return
            start, options = start + 1, 0  # past an empty match
            continue
        begin, end = pcre2_get_ovector_pointer(match)[:2]
        yield begin, end
        start = end
        options = PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED if begin == end else 0
