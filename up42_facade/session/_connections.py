"""The live half of a session: its HTTP clients and its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import httpx
from attrs import define, evolve, field

from up42_client import AuthenticatedClient
from up42_facade.session._auth import TokenAuth, TokenStore
from up42_facade.session._credentials import Credentials
from up42_facade.session._hosts import Hosts
from up42_facade.session._transport import Clients, TransportOptions


@define
class SessionClient(AuthenticatedClient):
    """The generated client with a session behind it: tokens, retries, the rate limit, errors.

    Copies with other headers, cookies, or timeouts share the session, and don't change the
    client that they come from. A `with` block leaves the session open.
    """

    _clients: Clients = field(kw_only=True, alias="clients", repr=False)
    _auth: TokenAuth = field(kw_only=True, alias="auth", repr=False)

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
            self._client = self._clients.sync(self._base_url, self._auth, **self._chosen)
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the asynchronous HTTP client."""
        if self._async_client is None:
            made = self._clients.asynchronous(self._base_url, self._auth, **self._chosen)
            self._async_client = made
        return self._async_client

    @property
    def _chosen(self) -> dict[str, Any]:
        chosen = {"headers": self._headers, "cookies": self._cookies, "timeout": self._timeout}
        return {name: value for name, value in chosen.items() if value}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """Leave the session open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object, **kwargs: Any) -> None:
        """Leave the session open."""


class Connections:
    """The clients of one session in one process; a forked child needs others.

    Args:
        hosts: Where they lead.
        options: Time-outs, repetitions and rate limit.
        credentials: Gives the credentials; called when a token is fetched.
    """

    def __init__(
        self, hosts: Hosts, options: TransportOptions, credentials: Callable[[], Credentials]
    ) -> None:
        self._clients = Clients(options)
        self.auth = TokenAuth(TokenStore(credentials, hosts, self._clients.plain(hosts.auth)))
        self.api = self.generated_client(hosts.api)

    @property
    def storage(self) -> httpx.Client:
        """The client for signed URLs: it never carries credentials."""
        return self._clients.storage

    def generated_client(self, origin: str) -> SessionClient:
        """Create a generated client for an origin."""
        # The token comes from the HTTP clients' auth; the field of the generated client would
        # hold one for ever.
        return SessionClient(base_url=origin, token="", clients=self._clients, auth=self.auth)

    def close(self) -> None:
        """Close all but the connections of event loops."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._clients.aclose()
