"""Handles: opaque pointers that C returns, and that are closed exactly once.

A function that Closes it, ``handle.close()``, the end of ``with``, garbage collection or the
end of Python closes a handle, whichever comes first.
"""

# A subclass may have members of any name, so much of Handle is in functions of this module.
# pyright: reportPrivateUsage=false

import atexit
import ctypes
import functools
import sys
import weakref
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from sys import implementation
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from . import calls as calls  # for its fork handler
from .kinds import to_integer
from .libfastcall import HAS_GIL, NotServedError, engine_if_any, running
from .lifetimes import Closer, Held, Kept, Life, Owner, Shown, Slots, kept_for_good
from .pointees import OF_C, Pointees, show_memory
from .values import (
    NEVER,
    DeclarationError,
    Value,
    c_name,
    check_simple,
    is_pointer,
    limits,
    members_of,
    plain,
    show,
    type_code,
    with_article,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from .declaration import Argument, Declaration
    from .ownership import Borrowed, Closes, Owned

    class _Memory:
        """What libfastcall knows of a handle: see ``fastcall_make_handle_type``."""

        _address: int
        _given: int
        _parent: "Handle | None"
        _is_owned: int
        _is_given: int
        _number: int
        _class: int
        _is_of_this_process: bool

        def _close_in_c(self) -> bool: ...

elif engine := engine_if_any():
    _Memory = engine.make_handle_type()  # holds the address, which Python code cannot write
else:

    class _Memory:
        _address = _given = _class = _is_given = 0
        _parent = None
        _is_of_this_process = True

        def _close_in_c(self) -> bool:
            return False


class HandleValue(Value):
    """A handle, as its address.

    Attributes:
        owner: of a handle that comes back: the word that says who closes it.
        lenders: the positions of the arguments that Borrowed names, or None: all.
        closes: of an argument that the function closes: the word that says so.
        passed: of one that comes back from InOut: the position of the one that is passed.
        original: of a copy: the position of what it is a copy of.
    """

    can_be_null = is_comparable = can_be_kept = lends = True
    failure_rule = "zero"
    is_plain = False
    owner: "Owned | Borrowed | None" = None
    lenders: list[int] | None = None
    closes: "Closes | None" = None
    passed: int | None = None
    original: int | None = None
    kind = "handle"
    is_pointer = True

    def check_types(self, where: str, declared: Any) -> None:
        """The Python type is a Handle class, behind a ``T *`` or, to be closed, a ``T **``."""
        kinds = members_of(self.python_type)
        self.name = " | ".join(map(show, kinds))
        self.is_stored = not hasattr(self.ctype, "from_param")
        if self.is_stored:
            self._check_stored(where)
        self.is_double = is_pointer(self.ctype)
        self.item = self.ctype._type_ if self.is_double else self.ctype
        if self.is_stored:
            return
        if type_code(self.item) != "P":
            check_simple(where, self.item)
        self.c_name = self.name_item(where, [each.invalid for each in kinds])
        if self.is_double:
            self.c_name += "*"
            self.stored = self.item  # where the address is, which C may clear

    def _check_stored(self, where: str) -> None:
        """Its memory is Python's, and C initialises it."""
        if self.role != "output" or self.ctype is not self.python_type:
            name = self.ctype.__name__
            raise DeclarationError(
                f"{where}: {with_article(name)} is passed as c_void_p; Returned({name}, {name},"
                " Owned) is new memory for C to initialise"
            )
        self.c_name = self.name
        self.kind, self.unserved = "", "a handle in memory of Python's"
        self.ctype = self.ctype.c_struct
        if self.ctype is None:
            raise DeclarationError(f"{where}: declare its fields, with @struct, for its size")

    def name_item(self, where: str, invalid: list[Any]) -> str:
        """What C calls it. Raises DeclarationError if the class is for integers."""
        if type_code(self.item) != "P" or any(each is not None for each in invalid):
            raise DeclarationError(
                f"{where}: c_void_p stands for {with_article(self.name)}, not"
                f" {c_name(self.item)}. If it is an integer, its class says which ones are"
                f" none: class {self.name}(Handle, invalid=-1)"
            )
        return f"{self.name} *"

    def is_none(self, result: Any) -> bool:
        """Whether C gave no handle."""
        return not result

    def own(self, where: str, word: "Owned | Borrowed") -> None:
        """Store the word that says who closes it."""
        if self.owner:
            raise DeclarationError(f"{where}: {word!r} cannot follow {self.owner!r}")
        self.owner = word

    def check_words(self, where: str) -> None:
        """Who owns it?"""
        if self.role in ("result", "output") and not self.owner:
            raise DeclarationError(
                f"{where}: who closes the {self.name}? Write Owned after the C type if the"
                " caller does, or Borrowed if C still owns it"
            )

    def resolve(self, declaration: "Declaration", argument: "Argument | None" = None) -> None:
        """A ``T **`` is for functions that close it."""
        super().resolve(declaration, argument)
        if self.is_double and not self.closes:
            raise DeclarationError(
                f"{self.where}: only a function that Closes it takes a {self.c_name}: expected"
                f" {show(self.item)}; or Returned({self.name}, {show(self.item)}, Owned); or if"
                f" C may replace what it is passed, InOut({show(self.item)}, Owned)"
            )

    def convert(self, given: Any) -> "Handle":
        """An open handle of that type."""
        if self.role == "field":
            raise AttributeError(f"{self.where} is a handle, which only C sets")
        handle: Handle = given
        # The class of all handles stands for pointers.
        is_one = isinstance(given, self.python_type)
        if not is_one or (handle.invalid is None) is not self.is_pointer:
            expected = with_article(self.name)
            raise TypeError(f"{self.where} must be {expected}, not {type(given).__name__}")
        if address_in(handle) is not None:
            return handle
        raise ValueError(f"{self.where} is closed")

    def pass_item(self, call: calls.CallState, given: Any) -> Any:
        """Its address; it cannot be closed until the call is over."""
        if isinstance(given, Handle):  # before it is checked: another thread may close it
            life_of(given).use(call.cleanups)
        return self.item(self.address_of(self.to_c(given)))

    def address_of(self, handle: "Handle | None") -> Any:
        """What C gets for it. It was open, and may seem closed now: see ``given_address``."""
        return None if handle is None else given_address(handle)

    def pass_address(self, address: int) -> Any:
        """The address of a handle that is closed, behind a ``T *`` or ``T **``."""
        pointer = self.item(address)
        return ctypes.byref(pointer) if self.is_double else pointer

    def restore(self, result: Any, call: Any) -> "Handle | None":
        """A handle for the address. One that a callback gets is C's, until that returns."""
        if self.is_stored and (call.failures or call.is_empty):
            return None
        if self.is_none(plain(result)):
            return None
        if self.owner:
            return self.owner.adopt(self, result, call)
        kind: type[Handle] = self.python_type
        found = kind.find(result)
        if found is None:
            found = kind.make(result)
            life = life_of(found)
            life.is_lent = True
            call.cleanups.append(life.end_loan)
            _register(found)
        return found

    def for_checker(self) -> dict[str, Any]:
        """Its class, and who closes it."""
        word = self.owner or self.closes
        return {"handle": self.python_type, "owner": type(word).__name__ if word else ""}

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """With its class."""
        if not isinstance(self.python_type, type):
            raise NotServedError(f"{argument.where}: several types of handles are not served")
        return {
            **super().describe(argument),
            "type": id(self.python_type),
            "high": -1,  # none is too large
            "is_any": self.python_type is Handle,
        }

    def describe_back(self) -> dict[str, Any]:
        """With its class, its owner, and what it needs."""
        kind: type[Handle] = self.python_type
        if self.is_stored or self.owner is None or kind.c_class is None:
            raise NotServedError(f"{self.where}: such a handle is not served")
        described = super().describe_back()
        return {**described, "handle_class": kind.c_class, **self.owner.describe_back(self)}


class IntegerHandleValue(HandleValue):
    """A handle that is an integer of C's, such as a file descriptor.

    Attributes:
        none: the integers that are none, the first of which is passed for None.
        low, high: the limits of the C type.
    """

    is_pointer = False
    enumeration = None

    def name_item(self, where: str, invalid: list[Any]) -> str:
        """The C type. Raises DeclarationError if it is no integer, or nothing is None."""
        if type_code(self.item) not in "bhilqBHILQP" or None in invalid:
            raise DeclarationError(
                f"{where}: an integer type stands for {with_article(self.name)}, whose class"
                f" says which ones are none, not {c_name(self.item)}"
            )
        self.low, self.high = limits(self.item)
        null = (0,) if type_code(self.item) == "P" else ()
        self.none = (*(self.item(each).value or 0 for each in invalid[0]), *null)
        self.failure_rule = "invalid" if self.none else ""
        if not self.none and (self.nullable or self.role in ("output", "callback result")):
            raise DeclarationError(
                f"{where}: which integer is no {self.name}? Write class"
                f" {self.name}(Handle, invalid=-1)"
            )
        return f"{c_name(self.item)} " if self.is_double else c_name(self.item)

    def is_none(self, result: Any) -> bool:
        """Whether it is one of those, or a code of the function's."""
        rule = self.failure if self.role == "result" else None
        is_code = rule is not None and (rule.means_nothing(result) or bool(self.fails(result)))
        return is_code or (result or 0) in self.none

    def fails(self, result: Any) -> bool:
        """What Raises means by default."""
        return (result or 0) in self.none

    def address_of(self, handle: "Handle | None") -> int:
        """The integer, or one that is none."""
        number = self.none[0] if handle is None else given_address(handle)
        return to_integer(self.where, number, self.low, self.high)

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """Negative ones, and that of None, are not told from others."""
        high = min(self.high, NEVER)
        return {**super().describe(argument), "nullable": False, "high": high}

    def describe_back(self) -> dict[str, Any]:
        """Python makes and finds them."""
        return self.describe_for_python()

    def from_c(self, result: Any, call: Any = None) -> Any:
        """The handle, or None."""
        if not self.nullable and self.is_none(plain(result)):
            raise ValueError(f"{self.where} is {plain(result)}, which is no {self.name}")
        return super().from_c(result, call)


class Handle(_Memory):
    """An opaque pointer that C returned. Write a subclass for each C type.

    ``class Fd(Handle, invalid=-1)`` is for integers, of any C type, of which those are none:
    one, or several, ``invalid=(0, -1)``, or ``()``. None stands for the first of them.

    Closing a closed handle does nothing; passing it to C raises ValueError. Closing a handle
    while it, or a child of it, is an argument of a call that has not returned raises
    RuntimeError. C owns a borrowed handle, and one whose type no declared function Closes:
    ``close()`` raises ValueError, and nothing else closes it.

    Two open handles of one address are equal, if their types are related.

    In a child of ``os.fork``, a handle from the parent is closed in C only by ``close()`` and
    the declared function, because its connection or file is the parent's.

    Attributes:
        closer: set by the declaration of the function that Closes it.
        closer_in_c: the content of that as a builtin function, if it needs nothing else.
        c_class: the address of what libfastcall knows of the class, or None: it does not
            find the handles.
        c_struct: the ctypes structure at its address, if ``struct`` declares its fields.
    """

    closer: ClassVar[Callable[..., Any] | None] = None
    closer_in_c: ClassVar[bytes | None] = None
    c_class: ClassVar[int | None] = None
    c_struct: ClassVar[Any] = None
    value_kind: ClassVar[type[Value]] = HandleValue
    _root: "ClassVar[type[Handle]]"
    _life: Life | None = None
    _parents: "tuple[Handle, ...]" = ()
    invalid: "ClassVar[tuple[int, ...] | None]" = None
    _kept: Slots
    _owner: "Handle | None" = None
    _row: "_Row"

    def __init_subclass__(cls, *, invalid: int | tuple[int, ...] | None = None) -> None:
        """Declare one. Raises DeclarationError if ``invalid`` is no integers."""
        super().__init_subclass__()
        if invalid is not None:
            given: tuple[Any, ...] = invalid if isinstance(invalid, tuple) else (invalid,)
            if not all(isinstance(each, int) for each in given):
                raise DeclarationError(f"{cls.__name__}: invalid is integers, not {invalid!r}")
            cls.invalid, cls.value_kind = given, IntegerHandleValue
        if Handle in cls.__bases__:
            cls._root = cls
        engine = running()
        # A ``__del__`` takes the place of libfastcall's, which garbage needs.
        is_plain = getattr(cls, "__del__", None) is getattr(_Memory, "__del__", None)
        is_known = HAS_GIL and cls.invalid is None and is_plain
        cls.c_class = (
            engine.describe_handles(id(cls), id(cls._root), engine.handles)
            if engine and is_known
            else None
        )

    def __new__(cls, *_: object, **__: object) -> "Self":
        """Raises TypeError: ``adopt`` makes handles."""
        raise TypeError(f"{with_article(cls.__name__)} is made by C, not by Python")

    @classmethod
    def adopt(
        cls,
        address: int | Owner,
        parents: "Iterable[Handle]" = (),
        *,
        owned: bool = True,
        closer: Closer | None = None,
        kept: Sequence[tuple[str, Hashable, Held]] = (),
        same: "Sequence[Handle] | None" = None,
    ) -> "Self":
        """Make the handle for an address from C.

        It is closed before its ``parents``; C closes it if not ``owned``. ``closer`` closes it
        instead of the function that Closes its type. ``kept`` is passed to ``keep``. Raises
        ValueError if ``address`` is null or out of range, TypeError if it is no integer.

        A borrowed handle is the one that is open for the same address, if there is one. So is
        an owned one, if that was borrowed until now: see ``own_again``. ``same`` are those that
        are open for the address, and C's object ends with this one, or None: ``find_all``.
        """
        owner: Any = None
        if isinstance(address, Owner):
            owner, address = address, address.value or 0
        if not isinstance(address, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"{with_article(cls.__name__)} has an address, an int, not {address!r}"
            )
        if cls.invalid is None:
            is_wrong = ctypes.c_void_p(address).value != address  # None for 0, else truncated
        else:
            is_wrong = address in cls.invalid
        if is_wrong:
            raise ValueError(f"{with_article(cls.__name__)} has an address, not {address!r}")
        parents = tuple(parents)
        if not owned:
            handle = cls.find(address, parents)
            return _borrow(cls, address, parents) if handle is None else handle
        tell_c_what_closes(cls)
        found = find_all(cls, address) if same is None else same
        borrowed = [each for each in found if not life_of(each).is_closable]
        # One for which C is to keep something is new.
        candidates = [] if kept else [each for each in borrowed if isinstance(each, cls)]
        if candidates:
            handle = min(candidates, key=_is_of_c)
            own_again(handle, borrowed, parents, closer, owner)
            return handle
        is_plain = owner is not None and closer is None and not kept and not borrowed
        handle = _make_in_c(cls, address, parents, owner) if is_plain else None
        if handle is None:
            handle = cls.make(
                address,
                parents,
                owned=True,
                closer=closer,
                owner=owner,
                kept=kept,
                borrowed=borrowed,
            )
            _register(handle)
        return handle

    @classmethod
    def find(cls, address: int, parents: "Sequence[Handle]" = ()) -> "Self | None":
        """The open handle of this address, if it lives as long as a borrowed one would."""
        for found in find_all(cls, address):
            lives = [found, *parents_of(found)]
            needs_all = {*map(id, parents)} <= {*map(id, lives)}
            if found._life is not None and found._life.is_lent:  # it ends earlier than others
                needs_all = needs_all and _is_in(found, parents)
            if isinstance(found, cls) and (found._is_ours() or needs_all):
                return found
        return None

    @classmethod
    def make(
        cls,
        address: int,
        parents: "tuple[Handle, ...]" = (),
        *,
        owned: bool = False,
        closer: Closer | None = None,
        owner: Any = None,
        kept: Sequence[tuple[str, Hashable, Held]] = (),
        borrowed: "Sequence[Handle]" = (),
    ) -> "Self":
        """Make one, even if there is another of this address. ``owner`` holds it until now.

        The ``borrowed`` ones refer to the same object of C's, and are closed before it.
        """
        handle = super().__new__(cls)
        handle._kept = {}
        at_end: list[Callable[[], object]] = []
        parents = _without(borrowed, parents)
        life = handle._new_life(address, parents, at_end, owned=owned, closer=closer)
        handle._parents = parents
        handle._life = life
        _tie(borrowed, handle)
        if owner is not None:
            owner.life = life  # before anything can close that, as PyPy's ``__del__`` does
        life.set_address(address)
        life.join_parents()
        for where, slot, item in kept:  # before anything else closes it
            Handle.keep(handle, where, slot, item).settle(taken=True)
        handle._end_with(life, at_end)
        if owner is not None:
            # Not an attribute: ``__del__`` would lose an exception of a signal handler.
            owner.__class__ = owner.plain
        return handle

    if implementation.name == "pypy":

        def __del__(self) -> None:
            """Close it while what C keeps for it is there, and before its parents.

            PyPy frees all that is garbage at once, but for what such an object refers to.
            """
            if self._life is not None and self._life.owned:
                self._life.end()

    def _new_life(
        self,
        address: int,
        parents: "tuple[Handle, ...]",
        at_end: list[Callable[[], object]],
        *,
        owned: bool,
        closer: Closer | None = None,
    ) -> Life:
        # Life refers to no handle: gc could not collect such a cycle.
        if engine := running():  # a ``__del__`` may yet pass it to C
            at_end.append(functools.partial(engine.set_address, id(self), None))
        reference = weakref.ref(self, functools.partial(_call_all, at_end))
        lives = [life_of(each) for each in parents]
        shown = self.__dict__.setdefault("_shown", {})
        return Life(type(self), reference, address, owned, closer, lives, shown)

    def _end_with(self, life: Life, at_end: list[Callable[[], object]]) -> None:
        """Close it when nothing refers to it any more."""
        at_end.append(life.end_again)
        _finalize(self, life)  # which is called first

    def _end(self) -> None:
        """It is garbage."""
        life_of(self).end()

    def _take_over(self) -> "tuple[Handle, ...]":
        """Take it over, after what it needs. Returns those that need it."""
        if self._life is not None:
            return ()
        engine = running()
        children: tuple[Handle, ...] = engine.take_over(self) if engine else ()
        parents = parents_of(self)
        closer = special_closers.get(self._class)
        at_end: list[Callable[[], object]] = []
        new = self._new_life(self._given, parents, at_end, owned=self._is_ours(), closer=closer)
        # Atomic, since two threads may do this at once.
        variables = self.__dict__
        variables.setdefault("_kept", {})
        if self._is_given and self._address:
            variables.setdefault("_owner", self._parent)
        variables.setdefault("_parents", parents)
        if variables.setdefault("_life", new) is not new:
            return ()
        if not self._is_of_this_process:
            new.process = 0
        if self._address:
            new.address = self._address
            new.join_parents()
            self._end_with(new, at_end)
        elif self._is_given:  # by a call that has not returned
            new.is_gone = True
            new.join_parents()
        else:
            new.forget()
        return children

    @property
    def parents(self) -> "tuple[Handle, ...]":
        """The handles that it needs: it keeps them alive, and is closed before them."""
        if self._life is None:
            return () if self._parent is None else (self._parent,)
        return self._parents

    def _is_ours(self) -> bool:
        """Whether the caller closes it, not C."""
        life = self._life
        return bool(self._address and self._is_owned) if life is None else life.owned

    def _is_there(self) -> bool:
        """Whether it is open, or seems closed only while it is known whether it can be."""
        life = self._life
        return bool(self._address) if life is None else life.is_there

    def _open_address(self) -> int | None:
        """The address, or the integer, or None if it is closed."""
        life = self._life
        return (self._address or None) if life is None else life.address

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._open_address() is None

    def close(self) -> None:
        """Close the handle, its children first. Does nothing if it is closed.

        Raises what the closing function raises. After that, the handle stays open if the
        function is declared with ``Closes(if_succeeds=True)``.
        """
        if self._close_in_c():
            return
        if self._open_address() is not None and not self._is_closable():
            raise ValueError(
                f"this {type(self).__name__} is C's to close: it is borrowed, or no declared"
                " function Closes it"
            )
        self._close(implicitly=False)

    def _close(
        self,
        *,
        implicitly: bool,
        closer: Closer | None = None,
        given: tuple[Any, ...] | None = None,
    ) -> Any:
        life = life_of(self)
        life.check_closable()
        return life.close(implicitly=implicitly, closer=closer, given=given)

    def _is_closable(self) -> bool:
        """Whether Python can close it."""
        life = self._life
        has_closer = self.closer is not None or self._class in special_closers
        return (self._is_ours() and has_closer) if life is None else life.is_closable

    def close_by(self, closer: Closer, given: tuple[Any, ...]) -> Any:
        """Close it by a function that was called with ``given``. Returns its result."""
        if self._open_address() is not None and not self._is_ours():
            raise ValueError(f"this {type(self).__name__} is C's to close: it is borrowed")
        return self._close(implicitly=False, closer=closer, given=given)

    def forget(self) -> None:
        """Mark it as closed: C closes it."""
        life_of(self).forget()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._close_in_c():
            self._close(implicitly=True)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Handle):
            return NotImplemented
        related = isinstance(self, type(other)) or isinstance(other, type(self))
        return (
            related
            and self._open_address() is not None
            and self._open_address() == other._open_address()
        )

    def __hash__(self) -> int:
        return hash(given_address(self))

    def __repr__(self) -> str:
        address = self._open_address()
        at = f"at {address:#x}" if self.invalid is None and address else str(address)
        return f"<{type(self).__name__} {'closed' if address is None else at}>"

    def __reduce__(self) -> NoReturn:
        name = with_article(type(self).__name__)
        raise TypeError(f"{name} cannot be copied or pickled: it is C's")

    @property
    def value(self) -> int:
        """The integer, or the address. Raises ValueError if the handle is closed."""
        return self._value()

    def _value(self) -> int:
        address = self._open_address()
        if address is None:
            raise ValueError(f"the {type(self).__name__} is closed")
        return address

    def pointer(self) -> ctypes.c_void_p:
        """The address for ctypes. Raises ValueError if the handle is closed."""
        return ctypes.c_void_p(self._value())

    @property
    def _as_parameter_(self) -> Any:  # for raw functions of ctypes
        value = self._value()
        return ctypes.c_void_p(value) if self.invalid is None else value

    def pass_on_kept(self, owner: "Handle | None") -> None:
        """C keeps for the new owner what it keeps for this; for None, for good."""
        pointees_kept_by([owner] if owner else []).update(life_of(self).pointees)
        slots, keeper = self._kept_where()
        _move_kept(self._kept, list(self._kept), slots, keeper)

    def take_kept_back(self) -> None:
        """C keeps it for this again: the handle comes back from its owner."""
        life = life_of(self)
        _take_pointees(life, pointees_kept_by([self]))
        slots = self._kept_where()[0]
        _move_kept(slots, [key for key in [*slots] if key[0] == life.given], self._kept, life)

    def keep(self, where: str, slot: Hashable, item: Held, *, every: bool = False) -> Kept:
        """Keep ``item`` alive until this is closed, or another replaces it in ``slot``."""
        slots, keeper = self._kept_where()
        for each in item.handles:
            if keeper and each.needs(keeper) and not each.descends_from(keeper):
                raise ValueError(f"{where} needs {self!r}, which cannot keep it")
        return Kept(slots, (life_of(self).given, slot), item, keeper, every=every)

    def kept_slots(self) -> Slots:
        """What C keeps for it, by slot."""
        slots, given = self._kept_where()[0], life_of(self).given
        keys = [key for key in [*slots] if key[0] == given]
        return {key[1]: slots[key] for key in keys}

    def _kept_where(self) -> "tuple[Slots, Life | None]":
        """Where that is, and what is closed before it. C closes its own at any time."""
        handle: Handle | None = self
        while handle is not None and not life_of(handle).is_closable:
            handle = handle._owner
        return (kept_for_good, None) if handle is None else (handle._kept, life_of(handle))

    def keep_as(self, original: "Handle") -> None:
        """C keeps for this what it keeps for the original, of which it is a copy."""
        for slot, entries in original.kept_slots().items():
            for each in [*entries]:
                key = life_of(self).given, slot
                Kept(self._kept, key, each.item, life_of(self), every=True).finish()

    def release_kept(self) -> None:
        """C does not need what it kept for this."""
        while self._kept:
            for kept in list(self._kept.popitem()[1]):
                kept.release()


