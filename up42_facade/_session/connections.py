"""The live half of a session: its HTTP clients and its token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from up42_facade._session.auth import TokenAuth, TokenStore
from up42_facade._session.credentials import Credentials
from up42_facade._session.hosts import Hosts
from up42_facade._session.transport import Clients, TransportOptions

if TYPE_CHECKING:
    import httpx

    from up42_client import AuthenticatedClient


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
        self._token_client = self._clients.plain(hosts.auth)
        self._lock = threading.Lock()
        self._storage: httpx.Client | None = None
        self.auth = TokenAuth(TokenStore(credentials, hosts, self._token_client))
        self.api = self.generated_client(hosts.api)

    @property
    def storage(self) -> httpx.Client:
        """The client for signed URLs: it never carries credentials."""
        with self._lock:
            if self._storage is None:
                self._storage = self._clients.storage()
            return self._storage

    def generated_client(self, origin: str) -> AuthenticatedClient:
        """Make a generated client for an origin."""
        from up42_client import AuthenticatedClient

        # The token comes from the HTTP clients' auth; the field of the generated client would
        # hold one for ever.
        client = AuthenticatedClient(base_url=origin, token="")
        client.set_httpx_client(self._clients.sync(origin, self.auth))
        client.set_async_httpx_client(self._clients.asynchronous(origin, self.auth))
        return client

    def close(self) -> None:
        """Close all but the connections of event loops."""
        self.api.get_httpx_client().close()
        self._token_client.close()
        if self._storage is not None:
            self._storage.close()
