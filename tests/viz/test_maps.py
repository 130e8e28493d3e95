"""Maps without a browser: what is in them, and wrong input."""

from __future__ import annotations

import base64
import inspect
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
from PIL import Image
from rasterio.transform import Affine
from shapely.geometry import GeometryCollection, Point, box

import up42_facade as up42
from tests.viz import scenes
from up42_facade import viz

PLACE = box(13.38, 52.51, 13.39, 52.52)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return scenes.write_quarters(tmp_path / "scene.tif")


def names(shown: folium.Map, kind: type = folium.Element) -> list[str]:
    return [
        child.layer_name
        for child in shown._children.values()
        if isinstance(child, kind)  # type: ignore[attr-defined]
    ]


def overlays(shown: folium.Map) -> list[Any]:
    kind = folium.raster_layers.ImageOverlay
    return [child for child in shown._children.values() if isinstance(child, kind)]


def overlay(shown: folium.Map) -> Any:
    return overlays(shown)[0]


def color_at(overlay: Any, place: tuple[float, float]) -> tuple[int, ...]:
    """Return the color of an image on a map at a place: shares of width and height."""
    content = base64.b64decode(overlay.url.partition(",")[2])
    with Image.open(io.BytesIO(content)) as picture:
        x, y = (round(share * side) for share, side in zip(place, picture.size, strict=True))
        pixel: Any = picture.convert("RGBA").getpixel((x, y))
    return tuple(pixel)


def test_images_of_one_kind_share_the_stretch_on_a_map_as_in_a_plot(tmp_path: Path) -> None:
    names = ("blue", "green", "red", "nir")
    dark = scenes.write_quarters(tmp_path / "dark.tif")
    bright = scenes.write(tmp_path / "bright.tif", scenes.quarters() * 2, names)
    much = scenes.write(tmp_path / "much.tif", scenes.quarters() * 30, names)
    first, second, other = overlays(viz.map_results([dark, bright, much]))
    assert scenes.is_near(color_at(first, scenes.NORTHWEST)[:3], (127, 0, 0))
    assert scenes.is_near(color_at(second, scenes.NORTHWEST)[:3], scenes.RED)
    assert scenes.is_near(color_at(other, scenes.NORTHWEST)[:3], scenes.RED)


def test_probabilities_look_the_same_in_a_plot_and_on_a_map(tmp_path: Path) -> None:
    values = np.zeros((1, 200, 200), dtype="float32")
    values[:, :100, :100], values[:, :100, 100:], values[:, 100:, :100] = 0.9, 0.3, 0.02
    few = np.where(values > 0.5, 0.5, 0).astype("float32")
    few[:, 20:] = 0
    paths = [
        scenes.write(tmp_path / "trees.tif", values, ("probability of trees",)),
        scenes.write(tmp_path / "ships.tif", few, ("probability of ships",)),
    ]
    figure, shown = viz.plot_results(paths), viz.map_results(paths)
    bars = [axes for axes in figure.axes if axes.get_label() == "<colorbar>"]
    assert [bar.get_ylabel() for bar in bars] == ["Probability"]
    image = scenes.images_of(figure)[0].images[0]
    for place, value in (
        (scenes.NORTHWEST, 0.9),
        (scenes.NORTHEAST, 0.3),
        (scenes.SOUTHWEST, 0.02),
    ):
        plotted = image.cmap(image.norm(value), bytes=True)
        assert scenes.is_near(color_at(overlay(shown), place), plotted)
        assert (plotted[3] == 0) == (value < 0.05)
    page = shown.get_root().render()
    assert page.count("linear-gradient") == 1
    assert "Probability: trees, ships" in page
    assert ",0.00)," in page.partition("linear-gradient")[2]


