"""Images and features across the 180th meridian, at the poles, and with unusual content."""

from __future__ import annotations

import base64
import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine
from shapely.geometry import GeometryCollection, LineString, Point, box

import up42_facade as up42
from tests.viz import scenes
from up42_facade import viz

RED, GREEN = (255, 0, 0, 255), (0, 255, 0, 255)


def overlay(shown: folium.Map) -> Any:
    kind = folium.raster_layers.ImageOverlay
    return next(child for child in shown._children.values() if isinstance(child, kind))


def picture(shown: folium.Map) -> Any:
    content = base64.b64decode(overlay(shown).url.partition(",")[2])
    with warnings.catch_warnings(), rasterio.MemoryFile(content) as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open() as file:
            return file.read()


def gray(path: Path, crs: str, west: float, north: float, pixel: float) -> Path:
    values = np.random.default_rng(1).integers(1, 255, (1, 200, 200), dtype="uint8")
    return scenes.write(path, values, crs=crs, transform=Affine(pixel, 0, west, 0, -pixel, north))


@pytest.mark.parametrize(
    ("crs", "west", "north", "pixel", "latitude"),
    [
        ("EPSG:32701", 180_000, 8_100_000, 20, -17.18),
        ("EPSG:4326", 179.98, -17.1, 0.0002, -17.12),
        ("EPSG:4326", -180.02, -17.1, 0.0002, -17.12),
    ],
)
def test_an_image_across_the_180th_meridian(
    crs: str, west: float, north: float, pixel: float, latitude: float,
    tmp_path: Path, open_map: Callable[[Path], Any],
) -> None:  # fmt: skip
    image = gray(tmp_path / "scene.tif", crs, west, north, pixel)
    near = [(Point(lon, latitude), {}) for lon in (179.999, -179.999)]
    features = scenes.write_geojson(tmp_path / "points.geojson", near)
    figure = viz.plot_results([image, features])
    [axes] = [axes for axes in figure.axes if axes.has_data()]
    points = np.concatenate([found.get_offsets() for found in axes.collections])
    left, right = axes.get_xlim()
    assert ((left < points[:, 0]) & (points[:, 0] < right)).all()
    shown = viz.map_results([image, features], save_html=tmp_path)
    [[_, low], [_, high]] = overlay(shown).bounds
    assert 0 < high - low < 0.1
    assert min(picture(shown).shape[1:]) > 100
    page = open_map(tmp_path / "final_map.html").page
    frame = page.locator("img.leaflet-image-layer").bounding_box()
    assert frame["width"] > 200
    for number in range(2):
        point = page.locator("path.leaflet-interactive").nth(number).bounding_box()
        assert frame["x"] < point["x"] < frame["x"] + frame["width"]
        assert frame["y"] < point["y"] < frame["y"] + frame["height"]


def test_features_across_the_180th_meridian(tmp_path: Path) -> None:
    near = [(Point(lon, -17.12), {}) for lon in (179.999, -179.999)]
    path = scenes.write_geojson(tmp_path / "points.geojson", near)
    [axes] = viz.plot_results(path).axes
    assert np.ptp(axes.collections[0].get_offsets()[:, 0]) < 1000, "meters"
    page = viz.map_results(path).get_root().render()  # type: ignore[attr-defined]
    assert "180.001" in page


@pytest.mark.parametrize(("crs", "south"), [("EPSG:3031", True), ("EPSG:3995", False)])
def test_an_image_around_a_pole(crs: str, south: bool, tmp_path: Path) -> None:
    image = gray(tmp_path / "pole.tif", crs, -1_000_000, 1_000_000, 10_000)
    features = scenes.write_geojson(tmp_path / "p.geojson", [(Point(3, -88 if south else 88), {})])
    figure = viz.plot_results([image, features])
    assert len([axes for axes in figure.axes if axes.has_data()]) == 1
    shown = viz.map_results(image)
    [[low, west], [high, east]] = overlay(shown).bounds
    assert (west, east) == (-180, 180)
    assert (low if south else high) == pytest.approx(-85.0511 if south else 85.0511, abs=1e-3)
    assert picture(shown)[-1].max() > 0


def test_an_image_beyond_all_web_maps(tmp_path: Path) -> None:
    image = gray(tmp_path / "pole.tif", "EPSG:3995", -10_000, 10_000, 100)
    viz.plot_results(image)
    with pytest.raises(up42.InvalidInputError, match=r"pole\.tif is beyond 85\.05"):
        viz.map_results(image)


