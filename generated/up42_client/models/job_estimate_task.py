from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="JobEstimateTask")


@_attrs_define
class JobEstimateTask:
    """One task of the workflow.

    Attributes:
        name (str): Name of the task, such as `ndvi:1`.
        parent_name (None | str): Name of the task before it; null for the first.
        block_id (str): Id of the block (a UUID).
        block_version_tag (str):
    """

    name: str
    parent_name: None | str
    block_id: str
    block_version_tag: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        parent_name: None | str
        parent_name = self.parent_name

        block_id = self.block_id

        block_version_tag = self.block_version_tag

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "parentName": parent_name,
                "blockId": block_id,
                "blockVersionTag": block_version_tag,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        name = d.pop("name")

        def _parse_parent_name(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        parent_name = _parse_parent_name(d.pop("parentName"))

        block_id = d.pop("blockId")

        block_version_tag = d.pop("blockVersionTag")

        job_estimate_task = cls(
            name=name,
            parent_name=parent_name,
            block_id=block_id,
            block_version_tag=block_version_tag,
        )

        job_estimate_task.additional_properties = d
        return job_estimate_task

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
