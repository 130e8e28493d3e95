"""The files of sample scenes and of jobs, by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely.geometry import Point

from up42_sandbox.scene import imagery
from up42_sandbox.scene.files import (
    feature,
    feature_collection,
    write_json,
    write_thumbnail,
)
from up42_sandbox.scene.gdal import outlines, write_cog
from up42_sandbox.scene.landscape import Grid, Ground, relative, survey, waves
from up42_sandbox.scene.objects import find_things
from up42_sandbox.scene.samples import SampleScene
from up42_sandbox.scene.window import Window

BAND_NAMES = ("blue", "green", "red", "nir")

_KINDS = {
    "ships.geojson": "ship",
    "wind_turbines.geojson": "wind_turbine",
    "storage_tanks.geojson": "storage_tank",
    "cars.geojson": "car",
    "trucks.geojson": "truck",
    "aircraft.geojson": "aircraft",
}
_AS_POINTS = frozenset({"car", "truck", "aircraft"})
"""Kinds that detections deliver as points; the others come as polygons."""

CHANGE_GSD = 2.0
"""Resolution of change maps in metres."""


def write_source(scene: SampleScene, name: str, path: Path) -> None:
    """Write a file of a sample scene.

    Args:
        scene: The scene.
        name: `multispectral.tif`, `panchromatic.tif` or `thumbnail.png`.
        path: Where to.
    """
    if name == "panchromatic.tif":
        window = scene.window()
        pan = imagery.panchromatic(imagery.sharp(scene, window))
        write_cog(path, pan, window, ("pan",))
        return
    window = scene.window(scene.ms_gsd)
    bands = imagery.multispectral(scene, window)
    if name == "thumbnail.png":
        write_thumbnail(path, imagery.picture(bands))
    else:
        write_cog(path, bands, window, BAND_NAMES, nodata=0)


def write_result(
    process_id: str,
    name: str,
    scenes: Sequence[SampleScene],
    inputs: Mapping[str, Any],
    path: Path,
) -> None:
    """Write a file that a job delivers.

    Args:
        process_id: The job's process.
        name: Name of the file.
        scenes: The scenes that the job worked on.
        inputs: The job's inputs.
        path: Where to.
    """
    if name == "thumbnail.png":
        _write_quick_look(process_id, scenes, inputs, path)
    elif name in _KINDS:
        write_json(path, _detections(_KINDS[name], scenes[0]))
    elif name == "changes.geojson":
        write_json(path, _change_polygons(scenes, inputs))
    elif process_id == "detection-change-simularity":
        window, changes = _changes(scenes, inputs)
        write_cog(path, changes[np.newaxis], window, ("change",))
    elif process_id in _PROBABILITIES:
        window = scenes[0].window()
        write_cog(path, _probability(process_id, scenes[0], window), window, ("probability",))
    else:
        window, bands, names = _picture_product(process_id, scenes)
        write_cog(path, bands, window, names)


def _picture_product(
    process_id: str, scenes: Sequence[SampleScene]
) -> tuple[Window, npt.NDArray[Any], Sequence[str]]:
    scene = scenes[0]
    if process_id == "true-color-conversion":
        window = scene.window(scene.ms_gsd)
        bands = imagery.multispectral(scene, window)
        return window, imagery.picture(bands), ("red", "green", "blue")
    if process_id.startswith("upsampling"):
        window = scene.window(scene.ms_gsd / 2)
        return window, imagery.sharp(scene, window), BAND_NAMES
    if process_id == "coregistration-simularity":
        window = scene.window().intersection(scenes[-1].window()).at(scene.ms_gsd)
        return window, imagery.multispectral(scene, window), BAND_NAMES
    if process_id == "pansharpening":
        window = scene.window()
        return window, imagery.sharp(scene, window), BAND_NAMES
    window = scene.window(scene.ms_gsd)
    return window, imagery.multispectral(scene, window), BAND_NAMES


def _blurred(values: Grid, window: Window) -> Grid:
    """Make a sharp truth look like a network's guess."""
    soft: Grid = values.copy()
    for axis in (0, 1):
        soft = (np.roll(soft, 1, axis) + 2 * soft + np.roll(soft, -1, axis)) * np.float32(0.25)
    x, y = relative(window)
    doubt = waves(x, y, 12.0, 98)
    guess: Grid = np.clip(soft * (0.72 + 0.28 * doubt) + 0.06 * doubt, 0.0, 1.0)
    return guess


