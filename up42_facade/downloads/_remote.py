"""A file behind expiring URLs: its link, and the one reader that retries and resumes."""

from __future__ import annotations

import os
import random
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
from attrs import frozen

from up42_facade._common.threads import TransferStop
from up42_facade._common.urls import without_query
from up42_facade.downloads._checksums import Checksum, Verifier, header_checksums, parse_checksum
from up42_facade.downloads._inflate import crc32, reason_of
from up42_facade.errors import ChecksumError, ConnectionFailedError, DownloadError
from up42_facade.session import (
    Secret,
    StorageClient,
    harmless,
    protect_logs,
    seconds_until,
    storage_client,
)

# Seconds to reach the server: long enough for lost packets to be sent again after 1, 3, and 7 s.
CONNECT_SECONDS = 15.0
# Seconds without a byte after which a connection counts as dead and is replaced.
READ_SECONDS = 30.0
# Connections of the shared client: eight small files and four for a large one, with room to spare.
MAX_CONNECTIONS = 32
# Times that a download starts over because the object was replaced in between.
MAX_RESTARTS = 3
# Failures in a row without progress before a transfer gives up: about a minute of outage.
MAX_FAILURES = 11
# Bytes that count as progress, which resets the failures: far more than a dying server sends.
PROGRESS_BYTES = 16 << 10
# Speed below which a body counts as too slow: the slowest mobile line is ten times as fast.
MIN_BYTES_PER_SECOND = 500
# Seconds of waiting over which the speed is measured, or the client's read timeout if shorter.
SLOW_SECONDS = 30.0
# Failures that a slow response counts for: a new connection helps once or never.
SLOW_WEIGHT = 6
# First and longest wait between two attempts, in seconds; the wait doubles in between.
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
# Seconds up to which a server's Retry-After is obeyed: longer ones mean "not today".
LONGEST_RETRY_AFTER_SECONDS = 120.0
# Failures that a refused link counts for: one may have expired in a queue, more is a refusal.
REFUSAL_WEIGHT = 3
# Bytes of a body of unknown length: the largest object that stores keep.
MAX_FILE_BYTES = 5 << 40
# Characters of a link that an error quotes: a `data:` link holds a complete file.
MAX_SHOWN_CHARACTERS = 200
# Status codes of object stores for a signed URL that has expired.
EXPIRED_STATUSES = frozenset({400, 401, 403, 410})
# Status codes that a later attempt may not get.
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
# Content encodings that change nothing: S3 keeps the one of chunked uploads.
PLAIN_ENCODINGS = frozenset({"", "identity", "aws-chunked"})
GZIP_ENCODINGS = frozenset({"gzip", "x-gzip"})
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})

_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)
_SENDABLE = re.compile(r"[!-~]([ -~]*[!-~])?")
_shared_lock = threading.Lock()
_shared: dict[int, httpx.Client] = {}

# The bytes from a start to before a stop.
ByteRange = tuple[int, int]


class TransientError(Exception):
    """A failed attempt that another one may repair; it never leaves this package.

    It counts for `weight` failures, and the next attempt waits for `retry_after` seconds at least.
    """

    def __init__(
        self,
        text: str,
        *,
        weight: int = 1,
        retry_after: float = 0.0,
        is_connection: bool = True,
    ) -> None:
        super().__init__(text)
        self.weight = weight
        self.retry_after = retry_after
        self.is_connection = is_connection


class Stopped(DownloadError):  # noqa: N818 - says what happened
    """Another part of the same download failed, or the caller gave up."""

    def __init__(self) -> None:
        super().__init__("The download was stopped.")


class ContentChanged(DownloadError):  # noqa: N818 - says what happened
    """The object behind the URL was replaced while it was being read."""


