"""Make a C header compile as C++: how to include it, and how to rewrite it if need be.

A C++ compiler accepts most C headers unchanged. For the others there are MODES: macros rename
C's names, and finally the text itself is rewritten. The parser restores the names.
"""

import os
import re
from collections.abc import Iterable, Iterator

from .c_model import Array, FunctionType, Pointer, Type, behind, record_of, resolve
from .c_tokens import RENAMED, opens_body, word_set

MODES = ("C++", "C", "C without bodies", "C++ alone")
"""Ways to include headers, tried in this order until one compiles: as C++ within extern "C";
as C, with names renamed that are not C++; the same, and rewritten; as C++."""

KEYWORDS = word_set(
    "catch char16_t char32_t class const_cast delete dynamic_cast explicit export friend"
    " mutable namespace new operator private protected public reinterpret_cast static_cast"
    " template this throw try typeid typename using virtual"
)
"""Keywords of C++ that are names in C. Keywords of C23 are left alone, and so is noexcept,
which glibc's __THROW expands to in C++."""
_BOOLEAN = word_set("bool true false")
"""Also renamed, in a header that defines them itself."""
_KEYWORD = re.compile(rf"\b({'|'.join(KEYWORDS)})\b")
_C_HEADERS = (
    "assert ctype errno float limits math setjmp signal stdarg stdbool stdio stdlib string"
)
_C_WORDS = {
    "_Bool": f"{RENAMED}_Bool",
    "restrict": "__restrict",
    "_Noreturn": "",
    "_Static_assert(...)": "",
    "_Alignas(n)": "__attribute__((aligned(n)))",
    "_Atomic": "",
    "_Complex": "__complex__",
}
_WORDS_WITHOUT_BODIES = {word: text for word, text in _C_WORDS.items() if word != "_Atomic"}
"""No macro can replace both ``_Atomic int`` and ``_Atomic(int)``: see ``_without_lengths``."""
_ATOMIC = re.compile(r"\b_Atomic\b(?:\s*\(((?:[^()]|\([^()]*\))*)\))?")
_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*[\s\S]*?\*/|//[^\n]*')


def prologue(headers: Iterable[str], mode: str, owns_bool: bool = False) -> str:
    """The lines that include the headers, in one of the MODES."""
    includes = "".join(f'#include "{_path(header)}"\n' for header in headers)
    if mode == "C++ alone":
        return includes
    if mode == "C++":
        return f'extern "C" {{\n{includes}}}\n'
    before = "".join(f"#include <{name}.h>\n" for name in _C_HEADERS.split())
    types = f"typedef char16_t {RENAMED}char16_t; typedef char32_t {RENAMED}char32_t;\n"
    types += f"typedef bool {RENAMED}_Bool;\n"
    names = sorted(KEYWORDS | _BOOLEAN if owns_bool else KEYWORDS)
    defines = "".join(f"#define {word} {RENAMED}{word}\n" for word in names)
    words = _C_WORDS if mode == "C" else _WORDS_WITHOUT_BODIES
    defines += "".join(f"#define {word} {text}\n" for word, text in words.items())
    undefines = "".join(f"#undef {word}\n" for word in names)
    undefines += "".join(f"#undef {word.partition('(')[0]}\n" for word in _C_WORDS)
    return (
        f"{before}{types}"
        f'#undef __cplusplus\n{defines}extern "C" {{\n{includes}}}\n'
        f"{undefines}#define __cplusplus 201703L\n"
    )


def _path(header: str) -> str:
    # The compiler would search the folder of the source, not the current one.
    return os.path.abspath(header).replace("\\", "/") if os.path.isfile(header) else header


def spelled(text: str) -> str:
    """Rename a C name, or the names in a text, for C++: see ``prologue``."""
    return _KEYWORD.sub(rf"{RENAMED}\1", text)


_OWN_BOOL = re.compile(
    r"\btypedef\b[^;{}]*\bbool\s*;|\}\s*bool\s*;|\benum\b[^{};]*\{[^{}]*\b(?:true|false)\s*[,=}]"
)


