"""Structures whose fields are checked when they are assigned."""

import ctypes
import functools
import sys
import typing
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .buffers import In
from .callbacks import CallbackValue
from .calls import CallState
from .counted import CountedField, CountedItems, CounterField
from .declaration import annotations, split_annotation
from .fields import DEFAULT, Anonymous, ArrayField, Bits, CountedBy, to_field
from .handle_values import HandleValue
from .handles import Handle
from .kept import pointees_kept_by
from .kinds import Integer, make_value
from .pointees import copy_over, has_pointers, is_of_c, pointees_of, show_memory, store
from .pointers import Pointer, set_targets
from .records import is_owned, life_of, open_address, parents_of, show_until_closed
from .sizes import UNCHECKED
from .structures import function_address
from .values import DeclarationError, Value

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform() -> Callable[[Any], Any]:
        """For type checkers."""
        return lambda decorator: decorator


S = TypeVar("S", bound=ctypes.Structure | ctypes.Union | Handle)


@overload
def struct(cls: type[S], /) -> type[S]: ...
@overload
def struct(
    *, default: str | Callable[[], object] = ..., init: bool = ...
) -> Callable[[type[S]], type[S]]: ...
@dataclass_transform()
def struct(
    cls: Any = None, /, *, default: str | Callable[[], Any] | None = None, init: bool = True
) -> Any:
    """Give a ctypes structure or union the fields that are annotated in it (a decorator).

    ``x: Annotated[int, c_int32]`` declares a field like a parameter. Values that are assigned,
    or passed to the constructor, are checked like arguments. A null pointer is read as None, a
    function pointer as a function that calls C with checked arguments. ``_pack_`` and similar
    attributes work as in ctypes.

    Of a ``Handle``, the fields are those of the structure at its address. C makes it.

    With ``default="initial_options"``, a new structure begins as a copy of what the function
    of this name returns, which is declared later in the module; else with zeros.

    Type checkers expect that the constructor is given each field whose value is not DEFAULT.
    With ``init=False`` they expect nothing.
    """
    if cls is None:
        return functools.partial(_declare, default=default)
    return _declare(cls, None)


def _declare(cls: Any, default: str | Callable[[], Any] | None) -> Any:
    if not (isinstance(cls, type) and issubclass(cls, Handle)):
        return _declare_struct(cls, default)
    if default:
        raise DeclarationError(f"{cls.__name__}: C makes a handle: it has no default")
    return _declare_handle(cls)


def _declare_handle(cls: Any) -> Any:
    copied = ("__module__", "_pack_", "_align_", "_layout_", *cls.__annotations__)
    attributes = {name: cls.__dict__[name] for name in copied if name in cls.__dict__}
    attributes["__annotations__"] = cls.__annotations__
    plain = type(cls.__name__, (cls.c_struct or ctypes.Structure,), attributes)
    cls.c_struct = _declare_struct(plain, None, of=cls)
    for name in (*_names(cls.c_struct), *_reached(cls.c_struct)):
        if hasattr(Handle, name):
            raise DeclarationError(
                f"{cls.__name__}.{name}: every Handle has something of this name: write another"
                f" one, such as {name}_"
            )
        setattr(cls, name, _HandleField(name))
    return cls


def _declare_struct(cls: Any, default: str | Callable[[], Any] | None, of: Any = None) -> Any:
    """``of`` is the class of handles whose structure it is."""
    _check_class(cls)
    fields = _read_fields(cls, of)
    for name in fields.keys() & cls.__dict__.keys():
        delattr(cls, name)  # DEFAULT
    words = {name: {type(each): each for each in spec.words} for name, spec in fields.items()}
    if anonymous := [name for name in fields if Anonymous in words[name]]:
        cls._anonymous_ = anonymous
    if hasattr(cls, "_ffiargtype"):  # PyPy's, which finds that of a base that was passed to C
        cls._ffiargtype = None
    cls._fields_ = [
        (name, spec.ctype, *(each.count for each in spec.words if isinstance(each, Bits)))
        for name, spec in fields.items()
    ]
    _check_layout(cls)
    for name in cls.__dict__.keys() & {*_names(cls)} - fields.keys():
        delattr(cls, name)  # PyPy's copy of an inherited field, unchecked
    for name, spec in fields.items():
        setattr(cls, name, _Field(spec, getattr(cls, name)))
    for name, spec in fields.items():
        if isinstance(spec, CountedItems):
            counter = CounterField.of(cls, spec.counted_by)
            setattr(cls, name, CountedField(spec, cls.__dict__[name].field, counter))
    for name in anonymous:
        for inner in _reached(fields[name].ctype):
            setattr(cls, inner, _InnerField(name, inner, getattr(cls, inner)))
    flexible = None
    if fields and isinstance(spec := [*fields.values()][-1], ArrayField) and spec.is_flexible:
        flexible = _Flexible(cls, [*fields][-1], spec)
    if cls.__repr__ is ctypes.Structure.__repr__ and _is_readable(cls):
        cls.__repr__ = _repr
    if default:
        cls.__init__ = _beginning_with(default, cls, flexible)
    # CPython before 3.13 caches a union's attributes; this clears the cache.
    cls.__bases__ = cls.__bases__
    cls._is_checked = True
    is_union = ctypes.Union in cls.__mro__
    follows = any(spec.follows for spec in fields.values())
    cls._follows = not is_union and (follows or getattr(cls.__base__, "_follows", False))
    set_targets(cls)
    return cls


