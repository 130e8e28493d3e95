from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class AnalyticsMediaTypeError(Model[Any]):
    """An error outside its envelope.

    Attributes:
        code: HTTP status, or a name. The set is open.
        message: For people.
    """

    code: int | str | None = None
    message: str | None = None
    data: None = None
    error: None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "code": "code",
        "message": "message",
        "data": "data",
        "error": "error",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v
            if isinstance(v := get("code"), str) or type(v) is int
            else keep(d, "code", kept, None),
            v if isinstance(v := get("message"), str) else keep(d, "message", kept, None),
            keep(d, "data", kept, None),
            keep(d, "error", kept, None),
            kept,
        )
