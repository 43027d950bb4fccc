"""Words that say who owns what: what comes back, and what C is passed."""

from __future__ import annotations

import ctypes
import functools
from _thread import get_ident
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .adoption import adopt
from .calls import innermost
from .giving import give_back, give_to, owner_of
from .handle_values import HandleValue
from .items import Items
from .kept import Kept, keep, keep_as, kept_for_good, pass_on_kept
from .kinds import Integer, Text
from .lenders import handles_in, items_of, lenders_of, open_handles
from .libfastcall import KEEPERS, KINDS, OWNERS, RULES, NotServedError, running
from .lifetimes import Closer, Life, Owner
from .pointees import copy_of, has_pointers, keep_beside, pointees_in
from .pointers import Pointer
from .records import (
    describe_class,
    life_of,
    special_closers,
    tell_c_what_closes,
)
from .registry import find_all
from .scalars import Address
from .structures import CTypesObject, function_address
from .values import DeclarationError, Modifier, ParameterWord, Value, plain, pointer_to, show

if TYPE_CHECKING:
    from .calls import CallState
    from .declaration import Argument, Declaration
    from .handles import Handle
    from .views import View


ALL = 0xFFFF
"""All parameters, as bits."""


class Closes(Modifier):
    """After the C type of a handle: the function closes it.

    Behind ``c_void_p`` the function takes the handle's address, behind ``POINTER(c_void_p)``
    the address of a variable that holds it. ``Annotated[Box | Bag, c_void_p, Closes]`` closes
    both types. Python calls the function too, when a handle is no longer needed. If it has
    further parameters, say what Python is to pass: ``Closes(flags=0)``. For a parameter that is
    a handle, it passes one of the handle's parents.

    ``Closes(implicit=False)``: Python does not call it by itself. One function for each type of
    handles may do without. ``Closes(if_succeeds=True)``: the handle stays open if the call
    fails. Without it, it is closed then, too, since most functions free it all the same
    (``fclose``, ``close``), and a second call would free it again.
    """

    roles = ("parameter",)

    def __init__(
        self, *, implicit: bool = True, if_succeeds: bool = False, **arguments: Any
    ) -> None:
        self.implicit = implicit
        self.if_succeeds = if_succeeds
        self.arguments = arguments

    def modify(self, where: str, value: Value) -> None:
        """Of a handle only."""
        if not isinstance(value, HandleValue):
            raise value.cannot_follow(where, self)
        value.closes = self

    def resolve(self, declaration: Declaration, value: Value) -> None:
        """Check what Python is to pass, and whether it can fail."""
        for name, given in self.arguments.items():
            others = [each for each in declaration.arguments if each.spec is not value]
            named = [each.spec for each in others if each.name == name]
            if not named:
                raise DeclarationError(
                    f"{value.where}: {self!r}: the function has no other parameter {name!r}"
                )
            try:
                _ = [each.to_c(given) for each in named if isinstance(each, Value)]
            except (TypeError, ValueError, OverflowError) as error:
                raise DeclarationError(f"{value.where}: {self!r}: {error}") from None
        if self.if_succeeds and not any(each.failure for each in declaration.results):
            raise DeclarationError(
                f"{value.where}: {self!r}: how does the function fail? Write Raises after the C"
                " type of its result"
            )


