"""Endpoints of job tasks, and of the outputs of jobs and tasks."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from up42_sandbox.analytics.access import (
    JOB,
    AnalyticsError,
    envelope,
    find_job,
    find_task,
    route,
)
from up42_sandbox.analytics.documents import task_documents
from up42_sandbox.analytics.outputs import (
    QUICKLOOK_TYPES,
    build_archive,
    build_quicklook,
    features,
    log_text,
    quicklook_names,
)
from up42_sandbox.analytics.records import AnalyticsJob
from up42_sandbox.core.routing import Call, reply


def list_tasks(call: Call) -> Response:
    """List a job's tasks."""
    return envelope(task_documents(call.world, find_job(call)))


def _finished_job(call: Call) -> tuple[AnalyticsJob, int]:
    """Return a job with outputs, and the number of its last task."""
    job = find_job(call)
    if call.world.analytics.book.progress(job).status != "SUCCEEDED":
        raise AnalyticsError(404, f"There are no outputs of the job {job.id}")
    return job, len(job.task_ids) - 1


def _finished_task(call: Call) -> tuple[AnalyticsJob, int]:
    job, index = find_task(call)
    if call.world.analytics.book.task_progress(job, index).status != "SUCCEEDED":
        task_id = job.task_ids[index]
        raise AnalyticsError(404, f"There are no outputs of the task {task_id} of job {job.id}")
    return job, index


def job_features(call: Call) -> Response:
    """Return the features of a job, those of its last task."""
    return reply(features(call.world.seed, *_finished_job(call)))


def task_features(call: Call) -> Response:
    """Return the features of a task."""
    return reply(features(call.world.seed, *_finished_task(call)))


def job_archive(call: Call) -> Response:
    """Return a signed URL of a job's archive."""
    return _archive(call, *_finished_job(call))


def task_archive(call: Call) -> Response:
    """Return a signed URL of a task's archive."""
    return _archive(call, *_finished_task(call))


def _archive(call: Call, job: AnalyticsJob, index: int) -> Response:
    # Zip archives have the same name: clients must check the bytes.
    name = f"{job.id}/{job.id}-{index}/output.tgz"
    storage = call.world.storage
    storage.offer(name, partial(build_archive, call.world.seed, job, index))
    return envelope({"url": storage.sign(name)})


def task_log(call: Call) -> Response:
    """Return a task's log as plain text, or as a JSON string."""
    job, index = find_task(call)
    progress = call.world.analytics.book.task_progress(job, index)
    text = log_text(job, index, progress)
    return reply(text) if job.outcome.json_logs else PlainTextResponse(text)


def list_quicklooks(call: Call) -> Response:
    """List the file names of a task's quicklooks."""
    return envelope(quicklook_names(call.world.seed, *_finished_task(call)))


async def quicklook(call: Call) -> Response:
    """Return a quicklook."""
    job, index = _finished_task(call)
    name = call.params["image_name"]
    names = quicklook_names(call.world.seed, job, index)
    if name not in names:
        raise AnalyticsError(404, f"There is no quicklook {name} of job {job.id}")
    key = f"{job.id}/quicklooks/{name}"
    storage = call.world.storage
    storage.offer(key, partial(build_quicklook, names.index(name), name))
    stored = await run_in_threadpool(storage.get, key)
    if stored is None:
        raise AnalyticsError(404, f"There is no quicklook {name} of job {job.id}")
    media_type = QUICKLOOK_TYPES[PurePosixPath(name).suffix]
    return Response(stored.path.read_bytes(), media_type=media_type)


TASK = f"{JOB}/tasks/{{task_id}}"

ROUTES = (
    route("GET", f"{JOB}/tasks", list_tasks),
    route("GET", f"{JOB}/outputs/data-json", job_features),
    route("GET", f"{JOB}/downloads/results", job_archive),
    route("GET", f"{TASK}/outputs/data-json", task_features),
    route("GET", f"{TASK}/downloads/results", task_archive),
    route("GET", f"{TASK}/logs", task_log),
    route("GET", f"{TASK}/outputs/quicklooks", list_quicklooks),
    route("GET", f"{TASK}/outputs/quicklooks/{{image_name}}", quicklook),
)
