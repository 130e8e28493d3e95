"""Images for maps: reprojected, colored, small, and as data URIs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from up42_facade.viz._bounds import CIRCLE, Bounds, lonlat_bounds, on_a_map
from up42_facade.viz._colors import Kind, Ramp, kinds_of
from up42_facade.viz._pages import data_url
from up42_facade.viz._reading import Scene, Size, read_scene
from up42_facade.viz._warping import mercator

# Pixels of the longer side: as a large screen shows when the map opens.
SIDE = 1200
# Up to so many images are read with that side.
FULL_IMAGES = 4
# Bytes of all images of a map: in base64 a third more, so that the page stays below 5 MB and
# opens in mail readers and notebooks.
IMAGE_BYTES = 3_300_000
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


def make_overlays(
    paths: Sequence[Path], bands: Sequence[int] | None, find_place: Callable[[int], Bounds]
) -> list[Overlay]:
    """Return the overlays of images, which share the size limit of a map.

    Args:
        paths: The files.
        bands: Numbers of bands, from 1.
        find_place: Returns the bounds of an image that isn't georeferenced, by its number.
    """
    # Many images are small on the page, and must fit into memory.
    side = max(LEAST_SIDE, round(SIDE * min(1.0, math.sqrt(FULL_IMAGES / max(1, len(paths))))))
    scenes = [read_scene(path, bands, Size(side, side)) for path in paths]
    overlays = {
        number: make_overlay(
            scenes[number], kind, partial(find_place, number), side, IMAGE_BYTES // len(paths)
        )
        for kind in kinds_of(scenes)
        for number in kind.numbers
    }
    return [overlays[number] for number in range(len(paths))]


def make_overlay(
    scene: Scene, kind: Kind, find_place: Callable[[], Bounds], side: int, most_bytes: int
) -> Overlay:
    is_placed = scene.crs is not None
    place = lonlat_bounds(scene.crs, scene.bounds, scene.path) if is_placed else find_place()
    place = on_a_map(place, scene.path)

    def picture(side: int) -> bytes:
        box = Size(side, side)
        values = (mercator(scene, place, box) if is_placed else reduced(scene, box)).values
        return encoded(kind.pixels(values), is_gray=len(values) == 1 and kind.ramp is None)

    content = picture(side)
    while len(content) > most_bytes and side > LEAST_SIDE:
        side = max(LEAST_SIDE, int(side * math.sqrt(most_bytes / len(content)) * MARGIN))
        content = picture(side)
    return Overlay(scene.path, data_url(content), place, kind.ramp)


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
