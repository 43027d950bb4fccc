"""Parse C declarations by recursive descent, according to C11 6.7 and GNU C.

A declaration that cannot be parsed becomes a ``Refusal``, and does not affect the others. If
the body of a record or an enum cannot be parsed, the names declared with it are still kept. As
in C (6.7.8), the meaning of an identifier depends on the typedefs before it.
"""

import functools
import os
import re
from collections.abc import Sequence
from typing import Any

from .c_model import (
    Array,
    Basic,
    Enum,
    Enumerator,
    Field,
    Function,
    FunctionType,
    Named,
    Parameter,
    Pointer,
    Record,
    Refusal,
    Tagged,
    Type,
    Typedef,
    Unit,
    Variable,
    qualified,
    resolve,
)
from .c_tokens import Chunk, Tokens, plain, word_set
from .mistakes import told

_STORAGE = word_set(
    "typedef extern static auto register inline __inline __inline__ __forceinline constexpr"
    " _Thread_local __thread thread_local mutable"
)
_QUALIFIERS = {
    **dict.fromkeys(["const", "__const", "__const__"], "const"),
    **dict.fromkeys(["volatile", "__volatile", "__volatile__"], "volatile"),
    **dict.fromkeys(["restrict", "__restrict", "__restrict__"], "restrict"),
    "_Atomic": "_Atomic",
}
_ARITHMETIC = {
    **{
        word: word for word in word_set("void char short int long float double signed unsigned")
    },
    **dict.fromkeys(["__signed", "__signed__"], "signed"),
    **dict.fromkeys(["_Complex", "__complex", "__complex__"], "_Complex"),
    "__int128": "__int128",
    "_Bool": "_Bool",
}
_BUILT_IN = {
    **dict.fromkeys(["bool", "_Bool"], "_Bool"),
    **dict.fromkeys(
        word_set(
            "wchar_t char8_t char16_t char32_t __int8 __int16 __int32 __int64 __builtin_va_list"
            " __builtin_ms_va_list __int128_t __uint128_t __float128 _Float128 _Float16"
            " _Float32 _Float32x _Float64 _Float64x _Decimal32 _Decimal64 _Decimal128"
            " __bf16 __fp16 __float80 __ibm128"
        )
    ),
}
"""Names of types that compilers predefine, but that headers may define as others."""
_CONVENTIONS = {
    f"{mark}{word}": word.lower()
    for word in word_set("cdecl stdcall fastcall thiscall vectorcall pascal clrcall Noreturn")
    for mark in ("_", "__")
}
_NULLABILITY = {
    **dict.fromkeys(["_Nonnull", "__nonnull"], "_Nonnull"),
    **dict.fromkeys(["_Nullable", "__nullable"], "_Nullable"),
}
_NOISE = _NULLABILITY.keys() | word_set(
    "__extension__ _Null_unspecified __ptr32 __ptr64 __sptr __uptr __unaligned __w64"
)
_ATTRIBUTES = (
    word_set(
        "__attribute__ __attribute __declspec _Alignas alignas asm __asm__ __asm noexcept throw"
        " __pragma"
    )
    | _NOISE
    | _CONVENTIONS.keys()
)
_TYPEOF = word_set("typeof __typeof __typeof__ typeof_unqual decltype __auto_type")
_ASSERTIONS = word_set("_Static_assert static_assert")
_CXX = word_set(
    "class namespace template using operator friend virtual typename public private protected"
    " concept requires explicit this"
)
_RESERVED = (
    _STORAGE
    | _TYPEOF
    | _NOISE
    | _ASSERTIONS
    | {*_QUALIFIERS, *_ARITHMETIC, "struct", "union", "enum", "sizeof", "_Alignof"}
)
"""The words that cannot be identifiers, neither in C nor in C++."""


class _Refused(Exception):  # noqa: N818 - it is an answer, not an error
    def __init__(self, reason: str, is_cxx: bool = False) -> None:
        super().__init__(reason)
        self.is_cxx = is_cxx


_INTRINSICS = re.compile(r"[\\/](gcc|clang)[\\/].*[\\/]include[\\/][^\\/]*intrin\.h$")
"""Headers of the compiler itself: they have thousands of functions of no library."""


