from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.link import Link
    from ..models.stac_item import StacItem


@define
class StacItemCollection(Model[Any]):
    """One page of items, a GeoJSON FeatureCollection.

    Attributes:
        type_: Always `FeatureCollection`.
        links: Without relation `next` this is the last page.
    """

    type_: str | None = None
    features: list[StacItem] | None = None
    links: list[Link] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "type": "type_",
        "features": "features",
        "links": "links",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("type"), str) else keep(d, "type", kept, None),
            keep_list(d, "features", kept, [e for e in v if isinstance(e, dict)])
            if isinstance(v := get("features"), list)
            else keep(d, "features", kept, None),
            keep_list(
                d, "links", kept, [_models.Link.from_dict(e) for e in v if isinstance(e, dict)]
            )
            if isinstance(v := get("links"), list)
            else keep(d, "links", kept, None),
            kept,
        )
