"""How long an import takes, in a process that has imported ctypes and typing: ours and others.

``python -m benchmarks.imports``: each in 20 fresh processes, by turns.
"""

import statistics
import subprocess
import sys

from pyexample.libexample import library

from . import need

ROUNDS = 20
LIMIT = 3.0  # milliseconds, for pyexample
STATEMENTS = {
    "pyexample": "from pyexample import square",
    "ctypes, by hand": f"""
library = ctypes.CDLL({library.path!r})
library.square.argtypes = [ctypes.c_int32]
library.square.restype = ctypes.c_int32
""",
    "cffi, ABI": f"""
import cffi
ffi = cffi.FFI()
ffi.cdef("int32_t square(int32_t number);")
library = ffi.dlopen({library.path!r})
""",
    "NumPy": "import numpy",
}


def milliseconds(statement: str) -> float:
    """What a statement takes in a process of its own."""
    code = f"""
import ctypes, typing
from time import perf_counter
start = perf_counter()
{statement}
print(1000 * (perf_counter() - start))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return float(done.stdout)


def main() -> None:
    need("cffi", "numpy")
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            times[name].append(milliseconds(statement))
    ours = min(times["pyexample"])
    print("| import | best, ms | median, ms | times ours |\n| --- | --- | --- | --- |")
    for name, values in times.items():
        best, median = min(values), statistics.median(values)
        print(f"| {name} | {best:.2f} | {median:.2f} | {best / ours:.2f} |")
    verdict = "holds" if ours <= LIMIT else "DOES NOT HOLD"
    print()
    print(f"pyexample: {ours:.2f} ms, at most {LIMIT} ms: {verdict}")


if __name__ == "__main__":
    main()
