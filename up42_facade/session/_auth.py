"""Tokens: fetched when first needed, renewed before they run out, shared by all callers."""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

import httpx
from attrs import frozen

from up42_facade.errors import (
    AuthenticationError,
    ConnectionFailedError,
    UnexpectedResponseError,
)
from up42_facade.session._credentials import AccountCredentials, Credentials, ProjectCredentials
from up42_facade.session._hosts import Hosts
from up42_facade.session._redaction import Secret, basic, register
from up42_facade.session._responses import BROKEN, harmless, json_or_none, proxy_hint

if TYPE_CHECKING:
    from up42_client.types import Request

# The id under which third-party programs log in, as UP42's documentation gives it.
CLIENT_ID = "up42-api"
# Seconds. What a token lives when the server doesn't say: the historic tokens' lifetime.
DEFAULT_LIFETIME = 300.0
# Seconds. No token is used for longer than a day, whatever the server promises.
LONGEST_LIFETIME = 86_400.0
# Seconds. A token is renewed this long before its end, so that it doesn't run out on the way.
RENEWAL_MARGIN = 30.0
# Short-lived tokens keep most of their life: the margin is at most this part of it.
LARGEST_MARGIN = 0.2
# What a header can carry as a token: visible ASCII characters.
SENDABLE = re.compile(r"[!-~]+")
# Statuses with which a server refuses credentials.
REFUSED = (400, 401, 403)


@frozen
class Token:
    """An access token and the monotonic time (seconds) from which it is renewed."""

    value: str
    renew_at: float

    def __repr__(self) -> str:
        return "Token(…)"


class TokenStore:
    """One token for many threads; whoever needs a new one first fetches it for all."""

    def __init__(
        self, credentials: Callable[[], Credentials], hosts: Hosts, client: httpx.Client
    ) -> None:
        self._credentials = credentials
        self._hosts = hosts
        self._origins = {origin(httpx.URL(host)) for host in (hosts.api, hosts.auth)}
        self._client = client
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._fetches = 0
        self._failure: Exception | None = None

    def __repr__(self) -> str:
        return f"TokenStore({self._hosts.auth})"

    def is_for(self, url: httpx.URL) -> bool:
        """Tell whether requests to this URL may carry the token."""
        return origin(url) in self._origins

    def present(self) -> str | None:
        """Return the token if it is still good, without waiting."""
        token = self._token
        return token.value if token and time.monotonic() < token.renew_at else None

    def get(self, refused: str | None = None) -> str:
        """Return a good token, fetched if necessary.

        Args:
            refused: A token that the server answered with 401, if any.

        Raises:
            AuthenticationError: If the credentials were refused.
            ConnectionFailedError: If the token server is down or its response is unusable.
        """
        seen = self._fetches
        with self._lock:
            present = self.present()
            if present is not None and present != refused:
                return present
            if self._fetches > seen and self._failure is not None:
                # Somebody tried for all who waited: they share the outcome.
                raise copy.copy(self._failure)
            return self._fetch()

    def request(self, extensions: dict[str, Any]) -> httpx.Response:
        """Request a token and return the response, whatever its status; nothing is kept.

        Raises:
            ConnectionFailedError: If there is no response.
        """
        credentials = self._credentials()
        remember(credentials)
        request = token_request(credentials, self._hosts, self._client)
        request.extensions.update(extensions)
        return answered(self._client, request)

    def _fetch(self) -> str:
        # Who has none may get some: that isn't remembered as a failure.
        credentials = self._credentials()
        try:
            self._token = fetch_token(credentials, self._hosts, self._client)
            self._failure = None
        except (AuthenticationError, ConnectionFailedError) as error:
            self._token = None
            self._failure = error
            raise
        finally:
            self._fetches += 1
        return self._token.value


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port; httpx writes hosts in lower case and leaves usual ports out."""
    return url.scheme, url.host, url.port


class TokenAuth(httpx.Auth):
    """Adds the token to requests for the session's hosts, and only there.

    A request that is answered with 401 is sent once more with a new token: the server refuses
    it before doing anything, so nothing happens twice.
    """

    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def request_token(self, extensions: dict[str, Any]) -> httpx.Response:
        """Request a token as `TokenStore.request` does."""
        return self._tokens.request(extensions)

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._tokens.is_for(request.url):
            yield request
            return
        token = self._tokens.get()
        response = yield authorized(request, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield authorized(request, self._tokens.get(refused=token))

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not self._tokens.is_for(request.url):
            yield request
            return
        token = self._tokens.present() or await in_thread(self._tokens.get)
        response = yield authorized(request, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            renewed = await in_thread(lambda: self._tokens.get(refused=token))
            yield authorized(request, renewed)


async def in_thread(function: Callable[[], str]) -> str:
    # The lock that all callers share belongs to threads: waiting for it must not stop the loop.
    import anyio.to_thread

    return await anyio.to_thread.run_sync(function)


def authorized(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def fetch_token(credentials: Credentials, hosts: Hosts, client: httpx.Client) -> Token:
    """Exchange credentials for a token.

    Endpoints: POST {auth}/realms/public/protocol/openid-connect/token for accounts,
    POST {api}/oauth/token for projects.
    """
    remember(credentials)
    request = token_request(credentials, hosts, client)
    started = time.monotonic()
    value, seconds = issued(answered(client, request), credentials)
    if not SENDABLE.fullmatch(value):
        raise ConnectionFailedError(
            f"{request.url.host} issued an access token that can't be sent in a header: it's "
            "empty or has spaces, line breaks, or other unusual characters. Check region and "
            "base_url; the token isn't shown.",
            sent=False,
        )
    margin = min(RENEWAL_MARGIN, seconds * LARGEST_MARGIN)
    return Token(value, started + seconds - margin)


def remember(credentials: Credentials) -> None:
    """Keep credentials out of whatever is shown from now on."""
    if isinstance(credentials, AccountCredentials):
        register.add_secrets(credentials.password)
        return
    key = credentials.project_api_key
    register.add_secrets(key, basic(credentials.project_id, key))


def answered(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send the request for a token.

    Raises:
        ConnectionFailedError: If the connection fails, or the response is too large or too slow.
    """
    try:
        return client.send(request)
    except (*BROKEN, ConnectionFailedError, UnexpectedResponseError) as error:
        reason, cause, hint = type(error).__name__, harmless(error), proxy_hint(error)
    raise ConnectionFailedError(
        f"The token server {request.url.host} can't be reached ({reason}), so the credentials "
        f"weren't checked. Try again later. {hint}".rstrip(),
        sent=False,
    ) from cause


