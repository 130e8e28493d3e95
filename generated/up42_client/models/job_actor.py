from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class JobActor(Model[Any]):
    """Who touched a job. Jobs from before 2023 lack it.

    Attributes:
        id: Id of the user or key (a UUID).
        type_: `USER`, `API_KEY`, `ADMIN` or `INTERNAL`. The set is open.
    """

    id: str | None = None
    type_: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "id": "id",
        "type": "type_",
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
            v if isinstance(v := get("type"), str) else keep(d, "type", kept, None),
            kept,
        )
