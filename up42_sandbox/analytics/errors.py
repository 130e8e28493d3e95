"""Errors as the older API tells them: inside an envelope."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from up42_sandbox.core.problems import ApiError, BodyError, UnauthorizedError
from up42_sandbox.core.routing import reply


class AnalyticsError(ApiError):
    """A request ends with an error status.

    Args:
        status: HTTP status.
        message: A sentence for a person.
        code: Code in the envelope, the status if left out.
    """

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(status, message)
        self.code: int | str = code or status


def envelope(data: Any, *, empty_error: bool = False) -> Response:
    """Answer with data in an envelope.

    Args:
        data: The content.
        empty_error: Write the missing error as an empty object, as some endpoints do.
    """
    return reply({"error": {} if empty_error else None, "data": data})


def tell(error: ApiError) -> Response:
    """Tell an error in an envelope."""
    if isinstance(error, BodyError):
        document = error.document()
    else:
        code: int | str = getattr(error, "code", error.status)
        message = error.detail or str(error)
        if isinstance(error, UnauthorizedError):
            code = "UNAUTHORIZED"
            if error.expired_at is not None:
                message = f"ACCESS_TOKEN_EXPIRED: JWT expired at {error.expired_at}"
        document = {"data": None, "error": {"code": code, "message": message, "details": None}}
    response = reply(document, error.status)
    response.headers.update(error.headers)
    return response


def unsupported_media_type(content_type: str) -> BodyError:
    """Return the one error that stands outside of its envelope."""
    message = f"Content type '{content_type}' not supported"
    return BodyError(415, {"code": 415, "message": message, "data": None, "error": None})
