"""How long a call from Python to C takes: ``python -m benchmarks``, in a checkout."""

import importlib.util
import sys


def need(*packages: str) -> None:
    """End with a line and status 1, unless these are installed."""
    if missing := [each for each in packages if not importlib.util.find_spec(each)]:
        sys.exit(f"not installed: {', '.join(missing)}: pip install '.[bench]'")
