"""Bounds of images and features, without reading pixels.

Longitudes of an image or a feature are continuous: across the 180th meridian, they exceed 180.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.warp import transform

from up42_facade.errors import InvalidInputError
from up42_facade.viz._inputs import LONLAT
from up42_facade.viz._reading import TRANSFORM_ERRORS, Size, grid_bounds, opened, unreadable

# West, south, east, north in degrees.
Bounds = tuple[float, float, float, float]
# Points in each direction of a grid over an image that is transformed to degrees.
GRID_POINTS = 41
# The latitude where web maps end, so that their world is a square.
MAP_END = 85.0511287798
CIRCLE = 360.0
# Keeps images at a pole from becoming lines.
LEAST_COSINE = 0.05
# Meters.
EARTH_RADIUS = 6_371_000.0
# Above any coordinate on Earth in any unit. PROJ can take forever to normalize larger ones.
LARGEST_COORDINATE = 1e9
# Degrees of longitude of an image: the world, starting at any meridian.
MOST_DEGREES = 2 * CIRCLE


def place_of(path: Path) -> Bounds | None:
    """Return west, south, east, north of an image in degrees; None if it isn't georeferenced."""
    with opened(path) as dataset:
        if dataset.crs is None or dataset.transform.is_identity:
            return None
        return lonlat_bounds(dataset.crs, bounds_of(dataset), path)


def bounds_of(dataset: Any) -> Bounds:
    return grid_bounds(dataset.transform, Size(dataset.width, dataset.height))


def aspect_of(path: Path) -> float:
    """Return the height of an image on a plot, in widths."""
    with opened(path) as dataset:
        if dataset.crs is None or dataset.transform.is_identity:
            return float(dataset.height / dataset.width)
        west, south, east, north = bounds = bounds_of(dataset)
        ratio = (north - south) / (east - west) if east > west else 1.0
        return float(ratio * unit_aspect(dataset.crs, bounds))


def unit_aspect(crs: Any, bounds: Bounds) -> float:
    """Return the height of a unit of a CRS on a plot, in widths of one."""
    _, south, _, north = bounds
    if not crs.is_geographic:
        return 1.0
    return 1 / max(LEAST_COSINE, math.cos(math.radians((south + north) / 2)))


def ground_meters(crs: Any, bounds: Bounds) -> float | None:
    """Return the length of a unit in x direction on the ground, in the middle of bounds.

    Returns:
        Meters; None if the CRS isn't on Earth, or the middle isn't in it.
    """
    west, south, east, north = bounds
    x, y, step = (west + east) / 2, (south + north) / 2, (east - west) / 100
    if step == 0 or not is_sane(crs, bounds):
        return None
    try:
        longitudes, latitudes = np.radians(transform(crs, LONLAT, [x - step, x + step], [y, y]))
    except (*TRANSFORM_ERRORS, ValueError):
        return None
    across, up = np.diff(longitudes)[0] / 2, np.diff(latitudes)[0] / 2
    half = math.hypot(math.sin(up), math.sin(across) * math.cos(latitudes.mean()))
    meters = EARTH_RADIUS * math.asin(min(1.0, half)) / step if math.isfinite(half) else 0.0
    return meters or None


def crs_name(crs: Any) -> str:
    """Return the code of a CRS, or else its name."""
    text = str(crs.to_string())
    named = re.match(r'\w+\["([^"]+)"', text)
    return named[1] if named else text


def is_sane(crs: Any, bounds: Bounds) -> bool:
    """Return whether bounds can be on Earth."""
    is_near = np.abs(bounds).max() <= LARGEST_COORDINATE
    return bool(is_near) and not (crs.is_geographic and bounds[2] - bounds[0] > MOST_DEGREES)


def lonlat_bounds(crs: Any, bounds: Any, path: Path) -> Bounds:
    """Return bounds in degrees, across the 180th meridian and around a pole, too.

    Raises:
        InvalidInputError: If the CRS of the image can't be transformed to degrees, or its bounds
            are absurd.
    """
    west, south, east, north = bounds
    if not is_sane(crs, bounds):
        raise unreadable(path, "its bounds are outside of its CRS")
    if crs.is_geographic:
        turns = CIRCLE * np.floor(((west + east) / 2 + 180) / CIRCLE)
        return west - turns, south, east - turns, north
    xs, ys = np.meshgrid(
        np.linspace(west, east, GRID_POINTS), np.linspace(south, north, GRID_POINTS)
    )
    try:
        longitudes, latitudes = np.array(transform(crs, LONLAT, xs.ravel(), ys.ravel()))
        poles = np.array(transform(LONLAT, crs, [0, 0], [-90, 90]))
    except (*TRANSFORM_ERRORS, ValueError) as error:
        raise unreadable(path, f"its CRS can't be transformed to degrees: {error}") from error
    usable = np.isfinite(longitudes) & np.isfinite(latitudes)
    if not usable.any():
        raise unreadable(path, "its bounds are outside of its CRS")
    low, high = float(latitudes[usable].min()), float(latitudes[usable].max())
    around = [west < x < east and south < y < north for x, y in poles.T]
    if any(around):
        return -180.0, -90.0 if around[0] else low, 180.0, 90.0 if around[1] else high
    turned = unwrapped(longitudes.reshape(xs.shape)) if usable.all() else longitudes[usable]
    turns = CIRCLE * np.floor(((turned.min() + turned.max()) / 2 + 180) / CIRCLE)
    return float(turned.min() - turns), low, float(turned.max() - turns), high


def unwrapped(longitudes: Any) -> Any:
    """Return the longitudes of a grid without jumps by a full circle."""
    first = longitudes[:, :1]
    shifts = np.unwrap(first, period=CIRCLE, axis=0) - first
    return np.unwrap(longitudes, period=CIRCLE, axis=1) + shifts


def on_a_map(place: Bounds, path: Path) -> Bounds:
    """Return the part of bounds that a web map can show.

    Raises:
        InvalidInputError: If there is no such part.
    """
    west, south, east, north = place
    if south >= MAP_END or north <= -MAP_END:
        raise InvalidInputError(
            f"{path.name} is beyond {MAP_END:.2f} degrees, where web maps end. "
            "plot_results() shows it."
        )
    return west, max(south, -MAP_END), east, min(north, MAP_END)


def is_across(longitudes: Any) -> bool:
    """Return whether longitudes are close to each other across the 180th meridian."""
    if not len(longitudes):
        return False
    return bool(np.ptp(longitudes) > 180 > np.ptp(np.mod(longitudes, CIRCLE)))


def longitudes_of(frame: Any) -> Any:
    """Return the longitudes of all points of features in EPSG:4326."""
    import shapely

    return shapely.get_coordinates(frame.geometry.to_numpy())[:, 0]


def turned_to(frame: Any, middle: float) -> Any:
    """Return features in degrees with their longitudes around a middle one."""
    import shapely

    def turn(points: Any) -> Any:
        turns = np.round((middle - points[:, 0]) / CIRCLE)
        return np.column_stack([points[:, 0] + turns * CIRCLE, points[:, 1]])

    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), turn), crs=frame.crs)


def touches(place: Bounds | None, frame: Any) -> bool:
    """Return whether features in degrees overlap an image; no features do.

    An image without detections is still the one that was searched.
    """
    if place is None:
        return False
    if not len(frame):
        return True
    west, south, east, north = frame.total_bounds
    is_apart = all(
        west + turn > place[2] or east + turn < place[0] for turn in (-CIRCLE, 0, CIRCLE)
    )
    return not (is_apart or south > place[3] or north < place[1])
