"""libarchive.py at work: next to Python's zipfile and tarfile, in memory and in pieces."""

import ctypes
import errno
import gc
import io
import stat
import tarfile
import weakref
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import LOCKS_BUFFERS, Missing, Tool, check_binding, let_go

pytest.importorskip("libarchive", exc_type=ImportError)
import libarchive as la

pytestmark = pytest.mark.usefixtures("declared_anew")

FILES = {"a": b"", "näme/b.txt": b"one\0two" * 100, "c": bytes(range(256)) * 300}
FORMATS = ["zip", "pax", "ustar", "cpio", "7zip", "iso9660"]


class Room:
    """Memory in which an archive is written."""

    def __init__(self, size: int = 1_000_000) -> None:
        self.memory = bytearray(size)
        self.used = ctypes.c_size_t()

    def content(self) -> bytes:
        return bytes(self.memory[: self.used.value])


def writer_of(kind: str, room: Room, filter_name: str = "none") -> la.Writer:
    writer = la.archive_write_new()
    la.archive_write_set_format_by_name(writer, kind)
    if filter_name != "none":
        la.archive_write_add_filter_by_name(writer, filter_name)
    la.archive_write_set_bytes_in_last_block(writer, 1)
    la.archive_write_open_memory(writer, room.memory, room.used)
    return writer


def written(files: dict[str, bytes], kind: str, filter_name: str = "none") -> bytes:
    room = Room()
    with writer_of(kind, room, filter_name) as writer:
        for path, data in files.items():
            la.add(writer, path, data)
        la.archive_write_close(writer)
    return room.content()


def files_in(reader: la.Reader) -> dict[str, bytes]:
    return {
        la.archive_entry_pathname_utf8(entry) or "": la.content(reader)
        for entry in la.entries(reader)
        if la.archive_entry_filetype(entry) is la.FileType.AE_IFREG
    }


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    module = Path(__file__).with_name("libarchive.py")
    headers = ("archive.h", "archive_entry.h")
    report, found = check_binding(module, *headers, compiler=tool("g++"), missing=missing)
    assert found == []
    assert report.judged == {"functions": 57, "structs": 0, "fields": 0, "constants": 8}


@pytest.mark.parametrize("kind", FORMATS)
def test_an_archive_is_written_to_memory_and_read_from_it(kind: str) -> None:
    with la.open_reader(written(FILES, kind)) as reader:
        assert files_in(reader) == FILES
        assert la.archive_file_count(reader) >= len(FILES)
        assert la.archive_format_name(reader)


@pytest.mark.parametrize("filter_name", ["gzip", "bzip2", "xz", "zstd", "none"])
def test_filters(filter_name: str) -> None:
    with la.open_reader(written(FILES, "pax", filter_name)) as reader:
        assert files_in(reader) == FILES
        assert la.archive_filter_name(reader, 0) == filter_name
        assert la.archive_filter_count(reader) == 1 + (filter_name != "none")


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.from_regex(r"[a-zü]{1,9}", fullmatch=True), st.binary()))
def test_python_reads_what_is_written(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(written(files, "zip"))) as theirs:
        assert {name: theirs.read(name) for name in theirs.namelist()} == files
    with tarfile.open(fileobj=io.BytesIO(written(files, "pax", "gzip"))) as tar:
        assert [each.name for each in tar] == [*files]


def test_what_python_writes_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as theirs:
        for name, data in FILES.items():
            theirs.writestr(name, data)
    with la.open_reader(file.getvalue()) as reader:
        assert files_in(reader) == FILES


def test_the_memory_is_kept_until_the_reader_is_closed() -> None:
    data = bytearray(written(FILES, "pax"))
    reader = la.open_reader(data)
    if LOCKS_BUFFERS:
        with pytest.raises(BufferError):
            data.clear()
    gc.collect()
    assert files_in(reader) == FILES
    reader.close()
    data.clear()
    reader = la.open_reader(written(FILES, "pax"))  # nothing else refers to it
    gc.collect()
    noise = [bytearray(b"x" * 10_000) for _ in range(50)]
    assert files_in(reader) == FILES
    assert noise


def test_the_room_is_kept_while_it_is_written() -> None:
    room = Room()
    writer = writer_of("zip", room)
    la.add(writer, "a", b"content")
    assert room.used.value == 0, "libarchive writes whole blocks"
    if LOCKS_BUFFERS:
        with pytest.raises(BufferError):
            room.memory.clear()
    memory, used = room.memory, weakref.ref(room.used)
    del room
    gc.collect()
    number = used()
    assert number is not None, "C stores the number of bytes there when it closes"
    la.archive_write_free(writer)
    assert 0 < number.value < len(memory)
    with la.open_reader(memory[: number.value]) as reader:
        assert files_in(reader) == {"a": b"content"}
    memory.clear()


