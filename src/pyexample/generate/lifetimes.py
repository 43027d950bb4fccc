"""Guess who closes a handle, and how long C keeps what it is passed."""

from ..headers.c_model import Function, Parameter, Pointer, resolve
from ..headers.c_tokens import word_set
from .attributes import freed_by
from .draft import Draft
from .lengths import counts
from .names import words_of
from .notes import ADDRESS, USER_DATA, pairs, python_names
from .ownership import Ownership
from .spec import Spec
from .types import Kind, Note, Types

_KEEPING = word_set(
    "set add register install on attach hook handler callback ref use bind append insert push"
    " put open"
)


_ADDING = word_set("add create register append insert push subscribe")
"""Words of functions that keep what they get in addition to what they got before."""
_CALLING = word_set(
    "each foreach walk iterate visit exec execute sort qsort search bsearch scan enumerate"
    " traverse map apply call find compare cmp dump print parse read write process list query"
    " run do with fold reduce filter select for loop match"
)
"""Words of functions that call what they get before they return."""


class Lifetimes:
    """What functions close, make and keep."""

    def __init__(self, types: Types, ownership: Ownership, spec: Spec) -> None:
        self._types = types
        self._ownership = ownership
        self._spec = spec
        self._closers: dict[str, str] = {}  # the function that Python calls, by the class
        for name, subject in ownership.closers.items():
            if subject in types.handles:
                self._closers.setdefault(types.handles[subject], name)

    def has_closer(self, handle: str) -> bool:
        """Whether a function closes handles of a class."""
        return handle in self._closers

    def closes(self, function: Function) -> bool:
        """Whether a function closes a handle."""
        return function.name in self._ownership.closers

    def frees(self, function: Function) -> bool:
        """Whether a function frees texts that others return, as an attribute says."""
        return function.name in self._ownership.freeing

    def is_freed(self, function: Function) -> bool:
        """Whether an attribute says which of the library's functions frees what comes back."""
        return freed_by(function) in self._ownership.freeing

    def closing(self, draft: Draft, name: str, kind: Kind, note: Note) -> Note:
        """The annotation of a handle, with ``Closes`` if the function closes it."""
        subject = self._ownership.closers.get(draft.function.name)
        if subject is None or self._types.handles.get(subject) != kind.python:
            return note
        if draft.function.name not in self._ownership.said:
            draft.guesses[name] = f"{name} is closed"
        is_first = self._closers[kind.python] == draft.function.name
        return note.plus("Closes" if is_first else "Closes(implicit=False)")

    def owner(self, function: Function, name: str, handle: str) -> str:
        """``Owned`` or ``Borrowed``, of a handle that comes back."""
        if said := self._spec.owner(f"{function.name}.{name}"):
            return said
        is_made = self.has_closer(handle) and self._ownership.makes(function)
        return "Owned" if is_made else "Borrowed"

    def may_keep(self, function: Function) -> bool:
        """Whether the name of a function says that C may keep what it gets."""
        words = words_of(function.name)
        return bool(_KEEPING.intersection(words)) and "get" not in words

    def kept(self, draft: Draft, name: str, parameter: Parameter, note: Note) -> Note:
        """The annotation of an argument, with ``Keep`` if C may keep it.

        That is safe also if C does not: the argument only lives longer.
        """
        function = draft.function
        is_pointer = isinstance(resolve(parameter.passed), Pointer)
        if not is_pointer or note == ADDRESS or self.closes(function):
            return note
        keeper = self._keeper(function, name, note)
        if keeper is None:
            return note
        if note.python.startswith("Callable"):
            draft.guesses.pop(name, None)  # that it is called only now
        told = {"": "C", "return": "what comes back"}.get(keeper, keeper)
        draft.guess(name, f"{told} keeps {name}")
        until = self._until(function, name) if keeper != "return" else ""
        words = filter(None, (f'"{keeper}"' if keeper else "", until))
        return note.plus(f"Keep({', '.join(words)})")

    def _until(self, function: Function, name: str) -> str:
        """What replaces an argument that is kept; "" for the next one that is passed.

        What was replaced is freed: several may be kept if anything else is passed with them.
        """
        parameters = function.type.parameters
        buffers = pairs(self._types, parameters)
        names = python_names(parameters)
        others = [
            at
            for at, (each, it) in enumerate(zip(names, parameters, strict=True))
            if each != name
            and at not in buffers.values()
            and self._may_select(function, each, it)
        ]
        is_buffer = any(at in buffers for at in others)
        if len(others) > 1 or is_buffer or not _ADDING.isdisjoint(words_of(function.name)):
            return "every=True"
        return f'slot="{names[others[0]]}"' if others else ""

    def _may_select(self, function: Function, name: str, parameter: Parameter) -> bool:
        """Whether an argument may say in place of what another one is kept: a key, an index."""
        kind = self._types.kind_or_none(parameter.passed)
        target = self._types.pointed(kind)
        is_text = target is not None and target.ctype == "c_char"
        is_text = is_text and kind is not None and self._types.is_const(kind.target)
        if kind is None or not (kind.is_integer or kind.name == "enum" or is_text):
            return False
        said = self._spec.words(f"{function.name}.{name}") or ""
        return not said.startswith("Constant(") and not counts(parameter.name, in_bytes=True)

    def _keeper(self, function: Function, name: str, note: Note) -> str | None:
        """The handle that may keep an argument; "" for the library; None if nothing does."""
        parameters = function.type.parameters
        kinds = [self._types.kind_or_none(each.passed) for each in parameters]
        handles = [
            each
            for each, kind in zip(python_names(parameters), kinds, strict=True)
            if kind and kind.name == "handle"
        ]
        # What a callback gets is kept as long as the callback.
        is_callback = note.python.startswith("Callable") or note == USER_DATA
        is_struct = note.words[0].startswith("POINTER(") and note.python != "Any"
        is_for_new = is_callback or is_struct or note.python.startswith("Buffer")
        is_called_later = is_callback and _CALLING.isdisjoint(words_of(function.name))
        if is_for_new and not handles and self._makes_owned(function):
            return "return"
        is_registered = is_struct and not _ADDING.isdisjoint(words_of(function.name))
        if self.may_keep(function) or is_called_later or is_registered:
            if handles and handles[0] != name:
                return handles[0]
            return "" if is_callback or is_registered else None
        return "return" if is_for_new and self._makes_owned(function) else None

    def _makes_owned(self, function: Function) -> bool:
        if not self._ownership.makes(function):
            return False
        subjects = [self._ownership.subject_of(function.type.result)]
        subjects += [self._ownership.stored_by(it.passed) for it in function.type.parameters]
        return any(self.has_closer(self._types.handles.get(it, "")) for it in subjects if it)
