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
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from up42_facade.errors import InvalidInputError, escape_for_terminal
from up42_facade.viz._colours import RAMP, Limits, probability_scale, rgba, stretch_limits
from up42_facade.viz._inputs import (
    LONLAT,
    PICTURE_FORMATS,
    RASTER_FORMATS,
    VECTOR_FORMATS,
    canonical,
    drawable,
    existing,
    in_crs,
    in_lonlat,
    labels,
    names_of,
    of_format,
    read_features,
)
from up42_facade.viz._places import (
    CIRCLE,
    is_across,
    longitudes_of,
    place_of,
    touches,
    turned_to,
)
from up42_facade.viz._reading import Scene, Size, read_scene
from up42_facade.viz._warping import north_up

# Up to so many images stand side by side; more make a square grid.
MOST_IN_A_ROW = 3
# What this module passes to `rasterio.plot.show` itself.
OWN_OPTIONS = ("source", "ax", "title", "transform")
# Options that are about values: with one of them a color table isn't used.
VALUE_OPTIONS = ("cmap", "norm", "vmin", "vmax", "contour")
# Degrees of longitude that a plot of features in meters may have; wider ones are in degrees.
LOCAL_DEGREES = 20
# Degrees of latitude beyond which longitudes mean little.
POLAR_DEGREES = 80
# Colours of features: in turn for the files, all of them well visible on imagery.
FEATURE_COLOURS = ("#ffd60a", "#00e5ff", "#ff5d8f", "#b8ff5d")
# Points: line width of features and of the dark rim that makes them visible on bright ground.
FEATURE_WIDTH = 1.3
RIM_WIDTH = 2.8
RIM_COLOUR = "#101010"
# Area of a point feature in square points.
POINT_AREA = 34
# Of bold letters, in heights of a line.
LETTER_WIDTH = 0.68
# Points: how large titles are, and how small long ones may become.
LARGEST_TITLE = 12
SMALLEST_TITLE = 6
POINTS_PER_INCH = 72


class ResultFigure(Figure):
    """A figure that shows itself in notebooks and that pyplot doesn't know.

    So it is neither drawn twice nor kept in memory, and no backend is chosen for it.
    """

    def _repr_png_(self) -> bytes:
        target = io.BytesIO()
        self.savefig(target, format="png")
        return target.getvalue()


@frozen(eq=False)
class Layer:
    """The features of a vector file, as GeoDataFrame in EPSG:4326."""

    path: Path
    frame: Any
    colour: str


@frozen(eq=False)
class Panel:
    """What one pair of axes shows: an image, features over it, or features alone."""

    label: str
    path: Path | None
    layers: list[Layer]


def plot_results(
    filepaths: Any,
    figsize: tuple[float, float],
    bands: Sequence[int] | None,
    titles: Sequence[str] | str | None,
    plot_file_format: Sequence[str] | str | None,
    options: dict[str, Any],
) -> Figure:
    """Draw images and features; see `up42_facade.viz.plot_results`."""
    check_options(options)
    paths = existing(filepaths)
    images = of_format(paths, RASTER_FORMATS if plot_file_format is None else plot_file_format)
    vectors = of_format(paths, VECTOR_FORMATS)
    if not images and not (vectors and stand_alone(plot_file_format)):
        raise InvalidInputError(
            f"There is nothing to plot: expected files of the format "
            f"{', '.join(formats_of(plot_file_format))}, got {names_of(paths)}."
        )
    return draw(images, read_layers(vectors), figsize, bands, titles, options)


def plot_quicklooks(
    filepaths: Any, figsize: tuple[float, float], titles: Sequence[str] | str | None
) -> Figure:
    """Draw pictures as they are; see `up42_facade.viz.plot_quicklooks`."""
    paths = existing(filepaths)
    pictures = of_format(paths, PICTURE_FORMATS)
    if not pictures:
        raise InvalidInputError(
            f"There is nothing to plot: expected files of the format "
            f"{', '.join(PICTURE_FORMATS)}, got {names_of(paths)}."
        )
    return draw(pictures, [], figsize, None, titles, {}, as_is=True)


def check_options(options: dict[str, Any]) -> None:
    for name in OWN_OPTIONS:
        if name in options:
            raise InvalidInputError(
                f"{name}=… can't be passed on to rasterio.plot.show: the plot sets it itself."
            )


def formats_of(plot_file_format: Sequence[str] | str | None) -> Sequence[str]:
    if plot_file_format is None:
        return (*RASTER_FORMATS, *VECTOR_FORMATS)
    return [plot_file_format] if isinstance(plot_file_format, str) else plot_file_format


