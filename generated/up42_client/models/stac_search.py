from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import UNSET, Model, Unset, keep, keep_list, read_integer, unknown_fields

if TYPE_CHECKING:
    from ..models.free_object import FreeObject
    from ..models.stac_sort_field import StacSortField


@define
class StacSearch(Model[Any]):
    """What to look for. Filter names: `job_id`, `asset_id`, `order_id`, `workspace_id`,
    `collection_name`, `data_product_id`, `title`, `tags`, `datetime`, `eo:cloud_cover`,
    `constellation`, `gsd`, `geometry`, `id`, `collection`.

    Attributes:
        filter_: CQL2-JSON expression.
        intersects: GeoJSON geometry in degrees, EPSG:4326.
        limit: Items per page.
        token: Opaque page token, taken from the body of a `next` link.
    """

    filter_: FreeObject | Unset = UNSET
    intersects: FreeObject | Unset = UNSET
    limit: int | Unset = UNSET
    sortby: list[StacSortField] | Unset = UNSET
    token: str | Unset = UNSET
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "filter": "filter_",
        "intersects": "intersects",
        "limit": "limit",
        "sortby": "sortby",
        "token": "token",
    }
    _absent: ClassVar[object] = UNSET

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("filter", UNSET), dict) else keep(d, "filter", kept, UNSET),
            v
            if isinstance(v := get("intersects", UNSET), dict)
            else keep(d, "intersects", kept, UNSET),
            v if type(v := get("limit", UNSET)) is int else read_integer(d, "limit", kept, UNSET),
            keep_list(
                d,
                "sortby",
                kept,
                [_models.StacSortField.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("sortby", UNSET), list)
            else keep(d, "sortby", kept, UNSET),
            v if isinstance(v := get("token", UNSET), str) else keep(d, "token", kept, UNSET),
            kept,
        )