@frozen
class Validator:
    """The version of an object according to the server: its ETag, date, and length."""

    etag: str | None = None
    modified: str | None = None
    size: int | None = None

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Validator:
        """Return the validator in a record; raise KeyError or ValueError if there is none."""
        etag, modified, size = content["etag"], content["modified"], content["size"]
        if not all(isinstance(value, str | None) for value in (etag, modified)):
            raise ValueError("expected an ETag and a date")
        return cls(etag, modified, None if size is None else whole_number(size))

    @property
    def condition(self) -> str | None:
        """The value for `If-Range`: a strong one that a header can hold."""
        strong = None if self.etag and self.etag.startswith("W/") else self.etag
        values = (strong, self.modified)
        return next((value for value in values if value and _SENDABLE.fullmatch(value)), None)

    def differs_from(self, other: Validator) -> bool:
        """Return whether a field that both have is different."""
        return any(mine != theirs for mine, theirs in self._shared(other))

    def confirms(self, other: Validator) -> bool:
        """Return whether both are known to describe the same version.

        The length alone proves nothing: at least the ETag or the date must be known and equal.
        """
        has_version = any(isinstance(mine, str) and mine for mine, _ in self._shared(other))
        return has_version and not self.differs_from(other)

    def _shared(self, other: Validator) -> list[tuple[object, object]]:
        mine, theirs = (
            (each.etag and each.etag.removeprefix("W/"), each.modified, each.size)
            for each in (self, other)
        )
        return [pair for pair in zip(mine, theirs, strict=True) if None not in pair]


class RemoteFile:
    """An object behind links that expire, and what is known about it.

    Args:
        get_url: Returns a URL; called again when the last one was refused.
        http: Client without credentials. If None, a shared one.
        size: Length in bytes that the object must have, if known.
        checksum: Multihash, digest, or `algorithm:digest` that it must have, if known.
        is_html: Whether the object may be an HTML page. It may, too, if its URL ends like one.
    """

    def __init__(
        self,
        get_url: Callable[[], str],
        *,
        http: httpx.Client | None = None,
        size: int | None = None,
        checksum: str | None = None,
        is_html: bool = False,
    ) -> None:
        self._get_url = get_url
        self._http = http or shared_client()
        self._lock = threading.Lock()
        # A signature in its query is as good as a password: tracebacks that show locals hide it.
        self._url: Secret | None = None
        self._is_html = is_html
        self.size = size
        self.checksums = [parse_checksum(checksum)] if checksum else []
        protect_logs()

    @property
    def url(self) -> str:
        """The link in use; requests one if there is none."""
        with self._lock:
            if self._url is None:
                self._url = Secret(self._get_url())
            return self._url

    @property
    def label(self) -> str:
        """The link without its query, for messages."""
        return shown_url(self._url or "the file")

    def interrupt(self, reader: object) -> None:
        """End the wait for the response to a reader's request, if the client can do that."""
        if isinstance(self._http, StorageClient):
            self._http.interrupt(reader)

    def request(self, url: str, headers: Mapping[str, str], reader: object) -> httpx.Response:
        """Send one request; return a response with the object (200, 206) or without it (416).

        Another thread can interrupt the wait for it, by its reader.

        Raises:
            TransientError: If another attempt may succeed.
            DownloadError: If the server refuses for good, or sends an HTML page instead.
        """
        try:
            response = self._http.send(
                self._http.build_request(
                    "GET", url, headers=headers, extensions={"reader": reader}
                ),
                stream=True,
                follow_redirects=True,
            )
        except httpx.UnsupportedProtocol as error:
            raise failed(url, reason_of(error)) from harmless(error)
        except httpx.TransportError as error:
            what = f"the server can't be reached ({reason_of(error)})"
            raise TransientError(what) from harmless(error)
        except (httpx.InvalidURL, httpx.TooManyRedirects, UnicodeError) as error:
            raise failed(url, reason_of(error)) from harmless(error)
        status = response.status_code
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if status in (200, 206) and media_type in HTML_TYPES:
            if self._is_html or is_html(None, urlsplit(url).path):
                return response
            reason = (
                f"the server sent an HTML page ({media_type}) instead of the file. Check whether "
                "a proxy or a sign-in page intercepts the request"
            )
        elif status in (200, 206) or (status == 416 and "Range" in headers):
            return response
        else:
            phrase = response.reason_phrase.rstrip(" .")
            reason = f"the server responded with HTTP {status} {phrase}".rstrip()
        response.close()
        if status in EXPIRED_STATUSES:
            with self._lock:
                if self._url == url:
                    self._url = None
            reason += ", also to fresh links"
            raise TransientError(reason, weight=REFUSAL_WEIGHT, is_connection=False)
        if status in TRANSIENT_STATUSES:
            wanted = seconds_until(response.headers.get("retry-after", "")) or 0.0
            wait = min(wanted, LONGEST_RETRY_AFTER_SECONDS)
            raise TransientError(reason, retry_after=wait, is_connection=False)
        raise failed(url, reason)

    def fetch(
        self, start: int, end: int, known: Validator = Validator()
    ) -> tuple[bytes, Validator]:
        """Return a small part of the object, up to its end, and the object's version.

        Raises:
            ContentChanged: If the object isn't the known one.
            DownloadError: If it can't be read in parts, or at all.
        """
        with RemoteStream(self, start, end, known=known) as stream:
            if not stream.connect().is_partial:
                raise DownloadError(
                    f"{self.label} can't be read in parts. Download the complete file "
                    "instead, for example with download_results(), and open it there."
                )
            return b"".join(stream.blocks()), stream.validator

    def head(self, count: int) -> tuple[Mapping[str, str], bytes]:
        """Return the headers of a response and the first bytes of the object, for its format."""
        with RemoteStream(self, 0, count) as stream:
            return stream.connect().headers, b"".join(stream.blocks())


