"""Build a module of everything in an API."""

import re

from .api import Api
from .callbacks import write_callbacks, write_variables
from .constants import write_constants
from .context import Context, Known, Module, Style
from .errors import write_errors
from .items import in_order, with_needs
from .naming import name_types
from .plain_text import STUB_NAMES
from .signatures import write_functions
from .spec import Spec
from .structs import write_handles, write_structs


def build(
    api: Api,
    spec: Spec,
    refused: dict[str, str],
    only: re.Pattern[str] | None = None,
    without: re.Pattern[str] | None = None,
    style: Style = "project",
    known: Known | None = None,
) -> Module:
    """Declare everything, except what is refused: the reasons, by C's name.

    ``only`` and ``without`` choose functions, variables and constants by their names. With
    ``known``, the declarations of functions are written to be added to another module.
    """
    context = Context(api, spec, dict(refused), only, without, style, known)
    if known is not None:
        context.names.reserve([*known.structs.values(), *known.handles.values()])
    if style == "ctypes":
        context.names.reserve(STUB_NAMES)
    for each in api.functions:  # which keep C's names, if anything else has the same one
        context.name(each.name, "functions")
    for refusal in api.refusals:
        kind = "functions" if f"{refusal.name} (" in refusal.text else "declarations"
        why = f"is not understood: {refusal.reason}"
        context.module.leave_out(kind, refusal.name or refusal.text, why)
    for each in api.inline:
        why = "is in the header only: wrap it in a function of C"
        context.module.leave_out("inline functions", each.name, why)
    owners = name_types(context)
    if known is None:
        write_constants(context)
    write_structs(context)
    write_handles(context)
    write_callbacks(context, owners)
    if known is None:
        write_variables(context)
    write_functions(context)
    write_errors(context)
    module = context.module
    if only is not None:
        asked = [each for each in module.items if each.is_asked]
        module.items = with_needs(asked, module.items)
    module.items = in_order(module.items)
    return module
