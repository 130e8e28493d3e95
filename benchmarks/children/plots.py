"""One client plots an image: `plots.py ours|rival`.

A small image is plotted first, so that imports and the search for fonts count for neither.
"""

from __future__ import annotations

import io
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from clients import reply, settings
from memory import peak


def ours() -> Callable[[str], Any]:
    from up42_facade import viz

    return viz.plot_results


def rival() -> Callable[[str], Any]:
    warnings.simplefilter("ignore")
    import matplotlib.pyplot as plt
    from up42.viztools import VizTools

    tools = VizTools()

    def plot(path: str) -> Any:
        tools.plot_results(filepaths=[path])
        return plt.gcf()

    return plot


def drawn(figure: Any) -> None:
    """Draw a figure into memory, as a screen does."""
    import matplotlib.pyplot as plt

    figure.savefig(io.BytesIO())
    plt.close(figure)


def main() -> None:
    given = settings()
    plot = {"ours": ours, "rival": rival}[sys.argv[1]]()
    drawn(plot(given["small"]))
    started = time.perf_counter()
    figure = plot(given["image"])
    returned = time.perf_counter() - started
    drawn(figure)
    reply({"returned": returned, "drawn": time.perf_counter() - started, "memory": peak()})


if __name__ == "__main__":
    main()
