from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import UNSET, Model, reject, unknown_fields


@define
class JobRename(Model[Any]):
    """The new name."""

    name: str
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "name": "name",
    }
    _absent: ClassVar[object] = UNSET

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object; raise ValueError if a required field is missing."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("name", UNSET), str) else reject("JobRename", "name"),
            kept,
        )