class Owned(Modifier):
    """After the C type of what comes back: the caller owns it, and Python closes or frees it.

    A handle is closed by the function that Closes its type, or by ``Owned(pclose)``. The
    handles that were arguments of the call that made it are its parents: it keeps them alive
    and is closed before them, unless ``independent=True`` says that it does not need them.
    A second handle of an address that Python is to close already is refused, as that would be
    closed twice, unless ``counted=True`` says that C counts how often it is to be closed.

    If a handle is borrowed at that address, or was given away (GivenTo), that object is
    returned: C gives it back, so it no longer needs its owner, or what it was borrowed from.
    If it has another class, or there are several, all are closed together with the owned one.

    ``copy_of="easy"``: it is a copy of that argument, and does not need it; but C keeps for it,
    too, all that it keeps for the original at that time.

    ``Returned(Regex, Regex, Owned)``, of a handle with fields, passes C the address of new
    memory, of zeros. It becomes a handle if the function does not fail, and is released after
    the function that Closes it.

    A text (``c_char_p``, ``c_wchar_p``) is copied, then freed by the function in
    ``Owned(free)``, whose parameter is the address, an ``int``. So is a structure that C
    returned by pointer.

    In a Callback, C owns and frees the memory or text that the callable returns: it is copied
    to where the function in ``Owned(malloc)`` says, whose parameter is the number of bytes.
    """

    roles = ("result", "output", "callback result")

    def __init__(
        self,
        by: Callable[..., object] | None = None,
        /,
        *,
        independent: bool = False,
        counted: bool = False,
        copy_of: str = "",
    ) -> None:
        # A raw function of ctypes would cut the address off.
        if by is not None and (not callable(by) or hasattr(by, "argtypes")):
            raise DeclarationError(f"Owned: expected a declared function, not {by!r}")
        self.by = by
        self.independent = independent or bool(copy_of)
        self.counted = counted
        self.names = (copy_of,) if copy_of else ()

    def modify(self, where: str, value: Value) -> None:
        """Of a handle, or a text."""
        if value.role == "callback result":
            self._allocate(where, value)
        elif isinstance(value, HandleValue):
            value.own(where, self)
            closer = staticmethod(_closer_of(where, self.by)) if self.by else None
            attributes: dict[str, Any] = {"closer": closer}
            bases: tuple[Any, ...] = (value.ctype,)
            if not value.is_stored:
                parents = functools.partial(self.parents, None)
                attributes |= {"declared": value, "parents": staticmethod(parents)}
                attributes["plain"] = value.ctype
                attributes["same"] = () if self.counted else None
                bases = (Owner, value.ctype)
            value.given_ctype = type("Owner", bases, attributes)
            value.is_received = True
        elif isinstance(value, (Text, Items, Pointer)) and self.by and not self.independent:
            _check_free(where, self.by)
            value.owned = True
            attributes = {"plain": value.given_ctype, "free_address": self.by}
            value.given_ctype = type("Owned", (_OwnedMemory, value.given_ctype), attributes)
            if isinstance(value, Text):
                value.own(where, self)
                value.ctype = value.given_ctype
            else:
                value.is_received = True
        elif isinstance(value, (Text, Items, Pointer)):
            raise DeclarationError(f"{where}: who frees it? Expected Owned(free)")
        else:
            raise value.cannot_follow(where, self)

    def _allocate(self, where: str, value: Value) -> None:
        """What a callable returns is copied, and C's from then on."""
        if not isinstance(value, Items):
            raise value.cannot_follow(where, self)
        declaration = declaration_of(self.by)
        result = declaration and declaration.result
        passed = filter(is_passed, declaration.arguments) if declaration else ()
        specs = [each.spec for each in passed]
        if [type(each) for each in (*specs, result)] != [Integer, Address]:
            raise DeclarationError(
                f"{where}: {self!r}: C is to free what the callable returns, so it is copied to"
                " memory of C's: expected Owned(malloc), a declared function of one"
                " Annotated[int, c_size_t] that returns Annotated[int | None, c_void_p]"
            )
        value.allocate = self.by

    def resolve(self, declaration: Declaration, value: Value) -> None:
        """Find the original of a copy."""
        if self.names and isinstance(value, HandleValue):
            (original,) = declaration.find(value.where, self, "handle", declaration.handles)
            value.original = original.position

    def parents(self, call: CallState | None) -> list[Handle]:
        """Those of a handle that ``call``, or the innermost call, returns."""
        running = call or innermost.get(get_ident())
        return [] if self.independent or running is None else open_handles(running.given)

    def describe_back(self, value: HandleValue) -> dict[str, Any]:
        """Its fields of a CValue. Raises NotServedError."""
        fields: dict[str, Any] = {
            "owner": OWNERS["counted" if self.counted else "Owned"],
            "lenders": 0 if self.independent else ALL,
            "receive": value.given_ctype.from_buffer_copy,
        }
        if self.by:
            fields["handle_class"] = _special_class(value.python_type, self.by)
        if self.names:  # Python copies what C keeps for the original
            fields["rule"] = RULES["always"]
        return fields

    def adopt(self, value: HandleValue, address: Any, call: CallState) -> Handle:
        """Make the handle that ``call`` returns."""
        kind: type[Handle] = value.python_type
        passed: Handle | None = None if value.passed is None else call.given[value.passed]
        if passed is not None and life_of(passed).address == address.value:
            address.__class__ = address.plain  # which is not closed when it is deleted
            return passed
        if address.closer is None and kind.closer is None:
            raise DeclarationError(
                f"{value.where} is Owned, but no declared function Closes it: declare that, or"
                " write Borrowed if C still owns it"
            )
        is_new = self.counted or value.is_stored
        same = [] if is_new else find_all(kind, address.value)
        for each in same:
            if life_of(each).is_closable:
                address.__class__ = address.plain  # which is not closed when it is deleted
                raise ValueError(
                    f"{value.where} is Owned, but is {each!r}, which Python closes already:"
                    " write Borrowed instead; or GivenTo after the parameter, if C takes that"
                    " over; or Owned(counted=True), if C counts references"
                )
        place = ctypes.addressof(address) if value.is_stored else address
        kept = call.kept_by_result
        handle = adopt(
            kind, place, self.parents(call), closer=address.closer, kept=kept, same=same
        )
        if value.is_stored:  # no object of C's has a size of -1
            life_of(handle).pointees[place, -1] = address
        if value.original is not None:
            original: Any = call.given[value.original]
            keep_as(handle, original)
        return handle


