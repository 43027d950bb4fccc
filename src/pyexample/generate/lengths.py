"""Which names are those of lengths, sizes and counts.

How much such a name has to say depends on what a wrong guess does. A number of items too many
makes C, or Python, go beyond the end of memory.
"""

from ..headers.c_tokens import word_set
from .names import words_of

_LENGTHS = word_set("len length")
_COUNTS = word_set("n num number nb count cnt")
_SIZES = word_set("size sz bytes nbytes byte cb")
_ROOM = word_set("capacity cap")
_OTHERS = word_set("min max flags index offset")
"""Words of numbers that are beside what they do not count."""
_NAMES = ("name", "path", "file", "key", "uri", "url")
"""Endings of words of texts that name something, and that NUL ends."""
_OF_BYTES = word_set("byte bytes len length size char chars data buf buffer")
_BYTES = word_set(
    "data buf buffer ptr bytes content contents payload base value mem memory body blob string"
)


def counts(name: str, in_bytes: bool) -> bool:
    """Whether the number beside a pointer is one of items, or ``in_bytes``.

    A size is in bytes, so it does not count items of another size.
    """
    words = {*words_of(name)}
    if not name or words & (_OTHERS - {"max"}):  # there is room for so many
        return False
    if name == "argc":
        return True
    is_number = bool(words & (_LENGTHS | _COUNTS))
    is_number |= name.lower().endswith(("len", "count", "length"))
    is_size = bool(words & (_SIZES | _ROOM)) or name.lower().endswith(("size", "bytes", "byte"))
    return is_number or (in_bytes and is_size)


def counts_structs(name: str) -> bool:
    """Whether a number beside a pointer to structs, or to pointers, surely counts these.

    A length may be that of something in the struct.
    """
    return bool({*words_of(name)} & (_COUNTS - {"n", "cnt"} | {"argc"}))


def counts_others(name: str, text: str) -> bool:
    """Whether a number beside bytes is one of other things: nArg, num_channels.

    nByte and nLen are numbers of bytes, and nText is that of pText.
    """
    first, *rest = words_of(name) or [""]
    is_of_bytes = not _OF_BYTES.isdisjoint(rest) or not {*words_of(text)}.isdisjoint(rest)
    return first in ("n", "num", "nb") and bool(rest) and not is_of_bytes


def counts_name(name: str, text: str, is_size: bool) -> bool:
    """Whether a number beside the name of something, which NUL may end, is that text's length.

    A count may say which of several things is meant, and a size be that of the thing.

    Args:
        name: the name of the number.
        text: the name of the text.
        is_size: whether the number is a ``size_t``, which no index of C's is by habit.
    """
    words = {*words_of(name)}
    is_sure = bool(words & _LENGTHS) or name.lower().endswith(("len", "length"))
    return is_sure or not words.isdisjoint(words_of(text)) or (is_size and words <= _COUNTS)


def is_of_a_name(text: str) -> bool:
    """Whether a text is the name of something, by its own name or that of its type."""
    return any(each.endswith(_NAMES) for each in words_of(text))


def counts_text(name: str, text: str) -> bool:
    """Whether the number in a field beside a text is the length of that.

    Structs have many numbers: a count is that of another field, a size may be that of the file
    which the text names.
    """
    words = {*words_of(name)}
    if not name or words & _OTHERS:
        return False
    if words & (_LENGTHS | {"n", "nbytes"}) or name.lower().endswith(("len", "length")):
        return True
    return bool(words & {"size", "sz", "bytes"} and {*words_of(text)} & _BYTES)


def is_length(name: str) -> bool:
    """Whether a number that C stores is the length of the memory that it returns.

    A count may be that of something else.
    """
    words = {*words_of(name)}
    return bool(words & (_LENGTHS | {"size", "nbytes"})) or name.lower().endswith("len")


def is_read_and_stored(name: str) -> bool:
    """Whether C reads a number before it stores one there: the room before, the length after.

    A count is mostly a result. If C does read it, it reads 0, which is safe.
    """
    words = {*words_of(name)}
    return bool(words & (_LENGTHS | _ROOM | {"size", "inout"})) or name.endswith("len")
