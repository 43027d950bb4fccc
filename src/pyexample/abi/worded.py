"""Judge what words say and no type does: what a handle stands for, and who owns a text.

C's side of it is read from the header's text: const, the levels of pointers, and the names of
the types behind them. Whether the types agree, the compiler says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..headers.c_model import (
    Array,
    Basic,
    FunctionType,
    Pointer,
    Record,
    Tagged,
    Typedef,
    resolve,
    spell,
)
from ..headers.c_model import Function as Prototype
from ..headers.c_model import Named as CNamed
from ..headers.c_model import Type as CType
from .difference import Difference, breaks
from .model import Function, Type, Words, kind_of
from .report import Grade
from .words import HAPPENS

Found = Iterator[tuple[Function, Difference]]
_Key = TypeVar("_Key")


@dataclass
class _Use:
    """An argument or a result, and C's type for it."""

    function: Function
    place: str
    words: Words
    python: Type
    c: CType
    is_within: bool  # of a callback

    def __post_init__(self) -> None:
        self.levels, self.target, self.names = _behind(self.c)
        self.is_const = "const" in getattr(self.target, "qualifiers", ())


def of_words(functions: Iterable[tuple[Function, Prototype]]) -> Found:
    """The differences between the words of functions and their prototypes."""
    uses = [each for function, prototype in functions for each in _uses(function, prototype)]
    closed = {
        each.words.handle[0]
        for each in uses
        if each.words.owner == "Closes" and each.words.handle and each.is_const
    }
    for each in uses:
        # The compiler judges those of functions.
        if each.is_within and each.words.direction == "out" and _is_read_only(each.c):
            what = f"{each.place} is memory to write to, C has {spell(each.c)}"
            happens = "Python writes to memory that must not change"
            yield each.function, breaks("written", what, happens, each.place)
        # C itself may take a const pointer to what it closes, as free_it(const it *).
        if each.levels and not closed.intersection(each.words.handle):
            yield from _of_owner(each)
    handles = [each for each in uses if each.words.handle]
    by_class: dict[tuple[bool, tuple[str, ...]], list[_Use]] = {}
    for each in handles:
        key = each.function.is_worded, tuple(each.words.handle)
        by_class.setdefault(key, []).append(each)
    for (is_worded, _), found in by_class.items():
        yield from _of_several_types(found, is_worded)
        if is_worded:
            yield from _of_levels(found)
    yield from _of_several_classes([it for (worded, _), it in by_class.items() if worded])


def classes_of(functions: Iterable[tuple[Function, Prototype]]) -> dict[Record, str]:
    """The Handle class of each struct of C."""
    uses = [each for function, prototype in functions for each in _uses(function, prototype)]
    by_type = _by_type([it for it in uses if it.words.handle and it.function.is_worded])
    return {
        meant: found[0].words.handle[0]
        for meant, found in by_type.items()
        if isinstance(meant, Record)
    }


def _uses(function: Function, prototype: Prototype) -> Iterator[_Use]:
    types = [*(function.arguments or ()), function.result]
    yield from _uses_in(function, "", function.words, types, prototype.type)


def _uses_in(
    function: Function, where: str, words: list[Words], types: list[Type], c: FunctionType
) -> Iterator[_Use]:
    """The arguments and the result; for a callback, ``where`` says which one."""
    parameters = [each.passed for each in c.parameters]
    # Of a variadic function, those that are fixed.
    if len(words) == len(types) == len(parameters) + 1:
        rows = zip(words, types, [*parameters, c.result], strict=True)
        for number, (each, python, c_type) in enumerate(rows, 1):
            place = "result" if number == len(words) else f"argument {number}"
            place = f"{place} of the callback, {where}" if where else place
            yield _Use(function, place, each, python, c_type, bool(where))
            pointer = resolve(c_type)
            whole = resolve(pointer.target) if isinstance(pointer, Pointer) else pointer
            if isinstance(whole, FunctionType) and kind_of(python) == "callback":
                inner = [*python[2], python[1]]
                yield from _uses_in(function, place, each.callback, inner, whole)


def _behind(ctype: CType) -> tuple[int, CType, list[Typedef]]:
    """How many pointers a type has, what is behind them, and typedefs for untyped pointers."""
    levels, names = 0, list[Typedef]()
    while True:
        if isinstance(ctype, CNamed) and _is_untyped(ctype):
            names = [ctype.typedef]
            while isinstance(names[0].type, CNamed):
                names = [names[0].type.typedef]
        whole = resolve(ctype)
        if not isinstance(whole, Pointer | Array):
            return levels, whole, names
        ctype = whole.target if isinstance(whole, Pointer) else whole.item
        levels += 1


def _is_read_only(ctype: CType) -> bool:
    """Whether it is a pointer to something const, which may itself point to what is not."""
    whole = resolve(ctype)
    if not isinstance(whole, Pointer | Array):
        return False
    target = resolve(whole.target if isinstance(whole, Pointer) else whole.item)
    return "const" in getattr(target, "qualifiers", ())


