"""Sessions: credentials, tokens, and the way of each request."""

from up42_facade.session._balance import Balance, get_balance
from up42_facade.session._session import Session, authenticate, resolve_session
from up42_facade.session._transport import TransportOptions

__all__ = [
    "Balance",
    "Session",
    "TransportOptions",
    "authenticate",
    "get_balance",
    "resolve_session",
]
