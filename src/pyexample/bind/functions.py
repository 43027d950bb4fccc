"""Declare functions: what the caller passes, what comes back, and what is only guessed."""

import re
from dataclasses import dataclass, field

from ..abi.c_model import Array, Function, Parameter, Pointer, Type, resolve
from ..abi.c_tokens import word_set
from .api import Api
from .names import words_of
from .notes import ADDRESS, Notes, pairs, python_names
from .ownership import Ownership, is_closing
from .spec import Raise, Spec
from .types import Kind, Note, Types, Unknown

_KEEPING = word_set(
    "set add register install on attach hook handler callback ref use bind append insert push"
    " put open"
)
_RESULTS = word_set("out result ret returned dest dst output p ptr")
_MANY = word_set("array values list items points matrix vec data buffer samples weights table")


@dataclass
class Draft:
    """A declaration before it is written.

    Attributes:
        parameters: the names and annotations of what the caller passes.
        result: the annotation of what comes back; None for nothing.
        guesses: what is guessed from names and types, by the parameter's name or "return".
        open: what nobody knows, likewise: the declaration leaves it to the caller.
        written: the annotation or the word for each of C's parameters, and for "return".
        is_said: whether the spec says something about it.
    """

    function: Function
    parameters: list[tuple[str, Note | str]] = field(
        default_factory=list[tuple[str, Note | str]]
    )
    result: Note | str | None = None
    guesses: dict[str, str] = field(default_factory=dict[str, str])
    open: dict[str, str] = field(default_factory=dict[str, str])
    written: dict[str, str] = field(default_factory=dict[str, str])
    is_said: bool = False

    def guess(self, name: str, what: str) -> None:
        """Note a guess, in addition to others about the same parameter."""
        self.guesses[name] = "; ".join(filter(None, (self.guesses.get(name), what)))


@dataclass
class _Hidden:
    """A C argument that the caller does not pass: its word, and the type of what comes back."""

    word: str
    python: str = ""


