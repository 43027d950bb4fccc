"""The fields of structs: their names, their widths, and what packs them."""

import re
from collections.abc import Collection, Sequence

from ..headers.c_model import Field, Record
from .context import Context
from .items import words
from .names import python_name
from .types import Unknown

_OF_CTYPES = ("_align_", "_anonymous_", "_fields_", "_layout_", "_pack_", "_swappedbytes_")
"""The attributes of a class by which ctypes knows its layout, which no field can have."""


def field_names(
    fields: Sequence[Field], annotations: Sequence[str], forbidden: Collection[str]
) -> list[str]:
    """The names of fields in Python: C's, or others that no field has. Raises Unknown.

    In the body of a class, two underscores would make a field private, and type checkers take
    the name of a field for that of a type in the annotations below it.
    """
    theirs = {each.name for each in fields}
    names: list[str] = []
    for number, each in enumerate(fields):
        name = each.name or f"anonymous{number}"
        try:
            python = python_name(name)
        except ValueError as error:
            raise Unknown(str(error)) from None
        if python.startswith("__") and python.strip("_"):
            python = f"_{python.lstrip('_')}"
        # A name in quotes by itself is that of a field, such as a length, and no type.
        below = words(re.sub(r'"\w+"', "", " ".join(annotations[number + 1 :])))
        while python in {*forbidden, *_OF_CTYPES, *names, *below} or (
            python != name and python in theirs
        ):
            python += "_"
        names.append(python)
    return names


def width_of(context: Context, field: Field) -> int:
    """The number of bits of a bit-field. Raises Unknown."""
    width = context.api.length(field.bits)
    if width is None:
        raise Unknown(f"a bit-field {field.name} of a width that is not known")
    return width


def packed(record: Record) -> list[str]:
    """The attributes for the layout of a packed struct, which Python 3.14 asks for, too."""
    pack = "1" if "packed" in record.attributes else record.pack
    return [f"_pack_ = {pack}", '_layout_ = "ms"'] if pack.isdecimal() else []
