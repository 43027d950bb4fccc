"""Declare types of callbacks, and global variables."""

from ..headers.c_model import Declaration, FunctionType, Variable
from .comments import remark
from .context import Context
from .items import WIDTH, Item, definition
from .notes import Notes
from .plain import plain_callback, plain_variable
from .types import CallbackKey, Unknown


def write_callbacks(context: Context, owners: dict[FunctionType, Declaration]) -> None:
    """Declare types of callbacks. ``owners`` says where those are that have no name in C."""
    write = plain_callback if context.style == "ctypes" else _callback
    for key, name in list(context.types.callbacks.items()):
        function, c_name = key
        typedef = context.api.header.unit.typedefs.get(c_name)
        place = context.api.place(typedef or owners[function])
        try:
            item = write(context, key, name, place)
        except Unknown as unknown:
            del context.types.callbacks[key]
            kind = "callbacks" if c_name else "callbacks without a name of their own"
            context.module.leave_out(kind, c_name or name, f"has {unknown}")
        else:
            item.is_asked = context.is_wanted(c_name or name)
            context.module.add("callbacks", item, int(bool(c_name)))


def _callback(context: Context, key: CallbackKey, name: str, place: tuple[int, int]) -> Item:
    notes, subject = Notes(context.types), key[1] or name
    given = [f"{each}: {note}" for each, note in notes.callback_parameters(key, name)]
    result = notes.callback_result(key[0], subject)
    failing = context.spec.failing(subject)
    head = "@Callback"
    if failing is not None:
        head = f"@Callback.failing_with({failing})"
        context.module.said.add(subject)
    code = definition(head, name, given, str(result) if result.words else "None")
    return Item(name, subject, code, place, "function")


def write_variables(context: Context) -> None:
    """Declare the global variables of the library, which some builds of it may lack."""
    write = plain_variable if context.style == "ctypes" else _variable
    for each in context.api.variables:
        if not context.is_wanted(each.name):
            continue
        if why := context.why_not(each.name):
            context.module.leave_out("variables", each.name, why)
        elif name := context.name(each.name, "variables"):
            try:
                context.module.add("variables", write(context, each, name))
            except Unknown as unknown:
                context.module.leave_out("variables", each.name, f"has {unknown}")


def _variable(context: Context, variable: Variable, name: str) -> Item:
    note = Notes(context.types).field(variable.type, is_union=False)
    symbol = "" if name == variable.name else f'(symbol="{variable.name}")'
    head = f"@library.variable{symbol}"
    declared = definition(head, name, [], str(note), indent="    ")
    code = f'if "{variable.name}" in library:\n\n{declared}'
    place = context.api.place(variable)
    marks = remark(variable.comment, "", WIDTH)
    if note.words[0].endswith("* 0"):
        marks.append("# open: how many items it has: none are read")
    text = "\n".join([*marks, code])
    return Item(name, variable.name, code, place, "function", text, is_asked=True)
