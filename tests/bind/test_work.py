"""Real work through generated bindings, with nothing by hand but a spec of a few lines."""

import importlib.util
import io
import random
import struct
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from headers_to_bind import QUICK, SLOW
from support import Missing

from pyexample.bind import CannotJudgeError
from pyexample.ffi import LibraryLoadError
from pyexample.generate.spec import read

SPECS = Path(__file__).parent / "specs"
_loaded: dict[str, Any] = {}


def binding_of(name: str, folder: Path, missing: Missing) -> Any:
    """The module that is written with the spec of that name."""
    if name not in _loaded:
        corpus = next(each for each in (*QUICK, *SLOW) if each.name == name)
        try:
            made = corpus.bound(read(str(SPECS / f"{name}.toml")))
        except CannotJudgeError as error:
            if "was not found" in str(error):
                missing(f"{corpus.package} is not installed")
            raise
        file = folder / f"bound_{name}.py"
        file.write_text(made.text)
        found = importlib.util.spec_from_file_location(file.stem, file)
        assert found is not None
        assert found.loader is not None
        module = sys.modules[file.stem] = importlib.util.module_from_spec(found)
        try:
            found.loader.exec_module(module)
        except LibraryLoadError as error:
            missing(str(error))
        _loaded[name] = module
    return _loaded[name]


@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.toml")), ids=lambda it: it.stem)
def test_a_spec_is_short(spec: Path) -> None:
    lines = [each for each in spec.read_text().splitlines() if each and each[0] != "["]
    assert len(lines) <= 15


@pytest.mark.slow
def test_zstd_compresses(tmp_path: Path, missing: Missing) -> None:
    zstd = binding_of("zstd", tmp_path, missing)
    data = bytes(random.Random(1).choices(range(16), k=100_000))  # noqa: S311
    room = bytearray(zstd.ZSTD_compressBound(len(data)))
    size = zstd.ZSTD_compress(room, data, zstd.ZSTD_CLEVEL_DEFAULT)
    assert size < len(data)
    frame = bytes(room[:size])
    assert zstd.ZSTD_getFrameContentSize(frame) == len(data)
    back = bytearray(len(data))
    assert zstd.ZSTD_decompress(back, frame) == len(data)
    assert back == data
    with zstd.ZSTD_createCCtx() as context:
        level = zstd.ZSTD_cParameter.ZSTD_c_compressionLevel
        zstd.ZSTD_CCtx_setParameter(context, level, 19)
        assert zstd.ZSTD_compress2(context, room, data) < size
        with pytest.raises(zstd.Error, match="Parameter is out of bound"):
            zstd.ZSTD_CCtx_setParameter(context, zstd.ZSTD_cParameter.ZSTD_c_windowLog, 1000)
    with pytest.raises(zstd.Error, match=r"ZSTD_decompress\(\): Unknown frame descriptor"):
        zstd.ZSTD_decompress(back, b"nonsense" * 9)
    with pytest.raises(ValueError, match="is closed"):
        zstd.ZSTD_compress2(context, room, data)


@pytest.mark.slow
def test_expat_parses(tmp_path: Path, missing: Missing) -> None:
    expat = binding_of("expat", tmp_path, missing)
    found: list[str] = []
    with expat.XML_ParserCreate(None) as parser:
        expat.XML_SetElementHandler(
            parser,
            lambda data, name, attributes: data.append(f"<{name} {attributes}>"),
            lambda data, name: found.append(f"</{name}>"),
        )
        expat.XML_SetCharacterDataHandler(
            parser, lambda data, text, length: found.append(bytes(text).decode())
        )
        expat.XML_SetUserData(parser, found)
        expat.XML_Parse(parser, b"<a x='1'>one<b/>", 0)
        expat.XML_Parse(parser, b"two</a>", 1)
    assert found == ["<a ['x', '1']>", "one", "<b []>", "</b>", "two", "</a>"]
    with expat.XML_ParserCreate(None) as parser:
        with pytest.raises(expat.Error, match="mismatched tag") as caught:
            expat.XML_Parse(parser, b"<a><b></a>", 1)
        assert caught.value.code == expat.XML_Error.XML_ERROR_TAG_MISMATCH
        assert expat.XML_GetCurrentLineNumber(parser) == 1


