"""libzstd.py at work: frames, streams and dictionaries, and what is done to them wrongly."""

import gc
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import LOCKS_BUFFERS, Missing, Tool, check_binding, let_go

pytest.importorskip("libzstd", exc_type=ImportError)
import libzstd as zstd

pytestmark = pytest.mark.usefixtures("declared_anew")

PIECES = st.lists(st.binary(max_size=200) | st.just(b"x" * 5000), max_size=8)
LARGE = random.Random(7).randbytes(200_000) + bytes(500_000)  # noqa: S311
MAGIC = bytes.fromhex("28b52ffd")


def sample(number: int) -> bytes:
    words = random.Random(number).choices(["name", "colour", "size", "weight"], k=20)  # noqa: S311
    return "".join(f'{{"{word}": {number}, "of": "record"}}\n' for word in words).encode()


SAMPLES = [sample(number) for number in range(300)]
DICTIONARY_SIZE = 4096


def train() -> bytes:
    return zstd.ZDICT_trainFromBuffer(DICTIONARY_SIZE, b"".join(SAMPLES), [*map(len, SAMPLES)])


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    module = Path(__file__).with_name("libzstd.py")
    headers = ("zstd.h", "zdict.h")
    report, found = check_binding(module, *headers, compiler=tool("g++"), missing=missing)
    assert found == []
    assert report.judged == {"functions": 45, "structs": 3, "fields": 9, "constants": 14}


@settings(deadline=None)
@given(st.binary() | st.binary(max_size=20).map(lambda data: data * 1000), st.integers(-5, 19))
def test_one_call(data: bytes, level: int) -> None:
    frame = zstd.ZSTD_compress(data, level)
    assert frame.startswith(MAGIC)
    assert len(frame) <= zstd.ZSTD_compressBound(len(data))
    assert zstd.ZSTD_getFrameContentSize(frame) == len(data)
    assert zstd.ZSTD_findFrameCompressedSize(frame + b"more") == len(frame)
    assert zstd.ZSTD_decompress(frame) == data


def test_buffers_are_counted_in_bytes() -> None:
    numbers = memoryview(bytes(range(200))).cast("I")
    assert zstd.ZSTD_decompress(zstd.ZSTD_compress(numbers, 3)) == bytes(range(200))
    with pytest.raises(TypeError, match="must be a buffer, not str"):
        zstd.ZSTD_getDictID_fromFrame("text")  # type: ignore[arg-type]


def test_errors_have_the_words_of_the_library() -> None:
    with pytest.raises(
        zstd.Error,
        match=r"^ZSTD_getFrameContentSize\(\): the data does not begin like a frame$",
    ):
        zstd.ZSTD_decompress(b"no frame at all")
    frame = bytearray(zstd.ZSTD_compress(b"some text" * 100, 3))
    with pytest.raises(zstd.Error, match=r"^ZSTD_decompress\(\): Src size is incorrect$"):
        zstd.ZSTD_decompress(frame[:-1])
    frame[10] ^= 0xFF
    with pytest.raises(zstd.Error, match=r"^ZSTD_decompress\(\): "):
        zstd.ZSTD_decompress(frame)


@settings(deadline=None)
@given(PIECES, st.integers(1, 9))
def test_streams(pieces: list[bytes], level: int) -> None:
    data = b"".join(pieces)
    with zstd.ZSTD_createCCtx() as compressing, zstd.ZSTD_createDCtx() as decompressing:
        zstd.ZSTD_CCtx_setParameter(compressing, zstd.Parameter.ZSTD_c_compressionLevel, level)
        frame = b"".join(zstd.compress_pieces(compressing, pieces))
        single = [frame[at : at + 1] for at in range(len(frame))]
        assert b"".join(zstd.decompress_pieces(decompressing, single)) == data


