"""Declarations: how a typed Python function describes the C function of the same name.

Each parameter is written ``name: Annotated[python type, C argument, ...]``. Type checkers read
the Python type. The rest are the C arguments that the parameter becomes, in C's order; nearly
always one. All parameters are positional-only, as in C.

=================  ===================================  ==============================
Python type        C argument                           accepts
=================  ===================================  ==============================
``int``            any integer type of ctypes           what has ``__index__``, in range
an ``IntEnum``     any integer type of ctypes           what has ``__index__``, in range
``bool``           ``c_bool``                           True and False
``float``          any floating type of ctypes          what ``math.sqrt`` accepts
``bytes``          ``c_char_p``                         bytes without NUL
``str``            ``c_char_p``                         text without NUL; encoded as UTF-8
``str``            ``c_wchar_p``                        text without NUL
``bytes``          ``c_char``                           one byte
``str``            ``c_wchar``                          one character
``int``            ``c_void_p``                         an address
a ``Handle``       ``c_void_p``                         an open handle of that type
``Callable``       a ``Callback``                       a Python callable
``Buffer``         ``In(c_int32)``, ``Out(c_int32)``    a contiguous buffer of such items
the same, ``Any``  any other ctypes type                what its ``from_param`` accepts
=================  ===================================  ==============================

With ``| None``, None is accepted too and becomes a null pointer. The C type can be followed by
a ``range`` within an integer type; an ``Encoding`` for a ``str``; ``CLOSES`` for a handle;
``Keep`` or ``SAME_THREAD`` for a callback.

A parameter can have further C arguments, before or after its own, that the caller does not
pass: ``Count`` is the number of items of a buffer, ``Returned`` a pointer to a value that C
fills in.

A result is declared like a parameter, or as None for ``void``. A ``Status`` is a code that says
whether the function failed; ``FreedBy`` names the function that frees a string. ``Returned``
can follow, for pointers that are C's last arguments. The Python function returns the result and
the values that are Returned: None, one value, or a tuple in C's order. A null pointer becomes
None if ``| None`` is declared, else it raises ValueError; so does an integer outside a declared
``range``.
"""

import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

from .values import NEVER, Count, DeclarationError, In, Keep, Returned, Status, Value, is_union

Spec = Value | In | Count | Returned

_TOLD_APART = ("signed", "unsigned", "bool", "string", "wide string", "address", "handle")
"""The kinds whose values can be compared."""


class Argument:
    """An argument of the C function.

    Attributes:
        name, position: of the Python parameter; "return" for a result.
        where: what error messages call it.
        is_handle: whether it is a Handle, which cannot be None.
        parameters: the positions that a Count or a Keep names.
    """

    def __init__(self, function: str, name: str, position: int, spec: Spec) -> None:
        self.name = name
        self.position = position
        self.spec = spec
        self.parameters: list[int] = []
        self.where = f"{function}() parameter {name!r} ({spec.c_name})"
        self.is_handle = isinstance(spec, Value) and spec.kind == "handle" and not spec.nullable


