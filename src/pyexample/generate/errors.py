"""Write the exceptions of a spec's rules, and the functions that make them."""

import builtins

from .context import Context
from .items import Item, laid_out
from .spec import Raise

_BODY = '''\
    """What the library says of a call that failed, and its code."""

    def __init__(self, message: str, code: Any) -> None:
        super().__init__(message)
        self.code = code'''


def write_errors(context: Context) -> None:
    """Write what the rules that are used need."""
    rules = [each for each in context.spec.rules if each.is_used]
    for name in dict.fromkeys(rule.error for rule in rules):
        if not hasattr(builtins, name):
            head = f"class {name}(Exception):\n"
            item = Item(name, "", f"{head}    ...", (-1, 1), "class", head + _BODY)
            context.module.items.append(item)
    makers = {context.spec.maker(rule): rule for rule in rules if rule.error != "OSError"}
    context.module.items += [_maker(context, name, rule) for name, rule in makers.items()]


def _maker(context: Context, name: str, rule: Raise) -> Item:
    """The function of that name, which makes a rule's exception."""
    head = f"def {name}(code: Any, function: str, values: tuple[Any, ...]) -> Exception:"
    lines = [head]
    if rule.code:
        call, given = _call(context, rule.code)
        lines.append(laid_out(f"code = {call}(", given, ")", "    "))
    told = "code"
    if rule.message:
        call, given = _call(context, rule.message)
        told = f"{call}({', '.join(given)})"
    made = f'{rule.error}(f"{{function}}(): {{{told}}}"'
    lines.append(f"    return {made}{'' if hasattr(builtins, rule.error) else ', code'})")
    code = f"{head}\n    return {rule.error}"
    return Item(name, "", code, (-1, 2), "function", "\n".join(lines))


def _call(context: Context, name: str) -> tuple[str, list[str]]:
    """One of the library's functions, and what it is passed: the code, or a call's handle."""
    parameters = context.function(name).type.parameters
    kind = context.types.kind_or_none(parameters[0].passed) if parameters else None
    if kind is not None and kind.name == "handle":
        chosen = f"next(it for it in values if isinstance(it, {kind.python}))"
        return context.python[name], [chosen]
    return context.python[name], ["code"] if parameters else []
