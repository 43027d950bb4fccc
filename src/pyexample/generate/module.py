"""Build a module of everything in an API."""

import re

from .api import Api
from .callbacks import write_callbacks, write_variables
from .constants import write_constants
from .context import Context, Known, Module, Style
from .errors import write_errors
from .items import in_order, with_needs
from .naming import name_types
from .ownership import Ownership
from .plain_text import STUB_NAMES
from .signatures import write_functions
from .spec import Spec
from .structs import write_handles, write_structs
from .user_data import find_user_data
from .version import version_check


def build(
    api: Api,
    ownership: Ownership,
    spec: Spec,
    refused: dict[str, str],
    only: re.Pattern[str] | None = None,
    without: re.Pattern[str] | None = None,
    style: Style = "project",
    known: Known | None = None,
) -> Module:
    """Declare everything, except what is refused: the reasons, by C's name.

    ``only`` and ``without`` choose by their names what is declared. With ``known``, the
    declarations of functions are written to be added to another module.
    """
    context = Context(api, ownership, spec, dict(refused), only, without, style, known)
    if known is not None:
        context.names.reserve([*known.structs.values(), *known.handles.values()])
    if style == "ctypes":
        context.names.reserve(STUB_NAMES)
    # Functions keep C's names if anything else has the same one, such as a name that is said.
    for each in sorted(api.functions, key=lambda it: spec.name(it.name) != ""):
        context.name(each.name, "functions")
    for refusal in api.refusals:
        kind = "functions" if f"{refusal.name} (" in refusal.text else "declarations"
        why = f"is not understood: {refusal.reason}"
        context.module.leave_out(kind, refusal.name or refusal.text, why)
    for each in api.inline:
        why = "is in the header only: wrap it in a function of C"
        context.module.leave_out("inline functions", each.name, why)
    owners = name_types(context)
    if style == "project":
        find_user_data(api, context.types, spec.words)
    if known is None:
        write_constants(context)
    write_structs(context)
    write_handles(context)
    write_callbacks(context, owners)
    if known is None:
        write_variables(context)
    write_functions(context)
    write_errors(context)
    context.module.version = version_check(context)
    module = context.module
    for kind, count in module.counts.items():
        module.there[kind] = count + len(module.left_out.get(kind, ()))
    if only or without:
        _count_all(module, api)
    if only:
        asked = [each for each in module.items if each.is_asked]
        module.items = with_needs(asked, module.items)
        for kind, found in module.left_out.items():
            module.left_out[kind] = {it: found[it] for it in found if context.is_wanted(it)}
    module.left_out = {kind: found for kind, found in module.left_out.items() if found}
    module.items = in_order(module.items)
    return module


def _count_all(module: Module, api: Api) -> None:
    """Count also those of which some were not even asked for."""
    module.there["functions"] = len(api.functions)
    module.there["variables"] = len(api.variables) + len(api.static)
    module.there["macros"] = sum(each.name in api.values for each in api.macros)
