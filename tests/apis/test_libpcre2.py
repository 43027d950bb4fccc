"""libpcre2.py at work: next to Python's re, and what re cannot do."""

import gc
import re
import weakref
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import LOCKS_BUFFERS, Missing, Tool, check_binding

pytest.importorskip("libpcre2", exc_type=ImportError)
import libpcre2 as pcre2

pytestmark = pytest.mark.usefixtures("declared_anew")

DATE = rb"(?<year>\d{4})-(?<month>\d\d)(-(?<day>\d\d))?"


def compiled(pattern: bytes, options: int = 0) -> pcre2.Code:
    return pcre2.pcre2_compile(pattern, options, None)


def matched(code: pcre2.Code, text: bytes) -> list[bytes | None]:
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    count = pcre2.pcre2_match(code, text, 0, 0, match, None)
    return pcre2.groups(match, max(count, 0))


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    report, found = check_binding(
        Path(__file__).with_name("libpcre2.py"),
        "pcre2.h",
        define=["PCRE2_CODE_UNIT_WIDTH=8"],
        compiler=tool("g++"),
        missing=missing,
    )
    assert found == []
    assert report.judged == {"functions": 39, "structs": 2, "fields": 23, "constants": 26}


@settings(deadline=None, max_examples=200)
@given(st.text("ab(|)*+?.\\d", max_size=8), st.text("ab1\n", max_size=12).map(str.encode))
def test_it_finds_what_re_finds(pattern: str, text: bytes) -> None:
    """Both search in the same order, so they find the same, if both accept the pattern."""
    try:
        theirs = re.compile(pattern.encode())
        ours = compiled(pattern.encode())
    except (re.error, pcre2.Error, DeprecationWarning):  # Python 3.10 warns of flags inside
        return
    expected = theirs.search(text)
    assert next(pcre2.find_all(ours, text), None) == (expected and expected.span())


@pytest.mark.parametrize("pattern", [rb"\d+", b"a*", b"", b"$", b"x|", b"(?=b)"])
@pytest.mark.parametrize("text", [b"", b"a1bb22", b"aab", b"one 1, two 22\n"])
def test_all_matches(pattern: bytes, text: bytes) -> None:
    expected = [found.span() for found in re.finditer(pattern, text)]
    assert [*pcre2.find_all(compiled(pattern), text)] == expected


def test_groups() -> None:
    code = compiled(DATE)
    assert matched(code, b"on 2024-05-17.") == [b"2024-05-17", b"2024", b"05", b"-17", b"17"]
    assert matched(code, b"on 2024-05.") == [b"2024-05", b"2024", b"05"]
    assert matched(code, b"never") == []
    assert matched(compiled(b"(a)|(.)\\0(.)"), b"x\0y") == [b"x\0y", None, b"x", b"y"]
    assert pcre2.pcre2_substring_number_from_name(code, "day") == 4
    assert pcre2.pcre2_pattern_info(code, pcre2.PCRE2_INFO_CAPTURECOUNT) == 4
    assert pcre2.pcre2_pattern_info(code, pcre2.PCRE2_INFO_NAMECOUNT) == 3
    assert pcre2.pcre2_pattern_size(code) > 100
    with pytest.raises(pcre2.Error, match=r"_from_name\(\): unknown substring$"):
        pcre2.pcre2_substring_number_from_name(code, "none")


@pytest.mark.parametrize(
    ("pattern", "at", "message"),
    [
        (b"a(b", 3, "missing closing parenthesis"),
        (b"[a", 2, "missing terminating ] for character class"),
        (b"a|*", 2, "quantifier does not follow a repeatable item"),
        (b"ab\\", 3, "\\ at end of pattern"),
    ],
)
def test_errors_have_the_words_of_the_library_and_a_place(
    pattern: bytes, at: int, message: str
) -> None:
    expected = re.escape(f"pcre2_compile(): {message} at offset {at}")
    with pytest.raises(pcre2.Error, match=f"^{expected}$") as caught:
        compiled(pattern)
    assert caught.value.at == at
    assert caught.value.code > 100


def test_messages() -> None:
    assert pcre2.pcre2_get_error_message(pcre2.PCRE2_ERROR_NOMATCH) == "no match"
    with pytest.raises(LookupError, match="there is no message for 12345"):
        pcre2.pcre2_get_error_message(12345)


def test_text_in_utf_8() -> None:
    code = compiled("ÄPFEL.".encode(), pcre2.PCRE2_UTF | pcre2.PCRE2_CASELESS)
    assert matched(code, "äpfelß".encode()) == ["äpfelß".encode()]
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    with pytest.raises(pcre2.Error, match=r"^pcre2_match\(\): UTF-8 error: ") as caught:
        pcre2.pcre2_match(code, b"abc\xff", 0, 0, match, None)
    assert pcre2.pcre2_get_startchar(match) == 3
    assert caught.value.code < pcre2.PCRE2_ERROR_PARTIAL
    with pytest.raises(TypeError, match="must be a buffer, not str"):
        pcre2.pcre2_match(code, "text", 0, 0, match, None)  # type: ignore[arg-type]


