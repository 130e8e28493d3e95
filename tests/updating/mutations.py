"""Small changes of the real document, each with what the report has to say about it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]
# Whether generated functions' callers, the facade and the wire break.
Classes = tuple[bool, bool, bool]

FINE: Classes = (False, False, False)
JOBS = "/v2/processing/jobs"
JOB = "/v2/processing/jobs/{jobId}"
EULA = "/v2/eulas/{eulaId}"
EXECUTION = "/v2/processing/processes/{processId}/execution"


class Mutation(NamedTuple):
    """One change of the document.

    Attributes:
        name: What it is.
        apply: Changes a document in place.
        expected: What happened and whom it breaks, for every line of the report.
        methods: Facade methods, without their module, that have to be named as broken.
        sends: Arguments of a `Fault` that lets the sandbox answer in the new form already.
        select: Operations to add to the selection.
        is_additive: Whether everything of today has to go on working.
    """

    name: str
    apply: Callable[[Json], object]
    expected: list[tuple[str, Classes]]
    methods: tuple[str, ...] = ()
    sends: Mapping[str, Any] | None = None
    select: tuple[str, ...] = ()
    is_additive: bool = False


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


MUTATIONS = [
    Mutation("operation added, not selected", add_operation, [], is_additive=True),
    Mutation(
        "operation added and selected",
        add_operation,
        [("operation added", FINE)],
        select=("GET /v2/eulas",),
        is_additive=True,
    ),
    Mutation(
        "operation renamed",
        lambda d: operation(d, EULA).update(operationId="readEula"),
        [("operation renamed", (True, True, False))],
        methods=("Process.is_eula_accepted",),
    ),
    Mutation(
        "optional parameter added",
        lambda d: add_parameter(d, required=False),
        [("parameter added", FINE)],
        is_additive=True,
    ),
    Mutation(
        "required parameter added",
        lambda d: add_parameter(d, required=True),
        [("required parameter added", (True, True, True))],
        methods=("Job.all",),
    ),
    Mutation(
        "parameter removed that the facade passes",
        lambda d: remove_parameter(d, "sort"),
        [("parameter removed", (True, True, True))],
        methods=("Job.all", "JobTemplate.execute"),
    ),
    Mutation(
        "parameter removed that the facade does not pass",
        lambda d: operation(d, "/v2/assets/stac/collections")["parameters"].pop(0),
        [("parameter removed", (True, False, True))],
    ),
    Mutation(
        "parameter retyped",
        lambda d: parameter(d, JOBS, "sort").update(schema={"type": "integer"}),
        [
            ("retyped", (True, True, True)),
            ("constraint lifted", FINE),
        ],
        methods=("Job.all",),
    ),
    Mutation(
        "parameter widened",
        lambda d: parameter(d, JOBS, "minDuration").update(schema={"type": ["integer", "string"]}),
        [("type widened", FINE), ("constraint lifted", FINE)],
        is_additive=True,
    ),
    Mutation(
        "parameter constrained",
        lambda d: parameter(d, JOBS, "limit")["schema"].update(maximum=500),
        [("constraint changed", (False, True, True))],
        methods=("Job.all",),
    ),
    Mutation(
        "response field added",
        lambda d: add_field(d, "ProcessingJob", "priority", {"type": "integer"}),
        [("field added", FINE)],
        sends={"path": JOBS + "*", "patch": {"priority": 3, "jobs": {"priority": 3}}},
        is_additive=True,
    ),
    Mutation(
        "required response field added",
        lambda d: add_field(d, "ProcessingJob", "priority", {"type": "integer"}, required=True),
        [("required field added", (False, False, True))],
        sends={"path": JOBS + "*", "patch": {"priority": 3, "jobs": {"priority": 3}}},
    ),
    Mutation(
        "response field removed that the facade reads",
        lambda d: remove_field(d, "ProcessingJob", "accountID"),
        [("field removed", (True, True, True))],
        methods=("Job.get", "Job.all"),
    ),
    Mutation(
        "response field removed that nobody reads",
        lambda d: remove_field(d, "CreditConsumption", "holdID"),
        [("field removed", (True, False, True))],
    ),
    Mutation(
        "response field made nullable",
        lambda d: fields(d, "ProcessingJob")["created"].update(type=["string", "null"]),
        [("now nullable", FINE)],
        sends={"path": JOBS + "*", "patch": {"created": None, "jobs": {"created": None}}},
        is_additive=True,
    ),
    Mutation(
        "response field retyped",
        lambda d: set_field(d, "Eula", "isAccepted", {"type": "string"}),
        [("retyped", (True, True, True)), ("text only", FINE)],
        methods=("Process.is_eula_accepted",),
    ),
    Mutation(
        "response field no longer required",
        lambda d: schema(d, "ProcessingJob")["required"].remove("accountID"),
        [("now optional", FINE)],
        sends={"path": JOBS + "*", "patch": {"accountID": None, "jobs": {"accountID": None}}},
        is_additive=True,
    ),
    Mutation(
        "enum value added",
        lambda d: schema(d, "JobStatus")["enum"].append("paused"),
        [("enum value added", FINE)],
        sends={"path": JOBS + "*", "patch": {"status": "paused", "jobs": {"status": "paused"}}},
        is_additive=True,
    ),
    Mutation(
        "enum value removed",
        lambda d: schema(d, "JobStatus")["enum"].remove("licensed"),
        [("enum value removed", (True, True, True))],
        methods=("Job.all",),
    ),
    Mutation(
        "success status added",
        lambda d: add_status(d, EXECUTION, "post", "202", like="201"),
        [("status code added", FINE)],
        sends={"path": "*/execution", "status": 202},
        is_additive=True,
    ),
    Mutation(
        "error status added",
        lambda d: add_status(d, JOB, "get", "410", like="404"),
        [("status code added", FINE)],
        is_additive=True,
    ),
    Mutation(
        "status removed",
        lambda d: operation(d, JOB)["responses"].pop("404"),
        [("status code removed", (False, False, True))],
    ),
    Mutation(
        "tag moved",
        move_tag,
        [("tag moved", (True, True, False)), ("text only", FINE)],
        methods=("Process.is_eula_accepted",),
    ),
    Mutation(
        "description only",
        describe,
        [("text only", FINE), ("text only", FINE)],
        is_additive=True,
    ),
    Mutation(
        "server changed",
        change_server,
        [("server changed", (False, True, False))],
        methods=("authenticate",),
    ),
    Mutation(
        "server added",
        lambda d: d["servers"].append({"url": "https://api.us.example.com"}),
        [("server changed", FINE)],
        is_additive=True,
    ),
    Mutation(
        "request field added, required",
        lambda d: add_field(d, "ExecuteRequest", "quality", {"type": "string"}, required=True),
        [("required field added", (True, True, True))],
        methods=("JobTemplate.execute",),
    ),
    Mutation(
        "request field added, optional",
        lambda d: add_field(d, "ExecuteRequest", "quality", {"type": "string"}),
        [("field added", FINE)],
        is_additive=True,
    ),
    Mutation(
        "model added",
        add_model,
        [("field added", FINE), ("model added", FINE)],
        sends={"path": "/v2/eulas/*", "patch": {"owner": {"id": "somebody"}}},
        is_additive=True,
    ),
    Mutation(
        "security changed",
        lambda d: operation(d, EULA).update(security=[]),
        [("security changed", (False, True, True))],
        methods=("Process.is_eula_accepted",),
    ),
]
BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}
