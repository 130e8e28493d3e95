"""Sessions: credentials, tokens, retries, and errors with names."""

from up42_facade.session._balance import Balance, get_balance
from up42_facade.session._bodies import seconds_until
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
    "UNREADABLE",
    "UNSENDABLE",
    "Balance",
    "Secret",
    "Session",
    "TransportOptions",
    "authenticate",
    "get_balance",
    "harmless",
    "has_account",
    "json_or_none",
    "protect_logs",
    "read_public",
    "request_token",
    "resolve_session",
    "seconds_until",
    "storage_client",
]
