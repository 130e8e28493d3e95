from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class Balance(Model[Any]):
    """An amount of credits.

    Attributes:
        amount: In `unit`.
        unit: Always `CREDIT` so far. The set is open.
    """

    amount: float | None = None
    unit: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "amount": "amount",
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
            v if type(v := get("amount")) in (int, float) else keep(d, "amount", kept, None),
            v if isinstance(v := get("unit"), str) else keep(d, "unit", kept, None),
            kept,
        )
