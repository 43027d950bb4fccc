"""The plot: for each call, a bar for each peer."""

import pyperf

from .peers import CALLS, TITLES
from .report import interpreter, rows

# Readable on white and on black.
TEXT = "#808080"
OURS = "#d9730d"
OTHERS = "#5b8db8"


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

    found = {call: rows(suite, call) for call in CALLS if rows(suite, call)}
    heights = [len(peers) for peers in found.values()]
    figure, panels = pyplot.subplots(
        len(found), figsize=(8, sum(heights) * 0.27 + len(found) * 0.8 + 0.3), squeeze=False,
        height_ratios=heights, layout="constrained",
    )  # fmt: skip
    figure.suptitle(f"{interpreter(suite)}: nanoseconds per call, best of many")
    for panel, (call, peers) in zip(panels[:, 0], found.items(), strict=True):
        colours = [OURS if row.peer == "pyexample" else OTHERS for row in peers]
        times = [row.best for row in peers]
        drawn = panel.barh([row.peer for row in peers], times, color=colours)
        panel.bar_label(drawn, [f"{time:.0f}" for time in times], padding=3, color=TEXT)
        panel.set_title(TITLES[call].replace("`", ""), loc="left", fontsize=10)
        panel.invert_yaxis()
        panel.margins(x=0.1)
        panel.set_xticks([])
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
