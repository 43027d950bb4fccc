"""The binding of libllama, from llama.h."""
# Written by pyexample bind: change its spec, or a module that imports this one.
# The functions have no bodies: C does. Their names are C's.
# mypy: disable-error-code="empty-body"
# ruff: noqa: E501, E741, N801, N802, N803, N815, N816, N818, PIE790

import ctypes
import os
from collections.abc import Callable, Sequence
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
    c_uint,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from enum import IntEnum, IntFlag
from typing import Annotated, Any

from pyexample.ffi import (
    POINTER,
    UNCHECKED,
    Anonymous,
    Array,
    ArrayOf,
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
    Length,
    Library,
    Out,
    Owned,
    Raises,
    Returned,
    Written,
    struct,
)

FILES = {
    "linux": "libllama.so.0",
    "darwin": "libllama.0.dylib",
    "win32": "llama.dll",
}


def check_version(cdll: ctypes.CDLL) -> str | None:
    """What is wrong with this version of the library: its structs may be others."""
    if not hasattr(cdll, "llama_version"):
        return "it has no llama_version(), and this binding is for version 0.5.*"
    function = cdll["llama_version"]
    function.argtypes, function.restype = [], ctypes.c_char_p
    found = str(function().decode())
    if found.startswith("0.5."):
        return None
    return f"it is version {found}, and this binding is for version 0.5.*"


library = Library("llama", __name__, system=FILES, version=check_version)
# The headers declare more than some builds and versions of the library have.
function = library.function(optional=True)
# What takes some nanoseconds does not let other Python threads run.
hold = library.function(optional=True, release_gil=False)

TextOrNone = Annotated[str | None, c_char_p]
Text = Annotated[str, c_char_p]
Address = Annotated[int | None, c_void_p]
Int64 = Annotated[int, c_int64]
Size = Annotated[int, c_size_t]
Bool = Annotated[bool, c_bool]
UInt32 = Annotated[int, c_uint32]
Int32 = Annotated[int, c_int32]
Float = Annotated[float, c_float]
UInt64 = Annotated[int, c_uint64]


class OpenEnum(IntEnum):
    """Constants to which other versions of the library may add some.

    A value that is none of them has its number as its name.
    """

    @classmethod
    def _missing_(cls, value: object) -> "OpenEnum | None":
        if not isinstance(value, int):
            return None
        added = int.__new__(cls, value)
        added._name_, added._value_ = str(value), value
        return added


class Error(Exception):
    """What the library says of a call that failed, and its code."""

    def __init__(self, message: str, code: Any) -> None:
        super().__init__(message)
        self.code = code


def _error(code: Any, function: str, values: tuple[Any, ...]) -> Exception:
    return Error(f"{function}(): {code}", code)


def _error5(code: Any, function: str, values: tuple[Any, ...]) -> Exception:
    return LookupError(f"{function}(): {code}")


class ggml_context(Handle):
    """``struct ggml_context *``"""


class ggml_cgraph(Handle):
    """``struct ggml_cgraph *``"""


class ggml_type(OpenEnum):
    """``enum ggml_type``

    NOTE: always add types at the end of the enum to keep backward compatibility
    """

    GGML_TYPE_F32 = 0
    GGML_TYPE_F16 = 1
    GGML_TYPE_Q4_0 = 2
    GGML_TYPE_Q4_1 = 3
    # GGML_TYPE_Q4_2 = 4, support has been removed GGML_TYPE_Q4_3 = 5, support has been
    # removed
    GGML_TYPE_Q5_0 = 6
    GGML_TYPE_Q5_1 = 7
    GGML_TYPE_Q8_0 = 8
    GGML_TYPE_Q8_1 = 9
    GGML_TYPE_Q2_K = 10
    GGML_TYPE_Q3_K = 11
    GGML_TYPE_Q4_K = 12
    GGML_TYPE_Q5_K = 13
    GGML_TYPE_Q6_K = 14
    GGML_TYPE_Q8_K = 15
    GGML_TYPE_IQ2_XXS = 16
    GGML_TYPE_IQ2_XS = 17
    GGML_TYPE_IQ3_XXS = 18
    GGML_TYPE_IQ1_S = 19
    GGML_TYPE_IQ4_NL = 20
    GGML_TYPE_IQ3_S = 21
    GGML_TYPE_IQ2_S = 22
    GGML_TYPE_IQ4_XS = 23
    GGML_TYPE_I8 = 24
    GGML_TYPE_I16 = 25
    GGML_TYPE_I32 = 26
    GGML_TYPE_I64 = 27
    GGML_TYPE_F64 = 28
    GGML_TYPE_IQ1_M = 29
    GGML_TYPE_BF16 = 30
    # GGML_TYPE_Q4_0_4_4 = 31, support has been removed from gguf files
    # GGML_TYPE_Q4_0_4_8 = 32, GGML_TYPE_Q4_0_8_8 = 33,
    GGML_TYPE_TQ1_0 = 34
    GGML_TYPE_TQ2_0 = 35
    # GGML_TYPE_IQ4_NL_4_4 = 36, GGML_TYPE_IQ4_NL_4_8 = 37, GGML_TYPE_IQ4_NL_8_8 = 38,
    # MXFP4 (1 block)
    GGML_TYPE_MXFP4 = 39
    # NVFP4 (4 blocks, E4M3 scale)
    GGML_TYPE_NVFP4 = 40
    GGML_TYPE_Q1_0 = 41
    GGML_TYPE_Q2_0 = 42
    GGML_TYPE_COUNT = 43


class ggml_op(OpenEnum):
    """``enum ggml_op``

    available tensor operations:
    """

    GGML_OP_NONE = 0
    GGML_OP_DUP = 1
    GGML_OP_ADD = 2
    GGML_OP_ADD_ID = 3
    GGML_OP_ADD1 = 4
    GGML_OP_ACC = 5
    GGML_OP_SUB = 6
    GGML_OP_MUL = 7
    GGML_OP_DIV = 8
    GGML_OP_SQR = 9
    GGML_OP_SQRT = 10
    GGML_OP_LOG = 11
    GGML_OP_SIN = 12
    GGML_OP_COS = 13
    GGML_OP_SUM = 14
    GGML_OP_SUM_ROWS = 15
    GGML_OP_CUMSUM = 16
    GGML_OP_MEAN = 17
    GGML_OP_ARGMAX = 18
    GGML_OP_COUNT_EQUAL = 19
    GGML_OP_REPEAT = 20
    GGML_OP_REPEAT_BACK = 21
    GGML_OP_CONCAT = 22
    GGML_OP_SILU_BACK = 23
    # normalize
    GGML_OP_NORM = 24
    GGML_OP_RMS_NORM = 25
    GGML_OP_RMS_NORM_BACK = 26
    GGML_OP_GROUP_NORM = 27
    GGML_OP_L2_NORM = 28
    GGML_OP_MUL_MAT = 29
    GGML_OP_MUL_MAT_ID = 30
    GGML_OP_OUT_PROD = 31
    GGML_OP_SCALE = 32
    GGML_OP_SET = 33
    GGML_OP_CPY = 34
    GGML_OP_CONT = 35
    GGML_OP_RESHAPE = 36
    GGML_OP_VIEW = 37
    GGML_OP_PERMUTE = 38
    GGML_OP_TRANSPOSE = 39
    GGML_OP_GET_ROWS = 40
    GGML_OP_GET_ROWS_BACK = 41
    GGML_OP_SET_ROWS = 42
    GGML_OP_DIAG = 43
    GGML_OP_DIAG_MASK_INF = 44
    GGML_OP_DIAG_MASK_ZERO = 45
    GGML_OP_SOFT_MAX = 46
    GGML_OP_SOFT_MAX_BACK = 47
    GGML_OP_ROPE = 48
    GGML_OP_ROPE_BACK = 49
    GGML_OP_CLAMP = 50
    GGML_OP_CONV_TRANSPOSE_1D = 51
    GGML_OP_IM2COL = 52
    GGML_OP_IM2COL_BACK = 53
    GGML_OP_IM2COL_3D = 54
    GGML_OP_COL2IM_1D = 55
    GGML_OP_CONV_2D = 56
    GGML_OP_CONV_3D = 57
    GGML_OP_CONV_2D_DW = 58
    GGML_OP_CONV_TRANSPOSE_2D = 59
    GGML_OP_POOL_1D = 60
    GGML_OP_POOL_2D = 61
    GGML_OP_POOL_2D_BACK = 62
    GGML_OP_UPSCALE = 63
    GGML_OP_PAD = 64
    GGML_OP_PAD_REFLECT_1D = 65
    GGML_OP_ROLL = 66
    GGML_OP_ARANGE = 67
    GGML_OP_TIMESTEP_EMBEDDING = 68
    GGML_OP_ARGSORT = 69
    GGML_OP_TOP_K = 70
    GGML_OP_LEAKY_RELU = 71
    GGML_OP_TRI = 72
    GGML_OP_FILL = 73
    GGML_OP_FLASH_ATTN_EXT = 74
    GGML_OP_FLASH_ATTN_BACK = 75
    GGML_OP_SSM_CONV = 76
    GGML_OP_SSM_SCAN = 77
    GGML_OP_WIN_PART = 78
    GGML_OP_WIN_UNPART = 79
    GGML_OP_GET_REL_POS = 80
    GGML_OP_ADD_REL_POS = 81
    GGML_OP_RWKV_WKV6 = 82
    GGML_OP_GATED_LINEAR_ATTN = 83
    GGML_OP_RWKV_WKV7 = 84
    GGML_OP_SOLVE_TRI = 85
    GGML_OP_GATED_DELTA_NET = 86
    GGML_OP_LIGHTNING_INDEXER = 87
    GGML_OP_DSV4_HC_COMB = 88
    GGML_OP_DSV4_HC_PRE = 89
    GGML_OP_DSV4_HC_POST = 90
    GGML_OP_UNARY = 91
    GGML_OP_MAP_CUSTOM1 = 92
    GGML_OP_MAP_CUSTOM2 = 93
    GGML_OP_MAP_CUSTOM3 = 94
    GGML_OP_CUSTOM = 95
    GGML_OP_CROSS_ENTROPY_LOSS = 96
    GGML_OP_CROSS_ENTROPY_LOSS_BACK = 97
    GGML_OP_OPT_STEP_ADAMW = 98
    GGML_OP_OPT_STEP_SGD = 99
    GGML_OP_GLU = 100
    GGML_OP_COUNT = 101


class ggml_log_level(OpenEnum):
    """``enum ggml_log_level``"""

    GGML_LOG_LEVEL_NONE = 0
    GGML_LOG_LEVEL_DEBUG = 1
    GGML_LOG_LEVEL_INFO = 2
    GGML_LOG_LEVEL_WARN = 3
    GGML_LOG_LEVEL_ERROR = 4
    # continue previous log
    GGML_LOG_LEVEL_CONT = 5


@struct(init=False)
class ggml_tensor(ctypes.Structure):
    """``struct ggml_tensor``

    n-dimensional tensor
    """

    type: Annotated[ggml_type, c_uint]
    buffer: Annotated[int | None, c_void_p]
    # number of elements
    ne: Annotated[Array[int], c_int64 * 4]
    # stride in bytes:
    nb: Annotated[Array[int], c_size_t * 4]
    # compute data
    op: Annotated[ggml_op, c_uint]
    # op params - allocated as int32_t for alignment
    op_params: Annotated[Array[int], c_int32 * 16]
    flags: Annotated[int, c_int32]
    src: Annotated[Array[int | None], c_void_p * 10]
    # source tensor and offset for views
    view_src: Annotated["ggml_tensor | None", POINTER("ggml_tensor")]
    view_offs: Annotated[int, c_size_t]
    data: Annotated[int | None, c_void_p]
    name: Annotated[bytes, c_char * 64]
    # extra things e.g. for ggml-cuda.cu
    extra: Annotated[int | None, c_void_p]
    padding: Annotated[bytes, c_char * 8]


@Callback.failing_with(True)
def ggml_abort_callback(
    data: Annotated[int | None, c_void_p], /
) -> Annotated[bool, c_bool]: ...


@Callback
def ggml_log_callback(
    level: Annotated[ggml_log_level, c_uint],
    text: Annotated[bytes, c_char_p],
    user_data: Annotated[int | None, c_void_p],
    /,
) -> None: ...


class ggml_threadpool(Handle):
    """``struct ggml_threadpool *``"""


class ggml_backend_buffer_type(Handle):
    """``struct ggml_backend_buffer_type *``"""


@Callback
def ggml_backend_sched_eval_callback(
    t: Annotated["ggml_tensor | None", POINTER("ggml_tensor")],
    ask: Annotated[bool, c_bool],
    user_data: Annotated[int | None, c_void_p],
    /,
) -> Annotated[bool, c_bool]: ...


class ggml_numa_strategy(IntEnum):
    """``enum ggml_numa_strategy``

    numa strategies
    """

    GGML_NUMA_STRATEGY_DISABLED = 0
    GGML_NUMA_STRATEGY_DISTRIBUTE = 1
    GGML_NUMA_STRATEGY_ISOLATE = 2
    GGML_NUMA_STRATEGY_NUMACTL = 3
    GGML_NUMA_STRATEGY_MIRROR = 4
    GGML_NUMA_STRATEGY_COUNT = 5


class ggml_opt_dataset(Handle):
    """``struct ggml_opt_dataset *``"""


class ggml_opt_context(Handle):
    """``struct ggml_opt_context *``"""


class ggml_opt_result(Handle):
    """``struct ggml_opt_result *``"""


class ggml_opt_optimizer_type(OpenEnum):
    """``enum ggml_opt_optimizer_type``"""

    GGML_OPT_OPTIMIZER_TYPE_ADAMW = 0
    GGML_OPT_OPTIMIZER_TYPE_SGD = 1
    GGML_OPT_OPTIMIZER_TYPE_COUNT = 2


