"""Write the Python declaration of a C prototype, ready to paste."""

import keyword
from typing import Literal

from .header import Header, Prototype, Tokens

Style = Literal["project", "ctypes"]

_NAMES = {
    "_Bool": "c_bool", "bool": "c_bool", "char": "c_char", "wchar_t": "c_wchar",
    "signed char": "c_byte", "unsigned char": "c_ubyte", "short": "c_short",
    "unsigned short": "c_ushort", "int": "c_int", "unsigned int": "c_uint", "long": "c_long",
    "unsigned long": "c_ulong", "long long": "c_longlong",
    "unsigned long long": "c_ulonglong", "float": "c_float", "double": "c_double",
    "long double": "c_longdouble", "size_t": "c_size_t", "ssize_t": "c_ssize_t",
    "ptrdiff_t": "c_ssize_t", "intptr_t": "c_ssize_t", "uintptr_t": "c_size_t",
    **{f"int{bits}_t": f"c_int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}_t": f"c_uint{bits}" for bits in (8, 16, 32, 64)},
}  # fmt: skip


class Unknown(Exception):  # noqa: N818 - it is an answer, not an error
    """There is no ctypes type to be written for a C type; the message names it."""


class _Type:
    """A C type as ctypes has it: a name, or a pointer to a target."""

    def __init__(self, text: str, target: "_Type | None" = None, const: bool = False) -> None:
        self.text = text
        self.target = target
        self.const = const  # of the target


class Paste:
    """Writes declarations in one style; ``classes`` are Python's by C's spelling."""

    def __init__(self, header: Header, classes: dict[str, str], style: Style) -> None:
        self._header = header
        self._classes = classes
        self._style: Style = style

    def function(self, prototype: Prototype) -> str:
        """The declaration, or why there is none."""
        try:
            arguments = [self._type(each.type) for each in prototype.parameters]
            result = self._type(prototype.result)
        except Unknown as unknown:
            return f"# {prototype.name}() needs a class for {unknown} first"
        if self._style == "ctypes":
            listed = ", ".join(each.text for each in arguments)
            return (
                f"lib.{prototype.name}.argtypes = [{listed}]\n"
                f"lib.{prototype.name}.restype = {result.text}"
            )
        names = [
            _python_name(each.name, number) for number, each in enumerate(prototype.parameters)
        ]
        parameters = [
            f"    {name}: {_annotation(each)},\n"
            for name, each in zip(names, arguments, strict=True)
        ]
        listed = f"\n{''.join(parameters)}    /,\n" if parameters else ""
        returned = "None" if result.text == "None" else _result_annotation(result)
        return f"@library.function\ndef {prototype.name}({listed}) -> {returned}: ..."

    def _type(self, tokens: Tokens) -> _Type:
        tokens = [each for each in tokens if each not in ("struct", "union", "volatile")]
        if "(" in tokens:
            return self._callback(tokens)
        if tokens[-1:] == ["const"]:  # of the pointer itself, or of a value
            return self._type(tokens[:-1])
        if tokens[-1:] != ["*"]:
            return self._value([each for each in tokens if each != "const"])
        const = "const" in (tokens[0], tokens[-2])
        target = self._type(tokens[:-1])
        prefix = "ctypes." if self._style == "ctypes" else ""
        if target.text == "None":
            return _Type(f"{prefix}c_void_p", target, const)
        if target.text == f"{prefix}c_char" and const:
            return _Type(f"{prefix}c_char_p", target, const)
        if target.text == f"{prefix}c_wchar" and const:
            return _Type(f"{prefix}c_wchar_p", target, const)
        return _Type(f"{prefix}POINTER({target.text})", target, const)

    def _value(self, tokens: Tokens) -> _Type:
        prefix = "ctypes." if self._style == "ctypes" else ""
        if tokens[0] == "enum":
            return _Type(f"{prefix}c_int")
        if tokens == ["void"]:
            return _Type("None")
        name = _arithmetic(tokens)
        if name in _NAMES:
            return _Type(f"{prefix}{_NAMES[name]}")
        spelling = self._header.records[name].spelling if name in self._header.records else name
        if spelling in self._classes:
            return _Type(self._classes[spelling])
        if (
            name in self._header.typedefs
            and spelling == name
            and self._header.typedefs[name] != [name]
        ):
            return self._type(self._header.typedefs[name])
        if name in self._header.records and not self._header.members(spelling):
            return _Type("None")  # an opaque struct: only ever behind a pointer
        raise Unknown(" ".join(tokens))

    def _callback(self, tokens: Tokens) -> _Type:
        start = tokens.index("(")
        end = tokens.index(")", start)
        parameters = tokens[end + 2 : -1]
        parts: list[Tokens] = [[]]
        for word in parameters:
            if word == ",":
                parts.append([])
            else:
                parts[-1].append(word)
        types = [self._type(tokens[:start])]
        types += [
            self._type(_unnamed(part, self._header))
            for part in parts
            if part not in ([], ["void"])
        ]
        prefix = "ctypes." if self._style == "ctypes" else ""
        return _Type(f"{prefix}CFUNCTYPE({', '.join(each.text for each in types)})")


def _unnamed(tokens: Tokens, header: Header) -> Tokens:
    """A parameter without its name."""
    types = [each for each in tokens if each not in ("const", "*", "struct", "union", "enum")]
    return (
        tokens[:-1]
        if len(types) > 1 and tokens[-1] == types[-1] and types[-1] not in _NAMES
        else tokens
    )


def _arithmetic(tokens: Tokens) -> str:
    """The canonical spelling of a type of several words."""
    words = [each for each in tokens if each != "int"] if len(tokens) > 1 else tokens
    if "char" not in words and words != ["signed"]:
        words = [each for each in words if each != "signed"]
    if not words or words == ["signed"]:
        return "int"
    if words == ["unsigned"]:
        return "unsigned int"
    return " ".join(sorted(words, key=["unsigned", "signed"].__contains__, reverse=True))


def _python_name(name: str, number: int) -> str:
    if not name:
        return f"argument{number + 1}"
    return f"{name}_" if keyword.iskeyword(name) else name


_INTEGERS = frozenset(_NAMES.values()) - {
    "c_bool", "c_char", "c_wchar", "c_float", "c_double", "c_longdouble",
}  # fmt: skip


def _python_type(each: _Type) -> str:
    if each.text in _INTEGERS:
        return "int"
    return {
        "c_bool": "bool",
        "c_float": "float",
        "c_double": "float",
        "c_char_p": "bytes",
        "c_void_p": "int | None",
    }.get(each.text, "Any")


def _annotation(each: _Type) -> str:
    item = each.target.text if each.target else ""
    if item == "c_char" and not each.const:
        item = "c_ubyte"  # a buffer for text
    if item in _INTEGERS or item in ("c_bool", "c_float", "c_double"):
        return f"Annotated[Buffer, {'In' if each.const else 'Out'}({item})]"
    return f"Annotated[{_python_type(each)}, {each.text}]"


def _result_annotation(each: _Type) -> str:
    python = "bytes | None" if each.text == "c_char_p" else _python_type(each)
    return f"Annotated[{python}, {each.text}]"
