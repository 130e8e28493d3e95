from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class CostEstimate(Model[Any]):
    """Price of a run.

    Attributes:
        pricing_strategy: How the price is found; `none` is free of charge. The set is open.
        total_credits: Price, in credits (100 credits are 1 euro).
        total_size: Size that is charged, in `unit`. Missing when the strategy is `none`.
        unit: Unit of the size; `SQ_KM` is square kilometres. The set is open.
    """

    pricing_strategy: str | None = None
    total_credits: float | None = None
    total_size: float | None = None
    unit: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "pricingStrategy": "pricing_strategy",
        "totalCredits": "total_credits",
        "totalSize": "total_size",
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
            v
            if isinstance(v := get("pricingStrategy"), str)
            else keep(d, "pricingStrategy", kept, None),
            v
            if type(v := get("totalCredits")) in (int, float)
            else keep(d, "totalCredits", kept, None),
            v if type(v := get("totalSize")) in (int, float) else keep(d, "totalSize", kept, None),
            v if isinstance(v := get("unit"), str) else keep(d, "unit", kept, None),
            kept,
        )
