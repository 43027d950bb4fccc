"""Write the declarations of functions, with aliases for what repeats."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from ..headers.c_model import Function, spell
from .comments import docstring
from .context import Context
from .draft import Draft
from .functions import Functions
from .items import WIDTH, Item, definition, laid_out, split
from .names import capitalised
from .plain import plain_function
from .types import Note, Unknown

_ALIASES = {
    ("int", "c_int"): "Int", ("int", "c_uint"): "UInt", ("int", "c_long"): "Long",
    ("int", "c_ulong"): "ULong", ("int", "c_short"): "Short", ("int", "c_ushort"): "UShort",
    ("int", "c_longlong"): "LongLong", ("int", "c_ulonglong"): "ULongLong",
    ("int", "c_byte"): "SChar", ("int", "c_ubyte"): "UChar", ("int", "c_size_t"): "Size",
    ("int", "c_ssize_t"): "SSize", ("float", "c_double"): "Double",
    ("float", "c_float"): "Float", ("bool", "c_bool"): "Bool", ("bytes", "c_char"): "Char",
    ("str", "c_char_p"): "Text", ("str | None", "c_char_p"): "TextOrNone",
    ("str", "c_wchar_p"): "WideText", ("str | None", "c_wchar_p"): "WideTextOrNone",
    ("int | None", "c_void_p"): "Address", ("Any", "UserData"): "AnyObject",
    **{("int", f"c_int{bits}"): f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{("int", f"c_uint{bits}"): f"UInt{bits}" for bits in (8, 16, 32, 64)},
}  # fmt: skip
_LONGEST_RESULT = 60
"""A longer annotation of a result has an alias, so that lines end after it."""


def write_functions(context: Context) -> None:
    """Declare the library's functions."""
    if context.style == "ctypes":
        _write_plain_functions(context)
        return
    functions = Functions(context.api, context.types, context.ownership, context.spec)
    wanted = [each for each in context.api.functions if context.is_wanted(each.name)]
    drafts = [draft for each in wanted for draft in _drafts(context, functions, each)]
    aliases = _Aliases(context, drafts)
    counted: set[str] = set()
    for draft in drafts:
        c_name = (draft.variadic or draft.function).name
        _write(context, draft, aliases, c_name, int(c_name not in counted))
        counted.add(c_name)


def _write_plain_functions(context: Context) -> None:
    for function in context.api.functions:
        if context.is_wanted(function.name) and _is_declared(context, function):
            try:
                context.module.add("functions", plain_function(context, function))
            except Unknown as unknown:
                _leave_out(context, function, unknown)


def _is_declared(context: Context, function: Function) -> bool:
    """Whether a function can have a name, and nothing is said against it."""
    if context.name(function.name, "functions") is None:
        return False
    why = context.why_not(function.name) or _other(context, function)
    if why:
        context.module.leave_out("functions", function.name, why)
    return not why


def _leave_out(context: Context, function: Function, unknown: Unknown) -> None:
    why = str(unknown)
    why = why if why.startswith(("is ", "has ")) else f"has {why}"
    context.module.leave_out("functions", function.name, why)


def _drafts(context: Context, functions: Functions, function: Function) -> Iterator[Draft]:
    """The declaration of a function; of a variadic one, all its forms."""
    if not _is_declared(context, function):
        return
    try:
        forms = context.spec.forms(function) if function.type.variadic else []
        for form in forms:
            if form.name != function.name:
                name = context.python[form.name] = context.names.give(form.name)
                context.spec.check_name(function.name, form.name, name)
            yield functions.form(function, form)
        if not forms:
            yield functions.draft(function)
    except Unknown as unknown:
        _leave_out(context, function, unknown)


def _other(context: Context, function: Function) -> str | None:
    """Why a function is left out if it is another one in the library, as asm("...") says."""
    labels = context.api.labels
    symbol = labels.get(function.name, function.name)
    if symbol not in labels.values():
        return None
    same = [each.name for each in context.api.functions if labels.get(each.name) == symbol]
    if symbol in context.api.header.functions and symbol not in labels:
        same.insert(0, symbol)
    if function.name == same[0]:
        return None
    return f"is {symbol} in the library, which is declared as {same[0]}"