class Borrowed(Modifier):
    """After the C type of a handle that comes back: C owns it, and Python never closes it.

    It keeps the handles that were arguments of the call alive, and cannot be used when one of
    them is closed. ``Borrowed("context")`` says which of them it belongs to. If a handle of the
    same type is open for the same address, that is returned.

    After a pointer to a structure: that is C's memory, and the handles cannot be closed while
    it is in use. Without handles, it is static. In a field of a handle, the handle, or what
    that needs, keeps the other one alive.

    A text is copied and not freed, as without the word.
    """

    roles = ("result", "output", "field")

    def __init__(self, *names: str) -> None:
        self.names = names

    def modify(self, where: str, value: Value) -> None:
        """Of a handle, of memory that is shown, or of a text."""
        if isinstance(value, Text) and self.names:  # a copy needs nothing
            raise value.cannot_follow(where, self)
        kinds = HandleValue if value.role == "field" else (HandleValue, Items, Pointer, Text)
        if not isinstance(value, kinds):
            raise value.cannot_follow(where, self)
        if self.names and value.role == "field":
            raise DeclarationError(
                f"{where}: a field has no parameters that {self!r} could name"
            )
        if isinstance(value, HandleValue) and value.is_stored:
            raise DeclarationError(f"{where}: the memory is new, so it is Owned, not Borrowed")
        value.own(where, self)

    def resolve(self, declaration: Declaration, value: Value) -> None:
        """Find the handles that it names."""
        if self.names and isinstance(value, (HandleValue, Items, Pointer)):
            found = declaration.find(value.where, self, "handle", declaration.lenders)
            value.lenders = [each.position for each in found]

    def describe_back(self, value: HandleValue) -> dict[str, Any]:
        """Its fields of a CValue."""
        positions = value.lenders
        mask = ALL if positions is None else sum(1 << each for each in {*positions})
        return {"owner": OWNERS["Borrowed"], "lenders": mask}

    def adopt(self, value: HandleValue, address: Any, call: CallState) -> Handle:
        """Make the handle that ``call`` returns."""
        kind: type[Handle] = value.python_type
        return adopt(kind, address, lenders_of(value, call), owned=False)