@pytest.mark.slow
def test_sqlite_queries(tmp_path: Path, missing: Missing) -> None:
    sqlite = binding_of("sqlite3", tmp_path, missing)
    database = sqlite.sqlite3_open(":memory:")
    changed: list[str] = []
    sqlite.sqlite3_update_hook(
        database, lambda data, code, schema, table, row: data.append(table), changed
    )
    sqlite.sqlite3_exec(database, "create table facts (number, name)")
    insert = sqlite.sqlite3_prepare_v2(database, b"insert into facts values (?, ?)")
    for number, name in ((1, "one"), (2, "zwei")):
        sqlite.sqlite3_bind_int(insert, 1, number)
        sqlite.sqlite3_bind_text(insert, 2, name)
        assert sqlite.sqlite3_step(insert) == sqlite.SQLITE_DONE
        sqlite.sqlite3_reset(insert)
    query = sqlite.sqlite3_prepare_v2(database, b"select * from facts order by number")
    assert changed == ["facts", "facts"]
    rows: list[tuple[int, str]] = []
    while sqlite.sqlite3_step(query) == sqlite.SQLITE_ROW:
        row = sqlite.sqlite3_column_int(query, 0), sqlite.sqlite3_column_text(query, 1)
        rows.append(row)
    assert rows == [(1, "one"), (2, "zwei")]
    with pytest.raises(sqlite.Error, match=r"sqlite3_exec\(\): SQL logic error"):
        sqlite.sqlite3_exec(database, "nonsense")
    database.close()  # and the statements before it
    assert [insert.closed, query.closed] == [True, True]


@pytest.mark.slow
def test_libarchive_reads(tmp_path: Path, missing: Missing) -> None:
    archive = binding_of("archive", tmp_path, missing)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in (("a.txt", b"hello"), ("b/c.bin", bytes(1000))):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    found: dict[str, bytes] = {}
    with archive.archive_read_new() as reader:
        archive.archive_read_support_filter_all(reader)
        archive.archive_read_support_format_all(reader)
        archive.archive_read_open_memory(reader, packed.getvalue())
        while entry := archive.archive_read_next_header(reader):
            room = bytearray(archive.archive_entry_size(entry))
            assert archive.archive_read_data(reader, room) == len(room)
            found[archive.archive_entry_pathname(entry)] = bytes(room)
    assert found == {"a.txt": b"hello", "b/c.bin": bytes(1000)}
    with archive.archive_read_new() as reader:
        archive.archive_read_support_format_all(reader)
        with pytest.raises(archive.Error, match="Unrecognized archive format"):
            archive.archive_read_open_memory(reader, b"no archive" * 99)


def png(width: int, height: int) -> bytes:
    """A picture, as the specification of PNG has it: each row one brighter than the last."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(b"\0" + bytes([row] * width) for row in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.slow
def test_libpng_decodes(tmp_path: Path, missing: Missing) -> None:
    library = binding_of("png", tmp_path, missing)
    picture, data = library.png_image(), png(5, 3)
    picture.version = library.PNG_IMAGE_VERSION
    library.png_image_begin_read_from_memory(picture, data)
    assert (picture.width, picture.height) == (5, 3)
    picture.format = library.PNG_FORMAT_GRAY
    room = bytearray(15)
    library.png_image_finish_read(picture, room, 0)
    assert room == bytes([0] * 5 + [1] * 5 + [2] * 5)
    with pytest.raises(library.Error):
        library.png_image_begin_read_from_memory(picture, b"no picture")


@pytest.mark.full
def test_portaudio_says_why_it_fails(tmp_path: Path, missing: Missing) -> None:
    portaudio = binding_of("portaudio", tmp_path, missing)
    assert portaudio.Pa_GetSampleSize(0x8) == 2  # paInt16
    with pytest.raises(portaudio.Error, match="Sample format not supported"):
        portaudio.Pa_GetSampleSize(3)
    with pytest.raises(portaudio.Error, match="not initialized"):
        portaudio.Pa_GetDeviceCount()


@pytest.mark.full
def test_hidapi_lists_devices(tmp_path: Path, missing: Missing) -> None:
    hidapi = binding_of("hidapi", tmp_path, missing)
    hidapi.hid_init()
    device = hidapi.hid_enumerate(0, 0)
    while device is not None:
        assert device.path
        device = device.next
    assert hidapi.hid_open_path("/no/such/device") is None
    assert hidapi.hid_error(None) != ""
    hidapi.hid_exit()
