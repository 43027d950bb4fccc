"""What a C header declares, by name: read from what the preprocessor makes of it.

This is no C parser. It knows which names there are, how a struct of some name is spelled,
and how a prototype is written. The compiler has the last word on every type.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r'[A-Za-z_]\w*|\d[\w.]*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\.\.\.|::|\S'
)
_MARKER = re.compile(r'#\s*(?:line\s+)?(\d+)\s+"((?:[^"\\]|\\.)*)"')
_DEFINE = re.compile(r"#\s*define\s+(\w+)(?!\()")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TYPES = _words(
    "void char short int long float double signed unsigned bool _Bool wchar_t __int128"
    " struct union enum const volatile"
)
_WITH_PARENTHESES = _words(
    "__attribute__ __attribute __declspec __asm__ __asm asm alignas _Alignas throw noexcept"
)
_NOISE = _words(
    "__extension__ __restrict __restrict__ restrict extern _Noreturn noexcept __cdecl _cdecl"
    " __stdcall __fastcall __inline __inline__ inline constexpr volatile __volatile__ register"
    " _Nonnull _Nullable"
)

ALTERNATIVE = "|"
"""Marks a member of an anonymous union, among others at the same place."""

Tokens = list[str]


@dataclass
class Parameter:
    """A parameter of a prototype: its type's tokens, without its name."""

    type: Tokens
    name: str


@dataclass
class Prototype:
    """A function as the header writes it."""

    name: str
    result: Tokens
    parameters: list[Parameter]
    variadic: bool
    file: str
    line: int

    def __str__(self) -> str:
        parameters = [_spell([*each.type, each.name]) for each in self.parameters]
        parameters += ["..."] if self.variadic else []
        return f"{_spell([*self.result, self.name])}({', '.join(parameters) or 'void'})"


@dataclass
class Record:
    """A struct or union.

    Attributes:
        spelling: how C++ calls it.
        members: their names, where they are known, and what is behind each: "[4]", ":3".
    """

    spelling: str
    members: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Header:
    """The names that are known after some headers.

    Attributes:
        identifiers: every name that occurs.
        constants: those that may be constants, of the headers themselves. Another library's,
            or the system's, are none of theirs: LITTLE_ENDIAN is not what a binding means.
        functions: that the headers declare without defining them, by name.
        records: structs and unions, by tag or name.
        typedefs: the tokens of each type that has been given a name.
    """

    identifiers: set[str] = field(default_factory=set[str])
    constants: set[str] = field(default_factory=set[str])
    functions: dict[str, Prototype] = field(default_factory=dict[str, Prototype])
    records: dict[str, Record] = field(default_factory=dict[str, Record])
    typedefs: dict[str, Tokens] = field(default_factory=dict[str, Tokens])

    def record_like(self, name: str) -> str | None:
        """The spelling of the struct of that name, or of the only one with a similar name."""
        if name in self.records:
            return self.records[name].spelling
        wanted = _normal(name)
        found = {each.spelling for key, each in self.records.items() if _normal(key) == wanted}
        return found.pop() if len(found) == 1 else None

    def members(self, spelling: str) -> dict[str, str]:
        """The members of a struct and what is behind them; none where they are not known."""
        name = spelling.rpartition(" ")[2]
        for _ in range(8):  # a typedef of a typedef of ...
            if name in self.records and self.records[name].members:
                return self.records[name].members
            name = (self.typedefs.get(name) or [""])[-1]
        return {}


def scan(preprocessed: str, own: str, headers: Iterable[str]) -> Header:
    """Read what ``-E`` printed, macros (``-dD``) included, but for the file ``own``."""
    header = Header()
    for tokens, file, line, is_definition in _declarations(
        _tokens(preprocessed, own, list(headers), header)
    ):
        _read(header, tokens, file, line, is_definition)
    return header


def _normal(name: str) -> str:
    name = name.lower().strip("_").removeprefix("struct_").removeprefix("union_")
    return name.removesuffix("_t").replace("_", "")


def _spell(tokens: Iterable[str]) -> str:
    text = " ".join(tokens)
    text = re.sub(r"\* (?=[\w*(])", "*", text)
    return re.sub(r" (?=[\[\]),])|(?<=[\[(]) |(?<=\)) (?=\()", "", text).strip()


