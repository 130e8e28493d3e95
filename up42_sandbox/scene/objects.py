"""Objects for detections: cars, trucks, ships, aircraft, tanks, wind turbines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from shapely.affinity import rotate, translate
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from up42_sandbox.scene import landscape as land
from up42_sandbox.scene.landscape import ORIGIN, Grid, random_at
from up42_sandbox.scene.window import Window

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Thing:
    """An object on the ground: center, direction in degrees from east, and size in meters."""

    kind: str
    x: float
    y: float
    heading: float
    length: float
    width: float
    confidence: float

    def outline(self) -> BaseGeometry:
        """Return its outline in meters."""
        if self.kind == "storage_tank":
            return Point(self.x, self.y).buffer(self.length / 2)
        half_length, half_width = self.length / 2, self.width / 2
        if self.kind == "aircraft":
            shape = _cross(half_length, half_width)
        elif self.kind == "wind_turbine":
            shape = _rotor(half_length)
        else:
            shape = box(-half_length, -half_width, half_length, half_width)
        turned = rotate(shape, self.heading, origin=(0, 0))
        return translate(turned, self.x, self.y)


def _cross(half_length: float, half_span: float) -> BaseGeometry:
    body = box(-half_length, -1.9, half_length, 1.9)
    wings = Polygon([(4.0, 0.0), (-5.0, half_span), (-8.0, half_span), (-2.0, 0.0)])
    tail = Polygon([(-half_length + 5, 0), (-half_length, 5), (-half_length, -5)])
    mirrored = Polygon([(x, -y) for x, y in wings.exterior.coords])
    return unary_union([body, wings, mirrored, tail])


def _rotor(radius: float) -> BaseGeometry:
    blade = Polygon([(0, -1.6), (radius, -0.6), (radius, 0.6), (0, 1.6)])
    blades = [rotate(blade, angle, origin=(0, 0)) for angle in (0, 120, 240)]
    return unary_union(MultiPolygon([blade for blade in blades if isinstance(blade, Polygon)]))


def find_things(kind: str, window: Window, epoch: int = 0) -> list[Thing]:
    """Return all objects of a kind whose center is in a window.

    Vehicles and ships have other positions in the next epoch.
    """
    west, south, east, north = window.bounds
    return [
        thing
        for thing in _FINDERS[kind](window, epoch)
        if west <= thing.x < east and south <= thing.y < north
    ]


def _along_streets(window: Window, kind: str, epoch: int) -> list[Thing]:
    """Place vehicles in the lanes of the streets that run in either direction."""
    spacing, chance, salt = (9.0, 0.16, 50) if kind == "car" else (31.0, 0.10, 60)
    salt += 5 * epoch
    corners = np.array(window.corners(), np.float64) - ORIGIN
    u, v = land.turned(corners[:, 0].astype(np.float32), corners[:, 1].astype(np.float32))
    things: list[Thing] = []
    for axis, (across, along) in enumerate(((u, v), (v, u))):
        streets = np.arange(math.floor(across.min() / land.BLOCK), across.max() / land.BLOCK + 1)
        if kind == "truck":
            streets = streets[streets % land.AVENUE_EVERY == 0]
        cells = np.arange(math.floor(along.min() / spacing), along.max() / spacing + 1)
        street, cell = (
            grid.ravel().astype(np.int64) for grid in np.meshgrid(streets, cells, indexing="ij")
        )
        things += _vehicles(kind, axis, street, cell, spacing, chance, salt + axis)
    return things


def _vehicles(
    kind: str,
    axis: int,
    street: Integers,
    cell: Integers,
    spacing: float,
    chance: float,
    salt: int,
) -> list[Thing]:
    there = random_at(street, cell, salt) < chance
    street, cell = street[there], cell[there]
    side = np.where(random_at(street, cell, salt + 100) < 0.5, -2.8, 2.8)
    if kind == "truck":
        side = side * 2.2
    across = street * land.BLOCK + side
    along = (cell + 0.3 + 0.4 * random_at(street, cell, salt + 200)) * spacing
    u, v = (across, along) if axis == 0 else (along, across)
    cos, sin = math.cos(land.STREET_ANGLE), math.sin(land.STREET_ANGLE)
    x, y = (u * cos - v * sin).astype(np.float32), (u * sin + v * cos).astype(np.float32)
    water, city, forest, reserved = land.land_use(x, y)
    free = ~water & ~forest & ~reserved & (city | (street % land.AVENUE_EVERY == 0))
    length, width = (4.5, 1.9) if kind == "car" else (11.0, 2.6)
    heading = math.degrees(land.STREET_ANGLE) + (90.0 if axis == 0 else 0.0)
    sure = 0.55 + 0.44 * random_at(street, cell, salt + 300)
    return [
        Thing(kind, px + ORIGIN[0], py + ORIGIN[1], heading, length, width, round(c, 3))
        for px, py, c in zip(x[free].tolist(), y[free].tolist(), sure[free].tolist(), strict=True)
    ]


def _on_river(window: Window, epoch: int) -> list[Thing]:
    west, _, east, _ = window.bounds
    first, last = math.floor((west - ORIGIN[0]) / 130), math.floor((east - ORIGIN[0]) / 130)
    cells = np.arange(first, last + 1, dtype=np.int64)
    salt = 70 + epoch
    rows = np.zeros_like(cells)
    cells = cells[random_at(cells, rows, salt) < 0.55]
    rows = np.zeros_like(cells)
    x: Grid = ((cells + 0.5) * 130.0).astype(np.float32)
    sideways = (random_at(cells, rows, salt + 10) - 0.5) * land.RIVER_HALF_WIDTH
    y = land.river_line(x) + sideways
    slope = np.degrees(np.arctan2(land.river_line(x + 5) - land.river_line(x - 5), 10.0))
    length = 24.0 + 45.0 * random_at(cells, rows, salt + 20)
    sure = 0.6 + 0.39 * random_at(cells, rows, salt + 30)
    columns = (x, y, slope, length, sure)
    return [
        Thing("ship", px + ORIGIN[0], py + ORIGIN[1], h, round(n, 1), round(n / 6, 1), round(c, 3))
        for px, py, h, n, c in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _on_apron(window: Window, epoch: int) -> list[Thing]:
    east, north = land.AIRFIELD
    return [
        Thing(
            "aircraft",
            east + (place - 2.5) * 46.0,
            north + (12.0 if place % 2 else -12.0),
            90.0,
            34.0 - 2.0 * (place % 3),
            32.0,
            0.97 - 0.04 * place,
        )
        for place in range(6)
        if place != 2 + epoch
    ]


def _in_tank_farm(window: Window, epoch: int) -> list[Thing]:
    east, north = land.TANK_FARM
    places = [(column, row) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    # There is one more tank in the next epoch.
    return [
        Thing(
            "storage_tank",
            east + column * 40.0,
            north + row * 38.0,
            0.0,
            21.0 + 3.0 * ((column * row) % 3),
            21.0 + 3.0 * ((column * row) % 3),
            0.93 - 0.02 * number,
        )
        for number, (column, row) in enumerate(places[: 8 + epoch])
    ]


def _in_wind_park(window: Window, epoch: int) -> list[Thing]:
    east, north = land.WIND_PARK
    places = [(-280.0, -160.0), (-60.0, 180.0), (120.0, -210.0), (290.0, 90.0)]
    return [
        Thing("wind_turbine", east + dx, north + dy, 17.0 * number, 84.0, 84.0, 0.95)
        for number, (dx, dy) in enumerate(places)
    ]


_FINDERS: Mapping[str, Callable[[Window, int], list[Thing]]] = {
    "car": lambda window, epoch: _along_streets(window, "car", epoch),
    "truck": lambda window, epoch: _along_streets(window, "truck", epoch),
    "ship": _on_river,
    "aircraft": _on_apron,
    "storage_tank": _in_tank_farm,
    "wind_turbine": _in_wind_park,
}
KINDS = tuple(_FINDERS)
"""All kinds of objects."""
