"""Lazy arrays are read whenever, wherever and however often: links, faults, threads, processes."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dask.callbacks import Callback

import up42_facade as up42
from tests.results.conftest import GEOTIFF, IN_PARTS, Results, downloaded, opened, ramp, tiff
from up42_sandbox import Fault, Sandbox

# A day: tokens and signed URLs have expired by then.
LATER = 86_400


# Links that expire, connections that break -----------------------------------------------


@pytest.mark.parametrize("chunks", [None, IN_PARTS])
def test_links_that_have_expired_since(
    sandbox: Sandbox, trees: up42.Job, tmp_path: Path, chunks: Any
) -> None:
    expected = downloaded(trees, tmp_path)
    array = opened(trees, chunks=chunks)
    corner = array.isel(y=slice(0, 9), x=slice(0, 9))
    for _ in range(2):
        sandbox.clock.advance(LATER)
        np.testing.assert_array_equal(corner.compute().values, expected[:, :9, :9])
    sandbox.clock.advance(LATER)
    np.testing.assert_array_equal(array.compute().values, expected)
    refused = [r for r in sandbox.requests if r.origin == "storage" and r.status == 403]
    assert refused  # the links had expired indeed


def test_links_that_expire_between_chunks(
    sandbox: Sandbox, trees: up42.Job, tmp_path: Path
) -> None:
    expected = downloaded(trees, tmp_path)
    array = opened(trees, chunks=IN_PARTS)
    sandbox.clear_requests()
    with Callback(pretask=lambda *_: sandbox.clock.advance(LATER)):
        np.testing.assert_array_equal(array.compute(scheduler="synchronous").values, expected)
    links = [r for r in sandbox.requests if r.path.endswith("/download-url") and r.status == 200]
    assert len(links) == 16


def test_one_link_serves_many_reads(sandbox: Sandbox, trees: up42.Job) -> None:
    sandbox.clear_requests()
    opened(trees, chunks=IN_PARTS).compute()
    assert sum(request.path.endswith("/download-url") for request in sandbox.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "times": 2},
        {"status": 429, "retry_after": 0.01, "times": 2},
        {"drop": 20_000, "times": 3},
    ],
)
@pytest.mark.parametrize("chunks", [None, IN_PARTS])
def test_faults_that_pass(
    sandbox: Sandbox, trees: up42.Job, tmp_path: Path, fault: dict[str, Any], chunks: Any
) -> None:
    expected = downloaded(trees, tmp_path)
    array = opened(trees, chunks=chunks)
    sandbox.inject(Fault(origin="storage", path="*.tif", **fault))
    np.testing.assert_array_equal(array.compute().values, expected)
    assert not sandbox.pending_faults()


@pytest.mark.parametrize("chunks", [None, IN_PARTS])
def test_a_file_that_is_gone(sandbox: Sandbox, trees: up42.Job, chunks: Any) -> None:
    array = opened(trees, chunks=chunks)
    sandbox.inject(Fault(origin="storage", path="*.tif", status=404, times=None))
    with pytest.raises(up42.DownloadError, match="404"):
        array.compute()


def test_a_file_that_was_replaced(results: Results) -> None:
    results.put("a.tif", tiff(ramp()))
    array = opened(results.job)
    results.sandbox.storage.put("one/a.tif", tiff(ramp() + 1))
    with pytest.raises(up42.DownloadError, match="changed"):
        array.isel(y=0).compute()


def test_a_server_that_sends_no_parts(sandbox: Sandbox, trees: up42.Job) -> None:
    sandbox.storage.ranges = False
    with pytest.raises(up42.DownloadError, match=r"in parts.*download_results\(\)"):
        trees.to_xarray()


@pytest.mark.parametrize(
    "content",
    [b"no image", b"II*\x00 cut off", tiff(ramp(1, 300, 300), compress="lzw")[:40_000]],
    ids=["other", "header", "cut"],
)
def test_a_file_that_is_no_tiff(results: Results, content: bytes) -> None:
    results.put("a.tif", content, GEOTIFF)
    with pytest.raises(up42.DownloadError, match=r"'a\.tif' can't be read as a GeoTIFF"):
        opened(results.job).compute()


def test_other_formats_are_not_opened(results: Results) -> None:
    # GDAL would follow a VRT to any file or URL that it names.
    vrt = b'<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand band="1"/></VRTDataset>'
    results.put("a.tif", vrt, GEOTIFF)
    with pytest.raises(up42.DownloadError, match=r"'a\.tif'"):
        results.job.to_xarray()


def test_a_closed_session(trees: up42.Job) -> None:
    array = opened(trees)
    trees.session.close()
    with pytest.raises(up42.NotAuthenticatedError, match="closed"):
        array.compute()


def test_signatures_stay_out_of_messages_and_logs(
    sandbox: Sandbox, trees: up42.Job, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    array = opened(trees)
    sandbox.clock.advance(LATER)
    array.isel(x=0).compute()
    sandbox.inject(Fault(origin="storage", path="*.tif", status=404, times=None))
    with pytest.raises(up42.DownloadError) as caught:
        array.compute()
    shown = f"{array!r} {array.encoding} {caught.value!r} {caught.value.__cause__!r}"
    assert "rasterio" in caplog.text  # it does log
    for secret in ("Signature=", "Expires="):
        assert secret not in shown
        assert secret not in caplog.text


# Chunks, threads, other processes --------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (None, None),
        ("auto", ((2,), (40,), (60,))),
        (32, ((2,), (32, 8), (32, 28))),
        (np.int64(32), ((2,), (32, 8), (32, 28))),
        ({"y": 32}, ((2,), (32, 8), (16, 16, 16, 12))),
        ({"y": -1, "x": -1}, ((2,), (40,), (60,))),
        ({}, ((2,), (16, 16, 8), (16, 16, 16, 12))),
    ],
)
def test_chunks(results: Results, chunks: Any, expected: Any) -> None:
    results.put("a.tif", tiff(ramp(2), tiled=True, blockxsize=16, blockysize=16))
    assert opened(results.job, chunks=chunks).chunks == expected


@pytest.mark.parametrize(
    "chunks",
    [0, -1, True, 1.5, "all", {"time": 1}, [16, 16], {"y": "x"}, {"y": -5}, {"x": (512, 512)}],
)
def test_what_is_no_chunk_size(results: Results, chunks: Any) -> None:
    results.put("a.tif", tiff(ramp()))
    with pytest.raises(up42.InvalidInputError, match=r"chunks=.*[Ee]xpected"):
        results.job.to_xarray(chunks=chunks)


def test_dask_knows_the_same_array_again(trees: up42.Job) -> None:
    names = {opened(trees, chunks=IN_PARTS).data.name for _ in range(2)}
    assert len(names) == 1
    assert opened(trees, chunks=IN_PARTS, masked=True).data.name not in names


ELSEWHERE = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    array = pickle.load(file)
print(int(array.sum(dtype="int64")))
"""


