from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, read_integer, unknown_fields


@define
class CreditConsumption(Model[Any]):
    """Credits that a job holds or has taken.

    Attributes:
        credits_: Price of the job, in credits.
        hold_id: Id of the hold (a UUID).
        consumption_id: Id of the deduction (a UUID).
    """

    credits_: int | None = None
    hold_id: str | None = None
    consumption_id: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "credits": "credits_",
        "holdID": "hold_id",
        "consumptionID": "consumption_id",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if type(v := get("credits")) is int else read_integer(d, "credits", kept, None),
            v if isinstance(v := get("holdID"), str) else keep(d, "holdID", kept, None),
            v
            if isinstance(v := get("consumptionID"), str)
            else keep(d, "consumptionID", kept, None),
            kept,
        )
