from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.stac_sort_field import StacSortField


T = TypeVar("T", bound="StacSearch")


@_attrs_define
class StacSearch:
    """What to look for. Filter names: `job_id`, `asset_id`, `order_id`, `workspace_id`, `collection_name`,
    `data_product_id`, `title`, `tags`, `datetime`, `eo:cloud_cover`, `constellation`, `gsd`, `geometry`, `id`,
    `collection`.

        Attributes:
            filter_ (FreeObject | Unset): A JSON object of any content.
            intersects (FreeObject | Unset): A JSON object of any content.
            limit (int | Unset): Items per page.
            sortby (list[StacSortField] | Unset):
            token (str | Unset): Opaque page token, taken from the body of a `next` link.
    """

    filter_: FreeObject | Unset = UNSET
    intersects: FreeObject | Unset = UNSET
    limit: int | Unset = UNSET
    sortby: list[StacSortField] | Unset = UNSET
    token: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        filter_: dict[str, Any] | Unset = UNSET
        if not isinstance(self.filter_, Unset):
            filter_ = self.filter_.to_dict()

        intersects: dict[str, Any] | Unset = UNSET
        if not isinstance(self.intersects, Unset):
            intersects = self.intersects.to_dict()

        limit = self.limit

        sortby: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.sortby, Unset):
            sortby = []
            for sortby_item_data in self.sortby:
                sortby_item = sortby_item_data.to_dict()
                sortby.append(sortby_item)

        token = self.token

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if filter_ is not UNSET:
            field_dict["filter"] = filter_
        if intersects is not UNSET:
            field_dict["intersects"] = intersects
        if limit is not UNSET:
            field_dict["limit"] = limit
        if sortby is not UNSET:
            field_dict["sortby"] = sortby
        if token is not UNSET:
            field_dict["token"] = token

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.free_object import FreeObject
        from ..models.stac_sort_field import StacSortField

        d = dict(src_dict)
        _filter_ = d.pop("filter", UNSET)
        filter_: FreeObject | Unset
        if isinstance(_filter_, Unset):
            filter_ = UNSET
        else:
            filter_ = FreeObject.from_dict(_filter_)

        _intersects = d.pop("intersects", UNSET)
        intersects: FreeObject | Unset
        if isinstance(_intersects, Unset):
            intersects = UNSET
        else:
            intersects = FreeObject.from_dict(_intersects)

        limit = d.pop("limit", UNSET)

        _sortby = d.pop("sortby", UNSET)
        sortby: list[StacSortField] | Unset = UNSET
        if _sortby is not UNSET:
            sortby = []
            for sortby_item_data in _sortby:
                sortby_item = StacSortField.from_dict(sortby_item_data)

                sortby.append(sortby_item)

        token = d.pop("token", UNSET)

        stac_search = cls(
            filter_=filter_,
            intersects=intersects,
            limit=limit,
            sortby=sortby,
            token=token,
        )

        stac_search.additional_properties = d
        return stac_search

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
