from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class NumberRange(Model[Any]):
    """A number between two bounds."""

    min_: float | None = None
    max_: float | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "min": "min_",
        "max": "max_",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if type(v := get("min")) in (int, float) else keep(d, "min", kept, None),
            v if type(v := get("max")) in (int, float) else keep(d, "max", kept, None),
            kept,
        )
