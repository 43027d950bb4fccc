"""Write the exceptions of a spec's rules, and the functions that make them."""

import builtins

from ..headers.c_model import Function
from ..headers.processes import CannotJudgeError
from .context import Context
from .items import Item, laid_out
from .notes import python_names
from .spec import Raise

_BODY = '''\
    """What the library says of a call that failed, and its code."""

    def __init__(self, message: str, code: Any) -> None:
        super().__init__(message)
        self.code = code'''


def write_errors(context: Context) -> None:
    """Write what the rules that are used need."""
    rules = [each for each in context.spec.rules if each.used_by]
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
        call, given = _call(context, rule, rule.code)
        lines.append(laid_out(f"code = {call}(", given, ")", "    "))
    told = "code"
    if rule.message:
        call, given = _call(context, rule, rule.message)
        told = f"{call}({', '.join(given)})"
    made = f'{rule.error}(f"{{function}}(): {{{told}}}"'
    lines.append(f"    return {made}{'' if hasattr(builtins, rule.error) else ', code'})")
    code = f"{head}\n    return {rule.error}"
    return Item(name, "", code, (-1, 2), "function", "\n".join(lines))


def _takes(context: Context, function: Function, handle: str) -> bool:
    """Whether a function takes a handle of a class."""
    kinds = (context.types.kind_or_none(each.passed) for each in function.type.parameters)
    return any(kind and (kind.name, kind.python) == ("handle", handle) for kind in kinds)


def _call(context: Context, rule: Raise, name: str) -> tuple[str, list[str]]:
    """One of the library's functions, and what it is passed: the code, or a call's handle."""
    parameters = context.function(name).type.parameters
    if len(parameters) > 1:
        raise CannotJudgeError(
            f"{context.spec.file}: raises: {name} has several parameters: only a function of"
            " the code alone, or of a handle, can be called"
        )
    kind = context.types.kind_or_none(parameters[0].passed) if parameters else None
    if kind is not None and kind.name not in ("handle", "number", "enum"):
        raise CannotJudgeError(
            f"{context.spec.file}: raises: {name} has a parameter that is neither a code nor a"
            " handle"
        )
    if kind is not None and kind.name == "handle":
        without = [each for each in rule.used_by if not _takes(context, each, kind.python)]
        chosen = f"it for it in values if isinstance(it, {kind.python})"
        if not without:
            return context.python[name], [f"next({chosen})"]
        if not context.spec.is_nullable(f"{name}.{python_names(parameters)[0]}"):
            raise CannotJudgeError(
                f"{context.spec.file}: raises: {name} needs a handle of {kind.python}, which"
                f" {without[0].name} does not take: except it, or say that it is nullable"
            )
        return context.python[name], [f"next(({chosen}), None)"]
    return context.python[name], ["code"] if parameters else []
