"""JSON forms of jobs, tasks, estimates and credits."""

from __future__ import annotations

from typing import Any

from up42_sandbox.account.credentials import Credentials
from up42_sandbox.analytics.book import AnalyticsBook
from up42_sandbox.analytics.records import AnalyticsJob, Block, Project, Workflow
from up42_sandbox.core.identifiers import make_id
from up42_sandbox.core.timestamps import digits_for, stamp

MACHINE_CREDITS = 3
"""What the machine of every task costs."""

TASK_MILLISECONDS = (72_400, 301_500)
"""Least and largest duration of an estimate; the magnitude is that of milliseconds."""


def job_document(book: AnalyticsBook, job: AnalyticsJob, user_id: str) -> dict[str, Any]:
    """Return a job's JSON form."""
    progress = book.progress(job)
    created_digits = 3 if job.creator is None else 6
    digits = digits_for(job.number)
    updated = max(progress.updated, job.renamed or progress.updated)
    document = {
        "id": job.id,
        "displayId": job.display_id,
        "createdAt": stamp(job.created, created_digits),
        "updatedAt": stamp(updated, created_digits),
        "status": progress.status,
        "name": job.name,
        "startedAt": stamp(progress.started, digits) if progress.started else None,
        "finishedAt": stamp(progress.finished, digits) if progress.finished else None,
        "inputs": job.inputs,
        "mode": job.mode,
        "workflowId": job.workflow.id,
        "workflowName": job.workflow.name,
    }
    if job.creator is not None:
        document["createdBy"] = {"id": user_id, "type": job.creator}
        document["updatedBy"] = {"id": user_id, "type": "INTERNAL"}
    return document


def task_documents(book: AnalyticsBook, job: AnalyticsJob) -> list[dict[str, Any]]:
    """Return the JSON forms of a job's tasks, in the workflow's order."""
    documents = []
    for index, (task_id, block) in enumerate(zip(job.task_ids, job.workflow.blocks, strict=True)):
        progress = book.task_progress(job, index)
        digits = digits_for(job.number + index)
        documents.append(
            {
                "id": task_id,
                "displayId": task_id[:8],
                "createdAt": stamp(job.created, 6),
                "updatedAt": stamp(progress.updated, 6),
                "name": block.task_name,
                "status": progress.status,
                "parentsIds": [job.task_ids[index - 1]] if index else [],
                "startedAt": stamp(progress.started, digits) if progress.started else None,
                "finishedAt": stamp(progress.finished, digits) if progress.finished else None,
                "block": _block_document(block),
                "blockVersion": block.version,
            }
        )
    return documents


_NULL_BLOCK_FIELDS = (
    "createdAt",
    "updatedAt",
    "description",
    "containerUrl",
    "inputCapabilities",
    "outputCapabilities",
    "provider",
    "providerWebsite",
    "providerLogoUrl",
    "tags",
    "isPublic",
    "isPublicVersion",
    "isValid",
    "parameters",
    "isDryRunSupported",
    "metadata",
    "machineName",
)
"""Fields of a block that are there but say nothing in a task."""


def _block_document(block: Block) -> dict[str, Any]:
    return {
        **dict.fromkeys(_NULL_BLOCK_FIELDS),
        "id": block.id,
        "name": block.name,
        "displayName": block.title,
        "type": block.type,
        "version": block.version,
    }


def estimate_document(workflow_blocks: dict[str, Block | None]) -> dict[str, Any]:
    """Return the estimate for tasks.

    Args:
        workflow_blocks: Task name → block, None for one that isn't known here.
    """
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
                "duration": {"min": TASK_MILLISECONDS[0], "max": TASK_MILLISECONDS[1]},
                "credit": {"min": 1, "max": MACHINE_CREDITS},
            },
        }
        for name, block in workflow_blocks.items()
    }


def blocks_by_task(workflow: Workflow) -> dict[str, Block | None]:
    """Return a workflow's blocks by the names of their tasks."""
    return {block.task_name: block for block in workflow.blocks}


def credits_document(
    book: AnalyticsBook,
    job: AnalyticsJob,
    project: Project,
    credentials: Credentials,
    seed: int,
) -> dict[str, Any]:
    """Return what a job has cost; only tasks that succeeded do, test queries never."""
    tasks = [
        _task_credits(job, index, project, credentials, seed)
        for index in range(len(job.task_ids))
        if job.mode == "DEFAULT" and book.task_progress(job, index).status == "SUCCEEDED"
    ]
    return {
        "projectId": project.id,
        "projectDisplayId": project.id[:8],
        "jobId": job.id,
        "jobDisplayId": job.display_id,
        "creditsUsed": sum(task["creditsUsed"] for task in tasks),
        "tasks": tasks,
    }


def _task_credits(
    job: AnalyticsJob, index: int, project: Project, credentials: Credentials, seed: int
) -> dict[str, Any]:
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
        "jobName": job.name,
        "jobTaskId": task_id,
        "machineName": "large",
    }
    if job.name is None:
        del run["jobName"]
    return {
        "id": task_id,
        "displayId": task_id[:8],
        "creditsUsed": block.credits + MACHINE_CREDITS,
        "machineConsumption": {
            "id": make_id(seed, "machine-charge", job.number, index),
            "userId": credentials.user_id,
            "workspaceId": credentials.user_id,
            "accountId": credentials.account_id,
            "creditsUsed": MACHINE_CREDITS,
            "createdAt": stamp(job.created, 3),
            "jobRun": run,
            "machineConsumption": {
                "duration": int(job.task_seconds * 1000),
                "credit": MACHINE_CREDITS,
            },
        },
        "blockConsumption": {
            "id": make_id(seed, "block-charge", job.number, index),
            "creditsUsed": block.credits,
            "jobRun": run,
            "blockConsumption": {"quantity": 2_560_000, "unit": block.used_unit},
        },
    }