def test_errors_have_the_words_of_the_library() -> None:
    room = Room(100)
    writer = writer_of("pax", room)
    with pytest.raises(la.Error, match=r"^archive_write_data\(\): Buffer exhausted$") as caught:
        la.add(writer, "large", FILES["c"])
    assert (caught.value.code, caught.value.errno) == (la.ARCHIVE_FATAL, errno.ENOMEM)
    with pytest.raises(la.Error, match=r"^archive_write_free\(\) failed"):
        writer.close()
    with pytest.raises(
        la.Error, match=r"^archive_write_set_format_by_name\(\): No such format"
    ):
        la.archive_write_set_format_by_name(la.archive_write_new(), "none")
    reader = la.archive_read_new()
    with pytest.raises(la.Error, match=r"No formats registered$"):
        la.archive_read_open_memory(reader, b"")
    with pytest.raises(la.Error, match=r"^archive_read_open_memory\(\): Unrecognized archive"):
        la.open_reader(b"this is no archive" * 100)


def test_a_writer_that_cannot_end_its_archive_is_closed() -> None:
    """The last block is written then, and a second call would free the writer again."""
    room = Room(100)
    writer = writer_of("pax", room)
    la.add(writer, "a", b"content")
    with pytest.raises(la.Error, match=r"^archive_write_free\(\) failed") as caught:
        la.archive_write_free(writer)
    assert caught.value.code == la.ARCHIVE_FATAL
    assert writer.closed
    writer.close()
    room.memory.clear()


