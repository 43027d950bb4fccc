"""Whether an ELF file is complete: the system's loader does not check it, and crashes.

An interrupted copy ends too early (SIGBUS), or in zeros if its space was reserved (SIGSEGV).

Sources: the System V gABI, chapter 4 (ELF header, section header) and 5 (program header,
dynamic section); ld.so(8) for the search of dependencies.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_NEEDED, _DT_RPATH, _DT_RUNPATH = 0, 1, 15, 29
_DT_STRTAB, _DT_SYMTAB = 5, 6

# How many bytes from the start cannot all be zeros: of DT_HASH, DT_GNU_HASH, DT_RELA, DT_INIT
# and DT_FINI; of DT_STRTAB and DT_SYMTAB, whose first entry is empty (as DT_REL's is by the
# MIPS ABI).
_BEGINNINGS = {4: 8, 0x6FFFFEF5: 8, 7: 16, 12: 4, 13: 4, _DT_STRTAB: 16, _DT_SYMTAB: 48}

_AGAIN = "copy or install it again"
_CUT_OFF = f"the file is cut off: {_AGAIN}"
_ZEROS = f"there are zeros where it should have content: {_AGAIN}"
_LONGEST_NAME = 4096  # PATH_MAX
_READ_AHEAD = 1 << 16  # all of a small library


class _DamagedError(Exception):
    """The message says how."""


def damage(path: str) -> str | None:
    """Why the library ``path`` or a dependency cannot be loaded; None: nothing was found.

    Dependencies are looked for in its search path and LD_LIBRARY_PATH, not among the system's
    libraries. Missing files and other formats are left to the system's loader. Raises OSError
    if ``path`` cannot be read.
    """
    waiting: list[tuple[str, list[str]]] = [(path, [])]
    seen = {path}
    while waiting:
        library, inherited = waiting.pop()
        try:
            needed, rpath = _needed_files(library, inherited)
        except _DamagedError as reason:
            if library == path:
                return str(reason)
            return f"a library that it depends on is damaged: {library}: {reason}"
        except FileNotFoundError:
            continue
        except OSError:
            if library == path:
                raise
            continue
        waiting += [(each, rpath) for each in needed if each not in seen]
        seen.update(needed)
    return None


def _needed_files(path: str, inherited: list[str]) -> tuple[list[str], list[str]]:
    """The files of the dependencies of ``path``, if known, and the folders for theirs.

    ``inherited`` are the folders in the DT_RPATH of the libraries that need ``path``.
    """
    with open(path, "rb", _READ_AHEAD) as file:
        head = file.read(64)
        if head[:4] != b"\x7fELF":
            return [], []
        image = _Image(head, file)
        names = image.strings(_DT_NEEDED)
        if not names:
            return [], []
        if not all(names):
            raise _DamagedError(_ZEROS)
        rpath, runpath = (
            [folder for text in image.strings(tag) for folder in _folders(text, path)]
            for tag in (_DT_RPATH, _DT_RUNPATH)
        )
    rpath += inherited
    environment = _folders(os.environ.get("LD_LIBRARY_PATH", "").replace(";", ":"), path)
    folders = [*([] if runpath else rpath), *environment, *runpath]
    found: list[str] = []
    for name in names:
        paths = [name] if "/" in name else [os.path.join(each, name) for each in folders]
        found += [each for each in paths if os.path.isfile(each)][:1]
    return found, rpath


def _folders(text: str, path: str) -> list[str]:
    # Inserted last: it may have a colon or $ORIGIN in it.
    origin = os.path.dirname(path)
    folders = text.replace("${ORIGIN}", "$ORIGIN").split(":")
    return [origin.join(folder.split("$ORIGIN")) for folder in folders if folder]


class _Image:
    """An ELF file with complete headers, or _DamagedError."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        try:
            self._wide, self._order = head[4] == 2, ">" if head[5] == 2 else "<"
            # e_phoff and e_shoff; e_phentsize, e_phnum, e_shentsize and e_shnum
            form, at = ("QQ6x4H", 32) if self._wide else ("II6x4H", 28)
            program, sections, *sizes = struct.unpack_from(self._order + form, head, at)
        except (struct.error, IndexError):
            raise _DamagedError(_CUT_OFF) from None
        self._segments = self._read_segments(program, *sizes[:2])
        self._refuse_zeros_at_the_end(sections, *sizes[2:])
        self._dynamic = self._read_dynamic()
        self._tables = dict(self._dynamic)
        if any(kind == _PT_DYNAMIC for kind, *_ in self._segments):
            self._refuse_empty_tables()

    def strings(self, tag: int) -> list[str]:
        places = [value for each, value in self._dynamic if each == tag]
        if not places:
            return []
        start = self._offset(_DT_STRTAB)
        return [self._read_name(start + place) for place in places]

    def _read_name(self, offset: int) -> str:
        name = self._read(offset, min(_LONGEST_NAME, max(self._size - offset, 1)))
        return os.fsdecode(name.partition(b"\0")[0])

    def _read(self, offset: int, size: int) -> bytes:
        if offset + size > self._size:
            raise _DamagedError(_CUT_OFF)
        self._file.seek(offset)
        return self._file.read(size)

    def _read_segments(self, offset: int, size: int, count: int) -> list[tuple[int, ...]]:
        """The p_type, p_offset, p_vaddr and p_filesz of each segment."""
        form = struct.Struct(self._order + ("I4xQQ8xQ16x" if self._wide else "III4xI12x"))
        if count and size != form.size:
            raise _DamagedError(f"its program headers have {size} bytes each: {_AGAIN}")
        segments = [*form.iter_unpack(self._read(offset, form.size * count))]
        if any(offset + length > self._size for _, offset, _, length in segments):
            raise _DamagedError(_CUT_OFF)
        return segments

    def _refuse_zeros_at_the_end(self, offset: int, size: int, count: int) -> None:
        """Look at the last section header, which linkers and strip write last."""
        end = offset + size * count
        if not offset or end == offset or end > self._size:
            return  # optional
        if not any(self._read(end - size, size)):
            raise _DamagedError(_ZEROS)

    def _read_dynamic(self) -> list[tuple[int, int]]:
        """The tags and values, if any."""
        form = struct.Struct(self._order + ("QQ" if self._wide else "II"))
        found = [each for each in self._segments if each[0] == _PT_DYNAMIC]
        if not found:
            return []
        _, offset, _, length = found[0]
        entries = [*form.iter_unpack(self._read(offset, length - length % form.size))]
        tags = [tag for tag, _ in entries]
        if _DT_NULL not in tags:
            raise _DamagedError(f"its dynamic section has no end: {_AGAIN}")
        return entries[: tags.index(_DT_NULL)]

    def _refuse_empty_tables(self) -> None:
        if not {_DT_STRTAB, _DT_SYMTAB} <= self._tables.keys():
            raise _DamagedError(_ZEROS)
        for tag in self._tables.keys() & _BEGINNINGS.keys():
            if not any(self._read(self._offset(tag), _BEGINNINGS[tag])):
                raise _DamagedError(_ZEROS)

    def _offset(self, tag: int) -> int:
        """The offset of a table in the file."""
        address = self._tables[tag]
        for kind, offset, start, length in self._segments:
            if kind == _PT_LOAD and start <= address < start + length:
                return offset + address - start
        raise _DamagedError(f"its dynamic section leads out of it: {_AGAIN}")
