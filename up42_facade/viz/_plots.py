"""Images and features in a matplotlib figure."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.plot
from attrs import evolve, frozen
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import ScaledTranslation
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar  # type: ignore[import-untyped]

from up42_facade._common.values import as_list
from up42_facade.errors import InvalidInputError, escape_for_terminal
from up42_facade.viz._bounds import (
    CIRCLE,
    aspect_of,
    crs_name,
    ground_meters,
    is_across,
    longitudes_of,
    place_of,
    touches,
    turned_to,
    unit_aspect,
)
from up42_facade.viz._colors import Kind, Limits, Ramp, kinds_of
from up42_facade.viz._inputs import (
    LONLAT,
    PICTURE_FORMATS,
    RASTER_FORMATS,
    VECTOR_FORMATS,
    VectorLayer,
    existing,
    in_crs,
    labels,
    names_of,
    of_format,
    read_layers,
)
from up42_facade.viz._reading import Scene, Size, read_scene
from up42_facade.viz._warping import north_up

# Up to this many images share a row; more are arranged in a square grid.
MOST_IN_A_ROW = 3
# Pixels of a figure fit into 16 bits, which is the limit of matplotlib's backends.
MOST_INCHES = 650
# What this module passes to `rasterio.plot.show` itself.
OWN_OPTIONS = ("source", "ax", "transform")
# Options about values: with one of them, color tables are ignored.
VALUE_OPTIONS = ("cmap", "norm", "vmin", "vmax", "contour")
# Degrees of longitude of a plot of features in meters; wider ones are in degrees.
LOCAL_DEGREES = 20
# Degrees of latitude beyond which longitudes aren't useful.
POLAR_DEGREES = 80
# Colors of features: in turn for the files, all of them well visible on imagery.
FEATURE_COLORS = ("#ffd60a", "#00e5ff", "#ff5d8f", "#b8ff5d")
# Points: line width of features, and of the dark rim that makes them visible on bright images.
FEATURE_WIDTH = 1.3
RIM_WIDTH = 2.8
RIM_COLOR = "#101010"
# Area of a point feature in square points.
POINT_AREA = 34
# Width of bold letters, in heights of a line.
LETTER_WIDTH = 0.68
# Points: the size of titles, and the smallest one of long titles.
LARGEST_TITLE = 12
SMALLEST_TITLE = 6
POINTS_PER_INCH = 72
# Points: text around an image; its distance from the image, and that of the legend.
SMALL = 8
GAP = 4
LEGEND_GAP = 24
LEGEND_COLUMNS = 3
# Points: line width of a scale bar.
BAR_LINE = 2
# Inches: a figure without a given size, at most, and a row if there are several.
LARGEST_WIDTH = 14
LARGEST_HEIGHT = 8
LARGEST_HEIGHT_OF_MANY = 5
# Inches: title and scale of a row, its legends, the title of the figure, and a color bar.
LINES_HEIGHT = 0.65
LEGEND_HEIGHT = 0.3
TITLE_HEIGHT = 0.4
BAR_WIDTH = 1.0
# Height of an image in widths up to which the figure follows it.
MOST_ASPECT = 4.0
# Part of an image's width that a scale bar may take.
SCALE_SHARE = 0.3


class ResultFigure(Figure):
    """A figure with a notebook representation that pyplot doesn't know.

    So it is neither drawn twice nor kept in memory, and selects no backend.
    """

    def _repr_png_(self) -> bytes:
        target = io.BytesIO()
        self.savefig(target, format="png")
        return target.getvalue()


@frozen(eq=False)
class Panel:
    """The content of one pair of axes: an image, features over it, or features alone."""

    label: str
    path: Path | None
    layers: list[VectorLayer]


def plot_results(
    filepaths: Any,
    figsize: tuple[float, float] | None,
    bands: Sequence[int] | None,
    titles: Sequence[str] | str | None,
    plot_file_format: Sequence[str] | str | None,
    title: str | None,
    coordinates: bool,
    options: dict[str, Any],
) -> Figure:
    """Draw images and features; see `up42_facade.viz.plot_results`."""
    own = next((name for name in OWN_OPTIONS if name in options), None)
    if own is not None:
        raise InvalidInputError(f"{own}=… can't be passed to rasterio.plot.show: the plot sets it.")
    formats: Sequence[str] = (*RASTER_FORMATS, *VECTOR_FORMATS)
    if plot_file_format is not None:
        formats = [str(suffix) for suffix in as_list(plot_file_format)]
    paths = existing(filepaths)
    vectors = of_format(paths, VECTOR_FORMATS)
    # Features alone are drawn unless only images are requested.
    images = [path for path in of_format(paths, formats) if path not in vectors]
    if not images and not of_format(vectors, formats):
        raise nothing_to_plot(formats, paths)
    drawing = Drawing(options, coordinates=coordinates)
    return draw(drawing, arrange(images, read_layers(vectors)), figsize, bands, titles, title)


def plot_quicklooks(
    filepaths: Any,
    figsize: tuple[float, float] | None,
    titles: Sequence[str] | str | None,
    title: str | None,
) -> Figure:
    """Draw pictures unchanged; see `up42_facade.viz.plot_quicklooks`."""
    paths = existing(filepaths)
    pictures = of_format(paths, PICTURE_FORMATS)
    if not pictures:
        raise nothing_to_plot(PICTURE_FORMATS, paths)
    drawing = Drawing({}, as_is=True)
    return draw(drawing, arrange(pictures, []), figsize, None, titles, title)


def nothing_to_plot(formats: Sequence[str], paths: Sequence[Path]) -> InvalidInputError:
    return InvalidInputError(
        f"There is nothing to plot: expected files of the format {', '.join(formats)}, got "
        f"{names_of(paths)}."
    )


def draw(
    drawing: Drawing,
    panels: list[Panel],
    figsize: tuple[float, float] | None,
    bands: Sequence[int] | None,
    titles: Sequence[str] | str | None,
    title: str | None,
) -> Figure:
    chosen = panel_titles(titles, panels)
    columns = len(panels) if len(panels) <= MOST_IN_A_ROW else math.ceil(math.sqrt(len(panels)))
    rows = math.ceil(len(panels) / columns)
    size = fitting_size(panels, rows, columns) if figsize is None else checked_size(figsize)
    figure = ResultFigure(figsize=size, layout="constrained")
    box = Size(
        max(1, round(size[0] * figure.dpi / columns)), max(1, round(size[1] * figure.dpi / rows))
    )
    axes = [figure.add_subplot(rows, columns, number + 1) for number in range(len(panels))]
    as_colors = drawing.options.keys().isdisjoint(VALUE_OPTIONS)
    scenes = {
        number: north_up(read_scene(panel.path, bands, box, as_colors=as_colors))
        for number, panel in enumerate(panels)
        if panel.path is not None
    }
    numbers = list(scenes)
    bars = 0
    for kind in kinds_of(list(scenes.values()), drawing.as_is):
        parts = [(axes[numbers[place]], scenes[numbers[place]]) for place in kind.numbers]
        bars += drawing.images(figure, parts, kind)
    for number, panel in enumerate(panels):
        axes[number].set_title(chosen[number], fontweight="bold")
        axes[number].set_axis_off()
        drawing.frame(axes[number], scenes.get(number), panel.layers)
        fit_title(axes[number].title, box.width, figure.dpi)
        show_verbatim(axes[number])
    if title is not None:
        head = figure.suptitle(escape_for_terminal(str(title)), parse_math=False, usetex=False)
        fit_title(head, size[0] * figure.dpi, figure.dpi)
    if figsize is None:
        figure.set_size_inches(
            size[0] + bars * BAR_WIDTH, size[1] + (TITLE_HEIGHT if title is not None else 0)
        )
    return figure


def checked_size(figsize: Any) -> tuple[float, float]:
    """Return width and height that a figure can have."""
    try:
        width, height = map(float, figsize)
    except (TypeError, ValueError):
        width = height = math.nan
    if not (0 < width <= MOST_INCHES and 0 < height <= MOST_INCHES):
        raise InvalidInputError(
            f"figsize={figsize!r}: expected width and height in inches, up to {MOST_INCHES} each."
        )
    return width, height


def fitting_size(panels: list[Panel], rows: int, columns: int) -> tuple[float, float]:
    """Return width and height in inches that fit the shapes of the images."""
    shapes = [aspect_of(panel.path) for panel in panels if panel.path is not None]
    aspect = min(max(shapes, default=1.0), MOST_ASPECT)
    has_legend = any(panel.layers for panel in panels)
    lines = LINES_HEIGHT + (LEGEND_HEIGHT if has_legend else 0)
    height = (LARGEST_HEIGHT if rows == 1 else LARGEST_HEIGHT_OF_MANY) - lines
    width = min(LARGEST_WIDTH / columns, height / aspect)
    return width * columns, (width * aspect + lines) * rows


@frozen
class Drawing:
    """How images and features are drawn."""

    options: dict[str, Any]
    as_is: bool = False
    coordinates: bool = False

    def images(self, figure: Figure, parts: Sequence[tuple[Axes, Scene]], kind: Kind) -> bool:
        """Draw images of one kind; return whether they have a color bar."""
        for axes, scene in parts:
            self.image(axes, scene, kind)
        ramp = kind.ramp
        drawn = [axes for axes, _ in parts if axes.images]
        if ramp is None or not drawn:
            return False
        bar = figure.colorbar(
            drawn[0].images[-1],
            ax=drawn,
            fraction=0.046,
            pad=0.02,
            label=escape_for_terminal(ramp.label),
            format=PercentFormatter(1.0) if ramp.is_percent else None,
            ticks=ramp.marks if ramp.are_classes else None,
        )
        bar.ax.yaxis.label.set_parse_math(False)
        return True

    def image(self, axes: Axes, scene: Scene, kind: Kind) -> None:
        extent = self.extent_of(scene)
        if len(scene.values) == 3:
            if self.options.get("contour"):
                raise InvalidInputError(
                    "contour=True needs one band: pass bands=[…] with one number."
                )
            picture = kind.pixels(scene.values).transpose(2, 0, 1)
            self.show(picture, axes, extent)
        else:
            band = scene.values[0] if kind.ramp is None else scene.values[0] / kind.ramp.scale
            colors = self.colors(kind.limits[0], kind.ramp)
            self.show(band, axes, {**extent, **colors})
        if scene.crs is not None and extent and "aspect" not in self.options:
            axes.set_aspect(unit_aspect(scene.crs, scene.bounds))

    def show(self, picture: Any, axes: Axes, options: dict[str, Any]) -> None:
        """Draw a picture with the options of the caller, which matplotlib might refuse."""
        try:
            rasterio.plot.show(picture, ax=axes, **{**options, **self.options})
        except (AttributeError, TypeError, ValueError) as error:
            if not self.options:
                raise
            names = ", ".join(self.options)
            raise InvalidInputError(
                f"The picture can't be drawn with the arguments {names}: {error}"
            ) from error

    def colors(self, limits: Limits, ramp: Ramp | None) -> dict[str, Any]:
        """Return the options for one band, unless the caller overrides them."""
        if self.options.get("contour"):
            return {}
        if ramp is not None:
            limits = Limits(ramp.low, ramp.high)
        elif limits.low == limits.high:
            # A single value is medium gray, not black.
            limits = Limits(limits.low - 1, limits.high + 1)
        colormap = "gray" if ramp is None else ListedColormap(ramp.table() / 255)
        named = {"cmap": colormap}
        return (
            named if "norm" in self.options else {**named, "vmin": limits.low, "vmax": limits.high}
        )

    def extent_of(self, scene: Scene) -> dict[str, Any]:
        if scene.transform is None or not self.options.get("with_bounds", True):
            return {}
        west, south, east, north = scene.bounds
        return {"extent": (west, east, south, north)}

    def frame(self, axes: Axes, scene: Scene | None, layers: list[VectorLayer]) -> None:
        """Draw features, and everything around the image."""
        if scene is None:
            draw_alone(axes, layers)
        elif self.extent_of(scene):
            draw_over(axes, scene, layers)
            add_scale(axes, scene)
            if self.coordinates:
                show_coordinates(axes, scene)
        if layers:
            add_legend(axes, layers)


def add_scale(axes: Axes, scene: Scene) -> None:
    """Add a scale bar and the CRS below an image."""
    west, _, east, _ = scene.bounds
    meters = ground_meters(scene.crs, scene.bounds)
    below = axes.transAxes + ScaledTranslation(
        0, -GAP / POINTS_PER_INCH, axes.figure.dpi_scale_trans
    )
    if meters is not None:
        most = meters * (east - west) * SCALE_SHARE
        size = 10 ** math.floor(math.log10(most))
        size *= max(step for step in (1, 2, 5) if step * size <= most)
        label = f"{size / 1000:g} km" if size >= 1000 else f"{size:g} m"
        bar = AnchoredSizeBar(
            axes.transData,
            size / meters,
            label,
            loc="upper left",
            bbox_to_anchor=(0, 0),
            bbox_transform=below,
            pad=0,
            borderpad=0,
            sep=3,
            frameon=False,
            size_vertical=0,
            fontproperties={"size": SMALL},
        )
        bar.size_bar.get_children()[0].set_linewidth(BAR_LINE)
        axes.add_artist(bar)
    name = escape_for_terminal(crs_name(scene.crs))
    axes.text(
        *(1, 0, name), transform=below, ha="right", va="top", fontsize=SMALL, parse_math=False
    )


def show_coordinates(axes: Axes, scene: Scene) -> None:
    """Show the coordinates of an image at its upper and left side."""
    axes.set_axis_on()
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=SMALL)
    axes.tick_params(axis="y", labelrotation=90)
    axes.ticklabel_format(useOffset=False, style="plain")
    names = ("Longitude", "Latitude") if scene.crs.is_geographic else ("x", "y")
    axes.set_xlabel(names[0], fontsize=SMALL)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel(names[1], fontsize=SMALL)
    axes.locator_params(nbins=4)


def show_verbatim(axes: Axes) -> None:
    """Keep matplotlib from reading titles and labels as formulas: they are names of files."""
    legend = axes.get_legend()
    for text in (axes.title, *(legend.get_texts() if legend else ())):
        text.set_text(escape_for_terminal(text.get_text()))
        text.set_parse_math(False)
        text.set_usetex(False)


def fit_title(title: Any, width: float, dpi: float) -> None:
    """Reduce the size of a long title so that it stays over its own plot."""
    widest = width / max(1, len(title.get_text())) / LETTER_WIDTH
    points = widest * POINTS_PER_INCH / dpi
    title.set_fontsize(min(LARGEST_TITLE, max(SMALLEST_TITLE, points)))


def arrange(images: list[Path], layers: list[VectorLayer]) -> list[Panel]:
    """Return a panel for each image with its features, and for other features."""
    names = labels(images)
    places = {path: place_of(path) for path in images} if layers else {}
    over: dict[Path, list[VectorLayer]] = {path: [] for path in images}
    alone: dict[Path, list[VectorLayer]] = {}
    for layer in layers:
        under = [path for path in images if touches(places[path], layer.frame)]
        same_folder = [path for path in under if path.parent == layer.path.parent]
        for path in same_folder or under:
            over[path].append(layer)
        if not under:
            alone.setdefault(layer.path, []).append(layer)
    panels = [Panel(name, path, over[path]) for name, path in zip(names, images, strict=True)]
    return panels + [Panel(path.stem, None, found) for path, found in alone.items()]


def panel_titles(titles: Sequence[str] | str | None, panels: list[Panel]) -> list[str]:
    if not titles:
        return [panel.label for panel in panels]
    chosen = [str(title) for title in as_list(titles)]
    if len(chosen) != len(panels):
        names = ", ".join(panel.label for panel in panels)
        raise InvalidInputError(
            f"titles has {len(chosen)} entries for {len(panels)} plots: expected one for each of "
            f"{names}."
        )
    return chosen


def draw_over(axes: Axes, scene: Scene, layers: list[VectorLayer]) -> None:
    """Draw features over their image, in its CRS and within its bounds."""
    frame = axes.get_xlim(), axes.get_ylim()
    for layer in layers:
        shapes = in_crs(layer.frame, scene.crs, layer.path.name)
        if scene.crs.is_geographic:
            shapes = turned_to(shapes, (scene.bounds[0] + scene.bounds[2]) / 2)
        draw_features(axes, evolve(layer, frame=shapes))
    axes.set_xlim(frame[0])
    axes.set_ylim(frame[1])


def draw_alone(axes: Axes, layers: list[VectorLayer]) -> None:
    if not any(len(layer.frame) for layer in layers):
        axes.text(0.5, 0.5, "no features", ha="center", va="center", transform=axes.transAxes)
        return
    crs = local_crs(layers)
    for layer in layers:
        draw_features(axes, evolve(layer, frame=layer.frame.to_crs(crs)))
    axes.set_aspect("equal")


def local_crs(layers: list[VectorLayer]) -> str:
    """Return a CRS in meters around features, at a pole or across the 180th meridian, too."""
    parts = [layer.frame.geometry.explode(index_parts=False).bounds for layer in layers]
    if any((part["maxx"] - part["minx"] >= CIRCLE).any() for part in parts):
        return LONLAT  # one of them goes around the Earth
    longitudes = np.concatenate([longitudes_of(layer.frame) for layer in layers])
    if is_across(longitudes):
        longitudes = np.mod(longitudes, CIRCLE)
    bounds = np.array([layer.frame.total_bounds for layer in layers if len(layer.frame)])
    south, north = bounds[:, 1].min(), bounds[:, 3].max()
    if np.ptp(longitudes) > LOCAL_DEGREES and max(abs(south), abs(north)) < POLAR_DEGREES:
        return LONLAT
    middle = (longitudes.min() + longitudes.max()) / 2
    return f"+proj=aeqd +lat_0={(south + north) / 2} +lon_0={middle} +datum=WGS84 +units=m"


def color_of(layer: VectorLayer) -> str:
    return FEATURE_COLORS[layer.number % len(FEATURE_COLORS)]


def draw_features(axes: Axes, layer: VectorLayer) -> None:
    """Draw outlines, lines, and points in a layer's color with a dark rim."""
    shapes = layer.frame.geometry
    # Far from its center, a CRS has no coordinates.
    shapes = shapes[np.isfinite(shapes.bounds).all(axis=1)].explode(index_parts=False)
    points = shapes[shapes.geom_type == "Point"]
    areas = shapes[shapes.geom_type == "Polygon"].boundary
    lines = shapes[shapes.geom_type.isin(("LineString", "LinearRing"))]
    for found in (areas, lines):
        if len(found):
            found.plot(ax=axes, color=RIM_COLOR, linewidth=RIM_WIDTH, aspect=None, alpha=0.6)
            found.plot(ax=axes, color=color_of(layer), linewidth=FEATURE_WIDTH, aspect=None)
    if len(points):
        axes.scatter(points.x, points.y, s=POINT_AREA, c=color_of(layer), edgecolors=RIM_COLOR)


def add_legend(axes: Axes, layers: list[VectorLayer]) -> None:
    """Add a legend below the image, its scale, and its CRS."""
    handles = [
        Line2D([], [], color=color_of(layer), marker="o", markeredgecolor=RIM_COLOR)
        for layer in layers
    ]
    # Not as labels of the lines: matplotlib skips those that begin with an underscore.
    names = [f"{layer.path.stem}: {len(layer.frame)}" for layer in layers]
    down = ScaledTranslation(0, -LEGEND_GAP / POINTS_PER_INCH, axes.figure.dpi_scale_trans)
    axes.legend(
        handles,
        names,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=axes.transAxes + down,
        borderaxespad=0,
        frameon=False,
        fontsize=SMALL,
        ncols=min(len(names), LEGEND_COLUMNS),
    )
