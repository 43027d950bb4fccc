"""A shared library and the functions that are declared for it."""

from collections.abc import Callable
from typing import Any, TypeVar

from .checked import checked_call
from .declaration import Declaration, DeclarationError
from .loader import load

F = TypeVar("F", bound=Callable[..., Any])


class Library:
    """The shared library that belongs to a Python package, loaded.

    Attributes:
        cdll: the library as ctypes sees it. ``library.cdll.name`` is the raw function,
            with the declared ``argtypes`` and ``restype``, for Numba and other tools.
        path: the file that was loaded.
        abi: as it was passed.
        attempts: every file that was considered; the last one was loaded.
        declarations: the declared functions, by name.
    """

    def __init__(self, name: str, module: str, *, abi: tuple[str, int] | None = None) -> None:
        """Load the library.

        Args:
            name: "example" for libexample.so, libexample.dylib or example.dll.
            module: ``__name__`` of the module that declares its functions. The library
                is in the same package.
            abi: the name of a C function ``int32_t f(void)`` that returns the version of
                the library's binary interface, and the one that is declared here.

        Raises:
            LibraryLoadError: it was not found, or cannot be loaded, or has another ABI.
        """
        package = module.rpartition(".")[0]
        self.cdll, self.attempts = load(package, name, abi)
        self.abi = abi
        self.path = self.attempts[-1].path
        self.declarations: dict[str, Declaration] = {}

    def function(self, declaration: F) -> F:
        """Declare the C function that a typed Python function describes (a decorator).

        Returns a callable that checks its arguments and calls C. The body of the Python
        function is never run: write ``...``.

        Raises:
            DeclarationError: the declaration contradicts itself, or the library has no
                function of that name.
        """
        declared = Declaration(declaration)
        try:
            c_function = getattr(self.cdll, declared.name)
        except AttributeError:
            raise DeclarationError(
                f"{declared.name}() is declared, but {self.path} has no such function"
            ) from None
        declared.apply(c_function)
        self.declarations[declared.name] = declared
        return checked_call(declared, c_function)  # type: ignore[return-value]
