from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.job_estimate_task import JobEstimateTask


T = TypeVar("T", bound="JobEstimateRequest")


@_attrs_define
class JobEstimateRequest:
    """Tasks and inputs to estimate.

    Attributes:
        tasks (list[JobEstimateTask]):
        inputs (FreeObject): A JSON object of any content.
    """

    tasks: list[JobEstimateTask]
    inputs: FreeObject
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        tasks = []
        for tasks_item_data in self.tasks:
            tasks_item = tasks_item_data.to_dict()
            tasks.append(tasks_item)

        inputs = self.inputs.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "tasks": tasks,
                "inputs": inputs,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.free_object import FreeObject
        from ..models.job_estimate_task import JobEstimateTask

        d = dict(src_dict)
        tasks = []
        _tasks = d.pop("tasks")
        for tasks_item_data in _tasks:
            tasks_item = JobEstimateTask.from_dict(tasks_item_data)

            tasks.append(tasks_item)

        inputs = FreeObject.from_dict(d.pop("inputs"))

        job_estimate_request = cls(
            tasks=tasks,
            inputs=inputs,
        )

        job_estimate_request.additional_properties = d
        return job_estimate_request

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
