"""examples/llama on llama.cpp itself: a tiny model, and the accidents that must not happen.

LLAMA_LLAMA_LIBRARY names libllama; without it, pytest says so and leaves this file out.
LLAMA_CPP_PYTHON names the folder that has llama-cpp-python's package ``llama_cpp``, whose
tokens must be the same.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import FASTCALL_IS_SERVED, ROOT, Missing, Package, attempt, collect, run

sys.path.append(str(ROOT / "examples"))
from llama import llama as c
from llama import make_model, text

from pyexample.ffi import LibraryLoadError

PROMPT = "the cat sat on a mat and "


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model") / "tiny.gguf"
    make_model.write(made)
    return made


@pytest.fixture
def model(path: Path) -> Iterator[text.Model]:
    text.log_to(None)
    made = text.Model(path)
    yield made
    made.close()


def test_tokens_come_back(model: text.Model) -> None:
    for prompt in (PROMPT, "a", PROMPT * 20, "größer: 😀"):
        tokens = model.tokenize(prompt)
        assert "".join(model.text(tokens[1:])).strip() == prompt.strip()
    assert c.llama_model_desc(model.handle).startswith("llama ")
    assert c.llama_model_meta_val_str(model.handle, "general.architecture") == "llama"
    with pytest.raises(LookupError, match=r"llama_model_meta_val_str\(\): -1"):
        c.llama_model_meta_val_str(model.handle, "no.such.key")


def test_a_character_of_several_tokens_is_streamed_whole(model: text.Model) -> None:
    pieces = [each for each in model.text(model.tokenize("😀")[1:]) if each]
    assert [each.strip() for each in pieces if each.strip()] == ["😀"]


def test_a_chat_is_written_as_the_model_wants_it(model: text.Model) -> None:
    prompt = model.chat(("system", "Be brief."), ("user", "Hello"))
    assert "Be brief." in prompt
    assert prompt.index("Hello") > prompt.index("Be brief.")
    assert prompt.endswith("assistant\n")
    with pytest.raises(c.Error, match="llama_chat_apply_template"):
        c.llama_chat_apply_template("no template", [], True)


def logits(session: text.Session, at: int = -1) -> list[float]:
    found = c.llama_get_logits_ith(session.context, at)
    assert found is not None
    return found


def test_greedy_is_the_most_likely(model: text.Model) -> None:
    session = text.Session(model)
    size = c.llama_vocab_n_tokens(model.vocab)
    for token in session.generate(model.tokenize(PROMPT), 32):
        found = logits(session)
        assert len(found) == size
        assert token == max(range(size), key=found.__getitem__)


def test_a_seed_decides(model: text.Model) -> None:
    prompt = model.tokenize(PROMPT)
    one, same, other = (
        list(text.Session(model).generate(prompt, 32, text.sampler(1.0, 40, seed)))
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_several_sequences_in_one_batch(model: text.Model) -> None:
    prompts = [model.tokenize(each) for each in (PROMPT, "a", "long ago there was")]
    alone = [list(text.Session(model).generate(each, 24)) for each in prompts]
    together = text.Session(model, 512, n_seq_max=3).generate_together(prompts, 24)
    assert together == alone


def test_a_text_is_close_to_itself(model: text.Model) -> None:
    one, same, other = map(model.embedding, (PROMPT, PROMPT, "red green blue"))
    assert one == same != other
    assert len(one) == c.llama_model_n_embd_out(model.handle)


def test_what_is_saved_is_restored(model: text.Model, tmp_path: Path) -> None:
    session = text.Session(model)
    tokens = model.tokenize(PROMPT)
    tokens += session.generate(tokens, 8)
    session.save(tmp_path / "state", tokens)
    other = text.Session(model)
    assert other.restore(tmp_path / "state") == tokens
    assert list(other.generate([5], 8)) == list(session.generate([5], 8))
    with pytest.raises(c.Error, match="llama_state_load_file"):
        other.restore(tmp_path / "none")
    state = c.llama_state_get_data(session.context)
    c.llama_state_set_data(other.context, state)
    with pytest.raises(c.Error, match="llama_state_set_data"):
        c.llama_state_set_data(other.context, state[: len(state) // 2])


def main(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python -m examples.llama``, with the library of these tests."""
    environment |= {"EXAMPLES_LLAMA_LIBRARY": os.environ["LLAMA_LLAMA_LIBRARY"]}
    return attempt([sys.executable, "-m", "examples.llama", *words], cwd=ROOT, env=environment)


