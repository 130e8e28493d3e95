"""Outputs of tasks: features, archives, quicklooks, logs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from up42_sandbox.analytics.records import AnalyticsJob
from up42_sandbox.analytics.samples import image_bbox, image_footprint, image_window
from up42_sandbox.analytics.timeline import Progress
from up42_sandbox.core.values import make_id, stamp
from up42_sandbox.scene import imagery
from up42_sandbox.scene.files import write_cog, write_picture
from up42_sandbox.scene.products import BAND_NAMES, write_archive
from up42_sandbox.scene.samples import SAMPLES

QUICKLOOK_TYPES = {".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png"}
"""Suffixes of quicklooks, used in turn, with their media types."""

_SENTINEL = next(scene for scene in SAMPLES if scene.key == "sentinel-2-berlin")


def _image_id(seed: int, job: AnalyticsJob, image: int) -> str:
    return make_id(seed, "image", job.number, image)


def _image_path(seed: int, job: AnalyticsJob, index: int, image: int) -> str:
    image_id = _image_id(seed, job, image)
    block = job.workflow.blocks[index]
    if job.outcome.nested:
        return f"{image_id}/{image_id}_0-0.tif"
    return f"{image_id}.tif" if block.type == "DATA" else f"{image_id[:8]}_{block.name}.tif"


def features(seed: int, job: AnalyticsJob, index: int) -> dict[str, Any]:
    """Return the GeoJSON output of the task with this number."""
    images = range(job.outcome.images)
    found = [_feature(seed, job, index, image) for image in images]
    return {"type": "FeatureCollection", "features": found}


def _feature(seed: int, job: AnalyticsJob, index: int, image: int) -> dict[str, Any]:
    path_key = "up42.data.aoiclipped" if job.outcome.old_style else "up42.data_path"
    moment = stamp(job.created - timedelta(days=90 + 10 * image), 9)
    feature: dict[str, Any] = {
        "type": "Feature",
        "id": _image_id(seed, job, image),
        "bbox": image_bbox(image),
        "geometry": image_footprint(image),
        "properties": {
            "uid": _image_id(seed, job, image)[:8],
            path_key: _image_path(seed, job, index, image),
            # Later images are from a provider that omits the time zone.
            "acquisitionDate": moment if image == 0 else moment.removesuffix("Z"),
            "cloudCoverage": 4.2 + image,
        },
    }
    if image:
        # Both members are optional in the real service.
        del feature["id"], feature["bbox"]
    return feature


def build_archive(seed: int, job: AnalyticsJob, index: int, path: Path) -> None:
    """Write the archive of the task with this number."""
    members = _members(seed, job, index)
    zipped, modified = job.outcome.archive == "zip", job.created.timestamp()
    write_archive(path, members, zipped=zipped, modified=modified)


def _members(seed: int, job: AnalyticsJob, index: int) -> Iterator[tuple[str, bytes]]:
    yield "data.json", json.dumps(features(seed, job, index)).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.tif"
        for image in range(job.outcome.images):
            _write_image(job, index, image, file)
            yield _image_path(seed, job, index, image), file.read_bytes()


def _write_image(job: AnalyticsJob, index: int, image: int, path: Path) -> None:
    window = image_window(image)
    bands = imagery.multispectral(_SENTINEL, window)
    if job.workflow.blocks[index].type == "DATA":
        write_cog(path, bands, window, BAND_NAMES, nodata=0)
        return
    red, infrared = bands[2].astype(np.float32), bands[3].astype(np.float32)
    ndvi = (infrared - red) / (infrared + red)
    write_cog(path, ndvi[np.newaxis], window, ("ndvi",), nodata=-9999.0)


def quicklook_names(seed: int, job: AnalyticsJob, index: int) -> list[str]:
    """Return the file names of a task's quicklooks; only the first task has any."""
    suffixes, count = list(QUICKLOOK_TYPES), 0 if index else job.outcome.quicklooks
    return [f"{_image_id(seed, job, n)}{suffixes[n % len(suffixes)]}" for n in range(count)]


def build_quicklook(image: int, name: str, path: Path) -> None:
    """Write the quicklook of an image; the suffix of its name determines the format."""
    window = image_window(image)
    bands = imagery.multispectral(_SENTINEL, window.at(window.width / 200))
    write_picture(path, imagery.picture(bands), "PNG" if name.endswith(".png") else "JPEG")


def log_text(job: AnalyticsJob, index: int, progress: Progress) -> str:
    """Return the log of a task; empty before it runs."""
    if progress.started is None:
        return ""
    block = job.workflow.blocks[index]
    lines = [
        (progress.started, "INFO", f"Block {block.name} {block.version} starts"),
        (progress.started, "INFO", f"Parameters: {json.dumps(job.inputs[block.task_name])}"),
    ]
    if progress.finished is not None:
        endings = {
            "SUCCEEDED": ("INFO", f"Wrote {job.outcome.images} images to /tmp/output"),
            "FAILED": ("ERROR", "MemoryError: unable to allocate 3.52 GiB for the image"),
            "CANCELLED": ("WARNING", "Stopped on request"),
        }
        lines.append((progress.finished, *endings.get(progress.status, ("ERROR", "Node lost"))))
    return "".join(
        f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d} - {level} - {text}\n"
        for moment, level, text in lines
    )
