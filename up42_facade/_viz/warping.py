"""Images in another grid: north up for plots, web Mercator for maps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.ma as ma
from attrs import evolve
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import reproject, transform_bounds

from up42_facade._viz.reading import Scene, Size

MAP_CRS = "EPSG:3857"


def north_up(scene: Scene) -> Scene:
    """Return the scene itself, or turned so that north is up if its grid is tilted."""
    if scene.transform is None or (scene.transform.b == 0 and scene.transform.d == 0):
        return scene
    return warped(scene, scene.crs, Size(scene.size.width, scene.size.height))


def warped(scene: Scene, crs: Any, box: Size) -> Scene:
    """Return a scene in another CRS, no larger than a box.

    It was reduced before: what is warped is the picture, never the file.
    """
    west, south, east, north = transform_bounds(scene.crs, crs, *scene.bounds)
    size = shape_like(scene.size, east - west, north - south).within(box)
    across, down = (east - west) / size.width, (north - south) / size.height
    transform = Affine(across, 0, west, 0, -down, north)
    target = np.full((len(scene.values), size.height, size.width), np.nan, dtype="float32")
    reproject(
        scene.values.filled(np.nan),
        target,
        src_transform=scene.transform,
        src_crs=scene.crs,
        src_nodata=np.nan,
        dst_transform=transform,
        dst_crs=crs,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    return evolve(scene, values=ma.masked_invalid(target), transform=transform, crs=crs)


def shape_like(size: Size, width: float, height: float) -> Size:
    """Return a size of another shape with about as many pixels along its diagonal."""
    pixels = math.hypot(size.width, size.height) / math.hypot(width, height)
    return Size(max(1, round(width * pixels)), max(1, round(height * pixels)))
