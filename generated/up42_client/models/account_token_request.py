from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="AccountTokenRequest")


@_attrs_define
class AccountTokenRequest:
    """Form of the OpenID Connect password grant.

    Attributes:
        grant_type (str): Always `password`.
        username (str): E-mail address of the account.
        password (str): Password of the account.
        client_id (str): Name of the calling application; `up42-api` for other than UP42's own.
        scope (str | Unset): Space-separated scopes; `openid` allows getUserInfo.
    """

    grant_type: str
    username: str
    password: str
    client_id: str
    scope: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        grant_type = self.grant_type

        username = self.username

        password = self.password

        client_id = self.client_id

        scope = self.scope

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "grant_type": grant_type,
                "username": username,
                "password": password,
                "client_id": client_id,
            }
        )
        if scope is not UNSET:
            field_dict["scope"] = scope

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        grant_type = d.pop("grant_type")

        username = d.pop("username")

        password = d.pop("password")

        client_id = d.pop("client_id")

        scope = d.pop("scope", UNSET)

        account_token_request = cls(
            grant_type=grant_type,
            username=username,
            password=password,
            client_id=client_id,
            scope=scope,
        )

        account_token_request.additional_properties = d
        return account_token_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