def find_all(kind: type[Handle], address: int) -> list[Handle]:
    """The open handles of this address and of the same C type, the newest first."""
    engine = running()
    row = _open.get((kind._root, address))
    found: list[Handle] = [] if row is None else row.handles()
    if engine and kind.c_class is not None:
        found = [*engine.find(kind.c_class, address), *found]
    return [each for each in found if each._is_there()]


def own_again(
    handle: Handle,
    borrowed: Iterable[Handle],
    parents: tuple[Handle, ...],
    closer: Closer | None,
    owner: Any,
) -> None:
    """C gives a borrowed handle back, or what it is borrowed from has lost it.

    It needs the ``parents``, and what it needed before it was given away. The other
    ``borrowed`` ones refer to the same object of C's, and are closed before it. An exception of
    a signal handler leaves it borrowed, or all is done but for what C does not need any more.
    """
    life = life_of(handle)
    others = [each for each in borrowed if each is not handle]
    before = _before_owner(handle) if handle._owner is not None else ()
    more = [each for each in parents if not _is_in(each, before)]
    Handle.take_kept_back(handle)
    need(handle, _without([handle, *others], (*before, *more)))
    _tie(others, handle)
    life.set_closer(closer)
    _finalize(handle, life, at_exit=True)
    # No code may come between these lines: either nobody owns it, or the handle does.
    handle._owner, life.owned = None, True
    if owner is not None:
        owner.__class__ = owner.plain
    if engine := running():
        engine.leave_parent(handle)


