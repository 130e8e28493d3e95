"""An invented landscape, defined for every point on the ground.

Everything is a function of easting and northing: two windows that overlap show the same
houses, at any resolution, and nothing has to be stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from up42_sandbox.scene.window import Window

Grid = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

ORIGIN = (390_000.0, 5_820_000.0)
"""Easting and northing of the center of rotation of the street grid."""

STREET_ANGLE = math.radians(12.0)
BLOCK = 140.0
"""Meters between streets."""

AVENUE_EVERY = 4
"""Every fourth street is an avenue; only avenues continue outside the city."""

STREET_HALF_WIDTH = 5.5
AVENUE_HALF_WIDTH = 10.0

LOT = 28.0
"""Side of a building's lot in meters."""

TREE_CELL = 9.0
"""Meters between neighboring trees."""

RIVER_Y = 5_820_150.0
RIVER_HALF_WIDTH = 45.0

AIRFIELD = (389_760.0, 5_820_420.0)
AIRFIELD_HALF = (150.0, 55.0)
"""Half the apron's extent to east and north in meters."""

TANK_FARM = (389_995.0, 5_819_975.0)
TANK_FARM_RADIUS = 85.0

WIND_PARK = (390_900.0, 5_818_950.0)
WIND_PARK_RADIUS = 420.0


@dataclass(frozen=True)
class Ground:
    """The landscape at each point of a grid.

    Attributes:
        street: Roads, including the airfield's apron.
        building: Height of buildings in meters, 0 elsewhere.
        tree: 0 outside of crowns, 1 at their center.
        parcel: A number per field from 0 to 1.
        roof: A number per building from 0 to 1.
    """

    water: Mask
    street: Mask
    city: Mask
    forest: Mask
    building: Grid
    tree: Grid
    parcel: Grid
    roof: Grid


def _grid(values: npt.NDArray[Any]) -> Grid:
    return values.astype(np.float32)


def random_at(i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], salt: int) -> Grid:
    """Return a number from 0 to 1 for every pair of integers, always the same."""
    mixed = i.astype(np.uint32) * np.uint32(374_761_393)
    mixed = mixed + j.astype(np.uint32) * np.uint32(668_265_263)
    mixed = mixed + np.uint32(salt * 2_246_822_519 % 2**32)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(1_274_126_177)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(2_654_435_761)
    mixed = mixed ^ (mixed >> np.uint32(16))
    return _grid((mixed >> np.uint32(8)) / np.float32(2**24))


class Cells:
    """Square cells with random numbers, given the column and row of every point's cell."""

    def __init__(self, i: npt.NDArray[Any], j: npt.NDArray[Any]) -> None:
        # Thousands of pixels share a cell: numbers are drawn per cell, then looked up.
        self._columns = np.arange(int(i.min()), int(i.max()) + 1)
        self._rows = np.arange(int(j.min()), int(j.max()) + 1)[:, np.newaxis]
        row = (j - self._rows[0, 0]).astype(np.int32) * np.int32(len(self._columns))
        self._index = row + (i - self._columns[0]).astype(np.int32)

    def random(self, salt: int) -> Grid:
        """Return the number of each point, 0 to 1."""
        numbers: Grid = random_at(self._columns, self._rows, salt).ravel()[self._index]
        return numbers


def waves(x: Grid, y: Grid, size: float, salt: int) -> Grid:
    """Return smooth noise from 0 to 1 with bumps `size` meters wide.

    `x` and `y` are a row of eastings and a column of northings for a grid, or one of each per
    point.
    """
    # Two small matrix products instead of work per pixel.
    east, columns = _weights(x.ravel(), size)
    north, rows = _weights(y.ravel(), size)
    rows_of_points = north @ random_at(columns, rows[:, np.newaxis], salt)
    if x.ndim == 1:
        return _grid((rows_of_points * east).sum(axis=1))
    return _grid(rows_of_points @ east.T)


def _weights(values: Grid, size: float) -> tuple[Grid, npt.NDArray[np.int64]]:
    cell = np.floor(values / size)
    share = values / size - cell
    share = share * share * (3 - 2 * share)
    first, last = int(cell.min()), int(cell.max()) + 1
    weights = np.zeros((len(values), last - first + 1), np.float32)
    place, number = np.arange(len(values)), cell.astype(np.int64) - first
    weights[place, number] = 1 - share
    weights[place, number + 1] = share
    return weights, np.arange(first, last + 1)


def _rugged(x: Grid, y: Grid, size: float, salt: int) -> Grid:
    # Two more octaves make the edges of woods and lakes irregular.
    coarse = 0.70 * waves(x, y, size, salt) + 0.20 * waves(x, y, size / 3.3, salt + 100)
    return _grid(coarse + 0.10 * waves(x, y, size / 9.7, salt + 200))


def relative(window: Window) -> tuple[Grid, Grid]:
    """Return a row of eastings and a column of northings of a window's pixel centers.

    They are relative to `ORIGIN`, where 32 bits are exact to a millimeter.
    """
    rows, columns = window.shape
    x = window.west - ORIGIN[0] + (np.arange(columns) + 0.5) * window.gsd
    y = window.north - ORIGIN[1] - (np.arange(rows) + 0.5) * window.gsd
    return x.astype(np.float32)[np.newaxis], y.astype(np.float32)[:, np.newaxis]


