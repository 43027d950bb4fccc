"""Declare functions: what the caller passes, what comes back, and what is only guessed."""

from dataclasses import replace

from ..headers.c_model import Function, Parameter
from .api import Api
from .arguments import Arguments
from .attributes import Access, accesses
from .draft import Draft, Hidden
from .lengths import is_length
from .lifetimes import Lifetimes
from .notes import USER_DATA, may_count, pairs, python_names
from .ownership import Ownership, is_closing
from .results import Results
from .spec import Form, Spec
from .types import Note, Types, Unknown, note_of
from .user_data import user_data_of

_UNSAID = Access("", None)


class Functions:
    """Declares functions."""

    def __init__(self, api: Api, types: Types, ownership: Ownership, spec: Spec) -> None:
        self._types = types
        self._spec = spec
        self._lifetimes = Lifetimes(types, ownership, spec)
        self._arguments = Arguments(api, types, self._lifetimes, spec)
        self._results = Results(types, self._lifetimes, spec)

    def form(self, function: Function, form: Form) -> Draft:
        """Declare a form of a variadic function. Raises Unknown if that is impossible."""
        ctype = replace(function.type, variadic=False)
        draft = self._without_result(replace(function, name=form.name, type=ctype))
        draft.variadic, draft.is_said = function, True
        for each in form.arguments:
            name, _, annotation = each.partition(":")
            note = note_of(annotation)
            draft.add(name.strip(), note if note else self._arguments.hidden(each))
        return self._with_result(draft)

    def draft(self, function: Function) -> Draft:
        """Declare a function. Raises Unknown if that is impossible."""
        if function.type.variadic:
            raise Unknown("is variadic: declare each form that is called")
        return self._with_result(self._without_result(function))

    def _with_result(self, draft: Draft) -> Draft:
        draft.result = self._results.result(draft)
        draft.written["return"] = str(draft.result)
        for name in [*draft.guesses]:
            if self._spec.is_right(f"{draft.function.name}.{name}"):
                del draft.guesses[name]
        return draft

    def _without_result(self, function: Function) -> Draft:
        draft = Draft(function)
        names = python_names(function.type.parameters)
        said_by_header = accesses(function)
        draft.modes = {names[at]: each.mode for at, each in said_by_header.items()}
        draft.length = self._length(function, names)
        sized = self._sized(function)
        buffers = {count: names[at] for at, count in sized.items()}
        user_data = user_data_of(self._types, function)
        for at, (name, each) in enumerate(zip(names, function.type.parameters, strict=True)):
            buffer = buffers.get(at, "")
            said = self._arguments.said(function, name)
            draft.is_said |= said is not None
            of_buffer = self._spec.words(f"{function.name}.{buffer}") if buffer else None
            if of_buffer is not None and "Count(" in of_buffer:
                continue  # it has the number of items itself
            if said is not None:
                draft.add(name, said)
            elif name == draft.length:
                ctype = self._types.kind(self._types.kind(each.passed).target).ctype
                draft.guess("return", f"{name} is its length")
                draft.add(name, Hidden(f'Length({ctype}, "return")'))
            elif buffer and of_buffer is None:
                if said_by_header.get(names.index(buffer), _UNSAID).size != at:
                    draft.guess(buffer, f"{buffer} has {name} items")
                kind = self._types.kind(each.passed)
                draft.add(name, Hidden(f'Count({kind.ctype}, "{buffer}")'))
            elif at == user_data:
                draft.guess(name, f"{name} is passed on to the callback")
                draft.add(name, self._lifetimes.kept(draft, name, each, USER_DATA))
            else:
                made = self._arguments.argument(draft, name, each, at in sized)
                if self._may_be_counted(function, names, at) and at not in sized:
                    draft.open[name] = f"whether {names[at + 1]} is its length"
                if isinstance(made, Note):
                    made = self._lifetimes.kept(draft, name, each, made)
                draft.add(name, made)
        return draft

    def _may_be_counted(self, function: Function, names: list[str], at: int) -> bool:
        """Whether a text is followed by a number that nobody says more about."""
        if not may_count(self._types, function.type.parameters, at):
            return False
        return self._spec.words(f"{function.name}.{names[at + 1]}") is None

    def _sized(self, function: Function) -> dict[int, int]:
        """The parameters that are pointers to several items, and those that count these."""
        # What a function frees, or moves, is no buffer of Python's.
        if is_closing(function) or "realloc" in function.name.lower():
            return {}
        parameters = function.type.parameters
        guessed = pairs(self._types, parameters)
        said = {
            at: it.size
            for at, it in accesses(function).items()
            if it.size is not None and self._is_integer(parameters[it.size])
        }
        found = {
            **{at: count for at, count in guessed.items() if count not in said.values()},
            **said,
        }
        return {
            at: count
            for at, count in found.items()
            if self._arguments.is_served(parameters[at])
        }

    def _length(self, function: Function, names: list[str]) -> str:
        """The parameter that gets the length of the memory that is returned; or ""."""
        places = (f"{function.name}.return", *(f"{function.name}.{each}" for each in names))
        if not self._results.is_memory(function) or any(map(self._spec.words, places)):
            return ""
        stored: list[str] = []
        for name, each in zip(names, function.type.parameters, strict=True):
            kind = self._types.kind_or_none(each.passed)
            if kind is None or kind.name != "pointer" or self._types.is_const(kind.target):
                continue
            target = self._types.kind_or_none(kind.target)
            if target is None or not target.is_integer or target.is_byte:
                return ""  # it may be the length of this instead
            stored += [name] if is_length(each.name) else []
        return stored[0] if len(stored) == 1 else ""

    def _is_integer(self, parameter: Parameter) -> bool:
        kind = self._types.kind_or_none(parameter.passed)
        return kind is not None and kind.is_integer