def stand_alone(plot_file_format: Sequence[str] | str | None) -> bool:
    """Tell whether features may be drawn without an image: unless only images were asked for."""
    wanted = {canonical(name) for name in formats_of(plot_file_format)}
    return bool(wanted.intersection(VECTOR_FORMATS))


def read_layers(paths: Sequence[Path]) -> list[Layer]:
    return [
        Layer(
            path,
            drawable(in_lonlat(frame, path.name), path.name),
            FEATURE_COLOURS[number % len(FEATURE_COLOURS)],
        )
        for number, path in enumerate(paths)
        for frame in read_features(path)
    ]


def draw(
    images: list[Path],
    layers: list[Layer],
    figsize: tuple[float, float],
    bands: Sequence[int] | None,
    titles: Sequence[str] | str | None,
    options: dict[str, Any],
    as_is: bool = False,
) -> Figure:
    panels = arrange(images, layers)
    chosen = panel_titles(titles, panels)
    figure = ResultFigure(figsize=figsize, layout="constrained")
    columns = len(panels) if len(panels) <= MOST_IN_A_ROW else math.ceil(math.sqrt(len(panels)))
    rows = math.ceil(len(panels) / columns)
    box = Size(
        max(1, round(figsize[0] * figure.dpi / columns)),
        max(1, round(figsize[1] * figure.dpi / rows)),
    )
    for number, (panel, title) in enumerate(zip(panels, chosen, strict=True), start=1):
        axes = figure.add_subplot(rows, columns, number)
        if panel.path is None:
            axes.set_title(title)
            draw_alone(axes, panel.layers)
        else:
            as_colors = options.keys().isdisjoint(VALUE_OPTIONS)
            scene = north_up(read_scene(panel.path, bands, box, as_colors=as_colors))
            draw_scene(axes, scene, title, options, as_is)
            draw_over(axes, scene, panel.layers, options)
        fit_title(axes, box, figure.dpi)
        show_verbatim(axes)
        axes.set_axis_off()
    return figure


def show_verbatim(axes: Axes) -> None:
    """Keep matplotlib from reading formulas into titles and labels: they are names of files."""
    legend = axes.get_legend()
    for text in (axes.title, *(legend.get_texts() if legend else ())):
        text.set_text(escape_for_terminal(text.get_text()))
        text.set_parse_math(False)
        text.set_usetex(False)


def fit_title(axes: Axes, box: Size, dpi: float) -> None:
    """Make a long title small enough to stay over its own plot."""
    widest = box.width / max(1, len(axes.get_title())) / LETTER_WIDTH
    points = widest * POINTS_PER_INCH / dpi
    axes.title.set_fontsize(min(LARGEST_TITLE, max(SMALLEST_TITLE, points)))


def arrange(images: list[Path], layers: list[Layer]) -> list[Panel]:
    """Put each image into a panel, with the features that came from it."""
    names = labels(images)
    places = {path: place_of(path) for path in images} if layers else {}
    over: dict[Path, list[Layer]] = {path: [] for path in images}
    alone: dict[Path, list[Layer]] = {}
    for layer in layers:
        under = [path for path in images if touches(places[path], layer.frame)]
        beside = [path for path in under if path.parent == layer.path.parent]
        for path in beside or under:
            over[path].append(layer)
        if not under:
            alone.setdefault(layer.path, []).append(layer)
    panels = [Panel(name, path, over[path]) for name, path in zip(names, images, strict=True)]
    return panels + [Panel(path.stem, None, found) for path, found in alone.items()]


def panel_titles(titles: Sequence[str] | str | None, panels: list[Panel]) -> list[str]:
    if not titles:
        return [panel.label for panel in panels]
    chosen = [titles] if isinstance(titles, str) else list(titles)
    if len(chosen) != len(panels):
        names = ", ".join(panel.label for panel in panels)
        raise InvalidInputError(
            f"titles has {len(chosen)} entries for {len(panels)} plots: expected one for each of "
            f"{names}."
        )
    return chosen


def draw_scene(axes: Axes, scene: Scene, title: str, options: dict[str, Any], as_is: bool) -> None:
    place = extent_of(scene, options)
    if len(scene.values) == 3:
        if options.get("contour"):
            raise InvalidInputError("contour=True needs one band: pass bands=[…] with one number.")
        limits = stretch_limits(scene.values, scene.dtype, as_is or scene.is_palette)
        picture = rgba(scene.values, limits).transpose(2, 0, 1)
        rasterio.plot.show(picture, ax=axes, title=title, **{**place, **options})
        return
    scale = None if as_is else probability_scale(scene)
    band = scene.values[0] if scale is None else scene.values[0] / scale
    shown = {**place, **band_options(scene, scale, as_is, options), **options}
    rasterio.plot.show(band, ax=axes, title=title, **shown)
    if scale is not None and axes.images:
        axes.figure.colorbar(
            axes.images[-1],
            ax=axes,
            fraction=0.046,
            pad=0.02,
            label="Probability",
            format=PercentFormatter(1.0),
        )


