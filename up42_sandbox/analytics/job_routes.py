"""Endpoints of analytics projects and jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from up42_sandbox.analytics.access import (
    JOB,
    PROJECT,
    AnalyticsError,
    envelope,
    find_job,
    find_project,
    find_workflow,
    read_object,
    route,
)
from up42_sandbox.analytics.documents import credits_document, job_document
from up42_sandbox.analytics.records import SETTING_RANGES, AnalyticsJob, Workflow
from up42_sandbox.core.identifiers import make_id
from up42_sandbox.core.routing import Call
from up42_sandbox.core.timestamps import stamp

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


WORKFLOW_JOBS = f"{PROJECT}/workflows/{{workflow_id}}/jobs"

ROUTES = (
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
)
