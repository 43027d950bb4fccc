"""Words that say who owns what C returns."""

import ctypes
from collections.abc import Callable
from typing import Any

from .scalars import Text
from .values import DeclarationError, Modifier, Value


class FreedBy(Modifier):
    """After a ``c_char_p`` or ``c_wchar_p`` that C returns: it is copied, then freed.

    ``FreedBy(free)`` names the declared function that frees it. Its parameter is the address,
    an ``int``.
    """

    roles = ("result", "output")

    def __init__(self, function: Callable[[int], object], /) -> None:
        if not callable(function):
            raise DeclarationError(f"FreedBy: expected a declared function, not {function!r}")
        self.function = function

    def modify(self, where: str, value: Value) -> None:
        """Keep the address, which ctypes would lose."""
        if not isinstance(value, Text):
            raise value.cannot_follow(where, self)
        value.owned = True
        attributes = {"plain": value.ctype, "free_address": self.function}
        value.ctype = value.given_ctype = type("Owned", (_Owned, value.ctype), attributes)


class _Owned:
    """``char *`` or ``wchar_t *`` that keeps its address, and is freed when deleted.

    ctypes converts no subclass to text. An interrupt may prevent a call of ``free``.
    """

    plain: Any
    free_address: Callable[[int], object]

    def __del__(self) -> None:
        self.free()

    def free(self) -> None:
        """Free the text, once."""
        address = ctypes.c_void_p.from_buffer_copy(self).value  # type: ignore[arg-type]
        free = type(self).free_address
        self.__class__ = self.plain  # which has no __del__
        if address:
            free(address)
