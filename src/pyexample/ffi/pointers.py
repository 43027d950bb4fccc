"""Pointers to ctypes types."""

import ctypes
import typing
import weakref
from collections.abc import Iterable
from sys import _getframe  # pyright: ignore[reportPrivateUsage]
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from .kept import pointees_kept_by
from .lenders import lenders_of
from .libfastcall import NotServedError
from .pointees import copy_of, copy_over, show_memory
from .records import show_until_closed
from .structures import CTypesObject, check_kin, function_address, is_kin
from .values import (
    DeclarationError,
    Value,
    members_of,
    show,
    without_none,
)

if TYPE_CHECKING:
    from ctypes import _CData as CData  # pyright: ignore[reportPrivateUsage]
    from ctypes import _Pointer as CPointer  # pyright: ignore[reportPrivateUsage]

    from .declaration import Argument
    from .values import Name

    C = TypeVar("C", bound=CData)


@overload
def POINTER(target: "type[C]", /) -> "type[CPointer[C]]": ...
@overload
def POINTER(target: str, /) -> Any: ...
def POINTER(target: Any, /) -> Any:  # noqa: N802
    """``ctypes.POINTER``, which takes the name of a structure, too.

    The structure of that name is declared later in the same module, such as the one whose
    field this is: ``next: Annotated["Node | None", POINTER("Node")]``.
    """
    if not isinstance(target, str):
        make: Any = ctypes.POINTER
        return make(target)
    namespace = _getframe(1).f_globals
    module = namespace.get("__name__", "")
    stand_in = type(target, (_Awaited,), {"__module__": module, "namespace": namespace})
    attributes = {"_type_": stand_in, "awaits": stand_in, "__module__": module}
    pointer = type(_ANY_POINTER)(f"LP_{target}", (_ANY_POINTER,), attributes)
    _awaiting.setdefault((module, target), []).append(pointer)
    return pointer


_ANY_POINTER: Any = ctypes.POINTER(ctypes.c_int).__base__


class _Awaited(ctypes.Structure):
    """Stands in for a structure that is declared later in the module with that namespace."""

    namespace: ClassVar[dict[str, Any]]


_awaiting: dict[tuple[str, str], list[Any]] = {}
"""The pointer types whose structure is not declared yet, by its module and name."""


def set_targets(structure: Any) -> None:
    """Complete the pointer types that await a structure, which is declared now."""
    for pointer in _awaiting.pop((structure.__module__, structure.__name__), ()):
        _set_target(pointer, structure)


def _set_target(pointer: Any, structure: Any) -> None:
    pointer.set_type(structure)
    # CPython before 3.13 caches a class's attributes; this clears the cache.
    pointer._type_ = structure


def target_of(pointer: Any) -> Any:
    """What a pointer type points to. Raises DeclarationError if that is not declared."""
    target = pointer._type_
    if not _is_awaited(target):
        return target
    module, name = target.__module__, target.__name__
    named = target.namespace.get(name)
    if not (isinstance(named, type) and issubclass(named, (ctypes.Structure, ctypes.Union))):
        raise DeclarationError(f"POINTER({name!r}): {module} declares no such structure")
    _set_target(pointer, named)
    return named


def _is_awaited(target: Any) -> bool:
    return isinstance(target, type) and issubclass(target, _Awaited)


