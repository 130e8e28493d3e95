"""Requests that must fail do so as the document says, for every operation and error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.document import OPERATIONS
from tests.contract.world import Api, Request, check, running_api
from up42_sandbox import Fault

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
LONG_TITLE = "x" * 251

PROTECTED = [name for name, operation in OPERATIONS.items() if not operation.is_open]
CURRENT = [name for name in PROTECTED if OPERATIONS[name].tag != "analytics"]
ANALYTICS = [name for name in PROTECTED if OPERATIONS[name].tag == "analytics"]
ADDRESSED = [(name, part) for name in PROTECTED for part in OPERATIONS[name].path_names]
FAILING = [
    (name, status)
    for name, operation in OPERATIONS.items()
    for status in (429, 500, 503)
    if operation.response(status)
]


def refuse(api: Api, name: str, request: Request, *statuses: int) -> Any:
    """Send a request and assert that it is refused as documented; return the error's body."""
    response = api.send(name, request)
    assert response.status_code in statuses, f"{request}: {response.status_code} {response.text}"
    check(name, response)
    return response.json()


@pytest.mark.parametrize("name", PROTECTED)
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_without_a_token(api: Api, name: str, token: str) -> None:
    refuse(api, name, Request(token=token), 401)


@pytest.mark.parametrize("name", CURRENT)
def test_with_the_token_of_a_project(api: Api, name: str) -> None:
    statuses = [status for status in (401, 403) if OPERATIONS[name].response(status)]
    refuse(api, name, Request(token=api.project_token), *statuses)


@pytest.mark.parametrize("name", ANALYTICS)
def test_with_the_token_of_another_project(api: Api, name: str) -> None:
    other = {"projectId": api.sandbox.analytics.other_project_id}
    refuse(api, name, Request(ids=other, token=api.project_token), 401, 404)


@pytest.mark.parametrize(("name", "part"), ADDRESSED)
def test_unknown_ids(api: Api, name: str, part: str) -> None:
    refuse(api, name, Request(ids={part: UNKNOWN_ID}, json=body_of(api, name)), 404)


@pytest.mark.parametrize(("name", "part"), [pair for pair in ADDRESSED if pair[0] in ANALYTICS])
def test_malformed_ids(api: Api, name: str, part: str) -> None:
    refuse(api, name, Request(ids={part: "no-uuid"}, json=body_of(api, name)), 400, 404)


def body_of(api: Api, name: str) -> Any:
    """Return a body that isn't what is wrong with a request."""
    if name == "renameJob":
        return {"name": "Survey"}
    return {"inputs": api.sandbox.inputs_for("pansharpening")} if body_asked(name) else None


def body_asked(name: str) -> bool:
    return "requestBody" in OPERATIONS[name].node


@pytest.mark.parametrize(("name", "status"), FAILING)
def test_faults_look_like_real_ones(api: Api, name: str, status: int) -> None:
    request = Request(json=body_of(api, name))
    # Whatever the request needs to know of the sandbox is asked before the fault is armed.
    api.send(name, request)
    api.sandbox.inject(Fault(status=status, origin="api"))
    refuse(api, name, request, status)


Case = tuple[str, int, Request]


def token_errors(api: Api) -> Iterator[Case]:
    wrong = {**api.login, "password": "wrong"}
    yield "getAccountToken", 401, Request(form=wrong, token="")
    for name in ("grant_type", "username", "password", "client_id"):
        form = {key: value for key, value in api.login.items() if key != name}
        yield "getAccountToken", 400, Request(form=form, token="")
    yield "getAccountToken", 400, Request(form={**api.login, "grant_type": "magic"}, token="")
    yield "getAccountToken", 400, Request(json=api.login, token="")
    yield "getUserInfo", 403, Request(token=api.account_token("email"))
    credentials = {"grant_type": "client_credentials"}
    key = (api.sandbox.project_id, "wrong")
    yield "getProjectToken", 401, Request(form=credentials, basic=key, token="")
    yield "getProjectToken", 401, Request(form=credentials, token="")
    yield "getProjectToken", 401, Request(form={"grant_type": "magic"}, token="")
    yield "getProjectToken", 401, Request(token="")
    yield "getProjectToken", 401, Request(json=credentials, token="")


