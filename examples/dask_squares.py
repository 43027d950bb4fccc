"""Square an array that need not fit in memory, block by block, on a cluster.

``python examples/dask_squares.py [NUMBERS]`` squares that many numbers (100 million by
default) on a cluster of processes on this machine, and prints the sum of the squares. On a
real cluster only the address that is passed to ``Client`` differs. It needs
``pip install 'pyexample[examples]'``.
"""

import sys

import dask.array as da
from dask.distributed import Client, LocalCluster

import pyexample

BLOCK = 4_000_000  # numbers: 16 MB


def main(count: int) -> int:
    """The sum of the squares of 0, 1, ... 999, 0, 1, ... up to ``count`` numbers."""
    numbers = da.arange(count, chunks=BLOCK, dtype="int64").map_blocks(
        lambda block: (block % 1000).astype("int32"), dtype="int32"
    )
    # Each worker calls C on its own blocks; no block is copied on the way into C.
    squares = numbers.map_blocks(pyexample.square_array, dtype="int32")
    return int(squares.sum(dtype="int64").compute())


if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster):
        print(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000))
