"""What was asked of the sandbox, for tests to look at."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Origin = Literal["api", "storage"]


@dataclass(frozen=True)
class RecordedRequest:
    """One request that reached the sandbox.

    Attributes:
        method: HTTP method in capitals.
        path: Decoded path without the query.
        query: Every query parameter with all its values.
        headers: Headers with lower-case names.
        body: The whole body.
        status: Status of the answer; None if the connection was closed before one existed.
        origin: `"api"`, or `"storage"` for signed URLs.
        received: When it arrived, real time in UTC.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    status: int | None
    origin: Origin
    received: datetime

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body)


class RequestLog:
    """The requests so far, in the order of their answers. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[RecordedRequest] = []

    def add(self, entry: RecordedRequest) -> None:
        """Append a request."""
        with self._lock:
            self._entries.append(entry)

    def snapshot(self) -> list[RecordedRequest]:
        """Return a copy of the list."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()
