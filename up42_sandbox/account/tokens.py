"""Access and refresh tokens."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from up42_sandbox.core.clock import Clock
from up42_sandbox.core.problems import UnauthorizedError
from up42_sandbox.core.values import stamp

REFRESH_LIFETIME_SECONDS = 1800
"""Six times the usual lifetime of an access token."""


@dataclass(frozen=True)
class Identity:
    """The owner of a token: a project, or the account if `project_id` is None."""

    project_id: str | None
    scopes: frozenset[str]
    expires: datetime


class TokenOffice:
    """Issues and checks tokens that look like the real ones.

    Args:
        clock: Tokens expire by its wall time.
        lifetime: Seconds that an access token is valid.
        user_id: Subject of account tokens.
    """

    def __init__(self, clock: Clock, lifetime: float, user_id: str) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._user_id = user_id
        self._access: dict[str, Identity] = {}
        self._refresh: dict[str, Identity] = {}

    def issue(self, scopes: frozenset[str] = frozenset(), project_id: str | None = None) -> str:
        """Return a new access token of the account, or of a project."""
        now = self._clock.wall()
        identity = Identity(project_id, scopes, now + timedelta(seconds=self.lifetime))
        claims = {
            "iss": "backend-core" if project_id else "realms/public",
            "sub": project_id or self._user_id,
            "iat": int(now.timestamp()),
            "exp": int(identity.expires.timestamp()),
            "authorities": ["VIEW_PROJECT", "RUN_JOB"] if project_id else ["ACCOUNT_ADMIN"],
        }
        token = self._token(claims)
        self._access[token] = identity
        return token

    def issue_refresh(self, scopes: frozenset[str]) -> str:
        """Return a new refresh token for the account."""
        expires = self._clock.wall() + timedelta(seconds=REFRESH_LIFETIME_SECONDS)
        token = self._token({"typ": "Refresh", "sub": self._user_id})
        self._refresh[token] = Identity(None, scopes, expires)
        return token

    def redeem(self, refresh_token: str) -> frozenset[str] | None:
        """Return the scopes of a valid refresh token, or None for any other string."""
        identity = self._refresh.get(refresh_token)
        if identity is None or self._clock.wall() >= identity.expires:
            return None
        return identity.scopes

    def identify(self, authorization: str | None) -> Identity:
        """Return the owner of the token in an `Authorization` header.

        Raises:
            UnauthorizedError: If the token is missing, unknown, or expired.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise UnauthorizedError("Full authentication is required to access this resource.")
        identity = self._access.get(token.strip())
        if identity is None:
            raise UnauthorizedError("The access token is invalid.")
        if self._clock.wall() >= identity.expires:
            at = stamp(identity.expires, 0)
            raise UnauthorizedError(f"The access token expired at {at}.", expired_at=at)
        return identity

    def revoke_all(self) -> None:
        """Invalidate all tokens issued so far, like a restart of the auth server."""
        self._access.clear()
        self._refresh.clear()

    def _token(self, claims: dict[str, Any]) -> str:
        # Nobody checks the signature: only tokens that were issued are known.
        parts = ({"alg": "HS256", "typ": "JWT"}, claims)
        encoded = [_encode(json.dumps(part).encode()) for part in parts]
        return ".".join([*encoded, secrets.token_urlsafe(32)])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