def give_to(owner: Handle, handle: Handle) -> None:
    """C owns the handle, as the other one's, which it needs from now on."""
    need(handle, (*parents_of(handle), owner))
    handle._owner = owner


def give_back(handle: Handle) -> None:
    """It was not given to its owner after all."""
    Handle.take_kept_back(handle)
    need(handle, _before_owner(handle))
    handle._owner, life_of(handle).owned = None, True


def owner_of(handle: Handle) -> Handle | None:
    """The one to which it was given."""
    return handle._owner


def need(handle: Handle, parents: tuple[Handle, ...]) -> None:
    """From now on, it is closed before these, and before no others but what C keeps it for."""
    life_of(handle).need([life_of(each) for each in parents])
    handle._parents = parents


def _before_owner(handle: Handle) -> tuple[Handle, ...]:
    """What it needed before it was given to its owner: perhaps that, too."""
    parents = [*parents_of(handle)]
    for place in reversed(range(len(parents))):
        if parents[place] is handle._owner:
            del parents[place]
            break
    return tuple(parents)


def _is_of_c(handle: Handle) -> bool:
    """Whether the caller did not give it away, but got it from C."""
    return handle._owner is None


def _without(borrowed: Sequence[Handle], parents: tuple[Handle, ...]) -> tuple[Handle, ...]:
    """The parents of a handle that are not borrowed ones of its address, nor need them."""
    lives = [life_of(each) for each in borrowed]
    if not lives:
        return parents
    return tuple(each for each in parents if not any(map(life_of(each).needs, lives)))


