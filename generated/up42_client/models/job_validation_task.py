from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobValidationTask")


@_attrs_define
class JobValidationTask:
    """One task of the workflow.

    Attributes:
        name (str): Name of the task, such as `ndvi:1`.
        block_id (str): Id of the block (a UUID).
        block_version_tag (str | Unset):
        parent_name (None | str | Unset): Name of the task before it; null for the first.
        environment_id (None | str | Unset): Id of the environment (a UUID).
    """

    name: str
    block_id: str
    block_version_tag: str | Unset = UNSET
    parent_name: None | str | Unset = UNSET
    environment_id: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        block_id = self.block_id

        block_version_tag = self.block_version_tag

        parent_name: None | str | Unset
        if isinstance(self.parent_name, Unset):
            parent_name = UNSET
        else:
            parent_name = self.parent_name

        environment_id: None | str | Unset
        if isinstance(self.environment_id, Unset):
            environment_id = UNSET
        else:
            environment_id = self.environment_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "blockId": block_id,
            }
        )
        if block_version_tag is not UNSET:
            field_dict["blockVersionTag"] = block_version_tag
        if parent_name is not UNSET:
            field_dict["parentName"] = parent_name
        if environment_id is not UNSET:
            field_dict["environmentId"] = environment_id

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        name = d.pop("name")

        block_id = d.pop("blockId")

        block_version_tag = d.pop("blockVersionTag", UNSET)

        def _parse_parent_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        parent_name = _parse_parent_name(d.pop("parentName", UNSET))

        def _parse_environment_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        environment_id = _parse_environment_id(d.pop("environmentId", UNSET))

        job_validation_task = cls(
            name=name,
            block_id=block_id,
            block_version_tag=block_version_tag,
            parent_name=parent_name,
            environment_id=environment_id,
        )

        job_validation_task.additional_properties = d
        return job_validation_task

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
