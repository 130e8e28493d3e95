from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class TokenError(Model[Any]):
    """Error of the OpenID Connect server.

    Attributes:
        error: Short code. The set is open.
    """

    error: str | None = None
    error_description: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "error": "error",
        "error_description": "error_description",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("error"), str) else keep(d, "error", kept, None),
            v
            if isinstance(v := get("error_description"), str)
            else keep(d, "error_description", kept, None),
            kept,
        )