def _tie(borrowed: Iterable[Handle], handle: Handle) -> None:
    """Close the borrowed ones before the handle that owns what they refer to."""
    for each in borrowed:
        if not life_of(each).needs(life_of(handle)):
            need(each, (*parents_of(each), handle))
            _finalize(each, life_of(each))


def _finalize(handle: Handle, life: Life, *, at_exit: bool = False) -> None:
    """End it with the handle, if that matters: at the end of Python, if it is owned."""
    if life.finalizer is None and (life.owned or life.parents or at_exit):
        life.finalizer = weakref.finalize(handle, life.end)
    if life.finalizer is not None:
        life.finalizer.atexit = life.owned or at_exit


def _is_in(handle: Handle, handles: Iterable[Handle]) -> bool:
    """Whether it is one of them: equal ones may be several."""
    return id(handle) in map(id, handles)


def _move_kept(slots: Slots, keys: "list[Any]", to: Slots, keeper: Life | None) -> None:
    """C keeps what is in these slots for another handle."""
    if slots is to:
        return
    for key in keys:
        slot = slots.pop(key, [])
        to.setdefault(key, []).extend(slot)
        for kept in slot:
            kept.item.hold(kept, keeper)


def _take_pointees(life: Life, pointees: Pointees) -> None:
    """Keep what the fields of a handle point to, of which others may keep more."""
    ctype = life.kind.c_struct
    if ctype is not None:
        end = life.given + ctypes.sizeof(ctype)
        found = [key for key in [*pointees] if life.given <= key[0] < end]
        life.pointees.update({key: pointees[key] for key in found})