def _tokens(
    text: str, own: str, headers: list[str], header: Header
) -> Iterator[tuple[str, str, int]]:
    file, line, is_own, is_theirs = "", 0, False, False
    folders: set[str] = set()
    for row in text.splitlines():
        if row.startswith("#"):
            if marker := _MARKER.match(row):
                line, file = int(marker[1]) - 1, marker[2]
                is_own = os.path.basename(file) == os.path.basename(own)
                if _is_one_of(file, headers):
                    folders.add(os.path.dirname(file))
                # The flag 3 is that of the system's headers, where theirs may be, too.
                is_system = " 3" in row[marker.end() :]
                is_theirs = not is_system or _is_within(file, folders)
                is_theirs |= _is_one_of(file, headers)
                continue
            if not is_own and is_theirs and (define := _DEFINE.match(row)):
                header.constants.add(define[1])
        elif not is_own:
            for word in _TOKEN.findall(row):
                header.identifiers.add(word)
                if is_theirs:
                    header.constants.add(word)
                yield word, file, line + 1
        line += 1


def _declarations(
    tokens: Iterable[tuple[str, str, int]],
) -> Iterator[tuple[Tokens, str, int, bool]]:
    """Each declaration at file scope, with its place and whether it has a body."""
    current: Tokens = []
    file, line, depth, opened_after = "", 0, 0, ""
    for word, word_file, word_line in tokens:
        if not current:
            file, line = word_file, word_line
        if word == "{" and not depth and (current[:1] == ["extern"] and len(current) == 2):
            current = []  # extern "C" {
            continue
        if word in "([{":
            if word == "{" and not depth:
                opened_after = current[-1] if current else ""
            depth += 1
        elif word in ")]}":
            if not depth:
                current = []  # the end of an extern "C"
                continue
            depth -= 1
            if word == "}" and not depth and _is_body(current, opened_after):
                yield current, file, line, True
                current = []
                continue
        elif word == ";" and not depth:
            yield current, file, line, False
            current = []
            continue
        current.append(word)


def _is_body(tokens: Tokens, opened_after: str) -> bool:
    return opened_after in (")", "noexcept") or "namespace" in tokens[:2]


def _plain(tokens: Tokens) -> Tokens:
    """Without what says nothing of the type."""
    plain: Tokens = []
    index = 0
    while index < len(tokens):
        word = tokens[index]
        if word in _WITH_PARENTHESES and tokens[index + 1 : index + 2] == ["("]:
            index = _closing(tokens, index + 1)
        elif word == "[" and tokens[index + 1 : index + 2] == ["["]:
            index = _closing(tokens, index)
        elif word not in _NOISE and not word.startswith('"'):
            plain.append(word)
        index += 1
    return plain


def _closing(tokens: Tokens, index: int) -> int:
    """Where the bracket that opens at ``index`` is closed."""
    depth = 0
    for place in range(index, len(tokens)):
        depth += (tokens[place] in "([{") - (tokens[place] in ")]}")
        if not depth:
            return place
    return len(tokens) - 1


def _split(tokens: Tokens, separator: str) -> list[Tokens]:
    parts: list[Tokens] = [[]]
    depth = 0
    for word in tokens:
        depth += (word in "([{") - (word in ")]}")
        if word == separator and not depth:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _is_name(word: str) -> bool:
    return (word[:1].isalpha() or word[:1] == "_") and word not in _TYPES


def _read(header: Header, tokens: Tokens, file: str, line: int, has_body: bool) -> None:
    is_static = "static" in tokens or "template" in tokens
    tokens = _plain(tokens)
    is_typedef = tokens[:1] == ["typedef"]
    tokens = tokens[is_typedef:]
    if tokens[:1] and tokens[0] in ("struct", "union"):
        tokens = _read_record(header, tokens, is_typedef)
    elif tokens[:1] == ["enum"] and "{" in tokens:
        tokens = ["int", *tokens[_closing(tokens, tokens.index("{")) + 1 :]]
    if is_typedef:
        target, *_ = _split(tokens, ",") or [[]]
        if name := _declared_name(target):
            header.typedefs[name] = [word for word in target if word != name]
    elif not has_body and not is_static and (found := _prototype(tokens, file, line)):
        header.functions.setdefault(found.name, found)


def _read_record(header: Header, tokens: Tokens, is_typedef: bool) -> Tokens:
    """Note a struct; returns the tokens with its body left out."""
    tag = tokens[1] if len(tokens) > 1 and _is_name(tokens[1]) else ""
    members: dict[str, str] = {}
    if "{" in tokens[1:3]:
        start = tokens.index("{")
        end = _closing(tokens, start)
        members = _members(tokens[start + 1 : end])
        tokens = [*tokens[:start], *tokens[end + 1 :]]
    known = tag in header.records and header.records[tag].members
    if tag and not known:
        header.records[tag] = Record(f"{tokens[0]} {tag}", members)
    if is_typedef:
        for part in _split(tokens, ","):
            name = _declared_name(part)
            if name and name != tag and "*" not in part and "(" not in part:
                header.records.setdefault(name, Record(name, members))
    return tokens


