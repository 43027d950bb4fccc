"""A C header as C++: how it is included, and what of it is rewritten where that is not enough.

A C++ compiler reads most headers of C as they are. For the others there are MODES: words of C
become macros, and at last the text itself is rewritten. The reader undoes what is renamed.
"""

import os
import re
from collections.abc import Iterable, Iterator

from .c_model import Array, FunctionType, Pointer, Type
from .c_tokens import RENAMED, opens_body, word_set

MODES = ("C++", "C", "C without bodies", "C++ alone")
"""How headers are included, each for those that the one before it does not compile: as C++
within extern "C"; as C with what is no C++; the same, and rewritten; as C++."""

KEYWORDS = word_set(
    "catch char16_t char32_t class const_cast delete dynamic_cast explicit export friend"
    " mutable namespace new operator private protected public reinterpret_cast static_cast"
    " template this throw try typeid typename using virtual"
)
"""Words of C++ that C has as names. Those that C23 has made its own are left as they are, and
so is noexcept, which glibc's __THROW stands for, once it is defined for C++."""
_BOOLEAN = word_set("bool true false")
"""These, too, in a header that has its own."""
_KEYWORD = re.compile(rf"\b({'|'.join(KEYWORDS)})\b")
_C_HEADERS = (
    "assert ctype errno float limits math setjmp signal stdarg stdbool stdio stdlib string"
)
_C_WORDS = {
    "_Bool": "decltype(1 == 1)",
    "restrict": "__restrict",
    "_Noreturn": "",
    "_Static_assert(...)": "",
    "_Alignas(n)": "__attribute__((aligned(n)))",
    "_Atomic": "",
    "_Complex": "__complex__",
}
_WORDS_WITHOUT_BODIES = {word: text for word, text in _C_WORDS.items() if word != "_Atomic"}
"""No macro stands for both ``_Atomic int`` and ``_Atomic(int)``: see ``_rewritten``."""
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
    names = sorted(KEYWORDS | _BOOLEAN if owns_bool else KEYWORDS)
    defines = "".join(f"#define {word} {RENAMED}{word}\n" for word in names)
    words = _C_WORDS if mode == "C" else _WORDS_WITHOUT_BODIES
    defines += "".join(f"#define {word} {text}\n" for word, text in words.items())
    undefines = "".join(f"#undef {word}\n" for word in names)
    undefines += "".join(f"#undef {word.partition('(')[0]}\n" for word in _C_WORDS)
    return (
        f"{before}typedef char16_t {RENAMED}char16_t;\ntypedef char32_t {RENAMED}char32_t;\n"
        f'#undef __cplusplus\n{defines}extern "C" {{\n{includes}}}\n'
        f"{undefines}#define __cplusplus 201703L\n"
    )


def _path(header: str) -> str:
    # Of a file in the current directory the compiler would know only beside the source.
    return os.path.abspath(header).replace("\\", "/") if os.path.isfile(header) else header


def spelled(text: str) -> str:
    """A name of C's, or names in a text, as C++ has it: see ``prologue``."""
    return _KEYWORD.sub(rf"{RENAMED}\1", text)


_OWN_BOOL = re.compile(
    r"\btypedef\b[^;{}]*\bbool\s*;|\}\s*bool\s*;|\benum\b[^{};]*\{[^{}]*\b(?:true|false)\s*[,=}]"
)


def owns_bool(preprocessed: str) -> bool:
    """Whether a header has a bool, a true or a false of its own."""
    return _OWN_BOOL.search(_COMMENT.sub(_blank, preprocessed)) is not None


def is_read_otherwise(preprocessed: str, functions: Iterable[FunctionType]) -> bool:
    """Whether there are types of which a C++ compiler that knows them makes others.

    They are atomic ones, and arrays whose length is a parameter.
    """
    if re.search(r"^[^#\n]*\b_Atomic\b", preprocessed, re.MULTILINE):
        return True
    return any(map(_has_length_of_its_own, functions))


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
    """Whether a header says something else to a C++ compiler than that it is C's."""
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
    """The lines of a preprocessed file, what only C allows rewritten, but for those of ``own``.

    C's inline functions may do what C++'s may not, and only their types count. Of other
    values in braces than an enum's, that there are some is enough.
    """
    lines: list[str] = []
    file, depth, body, parentheses = "", 0, 0, 0
    words: list[str] = []  # of the declaration so far
    parameters: set[str] = set()  # of it, those with another one behind, but not in a class
    for row in _COMMENT.sub(_blank, preprocessed).splitlines():
        if row.startswith("#"):
            if marker := _MARKER.match(row):
                file = marker[2]
            lines.append("" if file.startswith("<") and not marker else row)
            continue
        if os.path.basename(file) == os.path.basename(own):
            lines.append(row)
            continue
        kept, start = "", 0
        if not words:
            parameters.clear()
        for match in _TOKEN.finditer(row):
            word = match[0]
            parentheses += (word == "(") - (word == ")")
            if word == "," and parentheses and words and not depth:
                parameters.add(words[-1])
            if word == "{":
                if body:
                    body += 1
                elif not depth and words[-1:] == [")"] and opens_body(words):
                    body = 1
                    kept += f"{row[start : match.start()]};"
                elif not depth and words[-1:] == ["="]:
                    body = 1
                    before = _NO_LENGTH.sub("[1] =", row[start : match.start()])
                    kept += f"{before}{{}}"
                elif words[-1:] != ['"C"']:
                    depth += 1
            elif word == "}":
                if body:
                    body -= 1
                    start = match.end()
                elif depth:
                    depth -= 1
            if word in ";}" and not depth:
                words = []
            elif not body:
                words.append(word)
        lines.append(_rewritten(kept if body else kept + row[start:], parameters))
    return lines


_NO_LENGTH = re.compile(r"\[\s*\]\s*=")
_OF_POINTER = re.compile(r"\[\s*(?:(?:static|const|volatile|restrict|__restrict)\b\s*)+")
_VARIABLE_LENGTH = re.compile(r"\[\s*\*\s*\]")


def _rewritten(line: str, parameters: set[str]) -> str:
    """A line of C without what C++ has not: atomic types, and lengths that are parameters."""
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
    """A comment's lines, empty; anything else as it is."""
    return "\n" * match[0].count("\n") if match[0][0] == "/" else match[0]