def issued(response: httpx.Response, credentials: Credentials) -> tuple[Secret, float]:
    """Return the token in a response and the seconds that it's good for."""
    value, lifetime = read_token(read_answer(response, credentials), credentials)
    token = Secret(value or "")
    register.add_secrets(token, token.strip())
    seconds = DEFAULT_LIFETIME if lifetime is None else min(max(lifetime, 0), LONGEST_LIFETIME)
    return token, float(seconds)


def read_token(content: dict[str, Any], credentials: Credentials) -> tuple[str | None, int | None]:
    """Return the token and its life in seconds."""
    from up42_client.models import AccountToken, ProjectToken

    if isinstance(credentials, AccountCredentials):
        token = AccountToken.from_dict(content)
        return token.access_token, token.expires_in
    historic = ProjectToken.from_dict(content)
    # The historic answer repeats the token in an envelope.
    again = historic.data.access_token if historic.data else None
    return historic.access_token or again, None


def token_request(credentials: Credentials, hosts: Hosts, client: httpx.Client) -> httpx.Request:
    from up42_client.api.auth import get_account_token, get_project_token
    from up42_client.models import AccountTokenRequest, ProjectTokenRequest

    if isinstance(credentials, AccountCredentials):
        form = AccountTokenRequest(
            grant_type="password",
            username=credentials.username,
            password=credentials.password,
            client_id=CLIENT_ID,
            # Without it the server doesn't tell who the account is.
            scope="openid",
        )
        return built(get_account_token.request(body=form), hosts.auth, client)
    basic = httpx.BasicAuth(credentials.project_id, credentials.project_api_key)
    historic = ProjectTokenRequest(grant_type="client_credentials")
    request = built(get_project_token.request(body=historic), hosts.api, client)
    return next(basic.auth_flow(request))


def built(request: Request[Any], host: str, client: httpx.Client) -> httpx.Request:
    return client.build_request(**{**request.arguments, "url": host + request.arguments["url"]})


def read_answer(response: httpx.Response, credentials: Credentials) -> dict[str, Any]:
    host, status = response.request.url.host, response.status_code
    if status in REFUSED:
        raise AuthenticationError(refusal(credentials, host, status))
    if not response.is_success:
        raise ConnectionFailedError(
            f"The token server {host} returned {status} without checking the credentials. Try "
            "again later; if the error persists, check region and base_url. "
            f"{proxy_hint(status)}".rstrip(),
            sent=False,
        )
    body = json_or_none(response)
    if not isinstance(body, dict):
        raise ConnectionFailedError(
            f"The token server {host} returned something other than a JSON object. Check region "
            "and base_url.",
            sent=False,
        )
    return body


def refusal(credentials: Credentials, host: str, status: int) -> str:
    if isinstance(credentials, ProjectCredentials):
        return (
            f"{host} refused the project id and API key ({status}). Check both; keys of the "
            "discontinued analytics platform may no longer work."
        )
    return (
        f"{host} refused the username and password ({status}). Check both, and that the "
        "account belongs to this region."
    )