def test_both_paths_agree(path: Path) -> None:
    fast, slow = (
        main(PROMPT, "--model", path, "--count", "24", EXAMPLES_FASTCALL=each) for each in "10"
    )
    assert fast.stdout == slow.stdout
    assert fast.stdout.startswith(PROMPT)
    assert len(fast.stdout) > len(PROMPT) + 24
    assert (fast.returncode, fast.stderr) == (0, "")


def test_errors_are_one_line_each(path: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(path.read_bytes()[:3000])
    for model, told in (
        (tmp_path / "none.gguf", "No such file or directory"),
        (tmp_path / "cut.gguf", "llama.cpp cannot load"),
        (tmp_path, "llama.cpp cannot load"),
    ):
        done = main(PROMPT, "--model", model)
        assert done.returncode == 1
        assert told in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
    assert main(PROMPT).returncode == 2
    assert main(PROMPT, "--model", path, "--count", "-1").returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_ctrl_c_stops_it(path: Path) -> None:
    environment = os.environ | {"EXAMPLES_LLAMA_LIBRARY": os.environ["LLAMA_LLAMA_LIBRARY"]}
    command = [sys.executable, "-u", "-m", "examples.llama", PROMPT, "--model", str(path)]
    with subprocess.Popen(
        [*command, "--count", "100000"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.read(len(PROMPT) + 8)  # it has begun
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (130, b"")


def test_ctrl_c_stops_a_computation(model: text.Model) -> None:
    calls = itertools.count()

    def abort() -> bool:
        if next(calls) == 5:
            signal.raise_signal(signal.SIGINT)
        return False

    session = text.Session(model, 512, abort)
    with pytest.raises(KeyboardInterrupt):
        session.feed(model.tokenize(PROMPT * 8))
    assert next(calls) < 12  # C was told to stop
    session.close()


def test_it_is_stopped_by_a_function(model: text.Model) -> None:
    session = text.Session(model, abort=lambda: True)
    with pytest.raises(RuntimeError, match=r"llama\.cpp: it was stopped"):
        session.feed(model.tokenize(PROMPT))


def test_an_exception_in_a_callback_is_raised(model: text.Model, path: Path) -> None:
    def progress(fraction: float) -> None:
        raise KeyError(fraction)

    with pytest.raises(KeyError):
        text.Model(path, progress)
    calls: list[int] = []

    def abort() -> bool:
        calls.append(1)
        if len(calls) == 200:
            raise ZeroDivisionError
        return False

    session = text.Session(model, abort=abort)
    collect()
    with pytest.raises(ZeroDivisionError):
        list(session.generate(model.tokenize(PROMPT), 64))


def test_progress_is_told(path: Path) -> None:
    told: list[float] = []
    text.Model(path, told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_a_context_that_is_full(model: text.Model) -> None:
    session = text.Session(model, 256)
    with pytest.raises(RuntimeError, match=r"llama\.cpp: the context is full"):
        session.feed([1] * 1000)
    session = text.Session(model, 256)
    with pytest.raises(RuntimeError, match="the context is full"):
        list(session.generate(model.tokenize(PROMPT), 1000, text.sampler(1.0)))
    with pytest.raises(RuntimeError, match="these are no tokens of the model"):
        session.feed([10_000])


def test_the_model_of_a_context_is_not_closed_twice(model: text.Model) -> None:
    session = text.Session(model)
    assert c.llama_get_model(session.context) is model.handle
    with pytest.raises(ValueError, match="is C's to close: it is borrowed"):
        model.vocab.close()


def test_a_sampler_that_a_chain_owns_is_not_closed_twice() -> None:
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_params())
    sampler = c.llama_sampler_init_greedy()
    c.llama_sampler_chain_add(chain, sampler)
    for close in (sampler.close, lambda: c.llama_sampler_free(sampler)):
        with pytest.raises(ValueError, match="it is borrowed"):
            close()
    with pytest.raises(ValueError, match="it is not the caller's to give away"):
        c.llama_sampler_chain_add(chain, sampler)
    assert c.llama_sampler_chain_get(chain, 0) is sampler
    chain.close()
    with pytest.raises(ValueError, match="is closed"):
        c.llama_sampler_name(sampler)


def test_a_sampler_that_a_chain_gives_back_is_the_callers_again() -> None:
    chain, other = (
        c.llama_sampler_chain_init(c.llama_sampler_chain_params()) for _ in range(2)
    )
    sampler = c.llama_sampler_init_greedy()
    c.llama_sampler_chain_add(chain, sampler)
    assert c.llama_sampler_chain_remove(chain, 0) is sampler
    assert c.llama_sampler_chain_remove(chain, 0) is None
    assert c.llama_sampler_chain_n(chain) == 0
    c.llama_sampler_chain_add(other, sampler)
    assert c.llama_sampler_chain_remove(other, 0) is sampler
    chain.close()
    assert c.llama_sampler_name(sampler) == "greedy", "the chain does not own it"
    sampler.close()
    with pytest.raises(ValueError, match="is closed"):
        c.llama_sampler_name(sampler)
    c.llama_sampler_chain_add(other, c.llama_sampler_init_greedy())
    c.llama_sampler_chain_remove(other, 0)  # nobody has it, so it is freed
    assert c.llama_sampler_chain_n(other) == 0


def test_what_c_keeps_is_kept(model: text.Model, path: Path) -> None:
    lines: list[bytes] = []

    def log(level: int, line: bytes) -> None:
        lines.append(line)

    text.log_to(log)
    collect()
    text.Model(path)
    assert lines
    text.log_to(None)
    asked: list[int] = []

    def abort() -> bool:
        asked.append(1)
        return False

    session = text.Session(model, abort=abort)
    del abort
    collect()
    list(session.generate(model.tokenize(PROMPT), 4))
    assert asked


def test_the_tokens_of_a_batch_are_kept(model: text.Model) -> None:
    session = text.Session(model)
    tokens = model.tokenize(PROMPT)
    given = array("i", tokens)
    batch = c.llama_batch_get_one(given)
    c.llama_batch_get_one(array("i", [1, 2, 3]))  # replaces nothing
    with pytest.raises(BufferError):
        given.append(7)
    del given
    collect()
    others = [array("i", [7]) * len(tokens) for _ in range(100)]
    assert batch.token == tokens
    c.llama_decode(session.context, batch)
    assert len(others) == 100
    with pytest.raises(ValueError, match=r"n_tokens cannot be 100"):
        batch.n_tokens = 100


def test_the_tokens_of_a_batch_are_kept_as_long_as_that() -> None:
    given = array("i", [1, 2, 3])
    batch = c.llama_batch_get_one(given)
    assert batch.token == [1, 2, 3]
    del batch
    collect()
    given.append(7)


def test_logits_are_readable_after_the_next_computation(model: text.Model) -> None:
    session = text.Session(model)
    session.feed(model.tokenize(PROMPT))
    found = logits(session)
    before = [*found]
    batch = c.llama_batch(token=[5] * 64, logits=[1] * 64)  # C moves its memory
    c.llama_decode(session.context, batch)
    session.close()
    assert found == before


@pytest.mark.parametrize("order", [*itertools.permutations(("model", "session", "chain"))])
def test_closing_in_any_order(path: Path, order: tuple[str, ...]) -> None:
    model = text.Model(path)
    session, chain = text.Session(model), text.sampler(1.0)
    c.llama_sampler_chain_add(chain, c.llama_sampler_init_infill(model.vocab))
    list(session.generate(model.tokenize(PROMPT), 2))
    parts = {"model": model.close, "session": session.close, "chain": chain.close}
    for each in order:
        parts[each]()
        if each == "model":
            assert session.context.closed
            assert model.vocab.closed
    for each in order:
        parts[each]()  # once more does nothing
    with pytest.raises(ValueError, match="is closed"):
        session.feed([1])
    with pytest.raises(ValueError, match="is closed"):
        c.llama_sampler_chain_n(chain)


def test_threads_have_a_context_each(model: text.Model) -> None:
    prompt = model.tokenize(PROMPT)
    expected = list(text.Session(model).generate(prompt, 48))
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: list(text.Session(model).generate(prompt, 48)), range(8))
        )
    assert found == [expected] * 8


def test_a_sampler_in_python(model: text.Model) -> None:
    """The last token that a chain of llama.cpp's leaves, chosen by a Python function."""
    seen: list[int] = []

    def apply(sampler: object, candidates: c.llama_token_data_array | None) -> None:
        assert candidates is not None
        seen.append(candidates.size)
        candidates.selected = candidates.size - 1

    own = c.llama_sampler_init(c.llama_sampler_i(apply=apply), None)
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_params())
    for each in (c.llama_sampler_init_top_k(3), own):
        c.llama_sampler_chain_add(chain, each)
    del own
    collect()
    session = text.Session(model)
    tokens = list(session.generate(model.tokenize(PROMPT), 4, chain))
    assert seen[:4] == [3] * 4
    assert len(tokens) == 4


