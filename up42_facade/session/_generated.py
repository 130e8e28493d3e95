"""The generated client of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import httpx
from attrs import define, evolve, field

from up42_client import AuthenticatedClient


@define
class SessionClient(AuthenticatedClient):
    """The generated client with a session behind it: tokens, retries, rate limit, and errors.

    Copies with other headers, cookies, or timeouts share the session and don't change the client
    that they come from. A `with` block leaves the session open.
    """

    _sync: Callable[[dict[str, Any]], httpx.Client] = field(kw_only=True, alias="sync", repr=False)
    _asynchronous: Callable[[dict[str, Any]], httpx.AsyncClient] = field(
        kw_only=True, alias="asynchronous", repr=False
    )

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
            self._client = self._sync(self._chosen)
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the asynchronous HTTP client."""
        if self._async_client is None:
            self._async_client = self._asynchronous(self._chosen)
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
