"""Finds what a path names and checks that the token may see it."""

from __future__ import annotations

from typing import Any

from up42_sandbox.analytics.errors import AnalyticsError, unsupported_media_type
from up42_sandbox.analytics.records import AnalyticsJob, Project, Workflow
from up42_sandbox.core.identifiers import is_uuid
from up42_sandbox.core.routing import Call

NOT_FOUND_CODE = "RESOURCE_NOT_FOUND"


def _uuid(call: Call, name: str) -> str:
    value = call.params[name]
    if not is_uuid(value):
        raise AnalyticsError(400, f"Failed to convert '{value}' of {name} to a UUID")
    return value.lower()


def find_project(call: Call) -> Project:
    """Return the project that the path names.

    Raises:
        AnalyticsError: 400, it isn't a UUID; 404, it is unknown or closed to the token.
    """
    project_id = _uuid(call, "project_id")
    project = call.world.analytics.book.projects.get(project_id)
    own = call.identity.project_id if call.identity is not None else None
    if project is None or own not in (None, project_id):
        user_id = call.world.credentials.user_id
        message = f"Project not found for id {project_id} and userId {user_id}"
        raise AnalyticsError(404, message, NOT_FOUND_CODE)
    return project


def find_workflow(call: Call) -> Workflow:
    """Return the workflow that the path names.

    Raises:
        AnalyticsError: 400 or 404, as for projects.
    """
    workflow_id = _uuid(call, "workflow_id")
    workflow = call.world.analytics.book.workflows.get(workflow_id)
    if workflow is None:
        raise AnalyticsError(404, f"Workflow not found for id {workflow_id}")
    return workflow


def find_job(call: Call) -> AnalyticsJob:
    """Return the job that the path names.

    Raises:
        AnalyticsError: 400 or 404, as for projects.
    """
    project = find_project(call)
    job_id = _uuid(call, "job_id")
    job = call.world.analytics.book.job(project.id, job_id)
    if job is None:
        user_id = call.world.credentials.user_id
        raise AnalyticsError(
            404, f"Job not found for id {job_id} and projectId {project.id} and userId {user_id}"
        )
    return job


def find_task(call: Call) -> tuple[AnalyticsJob, int]:
    """Return the job and the number of the task that the path names.

    Raises:
        AnalyticsError: 400 or 404, as for projects.
    """
    job = find_job(call)
    task_id = _uuid(call, "task_id")
    if task_id not in job.task_ids:
        raise AnalyticsError(404, f"Task not found for id {task_id} and jobId {job.id}")
    return job, job.task_ids.index(task_id)


def read_object(call: Call, *, only_json: bool = False) -> dict[str, Any]:
    """Return the request's JSON object.

    Args:
        call: The request.
        only_json: Refuse another content type, as creating and renaming are known to do.

    Raises:
        ApiError: 415, the content type is another; 400, it isn't an object.
    """
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not call.body:
        raise AnalyticsError(
            400, "Required request body is missing: public Response handle(UUID, Request)"
        )
    if only_json and content_type != "application/json":
        raise unsupported_media_type(content_type)
    body = call.json()
    if not isinstance(body, dict):
        raise AnalyticsError(400, "The request body must be a JSON object")
    return body
