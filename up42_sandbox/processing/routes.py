"""Endpoints under `/v2/processing`."""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import Response

from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call, Route, reply
from up42_sandbox.core.values import is_uuid
from up42_sandbox.processing.catalog import PROCESSES, Process
from up42_sandbox.processing.listing import page
from up42_sandbox.processing.validation import check_schema, check_semantics
from up42_sandbox.stac.records import SIZE_DIGITS, area_km2

BASE = "/v2/processing"


def _process(call: Call) -> Process:
    process = PROCESSES.get(call.params["process_id"])
    if process is None:
        raise ApiError(404, f"There is no process {call.params['process_id']}.")
    return process


def _links(call: Call, process: Process) -> list[dict[str, str]]:
    href = f"{call.base_url}{BASE}/processes/{process.id}"
    return [{"rel": "self", "type": "application/json", "href": href}]


def list_processes(call: Call) -> Response:
    """List the available processes."""
    summaries = [
        {**process.summary(call.world.seed), "links": _links(call, process)}
        for process in PROCESSES.values()
    ]
    href = f"{call.base_url}{BASE}/processes"
    links = [{"rel": "self", "type": "application/json", "href": href}]
    return reply({"processes": summaries, "links": links})


def describe_process(call: Call) -> Response:
    """Describe one process with its inputs, price, and EULA."""
    process = _process(call)
    return reply({**process.describe(call.world.seed), "links": _links(call, process)})


def _checked(call: Call, process: Process) -> tuple[dict[str, Any], float, int]:
    """Return inputs, size in km², and price in credits; of two items, the source counts."""
    inputs = check_schema(process, call)
    size = area_km2(check_semantics(call, process, inputs)[0].shape)
    return inputs, size, math.ceil(round((process.credits_per_km2 or 0) * size, SIZE_DIGITS))


def validate(call: Call) -> Response:
    """Validate inputs; the response has no body if they are valid."""
    _checked(call, _process(call))
    return Response()


def cost(call: Call) -> Response:
    """Return the cost of a job."""
    process = _process(call)
    _, size, credits = _checked(call, process)
    if process.credits_per_km2 is None:
        return reply({"pricingStrategy": "none", "totalCredits": credits})
    area = {"totalSize": size, "unit": "SQ_KM"}
    return reply({"pricingStrategy": "area", "totalCredits": credits, **area})


def execute(call: Call) -> Response:
    """Start a job."""
    process = _process(call)
    workspace_id = _workspace(call)
    budget_id = call.one("budgetId")
    if budget_id is not None and not is_uuid(budget_id):
        raise ApiError(400, f"budgetId: {budget_id!r} isn't a UUID.")
    inputs, _, credits = _checked(call, process)
    job = call.world.jobs.create(
        process_id=process.id,
        inputs=inputs,
        workspace_id=workspace_id,
        credits=credits,
        budget_id=budget_id,
    )
    return reply(job.metadata(call.base_url))


def _workspace(call: Call) -> str:
    workspace_id = call.one("workspaceId")
    if workspace_id is None:
        raise ApiError(400, "The query parameter workspaceId is missing.")
    if not is_uuid(workspace_id):
        raise ApiError(400, f"workspaceId: {workspace_id!r} isn't a UUID.")
    if workspace_id.lower() not in call.world.workspace_ids:
        raise ApiError(403, f"The workspace {workspace_id} isn't open to this account.")
    return workspace_id.lower()


def list_jobs(call: Call) -> Response:
    """List jobs in pages."""
    return reply(page(call))


def get_job(call: Call) -> Response:
    """Return one job."""
    job = call.world.jobs.get(call.params["job_id"])
    if job is None:
        raise ApiError(404, f"There is no job {call.params['job_id']}.")
    return reply(job.metadata(call.base_url))


ROUTES = (
    Route("GET", f"{BASE}/processes", list_processes),
    Route("GET", f"{BASE}/processes/{{process_id}}", describe_process),
    Route("POST", f"{BASE}/processes/{{process_id}}/validation", validate),
    Route("POST", f"{BASE}/processes/{{process_id}}/cost", cost),
    Route("POST", f"{BASE}/processes/{{process_id}}/execution", execute),
    Route("GET", f"{BASE}/jobs", list_jobs),
    Route("GET", f"{BASE}/jobs/{{job_id}}", get_job),
)
