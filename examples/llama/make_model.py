"""Write a tiny llama model with random weights, the same on every machine: a GGUF file.

It needs nothing but Python. The format is that of GGUF version 3
(https://github.com/ggml-org/ggml/blob/master/docs/gguf.md); the tokenizer is a SentencePiece
one, made here from a line of text, with a byte token for each byte. What such a model
says makes no sense; it says the same each time, which is what a test of a binding needs.
"""

import random
import struct
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

WORDS = (
    "the cat sat on mat and dog ran to a house of many small words which were never in it"
    " one two three four five red green blue long ago there was king who had no name"
)
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
EMBD, LAYERS, HEADS, FF, CONTEXT = 64, 2, 4, 128, 512


def text(value: str) -> bytes:
    """A text, after its length."""
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def entry(key: str, value: str | float) -> bytes:
    """A key with a text, a float or an unsigned integer."""
    if isinstance(value, str):
        return text(key) + struct.pack("<I", STRING) + text(value)
    kind, code = (FLOAT32, "f") if isinstance(value, float) else (UINT32, "I")
    return text(key) + struct.pack(f"<I{code}", kind, value)


def entries(key: str, values: Sequence[str] | Sequence[float] | Sequence[int]) -> bytes:
    """A key with an array of one of these."""
    kind = {str: STRING, float: FLOAT32, int: INT32}[type(values[0])]
    code = "<f" if kind == FLOAT32 else "<i"
    packed = [
        text(each) if isinstance(each, str) else struct.pack(code, each) for each in values
    ]
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + b"".join(packed)


def vocabulary() -> tuple[list[str], list[float], list[int]]:
    """The tokens, with their scores and types."""
    pieces = dict.fromkeys("▁abcdefghijklmnopqrstuvwxyz.,!?")
    for word in WORDS.split():  # each prefix of each word: what a merge needs
        pieces.update(dict.fromkeys("▁" + word[:end] for end in range(1, len(word) + 1)))
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    scores = [0.0] * 259 + [float(len(piece)) for piece in pieces]
    return tokens, scores, [2, 3, 3] + [6] * 256 + [1] * len(pieces)


def write(path: Path, seed: int = 1) -> None:
    """Write the model into a file."""
    rng = random.Random(seed)  # noqa: S311 - weights, no secrets
    tokens, scores, types = vocabulary()
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (EMBD, len(tokens)),
        "output_norm.weight": (EMBD,),
    }
    for layer in range(LAYERS):
        for name, shape in {
            "attn_norm": (EMBD,), "attn_q": (EMBD, EMBD), "attn_k": (EMBD, EMBD),
            "attn_v": (EMBD, EMBD), "attn_output": (EMBD, EMBD), "ffn_norm": (EMBD,),
            "ffn_gate": (EMBD, FF), "ffn_up": (EMBD, FF), "ffn_down": (FF, EMBD),
        }.items():  # fmt: skip
            shapes[f"blk.{layer}.{name}.weight"] = shape
    shapes["output.weight"] = (EMBD, len(tokens))
    meta = [
        entry("general.architecture", "llama"),
        entry("general.name", "tiny random llama"),
        entry("llama.context_length", CONTEXT),
        entry("llama.embedding_length", EMBD),
        entry("llama.block_count", LAYERS),
        entry("llama.feed_forward_length", FF),
        entry("llama.attention.head_count", HEADS),
        entry("llama.attention.layer_norm_rms_epsilon", 1e-5),
        entry("tokenizer.ggml.model", "llama"),
        entries("tokenizer.ggml.tokens", tokens),
        entries("tokenizer.ggml.scores", scores),
        entries("tokenizer.ggml.token_type", types),
        entry("tokenizer.ggml.unknown_token_id", 0),
        entry("tokenizer.ggml.bos_token_id", 1),
        entry("tokenizer.ggml.eos_token_id", 2),
    ]
    infos: list[bytes] = []
    data = bytearray()
    for name, shape in shapes.items():
        dims = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        infos.append(text(name) + dims + struct.pack("<IQ", 0, len(data)))
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        if len(shape) == 1:
            weights = array("f", [1.0]) * count
        else:
            width = 2.0 if name == "output.weight" else 1.7 / shape[0] ** 0.5
            weights = array("f", (width * (2 * rng.random() - 1) for _ in range(count)))
        if sys.byteorder == "big":
            weights.byteswap()
        data += weights.tobytes() + bytes(-4 * count % 32)
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes), len(meta)) + b"".join(meta + infos)
    path.write_bytes(head + bytes(-len(head) % 32) + data)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
