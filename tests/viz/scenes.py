"""Synthetic images whose colors are known, and a look at what a figure shows."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

# A place in Berlin: meters in UTM 33.
WEST, NORTH, CRS = 390_000.0, 5_820_000.0, "EPSG:32633"
LOW, HIGH = 100, 3000
# The quarters of `quarters()`, by where they are in the image: share of width and height.
NORTHWEST, NORTHEAST = (0.25, 0.25), (0.75, 0.25)
SOUTHWEST, SOUTHEAST = (0.25, 0.75), (0.75, 0.75)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def quarters(side: int = 200, dtype: str = "uint16") -> Any:
    """Return blue, green, red, nir: red, green, blue and white quarters, in reading order."""
    bands = np.full((4, side, side), LOW, dtype=dtype)
    half = side // 2
    bands[2, :half, :half] = bands[1, :half, half:] = bands[0, half:, :half] = HIGH
    bands[:3, half:, half:] = HIGH
    bands[3] = np.linspace(LOW, HIGH, side).astype(dtype)
    return bands


def write(
    path: Path,
    bands: Any,
    names: Sequence[str] = (),
    *,
    crs: str | None = CRS,
    transform: Affine | None = None,
    **profile: Any,
) -> Path:
    """Write a GeoTIFF; without a CRS it has no place at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    place = {}
    if crs is not None:
        meters = 600 / max(height, width)
        place = {
            "crs": crs,
            "transform": transform or Affine(meters, 0, WEST, 0, -meters, NORTH),
        }
    settings = {"driver": "GTiff", "dtype": bands.dtype.name, "count": count, **place, **profile}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", width=width, height=height, **settings) as dataset:
            dataset.write(bands)
            for number, name in enumerate(names, start=1):
                dataset.set_band_description(number, name)
    return path


def write_quarters(path: Path, **options: Any) -> Path:
    return write(path, quarters(), ("blue", "green", "red", "nir"), **options)


def write_geojson(path: Path, features: Sequence[tuple[Any, dict[str, Any]]]) -> Path:
    """Write shapes with properties."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": shape.__geo_interface__, "properties": properties}
            for shape, properties in features
        ],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def rendered(figure: Figure) -> Any:
    """Return the pixels of a figure: row, column, red green blue alpha."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


def images_of(figure: Figure) -> list[Axes]:
    """Return the axes that show an image: no color bars."""
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


def color_at(figure: Figure, place: tuple[float, float], number: int = 0) -> tuple[int, ...]:
    """Return the color that a figure shows at a place of an image: shares of width, height."""
    pixels = rendered(figure)
    axes = images_of(figure)[number]
    left, right, bottom, top = axes.images[0].get_extent()
    point = (left + (right - left) * place[0], top + (bottom - top) * place[1])
    column, row = axes.transData.transform(point)
    return tuple(int(value) for value in pixels[round(pixels.shape[0] - row), round(column)][:3])


def is_near(color: Sequence[int], expected: Sequence[int], most: int = 12) -> bool:
    return all(abs(a - b) <= most for a, b in zip(color, expected, strict=True))


def features_of(shown: Any) -> list[Any]:
    """Return the GeoJSON features in the page of a map."""
    collections = re.findall(r"_add\(({.*})\);", shown.get_root().render())
    return [feature for found in collections for feature in json.loads(found)["features"]]
