"""Endpoints of the analytics API: projects, jobs, tasks, their outputs, and estimates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from shapely.geometry import box, shape
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from up42_sandbox.analytics.access import (
    JOB,
    PROJECT,
    AnalyticsError,
    envelope,
    find_job,
    find_project,
    find_task,
    find_workflow,
    read_object,
    route,
)
from up42_sandbox.analytics.documents import (
    credits_document,
    estimate_document,
    job_document,
    task_documents,
)
from up42_sandbox.analytics.outputs import (
    QUICKLOOK_TYPES,
    build_archive,
    build_quicklook,
    features,
    log_text,
    quicklook_names,
)
from up42_sandbox.analytics.records import (
    MAX_AOI_SIZE,
    MAX_LIMIT,
    SETTING_RANGES,
    AnalyticsJob,
    Project,
    Workflow,
)
from up42_sandbox.core.routing import Call, reply
from up42_sandbox.core.values import make_id, stamp
from up42_sandbox.stac.records import area_km2

# Projects and jobs ---------------------------------------------------------------------------

PAGE_SIZE = 100

MIN_BALANCE = 1000
"""Credits that the account needs for a job, whatever its cost."""

SortKey = Callable[[Call, AnalyticsJob], str]


def _moment(name: str) -> SortKey:
    return lambda call, job: str(getattr(call.world.analytics.book.progress(job), name) or "")


_SORT_KEYS: Mapping[str, SortKey] = {
    "createdAt": lambda call, job: str(job.created),
    "name": lambda call, job: job.name or "",
    "id": lambda call, job: job.id,
    "mode": lambda call, job: job.mode,
    "status": lambda call, job: call.world.analytics.book.progress(job).status,
    "startedAt": _moment("started"),
    "finishedAt": _moment("finished"),
}


def list_jobs(call: Call) -> Response:
    """List a project's jobs in pages of 100, newest first by default."""
    project = find_project(call)
    page_text = call.query.get("page", ["0"])[0]
    if not re.fullmatch(r"\d{1,9}", page_text):
        raise AnalyticsError(400, f"page must be an integer from 0, got '{page_text}'")
    field, _, direction = call.query.get("sort", ["createdAt,desc"])[0].partition(",")
    if field not in _SORT_KEYS or direction not in ("asc", "desc"):
        raise AnalyticsError(400, f"No property '{field}' with direction '{direction}' to sort by")
    key = _SORT_KEYS[field]
    jobs = sorted(
        call.world.analytics.book.jobs(project.id),
        key=lambda job: key(call, job),
        reverse=direction == "desc",
    )
    start = int(page_text) * PAGE_SIZE
    return envelope([job_document(call.world, job) for job in jobs[start : start + PAGE_SIZE]])


def get_job(call: Call) -> Response:
    """Return one job."""
    return envelope(job_document(call.world, find_job(call)))


def create_job(call: Call) -> Response:
    """Create a job of a workflow and run it."""
    find_project(call)
    workflow = find_workflow(call)
    inputs = read_object(call, only_json=True)
    _check_tasks(workflow, inputs)
    return _start(call, workflow, call.one("name"), inputs)


def _check_tasks(workflow: Workflow, inputs: Mapping[str, Any]) -> None:
    names = [name for name in inputs if name != "config"]
    additional = sorted(set(names) - set(workflow.by_task))
    missing = sorted(set(workflow.by_task) - set(names))
    if additional or missing:
        message = "The job inputs don't match the workflow."
        message += f" Additional tasks: {additional}." if additional else ""
        message += f" Missing tasks: {missing}." if missing else ""
        raise AnalyticsError(400, message)
    for name, value in inputs.items():
        if not isinstance(value, dict):
            raise AnalyticsError(400, f"The parameters of {name} must be an object")
    mode = inputs.get("config", {}).get("mode", "DEFAULT")
    if mode not in ("DEFAULT", "DRY_RUN"):
        raise AnalyticsError(400, f"The mode is DEFAULT or DRY_RUN, got {mode!r}")


