from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, read_integer, unknown_fields


@define
class Problem(Model[Any]):
    """Error body of the current API.

    Attributes:
        title: Name of the HTTP status.
        status: The HTTP status once more.
        detail: What went wrong, for people.
        type_: Address that names the kind of problem.
    """

    title: str | None = None
    status: int | None = None
    detail: str | None = None
    type_: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "title": "title",
        "status": "status",
        "detail": "detail",
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
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            v if type(v := get("status")) is int else read_integer(d, "status", kept, None),
            v if isinstance(v := get("detail"), str) else keep(d, "detail", kept, None),
            v if isinstance(v := get("type"), str) else keep(d, "type", kept, None),
            kept,
        )
