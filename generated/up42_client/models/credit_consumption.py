from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreditConsumption")


@_attrs_define
class CreditConsumption:
    """Credits that a job holds or has taken.

    Attributes:
        credits_ (int | None | Unset): Price of the job, in credits.
        hold_id (None | str | Unset): Id of the hold (a UUID).
        consumption_id (None | str | Unset): Id of the deduction (a UUID).
    """

    credits_: int | None | Unset = UNSET
    hold_id: None | str | Unset = UNSET
    consumption_id: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        credits_: int | None | Unset
        if isinstance(self.credits_, Unset):
            credits_ = UNSET
        else:
            credits_ = self.credits_

        hold_id: None | str | Unset
        if isinstance(self.hold_id, Unset):
            hold_id = UNSET
        else:
            hold_id = self.hold_id

        consumption_id: None | str | Unset
        if isinstance(self.consumption_id, Unset):
            consumption_id = UNSET
        else:
            consumption_id = self.consumption_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if credits_ is not UNSET:
            field_dict["credits"] = credits_
        if hold_id is not UNSET:
            field_dict["holdID"] = hold_id
        if consumption_id is not UNSET:
            field_dict["consumptionID"] = consumption_id

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_credits_(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        credits_ = _parse_credits_(d.pop("credits", UNSET))

        def _parse_hold_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hold_id = _parse_hold_id(d.pop("holdID", UNSET))

        def _parse_consumption_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        consumption_id = _parse_consumption_id(d.pop("consumptionID", UNSET))

        credit_consumption = cls(
            credits_=credits_,
            hold_id=hold_id,
            consumption_id=consumption_id,
        )

        credit_consumption.additional_properties = d
        return credit_consumption

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
