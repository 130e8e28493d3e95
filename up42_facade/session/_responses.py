"""Read responses within limits, and turn statuses and failures into the facade's exceptions."""

from __future__ import annotations

import datetime as dt
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from up42_facade import errors
from up42_facade._common.urls import DEFAULT_PORTS, without_query
from up42_facade.errors import ConnectionFailedError, UnexpectedResponseError
from up42_facade.session._redaction import register, without_queries

# Bytes after decoding. The largest pages that the API sends have a few megabytes.
LARGEST_BODY = 32 * 2**20
# Bytes of an error body that are kept: messages quote less.
LARGEST_ERROR_BODY = 64 * 2**10
# Seconds for a complete body, if the request has no read timeout.
LONGEST_BODY = 120.0
# Bytes that are decoded at once: the most that a compression bomb gets before it's counted.
PIECE = 2**16
# With this, zlib detects whether a stream has a gzip or a zlib header.
ANY_HEADER = zlib.MAX_WBITS | 32
# They decode any bytes; other codecs raise whatever they like.
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1"})
DECODED = frozenset({"gzip", "x-gzip", "deflate"})
# What the clients of the API accept.
ACCEPTED_ENCODING = "gzip"
# Errors of connections, and of bodies whose compression is damaged.
BROKEN = (httpx.TransportError, httpx.DecodingError)
# What cuts off the body of an error.
CUTTING = (*BROKEN, ConnectionFailedError, UnexpectedResponseError)
# What parsing a date raises for anything else.
NO_DATE = (ValueError, TypeError, LookupError, OverflowError)
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


def remove_oddities(response: httpx.Response) -> None:
    """Remove what httpx can't read or might show."""
    # httpx has its own phrase for each status; a server's could contain anything.
    response.extensions.pop("reason_phrase", None)
    if response.charset_encoding not in CHARSETS:
        # JSON is UTF-8, whatever the server says.
        response.encoding = "utf-8"
    headers = response.headers
    if "location" in headers and not is_http_link(headers["location"]):
        # So it isn't a redirect, and is reported as its status.
        del headers["location"]


def is_http_link(location: str) -> bool:
    """Return whether a link is relative, or an http or https URL with a host."""
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        return False
    return not url.scheme or (url.scheme in DEFAULT_PORTS and bool(url.host))


def seconds_until(retry_after: str) -> float | None:
    """Return the seconds in a Retry-After header, a number or a date; None if it's neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, moment.timestamp() - time.time())
    except NO_DATE:
        return None


def read_body(response: httpx.Response, request: httpx.Request) -> None:
    """Read the body of a response, decoded and limited in size and time.

    That of an error is cut off if it's too long, too slow, or damaged, so that the error keeps its
    status.

    Raises:
        ConnectionFailedError: If the body takes too long.
        UnexpectedResponseError: If it's too large, or its encoding is unknown.
        httpx.DecodingError: If its compression is damaged.
    """
    left = LARGEST_BODY if response.is_success else LARGEST_ERROR_BODY
    pieces: list[bytes] = []
    source: Any = response.stream
    try:
        with closing(source) as stream:
            for piece in decoded(in_time(stream, request), encoding_of(response), request):
                if len(piece) > left:
                    raise unreadable_body(request, f"more than {LARGEST_BODY:,} bytes")
                left -= len(piece)
                pieces.append(piece)
    except CUTTING:
        if response.is_success:
            raise
    response.stream = httpx.ByteStream(b"".join(pieces))
    # httpx would decode it again.
    response.headers.pop("content-encoding", None)


def in_time(chunks: Iterable[bytes], request: httpx.Request) -> Iterator[bytes]:
    """Yield the parts of a body as they come, as long as there is time left."""
    seconds = request.extensions.get("timeout", {}).get("read") or LONGEST_BODY
    end = time.monotonic() + seconds
    for chunk in chunks:
        if time.monotonic() > end:
            raise ConnectionFailedError(
                f"{label_of(request)}: the response wasn't complete after {seconds:g} s. Try again "
                "later, or allow more time with TransportOptions(read_timeout=…)."
            )
        yield chunk


def decoded(chunks: Iterator[bytes], encoding: str, request: httpx.Request) -> Iterator[bytes]:
    """Yield the pieces of a body without its content encoding."""
    if not encoding:
        yield from chunks
        return
    decoder: Any = None
    for chunk in filter(None, chunks):
        if encoding not in DECODED:
            raise unreadable_body(request, f"the unknown Content-Encoding {encoding[:50]!r}")
        if decoder is None:
            has_header = encoding != "deflate" or chunk[0] & 0x0F == zlib.DEFLATED
            decoder = zlib.decompressobj(ANY_HEADER if has_header else -zlib.MAX_WBITS)
        has_more = True
        while has_more and not decoder.eof:
            try:
                piece = decoder.decompress(chunk, PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(str(error), request=request) from error
            yield piece
            chunk = decoder.unconsumed_tail
            # A full piece: more can be waiting inside the decoder.
            has_more = bool(chunk) or len(piece) == PIECE
    if decoder is not None and not decoder.eof:
        raise httpx.DecodingError("the compressed body is cut off", request=request)


def label_of(request: httpx.Request) -> str:
    return f"{request.method} {without_query(str(request.url))}"


def unreadable_body(request: httpx.Request, found: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"{label_of(request)}: the response has {found}. Check region and base_url; it might come "
        "from a proxy.",
        status_code=200,
        method=request.method,
        url=without_query(str(request.url)),
    )


def encoding_of(response: httpx.Response) -> str:
    """Return the content encoding without those that change nothing; empty if there is none."""
    names = response.headers.get("content-encoding", "").lower().split(",")
    return ", ".join(name.strip() for name in names if name.strip() not in ("", "identity"))


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
    message = f"{label_of(request)}: {what} ({reason})."
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
    found = models.ValidationProblem.from_dict(body).errors or []
    reasons = (": ".join(filter(None, (error.name, error.message))) for error in found)
    detail = (
        problem.detail
        or models.SchemaProblem.from_dict(body).schema_error
        or token.error_description
        or "; ".join(filter(None, reasons))
    )
    return title or None, detail or None
