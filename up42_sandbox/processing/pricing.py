"""Cost of a process: credits per km² of the item's true area."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from up42_sandbox.processing.catalog import Process
from up42_sandbox.stac.records import StoredItem

SIZE_DIGITS = 6
"""Decimals of a size in km²: square meters."""


@dataclass(frozen=True)
class Price:
    """Result of a cost request: whole credits, and the size in km² if that decides."""

    credits: int
    size: float | None

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        if self.size is None:
            return {"pricingStrategy": "none", "totalCredits": self.credits}
        return {
            "pricingStrategy": "area",
            "totalCredits": self.credits,
            "totalSize": self.size,
            "unit": "SQ_KM",
        }


@cache
def _ellipsoid() -> Geod:
    return Geod(ellps="WGS84")


def area_km2(shape: BaseGeometry) -> float:
    """Return the area on the WGS84 ellipsoid of a shape in EPSG:4326, in km²."""
    square_meters, _ = _ellipsoid().geometry_area_perimeter(shape)
    return round(abs(float(square_meters)) / 1e6, SIZE_DIGITS)


def price_of(process: Process, item: StoredItem) -> Price:
    """Return the cost of a process for an item; of two items, the source."""
    if process.credits_per_km2 is None:
        return Price(0, None)
    size = area_km2(item.shape)
    return Price(math.ceil(round(process.credits_per_km2 * size, SIZE_DIGITS)), size)