def turned(x: Grid, y: Grid) -> tuple[Grid, Grid]:
    """Return coordinates along and across the street grid."""
    cos, sin = np.float32(math.cos(STREET_ANGLE)), np.float32(math.sin(STREET_ANGLE))
    return x * cos + y * sin, y * cos - x * sin


def river_line(x: Grid) -> Grid:
    """Return the center of the river in meters north of `ORIGIN`, for eastings from there."""
    bends = 40.0 * np.sin(x / 620.0) + 15.0 * np.sin(x / 240.0 + 1.0)
    return _grid(RIVER_Y - ORIGIN[1] + bends)


def _inside(x: Grid, y: Grid, place: tuple[float, float], half: tuple[float, float]) -> Mask:
    east, north = place[0] - ORIGIN[0], place[1] - ORIGIN[1]
    inside: Mask = (np.abs(x - east) < half[0]) & (np.abs(y - north) < half[1])
    return inside


def _within(x: Grid, y: Grid, place: tuple[float, float], radius: float) -> Mask:
    east, north = place[0] - ORIGIN[0], place[1] - ORIGIN[1]
    inside: Mask = (x - east) ** 2 + (y - north) ** 2 < radius**2
    return inside


def land_use(x: Grid, y: Grid) -> tuple[Mask, Mask, Mask, Mask]:
    """Return water, city, forest, and areas without houses and streets."""
    river = np.abs(y - river_line(x)) < RIVER_HALF_WIDTH
    reserved = _inside(x, y, AIRFIELD, AIRFIELD_HALF) | _within(x, y, TANK_FARM, TANK_FARM_RADIUS)
    park = _within(x, y, WIND_PARK, WIND_PARK_RADIUS)
    lake = (_rugged(x, y, 850.0, 11) > 0.80) & ~reserved & ~park
    water = river | lake
    nearness = np.exp(-(np.abs(y - river_line(x)) / 1500.0))
    urban = _rugged(x, y, 1300.0, 12) * 0.65 + nearness * 0.45
    forest = (_rugged(x, y, 640.0, 13) > 0.61) & ~water & ~park & ~reserved
    city = (urban > 0.50) & ~water & ~forest & ~park
    return water, city, forest, reserved | park


def street_mask(u: Grid, v: Grid, city: Mask) -> Mask:
    """Return the streets for coordinates along the street grid."""
    mask = np.zeros(u.shape, bool)
    for along in (u, v):
        distance = np.abs(along - np.rint(along / BLOCK) * BLOCK)
        mask |= (distance < STREET_HALF_WIDTH) & city
        between = BLOCK * AVENUE_EVERY
        distance = np.abs(along - np.rint(along / between) * between)
        mask |= distance < AVENUE_HALF_WIDTH
    return mask


def _buildings(u: Grid, v: Grid, allowed: Mask, epoch: int) -> tuple[Grid, Grid]:
    i, j = np.floor(u / LOT), np.floor(v / LOT)
    cells = Cells(i, j)
    built = cells.random(21) < 0.74
    if epoch:
        built ^= cells.random(200 + epoch) < 0.05
    inside = allowed & built
    inside &= np.abs(u - (i + 0.5) * LOT) < 4.5 + 4.5 * cells.random(22)
    inside &= np.abs(v - (j + 0.5) * LOT) < 4.5 + 4.5 * cells.random(23)
    height = 5.0 + 19.0 * cells.random(25) ** 2
    height[~inside] = 0.0
    return height, cells.random(26)


def _trees(x: Grid, y: Grid, density: Grid) -> Grid:
    i, j = np.floor(x / TREE_CELL), np.floor(y / TREE_CELL)
    cells = Cells(i, j)
    radius = 2.2 + 2.1 * cells.random(33)
    room = TREE_CELL - 2 * radius
    east = (x - i * TREE_CELL) - radius - room * cells.random(31)
    north = (y - j * TREE_CELL) - radius - room * cells.random(32)
    share = 1.0 - np.sqrt(east * east + north * north) / radius
    share[cells.random(34) >= density] = 0.0
    crown: Grid = np.maximum(share, np.float32(0.0))
    return crown


def survey(window: Window, epoch: int = 0) -> Ground:
    """Return the landscape at each pixel of a window, in one of its epochs."""
    x, y = relative(window)
    u, v = turned(x, y)
    water, city, forest, reserved = land_use(x, y)
    apron = _inside(x, y, AIRFIELD, AIRFIELD_HALF)
    river = np.abs(y - river_line(x)) < RIVER_HALF_WIDTH
    # Bridges cross the river, not the lakes.
    passable = ~reserved & ~forest & (river | ~water)
    street = (street_mask(u, v, city) & passable) | apron
    building, roof = _buildings(u, v, city & ~street & ~water & ~reserved, epoch)
    density = np.full(water.shape, 0.015, np.float32)
    density[city] = 0.24
    density[forest] = 0.9
    tree = _trees(x, y, density)
    tree[water | street | reserved | (building > 0)] = 0.0
    parcel = Cells(np.floor(u / 170.0), np.floor(v / 95.0)).random(41)
    return Ground(water, street, city, forest, building, tree, parcel, roof)
