"""The collection that a finished job leaves in the storage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from up42_sandbox.core.identifiers import make_id
from up42_sandbox.core.timestamps import stamp
from up42_sandbox.processing.records import JobRecord
from up42_sandbox.scene.products import write_result
from up42_sandbox.scene.samples import SAMPLES, SampleScene
from up42_sandbox.scene.window import EPSG, Window
from up42_sandbox.stac.records import (
    GEOJSON,
    GEOTIFF,
    PNG,
    StoredCollection,
    StoredFile,
    StoredItem,
)
from up42_sandbox.stac.samples import footprint


@dataclass(frozen=True)
class ResultFile:
    """A file that a process delivers: name, title and media type."""

    name: str
    title: str
    media_type: str = GEOTIFF


def _raster(stem: str, title: str) -> tuple[ResultFile, ...]:
    return (ResultFile(f"{stem}.tif", title),)


def _objects(stem: str, title: str) -> tuple[ResultFile, ...]:
    return (ResultFile(f"{stem}.geojson", title, GEOJSON),)


RESULT_FILES: dict[str, tuple[ResultFile, ...]] = {
    "pansharpening": _raster("pansharpened", "Pansharpened multispectral"),
    "true-color-conversion": _raster("true_color", "True colour"),
    "upsampling-ns": _raster("upsampled", "Upsampled multispectral"),
    "upsampling-ns-sentinel": _raster("upsampled", "Upsampled multispectral"),
    "orthorectification-intermap": _raster("orthorectified", "Orthorectified multispectral"),
    "detection-buildings-spacept": _raster("buildings", "Building probability"),
    "detection-trees-spacept": _raster("trees", "Tree probability"),
    "detection-shadows-spacept": _raster("shadows", "Shadow probability"),
    "detection-ships-airbus": _objects("ships", "Ships"),
    "detection-wind-turbines-airbus": _objects("wind_turbines", "Wind turbines"),
    "detection-storage-tanks-airbus": _objects("storage_tanks", "Storage tanks"),
    "detection-cars-oi": _objects("cars", "Cars"),
    "detection-trucks-oi": _objects("trucks", "Trucks"),
    "detection-aircraft-oi": _objects("aircraft", "Aircraft"),
    "coregistration-simularity": _raster("coregistered", "Coregistered multispectral"),
    "detection-change-simularity": (
        ResultFile("changes.tif", "Change map"),
        ResultFile("changes.geojson", "Changes", GEOJSON),
    ),
}
"""What each process delivers, besides a quick look."""

_QUICK_LOOK = ResultFile("thumbnail.png", "Quick look", PNG)


class ResultMaker:
    """Makes the collection of a job.

    Args:
        seed: Decides the ids.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def collection(self, job: JobRecord, sources: Sequence[StoredItem]) -> StoredCollection:
        """Return the collection of a job.

        Args:
            job: A job that has succeeded.
            sources: Its input items; the first sample scenes stand in for missing ones.
        """
        scenes = [item.scene for item in sources] or list(SAMPLES[:2])
        title = str(job.inputs.get("title", job.process_id))
        system = self._system(job, title, scenes[0])
        window = _window(scenes)
        item = StoredItem(
            id=self._id("result-item", job),
            collection_id=job.collection_id,
            geometry=footprint(window),
            properties={**_properties(job, title, scenes[0], window), **system},
            files=[self._file(job, file, scenes) for file in _files_of(job)],
            scene=scenes[0],
        )
        finished = job.finished or job.updated
        return StoredCollection(job.collection_id, title, finished, [item], dict(system))

    def _id(self, kind: str, job: JobRecord) -> str:
        return make_id(self._seed, kind, job.number)

    def _system(self, job: JobRecord, title: str, scene: SampleScene) -> dict[str, Any]:
        files = _files_of(job)
        vector = files[0].media_type == GEOJSON
        return {
            "up42-system:asset_id": self._id("result-asset", job),
            "up42-system:account_id": job.account_id,
            "up42-system:workspace_id": job.workspace_id,
            "up42-system:job_id": job.id,
            "up42-system:source": "ANALYTICS",
            "up42-system:metadata_version": "1.0.0",
            "up42-product:product_id": make_id(self._seed, "product", job.process_id),
            "up42-product:collection_name": scene.product,
            "up42-product:modality": "multispectral",
            "up42-product:data_type": "vector" if vector else "raster",
            "up42-user:title": title,
            "up42-user:tags": [job.process_id],
        }

    def _file(self, job: JobRecord, file: ResultFile, scenes: Sequence[SampleScene]) -> StoredFile:
        return StoredFile(
            id=make_id(self._seed, "result-file", job.number, file.name),
            name=file.name,
            title=file.title,
            media_type=file.media_type,
            roles=("thumbnail",) if file.media_type == PNG else ("data",),
            build=partial(write_result, job.process_id, file.name, tuple(scenes), job.inputs),
            content=_content(job, file, scenes),
        )


def _content(job: JobRecord, file: ResultFile, scenes: Sequence[SampleScene]) -> str:
    """Return what the bytes of a file depend on: a campaign has many jobs of one scene."""
    inputs = {name: value for name, value in job.inputs.items() if name != "title"}
    keys = [scene.key for scene in scenes]
    return json.dumps([job.process_id, file.name, keys, inputs], sort_keys=True, default=str)


def _files_of(job: JobRecord) -> tuple[ResultFile, ...]:
    return (*RESULT_FILES[job.process_id], _QUICK_LOOK)


def _window(scenes: Sequence[SampleScene]) -> Window:
    window = scenes[0].window()
    return window.intersection(scenes[1].window()) if len(scenes) > 1 else window


def _properties(job: JobRecord, title: str, scene: SampleScene, window: Window) -> dict[str, Any]:
    return {
        "datetime": scene.acquired.isoformat(),
        "created": stamp(job.finished or job.updated),
        "updated": stamp(job.updated),
        "title": title,
        "constellation": scene.constellation,
        "platform": scene.platform,
        "gsd": scene.gsd,
        "eo:cloud_cover": scene.cloud_cover,
        "proj:epsg": EPSG,
        "proj:shape": list(window.shape),
        "proj:transform": list(window.transform),
    }
