from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, unknown_fields

if TYPE_CHECKING:
    from ..models.process_input import ProcessInput


@define
class ProcessInputs(Model["ProcessInput"]):
    """The inputs of a process by name."""

    additional_properties: dict[str, ProcessInput] = _field(factory=dict)
    # Values that don't match their schemas, as they were received.
    misfits: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {}

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | self.misfits

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        kept = unknown_fields(src_dict, cls._fields)
        additional = {
            name: _models.ProcessInput.from_dict(e)
            for name, e in kept.items()
            if isinstance(e, dict)
        }
        kept = {name: e for name, e in kept.items() if name not in additional}
        return cls(
            additional,
            kept,
        )
