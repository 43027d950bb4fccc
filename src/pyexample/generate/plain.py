"""Write declarations in plain ctypes, and their types for a stub.

What people wrote by hand before: ``argtypes``, ``restype`` and ``_fields_``. A stub has the
types of all that, which nobody can see in them, and the comments of the header.
"""

import keyword
from typing import NamedTuple

from ..headers.c_model import (
    Array,
    Field,
    Function,
    FunctionType,
    Pointer,
    Record,
    Tagged,
    Type,
    Variable,
    record_of,
    resolve,
    spell,
)
from .comments import docstring, remark
from .context import Context
from .fields import field_names, packed, width_of
from .items import WIDTH, Item, annotated, assigned, laid_out, listed, signature
from .naming import item_of, record_name
from .notes import python_names
from .types import CallbackKey, Types, Unknown


class Plain(NamedTuple):
    """What a C type is in ctypes.

    Attributes:
        ctype: the type, in an expression: ``POINTER(c_int)``.
        hint: the same type, in an annotation: ``ctypes._Pointer[c_int]``.
        value: the Python type of what comes back: ``int`` for ``c_int``.
        given: the Python type of what may be passed.
    """

    ctype: str
    hint: str
    value: str
    given: str


class PlainTypes:
    """The types of ctypes; ``prefix`` is what their names begin with."""

    def __init__(self, types: Types, prefix: str) -> None:
        self._types = types
        self._prefix = prefix
        self._address = self._simple("c_void_p", "int | None", "Any")

    def plain(self, ctype: Type) -> Plain:
        """What a type is. Raises Unknown if it is none of ctypes."""
        kind = self._types.kind(ctype)
        if kind.name == "void":
            return Plain("None", "None", "None", "None")
        if kind.name in ("number", "enum"):
            python = "int" if kind.name == "enum" else kind.python
            return self._simple(kind.ctype, python, python)
        if kind.name == "struct":
            return Plain(*[kind.ctype] * 4)
        if kind.name == "callback":
            name = kind.ctype
            return Plain(*[name] * 4) if name else self._address
        if kind.name == "array":
            return self._array(self.plain(kind.target), kind.length or 0)
        return self._pointer(kind.target)

    def passed(self, ctype: Type) -> Plain:
        """What an argument, or a result, is. Raises Unknown."""
        record = record_of(ctype)
        if record is not None and record.keyword == "union":  # which libffi takes for a struct
            raise Unknown(f"{self.plain(ctype).ctype}, a union, by value")
        return self.plain(ctype)

    def _simple(self, name: str, value: str, given: str) -> Plain:
        return Plain(f"{self._prefix}{name}", name, value, given)

    def _array(self, item: Plain, length: int) -> Plain:
        hint = f"ctypes.Array[{item.hint}]"
        value = item.value if item.hint in ("c_char", "c_wchar") else hint
        return Plain(f"{item.ctype} * {length}", hint, value, hint)

    def _pointer(self, target: Type) -> Plain:
        try:
            item = self.plain(target)
        except Unknown:
            return self._address
        if item.ctype == "None":
            return self._address
        if item.hint == "c_char" and self._types.is_const(target):
            return self._simple("c_char_p", "bytes | None", "_Bytes")
        if item.hint == "c_wchar" and self._types.is_const(target):
            return self._simple("c_wchar_p", "str | None", "str | None")
        hint = f"ctypes._Pointer[{item.hint}]"
        return Plain(f"{self._prefix}POINTER({item.ctype})", hint, hint, f"_Given[{item.hint}]")

    def returned_by_callback(self, ctype: Type) -> Plain:
        """What a callback returns, which ctypes converts if it is a number or an address."""
        found = self.plain(ctype)
        is_pointer = isinstance(resolve(ctype), Pointer)
        return self._address if is_pointer else found


def types_of(context: Context) -> PlainTypes:
    """The types for a module of its own, or for one to which something is added."""
    return PlainTypes(context.types, "" if context.known is None else "ctypes.")


def plain_struct(context: Context, record: Record, name: str) -> list[Item]:
    """Declare a struct. One that has pointers to itself gets its fields after its class.

    Raises Unknown.
    """
    base = "ctypes.Union" if record.keyword == "union" else "ctypes.Structure"
    head = f"class {name}({base}):"
    doc = docstring(record.comment, "    ", WIDTH, f"``{spell(Tagged(record))}``")
    rows, stubbed = _fields(context, record)
    is_split = bool(rows) and name in _reached(context, record)
    own = [] if is_split else [f"    {line}" for row in rows for line in row.splitlines()]
    code = "\n".join([head, *own, "    ..."])
    text = "\n".join([head, doc, *(["", *own] if own else [])])
    stub = "\n".join([head, doc, *(["", *stubbed] if stubbed else [])])
    place, subject = context.api.place(record), record_name(context, record)
    is_asked = context.is_wanted(subject)
    items = [Item(name, subject, code, place, "class", text, is_asked, stub)]
    if is_split:
        later = "\n".join(f"{name}.{row}" for row in rows)
        items.append(Item(_fields_of(name), subject, later, place, "alias"))
    for each in record.fields or ():
        inner = record_of(item_of(each.type))
        if inner in context.types.structs:  # whose size ctypes has to know
            items[-1].needs.add(_fields_of(context.types.structs[inner]))
    return items


