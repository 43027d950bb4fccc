"""How long arrays take, by length: ``python -m benchmarks.arrays``, in a checkout.

The squares of ``int32`` numbers into an array that is there already, and their exact sum: by
pyexample, by NumPy, and by Numba where it is installed. All in one run, on one CPU but for
what uses two threads. Overflow is checked by pyexample and by those that say so.
"""

import argparse
import sys
from pathlib import Path

from .build import build_memory
from .measure import MeasureError, timeit

LENGTHS = (8, 64, 1024, 16 * 1024, 256 * 1024, 4 * 1024**2, 32 * 1024**2)

# Aligned alike, since otherwise chance decides; and touched, so that the pages are there.
SETUP = """
import numpy as np
def aligned(n, shift):
    room = np.zeros(4 * n + 8192, np.uint8)
    start = -room.ctypes.data % 4096 + shift
    return room[start:start + 4 * n].view(np.int32)
a, b = aligned({n}, 0), aligned({n}, 64)
a[:] = np.random.default_rng(7).integers(-46340, 46341, {n})
b[:] = 1
"""

SQUARES = {
    "pyexample": ("from pyexample import square_array", "square_array(a, b)"),
    "pyexample, 2 threads": (
        "from pyexample import square_array\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor(2)\n"
        "parts = list(zip(np.array_split(a, 2), np.array_split(b, 2)))\n"
        "def work(part): square_array(*part)\n",
        "list(pool.map(work, parts))",
    ),
    "NumPy": ("", "np.square(a, out=b)"),
    "NumPy, checked": (
        "def work():\n"
        "    if a.size and (a.max() > 46340 or a.min() < -46340): raise OverflowError\n"
        "    np.square(a, out=b)\n",
        "work()",
    ),
    "Numba": (
        "import numba\n"
        "@numba.njit\n"
        "def work(a, b):\n"
        "    for i in range(a.size): b[i] = a[i] * a[i]\n"
        "work(a, b)",
        "work(a, b)",
    ),
    "Numba, 2 threads": (
        "import numba\n"
        "numba.set_num_threads(2)\n"
        "@numba.njit(parallel=True)\n"
        "def work(a, b):\n"
        "    for i in numba.prange(a.size): b[i] = a[i] * a[i]\n"
        "work(a, b)",
        "work(a, b)",
    ),
    "copy (NumPy)": ("", "np.copyto(b, a)"),
}
# What memory allows, where benchmarks/c/memory.c can be built.
MEMORY = """
import ctypes
memory = ctypes.CDLL({library!r})
copy = ctypes.CFUNCTYPE(None, *[ctypes.c_size_t] * 3)(("copy_past_caches", memory))
read = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_size_t] * 2)(("read_all", memory))
source, target, size = a.ctypes.data, b.ctypes.data, a.nbytes // 128 * 128
"""
COPIES = {
    "copy past the caches": (MEMORY, "copy(source, target, size)"),
    "copy past the caches, 2 threads": (
        MEMORY
        + "from concurrent.futures import ThreadPoolExecutor\n"
        + "pool = ThreadPoolExecutor(2)\n"
        + "half = size // 2\n"
        + "def work(at): copy(source + at, target + at, half)\n",
        "list(pool.map(work, (0, half)))",
    ),
}
READS = {"read": (MEMORY, "read(source, size)")}
SUMS = {
    "pyexample": ("from pyexample import sum_of_squares", "sum_of_squares(a)"),
    "NumPy, int64": ("", "np.square(a, dtype=np.int64).sum()"),
}


def with_library(
    candidates: dict[str, tuple[str, str]], library: Path | None
) -> dict[str, tuple[str, str]]:
    """Them with the path of their library in the set-up; none of them without a library."""
    if library is None:
        return {}
    return {
        name: (setup.format(library=str(library)), statement)
        for name, (setup, statement) in candidates.items()
    }


def measure(
    candidates: dict[str, tuple[str, str]], length: int, processes: int
) -> dict[str, float]:
    """The best time of each, in nanoseconds."""
    found = {}
    for name, (setup, statement) in candidates.items():
        print(f"{length}: {name} ... ", end="", file=sys.stderr, flush=True)
        cpu = None if "2 threads" in name else 1
        benchmark = timeit(
            name, SETUP.format(n=length) + setup, statement, processes, cpu, duplicates=1
        )
        found[name] = min(benchmark.get_values()) * 1e9
        print(f"{found[name]:.0f} ns", file=sys.stderr)
    return found


def table(title: str, results: dict[int, dict[str, float]]) -> str:
    """Times as multiples of pyexample's: above 1 is slower than pyexample."""
    names = list(next(iter(results.values())))
    lines = [["numbers", "pyexample, µs", *names[1:]]]
    for length, times in results.items():
        ours = times["pyexample"]
        ratios = [f"{times[name] / ours:.2f}" for name in names[1:]]
        lines.append([f"{length}", f"{ours / 1000:.3g}", *ratios])
    lines.insert(1, ["-:"] * len(lines[0]))
    rows = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"### {title}\n\n{rows}\n"


def plot(results: dict[int, dict[str, float]], file: str) -> None:
    """Nanoseconds a number over the length, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "pyexample"}
    from matplotlib import pyplot

    grey = "#808080"
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for name in next(iter(results.values())):
        times = [results[length][name] / length for length in results]
        width = 2.5 if name == "pyexample" else 1.2
        axes.loglog(list(results), times, marker="o", markersize=3, linewidth=width, label=name)
    axes.set_xlabel("int32 numbers", color=grey)
    axes.set_ylabel("nanoseconds for each", color=grey)
    axes.tick_params(colors=grey, which="both")
    axes.spines[:].set_color(grey)
    axes.legend(frameon=False, labelcolor=grey)
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arrays", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="a quick look, less exact")
    parser.add_argument("--table", metavar="FILE", help="write the tables, as Markdown")
    parser.add_argument("--plot", metavar="FILE", help="write a plot, as SVG")
    options = parser.parse_args()
    processes = 2 if options.fast else 6
    library = build_memory()
    candidates = SQUARES | with_library(COPIES, library)
    summing = SUMS | with_library(READS, library)
    try:
        squares = {n: measure(candidates, n, processes) for n in LENGTHS}
        sums = {n: measure(summing, n, processes) for n in LENGTHS}
    except MeasureError as error:
        print(error, file=sys.stderr)
        return 1
    text = table("Squares: the times of others, as multiples of pyexample's", squares)
    text += "\n" + table("Exact sum of squares, likewise", sums)
    print(text, end="")
    if options.table:
        Path(options.table).write_text(text, encoding="utf-8")
    if options.plot:
        plot(squares, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
