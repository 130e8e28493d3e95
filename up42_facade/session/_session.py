"""A session: one account in one region, with the configured generated client.

Sessions are pickled as their settings, without credentials (a proxy's included) and token, unless
they were created with `pickle_credentials=True`. A session that arrives in another Python process
becomes, in this order: the same session, if that process has it; the default session, if it has
the same hosts; or one that is shared by all that arrive with equal settings, with the credentials
of that process: of the same stored login if there is one, else of its environment.
"""

from __future__ import annotations

import os
import threading
import uuid
import weakref
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import evolve, field, frozen

from up42_facade._common.once import Once
from up42_facade._common.urls import without_query
from up42_facade.errors import (
    ConfigurationError,
    NotAuthenticatedError,
    UnexpectedResponseError,
)
from up42_facade.session._clients import Clients
from up42_facade.session._credentials import (
    Credentials,
    ProjectCredentials,
    collect,
    find_login,
    hidden,
    worker_arguments,
)
from up42_facade.session._hosts import DEFAULT_REGION, Hosts, choose_hosts
from up42_facade.session._responses import UNREADABLE, unexpected
from up42_facade.session._transport import TransportOptions, closed_session

if TYPE_CHECKING:
    import httpx

    from up42_client import AuthenticatedClient
    from up42_client.types import Request

T = TypeVar("T")
# Requests of one session that are sent concurrently on behalf of one call.
WORKERS = 16
# Arguments that are credentials; a project ID alone is only a default.
SECRET_KEYS = ("username", "password", "project_api_key")


@frozen
class Settings:
    """The settings of a session, which are pickled.

    Attributes:
        hosts: Its hosts.
        project_id: Its default project.
        options: Timeouts, retries, and rate limit.
        origin: Identifies the session that was created with these settings, in any process.
        credentials: Only if they may be pickled.
        profile: Name of the stored login that it was created with.
    """

    hosts: Hosts
    project_id: str | None
    options: TransportOptions
    origin: str
    credentials: Credentials | None = field(default=None, repr=False)
    profile: str | None = None


