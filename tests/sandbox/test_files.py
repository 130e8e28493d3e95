"""Files of the storage: rasters and detections of the invented landscape."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from rasterio.warp import transform_geom
from shapely.geometry import Point, box, shape

from tests.sandbox.conftest import Api
from up42_sandbox import Sandbox
from up42_sandbox.processing.catalog import PROCESSES as CATALOG
from up42_sandbox.scene.landscape import ORIGIN, survey
from up42_sandbox.scene.objects import KINDS, find_things
from up42_sandbox.scene.products import GEOJSON, GEOTIFF, MULTISPECTRAL
from up42_sandbox.scene.samples import SAMPLES, SampleScene
from up42_sandbox.scene.window import Window
from up42_sandbox.storage.objects import FILES_VARIABLE

SCENES = {scene.key: scene for scene in SAMPLES}
# Process, name, and media type of everything that is delivered, straight from the catalog.
DELIVERED = [
    (process.id, product.name, product.media_type)
    for process in CATALOG.values()
    for product in process.results
]
RASTERS = [(process_id, name) for process_id, name, kind in DELIVERED if kind == GEOTIFF]
OBJECTS = [
    (process_id, name)
    for process_id, name, kind in DELIVERED
    if kind == GEOJSON and name != "changes.geojson"
]


def tar_names(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        return archive.getnames()


def zip_names(content: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def in_meters(geometry: dict[str, Any]) -> Any:
    return shape(transform_geom("EPSG:4326", "EPSG:32633", geometry))


def result(api: Api, process_id: str, name: str, **inputs: Any) -> bytes:
    item = api.result_item(api.execute(process_id, **inputs))
    return api.fetch(item["assets"][name]["href"]).content


@pytest.mark.parametrize(
    ("key", "name", "count", "pixels"),
    [
        ("spot-berlin", "multispectral.tif", 4, 500),
        ("spot-berlin", "panchromatic.tif", 1, 2000),
        ("pneo-berlin", "panchromatic.tif", 1, 2000),
        ("sentinel-2-berlin", "multispectral.tif", 4, 1024),
    ],
)
def test_source_files_are_cloud_optimised(
    api: Api, key: str, name: str, count: int, pixels: int
) -> None:
    item = api.sandbox.sample_item(key)
    content = api.fetch(item["assets"][name]["href"]).content
    with MemoryFile(content) as memory, memory.open() as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert dataset.shape == (pixels, pixels)
        assert dataset.count == count
        assert dataset.dtypes[0] == "uint16"
        assert dataset.overviews(1)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.res[0] == pytest.approx(item["assets"][name]["gsd"])
        outline = in_meters(item["geometry"])
        assert box(*dataset.bounds).symmetric_difference(outline).area < 0.001 * outline.area
        assert dataset.read(1).std() > 100


@pytest.mark.parametrize(("process_id", "name"), RASTERS)
def test_raster_results(api: Api, process_id: str, name: str) -> None:
    content = result(api, process_id, name)
    with MemoryFile(content) as memory, memory.open() as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert (dataset.count, dataset.dtypes[0]) in [(4, "uint16"), (3, "uint8"), (1, "uint8")]
        assert dataset.overviews(1)
        assert dataset.read(1).any()


@pytest.mark.parametrize(
    ("process_id", "name"),
    [("detection-trees-spacept", "trees.tif"), ("detection-buildings-spacept", "buildings.tif")],
)
def test_probabilities_are_high_where_the_things_are(api: Api, process_id: str, name: str) -> None:
    content = result(api, process_id, name)
    ground = survey(SCENES["spot-berlin"].window())
    truth = ground.tree > 0.5 if "trees" in name else ground.building > 0
    with MemoryFile(content) as memory, memory.open() as dataset:
        probability = dataset.read(1)
    assert probability[truth].mean() > 4 * probability[~truth].mean()


@pytest.mark.parametrize(("process_id", "name"), OBJECTS)
def test_detections_lie_where_the_things_are(api: Api, process_id: str, name: str) -> None:
    api.sandbox.accept_eula("detection-wind-turbines-airbus")
    inputs = api.sandbox.inputs_for(process_id)
    item = api.get(inputs["item"])
    document = json.loads(result(api, process_id, name))
    assert document["type"] == "FeatureCollection"
    outline = shape(item["geometry"]).buffer(0.0005)
    key = next(key for key in SCENES if api.sandbox.sample_item(key)["id"] == item["id"])
    scene = SCENES[key]
    features = document["features"]
    kind = features[0]["properties"]["class"]
    assert name.startswith(kind)
    places = [Point(thing.x, thing.y) for thing in find_things(kind, scene.window(), scene.epoch)]
    assert len(features) == len(places) > 0
    for feature, place in zip(features, places, strict=True):
        assert feature["geometry"]["type"] in ("Point", "Polygon")
        assert feature["properties"]["class"] == kind
        assert 0 < feature["properties"]["confidence"] <= 1
        assert outline.contains(shape(feature["geometry"]).centroid)
        assert in_meters(feature["geometry"]).centroid.distance(place) < 15


def test_detection_that_finds_nothing(api: Api) -> None:
    potsdam = api.sandbox.item_url("pleiades-potsdam")
    content = result(api, "detection-aircraft-oi", "aircraft.geojson", item=potsdam)
    assert json.loads(content) == {"type": "FeatureCollection", "features": []}


def test_higher_sensitivity_finds_more_changes(api: Api) -> None:
    found = [
        json.loads(
            result(api, "detection-change-simularity", "changes.geojson", sensitivity=level)
        )["features"]
        for level in (1, 5)
    ]
    assert 0 < len(found[0]) < len(found[1])
    assert {feature["properties"]["change"] for feature in found[1]} == {
        "appeared",
        "disappeared",
    }


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_quick_looks(api: Api) -> None:
    for process_id in ("detection-trees-spacept", "pansharpening", "detection-change-simularity"):
        content = result(api, process_id, "thumbnail.png")
        with MemoryFile(content) as memory, memory.open() as picture:
            assert picture.driver == "PNG"
            assert max(picture.shape) <= 512
            assert picture.read().std() > 3


@pytest.mark.parametrize(
    ("inputs", "path", "disposition", "opened"),
    [
        ({}, "/output.tgz", None, tar_names),
        ({"format": "zip"}, "", 'attachment; filename="copy.zip"', zip_names),
        ({"format": "tif"}, "/copy.tif", "attachment; filename=", None),
    ],
)
def test_assets_without_a_type(
    api: Api, inputs: dict[str, str], path: str, disposition: str | None, opened: Any
) -> None:
    """As the official SDK's fixtures have them: the URL or the response names the file."""
    item = api.result_item(api.execute("sandbox-copy", **inputs))
    assert list(item["assets"]) == ["data"]
    asset = item["assets"]["data"]
    assert "type" not in asset
    response = api.fetch(asset["href"])
    last = asset["href"].rpartition("/")[2]
    assert response.url.path.endswith(f"/{last}{path}")
    sent = response.headers.get("content-disposition")
    assert (sent is None) == (disposition is None)
    assert (sent or "").startswith(disposition or "")
    if opened is not None:
        assert opened(response.content) == ["output/copy.tif"]
    else:
        assert response.content[:2] == b"II"


