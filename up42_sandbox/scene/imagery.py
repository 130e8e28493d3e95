"""Satellite images of the landscape: four bands of reflectance."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from up42_sandbox.scene.files import paint
from up42_sandbox.scene.landscape import Cells, Grid, Ground, Mask, relative, survey, waves
from up42_sandbox.scene.objects import KINDS, find_things
from up42_sandbox.scene.samples import SampleScene
from up42_sandbox.scene.window import Window

Bands = npt.NDArray[np.uint16]

SHADOW_AZIMUTH = math.radians(342.0)
SHADOW_PER_HEIGHT = 0.72
"""Length of a shadow per meter of height, with the sun at 54°."""

THINGS_MAX_GSD = 3.5
"""Meters; cars and ships are invisible in coarser pixels."""

# Reflectance, times 10,000, in blue, green, red and near infrared.
_COLORS = {
    "crops": (420, 780, 500, 3300),
    "rape": (520, 1700, 1500, 3000),
    "stubble": (900, 1350, 1800, 2600),
    "soil": (900, 1150, 1500, 2000),
    "grass": (500, 900, 650, 2900),
    "floor": (330, 520, 420, 1700),
    "crown": (260, 560, 330, 3600),
    "street": (1150, 1200, 1230, 1350),
    "water": (520, 480, 320, 160),
    "red_roof": (800, 1000, 2000, 2300),
    "gray_roof": (1350, 1380, 1400, 1500),
    "light_roof": (2300, 2350, 2400, 2500),
    "metal": (3300, 3300, 3300, 3300),
    "dark": (500, 520, 560, 700),
    "red_paint": (500, 600, 2400, 2500),
    "cloud": (5200, 5200, 5300, 5400),
}
_NAMES = tuple(_COLORS)
_TABLE = np.array([_COLORS[name] for name in _NAMES], np.float32)


def _code(name: str) -> int:
    return _NAMES.index(name)


def shadow_mask(ground: Ground, gsd: float) -> Mask:
    """Return the shadows of houses and trees."""
    height = np.maximum(ground.building, np.where(ground.tree > 0.15, 7.0, 0.0))
    shadow = np.zeros(height.shape, bool)
    step = max(gsd, 2.0)
    for distance in np.arange(step, 24.0 * SHADOW_PER_HEIGHT + step, step):
        columns = round(math.sin(SHADOW_AZIMUTH) * distance / gsd)
        rows = -round(math.cos(SHADOW_AZIMUTH) * distance / gsd)
        shadow |= _moved(height * SHADOW_PER_HEIGHT >= distance, rows, columns)
    shadow &= ground.building == 0
    return shadow


def _moved(mask: Mask, rows: int, columns: int) -> Mask:
    moved = np.roll(mask, (rows, columns), axis=(0, 1))
    for axis, shift in ((moved, rows), (moved.T, columns)):
        axis[: max(shift, 0)] = False
        axis[max(0, len(axis) + min(shift, 0)) :] = False
    return moved


def _materials(ground: Ground) -> npt.NDArray[np.uint8]:
    parcel = ground.parcel
    material = np.full(parcel.shape, _code("crops"), np.uint8)
    material[parcel > 0.45] = _code("stubble")
    material[parcel > 0.65] = _code("soil")
    material[parcel > 0.88] = _code("rape")
    material[ground.city] = _code("grass")
    material[ground.forest] = _code("floor")
    material[ground.tree > 0.12] = _code("crown")
    material[ground.street] = _code("street")
    material[ground.water] = _code("water")
    # Bridges: a street that crosses the water stays visible.
    material[ground.water & ground.street] = _code("street")
    house = ground.building > 0
    material[house] = _code("red_roof")
    material[house & (ground.roof > 0.5)] = _code("gray_roof")
    material[house & (ground.roof > 0.85)] = _code("light_roof")
    return material


def _paint_things(material: npt.NDArray[np.uint8], window: Window, epoch: int) -> None:
    shapes = []
    for kind in KINDS:
        for number, thing in enumerate(find_things(kind, window, epoch)):
            color = "metal"
            if kind == "car":
                color = ("metal", "dark", "red_paint", "metal")[number % 4]
            shapes.append((thing.outline(), _code(color)))
    paint(shapes, material, window)


def reflectance(window: Window, epoch: int = 0) -> npt.NDArray[np.float32]:
    """Return blue, green, red, and near infrared of a window, times 10,000."""
    ground = survey(window, epoch)
    material = _materials(ground)
    if window.gsd <= THINGS_MAX_GSD:
        _paint_things(material, window, epoch)
    light = _brightness(window)
    light[shadow_mask(ground, window.gsd)] *= 0.38
    crown = material == _code("crown")
    light[crown] *= (0.62 + 0.6 * ground.tree)[crown]
    return np.stack([np.take(band, material) * light for band in _TABLE.T])


def _brightness(window: Window) -> Grid:
    x, y = relative(window)
    speckle = Cells(np.floor(x / 2.0), np.floor(y / 2.0)).random(91)
    return (0.86 + 0.12 * waves(x, y, 35.0, 92) + 0.14 * speckle).astype(np.float32)


def cloud_mask(window: Window, percent: float) -> Mask:
    """Return clouds that cover a share of a window."""
    x, y = relative(window)
    thickness = 0.6 * waves(x, y, 900.0, 95) + 0.3 * waves(x, y, 300.0, 96)
    thickness = thickness + 0.1 * waves(x, y, 90.0, 97)
    if percent <= 0:
        return np.zeros(thickness.shape, bool)
    clouds: Mask = thickness > np.quantile(thickness, 1 - percent / 100)
    return clouds


def multispectral(scene: SampleScene, window: Window) -> Bands:
    """Return the four bands of a scene in a window, as its satellite delivers them."""
    # Twice as fine and averaged: large pixels mix their contents.
    fine = reflectance(window.at(window.gsd / 2), scene.epoch)
    rows, columns = window.shape
    mixed = fine[:, : rows * 2, : columns * 2].reshape(4, rows, 2, columns, 2).mean(axis=(2, 4))
    return _finished(mixed, scene, window)


def sharp(scene: SampleScene, window: Window) -> Bands:
    """Return the four bands at a window's own resolution, without mixing."""
    return _finished(reflectance(window, scene.epoch), scene, window)


def panchromatic(bands: Bands) -> Bands:
    """Return the panchromatic band of four bands."""
    weights = np.array([0.2, 0.3, 0.3, 0.2], np.float32)
    pan = np.tensordot(weights, bands.astype(np.float32), axes=1)
    return np.rint(pan).astype(np.uint16)[np.newaxis]


def _finished(bands: npt.NDArray[np.float32], scene: SampleScene, window: Window) -> Bands:
    clouds = cloud_mask(window, scene.cloud_cover)
    bands[:, clouds] = _TABLE[_code("cloud")][:, np.newaxis]
    return np.clip(np.rint(bands), 1, 65_535).astype(np.uint16)


def picture(bands: Bands) -> npt.NDArray[np.uint8]:
    """Return red, green, and blue in 8 bits, in natural colors."""
    shares = np.clip(bands[[2, 1, 0]].astype(np.float32) / 3200.0, 0.0, 1.0)
    colors: npt.NDArray[np.uint8] = np.rint(255 * shares**0.6).astype(np.uint8)
    return colors
