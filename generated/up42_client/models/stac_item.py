from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.link import Link
    from ..models.stac_assets import StacAssets
    from ..models.stac_item_properties import StacItemProperties


T = TypeVar("T", bound="StacItem")


@_attrs_define
class StacItem:
    """A STAC item, which is a GeoJSON feature.

    Attributes:
        type_ (None | str | Unset): Always `Feature`.
        id (None | str | Unset): Id of the item (a UUID).
        collection (None | str | Unset): Id of the collection that the item belongs to (a UUID).
        stac_version (None | str | Unset):
        stac_extensions (list[str] | None | Unset):
        geometry (FreeObject | None | Unset): GeoJSON geometry in degrees, EPSG:4326.
        bbox (list[float] | None | Unset): West, south, east and north, in degrees.
        properties (None | StacItemProperties | Unset):
        assets (None | StacAssets | Unset):
        links (list[Link] | None | Unset):
    """

    type_: None | str | Unset = UNSET
    id: None | str | Unset = UNSET
    collection: None | str | Unset = UNSET
    stac_version: None | str | Unset = UNSET
    stac_extensions: list[str] | None | Unset = UNSET
    geometry: FreeObject | None | Unset = UNSET
    bbox: list[float] | None | Unset = UNSET
    properties: None | StacItemProperties | Unset = UNSET
    assets: None | StacAssets | Unset = UNSET
    links: list[Link] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.free_object import FreeObject
        from ..models.stac_assets import StacAssets
        from ..models.stac_item_properties import StacItemProperties

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        else:
            type_ = self.type_

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        collection: None | str | Unset
        if isinstance(self.collection, Unset):
            collection = UNSET
        else:
            collection = self.collection

        stac_version: None | str | Unset
        if isinstance(self.stac_version, Unset):
            stac_version = UNSET
        else:
            stac_version = self.stac_version

        stac_extensions: list[str] | None | Unset
        if isinstance(self.stac_extensions, Unset):
            stac_extensions = UNSET
        elif isinstance(self.stac_extensions, list):
            stac_extensions = self.stac_extensions

        else:
            stac_extensions = self.stac_extensions

        geometry: dict[str, Any] | None | Unset
        if isinstance(self.geometry, Unset):
            geometry = UNSET
        elif isinstance(self.geometry, FreeObject):
            geometry = self.geometry.to_dict()
        else:
            geometry = self.geometry

        bbox: list[float] | None | Unset
        if isinstance(self.bbox, Unset):
            bbox = UNSET
        elif isinstance(self.bbox, list):
            bbox = self.bbox

        else:
            bbox = self.bbox

        properties: dict[str, Any] | None | Unset
        if isinstance(self.properties, Unset):
            properties = UNSET
        elif isinstance(self.properties, StacItemProperties):
            properties = self.properties.to_dict()
        else:
            properties = self.properties

        assets: dict[str, Any] | None | Unset
        if isinstance(self.assets, Unset):
            assets = UNSET
        elif isinstance(self.assets, StacAssets):
            assets = self.assets.to_dict()
        else:
            assets = self.assets

        links: list[dict[str, Any]] | None | Unset
        if isinstance(self.links, Unset):
            links = UNSET
        elif isinstance(self.links, list):
            links = []
            for links_type_0_item_data in self.links:
                links_type_0_item = links_type_0_item_data.to_dict()
                links.append(links_type_0_item)

        else:
            links = self.links

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if type_ is not UNSET:
            field_dict["type"] = type_
        if id is not UNSET:
            field_dict["id"] = id
        if collection is not UNSET:
            field_dict["collection"] = collection
        if stac_version is not UNSET:
            field_dict["stac_version"] = stac_version
        if stac_extensions is not UNSET:
            field_dict["stac_extensions"] = stac_extensions
        if geometry is not UNSET:
            field_dict["geometry"] = geometry
        if bbox is not UNSET:
            field_dict["bbox"] = bbox
        if properties is not UNSET:
            field_dict["properties"] = properties
        if assets is not UNSET:
            field_dict["assets"] = assets
        if links is not UNSET:
            field_dict["links"] = links

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.free_object import FreeObject
        from ..models.link import Link
        from ..models.stac_assets import StacAssets
        from ..models.stac_item_properties import StacItemProperties

        d = dict(src_dict)

        def _parse_type_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_collection(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        collection = _parse_collection(d.pop("collection", UNSET))

        def _parse_stac_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        stac_version = _parse_stac_version(d.pop("stac_version", UNSET))

        def _parse_stac_extensions(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                stac_extensions_type_0 = cast(list[str], data)

                return stac_extensions_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        stac_extensions = _parse_stac_extensions(d.pop("stac_extensions", UNSET))

        def _parse_geometry(data: object) -> FreeObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                geometry_type_0 = FreeObject.from_dict(data)

                return geometry_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FreeObject | None | Unset, data)

        geometry = _parse_geometry(d.pop("geometry", UNSET))

        def _parse_bbox(data: object) -> list[float] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                bbox_type_0 = cast(list[float], data)

                return bbox_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[float] | None | Unset, data)

        bbox = _parse_bbox(d.pop("bbox", UNSET))

        def _parse_properties(data: object) -> None | StacItemProperties | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                properties_type_0 = StacItemProperties.from_dict(data)

                return properties_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StacItemProperties | Unset, data)

        properties = _parse_properties(d.pop("properties", UNSET))

        def _parse_assets(data: object) -> None | StacAssets | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                assets_type_0 = StacAssets.from_dict(data)

                return assets_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StacAssets | Unset, data)

        assets = _parse_assets(d.pop("assets", UNSET))

        def _parse_links(data: object) -> list[Link] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                links_type_0 = []
                _links_type_0 = data
                for links_type_0_item_data in _links_type_0:
                    links_type_0_item = Link.from_dict(links_type_0_item_data)

                    links_type_0.append(links_type_0_item)

                return links_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Link] | None | Unset, data)

        links = _parse_links(d.pop("links", UNSET))

        stac_item = cls(
            type_=type_,
            id=id,
            collection=collection,
            stac_version=stac_version,
            stac_extensions=stac_extensions,
            geometry=geometry,
            bbox=bbox,
            properties=properties,
            assets=assets,
            links=links,
        )

        stac_item.additional_properties = d
        return stac_item

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
