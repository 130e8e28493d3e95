from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.block_usage import BlockUsage
    from ..models.job_run import JobRun


T = TypeVar("T", bound="BlockCharge")


@_attrs_define
class BlockCharge:
    """The charge for data or an algorithm.

    Attributes:
        id (None | str | Unset):
        credits_used (int | None | Unset): In credits.
        job_run (JobRun | None | Unset):
        block_consumption (BlockUsage | None | Unset):
    """

    id: None | str | Unset = UNSET
    credits_used: int | None | Unset = UNSET
    job_run: JobRun | None | Unset = UNSET
    block_consumption: BlockUsage | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.block_usage import BlockUsage
        from ..models.job_run import JobRun

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        credits_used: int | None | Unset
        if isinstance(self.credits_used, Unset):
            credits_used = UNSET
        else:
            credits_used = self.credits_used

        job_run: dict[str, Any] | None | Unset
        if isinstance(self.job_run, Unset):
            job_run = UNSET
        elif isinstance(self.job_run, JobRun):
            job_run = self.job_run.to_dict()
        else:
            job_run = self.job_run

        block_consumption: dict[str, Any] | None | Unset
        if isinstance(self.block_consumption, Unset):
            block_consumption = UNSET
        elif isinstance(self.block_consumption, BlockUsage):
            block_consumption = self.block_consumption.to_dict()
        else:
            block_consumption = self.block_consumption

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if credits_used is not UNSET:
            field_dict["creditsUsed"] = credits_used
        if job_run is not UNSET:
            field_dict["jobRun"] = job_run
        if block_consumption is not UNSET:
            field_dict["blockConsumption"] = block_consumption

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.block_usage import BlockUsage
        from ..models.job_run import JobRun

        d = dict(src_dict)

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_credits_used(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        credits_used = _parse_credits_used(d.pop("creditsUsed", UNSET))

        def _parse_job_run(data: object) -> JobRun | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                job_run_type_0 = JobRun.from_dict(data)

                return job_run_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JobRun | None | Unset, data)

        job_run = _parse_job_run(d.pop("jobRun", UNSET))

        def _parse_block_consumption(data: object) -> BlockUsage | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                block_consumption_type_0 = BlockUsage.from_dict(data)

                return block_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BlockUsage | None | Unset, data)

        block_consumption = _parse_block_consumption(d.pop("blockConsumption", UNSET))

        block_charge = cls(
            id=id,
            credits_used=credits_used,
            job_run=job_run,
            block_consumption=block_consumption,
        )

        block_charge.additional_properties = d
        return block_charge

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
