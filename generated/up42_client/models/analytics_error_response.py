from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.analytics_error import AnalyticsError


@define
class AnalyticsErrorResponse(Model[Any]):
    """Envelope of an error.

    Attributes:
        error: What went wrong. Decide by the HTTP status, not by the code.
    """

    error: AnalyticsError | None = None
    data: None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "error": "error",
        "data": "data",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            _models.AnalyticsError.from_dict(v)
            if isinstance(v := get("error"), dict)
            else keep(d, "error", kept, None),
            keep(d, "data", kept, None),
            kept,
        )
