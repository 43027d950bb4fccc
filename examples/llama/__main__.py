"""Continue a text, or answer it: ``python -m examples.llama "Once upon" --model FILE``."""

import argparse
import sys

from pyexample.ffi import LibraryLoadError

BAR = 40
ERROR = 4  # GGML_LOG_LEVEL_ERROR


def show_progress(fraction: float) -> None:
    """Show how much of the model is loaded, to a person."""
    if sys.stderr.isatty():
        bar = "#" * round(fraction * BAR)
        end = "\r" if fraction < 1 else "\r\033[K"
        print(f"loading [{bar:<{BAR}}] {fraction:4.0%}", end=end, file=sys.stderr, flush=True)


def show_errors(level: int, line: bytes) -> None:
    """Show what llama.cpp logs as an error."""
    if level >= ERROR:
        print(line.decode(errors="replace"), end="", file=sys.stderr)


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.llama", description=__doc__)
    add = parser.add_argument
    add("prompt", help="the text to continue")
    add("--model", required=True, metavar="FILE", help="a model: a GGUF file")
    add("--chat", action="store_true", help="answer the prompt instead")
    add("--count", type=int, default=128, metavar="N", help="at most so many tokens (128)")
    add("--temperature", type=float, default=0.0, metavar="T", help="0: the most likely (0)")
    add("--seed", type=int, default=1, metavar="N", help="of what is chosen by chance (1)")
    add("--threads", type=int, default=2, metavar="N", help="so many compute (2)")
    found = parser.parse_args(words)
    if found.count < 0 or found.threads < 1 or not 0 <= found.seed < 2**32:
        parser.error("--count and --seed begin at 0, --threads at 1; a seed has 32 bits")
    return found


def run(given: argparse.Namespace) -> None:
    """Print the text, as it comes."""
    from . import text

    text.log_to(show_errors)
    model = text.Model(given.model, show_progress)
    prompt = model.tokenize(model.chat(("user", given.prompt)) if given.chat else given.prompt)
    # The function that is asked whether to stop lets Ctrl-C stop a computation.
    session = text.Session(
        model,
        len(prompt) + given.count,
        abort=lambda: False,
        n_threads=given.threads,
        n_threads_batch=given.threads,
    )
    chain = text.sampler(given.temperature, seed=given.seed)
    if not given.chat:
        print(given.prompt, end="")
    for piece in model.text(session.generate(prompt, given.count, chain)):
        print(piece, end="", flush=True)
    print()


def main(words: list[str]) -> int:
    """Run the command line. Returns the exit status: 0; 1 for an error, 130 for Ctrl-C."""
    given = arguments(words)
    try:
        run(given)
    except KeyboardInterrupt:
        print()
        return 130
    except (LibraryLoadError, OSError, MemoryError, RuntimeError) as error:
        print(f"python -m examples.llama: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
