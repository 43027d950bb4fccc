"""libsodium.py at work: next to hashlib and hmac, known answers, and what is too short."""

import hashlib
import hmac
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Missing, Tool, check_binding

pytest.importorskip("libsodium", exc_type=ImportError)
import libsodium as sodium

pytestmark = pytest.mark.usefixtures("declared_anew")

KEY, NONCE = bytes(range(32)), bytes(range(24))
HEADERS = (
    "secretbox", "box", "sign", "aead_xchacha20poly1305", "generichash", "hash_sha256", "auth",
    "shorthash", "kdf", "pwhash", "scalarmult", "secretstream_xchacha20poly1305",
)  # fmt: skip


def test_it_is_what_the_header_says(tool: Tool, missing: Missing) -> None:
    report, found = check_binding(
        Path(__file__).with_name("libsodium.py"),
        "sodium.h",
        "sodium/randombytes.h",
        *(f"sodium/crypto_{name}.h" for name in HEADERS),
        compiler=tool("g++"),
        missing=missing,
    )
    assert found == []
    assert report.judged == {"functions": 37, "structs": 2, "fields": 6, "constants": 41}


@settings(deadline=None)
@given(st.binary(), st.binary(max_size=64), st.integers(16, 64))
def test_hashes_are_those_of_python(data: bytes, key: bytes, size: int) -> None:
    assert sodium.sha256([data, b"", data]) == hashlib.sha256(2 * data).digest()
    expected = hashlib.blake2b(data, digest_size=size, key=key if len(key) >= 16 else b"")
    ours = sodium.crypto_generichash(size, data, key if len(key) >= 16 else None)
    assert ours == expected.digest()
    code = sodium.crypto_auth(data, KEY)
    assert code == hmac.digest(KEY, data, "sha512")[:32]
    sodium.crypto_auth_verify(code, data, KEY)
    with pytest.raises(sodium.ForgedError, match=r"^crypto_auth_verify\(\): the data were"):
        sodium.crypto_auth_verify(bytes(32), data, KEY)