def _check_class(cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, (ctypes.Structure, ctypes.Union))):
        raise DeclarationError(f"expected a class that is derived from Structure, not {cls!r}")
    if "_fields_" in cls.__dict__:
        raise DeclarationError(f"{cls.__name__} has _fields_ already: annotate them instead")
    if hasattr(cls, "_allocate"):
        raise DeclarationError(f"{cls.__name__}: its base ends with a flexible array")
    if "_anonymous_" in cls.__dict__:
        raise DeclarationError(
            f"{cls.__name__}: write Anonymous after a field's C type, not _anonymous_"
        )


def _read_fields(cls: Any, of: Any) -> dict[str, Value]:
    known = {cls.__name__: of or cls}
    fields = {
        name: _field(f"{cls.__name__}.{name}", annotation, known, of)
        for name, annotation in annotations(cls, known).items()
        if typing.get_origin(annotation) is not typing.ClassVar
    }
    is_union = issubclass(cls, ctypes.Union)
    for name, spec in fields.items():
        where = f"{cls.__name__}.{name}"
        if cls.__dict__.get(name, DEFAULT) is not DEFAULT:
            raise DeclarationError(
                f"{where}: C's fields have no defaults: write DEFAULT if it may be left out"
            )
        if isinstance(spec, ArrayField) and spec.is_flexible and name != [*fields][-1]:
            raise DeclarationError(f"{where}: only the last field can be a flexible array")
        words = [spec.word] if isinstance(spec, CountedItems) else spec.words
        for word in [each for each in words if isinstance(each, (CountedBy, In))]:
            if not isinstance(fields.get(word.names[0]), Integer):
                raise DeclarationError(f"{where}: {word!r} needs the name of an integer field")
            if is_union:
                raise DeclarationError(
                    f"{where}: {word!r}: in a union, {word.names[0]} is in the same memory, and"
                    " counts nothing: declare an address, c_void_p"
                )
        if is_union and spec.follows and UNCHECKED not in spec.words:
            raise DeclarationError(
                f"{where}: a union may hold another member, whose bytes would be followed as a"
                " pointer when this one is read. Declare an address, c_void_p; or write"
                " UNCHECKED after the C type, if the program reads it only when it is the one"
                " that was stored"
            )
        if UNCHECKED in spec.words and not is_union:
            raise DeclarationError(f"{where}: UNCHECKED is for a member of a union")
    return fields


def _field(where: str, annotation: Any, known: dict[str, Any], of: Any) -> Value:
    python_type, ctype, *words = split_annotation(where, annotation)
    quoted = getattr(python_type, "__forward_arg__", None)
    if of and quoted and ctype is ctypes.c_void_p:
        attributes = {"__annotations__": {"": quoted}, "__module__": of.__module__}
        python_type = annotations(type(where, (), attributes), known)[""]
    spec = make_value(where, "field", python_type, ctype, *words)
    if isinstance(spec, HandleValue):
        if not of:  # nobody knows its owner: it would be closed after each read, or never
            raise DeclarationError(f"{where}: a field holds an address, an int, not a handle")
        if spec.is_double or not spec.owner:
            raise DeclarationError(
                f"{where}: a handle in a field of a handle is c_void_p, Borrowed"
            )
    return spec


