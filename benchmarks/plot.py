"""The plot: for each call, a bar for each peer."""

import pyperf

from .peers import CALLS
from .report import interpreter, rows

# Readable on white and on black.
TEXT = "#808080"
OURS = "#d9730d"
OTHERS = "#5b8db8"

WIDTH = 4.2
"""In inches: of 96 CSS pixels each, so that a telephone (390 pixels) shows text as it is."""


def plot(suite: pyperf.BenchmarkSuite, file: str) -> None:
    """Write it, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "pyexample",  # the same file for the same figures
        "text.color": TEXT,
        "xtick.color": TEXT,
        "ytick.color": TEXT,
    }
    from matplotlib import pyplot
    from matplotlib.ticker import NullLocator

    found = {call: rows(suite, call) for call in CALLS if rows(suite, call)}
    heights = [len(peers) for peers in found.values()]
    figure, panels = pyplot.subplots(
        len(found), figsize=(WIDTH, sum(heights) * 0.27 + len(found) * 0.6 + 0.6),
        squeeze=False, height_ratios=heights, layout="constrained",
    )  # fmt: skip
    title = f"{interpreter(suite)}: nanoseconds per call\nbest of many, logarithmic scale"
    figure.suptitle(title, fontsize=10)
    for panel, (call, peers) in zip(panels[:, 0], found.items(), strict=True):
        colours = [OURS if row.peer == "pyexample" else OTHERS for row in peers]
        times = [row.best for row in peers]
        drawn = panel.barh([row.peer for row in peers], times, color=colours)
        panel.bar_label(drawn, [f"{time:.0f}" for time in times], padding=3, color=TEXT)
        panel.set_title(call, loc="left", fontsize=10)
        panel.invert_yaxis()
        # From a nanosecond on: the slowest is a thousand times as slow as the fastest.
        panel.set_xscale("log")
        panel.set_xlim(1, max(times) * 6)
        panel.xaxis.set_major_locator(NullLocator())
        panel.xaxis.set_minor_locator(NullLocator())
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
