"""A file behind expiring URLs: requests for it, and the one loop that retries them."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from time import monotonic
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from attrs import evolve, frozen

from up42_facade._common.stopping import transfer_stop
from up42_facade._common.urls import without_query
from up42_facade.downloads._checksums import Checksum, Verifier, header_checksums, parse_checksum
from up42_facade.downloads._inflate import crc32
from up42_facade.downloads._records import Record, Validator
from up42_facade.errors import ChecksumError, ConnectionFailedError, DownloadError
from up42_facade.session import (
    Secret,
    harmless,
    protect_logs,
    seconds_until,
    storage_client,
)

T = TypeVar("T")

# Seconds to reach the server: long enough for lost packets to be sent again after 1, 3 and 7 s.
CONNECT_SECONDS = 15.0
# Seconds without a byte after which a connection counts as dead and is replaced.
READ_SECONDS = 30.0
# Connections of the shared client: eight small files and four for a large one, with room to spare.
MAX_CONNECTIONS = 32
# Failures in a row without progress before a transfer gives up: about a minute of outage.
MAX_FAILURES = 11
# Bytes that count as progress, which resets the failures: far more than a dying server sends.
PROGRESS_BYTES = 16 << 10
# Speed below which a body counts as too slow: the slowest mobile line is ten times as fast.
MIN_BYTES_PER_SECOND = 500
# Seconds of waiting over which the speed is measured, or the client's read timeout if shorter.
SLOW_SECONDS = 30.0
# Responses that may be too slow before a transfer gives up: a new connection helps once or never.
MAX_SLOW_RESPONSES = 1
# Bytes of progress after which an earlier slow response no longer counts.
SLOW_RESET_BYTES = 1 << 20
# First and longest wait between two attempts, in seconds; the wait doubles in between.
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
# Seconds up to which a server's Retry-After is obeyed: longer ones mean "not today".
LONGEST_RETRY_AFTER_SECONDS = 120.0
# Links that may be refused in a row: one may have expired in a queue, more is a refusal.
MAX_REFUSALS = 3
# Bytes of a body whose length nobody announced: the largest object that stores keep.
MAX_FILE_BYTES = 5 << 40
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
_shared_lock = threading.Lock()
_shared: dict[int, httpx.Client] = {}


class TransientError(Exception):
    """An attempt failed in a way that another attempt may not; it never leaves the engine."""

    def __init__(
        self,
        text: str,
        *,
        retry_after: float = 0.0,
        is_connection: bool = True,
        is_refusal: bool = False,
        is_slow: bool = False,
    ) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.is_connection = is_connection
        self.is_refusal = is_refusal
        self.is_slow = is_slow


class Stopped(DownloadError):  # noqa: N818 - says what happened
    """Another part of the same download failed, or the caller gave up."""


class ContentChanged(DownloadError):  # noqa: N818 - says what happened
    """The object behind the URL was replaced while it was being read."""


class RangesIgnored(DownloadError):  # noqa: N818 - says what happened
    """The server sends the whole object whatever part of it is requested."""


class RetryBudget:
    """Decides whether and when to try again; progress renews it.

    Args:
        stop: Ends a wait.
        label: How errors call the file.
        position: Returns how many bytes have arrived.
    """

    def __init__(self, stop: threading.Event, label: str, position: Callable[[], int]) -> None:
        self._stop = stop
        self._label = label
        self._position = position
        self._reached = self._slow_reached = position()
        self._failures = self._refusals = self._slow = 0

    def wait(self, error: TransientError) -> None:
        """Wait before the next attempt.

        Raises:
            ConnectionFailedError: The connection failed, or was too slow, too often.
            DownloadError: The server refused too often in a row.
            Stopped: The download was given up while waiting.
        """
        position = self._position()
        if position - self._reached >= PROGRESS_BYTES:
            self._reached = position
            self._failures = self._refusals = 0
        if position - self._slow_reached >= SLOW_RESET_BYTES:
            self._slow_reached = position
            self._slow = 0
        self._failures += 1
        self._refusals += error.is_refusal
        self._slow += error.is_slow
        if (
            self._failures > MAX_FAILURES
            or self._refusals > MAX_REFUSALS
            or self._slow > MAX_SLOW_RESPONSES
        ):
            kind = ConnectionFailedError if error.is_connection else DownloadError
            raise kind(f"{self._label} could not be downloaded: {error}.") from error
        if self._stop.wait(max(error.retry_after, self._pause(error))):
            raise Stopped("The download was stopped.")

    def _pause(self, error: TransientError) -> float:
        if error.is_refusal and self._refusals == 1:
            return 0.0
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (self._failures - 1))
        return random.uniform(0, longest)


@frozen
class RangeResponse:
    """A successful response: the bytes of the object from `start` on."""

    response: httpx.Response
    start: int
    validator: Validator
    is_partial: bool
    is_gzipped: bool
    limit: int
    stop: threading.Event

    def __enter__(self) -> RangeResponse:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()

    def checksums(self) -> list[Checksum]:
        """Return the checksums of the whole object that came with the response."""
        if self.is_gzipped:
            # They may be of the packed or unpacked object; gzip carries a checksum of its own.
            return []
        return header_checksums(self.response.headers, partial=self.is_partial)

    def blocks(self) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ChecksumError: It is longer than announced.
            TransientError: The connection broke or is too slow.
            Stopped: The download was given up.
        """
        timeout = self.response.request.extensions.get("timeout", {}).get("read")
        window = min(SLOW_SECONDS, timeout or SLOW_SECONDS)
        body = self.response.iter_raw()
        total, waited, received = 0, 0.0, 0
        while True:
            started = monotonic()
            try:
                block = next(body, None)
            except httpx.TransportError as error:
                what = f"the connection broke ({_describe(error)})"
                raise TransientError(what) from harmless(error)
            # Only the time that the server takes counts, not that of whoever uses the bytes.
            waited += monotonic() - started
            if block is None:
                return
            if self.stop.is_set():
                raise Stopped("The download was stopped.")
            total += len(block)
            if total > self.limit:
                raise ChecksumError(
                    f"{without_query(str(self.response.url))} sends more than the "
                    f"{self.start + self.limit:,} bytes that were announced."
                )
            yield block
            received += len(block)
            if waited < window:
                continue
            if received < MIN_BYTES_PER_SECOND * waited:
                raise TransientError(
                    f"the server sent {received:,} bytes in {waited:.0f} seconds", is_slow=True
                )
            waited, received = 0.0, 0


