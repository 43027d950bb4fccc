"""libsodium, bound: boxes, signatures, hashes, streams, keys from passwords.

The declarations mirror sodium.h (https://doc.libsodium.org), and ``pyexample abi`` proves them.
C takes keys and nonces as addresses alone: how long each must be is said here, once.
``sha256``, ``seal_pieces`` and ``open_pieces`` are on top.
"""
# The functions have no bodies: C does. Their constants' names are C's.
# mypy: disable-error-code="empty-body"
# ruff: noqa: N815, N816

import ctypes
from collections.abc import Iterable, Iterator
from ctypes import (
    POINTER,
    c_char,
    c_char_p,
    c_int,
    c_size_t,
    c_ubyte,
    c_uint32,
    c_uint64,
    c_ulonglong,
    c_void_p,
)
from enum import IntEnum
from typing import Annotated, Any

from pyexample.ffi import (
    Array,
    Borrowed,
    Buffer,
    Constant,
    Count,
    Filled,
    In,
    Length,
    Library,
    Out,
    Raises,
    Returned,
    struct,
)

FILES = {"linux": "libsodium.so.23", "darwin": "libsodium.23.dylib", "win32": "libsodium.dll"}
library = Library("sodium", __name__, system=FILES)

crypto_secretbox_KEYBYTES, crypto_secretbox_NONCEBYTES = 32, 24
crypto_secretbox_MACBYTES, crypto_box_MACBYTES = 16, 16
crypto_box_PUBLICKEYBYTES, crypto_box_SECRETKEYBYTES, crypto_box_SEEDBYTES = 32, 32, 32
crypto_box_NONCEBYTES = 24
crypto_sign_PUBLICKEYBYTES, crypto_sign_SECRETKEYBYTES, crypto_sign_SEEDBYTES = 32, 64, 32
crypto_sign_BYTES = 64
crypto_aead_xchacha20poly1305_ietf_KEYBYTES = 32
crypto_aead_xchacha20poly1305_ietf_NPUBBYTES = 24
crypto_aead_xchacha20poly1305_ietf_ABYTES = 16
crypto_generichash_BYTES_MIN, crypto_generichash_BYTES_MAX = 16, 64
crypto_hash_sha256_BYTES = 32
crypto_auth_BYTES, crypto_auth_KEYBYTES = 32, 32
crypto_shorthash_BYTES, crypto_shorthash_KEYBYTES = 8, 16
crypto_kdf_BYTES_MIN, crypto_kdf_BYTES_MAX = 16, 64
crypto_kdf_CONTEXTBYTES, crypto_kdf_KEYBYTES = 8, 32
crypto_pwhash_SALTBYTES, crypto_pwhash_STRBYTES, crypto_pwhash_ALG_ARGON2ID13 = 16, 128, 2
crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN = 1, 8192
crypto_scalarmult_BYTES, crypto_scalarmult_SCALARBYTES = 32, 32
crypto_secretstream_xchacha20poly1305_ABYTES = 17
crypto_secretstream_xchacha20poly1305_HEADERBYTES = 24
crypto_secretstream_xchacha20poly1305_KEYBYTES = 32
randombytes_SEEDBYTES = 32


class Tag(IntEnum):
    """What a message of a stream means."""

    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE = 0
    crypto_secretstream_xchacha20poly1305_TAG_PUSH = 1
    crypto_secretstream_xchacha20poly1305_TAG_REKEY = 2
    crypto_secretstream_xchacha20poly1305_TAG_FINAL = 3


class Error(Exception):
    """A call that failed."""


class ForgedError(Error):
    """Data that somebody has changed, or made with another key."""


@struct(init=False)
class crypto_hash_sha256_state(ctypes.Structure):  # noqa: N801 - as in C
    """A hash that is not finished."""

    state: Annotated[Array[int], c_uint32 * 8]
    count: Annotated[int, c_uint64]
    buf: Annotated[Array[int], c_ubyte * 64]


@struct(init=False)
class crypto_secretstream_xchacha20poly1305_state(ctypes.Structure):  # noqa: N801 - as in C
    """A stream of messages."""

    k: Annotated[Array[int], c_ubyte * 32]
    nonce: Annotated[Array[int], c_ubyte * 12]
    _pad: Annotated[Array[int], c_ubyte * 8]


def _failed(code: int, function: str, values: tuple[Any, ...]) -> Error:
    return Error(f"{function}() failed")


def _forged(code: int, function: str, values: tuple[Any, ...]) -> ForgedError:
    return ForgedError(f"{function}(): the data were changed, or are of another key")


def _size_of_box(message: Buffer, *_: Any) -> int:
    return memoryview(message).nbytes + crypto_secretbox_MACBYTES


