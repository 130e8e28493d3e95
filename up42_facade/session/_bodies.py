"""Bodies of responses, read within limits: decoded size and total time."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from up42_facade.errors import ConnectionFailedError, UnexpectedResponseError
from up42_facade.session._hosts import without_query

# Bytes after decoding. The largest pages that the API sends have a few megabytes.
LARGEST_BODY = 32 * 2**20
# Bytes of an error body that are kept: messages quote less.
LARGEST_ERROR_BODY = 64 * 2**10
# Seconds for a whole body, if the request has no read timeout.
LONGEST_BODY = 120.0
# Bytes that are decoded at once: what a bomb can cost before it's counted.
PIECE = 2**16
# zlib finds out whether a stream has a gzip or a zlib header.
ANY_HEADER = zlib.MAX_WBITS | 32
DECODED = frozenset({"gzip", "x-gzip", "deflate"})
# What the clients of the API ask for.
ACCEPTED_ENCODING = "gzip"


def bound(response: httpx.Response, request: httpx.Request) -> None:
    """Limit what reading a response's body can cost, unless a caller reads it as a stream.

    Args:
        response: As the inner transport returns it; its body is decoded from here on.
        request: Its request; the extension `streamed` says that the caller counts.
    """
    if response.is_success and request.extensions.get("streamed"):
        return
    seconds = request.extensions.get("timeout", {}).get("read") or LONGEST_BODY
    response.stream = BoundedBody(response.stream, Reader(response, request, seconds))
    # Decoded here: httpx would decode in pieces of any size, and several times if told so.
    response.headers.pop("content-encoding", None)


class Reader:
    """Decodes the parts of one body and counts them."""

    def __init__(self, response: httpx.Response, request: httpx.Request, seconds: float) -> None:
        self._request = request
        self._is_error = not response.is_success
        self._limit = LARGEST_ERROR_BODY if self._is_error else LARGEST_BODY
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._encoding = encoding_of(response)
        self._decoder: Any = None
        self._size = 0
        self.is_full = False

    def take(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a part of the body decodes to; the body of an error is cut off.

        Raises:
            ConnectionFailedError: If the body takes too long.
            UnexpectedResponseError: If it's too large or its encoding isn't known.
            httpx.DecodingError: If it's damaged.
        """
        if time.monotonic() > self._end:
            self._stop(
                ConnectionFailedError(
                    f"{self._label}: The response wasn't complete after {self._seconds:g} s. Try "
                    "again later, or allow more time with TransportOptions(read_timeout=…)."
                )
            )
        for piece in self._decode(chunk):
            self._size += len(piece)
            if self._size > self._limit:
                self._stop(self._unexpected(f"more than {self._limit:,} bytes"))
                return
            yield piece

    def finish(self) -> None:
        """Check that a compressed body is complete."""
        if self._decoder is not None and not self._decoder.eof and not self.is_full:
            raise httpx.DecodingError("the compressed body is cut off", request=self._request)

    @property
    def _label(self) -> str:
        return f"{self._request.method} {without_query(str(self._request.url))}"

    def _stop(self, error: ConnectionFailedError | UnexpectedResponseError) -> None:
        """Stop reading: an error keeps its status, and loses the rest of its body."""
        if not self._is_error:
            raise error
        self.is_full = True

    def _unexpected(self, found: str) -> UnexpectedResponseError:
        return UnexpectedResponseError(
            f"{self._label}: the response has {found}. Check region and base_url; a proxy might "
            "stand in between.",
            status_code=200,
            method=self._request.method,
            url=without_query(str(self._request.url)),
        )

    def _decode(self, chunk: bytes) -> Iterator[bytes]:
        if not self._encoding:
            yield chunk
            return
        if self._encoding not in DECODED:
            self._stop(self._unexpected(f"the unknown Content-Encoding {self._encoding[:50]!r}"))
            return
        if self._decoder is None and chunk:
            has_header = self._encoding != "deflate" or chunk[0] & 0x0F == zlib.DEFLATED
            self._decoder = zlib.decompressobj(ANY_HEADER if has_header else -zlib.MAX_WBITS)
        has_more = bool(chunk)
        while has_more and not self._decoder.eof and not self.is_full:
            try:
                piece = self._decoder.decompress(chunk, PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(str(error), request=self._request) from error
            yield piece
            chunk = self._decoder.unconsumed_tail
            # A full piece: more can be waiting inside the decoder.
            has_more = bool(chunk) or len(piece) == PIECE


class BoundedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a response, sync or async, as its reader lets it through."""

    def __init__(self, stream: Any, reader: Reader) -> None:
        self._stream = stream
        self._reader = reader

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield from self._reader.take(chunk)
            if self._reader.is_full:
                return
        self._reader.finish()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            for piece in self._reader.take(chunk):
                yield piece
            if self._reader.is_full:
                return
        self._reader.finish()

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def encoding_of(response: httpx.Response) -> str:
    """Return the content encoding, without those that change nothing; empty if there is none."""
    told = response.headers.get("content-encoding", "").lower().split(",")
    return ", ".join(name.strip() for name in told if name.strip() not in ("", "identity"))
