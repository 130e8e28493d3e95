"""Raster results of processing jobs as lazy arrays: what one gets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rasterio.transform import Affine

import up42_facade as up42
from tests.results.conftest import (
    GEOTIFF,
    GRID,
    IN_PARTS,
    Results,
    asked_bytes,
    downloaded,
    opened,
    pixels,
    ramp,
    tiff,
)
from up42_facade.results._lazy_rasters import fitting  # rasterio writes no file like these
from up42_sandbox import Sandbox

# rioxarray 0.19 multiplies transforms in a way that affine 3 warns of.
RIOXARRAY_MULTIPLIES = pytest.mark.filterwarnings("ignore:Use .@. matmul:PendingDeprecationWarning")
# GRID moved by one pixel, and GRID rotated.
MOVED = Affine(10, 0, 388_510, 0, -10, 5_821_500)
ROTATED = Affine(8, 6, 388_500, 6, -8, 5_821_500)


# What one gets ---------------------------------------------------------------------------


def test_an_image(job_of: Callable[..., up42.Job], tmp_path: Path) -> None:
    job = job_of("pansharpening")
    array = opened(job)
    assert array.name == "pansharpened.tif"
    assert array.dims == ("band", "y", "x")
    assert array.shape == (4, 2000, 2000)
    assert array.dtype == "uint16"
    assert list(array["band"].values) == ["blue", "green", "red", "nir"]
    assert array.rio.crs.to_epsg() == 32633
    assert array.rio.nodata is None
    item = job.items[0]
    assert str(array["item"].values) == item.id
    assert item.datetime is not None
    assert array["time"].values == np.datetime64(item.datetime.replace(tzinfo=None))
    np.testing.assert_array_equal(array.values, downloaded(job, tmp_path))


@RIOXARRAY_MULTIPLIES
def test_pixels_lie_where_the_file_says(results: Results) -> None:
    results.put("a.tif", tiff(ramp()))
    array = opened(results.job)
    assert array.rio.transform() == GRID
    assert (float(array["x"][0]), float(array["y"][0])) == (388_505.0, 5_821_495.0)
    assert (float(array["x"][-1]), float(array["y"][-1])) == (389_095.0, 5_821_105.0)


def test_only_the_header_is_read_at_first(sandbox: Sandbox, trees: up42.Job) -> None:
    sandbox.clear_requests()
    opened(trees)
    opened(trees, chunks=IN_PARTS)
    assert asked_bytes(sandbox) <= 2 * 64 * 1024


def test_only_the_window_is_read(sandbox: Sandbox, trees: up42.Job, tmp_path: Path) -> None:
    expected = downloaded(trees, tmp_path)[:, 300:420:3, 1700:1800]
    array = opened(trees)
    sandbox.clear_requests()
    window = array.isel(y=slice(300, 420, 3), x=slice(1700, 1800))
    np.testing.assert_array_equal(window.values, expected)
    assert 0 < asked_bytes(sandbox) < 400_000


def test_a_whole_image_takes_few_requests(sandbox: Sandbox, trees: up42.Job) -> None:
    array = opened(trees)
    sandbox.clear_requests()
    array.load()
    assert sum(request.origin == "storage" for request in sandbox.requests) <= 3  # of 64 tiles


@pytest.mark.parametrize(
    "key",
    [
        {"band": 1},
        {"band": [2, 0], "y": slice(5, 9)},
        {"y": 7, "x": slice(None, None, -1)},
        {"y": [3, 1, 30], "x": [0, 59]},
        {"band": slice(0, 0)},
        {"x": slice(10, 10)},
        {"band": -1, "y": -1, "x": -1},
    ],
)
@pytest.mark.parametrize("chunks", [None, {"y": 16, "x": 16}])
def test_choices_of_pixels(results: Results, key: dict[str, Any], chunks: Any) -> None:
    values = ramp(3)
    results.put("a.tif", tiff(values, tiled=True, blockxsize=16, blockysize=16))
    expected = xr.DataArray(values, dims=("band", "y", "x")).isel(key)
    np.testing.assert_array_equal(opened(results.job, chunks=chunks).isel(key).values, expected)


def test_what_was_read_whole_is_kept(sandbox: Sandbox, trees: up42.Job) -> None:
    array = opened(trees)
    first = array.values
    sandbox.clear_requests()
    np.testing.assert_array_equal(array.values, first)
    assert asked_bytes(sandbox) == 0


@pytest.mark.parametrize("layout", [{}, {"bigtiff": "yes"}, {"interleave": "band"}])
def test_files_that_are_no_cogs(sandbox: Sandbox, results: Results, layout: Any) -> None:
    # Strips, and with compression the directory at the end, behind several header blocks.
    values = ramp(2, 300, 400)
    results.put("a.tif", tiff(values, compress="deflate", **layout))
    np.testing.assert_array_equal(opened(results.job).values, values)
    part = opened(results.job, chunks={"y": 100}).isel(band=1, y=slice(290, 300))
    np.testing.assert_array_equal(part.values, values[1, 290:])


# Several items, several assets -----------------------------------------------------------


def test_items_are_stacked(results: Results) -> None:
    for number, item_id in enumerate(("first", "second")):
        results.item(item_id)
        results.put("a.tif", tiff(ramp() + number), roles=["data"])
    results.items[1].datetime = None
    array = opened(results.job)
    assert array.dims == ("item", "band", "y", "x")
    assert list(array["item"].values) == ["first", "second"]
    assert list(np.isnat(array["time"].values)) == [False, True]
    np.testing.assert_array_equal(array.values, np.stack([ramp(), ramp() + 1]))
    second = array.sel(item="second").isel(x=3)
    np.testing.assert_array_equal(second.values, ramp()[:, :, 3] + 1)
    chosen = opened(results.job, item_ids="second")
    assert chosen.dims == ("band", "y", "x")
    np.testing.assert_array_equal(chosen.values, ramp() + 1)
    assert opened(results.job, item_ids=["second", "first", "second"]).sizes["item"] == 2
    assert opened(results.job, chunks="auto").chunks == ((1, 1), (1,), (40,), (60,))


@pytest.mark.parametrize("year", [1, 1677, 2262, 9999])
def test_placeholder_years_are_no_time(results: Results, year: int) -> None:
    results.item().datetime = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    results.put("a.tif", tiff(ramp()))
    assert np.isnat(opened(results.job)["time"].values)


def test_the_begin_stands_for_a_missing_time(results: Results) -> None:
    results.item("one", start_datetime="2024-05-01T10:00:00Z").datetime = None
    results.put("a.tif", tiff(ramp()))
    assert opened(results.job)["time"].values == np.datetime64("2024-05-01T10:00:00")


@pytest.mark.parametrize(
    "other",
    [
        partial(tiff, ramp(1, 40, 61)),
        partial(tiff, ramp(2)),
        partial(tiff, ramp(), transform=MOVED),
        partial(tiff, ramp(), crs="EPSG:32632"),
        partial(tiff, ramp(dtype="float32")),
        partial(tiff, ramp(), nodata=0),
        partial(tiff, ramp(), descriptions=("red",)),
    ],
    ids=["size", "bands", "place", "crs", "type", "nodata", "names"],
)
def test_what_does_not_fit_together(results: Results, other: Callable[[], bytes]) -> None:
    results.item("first")
    results.put("a.tif", tiff(ramp()))
    results.put("b.tif", other())
    with pytest.raises(up42.InvalidInputError, match=r"'a\.tif', 'b\.tif'.*assets="):
        results.job.to_xarray()
    results.item("second")
    results.put("a.tif", other())
    with pytest.raises(up42.InvalidInputError, match=r"first: 1 × 40 × 60.*item_ids="):
        results.job.to_xarray(assets="a.tif")
    assert opened(results.job, "a.tif", item_ids="first").shape == (1, 40, 60)


def test_assets_on_one_grid_make_a_dataset(results: Results) -> None:
    results.put("a.tif", tiff(ramp(dtype="float32"), nodata=float("nan")))
    results.put("b.tif", tiff(ramp(dtype="float32") + 1, nodata=float("nan")))
    dataset = results.job.to_xarray()
    assert isinstance(dataset, xr.Dataset)
    assert list(dataset) == ["a.tif", "b.tif"]
    assert dataset.rio.crs.to_epsg() == 32633
    difference = dataset["b.tif"] - dataset["a.tif"]
    assert float(difference.min()) == float(difference.max()) == 1.0
    for choice in ("b.tif", ["b.tif"]):
        assert opened(results.job, choice).name == "b.tif"


def test_assets_of_different_items_make_none(results: Results) -> None:
    for item_id in ("first", "second"):
        results.item(item_id)
        results.put(f"{item_id}.tif", tiff(ramp()))
    with pytest.raises(up42.InvalidInputError, match="items"):
        results.job.to_xarray()


@pytest.mark.parametrize("assets", ["data", GEOTIFF, "image/tiff", "a.tif", ["a.tif", "other"]])
def test_choice_of_assets(results: Results, assets: Any) -> None:
    results.put("a.tif", tiff(ramp()), GEOTIFF, ["data"])
    results.put("b.tif", tiff(ramp()), None, ["thumbnail"])
    results.put("c.png", b"", "image/png", ["data"])
    assert opened(results.job, assets).name == "a.tif"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"assets": "trees"}, r"assets='trees' matches no raster.*trees\.tif \(image/tiff\)"),
        ({"assets": "thumbnail"}, "matches no raster"),
        ({"assets": []}, "matches no raster"),
        ({"item_ids": "other"}, "item_ids='other' matches no item.*Available: "),
        ({"item_ids": []}, "matches no item"),
        ({"item_ids": 5}, "matches no item"),
    ],
)
def test_choices_that_fit_nothing(trees: up42.Job, choice: dict[str, Any], message: str) -> None:
    with pytest.raises(up42.InvalidInputError, match=message):
        trees.to_xarray(**choice)


def test_a_job_without_rasters(job_of: Callable[..., up42.Job]) -> None:
    job = job_of("detection-cars-oi")
    message = r"no raster results.*cars\.geojson.*get_results_json\(\).*download_results\(\)"
    with pytest.raises(up42.NoResultsError, match=message) as caught:
        job.to_xarray()
    assert caught.value.job is job


def test_before_the_end_and_after_a_bad_one(job_of: Callable[..., up42.Job]) -> None:
    with pytest.raises(up42.UnfinishedJob, match="track"):
        job_of("detection-trees-spacept", status="running").to_xarray()
    with pytest.raises(up42.NoResultsError, match="released"):
        job_of("detection-trees-spacept", status="released").to_xarray()


# Bands, nodata, georeference -------------------------------------------------------------


@pytest.mark.parametrize(
    ("descriptions", "fields", "expected"),
    [
        (("red", "nir"), {"bands": [{"name": "B1"}, {"name": "B2"}]}, ["red", "nir"]),
        ((), {"bands": [{"name": "B1"}, {"name": "B2"}]}, ["B1", "B2"]),
        ((), {"eo:bands": [{"name": "B1"}, {"name": "B2"}]}, ["B1", "B2"]),
        ((), {"eo:bands": [{"name": "B1"}]}, [1, 2]),
        ((), {"eo:bands": [{"name": "B1"}, {}]}, [1, 2]),
        (("red", "red"), {}, [1, 2]),
        (("red",), {}, [1, 2]),
        ((), {}, [1, 2]),
    ],
)
def test_names_of_bands(
    results: Results, descriptions: Any, fields: dict[str, Any], expected: list[Any]
) -> None:
    results.put("a.tif", tiff(ramp(2), descriptions=descriptions), **fields)
    array = opened(results.job)
    assert list(array["band"].values) == expected
    np.testing.assert_array_equal(array.sel(band=expected[1]).values, ramp(2)[1])


@RIOXARRAY_MULTIPLIES
def test_a_choice_of_bands_can_be_written(results: Results, tmp_path: Path) -> None:
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    names = ("blue", "green", "red")
    results.put("a.tif", tiff(ramp(3), descriptions=names, nodata=7, **tiles))
    array = opened(results.job, chunks=16).sel(band=["red", "green"])
    array.rio.to_raster(tmp_path / "b.tif")
    np.testing.assert_array_equal(pixels(tmp_path / "b.tif"), ramp(3)[[2, 1]])


def test_what_the_file_says_of_its_values(results: Results) -> None:
    results.put("a.tif", tiff(ramp(2), scales=(0.5, 0.5), nodata=3))
    array = opened(results.job)
    assert array.attrs["scale_factor"] == 0.5
    assert "add_offset" not in array.attrs
    assert array.rio.nodata == 3
    assert array.attrs["AREA_OR_POINT"] == "Area"


@pytest.mark.parametrize(
    ("dtype", "nodata", "masked_type"),
    [
        ("uint8", 3, "float32"),
        ("uint16", 3, "float32"),
        ("int32", 3, "float64"),
        ("float32", float("nan"), "float32"),
        ("float64", 3.0, "float64"),
        ("complex64", 3, "complex64"),
    ],
)
@pytest.mark.parametrize("chunks", [None, 16])
def test_masked_pixels(
    results: Results, dtype: str, nodata: float, masked_type: str, chunks: Any
) -> None:
    values = ramp(1, 16, 16, dtype)
    values[0, 0, 3] = nodata
    results.put("a.tif", tiff(values, nodata=nodata))
    plain = opened(results.job, chunks=chunks)
    np.testing.assert_array_equal(plain.values, values)
    assert plain.rio.nodata == nodata or np.isnan(plain.rio.nodata)
    array = opened(results.job, masked=True, chunks=chunks)
    assert array.dtype == masked_type
    expected = values.astype(masked_type)
    expected[0, 0, 3] = np.nan
    np.testing.assert_array_equal(array.values, expected)
    assert np.isnan(array.rio.nodata)


@pytest.mark.parametrize(
    ("stored", "dtype", "expected"),
    [
        (-9999.0, "uint8", None),
        (0.5, "uint8", None),
        (float("nan"), "int16", None),
        (1e300, "float32", None),
        (-9999.0, "int16", -9999),
        (float("nan"), "float32", float("nan")),
        (float("-inf"), "float64", float("-inf")),
    ],
)
def test_nodata_that_no_pixel_can_have(stored: float, dtype: str, expected: Any) -> None:
    assert repr(fitting(stored, dtype)) in (repr(expected), repr(stored) if expected else "None")


def test_a_mask_in_the_file(results: Results) -> None:
    alpha = np.where(ramp() % 2, 255, 0)
    content = tiff(np.concatenate([ramp(dtype="uint8"), alpha.astype("uint8")]), alpha="yes")
    results.put("a.tif", content)
    assert list(np.isnan(opened(results.job, masked=True).values[0, 0, :4])) == [
        True, False, True, False,
    ]  # fmt: skip


def test_a_rotated_image(results: Results) -> None:
    results.put("a.tif", tiff(ramp(), transform=ROTATED))
    array = opened(results.job)
    assert set(array.coords) == {"band", "item", "time", "spatial_ref"}
    assert array.rio.transform(recalc=False) == ROTATED
    np.testing.assert_array_equal(array.values, ramp())
