"""The HTTP clients of the API: timeouts, retries, redirects, and errors with names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from attrs import field, frozen
from httpx_retries import Retry

from up42_facade._common.urls import is_same_host, without_query
from up42_facade.errors import ConnectionFailedError, InvalidInputError
from up42_facade.session._bodies import BROKEN
from up42_facade.session._network import Gate
from up42_facade.session._responses import (
    UNSENDABLE,
    broken_connection,
    harmless,
    raise_for_status,
    unsendable,
)

# POSTs that create and change nothing: validation, cost, STAC search, a signed URL, a token.
SAFE_POSTS = re.compile(
    r"/(validation|cost|search|download-url|token|jobs/validate|estimate/job)/?$"
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
RETRYABLE_STATUSES = (429, *range(500, 600))
# Redirects of one request that are followed, for example to a trailing slash.
MOST_REDIRECTS = 5


@frozen
class TransportOptions:
    """Timeouts, retries, rate limit, proxy, and certificates of a session.

    Attributes:
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of a response. The complete body of an
            API response must arrive within this time, too.
        retries: Retries of a safe request after a failed attempt.
        backoff: Seconds before the first retry. Doubles with each retry, with jitter.
        longest_wait: Most seconds before a retry, even if the server asks for more.
        rate: Requests per second; the documented limit is 100.
        burst: Requests that may be sent at once after a pause; the documented limit is 500.
        connections: Most connections that are open at the same time.
        lookup_waits: Seconds before each search for the job of an execution whose response was
            lost. Together, this is the time in which the server can accept the request.
        proxy: URL of a proxy for all requests. Defaults to HTTP_PROXY, HTTPS_PROXY, ALL_PROXY,
            and NO_PROXY in the environment. Its user and password are pickled with a session
            only if that was created with `pickle_credentials=True`.
        ca_file: File with the certificates of the authorities to trust. Defaults to
            SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE in the
            environment, then to those of the package certifi.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 120.0
    retries: int = 5
    backoff: float = 0.5
    longest_wait: float = 60.0
    rate: float = 100.0
    burst: int = 500
    connections: int = 50
    lookup_waits: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    proxy: str | None = field(default=None, repr=lambda value: repr(value and without_query(value)))
    ca_file: str | Path | None = None


def is_safe(request: httpx.Request) -> bool:
    """Return whether a request may be retried: it creates and changes nothing."""
    if request.method in SAFE_METHODS:
        return True
    return request.method == "POST" and bool(SAFE_POSTS.search(request.url.path))


def retry_rules(
    options: TransportOptions, read: Callable[[httpx.Response], Any] | None = None
) -> Retry:
    """Return the rules for a safe request.

    Args:
        options: Number of retries and time between them.
        read: Reads a response to its end, so that one that breaks off is retried. None if the
            caller reads it.
    """
    return Retry(
        total=options.retries,
        allowed_methods=[*SAFE_METHODS, "POST"],
        status_forcelist=RETRYABLE_STATUSES,
        backoff_factor=options.backoff,
        max_backoff_wait=options.longest_wait,
        validate_response=read,
    )


class RequestPolicy:
    """Decides which requests are retried, and what a failed one raises."""

    def __init__(
        self, options: TransportOptions, gate: Gate, read: Callable[[httpx.Response], Any]
    ) -> None:
        self._gate = gate
        # Shared by all requests: httpx-retries counts on copies.
        self._never = Retry(total=0, allowed_methods=["NONE"])
        self._streamed = retry_rules(options)
        self._read = retry_rules(options, read)

    def apply(self, request: httpx.Request, stream: bool) -> None:
        """Set the rules for a request."""
        request.extensions["streamed"] = stream
        safe = self._streamed if stream else self._read
        request.extensions["retry"] = safe if is_safe(request) else self._never

    def explain(self, failure: ConnectionFailedError, request: httpx.Request) -> None:
        """Raise a better explanation if a connection broke because the session was closed.

        Not if the server might have accepted a request that creates something: the caller has to
        know that.
        """
        if is_safe(request) or not failure.sent:
            self._gate.check()


class ApiClient(httpx.Client):
    """An httpx client that raises the facade's exceptions."""

    def __init__(self, policy: RequestPolicy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        return checked(super().build_request, method, url, options)

    def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        response = self._attempt(request, stream, options)
        for _ in range(MOST_REDIRECTS):
            moved = moved_on_the_same_host(response)
            if moved is None:
                break
            response = self._attempt(moved, stream, options)
        raise_for_status(response)
        return response

    def _attempt(
        self, request: httpx.Request, stream: bool, options: dict[str, Any]
    ) -> httpx.Response:
        self._policy.apply(request, stream)
        try:
            response = super().send(request, stream=stream, **options)
            if not response.is_success:
                response.read()
            return response
        except BROKEN as error:
            failure, cause = broken_connection(error, request), harmless(error)
        # Raised here, without the frames of httpx: their local variables contain tokens.
        self._policy.explain(failure, request)
        raise failure from cause


class AsyncApiClient(httpx.AsyncClient):
    """The asyncio twin of `ApiClient`."""

    def __init__(self, policy: RequestPolicy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        return checked(super().build_request, method, url, options)

    async def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        response = await self._attempt(request, stream, options)
        for _ in range(MOST_REDIRECTS):
            moved = moved_on_the_same_host(response)
            if moved is None:
                break
            response = await self._attempt(moved, stream, options)
        raise_for_status(response)
        return response

    async def _attempt(
        self, request: httpx.Request, stream: bool, options: dict[str, Any]
    ) -> httpx.Response:
        self._policy.apply(request, stream)
        try:
            response = await super().send(request, stream=stream, **options)
            if not response.is_success:
                await response.aread()
            return response
        except BROKEN as error:
            failure, cause = broken_connection(error, request), harmless(error)
        self._policy.explain(failure, request)
        raise failure from cause


def checked(
    build: Callable[..., httpx.Request], method: str, url: httpx.URL | str, options: dict[str, Any]
) -> httpx.Request:
    """Return a request, unless it can't be sent, or an ID in its path is `.` or `..`.

    Raises:
        InvalidInputError: If so.
    """
    dots = {".", ".."}.intersection(str(url).split("/") if str(url).startswith("/") else ())
    if dots:
        raise InvalidInputError(f"{dots.pop()!r} isn't the ID of anything. Nothing was sent.")
    try:
        return build(method, url, **options)
    except UNSENDABLE as error:
        raise unsendable(error) from error


def moved_on_the_same_host(response: httpx.Response) -> httpx.Request | None:
    """Return the request that a redirect asks for, if it's as safe and for the same host."""
    moved, request = response.next_request, response.request
    if moved is None or moved.method != request.method or not is_safe(request):
        return None
    if not is_same_host(str(moved.url), str(request.url)):
        return None
    if moved.url.scheme != request.url.scheme:
        # A gateway in front of the server can hide https from it.
        moved.url = moved.url.copy_with(scheme=request.url.scheme, port=None)
    return moved
