"""Endpoints under `/v2/processing`."""

from __future__ import annotations

from starlette.responses import Response

from up42_sandbox.core.identifiers import is_uuid
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call, Route, reply
from up42_sandbox.processing.catalog import PROCESSES, Process
from up42_sandbox.processing.listing import page
from up42_sandbox.processing.pricing import Price, price_of
from up42_sandbox.processing.validation import check_schema, check_semantics
from up42_sandbox.stac.records import StoredItem

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


def _checked_inputs(call: Call, process: Process) -> tuple[dict[str, object], list[StoredItem]]:
    inputs = check_schema(process, call)
    return inputs, check_semantics(call, process, inputs)


def _price(process: Process, items: list[StoredItem]) -> Price:
    return price_of(process, items[0])


def validate(call: Call) -> Response:
    """Validate inputs; the response has no body if they are valid."""
    _checked_inputs(call, _process(call))
    return Response()


def cost(call: Call) -> Response:
    """Return the cost of a job."""
    process = _process(call)
    _, items = _checked_inputs(call, process)
    return reply(_price(process, items).document())


def execute(call: Call) -> Response:
    """Start a job."""
    process = _process(call)
    workspace_id = _workspace(call)
    budget_id = call.one("budgetId")
    if budget_id is not None and not is_uuid(budget_id):
        raise ApiError(400, f"budgetId: {budget_id!r} isn't a UUID.")
    inputs, items = _checked_inputs(call, process)
    credits = _price(process, items).credits
    job = call.world.jobs.create(process.id, inputs, workspace_id, credits, budget_id)
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
