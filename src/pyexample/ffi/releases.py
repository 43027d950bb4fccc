"""A word for a function that ends what C keeps, without closing anything."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .calls import CallState
from .kept import Kept, kept_for_good, kept_slots
from .libfastcall import CRelease, NotServedError
from .ownership import Keep, declaration_of, is_passed, take_over_kept
from .records import is_handle
from .values import DeclarationError, ParameterWord, plain, show

if TYPE_CHECKING:
    from .declaration import Argument, Declaration


class Releases(ParameterWord):
    """After a parameter: C does not need any more what another function made it ``Keep``.

    ``easy: Annotated[Easy, c_void_p, Releases(curl_multi_add_handle)]``. Which object that is,
    the parameters tell that have the same names in both functions: the handle for which C keeps
    it (``multi``), the slot, and the object itself (``easy``). If the object is not among them,
    every one is released that C keeps for the handle, or in the slot.

    Nothing is released if the function fails.
    """

    def __init__(self, *functions: Callable[..., object]) -> None:
        self.keeps = [each for function in functions for each in _keeps_of(function)]
        if not self.keeps:
            raise DeclarationError("Releases needs the function that makes C keep something")

    def resolve(self, declaration: "Declaration", argument: "Argument") -> None:
        """Find the parameters that both functions have."""
        passed = {each.name: each for each in declaration.arguments if is_passed(each)}
        names = [name for _, kept, word in self.keeps for name in (kept.name, *word.names)]
        argument.named = [passed[name] for name in dict.fromkeys(names) if name in passed]
        if argument not in argument.named:
            raise DeclarationError(
                f"{argument.where}: {self!r}: the other function has {', '.join(names)}: give"
                " the parameters that mean the same these names"
            )
        for _, _, word in self.keeps:
            if word.owner and not getattr(passed.get(word.owner), "is_handle", False):
                raise DeclarationError(
                    f"{argument.where}: {self!r} needs the handle {word.owner!r}, for which C"
                    " keeps it, as a parameter of that name"
                )

    def describe(self, argument: "Argument") -> dict[str, Any]:
        """What C releases."""
        named = {each.name: each for each in argument.named}
        return {"releases": [_describe(named, *each) for each in self.keeps]}

    def begin(self, call: CallState, argument: "Argument") -> "Iterator[_Release]":
        """Find what C keeps."""
        named = {each.name: each for each in argument.named}
        for content, kept, word in self.keeps:
            if content and word.is_for_good:
                take_over_kept(content)
            kept_for: Any = call.given[named[word.owner].position] if word.owner else None
            everything = kept_for_good if kept_for is None else kept_slots(kept_for)
            slot = {
                at: plain(call.converted[named[name].index])
                for at, name in enumerate(word.slot, 1)
                if name in named
            }
            found = [
                (entries, each)
                for key, entries in list(everything.items())
                if key[0] is kept and all(key[at] == value for at, value in slot.items())
                for each in list(entries)
                if each.call_is_over
            ]
            if kept.name in named:
                wanted = call.given[named[kept.name].position]
                found = [each for each in found if _is_same(each[1].item.given, wanted)][-1:]
                for _, each in found:  # C may compare it with what it has
                    call.converted[named[kept.name].index] = each.item.converted
            yield _Release(found)


class _Release:
    """What a call releases."""

    def __init__(self, found: list[tuple[list[Kept], Kept]]) -> None:
        self.found = found

    def cancel(self) -> None:
        """C was not called."""

    def settle(self, *, taken: bool) -> None:
        """C has returned."""
        for entries, kept in self.found if taken else ():
            with suppress(ValueError):  # another thread has replaced it
                entries.remove(kept)
                kept.release()


def make_release_late(declaration: "Declaration") -> Callable[..., None]:
    """Returns a function that releases what Python keeps, after a call from libfastcall."""

    def release_late(*given: Any) -> None:
        call = CallState(given)
        call.converted = [None] * len(declaration.arguments)
        for argument, word in declaration.effects:
            for effect in word.begin(call, argument):
                effect.settle(taken=True)

    return release_late


def _describe(
    named: "dict[str, Argument]", content: Any, kept: "Argument", word: Keep
) -> CRelease:
    given = named.get(kept.name)
    is_slot = any(name in named for name in word.slot)
    if (
        not (content and word.owner)
        or is_slot
        or (given and not given.kind == kept.kind == "handle")
    ):
        raise NotServedError(f"to release what {word!r} says is not served")
    return CRelease(
        self=id(content),
        argument=kept.index,
        keeper=named[word.owner].position + 1,
        object=given.position + 1 if given else 0,
    )


def _keeps_of(function: Callable[..., object]) -> "list[tuple[Any, Argument, Keep]]":
    declaration = declaration_of(function)
    arguments = declaration.arguments if declaration else ()
    content = getattr(function, "__self__", None)  # empty if it is not builtin
    found = [(content, each, word) for each in arguments for word in each.effects]
    keeps = [(at, each, word) for at, each, word in found if isinstance(word, Keep)]
    if not keeps or any(word.owner == "return" for _, _, word in keeps):
        raise DeclarationError(
            f"Releases({show(function)}): expected a declared function, with a parameter that"
            " C keeps for another one, or for good"
        )
    return keeps


def _is_same(kept: Any, given: Any) -> bool:
    """Whether it is that object; a handle, method or text may be equal to it."""
    is_comparable = isinstance(given, (str, bytes)) or callable(given) or is_handle(given)
    return kept is given or (is_comparable and bool(kept == given))
