"""Plots and maps of a 470 MB image."""

from __future__ import annotations

from functools import partial

from benchmarks.measurements.bench import Bench, Found, Measurement, in_turns, sides
from benchmarks.measurements.downloads import MB, working_folder
from benchmarks.measurements.images import LAYOUTS, write_image, write_small_image
from benchmarks.report.figures import OLD_SDK, Figure, Unit

# Pixels of each side: four bands of 16 bits make 470 MB.
SIDE, SMALL_SIDE = 7665, 700
FASTER, SMALLER = 4.0, 6.0
PAGE_LIMIT, MAP_MEMORY_LIMIT = 5 * MB, 300 * MB
WORDS = {
    "striped": "rows, not compressed",
    "tiled": "tiles, not compressed",
    "deflated": "tiles, deflated",
    "overviews": "tiles with overviews",
}


def plot_figures(layout: str) -> tuple[Figure, ...]:
    """Return the figures of a layout's plot."""
    image = f"470 MB in {WORDS[layout]}"
    return (
        Figure(
            name=f"plot-{layout}",
            what=f"plot {image}",
            rule="`plot_results` until it returns; nothing was promised. A small image is plotted "
            "before, so that imports and the search for fonts count for neither.",
            against=OLD_SDK,
        ),
        Figure(
            name=f"plot-{layout}-drawn",
            what=f"plot and draw {image}",
            rule="The same runs until the figure is drawn into memory, as on a screen: only then "
            "is there something to see.",
            against=OLD_SDK,
            at_least=FASTER,
        ),
        Figure(
            name=f"plot-{layout}-memory",
            what=f"memory to plot {image}",
            rule="The same runs: highest memory of the whole process.",
            unit=Unit.MEGABYTES,
            against=OLD_SDK,
            at_least=SMALLER,
        ),
    )


def map_figures(layout: str) -> tuple[Figure, ...]:
    """Return the figures of a layout's map."""
    image = f"470 MB in {WORDS[layout]}"
    return (
        Figure(
            name=f"map-{layout}-page",
            what=f"page with a map of {image}",
            rule="Size of the page that `map_results` writes.",
            unit=Unit.MEGABYTES,
            at_most=PAGE_LIMIT,
        ),
        Figure(
            name=f"map-{layout}-memory",
            what=f"memory for a map of {image}",
            rule="The same runs: highest memory of the whole process.",
            unit=Unit.MEGABYTES,
            at_most=MAP_MEMORY_LIMIT,
        ),
    )


def measure_layout(layout: str, bench: Bench) -> Found:
    """Plot one image with both clients, and make maps of it."""
    with working_folder(bench) as folder:
        image, small = folder / f"{layout}.tif", folder / "small.tif"
        write_image(image, layout, bench.size(SIDE, SMALL_SIDE))
        write_small_image(small)
        paths = {"image": str(image), "small": str(small)}
        page = str(folder / "map.html")
        plots = in_turns(
            {
                "ours": lambda: bench.ours("plots", **paths),
                "rival": lambda: bench.old_sdk("plots", **paths),
            },
            bench.runs(),
        )
        maps = in_turns(
            {"ours": lambda: bench.ours("maps", image=str(image), page=page)}, bench.runs()
        )
    return {
        f"plot-{layout}": sides(plots, "returned"),
        f"plot-{layout}-drawn": sides(plots, "drawn"),
        f"plot-{layout}-memory": sides(plots, "memory"),
        f"map-{layout}-page": sides(maps, "page"),
        f"map-{layout}-memory": sides(maps, "memory"),
    }


PLOTS = tuple(
    Measurement(
        name=f"plot-{layout}",
        figures=plot_figures(layout) + map_figures(layout),
        run=partial(measure_layout, layout),
        sdks=(OLD_SDK,),
        disk=700 * MB,
    )
    for layout in LAYOUTS
)