def _fields(context: Context, record: Record) -> tuple[list[str], list[str]]:
    """The attributes of a struct's class, and its lines in the stub. Raises Unknown."""
    types = types_of(context)
    found: list[tuple[Field, Plain, str]] = []
    for each in record.fields or ():
        width = width_of(context, each) if each.bits else None
        if width != 0:  # which only ends a unit of bits: the compiler tells whether it matters
            found.append((each, types.plain(each.type), f", {width}" if width else ""))
    fields, hints = [each for each, *_ in found], [each.value for _, each, _ in found]
    names = field_names(fields, hints, ())
    anonymous: list[str] = []
    pairs: list[str] = []
    for name, (each, plain, bits) in zip(names, found, strict=True):
        if not (each.name or each.bits):
            anonymous.append(f'"{name}"')
        pairs.append(f'("{name}", {plain.ctype}{bits})')
    rows = packed(record)
    if anonymous:
        rows.append(f"_anonymous_ = ({', '.join(anonymous)},)")
    if pairs:
        listed = [laid_out("", [each], ",", "    ") for each in pairs]
        rows.append("\n".join(["_fields_ = [", *listed, "]"]))
    stub: list[str] = []
    for name, hint, each in zip(names, hints, fields, strict=True):
        stub += [*remark(each.comment, "    ", WIDTH), annotated(name, hint)]
    return rows, stub


def _fields_of(name: str) -> str:
    return f"{name}._fields_"


def _reached(context: Context, record: Record) -> set[str]:
    """The classes that the fields of a struct name, directly or not."""
    found: set[str] = set()
    waiting: list[Type] = [each.type for each in record.fields or ()]
    while waiting:
        whole = resolve(waiting.pop())
        if isinstance(whole, Pointer):
            waiting.append(whole.target)
        elif isinstance(whole, Array):
            waiting.append(whole.item)
        elif isinstance(whole, FunctionType):
            waiting += [whole.result, *(each.passed for each in whole.parameters)]
        elif isinstance(whole, Tagged) and isinstance(whole.declared, Record):
            name = context.types.structs.get(whole.declared)
            if name and name not in found:
                found.add(name)
                waiting += [each.type for each in whole.declared.fields or ()]
    return found


def plain_callback(
    context: Context, key: CallbackKey, name: str, place: tuple[int, int]
) -> Item:
    """Declare a type of callbacks. Raises Unknown."""
    function, subject = key[0], key[1] or name
    if function.variadic:
        raise Unknown("a variable number of arguments")
    types = types_of(context)
    result = types.returned_by_callback(function.result)
    given = [types.plain(each.passed) for each in function.parameters]
    made = [result.ctype, *(each.ctype for each in given)]
    prefix = "" if context.known is None else "ctypes."
    code = laid_out(f"{name} = {prefix}CFUNCTYPE(", made, ")")
    callable_ = f"Callable[[{', '.join(each.value for each in given)}], {result.value}]"
    named = [f"_{number}: {each.given}" for number, each in enumerate(given)]
    stub = "\n".join(
        [
            laid_out(f"class {name}(", ["ctypes._CFunctionType"], "):"),
            laid_out(
                "def __init__(",
                ["self", f"function: {callable_} = ...", "/"],
                ") -> None: ...",
                "    ",
            ),
            laid_out(
                "def __call__(",
                ["self", *named, "/"],
                f") -> {result.value}: ...",
                "    ",
            ),
        ]
    )
    return Item(name, subject, code, place, "alias", stub=stub)


def plain_variable(context: Context, variable: Variable, name: str) -> Item:
    """Declare a global variable, which some builds of the library may lack. Raises Unknown."""
    found = types_of(context).plain(variable.type)
    ctype = f"({found.ctype})" if " * " in found.ctype else found.ctype
    code = f'with suppress(ValueError):\n    {name} = {ctype}.in_dll(lib, "{variable.name}")'
    place = context.api.place(variable)
    stub = f"{name}: {found.hint}"
    return Item(name, variable.name, code, place, "if", is_asked=True, stub=stub)


def plain_function(context: Context, function: Function) -> Item:
    """Declare a function, which some builds of the library may lack. Raises Unknown."""
    types, name = types_of(context), context.python[function.name]
    parameters = function.type.parameters
    given = [types.passed(each.passed) for each in parameters]
    result = types.passed(function.type.result)
    symbol = context.api.labels.get(function.name, function.name)
    is_attribute = symbol.isidentifier() and not keyword.iskeyword(symbol)
    found = f"lib.{symbol}" if is_attribute else f'getattr(lib, "{symbol}")'
    ctypes_ = [each.ctype for each in given]
    lines = [_VARIADIC] if function.type.variadic else []
    if context.known is None:
        lines.append(laid_out("if hasattr(", ["lib", f'"{symbol}"'], "):"))
        lines.append(assigned(name, found, "    "))
        lines.append(listed(f"{name}.argtypes = ", ctypes_, "    "))
        lines.append(assigned(f"{name}.restype", result.ctype, "    "))
    else:
        lines += [listed(f"{found}.argtypes = ", ctypes_)]
        lines += [assigned(f"{found}.restype", result.ctype)]
    named = [
        f"{each}: {plain.given}"
        for each, plain in zip(python_names(parameters), given, strict=True)
    ]
    more = ["*more: Any"] if function.type.variadic else []
    doc = docstring(function.comment, "    ", WIDTH)
    stub = signature(
        name,
        [*named, *(["/"] if named else []), *more],
        result.value,
        ":" if doc else ": ...",
    )
    place = context.api.place(function)
    return Item(
        *(name, function.name, "\n".join(lines), place, "if"),
        is_asked=True,
        stub="\n".join(filter(None, [stub, doc])),
    )


_VARIADIC = '# Variadic: pass what stands for "..." as ctypes objects, such as ctypes.c_int(1).'
