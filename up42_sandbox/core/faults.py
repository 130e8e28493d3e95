"""Injected faults: what goes wrong, where, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

from up42_sandbox.core.recording import Request

Patch = Mapping[str, Any] | Callable[[Request, Any], Any]
Drop = Literal["before", "after"] | int


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with the requests that it matches.

    Effects combine: a fault with a `latency` and a `status` responds late with that status.

    Args:
        method: HTTP method. If None, any.
        path: Glob over the path; `*` also spans slashes.
        times: Number of requests to affect. If None, all from now on.
        after: Number of matching requests to let through first.
        status: Respond with this status and do nothing else.
        handled: Handle the request before responding with `status`, like a gateway that lost
            the genuine response.
        request_patch: Merge this into the JSON body of the request before it is handled.
        headers: Extra headers of the response.
        retry_after: `Retry-After` in seconds, or a time that is sent as an HTTP date.
        body: Body of the response: bytes and strings as they are, anything else as JSON.
        content_type: Content type of `body`. If None, it depends on the type of `body`.
        latency: Seconds of real time to wait before the request is handled.
        drop: `"before"` closes the connection before the request is handled, `"after"` handles
            the request and closes without a response, a number cuts the connection after that
            many bytes of the body.
        malformed: Handle the request, then respond with status 200 and truncated JSON.
        patch: Handle the request, then merge this into the JSON response. A mapping that
            meets a list is merged into every element. A function takes the request and the
            document, and returns another document. With `status`, the document is that of the
            error.
        gzip: Ignore `Range`, compress the body, and send gzip as its `Content-Encoding`.
        append: Send no length, and this many more bytes after the body.
        rate: Bytes of the body per second.
        origin: Only requests to the `"api"` or the `"storage"` origin. If None, both.

    Raises:
        ValueError: If an argument has an invalid value.

    Example:
        >>> Fault(path="/v2/processing/jobs/*", status=503, times=2).status
        503
    """

    method: str | None = None
    path: str = "*"
    times: int | None = 1
    after: int = 0
    status: int | None = None
    handled: bool = False
    request_patch: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | datetime | None = None
    body: Any = None
    content_type: str | None = None
    latency: float = 0.0
    drop: Drop | None = None
    malformed: bool = False
    patch: Patch | None = None
    gzip: bool = False
    append: int | None = None
    rate: float | None = None
    origin: Literal["api", "storage"] | None = None

    def __post_init__(self) -> None:
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status must be between 200 and 599, got {self.status!r}")
        if isinstance(self.drop, str) and self.drop not in ("before", "after"):
            raise ValueError(f"drop must be 'before', 'after', or a number, got {self.drop!r}")
        for name in ("times", "after", "latency", "drop", "append"):
            value = getattr(self, name)
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"{name} must not be negative, got {value!r}")
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate must be more than 0, got {self.rate!r}")
        if self.handled and self.status is None:
            raise ValueError("handled needs a status")
        if isinstance(self.retry_after, datetime) and self.retry_after.tzinfo is None:
            raise ValueError("retry_after needs a time zone")

    def matches(self, origin: str, method: str, path: str) -> bool:
        """Return whether this fault affects a request."""
        return (
            (self.origin is None or self.origin == origin)
            and (self.method is None or self.method.upper() == method)
            and fnmatchcase(path, self.path)
        )


@dataclass
class _Armed:
    fault: Fault
    skip: int
    left: int | None


class FaultBook:
    """The armed faults. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Arm a fault, after those that are already armed."""
        with self._lock:
            self._armed.append(_Armed(fault, skip=fault.after, left=fault.times))

    def clear(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._armed.clear()

    def pending(self) -> list[tuple[Fault, int | None]]:
        """Return the armed faults, each with the number of times left."""
        with self._lock:
            return [(armed.fault, armed.left) for armed in self._armed if armed.left != 0]

    def take(self, origin: str, method: str, path: str) -> Fault | None:
        """Return the first fault that is due for this request, and count it as used."""
        if not self._armed:
            return None
        with self._lock:
            for armed in self._armed:
                if armed.left == 0 or not armed.fault.matches(origin, method, path):
                    continue
                if armed.skip:
                    armed.skip -= 1
                    continue
                if armed.left is not None:
                    armed.left -= 1
                return armed.fault
        return None