def test_large_streams() -> None:
    with zstd.ZSTD_createCCtx() as compressing, zstd.ZSTD_createDCtx() as decompressing:
        frame = b"".join(zstd.compress_pieces(compressing, [LARGE]))
        assert len(frame) < len(LARGE) / 2
        made = [*zstd.decompress_pieces(decompressing, [frame])]
        assert b"".join(made) == LARGE
        assert max(map(len, made)) <= 65536
        with pytest.raises(zstd.Error, match=r"^the compressed data is cut off$"):
            list(zstd.decompress_pieces(decompressing, [frame[:-1]]))
        zstd.ZSTD_DCtx_reset(decompressing, zstd.Reset.ZSTD_reset_session_only)
        with pytest.raises(zstd.Error, match=r"^ZSTD_decompressStream\(\): Unknown frame"):
            list(zstd.decompress_pieces(decompressing, [b"no frame"]))
    # A frame that was made in pieces does not say how large its content is.
    with pytest.raises(zstd.Error, match="does not say how large its content is"):
        zstd.ZSTD_decompress(frame)


def test_parameters() -> None:
    checksum = zstd.Parameter.ZSTD_c_checksumFlag
    level = zstd.Parameter.ZSTD_c_compressionLevel
    bounds = zstd.ZSTD_cParam_getBounds(level)
    assert (bounds.lowerBound, bounds.upperBound) == (
        zstd.ZSTD_minCLevel(), zstd.ZSTD_maxCLevel(),
    )  # fmt: skip
    assert bounds.lowerBound < zstd.ZSTD_defaultCLevel() < bounds.upperBound
    with pytest.raises(zstd.Error, match=r"^ZSTD_cParam_getBounds\(\): Unsupported parameter$"):
        zstd.ZSTD_cParam_getBounds(999)  # type: ignore[arg-type]
    with zstd.ZSTD_createCCtx() as context:
        plain = zstd.ZSTD_compress2(context, LARGE)
        zstd.ZSTD_CCtx_setParameter(context, checksum, 1)
        assert len(zstd.ZSTD_compress2(context, LARGE)) == len(plain) + 4
        with pytest.raises(zstd.Error, match=r"^ZSTD_CCtx_setParameter\(\): Parameter is out"):
            zstd.ZSTD_CCtx_setParameter(context, zstd.Parameter.ZSTD_c_windowLog, 1000)
        zstd.ZSTD_CCtx_reset(context, zstd.Reset.ZSTD_reset_session_and_parameters)
        assert zstd.ZSTD_compress2(context, LARGE) == plain
        assert zstd.ZSTD_compressCCtx(context, LARGE, 3) == plain
        assert zstd.ZSTD_sizeof_CCtx(context) > 10_000
        zstd.ZSTD_CCtx_setPledgedSrcSize(context, 4)
        with pytest.raises(zstd.Error, match=r"^ZSTD_compressStream2\(\): Src size is incorr"):
            list(zstd.compress_pieces(context, [b"five!"]))


def test_a_dictionary_is_trained_and_used() -> None:
    content = train()
    assert 256 < len(content) <= DICTIONARY_SIZE
    number = zstd.ZDICT_getDictID(content)
    record = sample(1000)
    with (
        zstd.ZSTD_createCDict(content, 3) as compressing,
        zstd.ZSTD_createDDict(bytearray(content)) as decompressing,
        zstd.ZSTD_createCCtx() as one,
        zstd.ZSTD_createDCtx() as other,
    ):
        assert zstd.ZSTD_getDictID_fromCDict(compressing) == number
        assert zstd.ZSTD_getDictID_fromDDict(decompressing) == number
        frame = zstd.ZSTD_compress_usingCDict(one, record, compressing)
        assert len(frame) < len(zstd.ZSTD_compress(record, 3))
        assert zstd.ZSTD_getDictID_fromFrame(frame) == number
        assert zstd.ZSTD_decompress_usingDDict(other, frame, decompressing) == record
        with pytest.raises(zstd.Error, match=r"^ZSTD_decompressDCtx\(\): Dictionary mismatch$"):
            zstd.ZSTD_decompressDCtx(other, frame)


def test_training_fails() -> None:
    with pytest.raises(zstd.Error, match=r"^ZDICT_trainFromBuffer\(\): "):
        zstd.ZDICT_trainFromBuffer(DICTIONARY_SIZE, b"ab", [1, 1])
    with pytest.raises(ValueError, match=r"'samples' .* must have 3 items, not 2$"):
        zstd.ZDICT_trainFromBuffer(DICTIONARY_SIZE, b"ab", [1, 2])


