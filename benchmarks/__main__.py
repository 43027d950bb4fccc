"""The command line: ``python -m benchmarks``."""

import argparse
import importlib.metadata
import importlib.util
import platform
import re
import sys
from pathlib import Path
from typing import NoReturn

from . import need

VERSIONS = ("numpy", "cffi", "pybind11", "nanobind", "Cython")


class Parser(argparse.ArgumentParser):
    """One whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m benchmarks",
        description="How long a call from Python to C takes: pyexample and its peers.",
    )
    parser.add_argument("--fast", action="store_true", help="a quick look, less exact")
    parser.add_argument("--only", nargs="+", metavar="PEER", help="measure no other peers")
    parser.add_argument("--cpu", type=int, help="the one to run on (default: the last one)")
    parser.add_argument("--json", metavar="FILE", help="write all values, as pyperf does")
    parser.add_argument("--table", metavar="FILE", help="write the tables, as Markdown")
    parser.add_argument("--plot", metavar="FILE", help="write a plot, as SVG")
    parser.add_argument(
        "--load", metavar="FILE", help="measure nothing: show what --json wrote"
    )
    options = parser.parse_args(arguments)
    import pyperf

    from .measure import cpus, select

    try:
        options.peers = select(options.only)
    except ValueError as error:
        parser.error(str(error))
    for file in filter(None, (options.json, options.table, options.plot)):
        if not Path(file).absolute().parent.is_dir():
            parser.error(f"there is no folder for {file}")
    options.suite = None
    if options.load:
        try:
            options.suite = pyperf.BenchmarkSuite.load(options.load)
        except (OSError, ValueError, KeyError) as error:
            parser.error(f"{options.load} cannot be read: {error}")
    if options.cpu is None:
        # The system itself is busy on the first one rather than on the last.
        options.cpu = max(cpus(), default=None)
    elif options.cpu not in cpus():
        parser.error(f"there is no CPU {options.cpu} to run on: there are {sorted(cpus())}")
    return options


def prepare(options: argparse.Namespace) -> bool:
    """Build the peers and try them. Says which of them are not usable."""
    from .build import build
    from .measure import try_out

    print("building ...", file=sys.stderr)
    failed = build({each.module: each.package for each in options.peers if each.module})
    for reason in dict.fromkeys(failed.values()):
        names = ", ".join(name for name in failed if failed[name] == reason)
        print(f"could not be built: {names}\n{reason}\n", file=sys.stderr)
    if "calls" in failed:
        return False
    usable = not failed
    for peer in options.peers:
        if peer.module not in failed and (wrong := try_out(peer)):
            print(f"cannot be measured: {peer.name}: {wrong}", file=sys.stderr)
            usable = False
    if not usable:
        print("nothing was measured: see --only for a part of the peers", file=sys.stderr)
    return usable


def versions() -> str:
    """The system, the peers, and the compiler that built them."""
    from .build import folder

    known = [f"{platform.system()} {platform.machine()}"]
    known += [f"{each} {importlib.metadata.version(each)}" for each in VERSIONS if _has(each)]
    for file in folder().glob("CMakeFiles/*/CMakeCCompiler.cmake"):
        found = re.findall(
            r'^set\(CMAKE_C_COMPILER_(?:ID|VERSION) "(.*)"\)', file.read_text(), re.M
        )
        known.append(" ".join(found))  # such as "GNU 12.2.0"
    return ", ".join(known)


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def main() -> int:
    # Before anything that imports them.
    need("matplotlib", "numpy", "pyexample", "pyperf")
    options = parse()

    from . import report
    from .measure import MeasureError, measure

    suite = options.suite
    if suite is None:
        if not prepare(options):
            return 1
        rounds, processes = (1, 2) if options.fast else (4, 5)
        try:
            suite = measure(options.peers, rounds=rounds, processes=processes, cpu=options.cpu)
        except MeasureError as error:
            print(error, file=sys.stderr)
            return 1
        for benchmark in suite:
            benchmark.update_metadata({"versions": versions()})
    text = report.tables(suite)
    print(text, end="")
    if options.table:
        Path(options.table).write_text(text, encoding="utf-8")
    if options.json:
        suite.dump(options.json, replace=True)
    if options.plot:
        from .plot import plot

        plot(suite, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