class Session:
    """A connection to one UP42 account: credentials, clients, and threads.

    Args:
        cfg_file: Path of a JSON file with `username` and `password` (or `project_id` and
            `project_api_key`).
        username: Email address of the account.
        password: Password of the account.
        project_id: Default project of the analytics API; with `project_api_key` also a
            credential.
        project_api_key: API key of that project.
        region: `eu` or `sa`.
        base_url: Origin that replaces the hosts of the API and of the token server, for example
            the sandbox's.
        options: Timeouts, retries, and rate limit.
        pickle_credentials: Include the credentials if the session, or a job that belongs to it,
            is pickled. Everyone who can read such a pickle can spend the account's credits: use
            it only for workers that can't have their own credentials, over private channels and
            in private files.
        profile: Name of a login that `up42 auth login` stored, instead of other credentials. If
            there are none, in the environment either, defaults to UP42_PROFILE or `default`.

    Missing arguments are read from UP42_USERNAME, UP42_PASSWORD, UP42_PROJECT_ID,
    UP42_PROJECT_API_KEY, UP42_REGION, and UP42_BASE_URL.

    A session is pickled as its settings, without credentials and token. In another Python
    process, all sessions that arrive with the same settings become one session, with the
    credentials of that process's environment (or its default session, if that has the same
    hosts, or the same stored login). If it has no password, the first request raises
    ConfigurationError. If it has another account's password, requests use and charge that
    account, and this account's jobs aren't found.

    Raises:
        ConfigurationError: If credentials are missing, incomplete, or ambiguous, the file can't
            be read, or the region or base URL can't be used. Nothing is sent: a wrong password
            raises with the first request.

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
        profile: str | None = None,
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
        is_given = cfg_file is not None or any(arguments[key] is not None for key in SECRET_KEYS)
        login = find_login(profile, has_credentials=is_given)
        if login is not None:
            arguments.update(login.arguments)
        credentials, project = collect(cfg_file, arguments)
        settings = Settings(
            hosts=(login.hosts_for if login else choose_hosts)(region, base_url),
            project_id=project,
            options=options or TransportOptions(),
            origin=uuid.uuid4().hex,
            credentials=credentials if pickle_credentials else None,
            profile=login.profile if login else None,
        )
        self._begin(settings, credentials)
        _created[settings.origin] = self

    def _begin(self, settings: Settings, credentials: Credentials | None) -> None:
        """Set everything up. If there are no credentials, the environment's are used later."""
        self.hosts = settings.hosts
        self.project_id = settings.project_id
        self.options = settings.options
        self._settings = settings
        # Without a reference to the session, which ends when the last reference to it does.
        self._find_credentials: Callable[[], Credentials] = (
            partial(Once[Credentials]().get, partial(local_credentials, settings))
            if credentials is None
            else lambda: credentials
        )
        self._connected: Clients | None = None
        self._inherited: list[Clients] = []
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
        """Drop what belongs to the parent of a forked child."""
        if self._connected is not None:
            # Kept, not closed: a thread that doesn't exist here might hold its locks.
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
        """Close connections and threads. The session can't be used afterward."""
        global _default
        if _default is self:
            _default = None
        with self._lock:
            self._is_closed = True
            executor, self._executor = self._executor, None
            connected = self._connected
        if connected is not None:
            connected.refuse()
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)
        if connected is not None:
            connected.close()

    async def aclose(self) -> None:
        """Close the session, in asyncio programs."""
        self.close()

    @property
    def client(self) -> AuthenticatedClient:
        """The generated client, configured: with renewed tokens, retries, and the rate limit.

        `with_headers`, `with_cookies`, and `with_timeout` return clients of the same session. A
        `with` block leaves the session open.
        """
        return self._connections.generated

    @property
    def http(self) -> httpx.Client:
        """The HTTP client of the API: with tokens, retries, and this package's errors."""
        return self._connections.http

    @property
    def storage(self) -> httpx.Client:
        """The HTTP client for signed URLs: it never carries credentials."""
        return self._connections.storage

    @property
    def executor(self) -> ThreadPoolExecutor:
        """Threads for concurrent requests."""
        with self._lock:
            self._require_open()
            if self._executor is None:
                self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="up42")
            return self._executor

    @property
    def workspace_id(self) -> str:
        """ID of the user's own workspace, requested once.

        Raises:
            ConfigurationError: If the session has project credentials, which have no workspace.
            UnexpectedResponseError: If the server doesn't return the workspace.

        Endpoint: GET {auth}/realms/public/protocol/openid-connect/userinfo.
        """
        if isinstance(self._credentials, ProjectCredentials):
            raise ConfigurationError(
                "Project credentials have no default workspace: pass workspace_id, or authenticate "
                "with username and password."
            )
        return self.get_or_create("workspace", self._request_workspace)

    @property
    def payer(self) -> str:
        """The username, or the project ID, of the account that pays."""
        credentials = self._credentials
        if isinstance(credentials, ProjectCredentials):
            return credentials.project_id
        return credentials.username

    def call(self, request: Request[T]) -> T:
        """Send a request of the generated client and return its response.

        Args:
            request: Built by the function `request` of a module in `up42_client.api`.

        Raises:
            UnexpectedResponseError: If the response isn't the JSON that was expected.
            Up42Error: If the request fails.

        Example:
            >>> from up42_client.api.processing import get_process
            >>> with up42.Session(username=name, password=password, base_url=url) as session:
            ...     process = session.call(get_process.request("pansharpening"))
        """
        return readable(self.http.request(**request.arguments), request.read)

    def follow(self, link: str, read: Callable[[httpx.Response], T]) -> T:
        """Follow an opaque link and return the response.

        Args:
            link: Relative or absolute link to the session's API host.
            read: Function `read` of the operation that the link calls.

        Raises:
            UntrustedHostError: If the link leads to another host.
            UnexpectedResponseError: If the response isn't the JSON that was expected.
        """
        return readable(self.http.get(self.hosts.resolve(link)), read)

    def get_or_create(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the cached value of a key. The first caller creates it; other callers wait.

        A failure isn't cached: the next caller tries again.
        """
        with self._lock:
            known = self._known.setdefault(key, Once())
        value: T = known.get(make)
        return value

    def get_cached(self, key: Hashable) -> Any | None:
        """Return the cached value of a key, or None."""
        with self._lock:
            holder = self._known.get(key)
        return holder.known if holder else None

    def invalidate(self, key: Hashable) -> None:
        """Drop the cached value of a key."""
        with self._lock:
            self._known.pop(key, None)

    def _require_open(self) -> None:
        if self._is_closed:
            raise closed_session()

    def _request_workspace(self) -> str:
        from up42_client.api.auth import get_user_info

        request = get_user_info.request()
        http = self._connections.create({"base_url": self.hosts.auth})
        subject = readable(http.request(**request.arguments), request.read).sub
        if not subject:
            raise UnexpectedResponseError(
                "The server didn't return the user's own workspace: pass workspace_id.",
                status_code=200,
            )
        return subject

    @property
    def _credentials(self) -> Credentials:
        return self._find_credentials()

    @property
    def _connections(self) -> Clients:
        """The clients, created when first needed, and again in a forked child."""
        self._require_open()
        connected = self._connected
        if connected is not None:
            return connected
        with self._lock:
            if self._connected is None:
                self._connected = Clients(self.hosts, self.options, self._find_credentials)
            return self._connected


def has_account(session: Session) -> bool:
    """Return whether a session has the credentials of an account, rather than of a project."""
    return not isinstance(session._credentials, ProjectCredentials)


def request_token(session: Session, extensions: dict[str, Any]) -> httpx.Response:
    """Request a token and return the response, whatever its status.

    Args:
        session: Session whose credentials are sent.
        extensions: Extensions of the request, for example a timeout.

    Raises:
        ConnectionFailedError: If there is no response.
    """
    return session._connections.auth.request(extensions)


def readable(response: httpx.Response, read: Callable[[httpx.Response], T]) -> T:
    try:
        return read(response)
    except UNREADABLE:
        # Raised below, without the decoder's error as context: that quotes the whole response.
        failure = unexpected(response, "something unreadable")
    raise failure


_default: Session | None = None
# The sessions of this process, by origin.
_created: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
# Sessions that arrived, by settings. Kept: between two tasks of a worker nothing else holds them.
_shared: dict[Hashable, Session] = {}
_arrivals = threading.Lock()


def authenticate(
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
    profile: str | None = None,
) -> Session:
    """Create a session and make it the default for calls without a `session` argument.

    Args:
        cfg_file, username, password, project_id, project_api_key, region, base_url,
            options, pickle_credentials, profile: As for `Session`.

    Returns:
        The session. Its token is requested with the first request.

    Raises:
        ConfigurationError: If the session can't be created; see `Session`.

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
        options=options,
        profile=profile,
        pickle_credentials=pickle_credentials,
        **secrets,
    )
    _default = session
    return session


