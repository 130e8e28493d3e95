"""The clients of one session: the generated one, and those for storage and tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import httpx
from attrs import define, evolve, field
from httpx_retries import RetryTransport

from up42_client import AuthenticatedClient
from up42_facade._version import __version__
from up42_facade.session._auth import TokenAuth, TokenStore
from up42_facade.session._bodies import ACCEPTED_ENCODING
from up42_facade.session._credentials import Credentials
from up42_facade.session._hosts import Hosts
from up42_facade.session._network import (
    AsyncTransport,
    Gate,
    Network,
    Route,
    StorageClient,
    Transport,
)
from up42_facade.session._redaction import protect_logs
from up42_facade.session._transport import (
    ApiClient,
    AsyncApiClient,
    RequestPolicy,
    TransportOptions,
    retry_rules,
)

USER_AGENT = f"up42-facade/{__version__}"


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
        self._gate = Gate(options.rate, options.burst)
        route = Route(network, limits, self._gate)
        self._transport = Transport(route)
        self._retrying = RetryTransport(transport=self._transport)
        self._async_transport = AsyncTransport(route)
        self._async_retrying = RetryTransport(transport=self._async_transport)
        self._policy = RequestPolicy(options, self._gate, httpx.Response.read)
        self._async_policy = RequestPolicy(options, self._gate, httpx.Response.aread)
        self._options: dict[str, Any] = {
            "timeout": timeout,
            "trust_env": False,
            "headers": {"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED_ENCODING},
        }
        # It retries, but has no token, and leaves statuses to its user.
        rules = retry_rules(options, httpx.Response.read)
        retrying = RetryTransport(transport=self._transport, retry=rules)
        tokens = httpx.Client(transport=retrying, **self._options)
        self.auth = TokenAuth(TokenStore(credentials, hosts, tokens))
        self._storage_gate = Gate()
        self.storage = StorageClient(
            Route(network, httpx.Limits(), self._storage_gate),
            timeout=timeout,
            headers={"User-Agent": USER_AGENT},
        )
        self.api = self.generated_client(hosts.api)

    def generated_client(self, origin: str) -> SessionClient:
        """Create a generated client for an origin."""
        # The HTTP clients' auth adds the token; the field of the generated client would keep one
        # for ever.
        return SessionClient(base_url=origin, token="", clients=self)

    def sync(self, options: dict[str, Any]) -> ApiClient:
        """Create a client of the API with additional options."""
        usual = self._with(options)
        return ApiClient(self._policy, transport=self._retrying, auth=self.auth, **usual)

    def asynchronous(self, options: dict[str, Any]) -> AsyncApiClient:
        """Create an asyncio client of the API with additional options."""
        usual = self._with(options)
        transport = self._async_retrying
        return AsyncApiClient(self._async_policy, transport=transport, auth=self.auth, **usual)

    def close(self) -> None:
        """Close all connections except those of event loops."""
        self._gate.is_closed = self._storage_gate.is_closed = True
        self._transport.close()
        self.storage.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._async_transport.aclose()

    def _with(self, options: dict[str, Any]) -> dict[str, Any]:
        headers = {**self._options["headers"], **options.pop("headers", {})}
        return {**self._options, **options, "headers": headers}


@define
class SessionClient(AuthenticatedClient):
    """The generated client with a session behind it: tokens, retries, rate limit, and errors.

    Copies with other headers, cookies, or timeouts share the session and don't change the client
    that they come from. A `with` block leaves the session open.
    """

    _clients: Clients = field(kw_only=True, alias="clients", repr=False)

    def with_headers(self, headers: dict[str, str]) -> Self:
        """Return a client with additional headers."""
        return evolve(self, headers={**self._headers, **headers})

    def with_cookies(self, cookies: dict[str, str]) -> Self:
        """Return a client with additional cookies."""
        return evolve(self, cookies={**self._cookies, **cookies})

    def with_timeout(self, timeout: httpx.Timeout) -> Self:
        """Return a client with other timeouts."""
        return evolve(self, timeout=timeout)

    def get_httpx_client(self) -> httpx.Client:
        """Return the HTTP client."""
        if self._client is None:
            self._client = self._clients.sync(self._chosen)
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the asynchronous HTTP client."""
        if self._async_client is None:
            self._async_client = self._clients.asynchronous(self._chosen)
        return self._async_client

    @property
    def _chosen(self) -> dict[str, Any]:
        chosen = {"headers": self._headers, "cookies": self._cookies, "timeout": self._timeout}
        given = {name: value for name, value in chosen.items() if value}
        return {"base_url": self._base_url, **given}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """Leave the session open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object, **kwargs: Any) -> None:
        """Leave the session open."""