class GivenTo(ParameterWord):
    """After the C type of a handle that is passed: C owns it from now on.

    ``GivenTo("chain")``: the handle that is passed as ``chain`` owns it. It can still be used,
    as a borrowed handle, until that is closed, or until a function returns it, ``Owned``: then
    it is the caller's again. After ``GivenTo()``, it cannot be used.

    With ``if_succeeds=True``, it is given away only if the call does not fail.
    """

    def __init__(self, owner: str | None = None, /, *, if_succeeds: bool = False) -> None:
        self.names = (owner,) if owner else ()
        self.if_succeeds = if_succeeds

    def resolve(self, declaration: Declaration, argument: Argument) -> None:
        """Find the new owner."""
        if not argument.spec.lends or getattr(argument.spec, "closes", None):
            raise DeclarationError(
                f"{argument.where}: {self!r} cannot follow {argument.spec.c_name}: only a"
                " handle is given away, and not to a function that Closes it"
            )
        if self.names:
            handles = dict(declaration.handles)
            handles.pop(argument.name, None)
            argument.named = declaration.find(argument.where, self, "other handle", handles)
        if self.if_succeeds and not any(each.failure for each in declaration.results):
            raise DeclarationError(
                f"{argument.where}: {self!r}: how does the function fail? Write Raises after"
                " the C type of its result"
            )

    def describe(self, argument: Argument) -> dict[str, Any]:
        """Its fields of a CArgument."""
        if argument.kind != "handle":
            raise NotServedError(f"{argument.where}: {self!r} is not served")
        return {
            "is_given": True,
            "owner": argument.named[0].position + 1 if argument.named else 0,
            "stays_on_failure": self.if_succeeds,
        }

    def begin(self, call: CallState, argument: Argument) -> Iterator[_Gift]:
        """Give it away just before C is called."""
        owner: Any = call.given[argument.named[0].position] if argument.named else None
        given = handles_in(call.given)
        for each in handles_in([call.given[argument.position]]):
            uses = sum(other is each for other in given)
            gift = _Gift(argument.where, each, owner, self.if_succeeds, uses)
            call.cleanups.append(gift.finish)
            yield gift


class _Gift:
    """A handle that a call gives away. The call itself uses it ``uses`` times."""

    def __init__(
        self, where: str, handle: Handle, owner: Handle | None, if_succeeds: bool, uses: int
    ) -> None:
        self.life = life_of(handle)
        self.handle = handle
        self.owner = owner
        self.if_succeeds = if_succeeds
        self.is_over = False
        if not self.life.owned:
            raise ValueError(f"{where} is borrowed: it is not the caller's to give away")
        if owner is not None and life_of(owner).needs(self.life):
            raise ValueError(f"{where} is needed by {owner!r}, which cannot own it")
        if owner is None and self.life.children:
            needing = next(iter(self.life.children)).kind.__name__
            raise ValueError(f"{where} is needed by a {needing}, which is to be closed first")
        if owner is None:
            self.life.is_gone = True
            self.life.set_address(None)  # C may have freed it before this is told
        if self.life.count_users() > uses:
            self.life.is_gone = False
            self.life.set_address(self.life.given)
            raise RuntimeError(f"{where} is in use by a call that has not returned")
        self.life.owned = False
        if owner is not None:
            give_to(owner, handle)

    @property
    def has_come_back(self) -> bool:
        """Whether C has given it back meanwhile, as the caller's."""
        return owner_of(self.handle) is not self.owner

    def cancel(self) -> None:
        """C was not called."""
        self.is_over = True
        if self.has_come_back:
            return
        if self.owner is not None:
            give_back(self.handle)
            return
        self.life.owned = True
        self.life.is_gone = False
        self.life.set_address(self.life.given)

    def settle(self, *, taken: bool) -> None:
        """C has returned."""
        if self.if_succeeds and not taken:
            self.cancel()
        else:
            self.finish()

    def finish(self) -> None:
        """The call is over. Without ``settle``, C may have it, and use what it keeps for it."""
        if self.is_over or self.has_come_back:
            return
        pass_on_kept(self.handle, self.owner)
        if self.owner is None:
            self.life.forget()
        self.is_over = True


class Exchange(ParameterWord):
    """What C does with a handle that is passed by ``InOut``, and that it may replace."""

    def __init__(self, written: object) -> None:
        self._written = repr(written)

    def resolve(self, declaration: Declaration, argument: Argument) -> None:
        """It names nothing."""

    def begin(self, call: CallState, argument: Argument) -> Iterator[_Exchange]:
        """Give it away until C has returned."""
        given = handles_in(call.given)
        for each in handles_in([call.given[argument.position]]):
            uses = sum(other is each for other in given)
            yield _Exchange(argument.where, each, call.outputs[argument.index], uses)


