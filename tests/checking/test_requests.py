"""Only requests that read are sent, whatever a server says: proved at the socket."""

from __future__ import annotations

from typing import Any

import pytest

import up42_facade as up42
from tests.checking.conftest import Check, ExampleServer, Reply, as_json
from tests.contract.document import OPERATIONS
from up42_sandbox import Fault, Sandbox

READING_POSTS = {
    "getAccountToken",
    "getProjectToken",
    "searchStac",
    "createAssetDownloadUrl",
    "validateProcess",
    "estimateProcessCost",
}
READING = {o.id for o in OPERATIONS.values() if o.method == "GET"} | READING_POSTS
FILE = None


def sent(server: ExampleServer) -> set[str | None]:
    return {operation for _, _, operation in server.requests}


def test_every_operation_that_reads_is_checked(
    server: ExampleServer, account: up42.Session
) -> None:
    report = up42.check_api(account, analytics=True)
    assert report.is_as_documented, report.to_markdown()
    assert {each.id for each in report.operations} == READING
    unsent = {each.id for each in report.operations if each.result == "not sent"}
    # This session has the credentials of an account, not of a project.
    assert unsent == {"getProjectToken"}
    assert sent(server) == (READING - unsent) | {FILE}


def test_the_current_api_alone(server: ExampleServer, check: Check) -> None:
    checked = check()
    assert all("/projects/" not in path for _, path, _ in server.requests)
    assert all(not each.request.startswith("GET /projects/") for each in checked.values())


def test_the_sandbox_is_as_documented_and_stays_as_it_is(sandbox: Sandbox) -> None:
    sandbox.add_jobs(30)
    before = (sandbox.jobs, sandbox.balance, sandbox.items)
    sandbox.clear_requests()
    with (
        up42.Session(
            username=sandbox.username, password=sandbox.password, base_url=sandbox.url
        ) as account,
        up42.Session(
            project_id=sandbox.project_id,
            project_api_key=sandbox.project_api_key,
            base_url=sandbox.url,
        ) as project,
    ):
        report = up42.check_api(account, analytics=project)
    assert report.is_as_documented, report.to_markdown()
    assert {each.result.value for each in report.operations} == {"as documented"}
    assert (sandbox.jobs, sandbox.balance, sandbox.items) == before
    posts = {request.path.rpartition("/")[2] for request in sandbox.requests if request.body}
    assert posts == {"token", "search", "validation", "cost"}
    assert {request.method for request in sandbox.requests} == {"GET", "POST"}


EXECUTION = "/v2/processing/processes/pansharpening/execution"
CANCELLATION = "/projects/p/jobs/j/cancel"


@pytest.mark.parametrize(
    "link",
    [
        EXECUTION,
        CANCELLATION,
        "/v2/assets/stac/collections/c/../../../../processing/processes/p/execution",
        "/v2/webhooks",
        "//other.example.com/v2/processing/jobs",
        "https://other.example.com/v2/processing/jobs",
        "file:///etc/passwd",
        "http://[",
    ],
)
def test_links_that_lead_elsewhere_are_not_followed(
    server: ExampleServer, check: Check, link: str
) -> None:
    def linked(content: Any) -> Any:
        return {**content, "links": [{"rel": "next", "href": link, "method": "POST", "body": {}}]}

    for name in ("listProcessingJobs", "listCollections", "listItems", "searchStac"):
        server.replies[name] = linked
    checked = check()
    assert sent(server) <= READING | {FILE}
    assert "next page" in checked["listProcessingJobs"].differences[0]
    assert checked["getItem"].result == "as documented"


@pytest.mark.parametrize(
    "identity", ["../p/execution", "..", "p/execution?", "a b\n", "%2e%2e", ""]
)
def test_ids_that_lead_elsewhere_are_not_followed(
    server: ExampleServer, check: Check, identity: str
) -> None:
    server.replies["listProcesses"] = as_json([{"id": identity or "p"}])
    server.replies["getProcess"] = lambda content: {**content, "id": identity}
    server.replies["listProcessingJobs"] = lambda content: {
        **content,
        "jobs": [{**job, "jobID": identity, "processID": identity} for job in content["jobs"]],
    }
    check()
    assert sent(server) <= READING | {FILE, None}
    assert not any("execution" in path or "%" in path for _, path, _ in server.requests)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_to_what_does_not_read_are_not_followed(
    sandbox: Sandbox, session: up42.Session, status: int
) -> None:
    sandbox.inject(
        Fault(path="/v2/payments/*", status=status, headers={"Location": EXECUTION}, times=None),
        Fault(path="/v2/assets/stac/search", status=status, headers={"Location": EXECUTION}),
    )
    report = up42.check_api(session)
    assert not any("execution" in request.path for request in sandbox.requests)
    (balance,) = [each for each in report.operations if each.id == "getBalance"]
    assert balance.result == "differs"


def test_each_request_is_sent_once(server: ExampleServer, check: Check) -> None:
    server.replies["getBalance"] = Reply(b"{}", 503)
    assert check()["getBalance"].responses == "1 × 503"
    assert [path for _, path, name in server.requests if name == "getBalance"] == [
        "/v2/payments/balances"
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_without_a_token_nothing_else_is_sent(
    server: ExampleServer, check: Check, status: int
) -> None:
    server.replies["getAccountToken"] = as_json({"error": "invalid_grant"}, status)
    checked = check()
    assert sent(server) == {"getAccountToken"}
    assert len(server.requests) == 1
    assert checked.pop("getAccountToken").result in ("failed", "differs")
    assert {each.result for each in checked.values()} == {"not sent"}


def test_credentials_that_open_nothing(sandbox: Sandbox, session: up42.Session) -> None:
    key = {"project_id": sandbox.project_id, "project_api_key": sandbox.project_api_key}
    with up42.Session(**key, base_url=sandbox.url) as project:
        with pytest.raises(up42.ConfigurationError, match="analytics=True"):
            up42.check_api(project)
        with pytest.raises(up42.ConfigurationError, match="UP42_PROJECT_ID"):
            up42.check_api(session, analytics=True)
        assert sandbox.requests == []
        assert up42.check_api(project, analytics=True).is_as_documented