def _make_in_c(
    kind: type[Handle], address: int, parents: Sequence[Handle], owner: Owner | None
) -> Any:
    """A new handle, which libfastcall closes, if it can make it, or None.

    If there is an ``owner``, that has no address from then on; else the handle is borrowed.
    """
    engine = running()
    parent = parents[0] if parents else None
    is_of_c = len(parents) < 2 and (parent is None or parent._life is None)
    has_closer = owner is None or kind.closer_in_c is not None
    if not engine or kind.c_class is None or not (is_of_c and has_closer):
        return None
    if owner is None:
        return engine.adopt(kind.c_class, address, parent, None)
    made = engine.adopt(kind.c_class, address, parent, ctypes.addressof(cast("Any", owner)))
    if made is not None:
        owner.__class__ = owner.plain  # has no ``__del__``, which would lose an exception
    return made


def _borrow(kind: type[Handle], address: int, parents: tuple[Handle, ...]) -> Any:
    """A new handle that C owns. One of another class, that the caller closes, is a parent."""
    owners = [each for each in find_all(kind, address) if each._is_ours()]
    parents = (*parents, *[each for each in owners if not _is_in(each, parents)])
    made = _make_in_c(kind, address, parents, None)
    if made is None:
        made = kind.make(address, parents)
        _register(made)
    return made


