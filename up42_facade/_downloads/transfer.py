"""Requests for an object behind a signed URL, or for parts of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import httpx
from attrs import frozen

from up42_facade._common.stopping import transfer_stop
from up42_facade._downloads.checksums import Checksum, header_checksums, parse_checksum
from up42_facade._downloads.client import shared_client
from up42_facade._downloads.patience import (
    LinkRefused,
    PassingFault,
    Patience,
    Stopped,
    retry_after,
)
from up42_facade._session.hosts import without_query
from up42_facade._session.redaction import protect_logs
from up42_facade.errors import ChecksumError, DownloadError

# How object stores answer a signed URL that has expired.
EXPIRED_STATUSES = frozenset({400, 401, 403, 410})
# Answers that a later attempt may not get.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

_CONTENT_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.IGNORECASE)


class ContentChanged(DownloadError):  # noqa: N818 - says what happened
    """The object behind the URL was replaced while it was being read."""


class RangesIgnored(DownloadError):  # noqa: N818 - says what happened
    """The server sends the whole object whatever part of it is asked for."""


@frozen
class Identity:
    """What tells one version of an object from another, whatever URL leads to it."""

    etag: str | None = None
    modified: str | None = None
    size: int | None = None

    @property
    def validator(self) -> str | None:
        """The value for `If-Range`: it must be a strong one."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.modified

    def differs_from(self, other: Identity) -> bool:
        """Tell whether anything that both know is different."""
        pairs = (
            (_strong(self.etag), _strong(other.etag)),
            (self.modified, other.modified),
            (self.size, other.size),
        )
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