def read(text: str, own: str = "") -> Unit:
    """Parse a preprocessor's output with comments and macros (``-E -C -dD``).

    The declarations of the file ``own``, which includes the headers, are left out.
    """
    unit = Unit()
    tokens = Tokens(text, own)
    for chunk in tokens:
        if chunk.has_body and _INTRINSICS.search(chunk.file):
            continue
        try:
            _Parser(unit, chunk).declaration()
        except Exception as error:
            where = f"{os.path.basename(chunk.file)}:{chunk.lines[0]}"
            unit.faults.append(f"{plain(_subject(chunk.words))} ({where}): {told(error)}")
    unit.macros, unit.names, unit.system = tokens.macros, tokens.names, tokens.system
    return unit


def _subject(words: Sequence[str]) -> str:
    """Guess the name that words which could not be parsed declare, for a message."""
    names: list[str] = []
    inner: list[str] = []
    depth = 0
    for word, after in zip(words, [*words[1:], ""], strict=False):
        depth += (word in "([{") - (word in ")]}")
        if not _is_name(word) or word in _CXX or word.startswith("__"):
            continue
        if after == "(" and not depth:
            return word
        (inner if depth else names).append(word)
    if names:
        return names[0 if "{" in words else -1]
    return inner[0] if inner else ""


def _label(attribute: str) -> str:
    """The text of an asm("..."), which may be several strings; of another attribute, ""."""
    return "".join(re.findall(r'"([^"]*)"', attribute)) if attribute[:4] == "asm(" else ""


def _is_name(word: str) -> bool:
    return (word[:1].isalpha() or word[:1] in ("_", "$")) and word not in _RESERVED


def _arithmetic(words: Sequence[str]) -> str:
    """The shortest name of a type of several words (C11 6.7.2)."""
    sign = "unsigned " if "unsigned" in words else ""
    rest = sorted(each for each in words if each not in ("signed", "unsigned", "int"))
    complex_ = " _Complex" if "_Complex" in rest else ""
    rest = [each for each in rest if each != "_Complex"]
    if rest == ["char"] and "signed" in words:
        sign = "signed "
    kind = " ".join(rest) or ("double" if complex_ and len(words) == 1 else "int")
    kind = {"double long": "long double"}.get(kind, kind)
    integer = kind in ("char", "short", "int", "long", "long long", "__int128")
    floating = kind in ("float", "double", "long double")
    allowed = (
        integer if sign or "signed" in words else integer or floating or len(words) == 1
    ) and (floating or integer or not complex_)
    if not allowed or words.count("int") > 1 or ("int" in words and not integer):
        raise _Refused(f"{' '.join(words)} is no type")
    return f"{sign}{kind}{complex_}"


