from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, read_integer, unknown_fields

if TYPE_CHECKING:
    from ..models.block_charge import BlockCharge
    from ..models.machine_charge import MachineCharge


@define
class TaskCredits(Model[Any]):
    """What one task has cost.

    Attributes:
        id: Id of the task (a UUID).
        credits_used: In credits.
        machine_consumption: The charge for machine time.
        block_consumption: The charge for data or an algorithm.
    """

    id: str | None = None
    credits_used: int | None = None
    display_id: str | None = None
    machine_consumption: MachineCharge | None = None
    block_consumption: BlockCharge | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "creditsUsed": "credits_used",
        "displayId": "display_id",
        "machineConsumption": "machine_consumption",
        "blockConsumption": "block_consumption",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("id"), str) else keep(d, "id", kept, None),
            v
            if type(v := get("creditsUsed")) is int
            else read_integer(d, "creditsUsed", kept, None),
            v if isinstance(v := get("displayId"), str) else keep(d, "displayId", kept, None),
            _models.MachineCharge.from_dict(v)
            if isinstance(v := get("machineConsumption"), dict)
            else keep(d, "machineConsumption", kept, None),
            _models.BlockCharge.from_dict(v)
            if isinstance(v := get("blockConsumption"), dict)
            else keep(d, "blockConsumption", kept, None),
            kept,
        )
