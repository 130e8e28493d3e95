"""The way of a request: rate limit, connection, complete response, and retries."""

from __future__ import annotations

import math
import random
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import httpx
from attrs import field, frozen

from up42_facade._common.threads import INTERRUPT_SECONDS
from up42_facade._common.urls import without_query
from up42_facade.errors import InvalidInputError, NotAuthenticatedError
from up42_facade.session._network import Network
from up42_facade.session._responses import read_body, remove_oddities, seconds_until

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


class Gate:
    """Lets requests through, with a rate limit if there is one, until it's closed; thread-safe.

    A token bucket rather than a library: those available either serve only asyncio or keep a time
    stamp per request.

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
        self.closed = threading.Event()

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

    def wait(self, seconds: float = 0.0) -> None:
        """Wait, and raise as soon as the session is closed."""
        while not self.closed.wait(min(seconds, INTERRUPT_SECONDS)):
            seconds -= INTERRUPT_SECONDS
            if seconds <= 0:
                return
        raise closed_session()


def closed_session() -> NotAuthenticatedError:
    """Return the exception for the use of a closed session."""
    return NotAuthenticatedError(
        "The session was closed: call up42_facade.authenticate(…) again, or create a new Session."
    )


class Transport(httpx.BaseTransport):
    """Sends requests through a gate, then directly or through their host's proxy.

    Responses are read to their end, so that one that breaks off is retried. Successful ones to
    requests with the extension `streamed` are left to the caller.

    Args:
        network: Proxies and certificates.
        limits: Limits of connections for each proxy and scheme, as in httpx.
        gate: Gate that requests pass first.
        options: Number of retries and time between them.
    """

    def __init__(
        self,
        network: Network,
        limits: httpx.Limits,
        gate: Gate,
        options: TransportOptions = NO_RETRIES,
    ) -> None:
        self.gate = gate
        self._network = network
        self._limits = limits
        self._options = options
        self._lock = threading.Lock()
        # By scheme and proxy.
        self._pools: dict[tuple[str, httpx.Proxy | None], Any] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        most = self._options.retries if is_safe(request) else 0
        most = min(most, request.extensions.get("retries", most))
        for made in range(most):
            try:
                response = self._send(request)
                if response.status_code not in TRANSIENT_STATUSES:
                    return response
                asked = seconds_until(response.headers.get("retry-after", ""))
            except TRANSIENT:
                asked = None
            doubled = self._options.backoff * 2 ** min(made + 1, MOST_DOUBLINGS)
            self.gate.wait(min(asked or doubled * random.random(), self._options.longest_wait))
        return self._send(request)

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
        self.gate.wait(self.gate.reserve())
        try:
            response: httpx.Response = self._pool(request.url).handle_request(request)
        except UnicodeError as error:
            # How Python refuses to look up a host name with a part that is empty or too long. Not a
            # failed connection: to try again is no use.
            raise httpx.UnsupportedProtocol(str(error), request=request) from error
        remove_oddities(response)
        if response.is_success and request.extensions.get("streamed"):
            return response
        read_body(response, request)
        return response

    def _pool(self, url: httpx.URL) -> Any:
        key = url.scheme, self._network.proxy_for(url)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = httpx.HTTPTransport(
                    limits=self._limits, **self._network.options_for(url)
                )
            return self._pools[key]
