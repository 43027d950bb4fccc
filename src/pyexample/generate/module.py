"""Build a module of everything in an API."""

import re

from .api import Api
from .callbacks import write_callbacks, write_variables
from .constants import write_constants
from .context import Context, Module
from .errors import write_errors
from .items import Item, in_order, words
from .naming import name_types
from .signatures import write_functions
from .spec import Spec
from .structs import write_handles, write_structs
from .version import version_check


def build(
    api: Api,
    spec: Spec,
    refused: dict[str, str],
    only: re.Pattern[str] | None = None,
    without: re.Pattern[str] | None = None,
) -> Module:
    """Declare everything, except what is refused: the reasons, by C's name.

    ``only`` and ``without`` choose by their names what is declared.
    """
    context = Context(api, spec, dict(refused), only, without)
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
    write_constants(context)
    write_structs(context)
    write_handles(context)
    write_callbacks(context, owners)
    write_variables(context)
    write_functions(context)
    write_errors(context)
    context.module.version = version_check(context)
    module = context.module
    module.items = in_order(module.items if only is None else _needed(module.items))
    return module


def _needed(items: list[Item]) -> list[Item]:
    """What was asked for, and all that it needs."""
    by_name = {each.name: each for each in items}
    waiting = [each for each in items if each.is_asked]
    found: dict[str, Item] = {}
    while waiting:
        item = waiting.pop()
        if item.name not in found:
            found[item.name] = item
            waiting += [by_name[name] for name in words(item.code) if name in by_name]
    return [each for each in items if each.name in found]
