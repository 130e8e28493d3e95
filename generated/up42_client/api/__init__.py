"""The operations of the API, and how all of them handle a response."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import UnexpectedStatus
from ..types import Response

if TYPE_CHECKING:
    import httpx

    from ..client import AuthenticatedClient, Client

T = TypeVar("T")


def respond(
    client: AuthenticatedClient | Client,
    response: httpx.Response,
    parse: Callable[[httpx.Response], T],
) -> Response[T]:
    """Read the body of a response. That of an error is None if it can't be read."""
    parsed: T | None = None
    try:
        parsed = parse(response)
    except UnexpectedStatus:
        if client.raise_on_unexpected_status:
            raise
    except (ValueError, TypeError, RecursionError):
        if response.is_success:
            raise
    return Response(
        status_code=http_status(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=parsed,
    )


def http_status(code: int) -> HTTPStatus:
    """Return a status, even if Python doesn't know it."""
    try:
        return HTTPStatus(code)
    except ValueError:
        unknown = int.__new__(HTTPStatus, code)
        vars(unknown).update(_name_=f"UNKNOWN_{code}", _value_=code, phrase="", description="")
        return unknown


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Return a body that is a JSON object; raise ValueError or TypeError for any other."""
    content = response.json()
    if not isinstance(content, dict):
        raise TypeError(f"{type(content).__name__} instead of a JSON object")
    return content
