"""What JSON and CSV hold of each kind of thing; docs/cli.md lists the same fields."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import up42_facade as up42

if TYPE_CHECKING:
    import pystac

Record = dict[str, Any]

PROCESS_FIELDS = ("id", "title", "description", "prices", "eula_ids")
PROCESS_DETAIL_FIELDS = (*PROCESS_FIELDS, "is_eula_accepted", "inputs")
ITEM_FIELDS = (
    "id", "title", "datetime", "collection_name", "cloud_cover", "asset_id", "bbox", "url",
)  # fmt: skip
JOB_FIELDS = (
    "id", "process_id", "status", "is_finished", "is_succeeded", "title", "credits", "created",
    "started", "finished", "updated", "workspace_id", "account_id", "collection_url", "errors",
    "inputs",
)  # fmt: skip
RUN_FIELDS = (*JOB_FIELDS, "files")
COST_FIELDS = (
    "process_id", "title", "credits", "strategy", "size", "unit", "is_valid", "errors", "inputs",
)  # fmt: skip
ENTRY_FIELDS = (
    "index", "process_id", "title", "status", "is_finished", "is_succeeded", "job_id", "credits",
    "estimate", "reason", "errors", "inputs", "files",
)  # fmt: skip
ESTIMATE_FIELDS = (
    "index", "process_id", "title", "credits", "strategy", "size", "unit", "is_valid", "errors",
    "inputs",
)  # fmt: skip
FILE_FIELDS = ("job_id", "path")


def time_text(moment: dt.datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def process_record(process: up42.Process) -> Record:
    """Return what the list of processes says of one."""
    return {
        "id": process.id,
        "title": process.title,
        "description": process.description,
        "prices": [{"credits": price.credits, "unit": price.unit} for price in process.prices],
        "eula_ids": list(process.eula_ids),
    }


def process_detail(process: up42.Process) -> Record:
    """Return everything about a process. Asks whether its EULAs are accepted."""
    known = {"is_eula_accepted": process.is_eula_accepted, "inputs": process.inputs}
    return {**process_record(process), **known}


def item_record(item: pystac.Item) -> Record:
    """Return an item of the storage."""
    properties = item.properties
    return {
        "id": item.id,
        "title": properties.get("title"),
        "datetime": time_text(item.datetime),
        "collection_name": properties.get("up42-product:collection_name"),
        "cloud_cover": properties.get("eo:cloud_cover"),
        "asset_id": properties.get("up42-system:asset_id"),
        "bbox": item.bbox,
        "url": item.get_self_href(),
    }


def job_record(job: up42.Job) -> Record:
    """Return a processing job as it was when it was last looked at."""
    return {
        "id": job.id,
        "process_id": job.process_id,
        "status": job.status.value,
        "is_finished": job.is_finished,
        "is_succeeded": job.is_succeeded,
        "title": job.inputs.get("title"),
        "credits": job.credits,
        "created": time_text(job.created),
        "started": time_text(job.started),
        "finished": time_text(job.finished),
        "updated": time_text(job.updated),
        "workspace_id": job.workspace_id,
        "account_id": job.account_id,
        "collection_url": job.collection_url,
        "errors": errors_record(job.errors),
        "inputs": job.inputs,
    }


def cost_record(template: up42.processing_templates.JobTemplate) -> Record:
    """Return what a template would cost, or why it can't be executed."""
    cost = template.cost if template.is_valid else None
    return {
        "process_id": template.process_id,
        "title": template.inputs.get("title"),
        **price_record(cost),
        "is_valid": template.is_valid,
        "errors": errors_record(template.errors),
        "inputs": template.inputs,
    }


def price_record(cost: up42.Cost | None) -> Record:
    """Return the parts of a price."""
    if cost is None:
        return dict.fromkeys(("credits", "strategy", "size", "unit"))
    return {
        "credits": cost.credits,
        "strategy": cost.strategy,
        "size": cost.size,
        "unit": cost.unit,
    }


def errors_record(errors: Any) -> list[Record]:
    """Return validation errors in a stable order."""
    return [{"name": error.name, "message": error.message} for error in sorted(errors or ())]


def estimate_record(entry: up42.BatchEntry) -> Record:
    """Return what an entry of a batch would cost."""
    return {
        "index": entry.index,
        "process_id": entry.process_id,
        "title": entry.title,
        **price_record(entry.cost),
        "is_valid": entry.cost is not None,
        "errors": errors_record(entry.errors),
        "inputs": entry.inputs,
    }


def entry_record(entry: up42.BatchEntry) -> Record:
    """Return how an entry of a batch stands."""
    return {
        "index": entry.index,
        "process_id": entry.process_id,
        "title": entry.title,
        "status": entry.status,
        "is_finished": entry.is_finished,
        "is_succeeded": entry.is_succeeded,
        "job_id": entry.job.id if entry.job else None,
        "credits": entry.job.credits if entry.job else None,
        "estimate": entry.cost.credits if entry.cost else None,
        "reason": entry.reason,
        "errors": errors_record(entry.errors),
        "inputs": entry.inputs,
        "files": entry.files,
    }