def _size_of_message(box: Buffer, *_: Any) -> int:
    return max(memoryview(box).nbytes - crypto_secretbox_MACBYTES, 0)


def _size_of_hex(room: Buffer, data: Buffer) -> int:
    return 2 * memoryview(data).nbytes + 1


def _half_of(text: Buffer, *_: Any) -> int:
    return memoryview(text).nbytes // 2


def _size_pushed(state: Any, message: Buffer, *_: Any) -> int:
    return memoryview(message).nbytes + crypto_secretstream_xchacha20poly1305_ABYTES


def _size_pulled(state: Any, box: Buffer, *_: Any) -> int:
    return max(memoryview(box).nbytes - crypto_secretstream_xchacha20poly1305_ABYTES, 0)


hold = library.function(release_gil=False)

Done = Annotated[None, c_int, Raises(_failed)]
Genuine = Annotated[None, c_int, Raises(_forged)]
Size = Annotated[int, c_size_t]
Data = Annotated[Buffer, In(c_ubyte), Count(c_ulonglong, "data")]
Key = Annotated[Buffer, In(c_ubyte, 32)]
Nonce = Annotated[Buffer, In(c_ubyte, 24)]
Pair = Annotated[tuple[bytes, bytes], c_int, Raises(_failed)]
State = Annotated[crypto_hash_sha256_state, POINTER(crypto_hash_sha256_state)]
Stream = Annotated[
    crypto_secretstream_xchacha20poly1305_state,
    POINTER(crypto_secretstream_xchacha20poly1305_state),
]
NewStream = Returned(
    crypto_secretstream_xchacha20poly1305_state, crypto_secretstream_xchacha20poly1305_state
)
# fmt: off
ToSeal = Annotated[
    Buffer, Filled(bytes, c_ubyte, _size_of_box), In(c_ubyte), Count(c_ulonglong, "message")
]
ToOpen = Annotated[
    Buffer, Filled(bytearray, c_ubyte, _size_of_message),
    In(c_ubyte, at_least=crypto_secretbox_MACBYTES), Count(c_ulonglong, "box"),
]


