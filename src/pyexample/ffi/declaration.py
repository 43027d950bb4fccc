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
a ``range`` within an integer type; an ``Encoding`` for a ``str``; ``Closes`` for a handle;
``Keep`` or ``SameThread`` for a callback.

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
from collections.abc import Callable
from typing import Any

from .kinds import make_value
from .values import NEVER, ArgumentWord, DeclarationError, Value, is_union

Spec = Value | ArgumentWord


class Argument:
    """An argument of the C function.

    Attributes:
        name, position: of the Python parameter; "return" for a word after the result.
        index: its own, among the arguments of the C function.
        where: what error messages call it.
        buffer: its number among the buffers that come before it.
        is_handle: whether it is a Handle, which cannot be None.
        named: the arguments that its word names.
    """

    def __init__(self, function: str, name: str, position: int, spec: Spec) -> None:
        self.name = name
        self.position = position
        self.spec = spec
        self.index = self.buffer = 0
        self.named: list[Argument] = []
        self.where = f"{function}() parameter {name!r} ({spec.c_name})"
        self.is_handle = isinstance(spec, Value) and spec.kind == "handle" and not spec.nullable


class Declaration:
    """A C function as a typed Python function declares it.

    Attributes:
        parameters: the names of the Python function's.
        arguments: of the C function, in its order.
        result: None for ``void``.
        release_at: release the GIL for so many bytes of buffers: 0 always, NEVER never.
    """

    def __init__(
        self, function: Callable[..., Any], release_at: int = 0, *, is_callback: bool = False
    ) -> None:
        """Read the signature of ``function``. Raises DeclarationError."""
        if not isinstance(function, types.FunctionType):
            raise DeclarationError(
                f"expected a function that is made with def, not {function!r}"
            )
        self.function = function
        self.name = function.__name__
        self.release_at = release_at
        self._role = "callback " if is_callback else ""
        _check_function(function)
        hints = annotations(function)
        self.parameters = _positional_names(function)
        missing = [name for name in (*self.parameters, "return") if name not in hints]
        if missing:
            raise DeclarationError(f"{self.name}() has no annotation for {', '.join(missing)}")
        self.arguments = [
            Argument(self.name, name, position, spec)
            for position, name in enumerate(self.parameters)
            for spec in self._read_parameter(name, hints[name])
        ]
        self.result = self._read_result(f"{self.name}() result", hints["return"])
        self._number_arguments()
        for argument in self.arguments:
            argument.spec.resolve(self, argument)
        self._check_threads()
        if 0 < release_at < NEVER and not any(each.spec.is_buffer for each in self.arguments):
            raise DeclarationError(
                f"{self.name}(): release_gil={release_at} counts the bytes of buffers, of which"
                " it has none: write True or False"
            )

    @property
    def outputs(self) -> list[Value]:
        """What C fills in besides the result."""
        return [each.spec.output for each in self.arguments if each.spec.output]

    @property
    def closes(self) -> Any:
        """The type of the handle that it closes, or None."""
        specs: list[Any] = [each.spec for each in self.arguments]
        return next((each.python_type for each in specs if getattr(each, "closes", 0)), None)

    def apply(self, c_function: Any) -> None:
        """Set ``argtypes`` and ``restype`` on a ctypes function.

        And for the checker: ``directions``, "in" for arguments that C reads from, "out" for
        those that it writes to, else ""; and ``handles``, the names of the handles' classes,
        the result's last.
        """
        c_function.argtypes = [argument.spec.ctype for argument in self.arguments]
        c_function.restype = self.result.ctype if self.result else None
        specs: list[Any] = [each.spec for each in self.arguments]
        c_function.directions = [
            ("out" if each.writable else "in") if each.is_buffer else "" for each in specs
        ]
        c_function.handles = [_handle_class(each) for each in (*specs, self.result)]

    def find(self, argument: Argument, word: Any, among: dict[str, Argument]) -> list[Argument]:
        """The arguments that ``word.names`` names. Raises DeclarationError."""
        unknown = [name for name in word.names if name not in among]
        if unknown or not word.names:
            kind = "buffer" if argument.spec is word else "other"
            raise DeclarationError(
                f"{argument.where}: {type(word).__name__} needs the names of {kind} parameters,"
                f" not {', '.join(unknown) or 'none'}"
            )
        return [among[name] for name in word.names]

    def _read_parameter(self, name: str, annotation: Any) -> list[Spec]:
        where = f"{self.name}() parameter {name!r}"
        python_type, *items = split_annotation(where, annotation)
        specs: list[Spec] = []
        given: Spec | None = None
        for item in items:
            if isinstance(item, ArgumentWord) and self._role and given is None:
                given = item.received(where, python_type)
                specs.append(given)
            elif isinstance(item, ArgumentWord) and not item.is_buffer:
                specs.append(item.for_function(f"{self.name}() result"))
            elif given is None and isinstance(item, ArgumentWord):
                _check_buffer(where, python_type, item)
                given = item
                specs.append(given)
            elif given is None:
                given = make_value(where, f"{self._role}parameter", python_type, item)
                specs.append(given)
            elif isinstance(given, Value):
                given.refine(where, item)
            else:
                raise DeclarationError(f"{where}: {item!r} cannot follow {given.c_name}")
        if given is None:
            raise DeclarationError(f"{where}: expected a C type after {python_type!r}")
        return specs

    def _read_result(self, where: str, annotation: Any) -> Value | None:
        is_void = annotation in (None, types.NoneType)
        python_type, ctype, *items = (
            (None, None) if is_void else split_annotation(where, annotation)
        )
        if isinstance(ctype, ArgumentWord) and not ctype.is_buffer:
            raise DeclarationError(
                f"{where}: {ctype!r} must follow what C itself returns: None for void"
            )
        for item in [each for each in items if isinstance(each, ArgumentWord)]:
            spec = item.for_function(where)
            self.arguments.append(Argument(self.name, "return", len(self.parameters), spec))
            items.remove(item)
        result_type = self._result_type(where, python_type, ctype, items)
        if ctype is None:
            return None
        return make_value(where, f"{self._role}result", result_type, ctype, *items)

    def _result_type(self, where: str, python_type: Any, ctype: Any, words: list[Any]) -> Any:
        """The Python type of what C itself returns, besides what is Returned."""
        specs: list[Any] = [each.spec for each in self.arguments]
        returned = [
            each.python_type for each in specs if each.output and not each.output.failure
        ]
        if not returned:
            if ctype is None and python_type is not None:
                raise DeclarationError(f"{where}: nothing comes back, not {python_type}")
            return python_type
        parts = _parts(python_type)
        # If the result says how the function fails, nobody needs it for anything else.
        can_be_left_out = ctype is None or any(hasattr(each, "unless") for each in words)
        extra = len(parts) - len(returned)
        if extra not in ((0, 1) if can_be_left_out and ctype else (ctype is not None,)):
            raise DeclarationError(
                f"{where}: {len(returned) + (not can_be_left_out)} values come back,"
                f" not {len(parts)}: {python_type}"
            )
        for part, wanted in zip(parts[extra:], returned, strict=True):
            if part != wanted:
                raise DeclarationError(f"{where}: {wanted} comes back, not {part}")
        return parts[0] if extra else None

    def _number_arguments(self) -> None:
        buffers = 0
        for index, argument in enumerate(self.arguments):
            argument.index, argument.buffer = index, buffers
            buffers += argument.spec.is_buffer

    def _check_threads(self) -> None:
        if not self.release_at:
            return
        for argument in self.arguments:
            foreign = argument.spec.foreign_callbacks()
            if foreign:
                shown = False if self.release_at == NEVER else self.release_at
                raise DeclarationError(
                    f"{argument.where}{foreign[0]}: release_gil={shown} holds the GIL, for"
                    " which a callback from another thread would wait for ever. Leave"
                    " release_gil out; or write SameThread after the callback, if C calls it"
                    " only in the caller's thread"
                )


def annotations(declared: Any, known: dict[str, Any] | None = None) -> dict[str, Any]:
    """The annotations of a function or class, without strings.

    ``known`` is what has no name yet in the module.
    """
    hints: dict[str, Any] = declared.__annotations__
    if any(isinstance(hint, str) for hint in hints.values()):
        # Slow, and includes a class's bases.
        try:
            resolved = typing.get_type_hints(declared, localns=known, include_extras=True)
        except NameError as error:
            raise DeclarationError(f"{declared.__name__}: {error}") from None
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


def _check_buffer(where: str, python_type: Any, word: Any) -> None:
    if word.sizes:
        raise DeclarationError(f"{where}: the size in {word!r} is for a Callback's parameters")
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
    value = getattr(spec, "output", None) or spec
    return value.python_type.__name__ if hasattr(value, "closes") else ""