def test_an_image_up_to_the_edge_of_the_earth(tmp_path: Path) -> None:
    image = gray(tmp_path / "earth.tif", "EPSG:4326", -180, 90, 0.9)
    [[south, west], [north, east]] = overlay(viz.map_results(image)).bounds
    assert (west, east) == (-180, 0)
    assert north == pytest.approx(85.0511, abs=1e-3)
    assert south == pytest.approx(-85.0511, abs=1e-3)


def test_an_image_whose_crs_has_no_place_on_earth(tmp_path: Path) -> None:
    local = 'LOCAL_CS["site",UNIT["metre",1]]'
    image = gray(tmp_path / "site.tif", local, 0, 0, 1)
    viz.plot_results(image)
    with pytest.raises(up42.InvalidInputError, match=r"site\.tif"):
        viz.map_results(image)


@pytest.mark.parametrize("side", [100, 4000])
def test_color_tables(side: int, tmp_path: Path) -> None:
    """Also of an image that is read in parts."""
    classes = np.ones((1, side, side), "uint8")
    classes[0, :, side // 2 :] = 2
    path = scenes.write(tmp_path / "classes.tif", classes, photometric="palette")
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (0, 0, 0, 0), 1: RED, 2: GREEN})
    for figure in (viz.plot_results(path), viz.plot_results(path, bands=[1])):
        assert scenes.is_near(scenes.color_at(figure, (0.25, 0.5)), RED[:3])
        assert scenes.is_near(scenes.color_at(figure, (0.75, 0.5)), GREEN[:3])
    values = scenes.color_at(viz.plot_results(path, cmap="gray"), (0.75, 0.5))
    assert len(set(values)) == 1, "a caller who passes colors gets these"
    pixels = picture(viz.map_results(path))
    seen = pixels[:3, pixels[-1] > 0] if len(pixels) == 4 else pixels.reshape(3, -1)
    assert {tuple(map(int, color)) for color in np.unique(seen.T, axis=0)} == {RED[:3], GREEN[:3]}


def write(path: Path, *geometries: Any) -> Path:
    features = [
        {"type": "Feature", "geometry": geometry, "properties": {"n": n}}
        for n, geometry in enumerate(geometries)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_geometries_that_cannot_be_drawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    point = {"type": "Point", "coordinates": [13, 52]}
    path = write(
        tmp_path / "odd.geojson",
        point,
        None,
        {"type": "LineString", "coordinates": [[13, 52]]},
        {"type": "Polygon", "coordinates": [[[13, 52], [13, 53]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Point", "coordinates": [float("nan"), 52]},
        {"type": "LineString", "coordinates": [[13, 52], [13, 52]]},
        GeometryCollection([Point(13, 52), box(13, 52, 14, 53)]).__geo_interface__,
        LineString([(13, 52), (14, 53)]).__geo_interface__,
    )
    with caplog.at_level(logging.WARNING):
        figure = viz.plot_results(path)
        shown = viz.map_results(path)
    assert "odd.geojson: 5 features have no usable geometry" in caplog.text
    assert figure.axes[0].has_data()
    kinds = [feature["geometry"]["type"] for feature in scenes.features_of(shown)]
    assert kinds == ["Point", "LineString", "Point", "Polygon", "LineString"]


@pytest.mark.parametrize(
    "values", [[1, 2], ["a"], [True, False], {"a": [None]}, [], 2**70, -(2**53) - 1]
)
def test_properties_of_all_kinds(values: Any, tmp_path: Path) -> None:
    features = [(Point(13, 52), {"tags": value}) for value in (values, None)]
    shown = viz.map_results(scenes.write_geojson(tmp_path / "a.geojson", features))
    tags = scenes.features_of(shown)[0]["properties"]["tags"]
    assert (
        json.loads(tags.replace("&#34;", '"').replace("&#123;", "{").replace("&#125;", "}"))
        == values
    )


@pytest.mark.parametrize("latitude", [60, 90])
def test_features_around_the_earth(latitude: float, tmp_path: Path) -> None:
    earth = box(-180, -latitude, 180, latitude)
    figure = viz.plot_results(scenes.write_geojson(tmp_path / "a.geojson", [(earth, {})]))
    figure.savefig(tmp_path / "a.png")
    assert figure.axes[0].get_xlim()[0] < -170
