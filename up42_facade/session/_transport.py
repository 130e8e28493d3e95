"""The HTTP clients: timeouts, polite repetition, the rate limit, and errors with names."""

from __future__ import annotations

import asyncio
import re
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from attrs import field, frozen
from httpx_retries import Retry, RetryTransport

from up42_facade._version import __version__
from up42_facade.errors import ConnectionFailedError, InvalidInputError
from up42_facade.session._bodies import ACCEPTED_ENCODING, bound
from up42_facade.session._headers import drop_unusable
from up42_facade.session._hosts import is_same_host, without_query
from up42_facade.session._limits import TokenBucket
from up42_facade.session._network import Network
from up42_facade.session._redaction import protect_logs
from up42_facade.session._responses import (
    BROKEN,
    UNSENDABLE,
    broken_connection,
    closed_session,
    harmless,
    raise_for_status,
    unsendable,
)

USER_AGENT = f"up42-facade/{__version__}"
# POSTs that only ask and never create: validation, cost, STAC search, a signed URL, a token.
SAFE_POSTS = re.compile(
    r"/(validation|cost|search|download-url|token|jobs/validate|estimate/job)/?$"
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATED_STATUSES = (429, *range(500, 600))
# Redirects of one request that are followed, for instance to a trailing slash.
MOST_REDIRECTS = 5


@frozen
class TransportOptions:
    """How patient and how fast a session is.

    Attributes:
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of a response. The whole body of an API
            response must arrive within this time, too.
        retries: Repetitions of a safe request after a failed attempt.
        backoff: Seconds before the first repetition; doubled each time, with jitter.
        longest_wait: Seconds that one wait lasts at most, also when the server asks for more.
        rate: Requests per second that are kept to; the documented limit is 100.
        burst: Requests that may go at once after a pause; the documented limit is 500.
        connections: Connections that are open at once at most.
        lookup_waits: Seconds before each look for the job of an execution whose answer was
            lost. Together they are the time that the server has to finish taking it.
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
    """Tell whether a request may be repeated: it asks, and creates or changes nothing."""
    if request.method in SAFE_METHODS:
        return True
    return request.method == "POST" and bool(SAFE_POSTS.search(request.url.path))


class Policy:
    """The repetition rules of one session, as httpx-retries takes them per request."""

    def __init__(self, options: TransportOptions, check: Callable[[], None]) -> None:
        self._options = options
        # Raises if the session is closed.
        self.check = check
        # Shared by all requests: httpx-retries counts on copies.
        self._never = Retry(total=0, allowed_methods=["NONE"])
        self._streamed = self.repeat(None)
        self._sync = self.repeat(read)
        self._asynchronous = self.repeat(aread)

    def sync(self, request: httpx.Request, *, streamed: bool = False) -> Retry:
        return self._choose(request, self._streamed if streamed else self._sync)

    def asynchronous(self, request: httpx.Request, *, streamed: bool = False) -> Retry:
        return self._choose(request, self._streamed if streamed else self._asynchronous)

    def explain(self, failure: ConnectionFailedError, request: httpx.Request) -> None:
        """Raise the better explanation if a connection broke because the session was closed.

        Not if the server may have accepted a request that creates something: the caller has to
        know that.
        """
        if is_safe(request) or not failure.sent:
            self.check()

    def _choose(self, request: httpx.Request, patient: Retry) -> Retry:
        return patient if is_safe(request) else self._never

    def repeat(self, read_body: Callable[[httpx.Response], Any] | None) -> Retry:
        """Return the rules for a safe request; `read_body` reads an answer to its end."""
        return Retry(
            total=self._options.retries,
            allowed_methods=[*SAFE_METHODS, "POST"],
            status_forcelist=REPEATED_STATUSES,
            backoff_factor=self._options.backoff,
            max_backoff_wait=self._options.longest_wait,
            # A body that breaks off is as good as no answer: it is read where repetition is
            # still possible. A streamed one is left to whoever reads it.
            validate_response=read_body,
        )


def read(response: httpx.Response) -> None:
    response.read()


async def aread(response: httpx.Response) -> None:
    await response.aread()


def read_or_close(response: httpx.Response) -> None:
    """Read a response; an error status counts even if its body is damaged."""
    try:
        response.read()
    except BaseException as error:
        response.close()
        if response.is_success or not isinstance(error, BROKEN):
            raise


async def aread_or_close(response: httpx.Response) -> None:
    """Do the same as `read_or_close` with asyncio."""
    try:
        await response.aread()
    except BaseException as error:
        await response.aclose()
        if response.is_success or not isinstance(error, BROKEN):
            raise


class ApiClient(httpx.Client):
    """An httpx client that raises the facade's exceptions."""

    def __init__(self, policy: Policy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        check_path(url)
        try:
            return super().build_request(method, url, **options)
        except UNSENDABLE as error:
            raise unsendable(error) from error

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        response = self._attempt(request, **options)
        for _ in range(MOST_REDIRECTS):
            moved = moved_on_the_same_host(response)
            if moved is None:
                break
            response = self._attempt(moved, **options)
        raise_for_status(response)
        return response

    def _attempt(self, request: httpx.Request, **options: Any) -> httpx.Response:
        streamed = request.extensions["streamed"] = bool(options.pop("stream", False))
        request.extensions["retry"] = self._policy.sync(request, streamed=streamed)
        try:
            response = super().send(request, stream=True, **options)
            if not (streamed and response.is_success):
                read_or_close(response)
            return response
        except BROKEN as error:
            failure, cause = broken_connection(error, request), harmless(error)
        self._policy.explain(failure, request)
        raise failure from cause


class PlainClient(httpx.Client):
    """An httpx client that retries, and leaves statuses to whoever asks."""

    def __init__(self, retry: Retry, **options: Any) -> None:
        super().__init__(**options)
        self._retry = retry

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        request.extensions.setdefault("retry", self._retry)
        return super().send(request, **options)


class AsyncApiClient(httpx.AsyncClient):
    """The asyncio twin of `ApiClient`."""

    def __init__(self, policy: Policy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        check_path(url)
        try:
            return super().build_request(method, url, **options)
        except UNSENDABLE as error:
            raise unsendable(error) from error

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        response = await self._attempt(request, **options)
        for _ in range(MOST_REDIRECTS):
            moved = moved_on_the_same_host(response)
            if moved is None:
                break
            response = await self._attempt(moved, **options)
        raise_for_status(response)
        return response

    async def _attempt(self, request: httpx.Request, **options: Any) -> httpx.Response:
        streamed = request.extensions["streamed"] = bool(options.pop("stream", False))
        request.extensions["retry"] = self._policy.asynchronous(request, streamed=streamed)
        try:
            response = await super().send(request, stream=True, **options)
            if not (streamed and response.is_success):
                await aread_or_close(response)
            return response
        except BROKEN as error:
            failure, cause = broken_connection(error, request), harmless(error)
        self._policy.explain(failure, request)
        raise failure from cause


def check_path(url: httpx.URL | str) -> None:
    """Refuse a path that would become another one, because an ID in it is `.` or `..`.

    Raises:
        InvalidInputError: If it is one.
    """
    dots = {".", ".."}.intersection(str(url).split("/") if str(url).startswith("/") else ())
    if dots:
        raise InvalidInputError(f"{dots.pop()!r} isn't the ID of anything. Nothing was sent.")


def moved_on_the_same_host(response: httpx.Response) -> httpx.Request | None:
    """Return the request that a redirect asks for, if it's as safe and for the same host."""
    moved, request = response.next_request, response.request
    if moved is None or moved.method != request.method or not is_safe(request):
        return None
    if not is_same_host(str(moved.url), str(request.url)):
        return None
    if moved.url.scheme != request.url.scheme:
        # A gateway in front of the server can take https away from what it sees.
        moved.url = moved.url.copy_with(scheme=request.url.scheme, port=None)
    return moved


T = TypeVar("T")
Loops = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, T]


class LimitedTransport(httpx.BaseTransport):
    """Waits for its place in the rate limit before each attempt, retries included."""

    def __init__(
        self, inner: httpx.BaseTransport, bucket: TokenBucket, check: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._bucket = bucket
        self._check = check

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if wait := self._bucket.reserve():
            time.sleep(wait)
        self._check()
        response = self._inner.handle_request(request)
        drop_unusable(response)
        bound(response, request)
        return response

    def close(self) -> None:
        self._inner.close()


class AsyncLimitedTransport(httpx.AsyncBaseTransport):
    """The asyncio twin of `LimitedTransport`, with a connection pool for each event loop.

    A pool belongs to the loop that opened its connections; a session outlives loops, for
    instance between two calls of `asyncio.run`.
    """

    def __init__(
        self, options: dict[str, Any], bucket: TokenBucket, check: Callable[[], None]
    ) -> None:
        self._options = options
        self._bucket = bucket
        self._check = check
        self._pools: Loops[httpx.AsyncHTTPTransport] = weakref.WeakKeyDictionary()
        self._keepers: Loops[AsyncGenerator[None, None]] = weakref.WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if wait := self._bucket.reserve():
            await asyncio.sleep(wait)
        self._check()
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop) or await self._open(loop)
        response = await pool.handle_async_request(request)
        drop_unusable(response)
        bound(response, request)
        return response

    async def _open(self, loop: asyncio.AbstractEventLoop) -> httpx.AsyncHTTPTransport:
        pool = self._pools[loop] = httpx.AsyncHTTPTransport(**self._options)
        keeper = self._keepers[loop] = closed_with_its_loop(pool)
        await anext(keeper)
        return pool

    async def aclose(self) -> None:
        keeper = self._keepers.pop(asyncio.get_running_loop(), None)
        if keeper is not None:
            await keeper.aclose()


async def closed_with_its_loop(pool: httpx.AsyncHTTPTransport) -> AsyncGenerator[None, None]:
    """Close the pool when the event loop ends: loops finish the generators begun in them."""
    try:
        yield
    finally:
        await pool.aclose()


class Clients:
    """Makes the HTTP clients of one session: they share options, rate limit, and connections.

    The clients stay open: what is closed with the session are the transports, which tell
    whoever still uses a client.
    """

    def __init__(self, options: TransportOptions) -> None:
        protect_logs()
        self._options = options
        self._network = Network(options.proxy, options.ca_file)
        self._bucket = TokenBucket(options.rate, options.burst)
        self._policy = Policy(options, self._require_open)
        self._lock = threading.Lock()
        self._sync: dict[str, RetryTransport] = {}
        self._asynchronous: dict[str, RetryTransport] = {}
        self._is_closed = False
        self.storage = self._network.client(
            timeout=self._timeout, headers={"User-Agent": USER_AGENT}, check=self._require_open
        )

    def sync(self, origin: str, auth: httpx.Auth, **options: Any) -> ApiClient:
        """Make a client for an API host; it follows no redirect to another host."""
        return ApiClient(
            self._policy, transport=self._transport(origin), auth=auth, **self._api(origin, options)
        )

    def asynchronous(self, origin: str, auth: httpx.Auth, **options: Any) -> AsyncApiClient:
        """Make the asyncio twin of `sync`."""
        with self._lock:
            if origin not in self._asynchronous:
                made = AsyncLimitedTransport(
                    self._network.transport_options(httpx.URL(origin), self._limits),
                    self._bucket,
                    self._require_open,
                )
                self._asynchronous[origin] = RetryTransport(transport=made)
            transport = self._asynchronous[origin]
        return AsyncApiClient(
            self._policy, transport=transport, auth=auth, **self._api(origin, options)
        )

    def plain(self, origin: str) -> httpx.Client:
        """Make a client for the token exchange: it retries, but judges no status, has no auth."""
        return PlainClient(
            self._policy.repeat(read), transport=self._transport(origin), **self._api(origin, {})
        )

    def close(self) -> None:
        """Close all connections but those of event loops."""
        self._is_closed = True
        with self._lock:
            transports = [*self._sync.values()]
        for transport in transports:
            transport.close()
        self.storage.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        with self._lock:
            transports = [*self._asynchronous.values()]
        for transport in transports:
            await transport.aclose()

    def _require_open(self) -> None:
        if self._is_closed:
            raise closed_session()

    def _transport(self, origin: str) -> RetryTransport:
        with self._lock:
            if origin not in self._sync:
                options = self._network.transport_options(httpx.URL(origin), self._limits)
                inner = httpx.HTTPTransport(**options)
                limited = LimitedTransport(inner, self._bucket, self._require_open)
                self._sync[origin] = RetryTransport(transport=limited)
            return self._sync[origin]

    def _api(self, origin: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of clients of an API host; given ones are added to the usual."""
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED_ENCODING}
        return {
            "base_url": origin,
            "timeout": self._timeout,
            "trust_env": False,
            **options,
            "headers": {**headers, **options.get("headers", {})},
        }

    @property
    def _limits(self) -> httpx.Limits:
        limit = self._options.connections
        return httpx.Limits(max_connections=limit, max_keepalive_connections=limit)

    @property
    def _timeout(self) -> httpx.Timeout:
        options = self._options
        return httpx.Timeout(options.read_timeout, connect=options.connect_timeout)
