"""Pictures and vectors in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from up42_sandbox.scene.gdal import write_picture
from up42_sandbox.scene.window import EPSG

THUMBNAIL_PIXELS = 512
"""Longest side of a quick look."""


def write_thumbnail(path: Path, colors: npt.NDArray[np.uint8]) -> None:
    """Write a small PNG of red, green and blue (or grey) pixels."""
    step = max(1, -(-max(colors.shape[1:]) // THUMBNAIL_PIXELS))
    write_picture(path, colors[:, ::step, ::step], "PNG")


@cache
def _to_degrees() -> Transformer:
    return Transformer.from_crs(EPSG, 4326, always_xy=True)


def _points_to_degrees(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack(_to_degrees().transform(points[:, 0], points[:, 1]))


def feature(shape: BaseGeometry, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a GeoJSON feature in degrees for a shape in metres."""
    in_degrees = shapely.transform(shape, _points_to_degrees)
    geometry = json.loads(json.dumps(mapping(in_degrees)), parse_float=_seven_digits)
    return {"type": "Feature", "geometry": geometry, "properties": dict(properties)}


def _seven_digits(text: str) -> float:
    # A centimetre on the ground.
    return round(float(text), 7)


def feature_collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a GeoJSON feature collection."""
    return {"type": "FeatureCollection", "features": list(features)}


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document."""
    path.write_text(json.dumps(document), encoding="utf-8")
