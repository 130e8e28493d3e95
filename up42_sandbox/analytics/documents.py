"""JSON forms of jobs, tasks, estimates, and credits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from up42_sandbox.analytics.records import AnalyticsJob, Block, Project
from up42_sandbox.analytics.timeline import Progress
from up42_sandbox.core.values import digits_for, make_id, stamp
from up42_sandbox.world import World

MACHINE_CREDITS = 3
"""Cost of the machine of a task."""

TASK_MILLISECONDS = {"min": 72_400, "max": 301_500}
"""Duration of an estimate; the magnitude suggests milliseconds."""


def job_document(world: World, job: AnalyticsJob) -> dict[str, Any]:
    """Return the JSON form of a job."""
    progress = world.analytics.book.progress(job)
    created_digits = 3 if job.creator is None else 6
    updated = max(progress.updated, job.renamed or progress.updated)
    document = {
        **_ids(job.id),
        "createdAt": stamp(job.created, created_digits),
        "updatedAt": stamp(updated, created_digits),
        "status": progress.status,
        "name": job.name,
        **_run_times(progress, job.number),
        "inputs": job.inputs,
        "mode": job.mode,
        "workflowId": job.workflow.id,
        "workflowName": job.workflow.name,
    }
    if job.creator is not None:
        user_id = world.credentials.user_id
        document["createdBy"] = {"id": user_id, "type": job.creator}
        document["updatedBy"] = {"id": user_id, "type": "INTERNAL"}
    return document


def task_documents(world: World, job: AnalyticsJob) -> list[dict[str, Any]]:
    """Return the JSON forms of the tasks of a job, in the workflow's order."""
    documents = []
    for index, (task_id, block) in enumerate(zip(job.task_ids, job.workflow.blocks, strict=True)):
        progress = world.analytics.book.task_progress(job, index)
        documents.append(
            {
                **_ids(task_id),
                "createdAt": stamp(job.created, 6),
                "updatedAt": stamp(progress.updated, 6),
                "name": block.task_name,
                "status": progress.status,
                "parentsIds": [job.task_ids[index - 1]] if index else [],
                **_run_times(progress, job.number + index),
                "block": _block_document(block),
                "blockVersion": block.version,
            }
        )
    return documents


def _ids(value: str) -> dict[str, str]:
    return {"id": value, "displayId": value[:8]}


def _run_times(progress: Progress, number: int) -> dict[str, str | None]:
    def optional(moment: datetime | None) -> str | None:
        return stamp(moment, digits_for(number)) if moment else None

    return {"startedAt": optional(progress.started), "finishedAt": optional(progress.finished)}


_NULL_BLOCK_FIELDS = (
    *("createdAt", "updatedAt", "description", "containerUrl", "inputCapabilities"),
    *("outputCapabilities", "provider", "providerWebsite", "providerLogoUrl", "tags", "isPublic"),
    *("isPublicVersion", "isValid", "parameters", "isDryRunSupported", "metadata", "machineName"),
)
"""Fields of a block that are null in a task."""


def _block_document(block: Block) -> dict[str, Any]:
    return {
        **dict.fromkeys(_NULL_BLOCK_FIELDS),
        "id": block.id,
        "name": block.name,
        "displayName": block.title,
        "type": block.type,
        "version": block.version,
    }


def estimate_document(blocks: Mapping[str, Block | None]) -> dict[str, Any]:
    """Return the estimate of tasks, given their blocks by name, None for unknown ones."""
    return {
        name: {
            "blockConsumption": {
                "resources": {
                    "unit": block.unit if block else "QUANTITY",
                    "min": 2.56,
                    "max": 2.56,
                },
                "credit": {"min": 0, "max": block.credits if block else 1},
            },
            "machineConsumption": {
                "duration": dict(TASK_MILLISECONDS),
                "credit": {"min": 1, "max": MACHINE_CREDITS},
            },
        }
        for name, block in blocks.items()
    }


def credits_document(world: World, job: AnalyticsJob, project: Project) -> dict[str, Any]:
    """Return the cost of a job; only successful tasks cost something, test queries never."""
    tasks = [
        _task_credits(world, job, index, project)
        for index in range(len(job.task_ids))
        if job.mode == "DEFAULT"
        and world.analytics.book.task_progress(job, index).status == "SUCCEEDED"
    ]
    return {
        "projectId": project.id,
        "projectDisplayId": project.id[:8],
        "jobId": job.id,
        "jobDisplayId": job.id[:8],
        "creditsUsed": sum(task["creditsUsed"] for task in tasks),
        "tasks": tasks,
    }


def _task_credits(world: World, job: AnalyticsJob, index: int, project: Project) -> dict[str, Any]:
    block, task_id = job.workflow.blocks[index], job.task_ids[index]
    run = {
        "projectId": project.id,
        "projectName": project.name,
        "workflowId": job.workflow.id,
        "workflowName": job.workflow.name,
        "blockId": block.id,
        "blockName": block.name,
        "blockVersion": block.version,
        "blockDisplayName": block.title,
        "jobId": job.id,
        **({} if job.name is None else {"jobName": job.name}),
        "jobTaskId": task_id,
        "machineName": "large",
    }
    seconds = job.task_seconds
    return {
        **_ids(task_id),
        "creditsUsed": block.credits + MACHINE_CREDITS,
        "machineConsumption": {
            "id": make_id(world.seed, "machine-charge", job.number, index),
            "userId": world.credentials.user_id,
            "workspaceId": world.credentials.user_id,
            "accountId": world.credentials.account_id,
            "creditsUsed": MACHINE_CREDITS,
            "createdAt": stamp(job.created, 3),
            "jobRun": run,
            "machineConsumption": {"duration": int(seconds * 1000), "credit": MACHINE_CREDITS},
        },
        "blockConsumption": {
            "id": make_id(world.seed, "block-charge", job.number, index),
            "creditsUsed": block.credits,
            "jobRun": run,
            "blockConsumption": {"quantity": 2_560_000, "unit": block.used_unit},
        },
    }
