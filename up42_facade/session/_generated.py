"""The generated client of a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import httpx
from attrs import define, evolve, field

from up42_client import AuthenticatedClient
from up42_facade._common.threads import in_background


@define
class SessionClient(AuthenticatedClient):
    """The generated client with a session behind it: tokens, retries, rate limit, and errors.

    Copies with other headers, cookies, or timeouts share the session and don't change the client
    that they come from. A `with` block leaves the session open.
    """

    _create: Callable[[dict[str, Any]], httpx.Client] = field(
        kw_only=True, alias="create", repr=False
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
            chosen = {"headers": self._headers, "cookies": self._cookies, "timeout": self._timeout}
            given = {name: value for name, value in chosen.items() if value}
            self._client = self._create({"base_url": self._base_url, **given})
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the asynchronous HTTP client."""
        if self._async_client is None:
            self._async_client = ThreadedClient(self.get_httpx_client())
        return self._async_client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """Leave the session open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object, **kwargs: Any) -> None:
        """Leave the session open."""


class ThreadedClient(httpx.AsyncClient):
    """An asyncio client whose requests a synchronous one sends, in threads.

    So connections, token, rate limit, retries, and errors are the same. Bodies are read completely.
    """

    def __init__(self, client: httpx.Client) -> None:
        super().__init__(transport=httpx.AsyncBaseTransport(), trust_env=False)
        self._sync = client

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        return self._sync.build_request(method, url, **options)

    async def send(
        self, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        # Loading asyncio takes a tenth of a short script's time: not if nobody uses it.
        from asyncio import wrap_future

        from anyio.to_thread import current_default_thread_limiter

        await request.aread()
        async with current_default_thread_limiter():
            sent = in_background(partial(self._sync.send, request, **options))
            response = await wrap_future(sent)
        response.stream = httpx.ByteStream(response.content)
        return response
