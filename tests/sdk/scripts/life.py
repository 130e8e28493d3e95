"""The main job: find an item, make a template, execute, track, collect and download."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import _rival
from up42 import stac, stac_client
from up42.processing import Job, UnfinishedJob
from up42.processing_templates import DetectionTreesSpacept

# The SDK's classes get `file` and `up42` from this call, which its package makes too.
stac.extend()


def tracked(job: Job, **patience: Any) -> dict[str, Any]:
    try:
        job.track(**patience)
    except UnfinishedJob as error:
        return {**_rival.failure(error), "status": job.status.value}
    return _rival.job_facts(job)


def executed(item: Any, title: str, budget_id: str | None = None) -> dict[str, Any]:
    job = DetectionTreesSpacept(title=title, item=item).execute(budget_id)
    first = _rival.job_facts(job)
    return {"executed": first, "tracked": tracked(job, wait=1, retries=20)}


def collected(job: Job, folder: Path) -> dict[str, Any]:
    collection = job.collection
    if collection is None:
        return {}
    items = list(collection.get_items())
    return {
        "id": collection.id,
        "title": collection.title,
        "job_id": collection.up42.job_id,
        "items": [item.id for item in items],
        "item_job_ids": [item.up42.job_id for item in items],
        "downloads": [
            download(asset, folder / item.id) for item in items for asset in item.assets.values()
        ],
    }


def download(asset: Any, folder: Path) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    path = asset.file.download(folder)
    return {
        "href": asset.href,
        "name": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


given = _rival.authenticated()
scene = next(stac_client().search(ids=[given["item_id"]]).items())
good = executed(scene, "Trees of Berlin")
_rival.reply(
    {
        "scene": scene.get_self_href(),
        "good": good,
        "bad": executed(scene, "Trees of Berlin [failed]", given["budget_id"]),
        "endless": tracked(Job.get(given["running_job_id"]), wait=0, retries=3),
        "collection": collected(Job.get(good["executed"]["id"]), Path(given["folder"])),
        "nothing": collected(Job.get(given["running_job_id"]), Path(given["folder"])),
        "by_job": [
            item.id
            for item in stac_client()
            .search(
                filter={
                    "op": "=",
                    "args": [{"property": "job_id"}, good["executed"]["id"]],
                }
            )
            .items()
        ],
    }
)
