"""llama.cpp, bound: models, contexts, samplers, structs by value with callbacks in them.

The declarations repeat llama.h of llama.cpp 0.5, and ``pyexample abi`` proves them. text.py
uses them. The library is the system's, or the file that LLAMA_LLAMA_LIBRARY names.
"""
# The functions have no bodies: C does.
# mypy: disable-error-code="empty-body"
# ruff: noqa: N801 - the enumerations have C's names

import ctypes
import os
from collections.abc import Callable
from ctypes import (
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int8,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from enum import IntEnum, IntFlag
from typing import Annotated, Any

from pyexample.ffi import (
    POINTER,
    Borrowed,
    Buffer,
    Callback,
    Closes,
    Count,
    Filled,
    GivenTo,
    Handle,
    In,
    Keep,
    Library,
    Out,
    Owned,
    Written,
    struct,
)

VERSION = "0.5."


def _check_version(cdll: ctypes.CDLL) -> str | None:
    """The structs are laid out anew in each version, and passed by value."""
    if not hasattr(cdll, "llama_version"):
        return f"it is older than llama.cpp {VERSION}x"
    version = cdll["llama_version"]
    version.argtypes, version.restype = [], c_char_p
    found = version().decode()
    if found.startswith(VERSION):
        return None
    return f"it is llama.cpp {found}, and this binding is for {VERSION}x"


library = Library(
    "llama",
    __name__,
    system={
        "linux": ("libllama.so.0", "libllama.so"),
        "darwin": "libllama.0.dylib",
        "win32": "llama.dll",
    },
    version=_check_version,
)
hold = library.function(release_gil=False)

LLAMA_TOKEN_NULL = -1


class LLAMA_LOAD_MODE(IntEnum):
    """``enum llama_load_mode``"""

    AUTO = -1
    NONE = 0
    MMAP = 1
    MLOCK = 2
    MMAP_MLOCK = 3
    DIRECT_IO = 4


class LLAMA_TOKEN_ATTR(IntFlag):
    """``enum llama_token_attr``"""

    UNDEFINED = 0
    UNKNOWN = 1
    UNUSED = 2
    NORMAL = 4
    CONTROL = 8
    USER_DEFINED = 16
    BYTE = 32
    NORMALIZED = 64
    LSTRIP = 128
    RSTRIP = 256
    SINGLE_WORD = 512


# fmt: off
class Model(Handle):
    """``llama_model *``"""
class Vocab(Handle):
    """``llama_vocab *``: its model's."""
class Context(Handle):
    """``llama_context *``"""
class Memory(Handle):
    """``llama_memory_t``: its context's."""
class Sampler(Handle):
    """``llama_sampler *``"""
# fmt: on

Int = Annotated[int, c_int]
Int32 = Annotated[int, c_int32]
UInt32 = Annotated[int, c_uint32]
Size = Annotated[int, c_size_t]
Float = Annotated[float, c_float]
Double = Annotated[float, c_double]
Bool = Annotated[bool, c_bool]
Str = Annotated[str, c_char_p]
StrOrNone = Annotated[str | None, c_char_p]
Address = Annotated[int | None, c_void_p]
Token = Annotated[int, c_int32]
Mod = Annotated[Model, c_void_p]
Voc = Annotated[Vocab, c_void_p]
Ctx = Annotated[Context, c_void_p]
Mem = Annotated[Memory, c_void_p]
Smp = Annotated[Sampler, c_void_p]
NewSampler = Annotated[Sampler, c_void_p, Owned]
Text = Annotated[Buffer, In(c_char), Count(c_int32, "text")]
Progress = Callable[[float, int | None], bool]
Evaluate = Callable[[int | None, bool, int | None], bool]
Abort = Callable[[int | None], bool]
Log = Callable[[int, bytes, int | None], None]


# fmt: off
@Callback
def llama_progress_callback(progress: Float, data: Address, /) -> Bool: ...
@Callback.failing_with(True)
def ggml_abort_callback(data: Address, /) -> Bool: ...
@Callback
def ggml_backend_sched_eval_callback(tensor: Address, ask: Bool, data: Address, /) -> Bool: ...
@Callback
def ggml_log_callback(
    level: Int, text: Annotated[bytes, c_char_p], data: Address, /
) -> None: ...


@struct(init=False)
class ModelParams(ctypes.Structure):
    """``struct llama_model_params``"""

    devices: Address
    tensor_buft_overrides: Address
    n_gpu_layers: Int32
    split_mode: Int
    load_mode: Annotated[LLAMA_LOAD_MODE, c_int]
    lazy_mode: Int
    main_gpu: Int32
    tensor_split: Annotated[Any, POINTER(c_float)]
    progress_callback: Annotated[Progress | None, llama_progress_callback]
    progress_callback_user_data: Address
    kv_overrides: Address
    vocab_only: Bool
    check_tensors: Bool
    use_extra_bufts: Bool
    no_host: Bool
    no_alloc: Bool
    load_mtp: Bool


@struct(init=False)
class ContextParams(ctypes.Structure):
    """``struct llama_context_params``"""

    n_ctx: UInt32
    n_batch: UInt32
    n_ubatch: UInt32
    n_seq_max: UInt32
    n_rs_seq: UInt32
    n_outputs_max: UInt32
    n_outputs_max_per_seq: UInt32
    n_threads: Int32
    n_threads_batch: Int32
    ctx_type: Int
    rope_scaling_type: Int
    pooling_type: Int
    attention_type: Int
    flash_attn_type: Int
    rope_freq_base: Float
    rope_freq_scale: Float
    yarn_ext_factor: Float
    yarn_attn_factor: Float
    yarn_beta_fast: Float
    yarn_beta_slow: Float
    yarn_orig_ctx: UInt32
    defrag_thold: Float
    cb_eval: Annotated[Evaluate | None, ggml_backend_sched_eval_callback]
    cb_eval_user_data: Address
    type_k: Int
    type_v: Int
    abort_callback: Annotated[Abort | None, ggml_abort_callback]
    abort_callback_data: Address
    embeddings: Bool
    offload_kqv: Bool
    no_perf: Bool
    op_offload: Bool
    swa_full: Bool
    kv_unified: Bool
    samplers: Address
    n_samplers: Size
    ctx_other: Address


@struct(init=False)
class Batch(ctypes.Structure):
    """``struct llama_batch``"""

    n_tokens: Int32
    token: Annotated[Any, POINTER(c_int32)]
    embd: Annotated[Any, POINTER(c_float)]
    pos: Annotated[Any, POINTER(c_int32)]
    n_seq_id: Annotated[Any, POINTER(c_int32)]
    seq_id: Annotated[Any, POINTER(POINTER(c_int32))]
    logits: Annotated[Any, POINTER(c_int8)]


@struct(init=False)
class SamplerChainParams(ctypes.Structure):
    """``struct llama_sampler_chain_params``"""

    no_perf: Bool


@struct(init=False)
class PerfContextData(ctypes.Structure):
    """``struct llama_perf_context_data``"""

    t_start_ms: Double
    t_load_ms: Double
    t_p_eval_ms: Double
    t_eval_ms: Double
    n_p_eval: Int32
    n_eval: Int32
    n_reused: Int32


ChainParams = Annotated[SamplerChainParams, SamplerChainParams]


# The process
@library.function
def llama_version() -> Str: ...
@library.function
def llama_backend_init() -> None: ...
@library.function
def llama_backend_free() -> None: ...
@library.function
def llama_print_system_info() -> Str: ...
@library.function
def llama_log_set(
    log: Annotated[Log | None, ggml_log_callback, Keep()], data: Address, /
) -> None: ...
@hold
def llama_supports_mmap() -> Bool: ...
@hold
def llama_time_us() -> Annotated[int, c_int64]: ...


# Models
@hold
def llama_model_default_params() -> Annotated[ModelParams, ModelParams]: ...
@library.function
def llama_model_load_from_file(
    path: Annotated[str | os.PathLike[str], c_char_p],
    params: Annotated[ModelParams, ModelParams], /
) -> Annotated[Model | None, c_void_p, Owned]: ...
@library.function
def llama_model_free(model: Annotated[Model, c_void_p, Closes], /) -> None: ...
@library.function
def llama_model_desc(
    model: Annotated[
        Model, c_void_p, Filled(str, c_char, 64, name="text"), Count(c_size_t, "text")
    ], /
) -> Annotated[str, c_int32, Written("text", again=True, nul=True)]: ...
@hold
def llama_model_n_params(model: Mod, /) -> Annotated[int, c_uint64]: ...
@hold
def llama_model_n_embd(model: Mod, /) -> Int32: ...
@hold
def llama_model_n_ctx_train(model: Mod, /) -> Int32: ...
@hold
def llama_model_chat_template(model: Mod, name: StrOrNone, /) -> StrOrNone: ...
@hold
def llama_model_get_vocab(model: Mod, /) -> Annotated[Vocab, c_void_p, Borrowed]: ...


# Contexts
@hold
def llama_context_default_params() -> Annotated[ContextParams, ContextParams]: ...
@library.function
def llama_init_from_model(
    model: Mod, params: Annotated[ContextParams, ContextParams, Keep("return")], /
) -> Annotated[Context | None, c_void_p, Owned]: ...
@library.function
def llama_free(context: Annotated[Context, c_void_p, Closes], /) -> None: ...
@hold
def llama_get_model(context: Ctx, /) -> Annotated[Model, c_void_p, Borrowed]: ...
@hold
def llama_n_ctx(context: Ctx, /) -> UInt32: ...
@hold
def llama_n_batch(context: Ctx, /) -> UInt32: ...
@hold
def llama_set_n_threads(context: Ctx, threads: Int32, batch_threads: Int32, /) -> None: ...
@library.function
def llama_set_abort_callback(
    context: Ctx, abort: Annotated[Abort | None, ggml_abort_callback, Keep("context")],
    data: Address, /
) -> None: ...
@hold
def llama_get_memory(context: Ctx, /) -> Annotated[Memory, c_void_p, Borrowed]: ...
@hold
def llama_memory_clear(memory: Mem, data: Bool, /) -> None: ...
@hold
def llama_memory_seq_pos_max(memory: Mem, sequence: Int32, /) -> Int32: ...
@library.function
def llama_decode(context: Ctx, batch: Annotated[Batch, Batch], /) -> Int32: ...
@library.function
def llama_synchronize(context: Ctx, /) -> None: ...
@hold
def llama_perf_context(context: Ctx, /) -> Annotated[PerfContextData, PerfContextData]: ...


# Vocabularies
@hold
def llama_vocab_n_tokens(vocab: Voc, /) -> Int32: ...
@hold
def llama_vocab_get_text(vocab: Voc, token: Token, /) -> Annotated[bytes, c_char_p]: ...
@hold
def llama_vocab_get_attr(vocab: Voc, token: Token, /) -> Annotated[LLAMA_TOKEN_ATTR, c_int]: ...
@hold
def llama_vocab_is_eog(vocab: Voc, token: Token, /) -> Bool: ...
@hold
def llama_vocab_bos(vocab: Voc, /) -> Token: ...
@hold
def llama_vocab_eos(vocab: Voc, /) -> Token: ...
@library.function
def llama_tokenize(
    vocab: Voc,
    text: Annotated[
        Buffer, In(c_char), Count(c_int32, "text"),
        Filled(list[int], c_int32, 64, name="tokens"), Count(c_int32, "tokens"),
    ],
    add_special: Bool, parse_special: Bool, /,
) -> Annotated[list[int], c_int32, Written("tokens", again="negative")]: ...
@library.function
def llama_token_to_piece(
    vocab: Voc,
    token: Annotated[
        int, c_int32, Filled(bytes, c_char, 32, name="piece"), Count(c_int32, "piece")
    ],
    lstrip: Int32, special: Bool, /,
) -> Annotated[bytes, c_int32, Written("piece", again="negative")]: ...
@library.function
def llama_detokenize(
    vocab: Voc,
    tokens: Annotated[
        Buffer, In(c_int32), Count(c_int32, "tokens"),
        Filled(bytes, c_char, 256, name="text"), Count(c_int32, "text"),
    ],
    remove_special: Bool, unparse_special: Bool, /,
) -> Annotated[bytes, c_int32, Written("text", again="negative")]: ...


def _vocabulary(context: Context, *_: object) -> int:
    return llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context)))


