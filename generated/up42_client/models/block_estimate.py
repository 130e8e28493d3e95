from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.number_range import NumberRange
    from ..models.resource_range import ResourceRange


T = TypeVar("T", bound="BlockEstimate")


@_attrs_define
class BlockEstimate:
    """Data that a task is expected to use, and their price.

    Attributes:
        resources (None | ResourceRange | Unset):
        credit (None | NumberRange | Unset): In credits.
    """

    resources: None | ResourceRange | Unset = UNSET
    credit: None | NumberRange | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.number_range import NumberRange
        from ..models.resource_range import ResourceRange

        resources: dict[str, Any] | None | Unset
        if isinstance(self.resources, Unset):
            resources = UNSET
        elif isinstance(self.resources, ResourceRange):
            resources = self.resources.to_dict()
        else:
            resources = self.resources

        credit: dict[str, Any] | None | Unset
        if isinstance(self.credit, Unset):
            credit = UNSET
        elif isinstance(self.credit, NumberRange):
            credit = self.credit.to_dict()
        else:
            credit = self.credit

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if resources is not UNSET:
            field_dict["resources"] = resources
        if credit is not UNSET:
            field_dict["credit"] = credit

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.number_range import NumberRange
        from ..models.resource_range import ResourceRange

        d = dict(src_dict)

        def _parse_resources(data: object) -> None | ResourceRange | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                resources_type_0 = ResourceRange.from_dict(data)

                return resources_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ResourceRange | Unset, data)

        resources = _parse_resources(d.pop("resources", UNSET))

        def _parse_credit(data: object) -> None | NumberRange | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                credit_type_0 = NumberRange.from_dict(data)

                return credit_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | NumberRange | Unset, data)

        credit = _parse_credit(d.pop("credit", UNSET))

        block_estimate = cls(
            resources=resources,
            credit=credit,
        )

        block_estimate.additional_properties = d
        return block_estimate

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
