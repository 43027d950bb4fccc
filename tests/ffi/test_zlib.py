"""zlib as examples/ binds it, next to Python's own module."""

import gc
import random
import re
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT

sys.path.append(str(ROOT / "examples"))
pytest.importorskip("zlib_streams", exc_type=ImportError)
import zlib_streams
from zlib_streams import Error, adler32, compress, crc32, decompress

PIECES = st.lists(st.binary(max_size=200) | st.just(b"x" * 5000), max_size=8)
LARGE = random.Random(7).randbytes(300_000) + bytes(2_000_000)  # noqa: S311


@settings(deadline=None)
@given(st.binary(), st.integers(0, 2**32 - 1))
def test_checksums(data: bytes, start: int) -> None:
    assert crc32(data) == zlib.crc32(data)
    assert adler32(data) == zlib.adler32(data)
    assert crc32(data, start) == zlib.crc32(data, start)


def test_checksums_of_large_data_and_their_ranges() -> None:
    assert crc32(LARGE) == zlib.crc32(LARGE)
    assert adler32(LARGE, 7) == zlib.adler32(LARGE, 7)
    for start in (-1, 2**32):
        with pytest.raises(OverflowError, match=r"^crc32_z\(\) parameter 'start' .*"):
            crc32(b"", start)
    with pytest.raises(TypeError, match="must be a buffer, not str"):
        crc32("text")  # type: ignore[arg-type]


@settings(deadline=None)
@given(PIECES, st.integers(-1, 9))
def test_streams(pieces: list[bytes], level: int) -> None:
    data = b"".join(pieces)
    compressed = [*compress(pieces, level)]
    assert zlib.decompress(b"".join(compressed)) == data
    assert b"".join(decompress(compressed)) == data
    whole = zlib.compress(data)
    single = [whole[at : at + 1] for at in range(len(whole))]
    assert b"".join(decompress(single)) == data


def test_large_streams() -> None:
    compressed = b"".join(compress([LARGE]))
    assert zlib.decompress(compressed) == LARGE
    made = [*decompress([compressed])]
    assert b"".join(made) == LARGE
    assert max(map(len, made)) == 65536


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=500), st.data())
def test_damaged_or_cut_off(content: bytes, data: st.DataObject) -> None:
    whole = zlib.compress(content)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Error, match="the compressed data is cut off"):
        [*decompress([whole[:cut]])]
    at, bit = data.draw(st.integers(0, len(whole) - 1)), 1 << data.draw(st.integers(0, 7))
    damaged = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    decompressor = zlib.decompressobj()
    try:
        expected = decompressor.decompress(damaged) + decompressor.flush()
    except zlib.error as error:
        said = str(error).partition(": ")[2]  # by zlib itself
        with pytest.raises(Error, match=re.escape(said)):
            [*decompress([damaged])]
    else:
        if decompressor.eof:
            assert b"".join(decompress([damaged])) == expected
        else:
            with pytest.raises(Error, match="cut off"):
                [*decompress([damaged])]


def test_what_follows_the_end_is_left() -> None:
    whole = zlib.compress(b"data")
    assert b"".join(decompress([whole + b"more", b"and more"])) == b"data"


def test_wrong_levels() -> None:
    for level in (-2, 10):
        with pytest.raises(Error, match=r"^deflateInit2_\(\): failed \(zlib error -2\)$"):
            [*compress([b""], level)]


def test_memory_is_flat_where_streams_are_given_up() -> None:
    import resource

    compressed = zlib.compress(bytes(100_000))

    def run(times: int) -> int:
        for _ in range(times):
            for stream in (compress([LARGE[:100_000]]), decompress([compressed])):
                next(stream)
                stream.close()  # type: ignore[attr-defined]
            with pytest.raises(Error):
                [*decompress([b"x"])]
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = run(50)
    assert run(200) - before < 4_000  # KiB: a stream that is not ended has 40, or 260


def test_the_struct_is_as_it_is_in_c() -> None:
    stream = zlib_streams.Stream()
    with pytest.raises(OverflowError, match=r"^Stream.avail_in \(uint32_t\) must be in 0"):
        stream.avail_in = 2**32
    assert repr(stream).startswith("Stream(next_in=None, ")
    # deflateInit2_ is told the size, and refuses another one.
    assert b"".join(compress([b""])) == zlib.compress(b"")
