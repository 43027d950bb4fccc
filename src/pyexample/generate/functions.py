"""Declare functions: what the caller passes, what comes back, and what is only guessed."""

from ..headers.c_model import Function
from .api import Api
from .arguments import Arguments
from .draft import Draft, Hidden
from .lifetimes import Lifetimes
from .notes import pairs, python_names
from .ownership import Ownership, is_closing
from .results import Results
from .spec import Spec
from .types import Note, Types, Unknown


class Functions:
    """Declares functions."""

    def __init__(self, api: Api, types: Types, ownership: Ownership, spec: Spec) -> None:
        self._types = types
        self._spec = spec
        self._lifetimes = Lifetimes(types, ownership, spec)
        self._arguments = Arguments(api, types, self._lifetimes, spec)
        self._results = Results(types, self._lifetimes, spec)

    def draft(self, function: Function) -> Draft:
        """Declare a function. Raises Unknown if that is impossible."""
        if function.type.variadic:
            raise Unknown("is variadic: declare each form that is called")
        draft = Draft(function)
        names = python_names(function.type.parameters)
        sized = self._sized(function)
        buffers = {count: names[at] for at, count in sized.items()}
        for at, (name, each) in enumerate(zip(names, function.type.parameters, strict=True)):
            buffer = buffers.get(at, "")
            said = self._arguments.said(function, name)
            draft.is_said |= said is not None
            of_buffer = self._spec.words(f"{function.name}.{buffer}") if buffer else None
            if of_buffer is not None and "Count(" in of_buffer:
                continue  # it has the number of items itself
            if said is not None:
                draft.add(name, said)
            elif buffer and of_buffer is None:
                draft.guess(buffer, f"{buffer} has {name} items")
                kind = self._types.kind(each.passed)
                draft.add(name, Hidden(f'Count({kind.ctype}, "{buffer}")'))
            else:
                made = self._arguments.argument(draft, name, each, at in sized)
                if isinstance(made, Note):
                    made = self._lifetimes.kept(draft, name, each, made)
                draft.add(name, made)
        draft.result = self._results.result(draft)
        draft.written["return"] = str(draft.result)
        for name in [*draft.guesses]:
            if self._spec.is_right(f"{function.name}.{name}"):
                del draft.guesses[name]
        return draft

    def _sized(self, function: Function) -> dict[int, int]:
        """The parameters that are pointers to several items, and those that count these."""
        # What a function frees, or moves, is no buffer of Python's.
        if is_closing(function) or "realloc" in function.name.lower():
            return {}
        parameters = function.type.parameters
        found = pairs(self._types, parameters)
        return {
            at: count
            for at, count in found.items()
            if self._arguments.is_served(parameters[at])
        }
