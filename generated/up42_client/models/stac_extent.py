from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.free_object import FreeObject


T = TypeVar("T", bound="StacExtent")


@_attrs_define
class StacExtent:
    """Where and when the data of a collection lie.

    Attributes:
        spatial (FreeObject | None | Unset): Has `bbox`, a list of boxes in degrees (west, south, east, north).
        temporal (FreeObject | None | Unset): Has `interval`, a list of pairs of times, of which one may be null.
    """

    spatial: FreeObject | None | Unset = UNSET
    temporal: FreeObject | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.free_object import FreeObject

        spatial: dict[str, Any] | None | Unset
        if isinstance(self.spatial, Unset):
            spatial = UNSET
        elif isinstance(self.spatial, FreeObject):
            spatial = self.spatial.to_dict()
        else:
            spatial = self.spatial

        temporal: dict[str, Any] | None | Unset
        if isinstance(self.temporal, Unset):
            temporal = UNSET
        elif isinstance(self.temporal, FreeObject):
            temporal = self.temporal.to_dict()
        else:
            temporal = self.temporal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if spatial is not UNSET:
            field_dict["spatial"] = spatial
        if temporal is not UNSET:
            field_dict["temporal"] = temporal

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.free_object import FreeObject

        d = dict(src_dict)

        def _parse_spatial(data: object) -> FreeObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                spatial_type_0 = FreeObject.from_dict(data)

                return spatial_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FreeObject | None | Unset, data)

        spatial = _parse_spatial(d.pop("spatial", UNSET))

        def _parse_temporal(data: object) -> FreeObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                temporal_type_0 = FreeObject.from_dict(data)

                return temporal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FreeObject | None | Unset, data)

        temporal = _parse_temporal(d.pop("temporal", UNSET))

        stac_extent = cls(
            spatial=spatial,
            temporal=temporal,
        )

        stac_extent.additional_properties = d
        return stac_extent

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
