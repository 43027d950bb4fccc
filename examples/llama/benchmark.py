"""``python -m examples.llama.benchmark``: compare with llama-cpp-python, and with C.

EXAMPLES_LLAMA_LIBRARY names libllama, LLAMA_CPP_PYTHON the unpacked source package of
llama-cpp-python (tests/platforms/llama gets both). All times are of the processor, in one
thread, and the medians of rounds that alternate. The exit status is 1 if a bar is not met.
"""

import ctypes
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import timeit
from array import array
from pathlib import Path
from statistics import median
from typing import Any

from . import llama as c
from . import make_model

TEXT = b"the cat sat on a mat"
TOKENS, ROUNDS = 128, 9
CHEAP = 0.2
"""What a call that computes nothing may take of llama-cpp-python's time."""

# Calls that compute nothing, and others: each in this binding, and in llama-cpp-python's. What
# is filled in is taken out of the memory: a text, a list, bytes.
CHEAP_CALLS = [
    ("llama_n_ctx(context)", "llama_n_ctx(context)"),
    ("llama_model_n_params(model)", "llama_model_n_params(model)"),
    ("llama_get_model(context)", "llama_get_model(context)"),
    ("llama_model_get_vocab(model)", "llama_model_get_vocab(model)"),
    ("llama_get_memory(context)", "llama_get_memory(context)"),
    ("llama_memory_seq_pos_max(memory, 0)", "llama_memory_seq_pos_max(memory, 0)"),
    ("llama_vocab_n_tokens(vocab)", "llama_vocab_n_tokens(vocab)"),
    ("llama_vocab_is_eog(vocab, 300)", "llama_vocab_is_eog(vocab, 300)"),
    ("llama_vocab_get_attr(vocab, 300)", "llama_vocab_get_attr(vocab, 300)"),
    ("llama_vocab_get_score(vocab, 300)", "llama_vocab_get_score(vocab, 300)"),
    ("llama_vocab_get_text(vocab, 300)", "llama_vocab_get_text(vocab, 300)"),
    ("llama_vocab_bos(vocab)", "llama_vocab_bos(vocab)"),
    ("llama_sampler_chain_n(chain)", "llama_sampler_chain_n(chain)"),
    ("llama_sampler_name(chain)", "llama_sampler_name(chain)"),
]
CALLS = [
    ("llama_time_us()", "llama_time_us()"),
    ("llama_set_n_threads(context, 1, 1)", "llama_set_n_threads(context, 1, 1)"),
    ("llama_model_default_params()", "llama_model_default_params()"),
    ("llama_context_default_params()", "llama_context_default_params()"),
    ("llama_perf_context(context)", "llama_perf_context(context)"),
    ("llama_batch_get_one(one)", "llama_batch_get_one(one, 1)"),
    ("llama_sampler_init_greedy().close()", "llama_sampler_free(llama_sampler_init_greedy())"),
    ("llama_model_desc(model)", "room.raw[: llama_model_desc(model, room, 64)].decode()"),
    (
        "llama_tokenize(vocab, text, True, True)",
        "ids[: llama_tokenize(vocab, text, len(text), ids, 64, True, True)]",
    ),
    (
        "llama_token_to_piece(vocab, 300, 0, True)",
        "room.raw[: llama_token_to_piece(vocab, 300, room, 64, 0, True)]",
    ),
    (
        "llama_detokenize(vocab, one, False, True)",
        "room.raw[: llama_detokenize(vocab, one, 1, room, 64, False, True)]",
    ),
    (
        "llama_chat_apply_template(None, said, True)",
        "answer.raw[: llama_chat_apply_template(None, said, 1, True, answer, 256)].decode()",
    ),
    ("llama_get_logits_ith(context, -1)", "llama_get_logits_ith(context, -1)[:391]"),
    ("llama_sampler_sample(chain, context, -1)", "llama_sampler_sample(chain, context, -1)"),
    (
        "llama_memory_clear(memory, False); llama_decode(context, batch)",
        "llama_memory_clear(memory, False); llama_decode(context, batch)",
    ),
]


