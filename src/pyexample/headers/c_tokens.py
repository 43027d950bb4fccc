"""Split a preprocessor's output into declarations: words, with their lines and comments."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .c_model import Macro

_TOKEN = re.compile(
    r"""/\*[\s\S]*?\*/ | //[^\n]* | \n+ | ^[ \t]*\#[^\n]*
      | (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*" | (?:u8|[uUL])?'(?:[^'\\\n]|\\.)*'
      | (?:[^\W\d]|\$)[\w$]* | \.?\d(?:[eEpP][+-]|'?[\w.])*
      | \.\.\. | :: | -> | << | >> | [=!<>]= | && | \|\| | \S""",
    re.MULTILINE | re.VERBOSE,
)
_BRACKETS = {**dict.fromkeys("([{", 1), **dict.fromkeys(")]}", -1)}
_MARKER = re.compile(r'#\s*(?:line\s+)?(\d+)\s+"((?:[^"\\]|\\.)*)"([\s\d]*)')
_DEFINE = re.compile(r"#\s*define\s+([\w$]+)(\(?)\s*(.*)")
_UNDEFINE = re.compile(r"#\s*undef\s+([\w$]+)")
_ENDS = re.compile(r"[ \t]*(?:\n|$|/[*/]|[,;)}=])")
"""What follows a comment that is not about what comes next: the end of a line, or a part."""
_IS_BEHIND = re.compile(r"/(?:\*[*!]|/[/!])<")
_PACK = re.compile(r"#\s*pragma\s+pack\s*\(([^)]*)\)")


RENAMED = "ct_kw_"
"""The prefix of names in a C header that are keywords of C++."""


def plain(text: str) -> str:
    """Restore a name, or the names in a text, as in C."""
    return text.replace(RENAMED, "")


def word_set(text: str) -> frozenset[str]:
    """Split a text into words."""
    return frozenset(text.split())


WITH_PARENTHESES = word_set(
    "__attribute__ __attribute __declspec __asm__ __asm asm alignas _Alignas throw noexcept"
    " typeof __typeof__ __typeof typeof_unqual decltype _Atomic _BitInt __pragma"
)
"""Words before parentheses that do not contain parameters."""

_OLD_STYLE = re.compile(
    rf"(?!(?:{'|'.join(WITH_PARENTHESES)})\b)\b[\w$]+ \( (?!void )[\w$]+(?: , [\w$]+)* \)"
    r" (?!__)[A-Za-z_][\w$ ]* [\w$*(]"
)
"""The beginning of an old-style definition: ``int f(a, b) int a, b; { ... }``."""


@dataclass
class Chunk:
    """The words of one declaration, without the body of a function.

    Attributes:
        file, lines: the file of the first word, and the lines of all words.
        comment: the text of the comments directly before and behind it, or "".
        above, behind: the texts of the comments before and behind a word, by its number.
        is_cxx: whether keywords of C++ are keywords here.
        has_body: whether a function's body was left out.
        is_old_style: whether it is an old-style definition. The declarations of its parameters
            then follow without their semicolons.
        pack: the number of the ``#pragma pack`` in force at its end, or "".
    """

    file: str
    comment: str
    words: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])
    above: dict[int, str] = field(default_factory=dict[int, str])
    behind: dict[int, str] = field(default_factory=dict[int, str])
    is_cxx: bool = False
    has_body: bool = False
    is_old_style: bool = False
    pack: str = ""

    def about(self, first: int, last: int) -> str:
        """The comments of a member between these words: before it, and around its end."""
        places = range(max(first, last - 1), last + 1)
        found = [self.above.get(first), *(self.behind.get(each) for each in places)]
        return "\n\n".join(filter(None, found))

    def with_comment_behind(self) -> "Chunk":
        """The same with the comment behind its end in its own."""
        self.comment = self.with_behind(len(self.words) - 1)
        return self

    def with_behind(self, word: int) -> str:
        """The chunk's own comment, and the one behind a word."""
        return "\n\n".join(filter(None, (self.comment, self.behind.get(word))))


class Tokens:
    """Iterates over the declarations; its attributes collect everything else.

    Attributes:
        macros: the object-like macros that are defined at the end, by name.
        names: the words of each file, without those of function bodies.
        system: the files that are marked as system headers.
    """

    def __init__(self, text: str, own: str) -> None:
        self.macros: dict[str, Macro] = {}
        self.names: dict[str, set[str]] = {}
        self.system: set[str] = set()
        self._text = text
        self._own = os.path.basename(own)
        self._file, self._line, self._is_own = "", 1, False
        self._comment, self._comment_end = "", -9
        self._before: Chunk | None = None  # what a comment may be behind
        self._behind = (-9, 0)  # the line and the column of the last // behind something
        self._pack: list[tuple[str, str]] = []  # the label of a push, and the number
        self._is_cxx = "\n#define " not in text  # Microsoft's cl does not print them

    def __iter__(self) -> Iterator[Chunk]:
        """Yield each declaration at file scope, including those within ``extern "C" { }``."""
        chunk = Chunk("", "")
        done: Chunk | None = None  # it waits for the comment behind it
        depth = body = 0
        for word in self._code():
            if body:  # of a function: its words are not kept
                body += (word == "{") - (word == "}")
                if not body:
                    self._comment = ""
                    yield self._finished(chunk)
                    chunk = Chunk("", "")
                continue
            if done is not None:
                yield done.with_comment_behind()
                done = None
            if not chunk.words:
                chunk = self._before = Chunk(self._file, self._comment_above())
            elif self._comment:
                chunk.above[len(chunk.words)] = self._comment_above()
            if word == "{" and not depth:
                if chunk.words[:1] == ["extern"] and len(chunk.words) == 2:
                    chunk = Chunk("", "")  # extern "C" {
                    continue
                if opens_body(chunk.words):
                    chunk.has_body, body, self._before = True, 1, None
                    continue
            if word in _BRACKETS:
                depth += _BRACKETS[word]
                if depth < 0:  # the end of an extern "C"
                    depth = 0
                    continue
            elif word == ";" and not depth:
                if not self._is_cxx and _OLD_STYLE.search(" ".join(chunk.words)):
                    chunk.is_old_style = True
                    continue  # the body is still to come
                if chunk.words:
                    done = self._finished(chunk)
                chunk = Chunk("", "")
                continue
            chunk.words.append(word)
            chunk.lines.append(self._line)
        if done is not None:
            yield done.with_comment_behind()
        if chunk.words:
            yield self._finished(chunk)

    def _code(self) -> Iterator[str]:
        """Yield the words outside of comments, directives, and the file ``own``."""
        begins_line = True
        for match in _TOKEN.finditer(self._text):
            word = match[0]
            first = word[0]
            if first == "\n":
                self._line += len(word)
                begins_line = True
            elif first in "# \t":
                self._directive(word)
            elif first == "/" and len(word) > 1:
                start = match.start()
                place = self._line, start - self._text.rfind("\n", 0, start)
                is_last = _ENDS.match(self._text, match.end()) is not None
                if self._is_behind(word, place, begins_line, is_last):
                    self._behind = place if word[1] == "/" else (-9, 0)
                    self._add_behind(word)
                else:
                    self._keep_comment(word)
                self._line += word.count("\n")
            elif not self._is_own:
                begins_line = False
                yield word

    def _finished(self, chunk: Chunk) -> Chunk:
        self.names.setdefault(chunk.file, set()).update(map(plain, chunk.words))
        chunk.pack = self._pack[-1][1] if self._pack else ""
        chunk.is_cxx = self._is_cxx
        return chunk

    def _directive(self, row: str) -> None:
        row = row.strip()
        if marker := _MARKER.match(row):
            # The next line has that number.
            self._line, self._file = int(marker[1]) - 1, marker[2]
            self._is_own = os.path.basename(self._file) == self._own
            if "3" in marker[3].split():
                self.system.add(self._file)
        elif define := _DEFINE.match(row):
            self._is_cxx |= define[1] == "__cplusplus"
            if not self._is_own and not define[2] and not self._file.startswith("<"):
                self.macros[define[1]] = Macro(
                    define[1],
                    define[3].strip(),
                    file=self._file,
                    line=self._line,
                    comment=self._comment_above(),
                )
        elif undefine := _UNDEFINE.match(row):
            self._is_cxx &= undefine[1] != "__cplusplus"
            self.macros.pop(undefine[1], None)
        elif pack := _PACK.match(row):
            self._repack([each.strip() for each in pack[1].split(",")])

    def _repack(self, words: list[str]) -> None:
        """#pragma pack: (), (n), (push[, label][, n]), (pop[, label][, n])."""
        number = words[-1] if words[-1][:1].isdigit() else ""
        labels = [each for each in words[1:] if not each[:1].isdigit()]
        if words[0] == "push":
            current = self._pack[-1][1] if self._pack else ""
            self._pack.append((labels[0] if labels else "", number or current))
            return
        if words[0] == "pop":
            places = [n for n, (label, _) in enumerate(self._pack) if label in labels]
            del self._pack[places[-1] if places else -1 :]
            if not number:
                return
        self._pack[-1:] = [(self._pack[-1][0] if self._pack else "", number)]

    def _is_behind(
        self, text: str, place: tuple[int, int], begins_line: bool, is_last: bool
    ) -> bool:
        """Whether a comment is about what is before it, by its mark or its place."""
        line, column = self._behind
        is_continued = text[1] == "/" and place == (line + 1, column)
        return (
            is_continued or _IS_BEHIND.match(text) is not None or (is_last and not begins_line)
        )

    def _add_behind(self, text: str) -> None:
        if self._before is not None:
            last = len(self._before.words) - 1
            known = self._before.behind.get(last, "")
            rows = filter(None, (known, _without_marks(text)))
            self._before.behind[last] = "\n".join(rows)

    def _keep_comment(self, text: str) -> None:
        if (
            text[:2] == "//"
            and self._comment[:2] == "//"
            and self._comment_end == self._line - 1
        ):
            text = f"{self._comment}\n{text}"
            self._comment_end = self._line
        else:
            self._comment_end = self._line + text.count("\n")
        self._comment = text

    def _comment_above(self) -> str:
        """The text of the comment that ends on the line before, or on this one."""
        text, self._comment = self._comment, ""
        if not text or not 0 <= self._line - self._comment_end <= 1:
            return ""
        return _without_marks(text)


def _without_marks(comment: str) -> str:
    """The text of a comment."""
    text = comment[2:-2] if comment[:2] == "/*" else comment
    rows = [re.sub(r"^\s*(?:(?://[/!]?|\*+|!)<?)? ?", "", row) for row in text.split("\n")]
    return "\n".join(row.rstrip() for row in rows).strip("\n")


def opens_body(words: list[str]) -> bool:
    """Whether a brace after these words opens a function's body, or a namespace."""
    if "namespace" in words[:2]:
        return True
    depth, has_parameters = 0, False
    for before, word in zip(["", *words], words, strict=False):
        if not depth and word == "=":
            return False  # an initializer
        if not depth and word == "(" and before not in WITH_PARENTHESES:
            has_parameters = True
        depth += (word in "([{") - (word in ")]}")
    return has_parameters
