"""A file behind expiring URLs: requests for it, and the one loop that retries them."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from attrs import asdict, frozen

from up42_facade._common.stopping import transfer_stop
from up42_facade._common.urls import without_query
from up42_facade.downloads._checksums import Checksum, header_checksums, parse_checksum
from up42_facade.errors import ChecksumError, ConnectionFailedError, DownloadError
from up42_facade.session import Secret, harmless, protect_logs, seconds_until, storage_client

T = TypeVar("T")

# Seconds to reach the server: long enough for lost packets to be sent again after 1, 3, and 7 s.
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


class TransientError(Exception):
    """A failed attempt that another attempt may repair; it never leaves this package.

    Args:
        text: The reason.
        weight: Failures that it counts for.
        retry_after: Seconds to wait at least.
        is_connection: Whether the connection failed, rather than the server.
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
        """Return the validator in a record.

        Raises:
            KeyError: If a field is missing.
            ValueError: If a field has the wrong type.
        """
        etag, modified, size = content["etag"], content["modified"], content["size"]
        if not all(isinstance(value, str | None) for value in (etag, modified)):
            raise ValueError("expected an ETag and a date")
        return cls(etag, modified, None if size is None else whole_number(size))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for a record."""
        return asdict(self)

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
        known = self._shared(other)
        has_version = any(isinstance(mine, str) for mine, _ in known)
        return has_version and all(mine == theirs for mine, theirs in known)

    def merged(self, other: Validator) -> Validator:
        """Return these fields, with those of another validator for missing ones."""
        size = other.size if self.size is None else self.size
        return Validator(self.etag or other.etag, self.modified or other.modified, size)

    def _shared(self, other: Validator) -> list[tuple[object, object]]:
        pairs = zip(self._parts(), other._parts(), strict=True)
        return [(mine, theirs) for mine, theirs in pairs if None not in (mine, theirs)]

    def _parts(self) -> tuple[str | None, str | None, int | None]:
        etag = self.etag.removeprefix("W/") if self.etag else None
        return etag, self.modified, self.size


class RetryBudget:
    """Decides whether and when to try again; progress renews it.

    Args:
        stop: Ends a wait.
        label: Name of the file in errors.
        position: Returns how many bytes have arrived.
    """

    def __init__(self, stop: threading.Event, label: str, position: Callable[[], int]) -> None:
        self._stop = stop
        self._label = label
        self._position = position
        self._reached = position()
        self._failures = 0

    def wait(self, error: TransientError) -> None:
        """Wait before the next attempt.

        Raises:
            ConnectionFailedError: If the connection failed, or was too slow, too often.
            DownloadError: If the server refused too often.
            Stopped: If the download was stopped while waiting.
        """
        position = self._position()
        if position - self._reached >= PROGRESS_BYTES:
            self._reached = position
            self._failures = 0
        self._failures += error.weight
        if self._failures > MAX_FAILURES:
            kind = ConnectionFailedError if error.is_connection else DownloadError
            raise kind(f"{self._label} could not be downloaded: {error}.") from error
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (self._failures - 1))
        is_first_refusal = self._failures == error.weight == REFUSAL_WEIGHT
        pause = 0.0 if is_first_refusal else random.uniform(0, longest)
        if self._stop.wait(max(error.retry_after, pause)):
            raise Stopped


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
        """Return the checksums of the complete object that came with the response."""
        if self.is_gzipped:
            # They may be of the packed or unpacked object; gzip carries a checksum of its own.
            return []
        return header_checksums(self.response.headers, partial=self.is_partial)

    def blocks(self) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ChecksumError: If the body is longer than announced.
            TransientError: If the connection broke or is too slow.
            Stopped: If the download was stopped.
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
            # Only the time that the server takes counts, not that of the consumer of the bytes.
            waited += monotonic() - started
            if block is None:
                return
            if self.stop.is_set():
                raise Stopped
            total += len(block)
            if total > self.limit:
                raise ChecksumError(
                    f"{shown_url(str(self.response.url))} sends more than the expected "
                    f"{self.start + self.limit:,} bytes."
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


class RemoteFile:
    """An object that can be requested from any byte on, through links that expire.

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
        self.stop = transfer_stop()
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

    def budget(self, position: Callable[[], int] = lambda: 0) -> RetryBudget:
        """Create a budget of attempts that progress of a position renews."""
        return RetryBudget(self.stop, self.label, position)

    def retry(self, attempt: Callable[[], T], budget: RetryBudget | None = None) -> T:
        """Retry an attempt until it succeeds or the budget is used up.

        Args:
            attempt: Raises `TransientError` if another attempt may succeed.
            budget: The attempts that are left. If None, a new budget.

        Raises:
            ConnectionFailedError: If the connection failed too often.
            DownloadError: If the server refused too often, or for good.
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
            start: First byte to request.
            end: Byte to stop before. If None, the end of the object.
            known: The version of the object in earlier responses.
            ranged: Request a range even from byte 0, to learn whether the server supports ranges.

        Returns:
            The response, to be closed. It starts at byte 0 if the server ignores ranges.

        Raises:
            TransientError: If another attempt may succeed.
            ContentChanged: If the object isn't the known one.
            ChecksumError: If its length isn't the expected one.
            DownloadError: If the server refuses for good, or sends something else.
        """
        known = known or Validator()
        url = self.url
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None or ranged:
            headers["Range"] = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
            if known.condition:
                headers["If-Range"] = known.condition
        try:
            response = self._http.send(
                self._http.build_request("GET", url, headers=headers),
                stream=True,
                follow_redirects=True,
            )
        except (httpx.TransportError, httpx.InvalidURL, httpx.TooManyRedirects, UnicodeError) as e:
            final = not isinstance(e, httpx.TransportError) or isinstance(
                e, httpx.UnsupportedProtocol
            )
            if final:
                raise _failed(url, _describe(e)) from harmless(e)
            raise TransientError(f"the server can't be reached ({_describe(e)})") from harmless(e)
        try:
            if response.status_code not in (200, 206):
                return self._refuse(response, url, start)
            return self._accept(response, url, start, known)
        except BaseException:
            response.close()
            raise

    def fetch(
        self, start: int, end: int, known: Validator | None = None
    ) -> tuple[bytes, Validator]:
        """Fetch a small part of the object into memory.

        Args:
            start: First byte to fetch.
            end: Byte to stop before, unless the object ends earlier.
            known: The version of the object in earlier responses.

        Returns:
            The bytes and the version of the object.

        Raises:
            ContentChanged: If the object isn't the known one.
            ConnectionFailedError: If the connection failed, even after retries.
            DownloadError: If the server refuses, or doesn't support ranges.
        """
        data, seen = bytearray(), known or Validator()

        def attempt() -> None:
            nonlocal seen
            with self.open(start + len(data), end, known=seen) as response:
                if not response.is_partial:
                    raise DownloadError(
                        f"{self.label} can't be read in parts. Download the complete file "
                        "instead, for example with download_results(), and open it there."
                    )
                seen = seen.merged(response.validator)
                for block in response.blocks():
                    data.extend(block)
            if len(data) < min(end, seen.size or end) - start:
                raise TransientError("the server ended its response early")

        self.retry(attempt, self.budget(lambda: len(data)))
        return bytes(data[: end - start]), seen

    def head(self, count: int) -> tuple[Mapping[str, str], bytes]:
        """Return the headers of a response and the first bytes of the object, for its format."""

        def attempt() -> tuple[Mapping[str, str], bytes]:
            data = b""
            with self.open(0, count) as response:
                for block in response.blocks():
                    data += block
                    if len(data) >= count:
                        break
                return response.response.headers, data[:count]

        return self.retry(attempt)

    def _accept(
        self, response: httpx.Response, url: str, start: int, known: Validator
    ) -> RangeResponse:
        headers = response.headers
        self._check_html(headers, url)
        text = headers.get("content-encoding", "")
        encodings = {part.strip().lower() for part in text.split(",")} - PLAIN_ENCODINGS
        if encodings - GZIP_ENCODINGS:
            raise _failed(url, f"its Content-Encoding {text!r} isn't supported, only gzip is")
        first, stop, total = _extent(response, start)
        # Of a gzipped object either length may have been announced: it's checked at the end.
        size = None if encodings else self.size
        if size is not None and total is not None:
            check_length(shown_url(url), total, size)
        validator = Validator(headers.get("etag"), headers.get("last-modified"), total)
        if known.differs_from(validator):
            raise ContentChanged(f"{shown_url(url)} changed while it was being downloaded.")
        ends = (end for end in (stop, known.size, size) if end is not None)
        return RangeResponse(
            response=response,
            start=first,
            validator=validator,
            is_partial=response.status_code == 206,
            is_gzipped=bool(encodings),
            limit=max(0, next(ends, MAX_FILE_BYTES) - first),
            stop=self.stop,
        )

    def _check_html(self, headers: httpx.Headers, url: str) -> None:
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type in HTML_TYPES and not (self._is_html or is_html(None, urlsplit(url).path)):
            raise _failed(
                url,
                f"the server sent an HTML page ({media_type}) instead of the file. Check whether "
                "a proxy or a sign-in page intercepts the request",
            )

    def _refuse(self, response: httpx.Response, url: str, start: int) -> RangeResponse:
        status = response.status_code
        text = f"the server responded with HTTP {status} {response.reason_phrase}".rstrip(" .")
        if status == 416 and start == 0:
            # An empty object has no first byte, so any range of it is refused.
            response.close()
            return self.open()
        if status == 416:
            raise ContentChanged(f"{shown_url(url)} became shorter while being downloaded.")
        if status in EXPIRED_STATUSES:
            with self._lock:
                if self._url == url:
                    self._url = None
            text += ", also to fresh links"
            raise TransientError(text, weight=REFUSAL_WEIGHT, is_connection=False)
        if status in TRANSIENT_STATUSES:
            wait = seconds_until(response.headers.get("retry-after", "")) or 0.0
            wait = min(wait, LONGEST_RETRY_AFTER_SECONDS)
            raise TransientError(text, retry_after=wait, is_connection=False)
        raise _failed(url, text)


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
    """Return the client for callers without one: no credentials, finite timeouts.

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


def _extent(response: httpx.Response, start: int) -> tuple[int, int | None, int | None]:
    """Return the first byte of a response, the one to stop before, and the object's length."""
    if response.status_code == 200:
        total = _length(response.headers.get("content-length"))
        return 0, total, total
    text = response.headers.get("content-range", "")
    match = _CONTENT_RANGE.fullmatch(text.strip())
    if match is None or int(match[1]) != start:
        reason = f"the server sent the range {text!r}, expected bytes from {start:,} on"
        raise _failed(str(response.url), reason)
    return start, int(match[2]) + 1, _length(match[3])


def _length(text: str | None) -> int | None:
    # Far below the digits that Python refuses to read, far above any file.
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None


def _failed(url: str, reason: str) -> DownloadError:
    return DownloadError(f"{shown_url(url)} could not be downloaded: {reason}.")


def _describe(error: BaseException) -> str:
    return (str(error) or type(error).__name__).rstrip(".")