def extent_of(scene: Scene, options: dict[str, Any]) -> dict[str, Any]:
    if scene.transform is None or not options.get("with_bounds", True):
        return {}
    west, south, east, north = scene.bounds
    return {"extent": (west, east, south, north)}


def band_options(
    scene: Scene, scale: float | None, as_is: bool, options: dict[str, Any]
) -> dict[str, Any]:
    """Return what `rasterio.plot.show` gets for one band, unless the caller says otherwise."""
    if options.get("contour"):
        return {}
    limits = stretch_limits(scene.values, scene.dtype, as_is)[0] if scale is None else Limits(0, 1)
    if limits.low == limits.high:
        # One value only is medium grey, not black.
        limits = evolve(limits, low=limits.low - 1, high=limits.high + 1)
    colours = "gray" if scale is None else LinearSegmentedColormap.from_list("probability", RAMP)
    named = {"cmap": colours}
    return named if "norm" in options else {**named, "vmin": limits.low, "vmax": limits.high}


def draw_over(axes: Axes, scene: Scene, layers: list[Layer], options: dict[str, Any]) -> None:
    """Draw features over the image that they came from, in its CRS and within its frame."""
    if not layers or not options.get("with_bounds", True):
        return
    frame = axes.get_xlim(), axes.get_ylim()
    for layer in layers:
        shapes = in_crs(layer.frame, scene.crs, layer.path.name)
        if scene.crs.is_geographic:
            shapes = turned_to(shapes, (scene.bounds[0] + scene.bounds[2]) / 2)
        draw_features(axes, evolve(layer, frame=shapes))
    axes.set_xlim(frame[0])
    axes.set_ylim(frame[1])
    add_legend(axes, layers)


def draw_alone(axes: Axes, layers: list[Layer]) -> None:
    if not any(len(layer.frame) for layer in layers):
        axes.text(0.5, 0.5, "no features", ha="center", va="center", transform=axes.transAxes)
        return
    crs = local_crs(layers)
    for layer in layers:
        draw_features(axes, evolve(layer, frame=layer.frame.to_crs(crs)))
    axes.set_aspect("equal")
    add_legend(axes, layers)


def local_crs(layers: list[Layer]) -> str:
    """Return a CRS in meters around features, also at a pole or across the 180th meridian."""
    longitudes = np.concatenate([longitudes_of(layer.frame) for layer in layers])
    if is_across(longitudes):
        longitudes = np.mod(longitudes, CIRCLE)
    bounds = np.array([layer.frame.total_bounds for layer in layers if len(layer.frame)])
    south, north = bounds[:, 1].min(), bounds[:, 3].max()
    if np.ptp(longitudes) > LOCAL_DEGREES and max(abs(south), abs(north)) < POLAR_DEGREES:
        return LONLAT
    middle = (longitudes.min() + longitudes.max()) / 2
    return f"+proj=aeqd +lat_0={(south + north) / 2} +lon_0={middle} +datum=WGS84 +units=m"


def draw_features(axes: Axes, layer: Layer) -> None:
    """Draw outlines, lines and points in a layer's colour with a dark rim."""
    shapes = layer.frame.geometry
    # Far from its middle a CRS has no coordinates.
    shapes = shapes[np.isfinite(shapes.bounds).all(axis=1)].explode(index_parts=False)
    points = shapes[shapes.geom_type == "Point"]
    areas = shapes[shapes.geom_type == "Polygon"].boundary
    lines = shapes[shapes.geom_type.isin(("LineString", "LinearRing"))]
    for found in (areas, lines):
        if len(found):
            found.plot(ax=axes, color=RIM_COLOUR, linewidth=RIM_WIDTH, aspect=None, alpha=0.6)
            found.plot(ax=axes, color=layer.colour, linewidth=FEATURE_WIDTH, aspect=None)
    if len(points):
        axes.scatter(points.x, points.y, s=POINT_AREA, c=layer.colour, edgecolors=RIM_COLOUR)


def add_legend(axes: Axes, layers: list[Layer]) -> None:
    handles = [
        Line2D([], [], color=layer.colour, marker="o", markeredgecolor=RIM_COLOUR)
        for layer in layers
    ]
    # Not as labels of the lines: matplotlib leaves out those that begin with an underscore.
    names = [f"{layer.path.stem}: {len(layer.frame)}" for layer in layers]
    axes.legend(handles, names, loc="lower right", fontsize="small")
