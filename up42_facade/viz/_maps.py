"""Images, features, and an area of interest on a folium map."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import folium
import numpy as np
from attrs import evolve

from up42_facade._common.html import inert
from up42_facade.errors import InvalidInputError
from up42_facade.results._formats import JSON
from up42_facade.viz._bounds import Bounds, is_across, longitudes_of, turned_to
from up42_facade.viz._colors import Ramp
from up42_facade.viz._features import add_features, feature_layer
from up42_facade.viz._inputs import (
    DATA_PATH,
    RASTER_FORMATS,
    VECTOR_FORMATS,
    VectorLayer,
    existing,
    is_feature_collection,
    labels,
    names_of,
    of_format,
    read_aoi,
    read_layers,
)
from up42_facade.viz._overlays import Overlay, make_overlays
from up42_facade.viz._pages import OfflineMap, Verbatim, save

# Degrees: images and features close to each other across it are drawn around it.
ANTIMERIDIAN = 180.0
# With more layers, the layer control would cover the map, so it is collapsed.
OPEN_LAYERS = 6
SATELLITE = (
    "https://server.arcgisonline.com/ArcGIS/rest/services/World_Imagery/MapServer/tile/{z}/{y}/{x}"
)
SATELLITE_CREDIT = "Tiles © Esri, Maxar, Earthstar Geographics and the GIS user community"
# The closest zoom of the tiles, and that of the map, because images are finer than tiles.
TILE_ZOOM = 19
MAX_ZOOM = 22
# Step between the zoom levels of the first view: whole ones leave half of the map empty.
ZOOM_SNAP = 0.25
AOI_STYLE = {"color": "#e6194b", "weight": 3, "dashArray": "8 6", "fill": False}
# Right of the images at first, between the layer control and the credits.
LEGENDS = (
    '<div class="up42-legend" style="position:fixed;right:12px;bottom:32px;z-index:1000;'
    "background:rgba(255,255,255,.92);color:#222;border-radius:4px;padding:4px 10px;"
    'width:180px;font:12px/1.4 sans-serif;box-shadow:0 1px 4px rgba(0,0,0,.4)">{entries}</div>'
)
LEGEND = (
    '<div style="margin:4px 0"><div style="overflow-wrap:anywhere">{title}</div>'
    '<div style="height:10px;margin:4px 0 2px;border:1px solid #ccc;'
    'background:linear-gradient(to right,{colors})"></div>'
    '<div style="display:flex;justify-content:space-between">{values}</div></div>'
)
# Pixels that stay free at the right of the images for the legend, and around them.
LEGEND_WIDTH = 226
MARGIN = 10
# Colors of a legend's gradient.
LEGEND_STOPS = 17


def map_results(
    filepaths: Any,
    bands: Sequence[int] | None,
    aoi: Any,
    show_images: bool,
    show_features: bool,
    name_column: str,
    save_html: str | os.PathLike[str] | None,
    tiles: bool,
) -> folium.Map:
    """Show images and features on a map; see `up42_facade.viz.map_results`."""
    paths = existing(filepaths)
    images = of_format(paths, RASTER_FORMATS)
    vectors = [
        *of_format(paths, VECTOR_FORMATS),
        *(path for path in of_format(paths, JSON) if is_feature_collection(path)),
    ]
    if not images and not vectors:
        raise InvalidInputError(
            "There is nothing to map: expected GeoTIFF, GeoJSON, GeoPackage, or data.json, got "
            f"{names_of(paths)}."
        )
    area = None if aoi is None else read_aoi(aoi)
    files = read_layers(vectors)
    find_place = partial(feature_bounds, images, files)
    overlays = make_overlays(images, bands, find_place) if show_images else []
    files = files if show_features else []
    if is_across(all_longitudes(overlays, files, area)):
        overlays = [overlay.turned_to(ANTIMERIDIAN) for overlay in overlays]
        files = [evolve(file, frame=turned_to(file.frame, ANTIMERIDIAN)) for file in files]
        area = area if area is None else turned_to(area, ANTIMERIDIAN)
    target = base_map(tiles)
    add_images(target, overlays)
    for number, file in enumerate(files):
        if len(file.frame):
            add_features(target, file, name_column, number, is_filled=not overlays)
    if area is not None:
        frame = area[[area.geometry.name]]
        feature_layer(frame, "Area of interest", AOI_STYLE, popup=False).add_to(target)
    has_legend = add_legend(target, overlays)
    layers = sum(getattr(child, "control", False) for child in target._children.values())
    folium.LayerControl(collapsed=layers > OPEN_LAYERS).add_to(target)
    frames = [file.frame for file in files] + ([] if area is None else [area])
    places = [*(overlay.place for overlay in overlays), *(frame.total_bounds for frame in frames)]
    show_all(target, places, LEGEND_WIDTH if has_legend else MARGIN)
    if save_html is not None:
        save(target, save_html)
    return target


def all_longitudes(overlays: list[Overlay], files: list[VectorLayer], area: Any) -> Any:
    frames = [file.frame for file in files] + ([] if area is None else [area])
    edges = [edge for overlay in overlays for edge in overlay.place[::2]]
    return np.concatenate([edges, *map(longitudes_of, frames)])


def base_map(tiles: bool) -> folium.Map:
    target = OfflineMap(tiles=None, control_scale=True, zoom_snap=ZOOM_SNAP, max_zoom=MAX_ZOOM)
    if tiles:
        add_tiles(target, "OpenStreetMap", "Streets")
        add_tiles(target, SATELLITE, "Satellite", SATELLITE_CREDIT, show=False)
    return target


def add_tiles(
    target: folium.Map, tiles: str, name: str, credit: str | None = None, show: bool = True
) -> None:
    layer = folium.TileLayer(
        tiles, attr=credit, name=name, show=show, max_zoom=MAX_ZOOM, max_native_zoom=TILE_ZOOM
    )
    layer.add_to(target)


def add_images(target: folium.Map, overlays: list[Overlay]) -> None:
    names = labels([overlay.path for overlay in overlays])
    for number, (overlay, name) in enumerate(zip(overlays, names, strict=True), start=1):
        west, south, east, north = overlay.place
        folium.raster_layers.ImageOverlay(
            overlay.url,
            bounds=[[south, west], [north, east]],
            name=inert(name),
            # Not its name, which can't be made inert outside of HTML.
            alt=f"Image {number}",
            # What was detected lies over the images.
            zindex=number + (0 if overlay.ramp is None else len(overlays)),
        ).add_to(target)


def feature_bounds(images: list[Path], files: list[VectorLayer], number: int) -> Bounds:
    """Return the bounds of an image without a CRS: those of its feature.

    It is the feature whose `up42.data_path` names the image; without such properties, the one
    with the same number, if there are as many features as images.
    """
    path = images[number]
    for file in files:
        if DATA_PATH in file.frame.columns:
            for named, shape in zip(file.frame[DATA_PATH], file.frame.geometry, strict=True):
                if isinstance(named, str) and is_named(path, file.path.parent, named):
                    return bounds_of(shape)
    shapes = [shape for file in files for shape in file.frame.geometry]
    if len(shapes) == len(images) and not any(DATA_PATH in file.frame.columns for file in files):
        return bounds_of(shapes[number])
    raise InvalidInputError(
        f"{path.name} has no CRS, and no feature of data.json names it in '{DATA_PATH}'."
    )


def is_named(path: Path, folder: Path, named: str) -> bool:
    """Return whether a path in `data.json` means a file; downloads might have flattened folders."""
    relative = Path(named.lstrip("/"))
    return (folder / relative).resolve() == path.resolve() or relative.name == path.name


def bounds_of(shape: Any) -> Bounds:
    west, south, east, north = shape.bounds
    return west, south, east, north


def add_legend(target: folium.Map, overlays: list[Overlay]) -> bool:
    """Add a legend of all color ramps; return whether there are any."""
    names: dict[Ramp, list[str]] = {}
    for overlay in overlays:
        if overlay.ramp is not None:
            names.setdefault(overlay.ramp, []).append(overlay.path.stem)
    if names:
        entries = "".join(legend(ramp, files) for ramp, files in names.items())
        # The root of a map is a Figure, which the annotation doesn't say.
        target.get_root().html.add_child(Verbatim(LEGENDS.format(entries=entries)))  # type: ignore[attr-defined]
    return bool(names)


def show_all(target: folium.Map, places: list[Any], right: int) -> None:
    """Show bounds completely in the first view, with some pixels free at the right."""
    known = [place for place in places if np.isfinite(place).all()]
    if known:
        west, south, east, north = zip(*known, strict=True)
        target.fit_bounds(
            [(float(min(south)), float(min(west))), (float(max(north)), float(max(east)))],
            padding_top_left=(MARGIN, MARGIN),
            padding_bottom_right=(right, MARGIN),
        )


def legend(ramp: Ramp, names: list[str]) -> str:
    """Return the legend of a color ramp with the names of its images as HTML."""
    table = ramp.table()[np.linspace(0, len(ramp.table()) - 1, LEGEND_STOPS).astype(int)]
    colors = ",".join(f"rgba({red},{green},{blue},{a / 255:.2f})" for red, green, blue, a in table)
    values = "".join(f"<span>{ramp.text(mark)}</span>" for mark in ramp.marks)
    title = inert(f"{ramp.label}: {', '.join(names)}")
    return LEGEND.format(title=title, colors=colors, values=values)