def test_a_context_keeps_its_dictionary() -> None:
    """Nothing else refers to it: C would read memory that was freed."""
    content = train()
    one, other = zstd.ZSTD_createCCtx(), zstd.ZSTD_createDCtx()
    zstd.ZSTD_CCtx_refCDict(one, zstd.ZSTD_createCDict(content, 19))
    zstd.ZSTD_DCtx_refDDict(other, zstd.ZSTD_createDDict(content))
    gc.collect()
    record = sample(1001)
    frame = zstd.ZSTD_compress2(one, record)
    assert zstd.ZSTD_getDictID_fromFrame(frame) == zstd.ZDICT_getDictID(content)
    assert zstd.ZSTD_decompressDCtx(other, frame) == record
    zstd.ZSTD_CCtx_refCDict(one, None)
    assert zstd.ZSTD_getDictID_fromFrame(zstd.ZSTD_compress2(one, record)) == 0


def test_a_dictionary_is_closed_after_the_context_that_refers_to_it() -> None:
    dictionary = zstd.ZSTD_createCDict(b"words" * 100, 3)
    used, free = zstd.ZSTD_createCCtx(), zstd.ZSTD_createCCtx()
    zstd.ZSTD_CCtx_refCDict(used, dictionary)
    zstd.ZSTD_CCtx_refCDict(free, dictionary)
    zstd.ZSTD_CCtx_refCDict(free, None)
    dictionary.close()
    assert used.closed
    assert not free.closed
    with pytest.raises(ValueError, match=r"^ZSTD_compress2\(\) parameter 'context' .* closed$"):
        zstd.ZSTD_compress2(used, b"")
    assert zstd.ZSTD_compress2(free, b"")
    with pytest.raises(ValueError, match=r"'dictionary' \(CDict \*\) is closed$"):
        zstd.ZSTD_CCtx_refCDict(free, dictionary)


def test_a_prefix_is_kept_and_not_resized() -> None:
    """A prefix is what two versions have in common; C refers to it, and copies nothing."""
    old = bytearray(random.Random(1).randbytes(10_000))  # noqa: S311
    new = bytes(old[:5000] + b"changed" + old[5000:])
    one, other = zstd.ZSTD_createCCtx(), zstd.ZSTD_createDCtx()
    zstd.ZSTD_CCtx_refPrefix(one, old)
    if LOCKS_BUFFERS:
        with pytest.raises(BufferError):
            old.clear()
    difference = zstd.ZSTD_compress2(one, new)
    assert len(difference) < 200
    zstd.ZSTD_DCtx_refPrefix(other, bytes(old))
    assert zstd.ZSTD_decompressDCtx(other, difference) == new
    with pytest.raises(zstd.Error):
        zstd.ZSTD_decompressDCtx(other, difference)  # it was for one frame
    zstd.ZSTD_CCtx_refPrefix(one, None)
    old.clear()


def test_a_dictionary_that_is_loaded_is_copied() -> None:
    content = bytearray(train())
    number = zstd.ZDICT_getDictID(content)
    with zstd.ZSTD_createCCtx() as context:
        zstd.ZSTD_CCtx_loadDictionary(context, content)
        content.clear()
        assert zstd.ZSTD_getDictID_fromFrame(zstd.ZSTD_compress2(context, b"a")) == number
        zstd.ZSTD_CCtx_loadDictionary(context, None)
        assert zstd.ZSTD_getDictID_fromFrame(zstd.ZSTD_compress2(context, b"a")) == 0


def test_contexts_are_closed_once() -> None:
    context = zstd.ZSTD_createCCtx()
    zstd.ZSTD_freeCCtx(context)
    zstd.ZSTD_freeCCtx(context)
    context.close()
    with pytest.raises(ValueError, match=r"is closed$"):
        zstd.ZSTD_sizeof_CCtx(context)
    with pytest.raises(TypeError, match="must be a CCtx, not DCtx"):
        zstd.ZSTD_sizeof_CCtx(zstd.ZSTD_createDCtx())  # type: ignore[arg-type]
    let_go()


def test_the_version() -> None:
    number = zstd.ZSTD_versionNumber()
    assert (
        zstd.ZSTD_versionString() == f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    )