def compared(ours: timeit.Timer, theirs: timeit.Timer) -> tuple[float, float]:
    """The seconds of a call of each."""
    count = max(1, int(0.02 / theirs.timeit(10) * 10))
    rounds = [(ours.timeit(count) / count, theirs.timeit(count) / count) for _ in range(ROUNDS)]
    return median(each[0] for each in rounds), median(each[1] for each in rounds)


class Both:
    """The same model, in each binding."""

    def __init__(self, path: Path, theirs: Any) -> None:
        p = self.p = theirs
        self.quiet = p.llama_log_callback(lambda level, text, data: None)
        p.llama_log_set(self.quiet, ctypes.c_void_p(0))
        model = c.llama_model_load_from_file(str(path), c.llama_model_params())
        assert model
        params = c.llama_context_params(n_ctx=256, n_threads=1, n_threads_batch=1)
        context = c.llama_init_from_model(model, params)
        assert context
        self.model, self.context = model, context
        memory = c.llama_get_memory(context)
        assert memory
        self.vocab, self.memory = c.llama_model_get_vocab(model), memory
        self.chain = c.llama_sampler_chain_init(c.llama_sampler_chain_params())
        c.llama_sampler_chain_add(self.chain, c.llama_sampler_init_greedy())
        self.pmodel = p.llama_model_load_from_file(
            str(path).encode(), p.llama_model_default_params()
        )
        given = p.llama_context_default_params()
        given.n_ctx, given.n_threads, given.n_threads_batch = 256, 1, 1
        self.pcontext = p.llama_init_from_model(self.pmodel, given)
        self.pvocab = p.llama_model_get_vocab(self.pmodel)
        self.pmemory = p.llama_get_memory(self.pcontext)
        self.pchain = p.llama_sampler_chain_init(p.llama_sampler_chain_default_params())
        p.llama_sampler_chain_add(self.pchain, p.llama_sampler_init_greedy())

    def timers(self, call: tuple[str, str]) -> tuple[timeit.Timer, timeit.Timer]:
        """A call in each binding, to be timed."""
        p = self.p
        one, theirs = array("i", [300]), (ctypes.c_int32 * 1)(300)
        said = [c.llama_chat_message(role="user", content="hello")]
        ours = {
            **{"model": self.model, "context": self.context, "vocab": self.vocab},
            **{"chain": self.chain, "memory": self.memory, "one": one, "said": said},
            **{"batch": c.llama_batch(token=one), "text": TEXT},
        }
        given = {
            **{"model": self.pmodel, "context": self.pcontext, "vocab": self.pvocab},
            **{"chain": self.pchain, "memory": self.pmemory, "one": theirs, "text": TEXT},
            "said": (p.llama_chat_message * 1)(p.llama_chat_message(b"user", b"hello")),
            "batch": p.llama_batch_get_one(theirs, 1),
            "room": ctypes.create_string_buffer(64),
            "answer": ctypes.create_string_buffer(256),
            "ids": (ctypes.c_int32 * 64)(),
        }
        return tuple(
            timeit.Timer(code, timer=time.thread_time, globals={**vars(module), **names})
            for code, module, names in ((call[0], c, ours), (call[1], p, given))
        )  # type: ignore[return-value]

    def close(self) -> None:
        """Close what this binding has, while the other's log still exists."""
        self.model.close()
        c.llama_log_set(None, None)

    def tokens(self) -> float:
        """The loop of loop.c. Returns the microseconds per token."""
        c.llama_memory_clear(self.memory, True)
        one = array("i", [300])
        batch, context, vocab, chain = (
            c.llama_batch(token=one), self.context, self.vocab, self.chain
        )  # fmt: skip
        start = time.thread_time()
        for _ in range(TOKENS):
            c.llama_decode(context, batch)
            token = one[0] = c.llama_sampler_sample(chain, context, -1)
            c.llama_vocab_is_eog(vocab, token)
            c.llama_token_to_piece(vocab, token, 0, True)
        return (time.thread_time() - start) / TOKENS * 1e6

    def their_tokens(self) -> float:
        """The same in llama-cpp-python."""
        p = self.p
        p.llama_memory_clear(self.pmemory, True)
        one, buffer = (ctypes.c_int32 * 1)(300), ctypes.create_string_buffer(64)
        batch, context, vocab, chain = (
            p.llama_batch_get_one(one, 1), self.pcontext, self.pvocab, self.pchain
        )  # fmt: skip
        start = time.thread_time()
        for _ in range(TOKENS):
            p.llama_decode(context, batch)
            token = one[0] = p.llama_sampler_sample(chain, context, -1)
            p.llama_vocab_is_eog(vocab, token)
            buffer.raw[: p.llama_token_to_piece(vocab, token, buffer, 64, 0, True)]
        return (time.thread_time() - start) / TOKENS * 1e6