class RemoteStream:
    """The bytes of a remote file in order, continued where a connection broke.

    If a server ignores ranges and sends everything again, the known part is skipped, if the
    validator or its CRC shows that it's the same.

    Args:
        source: The remote file.
        start: First byte to read.
        end: Byte to stop before. If None, the end of the object.
        known: The version of the object in earlier responses.
        ranged: Request a range even from byte 0, to learn whether the server supports ranges.
        shown: Progress bar that counts the bytes.

    Attributes:
        position: The next byte.
        validator: The version of the object.
        headers: Those of the first response, like the following.
        is_partial: Whether it was a range.
        is_gzipped: Whether the store keeps the object with `Content-Encoding: gzip`.
        announced: The checksums of the complete object that it announced.
    """

    def __init__(
        self,
        source: RemoteFile,
        start: int = 0,
        end: int | None = None,
        *,
        known: Validator = Validator(),
        ranged: bool = False,
        shown: Any = None,
    ) -> None:
        self.source = source
        self.position = self._start = start
        # The end of the object, once it is known.
        self.end = end if known.size is None or end is not None else known.size
        self.validator = known
        self.headers: Mapping[str, str] = {}
        self.is_partial = self.is_gzipped = False
        self.announced: list[Checksum] = []
        self._ranged, self._shown = ranged, shown
        self._response: httpx.Response | None = None
        self._stop = TransferStop(self._interrupt)
        # First byte of the response, and the one to stop before.
        self._extent = (0, 0)
        self._has_crc = False
        self._crc = 0
        self._failures = 0
        self._reached = start

    def __enter__(self) -> RemoteStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> RemoteStream:
        """Send a request if none is open, again and again if that may help.

        Raises:
            ContentChanged: If the object isn't the known one.
            ChecksumError: If its length isn't the expected one.
            ConnectionFailedError: If the connection failed too often.
            DownloadError: If the server refused too often or for good, or the download was stopped.
        """
        while self._response is None:
            if self._stop.is_set():
                raise Stopped
            url = self.source.url
            try:
                self._open(url)
            except TransientError as error:
                self._wait(error)
        return self

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive; raise as `connect()` does."""
        while self._response is not None or self.end is None or self.position < self.end:
            self.connect()
            try:
                yield from self._received()
                return
            except TransientError as error:
                self.close()
                self._wait(error)

    def verified(self) -> Iterator[bytes]:
        """Yield the bytes of the complete object, the last ones after they are verified.

        What its store has gzipped isn't verified: what is expected may be about either form.
        """
        self.connect()
        source = self.source
        verifier = Verifier([*self.announced, *([] if self.is_gzipped else source.checksums)])
        last = b""
        for block in self.blocks():
            if last:
                yield last
            verifier.update(block)
            last = block
        if source.size is not None and not self.is_gzipped:
            check_length(source.label, self.position, source.size)
        verifier.verify(source.label)
        if last:
            yield last

    def abort(self) -> None:
        """End a read in another thread at once, even if the server sends nothing."""
        self._stop.set()

    def close(self) -> None:
        """Release the connection."""
        if self._response is not None:
            self._response.close()
            self._response = None

    def _interrupt(self) -> None:
        response = self._response
        if response is None:
            self.source.interrupt(self)
            return
        with suppress(AttributeError, KeyError, OSError):
            network: Any = response.extensions["network_stream"]
            network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _open(self, url: str) -> None:
        start, end, source, known = self.position, self.end, self.source, self.validator
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None or self._ranged:
            headers["Range"] = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
            if known.condition:
                headers["If-Range"] = known.condition
        response = source.request(url, headers, self)
        if response.status_code == 416 or (end is None and _ends_anywhere(response)):
            response.close()
            if start:
                raise ContentChanged(f"{source.label} can't be continued from byte {start:,}.")
            # An empty object has no range, and a range of unknown length may not be everything.
            headers.pop("Range", None)
            response = source.request(url, headers, self)
        self._response = response
        text = response.headers.get("content-encoding", "")
        encodings = {part.strip().lower() for part in text.split(",")} - PLAIN_ENCODINGS
        if encodings - GZIP_ENCODINGS:
            raise failed(url, f"its Content-Encoding {text!r} isn't supported, only gzip is")
        first, stop, total = _extent(response, start)
        # Of a gzipped object either length may have been announced: it's checked at the end.
        expected = None if encodings else source.size
        if expected is not None and total is not None:
            check_length(source.label, total, expected)
        found = Validator(
            response.headers.get("etag"), response.headers.get("last-modified"), total
        )
        if known.differs_from(found):
            raise ContentChanged(f"{source.label} changed while it was being downloaded.")
        is_fresh = start == self._start and known.condition is None
        if first < start and not (is_fresh or self._has_crc or known.confirms(found)):
            raise ContentChanged(f"{source.label} is sent as a whole, and may have changed.")
        ends = (end for end in (stop, known.size, expected) if end is not None)
        self._extent = first, max(first, next(ends, MAX_FILE_BYTES))
        size = total if known.size is None else known.size
        self.validator = Validator(known.etag or found.etag, known.modified or found.modified, size)
        if size is not None:
            self.end = min(size, end or size)
        if self._shown is not None and self._shown.total != size:
            self._shown.total = size
            self._shown.refresh()
        if not self.headers:
            self.headers = response.headers
            self.is_partial = response.status_code == 206
            self.is_gzipped = bool(encodings)
            # Where nothing else can show that what is sent again is the same.
            self._has_crc = start == 0 and found.condition is None
            if not encodings:
                # Otherwise they may be of either form; gzip has a checksum of its own.
                self.announced = header_checksums(response.headers, partial=self.is_partial)

    def _wait(self, error: TransientError) -> None:
        """Wait before the next attempt, or give up; progress renews the patience."""
        if self.position - self._reached >= PROGRESS_BYTES:
            self._reached, self._failures = self.position, 0
        self._failures += error.weight
        if self._failures > MAX_FAILURES:
            kind = ConnectionFailedError if error.is_connection else DownloadError
            raise kind(f"{self.source.label} could not be downloaded: {error}.") from error
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (self._failures - 1))
        is_first_refusal = self._failures == error.weight == REFUSAL_WEIGHT
        pause = 0.0 if is_first_refusal else random.uniform(0, longest)
        if self._stop.wait(max(error.retry_after, pause)):
            raise Stopped

    def _received(self) -> Iterator[bytes]:
        """Yield the bytes of one response, from the position up to the end of the range."""
        end = self.end
        first, stop = self._extent
        blocks = self._arriving(first, stop)
        if first < self.position:
            blocks = self._skip(blocks, self.position - first)
        for block in blocks:
            piece = block if end is None else block[: end - self.position]
            if self._has_crc:
                self._crc = crc32(piece, self._crc)
            self.position += len(piece)
            if self._shown is not None:
                self._shown.update(len(piece))
            yield piece
            if end is not None and self.position == end < stop:
                return
        if end is not None and self.position < end and self.validator.size is not None:
            raise TransientError("the server ended its response early")

    def _skip(self, blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
        crc = 0
        for block in blocks:
            skipped, rest = block[:count], block[count:]
            crc = crc32(skipped, crc)
            count -= len(skipped)
            if count:
                continue
            if self._has_crc and crc != self._crc:
                raise ContentChanged(f"{self.source.label} changed while it was being downloaded.")
            if rest:
                yield rest
            yield from blocks

    def _arriving(self, first: int, stop: int) -> Iterator[bytes]:
        """Yield the body of the open response, if it's neither too slow nor too long."""
        if self._response is None:
            raise Stopped
        timeout = self._response.request.extensions.get("timeout", {}).get("read")
        window = min(SLOW_SECONDS, timeout or SLOW_SECONDS)
        body = self._response.iter_raw()
        position, waited, received = first, 0.0, 0
        while True:
            started = monotonic()
            try:
                block = next(body, b"")
            except httpx.TransportError as error:
                what = f"the connection broke ({reason_of(error)})"
                raise TransientError(what) from harmless(error)
            # Only the time that the server takes counts, not that of the consumer of the bytes.
            waited += monotonic() - started
            if not block:
                return
            if self._stop.is_set():
                raise Stopped
            position += len(block)
            if position > stop:
                raise ChecksumError(
                    f"{self.source.label} sends more than the expected {stop:,} bytes."
                )
            yield block
            received += len(block)
            if waited < window:
                continue
            if received < MIN_BYTES_PER_SECOND * waited:
                raise TransientError(
                    f"the server sent {received:,} bytes in {waited:.0f} seconds",
                    weight=SLOW_WEIGHT,
                )
            waited, received = 0.0, 0


