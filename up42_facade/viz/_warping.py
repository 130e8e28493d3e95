"""Images in another grid: north up for plots, web Mercator for maps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.ma as ma
from attrs import evolve
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import reproject

from up42_facade.viz._bounds import Bounds
from up42_facade.viz._reading import TRANSFORM_ERRORS, Scene, Size, unreadable

MAP_CRS = "EPSG:3857"
# The same around another meridian, and the radius of its earth in meters.
TURNED_CRS = "+proj=merc +a=6378137 +b=6378137 +lon_0={:.9f} +nadgrids=@null +no_defs"
RADIUS = 6_378_137.0


def north_up(scene: Scene) -> Scene:
    """Return the scene itself, or turned so that north is up if its grid is tilted."""
    if scene.transform is None or (scene.transform.b == 0 and scene.transform.d == 0):
        return scene
    return warped(scene, scene.crs, scene.bounds, scene.size)


def mercator(scene: Scene, place: Bounds, box: Size) -> Scene:
    """Return a scene as web maps show it.

    Args:
        scene: The scene.
        place: Its bounds in degrees, within those of web maps.
        box: Most pixels across and down.
    """
    west, south, east, north = place
    # Across the 180th meridian the projection is turned to the middle of the scene.
    middle = (west + east) / 2 if west < -180 or east > 180 else 0.0
    bounds = (
        math.radians(west - middle) * RADIUS,
        math.asinh(math.tan(math.radians(south))) * RADIUS,
        math.radians(east - middle) * RADIUS,
        math.asinh(math.tan(math.radians(north))) * RADIUS,
    )
    return warped(scene, MAP_CRS if middle == 0 else TURNED_CRS.format(middle), bounds, box)


def warped(scene: Scene, crs: Any, bounds: Bounds, box: Size) -> Scene:
    """Return a scene in another CRS, no larger than a box.

    It was reduced before: what is warped is the picture, never the file.

    Raises:
        InvalidInputError: If there is no way to that CRS, such as from one on Mars.
    """
    west, south, east, north = bounds
    size = shape_like(scene.size, east - west, north - south).within(box)
    across, down = (east - west) / size.width, (north - south) / size.height
    transform = Affine(across, 0, west, 0, -down, north)
    target = np.full((len(scene.values), size.height, size.width), np.nan, dtype="float32")
    try:
        reproject(
            scene.values.filled(np.nan),
            target,
            src_transform=scene.transform,
            src_crs=scene.crs,
            src_nodata=np.nan,
            dst_transform=transform,
            dst_crs=crs,
            dst_nodata=np.nan,
            # Between the colors of two classes lies none.
            resampling=Resampling.nearest if scene.is_palette else Resampling.bilinear,
        )
    except TRANSFORM_ERRORS as error:
        raise unreadable(scene.path, f"it can't be brought to another CRS: {error}") from error
    return evolve(scene, values=ma.masked_invalid(target), transform=transform, crs=crs)


def shape_like(size: Size, width: float, height: float) -> Size:
    """Return a size of another shape with about as many pixels along its diagonal."""
    pixels = math.hypot(size.width, size.height) / math.hypot(width, height)
    return Size(max(1, round(width * pixels)), max(1, round(height * pixels)))
