from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from ..types import Model, keep, unknown_fields


@define
class ProcessingJobError(Model[Any]):
    """One reason why inputs are not valid.

    Attributes:
        name: Name of the kind of error. The set is open.
        message: What is wrong, for people.
    """

    name: str | None = None
    message: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "name": "name",
        "message": "message",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        d = src_dict
        get = d.get
        v: Any
        kept = unknown_fields(src_dict, cls._fields)
        return cls(
            v if isinstance(v := get("name"), str) else keep(d, "name", kept, None),
            v if isinstance(v := get("message"), str) else keep(d, "message", kept, None),
            kept,
        )
