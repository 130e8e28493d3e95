"""Plots and maps of a 470 MB image, beside the official SDK's plots.

    python benchmarks/bench_viz.py --rival-python PATH

PATH is the Python of an environment with up42-py 0.37.2, matplotlib, rasterio and folium.
Every measurement is a process of its own; the contenders take turns. A small image is plotted
first, so that imports and the search for fonts count for neither. Printed are medians: until the
call returns, and until the figure is drawn. Needs Linux and 1 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from attrs import frozen
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.windows import Window

# Pixels of each side: four bands of 16 bits make 470 MB.
SIDE = 7665
BANDS = ("blue", "green", "red", "nir")
NODATA = 0
# Layouts of deliveries: what the satellite's owner sends, and what cloud storage holds.
LAYOUTS: dict[str, dict[str, object]] = {
    "striped": {},
    "tiled": {"tiled": True, "blockxsize": 256, "blockysize": 256},
    "deflated": {
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "deflate",
        "predictor": 2,
        "num_threads": "all_cpus",
    },
    "overviews": {"tiled": True, "blockxsize": 256, "blockysize": 256},
}
OVERVIEWS = [2, 4, 8, 16, 32]
REPEATS = 5
MEGABYTE = 1e6
# The child tells its own highest memory: what the system reports to the parent (ru_maxrss) would
# begin with the parent's, as it is inherited.
PEAK = """
print(time.perf_counter() - started, time.process_time() - worked)
import re
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024)
"""
# Draws the figure into memory, as a screen does.
DRAW_OURS = "figure.savefig(io.BytesIO())"
DRAW_RIVAL = "plt.gcf().savefig(io.BytesIO())"

START = "started, worked = time.perf_counter(), time.process_time()"
OURS = f"""
import io, sys, time
from up42_facade import viz
viz.plot_results(sys.argv[2]).savefig(io.BytesIO())
{START}
figure = viz.plot_results(sys.argv[1])
"""
RIVAL = f"""
import io, sys, time, warnings
warnings.simplefilter("ignore")
from up42.viztools import VizTools
import matplotlib.pyplot as plt
viz = VizTools()
viz.plot_results(filepaths=[sys.argv[2]])
plt.gcf().savefig(io.BytesIO())
plt.close("all")
{START}
viz.plot_results(filepaths=[sys.argv[1]])
"""
MAP = f"""
import sys, time
from up42_facade import viz
{START}
viz.map_results(sys.argv[1], save_html=sys.argv[2])
"""


@frozen
class Run:
    """Seconds, seconds of processor time, and bytes at the highest point of one process."""

    seconds: float
    work: float
    peak: float


def write_image(path: Path, layout: str) -> None:
    """Write an image with streets, fields and noise, a strip of rows at a time."""
    random = np.random.default_rng(42)
    rows = 256
    profile = {"driver": "GTiff", "count": len(BANDS), "dtype": "uint16", "nodata": NODATA}
    place = {"crs": "EPSG:32633", "transform": from_origin(389_600, 5_820_500, 0.5, 0.5)}
    options = {**profile, **place, "interleave": "pixel", **LAYOUTS[layout]}
    with rasterio.open(path, "w", width=SIDE, height=SIDE, **options) as dataset:
        for number, name in enumerate(BANDS, start=1):
            dataset.set_band_description(number, name)
        for top in range(0, SIDE, rows):
            height = min(rows, SIDE - top)
            window = Window(0, top, SIDE, height)
            dataset.write(landscape(top, height, random), window=window)
    if layout == "overviews":
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews(OVERVIEWS, Resampling.average)


def landscape(top: int, height: int, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[top : top + height, 0:SIDE]
    fields = ((x // 400) * 7 + (y // 300) * 5) % 4
    street = (x % 400 < 12) | (y % 300 < 12)
    colours = np.array([[420, 780, 500, 3300], [900, 1350, 1800, 2600], [520, 480, 320, 160]] * 2)
    bands = np.where(street[..., None], 1250, colours[fields])
    noise = random.integers(0, 120, bands.shape, dtype="uint16")
    return (bands + noise).transpose(2, 0, 1).astype("uint16")


def measure(python: str, program: str, *arguments: str) -> Run:
    """Run a program in a process of its own."""
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [python, "-c", program + PEAK, *arguments],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    *_, seconds, work, peak = done.stdout.split()
    return Run(float(seconds), float(work), float(peak))


def median(runs: list[Run]) -> Run:
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.work for run in runs),
        statistics.median(run.peak for run in runs),
    )


def shown(run: Run) -> str:
    return f"{run.seconds:5.2f} s ({run.work:5.2f} s CPU) {run.peak / MEGABYTE:6.0f} MB"


def write_small_image(path: Path) -> None:
    """Write an image that is plotted at once."""
    bands = np.full((len(BANDS), 64, 64), 500, dtype="uint16")
    profile = {"driver": "GTiff", "count": len(BANDS), "dtype": "uint16", "height": 64, "width": 64}
    place = {"crs": "EPSG:32633", "transform": from_origin(389_600, 5_820_500, 0.5, 0.5)}
    with rasterio.open(path, "w", **profile, **place) as dataset:
        dataset.write(bands)


def compare(path: Path, rival: str | None, repeats: int, drawn: bool) -> tuple[Run, Run | None]:
    """Measure both in turns, after a warm-up that also fills the page cache."""
    our_program = OURS + (DRAW_OURS if drawn else "")
    rival_program = RIVAL + (DRAW_RIVAL if drawn else "")
    small = path.with_name("small.tif")
    write_small_image(small)
    ours, theirs = [], []
    for number in range(repeats + 1):
        ours_now = measure(sys.executable, our_program, str(path), str(small))
        theirs_now = measure(rival, rival_program, str(path), str(small)) if rival else None
        if number:
            ours.append(ours_now)
            theirs += [theirs_now] if theirs_now else []
    return median(ours), median(theirs) if theirs else None


def report_plot(layout: str, ours: Run, theirs: Run | None) -> None:
    line = f"plot {layout:16} ours {shown(ours)}"
    if theirs is not None:
        line += (
            f" | up42-py {shown(theirs)}"
            f" | ratio {ours.seconds / theirs.seconds:.2f} of its time"
            f" ({ours.work / theirs.work:.2f} CPU),"
            f" {ours.peak / theirs.peak:.2f} of its memory"
        )
    print(line, flush=True)


def report_map(layout: str, path: Path, folder: Path, repeats: int) -> None:
    page = folder / f"{layout}.html"
    run = median([measure(sys.executable, MAP, str(path), str(page)) for _ in range(repeats)])
    size = page.stat().st_size / MEGABYTE
    print(
        f"map  {layout:16} ours {shown(run)} | page {size:.2f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rival-python", help="of an environment with up42-py 0.37.2")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--layouts", nargs="*", choices=LAYOUTS, default=list(LAYOUTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="up42-bench-") as name:
        folder = Path(name)
        for layout in options.layouts:
            path = folder / f"{layout}.tif"
            write_image(path, layout)
            for drawn in (False, True):
                runs = compare(path, options.rival_python, options.repeats, drawn)
                report_plot(f"{layout}{', drawn' if drawn else ''}", *runs)
            report_map(layout, path, folder, options.repeats)
            path.unlink()


if __name__ == "__main__":
    main()
