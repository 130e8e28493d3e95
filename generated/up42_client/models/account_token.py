from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, read_integer, unknown_fields


@define
class AccountToken(Model[Any]):
    """An access token and its life.

    Attributes:
        access_token: Sent as bearer token with every request.
        expires_in: Life of the access token, in seconds.
        refresh_expires_in: Life of the refresh token, in seconds.
    """

    access_token: str | None = _field(default=None, repr=False)
    expires_in: int | None = None
    refresh_expires_in: int | None = None
    refresh_token: str | None = _field(default=None, repr=False)
    id_token: str | None = _field(default=None, repr=False)
    token_type: str | None = None
    not_before_policy: int | None = None
    session_state: str | None = None
    scope: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "access_token": "access_token",
        "expires_in": "expires_in",
        "refresh_expires_in": "refresh_expires_in",
        "refresh_token": "refresh_token",
        "id_token": "id_token",
        "token_type": "token_type",
        "not-before-policy": "not_before_policy",
        "session_state": "session_state",
        "scope": "scope",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("access_token"), str) else keep(d, "access_token", kept, None),
            v if type(v := get("expires_in")) is int else read_integer(d, "expires_in", kept, None),
            v
            if type(v := get("refresh_expires_in")) is int
            else read_integer(d, "refresh_expires_in", kept, None),
            v
            if isinstance(v := get("refresh_token"), str)
            else keep(d, "refresh_token", kept, None),
            v if isinstance(v := get("id_token"), str) else keep(d, "id_token", kept, None),
            v if isinstance(v := get("token_type"), str) else keep(d, "token_type", kept, None),
            v
            if type(v := get("not-before-policy")) is int
            else read_integer(d, "not-before-policy", kept, None),
            v
            if isinstance(v := get("session_state"), str)
            else keep(d, "session_state", kept, None),
            v if isinstance(v := get("scope"), str) else keep(d, "scope", kept, None),
            kept,
        )
