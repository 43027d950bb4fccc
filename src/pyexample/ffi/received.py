"""Memory of C's, whose address a callback gets."""

import contextlib
import ctypes
from typing import TYPE_CHECKING, Any

from .items import Items, copy_memory
from .sizes import TERMINATED
from .views import View

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument


class ReceivedMemory(Items):
    """Memory whose address a callback gets, as bytes, str, a list or a ``memoryview``.

    A view can be used until the callback returns. It is of a copy, because nothing can take
    back the views that may be made of it: a part of it that is kept for longer is no memory of
    C's. What was written into a view of ``Out`` is C's when the callback returns.
    """

    phase = 1

    def show(self, address: int, size: int, call: "CallState") -> memoryview:
        """Copy the memory; of ``Out``, copy it back at the end of the callback."""
        data = copy_memory(address, size)
        room = bytearray(data) if self.word.writable else data
        view = self.cast(memoryview(room))

        def finish() -> None:
            if size and self.word.writable:
                ctypes.memmove(address, bytes(room), size)
            with contextlib.suppress(BufferError):  # of an object that has its buffer
                view.release()

        call.cleanups.append(finish)
        return view

    def for_checker(self) -> dict[str, Any]:
        """Whether Python writes there, and the handles in a list."""
        direction = "out" if self.word.writable else "in"
        return {**super().for_checker(), "direction": direction}

    def pass_to_c(self, call: "CallState", argument: "Argument") -> Any:
        """If Python calls such a function of C's: a buffer of at least that many items."""
        given: Any = call.given[argument.position]
        if given is None and self.nullable:
            return None
        if self.form is list:
            raise TypeError(
                f"{argument.where}: C made this function for itself: Python cannot"
                " pass lists to it"
            )
        data = given.encode() if isinstance(given, str) and self.form is str else given
        view = View(argument, self.word, data)
        call.cleanups.append(view.release)
        if self.word.size.given is TERMINATED:
            view.check_end(argument.where)
        elif view.items < (count := self._count(view.address, call)):
            raise ValueError(f"{argument.where} has {view.items} items, not {count}")
        return ctypes.cast(view.address, self.ctype)
