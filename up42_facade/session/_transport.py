"""The way of a request: rate limit, connection, complete response, and retries.

Every client of the package sends its requests through these transports.
"""

from __future__ import annotations

import math
import random
import re
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing, suppress
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from attrs import field, frozen

from up42_facade._common.urls import without_query
from up42_facade.errors import InvalidInputError, NotAuthenticatedError
from up42_facade.session._network import Network
from up42_facade.session._responses import Body, remove_oddities, seconds_until

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

# POSTs that create and change nothing: validation, cost, STAC search, a signed URL, a token.
SAFE_POSTS = re.compile(
    r"/(validation|cost|search|download-url|token|jobs/validate|estimate/job)/?$"
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# After these, a safe request is retried. A compressed body that is cut off can't be decoded.
TRANSIENT = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
)
TRANSIENT_STATUSES = (429, *range(500, 600))
# Beyond this number of retries, the wait doesn't double any more.
MOST_DOUBLINGS = 30
# Seconds after which a waiting request notices that its session was closed.
LONGEST_NAP = 0.1


Check = Callable[[Any, Any, Any], None]


def number(expected: str, least: float, *, kind: type = Real, more: bool = False) -> Check:
    """Return the validator of an option that must be a finite number.

    Args:
        expected: What is expected, for the message.
        least: The smallest number.
        kind: `Integral` for whole numbers.
        more: Require more than the smallest number.
    """

    def check(_: object, option: Any, value: Any) -> None:
        is_number = isinstance(value, kind) and not isinstance(value, bool)
        # NaN is in no range.
        if not (is_number and least <= value < math.inf) or (more and value == least):
            raise InvalidInputError(f"{option.name}={value!r}: expected {expected}.")

    return check


timeout = number("a positive number of seconds", 0, more=True)
pause = number("a number of seconds, not negative", 0)
whole = number("a whole number, not negative", 0, kind=Integral)
positive_whole = number("a whole number of at least 1", 1, kind=Integral)
positive = number("a positive number", 0, more=True)


def pauses(options: object, option: Any, values: Any) -> None:
    """Check an option that must be a list of seconds: without any, no search would take place."""
    if not isinstance(values, tuple | list) or not values:
        raise InvalidInputError(f"{option.name}={values!r}: expected at least one time in seconds.")
    for value in values:
        pause(options, option, value)


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

    Raises:
        InvalidInputError: If a number can't be used.
    """

    connect_timeout: float = field(default=10.0, validator=timeout)
    read_timeout: float = field(default=120.0, validator=timeout)
    retries: int = field(default=5, validator=whole)
    backoff: float = field(default=0.5, validator=pause)
    longest_wait: float = field(default=60.0, validator=pause)
    rate: float = field(default=100.0, validator=positive)
    burst: int = field(default=500, validator=positive_whole)
    connections: int = field(default=50, validator=positive_whole)
    lookup_waits: tuple[float, ...] = field(default=(0.5, 1.0, 2.0, 4.0, 8.0), validator=pauses)
    proxy: str | None = field(default=None, repr=lambda value: repr(value and without_query(value)))
    ca_file: str | Path | None = None


NO_RETRIES = TransportOptions(retries=0)


def is_safe(request: httpx.Request) -> bool:
    """Return whether a request may be retried: it creates and changes nothing."""
    if request.method in SAFE_METHODS:
        return True
    return request.method == "POST" and bool(SAFE_POSTS.search(request.url.path))


class Attempts:
    """The attempts of one request, and the time between them.

    Args:
        request: Retried if it's safe, at most as often as its extension `retries` says.
        options: Number of retries and time between them.
    """

    def __init__(self, request: httpx.Request, options: TransportOptions) -> None:
        self._options = options
        most = options.retries if is_safe(request) else 0
        self._left = min(most, request.extensions.get("retries", most))
        self._made = 0

    def wait_after(self, response: httpx.Response | None = None) -> float | None:
        """Return the seconds before the next attempt; None if there is none.

        Args:
            response: The response to this attempt, or None if it failed.
        """
        if response is not None and response.status_code not in TRANSIENT_STATUSES:
            return None
        if self._made >= self._left:
            return None
        self._made += 1
        asked = seconds_until(response.headers.get("retry-after", "")) if response else None
        doubled = self._options.backoff * 2 ** min(self._made, MOST_DOUBLINGS)
        return min(asked or doubled * random.random(), self._options.longest_wait)


class Gate:
    """Lets requests through, with a rate limit if there is one, until it's closed; thread-safe.

    A token bucket rather than a library: those available either serve only asyncio or keep a time
    stamp per request, and this must serve threads and event loops at once.

    Args:
        rate: Requests per second after a burst, or None for no limit.
        burst: Requests that may be sent at once after a pause.
        clock: Returns seconds.
    """

    def __init__(
        self,
        rate: float | None = None,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._available = float(burst)
        self._updated = clock()
        self.is_closed = False

    def reserve(self) -> float:
        """Reserve a request and return the seconds to wait before it may be sent."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            gained = (now - self._updated) * self._rate
            self._available = min(self._burst, self._available + gained) - 1
            self._updated = now
            return max(0.0, -self._available / self._rate)

    def naps(self, seconds: float) -> Iterator[float]:
        """Yield the parts of a wait; raise when the session is closed meanwhile."""
        while seconds > 0:
            self.check()
            yield min(seconds, LONGEST_NAP)
            seconds -= LONGEST_NAP
        self.check()

    def check(self) -> None:
        """Raise if the session was closed."""
        if self.is_closed:
            raise closed_session()


