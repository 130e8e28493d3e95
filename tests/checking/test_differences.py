"""Responses that differ from the document, and requests that fail, are rows of the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import up42_facade as up42
from tests.checking.conftest import Check, ExampleServer, Reply, as_json
from up42_sandbox import Fault, Sandbox

Change = Callable[[dict[str, Any]], Any]


def in_jobs(**changes: Any) -> Change:
    return lambda page: {**page, "jobs": [{**job, **changes} for job in page["jobs"]]}


def renamed(old: str, new: str) -> Change:
    return lambda content: {new if key == old else key: v for key, v in content.items()}


def without(name: str) -> Change:
    return lambda content: {key: value for key, value in content.items() if key != name}


@pytest.mark.parametrize(
    ("operation", "change", "expected"),
    [
        ("getBalance", renamed("available", "free"), {"`available`: missing"}),
        ("getBalance", renamed("available", "free"), {"`free`: unknown field"}),
        ("getBalance", lambda c: {**c, "held": {}}, {"`held`: unknown field"}),
        ("getBalance", lambda c: {"available": None}, {"`available`: null instead of object"}),
        (
            "getBalance",
            lambda c: {"available": {"amount": "1", "unit": "CREDIT"}},
            {"`available.amount`: string instead of number"},
        ),
        ("getBalance", lambda c: [c], {"array instead of object"}),
        ("getBalance", lambda c: None, {"null instead of object"}),
        ("getUserInfo", without("sub"), {"`sub`: missing"}),
        ("listProcesses", lambda c: {"items": []}, {"`processes`: missing"}),
        ("listProcesses", lambda c: "none", {"string instead of object"}),
        ("getProcess", renamed("inputs", "input"), {"`inputs`: missing"}),
        ("getEula", lambda c: {**c, "isAccepted": 1}, {"`isAccepted`: integer instead of boolean"}),
        ("listProcessingJobs", in_jobs(status="paused"), {"`jobs[].status`: breaks `enum`"}),
        ("listProcessingJobs", in_jobs(created="June"), {"`jobs[].created`: breaks `format`"}),
        (
            "listProcessingJobs",
            in_jobs(started=5),
            {"`jobs[].started`: integer instead of string or null"},
        ),
        (
            "listProcessingJobs",
            in_jobs(results={"collection": 1}),
            {"`jobs[].results.collection`: integer instead of string or null"},
        ),
        (
            "listProcessingJobs",
            in_jobs(creditConsumption={"credits": 1.5, "tax": 1}),
            {
                "`jobs[].creditConsumption.credits`: number instead of integer",
                "`jobs[].creditConsumption.tax`: unknown field",
            },
        ),
        ("getItem", without("geometry"), {"`geometry`: missing"}),
        (
            "searchStac",
            lambda c: {**c, "features": [{**f, "assets": []} for f in c["features"]]},
            {"`features[].assets`: array instead of object"},
        ),
        ("createAssetDownloadUrl", renamed("url", "href"), {"`url`: missing"}),
        (
            "estimateProcessCost",
            lambda c: {**c, "totalCredits": None},
            {"`totalCredits`: null instead of number"},
        ),
    ],
)  # fmt: skip
def test_what_differs(
    server: ExampleServer, check: Check, operation: str, change: Change, expected: set[str]
) -> None:
    server.replies[operation] = change
    checked = check()
    assert checked[operation].result == "differs"
    assert expected <= set(checked[operation].differences)
    others = [each for name, each in checked.items() if name != operation]
    assert not any(each.result == "differs" for each in others)


@pytest.mark.parametrize(
    ("reply", "result", "told"),
    [
        (as_json({"title": "Unauthorized", "status": 401}, 401), "failed", "401 for the request"),
        (as_json({"title": "Forbidden", "status": 403}, 403), "failed", "403 for the request"),
        (as_json({"title": "Oh", "status": 503}, 503), "failed", "503 for the request"),
        (as_json({"title": "Not Found"}, 404), "differs", "the status 404 isn't documented"),
        (as_json({"error": "x"}, 403), "differs", "`title`: missing"),
        (Reply(b"<html>", 200, "text/html"), "differs", "200 comes with text/html"),
        (Reply(b"<html>", 502, "text/html"), "differs", "502 comes with text/html"),
        (Reply(b"{}", 403, "application/problem+json"), "differs", "`status`: missing"),
        (Reply(b"{}", 200, "application/x-mine"), "differs", "200 comes with another media type"),
        (Reply(b"", 200), "differs", "the body of 200 isn't JSON"),
        (Reply(b'{"available": ', 200), "differs", "the body of 200 isn't JSON"),
        (Reply(b"[" * 100_000, 200), "differs", "the body of 200 isn't JSON"),
        (Reply(b"", 204), "differs", "the status 204 isn't documented"),
    ],
)
def test_one_operation_that_fails_is_a_row(
    server: ExampleServer, check: Check, reply: Reply, result: str, told: str
) -> None:
    server.replies["getBalance"] = reply
    checked = check()
    balance = checked.pop("getBalance")
    assert balance.result == result
    assert told in balance.differences
    assert {each.result for each in checked.values()} == {"as documented"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"drop": "before"}, "no response (RemoteProtocolError)"),
        ({"drop": 5}, "no response (RemoteProtocolError)"),
        ({"latency": 2}, "no response (timeout)"),
    ],
)
def test_no_response_is_a_row(sandbox: Sandbox, fault: dict[str, Any], told: str) -> None:
    sandbox.inject(Fault(path="/v2/payments/*", **fault))
    options = up42.TransportOptions(read_timeout=1)
    login = {"username": sandbox.username, "password": sandbox.password}
    with up42.Session(**login, base_url=sandbox.url, options=options) as session:
        report = up42.check_api(session)
    rows = {each.id: each for each in report.operations}
    assert rows["getBalance"].differences == (f"{told} for the request",)
    assert rows["listProcesses"].result == "as documented"
    assert not report.is_as_documented


def test_an_operation_that_never_responds_takes_little_time(sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path="/v2/processing/processes/*", drop="before", times=None))
    sandbox.clear_requests()
    login = {"username": sandbox.username, "password": sandbox.password}
    with up42.Session(**login, base_url=sandbox.url) as session:
        rows = {each.id: each for each in up42.check_api(session).operations}
    responses = rows["getProcess"].responses
    assert responses.startswith("2 × no response (RemoteProtocolError), ")
    assert responses.endswith(" × not sent (no response to earlier requests)")
    assert rows["listProcessingJobs"].result == "as documented"


def test_everything_fails(server: ExampleServer, check: Check) -> None:
    for name in list(check()):
        if name != "getAccountToken":
            server.replies[name] = as_json({"title": "Oh", "status": 500}, 500)
    server.requests.clear()
    rows = check()
    # The document has no such status for it.
    assert rows.pop("getUserInfo").differences[0] == "the status 500 isn't documented"
    assert rows.pop("getAccountToken").result == "as documented"
    assert {each.result for each in rows.values()} == {"failed", "not sent"}


def test_a_sort_order_that_is_refused(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.add_jobs(3)
    sandbox.inject(Fault(path="/v2/processing/jobs", status=400, after=20, times=1))
    (row,) = [e for e in up42.check_api(session).operations if e.id == "listProcessingJobs"]
    assert row.result == "failed"
    assert len(row.differences) == 1
    assert row.differences[0].startswith("400 for sort=")
