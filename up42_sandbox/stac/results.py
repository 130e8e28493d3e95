"""The collection of a finished job in the storage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from up42_sandbox.core.identifiers import make_id
from up42_sandbox.core.timestamps import stamp
from up42_sandbox.processing.catalog import PROCESSES
from up42_sandbox.processing.records import JobRecord
from up42_sandbox.scene.products import GEOJSON, PNG, Product
from up42_sandbox.scene.samples import SAMPLES, SampleScene
from up42_sandbox.scene.window import EPSG, Window
from up42_sandbox.stac.records import StoredCollection, StoredFile, StoredItem
from up42_sandbox.stac.samples import footprint

Scenes = Sequence[SampleScene]


class ResultMaker:
    """Creates the collections of jobs.

    Args:
        seed: Determines the IDs.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def collection(self, job: JobRecord, sources: Sequence[StoredItem]) -> StoredCollection:
        """Return the collection of a job.

        Args:
            job: A job that succeeded.
            sources: Its input items; the first sample scenes replace missing ones.
        """
        scenes = [item.scene for item in sources] or list(SAMPLES[:2])
        title = str(job.inputs.get("title", job.process_id))
        products = PROCESSES[job.process_id].products(job.inputs)
        extension = self._extension(job, title, scenes[0], products[0])
        window = scenes[0].window()
        if len(scenes) > 1:
            window = window.intersection(scenes[1].window())
        item = StoredItem(
            id=make_id(self._seed, "result-item", job.number),
            collection_id=job.collection_id,
            geometry=footprint(window),
            properties={**_properties(job, title, scenes[0], window), **extension},
            files=[self._file(job, product, scenes) for product in products],
            scene=scenes[0],
        )
        finished = job.finished or job.updated
        return StoredCollection(job.collection_id, title, finished, [item], extension)

    def _extension(
        self, job: JobRecord, title: str, scene: SampleScene, product: Product
    ) -> dict[str, Any]:
        workspace = {"up42-system:workspace_id": job.workspace_id} if job.workspace_id else {}
        return {
            "up42-system:asset_id": make_id(self._seed, "result-asset", job.number),
            "up42-system:account_id": job.account_id,
            **workspace,
            "up42-system:job_id": job.id,
            "up42-system:source": "ANALYTICS",
            "up42-system:metadata_version": "1.0.0",
            "up42-product:product_id": make_id(self._seed, "product", job.process_id),
            "up42-product:collection_name": scene.product,
            "up42-product:modality": "multispectral",
            "up42-product:data_type": "vector" if product.media_type == GEOJSON else "raster",
            "up42-user:title": title,
            "up42-user:tags": [job.process_id],
        }

    def _file(self, job: JobRecord, product: Product, scenes: Scenes) -> StoredFile:
        return StoredFile(
            id=make_id(self._seed, "result-file", job.number, product.name),
            name=product.name,
            title=product.title,
            media_type=product.media_type,
            role="thumbnail" if product.media_type == PNG else "data",
            build=partial(write_result, job.process_id, product.name, tuple(scenes), job.inputs),
            content=_content(job, product, scenes),
            key=product.key,
            url_form=product.url_form,
        )


def write_result(
    process_id: str, name: str, scenes: Scenes, inputs: Mapping[str, Any], path: Path
) -> None:
    """Write the file of a job with a given name."""
    for product in PROCESSES[process_id].products(inputs):
        if product.name == name:
            product.write(scenes, inputs, path)


def _content(job: JobRecord, product: Product, scenes: Scenes) -> str:
    """Return everything that the bytes of a file depend on, so that jobs can share files."""
    inputs = {name: value for name, value in job.inputs.items() if name != "title"}
    keys = [scene.key for scene in scenes]
    return json.dumps([job.process_id, product.name, keys, inputs], sort_keys=True, default=str)


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
