"""Our own mistakes, told in a line each: no traceback, and no end to the other judgements."""

import sys

ADVICE = "(a mistake of ours: python -X dev -m pyexample abi ... shows where)"


def told(error: Exception) -> str:
    """An error in a line. ``python -X dev`` lets it through, and so shows where it was made."""
    if sys.flags.dev_mode:
        raise error
    return " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())
