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
    from ..models.stac_extent import StacExtent


T = TypeVar("T", bound="StacCollection")


@_attrs_define
class StacCollection:
    """A STAC collection. Fields that begin with `up42-` and those of other STAC extensions stand beside the ones named
    here. Times stay text, so that nothing is lost on the way.

        Attributes:
            type_ (None | str | Unset): Always `Collection`.
            id (None | str | Unset): Id of the collection (a UUID).
            title (None | str | Unset):
            description (None | str | Unset):
            license_ (None | str | Unset):
            keywords (list[str] | None | Unset):
            stac_version (None | str | Unset):
            stac_extensions (list[str] | None | Unset):
            extent (None | StacExtent | Unset):
            summaries (FreeObject | None | Unset):
            assets (None | StacAssets | Unset):
            links (list[Link] | None | Unset):
    """

    type_: None | str | Unset = UNSET
    id: None | str | Unset = UNSET
    title: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    license_: None | str | Unset = UNSET
    keywords: list[str] | None | Unset = UNSET
    stac_version: None | str | Unset = UNSET
    stac_extensions: list[str] | None | Unset = UNSET
    extent: None | StacExtent | Unset = UNSET
    summaries: FreeObject | None | Unset = UNSET
    assets: None | StacAssets | Unset = UNSET
    links: list[Link] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.free_object import FreeObject
        from ..models.stac_assets import StacAssets
        from ..models.stac_extent import StacExtent

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

        title: None | str | Unset
        if isinstance(self.title, Unset):
            title = UNSET
        else:
            title = self.title

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        license_: None | str | Unset
        if isinstance(self.license_, Unset):
            license_ = UNSET
        else:
            license_ = self.license_

        keywords: list[str] | None | Unset
        if isinstance(self.keywords, Unset):
            keywords = UNSET
        elif isinstance(self.keywords, list):
            keywords = self.keywords

        else:
            keywords = self.keywords

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

        extent: dict[str, Any] | None | Unset
        if isinstance(self.extent, Unset):
            extent = UNSET
        elif isinstance(self.extent, StacExtent):
            extent = self.extent.to_dict()
        else:
            extent = self.extent

        summaries: dict[str, Any] | None | Unset
        if isinstance(self.summaries, Unset):
            summaries = UNSET
        elif isinstance(self.summaries, FreeObject):
            summaries = self.summaries.to_dict()
        else:
            summaries = self.summaries

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
        if title is not UNSET:
            field_dict["title"] = title
        if description is not UNSET:
            field_dict["description"] = description
        if license_ is not UNSET:
            field_dict["license"] = license_
        if keywords is not UNSET:
            field_dict["keywords"] = keywords
        if stac_version is not UNSET:
            field_dict["stac_version"] = stac_version
        if stac_extensions is not UNSET:
            field_dict["stac_extensions"] = stac_extensions
        if extent is not UNSET:
            field_dict["extent"] = extent
        if summaries is not UNSET:
            field_dict["summaries"] = summaries
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
        from ..models.stac_extent import StacExtent

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

        def _parse_title(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        title = _parse_title(d.pop("title", UNSET))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_license_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        license_ = _parse_license_(d.pop("license", UNSET))

        def _parse_keywords(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                keywords_type_0 = cast(list[str], data)

                return keywords_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        keywords = _parse_keywords(d.pop("keywords", UNSET))

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

        def _parse_extent(data: object) -> None | StacExtent | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                extent_type_0 = StacExtent.from_dict(data)

                return extent_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StacExtent | Unset, data)

        extent = _parse_extent(d.pop("extent", UNSET))

        def _parse_summaries(data: object) -> FreeObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                summaries_type_0 = FreeObject.from_dict(data)

                return summaries_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(FreeObject | None | Unset, data)

        summaries = _parse_summaries(d.pop("summaries", UNSET))

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

        stac_collection = cls(
            type_=type_,
            id=id,
            title=title,
            description=description,
            license_=license_,
            keywords=keywords,
            stac_version=stac_version,
            stac_extensions=stac_extensions,
            extent=extent,
            summaries=summaries,
            assets=assets,
            links=links,
        )

        stac_collection.additional_properties = d
        return stac_collection

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
