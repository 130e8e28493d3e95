"""Endpoints that validate and estimate analytics jobs without running them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shapely.geometry import box, shape
from starlette.responses import Response

from up42_sandbox.analytics.access import (
    JOB,
    PROJECT,
    AnalyticsError,
    envelope,
    find_job,
    find_project,
    read_object,
    route,
)
from up42_sandbox.analytics.documents import estimate_document
from up42_sandbox.analytics.records import MAX_AOI_SIZE, MAX_LIMIT, Project
from up42_sandbox.core.routing import Call
from up42_sandbox.processing.pricing import area_km2

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


ROUTES = (
    route("POST", f"{PROJECT}/jobs/validate", validate),
    route("POST", f"{PROJECT}/estimate/job", estimate),
    route("GET", f"{JOB}/estimate", job_estimate),
)
