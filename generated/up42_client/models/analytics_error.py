from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class AnalyticsError(Model[Any]):
    """What went wrong. Decide by the HTTP status, not by the code.

    Attributes:
        code: HTTP status, or a name such as `UNAUTHORIZED`. The set is open.
        message: For people.
        details: Null, or anything that explains more.
    """

    code: int | str | None = None
    message: str | None = None
    details: Any = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "code": "code",
        "message": "message",
        "details": "details",
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
            v if (v := get("details")) is not None else keep(d, "details", kept, None),
            kept,
        )
