"""Pointers to ctypes types, and structures, arrays and function pointers of ctypes."""

import ctypes
import functools
import typing
from collections.abc import Callable, Iterator
from types import NoneType
from typing import TYPE_CHECKING, Any

from .libfastcall import KINDS, NotServedError
from .scalars import NUL, type_name
from .values import DeclarationError, Value, c_name, members_of, show, type_code

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument


class CTypesObject(Value):
    """A structure, array, function pointer or ``py_object``: what ``from_param`` accepts."""

    can_be_kept = True

    def check_types(self, where: str, declared: Any) -> None:
        """Refuse what ctypes cannot pass, or makes no safe object of."""
        self.can_be_null = type_code(self.ctype) == "O"
        super().check_types(where, declared)
        if self.can_be_null and self.role not in ("parameter", "field"):
            # ctypes crashes on NULL.
            raise DeclarationError(
                f"{where}: C may give NULL, which is no py_object: declare an address, c_void_p"
            )
        if self.role not in ("field", "output"):
            self._check_by_value(where)
        if hasattr(self.ctype, "_flags_"):
            self._check_function_pointer(where)
        if not type_code(self.ctype):
            letter = type_code(getattr(self.ctype, "_type_", None))
            is_text = self.role == "field" and letter in ("c", "u")
            _check_kin(where, self, [{"c": bytes, "u": str}[letter] if is_text else self.ctype])
        self.can_be_null = False  # None is NULL's object

    def _check_by_value(self, where: str) -> None:
        """Refuse types that ctypes describes wrongly to libffi."""
        if hasattr(self.ctype, "_length_"):
            if self.role != "parameter":  # C takes that for a pointer
                raise DeclarationError(
                    f"{where}: an array is passed by its address, a POINTER to its items,"
                    f" not as {self.c_name}"
                )
        elif _is_packed_or_union(self.ctype):
            raise DeclarationError(
                f"{where}: a union or packed structure is passed by pointer, not by value:"
                f" {self.c_name}"
            )

    def _check_function_pointer(self, where: str) -> None:
        """Refuse ctypes' function pointers: they may be null, and check nothing."""
        is_callable = any(
            typing.get_origin(each) is Callable for each in members_of(self.python_type)
        )
        if self.role != "parameter" or is_callable:
            raise DeclarationError(
                f"{where}: a function pointer is a Callback in a parameter or field,"
                f" elsewhere an address, c_void_p, not {self.c_name}"
            )

    def foreign_callbacks(self) -> list[str]:
        """The fields that C can reach and call in any thread."""
        return [f", field {each}" for each in _callback_fields(self.ctype, [])]

    def convert(self, given: Any) -> Any:
        """What ``from_param`` accepts."""
        if given is None and not (self.nullable or self.python_type is Any):
            raise TypeError(f"{self.where} must not be None")
        try:
            self.ctype.from_param(given)
        except TypeError as error:
            raise TypeError(f"{self.where}: {error}") from None
        return given

    def describe_result(self) -> tuple[int, Any]:
        """A structure of two words is served."""
        if not _is_two_words(self.ctype):
            return super().describe_result()
        # Like ctypes, without the class's __new__ and __init__.
        metaclass: Any = type(ctypes.Structure)
        return KINDS["struct"], functools.partial(metaclass.from_buffer_copy, self.ctype)


class Pointer(CTypesObject):
    """A pointer to a ctypes type. Of what C gives, the object may be what it points to."""

    failure_rule = "zero"
    is_plain = False
    kind = "pointer"

    def check_types(self, where: str, declared: Any) -> None:
        """Which of the two the Python type names."""
        self.can_be_null = True
        Value.check_types(self, where, declared)
        # A field can be set to another pointer.
        kin = [self.ctype._type_] if self.role != "field" else []
        kin.append(self.ctype)
        if self.role == "parameter":
            kin.append(ctypes.Array)
        _check_kin(where, self, kin)
        self.contents = not all(
            is_kin(each, self.ctype, False) for each in members_of(self.python_type)
        )

    def convert(self, given: Any) -> Any:
        """An array of what has no size is no memory that C could use."""
        given = super().convert(given)
        items = self.ctype._type_
        if not ctypes.sizeof(items) and _size(getattr(given, "_obj", given)) == 0:  # of byref()
            raise TypeError(
                f"{self.where}: {items.__name__} has no fields, so this is no memory that C"
                " could use: pass a pointer that C returned, or declare the fields; for an"
                " address only, declare a Handle or c_void_p"
            )
        return given

    def restore(self, result: Any, call: "CallState | None") -> Any:
        """None, the pointer, or what it points to."""
        if not result:
            return None
        return result.contents if self.contents else result

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """With the types whose instances are accepted."""
        if any("from_param" in vars(each) for each in self.ctype.__mro__):
            raise NotServedError(f"{self.where}: a from_param of its own is not served")
        return {
            **super().describe(argument),
            "nullable": self.nullable or self.python_type is Any,
            "type": id(self.ctype),
            # Of a type without a size, only pointers fit: see ``convert``.
            "items": id(self.ctype._type_ if ctypes.sizeof(self.ctype._type_) else NoneType),
        }

    def describe_result(self) -> tuple[int, Any]:
        """It is not served."""
        raise NotServedError("result: a pointer to what ctypes knows is not served")