def owns_bool(preprocessed: str) -> bool:
    """Whether a header defines bool, true or false itself."""
    return _OWN_BOOL.search(_COMMENT.sub(_blank, preprocessed)) is not None


def is_read_otherwise(preprocessed: str, functions: Iterable[FunctionType]) -> bool:
    """Whether there are types that mean something else in C++.

    These are atomic types, arrays whose length is a parameter, and structs that are defined
    within another one.
    """
    if re.search(r"^[^#\n]*\b_Atomic\b", preprocessed, re.MULTILINE):
        return True
    return any(_has_length_of_its_own(each) or _has_inner(each) for each in functions)


def _has_inner(function: FunctionType) -> bool:
    types = [function.result, *(each.type for each in function.parameters)]
    reached = [record_of(behind(resolve(each))) for each in types]
    return any(each and each.outer is not None and each.tag != "" for each in reached)


def _has_length_of_its_own(function: FunctionType) -> bool:
    names = {each.name for each in function.parameters if each.name}
    return any(not names.isdisjoint(_lengths(each.type)) for each in function.parameters)


def _lengths(ctype: Type) -> Iterator[str]:
    while isinstance(ctype, Array | Pointer):
        if isinstance(ctype, Array):
            yield ctype.length
        ctype = ctype.item if isinstance(ctype, Array) else ctype.target


_CONDITION = re.compile(r"#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)")
_SAME_IN_CXX = re.compile(
    r"""(?:extern\s*"C"\s*\{?|\{|\}|\#\s*(?:error|pragma|undef)\b.*
    |\#\s*define\s+\w+(?:\s+(?:extern(?:\s*"C"\s*\{?)?|\}|noexcept|throw\s*\(\)))?)?""",
    re.VERBOSE,
)


def differs_in_cxx(text: str) -> bool:
    """Whether a header differs in C++ by more than ``extern "C"`` and the like."""
    inside: list[bool] = []
    for row in _COMMENT.sub(_blank, text.replace("\\\n", " ")).splitlines():
        line = row.strip()
        if match := _CONDITION.match(line):
            word, condition = match[1], match[2]
            if word == "endif":
                inside = inside[:-1]
            elif word.startswith("if"):
                inside.append("__cplusplus" in condition)
            elif inside and "__cplusplus" in condition:
                inside[-1] = True
        elif any(inside) and not _SAME_IN_CXX.fullmatch(line):
            return True
    return False


_MARKER = re.compile(r'#\s*(?:line\s+)?(\d+)\s+"((?:[^"\\]|\\.)*)"')
_TOKEN = re.compile(r'[A-Za-z_]\w*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\S')


def without_bodies(preprocessed: str, own: str) -> list[str]:
    """Rewrite what only C allows in a preprocessed file, without the lines of ``own``.

    Bodies of inline functions may not be valid C++, and only the types count, so they are
    removed. So are values in braces, except those of enums. A struct or an enum with a tag
    that is defined within a struct is visible outside in C, so it is moved before that.
    """
    rewriter = _Rewriter(own)
    for row in _COMMENT.sub(_blank, preprocessed).splitlines():
        rewriter.read(row)
    return rewriter.lines