@hold
def llama_get_logits_ith(
    context: Ctx, at: Int32, /
) -> Annotated[memoryview | None, Out(c_float, _vocabulary), Borrowed("context")]:
    """How likely each token is to be the next: C's floats, until the next ``llama_decode``."""


# Samplers
@hold
def llama_sampler_chain_default_params() -> ChainParams: ...
@hold
def llama_sampler_chain_init(
    params: ChainParams, /
) -> NewSampler: ...
@hold
def llama_sampler_chain_add(
    chain: Smp, sampler: Annotated[Sampler, c_void_p, GivenTo("chain")], /
) -> None: ...
@hold
def llama_sampler_chain_get(
    chain: Smp, at: Int32, /
) -> Annotated[Sampler | None, c_void_p, Borrowed]: ...
@hold
def llama_sampler_chain_n(chain: Smp, /) -> Int: ...
@hold
def llama_sampler_init_greedy() -> NewSampler: ...
@hold
def llama_sampler_init_top_k(k: Int32, /) -> NewSampler: ...
@hold
def llama_sampler_init_temp(t: Float, /) -> NewSampler: ...
@hold
def llama_sampler_init_dist(seed: UInt32, /) -> NewSampler: ...
@hold
def llama_sampler_name(sampler: Smp, /) -> Str: ...
@hold
def llama_sampler_reset(sampler: Smp, /) -> None: ...
@library.function
def llama_sampler_sample(sampler: Smp, context: Ctx, at: Int32, /) -> Token: ...
@hold
def llama_sampler_free(sampler: Annotated[Sampler, c_void_p, Closes], /) -> None: ...
# fmt: on
