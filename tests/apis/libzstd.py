"""Zstandard, bound: one call, streams, parameters, dictionaries.

The declarations mirror zstd.h and zdict.h (https://facebook.github.io/zstd/zstd_manual.html),
and ``pyexample abi`` proves them. ``compress_pieces`` and ``decompress_pieces`` are on top.
"""
# The functions have no bodies: C does. Their names are C's.
# mypy: disable-error-code="empty-body"
# ruff: noqa: N802

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ubyte, c_uint, c_ulonglong, c_void_p
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    ArrayOf,
    Buffer,
    Closes,
    Count,
    Filled,
    Handle,
    In,
    Keep,
    Library,
    Owned,
    Raises,
    Written,
    struct,
)

FILES = {"linux": "libzstd.so.1", "darwin": "libzstd.1.dylib", "win32": "libzstd.dll"}
library = Library("zstd", __name__, system=FILES)

ZSTD_CONTENTSIZE_UNKNOWN = 2**64 - 1
ZSTD_CONTENTSIZE_ERROR = 2**64 - 2


class Parameter(IntEnum):
    """``ZSTD_cParameter``: what a compression context can be told."""

    ZSTD_c_compressionLevel = 100
    ZSTD_c_windowLog = 101
    ZSTD_c_contentSizeFlag = 200
    ZSTD_c_checksumFlag = 201
    ZSTD_c_dictIDFlag = 202
    ZSTD_c_nbWorkers = 400


class Reset(IntEnum):
    """``ZSTD_ResetDirective``."""

    ZSTD_reset_session_only = 1
    ZSTD_reset_parameters = 2
    ZSTD_reset_session_and_parameters = 3


class End(IntEnum):
    """``ZSTD_EndDirective``: whether a stream goes on."""

    ZSTD_e_continue = 0
    ZSTD_e_flush = 1
    ZSTD_e_end = 2


class Error(Exception):
    """What Zstandard says of a call that failed."""


# fmt: off
class CCtx(Handle):
    """``ZSTD_CCtx *``"""
class DCtx(Handle):
    """``ZSTD_DCtx *``"""
class CDict(Handle):
    """``ZSTD_CDict *``"""
class DDict(Handle):
    """``ZSTD_DDict *``"""
# fmt: on


@struct
class Bounds(ctypes.Structure):
    """``ZSTD_bounds``: the lowest and the highest value of a parameter."""

    error: Annotated[int, c_size_t]
    lowerBound: Annotated[int, c_int]  # noqa: N815
    upperBound: Annotated[int, c_int]  # noqa: N815


@struct(init=False)
class InBuffer(ctypes.Structure):
    """``ZSTD_inBuffer``: ``pos`` of ``size`` bytes were read."""

    src: Annotated[Any, POINTER(c_ubyte)]
    size: Annotated[int, c_size_t]
    pos: Annotated[int, c_size_t]


@struct(init=False)
class OutBuffer(ctypes.Structure):
    """``ZSTD_outBuffer``: ``pos`` of ``size`` bytes were written."""

    dst: Annotated[Any, POINTER(c_ubyte)]
    size: Annotated[int, c_size_t]
    pos: Annotated[int, c_size_t]


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(f"{function}(): {ZSTD_getErrorName(code)}")


def _training_error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(f"{function}(): {ZDICT_getErrorName(code)}")


