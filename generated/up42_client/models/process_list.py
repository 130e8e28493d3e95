from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, unknown_fields

if TYPE_CHECKING:
    from ..models.link import Link
    from ..models.process_summary import ProcessSummary


@define
class ProcessList(Model[Any]):
    """The processes that are on offer."""

    processes: list[ProcessSummary] | None = None
    links: list[Link] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "processes": "processes",
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
            keep_list(
                d,
                "processes",
                kept,
                [_models.ProcessSummary.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("processes"), list)
            else keep(d, "processes", kept, None),
            keep_list(
                d, "links", kept, [_models.Link.from_dict(e) for e in v if isinstance(e, dict)]
            )
            if isinstance(v := get("links"), list)
            else keep(d, "links", kept, None),
            kept,
        )
