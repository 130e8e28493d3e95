"""Endpoints that check and price analytics jobs without running them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shapely.geometry import box, shape
from starlette.responses import Response

from up42_sandbox.analytics.access import find_job, find_project, read_object
from up42_sandbox.analytics.documents import blocks_by_task, estimate_document
from up42_sandbox.analytics.errors import AnalyticsError, envelope, tell
from up42_sandbox.analytics.job_routes import JOB, PROJECT
from up42_sandbox.analytics.records import MAX_AOI_SIZE, MAX_LIMIT, Block, Project
from up42_sandbox.core.routing import Access, Call, Route
from up42_sandbox.processing.pricing import area_km2

INVALID_QUERY = "INVALID_QUERY_DATABLOCK_VALUE"


def job_estimate(call: Call) -> Response:
    """Return what an existing job was expected to cost."""
    job = find_job(call)
    return envelope(estimate_document(blocks_by_task(job.workflow)), empty_error=True)


def estimate(call: Call) -> Response:
    """Estimate tasks; the body may be wrapped in `input`, as an old document has it."""
    find_project(call)
    body = read_object(call)
    wrapped = body.get("input")
    if isinstance(wrapped, dict) and "tasks" not in body:
        body = wrapped
    tasks = _tasks(body, ("name", "parentName", "blockId", "blockVersionTag"))
    if not isinstance(body.get("inputs"), dict):
        raise AnalyticsError(400, "The inputs must be an object")
    blocks = _blocks_by_id(call)
    named = {task["name"]: blocks.get(str(task["blockId"])) for task in tasks}
    return envelope(estimate_document(named), empty_error=True)


def _blocks_by_id(call: Call) -> dict[str, Block]:
    workflows = call.world.analytics.book.workflows.values()
    return {block.id: block for workflow in workflows for block in workflow.blocks}


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
                raise AnalyticsError(400, f"{name} of a task must be a text")
    return tasks


_TASK_FIELDS = {
    "name": False,
    "blockId": False,
    "blockVersionTag": False,
    "parentName": True,
    "environmentId": True,
}
"""Text fields of a task and whether they may be null."""


def validate(call: Call) -> Response:
    """Check inputs; the answer to good ones has no body."""
    project = find_project(call)
    body = read_object(call)
    _tasks(body, ("name", "blockId"))
    inputs = body.get("input")
    if not isinstance(inputs, dict):
        raise AnalyticsError(400, "The input must be an object")
    for message in _query_errors(project, inputs):
        raise AnalyticsError(422, message, INVALID_QUERY)
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
    Route("POST", f"{PROJECT}/jobs/validate", validate, Access.PROJECT, tell),
    Route("POST", f"{PROJECT}/estimate/job", estimate, Access.PROJECT, tell),
    Route("GET", f"{JOB}/estimate", job_estimate, Access.PROJECT, tell),
)