def is_html(media_type: str | None, name: object) -> bool:
    """Return whether a file may be an HTML page, by its media type or name."""
    suffix = PurePosixPath(str(name)).suffix.lower()
    return "html" in (media_type or "").lower() or suffix in HTML_SUFFIXES


def shown_url(url: str) -> str:
    """Return a link for a message: without its query, and not at full length if it's long."""
    text = without_query(url)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"


def check_length(label: str, found: int, expected: int) -> None:
    """Raise `ChecksumError` if a file doesn't have its expected length in bytes."""
    if found != expected:
        raise ChecksumError(f"{label} has {found:,} bytes, expected {expected:,}.")


def whole_number(value: Any) -> int:
    """Return a whole number of a record; raise `ValueError` for anything else."""
    if not isinstance(value, int) or value < 0:
        raise ValueError("expected a whole number")
    return value


def shared_client() -> httpx.Client:
    """Return the client for callers without one: no credentials, finite timeouts."""
    with _shared_lock:
        # One per process: connections must not be shared with a forked child.
        client = _shared.get(os.getpid())
        if client is None or client.is_closed:
            client = storage_client(
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            )
            _shared.clear()
            _shared[os.getpid()] = client
        return client


def merged(ranges: Iterable[ByteRange], gap: int = 0) -> list[ByteRange]:
    """Return ranges in order, with those joined that overlap or are at most a gap apart.

    Example:
        >>> merged([(6, 8), (0, 4), (4, 5)]), merged([(6, 8), (0, 4)], gap=2)
        ([(0, 5), (6, 8)], [(0, 8)])
    """
    runs: list[ByteRange] = []
    for start, stop in sorted(ranges):
        if runs and start - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], max(runs[-1][1], stop))
        else:
            runs.append((start, stop))
    return runs


def _extent(response: httpx.Response, start: int) -> tuple[int, int | None, int | None]:
    """Return the first byte of a response, the one to stop before, and the object's length."""
    if response.status_code == 200:
        total = _length(response.headers.get("content-length"))
        return 0, total, total
    text = response.headers.get("content-range", "")
    match = _CONTENT_RANGE.fullmatch(text.strip())
    stop, total = (int(match[2]) + 1, _length(match[3])) if match else (0, None)
    if match is None or int(match[1]) != start or (total is not None and stop > total):
        reason = f"the server sent the range {text!r}, expected bytes from {start:,} on"
        raise failed(str(response.url), reason)
    return start, stop, total


def _ends_anywhere(response: httpx.Response) -> bool:
    """Return whether a response is a range of an object of unknown length."""
    text = response.headers.get("content-range", "")
    return response.status_code == 206 and text.strip().endswith("/*")


def _length(text: str | None) -> int | None:
    # Far below the digits that Python refuses to read, far above any file.
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None


def failed(url: str, reason: str) -> DownloadError:
    return DownloadError(f"{shown_url(url)} could not be downloaded: {reason}.")
