"""Sessions: credentials, tokens, retries, and errors with names."""

from up42_facade.session._balance import Balance, get_balance
from up42_facade.session._bodies import seconds_until
from up42_facade.session._logins import DEFAULT_PROFILE, delete_login, login_path, save_login
from up42_facade.session._network import read_public, storage_client
from up42_facade.session._redaction import Secret, protect_logs
from up42_facade.session._responses import UNREADABLE, UNSENDABLE, harmless, json_or_none
from up42_facade.session._session import (
    Session,
    authenticate,
    has_account,
    request_token,
    resolve_session,
)
from up42_facade.session._transport import TransportOptions

__all__ = [
    "DEFAULT_PROFILE",
    "UNREADABLE",
    "UNSENDABLE",
    "Balance",
    "Secret",
    "Session",
    "TransportOptions",
    "authenticate",
    "delete_login",
    "get_balance",
    "harmless",
    "has_account",
    "json_or_none",
    "login_path",
    "protect_logs",
    "read_public",
    "request_token",
    "resolve_session",
    "save_login",
    "seconds_until",
    "storage_client",
]