class Characters(Value):
    """An array of ``char`` or ``wchar_t`` in a structure, as text."""

    def check_types(self, where: str, declared: Any) -> None:
        """In fields only: C has no other such values."""
        self.python_types = (str if type_code(self.ctype._type_) == "u" else bytes,)
        self.c_name = f"{c_name(self.ctype._type_)}[{self.ctype._length_}]"
        if self.python_type not in self.python_types:
            raise DeclarationError(
                f"{where}: {self.python_types[0].__name__} stands for {self.c_name},"
                f" not {declared}"
            )
        if self.nullable:
            raise DeclarationError(f"{where}: {self.c_name} is no pointer, it cannot be None")
        if self.role != "field":
            raise DeclarationError(
                f"{where}: {self.c_name} is {show(self.python_type)} in a field only:"
                " elsewhere it is a buffer, In(c_char) or Out(c_char)"
            )

    def convert(self, given: Any) -> Any:
        """Text that fits, without a NUL."""
        python_type, length = self.python_type, self.ctype._length_
        if not isinstance(given, python_type):
            raise TypeError(
                f"{self.where} must be {python_type.__name__}, not {type_name(given)}"
            )
        if python_type.__len__(given) > length:
            raise ValueError(f"{self.where} cannot hold {python_type.__len__(given)} of them")
        nul: Any
        nul, unit = ("\0", "character") if python_type is str else (b"\0", "byte")
        at = python_type.find(given, nul)
        if at >= 0:  # ctypes would read no further
            said = NUL.format(self.where, unit, at)
            raise ValueError(f"{said}: declare c_uint8 * {length} for data")
        return given


def kind_of(python_type: Any, ctype: Any) -> type[Value]:
    """The class for a ctypes type that is not simple."""
    if hasattr(ctype, "contents"):
        return Pointer
    code = type_code(getattr(ctype, "_type_", None))
    return Characters if code in ("c", "u") and python_type in (bytes, str) else CTypesObject


def _size(given: Any) -> int | None:
    try:
        return ctypes.sizeof(given)
    except TypeError:  # None, for example
        return None


def function_address(pointer: Any) -> int:
    """The address in a function pointer of ctypes."""
    # ctypes.cast would make a cycle.
    return ctypes.c_void_p.from_buffer_copy(pointer).value or 0


def _check_kin(where: str, value: Value, kin: list[Any]) -> None:
    """Check that the Python type is one of ``kin``, or may hold one of them."""
    for each in members_of(value.python_type):
        quoted = getattr(each, "__forward_arg__", "Pointer")
        if value.role != "parameter" and "Pointer" not in quoted:
            raise DeclarationError(
                f"{where}: write {quoted} without quotes, or all of the annotation in them"
            )
        if not any(is_kin(each, of, value.role == "parameter") for of in kin):
            names = " or ".join(map(show, (*kin, Any)))
            raise DeclarationError(
                f"{where}: {names} stands for {value.c_name}, not {value.python_type}"
            )


def is_kin(python_type: Any, ctype: Any, to_c: bool) -> bool:
    """Whether ctypes objects are (``to_c``: or may be) of a Python type."""
    if python_type is None:
        return False
    plain = typing.get_origin(python_type) or python_type
    if python_type is Any or not isinstance(plain, type):  # such as a quoted name
        return True
    try:
        return issubclass(ctype, plain) or (to_c and issubclass(plain, ctype))
    except TypeError:  # a Protocol, which only type checkers can judge
        return True


def _is_packed_or_union(ctype: Any) -> bool:
    if hasattr(ctype, "_length_"):  # an array
        return _is_packed_or_union(ctype._type_)
    fields = [each[1] for cls in ctype.__mro__ for each in cls.__dict__.get("_fields_", ())]
    return (
        issubclass(ctype, ctypes.Union)
        or hasattr(ctype, "_pack_")
        or any(map(_is_packed_or_union, fields))
    )


def _is_two_words(ctype: Any) -> bool:
    """Whether it is returned as two integer words: see convention.h."""
    return (
        ctype.__base__ is ctypes.Structure  # no inherited fields
        and "_pack_" not in ctype.__dict__
        and not hasattr(ctype, "_check_retval_")  # ctypes calls it
        and 8 < ctypes.sizeof(ctype) <= 16
        and all(
            len(each) == 2 and getattr(each[1], "_type_", "") in tuple("bBhHiIlLqQ?P")
            for each in ctype._fields_
        )
    )


def _callback_fields(ctype: Any, seen: list[Any]) -> Iterator[str]:
    """The fields with a callback that C can reach and call in any thread."""
    inner = getattr(ctype, "_type_", None)  # a str for simple types
    if inner is not None and not isinstance(inner, str):
        yield from _callback_fields(inner, seen)
    if ctype in seen or not hasattr(ctype, "_fields_"):
        return
    seen.append(ctype)
    for cls in ctype.__mro__:
        for name, its_type, *_ in cls.__dict__.get("_fields_", ()):
            field = cls.__dict__.get(name)
            if getattr(field, "callback", None):  # of ``struct``
                foreign = field.spec.foreign_callbacks()
                yield from (f"{cls.__name__}.{name} ({field.spec.c_name})" for _ in foreign)
            yield from _callback_fields(its_type, seen)
