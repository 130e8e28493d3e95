"""Requests that the sandbox received."""

from __future__ import annotations

import json
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