def _register(handle: Handle) -> None:
    """Let it be found."""
    engine, described = running(), type(handle).c_class
    if engine and described is not None:
        engine.register(handle, described)
        return
    row = _open.setdefault((handle._root, life_of(handle).given), _Row())
    # Each step is atomic, since other threads do this, too.
    row.append(weakref.ref(handle))
    handle._row = row
    for gone in [each for each in row if each() is None]:
        with suppress(ValueError):  # another thread has removed it
            row.remove(gone)


def life_of(handle: Handle) -> Life:
    """The record of who owns it. From now on, Python closes it, not libfastcall.

    The handles that it needs are taken over first, then those that need it, and at the end what
    C keeps for all of them.
    """
    waiting: list[Handle] = []
    taken: list[Handle] = []
    each: Handle | None = handle
    while each is not None and each._life is None:
        waiting.append(each)
        each = each._parent
    while waiting:  # there may be more of them than Python has stack for
        taken.append(waiting.pop())
        waiting += reversed(taken[-1]._take_over())
    _take_over_kept(taken)
    return cast("Life", handle._life)


def show_until_closed(handle: Handle, memory: Any, view: memoryview | None = None) -> None:
    """The handle is not closed while an object shows its memory; a view is released before."""
    engine = running()
    if engine:
        engine.show(handle)
    shown: Shown = handle.__dict__.setdefault("_shown", {})
    gone = functools.partial(_remove, shown, id(memory))
    shown[id(memory)] = weakref.ref(memory, gone), None if view is None else weakref.ref(view)


