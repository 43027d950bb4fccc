"""Declare what comes back from functions, and which results mean failure."""

from ..headers.c_model import Function
from .attributes import freed_by, is_never_null, must_be_looked_at
from .draft import Draft
from .lifetimes import Lifetimes
from .notes import ADDRESS, Notes
from .spec import Raise, Spec
from .types import Kind, Note, Types, note_of


class Results:
    """Declares what comes back."""

    def __init__(self, types: Types, lifetimes: Lifetimes, spec: Spec) -> None:
        self._types = types
        self._lifetimes = lifetimes
        self._notes = Notes(types)
        self._spec = spec

    def result(self, draft: Draft) -> Note | None:
        """The annotation of all that comes back. Raises Unknown if there is none."""
        function = draft.function
        said, rule = self._spec.words(f"{function.name}.return"), self._spec.rule(function)
        if said is not None:
            draft.is_said = True
            note = note_of(said)
            if note is None:
                return None
            raises = [self._raises(rule)] if rule is not None else []
            ctype, *words = note.words
            return Note(note.python, (ctype, *raises, *words, *draft.filled))
        own = self._own(draft)
        if own is not None and rule is not None:
            draft.is_said = True
            own = Note(rule.returns or own.python, (*own.words, self._raises(rule)))
        elif own is not None and must_be_looked_at(function) and self._is_status(function):
            draft.open["return"] = "which results mean failure"
        if not draft.returned and not draft.filled:
            return own
        parts = [own.python] if own is not None and own.python != "None" else []
        parts += draft.returned
        whole = f"tuple[{', '.join(parts)}]" if len(parts) > 1 else (parts or ["None"])[0]
        if rule is not None and "none" in rule.conditions:
            whole += " | None"
        return Note(whole, (*(own.words if own is not None else ("None",)), *draft.filled))

    def is_memory(self, function: Function) -> bool:
        """Whether bytes come back that C only lends."""
        kind = self._types.kind(function.type.result)
        target = self._types.pointed(kind)
        is_bytes = target is not None and (target.name == "void" or target.is_byte)
        return is_bytes and self._types.is_const(kind.target)

    def _is_status(self, function: Function) -> bool:
        return self._types.kind(function.type.result).name in ("number", "enum")

    def _own(self, draft: Draft) -> Note | None:
        """C's own result; None for void."""
        function = draft.function
        kind = self._types.kind(function.type.result)
        if kind.name == "void":
            return None
        if note := self._notes.value(kind):
            return note
        note = self._pointer(draft, kind)
        if is_never_null(function) and note != ADDRESS:
            note = note._replace(python=note.python.removesuffix(" | None"))
        return note

    def _pointer(self, draft: Draft, kind: Kind) -> Note:
        """A pointer of any kind."""
        function = draft.function
        place = f"{function.name}.return"
        if kind.name == "handle":
            owner = self._lifetimes.owner(function, "return", kind.python)
            if self._types.is_const(kind.target) and not self._spec.owner(place):
                owner = "Borrowed"  # the caller of a const T * cannot close it
            is_said = self._spec.owner(place) or freed_by(function)
            if self._lifetimes.has_closer(kind.python) and not is_said:
                draft.guesses["return"] = f"the result is {owner}"
            return Note(f"{kind.python} | None", (kind.ctype, owner))
        if draft.length:
            return Note("bytes | None", ("In(c_char)",))
        if kind.name == "pointer":
            target = self._types.kind_or_none(kind.target)
            owner = self._spec.owner(place)
            if target and target.name == "struct":
                if not owner:
                    draft.guesses["return"] = "the result is Borrowed"
                note = Note(f"{target.python} | None", (f"POINTER({target.ctype})",))
                return note.plus(owner or "Borrowed")
            if target and target.ctype in ("c_char", "c_wchar"):
                if self._lifetimes.is_freed(function) and not owner:
                    owner = f"Owned({freed_by(function)})"
                if owner or self._types.is_const(kind.target):
                    note = Note("str | None", (f"{target.ctype}_p",))
                    return note.plus(owner) if owner else note
                draft.open["return"] = "who frees the text"
                return ADDRESS
        draft.open["return"] = "what it points to, and who owns that"
        return ADDRESS

    def _raises(self, rule: Raise) -> str:
        """The word of a rule."""
        listed = [self._spec.maker(rule)]
        for key, value in rule.conditions.items():
            if isinstance(value, list):
                items = [self._constant(str(each)) for each in value]
                ending = "," if len(items) == 1 else ""
                listed.append(f"{key}=({', '.join(items)}{ending})")
            elif value in ("negative", "zero", "nonzero"):
                listed.append(f'{key}="{value}"')
            else:
                listed.append(f"{key}={value}")
        return f"Raises({', '.join(listed)})"

    def _constant(self, name: str) -> str:
        """A constant in an expression of Python."""
        for enum, class_ in self._types.enums.items():
            if any(each.name == name for each in enum.constants or ()):
                return f"{class_}.{name}"
        return name