def _check_layout(cls: Any) -> None:
    """Refuse what this Python's ctypes would ignore."""
    if ctypes.alignment(cls) < cls.__dict__.get("_align_", 0):
        raise DeclarationError(f"{cls.__name__}: _align_ needs Python 3.13 or later")
    native = "ms" if sys.platform == "win32" else "gcc-sysv"
    has_bits = any(len(each) > 2 for each in cls._fields_)
    layout = cls.__dict__.get("_layout_", native)
    if has_bits and layout != native and sys.version_info < (3, 14):
        raise DeclarationError(f"{cls.__name__}: _layout_ needs Python 3.14 or later")


def _beginning_with(
    default: str | Callable[[], Any], cls: Any, flexible: "_Flexible | None"
) -> Callable[..., None]:
    construct = cls.__init__
    make = functools.partial(_call, cls, default) if isinstance(default, str) else default

    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807
        initial = make()
        if not isinstance(initial, cls):
            raise TypeError(
                f"the default of {cls.__name__} must be one, not {type(initial).__name__}"
            )
        copy_over(self, initial)
        if flexible:
            flexible.copy_items(initial, self)
        construct(self, *given, **named)

    return __init__


def _call(cls: Any, name: str) -> Any:
    function = vars(sys.modules[cls.__module__]).get(name)
    if function is None:
        raise DeclarationError(f"{cls.__name__}: {cls.__module__} has no function {name!r}")
    return function()


class _Field:
    def __init__(self, spec: Value, field: Any) -> None:
        self.field = field
        self.spec = spec
        self.callback = spec.callback if isinstance(spec, CallbackValue) else None
        self.is_object = isinstance(spec, (CallbackValue, Pointer))

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.field  # with offset and size
        value = self.field.__get__(instance, owner)
        if value is None or (self.is_object and not value):
            return None
        if isinstance(self.spec, HandleValue):
            return self.spec.from_c(value, _lending(instance))
        if not self.callback:
            return self.spec.from_c(value)
        # A view of the field, which may change.
        address = function_address(value)
        return self.callback.function(address, _pointers.get(address))

    def __set__(self, instance: Any, value: Any) -> None:
        c_value, put = to_field(self.spec, value), functools.partial(self._put, instance)
        if self.callback and c_value:
            _pointers[function_address(c_value)] = c_value
        if self.spec.can_be_kept:
            store(instance, self.field.offset, self.spec.ctype, c_value, put)
        else:
            put(c_value)

    def _put(self, instance: Any, c_value: Any) -> None:
        self.field.__set__(instance, self.callback.whole(c_value) if self.callback else c_value)


_pointers: "weakref.WeakValueDictionary[int, Any]" = weakref.WeakValueDictionary()
"""By address: what fields were set to. Functions that are read from fields keep it."""


def _lending(memory: Any) -> CallState:
    """As if a call had returned what is in a field of the handle that has the memory."""
    handle: Handle = memory._keeper
    # A list of many handles is no chain of as many parents.
    is_lender = is_owned(handle) or not parents_of(handle)
    return CallState((handle,) if is_lender else parents_of(handle))


