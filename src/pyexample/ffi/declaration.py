"""Declarations: how a typed Python function describes the C function of the same name.

Each parameter is written ``name: Annotated[python type, C argument, ...]``. Type checkers read
the Python type. The rest are the C arguments that the parameter becomes, in C's order; nearly
always one. All parameters are positional-only, as in C.

=================  ===================================  ==============================
Python type        C argument                           accepts
=================  ===================================  ==============================
``int``            any integer type of ctypes           what has ``__index__``, in range
an ``IntEnum``     any integer type of ctypes           what has ``__index__``, in range
``bool``           ``c_bool``, any integer type         True and False
``float``          any floating type of ctypes          what ``math.sqrt`` accepts
``bytes``          ``c_char_p``                         bytes without NUL
``str``            ``c_char_p``                         text without NUL; encoded as UTF-8
``os.PathLike``    ``c_char_p``, ``c_wchar_p``          a path without NUL: see FilePath
``str``            ``c_wchar_p``                        text without NUL
``bytes``          ``c_char``                           one byte
``str``            ``c_wchar``                          one character
``int``            ``c_void_p``                         an address
a ``Handle``       ``c_void_p``, an integer type        an open handle of that type
``Callable``       a ``Callback``                       a Python callable
``Buffer``         ``In(c_int32)``, ``Out(c_int32)``    a contiguous buffer of so many items
the same, ``Any``  any other ctypes type                what its ``from_param`` accepts
=================  ===================================  ==============================

With ``| None``, None is accepted too and becomes a null pointer. The C type can be followed by
a ``range`` within an integer type; an ``Encoding`` for a ``str``; ``Closes`` or ``GivenTo`` for
a handle; ``SameThread`` for a callback; ``Keep`` for what C keeps, and ``Releases``
for what it needs no more.

A parameter can have further C arguments, before or after its own, that the caller does not
pass: ``Count`` is the number of items of a buffer, ``ItemSize`` the size of one, ``Stride`` how
far apart its rows are, ``Returned`` a pointer to a value that C fills in, ``Filled`` memory,
whose ``Length`` C may tell, ``Constant`` always the same value. ``InOut`` in place of a C type
is a pointer to a value that C reads and writes: the new one comes back.

A result is declared like a parameter, or as None for ``void``, or for an integer that is not
returned. ``Raises`` says which results mean that the function failed; ``Owned`` or ``Borrowed``
who closes a handle, ``Owned`` also who frees a string. ``Returned`` can follow, for pointers
that are C's last arguments. The Python function returns the result and the values that are
Returned: None, one value, or a tuple in C's order. A null pointer becomes None if ``| None`` is
declared, else it raises ValueError; so does an integer outside a declared ``range``.
"""

import ctypes
import types
import typing
from collections.abc import Callable
from typing import Any

from .kinds import make_value
from .values import (
    NEVER,
    ArgumentWord,
    DeclarationError,
    ParameterWord,
    Value,
    as_word,
    type_code,
    without_none,
)

Spec = Value | ArgumentWord


class Argument:
    """An argument of the C function.

    Attributes:
        name, position: of the Python parameter; "return" for a word after the result.
        python_type: of a buffer.
        counts_items: whether a Count of a ``void *`` counts items, not bytes.
        has_stride: whether C gets the stride of a buffer.
        index: its own, among the arguments of the C function.
        where: what error messages call it.
        buffer: its number among the buffers that come before it.
        is_handle: whether it is a Handle, which cannot be None.
        kind: of a value: see there.
        named: the arguments that its words name.
        sized_by: those that its size names.
        effects: the words that say what C does with it.
    """

    def __init__(
        self, function: str, name: str, position: int, spec: Spec, python_type: Any = None
    ) -> None:
        self.name = name
        self.python_type = python_type
        self.counts_items = self.has_stride = False
        self.position = position
        self.spec = spec
        self.index = self.buffer = 0
        self.named: list[Argument] = []
        self.sized_by: list[Argument] = []
        self.effects: list[ParameterWord] = [*getattr(spec, "effects", ())]
        self.where = f"{function}() parameter {name!r} ({spec.c_name})"
        self.is_handle = isinstance(spec, Value) and spec.lends and not spec.nullable
        self.kind = spec.kind if isinstance(spec, Value) else ""


