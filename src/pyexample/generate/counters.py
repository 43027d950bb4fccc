"""Find the fields that have the number of items of another field, which is a pointer."""

from collections.abc import Sequence

from ..headers.c_model import Field
from .lengths import counts_text
from .types import Types


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
    is_number = kind is not None and kind.is_integer and not field.bits
    return is_number and counts_text(field.name, text.name)
