"""zlib, bound: a stream is a struct whose buffers move on from call to call.

The declarations mirror zlib.h (https://zlib.net/manual.html), and ``pyexample abi`` proves
them. ``crc32`` and ``adler32`` are C's own functions, compress and decompress are on top.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"

import ctypes
from collections.abc import Callable, Generator, Iterable, Iterator
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ubyte, c_uint, c_ulong, c_void_p
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import Buffer, Count, In, Library, Raises, struct

FILES = {"linux": "libz.so.1", "darwin": "libz.dylib", "win32": "zlib1.dll"}
library = Library("z", __name__, system=FILES)

Z_NO_FLUSH, Z_FINISH = 0, 4
Z_DEFLATED, Z_DEFAULT_STRATEGY = 8, 0
MAX_WBITS, DEF_MEM_LEVEL = 15, 8
GIL = 16 * 1024
"""From so many bytes on, other threads run meanwhile."""


class Code(IntEnum):
    """The codes of success; Z_BUF_ERROR says that there is no progress without more room."""

    OK = 0
    STREAM_END = 1
    BUF_ERROR = -5


class Error(Exception):
    """What zlib says of a call that failed."""


@struct(init=False)
class Stream(ctypes.Structure):
    """``z_stream``."""

    next_in: Annotated[Any, POINTER(c_ubyte)]
    avail_in: Annotated[int, c_uint]
    total_in: Annotated[int, c_ulong]
    next_out: Annotated[Any, POINTER(c_ubyte)]
    avail_out: Annotated[int, c_uint]
    total_out: Annotated[int, c_ulong]
    msg: Annotated[str | None, c_char_p]
    state: Annotated[int | None, c_void_p]
    zalloc: Annotated[int | None, c_void_p]
    zfree: Annotated[int | None, c_void_p]
    opaque: Annotated[int | None, c_void_p]
    data_type: Annotated[int, c_int]
    adler: Annotated[int, c_ulong]
    reserved: Annotated[int, c_ulong]


def _error(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(f"{function}(): {values[0].msg or 'failed'} (zlib error {code})")


StreamPointer = Annotated[Stream, POINTER(Stream)]
Int = Annotated[int, c_int]
Checksum = Annotated[int, c_ulong, range(2**32)]
Data = Annotated[Buffer, In(c_ubyte), Count(c_size_t, "data")]
Done = Annotated[None, c_int, Raises(_error)]
Progress = Annotated[Code, c_int, Raises(_error, unless=Code)]


# fmt: off
@library.function(release_gil=GIL)
def crc32_z(start: Checksum, data: Data, /) -> Annotated[int, c_ulong]: ...
@library.function(release_gil=GIL)
def adler32_z(start: Checksum, data: Data, /) -> Annotated[int, c_ulong]: ...
@library.function
def deflateInit2_(  # noqa: N802
    stream: StreamPointer, level: Int, method: Int, window_bits: Int, memory_level: Int,
    strategy: Int, version: Annotated[str, c_char_p], size: Int, /,
) -> Done: ...
@library.function
def deflate(stream: StreamPointer, flush: Int, /) -> Progress: ...
@library.function
def deflateEnd(stream: StreamPointer, /) -> Annotated[None, c_int]: ...  # noqa: N802
@library.function
def inflateInit2_(  # noqa: N802
    stream: StreamPointer, window_bits: Int, version: Annotated[str, c_char_p], size: Int, /
) -> Done: ...
@library.function
def inflate(stream: StreamPointer, flush: Int, /) -> Progress: ...
@library.function
def inflateEnd(stream: StreamPointer, /) -> Annotated[None, c_int]: ...  # noqa: N802
@library.function
def zlibVersion() -> Annotated[str, c_char_p]: ...  # noqa: N802
# fmt: on


def crc32(data: bytes, start: int = 0) -> int:
    """The CRC-32 of data that follows on data whose CRC-32 is ``start``."""
    return crc32_z(start, data)


def adler32(data: bytes, start: int = 1) -> int:
    """The Adler-32 checksum of data, likewise."""
    return adler32_z(start, data)


def compress(pieces: Iterable[bytes], level: int = -1) -> Iterator[bytes]:
    """The compressed form of data that comes in pieces, in pieces."""
    stream = Stream()
    deflateInit2_(
        stream, level, Z_DEFLATED, MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY,
        zlibVersion(), ctypes.sizeof(Stream),
    )  # fmt: skip
    try:
        for piece in pieces:
            yield from _work(deflate, stream, piece, Z_NO_FLUSH)
        yield from _work(deflate, stream, b"", Z_FINISH)
    finally:
        deflateEnd(stream)


def decompress(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The data that was compressed, in pieces. Raises Error where it is damaged or cut off."""
    stream = Stream()
    inflateInit2_(stream, MAX_WBITS, zlibVersion(), ctypes.sizeof(Stream))
    try:
        ended = False
        for piece in pieces:
            ended = yield from _work(inflate, stream, piece, Z_NO_FLUSH)
        if not ended:
            raise Error("the compressed data is cut off")
    finally:
        inflateEnd(stream)


def _work(
    function: Callable[[Stream, int], Code], stream: Stream, piece: bytes, flush: int
) -> Generator[bytes, None, bool]:
    """Have C take all of a piece; what it makes of it. Returns whether the stream ended."""
    # The cast keeps the piece alive, and the struct keeps the cast.
    stream.next_in = ctypes.cast(c_char_p(piece), POINTER(c_ubyte))
    stream.avail_in = len(piece)
    room = (c_ubyte * 65536)()
    while True:
        stream.next_out, stream.avail_out = room, len(room)
        code = function(stream, flush)
        if made := len(room) - stream.avail_out:
            yield bytes(memoryview(room)[:made])
        if code is not Code.OK or stream.avail_out:
            return code is Code.STREAM_END
