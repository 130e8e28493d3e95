"""Endpoints that control the sandbox from another program, under `Sandbox.control_url`.

They take and return JSON. Instead of a token they need the secret in that URL. They are never
affected by a fault, delayed, or recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.responses import Response

from up42_sandbox.core.admission import CONTROL_PREFIX
from up42_sandbox.core.faults import Fault
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.recording import RecordedRequest
from up42_sandbox.core.routing import Access, Call, Route, reply
from up42_sandbox.core.values import stamp
from up42_sandbox.state import SandboxState

HELP: Mapping[str, str] = {
    "GET /state": "returns credentials, clock, balance, number of jobs by status",
    "POST /clock": '{"advance": 60} advances the clock, {"speed": 10} sets its speed',
    "GET /faults": "returns the armed faults, with the number of times left",
    "POST /faults": "arms a fault: an object with the arguments of Fault",
    "DELETE /faults": "disarms all faults",
    "GET /requests": "returns all requests so far",
    "DELETE /requests": "deletes the recorded requests",
    "POST /jobs": '{"count": 500} adds jobs, or the arguments of add_job',
    "POST /fate": '{"status": "failed", "process_id": null} makes the next job fail',
    "POST /balance": '{"top_up": 100} adds credits',
    "POST /eulas": '{"process_id": "…", "accepted": true}',
    "POST /storage": (
        '{"name": "a.tgz", "path": "/…"} stores a file of a folder named at the start and returns '
        "a signed URL; "
        '{"ranges": false}, {"rate": 5e7} and {"lifetime": 30} change how it serves'
    ),
}
"""Description of each control endpoint, by its path below the control URL."""

ACCESS = (
    *("url", "storage_url", "username", "password", "project_id", "project_api_key"),
    *("workspace_id", "account_id"),
)
"""Attributes of the sandbox in its state."""

Body = dict[str, Any]


class Control:
    """Control endpoints of one sandbox.

    Args:
        sandbox: The sandbox to control.
        folders: Folders whose files the storage can serve.

    Raises:
        ValueError: If a folder doesn't exist.
    """

    def __init__(self, sandbox: SandboxState, folders: Iterable[Path | str]) -> None:
        self._sandbox = sandbox
        self._folders = [Path(folder).expanduser().resolve() for folder in folders]
        for folder in self._folders:
            if not folder.is_dir():
                raise ValueError(f"folders must exist, got {str(folder)!r}")

    def routes(self) -> tuple[Route, ...]:
        """Return the endpoints."""
        sandbox = self._sandbox
        return (
            _route("GET", "", lambda body: dict(HELP)),
            _route("GET", "/state", self._state),
            _route("POST", "/clock", self._clock),
            _route("GET", "/faults", self._list_faults),
            _route("POST", "/faults", self._add_fault, 201),
            _route("DELETE", "/faults", lambda body: sandbox.clear_faults()),
            _route("GET", "/requests", lambda body: list(map(_request, sandbox.requests))),
            _route("DELETE", "/requests", lambda body: sandbox.clear_requests()),
            _route("POST", "/jobs", self._add_jobs, 201),
            _route("POST", "/fate", lambda body: sandbox.fail_next_job(**body)),
            _route("POST", "/balance", self._top_up),
            _route("POST", "/eulas", lambda body: sandbox.accept_eula(**body)),
            _route("POST", "/storage", self._storage),
        )

    def _state(self, body: Body) -> Any:
        sandbox = self._sandbox
        return {
            **{name: getattr(sandbox, name) for name in ACCESS},
            "now": stamp(sandbox.clock.now()),
            "speed": sandbox.clock.speed,
            "balance": asdict(sandbox.balance),
            "jobs": dict(Counter(job.status for job in sandbox.jobs.values())),
            "items": {
                item["properties"]["title"]: item["links"][0]["href"] for item in sandbox.items
            },
            "analytics_jobs": dict(sandbox.analytics.jobs),
        }

    def _clock(self, body: Body) -> Any:
        clock = self._sandbox.clock
        if "speed" in body:
            clock.speed = body["speed"]
        if "advance" in body:
            clock.advance(body["advance"])
        return {"now": stamp(clock.now()), "speed": clock.speed}

    def _list_faults(self, body: Body) -> Any:
        return [{**_fault(fault), "left": left} for fault, left in self._sandbox.pending_faults()]

    def _add_fault(self, body: Body) -> Any:
        if isinstance(body.get("retry_after"), str):
            body["retry_after"] = datetime.fromisoformat(body["retry_after"])
        fault = Fault(**body)
        self._sandbox.inject(fault)
        return _fault(fault)

    def _add_jobs(self, body: Body) -> Any:
        if "count" in body:
            jobs = self._sandbox.add_jobs(int(body["count"]))
        else:
            if isinstance(body.get("created"), str):
                body["created"] = datetime.fromisoformat(body["created"])
            jobs = [self._sandbox.add_job(**body)]
        return {"ids": [job.id for job in jobs]}

    def _top_up(self, body: Body) -> Any:
        self._sandbox.top_up(int(body["top_up"]))
        return asdict(self._sandbox.balance)

    def _storage(self, body: Body) -> Any:
        storage = self._sandbox.storage
        url = None
        for name in ("ranges", "rate", "lifetime"):
            if name in body:
                setattr(storage, name, body[name])
        if "path" in body:
            path = self._allowed(Path(str(body["path"])))
            checksums = bool(body.get("checksums", True))
            url = storage.put(str(body["name"]), path, checksums=checksums)()
        settings = {"ranges": storage.ranges, "rate": storage.rate, "lifetime": storage.lifetime}
        return {**settings, "url": url}

    def _allowed(self, path: Path) -> Path:
        # Resolved first, so that neither `..` nor symbolic links lead out of a folder. Files
        # outside are refused whether they exist or not.
        path = path.resolve()
        if not any(path.is_relative_to(folder) for folder in self._folders):
            raise ApiError(403, f"{path} isn't in a folder that this sandbox can serve (--folder).")
        return path


def _route(method: str, path: str, act: Callable[[Body], Any], status: int = 200) -> Route:
    def handler(call: Call) -> Response:
        body = call.json() if method == "POST" else {}
        if not isinstance(body, dict):
            raise ApiError(400, "The body must be an object.")
        try:
            document = act(body)
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise ApiError(400, f"{type(error).__name__}: {error}") from error
        return Response(status_code=204) if document is None else reply(document, status)

    return Route(method, CONTROL_PREFIX + path, handler, Access.OPEN)


def _fault(fault: Fault) -> Body:
    document = asdict(fault)
    if callable(fault.patch):
        document["patch"] = repr(fault.patch)
    if isinstance(fault.retry_after, datetime):
        document["retry_after"] = fault.retry_after.isoformat()
    if isinstance(fault.body, bytes):
        document["body"] = fault.body.decode("utf-8", "replace")
    return document


def _request(entry: RecordedRequest) -> Body:
    body = entry.body.decode("utf-8", "replace")
    return {**asdict(entry), "body": body, "received": stamp(entry.received)}
