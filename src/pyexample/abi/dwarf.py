"""Read the types of a library's functions from its debug information.

The format is DWARF 5: chapter 4 describes functions, chapter 5 types. pyelftools reads it,
from ELF files and the files that debuggers find beside them.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..headers.processes import CannotJudgeError
from .extra import import_extra

Kind = Literal["void", "integer", "float", "pointer", "struct", ""]

# DWARF 5, table 7.17, and dwarfstd.org's list of those that came later: C, C++ and
# Objective-C. Other languages describe their exports by rules of their own.
_LANGUAGES = {1, 2, 4, 0xC, 0x10, 0x11, 0x19, 0x1A, 0x1D, 0x21, 0x2A, 0x2B, 0x2C, 0x3A, 0x3E}
# DWARF 5, table 7.11: DW_ATE_float; DW_ATE_boolean, signed, unsigned, their chars, and UTF.
_FLOAT, _INTEGERS = 4, {2, 5, 6, 7, 8, 0x10}
_QUALIFIERS = {f"DW_TAG_{name}_type" for name in ("const", "volatile", "restrict", "atomic")}
_POINTERS = {f"DW_TAG_{name}_type" for name in ("pointer", "reference", "rvalue_reference")}
_RECORDS = {f"DW_TAG_{name}_type": name for name in ("structure", "union", "class")}
_DEBUG_FOLDER = "/usr/lib/debug"


@dataclass(frozen=True)
class BuiltType:
    """A type, as far as calls and structs depend on it.

    Attributes:
        kind: "" for a type of no other kind, an array for instance.
        size: the size in bytes; 0 if not known.
        name: the name in C.
        record: the struct that it is or points to, if the debug information defines
            that.
    """

    kind: Kind
    size: int
    name: str
    record: "Record | None" = None

    def __str__(self) -> str:
        return f"{self.name} ({self.size} bytes)" if self.size else self.name


@dataclass(frozen=True)
class Member:
    """A member of a record: its offset and width in bits, and its type."""

    position: int
    bits: int
    type: BuiltType


class Record:
    """A struct or union that a library was built with.

    Attributes:
        name: its tag, or the name of a typedef.
        size: in bytes.
    """

    def __init__(self, die: Any, name: str) -> None:
        self._die = die
        self.name = name
        self.size = _number(die, "DW_AT_byte_size")

    def members(self) -> dict[str, Member]:
        """The members by name, including those of anonymous records."""
        return dict(self._members(0))

    def _members(self, start: int) -> Iterator[tuple[str, Member]]:
        for die in self._die.iter_children():
            if die.tag != "DW_TAG_member":
                continue
            ctype = _type(_referred(die, "DW_AT_type"))
            place = start + 8 * _number(die, "DW_AT_data_member_location")
            name, bits = _name(die), _number(die, "DW_AT_bit_size")
            if not name and ctype.record:
                yield from ctype.record._members(place)
            elif "DW_AT_bit_offset" in die.attributes:  # DWARF 3: from the highest bit
                unit = 8 * (_number(die, "DW_AT_byte_size") or ctype.size)
                place += unit - _number(die, "DW_AT_bit_offset") - bits
                yield name, Member(place, bits, ctype)
            elif bits:
                position = start + _number(die, "DW_AT_data_bit_offset")
                yield name, Member(position, bits, ctype)
            else:
                yield name, Member(place, 8 * ctype.size, ctype)


@dataclass(frozen=True)
class Signature:
    """The type of a function: its result, and its parameters with their names."""

    name: str
    result: BuiltType
    parameters: list[tuple[str, BuiltType]]
    variadic: bool

    def __str__(self) -> str:
        listed = [f"{ctype.name} {name}".strip() for name, ctype in self.parameters]
        listed += ["..."] if self.variadic else []
        text = f"{self.result.name} {self.name}({', '.join(listed) or 'void'});"
        return text.replace("* ", "*")


def signatures(file: str, wanted: Mapping[str, int]) -> dict[str, Signature]:
    """Read the types of functions from the debug information of an ELF file.

    ``wanted`` has the addresses of the functions by name: the debug information has only one
    name of a function, but all its names have the same address. Raises CannotJudgeError if the
    debug information cannot be read.
    """
    elf_file = import_extra("elftools.elf.elffile")
    errors = import_extra("elftools.common.exceptions")
    by_address: dict[int, list[str]] = {}
    for name, address in wanted.items():
        by_address.setdefault(address, []).append(name)
    found: dict[str, Signature] = {}
    path = file
    try:
        for path in _with_debug_files(file, elf_file):
            with elf_file.ELFFile.load_from_path(path) as elf:
                if not elf.has_dwarf_info(strict=True):
                    continue
                dwarf = elf.get_dwarf_info()
                for unit in _units(dwarf, by_address):
                    for die in unit.get_top_DIE().iter_children():
                        for name in _names_of(die, by_address, wanted):
                            found[name] = _signature(die, name)
                break
    except (errors.ELFError, errors.DWARFError, OSError, KeyError, ValueError) as error:
        raise CannotJudgeError(
            f"the debug information in {path} cannot be read: {error}"
        ) from (error)
    return found


def _with_debug_files(file: str, elf_file: Any) -> list[str]:
    """A library's file, and the files in which debuggers look for its debug information.

    GDB's manual, "Debugging Information in Separate Files".
    """
    candidates: list[str] = []
    with open(file, "rb") as stream:
        elf = elf_file.ELFFile(stream)
        build_id = elf.get_section_by_name(".note.gnu.build-id")
        for note in build_id.iter_notes() if build_id else ():
            text = str(note["n_desc"])
            candidates.append(f"{_DEBUG_FOLDER}/.build-id/{text[:2]}/{text[2:]}.debug")
        link = elf.get_section_by_name(".gnu_debuglink")
        if link:
            name = os.fsdecode(link.data().partition(b"\0")[0])
            folder = os.path.dirname(os.path.realpath(file))
            folders = [folder, os.path.join(folder, ".debug"), f"{_DEBUG_FOLDER}{folder}"]
            candidates += [os.path.join(each, name) for each in folders]
    return [file, *filter(os.path.isfile, candidates)]


def _units(dwarf: Any, addresses: Mapping[int, object]) -> Iterator[Any]:
    """The compilation units with these addresses; all of them if there is no index."""
    index = dwarf.get_aranges()
    offsets: set[Any] = {index.cu_offset_at_addr(each) for each in addresses if index}
    if None in offsets or not offsets:
        units = dwarf.iter_CUs()
    else:
        units = map(dwarf.get_CU_at, sorted(offsets))
    for unit in units:
        if _number(unit.get_top_DIE(), "DW_AT_language") in _LANGUAGES:
            yield unit


def _names_of(
    die: Any, by_address: Mapping[int, list[str]], wanted: Mapping[str, int]
) -> list[str]:
    """The wanted function that a DIE describes."""
    if die.tag != "DW_TAG_subprogram" or "DW_AT_declaration" in die.attributes:
        return []
    if "DW_AT_low_pc" in die.attributes:
        return by_address.get(_number(die, "DW_AT_low_pc"), [])
    if "DW_AT_ranges" in die.attributes:  # the compiler has split it
        name = _name(_origin(die, "DW_AT_name"))
        return [each for each, at in wanted.items() if name in by_address[at]]
    return []


def _signature(die: Any, name: str) -> Signature:
    parameters: list[tuple[str, BuiltType]] = []
    variadic = False
    for child in die.iter_children():
        if child.tag == "DW_TAG_formal_parameter":
            ctype = _type(_referred(_origin(child, "DW_AT_type"), "DW_AT_type"))
            parameters.append((_name(_origin(child, "DW_AT_name")), ctype))
        variadic = variadic or child.tag == "DW_TAG_unspecified_parameters"
    result = _type(_referred(_origin(die, "DW_AT_type"), "DW_AT_type"))
    return Signature(name, result, parameters, variadic)


def _type(die: Any) -> BuiltType:
    name = ""
    while die is not None and (die.tag in _QUALIFIERS or die.tag == "DW_TAG_typedef"):
        name = name or _name(die)
        die = _referred(die, "DW_AT_type")
    if die is None:
        return BuiltType("void", 0, "void")
    own = _name(die)
    name = name or own or "a type without a name"
    size = _number(die, "DW_AT_byte_size")
    if die.tag in _POINTERS:
        target = _type_behind(die)
        return BuiltType(
            "pointer", size or die.cu["address_size"], f"{target.name} *", target.record
        )
    if die.tag in _RECORDS:
        record = None if "DW_AT_declaration" in die.attributes else Record(die, own or name)
        return BuiltType("struct", size, name, record)
    if die.tag == "DW_TAG_enumeration_type":
        return BuiltType("integer", size, name)
    if die.tag == "DW_TAG_base_type":
        encoding = _number(die, "DW_AT_encoding")
        kind: Kind = (
            "float" if encoding == _FLOAT else "integer" if encoding in _INTEGERS else ""
        )
        return BuiltType(kind, size, name)
    if die.tag == "DW_TAG_array_type":
        item = _type(_referred(die, "DW_AT_type"))
        return BuiltType("", item.size * _count(die), name)
    return BuiltType("", size, name)


def _type_behind(pointer: Any) -> BuiltType:
    """The target of a pointer. Function types end here, since they may be recursive."""
    target = _referred(pointer, "DW_AT_type")
    if target is not None and target.tag == "DW_TAG_subroutine_type":
        return BuiltType("", 0, "function")
    return _type(target)


def _count(array: Any) -> int:
    """The number of items of an array in all dimensions; 0 if not known."""
    count = 1
    for die in array.iter_children():
        if die.tag == "DW_TAG_subrange_type":
            highest = die.attributes.get("DW_AT_upper_bound")
            known: bool = highest is not None and isinstance(highest.value, int)
            length = _number(die, "DW_AT_upper_bound") + 1 if known else 0
            count *= length or _number(die, "DW_AT_count")
    return count


def _origin(die: Any, attribute: str) -> Any:
    """The DIE that has an attribute: this one, or the one that it completes."""
    while attribute not in die.attributes:
        for link in ("DW_AT_abstract_origin", "DW_AT_specification"):
            if link in die.attributes:
                die = die.get_DIE_from_attribute(link)
                break
        else:
            return die
    return die


def _referred(die: Any, attribute: str) -> Any:
    return die.get_DIE_from_attribute(attribute) if attribute in die.attributes else None


def _name(die: Any) -> str:
    attribute = die.attributes.get("DW_AT_name")
    return os.fsdecode(attribute.value) if attribute else ""


def _number(die: Any, attribute: str) -> int:
    """A number; 0 if there is none, or if a DWARF expression computes it."""
    found = die.attributes.get(attribute)
    return found.value if found and isinstance(found.value, int) else 0