class RemoteFile:
    """An object that can be requested from any byte on, through links that expire.

    Args:
        get_url: Returns a URL; called again when the last one was refused.
        http: Client without credentials, None for the shared one.
        size: Length in bytes that the object must have, if known.
        checksum: Multihash, digest, or `algorithm:digest` that it must have, if known.
        stop: Ends the transfer when set.
        is_html: Whether the object may be an HTML page. Also one if its URL ends like one.
    """

    def __init__(
        self,
        get_url: Callable[[], str],
        *,
        http: httpx.Client | None = None,
        size: int | None = None,
        checksum: str | None = None,
        stop: threading.Event | None = None,
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
        self.stop = stop or transfer_stop()
        protect_logs()

    @property
    def url(self) -> str:
        """The link in use; asks for one if there is none."""
        with self._lock:
            if self._url is None:
                self._url = Secret(self._get_url())
            return self._url

    @property
    def label(self) -> str:
        """The link without its query, for messages."""
        return without_query(self._url or "the file")

    def budget(self, position: Callable[[], int] = lambda: 0) -> RetryBudget:
        """Create a budget of attempts that progress of a position renews."""
        return RetryBudget(self.stop, self.label, position)

    def retry(self, attempt: Callable[[], T], budget: RetryBudget | None = None) -> T:
        """Repeat an attempt until it succeeds or the budget is used up.

        Args:
            attempt: Raises `TransientError` if another attempt may succeed.
            budget: What is left of the attempts; None for a new budget.

        Raises:
            ConnectionFailedError, DownloadError: See `RetryBudget.wait`.
        """
        while True:
            try:
                return attempt()
            except TransientError as error:
                budget = budget or self.budget()
                budget.wait(error)

    def open(
        self,
        start: int = 0,
        end: int | None = None,
        *,
        known: Validator | None = None,
        ranged: bool = False,
    ) -> RangeResponse:
        """Send one request.

        Args:
            start: First byte wanted.
            end: Byte to stop before, None for the end of the object.
            known: The version of the object as seen before.
            ranged: Request a range even from byte 0, to learn whether the server supports ranges.

        Returns:
            The response, to be closed. It starts at byte 0 if the server ignores ranges.

        Raises:
            TransientError: Another attempt may succeed.
            ContentChanged: The object isn't the known one.
            ChecksumError: Its length isn't the announced one.
            DownloadError: The server refuses for good, or sends something else.
        """
        known = known or Validator()
        url = self.url
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None or ranged:
            headers["Range"] = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
            if known.condition:
                headers["If-Range"] = known.condition
        response = self._send(url, headers)
        try:
            if response.status_code not in (200, 206):
                return self._refuse(response, url, start)
            return self._accept(response, url, start, known)
        except BaseException:
            response.close()
            raise

    def open_retrying(
        self, start: int = 0, *, known: Validator | None = None, ranged: bool = False
    ) -> RangeResponse:
        """Send requests until one succeeds or the budget is used up; see `open`."""
        return self.retry(lambda: self.open(start, known=known, ranged=ranged))

    def is_unchanged(self, record: Record) -> bool:
        """Return whether all that was recorded is still there, and the object is the same.

        It costs one request for the first byte, and only if the files are there.
        """
        if not record.is_intact():
            return False
        with self.retry(lambda: self.open(0, 1)) as response:
            return record.validator.confirms(response.validator)

    def fetch(self, start: int, end: int, *, known: Validator | None = None) -> bytes:
        """Fetch a small part of the object into memory.

        Args:
            start: First byte wanted.
            end: Byte to stop before.
            known: The version of the object as seen before.

        Raises:
            RangesIgnored: The server doesn't support ranges.
            ContentChanged, ConnectionFailedError, DownloadError: See `open`.
        """
        data = bytearray()

        def attempt() -> None:
            with self.open(start + len(data), end, known=known) as response:
                if not response.is_partial:
                    raise RangesIgnored(f"{self.label} can't be read in parts.")
                for block in response.blocks():
                    data.extend(block)
            if len(data) < end - start:
                raise TransientError("the server ended its response early")

        if start < end:
            self.retry(attempt, self.budget(lambda: len(data)))
        return bytes(data[: end - start])

    def _send(self, url: str, headers: dict[str, str]) -> httpx.Response:
        try:
            return self._http.send(
                self._http.build_request("GET", url, headers=headers),
                stream=True,
                follow_redirects=True,
            )
        except httpx.TransportError as error:
            if not isinstance(error, httpx.UnsupportedProtocol):
                what = f"the server can't be reached ({_describe(error)})"
                raise TransientError(what) from harmless(error)
            raise self._failed(url, _describe(error)) from harmless(error)
        except (httpx.InvalidURL, httpx.TooManyRedirects, UnicodeError) as error:
            raise self._failed(url, _describe(error)) from harmless(error)

    def _accept(
        self, response: httpx.Response, url: str, start: int, known: Validator
    ) -> RangeResponse:
        self._check_html(response, url)
        is_gzipped = self._is_gzipped(response, url)
        first, stop, total = _extent(response, start)
        # Of a gzipped object either length may have been announced: it's checked at the end.
        size = None if is_gzipped else self.size
        if size is not None and total is not None and total != size:
            raise ChecksumError(
                f"{without_query(url)} has {total:,} bytes; {size:,} bytes were announced."
            )
        headers = response.headers
        validator = Validator(headers.get("etag"), headers.get("last-modified"), total)
        if known.differs_from(validator):
            raise ContentChanged(f"{without_query(url)} changed while it was being downloaded.")
        ends = (end for end in (stop, known.size, size) if end is not None)
        return RangeResponse(
            response=response,
            start=first,
            validator=validator,
            is_partial=response.status_code == 206,
            is_gzipped=is_gzipped,
            limit=max(0, next(ends, MAX_FILE_BYTES) - first),
            stop=self.stop,
        )

    def _check_html(self, response: httpx.Response, url: str) -> None:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in HTML_TYPES or self._is_html:
            return
        if PurePosixPath(urlsplit(url).path).suffix.lower() in HTML_SUFFIXES:
            return
        raise self._failed(
            url,
            f"the server sent an HTML page ({media_type}) instead of the file. Check whether a "
            "proxy or a sign-in page stands in between",
        )

    def _is_gzipped(self, response: httpx.Response, url: str) -> bool:
        text = response.headers.get("content-encoding", "")
        encodings = {part.strip().lower() for part in text.split(",")} - PLAIN_ENCODINGS
        if encodings - GZIP_ENCODINGS:
            raise self._failed(url, f"its Content-Encoding {text!r} isn't supported, only gzip is")
        return bool(encodings)

    def _refuse(self, response: httpx.Response, url: str, start: int) -> RangeResponse:
        status = response.status_code
        text = f"the server responded with HTTP {status} {response.reason_phrase}".rstrip()
        if status == 416 and start == 0:
            # An empty object has no first byte, so any range of it is refused.
            response.close()
            return self.open()
        if status == 416:
            raise ContentChanged(f"{without_query(url)} became shorter while being downloaded.")
        if status in EXPIRED_STATUSES:
            self._forget(url)
            text += ", also to fresh links"
            raise TransientError(text, is_connection=False, is_refusal=True)
        if status in TRANSIENT_STATUSES:
            wait = retry_after(response.headers.get("retry-after"))
            raise TransientError(text, retry_after=wait, is_connection=False)
        raise self._failed(url, text)

    def _failed(self, url: str, reason: str) -> DownloadError:
        return DownloadError(f"{without_query(url)} could not be downloaded: {reason}.")

    def _forget(self, url: str) -> None:
        with self._lock:
            if self._url == url:
                self._url = None


class ByteStream:
    """The bytes of a remote file in order, continued where a connection broke.

    Lengths and checksums are verified before the last block is given out. If a server ignores
    ranges and sends everything again, what was given out already is skipped, after its CRC
    showed that it is the same.

    Args:
        source: Where the bytes come from.
        start: First byte wanted. Checksums are verified only from byte 0 on.
        on_bytes: Called with the length of every block.

    Example:
        with ByteStream(source) as stream:
            for block in stream:
                file.write(block)
    """

    def __init__(
        self,
        source: RemoteFile,
        start: int = 0,
        *,
        on_bytes: Callable[[int], object] | None = None,
    ) -> None:
        self._source = source
        self._on_bytes = on_bytes or (lambda _: None)
        self._verifier: Verifier | None = None
        self._announced = Verifier(source.checksums)
        self._first = start
        self._crc = 0
        self._is_gzipped = False
        self.position = start
        self.validator = Validator()
        self.response: RangeResponse | None = None
        self._blocks: Iterator[bytes] = iter(())
        self._budget = source.budget(lambda: self.position)

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def total(self) -> int | None:
        """Length of the object in bytes, once a response told it."""
        return self.validator.size

    def open(self) -> RangeResponse:
        """Connect now, to learn what the headers say; the first read uses the response."""
        return self._source.retry(self._connected, self._budget)

    def is_announced(self) -> bool:
        """Return whether the bytes so far have the checksum that the caller announced."""
        try:
            self._announced.verify(self._source.label)
        except ChecksumError:
            return False
        return True

    def close(self) -> None:
        """Give the connection back."""
        if self.response is not None:
            self.response.response.close()
            self.response = None

    def __iter__(self) -> Iterator[bytes]:
        with self:
            while block := self._source.retry(self._next, self._budget):
                yield block

    def _connected(self) -> RangeResponse:
        if self.response is None:
            response = self.response = self._source.open(self.position, known=self.validator)
            self.validator = _merged(self.validator, response.validator)
            self._blocks = filter(None, response.blocks())
            if response.start < self.position:
                self._blocks = self._skip(self._blocks, self.position - response.start)
            if self._verifier is None:
                self._is_gzipped = response.is_gzipped
                self._verifier = Verifier(response.checksums())
        return self.response

    def _next(self) -> bytes:
        """Return the next block, an empty one at the end."""
        self._connected()
        try:
            block = next(self._blocks, b"")
            if not block and self.total is not None and self.position < self.total:
                raise TransientError("the server ended its response early")
        except TransientError:
            self.close()
            raise
        if block:
            self._account(block)
        elif not self.total:
            self._check_length()
            self._verify()
        return block

    def _skip(self, blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
        crc = 0
        for block in blocks:
            skipped, rest = block[:count], block[count:]
            crc = crc32(skipped, crc)
            count -= len(skipped)
            if count:
                continue
            if self._first == 0 and crc != self._crc:
                raise ContentChanged(f"{self._source.label} changed while it was being downloaded.")
            if rest:
                yield rest
            yield from blocks

    def _account(self, block: bytes) -> None:
        self._crc = crc32(block, self._crc)
        self.position += len(block)
        self._on_bytes(len(block))
        if self._first == 0 and self._verifier is not None:
            self._verifier.update(block)
            self._announced.update(block)
        if self.position == self.total:
            self._verify()

    def _check_length(self) -> None:
        size = None if self._is_gzipped else self._source.size
        if size is not None and self.position != size:
            raise ChecksumError(
                f"{self._source.label} has {self.position:,} bytes; {size:,} bytes were announced."
            )

    def _verify(self) -> None:
        if self._first == 0 and self._verifier is not None:
            self._verifier.verify(self._source.label)
            # Of a gzipped object either form may have been announced: callers check that.
            if not self._is_gzipped:
                self._announced.verify(self._source.label)


def is_html(media_type: str | None, name: object) -> bool:
    """Return whether a file may be an HTML page, by its media type or name."""
    suffix = PurePosixPath(str(name)).suffix.lower()
    return "html" in (media_type or "").lower() or suffix in HTML_SUFFIXES


def _merged(known: Validator, seen: Validator) -> Validator:
    return evolve(
        known,
        etag=known.etag or seen.etag,
        modified=known.modified or seen.modified,
        size=seen.size if known.size is None else known.size,
    )


def shared_client() -> httpx.Client:
    """Return the client for callers who have none: no credentials, finite timeouts.

    Raises:
        ConfigurationError: If proxies or certificates in the environment can't work.
    """
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


def retry_after(text: str | None) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date, up to the longest."""
    return min(seconds_until(text or "") or 0.0, LONGEST_RETRY_AFTER_SECONDS)


def _extent(response: httpx.Response, start: int) -> tuple[int, int | None, int | None]:
    """Return the first byte of a response, the one to stop before, and the object's length."""
    if response.status_code == 200:
        total = _length(response.headers.get("content-length"))
        return 0, total, total
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if match is None or int(match[1]) != start:
        raise DownloadError(
            f"{without_query(str(response.url))} could not be downloaded: the server sent the "
            f"range {response.headers.get('content-range')!r} for bytes {start:,} and up."
        )
    return start, int(match[2]) + 1, _length(match[3])


def _length(text: str | None) -> int | None:
    # Far below the digits that Python refuses to read, far above any file.
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None


def _describe(error: BaseException) -> str:
    return str(error) or type(error).__name__