def closed_session() -> NotAuthenticatedError:
    """Return the exception for the use of a closed session."""
    return NotAuthenticatedError(
        "The session was closed: call up42_facade.authenticate(…) again, or create a new Session."
    )


Pools = dict[Any, Any]


class Route:
    """The way of requests: through a gate, then directly or through their host's proxy.

    Args:
        network: Proxies and certificates.
        limits: Limits of connections for each proxy and scheme, as in httpx.
        gate: Gate that requests pass first.
    """

    def __init__(self, network: Network, limits: httpx.Limits, gate: Gate) -> None:
        self.network = network
        self.limits = limits
        self.gate = gate
        self._lock = threading.Lock()

    def pool(self, url: httpx.URL, pools: Pools, kind: type[Any]) -> Any:
        """Return the connection pool for a URL, created if it isn't among those known."""
        key = url.scheme, self.network.proxy_for(url)
        with self._lock:
            if key not in pools:
                pools[key] = kind(limits=self.limits, **self.network.options_for(url))
            return pools[key]


class Transport(httpx.BaseTransport):
    """Sends requests by a route.

    Responses are read to their end, so that one that breaks off is retried. Successful ones to
    requests with the extension `streamed` are left to the caller.

    Args:
        route: The way of the requests.
        options: Number of retries and time between them.
    """

    def __init__(self, route: Route, options: TransportOptions = NO_RETRIES) -> None:
        self.route = route
        self._options = options
        self._pools: Pools = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        attempts = Attempts(request, self._options)
        while True:
            try:
                response = self._send(request)
                wait = attempts.wait_after(response)
                if wait is None:
                    return response
            except TRANSIENT:
                wait = attempts.wait_after()
                if wait is None:
                    raise
            self._pause(wait)

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()

    def interrupt(self, reader: object) -> None:
        """End the wait for the response to the request with this extension `reader`.

        httpx exposes the connection of a request only with its response, so this reads private
        attributes. If they change, the wait ends with the read timeout.
        """
        for pool in list(self._pools.values()):
            with suppress(AttributeError, OSError):
                for sent in list(pool._pool._requests):
                    if sent.request.extensions.get("reader") is reader:
                        found = sent.connection
                        while not hasattr(found, "_network_stream"):
                            found = found._connection
                        found._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _send(self, request: httpx.Request) -> httpx.Response:
        self._pause(self.route.gate.reserve())
        pool = self.route.pool(request.url, self._pools, httpx.HTTPTransport)
        response: httpx.Response = pool.handle_request(request)
        remove_oddities(response)
        if response.is_success and request.extensions.get("streamed"):
            return response
        source: Any = response.stream
        with closing(source) as stream, Body(response, request) as body:
            for chunk in stream:
                body.add(chunk)
        return response

    def _pause(self, seconds: float) -> None:
        for nap in self.route.gate.naps(seconds):
            time.sleep(nap)


class AsyncTransport(httpx.AsyncBaseTransport):
    """The asyncio twin of `Transport`, with connection pools for each event loop.

    A pool belongs to the loop that opened its connections; a session outlives loops, for example
    between two calls of `asyncio.run`.
    """

    def __init__(self, route: Route, options: TransportOptions = NO_RETRIES) -> None:
        self.route = route
        self._options = options
        self._loops: dict[AbstractEventLoop, tuple[Pools, AsyncGenerator[None, None]]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempts = Attempts(request, self._options)
        while True:
            try:
                response = await self._send(request)
                wait = attempts.wait_after(response)
                if wait is None:
                    return response
            except TRANSIENT:
                wait = attempts.wait_after()
                if wait is None:
                    raise
            await self._pause(wait)

    async def aclose(self) -> None:
        from asyncio import get_running_loop

        _, keeper = self._loops.pop(get_running_loop(), (None, None))
        if keeper is not None:
            await keeper.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        await self._pause(self.route.gate.reserve())
        pool = self.route.pool(request.url, await self._pools(), httpx.AsyncHTTPTransport)
        response: httpx.Response = await pool.handle_async_request(request)
        remove_oddities(response)
        if response.is_success and request.extensions.get("streamed"):
            return response
        source: Any = response.stream
        async with aclosing(source) as stream:
            with Body(response, request) as body:
                async for chunk in stream:
                    body.add(chunk)
        return response

    async def _pause(self, seconds: float) -> None:
        # Loading asyncio takes a tenth of a short script's time: not if nobody uses it.
        from asyncio import sleep

        for nap in self.route.gate.naps(seconds):
            await sleep(nap)

    async def _pools(self) -> Pools:
        from asyncio import get_running_loop

        loop = get_running_loop()
        if loop not in self._loops:
            for ended in [known for known in list(self._loops) if known.is_closed()]:
                self._loops.pop(ended, None)
            pools: Pools = {}
            self._loops[loop] = pools, closed_with_its_loop(pools)
            await anext(self._loops[loop][1])
        return self._loops[loop][0]


async def closed_with_its_loop(pools: Pools) -> AsyncGenerator[None, None]:
    """Close pools when the event loop ends: loops finish the generators begun in them."""
    try:
        yield
    finally:
        for pool in pools.values():
            await pool.aclose()
