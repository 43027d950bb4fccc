"""libarchive, bound: archives of any format, in memory, in files, through callbacks.

The declarations mirror archive.h and archive_entry.h (https://libarchive.org), and ``pyexample
abi`` proves them. ``entries``, ``content``, ``blocks`` and ``add`` are on top.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import os
from collections.abc import Callable, Iterator
from ctypes import (
    POINTER,
    c_char_p,
    c_int,
    c_int64,
    c_long,
    c_size_t,
    c_ssize_t,
    c_uint,
    c_uint16,
    c_void_p,
)
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    Filled,
    Handle,
    In,
    Keep,
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    Written,
)

FILES = {"linux": "libarchive.so.13", "darwin": "libarchive.13.dylib", "win32": "archive.dll"}
library = Library("archive", __name__, system=FILES)

ARCHIVE_EOF, ARCHIVE_WARN, ARCHIVE_FATAL = 1, -20, -30


class Status(IntEnum):
    """What functions return that succeed, at least in part."""

    ARCHIVE_OK = 0
    ARCHIVE_WARN = -20


class FileType(IntEnum):
    """What an entry is: the upper bits of its mode."""

    AE_IFREG = 0o100000
    AE_IFLNK = 0o120000
    AE_IFDIR = 0o040000


class Error(Exception):
    """What libarchive says of a call that failed, with its code and ``errno``."""

    def __init__(self, code: int, message: str, number: int) -> None:
        super().__init__(message)
        self.code, self.errno = code, number


# fmt: off
class Archive(Handle):
    """``struct archive *``"""
class Reader(Archive):
    """One that ``archive_read_new`` made"""
class Writer(Archive):
    """One that ``archive_write_new`` made"""
class Entry(Handle):
    """``struct archive_entry *``"""
# fmt: on


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    archive = values[0]
    if archive.closed:  # by a function that failed
        return Error(code, f"{function}() failed, and has closed the archive", 0)
    said = archive_error_string(archive)
    return Error(code, f"{function}(): {said or 'failed'}", archive_errno(archive))


def _no_memory(code: Any, function: str, values: tuple[Any, ...]) -> MemoryError:
    return MemoryError(f"{function}() had not enough memory")


hold = library.function(release_gil=False)

Mode = {"nt": c_uint16}.get(os.name, c_uint)
Time = {"nt": c_int64}.get(os.name, c_long)
AnyArchive = Annotated[Archive, c_void_p]
Reading = Annotated[Reader, c_void_p]
Writing = Annotated[Writer, c_void_p]
This = Annotated[Entry, c_void_p]
UserData = Annotated[int | None, c_void_p]
Int = Annotated[int, c_int]
Int64 = Annotated[int, c_int64]
Text = Annotated[str, c_char_p]
TextOrNone = Annotated[str | None, c_char_p]
Path = Annotated[str | os.PathLike[str], c_char_p]
Data = Annotated[Buffer, In(None), Count(c_size_t, "data")]
Done = Annotated[Status, c_int, Raises(_error, unless=Status)]
UnlessAtEnd = Raises(_error, unless=(0, ARCHIVE_WARN), none=(ARCHIVE_EOF,))


# fmt: off
@Callback.failing_with(ARCHIVE_FATAL)
def on_open(archive: AnyArchive, user_data: UserData, /) -> Int: ...
@Callback.failing_with(ARCHIVE_FATAL)
def on_read(  # b"" ends the archive
    archive: AnyArchive,
    user_data: Annotated[int | None, c_void_p, Returned(bytes, In(None), name="block")], /,
) -> Annotated[bytes, c_ssize_t, Written("block")]: ...
@Callback.failing_with(-1)
def on_write(
    archive: AnyArchive, user_data: UserData, data: Annotated[memoryview, In(None, "size")],
    size: Annotated[int, c_size_t], /,
) -> Annotated[int, c_ssize_t]: ...


OnOpen = Annotated[
    Callable[[Archive, int | None], int] | None, on_open, Keep("archive")
]


@library.function
def archive_version_number() -> Int: ...
@library.function
def archive_version_string() -> Text: ...
@hold
def archive_error_string(archive: AnyArchive, /) -> TextOrNone: ...
@hold
def archive_errno(archive: AnyArchive, /) -> Int: ...
@hold
def archive_format_name(archive: AnyArchive, /) -> TextOrNone: ...
@hold
def archive_filter_count(archive: AnyArchive, /) -> Int: ...
@hold
def archive_filter_name(archive: AnyArchive, number: Int, /) -> TextOrNone: ...
@hold
def archive_file_count(archive: AnyArchive, /) -> Int: ...

@library.function
def archive_read_new() -> Annotated[Reader, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def archive_read_free(archive: Annotated[Reader, c_void_p, Closes], /) -> Done: ...
@library.function
def archive_read_support_filter_all(archive: Reading, /) -> Done: ...
@library.function
def archive_read_support_format_all(archive: Reading, /) -> Done: ...
@library.function
def archive_read_support_format_raw(archive: Reading, /) -> Done: ...
@library.function
def archive_read_add_passphrase(archive: Reading, phrase: Text, /) -> Done: ...
@library.function
def archive_read_open_memory(
    archive: Reading, data: Annotated[
        Buffer, In(None), Count(c_size_t, "data"), Keep("archive")
    ], /,
) -> Done: ...
@library.function
def archive_read_open_filename(
    archive: Reading, path: Path, block_size: Annotated[int, c_size_t], /
) -> Done: ...
@library.function
def archive_read_open(
    archive: Reading, user_data: UserData, opened: OnOpen,
    read: Annotated[Callable[[Archive, int | None], bytes], on_read, Keep("archive")],
    closed: OnOpen, /,
) -> Done: ...
@library.function
def archive_read_next_header(  # there is one entry, which is filled anew
    archive: Annotated[Reader, c_void_p, Returned(Entry, c_void_p, Borrowed("archive"))], /
) -> Annotated[Entry | None, c_int, UnlessAtEnd]: ...
@library.function
def archive_read_data(
    archive: Reading, size: Annotated[
        int, Filled(bytes, None, "size", name="data"), c_size_t
    ], /,
) -> Annotated[bytes, c_ssize_t, Raises(_error, when="negative"), Written("data")]: ...
@library.function
def archive_read_data_block(  # and where it belongs
    archive: Annotated[
        Reader, c_void_p, Returned(bytes, In(None), name="block"), Length(c_size_t, "block"),
        Returned(int, c_int64),
    ], /,
) -> Annotated[
    tuple[bytes, int] | None, c_int, UnlessAtEnd
]: ...
@library.function
def archive_read_data_skip(archive: Reading, /) -> Done: ...
@library.function
def archive_read_close(archive: Reading, /) -> Done: ...

@library.function
def archive_write_new() -> Annotated[Writer, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def archive_write_free(archive: Annotated[Writer, c_void_p, Closes], /) -> Done: ...
@library.function
def archive_write_set_format_by_name(archive: Writing, name: Text, /) -> Done: ...
@library.function
def archive_write_add_filter_by_name(archive: Writing, name: Text, /) -> Done: ...
@library.function
def archive_write_set_options(archive: Writing, options: Text, /) -> Done: ...
@library.function
def archive_write_set_passphrase(archive: Writing, phrase: Text, /) -> Done: ...
@library.function
def archive_write_set_bytes_in_last_block(archive: Writing, size: Int, /) -> Done: ...
@library.function
def archive_write_open_memory(  # C stores how much is used there, until it is closed
    archive: Writing,
    room: Annotated[Buffer, Out(None), Count(c_size_t, "room"), Keep("archive")],
    used: Annotated[c_size_t, POINTER(c_size_t), Keep("archive")], /,
) -> Done: ...
@library.function
def archive_write_open_filename(archive: Writing, path: Path, /) -> Done: ...
@library.function
def archive_write_open2(
    archive: Writing, user_data: UserData, opened: OnOpen,
    write: Annotated[
        Callable[[Archive, int | None, memoryview, int], int], on_write, Keep("archive")
    ],
    closed: OnOpen, freed: OnOpen, /,
) -> Done: ...
@library.function
def archive_write_header(archive: Writing, entry: This, /) -> Done: ...
@library.function
def archive_write_data(archive: Writing, data: Data, /) -> Annotated[
    int, c_ssize_t, Raises(_error, when="negative")
]: ...
@library.function
def archive_write_finish_entry(archive: Writing, /) -> Done: ...
@library.function
def archive_write_close(archive: Writing, /) -> Done: ...

@library.function
def archive_entry_new() -> Annotated[Entry, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def archive_entry_free(entry: Annotated[Entry, c_void_p, Closes], /) -> None: ...
@library.function
def archive_entry_clone(entry: This, /) -> Annotated[
    Entry, c_void_p, Owned(independent=True), Raises(_no_memory)
]: ...
@library.function
def archive_entry_clear(entry: This, /) -> Annotated[
    Entry, c_void_p, Borrowed("entry")  # the same
]: ...
@hold
def archive_entry_pathname_utf8(entry: This, /) -> TextOrNone: ...
@hold
def archive_entry_set_pathname_utf8(entry: This, path: TextOrNone, /) -> None: ...
@hold
def archive_entry_symlink_utf8(entry: This, /) -> TextOrNone: ...
@hold
def archive_entry_set_symlink_utf8(entry: This, path: TextOrNone, /) -> None: ...
@hold
def archive_entry_filetype(entry: This, /) -> Annotated[FileType, Mode]: ...
@hold
def archive_entry_set_filetype(entry: This, kind: Annotated[FileType, c_uint], /) -> None: ...
@hold
def archive_entry_perm(entry: This, /) -> Annotated[int, Mode]: ...
@hold
def archive_entry_set_perm(entry: This, mode: Annotated[int, Mode], /) -> None: ...
@hold
def archive_entry_strmode(entry: This, /) -> Text: ...
@hold
def archive_entry_size(entry: This, /) -> Int64: ...
@hold
def archive_entry_size_is_set(entry: This, /) -> Annotated[bool, c_int]: ...
@hold
def archive_entry_set_size(entry: This, size: Int64, /) -> None: ...
@hold
def archive_entry_mtime(entry: This, /) -> Annotated[int, Time]: ...
@hold
def archive_entry_set_mtime(
    entry: This, seconds: Annotated[int, Time], nanoseconds: Annotated[int, c_long], /
) -> None: ...
@library.function
def archive_entry_xattr_add_entry(entry: This, name: Text, data: Data, /) -> None: ...
@hold
def archive_entry_xattr_reset(entry: This, /) -> Int: ...
@hold
def archive_entry_xattr_next(
    entry: Annotated[
        Entry, c_void_p, Returned(str, c_char_p), Returned(bytes, In(None), name="value"),
        Length(c_size_t, "value"),
    ], /,
) -> Annotated[
    tuple[str, bytes] | None, c_int, Raises(_no_memory, none=(ARCHIVE_WARN,))
]: ...
# fmt: on


def entries(reader: Reader) -> Iterator[Entry]:
    """The entries of an archive. Each is the same object, and as it is until the next."""
    while entry := archive_read_next_header(reader):
        yield entry


def content(reader: Reader) -> bytes:
    """What the current entry has."""
    pieces: list[bytes] = []
    while piece := archive_read_data(reader, 65536):
        pieces.append(piece)
    return b"".join(pieces)


def blocks(reader: Reader) -> Iterator[tuple[int, bytes]]:
    """The same, as offsets and blocks, between which a sparse file has holes."""
    while found := archive_read_data_block(reader):
        block, offset = found
        yield offset, block


def attributes(entry: Entry) -> dict[str, bytes]:
    """The extended attributes of an entry."""
    found: dict[str, bytes] = {}
    archive_entry_xattr_reset(entry)
    while attribute := archive_entry_xattr_next(entry):
        name, value = attribute
        found[name] = value
    return found


def add(writer: Writer, path: str, data: bytes, mode: int = 0o644) -> None:
    """Write a file."""
    with archive_entry_new() as entry:
        archive_entry_set_pathname_utf8(entry, path)
        archive_entry_set_filetype(entry, FileType.AE_IFREG)
        archive_entry_set_perm(entry, mode)
        archive_entry_set_size(entry, len(data))
        archive_write_header(writer, entry)
    archive_write_data(writer, data)


def open_reader(data: Buffer) -> Reader:
    """A reader of an archive of any format, in memory."""
    reader = archive_read_new()
    archive_read_support_filter_all(reader)
    archive_read_support_format_all(reader)
    archive_read_open_memory(reader, data)
    return reader