def _remove(shown: Shown, key: int, _: object) -> None:
    shown.pop(key, None)


def _take_over_kept(handles: list[Handle]) -> None:
    """Take over what C keeps for them, in the order in which it was made to.

    After an exception of a signal handler, something may be kept twice.
    """
    engine = running()
    if engine:
        kept = [(described, each) for each in handles for described in engine.list_kept(each)]
        for described, handle in sorted(kept, key=lambda each: each[0][-1]):
            described[0].keep_late(described, handle)
        for each in handles:
            engine.drop_kept(each)


def reopen(handle: Handle) -> None:
    """C has not closed it, nor been given it, and Python took it over meanwhile."""
    life = life_of(handle)
    if life.is_gone:
        life.reopen()
        _take_over_kept([handle])
    else:
        give_back(handle)
    _finalize(handle, life)


def address_in(handle: Handle) -> int | None:
    """The address, or the integer, or None if it is closed."""
    return handle._open_address()


def given_address(handle: Handle) -> int:
    """The same, even if it is closed.

    Another thread hides the address of an open handle until it knows whether it can close it.
    """
    return handle._given if handle._life is None else handle._life.given


def is_owned(handle: Handle) -> bool:
    """Whether the caller closes it, not C."""
    return handle._is_ours()


def parents_of(handle: Handle) -> tuple[Handle, ...]:
    """The handles that it needs."""
    found: tuple[Handle, ...] = Handle.parents.__get__(handle)
    return found