class _Exchange(_Gift):
    """A handle that is given away, unless it is in the ``room`` again."""

    def __init__(self, where: str, handle: Handle, room: Any, uses: int) -> None:
        self.room = room
        super().__init__(where, handle, None, True, uses)

    def settle(self, *, taken: bool) -> None:
        """C has returned, whether it failed or not."""
        super().settle(taken=self.room.value != self.life.given)


class Keep(ParameterWord):
    """After a parameter that C keeps: it stays alive for longer than the call.

    ``Keep("database")``: until the handle that is passed as ``database`` is closed, or the same
    function gets another one for that handle. ``Keep("database", slot="name")``: only one with
    the same ``name`` replaces it. ``Keep("database", every=True)``: none replaces it.
    ``Keep("return")``: as long as the handle that the function returns, or the structure, and
    copies of that. A function that ``Releases`` it ends that earlier. ``Keep()``: for ever,
    or until another replaces it in the same way: ``Keep(slot="signal")``.

    It is for callbacks, texts, paths, buffers (which cannot be resized meanwhile), structures,
    handles, and sequences of them. A handle that C keeps for one that was made from it, or for
    ever, cannot be closed by itself.
    """

    def __init__(
        self,
        owner: str | None = None,
        /,
        *,
        slot: str | tuple[str, ...] = (),
        every: bool = False,
    ) -> None:
        self.owner = owner
        self.slot = slot if isinstance(slot, tuple) else (slot,)
        self.every = every
        self.is_for_good = owner is None
        self.names = self.slot if owner in (None, "return") else (owner, *self.slot)

    def resolve(self, declaration: Declaration, argument: Argument) -> None:
        """Find who keeps it, and what tells several apart."""
        if not argument.spec.can_be_kept:
            raise DeclarationError(
                f"{argument.where}: {self!r} cannot follow {argument.spec.c_name}, behind which"
                " is nothing that Python could keep alive"
            )
        others = [each for each in declaration.arguments if each is not argument]
        passed = {each.name: each for each in others if is_passed(each)}
        argument.named = (
            declaration.find(argument.where, self, "other", passed) if self.names else []
        )
        if self.owner == "return" and not any(map(_is_owned, declaration.results)):
            self._check_structure(declaration, argument)
        slot = argument.named[len(self.names) - len(self.slot) :]
        if len(slot) < len(argument.named) and not argument.named[0].is_handle:
            raise DeclarationError(
                f"{argument.where}: Keep needs a handle that is not None, not {self.owner}"
            )
        for each in slot:
            if not (isinstance(each.spec, Value) and each.spec.is_comparable):
                raise DeclarationError(
                    f"{argument.where}: Keep tells what C keeps apart by integers, texts,"
                    f" addresses and handles, not by {each.name!r}"
                )

    def _check_structure(self, declaration: Declaration, argument: Argument) -> None:
        """Refuse all but a structure that the function returns, for it and its copies."""
        result = declaration.result
        if not isinstance(result, CTypesObject) or not _is_structure_that_points(result.ctype):
            raise DeclarationError(
                f"{argument.where}: {self!r} needs what the function returns: a handle that is"
                " Owned, or a structure by value that has a pointer"
            )
        if argument.spec.lends:
            raise DeclarationError(
                f"{argument.where}: {self!r}: a structure cannot keep a handle open, as it is"
                " not closed itself"
            )

    def describe(self, argument: Argument) -> dict[str, Any]:
        """Its fields of a CArgument."""
        spec: Any = argument.spec
        if not _is_kept_in_c(spec) or (self.is_for_good and spec.lends):
            raise NotServedError(f"{argument.where}: {self!r} is not served")
        slot = argument.named[len(self.names) - len(self.slot) :]
        if not all(each.kind for each in slot):
            raise NotServedError(f"{argument.where}: {self!r} tells apart what is not served")
        fields: dict[str, Any] = {
            "keeper": KEEPERS.get(self.owner) or argument.named[0].position + 1,
            "is_every": self.every,
            "slots": sum(1 << each.index for each in slot),
        }
        if isinstance(spec, Pointer) and _is_structure_that_points(spec.ctype._type_):
            fields |= {"kind": KINDS["made"], "function": functools.partial(_point_to, spec)}
        elif isinstance(spec, CTypesObject):
            fields["function"] = copy_of
        return fields

    def begin(self, call: CallState, argument: Argument) -> Iterator[Kept | _KeptByStructure]:
        """Keep what was converted for ``call``."""
        owner, slot = None, argument.named
        if len(self.names) > len(self.slot):
            owner, *slot = argument.named
        # The argument's own: another library may have a function of the same name.
        key = (argument, *(plain(call.converted[each.index]) for each in slot))
        given = call.given[argument.position]
        view = call.views.get(argument.position)
        if view is not None:
            view.keep(call.cleanups)
        converted = call.converted[argument.index]
        if isinstance(converted, bytes):  # of which PyPy would pass a copy, for the call
            converted = call.converted[argument.index] = ctypes.create_string_buffer(converted)
        item = _Held(given, converted, view)
        if self.owner == "return":
            _keep_for_result(call, argument.where, key, item)
            yield _KeptByStructure(call, item)
            return
        if owner is None:
            kept = Kept(kept_for_good, key, item, every=self.every)
        else:
            keeper: Any = call.given[owner.position]
            kept = keep(keeper, argument.where, key, item, every=self.every)
        call.cleanups.append(kept.finish)
        yield kept


