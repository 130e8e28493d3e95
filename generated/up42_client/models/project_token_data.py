from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class ProjectTokenData(Model[Any]):
    """The second place of the historic token."""

    access_token: str | None = _field(default=None, repr=False)
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "accessToken": "access_token",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("accessToken"), str) else keep(d, "accessToken", kept, None),
            kept,
        )
