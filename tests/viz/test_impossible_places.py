"""Images and features whose place is none on Earth: errors that name the file, at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.transform import Affine

import up42_facade as up42
from tests.viz import scenes
from up42_facade import viz

MARS = "ESRI:104905"
DRAW: list[Callable[..., Any]] = [viz.plot_results, viz.map_results]


def image(path: Path, crs: str, transform: Affine) -> Path:
    pixels = np.arange(1600, dtype="uint8").reshape(1, 40, 40)
    return scenes.write(path, pixels, crs=crs, transform=transform)


def features(path: Path, coordinates: list[Any], **members: Any) -> Path:
    shape = {"type": "Point", "coordinates": coordinates}
    found = [{"type": "Feature", "properties": {}, "geometry": shape}]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found, **members}))
    return path


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32633"])
@pytest.mark.parametrize("pixel", [1e300, 1e12, 1e5])
def test_pixels_of_any_size(crs: str, pixel: float, tmp_path: Path) -> None:
    path = image(tmp_path / "x.tif", crs, Affine(pixel, 0, 0, 0, -pixel, 0))
    assert viz.plot_results(path).axes
    if crs == "EPSG:4326" or pixel > 1e5:
        with pytest.raises(up42.InvalidInputError, match=r"x\.tif.*bounds"):
            viz.map_results(path)


@pytest.mark.parametrize("draw", DRAW)
def test_a_place_that_is_no_number(draw: Callable[..., Any], tmp_path: Path) -> None:
    path = image(tmp_path / "x.tif", "EPSG:4326", Affine(float("nan"), 0, 0, 0, -1, 0))
    with pytest.raises(up42.InvalidInputError, match=r"x\.tif.*finite"):
        draw(path)


def test_an_image_of_mars(tmp_path: Path) -> None:
    path = image(tmp_path / "x.tif", MARS, Affine(0.1, 0, 0, 0, -0.1, 0))
    assert viz.plot_results(path).axes
    with pytest.raises(up42.InvalidInputError, match=r"x\.tif.*another CRS"):
        viz.map_results(path)


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("place", [[0, 91], [1e300, 0], [0, -1e300]])
def test_features_beyond_the_earth_are_left_out(
    place: list[float], draw: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    draw(features(tmp_path / "x.geojson", place))
    assert "x.geojson: 1 features have no usable geometry" in caplog.text


@pytest.mark.parametrize("draw", DRAW)
def test_features_of_mars(draw: Callable[..., Any], tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": MARS}}
    path = features(tmp_path / "x.geojson", [1, 2], crs=crs)
    with pytest.raises(up42.InvalidInputError, match=r"x\.geojson.*Mars"):
        draw(path)


@pytest.mark.parametrize("draw", DRAW)
def test_a_coordinate_that_no_float_holds(draw: Callable[..., Any], tmp_path: Path) -> None:
    assert draw(features(tmp_path / "x.geojson", [10**400, 1]))