class _Held:
    """An argument that C keeps: ``given``, what C got for it, and the memory of a buffer.

    Of structures, C may have a copy: what they refer to is kept, whatever becomes of them.
    """

    def __init__(self, given: Any, converted: Any, view: View | None) -> None:
        self.given = given
        self.handles = [life_of(each) for each in handles_in([given])]
        self.converted = converted
        # C may have a copy of a structure, which still points there if ours is set again.
        structures = [each for each in items_of(given) if isinstance(each, _STRUCTURES)]
        self.pointees = [pointees_in(each) for each in structures]
        self.view = view
        self.holders: set[int] = set()

    def hold(self, holder: object, keeper: Life | None) -> None:
        """Until ``release(holder)``. Handles are closed after the ``keeper``."""
        self.holders.add(id(holder))  # no cycle: it refers to this
        for each in self.handles:
            each.keep_for(id(holder), keeper)  # a Life refers to no handle, such as through it

    def release(self, holder: object) -> None:
        """C does not need it any more."""
        for each in self.handles:
            each.let_go(id(holder))
        self.holders.discard(id(holder))
        if self.view is not None and not self.holders:
            self.view.release()


class _KeptByStructure:
    """An argument that C keeps as long as a structure that it returns by value."""

    def __init__(self, call: CallState, item: _Held) -> None:
        self.call = call
        self.item = item

    def cancel(self) -> None:
        """C was not called."""

    def settle(self, *, taken: bool) -> None:
        """C has returned: unless that is a handle, which keeps it, the structure does."""
        if taken and isinstance(self.call.returned, _STRUCTURES):
            self.item.hold(self.item, None)
            keep_beside(self.call.returned, self.item)


def _keep_for_result(call: CallState, where: str, key: Any, item: _Held) -> None:
    """Keep it for the handle that ``call`` will return."""
    until_then = object()  # not the call: it would refer to itself
    item.hold(until_then, None)
    call.cleanups.append(functools.partial(item.release, until_then))
    call.kept_by_result.append((where, key, item))


_STRUCTURES = (ctypes.Structure, ctypes.Union)


def _is_structure_that_points(ctype: Any) -> bool:
    """Whether C may have a copy, which points to what this does not any more."""
    is_structure = isinstance(ctype, type) and issubclass(ctype, _STRUCTURES)
    return is_structure and has_pointers(ctype)


def _point_to(spec: Pointer, given: Any) -> Any:
    """A pointer to a structure, with what that points to now. None if it is no structure."""
    if type(given) is not spec.ctype._type_:
        return None
    made = spec.ctype(given)
    made.pointees = pointees_in(given)
    return made


def _is_kept_in_c(spec: Any) -> bool:
    """Whether libfastcall holds it."""
    if spec.is_buffer:
        return not _is_structure_that_points(spec.item)
    is_served = spec.kind in ("bytes", "str", "handle", "callback", "pointer")
    return is_served or isinstance(spec, CTypesObject) or (not spec.kind and spec.can_be_made)