def test_damaged_archives() -> None:
    data = bytearray(written(FILES, "pax", "gzip"))
    with pytest.raises(la.Error, match=r"truncated gzip input$") as caught:
        files_in(la.open_reader(data[: len(data) // 2]))
    assert caught.value.code == la.ARCHIVE_FATAL


def test_the_end_is_told() -> None:
    reader = la.open_reader(written({"a": b"1"}, "cpio"))
    assert la.archive_read_next_header(reader) is not None
    assert la.archive_read_data_skip(reader) is la.Status.ARCHIVE_OK
    assert la.archive_read_next_header(reader) is None
    assert la.archive_read_close(reader) is la.Status.ARCHIVE_OK


def test_an_entry_is_borrowed_and_the_same_each_time() -> None:
    reader = la.open_reader(written({"a": b"1", "b": b"22"}, "zip"))
    first, second = (la.archive_read_next_header(reader) for _ in range(2))
    assert first is second
    assert second is not None
    copy = la.archive_entry_clone(second)
    with pytest.raises(ValueError, match="C's to close: it is borrowed"):
        la.archive_entry_free(second)
    reader.close()
    with pytest.raises(ValueError, match=r"'entry' \(Entry \*\) is closed$"):
        la.archive_entry_size(second)
    assert la.archive_entry_pathname_utf8(copy) == "b"


def test_what_an_entry_tells() -> None:
    entry = la.archive_entry_new()
    assert la.archive_entry_pathname_utf8(entry) is None
    assert not la.archive_entry_size_is_set(entry)
    la.archive_entry_set_pathname_utf8(entry, "lïnk")
    la.archive_entry_set_filetype(entry, la.FileType.AE_IFLNK)
    la.archive_entry_set_symlink_utf8(entry, "target")
    la.archive_entry_set_perm(entry, 0o750)
    la.archive_entry_set_mtime(entry, 1_700_000_000, 5)
    la.archive_entry_xattr_add_entry(entry, "user.one", b"a\0b")
    la.archive_entry_xattr_add_entry(entry, "user.two", b"")
    room = Room()
    with writer_of("pax", room) as writer:
        la.archive_write_header(writer, entry)
        la.archive_write_finish_entry(writer)
        la.archive_write_close(writer)
    with la.open_reader(room.content()) as reader:
        for each in la.entries(reader):
            assert la.archive_entry_filetype(each) is la.FileType.AE_IFLNK
            assert la.archive_entry_symlink_utf8(each) == "target"
            assert la.archive_entry_perm(each) == 0o750
            assert la.archive_entry_mtime(each) == 1_700_000_000
            assert la.archive_entry_strmode(each) == stat.filemode(0o120750) + " "
            assert la.attributes(each) == {"user.one": b"a\0b", "user.two": b""}
    assert la.archive_entry_clear(entry) is entry, "C returns its argument"
    assert la.archive_entry_pathname_utf8(entry) is None
    entry.close()


def test_blocks_and_their_offsets() -> None:
    with la.open_reader(written(FILES, "zip")) as reader:
        for entry in la.entries(reader):
            whole = bytearray(la.archive_entry_size(entry))
            for offset, data in la.blocks(reader):
                whole[offset : offset + len(data)] = data
            assert whole == FILES[la.archive_entry_pathname_utf8(entry) or ""]


def test_encrypted_files() -> None:
    room = Room()
    writer = la.archive_write_new()
    la.archive_write_set_format_by_name(writer, "zip")
    la.archive_write_set_options(writer, "zip:encryption=aes256")
    la.archive_write_set_passphrase(writer, "pässword")
    la.archive_write_open_memory(writer, room.memory, room.used)
    la.add(writer, "secret", b"its content")
    la.archive_write_close(writer)
    with la.open_reader(room.content()) as reader:
        la.archive_read_next_header(reader)
        with pytest.raises(la.Error, match=r"^archive_read_data\(\): Passphrase required"):
            la.content(reader)
    reader = la.archive_read_new()
    la.archive_read_support_format_all(reader)
    la.archive_read_add_passphrase(reader, "pässword")
    la.archive_read_open_memory(reader, room.content())
    la.archive_read_next_header(reader)
    assert la.content(reader) == b"its content"


def test_files_and_their_paths(tmp_path: Path) -> None:
    path = tmp_path / "ärchive.tar.gz"
    writer = la.archive_write_new()
    la.archive_write_set_format_by_name(writer, "pax")
    la.archive_write_add_filter_by_name(writer, "gzip")
    la.archive_write_open_filename(writer, path)
    la.add(writer, "a", b"content", 0o600)
    assert la.archive_write_free(writer) == 0
    with tarfile.open(path) as tar:
        assert tar.getmembers()[0].mode == 0o600
    reader = la.archive_read_new()
    la.archive_read_support_filter_all(reader)
    la.archive_read_support_format_raw(reader)
    la.archive_read_open_filename(reader, path, 512)
    la.archive_read_next_header(reader)
    assert len(la.content(reader)) % 512 == 0, "the tar file itself"
    with pytest.raises(la.Error, match=r"Failed to open '.*/none'") as caught:
        la.archive_read_open_filename(la.archive_read_new(), tmp_path / "none", 512)
    assert caught.value.errno == errno.ENOENT


def test_callbacks_write_and_read() -> None:
    pieces: list[bytes] = []
    events: list[str] = []

    def note(event: str) -> Callable[[la.Archive, int | None], int]:
        def function(archive: la.Archive, _: int | None) -> int:
            events.append(event)
            return 0

        return function

    def write(archive: la.Archive, _: int | None, data: memoryview, size: int) -> int:
        assert archive is writer or writer.closed, "the last pieces come when it is closed"
        pieces.append(bytes(data))
        return size

    writer = la.archive_write_new()
    la.archive_write_set_format_by_name(writer, "pax")
    la.archive_write_open2(writer, None, note("open"), write, note("close"), note("free"))
    for path, data in FILES.items():
        la.add(writer, path, data)
    gc.collect()
    writer.close()
    assert events == ["open", "close", "free"]
    assert len(pieces) > 5
    remaining = iter(pieces)

    def source(archive: la.Archive, user_data: int | None) -> bytes:
        return next(remaining, b"")

    kept = weakref.ref(source)
    reader = la.archive_read_new()
    la.archive_read_support_format_all(reader)
    la.archive_read_open(reader, None, None, source, note("read"))
    del source
    gc.collect()
    assert files_in(reader) == FILES
    assert kept() is not None
    reader.close()
    let_go()
    assert kept() is None
    assert events[3:] == ["read"]


def test_exceptions_of_callbacks() -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("here")

    writer = la.archive_write_new()
    la.archive_write_set_format_by_name(writer, "pax")
    la.archive_write_open2(writer, None, None, fail, None, None)
    with pytest.raises(ZeroDivisionError, match=r"^here$"):
        la.add(writer, "large", FILES["c"])
    with pytest.raises(ZeroDivisionError, match=r"^here$"):
        writer.close()  # which writes the rest
    assert writer.closed
    reader = la.archive_read_new()
    la.archive_read_support_format_all(reader)
    with pytest.raises(ZeroDivisionError, match=r"^here$"):
        la.archive_read_open(reader, None, None, fail, None)


def test_a_writer_is_no_reader() -> None:
    writer: Any = la.archive_write_new()
    with pytest.raises(
        TypeError, match=r"'archive' \(Reader \*\) must be a Reader, not Writer"
    ):
        la.archive_read_free(writer)
    la.archive_write_free(writer)
    with pytest.raises(ValueError, match=r"'archive' \(Archive \*\) is closed$"):
        la.archive_errno(writer)