@library.function
def sodium_init() -> Annotated[int, c_int, Raises(_failed, when="negative")]: ...
@hold
def sodium_version_string() -> Annotated[str, c_char_p]: ...
@library.function
def randombytes_buf(
    size: Annotated[int, Filled(bytes, None, "size"), c_size_t], /
) -> Annotated[bytes, None]: ...
@library.function
def randombytes_buf_deterministic(
    size: Annotated[int, Filled(bytes, None, "size"), c_size_t],
    seed: Annotated[Buffer, In(c_ubyte, randombytes_SEEDBYTES)], /,
) -> Annotated[bytes, None]: ...
@hold
def randombytes_uniform(bound: Annotated[int, c_uint32], /) -> Annotated[int, c_uint32]: ...
@hold
def sodium_memcmp(
    one: Annotated[Buffer, In(None)],
    other: Annotated[Buffer, In(None), Count(c_size_t, "one", "other")], /,
) -> Annotated[bool, c_int]: ...
@hold
def sodium_increment(
    number: Annotated[Buffer, Out(c_ubyte), Count(c_size_t, "number")], /
) -> None: ...
@hold
def sodium_pad(
    room: Annotated[Buffer, Returned(int, c_size_t), Out(c_ubyte)], size: Size,
    block: Annotated[int, c_size_t, range(1, 2**31), Count(c_size_t, "room")], /,
) -> Annotated[int, c_int, Raises(_failed)]: ...
@hold
def sodium_unpad(
    data: Annotated[Buffer, Returned(int, c_size_t), In(c_ubyte), Count(c_size_t, "data")],
    block: Annotated[int, c_size_t, range(1, 2**31)], /,
) -> Annotated[int, c_int, Raises(_failed)]: ...
@hold
def sodium_bin2hex(  # returns the address of the room; one that is too small ends the process
    room: Annotated[Buffer, Out(c_char, _size_of_hex), Count(c_size_t, "room")],
    data: Annotated[Buffer, In(c_ubyte), Count(c_size_t, "data")], /,
) -> Annotated[str, c_char_p, Borrowed]: ...
@hold
def sodium_hex2bin(
    text: Annotated[
        Buffer, Filled(bytes, c_ubyte, _half_of, name="data"), Count(c_size_t, "data"),
        In(c_char), Count(c_size_t, "text"),
    ],
    ignored: Annotated[
        str | None, c_char_p, Length(c_size_t, "data"), Constant(c_void_p, None)
    ], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...

@library.function
def crypto_secretbox_easy(message: ToSeal, nonce: Nonce, key: Key, /) -> Annotated[
    bytes, c_int, Raises(_failed)
]: ...
@library.function
def crypto_secretbox_open_easy(box: ToOpen, nonce: Nonce, key: Key, /) -> Annotated[
    bytearray, c_int, Raises(_forged)
]: ...
@library.function
def crypto_box_seed_keypair(
    seed: Annotated[
        Buffer, Filled(bytes, c_ubyte, 32), Filled(bytes, c_ubyte, 32), In(c_ubyte, 32)
    ], /,
) -> Pair: ...
@library.function
def crypto_box_easy(
    message: ToSeal, nonce: Nonce, public_key: Key, secret_key: Key, /
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_box_open_easy(
    box: ToOpen, nonce: Nonce, public_key: Key, secret_key: Key, /
) -> Annotated[bytearray, c_int, Raises(_forged)]: ...
@library.function
def crypto_aead_xchacha20poly1305_ietf_encrypt(
    message: Annotated[
        Buffer, Filled(bytes, c_ubyte, _size_of_box, name="box"), Length(c_ulonglong, "box"),
        In(c_ubyte), Count(c_ulonglong, "message"),
    ],
    data: Annotated[
        Buffer | None, In(c_ubyte), Count(c_ulonglong, "data"), Constant(c_void_p, None)
    ],
    nonce: Nonce, key: Key, /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_aead_xchacha20poly1305_ietf_decrypt(
    box: Annotated[
        Buffer, Filled(bytes, c_ubyte, _size_of_message, name="message"),
        Length(c_ulonglong, "message"), Constant(c_void_p, None),
        In(c_ubyte, at_least=crypto_aead_xchacha20poly1305_ietf_ABYTES),
        Count(c_ulonglong, "box"),
    ],
    data: Annotated[Buffer | None, In(c_ubyte), Count(c_ulonglong, "data")],
    nonce: Nonce, key: Key, /,
) -> Annotated[bytes, c_int, Raises(_forged)]: ...

@library.function
def crypto_sign_seed_keypair(
    seed: Annotated[
        Buffer, Filled(bytes, c_ubyte, crypto_sign_PUBLICKEYBYTES),
        Filled(bytes, c_ubyte, crypto_sign_SECRETKEYBYTES),
        In(c_ubyte, crypto_sign_SEEDBYTES),
    ], /,
) -> Pair: ...
@library.function
def crypto_sign_detached(
    data: Annotated[
        Buffer, Filled(bytes, c_ubyte, crypto_sign_BYTES), Constant(c_void_p, None),
        In(c_ubyte), Count(c_ulonglong, "data"),
    ],
    secret_key: Annotated[Buffer, In(c_ubyte, crypto_sign_SECRETKEYBYTES)], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_sign_verify_detached(
    signature: Annotated[Buffer, In(c_ubyte, crypto_sign_BYTES)], data: Data,
    public_key: Annotated[Buffer, In(c_ubyte, crypto_sign_PUBLICKEYBYTES)], /,
) -> Genuine: ...
@library.function
def crypto_auth(
    data: Annotated[
        Buffer, Filled(bytes, c_ubyte, crypto_auth_BYTES), In(c_ubyte),
        Count(c_ulonglong, "data"),
    ],
    key: Key, /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_auth_verify(
    code: Annotated[Buffer, In(c_ubyte, crypto_auth_BYTES)], data: Data, key: Key, /
) -> Genuine: ...
@library.function
def crypto_shorthash(
    data: Annotated[
        Buffer, Filled(bytes, c_ubyte, crypto_shorthash_BYTES), In(c_ubyte),
        Count(c_ulonglong, "data"),
    ],
    key: Annotated[Buffer, In(c_ubyte, crypto_shorthash_KEYBYTES)], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_generichash(
    size: Annotated[
        int, Filled(bytes, c_ubyte, "size"), c_size_t,
        range(crypto_generichash_BYTES_MIN, crypto_generichash_BYTES_MAX + 1),
    ],
    data: Data,
    key: Annotated[Buffer | None, In(c_ubyte), Count(c_size_t, "key")], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_hash_sha256_init(state: State, /) -> Done: ...
@library.function
def crypto_hash_sha256_update(state: State, data: Data, /) -> Done: ...
@library.function
def crypto_hash_sha256_final(
    state: Annotated[
        crypto_hash_sha256_state, POINTER(crypto_hash_sha256_state),
        Filled(bytes, c_ubyte, crypto_hash_sha256_BYTES),
    ], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_kdf_derive_from_key(
    size: Annotated[
        int, Filled(bytes, c_ubyte, "size"), c_size_t,
        range(crypto_kdf_BYTES_MIN, crypto_kdf_BYTES_MAX + 1),
    ],
    number: Annotated[int, c_uint64],
    context: Annotated[Buffer, In(c_char, crypto_kdf_CONTEXTBYTES)], key: Key, /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_scalarmult(
    scalar: Annotated[
        Buffer, Filled(bytes, c_ubyte, crypto_scalarmult_BYTES),
        In(c_ubyte, crypto_scalarmult_SCALARBYTES),
    ],
    point: Annotated[Buffer, In(c_ubyte, crypto_scalarmult_BYTES)], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_pwhash(
    size: Annotated[int, Filled(bytes, c_ubyte, "size"), c_ulonglong, range(16, 2**32)],
    password: Annotated[Buffer, In(c_char), Count(c_ulonglong, "password")],
    salt: Annotated[Buffer, In(c_ubyte, crypto_pwhash_SALTBYTES)],
    operations: Annotated[int, c_ulonglong],
    memory: Annotated[int, c_size_t, Constant(c_int, crypto_pwhash_ALG_ARGON2ID13)], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_pwhash_str(
    password: Annotated[
        Buffer, Filled(str, c_char, crypto_pwhash_STRBYTES), In(c_char),
        Count(c_ulonglong, "password"),
    ],
    operations: Annotated[int, c_ulonglong], memory: Size, /,
) -> Annotated[str, c_int, Raises(_failed)]: ...
@library.function
def crypto_pwhash_str_verify(
    hash_: Annotated[str, c_char_p],
    password: Annotated[Buffer, In(c_char), Count(c_ulonglong, "password")], /,
) -> Genuine: ...

@library.function
def crypto_secretstream_xchacha20poly1305_init_push(
    key: Annotated[
        Buffer, NewStream,
        Filled(bytes, c_ubyte, crypto_secretstream_xchacha20poly1305_HEADERBYTES),
        In(c_ubyte, crypto_secretstream_xchacha20poly1305_KEYBYTES),
    ], /,
) -> Annotated[
    tuple[crypto_secretstream_xchacha20poly1305_state, bytes], c_int, Raises(_failed)
]: ...
@library.function
def crypto_secretstream_xchacha20poly1305_push(
    stream: Stream,
    message: Annotated[
        Buffer, Filled(bytes, c_ubyte, _size_pushed, name="box"), Length(c_ulonglong, "box"),
        In(c_ubyte), Count(c_ulonglong, "message"),
    ],
    data: Annotated[Buffer | None, In(c_ubyte), Count(c_ulonglong, "data")],
    tag: Annotated[Tag, c_ubyte], /,
) -> Annotated[bytes, c_int, Raises(_failed)]: ...
@library.function
def crypto_secretstream_xchacha20poly1305_init_pull(
    header: Annotated[
        Buffer, NewStream, In(c_ubyte, crypto_secretstream_xchacha20poly1305_HEADERBYTES)
    ],
    key: Key, /,
) -> Annotated[crypto_secretstream_xchacha20poly1305_state, c_int, Raises(_failed)]: ...
@library.function
def crypto_secretstream_xchacha20poly1305_pull(
    stream: Stream,
    box: Annotated[
        Buffer, Filled(bytes, c_ubyte, _size_pulled, name="message"),
        Length(c_ulonglong, "message"), Returned(int, c_ubyte),
        In(c_ubyte, at_least=crypto_secretstream_xchacha20poly1305_ABYTES),
        Count(c_ulonglong, "box"),
    ],
    data: Annotated[Buffer | None, In(c_ubyte), Count(c_ulonglong, "data")], /,
) -> Annotated[tuple[bytes, int], c_int, Raises(_forged)]: ...
# fmt: on

sodium_init()


def sha256(pieces: Iterable[bytes]) -> bytes:
    """The hash of data that come in pieces."""
    state = crypto_hash_sha256_state()
    crypto_hash_sha256_init(state)
    for piece in pieces:
        crypto_hash_sha256_update(state, piece)
    return crypto_hash_sha256_final(state)


def seal_pieces(key: Buffer, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A stream of messages, of which none can be left out, moved or changed."""
    stream, header = crypto_secretstream_xchacha20poly1305_init_push(key)
    yield header
    push = crypto_secretstream_xchacha20poly1305_push
    for piece in pieces:
        yield push(stream, piece, None, Tag.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE)
    yield push(stream, b"", None, Tag.crypto_secretstream_xchacha20poly1305_TAG_FINAL)


def open_pieces(key: Buffer, boxes: Iterable[bytes]) -> Iterator[bytes]:
    """The messages of a stream. Raises ForgedError if it is not as it was made."""
    boxes = iter(boxes)
    stream = crypto_secretstream_xchacha20poly1305_init_pull(next(boxes), key)
    tag = 0
    for box in boxes:
        message, tag = crypto_secretstream_xchacha20poly1305_pull(stream, box, None)
        yield message
    if tag != Tag.crypto_secretstream_xchacha20poly1305_TAG_FINAL:
        raise ForgedError("the end of the stream is missing")