@Callback
def ggml_opt_epoch_callback(
    train: Annotated[bool, c_bool],
    opt_ctx: Annotated[ggml_opt_context | None, c_void_p],
    dataset: Annotated[ggml_opt_dataset | None, c_void_p],
    result: Annotated[ggml_opt_result | None, c_void_p],
    ibatch: Annotated[int, c_int64],
    ibatch_max: Annotated[int, c_int64],
    t_start_us: Annotated[int, c_int64],
    /,
) -> None: ...


class gguf_context(Handle):
    """``struct gguf_context *``"""


LLAMA_DEFAULT_SEED = 4294967295
LLAMA_TOKEN_NULL = -1
LLAMA_FILE_MAGIC_GGLA = 1734831201
LLAMA_FILE_MAGIC_GGSN = 1734833006
LLAMA_FILE_MAGIC_GGSQ = 1734833009
LLAMA_SESSION_MAGIC = 1734833006
LLAMA_SESSION_VERSION = 10
LLAMA_STATE_SEQ_MAGIC = 1734833009
LLAMA_STATE_SEQ_VERSION = 3


class llama_vocab(Handle):
    """``struct llama_vocab *``"""


class llama_model(Handle):
    """``struct llama_model *``"""


class llama_context(Handle):
    """``struct llama_context *``"""


class llama_memory_i(Handle):
    """``struct llama_memory_i *``"""


llama_pos = Annotated[int, c_int32]
llama_token = Annotated[int, c_int32]
llama_seq_id = Annotated[int, c_int32]


class llama_vocab_type_enum(OpenEnum):
    """``enum llama_vocab_type``"""

    # For models without vocab
    LLAMA_VOCAB_TYPE_NONE = 0
    # LLaMA tokenizer based on byte-level BPE with byte fallback
    LLAMA_VOCAB_TYPE_SPM = 1
    # GPT-2 tokenizer based on byte-level BPE
    LLAMA_VOCAB_TYPE_BPE = 2
    # BERT tokenizer based on WordPiece
    LLAMA_VOCAB_TYPE_WPM = 3
    # T5 tokenizer based on Unigram
    LLAMA_VOCAB_TYPE_UGM = 4
    # RWKV tokenizer based on greedy tokenization
    LLAMA_VOCAB_TYPE_RWKV = 5
    # PLaMo-2 tokenizer based on Aho-Corasick with dynamic programming
    LLAMA_VOCAB_TYPE_PLAMO2 = 6
    # Dummy tokenizer for testing: rolling hash of fixed-size chunks -> tokens, tokens
    # -> hex
    LLAMA_VOCAB_TYPE_TEST = 7


class llama_rope_type(OpenEnum):
    """``enum llama_rope_type``"""

    LLAMA_ROPE_TYPE_NONE = -1
    LLAMA_ROPE_TYPE_NORM = 0
    LLAMA_ROPE_TYPE_NEOX = 2
    LLAMA_ROPE_TYPE_MROPE = 8
    LLAMA_ROPE_TYPE_IMROPE = 40
    LLAMA_ROPE_TYPE_VISION = 24


class llama_token_type(IntEnum):
    """``enum llama_token_type``

    TODO: remove, required until per token attributes are available from GGUF file
    """

    LLAMA_TOKEN_TYPE_UNDEFINED = 0
    LLAMA_TOKEN_TYPE_NORMAL = 1
    LLAMA_TOKEN_TYPE_UNKNOWN = 2
    LLAMA_TOKEN_TYPE_CONTROL = 3
    LLAMA_TOKEN_TYPE_USER_DEFINED = 4
    LLAMA_TOKEN_TYPE_UNUSED = 5
    LLAMA_TOKEN_TYPE_BYTE = 6


class llama_token_attr(IntFlag):
    """``enum llama_token_attr``"""

    LLAMA_TOKEN_ATTR_UNDEFINED = 0
    LLAMA_TOKEN_ATTR_UNKNOWN = 1
    LLAMA_TOKEN_ATTR_UNUSED = 2
    LLAMA_TOKEN_ATTR_NORMAL = 4
    # SPECIAL?
    LLAMA_TOKEN_ATTR_CONTROL = 8
    LLAMA_TOKEN_ATTR_USER_DEFINED = 16
    LLAMA_TOKEN_ATTR_BYTE = 32
    LLAMA_TOKEN_ATTR_NORMALIZED = 64
    LLAMA_TOKEN_ATTR_LSTRIP = 128
    LLAMA_TOKEN_ATTR_RSTRIP = 256
    LLAMA_TOKEN_ATTR_SINGLE_WORD = 512


class llama_ftype(OpenEnum):
    """``enum llama_ftype``

    model file types
    """

    LLAMA_FTYPE_ALL_F32 = 0
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_F16 = 1
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q4_0 = 2
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q4_1 = 3
    # LLAMA_FTYPE_MOSTLY_Q4_1_SOME_F16 = 4, // tok_embeddings.weight and output.weight
    # are F16 LLAMA_FTYPE_MOSTLY_Q4_2 = 5, // support has been removed
    # LLAMA_FTYPE_MOSTLY_Q4_3 = 6, // support has been removed
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q8_0 = 7
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q5_0 = 8
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q5_1 = 9
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q2_K = 10
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q3_K_S = 11
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q3_K_M = 12
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q3_K_L = 13
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q4_K_S = 14
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q4_K_M = 15
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q5_K_S = 16
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q5_K_M = 17
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q6_K = 18
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ2_XXS = 19
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ2_XS = 20
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q2_K_S = 21
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ3_XS = 22
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ3_XXS = 23
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ1_S = 24
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ4_NL = 25
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ3_S = 26
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ3_M = 27
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ2_S = 28
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ2_M = 29
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ4_XS = 30
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_IQ1_M = 31
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_BF16 = 32
    # LLAMA_FTYPE_MOSTLY_Q4_0_4_4 = 33, // removed from gguf files, use Q4_0 and runtime
    # repack LLAMA_FTYPE_MOSTLY_Q4_0_4_8 = 34, // removed from gguf files, use Q4_0 and
    # runtime repack LLAMA_FTYPE_MOSTLY_Q4_0_8_8 = 35, // removed from gguf files, use
    # Q4_0 and runtime repack
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_TQ1_0 = 36
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_TQ2_0 = 37
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_MXFP4_MOE = 38
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_NVFP4 = 39
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q1_0 = 40
    # except 1d tensors
    LLAMA_FTYPE_MOSTLY_Q2_0 = 41
    # not specified in the model file
    LLAMA_FTYPE_GUESSED = 1024


llama_ftypeValue = Annotated[llama_ftype, c_uint]


@hold
def llama_ftype_name(ftype: llama_ftypeValue, /) -> TextOrNone:
    """Get the model file type (quantization) as a string, e.g. "Q8_0" or "Q4_K -
    Medium"
    """
    ...


class llama_rope_scaling_type(OpenEnum):
    """``enum llama_rope_scaling_type``"""

    LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED = -1
    LLAMA_ROPE_SCALING_TYPE_NONE = 0
    LLAMA_ROPE_SCALING_TYPE_LINEAR = 1
    LLAMA_ROPE_SCALING_TYPE_YARN = 2
    LLAMA_ROPE_SCALING_TYPE_LONGROPE = 3
    LLAMA_ROPE_SCALING_TYPE_MAX_VALUE = 3


class llama_pooling_type_enum(OpenEnum):
    """``enum llama_pooling_type``"""

    LLAMA_POOLING_TYPE_UNSPECIFIED = -1
    LLAMA_POOLING_TYPE_NONE = 0
    LLAMA_POOLING_TYPE_MEAN = 1
    LLAMA_POOLING_TYPE_CLS = 2
    LLAMA_POOLING_TYPE_LAST = 3
    # used by reranking models to attach the classification head to the graph
    LLAMA_POOLING_TYPE_RANK = 4


class llama_attention_type(OpenEnum):
    """``enum llama_attention_type``"""

    LLAMA_ATTENTION_TYPE_UNSPECIFIED = -1
    LLAMA_ATTENTION_TYPE_CAUSAL = 0
    LLAMA_ATTENTION_TYPE_NON_CAUSAL = 1


class llama_flash_attn_type(OpenEnum):
    """``enum llama_flash_attn_type``"""

    LLAMA_FLASH_ATTN_TYPE_AUTO = -1
    LLAMA_FLASH_ATTN_TYPE_DISABLED = 0
    LLAMA_FLASH_ATTN_TYPE_ENABLED = 1


@hold
def llama_flash_attn_type_name(
    flash_attn_type: Annotated[llama_flash_attn_type, c_int], /
) -> TextOrNone: ...


class llama_split_mode(OpenEnum):
    """``enum llama_split_mode``"""

    # single GPU
    LLAMA_SPLIT_MODE_NONE = 0
    # split layers and KV across GPUs
    LLAMA_SPLIT_MODE_LAYER = 1
    # split layers and KV across GPUs, use tensor parallelism if supported
    LLAMA_SPLIT_MODE_ROW = 2
    LLAMA_SPLIT_MODE_TENSOR = 3


class llama_load_mode(OpenEnum):
    """``enum llama_load_mode``"""

    # auto-detect based on device capabilities
    LLAMA_LOAD_MODE_AUTO = -1
    # no special loading mode
    LLAMA_LOAD_MODE_NONE = 0
    # memory map the model
    LLAMA_LOAD_MODE_MMAP = 1
    # force system to keep model in RAM rather than swapping or compressing
    LLAMA_LOAD_MODE_MLOCK = 2
    # mmap + force system to keep model in RAM rather than swapping or compressing
    LLAMA_LOAD_MODE_MMAP_MLOCK = 3
    # use direct I/O if available
    LLAMA_LOAD_MODE_DIRECT_IO = 4


llama_load_modeValue = Annotated[llama_load_mode, c_int]


@hold
def llama_load_mode_name(load_mode: llama_load_modeValue, /) -> TextOrNone: ...


@function
def llama_load_mode_from_str(str: Text, /) -> llama_load_modeValue: ...


class llama_lazy_mode(OpenEnum):
    """``enum llama_lazy_mode``"""

    # always read the whole tensor up front
    LLAMA_LAZY_MODE_OFF = 0
    # lazy only for marked tensors larger than 4 GiB (requires mmap)
    LLAMA_LAZY_MODE_AUTO = 1
    # read the rows of tensors marked by the arch on demand (requires mmap)
    LLAMA_LAZY_MODE_ON = 2


class llama_context_type(OpenEnum):
    """``enum llama_context_type``"""

    LLAMA_CONTEXT_TYPE_DEFAULT = 0
    LLAMA_CONTEXT_TYPE_MTP = 1


@struct(init=False)
class llama_token_data(ctypes.Structure):
    """``struct llama_token_data``

    TODO: simplify
    (https://github.com/ggml-org/llama.cpp/pull/9294#pullrequestreview-2286561979)
    """

    # token id
    id: Annotated[int, c_int32]
    # log-odds of the token
    logit: Annotated[float, c_float]
    # probability of the token
    p: Annotated[float, c_float]


@struct(init=False)
class llama_token_data_array(ctypes.Structure):
    """``struct llama_token_data_array``"""

    # TODO: consider SoA NOTE: this pointer can be modified by the samplers
    data: Annotated[Any, POINTER(llama_token_data)]
    size: Annotated[int, c_size_t]
    # this is the index in the data array (i.e. not the token id)
    selected: Annotated[int, c_int64]
    # note: do not assume the data is sorted - always check this flag
    sorted: Annotated[bool, c_bool]


@Callback
def llama_progress_callback(
    progress: Annotated[float, c_float], user_data: Annotated[int | None, c_void_p], /
) -> Annotated[bool, c_bool]: ...


@struct(init=False)
class llama_batch(ctypes.Structure):
    """``struct llama_batch``

    Input data for llama_encode/llama_decode A llama_batch object can contain input
    about one or many sequences The provided arrays (i.e. token, embd, pos, etc.) must
    have size of n_tokens

    - token : the token ids of the input (used when embd is NULL)
    - embd : token embeddings (i.e. float vector of size n_embd) (used when token is
        NULL)
    - pos : the positions of the respective token in the sequence (if set to NULL, the
        token position will be tracked automatically by llama_encode/llama_decode)
    - seq_id : the sequence to which the respective token belongs (if set to NULL, the
        sequence ID will be assumed to be 0)
    - logits : if zero, the logits (and/or the embeddings) for the respective token will
        not be output (if set to NULL:
    - if embeddings: all tokens are output
    - if not: only the last token is output )
    """

    n_tokens: Annotated[int, c_int32]
    token: Annotated[list[int] | None, Out(c_int32, "n_tokens")]
    embd: Annotated[Any, POINTER(c_float)]
    pos: Annotated[list[int] | None, Out(c_int32, "n_tokens")]
    n_seq_id: Annotated[list[int] | None, Out(c_int32, "n_tokens")]
    seq_id: Annotated[Any, POINTER(POINTER(c_int32))]
    # TODO: rename this to "output"
    logits: Annotated[list[int] | None, Out(c_int8, "n_tokens")]


class llama_model_kv_override_type(OpenEnum):
    """``enum llama_model_kv_override_type``"""

    LLAMA_KV_OVERRIDE_TYPE_INT = 0
    LLAMA_KV_OVERRIDE_TYPE_FLOAT = 1
    LLAMA_KV_OVERRIDE_TYPE_BOOL = 2
    LLAMA_KV_OVERRIDE_TYPE_STR = 3


class llama_model_meta_key(IntEnum):
    """``enum llama_model_meta_key``"""

    LLAMA_MODEL_META_KEY_SAMPLING_SEQUENCE = 0
    LLAMA_MODEL_META_KEY_SAMPLING_TOP_K = 1
    LLAMA_MODEL_META_KEY_SAMPLING_TOP_P = 2
    LLAMA_MODEL_META_KEY_SAMPLING_MIN_P = 3
    LLAMA_MODEL_META_KEY_SAMPLING_XTC_PROBABILITY = 4
    LLAMA_MODEL_META_KEY_SAMPLING_XTC_THRESHOLD = 5
    LLAMA_MODEL_META_KEY_SAMPLING_TEMP = 6
    LLAMA_MODEL_META_KEY_SAMPLING_PENALTY_LAST_N = 7
    LLAMA_MODEL_META_KEY_SAMPLING_PENALTY_REPEAT = 8
    LLAMA_MODEL_META_KEY_SAMPLING_MIROSTAT = 9
    LLAMA_MODEL_META_KEY_SAMPLING_MIROSTAT_TAU = 10
    LLAMA_MODEL_META_KEY_SAMPLING_MIROSTAT_ETA = 11