def _members(tokens: Tokens) -> dict[str, str]:
    """The fields, and what is behind their names; an anonymous struct's are its owner's."""
    names: dict[str, str] = {}
    for member in _split(tokens, ";"):
        if member[0] in ("struct", "union", "enum") and "{" in member[:3]:
            start = member.index("{")
            end = _closing(member, start)
            if end == len(member) - 1:
                inner = {} if member[0] == "enum" else _members(member[start + 1 : end])
                mark = ALTERNATIVE if member[0] == "union" else ""
                names |= {name: f"{behind}{mark}" for name, behind in inner.items()}
                continue
            member = ["int", *member[end + 1 :]]
        for part in _split(member, ","):
            if name := _declared_name(part):
                names[name] = "".join(part[part.index(name) + 1 :])
    return names


def _declared_name(tokens: Tokens) -> str:
    """The name that a declarator declares, such as f in ``int (*f)(int)``."""
    for index, word in enumerate(tokens):
        if word == "(" and tokens[index + 1 : index + 2] == ["*"]:
            return _declared_name(tokens[index + 1 : _closing(tokens, index)])
        if word in ("[", ":", "("):
            tokens = tokens[:index]
            break
    return tokens[-1] if tokens and _is_name(tokens[-1]) else ""


def _prototype(tokens: Tokens, file: str, line: int) -> Prototype | None:
    for index, word in enumerate(tokens[:-1]):
        if tokens[index + 1] != "(":
            continue
        end = _closing(tokens, index + 1)
        if not index or not _is_name(word) or tokens[index + 2] == "*" or tokens[end + 1 :]:
            return None
        parts = _split(tokens[index + 2 : end], ",")
        variadic = parts[-1:] == [["..."]]
        parameters = [_parameter(part) for part in parts if part not in (["..."], ["void"])]
        return Prototype(word, tokens[:index], parameters, variadic, file, line)
    return None


def _parameter(tokens: Tokens) -> Parameter:
    name = _declared_name(tokens)
    types = [word for word in tokens if word != name or not name]
    if not name or not [
        each for each in types if each not in ("const", "struct", "enum", "union")
    ]:
        return Parameter(tokens, "")
    if "[" in types and "(" not in types:
        types = [*types[: types.index("[")], "*"]
    return Parameter(types, name)


def is_in(prototype: Prototype, headers: Iterable[str]) -> bool:
    """Whether one of these headers itself, none that it includes, has the prototype."""
    return _is_one_of(prototype.file, headers)


def _is_within(file: str, folders: Iterable[str]) -> bool:
    """Whether a file is in one of these folders, not counting where all headers are."""
    common = ("/usr/include", "/usr/local/include")
    return any(file.startswith(f"{folder}/") for folder in folders if folder not in common)


def _is_one_of(file: str, headers: Iterable[str]) -> bool:
    file = file.replace("\\\\", "/").replace("\\", "/")
    return any(
        f"/{file}".endswith(f"/{os.path.normpath(header).replace(os.sep, '/').lstrip('./')}")
        for header in headers
    )


def without_bodies(preprocessed: str, own: str) -> list[str]:
    """The lines of a preprocessed file, the functions of other files than ``own`` undefined.

    C's inline functions may do what C++'s may not, and only their types count.
    """
    lines: list[str] = []
    file, depth, body, last = "", 0, 0, ""
    for row in preprocessed.splitlines():
        if row.startswith("#"):
            if marker := _MARKER.match(row):
                file = marker[2]
            lines.append("" if file.startswith("<") and not marker else row)
            continue
        if os.path.basename(file) == os.path.basename(own):
            lines.append(row)
            continue
        kept, start = "", 0
        for match in _TOKEN.finditer(row):
            word = match[0]
            if word == "{":
                if body:
                    body += 1
                elif not depth and last == ")":
                    body = 1
                    kept += f"{row[start : match.start()]};"
                elif last != '"C"':
                    depth += 1
            elif word == "}":
                if body:
                    body -= 1
                    start = match.end()
                elif depth:
                    depth -= 1
            last = word
        lines.append(kept if body else kept + row[start:])
    return lines
