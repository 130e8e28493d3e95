"""Vector results of processing jobs in one line."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac
import pytest

import up42_facade as up42
from tests.facade.small_server import Reply, SmallServer, as_json
from tests.results.conftest import GEOJSON, Results, ramp, tiff
from up42_facade.analytics import JobTask
from up42_sandbox import Fault, Sandbox

POINT = {"type": "Point", "coordinates": [13.3, 52.4]}
BERLIN_UTM = [388_500.0, 5_821_500.0]


def feature(geometry: Any = POINT, /, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **members}


def read(results: Results) -> dict[str, Any]:
    found = results.job.get_results_json()
    assert isinstance(found, dict)
    return found


def epsg(code: int | str = 32633) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{code}"}}


def test_features_of_a_job(job_of: Callable[..., up42.Job], tmp_path: Path) -> None:
    job = job_of("detection-cars-oi")
    [path] = job.download_results(tmp_path, assets="data", progress=False)
    expected = json.loads(Path(path).read_text(encoding="utf-8"))["features"]
    found = job.get_results_json()
    assert isinstance(found, dict)
    assert found["type"] == "FeatureCollection"
    assert [one["geometry"] for one in found["features"]] == [one["geometry"] for one in expected]
    origin = {"item_id": job.items[0].id, "asset": "cars.geojson"}
    assert expected
    for one, known in zip(found["features"], expected, strict=True):
        assert one["properties"] == {**known["properties"], **origin}


def test_features_of_a_job_as_a_frame(job_of: Callable[..., up42.Job]) -> None:
    job = job_of("detection-cars-oi")
    frame: Any = job.get_results_json(as_dataframe=True)
    collected: Any = job.get_results_json()
    assert len(frame) == len(collected["features"]) > 0
    assert list(frame) == [
        "geometry", "class", "confidence", "length_m", "width_m", "item_id", "asset",
    ]  # fmt: skip
    assert frame.crs.to_epsg() == 4326
    west, south, east, north = frame.total_bounds
    assert 13 < west < east < 14
    assert 52 < south < north < 53
    assert set(frame["asset"]) == {"cars.geojson"}


def test_a_job_with_features_and_a_raster(job_of: Callable[..., up42.Job]) -> None:
    frame: Any = job_of("detection-change-simularity").get_results_json(as_dataframe=True)
    assert set(frame["asset"]) == {"changes.geojson"}
    assert set(frame["change"]) == {"appeared", "disappeared"}


def test_it_is_called_like_that_of_a_job_task() -> None:
    ours, theirs = (
        inspect.signature(owner.get_results_json).parameters for owner in (up42.Job, JobTask)
    )
    assert ours == theirs


def test_detections_that_find_nothing(sandbox: Sandbox, job_of: Callable[..., up42.Job]) -> None:
    inputs = {"title": "None", "item": sandbox.item_url("pleiades-potsdam")}
    job = job_of("detection-storage-tanks-airbus", inputs=inputs)
    assert job.get_results_json() == collection()
    frame: Any = job.get_results_json(as_dataframe=True)
    assert len(frame) == 0
    assert list(frame) == ["geometry", "item_id", "asset"]
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.name == "geometry"


def test_items_and_files_in_their_order(results: Results) -> None:
    results.item("first")
    results.put("b.geojson", collection(feature(n=1), feature(n=2)))
    results.put("a.json", collection(feature(n=3)), "application/json", ["data"])
    results.item("second")
    results.put("b.geojson", feature(n=4))
    results.put("empty", collection(), GEOJSON)
    found = [one["properties"] for one in read(results)["features"]]
    assert found == [
        {"n": 1, "item_id": "first", "asset": "b.geojson"},
        {"n": 2, "item_id": "first", "asset": "b.geojson"},
        {"n": 3, "item_id": "first", "asset": "a.json"},
        {"n": 4, "item_id": "second", "asset": "b.geojson"},
    ]


def test_files_are_read_side_by_side(results: Results) -> None:
    together = threading.Barrier(2)

    def meet(_: object) -> Reply:
        together.wait(timeout=10)  # breaks if the other file is not being read now
        return as_json(collection(feature()))

    with SmallServer() as server:
        for name in ("a.geojson", "b.geojson"):
            server.routes[f"/{name}"] = meet
            asset = pystac.Asset(f"{server.url}/{name}", media_type=GEOJSON)
            results.item(name).add_asset(name, asset)
        assert len(read(results)["features"]) == 2
    assert not together.broken


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"asset": 1}, {"properties.asset": 1}),
        ({"item_id": None}, {"properties.item_id": None}),
        (
            {"asset": 1, "properties.asset": 2},
            {"properties.asset": 2, "properties.properties.asset": 1},
        ),
    ],
)
def test_properties_of_these_names_are_kept(
    results: Results, own: dict[str, Any], expected: dict[str, Any]
) -> None:
    results.put("a.geojson", collection(feature(POINT, **own)))
    [found] = read(results)["features"]
    assert found["properties"] == {**expected, "item_id": "one", "asset": "a.geojson"}
    frame: Any = results.job.get_results_json(as_dataframe=True)
    assert set(frame) == {"geometry", *found["properties"]}


def test_members_beside_the_properties_are_kept(results: Results) -> None:
    results.put("a.geojson", collection({**feature(), "id": "f1", "bbox": [1, 2, 3, 4]}))
    [found] = read(results)["features"]
    assert (found["id"], found["bbox"]) == ("f1", [1, 2, 3, 4])


@pytest.mark.parametrize("properties", [None, {}])
def test_a_feature_without_properties(results: Results, properties: Any) -> None:
    results.put("a.geojson", collection({**feature(), "properties": properties}, None))
    [found] = read(results)["features"]
    assert found["properties"] == {"item_id": "one", "asset": "a.geojson"}


@pytest.mark.parametrize(
    "declared",
    [
        None,
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC::CRS84"}},
        {"type": "name", "properties": {"name": "EPSG:4326"}},
        epsg(4326),
    ],
)
def test_a_crs_in_degrees_changes_nothing(results: Results, declared: Any) -> None:
    results.put("a.geojson", collection(feature(), crs=declared))
    [found] = read(results)["features"]
    assert found["geometry"] == POINT


def test_another_crs_is_transformed(results: Results) -> None:
    x, y = BERLIN_UTM
    ring = [[x, y, 34.0], [x + 10, y, 34.0], [x, y - 10, 34.0], [x, y, 34.0]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    results.put(
        "a.geojson",
        collection({**feature(shape), "bbox": [x, y, x, y]}, feature(None), crs=epsg()),
    )
    results.put("b.geojson", collection(feature()))
    moved, shapeless, plain = read(results)["features"]
    longitude, latitude, height = moved["geometry"]["coordinates"][0][0]
    # Computed by Snyder's series, not by PROJ.
    assert (round(longitude, 7), round(latitude, 7), height) == (13.3562112, 52.5321702, 34.0)
    assert "bbox" not in moved
    assert shapeless["geometry"] is None
    assert plain["geometry"] == POINT
    frame: Any = results.job.get_results_json(as_dataframe=True)
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry[0].exterior.coords[0] == (longitude, latitude, height)


def test_x_comes_before_y_whatever_the_crs_says(results: Results) -> None:
    # ETRS89 has latitudes first, and lies within a metre of WGS 84.
    results.put("a.geojson", collection(feature(), crs=epsg(4258)))
    [found] = read(results)["features"]
    assert found["geometry"]["coordinates"] == pytest.approx(POINT["coordinates"], abs=1e-5)


@pytest.mark.parametrize(
    "declared",
    [
        epsg("999999"),
        {"type": "link", "properties": {"href": "https://example.com/crs"}},
        {"type": "name"},
        "EPSG:32633",
    ],
)
def test_a_crs_that_is_not_known(results: Results, declared: Any) -> None:
    results.put("a.geojson", collection(feature(), crs=declared))
    with pytest.raises(up42.UnexpectedResponseError, match=r"'a\.geojson'.*CRS.*download_results"):
        results.job.get_results_json()


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Point", "coordinates": [1e30, 1e30]},
        {"type": "Point", "coordinates": [10**400, 1]},
        {"type": "Blob", "coordinates": BERLIN_UTM},
        {"type": "Point"},
        5,
    ],
)
def test_a_shape_that_has_no_place_in_degrees(results: Results, shape: Any) -> None:
    results.put("a.geojson", collection(feature(shape), crs=epsg()))
    with pytest.raises(up42.UnexpectedResponseError, match=r"WGS 84 / UTM zone 33N"):
        results.job.get_results_json()


def test_a_crs_of_mars(results: Results) -> None:
    declared = {"type": "name", "properties": {"name": "ESRI:104905"}}
    results.put("a.geojson", collection(feature(), crs=declared))
    with pytest.raises(up42.UnexpectedResponseError, match=r"'a\.geojson'.*GCS_Mars_2000"):
        results.job.get_results_json()


@pytest.mark.parametrize("content", [b"<html>", b"", b"\xff", b"[]", b"null", b'{"type": "Point"}'])
def test_what_claims_to_be_geojson(results: Results, content: bytes) -> None:
    results.put("a.bin", content, GEOJSON)
    with pytest.raises(up42.UnexpectedResponseError, match=r"'a\.bin' of item one isn't"):
        results.job.get_results_json()


@pytest.mark.parametrize("odd", [5, "x", {"properties": 5}, {"properties": ["a"]}])
def test_what_is_no_feature(results: Results, odd: Any) -> None:
    results.put("a.geojson", collection(feature(), odd))
    with pytest.raises(up42.UnexpectedResponseError, match="isn't valid GeoJSON"):
        results.job.get_results_json()


def test_files_beside_the_results_are_left_out(results: Results) -> None:
    results.put("a.geojson", collection(feature(n=1)), GEOJSON, ["data"])
    results.put("report.json", {"pixels": 1}, "application/json", ["data"])
    results.put("bounds.geojson", collection(feature(n=2)), GEOJSON, ["metadata"])
    results.put("other.json", collection(feature(n=3)), "application/json", ["metadata"])
    results.put("image.tif", tiff(ramp()))
    assert [one["properties"]["n"] for one in read(results)["features"]] == [1]


@pytest.mark.parametrize("media_type", [None, "application/octet-stream"])
def test_the_first_bytes_decide_if_neither_type_nor_name_does(
    results: Results, media_type: str | None
) -> None:
    results.item("vector")
    results.put("data", collection(feature(n=1)), media_type, ["data"])
    results.item("raster")
    results.put("data", tiff(ramp()), media_type, ["data"])
    assert [f["properties"]["n"] for f in results.job.get_results_json()["features"]] == [1]
    assert results.job.to_xarray().shape == (1, 40, 60)


def test_the_media_type_decides_before_the_name(results: Results) -> None:
    results.put("picture.tif", b"", "image/png", ["data"])
    results.put("scene.png", tiff(ramp()), "image/tiff", ["data"])
    results.put("a.json", collection(feature(n=1)), GEOJSON)
    results.put("b.geojson", collection(feature(n=2)), "application/json")
    assert [f["properties"]["n"] for f in results.job.get_results_json()["features"]] == [1, 2]
    assert results.job.to_xarray().name == "scene.png"


def test_a_job_without_vectors(job_of: Callable[..., up42.Job]) -> None:
    job = job_of("detection-trees-spacept")
    with pytest.raises(
        up42.NoResultsError, match=r"no vector results.*trees\.tif.*to_xarray"
    ) as no:
        job.get_results_json()
    assert no.value.job is job
    assert "download_results()" in str(no.value)


def test_json_that_holds_no_features(results: Results) -> None:
    results.put("report.json", {"pixels": 1}, "application/json", ["data"])
    with pytest.raises(up42.NoResultsError, match=r"report\.json"):
        results.job.get_results_json()


def test_before_the_end_and_after_a_bad_one(job_of: Callable[..., up42.Job]) -> None:
    with pytest.raises(up42.UnfinishedJob, match="track"):
        job_of("detection-cars-oi", status="running").get_results_json()
    with pytest.raises(up42.NoResultsError, match="released"):
        job_of("detection-cars-oi", status="released").get_results_json(as_dataframe=True)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(origin="storage", path="*.geojson", status=403, times=1),
        Fault(origin="storage", path="*.geojson", status=503, times=1),
        Fault(origin="storage", path="*.geojson", drop=2_000, times=1),
    ],
)
def test_faults_that_pass(sandbox: Sandbox, job_of: Callable[..., up42.Job], fault: Fault) -> None:
    job = job_of("detection-cars-oi")
    expected = job.get_results_json()
    sandbox.inject(fault)
    assert job.get_results_json() == expected
    assert not sandbox.pending_faults()


def test_a_file_that_is_gone(sandbox: Sandbox, job_of: Callable[..., up42.Job]) -> None:
    job = job_of("detection-cars-oi")
    sandbox.inject(Fault(origin="storage", path="*.geojson", status=404, times=None))
    with pytest.raises(up42.DownloadError, match="404") as caught:
        job.get_results_json()
    assert "Signature" not in str(caught.value)


def test_a_checksum_that_does_not_fit(results: Results) -> None:
    announced = {"file:checksum": "1220" + "00" * 32}
    results.put("a.geojson", collection(feature()), **announced)
    with pytest.raises(up42.ChecksumError):
        results.job.get_results_json()
