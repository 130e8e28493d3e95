"""Sessions in other processes: what of one travels, and which one it becomes on arrival.

Neither credentials (a proxy's included) nor a token travel, unless the session was made with
`pickle_credentials=True`. A session that arrives becomes, in this order: the one that it was, if
that lives here; the default session, if it belongs to the same hosts; one that is shared by all
that arrive with equal settings, with the credentials of this process's environment.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING

from attrs import field, frozen

from up42_facade.errors import ConfigurationError
from up42_facade.session._credentials import Credentials, collect
from up42_facade.session._hosts import Hosts
from up42_facade.session._transport import TransportOptions

if TYPE_CHECKING:
    from up42_facade.session._session import Session


@frozen
class Settings:
    """What a session is without being alive.

    Attributes:
        hosts: Where it leads.
        project_id: Its default project.
        options: Time-outs, repetitions and rate limit.
        origin: Tells the session that was made with these from all others, in any process.
        credentials: Only where they were meant to travel.
    """

    hosts: Hosts
    project_id: str | None
    options: TransportOptions
    origin: str
    credentials: Credentials | None = field(default=None, repr=False)


class Registry:
    """The sessions of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        # Kept for good: between two tasks of a worker nobody else holds them.
        self._shared: dict[Hashable, Session] = {}

    def add(self, session: Session, origin: str) -> None:
        """Note a session that was made here."""
        self._made[origin] = session

    def arrive(self, kind: type[Session], settings: Settings) -> Session:
        """Return the session that stands for one from elsewhere; see this module's text."""
        with self._lock:
            own = self._made.get(settings.origin)
            if own is not None and not own._is_closed:
                return own
            default = default_for(settings)
            if default is not None:
                return default
            credentials = settings.credentials or present_credentials()
            key = (
                kind,
                settings.hosts,
                settings.project_id,
                # Options may hold a list where a tuple was expected. Their repr has no password.
                repr(settings.options),
                settings.options.proxy,
                credentials,
            )
            shared = self._shared.get(key)
            if shared is None or shared._is_closed:
                shared = kind.__new__(kind)
                shared._begin(settings, credentials)
                self._shared[key] = shared
            return shared

    def leave_parent(self) -> None:
        """Make the sessions of a forked process usable: locks and connections are the parent's."""
        self._lock = threading.Lock()
        for session in {*self._made.values(), *self._shared.values()}:
            session._leave_parent()


registry = Registry()
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=registry.leave_parent)


def restore(kind: type[Session], settings: Settings) -> Session:
    """Make of a pickle's content a session of this process; never fails for credentials."""
    return registry.arrive(kind, settings)


def default_for(settings: Settings) -> Session | None:
    """Return the default session if it fits: who called authenticate() here, meant it."""
    from up42_facade.session import _session as home

    default = home._default
    if default is None or default._is_closed or settings.credentials is not None:
        return None
    same_project = settings.project_id in (None, default.project_id)
    return default if same_project and settings.hosts == default.hosts else None


def present_credentials() -> Credentials | None:
    """Return the credentials in the environment; None if there are none or they are faulty.

    To raise here would be while something is unpickled, which ends whole pools of processes.
    """
    try:
        return collect(None, {})[0]
    except ConfigurationError:
        return None


def required_credentials() -> Credentials:
    """Return the credentials in the environment, for a session that needs them now.

    Raises:
        ConfigurationError: There are none, or they are faulty.
    """
    try:
        return collect(None, {})[0]
    except ConfigurationError as error:
        raise ConfigurationError(
            "This session was pickled, without credentials, and the process that uses it now "
            f"(pid {os.getpid()}) has none either: {error} In worker processes set "
            "UP42_USERNAME and UP42_PASSWORD, or call authenticate() before anything is "
            "unpickled. Session(…, pickle_credentials=True) sends credentials along."
        ) from error
