"""Text from a llama.cpp model: what programs use, on top of the binding in llama.py."""

import codecs
import os
from array import array
from collections.abc import Callable, Iterable, Iterator

from . import llama as c

Path = str | os.PathLike[str]
Chain = c.llama_sampler | None
Abort = Callable[[], bool]
_WHY = {1: "the context is full", 2: "it was stopped", -1: "these are no tokens of the model"}
_DECODE = c.llama_process_type.LLAMA_PROCESS_TYPE_DECODE
_MEAN = c.llama_pooling_type_enum.LLAMA_POOLING_TYPE_MEAN


def log_to(function: Callable[[int, bytes], None] | None) -> None:
    """Send llama.cpp's log, of all models, to ``function(level, text)``; None: nowhere."""
    c.llama_log_set(lambda level, text, data: function(level, text) if function else None, None)


def sampler(temperature: float = 0.0, top_k: int = 40, seed: int = 1) -> c.llama_sampler:
    """A chain that chooses tokens: the most likely one each time, or by chance."""
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_params())
    chosen = [c.llama_sampler_init_greedy()]
    if temperature > 0:
        chosen = [c.llama_sampler_init_top_k(top_k), c.llama_sampler_init_temp(temperature)]
        chosen += [c.llama_sampler_init_dist(seed)]
    for each in chosen:
        c.llama_sampler_chain_add(chain, each)
    return chain


class Model:
    """A model in a GGUF file, and its vocabulary."""

    def __init__(self, path: Path, progress: Callable[[float], object] | None = None) -> None:
        """Load it. ``progress`` is called with 0.0 to 1.0; what it raises ends the loading."""
        os.stat(path := os.fspath(path))  # llama.cpp does not say why it fails
        params = c.llama_model_params()
        if progress:
            params.progress_callback = lambda fraction, data: (progress(fraction), True)[1]
        model = c.llama_model_load_from_file(path, params)
        if model is None:
            raise OSError(f"llama.cpp cannot load {path}: its log says why")
        self.handle, self.close = model, model.close
        self.vocab = c.llama_model_get_vocab(model)

    def tokenize(self, text: str) -> list[int]:
        """The tokens of a text, after the special one at its beginning."""
        return c.llama_tokenize(self.vocab, text.encode(), True, True)

    def text(self, tokens: Iterable[int]) -> Iterator[str]:
        """The text of tokens, as they come: what ends within a character waits for the next."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in tokens:
            yield decoder.decode(c.llama_token_to_piece(self.vocab, token, 0, False))
        yield decoder.decode(b"", final=True)

    def chat(self, *said: tuple[str, str]) -> str:
        """What was said, and by whom, as the model was trained to answer it."""
        messages = [c.llama_chat_message(role=role, content=text) for role, text in said]
        template = c.llama_model_chat_template(self.handle, None)
        return c.llama_chat_apply_template(template, messages, True)

    def embedding(self, text: str) -> list[float]:
        """The place of a text among others: the mean of those of its tokens."""
        tokens = self.tokenize(text)
        session = Session(self, len(tokens), embeddings=True, pooling_type=_MEAN)
        session.feed(tokens)
        return c.llama_get_embeddings_seq(session.context, 0) or []


class Session:
    """A context of a model: the text that it has read, in one sequence or several."""

    def __init__(
        self, model: Model, size: int = 512, abort: Abort | None = None, **params: object
    ) -> None:
        """Make a context of ``size`` tokens, with further ``llama_context_params``.

        ``abort`` is called all the time, and stops a computation by returning True. Ctrl-C
        stops one at once if there is such a function, else at its end.
        """
        params = {"n_ctx": size, "n_threads": 1, "n_threads_batch": 1, **params}
        if abort:
            params["abort_callback"] = lambda data: abort()
        context = c.llama_init_from_model(model.handle, c.llama_context_params(**params))
        if context is None:
            raise MemoryError(f"llama.cpp cannot make a context of {size} tokens")
        self.model, self.context, self.close = model, context, context.close
        self._one = array("i", [0])
        self._batch = c.llama_batch(token=self._one)

    def feed(self, tokens: list[int]) -> None:
        """Add tokens to the text. Raises RuntimeError if llama.cpp cannot."""
        most = c.llama_n_batch(self.context)
        for start in range(0, len(tokens), most):
            self._decode(c.llama_batch(token=array("i", tokens[start : start + most])))

    def _decode(self, batch: c.llama_batch) -> None:
        try:
            c.llama_decode(self.context, batch)
        except c.Error as error:
            raise RuntimeError(f"llama.cpp: {_WHY.get(error.code, error)}") from None

    def generate(self, prompt: list[int], count: int, chain: Chain = None) -> Iterator[int]:
        """The tokens that follow a prompt, at most ``count``, as a chain chooses them."""
        chain = chain or sampler()
        self.feed(prompt)
        for _ in range(count):
            token = self._one[0] = c.llama_sampler_sample(chain, self.context, -1)
            if c.llama_vocab_is_eog(self.model.vocab, token):
                return
            yield token
            self._decode(self._batch)

    def generate_together(self, prompts: list[list[int]], count: int) -> list[list[int]]:
        """The same for several prompts at once: each has a sequence of ``n_seq_max``."""
        batch, chain = c.llama_batch_ext_init(self.context), sampler()
        texts, new = [[*each] for each in prompts], {*range(len(prompts))}
        for step in range(count):
            last: dict[int, int] = {}
            c.llama_batch_ext_clear(batch)
            for sequence in new:
                text, at = texts[sequence], 0
                for position in range(len(text) - 1 if step else 0, len(text)):
                    at = c.llama_batch_ext_add_token(batch, sequence, text[position])
                    c.llama_batch_ext_set_pos(batch, at, array("i", [position]))
                c.llama_batch_ext_set_output_logits(batch, at, True)
                last[sequence] = at
            c.llama_process(self.context, _DECODE, batch)
            for sequence, at in last.items():
                token = c.llama_sampler_sample(chain, self.context, at)
                if c.llama_vocab_is_eog(self.model.vocab, token):
                    new.remove(sequence)
                else:
                    texts[sequence].append(token)
            if not new:
                break
        return [text[len(prompt) :] for text, prompt in zip(texts, prompts, strict=True)]

    def save(self, path: Path, tokens: list[int]) -> None:
        """Save what was read, in all sequences, with the tokens that say what that was."""
        c.llama_state_save_file(self.context, path, array("i", tokens))

    def restore(self, path: Path) -> list[int]:
        """Restore what was saved. Returns the tokens."""
        return c.llama_state_load_file(self.context, path)
