"""A session: one account in one region, with the configured generated client."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import evolve

from up42_facade._common.once import Once
from up42_facade.errors import (
    ConfigurationError,
    NotAuthenticatedError,
    UnexpectedResponseError,
)
from up42_facade.session._auth import TokenAuth
from up42_facade.session._connections import Connections
from up42_facade.session._credentials import (
    AccountCredentials,
    Credentials,
    ProjectCredentials,
    collect,
    hidden,
)
from up42_facade.session._hosts import DEFAULT_REGION, choose_hosts, without_query
from up42_facade.session._pickling import Settings, registry, required_credentials, restore
from up42_facade.session._responses import UNREADABLE, closed_session, unexpected
from up42_facade.session._transport import TransportOptions

if TYPE_CHECKING:
    import httpx

    from up42_client import AuthenticatedClient
    from up42_client.types import Request

T = TypeVar("T")
# Requests that one session has under way at the same time on behalf of one call.
WORKERS = 16


class Session:
    """Everything that talks to one UP42 account.

    Args:
        cfg_file: Path of a JSON file with `username` and `password` (or `project_id` and
            `project_api_key`).
        username: E-mail address of the account.
        password: Password of the account.
        project_id: Default project of the analytics API; with `project_api_key` also a
            credential.
        project_api_key: API key of that project.
        region: `eu` or `sa`.
        base_url: One origin that replaces the hosts of the API and of the token server, for
            instance that of the sandbox.
        options: Time-outs, repetitions and rate limit.
        pickle_credentials: Send the credentials along when the session, or a job that belongs
            to it, is pickled. Whoever can read such a pickle can spend the account's credits:
            only for workers that can't have credentials of their own, over channels and in
            files that nobody else reads.

    Missing arguments are looked up in UP42_USERNAME, UP42_PASSWORD, UP42_PROJECT_ID,
    UP42_PROJECT_API_KEY, UP42_REGION and UP42_BASE_URL.

    A session is pickled as its settings, without credentials and token. Another process makes
    of all that arrive with the same settings one session, with the credentials of its own
    environment (or takes its default session, if that is for the same hosts). A missing
    password shows there with the first request, as ConfigurationError. With another account's
    password there, that account is asked, and pays: it doesn't find the jobs of this one.

    Raises:
        ConfigurationError: Credentials are missing, doubled or incomplete, the file can't be
            read, or region or base URL are unusable. Nothing is sent: a wrong password shows
            with the first request.

    Example:
        >>> with up42.Session(username=name, password=password, base_url=url) as session:
        ...     jobs = list(up42.Job.all(session=session))
    """

    def __init__(
        self,
        cfg_file: str | Path | None = None,
        username: str | None = None,
        password: str | None = None,
        project_id: str | None = None,
        project_api_key: str | None = None,
        region: str = DEFAULT_REGION,
        base_url: str | None = None,
        *,
        options: TransportOptions | None = None,
        pickle_credentials: bool = False,
    ) -> None:
        arguments = hidden(
            {
                "username": username,
                "password": password,
                "project_id": project_id,
                "project_api_key": project_api_key,
            }
        )
        # Tracebacks can show local variables.
        del password, project_api_key
        credentials, project = collect(cfg_file, arguments)
        settings = Settings(
            hosts=choose_hosts(region, base_url),
            project_id=project,
            options=options or TransportOptions(),
            origin=uuid.uuid4().hex,
            credentials=credentials if pickle_credentials else None,
        )
        self._begin(settings, credentials)
        registry.add(self, settings.origin)

    def _begin(self, settings: Settings, credentials: Credentials | None) -> None:
        """Set everything up; without credentials those of the environment are taken, later."""
        self.hosts = settings.hosts
        self.project_id = settings.project_id
        self.options = settings.options
        self._settings = settings
        # Made without a reference to the session: it shall end when nobody holds it any more.
        self._find_credentials: Callable[[], Credentials] = (
            partial(Once[Credentials]().get, required_credentials)
            if credentials is None
            else lambda: credentials
        )
        self._connected: Connections | None = None
        self._inherited: list[Connections] = []
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._known: dict[Hashable, Once[Any]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        options = self.options
        if self._settings.credentials is None and options.proxy is not None:
            options = evolve(options, proxy=without_query(options.proxy))
        settings = evolve(self._settings, project_id=self.project_id, options=options)
        return restore, (type(self), settings)

    def _leave_parent(self) -> None:
        """Let go of what belongs to the process that this one was forked from."""
        if self._connected is not None:
            # Kept, not closed: a thread that this process doesn't have may hold its locks.
            self._inherited.append(self._connected)
        self._connected = None
        self._executor = None
        self._lock = threading.Lock()
        self._known = {}

    def __repr__(self) -> str:
        if not hasattr(self, "hosts"):
            return "Session(…)"
        where = f"region={self.hosts.region!r}" if self.hosts.region else f"api={self.hosts.api!r}"
        return f"Session({where})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and threads. The session can't be used afterwards."""
        global _default
        if _default is self:
            _default = None
        with self._lock:
            self._is_closed = True
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)
        if self._connected is not None:
            self._connected.close()

    async def aclose(self) -> None:
        """Close like `close()`, and the connections of the running event loop too."""
        connected = self._connected
        self.close()
        if connected is not None:
            await connected.aclose()

    @property
    def client(self) -> AuthenticatedClient:
        """The generated client, configured: with renewed tokens, retries, and the rate limit.

        `with_headers`, `with_cookies`, and `with_timeout` return clients of the same session. A
        `with` block leaves the session open.
        """
        return self._connections.api

    @property
    def http(self) -> httpx.Client:
        """The HTTP client of the API: authorised, patient, raising this package's errors."""
        return self.client.get_httpx_client()

    @property
    def storage(self) -> httpx.Client:
        """The HTTP client for signed URLs: it never carries credentials."""
        return self._connections.storage

    @property
    def executor(self) -> ThreadPoolExecutor:
        """Threads for requests that run side by side."""
        with self._lock:
            self._require_open()
            if self._executor is None:
                self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="up42")
            return self._executor

    @property
    def workspace_id(self) -> str:
        """The user's own workspace, asked for once.

        Raises:
            ConfigurationError: The session has project credentials, which have no workspace.

        Endpoint: GET {auth}/realms/public/protocol/openid-connect/userinfo.
        """
        if isinstance(self._credentials, ProjectCredentials):
            raise ConfigurationError(
                "A project's credentials have no default workspace: pass workspace_id, or "
                "authenticate with username and password."
            )
        return self.once("workspace", self._ask_workspace)

    def call(self, request: Request[T], *, client: AuthenticatedClient | None = None) -> T:
        """Send a request of the generated client and return its response.

        Args:
            request: Built by the function `request` of a module in `up42_client.api`.
            client: Client to send it with. Defaults to `client` of the session.

        Raises:
            UnexpectedResponseError: If the response isn't the JSON that was expected.
            Up42Error: If the request fails.

        Example:
            >>> from up42_client.api.processing import get_process
            >>> with up42.Session(username=name, password=password, base_url=url) as session:
            ...     process = session.call(get_process.request("pansharpening"))
        """
        self._require_open()
        http = (client or self.client).get_httpx_client()
        return readable(http.request(**request.arguments), request.read)

    def follow(self, link: str, read: Callable[[httpx.Response], T]) -> T:
        """Follow an opaque link and return the response.

        Args:
            link: Relative or absolute; it must lead to the session's API host.
            read: Function `read` of the operation that the link calls.

        Raises:
            UntrustedHostError: If the link leads to another host.
            UnexpectedResponseError: If the response isn't the JSON that was expected.
        """
        return readable(self.http.get(self.hosts.resolve(link)), read)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value under a key, made by the first who asks; others wait for it.

        A failure is not remembered: who asks after it tries again.
        """
        with self._lock:
            known = self._known.setdefault(key, Once())
        value: T = known.get(make)
        return value

    def known(self, key: Hashable) -> Any | None:
        """Return what `once` remembers under a key, or None; makes nothing."""
        with self._lock:
            holder = self._known.get(key)
        return holder.known if holder else None

    def forget(self, key: Hashable) -> None:
        """Drop what `once` remembers under a key."""
        with self._lock:
            self._known.pop(key, None)

    def _require_open(self) -> None:
        if self._is_closed:
            raise closed_session()

    def _ask_workspace(self) -> str:
        from up42_client.api.auth import get_user_info

        client = self._connections.generated_client(self.hosts.auth)
        subject = self.call(get_user_info.request(), client=client).sub
        if not subject:
            raise UnexpectedResponseError(
                "The server did not say which workspace is the user's own: pass workspace_id.",
                status_code=200,
            )
        return subject

    @property
    def _credentials(self) -> Credentials:
        return self._find_credentials()

    @property
    def _auth(self) -> TokenAuth:
        return self._connections.auth

    @property
    def _connections(self) -> Connections:
        """The HTTP clients; made when first needed, in a forked process once more."""
        self._require_open()
        connected = self._connected
        if connected is not None:
            return connected
        with self._lock:
            if self._connected is None:
                self._connected = Connections(self.hosts, self.options, self._find_credentials)
            return self._connected


def has_account(session: Session) -> bool:
    """Return whether a session has the credentials of an account, rather than of a project."""
    return isinstance(session._credentials, AccountCredentials)


def request_token(session: Session, extensions: dict[str, Any]) -> httpx.Response:
    """Request a token and return the response, whatever its status.

    Args:
        session: Session whose credentials are sent.
        extensions: Extensions of the request, for example a timeout.

    Raises:
        ConnectionFailedError: If there is no response.
    """
    return session._auth.request_token(extensions)


def readable(response: httpx.Response, read: Callable[[httpx.Response], T]) -> T:
    try:
        return read(response)
    except UNREADABLE:
        # Raised below, without the decoder's error as context: that quotes the whole response.
        failure = unexpected(response, "something unreadable")
    raise failure


_default: Session | None = None


def authenticate(
    cfg_file: str | Path | None = None,
    username: str | None = None,
    password: str | None = None,
    project_id: str | None = None,
    project_api_key: str | None = None,
    region: str = DEFAULT_REGION,
    base_url: str | None = None,
    *,
    pickle_credentials: bool = False,
) -> Session:
    """Make a session and set it as the default of everything that isn't given another.

    Args:
        cfg_file, username, password, project_id, project_api_key, region, base_url,
            pickle_credentials: As for `Session`.

    Returns:
        The session. Its token is fetched with the first request.

    Raises:
        ConfigurationError: As for `Session`.

    Example:
        >>> session = up42.authenticate(username=name, password=password, base_url=url)
    """
    global _default
    secrets = hidden({"password": password, "project_api_key": project_api_key})
    # Tracebacks can show local variables.
    del password, project_api_key
    session = Session(
        cfg_file,
        username,
        project_id=project_id,
        region=region,
        base_url=base_url,
        pickle_credentials=pickle_credentials,
        **secrets,
    )
    _default = session
    return session


def resolve_session(session: Session | None) -> Session:
    """Return the given session, else the default one.

    Raises:
        NotAuthenticatedError: Neither exists.
    """
    chosen = session or _default
    if chosen is None:
        raise NotAuthenticatedError(
            "Not authenticated: call up42_facade.authenticate(username=…, password=…) first, or "
            "pass session=Session(…)."
        )
    return chosen
