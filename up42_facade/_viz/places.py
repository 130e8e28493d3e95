"""Where images lie, without reading their pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasterio.warp import transform_bounds

from up42_facade._viz.inputs import LONLAT
from up42_facade._viz.reading import opened

Bounds = tuple[float, float, float, float]


def place_of(path: Path) -> Bounds | None:
    """Return west, south, east, north of an image in degrees; None if it doesn't say."""
    with opened(path) as dataset:
        if dataset.crs is None or dataset.transform.is_identity:
            return None
        return lonlat_bounds(dataset.crs, dataset.bounds)


def lonlat_bounds(crs: Any, bounds: Any) -> Bounds:
    west, south, east, north = transform_bounds(crs, LONLAT, *bounds)
    return west, south, east, north


def touches(place: Bounds | None, frame: Any) -> bool:
    """Tell whether features in degrees lie on an image at least in part; empty ones do.

    An image in which nothing was found is still the one that was looked at.
    """
    if place is None:
        return False
    if not len(frame):
        return True
    west, south, east, north = frame.total_bounds
    return not (west > place[2] or east < place[0] or south > place[3] or north < place[1])
