"""Declare the parameters of functions: what each kind of C type becomes."""

import re

from ..headers.c_model import Array, Function, Parameter, Pointer, resolve
from ..headers.c_tokens import word_set
from .api import Api
from .draft import Draft, Hidden
from .lifetimes import Lifetimes
from .names import words_of
from .notes import ADDRESS, Notes, counts
from .ownership import is_closing
from .spec import Spec
from .types import Kind, Note, Types, Unknown, note_of

_RESULTS = word_set("out result ret returned dest dst output p ptr")
_MANY = word_set(
    "array values list items points matrix vec data buffer samples weights table pixels bins"
    " dst pcm rgb rgba frames rows columns"
)
_DIMENSIONS = word_set(
    "width height w h frames channels rows columns max stride dim dims depth"
)
_SIZES = word_set("len length size inout capacity")


class Arguments:
    """Declares parameters, each by itself."""

    def __init__(self, api: Api, types: Types, lifetimes: Lifetimes, spec: Spec) -> None:
        self._api = api
        self._types = types
        self._lifetimes = lifetimes
        self._notes = Notes(types)
        self._spec = spec

    def said(self, function: Function, name: str) -> Note | Hidden | None:
        """What the spec says about a parameter."""
        text = self._spec.words(f"{function.name}.{name}")
        if text is None:
            return None
        if note := note_of(text):
            return note
        match = re.match(r"(?:Returned|Filled)\(\s*", text)
        return Hidden(text, _first_item(text[match.end() :]) if match else "")

    def argument(
        self, draft: Draft, name: str, parameter: Parameter, is_counted: bool
    ) -> Note | Hidden:
        """Declare a parameter; ``is_counted`` says that another one has its number of items.

        Raises Unknown if that is impossible.
        """
        kind = self._types.kind(parameter.passed)
        if note := self._notes.value(kind):
            return note
        if kind.name == "handle":
            note = Note(f"{kind.python}{self._none(draft, name)}", (kind.ctype,))
            return self._lifetimes.closing(draft, name, kind, note)
        if kind.name == "callback":
            return self._callback(draft, name, kind)
        if kind.name != "pointer":
            raise Unknown(f"has a parameter {name} of no type that can be passed")
        inner = self._types.kind_or_none(kind.target)
        if inner is None:
            return self._address(draft, name, "what it points to cannot be declared")
        whole = resolve(parameter.type)
        if isinstance(whole, Array) and (note := self._array(draft, name, whole, inner)):
            return note
        if is_counted:
            return self._counted(draft, name, kind, inner)
        return self._pointer(draft, name, kind, inner)

    def _pointer(self, draft: Draft, name: str, kind: Kind, inner: Kind) -> Note | Hidden:
        """A pointer to something, of which there may be several."""
        is_const = self._types.is_const(kind.target)
        none = self._none(draft, name)
        if inner.name == "struct":
            if self._may_be_several(draft, name):
                draft.open[name] = "how many there are"
                return Note("Any", (f"POINTER({inner.ctype})",))
            return Note(f"{inner.python}{none}", (f"POINTER({inner.ctype})",))
        if inner.ctype in ("c_char", "c_wchar") and is_const and inner.name == "number":
            if is_closing(draft.function):
                return self._address(draft, name, "the text to free")
            return Note(f"str{none}", (f"{inner.ctype}_p",))
        if inner.name == "handle":
            return self._stored_handle(draft, name, kind, inner)
        if inner.name == "pointer":
            return self._stored_pointer(draft, name, kind, inner)
        if inner.name in ("number", "enum"):
            return self._number(draft, name, inner, is_const)
        return self._address(draft, name, "what it points to")

    def is_served(self, parameter: Parameter) -> bool:
        """Whether a pointer to several items can be declared with their number."""
        kind = self._types.kind(parameter.passed)
        inner = self._types.kind_or_none(kind.target)
        if inner is None or inner.ctype == "c_longdouble":
            return False
        if inner.name == "struct":
            return self._types.is_const(kind.target)
        return inner.name != "pointer" or self._is_text(inner)

    def _is_text(self, pointer: Kind) -> bool:
        """Whether a pointer is const char *."""
        target = self._types.kind_or_none(pointer.target)
        is_char = target is not None and target.ctype == "c_char"
        return is_char and self._types.is_const(pointer.target)

    def _none(self, draft: Draft, name: str) -> str:
        """What the annotation of a pointer ends with if it may be NULL."""
        is_nullable = self._spec.is_nullable(f"{draft.function.name}.{name}")
        return " | None" if is_nullable else ""

    def _address(self, draft: Draft, name: str, what: str) -> Note:
        draft.open[name] = what
        return ADDRESS

    def _callback(self, draft: Draft, name: str, kind: Kind) -> Note:
        if not kind.ctype:
            return self._address(draft, name, "a callback that cannot be declared")
        is_nullable = self._none(draft, name) or self._lifetimes.may_keep(draft.function)
        draft.guesses[name] = f"{name} is called only before the function returns"
        return self._notes.callback(kind, none=bool(is_nullable))

    def _array(self, draft: Draft, name: str, array: Array, inner: Kind) -> Note | None:
        """An array whose length the header has, or one of pointers, which nobody checks."""
        length = self._api.length(array.length) if array.length else None
        if length and inner.name in ("number", "enum"):
            return _buffer(inner, self._types.is_const(array.item), f"{length}")
        if inner.name in ("pointer", "handle") and length:
            return self._address(draft, name, "how many pointers there are")
        if inner.name == "struct":
            draft.open[name] = (
                f"how many there are{(length and f', {length} in the header') or ''}"
            )
            return Note("Any", (f"POINTER({inner.ctype})",))
        return None

    def _may_be_several(self, draft: Draft, name: str) -> bool:
        """Whether a pointer may be to several items: its name, or that of a number, says so."""
        if name.endswith("s") and not name.endswith(("ss", "us", "is", "pos")):
            return True
        return any(
            counts(each.name, in_bytes=True) or _DIMENSIONS & {*words_of(each.name)}
            for each in draft.function.type.parameters
            if each.name != name
            and (kind := self._types.kind_or_none(each.passed))
            and kind.is_integer
            and not kind.is_byte
        )

    def _counted(self, draft: Draft, name: str, kind: Kind, inner: Kind) -> Note:
        none, is_const = self._none(draft, name), self._types.is_const(kind.target)
        if inner.name == "void" or inner.ctype == "c_char":
            return Note(f"Buffer{none}", (f"{'In' if is_const else 'Out'}(None)",))
        if inner.name in ("number", "enum"):
            note = _buffer(inner, is_const, "")
            return Note(f"{note.python}{none}", note.words)
        items = {"handle": "c_void_p", "pointer": "c_char_p"}.get(inner.name, inner.ctype)
        python = "str" if inner.name == "pointer" else inner.python
        return Note(f"Sequence[{python}]{none}", (f"ArrayOf({items})",))

    def _stored_handle(self, draft: Draft, name: str, kind: Kind, inner: Kind) -> Note | Hidden:
        whole = resolve(kind.target)
        is_const = isinstance(whole, Pointer) and self._types.is_const(whole.target)
        if is_const or self._types.is_const(kind.target):
            return self._address(draft, name, "how many handles there are")
        if self._lifetimes.closes(draft.function):
            note = Note(inner.python, ("POINTER(c_void_p)",))
            return self._lifetimes.closing(draft, name, inner, note)
        python = f"{inner.python} | None"
        owner = self._lifetimes.owner(draft.function, name, inner.python)
        draft.guesses[name] = f"C stores {name}, {owner}"
        return Hidden(f"Returned({python}, c_void_p, {owner})", python)

    def _stored_pointer(
        self, draft: Draft, name: str, kind: Kind, inner: Kind
    ) -> Note | Hidden:
        is_const = self._types.is_const(kind.target)
        if is_const and self._is_text(inner):
            draft.guesses[name] = f"NULL ends {name}"
            return Note("Sequence[str]", ("ArrayOf(c_char_p, TERMINATED)",))
        if is_const:
            return self._address(draft, name, "how many there are")
        target = self._types.kind_or_none(inner.target)
        if target and target.name == "struct":
            if self._may_be_several(draft, name):
                return self._address(draft, name, "how many there are")
            python = f"{target.python} | None"
            draft.guesses[name] = f"C stores {name}, Borrowed"
            return Hidden(f"Returned({python}, POINTER({target.ctype}), Borrowed)", python)
        if self._is_text(inner):
            what = "whether it is a text that C stores, or several that it gets"
            return self._address(draft, name, what)
        draft.guesses[name] = f"C stores an address in {name}"
        return Hidden("Returned(int | None, c_void_p)", "int | None")

    def _number(self, draft: Draft, name: str, inner: Kind, is_const: bool) -> Note | Hidden:
        if inner.ctype == "c_longdouble":  # of which there are no buffers
            return self._address(draft, name, "its length")
        words = {*words_of(name)}
        is_many = bool(words & _MANY) or (inner.python == "float" and not words & _RESULTS)
        is_size = bool(words & _SIZES) or name.endswith("len")
        is_many = is_many or (not is_size and self._may_be_several(draft, name))
        if is_const or inner.is_byte or inner.python in ("bytes", "str") or is_many:
            draft.open[name] = "its length"
            return _buffer(inner, is_const, "UNCHECKED")
        if is_size:
            draft.guesses[name] = f"C reads {name}, and stores it"
            return Note(inner.python, (f"InOut({inner.ctype})",))
        draft.guesses[name] = f"C stores {name}"
        return Hidden(f"Returned({inner.python}, {inner.ctype})", inner.python)


def _buffer(inner: Kind, is_const: bool, size: str) -> Note:
    words = ", ".join(each for each in (inner.ctype, size) if each)
    return Note("Buffer", (f"{'In' if is_const else 'Out'}({words})",))


def _first_item(text: str) -> str:
    """The text up to the first comma outside of brackets."""
    depth = 0
    for at, each in enumerate(text):
        if not depth and each in ",)":
            return text[:at].strip()
        depth += (each in "([") - (each in ")]")
    return text