class Declaration:
    """A C function as a typed Python function declares it.

    Attributes:
        parameters: the names of the Python function's.
        result: None for ``void``.
        release_at: release the GIL for so many bytes of buffers: 0 always, NEVER never.
    """

    def __init__(self, function: Callable[..., Any], release_at: int = 0) -> None:
        """Read the signature of ``function``. Raises DeclarationError."""
        if not isinstance(function, types.FunctionType):
            raise DeclarationError(
                f"expected a function that is made with def, not {function!r}"
            )
        self.function = function
        self.name = function.__name__
        self.release_at = release_at
        _check_function(function)
        hints = annotations(function)
        self.parameters = _positional_names(function)
        missing = [name for name in (*self.parameters, "return") if name not in hints]
        if missing:
            raise DeclarationError(f"{self.name}() has no annotation for {', '.join(missing)}")
        self.arguments = [
            Argument(self.name, name, position, spec)
            for position, name in enumerate(self.parameters)
            for spec in _parameter(f"{self.name}() parameter {name!r}", hints[name])
        ]
        self.result = self._read_result(f"{self.name}() result", hints["return"])
        self._find_parameters()
        self._check_threads()
        if 0 < release_at < NEVER and not any(isinstance(a.spec, In) for a in self.arguments):
            raise DeclarationError(
                f"{self.name}(): release_gil={release_at} counts the bytes of buffers, of which"
                " it has none: write True or False"
            )

    @property
    def returned(self) -> list[Returned]:
        """What comes back besides the result."""
        return [each.spec for each in self.arguments if isinstance(each.spec, Returned)]

    @property
    def closes(self) -> Any:
        """The type of the handle that it closes, or None."""
        specs = [each.spec for each in self.arguments if isinstance(each.spec, Value)]
        return next((spec.python_type for spec in specs if spec.closes), None)

    def apply(self, c_function: Any) -> None:
        """Set ``argtypes`` and ``restype`` on a ctypes function.

        And for the checker: ``directions``, "in" for arguments that C reads from, "out" for
        those that it writes to, else ""; and ``handles``, the names of the handles' classes,
        the result's last.
        """
        c_function.argtypes = [argument.spec.ctype for argument in self.arguments]
        c_function.restype = self.result.ctype if self.result else None
        c_function.directions = [
            ("out" if each.spec.writable else "in") if isinstance(each.spec, In) else ""
            for each in self.arguments
        ]
        specs = [*(each.spec for each in self.arguments), self.result]
        c_function.handles = [_handle_class(each) for each in specs]

    def _read_result(self, where: str, annotation: Any) -> Value | None:
        is_void = annotation in (None, types.NoneType)
        python_type, ctype, *items = (
            (None, None) if is_void else split_annotation(where, annotation)
        )
        for item in [each for each in items if isinstance(each, Returned)]:
            self.arguments.append(Argument(self.name, "return", len(self.parameters), item))
            items.remove(item)
        if isinstance(ctype, Returned):
            raise DeclarationError(
                f"{where}: {ctype!r} must follow what C itself returns: None for void"
            )
        parts = _parts(python_type)
        alone = ctype is not None and not isinstance(ctype, Status)
        returned = [each.python_type for each in self.returned]
        if returned and len(parts) != len(returned) + alone:
            raise DeclarationError(
                f"{where}: {len(returned) + alone} values come back,"
                f" not {len(parts)}: {python_type}"
            )
        for part, wanted in zip(parts[alone:], returned, strict=False):
            if part != wanted:
                raise DeclarationError(f"{where}: {wanted} comes back, not {part}")
        if ctype is None:
            if python_type is not None and not returned:
                raise DeclarationError(f"{where}: nothing comes back, not {python_type}")
            return None
        if returned:
            python_type = parts[0] if alone else None
        result = Value(where, python_type, ctype, *items)
        result.only(where, "result")
        return result

    def _find_parameters(self) -> None:
        buffers = [each.name for each in self.arguments if isinstance(each.spec, In)]
        for argument in self.arguments:
            spec = argument.spec
            naming = spec.keep if isinstance(spec, Value) else spec
            if not isinstance(naming, (Count, Keep)):
                continue
            counts = isinstance(naming, Count)
            allowed = [name for name in self.parameters if (name in buffers) == counts]
            unknown = [name for name in naming.names if name not in allowed]
            if unknown or not naming.names:
                raise DeclarationError(
                    f"{argument.where}: {type(naming).__name__} needs the names of"
                    f" {'buffer' if counts else 'other'} parameters,"
                    f" not {', '.join(unknown) or 'none'}"
                )
            argument.parameters = [self.parameters.index(name) for name in naming.names]
            handles = [each.position for each in self.arguments if each.is_handle]
            if not counts and argument.parameters[0] not in handles:
                raise DeclarationError(
                    f"{argument.where}: Keep needs a handle that is not None,"
                    f" not {naming.names[0]}"
                )
            if not counts:
                self._check_slot(argument)

    def _check_slot(self, argument: Argument) -> None:
        """See Keep."""
        for position in argument.parameters:
            specs = [each.spec for each in self.arguments if each.position == position]
            values = [spec for spec in specs if isinstance(spec, Value)]
            if values[0].kind not in _TOLD_APART:
                raise DeclarationError(
                    f"{argument.where}: Keep tells callbacks apart by integers, texts,"
                    f" addresses and handles, not by {self.parameters[position]!r}"
                )

    def _check_threads(self) -> None:
        if not self.release_at:
            return
        for argument in self.arguments:
            spec = argument.spec
            if not isinstance(spec, Value):
                continue
            fields = list(_callback_fields(spec.ctype, []))
            if fields or (spec.callback and not spec.same_thread):
                where = f"{argument.where}, field {fields[0]}" if fields else argument.where
                raise DeclarationError(
                    f"{where}: release_gil={self._release_gil} holds the GIL, for which a"
                    " callback from another thread would wait for ever. Leave release_gil out;"
                    " or write SAME_THREAD after the callback, if C calls it only in the"
                    " caller's thread"
                )

    @property
    def _release_gil(self) -> bool | int:
        return False if self.release_at == NEVER else self.release_at


