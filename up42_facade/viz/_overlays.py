"""Images as maps take them: reprojected, coloured, small, as data URI."""

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

from up42_facade.viz._colours import probability_scale, ramp_rgba, rgba, stretch_limits
from up42_facade.viz._places import CIRCLE, Bounds, lonlat_bounds, on_a_map
from up42_facade.viz._reading import Scene, Size, read_scene
from up42_facade.viz._warping import mercator

# Pixels of the longer side: what a large screen shows when the map opens.
SIDE = 1200
# The side is reduced by what a smaller picture is expected to save, and a little more.
MARGIN = 0.96
# A picture that is this small is taken whatever its size in bytes.
LEAST_SIDE = 64
# Alpha of a pixel that covers what is below.
OPAQUE = 255


@frozen
class Overlay:
    """An image on the map: a PNG as data URI, and west, south, east, north in degrees."""

    path: Path
    url: str
    place: Bounds
    is_probability: bool

    def turned_to(self, middle: float) -> Overlay:
        """Return the overlay in the turn around a middle longitude."""
        west, south, east, north = self.place
        turn = CIRCLE * round((middle - (west + east) / 2) / CIRCLE)
        return evolve(self, place=(west + turn, south, east + turn, north))


def make_overlay(
    path: Path, bands: Sequence[int] | None, most_bytes: int, find_place: Callable[[], Bounds]
) -> Overlay:
    """Make the overlay of an image.

    Args:
        path: The file.
        bands: Numbers of bands from 1.
        most_bytes: How large the picture may be.
        find_place: Called for an image that doesn't say where it lies.
    """
    scene = read_scene(path, bands, Size(SIDE, SIDE))
    is_placed = scene.crs is not None
    place = on_a_map(
        lonlat_bounds(scene.crs, scene.bounds, path) if is_placed else find_place(), path
    )
    scale = probability_scale(scene)
    limits = stretch_limits(scene.values, scene.dtype, as_is=scene.is_palette)

    def picture(side: int) -> bytes:
        box = Size(side, side)
        values = (mercator(scene, place, box) if is_placed else reduced(scene, box)).values
        pixels = rgba(values, limits) if scale is None else ramp_rgba(values, scale)
        return encoded(pixels, is_grey=len(values) == 1 and scale is None)

    side = SIDE
    content = picture(side)
    while len(content) > most_bytes and side > LEAST_SIDE:
        side = max(LEAST_SIDE, int(side * math.sqrt(most_bytes / len(content)) * MARGIN))
        content = picture(side)
    url = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
    return Overlay(path, url, place, scale is not None)


def reduced(scene: Scene, box: Size) -> Scene:
    """Return a scene without a place, no larger than a box: rows and columns are left out."""
    size = scene.size.within(box)
    rows = np.arange(size.height) * scene.size.height // size.height
    columns = np.arange(size.width) * scene.size.width // size.width
    return evolve(scene, values=scene.values[:, rows][:, :, columns])


def encoded(pixels: Any, is_grey: bool) -> bytes:
    """Return pixels (row, column, red green blue alpha) as PNG, with no more bands than needed."""
    bands = [0] if is_grey else [0, 1, 2]
    if (pixels[..., 3] < OPAQUE).any():
        bands.append(3)
    height, width = pixels.shape[:2]
    profile = {"driver": "PNG", "dtype": "uint8", "count": len(bands)}
    with warnings.catch_warnings(), MemoryFile() as memory:
        # The map knows where the picture lies.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(height=height, width=width, **profile) as picture:
            picture.write(pixels[..., bands].transpose(2, 0, 1))
        return bytes(memory.read())
