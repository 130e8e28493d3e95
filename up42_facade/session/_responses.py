"""One place that turns statuses and broken connections into the facade's exceptions."""

from __future__ import annotations

import json
from typing import Any

import httpx

from up42_facade import errors
from up42_facade.session._headers import seconds_until
from up42_facade.session._hosts import without_query
from up42_facade.session._redaction import register, without_queries

# How much of an error body goes into a message, in characters.
LONGEST_DETAIL = 300

CLASSES: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequestError,
    402: errors.InsufficientCreditsError,
    404: errors.NotFoundError,
    410: errors.NotFoundError,
    422: errors.BadRequestError,
}
PROXY_HINT = (
    "The proxy wants a user and password: give TransportOptions a proxy with both. A pickled "
    "session leaves them out, unless it was created with pickle_credentials=True: call "
    "authenticate(…, options=…) in the other process, before anything is unpickled."
)
HINTS = {
    402: "Top up the balance.",
    403: "Check that the account may do this, in this workspace and region.",
    404: "Check the id, and that it belongs to this account and region.",
    407: PROXY_HINT,
    410: "The endpoint is no longer offered.",
}
# What breaks on the way; the last is a body whose compression is damaged.
BROKEN = (httpx.TransportError, httpx.DecodingError)
# Raised before any byte of the request has left.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
# What building a request raises for values that JSON, URLs, or headers can't hold.
UNSENDABLE = (httpx.InvalidURL, TypeError, ValueError, RecursionError)
# What reading a response raises that isn't what was expected. The last two come from deep nesting,
# and from a body that broke off.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    httpx.StreamError,
)


def raise_for_status(response: httpx.Response) -> None:
    """Raise the exception for a status outside 2xx, or for a page where data was expected.

    The body must have been read.
    """
    if not response.is_success:
        raise error_of(response)
    if response.headers.get("content-type", "").startswith("text/html"):
        raise unexpected(response, "an HTML page")


def error_of(response: httpx.Response) -> errors.Up42Error:
    body = shown_body(response)
    title, detail = describe(body)
    status = response.status_code
    method, url = response.request.method, without_query(str(response.request.url))
    reason = title or register.redact(response.reason_phrase)
    parts = [f"{method} {url}: {status} {reason[:LONGEST_DETAIL]}".rstrip()]
    parts += [detail[:LONGEST_DETAIL]] if detail and detail != title else []
    message = ": ".join(parts).rstrip(".") + "."
    if status == httpx.codes.UNAUTHORIZED:
        return errors.AuthenticationError(
            f"{message} The token was refused, also after a renewal: check that these "
            "credentials may use this endpoint."
        )
    known: dict[str, Any] = {
        "status_code": status,
        "title": title,
        "detail": detail,
        "body": body,
        "method": method,
        "url": url,
    }
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = response.headers.get("retry-after")
        return errors.RateLimitError(
            message, retry_after=None if wait is None else seconds_until(wait), **known
        )
    kind = CLASSES.get(status) or (errors.ServerError if status >= 500 else errors.ApiError)
    return kind(f"{message} {HINTS.get(status, '')}".rstrip(), **known)


def unexpected(response: httpx.Response, found: str) -> errors.UnexpectedResponseError:
    method, url = response.request.method, without_query(str(response.request.url))
    return errors.UnexpectedResponseError(
        f"{method} {url}: answered {response.status_code} with {found} where JSON was expected. "
        "Check region and base_url; a proxy or a login page may stand in between.",
        status_code=response.status_code,
        method=method,
        url=url,
    )


def broken_connection(
    error: httpx.RequestError, request: httpx.Request
) -> errors.ConnectionFailedError:
    """Return the facade's exception for a connection that failed or broke."""
    sent = not isinstance(error, NOT_SENT)
    what = "The connection broke" if sent else "The server can't be reached"
    said = register.redact(str(error))[:LONGEST_DETAIL]
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    message = f"{request.method} {without_query(str(request.url))}: {what} ({reason})."
    return errors.ConnectionFailedError(f"{message} {proxy_hint(said)}".rstrip(), sent=sent)


def proxy_hint(status: object) -> str:
    """Return what to do if a status, or the text that begins with it, is that of a proxy."""
    return PROXY_HINT if str(status).startswith("407") else ""


def unsendable(error: Exception) -> errors.InvalidInputError:
    """Return the facade's exception for values that can't be sent."""
    said = register.redact(str(error))[:LONGEST_DETAIL]
    return errors.InvalidInputError(
        f"A value can't be sent to the API ({type(error).__name__}: {said}). Expected strings, "
        "finite numbers, lists, and dicts of these. Nothing was sent."
    )


def closed_session() -> errors.NotAuthenticatedError:
    """Return the exception for the use of a session after its end."""
    return errors.NotAuthenticatedError(
        "The session was closed: call up42_facade.authenticate(…) again, or create a new Session."
    )


def harmless(error: Exception) -> Exception | None:
    """Return an error if it can be shown as a cause; None if its text contains a secret.

    It comes without its frames and causes: the locals of the HTTP libraries hold tokens and
    signed URLs.
    """
    if isinstance(error, httpx.RequestError) and error._request is not None:
        # dask.distributed pickles causes too, and this one holds the request with its token.
        error.request = httpx.Request(error.request.method, without_query(str(error.request.url)))
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None) if register.redact(str(error)) == str(error) else None


def json_or_none(response: httpx.Response) -> Any:
    try:
        return response.json()
    except UNREADABLE:
        return None


def shown_body(response: httpx.Response) -> Any:
    """Return the JSON of an error body as errors carry it: without secrets and queries of URLs."""
    try:
        return json.loads(register.redact(without_queries(response.text)))
    except UNREADABLE:
        return None


def describe(body: Any) -> tuple[str | None, str | None]:
    """Find title and detail in any of the error bodies that the API is known to send."""
    if not isinstance(body, dict):
        return None, None
    from up42_client import models

    if (error := models.AnalyticsErrorResponse.from_dict(body).error) is not None:
        return error.message, error.details if isinstance(error.details, str) else None
    problem = models.Problem.from_dict(body)
    token = models.TokenError.from_dict(body)
    title = problem.title or models.AnalyticsMediaTypeError.from_dict(body).message or token.error
    reasons = models.ValidationProblem.from_dict(body).errors or []
    detail = (
        problem.detail
        or models.SchemaProblem.from_dict(body).schema_error
        or token.error_description
        or "; ".join(f"{reason.name}: {reason.message}" for reason in reasons)
    )
    return title or None, detail or None
