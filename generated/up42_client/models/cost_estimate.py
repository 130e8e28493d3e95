from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CostEstimate")


@_attrs_define
class CostEstimate:
    """Price of a run.

    Attributes:
        pricing_strategy (None | str | Unset): How the price is found; `none` is free of charge. The set is open.
        total_credits (int | None | Unset): Price, in credits (100 credits are 1 euro).
        total_size (float | None | Unset): Size that is charged, in `unit`. Missing when the strategy is `none`.
        unit (None | str | Unset): Unit of the size; `SQ_KM` is square kilometres. The set is open.
    """

    pricing_strategy: None | str | Unset = UNSET
    total_credits: int | None | Unset = UNSET
    total_size: float | None | Unset = UNSET
    unit: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        pricing_strategy: None | str | Unset
        if isinstance(self.pricing_strategy, Unset):
            pricing_strategy = UNSET
        else:
            pricing_strategy = self.pricing_strategy

        total_credits: int | None | Unset
        if isinstance(self.total_credits, Unset):
            total_credits = UNSET
        else:
            total_credits = self.total_credits

        total_size: float | None | Unset
        if isinstance(self.total_size, Unset):
            total_size = UNSET
        else:
            total_size = self.total_size

        unit: None | str | Unset
        if isinstance(self.unit, Unset):
            unit = UNSET
        else:
            unit = self.unit

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if pricing_strategy is not UNSET:
            field_dict["pricingStrategy"] = pricing_strategy
        if total_credits is not UNSET:
            field_dict["totalCredits"] = total_credits
        if total_size is not UNSET:
            field_dict["totalSize"] = total_size
        if unit is not UNSET:
            field_dict["unit"] = unit

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_pricing_strategy(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pricing_strategy = _parse_pricing_strategy(d.pop("pricingStrategy", UNSET))

        def _parse_total_credits(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total_credits = _parse_total_credits(d.pop("totalCredits", UNSET))

        def _parse_total_size(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_size = _parse_total_size(d.pop("totalSize", UNSET))

        def _parse_unit(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        unit = _parse_unit(d.pop("unit", UNSET))

        cost_estimate = cls(
            pricing_strategy=pricing_strategy,
            total_credits=total_credits,
            total_size=total_size,
            unit=unit,
        )

        cost_estimate.additional_properties = d
        return cost_estimate

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
