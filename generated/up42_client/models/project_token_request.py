from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import UNSET, Model, Unset, keep, reject, unknown_fields


@define
class ProjectTokenRequest(Model[Any]):
    """Form of the historic token endpoint.

    Attributes:
        grant_type: `client_credentials` with Basic authentication, or `password`.
        username: E-mail address of the account, for `password` only.
        password: Password of the account, for `password` only.
    """

    grant_type: str
    username: str | Unset = UNSET
    password: str | Unset = _field(default=UNSET, repr=False)
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "grant_type": "grant_type",
        "username": "username",
        "password": "password",
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
            else reject("ProjectTokenRequest", "grant_type"),
            v if isinstance(v := get("username", UNSET), str) else keep(d, "username", kept, UNSET),
            v if isinstance(v := get("password", UNSET), str) else keep(d, "password", kept, UNSET),
            kept,
        )