def _tree_truth(ground: Ground, window: Window) -> Grid:
    truth: Grid = np.clip(ground.tree * 1.6, 0, 1)
    return truth


def _building_truth(ground: Ground, window: Window) -> Grid:
    return (ground.building > 0).astype(np.float32)


def _shadow_truth(ground: Ground, window: Window) -> Grid:
    return imagery.shadow_mask(ground, window.gsd).astype(np.float32)


_PROBABILITIES: Mapping[str, Callable[[Ground, Window], Grid]] = {
    "detection-trees-spacept": _tree_truth,
    "detection-buildings-spacept": _building_truth,
    "detection-shadows-spacept": _shadow_truth,
}


_OVERLAY_COLORS: Mapping[str, tuple[int, int, int]] = {
    "detection-trees-spacept": (60, 220, 90),
    "detection-buildings-spacept": (250, 90, 50),
    "detection-shadows-spacept": (90, 130, 255),
}


def _probability(process_id: str, scene: SampleScene, window: Window) -> npt.NDArray[np.uint8]:
    truth = _PROBABILITIES[process_id](survey(window, scene.epoch), window)
    percent = np.rint(255 * _blurred(truth, window)).astype(np.uint8)
    percent[imagery.cloud_mask(window, scene.cloud_cover)] = 0
    return percent[np.newaxis]


def _detections(kind: str, scene: SampleScene) -> dict[str, Any]:
    features = []
    for thing in find_things(kind, scene.window(), scene.epoch):
        where = Point(thing.x, thing.y) if kind in _AS_POINTS else thing.outline()
        features.append(
            feature(
                where,
                {
                    "class": kind,
                    "confidence": round(thing.confidence, 3),
                    "length_m": thing.length,
                    "width_m": thing.width,
                },
            )
        )
    return feature_collection(features)


def _changes(
    scenes: Sequence[SampleScene], inputs: Mapping[str, Any]
) -> tuple[Window, npt.NDArray[np.uint8]]:
    """Return 1 where a building came, 2 where one went."""
    one, other = scenes[0], scenes[-1]
    window = one.window().intersection(other.window()).at(CHANGE_GSD)
    earlier, later = sorted((one, other), key=lambda scene: scene.acquired)
    before, after = survey(window, earlier.epoch), survey(window, later.epoch)
    changes = np.zeros(window.shape, np.uint8)
    changes[(before.building == 0) & (after.building > 0)] = 1
    changes[(before.building > 0) & (after.building == 0)] = 2
    # Low sensitivity sees the tall houses only.
    least_height = 20.0 - 3.0 * float(inputs.get("sensitivity", 2))
    changes[np.maximum(before.building, after.building) < least_height] = 0
    return window, changes


def _change_polygons(scenes: Sequence[SampleScene], inputs: Mapping[str, Any]) -> dict[str, Any]:
    window, changes = _changes(scenes, inputs)
    names = {1: "appeared", 2: "disappeared"}
    return feature_collection(
        feature(shape, {"change": names[value]}) for shape, value in outlines(changes, window)
    )


def _write_quick_look(
    process_id: str,
    scenes: Sequence[SampleScene],
    inputs: Mapping[str, Any],
    path: Path,
) -> None:
    scene = scenes[0]
    window = scene.window(max(scene.ms_gsd, scene.size / 512))
    if process_id in _PROBABILITIES:
        write_thumbnail(path, _overlay(process_id, scene, window))
    elif process_id == "detection-change-simularity":
        _, changes = _changes(scenes, inputs)
        colors = np.array([[230, 230, 230], [215, 48, 39], [69, 117, 180]], np.uint8)
        write_thumbnail(path, np.moveaxis(colors[changes], -1, 0))
    else:
        write_thumbnail(path, imagery.picture(imagery.multispectral(scene, window)))


def _overlay(process_id: str, scene: SampleScene, window: Window) -> npt.NDArray[np.uint8]:
    """Return a grey picture with the probability in a strong colour on it."""
    picture = imagery.picture(imagery.multispectral(scene, window)).astype(np.float32)
    share = np.clip(_probability(process_id, scene, window) / np.float32(160.0), 0.0, 1.0)
    grey = picture.mean(axis=0, keepdims=True) * 0.7
    color = np.array(_OVERLAY_COLORS[process_id], np.float32)[:, np.newaxis, np.newaxis]
    mixed: npt.NDArray[np.uint8] = np.rint(grey * (1 - share) + color * share).astype(np.uint8)
    return mixed
