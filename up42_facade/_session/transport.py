"""The HTTP clients: timeouts, polite repetition, the rate limit, and errors with names."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
import urllib.request
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from attrs import frozen
from httpx_retries import Retry, RetryTransport

from up42_facade._session.limits import TokenBucket
from up42_facade._session.redaction import protect_logs
from up42_facade._session.responses import broken_connection, raise_for_status
from up42_facade._version import __version__

USER_AGENT = f"up42-facade/{__version__}"
# POSTs that only ask and never create: validation, cost, STAC search, a signed URL, a token.
SAFE_POSTS = re.compile(
    r"/(validation|cost|search|download-url|token|jobs/validate|estimate/job)/?$"
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATED_STATUSES = (429, *range(500, 600))
# The last is a body whose compression is damaged: as good as no answer.
BROKEN = (httpx.TransportError, httpx.DecodingError)


@frozen
class TransportOptions:
    """How patient and how fast a session is.

    Attributes:
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of an answer.
        retries: Repetitions of a safe request after a failed attempt.
        backoff: Seconds before the first repetition; doubled each time, with jitter.
        longest_wait: Seconds that one wait lasts at most, also when the server asks for more.
        rate: Requests per second that are kept to; the documented limit is 100.
        burst: Requests that may go at once after a pause; the documented limit is 500.
        connections: Connections that are open at once at most.
        lookup_waits: Seconds before each look for the job of an execution whose answer was
            lost. Together they are the time that the server has to finish taking it.
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


def is_safe(request: httpx.Request) -> bool:
    """Tell whether a request may be repeated: it asks, and creates or changes nothing."""
    if request.method in SAFE_METHODS:
        return True
    return request.method == "POST" and bool(SAFE_POSTS.search(request.url.path))


class Policy:
    """The repetition rules of one session, as httpx-retries takes them per request."""

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        # Shared by all requests: httpx-retries counts on copies.
        self._never = Retry(total=0, allowed_methods=["NONE"])
        self._streamed = self.repeat(None)
        self._sync = self.repeat(read)
        self._asynchronous = self.repeat(aread)

    def sync(self, request: httpx.Request, *, streamed: bool = False) -> Retry:
        return self._choose(request, self._streamed if streamed else self._sync)

    def asynchronous(self, request: httpx.Request, *, streamed: bool = False) -> Retry:
        return self._choose(request, self._streamed if streamed else self._asynchronous)

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


class ApiClient(httpx.Client):
    """An httpx client that raises the facade's exceptions."""

    def __init__(self, policy: Policy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        request.extensions["retry"] = self._policy.sync(
            request, streamed=bool(options.get("stream"))
        )
        try:
            response = super().send(request, **options)
            if not response.is_success:
                response.read()
        except BROKEN as error:
            raise broken_connection(error, request) from error
        raise_for_status(response)
        return response


class AsyncApiClient(httpx.AsyncClient):
    """The asyncio twin of `ApiClient`."""

    def __init__(self, policy: Policy, **options: Any) -> None:
        super().__init__(**options)
        self._policy = policy

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        request.extensions["retry"] = self._policy.asynchronous(
            request, streamed=bool(options.get("stream"))
        )
        try:
            response = await super().send(request, **options)
            if not response.is_success:
                await response.aread()
        except BROKEN as error:
            raise broken_connection(error, request) from error
        raise_for_status(response)
        return response


T = TypeVar("T")
Loops = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, T]


class LimitedTransport(httpx.BaseTransport):
    """Waits for its place in the rate limit before each attempt, repetitions included."""

    def __init__(self, inner: httpx.BaseTransport, bucket: TokenBucket) -> None:
        self._inner = inner
        self._bucket = bucket

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if wait := self._bucket.reserve():
            time.sleep(wait)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class AsyncLimitedTransport(httpx.AsyncBaseTransport):
    """The asyncio twin of `LimitedTransport`, with a connection pool for each event loop.

    A pool belongs to the loop that opened its connections; a session outlives loops, for
    instance between two calls of `asyncio.run`.
    """

    def __init__(self, options: dict[str, Any], bucket: TokenBucket) -> None:
        self._options = options
        self._bucket = bucket
        self._pools: Loops[httpx.AsyncHTTPTransport] = weakref.WeakKeyDictionary()
        self._keepers: Loops[AsyncGenerator[None, None]] = weakref.WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if wait := self._bucket.reserve():
            await asyncio.sleep(wait)
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop) or await self._open(loop)
        return await pool.handle_async_request(request)

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
    """Makes the HTTP clients of one session; they share options, rate limit and log filter."""

    def __init__(self, options: TransportOptions) -> None:
        protect_logs()
        self._options = options
        self._bucket = TokenBucket(options.rate, options.burst)
        self._policy = Policy(options)
        # Reading the certificates takes longest in making a client: once is enough.
        self._verify: ssl.SSLContext = httpx.create_ssl_context()

    def sync(self, origin: str, auth: httpx.Auth) -> ApiClient:
        """Make a client for an API host; redirects are not followed."""
        return ApiClient(
            self._policy,
            base_url=origin,
            auth=auth,
            timeout=self._timeout(),
            headers={"User-Agent": USER_AGENT},
            transport=RetryTransport(transport=self._limited(origin)),
        )

    def asynchronous(self, origin: str, auth: httpx.Auth) -> AsyncApiClient:
        """Make the asyncio twin of `sync`."""
        inner = AsyncLimitedTransport(self._transport_options(origin), self._bucket)
        return AsyncApiClient(
            self._policy,
            base_url=origin,
            auth=auth,
            timeout=self._timeout(),
            headers={"User-Agent": USER_AGENT},
            transport=RetryTransport(transport=inner),
        )

    def plain(self, origin: str) -> httpx.Client:
        """Make a client for the token exchange: repeats, but judges no status and has no auth."""
        return httpx.Client(
            timeout=self._timeout(),
            headers={"User-Agent": USER_AGENT},
            transport=RetryTransport(
                transport=self._limited(origin), retry=self._policy.repeat(read)
            ),
        )

    def storage(self) -> httpx.Client:
        """Make a client for signed URLs: no credentials, redirects followed, streams allowed."""
        return httpx.Client(
            timeout=self._timeout(),
            headers={"User-Agent": USER_AGENT},
            follow_redirects=True,
            verify=self._verify,
        )

    def _limited(self, origin: str) -> LimitedTransport:
        inner = httpx.HTTPTransport(**self._transport_options(origin))
        return LimitedTransport(inner, self._bucket)

    def _transport_options(self, origin: str) -> dict[str, Any]:
        limit = self._options.connections
        return {
            "verify": self._verify,
            "proxy": proxy_for(origin),
            "limits": httpx.Limits(max_connections=limit, max_keepalive_connections=limit),
        }

    def _timeout(self) -> httpx.Timeout:
        options = self._options
        return httpx.Timeout(options.read_timeout, connect=options.connect_timeout)


def proxy_for(origin: str) -> str | None:
    """Return the environment's proxy for a host; httpx reads it only for its own transports."""
    parts = urlsplit(origin)
    if parts.hostname is None or urllib.request.proxy_bypass(parts.hostname):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
