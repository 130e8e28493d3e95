from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.block_charge import BlockCharge
    from ..models.machine_charge import MachineCharge


T = TypeVar("T", bound="TaskCredits")


@_attrs_define
class TaskCredits:
    """What one task has cost.

    Attributes:
        id (None | str | Unset): Id of the task (a UUID).
        display_id (None | str | Unset):
        credits_used (int | None | Unset): In credits.
        machine_consumption (MachineCharge | None | Unset):
        block_consumption (BlockCharge | None | Unset):
    """

    id: None | str | Unset = UNSET
    display_id: None | str | Unset = UNSET
    credits_used: int | None | Unset = UNSET
    machine_consumption: MachineCharge | None | Unset = UNSET
    block_consumption: BlockCharge | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.block_charge import BlockCharge
        from ..models.machine_charge import MachineCharge

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        display_id: None | str | Unset
        if isinstance(self.display_id, Unset):
            display_id = UNSET
        else:
            display_id = self.display_id

        credits_used: int | None | Unset
        if isinstance(self.credits_used, Unset):
            credits_used = UNSET
        else:
            credits_used = self.credits_used

        machine_consumption: dict[str, Any] | None | Unset
        if isinstance(self.machine_consumption, Unset):
            machine_consumption = UNSET
        elif isinstance(self.machine_consumption, MachineCharge):
            machine_consumption = self.machine_consumption.to_dict()
        else:
            machine_consumption = self.machine_consumption

        block_consumption: dict[str, Any] | None | Unset
        if isinstance(self.block_consumption, Unset):
            block_consumption = UNSET
        elif isinstance(self.block_consumption, BlockCharge):
            block_consumption = self.block_consumption.to_dict()
        else:
            block_consumption = self.block_consumption

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if display_id is not UNSET:
            field_dict["displayId"] = display_id
        if credits_used is not UNSET:
            field_dict["creditsUsed"] = credits_used
        if machine_consumption is not UNSET:
            field_dict["machineConsumption"] = machine_consumption
        if block_consumption is not UNSET:
            field_dict["blockConsumption"] = block_consumption

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.block_charge import BlockCharge
        from ..models.machine_charge import MachineCharge

        d = dict(src_dict)

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_display_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        display_id = _parse_display_id(d.pop("displayId", UNSET))

        def _parse_credits_used(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        credits_used = _parse_credits_used(d.pop("creditsUsed", UNSET))

        def _parse_machine_consumption(data: object) -> MachineCharge | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                machine_consumption_type_0 = MachineCharge.from_dict(data)

                return machine_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MachineCharge | None | Unset, data)

        machine_consumption = _parse_machine_consumption(d.pop("machineConsumption", UNSET))

        def _parse_block_consumption(data: object) -> BlockCharge | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                block_consumption_type_0 = BlockCharge.from_dict(data)

                return block_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BlockCharge | None | Unset, data)

        block_consumption = _parse_block_consumption(d.pop("blockConsumption", UNSET))

        task_credits = cls(
            id=id,
            display_id=display_id,
            credits_used=credits_used,
            machine_consumption=machine_consumption,
            block_consumption=block_consumption,
        )

        task_credits.additional_properties = d
        return task_credits

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
