"""Tokens: requested when first needed, renewed before they expire, shared by all callers."""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

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

# The client ID for third-party programs in UP42's documentation.
CLIENT_ID = "up42-api"
# Seconds. The lifetime of a token if the server doesn't send one: that of legacy tokens.
DEFAULT_LIFETIME = 300.0
# Seconds. No token is used for more than a day, whatever the server promises.
LONGEST_LIFETIME = 86_400.0
# Seconds. A token is renewed this long before it expires, so that it doesn't expire on the way.
RENEWAL_MARGIN = 30.0
# Short-lived tokens keep most of their lifetime: the margin is at most this part of it.
LARGEST_MARGIN = 0.2
# What a header can carry as a token: visible ASCII characters.
SENDABLE = re.compile(r"[!-~]+")
# Statuses with which a server rejects credentials.
REJECTED = (400, 401, 403)


class Token(NamedTuple):
    """An access token and the monotonic time (seconds) from which it is renewed."""

    value: Secret
    renew_at: float


class TokenAuth(httpx.Auth):
    """Adds the token to requests for the session's hosts, and only there.

    One token serves many threads; the first that needs a new one requests it for all. A request
    that is rejected with 401 is sent once more with a new token. This is safe for requests that
    start a job, because the server rejects them before it does anything.
    """

    def __init__(
        self, credentials: Callable[[], Credentials], hosts: Hosts, client: httpx.Client
    ) -> None:
        self._credentials = credentials
        self._hosts = hosts
        self._origins = {origin(httpx.URL(host)) for host in (hosts.api, hosts.auth)}
        self._client = client
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._requests = 0
        self._failure: Exception | None = None

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        if origin(request.url) not in self._origins:
            yield request
            return
        token = self._get()
        response = yield authorized(request, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield authorized(request, self._get(rejected=token))

    def _get(self, rejected: str | None = None) -> str:
        """Return a valid token, requested if necessary.

        Args:
            rejected: A token for which the server returned 401, if any.

        Raises:
            AuthenticationError: If the credentials were rejected.
            ConnectionFailedError: If the token server is down or its response can't be used.
        """
        seen = self._requests
        with self._lock:
            present = self._token
            if present and present.value != rejected and time.monotonic() < present.renew_at:
                return present.value
            if self._requests > seen and self._failure is not None:
                # Another thread tried while this one waited: they share the outcome.
                raise copy.copy(self._failure)
            return self._request()

    def request(self, extensions: dict[str, Any]) -> httpx.Response:
        """Request a token and return the response, whatever its status; nothing is kept."""
        request = token_request(self._credentials(), self._hosts, self._client)
        request.extensions.update(extensions)
        return send(self._client, request)

    def _request(self) -> str:
        # A session without credentials can get some later: that isn't kept as a failure.
        credentials = self._credentials()
        try:
            self._token = request_token(credentials, self._hosts, self._client)
            self._failure = None
        except (AuthenticationError, ConnectionFailedError) as error:
            self._token = None
            self._failure = error
            raise
        finally:
            self._requests += 1
        return self._token.value


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host, and port; httpx makes hosts lowercase and omits default ports."""
    return url.scheme, url.host, url.port


def authorized(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def request_token(credentials: Credentials, hosts: Hosts, client: httpx.Client) -> Token:
    """Exchange credentials for a token.

    Raises:
        AuthenticationError: If the credentials were rejected.
        ConnectionFailedError: If the server is down or its response can't be used.

    Endpoints: POST {auth}/realms/public/protocol/openid-connect/token for accounts,
    POST {api}/oauth/token for projects.
    """
    request = token_request(credentials, hosts, client)
    started = time.monotonic()
    token, lifetime = read_token(send(client, request), credentials)
    register.add_secrets(token, token.strip())
    if not SENDABLE.fullmatch(token):
        raise ConnectionFailedError(
            f"{request.url.host} issued an access token that can't be sent in a header: it's empty "
            "or has spaces, line breaks, or other unusual characters. Check region and base_url; "
            "the token isn't shown.",
            sent=False,
        )
    seconds = DEFAULT_LIFETIME if lifetime is None else min(max(lifetime, 0), LONGEST_LIFETIME)
    margin = min(RENEWAL_MARGIN, seconds * LARGEST_MARGIN)
    return Token(token, started + seconds - margin)


def token_request(credentials: Credentials, hosts: Hosts, client: httpx.Client) -> httpx.Request:
    """Return the request for a token. From now on, the credentials are kept out of messages."""
    from up42_client.api.auth import get_account_token, get_project_token
    from up42_client.models import AccountTokenRequest, ProjectTokenRequest

    if isinstance(credentials, AccountCredentials):
        register.add_secrets(credentials.password)
        form = AccountTokenRequest(
            grant_type="password",
            username=credentials.username,
            password=credentials.password,
            client_id=CLIENT_ID,
            # Without it, the server doesn't return who the account is.
            scope="openid",
        )
        return built(get_account_token.request(body=form), hosts.auth, client)
    project_id, key = credentials.project_id, credentials.project_api_key
    register.add_secrets(key, basic(project_id, key))
    legacy = ProjectTokenRequest(grant_type="client_credentials")
    request = built(get_project_token.request(body=legacy), hosts.api, client)
    return next(httpx.BasicAuth(project_id, key).auth_flow(request))


def built(request: Request[Any], host: str, client: httpx.Client) -> httpx.Request:
    return client.build_request(**{**request.arguments, "url": host + request.arguments["url"]})


def send(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send the request for a token.

    Raises:
        ConnectionFailedError: If the connection fails, or the response is too large or too slow.
    """
    try:
        return client.send(request)
    except (*BROKEN, ConnectionFailedError, UnexpectedResponseError) as error:
        reason, cause, hint = type(error).__name__, harmless(error), proxy_hint(error)
    # Raised here, without the frames of httpx: their local variables contain the password.
    raise ConnectionFailedError(
        f"The token server {request.url.host} can't be reached ({reason}), so the credentials "
        f"weren't checked. Try again later. {hint}".rstrip(),
        sent=False,
    ) from cause


def read_token(response: httpx.Response, credentials: Credentials) -> tuple[Secret, int | None]:
    """Return the token in a response and its lifetime in seconds."""
    from up42_client.models import AccountToken, ProjectToken

    server, status = f"The token server {response.request.url.host}", response.status_code
    if status in REJECTED:
        raise AuthenticationError(rejection(credentials, f"{server} rejected the", status))
    if not response.is_success:
        raise ConnectionFailedError(
            f"{server} returned {status} without checking the credentials. Try again later; if the "
            f"error persists, check region and base_url. {proxy_hint(status)}".rstrip(),
            sent=False,
        )
    content = json_or_none(response.text)
    if not isinstance(content, dict):
        raise ConnectionFailedError(
            f"{server} returned something other than a JSON object. Check region and base_url.",
            sent=False,
        )
    if isinstance(credentials, AccountCredentials):
        account = AccountToken.from_dict(content)
        return Secret(account.access_token or ""), account.expires_in
    project = ProjectToken.from_dict(content)
    # The legacy response repeats the token in an envelope.
    again = project.data.access_token if project.data else None
    return Secret(project.access_token or again or ""), None


def rejection(credentials: Credentials, start: str, status: int) -> str:
    if isinstance(credentials, ProjectCredentials):
        return (
            f"{start} project ID and API key ({status}). Check both; keys of the discontinued "
            "analytics platform might no longer work."
        )
    return (
        f"{start} username and password ({status}). Check both, and that the account belongs to "
        "this region."
    )
