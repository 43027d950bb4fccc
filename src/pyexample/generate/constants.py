"""Declare macros with a value, and enums."""

import json
import math
from enum import IntFlag

from ..headers.c_model import Enum, Enumerator, Macro, Tagged, spell
from .comments import docstring, remark
from .context import Context
from .items import WIDTH, Item, assigned
from .names import python_name
from .open_enums import open_enum, open_enums
from .values import Value


def write_constants(context: Context) -> None:
    """Declare macros, and the constants of enums without a name."""
    for macro in context.api.macros:
        if not context.is_wanted(macro.name) or context.public.get(macro.body) == macro.name:
            continue
        value = context.api.values.get(macro.name)
        if why := context.why_not(macro.name):
            context.module.leave_out("macros", macro.name, why)
        elif value is None:
            context.module.leave_out("macros", macro.name, "is no number and no text")
        else:
            _write(context, macro, value, "macros")
    _write_enums(context)


def _write_enums(context: Context) -> None:
    """Declare enums: those with a name as classes, the constants of others by themselves."""
    are_open, base = open_enums(context.api), ""
    for enum in context.api.enums:
        if enum in context.types.enums:
            values = _values(context, enum)
            kind = "IntFlag" if _are_flags([it for _, it in values.values()]) else "IntEnum"
            if kind == "IntEnum" and enum in are_open:
                if not base:
                    base = context.names.give("OpenEnum")
                    context.module.items.append(open_enum(base))
                kind = base
            _write_enum(context, enum, values, kind)
        else:
            for each in enum.constants or ():
                each.file = enum.file
                if (value := _value(context, each)) is not None:
                    _write(context, each, value, "enum constants")


def _value(context: Context, constant: Enumerator) -> int | None:
    value = context.api.values.get(constant.name)
    why = context.why_not(constant.name) or (None if value is not None else "has no value")
    if why or not isinstance(value, int):
        context.module.leave_out("enum constants", constant.name, why or "is no integer")
        return None
    return value


def _write(context: Context, declared: Macro | Enumerator, value: Value, kind: str) -> None:
    name = context.name(declared.name, kind)
    if name is not None:
        text, place = assigned(name, literal(value)), context.api.place(declared)
        told = "\n".join([*remark(declared.comment, "", WIDTH), text])
        item = Item(name, declared.name, text, place, "constant", told, is_asked=True)
        context.module.add(kind, item)


def _values(context: Context, enum: Enum) -> dict[str, tuple[Enumerator, int]]:
    """An enum's constants and their values, by their names in its class."""
    values: dict[str, tuple[Enumerator, int]] = {}
    for each in enum.constants or ():
        value = _value(context, each)
        if value is not None:
            values[_member(each.name)] = each, value
    return values


def _write_enum(
    context: Context, enum: Enum, values: dict[str, tuple[Enumerator, int]], base: str
) -> None:
    name = context.types.enums[enum]
    head = f"class {name}({base}):"
    rows: list[str] = []
    told: list[str] = []
    for member, (constant, value) in values.items():
        rows.append(assigned(member, literal(value), "    "))
        told += [*remark(constant.comment, "    ", WIDTH), rows[-1]]
    doc = docstring(enum.comment, "    ", WIDTH, f"``{spell(Tagged(enum))}``")
    code, text = "\n".join([head, *rows]), "\n".join([head, doc, "", *told])
    c_name = enum.alias or enum.tag
    is_asked = any(map(context.is_wanted, (c_name, *(it.name for it in enum.constants or ()))))
    item = Item(name, c_name, code, context.api.place(enum), "class", text, is_asked)
    context.module.add("enum constants", item, len(values))


def literal(value: Value) -> str:
    """A value in Python; a text with double quotes, or as bytes if it is not UTF-8."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if not isinstance(value, bytes):
        return repr(value).replace("e+", "e")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        inner = (
            repr(value + b"'")[2:-2].replace('"', '\\"') if b'"' in value else repr(value)[2:-1]
        )
        return f'b"{inner}"'
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _member(name: str) -> str:
    """The name of a constant in a class of enums, which has names of its own."""
    name = python_name(name)
    return f"{name}_" if hasattr(IntFlag, name) or name == "mro" else name


def _are_flags(values: list[int]) -> bool:
    """Whether constants are bits and combinations of them, and do not merely count."""
    bits = {each for each in values if each > 0 and not each & (each - 1)}
    known = sum(bits)
    are_bits = all(each >= 0 and not each & ~known for each in values)
    distinct = sorted(set(values))
    merely_count = (
        distinct == [*range(distinct[0], distinct[0] + len(distinct))] if values else True
    )
    return len(bits) >= 3 and are_bits and not merely_count
