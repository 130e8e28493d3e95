"""Items and files of the storage on the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pyproj import Geod
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from up42_sandbox.scene.products import Product
from up42_sandbox.scene.samples import SampleScene

SIZE_DIGITS = 6
"""Decimals of a size in km²: square meters."""


@cache
def _ellipsoid() -> Geod:
    return Geod(ellps="WGS84")


def area_km2(shape: BaseGeometry) -> float:
    """Return the area on the WGS84 ellipsoid of a shape in EPSG:4326, in km²."""
    square_meters, _ = _ellipsoid().geometry_area_perimeter(shape)
    return round(abs(float(square_meters)) / 1e6, SIZE_DIGITS)


@dataclass(frozen=True)
class StoredFile:
    """A file of an item, built when a client fetches it for the first time.

    Attributes:
        id: File ID, the last part of the asset's href.
        product: Its name, title, and type.
        build: Writes the file to a path.
        content: Files with the same string here have the same bytes. If None, that's unknown.
        extra: Further members of the asset.
    """

    id: str
    product: Product
    build: Callable[[Path], None]
    content: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class StoredItem:
    """A STAC item, alone in its collection.

    Attributes:
        geometry: GeoJSON geometry in EPSG:4326.
        extension: Properties of UP42's extensions, on top in the collection.
        properties: All STAC properties, including these.
        files: Its files, data first.
        scene: The scene that it shows or was processed from.
        key: Name of a sample scene, None for results.
    """

    id: str
    collection_id: str
    geometry: dict[str, Any]
    extension: dict[str, Any]
    properties: dict[str, Any]
    files: list[StoredFile]
    scene: SampleScene
    key: str | None = None

    @cached_property
    def shape(self) -> BaseGeometry:
        """The geometry as a shapely object."""
        return shape(self.geometry)

    @property
    def bbox(self) -> list[float]:
        """West, south, east, north in degrees."""
        return [float(value) for value in self.shape.bounds]

    @property
    def moment(self) -> datetime:
        """Acquisition time."""
        return datetime.fromisoformat(self.properties["datetime"])

    @property
    def cloud_cover(self) -> float:
        """Cloud cover in percent."""
        return float(self.properties.get("eo:cloud_cover", 0.0))

    @property
    def gsd(self) -> float:
        """Resolution in meters."""
        return float(self.properties["gsd"])

    @property
    def asset_id(self) -> str:
        """UP42's ID of the delivery."""
        return str(self.properties["up42-system:asset_id"])

    @property
    def product_collection(self) -> str:
        """The product collection that it was ordered from."""
        return str(self.properties["up42-product:collection_name"])

    @property
    def has_panchromatic(self) -> bool:
        """Whether one of its files is the panchromatic band."""
        return any("panchromatic" in file.product.name for file in self.files)
