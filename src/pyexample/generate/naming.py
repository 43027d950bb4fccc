"""Decide which types are declared, and name them."""

from collections.abc import Iterator

from ..headers.c_model import (
    Array,
    Declaration,
    FunctionType,
    Pointer,
    Record,
    Tagged,
    Type,
    function_of,
    record_of,
    resolve,
)
from .context import Context


def name_types(context: Context) -> dict[FunctionType, Declaration]:
    """Name all types. Returns where the callbacks are declared that have no name in C."""
    types, ownership = context.types, context.ownership
    if context.known is not None:
        types.handles.update(iter(context.known.handles.items()))
        types.structs |= context.known.structs
    known = {*types.handles, *types.structs}
    for subject in ownership.handles if context.style == "project" else ():
        names = ownership.names[subject]
        if names and names[0] not in context.refused and subject not in known:
            types.handles[subject] = context.name_type(names[0])
    for enum in context.api.enums if context.known is None else ():
        name = enum.alias or enum.tag
        if name and enum.constants and not context.why_not(name):
            types.enums[enum] = context.name_type(name, "_enum")
    for record in [*_pointed(context), *_needed_records(context)]:
        name = record_name(context, record)
        if record not in {*types.handles, *known} and name and not context.why_not(name):
            types.structs[record] = context.name_type(name)
    return _name_callbacks(context)


def record_name(context: Context, record: Record) -> str:
    """C's name of a struct, or one made of where it stands; "" if nothing names it."""
    if names := context.ownership.names.get(record):
        return names[0]
    for outer in context.api.header.unit.records:
        for number, each in enumerate(outer.fields or ()):
            whole = item_of(each.type)
            if isinstance(whole, Tagged) and whole.declared is record:
                name = each.name or f"anonymous{number}"
                return f"{record_name(context, outer)}_{name}"
    return ""


def item_of(ctype: Type) -> Type:
    """The type of the items of an array; any other type itself."""
    whole = resolve(ctype)
    while isinstance(whole, Array):
        whole = resolve(whole.item)
    return whole


def _pointed(context: Context) -> list[Record]:
    """In plain ctypes, the structs whose fields only C knows: handles of another kind."""
    if context.style != "ctypes":
        return []
    subjects = context.ownership.handles
    return [each for each in subjects if isinstance(each, Record) and each.fields is None]


def _needed_records(context: Context) -> list[Record]:
    """The structs of the headers, and those of others that are fields or passed by value."""
    found: dict[Record, None] = {}
    waiting = list(context.api.records)
    for function in context.api.functions:
        types = (function.type.result, *(each.type for each in function.type.parameters))
        waiting += filter(None, map(record_of, types))
    while waiting:
        record = waiting.pop(0)
        if record not in found and record.fields is not None:
            found[record] = None
            waiting += filter(None, (record_of(item_of(each.type)) for each in record.fields))
    return list(found)


def _name_callbacks(context: Context) -> dict[FunctionType, Declaration]:
    callbacks = context.types.callbacks
    for typedef in context.api.typedefs:
        function = function_of(typedef.type)
        if function is not None and not context.why_not(typedef.name):
            callbacks[function, typedef.name] = context.name_type(typedef.name)
    owners: dict[FunctionType, Declaration] = {}
    for where, function, owner in _nameless_callbacks(context):
        if (function, "") not in callbacks and not context.why_not(where):
            callbacks[function, ""] = context.name_type(where)
            owners[function] = owner
    return owners


def _nameless_callbacks(context: Context) -> Iterator[tuple[str, FunctionType, Declaration]]:
    """Function pointers whose type has no name, what to call them, and where they are."""
    for function in context.api.functions:
        for number, each in enumerate(function.type.parameters, 1):
            if found := _nameless(each.passed):
                yield f"{function.name}_{each.name or f'argument{number}'}", found, function
    types = context.types
    for record, name in (*types.structs.items(), *types.handles.items()):
        for member in record.fields or () if isinstance(record, Record) else ():
            if found := _nameless(member.type):
                yield f"{name}_{member.name}", found, record


def _nameless(ctype: Type) -> FunctionType | None:
    if isinstance(ctype, Pointer) and isinstance(ctype.target, FunctionType):
        return ctype.target
    return None