def _start(call: Call, workflow: Workflow, name: str | None, inputs: dict[str, Any]) -> Response:
    project, book = find_project(call), call.world.analytics.book
    free = inputs.get("config", {}).get("mode") == "DRY_RUN"
    if not free and call.world.jobs.balance().available < MIN_BALANCE:
        raise AnalyticsError(403, f"The account needs {MIN_BALANCE} credits to run a job")
    with book.lock:
        if book.is_full(project.id):
            raise AnalyticsError(
                429, "Too many jobs of this project are not finished", "TOO_MANY_REQUESTS"
            )
        by_key = call.identity is not None and call.identity.project_id is not None
        creator = "API_KEY" if by_key else "USER"
        job = book.add(project.id, workflow, name, inputs, creator=creator)
    return envelope(job_document(call.world, job))


def rename_job(call: Call) -> Response:
    """Rename a job."""
    job = _job_of_workflow(call)
    name = read_object(call, only_json=True).get("name")
    if not isinstance(name, str):
        raise AnalyticsError(400, "The name must be a string")
    call.world.analytics.book.rename(job, name)
    return envelope(job_document(call.world, job))


def rerun_job(call: Call) -> Response:
    """Run a job again, as a new one."""
    job = _job_of_workflow(call)
    name = call.one("name")
    if name is None and job.name is not None:
        name = f"Rerun {job.name}"
    return _start(call, job.workflow, name, dict(job.inputs))


def _job_of_workflow(call: Call) -> AnalyticsJob:
    workflow, job = find_workflow(call), find_job(call)
    if job.workflow.id != workflow.id:
        raise AnalyticsError(404, f"Job not found for id {job.id} and workflowId {workflow.id}")
    return job


def cancel_job(call: Call) -> Response:
    """Cancel a job."""
    call.world.analytics.book.cancel(find_job(call))
    return Response(status_code=204)


def job_credits(call: Call) -> Response:
    """Return the cost of a job."""
    return envelope(credits_document(call.world, find_job(call), find_project(call)))


def get_project(call: Call) -> Response:
    """Return a project."""
    project = find_project(call)
    return envelope(
        {
            "id": project.id,
            "displayId": project.id[:8],
            "name": project.name,
            "description": f"{project.name} of the sandbox",
            "createdAt": stamp(project.created),
            "workspaceId": call.world.workspace_ids[0],
        }
    )


def settings(call: Call) -> Response:
    """List a project's settings."""
    project = find_project(call)
    return envelope(
        [
            {
                "id": make_id(call.world.seed, "setting", project.id, name),
                "name": name,
                "value": str(value),
                "range": dict(zip(("min", "max"), SETTING_RANGES[name], strict=True)),
            }
            for name, value in project.settings.items()
        ]
    )


def user(call: Call) -> Response:
    """Return the user of the token."""
    return envelope({"id": call.world.credentials.user_id})


def balance(call: Call) -> Response:
    """Return the available credits."""
    return envelope({"balance": call.world.jobs.balance().available})


# Tasks and outputs ---------------------------------------------------------------------------


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
        image = names.index(name)
        content = f"quicklook {image}{PurePosixPath(name).suffix}"
        storage.offer(key, partial(build_quicklook, image, name), content=content)
        if (stored := await run_in_threadpool(storage.get, key)) is not None:
            media_type = QUICKLOOK_TYPES[PurePosixPath(name).suffix]
            return Response(stored.path.read_bytes(), media_type=media_type)
    raise AnalyticsError(404, f"There is no quicklook {name} of job {job.id}")


# Validation and estimates --------------------------------------------------------------------

_TASK_FIELDS = {
    "name": False,
    "blockId": False,
    "blockVersionTag": False,
    "parentName": True,
    "environmentId": True,
}
"""String fields of a task, and whether they can be null."""


def job_estimate(call: Call) -> Response:
    """Return the estimate of an existing job."""
    return envelope(estimate_document(find_job(call).workflow.by_task), empty_error=True)


