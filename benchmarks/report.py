"""The tables, and whether the bars hold."""

from typing import NamedTuple

import pyperf

from .measure import name_of
from .peers import CALLS, PEERS, STRUCTS, TITLES


class Row(NamedTuple):
    """A peer's times for a call, in nanoseconds."""

    peer: str
    best: float
    median: float


class Bar(NamedTuple):
    """What pyexample's call may take at most, as a multiple of what a peer's takes."""

    call: str
    limit: float
    peer: str


BARS = [
    Bar("square", 1.0, "nanobind"),
    Bar("square", 0.1, "ctypes"),
    Bar("mixed", 0.15, "ctypes"),
    Bar("square_items", 0.6, "np.square"),
    Bar("visit", 0.2, "ctypes"),
    Bar("visit", 1.5, "cffi, API"),
    Bar("visits", 0.3, "ctypes"),
    Bar("visits", 1.0, "nanobind"),
    *(Bar(call, 0.6, "cffi, API") for call in STRUCTS),
]


def rows(suite: pyperf.BenchmarkSuite, call: str) -> list[Row]:
    """The times of a call, shortest first."""
    found = []
    names = suite.get_benchmark_names()
    for peer in PEERS:
        name = name_of(call, peer.name)
        if name in names:
            benchmark = suite.get_benchmark(name)
            best = min(benchmark.get_values())
            found.append(Row(peer.name, best * 1e9, benchmark.median() * 1e9))
    return sorted(found, key=lambda row: row.best)


def tables(suite: pyperf.BenchmarkSuite) -> str:
    """All of it, in Markdown that is as readable as it is."""
    parts = [f"## {interpreter(suite)}", conditions(suite)]
    for call in CALLS:
        if found := rows(suite, call):
            parts += [f"### {TITLES[call]}", _table(found)]
    parts += ["### Bars, by the best times", "\n".join(map("- {}".format, bars(suite)))]
    return "\n\n".join(parts) + "\n"


def interpreter(suite: pyperf.BenchmarkSuite) -> str:
    """Such as "CPython 3.12.1"."""
    metadata = suite.get_metadata()
    version = str(metadata["python_version"]).partition(" ")[0]
    return f"{metadata['python_implementation']} {version}".replace("cpython", "CPython")


def conditions(suite: pyperf.BenchmarkSuite) -> str:
    """On what it was measured, and with which versions."""
    metadata = suite.get_metadata()
    keys = ("cpu_model_name", "versions")
    return "; ".join(str(metadata[key]) for key in keys if key in metadata)


def bars(suite: pyperf.BenchmarkSuite) -> list[str]:
    """A line for each bar: whether it holds."""
    lines = []
    for bar in BARS:
        by_peer = {row.peer: row for row in rows(suite, bar.call)}
        ours, theirs = by_peer.get("pyexample"), by_peer.get(bar.peer)
        says = f"{bar.call}: at most {bar.limit:g} x {bar.peer}"
        if ours and theirs:
            best, median = ours.best / theirs.best, ours.median / theirs.median
            verdict = "holds" if best <= bar.limit else "DOES NOT HOLD"
            lines.append(f"{verdict}: {says}: {best:.3f} (medians: {median:.3f})")
        else:
            lines.append(f"not measured: {says}")
    return lines


def _table(found: list[Row]) -> str:
    by_peer = {row.peer: row for row in found}
    lines = [["", "best, ns", "median, ns", "to pyexample", "to ctypes"]]
    for row in found:
        line = [row.peer, f"{row.best:.1f}", f"{row.median:.1f}"]
        for other in ("pyexample", "ctypes"):
            line.append(f"{row.best / by_peer[other].best:.2f}" if other in by_peer else "")
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, rule)
    return "\n".join("| " + " | ".join(_align(line, widths)) + " |" for line in lines)


def _align(line: list[str], widths: list[int]) -> list[str]:
    first, *rest = zip(line, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
