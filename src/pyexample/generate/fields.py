"""The fields of structs: their names, their widths, and what packs them."""

from ..headers.c_model import Field, Record
from .context import Context
from .names import python_name
from .types import Unknown

OF_CTYPES = ("_align_", "_anonymous_", "_fields_", "_layout_", "_pack_", "_swappedbytes_")
"""The attributes of a class by which ctypes knows its layout, which no field can have."""


def field_name(name: str, used: set[str]) -> str:
    """A name for a field that no other one has. Raises Unknown if Python can have none.

    Two underscores at its beginning would make it private to its class.
    """
    try:
        python = python_name(name)
    except ValueError as error:
        raise Unknown(str(error)) from None
    if python.startswith("__"):
        python = f"_{python.lstrip('_')}"
    while python in used:
        python += "_"
    used.add(python)
    return python


def width_of(context: Context, field: Field) -> int:
    """The number of bits of a bit-field. Raises Unknown."""
    width = context.api.length(field.bits)
    if not width:
        raise Unknown(f"a bit-field {field.name} of no width, or of one not known")
    return width


def packed(record: Record) -> list[str]:
    """The attributes for the layout of a packed struct, which Python 3.14 asks for, too."""
    pack = "1" if "packed" in record.attributes else record.pack
    return [f"_pack_ = {pack}", '_layout_ = "ms"'] if pack.isdecimal() else []
