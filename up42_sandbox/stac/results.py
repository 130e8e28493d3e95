"""The results of a finished job in the storage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from up42_sandbox.core.values import make_id, stamp
from up42_sandbox.processing.catalog import PROCESSES
from up42_sandbox.processing.records import JobRecord
from up42_sandbox.scene.products import GEOJSON, Product
from up42_sandbox.scene.samples import SAMPLES, SampleScene
from up42_sandbox.stac.records import StoredFile, StoredItem
from up42_sandbox.stac.samples import footprint, scene_properties

Scenes = Sequence[SampleScene]


def result_item(seed: int, job: JobRecord, sources: Sequence[StoredItem]) -> StoredItem:
    """Return the item of a job that succeeded.

    Args:
        seed: Determines the IDs.
        job: The job.
        sources: Its input items; the first sample scenes replace missing ones.
    """
    scenes = [item.scene for item in sources] or list(SAMPLES[:2])
    title = str(job.inputs.get("title", job.process_id))
    products = PROCESSES[job.process_id].products(job.inputs)
    vector = products[0].media_type == GEOJSON
    workspace = {"up42-system:workspace_id": job.workspace_id} if job.workspace_id else {}
    extension = {
        "up42-system:asset_id": make_id(seed, "result-asset", job.number),
        "up42-system:account_id": job.account_id,
        **workspace,
        "up42-system:job_id": job.id,
        "up42-system:source": "ANALYTICS",
        "up42-system:metadata_version": "1.0.0",
        "up42-product:product_id": make_id(seed, "product", job.process_id),
        "up42-product:collection_name": scenes[0].product,
        "up42-product:modality": "multispectral",
        "up42-product:data_type": "vector" if vector else "raster",
        "up42-user:title": title,
        "up42-user:tags": [job.process_id],
    }
    window = scenes[0].window()
    if len(scenes) > 1:
        window = window.intersection(scenes[1].window())
    times = {"created": stamp(job.finished or job.updated), "updated": stamp(job.updated)}
    properties = {**scene_properties(scenes[0], window), **times, "title": title}
    return StoredItem(
        id=make_id(seed, "result-item", job.number),
        collection_id=job.collection_id,
        geometry=footprint(window),
        extension=extension,
        properties={**properties, **extension},
        files=[_file(seed, job, product, scenes) for product in products],
        scene=scenes[0],
    )


def _file(seed: int, job: JobRecord, product: Product, scenes: Scenes) -> StoredFile:
    return StoredFile(
        id=make_id(seed, "result-file", job.number, product.name),
        product=product,
        build=partial(product.write, scenes, job.inputs),
        content=_content(job, product, scenes),
    )


def _content(job: JobRecord, product: Product, scenes: Scenes) -> str:
    """Return everything that the bytes of a file depend on, so that jobs can share files."""
    # Items are links to a sandbox: the scenes stand for them.
    inputs = {
        name: value
        for name, value in job.inputs.items()
        if name != "title" and not name.lower().endswith(("item", "items"))
    }
    keys = [scene.key for scene in scenes]
    return json.dumps([job.process_id, product.name, keys, inputs], sort_keys=True, default=str)
