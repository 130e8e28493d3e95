"""Turn statuses and failed connections into the facade's exceptions."""

from __future__ import annotations

import json
from typing import Any

import httpx

from up42_facade import errors
from up42_facade._common.urls import without_query
from up42_facade.session._bodies import seconds_until
from up42_facade.session._redaction import register, without_queries

# Characters of an error body that are quoted in a message.
LONGEST_DETAIL = 300

CLASSES: dict[int, type[errors.ApiError]] = {
    400: errors.BadRequestError,
    402: errors.InsufficientCreditsError,
    404: errors.NotFoundError,
    410: errors.NotFoundError,
    422: errors.BadRequestError,
}
PROXY_HINT = (
    "The proxy requires a user and password: set TransportOptions(proxy=…) to a URL with both. A "
    "pickled session leaves them out, unless it was created with pickle_credentials=True: call "
    "authenticate(…, options=…) in the other Python process before anything is unpickled."
)
HINTS = {
    402: "Top up the balance.",
    403: "Check that the account is allowed to do this, in this workspace and region.",
    404: "Check the ID, and that it belongs to this account and region.",
    407: PROXY_HINT,
    410: "The endpoint is no longer available.",
}
# Raised before any byte of the request was sent.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
# What building a request raises for values that JSON, URLs, or headers can't contain.
UNSENDABLE = (httpx.InvalidURL, TypeError, ValueError, RecursionError)
# What reading an unexpected response raises. RecursionError comes from deep nesting, StreamError
# from a body that wasn't read to its end.
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError, httpx.StreamError)


def raise_for_status(response: httpx.Response) -> None:
    """Raise the exception for a status outside 2xx, or for a page instead of data.

    The body must have been read.
    """
    if not response.is_success:
        raise error_of(response)
    if response.headers.get("content-type", "").startswith("text/html"):
        raise unexpected(response, "an HTML page")


def error_of(response: httpx.Response) -> errors.Up42Error:
    body = json_or_none(register.redact(without_queries(response.text)))
    title, detail = describe(body)
    status = response.status_code
    method, url = response.request.method, without_query(str(response.request.url))
    reason = title or register.redact(response.reason_phrase)
    parts = [f"{method} {url}: {status} {reason[:LONGEST_DETAIL]}".rstrip()]
    parts += [detail[:LONGEST_DETAIL]] if detail and detail != title else []
    message = ": ".join(parts).rstrip(".") + "."
    if status == httpx.codes.UNAUTHORIZED:
        return errors.AuthenticationError(
            f"{message} The token was rejected, even after renewal: check that these credentials "
            "are allowed to use this endpoint."
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
        wait = seconds_until(response.headers.get("retry-after", ""))
        return errors.RateLimitError(message, retry_after=wait, **known)
    kind = CLASSES.get(status) or (errors.ServerError if status >= 500 else errors.ApiError)
    return kind(f"{message} {HINTS.get(status, '')}".rstrip(), **known)


def unexpected(response: httpx.Response, found: str) -> errors.UnexpectedResponseError:
    method, url = response.request.method, without_query(str(response.request.url))
    return errors.UnexpectedResponseError(
        f"{method} {url} returned {response.status_code} with {found} instead of JSON. Check "
        "region and base_url; it might come from a proxy or a sign-in page.",
        status_code=response.status_code,
        method=method,
        url=url,
    )


def broken_connection(
    error: httpx.RequestError, request: httpx.Request
) -> errors.ConnectionFailedError:
    """Return the facade's exception for a connection that failed or broke."""
    sent = not isinstance(error, NOT_SENT)
    what = "the connection broke" if sent else "the server can't be reached"
    said = register.redact(str(error))[:LONGEST_DETAIL]
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    message = f"{request.method} {without_query(str(request.url))}: {what} ({reason})."
    return errors.ConnectionFailedError(f"{message} {proxy_hint(said)}".rstrip(), sent=sent)


def proxy_hint(status: object) -> str:
    """Return what to do if a status, or a message that begins with one, is a proxy's 407."""
    return PROXY_HINT if str(status).startswith("407") else ""


def unsendable(error: Exception) -> errors.InvalidInputError:
    """Return the facade's exception for values that can't be sent."""
    said = register.redact(str(error))[:LONGEST_DETAIL]
    return errors.InvalidInputError(
        f"A value can't be sent to the API ({type(error).__name__}: {said}). Expected strings, "
        "finite numbers, lists, and dicts of these. Nothing was sent."
    )


def harmless(error: Exception) -> Exception | None:
    """Return an error if it can be shown as a cause; None if its message contains a secret.

    It loses its frames and causes, because local variables of the HTTP libraries contain tokens
    and signed URLs.
    """
    if isinstance(error, httpx.RequestError) and error._request is not None:
        # dask.distributed pickles causes, too, and this one has the request with its token.
        error.request = httpx.Request(error.request.method, without_query(str(error.request.url)))
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None) if register.redact(str(error)) == str(error) else None


def json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except UNREADABLE:
        return None


def describe(body: Any) -> tuple[str | None, str | None]:
    """Return title and detail of any of the error bodies that the API is known to send."""
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
