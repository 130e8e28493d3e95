"""What the sandbox answers today: one request to every operation, over real sockets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx

from up42_sandbox import Sandbox
from updating.pointers import Json, operations, resolve
from updating.selection import label

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
PROCESS = "pansharpening"
STATUSES = (
    *("created", "licensed", "unlicensed", "valid", "invalid", "accepted", "rejected"),
    *("running", "successful", "failed", "captured", "released"),
)
# Requests that end something run last, so that the others still find it.
ENDING = ("cancel", "rerun")


@dataclass(frozen=True)
class Answer:
    """One answer of the sandbox.

    Attributes:
        operation: As `GET /path`.
        status: Its status.
        media_type: Its content type without parameters; empty for an empty body.
        body: The JSON value, or None for anything else.
    """

    operation: str
    status: int
    media_type: str
    body: Any


def record(document: Json) -> list[Answer]:
    """Start a sandbox, call every operation of a document and return the answers.

    Each operation is called as it should be, without a token and with an id that nobody has.
    Requests come from the document's own examples.
    """
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        client = stack.enter_context(httpx.Client(base_url=sandbox.url))
        return list(Recorder(document, sandbox, client).run())


class Recorder:
    """Sends the requests to one sandbox."""

    def __init__(self, document: Json, sandbox: Sandbox, client: httpx.Client) -> None:
        self._document, self._sandbox, self._client = document, sandbox, client
        for status in STATUSES:
            sandbox.add_job(status=status)
        self._account = self._token("/realms/public/protocol/openid-connect/token", None)
        key = (sandbox.project_id, sandbox.project_api_key)
        self._project = self._token("/oauth/token", key)

    def run(self) -> Iterator[Answer]:
        found = sorted(operations(self._document), key=lambda each: each[3]["operationId"])
        found.sort(key=lambda each: str(each[3]["operationId"]).startswith(ENDING))
        for method, path, item, operation in found:
            for known in self._ids(path):
                for token in (self._token_for(path), ""):
                    request = self._request(method, path, item, operation, known, token)
                    yield self._answer(label(method, path), self._client.send(request))

    def _token(self, path: str, basic: tuple[str, str] | None) -> str:
        form = {"grant_type": "client_credentials"}
        if basic is None:
            sandbox = self._sandbox
            form = {"grant_type": "password", "client_id": "up42-api", "scope": "openid"}
            form |= {"username": sandbox.username, "password": sandbox.password}
        options: dict[str, Any] = {"auth": basic} if basic else {}
        answer = self._client.post(path, data=form, **options)
        return str(answer.json().get("access_token", "")) if answer.is_success else ""

    def _token_for(self, path: str) -> str:
        return self._project if path.startswith("/projects/") else self._account

    def _ids(self, path: str) -> Iterator[Mapping[str, str]]:
        """Yield values for the path: of things that exist, then of none."""
        sandbox, item = self._sandbox, self._sandbox.sample_item()
        names = re.findall(r"{(\w+)}", path)
        hrefs = [str(asset["href"]) for asset in item["assets"].values()]
        known = {
            "processId": PROCESS,
            "collectionId": str(item["collection"]),
            "itemId": str(item["id"]),
            "assetId": next(h for h in hrefs if "/v2/assets/" in h).rpartition("/")[2],
            "eulaId": self._eula(),
            "projectId": sandbox.project_id,
        }
        jobs: list[Mapping[str, str]] = [{}]
        if path.startswith("/projects/"):
            samples = sandbox.analytics
            jobs = [
                {"jobId": job, "workflowId": flow, "taskId": task, "imageName": image}
                for job in samples.jobs.values()
                for flow in list(samples.workflows.values())[:1]
                for task in samples.task_ids(job)[-1:]
                for image in ["0.png"]
            ]
        elif "jobId" in names:
            jobs = [{"jobId": job} for job in sandbox.jobs]
        for job in jobs:
            yield {**known, **job}
        if names:
            yield dict.fromkeys(names, UNKNOWN_ID)

    def _eula(self) -> str:
        headers = {"Authorization": f"Bearer {self._account}"}
        answer = self._client.get(f"/v2/processing/processes/{PROCESS}", headers=headers)
        found = (answer.json().get("additionalParameters") or {}).get("parameters") or []
        values = {entry.get("name"): entry.get("value") for entry in found}
        return str((values.get("eula-id") or [UNKNOWN_ID])[0])

    def _request(
        self,
        method: str,
        path: str,
        item: Json,
        operation: Json,
        known: Mapping[str, str],
        token: str,
    ) -> httpx.Request:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if operation.get("operationId") == "getProjectToken" and token:
            key = f"{self._sandbox.project_id}:{self._sandbox.project_api_key}"
            headers = {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
        url = re.sub(r"{(\w+)}", lambda found: known.get(found[1], UNKNOWN_ID), path)
        return self._client.build_request(
            method.upper(),
            url,
            params=self._query(item, operation),
            headers=headers,
            **self._body(operation),
        )

    def _query(self, item: Json, operation: Json) -> dict[str, str]:
        """Return what is required, from the examples; the workspace is the sandbox's own."""
        found = {}
        for entry in [*(item.get("parameters") or []), *(operation.get("parameters") or [])]:
            parameter = resolve(self._document, entry)
            if parameter["in"] == "query" and parameter.get("required"):
                name = str(parameter["name"])
                own = name in {"workspaceId", "workspace_id"}
                value = self._sandbox.workspace_id if own else parameter.get("example", "x")
                found[name] = str(value)
        return found

    def _body(self, operation: Json) -> dict[str, Any]:
        if "requestBody" not in operation:
            return {}
        content = resolve(self._document, operation["requestBody"]).get("content") or {}
        for media_type, body in content.items():
            example = self._example(body)
            if media_type == "application/x-www-form-urlencoded":
                return {"data": self._form(example)}
            if operation.get("operationId") in {"executeProcess", "validateProcess"} or (
                isinstance(example, dict) and "inputs" in example and "tasks" not in example
            ):
                example = {"inputs": self._sandbox.inputs_for(PROCESS)}
            return {"json": example}
        return {}

    def _example(self, body: Json) -> Any:
        for example in (body.get("examples") or {}).values():
            return resolve(self._document, example).get("value")
        return body.get("example", {})

    def _form(self, example: Any) -> dict[str, str]:
        """Return a form with the sandbox's own name and password."""
        form = {str(k): str(v) for k, v in example.items()} if isinstance(example, dict) else {}
        own = {"username": self._sandbox.username, "password": self._sandbox.password}
        return {key: own.get(key, value) for key, value in form.items()}

    @staticmethod
    def _answer(operation: str, response: httpx.Response) -> Answer:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        body = None
        if media_type.endswith("json"):
            try:
                body = json.loads(response.content)
            except ValueError:
                body = None
        return Answer(operation, response.status_code, media_type if response.content else "", body)