def test_signatures_are_the_documented_ones_and_more() -> None:
    expected = {
        "plot_results": {
            "figsize": None,
            "bands": None,
            "titles": None,
            "filepaths": None,
            "plot_file_format": None,
            "title": None,
            "coordinates": False,
            "kwargs": inspect.Parameter.empty,
        },
        "plot_quicklooks": {"figsize": None, "filepaths": None, "titles": None, "title": None},
        "map_results": {
            "bands": None,
            "aoi": None,
            "show_images": True,
            "show_features": True,
            "name_column": "uid",
            "save_html": None,
            "tiles": True,
        },
    }
    for name, parameters in expected.items():
        found = list(inspect.signature(getattr(viz.Viz, name)).parameters.values())[1:]
        assert {parameter.name: parameter.default for parameter in found} == parameters
        assert [parameter.name for parameter in found] == list(parameters)


def test_classes_lie_over_what_they_were_found_in(tmp_path: Path) -> None:
    values = np.zeros((1, 200, 200), dtype="uint8")
    values[:, :100, :100], values[:, 150:, 150:] = 1, 2
    path = scenes.write(tmp_path / "changes.tif", values, ("change",))
    shown = viz.map_results(path)
    alphas = [color_at(overlay(shown), (x, y))[3] for x, y in ((0.2, 0.2), (0.8, 0.2), (0.9, 0.9))]
    assert alphas == [255, 0, 255]
    page = shown.get_root().render()
    assert "change: changes" in page
    assert all(f"<span>{number}</span>" in page for number in (0, 1, 2))
    bar = viz.plot_results(path).axes[-1]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "1", "2"]
    image = scenes.write(tmp_path / "dark.tif", values + 1)
    assert color_at(overlay(viz.map_results(image)), (0.8, 0.2)) == (0, 0, 0, 255)


@pytest.mark.parametrize("target", ["maps", "maps/berlin.html", "maps/deep/er"])
def test_a_map_is_saved_in_a_folder_or_as_a_file(scene: Path, tmp_path: Path, target: str) -> None:
    shown = viz.map_results(scene, save_html=tmp_path / target)
    assert isinstance(shown, folium.Map)
    path = tmp_path / target
    saved = path if path.suffix else path / "final_map.html"
    assert "data:image/png;base64" in saved.read_text(encoding="utf-8")
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]


def test_images_and_features_can_be_left_out(scene: Path, tmp_path: Path) -> None:
    vectors = scenes.write_geojson(tmp_path / "things.geojson", [(PLACE, {"a": 1})])
    image, features = folium.raster_layers.ImageOverlay, folium.GeoJson
    both = viz.map_results([scene, vectors])
    assert (names(both, image), names(both, features)) == (["scene"], ["things (1)"])
    assert names(viz.map_results([scene, vectors], show_images=False), image) == []
    assert names(viz.map_results([scene, vectors], show_features=False), features) == []


def test_an_image_in_noise_stays_below_five_megabytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 4000, (4, 2000, 2000), dtype="uint16")
    paths = [scenes.write(tmp_path / f"{i}.tif", noise) for i in range(2)]
    viz.map_results(paths, save_html=tmp_path)
    assert (tmp_path / "final_map.html").stat().st_size < 5_000_000


def test_areas_of_interest_of_any_kind(scene: Path, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[PLACE], crs=4326)
    path = tmp_path / "aoi.geojson"
    frame.to_file(path)
    package = tmp_path / "aoi.gpkg"
    frame.to_crs(scenes.CRS).to_file(package)
    feature = {"type": "Feature", "geometry": PLACE.__geo_interface__, "properties": {}}
    bare, collected = tmp_path / "bare.geojson", tmp_path / "collected.json"
    bare.write_text(json.dumps(PLACE.__geo_interface__))
    collected.write_text(json.dumps(GeometryCollection([PLACE]).__geo_interface__))
    kinds: list[Any] = [
        frame,
        frame.to_crs(3857),
        frame.geometry,
        str(path),
        path,
        package,
        bare,
        collected,
        PLACE,
        feature,
        {"type": "FeatureCollection", "features": [feature]},
        gpd.GeoDataFrame(geometry=[PLACE]),
    ]
    for aoi in kinds:
        shown = viz.map_results(scene, aoi=aoi)
        assert "Area of interest" in names(shown, folium.GeoJson)


