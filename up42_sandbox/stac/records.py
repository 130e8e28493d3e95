"""Collections, items and files of the storage as the server knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from up42_sandbox.scene.samples import SampleScene

GEOTIFF = "image/tiff; application=geotiff; profile=cloud-optimized"
GEOJSON = "application/geo+json"
PNG = "image/png"


@dataclass(frozen=True)
class StoredFile:
    """A file of an item. It is made when somebody fetches it for the first time.

    Attributes:
        id: File id, the last part of the asset's href.
        name: File name, also the asset's key.
        title: The asset's title.
        media_type: The asset's type.
        roles: The asset's roles.
        build: Writes the file to a path.
        content: Files with the same text here have the same bytes; None: nobody knows.
        extra: Further members of the asset.
    """

    id: str
    name: str
    title: str
    media_type: str
    roles: tuple[str, ...]
    build: Callable[[Path], None]
    content: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class StoredItem:
    """A STAC item.

    Attributes:
        id: Item id.
        collection_id: Its collection.
        geometry: GeoJSON geometry in degrees.
        properties: STAC properties, those of UP42's extensions included.
        files: Its files, data first.
        scene: The scene that it is or was made from.
        key: Name of a sample scene, None for results.
    """

    id: str
    collection_id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]
    files: list[StoredFile]
    scene: SampleScene
    key: str | None = None

    @cached_property
    def shape(self) -> BaseGeometry:
        """The geometry, ready to calculate with."""
        return shape(self.geometry)

    @property
    def bbox(self) -> list[float]:
        """West, south, east, north in degrees."""
        return [float(value) for value in self.shape.bounds]

    @property
    def moment(self) -> datetime:
        """When the scene was taken."""
        return datetime.fromisoformat(self.properties["datetime"])

    @property
    def cloud_cover(self) -> float:
        """Cloud cover in per cent."""
        return float(self.properties.get("eo:cloud_cover", 0.0))

    @property
    def gsd(self) -> float:
        """Resolution in metres."""
        return float(self.properties["gsd"])

    @property
    def asset_id(self) -> str:
        """UP42's id for the whole delivery."""
        return str(self.properties["up42-system:asset_id"])

    @property
    def product_collection(self) -> str:
        """The product collection that it was ordered from."""
        return str(self.properties["up42-product:collection_name"])

    @property
    def has_panchromatic(self) -> bool:
        """Whether one of its files is the panchromatic band."""
        return any("panchromatic" in file.name for file in self.files)


@dataclass
class StoredCollection:
    """A STAC collection.

    Attributes:
        id: Collection id.
        title: Name for people.
        created: When it was made.
        items: Its items.
        extra: Top-level members of UP42's extensions.
    """

    id: str
    title: str
    created: datetime
    items: list[StoredItem]
    extra: dict[str, Any]