@frozen
class Answer:
    """A successful response: the bytes of the object from `start` on."""

    response: httpx.Response
    start: int
    identity: Identity
    is_partial: bool
    stop: threading.Event

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()

    def checksums(self) -> list[Checksum]:
        """The checksums of the whole object that came with the response."""
        return header_checksums(self.response.headers, partial=self.is_partial)

    def blocks(self) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            PassingFault: The connection broke.
            Stopped: The download was given up.
        """
        try:
            for block in self.response.iter_raw():
                if self.stop.is_set():
                    raise Stopped("The download was stopped.")
                yield block
        except httpx.TransportError as error:
            raise PassingFault(f"the connection broke ({_describe(error)})") from error


class Source:
    """An object that can be asked for from any byte on, through links that expire.

    Args:
        get_url: Gives a URL; called again when the last one was refused.
        http: Client without credentials, None for the shared one.
        size: Length in bytes that the object must have, if known.
        checksum: Multihash or `algorithm:digest` that it must have, if known.
    """

    def __init__(
        self,
        get_url: Callable[[], str],
        *,
        http: httpx.Client | None = None,
        size: int | None = None,
        checksum: str | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._get_url = get_url
        self._http = http or shared_client()
        self._lock = threading.Lock()
        self._url: str | None = None
        self.size = size
        self.checksums = [parse_checksum(checksum)] if checksum else []
        self.stop = stop or transfer_stop()
        protect_logs()

    @property
    def url(self) -> str:
        """The link in use; asks for one if there is none."""
        with self._lock:
            if self._url is None:
                self._url = self._get_url()
            return self._url

    @property
    def label(self) -> str:
        """The link without its query, for messages."""
        return without_query(self._url or "the file")

    def patience(self) -> Patience:
        """A new budget of attempts."""
        return Patience(self.stop, self.label)

    def open(
        self,
        start: int = 0,
        end: int | None = None,
        *,
        known: Identity | None = None,
        ranged: bool = False,
    ) -> Answer:
        """Send one request.

        Args:
            start: First byte wanted.
            end: Byte to stop before, None for the end of the object.
            known: Identity of the object as seen before.
            ranged: Ask for a range even from byte 0, to learn whether the server does ranges.

        Returns:
            The answer, to be closed. It starts at byte 0 if the server ignores ranges.

        Raises:
            PassingFault: Another attempt may succeed.
            ContentChanged: The object isn't the one known.
            ChecksumError: Its length isn't the expected one.
            DownloadError: The server refuses for good.
        """
        known = known or Identity()
        url = self.url
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None or ranged:
            headers["Range"] = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
            if known.validator:
                headers["If-Range"] = known.validator
        response = self._send(url, headers)
        try:
            return self._judge(response, url, start, known)
        except BaseException:
            response.close()
            raise

    def open_patiently(
        self, start: int = 0, *, known: Identity | None = None, ranged: bool = False
    ) -> Answer:
        """Send requests until one is answered or the patience ends; see `open`."""
        patience = None
        while True:
            try:
                return self.open(start, known=known, ranged=ranged)
            except PassingFault as fault:
                patience = patience or self.patience()
                patience.wait(fault)

    def fetch(self, start: int, end: int, *, known: Identity | None = None) -> bytes:
        """Fetch a small part of the object into memory.

        Args:
            start: First byte wanted.
            end: Byte to stop before.
            known: Identity of the object as seen before.

        Returns:
            The bytes.

        Raises:
            RangesIgnored: The server doesn't do ranges.
            ContentChanged, ConnectionFailedError, DownloadError: See `open`.
        """
        patience = None
        data = bytearray()
        while start + len(data) < end:
            try:
                with self.open(start + len(data), end, known=known) as answer:
                    if not answer.is_partial:
                        raise RangesIgnored(f"{self.label} can't be read in parts.")
                    for block in answer.blocks():
                        data += block
            except PassingFault as fault:
                patience = patience or self.patience()
                patience.wait(fault)
        return bytes(data[: end - start])

    def _send(self, url: str, headers: dict[str, str]) -> httpx.Response:
        try:
            request = self._http.build_request("GET", url, headers=headers)
            return self._http.send(request, stream=True, follow_redirects=True)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise DownloadError(
                f"{without_query(url)} could not be downloaded: {_describe(error)}."
            ) from error
        except httpx.TransportError as error:
            raise PassingFault(f"the server can't be reached ({_describe(error)})") from error

    def _judge(self, response: httpx.Response, url: str, start: int, known: Identity) -> Answer:
        status = response.status_code
        if status not in (200, 206):
            return self._refuse(response, url, start)
        first, total = _extent(response, start)
        identity = Identity(
            response.headers.get("etag"), response.headers.get("last-modified"), total
        )
        if self.size is not None and total is not None and total != self.size:
            raise ChecksumError(
                f"{without_query(url)} has {total:,} bytes, {self.size:,} were announced."
            )
        if known.differs_from(identity):
            raise ContentChanged(f"{without_query(url)} changed while it was being downloaded.")
        return Answer(response, first, identity, status == 206, self.stop)

    def _refuse(self, response: httpx.Response, url: str, start: int) -> Answer:
        status = response.status_code
        text = f"the server answered HTTP {status} {response.reason_phrase}".rstrip()
        if status == 416 and start == 0:
            # An empty object has no first byte, so any range of it is refused.
            response.close()
            return self.open()
        if status == 416:
            raise ContentChanged(f"{without_query(url)} became shorter while being downloaded.")
        if status in EXPIRED_STATUSES:
            self._forget(url)
            raise LinkRefused(f"{text}, also to fresh links", is_connection=False)
        if status in PASSING_STATUSES:
            wait = retry_after(response.headers.get("retry-after"))
            raise PassingFault(text, retry_after=wait, is_connection=False)
        raise DownloadError(f"{without_query(url)} could not be downloaded: {text}.")

    def _forget(self, url: str) -> None:
        with self._lock:
            if self._url == url:
                self._url = None


def _strong(etag: str | None) -> str | None:
    return etag.removeprefix("W/") if etag else None


def _extent(response: httpx.Response, start: int) -> tuple[int, int | None]:
    """Give the first byte of a response and the length of the whole object."""
    if response.status_code == 200:
        return 0, _length(response.headers.get("content-length"))
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if match is None or int(match[1]) != start:
        raise DownloadError(
            f"The server answered bytes {start:,}- with Content-Range "
            f"{response.headers.get('content-range')!r}."
        )
    return start, _length(match[3])


def _length(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _describe(error: BaseException) -> str:
    return str(error) or type(error).__name__
