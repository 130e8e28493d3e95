"""Check headers of responses, and limit their bodies."""

from __future__ import annotations

import datetime as dt
import time
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

from up42_facade._common.urls import DEFAULT_PORTS, without_query
from up42_facade.errors import ConnectionFailedError, UnexpectedResponseError

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
DECODED = frozenset({"gzip", "x-gzip", "deflate"})
# What the clients of the API accept.
ACCEPTED_ENCODING = "gzip"
# Errors of connections, and of bodies whose compression is damaged.
BROKEN = (httpx.TransportError, httpx.DecodingError)
# What cuts off the body of an error.
CUTTING = (*BROKEN, ConnectionFailedError, UnexpectedResponseError)
# What parsing a date raises for anything else.
NO_DATE = (ValueError, TypeError, LookupError, OverflowError)


def remove_oddities(response: httpx.Response) -> None:
    """Remove what httpx can't read or might show."""
    # httpx has its own phrase for each status; a server's could contain anything.
    response.extensions.pop("reason_phrase", None)
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


class Body:
    """Collects the body of a response, decoded and limited in size and time.

    At the end of a `with` block, what was collected is the body of the response. That of an error
    is cut off if it's too long, too slow, or damaged, so that the error keeps its status. For
    others, the block raises:

    Raises:
        ConnectionFailedError: If the body takes too long.
        UnexpectedResponseError: If it's too large, or its encoding is unknown.
        httpx.DecodingError: If its compression is damaged.
    """

    def __init__(self, response: httpx.Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request
        self._left = LARGEST_BODY if response.is_success else LARGEST_ERROR_BODY
        self._seconds = request.extensions.get("timeout", {}).get("read") or LONGEST_BODY
        self._end = time.monotonic() + self._seconds
        self._encoding = encoding_of(response)
        self._decoder: Any = None
        self._pieces: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is not None and not (self._is_error and isinstance(error, CUTTING)):
            return False
        is_cut_off = error is None and self._decoder is not None and not self._decoder.eof
        if is_cut_off and not self._is_error:
            raise self._damaged("the compressed body is cut off")
        self._response.stream = httpx.ByteStream(b"".join(self._pieces))
        # httpx would decode it again.
        self._response.headers.pop("content-encoding", None)
        return True

    def add(self, chunk: bytes) -> None:
        """Add a part of the body as it came."""
        if time.monotonic() > self._end:
            raise ConnectionFailedError(
                f"{self._label}: the response wasn't complete after {self._seconds:g} s. Try again "
                "later, or allow more time with TransportOptions(read_timeout=…)."
            )
        for piece in self._decoded(chunk):
            if len(piece) > self._left:
                raise self._unexpected(f"more than {LARGEST_BODY:,} bytes")
            self._left -= len(piece)
            self._pieces.append(piece)

    def _decoded(self, chunk: bytes) -> Iterator[bytes]:
        if not self._encoding:
            yield chunk
            return
        if self._encoding not in DECODED:
            raise self._unexpected(f"the unknown Content-Encoding {self._encoding[:50]!r}")
        if self._decoder is None and chunk:
            has_header = self._encoding != "deflate" or chunk[0] & 0x0F == zlib.DEFLATED
            self._decoder = zlib.decompressobj(ANY_HEADER if has_header else -zlib.MAX_WBITS)
        has_more = bool(chunk)
        while has_more and not self._decoder.eof:
            try:
                piece = self._decoder.decompress(chunk, PIECE)
            except zlib.error as error:
                raise self._damaged(str(error)) from error
            yield piece
            chunk = self._decoder.unconsumed_tail
            # A full piece: more can be waiting inside the decoder.
            has_more = bool(chunk) or len(piece) == PIECE

    @property
    def _is_error(self) -> bool:
        return not self._response.is_success

    @property
    def _label(self) -> str:
        return f"{self._request.method} {without_query(str(self._request.url))}"

    def _damaged(self, how: str) -> httpx.DecodingError:
        return httpx.DecodingError(how, request=self._request)

    def _unexpected(self, found: str) -> UnexpectedResponseError:
        return UnexpectedResponseError(
            f"{self._label}: the response has {found}. Check region and base_url; it might come "
            "from a proxy.",
            status_code=200,
            method=self._request.method,
            url=without_query(str(self._request.url)),
        )


def encoding_of(response: httpx.Response) -> str:
    """Return the content encoding without those that change nothing; empty if there is none."""
    names = response.headers.get("content-encoding", "").lower().split(",")
    return ", ".join(name.strip() for name in names if name.strip() not in ("", "identity"))