def test_offsets_are_shown_and_not_copied() -> None:
    code = compiled(b"(b)(c)?")
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    offsets = pcre2.pcre2_get_ovector_pointer(match)
    assert offsets.nbytes == 6 * offsets.itemsize
    assert pcre2.pcre2_match(code, b"abc", 0, 0, match, None) == 3
    assert [*offsets] == [1, 3, 1, 2, 2, 3]
    assert pcre2.pcre2_match(code, b"b", 0, 0, match, None) == 2
    assert [*offsets] == [0, 1, 0, 1, pcre2.PCRE2_UNSET, pcre2.PCRE2_UNSET]
    match.close()
    with pytest.raises(ValueError, match="released"):
        offsets[0]


def test_room_for_too_few_groups() -> None:
    code = compiled(b"(a)(b)")
    match = pcre2.pcre2_match_data_create(1)
    assert pcre2.pcre2_match(code, b"ab", 0, 0, match, None) == 0
    assert [*pcre2.pcre2_get_ovector_pointer(match)] == [0, 2]
    with pytest.raises(pcre2.Error, match=r"_length_bynumber\(\): "):
        pcre2.pcre2_substring_copy_bynumber(match, 2)


def test_match_data_keep_the_text_and_the_pattern() -> None:
    """C reads the text again for a group."""
    code = compiled(b"a(.+)z")
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    text = bytearray(b"--a" + b"needle" * 100 + b"z")
    pcre2.pcre2_match(code, text, 0, 0, match, None)
    if LOCKS_BUFFERS:
        with pytest.raises(BufferError):
            text.clear()
    assert pcre2.pcre2_substring_copy_bynumber(match, 1) == b"needle" * 100
    pcre2.pcre2_match(code, b"a" + b"b" * 1000 + b"z", 0, 0, match, None)
    text.clear()
    gc.collect()
    assert pcre2.pcre2_substring_length_bynumber(match, 1) == 1000
    code.close()
    assert match.closed


def test_names_of_groups() -> None:
    code = compiled(DATE)
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    pcre2.pcre2_match(code, b"2024-05", 0, 0, match, None)
    assert pcre2.pcre2_substring_length_byname(match, "year") == 4
    with pytest.raises(pcre2.Error, match="requested value is not set") as caught:
        pcre2.pcre2_substring_length_byname(match, "day")
    assert caught.value.code == pcre2.PCRE2_ERROR_UNSET


@settings(deadline=None)
@given(
    st.text("ab,", max_size=300),
    st.text("xy$", max_size=60).map(lambda s: s.replace("$", "$0")),
)
def test_substitution(text: str, replacement: str) -> None:
    """Into memory that is too small at first."""
    options = pcre2.PCRE2_SUBSTITUTE_GLOBAL | pcre2.PCRE2_SUBSTITUTE_OVERFLOW_LENGTH
    count, made = pcre2.pcre2_substitute(
        compiled(b"a"), text.encode(), 0, options, None, replacement.encode()
    )
    assert count == text.count("a")
    assert made.decode() == text.replace("a", replacement.replace("$0", "a"))


def test_substitution_with_groups_and_nul() -> None:
    code = compiled(rb"(\w+) (\w+)")
    options = pcre2.PCRE2_SUBSTITUTE_EXTENDED
    made = pcre2.pcre2_substitute(code, b"hello world", 0, options, None, rb"\U$2\E ${1}" b"\0")
    assert made == (1, b"WORLD hello\0")
    assert pcre2.pcre2_substitute(code, b"none", 0, options, None, b"") == (0, b"none")
    with pytest.raises(pcre2.Error, match=r"^pcre2_substitute\(\): unknown substring$"):
        pcre2.pcre2_substitute(code, b"hello world", 0, options, None, b"$7")
    # Without OVERFLOW_LENGTH, C does not say how much it needs.
    with pytest.raises(pcre2.Error, match=r"^pcre2_substitute\(\): no more memory$"):
        pcre2.pcre2_substitute(code, b"hello world", 0, options, None, b"x" * 1000)


def test_limits() -> None:
    code = compiled(b"(a+)*b")
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    with pcre2.pcre2_match_context_create() as context:
        pcre2.pcre2_set_match_limit(context, 100)
        with pytest.raises(pcre2.Error, match=r"^pcre2_match\(\): match limit exc") as caught:
            pcre2.pcre2_match(
                code, b"a" * 30 + b"c" + b"b", 0, pcre2.PCRE2_ANCHORED, match, context
            )
        assert caught.value.code == pcre2.PCRE2_ERROR_MATCHLIMIT
    with pcre2.pcre2_compile_context_create() as compiling:
        pcre2.pcre2_set_max_pattern_length(compiling, 3)
        with pytest.raises(pcre2.Error, match="pattern string is longer than the limit"):
            pcre2.pcre2_compile(b"abcd", 0, compiling)


def test_partial_matches() -> None:
    code = compiled(b"hello")
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    found = pcre2.pcre2_match(code, b"say hel", 0, pcre2.PCRE2_PARTIAL_HARD, match, None)
    assert found == pcre2.PCRE2_ERROR_PARTIAL
    assert pcre2.pcre2_get_ovector_pointer(match)[0] == 4


