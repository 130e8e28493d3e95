"""The chart: each figure's ratio on a logarithmic axis, readable on light and dark pages."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.catalogue import Topic
from benchmarks.report.comparisons import Comparison, Spread
from benchmarks.report.page import times
from benchmarks.report.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Each colour on a light page, and what takes its place on a dark one.
GROUND, INK, FAINT = "#ffffff", "#24292f", "#d0d7de"
BETTER, WORSE = "#0969da", "#bc4c00"
DARK = {
    GROUND: "#161b22",
    INK: "#e6edf3",
    FAINT: "#3d444d",
    BETTER: "#58a6ff",
    WORSE: "#f0883e",
}
# Inches.
WIDTH, ROW, EDGES = 9.5, 0.27, 1.4
# Over more than this, axes have room for powers of ten only.
WIDE = 500
# Without a fixed one every run would write other ids.
SALT = "up42-facade"
# Holds the time and links to vocabularies: the chart goes without.
NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
TITLE = "How up42_facade compares: the ratio of each figure"
LEGEND = "● better   ◆ worse: the medians, and the lowest and highest pair of runs   | target"
LIMIT_LEGEND = "● kept   ◆ exceeded: the median, and the lowest and highest run"


class Point(NamedTuple):
    """A row of the chart."""

    label: str
    value: Spread
    target: float | None
    good: bool


class Panel(NamedTuple):
    """Rows that share a meaning."""

    title: str
    legend: str
    points: list[Point]


def render(results: Results, topics: Sequence[Topic]) -> str:
    """Return the chart as SVG, with texts as texts and nothing from elsewhere."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    panels = [panel for panel in make_panels(results, topics) if panel.points]
    heights = [len(panel.points) + 4 for panel in panels]
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": SALT,
        "font.family": ["sans-serif"],
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(style):
        height = EDGES + ROW * sum(heights)
        canvas = Canvas(figsize=(WIDTH, height), facecolor=GROUND, layout="constrained")
        grid: Any = canvas.subplots(
            max(len(panels), 1), squeeze=False, gridspec_kw={"height_ratios": heights or [1]}
        )
        for panel, axes in zip(panels, grid[:, 0], strict=False):
            draw(panel, axes)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata=NO_METADATA)
    return adapting(written.getvalue())


def make_panels(results: Results, topics: Sequence[Topic]) -> Iterator[Panel]:
    """Yield what is compared with another, and what has a limit only."""
    found = [
        results.comparisons[figure.name]
        for topic in topics
        for figure in topic.figures
        if figure.name in results.comparisons
    ]
    yield Panel("How many times less up42_facade takes than the other side", LEGEND, ratios(found))
    yield Panel("How many times it fits into its limit", LIMIT_LEGEND, margins(found))


def ratios(comparisons: Iterable[Comparison]) -> list[Point]:
    return [
        Point(
            f"{each.figure.what} – {each.figure.against}",
            each.ratio,
            each.figure.at_least,
            not each.lost,
        )
        for each in comparisons
        if each.ratio is not None
    ]


def margins(comparisons: Iterable[Comparison]) -> list[Point]:
    return [
        Point(f"{each.figure.what} – {each.figure.target}", each.margin, None, each.reached is True)
        for each in comparisons
        if each.margin is not None
    ]


def draw(panel: Panel, axes: Axes) -> None:
    """Draw the rows of a panel, the first on top."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_title(panel.title, loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.set_facecolor(GROUND)
    axes.set_xscale("log")
    for row, point in enumerate(panel.points):
        draw_point(point, row, axes)
    axes.axvline(1, color=INK, linewidth=1.2)
    low, high = extent(panel.points)
    axes.set_xlim(low, high)
    axes.set_ylim(len(panel.points) - 0.4, -0.6)
    axes.set_yticks(range(len(panel.points)), [point.label for point in panel.points])
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < WIDE else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(panel.legend, fontsize=8)
    axes.tick_params(which="both", length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def draw_point(point: Point, row: int, axes: Axes) -> None:
    """Draw the median, the spread, the target, and the number beside them."""
    colour, marker = (BETTER, "o") if point.good else (WORSE, "D")
    axes.hlines(row, point.value.lowest, point.value.highest, colors=colour, linewidth=2)
    axes.plot(point.value.median, row, marker, color=colour, markersize=6)
    if point.target is not None:
        axes.vlines(point.target, row - 0.35, row + 0.35, colors=INK, linewidth=1.5)
    right = max(point.value.highest, point.target or 0)
    axes.annotate(
        f"{times(point.value.median)}×",
        (right, row),
        xytext=(7, 0),
        textcoords="offset points",
        verticalalignment="center",
        color=colour,
        fontweight="bold",
    )


def extent(points: Sequence[Point]) -> tuple[float, float]:
    """Return the axis's ends: 1 always lies between them, and the numbers have room."""
    low = min(1.0, *(point.value.lowest for point in points))
    high = max(1.0, *(max(point.value.highest, point.target or 0) for point in points))
    return low / 1.3, high * 2.2


def adapting(svg: str) -> str:
    """Let a browser with dark pages show the dark colours; other programs show the light ones."""
    rules = "".join(
        f'[style*="{attribute}: {light}"]{{{attribute}:{dark}!important}}'
        for light, dark in DARK.items()
        for attribute in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    # Without what stands before the root: a reference to a DTD.
    start = svg.index("<svg")
    head, end, body = svg[start:].partition(">\n")
    return f"{head}{end} <title>{TITLE}</title>\n {style}\n{body}"