def _no_content_size(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(f"{function}(): the data does not begin like a frame")


def _no_memory(code: None, function: str, values: tuple[Any, ...]) -> MemoryError:
    return MemoryError(f"{function}() had not enough memory")


def _is_wrong(bounds: Bounds) -> bool:
    return ZSTD_isError(bounds.error)


def _wrong_parameter(bounds: Bounds, function: str, values: tuple[Any, ...]) -> Error:
    return _error(bounds.error, function, values)


def _compressed_size(*values: Any) -> int:
    """Enough room for what is compressed: the one buffer among the arguments of a call."""
    (data,) = (each for each in values if not isinstance(each, (Handle, int)))
    return ZSTD_compressBound(memoryview(data).nbytes)


def _content_size(*values: Any) -> int:
    """As much room as the frame among the arguments of a call says."""
    (frame,) = (each for each in values if not isinstance(each, (Handle, int)))
    size = ZSTD_getFrameContentSize(frame)
    if size == ZSTD_CONTENTSIZE_UNKNOWN:
        raise Error("the frame does not say how large its content is: decompress_pieces")
    return size


def _sum_of_sizes(size: int, samples: Buffer, sizes: Sequence[int]) -> int:
    return sum(sizes)


hold = library.function(release_gil=False)

Compressing = Annotated[CCtx, c_void_p]
Decompressing = Annotated[DCtx, c_void_p]
Int = Annotated[int, c_int]
Unsigned = Annotated[int, c_uint]
Size = Annotated[int, c_size_t]
Text = Annotated[str, c_char_p]
Data = Annotated[Buffer, In(None), Count(c_size_t, "data")]
Dictionary = Annotated[Buffer, In(None), Count(c_size_t, "dictionary")]
ToCompress = Annotated[
    Buffer, Filled(bytes, None, _compressed_size, name="made"), Count(c_size_t, "made"),
    In(None), Count(c_size_t, "data"),
]  # fmt: skip
ToDecompress = Annotated[
    Buffer, Filled(bytes, None, _content_size, name="made"), Count(c_size_t, "made"),
    In(None), Count(c_size_t, "data"),
]  # fmt: skip


# fmt: off
@library.function
def ZSTD_versionNumber() -> Unsigned: ...
@library.function
def ZSTD_versionString() -> Text: ...
@hold
def ZSTD_isError(code: Size, /) -> Annotated[bool, c_uint]: ...
@hold
def ZSTD_getErrorName(code: Size, /) -> Text: ...
@hold
def ZSTD_compressBound(size: Size, /) -> Size: ...
@hold
def ZSTD_minCLevel() -> Int: ...
@hold
def ZSTD_maxCLevel() -> Int: ...
@hold
def ZSTD_defaultCLevel() -> Int: ...


# C's words for a result: a number of bytes, or an error; only an error; what was written.
Number = Annotated[int, c_size_t, Raises(_error, when=ZSTD_isError)]
Done = Annotated[None, c_size_t, Raises(_error, when=ZSTD_isError)]
Made = Annotated[bytes, c_size_t, Raises(_error, when=ZSTD_isError), Written("made")]


@library.function
def ZSTD_compress(data: ToCompress, level: Int, /) -> Made: ...
@library.function
def ZSTD_decompress(data: ToDecompress, /) -> Made: ...
@hold
def ZSTD_getFrameContentSize(data: Data, /) -> Annotated[
    int, c_ulonglong, Raises(_no_content_size, when=(ZSTD_CONTENTSIZE_ERROR,))
]: ...
@hold
def ZSTD_findFrameCompressedSize(data: Data, /) -> Number: ...

@library.function
def ZSTD_createCCtx() -> Annotated[CCtx, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def ZSTD_freeCCtx(context: Annotated[CCtx, c_void_p, Closes], /) -> Done: ...
@hold
def ZSTD_sizeof_CCtx(context: Compressing, /) -> Size: ...
@library.function
def ZSTD_compressCCtx(context: Compressing, data: ToCompress, level: Int, /) -> Made: ...
@library.function
def ZSTD_compress2(context: Compressing, data: ToCompress, /) -> Made: ...
@library.function
def ZSTD_CCtx_setParameter(
    context: Compressing, parameter: Annotated[Parameter, c_uint], value: Int, /
) -> Done: ...
@hold
def ZSTD_cParam_getBounds(parameter: Annotated[Parameter, c_uint], /) -> Annotated[
    Bounds, Bounds, Raises(_wrong_parameter, when=_is_wrong)
]: ...
@library.function
def ZSTD_CCtx_setPledgedSrcSize(
    context: Compressing, size: Annotated[int, c_ulonglong], /
) -> Done: ...
@library.function
def ZSTD_CCtx_reset(context: Compressing, what: Annotated[Reset, c_uint], /) -> Done: ...
@library.function
def ZSTD_compressStream2(
    context: Compressing, out: Annotated[OutBuffer, POINTER(OutBuffer)],
    data: Annotated[InBuffer, POINTER(InBuffer)], end: Annotated[End, c_uint], /,
) -> Number: ...

@library.function
def ZSTD_createDCtx() -> Annotated[DCtx, c_void_p, Owned, Raises(_no_memory)]: ...
@library.function
def ZSTD_freeDCtx(context: Annotated[DCtx, c_void_p, Closes], /) -> Done: ...
@library.function
def ZSTD_decompressDCtx(context: Decompressing, data: ToDecompress, /) -> Made: ...
@library.function
def ZSTD_DCtx_reset(context: Decompressing, what: Annotated[Reset, c_uint], /) -> Done: ...
@library.function
def ZSTD_decompressStream(
    context: Decompressing, out: Annotated[OutBuffer, POINTER(OutBuffer)],
    data: Annotated[InBuffer, POINTER(InBuffer)], /,
) -> Number: ...

@library.function
def ZSTD_createCDict(dictionary: Dictionary, level: Int, /) -> Annotated[
    CDict, c_void_p, Owned, Raises(_no_memory)
]: ...
@library.function
def ZSTD_freeCDict(dictionary: Annotated[CDict, c_void_p, Closes], /) -> Done: ...
@library.function
def ZSTD_createDDict(dictionary: Dictionary, /) -> Annotated[
    DDict, c_void_p, Owned, Raises(_no_memory)
]: ...
@library.function
def ZSTD_freeDDict(dictionary: Annotated[DDict, c_void_p, Closes], /) -> Done: ...
@library.function
def ZSTD_compress_usingCDict(
    context: Compressing, data: ToCompress, dictionary: Annotated[CDict, c_void_p], /
) -> Made: ...
@library.function
def ZSTD_decompress_usingDDict(
    context: Decompressing, data: ToDecompress, dictionary: Annotated[DDict, c_void_p], /
) -> Made: ...
@hold
def ZSTD_getDictID_fromCDict(dictionary: Annotated[CDict, c_void_p], /) -> Unsigned: ...
@hold
def ZSTD_getDictID_fromDDict(dictionary: Annotated[DDict, c_void_p], /) -> Unsigned: ...
@hold
def ZSTD_getDictID_fromFrame(data: Data, /) -> Unsigned: ...
@library.function
def ZSTD_CCtx_loadDictionary(  # which is copied
    context: Compressing,
    dictionary: Annotated[Buffer | None, In(None), Count(c_size_t, "dictionary")], /
) -> Done: ...
@library.function
def ZSTD_CCtx_refCDict(
    context: Compressing, dictionary: Annotated[CDict | None, c_void_p, Keep("context")], /
) -> Done: ...
@library.function
def ZSTD_DCtx_refDDict(
    context: Decompressing, dictionary: Annotated[DDict | None, c_void_p, Keep("context")], /
) -> Done: ...
@library.function
def ZSTD_CCtx_refPrefix(
    context: Compressing,
    prefix: Annotated[Buffer | None, In(None), Count(c_size_t, "prefix"), Keep("context")], /
) -> Done: ...
@library.function
def ZSTD_DCtx_refPrefix(
    context: Decompressing,
    prefix: Annotated[Buffer | None, In(None), Count(c_size_t, "prefix"), Keep("context")], /
) -> Done: ...


@hold
def ZDICT_isError(code: Size, /) -> Annotated[bool, c_uint]: ...
@hold
def ZDICT_getErrorName(code: Size, /) -> Text: ...
@library.function
def ZDICT_trainFromBuffer(
    size: Annotated[int, Filled(bytes, None, "size", name="made"), c_size_t],
    samples: Annotated[Buffer, In(None, _sum_of_sizes)],
    sizes: Annotated[Sequence[int], ArrayOf(c_size_t), Count(c_uint, "sizes")], /
) -> Annotated[
    bytes, c_size_t, Raises(_training_error, when=ZDICT_isError), Written("made")
]: ...
@hold
def ZDICT_getDictID(dictionary: Dictionary, /) -> Unsigned: ...
# fmt: on


def compress_pieces(context: CCtx, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One frame of data that comes in pieces, in pieces."""
    for piece in pieces:
        data = _whole(piece)
        while data.pos < data.size:
            out = _room()
            ZSTD_compressStream2(context, out, data, End.ZSTD_e_continue)
            yield _written(out)
    left = 1
    while left:
        out = _room()
        left = ZSTD_compressStream2(context, out, _whole(b""), End.ZSTD_e_end)
        yield _written(out)


def decompress_pieces(context: DCtx, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of frames. Raises Error where they are damaged or cut off."""
    left = 0
    for piece in pieces:
        data = _whole(piece)
        is_full = False
        while is_full or data.pos < data.size:
            out = _room()
            left = ZSTD_decompressStream(context, out, data)
            yield _written(out)
            is_full = out.pos == out.size
    if left:
        raise Error("the compressed data is cut off")


def _whole(piece: bytes) -> InBuffer:
    # The cast keeps the piece alive, and the struct keeps the cast.
    return InBuffer(ctypes.cast(c_char_p(piece), POINTER(c_ubyte)), len(piece), 0)


def _room() -> OutBuffer:
    room = (c_ubyte * 65536)()
    return OutBuffer(room, len(room), 0)


def _written(out: OutBuffer) -> bytes:
    return ctypes.string_at(out.dst, out.pos)
