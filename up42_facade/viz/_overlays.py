"""Images for maps: reprojected, colored, small, and as data URIs."""

from __future__ import annotations

import base64
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from up42_facade.viz._bounds import CIRCLE, Bounds, lonlat_bounds, on_a_map
from up42_facade.viz._colors import Ramp, ramp_of, rgba, stretch_limits
from up42_facade.viz._reading import Scene, Size, read_scene
from up42_facade.viz._warping import mercator

# Pixels of the longer side: as a large screen shows when the map opens.
SIDE = 1200
# The side is reduced as much as should suffice, and a little more.
MARGIN = 0.96
# An image this small is used whatever its size in bytes.
LEAST_SIDE = 64
# Alpha of a pixel that isn't transparent.
OPAQUE = 255


@frozen
class Overlay:
    """An image on the map: a PNG as data URI, and its bounds in degrees."""

    path: Path
    url: str
    place: Bounds
    ramp: Ramp | None

    def turned_to(self, middle: float) -> Overlay:
        """Return the overlay with its longitudes around a middle one."""
        west, south, east, north = self.place
        turn = CIRCLE * round((middle - (west + east) / 2) / CIRCLE)
        return evolve(self, place=(west + turn, south, east + turn, north))


def make_overlay(
    path: Path, bands: Sequence[int] | None, most_bytes: int, find_place: Callable[[], Bounds]
) -> Overlay:
    """Return the overlay of an image.

    Args:
        path: The file.
        bands: Numbers of bands, from 1.
        most_bytes: Largest size of the PNG.
        find_place: Returns the bounds of an image that isn't georeferenced.
    """
    scene = read_scene(path, bands, Size(SIDE, SIDE))
    is_placed = scene.crs is not None
    place = on_a_map(
        lonlat_bounds(scene.crs, scene.bounds, path) if is_placed else find_place(), path
    )
    ramp = ramp_of(scene)
    limits = stretch_limits([scene])

    def picture(side: int) -> bytes:
        box = Size(side, side)
        values = (mercator(scene, place, box) if is_placed else reduced(scene, box)).values
        pixels = rgba(values, limits) if ramp is None else ramp.rgba(values)
        return encoded(pixels, is_gray=len(values) == 1 and ramp is None)

    side = SIDE
    content = picture(side)
    while len(content) > most_bytes and side > LEAST_SIDE:
        side = max(LEAST_SIDE, int(side * math.sqrt(most_bytes / len(content)) * MARGIN))
        content = picture(side)
    url = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
    return Overlay(path, url, place, ramp)


def reduced(scene: Scene, box: Size) -> Scene:
    """Return a scene that isn't georeferenced, no larger than a box."""
    size = scene.size.within(box)
    rows = np.arange(size.height) * scene.size.height // size.height
    columns = np.arange(size.width) * scene.size.width // size.width
    return evolve(scene, values=scene.values[:, rows][:, :, columns])


def encoded(pixels: Any, is_gray: bool) -> bytes:
    """Return pixels (row, column, red green blue alpha) as PNG, with no more bands than needed."""
    bands = [0] if is_gray else [0, 1, 2]
    if (pixels[..., 3] < OPAQUE).any():
        bands.append(3)
    height, width = pixels.shape[:2]
    profile = {"driver": "PNG", "dtype": "uint8", "count": len(bands)}
    with warnings.catch_warnings(), MemoryFile() as memory:
        # The map has the bounds.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(height=height, width=width, **profile) as picture:
            picture.write(pixels[..., bands].transpose(2, 0, 1))
        return bytes(memory.read())