def estimate(call: Call) -> Response:
    """Estimate tasks; the body can be wrapped in `input`, as in an old document."""
    find_project(call)
    body = read_object(call)
    wrapped = body.get("input")
    if isinstance(wrapped, dict) and "tasks" not in body:
        body = wrapped
    tasks = _tasks(body, ("name", "parentName", "blockId", "blockVersionTag"))
    if not isinstance(body.get("inputs"), dict):
        raise AnalyticsError(400, "The inputs must be an object")
    workflows = call.world.analytics.book.workflows.values()
    blocks = {block.id: block for workflow in workflows for block in workflow.blocks}
    named = {task["name"]: blocks.get(str(task["blockId"])) for task in tasks}
    return envelope(estimate_document(named), empty_error=True)


def _tasks(body: Mapping[str, Any], required: tuple[str, ...]) -> list[dict[str, Any]]:
    tasks = body.get("tasks")
    if not isinstance(tasks, list):
        raise AnalyticsError(400, "The tasks must be a list")
    for task in tasks:
        if not isinstance(task, dict) or not all(name in task for name in required):
            raise AnalyticsError(400, f"Every task needs {', '.join(required)}")
        for name, nullable in _TASK_FIELDS.items():
            value = task.get(name)
            absent = value is None and (nullable or name not in task)
            if not (absent or isinstance(value, str)):
                raise AnalyticsError(400, f"{name} of a task must be a string")
    return tasks


def validate(call: Call) -> Response:
    """Validate inputs; the response has no body if they are valid."""
    project = find_project(call)
    body = read_object(call)
    _tasks(body, ("name", "blockId"))
    inputs = body.get("input")
    if not isinstance(inputs, dict):
        raise AnalyticsError(400, "The input must be an object")
    for message in _query_errors(project, inputs):
        raise AnalyticsError(422, message, "INVALID_QUERY_DATABLOCK_VALUE")
    return Response()


def _query_errors(project: Project, inputs: Mapping[str, Any]) -> Iterator[str]:
    for name, parameters in inputs.items():
        if not isinstance(parameters, dict):
            continue
        limit = parameters.get("limit")
        if isinstance(limit, int | float) and limit > project.settings[MAX_LIMIT]:
            yield f"limit of {name} must not exceed {project.settings[MAX_LIMIT]}"
        area = _area(parameters)
        if area is not None and area > project.settings[MAX_AOI_SIZE]:
            yield f"The area of {name} must not exceed {project.settings[MAX_AOI_SIZE]} sqkm"


def _area(parameters: Mapping[str, Any]) -> float | None:
    try:
        if "bbox" in parameters:
            west, south, east, north = (float(value) for value in parameters["bbox"])
            return area_km2(box(west, south, east, north))
        for name in ("intersects", "contains"):
            if parameters.get(name):
                return area_km2(shape(parameters[name]))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError):
        return None
    return None


WORKFLOW_JOBS = f"{PROJECT}/workflows/{{workflow_id}}/jobs"
TASK = f"{JOB}/tasks/{{task_id}}"

ROUTES = (
    # Before the jobs, as it could be the ID of one.
    route("POST", f"{PROJECT}/jobs/validate", validate),
    route("GET", "/users/me", user),
    route("GET", "/accounts/me/credits/balance", balance),
    route("GET", PROJECT, get_project),
    route("GET", f"{PROJECT}/settings", settings),
    route("GET", f"{PROJECT}/jobs", list_jobs),
    route("GET", JOB, get_job),
    route("POST", f"{JOB}/cancel", cancel_job),
    route("GET", f"{JOB}/credits", job_credits),
    route("POST", WORKFLOW_JOBS, create_job),
    route("PUT", f"{WORKFLOW_JOBS}/{{job_id}}", rename_job),
    route("POST", f"{WORKFLOW_JOBS}/{{job_id}}", rerun_job),
    route("GET", f"{JOB}/tasks", list_tasks),
    *(route("GET", f"{owner}/outputs/data-json", data_json) for owner in (JOB, TASK)),
    *(route("GET", f"{owner}/downloads/results", archive) for owner in (JOB, TASK)),
    route("GET", f"{TASK}/logs", task_log),
    route("GET", f"{TASK}/outputs/quicklooks", list_quicklooks),
    route("GET", f"{TASK}/outputs/quicklooks/{{image_name}}", quicklook),
    route("POST", f"{PROJECT}/estimate/job", estimate),
    route("GET", f"{JOB}/estimate", job_estimate),
)
