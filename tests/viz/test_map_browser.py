"""Saved maps in a real browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely.geometry import Point, box

from tests.viz import scenes
from tests.viz.conftest import map_browser
from up42_facade import viz

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'


@pytest.fixture
def results(tmp_path: Path) -> list[Path]:
    """An image, three points and a rectangle on it."""
    image = scenes.write_quarters(tmp_path / "scene.tif", nodata=0)
    meters = [Point(scenes.WEST + x, scenes.NORTH - y) for x, y in ((150, 150), (450, 450))]
    shapes = gpd.GeoSeries(
        [
            *meters,
            box(scenes.WEST + 100, scenes.NORTH - 500, scenes.WEST + 200, scenes.NORTH - 400),
        ],
        crs=scenes.CRS,
    ).to_crs(4326)
    properties: list[dict[str, Any]] = [
        {"class": "ship", "confidence": 0.9, "note": HOSTILE, "style": "plain"},
        {"class": "car", "confidence": 0.5, "note": None, "style": "plain"},
        {"class": "field", "confidence": 0.7, "note": "flat", "style": "plain"},
    ]
    vectors = scenes.write_geojson(
        tmp_path / "things.geojson", list(zip(shapes, properties, strict=True))
    )
    return [image, vectors]


def test_a_map_shows_its_layers_and_answers_clicks(
    results: list[Path], tmp_path: Path, open_map: Callable[[Path], Any]
) -> None:
    area = gpd.GeoSeries([box(13.37, 52.51, 13.40, 52.53)], crs=4326)
    viz.map_results(results, aoi=area, save_html=tmp_path)
    shown = open_map(tmp_path / "final_map.html")
    page = shown.page

    assert shown.layers() == ["scene", "things (3)", "Area of interest"]
    image = page.locator("img.leaflet-image-layer")
    assert image.count() == 1
    assert image.bounding_box()["width"] > 100
    assert page.locator("path.leaflet-interactive").count() == 4

    page.locator("path.leaflet-interactive").first.click(force=True)
    popup = page.locator(".leaflet-popup-content")
    popup.wait_for()
    text = popup.inner_text()
    assert "ship" in text
    assert "0.9" in text
    assert "<img src=x" in text, "texts of others are shown, not run"
    assert page.evaluate("window.hacked") is None
    assert popup.locator("img, script").count() == 0

    shown.toggle("scene")
    assert image.count() == 0
    shown.toggle("scene")
    assert image.count() == 1
    assert (shown.errors, shown.blocked) == ([], [])


@pytest.mark.parametrize("tiles", [True, False])
def test_a_saved_map_is_complete_without_a_network(
    results: list[Path], tmp_path: Path, open_map: Callable[..., Any], tiles: bool
) -> None:
    viz.map_results(results, save_html=tmp_path, tiles=tiles)
    assert (tmp_path / "final_map.html").stat().st_size < 5_000_000
    shown = open_map(tmp_path / "final_map.html", tiles=False)
    page = shown.page
    hosts = {url.split("/")[2] for url in shown.blocked}
    assert hosts == ({"tile.openstreetmap.org"} if tiles else set())
    assert [text for text in shown.errors if "Failed to load resource" not in text] == []
    assert shown.layers() == ["scene", "things (3)"]
    image = page.locator("img.leaflet-image-layer")
    assert image.evaluate("image => image.complete && image.naturalWidth > 0")
    frame = image.bounding_box()
    assert frame["width"] > 300
    assert frame["width"] < map_browser.WINDOW["width"]
    assert page.locator("path.leaflet-interactive").count() == 3
    assert page.locator(".leaflet-control-scale-line").first.inner_text().endswith("m")
    assert page.locator(".leaflet-control-zoom-in").bounding_box()["width"] >= 26


def test_elements_that_users_add_work_as_in_folium(tmp_path: Path, results: list[Path]) -> None:
    shown = viz.map_results(results)
    assert "cdn" not in shown.get_root().render()
    folium.Marker([52.5, 13.4], popup="here", icon=folium.Icon("red")).add_to(shown)
    page = shown.get_root().render()
    for name in ("jquery", "awesome-markers.js"):
        assert re.search(rf'<script src="https://[^"]*{name}', page)
    assert not re.search(r"https://[^\"]*leaflet\.(js|css)\"", page)


def test_the_image_lies_where_it_belongs(
    results: list[Path], tmp_path: Path, open_map: Callable[[Path], Any]
) -> None:
    viz.map_results(results, save_html=tmp_path / "map.html")
    shown = open_map(tmp_path / "map.html")
    page = shown.page
    frame = page.locator("img.leaflet-image-layer").bounding_box()
    # The second point lies at three quarters of width and height.
    point = page.locator("path.leaflet-interactive").nth(1).bounding_box()
    across = (point["x"] + point["width"] / 2 - frame["x"]) / frame["width"]
    down = (point["y"] + point["height"] / 2 - frame["y"]) / frame["height"]
    assert across == pytest.approx(0.75, abs=0.03)
    assert down == pytest.approx(0.75, abs=0.03)
    picture = tmp_path / "screen.png"
    picture.write_bytes(page.screenshot())
    with rasterio.MemoryFile(picture.read_bytes()) as memory, opened(memory) as pixels:
        colors = pixels.read([1, 2, 3])
    x, y = round(frame["x"] + frame["width"] * 0.9), round(frame["y"] + frame["height"] * 0.1)
    assert scenes.is_near(colors[:, y, x], scenes.GREEN)


def test_features_are_highlighted_under_the_mouse(
    results: list[Path], tmp_path: Path, open_map: Callable[[Path], Any]
) -> None:
    viz.map_results(results[1], save_html=tmp_path)
    page = open_map(tmp_path / "final_map.html").page
    shape = page.locator("path.leaflet-interactive").nth(2)
    before = shape.get_attribute("stroke")
    shape.hover()
    assert shape.get_attribute("stroke") != before


def test_scenes_get_a_layer_each_and_their_names_are_shown(
    tmp_path: Path, open_map: Callable[[Path], Any]
) -> None:
    shapes = [box(13 + i, 52, 13.5 + i, 52.5) for i in range(3)]
    named = [(shape, {"uid": f"<b>{i}</b>"}) for i, shape in enumerate(shapes)]
    viz.map_results(scenes.write_geojson(tmp_path / "data.json", named), save_html=tmp_path)
    shown = open_map(tmp_path / "final_map.html")
    assert shown.layers() == [f"Feature {i + 1} – <b>{i}</b>" for i in range(3)]
    assert shown.page.locator(".leaflet-control-layers b").count() == 0
    assert shown.errors == []


def test_more_than_a_hundred_features_are_all_drawn_as_one_layer(
    tmp_path: Path, open_map: Callable[[Path], Any]
) -> None:
    points = [(Point(13 + i / 1000, 52.5), {"uid": str(i)}) for i in range(230)]
    path = scenes.write_geojson(tmp_path / "points.geojson", points)
    viz.map_results(path, save_html=tmp_path)
    shown = open_map(tmp_path / "final_map.html")
    assert shown.layers() == ["points (230)"]
    assert shown.page.locator("path.leaflet-interactive").count() == 230
    assert shown.errors == []


def test_probabilities_have_a_legend(tmp_path: Path, open_map: Callable[[Path], Any]) -> None:
    values = np.zeros((1, 200, 200), dtype="uint8")
    values[0, :50, :50] = 255
    path = scenes.write(tmp_path / "trees.tif", values, ("probability",))
    viz.map_results(path, save_html=tmp_path)
    shown = open_map(tmp_path / "final_map.html")
    legend = shown.page.locator(".up42-legend")
    assert legend.is_visible()
    assert "trees" in legend.inner_text()
    source = shown.page.locator("img.leaflet-image-layer").get_attribute("src")
    content = base64.b64decode(source.partition(",")[2])
    with rasterio.MemoryFile(content) as memory, opened(memory) as picture:
        pixels = picture.read()
    assert pixels[3].max() == 255
    assert pixels[3].min() == 0
    assert shown.errors == []


def opened(memory: Any) -> Any:
    import warnings

    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return memory.open()
