"""Measures with ``pyperf timeit``, which does all of the statistics."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyperf

from .build import SOURCES
from .peers import CALLS, GIVEN, PEERS, RESULTS, SETUP, SHOWN, Peer

# So many calls stand behind each other in the loop that the loop itself takes about a
# hundredth of a nanosecond of each. Nothing is subtracted.
DUPLICATES = 100


class MeasureError(Exception):
    """A peer does not do what it should."""


def peers_of(call: str, peers: list[Peer]) -> Iterator[tuple[Peer, str]]:
    """Who makes a call, and how."""
    for peer in peers:
        if statement := peer.statement(call):
            yield peer, statement


def name_of(call: str, peer: str) -> str:
    """What pyperf calls the benchmark."""
    return f"{call}: {peer}"


def try_out(peer: Peer) -> str | None:
    """Make each call once, in a process of its own. Returns what is wrong."""
    lines = [SETUP, GIVEN, peer.setup]
    for call in CALLS:
        if statement := peer.statement(call):
            lines.append(f"result = {statement}")
            found = SHOWN.get(call, "result")
            if peer.name != "abs":
                lines.append(f"assert {found} == {RESULTS[call]}, f'{call}: {{{found}}}'")
    done = _python("-c", "\n".join(lines))
    return done.stderr.strip().splitlines()[-1] if done.returncode else None


def measure(
    peers: list[Peer], *, rounds: int, processes: int, cpu: int | None
) -> pyperf.BenchmarkSuite:
    """Measure each call of each peer.

    In several rounds, so that what slows down the machine for a minute does not hit one
    peer alone. Each round of each benchmark has ``processes`` processes of its own.
    """
    todo = [(call, *each) for call in CALLS for each in peers_of(call, peers)] * rounds
    suite: pyperf.BenchmarkSuite | None = None
    for number, (call, peer, statement) in enumerate(todo, 1):
        name = name_of(call, peer.name)
        print(f"[{number}/{len(todo)}] {name} ... ", end="", file=sys.stderr, flush=True)
        setup = (SETUP if call == "square_items" else "") + GIVEN + peer.setup
        benchmark = timeit(name, setup, statement, processes, cpu)
        if suite is None:
            suite = pyperf.BenchmarkSuite([benchmark])
        else:
            suite.add_runs(benchmark)
        print(f"{min(benchmark.get_values()) * 1e9:.1f} ns", file=sys.stderr)
    assert suite
    return suite


def cpus() -> set[int]:
    """Those that can be chosen: none where the system lets no program choose."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set()


def timeit(
    name: str,
    setup: str,
    statement: str,
    processes: int,
    cpu: int | None,
    duplicates: int = DUPLICATES,
) -> pyperf.Benchmark:
    """Measure a statement in so many processes, on a CPU or on any."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        done = _python(
            "-m", "pyperf", "timeit", "--quiet", "--name", name, "--output", str(file),
            "--processes", str(processes), "--duplicate", str(duplicates),
            *([] if cpu is None else ["--affinity", str(cpu)]),
            "--setup", setup or "pass", statement,
        )  # fmt: skip
        if done.returncode:
            raise MeasureError(f"{name}: {done.stderr.strip() or done.stdout.strip()}")
        return pyperf.Benchmark.load(str(file))


def _python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # From the checkout, so that `benchmarks` can be imported.
    return subprocess.run(
        [sys.executable, *arguments], cwd=SOURCES.parent, capture_output=True, text=True
    )


def select(names: list[str] | None) -> list[Peer]:
    """The peers of these names, without regard to case; all of them for None."""
    if names is None:
        return PEERS
    by_name = {peer.name.lower(): peer for peer in PEERS}
    unknown = [name for name in names if name.lower() not in by_name]
    if unknown:
        known = "; ".join(peer.name for peer in PEERS)
        raise ValueError(f"no such peer: {', '.join(unknown)}: there are {known}")
    chosen = {name.lower() for name in names}
    return [peer for peer in PEERS if peer.name.lower() in chosen]
