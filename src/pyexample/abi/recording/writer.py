"""Convert types to lists and strings for JSON."""

import re
import sys
from typing import Any

from .ctypes_types import DATA, NAMES, ct, is_class, name_of, plain_attributes, strays


class Writer:
    """Converts types, and collects the structs in them."""

    def __init__(self) -> None:
        self.structs: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self._indices: dict[type, int] = {}
        self._lines: dict[str, dict[str, int]] = {}

    def write(self, ctype: Any) -> Any:
        """Convert a type to a string, a list, or None: see the package."""
        if ctype is None:
            return None
        if not is_class(ctype, DATA):
            return ["any", name_of(ctype)]
        if is_class(ctype, ct.Structure, ct.Union):
            return ["struct", self.struct(ctype)]
        if is_class(ctype, ct._Pointer):
            return ["pointer", self.write(_target(ctype))]
        if is_class(ctype, ct.Array):
            return ["array", self.write(ctype._type_), ctype._length_]
        if hasattr(ctype, "_flags_") and hasattr(ctype, "_argtypes_"):
            arguments = [self.write(each) for each in ctype._argtypes_]
            return ["callback", self.write(getattr(ctype, "_restype_", None)), arguments]
        for each in ctype.__mro__:
            if each in NAMES:
                return NAMES[each]
        for order in ("__ctype_be__", "__ctype_le__"):
            if (other := getattr(ctype, order, ctype)) is not ctype:
                return ["swapped", self.write(other)]
        if is_class(ctype, ct._SimpleCData):
            return {"v": "c_short", "l": "c_long"}.get(ctype._type_, ["any", name_of(ctype)])
        return ["any", name_of(ctype)]

    def write_argument(self, ctype: Any) -> Any:
        """Convert the type of an argument: only for these, ctypes calls from_param."""
        written = self.write(ctype)
        converts = is_class(ctype, DATA) and any(
            "from_param" in vars(each) for each in _made_here(ctype)
        )
        return ["converts", written] if converts else written

    def fault(self, name: str, error: Exception) -> None:
        """Record an error about one declaration, so that the others are still converted."""
        told = f"{type(error).__name__}: {error}".removesuffix(": ")
        self.faults.append(f"{name}: {' '.join(told.split())}")

    def struct(self, cls: Any) -> int:
        """The index of a struct, which is converted if it is new."""
        if cls in self._indices:
            return self._indices[cls]
        index = self._indices[cls] = len(self.structs)
        # Before its fields, which may point to it. If they fail, it stays like this.
        entry: dict[str, Any] = {
            "name": cls.__name__, "file": "", "line": 0, "union": False, "pack": 0, "align": 0,
            "size": 0, "alignment": 1, "complete": False, "bases": [], "strays": [],
            "anonymous": [], "fields": [],
        }  # fmt: skip
        self.structs.append(entry)
        try:
            self._fill(entry, cls)
        except Exception as error:
            self.fault(cls.__name__, error)
        return index

    def add_bases(self) -> None:
        """Say which of the structs are derived from which others, when all are known."""
        for cls, index in self._indices.items():
            bases = [self._indices[each] for each in cls.__mro__[1:] if each in self._indices]
            self.structs[index]["bases"] = bases

    def _fill(self, entry: dict[str, Any], cls: Any) -> None:
        fields = [
            (owner, field)
            for owner in reversed(cls.__mro__)
            for field in owner.__dict__.get("_fields_", ())
        ]
        file, lines = self.lines(cls.__module__)
        entry.update(
            name=cls.__name__,
            file=file,
            line=lines.get(cls.__name__, 0),
            union=issubclass(cls, ct.Union),
            pack=getattr(cls, "_pack_", 0),
            align=getattr(cls, "_align_", 0),
            size=ct.sizeof(cls),
            alignment=ct.alignment(cls),
            # ctypesgen writes a field of that name for an opaque struct.
            complete=[name for _, (name, *_) in fields] not in ([], ["_opaque_struct"]),
            strays=strays(plain_attributes(cls), _ATTRIBUTES),
            anonymous=[
                name for owner in cls.__mro__ for name in owner.__dict__.get("_anonymous_", ())
            ],
            fields=[self._field(owner, *field) for owner, field in fields],
        )

    def _field(self, owner: Any, name: str, ctype: Any, *bits: int) -> dict[str, Any]:
        return {
            "name": name,
            "type": self.write(ctype),
            "bits": bits[0] if bits else 0,
            "mask": str(_mask(owner, name)) if bits else "",
            "offset": getattr(owner, name).offset,
            "size": ct.sizeof(ctype),
            "alignment": ct.alignment(ctype),
        }

    def lines(self, module: str) -> tuple[str, dict[str, int]]:
        """A module's file, and the first lines of its classes and constants."""
        file = getattr(sys.modules.get(module), "__file__", None) or ""
        if file not in self._lines:
            found = self._lines[file] = {}
            try:
                with open(file, encoding="utf-8") as stream:
                    for number, line in enumerate(stream, 1):
                        if match := _BEGINNING.match(line):
                            found.setdefault(match[1] or match[2], number)
            except (OSError, UnicodeDecodeError):
                pass
        return file, self._lines[file]


_ATTRIBUTES = ["_fields_", "_pack_", "_anonymous_", "_align_", "_layout_"]
_BEGINNING = re.compile(r"\s*(?:class\s+(\w+)|(\w+)\s*(?::[^=]+)?=)")


def _target(pointer: Any) -> Any:
    """What it points to: of pyexample.ffi's that awaits a structure, the one declared since."""
    target = pointer._type_
    if pointer.__dict__.get("awaits") is not target:
        return target
    declared = target.namespace.get(target.__name__)
    return declared if is_class(declared, ct.Structure, ct.Union) else target


def _made_here(ctype: Any) -> list[type]:
    """The base classes of a ctypes type, without those of ctypes itself."""
    return [
        each
        for each in ctype.__mro__
        if each not in NAMES and each.__module__ not in ("ctypes", "_ctypes", "builtins")
    ]


def _mask(owner: Any, name: str) -> int:
    """The bits of a bit-field, as ctypes sets them; the lowest are in the first byte."""
    it = ct.Structure.__new__(owner) if issubclass(owner, ct.Structure) else owner()
    getattr(owner, name).__set__(it, -1)
    return int.from_bytes(bytes(it), "little")
