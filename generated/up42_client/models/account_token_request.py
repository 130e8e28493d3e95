from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import UNSET, Model, Unset, keep, reject, unknown_fields


@define
class AccountTokenRequest(Model[Any]):
    """Form of the OpenID Connect password grant.

    Attributes:
        grant_type: Always `password`.
        username: E-mail address of the account.
        password: Password of the account.
        client_id: Name of the calling application; `up42-api` for other than UP42's own.
        scope: Space-separated scopes; `openid` allows getUserInfo.
    """

    grant_type: str
    username: str
    password: str = _field(repr=False)
    client_id: str
    scope: str | Unset = UNSET
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "grant_type": "grant_type",
        "username": "username",
        "password": "password",
        "client_id": "client_id",
        "scope": "scope",
    }
    _absent: ClassVar[object] = UNSET

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object; raise ValueError if a required field is missing."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v
            if isinstance(v := get("grant_type", UNSET), str)
            else reject("AccountTokenRequest", "grant_type"),
            v
            if isinstance(v := get("username", UNSET), str)
            else reject("AccountTokenRequest", "username"),
            v
            if isinstance(v := get("password", UNSET), str)
            else reject("AccountTokenRequest", "password"),
            v
            if isinstance(v := get("client_id", UNSET), str)
            else reject("AccountTokenRequest", "client_id"),
            v if isinstance(v := get("scope", UNSET), str) else keep(d, "scope", kept, UNSET),
            kept,
        )
