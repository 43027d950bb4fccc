"""A shared library, and the functions that are declared for it."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .declaration import Declaration
from .fastcall import Function, builtin
from .later import import_later
from .libfastcall import NotServedError, address_of
from .loading import is_stand_in, load, override_variables, variable
from .loading.symbols import VARIABLE, why_no_function, why_no_variable
from .values import NEVER, DeclarationError

if TYPE_CHECKING:
    from .variables import Variable

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")


class Library:
    """A loaded shared library, of a Python package or of the system.

    Attributes:
        cdll: the library as a ctypes object. ``library.cdll.name`` is the raw function with the
            ``argtypes`` and ``restype`` of its first declaration, for Numba and other tools.
            Changing these does not change the declared function.
        path: the file that was loaded.
        attempts: every file that was tried; the last one was loaded.
        declarations: by name, the first declaration of each function.
        fallbacks: by name, why a declared function is not a builtin: the first reason.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *,
        abi_version: tuple[str, int] | None = None,
        system: Mapping[str, str | Sequence[str]] | None = None,
        version: Callable[[ctypes.CDLL], str | None] | None = None,
        prefix: str = "",
        suffix: str = "",
    ) -> None:
        """Load the library.

        Args:
            name: "foo" for libfoo.so, libfoo.dylib or foo.dll.
            module: ``__name__`` of the module that declares the functions. The library is in
                the folder ``lib`` of its package.
            abi_version: the name of a C function ``int32_t f(void)`` that returns the version
                of the library's binary interface, and the version that the declarations are
                for.
            system: for a system library: its file name by ``sys.platform``, such as ``{"linux":
                "libz.so.1"}``, or several, of which the first that can be loaded is taken.
            version: is called with the loaded library, before anything is declared for it.
                Returns None if the declarations are for this version of it, else what is wrong.
            prefix: what C's names have before those of the Python functions.
            suffix: what they have after them.

        The environment variable FOO_BAR_LIBRARY can name another file for the library "bar" of
        a package ``foo``; so can FOO_LIBRARY, if the package has only one library of its own.

        Raises:
            LibraryLoadError: the library was not found, cannot be loaded, or has another
                version.
            DeclarationError: the module is not in a package; or another library uses the same
                environment variable.
        """
        names: tuple[Any, ...] = (name, module)
        if not all(isinstance(each, str) for each in names):
            raise DeclarationError(
                f"Library({name!r}, {module!r}): expected the name of a library and the"
                " __name__ of the module that declares its functions"
            )
        package = _package_of(module)
        if system is None and not hasattr(sys.modules.get(package), "__path__"):
            raise DeclarationError(
                f"Library({name!r}, {module!r}): the library is looked for in the folder 'lib'"
                f" of a package, and the module {module!r} is in none that was imported"
            )
        try:
            overrides = override_variables(package or module, name, system=system is not None)
        except ValueError as error:
            raise DeclarationError(f"Library({name!r}, {module!r}): {error}") from None
        self.cdll, self.attempts = load(
            package,
            name,
            abi_version=abi_version,
            version=version and functools.partial(_check_version, version),
            overrides=overrides,
            system=system,
        )
        self._prefix, self._suffix = prefix, suffix
        self._symbols: set[str] = set()
        self._views: dict[tuple[bool, bool], Any] = {(False, False): self.cdll}
        self.abi_version = abi_version
        self.path = self.attempts[-1].path
        self.declarations: dict[str, Declaration] = {}
        self.fallbacks: dict[str, str] = {}
        attributes = {"__module__": module, "cdll": self.cdll, "callee": self._callee}
        self._kind = type(f"lib{name}", (Function,), attributes)
        self._switch = variable(package or module, "FASTCALL")

    @overload
    def function(self, declaration: F, /) -> F: ...

    @overload
    def function(
        self,
        /,
        *,
        release_gil: bool | int = True,
        symbol: str | None = None,
        optional: bool = False,
        fixed: int | None = None,
    ) -> Callable[[F], F]: ...

    def function(
        self,
        declaration: Any = None,
        /,
        *,
        release_gil: bool | int = True,
        symbol: str | None = None,
        optional: bool = False,
        fixed: int | None = None,
    ) -> Any:
        """Declare the C function that a typed Python function describes (a decorator).

        Returns a callable that checks its arguments and calls C: a builtin function if
        possible, else one that calls through ctypes. The body of the typed function is never
        run: write ``...``.

        Args:
            declaration: the typed Python function, as ``ffi.declaration`` describes it.
            release_gil: whether other Python threads may run during the call. False is for a
                function that takes a few nanoseconds and never waits. A positive number
                releases the GIL if the buffers have at least that many bytes in all.
            symbol: the whole name of the C function, if it is another than that of the Python
                function with the library's prefix and suffix.
            optional: whether some versions of the library lack the function. If this one does,
                calling it raises NotImplementedError; ``"name" in library`` asks.
            fixed: for a variadic function: how many arguments in C come before the ``...``.
                Those after them are declared as they are passed; the function may be declared
                several times, with a ``symbol``.

        Raises:
            DeclarationError: the declaration contradicts itself, or the library has no such
                function.
        """

        def bind(function: Any) -> Any:
            made = Declaration(function, _release_at(release_gil), fixed=fixed)
            made.symbol = self._symbol(made.name) if symbol is None else _checked_symbol(symbol)
            made.is_optional = optional
            return self._bind(made)

        return bind if declaration is None else bind(declaration)

    @overload
    def variable(self, declaration: Callable[[], T], /) -> Variable[T]: ...

    @overload
    def variable(
        self, /, *, writable: bool = False, symbol: str | None = None
    ) -> Callable[[Callable[[], T]], Variable[T]]: ...

    def variable(
        self, declaration: Any = None, /, *, writable: bool = False, symbol: str | None = None
    ) -> Any:
        """Declare a global variable of the library (a decorator).

        ``def optind() -> Annotated[int, c_int]: ...`` becomes a ``Variable``. Its ``value`` is
        declared, checked and converted like a field of a structure.

        Args:
            declaration: a typed Python function without parameters.
            writable: whether ``value`` can be set: C's variable is not const. Writing to one
                that is would end the process.
            symbol: the whole name in C, as for ``function``.

        Raises:
            DeclarationError: the declaration contradicts itself, or the library has no such
                variable.
        """

        def bind(function: Any) -> Any:
            variables = import_later("variables")
            memory = variables.declared_variable(function)
            name = function.__name__
            c_name = self._symbol(name) if symbol is None else _checked_symbol(symbol)
            if is_stand_in(self.cdll):
                return variables.Variable(function, c_name, memory(), is_writable=writable)
            self._check_variable(name, c_name)
            bind_variable: Any = variables.bind_variable
            return bind_variable(self.cdll, function, c_name, memory, is_writable=writable)

        return bind if declaration is None else bind(declaration)

    def _check_variable(self, name: str, symbol: str) -> None:
        has_it = self._has(symbol)
        reason = why_no_variable(self.cdll, symbol) if has_it else None
        if has_it and reason is None:
            return
        called = "" if symbol == name else f", in C {symbol},"
        raise DeclarationError(
            f"{name}{called} is declared, but {self.path} has no such variable"
            f"{(reason and f': {reason}') or ''}"
        )

    def __contains__(self, name: object) -> bool:
        """Whether the library has a function or variable, by its Python or its C name."""
        if not isinstance(name, str):
            return False
        declared = self.declarations.get(name)
        if declared:
            return self._has(declared.symbol)
        return self._has(self._symbol(name)) or self._has(name)

    def _has(self, symbol: str) -> bool:
        if is_stand_in(self.cdll):
            return True
        try:
            address_of(self.cdll, symbol)
        except ValueError:
            return False
        return why_no_function(self.cdll, symbol) in (None, VARIABLE)

    def _symbol(self, name: str) -> str:
        return f"{self._prefix}{name}{self._suffix}"

    def _bind(self, declaration: Declaration) -> Any:
        name = declaration.name
        c_function = self._look_up(declaration)
        self.declarations.setdefault(name, declaration)
        if c_function is None:
            self.fallbacks.setdefault(name, "the library lacks it")
            return self._lookalike(self._missing_call(declaration), declaration)
        declaration.apply(c_function)
        self._publish(declaration.symbol, c_function)
        try:
            if os.environ.get(self._switch) == "0":
                raise NotServedError(f"{self._switch} is 0")
            if is_stand_in(self.cdll):
                raise NotServedError("the library is a stand-in")
            return builtin(declaration, self._kind)
        except NotServedError as reason:
            self.fallbacks.setdefault(name, str(reason))
        checked = import_later("checked")  # not needed if all are fast
        make = checked.closing_call if declaration.closes else checked.checked_call
        callee = self._callee(declaration)
        call = make(declaration, callee)
        if not declaration.closes:
            call = import_later("straight").straight_call(declaration, callee, call)
        return self._lookalike(call, declaration)

    def _lookalike(self, call: Callable[..., Any], declaration: Declaration) -> Any:
        return import_later("lookalike").Lookalike(call, declaration, self._kind())

    def _publish(self, symbol: str, c_function: Any) -> None:
        """Make the first function of a symbol an attribute of the ctypes library."""
        is_first = symbol not in self._symbols
        self._symbols.add(symbol)
        if is_first and isinstance(vars(self.cdll).get(symbol, c_function), type(c_function)):
            setattr(self.cdll, symbol, c_function)  # unless it is named like ctypes' _handle

    def _look_up(self, declaration: Declaration) -> Any:
        """The ctypes function, or None for an optional one that the library lacks."""
        name, symbol = declaration.name, declaration.symbol
        try:
            c_function = self.cdll[symbol]
            reason = None if is_stand_in(self.cdll) else why_no_function(self.cdll, symbol)
        except (AttributeError, UnicodeDecodeError):  # a path in the message
            c_function, reason = None, ""
        if reason is None:
            return c_function
        called = "" if symbol == name else f", in C {symbol}(),"
        said = f"{name}(){called} is declared, but {self.path} has no such function"
        if reason == VARIABLE:
            raise DeclarationError(f"{said}: {reason}")
        if declaration.is_optional:
            return None
        from .loading.missing import describe_missing

        advice = describe_missing(self.cdll, self.path, symbol, name)
        raise DeclarationError(f"{said}{reason and f': {reason}'}. {advice}")

    def _missing_call(self, declaration: Declaration) -> Callable[..., Any]:
        said = f"{declaration.name}(): {self.path} has no {declaration.symbol}()"

        def call(*given: Any, **keywords: Any) -> Any:
            raise NotImplementedError(said)

        return call

    def _callee(self, declaration: Declaration) -> Any:
        """The ctypes function, which releases the GIL and keeps ``errno`` as declared."""
        key = declaration.release_at == NEVER, declaration.uses_errno
        if key not in self._views:
            self._views[key] = self._view(*key)
        callee = self._views[key][declaration.symbol]  # a new object
        declaration.apply(callee)
        return callee

    def _view(self, holds_gil: bool, keeps_errno: bool) -> Any:
        """The library as another ctypes object. PyPy always releases the GIL."""
        kind = getattr(ctypes, "PyDLL", ctypes.CDLL) if holds_gil else ctypes.CDLL
        return kind(
            self.path,
            handle=self.cdll._handle,
            use_errno=keeps_errno,
            use_last_error=keeps_errno,
        )


def _release_at(release_gil: Any) -> int:
    if isinstance(release_gil, bool):
        return 0 if release_gil else NEVER
    if not isinstance(release_gil, int) or not 0 < release_gil < NEVER:
        # 0 would mean the opposite of False.
        raise DeclarationError(
            f"release_gil is True, False, or a number of bytes from 1 on, not {release_gil!r}"
        )
    return release_gil


def _checked_symbol(symbol: Any) -> str:
    if not isinstance(symbol, str) or not symbol or "\0" in symbol:
        raise DeclarationError(f"symbol is the name of a C function, not {symbol!r}")
    return symbol


def _check_version(
    version: Callable[[ctypes.CDLL], object], library: ctypes.CDLL
) -> str | None:
    said = version(library)
    if said is None or (isinstance(said, str) and said):
        return said
    raise DeclarationError(
        f"version returns None, or says what is wrong with the library's version: not {said!r}"
    )


def _package_of(module: str) -> str:
    """The package that a module is in, or is, or ""."""
    found = sys.modules.get(module)
    spec = getattr(found, "__spec__", None)
    if spec:
        return str(spec.parent)
    # None for a program, and before the import.
    return module if hasattr(found, "__path__") else module.rpartition(".")[0]
