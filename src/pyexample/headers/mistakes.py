"""Report bugs of our own in a line each, so that the rest can still be checked."""

import sys

ADVICE = "(a bug in pyexample: python -X dev -m pyexample abi ... shows where)"


def told(error: Exception) -> str:
    """An error in one line. Under ``python -X dev`` it is raised, for its traceback."""
    if sys.flags.dev_mode:
        raise error
    return " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())