def loop_in_c(folder: Path, sources: Path) -> Path:
    """The program of loop.c."""
    library, program = Path(c.library.path), folder / "loop"
    vendor = sources / "vendor" / "llama.cpp"
    compiler = os.environ.get("CC") or "cc"
    command: list[str | Path] = [
        compiler,
        "-O2",
        "-o",
        program,
        Path(__file__).with_name("loop.c"),
        library,
    ]
    command += [f"-I{vendor}/include", f"-I{vendor}/ggml/include"]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}"], check=True)  # noqa: S603
    return program


def import_times(sources: Path, cache: Path) -> tuple[float, float]:
    """The milliseconds in which each binding is imported, without Python's own start.

    Not the first time: what Python compiles then is in the folder ``cache``.
    """
    environment = {**os.environ, "PYTHONPATH": f"{sources}{os.pathsep}{os.getcwd()}"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache)}

    def run(code: str) -> float:
        code = f"import time; a = time.process_time(); {code}; print(time.process_time() - a)"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603
        return float(done.stdout) * 1000

    # llama_cpp/__init__ imports far more than its low-level module needs.
    alone = (
        "import sys, types; package = sys.modules['llama_cpp'] = types.ModuleType('llama_cpp');"
        f" package.__path__ = [{str(sources / 'llama_cpp')!r}]; import llama_cpp.llama_cpp"
    )
    times = [(run("import examples.llama.llama"), run(alone)) for _ in range(ROUNDS)]
    return median(each[0] for each in times), median(each[1] for each in times)


def main() -> int:
    """Print all figures. Returns 1 if a bar is not met."""
    sources = Path(os.environ["LLAMA_CPP_PYTHON"])
    os.environ["LLAMA_CPP_LIB_PATH"] = str(Path(c.library.path).parent)
    sys.path.append(str(sources))
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tiny.gguf")
        make_model.write(path)
        both = Both(path, importlib.import_module("llama_cpp.llama_cpp"))
        print(f"{'':32}{'pyexample':>12}{'llama-cpp-python':>20}{'ratio':>8}")
        both.tokens()
        both.their_tokens()
        for call in (*CHEAP_CALLS, *CALLS):
            name = call[0].rpartition("; ")[2].partition("(")[0]
            one, other = compared(*both.timers(call))
            print(f"{name:32}{one * 1e9:9.0f} ns{other * 1e9:17.0f} ns{one / other:8.2f}")
            if one / other > (CHEAP if call in CHEAP_CALLS else 1.0):
                missed.append(name)
        if not shutil.which(os.environ.get("CC") or "cc"):
            print("there is no C compiler: the loop is not compared with C's")
            return 2
        program = loop_in_c(Path(folder), sources)
        rounds: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):
            command = [str(program), str(path), "3"]
            done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            c_time = median(map(float, done.stdout.split()))
            rounds.append((c_time, both.tokens(), both.their_tokens()))
        both.close()
        one, other = import_times(sources, Path(folder, "cache"))
    in_c, ours_, theirs_ = (median(each[at] for each in rounds) for at in range(3))
    print(f"a token, streamed: C {in_c:.1f} us, pyexample {ours_:.1f}, theirs {theirs_:.1f}")
    print(
        f"tokens per second, C = 1: pyexample {in_c / ours_:.3f}, theirs {in_c / theirs_:.3f}"
    )
    if in_c / ours_ < 0.97 or ours_ > theirs_:
        missed.append("tokens per second")
    print(f"import: pyexample {one:.0f} ms, llama-cpp-python's low-level module {other:.0f} ms")
    if one > other:
        missed.append("import")
    print(f"not met: {', '.join(missed)}" if missed else "all bars are met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
