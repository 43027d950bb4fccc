"""Write the Python declaration of a C prototype, ready to paste."""

import keyword
import os
import unicodedata
from collections.abc import Sequence
from typing import Literal

from ..headers.c_model import (
    Array,
    Basic,
    Enum,
    Function,
    FunctionType,
    Named,
    Parameter,
    Pointer,
    Record,
    Tagged,
    Type,
    is_changed,
    qualified,
    resolve,
    spell,
)
from ..headers.header import Header
from ..headers.scalars import SCALARS

Style = Literal["project", "ctypes"]

WORDS = ("UNCHECKED", "Borrowed", "Buffer", "Handle", "In", "Library", "Out", "Returned")
"""The words of pyexample.ffi that declarations are written in, in the order of isort."""

_VARIADIC = (
    '# Variadic: pass what stands for "..." as ctypes objects, such as ctypes.c_int(1).\n'
)


class Unknown(Exception):  # noqa: N818 - it is an answer, not an error
    """A C type has no ctypes type; the message names it."""


class _Type:
    """The ctypes form of a C type: a name, or a pointer to a target.

    ``const`` says whether the target is const; ``handle`` is the class of an opaque pointer.
    """

    def __init__(
        self,
        text: str,
        target: "_Type | None" = None,
        const: bool = False,
        handle: str = "",
    ) -> None:
        self.text = text
        self.target = target
        self.const = const
        self.handle = handle


class Paste:
    """Writes declarations in one style; ``classes`` are Python's classes by C name.

    Attributes:
        handles: the Handle class of each opaque struct. Those that Python lacks are added when
            a function needs them.
    """

    def __init__(self, header: Header, classes: dict[str, str], style: Style) -> None:
        self._classes = {header.record(spelling): name for spelling, name in classes.items()}
        self.handles: dict[Record, str] = {}
        self._taken = {*WORDS, *classes.values(), *header.functions}
        self._style: Style = style
        self._prefix = "ctypes." if style == "ctypes" else ""

    def function(self, function: Function) -> str:
        """The declaration, or a comment that says why there is none."""
        parameters = function.type.parameters
        try:
            arguments = [self._type(each.passed) for each in parameters]
            result = self._type(function.type.result)
        except Unknown as unknown:
            return f"# {function.name}() needs {unknown}"
        if self._style == "ctypes":
            listed = ", ".join(each.text for each in arguments)
            name = f"lib.{function.name}"
            if not is_name(function.name):
                name = f'getattr(lib, "{function.name}")'
            return (
                f"{_VARIADIC if function.type.variadic else ''}"
                f"{name}.argtypes = [{listed}]\n"
                f"{name}.restype = {result.text}"
            )
        if not is_name(function.name):
            return f"# {function.name}() has a name that no function of Python can have"
        if function.type.variadic:
            return (
                f"# {function.name}() is variadic: declare each form that is called, with"
                f" @library.function(fixed={len(parameters)})"
            )
        lines: list[str] = []
        filled: list[str] = []  # which the caller does not pass: beside what comes next
        handles = [_handle_in(each) for each in arguments]
        rows = zip(
            _python_names(parameters), arguments, map(_size, parameters), handles, strict=True
        )
        for name, each, size, handle in rows:
            if handle:
                filled.append(f"Returned({handle} | None, c_void_p, Borrowed)")
            else:
                python, ctype = _annotation(each, size)
                listed = ", ".join((python, *filled, ctype))
                lines.append(f"    {name}: Annotated[{listed}],\n")
                filled.clear()
        listed = f"\n{''.join(lines)}    /,\n" if lines else ""
        returned = _result(result, [each for each in handles if each], filled)
        asks = (result.handle and not result.const) or any(handles)
        hint = "  # write Owned for Borrowed, if the caller must close it" if asks else ""
        return f"@library.function{hint}\ndef {function.name}({listed}) -> {returned}: ..."

    def _type(self, ctype: Type) -> _Type:
        """The type of an argument, of a result, or of a pointer's target."""
        if isinstance(ctype, Pointer):
            return self._pointer(ctype.target)
        if isinstance(ctype, FunctionType):
            types = [self._type(ctype.result)]
            types += [self._type(each.passed) for each in ctype.parameters]
            if ctype.variadic:
                raise Unknown(f"a callback that ctypes lacks: {spell(ctype)}")
            listed = ", ".join(each.text for each in types)
            return _Type(f"{self._prefix}CFUNCTYPE({listed})")
        if isinstance(ctype, Array):
            if not ctype.length.isdecimal():
                raise Unknown(f"the length of {spell(ctype)}, which is an expression")
            return _Type(f"{self._type(ctype.item).text} * {ctype.length}")
        if isinstance(ctype, Tagged):
            return self._tagged(ctype)
        name = ctype.name if isinstance(ctype, Basic) else ctype.typedef.name
        if name == "void":
            return _Type("None")
        if name in SCALARS:
            return _Type(f"{self._prefix}{SCALARS[name]}")
        if isinstance(ctype, Named) and not is_changed(ctype.typedef):
            found = self._type(qualified(ctype.typedef.type, ctype.qualifiers))
            # A name for an untyped pointer is a handle, rather than a pointer to any data.
            is_untyped = found.text.endswith("c_void_p") and not found.handle
            return _Type(found.text) if is_untyped else found
        raise Unknown(f"a type that ctypes lacks: {name}")

    def _pointer(self, target: Type) -> _Type:
        whole = resolve(target)
        if isinstance(whole, FunctionType):
            return self._type(whole)
        const = "const" in getattr(whole, "qualifiers", ())
        if isinstance(whole, Tagged) and self._is_opaque(whole.declared):
            return _Type(
                f"{self._prefix}c_void_p", const=const, handle=self._handle(whole.declared)
            )
        item = self._type(target)
        if item.text == "None":
            return _Type(f"{self._prefix}c_void_p", item, const)
        if const and isinstance(whole, Basic) and whole.name in ("char", "wchar_t"):
            return _Type(f"{item.text}_p", item, const)
        return _Type(f"{self._prefix}POINTER({item.text})", item, const)

    def _is_opaque(self, declared: Record | Enum) -> bool:
        is_known = declared in self._classes
        return isinstance(declared, Record) and declared.fields is None and not is_known

    def _handle(self, declared: Record | Enum) -> str:
        """The class for an opaque struct; "" if Python can have none of such a name."""
        if self._style == "ctypes" or not isinstance(declared, Record):
            return ""
        if declared not in self.handles:
            words = unicodedata.normalize("NFKC", declared.tag or declared.alias).split("_")
            if len(words) > 1 and words[-1] in ("s", "st", "t", "tag"):
                words.pop()
            name = "".join(f"{word[:1].upper()}{word[1:]}" for word in words)
            while name in {*self._taken, *self.handles.values()}:
                name += "Handle"
            if not is_name(name):
                return ""
            self.handles[declared] = name
        return self.handles[declared]

    def _tagged(self, ctype: Tagged) -> _Type:
        declared = ctype.declared
        if isinstance(declared, Enum):
            return self._type(declared.underlying or Basic("int"))
        if declared in self._classes:
            return _Type(self._classes[declared])
        name = spell(Tagged(declared))
        if not (declared.tag or declared.alias):
            name += f" ({os.path.basename(declared.file)}:{declared.line})"
        raise Unknown(f"a class for {name} first")


