"""Endpoints of job tasks and of everything that tasks leave behind."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from up42_sandbox.analytics.access import find_job, find_task
from up42_sandbox.analytics.documents import task_documents
from up42_sandbox.analytics.errors import AnalyticsError, envelope, tell
from up42_sandbox.analytics.job_routes import JOB
from up42_sandbox.analytics.outputs import (
    QUICKLOOK_TYPES,
    build_archive,
    build_quicklook,
    features,
    log_text,
    quicklook_names,
)
from up42_sandbox.analytics.records import AnalyticsJob
from up42_sandbox.core.routing import Access, Call, Handler, Route, reply


def list_tasks(call: Call) -> Response:
    """List a job's tasks."""
    return envelope(task_documents(call.world.analytics.book, find_job(call)))


def _finished_job(call: Call) -> tuple[AnalyticsJob, int]:
    """Return a job that has outputs, and the number of its last task."""
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
    """Return the features of a job, which are its last task's."""
    return reply(features(call.world.seed, *_finished_job(call)))


def task_features(call: Call) -> Response:
    """Return the features of a task."""
    return reply(features(call.world.seed, *_finished_task(call)))


def job_archive(call: Call) -> Response:
    """Sign the address of a job's archive."""
    return _archive(call, *_finished_job(call))


def task_archive(call: Call) -> Response:
    """Sign the address of a task's archive."""
    return _archive(call, *_finished_task(call))


def _archive(call: Call, job: AnalyticsJob, index: int) -> Response:
    # Zip archives have the same name: clients must look at the bytes.
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
    """List the file names of a task's quick looks."""
    return envelope(quicklook_names(call.world.seed, *_finished_task(call)))


async def quicklook(call: Call) -> Response:
    """Return a quick look."""
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


def _route(template: str, handler: Handler) -> Route:
    return Route("GET", template, handler, Access.PROJECT, tell)


TASK = f"{JOB}/tasks/{{task_id}}"

ROUTES = (
    _route(f"{JOB}/tasks", list_tasks),
    _route(f"{JOB}/outputs/data-json", job_features),
    _route(f"{JOB}/downloads/results", job_archive),
    _route(f"{TASK}/outputs/data-json", task_features),
    _route(f"{TASK}/downloads/results", task_archive),
    _route(f"{TASK}/logs", task_log),
    _route(f"{TASK}/outputs/quicklooks", list_quicklooks),
    _route(f"{TASK}/outputs/quicklooks/{{image_name}}", quicklook),
)
