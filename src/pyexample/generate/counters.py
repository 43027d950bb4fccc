"""Find the fields that have the number of items of another field, which is a pointer."""

from collections.abc import Sequence

from ..headers.c_model import Field
from ..headers.c_tokens import word_set
from .names import words_of
from .types import Types

_LENGTHS = word_set("len length n nbytes")
_SIZES = word_set("size sz bytes")
_BYTES = word_set(
    "data buf buffer ptr bytes content contents payload base value mem memory body blob string"
)


def said(field: Field) -> str:
    """The field that counts its items, in C's words, as counted_by says; or ""."""
    for each in field.attributes:
        if each.startswith("counted_by("):
            return each[11:-1].strip()
    return ""


def guessed(types: Types, fields: Sequence[Field]) -> dict[str, str]:
    """The texts whose length is the next field, or the one before; by C's names.

    To read them as texts that NUL ends would read beyond them.
    """
    found: dict[str, str] = {}
    for at, each in enumerate(fields):
        if not _is_text(types, each):
            continue
        for other in (at + 1, at - 1):
            is_free = 0 <= other < len(fields) and fields[other].name not in found.values()
            if is_free and _counts(types, fields[other], each):
                found[each.name] = fields[other].name
                break
    return found


def _is_text(types: Types, field: Field) -> bool:
    target = types.pointed(types.kind_or_none(field.type))
    return target is not None and target.ctype == "c_char"


def _counts(types: Types, field: Field, text: Field) -> bool:
    kind = types.kind_or_none(field.type)
    if kind is None or not kind.is_integer or field.bits or not field.name:
        return False
    words = {*words_of(field.name)}
    if words & {"max", "min", "offset", "flags"}:
        return False
    if words & _LENGTHS or field.name.lower().endswith(("len", "length")):
        return True
    # A file's name stands beside the file's size, too.
    return bool(words & _SIZES and {*words_of(text.name)} & _BYTES)
