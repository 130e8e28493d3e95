from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class ProcessPrice(Model[Any]):
    """A price per unit.

    Attributes:
        credits_: In credits.
        unit: Unit that is charged, such as `SQ_KM`. The set is open.
    """

    credits_: float | None = None
    unit: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "credits": "credits_",
        "unit": "unit",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if type(v := get("credits")) in (int, float) else keep(d, "credits", kept, None),
            v if isinstance(v := get("unit"), str) else keep(d, "unit", kept, None),
            kept,
        )
