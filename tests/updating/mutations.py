"""Small changes of the real document, each with what the report has to say about it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]

JOBS = "/v2/processing/jobs"
JOB = "/v2/processing/jobs/{jobId}"
EULA = "/v2/eulas/{eulaId}"
ESTIMATE = "/projects/{projectId}/estimate/job"
EXECUTION = "/v2/processing/processes/{processId}/execution"


class Mutation(NamedTuple):
    """One change of the document.

    Attributes:
        name: Its name.
        apply: Changes a document in place.
        reported: How the report shows it, without old and new values.
        sends: Arguments of a `Fault` with which the sandbox sends the new form.
        place: The file that doesn't fit any more, if it's one.
    """

    name: str
    apply: Callable[[Json], object]
    reported: str
    sends: Mapping[str, Any] | None = None
    place: str = ""


def operation(document: Json, path: str, method: str = "get") -> Json:
    found: Json = document["paths"][path][method]
    return found


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def fields(document: Json, name: str) -> Json:
    found: Json = schema(document, name)["properties"]
    return found


def parameter(document: Json, path: str, name: str) -> Json:
    return next(p for p in operation(document, path)["parameters"] if p["name"] == name)


def add_operation(document: Json) -> None:
    added = copy.deepcopy(operation(document, EULA))
    added["operationId"] = "listEulas"
    document["paths"]["/v2/eulas"] = {"get": added}


def add_parameter(document: Json, required: bool) -> None:
    added = {"name": "origin", "in": "query", "required": required, "schema": {"type": "string"}}
    operation(document, JOBS)["parameters"].append(added)


def remove_parameter(document: Json, name: str) -> None:
    operation(document, JOBS)["parameters"].remove(parameter(document, JOBS, name))


def add_field(document: Json, model: str, name: str, content: Json, required: bool = False) -> None:
    fields(document, model)[name] = content
    if required:
        schema(document, model).setdefault("required", []).append(name)


def remove_field(document: Json, model: str, name: str) -> None:
    del fields(document, model)[name]
    if name in schema(document, model).get("required", []):
        schema(document, model)["required"].remove(name)


def set_field(document: Json, model: str, name: str, content: Json) -> None:
    assert name in fields(document, model)
    fields(document, model)[name] = content


def move_tag(document: Json) -> None:
    operation(document, EULA)["tags"] = ["processing"]
    document["tags"] = [tag for tag in document["tags"] if tag["name"] != "eulas"]


def add_status(document: Json, path: str, method: str, status: str, like: str) -> None:
    responses = operation(document, path, method)["responses"]
    responses[status] = copy.deepcopy(responses[like])


def move_path(document: Json) -> None:
    document["paths"]["/v3/eulas/{eulaId}"] = document["paths"].pop(EULA)


def describe(document: Json) -> None:
    operation(document, JOBS)["description"] = "Lists jobs."
    operation(document, JOBS)["summary"] = "Jobs"
    schema(document, "Problem")["examples"] = [{"title": "No", "status": 400}]


def change_server(document: Json) -> None:
    document["servers"][0]["url"] = "https://api.example.com"


def add_model(document: Json) -> None:
    document["components"]["schemas"]["Owner"] = {
        "description": "Who owns it.",
        "type": "object",
        "properties": {"id": {"type": "string"}},
    }
    add_field(document, "Eula", "owner", {"$ref": "#/components/schemas/Owner"})


def rename_field(document: Json, model: str, name: str, new: str) -> None:
    owner = schema(document, model)
    owner["properties"] = {
        new if field == name else field: content for field, content in owner["properties"].items()
    }
    owner["required"] = [new if field == name else field for field in owner.get("required", [])]


def use_vendor_json(document: Json) -> None:
    content = operation(document, EULA)["responses"]["200"]["content"]
    content["application/vnd.up42.v2+json"] = content.pop("application/json")


def move_into_variants(document: Json) -> None:
    """Describe an object as one of two variants."""
    fields, required = (schema(document, "Eula").pop(key) for key in ("properties", "required"))
    plain = {"type": "object", "properties": fields, "required": required}
    reason = {**fields, "reason": {"type": "string"}}
    other = {**plain, "properties": reason, "required": [*required, "reason"]}
    schema(document, "Eula")["oneOf"] = [plain, other]


def rename_path_parameter(document: Json) -> None:
    item = json.dumps(document["paths"].pop(JOB))
    document["paths"]["/v2/processing/jobs/{id}"] = json.loads(item)
    document["paths"]["/v2/processing/jobs/{id}"]["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def change_scheme(document: Json) -> None:
    scheme = document["components"]["securitySchemes"]["accountToken"]
    scheme.clear()
    scheme.update({"type": "apiKey", "in": "header", "name": "X-Key"})


FITTING = [
    Mutation(
        "optional parameter added",
        lambda d: add_parameter(d, required=False),
        f"Added `GET {JOBS}: query parameter origin`",
    ),
    Mutation(
        "optional parameter of another format",
        lambda d: operation(d, JOBS)["parameters"].append(
            {"name": "batch", "in": "query", "schema": {"type": "string", "format": "uuid"}}
        ),
        f"Added `GET {JOBS}: query parameter batch`",
    ),
    Mutation(
        "request field that is an enum with a default",
        lambda d: add_field(
            d, "ExecuteRequest", "mode", {"type": "string", "enum": ["a", "A"], "default": "a"}
        ),
        "Added `ExecuteRequest.mode`",
    ),
    Mutation(
        "parameter widened",
        lambda d: parameter(d, JOBS, "minDuration").update(schema={"type": ["integer", "string"]}),
        f"Changed `GET {JOBS}: query parameter minDuration`",
    ),
    Mutation(
        "response field added",
        lambda d: add_field(d, "ProcessingJob", "priority", {"type": "integer"}),
        "Added `ProcessingJob.priority`",
        sends={"path": JOBS + "*", "patch": {"priority": 3, "jobs": {"priority": 3}}},
    ),
    Mutation(
        "response field made nullable",
        lambda d: fields(d, "ProcessingJob")["created"].update(type=["string", "null"]),
        "Changed `ProcessingJob.created`",
        sends={"path": JOBS + "*", "patch": {"created": None, "jobs": {"created": None}}},
    ),
    Mutation(
        "response field no longer required",
        lambda d: schema(d, "ProcessingJob")["required"].remove("accountID"),
        "Changed `ProcessingJob.accountID`",
        sends={"path": JOBS + "*", "patch": {"accountID": None, "jobs": {"accountID": None}}},
    ),
    Mutation(
        "response field removed that nobody reads",
        lambda d: remove_field(d, "CreditConsumption", "holdID"),
        "Removed `CreditConsumption.holdID`",
    ),
    Mutation(
        "enum value added",
        lambda d: schema(d, "JobStatus")["enum"].append("paused"),
        'Added `JobStatus."paused"`',
        sends={"path": JOBS + "*", "patch": {"status": "paused", "jobs": {"status": "paused"}}},
    ),
    Mutation(
        "enum values that differ in case",
        lambda d: schema(d, "JobMode")["enum"].extend(["default", "dry-run", "dry_run"]),
        'Added `JobMode."dry-run"`',
    ),
    Mutation(
        "success status added",
        lambda d: add_status(d, EXECUTION, "post", "202", like="201"),
        f"Added `POST {EXECUTION}: response 202`",
        sends={"path": "*/execution", "status": 202},
    ),
    Mutation(
        "server added",
        lambda d: d["servers"].append({"url": "https://api.us.example.com"}),
        "Added `API.server https://api.us.example.com`",
    ),
    Mutation(
        "request field added, optional",
        lambda d: add_field(d, "ExecuteRequest", "quality", {"type": "string"}),
        "Added `ExecuteRequest.quality`",
    ),
    Mutation(
        "model added",
        add_model,
        "Added `Owner`",
        sends={"path": "/v2/eulas/*", "patch": {"owner": {"id": "somebody"}}},
    ),
    Mutation(
        "number narrowed to an integer",
        lambda d: fields(d, "CostEstimate")["totalCredits"].update(type="integer"),
        "Changed `CostEstimate.totalCredits`",
    ),
    Mutation(
        "media type of a vendor",
        use_vendor_json,
        f"Added `GET {EULA}: response 200 (application/vnd.up42.v2+json)`",
    ),
    Mutation("fields moved into oneOf", move_into_variants, "Added `Eula.reason`"),
    Mutation("path parameter renamed", rename_path_parameter, ""),
    Mutation(
        "operation removed that nobody calls",
        lambda d: d["paths"].pop("/projects/{projectId}/jobs/validate"),
        "Removed `POST /projects/{projectId}/jobs/validate`",
    ),
    Mutation(
        "operation renamed that the facade doesn't call",
        lambda d: operation(d, ESTIMATE, "post").update(operationId="estimateSomeJob"),
        f"Changed `POST {ESTIMATE}`",
    ),
]

BREAKING = [
    Mutation(
        "operation removed",
        lambda d: d["paths"].pop("/projects/{projectId}/jobs/{jobId}/credits"),
        "Removed `GET /projects/{projectId}/jobs/{jobId}/credits`",
    ),
    Mutation(
        "operation renamed",
        lambda d: operation(d, EULA).update(operationId="readEula"),
        f"Changed `GET {EULA}`",
    ),
    Mutation(
        "required parameter added",
        lambda d: add_parameter(d, required=True),
        f"Added `GET {JOBS}: query parameter origin`",
    ),
    Mutation(
        "parameter removed that the facade passes",
        lambda d: remove_parameter(d, "minDuration"),
        f"Removed `GET {JOBS}: query parameter minDuration`",
    ),
    Mutation(
        "parameter retyped",
        lambda d: parameter(d, JOBS, "sort").update(schema={"type": "integer"}),
        f"Changed `GET {JOBS}: query parameter sort`",
    ),
    Mutation(
        "required response field added",
        lambda d: add_field(d, "ProcessingJob", "priority", {"type": "integer"}, required=True),
        "Added `ProcessingJob.priority`",
    ),
    Mutation(
        "response field renamed",
        lambda d: rename_field(d, "ProcessingJob", "accountID", "owner"),
        "Removed `ProcessingJob.accountID`",
    ),
    Mutation(
        "field of a token renamed",
        lambda d: rename_field(d, "AccountToken", "expires_in", "lifetime"),
        "Removed `AccountToken.expires_in`",
    ),
    Mutation(
        "field of an error renamed",
        lambda d: rename_field(d, "SchemaProblem", "schema-error", "violation"),
        "Removed `SchemaProblem.schema-error`",
    ),
    Mutation(
        "field of a request renamed",
        lambda d: rename_field(d, "StacSearch", "filter", "query"),
        "Removed `StacSearch.filter`",
    ),
    Mutation(
        "field of a STAC object renamed",
        lambda d: rename_field(d, "StacAsset", "href", "url"),
        "Removed `StacAsset.href`",
    ),
    Mutation(
        "response field retyped",
        lambda d: set_field(d, "Job", "displayId", {"type": "integer"}),
        "Changed `Job.displayId`",
    ),
    Mutation(
        "enum value removed",
        lambda d: schema(d, "JobStatus")["enum"].remove("licensed"),
        'Removed `JobStatus."licensed"`',
    ),
    Mutation(
        "status removed",
        lambda d: operation(d, JOB)["responses"].pop("404"),
        f"Removed `GET {JOB}: response 404`",
    ),
    Mutation(
        "server changed",
        change_server,
        "Removed `API.server https://api.up42.com`",
    ),
    Mutation(
        "request field added, required",
        lambda d: add_field(d, "ExecuteRequest", "quality", {"type": "string"}, required=True),
        "Added `ExecuteRequest.quality`",
    ),
    Mutation(
        "operation without authentication",
        lambda d: operation(d, "/v2/assets/stac").update(security=[]),
        "Changed `GET /v2/assets/stac: authentication`",
    ),
    Mutation("authentication scheme changed", change_scheme, "Changed `API.authentication account"),
]


def renamed(model: str, field: str, place: str) -> Mutation:
    return Mutation(
        f"{model}.{field} renamed",
        lambda d: rename_field(d, model, field, "renamed"),
        f"Removed `{model}.{field}`",
        place=f"up42_facade/{place}",
    )


# What mypy reports where the facade uses the field.
RENAMED = [
    renamed("AccountToken", "access_token", "session/_auth.py"),
    renamed("AccountTokenRequest", "client_id", "session/_auth.py"),
    renamed("ProcessingJob", "creditConsumption", "processing/_job.py"),
    renamed("ProcessInput", "schema", "processing/_process.py"),
    renamed("Job", "status", "analytics/_jobs.py"),
]