def test_known_answers() -> None:
    """RFC 8032, 7.1, test 2; RFC 7748, 5.2; SipHash-2-4, appendix A."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public, secret = sodium.crypto_sign_seed_keypair(seed)
    assert public.hex().startswith("3d4017c3e843895a92b70aa74d1b7ebc")
    signature = sodium.crypto_sign_detached(b"\x72", secret)
    assert signature.hex().startswith("92a009a9f0d4cab8720e820b5f642540")
    sodium.crypto_sign_verify_detached(signature, b"\x72", public)
    with pytest.raises(sodium.ForgedError):
        sodium.crypto_sign_verify_detached(signature, b"\x73", public)
    scalar = bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
    point = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    assert sodium.crypto_scalarmult(scalar, point).hex().startswith("c3da55379de9c6908e94ea4d")
    assert sodium.crypto_shorthash(bytes(range(15)), KEY[:16]).hex() == "e545be4961ca29a1"


@settings(deadline=None)
@given(st.binary())
def test_boxes(message: bytes) -> None:
    box = sodium.crypto_secretbox_easy(message, NONCE, KEY)
    assert len(box) == len(message) + sodium.crypto_secretbox_MACBYTES
    assert sodium.crypto_secretbox_open_easy(box, NONCE, KEY) == message
    ours, theirs = map(sodium.crypto_box_seed_keypair, (KEY, NONCE + bytes(8)))
    box = sodium.crypto_box_easy(message, NONCE, theirs[0], ours[1])
    assert sodium.crypto_box_open_easy(box, NONCE, ours[0], theirs[1]) == message
    sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, b"more", NONCE, KEY)
    opened = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt
    assert opened(sealed, b"more", NONCE, KEY) == message
    for forged in (bytes([box[0] ^ 1]) + box[1:], bytes(16)):
        with pytest.raises(sodium.ForgedError, match="the data were changed"):
            sodium.crypto_box_open_easy(forged, NONCE, ours[0], theirs[1])
    with pytest.raises(sodium.ForgedError):
        opened(sealed, None, NONCE, KEY)


BOX = bytes(40)
TOO_SHORT: list[tuple[Callable[..., object], tuple[Any, ...], str]] = [
    (sodium.crypto_secretbox_easy, (b"message", NONCE, KEY[:5]), "'key' .* 32 items, not 5"),
    (sodium.crypto_secretbox_easy, (b"message", NONCE[:8], KEY), "'nonce' .* 24 items, not 8"),
    (sodium.crypto_secretbox_open_easy, (b"box", NONCE, KEY), "'box' .* least 16 items, not 3"),
    (sodium.crypto_sign_detached, (b"message", KEY), "'secret_key' .* 64 items, not 32"),
    (sodium.crypto_sign_verify_detached, (KEY, b"", KEY), "'signature' .* 64 items, not 32"),
    (sodium.crypto_scalarmult, (KEY, b""), "'point' .* 32 items, not 0"),
    (sodium.crypto_kdf_derive_from_key, (32, 1, b"short", KEY), "'context' .* 8 items, not 5"),
    (sodium.crypto_pwhash, (16, b"", b"salt", 1, 8192), "'salt' .* 16 items, not 4"),
    (sodium.randombytes_buf_deterministic, (10, KEY + b"1"), "'seed' .* 32 items, not 33"),
]


@pytest.mark.parametrize(("function", "given_", "said"), TOO_SHORT)
def test_what_is_too_short_never_comes_to_c(
    function: Callable[..., object], given_: tuple[Any, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        getattr(sodium, function.__name__)(*given_)


def test_keys_are_bytes() -> None:
    with pytest.raises(TypeError, match=r"'key' .* must have items of uint8_t"):
        sodium.crypto_secretbox_easy(b"message", NONCE, array("i", range(32)))
    with pytest.raises(TypeError, match=r"'key' .* must be a buffer, not None"):
        sodium.crypto_secretbox_easy(b"message", NONCE, None)  # type: ignore[arg-type]
    with pytest.raises(OverflowError, match=r"'size' \(.*\) must be in 16\.\.64, not 65$"):
        sodium.crypto_generichash(65, b"", None)


def test_streams() -> None:
    pieces = [b"one", b"", bytes(10_000)]
    boxes = [*sodium.seal_pieces(KEY, pieces)]
    assert [*sodium.open_pieces(KEY, boxes)] == [*pieces, b""]
    with pytest.raises(sodium.ForgedError, match="the end of the stream is missing"):
        _ = [*sodium.open_pieces(KEY, boxes[:-1])]
    with pytest.raises(sodium.ForgedError, match="_pull"):
        _ = [*sodium.open_pieces(KEY, [boxes[0], *reversed(boxes[1:])])]


def test_keys_from_passwords() -> None:
    limits = sodium.crypto_pwhash_OPSLIMIT_MIN, sodium.crypto_pwhash_MEMLIMIT_MIN
    keys = {sodium.crypto_pwhash(32, word, KEY[:16], *limits) for word in (b"a\0b", b"a\0c")}
    assert len(keys) == 2, "a password is not cut at its NUL"
    text = sodium.crypto_pwhash_str("pässword".encode(), *limits)
    assert text.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    sodium.crypto_pwhash_str_verify(text, "pässword".encode())
    with pytest.raises(sodium.ForgedError):
        sodium.crypto_pwhash_str_verify(text, b"password")
    with pytest.raises(sodium.Error, match=r"^crypto_pwhash\(\) failed$"):
        sodium.crypto_pwhash(32, b"", KEY[:16], 0, 0)
    parts = {
        sodium.crypto_kdf_derive_from_key(16, number, b"examples", KEY) for number in (1, 2)
    }
    assert [*map(len, parts)] == [16, 16]


def test_random_numbers() -> None:
    assert len({sodium.randombytes_buf(16) for _ in range(50)}) == 50
    assert sodium.randombytes_buf(0) == b""
    once, again = (sodium.randombytes_buf_deterministic(100, KEY) for _ in range(2))
    assert once == again != bytes(100)
    assert {sodium.randombytes_uniform(3) for _ in range(200)} == {0, 1, 2}


def test_helpers() -> None:
    assert sodium.sodium_memcmp(b"same", bytearray(b"same")) is False
    assert sodium.sodium_memcmp(b"same", b"sane") is True
    with pytest.raises(ValueError, match="4 and 3, not equally many"):
        sodium.sodium_memcmp(b"same", b"sam")
    number = bytearray(b"\xff\x00")
    sodium.sodium_increment(number)
    assert number == b"\x00\x01"
    assert sodium.sodium_bin2hex(bytearray(9), b"\x00\xabc\xff") == "00ab63ff"
    with pytest.raises(ValueError, match=r"'room' .* must have 9 items, not 8$"):
        sodium.sodium_bin2hex(bytearray(8), b"\x00\xabc\xff")
    assert sodium.sodium_hex2bin(b"00:ab:63", ":") == b"\x00\xabc"
    room = bytearray(b"text") + bytes(12)
    assert sodium.sodium_pad(room, 4, 16) == 16
    assert sodium.sodium_unpad(room, 16) == 4
    with pytest.raises(sodium.Error):
        sodium.sodium_pad(bytearray(16), 16, 16)
