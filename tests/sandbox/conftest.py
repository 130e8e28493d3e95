"""A plain HTTP client with a token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from up42_sandbox import Sandbox

REALM = "/realms/public/protocol/openid-connect"
PROCESSES = "/v2/processing/processes"
JOBS = "/v2/processing/jobs"
STAC = "/v2/assets/stac"


class Api:
    """A client of the API origin, with shorthands for what tests do often."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client) -> None:
        self.sandbox = sandbox
        self.client = client

    def login(self, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "password",
            "username": self.sandbox.username,
            "password": self.sandbox.password,
            "client_id": "up42-api",
            "scope": "openid",
        }
        return self.client.post(f"{REALM}/token", data={**form, **changes})

    def use_token(self, token: str) -> None:
        self.client.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        response = self.client.get(path, **options)
        assert response.status_code == status, response.text
        return response.json()

    def post(self, path: str, status: int = 200, **options: Any) -> Any:
        response = self.client.post(path, **options)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    def execute(self, process_id: str, **inputs: Any) -> str:
        body = {"inputs": {**self.sandbox.inputs_for(process_id), **inputs}}
        query = {"workspaceId": self.sandbox.workspace_id}
        job = self.post(f"{PROCESSES}/{process_id}/execution", json=body, params=query)
        return str(job["jobID"])

    def status(self, job_id: str) -> str:
        return str(self.get(f"{JOBS}/{job_id}")["status"])

    def list_jobs(self, **query: Any) -> list[dict[str, Any]]:
        page = self.get(JOBS, params=query)
        jobs: list[dict[str, Any]] = page["jobs"]
        while links := [link for link in page["links"] if link["rel"] == "next"]:
            page = self.get(links[0]["href"])
            jobs += page["jobs"]
        return jobs

    def search(self, **body: Any) -> list[dict[str, Any]]:
        page = self.post(f"{STAC}/search", json=body)
        items: list[dict[str, Any]] = page["features"]
        while links := [link for link in page["links"] if link["rel"] == "next"]:
            page = self.post(links[0]["href"], json=links[0]["body"])
            items += page["features"]
        return items

    def result_item(self, job_id: str) -> dict[str, Any]:
        """Let a job finish and return its item."""
        # Several steps: one long one would make the token run out.
        for _ in range(2):
            self.sandbox.clock.advance(40)
        collection = self.get(self.get(f"{JOBS}/{job_id}")["results"]["collection"])
        items = next(link["href"] for link in collection["links"] if link["rel"] == "items")
        return dict(self.get(items)["features"][0])

    def fetch(self, href: str) -> httpx.Response:
        url = self.post(f"{href}/download-url")["url"]
        # Files are made on first access, which takes a while on a busy machine.
        return httpx.get(url, timeout=60)


@pytest.fixture
def anonymous(sandbox: Sandbox) -> Iterator[Api]:
    with httpx.Client(base_url=sandbox.url, timeout=60) as client:
        yield Api(sandbox, client)


@pytest.fixture
def api(anonymous: Api) -> Api:
    anonymous.use_token(anonymous.login().json()["access_token"])
    return anonymous