def handle_class(name: str, record: Record) -> str:
    """The class for the handles of an opaque struct."""
    return f'class {name}(Handle):\n    """``{spell(Tagged(record))} *``."""'


def is_name(word: str) -> bool:
    """Whether a name of C is one of Python, which normalises names (PEP 3131: to NFKC)."""
    is_normal = unicodedata.is_normalized("NFKC", word)
    return word.isidentifier() and is_normal and not keyword.iskeyword(word)


def _python_names(parameters: Sequence[Parameter]) -> list[str]:
    """The names of parameters, generated for those without one."""
    given = [each.name for each in parameters]
    names: list[str] = []
    for number, name in enumerate(given, 1):
        name = f"{name}_" if keyword.iskeyword(name) else name or f"argument{number}"
        while name in names or (name != given[number - 1] and name in given):
            name += "_"
        names.append(name)
    return names


_INTEGERS = frozenset(SCALARS.values()) - {
    "c_bool", "c_char", "c_wchar", "c_float", "c_double", "c_longdouble",
}  # fmt: skip


def _python_type(each: _Type) -> str:
    if each.text in _INTEGERS:
        return "int"
    return {
        "c_bool": "bool",
        "c_float": "float",
        "c_double": "float",
        "c_longdouble": "float",
        "c_char": "bytes",
        "c_wchar": "str",
        "c_char_p": "bytes",
        "c_wchar_p": "str",
        "c_void_p": "int | None",
    }.get(each.text, "Any")


def _size(parameter: Parameter) -> str:
    """The number of items of an array, which C says although it passes a pointer."""
    whole = resolve(parameter.type)
    length = whole.length.rstrip("uUlL") if isinstance(whole, Array) else ""
    return length if length.isdecimal() and int(length) else "UNCHECKED"


def _handle_in(each: _Type) -> str:
    """The class of what C stores through a ``T **``, or ""."""
    is_double = each.target is not None and each.text.endswith("POINTER(c_void_p)")
    return each.target.handle if is_double and each.target and not each.const else ""


def _annotation(each: _Type, size: str) -> tuple[str, str]:
    """The Python type, and what stands for C's."""
    if each.handle:
        return each.handle, "c_void_p"
    item = each.target.text if each.target else ""
    if item == "None" and each.const:
        return "Buffer", "In(None, UNCHECKED)"
    if item == "c_char" and not each.const:
        item = "c_ubyte"  # a buffer for text
    if item in _INTEGERS or item in ("c_bool", "c_float", "c_double"):
        return "Buffer", f"{'In' if each.const else 'Out'}({item}, {size})"
    return _python_type(each), each.text


def _result(each: _Type, handles: list[str], filled: list[str]) -> str:
    """The annotation of all that comes back; ``filled`` follows what C itself returns."""
    python, *ctype = _own_result(each)
    parts = [*([] if python == "None" else [python]), *(f"{it} | None" for it in handles)]
    if not parts:
        return "None"
    whole = parts[0] if len(parts) == 1 else f"tuple[{', '.join(parts)}]"
    return f"Annotated[{', '.join((whole, *(ctype or ['None']), *filled))}]"


def _own_result(each: _Type) -> tuple[str, ...]:
    """The Python type, and what stands for C's."""
    if each.text == "None":
        return ("None",)
    if "CFUNCTYPE(" in each.text:  # whose address it is, in a result
        return "int | None", "c_void_p"
    if each.handle:
        return f"{each.handle} | None", "c_void_p", "Borrowed"
    python = _python_type(each)
    if each.text in ("c_char_p", "c_wchar_p"):
        python += " | None"
    return python, each.text