def take_over_kept(function: Any) -> None:
    """Keep what C keeps for good because of a function: see ``fastcall_list_kept``."""
    engine = running()
    if engine:
        for described in engine.list_kept(function):
            keep_late(described, None)
        engine.drop_kept(function)


def keep_late(described: tuple[Any, ...], keeper: Handle | None) -> None:
    """Keep what C keeps for a handle that Python takes over, or for good."""
    argument, key, item = _what_is_kept(described)
    if keeper is None:
        Kept(kept_for_good, key, item, every=True).finish()
    else:
        keep(keeper, argument.where, key, item, every=True).finish()


def keep_for_result(described: tuple[Any, ...], call: CallState) -> None:
    """Keep what C is to keep for the handle that ``call`` returns, if it is that."""
    argument, key, item = _what_is_kept(described)
    if any(isinstance(each, Keep) and each.owner == "return" for each in argument.effects):
        _keep_for_result(call, argument.where, key, item)
        _KeptByStructure(call, item).settle(taken=True)


def _what_is_kept(described: tuple[Any, ...]) -> tuple[Argument, Any, _Held]:
    """What ``fastcall_list_kept`` describes: the argument, the slot, and what is in it."""
    function, index, slot, given, made, address, _ = described
    argument: Argument = function.declaration.arguments[index]
    spec: Any = argument.spec
    is_view = spec.is_buffer and not spec.lends and given is not None and made is None
    exporter: Any = given
    view: Any = memoryview(exporter) if is_view else None
    converted = pointer_to(address, spec.ctype) if made is None else made
    # A sequence may have other handles by now than when C got an array of them.
    kept = made[0] if spec.is_buffer and spec.lends and made is not None else given
    item = _Held(kept, converted, view)
    item.given = given
    return argument, (argument, *(slot or ())), item


def is_passed(argument: Argument) -> bool:
    """Whether the caller passes it."""
    return isinstance(argument.spec, Value) or argument.spec.is_parameter


def _is_owned(value: Value) -> bool:
    return isinstance(value, HandleValue) and isinstance(value.owner, Owned)


def _check_free(where: str, function: Any) -> None:
    """What frees a text or memory takes its address, if it is a declared function."""
    declaration = declaration_of(function)
    passed = filter(is_passed, declaration.arguments) if declaration else ()
    kinds = [type(each.spec) for each in passed] if declaration else [Address]
    if kinds != [Address]:
        raise DeclarationError(
            f"{where}: Owned({show(function)}): a function that frees it takes the address, and"
            " nothing else: Annotated[int, c_void_p]. What else C gets is a Constant"
        )


def declaration_of(function: Any) -> Declaration | None:
    """That of a declared function."""
    return getattr(getattr(function, "__self__", None), "declaration", None)


def _closer_of(where: str, function: Any) -> Closer:
    closer = getattr(declaration_of(function), "closer", None)
    if closer is None:
        raise DeclarationError(
            f"{where}: Owned needs a declared function that Closes such a handle,"
            f" not {function!r}"
        )
    found: Closer = closer
    return found


def _special_class(kind: type[Handle], by: Any) -> int:
    """What libfastcall needs to know of handles that a function of their own closes."""
    content = getattr(by, "__self__", None)
    declaration = declaration_of(by)
    is_simple = declaration is not None and len(declaration.parameters) == 1
    is_served = is_simple and isinstance(content, bytes)
    described = describe_class(kind) if is_served else None
    if described is None:
        raise NotServedError(f"{show(by)}, which closes a handle, is not served")
    tell_c_what_closes(described, content)
    special_closers[described] = _closer_of("", by)
    return described


class _OwnedMemory:
    """A pointer to text or memory that keeps its address, and is freed when deleted.

    ctypes converts no subclass to text. An interrupt may prevent a call of ``free``.
    """

    plain: Any
    free_address: Callable[[int], object]

    def __del__(self) -> None:
        self.free()

    def free(self) -> None:
        """Free it, once."""
        address = function_address(self)
        free = type(self).free_address
        self.__class__ = self.plain  # which has no __del__
        if address:
            free(address)