class Pointer(CTypesObject):
    """A pointer to a ctypes type. Of what C gives, the object may be what it points to.

    Attributes:
        contents: whether it is.
        owner, lenders: as of Items, if it comes back.
    """

    failure_rule = "zero"
    is_plain = converts_alone = False
    kind = "pointer"
    owner: Any = None
    lenders: list[int] | None = None

    def __init__(
        self, where: str, role: str, python_type: Any, ctype: Any, words: Iterable[object]
    ) -> None:
        if hasattr(ctype, "awaits"):
            python_type = _evaluated(python_type, ctype.awaits)
        super().__init__(where, role, python_type, ctype, words)

    def check_types(self, where: str, declared: Any) -> None:
        """Which of the two the Python type names."""
        self.can_be_null = True
        Value.check_types(self, where, declared)
        if hasattr(self.ctype, "awaits"):
            self._check_awaited(where)
            return
        if not hasattr(self.ctype, "_type_"):
            raise DeclarationError(
                f"{where}: {show(self.ctype)} points to nothing: of a structure's name,"
                " pyexample.ffi.POINTER makes a type, not that of ctypes"
            )
        kin = [self.ctype._type_, self.ctype]
        if self.role == "parameter":
            kin.append(ctypes.Array)
        check_kin(where, self, kin)
        self.contents = self.follows = not all(
            is_kin(each, self.ctype, False) for each in members_of(self.python_type)
        )

    def _check_awaited(self, where: str) -> None:
        name = self.ctype.awaits.__name__
        for each in members_of(self.python_type):
            if each is not Any and getattr(each, "__name__", "") != name:
                raise DeclarationError(
                    f"{where}: {name!r} or Any stands for {self.c_name}, not {each!r}"
                )
        self.contents = self.follows = self.python_type is not Any

    def check_words(self, where: str) -> None:
        """Who owns what it points to?"""
        if (self.owned or self.owner) and (not self.contents or (self.owned and self.owner)):
            raise self.cannot_follow(where, self.words[-1])
        if (
            self.role in ("result", "output")
            and self.contents
            and not (self.owned or self.owner)
        ):
            name = self.ctype._type_.__name__
            raise DeclarationError(
                f"{where}: who owns the {name}? Write Borrowed after the C type if C still"
                " does, or Owned(free) for a copy; Any stands for the mere pointer"
                + f". If C fills in one of Python's: Returned({name}, {name})"
                * (self.role == "output")
            )

    def own(self, where: str, word: Any) -> None:
        """``Borrowed``."""
        self.owner = word

    def to_c(self, given: Any) -> Any:
        """What ``from_param`` accepts; to be kept, as a pointer that keeps it alive."""
        converted = super().to_c(given)
        # ctypes would keep what was there, for None.
        return self.ctype() if converted is None and self.role == "field" else converted

    def convert(self, given: Any) -> Any:
        """The same, but None for a null pointer."""
        target = target_of(self.ctype)
        super().convert(given)
        if (
            not ctypes.sizeof(target) and _size(getattr(given, "_obj", given)) == 0
        ):  # of byref()
            raise TypeError(
                f"{self.where}: {target.__name__} has no fields, so this is no memory that C"
                " could use: pass a pointer that C returned, or declare the fields; for an"
                " address only, declare a Handle or c_void_p"
            )
        is_kept = self.role in ("field", "callback result")
        if not is_kept or isinstance(given, (self.ctype, ctypes.Array)):
            return given
        if isinstance(given, target):
            _known[target, ctypes.addressof(given)] = given
            return self.ctype(given)
        if isinstance(given, _ANY_POINTER):  # of another pointer type to the same
            made = self.ctype()
            copy_over(made, given)
            return made
        if given is not None:
            raise TypeError(f"{self.where}: give what it points to, not its byref()")
        return given

    def restore(self, result: Any, call: Any) -> Any:
        """None, the pointer, or what it points to: Python's own object, if there is one."""
        if not result:
            return None
        if not self.contents:
            return result
        target, address = target_of(self.ctype), function_address(result)
        if self.owned:
            copy = copy_of(show_memory(target, address, None))
            result.free()
            return copy
        known = _known.get((target, address))
        if known is not None:
            return known
        if not self.owner:  # not ``contents``: ctypes takes that for memory of the pointer's
            return show_memory(target, address, result)
        lenders = lenders_of(self, call)
        memory = show_memory(target, address, lenders, pointees_kept_by(lenders))
        for each in lenders:
            show_until_closed(each, memory)
        return memory

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """What it points to, if that is declared and has a size."""
        target = self.ctype._type_
        if _is_awaited(target) or not ctypes.sizeof(target):
            return None
        return f"type({given}) is {name(target)}", given

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """With the types whose instances are accepted."""
        if any("from_param" in vars(each) for each in self.ctype.__mro__):
            raise NotServedError(f"{self.where}: a from_param of its own is not served")
        if _is_awaited(self.ctype._type_):
            raise NotServedError(f"{self.where}: a structure that is declared later")
        return {
            **super().describe(argument),
            "nullable": self.nullable or self.python_type is Any,
            "type": id(self.ctype),
            # Of a type without a size, only pointers fit: see ``convert``.
            "items": id(self.ctype._type_ if ctypes.sizeof(self.ctype._type_) else NoneType),
        }

    def describe_back(self) -> dict[str, Any]:
        """Python makes the object."""
        return self.describe_for_python()


def _evaluated(python_type: Any, awaited: Any) -> Any:
    """The Python type, in which the name of a structure that is not declared may be quoted."""
    name = awaited.__name__
    quoted = getattr(python_type, "__forward_arg__", None)
    if quoted is not None:
        return eval(quoted, awaited.namespace, {name: awaited})  # noqa: S307 - like typing
    inner, nullable = without_none(python_type)
    if getattr(inner, "__forward_arg__", None) == name:  # Optional["Node"]
        return typing.Optional[awaited] if nullable else awaited  # noqa: UP045
    return python_type


_known: "weakref.WeakValueDictionary[tuple[Any, int], Any]" = weakref.WeakValueDictionary()
"""By type and address: the structures to which Python has set pointers.

They keep what their own fields were set to: a second object for the same memory would not.
"""


def _size(given: Any) -> int | None:
    try:
        return ctypes.sizeof(given)
    except TypeError:  # None, for example
        return None