def test_callouts() -> None:
    code = compiled(rb"(?C1)\d+(?C2)x")
    places: list[tuple[int, int, int]] = []

    def on_callout(block: pcre2.CalloutBlock, data: int | None) -> int:
        places.append((block.callout_number, block.start_match, block.current_position))
        return 0

    match = pcre2.pcre2_match_data_create_from_pattern(code)
    context = pcre2.pcre2_match_context_create()
    pcre2.pcre2_set_callout(context, on_callout, None)
    del on_callout
    gc.collect()
    assert pcre2.pcre2_match(code, b"12x", 0, 0, match, context) == 1
    assert places == [(1, 0, 0), (2, 0, 2)]
    numbers: list[int] = []

    def on_enumerated(block: pcre2.EnumeratedCallout, data: int | None) -> int:
        numbers.append(block.callout_number)
        return 0

    pcre2.pcre2_callout_enumerate(code, on_enumerated, None)
    assert numbers == [1, 2]


def test_exceptions_of_callouts() -> None:
    code = compiled(b"a(?C1)b")
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    context = pcre2.pcre2_match_context_create()
    calls = []

    def fail(block: pcre2.CalloutBlock, data: int | None) -> int:
        calls.append(block.current_position)
        raise KeyboardInterrupt

    pcre2.pcre2_set_callout(context, fail, None)
    with pytest.raises(KeyboardInterrupt):
        pcre2.pcre2_match(code, b"ab ab ab", 0, 0, match, context)
    assert calls == [1]
    with pytest.raises(pcre2.Error):  # C was told to stop, and has no match
        pcre2.pcre2_substring_length_bynumber(match, 0)
    pcre2.pcre2_set_callout(context, lambda block, data: -1000, None)
    with pytest.raises(pcre2.Error, match=r"^pcre2_match\(\): error -1000$") as caught:
        pcre2.pcre2_match(code, b"ab", 0, 0, match, context)
    assert caught.value.code == -1000


def test_tables_live_as_long_as_the_patterns() -> None:
    context = pcre2.pcre2_compile_context_create()
    tables = pcre2.pcre2_maketables()
    pcre2.pcre2_set_character_tables(context, tables)
    code = pcre2.pcre2_compile(rb"\w+", 0, context)
    pcre2.pcre2_set_character_tables(context, None)
    its_tables = weakref.ref(tables)
    del context, tables
    gc.collect()
    assert its_tables() is not None
    assert matched(code, b"-word-") == [b"word"]


def test_copies_need_no_original() -> None:
    code = compiled(b"a")
    copy = pcre2.pcre2_code_copy(code)
    code.close()
    assert matched(copy, b"a") == [b"a"]


def test_compiled_to_machine_code() -> None:
    if not pcre2.pcre2_has_jit():
        pytest.skip("this PCRE2 has no JIT")
    code = compiled(b"(?:a|b)*c")
    pcre2.pcre2_jit_compile(code, pcre2.PCRE2_JIT_COMPLETE)
    match = pcre2.pcre2_match_data_create_from_pattern(code)
    context = pcre2.pcre2_match_context_create()
    pcre2.pcre2_jit_stack_assign(context, pcre2.pcre2_jit_stack_create(32768, 2**20))
    gc.collect()
    text = b"ab" * 20_000 + b"c"
    assert pcre2.pcre2_match(code, text, 0, 0, match, context) == 1
    assert pcre2.pcre2_get_ovector_pointer(match)[1] == len(text)


def test_serialized_patterns() -> None:
    codes = [compiled(b"a+"), compiled(b"b")]
    data = pcre2.pcre2_serialize_encode(codes)
    assert pcre2.pcre2_serialize_get_number_of_codes(data) == 2
    code = pcre2.pcre2_serialize_decode(data)
    assert code is not None
    assert matched(code, b"caat") == [b"aa"]
    with pytest.raises(pcre2.Error, match=r"^pcre2_serialize_decode\(\): "):
        pcre2.pcre2_serialize_decode(bytes(100))
    with pytest.raises(ValueError, match="must have at least 16 items, not 3"):
        pcre2.pcre2_serialize_get_number_of_codes(data[:3])
    codes[0].close()
    with pytest.raises(ValueError, match=r"is closed$"):
        pcre2.pcre2_serialize_encode(codes)


def test_file_patterns() -> None:
    made = pcre2.pcre2_pattern_convert(b"*.p[yi]", pcre2.PCRE2_CONVERT_GLOB)
    code = compiled(made.encode())
    assert matched(code, b"module.py")
    assert not matched(code, b"module.pc")
    assert not matched(code, b"a/module.py")
    with pytest.raises(pcre2.Error, match=r"^pcre2_pattern_convert\(\): "):
        pcre2.pcre2_pattern_convert(b"[a", pcre2.PCRE2_CONVERT_GLOB)


def test_the_version() -> None:
    assert re.fullmatch(r"10\.\d+\S* \d{4}-\d\d-\d\d", pcre2.pcre2_version())
