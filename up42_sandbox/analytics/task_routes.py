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
    """List the tasks of a job."""
    return envelope(task_documents(call.world, find_job(call)))


def _finished(call: Call) -> tuple[AnalyticsJob, int]:
    """Return the job and the number of the task with the output that the path names.

    The outputs of a job are those of its last task.
    """
    book = call.world.analytics.book
    if "task_id" in call.params:
        job, index = find_task(call)
        status = book.task_progress(job, index).status
        name = f"task {job.task_ids[index]} of job {job.id}"
    else:
        job = find_job(call)
        index, status, name = len(job.task_ids) - 1, book.progress(job).status, f"job {job.id}"
    if status != "SUCCEEDED":
        raise AnalyticsError(404, f"There are no outputs of the {name}")
    return job, index


def data_json(call: Call) -> Response:
    """Return the features of a job or task."""
    return reply(features(call.world.seed, *_finished(call)))


def archive(call: Call) -> Response:
    """Return a signed URL of the archive of a job or task."""
    job, index = _finished(call)
    # Zip archives have the same name: clients must check the bytes.
    name = f"{job.id}/{job.id}-{index}/output.tgz"
    storage = call.world.storage
    storage.offer(name, partial(build_archive, call.world.seed, job, index))
    return envelope({"url": storage.sign(name)})


def task_log(call: Call) -> Response:
    """Return the log of a task as plain text, or as a JSON string."""
    job, index = find_task(call)
    content = log_text(job, index, call.world.analytics.book.task_progress(job, index))
    return reply(content) if job.outcome.json_logs else PlainTextResponse(content)


def list_quicklooks(call: Call) -> Response:
    """List the file names of a task's quicklooks."""
    return envelope(quicklook_names(call.world.seed, *_finished(call)))


async def quicklook(call: Call) -> Response:
    """Return a quicklook."""
    job, index = _finished(call)
    name = call.params["image_name"]
    names = quicklook_names(call.world.seed, job, index)
    if name in names:
        key = f"{job.id}/quicklooks/{name}"
        storage = call.world.storage
        storage.offer(key, partial(build_quicklook, names.index(name), name))
        if (stored := await run_in_threadpool(storage.get, key)) is not None:
            media_type = QUICKLOOK_TYPES[PurePosixPath(name).suffix]
            return Response(stored.path.read_bytes(), media_type=media_type)
    raise AnalyticsError(404, f"There is no quicklook {name} of job {job.id}")


TASK = f"{JOB}/tasks/{{task_id}}"

ROUTES = (
    route("GET", f"{JOB}/tasks", list_tasks),
    *(route("GET", f"{owner}/outputs/data-json", data_json) for owner in (JOB, TASK)),
    *(route("GET", f"{owner}/downloads/results", archive) for owner in (JOB, TASK)),
    route("GET", f"{TASK}/logs", task_log),
    route("GET", f"{TASK}/outputs/quicklooks", list_quicklooks),
    route("GET", f"{TASK}/outputs/quicklooks/{{image_name}}", quicklook),
)
