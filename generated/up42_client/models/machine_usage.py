from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class MachineUsage(Model[Any]):
    """Machine time that was used.

    Attributes:
        duration: The unit is not documented; the sizes suggest milliseconds.
        credit: In credits.
    """

    duration: float | None = None
    credit: float | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "duration": "duration",
        "credit": "credit",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if type(v := get("duration")) in (int, float) else keep(d, "duration", kept, None),
            v if type(v := get("credit")) in (int, float) else keep(d, "credit", kept, None),
            kept,
        )
