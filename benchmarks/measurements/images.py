"""Images for the plots: large ones, in the layouts in which they are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.windows import Window

BANDS = ("blue", "green", "red", "nir")
NODATA = 0
TILED: Mapping[str, Any] = {"tiled": True, "blockxsize": 256, "blockysize": 256}
DEFLATED = {"compress": "deflate", "predictor": 2, "num_threads": "all_cpus"}
# What the satellite's owner sends, and what cloud storage holds.
LAYOUTS: Mapping[str, Mapping[str, Any]] = {
    "striped": {},
    "tiled": TILED,
    "deflated": {**TILED, **DEFLATED},
    "overviews": TILED,
}
OVERVIEWS = [2, 4, 8, 16, 32]
PLACE = {"crs": "EPSG:32633", "transform": Affine(0.5, 0, 389_600, 0, -0.5, 5_820_500)}
ROWS = 256


def write_image(path: Path, layout: str, side: int) -> None:
    """Write an image with streets, fields and noise, a strip of rows at a time.

    Args:
        path: A GeoTIFF.
        layout: One of `LAYOUTS`.
        side: Pixels of each side; a pixel has 8 bytes.
    """
    random = np.random.default_rng(42)
    profile = {"driver": "GTiff", "count": len(BANDS), "dtype": "uint16", "nodata": NODATA}
    options = {**profile, **PLACE, "interleave": "pixel", **LAYOUTS[layout]}
    with rasterio.open(path, "w", width=side, height=side, **options) as dataset:
        for number, name in enumerate(BANDS, start=1):
            dataset.set_band_description(number, name)
        for top in range(0, side, ROWS):
            height = min(ROWS, side - top)
            window = Window(0, top, side, height)
            dataset.write(landscape(top, height, side, random), window=window)
    if layout == "overviews":
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews(OVERVIEWS, Resampling.average)


def landscape(top: int, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[top : top + height, 0:width]
    fields = ((x // 400) * 7 + (y // 300) * 5) % 4
    street = (x % 400 < 12) | (y % 300 < 12)
    colours = np.array([[420, 780, 500, 3300], [900, 1350, 1800, 2600], [520, 480, 320, 160]] * 2)
    bands = np.where(street[..., None], 1250, colours[fields])
    noise = random.integers(0, 120, bands.shape, dtype="uint16")
    return (bands + noise).transpose(2, 0, 1).astype("uint16")


def write_small_image(path: Path) -> None:
    """Write an image that is plotted at once."""
    bands = np.full((len(BANDS), 64, 64), 500, dtype="uint16")
    profile = {"driver": "GTiff", "count": len(BANDS), "dtype": "uint16", "height": 64, "width": 64}
    with rasterio.open(path, "w", **profile, **PLACE) as dataset:
        dataset.write(bands)
