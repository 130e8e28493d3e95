from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_run import JobRun
    from ..models.machine_usage import MachineUsage


T = TypeVar("T", bound="MachineCharge")


@_attrs_define
class MachineCharge:
    """The charge for machine time.

    Attributes:
        id (None | str | Unset):
        user_id (None | str | Unset):
        workspace_id (None | str | Unset):
        account_id (None | str | Unset):
        credits_used (int | None | Unset): In credits.
        created_at (datetime.datetime | None | Unset):
        job_run (JobRun | None | Unset):
        machine_consumption (MachineUsage | None | Unset):
    """

    id: None | str | Unset = UNSET
    user_id: None | str | Unset = UNSET
    workspace_id: None | str | Unset = UNSET
    account_id: None | str | Unset = UNSET
    credits_used: int | None | Unset = UNSET
    created_at: datetime.datetime | None | Unset = UNSET
    job_run: JobRun | None | Unset = UNSET
    machine_consumption: MachineUsage | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.job_run import JobRun
        from ..models.machine_usage import MachineUsage

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        user_id: None | str | Unset
        if isinstance(self.user_id, Unset):
            user_id = UNSET
        else:
            user_id = self.user_id

        workspace_id: None | str | Unset
        if isinstance(self.workspace_id, Unset):
            workspace_id = UNSET
        else:
            workspace_id = self.workspace_id

        account_id: None | str | Unset
        if isinstance(self.account_id, Unset):
            account_id = UNSET
        else:
            account_id = self.account_id

        credits_used: int | None | Unset
        if isinstance(self.credits_used, Unset):
            credits_used = UNSET
        else:
            credits_used = self.credits_used

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        elif isinstance(self.created_at, datetime.datetime):
            created_at = self.created_at.isoformat()
        else:
            created_at = self.created_at

        job_run: dict[str, Any] | None | Unset
        if isinstance(self.job_run, Unset):
            job_run = UNSET
        elif isinstance(self.job_run, JobRun):
            job_run = self.job_run.to_dict()
        else:
            job_run = self.job_run

        machine_consumption: dict[str, Any] | None | Unset
        if isinstance(self.machine_consumption, Unset):
            machine_consumption = UNSET
        elif isinstance(self.machine_consumption, MachineUsage):
            machine_consumption = self.machine_consumption.to_dict()
        else:
            machine_consumption = self.machine_consumption

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if id is not UNSET:
            field_dict["id"] = id
        if user_id is not UNSET:
            field_dict["userId"] = user_id
        if workspace_id is not UNSET:
            field_dict["workspaceId"] = workspace_id
        if account_id is not UNSET:
            field_dict["accountId"] = account_id
        if credits_used is not UNSET:
            field_dict["creditsUsed"] = credits_used
        if created_at is not UNSET:
            field_dict["createdAt"] = created_at
        if job_run is not UNSET:
            field_dict["jobRun"] = job_run
        if machine_consumption is not UNSET:
            field_dict["machineConsumption"] = machine_consumption

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.job_run import JobRun
        from ..models.machine_usage import MachineUsage

        d = dict(src_dict)

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_user_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user_id = _parse_user_id(d.pop("userId", UNSET))

        def _parse_workspace_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workspace_id = _parse_workspace_id(d.pop("workspaceId", UNSET))

        def _parse_account_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        account_id = _parse_account_id(d.pop("accountId", UNSET))

        def _parse_credits_used(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        credits_used = _parse_credits_used(d.pop("creditsUsed", UNSET))

        def _parse_created_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_at_type_0 = datetime.datetime.fromisoformat(data)

                return created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        created_at = _parse_created_at(d.pop("createdAt", UNSET))

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

        def _parse_machine_consumption(data: object) -> MachineUsage | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                machine_consumption_type_0 = MachineUsage.from_dict(data)

                return machine_consumption_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MachineUsage | None | Unset, data)

        machine_consumption = _parse_machine_consumption(d.pop("machineConsumption", UNSET))

        machine_charge = cls(
            id=id,
            user_id=user_id,
            workspace_id=workspace_id,
            account_id=account_id,
            credits_used=credits_used,
            created_at=created_at,
            job_run=job_run,
            machine_consumption=machine_consumption,
        )

        machine_charge.additional_properties = d
        return machine_charge

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
