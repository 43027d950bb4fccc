"""The parts of a module, and their order: C's, but what is used comes before."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_DOCSTRING = re.compile(r'""".*?"""', re.DOTALL)
_COMMENT = re.compile("#.*")
_ATTRIBUTE = re.compile(r"\.\w+")
_LAMBDA = re.compile(r"\blambda\b[^:]*$")
"""A lambda whose parameters are not at an end."""
_GIVEN = re.compile(r"\b\w+(?=: )")
"""The names of parameters and fields, which use nothing of that name."""
_WORD = re.compile(r"[^\W\d]\w*")
WIDTH = 88
"""The length of lines, which is the default of ruff and black."""


@dataclass
class Item:
    """A part of the module.

    Attributes:
        name: the Python name that it defines.
        subject: C's name, by which the checker or a trial refuses it.
        code: its text without docstrings and comments, which says what it uses.
        text: its text; by default the code.
        place: the number of the header and the line.
        kind: "constant", "alias", "if", "class" or "function": what is between two of them.
        stub: its text in a stub; "" if that is the same.
        is_asked: whether it is declared for itself, not because something else needs it.
        counts_as, count: how many declarations of the headers of which kind it is.
    """

    name: str
    subject: str
    code: str
    place: tuple[int, int]
    kind: str
    text: str = ""
    is_asked: bool = False
    stub: str = ""
    counts_as: str = ""
    count: int = 0
    needs: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.text = self.text or self.code
        self.needs = names_in(self.code) - {self.name}


def names_in(code: str) -> set[str]:
    """The names that code uses: not those in texts and comments, nor those that it defines."""
    for pattern in (_DOCSTRING, _STRING, _COMMENT, _GIVEN, _ATTRIBUTE):
        code = pattern.sub("", code)
    return words(code)


def words(text: str) -> set[str]:
    """The names in a text."""
    return set(_WORD.findall(text))


def with_needs(wanted: Iterable[Item], items: Iterable[Item]) -> list[Item]:
    """What is wanted and all that it needs, in the order of ``items``."""
    listed = list(items)
    by_name = {each.name: each for each in listed}
    # The fields of a class may be an item of their own.
    parts = {each.name.partition(".")[0]: each for each in listed if "." in each.name}
    waiting, found = list(wanted), set[str]()
    while waiting:
        item = waiting.pop()
        if item.name not in found:
            found.add(item.name)
            waiting += [by_name[name] for name in words(item.code) if name in by_name]
            waiting += [parts[item.name]] if item.name in parts else []
    return [each for each in listed if each.name in found]


def in_order(items: Iterable[Item]) -> list[Item]:
    """The items by their place, each after those that it needs."""
    listed = sorted(items, key=lambda each: each.place)
    by_name = {each.name: each for each in listed}
    done: dict[str, Item] = {}
    for each in listed:
        _place(each, by_name, done, set())
    return list(done.values())


def _place(
    item: Item, by_name: Mapping[str, Item], done: dict[str, Item], open_: set[str]
) -> None:
    if item.name in done or item.name in open_:
        return
    open_.add(item.name)
    needed = [by_name[name] for name in item.needs if name in by_name]
    for each in sorted(needed, key=lambda it: (it.place, it.name)):
        _place(each, by_name, done, open_)
    done[item.name] = item


def laid_out(before: str, inside: list[str], after: str, indent: str = "") -> str:
    """A list in brackets: on one line; or its items on one line; or each on a line of its own.

    This is the format of ruff and black.
    """
    whole = f"{indent}{before}{', '.join(inside)}{after}"
    if len(whole) <= WIDTH:
        return whole
    inner = f"{indent}    {', '.join(inside)}"
    if len(inner) <= WIDTH and inside:
        return f"{indent}{before}\n{inner}\n{indent}{after}"
    rows = [_row(each, f"{indent}    ") for each in inside]
    return "\n".join([f"{indent}{before}", *rows, f"{indent}{after}"])


def listed(before: str, items: list[str], indent: str = "") -> str:
    """A list: on one line, or each item on a line of its own, as ruff and black have it."""
    whole = f"{indent}{before}[{', '.join(items)}]"
    if len(whole) <= WIDTH or not items:
        return whole
    rows = [_row(each, f"{indent}    ") for each in items]
    return "\n".join([f"{indent}{before}[", *rows, f"{indent}]"])


def _row(text: str, indent: str) -> str:
    """An item on a line of its own, itself laid out if it is too long."""
    if len(indent) + len(text) + 1 <= WIDTH:
        return f"{indent}{text},"
    if text.endswith(" | None"):
        return f"{_operand(text.removesuffix(' | None'), indent)}\n{indent}| None,"
    before, inside, after = split(text)
    return laid_out(before, inside, f"{after},", indent) if inside else f"{indent}{text},"


def _operand(text: str, indent: str) -> str:
    before, inside, after = split(text)
    return laid_out(before, inside, after, indent) if inside else f"{indent}{text}"


def assigned(name: str, value: str, indent: str = "") -> str:
    """An assignment, with parentheses if they help to keep its lines short."""
    line = f"{indent}{name} = {value}"
    is_too_long = max(len(f"{indent}{name} = ("), len(f"{indent}    {value}")) > WIDTH
    before, inside, after = split(value)
    is_call = re.fullmatch(r"[\w.]+[(]", before) is not None  # and no text with brackets in it
    if len(line) <= WIDTH or (is_too_long and not is_call):
        return line
    if is_call:
        return laid_out(f"{name} = {before}", inside, after, indent)
    return f"{indent}{name} = (\n{indent}    {value}\n{indent})"


def annotated(name: str, annotation: str) -> str:
    """The declaration of a field."""
    before, inside, after = split(annotation)
    if len(f"    {name}: {before}") > WIDTH:
        return f"    {name}: (\n        {annotation}\n    )"
    return laid_out(f"{name}: {before}", inside, after, "    ")


def split(text: str) -> tuple[str, list[str], str]:
    """What is before, in and after the last outermost brackets of an expression."""
    depth, start, end = 0, -1, -1
    for at, each in enumerate(text):
        if each in "([":
            if not depth:
                start = at
            depth += 1
        elif each in ")]":
            depth -= 1
            if not depth:
                end = at
    if start < 0:
        return text, [], ""
    return text[: start + 1], list(_parts(text[start + 1 : end])), text[end:]


def _parts(text: str) -> Iterator[str]:
    depth, part = 0, ""
    for each in text:
        depth += (each in "([") - (each in ")]")
        if each == "," and not depth and not _LAMBDA.search(part):
            yield part.strip()
            part = ""
        else:
            part += each
    if part.strip():
        yield part.strip()


def definition(
    head: str, name: str, given: list[str], result: str, doc: str = "", indent: str = ""
) -> str:
    """A typed function without a body, below its decorator."""
    ending = ":" if doc else ": ..."
    text = signature(name, [*given, "/"] if given else [], result, ending, indent)
    # Type checkers want the dots: a docstring alone would return None.
    return f"{indent}{head}\n{text}" + (f"\n{doc}\n    ..." if doc else "")


def signature(name: str, given: list[str], result: str, ending: str, indent: str = "") -> str:
    """The first line of a function, or several, up to its ``ending``."""
    if given:
        return laid_out(f"def {name}(", given, f") -> {result}{ending}", indent)
    before, inside, after = split(result)
    if inside and len(f"{indent}def {name}() -> {before}") <= WIDTH:
        return laid_out(f"def {name}() -> {before}", inside, f"{after}{ending}", indent)
    line = f"{indent}def {name}() -> {result}{ending}"
    if len(line) <= WIDTH:
        return line
    return f"{indent}def {name}() -> (\n{indent}    {result}\n{indent}){ending}"