def _write(
    context: Context, draft: Draft, aliases: "_Aliases", c_name: str, count: int
) -> None:
    function, module = draft.function, context.module
    name = context.python[function.name]
    symbol = context.api.labels.get(c_name, c_name)
    given = [f"{each}: {aliases.text(note, each, function)}" for each, note in draft.parameters]
    result = "None" if draft.result is None else aliases.text(draft.result, "", function)
    whole = context.known is None  # not a part of another module
    holds_gil = context.spec.holds_gil(c_name)
    draft.is_said |= holds_gil
    head = "@library.function"
    if whole:
        head = "@hold" if holds_gil else "@function"
    if symbol != name or draft.variadic:
        options = [f"fixed={len(function.type.parameters)}"] if draft.variadic else []
        options += [f'symbol="{symbol}"']
        options += ["optional=True"] if whole else []
        options += ["release_gil=False"] if holds_gil else []
        head = f"@library.function({', '.join(options)})"
    marks = _mark("guess", draft.guesses.values())
    marks += _mark("open", (f"{each}: {said}" for each, said in draft.open.items()))
    code = definition(head, name, given, result)
    doc = docstring(function.comment, "    ", WIDTH)
    text = "\n".join([*marks, definition(head, name, given, result, doc)])
    place = context.api.place(function)
    module.add("functions", Item(name, c_name, code, place, "function", text, True), count)
    if draft.is_said:
        module.said.add(c_name)
    module.prototypes[function.name] = spell((draft.variadic or function).type, c_name)
    for found, said in (
        (module.written, draft.written),
        (module.guesses, draft.guesses),
        (module.open, draft.open),
    ):
        found.update({f"{function.name}.{each}": text for each, text in said.items()})


def _mark(word: str, said: Iterable[str]) -> list[str]:
    """The lines of a comment about what is guessed, or not known."""
    text = "; ".join(said)
    return textwrap.wrap(f"# {word}: {text}", WIDTH, subsequent_indent="#   ") if text else []


class _Aliases:
    """Names for annotations that are used more than once, or are too long."""

    def __init__(self, context: Context, drafts: Iterable[Draft]) -> None:
        self._context = context
        self._names: dict[tuple[str, str], str] = {}
        self._uses: Counter[str] = Counter()
        for draft in drafts:
            notes = [*(note for _, note in draft.parameters), draft.result]
            self._uses.update(str(each.own) for each in notes if each is not None)

    def text(self, note: Note, parameter: str, function: Function) -> str:
        """An annotation, by its alias if it has one; "" is the parameter of a result."""
        own = str(note.own)
        is_long = not parameter and len(own) > _LONGEST_RESULT
        is_repeated = note.alias or is_long or self._uses[own] > 1
        if not is_repeated or self._context.known is not None:
            return str(note)
        key = note.alias, own
        if key not in self._names:
            self._names[key] = self._define(note.own, parameter, function)
        if note.more:
            return f"Annotated[{', '.join((self._names[key], *note.more))}]"
        return self._names[key]

    def _define(self, note: Note, parameter: str, function: Function) -> str:
        wanted = _alias(note, parameter, function)
        name = self._context.names.give(wanted)
        before, inside, after = split(str(note))
        code = laid_out(f"{name} = {before}", inside, after)
        api = self._context.api
        typedef = api.header.unit.typedefs.get(wanted)
        place = api.place(typedef or function)
        if typedef is None and (note.python, "".join(note.words)) in _ALIASES:
            place = (-1, 0)
        self._context.module.items.append(Item(name, "", code, place, "alias"))
        return name


def _alias(note: Note, parameter: str, function: Function) -> str:
    """A name for an annotation: C's, that of its class, or of the parameter."""
    if name := note.alias or _ALIASES.get((note.python, "".join(note.words)), ""):
        return name
    if (name := note.python.removesuffix(" | None")) not in _PYTHON and name.isidentifier():
        is_optional = name != note.python
        if note.words[1:] in (("Owned",), ("Borrowed",)):
            return f"{'New' if note.words[1] == 'Owned' else 'Borrowed'}{capitalised(name)}"
        if len(note.words) == 1:
            is_pointer = note.words[0].startswith(("POINTER", "c_void_p"))
            ending = "OrNone" if is_optional else ""
            return f"{name}{'Ptr' if is_pointer else 'Value'}{ending}"
    if any(each.startswith("Raises(") for each in note.words):
        return "Result"
    return capitalised(parameter) if parameter else f"{capitalised(function.name)}Result"


_PYTHON = ("Buffer", "bool", "bytes", "float", "int", "str")