def data_json(tmp_path: Path, *features: tuple[Any, dict[str, Any]]) -> Path:
    return scenes.write_geojson(tmp_path / "data.json", features)


def test_an_image_without_crs_takes_the_place_of_its_feature(tmp_path: Path) -> None:
    image = scenes.write_quarters(tmp_path / "s" / "scene.tif", crs=None)
    far = box(1, 1, 2, 2)
    found = data_json(
        tmp_path, (far, {"up42.data_path": "other.tif"}), (PLACE, {"up42.data_path": "s/scene.tif"})
    )
    shown = viz.map_results([image, found])
    assert overlay(shown).bounds == [[52.51, 13.38], [52.52, 13.39]]
    plain = data_json(tmp_path, (PLACE, {"id": 1}))
    assert overlay(viz.map_results([image, plain])).bounds == [[52.51, 13.38], [52.52, 13.39]]
    shown = viz.map_results([image, plain], show_features=False)
    assert overlay(shown).bounds == [[52.51, 13.38], [52.52, 13.39]]


def test_other_json_is_no_feature_file(scene: Path, tmp_path: Path) -> None:
    for name, text in (("a.json", "[1]"), ("b.json", "{"), ("c.json", '{"type": "x"}')):
        (tmp_path / name).write_text(text)
    paths = [scene, *tmp_path.glob("*.json")]
    assert names(viz.map_results(paths), folium.GeoJson) == []


def test_no_detections_make_no_layer(scene: Path, tmp_path: Path) -> None:
    none = scenes.write_geojson(tmp_path / "none.geojson", [])
    assert names(viz.map_results([scene, none]), folium.GeoJson) == []
    viz.map_results(none, save_html=tmp_path)


WRONG: dict[str, tuple[Callable[[Path, Path], Any], str]] = {
    "nothing to map": (lambda s, t: viz.map_results(other(t / "a.txt")), "a.txt"),
    "empty": (lambda s, t: viz.map_results([]), "no files"),
    "bands": (lambda s, t: viz.map_results(s, bands=[1, 9, 2]), "no band 9"),
    "damaged": (lambda s, t: viz.map_results(other(t / "a.tif")), "damaged"),
    "no place": (
        lambda s, t: viz.map_results(scenes.write_quarters(t / "n.tif", crs=None)),
        "n.tif has no CRS",
    ),
    "page in a store": (lambda s, t: viz.map_results(s, save_html="s3://b/map.html"), "save_html"),
    "aoi in meters": (
        lambda s, t: viz.map_results(s, aoi=gpd.GeoDataFrame(geometry=[Point(4e5, 5e6)])),
        "no CRS",
    ),
    "aoi of nothing": (lambda s, t: viz.map_results(s, aoi=3), "GeoDataFrame"),
    "aoi missing": (lambda s, t: viz.map_results(s, aoi=t / "no.geojson"), "no.geojson"),
    "aoi damaged": (lambda s, t: viz.map_results(s, aoi=other(t / "a.geojson")), "vector"),
    "aoi of a table": (
        lambda s, t: viz.map_results(s, aoi=gpd.GeoDataFrame({"a": [1]})),
        "geometry",
    ),
    "no area": (
        lambda s, t: viz.map_results(
            scenes.write_quarters(t / "a.tif", transform=Affine(0, 0, 5, 0, 0, 5))
        ),
        "no area",
    ),
    "aoi empty": (lambda s, t: viz.map_results(s, aoi=gpd.GeoDataFrame(geometry=[])), "geometry"),
}


def other(path: Path) -> Path:
    path.write_text("something else")
    return path


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name: str, scene: Path, tmp_path: Path) -> None:
    call, message = WRONG[name]
    with pytest.raises(up42.InvalidInputError, match=message):
        call(scene, tmp_path)
