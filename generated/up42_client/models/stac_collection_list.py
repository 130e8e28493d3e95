from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.link import Link
    from ..models.stac_collection import StacCollection


@define
class StacCollectionList(Model[Any]):
    """One page of collections.

    Attributes:
        links: Without relation `next` this is the last page.
    """

    collections: list[StacCollection] | None = None
    links: list[Link] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "collections": "collections",
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
            keep_list(d, "collections", kept, [e for e in v if isinstance(e, dict)])
            if isinstance(v := get("collections"), list)
            else keep(d, "collections", kept, None),
            keep_list(
                d, "links", kept, [_models.Link.from_dict(e) for e in v if isinstance(e, dict)]
            )
            if isinstance(v := get("links"), list)
            else keep(d, "links", kept, None),
            kept,
        )
