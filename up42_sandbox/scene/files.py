"""Rasters, images, and vectors in files. rasterio itself has no types."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.features
import rasterio.shutil
import shapely
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from up42_sandbox.scene.window import EPSG, Window

COG_OPTIONS: Mapping[str, Any] = {
    "driver": "COG",
    "compress": "DEFLATE",
    "level": 1,
    "predictor": "YES",
    "blocksize": 256,
    "overview_resampling": "AVERAGE",
    "num_threads": "ALL_CPUS",
}

THUMBNAIL_PIXELS = 512
"""Longest side of a quicklook."""


def write_cog(
    path: Path,
    bands: npt.NDArray[Any],
    window: Window,
    names: Sequence[str],
    nodata: float | None = None,
) -> None:
    """Write a Cloud-Optimized GeoTIFF with a description for each band."""
    profile = {
        "count": bands.shape[0],
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype.name,
        "crs": f"EPSG:{EPSG}",
        "transform": Affine(*window.transform),
        "nodata": nodata,
    }
    with MemoryFile() as memory, memory.open(driver="GTiff", **profile) as plain:
        plain.write(bands)
        for number, name in enumerate(names, start=1):
            plain.set_band_description(number, name)
        rasterio.shutil.copy(plain, path, **COG_OPTIONS)


def write_picture(path: Path, colors: npt.NDArray[np.uint8], driver: str) -> None:
    """Write red, green, and blue, or gray pixels as `PNG` or `JPEG`."""
    count, height, width = colors.shape
    size = {"count": count, "height": height, "width": width}
    # GDAL writes metadata files next to images, which nobody needs here.
    with warnings.catch_warnings(), rasterio.Env(GDAL_PAM_ENABLED="NO"):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver=driver, dtype="uint8", **size) as picture:
            picture.write(colors)


def write_thumbnail(path: Path, colors: npt.NDArray[np.uint8]) -> None:
    """Write a small PNG."""
    step = max(1, -(-max(colors.shape[1:]) // THUMBNAIL_PIXELS))
    write_picture(path, colors[:, ::step, ::step], "PNG")


def paint(
    shapes: Iterable[tuple[BaseGeometry, int]], target: npt.NDArray[np.uint8], window: Window
) -> None:
    """Write values into the pixels below shapes in meters; later shapes are on top."""
    if pairs := list(shapes):
        # By default a pixel counts if its center is covered, so that cars would vanish from
        # pixels of their own size.
        rasterio.features.rasterize(
            pairs,
            out=target,
            transform=Affine(*window.transform),
            all_touched=window.gsd > 1.0,
        )


def outlines(values: npt.NDArray[np.uint8], window: Window) -> Iterator[tuple[BaseGeometry, int]]:
    """Yield the areas of equal pixels that aren't 0, as shapes in meters."""
    found = rasterio.features.shapes(values, mask=values > 0, transform=Affine(*window.transform))
    for outline, value in found:
        yield shape(outline), int(value)


@cache
def to_degrees() -> Transformer:
    """Return the transformation to longitude and latitude."""
    return Transformer.from_crs(EPSG, 4326, always_xy=True)


def feature(geometry: BaseGeometry, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a GeoJSON feature in EPSG:4326 for a shape in meters."""

    def transform(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_degrees().transform(points[:, 0], points[:, 1]))

    document = json.dumps(mapping(shapely.transform(geometry, transform)))
    # Seven digits are a centimeter on the ground.
    rounded = json.loads(document, parse_float=lambda number: round(float(number), 7))
    return {"type": "Feature", "geometry": rounded, "properties": dict(properties)}


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document."""
    path.write_text(json.dumps(document), encoding="utf-8")
