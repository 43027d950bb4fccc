"""examples/llama on llama.cpp itself: a tiny model, and the accidents that must not happen.

LLAMA_LLAMA_LIBRARY names libllama; without it, pytest says so and leaves this file out.
LLAMA_CPP_PYTHON names the folder that has llama-cpp-python's package ``llama_cpp``, whose
tokens must be the same.
"""

import json
import os
import sys
from array import array
from pathlib import Path

import pytest
from support import ROOT, Package, attempt, collect, run

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
def model(path: Path) -> text.Model:
    text.log_to(None)
    return text.Model(path)


def test_tokens_come_back(model: text.Model) -> None:
    for prompt in (PROMPT, "a", PROMPT * 20):
        tokens = model.tokenize(prompt)
        assert model.detokenize(tokens[1:]).decode().strip() == prompt.strip()
    assert c.llama_model_desc(model.handle).startswith("llama ")


def test_greedy_is_the_most_likely(model: text.Model) -> None:
    session = text.Session(model)
    size = c.llama_vocab_n_tokens(model.vocab)
    for token in session.generate(PROMPT, 32):
        logits = session.logits()
        assert len(logits) == size
        assert token == max(range(size), key=logits.__getitem__)


def test_both_paths_agree(path: Path) -> None:
    command = [sys.executable, "-m", "llama.text", str(path), PROMPT]
    outputs = [
        run(command, cwd=ROOT / "examples", env={**os.environ, "LLAMA_FASTCALL": fast})
        for fast in ("1", "0")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 64


def test_an_exception_in_a_callback_is_raised(model: text.Model, path: Path) -> None:
    def progress(fraction: float) -> bool:
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
        list(session.generate(PROMPT, 64))


def test_the_model_of_a_context_is_not_closed_twice(model: text.Model) -> None:
    session = text.Session(model)
    assert c.llama_get_model(session.context) is model.handle
    with pytest.raises(ValueError, match="is C's to close: it is borrowed"):
        model.vocab.close()


def test_a_sampler_that_a_chain_owns_is_not_closed_twice() -> None:
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
    sampler = c.llama_sampler_init_greedy()
    c.llama_sampler_chain_add(chain, sampler)
    for close in (sampler.close, lambda: c.llama_sampler_free(sampler)):
        with pytest.raises(ValueError, match="it is borrowed"):
            close()
    with pytest.raises(ValueError, match="it is not the caller's to give away"):
        c.llama_sampler_chain_add(chain, sampler)
    assert c.llama_sampler_chain_get(chain, 0) is sampler
    assert c.llama_sampler_name(sampler) == "greedy"
    chain.close()
    with pytest.raises(ValueError, match="is closed"):
        c.llama_sampler_name(sampler)


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
    list(session.generate(PROMPT, 4))
    assert asked


def test_logits_cannot_be_read_after_the_context(model: text.Model) -> None:
    session = text.Session(model)
    list(session.generate(PROMPT, 1))
    logits = session.logits()
    del session.chain
    session.close()
    with pytest.raises(ValueError, match="released"):
        logits[0]


def test_the_model_closes_its_contexts(model: text.Model) -> None:
    session = text.Session(model)
    model.close()
    assert session.context.closed
    assert model.vocab.closed
    with pytest.raises(ValueError, match="is closed"):
        session.feed(array("i", [1]))


def test_another_version_is_refused(package: Package) -> None:
    """With other structs, it would be called silently."""
    package.compile('const char *llama_version(void) { return "0.6.0"; }', "llama")
    library = next((package.folder / "lib").iterdir())
    code = "import llama.llama"
    environment = {**os.environ, "LLAMA_LLAMA_LIBRARY": str(library)}
    done = attempt([sys.executable, "-c", code], cwd=ROOT / "examples", env=environment)
    assert done.returncode == 1
    assert LibraryLoadError.__name__ in done.stderr
    assert "it is llama.cpp 0.6.0, and this binding is for 0.5.x" in done.stderr


@pytest.mark.skipif("LLAMA_CPP_PYTHON" not in os.environ, reason="LLAMA_CPP_PYTHON is not set")
def test_the_tokens_of_llama_cpp_python(model: text.Model, path: Path) -> None:
    ours = list(text.Session(model).generate(PROMPT, 64))
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
    p.llama_sampler_chain_add(chain, p.llama_sampler_init_greedy())
    given, out = (p.llama_token * count)(*tokens[:count]), []
    while len(out) < 64:
        assert p.llama_decode(context, p.llama_batch_get_one(given, len(given))) == 0
        out.append(p.llama_sampler_sample(chain, context, -1))
        given = (p.llama_token * 1)(out[-1])
    print(json.dumps(out))"""
    environment = {
        **os.environ,
        "PYTHONPATH": os.environ["LLAMA_CPP_PYTHON"],
        "LLAMA_CPP_LIB_PATH": str(Path(c.library.path).parent),
    }
    assert ours == json.loads(run([sys.executable, "-c", code], env=environment))
