from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject


@define
class ProcessingJobDefinition(Model[Any]):
    """What was asked for.

    Attributes:
        inputs: A JSON object of any content.
    """

    inputs: FreeObject | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "inputs": "inputs",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("inputs"), dict) else keep(d, "inputs", kept, None),
            kept,
        )