class _Parser:
    """Parses one chunk into a unit."""

    def __init__(self, unit: Unit, chunk: Chunk) -> None:
        self._unit = unit
        self._chunk = chunk
        self._words = [*chunk.words, "", ""]  # two empty words, to look ahead
        self._at = 0
        self._within: list[Record] = []  # the records whose bodies are being parsed

    # The words

    def _peek(self, ahead: int = 0) -> str:
        return self._words[self._at + ahead]

    def _take(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _accept(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._at += 1
        return True

    def _is_name(self, word: str) -> bool:
        return _is_name(word) and not (self._chunk.is_cxx and word in _CXX)

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            found = self._peek() or "the end"
            raise _Refused(
                f"{word!r} is expected, not {found!r}", found in _CXX or found == "::"
            )

    def _line(self) -> int:
        return self._chunk.lines[min(self._at, len(self._chunk.lines) - 1)]

    def _closing(self, at: int) -> int:
        """The index at which the bracket at ``at`` is closed."""
        depth = 0
        for place in range(at, len(self._words)):
            depth += (self._words[place] in "([{") - (self._words[place] in ")]}")
            if not depth:
                return place
        raise _Refused("a bracket is not closed")

    def _group(self) -> list[str]:
        """The words within the brackets that begin here."""
        start, self._at = self._at + 1, self._closing(self._at) + 1
        return self._words[start : self._at - 1]

    def _expression(self, *ends: str) -> str:
        """The text up to one of these words, or to the end."""
        start = self._at
        while (word := self._peek()) and word not in ends:
            self._at = self._closing(self._at) + 1 if word in "([{" else self._at + 1
        return plain(" ".join(self._words[start : self._at]))

    # Declarations

    def declaration(self) -> None:
        """Parse the chunk."""
        first = self._peek()
        try:
            if first in _ASSERTIONS or first in ("asm", "__asm__", "__asm"):
                return  # declares nothing
            if self._chunk.is_cxx and (first in _CXX or "operator" in self._words):
                raise _Refused("it is C++", is_cxx=True)
            if self._chunk.is_old_style:
                raise _Refused("an old-style definition does not declare its parameters")
            self._declare()
        except _Refused as refused:
            self._refuse(refused, self._chunk.words)
        except RecursionError:
            self._refuse(_Refused("it is nested too deeply"), self._chunk.words)

    def _refuse(self, refused: _Refused, words: list[str], name: str = "") -> None:
        self._unit.refusals.append(
            Refusal(
                name or plain(_subject(words)),
                plain(" ".join(words[:24])) + (" ..." if len(words) > 24 else ""),
                str(refused),
                refused.is_cxx,
                **self._place((), "", self._chunk.lines[0]),
            )
        )

    def _declare(self) -> None:
        base, storage, common = self._specifiers()
        found: list[tuple[str, Type, list[str]]] = []
        while self._peek():
            attributes = list(common)
            name, ctype = self._declarator(base, attributes)
            if not name:
                raise _Refused("there is no name")
            self._attributes(attributes)
            if "typedef" in storage:
                self._add_typedef(name, ctype, attributes)  # the next one may need it
            else:
                found.append((name, ctype, attributes))
            if self._accept("="):
                self._expression(",")
            if self._peek():
                self._expect(",")
        for each in found:
            self._add(*each, "static" in storage)

    def _add_typedef(self, name: str, ctype: Type, attributes: list[str]) -> None:
        if isinstance(ctype, Tagged) and not ctype.declared.tag:
            ctype.declared.alias = ctype.declared.alias or name
        place = self._place(attributes, self._chunk.comment, self._chunk.lines[0])
        self._unit.typedefs.setdefault(name, Typedef(name, ctype, **place))

    def _add(self, name: str, ctype: Type, attributes: list[str], is_static: bool) -> None:
        place = self._place(attributes, self._chunk.comment, self._chunk.lines[0])
        whole = resolve(ctype)
        if isinstance(whole, FunctionType):
            label = "".join(map(_label, attributes))
            has_body = self._chunk.has_body
            self._add_function(Function(name, whole, is_static, has_body, label, **place))
        else:
            self._unit.variables.setdefault(name, Variable(name, ctype, is_static, **place))

    def _add_function(self, new: Function) -> None:
        """Keep the declaration with the most information, if a function has several."""

        def said(function: Function) -> tuple[int, bool]:
            parameters = function.type.parameters
            return len(parameters) + sum(bool(each.name) for each in parameters), bool(
                function.comment
            )

        old = self._unit.functions.setdefault(new.name, new)
        old.is_static |= new.is_static
        old.has_body &= new.has_body
        old.label = new.label = old.label or new.label
        if said(new) > said(old):
            new.is_static, new.has_body = old.is_static, old.has_body
            self._unit.functions[new.name] = new

    def _place(self, attributes: Sequence[str], comment: str, line: int) -> dict[str, Any]:
        return {
            "file": self._chunk.file,
            "line": line,
            "comment": comment,
            "attributes": tuple(dict.fromkeys(attributes)),
        }

    # Specifiers

    def _specifiers(self) -> tuple[Type, set[str], list[str]]:
        """Parse the type, storage class and attributes at the beginning of a declaration."""
        storage: set[str] = set()
        qualifiers: set[str] = set()
        attributes: list[str] = []
        words: list[str] = []
        found: Type | None = None
        while True:
            word = self._peek()
            if self._attribute(attributes):
                continue
            if word == "_Atomic" and self._peek(1) == "(":
                self._at += 2
                base, _, _ = self._specifiers()
                _, inner = self._declarator(base, [], is_parameter=True)
                found = qualified(inner, ["_Atomic"])
                self._expect(")")
            elif word in _QUALIFIERS:
                qualifiers.add(_QUALIFIERS[self._take()])
            elif word in _ARITHMETIC:
                words.append(_ARITHMETIC[self._take()])
            elif word in ("struct", "union"):
                found = Tagged(self._record())
            elif word == "enum":
                found = Tagged(self._enum())
            elif word in _STORAGE or (word[:1] == '"' and "extern" in storage):
                storage.add(self._take())
            elif found is None and words in ([], ["_Complex"]) and self._is_name(word):
                found = self._named()
            elif word in _TYPEOF:
                raise _Refused(f"{word} is not computed here", word == "decltype")
            else:
                break
        if words == ["_Complex"] and isinstance(found, Basic):  # of a type such as _Float16
            found, words = Basic(f"{found.name} _Complex"), []
        if words and found is not None:
            raise _Refused(f"{words[0]!r} beside another type")
        if words:
            found = Basic(_arithmetic(words))
        if found is None:
            raise _Refused(f"{word or 'the end'!r} is no type", word in _CXX or word == "::")
        return qualified(found, qualifiers), storage, attributes

    def _named(self) -> Type:
        """The type that an identifier names."""
        word = plain(self._take())
        if self._peek() in ("::", "<"):
            raise _Refused("it is C++", is_cxx=True)
        if word in self._unit.typedefs:
            return Named(self._unit.typedefs[word])
        if word in _BUILT_IN:
            return Basic(_BUILT_IN[word] or word)
        if word in self._unit.tags:  # as C++ has it
            return Tagged(self._unit.tags[word])
        raise _Refused(f"{word} is no type that is known")

    def _begins_type(self, word: str) -> bool:
        return (
            word in _ARITHMETIC
            or word in _QUALIFIERS
            or word in ("struct", "union", "enum")
            or plain(word) in self._unit.typedefs
            or plain(word) in _BUILT_IN
        )

    def _attributes(self, attributes: list[str]) -> None:
        while self._attribute(attributes):
            pass

    def _attribute(self, attributes: list[str]) -> bool:
        """Parse an attribute, if it is next, and keep it if it matters. Returns whether."""
        word = self._peek()
        if word not in _ATTRIBUTES and not (word == "[" == self._peek(1)):
            return False
        if word in ("__attribute__", "__attribute", "__declspec"):
            self._at += 1
            words = self._group()
            if word != "__declspec":
                words = words[1:-1]
            attributes += _split(tuple(words), "," if word != "__declspec" else "")
        elif word == "[":
            words = self._group()[1:-1]
            scopes = zip(words, [*words[1:], ""], strict=False)
            words = [word for word, after in scopes if "::" not in (word, after)]
            attributes += _split(tuple(words), ",")
        elif word in ("_Alignas", "alignas") or word.strip("_") == "asm":
            self._at += 1
            name = "asm" if "asm" in word else "aligned"
            attributes.append(f"{name}({' '.join(self._group())})")
        elif word in ("noexcept", "throw", "__pragma"):
            self._at += 1
            if self._peek() == "(":
                self._group()
        else:
            self._at += 1
            if kept := _CONVENTIONS.get(word) or _NULLABILITY.get(word):
                attributes.append(kept)
        return True

    # Records and enums

    def _record(self) -> Record:
        start, line = self._at, self._line()
        keyword: Any = self._take()
        tag, attributes = self._tag()
        is_cxx = self._peek() in (":", "<", "final")
        if is_cxx:
            self._expression("{")
        known = self._unit.tags.get(tag)
        record = known if isinstance(known, Record) else None
        if record is None or (self._peek() == "{" and record.fields is not None):
            record = Record(keyword, tag, **self._place((), "", line))
            self._unit.records.append(record)
        if tag:
            self._unit.tags[tag] = record
        if self._peek() != "{":
            return record
        record.outer = self._within[-1] if self._within else None
        end = self._closing(self._at)
        record.line, record.file = line, self._chunk.file
        record.comment = self._chunk.with_behind(self._at) if not self._within else ""
        record.pack = self._chunk.pack
        self._at += 1
        self._within.append(record)
        try:
            if is_cxx:
                raise _Refused("it is C++", is_cxx=True)
            record.fields = self._fields()
        except _Refused as refused:
            self._refuse(refused, self._words[start : end + 1], tag)
        self._within.pop()
        self._at = end + 1
        self._attributes(attributes)
        record.attributes = tuple(attributes)
        return record

    def _tag(self) -> tuple[str, list[str]]:
        attributes: list[str] = []
        self._attributes(attributes)
        tag = plain(self._take()) if self._is_name(self._peek()) else ""
        self._attributes(attributes)
        if not tag and self._peek() != "{":
            raise _Refused("there is no tag", self._peek() in _CXX or self._peek() == "::")
        return tag, attributes

    def _fields(self) -> list[Field]:
        """The members, up to the closing brace."""
        fields: list[Field] = []
        while self._peek() != "}":
            if self._accept(";"):
                continue
            if self._peek() in _ASSERTIONS:
                self._expression(";")
                continue
            start, line = self._at, self._line()
            base, storage, common = self._specifiers()
            if storage:
                raise _Refused("a member is no field", is_cxx=True)
            if self._peek() == ";":
                record = base.declared if isinstance(base, Tagged) else None
                if isinstance(record, Record) and not record.tag:  # its members are ours
                    fields.append(Field("", base, **self._place(common, "", line)))
                continue
            while True:
                fields.append(self._field(base, list(common)))
                fields[-1].comment = self._chunk.about(start, self._at)
                if not self._accept(","):
                    break
                start = self._at
            self._expect(";")
        return fields

    def _field(self, base: Type, attributes: list[str]) -> Field:
        line = self._line()
        name, ctype = ("", base) if self._peek() == ":" else self._declarator(base, attributes)
        if isinstance(resolve(ctype), FunctionType):
            raise _Refused("a member is a function", is_cxx=True)
        bits = self._expression(",", ";", "__attribute__") if self._accept(":") else ""
        self._attributes(attributes)
        if not name and not bits:
            raise _Refused("a member has no name")
        return Field(name, ctype, bits, **self._place(attributes, "", line))

    def _enum(self) -> Enum:
        start, line = self._at, self._line()
        self._take()
        tag, attributes = self._tag()
        known = self._unit.tags.get(tag)
        enum = known if isinstance(known, Enum) else None
        if enum is None or (self._peek() == "{" and enum.constants is not None):
            enum = Enum(tag, **self._place((), "", line))
            self._unit.enums.append(enum)
        if tag:
            self._unit.tags[tag] = enum
        if self._peek() == ":" and self._begins_type(self._peek(1)):
            self._at += 1
            enum.underlying, _, _ = self._specifiers()
        if self._peek() == "{":
            end = self._closing(self._at)
            enum.line, enum.file = line, self._chunk.file
            enum.outer = self._within[-1] if self._within else None
            enum.comment = self._chunk.with_behind(self._at) if not self._within else ""
            self._at += 1
            try:
                enum.constants = self._enumerators()
            except _Refused as refused:
                self._refuse(refused, self._words[start : end + 1], tag)
            self._at = end + 1
        self._attributes(attributes)
        enum.attributes = enum.attributes or tuple(attributes)
        return enum

    def _enumerators(self) -> list[Enumerator]:
        """The constants, up to the closing brace."""
        found: list[Enumerator] = []
        while self._peek() != "}":
            found.append(self._enumerator())
        return found

    def _enumerator(self) -> Enumerator:
        start, line, word = self._at, self._line(), self._take()
        if not self._is_name(word):
            raise _Refused(f"{word!r} is no name")
        attributes: list[str] = []
        self._attributes(attributes)
        value = self._expression(",", "}") if self._accept("=") else ""
        # A comment behind the last one, and on the brace's line, is about the enum.
        end = self._at if self._peek() == "," else self._at - 1
        if self._peek() != "}":
            self._expect(",")
        comment = self._chunk.about(start, end)
        return Enumerator(plain(word), value, **self._place(attributes, comment, line))

    # Declarators

    def _declarator(
        self, base: Type, attributes: list[str], is_parameter: bool = False
    ) -> tuple[str, Type]:
        """Parse a declarator: a name, and the parts of its type around it (C11 6.7.6).

        ``base`` is the type of the specifiers. Attributes are added to the list. The name of a
        parameter may be missing (6.7.7).
        """
        while True:
            if self._attribute(attributes):
                continue
            if self._accept("*"):
                base = Pointer(base)
            elif self._peek() in _QUALIFIERS:
                base = qualified(base, [_QUALIFIERS[self._take()]])
            elif self._peek() in ("&", "^", "::"):
                raise _Refused(f"{self._peek()!r} is not C's", is_cxx=True)
            else:
                break
        if self._peek() == "(" and self._is_nested(is_parameter):
            inside, self._at = self._at + 1, self._closing(self._at) + 1
            ctype = self._suffixes(base, attributes)
            end, self._at = self._at, inside
            name, ctype = self._declarator(ctype, attributes, is_parameter)
            self._expect(")")
            self._at = end
            return name, ctype
        name = plain(self._take()) if self._is_name(self._peek()) else ""
        return name, self._suffixes(base, attributes)

    def _is_nested(self, is_parameter: bool) -> bool:
        """Whether a parenthesis contains a declarator rather than parameters."""
        at = self._at + 1
        while self._words[at] in ("__attribute__", "__declspec"):
            at = self._closing(at + 1) + 1
        word = self._words[at]
        if word in _CONVENTIONS or word in ("*", "(", "^", "&"):
            return True
        return self._is_name(word) and not (is_parameter and self._begins_type(word))

    def _suffixes(self, base: Type, attributes: list[str]) -> Type:
        """Parse the parameters or lengths after a name; the first is the outermost type."""
        self._attributes(attributes)
        if self._peek() == "(":
            is_open = self._peek(1) == ")"
            parameters, variadic = self._parameters()
            result = self._suffixes(base, attributes)
            return FunctionType(result, parameters, variadic, not is_open)
        if self._peek() == "[":
            words = [each for each in self._group() if each != "static"]
            length = plain(" ".join(each for each in words if each not in _QUALIFIERS))
            qualifiers = frozenset(_QUALIFIERS[each] for each in words if each in _QUALIFIERS)
            return Array(self._suffixes(base, attributes), length, qualifiers)
        return base

    def _parameters(self) -> tuple[tuple[Parameter, ...], bool]:
        found: list[Parameter] = []
        self._expect("(")
        while not self._accept(")"):
            if self._accept("..."):
                self._expect(")")
                return tuple(found), True
            base, _, attributes = self._specifiers()
            name, ctype = self._declarator(base, attributes, is_parameter=True)
            self._attributes(attributes)
            if self._accept("="):  # a default argument of C++
                self._expression(",", ")")
            found.append(Parameter(ctype, name, tuple(attributes)))
            if self._peek() not in (")", "..."):
                self._expect(",")
        if len(found) == 1 and not found[0].name and resolve(found[0].type) == Basic("void"):
            found = []
        return tuple(found), False


@functools.lru_cache
def _split(words: tuple[str, ...], separator: str) -> list[str]:
    """The texts between separators outside of brackets; without a separator, every word."""
    parts: list[str] = [""]
    depth = 0
    for word in words:
        depth += (word in "([{") - (word in ")]}")
        is_end = not depth and not parts[-1].endswith("(") and word not in "()[]{}"
        if word == separator and not depth:
            parts.append("")
        elif not separator and is_end:
            parts.append(word)
        else:
            parts[-1] += (
                word
                if word in "()," or parts[-1].endswith("(") or not parts[-1]
                else f" {word}"
            )
    names = [part.partition("(") for part in parts if part]
    return [f"{name.strip('_')}{bracket}{rest}" for name, bracket, rest in names]
