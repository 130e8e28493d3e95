"""Errors in the form of the v2 endpoints: RFC 7807 documents with extras."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

PHRASES = {
    **{status.value: status.phrase for status in HTTPStatus},
    # The API's wording, which newer versions of Python changed.
    **{413: "Request Entity Too Large", 422: "Unprocessable Entity"},
}


def phrase(status: int) -> str:
    """Return the reason phrase of a status, "Error" if it has none."""
    return PHRASES.get(status, "Error")


class ApiError(Exception):
    """A response with an error status.

    Args:
        status: HTTP status.
        detail: A sentence for people.
        headers: Extra headers.
        extras: Further members of the document, for example `{"errors": […]}`.
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        extras: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or phrase(status))
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.extras = dict(extras or {})

    def document(self) -> Any:
        """Return the JSON document of the response."""
        title = phrase(self.status)
        document: dict[str, Any] = {"title": title, "status": self.status}
        if self.detail is not None:
            document["detail"] = self.detail
        return {**document, **self.extras}


class UnauthorizedError(ApiError):
    """The request has no valid token; `expired_at` says when it expired, if it did."""

    def __init__(self, detail: str, *, expired_at: str | None = None) -> None:
        super().__init__(401, detail, headers={"WWW-Authenticate": 'Bearer realm="public"'})
        self.expired_at = expired_at


class BodyError(ApiError):
    """An error with a given JSON document, for endpoints with their own form of errors."""

    def __init__(
        self, status: int, document: Any, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, headers=headers)
        self._document = document

    def document(self) -> Any:
        """Return the JSON document of the response."""
        return self._document