class llama_process_type(IntEnum):
    """``enum llama_process_type``"""

    LLAMA_PROCESS_TYPE_ENCODE = 0
    LLAMA_PROCESS_TYPE_DECODE = 1


@struct(init=False)
class llama_model_kv_override_anonymous2(ctypes.Union):
    """``union {...}``"""

    val_i64: Annotated[int, c_int64]
    val_f64: Annotated[float, c_double]
    val_bool: Annotated[bool, c_bool]
    val_str: Annotated[bytes, c_char * 128]


@struct(init=False)
class llama_model_kv_override(ctypes.Structure):
    """``struct llama_model_kv_override``"""

    tag: Annotated[llama_model_kv_override_type, c_uint]
    key: Annotated[bytes, c_char * 128]
    anonymous2: Annotated[
        llama_model_kv_override_anonymous2,
        llama_model_kv_override_anonymous2,
        Anonymous,
    ]


@struct(init=False)
class llama_model_tensor_buft_override(ctypes.Structure):
    """``struct llama_model_tensor_buft_override``"""

    pattern: Annotated[str | None, c_char_p]
    buft: Annotated[int | None, c_void_p]


@struct(default="llama_model_default_params", init=False)
class llama_model_params(ctypes.Structure):
    """``struct llama_model_params``"""

    # NULL-terminated list of devices to use for offloading (if NULL, all available
    # devices are used)
    devices: Annotated[int | None, c_void_p]
    # NULL-terminated list of buffer types to use for tensors that match a pattern
    tensor_buft_overrides: Annotated[Any, POINTER(llama_model_tensor_buft_override)]
    # number of layers to store in VRAM, a negative value means all layers
    n_gpu_layers: Annotated[int, c_int32]
    # how to split the model across multiple GPUs
    split_mode: Annotated[llama_split_mode, c_uint]
    # how to load the model
    load_mode: Annotated[llama_load_mode, c_int]
    # on-demand reading of tensors marked by the arch
    lazy_mode: Annotated[llama_lazy_mode, c_uint]
    # the GPU that is used for the entire model when split_mode is LLAMA_SPLIT_MODE_NONE
    main_gpu: Annotated[int, c_int32]
    # proportion of the model (layers or rows) to offload to each GPU, size:
    # llama_max_devices()
    tensor_split: Annotated[Any, POINTER(c_float)]
    # Called with a progress value between 0.0 and 1.0. Pass NULL to disable. If the
    # provided progress_callback returns true, model loading continues. If it returns
    # false, model loading is immediately aborted.
    progress_callback: Annotated[
        Callable[[float, int | None], bool] | None, llama_progress_callback
    ]
    # context pointer passed to the progress callback
    progress_callback_user_data: Annotated[int | None, c_void_p]
    # override key-value pairs of the model meta data
    kv_overrides: Annotated[Any, POINTER(llama_model_kv_override)]
    # Keep the booleans together to avoid misalignment during copy-by-value.
    # only load the vocabulary, no weights
    vocab_only: Annotated[bool, c_bool]
    # validate model tensor data
    check_tensors: Annotated[bool, c_bool]
    # use extra buffer types (used for weight repacking)
    use_extra_bufts: Annotated[bool, c_bool]
    # bypass host buffer allowing extra buffers to be used
    no_host: Annotated[bool, c_bool]
    # only load metadata and simulate memory allocations
    no_alloc: Annotated[bool, c_bool]
    # whether to load MTP layers
    load_mtp: Annotated[bool, c_bool]


@struct(init=False)
class llama_sampler_seq_config(ctypes.Structure):
    """``struct llama_sampler_seq_config``"""

    seq_id: Annotated[int, c_int32]
    sampler: Annotated[int | None, c_void_p]


@struct(default="llama_context_default_params", init=False)
class llama_context_params(ctypes.Structure):
    """``struct llama_context_params``

    NOTE: changing the default values of parameters marked as [EXPERIMENTAL] may cause
    crashes or incorrect results in certain configurations
    https://github.com/ggml-org/llama.cpp/pull/7544
    """

    # text context, 0 = from model
    n_ctx: Annotated[int, c_uint32]
    # logical maximum batch size that can be submitted to llama_decode
    n_batch: Annotated[int, c_uint32]
    # physical maximum batch size
    n_ubatch: Annotated[int, c_uint32]
    # max number of sequences (i.e. distinct states for recurrent models)
    n_seq_max: Annotated[int, c_uint32]
    # number of recurrent-state snapshots per seq for rollback (0 = no rollback)
    # [EXPERIMENTAL]
    n_rs_seq: Annotated[int, c_uint32]
    # max outputs in a ubatch (0 = n_batch)
    n_outputs_max: Annotated[int, c_uint32]
    # max outputs per sequence (0 = n_outputs_max)
    n_outputs_max_per_seq: Annotated[int, c_uint32]
    # number of threads to use for generation
    n_threads: Annotated[int, c_int32]
    # number of threads to use for batch processing
    n_threads_batch: Annotated[int, c_int32]
    # set the context type (e.g. MTP)
    ctx_type: Annotated[llama_context_type, c_uint]
    # RoPE scaling type, from `enum llama_rope_scaling_type`
    rope_scaling_type: Annotated[llama_rope_scaling_type, c_int]
    # whether to pool (sum) embedding results by sequence id
    pooling_type: Annotated[llama_pooling_type_enum, c_int]
    # attention type to use for embeddings
    attention_type: Annotated[llama_attention_type, c_int]
    # when to enable Flash Attention
    flash_attn_type: Annotated[llama_flash_attn_type, c_int]
    # ref: https://github.com/ggml-org/llama.cpp/pull/2054
    # RoPE base frequency, 0 = from model
    rope_freq_base: Annotated[float, c_float]
    # RoPE frequency scaling factor, 0 = from model
    rope_freq_scale: Annotated[float, c_float]
    # YaRN extrapolation mix factor, negative = from model
    yarn_ext_factor: Annotated[float, c_float]
    # YaRN magnitude scaling factor
    yarn_attn_factor: Annotated[float, c_float]
    # YaRN low correction dim
    yarn_beta_fast: Annotated[float, c_float]
    # YaRN high correction dim
    yarn_beta_slow: Annotated[float, c_float]
    # YaRN original context size
    yarn_orig_ctx: Annotated[int, c_uint32]
    # [DEPRECATED] defragment the KV cache if holes/size > thold, <= 0 disabled
    # (default)
    defrag_thold: Annotated[float, c_float]
    cb_eval: Annotated[
        Callable[["ggml_tensor | None", bool, int | None], bool] | None,
        ggml_backend_sched_eval_callback,
    ]
    cb_eval_user_data: Annotated[int | None, c_void_p]
    # data type for K cache [EXPERIMENTAL]
    type_k: Annotated[ggml_type, c_uint]
    # data type for V cache [EXPERIMENTAL]
    type_v: Annotated[ggml_type, c_uint]
    # Abort callback if it returns true, execution of llama_decode() will be aborted
    # currently works only with CPU execution
    abort_callback: Annotated[Callable[[int | None], bool] | None, ggml_abort_callback]
    abort_callback_data: Annotated[int | None, c_void_p]
    # Keep the booleans together and at the end of the struct to avoid misalignment
    # during copy-by-value.
    # if true, extract embeddings (together with logits)
    embeddings: Annotated[bool, c_bool]
    # offload the KQV ops (including the KV cache) to GPU
    offload_kqv: Annotated[bool, c_bool]
    # measure performance timings
    no_perf: Annotated[bool, c_bool]
    # offload host tensor operations to device
    op_offload: Annotated[bool, c_bool]
    # use full-size SWA cache
    # (https://github.com/ggml-org/llama.cpp/pull/13194#issuecomment-2868343055)
    swa_full: Annotated[bool, c_bool]
    # NOTE: setting to false when n_seq_max > 1 can cause bad performance in some cases
    # ref: https://github.com/ggml-org/llama.cpp/pull/13845#issuecomment-2924800573
    # use a unified buffer across the input sequences when computing the attention
    kv_unified: Annotated[bool, c_bool]
    # [EXPERIMENTAL] backend sampler chain configuration (make sure the caller keeps the
    # sampler chains alive) note: the samplers must be sampler chains (i.e. use
    # llama_sampler_chain_init)
    samplers: Annotated[Any, POINTER(llama_sampler_seq_config)]
    n_samplers: Annotated[int, c_size_t]
    # a source/target/parent context can be utilized in various ways, for example by
    # sharing results or llama_memory between 2 contexts
    ctx_other: Annotated[int | None, c_void_p]


@struct(init=False)
class llama_model_tensor_override(ctypes.Structure):
    """``struct llama_model_tensor_override``"""

    pattern: Annotated[str | None, c_char_p]
    type: Annotated[ggml_type, c_uint]


@struct(init=False)
class llama_model_imatrix_data(ctypes.Structure):
    """``struct llama_model_imatrix_data``"""

    name: Annotated[str | None, c_char_p]
    data: Annotated[list[float] | None, In(c_float, "size")]
    size: Annotated[int, c_size_t]


@struct(default="llama_model_quantize_default_params", init=False)
class llama_model_quantize_params(ctypes.Structure):
    """``struct llama_model_quantize_params``

    model quantization parameters
    """

    # number of threads to use for quantizing, if <=0 will use
    # std::thread::hardware_concurrency()
    nthread: Annotated[int, c_int32]
    # quantize to this llama_ftype
    ftype: Annotated[llama_ftype, c_uint]
    # output tensor type
    output_tensor_type: Annotated[ggml_type, c_uint]
    # token embeddings tensor type
    token_embedding_type: Annotated[ggml_type, c_uint]
    # allow quantizing non-f32/f16 tensors
    allow_requantize: Annotated[bool, c_bool]
    # quantize output.weight
    quantize_output_tensor: Annotated[bool, c_bool]
    # only copy tensors - ftype, allow_requantize and quantize_output_tensor are ignored
    only_copy: Annotated[bool, c_bool]
    # quantize all tensors to the default type
    pure: Annotated[bool, c_bool]
    # quantize to the same number of shards
    keep_split: Annotated[bool, c_bool]
    # calculate and show the final quantization size without performing quantization
    dry_run: Annotated[bool, c_bool]
    # pointer to importance matrix data
    imatrix: Annotated[Any, POINTER(llama_model_imatrix_data)]
    # pointer to kv overrides
    kv_overrides: Annotated[Any, POINTER(llama_model_kv_override)]
    # pointer to tensor overrides
    tt_overrides: Annotated[Any, POINTER(llama_model_tensor_override)]
    # pointer to layer indices to prune
    prune_layers: Annotated[Any, POINTER(c_int32)]
    # max bytes of tensor rows kept in memory at once, 0 = default (8 GiB)
    max_buf_size: Annotated[int, c_size_t]


@struct(init=False)
class llama_logit_bias(ctypes.Structure):
    """``struct llama_logit_bias``"""

    token: Annotated[int, c_int32]
    bias: Annotated[float, c_float]


@struct(default="llama_sampler_chain_default_params", init=False)
class llama_sampler_chain_params(ctypes.Structure):
    """``struct llama_sampler_chain_params``"""

    # whether to measure performance timings
    no_perf: Annotated[bool, c_bool]


@struct(init=False)
class llama_chat_message(ctypes.Structure):
    """``struct llama_chat_message``

    used in chat template
    """

    role: Annotated[str | None, c_char_p]
    content: Annotated[str | None, c_char_p]


class llama_adapter_lora(Handle):
    """``struct llama_adapter_lora *``"""


@hold
def llama_version() -> Text: ...


llama_model_paramsValue = Annotated[llama_model_params, llama_model_params]


@hold
def llama_model_default_params() -> llama_model_paramsValue:
    """Helpers for getting default parameters TODO: update API to start accepting
    pointers to params structs
    (https://github.com/ggml-org/llama.cpp/discussions/9172)
    """
    ...


@hold
def llama_context_default_params() -> Annotated[
    llama_context_params, llama_context_params
]: ...


llama_sampler_chain_paramsValue = Annotated[
    llama_sampler_chain_params, llama_sampler_chain_params
]


@hold
def llama_sampler_chain_default_params() -> llama_sampler_chain_paramsValue: ...


llama_model_quantize_paramsValue = Annotated[
    llama_model_quantize_params, llama_model_quantize_params
]


@hold
def llama_model_quantize_default_params() -> llama_model_quantize_paramsValue: ...


@function
def llama_backend_init() -> None:
    """Initialize the llama + ggml backend Call once at the start of the program"""
    ...


@function
def llama_backend_free() -> None:
    """Call once at the end of the program - currently only used for MPI"""
    ...


@function
def llama_numa_init(numa: Annotated[ggml_numa_strategy, c_uint], /) -> None:
    """Optional: enable numa optimizations TODO: deprecate and make part of
    llama_backend_init()
    """
    ...


llama_contextPtr = Annotated[llama_context, c_void_p]
Threadpool = Annotated[ggml_threadpool | None, c_void_p, Keep("ctx")]


@function
def llama_attach_threadpool(
    ctx: llama_contextPtr, threadpool: Threadpool, threadpool_batch: Threadpool, /
) -> None:
    """Optional: an auto threadpool gets created in ggml if not passed explicitly"""
    ...


@function
def llama_detach_threadpool(ctx: llama_contextPtr, /) -> None: ...