@pytest.mark.parametrize("chunks", [None, IN_PARTS])
def test_arrays_travel_to_other_processes(
    sandbox: Sandbox, trees: up42.Job, tmp_path: Path, chunks: Any
) -> None:
    array = opened(trees, chunks=chunks)
    array.isel(x=0).compute()
    data = pickle.dumps(array)
    for secret in (sandbox.password, "Signature", "Bearer"):
        assert secret.encode() not in data
    here = pickle.loads(data).sum(dtype="int64")
    assert int(here) == int(array.sum(dtype="int64"))
    (tmp_path / "array").write_bytes(data)
    elsewhere = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path / "array")],
        env={**os.environ, **sandbox.environment},
        capture_output=True,
        text=True,
    )
    assert elsewhere.stdout.strip() == str(int(here)), elsewhere.stderr


@pytest.mark.parametrize("key", ["data", "a b ü!.tif", "zip://x!y.tif", "../../up.tif", "a\\b.tif"])
def test_odd_keys(results: Results, key: str) -> None:
    results.put("a.tif", tiff(ramp()), GEOTIFF)
    [item] = results.items
    item.assets = {key: item.assets["a.tif"]}
    array = opened(results.job)
    assert array.name == key
    np.testing.assert_array_equal(array.values, ramp())


@pytest.mark.parametrize("missing", ["rioxarray", "xarray", "rasterio"])
def test_without_the_extra(
    sandbox: Sandbox, trees: up42.Job, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in ("_raster_results", "_lazy_rasters"):
        monkeypatch.delitem(sys.modules, f"up42_facade.results.{name}", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    sandbox.clear_requests()
    with pytest.raises(up42.MissingExtraError, match=r"to_xarray\(\) needs the extra 'xarray'"):
        trees.to_xarray()
    assert not sandbox.requests


def test_without_dask(trees: up42.Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(up42.MissingExtraError, match=r"chunks.*'xarray'"):
        trees.to_xarray(chunks=IN_PARTS)
    assert opened(trees).isel(x=0, y=0).values.shape == (1,)