class Declaration:
    """A C function as a typed Python function declares it.

    Attributes:
        name: of the Python function.
        symbol: of the C function.
        is_optional: whether the library may lack it.
        parameters: the names of the Python function's.
        arguments: of the C function, in its order.
        result: None for ``void``.
        uses_errno: whether ``Raises(OSError)`` is in it.
        fixed: how many arguments come before the ``...`` of a variadic function; else None.
        release_at: release the GIL for so many bytes of buffers: 0 always, NEVER never.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        release_at: int = 0,
        *,
        fixed: int | None = None,
        is_callback: bool = False,
    ) -> None:
        """Read the signature of ``function``. Raises DeclarationError."""
        if not isinstance(function, types.FunctionType):
            raise DeclarationError(
                f"expected a function that is made with def, not {function!r}"
            )
        self.function = function
        self.name = self.symbol = function.__name__
        self.is_optional = False
        self.release_at = release_at
        self.closer: Any = None  # if it closes handles
        self.fixed = fixed
        self._role = "callback " if is_callback else ""
        self._output_role = "callback result" if is_callback else "output"
        _check_function(function)
        hints = annotations(function)
        self.parameters = _positional_names(function)
        missing = [name for name in (*self.parameters, "return") if name not in hints]
        if missing:
            raise DeclarationError(f"{self.name}() has no annotation for {', '.join(missing)}")
        self.arguments: list[Argument] = []
        for position, name in enumerate(self.parameters):
            self._read_parameter(position, name, hints[name])
        self.result = self._read_result(f"{self.name}() result", hints["return"])
        failures = [each.failure for each in self.results if each.failure]
        self.uses_errno = any(each.uses_errno for each in failures)
        self._number_arguments()
        self._resolve_words()
        self._check_variadic()
        self._check_threads()
        if 0 < release_at < NEVER and not any(each.spec.is_buffer for each in self.arguments):
            raise DeclarationError(
                f"{self.name}(): release_gil={release_at} counts the bytes of buffers, of which"
                " it has none: write True or False"
            )

    @property
    def variadic(self) -> list[Argument]:
        """The arguments after the fixed ones of a variadic function."""
        return self.arguments[self.fixed :] if self.fixed is not None else []

    @property
    def outputs(self) -> list[Value]:
        """What C fills in besides the result."""
        return [each.spec.output for each in self.arguments if each.spec.output]

    @property
    def results(self) -> list[Value]:
        """The result and the outputs."""
        return [*filter(None, [self.result]), *self.outputs]

    @property
    def handles(self) -> dict[str, Argument]:
        """The handles that are passed, by name."""
        return {each.name: each for each in self.arguments if each.is_handle}

    @property
    def lenders(self) -> dict[str, Argument]:
        """The same, and those that can be None, and sequences of handles."""
        return {each.name: each for each in self.arguments if each.spec.lends}

    @property
    def numbers(self) -> dict[str, Argument]:
        """The integers that are passed, and the dimensions that are counted, by name."""
        found: dict[str, Argument] = {}
        for each in self.arguments:
            if isinstance(each.spec, ArgumentWord):
                found |= dict.fromkeys(each.spec.dimensions(self), each)
            elif each.spec.kind in ("signed", "unsigned"):
                found[each.name] = each
        return found

    @property
    def memories(self) -> dict[str, Argument]:
        """The arguments with memory that C fills, by name."""
        named = [each for each in self.arguments if each.spec.memory_name]
        return {each.spec.memory_name: each for each in named}

    @property
    def asking(self) -> list[Any]:
        """The words that tell how many items of memory are valid, or how many C needs."""
        specs: list[Any] = [each.spec for each in self.arguments]
        words = self.result.words if self.result else []
        return [each for each in (*specs, *words) if hasattr(each, "needs")]

    @property
    def closes(self) -> int:
        """The number of the C argument, from 1, whose handle it closes, or 0."""
        closed = [each for each in self.arguments if getattr(each.spec, "closes", None)]
        return closed[0].index + 1 if closed else 0

    @property
    def may_stay_open(self) -> bool:
        """Whether that stays open if the call fails."""
        spec: Any = self.arguments[self.closes - 1].spec if self.closes else None
        return bool(spec and spec.closes.if_succeeds)

    @property
    def effects(self) -> "list[tuple[Argument, ParameterWord]]":
        """The words that say what C does with an argument, each with that."""
        return [(each, word) for each in self.arguments for word in each.effects]

    def apply(self, c_function: Any) -> None:
        """Set ``argtypes`` and ``restype`` on a ctypes function.

        The arguments of a variadic function that are not fixed have no ``argtypes``: ctypes
        passes what there are more as variadic.
        And for the checker: ``words`` (see ``for_checker``) and ``is_optional``.
        """
        c_function.argtypes = [each.spec.ctype for each in self.arguments[: self.fixed]]
        c_function.restype = self.result.ctype if self.result else None
        c_function.words = self.for_checker()
        c_function.is_optional = self.is_optional

    def for_checker(self) -> list[dict[str, Any]]:
        """What the words say about each argument and, at the end, the result."""
        specs = [each.spec for each in self.arguments[: self.fixed]]
        return [each.for_checker() if each else {} for each in (*specs, self.result)]

    def find(
        self, where: str, word: Any, what: str, among: dict[str, Argument], hint: str = ""
    ) -> list[Argument]:
        """The arguments that ``word.names`` names. Raises DeclarationError."""
        unknown = [
            name for name in word.names if not isinstance(name, str) or name not in among
        ]
        if unknown or not word.names:
            own = {
                each.name: f", which is {each.spec.c_name}"
                for each in self.arguments
                if getattr(each.spec, "is_parameter", True)
            }
            shown = ", ".join(f"{name}{own.get(name, '')}" for name in unknown)
            raise DeclarationError(
                f"{where}: {type(word).__name__} needs the names of {what} parameters,"
                f" not {shown or 'none'}{hint}"
            )
        return [among[name] for name in word.names]

    def _read_parameter(self, position: int, name: str, annotation: Any) -> None:
        where = f"{self.name}() parameter {name!r}"
        python_type, *items = split_annotation(where, annotation)
        given: Argument | None = None
        for item in items:
            if isinstance(item, ArgumentWord) and not item.is_parameter:
                spec: Spec = item.for_function(f"{self.name}() result", self._output_role)
                self.arguments.append(Argument(self.name, name, position, spec))
            elif given is None:
                spec = self._read_type(where, python_type, item)
                given = Argument(self.name, name, position, spec, python_type)
                self.arguments.append(given)
            elif isinstance(item, ParameterWord) and not self._role:
                given.effects.append(item)
            elif isinstance(given.spec, Value):
                given.spec.refine(where, item)
            else:
                raise DeclarationError(f"{where}: {item!r} cannot follow {given.spec.c_name}")
        if given is None:
            raise DeclarationError(f"{where}: expected a C type after {python_type!r}")

    def _read_type(self, where: str, python_type: Any, item: Any) -> Spec:
        if not isinstance(item, ArgumentWord):
            return make_value(where, f"{self._role}parameter", python_type, item)
        if self._role:
            return item.received(where, python_type)
        return item.for_parameter(where, python_type)

    def _read_result(self, where: str, annotation: Any) -> Value | None:
        is_void = annotation in (None, types.NoneType)
        python_type, ctype, *items = (
            (None, None) if is_void else split_annotation(where, annotation)
        )
        if isinstance(ctype, ArgumentWord) and not ctype.is_parameter:
            raise DeclarationError(
                f"{where}: {ctype!r} must follow what C itself returns: None for void"
            )
        for item in [each for each in items if isinstance(each, ArgumentWord)]:
            if item.is_parameter:
                raise DeclarationError(f"{where}: {item!r} is for parameters only")
            spec = item.for_function(where, self._output_role)
            self.arguments.append(Argument(self.name, "return", len(self.parameters), spec))
            items.remove(item)
        if nothing := [each for each in items if getattr(each, "none", None)]:
            python_type, nullable = without_none(python_type)
            if not nullable:
                raise DeclarationError(f"{where}: {nothing[0]!r} makes it None: declare | None")
        result_type = self._result_type(where, python_type, ctype, items)
        if ctype is None:
            if items:
                raise DeclarationError(
                    f"{where}: {items[0]!r} cannot follow None, which is void"
                )
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
        can_be_left_out = ctype is None or any(
            getattr(each, "ignores_result", False) for each in words
        )
        extra = len(parts) - len(returned)
        if extra not in ((0, 1) if can_be_left_out and ctype else (ctype is not None,)):
            hint = ""
            if extra == 0 and not self._role and type_code(ctype) in tuple("?bhilqBHILQ"):
                hint = (
                    ". If C's result only says whether the function failed, write Raises after"
                    " its C type: then it can be left out"
                )
            raise DeclarationError(
                f"{where}: {len(returned) + (not can_be_left_out)} values come back,"
                f" not {len(parts)}: {python_type}{hint}"
            )
        for part, wanted in zip(parts[extra:], returned, strict=True):
            if part != wanted:
                raise DeclarationError(f"{where}: {wanted} comes back, not {part}")
        return parts[0] if extra else None

    def _resolve_words(self) -> None:
        names = [*self.parameters, "return"]
        for argument in self.arguments:
            name = argument.spec.output.memory_name if argument.spec.output else ""
            if name in names:
                raise DeclarationError(
                    f"{argument.where}: the name {name!r} is another parameter's, or memory's"
                )
            if name:
                names.append(name)
        for argument in self.arguments:
            argument.spec.resolve(self, argument)
            for effect in argument.effects:
                effect.resolve(self, argument)
        for value in self.results:
            value.resolve(self)
        for argument in self.arguments:
            argument.spec.check_sized(self, argument)

    def _number_arguments(self) -> None:
        buffers = 0
        for index, argument in enumerate(self.arguments):
            argument.index, argument.buffer = index, buffers
            buffers += argument.spec.is_buffer

    def _check_variadic(self) -> None:
        fixed, number = self.fixed, len(self.arguments)
        if fixed is None:
            return
        if type(fixed) is not int or not 1 <= fixed <= number:
            raise DeclarationError(
                f"{self.name}(): fixed is the number of C arguments before the '...', from 1 to"
                f" {number}, not {fixed!r}"
            )
        for argument in self.variadic:
            promoted = _promoted(argument.spec.ctype)
            if promoted:
                raise DeclarationError(
                    f"{argument.where}: C passes it to a variadic function as {promoted}:"
                    f" declare c_{promoted}"
                )

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


def _promoted(ctype: Any) -> str:
    """What C makes of such an argument after the fixed ones (C11 6.5.2.2p6), or ""."""
    code = type_code(ctype)
    if code == "f":
        return "double"
    narrow = ctypes.sizeof(ctype) < ctypes.sizeof(ctypes.c_int)
    return "int" if narrow and code and code in "?cbhuBH" else ""


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
    items = [as_word(where, each) for each in annotation.__metadata__]
    return [None if python_type is types.NoneType else python_type, *items]


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