def _is_untyped(ctype: CType) -> bool:
    whole = resolve(ctype)
    return isinstance(whole, Pointer) and _is_void(resolve(whole.target))


def _is_void(ctype: CType) -> bool:
    return isinstance(ctype, Basic) and ctype.name == "void"


# Who owns it


def _of_owner(use: _Use) -> Found:
    owner, is_const, c = use.words.owner, use.is_const, spell(use.c)
    if owner == "Python" and use.levels == 1 and not (is_const or _is_void(use.target)):
        what = f"{use.place} is text of Python's, C has {c}: C may write there"
        yield (
            use.function,
            Difference("meaning", "written", what, HAPPENS["written"], use.place),
        )
    if owner == "Owned" and is_const:
        what = (
            f"{use.place} is Owned, C has {c}: its const says that the caller does not own it"
        )
        happens = "what C still uses is freed or closed, if C owns it"
        yield use.function, Difference("meaning", "owner", what, happens, use.place)
    if owner == "unsaid" and not is_const:
        what = f"{use.place} is {c} in C: who frees it is not declared"
        happens = "it is never freed: Owned(free) if the caller must, Borrowed if C owns it"
        yield use.function, Difference("coverage", "owner", what, happens, use.place)


# What a handle stands for


def _meant(use: _Use) -> Record | Typedef | None:
    """The struct of C, or the name of a ``void *``; None if it may be anything."""
    if isinstance(use.target, Tagged) and isinstance(use.target.declared, Record):
        return use.target.declared
    return use.names[0] if use.names else None


def _told(meant: Record | Typedef) -> str:
    return f"{spell(Tagged(meant))} *" if isinstance(meant, Record) else meant.name


def _of_several_types(uses: list[_Use], is_worded: bool) -> Found:
    """One class for several C types: every use but those of the most common."""
    by_type = _by_type(uses)
    for usual, other in _apart(by_type):
        first = by_type[usual][0].function.name
        for each in by_type[other]:
            what = (
                f"{each.place} is {each.words.handle[0]}, which is {_told(usual)} in {first},"
                f" and C has {_told(other)} here"
            )
            grade: Grade = "breaks" if is_worded else "meaning"
            found = Difference(grade, "handle", what, HAPPENS["target"], each.place)
            yield each.function, found


def _of_several_classes(classes: Iterable[list[_Use]]) -> Found:
    """Several classes for one C type, unless they have a base class in common."""
    by_type: dict[Record | Typedef, dict[tuple[str, ...], list[_Use]]] = {}
    for uses in classes:
        found = _by_type(uses)
        if found:
            meant = max(found, key=lambda each: len(found[each]))
            by_class = by_type.setdefault(meant, {})
            by_class[tuple(uses[0].words.handle)] = found[meant]
    for meant, by_class in by_type.items():
        for usual, other in _apart(by_class):
            if not {*usual} & {*other}:
                first = by_class[other][0]
                where = by_class[usual][0].function.name
                what = (
                    f"{first.place} is {other[0]}, C has {_told(meant)}, which is {usual[0]} in"
                    f" {where}"
                )
                happens = (
                    "a handle of one class is refused where the other is declared: use one, or"
                    " derive one from the other"
                )
                difference = Difference("meaning", "classes", what, happens, first.place)
                yield first.function, difference


def _by_type(uses: list[_Use]) -> dict[Record | Typedef, list[_Use]]:
    found: dict[Record | Typedef, list[_Use]] = {}
    for each in uses:
        if meant := _meant(each):
            found.setdefault(meant, []).append(each)
    return found


def _apart(uses: dict[_Key, list[_Use]]) -> Iterator[tuple[_Key, _Key]]:
    """The most common key, beside each of the others."""
    by_use = sorted(uses, key=lambda each: -len(uses[each]))
    for each in by_use[1:]:
        yield by_use[0], each


def _of_levels(uses: list[_Use]) -> Found:
    """Handles behind more or fewer pointers than in C.

    A C type may be a pointer to a pointer itself, everywhere (``JNIEnv *``).
    """
    off = [each.levels - _levels(each.python) for each in uses]
    usual = 0 if 0 in off or len(off) == 1 else max(off, key=off.count)
    for each, difference in zip(uses, off, strict=True):
        # A void * without a name may point to anything, to another pointer as well.
        is_any = _is_void(each.target) and not each.names and difference < 0
        if each.levels and difference != usual and not is_any:
            behind = _pointers(_levels(each.python))
            what = (
                f"{each.place} is {each.words.handle[0]} behind {behind}, C has {spell(each.c)}"
            )
            yield each.function, breaks("level", what, HAPPENS["level"], each.place)


def _levels(python: Type) -> int:
    """The number of pointers of a type in Python; a handle's ``c_void_p`` is one."""
    if kind_of(python) in ("pointer", "in", "out"):
        return 1 + _levels(python[1])
    return int(python == "c_void_p")


def _pointers(number: int) -> str:
    return {0: "no pointer", 1: "one pointer", 2: "two pointers"}.get(
        number, f"{number} pointers"
    )
