"""Write declarations of functions, to be added to a module that has others."""

import re
from collections.abc import Sequence

from .api import Api
from .context import Known, Style
from .items import with_needs
from .module import build
from .ownership import Ownership
from .spec import Spec
from .trial import refusals


def additions(api: Api, functions: Sequence[str], known: Known, style: Style) -> dict[str, str]:
    """The text that declares each function, or a comment that says why none can.

    A type that the module lacks is written before the first function that needs it.

    Args:
        api: what the headers declare.
        functions: C's names of the functions, in the order in which they are added.
        known: the classes that the module has.
        style: what the module is written in.
    """
    only = re.compile("|".join(f"^{re.escape(each)}$" for each in functions) or "^$")
    spec = Spec()
    ownership = Ownership(api, spec.closes)
    refused: dict[str, str] = {}
    while True:
        module = build(api, ownership, spec, refused, only, style=style, known=known)
        found = refusals(module, style)
        if not found.keys() - refused.keys():
            break
        refused |= found
    why = module.left_out.get("functions", {})
    by_subject = {each.subject: each for each in module.items if each.counts_as == "functions"}
    written = {*known.structs.values(), *known.handles.values()}
    texts = {name: f"# {name}() {why[name]}" for name in functions if name in why}
    for name in functions:
        if name in by_subject:
            needed = with_needs([by_subject[name]], module.items)
            new = [each for each in needed if each.name.partition(".")[0] not in written]
            written |= {each.name for each in new}
            texts[name] = "\n\n\n".join(each.text for each in new)
    return texts
