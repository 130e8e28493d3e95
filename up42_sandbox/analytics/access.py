"""Responses of the legacy analytics API, and the objects that a path names."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from up42_sandbox.analytics.records import AnalyticsJob, Project, Workflow
from up42_sandbox.core.problems import ApiError, BodyError, UnauthorizedError
from up42_sandbox.core.routing import Access, Call, Handler, Route, reply
from up42_sandbox.core.values import is_uuid

PROJECT = "/projects/{project_id}"
JOB = f"{PROJECT}/jobs/{{job_id}}"


class AnalyticsError(ApiError):
    """An error in an envelope; `code` defaults to the status."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(status, message)
        self.code: int | str = code or status


def envelope(data: Any, *, empty_error: bool = False) -> Response:
    """Return a response with data in an envelope.

    Args:
        data: The content.
        empty_error: Write the missing error as an empty object, like some endpoints do.
    """
    return reply({"error": {} if empty_error else None, "data": data})


def enveloped(error: ApiError) -> Response:
    """Return an error in an envelope."""
    if isinstance(error, BodyError):
        document = error.document()
    else:
        code: int | str = getattr(error, "code", error.status)
        message = error.detail or str(error)
        if isinstance(error, UnauthorizedError):
            code = "UNAUTHORIZED"
            if error.expired_at is not None:
                message = f"ACCESS_TOKEN_EXPIRED: JWT expired at {error.expired_at}"
        document = {"data": None, "error": {"code": code, "message": message, "details": None}}
    response = reply(document, error.status)
    response.headers.update(error.headers)
    return response


def route(method: str, template: str, handler: Handler) -> Route:
    """Return an endpoint of this API."""
    return Route(method, template, handler, Access.PROJECT, enveloped)


def _uuid(call: Call, name: str) -> str:
    value = call.params[name]
    if not is_uuid(value):
        raise AnalyticsError(400, f"Failed to convert '{value}' of {name} to a UUID")
    return value.lower()


def find_project(call: Call) -> Project:
    """Return the project that the path names.

    Raises:
        AnalyticsError: 400, if the ID isn't a UUID; 404, if it is unknown to the token.
    """
    project_id = _uuid(call, "project_id")
    project = call.world.analytics.book.projects.get(project_id)
    own = call.identity.project_id if call.identity is not None else None
    if project is None or own not in (None, project_id):
        user_id = call.world.credentials.user_id
        message = f"Project not found for id {project_id} and userId {user_id}"
        raise AnalyticsError(404, message, "RESOURCE_NOT_FOUND")
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
    """Return the JSON object in the request's body.

    Args:
        call: The request.
        only_json: Refuse other content types, like creating and renaming do.

    Raises:
        ApiError: 415, if the content type is refused; 400, if the body isn't an object.
    """
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not call.body:
        raise AnalyticsError(
            400, "Required request body is missing: public Response handle(UUID, Request)"
        )
    if only_json and content_type != "application/json":
        # The one error outside of an envelope.
        message = f"Content type '{content_type}' not supported"
        raise BodyError(415, {"code": 415, "message": message, "data": None, "error": None})
    body = call.json()
    if not isinstance(body, dict):
        raise AnalyticsError(400, "The request body must be a JSON object")
    return body
