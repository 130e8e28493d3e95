"""The clients of one session: the generated one, and those for storage and tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from up42_facade._common.urls import is_same_host, without_query
from up42_facade._version import __version__
from up42_facade.errors import InvalidInputError, UntrustedHostError
from up42_facade.session._auth import TokenAuth
from up42_facade.session._credentials import Credentials
from up42_facade.session._hosts import Hosts
from up42_facade.session._network import Network
from up42_facade.session._redaction import protect_logs
from up42_facade.session._responses import (
    ACCEPTED_ENCODING,
    BROKEN,
    UNSENDABLE,
    broken_connection,
    harmless,
    raise_for_status,
    unsendable,
)
from up42_facade.session._transport import (
    Gate,
    Transport,
    TransportOptions,
    is_safe,
)

if TYPE_CHECKING:
    from up42_client import AuthenticatedClient

USER_AGENT = f"up42-facade/{__version__}"
# Redirects of one request that are followed, for example to a trailing slash.
MOST_REDIRECTS = 5


class Clients:
    """The HTTP clients of one session in one Python process; a forked one needs others.

    They share options, rate limit, and connections. The clients themselves stay open: closing the
    session closes the transports, which tell everyone who still uses a client.

    Args:
        hosts: Hosts of the API and of the token server.
        options: Timeouts, retries, and rate limit.
        credentials: Returns the credentials. Called when a token is requested.
    """

    def __init__(
        self, hosts: Hosts, options: TransportOptions, credentials: Callable[[], Credentials]
    ) -> None:
        protect_logs()
        network = Network(options.proxy, options.ca_file)
        count = options.connections
        limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
        timeout = httpx.Timeout(options.read_timeout, connect=options.connect_timeout)
        gate = Gate(options.rate, options.burst)
        self._transport = Transport(network, limits, gate, options)
        self._options: dict[str, Any] = {
            "timeout": timeout,
            "trust_env": False,
            "headers": {"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED_ENCODING},
        }
        # It has no token, and leaves statuses to its user.
        tokens = httpx.Client(transport=self._transport, **self._options)
        self.auth = TokenAuth(credentials, hosts, tokens)
        self._storage_transport = Transport(network, httpx.Limits(), Gate())
        self.storage = StorageClient(
            self._storage_transport, timeout=timeout, headers={"User-Agent": USER_AGENT}
        )
        self.http = self.create({"base_url": hosts.api})
        self._origin = hosts.api

    @cached_property
    def generated(self) -> AuthenticatedClient:
        """The generated client, loaded when somebody asks for it: sessions do without."""
        from up42_facade.session._generated import SessionClient

        # The HTTP clients' auth adds the token; the field of the generated client would keep one
        # for ever.
        client = SessionClient(base_url=self._origin, token="", create=self.create)
        return client.set_httpx_client(self.http)

    def create(self, options: dict[str, Any]) -> ApiClient:
        """Create a client of the API with additional options."""
        headers = {**self._options["headers"], **options.get("headers", {})}
        usual = {**self._options, **options, "headers": headers}
        return ApiClient(self._transport, auth=self.auth, **usual)

    def refuse(self) -> None:
        """Send nothing new. Requests that wait for their turn or a retry end."""
        for transport in (self._transport, self._storage_transport):
            transport.gate.closed.set()

    def close(self) -> None:
        """Close all connections."""
        for transport in (self._transport, self._storage_transport):
            transport.close()


class ApiClient(httpx.Client):
    """An httpx client that raises the facade's exceptions."""

    def __init__(self, transport: Transport, **options: Any) -> None:
        super().__init__(transport=transport, **options)
        self._gate = transport.gate

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        """Return a request, unless it can't be sent, or an ID in its path is `.` or `..`.

        Raises:
            InvalidInputError: If so.
        """
        dots = {".", ".."}.intersection(str(url).split("/") if str(url).startswith("/") else ())
        if dots:
            raise InvalidInputError(f"{dots.pop()!r} isn't the ID of anything. Nothing was sent.")
        try:
            return super().build_request(method, url, **options)
        except UNSENDABLE as error:
            raise unsendable(error) from error

    def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        request.extensions["streamed"] = stream
        try:
            response = super().send(request, stream=stream, **options)
            if not response.is_success:
                response.read()
        except BROKEN as error:
            failure, cause = broken_connection(error, request), harmless(error)
        else:
            if moved := moved_on_the_same_host(response):
                return self.send(moved, stream=stream, **options)
            raise_for_status(response)
            return response
        # Raised here, without the frames of httpx: their local variables contain tokens.
        if is_safe(request) or not failure.sent:
            # For other requests, whether the server might have accepted them matters more.
            self._gate.wait()
        raise failure from cause


def moved_on_the_same_host(response: httpx.Response) -> httpx.Request | None:
    """Return the request that a redirect asks for, if it's as safe and for the same host."""
    moved, request = response.next_request, response.request
    followed = request.extensions.get("redirects", 0)
    if moved is None or moved.method != request.method or not is_safe(request):
        return None
    if followed == MOST_REDIRECTS:
        return None
    if not is_same_host(str(moved.url), str(request.url)):
        return None
    if moved.url.scheme != request.url.scheme:
        # A gateway in front of the server can hide https from it.
        moved.url = moved.url.copy_with(scheme=request.url.scheme, port=None)
    moved.extensions = {**request.extensions, "redirects": followed + 1}
    return moved


class StorageClient(httpx.Client):
    """A client for signed URLs of any host: no credentials, redirects followed.

    Args:
        transport: Sends its requests.
        options: Other arguments of `httpx.Client`.
    """

    def __init__(self, transport: Transport, **options: Any) -> None:
        super().__init__(transport=transport, follow_redirects=True, trust_env=False, **options)
        self._route = transport

    def interrupt(self, reader: object) -> None:
        """End the wait for the response to the request with this extension `reader`."""
        self._route.interrupt(reader)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        request.extensions["streamed"] = bool(options.get("stream"))
        return super().send(request, **options)


def storage_client(timeout: httpx.Timeout, limits: httpx.Limits) -> StorageClient:
    """Return a client for signed URLs with the proxies and certificates of the environment.

    Raises:
        ConfigurationError: If they can't work.
    """
    return StorageClient(Transport(Network(), limits, Gate()), timeout=timeout)


def read_public(client: httpx.Client, url: str) -> str:
    """Return the text behind a URL, read without credentials.

    Raises:
        UntrustedHostError: If the URL can't be used.
        Up42Error: If the request fails.
    """
    try:
        request = client.build_request("GET", url)
    except UNSENDABLE:
        raise UntrustedHostError(f"{without_query(url)!r} isn't a usable URL.") from None
    try:
        response = client.send(request)
    except httpx.RequestError as error:
        failure, cause = broken_connection(error, request), harmless(error)
    else:
        raise_for_status(response)
        return response.text
    raise failure from cause
