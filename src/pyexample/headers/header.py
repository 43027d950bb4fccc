"""The declarations of some headers, by name, and whether they are the headers' own."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .c_model import (
    Array,
    Declaration,
    Field,
    Function,
    Record,
    Unit,
    behind,
    record_of,
    resolve,
)
from .c_parser import read


@dataclass
class Member:
    """A field of a record, or one of an anonymous record in it.

    Attributes:
        is_alternative: whether it is a member of an anonymous union.
    """

    field: Field
    is_alternative: bool = False

    @property
    def is_flexible(self) -> bool:
        """Whether it is a flexible array, one without a length."""
        whole = resolve(self.field.type)
        return isinstance(whole, Array) and whole.length in ("", "0")


class Header:
    """The names that some headers declare.

    Attributes:
        unit: everything that they and the headers included by them declare.
        files: the headers themselves, and those of their library that they include.
        identifiers: every name that occurs.
        constants: names in these files that may be constants. Names of other libraries or
            the system are left out: a binding does not mean the system's LITTLE_ENDIAN.
        functions: functions that the headers declare without defining them, by name.
        records: structs and unions with their C++ names, by tag or name.
    """

    def __init__(self, unit: Unit, headers: Iterable[str]) -> None:
        self.unit = unit
        self._headers = list(headers)
        self.functions: dict[str, Function] = {
            each.name: each
            for each in unit.functions.values()
            if not (each.has_body or each.is_static)
        }
        self.identifiers: set[str] = set().union(*unit.names.values())
        files = {*unit.names, *(each.file for each in unit.macros.values())}
        self.files = theirs = _those_of(self._headers, files, unit.system)
        self.constants: set[str] = set().union(*(unit.names.get(file, ()) for file in theirs))
        self.constants |= {each.name for each in unit.macros.values() if each.file in theirs}
        self.records: dict[str, tuple[str, Record]] = {}
        for each in unit.records:
            if each.tag:
                path = path_of(each)
                self.records[each.tag] = (f"{each.keyword} {path}" if path else "", each)
                if path:
                    self.records[path] = self.records[each.tag]
        for typedef in unit.typedefs.values():
            if record := record_of(typedef.type):
                self.records.setdefault(typedef.name, (typedef.name, record))

    def with_inner_ones_outside(self) -> "Header":
        """This header, after structs defined within others were moved before them."""
        for each in self.unit.records:
            if each.file not in self.unit.system and each.tag:
                each.outer = None
        return Header(self.unit, self._headers)

    def is_unread(self, record: Record) -> bool:
        """Whether the headers define a record, but its definition could not be parsed."""
        names = {record.tag, record.alias} - {""}
        return any(each.name in names for each in self.unit.refusals)

    def declares(self, declaration: Declaration) -> bool:
        """Whether a declaration is in one of the headers, not in one they include."""
        return declaration.file in self.files and _is_one_of(declaration.file, self._headers)

    def is_own(self, name: str) -> bool:
        """Whether a name belongs to the headers' library, not only to the system."""
        return name in self.constants

    def record_like(self, name: str) -> str | None:
        """The C++ name of the struct of that name, or of the only one with a similar name."""
        if name in self.records:
            return self.records[name][0]
        wanted = _normal(name)
        found = [each for key, each in self.records.items() if _normal(key) == wanted]
        return found[0][0] if len({record for _, record in found}) == 1 else None

    def record(self, spelling: str) -> Record | None:
        """The record with that C++ name: "struct s", a typedef's name, or "s::field"."""
        name, *fields = spelling.rpartition(" ")[2].split("::")
        _, record = self.records.get(name, ("", None))
        for each in fields:
            member = self.members_of(record).get(each) if record else None
            name = f"{name}::{each}"
            found = record_of(behind(resolve(member.field.type))) if member else None
            record = found or self.records.get(name, ("", None))[1]
        return record

    def members(self, spelling: str) -> dict[str, Member]:
        """The members of a struct by name; empty if they are not known."""
        record = self.record(spelling)
        return self.members_of(record) if record else {}

    def members_of(self, record: Record) -> dict[str, Member]:
        """The members of a record by name, including those of anonymous records in it."""
        found: dict[str, Member] = {}
        for each in record.fields or ():
            if each.name:
                found[each.name] = Member(each)
            elif inner := record_of(each.type):
                for name, member in self.members_of(inner).items():
                    is_alternative = member.is_alternative or inner.keyword == "union"
                    found[name] = Member(member.field, is_alternative)
        return found


def scan(preprocessed: str, own: str, headers: Iterable[str]) -> Header:
    """Parse the output of ``Compiler.preprocess``, except for the file ``own``."""
    return Header(read(preprocessed, own), headers)


def path_of(record: Record) -> str:
    """The C++ name of a record, within the one that defines it; "" if it has none."""
    name = record.tag or record.alias
    if record.outer is None or not name:
        return name
    outer = path_of(record.outer)
    return f"{outer}::{name}" if outer else ""


def _normal(name: str) -> str:
    name = name.lower().strip("_").removeprefix("struct_").removeprefix("union_")
    return name.removesuffix("_t").replace("_", "")


def files_of(preprocessed: str, headers: Iterable[str]) -> set[str]:
    """The headers themselves, and those of their library that they include."""
    marks = re.findall(r'^#(?:line)? \d+ "([^"\n]*)"(.*)', preprocessed, re.MULTILINE)
    system = {file for file, flags in marks if "3" in flags.split()}
    return _those_of(headers, {file for file, _ in marks}, system)


def _those_of(headers: Iterable[str], files: set[str], system: set[str]) -> set[str]:
    """The files of the headers' library. Files of the system count only beside them."""
    named: set[str] = set()
    for header in headers:
        found = {file for file in files if _is_one_of(file, [header])}
        # The system's <sys/stat.h> ends like a header stat.h of one's own, too; and for time.h,
        # which is the system's, there is bits/types/time.h, whose path is longer.
        named |= (found - system) or {*sorted(found, key=_length_of_path)[:1]}
    folders = {os.path.dirname(file) for file in named}
    stems = {os.path.splitext(file)[0] for file in named}
    folders |= stems  # git2.h includes git2/*.h
    siblings = tuple(f"{stem}{mark}" for stem in stems for mark in "_-")  # z3.h: z3_api.h
    return {
        file
        for file in files
        if file not in system
        or _is_within(file, folders)
        or file in named
        or file.startswith(siblings)
    }


def _length_of_path(file: str) -> tuple[int, str]:
    return file.count("/"), file


def _is_within(file: str, folders: Iterable[str]) -> bool:
    """Whether a file is in one of these folders, except those of all headers."""
    return any(file.startswith(f"{each}/") for each in folders if not _COMMON.search(each))


# Debian's has a folder for each processor, include/x86_64-linux-gnu.
_COMMON = re.compile(r"^$|(^|/)include(/[^/]+-linux-[^/]+)?$")


def _is_one_of(file: str, headers: Iterable[str]) -> bool:
    file = file.replace("\\\\", "/").replace("\\", "/")
    return any(
        f"/{each}".endswith(f"/{os.path.normpath(header).replace(os.sep, '/').lstrip('./')}")
        for header in headers
        for each in (file, _link_to(file, header))
    )


def _link_to(file: str, header: str) -> str:
    """The link beside a file by which a header is included; or "".

    GCC names the file where the link leads: <ncurses.h> is curses.h.
    """
    link = os.path.join(os.path.dirname(file), os.path.basename(header))
    return link if os.path.islink(link) and os.path.realpath(link) == file else ""