@pytest.mark.skipif(not FASTCALL_IS_SERVED, reason="there are no builtin functions")
def test_all_are_builtin() -> None:
    assert c.library.fallbacks == {}


def test_another_version_is_refused(package: Package) -> None:
    """With other structs, it would be called silently."""
    package.compile('const char *llama_version(void) { return "0.6.0"; }', "llama")
    library = next((package.folder / "lib").iterdir())
    code = "import llama.llama"
    environment = {**os.environ, "LLAMA_LLAMA_LIBRARY": str(library)}
    done = attempt([sys.executable, "-c", code], cwd=ROOT / "examples", env=environment)
    assert done.returncode == 1
    assert LibraryLoadError.__name__ in done.stderr
    assert "it is version 0.6.0, and this binding is for version 0.5.*" in done.stderr


@pytest.mark.skipif("LLAMA_CPP_PYTHON" not in os.environ, reason="LLAMA_CPP_PYTHON is not set")
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_tokens_and_logits_of_llama_cpp_python(
    model: text.Model, path: Path, temperature: float, missing: Missing
) -> None:
    for package in ("diskcache", "jinja2", "numpy", "typing_extensions"):
        if not find_spec(package):
            missing(f"{package} is not installed, which llama_cpp imports")
    session = text.Session(model)
    ours = list(
        session.generate(model.tokenize(PROMPT), 64, text.sampler(temperature, 40, seed=7))
    )
    code = f"""if True:
    import json
    from llama_cpp import llama_cpp as p
    model = p.llama_model_load_from_file({str(path).encode()!r}, p.llama_model_default_params())
    params = p.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 512, 1, 1
    context = p.llama_init_from_model(model, params)
    vocab = p.llama_model_get_vocab(model)
    tokens = (p.llama_token * 64)()
    count = p.llama_tokenize(vocab, {PROMPT.encode()!r}, {len(PROMPT)}, tokens, 64, True, True)
    chain = p.llama_sampler_chain_init(p.llama_sampler_chain_default_params())
    chosen = [p.llama_sampler_init_greedy()]
    if {temperature}:
        chosen = [p.llama_sampler_init_top_k(40), p.llama_sampler_init_temp({temperature})]
        chosen.append(p.llama_sampler_init_dist(7))
    for each in chosen:
        p.llama_sampler_chain_add(chain, each)
    given, out = (p.llama_token * count)(*tokens[:count]), []
    while len(out) < 64:
        assert p.llama_decode(context, p.llama_batch_get_one(given, len(given))) == 0
        out.append(p.llama_sampler_sample(chain, context, -1))
        given = (p.llama_token * 1)(out[-1])
    assert p.llama_decode(context, p.llama_batch_get_one(given, 1)) == 0
    logits = p.llama_get_logits_ith(context, -1)
    print(json.dumps([out, logits[: p.llama_vocab_n_tokens(vocab)]]))"""
    environment = {
        **os.environ,
        "PYTHONPATH": os.environ["LLAMA_CPP_PYTHON"],
        "LLAMA_CPP_LIB_PATH": str(Path(c.library.path).parent),
    }
    theirs = json.loads(run([sys.executable, "-c", code], env=environment))
    assert [ours, logits(session)] == theirs  # bit for bit
