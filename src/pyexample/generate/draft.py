"""A declaration of a function before it is written."""

from dataclasses import dataclass, field

from ..headers.c_model import Function
from .types import Note


@dataclass
class Hidden:
    """A C argument that the caller does not pass: its word, and the type of what comes back.

    The word is "" for an argument that another parameter's annotation has.
    """

    word: str
    python: str = ""


@dataclass
class Draft:
    """A declaration before it is written.

    Attributes:
        parameters: the names and annotations of what the caller passes.
        filled: words of what the caller does not pass, which no parameter has yet.
        returned: the Python types of what comes back beside C's own result.
        result: the annotation of what comes back; None for nothing.
        guesses: what is guessed from names and types, by the parameter's name or "return".
        open: what nobody knows, likewise: the declaration leaves it to the caller.
        written: the annotation or the word for each of C's parameters, and for "return".
        is_said: whether the spec says something about it.
        variadic: the variadic function of which this is a form; None for any other.
        length: the parameter through which C says how long what it returns is; or "".
        modes: how C uses what a parameter points to, if an attribute says so, by its name.
    """

    function: Function
    parameters: list[tuple[str, Note]] = field(default_factory=list[tuple[str, Note]])
    filled: list[str] = field(default_factory=list[str])
    returned: list[str] = field(default_factory=list[str])
    result: Note | None = None
    guesses: dict[str, str] = field(default_factory=dict[str, str])
    open: dict[str, str] = field(default_factory=dict[str, str])
    written: dict[str, str] = field(default_factory=dict[str, str])
    is_said: bool = False
    variadic: Function | None = None
    length: str = ""
    modes: dict[str, str] = field(default_factory=dict[str, str])

    def guess(self, name: str, what: str) -> None:
        """Note a guess, in addition to others about the same parameter."""
        self.guesses[name] = "; ".join(filter(None, (self.guesses.get(name), what)))

    def add(self, name: str, made: Note | Hidden) -> None:
        """Add C's next parameter."""
        if isinstance(made, Note):
            self._pass(name, made)
            return
        self.written[name] = made.word
        if made.python:
            self.returned.append(made.python)
        if made.word and self.parameters and not self.filled:
            self._put_beside_the_last(made.word)
        elif made.word:
            self.filled.append(made.word)

    def _pass(self, name: str, note: Note) -> None:
        if self.filled:
            note = note._replace(words=(*self.filled, *note.words), alias="")
            self.filled = []
        if note.words[-1].startswith("InOut("):
            self.returned.append(note.python)
        self.parameters.append((name, note))
        self.written[name] = str(note)

    def _put_beside_the_last(self, word: str) -> None:
        """Write a word after the annotation of the last parameter; its own number, into it."""
        name, note = self.parameters[-1]
        is_own = word.startswith("Count(") and not note.more
        note = note.plus(word) if is_own else note.beside(word)
        self.parameters[-1] = name, note
        self.written[name] = str(note.own)
