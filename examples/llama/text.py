"""Text from a llama.cpp model: what programs use, on top of the binding in llama.py."""

import ctypes
import os
import sys
from array import array
from collections.abc import Callable, Iterator

from . import llama as c


def log_to(function: Callable[[int, bytes], None] | None) -> None:
    """Send llama.cpp's log, of all models, to ``function(level, text)``; None: nowhere."""
    c.llama_log_set(lambda level, text, data: function(level, text) if function else None, None)


class Model:
    """A model in a GGUF file, and its vocabulary."""

    def __init__(
        self, path: str | os.PathLike[str], progress: Callable[[float], bool] | None = None
    ) -> None:
        """Load it. ``progress`` is called with 0.0 to 1.0, and stops it by returning False.

        Raises OSError if llama.cpp cannot load the file.
        """
        params = c.llama_model_default_params()
        if progress:
            params.progress_callback = lambda fraction, data: progress(fraction)
        model = c.llama_model_load_from_file(path, params)
        if model is None:
            raise OSError(f"llama.cpp cannot load {os.fspath(path)}")
        self.handle, self.close = model, model.close
        self.vocab = c.llama_model_get_vocab(model)

    def tokenize(self, text: str) -> "array[int]":
        """The tokens of a text, after the special one at its beginning."""
        return array("i", c.llama_tokenize(self.vocab, text.encode(), True, True))

    def detokenize(self, tokens: "array[int]") -> bytes:
        """The text of tokens, which may begin or end within a character."""
        return c.llama_detokenize(self.vocab, tokens, False, True)


class Session:
    """A text that the model continues, token by token: the most likely one each time."""

    def __init__(
        self, model: Model, size: int = 512, abort: Callable[[], bool] | None = None
    ) -> None:
        """Make a context of ``size`` tokens. ``abort`` stops a computation by returning True.

        Raises MemoryError if llama.cpp cannot make it.
        """
        params = c.llama_context_default_params()
        params.n_ctx, params.n_threads, params.n_threads_batch = size, 1, 1
        if abort:
            params.abort_callback = lambda data: abort()
        context = c.llama_init_from_model(model.handle, params)
        if context is None:
            raise MemoryError(f"llama.cpp cannot make a context of {size} tokens")
        self.model, self.context, self.close = model, context, context.close
        self.chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
        c.llama_sampler_chain_add(self.chain, c.llama_sampler_init_greedy())

    def feed(self, tokens: "array[int]") -> None:
        """Add tokens to the text. Raises RuntimeError if llama.cpp cannot."""
        batch = c.Batch()
        batch.n_tokens = len(tokens)
        # The batch keeps the array, and that keeps the buffer.
        batch.token = (ctypes.c_int32 * len(tokens)).from_buffer(tokens)
        code = c.llama_decode(self.context, batch)
        if code:
            raise RuntimeError(f"llama_decode(): {code}")

    def logits(self) -> memoryview:
        """How likely each token is to be the next: C's floats, until the next ``feed``."""
        shown = c.llama_get_logits_ith(self.context, -1)
        if shown is None:
            raise RuntimeError("there are no logits: nothing was fed")
        return shown

    def generate(self, prompt: str, count: int) -> Iterator[int]:
        """The tokens that follow the prompt, at most ``count``."""
        self.feed(self.model.tokenize(prompt))
        for _ in range(count):
            token = c.llama_sampler_sample(self.chain, self.context, -1)
            if c.llama_vocab_is_eog(self.model.vocab, token):
                return
            yield token
            self.feed(array("i", [token]))


def main(path: str, prompt: str, count: int = 64) -> None:
    """Print the prompt, and how the model continues it."""
    log_to(None)
    model = Model(path)
    tokens = array("i", Session(model).generate(prompt, count))
    print(prompt + model.detokenize(tokens).decode(errors="replace"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