def tell_c_what_closes(kind: type[Handle]) -> None:
    """Let libfastcall close handles of this class, if it can."""
    engine = running()
    if engine and kind.c_class is not None:
        engine.set_closer(kind.c_class, kind.closer_in_c)


def root_of(kind: type[Handle]) -> type[Handle]:
    """The class, or the base class that stands for the same C type."""
    return kind._root


@contextmanager
def memory_of(handle: Handle) -> Generator[Any, None, None]:
    """Its structure, which is not closed meanwhile. Raises ValueError if it is closed."""
    done: list[Callable[[], object]] = []
    life_of(handle).use(done)
    try:
        address = Handle.pointer(handle).value or 0
        yield show_memory(type(handle).c_struct, address, handle, pointees_kept_by([handle]))
    finally:
        done[0]()


def pointees_kept_by(lenders: Sequence[Handle]) -> Pointees:
    """What memory that belongs to one of them points to: its owner keeps it."""
    while len(lenders) == 1:
        if is_owned(lenders[0]):
            return life_of(lenders[0]).pointees
        lenders = parents_of(lenders[0])
    return OF_C  # nobody knows which of them


def items_of(given: Any) -> list[Any]:
    """Those of a sequence that was passed, or itself."""
    return [*cast("Any", given)] if isinstance(given, list) else [given]


def handles_in(given: Iterable[Any]) -> list[Handle]:
    """The handles that were passed, also in sequences."""
    return [item for each in given for item in items_of(each) if isinstance(item, Handle)]


def open_handles(given: Iterable[Any]) -> list[Handle]:
    """The same without those that C took."""
    return [each for each in handles_in(given) if each._is_there()]


def lenders_of(value: Any, call: calls.CallState) -> list[Handle]:
    """The handles that a value is ``Borrowed`` from: those that it names, or all."""
    if value.lenders is None:
        return open_handles(call.given)
    return open_handles(call.given[position] for position in value.lenders)


special_closers: dict[int, Closer] = {}
"""What closes handles, if not the function of their type: by their class in libfastcall."""


class _Row(list["weakref.ref[Handle]"]):
    """The handles of one address, the newest last. Each of them keeps the row."""

    def handles(self) -> list[Handle]:
        """Those that exist, the newest first."""
        found = [each() for each in reversed(self)]
        return [each for each in found if each is not None]


_open: "weakref.WeakValueDictionary[Any, _Row]" = weakref.WeakValueDictionary()
"""By type and address, the handles. One C type is one class, with kin.

This is for those that libfastcall does not find.
"""


def _call_all(functions: list[Callable[[], object]], _: object) -> None:
    """Call them, the last one first: a handle is garbage.

    This needs no name of this module, since those are gone at the end of Python.
    """
    while functions:
        functions.pop()()


Handle._root = Handle

Handle._kept = {}


def _close_at_exit() -> None:
    """As ``weakref.finalize`` does for those that Python closes: the newest first."""
    engine = running()
    found: Any = engine.open_handles() if engine else ()
    handles = [each for each in found if each._life is None and is_owned(each)]
    for each in sorted(handles, key=attrgetter("_number"), reverse=True):
        try:
            life_of(each).end()
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)


if running():
    atexit.register(_close_at_exit)
