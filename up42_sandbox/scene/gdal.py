"""The parts of rasterio in use, with types: the package itself has none."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.features
import rasterio.shutil
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from shapely.geometry import shape
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


def write_cog(
    path: Path,
    bands: npt.NDArray[Any],
    window: Window,
    names: Sequence[str],
    nodata: float | None = None,
) -> None:
    """Write a Cloud-Optimised GeoTIFF.

    Args:
        path: Where to.
        bands: Band, row, column.
        window: Where the pixels lie.
        names: A description for each band.
        nodata: Value that stands for nothing.
    """
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
    """Write 8-bit pixels as a picture without georeference.

    Args:
        path: Where to.
        colors: Band, row, column; one band is grey, three are red, green and blue.
        driver: `PNG` or `JPEG`.
    """
    count, height, width = colors.shape
    size = {"count": count, "height": height, "width": width}
    # GDAL leaves notes beside pictures; a file in the storage stands alone.
    with warnings.catch_warnings(), rasterio.Env(GDAL_PAM_ENABLED="NO"):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver=driver, dtype="uint8", **size) as picture:
            picture.write(colors)


def paint(
    shapes: Iterable[tuple[BaseGeometry, int]], target: npt.NDArray[np.uint8], window: Window
) -> None:
    """Write values into the pixels that shapes in metres cover.

    Args:
        shapes: Shape and value; later ones lie on top.
        target: Pixels of the window, changed in place.
        window: Where the pixels lie.
    """
    pairs = list(shapes)
    if pairs:
        # By default a pixel counts if its middle is covered: cars would vanish from
        # pixels as large as themselves.
        rasterio.features.rasterize(
            pairs,
            out=target,
            transform=Affine(*window.transform),
            all_touched=window.gsd > 1.0,
        )


def outlines(values: npt.NDArray[np.uint8], window: Window) -> Iterator[tuple[BaseGeometry, int]]:
    """Yield the areas of equal pixels that aren't 0, as shapes in metres."""
    found = rasterio.features.shapes(values, mask=values > 0, transform=Affine(*window.transform))
    for outline, value in found:
        yield shape(outline), int(value)