def resolve_session(session: Session | None) -> Session:
    """Return the given session, or the default one.

    Raises:
        NotAuthenticatedError: If neither exists.
    """
    chosen = session or _default
    if chosen is None:
        raise NotAuthenticatedError(
            "Not authenticated: call up42_facade.authenticate(username=…, password=…) first, or "
            "pass session=Session(…)."
        )
    return chosen


def restore(kind: type[Session], settings: Settings) -> Session:
    """Restore a session from a pickle; never fails because of credentials."""
    with _arrivals:
        own = _created.get(settings.origin)
        if own is not None and not own._is_closed:
            return own
        if is_for_default(settings):
            return resolve_session(None)
        credentials = settings.credentials
        if credentials is None:
            try:
                credentials = collect(None, worker_arguments(settings.profile, settings.hosts))[0]
            except ConfigurationError:
                # Raising while something is unpickled would end whole pools of processes.
                credentials = None
        options = settings.options
        # Options might contain a list instead of a tuple. Their repr has no password.
        key = kind, settings.hosts, settings.project_id, repr(options), options.proxy, credentials
        shared = _shared.get(key)
        if shared is None or shared._is_closed:
            shared = _shared[key] = kind.__new__(kind)
            shared._begin(settings, credentials)
        return shared


def is_for_default(settings: Settings) -> bool:
    """Return whether the default session fits: `authenticate()` was called here for a reason."""
    if _default is None or _default._is_closed or settings.credentials is not None:
        return False
    same_project = settings.project_id in (None, _default.project_id)
    return same_project and settings.hosts == _default.hosts


def local_credentials(settings: Settings) -> Credentials:
    """Return the credentials of this process, for a session that needs them now.

    Raises:
        ConfigurationError: If there are none, or they can't be used.
    """
    try:
        return collect(None, worker_arguments(settings.profile, settings.hosts))[0]
    except ConfigurationError as error:
        raise ConfigurationError(
            "This session was unpickled without credentials, and this Python process (pid "
            f"{os.getpid()}) has none in its environment: {error} In workers, set UP42_USERNAME "
            "and UP42_PASSWORD, or call authenticate() before anything is unpickled. "
            "Session(…, pickle_credentials=True) includes the credentials."
        ) from error


def _leave_parent() -> None:
    """Reset the sessions in a forked child: their locks and connections are the parent's."""
    global _arrivals
    _arrivals = threading.Lock()
    for session in {*_created.values(), *_shared.values()}:
        session._leave_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_leave_parent)
