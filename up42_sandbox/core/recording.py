"""Requests that the sandbox received."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Origin = Literal["api", "storage"]


@dataclass(frozen=True)
class Request:
    """One request; `RecordedRequest` describes the attributes."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def base_url(self) -> str:
        """Origin that the client sent the request to."""
        return f"http://{self.headers.get('host', '')}"

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class RecordedRequest(Request):
    """One request that reached the sandbox.

    Attributes:
        method: HTTP method in capitals.
        path: Decoded path without the query.
        query: Every query parameter with all its values.
        headers: Headers with lowercase names.
        body: The complete body.
        status: Status of the response; None if the connection was closed before there was one.
        origin: `"api"`, or `"storage"` for signed URLs.
        received: Time of arrival, real time in UTC.
    """

    status: int | None
    origin: Origin
    received: datetime


class RequestLog:
    """The requests so far, in the order of their responses. Thread-safe."""

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
        """Delete all entries."""
        with self._lock:
            self._entries.clear()
