"""Write the declarations of functions, with aliases for what repeats."""

import textwrap
from collections import Counter
from collections.abc import Iterable

from ..headers.c_model import Function, spell
from .comments import docstring
from .context import Context
from .draft import Draft
from .functions import Functions
from .items import WIDTH, Item, definition, laid_out, split
from .names import capitalised
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
    ("int | None", "c_void_p"): "Address",
    **{("int", f"c_int{bits}"): f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{("int", f"c_uint{bits}"): f"UInt{bits}" for bits in (8, 16, 32, 64)},
}  # fmt: skip
_LONGEST_RESULT = 60
"""A longer annotation of a result has an alias, so that lines end after it."""


def write_functions(context: Context) -> None:
    """Declare the library's functions."""
    functions = Functions(context.api, context.types, context.ownership, context.spec)
    wanted = [each for each in context.api.functions if context.is_wanted(each.name)]
    drafts = [draft for each in wanted if (draft := _draft(context, functions, each))]
    aliases = _Aliases(context, drafts)
    for draft in drafts:
        _write(context, draft, aliases)


def _draft(context: Context, functions: Functions, function: Function) -> Draft | None:
    if context.name(function.name, "functions") is None:
        return None
    why = context.why_not(function.name)
    if not why:
        try:
            return functions.draft(function)
        except Unknown as unknown:
            why = str(unknown)
            why = why if why.startswith(("is ", "has ")) else f"has {why}"
    context.module.leave_out("functions", function.name, why)
    return None


def _write(context: Context, draft: Draft, aliases: "_Aliases") -> None:
    function, module = draft.function, context.module
    name = context.python[function.name]
    symbol = context.api.labels.get(function.name, function.name)
    given = [f"{each}: {aliases.text(note, each, function)}" for each, note in draft.parameters]
    result = "None" if draft.result is None else aliases.text(draft.result, "", function)
    holds_gil = context.spec.holds_gil(function.name)
    draft.is_said |= holds_gil
    head = "@hold" if holds_gil else "@function"
    if symbol != name:
        held = ", release_gil=False" if holds_gil else ""
        head = f'@library.function(symbol="{symbol}", optional=True{held})'
    marks = _mark("guess", draft.guesses.values())
    marks += _mark("open", (f"{each}: {said}" for each, said in draft.open.items()))
    code = definition(head, name, given, result)
    doc = docstring(function.comment, "    ", WIDTH)
    text = "\n".join([*marks, definition(head, name, given, result, doc)])
    place = context.api.place(function)
    module.add("functions", Item(name, function.name, code, place, "function", text, True))
    if draft.is_said:
        module.said.add(function.name)
    module.prototypes[function.name] = spell(function.type, function.name)
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
        if not note.alias and not is_long and self._uses[own] < 2:
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
