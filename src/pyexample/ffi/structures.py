"""Structures, arrays and function pointers of ctypes, which are passed as they are."""

import ctypes
import functools
import typing
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .aggregates import CStruct, by_value
from .kinds import NUL, has_method, type_name
from .later import import_later
from .libfastcall import KINDS, RULES, NotServedError
from .scalars import Float
from .values import (
    DeclarationError,
    Value,
    c_name,
    fields_of,
    is_pointer,
    limits,
    members_of,
    show,
    type_code,
)

if TYPE_CHECKING:
    from .declaration import Argument
    from .values import Name


class CTypesObject(Value):
    """A structure, array, function pointer or ``py_object``: what ``from_param`` accepts."""

    can_be_kept = True
    converts_alone = True
    given_ctype: Any

    def check_types(self, where: str, declared: Any) -> None:
        """Refuse what ctypes cannot pass, or makes no safe object of."""
        self.can_be_null = type_code(self.ctype) == "O"
        self.follows = _follows(self.ctype)
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
            check_kin(where, self, [{"c": bytes, "u": str}[letter] if is_text else self.ctype])
        self.can_be_null = False  # None is NULL's object
        if self.role == "output":  # without the class's __init__
            zeros = bytes(ctypes.sizeof(self.ctype))
            self.given_ctype = functools.partial(self.ctype.from_buffer_copy, zeros)

    def _check_by_value(self, where: str) -> None:
        """Refuse types that ctypes describes wrongly to libffi."""
        if hasattr(self.ctype, "_length_"):
            if self.role != "parameter":  # C takes that for a pointer
                raise DeclarationError(
                    f"{where}: an array is passed by its address, a POINTER to its items,"
                    f" not as {self.c_name}"
                )
        elif what := _misplaced(self.ctype):
            raise DeclarationError(
                f"{where}: {what} is passed by pointer, not by value: {self.c_name}"
            )
        elif self.role in ("result", "callback result") and _is_one_long_double(self.ctype):
            raise DeclarationError(
                f"{where}: libffi, which ctypes uses, returns {self.c_name} wrongly. C returns"
                " such a structure as it returns a long double: Annotated[float, c_longdouble]"
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
        # ctypes crashes on it, except for pointers, arrays and objects.
        is_at_risk = not (hasattr(self.ctype, "_type_") or isinstance(given, self.ctype))
        if is_at_risk and _is_reference(given):
            raise TypeError(f"{self.where}: pass the {self.ctype.__name__}, not its byref()")
        try:
            self.ctype.from_param(given)
        except TypeError as error:
            raise TypeError(f"{self.where}: {error}") from None
        return given

    def sure(self, given: str, name: "Name") -> tuple[str, str] | None:
        """A structure of just this type."""
        if type_code(self.ctype) or hasattr(self.ctype, "_flags_") or self.nullable:
            return None
        return f"type({given}) is {name(self.ctype)}", given

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Structures are served."""
        if any("from_param" in vars(each) for each in self.ctype.__mro__):
            raise NotServedError(f"{self.where}: a from_param of its own is not served")
        if not hasattr(self.ctype, "_fields_"):
            return super().describe(argument)
        return {"kind": KINDS["struct"], "structure": by_value(self.where, self.ctype)}

    def describe_item(self) -> dict[str, Any]:
        """Of an array: only type and size matter."""
        size = ctypes.sizeof(self.ctype)
        if not hasattr(self.ctype, "_fields_") or size > limits(ctypes.c_uint16)[1]:
            raise NotServedError(f"{self.where}: such an item is not served")
        structure = CStruct(type=id(self.ctype), size=size)
        return {"kind": KINDS["struct"], "structure": structure}

    def describe_back(self) -> dict[str, Any]:
        """As the result, structures are served; as an output, arrays and unions too."""
        if self.role != "result":
            structure = CStruct(type=id(self.ctype), size=ctypes.sizeof(self.ctype))
        elif hasattr(self.ctype, "_check_retval_"):  # ctypes calls it
            raise NotServedError(f"{self.where}: a _check_retval_ is not served")
        else:
            structure = by_value(self.where, self.ctype)
        rule = {"rule": RULES["always"]} if self.failure else {}
        return {"kind": KINDS["struct"], "structure": structure, **rule}


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


class Complex(Value):
    """A complex number in memory, as an array of two floats (C11 6.2.5p13)."""

    is_plain = False

    def check_types(self, where: str, declared: Any) -> None:
        """Not by value: C passes it otherwise than an array."""
        self.part = Float(where, "parameter", float, self.ctype._type_, ())
        self.c_name = f"{self.part.c_name} _Complex"
        if self.nullable or self.role not in ("field", "output"):
            raise DeclarationError(
                f"{where}: a {self.c_name} is complex in a list, a field or what is Returned"
                f" only, not {declared}"
            )

    def convert(self, given: Any) -> Any:
        """What ``cmath.sqrt`` accepts, if it is not too large."""
        is_complex = isinstance(given, complex) or has_method(given, "__complex__")
        number = complex(given if is_complex else self.part.convert(given))
        return self.ctype(self.part.convert(number.real), self.part.convert(number.imag))

    def restore(self, result: Any, call: Any) -> complex:
        """Of both."""
        return complex(*result)


def kind_of(role: str, python_type: Any, ctype: Any) -> type[Value]:
    """The class for a ctypes type that is not simple."""
    if is_pointer(ctype):
        if role == "callback parameter" and _is_number(python_type, ctype._type_):
            number: type[Value] = import_later("received").PointedNumber
            return number
        pointer: type[Value] = import_later("pointers").Pointer
        return pointer
    if type_code(getattr(ctype, "_type_", None)) in ("c", "u"):
        return Characters if python_type in (bytes, str) else CTypesObject
    is_pair = getattr(ctype, "_length_", 0) == 2 and type_code(ctype._type_) in tuple("fdg")
    if python_type is complex and is_pair:
        return Complex
    if role == "field" and hasattr(ctype, "_length_"):
        kind: type[Value] = import_later("fields").ArrayField
        return kind
    return CTypesObject


def _is_number(python_type: Any, ctype: Any) -> bool:
    is_number = isinstance(python_type, type) and issubclass(python_type, (int, float))
    return is_number and type_code(ctype) in tuple("?bhilqBHILQfd")


def function_address(pointer: Any) -> int:
    """The address in a pointer of ctypes."""
    # ctypes.cast would make a cycle; PyPy makes no memoryview of such a pointer.
    return ctypes.c_void_p.from_address(ctypes.addressof(pointer)).value or 0


def check_kin(where: str, value: Value, kin: list[Any]) -> None:
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
                f"{_advice(value, each)}"
            )


def _advice(value: Value, python_type: Any) -> str:
    """What a Python type that does not fit may have meant."""
    target = getattr(value.ctype, "_type_", None)
    if hasattr(value.ctype, "_length_"):
        return "" if value.role == "field" else ". An array is a buffer, In or Out, or ArrayOf"
    if python_type in (str, bytes) and type_code(target) in ("c", "u"):
        return f". A text is {'c_char_p' if type_code(target) == 'c' else 'c_wchar_p'}"
    if value.role == "parameter" and type_code(target) and python_type in (int, float, bool):
        item = show(target)
        return (
            f". What C fills in is Returned({show(python_type)}, {item}), what it changes"
            f" InOut({item}); several items are a buffer, In({item}) or Out({item})"
        )
    return ""


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


def _follows(ctype: Any) -> bool:
    """Whether ctypes, or ``struct``, follows pointers when it reads some part of it."""
    if hasattr(ctype, "_length_"):  # an array
        return _follows(ctype._type_)
    if hasattr(ctype, "_is_checked"):  # of ``struct``
        return bool(ctype._follows)
    inner = [each[1] for each in fields_of(ctype)] if hasattr(ctype, "_fields_") else []
    return type_code(ctype) in tuple("zZO") or any(map(_follows, inner))


def _is_reference(given: Any) -> bool:
    """Whether ctypes takes it for the result of ``byref``."""
    if type(given) is _REFERENCE:
        return True
    return hasattr(given, "_as_parameter_") and _is_reference(given._as_parameter_)


_REFERENCE = type(ctypes.byref(ctypes.c_int()))


def _misplaced(ctype: Any) -> str:
    """What ctypes describes wrongly to libffi in a type that is passed by value, or ""."""
    if hasattr(ctype, "_length_"):  # an array
        return _misplaced(ctype._type_) if ctype._length_ else "a flexible array"
    if issubclass(ctype, ctypes.Union):
        return "a union"
    for name, what in (("_pack_", "a packed structure"), ("_align_", "an aligned structure")):
        if hasattr(ctype, name):
            return what
    fields = fields_of(ctype)
    if any(len(each) > 2 for each in fields):
        return "a structure with bit-fields"
    return next(filter(None, (_misplaced(each[1]) for each in fields)), "")


def _is_one_long_double(ctype: Any) -> bool:
    """Whether it is a structure of nothing else, which x86-64 returns in a register of the x87.

    System V Application Binary Interface, AMD64, 3.2.3: its class is X87. On Windows, where
    a ``long double`` is a double, ctypes has no type of that name.
    """
    if ctypes.sizeof(ctype) != 16:
        return False
    if type_code(ctype) == "g":
        from platform import machine

        return machine().lower() in ("x86_64", "amd64")
    fields = fields_of(ctype)
    inner = fields[0][1] if len(fields) == 1 else getattr(ctype, "_type_", None)
    return isinstance(inner, type) and _is_one_long_double(inner)


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
