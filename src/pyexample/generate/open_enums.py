"""Find the enums whose values come back from C, which later versions may add to."""

from collections.abc import Iterator

from ..headers.c_model import (
    Array,
    Enum,
    FunctionType,
    Pointer,
    Tagged,
    Type,
    function_of,
    resolve,
)
from .api import Api
from .items import Item

_BODY = '''\
    """Constants to which other versions of the library may add some.

    A value that is none of them has its number as its name.
    """

    @classmethod
    def _missing_(cls, value: object) -> "{name} | None":
        if not isinstance(value, int):
            return None
        added = int.__new__(cls, value)
        added._name_, added._value_ = str(value), value
        return added'''


def open_enum(name: str) -> Item:
    """The class that open enums are derived from."""
    head = f"class {name}(IntEnum):\n"
    text = head + _BODY.format(name=name)
    return Item(name, "", text, (-1, 1), "class")


def open_enums(api: Api) -> set[Enum]:
    """The enums of results, out-parameters, fields, variables, and what callbacks get."""
    types = [function_of(each.type) or each.type for each in api.typedefs]
    found = {it for each in types if isinstance(each, FunctionType) for it in _passed(each)}
    for function in api.functions:
        found |= {*_stored(function.type)}
    members = [it.type for each in api.header.unit.records for it in each.fields or ()]
    for ctype in (*members, *(each.type for each in api.variables)):
        found |= {*_read(ctype)}
    return found


def _stored(function: FunctionType) -> Iterator[Enum]:
    """The enums that a function returns, stores, or passes to callbacks."""
    yield from _read(function.result)
    for each in function.parameters:
        whole = resolve(each.passed)
        if isinstance(whole, Pointer):
            yield from _read(whole)


def _passed(callback: FunctionType) -> Iterator[Enum]:
    """The enums that a callback gets."""
    for each in callback.parameters:
        yield from _read(each.passed)


def _read(ctype: Type) -> Iterator[Enum]:
    """The enums among what C has, and Python reads."""
    whole = resolve(ctype)
    if isinstance(whole, FunctionType):
        yield from _passed(whole)
    elif isinstance(whole, Pointer):
        yield from _read(whole.target)
    elif isinstance(whole, Array):
        yield from _read(whole.item)
    elif isinstance(whole, Tagged) and isinstance(whole.declared, Enum):
        yield whole.declared
