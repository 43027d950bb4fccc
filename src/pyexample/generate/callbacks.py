"""Declare types of callbacks, and global variables."""

import textwrap

from ..headers.c_model import Declaration, FunctionType
from .context import Context
from .items import Item, definition
from .notes import Notes
from .types import Unknown


def write_callbacks(context: Context, owners: dict[FunctionType, Declaration]) -> None:
    """Declare types of callbacks. ``owners`` says where those are that have no name in C."""
    notes = Notes(context.types)
    for (function, c_name), name in list(context.types.callbacks.items()):
        told = c_name or name
        try:
            listed = notes.callback_parameters(function, told)
            result = notes.callback_result(function, told)
        except Unknown as unknown:
            del context.types.callbacks[function, c_name]
            context.module.leave_out("callbacks", told, f"has {unknown}")
            continue
        typedef = context.api.header.unit.typedefs.get(c_name)
        place = context.api.place(typedef or owners[function])
        given = [f"{each}: {note}" for each, note in listed]
        failing = context.spec.failing(told)
        head = "@Callback"
        if failing is not None:
            head = f"@Callback.failing_with({failing})"
            context.module.said.add(told)
        code = definition(head, name, given, str(result) if result.words else "None")
        item = Item(name, told, code, place, "callback", is_asked=context.is_wanted(told))
        context.module.add("callbacks", item, int(bool(c_name)))


def write_variables(context: Context) -> None:
    """Declare the global variables of the library."""
    notes = Notes(context.types)
    for each in context.api.variables:
        if not context.is_wanted(each.name):
            continue
        if why := context.why_not(each.name):
            context.module.leave_out("variables", each.name, why)
            continue
        try:
            note = notes.field(each.type, is_union=False)
        except Unknown as unknown:
            context.module.leave_out("variables", each.name, f"has {unknown}")
            continue
        if name := context.name(each.name, "variables"):
            symbol = "" if name == each.name else f'(symbol="{each.name}")'
            declared = definition(f"@library.variable{symbol}", name, [], str(note))
            # Some builds of a library lack variables, as they lack functions.
            code = f'if "{each.name}" in library:\n\n{textwrap.indent(declared, "    ")}'
            place = context.api.place(each)
            item = Item(name, each.name, code, place, "function", is_asked=True)
            context.module.add("variables", item)
