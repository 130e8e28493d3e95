"""Endpoints that control the sandbox from another program, under `Sandbox.control_url`.

They take and return JSON. Instead of a token they need the secret in that URL. They are never
affected by a fault, delayed, or recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.responses import Response

from up42_sandbox.core.admission import CONTROL_PREFIX
from up42_sandbox.core.faults import Fault
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.recording import RecordedRequest
from up42_sandbox.core.routing import Access, Call, Handler, Route, reply
from up42_sandbox.core.timestamps import stamp
from up42_sandbox.state import SandboxState

HELP: Mapping[str, str] = {
    "GET /state": "returns credentials, clock, balance, number of jobs by status",
    "POST /clock": '{"advance": 60} advances the clock, {"speed": 10} sets its speed',
    "GET /faults": "returns the armed faults, with the number of times left",
    "POST /faults": "arms a fault: an object with the arguments of Fault",
    "DELETE /faults": "disarms all faults",
    "GET /requests": "returns all requests so far",
    "DELETE /requests": "deletes the recorded requests",
    "POST /jobs": '{"count": 500} adds jobs to the listing, or the arguments of add_job',
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
        handlers: dict[str, Handler] = {
            "GET ": self.help,
            "GET /state": self.state,
            "POST /clock": self.clock,
            "GET /faults": self.list_faults,
            "POST /faults": self.add_fault,
            "DELETE /faults": self.clear_faults,
            "GET /requests": self.list_requests,
            "DELETE /requests": self.clear_requests,
            "POST /jobs": self.add_jobs,
            "POST /fate": self.fate,
            "POST /balance": self.balance,
            "POST /eulas": self.eula,
            "POST /storage": self.storage,
        }
        return tuple(
            Route(line.split(" ")[0], CONTROL_PREFIX + line.split(" ")[1], handler, Access.OPEN)
            for line, handler in handlers.items()
        )

    def help(self, call: Call) -> Response:
        """List the control endpoints."""
        return reply(dict(HELP))

    def state(self, call: Call) -> Response:
        """Return the state of the sandbox."""
        sandbox = self._sandbox
        return reply(
            {
                **{name: getattr(sandbox, name) for name in ACCESS},
                "now": stamp(sandbox.clock.now()),
                "speed": sandbox.clock.speed,
                "balance": asdict(sandbox.balance),
                "jobs": dict(Counter(job.status for job in sandbox.jobs.values())),
                "items": {item["properties"]["title"]: _self_href(item) for item in sandbox.items},
                "analytics_jobs": dict(sandbox.analytics.jobs),
            }
        )

    def clock(self, call: Call) -> Response:
        """Advance the clock or change its speed."""
        body = _object(call)
        clock = self._sandbox.clock
        with _invalid_values_refused():
            if "speed" in body:
                clock.speed = body["speed"]
            if "advance" in body:
                clock.advance(body["advance"])
        return reply({"now": stamp(clock.now()), "speed": clock.speed})

    def list_faults(self, call: Call) -> Response:
        """List the armed faults."""
        pending = self._sandbox.pending_faults()
        return reply([{**_fault_document(fault), "left": left} for fault, left in pending])

    def add_fault(self, call: Call) -> Response:
        """Arm a fault."""
        body = _object(call)
        with _invalid_values_refused():
            if isinstance(body.get("retry_after"), str):
                body["retry_after"] = datetime.fromisoformat(body["retry_after"])
            fault = Fault(**body)
        self._sandbox.inject(fault)
        return reply(_fault_document(fault), 201)

    def clear_faults(self, call: Call) -> Response:
        """Disarm all faults."""
        self._sandbox.clear_faults()
        return Response(status_code=204)

    def list_requests(self, call: Call) -> Response:
        """List the requests so far."""
        return reply([_request_document(entry) for entry in self._sandbox.requests])

    def clear_requests(self, call: Call) -> Response:
        """Delete the recorded requests."""
        self._sandbox.clear_requests()
        return Response(status_code=204)

    def add_jobs(self, call: Call) -> Response:
        """Add processing jobs."""
        body = _object(call)
        with _invalid_values_refused():
            if "count" in body:
                jobs = self._sandbox.add_jobs(int(body["count"]))
            else:
                if isinstance(body.get("created"), str):
                    body["created"] = datetime.fromisoformat(body["created"])
                jobs = [self._sandbox.add_job(**body)]
        return reply({"ids": [job.id for job in jobs]}, 201)

    def fate(self, call: Call) -> Response:
        """Make the next job fail."""
        with _invalid_values_refused():
            self._sandbox.fail_next_job(**_object(call))
        return Response(status_code=204)

    def balance(self, call: Call) -> Response:
        """Add credits."""
        with _invalid_values_refused():
            self._sandbox.top_up(int(_object(call)["top_up"]))
        return reply(asdict(self._sandbox.balance))

    def eula(self, call: Call) -> Response:
        """Accept a EULA, or withdraw the acceptance."""
        with _invalid_values_refused():
            self._sandbox.accept_eula(**_object(call))
        return Response(status_code=204)

    def storage(self, call: Call) -> Response:
        """Store a local file, or change how the storage serves files."""
        body, storage = _object(call), self._sandbox.storage
        url = None
        with _invalid_values_refused():
            for name in ("ranges", "rate", "lifetime"):
                if name in body:
                    setattr(storage, name, body[name])
            if "path" in body:
                options = {"checksums": bool(body.get("checksums", True))}
                path = self._allowed(Path(str(body["path"])))
                url = storage.put(str(body["name"]), path, **options)()
        settings = {"ranges": storage.ranges, "rate": storage.rate, "lifetime": storage.lifetime}
        return reply({**settings, "url": url})

    def _allowed(self, path: Path) -> Path:
        # Resolved first, so that neither `..` nor symbolic links lead out of a folder. Files
        # outside are refused whether they exist or not.
        path = path.resolve()
        if not any(path.is_relative_to(folder) for folder in self._folders):
            raise ApiError(403, f"{path} isn't in a folder that this sandbox can serve (--folder).")
        return path


@contextmanager
def _invalid_values_refused() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ApiError(400, f"{type(error).__name__}: {error}") from error


def _object(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be an object.")
    return body


def _self_href(item: Mapping[str, Any]) -> str:
    return next(str(link["href"]) for link in item["links"] if link["rel"] == "self")


def _fault_document(fault: Fault) -> dict[str, Any]:
    document = asdict(fault)
    if callable(fault.patch):
        document["patch"] = repr(fault.patch)
    if isinstance(fault.retry_after, datetime):
        document["retry_after"] = fault.retry_after.isoformat()
    if isinstance(fault.body, bytes):
        document["body"] = fault.body.decode("utf-8", "replace")
    return document


def _request_document(entry: RecordedRequest) -> dict[str, Any]:
    body = entry.body.decode("utf-8", "replace")
    return {**asdict(entry), "body": body, "received": stamp(entry.received)}
