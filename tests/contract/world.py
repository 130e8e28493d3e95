"""A sandbox with something in it, and what it takes to send requests that make sense there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import httpx

from tests.contract.document import OPERATIONS, Operation, problems
from up42_sandbox import Sandbox
from up42_sandbox.processing.records import STATUSES

# Random requests start jobs by the hundred; none shall fail for want of credits or room.
CREDITS = 10**9
UNFINISHED_JOBS = 10**6


class Request(NamedTuple):
    """What to send to an operation.

    `ids` fill the path, beside those of things that exist; without `token` the account's goes
    along, with an empty one none.
    """

    ids: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}
    json: Any = None
    form: Mapping[str, str] | None = None
    basic: tuple[str, str] | None = None
    headers: Mapping[str, str] = {}
    content: bytes | None = None
    token: str | None = None


class Api:
    """A running sandbox, seen through the operations of the document."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client) -> None:
        self.sandbox = sandbox
        self.client = client
        self.token = self.account_token("openid")
        self.jobs = {status: sandbox.add_job(status=status).id for status in STATUSES}
        sandbox.analytics.max_concurrent_jobs = UNFINISHED_JOBS

    def send(self, name: str, request: Request) -> httpx.Response:
        """Send a request to the operation with this id."""
        operation = OPERATIONS[name]
        token = self.token if request.token is None else request.token
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.request(
            operation.method,
            operation.path.format_map({**self.ids_for(operation), **request.ids}),
            params=request.query,
            json=request.json,
            data=request.form,
            content=request.content,
            auth=request.basic or httpx.USE_CLIENT_DEFAULT,
            headers={**authorization, **request.headers},
        )

    def account_token(self, scope: str) -> str:
        request = Request(form={**self.login, "scope": scope}, token="")
        return str(self.send("getAccountToken", request).json()["access_token"])

    @property
    def login(self) -> dict[str, str]:
        return {
            "grant_type": "password",
            "username": self.sandbox.username,
            "password": self.sandbox.password,
            "client_id": "up42-api",
        }

    @cached_property
    def project_token(self) -> str:
        key = (self.sandbox.project_id, self.sandbox.project_api_key)
        request = Request(form={"grant_type": "client_credentials"}, basic=key, token="")
        return str(self.send("getProjectToken", request).json()["access_token"])

    def ids_for(self, operation: Operation) -> dict[str, str]:
        """Return ids of things that exist, for the path of an operation."""
        if not operation.path_names:
            return {}
        known = self.analytics_ids if operation.tag == "analytics" else self.current_ids
        return {name: known[name] for name in operation.path_names}

    @cached_property
    def current_ids(self) -> dict[str, str]:
        item = self.sandbox.sample_item()
        return {
            "processId": "pansharpening",
            "jobId": self.jobs["captured"],
            "eulaId": self.eula_id("pansharpening"),
            "collectionId": item["collection"],
            "itemId": item["id"],
            "assetId": item["assets"]["multispectral.tif"]["href"].rpartition("/")[2],
        }

    @cached_property
    def analytics_ids(self) -> dict[str, str]:
        samples = self.sandbox.analytics
        ids = {
            "projectId": samples.project_id,
            "workflowId": samples.workflows["ndvi"],
            "jobId": samples.jobs["ndvi"],
            # Only the first task, which fetches data, has previews.
            "taskId": samples.task_ids("ndvi")[0],
        }
        names = self.client.get(
            OPERATIONS["listJobTaskQuicklooks"].path.format_map(ids),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return {**ids, "imageName": names.json()["data"][0]}

    def eula_id(self, process_id: str) -> str:
        path = OPERATIONS["getProcess"].path.format(processId=process_id)
        process = self.client.get(path, headers={"Authorization": f"Bearer {self.token}"}).json()
        parameters = {p["name"]: p["value"] for p in process["additionalParameters"]["parameters"]}
        return str(parameters["eula-id"][0])


@contextmanager
def running_api() -> Iterator[Api]:
    """Start a sandbox and close everything at the end."""
    with Sandbox(credits=CREDITS) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        yield Api(sandbox, client)


def check(name: str, response: httpx.Response) -> None:
    """Assert that a response is what the document promises, in one line for pytest's summary."""
    media_type = response.headers.get("content-type", "").partition(";")[0]
    found = problems(OPERATIONS[name], response.status_code, media_type, response.content)
    assert not found, "; ".join([f"{name}: {response.status_code}", *found])
