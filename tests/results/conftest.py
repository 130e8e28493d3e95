"""Jobs with results, those of the sandbox and others made up of files of one's own."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import xarray as xr
from attrs import define, field
from rasterio.io import MemoryFile
from rasterio.transform import Affine

import up42_facade as up42
from up42_sandbox import Sandbox

GEOTIFF = "image/tiff; application=geotiff; profile=cloud-optimized"
GEOJSON = "application/geo+json"
GRID = Affine(10, 0, 388_500, 0, -10, 5_821_500)
# Chunks of 512 pixels make 16 parts of the sandbox's images: more than dask has threads.
IN_PARTS = 512
ACQUIRED = dt.datetime(2024, 6, 1, 10, tzinfo=dt.UTC)


@define
class Results:
    """Result items that a test makes up; `job.items` returns them."""

    sandbox: Sandbox
    job: up42.Job
    items: list[pystac.Item] = field(factory=list)

    def item(self, item_id: str = "one", **properties: Any) -> pystac.Item:
        """Add an item without assets."""
        made = pystac.Item(item_id, None, None, ACQUIRED, properties)
        self.items.append(made)
        return made

    def put(
        self,
        key: str,
        content: Any,
        media_type: str | None = None,
        roles: list[str] | None = None,
        **fields: Any,
    ) -> pystac.Asset:
        """Add an asset to the last item: bytes, or an object as JSON, behind a signed URL."""
        if not self.items:
            self.item()
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        item = self.items[-1]
        url = self.sandbox.storage.put(f"{item.id}/{key}", data)()
        item.add_asset(key, pystac.Asset(url, None, None, media_type, roles, extra_fields=fields))
        return item.assets[key]


@pytest.fixture
def results(sandbox: Sandbox, session: up42.Session, monkeypatch: pytest.MonkeyPatch) -> Results:
    job = up42.Job.get(sandbox.add_job().id, session=session)
    made = Results(sandbox, job)
    monkeypatch.setattr(up42.Job, "items", property(lambda _: made.items))
    return made


@pytest.fixture
def job_of(sandbox: Sandbox, session: up42.Session) -> Callable[..., up42.Job]:
    """Return a finished job of a process."""

    def make(process_id: str, **options: Any) -> up42.Job:
        return up42.Job.get(sandbox.add_job(process_id, **options).id, session=session)

    return make


@pytest.fixture
def trees(job_of: Callable[..., up42.Job]) -> up42.Job:
    """Return a job whose only result is an image of one band."""
    return job_of("detection-trees-spacept")


def tiff(
    values: Any, *, descriptions: tuple[str, ...] = (), scales: Any = None, **profile: Any
) -> bytes:
    """Return a GeoTIFF with bands of values."""
    values = np.asarray(values)
    count, height, width = values.shape
    options = {
        "driver": "GTiff",
        "count": count,
        "height": height,
        "width": width,
        "dtype": values.dtype.name,
        "crs": "EPSG:32633",
        "transform": GRID,
        **profile,
    }
    with MemoryFile() as memory:
        with memory.open(**options) as dataset:
            dataset.write(values)
            for number, name in enumerate(descriptions, start=1):
                dataset.set_band_description(number, name)
            if scales is not None:
                dataset.scales = scales
        content: bytes = memory.read()
    return content


def ramp(bands: int = 1, height: int = 40, width: int = 60, dtype: str = "uint16") -> Any:
    """Return values that are all different, as far as the type allows it."""
    return np.arange(bands * height * width).reshape(bands, height, width).astype(dtype)


def pixels(path: str | Path) -> Any:
    with rasterio.open(path) as dataset:
        return dataset.read()


def opened(job: up42.Job, *arguments: Any, **options: Any) -> xr.DataArray:
    array = job.to_xarray(*arguments, **options)
    assert isinstance(array, xr.DataArray)
    return array


def downloaded(job: up42.Job, folder: Path) -> Any:
    """Return the pixels of the only data file of a job, fetched whole."""
    [path] = job.download_results(folder, assets="data", progress=False)
    return pixels(path)


def asked_bytes(sandbox: Sandbox) -> int:
    """Return how many bytes of files were asked for; a request without a range counts as 1 GB."""
    total = 0
    for request in sandbox.requests:
        if request.origin != "storage":
            continue
        start, _, last = request.headers.get("range", "bytes=0-999999999")[6:].partition("-")
        total += int(last or 999_999_999) - int(start) + 1
    return total
