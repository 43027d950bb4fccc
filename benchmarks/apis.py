"""How long whole C APIs take through pyexample: ``python -m benchmarks.apis``, in a checkout.

The examples' SQLite and zlib next to Python's own extension modules, which call the same
libraries where both find them. All in one run, on one CPU.
"""

import argparse
import sys

from .build import SOURCES, build
from .measure import MeasureError, timeit

BINDINGS = f"import sys; sys.path.insert(0, {str(SOURCES.parent / 'examples')!r})\n"
TABLE = '"create table t (id integer primary key, name text, x real)"'
ROWS = '[(i, f"n{i}", i / 2) for i in range(1000)]'
OURS = f"""{BINDINGS}
from sqlite_connection import Connection
connection = Connection(":memory:")
connection.execute({TABLE})
for row in {ROWS}: connection.execute("insert into t values (?, ?, ?)", *row)
query = "select id, name, x from t where id = ?"
"""
PYTHONS = f"""
import sqlite3
connection = sqlite3.connect(":memory:")
connection.execute({TABLE})
connection.executemany("insert into t values (?, ?, ?)", {ROWS})
query = "select id, name, x from t where id = ?"
"""
SORT = """
import random
from array import array
random.seed(1)
numbers = array("i", [random.randrange(10**6) for _ in range(10**5)])
"""
OUR_SORT = f"""{SORT}
from benchmarks.bindings.calls import sort_items
def compare(one, other): return one - other
"""
SORT_OF_CTYPES = f"""{SORT}
from ctypes import c_int
from benchmarks.bindings.declared import Compare, sort_items
def compare(one, other): return one[0] - other[0]
"""
CRC = "import zlib, os\n" + BINDINGS + "import zlib_streams\ndata = os.urandom({size})\n"

# By title: the set-up and the statement of pyexample, then of Python's own module or ctypes.
CASES = {
    "select 1": (
        (OURS, 'connection.execute("select 1")'),
        (PYTHONS, 'connection.execute("select 1").fetchone()'),
    ),
    "select of one row by its key": (
        (OURS, "connection.execute(query, 7)"),
        (PYTHONS, "connection.execute(query, (7,)).fetchone()"),
    ),
    "qsort of 100,000 numbers, which Python compares": (
        (OUR_SORT, "sort_items(numbers[:], compare)"),
        (
            SORT_OF_CTYPES,
            "items = numbers[:]; count = len(items);"
            " sort_items((c_int * count).from_buffer(items), count, Compare(compare))",
        ),
    ),
    **{
        f"{name} of {size} bytes": (
            (CRC.format(size=size), f"zlib_streams.{name}_z({start}, data)"),
            (CRC.format(size=size), f"zlib.{name}(data)"),
        )
        for name, start in (("crc32", 0), ("adler32", 1))
        for size in (1024, 16 * 1024, 1024 * 1024)
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apis", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="a quick look, less exact")
    processes = 2 if parser.parse_args().fast else 10
    if failed := build({}):
        print(*failed.values(), file=sys.stderr)
        return 1
    print("| what | pyexample, ns | the other, ns | ratio |\n| - | -: | -: | -: |")
    for title, candidates in CASES.items():
        try:
            ours, theirs = (
                min(timeit(title, setup, statement, processes, 1, duplicates=1).get_values())
                for setup, statement in candidates
            )
        except MeasureError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"| {title} | {ours * 1e9:.0f} | {theirs * 1e9:.0f} | {ours / theirs:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