def annotations(declared: Any) -> dict[str, Any]:
    """The annotations of a function or class, without strings."""
    hints: dict[str, Any] = declared.__annotations__
    if any(isinstance(hint, str) for hint in hints.values()):
        # Slow, and includes a class's bases.
        resolved = typing.get_type_hints(declared, include_extras=True)
        return {name: resolved[name] for name in hints}
    return hints


def split_annotation(where: str, annotation: Any) -> list[Any]:
    """The Python type of an annotation, followed by the rest."""
    if not hasattr(annotation, "__metadata__"):
        raise DeclarationError(
            f"{where}: expected Annotated[python type, C type], not {annotation!r}"
        )
    python_type = annotation.__origin__
    return [None if python_type is types.NoneType else python_type, *annotation.__metadata__]


def _check_function(function: types.FunctionType) -> None:
    name = function.__name__
    if not name.isidentifier():
        raise DeclarationError(f"no C function can have the name {name!r}")
    # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR (see the module inspect)
    if function.__code__.co_flags & (0x20 | 0x80 | 0x200):
        raise DeclarationError(f"{name}(): C returns a value, no generator and no coroutine")
    doc = function.__doc__ or ""
    if "\0" in doc or doc != doc.encode(errors="ignore").decode():
        raise DeclarationError(f"{name}(): its docstring has a NUL or a surrogate in it")


def _parameter(where: str, annotation: Any) -> list[Spec]:
    python_type, *items = split_annotation(where, annotation)
    specs: list[Spec] = []
    given: Value | In | None = None
    for item in items:
        if isinstance(item, (Count, Returned)):
            specs.append(item)
        elif given is None:
            given = item if isinstance(item, In) else Value(where, python_type, item)
            specs.append(given)
            if isinstance(item, In):
                _check_buffer(where, python_type, item)
        else:
            given.refine(where, item)
    if given is None:
        raise DeclarationError(f"{where}: expected a C type after {python_type!r}")
    if isinstance(given, Value):
        given.only(where, "parameter")
    return specs


def _check_buffer(where: str, python_type: Any, word: In) -> None:
    members = typing.get_args(python_type) if is_union(python_type) else (python_type,)
    for each in members:
        if each in (None, types.NoneType):
            raise DeclarationError(
                f"{where}: {word!r} cannot be None: pass an empty buffer, or declare the"
                " address, Annotated[int | None, c_void_p]"
            )
        plain = typing.get_origin(each) or each
        if isinstance(plain, type) and issubclass(plain, _NO_BUFFERS):
            raise DeclarationError(f"{where}: Buffer stands for {word!r}, not {python_type}")


_NO_BUFFERS = (int, float, complex, str, list, tuple, dict, set)


def _callback_fields(ctype: Any, seen: list[Any]) -> Iterator[str]:
    """The fields with a callback that C can reach through ``ctype`` and call in any thread."""
    inner = getattr(ctype, "_type_", None)  # a str for simple types
    if inner is not None and not isinstance(inner, str):
        yield from _callback_fields(inner, seen)
    if ctype in seen or not hasattr(ctype, "_fields_"):
        return
    seen.append(ctype)
    for cls in ctype.__mro__:
        for name, its_type, *_ in cls.__dict__.get("_fields_", ()):
            field = cls.__dict__.get(name)
            callback = getattr(field, "callback", None)  # of ``struct``
            if callback and not field.same_thread:
                yield f"{cls.__name__}.{name} ({callback.name})"
            yield from _callback_fields(its_type, seen)


def _parts(python_type: Any) -> list[Any]:
    if typing.get_origin(python_type) is tuple:
        return [*typing.get_args(python_type)]
    return [] if python_type is None else [python_type]


def _positional_names(function: Callable[..., Any]) -> tuple[str, ...]:
    # Importing inspect takes longer than all of ctypes.
    code = function.__code__
    has_star = code.co_flags & 0x0C  # CO_VARARGS and CO_VARKEYWORDS
    named = code.co_posonlyargcount != code.co_argcount or code.co_kwonlyargcount
    if named or has_star or function.__defaults__:
        raise DeclarationError(
            f"{function.__name__}(): C's parameters have no names and no defaults: end the list"
            " with a '/', and have no keyword-only ones, no * and no **"
        )
    return code.co_varnames[: code.co_argcount]


def _handle_class(spec: Any) -> str:
    value = spec.value if isinstance(spec, Returned) else spec
    is_handle = isinstance(value, Value) and value.kind == "handle"
    return value.python_type.__name__ if is_handle else ""