class _Rewriter:
    """Rewrites a preprocessed file line by line, keeping the number of lines."""

    def __init__(self, own: str) -> None:
        self.lines: list[str] = []
        self._own = os.path.basename(own)
        self._file, self._is_system = "", False
        self._depth = self._body = self._parentheses = 0  # the number of open brackets
        self._words: list[str] = []  # of the declaration so far
        self._parameters: set[str] = set()  # those of it that have another one after them
        self._first = self._place = 0  # its first line, and the line to move text to
        self._moving: list[tuple[int, str]] = []  # definitions in it: depth, text
        self._row, self._kept, self._start = "", "", 0  # the kept part of a line, and its rest

    def read(self, row: str) -> None:
        """Add a line."""
        if row.startswith("#"):
            if marker := _MARKER.match(row):
                self._file, flags = marker[2], row[marker.end() :].split()
                self._is_system = "3" in flags
            self.lines.append("" if self._file.startswith("<") and not marker else row)
        elif os.path.basename(self._file) == self._own:
            self.lines.append(row)
        else:
            self.lines.append(self._rewritten(row))

    def _rewritten(self, row: str) -> str:
        self._row, self._kept, self._start = row, "", 0
        if not self._words:
            self._parameters.clear()
        for match in _TOKEN.finditer(row):
            self._take(match)
        if not self._body:
            self._keep(f"{row[self._start :]}{' ' if self._moving else ''}")
        return _without_lengths(self._kept, self._parameters)

    def _keep(self, text: str) -> None:
        if self._moving:
            depth, before = self._moving[-1]
            self._moving[-1] = depth, before + text
        else:
            self._kept += text

    def _take(self, match: re.Match[str]) -> None:
        word = match[0]
        self._parentheses += (word == "(") - (word == ")")
        if not self._words:
            self._first, self._place = len(self.lines), 0
        if word == "," and self._parentheses and self._words and not self._depth:
            self._parameters.add(self._words[-1])
        elif word == "{":
            self._open(match.start())
        elif word == "}":
            self._close(match.end())
        if word in ";}" and not self._depth:
            self._words = []
        elif not self._body:
            self._words.append(word)

    def _open(self, place: int) -> None:
        before, last = self._row[self._start : place], self._words[-1:]
        if self._body:
            self._body += 1
        elif not self._depth and last == [")"] and opens_body(self._words):
            self._body = 1
            self._keep(f"{before};")
        elif not self._depth and last == ["="]:
            self._body = 1
            self._keep(f"{_NO_LENGTH.sub('[1] =', before)}{{}}")
        elif last != ['"C"']:
            keyword = "".join(self._words[-2:-1])
            is_tagged = keyword in ("struct", "union", "enum") and last[0].isidentifier()
            if self._depth and is_tagged and not self._is_system:
                self._keep(before)
                self._start = place
                self._moving.append((self._depth, f"{keyword} {last[0]} "))
            self._depth += 1

    def _close(self, place: int) -> None:
        if self._body:
            self._body -= 1
            self._start = place
            return
        self._depth -= bool(self._depth)
        if self._moving and self._moving[-1][0] == self._depth:
            if attributes := _ATTRIBUTES.match(self._row, place):
                place = attributes.end()
            self._keep(f"{self._row[self._start : place]}; ")
            self._start = place
            self._move(self._moving.pop()[1])

    def _move(self, text: str) -> None:
        """Move a definition before the declaration that contains it."""
        is_here = self._first == len(self.lines)
        line = self._kept if is_here else self.lines[self._first]
        line = line[: self._place] + text + line[self._place :]
        self._place += len(text)
        if is_here:
            self._kept = line
        else:
            self.lines[self._first] = line


_ATTRIBUTES = re.compile(r"\s*__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
_NO_LENGTH = re.compile(r"\[\s*\]\s*=")
_OF_POINTER = re.compile(r"\[\s*(?:(?:static|const|volatile|restrict|__restrict)\b\s*)+")
_VARIABLE_LENGTH = re.compile(r"\[\s*\*\s*\]")


def _without_lengths(line: str, parameters: set[str]) -> str:
    """Remove what C++ lacks from a line of C: atomic types, lengths that are parameters."""
    line = _ATOMIC.sub(lambda it: f"__typeof__({it[1]})" if it[1] else "", line)
    if "[" not in line:
        return line
    line = _VARIABLE_LENGTH.sub("[]", _OF_POINTER.sub("[", line))
    for name in parameters:
        if name in line:
            line = re.sub(rf"\]\s*\[\s*{re.escape(name)}\s*\]", "][1]", line)
            line = re.sub(rf"\[\s*{re.escape(name)}\s*\]", "[]", line)
    return line


def _blank(match: re.Match[str]) -> str:
    """A comment as empty lines; anything else unchanged."""
    return "\n" * match[0].count("\n") if match[0][0] == "/" else match[0]
