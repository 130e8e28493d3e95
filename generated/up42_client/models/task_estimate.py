from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, unknown_fields

if TYPE_CHECKING:
    from ..models.block_estimate import BlockEstimate
    from ..models.machine_estimate import MachineEstimate


@define
class TaskEstimate(Model[Any]):
    """What one task is expected to cost.

    Attributes:
        block_consumption: Data that a task is expected to use, and their price.
        machine_consumption: Time that a task is expected to take, and its price.
    """

    block_consumption: BlockEstimate | None = None
    machine_consumption: MachineEstimate | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "blockConsumption": "block_consumption",
        "machineConsumption": "machine_consumption",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            _models.BlockEstimate.from_dict(v)
            if isinstance(v := get("blockConsumption"), dict)
            else keep(d, "blockConsumption", kept, None),
            _models.MachineEstimate.from_dict(v)
            if isinstance(v := get("machineConsumption"), dict)
            else keep(d, "machineConsumption", kept, None),
            kept,
        )
