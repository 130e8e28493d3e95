from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.link import Link


@define
class StacCatalog(Model[Any]):
    """Root of the STAC catalogue.

    Attributes:
        type_: Always `Catalog`.
    """

    type_: str | None = None
    id: str | None = None
    description: str | None = None
    stac_version: str | None = None
    links: list[Link] | None = None
    title: str | None = None
    conforms_to: list[str] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "type": "type_",
        "id": "id",
        "description": "description",
        "stac_version": "stac_version",
        "links": "links",
        "title": "title",
        "conformsTo": "conforms_to",
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
            v if isinstance(v := get("id"), str) else keep(d, "id", kept, None),
            v if isinstance(v := get("description"), str) else keep(d, "description", kept, None),
            v if isinstance(v := get("stac_version"), str) else keep(d, "stac_version", kept, None),
            keep_list(
                d, "links", kept, [_models.Link.from_dict(e) for e in v if isinstance(e, dict)]
            )
            if isinstance(v := get("links"), list)
            else keep(d, "links", kept, None),
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            keep_list(d, "conformsTo", kept, [e for e in v if isinstance(e, str)])
            if isinstance(v := get("conformsTo"), list)
            else keep(d, "conformsTo", kept, None),
            kept,
        )
