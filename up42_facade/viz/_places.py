"""Where images and features lie, without reading pixels.

Longitudes of one thing are continuous: across the 180th meridian they go on above 180.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasterio.warp import transform

from up42_facade.errors import InvalidInputError
from up42_facade.viz._inputs import LONLAT
from up42_facade.viz._reading import TRANSFORM_ERRORS, opened, unreadable

# West, south, east, north in degrees.
Bounds = tuple[float, float, float, float]
# Points of a grid over an image, from each side to the other, that are transformed to degrees.
GRID_POINTS = 41
# Where web maps end: the latitude at which their world is a square.
MAP_END = 85.0511287798
CIRCLE = 360.0
# What no place on Earth exceeds in any unit. PROJ can take for ever to bring larger ones into turn.
LARGEST_COORDINATE = 1e9
# Degrees of longitude of an image: a world, counted from any meridian.
MOST_DEGREES = 2 * CIRCLE


def place_of(path: Path) -> Bounds | None:
    """Return west, south, east, north of an image in degrees; None if it doesn't say."""
    with opened(path) as dataset:
        if dataset.crs is None or dataset.transform.is_identity:
            return None
        return lonlat_bounds(dataset.crs, dataset.bounds, path)


def lonlat_bounds(crs: Any, bounds: Any, path: Path) -> Bounds:
    """Return bounds in degrees, also across the 180th meridian and around a pole.

    Raises:
        InvalidInputError: If there is no way from the CRS of the image to degrees, or its bounds
            are absurd.
    """
    west, south, east, north = bounds
    is_sane = np.abs([west, south, east, north]).max() <= LARGEST_COORDINATE
    if not is_sane or (crs.is_geographic and east - west > MOST_DEGREES):
        raise unreadable(path, "its bounds lie outside of its CRS")
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
        raise unreadable(path, "its bounds lie outside of its CRS")
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
    """Return the part of bounds that a web map has.

    Raises:
        InvalidInputError: If there is none.
    """
    west, south, east, north = place
    if south >= MAP_END or north <= -MAP_END:
        raise InvalidInputError(
            f"{path.name} lies beyond {MAP_END:.2f} degrees, where web maps end. "
            "plot_results() shows it."
        )
    return west, max(south, -MAP_END), east, min(north, MAP_END)


def is_across(longitudes: Any) -> bool:
    """Return whether things lie together across the 180th meridian."""
    if not len(longitudes):
        return False
    return bool(np.ptp(longitudes) > 180 > np.ptp(np.mod(longitudes, CIRCLE)))


def longitudes_of(frame: Any) -> Any:
    """Return the longitudes of all points of features in EPSG:4326."""
    import shapely

    return shapely.get_coordinates(frame.geometry.to_numpy())[:, 0]


def turned_to(frame: Any, middle: float) -> Any:
    """Return features in degrees with each longitude in the turn around a middle one."""
    import shapely

    def turn(points: Any) -> Any:
        turns = np.round((middle - points[:, 0]) / CIRCLE)
        return np.column_stack([points[:, 0] + turns * CIRCLE, points[:, 1]])

    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), turn), crs=frame.crs)


def touches(place: Bounds | None, frame: Any) -> bool:
    """Tell whether features in degrees lie on an image at least in part; empty ones do.

    An image in which nothing was found is still the one that was looked at.
    """
    if place is None:
        return False
    if not len(frame):
        return True
    west, south, east, north = frame.total_bounds
    beside = all(west + turn > place[2] or east + turn < place[0] for turn in (-CIRCLE, 0, CIRCLE))
    return not (beside or south > place[3] or north < place[1])
