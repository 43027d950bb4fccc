"""Fields of a structure that are a pointer, with the number of items in another field."""

import ctypes
from typing import Any

from .buffers import In, Out
from .items import Items, copy_memory
from .pointees import pointees_of, store
from .values import DeclarationError
from .views import View


class CountedItems(Items):
    """What a pointer in a structure points to: ``Annotated[bytes | None, In(c_char, "size")]``.

    The field ``size`` has the number of items. They are copied when the field is read. Setting
    it sets both, and keeps the buffer from being resized until it is set again.
    """

    can_be_kept = follows = True

    def check_types(self, where: str, declared: Any) -> None:
        """What the items become, and how many there are."""
        super().check_types(where, declared)
        is_text = self.form is not str or self.word.item_size == 1
        if (
            not is_text
            or self.form not in (bytes, str, list)
            or type(self.word) not in (In, Out)
        ):
            raise DeclarationError(
                f"{where}: {self.word!r} is bytes, str or a list in a structure, not {declared}"
            )
        self.counted_by: Any = self.word.size.given
        if not isinstance(self.counted_by, str):
            raise DeclarationError(
                f"{where}: {self.word!r} needs the name of the field that has the number of"
                ' its items, such as "size"'
            )

    def restore(self, result: Any, call: Any) -> Any:
        """Of a copy of the items, or None."""
        return None if result is None else self.make(result, call)


class CountedField:
    """Such a field of a class. ``counter`` is the field with the number."""

    def __init__(self, spec: CountedItems, field: Any, counter: "CounterField") -> None:
        self.spec, self.field, self.counter = spec, field, counter
        counter.counted.append(self)

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.field
        place, count = self._place(instance), self.counter.__get__(instance, owner)
        if not place.value and (self.spec.nullable or count):
            return self.spec.from_c(None)
        capacity = self.capacity(instance)
        if count < 0 or (capacity is not None and count > capacity):
            there = "" if capacity is None else f" of {capacity}"
            raise ValueError(f"{self.spec.where} would have {count}{there} items")
        return self.spec.from_c(copy_memory(place.value or 0, count * self.spec.word.item_size))

    def __set__(self, instance: Any, value: Any) -> None:
        view = None if value is None and self.spec.nullable else self.spec.view(value)

        def put(view: View | None) -> None:
            self._place(instance).value = view.address if view else None

        self.counter.count(instance, self, view)
        store(instance, self.field.offset, self.spec.ctype, view, put)

    def _place(self, instance: Any) -> ctypes.c_void_p:
        return ctypes.c_void_p.from_address(ctypes.addressof(instance) + self.field.offset)

    def capacity(self, instance: Any) -> int | None:
        """How many items Python has set. None if C has set the pointer."""
        place = self._place(instance)
        view = pointees_of(instance).get((ctypes.addressof(place), 0))
        if not place.value:
            return 0
        # C may have moved it on.
        memory = view.memory if isinstance(view, View) else range(0)
        if not memory.start <= place.value <= memory.stop:
            return None
        return (memory.stop - place.value) // self.spec.word.item_size

    def says(self, capacity: int) -> str:
        """What is said about a greater number."""
        return f"{self.spec.where} has {capacity} items"

    def says_c(self, capacity: int) -> str:
        """The same of memory that C has set."""
        return f"C says that {self.spec.where} has {capacity} items"


class CounterField:
    """A field that has the number of items of others: never more than there are.

    Attributes:
        counted: those others.
    """

    def __init__(self, where: str, field: Any) -> None:
        self.where, self.field = where, field
        self.counted: list[Any] = []

    @classmethod
    def of(cls, owner: Any, name: str) -> "CounterField":
        """The one of a class, which is made if there is none."""
        found = owner.__dict__[name]
        if not isinstance(found, cls):
            found = cls(f"{owner.__name__}.{name}", found)
            setattr(owner, name, found)
        return found

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self.field.__get__(instance, owner)

    def __set__(self, instance: Any, value: Any) -> None:
        for each in self.counted:
            capacity, said = each.capacity(instance), each.says
            if capacity is None:
                capacity, said = max(0, self._of_c(instance)), each.says_c
            if self.field.spec.to_c(value) > capacity:
                raise ValueError(f"{self.where} cannot be {value}: {said(capacity)}")
        self.field.__set__(instance, value)

    def _of_c(self, instance: Any) -> int:
        """The number that C stored with a pointer: what Python has set since is not more."""
        stored: int = self.field.field.__get__(instance, None)
        return stored

    def count(self, instance: Any, counted: CountedField, view: View | None) -> None:
        """Count the items of one of them, which is being set."""
        others = [each for each in self.counted if each is not counted]
        others = [each for each in others if each.capacity(instance) != 0]
        if not others:
            self.field.__set__(instance, view.items if view else 0)
        elif view and view.items != (count := self.__get__(instance, None)):
            raise ValueError(
                f"{counted.spec.where} must have {count} items, not {view.items}, since"
                f" {self.where} counts {others[0].spec.where}, too: set that to None before"
            )