def test_result_is_built_once(api: Api) -> None:
    item = api.result_item(api.execute("pansharpening"))
    href = item["assets"]["pansharpened.tif"]["href"]
    first = api.fetch(href)
    second = api.fetch(href)
    for header in ("etag", "last-modified"):
        assert second.headers[header] == first.headers[header]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Note what is built instead of drawing it."""
    names: list[str] = []

    def write(name: str, scenes: Any, inputs: Any, path: Path) -> None:
        names.append(name)
        path.write_text(f"{inputs}")

    for process_id in ("detection-change-simularity", "true-color-conversion"):
        process = CATALOG[process_id]
        results = tuple(replace(each, write=partial(write, each.name)) for each in process.results)
        monkeypatch.setitem(CATALOG, process_id, replace(process, results=results))
    monkeypatch.setattr("up42_sandbox.storage.objects._SHARED", {})
    monkeypatch.setattr("up42_sandbox.storage.objects._shared_folder", lambda: tmp_path)
    return names


def test_jobs_with_the_same_inputs_share_what_is_built(api: Api, built: list[str]) -> None:
    process_id, name = "detection-change-simularity", "thumbnail.png"
    one = result(api, process_id, name, title="One", sensitivity=1)
    assert result(api, process_id, name, title="Two", sensitivity=1) == one
    assert len(built) == 1
    assert result(api, process_id, name, title="One", sensitivity=5) != one
    assert len(built) == 2


def test_sandboxes_share_what_is_built(built: list[str]) -> None:
    name, contents = "thumbnail.png", set()
    for _ in range(2):
        with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url) as client:
            api = Api(sandbox, client)
            api.use_token(api.login().json()["access_token"])
            contents.add(result(api, "true-color-conversion", name))
    assert built == [name]
    assert len(contents) == 1


FORKS = """
import os, sys, warnings
import httpx
from up42_sandbox import Sandbox