@Callback
def llama_model_set_tensor_data_t(
    tensor: Annotated["ggml_tensor | None", POINTER("ggml_tensor")],
    userdata: Annotated[int | None, c_void_p],
    /,
) -> None: ...


NewLlamaModel = Annotated[llama_model | None, c_void_p, Owned]


@function
def llama_model_init_from_user(
    metadata: Annotated[gguf_context, c_void_p],
    set_tensor_data: Annotated[
        Callable[["ggml_tensor | None", int | None], None],
        llama_model_set_tensor_data_t,
    ],
    set_tensor_data_ud: Address,
    params: llama_model_paramsValue,
    /,
) -> NewLlamaModel:
    """Create a new model from GGUF metadata as well as a function to set the tensor
    data

    - tensors are created as GGML_TYPE_F32 by default, override by adding a tensor with
        the same name but a different name to the context
    """
    ...


PathModel = Annotated[str | os.PathLike[str], c_char_p]


@function
def llama_load_model_from_file(
    path_model: PathModel, params: llama_model_paramsValue, /
) -> NewLlamaModel: ...


@function
def llama_model_load_from_file(
    path_model: PathModel, params: llama_model_paramsValue, /
) -> NewLlamaModel:
    """Load a model from a file If the file is split into multiple parts, the file
    name must follow this pattern: <name>-%05d-of-%05d.gguf If the split file
    name does not follow this pattern, use llama_model_load_from_splits
    """
    ...


File = Annotated[int, c_void_p]


@function
def llama_model_load_from_file_ptr(
    file: File, params: llama_model_paramsValue, /
) -> NewLlamaModel:
    """Load a model from an open FILE pointer The GGUF is read from the current
    position, so it can be embedded in a larger file mmap needs the GGUF data
    section at a file offset to be aligned to the CPU tensor alignment (32 bytes)
    """
    ...


@function
def llama_model_load_from_splits(
    paths: Annotated[Sequence[str], ArrayOf(c_char_p), Count(c_size_t, "paths")],
    params: llama_model_paramsValue,
    /,
) -> NewLlamaModel:
    """Load a model from multiple splits (support custom naming scheme) The paths
    must be in the correct order
    """
    ...


llama_modelPtr = Annotated[llama_model, c_void_p]


@function
def llama_model_save_to_file(
    model: llama_modelPtr, path_model: PathModel, /
) -> None: ...


@function
def llama_free_model(model: Annotated[llama_model, c_void_p, Closes], /) -> None: ...


@function
def llama_model_free(
    model: Annotated[llama_model, c_void_p, Closes(implicit=False)], /
) -> None: ...


Params = Annotated[llama_context_params, llama_context_params, Keep("return")]
NewLlamaContext = Annotated[llama_context | None, c_void_p, Owned]


@function
def llama_init_from_model(
    model: llama_modelPtr, params: Params, /
) -> NewLlamaContext: ...


@function
def llama_new_context_with_model(
    model: llama_modelPtr, params: Params, /
) -> NewLlamaContext: ...


@function
def llama_free(ctx: Annotated[llama_context, c_void_p, Closes], /) -> None:
    """Frees all allocated memory"""
    ...


@hold
def llama_time_us() -> Int64: ...


@hold
def llama_max_devices() -> Size: ...


@hold
def llama_max_parallel_sequences() -> Size: ...


@hold
def llama_max_tensor_buft_overrides() -> Size: ...


@hold
def llama_supports_mmap() -> Bool: ...


@hold
def llama_supports_mlock() -> Bool: ...


@hold
def llama_supports_gpu_offload() -> Bool: ...


@hold
def llama_supports_rpc() -> Bool: ...


@hold
def llama_n_ctx(ctx: llama_contextPtr, /) -> UInt32:
    """NOTE: After creating a llama_context, it is recommended to query the actual
    values using these functions In some cases the requested values via
    llama_context_params may differ from the actual values used by the context
    ref: https://github.com/ggml-org/llama.cpp/pull/17046#discussion_r2503085732
    """
    ...


@hold
def llama_n_ctx_seq(ctx: llama_contextPtr, /) -> UInt32: ...


@hold
def llama_n_batch(ctx: llama_contextPtr, /) -> UInt32: ...


@hold
def llama_n_ubatch(ctx: llama_contextPtr, /) -> UInt32: ...


@hold
def llama_n_seq_max(ctx: llama_contextPtr, /) -> UInt32: ...


@hold
def llama_n_rs_seq(ctx: llama_contextPtr, /) -> UInt32: ...


