"""Arguments that always have the same value, which the caller does not pass."""

import ctypes
from typing import TYPE_CHECKING, Any

from .kinds import make_value
from .libfastcall import KINDS, NotServedError
from .values import (
    ArgumentWord,
    DeclarationError,
    c_name,
    check_ctype,
    is_pointer,
    show,
    type_code,
)

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument
    from .values import Name


class Constant(ArgumentWord):
    """A C argument that the caller does not pass: ``Constant(c_int, 0)``.

    It is for reserved parameters, for sizes and versions that C wants to know, and, as
    ``Constant(c_void_p, None)``, which is NULL, for out-parameters and callbacks that are not
    wanted. It stands before or after a parameter's own C type, or after the result's for C's
    last arguments.
    """

    def __init__(self, ctype: Any, value: Any, /) -> None:
        """Declare it. Raises DeclarationError if the type cannot hold the value."""
        where = f"Constant({show(ctype)}, {value!r})"
        self.is_null = value is None
        if self.is_null:
            self._be_null(where, ctype)
            return
        kinds = {"f": float, "d": float, "g": float, "P": int}
        plain = (bool, int, float, bytes, str)
        kind = kinds.get(type_code(ctype), type(value) if isinstance(value, plain) else Any)
        spec = self.spec = make_value(where, "parameter", kind, ctype)
        self.ctype: Any = spec.ctype
        self.c_name = spec.c_name
        try:
            self.value: Any = spec.to_c(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise DeclarationError(str(error)) from None

    def foreign_callbacks(self) -> list[str]:
        """Those of a structure or callback that C gets."""
        return [] if self.is_null else self.spec.foreign_callbacks()

    def _be_null(self, where: str, ctype: Any) -> None:
        self.ctype = getattr(ctype, "prototype", ctype)  # of a Callback
        check_ctype(where, self.ctype)
        is_address = type_code(self.ctype) in ("z", "Z", "P") or is_pointer(self.ctype)
        if not (is_address or hasattr(self.ctype, "_flags_")):
            raise DeclarationError(
                f"{where}: {c_name(self.ctype)} is no pointer, it is not NULL"
            )
        self.c_name = c_name(self.ctype)
        self.value = self.ctype()

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """Always the same."""
        return self.value

    def sure(self, argument: "Argument", given: str, name: "Name") -> tuple[str, str] | None:
        """It always is."""
        return "", name(self.value)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Integers and null pointers are served."""
        word = 0 if self.is_null else self.value
        if not isinstance(word, int):
            raise NotServedError(f"{argument.where}: such a Constant is not served")
        return {"kind": KINDS["constant"], "low": ctypes.c_int64(word).value}