class _HandleField:
    """A field of the structure at a handle's address."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return getattr(owner.c_struct, self.name)
        with _memory_of(instance) as memory:
            value = getattr(memory, self.name)
            if hasattr(value, "_b_base_"):
                show_until_closed(instance, memory)
            return value

    def __set__(self, instance: Any, value: Any) -> None:
        with _memory_of(instance) as memory:
            setattr(memory, self.name, value)


@contextmanager
def _memory_of(handle: Handle) -> Generator[Any, None, None]:
    """Its structure, which is not closed meanwhile. Raises ValueError if it is closed."""
    done: list[Callable[[], object]] = []
    life_of(handle).use(done)
    try:
        pointees = pointees_kept_by([handle])
        yield show_memory(handle.c_struct, open_address(handle), handle, pointees)
    finally:
        done[0]()


class _InnerField:
    """A field of an anonymous member."""

    def __init__(self, member: str, name: str, field: Any) -> None:
        self.member = member
        self.name = name
        self.field = field

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.field
        return getattr(getattr(instance, self.member), self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(getattr(instance, self.member), self.name, value)


class _Flexible:
    """A structure's flexible array: as long as ``allocate`` made it, or as C says.

    A structure that was not allocated with it has no items.
    """

    def __init__(self, cls: Any, name: str, spec: ArrayField) -> None:
        self.cls = cls
        self.name = name
        self.spec = spec
        self.field = cls.__dict__[name].field
        words = [each for each in spec.words if isinstance(each, CountedBy)]
        self.counted_by = words[0].names[0] if words else ""
        setattr(cls, name, self)
        if self.counted_by:
            CounterField.of(cls, self.counted_by).counted.append(self)
        cls._allocate = self.allocate
        self.whole_type = functools.lru_cache(64)(self._make_whole_type)

    def allocate(self, kind: Any, items: int) -> Any:
        """A structure of zeros with so many items."""
        whole = self.whole_type(items)()
        made = kind.from_buffer(whole)
        made.__dict__.update(_whole=whole, _pointees=pointees_of(whole))
        if self.counted_by:
            setattr(made, self.counted_by, items)
        return made

    def copy_items(self, initial: Any, made: Any) -> None:
        """Begin with the items of ``initial``, as far as there is room, and count the room."""
        room = self.capacity(made) or 0
        if self.counted_by:
            setattr(made, self.counted_by, room)
        if self.counted_by or not is_of_c(initial):
            items = self.__get__(initial, None)[:room]
            self.__get__(made, None)[: len(items)] = items

    def _make_whole_type(self, items: int) -> Any:
        attributes = {
            name: self.cls.__dict__[name]
            for name in ("_pack_", "_align_", "_layout_")
            if name in self.cls.__dict__
        }
        *fields, last = self.cls._fields_
        attributes["_fields_"] = [*fields, (last[0], self.spec.with_length(items))]
        return type(self.cls.__name__, (self.cls.__base__,), attributes)

    def capacity(self, instance: Any) -> int | None:
        """How many items there is room for. None if only C knows."""
        if whole := _whole(instance):
            return len(getattr(whole, self.name))
        return None if is_of_c(instance) else 0

    def says(self, capacity: int) -> str:
        """What is said about a greater number."""
        return f"there is room for {capacity} items: use allocate({self.cls.__name__}, ...)"

    def says_c(self, capacity: int) -> str:
        """The same of a structure that C made."""
        return f"C says that {self.spec.where} has {capacity} items"

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.field
        if whole := _whole(instance):
            return getattr(whole, self.name)
        count = 0
        if self.capacity(instance) is None:
            if not self.counted_by:
                raise AttributeError(
                    f"{self.spec.where}: nobody says how many items C has: write CountedBy"
                    " after it, with the name of the field that does"
                )
            count = getattr(instance, self.counted_by)
            if count < 0:
                raise ValueError(f"{self.cls.__name__}.{self.counted_by} is {count}")
        address = ctypes.addressof(instance) + self.field.offset
        kind = self.spec.with_length(count)
        return show_memory(kind, address, instance, pointees_of(instance))

    def __set__(self, instance: Any, value: Any) -> None:
        self.__get__(instance, None)[:] = value


def _whole(instance: Any) -> Any:
    """The structure that has room for the items, if ``allocate`` made it."""
    return getattr(instance, "_whole", None)


def _fields_of(cls: Any) -> dict[str, Any]:
    """The ctypes types of its fields, inherited ones first."""
    kin = [each.__dict__.get("_fields_", ()) for each in cls.__mro__[::-1]]
    return {field[0]: field[1] for fields in kin for field in fields}


def _names(cls: Any) -> list[str]:
    return [*_fields_of(cls)]


def _reached(cls: Any) -> Iterator[str]:
    """The fields that can be read of an anonymous member."""
    for name, ctype in _fields_of(cls).items():
        if name in getattr(cls, "_anonymous_", ()):
            yield from _reached(ctype)
        else:
            yield name


def _is_readable(cls: Any) -> bool:
    """Nobody knows which member of a union was set: others may be pointers to nothing."""
    return not (issubclass(cls, ctypes.Union) and has_pointers(cls))


def _repr(self: Any) -> str:
    fields = [f"{name}={_shown(self, name)}" for name in _names(type(self))]
    return f"{type(self).__name__}({', '.join(fields)})"


def _shown(self: Any, name: str) -> str:
    try:
        value = getattr(self, name)
        return repr([*value] if isinstance(value, ctypes.Array) else value)
    except ValueError as error:  # written by C
        return f"<{error}>"