def input_errors(api: Api) -> Iterator[Case]:
    good = api.sandbox.inputs_for("pansharpening")
    doubled = [{"band": "red", "weight": 0.2}, {"band": "red", "weight": 0.3}]
    without_pan = api.sandbox.item_url("pleiades-potsdam")
    malformed: list[Any] = [
        None,
        [],
        {},
        {"inputs": None},
        {"inputs": {}},
        {"inputs": {"title": good["title"]}},
        {"inputs": {**good, "title": ""}},
        {"inputs": {**good, "title": LONG_TITLE}},
        {"inputs": {**good, "more": 1}},
        {"inputs": {**good, "greyWeights": [{"band": "red"}]}},
    ]
    misfit: list[Any] = [
        {"inputs": {**good, "greyWeights": doubled}},
        {"inputs": {**good, "item": without_pan}},
        {"inputs": {**good, "item": "https://example.com/items/1"}},
        {"inputs": {**good, "item": good["item"] + "0"}},
    ]
    workspace = {"workspaceId": api.sandbox.workspace_id}
    for name in ("validateProcess", "estimateProcessCost", "executeProcess"):
        for body in malformed:
            yield name, 400, Request(json=body, query=workspace)
        yield name, 400, Request(content=b"{", query=workspace)
        for body in misfit:
            yield name, 422, Request(json=body, query=workspace)


def execution_errors(api: Api) -> Iterator[Case]:
    body = {"inputs": api.sandbox.inputs_for("pansharpening")}
    workspace = {"workspaceId": api.sandbox.workspace_id}
    yield "executeProcess", 400, Request(json=body)
    yield "executeProcess", 400, Request(json=body, query={"workspaceId": "no-uuid"})
    yield "executeProcess", 403, Request(json=body, query={"workspaceId": UNKNOWN_ID})
    yield "executeProcess", 400, Request(json=body, query={**workspace, "budgetId": "no-uuid"})


def listing_errors(api: Api) -> Iterator[Case]:
    for query in (
        {"limit": 0},
        {"limit": "many"},
        {"minDuration": -1},
        {"maxDuration": "long"},
        {"status": "finished"},
        {"status": "captured,CAPTURED"},
        {"sort": "created"},
        {"sort": "created,up"},
        {"sort": "title,asc"},
        {"sort": ""},
        {"token": "nonsense"},
    ):
        yield "listProcessingJobs", 400, Request(query=query)
    for name in ("listCollections", "listItems"):
        for query in ({"limit": 0}, {"limit": "many"}, {"token": "nonsense"}):
            yield name, 400, Request(query=query)
    for query in ({"page": -1}, {"page": "first"}, {"sort": "createdAt"}, {"sort": ""}):
        yield "listJobs", 400, Request(query=query)


def search_errors(api: Api) -> Iterator[Case]:
    bodies: list[Any] = [
        [],
        {"limit": 0},
        {"token": "nonsense"},
        {"sortby": "datetime"},
        {"intersects": {"type": "Blob"}},
        {"filter": {"op": "=", "args": [{"property": "secret"}, 1]}},
        {"filter": {"op": "~", "args": [{"property": "gsd"}, 1]}},
    ]
    for body in bodies:
        yield "searchStac", 400, Request(json=body)
    yield "searchStac", 400, Request(content=b"{")


def analytics_errors(api: Api) -> Iterator[Case]:
    text = {"Content-Type": "text/plain"}
    for name in ("createJob", "renameJob"):
        yield name, 415, Request(content=b"{}", headers=text)
        yield name, 400, Request()
        yield name, 400, Request(json=[])
    yield "createJob", 400, Request(json={"no-such-task:1": {}})
    yield "renameJob", 400, Request(json={"title": "Survey"})
    yield "estimateJob", 400, Request(json={"tasks": []})
    yield "validateJob", 400, Request(json={"tasks": []})
    huge = {"sentinelhub-s2:1": {"bbox": [0, 0, 20, 20], "limit": 1}, "ndvi:1": {}}
    yield "validateJob", 422, Request(json={"tasks": [], "input": huge})
    for key in ("running", "failed"):
        unfinished = {"jobId": api.sandbox.analytics.jobs[key]}
        last = {**unfinished, "taskId": api.sandbox.analytics.task_ids(key)[-1]}
        for name in ("getJobResults", "getJobDownloadUrl"):
            yield name, 404, Request(ids=unfinished)
        for name in ("getJobTaskResults", "getJobTaskDownloadUrl", "listJobTaskQuicklooks"):
            yield name, 404, Request(ids=last)
    yield "getJobTaskQuicklook", 404, Request(ids={"imageName": "no-such-image.jpg"})


@pytest.mark.parametrize(
    "cases",
    [
        token_errors,
        input_errors,
        execution_errors,
        listing_errors,
        search_errors,
        analytics_errors,
    ],
)
def test_bad_requests(api: Api, cases: Callable[[Api], Iterator[Case]]) -> None:
    for name, status, request in cases(api):
        refuse(api, name, request, status)


def test_too_few_credits_and_too_many_jobs() -> None:
    with running_api() as api:
        creation = Request(json=api.send("getJob", Request()).json()["data"]["inputs"])
        for name, request in (("createJob", creation), ("rerunJob", Request())):
            api.sandbox.analytics.max_concurrent_jobs = 1
            refuse(api, name, request, 429)
            api.sandbox.top_up(-api.sandbox.balance.available)
            refuse(api, name, request, 403)
            api.sandbox.top_up(10**6)
