from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.task_credits import TaskCredits


T = TypeVar("T", bound="JobCredits")


@_attrs_define
class JobCredits:
    """What a job has cost.

    Attributes:
        project_id (None | str | Unset):
        project_display_id (None | str | Unset):
        job_id (None | str | Unset):
        job_display_id (None | str | Unset):
        credits_used (int | None | Unset): Sum over the tasks, in credits.
        tasks (list[TaskCredits] | None | Unset):
    """

    project_id: None | str | Unset = UNSET
    project_display_id: None | str | Unset = UNSET
    job_id: None | str | Unset = UNSET
    job_display_id: None | str | Unset = UNSET
    credits_used: int | None | Unset = UNSET
    tasks: list[TaskCredits] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        project_id: None | str | Unset
        if isinstance(self.project_id, Unset):
            project_id = UNSET
        else:
            project_id = self.project_id

        project_display_id: None | str | Unset
        if isinstance(self.project_display_id, Unset):
            project_display_id = UNSET
        else:
            project_display_id = self.project_display_id

        job_id: None | str | Unset
        if isinstance(self.job_id, Unset):
            job_id = UNSET
        else:
            job_id = self.job_id

        job_display_id: None | str | Unset
        if isinstance(self.job_display_id, Unset):
            job_display_id = UNSET
        else:
            job_display_id = self.job_display_id

        credits_used: int | None | Unset
        if isinstance(self.credits_used, Unset):
            credits_used = UNSET
        else:
            credits_used = self.credits_used

        tasks: list[dict[str, Any]] | None | Unset
        if isinstance(self.tasks, Unset):
            tasks = UNSET
        elif isinstance(self.tasks, list):
            tasks = []
            for tasks_type_0_item_data in self.tasks:
                tasks_type_0_item = tasks_type_0_item_data.to_dict()
                tasks.append(tasks_type_0_item)

        else:
            tasks = self.tasks

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if project_id is not UNSET:
            field_dict["projectId"] = project_id
        if project_display_id is not UNSET:
            field_dict["projectDisplayId"] = project_display_id
        if job_id is not UNSET:
            field_dict["jobId"] = job_id
        if job_display_id is not UNSET:
            field_dict["jobDisplayId"] = job_display_id
        if credits_used is not UNSET:
            field_dict["creditsUsed"] = credits_used
        if tasks is not UNSET:
            field_dict["tasks"] = tasks

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.task_credits import TaskCredits

        d = dict(src_dict)

        def _parse_project_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_id = _parse_project_id(d.pop("projectId", UNSET))

        def _parse_project_display_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_display_id = _parse_project_display_id(d.pop("projectDisplayId", UNSET))

        def _parse_job_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_id = _parse_job_id(d.pop("jobId", UNSET))

        def _parse_job_display_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_display_id = _parse_job_display_id(d.pop("jobDisplayId", UNSET))

        def _parse_credits_used(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        credits_used = _parse_credits_used(d.pop("creditsUsed", UNSET))

        def _parse_tasks(data: object) -> list[TaskCredits] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                tasks_type_0 = []
                _tasks_type_0 = data
                for tasks_type_0_item_data in _tasks_type_0:
                    tasks_type_0_item = TaskCredits.from_dict(tasks_type_0_item_data)

                    tasks_type_0.append(tasks_type_0_item)

                return tasks_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[TaskCredits] | None | Unset, data)

        tasks = _parse_tasks(d.pop("tasks", UNSET))

        job_credits = cls(
            project_id=project_id,
            project_display_id=project_display_id,
            job_id=job_id,
            job_display_id=job_display_id,
            credits_used=credits_used,
            tasks=tasks,
        )

        job_credits.additional_properties = d
        return job_credits

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
