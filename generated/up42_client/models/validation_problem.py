from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import define
from attrs import field as _field

from .. import models as _models
from ..types import Model, keep, keep_list, read_integer, unknown_fields

if TYPE_CHECKING:
    from ..models.processing_job_error import ProcessingJobError


@define
class ValidationProblem(Model[Any]):
    """Error body when inputs have the right form but do not fit the data."""

    errors: list[ProcessingJobError] | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    additional_properties: dict[str, Any] = _field(factory=dict)

    _fields: ClassVar[dict[str, str]] = {
        "errors": "errors",
        "title": "title",
        "status": "status",
        "detail": "detail",
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
                "errors",
                kept,
                [_models.ProcessingJobError.from_dict(e) for e in v if isinstance(e, dict)],
            )
            if isinstance(v := get("errors"), list)
            else keep(d, "errors", kept, None),
            v if isinstance(v := get("title"), str) else keep(d, "title", kept, None),
            v if type(v := get("status")) is int else read_integer(d, "status", kept, None),
            v if isinstance(v := get("detail"), str) else keep(d, "detail", kept, None),
            kept,
        )
