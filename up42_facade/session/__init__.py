"""Sessions: credentials, tokens, retries, and errors with names.

The names in `__all__` are public; the packages above this one use the others as well.
"""

# First: everything below imports httpx.
from up42_facade.session import _http as _http
from up42_facade.session._balance import Balance, get_balance
from up42_facade.session._clients import StorageClient as StorageClient
from up42_facade.session._clients import read_public as read_public
from up42_facade.session._clients import storage_client as storage_client
from up42_facade.session._credentials import DEFAULT_PROFILE as DEFAULT_PROFILE
from up42_facade.session._credentials import delete_login as delete_login
from up42_facade.session._credentials import login_path as login_path
from up42_facade.session._credentials import save_login as save_login
from up42_facade.session._redaction import Secret as Secret
from up42_facade.session._redaction import protect_logs as protect_logs
from up42_facade.session._responses import UNREADABLE as UNREADABLE
from up42_facade.session._responses import UNSENDABLE as UNSENDABLE
from up42_facade.session._responses import harmless as harmless
from up42_facade.session._responses import json_or_none as json_or_none
from up42_facade.session._responses import seconds_until as seconds_until
from up42_facade.session._session import Session, authenticate
from up42_facade.session._session import has_account as has_account
from up42_facade.session._session import request_token as request_token
from up42_facade.session._session import resolve_session as resolve_session
from up42_facade.session._transport import TransportOptions

__all__ = ["Balance", "Session", "TransportOptions", "authenticate", "get_balance"]