warnings.simplefilter("ignore")  # Python 3.12 warns of forks with threads
for _ in range(2):
    with Sandbox() as sandbox:
        sandbox.storage.offer("a", lambda path: path.write_text(sys.argv[1]), content="a")
        print(httpx.get(sandbox.storage.sign("a")).text)
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
def test_a_fork_that_exits_leaves_what_is_shared() -> None:
    assert offered("drawn", None) == ["drawn", "drawn"]


def test_processes_share_a_folder(tmp_path: Path) -> None:
    for text in ("drawn", "drawn again"):
        assert offered(text, tmp_path) == ["drawn", "drawn"]
    assert len(list(tmp_path.iterdir())) == 1


def offered(text: str, folder: Path | None) -> list[str]:
    """Return what two sandboxes of a new process deliver, where it would draw this text."""
    environment = {name: value for name, value in os.environ.items() if name != FILES_VARIABLE}
    if folder is not None:
        environment[FILES_VARIABLE] = str(folder)
    command = [sys.executable, "-c", FORKS, text]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    return done.stdout.splitlines()


def test_jobs_of_other_scenes_share_nothing(api: Api, built: list[str]) -> None:
    process_id, name = "true-color-conversion", "thumbnail.png"
    one = result(api, process_id, name)
    elsewhere = api.sandbox.item_url("pleiades-potsdam")
    assert result(api, process_id, name, item=elsewhere) != one
    assert built == [name, name]


# The landscape -------------------------------------------------------------------------------


def test_windows_that_overlap_show_the_same() -> None:
    small = Window(389_700.0, 5_820_400.0, 300.0, 300.0, 1.5)
    large = Window(389_400.0, 5_820_700.0, 900.0, 900.0, 1.5)
    part, whole = survey(small), survey(large)
    for one, other in ((part.building, whole.building), (part.tree, whole.tree)):
        np.testing.assert_allclose(one, other[200:400, 200:400], atol=1e-3)


def test_scene_has_everything() -> None:
    ground = survey(SCENES["spot-berlin"].window(6.0))
    for share in (
        ground.water.mean(),
        ground.street.mean(),
        ground.city.mean(),
        ground.forest.mean(),
        (ground.building > 0).mean(),
        (ground.tree > 0).mean(),
    ):
        assert 0.01 < share < 0.9
    window = SCENES["spot-berlin"].window()
    assert all(find_things(kind, window) for kind in KINDS)


def test_next_epoch_differs_a_little() -> None:
    window = SCENES["spot-berlin"].window(6.0)
    before, after = survey(window, 0).building > 0, survey(window, 1).building > 0
    changed = (before != after).mean()
    assert 0 < changed < 0.1 * before.mean()
    assert find_things("car", window, 0) != find_things("car", window, 1)


def test_files_are_the_same_in_every_run(tmp_path: Path) -> None:
    scene: SampleScene = SCENES["pleiades-berlin"]
    for name in ("one.tif", "other.tif"):
        MULTISPECTRAL.write([scene], {}, tmp_path / name)
    with rasterio.open(tmp_path / "one.tif") as one, rasterio.open(tmp_path / "other.tif") as other:
        assert (one.read() == other.read()).all()


def test_clouds_cover_what_the_item_says(tmp_path: Path) -> None:
    scene = SCENES["spot-berlin-cloudy"]
    path = tmp_path / "cloudy.tif"
    MULTISPECTRAL.write([scene], {}, path)
    with rasterio.open(path) as dataset:
        blue = dataset.read(1)
    assert (blue == 5200).mean() == pytest.approx(scene.cloud_cover / 100, abs=0.01)


def test_windows() -> None:
    window = Window(0.0, 100.0, 100.0, 50.0, 10.0)
    assert window.shape == (5, 10)
    assert window.bounds == (0.0, 50.0, 100.0, 100.0)
    common = window.intersection(Window(50.0, 200.0, 100.0, 130.0, 1.0))
    assert common == Window(50.0, 100.0, 50.0, 30.0, 10.0)
    with pytest.raises(ValueError, match="overlap"):
        window.intersection(Window(ORIGIN[0], ORIGIN[1], 1.0, 1.0, 1.0))