class Functions:
    """Declares functions."""

    def __init__(self, api: Api, types: Types, ownership: Ownership, spec: Spec) -> None:
        self._api = api
        self._types = types
        self._ownership = ownership
        self._notes = Notes(types)
        self._spec = spec
        self._first_closer: dict[str, str] = {}
        for name, subject in ownership.closers.items():
            if subject in types.handles:
                self._first_closer.setdefault(types.handles[subject], name)
        self._closed_handles = set(self._first_closer)

    def draft(self, function: Function) -> Draft:
        """Declare a function. Raises Unknown if that is impossible."""
        ctype = function.type
        if ctype.variadic:
            raise Unknown("is variadic: declare each form that is called")
        draft = Draft(function)
        names = python_names(ctype.parameters)
        # What a function frees, or moves, is no buffer of Python's.
        is_theirs = is_closing(function) or "realloc" in function.name.lower()
        sized = {} if is_theirs else pairs(self._types, ctype.parameters)
        sized = {
            at: count for at, count in sized.items() if self._is_served(ctype.parameters[at])
        }
        counted = {count: names[at] for at, count in sized.items()}
        said = {each: self._spec.words(f"{function.name}.{each}") for each in counted.values()}
        filled: list[_Hidden] = []  # which is written beside what the caller passes
        returned: list[str] = []
        for at, (name, each) in enumerate(zip(names, ctype.parameters, strict=True)):
            made: Note | str | _Hidden | None = self._said(function, name)
            draft.is_said |= made is not None
            text = said.get(counted.get(at, ""))
            if text is not None and "Count(" in text:
                continue  # the spec's annotation of the buffer has it
            if made is None and at in counted and text is None:
                kind = self._types.kind(each.passed)
                made = _Hidden(f'Count({kind.ctype}, "{counted[at]}")')
                draft.guess(counted[at], f"{counted[at]} has {name} items")
            elif made is None:
                made = self._argument(draft, at, name, each, sized)
                if isinstance(made, Note):
                    made = self._kept(draft, name, each, made)
            draft.written[name] = made.word if isinstance(made, _Hidden) else str(made)
            if isinstance(made, _Hidden) and not made.word:
                continue  # the spec says it with another parameter
            if isinstance(made, _Hidden):
                returned += [made.python] if made.python else []
                last, note = draft.parameters[-1] if draft.parameters else ("", None)
                if isinstance(note, Note) and not filled:
                    is_size = made.word.startswith("Count(")
                    with_it = note.plus if is_size else note.beside
                    draft.parameters[-1] = last, with_it(made.word)
                else:
                    filled.append(made)
            else:
                if filled and isinstance(made, Note):
                    words = tuple(it.word for it in filled)
                    made = made._replace(words=(*words, *made.words), alias="")
                    filled = []
                if isinstance(made, Note) and made.words[-1].startswith("InOut("):
                    returned.append(made.python)
                draft.parameters.append((name, made))
        for name, note in draft.parameters:  # with the number of its items
            draft.written[name] = str(note.own if isinstance(note, Note) else note)
        draft.result = self._result(draft, filled, returned)
        draft.written["return"] = str(draft.result)
        return draft

    def _said(self, function: Function, name: str) -> Note | str | _Hidden | None:
        """What the spec says about a parameter."""
        text = self._spec.words(f"{function.name}.{name}")
        if text is None or text.startswith("Annotated["):
            return text
        match = re.match(r"(?:Returned|InOut)\(\s*", text)
        return _Hidden(text, _first_item(text[match.end() :]) if match else "")

    def _argument(
        self, draft: Draft, at: int, name: str, parameter: Parameter, sized: dict[int, int]
    ) -> Note | _Hidden:
        kind = self._types.kind(parameter.passed)
        if note := self._notes.value(kind):
            return note
        if kind.name == "handle":
            return self._handle(draft, name, kind)
        if kind.name == "callback":
            return self._callback(draft, name, kind)
        if kind.name != "pointer":
            raise Unknown(f"has a parameter {name} of no type that can be passed")
        target = kind.target
        inner = self._types.kind_or_none(target)
        is_const = self._types.is_const(target)
        if inner is None:
            return self._address(draft, name, "what it points to cannot be declared")
        whole = resolve(parameter.type)
        if isinstance(whole, Array) and whole.length and inner.name in ("number", "enum"):
            length = self._api.length(whole.length)
            if length:
                return _buffer(inner, is_const, f"{length}")
        if at in sized:
            return self._counted(inner, target, is_const, draft, name)
        if isinstance(whole, Array) and inner.name in ("pointer", "handle"):
            return self._address(draft, name, "how many pointers there are")
        if inner.name == "struct":
            return self._struct(draft, name, inner, is_const)
        if inner.ctype == "c_char" and is_const:
            return self._text(draft, name)
        if inner.ctype == "c_wchar" and is_const:
            return Note(f"str{self._none(draft, name)}", ("c_wchar_p",))
        if inner.name == "void":
            return self._address(draft, name, "what it points to")
        if inner.name == "handle":
            return self._stored_handle(draft, name, target, inner)
        if inner.name == "pointer":
            return self._stored_pointer(draft, name, inner, is_const)
        if inner.name in ("number", "enum"):
            return self._number(draft, name, inner, is_const)
        return self._address(draft, name, "what it points to")

    def _is_served(self, parameter: Parameter) -> bool:
        """Whether a pointer to several items can be declared with their number."""
        kind = self._types.kind(parameter.passed)
        inner = self._types.kind_or_none(kind.target)
        if inner is None:
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

    # One kind of parameter each

    def _handle(self, draft: Draft, name: str, kind: Kind) -> Note:
        note = Note(f"{kind.python}{self._none(draft, name)}", (kind.ctype,))
        return self._closing(draft, name, kind, note)

    def _closing(self, draft: Draft, name: str, kind: Kind, note: Note) -> Note:
        """The same, with ``Closes`` if the function closes such a handle."""
        function = draft.function
        subject = self._ownership.closers.get(function.name)
        if subject is None or self._types.handles.get(subject) != kind.python:
            return note
        draft.guesses[name] = f"{name} is closed"
        if self._first_closer.get(kind.python) == function.name:
            return note.plus("Closes")
        return note.plus("Closes(implicit=False)")

    def _callback(self, draft: Draft, name: str, kind: Kind) -> Note:
        if not kind.ctype:
            return self._address(draft, name, "a callback that cannot be declared")
        is_nullable = bool(self._none(draft, name)) or _keeps(draft.function)
        draft.guesses[name] = f"{name} is called only before the function returns"
        return self._notes.callback(kind, none=is_nullable)

    def _kept(self, draft: Draft, name: str, parameter: Parameter, note: Note) -> Note:
        """The same, with ``Keep`` if the function's name says that C may keep it.

        That is safe also if C does not: it only lives longer.
        """
        function = draft.function
        if not isinstance(resolve(parameter.passed), Pointer) or note == ADDRESS:
            return note
        if function.name in self._ownership.closers:
            return note
        keeper = self._keeper(function, name, note)
        if keeper is None:
            return note
        if note.python.startswith("Callable"):
            draft.guesses.pop(name, None)  # that it is called only now
        if keeper == "return":
            draft.guess(name, f"what comes back keeps {name}")
        else:
            draft.guess(name, f"{keeper or 'C'} keeps {name}")
        return note.plus(f'Keep("{keeper}")' if keeper else "Keep()")

    def _keeper(self, function: Function, name: str, note: Note) -> str | None:
        """The handle that may keep an argument; "" for the library; None if nothing does."""
        parameters = function.type.parameters
        kinds = [self._types.kind_or_none(each.passed) for each in parameters]
        handles = [
            each
            for each, kind in zip(python_names(parameters), kinds, strict=True)
            if kind and kind.name == "handle"
        ]
        is_callback = note.python.startswith("Callable")
        if _keeps(function):
            if handles and handles[0] != name:
                return handles[0]
            return "" if is_callback else None
        is_for_new = is_callback or note.python.startswith("Buffer")
        return "return" if is_for_new and self._makes_owned(function) else None

    def _makes_owned(self, function: Function) -> bool:
        if not self._ownership.makes(function):
            return False
        subjects = [self._ownership.subject_of(function.type.result)]
        subjects += [self._ownership.stored_by(it.passed) for it in function.type.parameters]
        return any(self._types.handles.get(it) in self._closed_handles for it in subjects if it)

    def _text(self, draft: Draft, name: str) -> Note:
        function = draft.function
        if is_closing(function):
            return self._address(draft, name, "the text to free")
        return Note(f"str{self._none(draft, name)}", ("c_char_p",))

    def _counted(
        self, inner: Kind, target: Type, is_const: bool, draft: Draft, name: str
    ) -> Note:
        none = self._none(draft, name)
        if inner.name == "void" or inner.ctype == "c_char":
            return Note(f"Buffer{none}", (f"{'In' if is_const else 'Out'}(None)",))
        if inner.name in ("number", "enum"):
            note = _buffer(inner, is_const, "")
            return Note(f"{note.python}{none}", note.words)
        if inner.name == "struct" and is_const:
            return Note(f"Sequence[{inner.python}]{none}", (f"ArrayOf({inner.ctype})",))
        if inner.name == "handle":
            return Note(f"Sequence[{inner.python}]{none}", ("ArrayOf(c_void_p)",))
        if inner.name == "pointer":
            return Note(f"Sequence[str]{none}", ("ArrayOf(c_char_p)",))
        raise Unknown(f"has a parameter {name} whose items cannot be declared")

    def _struct(self, draft: Draft, name: str, inner: Kind, is_const: bool) -> Note:
        none = self._none(draft, name)
        return Note(f"{inner.python}{none}", (f"POINTER({inner.ctype})",))

    def _address(self, draft: Draft, name: str, what: str) -> Note:
        draft.open[name] = what
        return ADDRESS

    def _stored_handle(
        self, draft: Draft, name: str, target: Type, inner: Kind
    ) -> Note | _Hidden:
        whole = resolve(target)
        is_const = isinstance(whole, Pointer) and self._types.is_const(whole.target)
        if is_const or self._types.is_const(target):
            return self._address(draft, name, "how many handles there are")
        if draft.function.name in self._ownership.closers:
            note = Note(inner.python, ("POINTER(c_void_p)",))
            return self._closing(draft, name, inner, note)
        python = f"{inner.python} | None"
        owner = self._owner(draft, name, inner.python)
        draft.guesses[name] = f"C stores {name}, {owner}"
        return _Hidden(f"Returned({python}, c_void_p, {owner})", python)

    def _owner(self, draft: Draft, name: str, handle: str) -> str:
        function = draft.function
        place = f"{function.name}.{name}"
        if said := self._spec.owner(place):
            return said
        if handle in self._closed_handles and self._ownership.makes(function):
            return "Owned"
        return "Borrowed"

    def _stored_pointer(
        self, draft: Draft, name: str, inner: Kind, is_const: bool
    ) -> Note | _Hidden:
        is_text = self._is_text(inner)
        if is_text and is_const:
            draft.guesses[name] = f"NULL ends {name}"
            return Note("Sequence[str]", ("ArrayOf(c_char_p, TERMINATED)",))
        if is_const:
            return self._address(draft, name, "how many there are")
        target = self._types.kind_or_none(inner.target)
        if target and target.name == "struct":
            python = f"{target.python} | None"
            draft.guesses[name] = f"C stores {name}, Borrowed"
            return _Hidden(f"Returned({python}, POINTER({target.ctype}), Borrowed)", python)
        if is_text:
            draft.open[name] = "whether it is a text that C stores, or several that it gets"
            return ADDRESS
        draft.guesses[name] = f"C stores an address in {name}"
        return _Hidden("Returned(int | None, c_void_p)", "int | None")

    def _number(self, draft: Draft, name: str, inner: Kind, is_const: bool) -> Note | _Hidden:
        if inner.ctype == "c_longdouble":  # of which there are no buffers
            return self._address(draft, name, "its length")
        words = {*words_of(name)}
        is_many = bool(words & _MANY) or (inner.python == "float" and not words & _RESULTS)
        if is_const or inner.is_byte or inner.python in ("bytes", "str") or is_many:
            draft.open[name] = "its length"
            return _buffer(inner, is_const, "UNCHECKED")
        if words & {"len", "length", "size", "inout", "capacity"} or name.endswith("len"):
            draft.guesses[name] = f"C reads {name}, and stores it"
            return Note(inner.python, (f"InOut({inner.ctype})",))
        draft.guesses[name] = f"C stores {name}"
        return _Hidden(f"Returned({inner.python}, {inner.ctype})", inner.python)

    # What comes back

    def _result(
        self, draft: Draft, filled: list[_Hidden], returned: list[str]
    ) -> Note | str | None:
        function = draft.function
        said = self._spec.words(f"{function.name}.return")
        if said is not None:
            draft.is_said = True
            return said
        own, rule = self._own_result(draft), self._spec.rule(function)
        if own is not None and rule is not None:
            draft.is_said = True
            own = Note(rule.returns or own.python, (*own.words, self._raises(rule)))
        words = tuple(each.word for each in filled)
        if own is not None and not returned and not words:
            return own
        parts = [own.python] if own is not None and own.python != "None" else []
        parts += returned
        if not parts and own is None:
            return None
        whole = f"tuple[{', '.join(parts)}]" if len(parts) > 1 else (parts or ["None"])[0]
        if rule is not None and "none" in rule.conditions:
            whole += " | None"
        return Note(whole, (*(own.words if own is not None else ("None",)), *words))

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

    def _own_result(self, draft: Draft) -> Note | None:
        function = draft.function
        ctype = function.type.result
        kind = self._types.kind(ctype)
        if kind.name == "void":
            return None
        if note := self._notes.value(kind):
            return note
        if kind.name == "handle":
            owner = self._owner(draft, "return", kind.python)
            if kind.python in self._closed_handles:
                draft.guesses["return"] = f"the result is {owner}"
            return Note(f"{kind.python} | None", (kind.ctype, owner))
        if kind.name == "pointer":
            target = self._types.kind_or_none(kind.target)
            owner = self._spec.owner(f"{function.name}.return")
            if target and target.name == "struct":
                if not owner:
                    draft.guesses["return"] = "the result is Borrowed"
                words = (f"POINTER({target.ctype})", owner or "Borrowed")
                return Note(f"{target.python} | None", words)
            if target and target.ctype in ("c_char", "c_wchar"):
                if owner:
                    return Note("str | None", (f"{target.ctype}_p", owner))
                if self._types.is_const(kind.target):
                    return Note("str | None", (f"{target.ctype}_p",))
                draft.open["return"] = "who frees the text"
                return ADDRESS
        draft.open["return"] = "what it points to, and who owns that"
        return ADDRESS


def _keeps(function: Function) -> bool:
    """Whether the name of a function says that C may keep what it gets."""
    words = words_of(function.name)
    return bool(_KEEPING.intersection(words)) and "get" not in words


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