@hold
def llama_n_ctx_train(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_n_embd(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_n_layer(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_n_head(model: llama_modelPtr, /) -> Int32: ...


llama_vocabPtr = Annotated[llama_vocab, c_void_p]


@hold
def llama_n_vocab(vocab: llama_vocabPtr, /) -> Int32: ...


@hold
def llama_get_model(
    ctx: llama_contextPtr, /
) -> Annotated[llama_model, c_void_p, Borrowed]: ...


@hold
def llama_get_memory(
    ctx: llama_contextPtr, /
) -> Annotated[llama_memory_i | None, c_void_p, Borrowed]: ...


@hold
def llama_pooling_type(
    ctx: llama_contextPtr, /
) -> Annotated[llama_pooling_type_enum, c_int]:
    """TODO: rename to llama_get_pooling_type"""
    ...


@hold
def llama_model_get_vocab(
    model: llama_modelPtr, /
) -> Annotated[llama_vocab, c_void_p, Borrowed]: ...


@hold
def llama_model_rope_type(
    model: llama_modelPtr, /
) -> Annotated[llama_rope_type, c_int]: ...


@hold
def llama_model_n_ctx_train(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_embd(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_embd_inp(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_embd_out(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_layer(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_layer_nextn(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_head(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_head_kv(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_n_swa(model: llama_modelPtr, /) -> Int32: ...


@hold
def llama_model_rope_freq_scale_train(model: llama_modelPtr, /) -> Float:
    """Get the model's RoPE frequency scaling factor"""
    ...


@hold
def llama_model_n_cls_out(model: llama_modelPtr, /) -> UInt32:
    """Returns the number of classifier outputs (only valid for classifier models)
    Undefined behavior for non-classifier models
    """
    ...


@hold
def llama_model_cls_label(model: llama_modelPtr, i: UInt32, /) -> TextOrNone:
    """Returns label of classifier output by index (<n_cls_out). Returns nullptr if
    no label provided
    """
    ...


@hold
def llama_vocab_type(
    vocab: llama_vocabPtr, /
) -> Annotated[llama_vocab_type_enum, c_uint]: ...


@hold
def llama_vocab_n_tokens(vocab: llama_vocabPtr, /) -> Int32: ...


Result = Annotated[
    str, c_int32, Raises(_error5, when="negative"), Written("buf", again=True, nul=True)
]


@hold
def llama_model_meta_val_str(
    model: llama_modelPtr,
    key: Annotated[Text, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")],
    /,
) -> Result:
    """Get metadata value as a string by key name"""
    ...


@hold
def llama_model_meta_count(model: llama_modelPtr, /) -> Int32:
    """Get the number of metadata key/value pairs"""
    ...


@hold
def llama_model_meta_key_str(
    key: Annotated[llama_model_meta_key, c_uint], /
) -> TextOrNone:
    """Get sampling metadata key name. Returns nullptr if the key is invalid"""
    ...


@hold
def llama_model_meta_key_by_index(
    model: llama_modelPtr,
    i: Annotated[Int32, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")],
    /,
) -> Result:
    """Get metadata key name by index"""
    ...


@hold
def llama_model_meta_val_str_by_index(
    model: llama_modelPtr,
    i: Annotated[Int32, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")],
    /,
) -> Result:
    """Get metadata value as a string by index"""
    ...


LlamaModelDescResult = Annotated[str, c_int32, Written("buf", again=True, nul=True)]


@hold
def llama_model_desc(
    model: Annotated[
        llama_modelPtr, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")
    ],
    /,
) -> LlamaModelDescResult:
    """Get a string describing the model type"""
    ...


@hold
def llama_model_ftype(model: llama_modelPtr, /) -> llama_ftypeValue:
    """Get the model file type (quantization), e.g. LLAMA_FTYPE_MOSTLY_Q8_0"""
    ...


@hold
def llama_model_size(model: llama_modelPtr, /) -> UInt64:
    """Returns the total size of all the tensors in the model in bytes"""
    ...


@hold
def llama_model_chat_template(model: llama_modelPtr, name: TextOrNone, /) -> TextOrNone:
    """Get the default chat template. Returns nullptr if not available If name is
    NULL, returns the default chat template
    """
    ...


@hold
def llama_model_n_params(model: llama_modelPtr, /) -> UInt64:
    """Returns the total number of parameters in the model"""
    ...


@hold
def llama_model_has_encoder(model: llama_modelPtr, /) -> Bool:
    """Returns true if the model contains an encoder that requires llama_encode()
    call
    """
    ...


@hold
def llama_model_has_decoder(model: llama_modelPtr, /) -> Bool:
    """Returns true if the model contains a decoder that requires llama_decode()
    call
    """
    ...


@hold
def llama_model_decoder_start_token(model: llama_modelPtr, /) -> llama_token:
    """For encoder-decoder models, this function returns id of the token that must
    be provided to the decoder to start generating output sequence. For other
    models, it returns -1.
    """
    ...


@hold
def llama_model_is_recurrent(model: llama_modelPtr, /) -> Bool:
    """Returns true if the model is recurrent (like Mamba, RWKV, etc.)"""
    ...


@hold
def llama_model_is_hybrid(model: llama_modelPtr, /) -> Bool:
    """Returns true if the model is hybrid (like Jamba, Granite, etc.)"""
    ...


@hold
def llama_model_is_diffusion(model: llama_modelPtr, /) -> Bool:
    """Returns true if the model is diffusion-based (like LLaDA, Dream, etc.)"""
    ...


@function
def llama_model_quantize(
    fname_inp: PathModel,
    fname_out: PathModel,
    params: Annotated[
        llama_model_quantize_params, POINTER(llama_model_quantize_params)
    ],
    /,
) -> Annotated[None, c_uint32, Raises(_error)]:
    """Returns 0 on success"""
    ...


NewLlamaAdapterLora = Annotated[llama_adapter_lora | None, c_void_p, Owned]


@function
def llama_adapter_lora_init(
    model: llama_modelPtr, path_lora: PathModel, /
) -> NewLlamaAdapterLora:
    """Load a LoRA adapter from file The adapter is valid as long as the associated
    model is not freed
    """
    ...


@function
def llama_adapter_lora_init_from_file_ptr(
    model: llama_modelPtr, file: File, /
) -> NewLlamaAdapterLora:
    """Load a LoRA adapter from an open FILE pointer, reading from its current
    position
    """
    ...


llama_adapter_loraPtr = Annotated[llama_adapter_lora, c_void_p]


@hold
def llama_adapter_meta_val_str(
    adapter: llama_adapter_loraPtr,
    key: Annotated[Text, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")],
    /,
) -> Result:
    """Get metadata value as a string by key name"""
    ...


@hold
def llama_adapter_meta_count(adapter: llama_adapter_loraPtr, /) -> Int32:
    """Get the number of metadata key/value pairs"""
    ...


@hold
def llama_adapter_meta_key_by_index(
    adapter: llama_adapter_loraPtr,
    i: Annotated[Int32, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")],
    /,
) -> Result:
    """Get metadata key name by index"""
    ...


@hold
def llama_adapter_meta_val_str_by_index(
    adapter: llama_adapter_loraPtr,
    i: Annotated[Int32, Filled(str, c_char, 64, name="buf"), Count(c_size_t, "buf")],
    /,
) -> Result:
    """Get metadata value as a string by index"""
    ...


@function
def llama_adapter_lora_free(
    adapter: Annotated[llama_adapter_lora, c_void_p, Closes], /
) -> None:
    """Manually free a LoRA adapter NOTE: loaded adapters that are not manually
    freed will be freed when the associated model is deleted
    """
    ...


@hold
def llama_adapter_get_alora_n_invocation_tokens(
    adapter: llama_adapter_loraPtr, /
) -> UInt64:
    """Get the invocation tokens if the current lora is an alora"""
    ...


LlamaAdapterGetAloraInvocationTokensResult = Annotated[
    list[int] | None, In(c_int32, llama_adapter_get_alora_n_invocation_tokens)
]


@hold
def llama_adapter_get_alora_invocation_tokens(
    adapter: llama_adapter_loraPtr, /
) -> LlamaAdapterGetAloraInvocationTokensResult: ...


Result_ = Annotated[None, c_int32, Raises(_error)]


@function
def llama_set_adapters_lora(
    ctx: llama_contextPtr,
    adapters: Annotated[
        Sequence[llama_adapter_lora],
        ArrayOf(c_void_p),
        Keep("ctx"),
        Count(c_size_t, "adapters", "scales"),
    ],
    scales: Annotated[Buffer, Out(c_float)],
    /,
) -> Result_:
    """Set LoRa adapters on the context. Will only modify if the adapters currently
    in context are different.
    """
    ...


@function
def llama_set_adapter_cvec(
    ctx: llama_contextPtr,
    data: Annotated[Buffer | None, In(c_float), Count(c_size_t, "data")],
    n_embd: Int32,
    il_start: Int32,
    il_end: Int32,
    /,
) -> Result_:
    """Apply a loaded control vector to a llama_context, or if data is NULL, clear
    the currently loaded vector. n_embd should be the size of a single layer's
    control, and data should point to an n_embd x n_layers buffer starting from
    layer 1. il_start and il_end are the layer range the vector should apply to
    (both inclusive) See llama_control_vector_load in common to load a control
    vector.
    """
    ...


llama_memory_iPtr = Annotated[llama_memory_i, c_void_p]


@function
def llama_memory_clear(mem: llama_memory_iPtr, data: Bool, /) -> None:
    """Clear the memory contents If data == true, the data buffers will also be
    cleared together with the metadata
    """
    ...


@function
def llama_memory_seq_rm(
    mem: llama_memory_iPtr, seq_id: llama_seq_id, p0: llama_pos, p1: llama_pos, /
) -> Bool:
    """Removes all tokens that belong to the specified sequence and have positions
    in [p0, p1) Returns false if a partial sequence cannot be removed. Removing a
    whole sequence never fails seq_id < 0 : match any sequence
    [TAG_LLAMA_SEQ_ID_NEG] p0 < 0 : [0, p1] p1 < 0 : [p0, inf)
    """
    ...


@function
def llama_memory_seq_cp(
    mem: llama_memory_iPtr,
    seq_id_src: llama_seq_id,
    seq_id_dst: llama_seq_id,
    p0: llama_pos,
    p1: llama_pos,
    /,
) -> None:
    """Copy all tokens that belong to the specified sequence to another sequence p0
    < 0 : [0, p1] p1 < 0 : [p0, inf)
    """
    ...


@function
def llama_memory_seq_keep(mem: llama_memory_iPtr, seq_id: llama_seq_id, /) -> None:
    """Removes all tokens that do not belong to the specified sequence"""
    ...


@function
def llama_memory_seq_add(
    mem: llama_memory_iPtr,
    seq_id: llama_seq_id,
    p0: llama_pos,
    p1: llama_pos,
    delta: llama_pos,
    /,
) -> None:
    """Adds relative position "delta" to all tokens that belong to the specified
    sequence and have positions in [p0, p1) p0 < 0 : [0, p1] p1 < 0 : [p0, inf)
    """
    ...


@function
def llama_memory_seq_div(
    mem: llama_memory_iPtr,
    seq_id: llama_seq_id,
    p0: llama_pos,
    p1: llama_pos,
    d: Annotated[int, c_int],
    /,
) -> None:
    """Integer division of the positions by factor of `d > 1` p0 < 0 : [0, p1] p1 <
    0 : [p0, inf)
    """
    ...


@hold
def llama_memory_seq_pos_min(
    mem: llama_memory_iPtr, seq_id: llama_seq_id, /
) -> llama_pos:
    """Returns the smallest position present in the memory for the specified
    sequence This is typically non-zero only for SWA caches Note that all
    positions in the range [pos_min, pos_max] are guaranteed to be present in the
    memory Return -1 if the sequence is empty
    """
    ...


@hold
def llama_memory_seq_pos_max(
    mem: llama_memory_iPtr, seq_id: llama_seq_id, /
) -> llama_pos:
    """Returns the largest position present in the memory for the specified sequence
    Note that all positions in the range [pos_min, pos_max] are guaranteed to be
    present in the memory Return -1 if the sequence is empty
    """
    ...


@hold
def llama_memory_can_shift(mem: llama_memory_iPtr, /) -> Bool:
    """Check if the memory supports shifting"""
    ...


@function
def llama_state_get_size(ctx: llama_contextPtr, /) -> Size:
    """Returns the *actual* size in bytes of the state (logits, embedding and
    memory) Only use when saving the state, not when restoring it, otherwise the
    size may be too small.
    """
    ...


@function
def llama_get_state_size(ctx: llama_contextPtr, /) -> Size: ...


LlamaStateGetDataResult = Annotated[bytes, c_size_t, Written("dst")]


@function
def llama_state_get_data(
    ctx: Annotated[
        llama_contextPtr,
        Filled(bytes, c_uint8, llama_state_get_size, name="dst"),
        Count(c_size_t, "dst"),
    ],
    /,
) -> LlamaStateGetDataResult:
    """Copies the state to the specified destination address. Destination needs to
    have allocated enough memory. Returns the number of bytes copied
    """
    ...


@function
def llama_copy_state_data(
    ctx: llama_contextPtr,
    dst: Annotated[
        Buffer, Out(c_uint8, at_least=lambda ctx, dst: llama_state_get_size(ctx))
    ],
    /,
) -> Size: ...


Src = Annotated[Buffer, In(c_uint8), Count(c_size_t, "src")]
Result__ = Annotated[None, c_size_t, Raises(_error, when="zero")]


@function
def llama_state_set_data(ctx: llama_contextPtr, src: Src, /) -> Result__:
    """Set the state reading from the specified address Returns the number of bytes
    read
    """
    ...


@function
def llama_set_state_data(
    ctx: llama_contextPtr, src: Annotated[Buffer, In(c_uint8, UNCHECKED)], /
) -> Result__: ...


Result___ = Annotated[list[int], c_bool, Raises(_error)]


@function
def llama_state_load_file(
    ctx: llama_contextPtr,
    path_session: Annotated[
        PathModel,
        Filled(
            list[int],
            c_int32,
            lambda ctx, path_session: llama_n_ctx(ctx),
            name="tokens_out",
        ),
        Count(c_size_t, "tokens_out"),
        Length(c_size_t, "tokens_out"),
    ],
    /,
) -> Result___:
    """Save/load session file"""
    ...


@function
def llama_load_session_file(
    ctx: llama_contextPtr,
    path_session: Annotated[
        PathModel,
        Filled(
            list[int],
            c_int32,
            lambda ctx, path_session: llama_n_ctx(ctx),
            name="tokens_out",
        ),
        Count(c_size_t, "tokens_out"),
        Length(c_size_t, "tokens_out"),
    ],
    /,
) -> Result___: ...


Tokens = Annotated[Buffer, In(c_int32), Count(c_size_t, "tokens")]
Result____ = Annotated[None, c_bool, Raises(_error)]


@function
def llama_state_save_file(
    ctx: llama_contextPtr, path_session: PathModel, tokens: Tokens, /
) -> Result____: ...


@function
def llama_save_session_file(
    ctx: llama_contextPtr, path_session: PathModel, tokens: Tokens, /
) -> Result____: ...


@function
def llama_state_seq_get_size(ctx: llama_contextPtr, seq_id: llama_seq_id, /) -> Size:
    """Get the exact size needed to copy the state of a single sequence"""
    ...


@function
def llama_state_seq_get_data(
    ctx: Annotated[
        llama_contextPtr,
        Filled(bytes, c_uint8, llama_state_seq_get_size, name="dst"),
        Count(c_size_t, "dst"),
    ],
    seq_id: llama_seq_id,
    /,
) -> LlamaStateGetDataResult:
    """Copy the state of a single sequence into the specified buffer"""
    ...


@function
def llama_state_seq_set_data(
    ctx: llama_contextPtr, src: Src, dest_seq_id: llama_seq_id, /
) -> Result__:
    """Copy the sequence data (originally copied with `llama_state_seq_get_data`)
    into the specified sequence Returns:

    - Positive: Ok
    - Zero: Failed to load
    """
    ...


@function
def llama_state_seq_save_file(
    ctx: llama_contextPtr, filepath: PathModel, seq_id: llama_seq_id, tokens: Tokens, /
) -> Result__: ...


@function
def llama_state_seq_load_file(
    ctx: llama_contextPtr,
    filepath: PathModel,
    dest_seq_id: Annotated[
        llama_seq_id,
        Filled(
            list[int],
            c_int32,
            lambda ctx, filepath, dest_seq_id: llama_n_ctx(ctx),
            name="tokens_out",
        ),
        Count(c_size_t, "tokens_out"),
        Length(c_size_t, "tokens_out"),
    ],
    /,
) -> Annotated[list[int], c_size_t, Raises(_error, when="zero")]:
    """If tokens_out is NULL, only the token count is reported through
    n_token_count_out and no state is loaded
    """
    ...


LLAMA_STATE_SEQ_FLAGS_NONE = 0
# for backwards-compat
LLAMA_STATE_SEQ_FLAGS_SWA_ONLY = 1
# work only with partial states, such as SWA KV cache or recurrent cache (e.g. Mamba)
LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY = 1
# Keeps the tensor data on device buffers (i.e. not accessible in host memory, but
# faster save/load). Getting the state for a seq_id with this flag invalidates all prior
# states gotten for that seq_id with this flag.
LLAMA_STATE_SEQ_FLAGS_ON_DEVICE = 2

llama_state_seq_flags = Annotated[int, c_uint32]


@function
def llama_state_seq_get_size_ext(
    ctx: llama_contextPtr, seq_id: llama_seq_id, flags: llama_state_seq_flags, /
) -> Size: ...


@function
def llama_state_seq_get_data_ext(
    ctx: Annotated[
        llama_contextPtr,
        Filled(bytes, c_uint8, llama_state_seq_get_size_ext, name="dst"),
        Count(c_size_t, "dst"),
    ],
    seq_id: llama_seq_id,
    flags: llama_state_seq_flags,
    /,
) -> LlamaStateGetDataResult: ...


@function
def llama_state_seq_set_data_ext(
    ctx: llama_contextPtr,
    src: Src,
    dest_seq_id: llama_seq_id,
    flags: llama_state_seq_flags,
    /,
) -> Result__: ...


llama_batchValue = Annotated[llama_batch, llama_batch]


@hold
def llama_batch_get_one(
    tokens: Annotated[Buffer, Out(c_int32), Count(c_int32, "tokens"), Keep("return")], /
) -> llama_batchValue:
    """Return batch for single sequence of tokens The sequence ID will be fixed to 0
    The position of the tokens will be tracked automatically by llama_decode

    NOTE: this is a helper function to facilitate transition to the new batch API -
    avoid using it
    """
    ...


@function
def llama_batch_init(
    n_tokens: Int32, embd: Int32, n_seq_max: Int32, /
) -> llama_batchValue:
    """Allocates a batch of tokens on the heap that can hold a maximum of n_tokens
    Each token can be assigned up to n_seq_max sequence ids The batch has to be
    freed with llama_batch_free() If embd != 0, llama_batch.embd will be
    allocated with size of n_tokens * embd * sizeof(float) Otherwise,
    llama_batch.token will be allocated to store n_tokens llama_token The rest of
    the llama_batch members are allocated with size n_tokens All members are left
    uninitialized
    """
    ...


@function
def llama_batch_free(batch: llama_batchValue, /) -> None:
    """Frees a batch of tokens allocated with llama_batch_init()"""
    ...


@function
def llama_encode(ctx: llama_contextPtr, batch: llama_batchValue, /) -> Result_:
    """Process a batch of tokens. In contrast to llama_decode() - this call does not
    use KV cache. For encode-decoder contexts, processes the batch using the
    encoder. Can store the encoder output internally for later use by the
    decoder's cross-attention layers. 0 - success < 0 - error. the memory state
    is restored to the state before this call
    """
    ...


@function
def llama_decode(ctx: llama_contextPtr, batch: llama_batchValue, /) -> Result_:
    """Process a batch of tokens. Requires the context to have a memory. For
    encode-decoder contexts, processes the batch using the decoder. Positive
    return values does not mean a fatal error, but rather a warning. Upon
    fatal-error or abort, the ubatches that managed to be been processed will
    remain in the memory state of the context To handle this correctly, query the
    memory state using llama_memory_seq_pos_min() and llama_memory_seq_pos_max()
    Upon other return values, the memory state is restored to the state before
    this call 0 - success 1 - could not find a KV slot for the batch (try
    reducing the size of the batch or increase the context) 2 - aborted
    (processed ubatches will remain in the context's memory) -1 - invalid input
    batch < -1 - fatal error (processed ubatches will remain in the context's
    memory)
    """
    ...


class llama_batch_ext(Handle):
    """``struct llama_batch_ext *``"""


@struct(init=False)
class llama_embd(ctypes.Structure):
    """``struct llama_embd``"""

    data: Annotated[Any, POINTER(c_float)]
    # number of embedding rows in data
    n_rows: Annotated[int, c_size_t]
    # size of one row
    n_embd: Annotated[int, c_size_t]


@function
def llama_batch_ext_init(
    ctx: llama_contextPtr, /
) -> Annotated[llama_batch_ext, c_void_p, Owned]: ...


@function
def llama_batch_ext_free(
    batch: Annotated[llama_batch_ext, c_void_p, Closes], /
) -> None: ...


llama_batch_extPtr = Annotated[llama_batch_ext, c_void_p]


@hold
def llama_batch_ext_clear(batch: llama_batch_extPtr, /) -> None: ...


Result_____ = Annotated[int, c_int32, Raises(_error, when="negative")]


@hold
def llama_batch_ext_add(
    batch: llama_batch_extPtr, seq_id: llama_seq_id, /
) -> Result_____:
    """Add an input token to the batch, with default values: id = LLAMA_TOKEN_NULL
    embd = nullptr pos = not set, the caller must set it with
    llama_batch_ext_set_pos() Returns the batch index (>= 0) On error: -1: batch
    is full -2: token is invalid (id == LLAMA_TOKEN_NULL or invalid embd) -3:
    invalid sequence id
    """
    ...


@hold
def llama_batch_ext_add_token(
    batch: llama_batch_extPtr, seq_id: llama_seq_id, id: llama_token, /
) -> Result_____:
    """Add an input token to the batch, with a specified token ID or token embedding"""
    ...


llama_embdValue = Annotated[llama_embd, llama_embd]


@hold
def llama_batch_ext_add_embd(
    batch: llama_batch_extPtr, seq_id: llama_seq_id, embd: llama_embdValue, /
) -> Result_____: ...


@hold
def llama_batch_ext_add_seq(
    batch: llama_batch_extPtr, idx: Int32, seq_id: llama_seq_id, /
) -> Result____:
    """Add the token at index idx in the batch to another sequence id. The position
    will stays the same. Note: this should be called before other _set()
    functions
    """
    ...


@hold
def llama_batch_ext_set_embd_token(
    batch: llama_batch_extPtr, idx: Int32, embd: llama_embdValue, /
) -> Result____:
    """Set the token embedding for the token at index idx in the batch use it after
    llama_batch_ext_add_token() to have an entry with both a token id and an
    embedding
    """
    ...


@hold
def llama_batch_ext_set_embd_state(
    batch: llama_batch_extPtr, idx: Int32, embd: llama_embdValue, /
) -> Result____:
    """Set the "state" embedding for the token at index idx in the batch "state"
    here means extra hidden state carried over from a previous stage, e.g.:

    - MTP: state from N layers of the target model
    - Qwen3 VL (deepstack): state from N layers of the vision encoder
    """
    ...


@hold
def llama_batch_ext_set_output_embd(
    batch: llama_batch_extPtr, idx: Int32, value: Bool, /
) -> Result____:
    """Set if output embeddings should be available for the token at index idx in
    the batch Note: for now, this is equivalent to setting the output logits
    """
    ...


@hold
def llama_batch_ext_set_output_logits(
    batch: llama_batch_extPtr, idx: Int32, value: Bool, /
) -> Result____:
    """Set output logits for the token at index idx in the batch Note: for now, this
    is equivalent to setting the output embd
    """
    ...


@hold
def llama_batch_ext_set_pos(
    batch: llama_batch_extPtr,
    idx: Int32,
    pos: Annotated[Buffer, In(c_int32, at_least=1)],
    /,
) -> Result____:
    """Set custom position for the token at index idx in the batch For M-RoPE
    models:

    - Embedding tokens must have multiple positions per token
    - Text token only requires one single position per token
    """
    ...


@function
def llama_process(
    ctx: llama_contextPtr,
    type: Annotated[llama_process_type, c_uint],
    batch: llama_batch_extPtr,
    /,
) -> Result_:
    """Return values are the same as llama_decode()"""
    ...


@hold
def llama_set_n_threads(
    ctx: llama_contextPtr, n_threads: Int32, n_threads_batch: Int32, /
) -> None:
    """Set the number of threads used for decoding n_threads is the number of
    threads used for generation (single token) n_threads_batch is the number of
    threads used for prompt and batch processing (multiple tokens)
    """
    ...


@hold
def llama_n_threads(ctx: llama_contextPtr, /) -> Int32:
    """Get the number of threads used for generation of a single token."""
    ...


@hold
def llama_n_threads_batch(ctx: llama_contextPtr, /) -> Int32:
    """Get the number of threads used for prompt and batch processing (multiple
    token).
    """
    ...


@hold
def llama_set_embeddings(ctx: llama_contextPtr, embeddings: Bool, /) -> None:
    """Set whether the context outputs embeddings or not TODO: rename to avoid
    confusion with llama_get_embeddings()
    """
    ...


@hold
def llama_set_causal_attn(ctx: llama_contextPtr, causal_attn: Bool, /) -> None:
    """Set whether to use causal attention or not If set to true, the model will
    only attend to the past tokens
    """
    ...


@hold
def llama_get_causal_attn(ctx: llama_contextPtr, /) -> Bool:
    """Returns whether the context is currently using causal attention"""
    ...


@function
def llama_set_warmup(ctx: llama_contextPtr, warmup: Bool, /) -> None:
    """Set whether the model is in warmup mode or not If true, all model tensors are
    activated during llama_decode() to load and cache their weights.

    note: using this can cause extra graph reallocations because it changes the graph
    topology with MoE models, so it is generally not recommended to use in practice.
    will be removed in the future
    """
    ...


@function
def llama_set_abort_callback(
    ctx: llama_contextPtr,
    abort_callback: Annotated[
        Callable[[int | None], bool] | None, ggml_abort_callback, Keep("ctx")
    ],
    abort_callback_data: Address,
    /,
) -> None:
    """Set abort callback"""
    ...


@function
def llama_synchronize(ctx: llama_contextPtr, /) -> None:
    """Wait until all computations are finished This is automatically done when
    using one of the functions below to obtain the computation results and is not
    necessary to call it explicitly in most cases
    """
    ...


@function
def llama_get_logits(ctx: llama_contextPtr, /) -> Address:
    """Token logits obtained from the last call to llama_decode() The logits for
    which llama_batch.logits[i] != 0 are stored contiguously in the order they
    have appeared in the batch. Rows: number of tokens for which
    llama_batch.logits[i] != 0 Cols: n_vocab TODO: deprecate in favor of
    llama_get_logits_ith() (ref:
    https://github.com/ggml-org/llama.cpp/pull/14853#issuecomment-3113143522)
    """
    ...


@function
def llama_get_sampled_logits_count_ith(
    ctx: llama_contextPtr, i: Int32, /
) -> UInt32: ...


LlamaGetLogitsIthResult = Annotated[
    list[float] | None, Out(c_float, llama_get_sampled_logits_count_ith)
]


@function
def llama_get_logits_ith(ctx: llama_contextPtr, i: Int32, /) -> LlamaGetLogitsIthResult:
    """Logits for the ith token. For positive indices, Equivalent to:
    llama_get_logits(ctx) + ctx->output_ids[i]*n_vocab Negative indices can be
    used to access logits in reverse order, -1 is the last logit. returns NULL
    for invalid ids.
    """
    ...


@function
def llama_get_embeddings(ctx: llama_contextPtr, /) -> Address:
    """Get all output token embeddings. when pooling_type == LLAMA_POOLING_TYPE_NONE
    or when using a generative model, the embeddings for which
    llama_batch.logits[i] != 0 are stored contiguously in the order they have
    appeared in the batch. shape: [n_outputs*n_embd] Otherwise, returns NULL.
    TODO: deprecate in favor of llama_get_embeddings_ith() (ref:
    https://github.com/ggml-org/llama.cpp/pull/14853#issuecomment-3113143522)
    """
    ...


LlamaGetEmbeddingsIthResult = Annotated[
    list[float] | None,
    Out(c_float, lambda ctx, i: llama_model_n_embd_out(llama_get_model(ctx))),
]


@function
def llama_get_embeddings_ith(
    ctx: llama_contextPtr, i: Int32, /
) -> LlamaGetEmbeddingsIthResult:
    """Get the embeddings for the ith token. For positive indices, Equivalent to:
    llama_get_embeddings(ctx) + ctx->output_ids[i]*n_embd Negative indices can be
    used to access embeddings in reverse order, -1 is the last embedding. shape:
    [n_embd] (1-dimensional) returns NULL for invalid ids.
    """
    ...


LlamaGetEmbeddingsSeqResult = Annotated[
    list[float] | None,
    Out(c_float, lambda ctx, seq_id: llama_model_n_embd_out(llama_get_model(ctx))),
]


@function
def llama_get_embeddings_seq(
    ctx: llama_contextPtr, seq_id: llama_seq_id, /
) -> LlamaGetEmbeddingsSeqResult:
    """Get the embeddings for a sequence id Returns NULL if pooling_type is
    LLAMA_POOLING_TYPE_NONE when pooling_type == LLAMA_POOLING_TYPE_RANK, returns
    float[n_cls_out] with the rank(s) of the sequence otherwise: float[n_embd]
    (1-dimensional)
    """
    ...


@function
def llama_get_sampled_token_ith(ctx: llama_contextPtr, i: Int32, /) -> llama_token:
    """Get the backend sampled token for the ith token. With multiple outputs,
    sampler state advances when the token is accepted, not when it is read
    through this function. When accepting multiple outputs, accept a contiguous
    prefix in output order. Returns LLAMA_TOKEN_NULL if no token was sampled.
    """
    ...


@function
def llama_get_sampled_probs_count_ith(ctx: llama_contextPtr, i: Int32, /) -> UInt32: ...


LlamaGetSampledProbsIthResult = Annotated[
    list[float] | None, Out(c_float, llama_get_sampled_probs_count_ith)
]


@function
def llama_get_sampled_probs_ith(
    ctx: llama_contextPtr, i: Int32, /
) -> LlamaGetSampledProbsIthResult:
    """Get the backend sampled probabilities for the ith token The index matches
    llama_get_sampled_token_ith(). Returns NULL if no probabilities were
    generated.
    """
    ...


@function
def llama_get_sampled_logits_ith(
    ctx: llama_contextPtr, i: Int32, /
) -> LlamaGetLogitsIthResult:
    """Get the backend sampled logits for the ith token Returns NULL if no logits
    were sampled.
    """
    ...


@function
def llama_get_sampled_candidates_count_ith(
    ctx: llama_contextPtr, i: Int32, /
) -> UInt32: ...


LlamaGetSampledCandidatesIthResult = Annotated[
    list[int] | None, Out(c_int32, llama_get_sampled_candidates_count_ith)
]


@function
def llama_get_sampled_candidates_ith(
    ctx: llama_contextPtr, i: Int32, /
) -> LlamaGetSampledCandidatesIthResult:
    """Get the backend sampled candidates (token ids) for the ith token These are
    needed to map probability/logit indices to vocab token ids. Returns NULL if
    no candidates were sampled.
    """
    ...


LlamaVocabGetTextResult = Annotated[bytes | None, c_char_p]


@hold
def llama_vocab_get_text(
    vocab: llama_vocabPtr, token: llama_token, /
) -> LlamaVocabGetTextResult: ...


@hold
def llama_vocab_get_score(vocab: llama_vocabPtr, token: llama_token, /) -> Float: ...


llama_token_attrValue = Annotated[llama_token_attr, c_uint]


@hold
def llama_vocab_get_attr(
    vocab: llama_vocabPtr, token: llama_token, /
) -> llama_token_attrValue: ...


@hold
def llama_vocab_is_eog(vocab: llama_vocabPtr, token: llama_token, /) -> Bool:
    """Check if the token is supposed to end generation (end-of-generation, eg. EOS,
    EOT, etc.)
    """
    ...


@hold
def llama_vocab_is_control(vocab: llama_vocabPtr, token: llama_token, /) -> Bool:
    """Identify if Token Id is a control token or a render-able token"""
    ...


@hold
def llama_vocab_bos(vocab: llama_vocabPtr, /) -> llama_token:
    """Special tokens

    beginning-of-sentence
    """
    ...


@hold
def llama_vocab_eos(vocab: llama_vocabPtr, /) -> llama_token:
    """end-of-sentence"""
    ...


@hold
def llama_vocab_eot(vocab: llama_vocabPtr, /) -> llama_token:
    """end-of-turn"""
    ...


@hold
def llama_vocab_sep(vocab: llama_vocabPtr, /) -> llama_token:
    """sentence separator"""
    ...


@hold
def llama_vocab_nl(vocab: llama_vocabPtr, /) -> llama_token:
    """next-line"""
    ...


@hold
def llama_vocab_pad(vocab: llama_vocabPtr, /) -> llama_token:
    """padding"""
    ...


@hold
def llama_vocab_mask(vocab: llama_vocabPtr, /) -> llama_token:
    """mask"""
    ...


@hold
def llama_vocab_get_add_bos(vocab: llama_vocabPtr, /) -> Bool: ...


@hold
def llama_vocab_get_add_eos(vocab: llama_vocabPtr, /) -> Bool: ...


@hold
def llama_vocab_get_add_sep(vocab: llama_vocabPtr, /) -> Bool: ...


@hold
def llama_vocab_get_suppress_tokens(
    vocab: Annotated[llama_vocabPtr, Length(c_int32, "return")], /
) -> Annotated[list[int], In(c_int32)]:
    """model-specific suppress tokens (gguf key: tokenizer.ggml.suppress_tokens)"""
    ...


@hold
def llama_vocab_fim_pre(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_vocab_fim_suf(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_vocab_fim_mid(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_vocab_fim_pad(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_vocab_fim_rep(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_vocab_fim_sep(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_get_text(
    vocab: llama_vocabPtr, token: llama_token, /
) -> LlamaVocabGetTextResult: ...


@hold
def llama_token_get_score(vocab: llama_vocabPtr, token: llama_token, /) -> Float: ...


@hold
def llama_token_get_attr(
    vocab: llama_vocabPtr, token: llama_token, /
) -> llama_token_attrValue: ...


@hold
def llama_token_is_eog(vocab: llama_vocabPtr, token: llama_token, /) -> Bool: ...


@hold
def llama_token_is_control(vocab: llama_vocabPtr, token: llama_token, /) -> Bool: ...


@hold
def llama_token_bos(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_eos(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_eot(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_cls(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_sep(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_nl(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_pad(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_add_bos_token(vocab: llama_vocabPtr, /) -> Bool: ...


@hold
def llama_add_eos_token(vocab: llama_vocabPtr, /) -> Bool: ...


@hold
def llama_token_fim_pre(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_fim_suf(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_fim_mid(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_fim_pad(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_fim_rep(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_token_fim_sep(vocab: llama_vocabPtr, /) -> llama_token: ...


@hold
def llama_vocab_cls(vocab: llama_vocabPtr, /) -> llama_token:
    """CLS is equivalent to BOS"""
    ...


LlamaTokenizeResult = Annotated[list[int], c_int32, Written("tokens", again="negative")]


@function
def llama_tokenize(
    vocab: llama_vocabPtr,
    text: Annotated[
        Buffer,
        In(c_char),
        Count(c_int32, "text"),
        Filled(list[int], c_int32, 64, name="tokens"),
        Count(c_int32, "tokens"),
    ],
    add_special: Bool,
    parse_special: Bool,
    /,
) -> LlamaTokenizeResult:
    """Convert the provided text into tokens.

    - tokens: The tokens pointer must be large enough to hold the resulting tokens.
    - return: Returns the number of tokens on success, no more than n_tokens_max
    - return: Returns a negative number on failure - the number of tokens that would
        have been returned
    - return: Returns INT32_MIN on overflow (e.g., tokenization result size exceeds
        int32_t limit)
    - add_special: Allow to add BOS and EOS tokens if model is configured to do so.
    - parse_special: Allow tokenizing special and/or control tokens which otherwise are
        not exposed and treated as plaintext. Does not insert a leading space.
    """
    ...


@hold
def llama_token_to_piece(
    vocab: llama_vocabPtr,
    token: Annotated[
        llama_token, Filled(bytes, c_char, 32, name="buf"), Count(c_int32, "buf")
    ],
    lstrip: Int32,
    special: Bool,
    /,
) -> Annotated[bytes, c_int32, Written("buf", again="negative")]:
    """Token Id -> Piece. Uses the vocabulary in the provided context. Does not
    write null terminator to the buffer. User can skip up to 'lstrip' leading
    spaces before copying (useful when encoding/decoding multiple tokens with
    'add_space_prefix')

    - special: If true, special tokens are rendered in the output.
    """
    ...


@function
def llama_detokenize(
    vocab: llama_vocabPtr,
    tokens: Annotated[
        Buffer,
        In(c_int32),
        Count(c_int32, "tokens"),
        Filled(bytes, c_char, 256, name="text"),
        Count(c_int32, "text"),
    ],
    remove_special: Bool,
    unparse_special: Bool,
    /,
) -> Annotated[bytes, c_int32, Written("text", again="negative")]:
    """Convert the provided tokens into text (inverse of llama_tokenize()).

    - text: The char pointer must be large enough to hold the resulting text.
    - return: Returns the number of chars/bytes on success, no more than text_len_max.
    - return: Returns a negative number on failure - the number of chars/bytes that
        would have been returned.
    - remove_special: Allow to remove BOS and EOS tokens if model is configured to do
        so.
    - unparse_special: If true, special tokens are rendered in the output.
    """
    ...


Result______ = Annotated[
    str, c_int32, Raises(_error, when="negative"), Written("buf", again=True)
]


@function
def llama_chat_apply_template(
    tmpl: TextOrNone,
    chat: Annotated[
        Sequence[llama_chat_message],
        ArrayOf(llama_chat_message),
        Count(c_size_t, "chat"),
    ],
    add_ass: Annotated[
        Bool, Filled(str, c_char, 1024, name="buf"), Count(c_int32, "buf")
    ],
    /,
) -> Result______:
    """Apply chat template. Inspired by hf apply_chat_template() on python.

    NOTE: This function does not use a jinja parser. It only support a pre-defined list
    of template. See more:
    https://github.com/ggml-org/llama.cpp/wiki/Templates-supported-by-llama_chat_apply_template

    - tmpl: A Jinja template to use for this chat.
    - chat: Pointer to a list of multiple llama_chat_message
    - n_msg: Number of llama_chat_message in this chat
    - add_ass: Whether to end the prompt with the token(s) that indicate the start of an
        assistant message.
    - buf: A buffer to hold the output formatted prompt. The recommended alloc size is 2
        * (total number of characters of all messages)
    - length: The size of the allocated buffer
    - return: The total number of bytes of the formatted prompt. If is it larger than
        the size of buffer, you may need to re-alloc it and then re-apply the template.
    """
    ...


LlamaChatBuiltinTemplatesResult = Annotated[
    list[str],
    c_int32,
    Written("output", again=True),
    Filled(list[str], c_char_p, 64, name="output"),
    Count(c_size_t, "output"),
]


@function
def llama_chat_builtin_templates() -> LlamaChatBuiltinTemplatesResult:
    """Get list of built-in chat templates"""
    ...


@struct(init=False)
class llama_sampler_data(ctypes.Structure):
    """``struct llama_sampler_data``"""

    logits: Annotated["ggml_tensor | None", POINTER("ggml_tensor")]
    probs: Annotated["ggml_tensor | None", POINTER("ggml_tensor")]
    sampled: Annotated["ggml_tensor | None", POINTER("ggml_tensor")]
    candidates: Annotated["ggml_tensor | None", POINTER("ggml_tensor")]


@struct
class llama_sampler(Handle):
    """``struct llama_sampler *``"""

    iface: Annotated["llama_sampler_i | None", POINTER("llama_sampler_i")]
    ctx: Annotated[int | None, c_void_p]


@Callback
def llama_sampler_i_accept(
    smpl: Annotated[llama_sampler | None, c_void_p], token: Annotated[int, c_int32], /
) -> None: ...


@Callback
def llama_sampler_i_apply(
    smpl: Annotated[llama_sampler | None, c_void_p],
    cur_p: Annotated[
        "llama_token_data_array | None", POINTER("llama_token_data_array")
    ],
    /,
) -> None: ...


@Callback
def llama_sampler_i_backend_accept(
    smpl: Annotated[llama_sampler | None, c_void_p],
    ctx: Annotated[ggml_context | None, c_void_p],
    gf: Annotated[ggml_cgraph | None, c_void_p],
    selected_token: Annotated["ggml_tensor | None", POINTER("ggml_tensor")],
    /,
) -> None: ...


@Callback
def llama_sampler_i_backend_apply(
    smpl: Annotated[llama_sampler | None, c_void_p],
    ctx: Annotated[ggml_context | None, c_void_p],
    gf: Annotated[ggml_cgraph | None, c_void_p],
    data: Annotated["llama_sampler_data | None", POINTER("llama_sampler_data")],
    /,
) -> None: ...


@Callback
def llama_sampler_i_backend_init(
    smpl: Annotated[llama_sampler | None, c_void_p],
    buft: Annotated[ggml_backend_buffer_type | None, c_void_p],
    n_outputs_max_per_seq: Annotated[int, c_uint32],
    /,
) -> Annotated[bool, c_bool]: ...


@Callback
def llama_sampler_i_clone(
    smpl: Annotated[llama_sampler | None, c_void_p], /
) -> Annotated[int | None, c_void_p]: ...


@Callback
def llama_sampler_i_copy_state(
    src: Annotated[llama_sampler | None, c_void_p],
    dst: Annotated[llama_sampler | None, c_void_p],
    /,
) -> None: ...


@Callback
def llama_sampler_i_name(
    smpl: Annotated[llama_sampler | None, c_void_p], /
) -> Annotated[int | None, c_void_p]: ...


@Callback
def llama_sampler_i_reset(
    smpl: Annotated[llama_sampler | None, c_void_p], /
) -> None: ...


@struct(init=False)
class llama_sampler_i(ctypes.Structure):
    """``struct llama_sampler_i``

    user code can implement the interface below in order to create custom llama_sampler
    """

    # can be NULL
    name: Annotated[
        Callable[[llama_sampler | None], int | None] | None, llama_sampler_i_name
    ]
    # can be NULL
    accept: Annotated[
        Callable[[llama_sampler | None, int], None] | None, llama_sampler_i_accept
    ]
    # required
    apply: Annotated[
        Callable[[llama_sampler | None, "llama_token_data_array | None"], None] | None,
        llama_sampler_i_apply,
    ]
    # can be NULL
    reset: Annotated[
        Callable[[llama_sampler | None], None] | None, llama_sampler_i_reset
    ]
    # can be NULL if ctx is NULL
    clone: Annotated[
        Callable[[llama_sampler | None], int | None] | None, llama_sampler_i_clone
    ]
    # can be NULL if ctx is NULL
    free: Annotated[
        Callable[[llama_sampler | None], None] | None, llama_sampler_i_reset
    ]
    # return true if the backend supports all ops needed by the sampler and can handle
    # up to n_outputs_max_per_seq outputs per sequence note: call once per sampler
    backend_init: Annotated[
        Callable[[llama_sampler | None, ggml_backend_buffer_type | None, int], bool]
        | None,
        llama_sampler_i_backend_init,
    ]
    # call after .backend_apply()
    backend_accept: Annotated[
        Callable[
            [
                llama_sampler | None,
                ggml_context | None,
                ggml_cgraph | None,
                "ggml_tensor | None",
            ],
            None,
        ]
        | None,
        llama_sampler_i_backend_accept,
    ]
    # call after .backend_init()
    backend_apply: Annotated[
        Callable[
            [
                llama_sampler | None,
                ggml_context | None,
                ggml_cgraph | None,
                "llama_sampler_data | None",
            ],
            None,
        ]
        | None,
        llama_sampler_i_backend_apply,
    ]
    # called before graph execution to set inputs for the current ubatch
    backend_set_input: Annotated[
        Callable[[llama_sampler | None], None] | None, llama_sampler_i_reset
    ]
    # called before rebuilding a sampling graph to clear any internal sampler state
    backend_reset: Annotated[
        Callable[[llama_sampler | None], None] | None, llama_sampler_i_reset
    ]
    # copy mutable state from src into dst while keeping dst's references to the current
    # sampling graph src and dst must have the same type and configuration
    copy_state: Annotated[
        Callable[[llama_sampler | None, llama_sampler | None], None] | None,
        llama_sampler_i_copy_state,
    ]


@function
def llama_set_sampler(
    ctx: llama_contextPtr,
    seq_id: llama_seq_id,
    smpl: Annotated[llama_sampler | None, c_void_p, Keep("ctx", slot="seq_id")],
    /,
) -> Bool:
    """[EXPERIMENTAL] attach a sampler to the context note: prefer initializing the
    context with llama_context_params.samplers when possible
    """
    ...


NewLlamaSampler = Annotated[llama_sampler, c_void_p, Owned]


@function
def llama_sampler_init(
    iface: Annotated[llama_sampler_i, POINTER(llama_sampler_i), Keep("return")],
    ctx: Address,
    /,
) -> NewLlamaSampler:
    """mirror of llama_sampler_i:"""
    ...


llama_samplerPtr = Annotated[llama_sampler, c_void_p]


@hold
def llama_sampler_name(smpl: llama_samplerPtr, /) -> TextOrNone: ...


@function
def llama_sampler_accept(smpl: llama_samplerPtr, token: llama_token, /) -> None: ...


@function
def llama_sampler_apply(
    smpl: llama_samplerPtr,
    cur_p: Annotated[llama_token_data_array, POINTER(llama_token_data_array)],
    /,
) -> None: ...


@function
def llama_sampler_reset(smpl: llama_samplerPtr, /) -> None: ...


@function
def llama_sampler_clone(smpl: llama_samplerPtr, /) -> NewLlamaSampler: ...


@function
def llama_sampler_copy(src: llama_samplerPtr, dst: llama_samplerPtr, /) -> None: ...


@function
def llama_sampler_free(smpl: Annotated[llama_sampler, c_void_p, Closes], /) -> None:
    """important: do not free if the sampler has been added to a llama_sampler_chain
    (via llama_sampler_chain_add)
    """
    ...


@hold
def llama_sampler_chain_init(
    params: llama_sampler_chain_paramsValue, /
) -> NewLlamaSampler: ...


@hold
def llama_sampler_chain_add(
    chain: llama_samplerPtr,
    smpl: Annotated[llama_sampler, c_void_p, GivenTo("chain")],
    /,
) -> None:
    """important: takes ownership of the sampler object and will free it when
    llama_sampler_free is called
    """
    ...


@hold
def llama_sampler_chain_get(
    chain: llama_samplerPtr, i: Int32, /
) -> Annotated[llama_sampler | None, c_void_p, Borrowed]:
    """return NULL if:

    - the sampler is NULL
    - the sampler is not a llama_sampler_chain
    - the index is out of bounds, unless i == -1
    - if i == -1, returns the chain itself (can be used to check if the sampler is a
        chain)
    """
    ...


@hold
def llama_sampler_chain_n(chain: llama_samplerPtr, /) -> Int32:
    """the total number of samplers in the chain"""
    ...


LlamaSamplerChainRemoveResult = Annotated[
    llama_sampler | None, c_void_p, Owned(independent=True)
]


@function
def llama_sampler_chain_remove(
    chain: llama_samplerPtr, i: Int32, /
) -> LlamaSamplerChainRemoveResult:
    """after removing a sampler, the chain will no longer own it, and it will not be
    freed when the chain is freed
    """
    ...


@hold
def llama_sampler_init_greedy() -> NewLlamaSampler: ...


@hold
def llama_sampler_init_dist(seed: UInt32, /) -> NewLlamaSampler:
    """seed == LLAMA_DEFAULT_SEED to use a random seed."""
    ...


@hold
def llama_sampler_init_top_k(k: Int32, /) -> NewLlamaSampler:
    """Top-K sampling described in academic paper "The Curious Case of Neural Text
    Degeneration" https://arxiv.org/abs/1904.09751 Setting k <= 0 makes this a
    noop
    """
    ...


@hold
def llama_sampler_init_top_p(p: Float, min_keep: Size, /) -> NewLlamaSampler:
    """Nucleus sampling described in academic paper "The Curious Case of Neural Text
    Degeneration" https://arxiv.org/abs/1904.09751
    """
    ...


@hold
def llama_sampler_init_min_p(p: Float, min_keep: Size, /) -> NewLlamaSampler:
    """Minimum P sampling as described in
    https://github.com/ggml-org/llama.cpp/pull/3841
    """
    ...


@hold
def llama_sampler_init_typical(p: Float, min_keep: Size, /) -> NewLlamaSampler:
    """Locally Typical Sampling implementation described in the paper
    https://arxiv.org/abs/2202.00666.
    """
    ...


@hold
def llama_sampler_init_temp(t: Float, /) -> NewLlamaSampler:
    """#details Updates the logits l_i` = l_i/t. When t <= 0.0f, the maximum logit
    is kept at it's original value, the rest are set to -inf
    """
    ...


@hold
def llama_sampler_init_temp_ext(
    t: Float, delta: Float, exponent: Float, /
) -> NewLlamaSampler:
    """Dynamic temperature implementation (a.k.a. entropy) described in the paper
    https://arxiv.org/abs/2309.02772.
    """
    ...


@hold
def llama_sampler_init_xtc(
    p: Float, t: Float, min_keep: Size, seed: UInt32, /
) -> NewLlamaSampler:
    """XTC sampler as described in
    https://github.com/oobabooga/text-generation-webui/pull/6335
    """
    ...


@hold
def llama_sampler_init_top_n_sigma(n: Float, /) -> NewLlamaSampler:
    """Top n sigma sampling as described in academic paper "Top-nσ: Not All Logits
    Are You Need" https://arxiv.org/pdf/2411.07641
    """
    ...


@hold
def llama_sampler_init_mirostat(
    n_vocab: Int32, seed: UInt32, tau: Float, eta: Float, m: Int32, /
) -> NewLlamaSampler:
    """Mirostat 1.0 algorithm described in the paper
    https://arxiv.org/abs/2007.14966. Uses tokens instead of words.

    - candidates: A vector of `llama_token_data` containing the candidate tokens, their
        probabilities (p), and log-odds (logit) for the current position in the
        generated text.
    - tau: The target cross-entropy (or surprise) value you want to achieve for the
        generated text. A higher value corresponds to more surprising or less
        predictable text, while a lower value corresponds to less surprising or more
        predictable text.
    - eta: The learning rate used to update `mu` based on the error between the target
        and observed surprisal of the sampled word. A larger learning rate will cause
        `mu` to be updated more quickly, while a smaller learning rate will result in
        slower updates.
    - m: The number of tokens considered in the estimation of `s_hat`. This is an
        arbitrary value that is used to calculate `s_hat`, which in turn helps to
        calculate the value of `k`. In the paper, they use `m = 100`, but you can
        experiment with different values to see how it affects the performance of the
        algorithm.
    - mu: Maximum cross-entropy. This value is initialized to be twice the target
        cross-entropy (`2 * tau`) and is updated in the algorithm based on the error
        between the target and observed surprisal.
    """
    ...


@hold
def llama_sampler_init_mirostat_v2(
    seed: UInt32, tau: Float, eta: Float, /
) -> NewLlamaSampler:
    """Mirostat 2.0 algorithm described in the paper
    https://arxiv.org/abs/2007.14966. Uses tokens instead of words.

    - candidates: A vector of `llama_token_data` containing the candidate tokens, their
        probabilities (p), and log-odds (logit) for the current position in the
        generated text.
    - tau: The target cross-entropy (or surprise) value you want to achieve for the
        generated text. A higher value corresponds to more surprising or less
        predictable text, while a lower value corresponds to less surprising or more
        predictable text.
    - eta: The learning rate used to update `mu` based on the error between the target
        and observed surprisal of the sampled word. A larger learning rate will cause
        `mu` to be updated more quickly, while a smaller learning rate will result in
        slower updates.
    - mu: Maximum cross-entropy. This value is initialized to be twice the target
        cross-entropy (`2 * tau`) and is updated in the algorithm based on the error
        between the target and observed surprisal.
    """
    ...


@function
def llama_sampler_init_grammar(
    vocab: llama_vocabPtr, grammar_str: Text, grammar_root: Text, /
) -> NewLlamaSampler:
    """Initializes a GBNF grammar, see grammars/README.md for details.

    - vocab: The vocabulary that this grammar will be used with.
    - grammar_str: The production rules for the grammar, encoded as a string. Returns an
        empty grammar if empty. Returns NULL if parsing of grammar_str fails.
    - grammar_root: The name of the start symbol for the grammar.
    """
    ...


TriggerTokens = Annotated[
    Buffer, In(c_int32), Keep("return"), Count(c_size_t, "trigger_tokens")
]


@function
def llama_sampler_init_grammar_lazy(
    vocab: llama_vocabPtr,
    grammar_str: Text,
    grammar_root: Text,
    trigger_words: Annotated[
        Sequence[str], ArrayOf(c_char_p), Count(c_size_t, "trigger_words")
    ],
    trigger_tokens: TriggerTokens,
    /,
) -> NewLlamaSampler: ...


@function
def llama_sampler_init_grammar_lazy_patterns(
    vocab: llama_vocabPtr,
    grammar_str: Text,
    grammar_root: Text,
    trigger_patterns: Annotated[
        Sequence[str], ArrayOf(c_char_p), Count(c_size_t, "trigger_patterns")
    ],
    trigger_tokens: TriggerTokens,
    /,
) -> NewLlamaSampler:
    """Lazy grammar sampler, introduced in
    https://github.com/ggml-org/llama.cpp/pull/9639

    - trigger_patterns: A list of patterns that will trigger the grammar sampler.
        Pattern will be matched from the start of the generation output, and grammar
        sampler will be fed content starting from its first match group.
    - trigger_tokens: A list of tokens that will trigger the grammar sampler. Grammar
        sampler will be fed content starting from the trigger token included.
    """
    ...


@function
def llama_sampler_init_penalties(
    n_vocab: Int32,
    penalty_last_n: Int32,
    penalty_repeat: Float,
    penalty_freq: Float,
    penalty_present: Float,
    /,
) -> NewLlamaSampler:
    """NOTE: Avoid using on the full vocabulary as searching for repeated tokens can
    become slow. For example, apply top-k or top-p sampling first.

    must be finite, 0.0 = disabled
    """
    ...


@function
def llama_sampler_init_dry(
    vocab: llama_vocabPtr,
    dry_multiplier: Float,
    dry_base: Float,
    dry_allowed_length: Int32,
    dry_penalty_last_n: Int32,
    seq_breakers: Annotated[
        Sequence[str], ArrayOf(c_char_p), Count(c_size_t, "seq_breakers")
    ],
    /,
) -> NewLlamaSampler:
    """DRY sampler, designed by p-e-w, as described in:
    https://github.com/oobabooga/text-generation-webui/pull/5677, porting
    Koboldcpp implementation authored by pi6am:
    https://github.com/LostRuins/koboldcpp/pull/982
    """
    ...


@hold
def llama_sampler_init_adaptive_p(
    target: Float, decay: Float, seed: UInt32, /
) -> NewLlamaSampler:
    """adaptive-p: select tokens near a configurable target probability over time.

    the adaptive-p sampler transforms the token probability distribution to favor tokens
    that fall near a user-configurable probability target.

    internally, the sampler maintains an exponential moving average of the *ORIGINAL*
    probabilities of selected tokens at each sampling step. it uses this EMA to compute
    an adapted target probability at each sampling step, thus maintaining the desired
    target probability over time.

    adaptive-p selects a token ID rather than just mutating candidates, so it must be
    last in the sampler chain (like mirostat, dist, greedy).

    only mild truncation before this sampler is recommended. we suggest applying min-p
    before adaptive-p as the only other active sampler in the chain.

    - target: select tokens near this probability (valid range 0.0 to 1.0; negative =
        disabled)
    - decay: EMA decay for adaptation; history ≈ 1/(1-decay) tokens (valid range 0.0 -
        0.99)
    - seed: RNG seed

    ref: https://github.com/ggml-org/llama.cpp/pull/17927
    """
    ...


@function
def llama_sampler_init_logit_bias(
    n_vocab: Annotated[int, c_int32, Count(c_int32, "logit_bias")],
    logit_bias: Annotated[Sequence[llama_logit_bias], ArrayOf(llama_logit_bias)],
    /,
) -> NewLlamaSampler: ...


@function
def llama_sampler_init_infill(vocab: llama_vocabPtr, /) -> NewLlamaSampler:
    """this sampler is meant to be used for fill-in-the-middle infilling it's
    supposed to be used after top_k + top_p sampling

    1. if the sum of the EOG probs times the number of candidates is higher than the sum
    of the other probs -> pick EOG 2. combine probs of tokens that have the same prefix

    example:

    - before: "hel": 0.5 "hell": 0.2 "hello": 0.1 "dummy": 0.1
    - after: "hel": 0.8 "dummy": 0.1

    3. discard non-EOG tokens with low prob 4. if no tokens are left -> pick EOT
    """
    ...


@function
def llama_sampler_get_seed(smpl: llama_samplerPtr, /) -> UInt32:
    """Returns the seed used by the sampler if applicable, LLAMA_DEFAULT_SEED
    otherwise
    """
    ...


@function
def llama_sampler_sample(
    smpl: llama_samplerPtr, ctx: llama_contextPtr, idx: Int32, /
) -> llama_token:
    """Sample and accept a token from the idx-th output of the last evaluation For
    multiple outputs from one sampler, call this function in output order without
    gaps.

    Shorthand for: const auto * logits = llama_get_logits_ith(ctx, idx);
    llama_token_data_array cur_p = { ... init from logits ... };
    llama_sampler_apply(smpl, &cur_p); auto token = cur_p.data[cur_p.selected].id;
    llama_sampler_accept(smpl, token); return token; Returns the sampled token
    """
    ...


@hold
def llama_split_path(
    path_prefix: Annotated[
        str,
        Filled(
            str,
            c_char,
            lambda path_prefix, split_no, split_count: len(path_prefix.encode()) + 40,
            name="split_path",
        ),
        Count(c_size_t, "split_path"),
        c_char_p,
    ],
    split_no: Int32,
    split_count: Int32,
    /,
) -> Annotated[str, c_int32, Written("split_path")]:
    """Build a split GGUF final path for this chunk. llama_split_path(split_path,
    sizeof(split_path), "/models/ggml-model-q4_0", 2, 4) => split_path =
    "/models/ggml-model-q4_0-00002-of-00004.gguf" Returns the split_path length.
    """
    ...


@hold
def llama_split_prefix(
    split_path: Annotated[
        str,
        Filled(
            str,
            c_char,
            lambda split_path, split_no, split_count: len(split_path.encode()) + 1,
            name="split_prefix",
        ),
        Count(c_size_t, "split_prefix"),
        c_char_p,
    ],
    split_no: Int32,
    split_count: Int32,
    /,
) -> Annotated[str, c_int32, Written("split_prefix")]:
    """Extract the path prefix from the split_path if and only if the split_no and
    split_count match. llama_split_prefix(split_prefix, 64,
    "/models/ggml-model-q4_0-00002-of-00004.gguf", 2, 4) => split_prefix =
    "/models/ggml-model-q4_0" Returns the split_prefix length.
    """
    ...


@function
def llama_print_system_info() -> Text:
    """Print system information"""
    ...


LlamaLogGetResult = Annotated[
    tuple[int | None, int | None],
    None,
    Returned(int | None, c_void_p),
    Returned(int | None, c_void_p),
]


@function
def llama_log_get() -> LlamaLogGetResult:
    """Set callback for all future logging events. If this is not called, or NULL is
    supplied, everything is output on stderr. The logger state is global so these
    functions are NOT thread safe.
    """
    ...


@function
def llama_log_set(
    log_callback: Annotated[
        Callable[[ggml_log_level, bytes, int | None], None] | None,
        ggml_log_callback,
        Keep(),
    ],
    user_data: Address,
    /,
) -> None: ...


@struct(init=False)
class llama_perf_context_data(ctypes.Structure):
    """``struct llama_perf_context_data``"""

    # ms == milliseconds
    # absolute start time
    t_start_ms: Annotated[float, c_double]
    # time needed for loading the model
    t_load_ms: Annotated[float, c_double]
    # time needed for processing the prompt
    t_p_eval_ms: Annotated[float, c_double]
    # time needed for generating tokens
    t_eval_ms: Annotated[float, c_double]
    # number of prompt tokens
    n_p_eval: Annotated[int, c_int32]
    # number of generated tokens
    n_eval: Annotated[int, c_int32]
    # number of times a ggml compute graph had been reused
    n_reused: Annotated[int, c_int32]


@struct(init=False)
class llama_perf_sampler_data(ctypes.Structure):
    """``struct llama_perf_sampler_data``"""

    # time needed for sampling in ms
    t_sample_ms: Annotated[float, c_double]
    # number of sampled tokens
    n_sample: Annotated[int, c_int32]


@hold
def llama_perf_context(
    ctx: llama_contextPtr, /
) -> Annotated[llama_perf_context_data, llama_perf_context_data]: ...


@function
def llama_perf_context_print(ctx: llama_contextPtr, /) -> None: ...


@function
def llama_perf_context_reset(ctx: llama_contextPtr, /) -> None: ...


@hold
def llama_perf_sampler(
    chain: llama_samplerPtr, /
) -> Annotated[llama_perf_sampler_data, llama_perf_sampler_data]:
    """NOTE: the following work only with samplers constructed via
    llama_sampler_chain_init
    """
    ...


@function
def llama_perf_sampler_print(chain: llama_samplerPtr, /) -> None: ...


@function
def llama_perf_sampler_reset(chain: llama_samplerPtr, /) -> None: ...


@Callback
def llama_opt_param_filter(
    tensor: Annotated["ggml_tensor | None", POINTER("ggml_tensor")],
    userdata: Annotated[int | None, c_void_p],
    /,
) -> Annotated[bool, c_bool]: ...


@function
def llama_opt_param_filter_all(
    tensor: Annotated[ggml_tensor, POINTER(ggml_tensor)], userdata: Address, /
) -> Bool:
    """always returns true"""
    ...


@struct(init=False)
class llama_opt_params(ctypes.Structure):
    """``struct llama_opt_params``"""

    # assumed context size post training, use context size specified in llama_context if
    # 0
    n_ctx_train: Annotated[int, c_uint32]
    # callback for determining which tensors contain trainable parameters
    param_filter: Annotated[
        Callable[["ggml_tensor | None", int | None], bool] | None,
        llama_opt_param_filter,
    ]
    # userdata for determining which tensors contain trainable parameters
    param_filter_ud: Annotated[int | None, c_void_p]
    # callback for calculating optimizer parameters
    get_opt_pars: Annotated[int | None, c_void_p]
    # userdata for calculating optimizer parameters
    get_opt_pars_ud: Annotated[int | None, c_void_p]
    optimizer_type: Annotated[ggml_opt_optimizer_type, c_uint]


@function
def llama_opt_init(
    lctx: llama_contextPtr,
    model: llama_modelPtr,
    lopt_params: Annotated[llama_opt_params, llama_opt_params],
    /,
) -> None: ...


ggml_opt_resultPtr = Annotated[ggml_opt_result, c_void_p]
CallbackTrain = Annotated[
    Callable[
        [
            bool,
            ggml_opt_context | None,
            ggml_opt_dataset | None,
            ggml_opt_result | None,
            int,
            int,
            int,
        ],
        None,
    ]
    | None,
    ggml_opt_epoch_callback,
    Keep("lctx", slot="idata_split"),
]


@function
def llama_opt_epoch(
    lctx: llama_contextPtr,
    dataset: Annotated[ggml_opt_dataset, c_void_p],
    result_train: ggml_opt_resultPtr,
    result_eval: ggml_opt_resultPtr,
    idata_split: Int64,
    callback_train: CallbackTrain,
    callback_eval: CallbackTrain,
    /,
) -> None: ...
