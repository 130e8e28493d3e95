from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.job_config import JobConfig


T = TypeVar("T", bound="JobInputs")


@_attrs_define
class JobInputs:
    """Parameters by task name, as the workflow names its tasks.

    Attributes:
        config (JobConfig | Unset): How to run the job.
    """

    config: JobConfig | Unset = UNSET
    additional_properties: dict[str, FreeObject] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        config: dict[str, Any] | Unset = UNSET
        if not isinstance(self.config, Unset):
            config = self.config.to_dict()

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            field_dict[prop_name] = prop.to_dict()

        field_dict.update({})
        if config is not UNSET:
            field_dict["config"] = config

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.free_object import FreeObject
        from ..models.job_config import JobConfig

        d = dict(src_dict)
        _config = d.pop("config", UNSET)
        config: JobConfig | Unset
        if isinstance(_config, Unset):
            config = UNSET
        else:
            config = JobConfig.from_dict(_config)

        job_inputs = cls(
            config=config,
        )

        additional_properties = {}
        for prop_name, prop_dict in d.items():
            additional_property = FreeObject.from_dict(prop_dict)

            additional_properties[prop_name] = additional_property

        job_inputs.additional_properties = additional_properties
        return job_inputs

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> FreeObject:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: FreeObject) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
