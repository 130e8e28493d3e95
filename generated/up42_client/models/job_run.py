from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobRun")


@_attrs_define
class JobRun:
    """What a charge belongs to. Any field may be missing.

    Attributes:
        project_id (None | str | Unset):
        project_name (None | str | Unset):
        workflow_id (None | str | Unset):
        workflow_name (None | str | Unset):
        block_id (None | str | Unset):
        block_name (None | str | Unset):
        block_version (None | str | Unset):
        block_display_name (None | str | Unset):
        job_id (None | str | Unset):
        job_name (None | str | Unset):
        job_task_id (None | str | Unset):
        machine_name (None | str | Unset):
    """

    project_id: None | str | Unset = UNSET
    project_name: None | str | Unset = UNSET
    workflow_id: None | str | Unset = UNSET
    workflow_name: None | str | Unset = UNSET
    block_id: None | str | Unset = UNSET
    block_name: None | str | Unset = UNSET
    block_version: None | str | Unset = UNSET
    block_display_name: None | str | Unset = UNSET
    job_id: None | str | Unset = UNSET
    job_name: None | str | Unset = UNSET
    job_task_id: None | str | Unset = UNSET
    machine_name: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        project_id: None | str | Unset
        if isinstance(self.project_id, Unset):
            project_id = UNSET
        else:
            project_id = self.project_id

        project_name: None | str | Unset
        if isinstance(self.project_name, Unset):
            project_name = UNSET
        else:
            project_name = self.project_name

        workflow_id: None | str | Unset
        if isinstance(self.workflow_id, Unset):
            workflow_id = UNSET
        else:
            workflow_id = self.workflow_id

        workflow_name: None | str | Unset
        if isinstance(self.workflow_name, Unset):
            workflow_name = UNSET
        else:
            workflow_name = self.workflow_name

        block_id: None | str | Unset
        if isinstance(self.block_id, Unset):
            block_id = UNSET
        else:
            block_id = self.block_id

        block_name: None | str | Unset
        if isinstance(self.block_name, Unset):
            block_name = UNSET
        else:
            block_name = self.block_name

        block_version: None | str | Unset
        if isinstance(self.block_version, Unset):
            block_version = UNSET
        else:
            block_version = self.block_version

        block_display_name: None | str | Unset
        if isinstance(self.block_display_name, Unset):
            block_display_name = UNSET
        else:
            block_display_name = self.block_display_name

        job_id: None | str | Unset
        if isinstance(self.job_id, Unset):
            job_id = UNSET
        else:
            job_id = self.job_id

        job_name: None | str | Unset
        if isinstance(self.job_name, Unset):
            job_name = UNSET
        else:
            job_name = self.job_name

        job_task_id: None | str | Unset
        if isinstance(self.job_task_id, Unset):
            job_task_id = UNSET
        else:
            job_task_id = self.job_task_id

        machine_name: None | str | Unset
        if isinstance(self.machine_name, Unset):
            machine_name = UNSET
        else:
            machine_name = self.machine_name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if project_id is not UNSET:
            field_dict["projectId"] = project_id
        if project_name is not UNSET:
            field_dict["projectName"] = project_name
        if workflow_id is not UNSET:
            field_dict["workflowId"] = workflow_id
        if workflow_name is not UNSET:
            field_dict["workflowName"] = workflow_name
        if block_id is not UNSET:
            field_dict["blockId"] = block_id
        if block_name is not UNSET:
            field_dict["blockName"] = block_name
        if block_version is not UNSET:
            field_dict["blockVersion"] = block_version
        if block_display_name is not UNSET:
            field_dict["blockDisplayName"] = block_display_name
        if job_id is not UNSET:
            field_dict["jobId"] = job_id
        if job_name is not UNSET:
            field_dict["jobName"] = job_name
        if job_task_id is not UNSET:
            field_dict["jobTaskId"] = job_task_id
        if machine_name is not UNSET:
            field_dict["machineName"] = machine_name

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_project_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_id = _parse_project_id(d.pop("projectId", UNSET))

        def _parse_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_name = _parse_project_name(d.pop("projectName", UNSET))

        def _parse_workflow_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workflow_id = _parse_workflow_id(d.pop("workflowId", UNSET))

        def _parse_workflow_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workflow_name = _parse_workflow_name(d.pop("workflowName", UNSET))

        def _parse_block_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        block_id = _parse_block_id(d.pop("blockId", UNSET))

        def _parse_block_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        block_name = _parse_block_name(d.pop("blockName", UNSET))

        def _parse_block_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        block_version = _parse_block_version(d.pop("blockVersion", UNSET))

        def _parse_block_display_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        block_display_name = _parse_block_display_name(d.pop("blockDisplayName", UNSET))

        def _parse_job_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_id = _parse_job_id(d.pop("jobId", UNSET))

        def _parse_job_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_name = _parse_job_name(d.pop("jobName", UNSET))

        def _parse_job_task_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_task_id = _parse_job_task_id(d.pop("jobTaskId", UNSET))

        def _parse_machine_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        machine_name = _parse_machine_name(d.pop("machineName", UNSET))

        job_run = cls(
            project_id=project_id,
            project_name=project_name,
            workflow_id=workflow_id,
            workflow_name=workflow_name,
            block_id=block_id,
            block_name=block_name,
            block_version=block_version,
            block_display_name=block_display_name,
            job_id=job_id,
            job_name=job_name,
            job_task_id=job_task_id,
            machine_name=machine_name,
        )

        job_run.additional_properties = d
        return job_run

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
