from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, keep_list, unknown_fields


@define
class Block(Model[Any]):
    """The data source or algorithm of a task. Most of its fields are null here.

    Attributes:
        id: Id of the block (a UUID).
        type_: `DATA` or `PROCESSING`. The set is open.
    """

    id: str | None = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    type_: str | None = None
    version: str | None = None
    tags: list[str] | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "name": "name",
        "displayName": "display_name",
        "description": "description",
        "type": "type_",
        "version": "version",
        "tags": "tags",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("id"), str) else keep(d, "id", kept, None),
            v if isinstance(v := get("name"), str) else keep(d, "name", kept, None),
            v if isinstance(v := get("displayName"), str) else keep(d, "displayName", kept, None),
            v if isinstance(v := get("description"), str) else keep(d, "description", kept, None),
            v if isinstance(v := get("type"), str) else keep(d, "type", kept, None),
            v if isinstance(v := get("version"), str) else keep(d, "version", kept, None),
            keep_list(d, "tags", kept, [e for e in v if isinstance(e, str)])
            if isinstance(v := get("tags"), list)
            else keep(d, "tags", kept, None),
            kept,
        )
