from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.number_range import NumberRange


@define
class MachineEstimate(Model[Any]):
    """Time that a task is expected to take, and its price.

    Attributes:
        duration: The unit is not documented; the sizes suggest milliseconds.
        credit: In credits.
    """

    duration: NumberRange | None = None
    credit: NumberRange | None = None
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
            _models.NumberRange.from_dict(v)
            if isinstance(v := get("duration"), dict)
            else keep(d, "duration", kept, None),
            _models.NumberRange.from_dict(v)
            if isinstance(v := get("credit"), dict)
            else keep(d, "credit", kept, None),
            kept,
        )
