from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.block_estimate import BlockEstimate
    from ..models.machine_estimate import MachineEstimate


T = TypeVar("T", bound="TaskEstimate")


@_attrs_define
class TaskEstimate:
    """What one task is expected to cost.

    Attributes:
        block_consumption (BlockEstimate | None | Unset):
        machine_consumption (MachineEstimate | None | Unset):
    """

    block_consumption: BlockEstimate | None | Unset = UNSET
    machine_consumption: MachineEstimate | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.block_estimate import BlockEstimate
        from ..models.machine_estimate import MachineEstimate

        block_consumption: dict[str, Any] | None | Unset
        if isinstance(self.block_consumption, Unset):
            block_consumption = UNSET
        elif isinstance(self.block_consumption, BlockEstimate):
            block_consumption = self.block_consumption.to_dict()
        else:
            block_consumption = self.block_consumption

        machine_consumption: dict[str, Any] | None | Unset
        if isinstance(self.machine_consumption, Unset):
            machine_consumption = UNSET
        elif isinstance(self.machine_consumption, MachineEstimate):
            machine_consumption = self.machine_consumption.to_dict()
        else:
            machine_consumption = self.machine_consumption

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if block_consumption is not UNSET:
            field_dict["blockConsumption"] = block_consumption
        if machine_consumption is not UNSET:
            field_dict["machineConsumption"] = machine_consumption

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.block_estimate import BlockEstimate
        from ..models.machine_estimate import MachineEstimate

        d = dict(src_dict)

        def _parse_block_consumption(data: object) -> BlockEstimate | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                block_consumption_type_0 = BlockEstimate.from_dict(data)

                return block_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BlockEstimate | None | Unset, data)

        block_consumption = _parse_block_consumption(d.pop("blockConsumption", UNSET))

        def _parse_machine_consumption(data: object) -> MachineEstimate | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                machine_consumption_type_0 = MachineEstimate.from_dict(data)

                return machine_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MachineEstimate | None | Unset, data)

        machine_consumption = _parse_machine_consumption(d.pop("machineConsumption", UNSET))

        task_estimate = cls(
            block_consumption=block_consumption,
            machine_consumption=machine_consumption,
        )

        task_estimate.additional_properties = d
        return task_estimate

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
