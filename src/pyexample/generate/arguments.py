"""Declare the parameters of functions: what each kind of C type becomes."""

import re

from ..headers.c_model import Array, Function, Parameter, Pointer, resolve
from ..headers.c_tokens import word_set
from .api import Api
from .attributes import may_be_null
from .draft import Draft, Hidden
from .lengths import counts, is_read_and_stored
from .lifetimes import Lifetimes
from .names import words_of
from .notes import ADDRESS, Notes
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
        return note_of(text) or self.hidden(text)

    def hidden(self, text: str) -> Hidden:
        """What the caller does not pass, by the word for it."""
        match = re.match(r"(?:Returned|Filled)\(\s*", text)
        return Hidden(text, _first_item(text[match.end() :]) if match else "")

    def argument(
        self, draft: Draft, name: str, parameter: Parameter, is_counted: bool
    ) -> Note | Hidden:
        """Declare a parameter; ``is_counted`` says that another one has its number of items.

        Raises Unknown if that is impossible.
        """
        kind = self._types.kind(parameter.passed)
        if value := self._notes.value(kind):
            return value
        made = self._pointing(draft, name, parameter, kind, is_counted)
        place = f"{draft.function.name}.{name}"
        if isinstance(made, Note) and (
            self._spec.is_nullable(place) or may_be_null(parameter.attributes)
        ):
            can_be_none = made.python.endswith("| None") or made.python == "Any"
            made = made if can_be_none else made._replace(python=f"{made.python} | None")
        return made

    def _pointing(
        self, draft: Draft, name: str, parameter: Parameter, kind: Kind, is_counted: bool
    ) -> Note | Hidden:
        """A pointer of any kind, which cannot be NULL unless that is plain."""
        if kind.name == "handle":
            handle = Note(kind.python, (kind.ctype,))
            return self._lifetimes.closing(draft, name, kind, handle)
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
        is_read = is_const or draft.modes.get(name) == "read_only"
        if is_closing(draft.function) and inner.name in ("pointer", "number", "enum"):
            is_text = inner.python in ("bytes", "str")
            return self._address(
                draft, name, "the text to free" if is_text else "what is freed"
            )
        if self._lifetimes.frees(draft.function) and inner.ctype in ("", "c_char", "c_wchar"):
            return ADDRESS
        if inner.name == "struct":
            if self._may_be_several(draft, name, inner.python):
                draft.open[name] = "how many there are"
                return Note("Any", (f"POINTER({inner.ctype})",))
            return Note(inner.python, (f"POINTER({inner.ctype})",))
        if inner.ctype in ("c_char", "c_wchar") and is_read and inner.name == "number":
            return Note("str", (f"{inner.ctype}_p",))
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

    def _address(self, draft: Draft, name: str, what: str) -> Note:
        draft.open[name] = what
        return ADDRESS

    def _callback(self, draft: Draft, name: str, kind: Kind) -> Note:
        if not kind.ctype:
            return self._address(draft, name, "a callback that cannot be declared")
        draft.guesses[name] = f"{name} is called only before the function returns"
        return self._notes.callback(kind, none=self._lifetimes.may_keep(draft.function))

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

    def _may_be_several(self, draft: Draft, name: str, struct: str = "") -> bool:
        """Whether a pointer may be to several items: its name, or that of a number, says so.

        One struct may have a plural as its own name: PaStreamParameters.
        """
        is_one = words_of(name)[-1:] == words_of(struct.removesuffix("_t"))[-1:]
        if _is_plural(name) and not is_one:
            return True
        others = [
            each.name
            for each in draft.function.type.parameters
            if each.name != name
            and (kind := self._types.kind_or_none(each.passed))
            and kind.is_integer
            and not kind.is_byte
        ]
        has_count = any(counts(each, in_bytes=True) for each in others)
        return has_count or (
            not is_one and any(_DIMENSIONS & {*words_of(each)} for each in others)
        )

    def _counted(self, draft: Draft, name: str, kind: Kind, inner: Kind) -> Note:
        # Without const, C has to be able to write there, whatever an attribute says.
        is_const = self._types.is_const(kind.target)
        if inner.name == "void" or inner.ctype == "c_char":
            return Note("Buffer", (f"{'In' if is_const else 'Out'}(None)",))
        if inner.name in ("number", "enum"):
            return _buffer(inner, is_const, "")
        items = {"handle": "c_void_p", "pointer": "c_char_p"}.get(inner.name, inner.ctype)
        python = "str" if inner.name == "pointer" else inner.python
        return Note(f"Sequence[{python}]", (f"ArrayOf({items})",))

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
        words, mode = {*words_of(name)}, draft.modes.get(name, "")
        is_many = (
            mode == "read_only"
            or bool(words & _MANY)
            or (inner.python == "float" and not words & _RESULTS)
        )
        is_size = is_read_and_stored(name)
        is_many = is_many or (not is_size and self._may_be_several(draft, name))
        if is_const or inner.is_byte or inner.python in ("bytes", "str") or is_many:
            draft.open[name] = "its length"
            return _buffer(inner, is_const, "UNCHECKED")
        if mode == "read_write" or (is_size and mode != "write_only"):
            if not mode:
                draft.guesses[name] = f"C reads {name}, and stores it"
            return Note(inner.python, (f"InOut({inner.ctype})",))
        if not mode:
            draft.guesses[name] = f"C stores {name}"
        return Hidden(f"Returned({inner.python}, {inner.ctype})", inner.python)


def _is_plural(name: str) -> bool:
    return name.endswith("s") and not name.endswith(("ss", "us", "is", "pos"))


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
